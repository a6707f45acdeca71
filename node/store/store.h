/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * store: what a node keeps. Entries of logs as blocks, heads, records, chunks of large payloads;
 * durable as whole jobs. Layout of the file: FORMAT.md.
 *
 * Glossary
 *   block   the run of entries that ends at a checkpoint: one value
 *   tail    the entries after the last checkpoint, as short ranges until their block is complete
 *   job     the ops of one STORE action of the core: all or nothing
 *
 * Threads: begin, apply, commit, abort, reopen: the writer's thread alone. Everything else: any
 * thread, at any time. Values are copied out; no call keeps a snapshot when it returns.
 */
#ifndef TOC_STORE_H
#define TOC_STORE_H

#include "db.h"
#include "driver.h"
#include "log.h"
#include "seal.h"

/* Longest value of a record, bytes. Reason: the epoch record of a thousand nodes has 53 KiB of
 * wraps, a card is smaller; the rest is room for other kinds. */
#define TOC_STORE_RECORD_BYTES_MAX ((size_t)4 << 20)

struct toc_store;
struct toc_store_txn;

struct toc_store_options {
    uint64_t map_bytes; /* 0: the default; see toc_db_open */
    bool read_only;     /* beside a running node, or on a copy */
};

/* Opens, or creates where absent; `path` is the folder of the store. Gives *store
 * (toc_store_close). Fails: as toc_db_open. */
TOC_MUST_USE struct toc_err toc_store_open(struct toc_store **store, const char *path,
                                           const struct toc_store_options *options);
/* Ends it; no call may be under way. NULL is legal. */
void toc_store_close(struct toc_store *store);
/* After a failed commit; see toc_db_reopen. Heads are read and checked again. Fails: as
 * toc_db_reopen; writes stay refused, reads may go on, and the call may be made again (after a
 * full disk: every second or so). */
TOC_MUST_USE struct toc_err toc_store_reopen(struct toc_store *store);
/* Clears reader slots of dead processes: every minute. */
TOC_MUST_USE struct toc_err toc_store_sweep(struct toc_store *store);
/* The environment, for the indexes. Lends: as long as the store. */
struct toc_db *toc_store_db(struct toc_store *store);

/* writing: the writer's thread
 */

/* Most jobs of one transaction; more bring nothing (2-architecture.md, group commit). */
#define TOC_STORE_JOBS_MAX 512u

/* Begins a transaction. Gives *txn. Fails: as toc_db_begin. */
TOC_MUST_USE struct toc_err toc_store_begin(struct toc_store *store, struct toc_store_txn **txn);
/*
 * Adds one job. RANGE: the part after the stored head is stored, nothing when there is none (so a
 * job may be repeated); the core has checked the range, the store checks only that it fits.
 * Lends: the spans of ops, for the call.
 * Fails: CHAIN (a gap, or another predecessor), MALFORMED, TRUNCATED, VERSION, LIMIT: this job
 * alone is refused, nothing of it is in the transaction, which goes on. Any other code is the
 * transaction's own failure, which commit will give again.
 */
TOC_MUST_USE struct toc_err toc_store_apply(struct toc_store_txn *txn,
                                            const struct toc_store_op *ops, size_t op_count);
/* The transaction of the environment, for toc_index_apply. Lends: until commit or abort. */
struct toc_db_txn *toc_store_txn_db(struct toc_store_txn *txn);
/* Makes all jobs durable and ends the transaction, whatever happens. Acknowledge only after ok.
 * Fails: as toc_db_commit; if toc_db_broken then, toc_store_reopen comes next. */
TOC_MUST_USE struct toc_err toc_store_commit(struct toc_store_txn *txn);
/* Ends it without a trace. NULL is legal. */
void toc_store_abort(struct toc_store_txn *txn);

/* reading: any thread
 */

/* Answers a LOAD of the core into load->room; *count is the bytes written, for the LOADED event.
 * RANGE: from load->seq to the end of its block or to the head. Fails: ABSENT (no such log, beyond
 * the head, no such chunk or record), CORRUPT (damaged: never sent on), FULL (room too small: ask
 * for TOC_RANGE_BYTES_MAX), IO; *count is 0 then. */
TOC_MUST_USE struct toc_err toc_store_load(struct toc_store *store, const struct toc_load *load,
                                           size_t *count);

/* One entry with its whole payload. The spans lie in `memory`. */
struct toc_store_entry {
    struct toc_header header;
    uint8_t hash[TOC_HASH_BYTES];
    struct toc_span bytes;   /* exact header bytes */
    struct toc_span payload; /* .at == NULL: the payload is not here, only its hash */
    void *memory;
};
/* Gives *entry (toc_store_entry_clear). A payload that does not lie in its block is joined from its
 * chunks and checked against its hash. Fails: ABSENT, CORRUPT, FULL (no memory). */
TOC_MUST_USE struct toc_err toc_store_read_entry(struct toc_store *store,
                                                 const uint8_t log[static TOC_ID_BYTES],
                                                 uint64_t seq, struct toc_store_entry *entry);
void toc_store_entry_clear(struct toc_store_entry *entry);
/* The payload of `header` from its chunks, for those who walk a range themselves; `out` needs
 * header->payload_bytes. Fails: ABSENT (not all chunks are here), CORRUPT, FULL. */
TOC_MUST_USE struct toc_err toc_store_read_payload(struct toc_store *store,
                                                   const struct toc_header *header,
                                                   struct toc_room out);

/* Where a log stands. Fails: ABSENT, CORRUPT. */
TOC_MUST_USE struct toc_err toc_store_head(struct toc_store *store,
                                           const uint8_t log[static TOC_ID_BYTES],
                                           struct toc_log_head *head);
/* Calls `each` for every log until it fails; its failure is given. Fails: CORRUPT, FULL. */
TOC_MUST_USE struct toc_err toc_store_each_head(
    struct toc_store *store,
    struct toc_err (*each)(void *arg, const uint8_t *log, const struct toc_log_head *head),
    void *arg);
/* The same for the records of a table, in key order; key and value are copies, lent for the call.
 */
TOC_MUST_USE struct toc_err
toc_store_each_record(struct toc_store *store, char table,
                      struct toc_err (*each)(void *arg, struct toc_span key, struct toc_span value),
                      void *arg);
/* One record into `out`; *len is its length, also when it does not fit. Fails: ABSENT, FULL
 * (out too small), CORRUPT. */
TOC_MUST_USE struct toc_err toc_store_get_record(struct toc_store *store, char table,
                                                 struct toc_span key, struct toc_room out,
                                                 size_t *len);

struct toc_store_stat {
    uint64_t log_count;
    uint64_t entry_count;
    uint64_t block_count;
    uint64_t tail_count; /* ranges of entries whose block is not complete */
    uint64_t chunk_count;
    uint64_t record_count;
    uint64_t file_bytes;
    uint64_t space_bytes; /* free on the disk */
};
/* Cheap: for `status`. Fails: IO, FULL, CORRUPT. */
TOC_MUST_USE struct toc_err toc_store_stat(struct toc_store *store, struct toc_store_stat *stat);

/* Has any row that was read since it was opened not matched its checksum? Any thread. */
bool toc_store_is_damaged(const struct toc_store *store);

/* A compact copy while the node runs; see toc_db_backup. On a pool thread. */
TOC_MUST_USE struct toc_err toc_store_backup(struct toc_store *store, const char *path);

/* verify
 */

#define TOC_VERIFY_FAULTS_MAX 16u /* first faults that are kept; all are counted */

/* Name, sentence. */
#define TOC_VERIFY_FAULTS(X)                                                                       \
    X(OPEN, "the store does not open")                                                             \
    X(PAGES, "the pages of the store are damaged")                                                 \
    X(ROW, "a row does not decode")                                                                \
    X(HEAD, "a head does not agree with its entries")                                              \
    X(BLOCK, "a block is damaged")                                                                 \
    X(CHAIN, "entries of a log do not follow each other")                                          \
    X(SIGNATURE, "a signature is invalid")                                                         \
    X(CHUNK, "a chunk of a payload is missing or damaged")                                         \
    X(RECORD, "a record is damaged")                                                               \
    X(INDEX, "the index is damaged: it can be made again from the entries")

enum toc_verify_kind {
#define TOC_VERIFY_ENUM(name, text) TOC_VERIFY_##name,
    TOC_VERIFY_FAULTS(TOC_VERIFY_ENUM)
#undef TOC_VERIFY_ENUM
        TOC_VERIFY_KIND_COUNT
};
/* Sentence of a fault. Gives static storage. */
const char *toc_verify_text(enum toc_verify_kind kind);

struct toc_verify_fault {
    enum toc_verify_kind kind;
    enum toc_code code;        /* of the check that failed */
    uint8_t log[TOC_ID_BYTES]; /* or payload hash; zeros when the fault has none */
    uint64_t seq;
};

struct toc_verify_report {
    uint64_t log_count, block_count, tail_count, entry_count;
    uint64_t payload_bytes;      /* declared by headers */
    uint64_t absent_count;       /* payloads that are not here, or not whole yet */
    uint64_t signature_count;    /* checked */
    uint64_t unsigned_log_count; /* logs without a known key: chain checked, signatures not */
    uint64_t chunk_count, record_count, index_row_count;
    uint64_t fault_count;
    struct toc_verify_fault faults[TOC_VERIFY_FAULTS_MAX];
};

struct toc_verify_options {
    uint8_t federation[TOC_ID_BYTES];
    /* Gives the public key of a log; false when it is unknown. May be NULL. */
    bool (*log_key)(void *arg, const uint8_t *log, uint8_t *key);
    void *arg;
    bool in_process; /* in this process: for tests and for copies known to be whole */
};
/*
 * Walks everything in the store at `path` (its folder, or a file that toc_store_backup wrote),
 * beside a running node or without one: every row decodes, every log's entries chain from the first
 * to its head, signatures, payload hashes, chunks against their roots. Runs in a child process
 * unless told otherwise, because damaged pages may kill whoever reads them; the child tells faults
 * even then. About 4 s a million entries. Fails: ABSENT (no store there), IO (no child), CORRUPT
 * (report->fault_count > 0: the report says what). *report is filled in every case.
 */
TOC_MUST_USE struct toc_err toc_store_verify(const char *path,
                                             const struct toc_verify_options *options,
                                             struct toc_verify_report *report);

#endif
