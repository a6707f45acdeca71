/* SPDX-License-Identifier: EUPL-1.2 */
#include "api.h"

#include <string.h>

/* checking */

static void check_list(struct toc_reader *reader, const struct toc_field_info *info, bool nested);

/* One value of the type and within the bound of its field; rows do not nest. */
static void check_value(struct toc_reader *reader, const struct toc_field_info *info, bool nested)
{
    switch (info->type) {
    case TOC_FIELD_TYPE_NUMBER:
    case TOC_FIELD_TYPE_TIME:
        toc_read_uint_max(reader, info->max);
        return;
    case TOC_FIELD_TYPE_SIGNED:
        toc_read_int(reader);
        return;
    case TOC_FIELD_TYPE_FLAG:
        toc_read_bool(reader);
        return;
    case TOC_FIELD_TYPE_TEXT:
        toc_read_str(reader, (size_t)info->max);
        return;
    case TOC_FIELD_TYPE_BYTES:
        toc_read_bin(reader, (size_t)info->max);
        return;
    case TOC_FIELD_TYPE_ID:
        if (toc_read_bin(reader, TOC_ID_BYTES).len != TOC_ID_BYTES) {
            toc_reader_fail(reader, TOC_MALFORMED, "an id has 32 bytes");
        }
        return;
    case TOC_FIELD_TYPE_TEXTS:
    case TOC_FIELD_TYPE_ROWS:
        check_list(reader, info, nested);
        return;
    }
}

static void check_map(struct toc_reader *reader, bool nested)
{
    size_t count = toc_read_map(reader, TOC_API_FIELDS_MAX);
    for (size_t i = 0; i < count && !toc_failed(reader->err); i++) {
        int64_t key = toc_read_key(reader);
        const struct toc_field_info *info = key < 0 ? NULL : toc_field_find((uint64_t)key);
        if (info == NULL) {
            toc_read_unknown(reader, key);
        } else {
            check_value(reader, info, nested);
        }
    }
}

static void check_list(struct toc_reader *reader, const struct toc_field_info *info, bool nested)
{
    bool rows = info->type == TOC_FIELD_TYPE_ROWS;
    if (rows && nested) {
        toc_reader_fail(reader, TOC_MALFORMED, "rows within rows");
        return;
    }
    size_t count = toc_read_array(reader, (size_t)info->max);
    for (size_t i = 0; i < count && !toc_failed(reader->err); i++) {
        if (rows) {
            check_map(reader, true);
        } else {
            toc_read_str(reader, TOC_API_TEXT_BYTES_MAX);
        }
    }
}

struct toc_err toc_message_check(struct toc_message *message, struct toc_span bytes)
{
    message->map = toc_span(NULL, 0);
    TOC_TRY(toc_codec_check(bytes));
    struct toc_reader reader;
    toc_reader_init(&reader, bytes);
    check_map(&reader, false);
    TOC_TRY(toc_reader_end(&reader));
    message->map = bytes;
    return toc_ok();
}

/* reading */

/* Puts `reader` before the value of `field`; false when it is missing. Keys ascend, so the walk
 * ends early. */
static bool seek(const struct toc_message *message, enum toc_field field, struct toc_reader *reader)
{
    toc_reader_init(reader, message->map);
    size_t count = message->map.len == 0 ? 0 : toc_read_map(reader, TOC_API_FIELDS_MAX);
    for (size_t i = 0; i < count; i++) {
        int64_t key = toc_read_key(reader);
        if (key == (int64_t)field) {
            return true;
        }
        if (key > (int64_t)field) {
            return false;
        }
        toc_read_raw(reader);
    }
    return false;
}

bool toc_message_has(const struct toc_message *message, enum toc_field field)
{
    struct toc_reader reader;
    return seek(message, field, &reader);
}

uint64_t toc_message_number(const struct toc_message *message, enum toc_field field)
{
    struct toc_reader reader;
    return seek(message, field, &reader) ? toc_read_uint(&reader) : 0;
}

int64_t toc_message_signed(const struct toc_message *message, enum toc_field field)
{
    struct toc_reader reader;
    return seek(message, field, &reader) ? toc_read_int(&reader) : 0;
}

bool toc_message_flag(const struct toc_message *message, enum toc_field field)
{
    struct toc_reader reader;
    return seek(message, field, &reader) && toc_read_bool(&reader);
}

struct toc_span toc_message_text(const struct toc_message *message, enum toc_field field)
{
    struct toc_reader reader;
    if (!seek(message, field, &reader)) {
        return toc_span(NULL, 0);
    }
    if (toc_read_type(&reader) == TOC_TYPE_BIN) {
        return toc_read_bin(&reader, SIZE_MAX);
    }
    return toc_read_str(&reader, SIZE_MAX);
}

const uint8_t *toc_message_id(const struct toc_message *message, enum toc_field field)
{
    struct toc_span id = toc_message_text(message, field);
    return id.len == TOC_ID_BYTES ? id.at : NULL;
}

bool toc_message_is(const struct toc_message *message, enum toc_field field, const char *text)
{
    return toc_span_equal(toc_message_text(message, field), toc_span_str(text));
}

size_t toc_message_list(const struct toc_message *message, enum toc_field field,
                        struct toc_items *items)
{
    items->left = 0;
    if (seek(message, field, &items->reader)) {
        items->left = toc_read_array(&items->reader, SIZE_MAX);
    }
    return items->left;
}

bool toc_items_text(struct toc_items *items, struct toc_span *text)
{
    if (items->left == 0) {
        return false;
    }
    items->left--;
    *text = toc_read_str(&items->reader, SIZE_MAX);
    return !toc_failed(items->reader.err);
}

bool toc_items_row(struct toc_items *items, struct toc_message *row)
{
    if (items->left == 0) {
        return false;
    }
    items->left--;
    row->map = toc_read_raw(&items->reader);
    return !toc_failed(items->reader.err);
}

bool toc_message_next(const struct toc_message *message, uint64_t *next,
                      const struct toc_field_info **info)
{
    struct toc_reader reader;
    toc_reader_init(&reader, message->map);
    size_t count = message->map.len == 0 ? 0 : toc_read_map(&reader, TOC_API_FIELDS_MAX);
    for (size_t i = 0; i < count; i++) {
        int64_t key = toc_read_key(&reader);
        if (key >= 0 && (uint64_t)key >= *next) {
            *info = toc_field_find((uint64_t)key);
            if (*info != NULL) {
                *next = (uint64_t)key + 1;
                return true;
            }
        }
        toc_read_raw(&reader);
    }
    return false;
}
