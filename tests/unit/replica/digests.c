/* SPDX-License-Identifier: EUPL-1.2 */
#include "plant.h"

/* What two nodes say to find out what one of them lacks, and how little of it. */

static uint8_t before[32];

/* The digests that node 0 would say now, with the last one, of the group of all, altered or not. */
static void say_digests(bool altered)
{
    uint8_t body[TOC_VTOP_CHECK_BYTES + 2 * TOC_DIGEST_BYTES], ids[64], full[32];
    struct toc_ledger *ledger = &world.nodes[0].core->ledger;
    memcpy(ids, liar.federation, 32);
    all_group(ids + 32);
    struct toc_span part = toc_span(ids, sizeof ids);
    toc_hash(full, TOC_CTX_H_MEMBERS, &part, 1);
    memcpy(body, full, TOC_VTOP_CHECK_BYTES);
    toc_ledger_digest(ledger, TOC_GROUP_CONTROL, body + TOC_VTOP_CHECK_BYTES);
    toc_ledger_digest(ledger, TOC_GROUP_ALL, body + TOC_VTOP_CHECK_BYTES + TOC_DIGEST_BYTES);
    body[sizeof body - 1] ^= altered;
    liar_say(&liar, TOC_MSG_VTOP, TOC_CLASS_CONTROL, toc_span(body, sizeof body));
}

/* Node 0's own buckets of the group of all, those of the set altered. */
static void say_buckets(uint64_t altered)
{
    uint8_t body[TOC_VBKT_BYTES];
    all_group(body);
    toc_ledger_buckets(&world.nodes[0].core->ledger, TOC_GROUP_ALL, body + 32);
    for (uint32_t i = 0; i < TOC_BUCKETS; i++) {
        body[32 + i * TOC_DIGEST_BYTES] ^= altered >> i & 1;
    }
    liar_say(&liar, TOC_MSG_VBKT, TOC_CLASS_CONTROL, toc_span(body, sizeof body));
}

static size_t all_rows_got(uint64_t buckets)
{
    size_t rows = 0;
    for (size_t i = 0; i < liar.got_count; i++) {
        struct toc_vrow vrow;
        if (liar.got[i].type == TOC_MSG_VROW) {
            assert_ok(toc_vrow_decode(&vrow, liar.got[i].body));
            assert_true(vrow.buckets == buckets);
            rows += vrow.rows.len / TOC_ROW_BYTES;
        }
    }
    return rows;
}

/* many rows are compared by buckets first. */
static void a_large_group_is_answered_by_buckets(void **state)
{
    (void)state;
    begin(1);
    plant(0, 100);
    say_digests(true);
    world_run(&world, 100);
    assert_int_equal(liar_count(&liar, TOC_MSG_VROW), 0);
    assert_int_equal(liar_count(&liar, TOC_MSG_VBKT), 1);
    uint8_t expected[TOC_VBKT_BYTES];
    all_group(expected);
    toc_ledger_buckets(&world.nodes[0].core->ledger, TOC_GROUP_ALL, expected + 32);
    assert_span(liar_last(&liar, TOC_MSG_VBKT)->body, toc_span(expected, sizeof expected));
    end();
}

/* and of the buckets that differ the rows go out, of no others. */
static void buckets_that_differ_bring_their_rows(void **state)
{
    (void)state;
    begin(2);
    plant(0, 200);
    uint64_t sets[] = {UINT64_C(1) << 7, UINT64_C(1) << 63 | 1, TOC_BUCKETS_ALL};
    for (size_t i = 0; i < sizeof sets / sizeof sets[0]; i++) {
        size_t expected = 0;
        const struct toc_ledger *ledger = &world.nodes[0].core->ledger;
        for (uint32_t log = 0; log < ledger->log_count; log++) {
            expected += ledger->logs[log].group == TOC_GROUP_ALL &&
                        ledger->logs[log].head.seq != 0 &&
                        (sets[i] >> (ledger->logs[log].id[0] >> 2) & 1) != 0;
        }
        liar_forget(&liar);
        say_buckets(sets[i]);
        world_run(&world, 3000);
        assert_int_equal(all_rows_got(sets[i]), expected);
        assert_true(expected > 0);
    }
    liar_forget(&liar);
    say_buckets(0);
    world_run(&world, 3000);
    assert_int_equal(liar_count(&liar, TOC_MSG_VROW), 0);
    end();
}

/* */
static void buckets_out_of_form_are_refused(void **state)
{
    (void)state;
    static const size_t lengths[] = {
        0, 31, 32, TOC_VBKT_BYTES - 1, TOC_VBKT_BYTES + 1, TOC_VBKT_BYTES + 16};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        static uint8_t body[TOC_VBKT_BYTES + 16];
        begin(10 + i);
        liar_state(&world, 0, before);
        liar_say(&liar, TOC_MSG_VBKT, TOC_CLASS_CONTROL, toc_span(body, lengths[i]));
        assert_refused(TOC_MALFORMED, before);
        end();
    }
}

/* */
static void buckets_of_what_is_not_shared_say_nothing(void **state)
{
    (void)state;
    uint8_t body[TOC_VBKT_BYTES] = {5};
    begin(20);
    liar_state(&world, 0, before);
    for (size_t i = 0; i < 100; i++) {
        liar_say(&liar, TOC_MSG_VBKT, TOC_CLASS_CONTROL, toc_span(body, sizeof body));
        memcpy(body, direct_group, 32);
    }
    assert_ignored(before);
    assert_int_equal(liar_count(&liar, TOC_MSG_VROW), 0);
    end();
}

/* the groups are the same, the digests are not as many. */
static void digests_of_other_groups_than_named_are_refused(void **state)
{
    (void)state;
    uint8_t body[TOC_VTOP_CHECK_BYTES + 3 * TOC_DIGEST_BYTES] = {0}, ids[64], full[32];
    for (size_t count = 1; count <= 3; count += 2) {
        begin(30 + count);
        memcpy(ids, liar.federation, 32);
        all_group(ids + 32);
        struct toc_span part = toc_span(ids, sizeof ids);
        toc_hash(full, TOC_CTX_H_MEMBERS, &part, 1);
        memcpy(body, full, TOC_VTOP_CHECK_BYTES);
        liar_state(&world, 0, before);
        liar_say(&liar, TOC_MSG_VTOP, TOC_CLASS_CONTROL,
                 toc_span(body, TOC_VTOP_CHECK_BYTES + count * TOC_DIGEST_BYTES));
        assert_refused(TOC_MALFORMED, before);
        end();
    }
}

/* equal digests are not said back, unless those before differed. */
static void equal_digests_are_answered_after_unequal_ones(void **state)
{
    (void)state;
    begin(40);
    world_run(&world, 1500);
    liar_forget(&liar);
    say_digests(false);
    world_run(&world, 1500);
    assert_int_equal(liar_count(&liar, TOC_MSG_VTOP), 0);
    say_digests(true);
    world_run(&world, 1500);
    assert_int_equal(liar_count(&liar, TOC_MSG_VTOP), 0);
    say_digests(false);
    world_run(&world, 1500);
    assert_int_equal(liar_count(&liar, TOC_MSG_VTOP), 1);
    /* Our own minute begins anew with each equal one. */
    liar_forget(&liar);
    for (int i = 0; i < 6; i++) {
        say_digests(false);
        world_run(&world, 30000);
    }
    assert_int_equal(liar_count(&liar, TOC_MSG_VTOP), 0);
    end();
}

/* digests that differ for ever are answered ever more rarely, and nobody else waits. */
static void digests_that_never_agree_are_answered_ever_more_rarely(void **state)
{
    (void)state;
    begin(50);
    plant(0, 100);
    uint64_t wire = world.wire_bytes;
    for (int i = 0; i < 3000; i++) { /* a minute */
        say_digests(true);
        world_run(&world, 20);
    }
    assert_false(liar.closed);
    /* After 0.2, 0.6, 1.4 ... 51 s. */
    assert_in_range(liar_count(&liar, TOC_MSG_VBKT), 5, 10);
    assert_int_equal(liar_count(&liar, TOC_MSG_VROW), 0);
    assert_true(world.wire_bytes - wire < 3000 * 120 + 20000); /* nearly all of it the liar's */
    assert_honest_links_go_on();
    end();
}

/* entries that flow make them worth while again. */
static void answers_come_at_once_again_when_entries_flow(void **state)
{
    (void)state;
    begin(51);
    plant(0, 100);
    for (int i = 0; i < 200; i++) { /* the next answer is due after 6.2 s */
        say_digests(true);
        world_run(&world, 20);
    }
    liar_forget(&liar);
    say_digests(true);
    world_run(&world, 300);
    assert_int_equal(liar_count(&liar, TOC_MSG_VBKT), 0);
    chain_add(&chain, 100, 1);
    liar_say(&liar, TOC_MSG_ENTRY, TOC_CLASS_LIVE, range_of(1, 1));
    world_run(&world, 300);
    assert_int_equal(liar_count(&liar, TOC_MSG_VBKT), 1);
    assert_int_equal(seq_of(2, NULL), 1);
    end();
}

/* who asks for rows again and again is ended. */
static void buckets_for_nothing_end_the_link(void **state)
{
    (void)state;
    for (uint64_t way = 0; way < 2; way++) {
        begin(60 + way);
        plant(0, 100);
        liar_state(&world, 0, before);
        unsigned said = 0;
        for (; said < 4 * TOC_FUTILE_MAX && !liar.closed; said++) {
            say_buckets(way == 0 ? TOC_BUCKETS_ALL : 0);
            world_run(&world, 20);
        }
        assert_in_range(said, TOC_FUTILE_MAX, TOC_FUTILE_MAX + 16);
        assert_true(liar_count(&liar, TOC_MSG_VROW) < 40);
        assert_refused(TOC_LIMIT, before);
        end();
    }
}

/* what answers our own digests is never futile, though nothing differs any more because it
 * has come another way, or rows are due already. */
static void answers_that_were_asked_for_are_never_futile(void **state)
{
    (void)state;
    for (uint64_t way = 0; way < 2; way++) {
        begin(70 + way);
        plant(0, 100);
        for (unsigned i = 0; i < 2 * TOC_FUTILE_MAX; i++) {
            link_to_liar()->vtop_due = true;
            world_run(&world, TOC_VTOP_MS_MIN + 5);
            say_buckets(way == 0 ? 0 : TOC_BUCKETS_ALL);
            world_run(&world, 5);
            assert_false(liar.closed);
            assert_int_equal(link_to_liar()->futile, 0);
        }
        end();
    }
}

/* rows that cross with our own answer theirs to our digests, and may tell nothing new. */
static void rows_that_cross_are_not_futile(void **state)
{
    (void)state;
    uint8_t all[32], log[32];
    begin(72);
    all_group(all);
    world_log(&world, 0, NULL, log);
    say_row(all, log, 1);
    liar_wait(&liar);
    for (int i = 0; i < 4; i++) {
        struct toc_link *link = link_to_liar();
        world_run(&world, 20000);
        link->vtop_due = true;
        world_run(&world, 5);
        liar_forget(&liar);
        say_digests(true); /* our rows go out for this */
        world_run(&world, 2000);
        link->futile = 0;
        say_row(all, log, 1); /* and theirs come for ours */
        liar_wait(&liar);
        assert_int_equal(link_to_liar()->futile, 0);
    }
    end();
}

/* rows that nobody asked for and that are known. */
static void rows_for_nothing_end_the_link(void **state)
{
    (void)state;
    uint8_t all[32], log[32];
    begin(62);
    all_group(all);
    world_log(&world, 3, NULL, log);
    say_row(all, log, 1);
    liar_wait(&liar);
    liar_state(&world, 0, before);
    unsigned said = 0;
    for (; said < 4 * TOC_FUTILE_MAX && !liar.closed; said++) {
        say_row(all, log, 1);
        world_run(&world, 20);
    }
    assert_in_range(said, TOC_FUTILE_MAX, TOC_FUTILE_MAX + 16);
    assert_refused(TOC_LIMIT, before);
    end();
}

/* an answer that never ends. */
static void rows_without_end_are_refused(void **state)
{
    (void)state;
    static uint8_t body[TOC_VROW_HEAD_BYTES + 900 * TOC_ROW_BYTES];
    begin(63);
    struct toc_vrow vrow = {.buckets = TOC_BUCKETS_ALL};
    all_group(vrow.group);
    toc_vrow_encode_head(body, &vrow);
    liar_state(&world, 0, before);
    unsigned said = 0;
    for (; said < 300 && !liar.closed; said++) {
        world_entropy(&world, body + TOC_VROW_HEAD_BYTES, sizeof body - TOC_VROW_HEAD_BYTES);
        liar_say(&liar, TOC_MSG_VROW, TOC_CLASS_CONTROL, toc_span(body, sizeof body));
        world_run(&world, 100);
    }
    assert_in_range(said, 2 * TOC_LOGS_MAX / 901, 299);
    assert_refused(TOC_LIMIT, before);
    end();
}

/* Two nodes meet again, after one of them has published or not; gives the bytes of both directions
 * until all is quiet. */
static uint64_t meet(size_t published)
{
    world.cut[0][1] = world.cut[1][0] = true;
    struct toc_link *link =
        toc_links_to(&world.nodes[0].core->links, world.nodes[1].node_keys.link_public);
    assert_non_null(link);
    world_close(&world, 0, link->id, toc_fail(TOC_UNREACHABLE, "cut"));
    struct toc_event event = {.kind = TOC_EVENT_LINK_DOWN, .link = link->id};
    world_step(&world, 0, &event);
    world_run(&world, 100);
    for (size_t i = 0; i < published; i++) {
        publish(i % 2);
    }
    world_run(&world, 3000);
    world.cut[0][1] = world.cut[1][0] = false;
    uint64_t wire = world.wire_bytes;
    for (int i = 0; i < 40; i++) {
        world_run(&world, 500);
    }
    uint8_t digests[2][TOC_DIGEST_BYTES];
    for (size_t i = 0; i < 2; i++) {
        toc_ledger_digest(&world.nodes[i].core->ledger, TOC_GROUP_ALL, digests[i]);
    }
    assert_memory_equal(digests[0], digests[1], TOC_DIGEST_BYTES);
    return world.wire_bytes - wire;
}

/* one changed log among 1,000 costs at most 10 KB in both directions, the entry and the
 * beacons that follow from it included; likewise one on either side. */
static void a_changed_log_among_a_thousand_costs_little(void **state)
{
    (void)state;
    world_init(&world, 4, 70);
    world_start(&world, 0);
    world_start(&world, 1);
    world_run(&world, 3500);
    plant(0, 996);
    plant(1, 996);
    assert_int_equal(world.nodes[0].core->ledger.groups[TOC_GROUP_ALL].log_count, 1000);
    world_run(&world, 120000);
    uint64_t nothing = meet(0);
    uint64_t one = meet(1) - nothing;
    uint64_t both = meet(2) - nothing;
    print_message("1,000 logs: nothing new %llu bytes, one changed log %llu, one on each side "
                  "%llu\n",
                  (unsigned long long)nothing, (unsigned long long)one, (unsigned long long)both);
    assert_in_range(one, 1000, 10240);
    assert_in_range(both, 1000, 10240);
    world_clear(&world);
}

/* a link on which nothing happens costs less than 300 bytes a minute, both
 * directions. */
static void an_idle_link_costs_little(void **state)
{
    (void)state;
    world_init(&world, 4, 71);
    world_start(&world, 0);
    world_start(&world, 1);
    world_run(&world, 120000);
    uint64_t wire = world.wire_bytes;
    world_run(&world, 1200000); /* 20 min; the hour of beacons is not yet over */
    uint64_t minute = (world.wire_bytes - wire) / 20;
    print_message("an idle link: %llu bytes a minute\n", (unsigned long long)minute);
    assert_in_range(minute, 16, 299);
    world_clear(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_large_group_is_answered_by_buckets),
        cmocka_unit_test(buckets_that_differ_bring_their_rows),
        cmocka_unit_test(buckets_out_of_form_are_refused),
        cmocka_unit_test(buckets_of_what_is_not_shared_say_nothing),
        cmocka_unit_test(digests_of_other_groups_than_named_are_refused),
        cmocka_unit_test(equal_digests_are_answered_after_unequal_ones),
        cmocka_unit_test(digests_that_never_agree_are_answered_ever_more_rarely),
        cmocka_unit_test(answers_come_at_once_again_when_entries_flow),
        cmocka_unit_test(buckets_for_nothing_end_the_link),
        cmocka_unit_test(answers_that_were_asked_for_are_never_futile),
        cmocka_unit_test(rows_that_cross_are_not_futile),
        cmocka_unit_test(rows_for_nothing_end_the_link),
        cmocka_unit_test(rows_without_end_are_refused),
        cmocka_unit_test(a_changed_log_among_a_thousand_costs_little),
        cmocka_unit_test(an_idle_link_costs_little),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
