/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A long log of node 5, which is not there, held by nodes 0 to 3; node 4 comes later and lacks it.
 * Lines into node 4 have a rate and a delay each. Header only.
 */
#ifndef TOC_TEST_LONG_LOG_H
#define TOC_TEST_LONG_LOG_H

#include <inttypes.h>

#include "liar.h"

#define LONG_ENTRY_BYTES 1024u
#define NEWCOMER 4u
#define AUTHOR 5u

static struct world world;
static uint8_t long_log[32];
static uint64_t long_entries, long_range_bytes;

/* Appends entries to an author's log in the store of several nodes, in blocks. */
static inline void long_add_block(size_t holders, struct toc_log_head *head, uint64_t count)
{
    static uint8_t room[TOC_RANGE_BYTES_MAX], payload[LONG_ENTRY_BYTES];
    struct toc_range_build build = {.count = 0};
    uint8_t hash[32], sig[64], bytes[TOC_HEADER_BYTES];
    bool ends = false;
    for (; count > 0 && !ends; count--) {
        struct toc_header header;
        toc_header_draft(&header, head, long_log, (struct toc_utc){WORLD_START_UTC_MS},
                         LONG_ENTRY_BYTES);
        header.kind = TOC_KIND_BULLETIN;
        header.class = TOC_CLASS_LIVE;
        toc_put_le64(payload, header.seq);
        toc_payload_hash(header.payload_hash, toc_span(payload, sizeof payload));
        toc_header_encode(bytes, &header);
        toc_header_hash(hash, toc_span(bytes, sizeof bytes));
        if (build.count == 0) {
            toc_range_begin(&build, (struct toc_room){room, sizeof room}, &header);
        }
        toc_range_add(&build, &header, toc_span(payload, sizeof payload), toc_span(NULL, 0));
        ends = toc_log_is_checkpoint(head, LONG_ENTRY_BYTES);
        assert_ok(toc_log_advance(head, &header, hash));
    }
    struct toc_store_op op = {.kind = TOC_STORE_RANGE, .head = *head};
    toc_sign(sig, TOC_CTX_S_HEADER, world.federation, hash, world.nodes[AUTHOR].log_keys.secret);
    assert_ok(toc_range_end(&build, sig, &op.bytes));
    memcpy(op.log, long_log, 32);
    long_range_bytes += op.bytes.len;
    for (size_t i = 0; i < holders; i++) {
        world_put_range(&world.nodes[i], &op);
    }
}

/* Nodes 0 to `holders` - 1 hold `entries` and have met. */
static inline void long_begin(size_t holders, uint64_t entries)
{
    struct toc_log_head head = {0};
    world_init(&world, 6, 1);
    world_log(&world, AUTHOR, NULL, long_log);
    long_entries = entries;
    long_range_bytes = 0;
    while (head.seq < entries) {
        long_add_block(holders, &head, entries - head.seq);
    }
    for (size_t i = 0; i < holders; i++) {
        world_start(&world, i);
    }
    world_run(&world, 4000);
}

/* The line between a holder and the newcomer, both ways. */
static inline void long_line(size_t holder, uint32_t bytes_ms, uint16_t delay_ms)
{
    world.bytes_ms[holder][NEWCOMER] = bytes_ms;
    world.bytes_ms[NEWCOMER][holder] = bytes_ms;
    world.further_ms[holder][NEWCOMER] = world.further_ms[NEWCOMER][holder] = delay_ms;
}

static inline struct toc_replica *newcomer(void)
{
    return &world.nodes[NEWCOMER].core->replica;
}

static inline struct toc_link *newcomer_link(size_t holder)
{
    return toc_links_to(&world.nodes[NEWCOMER].core->links,
                        world.nodes[holder].node_keys.link_public);
}

static inline bool long_has_come(struct world *at)
{
    return world_seq(at, NEWCOMER, long_log) >= long_entries;
}

static inline bool long_has_begun(struct world *at)
{
    return world_seq(at, NEWCOMER, long_log) > 0;
}

static inline bool long_is_half_here(struct world *at)
{
    return world_seq(at, NEWCOMER, long_log) >= long_entries / 2;
}

/* Milliseconds from the first block to the last. */
static inline uint64_t long_catch_up(uint64_t ms_max)
{
    world_start(&world, NEWCOMER);
    assert_true(world_until(&world, long_has_begun, 20000));
    uint64_t began = world.now_ms;
    assert_true(world_until(&world, long_has_come, ms_max));
    return world.now_ms - began;
}

#endif
