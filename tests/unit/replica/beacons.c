/* SPDX-License-Identifier: EUPL-1.2 */
#include "plant.h"

/* Beacons: what a node says that it holds, and what others may make of it. */

static uint8_t before[32];

/* What the liar's node says of a log in a group; `by` signs. */
static struct toc_beacon beacon_of(const uint8_t *group, const uint8_t *log, uint64_t stored,
                                   uint64_t serial)
{
    static uint8_t row_bytes[TOC_BEACON_ROW_BYTES];
    struct toc_beacon beacon = {.node = 1, .serial = serial, .roster_number = 1, .clock = {1}};
    struct toc_beacon_row row = {.stored_seq = stored, .stored_at_ms = 11, .indexed_seq = 2};
    memcpy(row.log, log, 32);
    toc_beacon_row_encode(row_bytes, &row);
    memcpy(beacon.group, group, 32);
    memcpy(beacon.org, world.nodes[2].org, 32);
    beacon.rows = toc_span(row_bytes, sizeof row_bytes);
    return beacon;
}

static void say_beacon(const struct toc_beacon *beacon, const struct toc_sign_keys *by)
{
    static uint8_t out[TOC_BEACON_BYTES_MAX], scratch[TOC_BEACON_BYTES_MAX];
    struct toc_beacon_signer signer = {liar.federation, by->secret};
    struct toc_span body =
        toc_beacon_seal((struct toc_room){out, sizeof out},
                        (struct toc_room){scratch, sizeof scratch}, beacon, &signer);
    assert_non_null(body.at);
    liar_say(&liar, TOC_MSG_BEACON, TOC_CLASS_CONTROL, body);
    liar_wait(&liar);
}

static uint64_t receipt(size_t index, const uint8_t *org, const uint8_t *log)
{
    return toc_core_view_receipt(world.nodes[index].core, org, 1, log).stored_seq;
}

static size_t beacons_stored(void)
{
    size_t count = 0;
    for (struct world_record *record = world.nodes[0].records; record != NULL;
         record = record->next) {
        count += record->table == 'B' && memcmp(record->key, world.nodes[2].org, 32) == 0;
    }
    return count;
}

/* The control: noted, stored, passed on.: the newest serial wins. */
static void a_beacon_is_noted_and_passed_on(void **state)
{
    (void)state;
    uint8_t all[32], log[32];
    begin(1);
    all_group(all);
    world_log(&world, 0, NULL, log);
    struct toc_beacon beacon = beacon_of(all, log, 7, 100);
    say_beacon(&beacon, &world.nodes[2].log_keys);
    world_run(&world, 100);
    assert_int_equal(receipt(0, world.nodes[2].org, log), 7);
    assert_int_equal(receipt(1, world.nodes[2].org, log), 7);
    assert_int_equal(beacons_stored(), 1);
    beacon = beacon_of(all, log, 5, 99); /* an older one, or the same again */
    say_beacon(&beacon, &world.nodes[2].log_keys);
    beacon = beacon_of(all, log, 5, 100);
    say_beacon(&beacon, &world.nodes[2].log_keys);
    assert_int_equal(receipt(0, world.nodes[2].org, log), 7);
    beacon = beacon_of(all, log, 9, 101);
    say_beacon(&beacon, &world.nodes[2].log_keys);
    assert_int_equal(receipt(0, world.nodes[2].org, log), 9);
    assert_false(liar.closed);
    end();
}

/* */
static void a_beacon_of_who_is_not_in_the_group_is_refused(void **state)
{
    (void)state;
    uint8_t all[32], log[32];
    begin(2);
    /* A link that shares the direct group, as if the liar had been in it once. */
    uint32_t group = toc_ledger_find_group(&world.nodes[0].core->ledger, direct_group);
    toc_set_put(link_to_liar()->shared, group, true);
    all_group(all);
    world_log(&world, 0, direct_group, log);
    struct toc_beacon beacon = beacon_of(direct_group, log, 7, 100);
    liar_state(&world, 0, before);
    say_beacon(&beacon, &world.nodes[3].log_keys); /* before a signature costs anything */
    assert_refused(TOC_MEMBER, before);
    assert_int_equal(receipt(0, world.nodes[2].org, log), 0);
    assert_int_equal(beacons_stored(), 0);
    end();
}

/* what says nothing to this node on this link. */
static void beacons_that_say_nothing_are_ignored(void **state)
{
    (void)state;
    uint8_t all[32], log[32], group[32] = {9};
    begin(3);
    all_group(all);
    world_log(&world, 0, NULL, log);
    liar_state(&world, 0, before);
    struct toc_beacon rows[6];
    rows[0] = beacon_of(group, log, 7, 100);           /* no group */
    rows[1] = beacon_of(direct_group, log, 7, 100);    /* not shared */
    rows[2] = beacon_of(liar.federation, log, 7, 100); /* the control logs have none */
    rows[3] = beacon_of(all, log, 7, 100);
    rows[3].node = 2; /* no such node */
    rows[4] = beacon_of(all, log, 7, 100);
    memset(rows[4].org, 1, 32); /* no such organisation */
    rows[5] = beacon_of(all, log, 7, 100);
    memcpy(rows[5].org, world.nodes[0].org, 32); /* our own, says the liar */
    for (size_t i = 0; i < 6; i++) {
        say_beacon(&rows[i], &world.nodes[2].log_keys);
    }
    /* A row of a log that is not of the group, and of no log at all. */
    world_log(&world, 0, direct_group, log);
    struct toc_beacon beacon = beacon_of(all, log, 7, 100);
    say_beacon(&beacon, &world.nodes[2].log_keys);
    assert_int_equal(receipt(0, world.nodes[2].org, log), 0);
    assert_ignored(before);
    end();
}

/* a word of another node that is not signed is dropped, since its key may be
 * newer than our card of it: whoever passes it on is not to blame, and what the node itself says is
 * heard. */
static void forged_beacons_are_dropped(void **state)
{
    (void)state;
    uint8_t all[32], log[32];
    begin(4);
    all_group(all);
    world_log(&world, 0, NULL, log);
    liar_state(&world, 0, before);
    struct toc_beacon beacon = beacon_of(all, log, 7, 100);
    memcpy(beacon.org, world.nodes[3].org, 32);
    say_beacon(&beacon, &world.nodes[3].log_keys);
    assert_int_equal(receipt(0, world.nodes[3].org, log), 7);
    for (unsigned i = 0; i < 2 * TOC_FUTILE_MAX; i++) {
        beacon.serial++;
        say_beacon(&beacon, &world.nodes[2].log_keys);
    }
    assert_ignored(before);
    assert_int_equal(receipt(0, world.nodes[3].org, log), 7);
    beacon = beacon_of(all, log, 8, 101);
    memcpy(beacon.org, world.nodes[3].org, 32);
    say_beacon(&beacon, &world.nodes[3].log_keys);
    assert_int_equal(receipt(0, world.nodes[3].org, log), 8);
    end();
}

/* too many in its own name end the link. */
static void a_writer_that_signs_nothing_is_refused(void **state)
{
    (void)state;
    uint8_t all[32], log[32];
    begin(11);
    all_group(all);
    world_log(&world, 0, NULL, log);
    struct toc_beacon beacon = beacon_of(all, log, 7, 100);
    liar_state(&world, 0, before);
    for (unsigned i = 0; i < 2 * TOC_FUTILE_MAX && !liar.closed; i++) {
        beacon.serial++;
        say_beacon(&beacon, &world.nodes[3].log_keys);
    }
    assert_refused(TOC_SIGNATURE, before);
    assert_int_equal(receipt(0, world.nodes[2].org, log), 0);
    end();
}

/* */
static void beacons_out_of_form_are_refused(void **state)
{
    (void)state;
    uint8_t all[32], log[32];
    begin(5);
    all_group(all);
    world_log(&world, 0, NULL, log);
    struct toc_beacon beacon = beacon_of(all, log, 7, 100);
    beacon.rows.len--;
    liar_state(&world, 0, before);
    say_beacon(&beacon, &world.nodes[2].log_keys);
    assert_refused(TOC_MALFORMED, before);
    end();
}

/* a writer that never stops is heard twice a second, and the others as ever. */
static void a_flood_of_beacons_is_thinned_out(void **state)
{
    (void)state;
    uint8_t all[32], log[32];
    begin(6);
    all_group(all);
    world_log(&world, 0, NULL, log);
    uint64_t began = world.now_ms;
    size_t changes = 0;
    uint64_t last = 0;
    for (uint64_t i = 1; i <= 200; i++) {
        struct toc_beacon beacon = beacon_of(all, log, i, i);
        say_beacon(&beacon, &world.nodes[2].log_keys);
        changes += receipt(0, world.nodes[2].org, log) != last;
        last = receipt(0, world.nodes[2].org, log);
    }
    uint64_t most = (world.now_ms - began) / TOC_BEACON_EVERY_MS + TOC_BEACON_BURST + 2;
    assert_false(liar.closed);
    assert_in_range(changes, 3, most);
    assert_honest_links_go_on();
    end();
}

/* of a small group within a second of a change, unchanged once an hour. */
static void our_beacons_follow_changes(void **state)
{
    (void)state;
    begin(7);
    world_run(&world, 3000);
    liar_forget(&liar);
    publish(1);
    world_run(&world, 2100);
    assert_true(liar_count(&liar, TOC_MSG_BEACON) >= 1);
    world_run(&world, 10000);
    liar_forget(&liar);
    for (int i = 0; i < 50; i++) {
        liar_frames(&liar, toc_span(NULL, 0));
        world_run(&world, 72000); /* an hour */
    }
    assert_false(liar.closed);
    assert_in_range(liar_count(&liar, TOC_MSG_BEACON), 2, 4); /* node 0's and node 1's */
    const struct liar_message *message = liar_last(&liar, TOC_MSG_BEACON);
    struct toc_beacon beacon;
    assert_ok(toc_beacon_decode(&beacon, message->body));
    assert_true(beacon.rows.len >= 2 * TOC_BEACON_ROW_BYTES);
    end();
}

/* Tables of beacons that are full take nothing more, and nobody is blamed. */
static void what_finds_no_place_is_dropped(void **state)
{
    (void)state;
    uint8_t all[32], log[32];
    begin(8);
    all_group(all);
    world_log(&world, 0, NULL, log);
    for (uint32_t i = 0; i < TOC_RECEIPTS_MAX; i++) {
        replica()->receipts[i].used = true; /* by nodes of nobody, of the same log */
        replica()->receipts[i].log = toc_ledger_find_log(&world.nodes[0].core->ledger, log);
    }
    struct toc_beacon beacon = beacon_of(all, log, 7, 100);
    say_beacon(&beacon, &world.nodes[2].log_keys);
    assert_int_equal(receipt(0, world.nodes[2].org, log), 0);
    assert_int_equal(beacons_stored(), 1); /* its serial is known */
    for (uint32_t i = 0; i < TOC_BEACON_SERIALS_MAX; i++) {
        replica()->serials[i] =
            (struct toc_serial_row){.used = true, .node = 1, .group = UINT32_MAX};
    }
    beacon = beacon_of(all, log, 8, 101);
    assert_code(toc_replica_note_beacon(replica(), &beacon), TOC_FULL);
    say_beacon(&beacon, &world.nodes[2].log_keys);
    assert_false(liar.closed);
    assert_honest_links_go_on();
    end();
}

/* What node `as` says of each of the logs planted in the group of all. */
static void note_all(size_t index, size_t as, uint16_t node, uint64_t at_ms)
{
    struct toc_core *core = world.nodes[index].core;
    static uint64_t serial;
    uint8_t row_bytes[TOC_BEACON_ROW_BYTES];
    for (uint32_t i = 0; i < core->ledger.log_count; i++) {
        if (core->ledger.logs[i].group == TOC_GROUP_ALL) {
            struct toc_beacon_row row = {.stored_seq = 1, .stored_at_ms = at_ms};
            memcpy(row.log, core->ledger.logs[i].id, 32);
            toc_beacon_row_encode(row_bytes, &row);
            struct toc_beacon beacon = {.node = node, .serial = ++serial};
            all_group(beacon.group);
            memcpy(beacon.org, world.nodes[as].org, 32);
            beacon.rows = toc_span(row_bytes, sizeof row_bytes);
            assert_ok(toc_replica_note_beacon(&core->replica, &beacon));
        }
    }
}

static uint32_t rows_of(size_t index, uint16_t node)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < TOC_RECEIPTS_MAX; i++) {
        const struct toc_receipt_row *row = &world.nodes[index].core->replica.receipts[i];
        count += row->used && row->node == node;
    }
    return count;
}

/* one organisation, however many nodes it names, has its part and no more; what it says of
 * our own logs, and all that others say, is kept. */
static void no_organisation_fills_the_table(void **state)
{
    (void)state;
    begin(12);
    plant(0, 900);
    uint32_t part = TOC_RECEIPTS_MAX / 4; /* of four */
    uint32_t others = replica()->receipt_count, nodes = 24;
    uint8_t log[32];
    world_log(&world, 0, NULL, log);
    for (uint16_t node = 1; node <= nodes; node++) {
        note_all(0, 2, node, node);
        assert_int_equal(
            toc_core_view_receipt(world.nodes[0].core, world.nodes[2].org, node, log).stored_seq,
            1);
    }
    assert_in_range(replica()->receipt_count - others, part - 100, part);
    assert_true(rows_of(0, 24) >= 800); /* for which older ones have gone */
    for (uint16_t node = 1; node <= nodes; node++) {
        assert_int_equal(
            toc_core_view_receipt(world.nodes[0].core, world.nodes[2].org, node, log).stored_seq,
            1);
    }
    uint32_t held = rows_of(0, 1);
    note_all(0, 3, 1, 1);
    assert_true(rows_of(0, 1) >= held + 900);
    end();
}

/* nor does it name nodes until nobody's beacon is heard; those on its card stay. */
static void no_organisation_fills_the_serials(void **state)
{
    (void)state;
    begin(13);
    struct toc_beacon beacon = {.serial = 1, .node = 1};
    all_group(beacon.group);
    memcpy(beacon.org, world.nodes[2].org, 32);
    assert_ok(toc_replica_note_beacon(replica(), &beacon)); /* it is on its card */
    for (uint32_t node = 2; node <= UINT16_MAX; node++) {
        beacon.node = (uint16_t)node;
        assert_ok(toc_replica_note_beacon(replica(), &beacon));
    }
    uint32_t rows = 0;
    for (uint32_t i = 0; i < TOC_BEACON_SERIALS_MAX; i++) {
        rows += replica()->serials[i].used;
    }
    assert_in_range(rows, TOC_BEACON_SERIALS_MAX / 4 - 100, TOC_BEACON_SERIALS_MAX / 4 + 4);
    beacon.node = 1;
    assert_code(toc_replica_note_beacon(replica(), &beacon), TOC_STALE);
    end();
}

/* where a row stands is each node's secret. */
static void places_of_rows_are_secret(void **state)
{
    (void)state;
    begin(14);
    uint32_t same = 0;
    for (size_t i = 0; i < 2; i++) {
        plant(i, 200);
        note_all(i, 2, 1, 1);
    }
    for (uint32_t i = 0; i < TOC_RECEIPTS_MAX; i++) {
        const struct toc_receipt_row *a = &world.nodes[0].core->replica.receipts[i],
                                     *b = &world.nodes[1].core->replica.receipts[i];
        same += a->used && b->used;
    }
    assert_true(same < 20);
    end();
}

/* what was stored is judged again when it is loaded; a place is counted once. */
static void what_is_noted_is_judged_again(void **state)
{
    (void)state;
    uint8_t all[32], log[32];
    begin(9);
    all_group(all);
    world_log(&world, 0, direct_group, log);
    struct toc_beacon beacon = beacon_of(direct_group, log, 7, 100);
    assert_code(toc_replica_note_beacon(replica(), &beacon), TOC_MEMBER);
    world_log(&world, 0, NULL, log);
    uint32_t count = replica()->receipt_count;
    beacon = beacon_of(all, log, 7, 100);
    assert_ok(toc_replica_note_beacon(replica(), &beacon));
    beacon = beacon_of(all, log, 8, 100);
    assert_code(toc_replica_note_beacon(replica(), &beacon), TOC_STALE);
    assert_int_equal(receipt(0, world.nodes[2].org, log), 7);
    beacon = beacon_of(all, log, 8, 101);
    assert_ok(toc_replica_note_beacon(replica(), &beacon));
    assert_int_equal(receipt(0, world.nodes[2].org, log), 8);
    assert_int_equal(replica()->receipt_count, count + 1);
    /* A row of a log of another group. */
    world_log(&world, 0, direct_group, log);
    beacon = beacon_of(all, log, 7, 102);
    assert_ok(toc_replica_note_beacon(replica(), &beacon));
    assert_int_equal(replica()->receipt_count, count + 1);
    end();
}

/* A node whose store has failed notes nothing that it could not keep. */
static void a_broken_node_takes_no_beacons(void **state)
{
    (void)state;
    uint8_t all[32], log[32];
    begin(10);
    all_group(all);
    world_log(&world, 0, NULL, log);
    replica()->broken = true;
    struct toc_beacon beacon = beacon_of(all, log, 7, 100);
    say_beacon(&beacon, &world.nodes[2].log_keys);
    assert_int_equal(receipt(0, world.nodes[2].org, log), 0);
    assert_int_equal(beacons_stored(), 0);
    assert_false(liar.closed);
    replica()->broken = false;
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_beacon_is_noted_and_passed_on),
        cmocka_unit_test(a_beacon_of_who_is_not_in_the_group_is_refused),
        cmocka_unit_test(beacons_that_say_nothing_are_ignored),
        cmocka_unit_test(forged_beacons_are_dropped),
        cmocka_unit_test(a_writer_that_signs_nothing_is_refused),
        cmocka_unit_test(beacons_out_of_form_are_refused),
        cmocka_unit_test(a_flood_of_beacons_is_thinned_out),
        cmocka_unit_test(our_beacons_follow_changes),
        cmocka_unit_test(what_finds_no_place_is_dropped),
        cmocka_unit_test(no_organisation_fills_the_table),
        cmocka_unit_test(no_organisation_fills_the_serials),
        cmocka_unit_test(places_of_rows_are_secret),
        cmocka_unit_test(what_is_noted_is_judged_again),
        cmocka_unit_test(a_broken_node_takes_no_beacons),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
