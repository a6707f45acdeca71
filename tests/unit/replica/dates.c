/* SPDX-License-Identifier: EUPL-1.2 */
#include "scene.h"

/* an author who writes dates to come is thought of as active for as long as others are. */

#define FAR_MS UINT64_C(32503680000000) /* the year 3000 */

static uint32_t log_place(void)
{
    uint32_t log = toc_ledger_find_log(replica()->ledger, chain.log);
    assert_int_not_equal(log, TOC_LEDGER_NONE);
    return log;
}

static uint64_t now_ms(void)
{
    return WORLD_START_UTC_MS + world.now_ms;
}

/* The liar's first entry, in the group of all. */
static void say_entry_of(uint64_t utc_ms)
{
    struct chain_entry *entry = chain_add(&chain, 100, 1);
    entry->header.utc.ms = utc_ms;
    chain.head = (struct toc_log_head){0};
    chain.count = 0;
    chain_append(&chain, entry);
    say_range(1, 1);
    world_run(&world, 100);
    assert_int_equal(seq_of(2, NULL), 1);
    assert_int_equal(replica()->ledger->logs[log_place()].head.utc.ms, utc_ms);
}

/* Does the group of all want links that stand, so much later? */
static bool wants_links(uint64_t after_ms)
{
    struct toc_turn turn = {.now = {world.now_ms + after_ms}, .now_utc = {now_ms() + after_ms}};
    const struct toc_links_wishes *wishes = &replica()->links->wishes;
    struct toc_wish wish;
    assert_true(wishes->group(wishes->context, &turn, TOC_GROUP_ALL, &wish));
    return wish.standing;
}

/* Would node 3, which was never heard, be brought something of the group of all? */
static bool would_bring(uint64_t after_ms)
{
    struct toc_turn turn = {.now = {world.now_ms + after_ms}, .now_utc = {now_ms() + after_ms}};
    const struct toc_links_wishes *wishes = &replica()->links->wishes;
    return wishes->lacks(wishes->context, &turn, TOC_GROUP_ALL, world.nodes[3].org);
}

static void a_date_to_come_keeps_nothing_young(void **state)
{
    (void)state;
    static const uint64_t days_ms = (uint64_t)TOC_BEACON_DAYS * 86400000u;
    for (int again = 0; again < 2; again++) {
        begin(1 + (uint64_t)again);
        say_entry_of(FAR_MS);
        if (again) { /* it stands in the store as it was written */
            liar_leave(&liar);
            world_kill(&world, 0);
            world_start(&world, 0);
            world_run(&world, 1000);
            liar_join(&liar, &world, 2, 0);
        }
        const struct toc_ledger_log *log = &replica()->ledger->logs[log_place()];
        assert_int_equal(log->head.utc.ms, FAR_MS);
        assert_true(log->active_ms <= now_ms());
        assert_true(log->stored_at.ms <= now_ms());
        struct toc_ledger_group *all = &replica()->ledger->groups[TOC_GROUP_ALL];
        all->member_count = TOC_BEACON_SMALL_GROUP;
        assert_true(wants_links(0));
        assert_false(wants_links(TOC_GROUP_SILENT_MS));
        all->member_count = 4;
        assert_true(would_bring(TOC_BRING_MS));
        assert_false(would_bring(days_ms + TOC_BRING_MS));
        end();
    }
}

/* Does the newest beacon of node 0 that the liar has heard have a row of the liar's log? */
static bool stands_in_a_beacon(void)
{
    for (size_t i = liar.got_count; i-- > 0;) {
        struct toc_beacon beacon;
        if (liar.got[i].type != TOC_MSG_BEACON) {
            continue;
        }
        assert_ok(toc_beacon_decode(&beacon, liar.got[i].body));
        if (memcmp(beacon.org, world.nodes[0].org, 32) != 0 ||
            memcmp(beacon.group, direct_group, 32) == 0) {
            continue;
        }
        for (size_t at = 0; at < beacon.rows.len; at += TOC_BEACON_ROW_BYTES) {
            if (memcmp(beacon.rows.at + at, chain.log, 32) == 0) {
                return true;
            }
        }
        return false;
    }
    fail_msg("no beacon was heard");
    return false;
}

/* As if it had been stored a month ago. */
static void a_silent_log_leaves_the_beacons(void **state)
{
    (void)state;
    begin(4);
    say_entry_of(FAR_MS);
    world_run(&world, 3000);
    assert_true(stands_in_a_beacon());
    replica()->ledger->logs[log_place()].active_ms =
        now_ms() - (uint64_t)TOC_BEACON_DAYS * 86400000u - 10000;
    liar_forget(&liar);
    publish(0);
    world_run(&world, 3000);
    assert_false(stands_in_a_beacon());
    end();
}

/* What is old when it comes stays old: a node that catches up brings nobody the past. */
static void a_date_of_the_past_counts(void **state)
{
    (void)state;
    begin(3);
    uint64_t old_ms = now_ms() - 3 * (uint64_t)TOC_GROUP_SILENT_MS;
    say_entry_of(old_ms);
    assert_int_equal(replica()->ledger->logs[log_place()].active_ms, old_ms);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_date_to_come_keeps_nothing_young),
        cmocka_unit_test(a_silent_log_leaves_the_beacons),
        cmocka_unit_test(a_date_of_the_past_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
