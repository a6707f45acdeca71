/* SPDX-License-Identifier: EUPL-1.2 */
#include "cli.h"
#include "command.h"

#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

extern const struct toc_command toc_command_init, toc_command_card, toc_command_keys,
    toc_command_federation, toc_command_run, toc_command_status, toc_command_peers,
    toc_command_publish, toc_command_share, toc_command_query, toc_command_lookup, toc_command_show,
    toc_command_verify, toc_command_backup, toc_command_version;

const struct toc_command *const toc_commands[] = {
    &toc_command_init,   &toc_command_card,   &toc_command_keys,    &toc_command_federation,
    &toc_command_run,    &toc_command_status, &toc_command_peers,   &toc_command_publish,
    &toc_command_share,  &toc_command_query,  &toc_command_lookup,  &toc_command_show,
    &toc_command_verify, &toc_command_backup, &toc_command_version, NULL};

/* Commands of the manual that this version lacks: asked for, they say so. */
static const char *const later[] = {"roster",  "group", "audit",    "revoke", "supersede",
                                    "correct", "sight", "ack",      "reply",  "takedown",
                                    "mute",    "purge", "receipts", "sweep",  "related",
                                    "stats",   "watch", "export",   "import", "carry",
                                    "draft",   "token", "restore",  "doctor", "completion"};

const struct toc_command *toc_command_find(const char *name)
{
    for (size_t i = 0; toc_commands[i] != NULL; i++) {
        if (strcmp(toc_commands[i]->name, name) == 0) {
            return toc_commands[i];
        }
    }
    return NULL;
}

bool toc_command_is_later(const char *name)
{
    for (size_t i = 0; i < sizeof later / sizeof later[0]; i++) {
        if (strcmp(later[i], name) == 0) {
            return true;
        }
    }
    return false;
}

int toc_cli_main(int argc, char **argv)
{
    struct toc_line line = {""};
    struct toc_args args;
    enum toc_exit status;
    /* A reader that goes away ends the output with an error, not the process by a signal. */
    (void)signal(SIGPIPE, SIG_IGN);
    struct toc_err err = toc_process_harden(&line);
    if (toc_failed(err)) {
        return (int)toc_complain_err(err, &line);
    }
    struct toc_given *given = calloc((size_t)argc + 1, sizeof *given);
    const char **operands = calloc((size_t)argc + 1, sizeof *operands);
    if (given == NULL || operands == NULL) {
        status = toc_complain(TOC_EXIT_FAILED, "no memory");
    } else if (toc_args_parse(&args, given, operands, argc, argv, &status)) {
        status = args.command->run(&args);
    } else {
        status = toc_finish_output(status);
    }
    free(given);
    free(operands);
    return (int)status;
}
