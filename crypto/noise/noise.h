/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * noise: Noise_IKpsk2_25519_ChaChaPoly_BLAKE2b, exactly as the Noise Protocol Framework
 * (revision 34) has it, handshake and transport. No I/O: messages are byte spans.
 *
 *   IKpsk2:
 *     <- s
 *     ...
 *     -> e, es, s, ss
 *     <- e, ee, se, psk
 */
#ifndef TOC_NOISE_H
#define TOC_NOISE_H

#include "keys.h"

#define TOC_NOISE_TAG_BYTES 16u
#define TOC_NOISE_MSG1_BYTES 96u           /* with empty payload: 32 e + 32 s + 16 + 16 */
#define TOC_NOISE_MSG2_BYTES 48u           /* with empty payload: 32 e + 16 */
#define TOC_NOISE_MESSAGE_BYTES_MAX 65535u /* Noise specification, section 3 */

enum toc_noise_role { TOC_NOISE_INITIATOR, TOC_NOISE_RESPONDER };

/* One direction of transport after the handshake (Noise "CipherState"). */
struct toc_cipher {
    uint8_t key[TOC_KEY_BYTES];
    uint64_t nonce; /* of the next message */
};

/* A handshake in progress (Noise "HandshakeState"). Holds secrets: toc_noise_clear it. */
struct toc_noise {
    enum toc_noise_role role;
    int step; /* 0, 1: the next message of the pattern; 2 both are done; -1 failed or cleared */
    uint8_t ck[64], h[64], k[TOC_KEY_BYTES];
    uint64_t n;
    bool has_key;
    uint8_t s_public[TOC_KEY_BYTES], s_secret[TOC_KEY_BYTES];
    uint8_t e_public[TOC_KEY_BYTES], e_secret[TOC_KEY_BYTES];
    uint8_t rs[TOC_KEY_BYTES], re[TOC_KEY_BYTES];
    uint8_t psk[TOC_KEY_BYTES];
    bool has_psk;
};

/* What a side brings. `rs` is the responder's static key (initiator only, else NULL). `entropy`
 * is 32 fresh bytes, the ephemeral secret. All are lent until toc_noise_init returns. */
struct toc_noise_options {
    enum toc_noise_role role;
    struct toc_span prologue;
    const uint8_t *s_public, *s_secret;
    const uint8_t *rs;
    const uint8_t *entropy;
};

/* Starts a handshake. Copies everything it needs. No X25519 yet: that cost comes with messages. */
void toc_noise_init(struct toc_noise *noise, const struct toc_noise_options *options);
/* The psk must be set before message 2 is written or read: the responder learns from message 1
 * which one it is. */
void toc_noise_set_psk(struct toc_noise *noise, const uint8_t psk[static TOC_KEY_BYTES]);

/*
 * Writes the next message with `payload` into `out` (capacity out->len; set to the bytes written:
 * TOC_NOISE_MSG1_BYTES or TOC_NOISE_MSG2_BYTES and payload.len). They must not overlap.
 * Costs three X25519, one of them for the ephemeral public key.
 * Fails: STATE (not this side's turn, psk missing), LIMIT (longer than
 * TOC_NOISE_MESSAGE_BYTES_MAX), FULL, HANDSHAKE (low-order key). A failure ends the handshake:
 * `noise` is wiped, out->len is 0, and every later call fails with STATE.
 */
TOC_MUST_USE struct toc_err toc_noise_write(struct toc_noise *noise, struct toc_span payload,
                                            struct toc_room *out);
/*
 * Reads the next message; the payload goes to `payload` (capacity; set). They must not overlap.
 * After message 1 the responder finds the initiator's static key in noise->rs; message 1 may be a
 * replay, so nothing is done upon it but answering. Costs two X25519.
 * Fails: STATE (not this side's turn, psk missing), TRUNCATED, LIMIT, FULL, HANDSHAKE (altered,
 * other prologue or psk, low-order key). A failure ends the handshake as above; payload->len is 0.
 */
TOC_MUST_USE struct toc_err toc_noise_read(struct toc_noise *noise, struct toc_span message,
                                           struct toc_room *payload);
/* After both messages: the two ciphers, and the first 32 bytes of the handshake hash as channel
 * binding (specification, section 11.2). Clears `noise`. Fails: STATE (a message is missing); tx,
 * rx and handshake_hash are then unchanged, `noise` too. */
TOC_MUST_USE struct toc_err toc_noise_split(struct toc_noise *noise, struct toc_cipher *tx,
                                            struct toc_cipher *rx,
                                            uint8_t handshake_hash[static TOC_HASH_BYTES]);
/* Wipes everything; every later call but toc_noise_init fails with STATE. */
void toc_noise_clear(struct toc_noise *noise);

/* Seals one transport message: out gets plain.len + 16 bytes and may overlap plain exactly. Empty
 * associated data. Fails: STATE (2^64 - 1 messages sent), LIMIT (out would be longer than
 * TOC_NOISE_MESSAGE_BYTES_MAX); nothing changed then. */
TOC_MUST_USE struct toc_err toc_cipher_seal(struct toc_cipher *cipher, struct toc_span plain,
                                            uint8_t *out);
/* Opens one: out gets message.len - 16 bytes and may overlap exactly. Fails: TRUNCATED, LIMIT,
 * STATE (nothing changed), DECRYPT (out is wiped). The nonce never advances on failure. */
TOC_MUST_USE struct toc_err toc_cipher_open(struct toc_cipher *cipher, struct toc_span message,
                                            uint8_t *out);
/* Rekey of the specification, section 11.3: both sides do it after the same message. The nonce goes
 * on; the old key cannot be had from the new one. */
void toc_cipher_rekey(struct toc_cipher *cipher);

#endif
