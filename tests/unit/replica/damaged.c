/* SPDX-License-Identifier: EUPL-1.2 */
#include "long_log.h"

/* Holders of a long log whose disks have suffered: a newcomer gets what anybody can still give.
 * */

#define ENTRIES 1280u
#define SOON_MS 500u /* silence would last for TOC_LATE_MS at least */

static struct liar liar;

static void damage(size_t node, uint64_t first, uint64_t last)
{
    for (struct world_entry *entry = world.nodes[node].entries; entry != NULL;
         entry = entry->next) {
        entry->damaged = entry->damaged || (memcmp(entry->log, long_log, 32) == 0 &&
                                            first <= entry->seq && entry->seq <= last);
    }
}

/* Milliseconds from the newcomer's start until it has all. */
static uint64_t whole_ms(void)
{
    uint64_t began = world.now_ms;
    world_start(&world, NEWCOMER);
    assert_true(world_until(&world, long_has_come, 60000));
    return world.now_ms - began;
}

static uint32_t unmet_of(size_t holder)
{
    return newcomer_link(holder)->unmet;
}

static void a_damaged_block_comes_from_the_other_holder(void **state)
{
    (void)state;
    long_begin(2, ENTRIES);
    uint64_t sound = whole_ms();
    world_clear(&world);
    for (uint64_t block = 1; block <= ENTRIES; block += 256) {
        long_begin(2, ENTRIES);
        damage(0, block, block + 63);
        uint64_t ms = whole_ms();
        print_message("block of %" PRIu64 ": %" PRIu64 " ms, sound %" PRIu64 " ms\n", block, ms,
                      sound);
        assert_true(ms < sound + SOON_MS);
        assert_int_equal(world.nodes[NEWCOMER].refused, 0);
        world_clear(&world);
    }
}

static void nearly_all_is_damaged(void **state)
{
    (void)state;
    long_begin(2, ENTRIES);
    damage(0, 65, ENTRIES);
    assert_true(long_catch_up(60000) < SOON_MS);
    assert_true(unmet_of(0) > 0);
    assert_int_equal(unmet_of(1), 0);
    world_clear(&world);
}

static void each_has_what_the_other_lacks(void **state)
{
    (void)state;
    long_begin(2, ENTRIES);
    damage(0, 100, 101);
    damage(1, 700, 701);
    damage(0, 900, 901);
    assert_true(long_catch_up(60000) < SOON_MS);
    world_clear(&world);
}

/* Nobody can give it: what stands before it is here, and the links stay. */
static void what_all_have_lost_is_awaited(void **state)
{
    (void)state;
    long_begin(2, ENTRIES);
    damage(0, 640, 641);
    damage(1, 640, 641);
    world_start(&world, NEWCOMER);
    world_run(&world, 10000);
    uint64_t seq = world_seq(&world, NEWCOMER, long_log);
    assert_in_range(seq, 500, 639);
    uint64_t steps = world.steps;
    world_run(&world, 20000);
    assert_true(world.steps - steps < 4000); /* nobody runs in circles */
    /* The one is mended. */
    for (struct world_entry *entry = world.nodes[1].entries; entry != NULL; entry = entry->next) {
        entry->damaged = false;
    }
    assert_true(world_until(&world, long_has_come, TOC_REFUSAL_MS));
    world_clear(&world);
}

static size_t answered;

/* A member that promises all and answers NOPAY to every WANT. */
static bool refuse_everything(struct world *at)
{
    for (; answered < liar.got_count; answered++) {
        struct toc_want want;
        uint8_t body[TOC_NOPAY_BYTES];
        if (liar.got[answered].type != TOC_MSG_WANT) {
            continue;
        }
        assert_ok(toc_want_decode(&want, liar.got[answered].body));
        memcpy(body, want.log, 32);
        toc_put_le64(body + 32, want.from);
        body[40] = TOC_NOPAY_LOST;
        liar_say(&liar, TOC_MSG_NOPAY, TOC_CLASS_CONTROL, toc_span(body, sizeof body));
    }
    return long_has_come(at);
}

/* it is asked last from then on. */
static void who_refuses_everything_is_asked_last(void **state)
{
    (void)state;
    struct toc_row row = {.seq = ENTRIES};
    uint8_t body[TOC_VROW_HEAD_BYTES + TOC_ROW_BYTES];
    struct toc_vrow vrow = {.last = true, .buckets = TOC_BUCKETS_ALL};
    long_begin(1, ENTRIES);
    long_line(0, 1000, 20);
    world_start(&world, NEWCOMER);
    liar_init(&liar, &world, 3, NEWCOMER);
    liar_dial(&liar);
    liar_wait(&liar);
    liar_greet(&liar);
    liar_tags(&liar, NULL, NULL);
    liar_wait(&liar);
    answered = 0;
    toc_group_all_id(vrow.group, world.federation);
    toc_vrow_encode_head(body, &vrow);
    memcpy(row.log, long_log, 32);
    toc_row_encode(body + TOC_VROW_HEAD_BYTES, &row);
    liar_say(&liar, TOC_MSG_VROW, TOC_CLASS_CONTROL, toc_span(body, sizeof body));
    uint64_t began = world.now_ms;
    assert_true(world_until(&world, refuse_everything, 60000));
    print_message("%" PRIu64 " ms\n", world.now_ms - began);
    assert_true(world.now_ms - began < ENTRIES + 5000); /* its line takes that long */
    /* A window of blocks as often as it may leave something unmet. */
    assert_in_range(liar_count(&liar, TOC_MSG_WANT), 1,
                    TOC_UNMET_MAX * TOC_WINDOW_BYTES_FIRST / TOC_CHECKPOINT_ENTRIES /
                        LONG_ENTRY_BYTES);
    assert_false(liar.closed);
    liar_leave(&liar);
    world_clear(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_damaged_block_comes_from_the_other_holder),
        cmocka_unit_test(nearly_all_is_damaged),
        cmocka_unit_test(each_has_what_the_other_lacks),
        cmocka_unit_test(what_all_have_lost_is_awaited),
        cmocka_unit_test(who_refuses_everything_is_asked_last),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
