/* SPDX-License-Identifier: EUPL-1.2 */
/* Bit rot and backups. */
#include "check.h"
#include "folder.h"

#include <fcntl.h>

#include "db.h"

#define ROWS 40u
#define VALUE_BYTES 3000u

static const struct toc_db_options writing = {.map_bytes = 64u << 20};
static const struct toc_db_options reading = {.map_bytes = 64u << 20, .read_only = true};

static void fill(struct toc_db *db, uint8_t mark)
{
    struct toc_db_txn *txn;
    uint8_t value[VALUE_BYTES];
    assert_ok(toc_db_begin(db, &txn));
    for (uint32_t i = 0; i < ROWS; i++) {
        struct toc_db_key key;
        memset(value, (int)(mark + i), sizeof value);
        toc_db_key_make(&key, TOC_DB_BLOCKS, 2, i, (uint64_t)64);
        toc_db_put(txn, TOC_DB_BLOCKS, toc_db_key_span(&key), toc_span(value, sizeof value));
    }
    assert_ok(toc_db_commit(txn));
}

/* How many rows read as they were written; all others must say that they are damaged. */
static uint32_t count_whole(struct toc_db *db, uint8_t mark)
{
    struct toc_db_read *read;
    uint32_t whole = 0;
    assert_ok(toc_db_read_begin(db, &read));
    for (uint32_t i = 0; i < ROWS; i++) {
        struct toc_db_key key;
        struct toc_span value;
        toc_db_key_make(&key, TOC_DB_BLOCKS, 2, i, (uint64_t)64);
        struct toc_err err = toc_db_get(read, TOC_DB_BLOCKS, toc_db_key_span(&key), &value);
        if (toc_failed(err)) {
            assert_code(err, TOC_CORRUPT);
            continue;
        }
        assert_int_equal(value.len, VALUE_BYTES);
        assert_int_equal(value.at[0], (uint8_t)(mark + i));
        whole++;
    }
    toc_db_read_end(read);
    assert_int_equal(toc_db_is_damaged(db), whole < ROWS);
    return whole;
}

static void flip(const char *path, off_t at, uint8_t bits)
{
    uint8_t byte;
    int fd = open(path, O_RDWR);
    assert_true(fd >= 0);
    assert_int_equal(pread(fd, &byte, 1, at), 1);
    byte ^= bits;
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    assert_int_equal(close(fd), 0);
}

/* The place of row i's value in the file. */
static off_t find_value(const char *path, uint8_t mark, uint32_t i)
{
    size_t len;
    char *bytes = check_read(path, &len);
    assert_non_null(bytes);
    uint8_t wanted[VALUE_BYTES];
    memset(wanted, (int)(mark + i), sizeof wanted);
    const char *at = memmem(bytes, len, wanted, sizeof wanted);
    assert_non_null(at);
    off_t place = at - bytes;
    free(bytes);
    return place;
}

static void flipped_bit_of_a_value_is_found(void **state)
{
    struct folder folder;
    struct toc_db *db;
    uint64_t seed = 6;
    (void)state;
    folder_make(&folder);
    assert_ok(toc_db_open(&db, folder_path(&folder, "store"), &writing));
    fill(db, 100);
    toc_db_close(db);
    for (uint32_t i = 0; i < ROWS; i += 3) {
        off_t at = find_value(folder_path(&folder, "store/data.mdb"), 100, i);
        at += (off_t)(check_random(&seed) % (VALUE_BYTES + 4)); /* checksum included */
        uint8_t bits = (uint8_t)(1u << (check_random(&seed) % 8));
        flip(folder_path(&folder, "store/data.mdb"), at, bits);
        assert_ok(toc_db_open(&db, folder_path(&folder, "store"), &writing));
        assert_int_equal(count_whole(db, 100), ROWS - 1);
        toc_db_close(db);
        flip(folder_path(&folder, "store/data.mdb"), at, bits);
    }
    folder_remove(&folder);
}

static void value_under_another_key_is_found(void **state)
{
    struct folder folder;
    struct toc_db *db;
    (void)state;
    folder_make(&folder);
    assert_ok(toc_db_open(&db, folder_path(&folder, "store"), &writing));
    fill(db, 100);
    toc_db_close(db);
    /* The value and checksum of row 3 in the place of row 4's. */
    const char *path = folder_path(&folder, "store/data.mdb");
    off_t from = find_value(path, 100, 3);
    off_t to = find_value(path, 100, 4);
    uint8_t bytes[VALUE_BYTES + 4];
    int fd = open(path, O_RDWR);
    assert_int_equal(pread(fd, bytes, sizeof bytes, from), sizeof bytes);
    assert_int_equal(pwrite(fd, bytes, sizeof bytes, to), sizeof bytes);
    assert_int_equal(close(fd), 0);
    assert_ok(toc_db_open(&db, folder_path(&folder, "store"), &writing));
    assert_int_equal(count_whole(db, 100), ROWS - 1);
    toc_db_close(db);
    folder_remove(&folder);
}

static void cut_off_file_is_damage_not_death(void **state)
{
    struct folder folder;
    struct toc_db *db;
    struct stat file;
    uint32_t whole = ROWS;
    (void)state;
    folder_make(&folder);
    assert_ok(toc_db_open(&db, folder_path(&folder, "store"), &writing));
    fill(db, 100);
    toc_db_close(db);
    assert_int_equal(stat(folder_path(&folder, "store/data.mdb"), &file), 0);
    for (off_t size = file.st_size - 4096; size > 8192; size -= 3 * 4096) {
        assert_int_equal(truncate(folder_path(&folder, "store/data.mdb"), size), 0);
        struct toc_err err = toc_db_open(&db, folder_path(&folder, "store"), &writing);
        if (toc_failed(err)) {
            assert_code(err, TOC_CORRUPT);
            whole = 0;
            continue;
        }
        uint32_t count = count_whole(db, 100);
        assert_true(count <= whole);
        whole = count;
        toc_db_close(db);
    }
    assert_int_equal(whole, 0);
    folder_remove(&folder);
}

static void backup_holds_one_commit_and_replaces(void **state)
{
    struct folder folder;
    struct toc_db *db;
    struct toc_db *copy;
    struct stat file;
    (void)state;
    folder_make(&folder);
    assert_ok(toc_db_open(&db, folder_path(&folder, "store"), &writing));
    for (uint8_t mark = 10; mark < 40; mark += 10) {
        fill(db, mark);
        assert_ok(toc_db_backup(db, folder_path(&folder, "copy")));
        assert_int_equal(stat(folder_path(&folder, "copy"), &file), 0);
        assert_int_equal(file.st_mode & 07777u, 0600);
        assert_int_equal(access(folder_path(&folder, "copy.new"), F_OK), -1);
        assert_ok(toc_db_open(&copy, folder_path(&folder, "copy"), &reading));
        assert_int_equal(count_whole(copy, mark), ROWS);
        toc_db_close(copy);
    }
    assert_int_not_equal(toc_db_backup(db, folder_path(&folder, "no/such/copy")).code, TOC_OK);
    assert_int_equal(count_whole(db, 30), ROWS);
    toc_db_close(db);
    folder_remove(&folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flipped_bit_of_a_value_is_found),
        cmocka_unit_test(value_under_another_key_is_found),
        cmocka_unit_test(cut_off_file_is_damage_not_death),
        cmocka_unit_test(backup_holds_one_commit_and_replaces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
