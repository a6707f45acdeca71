/* SPDX-License-Identifier: EUPL-1.2 */
#include "check.h"

#include "api.h"

/* The body of a built frame: what the other side checks. */
static struct toc_span body_of(struct toc_build *build)
{
    struct toc_span frame;
    assert_ok(toc_build_end(build, &frame));
    assert_int_equal(toc_le32(frame.at), frame.len - 4);
    return toc_span(frame.at + 4, frame.len - 4);
}

static void fields_are_unique_ascending_and_found(void **state)
{
    (void)state;
    uint64_t last = 0;
    size_t count = 0;
#define SEEN(name, number, text, type, max, meaning)                                               \
    assert_true((number) > last);                                                                  \
    last = (number);                                                                               \
    assert_non_null(toc_field_find(number));                                                       \
    assert_string_equal(toc_field_find(number)->json, text);                                       \
    count++;
    TOC_FIELDS(SEEN)
#undef SEEN
    assert_null(toc_field_find(0));
    assert_null(toc_field_find(9));
    assert_null(toc_field_find(UINT64_MAX));
    assert_true(count <= TOC_API_FIELDS_MAX);
}

static void what_is_built_is_read_back(void **state)
{
    (void)state;
    struct toc_build build;
    struct toc_message message, row;
    struct toc_items items;
    struct toc_span text;
    uint8_t id[TOC_ID_BYTES] = {1, 2, 3};
    const struct toc_span names[] = {toc_span_str("AA"), toc_span_str("BB")};
    toc_build_init(&build, 1 << 20);
    toc_build_str(&build, TOC_FIELD_COMMAND, "publish");
    toc_build_flag(&build, TOC_FIELD_DRY_RUN, true);
    toc_build_texts(&build, TOC_FIELD_AUDIENCE, names, 2);
    toc_build_id(&build, TOC_FIELD_ID, id);
    toc_build_number(&build, TOC_FIELD_PUBLISHED, UINT64_MAX);
    toc_build_list(&build, TOC_FIELD_DOCUMENTS);
    for (uint64_t i = 0; i < 300; i++) {
        toc_build_row(&build);
        toc_build_number(&build, TOC_FIELD_NUMBER, i);
        toc_build_list(&build, TOC_FIELD_FLAGS);
        toc_build_item(&build, toc_span_str("flag"));
        toc_build_list_end(&build);
        toc_build_row_end(&build);
    }
    toc_build_list_end(&build);
    toc_build_signed(&build, TOC_FIELD_CLOCK_OFFSET, -5);
    assert_ok(toc_message_check(&message, body_of(&build)));
    assert_true(toc_message_is(&message, TOC_FIELD_COMMAND, "publish"));
    assert_true(toc_message_flag(&message, TOC_FIELD_DRY_RUN));
    assert_memory_equal(toc_message_id(&message, TOC_FIELD_ID), id, sizeof(id));
    assert_int_equal(toc_message_number(&message, TOC_FIELD_PUBLISHED), UINT64_MAX);
    assert_int_equal(toc_message_signed(&message, TOC_FIELD_CLOCK_OFFSET), -5);
    assert_int_equal(toc_message_list(&message, TOC_FIELD_AUDIENCE, &items), 2);
    assert_true(toc_items_text(&items, &text));
    assert_span(text, names[0]);
    assert_int_equal(toc_message_list(&message, TOC_FIELD_DOCUMENTS, &items), 300);
    for (uint64_t i = 0; i < 300; i++) {
        assert_true(toc_items_row(&items, &row));
        assert_int_equal(toc_message_number(&row, TOC_FIELD_NUMBER), i);
    }
    assert_false(toc_items_row(&items, &row));
    assert_false(toc_message_has(&message, TOC_FIELD_TITLE));
    assert_int_equal(toc_message_text(&message, TOC_FIELD_TITLE).len, 0);
    assert_null(toc_message_id(&message, TOC_FIELD_ORG_ID));
    toc_build_clear(&build);
}

static void a_builder_keeps_its_first_failure(void **state)
{
    (void)state;
    struct toc_build build;
    struct toc_span frame;
    char title[600];
    memset(title, 'x', sizeof(title));
    toc_build_init(&build, 1000);
    toc_build_text(&build, TOC_FIELD_TITLE, toc_span(title, sizeof(title)));
    assert_code(toc_build_end(&build, &frame), TOC_LIMIT);
    toc_build_clear(&build);
    toc_build_init(&build, 1000);
    toc_build_text(&build, TOC_FIELD_TITLE, toc_span("\xff", 1));
    toc_build_number(&build, TOC_FIELD_NODE, 65536);
    assert_code(toc_build_end(&build, &frame), TOC_MALFORMED);
    toc_build_clear(&build);
    toc_build_init(&build, 100);
    toc_build_bytes(&build, TOC_FIELD_BYTES, toc_span(title, 200));
    assert_code(toc_build_end(&build, &frame), TOC_LIMIT);
    assert_null(frame.at);
    toc_build_clear(&build);
}

static void foreign_text_is_cut_between_characters_and_repaired(void **state)
{
    (void)state;
    struct toc_build build;
    struct toc_message message;
    char title[600];
    memset(title, 'x', sizeof(title));
    memcpy(title + 511, "\xc3\xbc", 2);
    toc_build_init(&build, 10000);
    toc_build_cut(&build, TOC_FIELD_TITLE, toc_span(title, sizeof(title)));
    toc_build_cut(&build, TOC_FIELD_SUMMARY, toc_span("a\xff\x80", 3));
    assert_ok(toc_message_check(&message, body_of(&build)));
    assert_int_equal(toc_message_text(&message, TOC_FIELD_TITLE).len, 511);
    assert_span(toc_message_text(&message, TOC_FIELD_SUMMARY),
                toc_span_str("a\xef\xbf\xbd\xef\xbf\xbd"));
    toc_build_clear(&build);
}

static void a_body_that_breaks_a_rule_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        enum toc_code code;
    } rows[] = {
        {"", TOC_TRUNCATED},
        {"c0", TOC_MALFORMED},                   /* no map */
        {"81", TOC_TRUNCATED},                   /* promises an entry */
        {"82 01 a1 78 01 a1 78", TOC_MALFORMED}, /* a key twice */
        {"82 02 a1 78 01 a1 78", TOC_MALFORMED}, /* keys fall */
        {"81 01 c4 01 78", TOC_MALFORMED},       /* COMMAND as binary */
        {"81 01 a2 c3 28", TOC_MALFORMED},       /* not UTF-8 */
        {"81 03 01", TOC_MALFORMED},             /* END as a number */
        {"81 18 a1 78", TOC_MALFORMED},          /* PATH 24: text, but key 24 is one byte */
        {"81 04 06", TOC_LIMIT},                 /* EXIT above 5 */
        {"81 1e c4 02 00 00", TOC_MALFORMED},    /* an id of two bytes */
        {"81 ff c0", TOC_CRITICAL},              /* an unknown critical field */
        {"81 0b 91 01", TOC_MALFORMED},          /* AUDIENCE of numbers */
        {"81 39 91 81 39 90", TOC_MALFORMED},    /* DOCUMENTS within DOCUMENTS */
        {"81 0b dc ff ff", TOC_TRUNCATED},       /* 65,535 items promised */
        {"81 0b dd ff ff ff ff", TOC_TRUNCATED},
        {"80 80", TOC_TRAILING},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint8_t bytes[64];
        struct toc_message message;
        size_t len = check_unhex(rows[i].hex, bytes, sizeof(bytes));
        struct toc_err err = toc_message_check(&message, toc_span(bytes, len));
        if (i == 8) {
            assert_int_equal(err.code, TOC_OK);
            continue;
        }
        if (err.code != rows[i].code) {
            print_error("row %zu: %s, wanted %s\n", i, toc_code_name(err.code),
                        toc_code_name(rows[i].code));
            fail();
        }
        assert_int_equal(message.map.len, 0);
    }
}

static void unknown_fields_are_passed_over(void **state)
{
    (void)state;
    uint8_t bytes[64];
    struct toc_message message;
    /* 1: "x", 9: [1, {}], 250: nil */
    size_t len = check_unhex("83 01 a1 78 09 92 01 80 cc fa c0", bytes, sizeof(bytes));
    assert_ok(toc_message_check(&message, toc_span(bytes, len)));
    assert_true(toc_message_is(&message, TOC_FIELD_COMMAND, "x"));
    uint64_t next = 0;
    const struct toc_field_info *info;
    assert_true(toc_message_next(&message, &next, &info));
    assert_int_equal(info->field, TOC_FIELD_COMMAND);
    assert_false(toc_message_next(&message, &next, &info));
}

static void a_proof_needs_all_its_parts(void **state)
{
    (void)state;
    struct toc_bytes bytes;
    struct toc_proof read;
    const struct toc_proof proof = {toc_span_str("plain"), toc_span_str("card"),
                                    toc_span_str("genesis")};
    assert_ok(toc_proof_encode(&bytes, &proof));
    assert_ok(toc_proof_decode(&read, toc_span(bytes.at, bytes.len)));
    assert_span(read.plaintext, proof.plaintext);
    assert_span(read.card, proof.card);
    assert_span(read.genesis, proof.genesis);
    assert_code(toc_proof_decode(&read, toc_span(bytes.at, bytes.len - 1)), TOC_TRUNCATED);
    toc_bytes_free(&bytes);
    const struct toc_proof part = {toc_span_str("plain"), toc_span(NULL, 0), toc_span_str("x")};
    assert_ok(toc_proof_encode(&bytes, &part));
    assert_code(toc_proof_decode(&read, toc_span(bytes.at, bytes.len)), TOC_MALFORMED);
    assert_int_equal(read.plaintext.len, 0);
    toc_bytes_free(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_unique_ascending_and_found),
        cmocka_unit_test(what_is_built_is_read_back),
        cmocka_unit_test(a_builder_keeps_its_first_failure),
        cmocka_unit_test(foreign_text_is_cut_between_characters_and_repaired),
        cmocka_unit_test(a_body_that_breaks_a_rule_is_refused),
        cmocka_unit_test(unknown_fields_are_passed_over),
        cmocka_unit_test(a_proof_needs_all_its_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
