/* SPDX-License-Identifier: EUPL-1.2 */
/* What the primitives refuse, and what they leave behind then. */
#include "check.h"

#include "raw.h"

/* Points whose multiples say nothing of the secret: order 1, 2, 4 and 8, and their other encodings.
 */
static const char *const low_order_points[] = {
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
};

static void low_order_points_are_refused_and_leave_zeros(void **state)
{
    (void)state;
    static const uint8_t secret[32] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    for (size_t i = 0; i < sizeof low_order_points / sizeof *low_order_points; i++) {
        uint8_t point[32], out[32];
        check_unhex(low_order_points[i], point, sizeof point);
        for (int top = 0; top < 2; top++) {
            /* RFC 7748 has the highest bit ignored, so it changes nothing. */
            point[31] = (uint8_t)((point[31] & 0x7f) | top << 7);
            memset(out, 0xaa, sizeof out);
            assert_false(toc_raw_dh(out, secret, point));
            assert_true(toc_is_zero(out, sizeof out));
        }
    }
}

/* Everything of an AEAD call enters the tag: each bit of each part is flipped in turn. */
static void a_flipped_bit_opens_nothing(void **state)
{
    (void)state;
    for (enum toc_raw_cipher cipher = TOC_RAW_CHACHA; cipher <= TOC_RAW_XCHACHA; cipher++) {
        uint8_t key[32] = {1}, nonce[24] = {2}, ad[5] = {3}, sealed[7 + TOC_RAW_TAG_BYTES];
        size_t nonce_len = cipher == TOC_RAW_CHACHA ? 12 : 24;
        struct toc_raw_lock lock = {cipher, key, nonce, toc_span(ad, sizeof ad)};
        toc_raw_seal(sealed, toc_span_str("content"), &lock);
        const struct toc_room parts[] = {
            {key, 32}, {nonce, nonce_len}, {ad, sizeof ad}, {sealed, sizeof sealed}};
        for (size_t part = 0; part < sizeof parts / sizeof *parts; part++) {
            for (size_t bit = 0; bit < 8 * parts[part].len; bit++) {
                uint8_t out[7] = "before";
                uint8_t *byte = parts[part].at + bit / 8;
                *byte = (uint8_t)(*byte ^ 1 << bit % 8);
                assert_false(toc_raw_open(out, toc_span(sealed, sizeof sealed), &lock));
                assert_true(toc_is_zero(out, sizeof out));
                *byte = (uint8_t)(*byte ^ 1 << bit % 8);
            }
        }
        uint8_t out[7];
        assert_true(toc_raw_open(out, toc_span(sealed, sizeof sealed), &lock));
        assert_memory_equal(out, "content", 7);
    }
}

static void less_than_a_tag_opens_nothing_and_writes_nothing(void **state)
{
    (void)state;
    const uint8_t key[32] = {1}, nonce[24] = {2}, short_one[TOC_RAW_TAG_BYTES - 1] = {0};
    for (enum toc_raw_cipher cipher = TOC_RAW_CHACHA; cipher <= TOC_RAW_XCHACHA; cipher++) {
        struct toc_raw_lock lock = {cipher, key, nonce, toc_span(NULL, 0)};
        uint8_t out[16];
        memset(out, 0xaa, sizeof out);
        for (size_t len = 0; len <= sizeof short_one; len++) {
            assert_false(toc_raw_open(out, toc_span(short_one, len), &lock));
        }
        for (size_t i = 0; i < sizeof out; i++) {
            assert_int_equal(out[i], 0xaa);
        }
    }
}

static void an_empty_message_is_authenticated(void **state)
{
    (void)state;
    const uint8_t key[32] = {1}, nonce[24] = {2};
    for (enum toc_raw_cipher cipher = TOC_RAW_CHACHA; cipher <= TOC_RAW_XCHACHA; cipher++) {
        uint8_t sealed[TOC_RAW_TAG_BYTES];
        struct toc_raw_lock lock = {cipher, key, nonce, toc_span(NULL, 0)};
        toc_raw_seal(sealed, toc_span(NULL, 0), &lock);
        assert_true(toc_raw_open(NULL, toc_span(sealed, sizeof sealed), &lock));
        sealed[15] ^= 1;
        assert_false(toc_raw_open(NULL, toc_span(sealed, sizeof sealed), &lock));
    }
}

static void stretching_without_memory_fails_and_leaves_zeros(void **state)
{
    (void)state;
    const struct toc_raw_stretch impossible[] = {{7, 1}, {64, 0}};
    const uint8_t salt[TOC_RAW_SALT_BYTES] = {0};
    for (size_t i = 0; i < sizeof impossible / sizeof *impossible; i++) {
        uint8_t out[32];
        memset(out, 0xaa, sizeof out);
        assert_false(toc_raw_stretch(out, toc_span_str("word"), salt, impossible[i]));
        assert_true(toc_is_zero(out, sizeof out));
    }
}

static void equality_sees_every_byte(void **state)
{
    (void)state;
    uint8_t a[33] = {0}, b[33] = {0};
    assert_true(toc_raw_equal(a, b, sizeof a));
    for (size_t i = 0; i < sizeof a; i++) {
        b[i] = 1;
        assert_false(toc_raw_equal(a, b, sizeof a));
        b[i] = 0;
    }
    assert_true(toc_raw_equal(a, b, 0));
}

static void wiping_leaves_zeros_and_no_more(void **state)
{
    (void)state;
    uint8_t bytes[48];
    memset(bytes, 0xaa, sizeof bytes);
    toc_raw_wipe(bytes + 8, 32);
    assert_true(toc_is_zero(bytes + 8, 32));
    assert_int_equal(bytes[7], 0xaa);
    assert_int_equal(bytes[40], 0xaa);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(low_order_points_are_refused_and_leave_zeros),
        cmocka_unit_test(a_flipped_bit_opens_nothing),
        cmocka_unit_test(less_than_a_tag_opens_nothing_and_writes_nothing),
        cmocka_unit_test(an_empty_message_is_authenticated),
        cmocka_unit_test(stretching_without_memory_fails_and_leaves_zeros),
        cmocka_unit_test(equality_sees_every_byte),
        cmocka_unit_test(wiping_leaves_zeros_and_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
