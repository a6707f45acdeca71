/* SPDX-License-Identifier: EUPL-1.2 */
/* What came from elsewhere reaches no terminal as a command. */
#include "check.h"

#include "term.h"

/* What `print` writes, as a terminated string on the heap. */
static char *written(void (*print)(FILE *out, const void *arg), const void *arg)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    assert_non_null(out);
    print(out, arg);
    assert_int_equal(fclose(out), 0);
    return text;
}

struct text {
    const char *at;
    size_t len;
    enum toc_term_style style;
};

static void print_text(FILE *out, const void *arg)
{
    const struct text *text = arg;
    toc_term_text(out, toc_span(text->at, text->len), text->style);
}

static void text_is_escaped(void **state)
{
    (void)state;
    static const struct {
        const char *in;
        size_t len;
        enum toc_term_style style;
        const char *out;
    } rows[] = {
        {"plain, äöü, 港, 🦀", 24, TOC_TERM_LINE, "plain, äöü, 港, 🦀"},
        {"a\x1b[31mred", 9, TOC_TERM_LINE, "a\\x1b[31mred"},
        {"a\0b", 3, TOC_TERM_LINE, "a\\x00b"},
        {"one\ntwo\tthree", 13, TOC_TERM_LINE, "one\\ntwo\\tthree"},
        {"one\ntwo\tthree", 13, TOC_TERM_LINES, "one\ntwo\tthree"},
        {"over\rwrite", 10, TOC_TERM_LINES, "over\\x0dwrite"},
        {"\xc2\x9b"
         "31m",
         5, TOC_TERM_LINE, "\\u{9b}31m"}, /* C1 CSI */
        {"\xe2\x80\xae"
         "gpj.exe",
         10, TOC_TERM_LINE, "\\u{202e}gpj.exe"},           /* RLO */
        {"\xe2\x81\xa6x", 4, TOC_TERM_LINE, "\\u{2066}x"}, /* LRI */
        {"\xef\xbb\xbfx", 4, TOC_TERM_LINE, "\\u{feff}x"},
        {"\xf3\xa0\x81\x81", 4, TOC_TERM_LINE, "\\u{e0041}"}, /* tag letter */
        {"\x7f", 1, TOC_TERM_LINE, "\\x7f"},
        {"\xff\xc3", 2, TOC_TERM_LINE, "\\xff\\xc3"},
        {"\xc0\x9b", 2, TOC_TERM_LINE, "\\xc0\\x9b"},          /* overlong */
        {"\xed\xa0\x80", 3, TOC_TERM_LINE, "\\xed\\xa0\\x80"}, /* surrogate */
        {"\xf4\x90\x80\x80", 4, TOC_TERM_LINE, "\\xf4\\x90\\x80\\x80"},
        {"\xe2\x80", 2, TOC_TERM_LINE, "\\xe2\\x80"}, /* cut */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct text text = {rows[i].in, rows[i].len, rows[i].style};
        char *out = written(print_text, &text);
        assert_string_equal(out, rows[i].out);
        free(out);
    }
}

static void width_counts_columns_of_a_terminal(void **state)
{
    (void)state;
    assert_int_equal(toc_term_width(toc_span_str("abc")), 3);
    assert_int_equal(toc_term_width(toc_span_str("äé")), 2);
    assert_int_equal(toc_term_width(toc_span_str("港口")), 4);
    assert_int_equal(toc_term_width(toc_span_str("e\xcc\x81")), 1);
    assert_int_equal(toc_term_width(toc_span_str("\x1b")), 4);
    struct toc_span cut = toc_term_cut(toc_span_str("港口x"), 3);
    assert_int_equal(cut.len, 3);
    assert_int_equal(toc_term_cut(toc_span_str("abc"), 9).len, 3);
    assert_int_equal(toc_term_cut(toc_span_str("\x1b[0m"), 3).len, 0);
}

static void time_is_utc_with_z(void **state)
{
    (void)state;
    char text[TOC_TERM_TIME_BYTES];
    toc_term_time(text, 1772359200123u);
    assert_string_equal(text, "2026-03-01T10:00:00Z");
    toc_term_time(text, 0);
    assert_string_equal(text, "-");
    toc_term_time(text, UINT64_MAX);
    assert_true(strlen(text) < TOC_TERM_TIME_BYTES);
}

static void print_table(FILE *out, const void *arg)
{
    static const char *const header[] = {"A", "B"};
    (void)arg;
    struct toc_table table;
    toc_table_init(&table, out, header, 2);
    toc_table_text(&table, "one\ttab");
    toc_table_uint(&table, 7);
    toc_table_cell(&table, toc_span("\x1b", 1));
    toc_table_text(&table, NULL);
    assert_ok(toc_table_end(&table));
}

static void table_is_tab_separated_in_a_pipe(void **state)
{
    (void)state;
    char *out = written(print_table, NULL);
    assert_string_equal(out, "one\\ttab\t7\n\\x1b\t\n");
    free(out);
}

static void print_json(FILE *out, const void *arg)
{
    (void)arg;
    struct toc_jsonl json;
    toc_jsonl_init(&json, out);
    toc_jsonl_object(&json, NULL);
    toc_jsonl_text(&json, "quote", "a\"b\\c");
    toc_jsonl_str(&json, "bad", toc_span("\xff\x1b\xc2\x9b", 4));
    toc_jsonl_str(&json, "tag", toc_span("\xf3\xa0\x81\x81", 4));
    toc_jsonl_text(&json, "none", NULL);
    toc_jsonl_uint(&json, "max", UINT64_MAX);
    toc_jsonl_int(&json, "less", -3);
    toc_jsonl_bool(&json, "yes", true);
    toc_jsonl_time(&json, "at", 1772359200123u);
    toc_jsonl_time(&json, "never", 0);
    toc_jsonl_array(&json, "list");
    toc_jsonl_text(&json, NULL, "é");
    toc_jsonl_object(&json, NULL);
    toc_jsonl_close(&json);
    toc_jsonl_close(&json);
    toc_jsonl_close(&json);
}

static void json_is_one_safe_line(void **state)
{
    (void)state;
    char *out = written(print_json, NULL);
    assert_string_equal(out, "{\"quote\":\"a\\\"b\\\\c\",\"bad\":\"\\ufffd\\u001b\\u009b\","
                             "\"tag\":\"\\udb40\\udc41\",\"none\":null,"
                             "\"max\":18446744073709551615,\"less\":-3,\"yes\":true,"
                             "\"at\":\"2026-03-01T10:00:00.123Z\",\"never\":null,"
                             "\"list\":[\"é\",{}]}\n");
    free(out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_escaped),
        cmocka_unit_test(width_counts_columns_of_a_terminal),
        cmocka_unit_test(time_is_utc_with_z),
        cmocka_unit_test(table_is_tab_separated_in_a_pipe),
        cmocka_unit_test(json_is_one_safe_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
