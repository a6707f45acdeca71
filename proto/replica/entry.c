/* SPDX-License-Identifier: EUPL-1.2 */
#include "replica.h"

#include <string.h>

/* Received ranges: taken in order of arrival, verified anywhere, applied and stored in the order
 * of their log. */

static uint32_t place_of(const struct toc_replica *replica, const struct toc_waiting *waiting)
{
    return (uint32_t)(waiting - replica->waiting);
}

/* What is not handed to a store has been dealt with here, and is given credit for. */
static void release(struct toc_replica *replica, struct toc_waiting *waiting)
{
    if (!waiting->handed) {
        toc_replica_unkeep(replica, waiting->link, (uint32_t)waiting->range.len, waiting->charged);
    }
    toc_buffer_drop(&replica->links->buffers, waiting->buffer);
    waiting->buffer = NULL;
    toc_places_give(&replica->waiting_places, place_of(replica, waiting));
}

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

static void queue(struct toc_replica *replica, struct toc_turn *turn, struct toc_waiting *waiting)
{
    struct toc_ledger_log *log = &replica->ledger->logs[waiting->log];
    uint32_t place = place_of(replica, waiting);
    waiting->next = TOC_LEDGER_NONE;
    if (log->last_waiting == TOC_LEDGER_NONE) {
        log->first_waiting = place;
    } else {
        replica->waiting[log->last_waiting].next = place;
    }
    log->last_waiting = place;
    toc_turn_emit(turn, TOC_ACTION_CHECK)->check = &waiting->check;
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
    waiting->log = log;
    waiting->buffer = message->buffer;
    waiting->info = *info;
    waiting->live = message->type == TOC_MSG_ENTRY;
    waiting->charged = message->class;
    waiting->proved = waiting->handed = false;
    waiting->range = message->body;
    waiting->federation = replica->federation;
    waiting->log_key = at->log_key;
    waiting->control = at->group == TOC_GROUP_CONTROL;
    toc_buffer_hold(message->buffer);
    queue(replica, turn, waiting);
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
    uint64_t *has = toc_replica_has(replica, link, log);
    *has = *has > info.last_seq ? *has : info.last_seq;
    uint64_t have = toc_replica_taken_to(replica, at);
    if (replica->broken || at->disputed) {
        return toc_ok();
    }
    if (info.last_seq <= have) {
        toc_gossip_heard(replica, turn, link, message, log, false);
        return toc_ok(); /* a duplicate costs nothing more */
    }
    if (info.first_seq > have + 1) {
        toc_replica_want(replica, turn, link, log, info.last_seq); /* */
        return toc_ok();
    }
    keep(replica, turn, link, message, &info, log);
    toc_gossip_heard(replica, turn, link, message, log, true);
    return toc_ok();
}

static struct toc_waiting *unlink_first(struct toc_replica *replica, struct toc_ledger_log *log)
{
    struct toc_waiting *first = &replica->waiting[log->first_waiting];
    log->first_waiting = first->next;
    if (log->first_waiting == TOC_LEDGER_NONE) {
        log->last_waiting = TOC_LEDGER_NONE;
    }
    return first;
}

/* A bad range spoils those behind it in its log: they are asked for again, of somebody else. Those
 * whose check is still out stay, as orphans, until it ends. */
static void spoil(struct toc_replica *replica, uint32_t log)
{
    struct toc_ledger_log *at = &replica->ledger->logs[log];
    while (at->first_waiting != TOC_LEDGER_NONE) {
        struct toc_waiting *waiting = unlink_first(replica, at);
        if (waiting->proved) {
            release(replica, waiting);
        } else {
            waiting->log = TOC_LEDGER_NONE;
        }
    }
    toc_replica_unwant_log(replica, log);
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

/* A range was of no use: whose fault is it? */
static void fail(struct toc_replica *replica, struct toc_turn *turn, uint32_t log, uint64_t link_id,
                 struct toc_err err)
{
    spoil(replica, log);
    struct toc_link *link = toc_links_find(replica->links, link_id);
    if (err.code == TOC_FORK) {
        dispute(replica, turn, log);
    } else if (toc_code_actor(err.code) == TOC_ACTOR_PEER) {
        toc_replica_compare_all(replica); /* the true entries may have been taken for duplicates */
        if (link != NULL) {
            toc_link_refuse(replica->links, turn, link, err); /* */
        }
    }
    toc_gossip_mend(replica, turn, log);
}

void toc_replica_range_checked(struct toc_replica *replica, struct toc_turn *turn,
                               struct toc_waiting *waiting)
{
    uint32_t log = waiting->log;
    if (log == TOC_LEDGER_NONE) {
        release(replica, waiting);
        return;
    }
    struct toc_ledger_log *at = &replica->ledger->logs[log];
    waiting->proved = true;
    if (toc_failed(waiting->err)) {
        fail(replica, turn, log, waiting->link, waiting->err);
        return;
    }
    while (at->first_waiting != TOC_LEDGER_NONE && replica->waiting[at->first_waiting].proved) {
        struct toc_waiting *first = unlink_first(replica, at);
        struct toc_err err = toc_replica_apply(replica, turn, first);
        uint64_t link = first->link;
        release(replica, first);
        if (toc_failed(err)) {
            fail(replica, turn, log, link, err);
            return;
        }
    }
}
