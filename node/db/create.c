/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A cut while LMDB makes an environment leaves a file that never opens. So a store is made under
 * another name and renamed when it is whole on the disk.
 */
#include "db_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

char *toc_db_path(const char *a, const char *b)
{
    size_t a_len = strlen(a);
    size_t b_len = strlen(b);
    char *path = malloc(a_len + b_len + 1);
    if (path != NULL) {
        memcpy(path, a, a_len);
        memcpy(path + a_len, b, b_len + 1);
    }
    return path;
}

struct toc_err toc_db_sync(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return toc_db_errno(path);
    }
    struct toc_err err = fsync(fd) == 0 ? toc_ok() : toc_db_errno(path);
    (void)close(fd);
    return err;
}

struct toc_err toc_db_sync_parent(const char *path)
{
    char *parent = toc_db_path(path, "");
    if (parent == NULL) {
        return toc_fail(TOC_FULL, "no memory for the store");
    }
    char *slash = strrchr(parent, '/');
    if (slash == NULL) {
        memcpy(parent, ".", 2);
    } else {
        slash[slash == parent] = '\0';
    }
    struct toc_err err = toc_db_sync(parent);
    free(parent);
    return err;
}

struct names {
    char *folder; /* path.new */
    char *data;
    char *lock;
};

static struct toc_err fill(const struct names *names, uint64_t map_bytes)
{
    MDB_env *env;
    MDB_dbi dbi[TOC_DB_TABLE_COUNT];
    MDB_txn *txn;
    TOC_TRY(toc_db_env_open(&env, names->folder, map_bytes, 0));
    struct toc_err err = toc_db_tables_open(env, names->folder, false, dbi);
    int rc = toc_failed(err) ? 0 : mdb_txn_begin(env, NULL, 0, &txn);
    if (!toc_failed(err) && rc == 0) {
        struct toc_span name = toc_span_str("schema");
        uint8_t value[4 + CRC_BYTES];
        toc_put_le32(value, TOC_DB_SCHEMA);
        toc_put_le32(value + 4, toc_db_crc(TOC_DB_INFO, name, value, 4));
        MDB_val key = {name.len, (void *)(uintptr_t)name.at};
        MDB_val data = {sizeof value, value};
        rc = mdb_put(txn, dbi[TOC_DB_INFO], &key, &data, 0);
        if (rc == 0) {
            rc = mdb_txn_commit(txn);
        } else {
            mdb_txn_abort(txn);
        }
    }
    mdb_env_close(env);
    return toc_failed(err) ? err : toc_db_outcome(names->folder, rc);
}

/* What a creation that was cut off left behind. */
static void remove_leftover(const struct names *names)
{
    (void)unlink(names->data);
    (void)unlink(names->lock);
    (void)rmdir(names->folder);
}

static struct toc_err make(const char *path, const struct names *names, uint64_t map_bytes)
{
    remove_leftover(names);
    if (mkdir(names->folder, 0700) != 0) {
        return toc_db_errno(path);
    }
    TOC_TRY(fill(names, map_bytes));
    TOC_TRY(toc_db_sync(names->data));
    (void)unlink(names->lock);
    TOC_TRY(toc_db_sync(names->folder));
    if (rename(names->folder, path) != 0) {
        return errno == ENOTEMPTY || errno == EEXIST
                   ? toc_fail(TOC_CORRUPT, "the store folder holds other files but no data.mdb: "
                                           "move it away")
                   : toc_db_errno(path);
    }
    return toc_db_sync_parent(path);
}

struct toc_err toc_db_create(const char *path, uint64_t map_bytes)
{
    struct names names = {.folder = toc_db_path(path, ".new")};
    names.data = names.folder == NULL ? NULL : toc_db_path(names.folder, "/data.mdb");
    names.lock = names.folder == NULL ? NULL : toc_db_path(names.folder, "/lock.mdb");
    struct toc_err err = toc_fail(TOC_FULL, "no memory for the store");
    if (names.data != NULL && names.lock != NULL) {
        err = make(path, &names, map_bytes);
        if (toc_failed(err)) {
            remove_leftover(&names);
        }
    }
    free(names.lock);
    free(names.data);
    free(names.folder);
    return err;
}
