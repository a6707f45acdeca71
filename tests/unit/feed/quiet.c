/* SPDX-License-Identifier: EUPL-1.2 */
/* What shows before the disk has it: the disk follows by itself when nothing else comes. */
#include "world.h"

/* The cursor of the log as the disk has it, nothing that is ahead of it. */
static bool disk_has(struct world *world, uint64_t seq)
{
    struct toc_db_read *read;
    struct toc_span value;
    assert_ok(toc_db_read_begin(toc_store_db(world->store), &read));
    struct toc_err err =
        toc_db_get(read, TOC_DB_INDEX_REACHED, toc_span(world->chain.log, TOC_ID_BYTES), &value);
    bool has = !toc_failed(err) && value.len >= 8 && toc_le64(value.at) == seq;
    toc_db_read_end(read);
    return has;
}

static void disk_follows_when_it_is_quiet(void **state)
{
    struct world *world = *state;
    world_store_epoch(world);
    for (uint64_t seq = 1; seq <= 3; seq++) {
        world_append(world, "evil.example", TOC_TLP_GREEN);
        world_store_range(world, seq, seq);
        world_push(world, seq);
        world_until(world, world_is_indexed, seq);
        assert_int_equal(world_hits(world, "evil.example"), seq);
        world_until(world, disk_has, seq); /* without another word */
    }
}

/* Of a log of which nothing was pushed nothing is shown: what is told of it waits for nothing. */
static void late_of_a_log_that_is_not_shown(void **state)
{
    struct world *world = *state;
    uint8_t log[TOC_ID_BYTES] = {7}; /* of a newcomer's first peer: no log was pushed before */
    toc_feed_push_late(world->feed, log, 5);
    world_until(world, world_is_indexed, 5);
    world_store_epoch(world);
    world_append(world, "evil.example", TOC_TLP_GREEN);
    world_store_range(world, 1, 1);
    world_push(world, 1);
    world_until(world, world_is_indexed, 1);
    toc_feed_push_late(world->feed, log, 6);
    world_until(world, world_is_indexed, 6);
    assert_int_equal(world->feed->late_count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(disk_follows_when_it_is_quiet, world_make, world_unmake),
        cmocka_unit_test_setup_teardown(late_of_a_log_that_is_not_shown, world_make, world_unmake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
