/* SPDX-License-Identifier: EUPL-1.2 */
/* A folder of its own for a test, removed with everything in it. Header only. */
#ifndef TOC_TEST_FOLDER_H
#define TOC_TEST_FOLDER_H

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

struct folder {
    char path[256];
    bool mounted;
};

static inline void folder_make(struct folder *folder)
{
    const char *root = getenv("TMPDIR");
    (void)snprintf(folder->path, sizeof folder->path, "%s/tocsin-test-XXXXXX",
                   root == NULL ? "/tmp" : root);
    folder->mounted = false;
    if (mkdtemp(folder->path) == NULL) {
        abort();
    }
}

/* A folder on a file system of `bytes` of its own; false where the system does not let us. */
static inline bool folder_make_small(struct folder *folder, size_t bytes)
{
    char options[64];
    folder_make(folder);
    (void)snprintf(options, sizeof options, "size=%zu,mode=0700", bytes);
    folder->mounted = mount("tmpfs", folder->path, "tmpfs", 0, options) == 0;
    return folder->mounted;
}

static inline int folder_remove_one(const char *path, const struct stat *stat, int type,
                                    struct FTW *walk)
{
    (void)stat;
    (void)type;
    return walk->level == 0 ? 0 : remove(path);
}

static inline void folder_remove(struct folder *folder)
{
    if (folder->mounted) {
        (void)umount2(folder->path, MNT_DETACH);
    } else {
        (void)nftw(folder->path, folder_remove_one, 8, FTW_DEPTH | FTW_PHYS);
    }
    (void)rmdir(folder->path);
}

/* Path of `name` in the folder. Lends: until the next call but three. */
static inline const char *folder_path(const struct folder *folder, const char *name)
{
    static char paths[4][512];
    static unsigned next;
    char *path = paths[next++ % 4];
    (void)snprintf(path, sizeof paths[0], "%s/%s", folder->path, name);
    return path;
}

/* Writes a file of `len` bytes at `at`; NULL: zeros. */
static inline void folder_write(const char *path, const void *at, size_t len)
{
    FILE *file = fopen(path, "wb");
    if (file == NULL) {
        abort();
    }
    for (size_t i = 0; i < len; i++) {
        (void)fputc(at == NULL ? 0 : ((const unsigned char *)at)[i], file);
    }
    if (fclose(file) != 0) {
        abort();
    }
}

#endif
