/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The primitives under keys, noise and seal, each in one place, so that the published test vectors
 * run through the very calls that the rest of the crypto floor makes. Internal to that floor: proto
 * and node use the public headers, where every use has its context.
 */
#ifndef TOC_PRIMITIVE_H
#define TOC_PRIMITIVE_H

#include "keys.h"

#define TOC_RAW_HASH_BYTES_MAX 64u     /* BLAKE2b, RFC 7693 section 2.1 */
#define TOC_RAW_PERSONAL_BYTES 16u     /* BLAKE2b personalisation */
#define TOC_RAW_TAG_BYTES 16u          /* Poly1305 */
#define TOC_RAW_CHACHA_NONCE_BYTES 12u /* RFC 8439 section 2.8 */
#define TOC_RAW_XCHACHA_NONCE_BYTES 24u

/*
 * Starts BLAKE2b. `personal` is 16 bytes or NULL for zeros; an empty key means unkeyed; out_len is
 * 1 to 64 (asserted: 16 to 64, keys at most 64 bytes, as libsodium has it). Lends nothing.
 */
void toc_raw_hash_init(struct toc_hasher *hasher, const uint8_t *personal, struct toc_span key,
                       size_t out_len);
/* Gives out_len bytes, the same as at the start, and wipes the hasher. */
void toc_raw_hash_final(struct toc_hasher *hasher, uint8_t *out, size_t out_len);

/* The context as 16 zero-padded bytes. Asserts its kind: a hash context never signs. */
enum toc_context_kind { TOC_CONTEXT_HASH, TOC_CONTEXT_DERIVE, TOC_CONTEXT_SIGN };
void toc_raw_context(uint8_t out[static TOC_RAW_PERSONAL_BYTES], enum toc_context context,
                     enum toc_context_kind kind);

/* Ed25519 over a message as it stands. */
void toc_raw_sign(uint8_t sig[static TOC_SIG_BYTES], struct toc_span message,
                  const uint8_t secret[static TOC_SIGN_SECRET_BYTES]);
bool toc_raw_verify(const uint8_t sig[static TOC_SIG_BYTES], struct toc_span message,
                    const uint8_t public_key[static TOC_KEY_BYTES]);

enum toc_raw_cipher {
    TOC_RAW_CHACHA,  /* ChaCha20-Poly1305, RFC 8439, nonce of 12 bytes */
    TOC_RAW_XCHACHA, /* XChaCha20-Poly1305, draft-irtf-cfrg-xchacha-03, nonce of 24 bytes */
};

/* Everything of an AEAD call but the data. */
struct toc_raw_lock {
    enum toc_raw_cipher cipher;
    const uint8_t *key;   /* 32 bytes */
    const uint8_t *nonce; /* of the cipher's length */
    struct toc_span ad;
};

/* out gets plain.len + 16 bytes, ciphertext ‖ tag; it may overlap plain exactly. */
void toc_raw_seal(uint8_t *out, struct toc_span plain, const struct toc_raw_lock *lock);
/* out gets sealed.len - 16 bytes and may overlap exactly. False when sealed is shorter than a tag
 * (nothing is written) or does not open (out is then zero). */
TOC_MUST_USE bool toc_raw_open(uint8_t *out, struct toc_span sealed,
                               const struct toc_raw_lock *lock);

#endif
