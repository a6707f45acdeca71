/* SPDX-License-Identifier: EUPL-1.2 */
/* Formats by media type, name and content; what is refused, what is carried. */
#include "check.h"
#include "intel.h"

static const struct {
    const char *media_type;
    enum toc_intel_format format;
} types[] = {
    {"application/stix+json;version=2.1", TOC_FORMAT_STIX21},
    {"application/stix+json; version=2.0", TOC_FORMAT_STIX20},
    {"application/stix+json", TOC_FORMAT_STIX21},
    {"Application/JSON; charset=utf-8", TOC_FORMAT_JSON},
    {"application/x-misp+json", TOC_FORMAT_MISP},
    {"application/csaf+json", TOC_FORMAT_CSAF},
    {"text/csv", TOC_FORMAT_CSV},
    {"text/plain", TOC_FORMAT_TEXT},
    {"text/markdown", TOC_FORMAT_MARKDOWN},
    {"image/png", TOC_FORMAT_UNKNOWN},
    {"", TOC_FORMAT_UNKNOWN},
};

static void media_types_name_formats(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        assert_int_equal(toc_intel_format_find(toc_span_str(types[i].media_type)), types[i].format);
    }
    for (int i = 0; i < TOC_FORMAT_COUNT; i++) {
        enum toc_intel_format format = (enum toc_intel_format)i;
        const char *type = toc_intel_format_media_type(format);
        assert_int_equal(toc_intel_format_find(toc_span_str(type)), format);
    }
}

static const struct {
    const char *name;
    const char *bytes;
    enum toc_intel_format format;
} documents[] = {
    {"x", "{\"type\": \"bundle\", \"spec_version\": \"2.0\"}", TOC_FORMAT_STIX20},
    {"", "\xef\xbb\xbf {\"type\":\"bundle\",\"objects\":[{\"spec_version\":\"2.1\"}]}",
     TOC_FORMAT_STIX21},
    {"x.txt", "{\"type\":\"indicator\",\"id\":\"indicator--1\"}", TOC_FORMAT_STIX20},
    {"x.json", "{\"Event\": {}}", TOC_FORMAT_MISP},
    {"x.json", "{\"document\": {\"csaf_version\": \"2.0\"}}", TOC_FORMAT_CSAF},
    {"x.json", "{\"a\": 1}", TOC_FORMAT_JSON},
    {"x.json", "<html>", TOC_FORMAT_JSON},
    {"x.txt", "{\"a\": 1}", TOC_FORMAT_TEXT},
    {"x", "[note] read this", TOC_FORMAT_TEXT},
    {"x", "%PDF-1.7", TOC_FORMAT_PDF},
    {"x", "<!DOCTYPE html><html></html>", TOC_FORMAT_HTML},
    {"x.xml", "<?xml version=\"1.0\"?><stix:STIX_Package>", TOC_FORMAT_STIX1},
    {"x", "rule a\n{\n condition:\n  true\n}\n", TOC_FORMAT_YARA},
    {"x.yar", "// rules", TOC_FORMAT_YARA},
    {"x.yml", "title: t\nlogsource:\n  a: b\ndetection:\n  c: d\n", TOC_FORMAT_SIGMA},
    {"x.rules", "alert tcp any any -> any any (msg:\"a\"; sid:1;)", TOC_FORMAT_SURICATA},
    {"x.csv", "a,b\n1,2\n", TOC_FORMAT_CSV},
    {"", "a,b\n1,2\n3,4\n5,6\n", TOC_FORMAT_CSV},
    {"x.md", "text", TOC_FORMAT_MARKDOWN},
    {"", "# A\n\n## B\n\ntext\n", TOC_FORMAT_MARKDOWN},
    {"x.txt", "evil.example\n", TOC_FORMAT_TEXT},
    {"", "", TOC_FORMAT_TEXT},
};

static void content_comes_before_the_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof documents / sizeof documents[0]; i++) {
        enum toc_intel_format format = toc_intel_format_sniff(toc_span_str(documents[i].name),
                                                              toc_span_str(documents[i].bytes));
        if (format != documents[i].format) {
            fail_msg("%s: %s, not %s", documents[i].bytes, toc_intel_format_name(format),
                     toc_intel_format_name(documents[i].format));
        }
    }
    assert_int_equal(toc_intel_format_sniff(toc_span_str("x"), toc_span("a\0b", 3)),
                     TOC_FORMAT_UNKNOWN);
    assert_int_equal(toc_intel_format_sniff(toc_span_str("x"), toc_span("\xff\xfe"
                                                                        "a\0",
                                                                        4)),
                     TOC_FORMAT_TEXT);
}

static struct toc_err read_as(struct toc_facts *facts, const char *media_type, const char *bytes,
                              enum toc_intel_format *format, struct toc_intel_fault *fault)
{
    struct toc_intel_document document = {toc_span_str("name"), toc_span_str(media_type),
                                          toc_span_str(bytes)};
    return toc_intel_read_document(facts, &document, 1, format, fault);
}

static void broken_json_is_refused_with_its_place_and_nothing_stays(void **state)
{
    (void)state;
    struct toc_facts facts;
    struct toc_intel_fault fault;
    enum toc_intel_format format;
    toc_facts_init(&facts);
    assert_ok(read_as(&facts, "", "evil.example\n", &format, &fault));
    assert_int_equal(facts.count, 1);
    assert_code(
        read_as(&facts, "application/stix+json", "{\n \"type\": \"bundle\",\n}", &format, &fault),
        TOC_SYNTAX);
    assert_int_equal(fault.line, 3);
    assert_int_equal(fault.column, 1);
    assert_string_equal(fault.detail, "string or '}' expected near '}'");
    assert_int_equal(facts.count, 1);
    assert_int_equal(facts.counts.objects, 1);
    assert_code(read_as(&facts, "application/stix+json", "evil.example", &format, &fault),
                TOC_SYNTAX);
    assert_code(read_as(&facts, "application/json", "evil.example", NULL, NULL), TOC_SYNTAX);
    assert_int_equal(facts.count, 1);
    toc_facts_clear(&facts);
}

static const struct {
    const char *media_type;
    const char *bytes;
    enum toc_intel_format format;
} carried[] = {
    {"", "{\"Event\": {\"info\": \"x\"}}", TOC_FORMAT_MISP},
    {"application/csaf+json", "{\"document\": {\"csaf_version\": \"2.0\"}}", TOC_FORMAT_CSAF},
    {"", "{\"a\": 1}", TOC_FORMAT_JSON},
    {"application/pdf", "%PDF-1.7", TOC_FORMAT_PDF},
    {"text/x-yara", "rule a { condition: true }", TOC_FORMAT_YARA},
};

static void formats_without_a_reader_are_carried_with_a_warning(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof carried / sizeof carried[0]; i++) {
        struct toc_facts facts;
        enum toc_intel_format format;
        toc_facts_init(&facts);
        assert_ok(read_as(&facts, carried[i].media_type, carried[i].bytes, &format, NULL));
        assert_int_equal(format, carried[i].format);
        assert_int_equal(facts.count, 1);
        assert_int_equal(facts.counts.warnings[TOC_WARNING_FORMAT_NOT_READ], 1);
        assert_span(facts.at[0].written, toc_span_str(toc_intel_format_name(format)));
        toc_facts_clear(&facts);
    }
}

static void what_it_was_read_as_is_told(void **state)
{
    (void)state;
    struct toc_facts facts;
    enum toc_intel_format format;
    toc_facts_init(&facts);
    assert_ok(read_as(&facts, "application/stix+json;version=2.1",
                      "{\"type\":\"bundle\",\"id\":\"bundle--1\",\"spec_version\":\"2.0\"}",
                      &format, NULL));
    assert_int_equal(format, TOC_FORMAT_STIX20);
    assert_ok(read_as(&facts, "text/plain", "value,type\nevil.example,domain\na,b\nc,d\n", &format,
                      NULL));
    assert_int_equal(format, TOC_FORMAT_CSV);
    toc_facts_clear(&facts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(media_types_name_formats),
        cmocka_unit_test(content_comes_before_the_name),
        cmocka_unit_test(broken_json_is_refused_with_its_place_and_nothing_stays),
        cmocka_unit_test(formats_without_a_reader_are_carried_with_a_warning),
        cmocka_unit_test(what_it_was_read_as_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
