/* SPDX-License-Identifier: EUPL-1.2 */
/* What STIX documents say: each row one document in short and the facts that it gives. */
#include "check.h"
#include "stix.h"

/* Documents are written with ' for ", so that they can be read here. */
static void load(struct toc_json *json, const char *text)
{
    static char plain[8192];
    struct toc_json_fault fault;
    size_t len = strlen(text);
    assert_true(len < sizeof plain);
    for (size_t i = 0; i < len; i++) {
        plain[i] = text[i] == '\'' ? '"' : text[i] == '`' ? '\'' : text[i];
    }
    struct toc_err err = toc_json_load(json, toc_span(plain, len), &fault);
    if (toc_failed(err)) {
        fail_msg("%s: %u:%u: %s", text, fault.line, fault.column, fault.detail);
    }
}

/* "kind value{note}!" and so on: ! compound, - revoked, o observed, d dangling, t to_ids, n not. */
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
        int put = snprintf(out + len, size - len, "%s%s %s%s%s%.*s%s%s%s%s%s%s%s",
                           i == 0 ? "" : "; ", toc_value_kind_name(fact->kind), text, port,
                           fact->note.len > 0 ? "{" : "", (int)fact->note.len,
                           (const char *)fact->note.at, fact->note.len > 0 ? "}" : "",
                           (fact->flags & TOC_FACT_COMPOUND) != 0 ? "!" : "",
                           (fact->flags & TOC_FACT_REVOKED) != 0 ? "-" : "",
                           (fact->flags & TOC_FACT_OBSERVED) != 0 ? "o" : "",
                           (fact->flags & TOC_FACT_DANGLING) != 0 ? "d" : "",
                           (fact->flags & TOC_FACT_TO_IDS) != 0 ? "t" : "",
                           (fact->flags & TOC_FACT_NOT_TO_IDS) != 0 ? "n" : "");
        assert_true(put > 0 && (size_t)put < size - len);
        len += (size_t)put;
    }
}

#define U(n) "00000000-0000-4000-8000-00000000000" #n
#define IND(n, rest) "{'type':'indicator','id':'indicator--" U(n) "'," rest "}"
#define BUNDLE(objects) "{'type':'bundle','id':'bundle--" U(0) "','objects':[" objects "]}"
#define ACTOR(n, name) "{'type':'intrusion-set','id':'intrusion-set--" U(n) "','name':'" name "'}"
#define RELATION(verb, from, to)                                                                   \
    "{'type':'relationship','id':'relationship--" U(9) "','relationship_type':'" verb              \
                                                       "','source_ref':'" from                     \
                                                       "','target_ref':'" to "'}"
#define RED "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed"
#define STRICT "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003"
#define OWN "marking-definition--" U(7)

static const struct {
    const char *text;
    uint32_t objects;
    uint32_t indicators;
    enum toc_marked tlp;
    const char *facts;
} rows[] = {
    /* containers: a bundle, a list, an envelope, an object, bundles in a list, JSON Lines */
    {BUNDLE(IND(1, "'pattern':'[domain-name:value = `evil.example`]'")), 1, 1, TOC_MARKED_NONE,
     "domain evil.example"},
    {"[" IND(1, "'pattern':'[domain-name:value = `evil.example`]'") "]", 1, 1, TOC_MARKED_NONE,
     "domain evil.example"},
    {"{'more':false,'objects':[" IND(1, "'pattern':'[domain-name:value = `evil.example`]'") "]}", 1,
     1, TOC_MARKED_NONE, "domain evil.example"},
    {IND(1, "'pattern':'[domain-name:value = `evil.example`]'"), 1, 1, TOC_MARKED_NONE,
     "domain evil.example"},
    {"[" BUNDLE(ACTOR(1, "One")) "," BUNDLE(ACTOR(2, "Two")) "]", 2, 0, TOC_MARKED_NONE,
     "actor one; actor two"},
    {ACTOR(1, "One") "\n" ACTOR(2, "Two"), 2, 0, TOC_MARKED_NONE, "actor one; actor two"},
    {"{'type':'bundle','id':'bundle--" U(0) "'}", 0, 0, TOC_MARKED_NONE, ""},
    /* indicators */
    {IND(1, "'name':'N','confidence':70,'pattern':'[file:hashes.`SHA-256` = "
            "`e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855`]'"),
     1, 1, TOC_MARKED_NONE,
     "sha256 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855{N}"},
    {IND(1, "'pattern':'[network-traffic:dst_ref.type = `ipv4-addr` AND "
            "network-traffic:dst_ref.value = `192.0.2.1` AND network-traffic:dst_port = 443]'"),
     1, 1, TOC_MARKED_NONE, "ip 192.0.2.1:443"},
    {IND(1, "'pattern':'[network-traffic:dst_ref.value = `evil.example`]'"), 1, 1, TOC_MARKED_NONE,
     "domain evil.example"},
    {IND(1, "'pattern':'[url:value = `hxxp://evil[.]example/`]'"), 1, 1, TOC_MARKED_NONE,
     "url http://evil.example/"},
    {IND(1, "'revoked':true,'pattern':'[file:name = `a` AND file:size = 3]'"), 1, 1,
     TOC_MARKED_NONE, "filename a!-"},
    {IND(1, "'labels':['misp:to_ids=\\'True\\''],'pattern':'[mutex:name = `M`]'"), 1, 1,
     TOC_MARKED_NONE, "mutex Mt"},
    {IND(1, "'labels':['misp:to_ids=\\'False\\''],'pattern':'[mutex:name = `M`]'"), 1, 1,
     TOC_MARKED_NONE, "mutex Mn"},
    {IND(1, "'pattern':'[x-thing:colour = `red`]'"), 1, 1, TOC_MARKED_NONE, "other red"},
    /* indicators that give a warning */
    {IND(1, "'pattern':'[domain-name:value = `a`'"), 1, 1, TOC_MARKED_NONE,
     "warning PATTERN_SYNTAX"},
    {IND(1, "'id2':1"), 1, 1, TOC_MARKED_NONE, "warning PATTERN_SYNTAX"},
    {IND(1, "'pattern':'[a:b MATCHES `x`]'"), 1, 1, TOC_MARKED_NONE, "warning PATTERN_NO_ATOM"},
    {IND(1, "'name':'R','pattern_type':'yara','pattern':'rule x {}'"), 1, 1, TOC_MARKED_NONE,
     "rule R{R}; warning PATTERN_LANGUAGE"},
    {IND(1, "'pattern':'[file:hashes.MD5 = `f00`]'"), 1, 1, TOC_MARKED_NONE,
     "warning HASH_LENGTH; other f00"},
    {IND(1, "'pattern':'[domain-name:value = `192.0.2.1`]'"), 1, 1, TOC_MARKED_NONE,
     "warning VALUE_KIND; ip 192.0.2.1"},
    {IND(1, "'valid_from':'yesterday','pattern':'[mutex:name = `M`]'"), 1, 1, TOC_MARKED_NONE,
     "warning TIME_INVALID; mutex M"},
    /* observables, 2.1 and 2.0 */
    {"{'type':'ipv4-addr','spec_version':'2.1','id':'ipv4-addr--" U(1) "','value':'192.0.2.1'}", 1,
     0, TOC_MARKED_NONE, "ip 192.0.2.1o"},
    {"{'type':'file','id':'file--" U(1) "','name':'A.exe','hashes':{'MD5':"
                                        "'d41d8cd98f00b204e9800998ecf8427e'}}",
     1, 0, TOC_MARKED_NONE, "filename a.exe{A.exe}o; md5 d41d8cd98f00b204e9800998ecf8427e{A.exe}o"},
    {"{'type':'observed-data','id':'observed-data--" U(
         1) "','objects':{'0':{'type':"
            "'autonomous-system','number':64496},'1':{'type':'domain-name','value':'evil.example'}}"
            "}",
     1, 0, TOC_MARKED_NONE, "asn AS64496o; domain evil.exampleo"},
    /* who and what */
    {"{'type':'threat-actor','id':'threat-actor--" U(
         1) "','name':'APT 29','aliases':['APT 29','Cozy Bear']}",
     1, 0, TOC_MARKED_NONE, "actor apt29; actor cozybear{alias of APT 29}"},
    {"{'type':'attack-pattern','id':'attack-pattern--" U(
         1) "','name':'Phishing','external_references':[{'source_name':'mitre-attack','external_id'"
            ":"
            "'T1566','url':'https://attack.example/T1566'}]}",
     1, 0, TOC_MARKED_NONE,
     "reference https://attack.example/T1566{mitre-attack}; technique T1566{Phishing}"},
    {"{'type':'vulnerability','id':'vulnerability--" U(1) "','name':'CVE-2026-1234'}", 1, 0,
     TOC_MARKED_NONE, "cve CVE-2026-1234"},
    {"{'type':'vulnerability','id':'vulnerability--" U(
         1) "','name':'Hole','external_references':[{'source_name':'cve','external_id':'CVE-2026-"
            "1234'}]}",
     1, 0, TOC_MARKED_NONE, "cve CVE-2026-1234{Hole}"},
    {"{'type':'report','id':'report--" U(1) "','name':'T','description':'S','published':'2026-01-"
                                            "02T00:00:00Z','labels':['Phishing']}",
     1, 0, TOC_MARKED_NONE, "title T; summary S; published 2026-01-02T00:00:00Z; tag phishing"},
    {"{'type':'x-misp-attribute','id':'x-misp-attribute--" U(
         1) "','x_misp_type':'threat-actor','x_misp_value':'8Base'}",
     1, 0, TOC_MARKED_NONE, "actor 8baseo"},
    /* relations, and what follows from them */
    {BUNDLE(ACTOR(1, "One") ",{'type':'location','id':'location--" U(
         2) "','country':'fr'}," RELATION("targets", "intrusion-set--" U(1), "location--" U(2))),
     3, 0, TOC_MARKED_NONE, "actor one; relation targets{location--" U(2) "}; target FR{One}"},
    {BUNDLE(ACTOR(1, "One") ",{'type':'identity','id':'identity--" U(
         2) "','name':'x','sectors':['Energy']}," RELATION("targets", "intrusion-set--" U(1),
                                                           "identity--" U(2))),
     3, 0, TOC_MARKED_NONE, "actor one; relation targets{identity--" U(2) "}; sector energy{One}"},
    {BUNDLE(
         ACTOR(1, "One") ",{'type':'location','id':'location--" U(2) "','name':'Russia'}," RELATION(
             "originates-from", "intrusion-set--" U(1), "location--" U(2))),
     3, 0, TOC_MARKED_NONE, "actor one; relation originates-from{location--" U(2) "}; origin RU"},
    {RELATION("uses", "malware--" U(1), "tool--" U(2)), 1, 0, TOC_MARKED_NONE,
     "warning REFERENCE_DANGLING; warning REFERENCE_DANGLING; relation uses{tool--" U(2) "}d"},
    {BUNDLE("{'type':'identity','id':'identity--" U(
         2) "','name':'CERT-XX'},"
            "{'type':'tool','id':'tool--" U(3) "','name':'T','created_by_ref':'identity--" U(
                2) "'},"
                   "{'type':'tool','id':'tool--" U(4) "','name':'V','created_by_ref':'identity--" U(
                       2) "'}"),
     3, 0, TOC_MARKED_NONE, "producer CERT-XX; tool t; tool v"},
    /* markings: what is referred to counts, a definition that only stands there does not */
    {BUNDLE("{'type':'marking-definition','id':'" RED
            "','definition_type':'tlp','definition':{'tlp':'red'}}," ACTOR(1, "One")),
     2, 0, TOC_MARKED_NONE, "actor one"},
    {"{'type':'tool','id':'tool--" U(3) "','name':'T','object_marking_refs':['" RED "']}", 1, 0,
     TOC_MARKED_RED, "tlp red{" RED "}; tool t"},
    {"{'type':'tool','id':'tool--" U(3) "','name':'T','granular_markings':[{'marking_ref':'" STRICT
                                        "','selectors':['name']}]}",
     1, 0, TOC_MARKED_AMBER_STRICT, "tlp amber+strict{" STRICT "}; tool t"},
    {"{'type':'tool','id':'tool--" U(3) "','name':'T','labels':['tlp:amber']}", 1, 0,
     TOC_MARKED_AMBER, "tlp amber{tlp:amber}; tool t"},
    {BUNDLE("{'type':'marking-definition','id':'" OWN
            "','definition_type':'statement','definition':{'statement':'TLP:GREEN'}},"
            "{'type':'tool','id':'tool--" U(3) "','name':'T','object_marking_refs':['" OWN "']}"),
     2, 0, TOC_MARKED_GREEN, "tlp green{" OWN "}; tool t"},
    {BUNDLE("{'type':'marking-definition','id':'" OWN
            "','name':'x','extensions':{'extension-definition--1':{'tlp_2_0':'amber+strict'}}},"
            "{'type':'tool','id':'tool--" U(3) "','name':'T','object_marking_refs':['" OWN "']}"),
     2, 0, TOC_MARKED_AMBER_STRICT, "tlp amber+strict{" OWN "}; tool t"},
    {BUNDLE("{'type':'marking-definition','id':'" OWN
            "','definition_type':'statement','definition':{'statement':'Our words about red'}},"
            "{'type':'tool','id':'tool--" U(3) "','name':'T','object_marking_refs':['" OWN "']}"),
     2, 0, TOC_MARKED_NONE, "tool t"},
    {"{'type':'tool','id':'tool--" U(3) "','name':'T','object_marking_refs':['" OWN "']}", 1, 0,
     TOC_MARKED_NONE, "warning MARKING_UNKNOWN; tool t"},
    /* versions: the newest counts, for markings all do */
    {BUNDLE("{'type':'tool','id':'tool--" U(
         3) "','name':'Old','modified':'2026-01-01T00:00:00Z',"
            "'object_marking_refs':['" RED "']},{'type':'tool','id':'tool--" U(
                3) "','name':'New','modified':'2026-01-01T00:00:00.001Z'}"),
     2, 0, TOC_MARKED_RED, "tlp red{" RED "}; tool new"},
    {BUNDLE("{'type':'tool','id':'tool--" U(
         3) "','name':'A','modified':'2026-01-01T00:00:00Z'},"
            "{'type':'tool','id':'tool--" U(3) "','name':'B','modified':'2026-01-01T00:00:00Z'}"),
     2, 0, TOC_MARKED_NONE, "warning OBJECT_TWICE; tool a; tool b"},
    {BUNDLE(ACTOR(1, "One") "," ACTOR(1, "One")), 2, 0, TOC_MARKED_NONE, "actor one"},
    /* unknown things are carried */
    {BUNDLE("{'type':'thing','id':'thing--" U(1) "'},{'type':'x-thing','id':'x-thing--" U(
         2) "'},7,{'type':'tool','id':'tool','name':'T'}"),
     4, 0, TOC_MARKED_NONE, "warning OBJECT_TYPE; warning OBJECT_TYPE; warning OBJECT_ID; tool t"},
};

static void documents_give_their_facts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct toc_json json;
        struct toc_facts facts;
        bool is_21 = false;
        char got[4096];
        toc_facts_init(&facts);
        load(&json, rows[i].text);
        assert_true(toc_stix_is(&json));
        assert_ok(toc_stix_read(&facts, &json, 1, &is_21));
        print_facts(&facts, got, sizeof got);
        assert_string_equal(got, rows[i].facts);
        assert_int_equal(facts.counts.objects, rows[i].objects);
        assert_int_equal(facts.counts.indicators, rows[i].indicators);
        assert_int_equal(facts.tlp, rows[i].tlp);
        toc_facts_clear(&facts);
        toc_json_clear(&json);
    }
}

static void validity_confidence_and_place_come_along(void **state)
{
    (void)state;
    struct toc_json json;
    struct toc_facts facts;
    bool is_21 = false;
    toc_facts_init(&facts);
    load(&json, IND(1, "'spec_version':'2.1','confidence':70,'valid_from':'2026-01-01T00:00:00Z',"
                       "'valid_until':'2026-02-01T00:00:00.000000Z','pattern':'[mutex:name = `M` "
                       "AND mutex:name = `N`]'"));
    assert_ok(toc_stix_read(&facts, &json, 5, &is_21));
    assert_true(is_21);
    assert_int_equal(facts.count, 2);
    for (uint32_t i = 0; i < 2; i++) {
        assert_int_equal(facts.at[i].document, 5);
        assert_int_equal(facts.at[i].confidence, 70);
        assert_int_equal(facts.at[i].from.ms, UINT64_C(1767225600000));
        assert_int_equal(facts.at[i].until.ms, UINT64_C(1769904000000));
        assert_span(facts.at[i].place, toc_span_str("indicator--" U(1)));
        assert_int_equal(facts.at[i].group, 1);
    }
    toc_facts_clear(&facts);
    toc_json_clear(&json);
}

static void other_json_is_not_stix(void **state)
{
    (void)state;
    static const char *const texts[] = {"{}",
                                        "[]",
                                        "[1]",
                                        "{'Event':{}}",
                                        "{'document':{'csaf_version':'2.0'}}",
                                        "{'type':'tool','id':'other--1'}",
                                        "{'objects':[1]}"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct toc_json json;
        load(&json, texts[i]);
        assert_false(toc_stix_is(&json));
        toc_json_clear(&json);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(documents_give_their_facts),
        cmocka_unit_test(validity_confidence_and_place_come_along),
        cmocka_unit_test(other_json_is_not_stix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
