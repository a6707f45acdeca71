/* SPDX-License-Identifier: EUPL-1.2 */
#include "check.h"
#include "wire.h"

static uint8_t memory[256];

/* A reader over the bytes of a hex text. */
static struct toc_reader reader_of(const char *hex)
{
    struct toc_reader reader;
    toc_reader_init(&reader, toc_span(memory, check_unhex(hex, memory, sizeof memory)));
    return reader;
}

static void each_type_is_read(void **state)
{
    (void)state;
    uint8_t exact[2];
    struct toc_reader reader = reader_of("c0 c3 05 d0df a161 c40162 c4020304 92 01 ff 81 02 c2"
                                         "cb3fe0000000000000 07 f9");
    assert_int_equal(toc_read_type(&reader), TOC_TYPE_NIL);
    toc_read_nil(&reader);
    assert_int_equal(toc_read_type(&reader), TOC_TYPE_BOOL);
    assert_true(toc_read_bool(&reader));
    assert_int_equal(toc_read_type(&reader), TOC_TYPE_UINT);
    assert_int_equal(toc_read_uint(&reader), 5);
    assert_int_equal(toc_read_type(&reader), TOC_TYPE_NEGATIVE);
    assert_int_equal(toc_read_int(&reader), -33);
    assert_int_equal(toc_read_type(&reader), TOC_TYPE_STR);
    assert_span(toc_read_str(&reader, 1), toc_span("a", 1));
    assert_int_equal(toc_read_type(&reader), TOC_TYPE_BIN);
    assert_span(toc_read_bin(&reader, 1), toc_span("b", 1));
    toc_read_bin_exact(&reader, exact, sizeof exact);
    assert_memory_equal(exact, "\3\4", 2);
    assert_int_equal(toc_read_type(&reader), TOC_TYPE_ARRAY);
    assert_int_equal(toc_read_array(&reader, 2), 2);
    assert_int_equal(toc_read_int(&reader), 1);
    assert_int_equal(toc_read_int(&reader), -1);
    assert_int_equal(toc_read_type(&reader), TOC_TYPE_MAP);
    assert_int_equal(toc_read_map(&reader, 1), 1);
    assert_int_equal(toc_read_key(&reader), 2);
    assert_false(toc_read_bool(&reader));
    assert_int_equal(toc_read_type(&reader), TOC_TYPE_FLOAT);
    assert_true(toc_read_float(&reader) == 0.5);
    assert_true(toc_read_float(&reader) == 7.0);
    assert_true(toc_read_float(&reader) == -7.0);
    assert_int_equal(toc_read_type(&reader), TOC_TYPE_NONE);
    assert_ok(toc_reader_end(&reader));
}

static void reader_keeps_its_first_failure(void **state)
{
    (void)state;
    uint8_t exact[4] = {1, 2, 3, 4};
    struct toc_reader reader = reader_of("05 c0 a161");
    assert_int_equal(toc_read_uint_max(&reader, 4), 0);
    const uint8_t *at = reader.at;
    toc_reader_fail(&reader, TOC_POLICY, "too late");
    assert_int_equal(toc_read_type(&reader), TOC_TYPE_NONE);
    toc_read_nil(&reader);
    assert_false(toc_read_bool(&reader));
    assert_int_equal(toc_read_uint(&reader), 0);
    assert_int_equal(toc_read_int(&reader), 0);
    assert_true(toc_read_float(&reader) == 0.0);
    assert_null(toc_read_str(&reader, 9).at);
    assert_null(toc_read_bin(&reader, 9).at);
    toc_read_bin_exact(&reader, exact, sizeof exact);
    assert_true(toc_is_zero(exact, sizeof exact));
    assert_int_equal(toc_read_array(&reader, 9), 0);
    assert_int_equal(toc_read_map(&reader, 9), 0);
    assert_int_equal(toc_read_key(&reader), 0);
    assert_null(toc_read_raw(&reader).at);
    toc_read_unknown(&reader, -1);
    assert_ptr_equal(reader.at, at);
    assert_code(toc_reader_end(&reader), TOC_LIMIT);
}

/* A wrong type leaves the reader where it stood. */
static void another_type_is_malformed(void **state)
{
    (void)state;
    uint8_t byte;
    struct toc_reader reader = reader_of("05");
    toc_read_nil(&reader);
    assert_code(toc_reader_end(&reader), TOC_MALFORMED);
    assert_ptr_equal(reader.at, memory);
    reader = reader_of("05");
    (void)toc_read_str(&reader, 9);
    assert_code(toc_reader_end(&reader), TOC_MALFORMED);
    reader = reader_of("c0");
    (void)toc_read_int(&reader);
    assert_code(toc_reader_end(&reader), TOC_MALFORMED);
    reader = reader_of("ff");
    (void)toc_read_uint(&reader);
    assert_code(toc_reader_end(&reader), TOC_MALFORMED);
    reader = reader_of("c4020102");
    toc_read_bin_exact(&reader, &byte, 1);
    assert_code(toc_reader_end(&reader), TOC_MALFORMED);
    reader = reader_of("81a16100");
    (void)toc_read_map(&reader, 1);
    assert_int_equal(toc_read_key(&reader), 0);
    assert_code(toc_reader_end(&reader), TOC_MALFORMED);
}

static void limits_hold_to_the_byte(void **state)
{
    (void)state;
    struct toc_reader reader = reader_of("a26162");
    assert_int_equal(toc_read_str(&reader, 2).len, 2);
    assert_ok(toc_reader_end(&reader));
    reader = reader_of("a26162");
    assert_null(toc_read_str(&reader, 1).at);
    assert_code(toc_reader_end(&reader), TOC_LIMIT);
    reader = reader_of("c4026162");
    assert_null(toc_read_bin(&reader, 1).at);
    assert_code(toc_reader_end(&reader), TOC_LIMIT);
    reader = reader_of("920000");
    assert_int_equal(toc_read_array(&reader, 1), 0);
    assert_code(toc_reader_end(&reader), TOC_LIMIT);
    reader = reader_of("8200000100");
    assert_int_equal(toc_read_map(&reader, 1), 0);
    assert_code(toc_reader_end(&reader), TOC_LIMIT);
    reader = reader_of("04");
    assert_int_equal(toc_read_uint_max(&reader, 4), 4);
    assert_ok(toc_reader_end(&reader));
    reader = reader_of("cf8000000000000000");
    assert_int_equal(toc_read_int(&reader), 0);
    assert_code(toc_reader_end(&reader), TOC_LIMIT);
}

/* an integer without an exact double is no float. */
static void inexact_floats_are_malformed(void **state)
{
    (void)state;
    struct toc_reader reader = reader_of("cf0020000000000001");
    assert_true(toc_read_float(&reader) == 0.0);
    assert_code(toc_reader_end(&reader), TOC_MALFORMED);
    reader = reader_of("cfffffffffffffffff");
    (void)toc_read_float(&reader);
    assert_code(toc_reader_end(&reader), TOC_MALFORMED);
    reader = reader_of("d38000000000000001");
    (void)toc_read_float(&reader);
    assert_code(toc_reader_end(&reader), TOC_MALFORMED);
    reader = reader_of("d38000000000000000");
    assert_true(toc_read_float(&reader) == -0x1p63);
    assert_ok(toc_reader_end(&reader));
}

/* */
static void unknown_negative_key_is_critical(void **state)
{
    (void)state;
    struct toc_reader reader = reader_of("81ff05");
    (void)toc_read_map(&reader, 1);
    toc_read_unknown(&reader, toc_read_key(&reader));
    assert_code(toc_reader_end(&reader), TOC_CRITICAL);
    reader = reader_of("8105 92a161 81 00 c0");
    (void)toc_read_map(&reader, 1);
    toc_read_unknown(&reader, toc_read_key(&reader));
    assert_ok(toc_reader_end(&reader));
}

static void raw_gives_the_exact_bytes(void **state)
{
    (void)state;
    struct toc_reader reader = reader_of("92 8101 a161 c0 05");
    assert_span(toc_read_raw(&reader), toc_span(memory, 6));
    assert_int_equal(toc_read_uint(&reader), 5);
    assert_ok(toc_reader_end(&reader));
    /* What the check refuses, skipping refuses too. */
    reader = reader_of("81c000");
    assert_null(toc_read_raw(&reader).at);
    assert_code(toc_reader_end(&reader), TOC_MALFORMED);
}

/* */
static void end_reports_bytes_left(void **state)
{
    (void)state;
    struct toc_reader reader = reader_of("0505");
    (void)toc_read_uint(&reader);
    assert_code(toc_reader_end(&reader), TOC_TRAILING);
    toc_reader_init(&reader, toc_span(NULL, 0));
    assert_ok(toc_reader_end(&reader));
    toc_read_nil(&reader);
    assert_code(toc_reader_end(&reader), TOC_TRUNCATED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_type_is_read),
        cmocka_unit_test(reader_keeps_its_first_failure),
        cmocka_unit_test(another_type_is_malformed),
        cmocka_unit_test(limits_hold_to_the_byte),
        cmocka_unit_test(inexact_floats_are_malformed),
        cmocka_unit_test(unknown_negative_key_is_critical),
        cmocka_unit_test(raw_gives_the_exact_bytes),
        cmocka_unit_test(end_reports_bytes_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
