/* SPDX-License-Identifier: EUPL-1.2 */
#include "escape.h"
#include "term.h"

#include <string.h>

#define REPLACEMENT_POINT 0xfffdu

void toc_jsonl_init(struct toc_jsonl *json, FILE *out)
{
    *json = (struct toc_jsonl){.out = out};
}

static void put_escape(FILE *out, uint32_t point)
{
    if (point >= 0x10000) {
        uint32_t rest = point - 0x10000;
        (void)fprintf(out, "\\u%04x\\u%04x", 0xd800u + (unsigned)(rest >> 10),
                      0xdc00u + (unsigned)(rest & 0x3ff));
    } else {
        (void)fprintf(out, "\\u%04x", (unsigned)point);
    }
}

static void put_string(FILE *out, struct toc_span text)
{
    (void)fputc('"', out);
    while (text.len > 0) {
        struct toc_point point = toc_point_next(text);
        if (!point.valid) {
            put_escape(out, REPLACEMENT_POINT);
        } else if (point.harmful) {
            put_escape(out, point.value);
        } else {
            if (point.value == '"' || point.value == '\\') {
                (void)fputc('\\', out);
            }
            (void)fwrite(text.at, 1, point.bytes, out);
        }
        text = toc_span(text.at + point.bytes, text.len - point.bytes);
    }
    (void)fputc('"', out);
}

/* Comma and key before a value. */
static void lead(struct toc_jsonl *json, const char *key)
{
    if (json->depth > 0) {
        if (json->filled[json->depth - 1]) {
            (void)fputc(',', json->out);
        }
        json->filled[json->depth - 1] = true;
    }
    if (key != NULL) {
        put_string(json->out, toc_span(key, strlen(key)));
        (void)fputc(':', json->out);
    }
}

static void open_value(struct toc_jsonl *json, const char *key, char bracket)
{
    TOC_ASSERT(json->depth < TOC_JSONL_DEPTH_MAX);
    lead(json, key);
    (void)fputc(bracket, json->out);
    json->array[json->depth] = bracket == '[';
    json->filled[json->depth++] = false;
}

void toc_jsonl_object(struct toc_jsonl *json, const char *key)
{
    open_value(json, key, '{');
}

void toc_jsonl_array(struct toc_jsonl *json, const char *key)
{
    open_value(json, key, '[');
}

void toc_jsonl_close(struct toc_jsonl *json)
{
    TOC_ASSERT(json->depth > 0);
    json->depth--;
    (void)fputc(json->array[json->depth] ? ']' : '}', json->out);
    if (json->depth == 0) {
        (void)fputc('\n', json->out);
    }
}

void toc_jsonl_str(struct toc_jsonl *json, const char *key, struct toc_span value)
{
    lead(json, key);
    put_string(json->out, value);
}

void toc_jsonl_text(struct toc_jsonl *json, const char *key, const char *value)
{
    if (value == NULL) {
        toc_jsonl_null(json, key);
    } else {
        toc_jsonl_str(json, key, toc_span(value, strlen(value)));
    }
}

void toc_jsonl_uint(struct toc_jsonl *json, const char *key, uint64_t value)
{
    lead(json, key);
    (void)fprintf(json->out, "%llu", (unsigned long long)value);
}

void toc_jsonl_int(struct toc_jsonl *json, const char *key, int64_t value)
{
    lead(json, key);
    (void)fprintf(json->out, "%lld", (long long)value);
}

void toc_jsonl_bool(struct toc_jsonl *json, const char *key, bool value)
{
    lead(json, key);
    (void)fputs(value ? "true" : "false", json->out);
}

void toc_jsonl_null(struct toc_jsonl *json, const char *key)
{
    lead(json, key);
    (void)fputs("null", json->out);
}

void toc_jsonl_time(struct toc_jsonl *json, const char *key, uint64_t utc_ms)
{
    char text[TOC_TERM_TIME_BYTES];
    toc_term_time(text, utc_ms);
    size_t len = strlen(text);
    if (utc_ms == 0 || text[len - 1] != 'Z') {
        toc_jsonl_null(json, key);
        return;
    }
    (void)snprintf(text + len - 1, sizeof text - len + 1, ".%03uZ", (unsigned)(utc_ms % 1000));
    toc_jsonl_text(json, key, text);
}
