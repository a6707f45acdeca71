/* SPDX-License-Identifier: EUPL-1.2 */
#include "plant.h"

/* What one peer, or a few that have an understanding, can take of what all share: never all. */

static struct liar second;

static void join_second(void)
{
    liar_join(&second, &world, 3, 0);
    liar_agree(&second);
    liar_forget(&second);
}

static struct toc_ledger_log *row_of(const uint8_t *log)
{
    struct toc_ledger *ledger = &world.nodes[0].core->ledger;
    uint32_t at = toc_ledger_find_log(ledger, log);
    assert_true(at != TOC_LEDGER_NONE);
    return &ledger->logs[at];
}

/* one promise after the other, none of them kept: everybody is compared with now and then,
 * and only who shares the group. */
static void broken_promises_cost_few_comparisons(void **state)
{
    (void)state;
    uint8_t all[32];
    begin(1);
    join_second();
    all_group(all);
    plant(0, 100);
    struct toc_ledger *ledger = &world.nodes[0].core->ledger;
    uint32_t first = ledger->log_count - 100;
    struct toc_link *link = link_to_liar();
    world_run(&world, 2000);
    liar_forget(&second);
    for (uint32_t i = 0; i < 100; i++) {
        ledger->logs[first + i].entry_bytes = 1;
        say_row(all, ledger->logs[first + i].id, 20);
        world_run(&world, 500);
        link->unmet = 0;
    }
    assert_true(liar_count(&liar, TOC_MSG_WANT) > 50);
    /* In 50 s: one a minute by itself, and one every COMPARE_MS. */
    assert_in_range(liar_count(&second, TOC_MSG_VTOP), 3, 50000 / TOC_COMPARE_MS + 1);
    assert_false(liar.closed);
    liar_leave(&second);
    end();
}

/* */
static void only_links_that_share_the_group_are_compared_with(void **state)
{
    (void)state;
    begin(2);
    struct toc_turn turn = {.now = {world.now_ms}};
    uint32_t log = toc_ledger_log_of(&world.nodes[0].core->ledger,
                                     toc_ledger_find_group(replica()->ledger, direct_group),
                                     world.nodes[1].log_keys.public_key);
    struct toc_link *honest =
        toc_links_to(&world.nodes[0].core->links, world.nodes[1].node_keys.link_public);
    honest->vtop_due = link_to_liar()->vtop_due = false;
    toc_plan_vain(replica(), log);
    toc_plan_look(replica(), &turn);
    assert_true(honest->vtop_due);
    assert_false(link_to_liar()->vtop_due);
    end();
}

/* who promises much is asked for a part of what can be asked of all. */
static void promises_leave_items_for_others(void **state)
{
    (void)state;
    uint8_t all[32];
    begin(8);
    plant(0, 300);
    all_group(all);
    struct toc_ledger *ledger = &world.nodes[0].core->ledger;
    struct toc_plan *plan = &replica()->plan;
    const struct toc_window *window = &plan->windows[link_to_liar()->place];
    const uint32_t others = TOC_ITEMS_MAX - 101;
    plan->item_count += others; /* as if they were asked of other links */
    for (uint32_t i = ledger->log_count - 300; i < ledger->log_count; i++) {
        ledger->logs[i].entry_bytes = 1;
        say_row(all, ledger->logs[i].id, 20);
    }
    world_run(&world, 200);
    assert_int_equal(window->out_items, 51); /* and 50 are free */
    plan->item_count -= others;
    world_run(&world, 200);
    assert_int_equal(window->out_items, TOC_WANTS_LINK);
    end();
}

/* unrelated bytes are no sign that what was asked for is coming. */
static void other_bulk_puts_little_off(void **state)
{
    (void)state;
    static const uint8_t noise[4096];
    begin(3);
    join_second();
    struct toc_tell tell = {.seq = 1};
    uint8_t row[TOC_TELL_ROW_BYTES_MAX];
    chain_add(&chain, 100, 1);
    memcpy(tell.prefix, chain.log, sizeof tell.prefix);
    struct toc_span have = toc_span(row, toc_tell_encode(row, &tell));
    liar_say(&liar, TOC_MSG_HAVE, TOC_CLASS_CONTROL, have);
    world_run(&world, TOC_GAP_MS_MIN + 20);
    assert_int_equal(liar_count(&liar, TOC_MSG_WANT), 1);
    liar_say(&second, TOC_MSG_HAVE, TOC_CLASS_CONTROL, have);
    uint64_t ms = 0;
    for (; ms < 20000 && liar_count(&second, TOC_MSG_WANT) == 0; ms += 50) {
        liar_say(&liar, 99, TOC_CLASS_BULK, toc_span(noise, sizeof noise));
        world_run(&world, 50);
    }
    assert_in_range(ms, TOC_GAP_MS_MIN, 2 * TOC_GAP_MS_MIN);
    liar_leave(&second);
    end();
}

/* The frames of a message of bulk up to `to`, from `from` on: the last one does not end it. */
static void say_part(uint8_t type, struct toc_span body, size_t from, size_t to)
{
    uint8_t plain[TOC_FRAME_HEAD_BYTES + TOC_FRAME_BODY_BYTES_MAX];
    struct toc_frame frame = {.type = type,
                              .class = TOC_CLASS_BULK,
                              .more = to < body.len,
                              .body = toc_span(body.at + from, to - from)};
    liar_frames(&liar, toc_span(plain, toc_frame_encode(plain, &frame)));
}

/* who brings what it was asked for is waited for, however slow its line is. */
static void who_brings_the_log_is_waited_for(void **state)
{
    (void)state;
    enum { ENTRIES = 8, PIECE = 3000 };
    begin(4);
    join_second();
    struct toc_tell tell = {.seq = ENTRIES};
    uint8_t row[TOC_TELL_ROW_BYTES_MAX];
    for (int i = 0; i < ENTRIES; i++) {
        chain_add(&chain, 14000, 1);
    }
    memcpy(tell.prefix, chain.log, sizeof tell.prefix);
    struct toc_span have = toc_span(row, toc_tell_encode(row, &tell));
    liar_say(&liar, TOC_MSG_HAVE, TOC_CLASS_CONTROL, have);
    world_run(&world, TOC_GAP_MS_MIN + 20);
    liar_say(&second, TOC_MSG_HAVE, TOC_CLASS_CONTROL, have);
    for (uint64_t seq = 1; seq <= ENTRIES; seq++) {
        struct toc_span range = range_of(seq, seq);
        for (size_t at = 0; at < range.len; at += PIECE) {
            say_part(TOC_MSG_RANGE, range, at, at + PIECE < range.len ? at + PIECE : range.len);
            world_run(&world, 140); /* five and a half seconds in all */
        }
    }
    assert_int_equal(seq_of(2, NULL), ENTRIES);
    assert_int_equal(liar_count(&second, TOC_MSG_WANT), 0);
    liar_leave(&second);
    end();
}

/* A range of the liar's log beyond a gap, one entry each. */
static void say_each(struct liar *from, uint64_t first, uint64_t last)
{
    for (uint64_t seq = first; seq <= last; seq++) {
        liar_say(from, TOC_MSG_RANGE, TOC_CLASS_BULK, range_of(seq, seq));
        world_run(&world, 2);
    }
}

/* one link alone, and two, leave room for a third. */
static void what_is_held_of_a_link_leaves_room_for_others(void **state)
{
    (void)state;
    begin(5);
    join_second();
    for (int i = 0; i < 500; i++) {
        chain_add(&chain, 100, 1);
    }
    say_each(&liar, 2, 280);
    const struct toc_plan *plan = &replica()->plan;
    uint32_t alone = plan->held_count;
    assert_in_range(alone, TOC_HELD_MAX / 2 - 2, TOC_HELD_MAX / 2);
    assert_int_equal(plan->windows[link_to_liar()->place].held_count, alone);
    say_each(&second, 300, 480);
    assert_in_range(plan->held_count - alone, TOC_HELD_MAX / 4 - 2, TOC_HELD_MAX / 4);
    assert_true(plan->held_count < TOC_HELD_MAX);
    assert_false(liar.closed || second.closed);
    liar_leave(&second);
    say_each(&liar, 1, 1);
    world_run(&world, 100);
    assert_int_equal(plan->held_count, 0);
    assert_int_equal(plan->windows[link_to_liar()->place].held_count, 0);
    end();
}

/* what nobody has proved says nothing of what follows. */
static void sizes_are_learned_of_what_is_proved(void **state)
{
    (void)state;
    begin(6);
    world_log(&world, 1, NULL, chain.log);
    publish(1);
    world_run(&world, 100);
    uint32_t known = row_of(chain.log)->entry_bytes;
    assert_in_range(known, 100, 2000);
    chain_add(&chain, 60000, 1);
    say_range(1, 1); /* another first entry: a copy, as far as anybody looks */
    world_run(&world, 100);
    assert_int_equal(row_of(chain.log)->entry_bytes, known);
    publish(1);
    world_run(&world, 100);
    assert_int_equal(seq_of(1, NULL), 2);
    assert_in_range(row_of(chain.log)->entry_bytes, 100, 2000);
    assert_false(liar.closed);
    end();
}

/* many authors declare what nobody has; another one's entries are taken as ever. */
static void many_authors_leave_places_of_what_is_missing(void **state)
{
    (void)state;
    enum { COLLUDERS = 30 };
    begin(7);
    plant(0, COLLUDERS);
    struct toc_replica *of = replica();
    struct toc_ledger *ledger = &world.nodes[0].core->ledger;
    uint32_t first = ledger->log_count - COLLUDERS;
    for (uint32_t turn = 0; turn < TOC_MISSING_MAX; turn++) {
        uint32_t log = first + turn % COLLUDERS;
        ledger->logs[log].org_place = 100 + turn % COLLUDERS;
        if (toc_replica_may_miss(of, log, 1)) {
            toc_replica_miss(
                of, &(struct toc_missing){.log = log, .seq = 1 + turn, .payload_bytes = 1});
        }
    }
    assert_true(of->missing_count > TOC_MISSING_MAX / 2);
    for (int i = 0; i < 4; i++) {
        chain_add(&chain, 70000, 1);
    }
    uint32_t before = of->missing_count;
    assert_true(toc_replica_may_miss(of, (uint32_t)(row_of(chain.log) - ledger->logs),
                                     TOC_CHECKPOINT_ENTRIES));
    say_range(1, 4);
    world_run(&world, 100);
    assert_int_equal(seq_of(2, NULL), 4);
    assert_int_equal(of->missing_count, before + 4);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(broken_promises_cost_few_comparisons),
        cmocka_unit_test(only_links_that_share_the_group_are_compared_with),
        cmocka_unit_test(promises_leave_items_for_others),
        cmocka_unit_test(other_bulk_puts_little_off),
        cmocka_unit_test(who_brings_the_log_is_waited_for),
        cmocka_unit_test(what_is_held_of_a_link_leaves_room_for_others),
        cmocka_unit_test(sizes_are_learned_of_what_is_proved),
        cmocka_unit_test(many_authors_leave_places_of_what_is_missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
