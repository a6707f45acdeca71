/* SPDX-License-Identifier: EUPL-1.2 */
#include "scene.h"

/* Guards that stand behind another one: each is met with the first one out of the way. */

static uint8_t before[32];

/* As if the liar had been in the direct group of nodes 0 and 1 once, or its tags had been taken. */
static void share_the_direct_group(void)
{
    uint32_t group = toc_ledger_find_group(&world.nodes[0].core->ledger, direct_group);
    assert_int_not_equal(group, TOC_LEDGER_NONE);
    toc_set_put(link_to_liar()->shared, group, true);
}

/* whom the newest member list does not name is given nothing, whatever the link shares. */
static void a_want_of_one_who_is_no_member_is_refused(void **state)
{
    (void)state;
    for (int kind = TOC_WANT_ENTRIES; kind <= (int)TOC_WANT_CHUNKS; kind++) {
        begin(1 + (uint64_t)kind);
        share_the_direct_group();
        struct toc_want want = {.kind = (enum toc_want_kind)kind, .seq = 3, .from = 1, .to = 3};
        world_log(&world, 0, direct_group, want.log);
        liar_state(&world, 0, before);
        say_want(&want);
        assert_refused(TOC_MEMBER, before);
        assert_int_equal(liar_count(&liar, TOC_MSG_RANGE), 0);
        assert_int_equal(liar_count(&liar, TOC_MSG_CHUNK), 0);
        end();
    }
}

/* The liar's entry with this number, signed; what stands before it is nobody's. */
static void say_entry_at(uint64_t seq)
{
    begin_chain(NULL);
    chain.head.seq = chain.head.checkpoint_seq = seq - 1;
    memset(chain.head.hash, 3, sizeof chain.head.hash);
    chain_add(&chain, 100, 1);
    say_range(1, 1);
    world_run(&world, 100);
}

/* what comes before what it follows is kept, but not from further ahead than anybody asks.
 */
static void what_lies_too_far_ahead_is_not_kept(void **state)
{
    (void)state;
    begin(10);
    liar_state(&world, 0, before);
    say_entry_at(TOC_WANT_AHEAD + 1);
    assert_int_equal(replica()->plan.held_count, 0);
    say_entry_at(UINT64_MAX - 70);
    assert_int_equal(replica()->plan.held_count, 0);
    say_entry_at(TOC_WANT_AHEAD);
    assert_int_equal(replica()->plan.held_count, 1);
    assert_ignored(before);
    assert_honest_links_go_on();
    end();
}

/* of one author's payloads so many are fetched at a time, and no more. */
static void few_payloads_of_one_author_are_fetched_at_a_time(void **state)
{
    (void)state;
    begin(11);
    for (int i = 0; i < 8; i++) {
        chain_add(&chain, 70000, 1); /* four make a block */
    }
    say_range(1, 4);
    say_range(5, 8);
    world_run(&world, 3000);
    assert_int_equal(replica()->missing_count, 8);
    size_t fetching = 0;
    for (size_t i = 0; i < TOC_FETCHES_MAX; i++) {
        fetching += replica()->fetches[i].used;
    }
    assert_int_equal(fetching, TOC_FETCHES_ORG_MAX);
    end();
}

/* what we have said ourselves, said back to us, is no receipt of ours. */
static void our_own_beacon_is_no_news(void **state)
{
    (void)state;
    uint8_t log[32];
    begin(12);
    publish(0);
    world_run(&world, 3000);
    const struct liar_message *ours = NULL;
    for (size_t i = 0; i < liar.got_count; i++) {
        struct toc_beacon beacon;
        if (liar.got[i].type == TOC_MSG_BEACON) {
            assert_ok(toc_beacon_decode(&beacon, liar.got[i].body));
            ours = memcmp(beacon.org, world.nodes[0].org, 32) == 0 ? &liar.got[i] : ours;
        }
    }
    assert_non_null(ours);
    world_log(&world, 0, NULL, log);
    liar_state(&world, 0, before);
    liar_say(&liar, TOC_MSG_BEACON, TOC_CLASS_CONTROL, ours->body);
    assert_ignored(before);
    assert_int_equal(
        toc_core_view_receipt(world.nodes[0].core, world.nodes[0].org, 1, log).stored_seq, 0);
    end();
}

/* nobody says beacons of the control logs. */
static void control_logs_have_no_beacons(void **state)
{
    (void)state;
    static uint8_t out[1024], scratch[1024];
    uint8_t row_bytes[TOC_BEACON_ROW_BYTES];
    begin(13);
    struct toc_beacon_row row = {.stored_seq = 5};
    world_log(&world, 0, liar.federation, row.log);
    toc_beacon_row_encode(row_bytes, &row);
    struct toc_beacon beacon = {.node = 1,
                                .serial = 100,
                                .roster_number = 1,
                                .clock = {1},
                                .rows = toc_span(row_bytes, sizeof row_bytes)};
    memcpy(beacon.group, liar.federation, 32);
    memcpy(beacon.org, world.nodes[2].org, 32);
    struct toc_beacon_signer signer = {liar.federation, world.nodes[2].log_keys.secret};
    struct toc_span body =
        toc_beacon_seal((struct toc_room){out, sizeof out},
                        (struct toc_room){scratch, sizeof scratch}, &beacon, &signer);
    assert_non_null(body.at);
    liar_state(&world, 0, before);
    liar_say(&liar, TOC_MSG_BEACON, TOC_CLASS_CONTROL, body);
    assert_ignored(before);
    assert_int_equal(
        toc_core_view_receipt(world.nodes[0].core, world.nodes[2].org, 1, row.log).stored_seq, 0);
    end();
}

static void add_card(struct toc_span card)
{
    struct chain_entry *entry = &chain.entries[chain.count];
    *entry = (struct chain_entry){0};
    toc_header_draft(&entry->header, &chain.head, chain.log,
                     (struct toc_utc){WORLD_START_UTC_MS + world.now_ms}, (uint32_t)card.len);
    entry->header.version = 1;
    entry->header.kind = TOC_KIND_CARD;
    entry->payload = malloc(card.len);
    assert_non_null(entry->payload);
    memcpy(entry->payload, card.at, card.len);
    chain_append(&chain, entry);
}

static uint64_t serial_of(size_t node)
{
    const struct toc_directory *directory = &world.nodes[0].core->directory;
    return toc_directory_card(directory, world.nodes[node].org)->serial;
}

/* of the cards in one range the last ones are looked at, RANGE_CARDS_MAX of them. */
static void a_card_before_many_others_is_not_looked_at(void **state)
{
    (void)state;
    for (unsigned behind = TOC_RANGE_CARDS_MAX - 1; behind <= TOC_RANGE_CARDS_MAX; behind++) {
        begin(16);
        begin_chain(liar.federation);
        struct toc_span first = world.nodes[3].card;
        world_make_card(&world, 3, 9);
        add_card(world.nodes[3].card);
        for (unsigned i = 0; i < behind; i++) {
            add_card(toc_span_str("not a card"));
        }
        say_range(1, chain.count);
        world_run(&world, 200);
        assert_int_equal(seq_of(2, liar.federation), chain.count);
        assert_int_equal(serial_of(3), behind < TOC_RANGE_CARDS_MAX ? 9 : 1);
        world_free(first);
        end();
    }
}

/* what costs signatures is read no faster than a share of the time allows. */
static void costly_messages_are_paid_for_in_time(void **state)
{
    (void)state;
    static uint8_t out[1024], scratch[1024];
    begin(15);
    struct toc_beacon beacon = {.node = 1, .serial = 100, .roster_number = 1, .clock = {1}};
    all_group(beacon.group);
    memcpy(beacon.org, world.nodes[2].org, 32);
    struct toc_beacon_signer signer = {liar.federation, world.nodes[2].log_keys.secret};
    struct toc_span body =
        toc_beacon_seal((struct toc_room){out, sizeof out},
                        (struct toc_room){scratch, sizeof scratch}, &beacon, &signer);
    assert_non_null(body.at);
    for (int i = 0; i < 2000; i++) {
        liar_say(&liar, TOC_MSG_BEACON, TOC_CLASS_CONTROL, body);
    }
    world_run(&world, 300);
    const struct world_pipe *pipe = &world.nodes[0].ends[liar.end].in;
    assert_true(pipe->first < pipe->len); /* not even taken from the network */
    assert_honest_links_go_on();
    world_run(&world, 10000);
    assert_true(pipe->first == pipe->len);
    assert_false(liar.closed);
    end();
}

/* an author who holds back his first entry has others hold half of the buffers at most. */
static void what_nothing_can_follow_fills_half_of_the_buffers(void **state)
{
    (void)state;
    begin(14);
    for (int i = 0; i < 120; i++) {
        chain_add(&chain, 60000, 1);
    }
    for (uint64_t seq = 2; seq <= 120; seq++) {
        say_range(seq, seq);
        world_run(&world, 5);
    }
    const struct toc_buffers *buffers = &world.nodes[0].core->links.buffers;
    assert_true(replica()->plan.held_count > 10);
    assert_true(buffers->free_count[1] >= TOC_BUFFER_MIDDLE_COUNT / 2 - 1);
    assert_false(liar.closed);
    assert_honest_links_go_on();
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_want_of_one_who_is_no_member_is_refused),
        cmocka_unit_test(what_lies_too_far_ahead_is_not_kept),
        cmocka_unit_test(few_payloads_of_one_author_are_fetched_at_a_time),
        cmocka_unit_test(our_own_beacon_is_no_news),
        cmocka_unit_test(control_logs_have_no_beacons),
        cmocka_unit_test(a_card_before_many_others_is_not_looked_at),
        cmocka_unit_test(costly_messages_are_paid_for_in_time),
        cmocka_unit_test(what_nothing_can_follow_fills_half_of_the_buffers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
