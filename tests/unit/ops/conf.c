/* SPDX-License-Identifier: EUPL-1.2 */
#include "check.h"

#include "ops.h"

static void every_key_has_a_default_and_the_file_that_init_writes_reads_back(void **state)
{
    (void)state;
    struct toc_conf defaults, read;
    char text[8192];
    struct toc_line line = {{0}};
    toc_conf_init(&defaults);
    toc_conf_init(&read);
    assert_ok(toc_conf_set(&read, "node", "listen", toc_span_str("127.0.0.1:4433"), &line));
    assert_ok(toc_conf_set(&read, "limits", "pool_threads", toc_span_str("7"), &line));
    assert_ok(toc_conf_set(&read, "publish", "audience", toc_span_str("all"), &line));
    size_t len = toc_conf_text(text, sizeof(text), &read);
    assert_int_equal(len, strlen(text));
    assert_ok(toc_conf_parse(&defaults, toc_span(text, len), "tocsin.conf", &line));
    assert_memory_equal(&defaults, &read, sizeof(read));
    assert_non_null(strstr(text, "1 to 16. Needs a restart.\npool_threads"));
    assert_non_null(strstr(text, "warning, info, debug.\nlog = info"));
}

static void what_is_wrong_is_refused_with_its_line(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum toc_code code;
        const char *line;
    } rows[] = {
        {"[node]\nlistn = none\n", TOC_USAGE, "x.conf:2: there is no key listn in [node]"},
        {"listen = none\n", TOC_USAGE, "x.conf:1: listen stands before the first [section]"},
        {"[qouta]\nburst = 1\n", TOC_USAGE, "x.conf:1: no section [qouta]"},
        {"[]\n", TOC_USAGE, "x.conf:1: no section []"},
        {"[node] # ours\n", TOC_SYNTAX,
         "x.conf:1: a section is followed by a comment: comments need a line of their own"},
        {"[node]\nlog = info # quiet\n", TOC_USAGE,
         "x.conf:2: the value of log is followed by a comment: comments need a line of their own"},
        {"[publish]\naudience = all\t; of us\n", TOC_USAGE,
         "x.conf:2: the value of audience is followed by a comment: comments need a line of their "
         "own"},
        {"[publish]\naudience = # ask\n", TOC_USAGE,
         "x.conf:2: the value of audience is followed by a comment: comments need a line of their "
         "own"},
        {"[node]\nlog = info\n[limits]\n[node]\nlog = info\n", TOC_USAGE,
         "x.conf:5: log is given twice in [node]"},
        {"[node]\n\n# c\nalone = maybe\n", TOC_USAGE, "x.conf:4: alone must be yes or no"},
        {"[node\n", TOC_SYNTAX, "x.conf:1: a section must end with ]"},
        {"[node]\nlisten\n", TOC_SYNTAX, "x.conf:2: neither [section], key = value nor # comment"},
        {"[limits]\nlinks = 65\n", TOC_USAGE, "x.conf:2: links must be a number from 1 to 64"},
        {"[limits]\nlinks = 0\n", TOC_USAGE, "x.conf:2: links must be a number from 1 to 64"},
        {"[limits]\nlinks = -1\n", TOC_USAGE, "x.conf:2: links must be a number from 1 to 64"},
        {"[limits]\nlinks = 4294967297\n", TOC_USAGE,
         "x.conf:2: links must be a number from 1 to 64"},
        {"[quota]\nentries_hour = 0\n", TOC_USAGE,
         "x.conf:2: entries_hour must be a number from 1 to 1000000"},
        {"[quota]\nburst = 1000001\n", TOC_USAGE,
         "x.conf:2: burst must be a number from 1 to 1000000"},
        {"[quota]\nbytes_day = 4294967296\n", TOC_USAGE,
         "x.conf:2: bytes_day must be a number from 1 to 4294967295"},
        {"[node]\nlog = loud\n", TOC_USAGE, "x.conf:2: log must be error, warning, info or debug"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct toc_conf conf, before;
        struct toc_line line = {{0}};
        toc_conf_init(&conf);
        before = conf;
        assert_code(toc_conf_parse(&conf, toc_span_str(rows[i].text), "x.conf", &line),
                    rows[i].code);
        assert_string_equal(line.text, rows[i].line);
        assert_memory_equal(&conf, &before, sizeof(conf));
    }
}

static void blanks_comments_and_line_ends_of_any_kind_pass(void **state)
{
    (void)state;
    static const char text[] = "\r\n; comment\r\n[node]\r\n  listen\t=  [::1]:9  \r\n"
                               "[publish]\naudience = AA, BB\n[node]\nalone=yes";
    struct toc_conf conf;
    toc_conf_init(&conf);
    assert_ok(toc_conf_parse(&conf, toc_span_str(text), "x", NULL));
    assert_string_equal(conf.node_listen, "[::1]:9");
    assert_string_equal(conf.publish_audience, "AA, BB");
    assert_true(conf.node_alone);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_key_has_a_default_and_the_file_that_init_writes_reads_back),
        cmocka_unit_test(what_is_wrong_is_refused_with_its_line),
        cmocka_unit_test(blanks_comments_and_line_ends_of_any_kind_pass),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
