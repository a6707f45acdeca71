/* SPDX-License-Identifier: EUPL-1.2 */
#include "db_internal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct toc_err toc_db_begin(struct toc_db *db, struct toc_db_txn **out)
{
    *out = NULL;
    TOC_ASSERT(!db->options.read_only && db->pid == getpid());
    if (atomic_load(&db->broken)) {
        return toc_fail(TOC_STATE, "a commit failed: nothing is written until the store is "
                                   "opened again");
    }
    struct toc_db_txn *txn = calloc(1, sizeof *txn);
    if (txn == NULL) {
        return toc_fail(TOC_FULL, "no memory for a transaction");
    }
    txn->read.db = db;
    txn->read.failure = &txn->err;
    struct toc_err err = toc_db_outcome(db->path, mdb_txn_begin(db->env, NULL, 0, &txn->read.txn));
    if (toc_failed(err)) {
        free(txn);
        return err;
    }
    *out = txn;
    return toc_ok();
}

const struct toc_db_read *toc_db_txn_read(const struct toc_db_txn *txn)
{
    return &txn->read;
}

void toc_db_fail(struct toc_db_txn *txn, struct toc_err err)
{
    if (!toc_failed(txn->err)) {
        txn->err = err;
    }
}

static void hold(struct toc_db_txn *txn, int rc)
{
    if (rc != 0) {
        toc_db_fail(txn, toc_db_outcome(txn->read.db->path, rc));
    }
}

struct toc_err toc_db_failure(const struct toc_db_txn *txn)
{
    return txn->err;
}

/* `cursor` NULL: finds the place from the root. */
static void put(struct toc_db_txn *txn, MDB_cursor *cursor, enum toc_db_table table,
                struct toc_span key, struct toc_span value)
{
    if (toc_failed(txn->err)) {
        return;
    }
    size_t crc_bytes = toc_db_layout(table)->checked ? CRC_BYTES : 0;
    if (value.len > TOC_DB_VALUE_BYTES_MAX - crc_bytes) {
        toc_db_fail(txn, toc_fail(TOC_LIMIT, "a value is too long for the store"));
        return;
    }
    MDB_val key_val = {key.len, (void *)(uintptr_t)key.at};
    MDB_val raw = {value.len + crc_bytes, NULL};
    int rc = cursor == NULL
                 ? mdb_put(txn->read.txn, txn->read.db->dbi[table], &key_val, &raw, MDB_RESERVE)
                 : mdb_cursor_put(cursor, &key_val, &raw, MDB_RESERVE);
    hold(txn, rc);
    if (rc != 0) {
        return;
    }
    uint8_t *at = raw.mv_data;
    if (value.len != 0) {
        memcpy(at, value.at, value.len);
    }
    if (crc_bytes != 0) {
        toc_put_le32(at + value.len, toc_db_crc(table, key, value.at, value.len));
    }
}

void toc_db_put(struct toc_db_txn *txn, enum toc_db_table table, struct toc_span key,
                struct toc_span value)
{
    put(txn, NULL, table, key, value);
}

void toc_db_put_sorted(struct toc_db_txn *txn, enum toc_db_table table,
                       const struct toc_db_row *rows, size_t row_count)
{
    MDB_cursor *cursor;
    if (toc_failed(txn->err) || row_count == 0) {
        return;
    }
    int rc = mdb_cursor_open(txn->read.txn, txn->read.db->dbi[table], &cursor);
    hold(txn, rc);
    if (rc != 0) {
        return;
    }
    for (size_t i = 0; i < row_count; i++) {
        put(txn, cursor, table, rows[i].key, rows[i].value);
    }
    mdb_cursor_close(cursor);
}

void toc_db_del(struct toc_db_txn *txn, enum toc_db_table table, struct toc_span key)
{
    if (toc_failed(txn->err)) {
        return;
    }
    MDB_val key_val = {key.len, (void *)(uintptr_t)key.at};
    int rc = mdb_del(txn->read.txn, txn->read.db->dbi[table], &key_val, NULL);
    hold(txn, rc == MDB_NOTFOUND ? 0 : rc);
}

void toc_db_drop(struct toc_db_txn *txn, enum toc_db_table table)
{
    if (!toc_failed(txn->err)) {
        hold(txn, mdb_drop(txn->read.txn, txn->read.db->dbi[table], 0));
    }
}

void toc_db_on_end(struct toc_db_txn *txn, void (*end)(void *arg, bool committed), void *arg)
{
    TOC_ASSERT(txn->end_count < TOC_DB_ENDS_MAX);
    txn->ends[txn->end_count++] = (struct toc_db_end){end, arg};
}

static void finish(struct toc_db_txn *txn, bool committed)
{
    for (size_t i = 0; i < txn->end_count; i++) {
        txn->ends[i].call(txn->ends[i].arg, committed);
    }
    free(txn);
}

struct toc_err toc_db_commit(struct toc_db_txn *txn)
{
    struct toc_db *db = txn->read.db;
    struct toc_err err = txn->err;
    if (toc_failed(err)) {
        mdb_txn_abort(txn->read.txn);
        finish(txn, false);
        return err;
    }
    err = toc_db_outcome(db->path, mdb_txn_commit(txn->read.txn));
    if (toc_failed(err)) {
        /* What is on the disk is unknown until it has been opened and looked at. */
        atomic_store(&db->broken, true);
    } else {
        MDB_envinfo info;
        (void)mdb_env_info(db->env, &info);
        db->last_commit = info.me_last_txnid;
    }
    finish(txn, !toc_failed(err));
    return err;
}

void toc_db_abort(struct toc_db_txn *txn)
{
    if (txn != NULL) {
        mdb_txn_abort(txn->read.txn);
        finish(txn, false);
    }
}
