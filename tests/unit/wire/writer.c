/* SPDX-License-Identifier: EUPL-1.2 */
#include "check.h"
#include "wire.h"

#define ROUNDS 20000
#define RECORD_BYTES_MAX 65536u

static uint8_t memory[RECORD_BYTES_MAX];
static uint8_t again[RECORD_BYTES_MAX];

static void writer_keeps_its_first_failure(void **state)
{
    (void)state;
    uint8_t small[3];
    struct toc_writer writer;
    toc_writer_init(&writer, small, sizeof small);
    toc_write_uint(&writer, 1);
    toc_write_uint(&writer, 300);
    assert_code(writer.err, TOC_FULL);
    toc_write_nil(&writer);
    toc_write_float(&writer, 0.0 / 1.0);
    assert_code(writer.err, TOC_FULL);
    assert_null(toc_writer_bytes(&writer).at);
    toc_writer_init(&writer, small, sizeof small);
    toc_write_uint(&writer, 300);
    assert_span(toc_writer_bytes(&writer), toc_span("\xcd\x01\x2c", 3));
    /* Text whose head fits but whose body does not. */
    toc_writer_init(&writer, small, sizeof small);
    toc_write_str(&writer, toc_span_str("abc"));
    assert_code(writer.err, TOC_FULL);
    toc_writer_init(&writer, small, sizeof small);
    toc_write_bin(&writer, toc_span("a", 1));
    assert_span(toc_writer_bytes(&writer), toc_span("\xc4\x01"
                                                    "a",
                                                    3));
}

static void sizes_above_32_bits_are_refused(void **state)
{
    (void)state;
    struct toc_writer writer;
    toc_writer_init(&writer, memory, sizeof memory);
    toc_write_array(&writer, (size_t)UINT32_MAX + 1);
    assert_code(writer.err, TOC_LIMIT);
    toc_writer_init(&writer, memory, sizeof memory);
    toc_write_map(&writer, (size_t)UINT32_MAX + 1);
    assert_code(writer.err, TOC_LIMIT);
    toc_writer_init(&writer, memory, sizeof memory);
    toc_write_bin(&writer, toc_span(memory, (size_t)UINT32_MAX + 1));
    assert_code(writer.err, TOC_LIMIT);
    assert_int_equal(writer.len, 0);
}

/* whole numbers become integers, what is not finite nothing. */
static void floats_have_one_form(void **state)
{
    (void)state;
    const struct {
        double value;
        const char *hex;
    } rows[] = {
        {0.0, "00"},
        {-0.0, "00"},
        {1.0, "01"},
        {-1.0, "ff"},
        {0.5, "cb3fe0000000000000"},
        {-0.5, "cbbfe0000000000000"},
        {4294967296.0, "cf0000000100000000"},
        {-0x1p63, "d38000000000000000"},
        {0x1p64, "cb43f0000000000000"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t wanted[9];
        struct toc_writer writer;
        toc_writer_init(&writer, memory, sizeof memory);
        toc_write_float(&writer, rows[i].value);
        size_t len = check_unhex(rows[i].hex, wanted, sizeof wanted);
        assert_span(toc_writer_bytes(&writer), toc_span(wanted, len));
        assert_ok(toc_codec_check(toc_writer_bytes(&writer)));
        struct toc_reader reader;
        toc_reader_init(&reader, toc_writer_bytes(&writer));
        assert_true(toc_read_float(&reader) == rows[i].value);
        assert_ok(toc_reader_end(&reader));
    }
    struct toc_writer writer;
    toc_writer_init(&writer, memory, sizeof memory);
    toc_write_float(&writer, strtod("nan", NULL));
    assert_code(writer.err, TOC_MALFORMED);
    toc_writer_init(&writer, memory, sizeof memory);
    toc_write_float(&writer, strtod("-inf", NULL));
    assert_code(writer.err, TOC_MALFORMED);
}

static uint64_t wide(uint64_t *seed)
{
    return check_random(seed) >> (check_random(seed) % 64);
}

/* One random value at most `depth` deep; maps have ascending keys of all three kinds. */
static void write_value(struct toc_writer *writer, uint64_t *seed, unsigned depth)
{
    static const char text[] = "naïve café, 東京 𝄞, plain ASCII to the end of this sentence";
    static const size_t cuts[] = {0, 2, 4, 10, 12, 14, 17, 20, 25, sizeof text - 1};
    uint64_t kind = check_random(seed) % (depth == 0 ? 6 : 8);
    size_t count = check_random(seed) % 20;
    uint64_t key = check_random(seed) % 200;
    switch (kind) {
    case 0:
        toc_write_nil(writer);
        break;
    case 1:
        toc_write_bool(writer, check_random(seed) & 1);
        break;
    case 2:
        toc_write_uint(writer, wide(seed));
        break;
    case 3:
        toc_write_int(writer, -(int64_t)(wide(seed) >> 1));
        break;
    case 4:
        toc_write_str(writer, toc_span(text, cuts[count % 10]));
        break;
    case 5:
        toc_write_bin(writer, toc_span(text, count));
        break;
    case 6:
        toc_write_array(writer, count);
        for (size_t i = 0; i < count; i++) {
            write_value(writer, seed, depth - 1);
        }
        break;
    default:
        toc_write_map(writer, count);
        for (size_t i = 0; i < count; i++) {
            char name[2] = {'a', (char)('a' + i)};
            if (i < 5) {
                toc_write_int(writer, (int64_t)i - 5);
            } else if (i < 10) {
                toc_write_uint(writer, key + (uint64_t)i * 40);
            } else {
                toc_write_str(writer, toc_span(name, 2));
            }
            write_value(writer, seed, depth - 1);
        }
        break;
    }
}

/* Reads one value and writes what it read. */
static void copy_value(struct toc_reader *reader, struct toc_writer *writer)
{
    size_t count;
    switch (toc_read_type(reader)) {
    case TOC_TYPE_NIL:
        toc_read_nil(reader);
        toc_write_nil(writer);
        break;
    case TOC_TYPE_BOOL:
        toc_write_bool(writer, toc_read_bool(reader));
        break;
    case TOC_TYPE_UINT:
        toc_write_uint(writer, toc_read_uint(reader));
        break;
    case TOC_TYPE_NEGATIVE:
        toc_write_int(writer, toc_read_int(reader));
        break;
    case TOC_TYPE_FLOAT:
        toc_write_float(writer, toc_read_float(reader));
        break;
    case TOC_TYPE_STR:
        toc_write_str(writer, toc_read_str(reader, SIZE_MAX));
        break;
    case TOC_TYPE_BIN:
        toc_write_bin(writer, toc_read_bin(reader, SIZE_MAX));
        break;
    case TOC_TYPE_ARRAY:
        count = toc_read_array(reader, SIZE_MAX);
        toc_write_array(writer, count);
        for (size_t i = 0; i < count; i++) {
            copy_value(reader, writer);
        }
        break;
    case TOC_TYPE_MAP:
        count = toc_read_map(reader, SIZE_MAX);
        toc_write_map(writer, count);
        for (size_t i = 0; i < 2 * count; i++) {
            copy_value(reader, writer);
        }
        break;
    case TOC_TYPE_NONE:
        fail();
        break;
    }
}

/* What the packer writes passes the check, and reading and writing again gives the same bytes. */
static void what_is_written_is_canonical(void **state)
{
    (void)state;
    uint64_t seed = 1;
    size_t judged = 0;
    for (int round = 0; round < ROUNDS; round++) {
        struct toc_writer writer;
        struct toc_writer copy;
        struct toc_reader reader;
        toc_writer_init(&writer, memory, sizeof memory);
        write_value(&writer, &seed, (unsigned)round % 4);
        struct toc_span bytes = toc_writer_bytes(&writer);
        if (bytes.at == NULL) {
            continue; /* too large a tree */
        }
        judged++;
        assert_ok(toc_codec_check(bytes));
        toc_reader_init(&reader, bytes);
        toc_writer_init(&copy, again, sizeof again);
        copy_value(&reader, &copy);
        assert_ok(toc_reader_end(&reader));
        assert_span(toc_writer_bytes(&copy), bytes);
    }
    assert_true(judged > ROUNDS / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writer_keeps_its_first_failure),
        cmocka_unit_test(sizes_above_32_bits_are_refused),
        cmocka_unit_test(floats_have_one_form),
        cmocka_unit_test(what_is_written_is_canonical),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
