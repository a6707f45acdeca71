/* SPDX-License-Identifier: EUPL-1.2 */
#include "sim.h"

#include <string.h>

/* Checkers that look when faults have ended: convergence, alerts, silence. */

#define POLL_US (SIM_S_US / 4)
#define QUIET_SETTLE_US (20 * SIM_S_US)
#define QUIET_US (120 * SIM_S_US)
/* What a node sends on a link in a minute, beacons apart: 10-performance.md. */
#define QUIET_BYTES 300u
#define QUIET_GROUP_BYTES 16u         /* a digest, of each group beyond the first two */
#define ALERT_BOUND_US (2 * SIM_S_US) /* from publishing to every connected store */
#define ALERT_PROBES 3u

/* Takes part in what must become equal. */
static bool takes_part(const struct sim *sim, uint32_t node, uint32_t group)
{
    return sim->nodes[node].up && sim_is_honest(sim, node) && sim_is_member(sim, group, node);
}

/* A log whose author may have signed two histories ends differently at different nodes. */
static bool is_sound(const struct sim *sim, uint32_t name)
{
    uint32_t author = sim->names[name].author;
    for (uint32_t i = sim->member_count; i < sim->node_count; i++) {
        if (sim->nodes[i].twin_of == author) {
            return false;
        }
    }
    return !sim->nodes[author].doubtful;
}

static bool same_heads(struct sim *sim, uint32_t name)
{
    uint8_t first[TOC_HASH_BYTES], hash[TOC_HASH_BYTES];
    uint64_t first_seq = UINT64_MAX;
    for (uint32_t i = 0; i < sim->node_count; i++) {
        if (!takes_part(sim, i, sim->names[name].group)) {
            continue;
        }
        uint64_t seq = sim_store_head(&sim->nodes[i], sim->names[name].id, hash);
        if (first_seq == UINT64_MAX) {
            first_seq = seq;
            memcpy(first, hash, sizeof first);
        } else if (seq != first_seq || memcmp(first, hash, sizeof first) != 0) {
            return false;
        }
    }
    return true;
}

bool sim_is_converged(struct sim *sim)
{
    for (uint32_t i = 0; i < sim->node_count; i++) {
        const struct sim_node *node = &sim->nodes[i];
        if (node->up && sim_is_honest(sim, i) &&
            (node->core->replica.missing_count != 0 || node->txn_count != 0)) {
            return false;
        }
    }
    for (uint32_t name = 0; name < sim->name_count; name++) {
        if (is_sound(sim, name) && !same_heads(sim, name)) {
            return false;
        }
    }
    return true;
}

/* The first payload that a node lacks. */
static void explain_missing(struct sim *sim, char out[SIM_TEXT_BYTES])
{
    snprintf(out, SIM_TEXT_BYTES, "stores are not answered");
    for (uint32_t i = 0; i < sim->node_count; i++) {
        const struct sim_node *node = &sim->nodes[i];
        if (!node->up || !sim_is_honest(sim, i) || node->core->replica.missing_count == 0) {
            continue;
        }
        const struct toc_missing *missing = &node->core->replica.missing[0];
        char log[SIM_TEXT_BYTES] = "?";
        uint32_t name = sim_name_find(sim, node->core->ledger.logs[missing->log].id);
        if (name != SIM_NONE) {
            sim_name_text(sim, name, log);
        }
        snprintf(out, SIM_TEXT_BYTES, "%s lacks %u payloads, that of %.60s/%llu (%u bytes)%s",
                 node->name, node->core->replica.missing_count, log,
                 (unsigned long long)missing->seq, missing->payload_bytes,
                 missing->arrived ? ", which has arrived" : "");
        return;
    }
}

static void explain(struct sim *sim, char out[SIM_TEXT_BYTES])
{
    explain_missing(sim, out);
    for (uint32_t name = 0; name < sim->name_count; name++) {
        if (!is_sound(sim, name) || same_heads(sim, name)) {
            continue;
        }
        char text[SIM_TEXT_BYTES];
        uint8_t hash[TOC_HASH_BYTES];
        sim_name_text(sim, name, text);
        int at = snprintf(out, SIM_TEXT_BYTES, "%s:", text);
        for (uint32_t i = 0; i < sim->node_count && at < (int)SIM_TEXT_BYTES - 20; i++) {
            if (takes_part(sim, i, sim->names[name].group)) {
                uint64_t seq = sim_store_head(&sim->nodes[i], sim->names[name].id, hash);
                at += snprintf(out + at, SIM_TEXT_BYTES - (size_t)at, " %u has %llu,", i,
                               (unsigned long long)seq);
            }
        }
        return;
    }
}

void sim_converge(struct sim *sim, uint64_t bound_us)
{
    uint64_t begin = sim->now_us;
    while (sim->failed == SIM_CHECK_NONE && !sim_is_converged(sim)) {
        if (sim->now_us - begin >= bound_us) {
            char text[SIM_TEXT_BYTES];
            explain(sim, text);
            sim_fail(sim, SIM_CHECK_CONVERGENCE, "not equal after %llu s: %.200s",
                     (unsigned long long)(bound_us / SIM_S_US), text);
            return;
        }
        sim_run(sim, sim->now_us + POLL_US);
        sim_check_bounds(sim);
    }
    uint64_t took_us = sim->now_us - begin;
    sim->converge_us = took_us > sim->converge_us ? took_us : sim->converge_us;
    sim_say(sim, SIM_SAY_CHECK, "all are equal after %llu ms",
            (unsigned long long)(took_us / SIM_MS_US));
}

static void check_bytes(struct sim *sim, uint32_t name)
{
    uint8_t first[TOC_HASH_BYTES], digest[TOC_HASH_BYTES];
    uint32_t with = SIM_NONE;
    for (uint32_t i = 0; i < sim->node_count; i++) {
        if (!takes_part(sim, i, sim->names[name].group) || sim->nodes[i].disk.damaged_seq != 0) {
            continue;
        }
        sim_store_digest(sim, &sim->nodes[i], sim->names[name].id, digest);
        if (with == SIM_NONE) {
            with = i;
            memcpy(first, digest, sizeof first);
        } else if (memcmp(first, digest, sizeof first) != 0) {
            char text[SIM_TEXT_BYTES];
            sim_name_text(sim, name, text);
            sim_fail(sim, SIM_CHECK_CONVERGENCE, "%.60s differs between %s and %s", text,
                     sim->nodes[with].name, sim->nodes[i].name);
        }
    }
}

static void check_submit(struct sim *sim, const struct sim_submit *submit)
{
    uint32_t name = sim_name_find(sim, submit->log);
    uint8_t hash[TOC_HASH_BYTES];
    for (uint32_t i = 0; i < sim->node_count; i++) {
        if (!takes_part(sim, i, sim->names[name].group)) {
            continue;
        }
        if (!sim_store_entry(&sim->nodes[i], submit->log, submit->seq, hash) ||
            memcmp(hash, submit->hash, sizeof hash) != 0) {
            sim_fail(sim, SIM_CHECK_DURABILITY, "%s lacks %s/%llu, which was acknowledged",
                     sim->nodes[i].name, sim->nodes[submit->node].name,
                     (unsigned long long)submit->seq);
        }
    }
}

void sim_check_end(struct sim *sim)
{
    if (sim->failed != SIM_CHECK_NONE) {
        return;
    }
    for (uint32_t i = 0; i < sim->member_count; i++) {
        if (!sim->nodes[i].up) {
            sim_fail(sim, SIM_CHECK_CONVERGENCE, "%s does not run", sim->nodes[i].name);
        }
    }
    for (uint32_t name = 0; name < sim->name_count; name++) {
        if (is_sound(sim, name)) {
            check_bytes(sim, name);
        }
    }
    for (size_t i = 0; i < sim->submit_count; i++) {
        const struct sim_submit *submit = &sim->submits[i];
        if (submit->published && sim_is_honest(sim, submit->node)) {
            check_submit(sim, submit);
        }
    }
    sim_check_bounds(sim);
}

static bool has_alert(struct sim *sim, const struct sim_submit *submit, uint32_t *who)
{
    uint8_t hash[TOC_HASH_BYTES];
    for (uint32_t i = 0; i < sim->node_count; i++) {
        if (takes_part(sim, i, 1) &&
            sim_store_head(&sim->nodes[i], submit->log, hash) < submit->seq) {
            *who = i;
            return false;
        }
    }
    return true;
}

void sim_check_alerts(struct sim *sim)
{
    sim->probing = true;
    for (size_t i = 0; i < ALERT_PROBES && sim->failed == SIM_CHECK_NONE; i++) {
        uint32_t author = (uint32_t)sim_below(sim, sim->member_count), who = 0;
        author = sim->options.even ? (uint32_t)(i % sim->member_count) : author;
        if (!takes_part(sim, author, 1)) {
            continue;
        }
        size_t number = sim_publish(sim, &sim->nodes[author], NULL, 900 + sim_below(sim, 3000),
                                    TOC_CLASS_ALERT);
        sim_run(sim, sim->now_us + ALERT_BOUND_US);
        const struct sim_submit *submit = &sim->submits[number];
        if (submit->answered && !submit->published) {
            continue; /* its clock is wrong, or its disk has failed */
        }
        sim->alerts_checked++;
        if (!submit->published || !has_alert(sim, submit, &who)) {
            sim_fail(sim, SIM_CHECK_ALERT, "%s has no alert of %s after %llu ms",
                     sim->nodes[who].name, sim->nodes[author].name,
                     (unsigned long long)(ALERT_BOUND_US / SIM_MS_US));
        }
    }
    sim->probing = false;
}

/* Connections whose ends are both there. */
static size_t standing(const struct sim *sim)
{
    size_t count = 0;
    for (uint32_t i = 0; i < sim->conn_count; i++) {
        count += sim->conns[i].used && sim->conns[i].ends[0].open && sim->conns[i].ends[1].open;
    }
    return count;
}

void sim_check_quiet(struct sim *sim)
{
    if (sim->failed != SIM_CHECK_NONE) {
        return;
    }
    sim_run(sim, sim->now_us + QUIET_SETTLE_US);
    uint64_t bytes = sim->wire_bytes, beacons = sim->beacon_bytes;
    sim_run(sim, sim->now_us + QUIET_US);
    size_t links = standing(sim);
    if (links == 0) {
        return;
    }
    bytes = sim->wire_bytes - bytes;
    beacons = sim->beacon_bytes - beacons; /* some may wait for a line */
    bytes = bytes > beacons ? bytes - beacons : 0;
    sim->quiet_bytes = (double)bytes / (double)links / 2 / ((double)QUIET_US / 60e6);
    if (sim->quiet_bytes > QUIET_BYTES + QUIET_GROUP_BYTES * (sim->group_count - 2)) {
        sim_fail(sim, SIM_CHECK_QUIET, "%.0f bytes a minute and link with nothing new",
                 sim->quiet_bytes);
    }
}
