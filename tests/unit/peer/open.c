/* SPDX-License-Identifier: EUPL-1.2 */
#include "pair.h"

/* Preamble, gate, handshake; the transport messages themselves. */

static struct pair pair;

static void copy_opening(uint8_t out[TOC_OPENING_BYTES])
{
    struct toc_span opening = side_out(&pair.dialler);
    assert_int_equal(opening.len, TOC_OPENING_BYTES);
    memcpy(out, opening.at, TOC_OPENING_BYTES);
}

/* both ends come to the same keys, byte by byte as the bytes come. */
static void a_link_opens_whatever_the_pieces(void **state)
{
    (void)state;
    pair_init(&pair);
    pair_start(&pair);
    uint8_t opening[TOC_OPENING_BYTES];
    copy_opening(opening);
    assert_memory_equal(opening, "TOCSIN\1\1", TOC_PREAMBLE_BYTES);
    assert_int_equal(toc_be16(opening + 24), TOC_NOISE_MSG1_BYTES);
    for (size_t i = 0; i < sizeof opening; i++) {
        assert_false(toc_peer_check_due(&pair.answerer.peer));
        assert_int_equal(side_put(&pair.answerer, toc_span(opening + i, 1)), 1);
    }
    assert_true(side_check(&pair.answerer));
    assert_int_equal(pair.answerer.peer.state, TOC_PEER_ANSWERING);
    assert_memory_equal(pair.answerer.peer.remote, pair.dialler.link_public, 32);
    /* Nothing goes out before the core admits the key. */
    assert_int_equal(side_out(&pair.answerer).len, 0);
    toc_peer_admit(&pair.answerer.peer);
    struct toc_span answer = side_out(&pair.answerer);
    assert_int_equal(answer.len, 2 + TOC_NOISE_MSG2_BYTES);
    assert_int_equal(toc_be16(answer.at), TOC_NOISE_MSG2_BYTES);
    side_put(&pair.dialler, answer);
    assert_true(side_check(&pair.dialler));
    assert_int_equal(pair.dialler.peer.state, TOC_PEER_READY);
    assert_memory_equal(pair.dialler.peer.handshake_hash, pair.answerer.peer.handshake_hash, 32);
    pair_clear(&pair);
}

/* a stranger can make us keep 122 bytes. */
static void a_stranger_gets_no_more_room_than_an_opening(void **state)
{
    (void)state;
    pair_init(&pair);
    pair_start(&pair);
    assert_int_equal(toc_peer_receive_room(&pair.answerer.peer).len, TOC_OPENING_BYTES);
    uint8_t opening[TOC_OPENING_BYTES];
    copy_opening(opening);
    side_put(&pair.answerer, toc_span(opening, sizeof opening));
    assert_int_equal(toc_peer_receive_room(&pair.answerer.peer).len, 0);
    assert_true(side_check(&pair.answerer));
    pair_clear(&pair);
}

/* each byte of the preamble counts, and is looked at as soon as it is there. */
static void another_preamble_is_refused(void **state)
{
    (void)state;
    for (size_t at = 0; at < TOC_PREAMBLE_BYTES; at++) {
        pair_init(&pair);
        pair_start(&pair);
        uint8_t opening[TOC_OPENING_BYTES];
        copy_opening(opening);
        opening[at] ^= 1;
        side_put(&pair.answerer, toc_span(opening, TOC_PREAMBLE_BYTES));
        assert_false(toc_peer_check_due(&pair.answerer.peer));
        assert_failed(&pair.answerer, TOC_VERSION);
        pair_clear(&pair);
    }
}

/* */
static void a_first_message_of_another_length_is_refused(void **state)
{
    (void)state;
    static const uint16_t lengths[] = {0, 1, 95, 97, 65535};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        pair_init(&pair);
        pair_start(&pair);
        uint8_t opening[TOC_OPENING_BYTES];
        copy_opening(opening);
        toc_put_be16(opening + 24, lengths[i]);
        side_put(&pair.answerer, toc_span(opening, 26));
        assert_false(toc_peer_check_due(&pair.answerer.peer));
        assert_failed(&pair.answerer, TOC_HANDSHAKE);
        pair_clear(&pair);
    }
}

/* the answer has a length too. */
static void an_answer_of_another_length_is_refused(void **state)
{
    (void)state;
    pair_init(&pair);
    pair_start(&pair);
    (void)side_out(&pair.dialler);
    uint8_t bytes[2] = {0, 47};
    side_put(&pair.dialler, toc_span(bytes, 2));
    assert_false(toc_peer_check_due(&pair.dialler.peer));
    assert_failed(&pair.dialler, TOC_HANDSHAKE);
    pair_clear(&pair);
}

/* every bit of gate and message 1, before any Diffie-Hellman. */
static void a_wrong_gate_is_refused(void **state)
{
    (void)state;
    for (size_t bit = 0; bit < 8 * TOC_OPENING_BYTES; bit += 7) {
        size_t at = bit / 8;
        if (at < TOC_PREAMBLE_BYTES || at == 24 || at == 25) {
            continue;
        }
        pair_init(&pair);
        pair_start(&pair);
        uint8_t opening[TOC_OPENING_BYTES];
        copy_opening(opening);
        opening[at] ^= (uint8_t)(1 << bit % 8);
        side_put(&pair.answerer, toc_span(opening, sizeof opening));
        assert_false(toc_peer_check_due(&pair.answerer.peer));
        assert_failed(&pair.answerer, TOC_GATE);
        pair_clear(&pair);
    }
}

/* the gate is a function of F, the responder, the preamble and message 1, to the byte. */
static void the_gate_is_as_written(void **state)
{
    (void)state;
    uint8_t key[32], full[32], gate[TOC_GATE_BYTES];
    pair_init(&pair);
    pair_start(&pair);
    uint8_t opening[TOC_OPENING_BYTES];
    copy_opening(opening);
    struct toc_span responder = toc_span(pair.answerer.link_public, 32);
    toc_kdf(key, pair.f, TOC_CTX_K_GATE, &responder, 1);
    uint8_t joined[TOC_PREAMBLE_BYTES + TOC_NOISE_MSG1_BYTES];
    memcpy(joined, opening, TOC_PREAMBLE_BYTES);
    memcpy(joined + TOC_PREAMBLE_BYTES, opening + 26, TOC_NOISE_MSG1_BYTES);
    struct toc_span part = toc_span(joined, sizeof joined);
    toc_kdf(full, key, TOC_CTX_K_GATE_TAG, &part, 1);
    assert_memory_equal(opening + TOC_PREAMBLE_BYTES, full, TOC_GATE_BYTES);
    toc_gate(gate, pair.f, pair.answerer.link_public, opening, toc_span(opening + 26, 96));
    assert_memory_equal(gate, full, TOC_GATE_BYTES);
    pair_clear(&pair);
}

/* an old F opens the gate while it is the second newest, and gives the psk then. */
static void the_newest_two_secrets_are_accepted(void **state)
{
    (void)state;
    static const uint8_t newer[32] = {1}, newest[32] = {2};
    for (int generations = 1; generations <= 2; generations++) {
        pair_init(&pair);
        pair.answerer.self.secrets[0] = generations == 1 ? newer : newest;
        pair.answerer.self.secrets[1] = generations == 1 ? pair.f : newer;
        pair.answerer.self.secret_count = 2;
        pair_start(&pair);
        side_put(&pair.answerer, side_out(&pair.dialler));
        assert_int_equal(side_check(&pair.answerer), generations == 1);
        if (generations == 1) {
            toc_peer_admit(&pair.answerer.peer);
            side_put(&pair.dialler, side_out(&pair.answerer));
            assert_true(side_check(&pair.dialler));
            assert_int_equal(pair.dialler.peer.state, TOC_PEER_READY);
        } else {
            assert_failed(&pair.answerer, TOC_GATE);
        }
        pair_clear(&pair);
    }
}

/* the federation id is in the prologue: the same F does not make one federation of two. */
static void another_federation_fails_the_handshake(void **state)
{
    (void)state;
    uint8_t other[32] = {1};
    pair_init(&pair);
    pair.dialler.self.federation = other;
    pair_start(&pair);
    side_put(&pair.answerer, side_out(&pair.dialler));
    assert_true(side_check(&pair.answerer));
    assert_failed(&pair.answerer, TOC_HANDSHAKE);
    pair_clear(&pair);
}

/* the psk enters message 2. */
static void another_psk_fails_the_handshake(void **state)
{
    (void)state;
    uint8_t f[32] = {3}, psk[2][32];
    pair_init(&pair);
    pair_start(&pair);
    side_put(&pair.answerer, side_out(&pair.dialler));
    assert_true(side_check(&pair.answerer));
    toc_peer_admit(&pair.answerer.peer);
    toc_psk(psk[0], f, pair.dialler.link_public, pair.answerer.link_public);
    toc_psk(psk[1], f, pair.answerer.link_public, pair.dialler.link_public);
    assert_memory_equal(psk[0], psk[1], 32); /* from whichever side */
    toc_noise_set_psk(&pair.dialler.peer.noise, psk[0]);
    side_put(&pair.dialler, side_out(&pair.answerer));
    assert_true(side_check(&pair.dialler));
    assert_failed(&pair.dialler, TOC_HANDSHAKE);
    pair_clear(&pair);
}

/* */
static void an_altered_answer_fails_the_handshake(void **state)
{
    (void)state;
    for (size_t at = 2; at < 2 + TOC_NOISE_MSG2_BYTES; at += 5) {
        pair_init(&pair);
        pair_start(&pair);
        side_put(&pair.answerer, side_out(&pair.dialler));
        assert_true(side_check(&pair.answerer));
        toc_peer_admit(&pair.answerer.peer);
        uint8_t answer[2 + TOC_NOISE_MSG2_BYTES];
        memcpy(answer, side_out(&pair.answerer).at, sizeof answer);
        answer[at] ^= 0x40;
        side_put(&pair.dialler, toc_span(answer, sizeof answer));
        assert_true(side_check(&pair.dialler));
        assert_failed(&pair.dialler, TOC_HANDSHAKE);
        pair_clear(&pair);
    }
}

/* first messages are told apart by their ephemeral keys; the oldest is forgotten first. */
static void a_first_message_is_remembered(void **state)
{
    (void)state;
    static struct toc_openings openings;
    memset(&openings, 0, sizeof openings);
    uint8_t opening[TOC_OPENING_BYTES], other[TOC_OPENING_BYTES] = {0};
    pair_init(&pair);
    pair_start(&pair);
    copy_opening(opening);
    assert_false(toc_openings_seen(&openings, opening));
    toc_openings_note(&openings, opening);
    assert_true(toc_openings_seen(&openings, opening));
    for (uint32_t i = 1; i < TOC_OPENINGS_MAX; i++) {
        toc_put_le32(other + TOC_OPENING_BYTES - TOC_NOISE_MSG1_BYTES, i);
        toc_openings_note(&openings, other);
    }
    assert_true(toc_openings_seen(&openings, opening));
    other[TOC_OPENING_BYTES - 1] = 1; /* beyond the key: still the same message */
    assert_true(toc_openings_seen(&openings, other));
    toc_put_le32(other + TOC_OPENING_BYTES - TOC_NOISE_MSG1_BYTES, UINT32_MAX);
    toc_openings_note(&openings, other);
    assert_false(toc_openings_seen(&openings, opening));
    pair_clear(&pair);
}

/* until the initiator has proved itself, the responder says nothing. */
static void the_answerer_says_nothing_before_it_is_confirmed(void **state)
{
    (void)state;
    pair_init(&pair);
    pair_open(&pair);
    assert_false(toc_peer_send(&pair.answerer.peer, &pair.answerer.buffers, TOC_MSG_HELLO,
                               TOC_CLASS_CONTROL, toc_span_str("too early")));
    assert_int_equal(side_out(&pair.answerer).len, 0);
    pair_frames(&pair.dialler, &pair.answerer, toc_span(NULL, 0));
    assert_true(side_check(&pair.answerer));
    assert_int_equal(pair.answerer.peer.state, TOC_PEER_READY);
    assert_true(toc_peer_send(&pair.answerer.peer, &pair.answerer.buffers, TOC_MSG_HELLO,
                              TOC_CLASS_CONTROL, toc_span_str("now")));
    assert_true(side_out(&pair.answerer).len > 0);
    pair_clear(&pair);
}

/* one bit anywhere ends the link, and the nonce stands where it stood. */
static void an_altered_message_is_refused(void **state)
{
    (void)state;
    for (size_t at = 2; at < 2 + 4 + 5 + TOC_NOISE_TAG_BYTES; at++) {
        pair_init(&pair);
        pair_open(&pair);
        uint8_t plain[9], message[2 + sizeof plain + TOC_NOISE_TAG_BYTES];
        frame_at(plain, 99, 0, toc_span_str("12345"));
        assert_ok(toc_cipher_seal(&pair.dialler.peer.tx_cipher, toc_span(plain, sizeof plain),
                                  message + 2));
        toc_put_be16(message, sizeof message - 2);
        message[at] ^= 0x10;
        side_put(&pair.answerer, toc_span(message, sizeof message));
        assert_true(side_check(&pair.answerer));
        assert_int_equal(pair.answerer.peer.rx_cipher.nonce, 0);
        assert_failed(&pair.answerer, TOC_DECRYPT);
        pair_clear(&pair);
    }
}

/* */
static void a_message_shorter_than_its_tag_is_refused(void **state)
{
    (void)state;
    for (uint8_t len = 0; len < TOC_NOISE_TAG_BYTES; len++) {
        pair_init(&pair);
        pair_open(&pair);
        uint8_t bytes[2] = {0, len};
        side_put(&pair.answerer, toc_span(bytes, 2));
        assert_false(toc_peer_check_due(&pair.answerer.peer));
        assert_failed(&pair.answerer, TOC_DECRYPT);
        pair_clear(&pair);
    }
}

/* the order is part of what is encrypted. */
static void messages_out_of_order_or_twice_are_refused(void **state)
{
    (void)state;
    for (int twice = 0; twice < 2; twice++) {
        pair_init(&pair);
        pair_open(&pair);
        uint8_t first[2 + TOC_NOISE_TAG_BYTES], second[sizeof first];
        assert_ok(toc_cipher_seal(&pair.dialler.peer.tx_cipher, toc_span(NULL, 0), first + 2));
        assert_ok(toc_cipher_seal(&pair.dialler.peer.tx_cipher, toc_span(NULL, 0), second + 2));
        toc_put_be16(first, TOC_NOISE_TAG_BYTES);
        toc_put_be16(second, TOC_NOISE_TAG_BYTES);
        if (twice == 1) {
            side_put(&pair.answerer, toc_span(first, sizeof first));
            assert_true(side_check(&pair.answerer));
            struct toc_message message;
            bool stalled;
            assert_false(side_next(&pair.answerer, &message, &stalled));
            side_put(&pair.answerer, toc_span(first, sizeof first));
        } else {
            side_put(&pair.answerer, toc_span(second, sizeof second));
        }
        assert_true(side_check(&pair.answerer));
        assert_failed(&pair.answerer, TOC_DECRYPT);
        pair_clear(&pair);
    }
}

/* half a message waits; it never counts as a whole one. */
static void a_truncated_message_waits(void **state)
{
    (void)state;
    pair_init(&pair);
    pair_open(&pair);
    uint8_t plain[9], message[2 + sizeof plain + TOC_NOISE_TAG_BYTES];
    frame_at(plain, 99, 0, toc_span_str("12345"));
    assert_ok(
        toc_cipher_seal(&pair.dialler.peer.tx_cipher, toc_span(plain, sizeof plain), message + 2));
    toc_put_be16(message, sizeof message - 2);
    for (size_t i = 0; i < sizeof message; i++) {
        assert_false(toc_peer_check_due(&pair.answerer.peer));
        side_put(&pair.answerer, toc_span(message + i, 1));
    }
    assert_true(side_check(&pair.answerer));
    struct toc_message got;
    bool stalled;
    assert_true(side_next(&pair.answerer, &got, &stalled));
    assert_span(got.body, toc_span_str("12345"));
    pair_clear(&pair);
}

/* both ends change keys after the same message, and what is under the old key is refused.
 */
static void keys_change_after_2_to_the_20_messages(void **state)
{
    (void)state;
    for (int late = 0; late < 2; late++) {
        pair_init(&pair);
        pair_open(&pair);
        pair.dialler.peer.tx_cipher.nonce = TOC_REKEY_MESSAGES - 2;
        pair.answerer.peer.rx_cipher.nonce = TOC_REKEY_MESSAGES - 2;
        uint8_t old[32];
        memcpy(old, pair.dialler.peer.tx_cipher.key, 32);
        for (int i = 0; i < 5; i++) {
            struct toc_message got;
            bool stalled;
            assert_false(side_next(&pair.answerer, &got, &stalled)); /* all is read */
            assert_true(toc_peer_send(&pair.dialler.peer, &pair.dialler.buffers, 99,
                                      TOC_CLASS_CONTROL, toc_span_str("on and on")));
            if (i == 2 && late == 1) {
                memcpy(pair.dialler.peer.tx_cipher.key, old, 32);
                pair_frames(&pair.dialler, &pair.answerer, toc_span(NULL, 0));
                assert_true(side_check(&pair.answerer));
                assert_failed(&pair.answerer, TOC_DECRYPT);
                break;
            }
            side_put(&pair.answerer, side_out(&pair.dialler));
            assert_true(side_next(&pair.answerer, &got, &stalled));
            assert_span(got.body, toc_span_str("on and on"));
            assert_int_equal(memcmp(old, pair.dialler.peer.tx_cipher.key, 32) == 0, i < 2);
        }
        pair_clear(&pair);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_link_opens_whatever_the_pieces),
        cmocka_unit_test(a_stranger_gets_no_more_room_than_an_opening),
        cmocka_unit_test(another_preamble_is_refused),
        cmocka_unit_test(a_first_message_of_another_length_is_refused),
        cmocka_unit_test(an_answer_of_another_length_is_refused),
        cmocka_unit_test(a_wrong_gate_is_refused),
        cmocka_unit_test(the_gate_is_as_written),
        cmocka_unit_test(the_newest_two_secrets_are_accepted),
        cmocka_unit_test(another_federation_fails_the_handshake),
        cmocka_unit_test(another_psk_fails_the_handshake),
        cmocka_unit_test(an_altered_answer_fails_the_handshake),
        cmocka_unit_test(a_first_message_is_remembered),
        cmocka_unit_test(the_answerer_says_nothing_before_it_is_confirmed),
        cmocka_unit_test(an_altered_message_is_refused),
        cmocka_unit_test(a_message_shorter_than_its_tag_is_refused),
        cmocka_unit_test(messages_out_of_order_or_twice_are_refused),
        cmocka_unit_test(a_truncated_message_waits),
        cmocka_unit_test(keys_change_after_2_to_the_20_messages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
