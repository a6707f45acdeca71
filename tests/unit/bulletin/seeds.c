/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The seeds of the fuzz targets codec, frame, header, range, fork and bulletin: made here, kept in
 * tests/fuzz/corpus, and compared, so that a changed format leaves no stale seeds behind. To write
 * them anew run this program with TOCSIN_WRITE_SEEDS=1.
 */
#include <sys/stat.h>

#include "chain.h"
#include "check.h"
#include "sample_bulletin.h"

#define SEED_BYTES_MAX 4096u

static uint8_t memory[TOC_RANGE_BYTES_MAX];
static struct chain chain;
static struct sample_lists lists;

/* Compares a seed with its file, or writes it. */
static void keep(const char *name, struct toc_span seed)
{
    char path[4096];
    const char *source = getenv("TOCSIN_SOURCE");
    (void)snprintf(path, sizeof path, "%s/tests/fuzz/corpus/%s", source == NULL ? "." : source,
                   name);
    assert_true(seed.len <= SEED_BYTES_MAX);
    if (getenv("TOCSIN_WRITE_SEEDS") != NULL) {
        char folder[sizeof path];
        memcpy(folder, path, sizeof path);
        *strrchr(folder, '/') = '\0';
        (void)mkdir(folder, 0755);
        FILE *file = fopen(path, "wb");
        assert_non_null(file);
        assert_int_equal(fwrite(seed.at, 1, seed.len, file), seed.len);
        assert_int_equal(fclose(file), 0);
    }
    size_t len = 0;
    char *text = check_read(path, &len);
    if (text == NULL) {
        fail_msg("no seed %s: run this program with TOCSIN_WRITE_SEEDS=1", path);
    }
    assert_span(toc_span(text, len), seed);
    free(text);
}

static void keep_hex(const char *name, const char *hex)
{
    uint8_t bytes[SEED_BYTES_MAX];
    keep(name, toc_span(bytes, check_unhex(hex, bytes, sizeof bytes)));
}

static void codec(void **state)
{
    (void)state;
    keep_hex("codec/scalars", "9a c0 c2 c3 05 cd0100 cf0000000100000000 d0df d1ff7f"
                              "cb3fe0000000000000 a3e282ac");
    keep_hex("codec/record", "85 fe a161 ff c40201ff 00 8101 9103 05 92c080 a16b d92161616161616161"
                             "61616161616161616161616161616161616161616161616161");
    keep_hex("codec/deep", "9191919191919191919191919191 81 05 90");
    keep_hex("codec/hostile", "dfffff8000");
}

static void frame(void **state)
{
    (void)state;
    keep_hex("frame/two", "0b070300616263 c8000000");
    keep_hex("frame/varints", "00 7f 8001 ff7f ffffffffffffffffff01");
}

static void header(void **state)
{
    (void)state;
    chain_init(&chain, 31);
    chain_add(&chain, 20, 1);
    chain_add(&chain, 20, 9);
    keep("header/version-1", toc_span(chain.entries[0].bytes, chain.entries[0].byte_count));
    keep("header/version-9", toc_span(chain.entries[1].bytes, chain.entries[1].byte_count));
    chain_clear(&chain);
}

/* A range behind the mode byte that the target wants. */
static void keep_range(const char *name, uint8_t mode, uint64_t first, uint64_t last,
                       bool with_payloads)
{
    struct toc_span range = chain_range(&chain, first, last, with_payloads,
                                        (struct toc_room){memory + 1, sizeof memory - 1});
    memory[0] = mode;
    keep(name, toc_span(memory, range.len + 1));
}

static void range(void **state)
{
    (void)state;
    chain_init(&chain, 32);
    for (uint32_t i = 0; i < 64; i++) {
        chain_add(&chain, i % 4 * 5, i % 23 == 5 ? 2 : 1);
    }
    keep_range("range/single", 1, 1, 1, true);
    keep_range("range/tail", 1, 1, 5, true);
    keep_range("range/middle", 3, 4, 9, true);
    keep_range("range/block", 1, 1, 64, true);
    keep_range("range/headers", 1, 1, 9, false);
    keep_range("range/unsigned", 0, 1, 3, true);
    chain_clear(&chain);
}

static void fork_of_a_log(void **state)
{
    (void)state;
    static struct chain branch;
    struct toc_span evidence;
    chain_init(&chain, 33);
    chain_init(&branch, 33);
    for (int i = 0; i < 4; i++) {
        branch.seed += i == 2;
        chain_add(&chain, 9, 1);
        chain_add(&branch, 9, 1);
    }
    uint8_t *at = memory + 3;
    size_t room = sizeof memory / 2;
    struct toc_span a = chain_range(&chain, 1, 4, true, (struct toc_room){at, room});
    struct toc_span b = chain_range(&branch, 1, 4, true, (struct toc_room){at + a.len, room});
    memory[0] = 1;
    toc_put_le16(memory + 1, (uint16_t)a.len);
    keep("fork/two-ranges", toc_span(memory, 3 + a.len + b.len));
    uint8_t whole[SEED_BYTES_MAX] = {0};
    assert_ok(toc_fork_make(a, b, (struct toc_room){whole + 1, sizeof whole - 1}, &evidence));
    keep("fork/evidence", toc_span(whole, evidence.len + 1));
    chain_clear(&chain);
    chain_clear(&branch);
}

static void bulletin(void **state)
{
    (void)state;
    struct toc_bulletin least = sample_least();
    struct toc_bulletin full = sample_full(&lists);
    const struct toc_room room = {memory, sizeof memory};
    struct toc_span canonical;
    assert_ok(toc_bulletin_encode(&least, room, &canonical));
    keep("bulletin/least", canonical);
    /* A key of a later version: 126 is skipped. */
    memory[0]++;
    memory[canonical.len] = 0x7e;
    memory[canonical.len + 1] = 0xc0;
    keep("bulletin/later", toc_span(memory, canonical.len + 2));
    assert_ok(toc_bulletin_encode(&full, room, &canonical));
    keep("bulletin/full", canonical);
    keep("bulletin/name", toc_span_str("tlp:amber+strict"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codec), cmocka_unit_test(frame),         cmocka_unit_test(header),
        cmocka_unit_test(range), cmocka_unit_test(fork_of_a_log), cmocka_unit_test(bulletin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
