/* SPDX-License-Identifier: EUPL-1.2 */
#include "sim.h"

#include <stdlib.h>
#include <string.h>

/* What goes wrong, and how it ends. Each fault that lasts ends by itself; a control may prevent
 * that. Sets of nodes are bits of a word: faults are for worlds of 64 nodes at most. */

static bool in(uint64_t set, uint32_t node)
{
    return (set >> node & 1) != 0;
}

void sim_start_now(struct sim *sim, uint32_t node, uint64_t unused)
{
    (void)unused;
    if (!sim->nodes[node].up &&
        (sim->options.broken != SIM_BREAK_NEVER_STARTS || sim->now_us < SIM_S_US)) {
        sim_say(sim, SIM_SAY_FAULT, "%s starts", sim->nodes[node].name);
        sim_start(sim, &sim->nodes[node]);
    }
}

void sim_start_later(struct sim *sim, uint32_t node, uint64_t delay_us)
{
    sim_call(sim, delay_us, sim_start_now, node, 0);
}

void sim_crash(struct sim *sim, uint32_t node, uint64_t down_us, bool silent)
{
    struct sim_node *at = &sim->nodes[node];
    if (!at->up) {
        return;
    }
    size_t survive = at->txn_count == 0 ? 0 : sim_below(sim, at->txn_count + 1);
    sim_say(sim, SIM_SAY_FAULT, "%s %s, %zu of %zu stores survive", at->name,
            silent ? "loses power" : "is killed", survive, at->txn_count);
    sim_kill(sim, at, survive, silent);
    sim->faults++;
    sim_start_later(sim, node, down_us);
}

/* Partitions: bits of one side. */

static void cut_sides(struct sim *sim, uint64_t side,
                      void (*change)(struct sim *, uint32_t, uint32_t))
{
    for (uint32_t i = 0; i < sim->node_count; i++) {
        for (uint32_t j = 0; j < sim->node_count; j++) {
            if (in(side, i) != in(side, j)) {
                change(sim, i, j);
            }
        }
    }
}

static void heal_partition(struct sim *sim, uint32_t unused, uint64_t side)
{
    (void)unused;
    if (sim->options.broken != SIM_BREAK_NEVER_HEALS) {
        sim_say(sim, SIM_SAY_FAULT, "the partition heals");
        cut_sides(sim, side, sim_heal);
    }
}

void sim_partition(struct sim *sim, uint64_t side, uint64_t for_us)
{
    char names[SIM_SET_BYTES];
    sim_set_text(sim, side, names);
    sim_say(sim, SIM_SAY_FAULT, "a partition: %s alone", names);
    cut_sides(sim, side, sim_cut);
    sim->faults++;
    sim_call(sim, for_us, heal_partition, 0, side);
}

/* One-way drops: from one node to a set. */

static void heal_one_way(struct sim *sim, uint32_t from, uint64_t to)
{
    if (sim->options.broken == SIM_BREAK_ONE_WAY_STAYS) {
        return;
    }
    sim_say(sim, SIM_SAY_FAULT, "%s is heard again", sim->nodes[from].name);
    for (uint32_t i = 0; i < sim->node_count; i++) {
        if (in(to, i) && i != from) {
            sim_heal(sim, from, i);
        }
    }
}

void sim_one_way(struct sim *sim, uint32_t from, uint64_t to, uint64_t for_us)
{
    char names[SIM_SET_BYTES];
    sim_set_text(sim, to & ~(UINT64_C(1) << from), names);
    sim_say(sim, SIM_SAY_FAULT, "nothing from %s reaches %s", sim->nodes[from].name, names);
    for (uint32_t i = 0; i < sim->node_count; i++) {
        if (in(to, i) && i != from) {
            sim_cut(sim, from, i);
        }
    }
    sim->faults++;
    sim_call(sim, for_us, heal_one_way, from, to);
}

/* Swizzle: links are clogged one by one, and released in another order. */

static void stop_pair(struct sim *sim, uint32_t a, uint64_t b)
{
    sim_cut(sim, a, (uint32_t)b);
    sim_cut(sim, (uint32_t)b, a);
}

static void go_on_pair(struct sim *sim, uint32_t a, uint64_t b)
{
    if (sim->options.broken != SIM_BREAK_STAYS_CLOGGED) {
        sim_heal(sim, a, (uint32_t)b);
        sim_heal(sim, (uint32_t)b, a);
    }
}

void sim_swizzle(struct sim *sim, uint64_t around, uint64_t for_us)
{
    char names[SIM_SET_BYTES];
    sim_set_text(sim, around, names);
    sim_say(sim, SIM_SAY_FAULT, "links of %s are clogged one by one", names);
    for (uint32_t i = 0; i < sim->member_count; i++) {
        for (uint32_t j = 0; j < i; j++) {
            if (in(around, i) || in(around, j)) {
                sim_call(sim, sim_below(sim, for_us / 2), stop_pair, i, j);
                sim_call(sim, for_us / 2 + sim_below(sim, for_us / 2), go_on_pair, i, j);
            }
        }
    }
    sim->faults++;
}

/* Loss. */

static void end_loss(struct sim *sim, uint32_t unused, uint64_t unused_too)
{
    (void)unused, (void)unused_too;
    sim->loss = sim->options.loss;
}

void sim_lossy(struct sim *sim, double loss, uint64_t for_us)
{
    sim_say(sim, SIM_SAY_FAULT, "%.0f %% of all segments are lost", loss * 100);
    sim->loss = loss;
    sim->faults++;
    sim_call(sim, for_us, end_loss, 0, 0);
}

/* Disks. */

static void make_room(struct sim *sim, uint32_t node, uint64_t unused)
{
    (void)unused;
    struct sim_node *at = &sim->nodes[node];
    at->disk.full = false;
    if (at->up && at->disk_broke) {
        sim_say(sim, SIM_SAY_FAULT, "%s has room again and starts anew", at->name);
        sim_kill(sim, at, 0, false);
        sim_start(sim, at);
    }
}

void sim_fill_disk(struct sim *sim, uint32_t node, uint64_t for_us)
{
    sim_say(sim, SIM_SAY_FAULT, "the disk of %s is full", sim->nodes[node].name);
    sim->nodes[node].disk.full = true;
    sim->faults++;
    sim_call(sim, for_us, make_room, node, 0);
}

void sim_slow_disk(struct sim *sim, uint32_t node, uint64_t for_us)
{
    struct sim_node *at = &sim->nodes[node];
    at->commit_us = (at->commit_us > sim->now_us ? at->commit_us : sim->now_us) + for_us;
    sim->faults++;
}

void sim_damage(struct sim *sim, uint32_t node, const uint8_t *log, uint64_t seq)
{
    struct sim_disk *disk = &sim->nodes[node].disk;
    memcpy(disk->damaged_log, log, TOC_ID_BYTES);
    disk->damaged_seq = seq;
    disk->damage_passes = sim->options.broken == SIM_BREAK_DAMAGE_PASSES;
    sim_say(sim, SIM_SAY_FAULT, "a bit of %s flips", sim->nodes[node].name);
    sim->faults++;
}

/* Clocks. */

static void end_skew(struct sim *sim, uint32_t node, uint64_t unused)
{
    (void)unused;
    sim->nodes[node].clock_ms = 0;
    sim->nodes[node].drift = 0;
}

void sim_skew(struct sim *sim, uint32_t node, int64_t ms, double drift, uint64_t for_us)
{
    sim_say(sim, SIM_SAY_FAULT, "the clock of %s jumps by %lld s", sim->nodes[node].name,
            (long long)(ms / 1000));
    sim->nodes[node].clock_ms += ms;
    sim->nodes[node].drift = drift;
    sim->faults++;
    sim_call(sim, for_us, end_skew, node, 0);
}

/* Identities. */

void sim_snapshot(struct sim *sim, uint32_t node, struct sim_disk *into)
{
    (void)sim;
    sim_disk_copy(into, &sim->nodes[node].disk);
}

void sim_roll_back(struct sim *sim, uint32_t node, const struct sim_disk *from)
{
    struct sim_node *at = &sim->nodes[node];
    sim_say(sim, SIM_SAY_FAULT, "%s is restored from an old copy", at->name);
    sim_kill(sim, at, 0, false);
    sim_disk_copy(&at->disk, from);
    at->doubtful = sim->options.broken != SIM_BREAK_ROLLED_BACK;
    sim->faults++;
    sim_start(sim, at);
}

uint32_t sim_clone(struct sim *sim, uint32_t node)
{
    uint32_t index = sim->node_count++;
    TOC_ASSERT(index < sim->member_count + 2);
    struct sim_node *twin = &sim->nodes[index];
    const struct sim_node *of = &sim->nodes[node];
    twin->node_keys = of->node_keys;
    twin->log_keys = of->log_keys;
    twin->org_keys = of->org_keys;
    twin->recovery_keys = of->recovery_keys;
    memcpy(twin->org, of->org, TOC_ID_BYTES);
    twin->card = of->card;
    twin->twin_of = node;
    snprintf(twin->name, sizeof twin->name, "twin-%02u", node);
    sim_disk_copy(&twin->disk, &of->disk);
    sim->nodes[node].doubtful = sim->options.broken != SIM_BREAK_TWIN;
    sim_say(sim, SIM_SAY_FAULT, "a clone of %s starts", of->name);
    sim->faults++;
    sim_start(sim, twin);
    return index;
}
