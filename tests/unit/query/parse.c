/* SPDX-License-Identifier: EUPL-1.2 */
/* Queries as text, the terms they mean, and what is refused. */
#include "check.h"
#include "query.h"

/* 2026-03-15T12:00:00Z */
static const struct toc_utc now = {UINT64_C(1773576000000)};

static struct toc_query query;
static struct toc_query_fault fault;

/* One term as text: field, operator, rank or times or value. */
static void print_term(const struct toc_query_term *term, char *out, size_t size)
{
    static const char *const ops[] = {":", "<", "<=", ">", ">="};
    char text[TOC_QUERY_VALUE_BYTES_MAX + 1];
    (void)toc_value_text(term->kind, toc_span(term->text, term->len), text, sizeof text);
    (void)snprintf(out, size, "%s%s%s %s %s %u %llu %llu%s", term->negated ? "-" : "",
                   toc_query_field_name(term->field), ops[term->op],
                   term->kind == TOC_VALUE_NONE ? "." : toc_value_kind_name(term->kind), text,
                   (unsigned)term->rank, (unsigned long long)(term->at.ms / 1000),
                   (unsigned long long)(term->before.ms / 1000), term->below ? " below" : "");
}

static const struct {
    const char *text;
    const char *terms;
} rows[] = {
    {"", ""},
    {"  \t ", ""},
    {"id:ABCDEFGH23", "id: . abcdefgh23 0 0 0"},
    {"author:CERT-FR", "author: . cert-fr 0 0 0"},
    {"kind:Alert", "kind: . alert 0 0 0"},
    {"severity>=high", "severity>= .  3 0 0"},
    {"severity<low -severity:critical", "severity< .  1 0 0|-severity: .  4 0 0"},
    {"tlp<=green", "tlp<= .  2 0 0"},
    {"-tlp:AMBER+STRICT", "-tlp: .  4 0 0"},
    {"cve:cve-2026-1234", "cve: cve CVE-2026-1234 0 0 0"},
    {"target:France", "target: . FR 0 0 0"},
    {"target:\"North Korea\"", "target: . KP 0 0 0"},
    {"ioc:evil[.]example", "ioc: domain evil.example 0 0 0"},
    {"ioc:domain:evil[.]example", "ioc: domain evil.example 0 0 0"},
    {"ioc:filename:setup.sh", "ioc: filename setup.sh 0 0 0"},
    {"ip:10.0.0.0/8 AND ip:2001:db8::1", "ip: cidr 10.0.0.0/8 0 0 0|ip: ip 2001:db8::1 0 0 0"},
    {"domain:*.Example.COM", "domain: domain example.com 0 0 0 below"},
    {"domain:www.example.com.", "domain: domain www.example.com 0 0 0"},
    {"hash:d41d8cd98f00b204e9800998ecf8427e", "hash: md5 d41d8cd98f00b204e9800998ecf8427e 0 0 0"},
    {"url:hxxp://Evil.example:80/a/../b", "url: url http://evil.example/b 0 0 0"},
    {"since:30d", "since: .  0 1770984000 18446744073709551"},
    {"since:12h", "since: .  0 1773532800 18446744073709551"},
    {"since:2026-03-01", "since: .  0 1772323200 1772409600"},
    {"published:today", "published: .  0 1773532800 1773619200"},
    {"published:2024-02", "published: .  0 1706745600 1709251200"},
    {"published>=2026-03-01T06:00:00+02:00", "published>= .  0 1772337600 1772337601"},
};

static void terms_mean_what_is_typed(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char got[4096] = "";
        struct toc_err err = toc_query_parse(&query, toc_span_str(rows[i].text), now, &fault);
        if (toc_failed(err)) {
            fail_msg("%s: %s", rows[i].text, fault.detail);
        }
        for (uint32_t t = 0; t < query.count; t++) {
            size_t len = strlen(got);
            (void)snprintf(got + len, sizeof got - len, "%s", t == 0 ? "" : "|");
            len = strlen(got);
            print_term(&query.terms[t], got + len, sizeof got - len);
        }
        assert_string_equal(got, rows[i].terms);
    }
}

static const struct {
    const char *text;
    uint32_t column;
    const char *detail;
} bad[] = {
    {"actor:APT29", 1,
     "\"actor\" is no field; there are id, author, kind, severity, tlp, cve, target, ioc, ip, "
     "domain, hash, url, since, published"},
    {"tlp:red cobalt", 9, "\"cobalt\" stands alone; terms are field:value, joined by AND"},
    {"since:1d severity", 10,
     "\"severity\" stands alone: write field:value, and quote terms with > or < for the shell"},
    {"tlp:red OR tlp:green", 9, "\"OR\" stands alone; terms are field:value, joined by AND"},
    {"(tlp:red)", 1,
     "\"(tlp\" is no field; there are id, author, kind, severity, tlp, cve, target, ioc, ip, "
     "domain, hash, url, since, published"},
    {"tlp:", 1, "\"tlp\" has no value"},
    {"tlp:blue", 1, "\"blue\" is no TLP: clear, green, amber, amber+strict, red"},
    {"severity:bad", 1, "\"bad\" is no severity: low, medium, high, critical"},
    {"kind:rumour", 1, "\"rumour\" is no kind of bulletin"},
    {"domain>=a.example", 1, "\"domain\" has no order: write it with a colon"},
    {"ip:example.com", 1, "\"example.com\" is no address and no network"},
    {"domain:10.0.0.1", 1, "\"10.0.0.1\" is no domain"},
    {"hash:abc", 1, "\"abc\" is no hash"},
    {"cve:2026-1", 1, "\"2026-1\" is no CVE id such as CVE-2026-1234"},
    {"url:example.com", 1, "\"example.com\" is no URL with a path; ask with domain: or ip:"},
    {"target:Atlantis", 1, "\"Atlantis\" is no country: two letters of ISO 3166"},
    {"id:abc", 1, "\"abc\" is no id: 10 to 52 characters of base32"},
    {"since:soon", 1, "\"soon\" is no time: 30d, 12h, today, 2026-01-31, 2026-01-31T12:00:00Z"},
    {"author:\"x", 1, "\"author\" has a quote that is not closed"},
    {"a\x1b[2Jb:c", 1,
     "\"a?[2Jb\" is no field; there are id, author, kind, severity, tlp, cve, target, ioc, ip, "
     "domain, hash, url, since, published"},
};

static void refusals_say_where_and_why(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_code(toc_query_parse(&query, toc_span_str(bad[i].text), now, &fault), TOC_USAGE);
        assert_string_equal(fault.detail, bad[i].detail);
        assert_int_equal(fault.column, bad[i].column);
        assert_int_equal(query.count, 0);
    }
}

static void length_and_terms_are_bounded(void **state)
{
    static char text[TOC_QUERY_BYTES_MAX + 2];
    (void)state;
    memset(text, ' ', sizeof text);
    for (size_t i = 0; i <= TOC_QUERY_TERMS_MAX; i++) {
        memcpy(text + i * 10, "tlp:red", 7);
    }
    assert_code(toc_query_parse(&query, toc_span(text, TOC_QUERY_BYTES_MAX), now, &fault),
                TOC_LIMIT);
    assert_string_equal(fault.detail, "more than 64 terms");
    assert_int_equal(query.count, 0);
    assert_ok(toc_query_parse(&query, toc_span(text, TOC_QUERY_TERMS_MAX * 10), now, &fault));
    assert_int_equal(query.count, TOC_QUERY_TERMS_MAX);

    assert_code(toc_query_parse(&query, toc_span(text, TOC_QUERY_BYTES_MAX + 1), now, &fault),
                TOC_LIMIT);
    memset(text, 'a', sizeof text);
    memcpy(text, "author:", 7);
    assert_code(toc_query_parse(&query, toc_span(text, TOC_QUERY_BYTES_MAX), now, &fault),
                TOC_LIMIT);
    assert_int_equal(query.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(terms_mean_what_is_typed),
        cmocka_unit_test(refusals_say_where_and_why),
        cmocka_unit_test(length_and_terms_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
