/* SPDX-License-Identifier: EUPL-1.2 */
#include "replica.h"

#include <string.h>

/* What is asked for, and of whom. Each log is asked of one link at a time; the logs asked of a link
 * hang in a chain, the one that has waited longest first. */

#define NONE TOC_LEDGER_NONE
/* Wants of one link that are looked at in a second. */
#define HAND_OVER_MAX 16u

uint64_t toc_replica_taken_to(const struct toc_replica *replica, const struct toc_ledger_log *log)
{
    return log->last_waiting != NONE ? replica->waiting[log->last_waiting].info.last_seq
                                     : log->checked.seq;
}

bool toc_replica_is_own(const struct toc_replica *replica, const struct toc_ledger_log *log)
{
    return memcmp(log->log_key, replica->log_keys->public_key, TOC_KEY_BYTES) == 0;
}

bool toc_replica_own_is_behind(const struct toc_replica *replica, const struct toc_turn *turn,
                               uint32_t log)
{
    const struct toc_ledger_log *at = &replica->ledger->logs[log];
    bool lately = turn->now.ms - replica->own_heard.ms < TOC_OWN_WAIT_MS;
    return at->first_waiting != NONE || (at->wanted_link != NONE && lately);
}

bool toc_replica_recovered(struct toc_replica *replica, const struct toc_turn *turn)
{
    bool heard = false;
    for (uint32_t i = 0; i < replica->links->top; i++) {
        const struct toc_link *link = &replica->links->items[i];
        heard = heard || (toc_link_stands(link) && link->tags_seen &&
                          turn->now.ms - link->opened.ms >= TOC_RECOVER_MS);
    }
    for (uint32_t log = 0; heard && log < replica->ledger->log_count; log++) {
        heard = !toc_replica_is_own(replica, &replica->ledger->logs[log]) ||
                !toc_replica_own_is_behind(replica, turn, log);
    }
    return heard;
}

void toc_replica_compare_all(struct toc_replica *replica)
{
    for (uint32_t i = 0; i < replica->links->top; i++) {
        replica->links->items[i].vtop_due = true;
    }
}

static void chain(struct toc_replica *replica, struct toc_link *link, uint32_t log)
{
    struct toc_ledger_log *logs = replica->ledger->logs;
    logs[log].want_after = NONE;
    logs[log].want_before = link->wants_out == 0 ? NONE : link->want_last;
    if (link->wants_out == 0) {
        link->want_first = log;
    } else {
        logs[link->want_last].want_after = log;
    }
    link->want_last = log;
    link->wants_out++;
}

static void unchain(struct toc_replica *replica, struct toc_link *link, uint32_t log)
{
    struct toc_ledger_log *logs = replica->ledger->logs;
    uint32_t before = logs[log].want_before, after = logs[log].want_after;
    if (before == NONE) {
        link->want_first = after;
    } else {
        logs[before].want_after = after;
    }
    if (after == NONE) {
        link->want_last = before;
    } else {
        logs[after].want_before = before;
    }
    link->wants_out--;
}

void toc_replica_unwant_log(struct toc_replica *replica, uint32_t log)
{
    struct toc_ledger_log *at = &replica->ledger->logs[log];
    if (at->wanted_link == NONE) {
        return;
    }
    struct toc_link *link = &replica->links->items[at->wanted_link];
    unchain(replica, link, log);
    at->wanted_link = NONE;
    at->wanted_to = 0;
    if (link->wants_out == 0) {
        link->vtop_due = true; /* everything asked for is here: is there more? */
    }
}

void toc_replica_unwant(struct toc_replica *replica, struct toc_link *link)
{
    if (link->wants_out == 0) {
        return;
    }
    while (link->wants_out > 0) {
        toc_replica_unwant_log(replica, link->want_first);
    }
    toc_replica_compare_all(replica);
}

/* never further than this, at the end of a block, so that what follows joins on. */
static uint64_t capped(const struct toc_ledger_log *log, uint64_t to)
{
    uint64_t most = log->checked.seq + TOC_WANT_AHEAD;
    return to <= most ? to : most - most % TOC_CHECKPOINT_ENTRIES;
}

static bool say_want(struct toc_replica *replica, struct toc_link *link, uint32_t log,
                     uint64_t from, uint64_t to)
{
    struct toc_want want = {.kind = TOC_WANT_ENTRIES, .from = from, .to = to};
    memcpy(want.log, replica->ledger->logs[log].id, TOC_ID_BYTES);
    uint8_t body[TOC_WANT_BYTES];
    toc_want_encode(body, &want);
    return toc_link_say(replica->links, link, TOC_MSG_WANT, TOC_CLASS_CONTROL,
                        toc_span(body, sizeof body));
}

/* Is this a log of which more may be asked for? */
static bool may_want(const struct toc_replica *replica, uint32_t log)
{
    const struct toc_ledger_log *at = &replica->ledger->logs[log];
    return !replica->broken && !at->disputed &&
           toc_replica_may_miss(replica, log, TOC_CHECKPOINT_ENTRIES);
}

/* Another link whose peer has more of this log than we: the one that lets us down least, or NULL.
 */
static struct toc_link *other_holder(struct toc_replica *replica, const struct toc_link *link,
                                     uint32_t log)
{
    const struct toc_ledger_log *at = &replica->ledger->logs[log];
    uint64_t taken = toc_replica_taken_to(replica, at);
    struct toc_link *best = NULL;
    for (uint32_t i = 0; i < replica->links->top; i++) {
        struct toc_link *other = &replica->links->items[i];
        uint64_t has = *toc_replica_has(replica, other, log);
        if (other == link || !toc_link_stands(other) || !toc_set_has(other->shared, at->group) ||
            has <= taken || other->wants_out >= TOC_WANTS_LINK) {
            continue;
        }
        if (best == NULL || other->unmet < best->unmet) {
            best = other;
        }
    }
    return best;
}

/* Asks; the log is asked of nobody. */
static void ask(struct toc_replica *replica, struct toc_turn *turn, struct toc_link *link,
                uint32_t log, uint64_t to)
{
    struct toc_ledger_log *at = &replica->ledger->logs[log];
    uint64_t from = toc_replica_taken_to(replica, at) + 1;
    to = capped(at, to);
    if (to < from || link->wants_out >= TOC_WANTS_LINK || !may_want(replica, log) ||
        !say_want(replica, link, log, from, to)) {
        return;
    }
    if (link->wants_out == 0) {
        link->progress = turn->now;
        link->progress_bytes = toc_peer_charged_in(&link->peer);
    }
    at->wanted_link = link->place;
    at->wanted_to = to;
    at->wanted_at = turn->now;
    chain(replica, link, log);
}

void toc_replica_want(struct toc_replica *replica, struct toc_turn *turn, struct toc_link *link,
                      uint32_t log, uint64_t to)
{
    const struct toc_ledger_log *at = &replica->ledger->logs[log];
    if (at->wanted_link != NONE || to <= toc_replica_taken_to(replica, at)) {
        return;
    }
    struct toc_link *other = link->unmet < TOC_UNMET_MAX ? NULL : other_holder(replica, link, log);
    if (other != NULL && other->unmet < link->unmet) {
        ask(replica, turn, other, log, *toc_replica_has(replica, other, log));
    } else {
        ask(replica, turn, link, log, to);
    }
}

void toc_replica_want_on(struct toc_replica *replica, uint32_t log)
{
    struct toc_ledger_log *at = &replica->ledger->logs[log];
    if (at->wanted_link == NONE) {
        return;
    }
    struct toc_link *link = &replica->links->items[at->wanted_link];
    uint64_t to = capped(at, *toc_replica_has(replica, link, log));
    bool more = to > at->wanted_to && may_want(replica, log);
    bool soon = at->wanted_to <= at->head.seq + TOC_WANT_AHEAD / 2;
    if (more && soon && say_want(replica, link, log, at->wanted_to + 1, to)) {
        at->wanted_to = to;
    }
    if (at->head.seq >= at->wanted_to) {
        toc_replica_unwant_log(replica, log);
    }
}

/* To the end of its link's chain. */
static void move_back(struct toc_replica *replica, const struct toc_turn *turn,
                      struct toc_link *link, uint32_t log)
{
    replica->ledger->logs[log].wanted_at = turn->now;
    unchain(replica, link, log);
    chain(replica, link, log);
}

void toc_replica_want_progress(struct toc_replica *replica, const struct toc_turn *turn,
                               uint32_t log)
{
    struct toc_ledger_log *at = &replica->ledger->logs[log];
    if (at->wanted_link != NONE) {
        struct toc_link *link = &replica->links->items[at->wanted_link];
        link->unmet -= link->unmet > 0;
        move_back(replica, turn, link, log);
    }
}

/* A log that has waited too long is asked of somebody else, or looked at again later. */
static void hand_over(struct toc_replica *replica, struct toc_turn *turn, struct toc_link *link,
                      uint32_t log)
{
    struct toc_link *other = other_holder(replica, link, log);
    if (other == NULL) {
        move_back(replica, turn, link, log);
        return;
    }
    link->unmet++;
    toc_replica_unwant_log(replica, log);
    ask(replica, turn, other, log, *toc_replica_has(replica, other, log));
}

void toc_replica_want_tick(struct toc_replica *replica, struct toc_turn *turn,
                           struct toc_link *link)
{
    if (toc_peer_charged_in(&link->peer) != link->progress_bytes) {
        link->progress_bytes = toc_peer_charged_in(&link->peer);
        link->progress = turn->now;
    }
    if (link->wants_out == 0) {
        return;
    }
    if (turn->now.ms - link->progress.ms >= TOC_WANT_MS_MAX) {
        link->unmet++;
        toc_replica_unwant(replica, link); /* nothing comes at all */
        return;
    }
    for (size_t i = 0; i < HAND_OVER_MAX && link->wants_out > 0; i++) {
        const struct toc_ledger_log *first = &replica->ledger->logs[link->want_first];
        if (turn->now.ms - first->wanted_at.ms < TOC_WANT_MS_MAX) {
            return;
        }
        hand_over(replica, turn, link, link->want_first);
    }
}
