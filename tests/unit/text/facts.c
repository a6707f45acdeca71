/* SPDX-License-Identifier: EUPL-1.2 */
/* What lists, tables and running text say: each row one text and the facts that it gives. */
#include "check.h"
#include "text.h"

#define MD5 "d41d8cd98f00b204e9800998ecf8427e"
#define SHA1 "da39a3ee5e6b4b0d3255bfef95601890afd80709"
#define SHA256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

/* "line kind value:port{note}" with ! compound, w wildcard, t in text, i to_ids, n not to_ids. */
static void print_facts(const struct toc_facts *facts, char *out, size_t size)
{
    size_t len = 0;
    out[0] = '\0';
    for (uint32_t i = 0; i < facts->count; i++) {
        const struct toc_fact *fact = &facts->at[i];
        char text[512];
        char port[8] = "";
        (void)toc_value_text(fact->kind, fact->value, text, sizeof text);
        if (fact->port != 0) {
            (void)snprintf(port, sizeof port, ":%u", (unsigned)fact->port);
        }
        int put = snprintf(
            out + len, size - len, "%s%u %s %s%s%s%.*s%s%s%s%s%s%s", i == 0 ? "" : "; ",
            (unsigned)fact->line, toc_value_kind_name(fact->kind), text, port,
            fact->note.len > 0 ? "{" : "", (int)fact->note.len, (const char *)fact->note.at,
            fact->note.len > 0 ? "}" : "", (fact->flags & TOC_FACT_COMPOUND) != 0 ? "!" : "",
            (fact->flags & TOC_FACT_WILDCARD) != 0 ? "w" : "",
            (fact->flags & TOC_FACT_IN_TEXT) != 0 ? "t" : "",
            (fact->flags & TOC_FACT_TO_IDS) != 0 ? "i" : "",
            (fact->flags & TOC_FACT_NOT_TO_IDS) != 0 ? "n" : "");
        assert_true(put > 0 && (size_t)put < size - len);
        len += (size_t)put;
    }
}

static const struct {
    enum toc_text_shape shape;
    const char *text;
    const char *facts;
} rows[] = {
    /* lists */
    {TOC_TEXT_PLAIN, "evil.example\nwww.evil.example\r\n\n192.0.2.1:80\n",
     "1 domain evil.example; 2 domain www.evil.example; 4 ip 192.0.2.1:80"},
    {TOC_TEXT_PLAIN, "\xef\xbb\xbf" MD5 "\r" SHA1, "1 md5 " MD5 "; 2 sha1 " SHA1},
    {TOC_TEXT_PLAIN, "- evil[.]example\n* hxxp://evil.example/a,\n1. *.evil.example\n",
     "1 domain evil.example; 2 url http://evil.example/a; 3 domain evil.examplew"},
    {TOC_TEXT_PLAIN, "`evil.example`\n\"192.0.2.1\"\n\xe2\x80\xa2 " MD5,
     "1 domain evil.example; 2 ip 192.0.2.1; 3 md5 " MD5},
    {TOC_TEXT_PLAIN, "evil.example # C2\nevil2.example\t// old\n",
     "1 domain evil.example{C2}; 2 domain evil2.example{old}"},
    {TOC_TEXT_PLAIN, MD5 "  invoice.doc\n" SHA1 "|Dropper\n192.0.2.1 used in May\n",
     "1 md5 " MD5 "{invoice.doc}; 2 sha1 " SHA1 "{Dropper}; 3 ip 192.0.2.1{used in May}"},
    {TOC_TEXT_PLAIN, "evil.example,comment\nevil.example speaks\n",
     "1 domain evil.example{comment}; 2 title evil.example speaks"},
    {TOC_TEXT_PLAIN, "MD5: " MD5 "\nSHA-256 - " SHA256 "\nDomain: evil.example\nmutex: Global\\X\n",
     "1 md5 " MD5 "; 2 sha256 " SHA256 "; 3 domain evil.example; 4 mutex Global\\X"},
    {TOC_TEXT_PLAIN, "C:\\Program Files\\x.exe\nHKLM\\Software\\Evil Corp\n",
     "1 path c:\\program files\\x.exe; 2 registry hkey_local_machine\\software\\evil corp"},
    {TOC_TEXT_PLAIN, "word\nanother\nhttp://+:80/x\n", "3 reference http://+:80/xt"},
    /* comments carry references, not values */
    {TOC_TEXT_PLAIN,
     "# Reference: https://report.example/a\n# evil[.]example\nhttp://evil.example/\n",
     "1 reference https://report.example/at; 3 url http://evil.example/"},
    /* what stands under a heading */
    {TOC_TEXT_PLAIN, "References:\nhttps://report.example/a\nhxxp://evil.example/\n",
     "2 reference https://report.example/at; 3 url http://evil.example/"},
    {TOC_TEXT_PLAIN, "https://urlscan.io/result/1/\nhttps://evil.example/1/\n",
     "1 reference https://urlscan.io/result/1/t; 2 url https://evil.example/1/"},
    {TOC_TEXT_MARKDOWN, "# Title\n## Mutexes\n- `Evil-Mutex`\n## Other\n- `word`\n",
     "1 title Title; 3 mutex Evil-Mutex"},
    {TOC_TEXT_PLAIN, "packages:\n- com.evil.app\nwebsites:\n- evil.example\n",
     "2 app-id com.evil.app; 4 domain evil.example"},
    /* running text */
    {TOC_TEXT_PLAIN,
     "x\nThe site evil.example was seen with evil2[.]example and 8.8.4.4, not 10.0.0.1.\n",
     "2 domain evil2.examplet; 2 ip 8.8.4.4t"},
    {TOC_TEXT_PLAIN, "x\nThey use CVE-2026-1234 (T1566.001) and the file " MD5 ".\n",
     "2 cve CVE-2026-1234t; 2 technique T1566.001t; 2 md5 " MD5 "t"},
    {TOC_TEXT_PLAIN, "x\nRead https://report.example/a, and hxxps://evil[.]example/b.\n",
     "2 reference https://report.example/at; 2 url https://evil.example/bt"},
    {TOC_TEXT_PLAIN, "x\nThe report was published at\nhttps://report.example/a\n",
     "2 title The report was published at; 3 reference https://report.example/at"},
    {TOC_TEXT_MARKDOWN, "See [the post](https://report.example/a) of evil[.]example.\n",
     "1 reference https://report.example/at; 1 domain evil.examplet"},
    {TOC_TEXT_MARKDOWN, "= Title\n\nIt is on https://report.example/a[our blog] here.\n",
     "1 title Title; 3 reference https://report.example/at"},
    {TOC_TEXT_PLAIN, "x\nWrite to a@cert.example or a[at]evil[.]example today\n",
     "2 email a@evil.examplet"},
    {TOC_TEXT_PLAIN, "x\nReceived: from evil[.]example (mail.evil[.]example [192.0.2[.]1])\n",
     "2 domain evil.examplet; 2 domain mail.evil.examplet; 2 ip 192.0.2.1t"},
    /* tables of markup */
    {TOC_TEXT_MARKDOWN, "| SHA-1 | Name |\n|---|---|\n| `" SHA1 "` | evil.example |\n",
     "3 sha1 " SHA1 "; 3 domain evil.example"},
    /* tables with a header */
    {TOC_TEXT_TABLE, "type,value,comment\ndomain,evil.example,\"C2, old\"\nsha-256," SHA256 ",\n",
     "2 domain evil.example{C2, old}; 3 sha256 " SHA256},
    {TOC_TEXT_TABLE,
     "Indicator,Data,Note\r\nip,192.0.2.1,x\r\nDescription,https://report.example/,\r\n",
     "2 ip 192.0.2.1{x}; 3 reference https://report.example/t"},
    {TOC_TEXT_TABLE, "Indicator;Type;Description\nevil[.]example;Domain;C2\n",
     "2 domain evil.example{C2}"},
    {TOC_TEXT_PLAIN,
     "#fields\tindicator\tindicator_type\tmeta.source\nevil.example\tIntel::DOMAIN\tx\n",
     "2 domain evil.example"},
    {TOC_TEXT_TABLE, "# preface\n\nsha256,Filename\n" SHA256 ",Evil.exe\n# end\n",
     "4 sha256 " SHA256 "; 4 filename evil.exe"},
    {TOC_TEXT_TABLE,
     "uuid,type,value,comment,to_ids,date\n1,domain|ip,evil.example|192.0.2.1,c,1,20260101\n"
     "2,ip-dst|port,192.0.2.2|443,,0,\n3,comment,hello,,0,\n4,link,https://report.example/,,0,\n",
     "2 domain evil.example{c}!i; 2 ip 192.0.2.1{c}!i; 3 ip 192.0.2.2:443n; "
     "5 reference https://report.example/n"},
    {TOC_TEXT_TABLE, "value,type\n\"" SHA1 "," MD5 "\",file\n" MD5 ";" SHA1 ",file\n",
     "2 sha1 " SHA1 "; 2 md5 " MD5 "; 3 md5 " MD5 "; 3 sha1 " SHA1},
    {TOC_TEXT_TABLE, "IOC,Note\n192.0.2.1,\"two\nlines\"\n192.0.2.2,\"a \"\"b\"\"\"\n",
     "2 ip 192.0.2.1{two\nlines}; 4 ip 192.0.2.2{a \"b\"}"},
    {TOC_TEXT_TABLE, "value,type\nevil.example,domain,x\nSerial 7,Their Kind\n",
     "2 warning ROW_COLUMNS; 2 domain evil.example; 3 other Serial 7"},
    {TOC_TEXT_TABLE, "type,value\nsha1," MD5 "\ndomain,192.0.2.1\n",
     "2 warning HASH_LENGTH; 2 md5 " MD5 "; 3 warning VALUE_KIND; 3 ip 192.0.2.1"},
    /* tables without one */
    {TOC_TEXT_TABLE, "2026-01-01,evil.example,C2\n2026-01-02,192.0.2.1,C2\n",
     "1 domain evil.example; 2 ip 192.0.2.1"},
    {TOC_TEXT_TABLE, "file name,o_vp.exe\nmd5," MD5 "\n", "1 filename o_vp.exe; 2 md5 " MD5},
    /* titles and markings */
    {TOC_TEXT_PLAIN, "Weekly report of evil\nTLP:AMBER+STRICT\nevil.example\n",
     "1 title Weekly report of evil; 2 tlp amber+strict; 3 domain evil.example"},
    {TOC_TEXT_PLAIN, "Classification: **TLP: GREEN**\n", "1 tlp green"},
    {TOC_TEXT_PLAIN, "x\nhttps://x.com/TLP_R3D/status/1\n",
     "2 reference https://x.com/TLP_R3D/status/1t"},
    /* encodings */
    {TOC_TEXT_PLAIN, "ev\xefl.example\n", "0 warning TEXT_ENCODING; 1 domain xn--evl-0ma.example"},
};

static void texts_give_their_facts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct toc_facts facts;
        char got[2048];
        toc_facts_init(&facts);
        assert_ok(toc_text_read(&facts, toc_span_str(rows[i].text), 1, rows[i].shape));
        print_facts(&facts, got, sizeof got);
        if (strcmp(got, rows[i].facts) != 0) {
            fail_msg("%s\ngot    %s\nwanted %s", rows[i].text, got, rows[i].facts);
        }
        toc_facts_clear(&facts);
    }
}

static void utf16_is_read(void **state)
{
    (void)state;
    static const char little[] = "\xff\xfe"
                                 "e\0v\0i\0l\0.\0e\0x\0a\0m\0p\0l\0e\0\n\0\x3d\xd8\0\xde\n\0";
    static const char big[] = "\xfe\xff\0e\0v\0i\0l\0.\0e\0x\0a\0m\0p\0l\0e\0\n";
    struct toc_facts facts;
    toc_facts_init(&facts);
    assert_ok(toc_text_read(&facts, toc_span(little, sizeof little - 1), 1, TOC_TEXT_PLAIN));
    assert_ok(toc_text_read(&facts, toc_span(big, sizeof big - 1), 2, TOC_TEXT_PLAIN));
    assert_int_equal(facts.count, 2);
    assert_span(facts.at[0].value, toc_span_str("evil.example"));
    assert_span(facts.at[1].value, toc_span_str("evil.example"));
    assert_int_equal(facts.at[1].document, 2);
    toc_facts_clear(&facts);
}

static const struct {
    const char *text;
    bool valid;
} encodings[] = {
    {"plain", true},
    {"\xc3\xbc", true},
    {"\xe2\x82\xac", true},
    {"\xf0\x9f\x98\x80", true},
    {"\xc3", false},
    {"\xc0\x80", false},
    {"\xe0\x80\x80", false},
    {"\xed\xa0\x80", false},
    {"\xf4\x90\x80\x80", false},
    {"\xf8\x88\x80\x80\x80", false},
    {"\x80", false},
    {"12345678\xff", false},
    {"1234567\xc3\xbc"
     "12345678",
     true},
};

static void utf8_is_told_from_the_rest(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof encodings / sizeof encodings[0]; i++) {
        assert_int_equal(toc_text_is_utf8(toc_span_str(encodings[i].text)), encodings[i].valid);
    }
}

/* A quote that is never closed takes one row, not the rest of the document. */
static void an_open_quote_costs_its_own_row(void **state)
{
    (void)state;
    static char text[TOC_TEXT_ROW_BYTES_MAX + 200];
    size_t len = (size_t)snprintf(text, sizeof text, "value,note\n192.0.2.1,\"open\n");
    while (len < TOC_TEXT_ROW_BYTES_MAX + 100) {
        text[len] = len % 64 == 0 ? '\n' : 'a';
        len++;
    }
    len += (size_t)snprintf(text + len, sizeof text - len, "\n192.0.2.2,end\n");
    struct toc_facts facts;
    toc_facts_init(&facts);
    assert_ok(toc_text_read(&facts, toc_span(text, len), 1, TOC_TEXT_TABLE));
    uint32_t found = 0;
    for (uint32_t i = 0; i < facts.count; i++) {
        found += facts.at[i].kind == TOC_VALUE_IP;
    }
    assert_int_equal(found, 2);
    toc_facts_clear(&facts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_give_their_facts),
        cmocka_unit_test(utf16_is_read),
        cmocka_unit_test(utf8_is_told_from_the_rest),
        cmocka_unit_test(an_open_quote_costs_its_own_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
