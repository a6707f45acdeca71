/* SPDX-License-Identifier: EUPL-1.2 */
/* Figures typed in from the RFCs, for a copy of the project without the shared vectors. */
#include "check.h"

#include "raw.h"

#define BYTES_MAX 256u

struct bytes {
    uint8_t at[BYTES_MAX];
    size_t len;
};

static struct bytes unhex(const char *hex)
{
    struct bytes bytes = {{0}, 0};
    bytes.len = check_unhex(hex, bytes.at, sizeof bytes.at);
    return bytes;
}

/* RFC 7693, appendix A: BLAKE2b-512 of "abc". */
static void blake2b_of_abc(void **state)
{
    (void)state;
    struct bytes wanted = unhex("ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
                                "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923");
    struct toc_raw_hash hash;
    uint8_t out[64];
    toc_raw_hash_init(&hash, NULL, toc_span(NULL, 0), sizeof out);
    toc_raw_hash_add(&hash, toc_span_str("abc"));
    toc_raw_hash_final(&hash, out, sizeof out);
    assert_memory_equal(out, wanted.at, sizeof out);
    assert_true(toc_is_zero(&hash, sizeof hash));
}

/* RFC 7748, section 5.2 (two vectors) and section 6.1 (both directions). */
static const struct {
    const char *secret, *public_key, *shared;
} agreements[] = {
    {"a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
     "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
     "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"},
    {"4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
     "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
     "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957"},
    {"77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
     "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f",
     "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"},
    {"5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
     "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a",
     "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"},
};

static void x25519_agreements(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof agreements / sizeof *agreements; i++) {
        uint8_t shared[32];
        assert_true(
            toc_raw_dh(shared, unhex(agreements[i].secret).at, unhex(agreements[i].public_key).at));
        assert_memory_equal(shared, unhex(agreements[i].shared).at, 32);
    }
    uint8_t public_key[32];
    toc_raw_dh_public(public_key, unhex(agreements[2].secret).at);
    assert_memory_equal(public_key, unhex(agreements[3].public_key).at, 32);
}

/* RFC 7748, section 5.2: the function applied to its own result a thousand times. */
static void x25519_a_thousand_times(void **state)
{
    (void)state;
    uint8_t k[32] = {9};
    uint8_t u[32] = {9};
    for (int i = 0; i < 1000; i++) {
        uint8_t result[32];
        assert_true(toc_raw_dh(result, k, u));
        memcpy(u, k, 32);
        memcpy(k, result, 32);
    }
    assert_memory_equal(
        k, unhex("684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51").at, 32);
}

/* RFC 8032, section 7.1, TEST 1 to TEST 3. */
static const struct {
    const char *seed, *public_key, *message, *sig;
} signatures[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9"
     "b46bd25bf5f0595bbe24655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f1"
     "1d8c387b2eaeb4302aeeb00d291612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984d"
     "c6594a7c15e9716ed28dc027beceea1ec40a"},
};

static void ed25519_signatures(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof signatures / sizeof *signatures; i++) {
        struct bytes message = unhex(signatures[i].message);
        struct toc_span span = toc_span(message.at, message.len);
        uint8_t public_key[32], secret[64], sig[64];
        toc_raw_sign_keypair(public_key, secret, unhex(signatures[i].seed).at);
        assert_memory_equal(public_key, unhex(signatures[i].public_key).at, 32);
        toc_raw_sign(sig, span, secret);
        assert_memory_equal(sig, unhex(signatures[i].sig).at, 64);
        assert_true(toc_raw_verify(sig, span, public_key));
        for (size_t bit = 0; bit < 512; bit++) {
            sig[bit / 8] = (uint8_t)(sig[bit / 8] ^ 1 << bit % 8);
            assert_false(toc_raw_verify(sig, span, public_key));
            sig[bit / 8] = (uint8_t)(sig[bit / 8] ^ 1 << bit % 8);
        }
    }
}

/* RFC 8439 section 2.8.2 and draft-irtf-cfrg-xchacha-03 appendix A.3.1: one text, two nonces. */
static const char sunscreen[] =
    "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, "
    "sunscreen would be it.";
static const struct {
    enum toc_raw_cipher cipher;
    const char *nonce, *sealed;
} seals[] = {
    {TOC_RAW_CHACHA, "070000004041424344454647",
     "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92"
     "728b1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b"
     "4831d7bc3ff4def08e4b7a9de576d26586cec64b6116"
     "1ae10b594f09e26a7e902ecbd0600691"},
    {TOC_RAW_XCHACHA, "404142434445464748494a4b4c4d4e4f5051525354555657",
     "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4aa6440bf3a82f4eda"
     "7e39ae64c6708c54c216cb96b72e1213b4522f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b23835"
     "65d3fff921f9664c97637da9768812f615c68b13b52e"
     "c0875924c1c7987947deafd8780acf49"},
};

static void sealed_sunscreen(void **state)
{
    (void)state;
    struct bytes key = unhex("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f");
    struct bytes ad = unhex("50515253c0c1c2c3c4c5c6c7");
    for (size_t i = 0; i < sizeof seals / sizeof *seals; i++) {
        struct bytes nonce = unhex(seals[i].nonce);
        struct bytes wanted = unhex(seals[i].sealed);
        struct toc_raw_lock lock = {seals[i].cipher, key.at, nonce.at, toc_span(ad.at, ad.len)};
        uint8_t out[BYTES_MAX];
        toc_raw_seal(out, toc_span_str(sunscreen), &lock);
        assert_memory_equal(out, wanted.at, wanted.len);
        /* In place, as callers do. */
        assert_true(toc_raw_open(out, toc_span(out, wanted.len), &lock));
        assert_memory_equal(out, sunscreen, strlen(sunscreen));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blake2b_of_abc),          cmocka_unit_test(x25519_agreements),
        cmocka_unit_test(x25519_a_thousand_times), cmocka_unit_test(ed25519_signatures),
        cmocka_unit_test(sealed_sunscreen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
