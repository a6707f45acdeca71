/* SPDX-License-Identifier: EUPL-1.2 */
/* store: what its files share. Private to the room. */
#ifndef TOC_STORE_INTERNAL_H
#define TOC_STORE_INTERNAL_H

#include "store.h"

#include <pthread.h>

/* Row of HEADS: log id, seq, hash, time, checkpoint, open bytes. FORMAT.md "heads". */
#define HEAD_ROW_BYTES (TOC_ID_BYTES + 8u + TOC_HASH_BYTES + 8u + 8u + 8u)
/* Longest key of a record, bytes: field `key` of toc_store_op. */
#define RECORD_KEY_BYTES_MAX sizeof(((struct toc_store_op *)0)->key)
/* Logs whose state a transaction keeps at hand; more than peers of one burst. */
#define OPEN_LOGS 64u

struct toc_store {
    struct toc_db *db;
    pthread_mutex_t lock; /* for what follows: the payload that was asked for last */
    uint64_t payload_seq; /* 0: none */
    uint8_t payload_log[TOC_ID_BYTES];
    uint8_t payload_hash[TOC_HASH_BYTES];
};

/* A log that this transaction has touched. Entries of an incomplete block wait here until the
 * transaction ends, so that a block that is completed in it is written once. */
struct open_log {
    bool used;
    bool dirty; /* the head changed */
    uint8_t id[TOC_ID_BYTES];
    uint32_t number;
    struct toc_log_head head;
    uint64_t stored_seq; /* entries up to here are in TAILS or BLOCKS */
    /* Ranges after stored_seq, one after the other in `bytes`. */
    uint8_t *bytes;
    size_t used_bytes, room_bytes;
    size_t range_count;
    size_t range_end[TOC_CHECKPOINT_ENTRIES];
};

struct toc_store_txn {
    struct toc_store *store;
    struct toc_db_txn *db;
    struct open_log logs[OPEN_LOGS];
    uint8_t slice[TOC_RANGE_BYTES_MAX]; /* part of a range after the stored head */
    uint8_t block[TOC_RANGE_BYTES_MAX]; /* a joined block or tail */
};

/* Number of a log. Fails: ABSENT, CORRUPT. */
TOC_MUST_USE struct toc_err toc_store_log_number(const struct toc_db_read *read,
                                                 const uint8_t log[static TOC_ID_BYTES],
                                                 uint32_t *number);
/* Row of HEADS of a number; `log` may be NULL, else it must be the row's. Fails: ABSENT, CORRUPT.
 */
TOC_MUST_USE struct toc_err toc_store_head_row(const struct toc_db_read *read, uint32_t number,
                                               const uint8_t *log, struct toc_log_head *head);
/* Decodes a row of HEADS. Fails: CORRUPT. */
TOC_MUST_USE struct toc_err toc_store_head_decode(struct toc_span row,
                                                  uint8_t log[static TOC_ID_BYTES],
                                                  struct toc_log_head *head);
void toc_store_head_encode(uint8_t row[static HEAD_ROW_BYTES],
                           const uint8_t log[static TOC_ID_BYTES], const struct toc_log_head *head);

/* The ranges of a log's tail from the one that holds `from_seq` to the one that ends at `to_seq`,
 * lent by the snapshot; they must follow one another. Fails: CORRUPT. */
TOC_MUST_USE struct toc_err toc_store_tail(const struct toc_db_read *read, uint32_t number,
                                           uint64_t from_seq, uint64_t to_seq,
                                           struct toc_span ranges[static TOC_CHECKPOINT_ENTRIES],
                                           size_t *range_count);
/* The block that holds `seq`, lent by the snapshot. Fails: CORRUPT (none is there). */
TOC_MUST_USE struct toc_err toc_store_block(const struct toc_db_read *read, uint32_t number,
                                            uint64_t seq, struct toc_span *range);

/* What lies in the store from `seq` to the end of its block or to the head, lent by the snapshot:
 * one block, or ranges of the tail. Fails: ABSENT, CORRUPT. */
TOC_MUST_USE struct toc_err toc_store_find(const struct toc_db_read *read,
                                           const uint8_t log[static TOC_ID_BYTES], uint64_t seq,
                                           struct toc_span ranges[static TOC_CHECKPOINT_ENTRIES],
                                           size_t *count);
/* Walks to one entry; its spans are lent by the snapshot and the walk. Fails: as toc_store_find,
 * and as toc_range_next. */
TOC_MUST_USE struct toc_err toc_store_find_entry(const struct toc_db_read *read,
                                                 const uint8_t log[static TOC_ID_BYTES],
                                                 uint64_t seq, struct toc_range_walk *walk,
                                                 struct toc_entry *entry);
/* A failure of decoding what lies in the store as CORRUPT: its rows have passed their checksums,
 * so it was damaged before. */
struct toc_err toc_store_damage(struct toc_err err);

/* Adds a range, whose fitting has been checked, to a log of the transaction. Failures are held. */
void toc_store_put_range(struct toc_store_txn *txn, struct open_log *log, struct toc_span range,
                         const struct toc_log_head *after);
/* Writes what waits in a log: its entries as one tail range, its head. Failures are held. */
void toc_store_flush_log(struct toc_store_txn *txn, struct open_log *log);

/* Walks every log for toc_store_verify. */
struct verify_walk {
    const struct toc_verify_options *options;
    struct toc_verify_report *report;
    struct toc_db *db;
};
/* Counts a fault and keeps it if it is among the first. */
void toc_store_fault(struct toc_verify_report *report, enum toc_verify_kind kind,
                     enum toc_code code, const uint8_t *id, uint64_t seq);
void toc_store_verify_logs(struct verify_walk *walk);
/* All chunks of one payload against its root. Fails: ABSENT (none is here), HASH, CORRUPT. */
TOC_MUST_USE struct toc_err toc_store_verify_payload(const struct toc_db_read *read,
                                                     const struct toc_header *header);

#endif
