/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * sync: what two nodes say to each other to find and fetch what one of them lacks. Digests of
 * vectors, and the bodies of messages. Pure functions over bytes. Source: PROTOCOL.md section 13.
 */
#ifndef TOC_SYNC_H
#define TOC_SYNC_H

#include "keys.h"
#include "log.h"
#include "wire.h"

/* Digests. The vector of a group is the set of rows (log id, seq, head hash) with seq > 0. */

#define TOC_DIGEST_BYTES 16u

struct toc_row {
    uint8_t log[TOC_ID_BYTES];
    uint64_t seq;
    uint8_t hash[TOC_HASH_BYTES];
};

/* Sum mod 2^256 of the row hashes, and their count: O(1) to keep as heads advance. */
struct toc_digest {
    uint8_t sum[32]; /* little-endian */
    uint64_t count;
};

/* Replaces `before` by `after`; a row with seq 0 counts as absent. The order of calls does not
 * matter.. Cost: two hashes. */
void toc_digest_replace(struct toc_digest *digest, const struct toc_row *before,
                        const struct toc_row *after);
/* The 16 bytes that travel: KDF(key, "digest", sum ‖ count), cut. `key` is the group's tag key, or
 * the federation id for the control logs. */
void toc_digest_bytes(uint8_t out[static TOC_DIGEST_BYTES], const struct toc_digest *digest,
                      const uint8_t key[static TOC_KEY_BYTES]);

/* Message bodies. */

#define TOC_HELLO_BYTES_MAX 256u   /* what encoding needs; later versions may say more */
#define TOC_SOFTWARE_BYTES_MAX 64u /* name and version of the program, for diagnosis */

struct toc_hello {
    uint8_t version; /* of the protocol */
    uint64_t roster_number;
    uint8_t roster_hash[TOC_HASH_BYTES];
    uint64_t capabilities;                         /* none defined yet */
    uint64_t credit_live_bytes, credit_bulk_bytes; /* first absolute grants */
    struct toc_utc clock;
    char software[TOC_SOFTWARE_BYTES_MAX + 1];
};
/* Gives the bytes written, 0 when `out` is too small. */
size_t toc_hello_encode(struct toc_room out, const struct toc_hello *hello);
/* Fails: as toc_codec_check; CRITICAL, LIMIT (a number, the text, the clock beyond the
 * year 9999), MALFORMED (type, a field that is not optional is missing); `hello` is unchanged then.
 */
TOC_MUST_USE struct toc_err toc_hello_decode(struct toc_hello *hello, struct toc_span body);

/* BYE: u8 reason.. */
enum toc_bye { /* on the wire; never renumber; the receiver closes whatever it says */
               TOC_BYE_STOP = 1,
               TOC_BYE_DUPLICATE = 2,
               TOC_BYE_AGE = 3,
               TOC_BYE_FAULT = 4, /* the other side broke a rule */
               TOC_BYE_NOT_NEEDED = 5,
};

#define TOC_TAG_BYTES 8u
#define TOC_TAGS_PAD 16u /* the number of tags is padded to a multiple of this */
/* The tag of a group on one link in one direction: KDF(tag key, "group-tag", handshake hash ‖
 * u8 direction ‖ group id), cut. Direction 0: sent by the initiator. */
void toc_tag(uint8_t out[static TOC_TAG_BYTES], const uint8_t tag_key[static TOC_KEY_BYTES],
             const uint8_t handshake_hash[static TOC_HASH_BYTES], uint8_t direction,
             const uint8_t group[static TOC_ID_BYTES]);

/* VTOP: check 4 ‖ 16-byte digests of the shared groups: control logs first, then by group id.
 * check = first 4 bytes of H("members", group ids in that order): both sides must mean the same. */
#define TOC_VTOP_CHECK_BYTES 4u
/* VBKT: group id 32 ‖ digests of its buckets.. */
#define TOC_BUCKETS 64u /* by 6 bits: one bucket's rows and all digests cost about the same */
#define TOC_BUCKETS_ALL UINT64_MAX
#define TOC_VBKT_BYTES (TOC_ID_BYTES + TOC_BUCKETS * TOC_DIGEST_BYTES)
/* A group of so few rows is told in no more bytes than its bucket digests take. */
#define TOC_VROW_FEW 14u
/* The bucket of a log: the first 6 bits of its id. */
static inline uint32_t toc_bucket_of(const uint8_t log[static TOC_ID_BYTES])
{
    return log[0] >> 2;
}
/* The 16 bytes that travel: KDF(key, "bucket", sum ‖ count ‖ u8 bucket), cut; `digest` is over the
 * rows of the bucket alone.. */
void toc_bucket_bytes(uint8_t out[static TOC_DIGEST_BYTES], const struct toc_digest *digest,
                      const uint8_t key[static TOC_KEY_BYTES], uint32_t bucket);
/* VROW: group id 32 ‖ u8 last ‖ u64 set of buckets ‖ rows of 72 bytes. */
#define TOC_ROW_BYTES 72u
#define TOC_VROW_HEAD_BYTES 41u
#define TOC_VROW_ROWS_MAX 48u /* rows that we put into one message: it fits a 4 KiB buffer */
/* One row. Cannot fail. */
void toc_row_encode(uint8_t out[static TOC_ROW_BYTES], const struct toc_row *row);
/* The reverse: any 72 bytes are a row. */
void toc_row_decode(struct toc_row *row, const uint8_t in[static TOC_ROW_BYTES]);

struct toc_vrow {
    uint8_t group[TOC_ID_BYTES];
    bool last;
    uint64_t buckets;     /* bit i: bucket i */
    struct toc_span rows; /* of TOC_ROW_BYTES each */
};
/* The rows follow it. */
void toc_vrow_encode_head(uint8_t out[static TOC_VROW_HEAD_BYTES], const struct toc_vrow *vrow);
/* `vrow->rows` points into `body`.. Fails: MALFORMED (not whole rows, another byte than 0
 * and 1, no bucket, a row of another bucket); `vrow` is unchanged then. */
TOC_MUST_USE struct toc_err toc_vrow_decode(struct toc_vrow *vrow, struct toc_span body);

enum toc_want_kind {                       /* on the wire; never renumber */
                     TOC_WANT_ENTRIES = 0, /* from..to; the answer may go on to the sender's head */
                     TOC_WANT_HEADERS = 1, /* the same, payloads as hashes only */
                     TOC_WANT_CHUNKS = 2,  /* of the payload of entry `seq`: pieces from..to; the
                                              list of their hashes when from is TOC_CHUNK_LIST */
};
#define TOC_CHUNK_LIST UINT32_MAX
struct toc_want {
    enum toc_want_kind kind;
    uint8_t log[TOC_ID_BYTES];
    uint64_t seq;      /* CHUNKS */
    uint64_t from, to; /* inclusive */
};
/* u8 kind ‖ log 32 ‖ u64 seq ‖ u64 from ‖ u64 to */
#define TOC_WANT_BYTES 57u
/* Writes what the caller vouches for. */
void toc_want_encode(uint8_t out[static TOC_WANT_BYTES], const struct toc_want *want);
/* Fails: TRUNCATED, TRAILING, MALFORMED (unknown kind; from above to; of entries: from 0;
 * of pieces: seq 0, to above TOC_CHUNK_LIST); `want` is unchanged then. */
TOC_MUST_USE struct toc_err toc_want_decode(struct toc_want *want, struct toc_span body);

/* HAVE, EAGER, LAZY: rows of the first 8 bytes of a log id ‖ varint of the seq up to which the
 * sender has stored that log. */
#define TOC_TELL_PREFIX_BYTES 8u
#define TOC_TELL_ROW_BYTES_MAX (TOC_TELL_PREFIX_BYTES + TOC_VARINT_BYTES_MAX)
#define TOC_TELL_ROWS_MAX 224u /* the longest message fits a 4 KiB buffer */
struct toc_tell {
    uint8_t prefix[TOC_TELL_PREFIX_BYTES];
    uint64_t seq;
};
/* Writes one row; gives its bytes. */
size_t toc_tell_encode(uint8_t out[static TOC_TELL_ROW_BYTES_MAX], const struct toc_tell *tell);
/* Takes the next row off *rest. Fails: TRUNCATED, MALFORMED (as toc_get_varint); nothing has
 * changed then. */
TOC_MUST_USE struct toc_err toc_tell_next(struct toc_span *rest, struct toc_tell *tell);
/* whole rows, at least one, none with a seq below `seq_min`. Fails: as
 * toc_tell_next; LIMIT (rows), MALFORMED (seq). */
TOC_MUST_USE struct toc_err toc_tells_check(struct toc_span body, uint64_t seq_min);

/* CHUNK: log 32 ‖ u64 seq ‖ u32 index ‖ bytes (a piece, or the list of hashes). */
#define TOC_CHUNK_HEAD_BYTES 44u
struct toc_chunk {
    uint8_t log[TOC_ID_BYTES];
    uint64_t seq;
    uint32_t index;
    struct toc_span bytes;
};
/* The bytes follow it. */
void toc_chunk_encode_head(uint8_t out[static TOC_CHUNK_HEAD_BYTES], const struct toc_chunk *chunk);
/* `chunk->bytes` points into `body`.. Fails: TRUNCATED; `chunk` is unchanged then. */
TOC_MUST_USE struct toc_err toc_chunk_decode(struct toc_chunk *chunk, struct toc_span body);

enum toc_nopay { /* on the wire: why a payload is missing; never renumber */
                 TOC_NOPAY_EXPIRED = 1,
                 TOC_NOPAY_PURGED = 2,
                 TOC_NOPAY_WITHDRAWN = 3,
                 TOC_NOPAY_BEFORE = 4,
                 TOC_NOPAY_LOST = 5,
};
/* log 32 ‖ u64 seq ‖ u8 reason */
#define TOC_NOPAY_BYTES 41u

/* Beacons. */

#define TOC_BEACON_ROWS_MAX 2048u /* logs of a group that are not silent; 128 KiB */
#define TOC_BEACON_ROW_BYTES 64u
/* Rows, the other fields, signature. */
#define TOC_BEACON_BYTES_MAX (TOC_BEACON_ROWS_MAX * TOC_BEACON_ROW_BYTES + 512u)

struct toc_beacon {
    uint8_t group[TOC_ID_BYTES], org[TOC_ID_BYTES];
    uint16_t node;
    uint64_t serial; /* newest wins; the writer's UTC ms */
    uint64_t roster_number;
    uint8_t digest[TOC_DIGEST_BYTES];
    struct toc_utc clock;
    struct toc_span rows; /* of TOC_BEACON_ROW_BYTES each */
};
struct toc_beacon_row { /* log 32 ‖ stored seq ‖ stored at ‖ indexed seq ‖ indexed at, u64 each */
    uint8_t log[TOC_ID_BYTES];
    uint64_t stored_seq, stored_at_ms, indexed_seq, indexed_at_ms;
};
/* One row. Cannot fail. */
void toc_beacon_row_encode(uint8_t out[static TOC_BEACON_ROW_BYTES],
                           const struct toc_beacon_row *row);
/* The reverse: any 64 bytes are a row. */
void toc_beacon_row_decode(struct toc_beacon_row *row,
                           const uint8_t in[static TOC_BEACON_ROW_BYTES]);
/* Whose signature a beacon carries. */
struct toc_beacon_signer {
    const uint8_t *federation; /* 32 bytes */
    const uint8_t *log_secret; /* TOC_SIGN_SECRET_BYTES */
};
/* The record signed with the log key, as an envelope [bin record, bin signature]; `out` and
 * `scratch` need rows.len + 512 bytes each. Gives an empty span when it does not fit. */
struct toc_span toc_beacon_seal(struct toc_room out, struct toc_room scratch,
                                const struct toc_beacon *beacon,
                                const struct toc_beacon_signer *signer);
/* Decodes without checking the signature; rows point into the envelope.. Fails: as
 * toc_codec_check; CRITICAL, LIMIT, MALFORMED (type, a field is missing, rows are not whole);
 * `beacon` is unchanged then. */
TOC_MUST_USE struct toc_err toc_beacon_decode(struct toc_beacon *beacon, struct toc_span envelope);
/* Fails: SIGNATURE; MALFORMED and others where the envelope is none. */
TOC_MUST_USE struct toc_err toc_beacon_verify(struct toc_span envelope,
                                              const uint8_t federation[static TOC_ID_BYTES],
                                              const uint8_t log_key[static TOC_KEY_BYTES]);

#endif
