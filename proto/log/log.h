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
/* 9999-12-31T23:59:59.999Z: the last day that dates of four digits can say; sums never overflow. */
#define TOC_UTC_MS_MAX UINT64_C(253402300799999)

#define TOC_CHECKPOINT_ENTRIES 64u   /* seq % 64 == 0 ends a block */
#define TOC_CHECKPOINT_BYTES 262144u /* so does reaching this many payload bytes since the last */
/* A range: at most 64 entries, inline payloads < 256 KiB before the last one, which adds at most
 * one chunk; heads at most 515 bytes each (verbatim); signature. */
#define TOC_RANGE_BYTES_MAX 393216u
/* Larger payloads travel as chunks: TOC_CHUNK_FIRST_BYTES. */
#define TOC_INLINE_BYTES_MAX 65571u

/* In headers and stored; never renumber; unknown kinds are relayed untouched. */
enum toc_kind {
    TOC_KIND_BULLETIN = 1,
    TOC_KIND_GROUP = 2,    /* group founding record */
    TOC_KIND_EPOCH = 3,    /* epoch record */
    TOC_KIND_CARD = 16,    /* control log: a card */
    TOC_KIND_ROSTER = 17,  /* control log: a roster record */
    TOC_KIND_SEALKEY = 18, /* control log: a new sealing key */
    TOC_KIND_BALLOT = 19,  /* control log: proposals and votes */
};

/* Stored and sent; the higher, the stricter. */
enum toc_tlp {
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
/* Decodes any version: fields with fixed places (log id, seq, prev, payload length and hash) are
 * read, the rest of an unknown version is left zero, its time included. Fails: TRUNCATED, TRAILING,
 * LIMIT (length, payload above TOC_PAYLOAD_BYTES_MAX), MALFORMED (version 0, seq 0, length below
 * 144; in version 1 also: length not 144, reserved byte, class above 3, tlp above 4, utc 0 or above
 * TOC_UTC_MS_MAX); `header` is unchanged then. */
TOC_MUST_USE struct toc_err toc_header_decode(struct toc_header *header, struct toc_span bytes);
/* H("header", bytes). */
void toc_header_hash(uint8_t out[static TOC_HASH_BYTES], struct toc_span bytes);

/* Where a log stands: all that is needed to check and to append the next entry. All zero = empty.
 */
struct toc_log_head {
    uint64_t seq;
    uint8_t hash[TOC_HASH_BYTES]; /* of header seq; zero when empty */
    struct toc_utc utc;           /* of header seq, or of the last one of a known version */
    uint64_t checkpoint_seq;      /* last checkpoint at or before seq; 0 none */
    uint64_t open_bytes;          /* payload bytes declared since that checkpoint */
};

/* Does the entry with `seq` and `payload_bytes` that follows `head` end a block? */
bool toc_log_is_checkpoint(const struct toc_log_head *head, uint32_t payload_bytes);
/* Moves `head` over `header` whose hash is `hash`. Fails: CHAIN (seq not +1, prev differs),
 * MALFORMED (utc not greater than the previous; unknown versions have no time); head unchanged. */
TOC_MUST_USE struct toc_err toc_log_advance(struct toc_log_head *head,
                                            const struct toc_header *header,
                                            const uint8_t hash[static TOC_HASH_BYTES]);

/*
 * Range: the one form of entries in store and on the wire, for a block, a tail, a single entry.
 *   u8 format 1 | log id 32 | u64 first seq | prev 32 | u64 base ms | u16 count (1..64)
 *   count x entry | signature 64 of the last header
 * Entry: u8 flags
 *   bit 0 VERBATIM: u16 length and whole header follow (unknown version), else elided:
 *     u8 kind | u8 class << 4 | tlp | varint (ms - ms of the elided entry before) | varint expiry
 *     hours | varint payload length | epoch 16 unless bit 1 SAME_EPOCH (the last one said in this
 *     range) or bit 2 NO_EPOCH (zero)
 *   bit 3 DETACHED: no payload follows; of an elided entry its 32-byte hash does; else the payload.
 * Payloads above TOC_INLINE_BYTES_MAX are always detached, empty ones never. Base ms is the time of
 * the first elided entry, whose own difference is 0 (no elided entry: 0). So the same entries with
 * the same payloads present have exactly one encoding, and other encodings are refused.
 */
struct toc_range_info {
    uint8_t log[TOC_ID_BYTES];
    uint64_t first_seq, last_seq;
    uint8_t prev[TOC_HASH_BYTES];
    size_t count;
};

/* Reads the fixed part alone. Fails: TRUNCATED, VERSION, LIMIT (count, size), MALFORMED (count or
 * seq 0, a multiple of 64 before the last seq, seq 1 with a prev); `info` is unchanged then. */
TOC_MUST_USE struct toc_err toc_range_peek(struct toc_span range, struct toc_range_info *info);

/* One entry while walking a range. `payload` points into the range; `bytes` into the walker itself,
 * valid until its next step. */
struct toc_entry {
    struct toc_header header;
    uint8_t hash[TOC_HASH_BYTES]; /* of the header */
    struct toc_span bytes;        /* the header's exact bytes, rebuilt or verbatim */
    struct toc_span payload;      /* inline payload; .at == NULL when detached */
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
    bool timed; /* an elided entry has been seen: `ms` is its time, not the base */
    uint8_t header_bytes[TOC_HEADER_BYTES_MAX];
};

/* Walks the entries. toc_range_open fails as toc_range_peek. toc_range_next gives ABSENT after the
 * last (then the signature has been reached and nothing trails), or TRUNCATED, MALFORMED, LIMIT,
 * TRAILING, HASH (payload of a verbatim header); the walk has not moved then. Inline payloads are
 * hashed to rebuild headers: about 2.5 us per KiB entry. The walk verifies no signature.
 * Lends: `range` must outlive the walk. */
TOC_MUST_USE struct toc_err toc_range_open(struct toc_range_walk *walk, struct toc_span range);
TOC_MUST_USE struct toc_err toc_range_next(struct toc_range_walk *walk, struct toc_entry *entry);

/* What a verified range says of its entries, for comparing with a head later: verifying is the
 * expensive part (hashes, one Ed25519) and needs no head, so a pool may do it in any order. */
struct toc_range_proof {
    struct toc_range_info info;
    uint64_t utc_ms[TOC_CHECKPOINT_ENTRIES]; /* 0 of an unknown version */
    uint32_t payload_bytes[TOC_CHECKPOINT_ENTRIES];
    uint64_t detached; /* bit i: entry i came without its payload */
    uint64_t alerts;   /* bit i: entry i is of class alert */
    uint8_t hash[TOC_CHECKPOINT_ENTRIES][TOC_HASH_BYTES]; /* of the headers */
};

/* Verifies that a range is sound in itself and that `log_key` signed its last header.
 * Fails: all of toc_range_next; MALFORMED (block boundary inside), SIGNATURE; `proof` is then
 * undefined. */
TOC_MUST_USE struct toc_err toc_range_verify(struct toc_span range,
                                             const uint8_t federation[static TOC_ID_BYTES],
                                             const uint8_t log_key[static TOC_KEY_BYTES],
                                             struct toc_range_proof *proof);

/* Compares a verified range with where the log stands: links, order, times, boundaries. `after` may
 * be `head`. Fails: CHAIN, FORK, STALE, MALFORMED, as toc_range_check; `after` unchanged. */
TOC_MUST_USE struct toc_err toc_range_apply(const struct toc_range_proof *proof,
                                            const struct toc_log_head *head,
                                            struct toc_log_head *after);

/*
 * Both in one: checks a whole range against where the log stands. The range may begin at or before
 * head->seq + 1, but behind the last checkpoint (where it contains seq head->seq, that entry must
 * have the head's hash, else FORK) and must end after head->seq.
 * Fails: all of toc_range_next; STALE (ends at or before the head) and CHAIN (gap, or prev of seq
 * head->seq + 1 differs) before anything is hashed; SIGNATURE; FORK (the signature is good: both
 * entries are the author's); MALFORMED (time order; a block boundary, that is a checkpoint that is
 * not the last entry, inside). `after` is written on success alone: the head after the last entry.
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
    bool timed; /* an elided entry has been added: `ms` is its time */
};
/* Starts with the log, first seq and prev of `first` (the first entry's header). */
void toc_range_begin(struct toc_range_build *build, struct toc_room out,
                     const struct toc_header *first);
/* `payload` NULL at = detached; one that is too long for a range is detached by itself, and its
 * hash is taken from the header: the payload itself is not hashed here. `verbatim` = the header's
 * exact bytes: needed, and used, for unknown versions alone. Fails (kept): FULL, LIMIT (65th entry,
 * header above 512 bytes), CHAIN (seq), MALFORMED (time order, length of payload). */
void toc_range_add(struct toc_range_build *build, const struct toc_header *header,
                   struct toc_span payload, struct toc_span verbatim);
/* Ends with the signature of the last header; gives the range's bytes within `out`.
 * Fails: the first failure of the build; MALFORMED (no entry), LIMIT; *range is unchanged then. */
TOC_MUST_USE struct toc_err toc_range_end(struct toc_range_build *build,
                                          const uint8_t sig[static TOC_SIG_BYTES],
                                          struct toc_span *range);
/* Re-encodes the entries of `range` from `from_seq` on, with payloads inline where the range has
 * them unless `headers_only`; from_seq before its first means all. `out` must not overlap it.
 * Fails: as walk; ABSENT (from_seq beyond it); FULL; *slice is unchanged then. */
TOC_MUST_USE struct toc_err toc_range_slice(struct toc_span range, uint64_t from_seq,
                                            bool headers_only, struct toc_room out,
                                            struct toc_span *slice);
/* Joins consecutive ranges of one log into one with the last one's signature (tail into block).
 * Lends: ranges; `out` must not overlap them. At least one.
 * Fails: as walk; CHAIN (not consecutive), MALFORMED (time order), FULL, LIMIT. */
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

/*
 * Evidence that the author of a log signed two entries for one number, for whoever has the log's
 * key: u8 format 1 | u32 length of the first range | first range | second range. Both begin at the
 * lowest disputed number, hold no payloads and end at a signature; the one whose first header has
 * the smaller hash comes first. PROTOCOL.md.
 */
/* 5 + 2 x (147 + 64 x 515): 64 verbatim headers each, rounded. */
#define TOC_FORK_BYTES_MAX 66304u

struct toc_fork {
    uint8_t log[TOC_ID_BYTES];
    uint64_t seq;                    /* the lowest disputed number: the prefix before it stands */
    uint8_t hash[2][TOC_HASH_BYTES]; /* of the two headers, ascending */
};

/* Makes evidence from two ranges of one log that overlap or begin at the same number. Verifies no
 * signature. `out` must not overlap them; *evidence lies in it. Fails: as walk; ABSENT (they do not
 * contradict each other), CHAIN (no common number, or already their predecessors differ: the
 * dispute begins before), FULL; *evidence is unchanged then. */
TOC_MUST_USE struct toc_err toc_fork_make(struct toc_span a, struct toc_span b, struct toc_room out,
                                          struct toc_span *evidence);
/* Whose log it speaks of, before anything is verified. Fails: TRUNCATED, VERSION, LIMIT, and as
 * toc_range_peek. */
TOC_MUST_USE struct toc_err toc_fork_peek(struct toc_span evidence, struct toc_range_info *info);
/* Verifies evidence. Fails: as toc_fork_peek and toc_range_verify; MALFORMED (two places, one
 * header, wrong order, payloads); `fork` is unchanged then. Cost: two Ed25519. */
TOC_MUST_USE struct toc_err toc_fork_check(struct toc_span evidence,
                                           const uint8_t federation[static TOC_ID_BYTES],
                                           const uint8_t log_key[static TOC_KEY_BYTES],
                                           struct toc_fork *fork);
/* Order of evidence about one log: < 0 when `a` wins (smaller number, then smaller hashes), so that
 * all nodes keep the same. */
int toc_fork_compare(const struct toc_fork *a, const struct toc_fork *b);

#endif
