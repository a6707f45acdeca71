/* SPDX-License-Identifier: EUPL-1.2 */
/* How much disk entries take, as a ratio; and what a full one does. */
#include "world.h"

#include <signal.h>
#include <sys/resource.h>

#define DISK_RATIO_MAX 1.10 /* 10-performance: of payload bytes, after blocks complete */

/* Entries of 1 KiB, whole blocks as in catch-up, 8 blocks a commit. */
static void whole_blocks_take_little_more_than_their_payloads(void **state)
{
    enum { BLOCKS = 120, ENTRY_BYTES = 1024 };
    struct world *world = *state;
    struct toc_store_stat before;
    struct toc_store_stat after;
    struct toc_store_txn *txn = NULL;
    struct chain *chain = &world->chain;
    assert_ok(toc_store_stat(world->store, &before));
    for (unsigned block = 0; block < BLOCKS; block++) {
        struct toc_log_head head = chain->head;
        for (int i = 0; i < 64; i++) {
            (void)chain_add(chain, ENTRY_BYTES, 1);
        }
        struct toc_store_op op = {.kind = TOC_STORE_RANGE, .head = chain->head};
        memcpy(op.log, chain->log, TOC_ID_BYTES);
        op.bytes =
            chain_range(chain, 1, 64, true, (struct toc_room){world->range, sizeof world->range});
        if (txn == NULL) {
            assert_ok(toc_store_begin(world->store, &txn));
        }
        assert_ok(toc_store_apply(txn, &op, 1));
        if (block % 8 == 7) {
            assert_ok(toc_store_commit(txn));
            txn = NULL;
        }
        assert_int_equal(head.seq, (uint64_t)block * 64);
        chain_clear(chain);
    }
    assert_ok(toc_store_stat(world->store, &after));
    double ratio =
        (double)(after.file_bytes - before.file_bytes) / ((double)BLOCKS * 64 * ENTRY_BYTES);
    print_message("disk: %.3f x payload bytes, whole blocks\n", ratio);
    assert_true(ratio <= DISK_RATIO_MAX);
}

/* The same entries one by one, each in a commit of its own: pages of tails are used again. */
static void single_entries_end_as_small(void **state)
{
    enum { ENTRIES = 500, ENTRY_BYTES = 1024 };
    struct world *world = *state;
    struct toc_db_stat stat;
    for (unsigned i = 1; i <= ENTRIES; i++) {
        (void)chain_add(&world->chain, ENTRY_BYTES, 1);
    }
    for (unsigned i = 1; i <= 448; i++) {
        assert_ok(world_put(world, i, i));
    }
    assert_ok(toc_db_stat(toc_store_db(world->store), &stat));
    double ratio = (double)stat.used_bytes / (448.0 * ENTRY_BYTES);
    print_message("disk: %.3f x payload bytes, entry by entry\n", ratio);
    assert_true(ratio <= 1.2);
}

static void full_disk_refuses_and_goes_on_with_room(void **state)
{
    struct world small = {0};
    uint64_t held = 0;
    bool full = false;
    (void)state;
    if (!folder_make_small(&small.folder, 8u << 20)) {
        print_message("skipped: no tmpfs of its own may be mounted here\n");
        folder_remove(&small.folder);
        skip();
    }
    struct world *world = calloc(1, sizeof *world);
    assert_non_null(world);
    world->folder = small.folder;
    chain_init(&world->chain, 1);
    world_open(world);
    folder_write(folder_path(&world->folder, "ballast"), NULL, 6u << 20);
    for (int i = 0; i < 500; i++) {
        (void)chain_add(&world->chain, 30000, 1);
    }
    while (held < 100) {
        struct toc_store_txn *txn;
        struct toc_store_op op = world_op(&world->chain, held + 1, held + 1,
                                          (struct toc_room){world->range, sizeof world->range});
        assert_ok(toc_store_begin(world->store, &txn));
        assert_ok(toc_store_apply(txn, &op, 1));
        struct toc_err err = toc_store_commit(txn);
        if (!toc_failed(err)) {
            held++;
            continue;
        }
        assert_false(full);
        full = true;
        assert_code(err, TOC_DISK_FULL);
        assert_true(toc_db_broken(toc_store_db(world->store)));
        assert_code(toc_store_begin(world->store, &txn), TOC_STATE);
        world_assert_holds(world, held);
        assert_int_equal(unlink(folder_path(&world->folder, "ballast")), 0);
        assert_ok(toc_store_reopen(world->store));
        world_assert_holds(world, held);
    }
    assert_true(full);
    world_assert_holds(world, held);
    struct toc_verify_report report;
    assert_ok(world_verify(world, false, &report));
    toc_store_close(world->store);
    chain_clear(&world->chain);
    folder_remove(&world->folder);
    free(world);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, world_make, world_unmake)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(whole_blocks_take_little_more_than_their_payloads),
        CASE(single_entries_end_as_small),
        cmocka_unit_test(full_disk_refuses_and_goes_on_with_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
