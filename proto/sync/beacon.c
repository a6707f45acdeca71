/* SPDX-License-Identifier: EUPL-1.2 */
#include "sync.h"

#include <string.h>

enum beacon_key { /* negative keys are critical: a reader that skips one would err */
                  BEACON_ROWS = -4,
                  BEACON_NODE = -3,
                  BEACON_ORG = -2,
                  BEACON_GROUP = -1,
                  BEACON_SERIAL = 4,
                  BEACON_ROSTER = 5,
                  BEACON_DIGEST = 6,
                  BEACON_CLOCK = 7,
};
#define BEACON_FIELDS 8u      /* all are required; keys ascend, so none comes twice */
#define BEACON_FIELDS_MAX 64u /* fields of later versions are skipped; a bound on the loop */
#define BEACON_ROWS_BYTES_MAX (TOC_BEACON_ROWS_MAX * TOC_BEACON_ROW_BYTES)

void toc_beacon_row_encode(uint8_t out[static TOC_BEACON_ROW_BYTES],
                           const struct toc_beacon_row *row)
{
    memcpy(out, row->log, TOC_ID_BYTES);
    toc_put_le64(out + 32, row->stored_seq);
    toc_put_le64(out + 40, row->stored_at_ms);
    toc_put_le64(out + 48, row->indexed_seq);
    toc_put_le64(out + 56, row->indexed_at_ms);
}

void toc_beacon_row_decode(struct toc_beacon_row *row,
                           const uint8_t in[static TOC_BEACON_ROW_BYTES])
{
    memcpy(row->log, in, TOC_ID_BYTES);
    row->stored_seq = toc_le64(in + 32);
    row->stored_at_ms = toc_le64(in + 40);
    row->indexed_seq = toc_le64(in + 48);
    row->indexed_at_ms = toc_le64(in + 56);
}

static void write_record(struct toc_writer *writer, const struct toc_beacon *beacon)
{
    toc_write_map(writer, BEACON_FIELDS);
    toc_write_int(writer, BEACON_ROWS);
    toc_write_bin(writer, beacon->rows);
    toc_write_int(writer, BEACON_NODE);
    toc_write_uint(writer, beacon->node);
    toc_write_int(writer, BEACON_ORG);
    toc_write_bin(writer, toc_span(beacon->org, TOC_ID_BYTES));
    toc_write_int(writer, BEACON_GROUP);
    toc_write_bin(writer, toc_span(beacon->group, TOC_ID_BYTES));
    toc_write_int(writer, BEACON_SERIAL);
    toc_write_uint(writer, beacon->serial);
    toc_write_int(writer, BEACON_ROSTER);
    toc_write_uint(writer, beacon->roster_number);
    toc_write_int(writer, BEACON_DIGEST);
    toc_write_bin(writer, toc_span(beacon->digest, TOC_DIGEST_BYTES));
    toc_write_int(writer, BEACON_CLOCK);
    toc_write_uint(writer, beacon->clock.ms);
}

static void beacon_hash(uint8_t out[static TOC_HASH_BYTES], struct toc_span record)
{
    toc_hash(out, TOC_CTX_H_BEACON, &record, 1);
}

struct toc_span toc_beacon_seal(struct toc_room out, struct toc_room scratch,
                                const struct toc_beacon *beacon,
                                const struct toc_beacon_signer *signer)
{
    struct toc_writer writer;
    toc_writer_init(&writer, scratch.at, scratch.len);
    write_record(&writer, beacon);
    struct toc_span record = toc_writer_bytes(&writer);
    if (record.at == NULL) {
        return record;
    }
    uint8_t hash[TOC_HASH_BYTES], sig[TOC_SIG_BYTES];
    beacon_hash(hash, record);
    toc_sign(sig, TOC_CTX_S_BEACON, signer->federation, hash, signer->log_secret);
    toc_writer_init(&writer, out.at, out.len);
    toc_write_array(&writer, 2);
    toc_write_bin(&writer, record);
    toc_write_bin(&writer, toc_span(sig, TOC_SIG_BYTES));
    return toc_writer_bytes(&writer);
}

static void read_field(struct toc_reader *reader, struct toc_beacon *beacon, int64_t key)
{
    switch (key) {
    case BEACON_ROWS:
        beacon->rows = toc_read_bin(reader, BEACON_ROWS_BYTES_MAX);
        return;
    case BEACON_NODE:
        beacon->node = (uint16_t)toc_read_uint_max(reader, UINT16_MAX);
        return;
    case BEACON_ORG:
        toc_read_bin_exact(reader, beacon->org, TOC_ID_BYTES);
        return;
    case BEACON_GROUP:
        toc_read_bin_exact(reader, beacon->group, TOC_ID_BYTES);
        return;
    case BEACON_SERIAL:
        beacon->serial = toc_read_uint(reader);
        return;
    case BEACON_ROSTER:
        beacon->roster_number = toc_read_uint(reader);
        return;
    case BEACON_DIGEST:
        toc_read_bin_exact(reader, beacon->digest, TOC_DIGEST_BYTES);
        return;
    case BEACON_CLOCK:
        beacon->clock.ms = toc_read_uint(reader);
        return;
    default:
        toc_read_unknown(reader, key);
    }
}

static struct toc_err split(struct toc_span envelope, struct toc_span *record,
                            uint8_t sig[static TOC_SIG_BYTES])
{
    TOC_TRY(toc_codec_check(envelope));
    struct toc_reader reader;
    toc_reader_init(&reader, envelope);
    if (toc_read_array(&reader, 2) != 2) {
        toc_reader_fail(&reader, TOC_MALFORMED, "a beacon is a record and a signature");
    }
    *record = toc_read_bin(&reader, TOC_BEACON_BYTES_MAX);
    toc_read_bin_exact(&reader, sig, TOC_SIG_BYTES);
    return toc_reader_end(&reader);
}

struct toc_err toc_beacon_decode(struct toc_beacon *beacon, struct toc_span envelope)
{
    struct toc_span record;
    uint8_t sig[TOC_SIG_BYTES];
    TOC_TRY(split(envelope, &record, sig));
    TOC_TRY(toc_codec_check(record));
    struct toc_beacon read = {0};
    struct toc_reader reader;
    toc_reader_init(&reader, record);
    size_t fields = toc_read_map(&reader, BEACON_FIELDS_MAX), known = 0;
    for (size_t i = 0; i < fields; i++) {
        int64_t key = toc_read_key(&reader);
        read_field(&reader, &read, key);
        known += (key >= BEACON_ROWS && key < 0) || (key >= BEACON_SERIAL && key <= BEACON_CLOCK);
    }
    if (known != BEACON_FIELDS) {
        toc_reader_fail(&reader, TOC_MALFORMED, "a field of a beacon is missing"); /* */
    }
    if (read.rows.len % TOC_BEACON_ROW_BYTES != 0) {
        toc_reader_fail(&reader, TOC_MALFORMED, "beacon rows are not whole"); /* */
    }
    TOC_TRY(toc_reader_end(&reader));
    *beacon = read;
    return toc_ok();
}

struct toc_err toc_beacon_verify(struct toc_span envelope,
                                 const uint8_t federation[static TOC_ID_BYTES],
                                 const uint8_t log_key[static TOC_KEY_BYTES])
{
    struct toc_span record;
    uint8_t sig[TOC_SIG_BYTES], hash[TOC_HASH_BYTES];
    TOC_TRY(split(envelope, &record, sig));
    beacon_hash(hash, record);
    return toc_verify(sig, TOC_CTX_S_BEACON, federation, hash, log_key);
}
