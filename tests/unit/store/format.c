/* SPDX-License-Identifier: EUPL-1.2 */
/* FORMAT.md says what the code does. */
#include "check.h"

#include "store_internal.h"

static char *document;

static int read_document(void **state)
{
    char path[4096];
    size_t len;
    const char *source = getenv("TOCSIN_SOURCE");
    (void)state;
    (void)snprintf(path, sizeof path, "%s/node/store/FORMAT.md", source == NULL ? "." : source);
    document = check_read(path, &len);
    return document == NULL;
}

static int free_document(void **state)
{
    (void)state;
    free(document);
    return 0;
}

static void assert_says(const char *wanted)
{
    if (strstr(document, wanted) == NULL) {
        fail_msg("FORMAT.md does not say: %s", wanted);
    }
}

static void every_table_stands_in_its_place(void **state)
{
    const char *before = document;
    (void)state;
    for (unsigned i = 0; i < TOC_DB_TABLE_COUNT; i++) {
        const struct toc_db_layout *layout = toc_db_layout((enum toc_db_table)i);
        char row[160];
        (void)snprintf(row, sizeof row, "| `%s` | `%s` | %s | %s |", layout->text, layout->format,
                       layout->checked ? "checked" : "plain",
                       layout->disposable ? "disposable" : "kept");
        const char *at = strstr(document, row);
        if (at == NULL || at <= before) {
            fail_msg("FORMAT.md lacks, or has in another place: %s", row);
        }
        before = at;
    }
    /* The checksum covers a table's number: the order is part of the format. */
    assert_int_equal(TOC_DB_INFO, 0);
    assert_int_equal(TOC_DB_INDEX_WITHDRAWN, 15);
}

static void numbers_are_those_of_the_code(void **state)
{
    char text[128];
    (void)state;
    (void)snprintf(text, sizeof text,
                   "Schema number of the store: %u. Schema number of the index: 1.", TOC_DB_SCHEMA);
    assert_says(text);
    (void)snprintf(text, sizeof text, "%u bytes and the checksum", HEAD_ROW_BYTES);
    assert_says(text);
    (void)snprintf(text, sizeof text, "No key is longer than %u bytes, no value longer than %u MiB",
                   TOC_DB_KEY_BYTES_MAX, (unsigned)(TOC_DB_VALUE_BYTES_MAX >> 20));
    assert_says(text);
    (void)snprintf(text, sizeof text, "key of up to %u bytes", (unsigned)RECORD_KEY_BYTES_MAX);
    assert_says(text);
    (void)snprintf(text, sizeof text, "At most %u reader slots", TOC_DB_READERS_MAX);
    assert_says(text);
    (void)snprintf(text, sizeof text, "less than %u MiB of free",
                   (unsigned)(TOC_DB_SPACE_BYTES >> 20));
    assert_says(text);
    assert_int_equal(TOC_DB_MAP_BYTES, (uint64_t)1 << 40);
    assert_says("1 TiB, halved");
}

static void head_row_is_laid_out_as_written(void **state)
{
    struct toc_log_head head = {
        .seq = 0x1111, .utc = {0x2222}, .checkpoint_seq = 0x10f0, .open_bytes = 0x4444};
    struct toc_log_head back;
    uint8_t log[TOC_ID_BYTES];
    uint8_t row[HEAD_ROW_BYTES];
    uint8_t id[TOC_ID_BYTES];
    (void)state;
    memset(log, 0xaa, sizeof log);
    memset(head.hash, 0xbb, sizeof head.hash);
    toc_store_head_encode(row, log, &head);
    assert_memory_equal(row, log, 32);
    assert_int_equal(toc_le64(row + 32), 0x1111);
    assert_memory_equal(row + 40, head.hash, 32);
    assert_int_equal(toc_le64(row + 72), 0x2222);
    assert_int_equal(toc_le64(row + 80), 0x10f0);
    assert_int_equal(toc_le64(row + 88), 0x4444);
    assert_ok(toc_store_head_decode(toc_span(row, sizeof row), id, &back));
    assert_memory_equal(&back, &head, sizeof head);
    toc_put_le64(row + 80, 0x1112); /* a checkpoint after the head */
    assert_code(toc_store_head_decode(toc_span(row, sizeof row), id, &back), TOC_CORRUPT);
    assert_code(toc_store_head_decode(toc_span(row, sizeof row - 1), id, &back), TOC_CORRUPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_table_stands_in_its_place),
        cmocka_unit_test(numbers_are_those_of_the_code),
        cmocka_unit_test(head_row_is_laid_out_as_written),
    };
    return cmocka_run_group_tests(tests, read_document, free_document);
}
