/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What an author takes back. Rows stand under (bulletin, organisation that says so), and a reader
 * looks under the bulletin's own author alone: so what others say never removes anything, and it
 * does not matter which of the two bulletins came first.
 */
#include "index_internal.h"

#include <string.h>

static struct toc_err find_row(const struct toc_index_read *read, const uint8_t *id,
                               const uint8_t *author, struct toc_span rest, bool *found,
                               struct toc_span *by)
{
    struct toc_db_key key;
    toc_db_key_make(&key, TOC_DB_INDEX_WITHDRAWN, 3, id, author, rest);
    struct toc_err err = toc_scan_get(read, TOC_DB_INDEX_WITHDRAWN, toc_db_key_span(&key), by);
    *found = !toc_failed(err);
    if (*found && by->len != TOC_ID_BYTES) {
        return toc_fail(TOC_CORRUPT, "a row of the index does not decode");
    }
    return err.code == TOC_ABSENT ? toc_ok() : err;
}

static const uint8_t revokes[1] = {TOC_RELATION_REVOKES};
static const uint8_t supersedes[1] = {TOC_RELATION_SUPERSEDES};

struct toc_err toc_index_status(const struct toc_index_read *read, struct toc_index_meta *meta)
{
    static const struct {
        const uint8_t *rest;
        enum toc_index_status status;
    } rows[] = {{revokes, TOC_INDEX_REVOKED}, {supersedes, TOC_INDEX_SUPERSEDED}};
    bool found = false;
    meta->status = TOC_INDEX_ACTIVE;
    for (size_t i = 0; i < 2 && read->any_withdrawn && !found; i++) {
        struct toc_span by;
        TOC_TRY(find_row(read, meta->id, meta->author, toc_span(rows[i].rest, 1), &found, &by));
        if (found) {
            meta->status = rows[i].status;
            memcpy(meta->status_by, by.at, TOC_ID_BYTES);
        }
    }
    return toc_ok();
}

struct toc_err toc_index_is_withdrawn(const struct toc_index_read *read, uint32_t number,
                                      struct toc_span value_key, bool *withdrawn)
{
    struct toc_db_key key;
    struct toc_span row;
    const struct toc_span rests[3] = {toc_span(revokes, 1), toc_span(supersedes, 1), value_key};
    *withdrawn = false;
    if (!read->any_withdrawn) {
        return toc_ok();
    }
    toc_db_key_make(&key, TOC_DB_INDEX_META, 1, number);
    TOC_TRY(toc_scan_get(read, TOC_DB_INDEX_META, toc_db_key_span(&key), &row));
    if (row.len < META_FIXED_BYTES) {
        return toc_fail(TOC_CORRUPT, "a row of the index does not decode");
    }
    for (size_t i = 0; i < 3 && !*withdrawn; i++) {
        struct toc_span by;
        TOC_TRY(find_row(read, row.at, row.at + TOC_ID_BYTES, rests[i], withdrawn, &by));
    }
    return toc_ok();
}

static struct toc_err add_row(struct toc_index *index, const struct toc_index_entry *entry,
                              const struct toc_relation *relation, struct toc_span rest)
{
    struct toc_db_key key;
    toc_db_key_make(&key, TOC_DB_INDEX_WITHDRAWN, 3, relation->target, entry->bulletin->author,
                    rest);
    return toc_rows_add(&index->rows, TOC_DB_INDEX_WITHDRAWN, toc_db_key_span(&key),
                        toc_span(entry->id, TOC_ID_BYTES));
}

/* A row for one value under each kind that it may be of: the relation names no kind. */
static struct toc_err withdraw_value(struct toc_index *index, const struct toc_index_entry *entry,
                                     const struct toc_relation *relation, struct toc_span text)
{
    struct toc_value *value = index->value;
    for (unsigned i = 0; i < TOC_VALUE_KIND_COUNT; i++) {
        enum toc_value_class class = toc_value_class((enum toc_value_kind)i);
        struct value_key key;
        if ((class != TOC_VALUE_CLASS_INDICATOR && class != TOC_VALUE_CLASS_ENTITY) ||
            toc_failed(toc_value_make(value, (enum toc_value_kind)i, text)) ||
            !toc_index_value_key(&key, value->kind, toc_span(value->bytes, value->len))) {
            continue;
        }
        TOC_TRY(add_row(index, entry, relation, toc_span(key.bytes, key.len)));
    }
    return toc_ok();
}

struct toc_err toc_index_withdraw(struct toc_index *index, const struct toc_index_entry *entry)
{
    for (size_t i = 0; i < entry->bulletin->relation_count; i++) {
        const struct toc_relation *relation = &entry->bulletin->relations[i];
        if (relation->kind == TOC_RELATION_SUPERSEDES) {
            TOC_TRY(add_row(index, entry, relation, toc_span(supersedes, 1)));
        } else if (relation->kind == TOC_RELATION_REVOKES && relation->value_count == 0) {
            TOC_TRY(add_row(index, entry, relation, toc_span(revokes, 1)));
        } else if (relation->kind == TOC_RELATION_REVOKES) {
            for (size_t v = 0; v < relation->value_count; v++) {
                TOC_TRY(withdraw_value(index, entry, relation, relation->values[v]));
            }
        }
    }
    return toc_ok();
}
