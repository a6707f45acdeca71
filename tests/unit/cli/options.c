/* SPDX-License-Identifier: EUPL-1.2 */
/* Reading a command line: what is taken, and that everything else exits 2. */
#include "check.h"

#include "command.h"
#include "sources.h"

#include <fcntl.h>

#define WORDS_MAX 24u

struct parsed {
    struct toc_args args;
    struct toc_given given[WORDS_MAX];
    const char *operands[WORDS_MAX];
    enum toc_exit status;
    bool ok;
};

/* Points a stream to /dev/null; gives the descriptor that restores it. */
static int silence(FILE *stream)
{
    int null = open("/dev/null", O_WRONLY);
    assert_true(null >= 0);
    (void)fflush(stream);
    int kept = dup(fileno(stream));
    (void)dup2(null, fileno(stream));
    (void)close(null);
    return kept;
}

static void restore(FILE *stream, int kept)
{
    (void)fflush(stream);
    (void)dup2(kept, fileno(stream));
    (void)close(kept);
}

static struct parsed *parse(char **words)
{
    static struct parsed parsed;
    memset(&parsed, 0, sizeof parsed);
    int count = 0;
    while (words[count] != NULL) {
        count++;
    }
    assert_true((size_t)count < WORDS_MAX);
    int out = silence(stdout), err = silence(stderr);
    parsed.ok =
        toc_args_parse(&parsed.args, parsed.given, parsed.operands, count, words, &parsed.status);
    restore(stdout, out);
    restore(stderr, err);
    return &parsed;
}

#define PARSE(...) parse((char *[]){"tocsin", __VA_ARGS__, NULL})

static void options_stand_anywhere_before_the_double_dash(void **state)
{
    (void)state;
    struct parsed *parsed =
        PARSE("--home", "/h", "publish", "a", "--to=all", "-t", "BB", "--", "--tlp", "-");
    assert_true(parsed->ok);
    assert_string_equal(parsed->args.command->name, "publish");
    assert_string_equal(toc_args_value(&parsed->args, "home"), "/h");
    assert_string_equal(toc_args_value(&parsed->args, "to"), "BB");
    assert_string_equal(toc_args_repeated(&parsed->args, "to", 0), "all");
    assert_null(toc_args_repeated(&parsed->args, "to", 2));
    assert_false(toc_args_has(&parsed->args, "tlp"));
    assert_int_equal(parsed->args.operand_count, 3);
    assert_string_equal(parsed->args.operands[1], "--tlp");
    assert_string_equal(parsed->args.operands[2], "-");
}

static void letters_join_and_carry_values(void **state)
{
    (void)state;
    struct parsed *parsed = PARSE("show", "abc", "-d2", "-oout");
    assert_true(parsed->ok);
    assert_string_equal(toc_args_value(&parsed->args, "document"), "2");
    assert_string_equal(toc_args_value(&parsed->args, "output"), "out");
    parsed = PARSE("publish", "-yt", "all", "f");
    assert_true(parsed->ok);
    assert_true(toc_args_has(&parsed->args, "yes"));
    assert_string_equal(toc_args_value(&parsed->args, "to"), "all");
}

static void a_verb_is_chosen_by_the_first_operand(void **state)
{
    (void)state;
    struct parsed *parsed = PARSE("federation", "--name", "sign", "found", "-o", "f", "card");
    assert_true(parsed->ok);
    assert_string_equal(parsed->args.command->name, "found");
    assert_string_equal(parsed->args.parent->name, "federation");
    assert_string_equal(toc_args_value(&parsed->args, "name"), "sign");
    parsed = PARSE("card");
    assert_true(parsed->ok);
    assert_string_equal(parsed->args.command->name, "card");
}

static void wrong_usage_exits_2(void **state)
{
    (void)state;
    char *rows[][6] = {
        {"tocsin", NULL},
        {"tocsin", "nonsense", NULL},
        {"tocsin", "roster", NULL}, /* of a later version */
        {"tocsin", "status", "--nonsense", NULL},
        {"tocsin", "status", "-Z", NULL},
        {"tocsin", "peers", "extra", NULL},
        {"tocsin", "show", NULL},            /* too few */
        {"tocsin", "show", "a", "b", NULL},  /* too many */
        {"tocsin", "publish", "--to", NULL}, /* a value is missing */
        {"tocsin", "publish", "-t", NULL},
        {"tocsin", "publish", "--dry-run=yes", NULL},
        {"tocsin", "federation", NULL},          /* a verb is missing */
        {"tocsin", "federation", "leave", NULL}, /* a verb of a later version */
        {"tocsin", "federation", "show", "f", "--secret", "s"},
        {"tocsin", "run", "--json", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *words[7] = {NULL};
        memcpy(words, rows[i], sizeof rows[i]);
        struct parsed *parsed = parse(words);
        assert_false(parsed->ok);
        assert_int_equal(parsed->status, TOC_EXIT_USAGE);
    }
}

static void help_is_done_wherever_it_stands(void **state)
{
    (void)state;
    static char *const rows[][4] = {{"--help"},
                                    {"-h"},
                                    {"publish", "--help"},
                                    {"--help", "publish"},
                                    {"federation", "--help"},
                                    {"federation", "sign", "-h"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *words[6] = {"tocsin", rows[i][0], rows[i][1], rows[i][2], rows[i][3], NULL};
        struct parsed *parsed = parse(words);
        assert_false(parsed->ok);
        assert_int_equal(parsed->status, TOC_EXIT_DONE);
    }
}

static void spans_and_times_are_read(void **state)
{
    (void)state;
    uint64_t ms = 0;
    assert_true(toc_span_parse("90s", &ms));
    assert_int_equal(ms, 90000);
    assert_true(toc_span_parse("2w", &ms));
    assert_int_equal(ms, 2ull * 7 * 86400 * 1000);
    static const char *const bad[] = {
        "", "d", "3", "-3d", "3x", "3dd", "0h", "99999w", "99999999999999999999d"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(toc_span_parse(bad[i], &ms));
    }
    assert_true(toc_when_parse("2026-03-01", 0, &ms));
    assert_int_equal(ms, 1772323200000u);
    assert_true(toc_when_parse("2026-03-01T10:00:00Z", 0, &ms));
    assert_int_equal(ms, 1772359200000u);
    assert_true(toc_when_parse("1d", 1000, &ms));
    assert_int_equal(ms, 86401000u);
    static const char *const bad_when[] = {"", "tomorrow", "2026-13-01", "2026-03-01T10", "2026"};
    for (size_t i = 0; i < sizeof bad_when / sizeof bad_when[0]; i++) {
        assert_false(toc_when_parse(bad_when[i], 0, &ms));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_stand_anywhere_before_the_double_dash),
        cmocka_unit_test(letters_join_and_carry_values),
        cmocka_unit_test(a_verb_is_chosen_by_the_first_operand),
        cmocka_unit_test(wrong_usage_exits_2),
        cmocka_unit_test(help_is_done_wherever_it_stands),
        cmocka_unit_test(spans_and_times_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
