/* SPDX-License-Identifier: EUPL-1.2 */
/* USES: bulletin log seal */
/*
 * The protocol's codecs on one core: checking, building and cutting ranges of 64 entries of 1 KiB,
 * and bulletins in and out. The limit of a check is nothing but its hashes and its one signature.
 */
#include <stdio.h>
#include <time.h>

#include "chain.h"
#include "sample_bulletin.h"

#define ROUNDS 9u
#define ROUND_NS 50000000.0 /* a round takes about this long */
#define ENTRIES 64u
#define PAYLOAD_BYTES 1024u

static struct chain chain;
static uint8_t block_bytes[TOC_RANGE_BYTES_MAX], out[TOC_RANGE_BYTES_MAX], encoded[65536];
static uint8_t single_bytes[ENTRIES][2048];
static struct toc_span block, singles[ENTRIES], canonical;
static struct sample_lists lists;
static struct toc_bulletin bulletin;

static void require(bool holds, const char *what)
{
    if (!holds) {
        (void)fprintf(stderr, "bench_codec: %s failed\n", what);
        exit(1);
    }
}

static void op_limit(void)
{
    uint8_t hash[TOC_HASH_BYTES];
    for (size_t i = 0; i < ENTRIES; i++) {
        toc_payload_hash(hash, toc_span(chain.entries[i].payload, PAYLOAD_BYTES));
        toc_header_hash(hash, toc_span(chain.entries[i].bytes, TOC_HEADER_BYTES));
    }
    require(
        !toc_failed(toc_verify(chain.entries[ENTRIES - 1].sig, TOC_CTX_S_HEADER, chain.federation,
                               chain.entries[ENTRIES - 1].hash, chain.keys.public_key)),
        "verify");
}

static void op_check(void)
{
    const struct toc_log_head head = {0};
    struct toc_log_head after;
    require(
        !toc_failed(toc_range_check(block, chain.federation, chain.keys.public_key, &head, &after)),
        "check");
}

static void op_build(void)
{
    (void)chain_range(&chain, 1, ENTRIES, true, (struct toc_room){out, sizeof out});
}

static void op_join(void)
{
    struct toc_span joined;
    require(
        !toc_failed(toc_range_join(singles, ENTRIES, (struct toc_room){out, sizeof out}, &joined)),
        "join");
}

static void op_slice(void)
{
    struct toc_span slice;
    require(
        !toc_failed(toc_range_slice(block, 33, false, (struct toc_room){out, sizeof out}, &slice)),
        "slice");
}

static void op_encode(void)
{
    require(
        !toc_failed(toc_bulletin_encode(&bulletin, (struct toc_room){out, sizeof out}, &canonical)),
        "encode");
}

static void op_decode(void)
{
    static uint8_t heap[16384];
    struct toc_bulletin back;
    struct toc_arena arena;
    toc_arena_init(&arena, heap, sizeof heap);
    require(!toc_failed(toc_bulletin_decode(&back, toc_span(encoded, canonical.len), &arena)),
            "decode");
}

static void op_walk(void)
{
    require(!toc_failed(toc_codec_check(toc_span(encoded, canonical.len))), "codec check");
}

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

/* Runs a second of each operation, each counting `items`: the median of rounds that take turns, so
 * that a busy machine slows both. */
static void rates(void (*const runs[])(void), double got[], size_t run_count, double items)
{
    unsigned long count = 1;
    double rounds[2][ROUNDS];
    require(run_count <= 2, "two operations at most");
    while (time_of(runs[0], count) < ROUND_NS / 4) {
        count *= 2;
    }
    for (size_t i = 0; i < ROUNDS; i++) {
        for (size_t k = 0; k < run_count; k++) {
            rounds[k][i] = time_of(runs[k], count) / (double)count;
        }
    }
    for (size_t k = 0; k < run_count; k++) {
        qsort(rounds[k], ROUNDS, sizeof rounds[k][0], ascending);
        got[k] = items * 1e9 / rounds[k][ROUNDS / 2];
    }
}

static double rate(void (*run)(void), double items)
{
    double got;
    rates(&run, &got, 1, items);
    return got;
}

static void print(const char *name, double value, const char *unit, const char *rest)
{
    (void)printf("{\"name\":\"%s\",\"value\":%.0f,\"unit\":\"%s\"%s}\n", name, value, unit, rest);
    (void)fflush(stdout);
}

static void prepare(void)
{
    chain_init(&chain, 1);
    for (size_t i = 0; i < ENTRIES; i++) {
        chain_add(&chain, PAYLOAD_BYTES, 1);
    }
    block =
        chain_range(&chain, 1, ENTRIES, true, (struct toc_room){block_bytes, sizeof block_bytes});
    for (size_t i = 0; i < ENTRIES; i++) {
        singles[i] = chain_range(&chain, i + 1, i + 1, true,
                                 (struct toc_room){single_bytes[i], sizeof single_bytes[i]});
    }
    bulletin = sample_full(&lists);
    op_encode();
    memcpy(encoded, canonical.at, canonical.len);
}

int main(void)
{
    prepare();
    void (*const both[])(void) = {op_limit, op_check};
    double got[2];
    rates(both, got, 2, ENTRIES);
    print("range.limit", got[0], "entries/s", "");
    print("range.check", got[1], "entries/s", ",\"limit\":\"range.limit\",\"goal\":\">= 0.9x\"");
    print("range.build", rate(op_build, ENTRIES), "entries/s", "");
    print("range.join", rate(op_join, ENTRIES), "entries/s", "");
    print("range.slice", rate(op_slice, ENTRIES), "entries/s", "");
    double overhead = 100.0 * (double)block.len / (ENTRIES * PAYLOAD_BYTES) - 100.0;
    (void)printf("{\"name\":\"range.overhead\",\"value\":%.2f,\"unit\":\"%%\",\"goal\":\"<= 3\"}\n",
                 overhead);
    print("bulletin.encode", rate(op_encode, 1), "bulletins/s", "");
    print("bulletin.decode", rate(op_decode, 1), "bulletins/s", "");
    print("codec.check", rate(op_walk, (double)canonical.len / 1e6), "MB/s", "");
    chain_clear(&chain);
    return 0;
}
