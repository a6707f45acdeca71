/* SPDX-License-Identifier: EUPL-1.2 */
#include "store_internal.h"

#include <stdlib.h>
#include <string.h>

/* Row of INFO: how many numbers have been given to logs, u32. */
#define NEXT_LOG toc_span_str("logs")

struct toc_err toc_store_begin(struct toc_store *store, struct toc_store_txn **out)
{
    *out = NULL;
    struct toc_store_txn *txn = calloc(1, sizeof *txn);
    if (txn == NULL) {
        return toc_fail(TOC_FULL, "no memory for a transaction");
    }
    txn->store = store;
    struct toc_err err = toc_db_begin(store->db, &txn->db);
    if (toc_failed(err)) {
        free(txn);
        return err;
    }
    *out = txn;
    return err;
}

struct toc_db_txn *toc_store_txn_db(struct toc_store_txn *txn)
{
    return txn->db;
}

/* Reads where a log stands; an unknown one stands at its beginning and has no number. */
static struct toc_err read_log(const struct toc_db_read *read, struct open_log *log)
{
    struct toc_err err = toc_store_log_number(read, log->id, &log->number);
    log->head = (struct toc_log_head){0};
    if (err.code == TOC_ABSENT) {
        log->number = 0;
        return toc_ok();
    }
    TOC_TRY(err);
    err = toc_store_head_row(read, log->number, log->id, &log->head);
    return err.code == TOC_ABSENT ? toc_fail(TOC_CORRUPT, "a log of the store has no head") : err;
}

/* The place of a log in the transaction, one by its first byte: another log gives way. */
static struct toc_err open_log(struct toc_store_txn *txn, const uint8_t id[static TOC_ID_BYTES],
                               struct open_log **out)
{
    struct open_log *log = &txn->logs[id[0] % OPEN_LOGS];
    *out = log;
    if (log->used && memcmp(log->id, id, TOC_ID_BYTES) == 0) {
        return toc_ok();
    }
    toc_store_flush_log(txn, log);
    log->used = false;
    memcpy(log->id, id, TOC_ID_BYTES);
    TOC_TRY(read_log(toc_db_txn_read(txn->db), log));
    log->stored_seq = log->head.seq;
    log->used = true;
    return toc_db_failure(txn->db);
}

/* Gives a log its number, from 1. */
static void number_log(struct toc_store_txn *txn, struct open_log *log)
{
    struct toc_span value;
    uint8_t row[4];
    uint32_t count = 0;
    struct toc_err err = toc_db_get(toc_db_txn_read(txn->db), TOC_DB_INFO, NEXT_LOG, &value);
    if (!toc_failed(err) && value.len == sizeof row) {
        count = toc_le32(value.at);
    } else if (err.code != TOC_ABSENT) {
        toc_db_fail(txn->db, toc_failed(err) ? err
                                             : toc_fail(TOC_CORRUPT, "a count of the store "
                                                                     "is damaged"));
        return;
    }
    log->number = count + 1;
    toc_put_le32(row, log->number);
    toc_db_put(txn->db, TOC_DB_INFO, NEXT_LOG, toc_span(row, sizeof row));
    toc_db_put(txn->db, TOC_DB_LOGS, toc_span(log->id, TOC_ID_BYTES), toc_span(row, sizeof row));
}

/* Does a range fit behind `head`? */
static struct toc_err check_range(const struct toc_store_op *op, const struct toc_log_head *head)
{
    struct toc_range_info info;
    TOC_TRY(toc_range_peek(op->bytes, &info));
    if (memcmp(info.log, op->log, TOC_ID_BYTES) != 0 || op->head.seq != info.last_seq) {
        return toc_fail(TOC_MALFORMED, "a range is not what its job says");
    }
    if (info.last_seq <= head->seq) {
        return toc_ok();
    }
    if (info.first_seq > head->seq + 1) {
        return toc_fail(TOC_CHAIN, "a range leaves a gap behind the stored head");
    }
    if (info.first_seq == head->seq + 1 && memcmp(info.prev, head->hash, TOC_HASH_BYTES) != 0) {
        return toc_fail(TOC_CHAIN, "a range does not follow the stored head");
    }
    if (info.first_seq <= head->checkpoint_seq ||
        (op->head.checkpoint_seq != info.last_seq &&
         op->head.checkpoint_seq != head->checkpoint_seq)) {
        return toc_fail(TOC_MALFORMED, "a range holds a block boundary");
    }
    return toc_ok();
}

/* The head of ops[at]'s log when the ops before it have been applied. */
static struct toc_err head_before(struct toc_store_txn *txn, const struct toc_store_op *ops,
                                  size_t at, struct toc_log_head *head)
{
    struct open_log *log;
    TOC_TRY(open_log(txn, ops[at].log, &log));
    *head = log->head;
    for (size_t i = at; i > 0; i--) {
        const struct toc_store_op *op = &ops[i - 1];
        if (op->kind == TOC_STORE_RANGE && memcmp(op->log, ops[at].log, TOC_ID_BYTES) == 0 &&
            op->head.seq > head->seq) {
            *head = op->head;
            break;
        }
    }
    return toc_ok();
}

static struct toc_err check_op(struct toc_store_txn *txn, const struct toc_store_op *ops, size_t at)
{
    const struct toc_store_op *op = &ops[at];
    struct toc_log_head head;
    switch (op->kind) {
    case TOC_STORE_RANGE:
        TOC_TRY(head_before(txn, ops, at, &head));
        return check_range(op, &head);
    case TOC_STORE_RECORD:
        if (op->key_len == 0 || op->key_len > RECORD_KEY_BYTES_MAX ||
            op->bytes.len > TOC_STORE_RECORD_BYTES_MAX) {
            return toc_fail(TOC_LIMIT, "a record is too long for the store");
        }
        return toc_ok();
    case TOC_STORE_CHUNK:
        if (op->bytes.len == 0 || op->bytes.len > TOC_CHUNK_FIRST_BYTES ||
            op->index >= TOC_CHUNK_COUNT_MAX) {
            return toc_fail(TOC_LIMIT, "a chunk is too long for the store");
        }
        return toc_ok();
    }
    return toc_fail(TOC_MALFORMED, "a job has an unknown part");
}

static void apply_op(struct toc_store_txn *txn, const struct toc_store_op *op)
{
    struct toc_db_key key;
    struct open_log *log;
    struct toc_err err;
    switch (op->kind) {
    case TOC_STORE_RANGE:
        err = open_log(txn, op->log, &log);
        if (toc_failed(err)) {
            toc_db_fail(txn->db, err);
            return;
        }
        if (log->number == 0) {
            number_log(txn, log);
        }
        toc_store_put_range(txn, log, op->bytes, &op->head);
        return;
    case TOC_STORE_RECORD:
        toc_db_key_make(&key, TOC_DB_RECORDS, 2, (unsigned)(uint8_t)op->table,
                        toc_span(op->key, op->key_len));
        if (op->bytes.len == 0) {
            toc_db_del(txn->db, TOC_DB_RECORDS, toc_db_key_span(&key));
        } else {
            toc_db_put(txn->db, TOC_DB_RECORDS, toc_db_key_span(&key), op->bytes);
        }
        return;
    case TOC_STORE_CHUNK:
        toc_db_key_make(&key, TOC_DB_CHUNKS, 2, op->payload_hash, op->index);
        toc_db_put(txn->db, TOC_DB_CHUNKS, toc_db_key_span(&key), op->bytes);
        return;
    }
}

/* Codes by which the transaction itself fails, not the job. */
static bool is_of_transaction(enum toc_code code)
{
    return code == TOC_CORRUPT || code == TOC_FULL || code == TOC_IO || code == TOC_DISK_FULL ||
           code == TOC_STATE || code == TOC_PERMISSION;
}

struct toc_err toc_store_apply(struct toc_store_txn *txn, const struct toc_store_op *ops,
                               size_t op_count)
{
    TOC_TRY(toc_db_failure(txn->db));
    for (size_t i = 0; i < op_count; i++) {
        struct toc_err err = check_op(txn, ops, i);
        if (toc_failed(err) && is_of_transaction(err.code)) {
            toc_db_fail(txn->db, err);
        }
        TOC_TRY(err);
    }
    for (size_t i = 0; i < op_count; i++) {
        apply_op(txn, &ops[i]);
    }
    return toc_db_failure(txn->db);
}

static void release(struct toc_store_txn *txn)
{
    for (size_t i = 0; i < OPEN_LOGS; i++) {
        free(txn->logs[i].bytes);
    }
    free(txn);
}

struct toc_err toc_store_commit(struct toc_store_txn *txn)
{
    for (size_t i = 0; i < OPEN_LOGS; i++) {
        toc_store_flush_log(txn, &txn->logs[i]);
    }
    struct toc_err err = toc_db_commit(txn->db);
    release(txn);
    return err;
}

void toc_store_abort(struct toc_store_txn *txn)
{
    if (txn != NULL) {
        toc_db_abort(txn->db);
        release(txn);
    }
}
