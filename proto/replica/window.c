/* SPDX-License-Identifier: EUPL-1.2 */
#include "plan.h"

/* How much may be on its way on a link. The rate is the best of the last seconds in which something
 * was on its way, so that pauses of ours do not count; the round trip the least ever seen. */

/* Before a rate is known a first window takes a second: slower lines show themselves. */
#define RATE_FIRST TOC_WINDOW_BYTES_FIRST

void toc_window_init(struct toc_window *window)
{
    *window = (struct toc_window){.rtt_ms = UINT64_MAX};
}

uint64_t toc_window_rate(const struct toc_window *window)
{
    return window->rate > window->rate_before ? window->rate : window->rate_before;
}

static uint64_t round_trip_ms(const struct toc_window *window)
{
    return window->rtt_ms == UINT64_MAX ? 0 : window->rtt_ms;
}

uint64_t toc_window_bytes(const struct toc_window *window)
{
    uint64_t rate = toc_window_rate(window);
    if (rate == 0) {
        return TOC_WINDOW_BYTES_FIRST;
    }
    /* 1.25 x rate x (least round trip + 100 ms) */
    uint64_t bytes = rate * (round_trip_ms(window) + TOC_WINDOW_EXTRA_MS) / 1000 * 5 / 4;
    bytes = bytes < TOC_WINDOW_BYTES_MAX ? bytes : TOC_WINDOW_BYTES_MAX;
    return bytes > TOC_WINDOW_BYTES_MIN ? bytes : TOC_WINDOW_BYTES_MIN;
}

uint64_t toc_window_ms(const struct toc_window *window, uint64_t bytes)
{
    uint64_t rate = toc_window_rate(window);
    rate = rate != 0 ? rate : RATE_FIRST;
    return round_trip_ms(window) + (window->out_bytes + bytes) * 1000 / rate;
}

static void note_round_trip(struct toc_window *window, uint64_t ms)
{
    if (ms <= TOC_WINDOW_RTT_MS_MAX && ms < window->rtt_ms) {
        window->rtt_ms = ms;
    }
}

void toc_window_asked(struct toc_window *window, const struct toc_link *link, struct toc_mono now)
{
    window->asked = true;
    if (window->out_items == 0) {
        window->answering = true;
        window->asked_at = now;
        window->message_used = toc_peer_charged_in(&link->peer);
    }
}

/* A rate that was measured from `sample_since` until now. */
static void take_sample(struct toc_window *window, uint64_t used, struct toc_mono now)
{
    uint64_t ms = now.ms - window->sample_since.ms;
    uint64_t rate = (used - window->sample_used) * 1000 / ms;
    if (now.ms - window->rate_since.ms >= TOC_RATE_KEEP_MS) {
        window->rate_before = window->rate;
        window->rate = 0;
        window->rate_since = now;
    }
    window->rate = rate > window->rate ? rate : window->rate;
}

void toc_window_came(struct toc_window *window, const struct toc_link *link, struct toc_mono now,
                     bool answer)
{
    uint64_t used = toc_peer_charged_in(&link->peer);
    window->message_used = used;
    if (link->rtt_ms != 0) {
        note_round_trip(window, link->rtt_ms);
    }
    if (answer && window->answering) {
        note_round_trip(window, now.ms - window->asked_at.ms);
        window->answering = false;
    }
    if (window->out_items == 0) {
        return;
    }
    if (!window->sampling) {
        window->sampling = true;
    } else if (now.ms - window->sample_since.ms < TOC_SAMPLE_MS) {
        return;
    } else {
        take_sample(window, used, now);
    }
    window->sample_since = now;
    window->sample_used = used;
}

void toc_window_idle(struct toc_window *window, const struct toc_link *link, struct toc_mono now)
{
    if (window->sampling && now.ms - window->sample_since.ms >= TOC_SAMPLE_MS_MIN) {
        take_sample(window, toc_peer_charged_in(&link->peer), now);
    }
    window->sampling = window->answering = false;
}
