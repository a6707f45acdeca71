/* SPDX-License-Identifier: EUPL-1.2 */
#include "store_internal.h"

#include <stdlib.h>
#include <string.h>

struct toc_err toc_store_open(struct toc_store **out, const char *path,
                              const struct toc_store_options *options)
{
    *out = NULL;
    struct toc_store *store = calloc(1, sizeof *store);
    if (store == NULL) {
        return toc_fail(TOC_FULL, "no memory for the store");
    }
    const struct toc_db_options db = {.map_bytes = options->map_bytes,
                                      .read_only = options->read_only};
    struct toc_err err = toc_db_open(&store->db, path, &db);
    if (toc_failed(err)) {
        free(store);
        return err;
    }
    (void)pthread_mutex_init(&store->lock, NULL);
    *out = store;
    return err;
}

void toc_store_close(struct toc_store *store)
{
    if (store != NULL) {
        toc_db_close(store->db);
        (void)pthread_mutex_destroy(&store->lock);
        free(store);
    }
}

static struct toc_err check_head(void *arg, const uint8_t *log, const struct toc_log_head *head)
{
    (void)arg;
    (void)log;
    return head->seq != 0 ? toc_ok() : toc_fail(TOC_CORRUPT, "a head of the store is empty");
}

struct toc_err toc_store_reopen(struct toc_store *store)
{
    TOC_TRY(toc_db_reopen(store->db));
    return toc_store_each_head(store, check_head, NULL);
}

struct toc_err toc_store_sweep(struct toc_store *store)
{
    return toc_db_sweep(store->db);
}

bool toc_store_is_damaged(const struct toc_store *store)
{
    return toc_db_is_damaged(store->db);
}

struct toc_db *toc_store_db(struct toc_store *store)
{
    return store->db;
}

struct toc_err toc_store_backup(struct toc_store *store, const char *path)
{
    return toc_db_backup(store->db, path);
}

static struct toc_err count_entries(void *arg, const uint8_t *log, const struct toc_log_head *head)
{
    (void)log;
    *(uint64_t *)arg += head->seq;
    return toc_ok();
}

struct toc_err toc_store_stat(struct toc_store *store, struct toc_store_stat *stat)
{
    struct toc_db_stat db;
    *stat = (struct toc_store_stat){0};
    TOC_TRY(toc_db_stat(store->db, &db));
    TOC_TRY(toc_store_each_head(store, count_entries, &stat->entry_count));
    stat->log_count = db.row_count[TOC_DB_HEADS];
    stat->block_count = db.row_count[TOC_DB_BLOCKS];
    stat->tail_count = db.row_count[TOC_DB_TAILS];
    stat->chunk_count = db.row_count[TOC_DB_CHUNKS];
    stat->record_count = db.row_count[TOC_DB_RECORDS];
    stat->file_bytes = db.file_bytes;
    stat->space_bytes = db.space_bytes;
    return toc_ok();
}
