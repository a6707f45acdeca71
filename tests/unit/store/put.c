/* SPDX-License-Identifier: EUPL-1.2 */
#include "world.h"

static void whole_blocks_and_tail_are_held(void **state)
{
    struct world *world = *state;
    world_grow(world, 200);
    world_put_all(world);
    world_assert_holds(world, 200);
    world_reopen(world);
    world_assert_holds(world, 200);
}

static void entries_one_by_one_make_the_same_blocks(void **state)
{
    struct world *world = *state;
    world_grow(world, 140);
    for (uint64_t seq = 1; seq <= 140; seq++) {
        assert_ok(world_put(world, seq, seq));
        if (seq % 23 == 0) {
            world_assert_holds(world, seq);
        }
    }
    world_assert_holds(world, 140);
    struct toc_store_stat stat;
    assert_ok(toc_store_stat(world->store, &stat));
    assert_int_equal(stat.entry_count, 140);
    assert_int_equal(stat.log_count, 1);
    uint64_t open = 140 - chain_head(&world->chain, 140).checkpoint_seq;
    assert_int_equal(stat.tail_count, open);
}

/* Any cut into ranges, any overlap, any number of jobs in a transaction, any eviction between. */
static void blocks_do_not_depend_on_how_entries_arrive(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 12; seed++) {
        void *made = NULL;
        uint64_t noise = seed;
        assert_int_equal(world_make(&made), 0);
        struct world *world = made;
        world->chain.seed = seed;
        world_grow(world, 150);
        uint64_t held = 0;
        while (held < 150) {
            struct toc_store_txn *txn;
            assert_ok(toc_store_begin(world->store, &txn));
            for (uint64_t jobs = check_random(&noise) % 20; jobs > 0 && held < 150; jobs--) {
                uint64_t first = held + 1;
                uint64_t checkpoint = chain_head(&world->chain, held).checkpoint_seq;
                if (held > checkpoint && check_random(&noise) % 4 == 0) {
                    first -= check_random(&noise) % (held - checkpoint + 1);
                }
                uint64_t end = chain_block_end(&world->chain, held + 1);
                uint64_t last = held + 1 + check_random(&noise) % (end - held);
                struct toc_store_op op =
                    world_op(&world->chain, first, last,
                             (struct toc_room){world->range, sizeof world->range});
                assert_ok(toc_store_apply(txn, &op, 1));
                held = last;
            }
            assert_ok(toc_store_commit(txn));
        }
        world_assert_holds(world, 150);
        struct toc_verify_report report;
        assert_ok(world_verify(world, false, &report));
        assert_int_equal(report.entry_count, 150);
        assert_int_equal(world_unmake(&made), 0);
    }
}

static void repeated_jobs_change_nothing(void **state)
{
    struct world *world = *state;
    struct toc_store_stat before;
    struct toc_store_stat after;
    world_grow(world, 100);
    world_put_all(world);
    assert_ok(toc_store_stat(world->store, &before));
    world_put_all(world);
    assert_ok(world_put(world, 70, 75));
    assert_ok(toc_store_stat(world->store, &after));
    assert_memory_equal(&before, &after, sizeof before);
    world_assert_holds(world, 100);
}

static void gap_and_foreign_predecessor_are_refused_and_others_go_on(void **state)
{
    struct world *world = *state;
    struct chain *other = calloc(1, sizeof *other);
    struct toc_store_txn *txn;
    uint8_t *range = malloc(TOC_RANGE_BYTES_MAX);
    struct toc_room room = {range, TOC_RANGE_BYTES_MAX};
    assert_non_null(other);
    assert_non_null(range);
    world_grow(world, 20);
    chain_init(other, 1); /* same keys, so the same log: another history */
    other->seed = 99;
    for (int i = 0; i < 20; i++) {
        (void)chain_add(other, 50, 1);
    }
    assert_ok(world_put(world, 1, 5));
    assert_ok(toc_store_begin(world->store, &txn));
    struct toc_store_op op = world_op(&world->chain, 7, 8, room);
    assert_code(toc_store_apply(txn, &op, 1), TOC_CHAIN);
    op = world_op(other, 6, 8, room);
    assert_code(toc_store_apply(txn, &op, 1), TOC_CHAIN);
    op = world_op(&world->chain, 6, 8, room);
    op.head.seq = 9;
    assert_code(toc_store_apply(txn, &op, 1), TOC_MALFORMED);
    op = world_op(&world->chain, 6, 8, room);
    op.log[0] ^= 1;
    assert_code(toc_store_apply(txn, &op, 1), TOC_MALFORMED);
    op = world_op(&world->chain, 6, 8, room);
    op.bytes.len = 40;
    assert_code(toc_store_apply(txn, &op, 1), TOC_TRUNCATED);
    op = world_op(&world->chain, 6, 8, room);
    assert_ok(toc_store_apply(txn, &op, 1));
    assert_ok(toc_store_commit(txn));
    world_assert_holds(world, 8);
    chain_clear(other);
    free(other);
    free(range);
}

static struct toc_store_op record_op(const char *key, const char *value)
{
    struct toc_store_op op = {.kind = TOC_STORE_RECORD, .table = 'C', .key_len = strlen(key)};
    memcpy(op.key, key, op.key_len);
    op.bytes = toc_span_str(value);
    return op;
}

static void job_is_all_or_nothing(void **state)
{
    struct world *world = *state;
    struct toc_store_txn *txn;
    struct toc_store_op ops[3];
    uint8_t out[8];
    size_t len;
    world_grow(world, 20);
    ops[0] = record_op("org", "card");
    ops[1] = world_op(&world->chain, 1, 3, (struct toc_room){world->range, sizeof world->range});
    ops[2] = world_op(&world->chain, 5, 6, (struct toc_room){world->room, sizeof world->room});
    assert_ok(toc_store_begin(world->store, &txn));
    assert_code(toc_store_apply(txn, ops, 3), TOC_CHAIN);
    assert_ok(toc_store_commit(txn));
    struct toc_log_head head;
    assert_code(toc_store_head(world->store, world->chain.log, &head), TOC_ABSENT);
    struct toc_room room = {out, sizeof out};
    assert_code(toc_store_get_record(world->store, 'C', toc_span_str("org"), room, &len),
                TOC_ABSENT);
    ops[2] = world_op(&world->chain, 4, 6, (struct toc_room){world->room, sizeof world->room});
    assert_ok(toc_store_begin(world->store, &txn));
    assert_ok(toc_store_apply(txn, ops, 3));
    assert_ok(toc_store_commit(txn));
    world_assert_holds(world, 6);
    assert_ok(toc_store_get_record(world->store, 'C', toc_span_str("org"), room, &len));
    assert_int_equal(len, 4);
}

static void abort_leaves_no_trace(void **state)
{
    struct world *world = *state;
    struct toc_store_txn *txn;
    struct toc_store_stat before;
    struct toc_store_stat after;
    world_grow(world, 70);
    assert_ok(toc_store_stat(world->store, &before));
    assert_ok(toc_store_begin(world->store, &txn));
    struct toc_store_op op =
        world_op(&world->chain, 1, 10, (struct toc_room){world->range, sizeof world->range});
    assert_ok(toc_store_apply(txn, &op, 1));
    toc_store_abort(txn);
    assert_ok(toc_store_stat(world->store, &after));
    assert_memory_equal(&before, &after, sizeof before);
}

struct seen {
    size_t count;
    char text[256];
};

static struct toc_err note_record(void *arg, struct toc_span key, struct toc_span value)
{
    struct seen *seen = arg;
    size_t used = strlen(seen->text);
    (void)snprintf(seen->text + used, sizeof seen->text - used, "%.*s=%.*s ", (int)key.len,
                   (const char *)key.at, (int)value.len, (const char *)value.at);
    seen->count++;
    return seen->count == 5 ? toc_fail(TOC_LIMIT, "enough") : toc_ok();
}

static void records_are_replaced_removed_and_listed(void **state)
{
    static const char *const rows[][2] = {
        {"b", "1"}, {"a", "2"}, {"b", "3"}, {"c", "4"}, {"a", ""}};
    struct world *world = *state;
    struct toc_store_txn *txn;
    struct seen seen = {0};
    assert_ok(toc_store_begin(world->store, &txn));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct toc_store_op op = record_op(rows[i][0], rows[i][1]);
        assert_ok(toc_store_apply(txn, &op, 1));
        op.table = 'D'; /* a neighbour that must not be listed */
        assert_ok(toc_store_apply(txn, &op, 1));
    }
    assert_ok(toc_store_commit(txn));
    assert_ok(toc_store_each_record(world->store, 'C', note_record, &seen));
    assert_string_equal(seen.text, "b=3 c=4 ");
    seen = (struct seen){.count = 4};
    assert_code(toc_store_each_record(world->store, 'C', note_record, &seen), TOC_LIMIT);
    assert_string_equal(seen.text, "b=3 ");
    seen = (struct seen){0};
    assert_ok(toc_store_each_record(world->store, 'X', note_record, &seen));
    assert_int_equal(seen.count, 0);
}

static struct toc_err count_record(void *arg, struct toc_span key, struct toc_span value)
{
    uint64_t *sum = arg;
    assert_int_equal(key.len, 4);
    assert_int_equal(value.len, 1 + toc_be32(key.at) * 37 % 5000);
    *sum += toc_be32(key.at);
    return toc_ok();
}

static void many_records_are_listed_in_portions(void **state)
{
    struct world *world = *state;
    struct toc_store_txn *txn;
    static uint8_t value[5001];
    uint64_t sum = 0;
    uint64_t wanted = 0;
    assert_ok(toc_store_begin(world->store, &txn));
    for (uint32_t i = 1; i <= 3000; i++) {
        struct toc_store_op op = {.kind = TOC_STORE_RECORD, .table = 'B', .key_len = 4};
        toc_put_be32(op.key, i);
        op.bytes = toc_span(value, 1 + i * 37 % 5000);
        assert_ok(toc_store_apply(txn, &op, 1));
        wanted += i;
    }
    assert_ok(toc_store_commit(txn));
    assert_ok(toc_store_each_record(world->store, 'B', count_record, &sum));
    assert_int_equal(sum, wanted);
}

static void bounds_of_records_and_chunks_are_kept(void **state)
{
    struct world *world = *state;
    struct toc_store_txn *txn;
    static uint8_t bytes[TOC_STORE_RECORD_BYTES_MAX + 1];
    assert_ok(toc_store_begin(world->store, &txn));
    struct toc_store_op op = record_op("", "x");
    assert_code(toc_store_apply(txn, &op, 1), TOC_LIMIT);
    op = record_op("key", "x");
    op.key_len = sizeof op.key + 1;
    assert_code(toc_store_apply(txn, &op, 1), TOC_LIMIT);
    op.key_len = 3;
    op.bytes = toc_span(bytes, sizeof bytes);
    assert_code(toc_store_apply(txn, &op, 1), TOC_LIMIT);
    op =
        (struct toc_store_op){.kind = TOC_STORE_CHUNK, .bytes = {bytes, TOC_CHUNK_FIRST_BYTES + 1}};
    assert_code(toc_store_apply(txn, &op, 1), TOC_LIMIT);
    op.bytes.len = 10;
    op.index = TOC_CHUNK_COUNT_MAX;
    assert_code(toc_store_apply(txn, &op, 1), TOC_LIMIT);
    op.index = 0;
    assert_ok(toc_store_apply(txn, &op, 1));
    assert_ok(toc_store_commit(txn));
}

/* More logs than a transaction keeps at hand: each gives way to another and comes back. */
static void many_logs_in_one_transaction(void **state)
{
    enum { LOGS = 150, ENTRIES = 3 };
    struct world *world = *state;
    struct toc_store_txn *txn;
    struct chain *chains = calloc(LOGS, sizeof *chains);
    assert_non_null(chains);
    assert_ok(toc_store_begin(world->store, &txn));
    for (unsigned round = 0; round < ENTRIES; round++) {
        for (unsigned i = 0; i < LOGS; i++) {
            struct chain *chain = &chains[i];
            if (round == 0) {
                chain_init(chain, 2 + i);
            }
            (void)chain_add(chain, 100, 1);
            struct toc_store_op op = world_op(chain, round + 1, round + 1,
                                              (struct toc_room){world->range, sizeof world->range});
            assert_ok(toc_store_apply(txn, &op, 1));
        }
    }
    assert_ok(toc_store_commit(txn));
    for (unsigned i = 0; i < LOGS; i++) {
        struct toc_log_head head;
        assert_ok(toc_store_head(world->store, chains[i].log, &head));
        assert_memory_equal(&head, &chains[i].head, sizeof head);
        chain_clear(&chains[i]);
    }
    free(chains);
    struct toc_verify_report report;
    assert_ok(world_verify(world, false, &report));
    assert_int_equal(report.log_count, LOGS);
    assert_int_equal(report.unsigned_log_count, LOGS);
    assert_int_equal(report.entry_count, LOGS * ENTRIES);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, world_make, world_unmake)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(whole_blocks_and_tail_are_held),
        CASE(entries_one_by_one_make_the_same_blocks),
        cmocka_unit_test(blocks_do_not_depend_on_how_entries_arrive),
        CASE(repeated_jobs_change_nothing),
        CASE(gap_and_foreign_predecessor_are_refused_and_others_go_on),
        CASE(job_is_all_or_nothing),
        CASE(abort_leaves_no_trace),
        CASE(records_are_replaced_removed_and_listed),
        CASE(many_records_are_listed_in_portions),
        CASE(bounds_of_records_and_chunks_are_kept),
        CASE(many_logs_in_one_transaction),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
