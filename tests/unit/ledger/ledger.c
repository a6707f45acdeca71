/* SPDX-License-Identifier: EUPL-1.2 */
#include "world.h"

/* The tables of groups and logs. */

#define GROUPS 32u
#define LOGS 1024u

static struct world world;
static struct toc_ledger ledger;
static uint8_t memory[4 << 20];
static uint8_t group_bytes[GROUPS * 2][TOC_GROUP_BYTES_MAX / 16];

/* A ledger of its own over the roster of five organisations, of which number 0 is ours. */
static void begin(uint32_t group_max, uint32_t log_max)
{
    world_init(&world, 5, 1);
    world_start(&world, 0);
    struct toc_core *core = world.nodes[0].core;
    struct toc_ledger_options options = {.federation = core->federation,
                                         .roster = &core->genesis.roster,
                                         .directory = &core->directory,
                                         .own_org = core->own_org,
                                         .group_max = group_max,
                                         .log_max = log_max};
    assert_true(toc_ledger_bytes(&options) <= sizeof memory);
    memset(memory, 0, sizeof memory);
    struct toc_arena arena;
    toc_arena_init(&arena, memory, toc_ledger_bytes(&options));
    toc_ledger_init(&ledger, &arena, &options);
}

static void end(void)
{
    world_run(&world, 100);
    world_clear(&world);
}

/* A group that node `founder` founds with all of `members` (bits of node numbers). */
static struct toc_group found(size_t founder, unsigned members, uint8_t random, bool direct)
{
    static uint8_t ids[5 * 32];
    size_t count = 0;
    for (size_t i = 0; i < 5; i++) {
        if ((members >> i & 1) != 0) {
            memcpy(ids + count++ * 32, world.nodes[i].org, 32);
        }
    }
    count = toc_ids_sort(ids, count);
    struct toc_group group = {.founder_node = 1,
                              .members = {ids, count},
                              .admins = {world.nodes[founder].org, 1},
                              .flags = direct ? TOC_GROUP_DIRECT : 0,
                              .name = direct ? toc_span(NULL, 0) : toc_span_str("a-group")};
    memcpy(group.founder, world.nodes[founder].org, 32);
    memset(group.random, random, sizeof group.random);
    struct toc_span envelope;
    assert_true(random < GROUPS * 2);
    assert_ok(toc_group_sign(
        &group, world.nodes[0].core->federation, &world.nodes[founder].log_keys,
        (struct toc_room){group_bytes[random], sizeof group_bytes[random]}, &envelope));
    return group;
}

/* Groups 0 and 1 are bound to the roster, and every node has its log in both. */
static void the_bound_groups_are_there_from_the_start(void **state)
{
    (void)state;
    begin(GROUPS, LOGS);
    uint8_t all[32];
    toc_group_all_id(all, ledger.federation);
    assert_int_equal(ledger.group_count, 2);
    assert_int_equal(ledger.log_count, 10);
    assert_int_equal(toc_ledger_find_group(&ledger, ledger.federation), TOC_GROUP_CONTROL);
    assert_int_equal(toc_ledger_find_group(&ledger, all), TOC_GROUP_ALL);
    for (size_t i = 0; i < 5; i++) {
        for (uint32_t group = 0; group < 2; group++) {
            uint32_t log = toc_ledger_log_of(&ledger, group, world.nodes[i].log_keys.public_key);
            assert_int_not_equal(log, TOC_LEDGER_NONE);
            assert_int_equal(ledger.logs[log].group, group);
            assert_memory_equal(ledger.logs[log].org, world.nodes[i].org, 32);
            assert_memory_equal(ledger.roster->orgs[ledger.logs[log].org_place].id,
                                world.nodes[i].org, 32);
            assert_true(toc_ledger_is_member(&ledger, group, world.nodes[i].org));
        }
    }
    uint8_t stranger[32] = {1};
    assert_false(toc_ledger_is_member(&ledger, 1, stranger));
    assert_int_equal(toc_ledger_find_group(&ledger, stranger), TOC_LEDGER_NONE);
    assert_int_equal(toc_ledger_find_log(&ledger, stranger), TOC_LEDGER_NONE);
    end();
}

static void groups_are_found_and_stand_in_order(void **state)
{
    (void)state;
    begin(GROUPS, LOGS);
    uint8_t ids[20][32];
    for (uint8_t i = 0; i < 20; i++) {
        struct toc_group group = found(0, 3, i, true);
        uint32_t at, again;
        assert_ok(toc_ledger_add_group(&ledger, &group, &at));
        memcpy(ids[i], group.id, 32);
        assert_int_equal(at, 2u + i);
        assert_ok(toc_ledger_add_group(&ledger, &group, &again)); /* a known one */
        assert_int_equal(again, at);
        for (uint8_t j = 0; j <= i; j++) {
            assert_int_equal(toc_ledger_find_group(&ledger, ids[j]), 2u + j);
        }
        for (uint32_t j = 1; j + 1 < ledger.group_count; j++) {
            assert_true(memcmp(ledger.groups[ledger.order[j - 1]].id,
                               ledger.groups[ledger.order[j]].id, 32) < 0);
        }
    }
    assert_int_equal(ledger.log_count, 10 + 20 * 2);
    end();
}

/* What was added last can be taken back without a trace. */
static void the_last_group_can_be_dropped(void **state)
{
    (void)state;
    begin(GROUPS, LOGS);
    uint32_t at;
    struct toc_group first = found(0, 3, 1, true), second = found(0, 5, 2, true);
    assert_ok(toc_ledger_add_group(&ledger, &first, &at));
    uint32_t logs = ledger.log_count;
    assert_ok(toc_ledger_add_group(&ledger, &second, &at));
    uint8_t log[32];
    toc_log_id(log, ledger.federation, second.id, world.nodes[2].log_keys.public_key);
    assert_int_not_equal(toc_ledger_find_log(&ledger, log), TOC_LEDGER_NONE);
    toc_ledger_drop_group(&ledger);
    assert_int_equal(ledger.group_count, 3);
    assert_int_equal(ledger.log_count, logs);
    assert_int_equal(toc_ledger_find_log(&ledger, log), TOC_LEDGER_NONE);
    assert_int_equal(toc_ledger_find_group(&ledger, second.id), TOC_LEDGER_NONE);
    assert_int_equal(toc_ledger_find_group(&ledger, first.id), 2);
    assert_ok(toc_ledger_add_group(&ledger, &second, &at));
    assert_int_equal(toc_ledger_find_group(&ledger, second.id), 3);
    end();
}

static void a_member_outside_the_roster_is_refused(void **state)
{
    (void)state;
    begin(GROUPS, LOGS);
    struct toc_group group = found(0, 3, 1, true);
    uint8_t ids[2 * 32] = {0};
    memset(ids + 32, 0xff, 32);
    group.members = (struct toc_ids){ids, 2};
    uint32_t at = 77;
    assert_code(toc_ledger_fits(&ledger, &group), TOC_MEMBER);
    assert_code(toc_ledger_add_group(&ledger, &group, &at), TOC_MEMBER);
    assert_int_equal(at, 77);
    assert_int_equal(ledger.group_count, 2);
    assert_int_equal(ledger.log_count, 10);
    end();
}

/* of each table a quarter for the groups of one founder, all of it for our own. */
static void one_founder_takes_a_quarter(void **state)
{
    (void)state;
    begin(GROUPS, LOGS);
    uint32_t at;
    for (uint8_t i = 0; i < GROUPS / TOC_LEDGER_FOUNDER_PART; i++) {
        struct toc_group group = found(1, 3, i, true);
        assert_ok(toc_ledger_add_group(&ledger, &group, &at));
    }
    struct toc_group more = found(1, 3, 40, true), other = found(2, 7, 41, true);
    uint32_t groups = ledger.group_count, logs = ledger.log_count;
    assert_code(toc_ledger_add_group(&ledger, &more, &at), TOC_FULL);
    assert_int_equal(ledger.group_count, groups);
    assert_int_equal(ledger.log_count, logs);
    assert_ok(toc_ledger_add_group(&ledger, &other, &at));
    for (uint8_t i = 10; ledger.group_count < GROUPS; i++) {
        struct toc_group own = found(0, 3, i, true);
        assert_ok(toc_ledger_add_group(&ledger, &own, &at));
    }
    struct toc_group last = found(0, 3, 50, true);
    assert_code(toc_ledger_add_group(&ledger, &last, &at), TOC_FULL);
    end();
}

/* few large groups take a quarter of the logs before they take one of the groups. */
static void one_founder_takes_a_quarter_of_the_logs(void **state)
{
    (void)state;
    begin(2 * GROUPS, 256);
    uint32_t at, logs_before = ledger.log_count;
    struct toc_err err = toc_ok();
    uint8_t i = 0;
    for (; i < GROUPS && !toc_failed(err); i++) {
        struct toc_group group = found(1, 0x1f, i, true);
        err = toc_ledger_add_group(&ledger, &group, &at);
    }
    assert_int_equal(err.code, TOC_FULL);
    assert_true(ledger.group_count - 2 < ledger.group_max / TOC_LEDGER_FOUNDER_PART);
    assert_in_range(ledger.log_count - logs_before, 256 / TOC_LEDGER_FOUNDER_PART,
                    256 / TOC_LEDGER_FOUNDER_PART + 4);
    struct toc_group own = found(0, 0x1f, i, true);
    assert_ok(toc_ledger_add_group(&ledger, &own, &at));
    end();
}

/* a group is taken while all logs that it may ever have find a place, our own too. */
static void no_group_outgrows_the_table_of_logs(void **state)
{
    (void)state;
    begin(2 * GROUPS, 256);
    uint32_t at, logs = 0;
    struct toc_err err = toc_ok();
    for (uint8_t i = 0; i < 2 * GROUPS && !toc_failed(err); i++) {
        struct toc_group group = found(0, 0x1f, i, true);
        logs = ledger.log_count;
        err = toc_ledger_add_group(&ledger, &group, &at);
    }
    assert_int_equal(err.code, TOC_FULL);
    assert_true(ledger.group_count < ledger.group_max);
    assert_int_equal(ledger.log_count, logs);
    assert_true(5 * TOC_LOG_KEYS_OF_ORG_MAX > ledger.log_max - logs);
    assert_true(5 * TOC_LOG_KEYS_OF_ORG_MAX <= ledger.log_max - logs + 5);
    end();
}

/* the same for logs, which are counted, and for the table as a whole. */
static void a_full_table_of_logs_refuses(void **state)
{
    (void)state;
    begin(GROUPS, 128);
    uint32_t at, count = 0;
    struct toc_err err = toc_ok();
    for (uint8_t i = 0; i < GROUPS && !toc_failed(err); i++) {
        struct toc_group group = found(1, 0x1f, i, true);
        err = toc_ledger_add_group(&ledger, &group, &at);
        count += !toc_failed(err);
    }
    assert_int_equal(err.code, TOC_FULL);
    assert_true(count < GROUPS / TOC_LEDGER_FOUNDER_PART);
    assert_int_equal(ledger.group_count, 2 + count);
    assert_int_equal(ledger.log_count, 10 + 5 * count);
    end();
}

/* An audience that we founded is found again by its members, others' and named groups are not. */
static void a_direct_group_is_found_by_its_members(void **state)
{
    (void)state;
    begin(GROUPS, LOGS);
    uint32_t at, mine;
    struct toc_group theirs = found(1, 3, 1, true), named = found(0, 3, 2, false);
    struct toc_group own = found(0, 3, 3, true);
    assert_ok(toc_ledger_add_group(&ledger, &theirs, &at));
    assert_ok(toc_ledger_add_group(&ledger, &named, &at));
    assert_int_equal(toc_ledger_find_direct(&ledger, world.nodes[0].org, own.members),
                     TOC_LEDGER_NONE);
    assert_ok(toc_ledger_add_group(&ledger, &own, &mine));
    assert_int_equal(toc_ledger_find_direct(&ledger, world.nodes[0].org, own.members), mine);
    struct toc_group larger = found(0, 7, 4, true);
    assert_int_equal(toc_ledger_find_direct(&ledger, world.nodes[0].org, larger.members),
                     TOC_LEDGER_NONE);
    end();
}

/* the digest of a group follows the heads of its logs, and no others. */
static void digests_follow_heads(void **state)
{
    (void)state;
    begin(GROUPS, LOGS);
    uint8_t before[2][TOC_DIGEST_BYTES], after[2][TOC_DIGEST_BYTES];
    for (uint32_t group = 0; group < 2; group++) {
        toc_ledger_digest(&ledger, group, before[group]);
    }
    uint32_t log = toc_ledger_log_of(&ledger, 1, world.nodes[3].log_keys.public_key);
    struct toc_log_head head = {.seq = 7, .hash = {1}}, none = {0};
    toc_ledger_store_head(&ledger, log, &head, (struct toc_utc){1});
    for (uint32_t group = 0; group < 2; group++) {
        toc_ledger_digest(&ledger, group, after[group]);
    }
    assert_memory_equal(before[0], after[0], TOC_DIGEST_BYTES);
    assert_memory_not_equal(before[1], after[1], TOC_DIGEST_BYTES);
    assert_int_equal(ledger.logs[log].head.seq, 7);
    assert_int_equal(ledger.logs[log].checked.seq, 7);
    toc_ledger_store_head(&ledger, log, &none, (struct toc_utc){1});
    toc_ledger_digest(&ledger, 1, after[1]);
    assert_memory_equal(before[1], after[1], TOC_DIGEST_BYTES);
    assert_int_equal(ledger.logs[log].checked.seq, 7); /* what was checked stays checked */
    end();
}

/* A card with a new node brings its logs into every group of its organisation. */
static void new_nodes_get_their_logs(void **state)
{
    (void)state;
    begin(GROUPS, LOGS);
    uint32_t at;
    struct toc_group with = found(0, 5, 1, true), without = found(0, 3, 2, true);
    assert_ok(toc_ledger_add_group(&ledger, &with, &at));
    assert_ok(toc_ledger_add_group(&ledger, &without, &at));
    uint32_t logs = ledger.log_count;
    assert_ok(toc_ledger_add_nodes(&ledger, world.nodes[2].org));
    assert_int_equal(ledger.log_count, logs);
    struct world_node *node = &world.nodes[2];
    struct toc_sign_keys old = node->log_keys;
    struct toc_span old_card = node->card;
    uint8_t entropy[32] = {77};
    toc_sign_keys_make(&node->log_keys, entropy);
    world_make_card(&world, 2, 2);
    struct toc_card card;
    assert_ok(toc_card_verify(&card, node->card));
    assert_ok(toc_directory_apply(&world.nodes[0].core->directory, ledger.roster, &card));
    assert_ok(toc_ledger_add_nodes(&ledger, node->org));
    assert_int_equal(ledger.log_count, logs + 3); /* control, all, and the one group */
    assert_int_not_equal(toc_ledger_log_of(&ledger, 2, node->log_keys.public_key), TOC_LEDGER_NONE);
    assert_int_not_equal(toc_ledger_log_of(&ledger, 2, old.public_key), TOC_LEDGER_NONE);
    assert_int_equal(toc_ledger_log_of(&ledger, 3, node->log_keys.public_key), TOC_LEDGER_NONE);
    world_free(old_card);
    end();
}

/* each bucket's digest is over its rows alone, and follows the heads. */
static void buckets_are_digests_of_parts(void **state)
{
    (void)state;
    begin(4, 64);
    static uint8_t got[TOC_BUCKETS * TOC_DIGEST_BYTES], empty[TOC_BUCKETS * TOC_DIGEST_BYTES];
    toc_ledger_buckets(&ledger, TOC_GROUP_ALL, empty);
    struct toc_digest none = {0};
    uint8_t expected[TOC_DIGEST_BYTES];
    for (uint32_t i = 0; i < TOC_BUCKETS; i++) {
        toc_bucket_bytes(expected, &none, ledger.groups[TOC_GROUP_ALL].tag_key, i);
        assert_memory_equal(empty + i * TOC_DIGEST_BYTES, expected, TOC_DIGEST_BYTES);
    }
    uint32_t log = ledger.groups[TOC_GROUP_ALL].first_log;
    struct toc_log_head head = {.seq = 3, .hash = {7}};
    toc_ledger_store_head(&ledger, log, &head, (struct toc_utc){1});
    toc_ledger_buckets(&ledger, TOC_GROUP_ALL, got);
    for (uint32_t i = 0; i < TOC_BUCKETS; i++) {
        bool same =
            memcmp(got + i * TOC_DIGEST_BYTES, empty + i * TOC_DIGEST_BYTES, TOC_DIGEST_BYTES) == 0;
        assert_int_equal(same, i != toc_bucket_of(ledger.logs[log].id));
    }
    /* The whole group's digest is the same sum under another name. */
    uint32_t bucket = toc_bucket_of(ledger.logs[log].id);
    toc_bucket_bytes(expected, &ledger.groups[TOC_GROUP_ALL].digest,
                     ledger.groups[TOC_GROUP_ALL].tag_key, bucket);
    assert_memory_equal(got + bucket * TOC_DIGEST_BYTES, expected, TOC_DIGEST_BYTES);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buckets_are_digests_of_parts),
        cmocka_unit_test(the_bound_groups_are_there_from_the_start),
        cmocka_unit_test(groups_are_found_and_stand_in_order),
        cmocka_unit_test(the_last_group_can_be_dropped),
        cmocka_unit_test(a_member_outside_the_roster_is_refused),
        cmocka_unit_test(one_founder_takes_a_quarter),
        cmocka_unit_test(a_full_table_of_logs_refuses),
        cmocka_unit_test(one_founder_takes_a_quarter_of_the_logs),
        cmocka_unit_test(no_group_outgrows_the_table_of_logs),
        cmocka_unit_test(a_direct_group_is_found_by_its_members),
        cmocka_unit_test(digests_follow_heads),
        cmocka_unit_test(new_nodes_get_their_logs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
