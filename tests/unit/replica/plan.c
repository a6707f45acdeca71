/* SPDX-License-Identifier: EUPL-1.2 */
#include "long_log.h"

/* A newcomer fetches a long log from several nodes whose lines differ. */

#define ENTRIES 10000u

static void end(void)
{
    world_clear(&world);
}

static uint64_t from_equal_lines(size_t holders)
{
    long_begin(holders, ENTRIES);
    for (size_t i = 0; i < holders; i++) {
        long_line(i, 1000, 20);
    }
    uint64_t ms = long_catch_up(60000);
    end();
    return ms;
}

/* all that have it are asked. */
static void three_lines_are_three_times_as_fast(void **state)
{
    (void)state;
    uint64_t one = from_equal_lines(1), three = from_equal_lines(3);
    print_message("one line %" PRIu64 " ms, three %" PRIu64 " ms\n", one, three);
    assert_true(three * 100 <= one * 42);
}

/* lines of different rate and delay each bring what they can. */
static void unequal_lines_are_all_used(void **state)
{
    (void)state;
    long_begin(3, ENTRIES);
    long_line(0, 1000, 100);
    long_line(1, 500, 10);
    long_line(2, 250, 50);
    uint64_t ms = long_catch_up(60000), whole = long_range_bytes / 1750;
    print_message("%" PRIu64 " ms, %" PRIu64 " ms are possible\n", ms, whole);
    assert_true(ms * 100 <= whole * 125);
    end();
}

/* a line a tenth as fast holds nobody up. */
static void a_slow_line_costs_little(void **state)
{
    (void)state;
    for (uint32_t slow = 100; slow >= 10; slow /= 10) {
        long_begin(2, ENTRIES);
        long_line(0, 1000, 20);
        long_line(1, 1000, 20);
        uint64_t without = long_catch_up(60000);
        end();
        long_begin(3, ENTRIES);
        long_line(0, 1000, 20);
        long_line(1, 1000, 20);
        long_line(2, slow, 20);
        uint64_t with = long_catch_up(60000);
        print_message("without %" PRIu64 " ms, with a line of %u bytes/ms %" PRIu64 " ms\n",
                      without, slow, with);
        assert_true(with * 100 <= without * 120);
        end();
    }
}

/* a line that stops in the middle is replaced by the others, and its link stays. */
static void a_line_that_stops_is_replaced(void **state)
{
    (void)state;
    long_begin(2, ENTRIES);
    long_line(0, 1000, 20);
    long_line(1, 1000, 20);
    world_start(&world, NEWCOMER);
    assert_true(world_until(&world, long_is_half_here, 20000));
    world.cut[0][NEWCOMER] = true; /* what node 0 says from now on gets lost */
    uint64_t began = world.now_ms;
    assert_true(world_until(&world, long_has_come, 60000));
    uint64_t ms = world.now_ms - began;
    print_message("the second half took %" PRIu64 " ms\n", ms);
    assert_in_range(ms, ENTRIES / 2, ENTRIES / 2 + TOC_LATE_MS + 2500);
    assert_non_null(newcomer_link(0));
    end();
}

/* The item of the long log that the newcomer has asked for; NULL before it has. */
static const struct toc_item *asked_item(struct world *at)
{
    const struct toc_replica *replica = &at->nodes[NEWCOMER].core->replica;
    uint32_t log = toc_ledger_find_log(replica->ledger, long_log);
    for (uint32_t i = 0; i < TOC_ITEMS_MAX; i++) {
        if (replica->plan.items[i].used && replica->plan.items[i].log == log) {
            return &replica->plan.items[i];
        }
    }
    return NULL;
}

static bool has_asked(struct world *at)
{
    return asked_item(at) != NULL;
}

/* so is one that seemed so slow that four times as long as expected would be a minute. */
static void a_slow_line_that_falls_silent_is_replaced(void **state)
{
    (void)state;
    long_begin(2, 60);
    long_line(0, 1000, 20);
    long_line(1, 1000, 20);
    world_start(&world, NEWCOMER);
    assert_true(world_until(&world, has_asked, 20000));
    struct toc_plan *plan = &newcomer()->plan;
    for (size_t i = 0; i < 2; i++) {
        const struct toc_link *link = newcomer_link(i);
        plan->windows[link->place].rate = plan->windows[link->place].rate_before = 57;
        world.cut[i][NEWCOMER] = link->place == asked_item(&world)->link;
    }
    uint64_t began = world.now_ms;
    assert_true(world_until(&world, long_has_come, 120000));
    uint64_t ms = world.now_ms - began;
    print_message("it came after %" PRIu64 " ms\n", ms);
    assert_in_range(ms, TOC_LATE_MS, TOC_WANT_MS_MAX + 2500);
    end();
}

/* a long fat line is filled. */
static void a_long_fat_line_is_filled(void **state)
{
    (void)state;
    long_begin(1, 32000);
    long_line(0, 12500, 98); /* 100 Mbit/s, a round trip of 200 ms */
    world_start(&world, NEWCOMER);
    assert_true(world_until(&world, long_is_half_here, 60000));
    uint64_t began = world.now_ms;
    assert_true(world_until(&world, long_has_come, 60000));
    uint64_t ms = world.now_ms - began, whole = long_range_bytes / 2 / 12500;
    print_message("the second half took %" PRIu64 " ms, %" PRIu64 " ms are possible\n", ms, whole);
    assert_true(ms * 85 <= whole * 100);
    end();
}

/* killed in the middle, it goes on from what it has stored. */
static void a_newcomer_that_was_killed_goes_on(void **state)
{
    (void)state;
    long_begin(3, ENTRIES);
    for (size_t i = 0; i < 3; i++) {
        long_line(i, 1000, 20);
    }
    uint64_t before = world.wire_bytes;
    world_start(&world, NEWCOMER);
    assert_true(world_until(&world, long_is_half_here, 20000));
    world_kill(&world, NEWCOMER);
    uint64_t kept = 0;
    for (const struct world_entry *entry = world.nodes[NEWCOMER].entries; entry != NULL;
         entry = entry->next) {
        kept = memcmp(entry->log, long_log, 32) == 0 ? entry->head.seq : kept;
    }
    world_start(&world, NEWCOMER);
    assert_int_equal(world_seq(&world, NEWCOMER, long_log), kept);
    assert_true(kept >= ENTRIES / 2);
    assert_true(world_until(&world, long_has_come, 20000));
    /* What was on its way when it was killed came in vain: three windows of 175 KB. */
    assert_in_range(world.wire_bytes - before, long_range_bytes,
                    long_range_bytes + long_range_bytes / 10);
    end();
}

/* the caps hold in every step. */
static uint64_t most_held, most_pending, most_all, most_ahead;

static bool watch(struct world *at)
{
    const struct toc_replica *replica = &at->nodes[NEWCOMER].core->replica;
    const struct toc_links *links = replica->links;
    uint64_t all = 0, held = 0;
    for (uint32_t i = 0; i < links->top; i++) {
        uint64_t pending = links->items[i].kept_bytes;
        uint64_t held_here = replica->plan.windows[i].held_bytes;
        assert_true(held_here <= TOC_HELD_LINK_BYTES);
        assert_true(pending <= TOC_PENDING_LINK_BYTES && held_here <= pending);
        most_pending = pending > most_pending ? pending : most_pending;
        all += pending;
        held += held_here;
    }
    assert_true(replica->plan.held_bytes == held && replica->plan.held_count <= TOC_HELD_MAX);
    assert_true(all <= 64000000);
    most_all = all > most_all ? all : most_all;
    most_held = held > most_held ? held : most_held;
    uint32_t log = toc_ledger_find_log(replica->ledger, long_log);
    const struct toc_ledger_log *row = &replica->ledger->logs[log];
    uint64_t last = row->last_waiting == TOC_LEDGER_NONE
                        ? row->checked.seq
                        : replica->waiting[row->last_waiting].info.last_seq;
    assert_true(last <= row->checked.seq + TOC_WANT_AHEAD);
    most_ahead = last - row->checked.seq > most_ahead ? last - row->checked.seq : most_ahead;
    return long_has_come(at);
}

static void memory_is_bounded(void **state)
{
    (void)state;
    long_begin(4, 24000);
    for (size_t i = 0; i < 4; i++) {
        long_line(i, i == 0 ? 500 : 12500, 98);
    }
    world.commit_ms = 40;
    most_held = most_pending = most_all = most_ahead = 0;
    world_start(&world, NEWCOMER);
    assert_true(world_until(&world, watch, 60000));
    print_message("held %" PRIu64 ", of a link %" PRIu64 ", of all %" PRIu64 " bytes; %" PRIu64
                  " entries ahead\n",
                  most_held, most_pending, most_all, most_ahead);
    assert_true(most_held > 0);
    world.commit_ms = WORLD_COMMIT_MS;
    end();
}

/* what does not fit is dropped without blame, nothing is lost, and the line is not wasted.
 */
static void what_cannot_be_held_is_asked_for_again(void **state)
{
    (void)state;
    long_begin(3, ENTRIES);
    for (size_t i = 0; i < 3; i++) {
        long_line(i, 1000, 20);
    }
    uint64_t before = world.wire_bytes;
    world_start(&world, NEWCOMER);
    struct toc_buffers *buffers = &newcomer()->links->buffers;
    struct toc_buffer *taken[TOC_BUFFER_MIDDLE_COUNT + TOC_BUFFER_LARGE_COUNT];
    size_t count = 0;
    assert_true(world_until(&world, long_has_begun, 20000));
    while (buffers->free_count[1] > TOC_BUFFER_MIDDLE_COUNT / 2 - 8) {
        taken[count++] = toc_buffer_take(buffers, TOC_BUFFER_MIDDLE_BYTES);
    }
    while (buffers->free_count[2] > TOC_BUFFER_LARGE_COUNT / 2) {
        taken[count++] = toc_buffer_take(buffers, TOC_BUFFER_LARGE_BYTES);
    }
    assert_true(world_until(&world, long_has_come, 60000));
    assert_int_equal(world.nodes[NEWCOMER].refused, 0);
    print_message("%" PRIu64 " bytes for %" PRIu64 "\n", world.wire_bytes - before,
                  long_range_bytes);
    assert_true((world.wire_bytes - before) * 100 <= long_range_bytes * 115);
    while (count > 0) {
        toc_buffer_drop(buffers, taken[--count]);
    }
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_lines_are_three_times_as_fast),
        cmocka_unit_test(unequal_lines_are_all_used),
        cmocka_unit_test(a_slow_line_costs_little),
        cmocka_unit_test(a_line_that_stops_is_replaced),
        cmocka_unit_test(a_slow_line_that_falls_silent_is_replaced),
        cmocka_unit_test(a_long_fat_line_is_filled),
        cmocka_unit_test(a_newcomer_that_was_killed_goes_on),
        cmocka_unit_test(memory_is_bounded),
        cmocka_unit_test(what_cannot_be_held_is_asked_for_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
