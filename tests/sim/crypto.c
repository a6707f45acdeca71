/* SPDX-License-Identifier: EUPL-1.2 */
#include "sim.h"

#include <stdlib.h>
#include <string.h>

#include "raw.h"

/*
 * Ed25519 and X25519 cost more than everything else that a simulated node does, so this program
 * alone puts models in their place, at link time (-Wl,--wrap): the product's code is untouched and
 * calls its own crypto/raw. A model keeps the promises of what it stands for:
 *   a signature is 64 bytes that follow from secret and message; it verifies if and only if this
 *   process has made it for that key and message (all nodes share the memory of what was signed);
 *   a shared secret follows from the two public keys, whichever side computes it.
 * Hashes and AEAD stay real. `--real-crypto` uses the real functions, and remembers what verified.
 */

extern __typeof__(toc_raw_sign) __real_toc_raw_sign, __wrap_toc_raw_sign;
extern __typeof__(toc_raw_verify) __real_toc_raw_verify, __wrap_toc_raw_verify;
extern __typeof__(toc_raw_dh) __real_toc_raw_dh, __wrap_toc_raw_dh;
extern __typeof__(toc_raw_dh_public) __real_toc_raw_dh_public, __wrap_toc_raw_dh_public;

/* What has verified: 128 bits of a hash over key, signature and message. */
struct verified {
    uint64_t a, b;
};
static struct verified *verified;
static size_t verified_size, verified_count;
static bool is_real;

void sim_crypto_real(bool real)
{
    is_real = real;
}

static struct verified *place_of(struct verified *table, size_t size, struct verified what)
{
    size_t at = what.a & (size - 1);
    while ((table[at].a | table[at].b) != 0 && (table[at].a != what.a || table[at].b != what.b)) {
        at = (at + 1) & (size - 1);
    }
    return &table[at];
}

static struct verified name_of(const uint8_t *sig, struct toc_span message, const uint8_t *key)
{
    uint8_t fixed[96];
    memcpy(fixed, sig, 64);
    memcpy(fixed + 64, key, 32);
    uint64_t seed = sim_hash(toc_span(fixed, sizeof fixed), 2);
    return (struct verified){sim_hash(message, seed), sim_hash(message, ~seed) | 1};
}

static bool is_known(struct verified what)
{
    if (verified_size == 0) {
        return false;
    }
    struct verified *at = place_of(verified, verified_size, what);
    return at->b == what.b;
}

static void remember(struct verified what)
{
    if (verified_count * 2 >= verified_size) {
        size_t size = verified_size == 0 ? 4096 : verified_size * 2;
        struct verified *larger = calloc(size, sizeof *larger);
        TOC_ASSERT(larger != NULL);
        for (size_t i = 0; i < verified_size; i++) {
            if (verified[i].b != 0) {
                *place_of(larger, size, verified[i]) = verified[i];
            }
        }
        free(verified);
        verified = larger;
        verified_size = size;
    }
    verified_count++;
    *place_of(verified, verified_size, what) = what;
}

static void hash_of(uint8_t *out, size_t out_len, char what, struct toc_span a, struct toc_span b)
{
    uint8_t personal[TOC_RAW_PERSONAL_BYTES] = {'s', 'i', 'm', (uint8_t)what};
    struct toc_raw_hash hash;
    toc_raw_hash_init(&hash, personal, toc_span(NULL, 0), out_len);
    toc_raw_hash_add(&hash, a);
    toc_raw_hash_add(&hash, b);
    toc_raw_hash_final(&hash, out, out_len);
}

void __wrap_toc_raw_sign(uint8_t sig[static TOC_RAW_SIG_BYTES], struct toc_span message,
                         const uint8_t secret[static TOC_RAW_SIGN_SECRET_BYTES])
{
    if (is_real) {
        __real_toc_raw_sign(sig, message, secret);
        return;
    }
    hash_of(sig, TOC_RAW_SIG_BYTES, 's', toc_span(secret, 32), message);
    struct verified what = name_of(sig, message, secret + 32);
    if (!is_known(what)) {
        remember(what);
    }
}

bool __wrap_toc_raw_verify(const uint8_t sig[static TOC_RAW_SIG_BYTES], struct toc_span message,
                           const uint8_t public_key[static TOC_RAW_SIGN_PUBLIC_BYTES])
{
    struct verified what = name_of(sig, message, public_key);
    if (is_known(what)) {
        return true;
    }
    if (!is_real || !__real_toc_raw_verify(sig, message, public_key)) {
        return false;
    }
    remember(what);
    return true;
}

void __wrap_toc_raw_dh_public(uint8_t public_key[static TOC_RAW_DH_BYTES],
                              const uint8_t secret[static TOC_RAW_DH_BYTES])
{
    if (is_real) {
        __real_toc_raw_dh_public(public_key, secret);
        return;
    }
    hash_of(public_key, TOC_RAW_DH_BYTES, 'p', toc_span(secret, 32), toc_span(NULL, 0));
}

bool __wrap_toc_raw_dh(uint8_t out[static TOC_RAW_DH_BYTES],
                       const uint8_t secret[static TOC_RAW_DH_BYTES],
                       const uint8_t public_key[static TOC_RAW_DH_BYTES])
{
    if (is_real) {
        return __real_toc_raw_dh(out, secret, public_key);
    }
    uint8_t own[TOC_RAW_DH_BYTES];
    hash_of(own, sizeof own, 'p', toc_span(secret, 32), toc_span(NULL, 0));
    bool lower = memcmp(own, public_key, sizeof own) < 0;
    hash_of(out, TOC_RAW_DH_BYTES, 'd', toc_span(lower ? own : public_key, 32),
            toc_span(lower ? public_key : own, 32));
    return true;
}
