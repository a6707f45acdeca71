/* SPDX-License-Identifier: EUPL-1.2 */
#include "index_internal.h"

#include <stdlib.h>
#include <string.h>

#define SCHEMA toc_span_str("schema")
#define PREFIXES toc_span_str("prefixes")

static void put_schema(struct toc_db_txn *txn)
{
    uint8_t row[4];
    toc_put_le32(row, TOC_INDEX_SCHEMA);
    toc_db_put(txn, TOC_DB_INDEX_INFO, SCHEMA, toc_span(row, sizeof row));
}

static void drop_tables(struct toc_db_txn *txn)
{
    for (unsigned i = 0; i < TOC_DB_TABLE_COUNT; i++) {
        if (toc_db_layout((enum toc_db_table)i)->disposable) {
            toc_db_drop(txn, (enum toc_db_table)i);
        }
    }
    put_schema(txn);
}

/* Is the index on disk one that this code can read? */
static struct toc_err read_info(struct toc_index *index, bool *known)
{
    struct toc_db_read *read;
    struct toc_span value;
    TOC_TRY(toc_db_read_begin(index->db, &read));
    struct toc_err err = toc_db_get(read, TOC_DB_INDEX_INFO, SCHEMA, &value);
    *known = !toc_failed(err) && value.len == 4 && toc_le32(value.at) == TOC_INDEX_SCHEMA;
    if (*known) {
        err = toc_db_get(read, TOC_DB_INDEX_INFO, PREFIXES, &value);
        if (!toc_failed(err) && value.len == sizeof index->prefixes.bits) {
            memcpy(index->prefixes.bits, value.at, value.len);
        }
        *known = !toc_failed(err) || err.code == TOC_ABSENT;
    }
    toc_db_read_end(read);
    return toc_ok();
}

static struct toc_err prepare(struct toc_index *index)
{
    bool known;
    TOC_TRY(read_info(index, &known));
    if (known) {
        return toc_ok();
    }
    struct toc_db_txn *txn;
    TOC_TRY(toc_db_begin(index->db, &txn));
    drop_tables(txn);
    return toc_db_commit(txn);
}

struct toc_err toc_index_open(struct toc_index **out, struct toc_db *db)
{
    pthread_rwlockattr_t attr;
    *out = NULL;
    struct toc_index *index = calloc(1, sizeof *index);
    if (index == NULL) {
        return toc_fail(TOC_FULL, "no memory for the index");
    }
    index->db = db;
    index->next_hidden = TOC_INDEX_HIDDEN;
    /* Readers come without pause; a commit must get its turn. */
    (void)pthread_rwlockattr_init(&attr);
    (void)pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    (void)pthread_rwlock_init(&index->lock, &attr);
    (void)pthread_rwlockattr_destroy(&attr);
    index->value = malloc(sizeof *index->value);
    struct toc_err err = toc_memory_init(&index->hidden);
    if (!toc_failed(err)) {
        err = toc_memory_init(&index->fresh);
    }
    if (index->value == NULL && !toc_failed(err)) {
        err = toc_fail(TOC_FULL, "no memory for the index");
    }
    if (!toc_failed(err)) {
        err = prepare(index);
    }
    if (toc_failed(err)) {
        toc_index_close(index);
        return err;
    }
    *out = index;
    return err;
}

void toc_index_close(struct toc_index *index)
{
    if (index == NULL) {
        return;
    }
    TOC_ASSERT(index->txn == NULL);
    toc_memory_free(&index->hidden);
    toc_memory_free(&index->fresh);
    toc_rows_clear(&index->rows);
    free(index->value);
    (void)pthread_rwlock_destroy(&index->lock);
    free(index);
}

static void unite_prefixes(struct prefixes *into, const struct prefixes *from)
{
    for (size_t i = 0; i < sizeof into->bits; i++) {
        into->bits[i] |= from->bits[i];
    }
}

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
        toc_memory_move(&index->hidden, &index->fresh);
        unite_prefixes(&index->prefixes, &index->fresh_prefixes);
        unite_prefixes(&index->hidden_prefixes, &index->fresh_hidden_prefixes);
        (void)pthread_rwlock_unlock(&index->lock);
    }
    toc_memory_clear(&index->fresh);
    toc_rows_clear(&index->rows);
    index->txn = NULL;
}

void toc_index_join(struct toc_index *index, struct toc_db_txn *txn)
{
    if (index->txn == txn) {
        return;
    }
    TOC_ASSERT(index->txn == NULL);
    index->txn = txn;
    index->cleared = false;
    index->fresh_prefixes = (struct prefixes){0};
    index->fresh_hidden_prefixes = (struct prefixes){0};
    toc_db_on_end(txn, end_transaction, index);
}

void toc_index_put_prefixes(struct toc_index *index)
{
    struct prefixes all = index->cleared ? (struct prefixes){0} : index->prefixes;
    unite_prefixes(&all, &index->fresh_prefixes);
    if (index->cleared || memcmp(&all, &index->prefixes, sizeof all) != 0) {
        toc_db_put(index->txn, TOC_DB_INDEX_INFO, PREFIXES, toc_span(all.bits, sizeof all.bits));
    }
}

void toc_index_clear(struct toc_index *index, struct toc_db_txn *txn)
{
    toc_index_join(index, txn);
    drop_tables(txn);
    toc_memory_clear(&index->fresh);
    index->fresh_prefixes = (struct prefixes){0};
    index->fresh_hidden_prefixes = (struct prefixes){0};
    index->cleared = true;
}

static struct toc_err read_reached(const struct toc_db_read *read, const uint8_t *log,
                                   uint64_t *seq)
{
    struct toc_span value;
    *seq = 0;
    struct toc_err err =
        toc_db_get(read, TOC_DB_INDEX_REACHED, toc_span(log, TOC_ID_BYTES), &value);
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

void toc_index_advance(struct toc_index *index, struct toc_db_txn *txn,
                       const uint8_t log[static TOC_ID_BYTES], uint64_t seq)
{
    uint64_t reached;
    uint8_t row[8];
    toc_index_join(index, txn);
    struct toc_err err = read_reached(toc_db_txn_read(txn), log, &reached);
    toc_db_fail(txn, err);
    if (!toc_failed(err) && seq > reached) {
        toc_put_le64(row, seq);
        toc_db_put(txn, TOC_DB_INDEX_REACHED, toc_span(log, TOC_ID_BYTES),
                   toc_span(row, sizeof row));
    }
}

struct toc_err toc_index_reached(struct toc_index *index, const uint8_t log[static TOC_ID_BYTES],
                                 uint64_t *seq)
{
    struct toc_db_read *read;
    TOC_TRY(toc_db_read_begin(index->db, &read));
    struct toc_err err = read_reached(read, log, seq);
    toc_db_read_end(read);
    return err;
}

struct toc_err toc_index_read_begin(struct toc_index *index, struct toc_index_read **out)
{
    struct scan scan;
    *out = NULL;
    struct toc_index_read *read = calloc(1, sizeof *read);
    if (read == NULL) {
        return toc_fail(TOC_FULL, "no memory for a reader of the index");
    }
    read->index = index;
    (void)pthread_rwlock_rdlock(&index->lock);
    struct toc_err err = toc_db_read_begin(index->db, &read->db);
    if (!toc_failed(err)) {
        err = toc_scan_open(&scan, read, TOC_DB_INDEX_WITHDRAWN);
        if (!toc_failed(err)) {
            err = toc_scan_seek(&scan, toc_span(NULL, 0));
            toc_scan_close(&scan);
        }
        read->any_withdrawn = !toc_failed(err);
        err = err.code == TOC_ABSENT ? toc_ok() : err;
    }
    if (toc_failed(err)) {
        toc_index_read_end(read);
        return err;
    }
    *out = read;
    return err;
}

void toc_index_read_end(struct toc_index_read *read)
{
    if (read != NULL) {
        toc_db_read_end(read->db);
        (void)pthread_rwlock_unlock(&read->index->lock);
        free(read);
    }
}

/* Keys of the hidden entries that memory lacks, one after another, on the heap. */
static struct toc_err list_hidden(struct toc_index *index, uint8_t **keys, size_t *count)
{
    enum { KEY_BYTES = TOC_ID_BYTES + 8 };
    struct toc_index_read *read;
    struct toc_db_cursor cursor = {0};
    size_t room = 0;
    TOC_TRY(toc_index_read_begin(index, &read));
    struct toc_err err = toc_db_cursor_open(&cursor, read->db, TOC_DB_INDEX_HIDDEN);
    if (!toc_failed(err)) {
        err = toc_db_seek(&cursor, toc_span(NULL, 0));
    }
    while (!toc_failed(err)) {
        if (cursor.key.len == KEY_BYTES &&
            toc_memory_get(&index->hidden, TOC_DB_INDEX_HIDDEN, cursor.key) == NULL) {
            if (*count == room) {
                room = room == 0 ? 64 : 2 * room;
                uint8_t *grown = realloc(*keys, room * KEY_BYTES);
                if (grown == NULL) {
                    err = toc_fail(TOC_FULL, "no memory for the list of hidden bulletins");
                    break;
                }
                *keys = grown;
            }
            memcpy(*keys + *count * KEY_BYTES, cursor.key.at, KEY_BYTES);
            (*count)++;
        }
        err = toc_db_next(&cursor);
    }
    toc_db_cursor_close(&cursor);
    toc_index_read_end(read);
    return err.code == TOC_ABSENT ? toc_ok() : err;
}

struct toc_err toc_index_each_hidden(struct toc_index *index,
                                     struct toc_err (*each)(void *arg, const uint8_t *log,
                                                            uint64_t seq),
                                     void *arg)
{
    uint8_t *keys = NULL;
    size_t count = 0;
    struct toc_err err = list_hidden(index, &keys, &count);
    for (size_t i = 0; i < count && !toc_failed(err); i++) {
        const uint8_t *key = keys + i * (TOC_ID_BYTES + 8);
        err = each(arg, key, toc_be64(key + TOC_ID_BYTES));
    }
    free(keys);
    return err;
}
