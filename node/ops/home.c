/* SPDX-License-Identifier: EUPL-1.2 */
#include "ops.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* `name` within `folder`; asserts on programmers' names alone, since paths are bounded at open. */
static void join(char out[static 2 * TOC_PATH_BYTES], const char *folder, const char *name)
{
    int len = snprintf(out, 2 * TOC_PATH_BYTES, "%s/%s", folder, name);
    TOC_ASSERT(len > 0 && (size_t)len < 2 * TOC_PATH_BYTES);
}

struct toc_err toc_home_find(char path[static TOC_PATH_BYTES], const char *option,
                             struct toc_line *line)
{
    const char *named = option != NULL ? option : getenv("TOCSIN_HOME");
    const char *user = getenv("HOME");
    char here[TOC_PATH_BYTES];
    int len;
    if (named != NULL && named[0] == '/') {
        len = snprintf(path, TOC_PATH_BYTES, "%s", named);
    } else if (named != NULL && named[0] != '\0') {
        if (getcwd(here, sizeof(here)) == NULL) {
            return toc_line_fail(line, TOC_USAGE, "cannot tell the working folder: %s",
                                 strerror(errno));
        }
        len = snprintf(path, TOC_PATH_BYTES, "%s/%s", here, named);
    } else if (user != NULL && user[0] == '/') {
        len = snprintf(path, TOC_PATH_BYTES, "%s/.local/share/tocsin", user);
    } else {
        return toc_line_fail(line, TOC_USAGE, "no home folder: give --home DIR or set TOCSIN_HOME");
    }
    /* Room for the longest name inside. */
    if (len < 0 || (size_t)len + 64 > TOC_PATH_BYTES) {
        return toc_line_fail(line, TOC_USAGE, "the path of the home folder is too long");
    }
    return toc_ok();
}

/* mkdir -p, each level 0700. */
static bool make_folders(const char *path)
{
    char part[TOC_PATH_BYTES];
    size_t len = strlen(path);
    for (size_t i = 1; i <= len; i++) {
        if (path[i] != '/' && path[i] != '\0') {
            continue;
        }
        memcpy(part, path, i);
        part[i] = '\0';
        if (mkdir(part, 0700) != 0 && errno != EEXIST) {
            return false;
        }
    }
    return true;
}

struct toc_err toc_home_create(const char *path, struct toc_line *line)
{
    static const char *const held[] = {TOC_HOME_CONF,  TOC_HOME_NODE_KEY, TOC_HOME_LOG_KEY,
                                       TOC_HOME_CARD,  TOC_HOME_ORG_KEY,  TOC_HOME_FEDERATION,
                                       TOC_HOME_STORE, TOC_HOME_AUDIT};
    for (size_t i = 0; i < sizeof(held) / sizeof(held[0]); i++) {
        char file[2 * TOC_PATH_BYTES];
        join(file, path, held[i]);
        if (access(file, F_OK) == 0) {
            return toc_line_fail(
                line, TOC_LOCKED,
                "%s holds a node already (%s): nothing was changed; name another folder with "
                "--home",
                path, held[i]);
        }
    }
    if (!make_folders(path) || chmod(path, 0700) != 0) {
        return toc_line_fail(line, TOC_IO, "cannot make %s: %s", path, strerror(errno));
    }
    return toc_ok();
}

struct toc_err toc_home_open(struct toc_home *home, const char *path, struct toc_line *line)
{
    *home = (struct toc_home){.dir_fd = -1, .lock_fd = -1};
    if (strlen(path) + 64 > TOC_PATH_BYTES) {
        return toc_line_fail(line, TOC_IO, "the path of the home folder is too long");
    }
    memcpy(home->path, path, strlen(path) + 1);
    home->dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct stat about;
    if (home->dir_fd < 0 || !toc_home_has(home, TOC_HOME_NODE_KEY)) {
        toc_home_close(home);
        return toc_line_fail(line, TOC_ABSENT,
                             "no node in %s: make one with `tocsin init`, or name its folder with "
                             "--home",
                             path);
    }
    if (fstat(home->dir_fd, &about) != 0) {
        toc_home_close(home);
        return toc_line_fail(line, TOC_IO, "cannot read %s: %s", path, strerror(errno));
    }
    if (about.st_uid != geteuid()) {
        toc_home_close(home);
        return toc_line_fail(line, TOC_PERMISSION,
                             "%s belongs to user %u: run this command as that user", path,
                             (unsigned)about.st_uid);
    }
    /* The service's group may pass through to the control socket, nothing more. */
    if ((about.st_mode & 027) != 0) {
        toc_home_close(home);
        return toc_line_fail(line, TOC_PERMISSION,
                             "%s is open to others (mode %04o): run `chmod 700` on it", path,
                             (unsigned)(about.st_mode & 07777));
    }
    return toc_ok();
}

struct toc_err toc_home_lock(struct toc_home *home, struct toc_line *line)
{
    int fd = openat(home->dir_fd, TOC_HOME_LOCK, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
        return toc_line_fail(line, TOC_IO, "cannot open %s/%s: %s", home->path, TOC_HOME_LOCK,
                             strerror(errno));
    }
    char text[32] = {0};
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        ssize_t got = pread(fd, text, sizeof(text) - 1, 0);
        long pid = got > 0 ? strtol(text, NULL, 10) : 0;
        close(fd);
        return toc_line_fail(line, TOC_LOCKED,
                             "%s is in use by process %ld: stop it first (kill %ld), or use its "
                             "node",
                             home->path, pid, pid);
    }
    int len = snprintf(text, sizeof(text), "%ld\n", (long)getpid());
    if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)len, 0) != len) {
        int number = errno;
        close(fd);
        return toc_line_fail(line, TOC_IO, "cannot write %s/%s: %s", home->path, TOC_HOME_LOCK,
                             strerror(number));
    }
    home->lock_fd = fd;
    return toc_ok();
}

void toc_home_close(struct toc_home *home)
{
    if (home->lock_fd >= 0) {
        close(home->lock_fd);
    }
    if (home->dir_fd >= 0) {
        close(home->dir_fd);
    }
    home->lock_fd = home->dir_fd = -1;
}

bool toc_home_has(const struct toc_home *home, const char *name)
{
    return faccessat(home->dir_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* A key that others could read is no secret any more: better to stop than to use it. */
static struct toc_err check_key_file(const struct toc_home *home, const char *name,
                                     struct toc_line *line)
{
    struct stat about;
    if (fstatat(home->dir_fd, name, &about, AT_SYMLINK_NOFOLLOW) != 0) {
        return toc_line_fail(line, errno == ENOENT ? TOC_ABSENT : TOC_IO, "cannot read %s/%s: %s",
                             home->path, name, strerror(errno));
    }
    if (!S_ISREG(about.st_mode) || about.st_uid != geteuid()) {
        return toc_line_fail(line, TOC_PERMISSION,
                             "%s/%s is not a plain file of this user: give it back to its owner",
                             home->path, name);
    }
    if ((about.st_mode & 077) != 0) {
        return toc_line_fail(
            line, TOC_PERMISSION,
            "%s/%s can be read by others (mode %04o): run `chmod 600` on it and change the keys "
            "if somebody may have copied them",
            home->path, name, (unsigned)(about.st_mode & 07777));
    }
    return toc_ok();
}

struct toc_err toc_home_read(const struct toc_home *home, const char *name, size_t max,
                             struct toc_bytes *bytes, struct toc_line *line)
{
    *bytes = (struct toc_bytes){NULL, 0};
    size_t len = strlen(name);
    if (len > 4 && strcmp(name + len - 4, ".key") == 0) {
        TOC_TRY(check_key_file(home, name, line));
    }
    char path[2 * TOC_PATH_BYTES];
    join(path, home->path, name);
    return toc_file_read(path, max, bytes, line);
}

struct toc_err toc_home_write(const struct toc_home *home, const char *name, struct toc_span bytes,
                              struct toc_line *line)
{
    char path[2 * TOC_PATH_BYTES];
    join(path, home->path, name);
    return toc_file_write(path, bytes, 0600, TOC_REPLACE_YES, line);
}
