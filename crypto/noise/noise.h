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
#define TOC_NOISE_MSG1_BYTES 96u  /* with empty payload: 32 e + 32 s + 16 + 16 */
#define TOC_NOISE_MSG2_BYTES 48u  /* with empty payload: 32 e + 16 */
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
    int step; /* 0..2: the next message of the pattern; 3 finished; -1 failed for good */
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
 * is 32 fresh bytes for the ephemeral key. */
struct toc_noise_options {
    enum toc_noise_role role;
    struct toc_span prologue;
    const uint8_t *s_public, *s_secret;
    const uint8_t *rs;
    const uint8_t *entropy;
};

/* Starts a handshake. Copies everything it needs. */
void toc_noise_init(struct toc_noise *noise, const struct toc_noise_options *options);
/* The psk must be set before message 2 is written or read: the responder learns from message 1
 * which one it is. */
void toc_noise_set_psk(struct toc_noise *noise, const uint8_t psk[static TOC_KEY_BYTES]);

/*
 * Writes the next message with `payload` into `out` (capacity out->len; set to the bytes written).
 * Fails: STATE (not this side's turn, psk missing), FULL, HANDSHAKE (low-order key). A failure
 * ends the handshake.
 */
TOC_MUST_USE struct toc_err toc_noise_write(struct toc_noise *noise, struct toc_span payload,
                                            struct toc_room *out);
/*
 * Reads the next message; the payload goes to `payload` (capacity; set). After message 1 the
 * responder finds the initiator's static key in noise->rs.
 * Fails: STATE, TRUNCATED, FULL, HANDSHAKE. A failure ends the handshake.
 */
TOC_MUST_USE struct toc_err toc_noise_read(struct toc_noise *noise, struct toc_span message,
                                           struct toc_room *payload);
/* After both messages: the two ciphers, and the first 32 bytes of the handshake hash as channel
 * binding (specification, section 11.2). Wipes `noise`. Fails: STATE. */
TOC_MUST_USE struct toc_err toc_noise_split(struct toc_noise *noise, struct toc_cipher *tx,
                                            struct toc_cipher *rx,
                                            uint8_t handshake_hash[static TOC_HASH_BYTES]);
void toc_noise_clear(struct toc_noise *noise);

/* Seals one transport message: out gets plain.len + 16 bytes and may overlap plain exactly.
 * Fails: STATE (2^64 - 1 messages sent). */
TOC_MUST_USE struct toc_err toc_cipher_seal(struct toc_cipher *cipher, struct toc_span plain,
                                            uint8_t *out);
/* Opens one: out gets message.len - 16 bytes and may overlap exactly. Fails: TRUNCATED, DECRYPT,
 * STATE; the nonce does not advance then. */
TOC_MUST_USE struct toc_err toc_cipher_open(struct toc_cipher *cipher, struct toc_span message,
                                            uint8_t *out);
/* REKEY of the specification, section 11.3. The nonce goes on. */
void toc_cipher_rekey(struct toc_cipher *cipher);

#endif
