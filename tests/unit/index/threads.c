/* SPDX-License-Identifier: EUPL-1.2 */
/* One thread indexes, hidden bulletins among the others, most of them ahead of the disk; the rest
 * ask at the same time. */
#include "world.h"

#include <pthread.h>
#include <stdatomic.h>

#define BULLETINS 150u
#define READERS 3u

struct shared {
    struct world *world;
    atomic_uint_fast64_t held;
    atomic_bool failed;
    atomic_bool ended;
};

static bool count_hit(void *arg, const struct toc_index_hit *hit)
{
    (void)hit;
    ++*(uint64_t *)arg;
    return true;
}

static void *ask_on(void *arg)
{
    struct shared *shared = arg;
    while (!atomic_load(&shared->ended) && !atomic_load(&shared->failed)) {
        struct toc_index_read *read;
        struct toc_query query = {0};
        const struct toc_index_ask ask = {.max = BULLETINS};
        uint64_t held = atomic_load(&shared->held);
        uint64_t hits = 0;
        uint32_t numbers[BULLETINS];
        size_t count = 0;
        bool good = !toc_failed(toc_index_read_begin(shared->world->index, &read));
        good = good &&
               !toc_failed(toc_index_lookup(read, TOC_VALUE_DOMAIN, toc_span_str("evil.example"),
                                            TOC_INDEX_WANT_SAME | TOC_INDEX_WANT_BELOW, count_hit,
                                            &hits)) &&
               !toc_failed(toc_index_query(read, &query, &ask, numbers, &count, NULL));
        toc_index_read_end(read);
        if (!good || hits < held || count < held || count > BULLETINS || hits > BULLETINS) {
            atomic_store(&shared->failed, true);
        }
    }
    return NULL;
}

static void readers_find_what_was_indexed(void **state)
{
    struct world *world = *state;
    struct shared shared = {.world = world};
    pthread_t threads[READERS];
    for (size_t i = 0; i < READERS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, ask_on, &shared), 0);
    }
    for (uint64_t i = 1; i <= BULLETINS; i++) {
        char facts[64];
        (void)snprintf(facts, sizeof facts, "domain:h%llu.evil.example", (unsigned long long)i);
        enum toc_tlp tlp = i % 3 == 0 ? TOC_TLP_RED : TOC_TLP_GREEN;
        if (i % 10 == 0) {
            world_add(world, i, 1, tlp, facts);
        } else {
            world_add_ahead(world, i, 1, tlp, facts);
        }
        atomic_store(&shared.held, i);
    }
    atomic_store(&shared.ended, true);
    for (size_t i = 0; i < READERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_false(atomic_load(&shared.failed));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(readers_find_what_was_indexed, world_make, world_unmake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
