/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * world, its stores in memory. Header only; tests include world.h.
 */
#ifndef TOC_TEST_WORLD_STORE_H
#define TOC_TEST_WORLD_STORE_H

#include "world_types.h"

static inline void world_put_range(struct world_node *node, const struct toc_store_op *op)
{
    struct toc_range_info info;
    assert_ok(toc_range_peek(op->bytes, &info));
    struct world_entry *entry = calloc(1, sizeof *entry);
    assert_non_null(entry);
    memcpy(entry->log, op->log, 32);
    entry->seq = info.last_seq;
    entry->range = world_copy(op->bytes);
    entry->head = op->head;
    *node->entries_end = entry;
    node->entries_end = &entry->next;
}

static inline struct world_record *world_record(struct world_node *node, char table,
                                                const uint8_t *key, size_t key_len)
{
    struct world_record *record = node->records;
    while (record != NULL && (record->table != table || record->key_len != key_len ||
                              memcmp(record->key, key, key_len) != 0)) {
        record = record->next;
    }
    return record;
}

static inline void world_put_record(struct world_node *node, const struct toc_store_op *op)
{
    struct world_record *record = world_record(node, op->table, op->key, op->key_len);
    if (record == NULL) {
        record = calloc(1, sizeof *record);
        assert_non_null(record);
        record->table = op->table;
        record->key_len = op->key_len;
        memcpy(record->key, op->key, op->key_len);
        record->next = node->records;
        node->records = record;
    }
    world_free(record->value);
    record->value = world_copy(op->bytes);
}

static inline void world_put_chunk(struct world_node *node, const struct toc_store_op *op)
{
    struct world_chunk *chunk = calloc(1, sizeof *chunk);
    assert_non_null(chunk);
    memcpy(chunk->hash, op->payload_hash, 32);
    chunk->index = op->index;
    chunk->bytes = world_copy(op->bytes);
    chunk->next = node->chunks;
    node->chunks = chunk;
}

static inline void world_store(struct world *world, size_t index, const struct toc_action *action)
{
    struct world_node *node = &world->nodes[index];
    for (size_t i = 0; i < action->op_count && !node->refuse_store && !node->discard; i++) {
        const struct toc_store_op *op = &action->ops[i];
        if (op->kind == TOC_STORE_RANGE) {
            world_put_range(node, op);
        } else if (op->kind == TOC_STORE_RECORD) {
            world_put_record(node, op);
        } else {
            world_put_chunk(node, op);
        }
    }
    uint64_t done_ms = world->now_ms + world->commit_ms;
    node->stored_ms = node->stored_ms > done_ms ? node->stored_ms : done_ms;
    struct world_event stored = {.kind = WORLD_STORED,
                                 .node = index,
                                 .id = action->id,
                                 .err = node->refuse_store ? toc_fail(TOC_DISK_FULL, "no space")
                                                           : toc_ok()};
    world_later(world, stored, node->stored_ms - world->now_ms);
}

/* The header of an entry as the store holds it. False when it is not there. */
static inline bool world_header(struct world_node *node, const uint8_t *log, uint64_t seq,
                                struct toc_entry *out)
{
    for (struct world_entry *entry = node->entries; entry != NULL; entry = entry->next) {
        struct toc_range_walk walk;
        if (memcmp(entry->log, log, 32) != 0 || entry->seq < seq ||
            toc_failed(toc_range_open(&walk, entry->range))) {
            continue;
        }
        while (!toc_failed(toc_range_next(&walk, out))) {
            if (out->header.seq == seq) {
                return true;
            }
        }
    }
    return false;
}

static inline struct toc_err world_load_range(struct world_node *node, const struct toc_load *load,
                                              size_t *count)
{
    for (struct world_entry *entry = node->entries; entry != NULL; entry = entry->next) {
        struct toc_range_info info;
        assert_ok(toc_range_peek(entry->range, &info));
        if (memcmp(entry->log, load->log, 32) == 0 && info.first_seq <= load->seq &&
            load->seq <= info.last_seq) {
            if (entry->damaged) {
                return toc_fail(TOC_CORRUPT, "a block is damaged");
            }
            struct toc_span slice;
            struct toc_err err =
                toc_range_slice(entry->range, load->seq, load->headers_only, load->room, &slice);
            *count = slice.len;
            if (!toc_failed(err) && slice.at != load->room.at) {
                memmove(load->room.at, slice.at, slice.len);
            }
            return err;
        }
    }
    return toc_fail(TOC_ABSENT, "no such entry");
}

static inline struct toc_err world_give(struct toc_span bytes, const struct toc_load *load,
                                        size_t *count)
{
    if (bytes.len > load->room.len) {
        return toc_fail(TOC_FULL, "the room is too small");
    }
    memcpy(load->room.at, bytes.at, bytes.len);
    *count = bytes.len;
    return toc_ok();
}

static inline struct toc_err world_load(struct world_node *node, const struct toc_load *load,
                                        size_t *count)
{
    struct toc_entry entry;
    if (load->kind == TOC_LOAD_RANGE) {
        return world_load_range(node, load, count);
    }
    if (load->kind == TOC_LOAD_RECORD) {
        struct world_record *record = world_record(node, load->table, load->key, load->key_len);
        return record == NULL ? toc_fail(TOC_ABSENT, "no such record")
                              : world_give(record->value, load, count);
    }
    if (!world_header(node, load->log, load->seq, &entry)) {
        return toc_fail(TOC_ABSENT, "no such entry");
    }
    const uint8_t *hash = entry.header.payload_hash;
    if (load->kind == TOC_LOAD_CHUNK_LIST) {
        struct world_record *record = world_record(node, 'W', hash, 32);
        return record == NULL ? toc_fail(TOC_ABSENT, "no such list")
                              : world_give(record->value, load, count);
    }
    for (struct world_chunk *chunk = node->chunks; chunk != NULL; chunk = chunk->next) {
        if (memcmp(chunk->hash, hash, 32) == 0 && chunk->index == load->index) {
            return world_give(chunk->bytes, load, count);
        }
    }
    return toc_fail(TOC_ABSENT, "no such chunk");
}

/* Gives the memory of a node's store back. */
static inline void world_store_clear(struct world_node *node)
{
    while (node->entries != NULL) {
        struct world_entry *entry = node->entries;
        node->entries = entry->next;
        world_free(entry->range);
        free(entry);
    }
    while (node->records != NULL) {
        struct world_record *record = node->records;
        node->records = record->next;
        world_free(record->value);
        free(record);
    }
    while (node->chunks != NULL) {
        struct world_chunk *chunk = node->chunks;
        node->chunks = chunk->next;
        world_free(chunk->bytes);
        free(chunk);
    }
}

#endif
