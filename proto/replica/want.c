/* SPDX-License-Identifier: EUPL-1.2 */
#include "replica.h"

/* What others say that they have, and what follows for our own log. */

#define NONE TOC_LEDGER_NONE

uint64_t toc_replica_taken_to(const struct toc_replica *replica, const struct toc_ledger_log *log)
{
    (void)replica;
    return log->taken_to > log->checked.seq ? log->taken_to : log->checked.seq;
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
    bool joins = at->first_waiting != NONE &&
                 replica->waiting[at->first_waiting].info.first_seq <= at->checked.seq + 1;
    bool wanted = toc_plan_wants(replica, log) || toc_refusal_any(&replica->plan, log);
    return joins || (wanted && lately);
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

void toc_replica_want(struct toc_replica *replica, struct toc_turn *turn, struct toc_link *link,
                      uint32_t log, uint64_t to)
{
    (void)turn;
    struct toc_ledger_log *at = &replica->ledger->logs[log];
    uint64_t *has = toc_replica_has(replica, link, log);
    *has = *has > to ? *has : to;
    if (to > toc_replica_taken_to(replica, at)) {
        at->wanted_to = at->wanted_to > to ? at->wanted_to : to;
        at->hinted = (uint8_t)(link->place + 1);
        toc_plan_enqueue(replica, log);
    }
}

void toc_replica_unwant(struct toc_replica *replica, struct toc_link *link)
{
    if (replica->plan.windows[link->place].out_items > 0) {
        toc_replica_compare_all(replica);
    }
    toc_plan_end_link(replica, link);
    toc_hold_drop_link(replica, link);
}

void toc_replica_want_tick(struct toc_replica *replica, struct toc_turn *turn,
                           struct toc_link *link)
{
    (void)replica;
    if (toc_peer_charged_in(&link->peer) != link->progress_bytes) {
        link->progress_bytes = toc_peer_charged_in(&link->peer);
        link->progress = turn->now;
    }
}
