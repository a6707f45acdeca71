/* SPDX-License-Identifier: EUPL-1.2 */
#include "scene.h"

/* Ranges that a member sends: what is true is stored, what is not ends the link that it came by. */

/* The control: what is in order is stored and passed on. */
static void a_true_range_is_stored_and_passed_on(void **state)
{
    (void)state;
    uint8_t log[32];
    begin(1);
    for (int i = 0; i < 3; i++) {
        chain_add(&chain, 100, 1);
    }
    say_range(1, 3);
    world_run(&world, 500);
    assert_int_equal(seq_of(2, NULL), 3);
    world_log(&world, 2, NULL, log);
    assert_int_equal(world_seq(&world, 1, log), 3);
    assert_false(liar.closed);
    end();
}

/* nobody speaks for another. */
static void an_entry_signed_by_another_key_is_refused(void **state)
{
    (void)state;
    uint8_t before[32];
    begin(2);
    world_log(&world, 3, NULL, chain.log); /* node 3's log, the liar's key */
    chain_add(&chain, 100, 1);
    liar_state(&world, 0, before);
    say_range(1, 1);
    assert_refused(TOC_SIGNATURE, before);
    assert_int_equal(seq_of(3, NULL), 0);
    end();
}

/* a relay alters one byte of a payload, of a header, of the signature. */
static void an_altered_entry_is_refused(void **state)
{
    (void)state;
    for (int part = 0; part < 3; part++) {
        uint8_t before[32];
        begin(10 + (uint64_t)part);
        chain.keys = world.nodes[3].log_keys; /* what node 3 really said */
        world_log(&world, 3, NULL, chain.log);
        chain_add(&chain, 200, 1);
        struct toc_span range = range_of(1, 1);
        size_t at = part == 0 ? range.len - TOC_SIG_BYTES - 50 : part == 1 ? 84 : range.len - 3;
        range_bytes[at] ^= 1;
        liar_state(&world, 0, before);
        liar_say(&liar, TOC_MSG_ENTRY, TOC_CLASS_LIVE, range);
        assert_refused(TOC_SIGNATURE, before);
        /* The true one comes from somebody else. */
        range_bytes[at] ^= 1;
        liar_leave(&liar);
        liar_join(&liar, &world, 2, 0);
        liar_say(&liar, TOC_MSG_ENTRY, TOC_CLASS_LIVE, range);
        world_run(&world, 100);
        assert_int_equal(seq_of(3, NULL), 1);
        end();
    }
}

/* what stood before the bad range stays, what came behind it goes, checks end as they
 * like. */
static void a_bad_range_in_the_middle_spoils_what_follows(void **state)
{
    (void)state;
    for (uint64_t seed = 20; seed < 26; seed++) {
        begin(seed);
        world.check_ms = seed == 20 ? 0 : 30;
        for (int i = 0; i < 6; i++) {
            chain_add(&chain, 100, 1);
        }
        say_range(1, 2);
        struct toc_span range = range_of(3, 4);
        range_bytes[range.len - 1] ^= 1;
        liar_say(&liar, TOC_MSG_RANGE, TOC_CLASS_BULK, range);
        say_range(5, 6);
        world_run(&world, 500);
        assert_true(liar.closed);
        assert_int_equal(liar.why.code, TOC_SIGNATURE);
        assert_int_equal(seq_of(2, NULL), seed == 20 ? 2 : seq_of(2, NULL));
        assert_true(seq_of(2, NULL) <= 2);
        world.check_ms = 0;
        assert_honest_links_go_on();
        end();
    }
}

/* A forged range makes true entries look like duplicates for a moment: they are asked for again. */
static void a_forgery_does_not_hold_up_the_true_entry(void **state)
{
    (void)state;
    begin(3);
    world.check_ms = 200;
    uint64_t held = seq_of(1, NULL);
    uint8_t log[32];
    world_log(&world, 1, NULL, log);
    memcpy(chain.log, log, 32);
    struct toc_log_view view;
    assert_ok(toc_core_view_log(world.nodes[0].core, log, &view));
    chain.head = view.head;
    chain_add(&chain, 100, 1);
    struct toc_range_build build;
    struct toc_span range;
    const struct chain_entry *entry = &chain.entries[0];
    toc_range_begin(&build, (struct toc_room){range_bytes, sizeof range_bytes}, &entry->header);
    toc_range_add(&build, &entry->header, toc_span(entry->payload, 100), toc_span(NULL, 0));
    assert_ok(toc_range_end(&build, entry->sig, &range));
    liar_say(&liar, TOC_MSG_ENTRY, TOC_CLASS_LIVE, range);
    world_run(&world, 5);
    publish(1);
    world_run(&world, 3000);
    assert_true(liar.closed);
    assert_int_equal(liar.why.code, TOC_SIGNATURE);
    assert_int_equal(seq_of(1, NULL), held + 1);
    world.check_ms = 0;
    end();
}

/* */
static void entries_of_a_group_that_is_not_shared_are_refused(void **state)
{
    (void)state;
    uint8_t before[32];
    begin(4);
    world_log(&world, 1, direct_group, chain.log);
    chain_add(&chain, 100, 1);
    liar_state(&world, 0, before);
    say_range(1, 1);
    assert_refused(TOC_MEMBER, before);
    end();
}

/* of a node whose card may still come. */
static void entries_of_an_unknown_log_are_ignored(void **state)
{
    (void)state;
    uint8_t before[32];
    begin(5);
    chain.log[0] ^= 1;
    chain_add(&chain, 100, 1);
    liar_state(&world, 0, before);
    say_range(1, 1);
    assert_ignored(before);
    end();
}

/* Nobody else signs in our name: another history of our own log, under our own key, is a fork. */
static void a_copied_log_key_shows(void **state)
{
    (void)state;
    uint8_t before[32];
    begin(6);
    publish(0);
    world_run(&world, 100);
    world_log(&world, 0, NULL, chain.log);
    chain.keys = world.nodes[0].log_keys; /* as if it had been copied */
    for (int i = 0; i < 5; i++) {
        chain_add(&chain, 100, 1);
    }
    liar_state(&world, 0, before);
    say_range(1, 5);
    assert_ignored(before);
    assert_int_equal(world.nodes[0].last_refused.code, TOC_FORK);
    publish(0);
    assert_int_equal(world.nodes[0].last_published.code, TOC_FORK);
    end();
}

/* what does not join on is asked for from where the head stands. */
static void a_gap_is_asked_for(void **state)
{
    (void)state;
    uint8_t before[32];
    begin(7);
    for (int i = 0; i < 5; i++) {
        chain_add(&chain, 100, 1);
    }
    liar_state(&world, 0, before);
    liar_say(&liar, TOC_MSG_ENTRY, TOC_CLASS_LIVE, range_of(5, 5));
    assert_ignored(before);
    const struct liar_message *message = liar_last(&liar, TOC_MSG_WANT);
    assert_non_null(message);
    struct toc_want want;
    assert_ok(toc_want_decode(&want, message->body));
    assert_memory_equal(want.log, chain.log, 32);
    assert_int_equal(want.from, 1);
    assert_int_equal(want.to, 5);
    say_range(1, 5);
    world_run(&world, 100);
    assert_int_equal(seq_of(2, NULL), 5);
    end();
}

/* out of form, before anything is kept. */
static void ranges_out_of_form_are_refused(void **state)
{
    (void)state;
    static const struct {
        size_t at, len; /* of what is overwritten with `with`, or the length that is left */
        uint8_t with;
        enum toc_code code;
    } rows[] = {
        {0, 0, 0, TOC_TRUNCATED},     {0, 100, 0, TOC_TRUNCATED}, {0, 1, 2, TOC_VERSION},
        {81, 1, 0, TOC_MALFORMED},    {81, 1, 65, TOC_LIMIT},     {33, 8, 0, TOC_MALFORMED},
        {33, 8, 0xff, TOC_MALFORMED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t before[32];
        begin(30 + i);
        chain_add(&chain, 100, 1);
        struct toc_span range = range_of(1, 1);
        if (rows[i].code == TOC_TRUNCATED) {
            range.len = rows[i].len;
        } else {
            memset(range_bytes + rows[i].at, rows[i].with, rows[i].len);
        }
        liar_state(&world, 0, before);
        liar_say(&liar, TOC_MSG_RANGE, TOC_CLASS_BULK, range);
        assert_refused(rows[i].code, before);
        end();
    }
}

/* the author signs what breaks the chain's rules: a time that stands still. */
static void a_signed_entry_against_the_rules_is_refused(void **state)
{
    (void)state;
    uint8_t before[32];
    begin(8);
    chain_add(&chain, 100, 1);
    say_range(1, 1);
    world_run(&world, 100);
    assert_int_equal(seq_of(2, NULL), 1);
    chain.head.utc.ms = 0;
    struct chain_entry *entry = &chain.entries[chain.count];
    toc_header_draft(&entry->header, &chain.head, chain.log, chain.entries[0].header.utc, 100);
    entry->header.version = 1;
    entry->payload = calloc(1, 100);
    assert_non_null(entry->payload);
    chain_append(&chain, entry);
    assert_true(entry->header.utc.ms == chain.entries[0].header.utc.ms);
    liar_state(&world, 0, before);
    liar_say(&liar, TOC_MSG_ENTRY, TOC_CLASS_LIVE, range_of(2, 2));
    assert_refused(TOC_MALFORMED, before);
    end();
}

/* A duplicate, or what overlaps the head, costs nothing and changes nothing twice. */
static void duplicates_are_ignored_and_overlaps_join(void **state)
{
    (void)state;
    uint8_t before[32];
    begin(9);
    for (int i = 0; i < 5; i++) {
        chain_add(&chain, 100, 1);
    }
    say_range(1, 3);
    world_run(&world, 100);
    liar_state(&world, 0, before);
    say_range(1, 3);
    say_range(2, 2);
    assert_ignored(before);
    say_range(2, 5);
    world_run(&world, 100);
    assert_int_equal(seq_of(2, NULL), 5);
    end();
}

/* While its stores take long a member sends alerts without end: they need no credit, and still
 * leave buffers to the others. */
static void a_flood_of_alerts_leaves_buffers_to_others(void **state)
{
    (void)state;
    begin(70);
    chain.utc_ms = WORLD_START_UTC_MS;
    world.commit_ms = 3000;
    for (int i = 0; i < 300; i++) {
        struct chain_entry *entry = chain_add(&chain, 15000, 1);
        entry->header.class = TOC_CLASS_ALERT;
        chain.head = chain_head(&chain, chain.count - 1);
        chain.count--;
        chain_append(&chain, entry);
        liar_say(&liar, TOC_MSG_ENTRY, TOC_CLASS_ALERT, range_of(chain.count, chain.count));
    }
    world_run(&world, 100);
    const struct toc_buffers *buffers = &world.nodes[0].core->links.buffers;
    assert_true(buffers->free_count[1] >= TOC_BUFFER_MIDDLE_COUNT / TOC_BUFFER_SPARE_PART - 1);
    assert_true(link_to_liar()->kept_bytes <=
                TOC_CREDIT_LIVE_BYTES + TOC_CREDIT_BULK_BYTES + 16384);
    uint64_t held = seq_of(1, NULL);
    publish(1);
    world_run(&world, 7000);
    assert_int_equal(seq_of(1, NULL), held + 1);
    world.commit_ms = WORLD_COMMIT_MS;
    world_run(&world, 20000);
    assert_false(liar.closed);
    assert_int_equal(seq_of(2, NULL), 300);
    end();
}

/* Our own submissions leave stores for what has come and is being checked. */
static void submissions_leave_stores_for_what_is_checked(void **state)
{
    (void)state;
    begin(71);
    world.check_ms = 300;
    world.commit_ms = 1000;
    for (int i = 0; i < 100; i++) {
        chain_add(&chain, 50, 1);
    }
    for (uint64_t seq = 1; seq <= 100; seq++) {
        say_range(seq, seq);
    }
    world_run(&world, 4);
    size_t refused = 0;
    for (int i = 0; i < 600; i++) {
        publish(0);
        refused += world.nodes[0].last_published.code == TOC_STATE;
    }
    assert_true(refused > 80);
    world_run(&world, 3000);
    assert_false(liar.closed);
    assert_int_equal(seq_of(2, NULL), 100); /* none was dropped for want of a store */
    world.check_ms = 0;
    world.commit_ms = WORLD_COMMIT_MS;
    end();
}

/* two histories of one author. Whoever passes one on is not blamed, both stay as far as
 * they were known, and nothing more is taken. */
static void a_fork_sets_the_log_aside(void **state)
{
    (void)state;
    for (int overlap = 0; overlap < 2; overlap++) {
        static struct chain other;
        uint8_t before[32], after[32];
        begin(40 + (uint64_t)overlap);
        chain_init(&other, 99);
        other.keys = chain.keys;
        memcpy(other.federation, chain.federation, 32);
        memcpy(other.log, chain.log, 32);
        for (int i = 0; i < 4; i++) {
            chain_add(&chain, 100, 1);
            chain_add(&other, 90, 1);
        }
        say_range(1, 2);
        world_run(&world, 100);
        assert_int_equal(seq_of(2, NULL), 2);
        liar_state(&world, 0, before);
        size_t refused = world.nodes[0].refused;
        liar_say(&liar, TOC_MSG_RANGE, TOC_CLASS_BULK,
                 chain_range(&other, overlap == 1 ? 1 : 3, 4, true,
                             (struct toc_room){range_bytes, sizeof range_bytes}));
        world_run(&world, 200);
        assert_false(liar.closed);
        assert_int_equal(world.nodes[0].refused, refused + 1);
        assert_int_equal(world.nodes[0].last_refused.code, TOC_FORK);
        say_range(3, 4); /* not even the branch that we hold goes on */
        world_run(&world, 200);
        liar_state(&world, 0, after);
        assert_memory_equal(before, after, 32);
        assert_int_equal(world.nodes[0].refused, refused + 1); /* said once */
        assert_honest_links_go_on();
        chain_clear(&other);
        end();
    }
}

/* Two honest nodes hold one history each: they stay linked and exchange everything else. */
static void a_fork_does_not_part_honest_nodes(void **state)
{
    (void)state;
    static struct chain other;
    static struct liar second;
    begin(50);
    chain_init(&other, 99);
    other.keys = chain.keys;
    memcpy(other.federation, chain.federation, 32);
    memcpy(other.log, chain.log, 32);
    for (int i = 0; i < 4; i++) {
        chain_add(&chain, 100, 1);
        chain_add(&other, 90, 1);
    }
    liar_join(&second, &world, 2, 1);
    world.cut[0][1] = world.cut[1][0] = true; /* each hears one history before they compare */
    say_range(1, 2);
    liar_say(&second, TOC_MSG_RANGE, TOC_CLASS_BULK,
             chain_range(&other, 1, 3, true, (struct toc_room){range_bytes, sizeof range_bytes}));
    world_run(&world, 100);
    world.cut[0][1] = world.cut[1][0] = false;
    liar_leave(&second);
    world_run(&world, 200000); /* what was cut off is noticed, and dialled again */
    size_t gone[2] = {world.nodes[0].notices[TOC_NOTICE_LINK_GONE],
                      world.nodes[1].notices[TOC_NOTICE_LINK_GONE]};
    assert_honest_links_go_on();
    world_run(&world, 300000);
    assert_honest_links_go_on();
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(world.nodes[i].notices[TOC_NOTICE_LINK_GONE], gone[i]);
    }
    chain_clear(&other);
    end();
}

/* what a member's control log says of other organisations' cards. */
static void say_card(struct toc_span card)
{
    struct chain_entry *entry = &chain.entries[chain.count];
    struct toc_utc now = {WORLD_START_UTC_MS + world.now_ms};
    toc_header_draft(&entry->header, &chain.head, chain.log, now, (uint32_t)card.len);
    entry->header.version = 1;
    entry->header.kind = TOC_KIND_CARD;
    entry->header.class = TOC_CLASS_CONTROL;
    entry->payload = malloc(card.len);
    assert_non_null(entry->payload);
    memcpy(entry->payload, card.at, card.len);
    chain_append(&chain, entry);
    say_range(chain.count, chain.count);
    world_run(&world, 200);
}

static const struct world_record *stored_card(const uint8_t *org)
{
    return world_record(&world.nodes[0], 'C', org, 32);
}

static void cards_are_taken_only_when_they_are_in_force(void **state)
{
    (void)state;
    begin(60);
    begin_chain(liar.federation);
    struct world_node *victim = &world.nodes[1], *member = &world.nodes[2];
    struct toc_span first = victim->card, own = member->card;
    /* The victim's own newer card is carried by the liar: that is allowed. */
    world_make_card(&world, 1, 5);
    struct toc_span newer = victim->card;
    struct toc_links *links = &world.nodes[0].core->links;
    const struct toc_link *link = toc_links_to(links, victim->node_keys.link_public);
    assert_non_null(link);
    struct toc_dial *dial = &links->dials[link->slot * TOC_NODES_MAX + link->of_card];
    dial->next_ms = UINT64_MAX;
    say_card(newer);
    assert_int_equal(dial->next_ms, dial->tried.ms + TOC_NEWS_MS); /* */
    assert_int_equal(seq_of(2, liar.federation), 1);
    assert_span(stored_card(victim->org)->value, newer);
    /* Its older one is not worth writing down. */
    say_card(first);
    assert_int_equal(seq_of(2, liar.federation), 2);
    assert_span(stored_card(victim->org)->value, newer);
    /* Nor is one for the victim's id that another key has signed, however new. */
    struct toc_sign_keys org_keys = victim->org_keys;
    struct toc_card forged;
    assert_ok(toc_card_decode(&forged, newer));
    forged.serial = 9;
    static uint8_t room[TOC_CARD_BYTES_MAX];
    struct toc_span envelope;
    assert_ok(
        toc_card_sign(&forged, &member->org_keys, (struct toc_room){room, sizeof room}, &envelope));
    say_card(envelope);
    assert_int_equal(seq_of(2, liar.federation), 3);
    assert_span(stored_card(victim->org)->value, newer);
    /* What is no card at all is an entry like any other. */
    say_card(toc_span_str("not a card"));
    assert_int_equal(seq_of(2, liar.federation), 4);
    assert_false(liar.closed);
    const struct toc_card *held = toc_directory_card(&world.nodes[0].core->directory, victim->org);
    assert_int_equal(held->serial, 5);
    victim->org_keys = org_keys;
    assert_true(own.len > 0);
    world_free(first);
    end();
}

/* Cards and headers of one block are stored together, however many there are. */
static void a_block_of_cards_is_stored(void **state)
{
    (void)state;
    begin(61);
    begin_chain(liar.federation);
    struct world_node *member = &world.nodes[2];
    struct toc_utc now = {WORLD_START_UTC_MS + world.now_ms};
    for (uint64_t serial = 2; serial < 42; serial++) {
        struct chain_entry *entry = &chain.entries[chain.count];
        struct toc_span before = member->card;
        world_make_card(&world, 2, serial);
        world_free(before);
        toc_header_draft(&entry->header, &chain.head, chain.log, now, (uint32_t)member->card.len);
        entry->header.version = 1;
        entry->header.kind = TOC_KIND_CARD;
        entry->payload = malloc(member->card.len);
        assert_non_null(entry->payload);
        memcpy(entry->payload, member->card.at, member->card.len);
        chain_append(&chain, entry);
    }
    say_range(1, chain.count);
    world_run(&world, 500);
    assert_int_equal(seq_of(2, liar.federation), chain.count);
    assert_span(stored_card(member->org)->value, member->card);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_true_range_is_stored_and_passed_on),
        cmocka_unit_test(an_entry_signed_by_another_key_is_refused),
        cmocka_unit_test(an_altered_entry_is_refused),
        cmocka_unit_test(a_bad_range_in_the_middle_spoils_what_follows),
        cmocka_unit_test(a_forgery_does_not_hold_up_the_true_entry),
        cmocka_unit_test(entries_of_a_group_that_is_not_shared_are_refused),
        cmocka_unit_test(entries_of_an_unknown_log_are_ignored),
        cmocka_unit_test(a_copied_log_key_shows),
        cmocka_unit_test(a_gap_is_asked_for),
        cmocka_unit_test(ranges_out_of_form_are_refused),
        cmocka_unit_test(a_signed_entry_against_the_rules_is_refused),
        cmocka_unit_test(duplicates_are_ignored_and_overlaps_join),
        cmocka_unit_test(a_flood_of_alerts_leaves_buffers_to_others),
        cmocka_unit_test(submissions_leave_stores_for_what_is_checked),
        cmocka_unit_test(a_fork_sets_the_log_aside),
        cmocka_unit_test(a_fork_does_not_part_honest_nodes),
        cmocka_unit_test(cards_are_taken_only_when_they_are_in_force),
        cmocka_unit_test(a_block_of_cards_is_stored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
