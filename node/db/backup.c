/* SPDX-License-Identifier: EUPL-1.2 */
#include "db_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* mdb_env_copyfd2 is mdb_env_copy2 on a file that is opened here, with the mode that we want. */
static struct toc_err copy(struct toc_db *db, int fd, const char *path)
{
    struct toc_err err = toc_fail(TOC_STATE, "the store is closed after a failed commit");
    (void)pthread_rwlock_rdlock(&db->gate);
    if (db->env != NULL) {
        err = toc_db_outcome(path, mdb_env_copyfd2(db->env, fd, MDB_CP_COMPACT));
    }
    (void)pthread_rwlock_unlock(&db->gate);
    if (!toc_failed(err) && fsync(fd) != 0) {
        err = toc_db_errno(path);
    }
    return err;
}

static struct toc_err write_file(struct toc_db *db, const char *temporary, const char *path)
{
    (void)unlink(temporary);
    int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        return toc_db_errno(path);
    }
    struct toc_err err = copy(db, fd, temporary);
    if (close(fd) != 0 && !toc_failed(err)) {
        err = toc_db_errno(path);
    }
    if (!toc_failed(err) && rename(temporary, path) != 0) {
        err = toc_db_errno(path);
    }
    if (toc_failed(err)) {
        (void)unlink(temporary);
        return err;
    }
    return toc_db_sync_parent(path);
}

struct toc_err toc_db_backup(struct toc_db *db, const char *path)
{
    char *temporary = toc_db_path(path, ".new");
    if (temporary == NULL) {
        return toc_fail(TOC_FULL, "no memory for a backup");
    }
    struct toc_err err = write_file(db, temporary, path);
    free(temporary);
    return err;
}
