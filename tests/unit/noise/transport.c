/* SPDX-License-Identifier: EUPL-1.2 */
/* Transport messages: order, nonces, rekeying, bounds. */
#include "check.h"

#include "noise.h"

static struct toc_cipher fresh(void)
{
    return (struct toc_cipher){{1, 2, 3}, 0};
}

/* Opening fails with this code, and the cipher stays as it was. */
static void refuses(struct toc_cipher *cipher, const uint8_t *message, size_t len, uint8_t *out,
                    enum toc_code code)
{
    struct toc_cipher before = *cipher;
    assert_code(toc_cipher_open(cipher, toc_span(message, len), out), code);
    assert_memory_equal(cipher, &before, sizeof before);
}

static void messages_open_once_and_in_order(void **state)
{
    (void)state;
    struct toc_cipher tx = fresh(), rx = fresh();
    uint8_t sealed[3][4 + TOC_NOISE_TAG_BYTES], out[4];
    for (size_t i = 0; i < 3; i++) {
        assert_ok(toc_cipher_seal(&tx, toc_span_str("text"), sealed[i]));
        assert_int_equal(tx.nonce, i + 1);
    }
    assert_memory_not_equal(sealed[0], sealed[1], sizeof sealed[0]);
    refuses(&rx, sealed[1], sizeof sealed[1], out, TOC_DECRYPT);
    assert_ok(toc_cipher_open(&rx, toc_span(sealed[0], sizeof sealed[0]), out));
    assert_memory_equal(out, "text", 4);
    refuses(&rx, sealed[0], sizeof sealed[0], out, TOC_DECRYPT);
    refuses(&rx, sealed[2], sizeof sealed[2], out, TOC_DECRYPT);
    assert_ok(toc_cipher_open(&rx, toc_span(sealed[1], sizeof sealed[1]), out));
    assert_ok(toc_cipher_open(&rx, toc_span(sealed[2], sizeof sealed[2]), out));
    assert_int_equal(rx.nonce, 3);
}

static void an_altered_message_is_wiped_and_the_next_good_one_opens(void **state)
{
    (void)state;
    struct toc_cipher tx = fresh(), rx = fresh();
    uint8_t sealed[4 + TOC_NOISE_TAG_BYTES], out[4];
    assert_ok(toc_cipher_seal(&tx, toc_span_str("text"), sealed));
    for (size_t bit = 0; bit < 8 * sizeof sealed; bit++) {
        memset(out, 0xaa, sizeof out);
        sealed[bit / 8] = (uint8_t)(sealed[bit / 8] ^ 1 << bit % 8);
        refuses(&rx, sealed, sizeof sealed, out, TOC_DECRYPT);
        assert_true(toc_is_zero(out, sizeof out));
        sealed[bit / 8] = (uint8_t)(sealed[bit / 8] ^ 1 << bit % 8);
    }
    assert_ok(toc_cipher_open(&rx, toc_span(sealed, sizeof sealed), out));
}

static void sealing_and_opening_work_in_place(void **state)
{
    (void)state;
    struct toc_cipher tx = fresh(), rx = fresh();
    uint8_t bytes[1000 + TOC_NOISE_TAG_BYTES], wanted[1000];
    uint64_t seed = 1;
    check_random_fill(&seed, wanted, sizeof wanted);
    memcpy(bytes, wanted, sizeof wanted);
    assert_ok(toc_cipher_seal(&tx, toc_span(bytes, sizeof wanted), bytes));
    assert_memory_not_equal(bytes, wanted, sizeof wanted);
    assert_ok(toc_cipher_open(&rx, toc_span(bytes, sizeof bytes), bytes));
    assert_memory_equal(bytes, wanted, sizeof wanted);
}

static void an_empty_message_is_sixteen_bytes(void **state)
{
    (void)state;
    struct toc_cipher tx = fresh(), rx = fresh();
    uint8_t sealed[TOC_NOISE_TAG_BYTES];
    assert_ok(toc_cipher_seal(&tx, toc_span(NULL, 0), sealed));
    assert_ok(toc_cipher_open(&rx, toc_span(sealed, sizeof sealed), NULL));
    assert_int_equal(rx.nonce, 1);
}

static void lengths_have_bounds(void **state)
{
    (void)state;
    static uint8_t bytes[TOC_NOISE_MESSAGE_BYTES_MAX + 1];
    struct toc_cipher tx = fresh(), rx = fresh();
    const size_t plain_max = TOC_NOISE_MESSAGE_BYTES_MAX - TOC_NOISE_TAG_BYTES;
    memset(bytes, 0xaa, sizeof bytes);
    assert_code(toc_cipher_seal(&tx, toc_span(bytes, plain_max + 1), bytes), TOC_LIMIT);
    assert_int_equal(tx.nonce, 0);
    assert_int_equal(bytes[0], 0xaa);
    refuses(&rx, bytes, sizeof bytes, bytes, TOC_LIMIT);
    for (size_t len = 0; len < TOC_NOISE_TAG_BYTES; len++) {
        refuses(&rx, bytes, len, bytes, TOC_TRUNCATED);
    }
    assert_int_equal(bytes[0], 0xaa);
    assert_ok(toc_cipher_seal(&tx, toc_span(bytes, plain_max), bytes));
    assert_ok(toc_cipher_open(&rx, toc_span(bytes, TOC_NOISE_MESSAGE_BYTES_MAX), bytes));
    assert_int_equal(bytes[plain_max - 1], 0xaa);
}

/* The last nonce belongs to rekeying: it never seals a message. */
static void used_up_nonces_end_the_link(void **state)
{
    (void)state;
    struct toc_cipher tx = fresh(), rx = fresh();
    uint8_t sealed[4 + TOC_NOISE_TAG_BYTES], out[4];
    tx.nonce = rx.nonce = UINT64_MAX - 1;
    assert_ok(toc_cipher_seal(&tx, toc_span_str("last"), sealed));
    assert_ok(toc_cipher_open(&rx, toc_span(sealed, sizeof sealed), out));
    assert_code(toc_cipher_seal(&tx, toc_span_str("more"), sealed), TOC_STATE);
    assert_int_equal(tx.nonce, UINT64_MAX);
    refuses(&rx, sealed, sizeof sealed, out, TOC_STATE);
}

static void rekeying_both_sides_goes_on_and_one_side_alone_does_not(void **state)
{
    (void)state;
    struct toc_cipher tx = fresh(), rx = fresh(), old = fresh();
    uint8_t sealed[4 + TOC_NOISE_TAG_BYTES], out[4];
    assert_ok(toc_cipher_seal(&tx, toc_span_str("text"), sealed));
    assert_ok(toc_cipher_open(&rx, toc_span(sealed, sizeof sealed), out));
    old = rx;
    toc_cipher_rekey(&tx);
    toc_cipher_rekey(&rx);
    assert_memory_not_equal(rx.key, old.key, sizeof old.key);
    assert_int_equal(rx.nonce, old.nonce);
    assert_ok(toc_cipher_seal(&tx, toc_span_str("text"), sealed));
    refuses(&old, sealed, sizeof sealed, out, TOC_DECRYPT);
    assert_ok(toc_cipher_open(&rx, toc_span(sealed, sizeof sealed), out));
    assert_memory_equal(out, "text", 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_open_once_and_in_order),
        cmocka_unit_test(an_altered_message_is_wiped_and_the_next_good_one_opens),
        cmocka_unit_test(sealing_and_opening_work_in_place),
        cmocka_unit_test(an_empty_message_is_sixteen_bytes),
        cmocka_unit_test(lengths_have_bounds),
        cmocka_unit_test(used_up_nonces_end_the_link),
        cmocka_unit_test(rekeying_both_sides_goes_on_and_one_side_alone_does_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
