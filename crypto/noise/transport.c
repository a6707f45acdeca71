/* SPDX-License-Identifier: EUPL-1.2 */
#include "raw.h"
#include "symmetric.h"

#include <string.h>

/* 2^64 - 1 is reserved for rekeying, specification section 5.1. */
#define NONCE_RESERVED UINT64_MAX

static struct toc_err check_nonce(const struct toc_cipher *cipher)
{
    if (cipher->nonce == NONCE_RESERVED) {
        return toc_fail(TOC_STATE, "the link's nonces are used up");
    }
    return toc_ok();
}

struct toc_err toc_cipher_seal(struct toc_cipher *cipher, struct toc_span plain, uint8_t *out)
{
    TOC_TRY(check_nonce(cipher));
    if (plain.len > TOC_NOISE_MESSAGE_BYTES_MAX - TOC_NOISE_TAG_BYTES) {
        return toc_fail(TOC_LIMIT, "a transport message has at most 65,535 bytes");
    }
    uint8_t nonce[TOC_NOISE_NONCE_BYTES];
    toc_noise_nonce(nonce, cipher->nonce);
    struct toc_raw_lock lock = {TOC_RAW_CHACHA, cipher->key, nonce, toc_span(NULL, 0)};
    toc_raw_seal(out, plain, &lock);
    cipher->nonce++;
    return toc_ok();
}

struct toc_err toc_cipher_open(struct toc_cipher *cipher, struct toc_span message, uint8_t *out)
{
    TOC_TRY(check_nonce(cipher));
    if (message.len < TOC_NOISE_TAG_BYTES) {
        return toc_fail(TOC_TRUNCATED, "a transport message is shorter than its tag");
    }
    if (message.len > TOC_NOISE_MESSAGE_BYTES_MAX) {
        return toc_fail(TOC_LIMIT, "a transport message has at most 65,535 bytes");
    }
    uint8_t nonce[TOC_NOISE_NONCE_BYTES];
    toc_noise_nonce(nonce, cipher->nonce);
    struct toc_raw_lock lock = {TOC_RAW_CHACHA, cipher->key, nonce, toc_span(NULL, 0)};
    if (!toc_raw_open(out, message, &lock)) {
        return toc_fail(TOC_DECRYPT, "a transport message does not decrypt");
    }
    cipher->nonce++;
    return toc_ok();
}

void toc_cipher_rekey(struct toc_cipher *cipher)
{
    static const uint8_t zeros[TOC_KEY_BYTES];
    uint8_t sealed[TOC_KEY_BYTES + TOC_NOISE_TAG_BYTES];
    uint8_t nonce[TOC_NOISE_NONCE_BYTES];
    toc_noise_nonce(nonce, NONCE_RESERVED);
    struct toc_raw_lock lock = {TOC_RAW_CHACHA, cipher->key, nonce, toc_span(NULL, 0)};
    toc_raw_seal(sealed, toc_span(zeros, sizeof zeros), &lock);
    memcpy(cipher->key, sealed, TOC_KEY_BYTES);
    toc_wipe(sealed, sizeof sealed);
}
