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

void toc_index_empty(struct toc_db_txn *txn)
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
    toc_index_empty(txn);
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
    if (!toc_failed(err)) {
        err = toc_memory_init(&index->ahead);
    }
    if (!toc_failed(err)) {
        err = toc_memory_init(&index->fresh_ahead);
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
    toc_memory_free(&index->ahead);
    toc_memory_free(&index->fresh_ahead);
    toc_rows_clear(&index->rows);
    free(index->value);
    (void)pthread_rwlock_destroy(&index->lock);
    free(index);
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
    struct scan scan = {0};
    size_t room = 0;
    TOC_TRY(toc_index_read_begin(index, &read));
    struct toc_err err = toc_scan_open(&scan, read, TOC_DB_INDEX_HIDDEN);
    if (!toc_failed(err)) {
        err = toc_scan_seek(&scan, toc_span(NULL, 0));
    }
    while (!toc_failed(err)) {
        if (scan.key.len == KEY_BYTES &&
            toc_memory_get(&index->hidden, TOC_DB_INDEX_HIDDEN, scan.key) == NULL) {
            if (*count == room) {
                room = room == 0 ? 64 : 2 * room;
                uint8_t *grown = realloc(*keys, room * KEY_BYTES);
                if (grown == NULL) {
                    err = toc_fail(TOC_FULL, "no memory for the list of hidden bulletins");
                    break;
                }
                *keys = grown;
            }
            memcpy(*keys + *count * KEY_BYTES, scan.key.at, KEY_BYTES);
            (*count)++;
        }
        err = toc_scan_next(&scan);
    }
    toc_scan_close(&scan);
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
