/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Nodes 0 and 1 are honest and share a direct group; the liar plays node 2 towards node 0; node 3
 * belongs to the federation and is not there.
 */
#ifndef TOC_TEST_SCENE_H
#define TOC_TEST_SCENE_H

#include "chain.h"
#include "liar.h"

static struct world world;
static struct liar liar;
static struct chain chain;
static uint8_t direct_group[32]; /* of nodes 0 and 1 */
static uint8_t range_bytes[TOC_RANGE_BYTES_MAX];

static inline struct toc_replica *replica(void)
{
    return &world.nodes[0].core->replica;
}

static inline struct toc_link *link_to_liar(void)
{
    return toc_links_to(&world.nodes[0].core->links, world.nodes[2].node_keys.link_public);
}

/* The seq up to which node 0 holds the log of a node in a group (NULL: of all). */
static inline uint64_t seq_of(size_t author, const uint8_t *group)
{
    uint8_t log[32];
    world_log(&world, author, group, log);
    return world_seq(&world, 0, log);
}

static inline void publish(size_t author)
{
    struct toc_submit submit = {.audience = TOC_SUBMIT_ALL};
    world_publish(&world, author, submit, toc_span_str("an honest bulletin"));
}

/* The liar's log in a group (NULL: of all; the federation id: its control log), empty. */
static inline void begin_chain(const uint8_t *group)
{
    uint8_t all[32];
    chain_clear(&chain);
    chain_init(&chain, 5);
    chain.keys = world.nodes[2].log_keys;
    memcpy(chain.federation, liar.federation, 32);
    toc_group_all_id(all, liar.federation);
    toc_log_id(chain.log, liar.federation, group == NULL ? all : group, chain.keys.public_key);
}

static inline void begin(uint64_t seed)
{
    world_init(&world, 4, seed);
    world_start(&world, 0);
    world_start(&world, 1);
    world_run(&world, 3500);
    struct toc_submit submit = {.audience = TOC_SUBMIT_ORGANISATIONS,
                                .organisations = world.nodes[1].org,
                                .organisation_count = 1};
    world_publish(&world, 0, submit, toc_span_str("for node 1"));
    world_run(&world, 500);
    memcpy(direct_group, world.nodes[0].last_group, 32);
    assert_int_equal(world.nodes[0].core->ledger.group_count, 3);
    liar_join(&liar, &world, 2, 0);
    liar_agree(&liar);
    liar_forget(&liar);
    begin_chain(NULL);
}

static inline void end(void)
{
    chain_clear(&chain);
    liar_leave(&liar);
    world_clear(&world);
}

/* The honest nodes still hear each other. */
static inline void assert_honest_links_go_on(void)
{
    uint64_t held = seq_of(1, NULL);
    publish(1);
    world_run(&world, 300);
    assert_int_equal(seq_of(1, NULL), held + 1);
}

/* What was sent ends the link with exactly this code, and nothing else has changed. */
static inline void assert_refused(enum toc_code code, const uint8_t before[32])
{
    uint8_t after[32];
    world_run(&world, 50);
    assert_true(liar.closed);
    assert_int_equal(liar.why.code, code);
    assert_int_equal(world.nodes[0].last_refused.code, code);
    liar_state(&world, 0, after);
    assert_memory_equal(before, after, 32);
    assert_honest_links_go_on();
}

/* What was sent has no effect at all. */
static inline void assert_ignored(const uint8_t before[32])
{
    uint8_t after[32];
    world_run(&world, 50);
    assert_false(liar.closed);
    liar_state(&world, 0, after);
    assert_memory_equal(before, after, 32);
}

static inline struct toc_span range_of(uint64_t first, uint64_t last)
{
    return chain_range(&chain, first, last, true,
                       (struct toc_room){range_bytes, sizeof range_bytes});
}

static inline void say_range(uint64_t first, uint64_t last)
{
    liar_say(&liar, TOC_MSG_RANGE, TOC_CLASS_BULK, range_of(first, last));
}

/* One row: this log goes up to `seq`. */
static inline void say_row(const uint8_t *group, const uint8_t *log, uint64_t seq)
{
    uint8_t body[TOC_VROW_HEAD_BYTES + TOC_ROW_BYTES];
    struct toc_row row = {.seq = seq};
    struct toc_vrow vrow = {.last = true, .buckets = TOC_BUCKETS_ALL};
    memcpy(vrow.group, group, 32);
    toc_vrow_encode_head(body, &vrow);
    memcpy(row.log, log, 32);
    toc_row_encode(body + TOC_VROW_HEAD_BYTES, &row);
    liar_say(&liar, TOC_MSG_VROW, TOC_CLASS_CONTROL, toc_span(body, sizeof body));
}

static inline void say_want(const struct toc_want *want)
{
    uint8_t body[TOC_WANT_BYTES];
    toc_want_encode(body, want);
    liar_say(&liar, TOC_MSG_WANT, TOC_CLASS_CONTROL, toc_span(body, sizeof body));
}

static inline void all_group(uint8_t out[32])
{
    toc_group_all_id(out, liar.federation);
}

#endif
