/* SPDX-License-Identifier: EUPL-1.2 */
#include "sync.h"

#include <string.h>

/* Keys of HELLO's map; negative would be critical. */
enum hello_key {
    HELLO_VERSION = 0,
    HELLO_ROSTER_NUMBER = 1,
    HELLO_ROSTER_HASH = 2,
    HELLO_CAPABILITIES = 3,
    HELLO_CREDIT_LIVE = 4,
    HELLO_CREDIT_BULK = 5,
    HELLO_CLOCK = 6,
    HELLO_SOFTWARE = 7,
};
#define HELLO_FIELDS 8u
/* Of keys 0 to 7 all but the last must be there. */
#define HELLO_REQUIRED 0x7fu
#define HELLO_KNOWN 0xffu
#define HELLO_FIELDS_MAX 64u /* fields of later versions are skipped; a bound on the loop */

size_t toc_hello_encode(struct toc_room out, const struct toc_hello *hello)
{
    struct toc_writer writer;
    toc_writer_init(&writer, out.at, out.len);
    toc_write_map(&writer, HELLO_FIELDS);
    toc_write_uint(&writer, HELLO_VERSION);
    toc_write_uint(&writer, hello->version);
    toc_write_uint(&writer, HELLO_ROSTER_NUMBER);
    toc_write_uint(&writer, hello->roster_number);
    toc_write_uint(&writer, HELLO_ROSTER_HASH);
    toc_write_bin(&writer, toc_span(hello->roster_hash, TOC_HASH_BYTES));
    toc_write_uint(&writer, HELLO_CAPABILITIES);
    toc_write_uint(&writer, hello->capabilities);
    toc_write_uint(&writer, HELLO_CREDIT_LIVE);
    toc_write_uint(&writer, hello->credit_live_bytes);
    toc_write_uint(&writer, HELLO_CREDIT_BULK);
    toc_write_uint(&writer, hello->credit_bulk_bytes);
    toc_write_uint(&writer, HELLO_CLOCK);
    toc_write_uint(&writer, hello->clock.ms);
    toc_write_uint(&writer, HELLO_SOFTWARE);
    toc_write_str(&writer, toc_span_str(hello->software));
    return toc_writer_bytes(&writer).len;
}

static void read_hello_field(struct toc_reader *reader, struct toc_hello *hello, int64_t key)
{
    switch (key) {
    case HELLO_VERSION:
        hello->version = (uint8_t)toc_read_uint_max(reader, UINT8_MAX);
        return;
    case HELLO_ROSTER_NUMBER:
        hello->roster_number = toc_read_uint(reader);
        return;
    case HELLO_ROSTER_HASH:
        toc_read_bin_exact(reader, hello->roster_hash, TOC_HASH_BYTES);
        return;
    case HELLO_CAPABILITIES:
        hello->capabilities = toc_read_uint(reader);
        return;
    case HELLO_CREDIT_LIVE:
        hello->credit_live_bytes = toc_read_uint(reader);
        return;
    case HELLO_CREDIT_BULK:
        hello->credit_bulk_bytes = toc_read_uint(reader);
        return;
    case HELLO_CLOCK:
        hello->clock.ms = toc_read_uint_max(reader, TOC_UTC_MS_MAX);
        return;
    case HELLO_SOFTWARE: {
        struct toc_span text = toc_read_str(reader, TOC_SOFTWARE_BYTES_MAX);
        if (text.len != 0) {
            memcpy(hello->software, text.at, text.len);
        }
        return;
    }
    default:
        toc_read_unknown(reader, key);
    }
}

struct toc_err toc_hello_decode(struct toc_hello *hello, struct toc_span body)
{
    struct toc_hello read = {0};
    TOC_TRY(toc_codec_check(body));
    struct toc_reader reader;
    toc_reader_init(&reader, body);
    size_t fields = toc_read_map(&reader, HELLO_FIELDS_MAX);
    unsigned seen = 0;
    for (size_t i = 0; i < fields; i++) {
        int64_t key = toc_read_key(&reader);
        read_hello_field(&reader, &read, key);
        seen |= key >= 0 && key < 32 ? 1u << key & HELLO_KNOWN : 0;
    }
    if ((seen & HELLO_REQUIRED) != HELLO_REQUIRED) {
        toc_reader_fail(&reader, TOC_MALFORMED, "a field of HELLO is missing"); /* */
    }
    TOC_TRY(toc_reader_end(&reader));
    *hello = read;
    return toc_ok();
}

void toc_row_encode(uint8_t out[static TOC_ROW_BYTES], const struct toc_row *row)
{
    memcpy(out, row->log, TOC_ID_BYTES);
    toc_put_le64(out + 32, row->seq);
    memcpy(out + 40, row->hash, TOC_HASH_BYTES);
}

void toc_row_decode(struct toc_row *row, const uint8_t in[static TOC_ROW_BYTES])
{
    memcpy(row->log, in, TOC_ID_BYTES);
    row->seq = toc_le64(in + 32);
    memcpy(row->hash, in + 40, TOC_HASH_BYTES);
}

void toc_vrow_encode_head(uint8_t out[static TOC_VROW_HEAD_BYTES], const struct toc_vrow *vrow)
{
    memcpy(out, vrow->group, TOC_ID_BYTES);
    out[TOC_ID_BYTES] = vrow->last;
    toc_put_le64(out + TOC_ID_BYTES + 1, vrow->buckets);
}

struct toc_err toc_vrow_decode(struct toc_vrow *vrow, struct toc_span body)
{
    if (body.len < TOC_VROW_HEAD_BYTES || (body.len - TOC_VROW_HEAD_BYTES) % TOC_ROW_BYTES != 0 ||
        body.at[TOC_ID_BYTES] > 1) {
        return toc_fail(TOC_MALFORMED, "a VROW is not whole rows"); /* */
    }
    struct toc_vrow read = {
        .last = body.at[TOC_ID_BYTES] == 1,
        .buckets = toc_le64(body.at + TOC_ID_BYTES + 1),
        .rows = toc_span(body.at + TOC_VROW_HEAD_BYTES, body.len - TOC_VROW_HEAD_BYTES)};
    memcpy(read.group, body.at, TOC_ID_BYTES);
    if (read.buckets == 0) {
        return toc_fail(TOC_MALFORMED, "a VROW is about no bucket"); /* */
    }
    for (size_t at = 0; at < read.rows.len; at += TOC_ROW_BYTES) {
        if ((read.buckets >> toc_bucket_of(read.rows.at + at) & 1) == 0) {
            return toc_fail(TOC_MALFORMED, "a row is of another bucket"); /* */
        }
    }
    *vrow = read;
    return toc_ok();
}

void toc_want_encode(uint8_t out[static TOC_WANT_BYTES], const struct toc_want *want)
{
    out[0] = (uint8_t)want->kind;
    memcpy(out + 1, want->log, TOC_ID_BYTES);
    toc_put_le64(out + 33, want->seq);
    toc_put_le64(out + 41, want->from);
    toc_put_le64(out + 49, want->to);
}

struct toc_err toc_want_decode(struct toc_want *want, struct toc_span body)
{
    if (body.len < TOC_WANT_BYTES) {
        return toc_fail(TOC_TRUNCATED, "a WANT ends too early");
    }
    if (body.len > TOC_WANT_BYTES) {
        return toc_fail(TOC_TRAILING, "a WANT has bytes left over");
    }
    struct toc_want read = {.kind = (enum toc_want_kind)body.at[0],
                            .seq = toc_le64(body.at + 33),
                            .from = toc_le64(body.at + 41),
                            .to = toc_le64(body.at + 49)};
    memcpy(read.log, body.at + 1, TOC_ID_BYTES);
    bool chunks = read.kind == TOC_WANT_CHUNKS;
    if (body.at[0] > TOC_WANT_CHUNKS || read.from > read.to || (!chunks && read.from == 0) ||
        (chunks && (read.seq == 0 || read.to > TOC_CHUNK_LIST))) {
        return toc_fail(TOC_MALFORMED, "a WANT asks for what cannot be"); /* */
    }
    *want = read;
    return toc_ok();
}

void toc_chunk_encode_head(uint8_t out[static TOC_CHUNK_HEAD_BYTES], const struct toc_chunk *chunk)
{
    memcpy(out, chunk->log, TOC_ID_BYTES);
    toc_put_le64(out + 32, chunk->seq);
    toc_put_le32(out + 40, chunk->index);
}

struct toc_err toc_chunk_decode(struct toc_chunk *chunk, struct toc_span body)
{
    if (body.len < TOC_CHUNK_HEAD_BYTES) {
        return toc_fail(TOC_TRUNCATED, "a CHUNK ends too early"); /* */
    }
    memcpy(chunk->log, body.at, TOC_ID_BYTES);
    chunk->seq = toc_le64(body.at + 32);
    chunk->index = toc_le32(body.at + 40);
    chunk->bytes = toc_span(body.at + TOC_CHUNK_HEAD_BYTES, body.len - TOC_CHUNK_HEAD_BYTES);
    return toc_ok();
}
