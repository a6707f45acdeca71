/* SPDX-License-Identifier: EUPL-1.2 */
#include "store_internal.h"

#include <stdlib.h>
#include <string.h>

/* Rows are copied out in portions, so that no snapshot is open while the caller works. */
#define PORTION_BYTES ((size_t)1 << 20)
#define PORTION_ROWS 1024u

void toc_store_head_encode(uint8_t row[static HEAD_ROW_BYTES],
                           const uint8_t log[static TOC_ID_BYTES], const struct toc_log_head *head)
{
    memcpy(row, log, TOC_ID_BYTES);
    toc_put_le64(row + 32, head->seq);
    memcpy(row + 40, head->hash, TOC_HASH_BYTES);
    toc_put_le64(row + 72, head->utc.ms);
    toc_put_le64(row + 80, head->checkpoint_seq);
    toc_put_le64(row + 88, head->open_bytes);
}

struct toc_err toc_store_head_decode(struct toc_span row, uint8_t log[static TOC_ID_BYTES],
                                     struct toc_log_head *head)
{
    if (row.len != HEAD_ROW_BYTES) {
        return toc_fail(TOC_CORRUPT, "a head of the store has an impossible length");
    }
    memcpy(log, row.at, TOC_ID_BYTES);
    head->seq = toc_le64(row.at + 32);
    memcpy(head->hash, row.at + 40, TOC_HASH_BYTES);
    head->utc.ms = toc_le64(row.at + 72);
    head->checkpoint_seq = toc_le64(row.at + 80);
    head->open_bytes = toc_le64(row.at + 88);
    if (head->checkpoint_seq > head->seq ||
        head->seq - head->checkpoint_seq >= TOC_CHECKPOINT_ENTRIES) {
        return toc_fail(TOC_CORRUPT, "a head of the store contradicts itself");
    }
    return toc_ok();
}

struct toc_err toc_store_log_number(const struct toc_db_read *read,
                                    const uint8_t log[static TOC_ID_BYTES], uint32_t *number)
{
    struct toc_span value;
    TOC_TRY(toc_db_get(read, TOC_DB_LOGS, toc_span(log, TOC_ID_BYTES), &value));
    if (value.len != 4 || toc_le32(value.at) == 0) {
        return toc_fail(TOC_CORRUPT, "the number of a log is damaged");
    }
    *number = toc_le32(value.at);
    return toc_ok();
}

struct toc_err toc_store_head_row(const struct toc_db_read *read, uint32_t number,
                                  const uint8_t *log, struct toc_log_head *head)
{
    struct toc_db_key key;
    struct toc_span value;
    uint8_t id[TOC_ID_BYTES];
    toc_db_key_make(&key, TOC_DB_HEADS, 1, number);
    TOC_TRY(toc_db_get(read, TOC_DB_HEADS, toc_db_key_span(&key), &value));
    TOC_TRY(toc_store_head_decode(value, id, head));
    if (log != NULL && memcmp(id, log, TOC_ID_BYTES) != 0) {
        return toc_fail(TOC_CORRUPT, "a head of the store belongs to another log");
    }
    return toc_ok();
}

struct toc_err toc_store_head(struct toc_store *store, const uint8_t log[static TOC_ID_BYTES],
                              struct toc_log_head *head)
{
    struct toc_db_read *read;
    uint32_t number;
    TOC_TRY(toc_db_read_begin(store->db, &read));
    struct toc_err err = toc_store_log_number(read, log, &number);
    if (!toc_failed(err)) {
        err = toc_store_head_row(read, number, log, head);
    }
    toc_db_read_end(read);
    return err;
}

/* Rows of a table, copied out: u32 key length, u32 value length, key, value, one after another. */
struct portion {
    uint8_t *bytes;
    size_t used, room;
    size_t row_count;
    struct toc_db_key last; /* key of the last row */
};

static struct toc_err copy_row(struct portion *portion, struct toc_span key, struct toc_span value)
{
    size_t wanted = portion->used + 8 + key.len + value.len;
    if (wanted > portion->room) {
        size_t room = wanted > PORTION_BYTES ? wanted : PORTION_BYTES;
        uint8_t *bytes = realloc(portion->bytes, room);
        if (bytes == NULL) {
            return toc_fail(TOC_FULL, "no memory for rows of the store");
        }
        portion->bytes = bytes;
        portion->room = room;
    }
    uint8_t *at = portion->bytes + portion->used;
    toc_put_le32(at, (uint32_t)key.len);
    toc_put_le32(at + 4, (uint32_t)value.len);
    memcpy(at + 8, key.at, key.len);
    if (value.len != 0) {
        memcpy(at + 8 + key.len, value.at, value.len);
    }
    memcpy(portion->last.bytes, key.at, key.len);
    portion->last.len = key.len;
    portion->used = wanted;
    portion->row_count++;
    return toc_ok();
}

/* Copies the rows after portion->last that begin with `prefix`, up to the portion's size. */
static struct toc_err copy_rows(struct toc_db *db, enum toc_db_table table, struct toc_span prefix,
                                struct portion *portion)
{
    struct toc_db_read *read;
    struct toc_db_cursor cursor = {0};
    portion->used = 0;
    portion->row_count = 0;
    TOC_TRY(toc_db_read_begin(db, &read));
    struct toc_err err = toc_db_cursor_open(&cursor, read, table);
    struct toc_span after = toc_db_key_span(&portion->last);
    if (!toc_failed(err)) {
        err = toc_db_seek(&cursor, after.len == 0 ? prefix : after);
        if (!toc_failed(err) && after.len != 0 && toc_span_equal(cursor.key, after)) {
            err = toc_db_next(&cursor);
        }
    }
    while (!toc_failed(err)) {
        if (cursor.key.len < prefix.len ||
            !toc_span_equal(toc_span(cursor.key.at, prefix.len), prefix) ||
            portion->row_count == PORTION_ROWS ||
            (portion->row_count > 0 && portion->used + cursor.value.len > PORTION_BYTES)) {
            break;
        }
        err = copy_row(portion, cursor.key, cursor.value);
        if (!toc_failed(err)) {
            err = toc_db_next(&cursor);
        }
    }
    toc_db_cursor_close(&cursor);
    toc_db_read_end(read);
    return err.code == TOC_ABSENT ? toc_ok() : err;
}

/* Calls `each` for all rows of a table that begin with `prefix`. */
static struct toc_err
each_row(struct toc_db *db, enum toc_db_table table, struct toc_span prefix,
         struct toc_err (*each)(void *arg, struct toc_span key, struct toc_span value), void *arg)
{
    struct portion portion = {0};
    struct toc_err err;
    do {
        err = copy_rows(db, table, prefix, &portion);
        const uint8_t *at = portion.bytes;
        for (size_t i = 0; i < portion.row_count && !toc_failed(err); i++) {
            struct toc_span key = toc_span(at + 8, toc_le32(at));
            struct toc_span value = toc_span(key.at + key.len, toc_le32(at + 4));
            at = value.at + value.len;
            err = each(arg, key, value);
        }
    } while (!toc_failed(err) && portion.row_count != 0);
    free(portion.bytes);
    return err;
}

struct head_call {
    struct toc_err (*each)(void *arg, const uint8_t *log, const struct toc_log_head *head);
    void *arg;
};

static struct toc_err call_head(void *arg, struct toc_span key, struct toc_span value)
{
    const struct head_call *call = arg;
    struct toc_log_head head;
    uint8_t log[TOC_ID_BYTES];
    (void)key;
    TOC_TRY(toc_store_head_decode(value, log, &head));
    return call->each(call->arg, log, &head);
}

struct toc_err toc_store_each_head(struct toc_store *store,
                                   struct toc_err (*each)(void *arg, const uint8_t *log,
                                                          const struct toc_log_head *head),
                                   void *arg)
{
    struct head_call call = {each, arg};
    return each_row(store->db, TOC_DB_HEADS, toc_span(NULL, 0), call_head, &call);
}

struct record_call {
    struct toc_err (*each)(void *arg, struct toc_span key, struct toc_span value);
    void *arg;
};

/* The table's letter is not part of the key that callers know. */
static struct toc_err call_record(void *arg, struct toc_span key, struct toc_span value)
{
    const struct record_call *call = arg;
    return call->each(call->arg, toc_span(key.at + 1, key.len - 1), value);
}

struct toc_err toc_store_each_record(struct toc_store *store, char table,
                                     struct toc_err (*each)(void *arg, struct toc_span key,
                                                            struct toc_span value),
                                     void *arg)
{
    struct record_call call = {each, arg};
    const uint8_t letter = (uint8_t)table;
    return each_row(store->db, TOC_DB_RECORDS, toc_span(&letter, 1), call_record, &call);
}

struct toc_err toc_store_get_record(struct toc_store *store, char table, struct toc_span key,
                                    struct toc_room out, size_t *len)
{
    struct toc_db_read *read;
    struct toc_db_key row;
    struct toc_span value;
    *len = 0;
    if (key.len == 0 || key.len > RECORD_KEY_BYTES_MAX) {
        return toc_fail(TOC_ABSENT, "no record has such a key");
    }
    toc_db_key_make(&row, TOC_DB_RECORDS, 2, (unsigned)(uint8_t)table, key);
    TOC_TRY(toc_db_read_begin(store->db, &read));
    struct toc_err err = toc_db_get(read, TOC_DB_RECORDS, toc_db_key_span(&row), &value);
    if (!toc_failed(err)) {
        *len = value.len;
        if (value.len > out.len) {
            err = toc_fail(TOC_FULL, "a record is longer than the memory for it");
        } else if (value.len != 0) {
            memcpy(out.at, value.at, value.len);
        }
    }
    toc_db_read_end(read);
    return err;
}
