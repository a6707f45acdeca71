/* SPDX-License-Identifier: EUPL-1.2 */
#include "fields.h"

#include <string.h>

static void get_record(struct toc_reader *reader, const struct toc_shape *shape, void *record,
                       struct toc_arena *arena);

static void get_list(struct toc_reader *reader, const struct toc_field *field, void *record,
                     struct toc_arena *arena)
{
    const struct toc_shape *shape = field->items;
    size_t count = toc_read_array(reader, SIZE_MAX);
    struct toc_err err = toc_field_check(field, count);
    uint8_t *items = NULL;
    if (!toc_failed(err)) {
        items = toc_arena_alloc(arena, count, shape->item_bytes);
        if (items == NULL) {
            err = toc_fail(TOC_FULL, "bulletin does not fit the arena");
        }
    }
    if (toc_failed(err)) {
        toc_reader_fail(reader, err.code, err.why);
        return;
    }
    for (size_t i = 0; i < count && !toc_failed(reader->err); i++) {
        uint8_t *item = items + i * shape->item_bytes;
        if (shape->fields != NULL) {
            get_record(reader, shape, item, arena);
            continue;
        }
        struct toc_span text = toc_read_str(reader, shape->text_bytes_max); /* */
        if (text.len == 0) {
            toc_reader_fail(reader, TOC_MALFORMED, "a name or value is empty"); /* */
        }
        memcpy(item, &text, sizeof text);
    }
    const void *pointer = items;
    memcpy((uint8_t *)record + field->at, &pointer, sizeof pointer);
    memcpy((uint8_t *)record + field->count_at, &count, sizeof count);
}

static void get_field(struct toc_reader *reader, const struct toc_field *field, void *record,
                      struct toc_arena *arena)
{
    uint8_t *at = (uint8_t *)record + field->at;
    struct toc_span span;
    uint64_t size = field->min;
    switch ((enum toc_field_form)field->form) {
    case TOC_FORM_ID:
        toc_read_bin_exact(reader, at, field->width);
        size = toc_is_zero(at, field->width) ? 0 : field->width;
        break;
    case TOC_FORM_TEXT:
    case TOC_FORM_BYTES:
        span = field->form == TOC_FORM_TEXT ? toc_read_str(reader, SIZE_MAX)
                                            : toc_read_bin(reader, SIZE_MAX);
        size = span.len;
        memcpy(at, &span, sizeof span);
        break;
    case TOC_FORM_NUMBER:
        size = toc_read_uint(reader);
        toc_field_set_number(field, record, size + field->bias);
        break;
    case TOC_FORM_FLAG:
        size = toc_read_bool(reader);
        *at = (uint8_t)size;
        break;
    case TOC_FORM_LIST:
        get_list(reader, field, record, arena);
        return;
    }
    struct toc_err err = toc_field_check(field, size);
    if (toc_failed(err)) {
        toc_reader_fail(reader, err.code, err.why);
    }
}

/* Members that are not in the bytes get the value that stands for "not given". */
static void set_absent(const struct toc_shape *shape, void *record)
{
    for (size_t i = 0; i < shape->field_count; i++) {
        const struct toc_field *field = &shape->fields[i];
        if (field->form == TOC_FORM_NUMBER && field->absent != TOC_FIELD_NEVER_ABSENT) {
            toc_field_set_number(field, record, field->absent);
        }
    }
}

static void get_record(struct toc_reader *reader, const struct toc_shape *shape, void *record,
                       struct toc_arena *arena)
{
    size_t count = toc_read_map(reader, TOC_RECORD_KEYS_MAX);
    size_t next = 0; /* keys ascend in the bytes and in the table */
    uint32_t seen = 0;
    set_absent(shape, record);
    for (size_t i = 0; i < count && !toc_failed(reader->err); i++) {
        int64_t key = toc_read_key(reader);
        while (next < shape->field_count && shape->fields[next].key < key) {
            next++;
        }
        if (next < shape->field_count && shape->fields[next].key == key) {
            get_field(reader, &shape->fields[next], record, arena);
            seen |= UINT32_C(1) << next;
        } else {
            toc_read_unknown(reader, key); /* */
        }
    }
    for (size_t i = 0; i < shape->field_count; i++) {
        if (shape->fields[i].required && (seen >> i & 1u) == 0) {
            toc_reader_fail(reader, TOC_MALFORMED, "a required field is missing"); /* */
        }
    }
}

struct toc_err toc_bulletin_decode(struct toc_bulletin *bulletin, struct toc_span canonical,
                                   struct toc_arena *arena)
{
    if (canonical.len > TOC_BULLETIN_BYTES_MAX) {
        return toc_fail(TOC_LIMIT, "bulletin is too long"); /* */
    }
    /* the whole is canonical before any of it is looked at. */
    TOC_TRY(toc_codec_check(canonical));
    size_t mark = toc_arena_mark(arena);
    struct toc_reader reader;
    struct toc_bulletin got = {0};
    toc_reader_init(&reader, canonical);
    get_record(&reader, &toc_shape_bulletin, &got, arena);
    struct toc_err err = toc_reader_end(&reader);
    if (toc_failed(err)) {
        toc_arena_release(arena, mark);
        return err;
    }
    *bulletin = got;
    return toc_ok();
}
