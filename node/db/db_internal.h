/* SPDX-License-Identifier: EUPL-1.2 */
/* db: what its files share. Private to the room. */
#ifndef TOC_DB_INTERNAL_H
#define TOC_DB_INTERNAL_H

#include "db.h"

#include <lmdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

/* Bytes of the CRC-32C that ends a checked value, little-endian. */
#define CRC_BYTES 4u

struct toc_db {
    MDB_env *env; /* NULL: closed by a reopen that did not succeed */
    MDB_dbi dbi[TOC_DB_TABLE_COUNT];
    char *path;
    struct toc_db_options options;
    bool is_copy;          /* `path` is a file that toc_db_backup wrote: nobody else has it open */
    pthread_rwlock_t gate; /* shared: a snapshot lives; exclusive: reopen */
    atomic_bool broken;
    atomic_bool damaged;  /* a row that was read did not match its checksum */
    uint64_t last_commit; /* the writer's: last one reported as done */
    pid_t pid;
    dev_t dev; /* of data.mdb: a process opens it once */
    ino_t ino;
};

struct toc_db_read {
    struct toc_db *db;
    MDB_txn *txn;                  /* NULL: a renewal failed */
    const struct toc_err *failure; /* of the write transaction; NULL in a snapshot */
};

struct toc_db_end {
    void (*call)(void *arg, bool committed);
    void *arg;
};

struct toc_db_txn {
    struct toc_db_read read;
    struct toc_err err;
    size_t end_count;
    struct toc_db_end ends[TOC_DB_ENDS_MAX];
};

/* CRC-32C (RFC 3720 appendix B.4) continued from `crc`; start with 0. */
uint32_t toc_crc32c(uint32_t crc, const void *at, size_t len);
/* The same without the processor's own instruction. */
uint32_t toc_crc32c_portable(uint32_t crc, const void *at, size_t len);
/* What ends the value of a row. */
uint32_t toc_db_crc(enum toc_db_table table, struct toc_span key, const void *value, size_t len);

/* The outcome that an LMDB result or errno stands for. EIO beside a full disk is DISK_FULL. */
struct toc_err toc_db_outcome(const char *path, int rc);
/* The same for errno after a system call on the store's files. */
struct toc_err toc_db_errno(const char *path);

/* Checks and cuts off the CRC of a checked row; the store then counts as damaged where it does not
 * match. Fails: CORRUPT. */
TOC_MUST_USE struct toc_err toc_db_value(const struct toc_db_read *read, enum toc_db_table table,
                                         struct toc_span key, MDB_val raw, struct toc_span *value);

/* Opens an environment in folder `path` with the largest map that the system grants, up to
 * `map_bytes`. Gives *env (mdb_env_close). */
TOC_MUST_USE struct toc_err toc_db_env_open(MDB_env **env, const char *path, uint64_t map_bytes,
                                            unsigned flags);
/* Opens the handles of all tables, making the absent ones unless read-only. */
TOC_MUST_USE struct toc_err toc_db_tables_open(MDB_env *env, const char *path, bool read_only,
                                               MDB_dbi dbi[static TOC_DB_TABLE_COUNT]);
/* Makes a new store at `path`, which does not exist or is an empty folder. */
TOC_MUST_USE struct toc_err toc_db_create(const char *path, uint64_t map_bytes);

/* `a` with `b` after it, on the heap; NULL without memory. */
char *toc_db_path(const char *a, const char *b);
/* fsync of a file or folder by name. */
TOC_MUST_USE struct toc_err toc_db_sync(const char *path);
/* fsync of the folder that holds `path`. */
TOC_MUST_USE struct toc_err toc_db_sync_parent(const char *path);

#endif
