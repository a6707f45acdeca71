/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * raw: the primitives, and the one place that calls libsodium. keys, noise and seal stand on it, so
 * that the published test vectors run through the very calls that they make. Nothing above the
 * crypto floor uses it: there, every use goes through keys, which gives it its context.
 *
 * Pointers are lent for the call. sodium_init, which the program calls once at start, picks the
 * fast code; results never depend on it.
 */
#ifndef TOC_RAW_H
#define TOC_RAW_H

#include "base.h"

/* BLAKE2b, RFC 7693. */

#define TOC_RAW_HASH_BYTES_MIN 16u /* libsodium's least */
#define TOC_RAW_HASH_BYTES_MAX 64u /* RFC 7693 section 2.1 */
#define TOC_RAW_PERSONAL_BYTES 16u /* the parameter block's personalisation */

struct toc_raw_hash {
    _Alignas(64) uint8_t opaque[384]; /* libsodium's state */
};

/*
 * Starts a hash. `personal` is 16 bytes or NULL for zeros; the salt is zero; an empty key means
 * unkeyed, else it has 16 to 64 bytes; out_len is TOC_RAW_HASH_BYTES_MIN to _MAX (asserted).
 */
void toc_raw_hash_init(struct toc_raw_hash *hash, const uint8_t *personal, struct toc_span key,
                       size_t out_len);
void toc_raw_hash_add(struct toc_raw_hash *hash, struct toc_span part);
/* Gives out_len bytes, the same number as at the start, and wipes the state. */
void toc_raw_hash_final(struct toc_raw_hash *hash, uint8_t *out, size_t out_len);

/* Ed25519, RFC 8032. */

#define TOC_RAW_SIG_BYTES 64u
#define TOC_RAW_SIGN_PUBLIC_BYTES 32u
#define TOC_RAW_SIGN_SECRET_BYTES 64u /* seed ‖ public key */
#define TOC_RAW_SIGN_SEED_BYTES 32u

/* The pair that belongs to a seed of 32 fresh bytes. */
void toc_raw_sign_keypair(uint8_t public_key[static TOC_RAW_SIGN_PUBLIC_BYTES],
                          uint8_t secret[static TOC_RAW_SIGN_SECRET_BYTES],
                          const uint8_t seed[static TOC_RAW_SIGN_SEED_BYTES]);
/* Signs a message as it stands. */
void toc_raw_sign(uint8_t sig[static TOC_RAW_SIG_BYTES], struct toc_span message,
                  const uint8_t secret[static TOC_RAW_SIGN_SECRET_BYTES]);
/* Accepts exactly what libsodium 1.0.18 accepts: s below the group order, R and public key not of
 * small order, public key canonical, the equation without cofactor. */
bool toc_raw_verify(const uint8_t sig[static TOC_RAW_SIG_BYTES], struct toc_span message,
                    const uint8_t public_key[static TOC_RAW_SIGN_PUBLIC_BYTES]);

/* X25519, RFC 7748. */

#define TOC_RAW_DH_BYTES 32u

/* Public key of a secret; the secret is clamped here and in toc_raw_dh, never where it is kept. */
void toc_raw_dh_public(uint8_t public_key[static TOC_RAW_DH_BYTES],
                       const uint8_t secret[static TOC_RAW_DH_BYTES]);
/* False, and out zeroed, when the public key is of low order: the result would be zero. */
TOC_MUST_USE bool toc_raw_dh(uint8_t out[static TOC_RAW_DH_BYTES],
                             const uint8_t secret[static TOC_RAW_DH_BYTES],
                             const uint8_t public_key[static TOC_RAW_DH_BYTES]);

/* ChaCha20-Poly1305. */

#define TOC_RAW_AEAD_KEY_BYTES 32u
#define TOC_RAW_TAG_BYTES 16u
#define TOC_RAW_CHACHA_NONCE_BYTES 12u
#define TOC_RAW_XCHACHA_NONCE_BYTES 24u

enum toc_raw_cipher {
    TOC_RAW_CHACHA,  /* RFC 8439 section 2.8, nonce of 12 bytes */
    TOC_RAW_XCHACHA, /* draft-irtf-cfrg-xchacha-03, nonce of 24 bytes */
};

/* Everything of an AEAD call but the data. Lends: key, nonce and ad. */
struct toc_raw_lock {
    enum toc_raw_cipher cipher;
    const uint8_t *key;
    const uint8_t *nonce; /* of the cipher's length */
    struct toc_span ad;
};

/* out gets plain.len + 16 bytes, ciphertext ‖ tag; it may overlap plain exactly. */
void toc_raw_seal(uint8_t *out, struct toc_span plain, const struct toc_raw_lock *lock);
/* out gets sealed.len - 16 bytes and may overlap exactly. False when sealed is shorter than a tag
 * (nothing is written) or does not open (out is then zero). */
TOC_MUST_USE bool toc_raw_open(uint8_t *out, struct toc_span sealed,
                               const struct toc_raw_lock *lock);

/* Argon2id, RFC 9106, one lane. */

#define TOC_RAW_SALT_BYTES 16u

struct toc_raw_stretch {
    uint32_t memory_kib; /* at least 8 */
    uint32_t passes;     /* at least 1 */
};

/* 32 bytes from a passphrase. The memory comes from the heap, inside libsodium. False when there is
 * none or the figures are out of its bounds; out is then zeroed. */
TOC_MUST_USE bool toc_raw_stretch(uint8_t out[static 32], struct toc_span passphrase,
                                  const uint8_t salt[static TOC_RAW_SALT_BYTES],
                                  struct toc_raw_stretch strength);

/* Secrets. */

/* Equality in a time that depends on `len` alone. */
bool toc_raw_equal(const void *a, const void *b, size_t len);
/* Overwrites; never optimised away. */
void toc_raw_wipe(void *at, size_t len);

#endif
