/* SPDX-License-Identifier: EUPL-1.2 */
/* Kinds, refanging, canonical forms, guesses and keys: one property a row. */
#include "check.h"
#include "value.h"

static struct toc_value value;

/* "kind text", with ":port", " wildcard", " defanged" and " retyped" behind. */
static void print_value(char *out, size_t size)
{
    char text[TOC_CANONICAL_BYTES_MAX + 1];
    char port[8] = "";
    (void)toc_value_text(value.kind, toc_span(value.bytes, value.len), text, sizeof text);
    if (value.port != 0) {
        (void)snprintf(port, sizeof port, ":%u", (unsigned)value.port);
    }
    (void)snprintf(out, size, "%s %.400s%s%s%s%s", toc_value_kind_name(value.kind), text, port,
                   value.wildcard ? " wildcard" : "", value.defanged ? " defanged" : "",
                   value.other_kind ? " retyped" : "");
}

static const struct {
    const char *text;
    const char *wanted;
} refanged[] = {
    {"hxxp://evil[.]example/x", "http://evil.example/x"},
    {"hXXps[:]//evil[.]example", "https://evil.example"},
    {"hxxps[://]evil(.)example", "https://evil.example"},
    {"h**p://evil{.}example", "http://evil.example"},
    {"h__ps://evil.example", "https://evil.example"},
    {"htxp://evil.example", "http://evil.example"},
    {"hxxp[s]://evil.example", "https://evil.example"},
    {"fxp://evil.example", "ftp://evil.example"},
    {"evil[dot]example", "evil.example"},
    {"evil [DOT] example", "evil.example"},
    {"evil[ . ]example", "evil.example"},
    {"evil[.example", "evil.example"},
    {"evil.]example", "evil.example"},
    {"192[.]0[.]2[.]1", "192.0.2.1"},
    {"2001[:]db8[:][:]1", "2001:db8::1"},
    {"x[at]evil[.]example", "x@evil.example"},
    {"x(@)evil.example", "x@evil.example"},
    {"http://evil.example[/]x", "http://evil.example/x"},
    {"\xc2\xa0 evil.example \xe2\x80\x8b", "evil.example"},
    {"http://[2001:db8::1]/", "http://[2001:db8::1]/"},
    {"hxxpfile", "hxxpfile"},
    {"a[0].b", "a[0].b"},
    {"", ""},
    {"[", "["},
};

static void defanging_is_undone(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refanged / sizeof refanged[0]; i++) {
        uint8_t out[128];
        bool changed = false;
        struct toc_span text = toc_span_str(refanged[i].text);
        size_t len = toc_refang(text, out, &changed);
        assert_span(toc_span(out, len), toc_span_str(refanged[i].wanted));
        /* Twice is once, and the plain form counts as unchanged. */
        uint8_t again[128];
        assert_int_equal(toc_refang(toc_span(out, len), again, &changed), len);
        assert_false(changed);
        /* In place. */
        memcpy(again, text.at, text.len);
        assert_int_equal(toc_refang(toc_span(again, text.len), again, NULL), len);
        assert_memory_equal(again, out, len);
    }
}

#define MD5 "d41d8cd98f00b204e9800998ecf8427e"
#define SHA1 "da39a3ee5e6b4b0d3255bfef95601890afd80709"
#define SHA256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static const struct {
    const char *text;
    const char *wanted;
} guesses[] = {
    {"evil.example", "domain evil.example"},
    {"Evil[.]Example", "domain evil.example defanged"},
    {"*.evil.example", "domain evil.example wildcard"},
    {".evil.example", "domain evil.example wildcard"},
    {"evil.example:8443", "domain evil.example:8443"},
    {"192.0.2.1", "ip 192.0.2.1"},
    {"192.0.2.1:443", "ip 192.0.2.1:443"},
    {"185.220.101.0/24", "cidr 185.220.101.0/24"},
    {"2001:db8::/32", "cidr 2001:db8::/32"},
    {"hxxp://evil.example/x", "url http://evil.example/x defanged"},
    {"evil.example/x.exe", "url http://evil.example/x.exe"},
    {"192.0.2.1/x", "url http://192.0.2.1/x"},
    {"a.b@Evil.Example", "email a.b@evil.example"},
    {"mailto:a@evil.example", "email a@evil.example"},
    {MD5, "md5 " MD5},
    {"D41D8CD98F00B204E9800998ECF8427E", "md5 " MD5},
    {SHA1, "sha1 " SHA1},
    {SHA256, "sha256 " SHA256},
    {SHA256 SHA256, "sha512 " SHA256 SHA256},
    {"T1A1B2C3D4E5F60718293A4B5C6D7E8F90A1B2C3D4E5F60718293A4B5C6D7E8F90A1B2C3",
     "tlsh T1A1B2C3D4E5F60718293A4B5C6D7E8F90A1B2C3D4E5F60718293A4B5C6D7E8F90A1B2C3"},
    {"96:mI1kZ4Qp3v+WnSR:mtQzvFnSR", "ssdeep 96:mI1kZ4Qp3v+WnSR:mtQzvFnSR"},
    {"cve-2026-1234", "cve CVE-2026-1234"},
    {"CVE-2026-12345678901234567890", "other CVE-2026-12345678901234567890"},
    {"t1566.001", "technique T1566.001"},
    {"AS64496", "asn AS64496"},
    {"00-1B-44-11-3a-b7", "mac 00:1b:44:11:3a:b7"},
    {"C:\\Windows\\Evil.DLL", "path c:\\windows\\evil.dll"},
    {"%TEMP%\\a.exe", "path %temp%\\a.exe"},
    {"\\\\server\\share\\a", "path \\\\server\\share\\a"},
    {"\\\\evil\\.exe", "other \\\\evil\\.exe"},
    {"/usr/bin/evil", "path /usr/bin/evil"},
    {"HKLM\\Software\\Evil", "registry hkey_local_machine\\software\\evil"},
    {"HKCU:\\Software", "registry hkey_current_user\\software"},
    {"HKEY_USERS\\x", "registry hkey_users\\x"},
    {"Setup.EXE", "filename setup.exe"},
    {"Q3 report.pdf", "filename q3 report.pdf"},
    {"get.sh", "filename get.sh"},
    {"get[.]sh", "domain get.sh defanged"},
    {"www.get.sh", "domain www.get.sh"},
    {"limk.one", "domain limk.one"},
    {"0x52908400098527886E0F7030069857D2E4169EE7",
     "wallet 0x52908400098527886e0f7030069857d2e4169ee7"},
    {"1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2", "wallet 1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2"},
    {"bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq",
     "wallet bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq"},
    {"hello", "other hello"},
    {"two words", "other two words"},
    {"  Evil[.]Example\t", "domain evil.example defanged"},
};

static void a_value_shows_its_kind(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof guesses / sizeof guesses[0]; i++) {
        char got[512];
        assert_ok(toc_value_guess(&value, toc_span_str(guesses[i].text)));
        print_value(got, sizeof got);
        assert_string_equal(got, guesses[i].wanted);
    }
}

static const struct {
    enum toc_value_kind kind;
    const char *text;
    const char *wanted; /* NULL: refused */
} made[] = {
    {TOC_VALUE_DOMAIN, "evil.sh", "domain evil.sh"},
    {TOC_VALUE_DOMAIN, "setup.exe", "filename setup.exe retyped"},
    {TOC_VALUE_DOMAIN, "http://evil.example/", "url http://evil.example/ retyped"},
    {TOC_VALUE_DOMAIN, "192.0.2.1", "ip 192.0.2.1 retyped"},
    {TOC_VALUE_DOMAIN, MD5, "md5 " MD5 " retyped"},
    {TOC_VALUE_DOMAIN, "hello", NULL},
    {TOC_VALUE_DOMAIN, "two words", NULL},
    {TOC_VALUE_IP, "192.0.2.0/24", "cidr 192.0.2.0/24"},
    {TOC_VALUE_CIDR, "192.0.2.1", "ip 192.0.2.1"},
    {TOC_VALUE_IP, "evil.example", "domain evil.example retyped"},
    {TOC_VALUE_IP, "192.0.2.256", NULL},
    {TOC_VALUE_URL, "evil.example/x", "url http://evil.example/x"},
    {TOC_VALUE_URL, "evil.example", "domain evil.example retyped"},
    {TOC_VALUE_URL, "http://localhost/", NULL},
    {TOC_VALUE_EMAIL, "a@evil.example", "email a@evil.example"},
    {TOC_VALUE_EMAIL, "@evil.example", NULL},
    {TOC_VALUE_SHA256, SHA256, "sha256 " SHA256},
    {TOC_VALUE_SHA256, SHA1, "sha1 " SHA1 " retyped"},
    {TOC_VALUE_SHA256, "f00", NULL},
    {TOC_VALUE_MD5, "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz", NULL},
    {TOC_VALUE_FILENAME, "Evil[.]exe", "filename evil[.]exe"},
    {TOC_VALUE_FILENAME, "C:\\evil.exe", "path c:\\evil.exe retyped"},
    {TOC_VALUE_MUTEX, "Global\\Evil", "mutex Global\\Evil"},
    {TOC_VALUE_COMMAND, "curl hxxp://x", "command curl hxxp://x"},
    {TOC_VALUE_CERTIFICATE, "56 E1 49:7e", "certificate 56e1497e"},
    {TOC_VALUE_CERTIFICATE, "CN=Evil", "certificate cn=evil"},
    {TOC_VALUE_CERTIFICATE, "::", "certificate ::"},
    {TOC_VALUE_ASN, "64496", "asn AS64496"},
    {TOC_VALUE_ASN, "AS4294967296", NULL},
    {TOC_VALUE_BANK_ACCOUNT, "de89 3704 0044", "bank-account DE8937040044"},
    {TOC_VALUE_PHONE, "+49 (30) 123-456", "phone +4930123456"},
    {TOC_VALUE_PHONE, "call me", NULL},
    {TOC_VALUE_ACTOR, "APT 29", "actor apt29"},
    {TOC_VALUE_ACTOR, "Cozy-Bear", "actor cozybear"},
    {TOC_VALUE_ACTOR, "---", "actor ---"},
    {TOC_VALUE_TECHNIQUE, "T1566", "technique T1566"},
    {TOC_VALUE_CVE, "CVE 2026 1234", "cve CVE-2026-1234"},
    {TOC_VALUE_CVE, "CVE-2026-12", NULL},
    {TOC_VALUE_TARGET, "fr", "target FR"},
    {TOC_VALUE_TARGET, "FRA", "target FR"},
    {TOC_VALUE_TARGET, "France", "target FR"},
    {TOC_VALUE_TARGET, "Russian Federation", "target RU"},
    {TOC_VALUE_ORIGIN, "Atlantis", NULL},
    {TOC_VALUE_OTHER, " as given ", "other as given"},
    {TOC_VALUE_OTHER, "  ", NULL},
};

static void a_value_wins_over_its_column(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof made / sizeof made[0]; i++) {
        char got[512];
        struct toc_err err = toc_value_make(&value, made[i].kind, toc_span_str(made[i].text));
        if (made[i].wanted == NULL) {
            assert_code(err, TOC_SYNTAX);
            assert_int_equal(value.kind, TOC_VALUE_NONE);
            continue;
        }
        assert_ok(err);
        print_value(got, sizeof got);
        assert_string_equal(got, made[i].wanted);
    }
}

static void a_value_that_is_too_long_is_refused(void **state)
{
    (void)state;
    static char text[TOC_VALUE_WRITTEN_BYTES_MAX + 1];
    memset(text, 'a', sizeof text);
    assert_ok(toc_value_guess(&value, toc_span(text, sizeof text - 1)));
    assert_int_equal(value.kind, TOC_VALUE_OTHER);
    assert_code(toc_value_guess(&value, toc_span(text, sizeof text)), TOC_LIMIT);
    assert_int_equal(value.kind, TOC_VALUE_NONE);
    assert_code(toc_value_make(&value, TOC_VALUE_PATH, toc_span(text, sizeof text)), TOC_LIMIT);
    assert_int_equal(value.kind, TOC_VALUE_NONE);
    memcpy(text, "http://e.example/", 17);
    memset(text + 17, '\x01', sizeof text - 18);
    assert_ok(toc_value_make(&value, TOC_VALUE_URL, toc_span(text, sizeof text - 1)));
    assert_int_equal(value.len, 17 + 3 * (sizeof text - 18));
}

static const struct {
    const char *name;
    enum toc_value_kind kind;
} names[] = {
    {"domain", TOC_VALUE_DOMAIN},
    {"Domain-Name", TOC_VALUE_DOMAIN},
    {"HOSTNAME", TOC_VALUE_DOMAIN},
    {"ip-dst", TOC_VALUE_IP},
    {"Intel::ADDR", TOC_VALUE_IP},
    {"SHA-256", TOC_VALUE_SHA256},
    {"sha_1", TOC_VALUE_SHA1},
    {"bank account", TOC_VALUE_BANK_ACCOUNT},
    {"App ID", TOC_VALUE_APP_ID},
    {"user-agent", TOC_VALUE_USER_AGENT},
    {"hash", TOC_VALUE_NONE},
    {"link", TOC_VALUE_REFERENCE},
    {"gobbledygook", TOC_VALUE_OTHER},
    {"", TOC_VALUE_OTHER},
    {"averyveryverylongnameofakindthatnobodywouldwrite", TOC_VALUE_OTHER},
};

static void kinds_have_many_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_int_equal(toc_value_kind_find(toc_span_str(names[i].name)), names[i].kind);
    }
    for (int i = 1; i < TOC_VALUE_KIND_COUNT; i++) {
        enum toc_value_kind kind = (enum toc_value_kind)i;
        assert_int_equal(toc_value_kind_find(toc_span_str(toc_value_kind_name(kind))), kind);
    }
}

static void keys_of_addresses_and_networks_lie_together(void **state)
{
    (void)state;
    uint8_t ip[TOC_VALUE_KEY_BYTES_MAX];
    uint8_t cidr[TOC_VALUE_KEY_BYTES_MAX];
    assert_ok(toc_value_guess(&value, toc_span_str("192.0.2.0")));
    size_t len = toc_value_key(value.kind, toc_span(value.bytes, value.len), ip);
    assert_ok(toc_value_guess(&value, toc_span_str("192.0.2.0/24")));
    assert_int_equal(toc_value_key(value.kind, toc_span(value.bytes, value.len), cidr), len);
    assert_int_equal(len, 1 + TOC_ADDRESS_BYTES);
    assert_memory_equal(ip, cidr, len - 1);
    assert_int_not_equal(ip[len - 1], cidr[len - 1]);
}

static void long_values_have_keys_of_their_own(void **state)
{
    (void)state;
    static uint8_t text[400];
    uint8_t a[TOC_VALUE_KEY_BYTES_MAX];
    uint8_t b[TOC_VALUE_KEY_BYTES_MAX];
    memset(text, 'a', sizeof text);
    assert_int_equal(toc_value_key(TOC_VALUE_OTHER, toc_span(text, 256), a), 257);
    size_t len = toc_value_key(TOC_VALUE_OTHER, toc_span(text, sizeof text), a);
    assert_int_equal(len, 257);
    text[399] = 'b';
    assert_int_equal(toc_value_key(TOC_VALUE_OTHER, toc_span(text, sizeof text), b), 257);
    assert_memory_equal(a, b, 225);
    assert_memory_not_equal(a, b, 257);
}

static void hosts_come_out_of_urls_and_mail_addresses(void **state)
{
    (void)state;
    struct toc_value host;
    assert_ok(toc_value_guess(&value, toc_span_str("http://u@evil.example:8080/a@b")));
    assert_ok(toc_value_host(&host, value.kind, toc_span(value.bytes, value.len)));
    assert_int_equal(host.kind, TOC_VALUE_DOMAIN);
    assert_span(toc_span(host.bytes, host.len), toc_span_str("evil.example"));
    assert_ok(toc_value_guess(&value, toc_span_str("http://[2001:db8::1]:80/")));
    assert_ok(toc_value_host(&host, value.kind, toc_span(value.bytes, value.len)));
    assert_int_equal(host.kind, TOC_VALUE_IP);
    assert_ok(toc_value_guess(&value, toc_span_str("a@evil.example")));
    assert_ok(toc_value_host(&host, value.kind, toc_span(value.bytes, value.len)));
    assert_span(toc_span(host.bytes, host.len), toc_span_str("evil.example"));
    assert_code(toc_value_host(&host, TOC_VALUE_DOMAIN, toc_span_str("evil.example")), TOC_ABSENT);
    assert_int_equal(host.kind, TOC_VALUE_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defanging_is_undone),
        cmocka_unit_test(a_value_shows_its_kind),
        cmocka_unit_test(a_value_wins_over_its_column),
        cmocka_unit_test(a_value_that_is_too_long_is_refused),
        cmocka_unit_test(kinds_have_many_names),
        cmocka_unit_test(keys_of_addresses_and_networks_lie_together),
        cmocka_unit_test(long_values_have_keys_of_their_own),
        cmocka_unit_test(hosts_come_out_of_urls_and_mail_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
