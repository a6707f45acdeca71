/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * record: what all signed records of this room share: reading a map of integer keys, texts,
 * writing a record with its envelope around it. Private to trust.
 */
#ifndef TOC_RECORD_H
#define TOC_RECORD_H

#include "card.h"

#define TOC_RECORD_FIELDS_MAX 64u      /* known and unknown: room for four times what exists */
#define TOC_ENVELOPE_HEAD_BYTES_MAX 6u /* array of up to 15 items; bin with a u32 length */

/* Bit of a field in a mask of fields seen. */
#define TOC_FIELD(key) (UINT64_C(1) << (key))

/* Walks `record` and reads its map head: `fields` pairs follow. Fails: as toc_codec_check; LIMIT
 * (above bytes_max or TOC_RECORD_FIELDS_MAX). */
TOC_MUST_USE struct toc_err toc_record_open(struct toc_reader *reader, struct toc_span record,
                                            size_t bytes_max, size_t *fields);
/* Reads the next key and notes it in *seen (keys 0..63 alone). */
int64_t toc_record_key(struct toc_reader *reader, uint64_t *seen);
/* Fails the reader with MALFORMED unless all `wanted` fields were seen, else toc_reader_end. */
TOC_MUST_USE struct toc_err toc_record_end(struct toc_reader *reader, uint64_t seen,
                                           uint64_t wanted);

/* Walks `envelope` and reads its array head of exactly `items` and the record. Fails: as
 * toc_codec_check; LIMIT (above bytes_max), MALFORMED. */
TOC_MUST_USE struct toc_err toc_envelope_open(struct toc_reader *reader, struct toc_span envelope,
                                              size_t bytes_max, size_t items,
                                              struct toc_span *record);

/* A writer for a record that lies in `out` behind room for its envelope's head. */
struct toc_writer toc_envelope_begin(struct toc_room out);
/* Puts the head of an array of `items` and of the record before the record. `envelope` then
 * appends the items that follow it, `record` is where the record came to lie. Fails: what the
 * writer failed with. */
TOC_MUST_USE struct toc_err toc_envelope_end(struct toc_room out, const struct toc_writer *writer,
                                             size_t items, struct toc_writer *envelope,
                                             struct toc_span *record);

/* Text without control characters (C0, DEL, C1), 1..max bytes, or the reader fails: MALFORMED,
 * LIMIT. `out` has max + 1 bytes and is terminated. PROTOCOL.md. */
void toc_record_read_text(struct toc_reader *reader, char *out, size_t max);
/* The same in place. */
struct toc_span toc_record_read_span(struct toc_reader *reader, size_t max);
/* Exactly `len` bytes in place, or the reader fails: MALFORMED, LIMIT; NULL then. */
const uint8_t *toc_record_read_exact(struct toc_reader *reader, size_t len);
/* A country: two upper-case letters. */
void toc_record_read_country(struct toc_reader *reader, char out[static 3]);
/* A handle by toc_handle_check. */
void toc_record_read_handle(struct toc_reader *reader, char out[static TOC_HANDLE_BYTES_MAX + 1]);
/* A pair of key and text. */
void toc_record_write_span(struct toc_writer *writer, uint64_t key, struct toc_span text);
/* The same of terminated text; nothing when it is empty. */
void toc_record_write_text(struct toc_writer *writer, uint64_t key, const char *text);
/* A pair of key and 32 bytes. */
void toc_record_write_bytes32(struct toc_writer *writer, uint64_t key, const uint8_t *bytes);
/* A pair of key and number. */
void toc_record_write_uint(struct toc_writer *writer, uint64_t key, uint64_t value);

/* The head of `len` bytes, which the caller appends with toc_write_raw. */
void toc_record_write_bin_head(struct toc_writer *writer, size_t len);

/* Sorts rows of `row_bytes` (at most 64) ascending by their first 32 bytes, in place and without a
 * worst case above n log n. */
void toc_rows_sort(uint8_t *rows, size_t count, size_t row_bytes);

#endif
