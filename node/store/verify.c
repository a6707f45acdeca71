/* SPDX-License-Identifier: EUPL-1.2 */
#include "store_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Rows of one snapshot: a node beside must be able to reuse pages. */
#define SNAPSHOT_ROWS 4096u

const char *toc_verify_text(enum toc_verify_kind kind)
{
    static const char *const texts[TOC_VERIFY_KIND_COUNT] = {
#define TEXT(name, text) text,
        TOC_VERIFY_FAULTS(TEXT)
#undef TEXT
    };
    TOC_ASSERT(kind < TOC_VERIFY_KIND_COUNT);
    return texts[kind];
}

void toc_store_fault(struct toc_verify_report *report, enum toc_verify_kind kind,
                     enum toc_code code, const uint8_t *id, uint64_t seq)
{
    if (report->fault_count < TOC_VERIFY_FAULTS_MAX) {
        struct toc_verify_fault *fault = &report->faults[report->fault_count];
        *fault = (struct toc_verify_fault){.kind = kind, .code = code, .seq = seq};
        if (id != NULL) {
            memcpy(fault->log, id, TOC_ID_BYTES);
        }
    }
    report->fault_count++;
}

/* Where a walk of a table stands between snapshots. */
struct table_walk {
    enum toc_db_table table;
    enum toc_verify_kind kind; /* of a row that does not match its checksum */
    struct toc_db_key last;
    uint64_t row_count;
    bool ended;
};

/* One row: its checksum has been looked at by the cursor, `err` says how. */
static void check_row(struct verify_walk *walk, struct table_walk *at,
                      const struct toc_db_cursor *cursor, struct toc_err err)
{
    at->row_count++;
    if (toc_failed(err)) {
        const uint8_t *id = cursor->key.len >= TOC_ID_BYTES ? cursor->key.at : NULL;
        toc_store_fault(walk->report, at->kind, err.code, id, 0);
    }
}

/* Keys that do not rise mean pages that point at each other: a walk would not end. */
static bool rises(struct table_walk *at, struct toc_span key)
{
    bool rising = key.len <= sizeof at->last.bytes &&
                  (at->last.len == 0 || toc_span_compare(toc_db_key_span(&at->last), key) < 0);
    if (rising) {
        memcpy(at->last.bytes, key.at, key.len);
        at->last.len = key.len;
    }
    return rising;
}

static void walk_rows(struct verify_walk *walk, struct table_walk *at,
                      const struct toc_db_read *read)
{
    struct toc_db_cursor cursor = {0};
    struct toc_db_key from = at->last;
    struct toc_err err = toc_db_cursor_open(&cursor, read, at->table);
    if (!toc_failed(err)) {
        err = toc_db_seek(&cursor, toc_db_key_span(&from));
        if (from.len != 0 && toc_span_equal(cursor.key, toc_db_key_span(&from))) {
            err = toc_db_next(&cursor);
        }
    }
    for (size_t i = 0; i < SNAPSHOT_ROWS && cursor.key.at != NULL; i++) {
        if (!rises(at, cursor.key)) {
            toc_store_fault(walk->report, TOC_VERIFY_PAGES, TOC_CORRUPT, NULL, 0);
            at->ended = true;
            break;
        }
        check_row(walk, at, &cursor, err);
        err = toc_db_next(&cursor);
    }
    if (cursor.key.at == NULL) {
        at->ended = true;
        if (err.code != TOC_ABSENT) {
            toc_store_fault(walk->report, TOC_VERIFY_PAGES, err.code, NULL, 0);
        }
    }
    toc_db_cursor_close(&cursor);
}

/* Every row of a table; gives how many there are. */
static uint64_t verify_table(struct verify_walk *walk, enum toc_db_table table,
                             enum toc_verify_kind kind)
{
    struct table_walk at = {.table = table, .kind = kind};
    while (!at.ended) {
        struct toc_db_read *read;
        struct toc_err err = toc_db_read_begin(walk->db, &read);
        if (toc_failed(err)) {
            toc_store_fault(walk->report, TOC_VERIFY_PAGES, err.code, NULL, 0);
            break;
        }
        walk_rows(walk, &at, read);
        toc_db_read_end(read);
    }
    return at.row_count;
}

struct toc_err toc_store_verify_payload(const struct toc_db_read *read,
                                        const struct toc_header *header)
{
    size_t count = toc_chunk_count(header->payload_bytes);
    uint8_t hashes[TOC_CHUNK_COUNT_MAX * TOC_HASH_BYTES];
    uint8_t root[TOC_HASH_BYTES];
    struct toc_db_key key;
    struct toc_span value;
    if (count > TOC_CHUNK_COUNT_MAX) {
        return toc_fail(TOC_CORRUPT, "a payload is longer than any may be");
    }
    for (size_t i = 0; i < count; i++) {
        toc_db_key_make(&key, TOC_DB_CHUNKS, 2, header->payload_hash, (uint32_t)i);
        TOC_TRY(toc_db_get(read, TOC_DB_CHUNKS, toc_db_key_span(&key), &value));
        if (value.len != toc_chunk_place(header->payload_bytes, i).len) {
            return toc_fail(TOC_CORRUPT, "a chunk has a wrong length");
        }
        if (count == 1) {
            toc_payload_hash(root, value);
        } else {
            toc_chunk_hash(hashes + i * TOC_HASH_BYTES, value);
        }
    }
    if (count > 1) {
        toc_chunks_root(root, header->payload_bytes, hashes, count);
    }
    return memcmp(root, header->payload_hash, TOC_HASH_BYTES) == 0
               ? toc_ok()
               : toc_fail(TOC_HASH, "chunks do not match their root");
}

static struct toc_err verify_here(const char *path, const struct toc_verify_options *options,
                                  struct toc_verify_report *report)
{
    struct verify_walk walk = {.options = options, .report = report};
    const struct toc_db_options db = {.read_only = true};
    struct toc_err err = toc_db_open(&walk.db, path, &db);
    if (toc_failed(err)) {
        if (err.code == TOC_CORRUPT) {
            toc_store_fault(report, TOC_VERIFY_OPEN, err.code, NULL, 0);
        }
        return err;
    }
    toc_store_verify_logs(&walk);
    report->chunk_count = verify_table(&walk, TOC_DB_CHUNKS, TOC_VERIFY_CHUNK);
    report->record_count = verify_table(&walk, TOC_DB_RECORDS, TOC_VERIFY_RECORD);
    for (unsigned i = 0; i < TOC_DB_TABLE_COUNT; i++) {
        if (toc_db_layout((enum toc_db_table)i)->disposable) {
            report->index_row_count += verify_table(&walk, (enum toc_db_table)i, TOC_VERIFY_INDEX);
        }
    }
    toc_db_close(walk.db);
    return report->fault_count == 0
               ? toc_ok()
               : toc_fail(TOC_CORRUPT, "the store is damaged: move it away, peers fill a new one");
}

/* What the child leaves for its parent; shared memory, so that it outlives a child that dies. */
struct shared {
    struct toc_verify_report report;
    struct toc_err err;
    bool finished;
};

static struct toc_err wait_for(pid_t child, const struct shared *shared,
                               struct toc_verify_report *report)
{
    int status;
    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR) {
            return toc_fail(TOC_IO, "the process that verifies cannot be waited for");
        }
    }
    *report = shared->report;
    if (shared->finished) {
        return shared->err;
    }
    toc_store_fault(report, TOC_VERIFY_PAGES, TOC_CORRUPT, NULL, 0);
    return toc_fail(TOC_CORRUPT, "the pages of the store are damaged: move it away, peers fill a "
                                 "new one");
}

static struct toc_err verify_in_child(const char *path, const struct toc_verify_options *options,
                                      struct toc_verify_report *report)
{
    struct shared *shared =
        mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) {
        return toc_fail(TOC_IO, "no memory for a process that verifies");
    }
    pid_t child = fork();
    if (child == 0) {
        const struct rlimit no_core = {0, 0};
        (void)setrlimit(RLIMIT_CORE, &no_core);
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        shared->err = verify_here(path, options, &shared->report);
        shared->finished = true;
        _exit(0);
    }
    struct toc_err err = child < 0 ? toc_fail(TOC_IO, "a process that verifies cannot be started")
                                   : wait_for(child, shared, report);
    (void)munmap(shared, sizeof *shared);
    return err;
}

struct toc_err toc_store_verify(const char *path, const struct toc_verify_options *options,
                                struct toc_verify_report *report)
{
    *report = (struct toc_verify_report){0};
    return options->in_process ? verify_here(path, options, report)
                               : verify_in_child(path, options, report);
}
