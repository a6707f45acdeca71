/* SPDX-License-Identifier: EUPL-1.2 */
/* Private to cli: what a command is, what it was given, how it complains. */
#ifndef TOC_COMMAND_H
#define TOC_COMMAND_H

#include "ops.h"

/* An option as --name, with a letter also as -l. Options without a metavariable are switches. The
 * lists end with an option without a name. */
struct toc_option {
    const char *name;
    char letter;       /* 0: none */
    const char *value; /* metavariable; NULL: a switch */
    const char *help;  /* one line */
};

struct toc_args;

/* A command, or one of a command's own verbs (`federation sign`). */
struct toc_command {
    const char *name;
    const char *operands; /* as in the usage line; "" none */
    const char *summary;  /* one line */
    const char *detail;   /* paragraphs below the summary, or NULL */
    const struct toc_option *options;
    bool json;  /* takes --json */
    bool node;  /* asks a running node */
    bool terms; /* operands such as -tlp:green are negated terms, not options */
    size_t operand_min, operand_max; /* SIZE_MAX: any number */
    enum toc_exit (*run)(const struct toc_args *args);
    /* Verbs, ended by NULL; then `run` may be NULL: a verb must be named. With `run` set the
     * command may also stand alone. */
    const struct toc_command *const *verbs;
};

#define TOC_OPTIONS_MAX 64u /* of one command, its verbs' and the common ones included */

struct toc_given {
    const struct toc_option *option;
    const char *value; /* NULL of a switch */
};

/* What a command was given. Lends: argv's strings. */
struct toc_args {
    const struct toc_command *command; /* the verb, where there is one */
    const struct toc_command *parent;  /* of a verb; else NULL */
    const struct toc_given *given;     /* in the order of the command line */
    size_t given_count;
    const char *const *operands;
    size_t operand_count;
};

/* The last value given for an option, or NULL. */
const char *toc_args_value(const struct toc_args *args, const char *name);
bool toc_args_has(const struct toc_args *args, const char *name);
/* The value of occurrence `index` (from 0) of an option that may be repeated; NULL when there are
 * no more. */
const char *toc_args_repeated(const struct toc_args *args, const char *name, size_t index);
size_t toc_args_count(const struct toc_args *args, const char *name);
/* Where --credential, --passphrase-file and a prompt may find the secret of a key file. */
struct toc_unlock_options toc_args_unlock(const struct toc_args *args);
/* Opens the home that --home, $TOCSIN_HOME or the default names. Fails: as toc_home_open. */
TOC_MUST_USE struct toc_err toc_args_home(const struct toc_args *args, struct toc_home *home,
                                          struct toc_line *line);

/* toc_file_read of a file that the command line names: one that is not there is wrong usage. */
TOC_MUST_USE struct toc_err toc_args_read(const char *path, size_t max, struct toc_bytes *bytes,
                                          struct toc_line *line);

/*
 * Reads the command line. Options may stand anywhere before `--`; "-" is an operand. `given` and
 * `operands` need argc items each. Gives false after complaining (*status is the exit status) or
 * after printing help (*status is DONE).
 */
bool toc_args_parse(struct toc_args *args, struct toc_given *given, const char **operands, int argc,
                    char **argv, enum toc_exit *status);

/* All commands in the order of the help, ended by NULL. */
extern const struct toc_command *const toc_commands[];
/* Options that every command takes. */
extern const struct toc_option toc_options_common[];
/* --json, for the commands that take it. */
extern const struct toc_option toc_option_json;

/* The command with this name; NULL when there is none. */
const struct toc_command *toc_command_find(const char *name);
/* Whether the name belongs to a command that later versions will have. */
bool toc_command_is_later(const char *name);
void toc_help_all(FILE *out);
void toc_help_command(FILE *out, const struct toc_command *command,
                      const struct toc_command *parent);

/* One line on stderr: "tocsin: " and the text, escaped. Gives `status`. */
enum toc_exit toc_complain(enum toc_exit status, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The line of a failure; where it is empty, what the code says. Gives the exit status of the code.
 */
enum toc_exit toc_complain_err(struct toc_err err, const struct toc_line *line);
/* A line that ends with how to get help. Gives TOC_EXIT_USAGE. */
enum toc_exit toc_complain_usage(const struct toc_args *args, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* "label      text" for the commands that show one thing; nothing where the text is empty. */
void toc_show_pair(FILE *out, const char *label, struct toc_span text);
void toc_show_text(const char *label, const char *text); /* on stdout */
void toc_show_line(FILE *out, const char *label, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* TLP in its colour. */
void toc_show_tlp(FILE *out, struct toc_span tlp);

/* Flushes stdout; a failed write (a full disk, a closed pipe) is a failure of the command. */
enum toc_exit toc_finish_output(enum toc_exit status);

#endif
