/* SPDX-License-Identifier: EUPL-1.2 */
#include "sim.h"

#include <stdlib.h>
#include <string.h>

#include "raw.h"

/*
 * Cryptography costs more than everything else that a simulated node does, so this program alone
 * puts models in its place, at link time (-Wl,--wrap): the product's code is untouched and calls
 * its own crypto/raw. A model keeps the promises of what it stands for, short of an attacker who
 * computes; nobody in here does:
 *   a signature is 64 bytes that follow from secret and message; it verifies if and only if this
 *   process has made it for that key and message (all nodes share the memory of what was signed);
 *   a shared secret follows from the two public keys, whichever side computes it;
 *   a hash differs when a bit of its input does;
 *   what is sealed opens with the same key, nonce and data alone, and looks like noise.
 * `--real-crypto` uses the real functions, and remembers what verified.
 */

extern __typeof__(toc_raw_sign) __real_toc_raw_sign, __wrap_toc_raw_sign;
extern __typeof__(toc_raw_verify) __real_toc_raw_verify, __wrap_toc_raw_verify;
extern __typeof__(toc_raw_dh) __real_toc_raw_dh, __wrap_toc_raw_dh;
extern __typeof__(toc_raw_dh_public) __real_toc_raw_dh_public, __wrap_toc_raw_dh_public;
extern __typeof__(toc_raw_hash_init) __real_toc_raw_hash_init, __wrap_toc_raw_hash_init;
extern __typeof__(toc_raw_hash_add) __real_toc_raw_hash_add, __wrap_toc_raw_hash_add;
extern __typeof__(toc_raw_hash_final) __real_toc_raw_hash_final, __wrap_toc_raw_hash_final;
extern __typeof__(toc_raw_seal) __real_toc_raw_seal, __wrap_toc_raw_seal;
extern __typeof__(toc_raw_open) __real_toc_raw_open, __wrap_toc_raw_open;

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

#define LANES 8u /* so many multiplications at a time */
#define BLOCK_BYTES (LANES * 8u)

/* The model of a hash, in the memory of the real one. */
struct lanes {
    uint64_t word[LANES], len;
    uint8_t rest[BLOCK_BYTES];
    size_t rest_len;
} __attribute__((may_alias));
_Static_assert(sizeof(struct lanes) <= sizeof(struct toc_raw_hash), "the model fits");

static struct lanes *lanes_of(struct toc_raw_hash *hash)
{
    return (struct lanes *)hash;
}

static uint64_t stir(uint64_t x)
{
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

static void take_blocks(struct lanes *lanes, const uint8_t *at, size_t count)
{
    uint64_t sums[LANES];
    memcpy(sums, lanes->word, sizeof sums);
    for (; count > 0; count--, at += BLOCK_BYTES) {
        for (size_t i = 0; i < LANES; i++) {
            uint64_t word;
            memcpy(&word, at + 8 * i, 8);
            sums[i] = (sums[i] ^ word) * UINT64_C(0xd6e8feb86659fd93);
            sums[i] ^= sums[i] >> 29;
        }
    }
    memcpy(lanes->word, sums, sizeof sums);
}

static void begin_lanes(struct lanes *lanes, uint64_t seed)
{
    lanes->len = lanes->rest_len = 0;
    for (size_t i = 0; i < LANES; i++) {
        lanes->word[i] = (seed + i + 1) * UINT64_C(0x9e3779b97f4a7c15);
    }
}

static void add_lanes(struct lanes *lanes, struct toc_span part)
{
    lanes->len += part.len;
    while (part.len > 0) {
        if (lanes->rest_len == 0 && part.len >= BLOCK_BYTES) {
            size_t whole = part.len / BLOCK_BYTES;
            take_blocks(lanes, part.at, whole);
            part = toc_span(part.at + whole * BLOCK_BYTES, part.len - whole * BLOCK_BYTES);
            continue;
        }
        size_t left = BLOCK_BYTES - lanes->rest_len, count = left < part.len ? left : part.len;
        memcpy(lanes->rest + lanes->rest_len, part.at, count);
        lanes->rest_len += count;
        part = toc_span(part.at + count, part.len - count);
        if (lanes->rest_len == BLOCK_BYTES) {
            take_blocks(lanes, lanes->rest, 1);
            lanes->rest_len = 0;
        }
    }
}

static void end_lanes(struct lanes *lanes, uint8_t *out, size_t out_len)
{
    uint8_t last[BLOCK_BYTES] = {0};
    uint64_t sum = stir(lanes->len);
    memcpy(last, lanes->rest, lanes->rest_len);
    take_blocks(lanes, last, 1);
    for (size_t i = 0; i < LANES; i++) {
        sum = stir(sum + lanes->word[i]);
    }
    for (size_t i = 0; i < out_len; i += 8) {
        uint64_t word = stir(sum + lanes->word[i / 8 % LANES]);
        memcpy(out + i, &word, out_len - i < 8 ? out_len - i : 8);
    }
}

void __wrap_toc_raw_hash_init(struct toc_raw_hash *hash, const uint8_t *personal,
                              struct toc_span key, size_t out_len)
{
    if (is_real) {
        __real_toc_raw_hash_init(hash, personal, key, out_len);
        return;
    }
    struct lanes *lanes = lanes_of(hash);
    begin_lanes(lanes, out_len << 32 | key.len);
    add_lanes(lanes, toc_span(personal, personal == NULL ? 0 : TOC_RAW_PERSONAL_BYTES));
    add_lanes(lanes, key);
}

void __wrap_toc_raw_hash_add(struct toc_raw_hash *hash, struct toc_span part)
{
    if (is_real) {
        __real_toc_raw_hash_add(hash, part);
        return;
    }
    add_lanes(lanes_of(hash), part);
}

void __wrap_toc_raw_hash_final(struct toc_raw_hash *hash, uint8_t *out, size_t out_len)
{
    if (is_real) {
        __real_toc_raw_hash_final(hash, out, out_len);
        return;
    }
    end_lanes(lanes_of(hash), out, out_len);
}

static uint64_t seed_of(const struct toc_raw_lock *lock)
{
    size_t nonce =
        lock->cipher == TOC_RAW_CHACHA ? TOC_RAW_CHACHA_NONCE_BYTES : TOC_RAW_XCHACHA_NONCE_BYTES;
    uint64_t seed = sim_hash(toc_span(lock->key, TOC_RAW_AEAD_KEY_BYTES), 3);
    return sim_hash(toc_span(lock->nonce, nonce), seed);
}

static void add_noise(uint8_t *out, const uint8_t *in, size_t len, uint64_t seed)
{
    const uint64_t factor = UINT64_C(0xd6e8feb86659fd93);
    uint64_t noise = seed * factor, word = 0;
    size_t whole = len / 8 * 8;
    for (size_t i = 0; i < whole; i += 8) {
        memcpy(&word, in + i, 8);
        word ^= noise ^ noise >> 32;
        memcpy(out + i, &word, 8);
        noise += 8 * factor; /* (seed + i) * factor */
    }
    if (whole < len) {
        word = 0;
        memcpy(&word, in + whole, len - whole);
        word ^= noise ^ noise >> 32;
        memcpy(out + whole, &word, len - whole);
    }
}

static void make_tag(uint8_t tag[TOC_RAW_TAG_BYTES], struct toc_span sealed, struct toc_span ad,
                     uint64_t seed)
{
    struct lanes lanes;
    begin_lanes(&lanes, seed);
    add_lanes(&lanes, ad);
    add_lanes(&lanes, sealed);
    lanes.len ^= ad.len << 32;
    end_lanes(&lanes, tag, TOC_RAW_TAG_BYTES);
}

void __wrap_toc_raw_seal(uint8_t *out, struct toc_span plain, const struct toc_raw_lock *lock)
{
    if (is_real) {
        __real_toc_raw_seal(out, plain, lock);
        return;
    }
    uint64_t seed = seed_of(lock);
    add_noise(out, plain.at, plain.len, seed);
    make_tag(out + plain.len, toc_span(out, plain.len), lock->ad, seed);
}

bool __wrap_toc_raw_open(uint8_t *out, struct toc_span sealed, const struct toc_raw_lock *lock)
{
    if (is_real) {
        return __real_toc_raw_open(out, sealed, lock);
    }
    if (sealed.len < TOC_RAW_TAG_BYTES) {
        return false;
    }
    size_t len = sealed.len - TOC_RAW_TAG_BYTES;
    uint8_t tag[TOC_RAW_TAG_BYTES];
    uint64_t seed = seed_of(lock);
    make_tag(tag, toc_span(sealed.at, len), lock->ad, seed);
    if (memcmp(tag, sealed.at + len, sizeof tag) != 0) {
        memset(out, 0, len);
        return false;
    }
    add_noise(out, sealed.at, len, seed);
    return true;
}

static void hash_of(uint8_t *out, size_t out_len, char what, struct toc_span a, struct toc_span b)
{
    struct lanes lanes;
    begin_lanes(&lanes, (uint64_t)what);
    add_lanes(&lanes, a);
    add_lanes(&lanes, b);
    end_lanes(&lanes, out, out_len);
}

/* The trace is hashed for real: who compares two runs wants to rely on it. */

void sim_trace_add(struct toc_raw_hash *hash, struct toc_span part)
{
    __real_toc_raw_hash_add(hash, part);
}

void sim_trace_begin(struct toc_raw_hash *hash)
{
    __real_toc_raw_hash_init(hash, NULL, toc_span(NULL, 0), TOC_HASH_BYTES);
}

void sim_trace_end(struct toc_raw_hash *hash, uint8_t out[TOC_HASH_BYTES])
{
    __real_toc_raw_hash_final(hash, out, TOC_HASH_BYTES);
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
