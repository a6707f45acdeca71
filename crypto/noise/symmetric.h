/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * SymmetricState and CipherState of the Noise specification (sections 5.1 and 5.2), with its names.
 * Internal to this room. They work on the fields ck, h, k, n and has_key of struct toc_noise.
 */
#ifndef TOC_SYMMETRIC_H
#define TOC_SYMMETRIC_H

#include "noise.h"

#define TOC_NOISE_HASHLEN 64u /* BLAKE2b, specification section 12.8 */

/* InitializeSymmetric(name). The name has at most 64 bytes (asserted). */
void toc_noise_symmetric_init(struct toc_noise *noise, const char *name);
/* MixHash(data). */
void toc_noise_mix_hash(struct toc_noise *noise, struct toc_span data);
/* MixKey(input). */
void toc_noise_mix_key(struct toc_noise *noise, const uint8_t input[static TOC_KEY_BYTES]);
/* MixKeyAndHash(input). */
void toc_noise_mix_key_and_hash(struct toc_noise *noise, const uint8_t input[static TOC_KEY_BYTES]);
/* EncryptAndHash(plain): out gets plain.len + 16 bytes. Asserts a key: IKpsk2 has one wherever it
 * encrypts. */
void toc_noise_encrypt_and_hash(struct toc_noise *noise, struct toc_span plain, uint8_t *out);
/* DecryptAndHash(sealed): out gets sealed.len - 16 bytes, or zeros and false. `sealed` has at least
 * 16 bytes (asserted). */
TOC_MUST_USE bool toc_noise_decrypt_and_hash(struct toc_noise *noise, struct toc_span sealed,
                                             uint8_t *out);
/* Split(): the key of the initiator's messages, then that of the responder's. */
void toc_noise_split_keys(const struct toc_noise *noise, uint8_t first[static TOC_KEY_BYTES],
                          uint8_t second[static TOC_KEY_BYTES]);

/* The nonce of ChaCha20-Poly1305 in Noise: four zero bytes, then n little-endian (section 12.3). */
#define TOC_NOISE_NONCE_BYTES 12u
void toc_noise_nonce(uint8_t out[static TOC_NOISE_NONCE_BYTES], uint64_t n);

#endif
