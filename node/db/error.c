/* SPDX-License-Identifier: EUPL-1.2 */
#include "db_internal.h"

#include <errno.h>
#include <sys/statvfs.h>

#define WHY_FULL "the disk of the store is full: free some space, the node then goes on by itself"
#define WHY_DAMAGED                                                                                \
    "the store is damaged: run `tocsin verify`, then move the store away; peers fill a new one"

static bool disk_is_full(const char *path)
{
    struct statvfs vfs;
    return statvfs(path, &vfs) == 0 && (uint64_t)vfs.f_bavail * vfs.f_frsize < TOC_DB_SPACE_BYTES;
}

static struct toc_err system_outcome(const char *path, int number)
{
    switch (number) {
    case ENOSPC:
    case EDQUOT:
        return toc_fail(TOC_DISK_FULL, WHY_FULL);
    case EIO:
        /* LMDB turns a short write into EIO. */
        if (disk_is_full(path)) {
            return toc_fail(TOC_DISK_FULL, WHY_FULL);
        }
        return toc_fail(TOC_IO, "the disk of the store reports an error: check the disk");
    case ENOMEM:
        return toc_fail(TOC_FULL, "no memory for the store");
    case EACCES:
    case EPERM:
    case EROFS:
        return toc_fail(TOC_PERMISSION,
                        "the store may not be written: check owner and mode of its folder");
    default:
        return toc_fail(TOC_IO, "a system call on the store failed");
    }
}

struct toc_err toc_db_errno(const char *path)
{
    return system_outcome(path, errno);
}

struct toc_err toc_db_outcome(const char *path, int rc)
{
    switch (rc) {
    case MDB_SUCCESS:
        return toc_ok();
    case MDB_NOTFOUND:
        return toc_fail(TOC_ABSENT, "no such row");
    case MDB_MAP_FULL:
        return toc_fail(TOC_DISK_FULL, "the map of the store is used up: allow the node more "
                                       "address space");
    case MDB_READERS_FULL:
        return toc_fail(TOC_FULL, "too many readers of the store at once");
    case MDB_TXN_FULL:
        return toc_fail(TOC_FULL, "too much for one transaction");
    case MDB_BAD_VALSIZE:
        return toc_fail(TOC_LIMIT, "a key of the store is empty or too long");
    case MDB_PANIC:
        return toc_fail(TOC_STATE, "a commit failed: the store must be opened again");
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_VERSION_MISMATCH:
    case MDB_INVALID:
    case MDB_INCOMPATIBLE:
    case MDB_BAD_TXN:
    case MDB_BAD_DBI:
    case MDB_CURSOR_FULL:
    case MDB_PAGE_FULL:
        return toc_fail(TOC_CORRUPT, WHY_DAMAGED);
    default:
        return system_outcome(path, rc);
    }
}
