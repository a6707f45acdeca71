/* SPDX-License-Identifier: EUPL-1.2 */
#include "check.h"
#include "folder.h"

#include <fcntl.h>
#include <sys/wait.h>

#include "db.h"

static const struct toc_db_options writing = {.map_bytes = 64u << 20};
static const struct toc_db_options reading = {.map_bytes = 64u << 20, .read_only = true};

static int make(void **state)
{
    static struct folder folder;
    folder_make(&folder);
    *state = &folder;
    return 0;
}

static int unmake(void **state)
{
    folder_remove(*state);
    return 0;
}

static void put_text(struct toc_db *db, const char *key, const char *value)
{
    struct toc_db_txn *txn;
    assert_ok(toc_db_begin(db, &txn));
    toc_db_put(txn, TOC_DB_INFO, toc_span_str(key), toc_span_str(value));
    assert_ok(toc_db_commit(txn));
}

static void assert_text(struct toc_db *db, const char *key, const char *wanted)
{
    struct toc_db_read *read;
    struct toc_span value;
    assert_ok(toc_db_read_begin(db, &read));
    assert_ok(toc_db_get(read, TOC_DB_INFO, toc_span_str(key), &value));
    assert_span(value, toc_span_str(wanted));
    toc_db_read_end(read);
}

static void absent_store_is_made_and_opens_again(void **state)
{
    const char *path = folder_path(*state, "store");
    struct toc_db *db;
    assert_ok(toc_db_open(&db, path, &writing));
    put_text(db, "colour", "blue");
    toc_db_close(db);
    assert_ok(toc_db_open(&db, path, &writing));
    assert_text(db, "colour", "blue");
    toc_db_close(db);
    assert_int_equal(access(folder_path(*state, "store.new"), F_OK), -1);
}

static void empty_folder_becomes_a_store(void **state)
{
    const char *path = folder_path(*state, "store");
    struct toc_db *db;
    assert_int_equal(mkdir(path, 0755), 0);
    assert_ok(toc_db_open(&db, path, &writing));
    toc_db_close(db);
}

static void leftover_of_a_cut_creation_is_replaced(void **state)
{
    struct toc_db *db;
    assert_int_equal(mkdir(folder_path(*state, "store.new"), 0700), 0);
    folder_write(folder_path(*state, "store.new/data.mdb"), NULL, 5000);
    folder_write(folder_path(*state, "store.new/lock.mdb"), NULL, 10);
    assert_ok(toc_db_open(&db, folder_path(*state, "store"), &writing));
    toc_db_close(db);
    assert_int_equal(access(folder_path(*state, "store.new"), F_OK), -1);
}

static void files_are_for_the_owner_alone(void **state)
{
    static const struct {
        const char *name;
        unsigned mode;
    } rows[] = {{"store", 0700}, {"store/data.mdb", 0600}, {"store/lock.mdb", 0600}};
    struct toc_db *db;
    mode_t mask = umask(0);
    assert_ok(toc_db_open(&db, folder_path(*state, "store"), &writing));
    toc_db_close(db);
    assert_int_equal(chmod(folder_path(*state, "store"), 0755), 0);
    assert_int_equal(chmod(folder_path(*state, "store/data.mdb"), 0644), 0);
    assert_ok(toc_db_open(&db, folder_path(*state, "store"), &writing));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct stat file;
        assert_int_equal(stat(folder_path(*state, rows[i].name), &file), 0);
        assert_int_equal(file.st_mode & 07777u, rows[i].mode);
    }
    toc_db_close(db);
    (void)umask(mask);
}

static void reader_needs_a_store(void **state)
{
    struct toc_db *db;
    assert_code(toc_db_open(&db, folder_path(*state, "store"), &reading), TOC_ABSENT);
    assert_null(db);
    assert_int_equal(access(folder_path(*state, "store"), F_OK), -1);
}

static void one_process_opens_it_once(void **state)
{
    const char *path = folder_path(*state, "store");
    struct toc_db *db;
    struct toc_db *second;
    assert_ok(toc_db_open(&db, path, &writing));
    assert_code(toc_db_open(&second, path, &writing), TOC_LOCKED);
    assert_code(toc_db_open(&second, path, &reading), TOC_LOCKED);
    put_text(db, "still", "here");
    assert_text(db, "still", "here");
    toc_db_close(db);
}

static void another_process_reads_beside_it(void **state)
{
    const char *path = folder_path(*state, "store");
    struct toc_db *db;
    int status;
    assert_ok(toc_db_open(&db, path, &writing));
    put_text(db, "colour", "green");
    pid_t child = fork();
    if (child == 0) {
        struct toc_db *beside;
        struct toc_db_read *read;
        struct toc_span value;
        bool good = !toc_failed(toc_db_open(&beside, path, &reading)) &&
                    !toc_failed(toc_db_read_begin(beside, &read)) &&
                    !toc_failed(toc_db_get(read, TOC_DB_INFO, toc_span_str("colour"), &value)) &&
                    toc_span_equal(value, toc_span_str("green"));
        _exit(good ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    put_text(db, "colour", "red");
    assert_text(db, "colour", "red");
    toc_db_close(db);
}

/* What lies in the folder before; what opening must say; the folder must stay as it was. */
static void what_is_no_store_is_left_alone(void **state)
{
    static const struct {
        const char *file;
        size_t len;
    } rows[] = {
        {"store/notes.txt", 5},     /* 1: other files, no data.mdb */
        {"store/data.mdb", 0},      /* 2: empty, as after a cut of a bare LMDB creation */
        {"store/data.mdb", 100},    /* 3: shorter than the meta pages */
        {"store/data.mdb", 65536},  /* 4: zeros */
        {"store/data.mdb", 300000}, /* 5: more zeros */
    };
    struct toc_db *db;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct stat file;
        assert_int_equal(mkdir(folder_path(*state, "store"), 0700), 0);
        folder_write(folder_path(*state, rows[i].file), NULL, rows[i].len);
        assert_code(toc_db_open(&db, folder_path(*state, "store"), &writing), TOC_CORRUPT);
        assert_null(db);
        assert_int_equal(stat(folder_path(*state, rows[i].file), &file), 0);
        assert_int_equal(file.st_size, rows[i].len);
        (void)unlink(folder_path(*state, rows[i].file));
        (void)unlink(folder_path(*state, "store/lock.mdb"));
        assert_int_equal(rmdir(folder_path(*state, "store")), 0);
    }
}

static void another_schema_does_not_open(void **state)
{
    const char *path = folder_path(*state, "store");
    struct toc_db *db;
    struct toc_db_txn *txn;
    const uint8_t other[4] = {TOC_DB_SCHEMA + 1};
    assert_ok(toc_db_open(&db, path, &writing));
    assert_ok(toc_db_begin(db, &txn));
    toc_db_put(txn, TOC_DB_INFO, toc_span_str("schema"), toc_span(other, sizeof other));
    assert_ok(toc_db_commit(txn));
    toc_db_close(db);
    struct toc_err err = toc_db_open(&db, path, &writing);
    assert_code(err, TOC_CORRUPT);
    assert_non_null(strstr(err.why, "another version"));
    assert_code(toc_db_open(&db, path, &reading), TOC_CORRUPT);
}

static void folder_that_may_not_be_written_is_told(void **state)
{
    struct toc_db *db;
    assert_int_not_equal(
        toc_db_open(&db, folder_path(*state, "no/such/folder/store"), &writing).code, TOC_OK);
    assert_null(db);
}

static void map_is_as_large_as_the_system_grants(void **state)
{
    const struct toc_db_options large = {.map_bytes = 0};
    struct toc_db *db;
    struct toc_db_stat stat;
    assert_ok(toc_db_open(&db, folder_path(*state, "store"), &large));
    assert_ok(toc_db_stat(db, &stat));
    assert_true(stat.map_bytes >= (uint64_t)64 << 20);
    assert_true(stat.map_bytes <= TOC_DB_MAP_BYTES);
    assert_true(stat.space_bytes > 0);
    assert_int_equal(stat.row_count[TOC_DB_INFO], 1);
    toc_db_close(db);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, make, unmake)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(absent_store_is_made_and_opens_again),
        CASE(empty_folder_becomes_a_store),
        CASE(leftover_of_a_cut_creation_is_replaced),
        CASE(files_are_for_the_owner_alone),
        CASE(reader_needs_a_store),
        CASE(one_process_opens_it_once),
        CASE(another_process_reads_beside_it),
        CASE(what_is_no_store_is_left_alone),
        CASE(another_schema_does_not_open),
        CASE(folder_that_may_not_be_written_is_told),
        CASE(map_is_as_large_as_the_system_grants),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
