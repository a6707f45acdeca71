/* SPDX-License-Identifier: EUPL-1.2 */
#include "replica.h"

#include <string.h>

/* What does not come, or too slowly: others are asked for it. What comes twice does no harm. */

/* The upper median of the rates of links with work, and of those that had some; 0 when none is
 * known. */
static uint64_t median_rate(const struct toc_replica *replica)
{
    uint64_t rates[TOC_LINKS_MAX];
    size_t count = 0;
    for (uint32_t i = 0; i < replica->links->top; i++) {
        uint64_t rate = toc_window_rate(&replica->plan.windows[i]);
        if (rate == 0 || !toc_link_stands(&replica->links->items[i])) {
            continue;
        }
        size_t at = count++;
        for (; at > 0 && rates[at - 1] > rate; at--) {
            rates[at] = rates[at - 1];
        }
        rates[at] = rate;
    }
    return count == 0 ? 0 : rates[count / 2];
}

/* A rate that is not known is not slow. */
static bool is_slow(const struct toc_window *window, uint64_t median)
{
    uint64_t rate = toc_window_rate(window);
    return rate != 0 && rate * TOC_SLOW_TIMES < median;
}

/* Is another link, not slow itself, free to bring what is left of an item far sooner? Only where
 * nothing else of its log could be asked for meanwhile, or all else waits for it. */
static bool is_sooner_elsewhere(struct toc_replica *replica, const struct toc_item *item,
                                uint64_t median)
{
    const struct toc_plan *plan = &replica->plan;
    const struct toc_ledger_log *log = &replica->ledger->logs[item->log];
    uint64_t ms = toc_window_ms(&plan->windows[item->link], 0);
    if (log->queue != TOC_PLAN_NONE && item->next != toc_replica_taken_to(replica, log) + 1) {
        return false;
    }
    for (uint32_t i = 0; i < replica->links->top; i++) {
        const struct toc_link *link = &replica->links->items[i];
        const struct toc_window *window = &plan->windows[i];
        if (i != item->link && toc_link_stands(link) && link->unmet < TOC_UNMET_MAX &&
            toc_set_has(link->shared, log->group) &&
            *toc_replica_has(replica, link, item->log) >= item->next &&
            !toc_refusal_has(plan, i, item->log, item->next) && !is_slow(window, median) &&
            window->out_bytes < toc_window_bytes(window) / 2 &&
            2 * toc_window_ms(window, item->bytes) < ms) {
            return true;
        }
    }
    return false;
}

void toc_plan_vain(struct toc_replica *replica, uint32_t log)
{
    toc_set_put(replica->plan.vain, replica->ledger->logs[log].group, true);
    replica->plan.vain_due = true;
}

static bool shares_any(const struct toc_link *link,
                       const uint8_t groups[static TOC_GROUP_SET_BYTES])
{
    uint8_t common = 0;
    for (size_t i = 0; i < TOC_GROUP_SET_BYTES; i++) {
        common |= link->shared[i] & groups[i];
    }
    return common != 0;
}

/* who promises much and gives nothing does not have everybody compare all the time. */
static void compare_vain(struct toc_replica *replica, const struct toc_turn *turn)
{
    struct toc_plan *plan = &replica->plan;
    if (!plan->vain_due || turn->now.ms < plan->vain_ms) {
        return;
    }
    for (uint32_t i = 0; i < replica->links->top; i++) {
        struct toc_link *link = &replica->links->items[i];
        link->vtop_due = link->vtop_due || (toc_link_stands(link) && shares_any(link, plan->vain));
    }
    memset(plan->vain, 0, sizeof plan->vain);
    plan->vain_due = false;
    plan->vain_ms = turn->now.ms + TOC_COMPARE_MS;
}

static void hand_over(struct toc_replica *replica, struct toc_item *item)
{
    item->late = true;
    toc_plan_hole(replica, item->log);
}

/* */
static void look_at(struct toc_replica *replica, const struct toc_turn *turn, struct toc_item *item,
                    uint64_t median)
{
    struct toc_window *window = &replica->plan.windows[item->link];
    struct toc_link *link = &replica->links->items[item->link];
    uint64_t waited_ms = turn->now.ms - item->progress.ms;
    uint64_t patience_ms = TOC_LATE_TIMES * toc_window_ms(window, 0);
    patience_ms = patience_ms > TOC_LATE_MS ? patience_ms : TOC_LATE_MS;
    patience_ms = patience_ms < TOC_LATE_MS_MAX ? patience_ms : TOC_LATE_MS_MAX;
    if (waited_ms >= patience_ms && waited_ms >= TOC_WANT_MS_MAX) {
        uint32_t log = item->log;
        bool needed = item->to > toc_replica_taken_to(replica, &replica->ledger->logs[log]);
        toc_plan_end(replica, item);
        if (needed) {
            link->unmet++;
            toc_plan_vain(replica, log);
            toc_plan_hole(replica, log);
        }
        return;
    }
    /* However slow its link has been before: nothing at all comes on it. */
    bool silent =
        waited_ms >= TOC_WANT_MS_MAX && turn->now.ms - link->progress.ms >= TOC_WANT_MS_MAX;
    bool late = waited_ms >= patience_ms || silent;
    if (item->late || (!late && !is_slow(window, median))) {
        return;
    }
    if (late ? toc_plan_other(replica, item->link, item->log, item->next)
             : is_sooner_elsewhere(replica, item, median)) {
        hand_over(replica, item);
    }
}

static void look(struct toc_replica *replica, const struct toc_turn *turn)
{
    struct toc_plan *plan = &replica->plan;
    if (plan->item_count == 0 || turn->now.ms < plan->look_ms) {
        return;
    }
    plan->look_ms = turn->now.ms + TOC_PLAN_PAUSE_MS;
    uint64_t median = median_rate(replica);
    for (uint32_t i = 0; i < TOC_ITEMS_MAX; i++) {
        if (plan->items[i].used) {
            look_at(replica, turn, &plan->items[i], median);
        }
    }
}

void toc_plan_look(struct toc_replica *replica, struct toc_turn *turn)
{
    look(replica, turn);
    compare_vain(replica, turn);
}
