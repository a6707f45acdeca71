/* SPDX-License-Identifier: EUPL-1.2 */
#include "scene.h"

/* Tags, digests, rows and wants: who is told what, and what a lie is worth. */

static uint8_t before[32];

static void say_tags(const uint8_t *tags, size_t bytes)
{
    liar_say(&liar, TOC_MSG_TAGS, TOC_CLASS_CONTROL, toc_span(tags, bytes));
}

/* */
static void tags_out_of_form_are_refused(void **state)
{
    (void)state;
    static uint8_t tags[(TOC_GROUPS_MAX + 2 * TOC_TAGS_PAD) * TOC_TAG_BYTES];
    static const struct {
        size_t bytes;
        int spoil; /* 1: two are equal, 2: two change places */
        enum toc_code code;
    } rows[] = {
        {0, 0, TOC_OK},
        {16 * 8, 0, TOC_OK},
        {4096 * 8, 0, TOC_OK},
        {4112 * 8, 0, TOC_OK},
        {8, 0, TOC_MALFORMED},
        {15 * 8, 0, TOC_MALFORMED},
        {17 * 8, 0, TOC_MALFORMED},
        {16 * 8 - 1, 0, TOC_MALFORMED},
        {16 * 8 + 1, 0, TOC_MALFORMED},
        {4128 * 8, 0, TOC_MALFORMED},
        {32 * 8, 1, TOC_MALFORMED},
        {32 * 8, 2, TOC_MALFORMED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        begin(100 + i);
        for (size_t tag = 0; tag < rows[i].bytes / TOC_TAG_BYTES; tag++) {
            toc_put_be64(tags + tag * TOC_TAG_BYTES, tag + 1);
        }
        if (rows[i].spoil == 1) {
            toc_put_be64(tags + 8, 1);
        } else if (rows[i].spoil == 2) {
            toc_put_be64(tags + 8, 3);
            toc_put_be64(tags + 16, 2);
        }
        liar_state(&world, 0, before);
        say_tags(tags, rows[i].bytes);
        if (rows[i].code == TOC_OK) {
            assert_ignored(before);
            assert_false(toc_set_has(link_to_liar()->shared, TOC_GROUP_ALL));
        } else {
            assert_refused(rows[i].code, before);
        }
        end();
    }
}

/* what we send is padded, in order, and means nothing to who does not know the group. */
static void our_tags_are_padded_and_ascend(void **state)
{
    (void)state;
    begin(1);
    liar_tags(&liar, NULL, NULL);
    world_run(&world, 100);
    liar_forget(&liar);
    link_to_liar()->tags_due = true;
    world_run(&world, 1100);
    const struct liar_message *tags = liar_last(&liar, TOC_MSG_TAGS);
    assert_non_null(tags);
    assert_int_equal(tags->body.len, TOC_TAGS_PAD * TOC_TAG_BYTES);
    for (size_t i = 1; i < TOC_TAGS_PAD; i++) {
        assert_true(memcmp(tags->body.at + (i - 1) * 8, tags->body.at + i * 8, 8) < 0);
    }
    end();
}

/* a tag grants nothing. The liar has stolen the direct group's tag key. */
static void a_stolen_tag_shares_nothing(void **state)
{
    (void)state;
    begin(2);
    uint32_t group = toc_ledger_find_group(&world.nodes[0].core->ledger, direct_group);
    liar_state(&world, 0, before);
    liar_tags(&liar, world.nodes[0].core->ledger.groups[group].tag_key, direct_group);
    assert_ignored(before);
    assert_false(toc_set_has(link_to_liar()->shared, group));
    assert_true(toc_set_has(link_to_liar()->shared, TOC_GROUP_ALL));
    uint8_t log[32];
    world_log(&world, 0, direct_group, log);
    struct toc_want want = {.kind = TOC_WANT_ENTRIES, .from = 1, .to = 10};
    memcpy(want.log, log, 32);
    liar_state(&world, 0, before);
    say_want(&want);
    assert_refused(TOC_MEMBER, before); /* */
    assert_int_equal(liar_count(&liar, TOC_MSG_RANGE), 0);
    end();
}

/* for each kind of WANT. */
static void a_want_of_a_group_that_is_not_shared_is_refused(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < 3; kind++) {
        begin(10 + kind);
        struct toc_want want = {.kind = (enum toc_want_kind)kind, .seq = 1, .from = 1, .to = 1};
        world_log(&world, 1, direct_group, want.log);
        liar_state(&world, 0, before);
        say_want(&want);
        assert_refused(TOC_MEMBER, before);
        assert_int_equal(liar_count(&liar, TOC_MSG_RANGE), 0);
        end();
    }
}

/* */
static void wants_out_of_form_are_refused(void **state)
{
    (void)state;
    static const struct {
        size_t bytes;
        uint8_t kind;
        enum toc_code code;
    } rows[] = {{56, 0, TOC_TRUNCATED}, {58, 0, TOC_TRAILING}, {57, 3, TOC_MALFORMED}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t body[58] = {rows[i].kind};
        begin(20 + i);
        memset(body + 41, 1, 16);
        liar_state(&world, 0, before);
        liar_say(&liar, TOC_MSG_WANT, TOC_CLASS_CONTROL, toc_span(body, rows[i].bytes));
        assert_refused(rows[i].code, before);
        end();
    }
}

/* what is asked for comes in order, to the head and no further, whatever the numbers. */
static void a_want_is_answered_up_to_the_head(void **state)
{
    (void)state;
    static const struct {
        uint64_t from, to;
        size_t count;
    } rows[] = {{1, UINT64_MAX, 70}, {65, 70, 6}, {70, 70, 1},
                {1, 1, 64},          {71, 80, 0}, {UINT64_MAX, UINT64_MAX, 0}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        begin(30 + i);
        for (int j = 0; j < 70; j++) {
            publish(1);
            world_run(&world, 3);
        }
        world_run(&world, 200);
        struct toc_want want = {.kind = TOC_WANT_ENTRIES, .from = rows[i].from, .to = rows[i].to};
        world_log(&world, 1, NULL, want.log);
        liar_forget(&liar);
        say_want(&want);
        world_run(&world, 500);
        assert_false(liar.closed);
        size_t count = 0;
        uint64_t next = rows[i].from;
        for (size_t j = 0; j < liar.got_count; j++) {
            struct toc_range_info info;
            if (liar.got[j].type == TOC_MSG_RANGE) {
                assert_int_equal(liar.got[j].class, TOC_CLASS_BULK);
                assert_ok(toc_range_peek(liar.got[j].body, &info));
                assert_memory_equal(info.log, want.log, 32);
                assert_int_equal(info.first_seq, next);
                next = info.last_seq + 1;
                count += info.count;
            }
        }
        /* The world stores entries one by one: a block is not more than what was asked for. */
        assert_true(count == rows[i].count || (rows[i].to == 1 && count == 1));
        end();
    }
}

/* a WANT that goes on where the one before ends prolongs it; one from before begins anew.
 */
static void wants_of_one_log_join(void **state)
{
    (void)state;
    begin(3);
    for (int j = 0; j < 40; j++) {
        publish(1);
        world_run(&world, 3);
    }
    struct toc_want first = {.kind = TOC_WANT_ENTRIES, .from = 1, .to = 20}, second = first;
    world_log(&world, 1, NULL, first.log);
    memcpy(second.log, first.log, 32);
    second.from = 21;
    second.to = 40;
    say_want(&first);
    say_want(&second);
    world_run(&world, 500);
    assert_int_equal(liar_count(&liar, TOC_MSG_RANGE), 40);
    liar_forget(&liar);
    say_want(&first);
    world_run(&world, 500);
    assert_int_equal(liar_count(&liar, TOC_MSG_RANGE), 20);
    end();
}

/* Of a log that nobody knows, or in numbers beyond all logs. */
static void wants_of_unknown_logs_are_ignored(void **state)
{
    (void)state;
    begin(4);
    liar_state(&world, 0, before);
    for (unsigned i = 0; i < 2000; i++) {
        struct toc_want want = {.kind = TOC_WANT_ENTRIES, .from = 1, .to = 5};
        toc_put_le32(want.log, i);
        say_want(&want);
    }
    assert_ignored(before);
    end();
}

/* */
static void digests_out_of_form_are_refused(void **state)
{
    (void)state;
    static const size_t lengths[] = {0, 3, 4, 19, 21, 35, 37};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        uint8_t body[64] = {0};
        begin(40 + i);
        liar_state(&world, 0, before);
        liar_say(&liar, TOC_MSG_VTOP, TOC_CLASS_CONTROL, toc_span(body, lengths[i]));
        assert_refused(TOC_MALFORMED, before);
        end();
    }
}

/* as many digests as the groups it says. */
static void digests_too_few_or_too_many_are_refused(void **state)
{
    (void)state;
    for (int more = -1; more <= 1; more++) {
        begin(48 + (uint64_t)(more + 1));
        link_to_liar()->vtop_due = true;
        world_run(&world, 1500);
        const struct liar_message *vtop = liar_last(&liar, TOC_MSG_VTOP);
        assert_non_null(vtop);
        uint8_t body[4 + 3 * TOC_DIGEST_BYTES] = {0};
        assert_int_equal(vtop->body.len, 4 + 2 * TOC_DIGEST_BYTES);
        memcpy(body, vtop->body.at, vtop->body.len);
        liar_state(&world, 0, before);
        liar_say(&liar, TOC_MSG_VTOP, TOC_CLASS_CONTROL,
                 toc_span(body, (size_t)(4 + (2 + more) * (int)TOC_DIGEST_BYTES)));
        if (more == 0) {
            assert_ignored(before);
        } else {
            assert_refused(TOC_MALFORMED, before);
        }
        end();
    }
}

/* the sides mean different groups: our tags go again, but no faster than once a second. */
static void digests_of_other_groups_bring_tags(void **state)
{
    (void)state;
    uint8_t body[4 + 2 * TOC_DIGEST_BYTES] = {1, 2, 3, 4};
    begin(5);
    world_run(&world, 2000);
    liar_forget(&liar);
    for (int i = 0; i < 50; i++) {
        liar_say(&liar, TOC_MSG_VTOP, TOC_CLASS_CONTROL, toc_span(body, sizeof body));
        world_run(&world, 10);
    }
    assert_false(liar.closed);
    assert_int_equal(liar_count(&liar, TOC_MSG_TAGS), 1);
    assert_int_equal(liar_count(&liar, TOC_MSG_VROW), 0);
    world_run(&world, 1000);
    liar_say(&liar, TOC_MSG_VTOP, TOC_CLASS_CONTROL, toc_span(body, sizeof body));
    world_run(&world, 100);
    assert_int_equal(liar_count(&liar, TOC_MSG_TAGS), 2);
    end();
}

/* digests that differ bring the rows of just those groups. */
static void digests_that_differ_bring_rows(void **state)
{
    (void)state;
    begin(6);
    link_to_liar()->vtop_due = true;
    world_run(&world, 1500);
    const struct liar_message *vtop = liar_last(&liar, TOC_MSG_VTOP);
    assert_non_null(vtop);
    uint8_t body[4 + 2 * TOC_DIGEST_BYTES], all[32];
    assert_int_equal(vtop->body.len, sizeof body);
    memcpy(body, vtop->body.at, sizeof body);
    body[sizeof body - 1] ^= 1; /* the second group: of all */
    liar_forget(&liar);
    liar_say(&liar, TOC_MSG_VTOP, TOC_CLASS_CONTROL, toc_span(body, sizeof body));
    world_run(&world, 100);
    assert_int_equal(liar_count(&liar, TOC_MSG_VROW), 1);
    const struct liar_message *rows = liar_last(&liar, TOC_MSG_VROW);
    all_group(all);
    assert_memory_equal(rows->body.at, all, 32);
    assert_int_equal(rows->body.at[32], 1);
    /* One log of that group has entries: node 0's, with the first epoch. */
    assert_int_equal(rows->body.len, TOC_VROW_HEAD_BYTES + TOC_ROW_BYTES);
    struct toc_row row;
    uint8_t log[32];
    toc_row_decode(&row, rows->body.at + TOC_VROW_HEAD_BYTES);
    world_log(&world, 0, NULL, log);
    assert_memory_equal(row.log, log, 32);
    assert_int_equal(row.seq, 1);
    end();
}

/* */
static void rows_out_of_form_are_refused(void **state)
{
    (void)state;
    /* The row is of bucket 0. */
    static const struct {
        size_t bytes;
        uint8_t last, buckets;
    } rows[] = {{0, 0, 1},       {32, 0, 1},      {33, 1, 1},      {42, 0, 1}, {41 + 71, 1, 1},
                {41 + 73, 1, 1}, {41 + 72, 2, 1}, {41 + 72, 1, 2}, {41, 1, 0}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t body[200] = {0};
        begin(50 + i);
        body[32] = rows[i].last;
        body[33] = rows[i].buckets;
        liar_state(&world, 0, before);
        liar_say(&liar, TOC_MSG_VROW, TOC_CLASS_CONTROL, toc_span(body, rows[i].bytes));
        assert_refused(TOC_MALFORMED, before);
        end();
    }
}

/* rows of what is not shared, or not known, say nothing. */
static void rows_that_say_nothing_are_ignored(void **state)
{
    (void)state;
    begin(7);
    uint8_t log[32], all[32], group[32] = {1};
    all_group(all);
    liar_state(&world, 0, before);
    world_log(&world, 1, direct_group, log);
    say_row(direct_group, log, 50); /* a group that is not shared */
    say_row(group, log, 50);        /* no group */
    say_row(all, log, 50);          /* a log of another group */
    uint32_t at = toc_ledger_find_log(replica()->ledger, log);
    log[0] ^= 1;
    say_row(all, log, 50); /* no log */
    assert_ignored(before);
    assert_int_equal(replica()->ledger->logs[at].wanted_to, 0);
    assert_int_equal(*toc_replica_has(replica(), link_to_liar(), at), 0);
    assert_int_equal(liar_count(&liar, TOC_MSG_WANT), 0);
    end();
}

/* a row is a hint. Nobody asks for more than 10,000 entries beyond what is verified. */
static void a_row_to_the_end_of_numbers_is_asked_for_in_parts(void **state)
{
    (void)state;
    for (uint32_t entry_bytes = 1; entry_bytes <= 1024; entry_bytes *= 1024) {
        begin(8);
        uint8_t log[32], all[32];
        all_group(all);
        world_log(&world, 3, NULL, log);
        uint32_t at = toc_ledger_find_log(&world.nodes[0].core->ledger, log);
        world.nodes[0].core->ledger.logs[at].entry_bytes = entry_bytes;
        say_row(all, log, UINT64_MAX);
        world_run(&world, 100);
        uint64_t next = 1;
        for (size_t i = 0; i < liar.got_count; i++) {
            struct toc_want want;
            if (liar.got[i].type == TOC_MSG_WANT) {
                assert_ok(toc_want_decode(&want, liar.got[i].body));
                assert_int_equal(want.from, next);
                assert_int_equal(want.to % TOC_CHECKPOINT_ENTRIES, 0);
                next = want.to + 1;
            }
        }
        /* as far ahead as is allowed: or as the first window goes. */
        assert_in_range(next - 1, 1, TOC_WANT_AHEAD);
        assert_int_equal(next - 1, entry_bytes == 1
                                       ? (TOC_WANT_AHEAD - TOC_CHECKPOINT_ENTRIES) /
                                             TOC_CHECKPOINT_ENTRIES * TOC_CHECKPOINT_ENTRIES
                                       : TOC_WINDOW_BYTES_FIRST / entry_bytes);
        end();
    }
}

/* A node that has lost what it published asks for it; nobody's word keeps it from publishing. */
static void promises_about_our_own_log_do_not_silence_us(void **state)
{
    (void)state;
    begin(13);
    uint8_t log[32], all[32];
    all_group(all);
    world_log(&world, 0, NULL, log);
    world_run(&world, TOC_OWN_WAIT_MS);
    for (int i = 0; i < 5; i++) {
        size_t published = world.nodes[0].published;
        say_row(all, log, 1000000);
        liar_wait(&liar);
        publish(0);
        world_run(&world, 5000);
        assert_int_equal(world.nodes[0].published, published + 1);
    }
    assert_true(liar_count(&liar, TOC_MSG_WANT) >= 1);
    end();
}

/* a log that makes no progress is asked of another link, which has it. */
static void what_a_liar_withholds_comes_from_others(void **state)
{
    (void)state;
    begin(9);
    uint8_t log[32], all[32];
    all_group(all);
    world_log(&world, 1, NULL, log);
    say_row(all, log, UINT64_MAX);
    world_run(&world, 100);
    assert_true(liar_count(&liar, TOC_MSG_WANT) > 0);
    /* Node 1 publishes; what it pushes while the liar is asked joins on as ever. */
    publish(1);
    world_run(&world, 100);
    assert_int_equal(seq_of(1, NULL), 1);
    /* Then one of its entries gets lost on its way: only asking helps. */
    struct toc_link *honest =
        toc_links_to(&world.nodes[0].core->links, world.nodes[1].node_keys.link_public);
    struct toc_link *back =
        toc_links_to(&world.nodes[1].core->links, world.nodes[0].node_keys.link_public);
    uint32_t at = toc_ledger_find_log(&world.nodes[1].core->ledger, log);
    *toc_replica_has(&world.nodes[1].core->replica, back, at) = 3; /* believes that it was sent */
    publish(1);
    publish(1);
    world_run(&world, 100);
    assert_int_equal(seq_of(1, NULL), 1);
    for (int i = 0; i < 30 && seq_of(1, NULL) < 3; i++) {
        say_row(all, log, UINT64_MAX); /* the liar goes on promising */
        world_run(&world, 5000);
    }
    assert_int_equal(seq_of(1, NULL), 3);
    assert_non_null(honest);
    end();
}

/* the same, while the liar keeps its link busy with what is of no use. */
static void a_busy_liar_is_asked_in_vain_for_seconds(void **state)
{
    (void)state;
    begin(14);
    uint8_t log[32], all[32];
    all_group(all);
    world_log(&world, 1, NULL, log);
    publish(1);
    world_run(&world, 100);
    assert_int_equal(seq_of(1, NULL), 1);
    say_row(all, log, 1000);
    world_run(&world, 100);
    assert_true(liar_count(&liar, TOC_MSG_WANT) > 0);
    /* Node 1 goes on, and one of its entries gets lost: only asking helps. */
    struct toc_link *back =
        toc_links_to(&world.nodes[1].core->links, world.nodes[0].node_keys.link_public);
    uint32_t at = toc_ledger_find_log(&world.nodes[1].core->ledger, log);
    *toc_replica_has(&world.nodes[1].core->replica, back, at) = 2;
    publish(1);
    publish(1);
    world_run(&world, 100);
    assert_int_equal(seq_of(1, NULL), 1);
    uint64_t began = world.now_ms;
    while (seq_of(1, NULL) < 3 && world.now_ms - began < 40000) {
        liar_say(&liar, 99, TOC_CLASS_BULK, toc_span_str("busy"));
        world_run(&world, 500);
    }
    assert_int_equal(seq_of(1, NULL), 3);
    assert_in_range(world.now_ms - began, TOC_LATE_MS, 2 * TOC_LATE_TIMES * 1000);
    assert_false(liar.closed);
    end();
}

/* A peer asks for thousands of logs at once: what does not fit is asked for again by it. */
static void serving_has_its_bounds(void **state)
{
    (void)state;
    begin(11);
    struct toc_want want = {.kind = TOC_WANT_CHUNKS, .from = 0, .to = TOC_CHUNK_LIST};
    world_log(&world, 0, NULL, want.log);
    liar_state(&world, 0, before);
    for (unsigned i = 0; i < 3 * TOC_SERVES_MAX; i++) {
        want.seq = i + 1;
        say_want(&want);
    }
    assert_ignored(before);
    assert_true(replica()->serves[link_to_liar()->place].count <= TOC_SERVES_MAX);
    world_run(&world, 2000);
    assert_int_equal(replica()->serves[link_to_liar()->place].count, 0);
    assert_true(liar_count(&liar, TOC_MSG_NOPAY) > 0); /* none of them is here */
    end();
}

/* a flood of messages that cost much is read slowly, and honest links do not feel it. */
static void a_flood_of_tags_is_read_slowly(void **state)
{
    (void)state;
    static uint8_t frames[16000];
    begin(12);
    size_t len = 0;
    while (len + TOC_FRAME_HEAD_BYTES <= sizeof frames) {
        frames[len] = TOC_MSG_TAGS; /* of no groups */
        frames[len + 1] = TOC_CLASS_CONTROL;
        len += TOC_FRAME_HEAD_BYTES;
    }
    uint64_t steps = world.steps;
    for (int i = 0; i < 8; i++) {
        liar_frames(&liar, toc_span(frames, len));
    }
    world_run(&world, 10);
    /* 32,000 of 3 us each; 5 % of the time, and 50 ms at once, let half of them pass. */
    assert_true(link_to_liar()->peer.rx_opened != 0);
    assert_honest_links_go_on();
    world_run(&world, 3000);
    assert_false(liar.closed);
    assert_int_equal(link_to_liar()->peer.rx_opened, 0);
    assert_true(world.steps - steps < 2000);
    end();
}

/* where the cap lies within the block that is asked for, no WANT ends before it
 * begins: an honest peer would part with us. */
static void a_want_at_the_cap_is_well_formed(void **state)
{
    (void)state;
    begin(60);
    uint8_t id[32];
    world_log(&world, 3, NULL, id);
    uint32_t log = toc_ledger_find_log(replica()->ledger, id);
    struct toc_ledger_log *at = &replica()->ledger->logs[log];
    uint64_t most = TOC_WANT_AHEAD - TOC_CHECKPOINT_ENTRIES;
    at->asked_to = most - most % TOC_CHECKPOINT_ENTRIES; /* and held, or on its way */
    at->wanted_to = at->asked_to + 3;
    *toc_replica_has(replica(), link_to_liar(), log) = most + 30; /* told since */
    liar_forget(&liar);
    toc_plan_enqueue(replica(), log);
    world_run(&world, 1500);
    struct toc_want want;
    const struct liar_message *said = liar_last(&liar, TOC_MSG_WANT);
    assert_non_null(said);
    assert_ok(toc_want_decode(&want, said->body));
    assert_int_equal(want.from, most - most % TOC_CHECKPOINT_ENTRIES + 1);
    assert_int_equal(want.to, want.from + 2);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tags_out_of_form_are_refused),
        cmocka_unit_test(our_tags_are_padded_and_ascend),
        cmocka_unit_test(a_stolen_tag_shares_nothing),
        cmocka_unit_test(a_want_of_a_group_that_is_not_shared_is_refused),
        cmocka_unit_test(wants_out_of_form_are_refused),
        cmocka_unit_test(a_want_is_answered_up_to_the_head),
        cmocka_unit_test(wants_of_one_log_join),
        cmocka_unit_test(wants_of_unknown_logs_are_ignored),
        cmocka_unit_test(digests_out_of_form_are_refused),
        cmocka_unit_test(digests_too_few_or_too_many_are_refused),
        cmocka_unit_test(digests_of_other_groups_bring_tags),
        cmocka_unit_test(digests_that_differ_bring_rows),
        cmocka_unit_test(rows_out_of_form_are_refused),
        cmocka_unit_test(rows_that_say_nothing_are_ignored),
        cmocka_unit_test(a_row_to_the_end_of_numbers_is_asked_for_in_parts),
        cmocka_unit_test(promises_about_our_own_log_do_not_silence_us),
        cmocka_unit_test(what_a_liar_withholds_comes_from_others),
        cmocka_unit_test(a_busy_liar_is_asked_in_vain_for_seconds),
        cmocka_unit_test(serving_has_its_bounds),
        cmocka_unit_test(a_flood_of_tags_is_read_slowly),
        cmocka_unit_test(a_want_at_the_cap_is_well_formed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
