/* SPDX-License-Identifier: EUPL-1.2 */
#include "json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void toc_json_init(struct toc_json *json)
{
    memset(json, 0, sizeof *json);
}

void toc_json_clear(struct toc_json *json)
{
    for (uint32_t i = 0; i < json->count; i++) {
        json_decref(json->roots[i]);
    }
    free(json->roots);
    toc_json_init(json);
}

/* Line and column of a byte: counts from the start of `bytes`. */
static void locate(struct toc_span bytes, size_t offset, struct toc_json_fault *fault)
{
    fault->line = 1;
    fault->column = 1;
    for (size_t i = 0; i < offset && i < bytes.len; i++) {
        if (bytes.at[i] == '\n') {
            fault->line++;
            fault->column = 1;
        } else if ((bytes.at[i] & 0xc0) != 0x80) {
            fault->column++;
        }
    }
}

static struct toc_err refuse(struct toc_json_fault *fault, struct toc_span bytes, size_t offset,
                             const char *detail)
{
    locate(bytes, offset, fault);
    (void)snprintf(fault->detail, sizeof fault->detail, "%s", detail);
    return toc_fail(TOC_LIMIT, "the JSON text exceeds a bound");
}

/* Index of the closing quote of a string whose first byte is at `at`, or the end: the first quote
 * with an even number of backslashes before it. */
static size_t skip_string(struct toc_span bytes, size_t at)
{
    size_t start = at;
    while (at < bytes.len) {
        const uint8_t *quote = memchr(bytes.at + at, '"', bytes.len - at);
        if (quote == NULL) {
            return bytes.len;
        }
        size_t end = (size_t)(quote - bytes.at);
        size_t slashes = 0;
        while (end - slashes > start && bytes.at[end - slashes - 1] == '\\') {
            slashes++;
        }
        if (slashes % 2 == 0) {
            return end;
        }
        at = end + 1;
    }
    return at;
}

/* Depth and number of values, by marks alone and before any memory is taken. Every value but the
 * first of a container follows a comma. */
static struct toc_err check_bounds(struct toc_span bytes, struct toc_json_fault *fault)
{
    uint32_t depth = 0;
    uint32_t values = 1;
    for (size_t i = 0; i < bytes.len; i++) {
        switch (bytes.at[i]) {
        case '"':
            i = skip_string(bytes, i + 1);
            break;
        case '{':
        case '[':
            if (++depth > TOC_JSON_DEPTH_MAX) {
                return refuse(fault, bytes, i, "nested too deeply");
            }
            values++;
            break;
        case '}':
        case ']':
            depth -= depth > 0;
            break;
        case ',':
        case '\n': /* JSON Lines part their texts so */
            values += bytes.at[i] == ',' || depth == 0;
            break;
        default:
            continue;
        }
        if (values > TOC_JSON_VALUES_MAX) {
            return refuse(fault, bytes, i, "more values than one document may hold");
        }
    }
    return toc_ok();
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static struct toc_err keep(struct toc_json *json, json_t *root)
{
    if (json->count == json->room) {
        uint32_t room = json->room == 0 ? 4 : 2 * json->room;
        json_t **roots = realloc(json->roots, room * sizeof(json_t *));
        if (roots == NULL) {
            json_decref(root);
            return toc_fail(TOC_FULL, "no memory for JSON");
        }
        json->roots = roots;
        json->room = room;
    }
    json->roots[json->count++] = root;
    return toc_ok();
}

/* jansson's words quote the input: nothing but printable ASCII goes on. */
static void describe(struct toc_json_fault *fault, const char *text)
{
    size_t len = 0;
    for (; text[len] != '\0' && len < sizeof fault->detail - 1; len++) {
        fault->detail[len] = text[len] < ' ' || text[len] > '~' ? '?' : text[len];
    }
    fault->detail[len] = '\0';
}

/* One text at the start of `rest`; `*used` bytes of it. */
static struct toc_err load_one(struct toc_json *json, struct toc_span rest, size_t *used,
                               json_error_t *error)
{
    size_t flags = JSON_ALLOW_NUL | JSON_DISABLE_EOF_CHECK | JSON_REJECT_DUPLICATES;
    json_t *root = json_loadb((const char *)rest.at, rest.len, flags, error);
    if (root == NULL && json_error_code(error) == json_error_numeric_overflow) {
        root = json_loadb((const char *)rest.at, rest.len, flags | JSON_DECODE_INT_AS_REAL, error);
    }
    if (root == NULL) {
        bool memory = json_error_code(error) == json_error_out_of_memory;
        return memory ? toc_fail(TOC_FULL, "no memory for JSON")
                      : toc_fail(TOC_SYNTAX, "not valid JSON");
    }
    *used = (size_t)error->position;
    return keep(json, root);
}

struct toc_err toc_json_load(struct toc_json *json, struct toc_span bytes,
                             struct toc_json_fault *fault)
{
    static const uint8_t mark[3] = {0xef, 0xbb, 0xbf};
    json_error_t error;
    memset(fault, 0, sizeof *fault);
    toc_json_init(json);
    if (bytes.len >= sizeof mark && memcmp(bytes.at, mark, sizeof mark) == 0) {
        bytes = toc_span(bytes.at + sizeof mark, bytes.len - sizeof mark);
    }
    TOC_TRY(check_bounds(bytes, fault));
    size_t at = 0;
    uint32_t line = 0;   /* newlines before `at` */
    uint32_t column = 0; /* characters between the last of them and `at` */
    size_t counted = 0;
    while (true) {
        while (at < bytes.len && is_blank(bytes.at[at])) {
            at++;
        }
        if (at == bytes.len && json->count > 0) {
            return toc_ok();
        }
        if (json->count == TOC_JSON_TEXTS_MAX) {
            return refuse(fault, bytes, at, "more texts than one document may hold");
        }
        for (; counted < at; counted++) {
            bool end = bytes.at[counted] == '\n';
            line += end;
            column = end ? 0 : column + ((bytes.at[counted] & 0xc0) != 0x80);
        }
        size_t used = 0;
        struct toc_err err = load_one(json, toc_span(bytes.at + at, bytes.len - at), &used, &error);
        if (toc_failed(err)) {
            fault->line = line + (error.line > 0 ? (uint32_t)error.line : 1);
            fault->column = error.column > 0 ? (uint32_t)error.column : 1;
            fault->column += error.line <= 1 ? column : 0;
            describe(fault, error.text);
            return err;
        }
        at += used;
    }
}

struct toc_span toc_json_string(const json_t *value)
{
    if (!json_is_string(value)) {
        return toc_span("", 0);
    }
    return toc_span(json_string_value(value), json_string_length(value));
}

struct toc_span toc_json_text(const json_t *object, const char *key)
{
    return toc_json_string(json_object_get(object, key));
}
