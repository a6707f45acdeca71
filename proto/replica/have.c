/* SPDX-License-Identifier: EUPL-1.2 */
#include "replica.h"

#include <string.h>

/* What is told instead of sent, and what was told and has not come. */

/* A link that brings so much of what it was asked for in one wait is not given up. */
#define BRINGS_BYTES 2048u

static uint64_t bit_of(const struct toc_link *link)
{
    return UINT64_C(1) << link->place;
}

uint32_t toc_gossip_log_of(const struct toc_replica *replica, const struct toc_link *link,
                           const struct toc_tell *tell)
{
    uint32_t log = TOC_LEDGER_NONE;
    do {
        log = toc_ledger_find_prefix(replica->ledger, tell->prefix, log);
    } while (log != TOC_LEDGER_NONE &&
             !toc_set_has(link->shared, replica->ledger->logs[log].group));
    return log;
}

/* Telling. */

/* who dialled tells first, so that mostly one end of a link tells. */
static uint64_t tell_delay(const struct toc_link *link)
{
    uint64_t later = link->rtt_ms + TOC_TELL_LATER_MS;
    later = later < TOC_TELL_LATER_MS_MAX ? later : TOC_TELL_LATER_MS_MAX;
    return TOC_TELL_MS + (link->dialled ? 0 : later);
}

/* The links in a set are compared with instead. */
static void compare(struct toc_replica *replica, uint64_t set)
{
    for (uint32_t i = 0; i < replica->links->top; i++) {
        struct toc_link *link = &replica->links->items[i];
        link->vtop_due = link->vtop_due || (set & bit_of(link)) != 0;
    }
}

void toc_gossip_tell(struct toc_replica *replica, const struct toc_turn *turn, uint32_t log,
                     uint64_t set, enum toc_class class, bool now)
{
    struct toc_gossip *gossip = &replica->gossip;
    struct toc_gossip_log *at = &gossip->logs[log];
    if (set == 0) {
        return;
    }
    if ((at->tell | at->tell_bulk) == 0) {
        if (gossip->tell_count == TOC_TELL_LOGS_MAX) {
            compare(replica, set);
            return;
        }
        gossip->tells[gossip->tell_count++] = log;
    }
    *(class == TOC_CLASS_BULK ? &at->tell_bulk : &at->tell) |= set;
    for (uint32_t i = 0; i < replica->links->top; i++) {
        const struct toc_link *link = &replica->links->items[i];
        uint64_t due_ms = turn->now.ms + (now ? 0 : tell_delay(link));
        uint64_t *tell_ms = &gossip->tell_ms[i];
        if ((set & bit_of(link)) != 0) {
            *tell_ms = *tell_ms == 0 || due_ms < *tell_ms ? due_ms : *tell_ms;
            toc_replica_wake(replica, *tell_ms);
        }
    }
}

/* One HAVE; a link without room for it is compared with. */
static void say_have(struct toc_replica *replica, struct toc_link *link, enum toc_class class,
                     struct toc_span body)
{
    bool room = class == TOC_CLASS_BULK
                    ? toc_peer_has_room(&link->peer, &replica->links->buffers, class, body.len)
                    : toc_peer_waiting(&link->peer, TOC_CLASS_CONTROL) <= TOC_CONTROL_WAITING_MAX;
    if (!room || !toc_link_say(replica->links, link, TOC_MSG_HAVE, class, body)) {
        link->vtop_due = true;
    }
}

/* a peer that is known to hold it is told nothing. */
static void tell_link(struct toc_replica *replica, struct toc_link *link, enum toc_class class)
{
    uint8_t body[TOC_TELL_ROWS_MAX * TOC_TELL_ROW_BYTES_MAX];
    size_t len = 0, rows = 0;
    for (uint32_t i = 0; i < replica->gossip.tell_count; i++) {
        uint32_t log = replica->gossip.tells[i];
        const struct toc_gossip_log *gossip = &replica->gossip.logs[log];
        const struct toc_ledger_log *at = &replica->ledger->logs[log];
        uint64_t set = class == TOC_CLASS_BULK ? gossip->tell_bulk : gossip->tell;
        if ((set & bit_of(link)) == 0 || *toc_replica_has(replica, link, log) >= at->head.seq) {
            continue;
        }
        struct toc_tell tell = {.seq = at->head.seq};
        memcpy(tell.prefix, at->id, TOC_TELL_PREFIX_BYTES);
        len += toc_tell_encode(body + len, &tell);
        if (++rows == TOC_TELL_ROWS_MAX) {
            say_have(replica, link, class, toc_span(body, len));
            len = rows = 0;
        }
    }
    if (rows > 0) {
        say_have(replica, link, class, toc_span(body, len));
    }
}

/* The links in `set` have been told. */
static void forget_told(struct toc_gossip *gossip, uint64_t set)
{
    uint32_t left = 0;
    for (uint32_t i = 0; i < gossip->tell_count; i++) {
        struct toc_gossip_log *at = &gossip->logs[gossip->tells[i]];
        at->tell &= ~set;
        at->tell_bulk &= ~set;
        if ((at->tell | at->tell_bulk) != 0) {
            gossip->tells[left++] = gossip->tells[i];
        }
    }
    gossip->tell_count = left;
}

static void tell_due(struct toc_replica *replica, const struct toc_turn *turn)
{
    struct toc_gossip *gossip = &replica->gossip;
    uint64_t told = 0;
    for (uint32_t i = 0; i < replica->links->max && gossip->tell_count > 0; i++) {
        struct toc_link *link = &replica->links->items[i];
        if (gossip->tell_ms[i] > turn->now.ms) {
            toc_replica_wake(replica, gossip->tell_ms[i]);
        } else if (gossip->tell_ms[i] != 0) {
            if (toc_link_stands(link)) {
                tell_link(replica, link, TOC_CLASS_CONTROL);
                tell_link(replica, link, TOC_CLASS_BULK);
            }
            gossip->tell_ms[i] = 0;
            told |= bit_of(link);
        }
    }
    if (told != 0) {
        forget_told(gossip, told);
    }
}

/* Missing. */

/* How long an entry that this link has told of is waited for. A round trip is what the
 * other side makes of it: nobody has others wait for long. */
static uint64_t gap_ms(const struct toc_link *link)
{
    uint64_t ms = 2 * link->rtt_ms + TOC_GAP_RTT_MS;
    ms = ms < TOC_LATE_MS ? ms : TOC_LATE_MS;
    return ms > TOC_GAP_MS_MIN ? ms : TOC_GAP_MS_MIN;
}

/* The last gap moves into its place. */
static void drop_gap(struct toc_gossip *gossip, uint32_t place)
{
    struct toc_gap *gap = &gossip->gaps[place];
    gossip->logs[gap->log].gap = 0;
    gossip->gaps_of[gap->opener]--;
    *gap = gossip->gaps[--gossip->gap_count];
    if (place < gossip->gap_count) {
        gossip->logs[gap->log].gap = place + 1;
    }
}

void toc_gossip_close_gap(struct toc_gossip *gossip, uint32_t log, uint64_t seq)
{
    uint32_t gap = gossip->logs[log].gap;
    if (gap != 0 && gossip->gaps[gap - 1].seq <= seq) {
        drop_gap(gossip, gap - 1);
    }
}

/* a table that is full is no reason to forget anything: digests find it. */
static void open_gap(struct toc_replica *replica, const struct toc_turn *turn,
                     struct toc_link *link, const struct toc_gap *wanted)
{
    struct toc_gossip *gossip = &replica->gossip;
    if (gossip->gap_count == TOC_GAPS_MAX || gossip->gaps_of[link->place] == TOC_GAPS_LINK) {
        link->vtop_due = true;
        return;
    }
    struct toc_gap *gap = &gossip->gaps[gossip->gap_count++];
    *gap = *wanted;
    gap->waited = gap->seq;
    gap->since_ms = turn->now.ms;
    gap->opener = link->place;
    gossip->gaps_of[link->place]++;
    gossip->logs[gap->log].gap = gossip->gap_count;
}

void toc_gossip_hear(struct toc_replica *replica, const struct toc_turn *turn,
                     struct toc_link *link, uint32_t log, uint64_t seq, enum toc_class class)
{
    const struct toc_ledger_log *at = &replica->ledger->logs[log];
    if (seq > at->checked.seq && seq - at->checked.seq > TOC_WANT_AHEAD) {
        return; /* */
    }
    uint64_t *has = toc_replica_has(replica, link, log);
    *has = *has > seq ? *has : seq;
    if (replica->broken || at->disputed || seq <= toc_replica_taken_to(replica, at)) {
        return;
    }
    bool bulk = class == TOC_CLASS_BULK; /* nobody will send it without being asked */
    struct toc_gap wanted = {.log = log, .seq = seq, .wait_ms = gap_ms(link), .bulk = bulk};
    wanted.due_ms = turn->now.ms + (bulk ? 0 : wanted.wait_ms);
    uint32_t place = replica->gossip.logs[log].gap;
    if (place == 0) {
        open_gap(replica, turn, link, &wanted);
    } else {
        struct toc_gap *gap = &replica->gossip.gaps[place - 1];
        gap->seq = gap->seq > seq ? gap->seq : seq;
        gap->due_ms = gap->due_ms < wanted.due_ms ? gap->due_ms : wanted.due_ms;
        gap->wait_ms = gap->wait_ms < wanted.wait_ms ? gap->wait_ms : wanted.wait_ms;
        gap->bulk = gap->bulk && bulk;
    }
    toc_replica_wake(replica, wanted.due_ms);
}

struct toc_err toc_gossip_take_have(struct toc_replica *replica, const struct toc_turn *turn,
                                    struct toc_link *link, const struct toc_message *message)
{
    struct toc_span body = message->body;
    TOC_TRY(toc_tells_check(body, 1));
    toc_replica_charge(turn, link, body.len / TOC_TELL_PREFIX_BYTES);
    struct toc_tell tell;
    while (body.len > 0 && !toc_failed(toc_tell_next(&body, &tell))) {
        uint32_t log = toc_gossip_log_of(replica, link, &tell);
        if (log != TOC_LEDGER_NONE) {
            toc_gossip_hear(replica, turn, link, log, tell.seq, message->class);
        }
    }
    return toc_ok();
}

/* Of the links that have told of more than has come, and were not asked: the one that lets us down
 * least, the nearest, and last the one that should have sent it by itself; or NULL. */
static struct toc_link *next_holder(struct toc_replica *replica, const struct toc_gap *gap)
{
    const struct toc_ledger_log *at = &replica->ledger->logs[gap->log];
    uint64_t taken = toc_replica_taken_to(replica, at), best_rank = UINT64_MAX;
    uint32_t upstream = replica->gossip.logs[gap->log].upstream;
    struct toc_link *best = NULL;
    for (uint32_t i = 0; i < replica->links->top; i++) {
        struct toc_link *link = &replica->links->items[i];
        if (!toc_link_stands(link) || !toc_set_has(link->shared, at->group) ||
            (gap->tried & bit_of(link)) != 0 ||
            *toc_replica_has(replica, link, gap->log) <= taken) {
            continue;
        }
        uint64_t failed = upstream == link->place + 1;
        uint64_t unmet = link->unmet < UINT16_MAX ? link->unmet : UINT16_MAX;
        uint64_t rank = failed << 62 | unmet << 32 | (link->rtt_ms & UINT32_MAX);
        if (rank < best_rank) {
            best = link;
            best_rank = rank;
        }
    }
    return best;
}

/* What has come of a log by now, and on this link. */
static void note_came(const struct toc_replica *replica, struct toc_gap *gap,
                      const struct toc_link *link)
{
    gap->asked_seq = toc_replica_taken_to(replica, &replica->ledger->logs[gap->log]);
    gap->asked_bytes = toc_plan_coming(replica, link, gap->log);
    gap->brought = toc_plan_brought(replica, link);
}

/* Is the one that was asked bringing something of this log, or, for a while, what it was asked for
 * before? */
static bool comes(const struct toc_replica *replica, const struct toc_turn *turn,
                  struct toc_gap *gap, const struct toc_link *asked)
{
    struct toc_gap before = *gap;
    note_came(replica, gap, asked);
    bool of_log =
        gap->asked_seq > before.asked_seq || gap->asked_bytes >= before.asked_bytes + BRINGS_BYTES;
    bool of_others = gap->brought >= before.brought + BRINGS_BYTES && turn->now.ms < gap->queue_ms;
    return (of_log || of_others) && turn->now.ms - gap->since_ms < TOC_WANT_MS_MAX;
}

/* How long what a link was asked for before may come before anything else. */
static uint64_t queue_ms(const struct toc_replica *replica, const struct toc_link *link)
{
    uint64_t ms = 2 * toc_window_ms(&replica->plan.windows[link->place], 0);
    return ms > TOC_LATE_MS ? ms : TOC_LATE_MS;
}

/* asks the next one that has it. False: all were asked, digests take over. */
static bool ask_next(struct toc_replica *replica, struct toc_turn *turn, struct toc_gap *gap)
{
    struct toc_link *asked = toc_plan_asked(replica, gap->log);
    if (asked != NULL) {
        if (asked->id != gap->asked || comes(replica, turn, gap, asked)) {
            gap->due_ms = turn->now.ms + gap_ms(asked);
            return true;
        }
        asked->unmet++;
        toc_plan_pass(replica, gap->log);
    }
    struct toc_link *next = next_holder(replica, gap);
    if (next == NULL) {
        return false;
    }
    gap->tried |= bit_of(next);
    gap->asked = next->id;
    note_came(replica, gap, next);
    gap->queue_ms = turn->now.ms + queue_ms(replica, next);
    gap->due_ms = turn->now.ms + gap_ms(next);
    if (!gap->bulk) {
        toc_gossip_graft(replica, next, gap->log); /* */
    }
    toc_replica_want(replica, turn, next, gap->log, *toc_replica_has(replica, next, gap->log));
    return true;
}

/* False: there is nothing more to wait for. */
static bool tend_gap(struct toc_replica *replica, struct toc_turn *turn, struct toc_gap *gap)
{
    const struct toc_ledger_log *at = &replica->ledger->logs[gap->log];
    uint64_t taken = toc_replica_taken_to(replica, at);
    if (taken >= gap->seq || at->disputed || replica->broken) {
        return false;
    }
    if (taken >= gap->waited) { /* the log goes on: what was told since has its own time */
        gap->waited = gap->seq;
        gap->since_ms = turn->now.ms;
        gap->tried = 0;
        gap->due_ms = turn->now.ms + gap->wait_ms;
        return true;
    }
    if (ask_next(replica, turn, gap)) {
        return true;
    }
    compare(replica, gap->tried);
    return false;
}

void toc_gossip_hasten(struct toc_replica *replica, const struct toc_turn *turn, uint32_t log)
{
    uint32_t gap = replica->gossip.logs[log].gap;
    if (gap != 0) {
        replica->gossip.gaps[gap - 1].due_ms = turn->now.ms;
        toc_replica_wake(replica, turn->now.ms);
    }
}

void toc_gossip_due(struct toc_replica *replica, struct toc_turn *turn)
{
    struct toc_gossip *gossip = &replica->gossip;
    tell_due(replica, turn);
    for (uint32_t i = gossip->gap_count; i-- > 0;) {
        struct toc_gap *gap = &gossip->gaps[i];
        if (gap->due_ms <= turn->now.ms && !tend_gap(replica, turn, gap)) {
            drop_gap(gossip, i);
        } else {
            toc_replica_wake(replica, gap->due_ms);
        }
    }
}
