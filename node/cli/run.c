/* SPDX-License-Identifier: EUPL-1.2 */
#include "command.h"

#include <errno.h>
#include <libgen.h>
#include <string.h>
#include <unistd.h>

#define RUN_ARGUMENTS_MAX 8u /* program, three options with values, NULL */

/* tocsind from the folder of this program, so that the two are of one version. */
static struct toc_err find_daemon(char path[static TOC_PATH_BYTES], struct toc_line *line)
{
    char self[TOC_PATH_BYTES];
    ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
    if (len < 0) {
        return toc_line_fail(line, TOC_IO, "/proc/self/exe: %s; is /proc mounted?",
                             strerror(errno));
    }
    self[len] = '\0';
    if ((size_t)snprintf(path, TOC_PATH_BYTES, "%s/tocsind", dirname(self)) >= TOC_PATH_BYTES) {
        return toc_line_fail(line, TOC_IO, "the path of tocsind is too long");
    }
    return toc_ok();
}

static enum toc_exit run(const struct toc_args *args)
{
    static const char *const passed[] = {"--home", "--credential", "--passphrase-file"};
    char path[TOC_PATH_BYTES];
    struct toc_line line = {""};
    struct toc_err err = find_daemon(path, &line);
    if (toc_failed(err)) {
        return toc_complain_err(err, &line);
    }
    const char *arguments[RUN_ARGUMENTS_MAX] = {path};
    size_t count = 1;
    for (size_t i = 0; i < sizeof passed / sizeof passed[0]; i++) {
        const char *value = toc_args_value(args, passed[i] + 2);
        if (value != NULL) {
            arguments[count++] = passed[i];
            arguments[count++] = value;
        }
    }
    (void)fflush(stdout);
    /* execv's prototype is older than const; it changes nothing. */
    (void)execv(path, (char *const *)arguments);
    return toc_complain(TOC_EXIT_FAILED, "%s cannot be started: %s; install tocsind beside tocsin",
                        path, strerror(errno));
}

const struct toc_command toc_command_run = {
    .name = "run",
    .operands = "",
    .summary = "runs the node in the foreground; logs to stderr",
    .detail = "\nSIGTERM stops it cleanly, SIGHUP reads tocsin.conf again.",
    .operand_max = 0,
    .run = run,
};
