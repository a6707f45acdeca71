/* SPDX-License-Identifier: EUPL-1.2 */
/* A store in a folder of its own and a log to fill it with: for the tests of this room. */
#ifndef TOC_TEST_STORE_WORLD_H
#define TOC_TEST_STORE_WORLD_H

#include "chain.h"
#include "check.h"
#include "folder.h"
#include "store.h"

static const struct toc_store_options world_options = {.map_bytes = (uint64_t)1 << 30};

struct world {
    struct folder folder;
    struct toc_store *store;
    struct chain chain;
    uint8_t range[TOC_RANGE_BYTES_MAX];
    uint8_t room[TOC_RANGE_BYTES_MAX];
};

static inline const char *world_path(struct world *world)
{
    return folder_path(&world->folder, "store");
}

static inline void world_open(struct world *world)
{
    assert_ok(toc_store_open(&world->store, world_path(world), &world_options));
}

static inline void world_reopen(struct world *world)
{
    toc_store_close(world->store);
    world_open(world);
}

static inline int world_make(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    if (world == NULL) {
        return 1;
    }
    folder_make(&world->folder);
    chain_init(&world->chain, 1);
    world_open(world);
    *state = world;
    return 0;
}

static inline int world_unmake(void **state)
{
    struct world *world = *state;
    toc_store_close(world->store);
    chain_clear(&world->chain);
    folder_remove(&world->folder);
    free(world);
    return 0;
}

/* Grows the chain by entries of mixed sizes, a few of an unknown version, some over 64 KiB. */
static inline void world_grow(struct world *world, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t noise = chain_random(&world->chain);
        uint32_t bytes = (uint32_t)(noise % 3000);
        bytes = noise % 31 == 0 ? (uint32_t)(noise >> 8) % 100000 : bytes;
        (void)chain_add(&world->chain, bytes, noise % 17 == 0 ? 9 : 1);
    }
}

/* The op that stores entries first..last. The range lies in `out`. */
static inline struct toc_store_op world_op(const struct chain *chain, uint64_t first, uint64_t last,
                                           struct toc_room out)
{
    struct toc_store_op op = {.kind = TOC_STORE_RANGE, .head = chain_head(chain, last)};
    memcpy(op.log, chain->log, TOC_ID_BYTES);
    op.bytes = chain_range(chain, first, last, true, out);
    return op;
}

/* Stores entries first..last in a transaction of their own. */
static inline struct toc_err world_put(struct world *world, uint64_t first, uint64_t last)
{
    struct toc_store_txn *txn;
    struct toc_store_op op =
        world_op(&world->chain, first, last, (struct toc_room){world->range, sizeof world->range});
    assert_ok(toc_store_begin(world->store, &txn));
    struct toc_err err = toc_store_apply(txn, &op, 1);
    assert_ok(toc_store_commit(txn));
    return err;
}

/* Stores all blocks of the chain and its tail, whole. */
static inline void world_put_all(struct world *world)
{
    for (uint64_t seq = 1; seq <= world->chain.count;) {
        uint64_t last = chain_block_end(&world->chain, seq);
        assert_ok(world_put(world, seq, last));
        seq = last + 1;
    }
}

static inline struct toc_err world_load(struct world *world, uint64_t seq, bool headers_only,
                                        struct toc_span *range)
{
    struct toc_load load = {.kind = TOC_LOAD_RANGE,
                            .seq = seq,
                            .headers_only = headers_only,
                            .room = {world->room, sizeof world->room}};
    size_t count;
    memcpy(load.log, world->chain.log, TOC_ID_BYTES);
    struct toc_err err = toc_store_load(world->store, &load, &count);
    *range = toc_span(world->room, count);
    return err;
}

/* The store holds exactly the entries up to `last`, in the blocks that the chain has. */
static inline void world_assert_holds(struct world *world, uint64_t last)
{
    struct toc_span got;
    struct toc_log_head head;
    struct toc_log_head wanted = chain_head(&world->chain, last);
    assert_ok(toc_store_head(world->store, world->chain.log, &head));
    assert_memory_equal(&head, &wanted, sizeof head);
    for (uint64_t seq = 1; seq <= last;) {
        uint64_t end = chain_block_end(&world->chain, seq);
        end = end < last ? end : last;
        assert_ok(world_load(world, seq, false, &got));
        assert_span(got, chain_range(&world->chain, seq, end, true,
                                     (struct toc_room){world->range, sizeof world->range}));
        seq = end + 1;
    }
    assert_code(world_load(world, last + 1, false, &got), TOC_ABSENT);
}

static inline bool world_log_key(void *arg, const uint8_t *log, uint8_t *key)
{
    const struct world *world = arg;
    memcpy(key, world->chain.keys.public_key, TOC_KEY_BYTES);
    return memcmp(log, world->chain.log, TOC_ID_BYTES) == 0;
}

/* Verifies the store, which must be closed when `in_process`. */
static inline struct toc_err world_verify(struct world *world, bool in_process,
                                          struct toc_verify_report *report)
{
    struct toc_verify_options options = {
        .log_key = world_log_key, .arg = world, .in_process = in_process};
    memcpy(options.federation, world->chain.federation, TOC_ID_BYTES);
    return toc_store_verify(world_path(world), &options, report);
}

#endif
