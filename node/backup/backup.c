/* SPDX-License-Identifier: EUPL-1.2 */
#include "backup.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * A backup is a tar file (POSIX.1-1988 ustar, sizes above 8 GiB in base 256 as GNU tar has them),
 * so that a person can look into it with what every system has. It holds store/data.mdb and the
 * files below, sealed as they are; never log.key; making a new log from a backup is not in this
 * version.
 */
static const char *const files[] = {TOC_HOME_CONF, TOC_HOME_NODE_KEY,   TOC_HOME_ORG_KEY,
                                    TOC_HOME_CARD, TOC_HOME_FEDERATION, TOC_HOME_FEDERATION_KEY};

#define TAR_BLOCK_BYTES 512u
#define COPY_BYTES 262144u

/* ---- tar ---- */

/* `digits` octal digits, terminated. */
static void put_octal(uint8_t *at, unsigned digits, uint64_t value)
{
    at[digits] = '\0';
    for (unsigned i = digits; i > 0; i--) {
        at[i - 1] = (uint8_t)('0' + (value & 7));
        value >>= 3;
    }
}

/* Offsets of the ustar header (POSIX.1-1988, 10.1.1). */
static void tar_head(uint8_t head[static TAR_BLOCK_BYTES], const char *name, uint64_t size)
{
    memset(head, 0, TAR_BLOCK_BYTES);
    snprintf((char *)head, 100, "%s", name);
    memcpy(head + 100, "0000600", 8);
    memcpy(head + 108, "0000000", 8);
    memcpy(head + 116, "0000000", 8);
    if (size < (uint64_t)1 << 33) {
        put_octal(head + 124, 11, size);
    } else {
        head[124] = 0x80;
        toc_put_be64(head + 128, size);
    }
    put_octal(head + 136, 11, toc_now_utc().ms / 1000);
    head[156] = '0';
    memcpy(head + 257, "ustar\00000", 8);
    memset(head + 148, ' ', 8);
    unsigned sum = 0;
    for (size_t i = 0; i < TAR_BLOCK_BYTES; i++) {
        sum += head[i];
    }
    put_octal(head + 148, 6, sum);
}

static bool pad(int fd, uint64_t size)
{
    static const uint8_t zeros[TAR_BLOCK_BYTES] = {0};
    size_t rest = (size_t)(size % TAR_BLOCK_BYTES);
    return rest == 0 || toc_file_put(fd, toc_span(zeros, TAR_BLOCK_BYTES - rest));
}

/* Appends the file `from` as `name`. */
static bool tar_file(int fd, const char *name, int from)
{
    struct stat about;
    uint8_t head[TAR_BLOCK_BYTES];
    uint8_t *buffer = malloc(COPY_BYTES);
    if (buffer == NULL || fstat(from, &about) != 0) {
        free(buffer);
        return false;
    }
    uint64_t size = (uint64_t)about.st_size, left = size;
    tar_head(head, name, size);
    bool ok = toc_file_put(fd, toc_span(head, sizeof(head)));
    while (ok && left > 0) {
        ssize_t got = read(from, buffer, left < COPY_BYTES ? (size_t)left : COPY_BYTES);
        ok = got > 0 && toc_file_put(fd, toc_span(buffer, (size_t)got));
        left -= got > 0 ? (uint64_t)got : 0;
    }
    toc_wipe(buffer, COPY_BYTES);
    free(buffer);
    return ok && pad(fd, size);
}

static bool write_tar(int fd, const struct toc_home *home, const char *store_copy)
{
    static const uint8_t end[2 * TAR_BLOCK_BYTES] = {0};
    bool ok = true;
    for (size_t i = 0; ok && i < sizeof(files) / sizeof(files[0]); i++) {
        int from = openat(home->dir_fd, files[i], O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
        if (from >= 0) {
            ok = tar_file(fd, files[i], from);
            close(from);
        } else {
            ok = errno == ENOENT; /* org.key may be offline, F may need no file */
        }
    }
    int from = ok ? open(store_copy, O_RDONLY | O_CLOEXEC) : -1;
    ok = from >= 0 && tar_file(fd, TOC_HOME_STORE "/data.mdb", from);
    if (from >= 0) {
        close(from);
    }
    return ok && toc_file_put(fd, toc_span(end, sizeof(end))) && fsync(fd) == 0;
}

/* Written under a temporary name that then gets its own: an interrupted backup is none. */
struct toc_err toc_backup_write(const struct toc_home *home, struct toc_store *store,
                                const char *path, uint64_t *size, struct toc_line *line)
{
    char copy[TOC_PATH_BYTES + 16], draft[TOC_PATH_BYTES + 16];
    *size = 0;
    if (access(path, F_OK) == 0) {
        return toc_line_fail(line, TOC_LOCKED, "%s exists already: name another file", path);
    }
    snprintf(draft, sizeof(draft), "%s", path);
    if (access(dirname(draft), W_OK | X_OK) != 0) {
        return toc_line_fail(line, TOC_IO, "cannot write %s: %s; choose another folder", path,
                             strerror(errno));
    }
    snprintf(copy, sizeof(copy), "%s.store", path);
    snprintf(draft, sizeof(draft), "%s.new", path);
    struct toc_err err = toc_store_backup(store, copy);
    if (toc_failed(err)) {
        return toc_line_fail(line, err.code, "cannot copy the store to %s: %s", copy,
                             err.why == NULL ? toc_code_text(err.code) : err.why);
    }
    int fd = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    bool ok = fd >= 0 && write_tar(fd, home, copy);
    struct stat about = {0};
    ok = ok && fstat(fd, &about) == 0;
    int number = errno;
    if (fd >= 0) {
        close(fd);
    }
    if (ok && link(draft, path) != 0) {
        number = errno;
        ok = false;
    }
    if (fd >= 0) {
        unlink(draft);
    }
    unlink(copy);
    *size = (uint64_t)about.st_size;
    if (!ok && number == ENOSPC) {
        return toc_line_fail(line, TOC_DISK_FULL, "cannot write %s: the disk is full", path);
    }
    return ok ? toc_ok()
              : toc_line_fail(line, TOC_IO, "cannot write %s: %s", path, strerror(number));
}
