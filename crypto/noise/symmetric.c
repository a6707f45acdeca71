/* SPDX-License-Identifier: EUPL-1.2 */
#include "symmetric.h"

#include "raw.h"

#include <string.h>

#define BLOCKLEN 128u /* BLAKE2b, specification section 12.8 */
#define HASHLEN TOC_NOISE_HASHLEN

/* Where HMAC-BLAKE2b is on its way. */
struct hmac {
    struct toc_raw_hash hash;
    uint8_t outer[BLOCKLEN];
};

/* HMAC, RFC 2104, with unkeyed BLAKE2b-512 as its hash: BLAKE2b's own keyed mode would be shorter,
 * but the specification's HKDF is written over HMAC. A key here always fits one block. */
static void hmac_init(struct hmac *hmac, const uint8_t key[static HASHLEN])
{
    uint8_t inner[BLOCKLEN];
    memset(inner, 0x36, sizeof inner);
    memset(hmac->outer, 0x5c, sizeof hmac->outer);
    for (size_t i = 0; i < HASHLEN; i++) {
        inner[i] ^= key[i];
        hmac->outer[i] ^= key[i];
    }
    toc_raw_hash_init(&hmac->hash, NULL, toc_span(NULL, 0), HASHLEN);
    toc_raw_hash_add(&hmac->hash, toc_span(inner, sizeof inner));
    toc_wipe(inner, sizeof inner);
}

static void hmac_final(struct hmac *hmac, uint8_t out[static HASHLEN])
{
    uint8_t digest[HASHLEN];
    toc_raw_hash_final(&hmac->hash, digest, HASHLEN);
    toc_raw_hash_init(&hmac->hash, NULL, toc_span(NULL, 0), HASHLEN);
    toc_raw_hash_add(&hmac->hash, toc_span(hmac->outer, sizeof hmac->outer));
    toc_raw_hash_add(&hmac->hash, toc_span(digest, sizeof digest));
    toc_raw_hash_final(&hmac->hash, out, HASHLEN);
    toc_wipe(digest, sizeof digest);
    toc_wipe(hmac, sizeof *hmac);
}

#define HKDF_OUTPUTS_MAX 3u

/* HKDF(chaining_key, input, count), section 4.3: each output is HMAC(temp, previous ‖ number). */
static void hkdf(uint8_t out[][HASHLEN], size_t count, const uint8_t ck[static HASHLEN],
                 struct toc_span input)
{
    struct hmac hmac;
    uint8_t temp[HASHLEN];
    hmac_init(&hmac, ck);
    toc_raw_hash_add(&hmac.hash, input);
    hmac_final(&hmac, temp);
    for (size_t i = 0; i < count; i++) {
        uint8_t number = (uint8_t)(i + 1);
        hmac_init(&hmac, temp);
        if (i > 0) {
            toc_raw_hash_add(&hmac.hash, toc_span(out[i - 1], HASHLEN));
        }
        toc_raw_hash_add(&hmac.hash, toc_span(&number, 1));
        hmac_final(&hmac, out[i]);
    }
    toc_wipe(temp, sizeof temp);
}

/* InitializeKey(key). A 64-byte output is cut to its first 32 bytes, as section 5.2 has it. */
static void initialize_key(struct toc_noise *noise, const uint8_t *key)
{
    memcpy(noise->k, key, TOC_KEY_BYTES);
    noise->n = 0;
    noise->has_key = true;
}

void toc_noise_symmetric_init(struct toc_noise *noise, const char *name)
{
    size_t len = strlen(name);
    TOC_ASSERT(len <= HASHLEN);
    memset(noise->h, 0, HASHLEN);
    memcpy(noise->h, name, len);
    memcpy(noise->ck, noise->h, HASHLEN);
    noise->has_key = false;
}

void toc_noise_mix_hash(struct toc_noise *noise, struct toc_span data)
{
    struct toc_raw_hash hash;
    toc_raw_hash_init(&hash, NULL, toc_span(NULL, 0), HASHLEN);
    toc_raw_hash_add(&hash, toc_span(noise->h, HASHLEN));
    toc_raw_hash_add(&hash, data);
    toc_raw_hash_final(&hash, noise->h, HASHLEN);
}

void toc_noise_mix_key(struct toc_noise *noise, const uint8_t input[static TOC_KEY_BYTES])
{
    uint8_t out[2][HASHLEN];
    hkdf(out, 2, noise->ck, toc_span(input, TOC_KEY_BYTES));
    memcpy(noise->ck, out[0], HASHLEN);
    initialize_key(noise, out[1]);
    toc_wipe(out, sizeof out);
}

void toc_noise_mix_key_and_hash(struct toc_noise *noise, const uint8_t input[static TOC_KEY_BYTES])
{
    uint8_t out[HKDF_OUTPUTS_MAX][HASHLEN];
    hkdf(out, 3, noise->ck, toc_span(input, TOC_KEY_BYTES));
    memcpy(noise->ck, out[0], HASHLEN);
    toc_noise_mix_hash(noise, toc_span(out[1], HASHLEN));
    initialize_key(noise, out[2]);
    toc_wipe(out, sizeof out);
}

void toc_noise_nonce(uint8_t out[static TOC_NOISE_NONCE_BYTES], uint64_t n)
{
    memset(out, 0, TOC_NOISE_NONCE_BYTES);
    toc_put_le64(out + 4, n);
}

void toc_noise_encrypt_and_hash(struct toc_noise *noise, struct toc_span plain, uint8_t *out)
{
    TOC_ASSERT(noise->has_key);
    uint8_t nonce[TOC_NOISE_NONCE_BYTES];
    toc_noise_nonce(nonce, noise->n);
    struct toc_raw_lock lock = {TOC_RAW_CHACHA, noise->k, nonce, toc_span(noise->h, HASHLEN)};
    toc_raw_seal(out, plain, &lock);
    noise->n++;
    toc_noise_mix_hash(noise, toc_span(out, plain.len + TOC_NOISE_TAG_BYTES));
}

bool toc_noise_decrypt_and_hash(struct toc_noise *noise, struct toc_span sealed, uint8_t *out)
{
    TOC_ASSERT(noise->has_key && sealed.len >= TOC_NOISE_TAG_BYTES);
    uint8_t nonce[TOC_NOISE_NONCE_BYTES];
    toc_noise_nonce(nonce, noise->n);
    struct toc_raw_lock lock = {TOC_RAW_CHACHA, noise->k, nonce, toc_span(noise->h, HASHLEN)};
    if (!toc_raw_open(out, sealed, &lock)) {
        return false;
    }
    noise->n++;
    toc_noise_mix_hash(noise, sealed);
    return true;
}

void toc_noise_split_keys(const struct toc_noise *noise, uint8_t first[static TOC_KEY_BYTES],
                          uint8_t second[static TOC_KEY_BYTES])
{
    uint8_t out[2][HASHLEN];
    hkdf(out, 2, noise->ck, toc_span(NULL, 0));
    memcpy(first, out[0], TOC_KEY_BYTES);
    memcpy(second, out[1], TOC_KEY_BYTES);
    toc_wipe(out, sizeof out);
}
