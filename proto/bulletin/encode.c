/* SPDX-License-Identifier: EUPL-1.2 */
#include "fields.h"

#include <string.h>

/* Heads at their widest: map keys fit one byte, lengths and numbers nine. */
#define KEY_BYTES 1u
#define HEAD_BYTES_MAX 9u

static void put_record(struct toc_writer *writer, const struct toc_shape *shape,
                       const void *record);

static struct toc_span span_at(const void *record, size_t at)
{
    struct toc_span span;
    memcpy(&span, (const uint8_t *)record + at, sizeof span);
    return span;
}

static const uint8_t *pointer_at(const void *record, size_t at)
{
    const void *pointer;
    memcpy(&pointer, (const uint8_t *)record + at, sizeof pointer);
    return pointer;
}

static size_t size_at(const void *record, size_t at)
{
    size_t size;
    memcpy(&size, (const uint8_t *)record + at, sizeof size);
    return size;
}

static bool present(const struct toc_field *field, const void *record)
{
    switch ((enum toc_field_form)field->form) {
    case TOC_FORM_ID:
        return !toc_is_zero((const uint8_t *)record + field->at, field->width);
    case TOC_FORM_TEXT:
    case TOC_FORM_BYTES:
        return span_at(record, field->at).len != 0;
    case TOC_FORM_NUMBER:
        return toc_field_number(field, record) != field->absent;
    case TOC_FORM_FLAG:
        return ((const uint8_t *)record)[field->at] != 0;
    case TOC_FORM_LIST:
        return size_at(record, field->count_at) != 0;
    }
    return false;
}

static void fail(struct toc_writer *writer, struct toc_err err)
{
    if (!toc_failed(writer->err)) {
        writer->err = err;
    }
}

static void put_text(struct toc_writer *writer, struct toc_span text)
{
    if (!toc_utf8_valid(text)) {
        fail(writer, toc_fail(TOC_MALFORMED, "text is not UTF-8")); /* */
        return;
    }
    toc_write_str(writer, text);
}

static void put_list(struct toc_writer *writer, const struct toc_field *field, const void *record)
{
    const struct toc_shape *shape = field->items;
    const uint8_t *item = pointer_at(record, field->at);
    size_t count = size_at(record, field->count_at);
    toc_write_array(writer, count);
    for (size_t i = 0; i < count && !toc_failed(writer->err); i++, item += shape->item_bytes) {
        if (shape->fields != NULL) {
            put_record(writer, shape, item);
            continue;
        }
        struct toc_span text = span_at(item, 0);
        if (text.len == 0) {
            fail(writer, toc_fail(TOC_MALFORMED, "a name or value is empty")); /* */
        } else if (text.len > shape->text_bytes_max) {
            fail(writer, toc_fail(TOC_LIMIT, "a name or value is too long")); /* */
        }
        put_text(writer, text);
    }
}

/* The size or number that the field's limits speak about. */
static uint64_t measure(const struct toc_field *field, const void *record)
{
    switch ((enum toc_field_form)field->form) {
    case TOC_FORM_ID:
        return field->width;
    case TOC_FORM_TEXT:
    case TOC_FORM_BYTES:
        return span_at(record, field->at).len;
    case TOC_FORM_NUMBER:
        /* A letter below its row wraps to a huge number and exceeds the limit. */
        return toc_field_number(field, record) - field->bias;
    case TOC_FORM_FLAG:
        return 1;
    case TOC_FORM_LIST:
        return size_at(record, field->count_at);
    }
    return 0;
}

static void put_field(struct toc_writer *writer, const struct toc_field *field, const void *record)
{
    uint64_t size = measure(field, record);
    struct toc_err err = toc_field_check(field, size);
    if (toc_failed(err)) {
        fail(writer, err);
        return;
    }
    toc_write_int(writer, field->key);
    switch ((enum toc_field_form)field->form) {
    case TOC_FORM_ID:
        toc_write_bin(writer, toc_span((const uint8_t *)record + field->at, field->width));
        break;
    case TOC_FORM_TEXT:
        put_text(writer, span_at(record, field->at));
        break;
    case TOC_FORM_BYTES:
        toc_write_bin(writer, span_at(record, field->at));
        break;
    case TOC_FORM_NUMBER:
        toc_write_uint(writer, size);
        break;
    case TOC_FORM_FLAG:
        toc_write_bool(writer, true);
        break;
    case TOC_FORM_LIST:
        put_list(writer, field, record);
        break;
    }
}

static void put_record(struct toc_writer *writer, const struct toc_shape *shape, const void *record)
{
    size_t count = 0;
    for (size_t i = 0; i < shape->field_count; i++) {
        bool here = present(&shape->fields[i], record);
        if (shape->fields[i].required && !here) {
            fail(writer, toc_fail(TOC_MALFORMED, "a required field is missing")); /* */
        }
        count += here;
    }
    toc_write_map(writer, count);
    for (size_t i = 0; i < shape->field_count && !toc_failed(writer->err); i++) {
        if (present(&shape->fields[i], record)) {
            put_field(writer, &shape->fields[i], record);
        }
    }
}

struct toc_err toc_bulletin_encode(const struct toc_bulletin *bulletin, struct toc_room out,
                                   struct toc_span *canonical)
{
    struct toc_writer writer;
    toc_writer_init(&writer, out.at, out.len);
    put_record(&writer, &toc_shape_bulletin, bulletin);
    TOC_TRY(writer.err);
    if (writer.len > TOC_BULLETIN_BYTES_MAX) {
        return toc_fail(TOC_LIMIT, "bulletin is too long: split it"); /* */
    }
    *canonical = toc_writer_bytes(&writer);
    return toc_ok();
}

/* Saturates instead of wrapping: absurd sizes then fail as FULL or LIMIT. */
static size_t plus(size_t a, size_t b)
{
    return a > SIZE_MAX - b ? SIZE_MAX : a + b;
}

static size_t record_bytes_max(const struct toc_shape *shape, const void *record)
{
    size_t total = HEAD_BYTES_MAX;
    for (size_t i = 0; i < shape->field_count; i++) {
        const struct toc_field *field = &shape->fields[i];
        total = plus(total, KEY_BYTES + HEAD_BYTES_MAX);
        if (field->form == TOC_FORM_ID) {
            total = plus(total, field->width);
        } else if (field->form == TOC_FORM_TEXT || field->form == TOC_FORM_BYTES) {
            total = plus(total, span_at(record, field->at).len);
        } else if (field->form == TOC_FORM_LIST) {
            const uint8_t *item = pointer_at(record, field->at);
            size_t count = size_at(record, field->count_at);
            for (size_t k = 0; k < count; k++, item += field->items->item_bytes) {
                total = plus(total, field->items->fields != NULL
                                        ? record_bytes_max(field->items, item)
                                        : plus(HEAD_BYTES_MAX, span_at(item, 0).len));
            }
        }
    }
    return total;
}

size_t toc_bulletin_encode_bytes_max(const struct toc_bulletin *bulletin)
{
    return record_bytes_max(&toc_shape_bulletin, bulletin);
}
