/* SPDX-License-Identifier: EUPL-1.2 */
#include "sim.h"

#include <string.h>

/* A run that the seed makes up: nodes, groups, who publishes when, what goes wrong. Then
 * everything heals, and the checkers look. */

#define RUN_US_MIN (60 * SIM_S_US)
#define RUN_US_MAX (120 * SIM_S_US)
#define FAULT_US_MAX (30 * SIM_S_US)
#define PUBLISH_GAP_US (2 * SIM_S_US)
#define FAULT_GAP_US (8 * SIM_S_US)
#define AUDIENCES_MAX 3u
#define TEN_YEARS_MS INT64_C(315576000000)
#define FEW_MINUTES_MS INT64_C(480000)
/*
 * After the last fault: 30 s to spread what is missing, and before that what it takes to notice a
 * dead connection: nothing heard for 75 s, a second for the tick, and the longest pause
 * between two dials, 60 s.
 */
#define CONVERGE_US ((30 + 76 + 60) * SIM_S_US)

struct plan {
    uint64_t end_us;
    uint64_t audiences[AUDIENCES_MAX];
    uint32_t audience_count;
    bool lies;
};
static struct plan plan; /* of the run under way */

static uint64_t left_us(const struct sim *sim)
{
    return plan.end_us > sim->now_us ? plan.end_us - sim->now_us : 1;
}

static uint64_t lasting(struct sim *sim)
{
    uint64_t most = left_us(sim) < FAULT_US_MAX ? left_us(sim) : FAULT_US_MAX;
    return sim_below(sim, 3) == 0 ? most : 1 + sim_below(sim, most);
}

static uint32_t any(struct sim *sim)
{
    return (uint32_t)sim_below(sim, sim->member_count);
}

static uint64_t some(struct sim *sim)
{
    uint64_t all = (UINT64_C(1) << sim->member_count) - 1, set = 0;
    while (set == 0 || set == all) {
        set = sim_below(sim, all + 1);
    }
    return set;
}

static void publish(struct sim *sim, uint32_t unused, uint64_t unused_too)
{
    (void)unused, (void)unused_too;
    uint32_t author = any(sim);
    uint64_t kind = sim_below(sim, 100);
    size_t bytes = kind < 80   ? sim_below(sim, 4096)
                   : kind < 98 ? sim_below(sim, 20000)
                               : 70000 + sim_below(sim, 200000);
    enum toc_class class = kind % 10 == 0 && bytes < 8000 ? TOC_CLASS_ALERT : TOC_CLASS_LIVE;
    uint8_t members[SIM_NODES_MAX / 8] = {0};
    uint64_t audience = plan.audience_count > 0 && sim_below(sim, 3) == 0
                            ? plan.audiences[sim_below(sim, plan.audience_count)]
                            : 0;
    for (uint32_t i = 0; i < sim->member_count; i++) {
        toc_set_put(members, i, (audience >> i & 1) != 0);
    }
    toc_set_put(members, author, false);
    bool direct = !toc_is_zero(members, sizeof members);
    size_t burst = sim_below(sim, 30) == 0 ? 80 : 1;
    for (size_t i = 0; i < burst; i++) {
        sim_publish(sim, &sim->nodes[author], direct ? members : NULL,
                    burst > 1 ? bytes % 3000 : bytes, burst > 1 ? TOC_CLASS_LIVE : class);
    }
    uint64_t pause = sim_below(sim, PUBLISH_GAP_US);
    if (pause < left_us(sim)) {
        sim_call(sim, pause, publish, 0, 0);
    }
}

static void damage_something(struct sim *sim, uint32_t node)
{
    const struct sim_disk *disk = &sim->nodes[node].disk;
    for (size_t i = 0; i < disk->log_count; i++) {
        uint32_t name = sim_name_find(sim, disk->logs[i].id);
        if (name != SIM_NONE && sim->names[name].group == 1 && disk->logs[i].head.seq > 0 &&
            sim->names[name].author != node) {
            sim_damage(sim, node, disk->logs[i].id, 1 + sim_below(sim, disk->logs[i].head.seq));
            return;
        }
    }
}

static void one_fault(struct sim *sim)
{
    uint32_t node = any(sim);
    switch (sim_below(sim, 12)) {
    case 0:
    case 1:
        sim_crash(sim, node, lasting(sim), sim_below(sim, 3) == 0);
        return;
    case 2:
        sim_partition(sim, some(sim), lasting(sim));
        return;
    case 3:
        sim_one_way(sim, node, some(sim), lasting(sim));
        return;
    case 4:
        sim_swizzle(sim, some(sim), lasting(sim) + 2);
        return;
    case 5:
        for (uint64_t i = 1 + sim_below(sim, 10); i > 0; i--) {
            sim_reset(sim, &sim->nodes[any(sim)]);
        }
        sim->faults++;
        return;
    case 6:
        sim_lossy(sim, 0.01 + 0.1 * sim_chance(sim), lasting(sim));
        return;
    case 7:
        sim_fill_disk(sim, node, lasting(sim));
        return;
    case 8:
        sim_skew(sim, node,
                 sim_below(sim, 2) == 0
                     ? TEN_YEARS_MS * (sim_below(sim, 2) == 0 ? 1 : -1)
                     : (int64_t)sim_below(sim, 2 * FEW_MINUTES_MS) - FEW_MINUTES_MS,
                 sim_chance(sim) - 0.5, lasting(sim));
        return;
    case 9:
        sim_slow_disk(sim, node, sim_below(sim, 3 * SIM_S_US));
        return;
    case 10:
        damage_something(sim, node);
        return;
    default: /* two crashes at once */
        sim_crash(sim, node, lasting(sim), false);
        sim_crash(sim, any(sim), lasting(sim), true);
    }
}

static void fault(struct sim *sim, uint32_t unused, uint64_t unused_too)
{
    (void)unused, (void)unused_too;
    one_fault(sim);
    uint64_t pause = sim_below(sim, FAULT_GAP_US);
    if (pause < left_us(sim)) {
        sim_call(sim, pause, fault, 0, 0);
    }
}

/* Up to a third of the members lie; withholders may be up to eight of ten. */
static void choose_liars(struct sim *sim)
{
    uint32_t most = sim->member_count / 3, count;
    if (sim_below(sim, 3) != 0) {
        return;
    }
    enum sim_liar how = (enum sim_liar)(1 + sim_below(sim, SIM_GREEDY));
    most = how == SIM_WITHHOLDS ? sim->member_count * 8 / 10 : most;
    count = most == 0 ? 0 : 1 + (uint32_t)sim_below(sim, most);
    plan.lies = count > 0;
    for (uint32_t i = 0; i < count; i++) {
        sim->nodes[any(sim)].liar = how;
    }
}

/* When the disks that are slow now have ended their commits: what follows is timed. */
static uint64_t disks_us(const struct sim *sim)
{
    uint64_t last_us = sim->now_us + 2;
    for (uint32_t i = 0; i < sim->node_count; i++) {
        last_us = sim->nodes[i].commit_us > last_us ? sim->nodes[i].commit_us : last_us;
    }
    return last_us;
}

void sim_random(struct sim *sim)
{
    plan = (struct plan){.end_us = RUN_US_MIN + sim_below(sim, RUN_US_MAX - RUN_US_MIN)};
    plan.audience_count = (uint32_t)sim_below(sim, AUDIENCES_MAX + 1);
    for (uint32_t i = 0; i < plan.audience_count; i++) {
        plan.audiences[i] = some(sim);
    }
    choose_liars(sim);
    sim->loss = sim->options.loss;
    for (uint32_t i = 0; i < sim->member_count; i++) {
        bool late = sim_below(sim, 8) == 0;
        sim_start_later(sim, i, late ? sim_below(sim, plan.end_us) : sim_below(sim, SIM_S_US));
    }
    sim_call(sim, SIM_S_US, publish, 0, 0);
    sim_call(sim, sim_below(sim, 10 * SIM_S_US), fault, 0, 0);
    while (sim->now_us < plan.end_us && sim->failed == SIM_CHECK_NONE) {
        sim_run(sim, sim->now_us + SIM_S_US);
        sim_check_bounds(sim);
    }
    sim_say(sim, SIM_SAY_FAULT, "faults have ended");
    sim_run(sim, disks_us(sim));
    sim_converge(sim, CONVERGE_US);
    sim_check_end(sim);
    sim_check_alerts(sim);
    sim_converge(sim, CONVERGE_US);
    if (!plan.lies) {
        sim_check_quiet(sim);
    }
}
