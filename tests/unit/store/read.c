/* SPDX-License-Identifier: EUPL-1.2 */
#include "world.h"

static void range_is_given_from_any_entry_to_the_end_of_its_block(void **state)
{
    struct world *world = *state;
    struct toc_span got;
    world_grow(world, 150);
    for (uint64_t seq = 1; seq <= 150; seq += 5) {
        uint64_t end = chain_block_end(&world->chain, seq);
        for (uint64_t at = seq; at < seq + 5; at = end + 1) {
            end = chain_block_end(&world->chain, at);
            end = end < seq + 4 ? end : seq + 4;
            assert_ok(world_put(world, at, end));
        }
    }
    for (unsigned headers_only = 0; headers_only < 2; headers_only++) {
        for (uint64_t seq = 1; seq <= 150; seq++) {
            uint64_t end = chain_block_end(&world->chain, seq);
            assert_ok(world_load(world, seq, headers_only == 1, &got));
            assert_span(got, chain_range(&world->chain, seq, end, headers_only == 0,
                                         (struct toc_room){world->range, sizeof world->range}));
        }
    }
}

static void what_is_not_there_is_absent(void **state)
{
    struct world *world = *state;
    struct toc_span got;
    struct toc_log_head head;
    struct toc_store_entry entry;
    world_grow(world, 10);
    assert_code(world_load(world, 1, false, &got), TOC_ABSENT);
    assert_code(toc_store_head(world->store, world->chain.log, &head), TOC_ABSENT);
    assert_ok(world_put(world, 1, 10));
    assert_code(world_load(world, 0, false, &got), TOC_ABSENT);
    assert_code(world_load(world, 11, false, &got), TOC_ABSENT);
    assert_code(world_load(world, UINT64_MAX, false, &got), TOC_ABSENT);
    assert_code(toc_store_read_entry(world->store, world->chain.log, 11, &entry), TOC_ABSENT);
    assert_null(entry.memory);
}

static void small_room_is_told(void **state)
{
    struct world *world = *state;
    size_t count = 9;
    world_grow(world, 10);
    assert_ok(world_put(world, 1, 10));
    struct toc_load load = {
        .kind = TOC_LOAD_RANGE, .seq = 1, .room = {world->room, TOC_SIG_BYTES + 100}};
    memcpy(load.log, world->chain.log, TOC_ID_BYTES);
    assert_code(toc_store_load(world->store, &load, &count), TOC_FULL);
    assert_int_equal(count, 0);
}

static void store_chunk(struct world *world, const struct chain_entry *entry, size_t index)
{
    struct toc_store_txn *txn;
    struct toc_chunk_place place = toc_chunk_place(entry->header.payload_bytes, index);
    struct toc_store_op op = {.kind = TOC_STORE_CHUNK,
                              .index = (uint32_t)index,
                              .bytes = {entry->payload + place.offset, place.len}};
    memcpy(op.payload_hash, entry->header.payload_hash, TOC_HASH_BYTES);
    assert_ok(toc_store_begin(world->store, &txn));
    assert_ok(toc_store_apply(txn, &op, 1));
    assert_ok(toc_store_commit(txn));
}

static void entries_are_read_with_their_payloads(void **state)
{
    struct world *world = *state;
    world_grow(world, 30);
    const struct chain_entry *large = chain_add(&world->chain, 400000, 1);
    world_put_all(world);
    for (uint64_t seq = 1; seq <= 30; seq++) {
        const struct chain_entry *wanted = &world->chain.entries[seq - 1];
        struct toc_store_entry entry;
        assert_ok(toc_store_read_entry(world->store, world->chain.log, seq, &entry));
        assert_int_equal(entry.header.seq, seq);
        assert_span(entry.bytes, toc_span(wanted->bytes, wanted->byte_count));
        assert_memory_equal(entry.hash, wanted->hash, TOC_HASH_BYTES);
        if (wanted->header.payload_bytes <= TOC_INLINE_BYTES_MAX) {
            assert_non_null(entry.payload.at);
            assert_span(entry.payload, toc_span(wanted->payload, wanted->header.payload_bytes));
        } else {
            assert_null(entry.payload.at);
        }
        toc_store_entry_clear(&entry);
    }
    size_t chunks = toc_chunk_count(400000);
    for (size_t i = 0; i < chunks; i++) {
        struct toc_store_entry entry;
        assert_ok(toc_store_read_entry(world->store, world->chain.log, 31, &entry));
        assert_null(entry.payload.at);
        toc_store_entry_clear(&entry);
        store_chunk(world, large, i);
    }
    struct toc_store_entry entry;
    assert_ok(toc_store_read_entry(world->store, world->chain.log, 31, &entry));
    assert_span(entry.payload, toc_span(large->payload, 400000));
    toc_store_entry_clear(&entry);
}

static void payload_that_came_later_is_joined_to_its_entry(void **state)
{
    struct world *world = *state;
    struct toc_store_txn *txn;
    struct toc_store_entry entry;
    const struct chain_entry *wanted = chain_add(&world->chain, 500, 1);
    struct toc_store_op op =
        world_op(&world->chain, 1, 1, (struct toc_room){world->range, sizeof world->range});
    op.bytes = chain_range(&world->chain, 1, 1, false,
                           (struct toc_room){world->range, sizeof world->range});
    assert_ok(toc_store_begin(world->store, &txn));
    assert_ok(toc_store_apply(txn, &op, 1));
    assert_ok(toc_store_commit(txn));
    assert_ok(toc_store_read_entry(world->store, world->chain.log, 1, &entry));
    assert_null(entry.payload.at);
    toc_store_entry_clear(&entry);
    store_chunk(world, wanted, 0);
    assert_ok(toc_store_read_entry(world->store, world->chain.log, 1, &entry));
    assert_span(entry.payload, toc_span(wanted->payload, 500));
    toc_store_entry_clear(&entry);
}

static void payload_in_its_block_is_loaded_as_its_only_chunk(void **state)
{
    struct world *world = *state;
    size_t count;
    world_grow(world, 3);
    world_put_all(world);
    const struct chain_entry *entry = &world->chain.entries[1];
    struct toc_load load = {
        .kind = TOC_LOAD_CHUNK, .seq = 2, .index = 0, .room = {world->room, sizeof world->room}};
    memcpy(load.log, world->chain.log, TOC_ID_BYTES);
    assert_ok(toc_store_load(world->store, &load, &count));
    assert_span(toc_span(world->room, count),
                toc_span(entry->payload, entry->header.payload_bytes));
    load.index = 1;
    assert_code(toc_store_load(world->store, &load, &count), TOC_ABSENT);
    load.index = 0;
    load.room.len = entry->header.payload_bytes - 1;
    assert_code(toc_store_load(world->store, &load, &count), TOC_FULL);
}

static void chunks_lists_and_records_are_loaded_by_entry(void **state)
{
    struct world *world = *state;
    struct toc_store_txn *txn;
    size_t count;
    world_grow(world, 5);
    const struct chain_entry *large = chain_add(&world->chain, 200000, 1);
    world_put_all(world);
    struct toc_load load = {
        .kind = TOC_LOAD_CHUNK, .seq = 6, .index = 1, .room = {world->room, sizeof world->room}};
    memcpy(load.log, world->chain.log, TOC_ID_BYTES);
    assert_code(toc_store_load(world->store, &load, &count), TOC_ABSENT);
    for (size_t i = 0; i < toc_chunk_count(200000); i++) {
        store_chunk(world, large, i);
    }
    for (uint32_t i = 0; i < toc_chunk_count(200000); i++) {
        struct toc_chunk_place place = toc_chunk_place(200000, i);
        load.index = i;
        assert_ok(toc_store_load(world->store, &load, &count));
        assert_span(toc_span(world->room, count),
                    toc_span(large->payload + place.offset, place.len));
    }
    load.kind = TOC_LOAD_CHUNK_LIST;
    assert_code(toc_store_load(world->store, &load, &count), TOC_ABSENT);
    struct toc_store_op op = {.kind = TOC_STORE_RECORD,
                              .table = 'W',
                              .key_len = TOC_HASH_BYTES,
                              .bytes = toc_span_str("the list")};
    memcpy(op.key, large->header.payload_hash, TOC_HASH_BYTES);
    assert_ok(toc_store_begin(world->store, &txn));
    assert_ok(toc_store_apply(txn, &op, 1));
    assert_ok(toc_store_commit(txn));
    assert_ok(toc_store_load(world->store, &load, &count));
    assert_span(toc_span(world->room, count), toc_span_str("the list"));
    load = (struct toc_load){.kind = TOC_LOAD_RECORD,
                             .table = 'W',
                             .key_len = TOC_HASH_BYTES,
                             .room = {world->room, sizeof world->room}};
    memcpy(load.key, large->header.payload_hash, TOC_HASH_BYTES);
    assert_ok(toc_store_load(world->store, &load, &count));
    assert_span(toc_span(world->room, count), toc_span_str("the list"));
    load.table = 'C';
    assert_code(toc_store_load(world->store, &load, &count), TOC_ABSENT);
}

struct heads {
    size_t count;
    uint64_t entries;
};

static struct toc_err note_head(void *arg, const uint8_t *log, const struct toc_log_head *head)
{
    struct heads *heads = arg;
    assert_false(toc_is_zero(log, TOC_ID_BYTES));
    heads->count++;
    heads->entries += head->seq;
    return toc_ok();
}

static void heads_are_listed(void **state)
{
    struct world *world = *state;
    struct heads heads = {0};
    assert_ok(toc_store_each_head(world->store, note_head, &heads));
    assert_int_equal(heads.count, 0);
    world_grow(world, 66);
    world_put_all(world);
    assert_ok(toc_store_each_head(world->store, note_head, &heads));
    assert_int_equal(heads.count, 1);
    assert_int_equal(heads.entries, 66);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, world_make, world_unmake)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(range_is_given_from_any_entry_to_the_end_of_its_block),
        CASE(what_is_not_there_is_absent),
        CASE(small_room_is_told),
        CASE(entries_are_read_with_their_payloads),
        CASE(payload_that_came_later_is_joined_to_its_entry),
        CASE(payload_in_its_block_is_loaded_as_its_only_chunk),
        CASE(chunks_lists_and_records_are_loaded_by_entry),
        CASE(heads_are_listed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
