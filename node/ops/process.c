/* SPDX-License-Identifier: EUPL-1.2 */
#include "ops.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

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

/* In place of base's, which may not write. There is no core dump to look at, so this line is all
 * that the operator can pass on. */
_Noreturn void toc_assert_failed(const char *cond, const char *file, int line)
{
    char text[512];
    int len =
        snprintf(text, sizeof text,
                 "%s: ended by a fault of the program at %s:%d (%s): please report this line\n",
                 program_invocation_short_name, file, line, cond);
    size_t count = len < 0 ? 0 : (size_t)len < sizeof text ? (size_t)len : sizeof text - 1;
    if (write(STDERR_FILENO, text, count) < 0) {
        __builtin_trap(); /* nobody listens */
    }
    __builtin_trap();
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
