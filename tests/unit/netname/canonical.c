/* SPDX-License-Identifier: EUPL-1.2 */
/* Domains, addresses and URLs: spellings and the one form that they have in common. */
#include "check.h"
#include "netname.h"

static const struct {
    const char *text;
    const char *wanted; /* NULL: no domain */
} domains[] = {
    {"Evil.EXAMPLE", "evil.example"},
    {"evil.example.", "evil.example"},
    {"evil.example...", "evil.example"},
    {"b\xc3\xbc"
     "cher.example",
     "xn--bcher-kva.example"},
    {"B\xc3\x9c"
     "CHER.example",
     "xn--bcher-kva.example"},
    {"xn--bcher-kva.example", "xn--bcher-kva.example"},
    {"\xd0\xbf\xd1\x80\xd0\xb8\xd0\xbc\xd0\xb5\xd1\x80.\xd1\x80\xd1\x84", "xn--e1afmkfd.xn--p1ai"},
    {"evil\xe3\x80\x82"
     "example",
     "evil.example"},
    {"_dmarc.evil.example", "_dmarc.evil.example"},
    {"a-.b-c.example", "a-.b-c.example"},
    {"mkhkjxgchtfgu7uhofxzgoawntfzrkdccymveektqgpxrpjb72oq.b32.i2p",
     "mkhkjxgchtfgu7uhofxzgoawntfzrkdccymveektqgpxrpjb72oq.b32.i2p"},
    {"localhost", NULL},
    {"", NULL},
    {".", NULL},
    {"evil..example", NULL},
    {".evil.example", NULL},
    {"evil.example:80", NULL},
    {"evil .example", NULL},
    {"1.2.3.4", NULL},
    {"1.2.3", NULL},
    {"evil.e", NULL},
    {"evil.4you", NULL},
    {"evil.exa_mple", NULL},
    {"a@evil.example", NULL},
    {"evil.example/", NULL},
    {"\xff.example", NULL},
    {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example", NULL},
};

static void domains_have_one_form(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof domains / sizeof domains[0]; i++) {
        uint8_t out[TOC_DOMAIN_BYTES_MAX + 1];
        size_t len = toc_domain_make(toc_span_str(domains[i].text), out);
        const char *wanted = domains[i].wanted == NULL ? "" : domains[i].wanted;
        if (len != strlen(wanted) || memcmp(out, wanted, len) != 0) {
            fail_msg("%s: %.*s", domains[i].text, (int)len, (const char *)out);
        }
    }
}

static void the_longest_domain_has_253_bytes(void **state)
{
    (void)state;
    char text[300];
    uint8_t out[TOC_DOMAIN_BYTES_MAX + 1];
    for (size_t i = 0; i < sizeof text; i++) {
        text[i] = i % 50 == 49 ? '.' : 'a';
    }
    assert_int_equal(toc_domain_make(toc_span(text, 253), out), 253);
    assert_int_equal(toc_domain_make(toc_span(text, 254), out), 0);
}

static void reversed_labels_sort_below_their_parent(void **state)
{
    (void)state;
    uint8_t out[TOC_DOMAIN_BYTES_MAX + 1];
    size_t len = toc_domain_reverse(toc_span_str("www.evil.example"), out);
    assert_span(toc_span(out, len), toc_span_str("example.evil.www."));
    len = toc_domain_reverse(toc_span_str("evil.example"), out);
    assert_span(toc_span(out, len), toc_span_str("example.evil."));
    len = toc_domain_reverse(toc_span_str("notevil.example"), out);
    assert_span(toc_span(out, len), toc_span_str("example.notevil."));
    assert_int_equal(toc_domain_reverse(toc_span("", 0), out), 0);
}

static const struct {
    const char *text;
    const char *wanted; /* NULL: no address */
    uint16_t port;
} addresses[] = {
    {"192.0.2.1", "192.0.2.1", 0},
    {"192.0.2.1:8080", "192.0.2.1", 8080},
    {"192.0.2.77/24", "192.0.2.0/24", 0},
    {"192.0.2.1/32", "192.0.2.1", 0},
    {"0.0.0.0/0", "0.0.0.0/0", 0},
    {"::ffff:192.0.2.1", "192.0.2.1", 0},
    {"2001:DB8:0:0::1", "2001:db8::1", 0},
    {"[2001:db8::1]:443", "2001:db8::1", 443},
    {"[2001:db8::1]", "2001:db8::1", 0},
    {"2001:db8:ffff::/33", "2001:db8:8000::/33", 0},
    {"::/0", "::/0", 0},
    {"2001:db8::1/128", "2001:db8::1", 0},
    {"192.0.2.256", NULL, 0},
    {"192.0.2.01", NULL, 0},
    {"192.0.2", NULL, 0},
    {"192.0.2.1.5", NULL, 0},
    {"192.0.2.1/33", NULL, 0},
    {"192.0.2.1/", NULL, 0},
    {"192.0.2.1:0", NULL, 0},
    {"192.0.2.1:65536", NULL, 0},
    {"2001:db8::1::2", NULL, 0},
    {"2001:db8::/129", NULL, 0},
    {"[2001:db8::1", NULL, 0},
    {"[2001:db8::1]x", NULL, 0},
    {"fe80::1%eth0", NULL, 0},
    {"evil.example", NULL, 0},
    {"/24", NULL, 0},
    {":80", NULL, 0},
};

static void addresses_have_one_form(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
        struct toc_address address;
        char text[TOC_ADDRESS_TEXT_BYTES_MAX] = "";
        bool good = toc_address_make(toc_span_str(addresses[i].text), &address);
        if (good != (addresses[i].wanted != NULL)) {
            fail_msg("%s", addresses[i].text);
        }
        if (good) {
            (void)toc_address_text(address.bytes, text);
            assert_string_equal(text, addresses[i].wanted);
            assert_int_equal(address.port, addresses[i].port);
        }
    }
}

static void a_network_covers_its_range(void **state)
{
    (void)state;
    struct toc_address address;
    uint8_t first[16];
    uint8_t last[16];
    uint8_t wanted[16];
    assert_true(toc_address_make(toc_span_str("192.0.2.130/25"), &address));
    assert_false(toc_address_is_single(address.bytes));
    toc_address_range(address.bytes, first, last);
    (void)check_unhex("0000 0000 0000 0000 0000 ffff c000 0280", wanted, sizeof wanted);
    assert_memory_equal(first, wanted, 16);
    (void)check_unhex("0000 0000 0000 0000 0000 ffff c000 02ff", wanted, sizeof wanted);
    assert_memory_equal(last, wanted, 16);
    assert_true(toc_address_make(toc_span_str("2001:db8::1"), &address));
    assert_true(toc_address_is_single(address.bytes));
    toc_address_range(address.bytes, first, last);
    assert_memory_equal(first, last, 16);
}

static const struct {
    const char *text;
    const char *wanted; /* NULL: no URL */
    const char *host;
} urls[] = {
    /* RFC 3986 6.2.2: case, escapes, dot segments */
    {"HTTP://Evil.EXAMPLE/a/../b/./c/%7efoo", "http://evil.example/b/c/~foo", "evil.example"},
    {"http://evil.example/%2f%3a%2G", "http://evil.example/%2F%3A%252G", "evil.example"},
    {"http://evil.example/..", "http://evil.example/", "evil.example"},
    {"http://evil.example/a/..", "http://evil.example/", "evil.example"},
    {"http://evil.example/a/.", "http://evil.example/a/", "evil.example"},
    {"http://evil.example/../../a", "http://evil.example/a", "evil.example"},
    {"http://evil.example/a?b=../c#d/../e", "http://evil.example/a?b=../c#d/../e", "evil.example"},
    /* 6.2.3: scheme */
    {"http://evil.example", "http://evil.example/", "evil.example"},
    {"http://evil.example:80", "http://evil.example/", "evil.example"},
    {"https://evil.example:80", "https://evil.example:80/", "evil.example"},
    {"https://evil.example:443/x", "https://evil.example/x", "evil.example"},
    {"https://evil.example:/x", "https://evil.example/x", "evil.example"},
    {"ftp://user:pw@evil.example:21/x", "ftp://user:pw@evil.example/x", "evil.example"},
    {"http://evil.example?q", "http://evil.example/?q", "evil.example"},
    /* without a scheme */
    {"evil.example/x", "http://evil.example/x", "evil.example"},
    {"evil.example:8080/x", "http://evil.example:8080/x", "evil.example"},
    /* other hosts */
    {"http://192.0.2.1:8080/x", "http://192.0.2.1:8080/x", "192.0.2.1"},
    {"http://[2001:DB8::1]:8080/x", "http://[2001:db8::1]:8080/x", "2001:db8::1"},
    {"http://2001:db8::1/x", "http://[2001:db8::1]/x", "2001:db8::1"},
    {"http://b\xc3\xbc"
     "cher.example/\xc3\xbc",
     "http://xn--bcher-kva.example/%C3%BC", "xn--bcher-kva.example"},
    /* bytes that may not stand in a URL */
    {"http://evil.example/a b\"<>\\^", "http://evil.example/a%20b%22%3C%3E%5C%5E", "evil.example"},
    {"http://evil.example/[x]", "http://evil.example/%5Bx%5D", "evil.example"},
    {"http://", NULL, ""},
    {"http:///x", NULL, ""},
    {"http://localhost/x", NULL, ""},
    {"http://*:80/x", NULL, ""},
    {"http://evil.example:99999/x", NULL, ""},
    {"http://evil.example:8a/x", NULL, ""},
    {"/x", NULL, ""},
};

static void urls_have_one_form(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        uint8_t out[512];
        struct toc_span text = toc_span_str(urls[i].text);
        size_t len = toc_url_make(text, (struct toc_room){out, sizeof out});
        const char *wanted = urls[i].wanted == NULL ? "" : urls[i].wanted;
        if (len != strlen(wanted) || memcmp(out, wanted, len) != 0) {
            fail_msg("%s: %.*s", urls[i].text, (int)len, (const char *)out);
        }
        if (len > 0) {
            uint8_t again[512];
            assert_span(toc_url_host(toc_span(out, len)), toc_span_str(urls[i].host));
            size_t more = toc_url_make(toc_span(out, len), (struct toc_room){again, sizeof again});
            assert_span(toc_span(again, more), toc_span(out, len));
        }
    }
}

static void a_url_that_does_not_fit_is_refused(void **state)
{
    (void)state;
    uint8_t out[24];
    assert_int_equal(
        toc_url_make(toc_span_str("http://evil.example/abcd"), (struct toc_room){out, sizeof out}),
        24);
    assert_int_equal(
        toc_url_make(toc_span_str("http://evil.example/abcde"), (struct toc_room){out, sizeof out}),
        0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(domains_have_one_form),
        cmocka_unit_test(the_longest_domain_has_253_bytes),
        cmocka_unit_test(reversed_labels_sort_below_their_parent),
        cmocka_unit_test(addresses_have_one_form),
        cmocka_unit_test(a_network_covers_its_range),
        cmocka_unit_test(urls_have_one_form),
        cmocka_unit_test(a_url_that_does_not_fit_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
