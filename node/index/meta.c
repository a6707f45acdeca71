/* SPDX-License-Identifier: EUPL-1.2 */
#include "index_internal.h"

#include <string.h>

#define FLAG_EXERCISE 1u
#define FLAG_UNREAD 2u

static void encode_place(uint8_t *at, const struct toc_index_place *place)
{
    memcpy(at, place->log, TOC_ID_BYTES);
    memcpy(at + 32, place->group, TOC_ID_BYTES);
    toc_put_le64(at + 64, place->seq);
    toc_put_le64(at + 72, place->received.ms);
    at[80] = (uint8_t)place->tlp;
}

static void decode_place(struct toc_index_place *place, const uint8_t *at)
{
    memcpy(place->log, at, TOC_ID_BYTES);
    memcpy(place->group, at + 32, TOC_ID_BYTES);
    place->seq = toc_le64(at + 64);
    place->received.ms = toc_le64(at + 72);
    place->tlp = (enum toc_tlp)at[80];
}

size_t toc_index_meta_encode(uint8_t out[static META_BYTES_MAX], const struct toc_index_meta *meta)
{
    memset(out, 0, META_FIXED_BYTES);
    memcpy(out, meta->id, TOC_ID_BYTES);
    memcpy(out + 32, meta->author, TOC_ID_BYTES);
    out[64] = (uint8_t)meta->kind;
    out[65] = (uint8_t)meta->severity;
    out[66] = (uint8_t)meta->tlp;
    out[67] = (uint8_t)meta->pap;
    out[68] = (uint8_t)((meta->exercise ? FLAG_EXERCISE : 0) | (meta->unread ? FLAG_UNREAD : 0));
    toc_put_le64(out + 72, meta->published.ms);
    toc_put_le64(out + 80, meta->received.ms);
    toc_put_le64(out + 88, meta->valid_until_ms);
    toc_put_le32(out + 96, meta->indicator_count);
    toc_put_le32(out + 100, meta->fact_count);
    toc_put_le32(out + 104, meta->warning_count);
    toc_put_le32(out + 108, meta->document_count);
    out[112] = (uint8_t)meta->place_count;
    toc_put_le16(out + 114, (uint16_t)meta->title_len);
    toc_put_le16(out + 116, (uint16_t)meta->reference_len);
    uint8_t *at = out + META_FIXED_BYTES;
    for (size_t i = 0; i < meta->place_count; i++, at += META_PLACE_BYTES) {
        encode_place(at, &meta->places[i]);
    }
    memcpy(at, meta->title, meta->title_len);
    memcpy(at + meta->title_len, meta->reference, meta->reference_len);
    return (size_t)(at - out) + meta->title_len + meta->reference_len;
}

struct toc_err toc_index_meta_decode(struct toc_index_meta *meta, uint32_t number,
                                     struct toc_span row)
{
    const uint8_t *in = row.at;
    const struct toc_err damage = toc_fail(TOC_CORRUPT, "a row of the index does not decode");
    *meta = (struct toc_index_meta){.number = number};
    if (row.len < META_FIXED_BYTES) {
        return damage;
    }
    size_t place_count = in[112];
    size_t title_len = toc_le16(in + 114);
    size_t reference_len = toc_le16(in + 116);
    if (place_count > TOC_INDEX_PLACES_MAX || title_len > TOC_TITLE_BYTES_MAX ||
        reference_len > TOC_NAME_BYTES_MAX ||
        row.len != META_FIXED_BYTES + place_count * META_PLACE_BYTES + title_len + reference_len) {
        return damage;
    }
    memcpy(meta->id, in, TOC_ID_BYTES);
    memcpy(meta->author, in + 32, TOC_ID_BYTES);
    meta->kind = (enum toc_bulletin_kind)in[64];
    meta->severity = (enum toc_severity)in[65];
    meta->tlp = (enum toc_tlp)in[66];
    meta->pap = (enum toc_pap)in[67];
    meta->exercise = (in[68] & FLAG_EXERCISE) != 0;
    meta->unread = (in[68] & FLAG_UNREAD) != 0;
    meta->published.ms = toc_le64(in + 72);
    meta->received.ms = toc_le64(in + 80);
    meta->valid_until_ms = toc_le64(in + 88);
    meta->indicator_count = toc_le32(in + 96);
    meta->fact_count = toc_le32(in + 100);
    meta->warning_count = toc_le32(in + 104);
    meta->document_count = toc_le32(in + 108);
    meta->place_count = place_count;
    meta->title_len = title_len;
    meta->reference_len = reference_len;
    const uint8_t *at = in + META_FIXED_BYTES;
    for (size_t i = 0; i < place_count; i++, at += META_PLACE_BYTES) {
        decode_place(&meta->places[i], at);
    }
    memcpy(meta->title, at, title_len);
    memcpy(meta->reference, at + title_len, reference_len);
    return toc_ok();
}

struct toc_err toc_index_meta(const struct toc_index_read *read, uint32_t number,
                              struct toc_index_meta *meta)
{
    struct toc_db_key key;
    struct toc_span row;
    toc_db_key_make(&key, TOC_DB_INDEX_META, 1, number);
    TOC_TRY(toc_scan_get(read, TOC_DB_INDEX_META, toc_db_key_span(&key), &row));
    TOC_TRY(toc_index_meta_decode(meta, number, row));
    return toc_index_status(read, meta);
}

/* The first `bits` of both are equal. */
static bool same_bits(const uint8_t *a, const uint8_t *b, size_t bits)
{
    size_t whole = bits / 8;
    unsigned rest = (unsigned)(bits % 8);
    return memcmp(a, b, whole) == 0 && (rest == 0 || (a[whole] ^ b[whole]) >> (8 - rest) == 0);
}

struct toc_err toc_index_find(const struct toc_index_read *read,
                              const uint8_t id[static TOC_ID_BYTES], size_t bits, uint32_t *numbers,
                              size_t max, size_t *count)
{
    struct scan scan;
    uint8_t from[TOC_ID_BYTES] = {0};
    *count = 0;
    TOC_ASSERT(bits <= 8 * (size_t)TOC_ID_BYTES);
    memcpy(from, id, bits / 8);
    if (bits % 8 != 0) {
        from[bits / 8] = (uint8_t)(id[bits / 8] & (0xff00u >> bits % 8));
    }
    struct toc_err err = toc_scan_open(&scan, read, TOC_DB_INDEX_ID);
    if (!toc_failed(err)) {
        err = toc_scan_seek(&scan, toc_span(from, sizeof from));
    }
    while (!toc_failed(err) && *count < max && scan.key.len == TOC_ID_BYTES &&
           same_bits(scan.key.at, from, bits)) {
        if (scan.value.len != 4) {
            err = toc_fail(TOC_CORRUPT, "a row of the index does not decode");
            break;
        }
        numbers[(*count)++] = toc_le32(scan.value.at);
        err = toc_scan_next(&scan);
    }
    toc_scan_close(&scan);
    return err.code == TOC_ABSENT ? toc_ok() : err;
}

struct toc_err toc_index_each(const struct toc_index_read *read, enum toc_index_order order,
                              struct toc_utc before,
                              bool (*each)(void *arg, uint32_t number, struct toc_utc time),
                              void *arg)
{
    struct scan scan;
    struct toc_db_key key;
    unsigned letter = order == TOC_INDEX_BY_PUBLISHED ? ORDER_PUBLISHED : ORDER_RECEIVED;
    toc_db_key_make(&key, TOC_DB_INDEX_ORDER, 2, letter, before.ms);
    struct toc_err err = toc_scan_open(&scan, read, TOC_DB_INDEX_ORDER);
    if (!toc_failed(err)) {
        err = toc_scan_seek_before(&scan, toc_db_key_span(&key));
    }
    while (!toc_failed(err) && scan.key.len == 13 && scan.key.at[0] == letter) {
        struct toc_utc time = {toc_be64(scan.key.at + 1)};
        if (!each(arg, toc_index_number_of(scan.key), time)) {
            break;
        }
        err = toc_scan_prev(&scan);
    }
    toc_scan_close(&scan);
    return err.code == TOC_ABSENT ? toc_ok() : err;
}
