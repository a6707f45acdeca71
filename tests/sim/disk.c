/* SPDX-License-Identifier: EUPL-1.2 */
#include "sim.h"

#include <stdlib.h>
#include <string.h>

/* The model of a store: what is durable. It keeps what node/store keeps, joins a block when its
 * checkpoint comes, and answers loads as it does. */

struct sim_bytes *sim_bytes(struct toc_span from)
{
    struct sim_bytes *bytes = malloc(sizeof *bytes + from.len);
    TOC_ASSERT(bytes != NULL);
    bytes->refs = 1;
    bytes->len = from.len;
    bytes->entries = NULL;
    bytes->entry_count = 0;
    if (from.len != 0) {
        memcpy(bytes->at, from.at, from.len);
    }
    return bytes;
}

void sim_bytes_drop(struct sim_bytes *bytes)
{
    if (bytes != NULL && --bytes->refs == 0) {
        free(bytes->entries);
        free(bytes);
    }
}

static struct sim_bytes *hold(struct sim_bytes *bytes)
{
    if (bytes != NULL) {
        bytes->refs++;
    }
    return bytes;
}

static struct toc_span span_of(const struct sim_bytes *bytes)
{
    return toc_span(bytes->at, bytes->len);
}

struct sim_log *sim_disk_log(const struct sim_disk *disk, const uint8_t *id)
{
    uint32_t at = sim_map_find(&disk->log_map, toc_span(id, TOC_ID_BYTES));
    return at == SIM_NONE ? NULL : &disk->logs[at];
}

static struct sim_log *make_log(struct sim_disk *disk, const uint8_t *id)
{
    struct sim_log *log = sim_disk_log(disk, id);
    if (log != NULL) {
        return log;
    }
    if (disk->log_count == disk->log_max) {
        disk->log_max = disk->log_max == 0 ? 16 : disk->log_max * 2;
        disk->logs = realloc(disk->logs, disk->log_max * sizeof *disk->logs);
        TOC_ASSERT(disk->logs != NULL);
    }
    sim_map_add(&disk->log_map, toc_span(id, TOC_ID_BYTES), (uint32_t)disk->log_count);
    log = &disk->logs[disk->log_count++];
    *log = (struct sim_log){0};
    memcpy(log->id, id, TOC_ID_BYTES);
    return log;
}

static size_t key_of(uint8_t out[76], char table, struct toc_span key)
{
    TOC_ASSERT(key.len < 76);
    out[0] = (uint8_t)table;
    memcpy(out + 1, key.at, key.len);
    return key.len + 1;
}

struct sim_bytes *sim_disk_row(const struct sim_disk *disk, char table, struct toc_span key)
{
    uint8_t whole[76];
    uint32_t at = sim_map_find(&disk->row_map, toc_span(whole, key_of(whole, table, key)));
    return at == SIM_NONE ? NULL : disk->rows[at].value;
}

static void put_row(struct sim_disk *disk, char table, struct toc_span key, struct sim_bytes *value)
{
    struct sim_row row = {.value = value};
    row.key_len = key_of(row.key, table, key);
    uint32_t at = sim_map_find(&disk->row_map, toc_span(row.key, row.key_len));
    if (at != SIM_NONE) {
        sim_bytes_drop(disk->rows[at].value);
        disk->rows[at].value = value;
        return;
    }
    if (disk->row_count == disk->row_max) {
        disk->row_max = disk->row_max == 0 ? 32 : disk->row_max * 2;
        disk->rows = realloc(disk->rows, disk->row_max * sizeof *disk->rows);
        TOC_ASSERT(disk->rows != NULL);
    }
    sim_map_add(&disk->row_map, toc_span(row.key, row.key_len), (uint32_t)disk->row_count);
    disk->rows[disk->row_count++] = row;
}

/* The ranges from `at` on in one, in scratch memory when there are several. */
static struct toc_span join(struct sim *sim, const struct sim_log *log, size_t at)
{
    struct toc_span parts[TOC_CHECKPOINT_ENTRIES], joined = {NULL, 0};
    size_t count = log->count - at;
    if (count == 1) {
        return span_of(log->ranges[at].bytes);
    }
    TOC_ASSERT(count <= TOC_CHECKPOINT_ENTRIES);
    for (size_t i = 0; i < count; i++) {
        parts[i] = span_of(log->ranges[at + i].bytes);
    }
    struct toc_err err =
        toc_range_join(parts, count, (struct toc_room){sim->scratch, TOC_RANGE_BYTES_MAX}, &joined);
    TOC_ASSERT(!toc_failed(err));
    return joined;
}

/* Where the block that is not complete begins. */
static size_t tail_of(const struct sim_log *log)
{
    size_t at = log->count;
    while (at > 0 && log->ranges[at - 1].first > log->head.checkpoint_seq) {
        at--;
    }
    return at;
}

static void close_block(struct sim *sim, struct sim_log *log, uint64_t checkpoint_before)
{
    size_t at = log->count;
    while (at > 0 && log->ranges[at - 1].first > checkpoint_before) {
        at--;
    }
    if (log->count - at < 2) {
        return;
    }
    struct sim_bytes *block = sim_bytes(join(sim, log, at));
    log->ranges[at].last = log->ranges[log->count - 1].last;
    for (size_t i = at; i < log->count; i++) {
        sim_bytes_drop(log->ranges[i].bytes);
    }
    log->ranges[at].bytes = block;
    log->count = at + 1;
}

static struct toc_err put_range(struct sim *sim, struct sim_disk *disk,
                                const struct toc_store_op *op, struct sim_bytes *bytes)
{
    struct toc_range_info info;
    TOC_TRY(toc_range_peek(span_of(bytes), &info));
    struct sim_log *log = make_log(disk, op->log);
    if (info.last_seq <= log->head.seq) {
        return toc_ok();
    }
    if (info.first_seq > log->head.seq + 1) {
        return toc_fail(TOC_CHAIN, "a gap before what is to be stored");
    }
    struct toc_span part = span_of(bytes);
    if (info.first_seq <= log->head.seq) {
        struct toc_room room = {sim->scratch, TOC_RANGE_BYTES_MAX};
        TOC_TRY(toc_range_slice(part, log->head.seq + 1, false, room, &part));
        TOC_TRY(toc_range_peek(part, &info));
    }
    if (memcmp(info.prev, log->head.hash, TOC_HASH_BYTES) != 0) {
        return toc_fail(TOC_CHAIN, "another predecessor");
    }
    if (log->count == log->max) {
        log->max = log->max == 0 ? 8 : log->max * 2;
        log->ranges = realloc(log->ranges, log->max * sizeof *log->ranges);
        TOC_ASSERT(log->ranges != NULL);
    }
    log->ranges[log->count++] = (struct sim_range){
        info.first_seq, info.last_seq, part.at == bytes->at ? hold(bytes) : sim_bytes(part)};
    uint64_t checkpoint = log->head.checkpoint_seq;
    log->head = op->head;
    if (log->head.checkpoint_seq == log->head.seq) {
        close_block(sim, log, checkpoint);
    }
    return toc_ok();
}

struct toc_err sim_disk_apply(struct sim *sim, struct sim_disk *disk, const struct toc_store_op *op,
                              struct sim_bytes *bytes)
{
    if (op->kind == TOC_STORE_RANGE) {
        return put_range(sim, disk, op, bytes);
    }
    if (op->kind == TOC_STORE_RECORD) {
        put_row(disk, op->table, toc_span(op->key, op->key_len),
                bytes->len == 0 ? NULL : hold(bytes));
        return toc_ok();
    }
    uint8_t key[TOC_HASH_BYTES + 4];
    memcpy(key, op->payload_hash, TOC_HASH_BYTES);
    toc_put_be32(key + TOC_HASH_BYTES, op->index);
    put_row(disk, 'c', toc_span(key, sizeof key), hold(bytes));
    return toc_ok();
}

static const struct sim_range *range_with(const struct sim_log *log, uint64_t seq)
{
    for (size_t i = log == NULL ? 0 : log->count; i-- > 0;) {
        if (log->ranges[i].first <= seq && seq <= log->ranges[i].last) {
            return &log->ranges[i];
        }
    }
    return NULL;
}

static bool is_damaged(const struct sim_disk *disk, const uint8_t *log,
                       const struct sim_range *range)
{
    return disk->damaged_seq != 0 && memcmp(disk->damaged_log, log, TOC_ID_BYTES) == 0 &&
           range->first <= disk->damaged_seq && disk->damaged_seq <= range->last;
}

static struct toc_err load_range(struct sim *sim, const struct sim_disk *disk,
                                 const struct toc_load *load, size_t *count)
{
    const struct sim_log *log = sim_disk_log(disk, load->log);
    const struct sim_range *range = range_with(log, load->seq);
    if (range == NULL) {
        return toc_fail(TOC_ABSENT, "no such entry");
    }
    bool damaged = is_damaged(disk, load->log, range);
    if (damaged && !disk->damage_passes) {
        return toc_fail(TOC_CORRUPT, "a block is damaged");
    }
    size_t at = (size_t)(range - log->ranges);
    struct toc_span whole = at >= tail_of(log) ? join(sim, log, at) : span_of(range->bytes), slice;
    TOC_TRY(toc_range_slice(whole, load->seq, load->headers_only, load->room, &slice));
    if (slice.at != load->room.at) {
        memmove(load->room.at, slice.at, slice.len);
    }
    if (damaged) {
        load->room.at[slice.len / 2] ^= 0x10;
    }
    *count = slice.len;
    return toc_ok();
}

static struct toc_err give(struct toc_span bytes, const struct toc_load *load, size_t *count)
{
    if (bytes.at == NULL) {
        return toc_fail(TOC_ABSENT, "nothing there");
    }
    if (bytes.len > load->room.len) {
        return toc_fail(TOC_FULL, "the room is too small");
    }
    memcpy(load->room.at, bytes.at, bytes.len);
    *count = bytes.len;
    return toc_ok();
}

static struct toc_span row_of(const struct sim_disk *disk, char table, const uint8_t *key,
                              size_t key_len)
{
    const struct sim_bytes *bytes = sim_disk_row(disk, table, toc_span(key, key_len));
    return bytes == NULL ? toc_span(NULL, 0) : span_of(bytes);
}

struct toc_err sim_disk_load(struct sim *sim, const struct sim_disk *disk,
                             const struct toc_load *load, size_t *count)
{
    uint8_t key[TOC_HASH_BYTES + 4];
    *count = 0;
    if (load->kind == TOC_LOAD_RANGE) {
        return load_range(sim, disk, load, count);
    }
    if (load->kind == TOC_LOAD_RECORD) {
        return give(row_of(disk, load->table, load->key, load->key_len), load, count);
    }
    const struct sim_entry *entry = sim_disk_entry(disk, load->log, load->seq);
    if (entry == NULL) {
        return toc_fail(TOC_ABSENT, "no such entry");
    }
    if (load->kind == TOC_LOAD_CHUNK_LIST) {
        return give(row_of(disk, 'W', entry->header.payload_hash, TOC_HASH_BYTES), load, count);
    }
    memcpy(key, entry->header.payload_hash, TOC_HASH_BYTES);
    toc_put_be32(key + TOC_HASH_BYTES, load->index);
    struct toc_span chunk = row_of(disk, 'c', key, sizeof key);
    return give(chunk.at == NULL && load->index == 0 ? entry->payload : chunk, load, count);
}

/* Reads a range once: its payloads are hashed to rebuild the headers. */
static void read_entries(struct sim_bytes *bytes)
{
    struct toc_range_info info;
    struct toc_range_walk walk;
    struct toc_entry entry;
    if (bytes->entries != NULL || toc_failed(toc_range_peek(span_of(bytes), &info)) ||
        toc_failed(toc_range_open(&walk, span_of(bytes)))) {
        return;
    }
    bytes->entries = malloc(info.count * sizeof *bytes->entries);
    TOC_ASSERT(bytes->entries != NULL);
    while (bytes->entry_count < info.count && !toc_failed(toc_range_next(&walk, &entry))) {
        struct sim_entry *at = &bytes->entries[bytes->entry_count++];
        at->header = entry.header;
        memcpy(at->hash, entry.hash, TOC_HASH_BYTES);
        at->payload = entry.payload;
    }
}

const struct sim_entry *sim_disk_entry(const struct sim_disk *disk, const uint8_t *log,
                                       uint64_t seq)
{
    const struct sim_range *range = range_with(sim_disk_log(disk, log), seq);
    if (range == NULL) {
        return NULL;
    }
    read_entries(range->bytes);
    for (size_t i = 0; i < range->bytes->entry_count; i++) {
        if (range->bytes->entries[i].header.seq == seq) {
            return &range->bytes->entries[i];
        }
    }
    return NULL;
}

/* A payload that does not lie in its range: its chunks, as far as they are here. */
static void add_chunks(struct toc_hasher *hasher, const struct sim_disk *disk,
                       const struct toc_header *header)
{
    uint8_t key[TOC_HASH_BYTES + 4];
    memcpy(key, header->payload_hash, TOC_HASH_BYTES);
    for (uint32_t i = 0; i < toc_chunk_count(header->payload_bytes); i++) {
        toc_put_be32(key + TOC_HASH_BYTES, i);
        const struct sim_bytes *chunk = sim_disk_row(disk, 'c', toc_span(key, sizeof key));
        toc_hasher_add(hasher, chunk == NULL ? toc_span_str("absent") : span_of(chunk));
    }
}

void sim_disk_digest(struct sim *sim, const struct sim_disk *disk, const uint8_t *log,
                     uint8_t out[TOC_HASH_BYTES])
{
    (void)sim;
    struct toc_hasher hasher;
    toc_hasher_init(&hasher, TOC_CTX_H_AUDIT);
    const struct sim_log *at = sim_disk_log(disk, log);
    for (size_t i = 0; at != NULL && i < at->count; i++) {
        struct toc_range_walk walk;
        struct toc_entry entry;
        struct toc_err err = toc_range_open(&walk, span_of(at->ranges[i].bytes));
        TOC_ASSERT(!toc_failed(err));
        while (!toc_failed(toc_range_next(&walk, &entry))) {
            toc_hasher_add(&hasher, toc_span(entry.hash, TOC_HASH_BYTES));
            if (entry.detached) {
                add_chunks(&hasher, disk, &entry.header);
            } else if (entry.payload.len != 0) {
                toc_hasher_add(&hasher, entry.payload);
            }
        }
    }
    toc_hasher_final(&hasher, out);
}

void sim_disk_clear(struct sim_disk *disk)
{
    for (size_t i = 0; i < disk->log_count; i++) {
        for (size_t j = 0; j < disk->logs[i].count; j++) {
            sim_bytes_drop(disk->logs[i].ranges[j].bytes);
        }
        free(disk->logs[i].ranges);
    }
    for (size_t i = 0; i < disk->row_count; i++) {
        sim_bytes_drop(disk->rows[i].value);
    }
    free(disk->logs);
    free(disk->rows);
    free(disk->log_map.slots);
    free(disk->row_map.slots);
    *disk = (struct sim_disk){0};
}

static void share_log(struct sim_disk *to, const struct sim_log *log)
{
    struct sim_log *copy = make_log(to, log->id);
    copy->head = log->head;
    copy->count = log->count;
    copy->max = log->count + 1;
    copy->ranges = calloc(copy->max, sizeof *copy->ranges);
    TOC_ASSERT(copy->ranges != NULL);
    for (size_t i = 0; i < log->count; i++) {
        copy->ranges[i] = log->ranges[i];
        hold(log->ranges[i].bytes);
    }
}

static void share(struct sim_disk *to, const struct sim_disk *from, bool cards_alone)
{
    for (size_t i = 0; i < from->log_count; i++) {
        share_log(to, &from->logs[i]);
    }
    for (size_t i = 0; i < from->row_count; i++) {
        const struct sim_row *row = &from->rows[i];
        if (!cards_alone || row->key[0] == 'C') {
            put_row(to, (char)row->key[0], toc_span(row->key + 1, row->key_len - 1),
                    hold(row->value));
        }
    }
}

void sim_disk_share(struct sim_disk *to, const struct sim_disk *from)
{
    share(to, from, true);
}

void sim_disk_copy(struct sim_disk *to, const struct sim_disk *from)
{
    sim_disk_clear(to);
    share(to, from, false);
}
