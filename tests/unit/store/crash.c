/* SPDX-License-Identifier: EUPL-1.2 */
/* Processes that are killed while they write: nothing that was acknowledged is lost. */
#include "world.h"

#include <signal.h>
#include <sys/wait.h>

#define KILLS 20

/* Appends the rest of the chain in jobs of a range and a record that says the same number, and
 * tells each commit through `fd`. */
static _Noreturn void write_until_killed(struct world *world, int fd, uint64_t seed)
{
    struct toc_log_head head = {0};
    struct toc_err err = toc_store_open(&world->store, world_path(world), &world_options);
    if (!toc_failed(err)) {
        err = toc_store_head(world->store, world->chain.log, &head);
    }
    if (toc_failed(err) && err.code != TOC_ABSENT) {
        _exit(1);
    }
    while (head.seq < world->chain.count) {
        struct toc_store_txn *txn;
        uint64_t jobs = 1 + check_random(&seed) % 3;
        if (toc_failed(toc_store_begin(world->store, &txn))) {
            _exit(2);
        }
        for (; jobs > 0 && head.seq < world->chain.count; jobs--) {
            uint64_t end = chain_block_end(&world->chain, head.seq + 1);
            uint64_t last = head.seq + 1 + check_random(&seed) % 4;
            struct toc_store_op ops[2] = {
                world_op(&world->chain, head.seq + 1, last < end ? last : end,
                         (struct toc_room){world->range, sizeof world->range}),
                {.kind = TOC_STORE_RECORD, .table = 'B', .key_len = 1}};
            uint8_t value[8];
            head = ops[0].head;
            toc_put_le64(value, head.seq);
            ops[1].bytes = toc_span(value, sizeof value);
            if (toc_failed(toc_store_apply(txn, ops, 2))) {
                _exit(3);
            }
        }
        if (toc_failed(toc_store_commit(txn)) ||
            write(fd, &head.seq, sizeof head.seq) != sizeof head.seq) {
            _exit(4);
        }
    }
    _exit(0);
}

/* Lets a writer acknowledge some commits, kills it, gives the last number that it told. */
static uint64_t kill_a_writer(struct world *world, uint64_t *seed)
{
    int ends[2];
    int status;
    uint64_t told = 0;
    uint64_t seq;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        (void)close(ends[0]);
        write_until_killed(world, ends[1], check_random(seed));
    }
    (void)close(ends[1]);
    for (uint64_t acks = check_random(seed) % 12; acks > 0; acks--) {
        if (read(ends[0], &seq, sizeof seq) == sizeof seq) {
            told = seq;
        }
    }
    assert_int_equal(kill(child, SIGKILL), 0);
    while (read(ends[0], &seq, sizeof seq) == sizeof seq) {
        told = seq;
    }
    (void)close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
    return told;
}

static void killed_writer_loses_nothing_acknowledged(void **state)
{
    struct world *world = *state;
    uint64_t seed = 20;
    uint64_t told = 0;
    world_grow(world, 420);
    toc_store_close(world->store);
    world->store = NULL;
    for (int i = 0; i < KILLS; i++) {
        struct toc_log_head head = {0};
        struct toc_verify_report report;
        struct toc_room room = {world->room, sizeof world->room};
        const uint8_t key[1] = {0};
        size_t len;
        uint64_t last = kill_a_writer(world, &seed);
        told = last > told ? last : told;
        world_open(world);
        struct toc_err err = toc_store_head(world->store, world->chain.log, &head);
        assert_true(err.code == TOC_OK || (err.code == TOC_ABSENT && told == 0));
        assert_true(head.seq >= told);
        if (head.seq > 0) {
            world_assert_holds(world, head.seq);
            assert_ok(toc_store_get_record(world->store, 'B', toc_span(key, 1), room, &len));
            assert_int_equal(len, 8);
            assert_int_equal(toc_le64(world->room), head.seq);
        }
        toc_store_close(world->store);
        world->store = NULL;
        assert_ok(world_verify(world, false, &report));
        assert_int_equal(report.entry_count, head.seq);
    }
    assert_true(told > 0);
    print_message("%d kills, %llu entries acknowledged, none lost\n", KILLS,
                  (unsigned long long)told);
    world_open(world);
}

static void killed_creation_leaves_none_or_a_whole_store(void **state)
{
    struct world *world = *state;
    uint64_t seed = 21;
    for (int i = 0; i < KILLS; i++) {
        char path[512];
        int ends[2];
        int status;
        uint8_t byte;
        (void)snprintf(path, sizeof path, "%s/made-%d", world->folder.path, i);
        assert_int_equal(pipe(ends), 0);
        pid_t child = fork();
        if (child == 0) {
            struct toc_store *store;
            bool good = write(ends[1], "x", 1) == 1 &&
                        !toc_failed(toc_store_open(&store, path, &world_options));
            _exit(good ? 0 : 1);
        }
        assert_int_equal(read(ends[0], &byte, 1), 1);
        for (volatile uint64_t spin = check_random(&seed) % 4000000; spin > 0; spin--) {
        }
        (void)kill(child, SIGKILL);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
        (void)close(ends[0]);
        (void)close(ends[1]);
        struct toc_store *store;
        assert_ok(toc_store_open(&store, path, &world_options));
        toc_store_close(store);
    }
}

/* A reader that was killed holds back the reuse of pages until its slot is swept. */
static void slot_of_a_killed_reader_is_swept(void **state)
{
    struct world *world = *state;
    struct toc_store_stat stat;
    int ends[2];
    int status;
    uint8_t byte;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        const struct toc_db_options reading = {.map_bytes = world_options.map_bytes,
                                               .read_only = true};
        struct toc_db *db;
        struct toc_db_read *read;
        bool good = !toc_failed(toc_db_open(&db, world_path(world), &reading)) &&
                    !toc_failed(toc_db_read_begin(db, &read));
        if (write(ends[1], good ? "y" : "n", 1) == 1) {
            (void)pause();
        }
        _exit(0);
    }
    assert_int_equal(read(ends[0], &byte, 1), 1);
    assert_int_equal(byte, 'y');
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    (void)close(ends[0]);
    (void)close(ends[1]);
    assert_ok(toc_store_sweep(world->store));
    struct toc_store_op op = {.kind = TOC_STORE_RECORD, .table = 'B', .key_len = 1};
    op.bytes = toc_span(world->room, 50000);
    uint64_t largest = 0;
    for (int i = 0; i < 60; i++) {
        struct toc_store_txn *txn;
        assert_ok(toc_store_begin(world->store, &txn));
        assert_ok(toc_store_apply(txn, &op, 1));
        assert_ok(toc_store_commit(txn));
        assert_ok(toc_store_stat(world->store, &stat));
        largest = stat.file_bytes;
    }
    assert_true(largest < 60 * 50000 / 4);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, world_make, world_unmake)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(killed_writer_loses_nothing_acknowledged),
        CASE(killed_creation_leaves_none_or_a_whole_store),
        CASE(slot_of_a_killed_reader_is_swept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
