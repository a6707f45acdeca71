/* SPDX-License-Identifier: EUPL-1.2 */
#include "scene.h"

/* NOPAY for entries, between one node and a liar: who says it, and what it is worth. */

static uint8_t before[32], log_of_1[32], all[32];

static void say_nopay(const uint8_t *log, uint64_t seq)
{
    uint8_t body[TOC_NOPAY_BYTES];
    memcpy(body, log, 32);
    toc_put_le64(body + 32, seq);
    body[40] = TOC_NOPAY_LOST;
    liar_say(&liar, TOC_MSG_NOPAY, TOC_CLASS_CONTROL, toc_span(body, sizeof body));
    world_run(&world, 50);
}

static void meet(uint64_t seed)
{
    begin(seed);
    all_group(all);
    world_log(&world, 1, NULL, log_of_1);
}

/* Node 0's stored entry of node 1 with this number can no more be read. */
static void damage(uint64_t seq)
{
    size_t damaged = 0;
    for (struct world_entry *entry = world.nodes[0].entries; entry != NULL; entry = entry->next) {
        if (memcmp(entry->log, log_of_1, 32) == 0 && entry->seq == seq) {
            entry->damaged = true;
            damaged++;
        }
    }
    assert_int_equal(damaged, 1);
}

static void what_cannot_be_read_is_said(void **state)
{
    (void)state;
    meet(1);
    for (int i = 0; i < 6; i++) {
        publish(1);
        world_run(&world, 20);
    }
    damage(3);
    liar_forget(&liar);
    struct toc_want want = {.kind = TOC_WANT_ENTRIES, .from = 1, .to = 2};
    memcpy(want.log, log_of_1, 32);
    say_want(&want);
    want.from = 3;
    want.to = 4;
    say_want(&want);
    want.from = want.to = 6; /* asked for behind it: not given either */
    say_want(&want);
    world_run(&world, 200);
    assert_int_equal(liar_count(&liar, TOC_MSG_RANGE), 2);
    assert_int_equal(liar_count(&liar, TOC_MSG_NOPAY), 1);
    const struct liar_message *nopay = liar_last(&liar, TOC_MSG_NOPAY);
    assert_int_equal(nopay->body.len, TOC_NOPAY_BYTES);
    assert_memory_equal(nopay->body.at, log_of_1, 32);
    assert_int_equal(toc_le64(nopay->body.at + 32), 3);
    assert_int_equal(nopay->body.at[40], TOC_NOPAY_LOST);
    say_want(&want); /* asked anew, it is */
    world_run(&world, 200);
    assert_int_equal(liar_count(&liar, TOC_MSG_RANGE), 3);
    assert_int_equal(liar_count(&liar, TOC_MSG_NOPAY), 1);
    end();
}

static void who_cannot_give_is_asked_once_a_minute(void **state)
{
    (void)state;
    meet(2);
    say_row(all, log_of_1, 50);
    world_run(&world, 100);
    assert_int_equal(liar_count(&liar, TOC_MSG_WANT), 1);
    say_nopay(log_of_1, 1);
    assert_int_equal(replica()->plan.item_count, 0);
    assert_int_equal(link_to_liar()->unmet, 1);
    for (uint64_t ms = 0; ms + 2000 < TOC_REFUSAL_MS; ms += 1000) {
        say_row(all, log_of_1, 50);
        world_run(&world, 950);
    }
    assert_int_equal(liar_count(&liar, TOC_MSG_WANT), 1);
    world_run(&world, 8000);
    assert_int_equal(liar_count(&liar, TOC_MSG_WANT), 2);
    assert_false(liar.closed);
    end();
}

/* whoever comes next at the link's place is asked; the newest refusals are remembered. */
static void another_link_is_asked_at_once(void **state)
{
    (void)state;
    meet(6);
    replica()->plan.refusal_next = TOC_REFUSALS_MAX - 1;
    say_row(all, log_of_1, 50);
    world_run(&world, 100);
    uint32_t place = link_to_liar()->place;
    say_nopay(log_of_1, 1);
    assert_int_equal(replica()->plan.refusal_next, 0);
    uint32_t log = toc_ledger_find_log(replica()->ledger, log_of_1);
    assert_true(toc_refusal_has(&replica()->plan, place, log, 1));
    liar_leave(&liar);
    world_run(&world, 100);
    liar_join(&liar, &world, 2, 0);
    assert_int_equal(link_to_liar()->place, place);
    assert_false(toc_refusal_has(&replica()->plan, place, log, 1));
    liar_agree(&liar);
    liar_forget(&liar);
    say_row(all, log_of_1, 50);
    world_run(&world, 100);
    assert_int_equal(liar_count(&liar, TOC_MSG_WANT), 1);
    end();
}

/* What lies before it in its item, and what lies behind it, is as before. */
static void an_item_ends_before_what_is_refused(void **state)
{
    (void)state;
    meet(3);
    say_row(all, log_of_1, 50);
    world_run(&world, 100);
    say_nopay(log_of_1, 20);
    assert_int_equal(replica()->plan.item_count, 1);
    uint32_t log = toc_ledger_find_log(replica()->ledger, log_of_1);
    const struct toc_item *item = &replica()->plan.items[replica()->ledger->logs[log].first_item];
    assert_int_equal(item->from, 1);
    assert_int_equal(item->to, 19);
    say_nopay(log_of_1, 20); /* it owes it no more */
    assert_int_equal(link_to_liar()->unmet, 1);
    assert_int_equal(item->to, 19);
    end();
}

static void what_is_not_owed_says_nothing(void **state)
{
    (void)state;
    uint8_t direct[32];
    meet(4);
    say_row(all, log_of_1, 50);
    world_run(&world, 100);
    liar_state(&world, 0, before);
    world_log(&world, 0, direct_group, direct);
    say_nopay(direct, 1);
    say_nopay(log_of_1, 0);
    say_nopay(log_of_1, 51);
    say_nopay(log_of_1, UINT64_MAX);
    direct[0] ^= 1;
    say_nopay(direct, 1);
    assert_ignored(before);
    assert_int_equal(replica()->plan.item_count, 1);
    assert_int_equal(link_to_liar()->unmet, 0);
    end();
}

/* A node that has forgotten what it published waits, although nobody can give it now. */
static void a_refusal_of_our_own_log_does_not_say_that_it_is_whole(void **state)
{
    (void)state;
    uint8_t log[32];
    meet(5);
    world_log(&world, 0, NULL, log);
    say_row(all, log, 50);
    world_run(&world, 100);
    assert_int_equal(liar_count(&liar, TOC_MSG_WANT), 1);
    say_nopay(log, 2);
    assert_int_equal(replica()->plan.item_count, 0);
    size_t published = world.nodes[0].published;
    publish(0);
    world_run(&world, 100);
    assert_int_equal(world.nodes[0].published, published);
    world_run(&world, TOC_OWN_WAIT_MS);
    publish(0);
    world_run(&world, 100);
    assert_int_equal(world.nodes[0].published, published + 1);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_cannot_be_read_is_said),
        cmocka_unit_test(who_cannot_give_is_asked_once_a_minute),
        cmocka_unit_test(another_link_is_asked_at_once),
        cmocka_unit_test(an_item_ends_before_what_is_refused),
        cmocka_unit_test(what_is_not_owed_says_nothing),
        cmocka_unit_test(a_refusal_of_our_own_log_does_not_say_that_it_is_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
