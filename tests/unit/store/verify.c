/* SPDX-License-Identifier: EUPL-1.2 */
#include "world.h"

#include <fcntl.h>
#include <sys/wait.h>

static void clean_store_verifies_with_its_counts(void **state)
{
    struct world *world = *state;
    struct toc_verify_report report;
    world_grow(world, 200);
    world_put_all(world);
    uint64_t payload_bytes = 0;
    uint64_t absent = 0;
    for (size_t i = 0; i < 200; i++) {
        payload_bytes += world->chain.entries[i].header.payload_bytes;
        absent += world->chain.entries[i].header.payload_bytes > TOC_INLINE_BYTES_MAX ? 1 : 0;
    }
    assert_ok(world_verify(world, false, &report)); /* beside the open store */
    assert_int_equal(report.fault_count, 0);
    assert_int_equal(report.log_count, 1);
    assert_int_equal(report.entry_count, 200);
    assert_int_equal(report.payload_bytes, payload_bytes);
    assert_int_equal(report.absent_count, absent);
    assert_int_equal(report.signature_count, report.block_count + report.tail_count);
    assert_int_equal(report.unsigned_log_count, 0);
    struct toc_store_stat stat;
    assert_ok(toc_store_stat(world->store, &stat));
    assert_int_equal(report.block_count, stat.block_count);
    assert_int_equal(report.tail_count, stat.tail_count);
}

static void empty_and_absent_stores_are_told_apart(void **state)
{
    struct world *world = *state;
    struct toc_verify_report report;
    struct toc_verify_options options = {.in_process = false};
    assert_ok(world_verify(world, false, &report));
    assert_int_equal(report.entry_count, 0);
    assert_code(toc_store_verify(folder_path(&world->folder, "none"), &options, &report),
                TOC_ABSENT);
    folder_write(folder_path(&world->folder, "file"), NULL, 9000);
    assert_code(toc_store_verify(folder_path(&world->folder, "file"), &options, &report),
                TOC_CORRUPT);
    assert_int_equal(report.faults[0].kind, TOC_VERIFY_OPEN);
}

static void backup_verifies_as_its_store(void **state)
{
    struct world *world = *state;
    struct toc_verify_report store;
    struct toc_verify_report copy;
    world_grow(world, 150);
    world_put_all(world);
    const char *path = folder_path(&world->folder, "copy");
    assert_ok(toc_store_backup(world->store, path));
    assert_ok(world_verify(world, false, &store));
    struct toc_verify_options options = {.log_key = world_log_key, .arg = world};
    memcpy(options.federation, world->chain.federation, TOC_ID_BYTES);
    assert_ok(toc_store_verify(folder_path(&world->folder, "copy"), &options, &copy));
    assert_memory_equal(&store, &copy, sizeof store);
}

static bool other_key(void *arg, const uint8_t *log, uint8_t *key)
{
    bool known = world_log_key(arg, log, key);
    struct toc_sign_keys keys;
    const uint8_t entropy[32] = {99};
    toc_sign_keys_make(&keys, entropy);
    memcpy(key, keys.public_key, TOC_KEY_BYTES);
    return known;
}

static void every_signature_is_checked(void **state)
{
    struct world *world = *state;
    struct toc_verify_report report;
    world_grow(world, 150);
    world_put_all(world);
    struct toc_verify_options options = {.log_key = other_key, .arg = world};
    memcpy(options.federation, world->chain.federation, TOC_ID_BYTES);
    assert_code(toc_store_verify(world_path(world), &options, &report), TOC_CORRUPT);
    assert_int_equal(report.fault_count, report.block_count + report.tail_count);
    assert_int_equal(report.faults[0].kind, TOC_VERIFY_SIGNATURE);
    assert_int_equal(report.faults[0].code, TOC_SIGNATURE);
    assert_memory_equal(report.faults[0].log, world->chain.log, TOC_ID_BYTES);
}

/* Writes past the store's rules, as a bug or a hand would: with a right checksum. */
static void forge(struct world *world, enum toc_db_table table, struct toc_span key,
                  struct toc_span value)
{
    struct toc_db *db = toc_store_db(world->store);
    struct toc_db_txn *txn;
    assert_ok(toc_db_begin(db, &txn));
    if (value.at == NULL) {
        toc_db_del(txn, table, key);
    } else {
        toc_db_put(txn, table, key, value);
    }
    assert_ok(toc_db_commit(txn));
}

static void assert_fault(struct world *world, enum toc_verify_kind kind)
{
    struct toc_verify_report report;
    assert_code(world_verify(world, false, &report), TOC_CORRUPT);
    for (size_t i = 0; i < report.fault_count && i < TOC_VERIFY_FAULTS_MAX; i++) {
        if (report.faults[i].kind == kind) {
            return;
        }
    }
    fail_msg("no fault says: %s", toc_verify_text(kind));
}

static void missing_block_is_found(void **state)
{
    struct world *world = *state;
    struct toc_db_key key;
    world_grow(world, 150);
    world_put_all(world);
    toc_db_key_make(&key, TOC_DB_BLOCKS, 2, 1u, chain_block_end(&world->chain, 1));
    forge(world, TOC_DB_BLOCKS, toc_db_key_span(&key), toc_span(NULL, 0));
    assert_fault(world, TOC_VERIFY_CHAIN);
}

static void missing_tail_is_found(void **state)
{
    struct world *world = *state;
    struct toc_db_key key;
    world_grow(world, 10);
    world_put_all(world);
    toc_db_key_make(&key, TOC_DB_TAILS, 2, 1u, (uint64_t)10);
    forge(world, TOC_DB_TAILS, toc_db_key_span(&key), toc_span(NULL, 0));
    assert_fault(world, TOC_VERIFY_HEAD);
}

static void block_of_another_log_is_found(void **state)
{
    struct world *world = *state;
    struct toc_db_key key;
    struct chain *other = calloc(1, sizeof *other);
    assert_non_null(other);
    for (int i = 0; i < 64; i++) {
        (void)chain_add(&world->chain, 10, 1);
    }
    world_put_all(world);
    chain_init(other, 3);
    for (int i = 0; i < 64; i++) {
        (void)chain_add(other, 10, 1);
    }
    toc_db_key_make(&key, TOC_DB_BLOCKS, 2, 1u, (uint64_t)64);
    forge(world, TOC_DB_BLOCKS, toc_db_key_span(&key),
          chain_range(other, 1, 64, true, (struct toc_room){world->range, sizeof world->range}));
    assert_fault(world, TOC_VERIFY_BLOCK);
    chain_clear(other);
    free(other);
}

static void head_that_lies_is_found(void **state)
{
    struct world *world = *state;
    struct toc_db_key key;
    struct toc_db_read *read;
    struct toc_span value;
    uint8_t row[96];
    world_grow(world, 150);
    world_put_all(world);
    toc_db_key_make(&key, TOC_DB_HEADS, 1, 1u);
    assert_ok(toc_db_read_begin(toc_store_db(world->store), &read));
    assert_ok(toc_db_get(read, TOC_DB_HEADS, toc_db_key_span(&key), &value));
    assert_int_equal(value.len, sizeof row);
    memcpy(row, value.at, sizeof row);
    toc_db_read_end(read);
    static const size_t places[] = {40, 72, 88}; /* hash, time, open bytes */
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        row[places[i]] ^= 1;
        forge(world, TOC_DB_HEADS, toc_db_key_span(&key), toc_span(row, sizeof row));
        assert_fault(world, TOC_VERIFY_HEAD);
        row[places[i]] ^= 1;
    }
    forge(world, TOC_DB_HEADS, toc_db_key_span(&key), toc_span(NULL, 0));
    assert_fault(world, TOC_VERIFY_HEAD);
}

static void wrong_chunk_is_found(void **state)
{
    struct world *world = *state;
    struct toc_db_key key;
    struct toc_verify_report report;
    const struct chain_entry *large = chain_add(&world->chain, 150000, 1);
    world_put_all(world);
    for (uint32_t i = 0; i < toc_chunk_count(150000); i++) {
        struct toc_chunk_place place = toc_chunk_place(150000, i);
        toc_db_key_make(&key, TOC_DB_CHUNKS, 2, large->header.payload_hash, i);
        forge(world, TOC_DB_CHUNKS, toc_db_key_span(&key),
              toc_span(large->payload + place.offset, place.len));
        assert_ok(world_verify(world, false, &report));
        assert_int_equal(report.absent_count, i + 1 < toc_chunk_count(150000) ? 1 : 0);
    }
    large->payload[70000] ^= 1;
    struct toc_chunk_place place = toc_chunk_place(150000, 1);
    toc_db_key_make(&key, TOC_DB_CHUNKS, 2, large->header.payload_hash, 1u);
    forge(world, TOC_DB_CHUNKS, toc_db_key_span(&key),
          toc_span(large->payload + place.offset, place.len));
    assert_fault(world, TOC_VERIFY_CHUNK);
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

/* Every block in turn loses one bit at a place drawn by lot: found each time, with the place. */
static void flipped_bit_in_a_block_is_always_found(void **state)
{
    struct world *world = *state;
    struct toc_verify_report report;
    uint64_t seed = 4;
    size_t len;
    char data[512];
    (void)snprintf(data, sizeof data, "%s/store/data.mdb", world->folder.path);
    for (int i = 0; i < 500; i++) {
        (void)chain_add(&world->chain, 900, 1);
    }
    world_put_all(world);
    toc_store_close(world->store);
    char *file = check_read(data, &len);
    assert_non_null(file);
    for (uint64_t seq = 1; seq <= 500; seq += 64) {
        uint64_t last = chain_block_end(&world->chain, seq);
        struct toc_span range = chain_range(&world->chain, seq, last, true,
                                            (struct toc_room){world->range, sizeof world->range});
        const char *at = memmem(file, len, range.at, range.len);
        assert_non_null(at);
        for (int times = 0; times < 6; times++) {
            off_t place = at - file + (off_t)(check_random(&seed) % range.len);
            uint8_t bits = (uint8_t)(1u << check_random(&seed) % 8);
            flip(data, place, bits);
            assert_code(world_verify(world, true, &report), TOC_CORRUPT);
            assert_true(report.fault_count >= 1);
            assert_int_equal(report.faults[0].kind, TOC_VERIFY_BLOCK);
            assert_int_equal(report.faults[0].seq, last);
            flip(data, place, bits);
        }
    }
    assert_ok(world_verify(world, true, &report));
    free(file);
    world_open(world);
}

/* Reads everything in a child, since damaged pages may kill the reader. */
static bool holds_in_child(struct world *world, uint64_t last)
{
    int status;
    (void)fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        struct toc_span got;
        (void)alarm(20);
        bool good = !toc_failed(toc_store_open(&world->store, world_path(world), &world_options));
        for (uint64_t seq = 1; good && seq <= last;) {
            uint64_t end = chain_block_end(&world->chain, seq);
            good = !toc_failed(world_load(world, seq, false, &got)) &&
                   toc_span_equal(
                       got, chain_range(&world->chain, seq, end, true,
                                        (struct toc_room){world->range, sizeof world->range}));
            seq = end + 1;
        }
        _exit(good ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* A bit, a zeroed page, anywhere in the file: verify tells it, or it does no harm. */
static void damage_anywhere_is_found_or_harmless(void **state)
{
    struct world *world = *state;
    struct toc_verify_report report;
    static uint8_t page[4096];
    static const uint8_t zeros[4096];
    uint64_t seed = 5;
    unsigned found = 0;
    world_grow(world, 150);
    world_put_all(world);
    toc_store_close(world->store);
    world->store = NULL;
    char data[512];
    (void)snprintf(data, sizeof data, "%s/store/data.mdb", world->folder.path);
    struct stat file;
    assert_int_equal(stat(data, &file), 0);
    for (int round = 0; round < 80; round++) {
        int fd = open(data, O_RDWR);
        off_t at = (off_t)(check_random(&seed) % (uint64_t)(file.st_size / 4096)) * 4096;
        assert_int_equal(pread(fd, page, sizeof page, at), sizeof page);
        if (round % 2 == 0) {
            assert_int_equal(pwrite(fd, zeros, sizeof zeros, at), sizeof zeros);
        } else {
            off_t place = (off_t)(check_random(&seed) % (round % 4 == 1 ? 64 : 4096));
            uint8_t byte = page[place] ^ (uint8_t)(1u << check_random(&seed) % 8);
            assert_int_equal(pwrite(fd, &byte, 1, at + place), 1);
        }
        if (toc_failed(world_verify(world, false, &report))) {
            found++;
        } else {
            assert_true(holds_in_child(world, 150));
        }
        assert_int_equal(pwrite(fd, page, sizeof page, at), sizeof page);
        assert_int_equal(close(fd), 0);
    }
    print_message("%u of 80 found, the rest harmless\n", found);
    assert_true(found > 10);
    assert_ok(world_verify(world, false, &report));
    world_open(world);
}

/* The control of the test above: what verify does not see, the reader must see. */
static void reader_in_the_child_notices(void **state)
{
    struct world *world = *state;
    world_grow(world, 70);
    world_put_all(world);
    toc_store_close(world->store);
    world->store = NULL;
    assert_true(holds_in_child(world, 70));
    world->chain.entries[3].payload[0] ^= 1;
    assert_false(holds_in_child(world, 70));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, world_make, world_unmake)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(clean_store_verifies_with_its_counts),
        CASE(empty_and_absent_stores_are_told_apart),
        CASE(backup_verifies_as_its_store),
        CASE(every_signature_is_checked),
        CASE(missing_block_is_found),
        CASE(missing_tail_is_found),
        CASE(block_of_another_log_is_found),
        CASE(head_that_lies_is_found),
        CASE(wrong_chunk_is_found),
        CASE(flipped_bit_in_a_block_is_always_found),
        CASE(damage_anywhere_is_found_or_harmless),
        CASE(reader_in_the_child_notices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
