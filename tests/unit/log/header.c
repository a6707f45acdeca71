/* SPDX-License-Identifier: EUPL-1.2 */
#include "check.h"
#include "log.h"
#include "seal.h"

static struct toc_header sample(void)
{
    struct toc_header header = {
        .version = TOC_HEADER_VERSION,
        .length = TOC_HEADER_BYTES,
        .kind = TOC_KIND_BULLETIN,
        .class = TOC_CLASS_ALERT,
        .tlp = TOC_TLP_AMBER_STRICT,
        .seq = UINT64_C(0x0807060504030201),
        .payload_bytes = 0x00030201,
        .expiry_hours = 0x44332211,
        .utc = {UINT64_C(0x0000060504030201)},
    };
    memset(header.log, 0xaa, sizeof header.log);
    memset(header.prev, 0xbb, sizeof header.prev);
    memset(header.epoch, 0xcc, sizeof header.epoch);
    memset(header.payload_hash, 0xdd, sizeof header.payload_hash);
    return header;
}

static const char sample_hex[] = "0100 9000 01 01 03 00"
                                 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                                 "0102030405060708"
                                 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
                                 "01020300 11223344 0102030405060000"
                                 "cccccccccccccccccccccccccccccccc"
                                 "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd";

/* the table "Header" of PROTOCOL.md, byte for byte. */
static void layout_is_fixed(void **state)
{
    (void)state;
    uint8_t wanted[TOC_HEADER_BYTES];
    uint8_t bytes[TOC_HEADER_BYTES];
    struct toc_header header = sample();
    struct toc_header back;
    assert_int_equal(check_unhex(sample_hex, wanted, sizeof wanted), sizeof wanted);
    toc_header_encode(bytes, &header);
    assert_memory_equal(bytes, wanted, sizeof wanted);
    assert_ok(toc_header_decode(&back, toc_span(bytes, sizeof bytes)));
    assert_int_equal(back.length, TOC_HEADER_BYTES);
    toc_header_encode(bytes, &back);
    assert_memory_equal(bytes, wanted, sizeof wanted);
}

static void put16(uint8_t *bytes, size_t at, uint16_t value)
{
    toc_put_le16(bytes + at, value);
}

/* Each row overwrites `width` bytes of a good header at `at`; `len` is what is decoded. */
static const struct {
    size_t at, width;
    uint64_t value;
    size_t len;
    enum toc_code code;
} header_rows[] = {
    {0, 0, 0, 144, TOC_OK},
    {0, 0, 0, 143, TOC_TRUNCATED},
    {0, 0, 0, 3, TOC_TRUNCATED},
    {0, 0, 0, 0, TOC_TRUNCATED},
    {0, 2, 0, 2, TOC_TRUNCATED}, /* not even a length, whatever lies behind */
    {2, 2, 513, 3, TOC_TRUNCATED},
    {0, 0, 0, 145, TOC_TRAILING},
    {0, 2, 0, 144, TOC_MALFORMED},                      /* version 0 */
    {2, 2, 143, 144, TOC_MALFORMED},                    /* too short */
    {2, 2, 145, 145, TOC_MALFORMED},                    /* too long for version 1 */
    {2, 2, 513, 144, TOC_LIMIT},                        /* */
    {0, 4, 2 | 143 << 16, 143, TOC_MALFORMED},          /* version 2, too short */
    {0, 4, 2 | 145 << 16, 145, TOC_OK},                 /* version 2 may be longer */
    {40, 8, 0, 144, TOC_MALFORMED},                     /* seq 0 */
    {40, 8, UINT64_MAX, 144, TOC_OK},                   /* the last one */
    {7, 1, 1, 144, TOC_MALFORMED},                      /* reserved byte */
    {5, 1, 4, 144, TOC_MALFORMED},                      /* class */
    {6, 1, 5, 144, TOC_MALFORMED},                      /* TLP */
    {4, 1, 255, 144, TOC_OK},                           /* unknown kinds travel */
    {80, 4, TOC_PAYLOAD_BYTES_MAX, 144, TOC_OK},        /* the longest payload */
    {80, 4, TOC_PAYLOAD_BYTES_MAX + 1, 144, TOC_LIMIT}, /* */
    {88, 8, 0, 144, TOC_MALFORMED},                     /* */
    {88, 8, TOC_UTC_MS_MAX, 144, TOC_OK},               /* the last millisecond */
    {88, 8, TOC_UTC_MS_MAX + 1, 144, TOC_MALFORMED},    /* */
};

static void refusals_leave_the_output_alone(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof header_rows / sizeof header_rows[0]; i++) {
        uint8_t bytes[TOC_HEADER_BYTES + 1] = {0};
        uint8_t value[8];
        struct toc_header header = sample();
        struct toc_header out;
        struct toc_header before;
        memset(&out, 0x5a, sizeof out);
        memcpy(&before, &out, sizeof out);
        toc_header_encode(bytes, &header);
        toc_put_le64(value, header_rows[i].value);
        memcpy(bytes + header_rows[i].at, value, header_rows[i].width);
        struct toc_err err = toc_header_decode(&out, toc_span(bytes, header_rows[i].len));
        if (err.code != header_rows[i].code) {
            print_error("row %zu: got %s\n", i, toc_code_name(err.code));
            fail();
        }
        assert_true(err.code == TOC_OK || memcmp(&out, &before, sizeof out) == 0);
    }
}

/* what keeps its place in every version is read, the rest is not guessed at. */
static void an_unknown_version_gives_its_fixed_places(void **state)
{
    (void)state;
    uint8_t bytes[TOC_HEADER_BYTES_MAX];
    struct toc_header header = sample();
    struct toc_header got;
    memset(bytes, 0xee, sizeof bytes);
    toc_header_encode(bytes, &header);
    put16(bytes, 0, 7);
    put16(bytes, 2, TOC_HEADER_BYTES_MAX);
    memset(bytes + 4, 0xff, 4); /* kind, class, tlp and the reserved byte may mean anything */
    assert_ok(toc_header_decode(&got, toc_span(bytes, sizeof bytes)));
    assert_int_equal(got.version, 7);
    assert_int_equal(got.length, TOC_HEADER_BYTES_MAX);
    assert_int_equal(got.seq, header.seq);
    assert_int_equal(got.payload_bytes, header.payload_bytes);
    assert_memory_equal(got.log, header.log, TOC_ID_BYTES);
    assert_memory_equal(got.prev, header.prev, TOC_HASH_BYTES);
    assert_memory_equal(got.payload_hash, header.payload_hash, TOC_HASH_BYTES);
    assert_int_equal(got.kind | got.class | got.tlp, 0);
    assert_int_equal(got.utc.ms, 0);
    assert_int_equal(got.expiry_hours, 0);
    assert_true(toc_is_zero(got.epoch, sizeof got.epoch));
}

static void random_headers_round_trip(void **state)
{
    (void)state;
    uint64_t seed = 3;
    for (int i = 0; i < 20000; i++) {
        uint8_t bytes[TOC_HEADER_BYTES];
        uint8_t again[TOC_HEADER_BYTES];
        struct toc_header header;
        check_random_fill(&seed, bytes, sizeof bytes);
        put16(bytes, 0, TOC_HEADER_VERSION);
        put16(bytes, 2, TOC_HEADER_BYTES);
        bytes[5] &= 3;
        bytes[6] = (uint8_t)(bytes[6] % 5);
        bytes[7] = 0;
        toc_put_le32(bytes + 80, toc_le32(bytes + 80) % (TOC_PAYLOAD_BYTES_MAX + 1));
        toc_put_le64(bytes + 88, 1 + toc_le64(bytes + 88) % TOC_UTC_MS_MAX);
        assert_ok(toc_header_decode(&header, toc_span(bytes, sizeof bytes)));
        toc_header_encode(again, &header);
        assert_memory_equal(again, bytes, sizeof bytes);
    }
}

/* an author whose clock fell back writes the previous time and one. */
static void drafts_follow_the_head(void **state)
{
    (void)state;
    const struct {
        uint64_t head_ms, now_ms, wanted_ms;
    } rows[] = {
        {0, 5, 5},
        {5, 6, 6},
        {5, 5, 6},
        {5, 1, 6},
        {0, 0, 1},
        {5, UINT64_MAX, TOC_UTC_MS_MAX},
        {TOC_UTC_MS_MAX, 5, TOC_UTC_MS_MAX}, /* such a log is at its end: advancing refuses */
    };
    uint8_t log[TOC_ID_BYTES];
    memset(log, 0x11, sizeof log);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct toc_log_head head = {.seq = 8, .utc = {rows[i].head_ms}};
        struct toc_header header;
        memset(head.hash, 0x22, sizeof head.hash);
        toc_header_draft(&header, &head, log, (struct toc_utc){rows[i].now_ms}, 77);
        assert_int_equal(header.utc.ms, rows[i].wanted_ms);
        assert_int_equal(header.seq, 9);
        assert_int_equal(header.payload_bytes, 77);
        assert_memory_equal(header.prev, head.hash, TOC_HASH_BYTES);
        assert_memory_equal(header.log, log, TOC_ID_BYTES);
        assert_int_equal(header.version, TOC_HEADER_VERSION);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layout_is_fixed),
        cmocka_unit_test(refusals_leave_the_output_alone),
        cmocka_unit_test(an_unknown_version_gives_its_fixed_places),
        cmocka_unit_test(random_headers_round_trip),
        cmocka_unit_test(drafts_follow_the_head),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
