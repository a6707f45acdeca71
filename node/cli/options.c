/* SPDX-License-Identifier: EUPL-1.2 */
#include "command.h"
#include "term.h"

#include <string.h>

/* What is being read: the command, and all options that it or a verb of it may take. */
struct parse {
    struct toc_args *args;
    struct toc_given *given;
    const char **operands;
    const struct toc_option *known[TOC_OPTIONS_MAX];
    size_t known_count;
    bool help;
};

/* lists of options */

static bool lists_option(const struct toc_option *options, const struct toc_option *wanted)
{
    for (; options != NULL && options->name != NULL; options++) {
        if (strcmp(options->name, wanted->name) == 0) {
            return true;
        }
    }
    return false;
}

static void know_option(struct parse *parse, const struct toc_option *option)
{
    for (size_t i = 0; i < parse->known_count; i++) {
        if (strcmp(parse->known[i]->name, option->name) == 0) {
            return;
        }
    }
    TOC_ASSERT(parse->known_count < TOC_OPTIONS_MAX);
    parse->known[parse->known_count++] = option;
}

static void know_options(struct parse *parse, const struct toc_option *options)
{
    for (; options != NULL && options->name != NULL; options++) {
        know_option(parse, options);
    }
}

static void know_command(struct parse *parse, const struct toc_command *command)
{
    know_options(parse, command->options);
    if (command->json) {
        know_option(parse, &toc_option_json);
    }
    for (size_t i = 0; command->verbs != NULL && command->verbs[i] != NULL; i++) {
        know_command(parse, command->verbs[i]);
    }
}

static bool takes_option(const struct toc_command *command, const struct toc_option *option)
{
    return lists_option(command->options, option) || lists_option(toc_options_common, option) ||
           (command->json && strcmp(option->name, toc_option_json.name) == 0);
}

/* words */

static const struct toc_option *find_long(const struct parse *parse, const char *name, size_t len)
{
    for (size_t i = 0; i < parse->known_count; i++) {
        if (strlen(parse->known[i]->name) == len &&
            strncmp(parse->known[i]->name, name, len) == 0) {
            return parse->known[i];
        }
    }
    return NULL;
}

static const struct toc_option *find_letter(const struct parse *parse, char letter)
{
    for (size_t i = 0; i < parse->known_count; i++) {
        if (letter != 0 && parse->known[i]->letter == letter) {
            return parse->known[i];
        }
    }
    return NULL;
}

/* Is this word the value of the common option before it? Needed before the command is known. */
static bool is_common_with_value(const char *word)
{
    for (const struct toc_option *option = toc_options_common; option->name != NULL; option++) {
        if (option->value != NULL && strncmp(word, "--", 2) == 0 &&
            strcmp(word + 2, option->name) == 0) {
            return true;
        }
    }
    return false;
}

/* Index of the command's word in argv; argc when there is none. */
static int find_command_word(int argc, char **argv)
{
    int i = 1;
    while (i < argc && argv[i][0] == '-') {
        i += is_common_with_value(argv[i]) ? 2 : 1;
    }
    return i < argc ? i : argc;
}

static void add_given(struct parse *parse, const struct toc_option *option, const char *value)
{
    parse->given[parse->args->given_count++] = (struct toc_given){option, value};
    parse->help = parse->help || strcmp(option->name, "help") == 0;
}

/* Takes the option in argv[*at], and its value with it. */
static bool take_long(struct parse *parse, int argc, char **argv, int *at)
{
    const char *name = argv[*at] + 2, *equals = strchr(name, '=');
    size_t len = equals == NULL ? strlen(name) : (size_t)(equals - name);
    const struct toc_option *option = find_long(parse, name, len);
    if (option == NULL) {
        (void)toc_complain_usage(parse->args, "unknown option --%.*s", (int)len, name);
        return false;
    }
    if (option->value == NULL && equals != NULL) {
        (void)toc_complain_usage(parse->args, "--%s takes no value", option->name);
        return false;
    }
    const char *value = equals == NULL ? NULL : equals + 1;
    if (option->value != NULL && value == NULL) {
        if (*at + 1 >= argc) {
            (void)toc_complain_usage(parse->args, "--%s needs a value: %s", option->name,
                                     option->value);
            return false;
        }
        value = argv[++*at];
    }
    add_given(parse, option, value);
    return true;
}

/* Takes letters: switches may be joined, a value may follow its letter directly. */
static bool take_letters(struct parse *parse, int argc, char **argv, int *at)
{
    const char *letter = argv[*at] + 1;
    while (*letter != '\0') {
        const struct toc_option *option = find_letter(parse, *letter);
        if (option == NULL) {
            (void)toc_complain_usage(parse->args, "unknown option -%c", *letter);
            return false;
        }
        if (option->value == NULL) {
            add_given(parse, option, NULL);
            letter++;
            continue;
        }
        const char *value = letter + 1;
        if (*value == '\0') {
            if (*at + 1 >= argc) {
                (void)toc_complain_usage(parse->args, "-%c needs a value: %s", *letter,
                                         option->value);
                return false;
            }
            value = argv[++*at];
        }
        add_given(parse, option, value);
        break;
    }
    return true;
}

/* `query -tlp:green`: a negated term, not letters of options, which are followed by no colon or
 * comparison. */
static bool is_negated_term(const struct toc_command *command, const char *word)
{
    size_t letters = strspn(word + 1, "abcdefghijklmnopqrstuvwxyz");
    return command->terms && letters > 1 && word[1 + letters] != '\0' &&
           strchr(":=<>", word[1 + letters]) != NULL;
}

static bool take_words(struct parse *parse, int argc, char **argv, int command_at)
{
    bool options = true;
    for (int i = 1; i < argc; i++) {
        const char *word = argv[i];
        if (i == command_at) {
            continue;
        }
        if (options && strcmp(word, "--") == 0) {
            options = false;
        } else if (options && strncmp(word, "--", 2) == 0) {
            if (!take_long(parse, argc, argv, &i)) {
                return false;
            }
        } else if (options && word[0] == '-' && word[1] != '\0' &&
                   !is_negated_term(parse->args->command, word)) {
            if (!take_letters(parse, argc, argv, &i)) {
                return false;
            }
        } else {
            parse->operands[parse->args->operand_count++] = word;
        }
    }
    return true;
}

/* the whole */

/* The first operand may name a verb; then it is no operand. */
static bool choose_verb(struct parse *parse)
{
    struct toc_args *args = parse->args;
    const struct toc_command *command = args->command;
    if (command->verbs == NULL) {
        return true;
    }
    for (size_t i = 0; args->operand_count > 0 && command->verbs[i] != NULL; i++) {
        if (strcmp(command->verbs[i]->name, args->operands[0]) == 0) {
            args->parent = command;
            args->command = command->verbs[i];
            args->operands++;
            args->operand_count--;
            return true;
        }
    }
    if (args->operand_count > 0) {
        (void)toc_complain_usage(args, "%s %s is not in this version", command->name,
                                 args->operands[0]);
        return false;
    }
    if (command->run == NULL && !parse->help) {
        (void)toc_complain_usage(args, "%s needs a verb", command->name);
        return false;
    }
    return true;
}

static bool check_given(const struct toc_args *args)
{
    const struct toc_command *command = args->command;
    for (size_t i = 0; i < args->given_count; i++) {
        if (!takes_option(command, args->given[i].option)) {
            (void)toc_complain_usage(args, "%s does not take --%s", command->name,
                                     args->given[i].option->name);
            return false;
        }
    }
    if (args->operand_count < command->operand_min) {
        (void)toc_complain_usage(args, "too few arguments, wanted: %s", command->operands);
        return false;
    }
    if (args->operand_count > command->operand_max) {
        (void)toc_complain_usage(args, "one argument too many: %s",
                                 args->operands[command->operand_max]);
        return false;
    }
    return true;
}

/* No command: help was asked for, or nothing was said. */
static enum toc_exit without_command(const struct toc_args *args, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            toc_help_all(stdout);
            return TOC_EXIT_DONE;
        }
    }
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--version") == 0 || strcmp(argv[i], "-V") == 0) {
            return toc_command_find("version")->run(args);
        }
    }
    return toc_complain(TOC_EXIT_USAGE, "no command given; see tocsin --help");
}

bool toc_args_parse(struct toc_args *args, struct toc_given *given, const char **operands, int argc,
                    char **argv, enum toc_exit *status)
{
    *status = TOC_EXIT_USAGE;
    *args = (struct toc_args){.given = given, .operands = operands};
    int command_at = find_command_word(argc, argv);
    if (command_at == argc) {
        *status = without_command(args, argc, argv);
        return false;
    }
    const char *name = argv[command_at];
    args->command = toc_command_find(name);
    if (args->command == NULL) {
        (void)toc_complain(TOC_EXIT_USAGE,
                           toc_command_is_later(name) ? "this version does not have `%s`; see "
                                                        "tocsin --help for what it has"
                                                      : "unknown command `%s`; see tocsin --help",
                           name);
        return false;
    }
    struct parse parse = {.args = args, .given = given, .operands = operands};
    know_command(&parse, args->command);
    know_options(&parse, toc_options_common);
    if (!take_words(&parse, argc, argv, command_at) || !choose_verb(&parse)) {
        return false;
    }
    if (parse.help) {
        toc_help_command(stdout, args->command, args->parent);
        *status = TOC_EXIT_DONE;
        return false;
    }
    return check_given(args);
}

/* what was given */

const char *toc_args_value(const struct toc_args *args, const char *name)
{
    for (size_t i = args->given_count; i-- > 0;) {
        if (strcmp(args->given[i].option->name, name) == 0) {
            return args->given[i].value;
        }
    }
    return NULL;
}

size_t toc_args_count(const struct toc_args *args, const char *name)
{
    size_t count = 0;
    for (size_t i = 0; i < args->given_count; i++) {
        count += strcmp(args->given[i].option->name, name) == 0;
    }
    return count;
}

bool toc_args_has(const struct toc_args *args, const char *name)
{
    return toc_args_count(args, name) > 0;
}

const char *toc_args_repeated(const struct toc_args *args, const char *name, size_t index)
{
    for (size_t i = 0; i < args->given_count; i++) {
        if (strcmp(args->given[i].option->name, name) == 0 && index-- == 0) {
            return args->given[i].value;
        }
    }
    return NULL;
}

struct toc_unlock_options toc_args_unlock(const struct toc_args *args)
{
    return (struct toc_unlock_options){.credential_path = toc_args_value(args, "credential"),
                                       .passphrase_path = toc_args_value(args, "passphrase-file"),
                                       .may_ask = true};
}

struct toc_err toc_args_home(const struct toc_args *args, struct toc_home *home,
                             struct toc_line *line)
{
    char path[TOC_PATH_BYTES];
    TOC_TRY(toc_home_find(path, toc_args_value(args, "home"), line));
    struct toc_err err = toc_home_open(home, path, line);
    /* "Nothing found" is an answer to a question; a missing home is a failure. */
    return err.code == TOC_ABSENT ? toc_fail(TOC_IO, err.why) : err;
}

struct toc_err toc_args_read(const char *path, size_t max, struct toc_bytes *bytes,
                             struct toc_line *line)
{
    struct toc_err err = toc_file_read(path, max, bytes, line);
    return err.code == TOC_ABSENT ? toc_fail(TOC_USAGE, err.why) : err;
}
