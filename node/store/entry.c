/* SPDX-License-Identifier: EUPL-1.2 */
#include "store_internal.h"

#include <stdlib.h>
#include <string.h>

struct toc_err toc_store_find_entry(const struct toc_db_read *read,
                                    const uint8_t log[static TOC_ID_BYTES], uint64_t seq,
                                    struct toc_range_walk *walk, struct toc_entry *entry)
{
    struct toc_span ranges[TOC_CHECKPOINT_ENTRIES];
    size_t range_count;
    TOC_TRY(toc_store_find(read, log, seq, ranges, &range_count));
    TOC_TRY(toc_range_open(walk, ranges[0]));
    do {
        TOC_TRY(toc_range_next(walk, entry));
    } while (entry->header.seq < seq);
    return entry->header.seq == seq ? toc_ok() : toc_fail(TOC_CORRUPT, "an entry is missing");
}

/* Copies what lies in the block and leaves room for a payload that lies in chunks. */
static struct toc_err copy_entry(const struct toc_entry *from, struct toc_store_entry *to)
{
    uint8_t *memory = malloc(from->bytes.len + from->header.payload_bytes);
    if (memory == NULL) {
        return toc_fail(TOC_FULL, "no memory for an entry");
    }
    memcpy(memory, from->bytes.at, from->bytes.len);
    to->header = from->header;
    memcpy(to->hash, from->hash, TOC_HASH_BYTES);
    to->memory = memory;
    to->bytes = toc_span(memory, from->bytes.len);
    to->payload = toc_span(NULL, 0);
    if (!from->detached) {
        to->payload = toc_span(memory + from->bytes.len, from->payload.len);
        if (from->payload.len != 0) {
            memcpy(memory + from->bytes.len, from->payload.at, from->payload.len);
        }
    }
    return toc_ok();
}

static struct toc_err read_entry(const struct toc_db_read *read, const uint8_t *log, uint64_t seq,
                                 struct toc_store_entry *entry)
{
    struct toc_range_walk walk;
    struct toc_entry found;
    TOC_TRY(toc_store_find_entry(read, log, seq, &walk, &found));
    return copy_entry(&found, entry);
}

struct toc_err toc_store_read_entry(struct toc_store *store, const uint8_t log[static TOC_ID_BYTES],
                                    uint64_t seq, struct toc_store_entry *entry)
{
    struct toc_db_read *read;
    *entry = (struct toc_store_entry){0};
    TOC_TRY(toc_db_read_begin(store->db, &read));
    struct toc_err err = toc_store_damage(read_entry(read, log, seq, entry));
    toc_db_read_end(read);
    TOC_TRY(err);
    if (entry->payload.at != NULL) {
        return toc_ok();
    }
    struct toc_room room = {(uint8_t *)entry->memory + entry->bytes.len,
                            entry->header.payload_bytes};
    err = toc_store_read_payload(store, &entry->header, room);
    if (!toc_failed(err)) {
        entry->payload = toc_span(room.at, room.len);
    } else if (err.code != TOC_ABSENT) {
        toc_store_entry_clear(entry);
        return err;
    }
    return toc_ok();
}

void toc_store_entry_clear(struct toc_store_entry *entry)
{
    free(entry->memory);
    *entry = (struct toc_store_entry){0};
}

static struct toc_err read_chunks(const struct toc_db_read *read, const struct toc_header *header,
                                  uint8_t *out)
{
    size_t chunk_count = toc_chunk_count(header->payload_bytes);
    for (size_t i = 0; i < chunk_count; i++) {
        struct toc_chunk_place place = toc_chunk_place(header->payload_bytes, i);
        struct toc_db_key key;
        struct toc_span value;
        toc_db_key_make(&key, TOC_DB_CHUNKS, 2, header->payload_hash, (uint32_t)i);
        TOC_TRY(toc_db_get(read, TOC_DB_CHUNKS, toc_db_key_span(&key), &value));
        if (value.len != place.len) {
            return toc_fail(TOC_CORRUPT, "a chunk of the store has a wrong length");
        }
        memcpy(out + place.offset, value.at, value.len);
    }
    return toc_ok();
}

struct toc_err toc_store_read_payload(struct toc_store *store, const struct toc_header *header,
                                      struct toc_room out)
{
    struct toc_db_read *read;
    uint8_t hash[TOC_HASH_BYTES];
    if (out.len < header->payload_bytes) {
        return toc_fail(TOC_FULL, "the room is too small for a payload");
    }
    TOC_TRY(toc_db_read_begin(store->db, &read));
    struct toc_err err = read_chunks(read, header, out.at);
    toc_db_read_end(read);
    TOC_TRY(err);
    toc_payload_hash(hash, toc_span(out.at, header->payload_bytes));
    return memcmp(hash, header->payload_hash, TOC_HASH_BYTES) == 0
               ? toc_ok()
               : toc_fail(TOC_CORRUPT, "a large payload of the store does not match its hash");
}
