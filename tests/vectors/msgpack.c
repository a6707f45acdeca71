/* SPDX-License-Identifier: EUPL-1.2 */
/* USES: wire */
/*
 * The public MessagePack test suite through our own reader and writer: of every value that the
 * subset allows exactly the shortest form is accepted, it is what the writer writes, and every
 * other form is refused as malformed; timestamps and extensions are refused in all forms.
 */
#include <jansson.h>

#include "check.h"
#include "wire.h"

#define FORM_BYTES_MAX 256u

static unsigned accepted_count, refused_count;

/* Bytes of "a1-61". */
static size_t unhex_form(const json_t *form, uint8_t *out)
{
    char hex[2 * FORM_BYTES_MAX + 1];
    size_t len = 0;
    for (const char *at = json_string_value(form); *at != '\0'; at++) {
        assert_true(len < sizeof hex - 1);
        if (*at != '-') {
            hex[len++] = *at;
        }
    }
    hex[len] = '\0';
    return check_unhex(hex, out, FORM_BYTES_MAX);
}

static void write_json(struct toc_writer *writer, const json_t *value)
{
    size_t index;
    json_t *item;
    const char *key;
    switch (json_typeof(value)) {
    case JSON_NULL:
        toc_write_nil(writer);
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        toc_write_bool(writer, json_is_true(value));
        break;
    case JSON_INTEGER:
        toc_write_int(writer, json_integer_value(value));
        break;
    case JSON_REAL:
        toc_write_float(writer, json_real_value(value));
        break;
    case JSON_STRING:
        toc_write_str(writer, toc_span_str(json_string_value(value)));
        break;
    case JSON_ARRAY:
        toc_write_array(writer, json_array_size(value));
        json_array_foreach(value, index, item)
        {
            write_json(writer, item);
        }
        break;
    case JSON_OBJECT:
        toc_write_map(writer, json_object_size(value));
        json_object_foreach((json_t *)(uintptr_t)value, key, item)
        {
            toc_write_str(writer, toc_span_str(key));
            write_json(writer, item);
        }
        break;
    }
}

/* The value of a case in its only form; false when the subset does not have it. */
static bool write_case(struct toc_writer *writer, const json_t *test)
{
    const json_t *big = json_object_get(test, "bignum");
    const json_t *binary = json_object_get(test, "binary");
    static const char *const plain[] = {"nil", "bool", "number", "string", "array", "map"};
    uint8_t bytes[FORM_BYTES_MAX];
    if (big != NULL && json_string_value(big)[0] != '-') {
        toc_write_uint(writer, strtoull(json_string_value(big), NULL, 10));
        return true;
    }
    if (big != NULL) {
        toc_write_int(writer, strtoll(json_string_value(big), NULL, 10));
        return true;
    }
    if (binary != NULL) {
        toc_write_bin(writer, toc_span(bytes, unhex_form(binary, bytes)));
        return true;
    }
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++) {
        const json_t *value = json_object_get(test, plain[i]);
        if (value != NULL) {
            write_json(writer, value);
            return true;
        }
    }
    return false;
}

/* Scalars read back and written again give the same bytes. */
static void assert_reads_back(struct toc_span form)
{
    uint8_t again[FORM_BYTES_MAX];
    struct toc_reader reader;
    struct toc_writer writer;
    toc_reader_init(&reader, form);
    toc_writer_init(&writer, again, sizeof again);
    switch (toc_read_type(&reader)) {
    case TOC_TYPE_NIL:
        toc_read_nil(&reader);
        toc_write_nil(&writer);
        break;
    case TOC_TYPE_BOOL:
        toc_write_bool(&writer, toc_read_bool(&reader));
        break;
    case TOC_TYPE_UINT:
        toc_write_uint(&writer, toc_read_uint(&reader));
        break;
    case TOC_TYPE_NEGATIVE:
        toc_write_int(&writer, toc_read_int(&reader));
        break;
    case TOC_TYPE_FLOAT:
        toc_write_float(&writer, toc_read_float(&reader));
        break;
    case TOC_TYPE_STR:
        toc_write_str(&writer, toc_read_str(&reader, SIZE_MAX));
        break;
    case TOC_TYPE_BIN:
        toc_write_bin(&writer, toc_read_bin(&reader, SIZE_MAX));
        break;
    case TOC_TYPE_ARRAY:
    case TOC_TYPE_MAP:
        toc_write_raw(&writer, toc_read_raw(&reader));
        break;
    case TOC_TYPE_NONE:
        fail();
        break;
    }
    assert_ok(toc_reader_end(&reader));
    assert_span(toc_writer_bytes(&writer), form);
}

static void run_case(const json_t *test)
{
    uint8_t wanted_bytes[FORM_BYTES_MAX];
    struct toc_writer writer;
    toc_writer_init(&writer, wanted_bytes, sizeof wanted_bytes);
    bool allowed = write_case(&writer, test);
    struct toc_span wanted = toc_writer_bytes(&writer);
    unsigned accepted = 0;
    size_t shortest = SIZE_MAX;
    size_t index;
    json_t *form;
    json_array_foreach(json_object_get(test, "msgpack"), index, form)
    {
        uint8_t bytes[FORM_BYTES_MAX];
        struct toc_span got = toc_span(bytes, unhex_form(form, bytes));
        /* Float 32 is no form of the subset, however short. */
        if (bytes[0] != 0xca && got.len < shortest) {
            shortest = got.len;
        }
        if (allowed && toc_span_equal(got, wanted)) {
            assert_ok(toc_codec_check(got));
            assert_reads_back(got);
            accepted++;
        } else {
            assert_code(toc_codec_check(got), TOC_MALFORMED);
            refused_count++;
        }
    }
    assert_int_equal(accepted, allowed ? 1 : 0);
    if (allowed) {
        assert_int_equal(wanted.len, shortest);
        accepted_count++;
    }
}

static void shortest_forms_alone_are_accepted(void **state)
{
    (void)state;
    const char *path = check_shared("vectors/msgpack/msgpack-test-suite.json");
    if (path == NULL) {
        skip();
    }
    json_t *suite = json_load_file(path, 0, NULL);
    assert_non_null(suite);
    const char *name;
    json_t *group;
    json_object_foreach(suite, name, group)
    {
        size_t index;
        json_t *test;
        json_array_foreach(group, index, test)
        {
            run_case(test);
        }
    }
    json_decref(suite);
    (void)printf("msgpack: %u values accepted in one form, %u other forms refused\n",
                 accepted_count, refused_count);
    assert_true(accepted_count > 40 && refused_count > 150);
}

/* A clone without the suite still runs these, from the MessagePack specification's own tables. */
static void published_heads(void **state)
{
    (void)state;
    const struct {
        const char *hex;
        enum toc_code code;
    } rows[] = {
        {"c0", TOC_OK},          {"c2", TOC_OK},
        {"93010203", TOC_OK},    {"82a7636f6d70616374c3a6736368656d6100", TOC_OK},
        {"c1", TOC_MALFORMED},   {"d6ff00000000", TOC_MALFORMED},
        {"cc00", TOC_MALFORMED}, {"d900", TOC_MALFORMED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t bytes[64];
        size_t len = check_unhex(rows[i].hex, bytes, sizeof bytes);
        assert_code(toc_codec_check(toc_span(bytes, len)), rows[i].code);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_heads),
        cmocka_unit_test(shortest_forms_alone_are_accepted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
