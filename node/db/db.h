/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * db: the only room that speaks LMDB. One environment, its sub-databases, one write transaction,
 * short read snapshots, backup. Layout of the file: node/store/FORMAT.md.
 *
 * Glossary
 *   table     a sub-database; its key is built from fields by the table's key format
 *   checked   of a table: each value ends with a CRC-32C over table, key and value, which every
 *             read verifies, because LMDB has no page checksums
 *   snapshot  a read transaction: sees one commit, holds back the reuse of pages while it lives
 *   lent      points into the map: valid until the snapshot ends or, in a write transaction, until
 *             its next put or del; only the rooms store and index read lent values, and they copy
 *
 * Threads: one thread writes; any thread reads, each snapshot within one thread and never two
 * snapshots at once in one thread. A process opens a store once and never uses it across fork.
 */
#ifndef TOC_DB_H
#define TOC_DB_H

#include "base.h"

/* Number of the layout; a store with another number does not open. */
#define TOC_DB_SCHEMA 1u
/* Longest key, bytes: LMDB's compiled limit. */
#define TOC_DB_KEY_BYTES_MAX 511u
/* Longest value, bytes with its checksum. Reason: a card or epoch record of the largest federation
 * is under 1 MiB, a range under 400 KiB; a length beyond it is damage. */
#define TOC_DB_VALUE_BYTES_MAX ((size_t)8 << 20)
/* Map that is asked for, bytes. Reason: a map never grows while open (a failed resize kills the
 * next transaction), address space is free, and no federation of CERTs fills a tebibyte. */
#define TOC_DB_MAP_BYTES ((uint64_t)1 << 40)
/* Below this free space, bytes, a failed write is told as a full disk: LMDB turns a short write
 * into EIO, and one flush writes a few megabytes. */
#define TOC_DB_SPACE_BYTES ((uint64_t)16 << 20)
/* Reader slots. Reason: pool threads, the loop, a verify and a backup beside it, and slack for
 * slots of processes that were killed, until the next sweep. */
#define TOC_DB_READERS_MAX 254u
/* Stores that one process may have open at once: a node opens one, tests several. */
#define TOC_DB_OPEN_MAX 16u

/*
 * Name, text, key format, CHECKED or PLAIN values, KEPT or DISPOSABLE (rebuilt from the kept ones).
 * Key format, one letter a field: b byte, i u32 and l u64 big-endian (so that keys sort by
 * number), h 32 bytes, r the rest. A test compares this table with FORMAT.md.
 */
#define TOC_DB_TABLES(X)                                                                           \
    X(INFO, "info", "r", CHECKED, KEPT)                                                            \
    X(LOGS, "logs", "h", CHECKED, KEPT)                                                            \
    X(HEADS, "heads", "i", CHECKED, KEPT)                                                          \
    X(BLOCKS, "blocks", "il", CHECKED, KEPT)                                                       \
    X(TAILS, "tails", "il", CHECKED, KEPT)                                                         \
    X(CHUNKS, "chunks", "hi", CHECKED, KEPT)                                                       \
    X(RECORDS, "records", "br", CHECKED, KEPT)                                                     \
    X(INDEX_INFO, "index.info", "r", CHECKED, DISPOSABLE)                                          \
    X(INDEX_REACHED, "index.reached", "h", CHECKED, DISPOSABLE)                                    \
    X(INDEX_HIDDEN, "index.hidden", "hl", PLAIN, DISPOSABLE)                                       \
    X(INDEX_META, "index.meta", "i", CHECKED, DISPOSABLE)                                          \
    X(INDEX_ID, "index.id", "h", CHECKED, DISPOSABLE)                                              \
    X(INDEX_ORDER, "index.order", "bli", PLAIN, DISPOSABLE)                                        \
    X(INDEX_AUTHOR, "index.author", "hi", PLAIN, DISPOSABLE)                                       \
    X(INDEX_VALUE, "index.value", "br", PLAIN, DISPOSABLE)                                         \
    X(INDEX_WITHDRAWN, "index.withdrawn", "hhr", PLAIN, DISPOSABLE)

enum toc_db_table {
#define TOC_DB_TABLE_ENUM(name, text, format, check, keep) TOC_DB_##name,
    TOC_DB_TABLES(TOC_DB_TABLE_ENUM)
#undef TOC_DB_TABLE_ENUM
        TOC_DB_TABLE_COUNT
};

struct toc_db_layout {
    const char *text;
    const char *format;
    bool checked;
    bool disposable;
};
/* What TOC_DB_TABLES says of a table. Gives static storage. */
const struct toc_db_layout *toc_db_layout(enum toc_db_table table);

/* A key in memory of the caller. */
struct toc_db_key {
    size_t len;
    uint8_t bytes[TOC_DB_KEY_BYTES_MAX];
};
/* Builds the key of `table` from its fields, in the order of its format: b as unsigned, i as
 * uint32_t, l as uint64_t, h as const uint8_t *, r as struct toc_span. The result is a prefix when
 * fewer fields are given: `fields` says how many follow. Asserts that it fits. */
void toc_db_key_make(struct toc_db_key *key, enum toc_db_table table, unsigned fields, ...);
/* The key as a span. Lends: key. */
struct toc_span toc_db_key_span(const struct toc_db_key *key);

/* environment
 */

struct toc_db;

struct toc_db_options {
    uint64_t map_bytes; /* 0: TOC_DB_MAP_BYTES, halved until the system grants it */
    /* Beside a running node, which is seen as its lock file shows; or on a file that toc_db_backup
     * wrote, which must be nobody else's. Writes nothing but the lock file. */
    bool read_only;
};

/*
 * Opens the store in folder `path`, with `read_only` unset after creating it where it is absent:
 * made in `path`.new, committed, synced, renamed, so that a crash leaves no store or a whole one.
 * Clears reader slots of dead processes. Files become 0600, the folder 0700.
 * Gives *db (toc_db_close). Fails: ABSENT (read_only and no store), CORRUPT (does not open, or has
 * another schema), LOCKED (already open in this process), DISK_FULL, IO, PERMISSION, FULL.
 */
TOC_MUST_USE struct toc_err toc_db_open(struct toc_db **db, const char *path,
                                        const struct toc_db_options *options);
/* Ends it; no snapshot or transaction may live. NULL is legal. */
void toc_db_close(struct toc_db *db);
/*
 * After a failed commit: waits for the snapshots to end, closes, opens, syncs, and compares the
 * last commit with the last one that was reported as done. The writer's thread, outside a
 * transaction. Fails: CORRUPT (a commit that was reported is gone), and as open; writes then stay
 * refused, reads too if it does not open at all, and the call may be made again.
 */
TOC_MUST_USE struct toc_err toc_db_reopen(struct toc_db *db);
/* Clears the reader slots of dead processes; at open and then every minute. */
TOC_MUST_USE struct toc_err toc_db_sweep(struct toc_db *db);

struct toc_db_stat {
    uint64_t file_bytes; /* of data.mdb, up to the last page that was ever used */
    uint64_t used_bytes; /* pages in use */
    uint64_t map_bytes;
    uint64_t space_bytes; /* free on the disk, for this user */
    uint64_t last_commit; /* number of the last commit */
    uint64_t row_count[TOC_DB_TABLE_COUNT];
};
/* Fails: IO, FULL, CORRUPT. */
TOC_MUST_USE struct toc_err toc_db_stat(struct toc_db *db, struct toc_db_stat *stat);

/* Has any row that was read since it was opened not matched its checksum? Any thread. */
bool toc_db_is_damaged(const struct toc_db *db);

/* Writes a compact copy of one snapshot to `path`: as `path`.new with mode 0600, synced, renamed,
 * folder synced; a crash leaves no file or a whole one. May take long: never on the loop's thread.
 * Fails: DISK_FULL, IO, PERMISSION, CORRUPT; a file that was at `path` is then as before. */
TOC_MUST_USE struct toc_err toc_db_backup(struct toc_db *db, const char *path);

/* snapshots
 */

struct toc_db_read;

/* Begins a snapshot. Gives *read (toc_db_read_end). Keep it short: milliseconds.
 * Fails: FULL (no memory or reader slot), STATE (failed commit, reopen did not succeed), CORRUPT.
 */
TOC_MUST_USE struct toc_err toc_db_read_begin(struct toc_db *db, struct toc_db_read **read);
/* Ends it; NULL is legal. */
void toc_db_read_end(struct toc_db_read *read);
/* Moves to the newest commit: what was lent ends, cursors must be closed before. Fails: as begin;
 * the snapshot then only can be ended. */
TOC_MUST_USE struct toc_err toc_db_read_renew(struct toc_db_read *read);

/* Gives *value, lent. Fails: ABSENT, CORRUPT, and in a write transaction its first failure. */
TOC_MUST_USE struct toc_err toc_db_get(const struct toc_db_read *read, enum toc_db_table table,
                                       struct toc_span key, struct toc_span *value);

/* Walks the rows of a table in key order. Members are read only; key and value are lent. */
struct toc_db_cursor {
    void *at;
    const struct toc_db_read *read;
    enum toc_db_table table;
    struct toc_span key, value;
};
/* Opens a cursor. Fails: FULL, CORRUPT, first failure of a write transaction. */
TOC_MUST_USE struct toc_err toc_db_cursor_open(struct toc_db_cursor *cursor,
                                               const struct toc_db_read *read,
                                               enum toc_db_table table);
/* Ends it; a cursor that never opened or is closed is legal if it was zeroed. */
void toc_db_cursor_close(struct toc_db_cursor *cursor);
/* To the first row whose key is >= `key`; the next row; the row before; the last row whose key is
 * < `key`. Fails: ABSENT (no such row), CORRUPT. */
TOC_MUST_USE struct toc_err toc_db_seek(struct toc_db_cursor *cursor, struct toc_span key);
TOC_MUST_USE struct toc_err toc_db_next(struct toc_db_cursor *cursor);
TOC_MUST_USE struct toc_err toc_db_prev(struct toc_db_cursor *cursor);
TOC_MUST_USE struct toc_err toc_db_seek_before(struct toc_db_cursor *cursor, struct toc_span key);

/* the write transaction
 */

/*
 * It holds its first failure: later puts and dels are no-ops, gets give that failure, and commit
 * becomes abort. So code that writes reads straight and asks once.
 */
struct toc_db_txn;

/* Gives *txn (toc_db_commit or toc_db_abort). Fails: STATE (a commit failed: toc_db_reopen), FULL,
 * CORRUPT. */
TOC_MUST_USE struct toc_err toc_db_begin(struct toc_db *db, struct toc_db_txn **txn);
/* The transaction as a snapshot, with its own writes. Lends: until its end. */
const struct toc_db_read *toc_db_txn_read(const struct toc_db_txn *txn);
/* Replaces or adds a row; neither span may be lent by the store itself. LIMIT is held when the key
 * is empty or too long, or the value too long. */
void toc_db_put(struct toc_db_txn *txn, enum toc_db_table table, struct toc_span key,
                struct toc_span value);
struct toc_db_row {
    struct toc_span key, value;
};
/* The same for many rows in rising key order: several times faster than one by one. */
void toc_db_put_sorted(struct toc_db_txn *txn, enum toc_db_table table,
                       const struct toc_db_row *rows, size_t row_count);
/* Removes a row; none is no failure. */
void toc_db_del(struct toc_db_txn *txn, enum toc_db_table table, struct toc_span key);
/* Removes all rows of a table. */
void toc_db_drop(struct toc_db_txn *txn, enum toc_db_table table);
/* Makes the transaction fail from outside; ok and a later failure change nothing. */
void toc_db_fail(struct toc_db_txn *txn, struct toc_err err);
/* The first failure, or ok. */
struct toc_err toc_db_failure(const struct toc_db_txn *txn);
/* Calls end(arg, committed) once when the transaction ends. At most TOC_DB_ENDS_MAX. Lends: arg,
 * until then. */
#define TOC_DB_ENDS_MAX 4u
void toc_db_on_end(struct toc_db_txn *txn, void (*end)(void *arg, bool committed), void *arg);
/*
 * Makes everything durable (one fsync) and ends the transaction, whatever happens. Fails: the
 * first failure held (nothing was written, the store goes on), or DISK_FULL, IO, CORRUPT, FULL of
 * the commit itself: then nothing may be acknowledged and toc_db_reopen comes next.
 */
TOC_MUST_USE struct toc_err toc_db_commit(struct toc_db_txn *txn);
/* Ends it without a trace. NULL is legal. */
void toc_db_abort(struct toc_db_txn *txn);
/* True from a failed commit until a successful toc_db_reopen. Any thread. */
bool toc_db_broken(const struct toc_db *db);

#endif
