/* SPDX-License-Identifier: EUPL-1.2 */
#include "founders.h"

/* Ids of the world's organisations, ascending. */
static struct toc_ids ids_of(struct world_org *orgs, size_t count, uint8_t *memory)
{
    for (size_t i = 0; i < count; i++) {
        memcpy(memory + i * TOC_ID_BYTES, orgs[i].card.id, TOC_ID_BYTES);
    }
    return (struct toc_ids){memory, toc_ids_sort(memory, count)};
}

struct made {
    uint8_t ids[WORLD_ORGS * TOC_ID_BYTES];
    uint8_t memory[4096];
    uint8_t federation[TOC_ID_BYTES];
    struct world_org *orgs;
    struct toc_group group;
    struct toc_span envelope;
};

/* A direct audience of three organisations, or a named group, not yet signed. */
static void prepare(struct made *made, bool direct)
{
    memset(made, 0, sizeof *made);
    memset(made->federation, 7, sizeof made->federation);
    made->orgs = world();
    made->group.members = ids_of(made->orgs, 3, made->ids);
    memset(made->group.random, 9, sizeof made->group.random);
    memcpy(made->group.founder, made->orgs[0].card.id, TOC_ID_BYTES);
    made->group.founder_node = 1;
    made->group.admins = (struct toc_ids){made->orgs[0].card.id, 1};
    if (direct) {
        made->group.flags = TOC_GROUP_DIRECT;
    } else {
        made->group.name = toc_span_str("ransomware-desk");
        made->group.purpose = toc_span_str("Cases that run");
    }
}

static struct toc_err sign(struct made *made)
{
    struct toc_room out = {made->memory, sizeof made->memory};
    return toc_group_sign(&made->group, made->federation, &made->orgs[0].log[0], out,
                          &made->envelope);
}

static void expect_verify(const char *what, struct toc_span envelope, const uint8_t *federation,
                          enum toc_code code)
{
    struct toc_group group;
    memset(&group, 0x5a, sizeof group);
    world_expect(what, toc_group_verify(&group, envelope, federation), code);
    assert_true(code == TOC_OK || toc_is_zero(&group, sizeof group));
}

static void a_group_reads_as_it_was_founded(void **state)
{
    (void)state;
    for (int direct = 0; direct <= 1; direct++) {
        struct made made;
        struct toc_group read;
        prepare(&made, direct == 1);
        assert_ok(sign(&made));
        assert_ok(toc_group_verify(&read, made.envelope, made.federation));
        assert_memory_equal(&read, &made.group, sizeof read);
        assert_int_equal(read.members.count, 3);
        assert_true(toc_ids_has(read.members, made.orgs[1].card.id));
        assert_false(toc_ids_has(read.members, made.orgs[3].card.id));
        assert_memory_equal(read.log_key, made.orgs[0].log[0].public_key, TOC_KEY_BYTES);
        uint8_t id[TOC_ID_BYTES];
        toc_hash(id, TOC_CTX_H_GROUP, &read.record, 1);
        assert_memory_equal(id, read.id, sizeof id);
        assert_span(read.name, toc_span_str(direct == 1 ? "" : "ransomware-desk"));
    }
}

static void change_unsorted(struct made *made)
{
    uint8_t spare[TOC_ID_BYTES];
    memcpy(spare, made->ids, TOC_ID_BYTES);
    memcpy(made->ids, made->ids + TOC_ID_BYTES, TOC_ID_BYTES);
    memcpy(made->ids + TOC_ID_BYTES, spare, TOC_ID_BYTES);
}
static void change_twice(struct made *made)
{
    memcpy(made->ids + TOC_ID_BYTES, made->ids, TOC_ID_BYTES);
}
static void change_no_members(struct made *made)
{
    made->group.members.count = 0;
}
static void change_many_members(struct made *made)
{
    made->group.members.count = TOC_MEMBERS_MAX + 1;
}
static void change_foreign_founder(struct made *made)
{
    memcpy(made->group.founder, made->orgs[4].card.id, TOC_ID_BYTES);
}
static void change_foreign_admin(struct made *made)
{
    made->group.admins.at = made->orgs[4].card.id;
}
static void change_no_admin(struct made *made)
{
    made->group.admins.count = 0;
}
static void change_direct_other_admin(struct made *made)
{
    made->group.flags = TOC_GROUP_DIRECT;
    made->group.name = toc_span(NULL, 0);
    made->group.admins.at = made->orgs[1].card.id;
}
static void change_direct_all_admins(struct made *made)
{
    made->group.flags = TOC_GROUP_DIRECT;
    made->group.name = toc_span(NULL, 0);
    made->group.admins = made->group.members;
}
static void change_direct_name(struct made *made)
{
    made->group.flags = TOC_GROUP_DIRECT;
}
static void change_no_name(struct made *made)
{
    made->group.name = toc_span(NULL, 0);
}
static void change_name_all(struct made *made)
{
    made->group.name = toc_span_str("All");
}
static void change_name_long(struct made *made)
{
    made->group.name = toc_span_str("a-name-of-more-than-32-characters");
}
static void change_purpose(struct made *made)
{
    made->group.purpose = toc_span_str("\033]0;x\007");
}

static const struct {
    const char *what;
    void (*change)(struct made *made);
    enum toc_code code;
} sign_rows[] = {
    {"members not ascending, R-6.1", change_unsorted, TOC_MALFORMED},
    {"one member twice, R-6.1", change_twice, TOC_MALFORMED},
    {"no members, R-6.1", change_no_members, TOC_MALFORMED},
    {"1025 members", change_many_members, TOC_LIMIT},
    {"founder is no member, R-6.2", change_foreign_founder, TOC_MALFORMED},
    {"admin is no member, R-6.2", change_foreign_admin, TOC_MALFORMED},
    {"no admin, R-6.1", change_no_admin, TOC_MALFORMED},
    {"direct with another's admin, R-6.3", change_direct_other_admin, TOC_MALFORMED},
    {"direct with three admins, R-6.3", change_direct_all_admins, TOC_MALFORMED},
    {"direct with a name, R-6.3", change_direct_name, TOC_MALFORMED},
    {"named group without name, R-4.3", change_no_name, TOC_MALFORMED},
    {"named all, R-4.3", change_name_all, TOC_MALFORMED},
    {"long name", change_name_long, TOC_LIMIT},
    {"purpose with an escape, R-4.2", change_purpose, TOC_MALFORMED},
};

static void a_group_that_readers_refuse_is_not_founded(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof sign_rows / sizeof sign_rows[0]; i++) {
        struct made made;
        prepare(&made, false);
        sign_rows[i].change(&made);
        struct toc_group before = made.group;
        made.envelope = toc_span(NULL, 77);
        world_expect(sign_rows[i].what, sign(&made), sign_rows[i].code);
        assert_memory_equal(&before, &made.group, sizeof before);
        assert_true(made.envelope.at == NULL && made.envelope.len == 77);
    }
}

static const struct world_edit_row rows[] = {
    {"no random bytes, R-4.1", 1, "", TOC_MALFORMED},
    {"no founder, R-4.1", 2, "", TOC_MALFORMED},
    {"no node, R-4.1", 3, "", TOC_MALFORMED},
    {"no members, R-4.1", 4, "", TOC_MALFORMED},
    {"no admins, R-4.1", 5, "", TOC_MALFORMED},
    {"no name, R-4.3", 6, "", TOC_MALFORMED},
    {"no purpose", 7, "", TOC_OK},
    {"no flags, R-4.1", 8, "", TOC_MALFORMED},
    {"unknown critical key", -1, "c0", TOC_CRITICAL},
    {"unknown key", 20, "c0", TOC_OK},
    {"half an id, R-6.1", 4, "c40100", TOC_MALFORMED},
    {"16 random bytes", 1, "c41000000000000000000000000000000000", TOC_MALFORMED},
    {"unknown flag", 8, "02", TOC_OK},
};

static void a_broken_record_is_refused_although_it_is_signed(void **state)
{
    (void)state;
    struct made made;
    prepare(&made, false);
    assert_ok(sign(&made));
    struct world_signer signer = {TOC_CTX_H_GROUP, TOC_CTX_S_GROUP, made.federation,
                                  &made.orgs[0].log[0], true};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t value[64];
        uint8_t record_memory[4096];
        uint8_t memory[4096];
        size_t len = check_unhex(rows[i].value_hex, value, sizeof value);
        struct toc_span record = world_edit(made.group.record, rows[i].key, toc_span(value, len),
                                            (struct toc_room){record_memory, sizeof record_memory});
        expect_verify(rows[i].what,
                      world_envelope(record, &signer, (struct toc_room){memory, sizeof memory}),
                      made.federation, rows[i].code);
    }
}

/* */
static void a_founding_holds_in_its_federation_alone(void **state)
{
    (void)state;
    struct made made;
    prepare(&made, true);
    assert_ok(sign(&made));
    expect_verify("as signed", made.envelope, made.federation, TOC_OK);
    made.federation[0] ^= 1;
    expect_verify("another federation", made.envelope, made.federation, TOC_SIGNATURE);
    made.federation[0] ^= 1;
    made.memory[made.envelope.len - 1] ^= 1;
    expect_verify("broken signature", made.envelope, made.federation, TOC_SIGNATURE);
    made.memory[made.envelope.len - 1] ^= 1;
    made.memory[made.envelope.len - 67] ^= 1;
    expect_verify("another log key", made.envelope, made.federation, TOC_SIGNATURE);
    made.memory[made.envelope.len - 67] ^= 1;
    for (size_t len = 0; len < made.envelope.len; len++) {
        expect_verify("cut", toc_span(made.memory, len), made.federation, TOC_TRUNCATED);
    }
}

static void ids_sort_and_are_found(void **state)
{
    (void)state;
    uint64_t seed = 3;
    static uint8_t memory[1000 * TOC_ID_BYTES];
    for (size_t count = 1; count <= 1000; count = count * 3 + 1) {
        check_random_fill(&seed, memory, count * TOC_ID_BYTES);
        uint8_t some[TOC_ID_BYTES];
        memcpy(some, memory + (count / 2) * TOC_ID_BYTES, sizeof some);
        memcpy(memory, some, sizeof some);
        size_t kept = toc_ids_sort(memory, count);
        struct toc_ids ids = {memory, kept};
        assert_int_equal(kept, count == 1 ? 1 : count - (count / 2 != 0));
        assert_true(toc_ids_sorted(ids));
        assert_true(toc_ids_has(ids, some));
        for (size_t i = 0; i < kept; i++) {
            assert_true(toc_ids_has(ids, toc_ids_at(ids, i)));
        }
        some[5] ^= 1;
        assert_false(toc_ids_has(ids, some));
        assert_true(toc_ids_equal(ids, ids));
        assert_false(toc_ids_equal(ids, (struct toc_ids){memory, kept - 1}));
    }
    assert_int_equal(toc_ids_sort(memory, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_group_reads_as_it_was_founded),
        cmocka_unit_test(a_group_that_readers_refuse_is_not_founded),
        cmocka_unit_test(a_broken_record_is_refused_although_it_is_signed),
        cmocka_unit_test(a_founding_holds_in_its_federation_alone),
        cmocka_unit_test(ids_sort_and_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
