/* SPDX-License-Identifier: EUPL-1.2 */
#include "replica.h"

#include <string.h>

/* What the groups need of links: which of them are in use, and who lacks something. */

/* in use is a group of nine organisations or more with an entry of the last day. */
static bool stands(const struct toc_ledger_group *group, const struct toc_turn *turn)
{
    return group->has_epoch && group->member_count >= TOC_BEACON_SMALL_GROUP &&
           group->active_ms + TOC_GROUP_SILENT_MS > turn->now_utc.ms;
}

static bool wish_of_group(void *context, const struct toc_turn *turn, uint32_t group,
                          struct toc_wish *out)
{
    const struct toc_replica *replica = context;
    if (group >= replica->ledger->group_count) {
        return false;
    }
    const struct toc_ledger_group *at = &replica->ledger->groups[group];
    *out = (struct toc_wish){
        .members = at->members, .member_count = at->member_count, .standing = stands(at, turn)};
    return true;
}

/* Has any node of this organisation said that it holds all that we hold of a log? */
static bool has_log(const struct toc_replica *replica, const uint8_t *org, uint32_t log)
{
    const struct toc_card *card = toc_directory_card(replica->ledger->directory, org);
    for (size_t i = 0; card != NULL && i < card->node_count; i++) {
        const struct toc_receipt_row *row =
            toc_replica_receipt(replica, org, card->nodes[i].number, log);
        if (row != NULL && row->stored_seq >= replica->ledger->logs[log].head.seq) {
            return true;
        }
    }
    return false;
}

/* its author brings an entry at once, others when he has had time to. Beacons say nothing
 * of logs that were silent for TOC_BEACON_DAYS. */
static bool brings(const struct toc_replica *replica, const struct toc_turn *turn,
                   const struct toc_ledger_log *log)
{
    uint64_t days_ms = (uint64_t)TOC_BEACON_DAYS * 86400000u;
    return log->head.seq != 0 && log->active_ms + days_ms > turn->now_utc.ms &&
           (toc_replica_is_own(replica, log) ||
            log->stored_at.ms + TOC_BRING_MS <= turn->now_utc.ms);
}

static bool lacks(void *context, const struct toc_turn *turn, uint32_t group,
                  const uint8_t org[static TOC_ID_BYTES])
{
    const struct toc_replica *replica = context;
    const struct toc_ledger *ledger = replica->ledger;
    const struct toc_ledger_group *at = &ledger->groups[group];
    if (!at->has_epoch) {
        return false;
    }
    /* In a larger one links stand, and beacons are slow: only who was never heard of is brought the
     * invitation, by the members that write in it. */
    bool small = at->member_count < TOC_BEACON_SMALL_GROUP;
    if (!small && toc_replica_heard_in(replica, org, group)) {
        return false;
    }
    for (uint32_t i = at->first_log; i != TOC_LEDGER_NONE; i = ledger->logs[i].next_in_group) {
        const struct toc_ledger_log *log = &ledger->logs[i];
        if ((small || toc_replica_is_own(replica, log)) &&
            memcmp(log->org, org, TOC_ID_BYTES) != 0 && brings(replica, turn, log) &&
            !has_log(replica, org, i)) {
            return true;
        }
    }
    return false;
}

void toc_replica_wishes(struct toc_replica *replica)
{
    replica->links->wishes =
        (struct toc_links_wishes){.context = replica, .group = wish_of_group, .lacks = lacks};
}
