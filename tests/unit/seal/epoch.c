/* SPDX-License-Identifier: EUPL-1.2 */
/* Epoch secrets, tag keys, wraps. */
#include "check.h"

#include "seal.h"

static const uint8_t f[32] = {1}, group[32] = {2}, parent[32] = {3}, e[32] = {4}, log_id[32] = {5};

/* Every input counts: changing a byte of any gives another result. */
static void an_epoch_key_depends_on_each_part(void **state)
{
    (void)state;
    uint8_t k[5][32], part[4][32];
    for (size_t i = 0; i < 5; i++) {
        memcpy(part[0], f, 32);
        memcpy(part[1], group, 32);
        memcpy(part[2], parent, 32);
        memcpy(part[3], e, 32);
        if (i < 4) {
            part[i][31] ^= 1;
        }
        toc_epoch_key(k[i], part[0], part[1], part[2], part[3]);
        for (size_t j = 0; j < i; j++) {
            assert_memory_not_equal(k[i], k[j], 32);
        }
    }
}

static void commitment_and_author_keys_depend_on_the_epoch_key(void **state)
{
    (void)state;
    const uint8_t k[2][32] = {{6}, {7}}, other_log[32] = {8};
    uint8_t out[5][32];
    toc_epoch_commit(out[0], k[0]);
    toc_epoch_commit(out[1], k[1]);
    toc_author_key(out[2], k[0], log_id);
    toc_author_key(out[3], k[1], log_id);
    toc_author_key(out[4], k[0], other_log);
    for (size_t i = 0; i < 5; i++) {
        for (size_t j = 0; j < i; j++) {
            assert_memory_not_equal(out[i], out[j], 32);
        }
    }
}

static void a_tag_key_opens_only_with_everything_right(void **state)
{
    (void)state;
    const uint8_t tag_key[32] = {9};
    uint8_t k[32] = {10}, g[32] = {11}, ad[20] = {12}, sealed[TOC_TAG_SEALED_BYTES], out[32];
    struct toc_span ad_span = toc_span(ad, sizeof ad);
    toc_tag_seal(sealed, tag_key, k, g, ad_span);
    const struct toc_room parts[] = {
        {k, sizeof k}, {g, sizeof g}, {ad, sizeof ad}, {sealed, sizeof sealed}};
    for (size_t part = 0; part < sizeof parts / sizeof *parts; part++) {
        for (size_t bit = 0; bit < 8 * parts[part].len; bit++) {
            uint8_t *byte = parts[part].at + bit / 8;
            memset(out, 0xaa, sizeof out);
            *byte = (uint8_t)(*byte ^ 1 << bit % 8);
            assert_code(toc_tag_open(out, sealed, k, g, ad_span), TOC_DECRYPT);
            assert_true(toc_is_zero(out, sizeof out));
            *byte = (uint8_t)(*byte ^ 1 << bit % 8);
        }
    }
    assert_ok(toc_tag_open(out, sealed, k, g, ad_span));
    assert_memory_equal(out, tag_key, sizeof out);
}

#define NODES 5u

/* One record's wraps for five nodes. */
struct record {
    uint8_t group[32], parent[32];
    uint8_t ephemeral_public[32], ephemeral_secret[32];
    uint8_t node_public[NODES][32], node_secret[NODES][32];
    uint8_t wraps[NODES * TOC_WRAP_BYTES];
};

static struct toc_wrap_scope scope_of(const struct record *record)
{
    return (struct toc_wrap_scope){record->group, record->parent, record->ephemeral_public};
}

static struct record made_record(void)
{
    struct record record;
    uint64_t seed = 21;
    uint8_t entropy[32];
    check_random_fill(&seed, record.group, 32);
    check_random_fill(&seed, record.parent, 32);
    check_random_fill(&seed, entropy, 32);
    toc_dh_keypair(record.ephemeral_public, record.ephemeral_secret, entropy);
    struct toc_wrap_scope scope = scope_of(&record);
    for (size_t i = 0; i < NODES; i++) {
        check_random_fill(&seed, entropy, 32);
        toc_dh_keypair(record.node_public[i], record.node_secret[i], entropy);
        assert_ok(toc_wrap_make(record.wraps + i * TOC_WRAP_BYTES, &scope, record.ephemeral_secret,
                                record.node_public[i], e));
    }
    return record;
}

static struct toc_err open_as(const struct record *record, size_t node, uint8_t *out)
{
    struct toc_wrap_scope scope = scope_of(record);
    memset(out, 0xaa, 32);
    return toc_wrap_open(out, &scope, record->wraps, NODES, record->node_public[node],
                         record->node_secret[node]);
}

static void refuses(const struct record *record, size_t node, enum toc_code code)
{
    uint8_t out[32];
    assert_code(open_as(record, node, out), code);
    assert_true(toc_is_zero(out, sizeof out));
}

static void each_node_opens_its_wrap(void **state)
{
    (void)state;
    struct record record = made_record();
    for (size_t i = 0; i < NODES; i++) {
        uint8_t out[32];
        assert_ok(open_as(&record, i, out));
        assert_memory_equal(out, e, 32);
    }
}

static void a_node_without_a_wrap_is_told_so(void **state)
{
    (void)state;
    struct record record = made_record();
    uint8_t out[32];
    struct toc_wrap_scope scope = scope_of(&record);
    memset(out, 0xaa, sizeof out);
    assert_code(
        toc_wrap_open(out, &scope, record.wraps, 0, record.node_public[0], record.node_secret[0]),
        TOC_WRAP);
    assert_true(toc_is_zero(out, sizeof out));
    memcpy(record.wraps + 2 * TOC_WRAP_BYTES, record.wraps + 3 * TOC_WRAP_BYTES, TOC_WRAP_BYTES);
    refuses(&record, 2, TOC_WRAP);
}

static void every_bit_of_a_wrap_and_its_scope_counts(void **state)
{
    (void)state;
    struct record record = made_record();
    uint8_t *wrap = record.wraps + TOC_WRAP_BYTES;
    for (size_t bit = 0; bit < 8 * TOC_WRAP_BYTES; bit++) {
        size_t at = bit / 8;
        wrap[at] = (uint8_t)(wrap[at] ^ 1 << bit % 8);
        refuses(&record, 1, at == 0 ? TOC_VERSION : at < 5 ? TOC_WRAP : TOC_DECRYPT);
        wrap[at] = (uint8_t)(wrap[at] ^ 1 << bit % 8);
    }
    uint8_t *scope[] = {record.group, record.parent, record.ephemeral_public};
    for (size_t i = 0; i < 3; i++) {
        for (size_t bit = 0; bit < 256; bit++) {
            scope[i][bit / 8] = (uint8_t)(scope[i][bit / 8] ^ 1 << bit % 8);
            refuses(&record, 1, TOC_DECRYPT);
            scope[i][bit / 8] = (uint8_t)(scope[i][bit / 8] ^ 1 << bit % 8);
        }
    }
}

/* Another node's key may begin with the same four bytes, before and after ours. */
static void an_equal_key_id_does_not_hide_the_wrap(void **state)
{
    (void)state;
    struct record record = made_record();
    for (size_t i = 0; i < NODES; i++) {
        memcpy(record.wraps + i * TOC_WRAP_BYTES + 1, record.node_public[2], 4);
    }
    uint8_t out[32];
    assert_ok(open_as(&record, 2, out));
    assert_memory_equal(out, e, 32);
    /* An unknown suite beside it does not hide it either. */
    record.wraps[0] = TOC_WRAP_SUITE + 1;
    assert_ok(open_as(&record, 2, out));
    /* Ours under an unknown suite is not read as one of suite 1. */
    record.wraps[2 * TOC_WRAP_BYTES] = TOC_WRAP_SUITE + 1;
    refuses(&record, 2, TOC_DECRYPT);
    record.wraps[2 * TOC_WRAP_BYTES] = TOC_WRAP_SUITE;
    /* With ours gone, the others do not open, whatever suites stand beside them. */
    record.wraps[2 * TOC_WRAP_BYTES + 10] ^= 1;
    refuses(&record, 2, TOC_DECRYPT);
    for (size_t i = 0; i < NODES; i++) {
        record.wraps[i * TOC_WRAP_BYTES] = TOC_WRAP_SUITE + 1;
    }
    refuses(&record, 2, TOC_VERSION);
}

static void low_order_keys_are_refused(void **state)
{
    (void)state;
    struct record record = made_record();
    struct toc_wrap_scope scope = scope_of(&record);
    const uint8_t low[32] = {1};
    uint8_t wrap[TOC_WRAP_BYTES];
    memset(wrap, 0xaa, sizeof wrap);
    assert_code(toc_wrap_make(wrap, &scope, record.ephemeral_secret, low, e), TOC_HANDSHAKE);
    assert_true(toc_is_zero(wrap, sizeof wrap));
    memcpy(record.ephemeral_public, low, 32);
    refuses(&record, 0, TOC_HANDSHAKE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_epoch_key_depends_on_each_part),
        cmocka_unit_test(commitment_and_author_keys_depend_on_the_epoch_key),
        cmocka_unit_test(a_tag_key_opens_only_with_everything_right),
        cmocka_unit_test(each_node_opens_its_wrap),
        cmocka_unit_test(a_node_without_a_wrap_is_told_so),
        cmocka_unit_test(every_bit_of_a_wrap_and_its_scope_counts),
        cmocka_unit_test(an_equal_key_id_does_not_hide_the_wrap),
        cmocka_unit_test(low_order_keys_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
