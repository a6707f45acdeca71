/* SPDX-License-Identifier: EUPL-1.2 */
/* Signatures with context and federation, key agreement, identities. */
#include "check.h"

#include "keys.h"

struct statement {
    uint8_t sig[TOC_SIG_BYTES];
    uint8_t federation[TOC_ID_BYTES];
    uint8_t hash[TOC_HASH_BYTES];
    uint8_t public_key[TOC_KEY_BYTES];
};

static struct statement signed_statement(enum toc_context context)
{
    struct statement s;
    struct toc_sign_keys keys;
    uint64_t seed = 1;
    uint8_t entropy[32];
    check_random_fill(&seed, entropy, sizeof entropy);
    check_random_fill(&seed, s.federation, sizeof s.federation);
    check_random_fill(&seed, s.hash, sizeof s.hash);
    toc_sign_keys_make(&keys, entropy);
    memcpy(s.public_key, keys.public_key, sizeof s.public_key);
    toc_sign(s.sig, context, s.federation, s.hash, keys.secret);
    return s;
}

static struct toc_err verify(const struct statement *s, enum toc_context context)
{
    return toc_verify(s->sig, context, s->federation, s->hash, s->public_key);
}

/* */
static void a_signature_holds_in_its_context_alone(void **state)
{
    (void)state;
    struct statement s = signed_statement(TOC_CTX_S_HEADER);
    size_t refused = 0;
    for (enum toc_context c = TOC_CTX_S_HEADER; c < TOC_CTX_COUNT; c++) {
        if (c == TOC_CTX_S_HEADER) {
            assert_ok(verify(&s, c));
        } else {
            assert_code(verify(&s, c), TOC_SIGNATURE);
            refused++;
        }
    }
    assert_true(refused >= 7);
}

static void every_bit_of_a_statement_is_signed(void **state)
{
    (void)state;
    struct statement s = signed_statement(TOC_CTX_S_BULLETIN);
    uint8_t *bytes = (uint8_t *)&s;
    for (size_t bit = 0; bit < 8 * sizeof s; bit++) {
        bytes[bit / 8] = (uint8_t)(bytes[bit / 8] ^ 1 << bit % 8);
        assert_code(verify(&s, TOC_CTX_S_BULLETIN), TOC_SIGNATURE);
        bytes[bit / 8] = (uint8_t)(bytes[bit / 8] ^ 1 << bit % 8);
    }
    assert_ok(verify(&s, TOC_CTX_S_BULLETIN));
}

static void agreement_is_mutual(void **state)
{
    (void)state;
    uint64_t seed = 2;
    uint8_t entropy[2][32], public_key[2][32], secret[2][32], shared[2][32];
    for (size_t i = 0; i < 2; i++) {
        check_random_fill(&seed, entropy[i], 32);
        toc_dh_keypair(public_key[i], secret[i], entropy[i]);
        assert_memory_equal(secret[i], entropy[i], 32);
    }
    assert_ok(toc_dh(shared[0], secret[0], public_key[1]));
    assert_ok(toc_dh(shared[1], secret[1], public_key[0]));
    assert_memory_equal(shared[0], shared[1], 32);
}

/* */
static void a_low_order_key_is_refused_and_leaves_zeros(void **state)
{
    (void)state;
    const uint8_t secret[32] = {7}, low[32] = {1};
    uint8_t out[32];
    memset(out, 0xaa, sizeof out);
    assert_code(toc_dh(out, secret, low), TOC_HANDSHAKE);
    assert_true(toc_is_zero(out, sizeof out));
}

static void node_keys_survive_their_encoding(void **state)
{
    (void)state;
    uint64_t seed = 3;
    uint8_t entropy[128], encoded[TOC_NODE_KEYS_BYTES];
    struct toc_node_keys made, decoded;
    check_random_fill(&seed, entropy, sizeof entropy);
    toc_node_keys_make(&made, entropy);
    toc_node_keys_encode(encoded, &made);
    toc_node_keys_decode(&decoded, encoded);
    assert_memory_equal(&decoded, &made, sizeof made);
    /* Four keys of their own, each from its own entropy. */
    const uint8_t *keys[] = {made.link_secret, made.seal_secret, made.store_key, made.log_wrap};
    for (size_t i = 0; i < 4; i++) {
        assert_memory_equal(keys[i], entropy + 32 * i, 32);
        assert_memory_equal(encoded + 32 * i, keys[i], 32);
    }
    uint8_t public_key[32], secret[32];
    toc_dh_keypair(public_key, secret, entropy);
    assert_memory_equal(public_key, made.link_public, 32);
    toc_dh_keypair(public_key, secret, entropy + 32);
    assert_memory_equal(public_key, made.seal_public, 32);
}

static void a_signing_identity_survives_its_encoding(void **state)
{
    (void)state;
    const uint8_t entropy[32] = {4};
    struct toc_sign_keys made, decoded;
    uint8_t seed[32];
    toc_sign_keys_make(&made, entropy);
    toc_sign_keys_encode(seed, &made);
    toc_sign_keys_make(&decoded, seed);
    assert_memory_equal(&decoded, &made, sizeof made);
}

static void secrets_compare_and_wipe(void **state)
{
    (void)state;
    uint8_t a[16] = {1}, b[16] = {1};
    assert_true(toc_secret_equal(a, b, sizeof a));
    b[15] = 1;
    assert_false(toc_secret_equal(a, b, sizeof a));
    toc_wipe(a, sizeof a);
    assert_true(toc_is_zero(a, sizeof a));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_signature_holds_in_its_context_alone),
        cmocka_unit_test(every_bit_of_a_statement_is_signed),
        cmocka_unit_test(agreement_is_mutual),
        cmocka_unit_test(a_low_order_key_is_refused_and_leaves_zeros),
        cmocka_unit_test(node_keys_survive_their_encoding),
        cmocka_unit_test(a_signing_identity_survives_its_encoding),
        cmocka_unit_test(secrets_compare_and_wipe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
