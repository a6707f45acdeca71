/* SPDX-License-Identifier: EUPL-1.2 */
#include "index_internal.h"

#include <stdlib.h>
#include <string.h>

#define ROOM_MIN 1024u

/* Flags that hold for a value only if they hold wherever it stands in the bulletin. The others hold
 * as soon as one place says so. */
#define WEAK_FLAGS                                                                                 \
    (TOC_FACT_COMPOUND | TOC_FACT_NOT_TO_IDS | TOC_FACT_REVOKED | TOC_FACT_IN_TEXT |               \
     TOC_FACT_DANGLING | TOC_FACT_OBSERVED | TOC_INDEX_HOST)

static bool grow(void **at, size_t *room, size_t wanted, size_t item_bytes)
{
    if (wanted <= *room) {
        return true;
    }
    size_t size = *room == 0 ? ROOM_MIN : *room;
    while (size < wanted) {
        size *= 2;
    }
    void *grown = realloc(*at, size * item_bytes);
    if (grown == NULL) {
        return false;
    }
    *at = grown;
    *room = size;
    return true;
}

struct toc_err toc_rows_add(struct rows *rows, enum toc_db_table table, struct toc_span key,
                            struct toc_span value)
{
    void *at = rows->at;
    void *bytes = rows->bytes;
    bool grown = grow(&at, &rows->room, rows->count + 1, sizeof rows->at[0]);
    rows->at = at;
    grown = grown && grow(&bytes, &rows->room_bytes, rows->used_bytes + key.len + value.len, 1);
    rows->bytes = bytes;
    if (!grown) {
        return toc_fail(TOC_FULL, "no memory for rows of the index");
    }
    struct row *row = &rows->at[rows->count++];
    *row = (struct row){.at = rows->used_bytes,
                        .key_len = (uint32_t)key.len,
                        .value_len = (uint32_t)value.len,
                        .table = table};
    memcpy(rows->bytes + rows->used_bytes, key.at, key.len);
    if (value.len != 0) {
        memcpy(rows->bytes + rows->used_bytes + key.len, value.at, value.len);
    }
    rows->used_bytes += key.len + value.len;
    return toc_ok();
}

struct toc_span toc_rows_key(const struct rows *rows, const struct row *row)
{
    return toc_span(rows->bytes + row->at, row->key_len);
}

struct toc_span toc_rows_value(const struct rows *rows, const struct row *row)
{
    return toc_span(rows->bytes + row->at + row->key_len, row->value_len);
}

/* Equal keys stay in the order in which they came: `at` rises. */
static int compare(const void *a, const void *b, void *arg)
{
    const struct rows *rows = arg;
    const struct row *left = a;
    const struct row *right = b;
    if (left->table != right->table) {
        return left->table < right->table ? -1 : 1;
    }
    int keys = toc_span_compare(toc_rows_key(rows, left), toc_rows_key(rows, right));
    return keys != 0 ? keys : (left->at < right->at ? -1 : 1);
}

static void unite_flags(struct rows *rows, const struct row *kept, const struct row *other)
{
    uint8_t *at = rows->bytes + kept->at + kept->key_len;
    unsigned a = toc_le16(at);
    unsigned b = toc_le16(rows->bytes + other->at + other->key_len);
    unsigned strong = (a | b) & ~(unsigned)WEAK_FLAGS;
    toc_put_le16(at, (uint16_t)(strong | (a & b & (unsigned)WEAK_FLAGS)));
}

void toc_rows_unite(struct rows *rows, size_t begin)
{
    if (rows->count - begin < 2) {
        return;
    }
    qsort_r(rows->at + begin, rows->count - begin, sizeof rows->at[0], compare, rows);
    size_t kept = begin;
    for (size_t i = begin + 1; i < rows->count; i++) {
        const struct row *row = &rows->at[i];
        bool same = row->table == rows->at[kept].table &&
                    toc_span_equal(toc_rows_key(rows, row), toc_rows_key(rows, &rows->at[kept]));
        if (same && row->table == TOC_DB_INDEX_VALUE) {
            unite_flags(rows, &rows->at[kept], row);
        } else if (same) {
            rows->at[kept] = *row;
        } else {
            rows->at[++kept] = *row;
        }
    }
    rows->count = kept + 1;
}

void toc_rows_clear(struct rows *rows)
{
    free(rows->at);
    free(rows->bytes);
    *rows = (struct rows){0};
}
