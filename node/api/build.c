/* SPDX-License-Identifier: EUPL-1.2 */
#include "api.h"

#include <stdlib.h>
#include <string.h>

#define LENGTH_BYTES 4u
#define HEAD_BYTES_MAX 5u /* of a map or list: one byte, 16 or 32 bits of count */

static void fail(struct toc_build *build, enum toc_code code, const char *why)
{
    if (!toc_failed(build->err)) {
        build->err = toc_fail(code, why);
    }
}

/* Room for `more` bytes, or a failure. Sensitive texts pass here, so old memory is wiped. */
static bool reserve(struct toc_build *build, size_t more)
{
    if (toc_failed(build->err)) {
        return false;
    }
    if (more > build->max_bytes || build->len > build->max_bytes - more) {
        fail(build, TOC_LIMIT, "the message is too large");
        return false;
    }
    size_t need = build->len + more;
    if (need <= build->room) {
        return true;
    }
    size_t room = build->room == 0 ? 1024 : build->room;
    while (room < need) {
        room *= 2;
    }
    uint8_t *grown = malloc(room);
    if (grown == NULL) {
        fail(build, TOC_FULL, "no memory for a message");
        return false;
    }
    if (build->at != NULL) {
        memcpy(grown, build->at, build->len);
        toc_wipe(build->at, build->len);
        free(build->at);
    }
    build->at = grown;
    build->room = room;
    return true;
}

static void append(struct toc_build *build, struct toc_span bytes)
{
    if (bytes.len > 0 && reserve(build, bytes.len)) {
        memcpy(build->at + build->len, bytes.at, bytes.len);
        build->len += bytes.len;
    }
}

/* Appends the few bytes that `writer` holds. */
static void append_written(struct toc_build *build, const struct toc_writer *writer)
{
    TOC_ASSERT(!toc_failed(writer->err));
    append(build, toc_writer_bytes(writer));
}

static void append_number(struct toc_build *build, uint64_t value)
{
    uint8_t room[16];
    struct toc_writer writer;
    toc_writer_init(&writer, room, sizeof(room));
    toc_write_uint(&writer, value);
    append_written(build, &writer);
}

/* Length head of a text or binary, then its bytes. */
static void append_text(struct toc_build *build, struct toc_span text, bool binary)
{
    uint8_t head[HEAD_BYTES_MAX];
    size_t len = 0;
    if (!binary && text.len < 32) {
        head[len++] = (uint8_t)(0xa0u | text.len);
    } else if (text.len < 256) {
        head[len++] = binary ? 0xc4 : 0xd9;
        head[len++] = (uint8_t)text.len;
    } else if (text.len < 65536) {
        head[len] = binary ? 0xc5 : 0xda;
        toc_put_be16(head + 1, (uint16_t)text.len);
        len = 3;
    } else if (text.len <= UINT32_MAX) {
        head[len] = binary ? 0xc6 : 0xdb;
        toc_put_be32(head + 1, (uint32_t)text.len);
        len = 5;
    } else {
        fail(build, TOC_LIMIT, "a text is too large");
        return;
    }
    append(build, toc_span(head, len));
    append(build, text);
}

/* maps and lists: their heads are written when the count is known */

static void open_level(struct toc_build *build, bool list)
{
    TOC_ASSERT(build->depth < TOC_BUILD_DEPTH_MAX);
    build->level[build->depth].start = build->len;
    build->level[build->depth].count = 0;
    build->level[build->depth].last = 0;
    build->level[build->depth].list = list;
    build->depth++;
    /* Nearly all have fewer than 16 items, so one byte is kept for the head. */
    uint8_t head = 0;
    append(build, toc_span(&head, 1));
}

/* Writes the head of `count` items at `start`, moving what follows when it needs more bytes. */
static void close_level(struct toc_build *build)
{
    build->depth--;
    size_t start = build->level[build->depth].start;
    uint32_t count = build->level[build->depth].count;
    bool list = build->level[build->depth].list;
    size_t more = count < 16 ? 0 : count < 65536 ? 2 : 4;
    if (!reserve(build, more)) {
        return;
    }
    uint8_t *at = build->at + start;
    memmove(at + 1 + more, at + 1, build->len - start - 1);
    build->len += more;
    if (more == 0) {
        at[0] = (uint8_t)((list ? 0x90u : 0x80u) | count);
    } else if (more == 2) {
        at[0] = list ? 0xdc : 0xde;
        toc_put_be16(at + 1, (uint16_t)count);
    } else {
        at[0] = list ? 0xdd : 0xdf;
        toc_put_be32(at + 1, count);
    }
}

/* Begins a field: its number in order, of the type that the caller writes. */
static const struct toc_field_info *begin_field(struct toc_build *build, enum toc_field field)
{
    const struct toc_field_info *info = toc_field_find((uint64_t)field);
    TOC_ASSERT(info != NULL && build->depth > 0);
    uint32_t level = build->depth - 1;
    TOC_ASSERT(!build->level[level].list && build->level[level].last < (uint32_t)field);
    build->level[level].last = (uint32_t)field;
    build->level[level].count++;
    append_number(build, (uint64_t)field);
    return info;
}

/* public */

void toc_build_init(struct toc_build *build, size_t max_bytes)
{
    *build = (struct toc_build){.max_bytes = max_bytes + LENGTH_BYTES};
    static const uint8_t length[LENGTH_BYTES] = {0};
    append(build, toc_span(length, sizeof(length)));
    open_level(build, false);
}

void toc_build_clear(struct toc_build *build)
{
    if (build->at != NULL) {
        toc_wipe(build->at, build->len);
        free(build->at);
    }
    *build = (struct toc_build){.at = NULL};
}

void toc_build_number(struct toc_build *build, enum toc_field field, uint64_t value)
{
    const struct toc_field_info *info = begin_field(build, field);
    TOC_ASSERT(info->type == TOC_FIELD_TYPE_NUMBER || info->type == TOC_FIELD_TYPE_TIME);
    if (value > info->max) {
        fail(build, TOC_LIMIT, "a number is above its bound");
    }
    append_number(build, value);
}

void toc_build_signed(struct toc_build *build, enum toc_field field, int64_t value)
{
    const struct toc_field_info *info = begin_field(build, field);
    TOC_ASSERT(info->type == TOC_FIELD_TYPE_SIGNED);
    uint8_t room[16];
    struct toc_writer writer;
    toc_writer_init(&writer, room, sizeof(room));
    toc_write_int(&writer, value);
    append_written(build, &writer);
}

void toc_build_flag(struct toc_build *build, enum toc_field field, bool value)
{
    const struct toc_field_info *info = begin_field(build, field);
    TOC_ASSERT(info->type == TOC_FIELD_TYPE_FLAG);
    uint8_t byte = value ? 0xc3 : 0xc2;
    append(build, toc_span(&byte, 1));
}

void toc_build_text(struct toc_build *build, enum toc_field field, struct toc_span text)
{
    if (text.len == 0) {
        return;
    }
    const struct toc_field_info *info = begin_field(build, field);
    TOC_ASSERT(info->type == TOC_FIELD_TYPE_TEXT);
    if (text.len > info->max) {
        fail(build, TOC_LIMIT, "a text is longer than its field allows");
    } else if (!toc_utf8_valid(text)) {
        fail(build, TOC_MALFORMED, "a text is not UTF-8");
    }
    append_text(build, text, false);
}

void toc_build_str(struct toc_build *build, enum toc_field field, const char *text)
{
    toc_build_text(build, field, text == NULL ? toc_span(NULL, 0) : toc_span_str(text));
}

/* Copies what is valid; each bad byte becomes U+FFFD. Gives the bytes written, at most `max`. */
static size_t repair(uint8_t *out, size_t max, struct toc_span text)
{
    static const uint8_t replacement[3] = {0xef, 0xbf, 0xbd};
    size_t used = 0;
    while (text.len > 0) {
        size_t len = text.at[0] < 0x80 ? 1 : text.at[0] < 0xe0 ? 2 : text.at[0] < 0xf0 ? 3 : 4;
        bool valid = len <= text.len && toc_utf8_valid(toc_span(text.at, len));
        size_t put = valid ? len : sizeof(replacement);
        if (used + put > max) {
            break;
        }
        memcpy(out + used, valid ? text.at : replacement, put);
        used += put;
        size_t taken = valid ? len : 1;
        text = toc_span(text.at + taken, text.len - taken);
    }
    return used;
}

void toc_build_cut(struct toc_build *build, enum toc_field field, struct toc_span text)
{
    const struct toc_field_info *info = toc_field_find((uint64_t)field);
    TOC_ASSERT(info != NULL && info->type == TOC_FIELD_TYPE_TEXT);
    if (text.len <= info->max && toc_utf8_valid(text)) {
        toc_build_text(build, field, text);
        return;
    }
    uint8_t *copy = malloc(info->max);
    if (copy == NULL) {
        fail(build, TOC_FULL, "no memory for a text");
        return;
    }
    toc_build_text(build, field, toc_span(copy, repair(copy, info->max, text)));
    free(copy);
}

void toc_build_bytes(struct toc_build *build, enum toc_field field, struct toc_span bytes)
{
    const struct toc_field_info *info = begin_field(build, field);
    TOC_ASSERT(info->type == TOC_FIELD_TYPE_BYTES);
    if (bytes.len > info->max) {
        fail(build, TOC_LIMIT, "bytes are longer than their field allows");
    }
    append_text(build, bytes, true);
}

void toc_build_id(struct toc_build *build, enum toc_field field,
                  const uint8_t id[static TOC_ID_BYTES])
{
    const struct toc_field_info *info = begin_field(build, field);
    TOC_ASSERT(info->type == TOC_FIELD_TYPE_ID);
    append_text(build, toc_span(id, TOC_ID_BYTES), true);
}

void toc_build_texts(struct toc_build *build, enum toc_field field, const struct toc_span *texts,
                     size_t count)
{
    if (count == 0) {
        return;
    }
    toc_build_list(build, field);
    for (size_t i = 0; i < count; i++) {
        toc_build_item(build, texts[i]);
    }
    toc_build_list_end(build);
}

void toc_build_list(struct toc_build *build, enum toc_field field)
{
    const struct toc_field_info *info = begin_field(build, field);
    TOC_ASSERT(info->type == TOC_FIELD_TYPE_TEXTS || info->type == TOC_FIELD_TYPE_ROWS);
    open_level(build, true);
    build->level[build->depth - 1].last = (uint32_t)field;
}

/* Counts one more item of the open list, within the bound of its field. */
static void count_item(struct toc_build *build, enum toc_field_type type)
{
    TOC_ASSERT(build->depth > 0 && build->level[build->depth - 1].list);
    uint32_t level = build->depth - 1;
    const struct toc_field_info *info = toc_field_find(build->level[level].last);
    TOC_ASSERT(info != NULL && info->type == type);
    if (++build->level[level].count > info->max) {
        fail(build, TOC_LIMIT, "a list has more items than its field allows");
    }
}

void toc_build_item(struct toc_build *build, struct toc_span text)
{
    count_item(build, TOC_FIELD_TYPE_TEXTS);
    if (text.len > TOC_API_TEXT_BYTES_MAX) {
        fail(build, TOC_LIMIT, "an item of a list is too long");
    } else if (!toc_utf8_valid(text)) {
        fail(build, TOC_MALFORMED, "a text is not UTF-8");
    }
    append_text(build, text, false);
}

void toc_build_row(struct toc_build *build)
{
    TOC_ASSERT(build->depth == 2); /* rows do not nest */
    count_item(build, TOC_FIELD_TYPE_ROWS);
    open_level(build, false);
}

void toc_build_row_end(struct toc_build *build)
{
    TOC_ASSERT(build->depth == 3 && !build->level[2].list);
    close_level(build);
}

void toc_build_list_end(struct toc_build *build)
{
    TOC_ASSERT(build->depth > 1 && build->level[build->depth - 1].list);
    close_level(build);
}

struct toc_err toc_build_end(struct toc_build *build, struct toc_span *frame)
{
    TOC_ASSERT(build->depth == 1);
    close_level(build);
    *frame = toc_span(NULL, 0);
    if (toc_failed(build->err)) {
        return build->err;
    }
    toc_put_le32(build->at, (uint32_t)(build->len - LENGTH_BYTES));
    *frame = toc_span(build->at, build->len);
    return toc_ok();
}
