/* SPDX-License-Identifier: EUPL-1.2 */
/* What is read before it is stored: shows when it is pushed, not before; and a wrong guess costs
 * nothing but the work. */
#include "world.h"

static void expected_range_shows_when_it_is_pushed(void **state)
{
    struct world *world = *state;
    world_store_epoch(world);
    world_append(world, "evil.example", TOC_TLP_GREEN);
    world_expect(world, 1, 1);
    assert_int_equal(world->feed->early.to, 1);
    assert_int_equal(world_hits(world, "evil.example"), 0);
    assert_true(world_is_indexed(world, 0));
    world_store_range(world, 1, 1);
    assert_int_equal(world_hits(world, "evil.example"), 0);
    world_push(world, 1);
    world_until(world, world_is_indexed, 1);
    assert_int_equal(world_hits(world, "evil.example"), 1);
}

/* The store is empty: only what was read early can show. */
static void what_was_read_early_is_not_read_again(void **state)
{
    struct world *world = *state;
    world_store_epoch(world);
    world_append(world, "evil.example", TOC_TLP_GREEN);
    world_append(world, "evil.example", TOC_TLP_RED);
    world_expect(world, 1, 2);
    world_push(world, 2);
    world_until(world, world_is_indexed, 2);
    assert_int_equal(world_hits(world, "evil.example"), 2);
}

static void wrong_guess_is_dropped(void **state)
{
    struct world *world = *state;
    world_store_epoch(world);
    world_append(world, "one.example", TOC_TLP_GREEN);
    world_append(world, "two.example", TOC_TLP_GREEN);
    world_append(world, "three.example", TOC_TLP_GREEN);
    world_expect(world, 2, 2); /* but the first comes before it */
    world_store_range(world, 1, 2);
    world_push(world, 2);
    world_until(world, world_is_indexed, 2);
    assert_int_equal(world_hits(world, "one.example"), 1);
    assert_int_equal(world_hits(world, "two.example"), 1);
    world_expect(world, 3, 3);
    assert_int_equal(world->feed->early.to, 3);
    world_expect(world, 1, 1); /* the newest guess counts */
    world_store_range(world, 3, 3);
    world_push(world, 3);
    world_until(world, world_is_indexed, 3);
    assert_int_equal(world_hits(world, "one.example"), 1);
    assert_int_equal(world_hits(world, "three.example"), 1);
    assert_int_equal(world->feed->early.to, 0);
}

static void what_cannot_be_opened_early_is_neither_told_nor_counted(void **state)
{
    struct world *world = *state;
    struct toc_feed_stat stat;
    world_append(world, "evil.example", TOC_TLP_GREEN);
    world_expect(world, 1, 1); /* its epoch has not come */
    assert_int_equal(world->feed->early.to, 0);
    toc_feed_stat(world->feed, &stat);
    assert_int_equal(stat.unreadable, 0);
    assert_int_equal(stat.refused, 0);
    world_store_epoch(world);
    world_store_range(world, 1, 1);
    world_push(world, 1);
    world_until(world, world_is_indexed, 1);
    assert_int_equal(world_hits(world, "evil.example"), 1);
}

static void long_range_is_not_copied(void **state)
{
    struct world *world = *state;
    static const uint8_t bytes[TOC_FEED_EARLY_BYTES_MAX + 1];
    struct toc_feed_log log = world_log(world, 1);
    world_until(world, world_is_idle, 0);
    toc_feed_expect(world->feed, &log, toc_span(bytes, sizeof bytes));
    assert_true(world_is_idle(world, 0));
    world_until(world, world_is_idle, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(expected_range_shows_when_it_is_pushed, world_make,
                                        world_unmake),
        cmocka_unit_test_setup_teardown(what_was_read_early_is_not_read_again, world_make,
                                        world_unmake),
        cmocka_unit_test_setup_teardown(wrong_guess_is_dropped, world_make, world_unmake),
        cmocka_unit_test_setup_teardown(what_cannot_be_opened_early_is_neither_told_nor_counted,
                                        world_make, world_unmake),
        cmocka_unit_test_setup_teardown(long_range_is_not_copied, world_make, world_unmake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
