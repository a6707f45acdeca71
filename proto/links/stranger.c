/* SPDX-License-Identifier: EUPL-1.2 */
#include "links_internal.h"

#include <string.h>

/* Connections of which nobody knows yet who is behind them.: each has a row for
 * its opening and no place of a link, the oldest makes room for the newest, and one source has a
 * few of them alone. Those from addresses of members have rows, and places behind the gate, of
 * their own. */

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
 * another's place drives it out, unless links have come from there: then those that find no place
 * share one, but for one that a link has come from. */
static struct toc_source *row_of(struct toc_links *links, const uint8_t source[static 16],
                                 bool linked)
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
    if (row->known_ms != 0 && !linked) {
        return &links->crowd;
    }
    *row = (struct toc_source){0};
    memcpy(row->prefix, prefix, sizeof prefix);
    return row;
}

static bool is_known(const struct toc_source *row)
{
    return row->known_ms != 0;
}

/* from an address that a certificate names, or from where a link has come. */
static bool is_certified(struct toc_links *links, const uint8_t source[static 16])
{
    return toc_links_certified(links, source) || is_known(row_of(links, source, false));
}

static bool same_source(const uint8_t *a, const uint8_t *b)
{
    uint8_t prefix[2][TOC_SOURCE_BYTES];
    prefix_of(prefix[0], a);
    prefix_of(prefix[1], b);
    return memcmp(prefix[0], prefix[1], TOC_SOURCE_BYTES) == 0;
}

static struct toc_stranger *find(const struct toc_links *links, uint64_t id, uint32_t *row)
{
    for (uint32_t i = 0; id != 0 && i < links->stranger_top; i++) {
        if (links->stranger_ids[i] == id) {
            *row = i;
            return &links->strangers[i];
        }
    }
    return NULL;
}

static void forget(struct toc_links *links, uint32_t row)
{
    links->waiting -= links->strangers[row].passed;
    toc_wipe(&links->strangers[row], sizeof links->strangers[row]);
    links->stranger_ids[row] = 0;
    while (links->stranger_top > 0 && links->stranger_ids[links->stranger_top - 1] == 0) {
        links->stranger_top--;
    }
}

/* */
bool toc_stranger_worth_a_notice(struct toc_links *links, const struct toc_turn *turn,
                                 struct toc_err err)
{
    if (toc_code_actor(err.code) != TOC_ACTOR_PEER || turn->now.ms < links->notice_next_ms) {
        return false;
    }
    links->notice_next_ms = turn->now.ms + TOC_NOTICE_MS;
    return true;
}

static void close_row(struct toc_links *links, struct toc_turn *turn, uint32_t row,
                      struct toc_err err)
{
    if (toc_failed(err) && toc_stranger_worth_a_notice(links, turn, err)) {
        struct toc_notice *notice = &toc_turn_emit(turn, TOC_ACTION_NOTICE)->notice;
        notice->kind = TOC_NOTICE_REFUSED;
        notice->err = err;
        memcpy(notice->source, links->strangers[row].source, sizeof notice->source);
    }
    struct toc_action *close = toc_turn_emit(turn, TOC_ACTION_CLOSE);
    close->link = links->stranger_ids[row];
    close->err = err;
    forget(links, row);
}

/* What strangers of one kind hold. */
struct strangers {
    uint32_t all, of_source;
    uint32_t oldest, oldest_of_source; /* rows that have not passed the gate; or NONE */
};
#define NONE UINT32_MAX

static void note_older(const struct toc_links *links, uint32_t *oldest, uint32_t row)
{
    if (!links->strangers[row].passed &&
        (*oldest == NONE ||
         links->strangers[row].opened_ms < links->strangers[*oldest].opened_ms)) {
        *oldest = row;
    }
}

static struct strangers count(const struct toc_links *links, const uint8_t source[static 16],
                              bool certified)
{
    struct strangers held = {.oldest = NONE, .oldest_of_source = NONE};
    for (uint32_t i = 0; i < links->stranger_top; i++) {
        if (links->stranger_ids[i] == 0 || links->strangers[i].certified != certified) {
            continue;
        }
        held.all++;
        note_older(links, &held.oldest, i);
        if (same_source(links->strangers[i].source, source)) {
            held.of_source++;
            note_older(links, &held.oldest_of_source, i);
        }
    }
    return held;
}

/* A free row; there is one, or `held` says which to free. NONE when there is neither. */
static uint32_t make_row(struct toc_links *links, struct toc_turn *turn, struct strangers held,
                         bool certified)
{
    uint32_t of_source = certified ? TOC_STRANGERS_SOURCE_KNOWN : TOC_STRANGERS_SOURCE;
    uint32_t all =
        certified ? TOC_STRANGERS_CERTIFIED : TOC_STRANGERS_MAX - TOC_STRANGERS_CERTIFIED;
    bool full = held.all >= all, crowded = held.of_source >= of_source;
    uint32_t row = crowded ? held.oldest_of_source : held.oldest;
    if (full || crowded) {
        if (row != NONE) {
            close_row(links, turn, row,
                      toc_fail(TOC_UNREACHABLE, "gave way to a newer connection"));
        }
        return row;
    }
    for (row = 0; links->stranger_ids[row] != 0;) {
        row++;
    }
    return row;
}

bool toc_stranger_up(struct toc_links *links, struct toc_turn *turn, const struct toc_event *event)
{
    bool certified = is_certified(links, event->source);
    uint32_t row =
        make_row(links, turn, count(links, event->source, certified), certified); /* */
    if (row == NONE) {
        return false;
    }
    struct toc_stranger *stranger = &links->strangers[row];
    *stranger = (struct toc_stranger){.opened_ms = turn->now.ms, .certified = certified};
    memcpy(stranger->source, event->source, sizeof stranger->source);
    memcpy(stranger->entropy, event->entropy, sizeof stranger->entropy);
    links->stranger_ids[row] = event->link;
    links->stranger_top = links->stranger_top > row ? links->stranger_top : row + 1;
    return true;
}

void toc_stranger_down(struct toc_links *links, uint64_t id)
{
    uint32_t row;
    if (find(links, id, &row) != NULL) {
        forget(links, row);
    }
}

void toc_strangers_close(struct toc_links *links, struct toc_turn *turn)
{
    for (uint32_t i = 0; i < links->stranger_top; i++) {
        if (links->stranger_ids[i] != 0) {
            close_row(links, turn, i, toc_ok());
        }
    }
}

void toc_strangers_tick(struct toc_links *links, struct toc_turn *turn)
{
    for (uint32_t i = 0; i < links->stranger_top && toc_turn_room(turn, 2); i++) {
        if (links->stranger_ids[i] != 0 &&
            turn->now.ms - links->strangers[i].opened_ms >= TOC_HANDSHAKE_MS_MAX) {
            close_row(links, turn, i,
                      toc_fail(TOC_UNREACHABLE, "no handshake within 5 s")); /* */
        }
    }
}

struct toc_room toc_links_receive_room(struct toc_links *links, uint64_t id)
{
    uint32_t row;
    struct toc_link *link = toc_links_find(links, id);
    if (link != NULL) {
        struct toc_room room = toc_peer_receive_room(&link->peer);
        link->paused = room.len == 0;
        return room;
    }
    struct toc_stranger *stranger = find(links, id, &row);
    if (stranger == NULL) {
        return (struct toc_room){NULL, 0};
    }
    stranger->paused = stranger->len == TOC_OPENING_BYTES;
    return (struct toc_room){stranger->bytes + stranger->len, TOC_OPENING_BYTES - stranger->len};
}

/* May this source have a further opening answered? Counts it. */
static bool may_open(struct toc_links *links, const struct toc_turn *turn,
                     const struct toc_stranger *stranger)
{
    struct toc_source *row = row_of(links, stranger->source, false);
    uint64_t paid = row->open_ms > turn->now.ms ? row->open_ms : turn->now.ms;
    uint64_t burst = stranger->certified ? TOC_OPENING_BURST_KNOWN : TOC_OPENING_BURST;
    if (paid - turn->now.ms >= burst * TOC_OPENING_MS) {
        return false;
    }
    row->open_ms = paid + TOC_OPENING_MS;
    return true;
}

/* All that can be said of an opening without a Diffie-Hellman. */
static struct toc_err judge(struct toc_links *links, const struct toc_turn *turn,
                            const struct toc_stranger *stranger)
{
    size_t secret;
    TOC_TRY(toc_opening_check(&links->self, stranger->bytes, stranger->len, &secret));
    if (stranger->len < TOC_OPENING_BYTES) {
        return toc_ok();
    }
    if (toc_openings_seen(&links->openings, stranger->bytes)) {
        return toc_fail(TOC_HANDSHAKE, "a first message that has come before"); /* */
    }
    return may_open(links, turn, stranger)
               ? toc_ok()
               : toc_fail(TOC_LIMIT, "too many openings from one source"); /* */
}

void toc_stranger_received(struct toc_links *links, struct toc_turn *turn, uint64_t id,
                           size_t count)
{
    uint32_t row;
    struct toc_stranger *stranger = find(links, id, &row);
    if (stranger == NULL) {
        return;
    }
    TOC_ASSERT(count <= TOC_OPENING_BYTES - (size_t)stranger->len);
    stranger->len = (uint8_t)(stranger->len + count);
    struct toc_err err = judge(links, turn, stranger);
    if (toc_failed(err)) {
        close_row(links, turn, row, err);
    } else if (stranger->len == TOC_OPENING_BYTES) {
        toc_openings_note(&links->openings, stranger->bytes);
        stranger->passed = true;
        links->waiting++;
        toc_strangers_promote(links, turn);
    }
}

/* connections behind the gate that are not links yet, by kind. */
static bool has_place(const struct toc_links *links, bool certified)
{
    uint32_t share = links->max / 8 * TOC_HALF_OPEN_EIGHTHS, held = 0;
    for (uint32_t i = 0; i < links->top; i++) {
        const struct toc_link *link = &links->items[i];
        held += link->state != TOC_LINK_FREE && !link->dialled && !link->established &&
                link->certified == certified;
    }
    return held < (share > 0 ? share : 1);
}

/* The oldest of its kind behind the gate, or NONE. */
static uint32_t next_waiting(const struct toc_links *links, bool certified)
{
    uint32_t found = NONE;
    for (uint32_t i = 0; i < links->stranger_top; i++) {
        const struct toc_stranger *stranger = &links->strangers[i];
        if (links->stranger_ids[i] != 0 && stranger->passed && stranger->certified == certified &&
            (found == NONE || stranger->opened_ms < links->strangers[found].opened_ms)) {
            found = i;
        }
    }
    return found;
}

static bool promote_one(struct toc_links *links, struct toc_turn *turn, bool certified)
{
    uint32_t row = next_waiting(links, certified);
    if (row == NONE || !has_place(links, certified) || !toc_turn_room(turn, 4)) {
        return false;
    }
    struct toc_link *link = toc_links_take(links, TOC_LINK_OPEN, links->stranger_ids[row]);
    if (link == NULL) {
        return false;
    }
    const struct toc_stranger *stranger = &links->strangers[row];
    link->opened.ms = stranger->opened_ms;
    link->heard = link->begun = turn->now;
    link->certified = certified;
    link->paused = stranger->paused;
    memcpy(link->source, stranger->source, sizeof link->source);
    toc_peer_start(&link->peer, NULL, stranger->entropy);
    struct toc_room room = toc_peer_receive_room(&link->peer);
    TOC_ASSERT(room.len >= TOC_OPENING_BYTES);
    memcpy(room.at, stranger->bytes, TOC_OPENING_BYTES);
    toc_peer_received(&link->peer, TOC_OPENING_BYTES);
    forget(links, row);
    toc_link_continue(links, turn, link);
    return true;
}

void toc_strangers_promote(struct toc_links *links, struct toc_turn *turn)
{
    for (int certified = 1; certified >= 0 && links->waiting > 0; certified--) {
        while (promote_one(links, turn, certified == 1)) {
        }
    }
}

void toc_stranger_known(struct toc_links *links, const struct toc_turn *turn,
                        const struct toc_link *link)
{
    if (!link->dialled) {
        row_of(links, link->source, true)->known_ms = turn->now.ms + 1;
    }
}
