/* SPDX-License-Identifier: EUPL-1.2 */
#include "peer.h"

/* How fast a link takes what it is given, seen from when its bytes have left. A window of time
 * without a pause shows the rate; one in which there was nothing to send shows the least it can be.
 * The rate falls at once and rises by halves, since an alert waits for the frames before it. */

/* Bytes of a window at a rate at which frames are as long as they get: more says nothing more. */
#define WINDOW_BYTES (TOC_FRAME_BODY_BYTES_MAX / TOC_FRAME_MS * TOC_RATE_WINDOW_MS)

void toc_rate_offered(struct toc_rate *rate, struct toc_mono now)
{
    if (!rate->running) {
        rate->running = true;
        rate->begun = now;
    }
}

void toc_rate_paused(struct toc_rate *rate)
{
    rate->paused = rate->running;
}

void toc_rate_sent(struct toc_rate *rate, size_t bytes, struct toc_mono now)
{
    uint64_t ms = now.ms - rate->begun.ms;
    rate->bytes += bytes;
    if (ms < TOC_RATE_WINDOW_MS && rate->bytes < WINDOW_BYTES) {
        return;
    }
    uint64_t seen = rate->bytes * 1000 / (ms > 0 ? ms : 1);
    if (seen > rate->bytes_s) {
        rate->bytes_s = rate->bytes_s == 0 ? seen : rate->bytes_s + (seen - rate->bytes_s) / 2;
    } else if (!rate->paused) {
        rate->bytes_s = seen;
    }
    *rate = (struct toc_rate){.bytes_s = rate->bytes_s,
                              .loaded = rate->loaded || !rate->paused,
                              .running = true,
                              .begun = now};
}

uint32_t toc_rate_frame_bytes(const struct toc_rate *rate)
{
    uint64_t bytes = rate->bytes_s / 1000 * TOC_FRAME_MS; /* */
    if (bytes < TOC_FRAME_BYTES_MIN) {
        return TOC_FRAME_BYTES_MIN;
    }
    return bytes < TOC_FRAME_BODY_BYTES_MAX ? (uint32_t)bytes : TOC_FRAME_BODY_BYTES_MAX;
}
