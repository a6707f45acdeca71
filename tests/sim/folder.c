/* SPDX-License-Identifier: EUPL-1.2 */
#include "sim.h"

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Where stores in files lie: one folder in memory for a process, with its id in the name. It goes
 * when the process ends; what a killed process has left goes when the next one begins. */

#define PREFIX "tocsin-sim-"

static char root[48];
static pid_t root_of; /* a forked child removes nothing */

static int remove_one(const char *path, const struct stat *stat, int type, struct FTW *ftw)
{
    (void)stat, (void)type, (void)ftw;
    return remove(path);
}

void sim_folder_remove(const char *path)
{
    nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void remove_root(void)
{
    if (root_of != 0 && root_of == getpid()) {
        sim_folder_remove(root);
        root_of = 0;
    }
}

/* Is this the folder of a process that has ended? */
static bool is_left_behind(const char *name)
{
    if (strncmp(name, PREFIX, strlen(PREFIX)) != 0) {
        return false;
    }
    char *end;
    long pid = strtol(name + strlen(PREFIX), &end, 10);
    return pid > 0 && *end == '-' && kill((pid_t)pid, 0) != 0 && errno == ESRCH;
}

static void remove_left_behind(const char *base)
{
    DIR *dir = opendir(base);
    if (dir == NULL) {
        return;
    }
    for (const struct dirent *at = readdir(dir); at != NULL; at = readdir(dir)) {
        if (is_left_behind(at->d_name)) {
            char path[300];
            snprintf(path, sizeof path, "%s/%s", base, at->d_name);
            sim_folder_remove(path);
        }
    }
    closedir(dir);
}

void sim_folder_make(char *out, size_t size)
{
    static unsigned long count;
    if (root_of == 0) {
        const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
        remove_left_behind(base);
        snprintf(root, sizeof root, "%s/" PREFIX "%ld-XXXXXX", base, (long)getpid());
        char *made = mkdtemp(root);
        TOC_ASSERT(made != NULL);
        root_of = getpid();
        int registered = atexit(remove_root);
        TOC_ASSERT(registered == 0);
    }
    snprintf(out, size, "%s/%lu", root, count++);
    int made = mkdir(out, 0700);
    TOC_ASSERT(made == 0);
}

/* In place of the trap in crypto/base: it says where, and takes the folder away first. */
_Noreturn void toc_assert_failed(const char *cond, const char *file, int line)
{
    fprintf(stderr, "sim: %s:%d: %s does not hold: a fault of the program\n", file, line, cond);
    fflush(NULL);
    remove_root();
    abort();
}
