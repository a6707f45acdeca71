/* SPDX-License-Identifier: EUPL-1.2 */
#include "db_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* Below this LMDB's map is not halved further, bytes: a store of a small federation. */
#define MAP_BYTES_MIN ((uint64_t)64 << 20)
/* Two meta pages: less is no store. */
#define DATA_BYTES_MIN 8192

/* LMDB's locks belong to a process and a file: a second environment on one file would drop them. */
static pthread_mutex_t open_lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
    pid_t pid; /* 0: free; a forked child does not inherit the claim */
    dev_t dev;
    ino_t ino;
} open_files[TOC_DB_OPEN_MAX];

static struct toc_err claim(const struct toc_db *db)
{
    struct toc_err err = toc_fail(TOC_FULL, "too many stores open in one process");
    (void)pthread_mutex_lock(&open_lock);
    size_t place = TOC_DB_OPEN_MAX;
    for (size_t i = 0; i < TOC_DB_OPEN_MAX; i++) {
        if (open_files[i].pid != db->pid) {
            place = i;
        } else if (open_files[i].dev == db->dev && open_files[i].ino == db->ino) {
            err = toc_fail(TOC_LOCKED, "the store is open in this process already");
            place = TOC_DB_OPEN_MAX;
            break;
        }
    }
    if (place < TOC_DB_OPEN_MAX) {
        open_files[place].pid = db->pid;
        open_files[place].dev = db->dev;
        open_files[place].ino = db->ino;
        err = toc_ok();
    }
    (void)pthread_mutex_unlock(&open_lock);
    return err;
}

static void unclaim(const struct toc_db *db)
{
    (void)pthread_mutex_lock(&open_lock);
    for (size_t i = 0; i < TOC_DB_OPEN_MAX; i++) {
        if (open_files[i].pid == db->pid && open_files[i].dev == db->dev &&
            open_files[i].ino == db->ino) {
            open_files[i].pid = 0;
        }
    }
    (void)pthread_mutex_unlock(&open_lock);
}

struct toc_err toc_db_env_open(MDB_env **env, const char *path, uint64_t map_bytes, unsigned flags)
{
    int rc;
    do {
        *env = NULL;
        rc = mdb_env_create(env);
        if (rc == 0) {
            rc = mdb_env_set_mapsize(*env, map_bytes);
        }
        if (rc == 0) {
            rc = mdb_env_set_maxdbs(*env, TOC_DB_TABLE_COUNT);
        }
        if (rc == 0) {
            rc = mdb_env_set_maxreaders(*env, TOC_DB_READERS_MAX);
        }
        if (rc == 0) {
            /* NOTLS: a snapshot belongs to its object, not to the thread that began it. Never
             * NOSYNC, NOMETASYNC or WRITEMAP: each of them loses commits or dies on a full disk. */
            rc = mdb_env_open(*env, path, flags | MDB_NOTLS, 0600);
        }
        if (rc != 0 && *env != NULL) {
            mdb_env_close(*env);
            *env = NULL;
        }
        map_bytes /= 2;
    } while (rc == ENOMEM && map_bytes >= MAP_BYTES_MIN);
    return toc_db_outcome(path, rc);
}

struct toc_err toc_db_tables_open(MDB_env *env, const char *path, bool read_only,
                                  MDB_dbi dbi[static TOC_DB_TABLE_COUNT])
{
    MDB_txn *txn;
    int rc = mdb_txn_begin(env, NULL, read_only ? MDB_RDONLY : 0, &txn);
    if (rc != 0) {
        return toc_db_outcome(path, rc);
    }
    for (size_t i = 0; i < TOC_DB_TABLE_COUNT && rc == 0; i++) {
        rc = mdb_dbi_open(txn, toc_db_layout((enum toc_db_table)i)->text,
                          read_only ? 0 : MDB_CREATE, &dbi[i]);
    }
    if (rc != 0) {
        mdb_txn_abort(txn);
        return rc == MDB_NOTFOUND
                   ? toc_fail(TOC_CORRUPT, "the store lacks a table: run a node on it once")
                   : toc_db_outcome(path, rc);
    }
    /* Handles live on only after a commit; one without changes writes nothing. */
    return toc_db_outcome(path, mdb_txn_commit(txn));
}

/* A page that a cut-off file has lost then reads as zeros, which LMDB and the checksums refuse,
 * where reading beyond the end would kill the process. Pages that were never written may be
 * missing at the end of a sound file too. */
static void restore_length(const struct toc_db *db, const char *data)
{
    MDB_envinfo info;
    MDB_stat stat_;
    struct stat file;
    if (mdb_env_info(db->env, &info) != 0 || mdb_env_stat(db->env, &stat_) != 0 ||
        stat(data, &file) != 0) {
        return;
    }
    uint64_t wanted = ((uint64_t)info.me_last_pgno + 1) * stat_.ms_psize;
    if ((uint64_t)file.st_size < wanted && wanted <= info.me_mapsize &&
        truncate(data, (off_t)wanted) != 0) {
        return; /* the store opens as it is */
    }
}

static struct toc_err check_schema(struct toc_db *db)
{
    struct toc_db_read *read;
    struct toc_span value;
    TOC_TRY(toc_db_read_begin(db, &read));
    struct toc_err err = toc_db_get(read, TOC_DB_INFO, toc_span_str("schema"), &value);
    bool known = !toc_failed(err) && value.len == 4 && toc_le32(value.at) == TOC_DB_SCHEMA;
    toc_db_read_end(read);
    if (known) {
        return toc_ok();
    }
    return toc_fail(TOC_CORRUPT, "the store has the layout of another version of tocsin: run that "
                                 "version, or move the store away; peers fill a new one");
}

/* Opens the environment of a store that exists. */
static struct toc_err open_env(struct toc_db *db, const char *data)
{
    unsigned flags = db->options.read_only ? MDB_RDONLY : 0;
    if (db->is_copy) {
        flags |= MDB_NOSUBDIR | MDB_NOLOCK;
    }
    uint64_t map_bytes = db->options.map_bytes != 0 ? db->options.map_bytes : TOC_DB_MAP_BYTES;
    bool read_only = db->options.read_only;
    int dead;
    TOC_TRY(toc_db_env_open(&db->env, db->path, map_bytes, flags));
    struct toc_err err = toc_db_outcome(db->path, mdb_reader_check(db->env, &dead));
    if (!toc_failed(err) && !read_only) {
        restore_length(db, data);
    }
    if (!toc_failed(err)) {
        err = toc_db_tables_open(db->env, db->path, read_only, db->dbi);
    }
    if (toc_failed(err)) {
        mdb_env_close(db->env);
        db->env = NULL;
    }
    return err;
}

static uint64_t last_commit(const struct toc_db *db)
{
    MDB_envinfo info;
    return mdb_env_info(db->env, &info) == 0 ? info.me_last_txnid : 0;
}

/* Finds data.mdb, creating the store where there is none. */
static struct toc_err find_data(const struct toc_db *db, const char *data, struct stat *file)
{
    if (stat(data, file) != 0) {
        if (errno != ENOENT) {
            return toc_db_errno(db->path);
        }
        if (db->options.read_only) {
            return toc_fail(TOC_ABSENT, "there is no store in that folder");
        }
        uint64_t map_bytes = db->options.map_bytes;
        TOC_TRY(toc_db_create(db->path, map_bytes != 0 ? map_bytes : TOC_DB_MAP_BYTES));
        if (stat(data, file) != 0) {
            return toc_db_errno(db->path);
        }
    }
    if (!S_ISREG(file->st_mode) || file->st_size < DATA_BYTES_MIN) {
        return toc_fail(TOC_CORRUPT, "data.mdb of the store is no database: move the store away; "
                                     "peers fill a new one");
    }
    return toc_ok();
}

static struct toc_err start(struct toc_db *db, const char *data)
{
    struct stat file;
    TOC_TRY(find_data(db, data, &file));
    db->dev = file.st_dev;
    db->ino = file.st_ino;
    TOC_TRY(claim(db));
    if (!db->options.read_only) {
        (void)chmod(db->path, 0700);
        (void)chmod(data, 0600);
    }
    struct toc_err err = open_env(db, data);
    if (!toc_failed(err)) {
        err = check_schema(db);
        db->last_commit = last_commit(db);
        if (toc_failed(err)) {
            mdb_env_close(db->env);
        }
    }
    if (toc_failed(err)) {
        unclaim(db);
    }
    return err;
}

static bool is_file(const char *path)
{
    struct stat file;
    return stat(path, &file) == 0 && S_ISREG(file.st_mode);
}

struct toc_err toc_db_open(struct toc_db **out, const char *path,
                           const struct toc_db_options *options)
{
    struct toc_err err = toc_fail(TOC_FULL, "no memory for the store");
    pthread_rwlockattr_t attr;
    struct toc_db *db = calloc(1, sizeof *db);
    bool is_copy = options->read_only && is_file(path);
    char *data = toc_db_path(path, is_copy ? "" : "/data.mdb");
    *out = NULL;
    if (db == NULL || data == NULL || (db->path = toc_db_path(path, "")) == NULL) {
        goto free_memory;
    }
    db->options = *options;
    db->is_copy = is_copy;
    db->pid = getpid();
    /* Readers come without pause; a reopen must get its turn. */
    (void)pthread_rwlockattr_init(&attr);
    (void)pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    (void)pthread_rwlock_init(&db->gate, &attr);
    (void)pthread_rwlockattr_destroy(&attr);
    err = start(db, data);
    if (!toc_failed(err)) {
        free(data);
        *out = db;
        return err;
    }
    (void)pthread_rwlock_destroy(&db->gate);
free_memory:
    if (db != NULL) {
        free(db->path);
    }
    free(data);
    free(db);
    return err;
}

void toc_db_close(struct toc_db *db)
{
    if (db == NULL) {
        return;
    }
    TOC_ASSERT(db->pid == getpid());
    if (db->env != NULL) {
        mdb_env_close(db->env);
    }
    unclaim(db);
    (void)pthread_rwlock_destroy(&db->gate);
    free(db->path);
    free(db);
}

static struct toc_err reopen(struct toc_db *db, const char *data)
{
    if (db->env != NULL) {
        mdb_env_close(db->env);
        db->env = NULL;
    }
    TOC_TRY(open_env(db, data));
    /* Where the meta page failed, LMDB wrote the old one back without a sync. Until that is on the
     * disk, pages of the failed commit must not be written anew. */
    int rc = mdb_env_sync(db->env, 1);
    if (rc != 0) {
        return toc_db_outcome(db->path, rc);
    }
    if (last_commit(db) < db->last_commit) {
        return toc_fail(TOC_CORRUPT, "the disk has lost what it reported as written: check the "
                                     "disk, then move the store away; peers fill a new one");
    }
    db->last_commit = last_commit(db);
    atomic_store(&db->broken, false);
    return toc_ok();
}

struct toc_err toc_db_reopen(struct toc_db *db)
{
    char *data = toc_db_path(db->path, "/data.mdb");
    if (data == NULL) {
        return toc_fail(TOC_FULL, "no memory for the store");
    }
    (void)pthread_rwlock_wrlock(&db->gate);
    atomic_store(&db->broken, true);
    struct toc_err err = reopen(db, data);
    (void)pthread_rwlock_unlock(&db->gate);
    free(data);
    return err;
}

struct toc_err toc_db_sweep(struct toc_db *db)
{
    int dead;
    struct toc_err err = toc_fail(TOC_STATE, "the store is closed after a failed commit");
    (void)pthread_rwlock_rdlock(&db->gate);
    if (db->env != NULL) {
        err = toc_db_outcome(db->path, mdb_reader_check(db->env, &dead));
    }
    (void)pthread_rwlock_unlock(&db->gate);
    return err;
}

bool toc_db_broken(const struct toc_db *db)
{
    return atomic_load(&db->broken);
}

struct toc_err toc_db_stat(struct toc_db *db, struct toc_db_stat *stat)
{
    struct toc_db_read *read;
    struct statvfs vfs;
    MDB_envinfo info;
    MDB_stat page;
    *stat = (struct toc_db_stat){0};
    if (statvfs(db->path, &vfs) != 0) {
        return toc_db_errno(db->path);
    }
    stat->space_bytes = (uint64_t)vfs.f_bavail * vfs.f_frsize;
    TOC_TRY(toc_db_read_begin(db, &read));
    int rc = mdb_env_info(db->env, &info);
    for (size_t i = 0; i < TOC_DB_TABLE_COUNT && rc == 0; i++) {
        rc = mdb_stat(read->txn, db->dbi[i], &page);
        if (rc == 0) {
            size_t pages = page.ms_branch_pages + page.ms_leaf_pages + page.ms_overflow_pages;
            stat->used_bytes += (uint64_t)pages * page.ms_psize;
            stat->row_count[i] = page.ms_entries;
        }
    }
    if (rc == 0) {
        stat->map_bytes = info.me_mapsize;
        stat->last_commit = info.me_last_txnid;
        stat->file_bytes = ((uint64_t)info.me_last_pgno + 1) * page.ms_psize;
    }
    toc_db_read_end(read);
    return toc_db_outcome(db->path, rc);
}
