/* SPDX-License-Identifier: EUPL-1.2 */
/* The handshake: one published vector, every altered byte, every message out of turn. */
#include "check.h"

#include "noise.h"

#define ROOM_BYTES 512u

struct pair {
    struct toc_noise init, resp;
};

static struct toc_span hex_span(const char *hex, uint8_t *out, size_t size)
{
    return toc_span(out, check_unhex(hex, out, size));
}

/* What each side of a handshake is started with; a test spoils one thing. */
struct setup {
    uint8_t init_static[32], resp_static[32], init_entropy[32], resp_entropy[32];
    uint8_t init_psk[32], resp_psk[32], rs[32];
    struct toc_span init_prologue, resp_prologue;
};

static struct setup usual_setup(void)
{
    struct setup setup = {
        .init_prologue = toc_span_str("prologue"),
        .resp_prologue = toc_span_str("prologue"),
    };
    uint64_t seed = 11;
    uint8_t secret[32];
    check_random_fill(&seed, setup.init_static, 32);
    check_random_fill(&seed, setup.resp_static, 32);
    check_random_fill(&seed, setup.init_entropy, 32);
    check_random_fill(&seed, setup.resp_entropy, 32);
    check_random_fill(&seed, setup.init_psk, 32);
    memcpy(setup.resp_psk, setup.init_psk, 32);
    toc_dh_keypair(setup.rs, secret, setup.resp_static);
    return setup;
}

static void start(struct pair *pair, const struct setup *setup)
{
    uint8_t public_key[32], secret[32];
    toc_dh_keypair(public_key, secret, setup->init_static);
    struct toc_noise_options init = {TOC_NOISE_INITIATOR, setup->init_prologue, public_key, secret,
                                     setup->rs,           setup->init_entropy};
    toc_noise_init(&pair->init, &init);
    toc_noise_set_psk(&pair->init, setup->init_psk);
    toc_dh_keypair(public_key, secret, setup->resp_static);
    struct toc_noise_options resp = {
        TOC_NOISE_RESPONDER, setup->resp_prologue, public_key, secret, NULL, setup->resp_entropy};
    toc_noise_init(&pair->resp, &resp);
    toc_noise_set_psk(&pair->resp, setup->resp_psk);
}

static struct toc_err write_to(struct toc_noise *noise, const char *payload, uint8_t *out,
                               size_t *len)
{
    struct toc_room room = {out, ROOM_BYTES};
    struct toc_err err = toc_noise_write(noise, toc_span_str(payload), &room);
    *len = room.len;
    return err;
}

static struct toc_err read_from(struct toc_noise *noise, const uint8_t *message, size_t len,
                                uint8_t *payload, size_t *payload_len)
{
    struct toc_room room = {payload, ROOM_BYTES};
    struct toc_err err = toc_noise_read(noise, toc_span(message, len), &room);
    *payload_len = room.len;
    return err;
}

/* A finished failure: nothing secret is left, and nothing goes on. */
static void is_dead(struct toc_noise *noise)
{
    struct toc_noise zeros;
    struct toc_cipher tx = {{0xaa}, 7}, rx = {{0xaa}, 7};
    uint8_t out[ROOM_BYTES], hash[TOC_HASH_BYTES];
    size_t len;
    memset(&zeros, 0, sizeof zeros);
    assert_int_equal(noise->step, -1);
    noise->step = 0;
    assert_memory_equal(noise, &zeros, sizeof zeros);
    noise->step = -1;
    assert_code(write_to(noise, "", out, &len), TOC_STATE);
    assert_int_equal(len, 0);
    assert_code(read_from(noise, out, TOC_NOISE_MSG1_BYTES, out, &len), TOC_STATE);
    assert_int_equal(len, 0);
    assert_code(toc_noise_split(noise, &tx, &rx, hash), TOC_STATE);
    assert_int_equal(tx.nonce, 7);
    assert_int_equal(rx.key[0], 0xaa);
}

/* cacophony's vector of Noise_IKpsk2_25519_ChaChaPoly_BLAKE2b. */
static const struct {
    const char *payload, *message;
} published[] = {
    {"4c756477696720766f6e204d69736573",
     "ca35def5ae56cec33dc2036731ab14896bc4c75dbb07a61f879f8e3afa4c7944b6fe0240b839afac809de1630eaf"
     "99d8f9b941394f0512c0554633bbb021d15176135c0a20e7fdb9a9ed066f22f054b47625b1d5061cb27d6a17f053"
     "273db7c25216a5addc506ee321bc0618feb5849d"},
    {"4d757272617920526f746862617264",
     "95ebc60d2b1fa672c1f46a8aa265ef51bfe38e7ccb39ec5be34069f1448088438f627e69fc120006f746b9d420bf"
     "4056cf8481ab32d9e904ffaeeaa56a5290"},
    {"462e20412e20486179656b", "07fc0034398a5f1010322be193d62f94bebf2948a20b3e15d681fe"},
    {"4361726c204d656e676572", "2ea5400f5b8a16971c8b67bde75aeb7987d454b1c0beeb2566932d"},
};

static struct setup published_setup(void)
{
    struct setup setup = {0};
    static uint8_t prologue[16];
    uint8_t secret[32];
    check_unhex("e61ef9919cde45dd5f82166404bd08e38bceb5dfdfded0a34c8df7ed542214d1",
                setup.init_static, 32);
    check_unhex("4a3acbfdb163dec651dfa3194dece676d437029c62a408b4c5ea9114246e4893",
                setup.resp_static, 32);
    check_unhex("893e28b9dc6ca8d611ab664754b8ceb7bac5117349a4439a6b0569da977c464a",
                setup.init_entropy, 32);
    check_unhex("bbdb4cdbd309f1a1f2e1456967fe288cadd6f712d65dc7b7793d5e63da6b375b",
                setup.resp_entropy, 32);
    memcpy(setup.init_psk, "This is my Austrian perspective!", 32);
    memcpy(setup.resp_psk, setup.init_psk, 32);
    toc_dh_keypair(setup.rs, secret, setup.resp_static);
    setup.init_prologue = hex_span("4a6f686e2047616c74", prologue, sizeof prologue);
    setup.resp_prologue = setup.init_prologue;
    return setup;
}

static void the_published_handshake(void **state)
{
    (void)state;
    struct setup setup = published_setup();
    struct pair pair;
    struct toc_cipher tx[2], rx[2];
    uint8_t hash[2][TOC_HASH_BYTES];
    start(&pair, &setup);
    for (size_t i = 0; i < 4; i++) {
        uint8_t payload[64], wanted[256], out[ROOM_BYTES];
        struct toc_span plain = hex_span(published[i].payload, payload, sizeof payload);
        struct toc_span message = hex_span(published[i].message, wanted, sizeof wanted);
        struct toc_room room = {out, sizeof out};
        size_t from = i % 2;
        if (i < 2) {
            assert_ok(toc_noise_write(from == 0 ? &pair.init : &pair.resp, plain, &room));
            assert_span(toc_span(out, room.len), message);
            room.len = sizeof out;
            assert_ok(toc_noise_read(from == 0 ? &pair.resp : &pair.init, message, &room));
            assert_span(toc_span(out, room.len), plain);
        } else {
            assert_ok(toc_cipher_seal(&tx[from], plain, out));
            assert_span(toc_span(out, message.len), message);
            assert_ok(toc_cipher_open(&rx[1 - from], message, out));
            assert_span(toc_span(out, plain.len), plain);
        }
        if (i == 1) {
            assert_ok(toc_noise_split(&pair.init, &tx[0], &rx[0], hash[0]));
            assert_ok(toc_noise_split(&pair.resp, &tx[1], &rx[1], hash[1]));
        }
    }
    uint8_t wanted[TOC_HASH_BYTES];
    check_unhex("ed837c9084f2f0333a7ec60b9bcacd9921394858de8ced118b5966d1147ba390", wanted, 32);
    assert_memory_equal(hash[0], wanted, sizeof wanted);
    assert_memory_equal(hash[1], wanted, sizeof wanted);
    is_dead(&pair.init);
    is_dead(&pair.resp);
}

/* Even the bit of e that X25519 ignores, for the hash of the handshake does not. */
static void every_altered_bit_of_message_1_ends_the_handshake(void **state)
{
    (void)state;
    struct setup setup = usual_setup();
    struct pair pair;
    uint8_t message[ROOM_BYTES], payload[ROOM_BYTES];
    size_t len, payload_len;
    start(&pair, &setup);
    assert_ok(write_to(&pair.init, "x", message, &len));
    assert_int_equal(len, TOC_NOISE_MSG1_BYTES + 1);
    for (size_t bit = 0; bit < 8 * len; bit++) {
        start(&pair, &setup);
        message[bit / 8] = (uint8_t)(message[bit / 8] ^ 1 << bit % 8);
        assert_code(read_from(&pair.resp, message, len, payload, &payload_len), TOC_HANDSHAKE);
        assert_int_equal(payload_len, 0);
        is_dead(&pair.resp);
        message[bit / 8] = (uint8_t)(message[bit / 8] ^ 1 << bit % 8);
    }
}

static void every_altered_bit_of_message_2_ends_the_handshake(void **state)
{
    (void)state;
    struct setup setup = usual_setup();
    struct pair pair;
    uint8_t first[ROOM_BYTES], message[ROOM_BYTES], payload[ROOM_BYTES];
    size_t first_len, len, payload_len;
    start(&pair, &setup);
    assert_ok(write_to(&pair.init, "", first, &first_len));
    assert_ok(read_from(&pair.resp, first, first_len, payload, &payload_len));
    assert_ok(write_to(&pair.resp, "y", message, &len));
    assert_int_equal(len, TOC_NOISE_MSG2_BYTES + 1);
    for (size_t bit = 0; bit < 8 * len; bit++) {
        start(&pair, &setup);
        assert_ok(write_to(&pair.init, "", first, &first_len));
        message[bit / 8] = (uint8_t)(message[bit / 8] ^ 1 << bit % 8);
        assert_code(read_from(&pair.init, message, len, payload, &payload_len), TOC_HANDSHAKE);
        assert_int_equal(payload_len, 0);
        is_dead(&pair.init);
        message[bit / 8] = (uint8_t)(message[bit / 8] ^ 1 << bit % 8);
    }
}

/* What both sides must agree on, and which message tells that they do not. */
static void spoil_prologue(struct setup *setup)
{
    setup->resp_prologue = toc_span_str("prologuf");
}

static void spoil_psk(struct setup *setup)
{
    setup->resp_psk[31] ^= 1;
}

static void spoil_rs(struct setup *setup)
{
    uint8_t secret[32], other[32] = {1};
    toc_dh_keypair(setup->rs, secret, other);
}

static const struct {
    const char *name;
    void (*spoil)(struct setup *setup);
    int message; /* that is refused */
} disagreements[] = {
    {"prologue", spoil_prologue, 1},
    {"responder's static key", spoil_rs, 1},
    {"pre-shared key", spoil_psk, 2},
};

static void sides_that_disagree_do_not_connect(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof disagreements / sizeof *disagreements; i++) {
        struct setup setup = usual_setup();
        struct pair pair;
        uint8_t message[ROOM_BYTES], payload[ROOM_BYTES];
        size_t len, payload_len;
        disagreements[i].spoil(&setup);
        start(&pair, &setup);
        assert_ok(write_to(&pair.init, "", message, &len));
        struct toc_err err = read_from(&pair.resp, message, len, payload, &payload_len);
        if (disagreements[i].message == 1) {
            assert_code(err, TOC_HANDSHAKE);
            is_dead(&pair.resp);
            continue;
        }
        assert_ok(err);
        assert_ok(write_to(&pair.resp, "", message, &len));
        assert_code(read_from(&pair.init, message, len, payload, &payload_len), TOC_HANDSHAKE);
        is_dead(&pair.init);
    }
}

static void low_order_keys_end_the_handshake(void **state)
{
    (void)state;
    struct setup setup = usual_setup();
    struct pair pair;
    uint8_t message[ROOM_BYTES] = {0}, payload[ROOM_BYTES];
    size_t len, payload_len;
    /* The responder's static key, in es of the writer. */
    memset(setup.rs, 0, sizeof setup.rs);
    start(&pair, &setup);
    assert_code(write_to(&pair.init, "", message, &len), TOC_HANDSHAKE);
    assert_int_equal(len, 0);
    is_dead(&pair.init);
    /* The initiator's ephemeral key, in es of the reader. */
    setup = usual_setup();
    start(&pair, &setup);
    memset(message, 0, sizeof message);
    assert_code(read_from(&pair.resp, message, TOC_NOISE_MSG1_BYTES, payload, &payload_len),
                TOC_HANDSHAKE);
    is_dead(&pair.resp);
    /* The responder's ephemeral key, in ee of the reader. */
    start(&pair, &setup);
    assert_ok(write_to(&pair.init, "", message, &len));
    memset(message, 0, sizeof message);
    assert_code(read_from(&pair.init, message, TOC_NOISE_MSG2_BYTES, payload, &payload_len),
                TOC_HANDSHAKE);
    is_dead(&pair.init);
}

static void messages_out_of_turn_end_the_handshake(void **state)
{
    (void)state;
    struct setup setup = usual_setup();
    struct pair pair;
    uint8_t message[ROOM_BYTES], out[ROOM_BYTES];
    size_t len, out_len;
    /* The responder never begins. */
    start(&pair, &setup);
    assert_code(write_to(&pair.resp, "", message, &len), TOC_STATE);
    is_dead(&pair.resp);
    /* The initiator does not read first. */
    assert_code(read_from(&pair.init, message, TOC_NOISE_MSG2_BYTES, out, &out_len), TOC_STATE);
    is_dead(&pair.init);
    /* No message is written twice. */
    start(&pair, &setup);
    assert_ok(write_to(&pair.init, "", message, &len));
    assert_code(write_to(&pair.init, "", out, &out_len), TOC_STATE);
    is_dead(&pair.init);
    /* No message is read twice. */
    assert_ok(read_from(&pair.resp, message, len, out, &out_len));
    assert_code(read_from(&pair.resp, message, len, out, &out_len), TOC_STATE);
    is_dead(&pair.resp);
    /* There is no third message. */
    start(&pair, &setup);
    assert_ok(write_to(&pair.init, "", message, &len));
    assert_ok(read_from(&pair.resp, message, len, out, &out_len));
    assert_ok(write_to(&pair.resp, "", message, &len));
    assert_ok(read_from(&pair.init, message, len, out, &out_len));
    assert_code(write_to(&pair.init, "", out, &out_len), TOC_STATE);
    is_dead(&pair.init);
}

static void splitting_early_is_refused_and_changes_nothing(void **state)
{
    (void)state;
    struct setup setup = usual_setup();
    struct pair pair, before;
    struct toc_cipher tx = {{1}, 2}, rx = {{3}, 4};
    uint8_t hash[TOC_HASH_BYTES] = {5}, message[ROOM_BYTES];
    size_t len;
    memset(&pair, 0, sizeof pair);
    start(&pair, &setup);
    for (int step = 0; step < 2; step++) {
        before = pair;
        assert_code(toc_noise_split(&pair.init, &tx, &rx, hash), TOC_STATE);
        assert_memory_equal(&pair, &before, sizeof pair);
        if (step == 0) {
            assert_ok(write_to(&pair.init, "", message, &len));
        }
    }
    assert_int_equal(tx.key[0] * 10 + (int)tx.nonce, 12);
    assert_int_equal(rx.key[0] * 10 + (int)rx.nonce, 34);
    assert_int_equal(hash[0], 5);
}

static void message_2_needs_the_psk(void **state)
{
    (void)state;
    struct setup setup = usual_setup();
    struct pair pair;
    uint8_t message[ROOM_BYTES], out[ROOM_BYTES];
    size_t len, out_len;
    start(&pair, &setup);
    pair.init.has_psk = pair.resp.has_psk = false;
    assert_ok(write_to(&pair.init, "", message, &len));
    assert_ok(read_from(&pair.resp, message, len, out, &out_len));
    assert_code(write_to(&pair.resp, "", out, &out_len), TOC_STATE);
    is_dead(&pair.resp);
    assert_code(read_from(&pair.init, message, TOC_NOISE_MSG2_BYTES, out, &out_len), TOC_STATE);
    is_dead(&pair.init);
}

static void lengths_have_bounds(void **state)
{
    (void)state;
    static uint8_t big[TOC_NOISE_MESSAGE_BYTES_MAX + 1], out[TOC_NOISE_MESSAGE_BYTES_MAX + 1];
    const struct {
        bool write;
        size_t len, room;
        enum toc_code code;
    } rows[] = {
        {true, 0, TOC_NOISE_MSG1_BYTES - 1, TOC_FULL},
        {true, TOC_NOISE_MESSAGE_BYTES_MAX - TOC_NOISE_MSG1_BYTES + 1, sizeof out, TOC_LIMIT},
        {true, TOC_NOISE_MESSAGE_BYTES_MAX - TOC_NOISE_MSG1_BYTES, sizeof out, TOC_OK},
        {false, TOC_NOISE_MSG1_BYTES - 1, sizeof out, TOC_TRUNCATED},
        {false, 0, sizeof out, TOC_TRUNCATED},
        {false, TOC_NOISE_MSG1_BYTES + 9, 8, TOC_FULL},
        {false, sizeof big, sizeof out, TOC_LIMIT},
        {false, sizeof big - 1, sizeof out, TOC_HANDSHAKE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct setup setup = usual_setup();
        struct pair pair;
        struct toc_room room = {out, rows[i].room};
        struct toc_span in = toc_span(big, rows[i].len);
        start(&pair, &setup);
        struct toc_noise *noise = rows[i].write ? &pair.init : &pair.resp;
        assert_code(rows[i].write ? toc_noise_write(noise, in, &room)
                                  : toc_noise_read(noise, in, &room),
                    rows[i].code);
        if (rows[i].code != TOC_OK) {
            assert_int_equal(room.len, 0);
            is_dead(noise);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_published_handshake),
        cmocka_unit_test(every_altered_bit_of_message_1_ends_the_handshake),
        cmocka_unit_test(every_altered_bit_of_message_2_ends_the_handshake),
        cmocka_unit_test(sides_that_disagree_do_not_connect),
        cmocka_unit_test(low_order_keys_end_the_handshake),
        cmocka_unit_test(messages_out_of_turn_end_the_handshake),
        cmocka_unit_test(splitting_early_is_refused_and_changes_nothing),
        cmocka_unit_test(message_2_needs_the_psk),
        cmocka_unit_test(lengths_have_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
