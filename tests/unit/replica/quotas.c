/* SPDX-License-Identifier: EUPL-1.2 */
#include "scene.h"

/* How much of one organisation goes out by itself. */

static struct toc_turn turn;

static uint32_t place_of(size_t index)
{
    const struct toc_roster *roster = world.nodes[0].core->ledger.roster;
    const struct toc_org *org = toc_roster_find(roster, world.nodes[index].org);
    assert_non_null(org);
    return (uint32_t)(org - roster->orgs);
}

/* How many of `count` entries of `bytes` of an organisation may be pushed now. */
static uint32_t pushed(size_t author, uint32_t count, size_t bytes)
{
    uint32_t granted = 0;
    turn.now.ms = world.now_ms;
    for (uint32_t i = 0; i < count; i++) {
        granted += toc_quota_push(replica(), place_of(author), bytes, &turn);
    }
    return granted;
}

/* a burst, then so many an hour; others are not touched by it. */
static void a_burst_is_pushed_and_then_so_many_an_hour(void **state)
{
    (void)state;
    begin(1);
    assert_int_equal(pushed(1, 2000, 300), TOC_QUOTA_BURST);
    assert_int_equal(pushed(1, 1, 300), 0);
    assert_int_equal(pushed(2, 10, 300), 10);
    world.now_ms += 3600000;
    assert_int_equal(pushed(1, 2000, 300), TOC_QUOTA_ENTRIES_HOUR);
    world.now_ms += 18000; /* one two-hundredth of an hour */
    assert_int_equal(pushed(1, 10, 300), 1);
    world.now_ms += UINT64_C(7) * 86400000;
    assert_int_equal(pushed(1, 2000, 300), TOC_QUOTA_BURST);
    end();
}

/* */
static void fifty_million_bytes_are_pushed_a_day(void **state)
{
    (void)state;
    begin(2);
    assert_int_equal(pushed(1, 60, 1000000), 50);
    assert_int_equal(pushed(1, 1, 100), 0);
    world.now_ms += 86400000 / 50;
    assert_int_equal(pushed(1, 60, 1000000), 1);
    assert_int_equal(pushed(2, 1, TOC_PAYLOAD_BYTES_MAX), 1);
    end();
}

/* the operator's figures; none overflows. */
static void the_operator_may_set_other_figures(void **state)
{
    (void)state;
    begin(3);
    replica()->quota = (struct toc_quota_options){.entries_hour = 2, .burst = 3, .bytes_day = 1000};
    assert_int_equal(pushed(1, 10, 1), 3);
    assert_int_equal(pushed(2, 10, 1001), 0);
    assert_int_equal(pushed(2, 10, 500), 2);
    assert_int_equal(pushed(3, 10, TOC_PAYLOAD_BYTES_MAX), 0);
    replica()->quota = (struct toc_quota_options){1000000, 1000000, UINT32_MAX};
    assert_int_equal(pushed(0, 5000, 100), 5000);
    end();
}

/* */
static void the_federations_records_have_a_quota_of_their_own(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < 256; kind++) {
        bool record = kind == TOC_KIND_GROUP || kind == TOC_KIND_EPOCH || kind == TOC_KIND_CARD ||
                      kind == TOC_KIND_ROSTER || kind == TOC_KIND_SEALKEY ||
                      kind == TOC_KIND_BALLOT;
        assert_int_equal(toc_quota_is_record((uint8_t)kind), record);
    }
    begin(6);
    uint32_t granted = 0, place = place_of(1);
    assert_int_equal(pushed(1, 2 * TOC_QUOTA_BURST, 300), TOC_QUOTA_BURST);
    for (uint32_t i = 0; i < 2 * TOC_QUOTA_RECORDS_BURST; i++) {
        granted += toc_quota_push_record(replica(), place, 300, &turn);
    }
    assert_int_equal(granted, TOC_QUOTA_RECORDS_BURST);
    assert_true(toc_quota_push_record(replica(), place_of(2), 300, &turn));
    assert_int_equal(pushed(2, 1, 300), 1); /* and nothing is counted twice */
    end();
}

/* whoever fills his control log is fetched, as bulk, and loses nothing. */
static void a_control_log_without_end_is_fetched(void **state)
{
    (void)state;
    static struct liar second;
    begin(7);
    liar_join(&second, &world, 3, 0);
    liar_agree(&second);
    begin_chain(liar.federation);
    for (unsigned i = 0; i < 40; i++) {
        chain_add(&chain, 100, 1);
    }
    for (uint64_t seq = 1; seq <= 20; seq++) {
        liar_say(&liar, TOC_MSG_ENTRY, TOC_CLASS_LIVE, range_of(seq, seq));
        liar_wait(&liar);
    }
    assert_int_equal(liar_count(&second, TOC_MSG_ENTRY), 20);
    turn.now.ms = world.now_ms;
    while (toc_quota_push_record(replica(), place_of(2), 1, &turn)) {
    }
    liar_forget(&second);
    for (uint64_t seq = 21; seq <= 40; seq++) {
        liar_say(&liar, TOC_MSG_ENTRY, TOC_CLASS_LIVE, range_of(seq, seq));
        liar_wait(&liar);
    }
    world_run(&world, 1000);
    assert_true(liar_count(&second, TOC_MSG_ENTRY) <= 2);
    assert_true(liar_count(&second, TOC_MSG_HAVE) >= 1);
    assert_int_equal(liar_last(&second, TOC_MSG_HAVE)->class, TOC_CLASS_BULK);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(world_seq(&world, i, chain.log), 40);
    }
    liar_leave(&second);
    end();
}

/* our operator hears of it, once until it is paid for; of others' excess never. */
static void ones_own_excess_is_told_once(void **state)
{
    (void)state;
    begin(4);
    const size_t *told = &world.nodes[0].notices[TOC_NOTICE_QUOTA];
    (void)pushed(1, 2 * TOC_QUOTA_BURST, 1);
    (void)pushed(0, TOC_QUOTA_BURST - 10, 1);
    world_run(&world, 3000);
    assert_int_equal(*told, 0);
    for (int i = 0; i < 10; i++) {
        (void)pushed(0, 15, 1);
        world_run(&world, 3000);
    }
    assert_int_equal(*told, 1);
    uint64_t owed_ms = UINT64_C(3600000) * TOC_QUOTA_BURST / TOC_QUOTA_ENTRIES_HOUR;
    world_run(&world, owed_ms + 20000);
    (void)pushed(0, 2 * TOC_QUOTA_BURST, 1);
    world_run(&world, 3000);
    assert_int_equal(*told, 2);
    end();
}

/* ENTRYs of a log that the liar was sent. */
static size_t entries_sent(size_t author)
{
    uint8_t log[32];
    size_t count = 0;
    world_log(&world, author, NULL, log);
    for (size_t i = 0; i < liar.got_count; i++) {
        struct toc_range_info info;
        count += liar.got[i].type == TOC_MSG_ENTRY &&
                 !toc_failed(toc_range_peek(liar.got[i].body, &info)) &&
                 memcmp(info.log, log, 32) == 0;
    }
    return count;
}

/* 2,000 entries of one organisation in an hour. What is beyond its quota is told of and
 * reaches everybody who asks; the entries of others are pushed as ever; in the end all hold the
 * same, and all of it is valid. */
static void beyond_its_quota_an_organisation_is_fetched(void **state)
{
    (void)state;
    begin(5);
    for (unsigned i = 0; i < 2000; i++) {
        publish(1);
        world_run(&world, 1800);
        if (i % 20 == 0) {
            liar_frames(&liar, toc_span(NULL, 0)); /* still there */
        }
        if (i % 100 == 99) { /* and others publish too */
            size_t before = entries_sent(0);
            publish(0);
            world_run(&world, 30);
            assert_int_equal(entries_sent(0), before + 1);
        }
    }
    world_run(&world, 5000);
    assert_false(liar.closed);
    /* A burst and an hour's share of it; of the latter some came here several in one RANGE. */
    assert_in_range(entries_sent(1), TOC_QUOTA_BURST, TOC_QUOTA_BURST + TOC_QUOTA_ENTRIES_HOUR + 1);
    assert_true(liar_count(&liar, TOC_MSG_HAVE) > 100);
    assert_int_equal(seq_of(1, NULL), 2000);
    uint8_t digests[2][TOC_DIGEST_BYTES];
    for (size_t i = 0; i < 2; i++) {
        toc_ledger_digest(&world.nodes[i].core->ledger, TOC_GROUP_ALL, digests[i]);
    }
    assert_memory_equal(digests[0], digests[1], TOC_DIGEST_BYTES);
    /* Who asks for the rest gets it, in the lowest class. */
    uint8_t log[32];
    world_log(&world, 1, NULL, log);
    struct toc_want want = {.from = 1201, .to = 2000};
    memcpy(want.log, log, 32);
    liar_forget(&liar);
    say_want(&want);
    world_run(&world, 5000);
    assert_true(liar_count(&liar, TOC_MSG_RANGE) >= 12);
    assert_int_equal(liar_last(&liar, TOC_MSG_RANGE)->class, TOC_CLASS_BULK);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_burst_is_pushed_and_then_so_many_an_hour),
        cmocka_unit_test(fifty_million_bytes_are_pushed_a_day),
        cmocka_unit_test(the_operator_may_set_other_figures),
        cmocka_unit_test(the_federations_records_have_a_quota_of_their_own),
        cmocka_unit_test(a_control_log_without_end_is_fetched),
        cmocka_unit_test(ones_own_excess_is_told_once),
        cmocka_unit_test(beyond_its_quota_an_organisation_is_fetched),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
