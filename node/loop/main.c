/* SPDX-License-Identifier: EUPL-1.2 */
#include "answer.h"
#include "loop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: tocsind [--home DIR] [--credential FILE] [--passphrase-file FILE]\n"
    "The node, in the foreground. Logs to stderr; SIGTERM stops it cleanly, SIGHUP reads\n"
    "tocsin.conf again. `tocsin run` starts it too.\n";

/* The value of `name` at *at, as "--name VALUE" or "--name=VALUE"; NULL when it is another one. */
static const char *take_option(const char *name, int argc, char **argv, int *at)
{
    size_t len = strlen(name);
    if (strncmp(argv[*at], name, len) != 0) {
        return NULL;
    }
    if (argv[*at][len] == '=') {
        return argv[*at] + len + 1;
    }
    return argv[*at][len] == '\0' && *at + 1 < argc ? argv[++*at] : NULL;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], TOC_VERIFY_ARGUMENT) == 0) {
        return toc_verify_child();
    }
    struct toc_loop_options options = {.unlock = {.may_ask = true}};
    const struct {
        const char *name;
        const char **value;
    } known[] = {{"--home", &options.home},
                 {"--credential", &options.unlock.credential_path},
                 {"--passphrase-file", &options.unlock.passphrase_path}};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            fputs(usage, stdout);
            return TOC_EXIT_DONE;
        }
        const char *value = NULL;
        for (size_t k = 0; value == NULL && k < sizeof(known) / sizeof(known[0]); k++) {
            value = take_option(known[k].name, argc, argv, &i);
            if (value != NULL) {
                *known[k].value = value;
            }
        }
        if (value == NULL) {
            struct toc_line line;
            toc_line_set(&line, "unknown argument %s: see tocsind --help", argv[i]);
            fprintf(stderr, "tocsind: %s\n", line.text);
            return TOC_EXIT_USAGE;
        }
    }
    return (int)toc_loop_run(&options);
}
