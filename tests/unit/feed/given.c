/* SPDX-License-Identifier: EUPL-1.2 */
/* What was read before it was published is shown with its entry and not read again; what is given
 * of no entry, or too much, is dropped. */
#include "world.h"

/* A bulletin about `domain`, of which an indexer has read that it says `fact`. */
static struct toc_feed_given given_of(struct world *world, const char *domain, const char *fact)
{
    const struct toc_fact base = {.confidence = TOC_CONFIDENCE_NONE};
    struct toc_feed_given given = {.plaintext = {NULL, 0}};
    struct toc_bytes content = world_content(world, domain, TOC_TLP_GREEN);
    assert_ok(toc_content_unpack(&given.plaintext, toc_span(content.at, content.len)));
    toc_bytes_free(&content);
    toc_intel_reading_init(&given.reading);
    assert_ok(
        toc_facts_add_value(&given.reading.facts, &base, TOC_VALUE_DOMAIN, toc_span_str(fact)));
    return given;
}

static void give(struct world *world, uint64_t seq, struct toc_feed_given given)
{
    toc_feed_give(world->feed, world->chain.log, seq, &given);
    assert_null(given.plaintext.at);
}

static size_t waiting(struct world *world)
{
    pthread_mutex_lock(&world->feed->mutex);
    size_t count = world->feed->gift_count;
    assert_true((world->feed->gifts == NULL) == (count == 0));
    assert_true(count > 0 || world->feed->gift_bytes == 0);
    pthread_mutex_unlock(&world->feed->mutex);
    return count;
}

static void what_was_given_is_not_read_again(void **state)
{
    struct world *world = *state;
    world_store_epoch(world);
    world_append(world, "first.example", TOC_TLP_GREEN);
    struct toc_feed_given given = given_of(world, "second.example", "given.example");
    world_append(world, "second.example", TOC_TLP_GREEN);
    world_append(world, "third.example", TOC_TLP_GREEN);
    give(world, 2, given);
    world_store_range(world, 1, 3);
    assert_int_equal(world_hits(world, "given.example"), 0); /* nothing shows before its entry */
    world_push(world, 3);
    world_until(world, world_is_indexed, 3);
    assert_int_equal(world_hits(world, "first.example"), 1);
    assert_int_equal(world_hits(world, "given.example"), 1);
    assert_int_equal(world_hits(world, "second.example"), 0); /* the indexer was not asked */
    assert_int_equal(world_hits(world, "third.example"), 1);
    assert_int_equal(waiting(world), 0);
}

static void what_was_given_of_passed_entries_is_dropped(void **state)
{
    struct world *world = *state;
    world_store_epoch(world);
    world_append(world, "one.example", TOC_TLP_GREEN);
    world_store_range(world, 1, 1);
    world_push(world, 1);
    world_until(world, world_is_indexed, 1);
    give(world, 1, given_of(world, "late.example", "late.example"));
    assert_int_equal(waiting(world), 1);
    world_append(world, "two.example", TOC_TLP_GREEN);
    world_store_range(world, 2, 2);
    world_push(world, 2);
    world_until(world, world_is_indexed, 2);
    assert_int_equal(waiting(world), 0);
    assert_int_equal(world_hits(world, "late.example"), 0);
    assert_int_equal(world_hits(world, "two.example"), 1);
}

static void no_more_is_kept_than_the_bound(void **state)
{
    struct world *world = *state;
    for (uint64_t i = 0; i < TOC_FEED_GIVEN_MAX + 3; i++) {
        give(world, 1000 + i, given_of(world, "some.example", "some.example"));
    }
    assert_int_equal(waiting(world), TOC_FEED_GIVEN_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_given_is_not_read_again, world_make, world_unmake),
        cmocka_unit_test_setup_teardown(what_was_given_of_passed_entries_is_dropped, world_make,
                                        world_unmake),
        cmocka_unit_test_setup_teardown(no_more_is_kept_than_the_bound, world_make, world_unmake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
