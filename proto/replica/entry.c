/* SPDX-License-Identifier: EUPL-1.2 */
#include "replica.h"

/* Received ranges: taken as they come, verified anywhere, applied and stored in the order of their
 * log. */

/* Bits of the last cards of a range: the others cost signatures and say nothing new. */
static uint64_t last_bits(uint64_t bits, unsigned count)
{
    uint64_t kept = 0;
    for (unsigned i = TOC_CHECKPOINT_ENTRIES; i-- > 0 && count > 0;) {
        uint64_t bit = bits & UINT64_C(1) << i;
        kept |= bit;
        count -= bit != 0;
    }
    return kept;
}

static uint64_t find_cards(struct toc_span range)
{
    struct toc_range_walk walk;
    struct toc_entry entry;
    uint64_t cards = 0;
    if (toc_failed(toc_range_open(&walk, range))) {
        return 0;
    }
    for (unsigned i = 0; !toc_failed(toc_range_next(&walk, &entry)); i++) {
        bool is_card = entry.header.kind == TOC_KIND_CARD && entry.payload.at != NULL;
        cards |= (uint64_t)is_card << i;
    }
    return last_bits(cards, TOC_RANGE_CARDS_MAX);
}

/* an entry that calls itself a card and is none is an entry like any other. */
static uint64_t verify_cards(struct toc_span range)
{
    struct toc_range_walk walk;
    struct toc_entry entry;
    struct toc_card card;
    uint64_t wanted = find_cards(range), good = 0;
    if (wanted == 0 || toc_failed(toc_range_open(&walk, range))) {
        return 0;
    }
    for (unsigned i = 0; !toc_failed(toc_range_next(&walk, &entry)); i++) {
        if ((wanted >> i & 1) != 0 && !toc_failed(toc_card_verify(&card, entry.payload))) {
            good |= UINT64_C(1) << i;
        }
    }
    return good;
}

void toc_waiting_run(struct toc_waiting *waiting)
{
    waiting->err =
        toc_range_verify(waiting->range, waiting->federation, waiting->log_key, &waiting->proof);
    waiting->cards =
        waiting->control && !toc_failed(waiting->err) ? verify_cards(waiting->range) : 0;
}

/* Keeps a range until it is checked. */
static void keep(struct toc_replica *replica, struct toc_turn *turn, struct toc_link *link,
                 const struct toc_message *message, const struct toc_range_info *info, uint32_t log)
{
    uint32_t place = toc_places_take(&replica->waiting_places);
    TOC_ASSERT(place != UINT32_MAX); /* toc_replica_ready has said so */
    struct toc_waiting *waiting = &replica->waiting[place];
    const struct toc_ledger_log *at = &replica->ledger->logs[log];
    waiting->check.kind = TOC_CHECK_RANGE;
    waiting->link = link->id;
    waiting->link_place = link->place;
    waiting->came = turn->now;
    waiting->log = log;
    waiting->buffer = message->buffer;
    waiting->info = *info;
    waiting->live = message->type == TOC_MSG_ENTRY;
    waiting->charged = message->class;
    waiting->proved = waiting->handed = waiting->held = false;
    waiting->range = message->body;
    waiting->federation = replica->federation;
    waiting->log_key = at->log_key;
    waiting->control = at->group == TOC_GROUP_CONTROL;
    toc_buffer_hold(message->buffer);
    toc_hold_put(replica, waiting);
    toc_turn_emit(turn, TOC_ACTION_CHECK)->check = &waiting->check;
}

/* may what came before what it follows be kept? Where not, nothing more is asked for out
 * of order for a while: it would only be dropped again. */
static bool may_hold(struct toc_replica *replica, const struct toc_turn *turn,
                     const struct toc_link *link, const struct toc_message *message,
                     const struct toc_range_info *info, const struct toc_ledger_log *at)
{
    if (info->last_seq > at->checked.seq + TOC_WANT_AHEAD) {
        return false; /* */
    }
    if (toc_hold_may(replica, link, message->buffer)) {
        return true;
    }
    replica->plan.jump_ms = turn->now.ms + TOC_HOLD_PAUSE_MS;
    return false;
}

struct toc_err toc_replica_take_range(struct toc_replica *replica, struct toc_turn *turn,
                                      struct toc_link *link, const struct toc_message *message)
{
    struct toc_range_info info;
    TOC_TRY(toc_range_peek(message->body, &info));
    uint32_t log = toc_ledger_find_log(replica->ledger, info.log);
    if (log == TOC_LEDGER_NONE) {
        return toc_ok(); /* of a node whose card has not come yet: asked for again after it */
    }
    const struct toc_ledger_log *at = &replica->ledger->logs[log];
    if (!toc_set_has(link->shared, at->group)) {
        return toc_fail(TOC_MEMBER, "entries of a group that is not shared here"); /* */
    }
    toc_plan_came(replica, turn, link, &info, log, message->body.len);
    uint64_t *has = toc_replica_has(replica, link, log);
    *has = *has > info.last_seq ? *has : info.last_seq;
    if (replica->broken || at->disputed) {
        return toc_ok();
    }
    uint64_t taken = toc_replica_taken_to(replica, at);
    if (info.last_seq <= taken || toc_hold_has(replica, log, info.first_seq, info.last_seq)) {
        toc_gossip_heard(replica, turn, link, message, log, false);
        toc_replica_bring(replica, turn, link, message, log);
        return toc_ok(); /* a duplicate costs nothing more */
    }
    if (info.first_seq <= taken + 1 || may_hold(replica, turn, link, message, &info, at)) {
        keep(replica, turn, link, message, &info, log);
        toc_gossip_heard(replica, turn, link, message, log, true);
    } else {
        toc_plan_hole(replica, log);
    }
    if (info.first_seq > taken + 1) {
        toc_replica_want(replica, turn, link, log, info.last_seq); /* */
    }
    return toc_ok();
}

/* nobody who passes it on is to blame. */
static void dispute(struct toc_replica *replica, struct toc_turn *turn, uint32_t log)
{
    struct toc_ledger_log *at = &replica->ledger->logs[log];
    at->disputed = true;
    struct toc_notice *notice = &toc_turn_emit(turn, TOC_ACTION_NOTICE)->notice;
    notice->kind = TOC_NOTICE_REFUSED;
    notice->err = toc_fail(TOC_FORK, "the author of a log has signed two histories");
    notice->node = at->node;
    memcpy(notice->org, at->org, TOC_ID_BYTES);
    memcpy(notice->id, at->id, TOC_ID_BYTES);
}

/* A range was of no use: whose fault is it?: nothing else is given up. */
static void fail(struct toc_replica *replica, struct toc_turn *turn, struct toc_waiting *waiting,
                 struct toc_err err)
{
    uint32_t log = waiting->log;
    struct toc_link *link = toc_links_find(replica->links, waiting->link);
    if (err.code == TOC_FORK) {
        toc_hold_drop_log(replica, log);
        toc_plan_end_log(replica, log);
        dispute(replica, turn, log);
        return;
    }
    toc_hold_drop(replica, waiting);
    if (toc_code_actor(err.code) == TOC_ACTOR_PEER) {
        toc_replica_compare_all(replica); /* the true entries may have been taken for duplicates */
        if (link != NULL) {
            toc_link_refuse(replica->links, turn, link, err); /* */
        }
    }
    toc_gossip_mend(replica, turn, log);
}

/* Is there room for one more store, with all that may follow in this step? */
static bool may_store(struct toc_replica *replica, const struct toc_turn *turn)
{
    bool may = toc_places_used(&replica->job_places) + TOC_JOBS_SPARE < TOC_JOBS_MAX &&
               toc_turn_room(turn, 4);
    replica->plan.drain_due = replica->plan.drain_due || !may;
    return may;
}

/* No store could be made: later, unless too many payloads of this author are missing. */
static void put_off(struct toc_replica *replica, uint32_t log)
{
    if (toc_replica_may_miss(replica, log, TOC_CHECKPOINT_ENTRIES)) {
        replica->plan.drain_due = true;
    } else {
        toc_hold_drop_log(replica, log);
    }
}

/* The blocks that a peer gave make up for those that it did not. */
static void thank(struct toc_replica *replica, const struct toc_waiting *waiting)
{
    struct toc_link *link = toc_links_find(replica->links, waiting->link);
    if (link != NULL && waiting->handed && !waiting->live) {
        link->unmet -= link->unmet > 0;
    }
}

static void drain(struct toc_replica *replica, struct toc_turn *turn, uint32_t log)
{
    const struct toc_ledger_log *at = &replica->ledger->logs[log];
    while (at->first_waiting != TOC_LEDGER_NONE) {
        struct toc_waiting *first = &replica->waiting[at->first_waiting];
        if (!first->proved || first->info.first_seq > at->checked.seq + 1 ||
            !may_store(replica, turn)) {
            return;
        }
        struct toc_err err = toc_replica_apply(replica, turn, first);
        if (err.code == TOC_FULL) {
            put_off(replica, log);
            return;
        }
        if (toc_failed(err)) {
            fail(replica, turn, first, err);
            return;
        }
        if (first->handed) { /* and no copy of what was held */
            toc_plan_learn(replica, log, first->range.len, first->info.count);
        }
        thank(replica, first);
        toc_hold_release(replica, toc_hold_pop(replica, log));
    }
}

void toc_replica_drain(struct toc_replica *replica, struct toc_turn *turn)
{
    if (!replica->plan.drain_due) {
        return;
    }
    replica->plan.drain_due = false;
    for (uint32_t i = 0; i < replica->waiting_places.top; i++) {
        const struct toc_waiting *waiting = &replica->waiting[i];
        if (waiting->buffer != NULL && waiting->log != TOC_LEDGER_NONE && waiting->proved) {
            drain(replica, turn, waiting->log);
        }
    }
    replica->more_work = replica->more_work || replica->plan.drain_due;
}

void toc_replica_range_checked(struct toc_replica *replica, struct toc_turn *turn,
                               struct toc_waiting *waiting)
{
    uint32_t log = waiting->log;
    if (log == TOC_LEDGER_NONE) {
        toc_hold_release(replica, waiting);
        return;
    }
    waiting->proved = true;
    if (toc_failed(waiting->err)) {
        fail(replica, turn, waiting, waiting->err);
    } else {
        drain(replica, turn, log);
    }
}
