/* SPDX-License-Identifier: EUPL-1.2 */
#include "db_internal.h"

#include <stdlib.h>

struct toc_err toc_db_read_begin(struct toc_db *db, struct toc_db_read **out)
{
    *out = NULL;
    struct toc_db_read *read = calloc(1, sizeof *read);
    if (read == NULL) {
        return toc_fail(TOC_FULL, "no memory for a snapshot");
    }
    read->db = db;
    struct toc_err err = toc_fail(TOC_STATE, "the store is closed after a failed commit");
    (void)pthread_rwlock_rdlock(&db->gate);
    if (db->env != NULL) {
        err = toc_db_outcome(db->path, mdb_txn_begin(db->env, NULL, MDB_RDONLY, &read->txn));
    }
    if (toc_failed(err)) {
        (void)pthread_rwlock_unlock(&db->gate);
        free(read);
        return err;
    }
    *out = read;
    return toc_ok();
}

void toc_db_read_end(struct toc_db_read *read)
{
    if (read == NULL) {
        return;
    }
    if (read->txn != NULL) {
        mdb_txn_abort(read->txn);
    }
    (void)pthread_rwlock_unlock(&read->db->gate);
    free(read);
}

struct toc_err toc_db_read_renew(struct toc_db_read *read)
{
    mdb_txn_reset(read->txn);
    struct toc_err err = toc_db_outcome(read->db->path, mdb_txn_renew(read->txn));
    if (toc_failed(err)) {
        mdb_txn_abort(read->txn);
        read->txn = NULL;
    }
    return err;
}

static struct toc_err damage(const struct toc_db_read *read, const char *why)
{
    atomic_store(&read->db->damaged, true);
    return toc_fail(TOC_CORRUPT, why);
}

bool toc_db_is_damaged(const struct toc_db *db)
{
    return atomic_load(&db->damaged);
}

struct toc_err toc_db_value(const struct toc_db_read *read, enum toc_db_table table,
                            struct toc_span key, MDB_val raw, struct toc_span *value)
{
    const uint8_t *at = raw.mv_data;
    *value = toc_span(at, raw.mv_size);
    if (!toc_db_layout(table)->checked) {
        return toc_ok();
    }
    if (raw.mv_size < CRC_BYTES || raw.mv_size > TOC_DB_VALUE_BYTES_MAX) {
        return damage(read, "a row of the store has an impossible length");
    }
    value->len -= CRC_BYTES;
    if (toc_le32(at + value->len) != toc_db_crc(table, key, at, value->len)) {
        return damage(read, "a row of the store does not match its checksum");
    }
    return toc_ok();
}

struct toc_err toc_db_get(const struct toc_db_read *read, enum toc_db_table table,
                          struct toc_span key, struct toc_span *value)
{
    *value = toc_span(NULL, 0);
    if (read->failure != NULL) {
        TOC_TRY(*read->failure);
    }
    if (read->txn == NULL) {
        return toc_fail(TOC_STATE, "the snapshot has ended");
    }
    MDB_val key_val = {key.len, (void *)(uintptr_t)key.at};
    MDB_val raw;
    TOC_TRY(
        toc_db_outcome(read->db->path, mdb_get(read->txn, read->db->dbi[table], &key_val, &raw)));
    return toc_db_value(read, table, key, raw, value);
}
