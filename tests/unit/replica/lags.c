/* SPDX-License-Identifier: EUPL-1.2 */
#include "plant.h"

/* Does a node know that it lags, and is it not made to believe so? */

static const size_t *lags(void)
{
    return &world.nodes[0].notices[TOC_NOTICE_LAG];
}

static const struct toc_lag *lag(void)
{
    return &replica()->lag;
}

static const struct toc_link *liars_link(void)
{
    return toc_links_to(&world.nodes[0].core->links, world.nodes[2].node_keys.link_public);
}

/* The beacon of node `as`, brought by the liar: it holds node 1's log in the group of all up to
 * `seq`. */
static void claim_of(size_t as, size_t author, uint64_t seq)
{
    static uint8_t row_bytes[TOC_BEACON_ROW_BYTES], out[2048], scratch[2048];
    static uint64_t serial = 1000;
    struct toc_beacon beacon = {.node = 1, .serial = ++serial, .roster_number = 1, .clock = {1}};
    struct toc_beacon_row row = {.stored_seq = seq};
    world_log(&world, author, NULL, row.log);
    toc_beacon_row_encode(row_bytes, &row);
    all_group(beacon.group);
    memcpy(beacon.org, world.nodes[as].org, 32);
    beacon.rows = toc_span(row_bytes, sizeof row_bytes);
    struct toc_beacon_signer signer = {liar.federation, world.nodes[as].log_keys.secret};
    struct toc_span body =
        toc_beacon_seal((struct toc_room){out, sizeof out},
                        (struct toc_room){scratch, sizeof scratch}, &beacon, &signer);
    liar_say(&liar, TOC_MSG_BEACON, TOC_CLASS_CONTROL, body);
    liar_wait(&liar);
}

/* Time passes; the liar's link is kept alive. */
static void pass(uint64_t ms)
{
    for (uint64_t at = 0; at < ms; at += 20000) {
        liar_frames(&liar, toc_span(NULL, 0));
        world_run(&world, ms - at < 20000 ? ms - at : 20000);
    }
}

/* two organisations, ten minutes; ended when what they hold has come. */
static void two_organisations_for_ten_minutes_raise_an_alarm(void **state)
{
    (void)state;
    begin(1);
    pass(25000); /* out of step with the digests of each minute */
    claim_of(2, 3, 5);
    claim_of(3, 3, 5);
    pass(TOC_LAG_MS - 10000);
    assert_int_equal(*lags(), 0);
    assert_false(lag()->alarm);
    /* Others are dialled and compared with, as soon as the alarm is raised. */
    assert_false(world.nodes[0].core->links.seek_due);
    for (int i = 0; i < 20 && *lags() == 0; i++) {
        liar_forget(&liar);
        pass(1000);
    }
    assert_int_equal(*lags(), 1);
    assert_true(world.nodes[0].core->links.seek_due);
    pass(1000);
    assert_true(lag()->alarm);
    assert_int_equal(lag()->witness_count, 2);
    assert_true(lag()->alarm_since.ms != 0);
    assert_true(liar_count(&liar, TOC_MSG_VTOP) >= 1);
    assert_true(liars_link()->suspected); /* it says that it holds them */
    pass(600000);
    assert_int_equal(*lags(), 1); /* said once */
    /* The entries come, of the author's own node at last. */
    world_start(&world, 3);
    pass(5000);
    for (int i = 0; i < 6; i++) {
        publish(3);
    }
    pass(5000);
    assert_in_range(seq_of(3, NULL), 5, 7);
    assert_false(lag()->alarm);
    assert_int_equal(world.nodes[0].notices[TOC_NOTICE_CAUGHT_UP], 1);
    assert_int_equal(lag()->entries, 0);
    assert_false(liars_link()->suspected);
    end();
}

/* what is missing and was asked for in vain, on two links, is sought elsewhere at once. */
static void items_in_vain_have_others_dialled(void **state)
{
    (void)state;
    begin(6);
    struct toc_links *links = &world.nodes[0].core->links;
    struct toc_link *other = toc_links_to(links, world.nodes[1].node_keys.link_public);
    struct toc_link *liars = toc_links_to(links, world.nodes[2].node_keys.link_public);
    assert_non_null(other);
    assert_non_null(liars);
    other->unmet = liars->unmet = TOC_UNMET_MAX;
    pass(10000);
    assert_int_equal(lag()->unmet_count, 2);
    assert_false(links->seek_due); /* nothing is missing */
    claim_of(2, 3, 5);
    claim_of(3, 3, 5);
    other->unmet = 0;
    pass(10000);
    assert_in_range(lag()->entries, 1, 10);
    assert_false(links->seek_due); /* one link alone */
    other->unmet = TOC_UNMET_MAX;
    for (uint64_t ms = 0; ms < 2 * TOC_LAG_CHECK_MS && !links->seek_due; ms += 100) {
        world_run(&world, 100);
    }
    assert_true(links->seek_due);
    assert_true(liars->suspected);
    assert_false(lag()->alarm);
    end();
}

/* one liar alone raises no alarm, however many of its nodes say so, and of however many
 * logs. */
static void one_organisation_alone_raises_no_alarm(void **state)
{
    (void)state;
    begin(2);
    for (uint16_t node = 1; node <= 8; node++) {
        uint8_t row_bytes[2 * TOC_BEACON_ROW_BYTES];
        for (size_t i = 0; i < 2; i++) {
            struct toc_beacon_row row = {.stored_seq = UINT64_MAX};
            world_log(&world, i == 0 ? 1 : 3, NULL, row.log);
            toc_beacon_row_encode(row_bytes + i * TOC_BEACON_ROW_BYTES, &row);
        }
        struct toc_beacon beacon = {.node = node, .serial = 1};
        all_group(beacon.group);
        memcpy(beacon.org, world.nodes[2].org, 32);
        beacon.rows = toc_span(row_bytes, sizeof row_bytes);
        assert_ok(toc_replica_note_beacon(replica(), &beacon));
    }
    pass(TOC_LAG_SLOW_MS + 60000);
    assert_int_equal(lag()->witness_count, 1);
    assert_int_equal(*lags(), 0);
    /* nor does its word count for ever. */
    assert_int_equal(lag()->entries, 0);
    assert_honest_links_go_on();
    end();
}

/* the writer's newest claim does not put off its first one. */
static void claims_that_grow_are_not_put_off(void **state)
{
    (void)state;
    begin(3);
    for (uint64_t i = 0; i < 14; i++) {
        claim_of(2, 3, 5 + i);
        claim_of(3, 3, 5 + i);
        pass(50000);
    }
    assert_int_equal(*lags(), 1);
    end();
}

/* entries that come one by one put it off, but not for longer than an hour. */
static void a_trickle_puts_it_off_for_an_hour(void **state)
{
    (void)state;
    begin(4);
    claim_of(2, 1, 100000);
    claim_of(3, 1, 100000);
    for (int minute = 0; minute < 58; minute++) {
        publish(1);
        pass(60000);
    }
    assert_int_equal(*lags(), 0);
    for (int minute = 0; minute < 4; minute++) {
        publish(1);
        pass(60000);
    }
    assert_int_equal(*lags(), 1);
    end();
}

/* two liars cost an alarm line and dials, and nothing stops. */
static void two_liars_stop_nothing(void **state)
{
    (void)state;
    begin(5);
    claim_of(2, 0, UINT64_MAX); /* of our own log, even */
    claim_of(3, 0, UINT64_MAX);
    pass(TOC_LAG_MS + 10000);
    assert_int_equal(*lags(), 1);
    assert_true(lag()->own);
    size_t published = world.nodes[0].published;
    publish(0);
    world_run(&world, 1000);
    assert_int_equal(world.nodes[0].published, published + 1);
    assert_honest_links_go_on();
    end();
}

/* what is shown: by how much, in how many logs, since when. */
static void what_is_missing_is_counted(void **state)
{
    (void)state;
    begin(6);
    claim_of(2, 1, 7); /* node 0 holds none of these */
    claim_of(2, 3, 10);
    pass(2000);
    assert_int_equal(lag()->entries, 0); /* perhaps on its way */
    pass(8000);
    assert_int_equal(lag()->entries, 17);
    assert_int_equal(lag()->log_count, 2);
    assert_int_equal(lag()->group_count, 1);
    assert_true(lag()->behind_since.ms != 0);
    pass(TOC_LAG_WORD_MS);
    assert_int_equal(lag()->entries, 0); /* one word alone */
    assert_int_equal(lag()->behind_since.ms, 0);
    claim_of(3, 3, 8);
    pass(5000);
    assert_int_equal(lag()->entries, 8); /* what both say */
    end();
}

/* of a log that is set aside nothing is missed. */
static void disputed_logs_raise_no_alarm(void **state)
{
    (void)state;
    begin(7);
    uint8_t log[32];
    world_log(&world, 3, NULL, log);
    struct toc_ledger *ledger = &world.nodes[0].core->ledger;
    ledger->logs[toc_ledger_find_log(ledger, log)].disputed = true;
    claim_of(2, 3, 5);
    claim_of(3, 3, 5);
    pass(TOC_LAG_MS + 60000);
    assert_int_equal(*lags(), 0);
    assert_int_equal(lag()->entries, 0);
    end();
}

/* nor of those of an author of whom so many payloads are missing that nothing
 * more is asked for: others may have got them from him. */
static void logs_that_wait_for_payloads_raise_no_alarm(void **state)
{
    (void)state;
    begin(9);
    uint8_t log[32];
    world_log(&world, 3, NULL, log);
    struct toc_ledger *ledger = &world.nodes[0].core->ledger;
    uint32_t org = ledger->logs[toc_ledger_find_log(ledger, log)].org_place;
    replica()->missing_of[org] = TOC_MISSING_ORG_MAX;
    claim_of(2, 3, 5);
    claim_of(3, 3, 5);
    pass(TOC_LAG_MS + 60000);
    assert_int_equal(*lags(), 0);
    assert_false(liars_link()->suspected);
    /* Once they have come it counts, from then on. */
    replica()->missing_of[org] = 0;
    pass(TOC_LAG_MS - 10000);
    assert_int_equal(*lags(), 0);
    pass(20000);
    assert_int_equal(*lags(), 1);
    end();
}

/* beacons reach a node over several others within seconds. */
static void beacons_travel_through_the_group(void **state)
{
    (void)state;
    world_init(&world, 6, 8);
    for (size_t i = 0; i < 6; i++) {
        for (size_t k = 0; k < 6; k++) {
            world.cut[i][k] = i > k ? i - k > 1 : k - i > 1; /* a chain */
        }
    }
    for (size_t i = 0; i < 6; i++) {
        world_start(&world, i);
    }
    world_run(&world, 10000);
    uint8_t log[32];
    publish(0);
    world_run(&world, 5000);
    world_log(&world, 0, NULL, log);
    uint64_t seq = world_seq(&world, 0, log);
    assert_true(seq > 0);
    for (size_t i = 1; i < 6; i++) {
        for (size_t k = 1; k < 6; k++) {
            struct toc_receipt receipt =
                toc_core_view_receipt(world.nodes[i].core, world.nodes[k].org, 1, log);
            assert_true(i == k || receipt.stored_seq == seq);
        }
    }
    world_clear(&world);
}

/* in a large group receipts of an alert come within seconds, of others in their time. */
static void an_alert_brings_receipts_soon(void **state)
{
    (void)state;
    begin(9);
    world.nodes[0].core->ledger.groups[TOC_GROUP_ALL].member_count = 100;
    publish(0);
    pass(20000); /* one at the pace of large groups has gone by now */
    liar_forget(&liar);
    publish(0);
    pass(60000);
    size_t quiet = liar_count(&liar, TOC_MSG_BEACON); /* node 1's, whose group is small */
    const uint8_t *own = world.nodes[0].org;
    for (size_t i = 0; i < liar.got_count; i++) {
        struct toc_beacon beacon;
        if (liar.got[i].type == TOC_MSG_BEACON) {
            assert_ok(toc_beacon_decode(&beacon, liar.got[i].body));
            assert_memory_not_equal(beacon.org, own, 32);
        }
    }
    struct toc_submit submit = {.audience = TOC_SUBMIT_ALL, .class = TOC_CLASS_ALERT};
    world_publish(&world, 0, submit, toc_span_str("an alert"));
    pass(7000);
    bool heard = false;
    for (size_t i = 0; i < liar.got_count; i++) {
        struct toc_beacon beacon;
        if (liar.got[i].type == TOC_MSG_BEACON) {
            assert_ok(toc_beacon_decode(&beacon, liar.got[i].body));
            heard = heard || memcmp(beacon.org, own, 32) == 0;
        }
    }
    assert_true(heard);
    assert_true(quiet < 10);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_in_vain_have_others_dialled),
        cmocka_unit_test(two_organisations_for_ten_minutes_raise_an_alarm),
        cmocka_unit_test(one_organisation_alone_raises_no_alarm),
        cmocka_unit_test(claims_that_grow_are_not_put_off),
        cmocka_unit_test(a_trickle_puts_it_off_for_an_hour),
        cmocka_unit_test(two_liars_stop_nothing),
        cmocka_unit_test(what_is_missing_is_counted),
        cmocka_unit_test(disputed_logs_raise_no_alarm),
        cmocka_unit_test(logs_that_wait_for_payloads_raise_no_alarm),
        cmocka_unit_test(beacons_travel_through_the_group),
        cmocka_unit_test(an_alert_brings_receipts_soon),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
