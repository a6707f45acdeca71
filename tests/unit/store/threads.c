/* SPDX-License-Identifier: EUPL-1.2 */
/* One thread writes; others read, back up and sweep at the same time. */
#include "world.h"

#include <pthread.h>
#include <stdatomic.h>

#define ENTRIES 300u
#define READERS 3u

struct shared {
    struct world *world;
    atomic_uint_fast64_t held; /* acknowledged */
    atomic_uint_fast64_t loads;
    atomic_bool failed;
    atomic_bool ended;
};

/* Loads from entries drawn by lot up to what has been acknowledged: always there, always right. */
static void *read_on(void *arg)
{
    struct shared *shared = arg;
    struct world *world = shared->world;
    uint8_t *room = malloc(TOC_RANGE_BYTES_MAX);
    uint64_t seed = (uint64_t)(uintptr_t)&seed;
    while (room != NULL && !atomic_load(&shared->ended) && !atomic_load(&shared->failed)) {
        uint64_t held = atomic_load(&shared->held);
        struct toc_load load = {.kind = TOC_LOAD_RANGE,
                                .seq = 1 + check_random(&seed) % (held + 1),
                                .headers_only = check_random(&seed) % 4 == 0,
                                .room = {room, TOC_RANGE_BYTES_MAX}};
        struct toc_range_info info;
        size_t count;
        memcpy(load.log, world->chain.log, TOC_ID_BYTES);
        struct toc_err err = toc_store_load(world->store, &load, &count);
        bool good = !toc_failed(err) && !toc_failed(toc_range_peek(toc_span(room, count), &info)) &&
                    info.first_seq == load.seq;
        if (!good && (load.seq <= held || err.code != TOC_ABSENT)) {
            atomic_store(&shared->failed, true);
        }
        atomic_fetch_add(&shared->loads, 1);
    }
    free(room);
    return NULL;
}

static void *back_up(void *arg)
{
    struct shared *shared = arg;
    char path[512];
    (void)snprintf(path, sizeof path, "%s/copy", shared->world->folder.path);
    while (!atomic_load(&shared->ended) && !atomic_load(&shared->failed)) {
        struct toc_verify_report report;
        struct toc_store_stat stat;
        uint64_t held = atomic_load(&shared->held);
        const struct toc_verify_options options = {.in_process = true};
        bool good = !toc_failed(toc_store_backup(shared->world->store, path)) &&
                    !toc_failed(toc_store_verify(path, &options, &report)) &&
                    report.entry_count >= held &&
                    !toc_failed(toc_store_stat(shared->world->store, &stat)) &&
                    !toc_failed(toc_store_sweep(shared->world->store));
        if (!good) {
            atomic_store(&shared->failed, true);
        }
    }
    return NULL;
}

static void readers_see_what_was_acknowledged(void **state)
{
    struct world *world = *state;
    struct shared shared = {.world = world};
    pthread_t threads[READERS + 1];
    world_grow(world, ENTRIES);
    for (size_t i = 0; i < READERS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, read_on, &shared), 0);
    }
    assert_int_equal(pthread_create(&threads[READERS], NULL, back_up, &shared), 0);
    for (uint64_t seq = 1; seq <= ENTRIES; seq++) {
        assert_ok(world_put(world, seq, seq));
        atomic_store(&shared.held, seq);
        if (seq % 50 == 0) {
            assert_ok(toc_store_reopen(world->store)); /* waits for them, and they for it */
        }
    }
    atomic_store(&shared.ended, true);
    for (size_t i = 0; i <= READERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_false(atomic_load(&shared.failed));
    assert_true(atomic_load(&shared.loads) > 0);
    world_assert_holds(world, ENTRIES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(readers_see_what_was_acknowledged, world_make,
                                        world_unmake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
