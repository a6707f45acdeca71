/* SPDX-License-Identifier: EUPL-1.2 */
/* The canonical check: numbered rows, one property a row. */
#include "check.h"
#include "wire.h"

struct row {
    const char *hex;
    enum toc_code code;
    const char *claim;
};

static const struct row rows[] = {
    /* The shortest form of each type, and the ends of each width. */
    {"c0", TOC_OK, "nil"},
    {"c2", TOC_OK, "false"},
    {"c3", TOC_OK, "true"},
    {"00", TOC_OK, "least positive fixint"},
    {"7f", TOC_OK, "greatest positive fixint"},
    {"cc80", TOC_OK, "least uint 8"},
    {"cd0100", TOC_OK, "least uint 16"},
    {"ce00010000", TOC_OK, "least uint 32"},
    {"cf0000000100000000", TOC_OK, "least uint 64"},
    {"cfffffffffffffffff", TOC_OK, "greatest uint 64"},
    {"ff", TOC_OK, "-1"},
    {"e0", TOC_OK, "-32"},
    {"d0df", TOC_OK, "-33"},
    {"d080", TOC_OK, "-128"},
    {"d1ff7f", TOC_OK, "-129"},
    {"d2ffff7fff", TOC_OK, "-32769"},
    {"d3ffffffff7fffffff", TOC_OK, "one below int 32"},
    {"d38000000000000000", TOC_OK, "least int 64"},
    {"cb3fe0000000000000", TOC_OK, "0.5"},
    {"cb43f0000000000000", TOC_OK, "2^64 has no integer form"},
    {"cbc3e0000000000001", TOC_OK, "just below -2^63"},
    {"a0", TOC_OK, "empty text"},
    {"a3e282ac", TOC_OK, "euro sign"},
    {"c400", TOC_OK, "empty bytes"},
    {"90", TOC_OK, "empty array"},
    {"80", TOC_OK, "empty map"},
    {"84ff0000000100a16100", TOC_OK, "keys: negative, unsigned, text"},
    {"82fe00ff00", TOC_OK, "negative keys ascend by value"},
    {"82d0df00ff00", TOC_OK, "wide negative before narrow one"},
    {"82a16100a2616100", TOC_OK, "a prefix stands first"},

    /* exactly one value. */
    {"", TOC_TRUNCATED, "nothing at all"},
    {"c0c0", TOC_TRAILING, "two values"},
    {"9000", TOC_TRAILING, "a byte after an array"},

    /* shortest forms. */
    {"cc7f", TOC_MALFORMED, "fixint as uint 8"},
    {"cd00ff", TOC_MALFORMED, "uint 8 as uint 16"},
    {"ce0000ffff", TOC_MALFORMED, "uint 16 as uint 32"},
    {"cf00000000ffffffff", TOC_MALFORMED, "uint 32 as uint 64"},
    {"d0e0", TOC_MALFORMED, "-32 as int 8"},
    {"d07f", TOC_MALFORMED, "positive as int 8"},
    {"d1ff80", TOC_MALFORMED, "-128 as int 16"},
    {"d2ffff8000", TOC_MALFORMED, "-32768 as int 32"},
    {"d3ffffffff80000000", TOC_MALFORMED, "int 32 as int 64"},
    {"d90161", TOC_MALFORMED, "short text as str 8"},
    {"da000161", TOC_MALFORMED, "short text as str 16"},
    {"db0000000161", TOC_MALFORMED, "short text as str 32"},
    {"c50001ff", TOC_MALFORMED, "short bytes as bin 16"},
    {"c600000001ff", TOC_MALFORMED, "short bytes as bin 32"},
    {"dc000100", TOC_MALFORMED, "short array as array 16"},
    {"dd0000000100", TOC_MALFORMED, "short array as array 32"},
    {"de00010000", TOC_MALFORMED, "short map as map 16"},
    {"df000000010000", TOC_MALFORMED, "short map as map 32"},

    /* types outside the subset. */
    {"c1", TOC_MALFORMED, "never used"},
    {"ca3f000000", TOC_MALFORMED, "float 32"},
    {"d40100", TOC_MALFORMED, "fixext 1"},
    {"d6ff5a4af6a5", TOC_MALFORMED, "timestamp 32"},
    {"c7010100", TOC_MALFORMED, "ext 8"},
    {"c8000101ff", TOC_MALFORMED, "ext 16"},
    {"c90000000101ff", TOC_MALFORMED, "ext 32"},
    {"91d8", TOC_MALFORMED, "fixext 16 inside"},

    /* one encoding for each number. */
    {"cb3ff0000000000000", TOC_MALFORMED, "1.0"},
    {"cb0000000000000000", TOC_MALFORMED, "0.0"},
    {"cb8000000000000000", TOC_MALFORMED, "-0.0"},
    {"cbc3e0000000000000", TOC_MALFORMED, "-2^63"},
    {"cb43efffffffffffff", TOC_MALFORMED, "the double before 2^64"},
    {"cb7ff8000000000000", TOC_MALFORMED, "not a number"},
    {"cb7ff0000000000000", TOC_MALFORMED, "infinity"},
    {"cbfff0000000000000", TOC_MALFORMED, "minus infinity"},

    /* UTF-8. */
    {"a180", TOC_MALFORMED, "continuation alone"},
    {"a1ff", TOC_MALFORMED, "never in UTF-8"},
    {"a2c080", TOC_MALFORMED, "overlong zero"},
    {"a2c1bf", TOC_MALFORMED, "overlong two bytes"},
    {"a3e09fbf", TOC_MALFORMED, "overlong three bytes"},
    {"a4f08fbfbf", TOC_MALFORMED, "overlong four bytes"},
    {"a3eda080", TOC_MALFORMED, "surrogate"},
    {"a4f4908080", TOC_MALFORMED, "above U+10FFFF"},
    {"a2e282", TOC_MALFORMED, "sequence cut by the text's end"},
    {"a3e28261", TOC_MALFORMED, "sequence broken by a letter"},
    {"a96162636465666768c3", TOC_MALFORMED, "after eight letters, a lead without its tail"},
    {"a100", TOC_OK, "a zero byte is text"},
    {"a4f48fbfbf", TOC_OK, "U+10FFFF"},
    {"aa61626364656667c3a968", TOC_OK, "two bytes across a word's edge"},

    /* nothing announces more than there is. */
    {"dfffff8000", TOC_TRUNCATED, "a map of four thousand million entries"},
    {"ddffffffff", TOC_TRUNCATED, "an array of as many"},
    {"9100", TOC_OK, "one item, one byte"},
    {"9200", TOC_TRUNCATED, "two items, one byte"},
    {"8100", TOC_TRUNCATED, "one entry, one byte"},
    {"82000001", TOC_TRUNCATED, "two entries, three bytes"},
    {"a261", TOC_TRUNCATED, "text longer than the bytes"},
    {"c6ffffffff00", TOC_TRUNCATED, "bytes longer than the bytes"},
    {"cd01", TOC_TRUNCATED, "argument cut"},
    {"cf00000001", TOC_TRUNCATED, "wide argument cut"},
    {"d9", TOC_TRUNCATED, "length cut"},
    {"929100", TOC_TRUNCATED, "second item missing"},

    /* map keys. */
    {"8200000000", TOC_MALFORMED, "key twice"},
    {"8201000000", TOC_MALFORMED, "keys fall"},
    {"82ff00fe00", TOC_MALFORMED, "negative keys fall"},
    {"8200 00ff00", TOC_MALFORMED, "negative after unsigned"},
    {"82a161000000", TOC_MALFORMED, "unsigned after text"},
    {"82a16200a16100", TOC_MALFORMED, "texts fall"},
    {"82a2616100a16100", TOC_MALFORMED, "longer text before its prefix"},
    {"82a16100a16100", TOC_MALFORMED, "text twice"},
    {"81c000", TOC_MALFORMED, "nil as key"},
    {"81c30000", TOC_MALFORMED, "bool as key"},
    {"81c4016100", TOC_MALFORMED, "bytes as key"},
    {"819000", TOC_MALFORMED, "array as key"},
    {"81cb3fe000000000000000", TOC_MALFORMED, "float as key"},
    {"8100820100 0000", TOC_MALFORMED, "keys fall one level down"},
    {"820081050001810500", TOC_OK, "levels keep their own order"},
};

static void each_row_has_its_code(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t bytes[64];
        size_t len = check_unhex(rows[i].hex, bytes, sizeof bytes);
        struct toc_err err = toc_codec_check(toc_span(bytes, len));
        if (err.code != rows[i].code) {
            print_error("row %zu, %s (%s): got %s\n", i, rows[i].hex, rows[i].claim,
                        toc_code_name(err.code));
            fail();
        }
    }
}

/* Every proper prefix of a good record is refused as cut, none is taken for a record. */
static void every_prefix_is_truncated(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t bytes[64];
        size_t len = check_unhex(rows[i].hex, bytes, sizeof bytes);
        for (size_t cut = 0; rows[i].code == TOC_OK && cut < len; cut++) {
            assert_code(toc_codec_check(toc_span(bytes, cut)), TOC_TRUNCATED);
        }
    }
}

/* */
static void depth_sixteen_passes_and_seventeen_is_refused(void **state)
{
    (void)state;
    uint8_t arrays[TOC_DEPTH_MAX + 1];
    uint8_t maps[2 * (TOC_DEPTH_MAX + 1) + 1];
    memset(arrays, 0x91, sizeof arrays);
    arrays[TOC_DEPTH_MAX - 1] = 0x90;
    assert_ok(toc_codec_check(toc_span(arrays, TOC_DEPTH_MAX)));
    arrays[TOC_DEPTH_MAX - 1] = 0x91;
    arrays[TOC_DEPTH_MAX] = 0x90;
    assert_code(toc_codec_check(toc_span(arrays, TOC_DEPTH_MAX + 1)), TOC_LIMIT);
    arrays[TOC_DEPTH_MAX] = 0x00;
    assert_ok(toc_codec_check(toc_span(arrays, TOC_DEPTH_MAX + 1)));
    for (size_t i = 0; i <= TOC_DEPTH_MAX; i++) {
        maps[2 * i] = 0x81;
        maps[2 * i + 1] = 0x05;
    }
    maps[2 * TOC_DEPTH_MAX] = 0xc0;
    assert_ok(toc_codec_check(toc_span(maps, 2 * TOC_DEPTH_MAX + 1)));
    maps[2 * TOC_DEPTH_MAX] = 0x81;
    maps[2 * TOC_DEPTH_MAX + 2] = 0xc0;
    assert_code(toc_codec_check(toc_span(maps, sizeof maps)), TOC_LIMIT);
}

/* msgpack-c's unpacker asks for 256 GiB on these five bytes. */
static void five_hostile_bytes_are_refused_at_once(void **state)
{
    (void)state;
    const uint8_t bytes[] = {0xdf, 0xff, 0xff, 0x80, 0x00};
    struct toc_reader reader;
    assert_code(toc_codec_check(toc_span(bytes, sizeof bytes)), TOC_TRUNCATED);
    toc_reader_init(&reader, toc_span(bytes, sizeof bytes));
    assert_int_equal(toc_read_map(&reader, SIZE_MAX), 0);
    assert_code(toc_reader_end(&reader), TOC_TRUNCATED);
    toc_reader_init(&reader, toc_span(bytes, sizeof bytes));
    assert_null(toc_read_raw(&reader).at);
    assert_code(toc_reader_end(&reader), TOC_TRUNCATED);
}

/* Many small containers in a row cost no depth. */
static void breadth_is_not_depth(void **state)
{
    (void)state;
    uint8_t bytes[3 + 1000];
    memset(bytes, 0x90, sizeof bytes);
    bytes[0] = 0xdc;
    toc_put_be16(bytes + 1, 1000);
    assert_ok(toc_codec_check(toc_span(bytes, sizeof bytes)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_row_has_its_code),
        cmocka_unit_test(every_prefix_is_truncated),
        cmocka_unit_test(depth_sixteen_passes_and_seventeen_is_refused),
        cmocka_unit_test(five_hostile_bytes_are_refused_at_once),
        cmocka_unit_test(breadth_is_not_depth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
