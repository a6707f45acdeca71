/* SPDX-License-Identifier: EUPL-1.2 */
#include "db_internal.h"

#include <string.h>

struct toc_err toc_db_cursor_open(struct toc_db_cursor *cursor, const struct toc_db_read *read,
                                  enum toc_db_table table)
{
    *cursor = (struct toc_db_cursor){.read = read, .table = table};
    if (read->failure != NULL) {
        TOC_TRY(*read->failure);
    }
    if (read->txn == NULL) {
        return toc_fail(TOC_STATE, "the snapshot has ended");
    }
    MDB_cursor *at;
    TOC_TRY(toc_db_outcome(read->db->path, mdb_cursor_open(read->txn, read->db->dbi[table], &at)));
    cursor->at = at;
    return toc_ok();
}

void toc_db_cursor_close(struct toc_db_cursor *cursor)
{
    if (cursor->at != NULL) {
        mdb_cursor_close(cursor->at);
        cursor->at = NULL;
    }
}

static struct toc_err move(struct toc_db_cursor *cursor, struct toc_span to, MDB_cursor_op op)
{
    MDB_val key = {to.len, (void *)(uintptr_t)to.at};
    MDB_val raw;
    cursor->key = toc_span(NULL, 0);
    cursor->value = toc_span(NULL, 0);
    TOC_TRY(toc_db_outcome(cursor->read->db->path, mdb_cursor_get(cursor->at, &key, &raw, op)));
    cursor->key = toc_span(key.mv_data, key.mv_size);
    return toc_db_value(cursor->read, cursor->table, cursor->key, raw, &cursor->value);
}

struct toc_err toc_db_seek(struct toc_db_cursor *cursor, struct toc_span key)
{
    return key.len == 0 ? move(cursor, key, MDB_FIRST) : move(cursor, key, MDB_SET_RANGE);
}

struct toc_err toc_db_next(struct toc_db_cursor *cursor)
{
    return move(cursor, toc_span(NULL, 0), MDB_NEXT);
}

struct toc_err toc_db_prev(struct toc_db_cursor *cursor)
{
    return move(cursor, toc_span(NULL, 0), MDB_PREV);
}

struct toc_err toc_db_seek_before(struct toc_db_cursor *cursor, struct toc_span key)
{
    struct toc_err err = toc_db_seek(cursor, key);
    if (err.code == TOC_ABSENT) {
        return move(cursor, toc_span(NULL, 0), MDB_LAST);
    }
    /* A damaged row at `key` does not hide the one before it. */
    if (toc_failed(err) && cursor->key.at == NULL) {
        return err;
    }
    return toc_db_prev(cursor);
}
