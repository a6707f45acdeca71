/* SPDX-License-Identifier: EUPL-1.2 */
#include "check.h"

#include "content.h"
#include "sample_bulletin.h"

/* What lies between an entry's payload and the bulletin in it. */

static uint8_t canonical[4096], plaintext[4096 + TOC_BULLETIN_HEAD_BYTES];

/* A signed bulletin by the identity made of `seed`; gives its plaintext. */
static struct toc_span make(uint8_t seed, struct toc_sign_keys *keys)
{
    uint8_t entropy[32];
    memset(entropy, seed, sizeof entropy);
    toc_sign_keys_make(keys, entropy);
    struct toc_bulletin bulletin = sample_least();
    struct toc_span bytes;
    assert_ok(
        toc_bulletin_encode(&bulletin, (struct toc_room){canonical, sizeof canonical}, &bytes));
    toc_bulletin_sign(plaintext, bytes, bulletin.federation, keys);
    memcpy(plaintext + TOC_BULLETIN_HEAD_BYTES, bytes.at, bytes.len);
    return toc_span(plaintext, TOC_BULLETIN_HEAD_BYTES + bytes.len);
}

/* both codecs give back what went in; others, and frames that lie, are refused. */
static void content_is_packed_in_two_ways_and_no_other(void **state)
{
    (void)state;
    struct toc_sign_keys keys;
    struct toc_span plain = make(1, &keys);
    struct toc_bytes packed, unpacked;
    assert_ok(toc_content_pack(&packed, plain));
    assert_ok(toc_content_unpack(&unpacked, toc_span(packed.at, packed.len)));
    assert_span(toc_span(unpacked.at, unpacked.len), plain);
    toc_bytes_free(&unpacked);
    packed.at[0] = 7;
    assert_code(toc_content_unpack(&unpacked, toc_span(packed.at, packed.len)), TOC_VERSION);
    assert_null(unpacked.at);
    toc_bytes_free(&packed);
    assert_code(toc_content_unpack(&unpacked, toc_span(NULL, 0)), TOC_TRUNCATED);
    /* A zstd frame that declares 2^32 bytes: magic, descriptor (8-byte size), size, no block. */
    static const uint8_t bomb[] = {1, 0x28, 0xb5, 0x2f, 0xfd, 0xe0, 0, 0, 0, 0, 1, 0, 0, 0};
    assert_code(toc_content_unpack(&unpacked, toc_span(bomb, sizeof bomb)), TOC_LIMIT);
    static const uint8_t noise[] = {1, 1, 2, 3, 4, 5};
    assert_code(toc_content_unpack(&unpacked, toc_span(noise, sizeof noise)), TOC_MALFORMED);
}

struct answers {
    bool certified;
    unsigned asked;
};

static bool certifies(void *arg, const uint8_t *log_key, const uint8_t *org)
{
    (void)log_key;
    (void)org;
    struct answers *answers = arg;
    answers->asked++;
    return answers->certified;
}

/* by the log's own key only the log's organisation speaks; any other key must be certified
 * for the author and must have signed. */
static void a_bulletin_counts_for_whom_its_key_speaks(void **state)
{
    (void)state;
    struct toc_sign_keys author, other;
    uint8_t noise[32] = {9};
    toc_sign_keys_make(&other, noise);
    struct toc_span plain = make(2, &author);
    struct toc_content content;
    const struct toc_bulletin sample = sample_least();
    assert_ok(toc_content_read(&content, plain, sample.federation));
    struct answers answers = {.certified = true};
    struct toc_voucher own = {.federation = sample.federation,
                              .org = sample.author,
                              .log_key = author.public_key,
                              .certifies = certifies,
                              .arg = &answers};
    assert_ok(toc_content_vouch(&content, plain, &own));
    assert_int_equal(answers.asked, 0); /* the chain has proved it */
    uint8_t somebody[TOC_ID_BYTES] = {1};
    struct toc_voucher stolen = own;
    stolen.org = somebody;
    assert_code(toc_content_vouch(&content, plain, &stolen), TOC_STRANGER);
    struct toc_voucher shared = own;
    shared.log_key = other.public_key;
    assert_ok(toc_content_vouch(&content, plain, &shared));
    assert_int_equal(answers.asked, 1);
    plaintext[TOC_KEY_BYTES] ^= 1; /* the signature */
    assert_code(toc_content_vouch(&content, plain, &shared), TOC_SIGNATURE);
    plaintext[TOC_KEY_BYTES] ^= 1;
    answers.certified = false;
    assert_code(toc_content_vouch(&content, plain, &shared), TOC_STRANGER);
    toc_content_clear(&content);
    uint8_t elsewhere[TOC_ID_BYTES] = {2};
    assert_code(toc_content_read(&content, plain, elsewhere), TOC_FEDERATION);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(content_is_packed_in_two_ways_and_no_other),
        cmocka_unit_test(a_bulletin_counts_for_whom_its_key_speaks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
