/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * sync: what two nodes say to each other to find and fetch what one of them lacks. Digests of
 * vectors, and the bodies of messages. Pure functions over bytes. Source: PROTOCOL.md section 13.
 */
#ifndef TOC_SYNC_H
#define TOC_SYNC_H

#include "keys.h"
#include "wire.h"

/* ---- digests ------------------------------------------------------------------------------------
 * The vector of a group is the set of rows (log id, seq, head hash) with seq > 0. */
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

/* Replaces `before` by `after`; a row with seq 0 counts as absent. */
void toc_digest_replace(struct toc_digest *digest, const struct toc_row *before,
                        const struct toc_row *after);
/* The 16 bytes that travel: KDF(key, "digest", sum ‖ count), cut. `key` is the group's tag key, or
 * the federation id for the control logs. */
void toc_digest_bytes(uint8_t out[static TOC_DIGEST_BYTES], const struct toc_digest *digest,
                      const uint8_t key[static TOC_KEY_BYTES]);

/* ---- message bodies: encode gives the bytes written (0 when `out` is too small)
 * ------------------ */
#define TOC_HELLO_BYTES_MAX 256u
#define TOC_SOFTWARE_BYTES_MAX 64u

struct toc_hello {
    uint8_t version; /* of the protocol */
    uint64_t roster_number;
    uint8_t roster_hash[TOC_HASH_BYTES];
    uint64_t capabilities; /* none defined yet */
    uint64_t credit_bytes; /* first absolute grant */
    struct toc_utc clock;
    char software[TOC_SOFTWARE_BYTES_MAX + 1];
};
size_t toc_hello_encode(struct toc_room out, const struct toc_hello *hello);
/* Fails: as toc_codec_check; CRITICAL, MALFORMED. */
TOC_MUST_USE struct toc_err toc_hello_decode(struct toc_hello *hello, struct toc_span body);

#define TOC_TAG_BYTES 8u
#define TOC_TAGS_PAD 16u /* the number of tags is padded to a multiple of this */
/* The tag of a group on one link in one direction: KDF(tag key, "group-tag", handshake hash ‖
 * u8 direction ‖ group id), cut. Direction 0: sent by the initiator. */
void toc_tag(uint8_t out[static TOC_TAG_BYTES], const uint8_t tag_key[static TOC_KEY_BYTES],
             const uint8_t handshake_hash[static TOC_HASH_BYTES], uint8_t direction,
             const uint8_t group[static TOC_ID_BYTES]);

/* VTOP: u32 check ‖ 16-byte digests of the shared groups: control logs first, then by group id.
 * check = first 4 bytes of H("members", group ids in that order): both sides must mean the same. */
#define TOC_VTOP_GROUPS_MAX 4097u
/* VROW: group id 32 ‖ u8 last ‖ rows of 72 bytes. */
#define TOC_ROW_BYTES 72u
#define TOC_VROW_HEAD_BYTES 33u
#define TOC_VROW_ROWS_MAX 48u /* rows in one message: it fits a 4 KiB buffer */
void toc_row_encode(uint8_t out[static TOC_ROW_BYTES], const struct toc_row *row);
void toc_row_decode(struct toc_row *row, const uint8_t in[static TOC_ROW_BYTES]);

enum toc_want_kind { /* on the wire */
                     TOC_WANT_ENTRIES =
                         0, /* from..to, then whatever the log gains while the link stands */
                     TOC_WANT_HEADERS = 1, /* the same, payloads as hashes only */
                     TOC_WANT_CHUNKS = 2,  /* of the payload of entry `seq`: chunks from..to; the
                                              list when from is  TOC_CHUNK_LIST */
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
void toc_want_encode(uint8_t out[static TOC_WANT_BYTES], const struct toc_want *want);
/* Fails: MALFORMED (unknown kind, from above to, zero from of entries), TRUNCATED, TRAILING. */
TOC_MUST_USE struct toc_err toc_want_decode(struct toc_want *want, struct toc_span body);

/* CHUNK: log 32 ‖ u64 seq ‖ u32 index ‖ bytes (a chunk, or the list of hashes). */
#define TOC_CHUNK_HEAD_BYTES 44u
struct toc_chunk {
    uint8_t log[TOC_ID_BYTES];
    uint64_t seq;
    uint32_t index;
    struct toc_span bytes;
};
void toc_chunk_encode_head(uint8_t out[static TOC_CHUNK_HEAD_BYTES], const struct toc_chunk *chunk);
/* Fails: TRUNCATED. */
TOC_MUST_USE struct toc_err toc_chunk_decode(struct toc_chunk *chunk, struct toc_span body);

enum toc_nopay { /* on the wire: why a payload is missing */
                 TOC_NOPAY_EXPIRED = 1,
                 TOC_NOPAY_PURGED = 2,
                 TOC_NOPAY_WITHDRAWN = 3,
                 TOC_NOPAY_BEFORE = 4,
                 TOC_NOPAY_LOST = 5,
};
/* log 32 ‖ u64 seq ‖ u8 reason */
#define TOC_NOPAY_BYTES 41u

/* ---- beacons
 * -------------------------------------------------------------------------------------- */
#define TOC_BEACON_ROWS_MAX 2048u
#define TOC_BEACON_ROW_BYTES 64u
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
void toc_beacon_row_encode(uint8_t out[static TOC_BEACON_ROW_BYTES],
                           const struct toc_beacon_row *row);
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
/* Decodes without checking the signature. Fails: as toc_codec_check; CRITICAL, MALFORMED. */
TOC_MUST_USE struct toc_err toc_beacon_decode(struct toc_beacon *beacon, struct toc_span envelope);
/* Fails: SIGNATURE, and as decode. */
TOC_MUST_USE struct toc_err toc_beacon_verify(struct toc_span envelope,
                                              const uint8_t federation[static TOC_ID_BYTES],
                                              const uint8_t log_key[static TOC_KEY_BYTES]);

#endif
