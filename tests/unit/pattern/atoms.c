/* SPDX-License-Identifier: EUPL-1.2 */
/* What a pattern gives: its atoms as text, one property a row. */
#include "check.h"
#include "pattern.h"

/* "type:path=text" of every atom, "!" behind a compound one, ":port", "<ref type>", parted by "|".
 */
static void print_atoms(const struct toc_pattern *pattern, char *out, size_t size)
{
    size_t len = 0;
    out[0] = '\0';
    for (uint32_t i = 0; i < pattern->count; i++) {
        const struct toc_pattern_atom *atom = &pattern->atoms[i];
        char port[8] = "";
        if (atom->port != 0) {
            (void)snprintf(port, sizeof port, ":%u", (unsigned)atom->port);
        }
        int put = snprintf(out + len, size - len, "%s%.*s:%.*s%s%.*s%s%s%s%.*s%s",
                           i == 0 ? "" : "|", (int)atom->type.len, (const char *)atom->type.at,
                           (int)atom->path.len, (const char *)atom->path.at,
                           atom->op == TOC_PATTERN_SUBSET ? "<=" : "=", (int)atom->text.len,
                           (const char *)atom->text.at, port, atom->compound ? "!" : "",
                           atom->ref_type.len > 0 ? "<" : "", (int)atom->ref_type.len,
                           (const char *)atom->ref_type.at, atom->ref_type.len > 0 ? ">" : "");
        assert_true(put > 0 && (size_t)put < size - len);
        len += (size_t)put;
    }
}

static const struct {
    const char *pattern;
    const char *atoms;
} rows[] = {
    /* 1: one equality */
    {"[domain-name:value = 'evil.example']", "domain-name:value=evil.example"},
    /* 2: quoted steps lose their quotes */
    {"[file:hashes.'SHA-256' = 'aa']", "file:hashes.SHA-256=aa"},
    /* 3: an OR list is single values */
    {"[url:value = 'a' OR url:value = 'b']", "url:value=a|url:value=b"},
    /* 4: AND makes its members compound */
    {"[file:name = 'a' AND file:size = 3]", "file:name=a!|file:size=3!"},
    /* 5: a test that gives no value still makes its neighbour compound */
    {"[file:name = 'a' AND file:size > 3]", "file:name=a!"},
    /* 6: the pair of a reference folds into one single value */
    {"[network-traffic:dst_ref.type = 'ipv4-addr' AND network-traffic:dst_ref.value = '1.2.3.4']",
     "network-traffic:dst_ref.value=1.2.3.4<ipv4-addr>"},
    /* 7: in any order */
    {"[network-traffic:dst_ref.value = '1.2.3.4' AND network-traffic:dst_ref.type = 'ipv4-addr']",
     "network-traffic:dst_ref.value=1.2.3.4<ipv4-addr>"},
    /* 8: with its port */
    {"[network-traffic:dst_ref.type = 'ipv4-addr' AND network-traffic:dst_ref.value = '1.2.3.4' "
     "AND "
     "network-traffic:dst_port = 443]",
     "network-traffic:dst_ref.value=1.2.3.4:443<ipv4-addr>"},
    /* 9: the port of the other end does not fold */
    {"[network-traffic:dst_ref.value = '1.2.3.4' AND network-traffic:src_port = 443]",
     "network-traffic:dst_ref.value=1.2.3.4!|network-traffic:src_port=443!"},
    /* 10: a type under OR is no pair */
    {"[(x:a_ref.type = 'p' OR x:n = 1) AND x:a_ref.value = 'v']",
     "x:a_ref.type=p!|x:n=1!|x:a_ref.value=v!"},
    /* 11: references of different objects are no pair */
    {"[x:a_ref.type = 'p' AND y:a_ref.value = 'v']", "x:a_ref.type=p!|y:a_ref.value=v!"},
    /* 12: pairs within an OR list */
    {"[(x:a_ref.type = 'p' AND x:a_ref.value = 'v') OR (x:a_ref.type = 'q' AND x:a_ref.value = "
     "'w')]",
     "x:a_ref.value=v<p>|x:a_ref.value=w<q>"},
    /* 13: negated tests give no value */
    {"[a:b != 'x' OR a:b NOT = 'y' OR a:b NOT IN ('z') OR a:b = 'w']", "a:b=w"},
    /* 14: members of a set are alternatives */
    {"[a:b IN ('x', 'y', 3)]", "a:b=x|a:b=y|a:b=3"},
    /* 15: an empty set */
    {"[a:b IN ()]", ""},
    /* 16: observations joined by AND are compound, by OR single */
    {"[a:b = 'x'] AND [a:b = 'y']", "a:b=x!|a:b=y!"},
    {"[a:b = 'x'] OR [a:b = 'y']", "a:b=x|a:b=y"},
    /* 17: FOLLOWEDBY binds weakest */
    {"[a:b = 'x'] OR [a:b = 'y'] FOLLOWEDBY [a:b = 'z']", "a:b=x!|a:b=y!|a:b=z!"},
    /* 18: AND binds stronger than OR */
    {"[a:b = 'x'] OR [a:b = 'y'] AND [a:b = 'z']", "a:b=x|a:b=y!|a:b=z!"},
    /* 19: repetition */
    {"[a:b = 'x'] REPEATS 5 TIMES", "a:b=x!"},
    /* 20: a window of time changes nothing */
    {"[a:b = 'x'] WITHIN 1.5 SECONDS", "a:b=x"},
    /* 21: escapes */
    {"[file:name = 'it\\'s \\\\ here']", "file:name=it's \\ here"},
    /* 22: a network */
    {"[ipv4-addr:value ISSUBSET '10.0.0.0/8']", "ipv4-addr:value<=10.0.0.0/8"},
    /* 23: regular expressions and wildcards give nothing */
    {"[a:b MATCHES '^x+$' OR a:b LIKE 'x%' OR a:b ISSUPERSET '1.2.3.4']", ""},
    /* 24: every other literal */
    {"[a:b = h'ffd8' OR a:b = b'aGk=' OR a:b = t'2026-01-02T03:04:05Z' OR a:b = true OR a:b = "
     "-1.5]",
     "a:b=ffd8|a:b=aGk=|a:b=2026-01-02T03:04:05Z|a:b=true|a:b=-1.5"},
    /* 25: indexes and stars */
    {"[email-message:body_multipart[*].body_raw_ref.name = 'x' OR a:b[0][-1] = 'y']",
     "email-message:body_multipart[*].body_raw_ref.name=x|a:b[0][-1]=y"},
    /* 26: comments and blanks of any kind */
    {"/* c */ [ a : b\xc2\xa0= // end\n 'x' ]", "a:b=x"},
    /* 27: EXISTS */
    {"[EXISTS a:b AND a:c = 'x']", "a:c=x!"},
};

static void every_row_gives_its_atoms(void **state)
{
    struct toc_pattern pattern;
    (void)state;
    toc_pattern_init(&pattern);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char got[1024];
        assert_ok(toc_pattern_parse(&pattern, toc_span_str(rows[i].pattern), TOC_PATTERN_21));
        print_atoms(&pattern, got, sizeof got);
        assert_string_equal(got, rows[i].atoms);
    }
    toc_pattern_clear(&pattern);
}

static const struct {
    const char *pattern;
    enum toc_pattern_version version;
    uint32_t error_at;
} bad[] = {
    {"", TOC_PATTERN_21, 0},
    {"a:b = 'x'", TOC_PATTERN_21, 0},
    {"[a:b = 'x'", TOC_PATTERN_21, 10},
    {"[a:b = 'x']]", TOC_PATTERN_21, 11},
    {"[a:b = 'x\\y']", TOC_PATTERN_21, 7},
    {"[a:b = h'f']", TOC_PATTERN_21, 7},
    {"[a:b = 01]", TOC_PATTERN_21, 7},
    {"[a:b-c = 1]", TOC_PATTERN_21, 3},
    {"[a:b > true]", TOC_PATTERN_21, 7},
    {"[NOT EXISTS a:b]", TOC_PATTERN_20, 1},
    {"[a:b = 1] WITHIN 1 SECONDS WITHIN 2 SECONDS", TOC_PATTERN_21, 43},
    {"[a:b = 1] START '2026' STOP '2027'", TOC_PATTERN_21, 16},
    {"[a:b = 1] /* never closed", TOC_PATTERN_21, 10},
    {"[a:b = \xff]", TOC_PATTERN_21, 7},
};

static void bad_patterns_are_refused_at_their_place(void **state)
{
    struct toc_pattern pattern;
    (void)state;
    toc_pattern_init(&pattern);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_code(toc_pattern_parse(&pattern, toc_span_str(bad[i].pattern), bad[i].version),
                    TOC_SYNTAX);
        assert_int_equal(pattern.error_at, bad[i].error_at);
        assert_int_equal(pattern.count, 0);
    }
    assert_ok(toc_pattern_parse(&pattern, toc_span_str("[NOT EXISTS a:b]"), TOC_PATTERN_21));
    assert_ok(toc_pattern_parse(&pattern, toc_span_str("[a:b=1] START '2026' STOP '2027'"),
                                TOC_PATTERN_20));
    toc_pattern_clear(&pattern);
}

/* Writes `count` times `text` behind `out`. */
static size_t repeat(char *out, size_t len, const char *text, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        memcpy(out + len, text, strlen(text));
        len += strlen(text);
    }
    return len;
}

static void depth_length_and_count_are_bounded(void **state)
{
    static char text[TOC_PATTERN_BYTES_MAX + 64];
    struct toc_pattern pattern;
    (void)state;
    toc_pattern_init(&pattern);

    size_t len = repeat(text, 0, "(", TOC_PATTERN_DEPTH_MAX);
    len = repeat(text, len, "[a:b=1]", 1);
    len = repeat(text, len, ")", TOC_PATTERN_DEPTH_MAX);
    assert_ok(toc_pattern_parse(&pattern, toc_span(text, len), TOC_PATTERN_21));
    len = repeat(text, 0, "[", 1);
    len = repeat(text, len, "(", TOC_PATTERN_DEPTH_MAX + 1);
    assert_code(toc_pattern_parse(&pattern, toc_span(text, len), TOC_PATTERN_21), TOC_LIMIT);

    len = repeat(text, 0, "[a:b IN (1", 1);
    len = repeat(text, len, ",1", TOC_PATTERN_ATOMS_MAX);
    len = repeat(text, len, ")]", 1);
    assert_code(toc_pattern_parse(&pattern, toc_span(text, len), TOC_PATTERN_21), TOC_LIMIT);
    assert_int_equal(pattern.count, 0);

    memset(text, ' ', sizeof text);
    assert_code(toc_pattern_parse(&pattern, toc_span(text, sizeof text), TOC_PATTERN_21),
                TOC_LIMIT);
    toc_pattern_clear(&pattern);
}

static void hashes_of_a_wrong_length_are_counted(void **state)
{
    struct toc_pattern pattern;
    (void)state;
    toc_pattern_init(&pattern);
    assert_ok(toc_pattern_parse(
        &pattern,
        toc_span_str("[file:hashes.'SHA-256' = 'f00' OR file:hashes[*] = 'f00' OR "
                     "file:hashes.ssdeep = 'f00' OR file:hashes.md5 != 'zz']"),
        TOC_PATTERN_21));
    assert_int_equal(pattern.bad_hash, 2);
    assert_int_equal(toc_pattern_hash_digits(toc_span_str("SHA_256")), 64);
    assert_int_equal(toc_pattern_hash_digits(toc_span_str("sha-1")), 40);
    assert_int_equal(toc_pattern_hash_digits(toc_span_str("imphash-of-mine")), 0);
    toc_pattern_clear(&pattern);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_gives_its_atoms),
        cmocka_unit_test(bad_patterns_are_refused_at_their_place),
        cmocka_unit_test(depth_length_and_count_are_bounded),
        cmocka_unit_test(hashes_of_a_wrong_length_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
