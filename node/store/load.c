/* SPDX-License-Identifier: EUPL-1.2 */
#include "store_internal.h"

#include <stdlib.h>
#include <string.h>

struct toc_err toc_store_block(const struct toc_db_read *read, uint32_t number, uint64_t seq,
                               struct toc_span *range)
{
    struct toc_db_cursor cursor;
    struct toc_db_key key;
    struct toc_range_info info;
    TOC_TRY(toc_db_cursor_open(&cursor, read, TOC_DB_BLOCKS));
    toc_db_key_make(&key, TOC_DB_BLOCKS, 2, number, seq);
    struct toc_err err = toc_db_seek(&cursor, toc_db_key_span(&key));
    if (!toc_failed(err) &&
        (cursor.key.len != key.len || toc_be32(cursor.key.at) != number ||
         toc_failed(toc_range_peek(cursor.value, &info)) || info.first_seq > seq ||
         info.last_seq != toc_be64(cursor.key.at + 4))) {
        err = toc_fail(TOC_ABSENT, NULL);
    }
    *range = cursor.value;
    toc_db_cursor_close(&cursor);
    return err.code == TOC_ABSENT ? toc_fail(TOC_CORRUPT, "a block of a log is not in the store")
                                  : err;
}

struct toc_err toc_store_find(const struct toc_db_read *read,
                              const uint8_t log[static TOC_ID_BYTES], uint64_t seq,
                              struct toc_span ranges[static TOC_CHECKPOINT_ENTRIES], size_t *count)
{
    struct toc_log_head head;
    uint32_t number;
    TOC_TRY(toc_store_log_number(read, log, &number));
    TOC_TRY(toc_store_head_row(read, number, log, &head));
    if (seq == 0 || seq > head.seq) {
        return toc_fail(TOC_ABSENT, "the log does not reach that entry");
    }
    if (seq > head.checkpoint_seq) {
        return toc_store_tail(read, number, seq, head.seq, ranges, count);
    }
    *count = 1;
    return toc_store_block(read, number, seq, &ranges[0]);
}

/* Puts the part of `range` that was asked for into the room. */
static struct toc_err cut(struct toc_span range, const struct toc_load *load, size_t *count)
{
    struct toc_range_info info;
    struct toc_span slice;
    TOC_TRY(toc_range_peek(range, &info));
    if (info.first_seq == load->seq && !load->headers_only) {
        if (range.len > load->room.len) {
            return toc_fail(TOC_FULL, "the room is too small for a range");
        }
        memcpy(load->room.at, range.at, range.len);
        *count = range.len;
        return toc_ok();
    }
    TOC_TRY(toc_range_slice(range, load->seq, load->headers_only, load->room, &slice));
    *count = slice.len;
    return toc_ok();
}

static struct toc_err load_range(const struct toc_db_read *read, const struct toc_load *load,
                                 size_t *count)
{
    struct toc_span ranges[TOC_CHECKPOINT_ENTRIES];
    size_t range_count;
    TOC_TRY(toc_store_find(read, load->log, load->seq, ranges, &range_count));
    if (range_count == 1) {
        return cut(ranges[0], load, count);
    }
    uint8_t *memory = malloc(TOC_RANGE_BYTES_MAX);
    if (memory == NULL) {
        return toc_fail(TOC_FULL, "no memory for a range");
    }
    struct toc_span joined;
    struct toc_err err = toc_range_join(ranges, range_count,
                                        (struct toc_room){memory, TOC_RANGE_BYTES_MAX}, &joined);
    if (!toc_failed(err)) {
        err = cut(joined, load, count);
    }
    free(memory);
    return err;
}

static struct toc_err load_row(const struct toc_db_read *read, enum toc_db_table table,
                               const struct toc_db_key *key, const struct toc_load *load,
                               size_t *count)
{
    struct toc_span value;
    TOC_TRY(toc_db_get(read, table, toc_db_key_span(key), &value));
    if (value.len > load->room.len) {
        return toc_fail(TOC_FULL, "the room is too small for what was asked for");
    }
    if (value.len != 0) {
        memcpy(load->room.at, value.at, value.len);
    }
    *count = value.len;
    return toc_ok();
}

/* The hash of the payload that an entry declares. A peer asks for all chunks of one payload in a
 * row, and each time the entry's block would be walked, so the last answer is kept. */
static struct toc_err find_payload(struct toc_store *store, const struct toc_db_read *read,
                                   const struct toc_load *load, uint8_t hash[static TOC_HASH_BYTES])
{
    struct toc_range_walk walk;
    struct toc_entry entry;
    (void)pthread_mutex_lock(&store->lock);
    bool known = store->payload_seq == load->seq && store->payload_seq != 0 &&
                 memcmp(store->payload_log, load->log, TOC_ID_BYTES) == 0;
    memcpy(hash, store->payload_hash, TOC_HASH_BYTES);
    (void)pthread_mutex_unlock(&store->lock);
    if (known) {
        return toc_ok();
    }
    TOC_TRY(toc_store_find_entry(read, load->log, load->seq, &walk, &entry));
    memcpy(hash, entry.header.payload_hash, TOC_HASH_BYTES);
    (void)pthread_mutex_lock(&store->lock);
    store->payload_seq = load->seq;
    memcpy(store->payload_log, load->log, TOC_ID_BYTES);
    memcpy(store->payload_hash, hash, TOC_HASH_BYTES);
    (void)pthread_mutex_unlock(&store->lock);
    return toc_ok();
}

/* A payload of one piece: it lies by itself, or in its block, where who has the entry without it
 * does not see the difference. */
static struct toc_err load_first_chunk(const struct toc_db_read *read, const struct toc_db_key *key,
                                       const struct toc_load *load, size_t *count)
{
    struct toc_range_walk walk;
    struct toc_entry entry;
    struct toc_err err = load_row(read, TOC_DB_CHUNKS, key, load, count);
    if (err.code != TOC_ABSENT) {
        return err;
    }
    TOC_TRY(toc_store_find_entry(read, load->log, load->seq, &walk, &entry));
    if (entry.payload.at == NULL) {
        return err;
    }
    if (entry.payload.len > load->room.len) {
        return toc_fail(TOC_FULL, "the room is too small for what was asked for");
    }
    memcpy(load->room.at, entry.payload.at, entry.payload.len);
    *count = entry.payload.len;
    return toc_ok();
}

static struct toc_err load_any(struct toc_store *store, const struct toc_db_read *read,
                               const struct toc_load *load, size_t *count)
{
    struct toc_db_key key;
    uint8_t hash[TOC_HASH_BYTES];
    switch (load->kind) {
    case TOC_LOAD_RANGE:
        return load_range(read, load, count);
    case TOC_LOAD_CHUNK:
        TOC_TRY(find_payload(store, read, load, hash));
        toc_db_key_make(&key, TOC_DB_CHUNKS, 2, hash, load->index);
        return load->index == 0 ? load_first_chunk(read, &key, load, count)
                                : load_row(read, TOC_DB_CHUNKS, &key, load, count);
    case TOC_LOAD_CHUNK_LIST:
        TOC_TRY(find_payload(store, read, load, hash));
        toc_db_key_make(&key, TOC_DB_RECORDS, 2, (unsigned)'W', toc_span(hash, TOC_HASH_BYTES));
        return load_row(read, TOC_DB_RECORDS, &key, load, count);
    case TOC_LOAD_RECORD:
        toc_db_key_make(&key, TOC_DB_RECORDS, 2, (unsigned)(uint8_t)load->table,
                        toc_span(load->key, load->key_len));
        return load_row(read, TOC_DB_RECORDS, &key, load, count);
    }
    return toc_fail(TOC_MALFORMED, "a load of an unknown kind");
}

struct toc_err toc_store_damage(struct toc_err err)
{
    switch (toc_code_actor(err.code)) {
    case TOC_ACTOR_PEER:
        return toc_fail(TOC_CORRUPT, "entries in the store do not decode");
    case TOC_ACTOR_NOBODY:
    case TOC_ACTOR_OPERATOR:
    case TOC_ACTOR_LATER:
        break;
    }
    return err;
}

struct toc_err toc_store_load(struct toc_store *store, const struct toc_load *load, size_t *count)
{
    struct toc_db_read *read;
    *count = 0;
    TOC_TRY(toc_db_read_begin(store->db, &read));
    struct toc_err err = toc_store_damage(load_any(store, read, load, count));
    toc_db_read_end(read);
    return err;
}
