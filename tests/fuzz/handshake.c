/* SPDX-License-Identifier: EUPL-1.2 */
/* USES: noise */
/*
 * The Noise code against arbitrary bytes. The input's first byte says what is attacked: message 1,
 * message 2, a transport message, or (the round trip) payloads and lengths of a handshake that must
 * succeed. Everything lies in memory of its exact size.
 */
#include "noise.h"

#include <stdlib.h>
#include <string.h>

static const uint8_t init_static[32] = {1}, resp_static[32] = {2}, psk[32] = {3};
static const uint8_t init_entropy[32] = {4}, resp_entropy[32] = {5};

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void start(struct toc_noise *init, struct toc_noise *resp, struct toc_span prologue)
{
    /* The public keys are the same in every run. */
    static uint8_t init_public[32], resp_public[32];
    static bool computed;
    uint8_t secret[32];
    if (!computed) {
        toc_dh_keypair(init_public, secret, init_static);
        toc_dh_keypair(resp_public, secret, resp_static);
        computed = true;
    }
    struct toc_noise_options options = {TOC_NOISE_INITIATOR, prologue,    init_public,
                                        init_static,         resp_public, init_entropy};
    toc_noise_init(init, &options);
    toc_noise_set_psk(init, psk);
    options = (struct toc_noise_options){TOC_NOISE_RESPONDER, prologue, resp_public,
                                         resp_static,         NULL,     resp_entropy};
    toc_noise_init(resp, &options);
    toc_noise_set_psk(resp, psk);
}

/* Reads the bytes as a message; a refusal must leave nothing. */
static bool read_message(struct toc_noise *noise, struct toc_span message)
{
    uint8_t *payload = malloc(message.len + 1);
    require(payload != NULL);
    struct toc_room room = {payload, message.len};
    struct toc_err err = toc_noise_read(noise, message, &room);
    require(room.len <= message.len);
    if (toc_failed(err)) {
        require(room.len == 0 && noise->step == -1);
        require(toc_is_zero(noise->s_secret, 32) && toc_is_zero(noise->ck, sizeof noise->ck));
    }
    free(payload);
    return !toc_failed(err);
}

/* One message from a side to the other, whose payload must arrive. */
static void pass(struct toc_noise *from, struct toc_noise *to, struct toc_span payload)
{
    size_t room_bytes = payload.len + TOC_NOISE_MSG1_BYTES;
    uint8_t *message = malloc(room_bytes);
    uint8_t *got = malloc(payload.len + 1);
    require(message != NULL && got != NULL);
    struct toc_room out = {message, room_bytes};
    struct toc_room in = {got, payload.len};
    require(!toc_failed(toc_noise_write(from, payload, &out)));
    require(!toc_failed(toc_noise_read(to, toc_span(message, out.len), &in)));
    require(toc_span_equal(toc_span(got, in.len), payload));
    free(message);
    free(got);
}

static void pass_transport(struct toc_cipher *tx, struct toc_cipher *rx, struct toc_span plain)
{
    uint8_t *message = malloc(plain.len + TOC_NOISE_TAG_BYTES);
    require(message != NULL);
    require(!toc_failed(toc_cipher_seal(tx, plain, message)));
    struct toc_span sealed = toc_span(message, plain.len + TOC_NOISE_TAG_BYTES);
    require(!toc_failed(toc_cipher_open(rx, sealed, message)));
    require(toc_span_equal(toc_span(message, plain.len), plain));
    free(message);
}

/* The input cut in three: prologue, payload of message 1, payload of message 2 and of transport. */
static void round_trip(struct toc_span input)
{
    struct toc_noise init, resp;
    struct toc_cipher tx[2], rx[2];
    uint8_t hash[2][TOC_HASH_BYTES];
    size_t third = input.len / 3;
    struct toc_span last = toc_span(input.at + 2 * third, input.len - 2 * third);
    start(&init, &resp, toc_span(input.at, third));
    pass(&init, &resp, toc_span(input.at + third, third));
    pass(&resp, &init, last);
    require(!toc_failed(toc_noise_split(&init, &tx[0], &rx[0], hash[0])));
    require(!toc_failed(toc_noise_split(&resp, &tx[1], &rx[1], hash[1])));
    require(memcmp(hash[0], hash[1], TOC_HASH_BYTES) == 0);
    pass_transport(&tx[0], &rx[1], last);
    pass_transport(&tx[1], &rx[0], last);
    toc_cipher_rekey(&tx[0]);
    toc_cipher_rekey(&rx[1]);
    pass_transport(&tx[0], &rx[1], last);
}

/* A transport message of the fuzzer's never opens, for it cannot guess a tag. */
static void transport(struct toc_span message)
{
    struct toc_cipher rx = {{6}, 7};
    uint8_t *out = malloc(message.len + 1);
    require(out != NULL);
    struct toc_err err = toc_cipher_open(&rx, message, out);
    require(toc_failed(err) && rx.nonce == 7);
    free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct toc_noise init, resp;
    if (size == 0 || size > TOC_NOISE_MESSAGE_BYTES_MAX / 2) {
        return 0;
    }
    struct toc_span rest = toc_span(data + 1, size - 1);
    start(&init, &resp, toc_span_str("prologue"));
    switch (data[0] % 4) {
    case 0:
        /* The corpus holds a true message 1, and the fuzzer may keep it: then message 2 follows. */
        if (read_message(&resp, rest)) {
            uint8_t out[TOC_NOISE_MSG2_BYTES];
            struct toc_room room = {out, sizeof out};
            require(!toc_failed(toc_noise_write(&resp, toc_span(NULL, 0), &room)));
        }
        break;
    case 1: {
        uint8_t out[TOC_NOISE_MSG1_BYTES];
        struct toc_room room = {out, sizeof out};
        require(!toc_failed(toc_noise_write(&init, toc_span(NULL, 0), &room)));
        (void)read_message(&init, rest);
        break;
    }
    case 2:
        transport(rest);
        break;
    default:
        round_trip(rest);
        break;
    }
    toc_noise_clear(&init);
    toc_noise_clear(&resp);
    return 0;
}
