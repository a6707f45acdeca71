/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The newest entries of a log live as short ranges until their block is complete; then they and
 * the range that completes it become one block. So all nodes hold the same blocks, however the
 * entries came, and a block that comes whole is written as it is.
 */
#include "store_internal.h"

#include <stdlib.h>
#include <string.h>

#define PENDING_BYTES_MIN 4096u

struct toc_err toc_store_tail(const struct toc_db_read *read, uint32_t number, uint64_t from_seq,
                              uint64_t to_seq,
                              struct toc_span ranges[static TOC_CHECKPOINT_ENTRIES],
                              size_t *range_count)
{
    struct toc_db_cursor cursor;
    struct toc_db_key key;
    struct toc_range_info info = {.last_seq = 0};
    *range_count = 0;
    TOC_TRY(toc_db_cursor_open(&cursor, read, TOC_DB_TAILS));
    toc_db_key_make(&key, TOC_DB_TAILS, 2, number, from_seq);
    struct toc_err err = toc_db_seek(&cursor, toc_db_key_span(&key));
    while (!toc_failed(err) && info.last_seq != to_seq) {
        uint64_t next_seq = info.last_seq + 1;
        err = toc_range_peek(cursor.value, &info);
        if (*range_count == TOC_CHECKPOINT_ENTRIES || toc_be32(cursor.key.at) != number ||
            toc_failed(err) || info.last_seq > to_seq ||
            (*range_count == 0 ? info.first_seq > from_seq : info.first_seq != next_seq)) {
            err = toc_fail(TOC_ABSENT, NULL);
            break;
        }
        ranges[(*range_count)++] = cursor.value;
        err = info.last_seq == to_seq ? toc_ok() : toc_db_next(&cursor);
    }
    toc_db_cursor_close(&cursor);
    return err.code == TOC_ABSENT
               ? toc_fail(TOC_CORRUPT, "the newest entries of a log are not all in the store")
               : err;
}

/* Keeps a copy of `range` until the transaction ends or its block is complete. */
static void keep(struct toc_store_txn *txn, struct open_log *log, struct toc_span range)
{
    if (log->range_count == TOC_CHECKPOINT_ENTRIES) {
        toc_db_fail(txn->db, toc_fail(TOC_CORRUPT, "a log has too many entries without a block"));
        return;
    }
    size_t wanted = log->used_bytes + range.len;
    if (wanted > log->room_bytes) {
        size_t room = log->room_bytes == 0 ? PENDING_BYTES_MIN : log->room_bytes;
        while (room < wanted) {
            room *= 2;
        }
        uint8_t *bytes = realloc(log->bytes, room);
        if (bytes == NULL) {
            toc_db_fail(txn->db, toc_fail(TOC_FULL, "no memory for new entries"));
            return;
        }
        log->bytes = bytes;
        log->room_bytes = room;
    }
    memcpy(log->bytes + log->used_bytes, range.at, range.len);
    log->used_bytes = wanted;
    log->range_end[log->range_count++] = wanted;
}

/* The kept ranges, in order. */
static size_t kept(const struct open_log *log, struct toc_span *ranges)
{
    size_t begin = 0;
    for (size_t i = 0; i < log->range_count; i++) {
        ranges[i] = toc_span(log->bytes + begin, log->range_end[i] - begin);
        begin = log->range_end[i];
    }
    return log->range_count;
}

static void forget_kept(struct open_log *log)
{
    log->range_count = 0;
    log->used_bytes = 0;
}

/* Joins `ranges` unless it is one already; the result may lie in txn->block. */
static struct toc_span join(struct toc_store_txn *txn, const struct toc_span *ranges, size_t count)
{
    struct toc_span joined = ranges[0];
    if (count > 1) {
        struct toc_err err = toc_range_join(
            ranges, count, (struct toc_room){txn->block, sizeof txn->block}, &joined);
        if (toc_failed(err)) {
            toc_db_fail(txn->db, toc_fail(TOC_CORRUPT, "entries of a log do not join to a block"));
        }
    }
    return joined;
}

static void put_at(struct toc_store_txn *txn, enum toc_db_table table, const struct open_log *log,
                   uint64_t last_seq, struct toc_span range)
{
    struct toc_db_key key;
    toc_db_key_make(&key, table, 2, log->number, last_seq);
    toc_db_put(txn->db, table, toc_db_key_span(&key), range);
}

static void remove_tail(struct toc_store_txn *txn, const struct open_log *log,
                        const uint64_t *last_seqs, size_t count)
{
    struct toc_db_key key;
    for (size_t i = 0; i < count; i++) {
        toc_db_key_make(&key, TOC_DB_TAILS, 2, log->number, last_seqs[i]);
        toc_db_del(txn->db, TOC_DB_TAILS, toc_db_key_span(&key));
    }
}

/* `range` ends a block: everything since the last checkpoint becomes one value. */
static void complete(struct toc_store_txn *txn, struct open_log *log, struct toc_span range,
                     uint64_t last_seq)
{
    struct toc_span ranges[3 * TOC_CHECKPOINT_ENTRIES];
    uint64_t last_seqs[TOC_CHECKPOINT_ENTRIES];
    size_t stored = 0;
    if (log->stored_seq > log->head.checkpoint_seq) {
        struct toc_err err =
            toc_store_tail(toc_db_txn_read(txn->db), log->number, log->head.checkpoint_seq + 1,
                           log->stored_seq, ranges, &stored);
        if (toc_failed(err)) {
            toc_db_fail(txn->db, err);
            return;
        }
    }
    for (size_t i = 0; i < stored; i++) {
        struct toc_range_info info;
        struct toc_err err = toc_range_peek(ranges[i], &info);
        TOC_ASSERT(!toc_failed(err));
        last_seqs[i] = info.last_seq;
    }
    size_t count = stored + kept(log, ranges + stored);
    ranges[count++] = range;
    put_at(txn, TOC_DB_BLOCKS, log, last_seq, join(txn, ranges, count));
    remove_tail(txn, log, last_seqs, stored);
    forget_kept(log);
    log->stored_seq = last_seq;
}

void toc_store_put_range(struct toc_store_txn *txn, struct open_log *log, struct toc_span range,
                         const struct toc_log_head *after)
{
    struct toc_range_info info;
    struct toc_err err = toc_range_peek(range, &info);
    TOC_ASSERT(!toc_failed(err));
    if (info.last_seq <= log->head.seq) {
        return;
    }
    if (info.first_seq <= log->head.seq) {
        /* What is held already stays: it may hold payloads that the range lacks. */
        err = toc_range_slice(range, log->head.seq + 1, false,
                              (struct toc_room){txn->slice, sizeof txn->slice}, &range);
        if (toc_failed(err)) {
            toc_db_fail(txn->db, toc_fail(TOC_CORRUPT, "a range that was checked has no entries"));
            return;
        }
    }
    if (after->checkpoint_seq == after->seq) {
        complete(txn, log, range, after->seq);
    } else {
        keep(txn, log, range);
    }
    log->head = *after;
    log->dirty = true;
}

void toc_store_flush_log(struct toc_store_txn *txn, struct open_log *log)
{
    struct toc_span ranges[TOC_CHECKPOINT_ENTRIES];
    uint8_t row[HEAD_ROW_BYTES];
    struct toc_db_key key;
    if (!log->dirty) {
        return;
    }
    if (log->range_count != 0) {
        size_t count = kept(log, ranges);
        put_at(txn, TOC_DB_TAILS, log, log->head.seq, join(txn, ranges, count));
        forget_kept(log);
        log->stored_seq = log->head.seq;
    }
    toc_store_head_encode(row, log->id, &log->head);
    toc_db_key_make(&key, TOC_DB_HEADS, 1, log->number);
    toc_db_put(txn->db, TOC_DB_HEADS, toc_db_key_span(&key), toc_span(row, sizeof row));
    log->dirty = false;
}
