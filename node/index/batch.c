/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A batch on its way to the readers: in a transaction, or ahead of the disk. A small batch need not
 * wait for a commit of its own: its rows stand in memory, before those of the disk, and the next
 * transaction puts them there. A crash loses nothing but work: the cursors of the logs lie among
 * the same rows, so that the entries, which are durable, go through the index again.
 */
#include "index_internal.h"

#include <string.h>

#define PREFIXES toc_span_str("prefixes")
/* Rows that are put in one piece when the disk follows. */
#define FOLLOW_ROWS 64u

/* rows under way */

struct toc_err toc_index_row_get(const struct toc_index *index, enum toc_db_table table,
                                 struct toc_span key, struct toc_span *value)
{
    if (index->txn != NULL) {
        return toc_db_get(toc_db_txn_read(index->txn), table, key, value);
    }
    const struct toc_memory_node *node = toc_memory_get(&index->fresh_ahead, table, key);
    if (node == NULL) {
        node = toc_memory_get(&index->ahead, table, key);
    }
    if (node == NULL) {
        return toc_db_get(index->base, table, key, value);
    }
    *value = toc_memory_value(node);
    return toc_ok();
}

struct toc_err toc_index_row_put(struct toc_index *index, enum toc_db_table table,
                                 struct toc_span key, struct toc_span value)
{
    if (index->txn == NULL) {
        return toc_memory_put(&index->fresh_ahead, table, key, value);
    }
    toc_db_put(index->txn, table, key, value);
    return toc_ok();
}

struct toc_err toc_index_row_del(struct toc_index *index, enum toc_db_table table,
                                 struct toc_span key)
{
    struct toc_span value;
    if (index->txn != NULL) {
        toc_db_del(index->txn, table, key);
        return toc_ok();
    }
    struct toc_err err = toc_index_row_get(index, table, key, &value);
    if (err.code == TOC_ABSENT) {
        return toc_ok();
    }
    return toc_failed(err) ? err : toc_fail(TOC_STATE, "a row goes in a transaction alone");
}

static void unite_prefixes(struct prefixes *into, const struct prefixes *from)
{
    for (size_t i = 0; i < sizeof into->bits; i++) {
        into->bits[i] |= from->bits[i];
    }
}

struct toc_err toc_index_put_prefixes(struct toc_index *index)
{
    struct prefixes all = index->cleared ? (struct prefixes){0} : index->prefixes;
    unite_prefixes(&all, &index->fresh_prefixes);
    if (!index->cleared && memcmp(&all, &index->prefixes, sizeof all) == 0) {
        return toc_ok();
    }
    return toc_index_row_put(index, TOC_DB_INDEX_INFO, PREFIXES,
                             toc_span(all.bits, sizeof all.bits));
}

static struct toc_err decode_reached(struct toc_err err, struct toc_span value, uint64_t *seq)
{
    *seq = 0;
    if (err.code == TOC_ABSENT) {
        return toc_ok();
    }
    TOC_TRY(err);
    if (value.len != 8) {
        return toc_fail(TOC_CORRUPT, "a row of the index does not decode");
    }
    *seq = toc_le64(value.at);
    return toc_ok();
}

struct toc_err toc_index_reach(struct toc_index *index, const uint8_t *log, uint64_t seq)
{
    const struct toc_span key = toc_span(log, TOC_ID_BYTES);
    struct toc_span value;
    uint64_t reached;
    uint8_t row[8];
    struct toc_err err = toc_index_row_get(index, TOC_DB_INDEX_REACHED, key, &value);
    TOC_TRY(decode_reached(err, value, &reached));
    if (seq <= reached) {
        return toc_ok();
    }
    toc_put_le64(row, seq);
    return toc_index_row_put(index, TOC_DB_INDEX_REACHED, key, toc_span(row, sizeof row));
}

void toc_index_show_fresh(struct toc_index *index)
{
    toc_memory_move(&index->hidden, &index->fresh);
    toc_memory_move(&index->ahead, &index->fresh_ahead);
    unite_prefixes(&index->prefixes, &index->fresh_prefixes);
    unite_prefixes(&index->hidden_prefixes, &index->fresh_hidden_prefixes);
}

void toc_index_drop_fresh(struct toc_index *index)
{
    toc_memory_clear(&index->fresh);
    toc_memory_clear(&index->fresh_ahead);
    index->fresh_prefixes = (struct prefixes){0};
    index->fresh_hidden_prefixes = (struct prefixes){0};
}

/* in a transaction */

/* The disk has what was ahead of it; until here readers found it twice, which is once. */
static void end_transaction(void *arg, bool committed)
{
    struct toc_index *index = arg;
    if (committed) {
        (void)pthread_rwlock_wrlock(&index->lock);
        if (index->cleared) {
            toc_memory_clear(&index->hidden);
            index->prefixes = (struct prefixes){0};
            index->hidden_prefixes = (struct prefixes){0};
        }
        if (index->cleared || index->followed) {
            toc_memory_clear(&index->ahead);
        }
        toc_index_show_fresh(index);
        (void)pthread_rwlock_unlock(&index->lock);
    }
    toc_index_drop_fresh(index);
    toc_rows_clear(&index->rows);
    index->cleared = index->followed = false;
    index->txn = NULL;
}

void toc_index_join(struct toc_index *index, struct toc_db_txn *txn)
{
    if (index->txn == txn) {
        return;
    }
    TOC_ASSERT(index->txn == NULL);
    index->txn = txn;
    toc_db_on_end(txn, end_transaction, index);
}

void toc_index_follow(struct toc_index *index, struct toc_db_txn *txn)
{
    struct toc_db_row rows[FOLLOW_ROWS];
    toc_index_join(index, txn);
    if (index->followed || index->cleared) {
        return;
    }
    const struct toc_memory_node *node = index->ahead.head->next[0];
    while (node != NULL) {
        enum toc_db_table table = toc_memory_table(node);
        size_t count = 0;
        for (; count < FOLLOW_ROWS && node != NULL && toc_memory_table(node) == table; count++) {
            rows[count] =
                (struct toc_db_row){.key = toc_memory_key(node), .value = toc_memory_value(node)};
            node = node->next[0];
        }
        toc_db_put_sorted(txn, table, rows, count);
    }
    index->followed = true;
}

struct toc_err toc_index_apply(struct toc_index *index, struct toc_db_txn *txn,
                               const struct toc_index_entry *entries, size_t entry_count)
{
    toc_index_follow(index, txn);
    TOC_TRY(toc_db_failure(txn));
    toc_db_fail(txn, toc_index_take(index, entries, entry_count));
    return toc_db_failure(txn);
}

void toc_index_advance(struct toc_index *index, struct toc_db_txn *txn,
                       const uint8_t log[static TOC_ID_BYTES], uint64_t seq)
{
    toc_index_follow(index, txn);
    toc_db_fail(txn, toc_index_reach(index, log, seq));
}

void toc_index_clear(struct toc_index *index, struct toc_db_txn *txn)
{
    toc_index_join(index, txn);
    toc_index_empty(txn);
    toc_index_drop_fresh(index);
    index->cleared = true;
}

/* ahead of the disk */

/* Few enough facts to be held in memory? */
static bool is_small(const struct toc_index_entry *entries, size_t entry_count)
{
    size_t facts = 0;
    for (size_t i = 0; i < entry_count; i++) {
        facts += entries[i].facts == NULL ? 0 : entries[i].facts->count;
    }
    return facts <= TOC_INDEX_AHEAD_FACTS_MAX;
}

static struct toc_err take_ahead(struct toc_index *index, const struct toc_index_entry *entries,
                                 size_t entry_count, const struct toc_index_reached *reached)
{
    TOC_TRY(toc_index_take(index, entries, entry_count));
    TOC_TRY(toc_index_reach(index, reached->log, reached->seq));
    if (index->fresh_ahead.count > TOC_INDEX_AHEAD_ROWS_MAX - index->ahead.count) {
        return toc_fail(TOC_STATE, "so much goes in a transaction alone");
    }
    return toc_ok();
}

struct toc_err toc_index_apply_ahead(struct toc_index *index, const struct toc_index_entry *entries,
                                     size_t entry_count, const struct toc_index_reached *reached)
{
    TOC_ASSERT(index->txn == NULL);
    if (!is_small(entries, entry_count)) {
        return toc_fail(TOC_STATE, "so much goes in a transaction alone");
    }
    TOC_TRY(toc_db_read_begin(index->db, &index->base));
    struct toc_err err = take_ahead(index, entries, entry_count, reached);
    toc_db_read_end(index->base);
    index->base = NULL;
    if (!toc_failed(err)) {
        (void)pthread_rwlock_wrlock(&index->lock);
        toc_index_show_fresh(index);
        (void)pthread_rwlock_unlock(&index->lock);
    }
    toc_index_drop_fresh(index);
    toc_rows_clear(&index->rows);
    return err;
}

bool toc_index_is_ahead(const struct toc_index *index)
{
    return index->ahead.count != 0;
}

struct toc_err toc_index_reached(struct toc_index *index, const uint8_t log[static TOC_ID_BYTES],
                                 uint64_t *seq)
{
    struct toc_index_read *read;
    struct toc_span value;
    TOC_TRY(toc_index_read_begin(index, &read));
    struct toc_err err =
        toc_scan_get(read, TOC_DB_INDEX_REACHED, toc_span(log, TOC_ID_BYTES), &value);
    err = decode_reached(err, value, seq);
    toc_index_read_end(read);
    return err;
}
