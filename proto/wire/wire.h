/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * wire: the bounded canonical codec (a strict subset of MessagePack) and the frames of a link.
 * Records are read in place: spans point into the caller's bytes.
 * Source: PROTOCOL.md "Encoding" and "Frames".
 */
#ifndef TOC_WIRE_H
#define TOC_WIRE_H

#include "base.h"

#define TOC_DEPTH_MAX 16u /* nesting of arrays and maps; bounds the walker's stack */

/*
 * Walks all of `bytes` once: exactly one value; shortest forms; lengths and counts no larger than
 * the bytes left (two a map entry); depth at most TOC_DEPTH_MAX; map keys integers or strings,
 * strictly ascending (negative integers first by value, then unsigned, then strings by bytes);
 * strings valid UTF-8; no ext, no timestamps, no float32; a float64 only where no integer form
 * holds the number, and finite. So a value has exactly one encoding.
 * Fails: TRUNCATED, TRAILING, MALFORMED, LIMIT (depth). Nothing is allocated. Every decoder of a
 * record calls it first: the reader below does not look at the order of keys.
 */
TOC_MUST_USE struct toc_err toc_codec_check(struct toc_span bytes);

/* Valid UTF-8: no overlong form, no surrogate, nothing above U+10FFFF. Control characters pass. */
bool toc_utf8_valid(struct toc_span text);

/* A reader over checked or unchecked bytes. It keeps its first failure: later reads are no-ops
 * that give zeros, and toc_reader_end reports it. Every read fails with TRUNCATED at the end of the
 * bytes and with MALFORMED on another type or a form that toc_codec_check refuses. */
struct toc_reader {
    const uint8_t *at, *end;
    struct toc_err err;
};

enum toc_type {
    TOC_TYPE_NIL,
    TOC_TYPE_BOOL,
    TOC_TYPE_UINT,
    TOC_TYPE_NEGATIVE,
    TOC_TYPE_FLOAT,
    TOC_TYPE_STR,
    TOC_TYPE_BIN,
    TOC_TYPE_ARRAY,
    TOC_TYPE_MAP,
    TOC_TYPE_NONE, /* end of bytes, or the reader has failed */
};

/* Lends: bytes must outlive the reader and every span that it gives. */
void toc_reader_init(struct toc_reader *reader, struct toc_span bytes);
/* Type of the next value by its first byte; reads nothing. */
enum toc_type toc_read_type(const struct toc_reader *reader);
void toc_read_nil(struct toc_reader *reader);
bool toc_read_bool(struct toc_reader *reader);
uint64_t toc_read_uint(struct toc_reader *reader);
/* At most `max`, else LIMIT. */
uint64_t toc_read_uint_max(struct toc_reader *reader, uint64_t max);
/* LIMIT above INT64_MAX. */
int64_t toc_read_int(struct toc_reader *reader);
/* Takes integers too: whole numbers have no float form. MALFORMED when no double is equal. */
double toc_read_float(struct toc_reader *reader);
/* At most `max` bytes, else LIMIT. */
struct toc_span toc_read_str(struct toc_reader *reader, size_t max);
struct toc_span toc_read_bin(struct toc_reader *reader, size_t max);
/* Exactly `len` bytes copied to `out`, else MALFORMED; out is zeroed on failure. */
void toc_read_bin_exact(struct toc_reader *reader, uint8_t *out, size_t len);
/* Number of items; at most `max`, else LIMIT (0 is given then). */
size_t toc_read_array(struct toc_reader *reader, size_t max);
size_t toc_read_map(struct toc_reader *reader, size_t max);
/* Next integer key of a record map. */
int64_t toc_read_key(struct toc_reader *reader);
/* Skips one value of any shape, bounded as in toc_codec_check; gives its raw bytes. */
struct toc_span toc_read_raw(struct toc_reader *reader);
/* For an unknown key of a record: negative = CRITICAL failure, else the value is skipped. */
void toc_read_unknown(struct toc_reader *reader, int64_t key);
/* Fails a reader from outside (first failure is kept). */
void toc_reader_fail(struct toc_reader *reader, enum toc_code code, const char *why);
/* The first failure, or TRAILING when bytes are left, or ok. */
TOC_MUST_USE struct toc_err toc_reader_end(const struct toc_reader *reader);

/* A writer into fixed memory by msgpack-c's packer. It keeps its first failure: FULL, LIMIT (a
 * length or count above 32 bits); later writes are no-ops. Shortest
 * forms are the packer's; the order of map keys is the caller's duty (tests walk every record). */
struct toc_writer {
    uint8_t *at;
    size_t len, max;
    struct toc_err err;
};

void toc_writer_init(struct toc_writer *writer, void *memory, size_t max);
void toc_write_nil(struct toc_writer *writer);
void toc_write_bool(struct toc_writer *writer, bool value);
void toc_write_uint(struct toc_writer *writer, uint64_t value);
void toc_write_int(struct toc_writer *writer, int64_t value);
/* A whole number is written as the integer that it is. MALFORMED: not finite. */
void toc_write_float(struct toc_writer *writer, double value);
/* The caller vouches for UTF-8 (toc_utf8_valid). */
void toc_write_str(struct toc_writer *writer, struct toc_span text);
void toc_write_bin(struct toc_writer *writer, struct toc_span bytes);
void toc_write_array(struct toc_writer *writer, size_t count);
void toc_write_map(struct toc_writer *writer, size_t count);
/* Appends bytes that are already one encoded value. */
void toc_write_raw(struct toc_writer *writer, struct toc_span encoded);
/* What has been written; .at == NULL when the writer has failed. */
struct toc_span toc_writer_bytes(const struct toc_writer *writer);

/* LEB128 of u64, shortest form, at most 10 bytes: used by ranges and frames. */
#define TOC_VARINT_BYTES_MAX 10u
/* Writes at most TOC_VARINT_BYTES_MAX bytes; gives how many. */
size_t toc_put_varint(uint8_t *at, uint64_t value);
/* Advances *in. Fails: TRUNCATED, MALFORMED (not shortest, or above 64 bits); *in unchanged. */
TOC_MUST_USE struct toc_err toc_get_varint(struct toc_span *in, uint64_t *value);

/* Frames: PROTOCOL.md section 12.
 * One AEAD message carries one or more frames:
 *   u8 type | u8 flags (bits 0-1 class, bit 2 more) | u16 little-endian body length | body
 */
enum toc_class { TOC_CLASS_CONTROL, TOC_CLASS_ALERT, TOC_CLASS_LIVE, TOC_CLASS_BULK };
#define TOC_CLASS_COUNT 4u
#define TOC_FRAME_HEAD_BYTES 4u
#define TOC_FRAME_BODY_BYTES_MAX 16384u
#define TOC_FRAME_FLAG_MORE 4u

/* On the wire; never renumber. */
enum toc_message_type {
    TOC_MSG_HELLO = 1,
    TOC_MSG_TAGS = 2,
    TOC_MSG_INVITE = 3,
    TOC_MSG_CREDIT = 4,
    TOC_MSG_PING = 5,
    TOC_MSG_PONG = 6,
    TOC_MSG_BYE = 7,
    TOC_MSG_VTOP = 8,
    TOC_MSG_VBKT = 9,
    TOC_MSG_VROW = 10,
    TOC_MSG_HAVE = 11,
    TOC_MSG_WANT = 12,
    TOC_MSG_EAGER = 13,
    TOC_MSG_LAZY = 14,
    TOC_MSG_ENTRY = 15,
    TOC_MSG_RANGE = 16,
    TOC_MSG_CHUNK = 17,
    TOC_MSG_NOPAY = 18,
    TOC_MSG_BEACON = 19,
    TOC_MSG_FORK = 20,
    TOC_MSG_ROSTER = 21,
};

struct toc_frame {
    uint8_t type;
    enum toc_class class;
    bool more; /* the message goes on in the next frame of this class */
    struct toc_span body;
};

/* Writes a frame; out needs TOC_FRAME_HEAD_BYTES + body.len. Gives the bytes written. */
size_t toc_frame_encode(uint8_t *out, const struct toc_frame *frame);
/* Takes the next frame off *in. Fails: TRUNCATED, LIMIT, MALFORMED (unknown flag bits); *in is
 * unchanged then. Unknown types are given as they are: the caller skips them. */
TOC_MUST_USE struct toc_err toc_frame_decode(struct toc_span *in, struct toc_frame *frame);

#endif
