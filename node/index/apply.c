/* SPDX-License-Identifier: EUPL-1.2 */
#include "index_internal.h"

#include <stdlib.h>
#include <string.h>

#define NEXT_NUMBER toc_span_str("next")
/* Rows that wait before they are sorted and put. Reason: the more, the nearer they lie on pages;
 * beyond this many the gain is small and memory is not. */
#define ROWS_MAX 400000u

static bool is_hidden(enum toc_tlp tlp)
{
    return tlp >= TOC_TLP_AMBER_STRICT;
}

/* Where an id is known. */
struct known {
    bool on_disk, hidden;
    uint32_t number;
};

static struct toc_err find_id(const struct toc_index *index, const uint8_t *id, struct known *known)
{
    struct toc_span key = toc_span(id, TOC_ID_BYTES);
    struct toc_span value;
    *known = (struct known){0};
    const struct toc_memory_node *node = toc_memory_get(&index->fresh, TOC_DB_INDEX_ID, key);
    if (node == NULL && !index->cleared) {
        node = toc_memory_get(&index->hidden, TOC_DB_INDEX_ID, key);
    }
    if (node != NULL) {
        known->hidden = true;
        known->number = toc_le32(toc_memory_value(node).at);
    }
    struct toc_err err = toc_index_row_get(index, TOC_DB_INDEX_ID, key, &value);
    if (err.code == TOC_ABSENT) {
        return toc_ok();
    }
    TOC_TRY(err);
    if (value.len != 4) {
        return toc_fail(TOC_CORRUPT, "a row of the index does not decode");
    }
    *known = (struct known){.on_disk = true, .number = toc_le32(value.at)};
    return toc_ok();
}

/* Puts a row at once: for the disk, or among the hidden ones of this batch. */
static struct toc_err put_row(struct toc_index *index, bool hidden, enum toc_db_table table,
                              struct toc_span key, struct toc_span value)
{
    return hidden ? toc_memory_put(&index->fresh, table, key, value)
                  : toc_index_row_put(index, table, key, value);
}

static struct toc_err put_meta(struct toc_index *index, bool hidden,
                               const struct toc_index_meta *meta)
{
    uint8_t row[META_BYTES_MAX];
    struct toc_db_key key;
    size_t len = toc_index_meta_encode(row, meta);
    toc_db_key_make(&key, TOC_DB_INDEX_META, 1, meta->number);
    return put_row(index, hidden, TOC_DB_INDEX_META, toc_db_key_span(&key), toc_span(row, len));
}

/* The two rows by time. They say enough of a bulletin to pass it over. */
static struct toc_err add_order_rows(struct toc_index *index, const struct toc_index_meta *meta)
{
    const struct {
        unsigned letter;
        uint64_t ms, other_ms;
    } rows[] = {{ORDER_PUBLISHED, meta->published.ms, meta->received.ms},
                {ORDER_RECEIVED, meta->received.ms, meta->published.ms}};
    for (size_t i = 0; i < 2; i++) {
        struct toc_db_key key;
        uint8_t value[ORDER_VALUE_BYTES] = {(uint8_t)meta->kind, (uint8_t)meta->severity,
                                            (uint8_t)meta->tlp, meta->exercise ? 1 : 0};
        toc_put_le64(value + 4, rows[i].other_ms);
        toc_db_key_make(&key, TOC_DB_INDEX_ORDER, 3, rows[i].letter, rows[i].ms, meta->number);
        TOC_TRY(toc_rows_add(&index->rows, TOC_DB_INDEX_ORDER, toc_db_key_span(&key),
                             toc_span(value, sizeof value)));
    }
    return toc_ok();
}

static struct toc_err add_value_row(struct toc_index *index, const struct value_key *value_key,
                                    uint32_t number, uint32_t flags)
{
    uint8_t key[VALUE_KEY_BYTES_MAX + NUMBER_BYTES];
    uint8_t value[2];
    memcpy(key, value_key->bytes, value_key->len);
    toc_put_be32(key + value_key->len, number);
    toc_put_le16(value, (uint16_t)flags);
    if (key[0] == TOC_VALUE_IP) {
        struct prefixes *prefixes =
            number >= TOC_INDEX_HIDDEN ? &index->fresh_hidden_prefixes : &index->fresh_prefixes;
        uint8_t length = key[TOC_ADDRESS_BYTES];
        prefixes->bits[length / 8] |= (uint8_t)(1u << length % 8);
    }
    return toc_rows_add(&index->rows, TOC_DB_INDEX_VALUE,
                        toc_span(key, value_key->len + NUMBER_BYTES), toc_span(value, 2));
}

static struct toc_err add_fact(struct toc_index *index, const struct toc_fact *fact,
                               uint32_t number)
{
    enum toc_value_class class = toc_value_class(fact->kind);
    struct value_key key;
    uint32_t flags = fact->flags & (TOC_INDEX_HOST - 1u);
    if ((class != TOC_VALUE_CLASS_INDICATOR && class != TOC_VALUE_CLASS_ENTITY) ||
        !toc_index_value_key(&key, fact->kind, fact->value)) {
        return toc_ok();
    }
    TOC_TRY(add_value_row(index, &key, number, flags));
    if ((fact->kind != TOC_VALUE_URL && fact->kind != TOC_VALUE_EMAIL) ||
        toc_failed(toc_value_host(index->value, fact->kind, fact->value)) ||
        !toc_index_value_key(&key, index->value->kind,
                             toc_span(index->value->bytes, index->value->len))) {
        return toc_ok();
    }
    return add_value_row(index, &key, number, flags | TOC_INDEX_HOST);
}

/* Rows of all facts from `begin` on, each value once; counts the indicators. */
static struct toc_err add_facts(struct toc_index *index, const struct toc_facts *facts,
                                size_t begin, struct toc_index_meta *meta)
{
    if (facts == NULL) {
        return toc_ok();
    }
    for (uint32_t i = 0; i < facts->count; i++) {
        TOC_TRY(add_fact(index, &facts->at[i], meta->number));
    }
    toc_rows_unite(&index->rows, begin);
    for (size_t i = begin; i < index->rows.count; i++) {
        const struct row *row = &index->rows.at[i];
        unsigned flags = toc_le16(toc_rows_value(&index->rows, row).at);
        enum toc_value_kind kind = (enum toc_value_kind)toc_rows_key(&index->rows, row).at[0];
        bool counts = toc_value_class(kind) == TOC_VALUE_CLASS_INDICATOR;
        meta->indicator_count += counts && (flags & TOC_INDEX_HOST) == 0 ? 1 : 0;
    }
    meta->fact_count = facts->count;
    meta->warning_count = (uint32_t)toc_facts_warnings(facts);
    return toc_ok();
}

static size_t copy_text(char *out, size_t max, struct toc_span text)
{
    size_t len = text.len < max ? text.len : max;
    if (len != 0) {
        memcpy(out, text.at, len);
    }
    return len;
}

static void fill_meta(struct toc_index_meta *meta, const struct toc_index_entry *entry,
                      uint32_t number)
{
    const struct toc_bulletin *bulletin = entry->bulletin;
    *meta = (struct toc_index_meta){
        .number = number,
        .kind = bulletin->kind,
        .severity = bulletin->severity,
        .tlp = toc_tlp_stricter(bulletin->tlp, entry->place.tlp),
        .pap = bulletin->pap,
        .exercise = bulletin->exercise,
        .unread = entry->facts == NULL,
        .published = bulletin->published,
        .received = entry->place.received,
        .valid_until_ms = bulletin->valid_until_ms,
        .document_count = (uint32_t)bulletin->document_count,
        .place_count = 1,
    };
    memcpy(meta->id, entry->id, TOC_ID_BYTES);
    memcpy(meta->author, bulletin->author, TOC_ID_BYTES);
    meta->places[0] = entry->place;
    meta->title_len = copy_text(meta->title, TOC_TITLE_BYTES_MAX, bulletin->title);
    meta->reference_len = copy_text(meta->reference, TOC_NAME_BYTES_MAX, bulletin->reference);
}

/* The next free number; the count on disk says nothing of hidden ones. */
static struct toc_err take_number(struct toc_index *index, bool hidden, uint32_t *number)
{
    struct toc_span value;
    uint8_t row[4];
    if (hidden) {
        *number = index->next_hidden++;
        return toc_ok();
    }
    struct toc_err err = toc_index_row_get(index, TOC_DB_INDEX_INFO, NEXT_NUMBER, &value);
    if (toc_failed(err) && err.code != TOC_ABSENT) {
        return err;
    }
    *number = toc_failed(err) || value.len != 4 ? 1 : toc_le32(value.at);
    if (*number >= TOC_INDEX_HIDDEN) {
        return toc_fail(TOC_FULL, "the index has no number left");
    }
    toc_put_le32(row, *number + 1);
    return toc_index_row_put(index, TOC_DB_INDEX_INFO, NEXT_NUMBER, toc_span(row, sizeof row));
}

/* Where the rows of one bulletin begin. */
struct begin {
    size_t row, byte;
};

static struct begin begin_rows(const struct toc_index *index)
{
    return (struct begin){index->rows.count, index->rows.used_bytes};
}

/* Moves the rows of a bulletin to the hidden ones. */
static struct toc_err hide_rows(struct toc_index *index, struct begin begin)
{
    struct rows *rows = &index->rows;
    toc_rows_unite(rows, begin.row);
    for (size_t i = begin.row; i < rows->count; i++) {
        const struct row *row = &rows->at[i];
        TOC_TRY(toc_memory_put(&index->fresh, row->table, toc_rows_key(rows, row),
                               toc_rows_value(rows, row)));
    }
    if (rows->used_bytes > begin.byte) {
        toc_wipe(rows->bytes + begin.byte, rows->used_bytes - begin.byte);
    }
    rows->count = begin.row;
    rows->used_bytes = begin.byte;
    return toc_ok();
}

static struct toc_err insert(struct toc_index *index, const struct toc_index_entry *entry,
                             bool hidden)
{
    struct toc_index_meta *meta = malloc(sizeof *meta);
    struct begin begin = begin_rows(index);
    uint32_t number;
    if (meta == NULL) {
        return toc_fail(TOC_FULL, "no memory for the index");
    }
    struct toc_err err = take_number(index, hidden, &number);
    if (!toc_failed(err)) {
        fill_meta(meta, entry, number);
        err = add_facts(index, entry->facts, begin.row, meta);
    }
    if (!toc_failed(err)) {
        err = put_meta(index, hidden, meta);
    }
    if (!toc_failed(err)) {
        err = add_order_rows(index, meta);
    }
    free(meta);
    TOC_TRY(err);
    uint8_t row[4];
    struct toc_db_key key;
    toc_put_le32(row, number);
    TOC_TRY(put_row(index, hidden, TOC_DB_INDEX_ID, toc_span(entry->id, TOC_ID_BYTES),
                    toc_span(row, sizeof row)));
    toc_db_key_make(&key, TOC_DB_INDEX_AUTHOR, 2, entry->bulletin->author, number);
    TOC_TRY(
        toc_rows_add(&index->rows, TOC_DB_INDEX_AUTHOR, toc_db_key_span(&key), toc_span(NULL, 0)));
    TOC_TRY(toc_index_withdraw(index, entry));
    return hidden ? hide_rows(index, begin) : toc_ok();
}

/* Meta of a known bulletin, as this transaction sees it. */
static struct toc_err read_meta(const struct toc_index *index, const struct known *known,
                                struct toc_index_meta *meta)
{
    struct toc_db_key key;
    struct toc_span row;
    toc_db_key_make(&key, TOC_DB_INDEX_META, 1, known->number);
    struct toc_span name = toc_db_key_span(&key);
    if (known->on_disk) {
        TOC_TRY(toc_index_row_get(index, TOC_DB_INDEX_META, name, &row));
        return toc_index_meta_decode(meta, known->number, row);
    }
    const struct toc_memory_node *node = toc_memory_get(&index->fresh, TOC_DB_INDEX_META, name);
    if (node == NULL) {
        node = toc_memory_get(&index->hidden, TOC_DB_INDEX_META, name);
    }
    TOC_ASSERT(node != NULL);
    return toc_index_meta_decode(meta, known->number, toc_memory_value(node));
}

static bool has_place(const struct toc_index_meta *meta, const struct toc_index_place *place)
{
    bool found = false;
    for (size_t i = 0; i < meta->place_count; i++) {
        found = found || (meta->places[i].seq == place->seq &&
                          memcmp(meta->places[i].log, place->log, TOC_ID_BYTES) == 0);
    }
    return found;
}

/* One more entry that carries a bulletin which is indexed already, or the facts of an unread one.
 */
static struct toc_err add_place(struct toc_index *index, const struct toc_index_entry *entry,
                                const struct known *known)
{
    struct toc_index_meta meta;
    struct begin begin = begin_rows(index);
    struct toc_err err = read_meta(index, known, &meta);
    TOC_TRY(err.code == TOC_ABSENT ? toc_fail(TOC_CORRUPT, "a row of the index is missing") : err);
    bool is_read = meta.unread && entry->facts != NULL;
    bool is_new = meta.place_count < TOC_INDEX_PLACES_MAX && !has_place(&meta, &entry->place);
    if (!is_new && !is_read) {
        return toc_ok();
    }
    if (is_new) {
        meta.places[meta.place_count++] = entry->place;
        meta.tlp = toc_tlp_stricter(meta.tlp, entry->place.tlp);
    }
    if (is_read) {
        meta.unread = false;
        TOC_TRY(add_facts(index, entry->facts, begin.row, &meta));
    }
    TOC_TRY(put_meta(index, known->hidden, &meta));
    TOC_TRY(add_order_rows(index, &meta));
    return known->hidden ? hide_rows(index, begin) : toc_ok();
}

/* Of a hidden entry the disk learns where it is, and memory that it has been indexed. */
static struct toc_err note_hidden(struct toc_index *index, const struct toc_index_place *place)
{
    struct toc_db_key key;
    toc_db_key_make(&key, TOC_DB_INDEX_HIDDEN, 2, place->log, place->seq);
    struct toc_span name = toc_db_key_span(&key);
    TOC_TRY(toc_index_row_put(index, TOC_DB_INDEX_HIDDEN, name, toc_span(NULL, 0)));
    return toc_memory_put(&index->fresh, TOC_DB_INDEX_HIDDEN, name, toc_span(NULL, 0));
}

/* Remembers on disk, or forgets, that a start is to read the entry again. */
static struct toc_err note_again(struct toc_index *index, const struct toc_index_entry *entry)
{
    struct toc_db_key key;
    toc_db_key_make(&key, TOC_DB_INDEX_HIDDEN, 2, entry->place.log, entry->place.seq);
    struct toc_span name = toc_db_key_span(&key);
    return entry->facts == NULL && entry->again
               ? toc_index_row_put(index, TOC_DB_INDEX_HIDDEN, name, toc_span(NULL, 0))
               : toc_index_row_del(index, TOC_DB_INDEX_HIDDEN, name);
}

static struct toc_err apply_entry(struct toc_index *index, const struct toc_index_entry *entry)
{
    struct known known;
    bool hidden = is_hidden(toc_tlp_stricter(entry->bulletin->tlp, entry->place.tlp));
    TOC_TRY(find_id(index, entry->id, &known));
    if (hidden || known.hidden) {
        TOC_TRY(note_hidden(index, &entry->place));
    } else if (entry->facts == NULL || known.on_disk) {
        TOC_TRY(note_again(index, entry));
    }
    if (!known.on_disk && !known.hidden) {
        return insert(index, entry, hidden);
    }
    /* What is on the disk already learns nothing from an entry that must not be there. */
    return known.on_disk && hidden ? toc_ok() : add_place(index, entry, &known);
}

/* Puts the rows that wait, in key order, among those that go ahead of the disk. */
static struct toc_err put_ahead(struct toc_index *index)
{
    const struct rows *rows = &index->rows;
    for (size_t i = 0; i < rows->count; i++) {
        const struct row *row = &rows->at[i];
        TOC_TRY(toc_memory_put(&index->fresh_ahead, row->table, toc_rows_key(rows, row),
                               toc_rows_value(rows, row)));
    }
    return toc_ok();
}

/* The same into the transaction, table by table. */
static struct toc_err put_sorted(struct toc_index *index)
{
    const struct rows *rows = &index->rows;
    struct toc_db_row *sorted = malloc((rows->count + 1) * sizeof *sorted);
    if (sorted == NULL) {
        return toc_fail(TOC_FULL, "no memory for rows of the index");
    }
    for (size_t begin = 0, end; begin < rows->count; begin = end) {
        enum toc_db_table table = rows->at[begin].table;
        for (end = begin; end < rows->count && rows->at[end].table == table; end++) {
            sorted[end - begin].key = toc_rows_key(rows, &rows->at[end]);
            sorted[end - begin].value = toc_rows_value(rows, &rows->at[end]);
        }
        toc_db_put_sorted(index->txn, table, sorted, end - begin);
    }
    free(sorted);
    return toc_ok();
}

static struct toc_err flush(struct toc_index *index)
{
    toc_rows_unite(&index->rows, 0);
    TOC_TRY(index->txn == NULL ? put_ahead(index) : put_sorted(index));
    index->rows.count = 0;
    index->rows.used_bytes = 0;
    return toc_ok();
}

struct toc_err toc_index_take(struct toc_index *index, const struct toc_index_entry *entries,
                              size_t entry_count)
{
    for (size_t i = 0; i < entry_count; i++) {
        TOC_TRY(apply_entry(index, &entries[i]));
        if (index->rows.count > ROWS_MAX) {
            TOC_TRY(flush(index));
        }
    }
    TOC_TRY(flush(index));
    return toc_index_put_prefixes(index);
}
