/* SPDX-License-Identifier: EUPL-1.2 */
#include "long_log.h"

/* A member that lies to a newcomer, beside honest ones: it costs what was asked of it alone. */

#define ENTRIES 8000u

static struct liar liar;
static bool answers; /* with blocks that are altered; else not at all */

static void say_row(const uint8_t *group, const uint8_t *log, uint64_t seq)
{
    uint8_t body[TOC_VROW_HEAD_BYTES + TOC_ROW_BYTES];
    struct toc_row row = {.seq = seq};
    struct toc_vrow vrow = {.last = true, .buckets = TOC_BUCKETS_ALL};
    memcpy(vrow.group, group, 32);
    toc_vrow_encode_head(body, &vrow);
    memcpy(row.log, log, 32);
    toc_row_encode(body + TOC_VROW_HEAD_BYTES, &row);
    liar_say(&liar, TOC_MSG_VROW, TOC_CLASS_CONTROL, toc_span(body, sizeof body));
}

/* The wants of entries that it was told from number `from` on; gives how many. */
static size_t wants(size_t from, struct toc_want *out, size_t max)
{
    size_t count = 0;
    for (size_t i = from; i < liar.got_count; i++) {
        if (liar.got[i].type == TOC_MSG_WANT && count < max) {
            assert_ok(toc_want_decode(&out[count++], liar.got[i].body));
        }
    }
    return count;
}

static void answer_badly(const struct toc_want *want)
{
    static uint8_t bytes[TOC_RANGE_BYTES_MAX];
    for (const struct world_entry *entry = world.nodes[0].entries; entry != NULL;
         entry = entry->next) {
        if (memcmp(entry->log, want->log, 32) == 0 && entry->seq >= want->from && !liar.closed) {
            memcpy(bytes, entry->range.at, entry->range.len);
            bytes[entry->range.len - 1] ^= 1;
            liar_say(&liar, TOC_MSG_RANGE, TOC_CLASS_BULK, toc_span(bytes, entry->range.len));
            return;
        }
    }
}

static bool lie_until_all_is_here(struct world *at)
{
    struct toc_want want;
    if (answers && wants(0, &want, 1) == 1 && !liar.closed) {
        answer_badly(&want);
        liar_forget(&liar);
    }
    return long_has_come(at);
}

/* Two honest nodes and the liar, who is asked first. Gives the time that it takes. */
static uint64_t catch_up(bool lied_to)
{
    uint8_t all[32];
    long_begin(2, ENTRIES);
    long_line(0, 1000, 20);
    long_line(1, 1000, 20);
    uint64_t began = world.now_ms;
    world_start(&world, NEWCOMER);
    liar_init(&liar, &world, 3, NEWCOMER);
    toc_group_all_id(all, world.federation);
    if (lied_to) {
        liar_dial(&liar);
        liar_wait(&liar);
        liar_greet(&liar);
        liar_tags(&liar, NULL, NULL);
        liar_wait(&liar);
        say_row(all, long_log, ENTRIES);
    }
    assert_true(world_until(&world, lie_until_all_is_here, 60000));
    return world.now_ms - began;
}

static void end(void)
{
    liar_leave(&liar);
    world_clear(&world);
}

/* the link goes, and so do its items; nothing else is lost or asked for twice. */
static void a_liar_costs_only_what_was_asked_of_it(void **state)
{
    (void)state;
    answers = true;
    uint64_t alone = catch_up(false), bytes = world.wire_bytes;
    end();
    uint64_t ms = catch_up(true);
    print_message("%" PRIu64 " ms, beside a liar %" PRIu64 " ms\n", alone, ms);
    assert_true(liar.closed);
    assert_int_equal(liar.why.code, TOC_SIGNATURE);
    assert_int_equal(world.nodes[NEWCOMER].refused, 1);
    assert_true(ms * 100 <= alone * 110);
    assert_true(world.wire_bytes * 100 <= bytes * 108);
    end();
}

/* who gives nothing holds nobody up for long.: and is asked last from then on. */
static void a_withholder_is_ranked_last(void **state)
{
    (void)state;
    answers = false;
    uint8_t all[32], log[32];
    uint64_t alone = catch_up(false);
    end();
    uint64_t ms = catch_up(true);
    print_message("%" PRIu64 " ms, beside one who gives nothing %" PRIu64 " ms\n", alone, ms);
    assert_in_range(ms, alone, alone + TOC_LATE_MS + 2500);
    assert_false(liar.closed);
    /* Node 3 is said to have written something: who promises it and is asked in vain loses rank. */
    toc_group_all_id(all, world.federation);
    world_log(&world, 3, NULL, log);
    for (uint64_t i = 1; i <= TOC_UNMET_MAX; i++) {
        say_row(all, log, i);
        world_run(&world, TOC_WANT_MS_MAX + 5000);
    }
    struct toc_link *link =
        toc_links_to(&world.nodes[NEWCOMER].core->links, world.nodes[3].node_keys.link_public);
    assert_true(link->unmet >= TOC_UNMET_MAX);
    world_log(&world, AUTHOR, NULL, log);
    uint32_t at = toc_ledger_find_log(newcomer()->ledger, log);
    *toc_replica_has(newcomer(), newcomer_link(0), at) = ENTRIES + 1;
    liar_forget(&liar);
    say_row(all, log, ENTRIES + 1);
    world_run(&world, 500);
    struct toc_want want;
    for (size_t i = 0; i < wants(0, &want, 1); i++) {
        assert_memory_not_equal(want.log, log, 32); /* node 0 is asked */
    }
    end();
}

/* what was asked of a link that is far slower than another is asked of that one, long
 * before it counts as late. */
static void a_far_slower_link_is_relieved(void **state)
{
    (void)state;
    uint8_t all[32];
    struct toc_want want;
    long_begin(1, 640);
    long_line(0, 100, 5);
    world.cut[0][NEWCOMER] = world.cut[NEWCOMER][0] = true;
    world_start(&world, NEWCOMER);
    world_run(&world, 4000);
    liar_join(&liar, &world, 3, NEWCOMER);
    toc_group_all_id(all, world.federation);
    say_row(all, long_log, 640);
    world_run(&world, 20);
    assert_int_equal(wants(0, &want, 1), 1);
    assert_int_equal(want.from, 1);
    struct toc_link *link =
        toc_links_to(&world.nodes[NEWCOMER].core->links, world.nodes[3].node_keys.link_public);
    newcomer()->plan.windows[link->place].rate = 10000; /* as if it had been measured */
    assert_true(link->wants_out > 0);
    world.cut[0][NEWCOMER] = world.cut[NEWCOMER][0] = false;
    assert_true(world_until(&world, long_has_come, 30000));
    assert_int_equal(link->unmet, 0);
    end();
}

/* what was said on an earlier link is forgotten. */
static void rows_of_an_earlier_link_are_forgotten(void **state)
{
    (void)state;
    uint8_t all[32], log[32];
    struct toc_want want;
    long_begin(1, 64);
    world_start(&world, NEWCOMER);
    world_run(&world, 4000);
    toc_group_all_id(all, world.federation);
    world_log(&world, 3, NULL, log);
    liar_join(&liar, &world, 3, NEWCOMER);
    say_row(all, log, 1000);
    world_run(&world, 100);
    assert_int_equal(wants(0, &want, 1), 1);
    liar_leave(&liar);
    world_run(&world, 1000);
    assert_int_equal(newcomer()->plan.item_count, 0);
    liar_join(&liar, &world, 3, NEWCOMER);
    world_run(&world, 5000);
    assert_int_equal(wants(0, &want, 1), 0);
    assert_false(liar.closed);
    end();
}

/* control logs first, then what little is new, then the rest, in turns. */
static void what_is_new_goes_before_what_is_old(void **state)
{
    (void)state;
    static uint8_t bytes[TOC_RANGE_BYTES_MAX];
    uint8_t all[32], far[32], near[32], control[32];
    struct toc_want first[16], next[16];
    long_begin(1, 640);
    world.cut[0][NEWCOMER] = world.cut[NEWCOMER][0] = true;
    world_start(&world, NEWCOMER);
    world_run(&world, 4000);
    liar_join(&liar, &world, 3, NEWCOMER);
    toc_group_all_id(all, world.federation);
    world_log(&world, 1, NULL, far);
    world_log(&world, 2, NULL, near);
    world_log(&world, 3, world.federation, control);
    say_row(all, long_log, 640);
    world_run(&world, 20);
    size_t count = wants(0, first, 16), told = liar.got_count;
    assert_int_equal(count, TOC_WINDOW_BYTES_FIRST / 65536);
    say_row(all, far, 10000);
    say_row(all, near, 5);
    say_row(world.federation, control, 5);
    world_run(&world, 20);
    assert_int_equal(wants(told, next, 16), 0); /* its window is full */
    for (const struct world_entry *entry = world.nodes[0].entries; entry != NULL;
         entry = entry->next) {
        if (memcmp(entry->log, long_log, 32) == 0 && entry->seq <= 256) {
            memcpy(bytes, entry->range.at, entry->range.len);
            liar_say(&liar, TOC_MSG_RANGE, TOC_CLASS_BULK, toc_span(bytes, entry->range.len));
        }
    }
    world_run(&world, 20);
    count = wants(told, next, 16);
    assert_true(count >= 4);
    assert_memory_equal(next[0].log, control, 32);
    assert_memory_equal(next[1].log, near, 32);
    assert_memory_not_equal(next[2].log, next[3].log, 32); /* the two long ones, in turns */
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_liar_costs_only_what_was_asked_of_it),
        cmocka_unit_test(a_withholder_is_ranked_last),
        cmocka_unit_test(a_far_slower_link_is_relieved),
        cmocka_unit_test(rows_of_an_earlier_link_are_forgotten),
        cmocka_unit_test(what_is_new_goes_before_what_is_old),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
