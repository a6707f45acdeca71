/* SPDX-License-Identifier: EUPL-1.2 */
#include "symmetric.h"

#include <string.h>

static const char protocol_name[] = "Noise_IKpsk2_25519_ChaChaPoly_BLAKE2b";

enum { STEP_MSG1 = 0, STEP_MSG2 = 1, STEP_DONE = 2, STEP_DEAD = -1 };

/* Where the parts of the messages lie. */
enum {
    MSG1_E = 0,
    MSG1_S = MSG1_E + TOC_KEY_BYTES,
    MSG1_PAYLOAD = MSG1_S + TOC_KEY_BYTES + TOC_NOISE_TAG_BYTES,
    MSG2_E = 0,
    MSG2_PAYLOAD = MSG2_E + TOC_KEY_BYTES,
};

_Static_assert(MSG1_PAYLOAD + TOC_NOISE_TAG_BYTES == TOC_NOISE_MSG1_BYTES, "e, s, empty payload");
_Static_assert(MSG2_PAYLOAD + TOC_NOISE_TAG_BYTES == TOC_NOISE_MSG2_BYTES, "e, empty payload");
_Static_assert(sizeof(((struct toc_noise *)0)->h) == TOC_NOISE_HASHLEN, "h holds a BLAKE2b hash");

/* The specification's DH tokens: MixKey(DH(secret, public)). */
static struct toc_err mix_dh(struct toc_noise *noise, const uint8_t *secret, const uint8_t *public)
{
    uint8_t shared[TOC_KEY_BYTES];
    struct toc_err err = toc_dh(shared, secret, public);
    if (!toc_failed(err)) {
        toc_noise_mix_key(noise, shared);
    }
    toc_wipe(shared, sizeof shared);
    return err;
}

/* Token e. In a pattern with a psk, the ephemeral key enters the key too (section 9.2). */
static void mix_e(struct toc_noise *noise, const uint8_t *e)
{
    toc_noise_mix_hash(noise, toc_span(e, TOC_KEY_BYTES));
    toc_noise_mix_key(noise, e);
}

static void write_e(struct toc_noise *noise, uint8_t *out)
{
    toc_dh_keypair(noise->e_public, noise->e_secret, noise->e_secret);
    memcpy(out, noise->e_public, TOC_KEY_BYTES);
    mix_e(noise, noise->e_public);
}

static void read_e(struct toc_noise *noise, const uint8_t *in)
{
    memcpy(noise->re, in, TOC_KEY_BYTES);
    mix_e(noise, noise->re);
}

static struct toc_err decrypt(struct toc_noise *noise, struct toc_span sealed, uint8_t *out)
{
    if (!toc_noise_decrypt_and_hash(noise, sealed, out)) {
        return toc_fail(TOC_HANDSHAKE, "a handshake message does not decrypt");
    }
    return toc_ok();
}

static struct toc_err write_msg1(struct toc_noise *noise, struct toc_span payload, uint8_t *out)
{
    /* -> e */
    write_e(noise, out + MSG1_E);
    /* es */
    TOC_TRY(mix_dh(noise, noise->e_secret, noise->rs));
    /* s */
    toc_noise_encrypt_and_hash(noise, toc_span(noise->s_public, TOC_KEY_BYTES), out + MSG1_S);
    /* ss */
    TOC_TRY(mix_dh(noise, noise->s_secret, noise->rs));
    toc_noise_encrypt_and_hash(noise, payload, out + MSG1_PAYLOAD);
    return toc_ok();
}

static struct toc_err read_msg1(struct toc_noise *noise, struct toc_span message, uint8_t *payload)
{
    /* -> e */
    read_e(noise, message.at + MSG1_E);
    /* es */
    TOC_TRY(mix_dh(noise, noise->s_secret, noise->re));
    /* s */
    TOC_TRY(decrypt(noise, toc_span(message.at + MSG1_S, MSG1_PAYLOAD - MSG1_S), noise->rs));
    /* ss */
    TOC_TRY(mix_dh(noise, noise->s_secret, noise->rs));
    return decrypt(noise, toc_span(message.at + MSG1_PAYLOAD, message.len - MSG1_PAYLOAD), payload);
}

static struct toc_err write_msg2(struct toc_noise *noise, struct toc_span payload, uint8_t *out)
{
    /* <- e */
    write_e(noise, out + MSG2_E);
    /* ee */
    TOC_TRY(mix_dh(noise, noise->e_secret, noise->re));
    /* se */
    TOC_TRY(mix_dh(noise, noise->e_secret, noise->rs));
    /* psk */
    toc_noise_mix_key_and_hash(noise, noise->psk);
    toc_noise_encrypt_and_hash(noise, payload, out + MSG2_PAYLOAD);
    return toc_ok();
}

static struct toc_err read_msg2(struct toc_noise *noise, struct toc_span message, uint8_t *payload)
{
    /* <- e */
    read_e(noise, message.at + MSG2_E);
    /* ee */
    TOC_TRY(mix_dh(noise, noise->e_secret, noise->re));
    /* se */
    TOC_TRY(mix_dh(noise, noise->s_secret, noise->re));
    /* psk */
    toc_noise_mix_key_and_hash(noise, noise->psk);
    return decrypt(noise, toc_span(message.at + MSG2_PAYLOAD, message.len - MSG2_PAYLOAD), payload);
}

void toc_noise_init(struct toc_noise *noise, const struct toc_noise_options *options)
{
    bool initiator = options->role == TOC_NOISE_INITIATOR;
    TOC_ASSERT((options->rs != NULL) == initiator);
    memset(noise, 0, sizeof *noise);
    noise->role = options->role;
    memcpy(noise->s_public, options->s_public, TOC_KEY_BYTES);
    memcpy(noise->s_secret, options->s_secret, TOC_KEY_BYTES);
    memcpy(noise->e_secret, options->entropy, TOC_KEY_BYTES);
    toc_noise_symmetric_init(noise, protocol_name);
    toc_noise_mix_hash(noise, options->prologue);
    /* <- s */
    if (initiator) {
        memcpy(noise->rs, options->rs, TOC_KEY_BYTES);
    }
    const uint8_t *responder = initiator ? noise->rs : noise->s_public;
    toc_noise_mix_hash(noise, toc_span(responder, TOC_KEY_BYTES));
}

void toc_noise_set_psk(struct toc_noise *noise, const uint8_t psk[static TOC_KEY_BYTES])
{
    memcpy(noise->psk, psk, TOC_KEY_BYTES);
    noise->has_psk = true;
}

/* The next message is this side's to write (or to read), and what it needs is there. */
static struct toc_err check_turn(const struct toc_noise *noise, bool writing)
{
    bool ours = (noise->step == STEP_MSG1) == (noise->role == TOC_NOISE_INITIATOR);
    if ((noise->step != STEP_MSG1 && noise->step != STEP_MSG2) || ours != writing) {
        return toc_fail(TOC_STATE, "the handshake expects another message");
    }
    if (noise->step == STEP_MSG2 && !noise->has_psk) {
        return toc_fail(TOC_STATE, "the handshake lacks its pre-shared key");
    }
    return toc_ok();
}

/* Bytes of the next message besides its payload. */
static size_t overhead_bytes(const struct toc_noise *noise)
{
    return noise->step == STEP_MSG1 ? TOC_NOISE_MSG1_BYTES : TOC_NOISE_MSG2_BYTES;
}

static struct toc_err check_write(const struct toc_noise *noise, size_t payload_bytes,
                                  size_t room_bytes)
{
    TOC_TRY(check_turn(noise, true));
    if (payload_bytes > TOC_NOISE_MESSAGE_BYTES_MAX - overhead_bytes(noise)) {
        return toc_fail(TOC_LIMIT, "a handshake message has at most 65,535 bytes");
    }
    if (room_bytes < payload_bytes + overhead_bytes(noise)) {
        return toc_fail(TOC_FULL, "the room for a handshake message is too small");
    }
    return toc_ok();
}

struct toc_err toc_noise_write(struct toc_noise *noise, struct toc_span payload,
                               struct toc_room *out)
{
    struct toc_err err = check_write(noise, payload.len, out->len);
    if (!toc_failed(err)) {
        out->len = payload.len + overhead_bytes(noise);
        err = noise->step == STEP_MSG1 ? write_msg1(noise, payload, out->at)
                                       : write_msg2(noise, payload, out->at);
    }
    if (toc_failed(err)) {
        toc_noise_clear(noise);
        out->len = 0;
        return err;
    }
    noise->step++;
    return err;
}

static struct toc_err check_read(const struct toc_noise *noise, size_t message_bytes,
                                 size_t room_bytes)
{
    TOC_TRY(check_turn(noise, false));
    if (message_bytes < overhead_bytes(noise)) {
        return toc_fail(TOC_TRUNCATED, "a handshake message is too short");
    }
    if (message_bytes > TOC_NOISE_MESSAGE_BYTES_MAX) {
        return toc_fail(TOC_LIMIT, "a handshake message has at most 65,535 bytes");
    }
    if (room_bytes < message_bytes - overhead_bytes(noise)) {
        return toc_fail(TOC_FULL, "the room for a handshake payload is too small");
    }
    return toc_ok();
}

struct toc_err toc_noise_read(struct toc_noise *noise, struct toc_span message,
                              struct toc_room *payload)
{
    struct toc_err err = check_read(noise, message.len, payload->len);
    if (!toc_failed(err)) {
        payload->len = message.len - overhead_bytes(noise);
        err = noise->step == STEP_MSG1 ? read_msg1(noise, message, payload->at)
                                       : read_msg2(noise, message, payload->at);
    }
    if (toc_failed(err)) {
        toc_noise_clear(noise);
        payload->len = 0;
        return err;
    }
    noise->step++;
    return err;
}

struct toc_err toc_noise_split(struct toc_noise *noise, struct toc_cipher *tx,
                               struct toc_cipher *rx, uint8_t handshake_hash[static TOC_HASH_BYTES])
{
    if (noise->step != STEP_DONE) {
        return toc_fail(TOC_STATE, "the handshake is not complete");
    }
    bool initiator = noise->role == TOC_NOISE_INITIATOR;
    toc_noise_split_keys(noise, initiator ? tx->key : rx->key, initiator ? rx->key : tx->key);
    tx->nonce = 0;
    rx->nonce = 0;
    memcpy(handshake_hash, noise->h, TOC_HASH_BYTES);
    toc_noise_clear(noise);
    return toc_ok();
}

void toc_noise_clear(struct toc_noise *noise)
{
    toc_wipe(noise, sizeof *noise);
    noise->step = STEP_DEAD;
}
