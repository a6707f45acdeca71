/* SPDX-License-Identifier: EUPL-1.2 */
/* A marking is found however it is written and wherever it stands, and never read too low. */
#include "check.h"
#include "intel.h"

#define RED_1 "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed"
#define RED_2 "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1"
#define OBJECT "\"type\":\"note\",\"id\":\"note--1\""
#define DEFINED(id, tlp)                                                                           \
    "{\"type\":\"marking-definition\",\"id\":\"" id "\",\"definition_type\":\"tlp\","              \
    "\"definition\":{\"tlp\":\"" tlp "\"}}"
#define OWN "marking-definition--11111111-2222-4333-8444-555555555555"
#define LONG "a line that goes on and on, far beyond what anybody would call a heading, and then "

static const struct {
    const char *name;
    const char *media_type;
    const char *bytes;
    enum toc_marked tlp;
} rows[] = {
    /* spellings */
    {"a.txt", "", "TLP:RED\n", TOC_MARKED_RED},
    {"a.txt", "", "Tlp:Red\n", TOC_MARKED_RED},
    {"a.txt", "", "tLP:rED", TOC_MARKED_RED},
    {"a.txt", "", "TLP RED\n", TOC_MARKED_RED},
    {"a.txt", "", "TLP-RED\n", TOC_MARKED_RED},
    {"a.txt", "", "TLP_RED\n", TOC_MARKED_RED},
    {"a.txt", "", "TLP:\tRED\n", TOC_MARKED_RED},
    {"a.txt", "", "TLP:  RED\n", TOC_MARKED_RED},
    {"a.txt", "", "TLP:\xc2\xa0RED\n", TOC_MARKED_RED},
    {"a.txt", "", "TLP\xef\xbc\x9aRED\n", TOC_MARKED_RED},
    {"a.md", "", "TLP:**RED**\n", TOC_MARKED_RED},
    {"a.md", "", "|TLP:RED|\n", TOC_MARKED_RED},
    {"a.md", "", ">TLP:RED\n", TOC_MARKED_RED},
    {"a.txt", "", "\"TLP:RED\"\n", TOC_MARKED_RED},
    {"a.txt", "", "TLP marking: RED\n", TOC_MARKED_RED},
    {"a.txt", "", LONG LONG "TLP:RED\n", TOC_MARKED_RED},
    {"a.txt", "", "TLP:CLEAR header, rest TLP:RED\n", TOC_MARKED_RED},
    {"a.txt", "", "TLP:CLEAR\nevil.example\nTLP:AMBER\n", TOC_MARKED_AMBER},
    {"a.txt", "", "TLP:AMBER STRICT\n", TOC_MARKED_AMBER_STRICT},
    {"a.txt", "", "TLP:AMBER_STRICT\n", TOC_MARKED_AMBER_STRICT},
    {"a.txt", "", "TLP:AMBER+STRICT\n", TOC_MARKED_AMBER_STRICT},
    {"a.txt", "", "TLP:AMBER-strict\n", TOC_MARKED_AMBER_STRICT},
    {"a.csv", "", "host,note\nevil.example,\"TLP RED\"\n", TOC_MARKED_RED},
    /* what is none */
    {"a.txt", "", "TLP:REDACTED\n", TOC_MARKED_NONE},
    {"a.txt", "", "xtlp:red\n", TOC_MARKED_NONE},
    {"a.txt", "", "the TLP of this report is unknown\n", TOC_MARKED_NONE},
    {"a.txt", "", LONG LONG "TLP:CLEAR\n", TOC_MARKED_NONE},
    {"a.txt", "", "", TOC_MARKED_NONE},
    /* formats that are carried */
    {"a.json", "", "{\"Event\":{\"Tag\":[{\"name\":\"tlp:red\"}]}}", TOC_MARKED_RED},
    {"a.json", "", "{\"Event\":{\"Tag\":[{\"name\":\"tlp:amber+strict\"}]}}",
     TOC_MARKED_AMBER_STRICT},
    {"a.json", "", "{\"Event\":{\"Tag\":[{\"name\":\"tlp:white\"}]}}", TOC_MARKED_CLEAR},
    {"a.json", "",
     "{\"document\":{\"csaf_version\":\"2.0\",\"distribution\":{\"tlp\":{\"label\":\"RED\"}}}}",
     TOC_MARKED_RED},
    {"a.json", "", "{\"TLP\":\"RED\"}", TOC_MARKED_RED},
    {"a.json", "", "{\"x_tlp\":[\"green\",\"red\"]}", TOC_MARKED_RED},
    {"a.json", "", "{\"a\":\"\\u0054LP:RED\"}", TOC_MARKED_RED},
    {"a.txt", "", "{\"tlp\" : {\"label\" : \"RED\"}}", TOC_MARKED_RED},
    {"a.xml", "",
     "<?xml version=\"1.0\"?><stix:STIX_Package><marking:Marking_Structure "
     "xsi:type=\"tlpMarking:TLPMarkingStructureType\" color=\"RED\"/>",
     TOC_MARKED_RED},
    {"a.html", "", "<html><b>TLP</b>:&nbsp;<span class=\"x\">RED</span></html>", TOC_MARKED_RED},
    {"a.html", "", "<html><p style=\"color: red\">hello</p></html>", TOC_MARKED_NONE},
    {"a.pdf", "", "%PDF-1.7 (TLP:RED) Tj", TOC_MARKED_RED},
    {"a.yar", "", "rule a {\n meta:\n  tlp = \"RED\"\n condition:\n  true\n}\n", TOC_MARKED_RED},
    {"a.yml", "", "title: t\ntags:\n - tlp.red\nlogsource:\n a: b\ndetection:\n c: d\n",
     TOC_MARKED_RED},
    /* STIX */
    {"a.json", "", "{" OBJECT ",\"object_marking_refs\":[\"" RED_1 "\"]}", TOC_MARKED_RED},
    {"a.json", "", "{" OBJECT ",\"object_marking_refs\":\"" RED_2 "\"}", TOC_MARKED_RED},
    {"a.json", "",
     "{" OBJECT ",\"object_marking_refs\":[\"MARKING-DEFINITION--"
     "5E57C739-391A-4EB3-B6BE-7D15CA92D5ED\"]}",
     TOC_MARKED_RED},
    {"a.json", "",
     "{\"type\":\"bundle\",\"id\":\"bundle--1\",\"object_marking_refs\":[\"" RED_1
     "\"],\"objects\":[{" OBJECT "}]}",
     TOC_MARKED_RED},
    {"a.json", "", "[1,{" OBJECT ",\"object_marking_refs\":[\"" RED_1 "\"]}]", TOC_MARKED_RED},
    {"a.json", "", "{\"objects\":[{\"x\":1},{" OBJECT ",\"object_marking_refs\":[\"" RED_1 "\"]}]}",
     TOC_MARKED_RED},
    {"a.json", "", "{}\n{" OBJECT ",\"object_marking_refs\":[\"" RED_1 "\"]}", TOC_MARKED_RED},
    {"a.json", "",
     "{\"type\":\"bundle\",\"objects\":[{\"type\":\"bundle\",\"objects\":[{\"type\":\"bundle\","
     "\"objects\":[" DEFINED(OWN, "red") ",{" OBJECT ",\"object_marking_refs\":[\"" OWN
                                         "\"]}]}]}]}",
     TOC_MARKED_RED},
    {"a.json", "",
     "{\"type\":\"bundle\",\"objects\":{\"a\":{" OBJECT ",\"object_marking_refs\":[\"" RED_1
     "\"]}}}",
     TOC_MARKED_RED},
    {"a.txt", "", "see:\n{" OBJECT ",\"object_marking_refs\":[\"" RED_1 "\"]}", TOC_MARKED_RED},
    {"a.json", "", "{" OBJECT ",\"description\":\"This is TLP:RED\"}", TOC_MARKED_RED},
    {"a.json", "",
     "[{\"type\":\"marking-definition\",\"id\":\"" OWN "\",\"definition\":{\"statement\":"
     "\"This is TLP:RED\"}},{" OBJECT ",\"object_marking_refs\":[\"" OWN "\"]}]",
     TOC_MARKED_RED},
    {"a.json", "application/pdf", "{" OBJECT ",\"object_marking_refs\":[\"" RED_1 "\"]}",
     TOC_MARKED_RED},
    {"a.json", "text/plain", "{" OBJECT ",\"labels\":[\"tlp:red\"]}", TOC_MARKED_RED},
    /* a definition that nothing refers to marks nothing */
    {"a.json", "", "[{" OBJECT "}," DEFINED(RED_1, "red") "]", TOC_MARKED_NONE},
    {"a.json", "application/pdf", "[{" OBJECT "}," DEFINED(RED_1, "red") "]", TOC_MARKED_NONE},
    {"a.json", "",
     "[{\"type\":\"report\",\"id\":\"report--1\",\"object_refs\":[\"" RED_1
     "\"]}," DEFINED(RED_1, "red") "]",
     TOC_MARKED_NONE},
};

static void markings_are_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct toc_intel_document document = {toc_span_str(rows[i].name),
                                              toc_span_str(rows[i].media_type),
                                              toc_span_str(rows[i].bytes)};
        struct toc_facts facts;
        toc_facts_init(&facts);
        assert_code(toc_intel_read_document(&facts, &document, 1, NULL, NULL), TOC_OK);
        if (facts.tlp != rows[i].tlp) {
            fail_msg("row %zu, %s: %s: %d, not %d", i, rows[i].name, rows[i].bytes, (int)facts.tlp,
                     (int)rows[i].tlp);
        }
        toc_facts_clear(&facts);
    }
}

static void utf16_reads_as_ascii(void **state)
{
    (void)state;
    static const char bytes[] = "%PDF-1.7 \xfe\xff\0T\0L\0P\0:\0R\0E\0D";
    struct toc_intel_document document = {toc_span_str("a.pdf"), toc_span_str(""),
                                          toc_span(bytes, sizeof bytes - 1)};
    struct toc_facts facts;
    toc_facts_init(&facts);
    assert_code(toc_intel_read_document(&facts, &document, 1, NULL, NULL), TOC_OK);
    assert_int_equal(facts.tlp, TOC_MARKED_RED);
    toc_facts_clear(&facts);
}

/* Which of two equal keys counts would decide whether a marking does. */
static void a_key_twice_is_refused(void **state)
{
    (void)state;
    static const char bytes[] =
        "{" OBJECT ",\"object_marking_refs\":[\"" RED_1 "\"],\"object_marking_refs\":[]}";
    struct toc_intel_document document = {toc_span_str("a.json"), toc_span_str(""),
                                          toc_span_str(bytes)};
    struct toc_intel_fault fault;
    struct toc_facts facts;
    toc_facts_init(&facts);
    assert_code(toc_intel_read_document(&facts, &document, 1, NULL, &fault), TOC_SYNTAX);
    assert_int_equal(fault.line, 1);
    assert_int_equal(facts.count, 0);
    assert_int_equal(facts.tlp, TOC_MARKED_NONE);
    toc_facts_clear(&facts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(markings_are_found),
        cmocka_unit_test(utf16_reads_as_ascii),
        cmocka_unit_test(a_key_twice_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
