/* SPDX-License-Identifier: EUPL-1.2 */
/* USES: noise seal raw */
/* LIBS: sodium */
/*
 * The cost of what a node does most, on one core: one JSON line each. The median of several rounds
 * is printed, so that one interruption does not count.
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "noise.h"
#include "raw.h"
#include "seal.h"

#define ROUNDS 9u
#define ROUND_NS 50000000.0 /* a round takes about this long */
#define KIB 1024u
#define CHUNK (64u * KIB)

/* What the operations work on, made once. */
static struct {
    uint8_t data[CHUNK + TOC_RAW_TAG_BYTES];
    uint8_t payload[2 * CHUNK];
    size_t payload_len;
    uint8_t key[32], nonce[32], hash[32], sig[64];
    uint8_t dh_public[32], dh_secret[32];
    struct toc_sign_keys signer;
    struct toc_cipher cipher;
    struct toc_wrap_scope scope;
    uint8_t wrap[TOC_WRAP_BYTES];
} with;

static void require(bool holds, const char *what)
{
    if (!holds) {
        (void)fprintf(stderr, "bench_crypto: %s failed\n", what);
        exit(1);
    }
}

static void op_sign(void)
{
    toc_sign(with.sig, TOC_CTX_S_HEADER, with.key, with.hash, with.signer.secret);
}

static void op_verify(void)
{
    require(!toc_failed(toc_verify(with.sig, TOC_CTX_S_HEADER, with.key, with.hash,
                                   with.signer.public_key)),
            "verify");
}

static void op_dh(void)
{
    uint8_t shared[32];
    require(!toc_failed(toc_dh(shared, with.dh_secret, with.dh_public)), "dh");
}

static void op_hash(void)
{
    struct toc_span part = toc_span(with.data, KIB);
    toc_hash(with.hash, TOC_CTX_H_PAYLOAD, &part, 1);
}

static void op_kdf(void)
{
    uint8_t out[32];
    struct toc_span part = toc_span(with.data, 128);
    toc_kdf(out, with.key, TOC_CTX_K_GATE_TAG, &part, 1);
}

static void op_payload_seal(void)
{
    toc_payload_seal(with.payload, toc_span(with.data, KIB), with.key, toc_span(with.hash, 32),
                     with.nonce);
    with.payload_len = toc_payload_bytes(KIB);
}

static void op_payload_open(void)
{
    static uint8_t out[2 * KIB];
    struct toc_span content;
    require(!toc_failed(toc_payload_open(out, &content, toc_span(with.payload, with.payload_len),
                                         with.key, toc_span(with.hash, 32))),
            "payload open");
}

static void op_payload_seal_64k(void)
{
    toc_payload_seal(with.payload, toc_span(with.data, CHUNK - 4), with.key,
                     toc_span(with.hash, 32), with.nonce);
}

static void op_transport_seal_16k(void)
{
    require(!toc_failed(toc_cipher_seal(&with.cipher, toc_span(with.data, 16 * KIB), with.payload)),
            "transport seal");
}

static void op_wrap_make(void)
{
    require(!toc_failed(
                toc_wrap_make(with.wrap, &with.scope, with.dh_secret, with.dh_public, with.key)),
            "wrap");
}

/* What unlocking with a passphrase costs, once a start. */
static void op_passphrase(void)
{
    uint8_t out[32];
    struct toc_raw_stretch strength = {TOC_ARGON_MEMORY_KIB, TOC_ARGON_OPS};
    require(toc_raw_stretch(out, toc_span_str("correct horse"), with.key, strength), "argon2id");
}

static void start(struct toc_noise *noise, enum toc_noise_role role)
{
    struct toc_noise_options options = {role,
                                        toc_span_str("prologue"),
                                        with.dh_public,
                                        with.dh_secret,
                                        role == TOC_NOISE_INITIATOR ? with.dh_public : NULL,
                                        with.key};
    toc_noise_init(noise, &options);
    toc_noise_set_psk(noise, with.key);
}

/* Both sides of a handshake, up to the four keys. */
static void op_handshake(void)
{
    struct toc_noise init, resp;
    struct toc_cipher tx, rx;
    uint8_t message[TOC_NOISE_MSG1_BYTES], hash[32];
    struct toc_room room = {message, sizeof message}, none = {NULL, 0};
    start(&init, TOC_NOISE_INITIATOR);
    start(&resp, TOC_NOISE_RESPONDER);
    bool good = !toc_failed(toc_noise_write(&init, toc_span(NULL, 0), &room));
    good = good && !toc_failed(toc_noise_read(&resp, toc_span(message, room.len), &none));
    room.len = sizeof message;
    good = good && !toc_failed(toc_noise_write(&resp, toc_span(NULL, 0), &room));
    good = good && !toc_failed(toc_noise_read(&init, toc_span(message, room.len), &none));
    good = good && !toc_failed(toc_noise_split(&init, &tx, &rx, hash));
    require(good && !toc_failed(toc_noise_split(&resp, &tx, &rx, hash)), "handshake");
}

static const struct {
    const char *name;
    void (*run)(void);
} operations[] = {
    {"crypto.sign", op_sign},
    {"crypto.verify", op_verify},
    {"crypto.dh", op_dh},
    {"crypto.hash.1k", op_hash},
    {"crypto.kdf", op_kdf},
    {"crypto.payload_seal.1k", op_payload_seal},
    {"crypto.payload_open.1k", op_payload_open},
    {"crypto.payload_seal.64k", op_payload_seal_64k},
    {"crypto.transport_seal.16k", op_transport_seal_16k},
    {"crypto.wrap_make", op_wrap_make},
    {"crypto.handshake_both", op_handshake},
    {"crypto.passphrase", op_passphrase},
};

static double now_ns(void)
{
    struct timespec at;
    require(clock_gettime(CLOCK_MONOTONIC, &at) == 0, "clock_gettime");
    return (double)at.tv_sec * 1e9 + (double)at.tv_nsec;
}

static double time_of(void (*run)(void), unsigned long count)
{
    double begin = now_ns();
    for (unsigned long i = 0; i < count; i++) {
        run();
    }
    return now_ns() - begin;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static void measure(const char *name, void (*run)(void))
{
    unsigned long count = 1;
    double rounds[ROUNDS];
    while (time_of(run, count) < ROUND_NS / 4) {
        count *= 2;
    }
    for (size_t i = 0; i < ROUNDS; i++) {
        rounds[i] = time_of(run, count) / (double)count;
    }
    qsort(rounds, ROUNDS, sizeof *rounds, ascending);
    (void)printf("{\"name\":\"%s\",\"value\":%.3f,\"unit\":\"us\"}\n", name,
                 rounds[ROUNDS / 2] / 1000);
    (void)fflush(stdout);
}

int main(void)
{
    static const uint8_t entropy[32] = {1};
    require(sodium_init() >= 0, "sodium_init");
    toc_sign_keys_make(&with.signer, entropy);
    toc_dh_keypair(with.dh_public, with.dh_secret, entropy);
    with.scope = (struct toc_wrap_scope){with.hash, with.hash, with.dh_public};
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++) {
        /* Verifying and opening need what signing and sealing left under the same hash. */
        op_sign();
        op_payload_seal();
        measure(operations[i].name, operations[i].run);
    }
    return 0;
}
