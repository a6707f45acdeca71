/* SPDX-License-Identifier: EUPL-1.2 */
#include "check.h"

#include "sync.h"

/* Rows of HAVE, EAGER and LAZY. */

/* */
static void a_row_is_read_as_it_was_written(void **state)
{
    (void)state;
    static const uint64_t seqs[] = {0, 1, 127, 128, 300, UINT64_C(1) << 63, UINT64_MAX};
    uint8_t body[8 * TOC_TELL_ROW_BYTES_MAX];
    size_t len = 0;
    for (size_t i = 0; i < sizeof seqs / sizeof *seqs; i++) {
        struct toc_tell tell = {.seq = seqs[i]};
        memset(tell.prefix, (int)i + 1, sizeof tell.prefix);
        len += toc_tell_encode(body + len, &tell);
    }
    struct toc_span rest = toc_span(body, len);
    assert_ok(toc_tells_check(rest, 0));
    for (size_t i = 0; i < sizeof seqs / sizeof *seqs; i++) {
        struct toc_tell tell;
        assert_ok(toc_tell_next(&rest, &tell));
        assert_true(tell.seq == seqs[i]);
        assert_int_equal(tell.prefix[7], i + 1);
    }
    assert_int_equal(rest.len, 0);
}

/* nothing has changed where a row is out of form. */
static void rows_out_of_form_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t len;
        uint64_t seq_min;
        enum toc_code code;
    } rows[] = {
        {"", 0, 0, TOC_TRUNCATED},
        {"\1\2\3\4\5\6\7", 7, 0, TOC_TRUNCATED},
        {"\1\2\3\4\5\6\7\10", 8, 0, TOC_TRUNCATED},
        {"\1\2\3\4\5\6\7\10\x80", 9, 0, TOC_TRUNCATED},
        {"\1\2\3\4\5\6\7\10\x81\0", 10, 0, TOC_MALFORMED},
        {"\1\2\3\4\5\6\7\10\xff\xff\xff\xff\xff\xff\xff\xff\xff\2", 18, 0, TOC_MALFORMED},
        {"\1\2\3\4\5\6\7\10\0", 9, 1, TOC_MALFORMED},
        {"\1\2\3\4\5\6\7\10\0", 9, 0, TOC_OK},
        {"\1\2\3\4\5\6\7\10\1", 9, 1, TOC_OK},
        {"\1\2\3\4\5\6\7\10\1\1\2\3\4\5\6\7\10\0", 18, 1, TOC_MALFORMED},
        {"\1\2\3\4\5\6\7\10\1\1\2\3", 12, 1, TOC_TRUNCATED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct toc_span body = toc_span((const uint8_t *)rows[i].bytes, rows[i].len);
        assert_code(toc_tells_check(body, rows[i].seq_min), rows[i].code);
        struct toc_tell tell = {.seq = 77}, before = tell;
        if (i < 6) {
            assert_code(toc_tell_next(&body, &tell), rows[i].code);
            assert_memory_equal(&tell, &before, sizeof tell);
            assert_int_equal(body.len, rows[i].len);
        }
    }
}

/* */
static void rows_are_bounded(void **state)
{
    (void)state;
    uint8_t body[(TOC_TELL_ROWS_MAX + 1) * 9];
    memset(body, 1, sizeof body);
    assert_ok(toc_tells_check(toc_span(body, TOC_TELL_ROWS_MAX * 9), 1));
    assert_code(toc_tells_check(toc_span(body, sizeof body), 1), TOC_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_is_read_as_it_was_written),
        cmocka_unit_test(rows_out_of_form_are_refused),
        cmocka_unit_test(rows_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
