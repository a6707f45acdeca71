/* SPDX-License-Identifier: EUPL-1.2 */
#include "ops.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void toc_bytes_free(struct toc_bytes *bytes)
{
    if (bytes->at != NULL) {
        toc_wipe(bytes->at, bytes->len);
        free(bytes->at);
    }
    *bytes = (struct toc_bytes){NULL, 0};
}

static enum toc_code code_of_errno(int number)
{
    if (number == ENOENT || number == ENOTDIR) {
        return TOC_ABSENT;
    }
    return number == ENOSPC || number == EDQUOT ? TOC_DISK_FULL : TOC_IO;
}

/* Reads until the end or `max` bytes; the buffer grows with what has come, never with a promise. */
static struct toc_err read_all(int fd, size_t max, struct toc_bytes *bytes)
{
    size_t room = 0;
    for (;;) {
        if (bytes->len == room) {
            room = room == 0 ? 4096 : room * 2;
            uint8_t *grown = malloc(room);
            if (grown == NULL) {
                return toc_fail(TOC_FULL, "no memory");
            }
            if (bytes->len > 0) {
                memcpy(grown, bytes->at, bytes->len);
            }
            size_t len = bytes->len;
            toc_bytes_free(bytes);
            *bytes = (struct toc_bytes){grown, len};
        }
        ssize_t got = read(fd, bytes->at + bytes->len, room - bytes->len);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return toc_fail(TOC_IO, "read failed");
        }
        bytes->len += (size_t)got;
        if (bytes->len > max) {
            return toc_fail(TOC_LIMIT, "the file is too large");
        }
        if (got == 0) {
            return toc_ok();
        }
    }
}

struct toc_err toc_file_read(const char *path, size_t max, struct toc_bytes *bytes,
                             struct toc_line *line)
{
    *bytes = (struct toc_bytes){NULL, 0};
    bool is_stdin = strcmp(path, "-") == 0;
    int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0) {
        return toc_line_fail(line, code_of_errno(errno), "cannot open %s: %s", path,
                             strerror(errno));
    }
    struct stat about;
    struct toc_err err = toc_ok();
    if (!is_stdin && (fstat(fd, &about) != 0 || S_ISDIR(about.st_mode))) {
        err = toc_line_fail(line, TOC_IO, "cannot read %s: it is a folder", path);
    } else {
        err = read_all(fd, max, bytes);
        if (err.code == TOC_LIMIT) {
            toc_line_set(line, "cannot read %s: it is larger than %zu bytes", path, max);
        } else if (toc_failed(err)) {
            toc_line_set(line, "cannot read %s: %s", path,
                         err.code == TOC_FULL ? "out of memory" : strerror(errno));
        }
    }
    if (!is_stdin) {
        close(fd);
    }
    if (toc_failed(err)) {
        toc_bytes_free(bytes);
    }
    return err;
}

bool toc_file_put(int fd, struct toc_span bytes)
{
    while (bytes.len > 0) {
        ssize_t put = write(fd, bytes.at, bytes.len);
        if (put < 0 && errno == EINTR) {
            continue;
        }
        if (put < 0) {
            return false;
        }
        bytes = toc_span(bytes.at + put, bytes.len - (size_t)put);
    }
    return true;
}

/* Opens the folder that holds `path`, so that its entry can be made durable. */
static int open_folder(const char *path)
{
    char copy[TOC_PATH_BYTES];
    if (strlen(path) >= sizeof(copy)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(copy, path, strlen(path) + 1);
    return open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* The temporary name lies in the same folder, since rename cannot cross file systems. */
static int open_temporary(char out[static TOC_PATH_BYTES], const char *path, mode_t mode)
{
    int len = snprintf(out, TOC_PATH_BYTES, "%s.%08x.tmp", path, randombytes_random());
    if (len < 0 || (size_t)len >= TOC_PATH_BYTES) {
        errno = ENAMETOOLONG;
        return -1;
    }
    int fd = open(out, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd >= 0 && fchmod(fd, mode) != 0) {
        close(fd);
        unlink(out);
        return -1;
    }
    return fd;
}

/* Gives the file its name. Without replacing, link(2) refuses where rename(2) would overwrite. */
static bool put_name(const char *temporary, const char *path, enum toc_replace replace)
{
    if (replace == TOC_REPLACE_YES) {
        return rename(temporary, path) == 0;
    }
    if (link(temporary, path) != 0) {
        return false;
    }
    return unlink(temporary) == 0;
}

struct toc_err toc_file_write(const char *path, struct toc_span bytes, mode_t mode,
                              enum toc_replace replace, struct toc_line *line)
{
    char temporary[TOC_PATH_BYTES];
    int folder = open_folder(path);
    int fd = folder < 0 ? -1 : open_temporary(temporary, path, mode);
    bool ok = fd >= 0 && toc_file_put(fd, bytes) && fsync(fd) == 0;
    int number = errno;
    if (fd >= 0) {
        ok = close(fd) == 0 && ok;
        bool named = ok && put_name(temporary, path, replace);
        number = ok && !named ? errno : number;
        ok = named && fsync(folder) == 0;
        if (!named) {
            unlink(temporary);
        }
    }
    if (folder >= 0) {
        close(folder);
    }
    if (ok) {
        return toc_ok();
    }
    if (number == EEXIST) {
        return toc_line_fail(line, TOC_LOCKED, "%s exists already: name another file", path);
    }
    enum toc_code code = code_of_errno(number);
    return toc_line_fail(line, code == TOC_ABSENT ? TOC_IO : code, "cannot write %s: %s", path,
                         strerror(number));
}
