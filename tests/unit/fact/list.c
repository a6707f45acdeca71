/* SPDX-License-Identifier: EUPL-1.2 */
/* The list of facts: ownership, bounds, marks, warnings; names and times. */
#include "check.h"
#include "fact.h"

static struct toc_facts facts;

static int setup(void **state)
{
    (void)state;
    toc_facts_init(&facts);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    toc_facts_clear(&facts);
    toc_facts_clear(&facts);
    return 0;
}

static void the_list_owns_its_texts(void **state)
{
    (void)state;
    char text[] = "evil.example";
    struct toc_fact fact = {.kind = TOC_VALUE_DOMAIN,
                            .value = toc_span_str(text),
                            .written = toc_span_str("Evil[.]Example"),
                            .place = toc_span_str("place"),
                            .note = toc_span_str("note")};
    for (size_t i = 0; i < 5000; i++) {
        assert_ok(toc_facts_add(&facts, &fact));
    }
    memset(text, 'x', sizeof text - 1);
    assert_int_equal(facts.count, 5000);
    for (size_t i = 0; i < 5000; i += 4999) {
        assert_span(facts.at[i].value, toc_span_str("evil.example"));
        assert_span(facts.at[i].written, toc_span_str("Evil[.]Example"));
        assert_span(facts.at[i].note, toc_span_str("note"));
    }
}

static void notes_are_cut_at_whole_characters(void **state)
{
    (void)state;
    static char text[TOC_FACT_NOTE_BYTES_MAX + 2];
    memset(text, 'a', sizeof text);
    memcpy(text + TOC_FACT_NOTE_BYTES_MAX - 1, "\xc3\xbc", 2);
    struct toc_fact fact = {
        .kind = TOC_VALUE_OTHER, .value = toc_span_str("v"), .note = toc_span(text, sizeof text)};
    assert_ok(toc_facts_add(&facts, &fact));
    assert_int_equal(facts.at[0].note.len, TOC_FACT_NOTE_BYTES_MAX - 1);
    assert_int_equal(toc_facts_cut(toc_span("\xc3\xbc", 2), 1).len, 0);
    assert_int_equal(toc_facts_cut(toc_span("\xc3\xbc", 2), 2).len, 2);
}

static void a_fact_without_value_is_left_out(void **state)
{
    (void)state;
    struct toc_fact fact = {.kind = TOC_VALUE_OTHER, .written = toc_span_str("w")};
    assert_ok(toc_facts_add(&facts, &fact));
    assert_int_equal(facts.count, 0);
}

static void the_text_is_bounded(void **state)
{
    (void)state;
    static uint8_t text[TOC_CANONICAL_BYTES_MAX];
    memset(text, 'a', sizeof text);
    struct toc_fact fact = {.kind = TOC_VALUE_OTHER, .value = toc_span(text, sizeof text)};
    struct toc_err err = toc_ok();
    while (!toc_failed(err = toc_facts_add(&facts, &fact))) {
        text[0] ^= 1;
    }
    assert_code(err, TOC_LIMIT);
    assert_true(facts.text_bytes <= TOC_FACTS_TEXT_BYTES_MAX);
    uint32_t count = facts.count;
    assert_code(toc_facts_add(&facts, &fact), TOC_LIMIT);
    assert_int_equal(facts.count, count);
}

static void the_count_is_bounded(void **state)
{
    (void)state;
    struct toc_fact fact = {.kind = TOC_VALUE_OTHER, .value = toc_span_str("v")};
    for (uint32_t i = 0; i < TOC_FACTS_MAX; i++) {
        assert_ok(toc_facts_add(&facts, &fact));
    }
    assert_code(toc_facts_add(&facts, &fact), TOC_LIMIT);
    assert_int_equal(facts.count, TOC_FACTS_MAX);
}

static void a_mark_takes_everything_back(void **state)
{
    (void)state;
    struct toc_fact fact = {.kind = TOC_VALUE_OTHER, .value = toc_span_str("v")};
    assert_ok(toc_facts_add(&facts, &fact));
    toc_facts_mark_tlp(&facts, TOC_MARKED_GREEN);
    struct toc_facts_mark mark = toc_facts_mark(&facts);
    assert_ok(toc_facts_add(&facts, &fact));
    assert_ok(toc_facts_warn(&facts, TOC_WARNING_PATTERN_SYNTAX, NULL, toc_span_str("x")));
    toc_facts_mark_tlp(&facts, TOC_MARKED_RED);
    toc_facts_mark_pap(&facts, TOC_MARKED_RED);
    facts.counts.objects = 7;
    toc_facts_release(&facts, &mark);
    assert_int_equal(facts.count, 1);
    assert_int_equal(facts.counts.objects, 0);
    assert_int_equal(toc_facts_warnings(&facts), 0);
    assert_int_equal(facts.tlp, TOC_MARKED_GREEN);
    assert_int_equal(facts.pap, TOC_MARKED_NONE);
}

static void markings_only_rise(void **state)
{
    (void)state;
    toc_facts_mark_tlp(&facts, TOC_MARKED_AMBER);
    toc_facts_mark_tlp(&facts, TOC_MARKED_CLEAR);
    assert_int_equal(facts.tlp, TOC_MARKED_AMBER);
    toc_facts_mark_tlp(&facts, TOC_MARKED_AMBER_STRICT);
    assert_int_equal(facts.tlp, TOC_MARKED_AMBER_STRICT);
}

static void warnings_are_counted_and_the_first_kept(void **state)
{
    (void)state;
    struct toc_fact where = {.document = 3, .line = 9, .place = toc_span_str("indicator--1")};
    for (uint32_t i = 0; i < TOC_WARNINGS_KEPT_MAX + 10; i++) {
        assert_ok(toc_facts_warn(&facts, TOC_WARNING_HASH_LENGTH, &where, toc_span_str("f00")));
    }
    assert_ok(toc_facts_warn(&facts, TOC_WARNING_PATTERN_SYNTAX, &where, toc_span_str("[")));
    assert_int_equal(facts.counts.warnings[TOC_WARNING_HASH_LENGTH], TOC_WARNINGS_KEPT_MAX + 10);
    assert_int_equal(facts.count, TOC_WARNINGS_KEPT_MAX + 1);
    const struct toc_fact *last = &facts.at[facts.count - 1];
    assert_int_equal(last->kind, TOC_VALUE_WARNING);
    assert_int_equal(last->document, 3);
    assert_int_equal(last->line, 9);
    assert_span(last->value, toc_span_str("PATTERN_SYNTAX"));
    assert_span(last->written, toc_span_str("["));
    assert_span(last->place, toc_span_str("indicator--1"));
}

static const struct {
    enum toc_value_kind kind;
    const char *text;
    uint32_t count; /* facts besides warnings */
    enum toc_value_kind shown;
    uint32_t flags;
    int warning; /* -1: none */
} values[] = {
    {TOC_VALUE_DOMAIN, "evil[.]example", 1, TOC_VALUE_DOMAIN, TOC_FACT_DEFANGED, -1},
    {TOC_VALUE_DOMAIN, "*.evil.example", 1, TOC_VALUE_DOMAIN, TOC_FACT_WILDCARD, -1},
    {TOC_VALUE_DOMAIN, "192.0.2.1", 1, TOC_VALUE_IP, TOC_FACT_RETYPED, TOC_WARNING_VALUE_KIND},
    {TOC_VALUE_SHA256, "d41d8cd98f00b204e9800998ecf8427e", 1, TOC_VALUE_MD5, TOC_FACT_RETYPED,
     TOC_WARNING_HASH_LENGTH},
    {TOC_VALUE_SHA256, "f00", 1, TOC_VALUE_OTHER, 0, TOC_WARNING_HASH_LENGTH},
    {TOC_VALUE_IP, "192.0.2.256", 1, TOC_VALUE_OTHER, 0, TOC_WARNING_VALUE_INVALID},
    {TOC_VALUE_TARGET, "Atlantis", 0, TOC_VALUE_NONE, 0, TOC_WARNING_VALUE_INVALID},
    {TOC_VALUE_URL, " ", 0, TOC_VALUE_NONE, 0, TOC_WARNING_VALUE_INVALID},
    {TOC_VALUE_NONE, "evil.example", 1, TOC_VALUE_DOMAIN, 0, -1},
};

static void values_are_made_and_warned_of(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        toc_facts_clear(&facts);
        struct toc_fact base = {.kind_name = toc_span_str("their-name"), .confidence = 80};
        assert_ok(toc_facts_add_value(&facts, &base, values[i].kind, toc_span_str(values[i].text)));
        uint32_t warned = values[i].warning >= 0;
        assert_int_equal(facts.count, values[i].count + warned);
        assert_int_equal(toc_facts_warnings(&facts), warned);
        if (warned) {
            assert_int_equal(facts.counts.warnings[values[i].warning], 1);
        }
        if (values[i].count > 0) {
            const struct toc_fact *fact = &facts.at[warned];
            assert_int_equal(fact->kind, values[i].shown);
            assert_int_equal(fact->flags, values[i].flags);
            assert_int_equal(fact->confidence, 80);
            assert_span(fact->written, toc_span_str(values[i].text));
            bool named = fact->kind == TOC_VALUE_OTHER || (fact->flags & TOC_FACT_RETYPED) != 0;
            assert_int_equal(fact->kind_name.len, named ? 10 : 0);
        }
    }
}

static const struct {
    const char *text;
    enum toc_marked marked;
} markings[] = {
    {"TLP:CLEAR", TOC_MARKED_CLEAR},
    {"tlp:white", TOC_MARKED_CLEAR},
    {"Green", TOC_MARKED_GREEN},
    {"TLP: AMBER", TOC_MARKED_AMBER},
    {"TLP:AMBER+STRICT", TOC_MARKED_AMBER_STRICT},
    {"amber-strict", TOC_MARKED_AMBER_STRICT},
    {"pap:red", TOC_MARKED_RED},
    {"TLP:TEST", TOC_MARKED_NONE},
    {"TLP", TOC_MARKED_NONE},
    {"", TOC_MARKED_NONE},
    {"red1", TOC_MARKED_NONE},
    {"reddish", TOC_MARKED_NONE},
};

static void markings_have_many_spellings(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof markings / sizeof markings[0]; i++) {
        assert_int_equal(toc_marked_find(toc_span_str(markings[i].text)), markings[i].marked);
    }
    for (int marked = TOC_MARKED_CLEAR; marked <= TOC_MARKED_RED; marked++) {
        const char *name = toc_marked_name((enum toc_marked)marked);
        assert_int_equal(toc_marked_find(toc_span_str(name)), marked);
    }
}

static const struct {
    const char *text;
    int64_t ms; /* -1: refused */
} times[] = {
    {"1970-01-01T00:00:00Z", 0},
    {"2026-03-15T12:00:00Z", 1773576000000},
    {"2026-03-15T12:00:00.5Z", 1773576000500},
    {"2026-03-15T12:00:00.123456Z", 1773576000123},
    {"2026-03-15T12:00:00.123456789Z", 1773576000123},
    {"2026-03-15T14:00:00+02:00", 1773576000000},
    {"2026-03-15T07:00:00-0500", 1773576000000},
    {"2026-03-15T12:00:00", 1773576000000},
    {"2026-03-15 12:00", 1773576000000},
    {"2026-03-15", 1773532800000},
    {"2024-02-29", 1709164800000},
    {"1960-01-01", 0},
    {"2026-02-29", -1},
    {"2026-13-01", -1},
    {"2026-00-01", -1},
    {"2026-03-15T24:00:00Z", -1},
    {"2026-03-15T12:60:00Z", -1},
    {"2026-03-15T12:00:00.Z", -1},
    {"2026-03-15T12:00:00.1234567891Z", -1},
    {"2026-03-15T12:00:00Zx", -1},
    {"2026-03-15T", -1},
    {"20260315", -1},
    {"", -1},
};

static void times_are_read_in_utc(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        struct toc_utc utc = {12345};
        struct toc_err err = toc_time_parse(toc_span_str(times[i].text), &utc);
        if (times[i].ms < 0) {
            assert_code(err, TOC_SYNTAX);
            assert_int_equal(utc.ms, 12345);
        } else {
            assert_ok(err);
            assert_int_equal(utc.ms, times[i].ms);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_list_owns_its_texts, setup, teardown),
        cmocka_unit_test_setup_teardown(notes_are_cut_at_whole_characters, setup, teardown),
        cmocka_unit_test_setup_teardown(a_fact_without_value_is_left_out, setup, teardown),
        cmocka_unit_test_setup_teardown(the_text_is_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(the_count_is_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(a_mark_takes_everything_back, setup, teardown),
        cmocka_unit_test_setup_teardown(markings_only_rise, setup, teardown),
        cmocka_unit_test_setup_teardown(warnings_are_counted_and_the_first_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(values_are_made_and_warned_of, setup, teardown),
        cmocka_unit_test(markings_have_many_spellings),
        cmocka_unit_test(times_are_read_in_utc),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
