/* SPDX-License-Identifier: EUPL-1.2 */
#include "record.h"

#include <string.h>

#define ROW_BYTES_MAX 64u
#define BIN_HEAD_BYTES_MAX 5u

struct toc_err toc_record_open(struct toc_reader *reader, struct toc_span record, size_t bytes_max,
                               size_t *fields)
{
    *fields = 0;
    if (record.len > bytes_max) {
        return toc_fail(TOC_LIMIT, "record is too long");
    }
    TOC_TRY(toc_codec_check(record));
    toc_reader_init(reader, record);
    *fields = toc_read_map(reader, TOC_RECORD_FIELDS_MAX);
    return reader->err;
}

int64_t toc_record_key(struct toc_reader *reader, uint64_t *seen)
{
    int64_t key = toc_read_key(reader);
    if (!toc_failed(reader->err) && key >= 0 && key < 64) {
        *seen |= TOC_FIELD(key);
    }
    return key;
}

struct toc_err toc_record_end(struct toc_reader *reader, uint64_t seen, uint64_t wanted)
{
    if ((seen & wanted) != wanted) {
        toc_reader_fail(reader, TOC_MALFORMED, "record lacks a field"); /* */
    }
    return toc_reader_end(reader);
}

struct toc_err toc_envelope_open(struct toc_reader *reader, struct toc_span envelope,
                                 size_t bytes_max, size_t items, struct toc_span *record)
{
    *record = toc_span(NULL, 0);
    if (envelope.len > bytes_max) {
        return toc_fail(TOC_LIMIT, "envelope is too long");
    }
    TOC_TRY(toc_codec_check(envelope));
    toc_reader_init(reader, envelope);
    if (toc_read_array(reader, items) != items) {
        toc_reader_fail(reader, TOC_MALFORMED, "envelope lacks an item");
    }
    *record = toc_read_bin(reader, bytes_max);
    return reader->err;
}

struct toc_writer toc_envelope_begin(struct toc_room out)
{
    struct toc_writer writer;
    if (out.len <= TOC_ENVELOPE_HEAD_BYTES_MAX) {
        toc_writer_init(&writer, out.at, 0);
        return writer;
    }
    toc_writer_init(&writer, out.at + TOC_ENVELOPE_HEAD_BYTES_MAX,
                    out.len - TOC_ENVELOPE_HEAD_BYTES_MAX);
    return writer;
}

/* The shortest head of `len` bytes. */
static size_t put_bin_head(uint8_t head[static BIN_HEAD_BYTES_MAX], size_t len)
{
    if (len <= UINT8_MAX) {
        head[0] = 0xc4;
        head[1] = (uint8_t)len;
        return 2;
    }
    if (len <= UINT16_MAX) {
        head[0] = 0xc5;
        toc_put_be16(head + 1, (uint16_t)len);
        return 3;
    }
    head[0] = 0xc6;
    toc_put_be32(head + 1, (uint32_t)len);
    return 5;
}

void toc_record_write_bin_head(struct toc_writer *writer, size_t len)
{
    uint8_t head[BIN_HEAD_BYTES_MAX];
    toc_write_raw(writer, toc_span(head, put_bin_head(head, len)));
}

struct toc_err toc_envelope_end(struct toc_room out, const struct toc_writer *writer, size_t items,
                                struct toc_writer *envelope, struct toc_span *record)
{
    TOC_ASSERT(items > 0 && items < 16);
    if (toc_failed(writer->err)) {
        return writer->err;
    }
    uint8_t head[TOC_ENVELOPE_HEAD_BYTES_MAX];
    head[0] = (uint8_t)(0x90u | items);
    size_t head_len = 1 + put_bin_head(head + 1, writer->len);
    if (head_len + writer->len > out.len) {
        return toc_fail(TOC_FULL, "envelope does not fit its memory");
    }
    memmove(out.at + head_len, writer->at, writer->len);
    memcpy(out.at, head, head_len);
    *record = toc_span(out.at + head_len, writer->len);
    toc_writer_init(envelope, out.at, out.len);
    envelope->len = head_len + writer->len;
    return toc_ok();
}

/* Is there a C0, DEL or C1 character? In valid UTF-8, C1 is c2 80..9f. */
static bool has_controls(struct toc_span text)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.at[i];
        if (c < 0x20 || c == 0x7f) {
            return true;
        }
        if (c == 0xc2 && i + 1 < text.len && text.at[i + 1] < 0xa0) {
            return true;
        }
    }
    return false;
}

struct toc_span toc_record_read_span(struct toc_reader *reader, size_t max)
{
    struct toc_span text = toc_read_str(reader, max);
    if (toc_failed(reader->err)) {
        return toc_span(NULL, 0);
    }
    /* */
    if (text.len == 0 || has_controls(text)) {
        toc_reader_fail(reader, TOC_MALFORMED, "text is empty or has control characters");
        return toc_span(NULL, 0);
    }
    return text;
}

void toc_record_read_text(struct toc_reader *reader, char *out, size_t max)
{
    struct toc_span text = toc_record_read_span(reader, max);
    if (text.len != 0) {
        memcpy(out, text.at, text.len);
    }
    out[text.len] = '\0';
}

const uint8_t *toc_record_read_exact(struct toc_reader *reader, size_t len)
{
    struct toc_span bytes = toc_read_bin(reader, len);
    if (!toc_failed(reader->err) && bytes.len != len) {
        toc_reader_fail(reader, TOC_MALFORMED, "bytes have another length");
    }
    return toc_failed(reader->err) ? NULL : bytes.at;
}

void toc_record_read_country(struct toc_reader *reader, char out[static 3])
{
    toc_record_read_text(reader, out, 2);
    if (!toc_failed(reader->err) &&
        (out[0] < 'A' || out[0] > 'Z' || out[1] < 'A' || out[1] > 'Z')) {
        toc_reader_fail(reader, TOC_MALFORMED, "country is not two upper-case letters");
    }
}

void toc_record_read_handle(struct toc_reader *reader, char out[static TOC_HANDLE_BYTES_MAX + 1])
{
    toc_record_read_text(reader, out, TOC_HANDLE_BYTES_MAX);
    if (!toc_failed(reader->err)) {
        struct toc_err err = toc_handle_check(toc_span_str(out));
        if (toc_failed(err)) {
            toc_reader_fail(reader, err.code, err.why);
        }
    }
}

void toc_record_write_span(struct toc_writer *writer, uint64_t key, struct toc_span text)
{
    toc_write_uint(writer, key);
    toc_write_str(writer, text);
}

void toc_record_write_text(struct toc_writer *writer, uint64_t key, const char *text)
{
    if (text[0] != '\0') {
        toc_record_write_span(writer, key, toc_span_str(text));
    }
}

void toc_record_write_bytes32(struct toc_writer *writer, uint64_t key, const uint8_t *bytes)
{
    toc_write_uint(writer, key);
    toc_write_bin(writer, toc_span(bytes, 32));
}

void toc_record_write_uint(struct toc_writer *writer, uint64_t key, uint64_t value)
{
    toc_write_uint(writer, key);
    toc_write_uint(writer, value);
}

static void swap_rows(uint8_t *a, uint8_t *b, size_t row_bytes)
{
    uint8_t spare[ROW_BYTES_MAX];
    memcpy(spare, a, row_bytes);
    memcpy(a, b, row_bytes);
    memcpy(b, spare, row_bytes);
}

/* Lets the row at `root` sink in a heap of `count` rows, the greatest on top. */
static void sink(uint8_t *rows, size_t root, size_t count, size_t row_bytes)
{
    for (size_t child = 2 * root + 1; child < count; child = 2 * root + 1) {
        if (child + 1 < count &&
            memcmp(rows + child * row_bytes, rows + (child + 1) * row_bytes, 32) < 0) {
            child++;
        }
        if (memcmp(rows + root * row_bytes, rows + child * row_bytes, 32) >= 0) {
            return;
        }
        swap_rows(rows + root * row_bytes, rows + child * row_bytes, row_bytes);
        root = child;
    }
}

void toc_rows_sort(uint8_t *rows, size_t count, size_t row_bytes)
{
    TOC_ASSERT(row_bytes >= 32 && row_bytes <= ROW_BYTES_MAX);
    for (size_t i = count / 2; i > 0; i--) {
        sink(rows, i - 1, count, row_bytes);
    }
    for (size_t last = count; last > 1; last--) {
        swap_rows(rows, rows + (last - 1) * row_bytes, row_bytes);
        sink(rows, 0, last - 1, row_bytes);
    }
}
