/* SPDX-License-Identifier: EUPL-1.2 */
#include "token.h"

#include <string.h>

void toc_reader_init(struct toc_reader *reader, struct toc_span bytes)
{
    /* A NULL span stays a valid pair of equal pointers. */
    static const uint8_t nothing[1];
    const uint8_t *at = bytes.at == NULL ? nothing : bytes.at;
    *reader = (struct toc_reader){at, at + bytes.len, {TOC_OK, NULL}};
}

void toc_reader_fail(struct toc_reader *reader, enum toc_code code, const char *why)
{
    if (!toc_failed(reader->err)) {
        reader->err = toc_fail(code, why);
    }
}

static struct toc_span rest_of(const struct toc_reader *reader)
{
    return toc_span(reader->at, (size_t)(reader->end - reader->at));
}

enum toc_type toc_read_type(const struct toc_reader *reader)
{
    if (toc_failed(reader->err) || reader->at == reader->end) {
        return TOC_TYPE_NONE;
    }
    return toc_token_type(*reader->at);
}

/* The next token when it has the type that is wanted; else a token of zeros and a failed reader,
 * which has not moved. */
static struct toc_token take(struct toc_reader *reader, enum toc_type wanted)
{
    const struct toc_token zero = {.type = TOC_TYPE_NONE};
    if (toc_failed(reader->err)) {
        return zero;
    }
    struct toc_span rest = rest_of(reader);
    struct toc_token token;
    struct toc_err err = toc_token_take(&rest, &token);
    if (!toc_failed(err) && token.type != wanted) {
        err = toc_fail(TOC_MALFORMED, "value has another type");
    }
    if (toc_failed(err)) {
        reader->err = err;
        return zero;
    }
    reader->at = rest.at;
    return token;
}

void toc_read_nil(struct toc_reader *reader)
{
    (void)take(reader, TOC_TYPE_NIL);
}

bool toc_read_bool(struct toc_reader *reader)
{
    return take(reader, TOC_TYPE_BOOL).number != 0;
}

uint64_t toc_read_uint(struct toc_reader *reader)
{
    return take(reader, TOC_TYPE_UINT).number;
}

uint64_t toc_read_uint_max(struct toc_reader *reader, uint64_t max)
{
    uint64_t value = toc_read_uint(reader);
    if (value > max) {
        toc_reader_fail(reader, TOC_LIMIT, "number is too large");
        return 0;
    }
    return value;
}

int64_t toc_read_int(struct toc_reader *reader)
{
    if (toc_read_type(reader) != TOC_TYPE_UINT) {
        return (int64_t)take(reader, TOC_TYPE_NEGATIVE).number;
    }
    return (int64_t)toc_read_uint_max(reader, INT64_MAX);
}

double toc_read_float(struct toc_reader *reader)
{
    double value = 0.0;
    bool exact = true;
    uint64_t number;
    /* whole numbers come as integers. */
    switch (toc_read_type(reader)) {
    case TOC_TYPE_UINT:
        number = toc_read_uint(reader);
        value = (double)number;
        exact = value < 0x1p64 && (uint64_t)value == number;
        break;
    case TOC_TYPE_NEGATIVE:
        number = take(reader, TOC_TYPE_NEGATIVE).number;
        value = (double)(int64_t)number;
        exact = (int64_t)value == (int64_t)number;
        break;
    case TOC_TYPE_NIL:
    case TOC_TYPE_BOOL:
    case TOC_TYPE_FLOAT:
    case TOC_TYPE_STR:
    case TOC_TYPE_BIN:
    case TOC_TYPE_ARRAY:
    case TOC_TYPE_MAP:
    case TOC_TYPE_NONE:
        value = toc_float_of_bits(take(reader, TOC_TYPE_FLOAT).number);
        break;
    }
    if (!exact) {
        toc_reader_fail(reader, TOC_MALFORMED, "integer has no exact double");
        return 0.0;
    }
    return value;
}

static struct toc_span take_bytes(struct toc_reader *reader, enum toc_type type, size_t max)
{
    struct toc_span body = take(reader, type).body;
    if (body.len > max) {
        toc_reader_fail(reader, TOC_LIMIT, "text or bytes are too long");
        return toc_span(NULL, 0);
    }
    return body;
}

struct toc_span toc_read_str(struct toc_reader *reader, size_t max)
{
    return take_bytes(reader, TOC_TYPE_STR, max);
}

struct toc_span toc_read_bin(struct toc_reader *reader, size_t max)
{
    return take_bytes(reader, TOC_TYPE_BIN, max);
}

void toc_read_bin_exact(struct toc_reader *reader, uint8_t *out, size_t len)
{
    struct toc_span body = take(reader, TOC_TYPE_BIN).body;
    if (body.len != len) {
        toc_reader_fail(reader, TOC_MALFORMED, "bytes have another length");
    }
    if (toc_failed(reader->err)) {
        memset(out, 0, len);
    } else if (len != 0) {
        memcpy(out, body.at, len);
    }
}

static size_t take_count(struct toc_reader *reader, enum toc_type type, size_t max)
{
    uint64_t count = take(reader, type).number;
    if (count > max) {
        toc_reader_fail(reader, TOC_LIMIT, "too many items");
        return 0;
    }
    return (size_t)count;
}

size_t toc_read_array(struct toc_reader *reader, size_t max)
{
    return take_count(reader, TOC_TYPE_ARRAY, max);
}

size_t toc_read_map(struct toc_reader *reader, size_t max)
{
    return take_count(reader, TOC_TYPE_MAP, max);
}

int64_t toc_read_key(struct toc_reader *reader)
{
    return toc_read_int(reader);
}

struct toc_span toc_read_raw(struct toc_reader *reader)
{
    if (toc_failed(reader->err)) {
        return toc_span(NULL, 0);
    }
    struct toc_span rest = rest_of(reader);
    reader->err = toc_value_take(&rest);
    if (toc_failed(reader->err)) {
        return toc_span(NULL, 0);
    }
    struct toc_span raw = toc_span(reader->at, (size_t)(rest.at - reader->at));
    reader->at = rest.at;
    return raw;
}

void toc_read_unknown(struct toc_reader *reader, int64_t key)
{
    if (key < 0) {
        toc_reader_fail(reader, TOC_CRITICAL, "record has an unknown critical field"); /* */
        return;
    }
    (void)toc_read_raw(reader);
}

struct toc_err toc_reader_end(const struct toc_reader *reader)
{
    if (!toc_failed(reader->err) && reader->at != reader->end) {
        return toc_fail(TOC_TRAILING, "bytes follow the value"); /* */
    }
    return reader->err;
}
