/* SPDX-License-Identifier: EUPL-1.2 */
/* USES: noise seal raw */
/* LIBS: jansson */
/*
 * The project's own figures: tests/vectors/crypto.json, made by a second implementation in Python
 * (crypto.py beside it), against the library.
 */
#include "vectors.h"

#include "noise.h"
#include "seal.h"

static json_t *figures;

static json_t *section(const char *name)
{
    json_t *found = json_object_get(figures, name);
    assert_non_null(found);
    return found;
}

static const uint8_t *bytes32(const json_t *object, const char *field)
{
    return vectors_bytes(object, field, 32);
}

static enum toc_context context_of(const json_t *object)
{
    for (enum toc_context i = 0; i < TOC_CTX_COUNT; i++) {
        if (strcmp(toc_context_text(i), vectors_text(object, "context")) == 0) {
            return i;
        }
    }
    fail_msg("no context %s", vectors_text(object, "context"));
    return TOC_CTX_COUNT;
}

static void hashes_and_derivations(void **state)
{
    (void)state;
    uint8_t out[32];
    size_t i;
    const json_t *row;
    json_array_foreach(section("hash"), i, row)
    {
        struct toc_span data = vectors_hex(row, "data");
        toc_hash(out, context_of(row), &data, 1);
        assert_memory_equal(out, bytes32(row, "out"), 32);
        struct toc_hasher hasher;
        toc_hasher_init(&hasher, context_of(row));
        for (size_t at = 0; at < data.len; at++) {
            toc_hasher_add(&hasher, toc_span(data.at + at, 1));
        }
        toc_hasher_final(&hasher, out);
        assert_memory_equal(out, bytes32(row, "out"), 32);
    }
    assert_int_equal(i, 9);
    json_array_foreach(section("derive"), i, row)
    {
        struct toc_span data = vectors_hex(row, "data");
        struct toc_span parts[] = {toc_span(data.at, data.len / 3),
                                   toc_span(data.at + data.len / 3, data.len - data.len / 3)};
        toc_kdf(out, bytes32(row, "key"), context_of(row), parts, 2);
        assert_memory_equal(out, bytes32(row, "out"), 32);
    }
    assert_int_equal(i, 9);
}

static void signatures(void **state)
{
    (void)state;
    size_t i;
    const json_t *row;
    json_array_foreach(section("sign"), i, row)
    {
        struct toc_sign_keys keys;
        uint8_t sig[TOC_SIG_BYTES];
        toc_sign_keys_make(&keys, bytes32(row, "seed"));
        assert_memory_equal(keys.public_key, bytes32(row, "public_key"), 32);
        toc_sign(sig, context_of(row), bytes32(row, "federation"), bytes32(row, "hash"),
                 keys.secret);
        assert_memory_equal(sig, vectors_bytes(row, "sig", TOC_SIG_BYTES), TOC_SIG_BYTES);
        assert_ok(toc_verify(sig, context_of(row), bytes32(row, "federation"), bytes32(row, "hash"),
                             keys.public_key));
    }
    assert_int_equal(i, 2);
}

static void ids_and_their_texts(void **state)
{
    (void)state;
    const json_t *ids = section("ids");
    uint8_t out[32];
    char finger[TOC_FINGERPRINT_CHARS], text[TOC_ID_TEXT_BYTES];
    toc_org_id(out, bytes32(ids, "org_key"));
    assert_memory_equal(out, bytes32(ids, "org"), 32);
    toc_group_all_id(out, bytes32(ids, "federation"));
    assert_memory_equal(out, bytes32(ids, "all"), 32);
    toc_log_id(out, bytes32(ids, "federation"), bytes32(ids, "group"), bytes32(ids, "log_key"));
    assert_memory_equal(out, bytes32(ids, "log"), 32);
    toc_fingerprint(finger, bytes32(ids, "org_key"));
    assert_string_equal(finger, vectors_text(ids, "fingerprint"));
    toc_id_text(text, bytes32(ids, "id"));
    assert_string_equal(text, vectors_text(ids, "id_text"));
}

static void epoch_secrets(void **state)
{
    (void)state;
    const json_t *epoch = section("epoch");
    uint8_t out[32];
    toc_epoch_key(out, bytes32(epoch, "f"), bytes32(epoch, "group"), bytes32(epoch, "parent"),
                  bytes32(epoch, "e"));
    assert_memory_equal(out, bytes32(epoch, "k"), 32);
    toc_epoch_commit(out, bytes32(epoch, "k"));
    assert_memory_equal(out, bytes32(epoch, "commitment"), 32);
    toc_author_key(out, bytes32(epoch, "k"), bytes32(epoch, "log"));
    assert_memory_equal(out, bytes32(epoch, "author_key"), 32);

    const json_t *tag = section("tag");
    uint8_t sealed[TOC_TAG_SEALED_BYTES];
    const uint8_t *wanted = vectors_bytes(tag, "sealed", sizeof sealed);
    toc_tag_seal(sealed, bytes32(tag, "tag_key"), bytes32(tag, "k"), bytes32(tag, "group"),
                 vectors_hex(tag, "ad"));
    assert_memory_equal(sealed, wanted, sizeof sealed);
    assert_ok(toc_tag_open(out, wanted, bytes32(tag, "k"), bytes32(tag, "group"),
                           vectors_hex(tag, "ad")));
    assert_memory_equal(out, bytes32(tag, "tag_key"), 32);
}

static void wraps(void **state)
{
    (void)state;
    const json_t *row = section("wrap");
    struct toc_wrap_scope scope = {bytes32(row, "group"), bytes32(row, "parent"),
                                   bytes32(row, "ephemeral")};
    uint8_t wrap[TOC_WRAP_BYTES], secret[32], public_key[32], kept[32];
    toc_dh_keypair(public_key, kept, bytes32(row, "ephemeral_secret"));
    assert_memory_equal(public_key, scope.ephemeral, 32);
    assert_ok(toc_wrap_make(wrap, &scope, bytes32(row, "ephemeral_secret"),
                            bytes32(row, "recipient"), bytes32(row, "secret")));
    assert_memory_equal(wrap, vectors_bytes(row, "wrap", sizeof wrap), sizeof wrap);
    assert_ok(toc_wrap_open(secret, &scope, vectors_bytes(row, "wrap", sizeof wrap), 1,
                            bytes32(row, "recipient"), bytes32(row, "recipient_secret")));
    assert_memory_equal(secret, bytes32(row, "secret"), 32);
}

static void padding(void **state)
{
    (void)state;
    size_t i;
    const json_t *row;
    json_array_foreach(section("padme"), i, row)
    {
        assert_int_equal(toc_padme(vectors_number(row, "len")), vectors_number(row, "padded"));
    }
    assert_int_equal(i, 13);
}

/* The chunk hashes of a row, in one piece; their number. */
static size_t chunk_hashes(const json_t *row, uint8_t *out)
{
    size_t i;
    const json_t *text;
    json_array_foreach(json_object_get(row, "chunk_hashes"), i, text)
    {
        memcpy(out + 32 * i, vectors_unhex(json_string_value(text)).at, 32);
    }
    return i;
}

static void payload_row(const json_t *keys, const json_t *row)
{
    size_t content_len = vectors_number(row, "content_bytes");
    uint8_t *content = vectors_room(content_len);
    for (size_t i = 0; i < content_len; i++) {
        content[i] = (uint8_t)(vectors_number(keys, "content_start") + i);
    }
    size_t len = toc_payload_bytes(content_len);
    assert_int_equal(len, vectors_number(row, "payload_bytes"));
    uint8_t *payload = vectors_room(len);
    toc_payload_seal(payload, toc_span(content, content_len), bytes32(keys, "author_key"),
                     vectors_hex(keys, "ad"), vectors_bytes(keys, "nonce", 19));
    if (json_object_get(row, "payload") != NULL) {
        assert_span(toc_span(payload, len), vectors_hex(row, "payload"));
    }
    uint8_t hash[32];
    uint8_t hashes[32 * 8];
    toc_payload_hash(hash, toc_span(payload, len));
    assert_memory_equal(hash, bytes32(row, "payload_hash"), 32);
    size_t count = chunk_hashes(row, hashes);
    assert_int_equal(count == 0 ? 1 : count, toc_chunk_count(len));
    if (count != 0) {
        toc_chunks_root(hash, len, hashes, count);
        assert_memory_equal(hash, bytes32(row, "payload_hash"), 32);
    }
    for (size_t i = 0; i < count; i++) {
        struct toc_chunk_place place = toc_chunk_place(len, i);
        toc_chunk_hash(hash, toc_span(payload + place.offset, place.len));
        assert_memory_equal(hash, hashes + 32 * i, 32);
    }
}

static void payloads(void **state)
{
    (void)state;
    const json_t *keys = section("payload");
    size_t i;
    const json_t *row;
    json_array_foreach(json_object_get(keys, "rows"), i, row)
    {
        payload_row(keys, row);
    }
    assert_int_equal(i, 7);
}

static void records_at_rest(void **state)
{
    (void)state;
    const json_t *row = section("rest");
    struct toc_span wanted = vectors_hex(row, "sealed");
    struct toc_span plain = vectors_hex(row, "plain");
    uint8_t *out = vectors_room(wanted.len);
    toc_rest_seal(out, plain, bytes32(row, "store_key"), vectors_hex(row, "purpose"),
                  vectors_bytes(row, "nonce", 24));
    assert_span(toc_span(out, plain.len + TOC_REST_OVERHEAD_BYTES), wanted);
    assert_ok(toc_rest_open(out, wanted, bytes32(row, "store_key"), vectors_hex(row, "purpose")));
    assert_memory_equal(out, plain.at, plain.len);
}

static void rekeying(void **state)
{
    (void)state;
    const json_t *row = section("rekey");
    struct toc_cipher cipher = {.nonce = 7};
    memcpy(cipher.key, bytes32(row, "key"), 32);
    toc_cipher_rekey(&cipher);
    assert_memory_equal(cipher.key, bytes32(row, "out"), 32);
    assert_int_equal(cipher.nonce, 7);
}

static void key_files(void **state)
{
    (void)state;
    size_t i;
    const json_t *row;
    json_array_foreach(section("keyfile"), i, row)
    {
        uint8_t entropy[40], out[TOC_KEYFILE_BYTES_MAX];
        struct toc_span file = vectors_hex(row, "file");
        struct toc_span secret = vectors_hex(row, "secret");
        enum toc_keyfile_kind kind = (enum toc_keyfile_kind)vectors_number(row, "kind");
        struct toc_unlock unlock = {(enum toc_keyfile_lock)vectors_number(row, "lock"),
                                    vectors_hex(row, "unlock")};
        uint32_t memory_kib = 0;
        if (unlock.lock == TOC_LOCK_PASSPHRASE) {
            memory_kib = (uint32_t)vectors_number(row, "memory_kib");
        }
        memcpy(entropy, vectors_bytes(row, "salt", 16), 16);
        memcpy(entropy + 16, vectors_bytes(row, "nonce", 24), 24);
        struct toc_room room = {out, sizeof out};
        assert_ok(toc_keyfile_seal(&room, kind, secret, unlock, memory_kib, entropy));
        assert_span(toc_span(out, room.len), file);
        room.len = sizeof out;
        assert_ok(toc_keyfile_open(&room, kind, file, unlock));
        assert_span(toc_span(out, room.len), secret);
    }
    assert_int_equal(i, 3);
}

static int release(void **state)
{
    (void)state;
    vectors_release();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(hashes_and_derivations, release),
        cmocka_unit_test_teardown(signatures, release),
        cmocka_unit_test_teardown(ids_and_their_texts, release),
        cmocka_unit_test_teardown(epoch_secrets, release),
        cmocka_unit_test_teardown(wraps, release),
        cmocka_unit_test_teardown(padding, release),
        cmocka_unit_test_teardown(payloads, release),
        cmocka_unit_test_teardown(records_at_rest, release),
        cmocka_unit_test_teardown(rekeying, release),
        cmocka_unit_test_teardown(key_files, release),
    };
    figures = vectors_load_own("tests/vectors/crypto.json");
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    json_decref(figures);
    return failed;
}
