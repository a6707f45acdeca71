/* SPDX-License-Identifier: EUPL-1.2 */
#include "links_internal.h"

#include <string.h>

/* Connections of which nobody knows yet who is behind them.: they hold half of the places
 * at most, the oldest makes room for the newest, and one source has a few of them alone. */

/* /24 of IPv4 (mapped), /56 of IPv6: what one subscriber or site is given. */
static void prefix_of(uint8_t out[static TOC_SOURCE_BYTES], const uint8_t source[static 16])
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    bool is_v4 = memcmp(source, mapped, sizeof mapped) == 0;
    memset(out, 0, TOC_SOURCE_BYTES);
    out[0] = is_v4 ? 4 : 6;
    memcpy(out + 1, is_v4 ? source + 12 : source, is_v4 ? 3 : 7);
}

/* The row of a source. Rows are places of a hash table without chains: a source that falls on
 * another's place drives it out, unless links have come from there. */
static struct toc_source *row_of(struct toc_links *links, const uint8_t source[static 16])
{
    uint8_t prefix[TOC_SOURCE_BYTES];
    prefix_of(prefix, source);
    uint64_t hash = (toc_le64(prefix) ^ links->rank_seed) * UINT64_C(0x9e3779b97f4a7c15);
    uint32_t at = (uint32_t)(hash >> 32) % TOC_SOURCES_MAX;
    uint32_t other = (at + 1) % TOC_SOURCES_MAX;
    struct toc_source *rows = links->sources;
    if (memcmp(rows[at].prefix, prefix, sizeof prefix) == 0) {
        return &rows[at];
    }
    if (memcmp(rows[other].prefix, prefix, sizeof prefix) == 0) {
        return &rows[other];
    }
    struct toc_source *row = &rows[rows[at].known_ms <= rows[other].known_ms ? at : other];
    *row = (struct toc_source){0};
    memcpy(row->prefix, prefix, sizeof prefix);
    return row;
}

static bool is_known(const struct toc_source *row)
{
    return row->known_ms != 0;
}

static bool is_stranger(const struct toc_link *link)
{
    return link->state == TOC_LINK_OPEN && !link->dialled && !link->established;
}

/* What strangers hold. */
struct strangers {
    uint32_t all, of_source;
    struct toc_link *oldest; /* that has not passed the gate */
};

static struct strangers count(struct toc_links *links, const uint8_t source[static 16])
{
    struct strangers held = {0};
    uint8_t wanted[TOC_SOURCE_BYTES], prefix[TOC_SOURCE_BYTES];
    prefix_of(wanted, source);
    for (uint32_t i = 0; i < links->top; i++) {
        struct toc_link *link = &links->items[i];
        if (!is_stranger(link)) {
            continue;
        }
        prefix_of(prefix, link->source);
        held.all++;
        held.of_source += memcmp(prefix, wanted, sizeof prefix) == 0;
        bool waits = link->peer.state == TOC_PEER_OPENING && !link->peer.check_out;
        if (waits && (held.oldest == NULL || link->opened.ms < held.oldest->opened.ms)) {
            held.oldest = link;
        }
    }
    return held;
}

struct toc_link *toc_stranger_take(struct toc_links *links, struct toc_turn *turn,
                                   const struct toc_event *event)
{
    struct strangers held = count(links, event->source);
    if (held.of_source >= TOC_STRANGERS_SOURCE && !is_known(row_of(links, event->source))) {
        return NULL;
    }
    struct toc_link *link = NULL;
    if (held.all < links->max / TOC_STRANGERS_PART) {
        link = toc_links_take(links, TOC_LINK_OPEN, event->link);
    }
    if (link == NULL && held.oldest != NULL) {
        toc_link_close(links, turn, held.oldest,
                       toc_fail(TOC_UNREACHABLE, "gave way to a newer connection"));
        link = toc_links_take(links, TOC_LINK_OPEN, event->link);
    }
    return link;
}

bool toc_stranger_may_open(struct toc_links *links, const struct toc_turn *turn,
                           const struct toc_link *link)
{
    struct toc_source *row = row_of(links, link->source);
    uint64_t paid = row->open_ms > turn->now.ms ? row->open_ms : turn->now.ms;
    uint64_t burst = is_known(row) ? TOC_OPENING_BURST_KNOWN : TOC_OPENING_BURST;
    if (paid - turn->now.ms >= burst * TOC_OPENING_MS) {
        return false;
    }
    row->open_ms = paid + TOC_OPENING_MS;
    return true;
}

void toc_stranger_known(struct toc_links *links, const struct toc_turn *turn,
                        const struct toc_link *link)
{
    if (!link->dialled) {
        row_of(links, link->source)->known_ms = turn->now.ms + 1;
    }
}
