/* SPDX-License-Identifier: EUPL-1.2 */
/* index: what its files share. Private to the room. Layout of rows: FORMAT.md. */
#ifndef TOC_INDEX_INTERNAL_H
#define TOC_INDEX_INTERNAL_H

#include "index.h"

#include <pthread.h>

/* ---- memory: the hidden rows, and those ahead of the disk ----
 * An ordered map of rows, in the same keys as on disk with the table's number before them. */

struct toc_memory_node {
    struct toc_memory_node *prev;
    uint32_t key_len, value_len;
    uint32_t level;
    struct toc_memory_node *next[]; /* `level` of them, then key and value */
};

struct toc_memory {
    struct toc_memory_node *head; /* no row */
    struct toc_memory_node *last;
    uint64_t noise; /* for the levels */
    size_t count;
};

/* Starts an empty map. Fails: FULL. */
TOC_MUST_USE struct toc_err toc_memory_init(struct toc_memory *memory);
/* Wipes and frees all rows and the map itself. */
void toc_memory_free(struct toc_memory *memory);
/* Wipes and frees all rows. */
void toc_memory_clear(struct toc_memory *memory);
/* Adds or replaces. Fails: FULL, nothing changed. */
TOC_MUST_USE struct toc_err toc_memory_put(struct toc_memory *memory, enum toc_db_table table,
                                           struct toc_span key, struct toc_span value);
/* Moves all rows of `from` into `to`, where they replace those of the same key. Cannot fail. */
void toc_memory_move(struct toc_memory *to, struct toc_memory *from);
/* The first row of a table, or of any later one, whose key is >= `key`; NULL: none. */
const struct toc_memory_node *toc_memory_seek(const struct toc_memory *memory,
                                              enum toc_db_table table, struct toc_span key);
/* The row of exactly that key; NULL: none. */
const struct toc_memory_node *toc_memory_get(const struct toc_memory *memory,
                                             enum toc_db_table table, struct toc_span key);
/* The parts of a row. Lend: as long as it. */
enum toc_db_table toc_memory_table(const struct toc_memory_node *node);
struct toc_span toc_memory_key(const struct toc_memory_node *node);
struct toc_span toc_memory_value(const struct toc_memory_node *node);

/* ---- keys ---- */

/* Where the key of a value ends and the number of the bulletin begins: the last 4 bytes. */
#define NUMBER_BYTES 4u
/* Longest key of a value without number, bytes: kind, length, the longest of toc_value_key. */
#define VALUE_KEY_BYTES_MAX (TOC_VALUE_KEY_BYTES_MAX + 4u)

struct value_key {
    size_t len;
    uint8_t bytes[VALUE_KEY_BYTES_MAX];
};
/* Key of a value without number. No key is a beginning of another one. False: such a value is not
 * indexed (empty, or an address that is none). */
bool toc_index_value_key(struct value_key *key, enum toc_value_kind kind,
                         struct toc_span canonical);
/* The value of a key as it was indexed: canonical bytes into `out` of TOC_VALUE_KEY_BYTES_MAX. */
struct toc_span toc_index_value_of(struct toc_span key, uint8_t *out);
/* The number that ends a key. */
uint32_t toc_index_number_of(struct toc_span key);

/* ---- rows on their way to a commit ---- */

struct row {
    size_t at; /* of the key in `bytes`; the value follows it */
    uint32_t key_len, value_len;
    enum toc_db_table table;
};

struct rows {
    struct row *at;
    size_t count, room;
    uint8_t *bytes;
    size_t used_bytes, room_bytes;
};

/* Fails: FULL. */
TOC_MUST_USE struct toc_err toc_rows_add(struct rows *rows, enum toc_db_table table,
                                         struct toc_span key, struct toc_span value);
/* Sorts the rows from `begin` on and unites those of one key: flags of a value unite as
 * 5-intelligence.md wants them, otherwise the last one stays. */
void toc_rows_unite(struct rows *rows, size_t begin);
/* Lend: until the next add. */
struct toc_span toc_rows_key(const struct rows *rows, const struct row *row);
struct toc_span toc_rows_value(const struct rows *rows, const struct row *row);
void toc_rows_clear(struct rows *rows);

/* ---- the index ---- */

/* Prefix lengths that occur among indexed networks: those alone are asked for a network around. */
#define PREFIX_COUNT 129u
struct prefixes {
    uint8_t bits[(PREFIX_COUNT + 7) / 8];
};

struct toc_index {
    struct toc_db *db;
    pthread_rwlock_t lock; /* shared: readers; exclusive: what stands in memory changes */
    struct toc_memory hidden;
    struct toc_memory ahead;         /* rows that the disk is still to get */
    struct prefixes prefixes;        /* of rows on disk, and ahead of it */
    struct prefixes hidden_prefixes; /* of hidden ones */
    uint32_t next_hidden;
    /* The transaction under way; the writer's. NULL, while a batch goes ahead of the disk: */
    struct toc_db_txn *txn;
    struct toc_db_read *base;      /* what the disk holds then */
    struct toc_memory fresh_ahead; /* the batch's rows for the disk */
    /* Either way: */
    bool cleared;            /* all rows in memory go when the transaction commits */
    bool followed;           /* the transaction holds the rows ahead */
    struct toc_memory fresh; /* hidden rows that are added */
    struct prefixes fresh_prefixes, fresh_hidden_prefixes;
    struct rows rows;        /* of the batch under way */
    struct toc_value *value; /* scratch: 12 KiB */
};

/* Empties all tables of the index on disk. */
void toc_index_empty(struct toc_db_txn *txn);
/* Makes `txn` the transaction under way, if it is not: what it adds is seen when it commits. */
void toc_index_join(struct toc_index *index, struct toc_db_txn *txn);
/* Rows on the disk, as the batch under way sees and changes them: in its transaction, or ahead of
 * it. get fails: ABSENT, CORRUPT. put fails: FULL. del fails: STATE, where a row ahead would have
 * to take one off the disk; else as get. */
TOC_MUST_USE struct toc_err toc_index_row_get(const struct toc_index *index,
                                              enum toc_db_table table, struct toc_span key,
                                              struct toc_span *value);
TOC_MUST_USE struct toc_err toc_index_row_put(struct toc_index *index, enum toc_db_table table,
                                              struct toc_span key, struct toc_span value);
TOC_MUST_USE struct toc_err toc_index_row_del(struct toc_index *index, enum toc_db_table table,
                                              struct toc_span key);
/* Adds the rows of a batch to those under way. Sets `reached` of no log. Fails: FULL, CORRUPT,
 * STATE. */
TOC_MUST_USE struct toc_err
toc_index_take(struct toc_index *index, const struct toc_index_entry *entries, size_t entry_count);
/* Moves `reached` of a log on. Fails: as the rows. */
TOC_MUST_USE struct toc_err toc_index_reach(struct toc_index *index, const uint8_t *log,
                                            uint64_t seq);
/* Makes the rows in memory that were added readers' rows; the lock is held. */
void toc_index_show_fresh(struct toc_index *index);
/* Forgets them. */
void toc_index_drop_fresh(struct toc_index *index);
/* Puts the prefix lengths that the batch has met, if there are new ones. Fails: FULL. */
TOC_MUST_USE struct toc_err toc_index_put_prefixes(struct toc_index *index);

struct toc_index_read {
    struct toc_index *index;
    struct toc_db_read *db;
    bool any_withdrawn;
};

/* ---- scan: the rows of a table, on disk and in memory, in key order ---- */

#define SCAN_MEMORIES 2u /* hidden, ahead */

struct scan {
    const struct toc_index_read *read;
    enum toc_db_table table;
    struct toc_db_cursor disk;
    bool disk_valid;
    const struct toc_memory_node *nodes[SCAN_MEMORIES];
    struct toc_span key, value;
};

/* Opens at nothing: seek first. Fails: FULL, CORRUPT. */
TOC_MUST_USE struct toc_err toc_scan_open(struct scan *scan, const struct toc_index_read *read,
                                          enum toc_db_table table);
void toc_scan_close(struct scan *scan);
/* First row at or after `key`, then rising; or last row before `key`, then falling: one direction
 * for each scan. Fails: ABSENT, CORRUPT. */
TOC_MUST_USE struct toc_err toc_scan_seek(struct scan *scan, struct toc_span key);
TOC_MUST_USE struct toc_err toc_scan_next(struct scan *scan);
TOC_MUST_USE struct toc_err toc_scan_seek_before(struct scan *scan, struct toc_span key);
TOC_MUST_USE struct toc_err toc_scan_prev(struct scan *scan);
/* One row by its key, wherever it is. Fails: ABSENT, CORRUPT. */
TOC_MUST_USE struct toc_err toc_scan_get(const struct toc_index_read *read, enum toc_db_table table,
                                         struct toc_span key, struct toc_span *value);

/* ---- meta ---- */

#define META_FIXED_BYTES 120u
#define META_PLACE_BYTES 81u
#define META_BYTES_MAX                                                                             \
    (META_FIXED_BYTES + TOC_INDEX_PLACES_MAX * META_PLACE_BYTES + TOC_TITLE_BYTES_MAX +            \
     TOC_NAME_BYTES_MAX)

/* Encodes all but number and status. Gives the length. */
size_t toc_index_meta_encode(uint8_t out[static META_BYTES_MAX], const struct toc_index_meta *meta);
/* Fails: CORRUPT. */
TOC_MUST_USE struct toc_err toc_index_meta_decode(struct toc_index_meta *meta, uint32_t number,
                                                  struct toc_span row);

/* Value of a row of INDEX_ORDER, what a query asks of a bulletin without opening its meta: u8 kind,
 * severity, TLP, exercise; u64 the other time: received where the key says published. */
#define ORDER_VALUE_BYTES 12u
#define ORDER_PUBLISHED 'p'
#define ORDER_RECEIVED 'r'

/* ---- withdrawal ---- */

/* The key of a row of INDEX_WITHDRAWN goes on after the two ids with one byte, the relation, for
 * the whole bulletin, or with the key of a value, which is longer. Its value is the id of the
 * bulletin that says so. */

/* Status of a bulletin by what its author said of it. Fails: CORRUPT. */
TOC_MUST_USE struct toc_err toc_index_status(const struct toc_index_read *read,
                                             struct toc_index_meta *meta);
/* Has the author withdrawn the bulletin, or this value of it? Fails: CORRUPT. */
TOC_MUST_USE struct toc_err toc_index_is_withdrawn(const struct toc_index_read *read,
                                                   uint32_t number, struct toc_span value_key,
                                                   bool *withdrawn);
/* Rows for what `entry`'s bulletin says of others. Fails: FULL. */
TOC_MUST_USE struct toc_err toc_index_withdraw(struct toc_index *index,
                                               const struct toc_index_entry *entry);

#endif
