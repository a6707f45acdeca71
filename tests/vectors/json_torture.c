/* SPDX-License-Identifier: EUPL-1.2 */
/* USES: intel json */
/*
 * JSONTestSuite: texts that every parser must accept, must refuse, and may do as it likes with; and
 * the list of naughty strings as free text. None crashes, and a refusal has its place.
 */
#include "check.h"
#include "index_wire.h"
#include "json.h"
#include "stix.h"

#include <dirent.h>

static unsigned accepted;
static unsigned refused;

/* A name with a NUL byte: jansson refuses it, and no format that is read has one. */
static const char null_in_key[] = "y_object_escaped_null_in_key.json";

/* Accepted means: one text. Several in a row are JSON Lines here, and a bare scalar is no document.
 */
static bool accepts(const char *path, const char *name)
{
    struct toc_json json;
    struct toc_json_fault fault;
    size_t len = 0;
    char *text = check_read(path, &len);
    assert_non_null(text);
    struct toc_err err = toc_json_load(&json, toc_span(text, len), &fault);
    bool good = !toc_failed(err) && json.count == 1;
    if (toc_failed(err)) {
        assert_true(err.code == TOC_SYNTAX || err.code == TOC_LIMIT);
        if (fault.line < 1 || fault.column < 1 || fault.detail[0] == '\0') {
            fail_msg("%s has no place", name);
        }
    }
    toc_json_clear(&json);
    free(text);
    return good;
}

/* Legal texts that are refused on purpose: jansson takes no NUL in a key, and a key that stands
 * twice could show one marking to one reader and another to the next. */
static bool is_exception(const char *name)
{
    return strcmp(name, null_in_key) == 0 ||
           strncmp(name, "y_object_duplicated_key", strlen("y_object_duplicated_key")) == 0;
}

/* A text that is one scalar: legal JSON (RFC 8259), but no document of any format that is read. */
static bool is_scalar(const char *path)
{
    size_t len = 0;
    char *text = check_read(path, &len);
    assert_non_null(text);
    size_t at = strspn(text, " \t\r\n");
    bool scalar = text[at] != '[' && text[at] != '{';
    free(text);
    return scalar;
}

static void every_text_goes_as_it_must(void **state)
{
    (void)state;
    char folder[4096];
    (void)snprintf(folder, sizeof folder, "%s", check_shared("vectors/json-torture/test_parsing"));
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        char path[4096 + 300];
        if (entry->d_name[0] == '.') {
            continue;
        }
        (void)snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        bool good = accepts(path, entry->d_name);
        accepted += good;
        refused += !good;
        bool wanted = entry->d_name[0] == 'y' && !is_scalar(path) && !is_exception(entry->d_name);
        bool unwanted = entry->d_name[0] == 'n';
        if ((wanted && !good) || (unwanted && good)) {
            fail_msg("%s: %s", entry->d_name, good ? "accepted" : "refused");
        }
    }
    (void)closedir(dir);
    print_message("json: %u texts accepted, %u refused\n", accepted, refused);
    assert_int_equal(accepted + refused, 318);
}

/* A report with each string as its name: written comes out byte for byte, through the messages. */
static void naughty_strings_come_out_as_they_went_in(void **state)
{
    (void)state;
    static struct toc_intel_reading reading;
    static struct toc_intel_reading back;
    struct toc_index_buffer buffer = {NULL, 0, 0};
    json_t *strings = json_load_file(check_shared("vectors/strings/blns.json"), 0, NULL);
    assert_int_equal(json_array_size(strings), 515);
    for (size_t i = 0; i < json_array_size(strings); i++) {
        json_t *name = json_array_get(strings, i);
        json_t *report = json_pack("{s:s,s:s,s:O}", "type", "report", "id",
                                   "report--00000000-0000-4000-8000-000000000001", "name", name);
        struct toc_json json = {.roots = &report, .count = 1};
        bool is_21 = false;
        toc_intel_reading_init(&reading);
        toc_intel_reading_init(&back);
        reading.document_count = 1;
        assert_ok(toc_stix_read(&reading.facts, &json, 1, &is_21));
        assert_ok(toc_index_encode_reply(&buffer, toc_ok(), &reading));
        assert_ok(toc_index_decode_reply(&back, toc_span(buffer.at + TOC_INDEX_LENGTH_BYTES,
                                                         buffer.len - TOC_INDEX_LENGTH_BYTES)));
        struct toc_span wanted = toc_json_string(name);
        struct toc_value blank;
        if (toc_failed(toc_value_make(&blank, TOC_VALUE_TITLE, wanted))) {
            /* Nothing but blanks is no title. */
            assert_true(back.facts.count == 0 || back.facts.at[0].kind == TOC_VALUE_WARNING);
        } else {
            assert_int_equal(back.facts.count, 1);
            assert_int_equal(back.facts.at[0].kind, TOC_VALUE_TITLE);
            assert_span(back.facts.at[0].written, wanted);
        }
        toc_intel_reading_clear(&reading);
        toc_intel_reading_clear(&back);
        json_decref(report);
    }
    json_decref(strings);
    free(buffer.at);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_text_goes_as_it_must),
        cmocka_unit_test(naughty_strings_come_out_as_they_went_in),
    };
    if (check_shared("vectors/json-torture/test_parsing") == NULL ||
        check_shared("vectors/strings/blns.json") == NULL) {
        return CHECK_SKIPPED;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
