/* SPDX-License-Identifier: EUPL-1.2 */
#include "command.h"
#include "term.h"

#include <ctype.h>
#include <string.h>

#define HELP_OPTION_COLUMNS 28u

const struct toc_option toc_option_json = {
    "json", 0, NULL, "print JSON Lines with the keys that node/OPERATING.md lists"};

const struct toc_option toc_options_common[] = {
    {"home", 0, "DIR", "the node's folder; else $TOCSIN_HOME, else ~/.local/share/tocsin"},
    {"passphrase-file", 0, "FILE", "its first line is the passphrase of the key files"},
    {"credential", 0, "FILE", "32 bytes that open the key files instead of a passphrase"},
    {"help", 'h', NULL, "print this and stop"},
    {0},
};

static void print_option(FILE *out, const struct toc_option *option)
{
    char left[96];
    char letter[8] = "    ";
    if (option->letter != 0) {
        (void)snprintf(letter, sizeof letter, "-%c, ", option->letter);
    }
    (void)snprintf(left, sizeof left, "%s--%s%s%s", letter, option->name,
                   option->value == NULL ? "" : " ", option->value == NULL ? "" : option->value);
    if (strlen(left) > HELP_OPTION_COLUMNS) {
        (void)fprintf(out, "  %s\n  %-*s  %s\n", left, (int)HELP_OPTION_COLUMNS, "", option->help);
    } else {
        (void)fprintf(out, "  %-*s  %s\n", (int)HELP_OPTION_COLUMNS, left, option->help);
    }
}

static void print_options(FILE *out, const struct toc_option *options)
{
    for (; options != NULL && options->name != NULL; options++) {
        print_option(out, options);
    }
}

static void print_usage(FILE *out, const struct toc_command *command,
                        const struct toc_command *parent)
{
    (void)fprintf(out, "usage: tocsin %s%s%s", parent == NULL ? "" : parent->name,
                  parent == NULL ? "" : " ", command->name);
    if (command->options != NULL || command->json) {
        (void)fputs(" [OPTION]...", out);
    }
    if (command->verbs != NULL) {
        (void)fputs(command->run == NULL ? " VERB ..." : " [VERB ...]", out);
    }
    if (command->operands[0] != '\0') {
        (void)fprintf(out, " %s", command->operands);
    }
    (void)fputc('\n', out);
}

static void print_verbs(FILE *out, const struct toc_command *command)
{
    (void)fputs("\nVerbs:\n", out);
    for (size_t i = 0; command->verbs[i] != NULL; i++) {
        const struct toc_command *verb = command->verbs[i];
        char left[96];
        (void)snprintf(left, sizeof left, "%s %s", verb->name, verb->operands);
        (void)fprintf(out, "  %-*s  %s\n", (int)HELP_OPTION_COLUMNS, left, verb->summary);
    }
    (void)fprintf(out, "`tocsin %s VERB --help` tells more.\n", command->name);
}

void toc_help_command(FILE *out, const struct toc_command *command,
                      const struct toc_command *parent)
{
    print_usage(out, command, parent);
    (void)fprintf(out, "\n%c%s.\n", toupper((unsigned char)command->summary[0]),
                  command->summary + 1);
    if (command->detail != NULL) {
        (void)fprintf(out, "%s\n", command->detail);
    }
    if (command->verbs != NULL) {
        print_verbs(out, command);
    }
    (void)fputs("\nOptions:\n", out);
    print_options(out, command->options);
    if (command->json) {
        print_option(out, &toc_option_json);
    }
    print_options(out, toc_options_common);
    (void)fprintf(out,
                  "\nExit status: 0 done, 1 nothing found, 2 wrong usage, 3 refused by policy,\n"
                  "4 cannot reach the node, 5 failed.%s\n",
                  command->node ? " It needs a running node." : "");
}

void toc_help_all(FILE *out)
{
    (void)fputs("usage: tocsin COMMAND [OPTION]... [ARGUMENT]...\n\n"
                "Threat bulletins among CERTs, signed, encrypted and passed on by every node.\n\n",
                out);
    for (size_t i = 0; toc_commands[i] != NULL; i++) {
        (void)fprintf(out, "  %-12s  %s\n", toc_commands[i]->name, toc_commands[i]->summary);
    }
    (void)fputs("\n`tocsin COMMAND --help` tells more. Options that every command takes:\n", out);
    print_options(out, toc_options_common);
}
