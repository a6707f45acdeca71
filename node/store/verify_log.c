/* SPDX-License-Identifier: EUPL-1.2 */
/* verify: entries. Nothing is believed: heads are computed anew from the first entry on. */
#include "store_internal.h"

#include <stdlib.h>
#include <string.h>

/* Blocks of one snapshot: a node beside must be able to reuse pages. */
#define SNAPSHOT_BLOCKS 256u

/* One log while it is walked. */
struct log_walk {
    struct verify_walk *walk;
    const struct toc_db_read *read;
    uint32_t number;
    uint8_t id[TOC_ID_BYTES];
    uint8_t key[TOC_KEY_BYTES];
    bool has_key;
    bool lost; /* a block before was unreadable: the next one is taken as it says */
    struct toc_log_head head;
};

static void fault(struct log_walk *log, enum toc_verify_kind kind, enum toc_code code, uint64_t seq)
{
    toc_store_fault(log->walk->report, kind, code, log->id, seq);
}

static void verify_payload(struct log_walk *log, const struct toc_entry *entry)
{
    struct toc_verify_report *report = log->walk->report;
    report->payload_bytes += entry->header.payload_bytes;
    if (!entry->detached) {
        return;
    }
    struct toc_err err = toc_store_verify_payload(log->read, &entry->header);
    if (err.code == TOC_ABSENT) {
        report->absent_count++;
    } else if (toc_failed(err)) {
        fault(log, TOC_VERIFY_CHUNK, err.code, entry->header.seq);
    }
}

/* Walks the entries of a range over `head`. Gives the signature's place. */
static struct toc_err verify_entries(struct log_walk *log, struct toc_span range, bool is_block,
                                     struct toc_log_head *head, struct toc_span *signature)
{
    struct toc_range_walk walk;
    struct toc_entry entry;
    TOC_TRY(toc_range_open(&walk, range));
    for (size_t i = 0; i < walk.info.count; i++) {
        TOC_TRY(toc_range_next(&walk, &entry));
        TOC_TRY(toc_log_advance(head, &entry.header, entry.hash));
        bool ends = head->checkpoint_seq == head->seq;
        if (ends != (is_block && i + 1 == walk.info.count)) {
            return toc_fail(TOC_CHAIN, "a block ends at a wrong place");
        }
        verify_payload(log, &entry);
        log->walk->report->entry_count++;
    }
    struct toc_err err = toc_range_next(&walk, &entry);
    *signature = walk.signature;
    return err.code == TOC_ABSENT ? toc_ok() : err;
}

static enum toc_verify_kind kind_of(enum toc_code code)
{
    return code == TOC_CHAIN ? TOC_VERIFY_CHAIN : TOC_VERIFY_BLOCK;
}

/* One block or range of the tail, which ends at `last_seq`, on top of log->head. */
static void verify_range(struct log_walk *log, struct toc_span range, uint64_t last_seq,
                         bool is_block)
{
    struct toc_verify_report *report = log->walk->report;
    struct toc_range_info info;
    struct toc_span signature;
    struct toc_err err = toc_range_peek(range, &info);
    if (toc_failed(err) || info.last_seq != last_seq ||
        memcmp(info.log, log->id, TOC_ID_BYTES) != 0) {
        fault(log, TOC_VERIFY_BLOCK, toc_failed(err) ? err.code : TOC_MALFORMED, last_seq);
        log->lost = true;
        return;
    }
    if (log->lost && info.first_seq > log->head.seq + 1) {
        log->head =
            (struct toc_log_head){.seq = info.first_seq - 1, .checkpoint_seq = info.first_seq - 1};
        memcpy(log->head.hash, info.prev, TOC_HASH_BYTES);
    }
    struct toc_log_head head = log->head;
    err = verify_entries(log, range, is_block, &head, &signature);
    log->lost = toc_failed(err);
    if (toc_failed(err)) {
        fault(log, kind_of(err.code), err.code, last_seq);
        return;
    }
    log->head = head;
    if (log->has_key) {
        report->signature_count++;
        err = toc_verify(signature.at, TOC_CTX_S_HEADER, log->walk->options->federation, head.hash,
                         log->key);
        if (toc_failed(err)) {
            fault(log, TOC_VERIFY_SIGNATURE, err.code, last_seq);
        }
    }
}

/* Blocks up to `end_seq`; true when all have been seen, false when a new snapshot is due. */
static bool verify_blocks(struct log_walk *log, uint64_t *reached, uint64_t end_seq)
{
    struct toc_db_cursor cursor = {0};
    struct toc_db_key key;
    size_t count = 0;
    if (*reached >= end_seq) {
        return true;
    }
    toc_db_key_make(&key, TOC_DB_BLOCKS, 2, log->number, *reached + 1);
    struct toc_err err = toc_db_cursor_open(&cursor, log->read, TOC_DB_BLOCKS);
    if (!toc_failed(err)) {
        err = toc_db_seek(&cursor, toc_db_key_span(&key));
    }
    while (*reached < end_seq && count < SNAPSHOT_BLOCKS) {
        bool is_row = cursor.key.len == key.len && toc_be32(cursor.key.at) == log->number;
        uint64_t last_seq = is_row ? toc_be64(cursor.key.at + 4) : end_seq;
        if (!is_row || last_seq <= *reached) {
            fault(log, TOC_VERIFY_BLOCK, toc_failed(err) ? err.code : TOC_ABSENT, *reached + 1);
            log->lost = true;
            last_seq = end_seq;
        } else if (toc_failed(err)) {
            fault(log, TOC_VERIFY_BLOCK, err.code, last_seq);
            log->lost = true;
        } else {
            log->walk->report->block_count++;
            verify_range(log, cursor.value, last_seq, true);
        }
        *reached = last_seq;
        count++;
        err = *reached < end_seq ? toc_db_next(&cursor) : err;
    }
    toc_db_cursor_close(&cursor);
    return *reached >= end_seq;
}

/* All rows of the log in TAILS, which must lead from the last checkpoint to the head. */
static void verify_tail(struct log_walk *log, const struct toc_log_head *head)
{
    struct toc_db_cursor cursor = {0};
    struct toc_db_key key;
    uint64_t reached = head->checkpoint_seq;
    toc_db_key_make(&key, TOC_DB_TAILS, 1, log->number);
    struct toc_err err = toc_db_cursor_open(&cursor, log->read, TOC_DB_TAILS);
    if (!toc_failed(err)) {
        err = toc_db_seek(&cursor, toc_db_key_span(&key));
    }
    while (cursor.key.len == 12 && toc_be32(cursor.key.at) == log->number) {
        uint64_t last_seq = toc_be64(cursor.key.at + 4);
        if (toc_failed(err) || last_seq <= reached) {
            fault(log, TOC_VERIFY_BLOCK, toc_failed(err) ? err.code : TOC_CHAIN, last_seq);
            log->lost = true;
        } else {
            log->walk->report->tail_count++;
            verify_range(log, cursor.value, last_seq, false);
        }
        reached = last_seq;
        err = toc_db_next(&cursor);
    }
    if (toc_failed(err) && err.code != TOC_ABSENT && cursor.key.at == NULL) {
        fault(log, TOC_VERIFY_PAGES, err.code, 0);
    }
    toc_db_cursor_close(&cursor);
}

static void verify_head(struct log_walk *log, const struct toc_log_head *head)
{
    const struct toc_log_head *made = &log->head;
    if (made->seq != head->seq || memcmp(made->hash, head->hash, TOC_HASH_BYTES) != 0 ||
        made->utc.ms != head->utc.ms || made->checkpoint_seq != head->checkpoint_seq ||
        made->open_bytes != head->open_bytes) {
        fault(log, TOC_VERIFY_HEAD, TOC_CHAIN, head->seq);
    }
}

/* One snapshot's part of a log; true when the log is done. */
static bool verify_part(struct log_walk *log, uint64_t *reached)
{
    struct toc_log_head head;
    uint32_t number;
    struct toc_err err = toc_store_head_row(log->read, log->number, log->id, &head);
    if (toc_failed(err)) {
        fault(log, TOC_VERIFY_HEAD, err.code, 0);
        return true;
    }
    if (!verify_blocks(log, reached, head.checkpoint_seq)) {
        return false;
    }
    /* The head, the tail and the last block belong to one snapshot. */
    uint64_t fault_count = log->walk->report->fault_count;
    verify_tail(log, &head);
    if (!log->lost && log->walk->report->fault_count == fault_count) {
        verify_head(log, &head);
    }
    err = toc_store_log_number(log->read, log->id, &number);
    if (toc_failed(err) || number != log->number) {
        fault(log, TOC_VERIFY_HEAD, toc_failed(err) ? err.code : TOC_CORRUPT, 0);
    }
    return true;
}

static void verify_log(struct verify_walk *walk, uint32_t number, const uint8_t *id)
{
    struct log_walk log = {.walk = walk, .number = number};
    uint64_t reached = 0;
    bool done = false;
    memcpy(log.id, id, TOC_ID_BYTES);
    log.has_key =
        walk->options->log_key != NULL && walk->options->log_key(walk->options->arg, id, log.key);
    walk->report->log_count++;
    walk->report->unsigned_log_count += log.has_key ? 0 : 1;
    while (!done) {
        struct toc_db_read *read;
        struct toc_err err = toc_db_read_begin(walk->db, &read);
        if (toc_failed(err)) {
            fault(&log, TOC_VERIFY_PAGES, err.code, 0);
            return;
        }
        log.read = read;
        done = verify_part(&log, &reached);
        toc_db_read_end(read);
    }
}

/* Ids of the logs with a readable head, by number; NULL ids have none. Numbers are dense. */
static uint8_t *collect_logs(struct verify_walk *walk, uint32_t *count)
{
    struct toc_db_read *read;
    struct toc_db_cursor cursor = {0};
    struct toc_span value;
    *count = 0;
    if (toc_failed(toc_db_read_begin(walk->db, &read))) {
        toc_store_fault(walk->report, TOC_VERIFY_PAGES, TOC_CORRUPT, NULL, 0);
        return NULL;
    }
    struct toc_err err = toc_db_get(read, TOC_DB_INFO, toc_span_str("logs"), &value);
    if (!toc_failed(err) && value.len == 4) {
        *count = toc_le32(value.at);
    } else if (err.code != TOC_ABSENT) {
        toc_store_fault(walk->report, TOC_VERIFY_ROW, TOC_CORRUPT, NULL, 0);
    }
    uint8_t *ids = *count > TOC_LOGS_MAX ? NULL : calloc((size_t)*count + 1, TOC_ID_BYTES);
    if (ids != NULL && !toc_failed(toc_db_cursor_open(&cursor, read, TOC_DB_HEADS))) {
        err = toc_db_seek(&cursor, toc_span(NULL, 0));
        while (cursor.key.at != NULL) {
            struct toc_log_head head;
            uint8_t id[TOC_ID_BYTES];
            uint32_t number = cursor.key.len == 4 ? toc_be32(cursor.key.at) : 0;
            if (toc_failed(err) || number == 0 || number > *count ||
                toc_failed(toc_store_head_decode(cursor.value, id, &head))) {
                toc_store_fault(walk->report, TOC_VERIFY_HEAD, TOC_CORRUPT, NULL, 0);
            } else {
                memcpy(ids + (size_t)(number - 1) * TOC_ID_BYTES, id, TOC_ID_BYTES);
            }
            err = toc_db_next(&cursor);
        }
        toc_db_cursor_close(&cursor);
    }
    toc_db_read_end(read);
    return ids;
}

void toc_store_verify_logs(struct verify_walk *walk)
{
    uint32_t count;
    uint8_t *ids = collect_logs(walk, &count);
    if (ids == NULL && count != 0) {
        toc_store_fault(walk->report, TOC_VERIFY_ROW, TOC_CORRUPT, NULL, 0);
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *id = ids + (size_t)i * TOC_ID_BYTES;
        if (toc_is_zero(id, TOC_ID_BYTES)) {
            toc_store_fault(walk->report, TOC_VERIFY_HEAD, TOC_ABSENT, NULL, 0);
        } else {
            verify_log(walk, i + 1, id);
        }
    }
    free(ids);
}
