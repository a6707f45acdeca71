/* SPDX-License-Identifier: EUPL-1.2 */
#include "check.h"
#include "folder.h"

#include <signal.h>
#include <sys/resource.h>

#include "db.h"

static const struct toc_db_options options = {.map_bytes = 64u << 20};

struct world {
    struct folder folder;
    struct toc_db *db;
};

static int make(void **state)
{
    static struct world world;
    folder_make(&world.folder);
    *state = &world;
    return toc_failed(toc_db_open(&world.db, folder_path(&world.folder, "store"), &options));
}

static int unmake(void **state)
{
    struct world *world = *state;
    toc_db_close(world->db);
    folder_remove(&world->folder);
    return 0;
}

static struct toc_span number_key(struct toc_db_key *key, uint32_t number)
{
    toc_db_key_make(key, TOC_DB_HEADS, 1, number);
    return toc_db_key_span(key);
}

static struct toc_err get(struct toc_db *db, enum toc_db_table table, struct toc_span key,
                          uint8_t *out, size_t *len)
{
    struct toc_db_read *read;
    struct toc_span value;
    struct toc_err err = toc_db_read_begin(db, &read);
    if (!toc_failed(err)) {
        err = toc_db_get(read, table, key, &value);
        if (!toc_failed(err)) {
            memcpy(out, value.at, value.len);
            *len = value.len;
        }
        toc_db_read_end(read);
    }
    return err;
}

static void put_number(struct toc_db_txn *txn, uint32_t number)
{
    struct toc_db_key key;
    toc_db_put(txn, TOC_DB_HEADS, number_key(&key, number), toc_span("value", 5));
}

static bool has_number(struct toc_db *db, uint32_t number)
{
    struct toc_db_key key;
    uint8_t out[16];
    size_t len = 0;
    struct toc_err err = get(db, TOC_DB_HEADS, number_key(&key, number), out, &len);
    assert_true(err.code == TOC_OK || err.code == TOC_ABSENT);
    return err.code == TOC_OK && len == 5;
}

static void transaction_keeps_its_first_failure(void **state)
{
    struct world *world = *state;
    struct toc_db_txn *txn;
    struct toc_span value;
    assert_ok(toc_db_begin(world->db, &txn));
    put_number(txn, 1);
    toc_db_fail(txn, toc_ok());
    assert_ok(toc_db_failure(txn));
    toc_db_fail(txn, toc_fail(TOC_CHAIN, "first"));
    toc_db_fail(txn, toc_fail(TOC_FORK, "second"));
    put_number(txn, 2);
    toc_db_del(txn, TOC_DB_HEADS, toc_span("x", 1));
    toc_db_drop(txn, TOC_DB_HEADS);
    assert_code(toc_db_get(toc_db_txn_read(txn), TOC_DB_HEADS, toc_span("x", 1), &value),
                TOC_CHAIN);
    assert_code(toc_db_commit(txn), TOC_CHAIN);
    assert_false(has_number(world->db, 1));
    assert_false(has_number(world->db, 2));
    assert_false(toc_db_broken(world->db));
}

static void failed_put_makes_commit_an_abort(void **state)
{
    static const uint8_t long_key[TOC_DB_KEY_BYTES_MAX + 1] = {1};
    struct world *world = *state;
    struct toc_db_txn *txn;
    assert_ok(toc_db_begin(world->db, &txn));
    put_number(txn, 1);
    toc_db_put(txn, TOC_DB_INFO, toc_span(long_key, sizeof long_key), toc_span("v", 1));
    assert_code(toc_db_failure(txn), TOC_LIMIT);
    assert_code(toc_db_commit(txn), TOC_LIMIT);
    assert_false(has_number(world->db, 1));
    assert_ok(toc_db_begin(world->db, &txn));
    put_number(txn, 1);
    assert_ok(toc_db_commit(txn));
    assert_true(has_number(world->db, 1));
}

static void value_beyond_the_bound_is_held_as_limit(void **state)
{
    struct world *world = *state;
    struct toc_db_txn *txn;
    uint8_t *large = calloc(1, TOC_DB_VALUE_BYTES_MAX + 1);
    assert_non_null(large);
    assert_ok(toc_db_begin(world->db, &txn));
    toc_db_put(txn, TOC_DB_INFO, toc_span("k", 1), toc_span(large, TOC_DB_VALUE_BYTES_MAX));
    assert_code(toc_db_commit(txn), TOC_LIMIT);
    free(large);
}

struct ended {
    int calls;
    bool committed;
};

static void note_end(void *arg, bool committed)
{
    struct ended *ended = arg;
    ended->calls++;
    ended->committed = committed;
}

static void end_is_told_once_and_how(void **state)
{
    struct world *world = *state;
    struct toc_db_txn *txn;
    struct ended ended[3] = {{0, false}, {0, true}, {0, true}};
    assert_ok(toc_db_begin(world->db, &txn));
    toc_db_on_end(txn, note_end, &ended[0]);
    put_number(txn, 1);
    assert_ok(toc_db_commit(txn));
    assert_ok(toc_db_begin(world->db, &txn));
    toc_db_on_end(txn, note_end, &ended[1]);
    toc_db_abort(txn);
    assert_ok(toc_db_begin(world->db, &txn));
    toc_db_on_end(txn, note_end, &ended[2]);
    toc_db_fail(txn, toc_fail(TOC_CHAIN, "no"));
    assert_code(toc_db_commit(txn), TOC_CHAIN);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(ended[i].calls, 1);
        assert_int_equal(ended[i].committed, i == 0);
    }
}

static void snapshot_sees_one_commit(void **state)
{
    struct world *world = *state;
    struct toc_db_txn *txn;
    struct toc_db_read *read;
    struct toc_db_key key;
    struct toc_span value;
    assert_ok(toc_db_read_begin(world->db, &read));
    assert_ok(toc_db_begin(world->db, &txn));
    put_number(txn, 5);
    assert_ok(toc_db_get(toc_db_txn_read(txn), TOC_DB_HEADS, number_key(&key, 5), &value));
    assert_ok(toc_db_commit(txn));
    assert_code(toc_db_get(read, TOC_DB_HEADS, number_key(&key, 5), &value), TOC_ABSENT);
    assert_ok(toc_db_read_renew(read));
    assert_ok(toc_db_get(read, TOC_DB_HEADS, number_key(&key, 5), &value));
    toc_db_read_end(read);
}

static void keys_sort_by_number(void **state)
{
    static const uint64_t seqs[] = {1, 2, 63, 64, 255, 256, 65535, 65536, UINT32_MAX, UINT64_MAX};
    struct toc_db_key last = {0};
    (void)state;
    for (uint32_t log = 1; log < 600; log += 83) {
        for (size_t i = 0; i < sizeof seqs / sizeof seqs[0]; i++) {
            struct toc_db_key key;
            toc_db_key_make(&key, TOC_DB_BLOCKS, 2, log, seqs[i]);
            assert_int_equal(key.len, 12);
            assert_true(toc_span_compare(toc_db_key_span(&last), toc_db_key_span(&key)) < 0);
            last = key;
        }
    }
}

static void cursor_walks_both_ways(void **state)
{
    struct world *world = *state;
    struct toc_db_txn *txn;
    struct toc_db_read *read;
    struct toc_db_cursor cursor;
    struct toc_db_key key;
    assert_ok(toc_db_begin(world->db, &txn));
    for (uint32_t i = 10; i <= 50; i += 10) {
        put_number(txn, i);
    }
    assert_ok(toc_db_commit(txn));
    assert_ok(toc_db_read_begin(world->db, &read));
    assert_ok(toc_db_cursor_open(&cursor, read, TOC_DB_HEADS));
    assert_ok(toc_db_seek(&cursor, toc_span(NULL, 0)));
    assert_int_equal(toc_be32(cursor.key.at), 10);
    assert_code(toc_db_prev(&cursor), TOC_ABSENT);
    assert_ok(toc_db_seek(&cursor, number_key(&key, 21)));
    assert_int_equal(toc_be32(cursor.key.at), 30);
    assert_ok(toc_db_next(&cursor));
    assert_int_equal(toc_be32(cursor.key.at), 40);
    assert_ok(toc_db_seek_before(&cursor, number_key(&key, 40)));
    assert_int_equal(toc_be32(cursor.key.at), 30);
    assert_ok(toc_db_seek_before(&cursor, number_key(&key, 999)));
    assert_int_equal(toc_be32(cursor.key.at), 50);
    assert_code(toc_db_next(&cursor), TOC_ABSENT);
    assert_code(toc_db_seek_before(&cursor, number_key(&key, 10)), TOC_ABSENT);
    assert_code(toc_db_seek(&cursor, number_key(&key, 51)), TOC_ABSENT);
    toc_db_cursor_close(&cursor);
    toc_db_cursor_close(&cursor);
    toc_db_read_end(read);
}

static void sorted_rows_are_as_rows_put_one_by_one(void **state)
{
    struct world *world = *state;
    struct toc_db_txn *txn;
    struct toc_db_key keys[100];
    struct toc_db_row rows[100];
    assert_ok(toc_db_begin(world->db, &txn));
    put_number(txn, 7);
    for (uint32_t i = 0; i < 100; i++) {
        rows[i].key = number_key(&keys[i], i + 1);
        rows[i].value = toc_span("value", 5);
    }
    toc_db_put_sorted(txn, TOC_DB_HEADS, rows, 100);
    assert_ok(toc_db_commit(txn));
    for (uint32_t i = 1; i <= 100; i++) {
        assert_true(has_number(world->db, i));
    }
}

/* A write that the system refuses: no commit is reported, nothing is half there, and after a
 * reopen everything goes on. */
static void failed_commit_stops_writing_until_reopened(void **state)
{
    struct world *world = *state;
    struct toc_db_txn *txn;
    struct toc_db_key key;
    struct rlimit before;
    static uint8_t large[4u << 20];
    uint8_t out[16];
    size_t len;
    assert_ok(toc_db_begin(world->db, &txn));
    put_number(txn, 1);
    assert_ok(toc_db_commit(txn));
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    const struct rlimit low = {1u << 20, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &low), 0);
    assert_ok(toc_db_begin(world->db, &txn));
    put_number(txn, 2);
    toc_db_put(txn, TOC_DB_INFO, toc_span("large", 5), toc_span(large, sizeof large));
    struct toc_err err = toc_db_commit(txn);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    (void)signal(SIGXFSZ, handler);

    assert_true(toc_failed(err));
    assert_true(toc_db_broken(world->db));
    assert_code(toc_db_begin(world->db, &txn), TOC_STATE);
    assert_null(txn);
    assert_ok(toc_db_reopen(world->db));
    assert_false(toc_db_broken(world->db));
    assert_true(has_number(world->db, 1));
    assert_false(has_number(world->db, 2));
    assert_code(get(world->db, TOC_DB_HEADS, number_key(&key, 2), out, &len), TOC_ABSENT);
    assert_ok(toc_db_begin(world->db, &txn));
    put_number(txn, 2);
    assert_ok(toc_db_commit(txn));
    assert_true(has_number(world->db, 2));
}

static void full_disk_is_told_and_writing_goes_on_with_room(void **state)
{
    struct folder folder;
    struct toc_db *db;
    struct toc_db_txn *txn;
    struct toc_err err = toc_ok();
    static uint8_t large[1u << 20];
    (void)state;
    if (!folder_make_small(&folder, 24u << 20)) {
        print_message("skipped: no tmpfs of its own may be mounted here\n");
        folder_remove(&folder);
        skip();
    }
    assert_ok(toc_db_open(&db, folder_path(&folder, "store"), &options));
    folder_write(folder_path(&folder, "ballast"), NULL, 14u << 20);
    uint32_t stored = 0;
    while (!toc_failed(err) && stored < 100) {
        assert_ok(toc_db_begin(db, &txn));
        toc_db_put(txn, TOC_DB_CHUNKS, toc_span(&stored, sizeof stored),
                   toc_span(large, sizeof large));
        put_number(txn, stored);
        err = toc_db_commit(txn);
        stored += toc_failed(err) ? 0 : 1;
    }
    assert_code(err, TOC_DISK_FULL);
    assert_true(toc_db_broken(db));
    assert_true(stored > 0 && stored < 12);
    for (uint32_t i = 0; i < stored; i++) {
        assert_true(has_number(db, i));
    }
    assert_code(toc_db_backup(db, folder_path(&folder, "copy")), TOC_DISK_FULL);
    assert_int_equal(access(folder_path(&folder, "copy"), F_OK), -1);
    assert_int_equal(access(folder_path(&folder, "copy.new"), F_OK), -1);
    assert_int_equal(unlink(folder_path(&folder, "ballast")), 0);
    assert_ok(toc_db_reopen(db));
    assert_ok(toc_db_begin(db, &txn));
    put_number(txn, stored);
    assert_ok(toc_db_commit(txn));
    assert_true(has_number(db, stored));
    toc_db_close(db);
    folder_remove(&folder);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, make, unmake)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(transaction_keeps_its_first_failure),
        CASE(failed_put_makes_commit_an_abort),
        CASE(value_beyond_the_bound_is_held_as_limit),
        CASE(end_is_told_once_and_how),
        CASE(snapshot_sees_one_commit),
        cmocka_unit_test(keys_sort_by_number),
        CASE(cursor_walks_both_ways),
        CASE(sorted_rows_are_as_rows_put_one_by_one),
        CASE(failed_commit_stops_writing_until_reopened),
        cmocka_unit_test(full_disk_is_told_and_writing_goes_on_with_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
