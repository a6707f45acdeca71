/* SPDX-License-Identifier: EUPL-1.2 */
#include "founders.h"

struct decoded {
    uint8_t memory[65536];
    struct toc_arena arena;
    struct toc_roster roster;
};

static struct toc_err decode(struct decoded *decoded, struct toc_span record)
{
    toc_arena_init(&decoded->arena, decoded->memory, sizeof decoded->memory);
    memset(&decoded->roster, 0x5a, sizeof decoded->roster);
    struct toc_err err = toc_roster_decode(&decoded->roster, record, &decoded->arena);
    if (toc_failed(err)) {
        assert_true(toc_is_zero(&decoded->roster, sizeof decoded->roster));
        assert_int_equal(toc_arena_mark(&decoded->arena), 0);
    }
    return err;
}

static void a_genesis_record_reads_as_it_was_drafted(void **state)
{
    (void)state;
    struct world_org *orgs = world();
    struct world_genesis *made = world_found(orgs, 4, 0);
    struct decoded decoded;
    assert_ok(decode(&decoded, made->genesis.roster.record));
    const struct toc_roster *roster = &decoded.roster;
    assert_int_equal(roster->number, 1);
    assert_int_equal(roster->org_count, 4);
    assert_int_equal(roster->steward_count, 4);
    assert_int_equal(roster->f_generation, 1);
    assert_string_equal(roster->name, "Test federation");
    assert_true(toc_is_zero(roster->prev, sizeof roster->prev));
    assert_int_equal(roster->wraps.len, 4 * TOC_WRAP_BYTES);
    for (size_t i = 0; i < 4; i++) {
        const struct toc_org *org = toc_roster_find(roster, orgs[i].card.id);
        assert_non_null(org);
        assert_memory_equal(org->key, orgs[i].org.public_key, TOC_KEY_BYTES);
        assert_memory_equal(org->recovery_key, orgs[i].recovery.public_key, TOC_KEY_BYTES);
        assert_string_equal(org->handle, orgs[i].card.handle);
        assert_string_equal(org->country, orgs[i].card.country);
        assert_int_equal(org->kind, TOC_ORG_NATIONAL_CERT);
        assert_true(org->steward);
        assert_ptr_equal(org, toc_roster_find_handle(roster, toc_span_str(org->handle)));
    }
    assert_null(toc_roster_find(roster, orgs[4].card.id));
    assert_non_null(toc_roster_find_handle(roster, toc_span_str("CERT-AA0")));
    assert_null(toc_roster_find_handle(roster, toc_span_str("cert-aa")));
}

static const struct world_edit_row rows[] = {
    {"no number, R-4.1", 1, "", TOC_MALFORMED},
    {"no hash of the record before, R-4.1", 2, "", TOC_MALFORMED},
    {"no name, R-4.1", 3, "", TOC_MALFORMED},
    {"no organisations, R-4.1", 4, "", TOC_MALFORMED},
    {"no generation, R-4.1", 5, "", TOC_MALFORMED},
    {"no hash of F, R-4.1", 6, "", TOC_MALFORMED},
    {"wraps without ephemeral key, R-5.4", 7, "", TOC_MALFORMED},
    {"ephemeral key without wraps, R-5.4", 8, "", TOC_MALFORMED},
    {"number 0, R-5.1", 1, "00", TOC_MALFORMED},
    {"number 2 after nothing, R-5.1", 1, "02", TOC_MALFORMED},
    {"genesis after something, R-5.1", 2,
     "c4200000000000000000000000000000000000000000000000000000000000000001", TOC_MALFORMED},
    {"name with a control, R-4.2", 3, "a107", TOC_MALFORMED},
    {"no organisation: a threshold of zero, R-5.3", 4, "90", TOC_LIMIT},
    {"generation 0, R-5.4", 5, "00", TOC_MALFORMED},
    {"half a wrap, R-6.6", 8, "c40100", TOC_MALFORMED},
    {"empty wraps, R-6.6", 8, "c400", TOC_MALFORMED},
    {"unknown critical key", -1, "c0", TOC_CRITICAL},
    {"unknown key", 9, "a178", TOC_OK},
};

static void a_broken_record_is_refused(void **state)
{
    (void)state;
    struct world_genesis *made = world_found(world(), 3, 0);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t value[64];
        uint8_t memory[4096];
        struct decoded decoded;
        size_t len = check_unhex(rows[i].value_hex, value, sizeof value);
        struct toc_span record =
            world_edit(made->genesis.roster.record, rows[i].key, toc_span(value, len),
                       (struct toc_room){memory, sizeof memory});
        world_expect(rows[i].what, decode(&decoded, record), rows[i].code);
    }
}

/* The maps of a record's organisations, one span each. */
static size_t organisations(struct toc_span record, struct toc_span *orgs)
{
    struct toc_reader reader;
    toc_reader_init(&reader, record);
    size_t pairs = toc_read_map(&reader, 64);
    for (size_t i = 0; i < pairs; i++) {
        if (toc_read_key(&reader) == 4) {
            size_t count = toc_read_array(&reader, TOC_ORGS_MAX);
            for (size_t j = 0; j < count; j++) {
                orgs[j] = toc_read_raw(&reader);
            }
            return count;
        }
        (void)toc_read_raw(&reader);
    }
    return 0;
}

static struct toc_span with_organisations(struct toc_span record, const struct toc_span *orgs,
                                          size_t count, struct toc_room out)
{
    static uint8_t value[8192];
    struct toc_writer writer;
    toc_writer_init(&writer, value, sizeof value);
    toc_write_array(&writer, count);
    for (size_t i = 0; i < count; i++) {
        toc_write_raw(&writer, orgs[i]);
    }
    return world_edit(record, 4, toc_writer_bytes(&writer), out);
}

static const struct world_edit_row org_rows[] = {
    {"no id, R-4.1", 1, "", TOC_MALFORMED},
    {"no key, R-4.1", 2, "", TOC_MALFORMED},
    {"no recovery key, R-4.1", 3, "", TOC_MALFORMED},
    {"no handle, R-4.1", 4, "", TOC_MALFORMED},
    {"no kind, R-4.1", 6, "", TOC_MALFORMED},
    {"no steward, R-4.1", 7, "", TOC_MALFORMED},
    {"no country is left to the card", 5, "", TOC_OK},
    {"handle all, R-4.3", 4, "a3616c6c", TOC_MALFORMED},
    {"kind 0", 6, "00", TOC_MALFORMED},
    {"kind of a later version", 6, "63", TOC_OK},
    {"steward as number", 7, "01", TOC_MALFORMED},
    {"unknown critical key", -3, "c0", TOC_CRITICAL},
    {"unknown key", 8, "c0", TOC_OK},
};

static void a_broken_organisation_is_refused(void **state)
{
    (void)state;
    struct world_genesis *made = world_found(world(), 3, 0);
    struct toc_span record = made->genesis.roster.record;
    for (size_t i = 0; i < sizeof org_rows / sizeof org_rows[0]; i++) {
        uint8_t value[64];
        uint8_t org_memory[512];
        uint8_t memory[4096];
        struct decoded decoded;
        struct toc_span orgs[3];
        assert_int_equal(organisations(record, orgs), 3);
        size_t len = check_unhex(org_rows[i].value_hex, value, sizeof value);
        orgs[1] = world_edit(orgs[1], org_rows[i].key, toc_span(value, len),
                             (struct toc_room){org_memory, sizeof org_memory});
        struct toc_span edited =
            with_organisations(record, orgs, 3, (struct toc_room){memory, sizeof memory});
        world_expect(org_rows[i].what, decode(&decoded, edited), org_rows[i].code);
    }
}

/* */
static void organisations_stand_in_order_and_once(void **state)
{
    (void)state;
    struct world_genesis *made = world_found(world(), 3, 0);
    struct toc_span record = made->genesis.roster.record;
    uint8_t memory[4096];
    struct toc_room out = {memory, sizeof memory};
    struct decoded decoded;
    struct toc_span orgs[3];
    assert_int_equal(organisations(record, orgs), 3);
    struct toc_span swapped[3] = {orgs[1], orgs[0], orgs[2]};
    assert_code(decode(&decoded, with_organisations(record, swapped, 3, out)), TOC_MALFORMED);
    struct toc_span twice[3] = {orgs[0], orgs[1], orgs[1]};
    assert_code(decode(&decoded, with_organisations(record, twice, 3, out)), TOC_MALFORMED);

    /* One handle in two letter cases. */
    uint8_t org_memory[512];
    uint8_t handle[64];
    char upper[TOC_HANDLE_BYTES_MAX + 1];
    assert_ok(decode(&decoded, record));
    memcpy(upper, decoded.roster.orgs[0].handle, sizeof upper);
    upper[0] = (char)(upper[0] ^ 0x20);
    struct toc_writer writer;
    toc_writer_init(&writer, handle, sizeof handle);
    toc_write_str(&writer, toc_span_str(upper));
    struct toc_span clash[3] = {orgs[0], orgs[1],
                                world_edit(orgs[2], 4, toc_writer_bytes(&writer),
                                           (struct toc_room){org_memory, sizeof org_memory})};
    assert_code(decode(&decoded, with_organisations(record, clash, 3, out)), TOC_MALFORMED);
}

/* */
static void two_votes_are_the_least(void **state)
{
    (void)state;
    struct world_genesis *made = world_found(world(), 3, 0);
    struct toc_span record = made->genesis.roster.record;
    static const uint8_t no[] = {0xc2};
    for (size_t without = 0; without <= 3; without++) {
        uint8_t org_memory[3][512];
        uint8_t memory[4096];
        struct decoded decoded;
        struct toc_span orgs[3];
        assert_int_equal(organisations(record, orgs), 3);
        for (size_t i = 0; i < without; i++) {
            orgs[i] = world_edit(orgs[i], 7, toc_span(no, 1),
                                 (struct toc_room){org_memory[i], sizeof org_memory[i]});
        }
        struct toc_span edited =
            with_organisations(record, orgs, 3, (struct toc_room){memory, sizeof memory});
        assert_code(decode(&decoded, edited), without <= 1 ? TOC_OK : TOC_LIMIT);
    }
}

static void a_small_arena_is_full(void **state)
{
    (void)state;
    struct world_genesis *made = world_found(world(), 3, 0);
    uint8_t memory[2 * sizeof(struct toc_org)];
    struct toc_arena arena;
    struct toc_roster roster;
    toc_arena_init(&arena, memory, sizeof memory);
    assert_code(toc_roster_decode(&roster, made->genesis.roster.record, &arena), TOC_FULL);
    assert_true(toc_is_zero(&roster, sizeof roster));
    assert_int_equal(toc_arena_mark(&arena), 0);
}

static void two_thirds_of_the_votes_decide(void **state)
{
    (void)state;
    static const size_t table[][2] = {{2, 2}, {3, 2}, {4, 3},  {5, 4},   {6, 4},
                                      {7, 5}, {9, 6}, {10, 7}, {64, 43}, {1024, 683}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct toc_roster roster = {.steward_count = table[i][0]};
        assert_int_equal(toc_roster_threshold(&roster), table[i][1]);
    }
}

/* */
static void the_secret_opens_for_nodes_of_the_record_alone(void **state)
{
    (void)state;
    struct world_org *orgs = world();
    struct world_genesis *made = world_found(orgs, 3, 0);
    uint8_t f[TOC_KEY_BYTES];
    for (size_t i = 0; i < 3; i++) {
        assert_ok(toc_roster_open_secret(f, &made->genesis.roster, orgs[i].node[0].seal_public,
                                         orgs[i].node[0].seal_secret));
        assert_memory_equal(f, made->f, sizeof f);
    }
    assert_code(toc_roster_open_secret(f, &made->genesis.roster, orgs[3].node[0].seal_public,
                                       orgs[3].node[0].seal_secret),
                TOC_WRAP);
    assert_true(toc_is_zero(f, sizeof f));
    /* The right public key with another secret key. */
    assert_code(toc_roster_open_secret(f, &made->genesis.roster, orgs[0].node[0].seal_public,
                                       orgs[3].node[0].seal_secret),
                TOC_DECRYPT);
    assert_true(toc_is_zero(f, sizeof f));
    assert_ok(toc_roster_check_secret(&made->genesis.roster, made->f));
    made->genesis.roster.f_hash[0] ^= 1;
    assert_code(toc_roster_open_secret(f, &made->genesis.roster, orgs[0].node[0].seal_public,
                                       orgs[0].node[0].seal_secret),
                TOC_HASH);
    assert_true(toc_is_zero(f, sizeof f));
    assert_code(toc_roster_check_secret(&made->genesis.roster, made->f), TOC_HASH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_genesis_record_reads_as_it_was_drafted),
        cmocka_unit_test(a_broken_record_is_refused),
        cmocka_unit_test(a_broken_organisation_is_refused),
        cmocka_unit_test(organisations_stand_in_order_and_once),
        cmocka_unit_test(two_votes_are_the_least),
        cmocka_unit_test(a_small_arena_is_full),
        cmocka_unit_test(two_thirds_of_the_votes_decide),
        cmocka_unit_test(the_secret_opens_for_nodes_of_the_record_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
