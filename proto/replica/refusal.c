/* SPDX-License-Identifier: EUPL-1.2 */
#include "replica.h"

/* Who was asked for an entry and has said that it cannot give it. */

static bool is_of(const struct toc_refusal *refusal, uint32_t place, uint32_t log, uint64_t seq)
{
    return refusal->until_ms != 0 && refusal->link == place && refusal->log == log &&
           refusal->seq == seq;
}

bool toc_refusal_has(const struct toc_plan *plan, uint32_t place, uint32_t log, uint64_t seq)
{
    for (uint32_t i = 0; i < TOC_REFUSALS_MAX; i++) {
        if (is_of(&plan->refusals[i], place, log, seq)) {
            return true;
        }
    }
    return false;
}

bool toc_refusal_any(const struct toc_plan *plan, uint32_t log)
{
    for (uint32_t i = 0; i < TOC_REFUSALS_MAX; i++) {
        if (plan->refusals[i].until_ms != 0 && plan->refusals[i].log == log) {
            return true;
        }
    }
    return false;
}

void toc_refusal_forget(struct toc_plan *plan, uint32_t place)
{
    for (uint32_t i = 0; i < TOC_REFUSALS_MAX; i++) {
        if (plan->refusals[i].link == place) {
            plan->refusals[i].until_ms = 0;
        }
    }
}

void toc_refusal_tick(struct toc_replica *replica, struct toc_mono now)
{
    for (uint32_t i = 0; i < TOC_REFUSALS_MAX; i++) {
        struct toc_refusal *refusal = &replica->plan.refusals[i];
        if (refusal->until_ms != 0 && refusal->until_ms <= now.ms) {
            refusal->until_ms = 0;
            toc_plan_hole(replica, refusal->log);
        }
    }
}

/* The oldest one goes: it costs a question more. */
static void note(struct toc_plan *plan, const struct toc_refusal *refusal)
{
    if (!toc_refusal_has(plan, refusal->link, refusal->log, refusal->seq)) {
        plan->refusals[plan->refusal_next] = *refusal;
        plan->refusal_next = (plan->refusal_next + 1) % TOC_REFUSALS_MAX;
    }
}

/* Was this link asked for that entry, and does it still owe it? */
static bool owes(const struct toc_replica *replica, uint32_t place, uint32_t log, uint64_t seq)
{
    for (uint32_t i = replica->ledger->logs[log].first_item; i != TOC_LEDGER_NONE;
         i = replica->plan.items[i].after) {
        const struct toc_item *item = &replica->plan.items[i];
        if (item->link == place && item->next <= seq && seq <= item->to) {
            return true;
        }
    }
    return false;
}

void toc_refusal_take(struct toc_replica *replica, const struct toc_turn *turn,
                      struct toc_link *link, uint32_t log, uint64_t seq)
{
    if (!owes(replica, link->place, log, seq)) {
        return; /* unasked, it says nothing */
    }
    for (uint32_t i = replica->ledger->logs[log].first_item, after; i != TOC_LEDGER_NONE;
         i = after) {
        struct toc_item *item = &replica->plan.items[i];
        after = item->after;
        if (item->link == link->place && item->to >= seq) {
            toc_plan_cut(replica, item, seq - 1);
        }
    }
    link->unmet++;
    struct toc_refusal refusal = {
        .link = link->place, .log = log, .seq = seq, .until_ms = turn->now.ms + TOC_REFUSAL_MS};
    note(&replica->plan, &refusal);
    toc_plan_hole(replica, log);
}
