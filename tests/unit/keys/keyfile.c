/* SPDX-License-Identifier: EUPL-1.2 */
/* Key files: what opens them, what does not, and what is left behind then. */
#include "check.h"

#include <sys/resource.h>

#include "keys.h"

/* AddressSanitizer's own memory does not fit under a limit of the address space. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define LIMIT_WORKS 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define LIMIT_WORKS 0
#endif
#endif
#ifndef LIMIT_WORKS
#define LIMIT_WORKS 1
#endif

#define WEAK_KIB TOC_ARGON_MEMORY_KIB_MIN /* quick, for tests */

static const uint8_t credential[32] = {1, 2, 3};
static const uint8_t other_credential[32] = {1, 2, 4};
static const uint8_t entropy[40] = {5, 6, 7};
static const uint8_t content[128] = {8, 9, 10};

struct file {
    uint8_t bytes[TOC_KEYFILE_BYTES_MAX];
    size_t len;
};

static struct toc_unlock unlock_with(enum toc_keyfile_lock lock)
{
    return lock == TOC_LOCK_PASSPHRASE
               ? (struct toc_unlock){lock, toc_span_str("correct horse")}
               : (struct toc_unlock){lock, toc_span(credential, sizeof credential)};
}

static struct file sealed_file(enum toc_keyfile_kind kind, enum toc_keyfile_lock lock, size_t len)
{
    struct file file = {{0}, 0};
    struct toc_room room = {file.bytes, sizeof file.bytes};
    assert_ok(toc_keyfile_seal(&room, kind, toc_span(content, len), unlock_with(lock), WEAK_KIB,
                               entropy));
    file.len = room.len;
    return file;
}

static struct toc_span span_of(const struct file *file)
{
    return toc_span(file->bytes, file->len);
}

/* Opens into a room full of something else, which a refusal must have wiped. */
static void refuses_to_open(struct toc_span file, enum toc_keyfile_kind kind,
                            struct toc_unlock unlock, enum toc_code code)
{
    uint8_t out[TOC_KEYFILE_SECRET_BYTES_MAX];
    struct toc_room room = {out, sizeof out};
    memset(out, 0xaa, sizeof out);
    assert_code(toc_keyfile_open(&room, kind, file, unlock), code);
    assert_int_equal(room.len, 0);
    assert_true(toc_is_zero(out, sizeof out));
}

static void what_a_lock_seals_it_opens(void **state)
{
    (void)state;
    const size_t lens[] = {0, 1, 32, 128};
    for (enum toc_keyfile_kind kind = TOC_KEYFILE_NODE; kind <= TOC_KEYFILE_FEDERATION; kind++) {
        for (enum toc_keyfile_lock lock = TOC_LOCK_CREDENTIAL; lock <= TOC_LOCK_NODE; lock++) {
            struct file file = sealed_file(kind, lock, lens[kind % 4]);
            enum toc_keyfile_kind kind_read;
            enum toc_keyfile_lock lock_read;
            assert_int_equal(file.len, lens[kind % 4] + TOC_KEYFILE_OVERHEAD_BYTES);
            assert_ok(toc_keyfile_lock(span_of(&file), &kind_read, &lock_read));
            assert_int_equal(kind_read, kind);
            assert_int_equal(lock_read, lock);
            uint8_t out[128];
            struct toc_room room = {out, sizeof out};
            assert_ok(toc_keyfile_open(&room, kind, span_of(&file), unlock_with(lock)));
            assert_span(toc_span(out, room.len), toc_span(content, lens[kind % 4]));
        }
    }
}

static void the_largest_secret_fits(void **state)
{
    (void)state;
    static const uint8_t secret[TOC_KEYFILE_SECRET_BYTES_MAX] = {1};
    uint8_t bytes[TOC_KEYFILE_BYTES_MAX], out[TOC_KEYFILE_SECRET_BYTES_MAX];
    struct toc_room file = {bytes, sizeof bytes};
    struct toc_room room = {out, sizeof out};
    assert_ok(toc_keyfile_seal(&file, TOC_KEYFILE_NODE, toc_span(secret, sizeof secret),
                               unlock_with(TOC_LOCK_NODE), 0, entropy));
    assert_ok(toc_keyfile_open(&room, TOC_KEYFILE_NODE, toc_span(bytes, file.len),
                               unlock_with(TOC_LOCK_NODE)));
    assert_span(toc_span(out, room.len), toc_span(secret, sizeof secret));
}

/* Code that a flipped bit of a credential-locked node.key must give, by where it lies. */
static enum toc_code code_of_flip(size_t offset, size_t bit)
{
    if (offset < 8) {
        return TOC_CORRUPT; /* magic */
    }
    if (offset == 8) {
        return TOC_VERSION;
    }
    if (offset == 10 && bit == 1) {
        return TOC_STATE; /* lock 1 has become lock 3 */
    }
    return offset < 20 ? TOC_CORRUPT : TOC_PASSPHRASE;
}

static void no_flipped_bit_goes_unnoticed(void **state)
{
    (void)state;
    struct file file = sealed_file(TOC_KEYFILE_NODE, TOC_LOCK_CREDENTIAL, sizeof content);
    for (size_t bit = 0; bit < 8 * file.len; bit++) {
        file.bytes[bit / 8] = (uint8_t)(file.bytes[bit / 8] ^ 1 << bit % 8);
        refuses_to_open(span_of(&file), TOC_KEYFILE_NODE, unlock_with(TOC_LOCK_CREDENTIAL),
                        code_of_flip(bit / 8, bit % 8));
        file.bytes[bit / 8] = (uint8_t)(file.bytes[bit / 8] ^ 1 << bit % 8);
    }
}

static void no_cut_file_opens(void **state)
{
    (void)state;
    struct file file = sealed_file(TOC_KEYFILE_NODE, TOC_LOCK_CREDENTIAL, sizeof content);
    for (size_t len = 0; len < file.len; len++) {
        refuses_to_open(toc_span(file.bytes, len), TOC_KEYFILE_NODE,
                        unlock_with(TOC_LOCK_CREDENTIAL),
                        len < TOC_KEYFILE_OVERHEAD_BYTES ? TOC_CORRUPT : TOC_PASSPHRASE);
    }
    refuses_to_open(toc_span(file.bytes, file.len + 1), TOC_KEYFILE_NODE,
                    unlock_with(TOC_LOCK_CREDENTIAL), TOC_PASSPHRASE);
    refuses_to_open(
        toc_span(file.bytes, TOC_KEYFILE_OVERHEAD_BYTES + TOC_KEYFILE_SECRET_BYTES_MAX + 1),
        TOC_KEYFILE_NODE, unlock_with(TOC_LOCK_CREDENTIAL), TOC_CORRUPT);
}

static void a_wrong_secret_opens_nothing(void **state)
{
    (void)state;
    const struct {
        enum toc_keyfile_lock lock;
        struct toc_span secret;
    } rows[] = {
        {TOC_LOCK_CREDENTIAL, toc_span(other_credential, 32)},
        {TOC_LOCK_CREDENTIAL, toc_span(credential, 31)},
        {TOC_LOCK_CREDENTIAL, toc_span(NULL, 0)},
        {TOC_LOCK_NODE, toc_span(other_credential, 32)},
        {TOC_LOCK_NODE, toc_span(content, 33)},
        {TOC_LOCK_PASSPHRASE, toc_span_str("correct horse ")},
        {TOC_LOCK_PASSPHRASE, toc_span_str("Correct horse")},
        {TOC_LOCK_PASSPHRASE, toc_span_str("")},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct file file = sealed_file(TOC_KEYFILE_ORG, rows[i].lock, 32);
        refuses_to_open(span_of(&file), TOC_KEYFILE_ORG,
                        (struct toc_unlock){rows[i].lock, rows[i].secret}, TOC_PASSPHRASE);
    }
}

/* The same 32 bytes under another lock are another key: the header enters the derivation. */
static void another_kind_or_lock_is_refused(void **state)
{
    (void)state;
    struct file file = sealed_file(TOC_KEYFILE_LOG, TOC_LOCK_NODE, 32);
    refuses_to_open(span_of(&file), TOC_KEYFILE_ORG, unlock_with(TOC_LOCK_NODE), TOC_CORRUPT);
    refuses_to_open(span_of(&file), TOC_KEYFILE_LOG, unlock_with(TOC_LOCK_CREDENTIAL), TOC_STATE);
    refuses_to_open(span_of(&file), TOC_KEYFILE_LOG, unlock_with(TOC_LOCK_PASSPHRASE), TOC_STATE);
    file.bytes[9] = TOC_KEYFILE_ORG;
    refuses_to_open(span_of(&file), TOC_KEYFILE_ORG, unlock_with(TOC_LOCK_NODE), TOC_PASSPHRASE);
    file.bytes[9] = TOC_KEYFILE_LOG;
    file.bytes[10] = TOC_LOCK_CREDENTIAL;
    refuses_to_open(span_of(&file), TOC_KEYFILE_LOG, unlock_with(TOC_LOCK_CREDENTIAL),
                    TOC_PASSPHRASE);
}

static void a_hostile_file_cannot_ask_for_more_memory_or_time(void **state)
{
    (void)state;
    const struct {
        uint32_t memory_kib, passes;
    } rows[] = {
        {TOC_ARGON_MEMORY_KIB_MIN - 1, 3},
        {TOC_ARGON_MEMORY_KIB_MAX + 1, 3},
        {UINT32_MAX, 3},
        {WEAK_KIB, 0},
        {WEAK_KIB, TOC_ARGON_OPS_MAX + 1},
        {WEAK_KIB, UINT32_MAX},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct file file = sealed_file(TOC_KEYFILE_ORG, TOC_LOCK_PASSPHRASE, 32);
        toc_put_le32(file.bytes + 12, rows[i].memory_kib);
        toc_put_le32(file.bytes + 16, rows[i].passes);
        refuses_to_open(span_of(&file), TOC_KEYFILE_ORG, unlock_with(TOC_LOCK_PASSPHRASE),
                        TOC_CORRUPT);
    }
    /* Within bounds, other figures are another key. */
    struct file file = sealed_file(TOC_KEYFILE_ORG, TOC_LOCK_PASSPHRASE, 32);
    toc_put_le32(file.bytes + 12, WEAK_KIB + 1);
    refuses_to_open(span_of(&file), TOC_KEYFILE_ORG, unlock_with(TOC_LOCK_PASSPHRASE),
                    TOC_PASSPHRASE);
}

static void more_than_a_key_is_corrupt(void **state)
{
    (void)state;
    struct file file = sealed_file(TOC_KEYFILE_ORG, TOC_LOCK_CREDENTIAL, 32);
    uint8_t out[31];
    struct toc_room room = {out, sizeof out};
    memset(out, 0xaa, sizeof out);
    assert_code(
        toc_keyfile_open(&room, TOC_KEYFILE_ORG, span_of(&file), unlock_with(TOC_LOCK_CREDENTIAL)),
        TOC_CORRUPT);
    assert_int_equal(room.len, 0);
    assert_true(toc_is_zero(out, sizeof out));
}

/* Leaves no address space for argon2id's memory while `run` is called. */
static void without_memory(void (*run)(void))
{
    struct rlimit before, tight;
    assert_int_equal(getrlimit(RLIMIT_AS, &before), 0);
    tight = before;
    tight.rlim_cur = (rlim_t)64 << 20;
    assert_int_equal(setrlimit(RLIMIT_AS, &tight), 0);
    run();
    assert_int_equal(setrlimit(RLIMIT_AS, &before), 0);
}

static void seal_and_open_at_full_strength(void)
{
    uint8_t out[200];
    struct toc_room room = {out, sizeof out};
    memset(out, 0xaa, sizeof out);
    assert_code(toc_keyfile_seal(&room, TOC_KEYFILE_ORG, toc_span(content, 32),
                                 unlock_with(TOC_LOCK_PASSPHRASE), TOC_ARGON_MEMORY_KIB, entropy),
                TOC_FULL);
    assert_int_equal(room.len, sizeof out);
    assert_int_equal(out[0], 0xaa);
    struct file file = sealed_file(TOC_KEYFILE_ORG, TOC_LOCK_PASSPHRASE, 32);
    toc_put_le32(file.bytes + 12, TOC_ARGON_MEMORY_KIB);
    refuses_to_open(span_of(&file), TOC_KEYFILE_ORG, unlock_with(TOC_LOCK_PASSPHRASE), TOC_FULL);
}

static void a_passphrase_without_memory_is_full(void **state)
{
    (void)state;
    const char *preloaded = getenv("LD_PRELOAD");
    /* valgrind, which shows itself there, needs address space too. */
    if (!LIMIT_WORKS || (preloaded != NULL && strstr(preloaded, "vgpreload") != NULL)) {
        skip();
    }
    without_memory(seal_and_open_at_full_strength);
}

static void sealing_refuses_without_writing(void **state)
{
    (void)state;
    const struct {
        struct toc_unlock unlock;
        size_t room_bytes;
        enum toc_code code;
    } rows[] = {
        {unlock_with(TOC_LOCK_CREDENTIAL), 32 + TOC_KEYFILE_OVERHEAD_BYTES - 1, TOC_FULL},
        {unlock_with(TOC_LOCK_CREDENTIAL), 0, TOC_FULL},
        {{TOC_LOCK_CREDENTIAL, toc_span(credential, 31)}, 200, TOC_PASSPHRASE},
        {{TOC_LOCK_NODE, toc_span(content, 33)}, 200, TOC_PASSPHRASE},
        {{TOC_LOCK_PASSPHRASE, toc_span_str("")}, 200, TOC_PASSPHRASE},
        {{TOC_LOCK_PASSPHRASE, toc_span(NULL, TOC_PASSPHRASE_BYTES_MAX + 1)}, 200, TOC_PASSPHRASE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t out[200], before[200];
        struct toc_room room = {out, rows[i].room_bytes};
        memset(out, 0xaa, sizeof out);
        memcpy(before, out, sizeof out);
        assert_code(toc_keyfile_seal(&room, TOC_KEYFILE_ORG, toc_span(content, 32), rows[i].unlock,
                                     WEAK_KIB, entropy),
                    rows[i].code);
        assert_int_equal(room.len, rows[i].room_bytes);
        assert_memory_equal(out, before, sizeof out);
    }
}

static void reading_the_lock_of_no_key_file_changes_nothing(void **state)
{
    (void)state;
    struct file file = sealed_file(TOC_KEYFILE_ORG, TOC_LOCK_CREDENTIAL, 32);
    enum toc_keyfile_kind kind = TOC_KEYFILE_RECOVERY;
    enum toc_keyfile_lock lock = TOC_LOCK_NODE;
    file.bytes[8] = 2;
    assert_code(toc_keyfile_lock(span_of(&file), &kind, &lock), TOC_VERSION);
    file.bytes[0] = 'T';
    assert_code(toc_keyfile_lock(span_of(&file), &kind, &lock), TOC_CORRUPT);
    assert_code(toc_keyfile_lock(toc_span(NULL, 0), &kind, &lock), TOC_CORRUPT);
    assert_int_equal(kind, TOC_KEYFILE_RECOVERY);
    assert_int_equal(lock, TOC_LOCK_NODE);
}

static void a_record_at_rest_opens_for_its_purpose_alone(void **state)
{
    (void)state;
    struct toc_span epoch = toc_span_str("epoch"), other = toc_span_str("epochs");
    uint8_t sealed[32 + TOC_REST_OVERHEAD_BYTES], out[32];
    toc_rest_seal(sealed, toc_span(content, 32), credential, epoch, entropy);
    assert_ok(toc_rest_open(out, toc_span(sealed, sizeof sealed), credential, epoch));
    assert_memory_equal(out, content, sizeof out);

    memset(out, 0xaa, sizeof out);
    assert_code(toc_rest_open(out, toc_span(sealed, sizeof sealed), credential, other),
                TOC_DECRYPT);
    assert_true(toc_is_zero(out, sizeof out));
    memset(out, 0xaa, sizeof out);
    assert_code(toc_rest_open(out, toc_span(sealed, sizeof sealed), other_credential, epoch),
                TOC_DECRYPT);
    assert_true(toc_is_zero(out, sizeof out));
    for (size_t bit = 0; bit < 8 * sizeof sealed; bit++) {
        sealed[bit / 8] = (uint8_t)(sealed[bit / 8] ^ 1 << bit % 8);
        assert_code(toc_rest_open(out, toc_span(sealed, sizeof sealed), credential, epoch),
                    TOC_DECRYPT);
        sealed[bit / 8] = (uint8_t)(sealed[bit / 8] ^ 1 << bit % 8);
    }
    memset(out, 0xaa, sizeof out);
    for (size_t len = 0; len < TOC_REST_OVERHEAD_BYTES; len++) {
        assert_code(toc_rest_open(out, toc_span(sealed, len), credential, epoch), TOC_TRUNCATED);
    }
    assert_int_equal(out[0], 0xaa);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_lock_seals_it_opens),
        cmocka_unit_test(the_largest_secret_fits),
        cmocka_unit_test(no_flipped_bit_goes_unnoticed),
        cmocka_unit_test(no_cut_file_opens),
        cmocka_unit_test(a_wrong_secret_opens_nothing),
        cmocka_unit_test(another_kind_or_lock_is_refused),
        cmocka_unit_test(a_hostile_file_cannot_ask_for_more_memory_or_time),
        cmocka_unit_test(more_than_a_key_is_corrupt),
        cmocka_unit_test(a_passphrase_without_memory_is_full),
        cmocka_unit_test(sealing_refuses_without_writing),
        cmocka_unit_test(reading_the_lock_of_no_key_file_changes_nothing),
        cmocka_unit_test(a_record_at_rest_opens_for_its_purpose_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
