/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * log: headers, chains, deterministic checkpoints, ranges (blocks). Pure functions over bytes.
 * Source: PROTOCOL.md "Logs".
 */
#ifndef TOC_LOG_H
#define TOC_LOG_H

#include "keys.h"
#include "wire.h"

/*
 * Header, little-endian (PROTOCOL.md table "Header"):
 *   0 u16 version | 2 u16 length | 4 u8 kind | 5 u8 class | 6 u8 tlp | 7 u8 zero
 *   8 log id 32 | 40 u64 seq | 48 prev 32 | 80 u32 payload length | 84 u32 expiry hours
 *  88 u64 utc ms | 96 epoch 16 | 112 payload hash 32 | 144 (end; later versions append)
 * then, where it travels signed, a 64-byte signature.
 */
#define TOC_HEADER_VERSION 1u
#define TOC_HEADER_BYTES 144u
#define TOC_HEADER_BYTES_MAX 512u /* of an unknown version: carried verbatim */
#define TOC_HEADER_AD_BYTES 112u  /* associated data of the payload: all before its hash */
#define TOC_EPOCH_REF_BYTES 16u

#define TOC_CHECKPOINT_ENTRIES 64u    /* seq % 64 == 0 ends a block */
#define TOC_CHECKPOINT_BYTES 262144u  /* so does reaching this many payload bytes since the last */
/* A range: at most 64 entries, inline payloads < 256 KiB before the last one, which adds at most
 * one chunk; heads at most 600 bytes each (verbatim); signature. */
#define TOC_RANGE_BYTES_MAX 393216u
#define TOC_INLINE_BYTES_MAX 65571u /* larger payloads travel as chunks; == TOC_CHUNK_FIRST_BYTES */

enum toc_kind { /* in headers and stored; never renumber; unknown kinds are relayed untouched */
    TOC_KIND_BULLETIN = 1,
    TOC_KIND_GROUP = 2,    /* group founding record */
    TOC_KIND_EPOCH = 3,    /* epoch record */
    TOC_KIND_CARD = 16,    /* control log: a card */
    TOC_KIND_ROSTER = 17,  /* control log: a roster record */
    TOC_KIND_SEALKEY = 18, /* control log: a new sealing key */
    TOC_KIND_BALLOT = 19,  /* control log: proposals and votes */
};

enum toc_tlp { /* stored and sent; the higher, the stricter */
    TOC_TLP_CLEAR = 0,
    TOC_TLP_GREEN = 1,
    TOC_TLP_AMBER = 2,
    TOC_TLP_AMBER_STRICT = 3,
    TOC_TLP_RED = 4,
};

struct toc_header {
    uint16_t version;
    uint16_t length;
    uint8_t kind, class, tlp;
    uint8_t log[TOC_ID_BYTES];
    uint64_t seq;
    uint8_t prev[TOC_HASH_BYTES];
    uint32_t payload_bytes;
    uint32_t expiry_hours;
    struct toc_utc utc;
    uint8_t epoch[TOC_EPOCH_REF_BYTES];
    uint8_t payload_hash[TOC_HASH_BYTES];
};

/* Encodes a version-1 header (header->version and length are ignored and written as 1 and 144). */
void toc_header_encode(uint8_t out[static TOC_HEADER_BYTES], const struct toc_header *header);
/* Decodes any version: fields with fixed places are read, the rest of an unknown version is left
 * zero. Fails: TRUNCATED, LIMIT (length, payload above TOC_PAYLOAD_BYTES_MAX), MALFORMED (seq 0,
 * reserved byte, class above 3, tlp above 4 in version 1), TRAILING. */
TOC_MUST_USE struct toc_err toc_header_decode(struct toc_header *header, struct toc_span bytes);
/* H("header", bytes). */
void toc_header_hash(uint8_t out[static TOC_HASH_BYTES], struct toc_span bytes);

/* Where a log stands: all that is needed to check and to append the next entry. All zero = empty. */
struct toc_log_head {
    uint64_t seq;
    uint8_t hash[TOC_HASH_BYTES];  /* of header seq; zero when empty */
    struct toc_utc utc;            /* of header seq */
    uint64_t checkpoint_seq;       /* last checkpoint at or before seq; 0 none */
    uint64_t open_bytes;           /* payload bytes declared since that checkpoint */
};

/* Does the entry with `seq` and `payload_bytes` that follows `head` end a block? */
bool toc_log_is_checkpoint(const struct toc_log_head *head, uint32_t payload_bytes);
/* Moves `head` over `header` whose hash is `hash`. Fails: CHAIN (seq not +1, prev differs),
 * CLOCK-like order as MALFORMED (utc not greater than the previous); head unchanged. */
TOC_MUST_USE struct toc_err toc_log_advance(struct toc_log_head *head,
                                            const struct toc_header *header,
                                            const uint8_t hash[static TOC_HASH_BYTES]);

/*
 * Range: the one form of entries in store and on the wire, for a block, a tail, a single entry.
 *   u8 format 1 | log id 32 | u64 first seq | prev 32 | u64 base ms | u16 count (1..64)
 *   count x entry | signature 64 of the last header
 * Entry: u8 flags
 *   bit 0 VERBATIM: u16 length and whole header follow (unknown version), else elided:
 *     u8 kind | u8 class << 4 | tlp | varint (ms - previous ms) | varint expiry hours |
 *     varint payload length | epoch 16 unless bit 1 SAME_EPOCH (equal to the entry before in this
 *     range) or bit 2 NO_EPOCH (zero)
 *   bit 3 DETACHED: the 32-byte payload hash follows and no payload, else the payload follows.
 * Payloads above TOC_INLINE_BYTES_MAX are always detached.
 */
struct toc_range_info {
    uint8_t log[TOC_ID_BYTES];
    uint64_t first_seq, last_seq;
    uint8_t prev[TOC_HASH_BYTES];
    size_t count;
};

/* Reads the fixed part alone. Fails: TRUNCATED, VERSION, MALFORMED, LIMIT. */
TOC_MUST_USE struct toc_err toc_range_peek(struct toc_span range, struct toc_range_info *info);

/* One entry while walking a range. Spans point into the range; `bytes` into the walker itself. */
struct toc_entry {
    struct toc_header header;
    uint8_t hash[TOC_HASH_BYTES];   /* of the header */
    struct toc_span bytes;          /* the header's exact bytes, rebuilt or verbatim */
    struct toc_span payload;        /* inline payload; .at == NULL when detached */
    bool detached;
};

struct toc_range_walk {
    struct toc_span rest;
    struct toc_span signature;
    struct toc_range_info info;
    uint8_t prev[TOC_HASH_BYTES];
    uint64_t ms;
    uint8_t epoch[TOC_EPOCH_REF_BYTES];
    size_t index;
    uint8_t header_bytes[TOC_HEADER_BYTES_MAX];
};

/* Walks the entries. toc_range_next gives ABSENT after the last (then the signature has been
 * reached and nothing trails), or TRUNCATED, MALFORMED, LIMIT, TRAILING. Inline payloads are
 * hashed to rebuild headers: about 2 us per KiB. The walk verifies no signature. */
TOC_MUST_USE struct toc_err toc_range_open(struct toc_range_walk *walk, struct toc_span range);
TOC_MUST_USE struct toc_err toc_range_next(struct toc_range_walk *walk, struct toc_entry *entry);

/*
 * Checks a whole range against where the log stands: links, order, times, payload hashes, one
 * signature by `log_key`. The range may begin at or before head->seq + 1 (from first_seq on it
 * must contain seq head->seq with the same hash, else FORK) and must end after head->seq.
 * Fails: all of toc_range_next; CHAIN (gap, or prev differs), FORK, STALE (ends at or before the
 * head), SIGNATURE, HASH. `after` is written on success alone: the head after the last entry.
 * A block boundary inside the range (a checkpoint that is not its last entry) is MALFORMED.
 */
TOC_MUST_USE struct toc_err toc_range_check(struct toc_span range,
                                            const uint8_t federation[static TOC_ID_BYTES],
                                            const uint8_t log_key[static TOC_KEY_BYTES],
                                            const struct toc_log_head *head,
                                            struct toc_log_head *after);

/* Builds a range entry by entry. Keeps its first failure. */
struct toc_range_build {
    struct toc_room out;
    size_t used;
    struct toc_err err;
    uint64_t ms;
    uint8_t epoch[TOC_EPOCH_REF_BYTES];
    size_t count;
    uint64_t next_seq;
};
/* Starts with the log, first seq and prev of `first` (the first entry's header). */
void toc_range_begin(struct toc_range_build *build, struct toc_room out,
                     const struct toc_header *first);
/* `payload` NULL at = detached. `verbatim` = exact header bytes, used for unknown versions. */
void toc_range_add(struct toc_range_build *build, const struct toc_header *header,
                   struct toc_span payload, struct toc_span verbatim);
/* Ends with the signature of the last header; gives the range's bytes within `out`.
 * Fails: FULL, LIMIT. */
TOC_MUST_USE struct toc_err toc_range_end(struct toc_range_build *build,
                                          const uint8_t sig[static TOC_SIG_BYTES],
                                          struct toc_span *range);
/* Re-encodes the entries of `range` from `from_seq` on, with payloads inline where the range has
 * them unless `headers_only`. Fails: as walk; ABSENT (from_seq beyond it); FULL. */
TOC_MUST_USE struct toc_err toc_range_slice(struct toc_span range, uint64_t from_seq,
                                            bool headers_only, struct toc_room out,
                                            struct toc_span *slice);
/* Joins consecutive ranges of one log into one with the last one's signature (tail into block).
 * Fails: CHAIN (not consecutive), FULL, LIMIT. */
TOC_MUST_USE struct toc_err toc_range_join(const struct toc_span *ranges, size_t range_count,
                                           struct toc_room out, struct toc_span *joined);

/*
 * Drafts the header of the next entry of one's own log: seq, prev, utc (the later of `now` and
 * previous + 1), and for `payload_bytes` bytes of payload. The caller seals the payload with its
 * first TOC_HEADER_AD_BYTES, sets payload_hash, then signs.
 */
void toc_header_draft(struct toc_header *header, const struct toc_log_head *head,
                      const uint8_t log[static TOC_ID_BYTES], struct toc_utc now,
                      uint32_t payload_bytes);

#endif
