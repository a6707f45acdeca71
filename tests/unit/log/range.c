/* SPDX-License-Identifier: EUPL-1.2 */
/* The bytes of a range: what is refused while walking, slices and joins. */
#include "chain.h"
#include "check.h"

#define EPOCH "11111111111111111111111111111111"
#define OTHER "22222222222222222222222222222222"
#define ZERO "00000000000000000000000000000000"
/* flags, kind, class and tlp, ms step, expiry, payload length, epoch, payload */
#define FIRST "00 01 20 00 00 03" EPOCH "616263"
#define SECOND                                                                                     \
    "02 01 20 01 00 03"                                                                            \
    "646566"

static struct chain chain;
static uint8_t memory[TOC_RANGE_BYTES_MAX + 64];
static uint8_t other[TOC_RANGE_BYTES_MAX + 64];

/* The fixed part with a log id of zeros, then `hex`, then a signature of zeros. */
static struct toc_span raw_range(uint64_t first_seq, uint64_t base_ms, uint16_t count,
                                 const char *hex)
{
    memset(memory, 0, 83);
    memory[0] = 1;
    toc_put_le64(memory + 33, first_seq);
    toc_put_le64(memory + 73, base_ms);
    toc_put_le16(memory + 81, count);
    size_t len = 83 + check_unhex(hex, memory + 83, sizeof memory - 83 - 64);
    memset(memory + len, 0, 64);
    return toc_span(memory, len + 64);
}

/* The outcome of walking all of a range: ABSENT is a clean end. */
static enum toc_code walk_code(struct toc_span range)
{
    struct toc_range_walk walk;
    struct toc_entry entry;
    struct toc_err err = toc_range_open(&walk, range);
    while (!toc_failed(err)) {
        err = toc_range_next(&walk, &entry);
    }
    return err.code;
}

static const struct {
    const char *hex;
    uint64_t base_ms;
    uint16_t count;
    enum toc_code code;
} entry_rows[] = {
    {FIRST, 5, 1, TOC_ABSENT},
    {FIRST SECOND, 5, 2, TOC_ABSENT},
    {FIRST "04 01 20 01 00 00", 5, 2, TOC_ABSENT},
    {FIRST "04 01 20 01 00 00" SECOND, 5, 3, TOC_ABSENT}, /* past an entry without epoch */
    {"0c ff 34 00 ffffffff0f 01 "
     "3333333333333333333333333333333333333333333333333333333333333333",
     5, 1, TOC_ABSENT},

    /* flags */
    {"10 01 20 00 00 03" EPOCH "616263", 5, 1, TOC_MALFORMED},
    {"80 01 20 00 00 03" EPOCH "616263", 5, 1, TOC_MALFORMED},
    /* time */
    {"00 01 20 01 00 03" EPOCH "616263", 5, 1, TOC_MALFORMED},
    {FIRST "02 01 20 00 00 03 646566", 5, 2, TOC_MALFORMED},
    {FIRST "02 01 20 8000 00 03 646566", 5, 2, TOC_MALFORMED},
    {FIRST, 0, 1, TOC_MALFORMED},
    {FIRST, TOC_UTC_MS_MAX + 1, 1, TOC_MALFORMED},
    {FIRST, TOC_UTC_MS_MAX, 1, TOC_ABSENT},
    {FIRST SECOND, TOC_UTC_MS_MAX, 2, TOC_MALFORMED},
    {FIRST "02 01 20 ffffffffffffffffff01 00 03 646566", 5, 2, TOC_MALFORMED},
    /* epoch */
    {"02 01 20 00 00 03 616263", 5, 1, TOC_MALFORMED},
    {"00 01 20 00 00 03" ZERO "616263", 5, 1, TOC_MALFORMED},
    {"06 01 20 00 00 03 616263", 5, 1, TOC_MALFORMED},
    {FIRST "00 01 20 01 00 03" EPOCH "646566", 5, 2, TOC_MALFORMED},
    {FIRST "00 01 20 01 00 03" OTHER "646566", 5, 2, TOC_ABSENT},
    /* fields of the header */
    {"00 01 40 00 00 03" EPOCH "616263", 5, 1, TOC_MALFORMED},
    {"00 01 25 00 00 03" EPOCH "616263", 5, 1, TOC_MALFORMED},
    {"08 01 20 00 00 ffffff7f" EPOCH, 5, 1, TOC_LIMIT},
    {"00 01 20 00 8080808010 03" EPOCH "616263", 5, 1, TOC_LIMIT},
    {"00 01 20 00 00 8080808010" EPOCH "616263", 5, 1, TOC_LIMIT},
    /* payloads */
    {"00 01 20 00 00 04" EPOCH "616263", 5, 1, TOC_TRUNCATED},
    {"00 01 20 00 00 a48004" EPOCH "616263", 5, 1, TOC_MALFORMED}, /* 65,572 inline */
    {"08 01 20 00 00 00" EPOCH OTHER OTHER, 5, 1, TOC_MALFORMED},
    {"08 01 20 00 00 01" EPOCH OTHER, 5, 1, TOC_TRUNCATED},
    /* nothing follows */
    {FIRST "00", 5, 1, TOC_TRAILING},
    {FIRST SECOND, 5, 1, TOC_TRAILING},
    {FIRST, 5, 2, TOC_TRUNCATED},
    {"00", 5, 1, TOC_TRUNCATED},
    {"00 01 20 00 00 03 1111", 5, 1, TOC_TRUNCATED},
    {"", 5, 1, TOC_TRUNCATED},
};

static void entries_have_one_form(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof entry_rows / sizeof entry_rows[0]; i++) {
        enum toc_code code =
            walk_code(raw_range(2, entry_rows[i].base_ms, entry_rows[i].count, entry_rows[i].hex));
        if (code != entry_rows[i].code) {
            print_error("row %zu (%s): got %s\n", i, entry_rows[i].hex, toc_code_name(code));
            fail();
        }
    }
}

static void the_fixed_part_is_checked_first(void **state)
{
    (void)state;
    struct toc_range_info info = {.count = 99};
    struct toc_span range = raw_range(2, 5, 1, FIRST);
    for (size_t len = 0; len < 83 + 64; len++) {
        assert_code(toc_range_peek(toc_span(memory, len), &info), TOC_TRUNCATED);
    }
    assert_code(toc_range_peek(toc_span(memory, TOC_RANGE_BYTES_MAX + 1), &info), TOC_LIMIT);
    memory[0] = 2; /* */
    assert_code(toc_range_peek(range, &info), TOC_VERSION);
    /* */
    assert_code(toc_range_peek(raw_range(1, 5, 65, FIRST), &info), TOC_LIMIT);
    assert_code(toc_range_peek(raw_range(1, 5, 0, FIRST), &info), TOC_MALFORMED);
    assert_code(toc_range_peek(raw_range(0, 5, 1, FIRST), &info), TOC_MALFORMED);
    assert_code(toc_range_peek(raw_range(UINT64_MAX, 5, 1, FIRST), &info), TOC_MALFORMED);
    range = raw_range(1, 5, 1, FIRST);
    memory[41] = 1;
    assert_code(toc_range_peek(range, &info), TOC_MALFORMED);
    /* */
    assert_code(toc_range_peek(raw_range(64, 5, 2, FIRST), &info), TOC_MALFORMED);
    assert_code(toc_range_peek(raw_range(2, 5, 64, FIRST), &info), TOC_MALFORMED);
    assert_int_equal(info.count, 99);
    assert_ok(toc_range_peek(raw_range(65, 5, 64, FIRST), &info));
    assert_int_equal(info.first_seq, 65);
    assert_int_equal(info.last_seq, 128);
    assert_int_equal(info.count, 64);
}

/* the range of one entry of version 9, whose parts the rows change. */
static void verbatim_headers_must_fit_their_range(void **state)
{
    (void)state;
    chain_init(&chain, 4);
    chain_add(&chain, 5, 1);
    chain_add(&chain, 5, 9);
    const struct {
        size_t at; /* byte of the range */
        uint8_t flip;
        enum toc_code code;
    } rows[] = {
        {83, 2, TOC_MALFORMED},                 /* flags: SAME_EPOCH */
        {83, 4, TOC_MALFORMED},                 /* flags: NO_EPOCH */
        {84, 1, TOC_TRAILING},                  /* length differs from the header's own */
        {86, 9 ^ 1, TOC_MALFORMED},             /* version 1: must be elided */
        {86 + 2, 1, TOC_TRUNCATED},             /* the header's own length */
        {86 + 8, 1, TOC_MALFORMED},             /* log id */
        {86 + 40, 1, TOC_MALFORMED},            /* seq */
        {86 + 48, 1, TOC_MALFORMED},            /* prev */
        {86 + 112, 1, TOC_HASH},                /* payload hash */
        {86 + CHAIN_HEADER_BYTES, 1, TOC_HASH}, /* payload */
        {73, 1, TOC_MALFORMED},                 /* base time of no entry */
        {86 + 150, 1, TOC_ABSENT},              /* what is new in version 9 is not judged */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct toc_span range =
            chain_range(&chain, 2, 2, true, (struct toc_room){memory, sizeof memory});
        assert_int_equal(walk_code(range), TOC_ABSENT);
        memory[rows[i].at] ^= rows[i].flip;
        if (walk_code(range) != rows[i].code) {
            print_error("row %zu: got %s\n", i, toc_code_name(walk_code(range)));
            fail();
        }
    }
    chain_clear(&chain);
}

/* a header of version 1 that is whole and true has one form all the same. */
static void a_known_header_does_not_travel_whole(void **state)
{
    (void)state;
    chain_init(&chain, 4);
    chain_add(&chain, 5, 9);
    chain_add(&chain, 5, 1);
    struct toc_span range =
        chain_range(&chain, 1, 1, true, (struct toc_room){memory, sizeof memory});
    size_t tail = range.len - 86 - CHAIN_HEADER_BYTES;
    struct toc_header header = chain.entries[1].header;
    memcpy(header.log, memory + 1, 32);
    header.seq = 1;
    memset(header.prev, 0, sizeof header.prev);
    toc_payload_hash(header.payload_hash, toc_span(chain.entries[0].payload, header.payload_bytes));
    memmove(memory + 86 + TOC_HEADER_BYTES, memory + 86 + CHAIN_HEADER_BYTES, tail);
    toc_put_le16(memory + 84, TOC_HEADER_BYTES);
    toc_header_encode(memory + 86, &header);
    assert_int_equal(walk_code(toc_span(memory, 86 + TOC_HEADER_BYTES + tail)), TOC_MALFORMED);
    struct toc_range_walk walk;
    struct toc_entry entry;
    assert_ok(toc_range_open(&walk, toc_span(memory, 86 + TOC_HEADER_BYTES + tail)));
    struct toc_err err = toc_range_next(&walk, &entry);
    assert_string_equal(err.why, "known header is not elided");
    chain_clear(&chain);
}

/* A walk gives back what was built, header for header and byte for byte. */
static void a_walk_rebuilds_every_header(void **state)
{
    (void)state;
    chain_init(&chain, 5);
    for (int i = 0; i < 64; i++) {
        chain_add(&chain, (uint32_t)(chain_random(&chain) % 3000), i % 9 == 4 ? 3 : 1);
    }
    for (int with = 0; with < 2; with++) {
        struct toc_range_walk walk;
        struct toc_entry entry;
        struct toc_span range =
            chain_range(&chain, 1, 64, with == 1, (struct toc_room){memory, sizeof memory});
        assert_ok(toc_range_open(&walk, range));
        for (size_t i = 0; i < 64; i++) {
            const struct chain_entry *wanted = &chain.entries[i];
            assert_ok(toc_range_next(&walk, &entry));
            assert_span(entry.bytes, toc_span(wanted->bytes, wanted->byte_count));
            assert_memory_equal(entry.hash, wanted->hash, TOC_HASH_BYTES);
            assert_int_equal(entry.header.seq, i + 1);
            assert_int_equal(entry.detached, entry.payload.at == NULL);
            assert_int_equal(entry.detached, with == 0 && wanted->header.payload_bytes != 0);
            if (!entry.detached) {
                assert_span(entry.payload, toc_span(wanted->payload, wanted->header.payload_bytes));
            }
        }
        assert_code(toc_range_next(&walk, &entry), TOC_ABSENT);
        assert_code(toc_range_next(&walk, &entry), TOC_ABSENT);
        assert_memory_equal(walk.signature.at, chain.entries[63].sig, TOC_SIG_BYTES);
    }
    chain_clear(&chain);
}

/* what is too large for a range is detached by itself. */
static void large_payloads_are_detached(void **state)
{
    (void)state;
    const uint32_t sizes[] = {TOC_INLINE_BYTES_MAX, TOC_INLINE_BYTES_MAX + 1, 200000};
    for (size_t i = 0; i < 3; i++) {
        struct toc_range_walk walk;
        struct toc_entry entry;
        chain_init(&chain, 6);
        chain_add(&chain, sizes[i], i == 2 ? 4 : 1);
        struct toc_span range =
            chain_range(&chain, 1, 1, true, (struct toc_room){memory, sizeof memory});
        assert_ok(toc_range_open(&walk, range));
        assert_ok(toc_range_next(&walk, &entry));
        assert_int_equal(entry.detached, i > 0);
        assert_int_equal(entry.header.payload_bytes, sizes[i]);
        assert_memory_equal(entry.hash, chain.entries[0].hash, TOC_HASH_BYTES);
        chain_clear(&chain);
    }
}

static void builder_keeps_its_first_failure(void **state)
{
    (void)state;
    struct toc_range_build build;
    struct toc_span range = {NULL, 7};
    const struct toc_span none = {NULL, 0};
    chain_init(&chain, 7);
    chain_add(&chain, 5, 1);
    chain_add(&chain, 5, 1);
    const struct chain_entry *first = &chain.entries[0];
    const struct chain_entry *second = &chain.entries[1];
    const struct toc_room room = {memory, sizeof memory};

    toc_range_begin(&build, room, &first->header);
    toc_range_add(&build, &second->header, none, none);
    toc_range_add(&build, &first->header, none, none);
    assert_code(toc_range_end(&build, first->sig, &range), TOC_CHAIN);

    toc_range_begin(&build, room, &first->header);
    toc_range_add(&build, &first->header, toc_span(first->payload, 4), none);
    assert_code(toc_range_end(&build, first->sig, &range), TOC_MALFORMED);

    struct toc_header early = second->header; /* */
    early.utc = first->header.utc;
    toc_range_begin(&build, room, &first->header);
    toc_range_add(&build, &first->header, none, none);
    toc_range_add(&build, &early, none, none);
    assert_code(toc_range_end(&build, first->sig, &range), TOC_MALFORMED);

    toc_range_begin(&build, room, &first->header);
    assert_code(toc_range_end(&build, first->sig, &range), TOC_MALFORMED);

    struct toc_header next = first->header; /* */
    toc_range_begin(&build, room, &next);
    for (size_t i = 0; i < 65; i++, next.seq++, next.utc.ms++) {
        toc_range_add(&build, &next, none, none);
    }
    assert_code(toc_range_end(&build, first->sig, &range), TOC_LIMIT);

    assert_int_equal(range.len, 7);

    /* The memory may lack a byte at any place of the range. */
    struct toc_span whole = chain_range(&chain, 2, 2, true, room);
    for (size_t len = 0; len < whole.len; len++) {
        toc_range_begin(&build, (struct toc_room){other, len}, &second->header);
        toc_range_add(&build, &second->header, toc_span(second->payload, 5), none);
        assert_code(toc_range_end(&build, second->sig, &range), TOC_FULL);
        assert_int_equal(range.len, 7);
    }
    chain_clear(&chain);
}

/* A slice of a range is what would have been built from its entries. */
static void slices_are_what_is_built_from_their_entries(void **state)
{
    (void)state;
    static uint8_t built[TOC_RANGE_BYTES_MAX];
    chain_init(&chain, 8);
    for (int i = 0; i < 20; i++) {
        chain_add(&chain, (uint32_t)(chain_random(&chain) % 500), i % 5 == 0 ? 2 : 1);
    }
    const struct toc_room room = {other, sizeof other};
    struct toc_span whole =
        chain_range(&chain, 1, 20, true, (struct toc_room){memory, sizeof memory});
    struct toc_span slice;
    for (uint64_t from = 0; from <= 20; from++) {
        for (int with = 0; with < 2; with++) {
            struct toc_span wanted = chain_range(&chain, from == 0 ? 1 : from, 20, with == 1,
                                                 (struct toc_room){built, sizeof built});
            assert_ok(toc_range_slice(whole, from, with == 0, room, &slice));
            assert_span(slice, wanted);
        }
    }
    assert_code(toc_range_slice(whole, 21, false, room, &slice), TOC_ABSENT);
    assert_code(toc_range_slice(whole, 1, false, (struct toc_room){other, whole.len - 1}, &slice),
                TOC_FULL);
    assert_code(toc_range_slice(toc_span(memory, whole.len - 1), 1, false, room, &slice),
                TOC_TRUNCATED);
    chain_clear(&chain);
}

static void joins_need_consecutive_ranges(void **state)
{
    (void)state;
    static uint8_t parts[3][4096];
    struct toc_span ranges[3];
    struct toc_span joined = {NULL, 7};
    const struct toc_room room = {other, sizeof other};
    chain_init(&chain, 9);
    for (int i = 0; i < 6; i++) {
        chain_add(&chain, 50, 1);
    }
    for (size_t i = 0; i < 3; i++) {
        ranges[i] = chain_range(&chain, 2 * i + 1, 2 * i + 2, true,
                                (struct toc_room){parts[i], sizeof parts[i]});
    }
    assert_ok(toc_range_join(ranges, 3, room, &joined));
    assert_span(joined, chain_range(&chain, 1, 6, true, (struct toc_room){memory, sizeof memory}));
    joined = toc_span(NULL, 7);
    struct toc_span swapped[] = {ranges[1], ranges[0]};
    assert_code(toc_range_join(swapped, 2, room, &joined), TOC_CHAIN);
    struct toc_span gap[] = {ranges[0], ranges[2]};
    assert_code(toc_range_join(gap, 2, room, &joined), TOC_CHAIN);
    struct toc_span twice[] = {ranges[0], ranges[0]};
    assert_code(toc_range_join(twice, 2, room, &joined), TOC_CHAIN);
    parts[1][41] ^= 1; /* prev */
    assert_code(toc_range_join(ranges, 3, room, &joined), TOC_CHAIN);
    parts[1][41] ^= 1;
    parts[1][1] ^= 1; /* log */
    assert_code(toc_range_join(ranges, 3, room, &joined), TOC_CHAIN);
    parts[1][1] ^= 1;
    assert_code(toc_range_join(ranges, 3, (struct toc_room){other, 300}, &joined), TOC_FULL);
    assert_int_equal(joined.len, 7);
    assert_ok(toc_range_join(ranges, 1, room, &joined));
    assert_span(joined, ranges[0]);
    chain_clear(&chain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_have_one_form),
        cmocka_unit_test(the_fixed_part_is_checked_first),
        cmocka_unit_test(verbatim_headers_must_fit_their_range),
        cmocka_unit_test(a_known_header_does_not_travel_whole),
        cmocka_unit_test(a_walk_rebuilds_every_header),
        cmocka_unit_test(large_payloads_are_detached),
        cmocka_unit_test(builder_keeps_its_first_failure),
        cmocka_unit_test(slices_are_what_is_built_from_their_entries),
        cmocka_unit_test(joins_need_consecutive_ranges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
