/* SPDX-License-Identifier: EUPL-1.2 */
#include "expected.h"
#include "sim.h"

#include <stdlib.h>
#include <string.h>

/* The named scenarios. Each sets something going and says what its trace must be; `--trace` shows
 * what it is. After each the runner waits until all are equal, byte for byte. */

#define SEE (SIM_SAY_FAULT | SIM_SAY_PUBLISH | SIM_SAY_STORE | SIM_SAY_REFUSE)

/* 500 ms and a round trip on a line of 256 kbit/s: 10-performance.md. */
#define ALERT_BEHIND_BULK_US (600 * SIM_MS_US)
#define PAIR_ENTRIES 800u
#define PAIR_ENTRY_BYTES 1119u /* of one such bulletin in a range */
#define PAYLOAD_BYTES 4000000u /* 125 s on such a line */

/* Three items in vain from two neighbours, a look at it, a dial: a minute; ten for the alarm. */
#define SURROUNDED_US (150 * SIM_S_US)

static void bulletin(struct sim *sim, uint32_t author)
{
    sim_publish(sim, &sim->nodes[author], NULL, 1000, TOC_CLASS_LIVE);
}

static void pass(struct sim *sim, double s)
{
    sim_run(sim, sim->now_us + (uint64_t)(s * 1e6));
}

static void log_of(const struct sim *sim, uint32_t author, uint8_t log[TOC_ID_BYTES])
{
    toc_log_id(log, sim->federation, sim->groups[1].id, sim->nodes[author].log_keys.public_key);
}

static void first_light(struct sim *sim)
{
    sim_begin(sim);
    bulletin(sim, 1);
    pass(sim, 1);
    sim_check_alerts(sim);
    sim->options.say = 0;
    sim_converge(sim, 30 * SIM_S_US);
    sim_check_quiet(sim);
}

static void partition_heals(struct sim *sim)
{
    sim_begin(sim);
    sim_partition(sim, 0x18, 20 * SIM_S_US);
    pass(sim, 1);
    bulletin(sim, 0);
    pass(sim, 1);
    bulletin(sim, 4);
    pass(sim, 30);
}

static void one_way_drop(struct sim *sim)
{
    sim_begin(sim);
    sim_one_way(sim, 1, 0xd, 10 * SIM_S_US);
    pass(sim, 1);
    bulletin(sim, 1);
    pass(sim, 1);
    bulletin(sim, 0);
    pass(sim, 20);
}

static struct sim_node *awaited;
static bool came;

static void on_first_store(struct sim *sim, struct sim_node *node, uint32_t name, uint64_t seq,
                           uint32_t from)
{
    (void)seq, (void)from;
    if (node == awaited && sim->names[name].author != node->index) {
        came = true;
    }
}

/* The author loses power when its nearest neighbour has the bulletin and nobody else. */
static void author_dies(struct sim *sim)
{
    sim_begin(sim);
    awaited = &sim->nodes[1];
    came = false;
    sim->on_stored = on_first_store;
    sim_one_way(sim, 0, 0xc, 3 * SIM_S_US);
    bulletin(sim, 0);
    while (!came) {
        sim_run(sim, sim->now_us + 100);
    }
    sim_crash(sim, 0, 30 * SIM_S_US, true);
    pass(sim, 60);
}

/* Seven of nine never forward; the author and the last node cannot reach each other. */
static void withholding(struct sim *sim)
{
    for (uint32_t i = 1; i < 8; i++) {
        sim->nodes[i].liar = i == 4 ? SIM_HONEST : SIM_WITHHOLDS;
    }
    sim_cut(sim, 0, 8);
    sim_cut(sim, 8, 0);
    sim_begin(sim);
    bulletin(sim, 0);
    pass(sim, 1);
    bulletin(sim, 8);
    pass(sim, 60);
}

/* All neighbours of the last of sixteen begin to withhold; one of the others publishes, and it. */
static void surrounded(struct sim *sim)
{
    uint32_t stranger = 0;
    uint64_t neighbours = 0;
    char names[SIM_SET_BYTES];
    sim_begin(sim);
    pass(sim, 30);
    for (uint32_t i = 15; i-- > 0;) {
        const uint8_t *key = sim->nodes[i].node_keys.link_public;
        bool linked = toc_links_to(&sim->nodes[15].core->links, key) != NULL;
        sim->nodes[i].liar = linked ? SIM_WITHHOLDS : SIM_HONEST;
        stranger = linked ? stranger : i;
        neighbours |= (uint64_t)linked << i;
    }
    sim_set_text(sim, neighbours, names);
    sim_say(sim, SIM_SAY_FAULT, "all neighbours of cert-15 begin to withhold: %s", names);
    bulletin(sim, 15);
    bulletin(sim, stranger);
    sim_converge(sim, SURROUNDED_US);
}

static uint32_t sources;

static void count_sources(struct sim *sim, struct sim_node *node, uint32_t name, uint64_t seq,
                          uint32_t from)
{
    (void)sim, (void)name, (void)seq;
    if (node->index == 4 && from != SIM_NONE) {
        sources |= 1u << from;
    }
}

/* Four have published 200 entries each; their uplinks are slow, and so each gives a part. */
static void late_starter(struct sim *sim)
{
    sim_begin_without(sim, 0x10);
    for (size_t i = 0; i < 800; i++) {
        bulletin(sim, (uint32_t)(i % 4));
        pass(sim, 0.01);
    }
    sim->options.uplink_bits = 1e6;
    sim_start_later(sim, 4, SIM_S_US);
    sources = 0;
    sim->on_stored = count_sources;
    pass(sim, 20);
    int count = __builtin_popcount(sources);
    sim_say(sim, SIM_SAY_CHECK, "cert-04 has caught up from %s",
            count >= 3 ? "three peers or more" : "few");
}

static void swizzle(struct sim *sim)
{
    sim_begin(sim);
    sim_swizzle(sim, 0x3f, 20 * SIM_S_US);
    for (uint32_t i = 0; i < 12; i++) {
        bulletin(sim, i % 6);
        pass(sim, 2);
    }
}

/* Each node in turn is killed when it has stores that are not answered, with each possible number
 * of them surviving. */
static void store_points(struct sim *sim)
{
    uint32_t crashes = 0;
    sim_begin(sim);
    for (uint32_t i = 0; i < 60 && sim->failed == SIM_CHECK_NONE; i++) {
        struct sim_node *node = &sim->nodes[i % 3];
        sim_slow_disk(sim, node->index, 50 * SIM_MS_US);
        bulletin(sim, i % 2 == 0 ? node->index : (node->index + 1) % 3);
        bulletin(sim, i % 2 == 0 ? node->index : (node->index + 1) % 3);
        for (uint32_t wait = 0; wait < 4000 && node->txn_count < 1 + i / 3 % 2; wait++) {
            sim_run(sim, sim->now_us + 50);
        }
        if (node->txn_count > 0) {
            crashes++;
            sim_kill(sim, node, i / 6 % (node->txn_count + 1), i % 4 == 0);
            pass(sim, 0.5);
            sim_start(sim, node);
        }
        pass(sim, 3);
    }
    sim_say(sim, SIM_SAY_CHECK, "%s crashes", crashes >= 50 ? "over fifty" : "too few");
}

static void full_disk(struct sim *sim)
{
    sim_begin(sim);
    bulletin(sim, 1);
    pass(sim, 1);
    sim_fill_disk(sim, 1, 10 * SIM_S_US);
    bulletin(sim, 0);
    pass(sim, 1);
    bulletin(sim, 1);
    pass(sim, 20);
}

/* While one node is late, a neighbour's copy of a bulletin is damaged and its author goes away. */
static void begin_with_damage(struct sim *sim)
{
    uint8_t log[TOC_ID_BYTES];
    sim_begin_without(sim, 0x4);
    bulletin(sim, 0);
    pass(sim, 1);
    log_of(sim, 0, log);
    sim_damage(sim, 1, log, 1);
    sim_crash(sim, 0, 20 * SIM_S_US, false);
}

/* A late node can ask the holder of a damaged block alone, until the author is back. */
static void damaged_block(struct sim *sim)
{
    begin_with_damage(sim);
    pass(sim, 1);
    sim_start_later(sim, 2, SIM_S_US);
    pass(sim, 60);
}

/* The same, but another holder comes: it is asked at once, for the first has said what it lacks. */
static void damaged_holder(struct sim *sim)
{
    begin_with_damage(sim);
    sim_crash(sim, 3, 3 * SIM_S_US, false);
    pass(sim, 1);
    sim_start_later(sim, 2, SIM_S_US);
    pass(sim, 60);
}

static void ten_years(struct sim *sim)
{
    sim_begin(sim);
    sim_skew(sim, 2, INT64_C(315576000000), 0, 20 * SIM_S_US);
    /* Its peers' clocks are told on a new link. */
    sim_crash(sim, 2, SIM_S_US, false);
    pass(sim, 5);
    bulletin(sim, 2);
    pass(sim, 1);
    bulletin(sim, 0);
    pass(sim, 20);
    sim_crash(sim, 2, SIM_S_US, false);
    pass(sim, 10);
    bulletin(sim, 2);
    pass(sim, 2);
}

/* Uplinks of 256 kbit/s: an alert overtakes a megabyte of bulk. */
static void alert_in_bulk(struct sim *sim)
{
    uint8_t log[TOC_ID_BYTES], hash[TOC_HASH_BYTES];
    sim_begin(sim);
    sim_kill(sim, &sim->nodes[2], 0, false);
    for (size_t i = 0; i < 20; i++) {
        sim_publish(sim, &sim->nodes[1], NULL, 50000, TOC_CLASS_LIVE);
        pass(sim, 0.2);
    }
    sim->options.uplink_bits = 256e3;
    sim_start_later(sim, 2, 1);
    pass(sim, 8);
    sim_check_bounds(sim);
    uint64_t at_us = sim->now_us;
    size_t number = sim_publish(sim, &sim->nodes[0], NULL, 900, TOC_CLASS_ALERT);
    log_of(sim, 0, log);
    sim_run(sim, at_us + 10 * SIM_MS_US);
    const struct sim_submit *submit = &sim->submits[number];
    while (sim_store_head(&sim->nodes[2], log, hash) < submit->seq &&
           sim->now_us < at_us + 30 * SIM_S_US) {
        sim_run(sim, sim->now_us + 5 * SIM_MS_US);
    }
    uint64_t took_us = sim->now_us - at_us, bound_us = ALERT_BEHIND_BULK_US;
    log_of(sim, 1, log);
    bool is_busy = sim_store_head(&sim->nodes[2], log, hash) < 20;
    if (!submit->published || !is_busy || took_us > bound_us) {
        sim_fail(sim, SIM_CHECK_ALERT, "an alert took %llu ms behind bulk",
                 (unsigned long long)(took_us / SIM_MS_US));
    }
    sim_say(sim, SIM_SAY_CHECK, "the alert overtook the bulk");
    pass(sim, 60);
    sim_check_bounds(sim);
}

/* Of a large alert one neighbour sends the header alone, and who would send the whole is not heard:
 * the payload comes from who has it in its block. */
static void header_first(struct sim *sim)
{
    sim_begin(sim);
    bulletin(sim, 0);
    pass(sim, 1);
    bulletin(sim, 0);
    pass(sim, 1);
    sim_one_way(sim, 0, 0x4, 30 * SIM_S_US);
    sim_publish(sim, &sim->nodes[0], NULL, 20000, TOC_CLASS_ALERT);
    pass(sim, 1);
    sim_converge(sim, SIM_S_US);
}

static bool is_disputed(const struct sim *sim, uint32_t node, uint32_t author)
{
    const struct toc_ledger *ledger = &sim->nodes[node].core->ledger;
    for (uint32_t i = 0; i < ledger->log_count; i++) {
        if (ledger->logs[i].disputed &&
            memcmp(ledger->logs[i].org, sim->nodes[author].org, TOC_ID_BYTES) == 0) {
            return true;
        }
    }
    return false;
}

static void say_disputes(struct sim *sim, uint32_t author)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < sim->member_count && sim->failed == SIM_CHECK_NONE; i++) {
        count += i != author && sim->nodes[i].up && is_disputed(sim, i, author);
    }
    sim_check_bounds(sim);
    sim_say(sim, SIM_SAY_CHECK, "%s that %s signed two histories",
            count == 0 ? "nobody sees" : "others see", sim->nodes[author].name);
}

/* An old copy of its store is put back while nobody can be asked, and it publishes on. */
static void restored_snapshot(struct sim *sim)
{
    struct sim_disk old = {0};
    sim_begin(sim);
    bulletin(sim, 1);
    pass(sim, 1);
    sim_snapshot(sim, 1, &old);
    bulletin(sim, 1);
    bulletin(sim, 1);
    pass(sim, 1);
    sim_partition(sim, 0x2, 5 * SIM_S_US);
    sim_roll_back(sim, 1, &old);
    sim_disk_clear(&old);
    pass(sim, 1);
    for (uint32_t i = 0; i < 4; i++) {
        bulletin(sim, 1);
    }
    pass(sim, 2);
    bulletin(sim, 0);
    pass(sim, 60);
    say_disputes(sim, 1);
}

/* Two processes with the same keys, on two sides of a partition. */
static void cloned_node(struct sim *sim)
{
    sim_begin(sim);
    bulletin(sim, 1);
    pass(sim, 1);
    sim->nodes[sim->node_count].x = 0.5;
    for (uint32_t i = 0; i < 2; i++) {
        sim_cut(sim, 4, i);
        sim_cut(sim, i, 4);
        sim_cut(sim, 1, i + 2);
        sim_cut(sim, i + 2, 1);
    }
    uint32_t twin = sim_clone(sim, 1);
    TOC_ASSERT(twin == 4);
    pass(sim, 80);
    bulletin(sim, 1);
    bulletin(sim, twin);
    bulletin(sim, twin);
    pass(sim, 30);
    say_disputes(sim, 1);
}

static void group_in_group(struct sim *sim)
{
    uint8_t members[SIM_NODES_MAX / 8] = {0};
    toc_set_put(members, 5, true);
    toc_set_put(members, 7, true);
    sim_begin(sim);
    sim_publish(sim, &sim->nodes[2], members, 2000, TOC_CLASS_LIVE);
    pass(sim, 5);
    sim_publish(sim, &sim->nodes[2], members, 200000, TOC_CLASS_LIVE);
    pass(sim, 10);
    bulletin(sim, 9);
    pass(sim, 5);
}

/* Members write into a group while others are still being told that it exists: nobody may take the
 * first entries for those of a stranger. */
static void new_group(struct sim *sim)
{
    uint8_t members[SIM_NODES_MAX / 8] = {0};
    for (uint32_t i = 0; i < 12; i++) {
        toc_set_put(members, i, i != 3);
    }
    sim_begin(sim);
    for (uint32_t i = 0; i < 60; i++) {
        sim_publish(sim, &sim->nodes[3], members, 500, TOC_CLASS_LIVE);
        pass(sim, 0.01);
    }
    pass(sim, 5);
}

/* How many pieces of its missing payloads does a node hold? */
static uint32_t pieces_of(const struct sim *sim, uint32_t node)
{
    const struct toc_replica *replica = &sim->nodes[node].core->replica;
    uint32_t count = 0;
    for (uint32_t i = 0; i < replica->missing_count; i++) {
        for (uint32_t piece = 0; piece < TOC_CHUNK_COUNT_MAX; piece++) {
            count += toc_set_has(replica->missing[i].here, piece);
        }
    }
    return count;
}

/* Uplinks of 256 kbit/s carry 4 MB from one node to two others, and one of these is started anew in
 * the middle: what has come stays, so that the wire carries little more than one copy for each. */
static void thin_line(struct sim *sim)
{
    sim_begin(sim);
    sim->options.uplink_bits = 256e3;
    uint64_t before = sim->message_bytes[TOC_MSG_CHUNK];
    sim_publish(sim, &sim->nodes[0], NULL, PAYLOAD_BYTES, TOC_CLASS_LIVE);
    pass(sim, 150);
    uint32_t held = pieces_of(sim, 2);
    sim_crash(sim, 2, SIM_S_US, true);
    pass(sim, 5);
    sim_say(sim, SIM_SAY_CHECK, "cert-02 %s what it held",
            held > 10 && pieces_of(sim, 2) >= held ? "keeps" : "has lost some of");
    uint64_t end_us = sim->now_us + 300 * SIM_S_US;
    while (sim->now_us < end_us && (sim->nodes[1].core->replica.missing_count > 0 ||
                                    sim->nodes[2].core->replica.missing_count > 0)) {
        pass(sim, 1);
    }
    double copies =
        (double)(sim->message_bytes[TOC_MSG_CHUNK] - before) / (2 * (double)PAYLOAD_BYTES);
    sim_say(sim, SIM_SAY_CHECK, "%s", sim->now_us < end_us ? "all of it has come" : "it hangs");
    sim_say(sim, SIM_SAY_CHECK, "%s copy a node", copies < 1.1 ? "hardly more than one" : "many a");
}

/* Two start late, while nobody publishes: neither sends the other what both are asking for. */
static void late_pair(struct sim *sim)
{
    sim_begin_without(sim, 0x30);
    for (size_t i = 0; i < PAIR_ENTRIES; i++) {
        bulletin(sim, (uint32_t)(i % 4));
        pass(sim, 0.01);
    }
    pass(sim, 20);
    sim->options.uplink_bits = 1e6;
    uint64_t before = sim->message_bytes[TOC_MSG_ENTRY] + sim->message_bytes[TOC_MSG_RANGE];
    sim_start_later(sim, 4, SIM_S_US);
    sim_start_later(sim, 5, SIM_S_US + 300 * SIM_MS_US);
    pass(sim, 10);
    uint64_t bytes = sim->message_bytes[TOC_MSG_ENTRY] + sim->message_bytes[TOC_MSG_RANGE] - before;
    double copies = (double)bytes / (2.0 * PAIR_ENTRIES * PAIR_ENTRY_BYTES);
    sim_say(sim, SIM_SAY_CHECK, "%s copy a node",
            copies <= 1.05 ? "hardly more than one" : "many a");
}

const struct sim_scenario sim_scenarios[] = {
    {"first-light", "a bulletin and three alerts reach everybody; then there is silence", 3,
     SIM_SAY_PUBLISH | SIM_SAY_STORE, first_light, sim_trace_first_light, false},
    {"partition-heals", "two sides publish, and hear of it when the partition heals", 5, SEE,
     partition_heals, sim_trace_partition_heals, false},
    {"one-way-drop", "nobody hears one node for ten seconds, which hears everybody", 4, SEE,
     one_way_drop, sim_trace_one_way_drop, false},
    {"author-dies", "an author loses power when one neighbour has its bulletin", 4, SEE,
     author_dies, sim_trace_author_dies, false},
    {"withholding", "six of nine never forward, and author and reader cannot meet", 9, SEE,
     withholding, sim_trace_withholding, false},
    {"surrounded", "whose neighbours all withhold dials others", 16,
     SIM_SAY_FAULT | SIM_SAY_PUBLISH | SIM_SAY_CHECK, surrounded, sim_trace_surrounded, false},
    {"late-starter", "a node that starts late catches up with everybody", 5,
     SIM_SAY_FAULT | SIM_SAY_CHECK | SIM_SAY_REFUSE, late_starter, sim_trace_late_starter, false},
    {"late-pair", "two that start late do not send each other what both ask for", 6,
     SIM_SAY_CHECK | SIM_SAY_REFUSE, late_pair, sim_trace_late_pair, false},
    {"swizzle", "links are clogged one by one, and released in another order", 6,
     SIM_SAY_FAULT | SIM_SAY_CHECK | SIM_SAY_REFUSE, swizzle, sim_trace_swizzle, false},
    {"store-points", "a crash at every point of a store", 3, SIM_SAY_CHECK | SIM_SAY_REFUSE,
     store_points, sim_trace_store_points, false},
    {"full-disk", "a node whose disk is full acknowledges nothing until it has room", 3, SEE,
     full_disk, sim_trace_full_disk, false},
    {"damaged-block", "what is damaged is not sent on", 3, SEE, damaged_block,
     sim_trace_damaged_block, true},
    {"damaged-holder", "who holds a damaged block says so, and another is asked", 4, SEE,
     damaged_holder, sim_trace_damaged_holder, true},
    {"ten-years", "a clock that is ten years off does no harm", 4, SEE | SIM_SAY_NOTICE, ten_years,
     sim_trace_ten_years, false},
    {"alert-in-bulk", "an alert overtakes a catch-up over a slow link", 3, SIM_SAY_CHECK,
     alert_in_bulk, sim_trace_alert_in_bulk, false},
    {"header-first", "the payload of a large alert comes from who has it in its block", 3, SEE,
     header_first, sim_trace_header_first, false},
    {"thin-line", "a large payload comes over a slow line, through a crash", 3,
     SIM_SAY_FAULT | SIM_SAY_CHECK, thin_line, sim_trace_thin_line, false},
    {"restored-snapshot", "an author publishes from an old copy: the others see it", 4,
     SIM_SAY_FAULT | SIM_SAY_PUBLISH | SIM_SAY_CHECK, restored_snapshot,
     sim_trace_restored_snapshot, true},
    {"cloned-node", "two processes with one identity: the others see it", 4,
     SIM_SAY_FAULT | SIM_SAY_PUBLISH | SIM_SAY_CHECK, cloned_node, sim_trace_cloned_node, true},
    {"group-in-group", "a group of three among ten keeps to itself", 10, SEE, group_in_group,
     sim_trace_group_in_group, false},
    {"new-group", "a group's first entries come while it becomes known", 12, SIM_SAY_REFUSE,
     new_group, sim_trace_new_group, false},
    {NULL, NULL, 0, 0, NULL, NULL, false},
};
