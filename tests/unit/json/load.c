/* SPDX-License-Identifier: EUPL-1.2 */
/* Bounded JSON: one text or many, and the place of what is wrong. */
#include "check.h"
#include "json.h"

static const struct {
    const char *text;
    uint32_t count;
} good[] = {
    {"{}", 1},
    {"\xef\xbb\xbf[1, 2]", 1},
    {" \r\n{\"a\": 1}\n{\"a\": 2}\n\n[3]\n", 3},
    {"{\"a\":\"\\u0000\"}", 1},
    {"[123456789012345678901234567890]", 1},
};

static void texts_are_loaded(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct toc_json json;
        struct toc_json_fault fault;
        assert_ok(toc_json_load(&json, toc_span_str(good[i].text), &fault));
        assert_int_equal(json.count, good[i].count);
        toc_json_clear(&json);
    }
}

static const struct {
    const char *text;
    uint32_t line;
    uint32_t column;
} bad[] = {
    {"", 1, 1},
    {"  ", 1, 3},
    {"hello", 1, 5},
    {"{\n  \"a\": 1,\n}", 3, 1},
    {"{\"a\": 1}\n{\"a\": }\n", 2, 7},
    {"{\"a\": 1}\n\n\n{\"b\"", 4, 4},
    {"[\"\xff\"]", 1, 2},
    {"[\"\xc3\xbc\", x]", 1, 7},
    {"[1] x", 1, 5},
    {"[1e999]", 1, 6},
    {"[\"\\ud800\"]", 1, 9},
    {"{\"a\":1,\"a\":2}", 1, 10},
};

static void faults_have_a_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct toc_json json;
        struct toc_json_fault fault;
        assert_code(toc_json_load(&json, toc_span_str(bad[i].text), &fault), TOC_SYNTAX);
        toc_json_clear(&json);
        if (fault.line != bad[i].line || fault.column != bad[i].column) {
            fail_msg("%s: %u:%u: %s", bad[i].text, fault.line, fault.column, fault.detail);
        }
        assert_true(fault.detail[0] != '\0');
        for (const char *c = fault.detail; *c != '\0'; c++) {
            assert_true(*c >= ' ' && *c <= '~');
        }
    }
}

static void depth_is_bounded(void **state)
{
    (void)state;
    static char text[2 * TOC_JSON_DEPTH_MAX + 2];
    struct toc_json json;
    struct toc_json_fault fault;
    memset(text, '[', TOC_JSON_DEPTH_MAX);
    memset(text + TOC_JSON_DEPTH_MAX, ']', TOC_JSON_DEPTH_MAX);
    assert_ok(toc_json_load(&json, toc_span(text, 2 * TOC_JSON_DEPTH_MAX), &fault));
    toc_json_clear(&json);
    memset(text, '[', TOC_JSON_DEPTH_MAX + 1);
    memset(text + TOC_JSON_DEPTH_MAX + 1, ']', TOC_JSON_DEPTH_MAX + 1);
    assert_code(toc_json_load(&json, toc_span(text, 2 * TOC_JSON_DEPTH_MAX + 2), &fault),
                TOC_LIMIT);
    assert_int_equal(fault.line, 1);
    assert_int_equal(fault.column, TOC_JSON_DEPTH_MAX + 1);
    toc_json_clear(&json);
}

static void the_number_of_values_is_bounded(void **state)
{
    (void)state;
    size_t len = 2 * (size_t)TOC_JSON_VALUES_MAX + 4;
    char *text = malloc(len);
    struct toc_json json;
    struct toc_json_fault fault;
    assert_non_null(text);
    for (size_t i = 0; i < len; i += 2) {
        text[i] = '0';
        text[i + 1] = ',';
    }
    text[0] = '[';
    text[1] = '0';
    text[2] = ',';
    text[len - 1] = ']';
    assert_code(toc_json_load(&json, toc_span(text, len), &fault), TOC_LIMIT);
    assert_int_equal(fault.line, 1);
    toc_json_clear(&json);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_loaded),
        cmocka_unit_test(faults_have_a_place),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(the_number_of_values_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
