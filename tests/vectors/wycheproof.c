/* SPDX-License-Identifier: EUPL-1.2 */
/* USES: keys raw */
/* LIBS: jansson */
/* Project Wycheproof: signatures, key agreement and AEADs, hostile cases included. */
#include "vectors.h"

#include "keys.h"
#include "raw.h"

/* Calls `run` for every test of every group; gives the number that the file itself states. */
static size_t each_test(const json_t *root,
                        bool (*run)(const json_t *group, const json_t *test, bool valid),
                        struct tally *tally)
{
    size_t g;
    const json_t *group;
    json_array_foreach(json_object_get(root, "testGroups"), g, group)
    {
        size_t t;
        const json_t *test;
        json_array_foreach(json_object_get(group, "tests"), t, test)
        {
            char id[24];
            const char *result = vectors_text(test, "result");
            (void)snprintf(id, sizeof id, "%zu", vectors_number(test, "tcId"));
            tally_case(tally, run(group, test, strcmp(result, "invalid") != 0), id);
            vectors_release();
        }
    }
    return vectors_number(root, "numberOfTests");
}

static void run_file(const char *name, size_t cases,
                     bool (*run)(const json_t *group, const json_t *test, bool valid))
{
    char path[128];
    struct tally tally = {name, 0, 0};
    (void)snprintf(path, sizeof path, "vectors/wycheproof/%s", name);
    json_t *root = vectors_load(check_shared(path));
    assert_int_equal(each_test(root, run, &tally), cases);
    json_decref(root);
    tally_end(&tally, cases);
}

static bool ed25519_case(const json_t *group, const json_t *test, bool valid)
{
    const json_t *key = json_object_get(group, "publicKey");
    const uint8_t *public_key = vectors_bytes(key, "pk", TOC_KEY_BYTES);
    struct toc_span sig = vectors_hex(test, "sig");
    /* A signature of another length has no way into the interface. */
    bool accepted =
        sig.len == TOC_SIG_BYTES && toc_raw_verify(sig.at, vectors_hex(test, "msg"), public_key);
    return accepted == valid;
}

static bool x25519_case(const json_t *group, const json_t *test, bool valid)
{
    (void)group;
    uint8_t shared[TOC_KEY_BYTES];
    const uint8_t *wanted = vectors_bytes(test, "shared", TOC_KEY_BYTES);
    struct toc_err err = toc_dh(shared, vectors_bytes(test, "private", TOC_KEY_BYTES),
                                vectors_bytes(test, "public", TOC_KEY_BYTES));
    /* The published result of a low-order key is zero, and here it is refused. */
    enum toc_code code = toc_is_zero(wanted, TOC_KEY_BYTES) ? TOC_HANDSHAKE : TOC_OK;
    return valid && err.code == code && memcmp(shared, wanted, sizeof shared) == 0;
}

static bool aead_case(const json_t *test, bool valid, enum toc_raw_cipher cipher)
{
    struct toc_span iv = vectors_hex(test, "iv");
    struct toc_span plain = vectors_hex(test, "msg");
    struct toc_span sealed = vectors_hex(test, "ct");
    struct toc_span tag = vectors_hex(test, "tag");
    if (iv.len !=
        (cipher == TOC_RAW_CHACHA ? TOC_RAW_CHACHA_NONCE_BYTES : TOC_RAW_XCHACHA_NONCE_BYTES)) {
        /* The interface cannot express such a nonce, which is a refusal. */
        return !valid;
    }
    struct toc_raw_lock lock = {cipher, vectors_bytes(test, "key", 32), iv.at,
                                vectors_hex(test, "aad")};
    uint8_t *joined = vectors_room(sealed.len + tag.len);
    memcpy(joined, sealed.at, sealed.len);
    memcpy(joined + sealed.len, tag.at, tag.len);
    uint8_t *out = vectors_room(sealed.len);
    memset(out, 0xee, sealed.len);
    bool opened = toc_raw_open(out, toc_span(joined, sealed.len + tag.len), &lock);
    if (!valid) {
        return !opened && toc_is_zero(out, sealed.len);
    }
    uint8_t *again = vectors_room(plain.len + TOC_RAW_TAG_BYTES);
    toc_raw_seal(again, plain, &lock);
    return opened && toc_span_equal(toc_span(out, sealed.len), plain) &&
           memcmp(again, joined, plain.len + TOC_RAW_TAG_BYTES) == 0;
}

static bool chacha_case(const json_t *group, const json_t *test, bool valid)
{
    (void)group;
    return aead_case(test, valid, TOC_RAW_CHACHA);
}

static bool xchacha_case(const json_t *group, const json_t *test, bool valid)
{
    (void)group;
    return aead_case(test, valid, TOC_RAW_XCHACHA);
}

static void ed25519(void **state)
{
    (void)state;
    run_file("ed25519_test.json", 151, ed25519_case);
}

static void x25519(void **state)
{
    (void)state;
    run_file("x25519_test.json", 518, x25519_case);
}

static void chacha20_poly1305(void **state)
{
    (void)state;
    run_file("chacha20_poly1305_test.json", 325, chacha_case);
}

static void xchacha20_poly1305(void **state)
{
    (void)state;
    run_file("xchacha20_poly1305_test.json", 315, xchacha_case);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ed25519),
        cmocka_unit_test(x25519),
        cmocka_unit_test(chacha20_poly1305),
        cmocka_unit_test(xchacha20_poly1305),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
