/* SPDX-License-Identifier: EUPL-1.2 */
#include "ops.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

struct toc_err toc_process_harden(struct toc_line *line)
{
    umask(0077);
    /* A core dump or a debugger of another process of the same user would read the keys. */
    const struct rlimit none = {0, 0};
    if (setrlimit(RLIMIT_CORE, &none) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 ||
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return toc_line_fail(line, TOC_IO, "cannot switch core dumps off: %s", strerror(errno));
    }
    if (sodium_init() < 0) {
        return toc_line_fail(line, TOC_IO,
                             "libsodium does not start: is /dev/urandom there in this container?");
    }
    return toc_ok();
}

void *toc_guarded_new(size_t bytes)
{
    void *at = sodium_malloc(bytes);
    if (at != NULL) {
        memset(at, 0, bytes);
    }
    return at;
}

void toc_guarded_free(void *at)
{
    sodium_free(at);
}
