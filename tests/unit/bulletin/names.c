/* SPDX-License-Identifier: EUPL-1.2 */
#include "bulletin.h"
#include "check.h"

static void tlp_names_parse_back(void **state)
{
    (void)state;
    const struct {
        const char *text;
        enum toc_tlp tlp;
    } rows[] = {
        {"clear", TOC_TLP_CLEAR},
        {"CLEAR", TOC_TLP_CLEAR},
        {"white", TOC_TLP_CLEAR},
        {"TLP:WHITE", TOC_TLP_CLEAR},
        {"green", TOC_TLP_GREEN},
        {"tlp:green", TOC_TLP_GREEN},
        {"Amber", TOC_TLP_AMBER},
        {"TLP:Amber", TOC_TLP_AMBER},
        {"amber+strict", TOC_TLP_AMBER_STRICT},
        {"TLP:AMBER+STRICT", TOC_TLP_AMBER_STRICT},
        {"tlp:red", TOC_TLP_RED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        enum toc_tlp tlp;
        assert_ok(toc_tlp_parse(toc_span_str(rows[i].text), &tlp));
        assert_int_equal(tlp, rows[i].tlp);
    }
    for (unsigned i = 0; i <= TOC_TLP_RED; i++) {
        enum toc_tlp tlp;
        assert_ok(toc_tlp_parse(toc_span_str(toc_tlp_name((enum toc_tlp)i)), &tlp));
        assert_int_equal(tlp, i);
    }
    assert_string_equal(toc_tlp_name((enum toc_tlp)5), "unknown");
}

/* What is almost a TLP is none: no guess is made, and the output stays. */
static void what_is_almost_a_tlp_is_none(void **state)
{
    (void)state;
    const char *const rows[] = {
        "",        "tlp:",        "tlp",         "gre",          "greenish",     " green",
        "green ",  "tlp: green",  "tlp:tlp:red", "amber strict", "amber-strict", "amber+",
        "pap:red", "tlp:unknown", "unknown",     "none",
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        enum toc_tlp tlp = TOC_TLP_RED;
        assert_code(toc_tlp_parse(toc_span_str(rows[i]), &tlp), TOC_SYNTAX);
        assert_int_equal(tlp, TOC_TLP_RED);
    }
    enum toc_tlp tlp = TOC_TLP_RED;
    assert_code(toc_tlp_parse(toc_span("red\0", 4), &tlp), TOC_SYNTAX);
}

static void other_names_parse_back(void **state)
{
    (void)state;
    for (unsigned i = TOC_BULLETIN_ALERT; i <= TOC_BULLETIN_FOLLOW_UP; i++) {
        enum toc_bulletin_kind kind;
        const char *name = toc_bulletin_kind_name((enum toc_bulletin_kind)i);
        assert_ok(toc_bulletin_kind_parse(toc_span_str(name), &kind));
        assert_int_equal(kind, i);
    }
    for (unsigned i = TOC_SEVERITY_NONE; i <= TOC_SEVERITY_CRITICAL; i++) {
        enum toc_severity severity;
        const char *name = toc_severity_name((enum toc_severity)i);
        assert_ok(toc_severity_parse(toc_span_str(name), &severity));
        assert_int_equal(severity, i);
    }
    for (unsigned i = TOC_PAP_NONE; i <= TOC_PAP_RED; i++) {
        enum toc_pap pap;
        assert_ok(toc_pap_parse(toc_span_str(toc_pap_name((enum toc_pap)i)), &pap));
        assert_int_equal(pap, i);
    }
    for (unsigned i = TOC_RELATION_SUPERSEDES; i <= TOC_RELATION_TAKEDOWN_STATUS_OF; i++) {
        enum toc_relation_kind kind;
        const char *name = toc_relation_name((enum toc_relation_kind)i);
        assert_ok(toc_relation_parse(toc_span_str(name), &kind));
        assert_int_equal(kind, i);
    }
    enum toc_pap pap;
    assert_ok(toc_pap_parse(toc_span_str("PAP:AMBER"), &pap));
    assert_int_equal(pap, TOC_PAP_AMBER);
    assert_ok(toc_pap_parse(toc_span_str("pap:white"), &pap));
    assert_int_equal(pap, TOC_PAP_CLEAR);
}

static void unknown_names_are_syntax(void **state)
{
    (void)state;
    struct toc_span text = toc_span_str("unknown");
    enum toc_bulletin_kind kind = TOC_BULLETIN_NOTE;
    enum toc_severity severity = TOC_SEVERITY_LOW;
    enum toc_pap pap = TOC_PAP_RED;
    enum toc_relation_kind relation = TOC_RELATION_ANSWERS;
    assert_code(toc_bulletin_kind_parse(text, &kind), TOC_SYNTAX);
    assert_code(toc_severity_parse(text, &severity), TOC_SYNTAX);
    assert_code(toc_pap_parse(text, &pap), TOC_SYNTAX);
    assert_code(toc_relation_parse(text, &relation), TOC_SYNTAX);
    assert_int_equal(kind, TOC_BULLETIN_NOTE);
    assert_int_equal(severity, TOC_SEVERITY_LOW);
    assert_int_equal(pap, TOC_PAP_RED);
    assert_int_equal(relation, TOC_RELATION_ANSWERS);
    assert_string_equal(toc_bulletin_kind_name((enum toc_bulletin_kind)200), "unknown");
    assert_string_equal(toc_severity_name((enum toc_severity)9), "unknown");
    assert_string_equal(toc_pap_name((enum toc_pap)9), "unknown");
    assert_string_equal(toc_relation_name((enum toc_relation_kind)200), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tlp_names_parse_back),
        cmocka_unit_test(what_is_almost_a_tlp_is_none),
        cmocka_unit_test(other_names_parse_back),
        cmocka_unit_test(unknown_names_are_syntax),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
