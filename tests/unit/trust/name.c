/* SPDX-License-Identifier: EUPL-1.2 */
/* Handles, addresses, kinds. */
#include "founders.h"

static void handles_follow_their_rule(void **state)
{
    (void)state;
    static const struct {
        const char *handle;
        enum toc_code code;
    } rows[] = {
        {"CERT-Bund", TOC_OK},  {"a1", TOC_OK},
        {"--", TOC_OK},         {"abcdefghijklmnopqrstuvwxyz012345", TOC_OK},
        {"", TOC_MALFORMED},    {"a", TOC_MALFORMED},
        {"a.b", TOC_MALFORMED}, {"abcdefghijklmnopqrstuvwxyz0123456", TOC_MALFORMED},
        {"all", TOC_MALFORMED}, {"ALL", TOC_MALFORMED},
        {"alls", TOC_OK},       {"caf\xc3\xa9", TOC_MALFORMED},
        {"a_b", TOC_MALFORMED}, {"a,b", TOC_MALFORMED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        /* */
        world_expect(rows[i].handle, toc_handle_check(toc_span_str(rows[i].handle)), rows[i].code);
    }
    assert_true(toc_handle_equal(toc_span_str("CERT-Bund"), toc_span_str("cert-bUND")));
    assert_false(toc_handle_equal(toc_span_str("cert-a"), toc_span_str("cert-b")));
    assert_false(toc_handle_equal(toc_span_str("cert"), toc_span_str("cert-")));
    assert_false(toc_handle_equal(toc_span_str("a-"), toc_span_str("a\r")));
}

static void addresses_follow_their_rule(void **state)
{
    (void)state;
    static const struct {
        const char *address;
        enum toc_code code;
    } rows[] = {
        {"192.0.2.1:7777", TOC_OK},
        {"node.cert.example:1", TOC_OK},
        {"[2001:db8::1]:65535", TOC_OK},
        {"[fe80::1%eth0]:80", TOC_OK},
        {"a_b:80", TOC_OK},
        {"", TOC_MALFORMED},
        {":80", TOC_MALFORMED},
        {"host", TOC_MALFORMED},
        {"host:", TOC_MALFORMED},
        {"host:0", TOC_MALFORMED},
        {"host:01", TOC_MALFORMED},
        {"host:65536", TOC_MALFORMED},
        {"host:123456", TOC_MALFORMED},
        {"host:8a", TOC_MALFORMED},
        {"2001:db8::1:80", TOC_MALFORMED},
        {"ho st:80", TOC_MALFORMED},
        {"[]:80", TOC_MALFORMED},
        {"user@host:80", TOC_MALFORMED},
        {"http://host:80", TOC_MALFORMED},
        {"host:80\n", TOC_MALFORMED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        /* */
        world_expect(rows[i].address, toc_address_check(toc_span_str(rows[i].address)),
                     rows[i].code);
    }
}

static void kinds_have_names_both_ways(void **state)
{
    (void)state;
    for (int number = TOC_ORG_NATIONAL_CERT; number <= TOC_ORG_OBSERVER; number++) {
        enum toc_org_kind kind = (enum toc_org_kind)0;
        const char *name = toc_org_kind_name((enum toc_org_kind)number);
        assert_ok(toc_org_kind_parse(&kind, toc_span_str(name)));
        assert_int_equal(kind, number);
    }
    enum toc_org_kind kind = TOC_ORG_MINISTRY;
    assert_code(toc_org_kind_parse(&kind, toc_span_str("army")), TOC_SYNTAX);
    assert_int_equal(kind, TOC_ORG_MINISTRY);
    assert_string_equal(toc_org_kind_name((enum toc_org_kind)200), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(handles_follow_their_rule),
        cmocka_unit_test(addresses_follow_their_rule),
        cmocka_unit_test(kinds_have_names_both_ways),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
