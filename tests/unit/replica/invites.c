/* SPDX-License-Identifier: EUPL-1.2 */
#include "scene.h"

/* Invitations: who may be invited by whom, and what an invitation may not do. */

static uint8_t before[32];
static uint8_t group_room[TOC_GROUP_BYTES_MAX], epoch_room[65536], body_room[131072];

/* An invitation that the liar's organisation makes for nodes 2 and 0; each field bends one thing.
 */
struct invite {
    bool without_us;          /* names nodes 2 and 3 instead */
    bool foreign_key;         /* founded with a key that no card names */
    bool foreign_committer;   /* node 3, no admin, commits the epoch */
    bool other_epoch_members; /* the epoch has one member more */
    bool other_group;         /* the epoch is of another group */
    bool later_roster;        /* the epoch names a roster record to come */
    bool broken_wrap;         /* what is wrapped for node 0 does not open */
    bool no_wrap;             /* nothing is wrapped for node 0 */
    bool for_node_1;          /* names nodes 0 to 2, and is wrapped for nodes 1 and 2 alone */
    int flip;                 /* 1: a bit of the founding's signature, 2: of the epoch's */
    int form;                 /* 1: one item, 2: three, 3: bytes behind, 4: cut off */
    uint8_t random;           /* which group */
};

static struct toc_ids member_ids(uint8_t *room, unsigned members)
{
    size_t count = 0;
    for (size_t i = 0; i < 4; i++) {
        if ((members >> i & 1) != 0) {
            memcpy(room + count++ * 32, world.nodes[i].org, 32);
        }
    }
    return (struct toc_ids){room, toc_ids_sort(room, count)};
}

static struct toc_span make_group(const struct invite *invite, struct toc_group *group)
{
    static uint8_t ids[4 * 32];
    struct toc_sign_keys other;
    uint8_t entropy[32] = {99};
    toc_sign_keys_make(&other, entropy);
    *group = (struct toc_group){.founder_node = 1,
                                .members = member_ids(ids, invite->without_us   ? 12
                                                           : invite->for_node_1 ? 7
                                                                                : 5),
                                .admins = {world.nodes[2].org, 1},
                                .flags = TOC_GROUP_DIRECT};
    memcpy(group->founder, world.nodes[2].org, 32);
    memset(group->random, invite->random + 1, 32);
    struct toc_span envelope;
    assert_ok(toc_group_sign(group, liar.federation,
                             invite->foreign_key ? &other : &world.nodes[2].log_keys,
                             (struct toc_room){group_room, sizeof group_room}, &envelope));
    return envelope;
}

static struct toc_span make_epoch(const struct invite *invite, const struct toc_group *group)
{
    static uint8_t ids[4 * 32], keys[2 * 32];
    uint8_t entropy[TOC_EPOCH_ENTROPY_BYTES] = {3}, other_id[32] = {4};
    const struct world_node *committer = &world.nodes[invite->foreign_committer ? 3 : 2];
    memcpy(keys, world.nodes[2].node_keys.seal_public, 32);
    memcpy(keys + 32, world.nodes[invite->for_node_1 ? 1 : 0].node_keys.seal_public, 32);
    struct toc_epoch_options options = {.federation = liar.federation,
                                        .group = invite->other_group ? other_id : group->id,
                                        .number = 1,
                                        .parent = invite->other_group ? other_id : group->id,
                                        .committer = committer->org,
                                        .committer_node = 1,
                                        .roster_number = invite->later_roster ? 2 : 1,
                                        .members = invite->other_epoch_members ? member_ids(ids, 7)
                                                                               : group->members,
                                        .seal_keys = {keys, invite->no_wrap ? 1 : 2},
                                        .reason = TOC_REASON_FOUNDING,
                                        .f_generation = 1,
                                        .f = world.f,
                                        .log_keys = &committer->log_keys,
                                        .entropy = entropy};
    struct toc_span envelope;
    struct toc_epoch_secret secret;
    assert_ok(toc_epoch_make(&options, (struct toc_room){epoch_room, sizeof epoch_room}, &envelope,
                             &secret));
    return envelope;
}

/* Alters a wrap and signs the record again, as a founder can who wants one reader out. */
static struct toc_span break_wrap(struct toc_span envelope)
{
    static uint8_t room[sizeof epoch_room];
    struct toc_epoch epoch;
    assert_ok(toc_epoch_decode(&epoch, envelope));
    uint8_t *wraps = (uint8_t *)(uintptr_t)epoch.wraps.at;
    for (size_t i = 0; i < epoch.wraps.len; i += TOC_WRAP_BYTES) {
        wraps[i + TOC_WRAP_BYTES - 1] ^= 1;
    }
    uint8_t hash[32], sig[64];
    toc_hash(hash, TOC_CTX_H_EPOCH, &epoch.record, 1);
    toc_sign(sig, TOC_CTX_S_EPOCH, liar.federation, hash, world.nodes[2].log_keys.secret);
    struct toc_writer writer;
    toc_writer_init(&writer, room, sizeof room);
    toc_write_array(&writer, 3);
    toc_write_bin(&writer, epoch.record);
    toc_write_bin(&writer, toc_span(world.nodes[2].log_keys.public_key, 32));
    toc_write_bin(&writer, toc_span(sig, 64));
    return toc_writer_bytes(&writer);
}

static struct toc_span make_invite(const struct invite *invite, uint8_t group_id[32])
{
    struct toc_group group;
    struct toc_span founding = make_group(invite, &group);
    struct toc_span epoch = make_epoch(invite, &group);
    epoch = invite->broken_wrap ? break_wrap(epoch) : epoch;
    memcpy(group_id, group.id, 32);
    struct toc_span flipped = invite->flip == 1 ? founding : epoch;
    if (invite->flip != 0) {
        ((uint8_t *)(uintptr_t)flipped.at)[flipped.len - 1] ^= 1;
    }
    struct toc_writer writer;
    toc_writer_init(&writer, body_room, sizeof body_room);
    toc_write_array(&writer, invite->form == 1 ? 1 : invite->form == 2 ? 3 : 2);
    toc_write_bin(&writer, founding);
    if (invite->form != 1) {
        toc_write_bin(&writer, epoch);
    }
    if (invite->form == 2 || invite->form == 3) {
        toc_write_bin(&writer, epoch);
    }
    struct toc_span body = toc_writer_bytes(&writer);
    assert_non_null(body.at);
    body.len -= invite->form == 4 ? 1 : 0;
    return body;
}

static void say_invite(const struct invite *invite, uint8_t group_id[32])
{
    liar_say(&liar, TOC_MSG_INVITE, TOC_CLASS_CONTROL, make_invite(invite, group_id));
}

static uint32_t group_of(const uint8_t id[32])
{
    return toc_ledger_find_group(&world.nodes[0].core->ledger, id);
}

/* The control: a good one makes a group, which is confirmed, and holds after a restart. */
static void a_good_invitation_is_taken_and_confirmed(void **state)
{
    (void)state;
    static const struct invite good = {0};
    uint8_t id[32];
    begin(1);
    say_invite(&good, id);
    world_run(&world, 100);
    assert_false(liar.closed);
    uint32_t group = group_of(id);
    assert_int_not_equal(group, TOC_LEDGER_NONE);
    assert_true(world.nodes[0].core->ledger.groups[group].has_epoch);
    assert_int_equal(liar_count(&liar, TOC_MSG_TAGS), 1); /* */
    /* Again: confirmed again, stored once. */
    liar_state(&world, 0, before);
    say_invite(&good, id);
    assert_ignored(before);
    assert_int_equal(liar_count(&liar, TOC_MSG_TAGS), 2);
    liar_leave(&liar);
    world_kill(&world, 0);
    world_start(&world, 0);
    assert_int_not_equal(group_of(id), TOC_LEDGER_NONE);
    chain_clear(&chain);
    world_clear(&world);
}

/* The group is nobody's before it is stored: no tag of it leaves, and it cannot be written to. */
static void a_group_is_not_used_before_it_is_stored(void **state)
{
    (void)state;
    static const struct invite good = {0};
    uint8_t id[32];
    begin(2);
    world.commit_ms = 1000;
    say_invite(&good, id);
    say_invite(&good, id);
    world_run(&world, 100);
    uint32_t group = group_of(id);
    assert_int_not_equal(group, TOC_LEDGER_NONE);
    assert_false(world.nodes[0].core->ledger.groups[group].has_epoch);
    struct toc_submit submit = {.audience = TOC_SUBMIT_GROUP};
    memcpy(submit.group, id, 32);
    world_publish(&world, 0, submit, toc_span_str("too early"));
    assert_int_equal(world.nodes[0].last_published.code, TOC_MEMBER);
    world_run(&world, 2000);
    assert_true(world.nodes[0].core->ledger.groups[group].has_epoch);
    assert_false(liar.closed);
    world.commit_ms = WORLD_COMMIT_MS;
    end();
}

/* what is wrong whatever we know ends the link. */
static void bad_invitations_are_refused(void **state)
{
    (void)state;
    static const struct {
        struct invite invite;
        enum toc_code code;
    } rows[] = {
        {{.form = 1}, TOC_MALFORMED},
        {{.form = 2}, TOC_LIMIT},
        {{.form = 3}, TOC_TRAILING},
        {{.form = 4}, TOC_TRUNCATED},
        {{.without_us = true}, TOC_MEMBER}, /* */
        {{.flip = 1}, TOC_SIGNATURE},
        {{.flip = 2}, TOC_SIGNATURE},
        {{.foreign_committer = true}, TOC_AUTHORITY},
        {{.other_epoch_members = true}, TOC_MEMBER},
        {{.other_group = true}, TOC_CHAIN},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t id[32];
        begin(10 + i);
        liar_state(&world, 0, before);
        say_invite(&rows[i].invite, id);
        assert_refused(rows[i].code, before);
        assert_int_equal(group_of(id), TOC_LEDGER_NONE);
        end();
    }
}

/* what a newer card or roster would explain, or what only we can see, is no reason to part:
 * an honest relay cannot know. */
static void invitations_that_may_be_honest_are_ignored(void **state)
{
    (void)state;
    static const struct invite rows[] = {
        {.foreign_key = true}, {.later_roster = true}, {.broken_wrap = true}, {.no_wrap = true}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t id[32];
        begin(30 + i);
        liar_state(&world, 0, before);
        say_invite(&rows[i], id);
        assert_ignored(before);
        assert_int_equal(group_of(id), TOC_LEDGER_NONE);
        end();
    }
}

/* but not without end, when they cost signatures. */
static void useless_invitations_come_to_an_end(void **state)
{
    (void)state;
    static const struct invite useless = {.no_wrap = true};
    uint8_t id[32];
    begin(3);
    liar_state(&world, 0, before);
    for (unsigned i = 0; i < 2 * TOC_FUTILE_MAX && !liar.closed; i++) {
        say_invite(&useless, id);
        world_run(&world, 10);
    }
    assert_refused(TOC_LIMIT, before);
    end();
}

/* who passes on what its founder has wrapped for others alone is not to blame. */
static void useless_invitations_part_no_honest_nodes(void **state)
{
    (void)state;
    uint8_t id[32];
    world_init(&world, 4, 3);
    world.group_max = 1024;
    world_start(&world, 0);
    world_start(&world, 1);
    world_run(&world, 3500);
    liar_join(&liar, &world, 2, 1);
    for (uint8_t i = 0; i < 2 * TOC_FUTILE_MAX; i++) {
        struct invite invite = {.for_node_1 = true, .random = i};
        say_invite(&invite, id);
        world_run(&world, 10);
    }
    world_run(&world, 5000);
    assert_true(group_of(id) == TOC_LEDGER_NONE);
    assert_true(world.nodes[1].core->ledger.group_count > 2 + TOC_FUTILE_MAX);
    assert_int_equal(world.nodes[0].refused, 0);
    assert_honest_links_go_on();
    end();
}

/* one organisation fills a quarter of the table; others go on founding. */
static void one_member_cannot_fill_the_table(void **state)
{
    (void)state;
    uint8_t id[32];
    begin(4);
    const struct toc_ledger *ledger = &world.nodes[0].core->ledger;
    uint32_t groups = ledger->group_count, share = ledger->group_max / TOC_LEDGER_FOUNDER_PART;
    for (uint8_t i = 0; i < share + 10; i++) {
        struct invite invite = {.random = i};
        say_invite(&invite, id);
        world_run(&world, 30);
    }
    assert_false(liar.closed);
    assert_int_equal(ledger->group_count, groups + share);
    size_t stored = 0;
    for (struct world_record *record = world.nodes[0].records; record != NULL;
         record = record->next) {
        stored += record->table == 'G';
    }
    assert_int_equal(stored, share + 1); /* what has no place is not written down either */
    struct toc_submit submit = {.audience = TOC_SUBMIT_ORGANISATIONS,
                                .organisations = world.nodes[3].org,
                                .organisation_count = 1};
    world_publish(&world, 0, submit, toc_span_str("for node 3"));
    world_run(&world, 100);
    assert_int_equal(world.nodes[0].last_published.code, TOC_OK);
    assert_honest_links_go_on();
    end();
}

/* a group goes to every member that has not confirmed it, and to nobody else. */
static void members_alone_are_invited(void **state)
{
    (void)state;
    begin(5);
    struct toc_submit submit = {.audience = TOC_SUBMIT_ORGANISATIONS,
                                .organisations = world.nodes[2].org,
                                .organisation_count = 1};
    world_publish(&world, 0, submit, toc_span_str("for node 2"));
    world_run(&world, 100);
    assert_int_equal(liar_count(&liar, TOC_MSG_INVITE), 1);
    struct toc_span group, epoch;
    struct toc_group founding;
    assert_ok(toc_invitation_split(liar_last(&liar, TOC_MSG_INVITE)->body, &group, &epoch));
    assert_ok(toc_group_verify(&founding, group, liar.federation));
    assert_memory_equal(founding.id, world.nodes[0].last_group, 32);
    assert_true(toc_ids_has(founding.members, world.nodes[2].org));
    /* Not again on this link; again on the next one, for nothing was confirmed. */
    world_run(&world, 70000);
    assert_int_equal(liar_count(&liar, TOC_MSG_INVITE), 1);
    liar_leave(&liar);
    liar_join(&liar, &world, 2, 0);
    world_run(&world, 500);
    assert_int_equal(liar_count(&liar, TOC_MSG_INVITE), 1);
    /* Confirmed by a tag: the entries follow when they are asked for. */
    uint8_t log[32];
    uint32_t place = group_of(world.nodes[0].last_group);
    liar_tags(&liar, world.nodes[0].core->ledger.groups[place].tag_key, world.nodes[0].last_group);
    world_run(&world, 100);
    struct toc_want want = {.kind = TOC_WANT_ENTRIES, .from = 1, .to = 3};
    world_log(&world, 0, world.nodes[0].last_group, log);
    memcpy(want.log, log, 32);
    say_want(&want);
    world_run(&world, 200);
    assert_int_equal(liar_count(&liar, TOC_MSG_RANGE), 3);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_invitation_is_taken_and_confirmed),
        cmocka_unit_test(a_group_is_not_used_before_it_is_stored),
        cmocka_unit_test(bad_invitations_are_refused),
        cmocka_unit_test(invitations_that_may_be_honest_are_ignored),
        cmocka_unit_test(useless_invitations_come_to_an_end),
        cmocka_unit_test(useless_invitations_part_no_honest_nodes),
        cmocka_unit_test(one_member_cannot_fill_the_table),
        cmocka_unit_test(members_alone_are_invited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
