/* SPDX-License-Identifier: EUPL-1.2 */
#include "check.h"
#include "sample_bulletin.h"

static uint8_t plaintext[4096];
static struct sample_lists lists;
static struct toc_sign_keys keys;
static uint8_t federation[TOC_ID_BYTES];

/* A signed bulletin in `plaintext`. */
static struct toc_span signed_bulletin(void)
{
    const struct toc_bulletin bulletin = sample_full(&lists);
    const uint8_t entropy[32] = {9};
    struct toc_span canonical;
    memcpy(federation, bulletin.federation, sizeof federation);
    toc_sign_keys_make(&keys, entropy);
    assert_ok(toc_bulletin_encode(&bulletin,
                                  (struct toc_room){plaintext + TOC_BULLETIN_HEAD_BYTES,
                                                    sizeof plaintext - TOC_BULLETIN_HEAD_BYTES},
                                  &canonical));
    toc_bulletin_sign(plaintext, canonical, federation, &keys);
    return toc_span(plaintext, TOC_BULLETIN_HEAD_BYTES + canonical.len);
}

static void the_plaintext_is_key_signature_and_bytes(void **state)
{
    (void)state;
    struct toc_span whole = signed_bulletin();
    struct toc_bulletin_parts parts;
    uint8_t id[TOC_ID_BYTES];
    uint8_t wanted[TOC_ID_BYTES];
    assert_ok(toc_bulletin_split(whole, &parts));
    assert_ptr_equal(parts.log_key, plaintext);
    assert_memory_equal(parts.log_key, keys.public_key, TOC_KEY_BYTES);
    assert_ptr_equal(parts.signature, plaintext + 32);
    assert_ptr_equal(parts.canonical.at, plaintext + 96);
    assert_int_equal(parts.canonical.len, whole.len - 96);
    assert_ok(toc_bulletin_verify(whole, federation, id));
    toc_bulletin_id(wanted, parts.canonical);
    assert_memory_equal(id, wanted, TOC_ID_BYTES);
    toc_hash(wanted, TOC_CTX_H_BULLETIN, &parts.canonical, 1);
    assert_memory_equal(id, wanted, TOC_ID_BYTES);
}

/* every bit of key, signature and bytes is covered; the id is not touched on refusal. */
static void a_flipped_bit_breaks_the_signature(void **state)
{
    (void)state;
    struct toc_span whole = signed_bulletin();
    uint8_t id[TOC_ID_BYTES];
    uint8_t untouched[TOC_ID_BYTES];
    memset(id, 0x5a, sizeof id);
    memset(untouched, 0x5a, sizeof untouched);
    for (size_t bit = 0; bit < whole.len * 8; bit++) {
        plaintext[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_code(toc_bulletin_verify(whole, federation, id), TOC_SIGNATURE);
        plaintext[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_memory_equal(id, untouched, sizeof id);
    federation[0] ^= 1;
    assert_code(toc_bulletin_verify(whole, federation, id), TOC_SIGNATURE);
    federation[0] ^= 1;
    assert_ok(toc_bulletin_verify(whole, federation, id));
}

/* */
static void a_plaintext_without_content_is_refused(void **state)
{
    (void)state;
    struct toc_bulletin_parts parts = {.log_key = plaintext + 5};
    uint8_t id[TOC_ID_BYTES];
    for (size_t len = 0; len <= TOC_BULLETIN_HEAD_BYTES; len++) {
        assert_code(toc_bulletin_split(toc_span(plaintext, len), &parts), TOC_TRUNCATED);
        assert_code(toc_bulletin_verify(toc_span(plaintext, len), federation, id), TOC_TRUNCATED);
    }
    /* The length alone decides: the bytes beyond are not looked at. */
    assert_code(toc_bulletin_split(toc_span(plaintext, (size_t)TOC_BULLETIN_BYTES_MAX +
                                                           TOC_BULLETIN_HEAD_BYTES + 1),
                                   &parts),
                TOC_LIMIT); /* */
    assert_ptr_equal(parts.log_key, plaintext + 5);
}

/* The id names no group and no node: shared elsewhere, re-signed by another node, it stays. */
static void the_id_is_of_the_bytes_alone(void **state)
{
    (void)state;
    struct toc_span whole = signed_bulletin();
    uint8_t id[TOC_ID_BYTES];
    uint8_t other_id[TOC_ID_BYTES];
    const uint8_t entropy[32] = {10};
    struct toc_sign_keys other_keys;
    assert_ok(toc_bulletin_verify(whole, federation, id));
    toc_sign_keys_make(&other_keys, entropy);
    toc_bulletin_sign(plaintext, toc_span(plaintext + 96, whole.len - 96), federation, &other_keys);
    assert_ok(toc_bulletin_verify(whole, federation, other_id));
    assert_memory_equal(id, other_id, TOC_ID_BYTES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_plaintext_is_key_signature_and_bytes),
        cmocka_unit_test(a_flipped_bit_breaks_the_signature),
        cmocka_unit_test(a_plaintext_without_content_is_refused),
        cmocka_unit_test(the_id_is_of_the_bytes_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
