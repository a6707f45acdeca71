/* SPDX-License-Identifier: EUPL-1.2 */
#include "world.h"

static const struct {
    uint64_t author;
    enum toc_tlp tlp;
    enum toc_bulletin_kind kind;
    enum toc_severity severity;
    const char *facts;
} bulletins[] = {
    {1, TOC_TLP_GREEN, TOC_BULLETIN_ALERT, TOC_SEVERITY_CRITICAL,
     "domain:evil.example cve:CVE-2026-0001 target:fr"},
    {1, TOC_TLP_CLEAR, TOC_BULLETIN_VULNERABILITY, TOC_SEVERITY_HIGH, "cve:CVE-2026-0001"},
    {2, TOC_TLP_RED, TOC_BULLETIN_NOTE, TOC_SEVERITY_NONE, "domain:www.evil.example target:FR"},
    {2, TOC_TLP_AMBER, TOC_BULLETIN_CAMPAIGN, TOC_SEVERITY_MEDIUM,
     "ip:192.0.2.7 cidr:198.51.100.0/24 target:de url:http://evil.example/x"},
    {3, TOC_TLP_GREEN, TOC_BULLETIN_INDICATORS, TOC_SEVERITY_LOW,
     "md5:d41d8cd98f00b204e9800998ecf8427e domain:evil.example.org"},
};
#define BULLETINS (sizeof bulletins / sizeof bulletins[0])

static void fill(struct world *world)
{
    for (size_t i = 0; i < BULLETINS; i++) {
        struct sample sample;
        sample_init(&sample, i + 1, bulletins[i].author, bulletins[i].tlp, bulletins[i].facts);
        sample.bulletin.kind = bulletins[i].kind;
        sample.bulletin.severity = bulletins[i].severity;
        sample.bulletin.published.ms = 1700000000000u + (i + 1) * 86400000u;
        sample.entry.place.received.ms = 1800000000000u - (i + 1) * 86400000u;
        world_apply(world, &sample);
        sample_clear(&sample);
    }
}

static const struct {
    const char *query, *found;
} questions[] = {
    /* 1-4: everything, and one field */
    {"", "5 4 3 2 1"},
    {"kind:alert", "1"},
    {"-kind:alert", "5 4 3 2"},
    {"kind:takedown", ""},
    /* 5-9: severity; a bulletin without one fulfils no comparison */
    {"severity:high", "2"},
    {"severity>=high", "2 1"},
    {"severity<high", "5 4"},
    {"severity<=high", "5 4 2"},
    {"severity>medium", "2 1"},
    /* 10-14: TLP */
    {"tlp:red", "3"},
    {"tlp:amber", "4"},
    {"-tlp:clear", "5 4 3 1"},
    {"tlp<=green", "5 2 1"},
    {"tlp>green", "4 3"},
    /* 15-19: authors */
    {"author:org1", "2 1"},
    {"-author:org1", "5 4 3"},
    {"author:org9", ""},
    {"author:nobody", ""},
    {"-author:nobody", "5 4 3 2 1"},
    /* 20-28: values */
    {"cve:CVE-2026-0001", "2 1"},
    {"cve:CVE-2026-9999", ""},
    {"target:fr", "3 1"},
    {"domain:evil.example", "3 1"},
    {"domain:*.evil.example", "3"},
    {"ioc:evil.example", "1"},
    {"hash:D41D8CD98F00B204E9800998ECF8427E", "5"},
    {"url:http://evil.example/x", "4"},
    {"ip:198.51.100.99", "4"},
    {"ip:192.0.0.0/16", "4"},
    {"ip:192.0.3.0/24", ""},
    /* 31-36: together */
    {"cve:CVE-2026-0001 kind:alert", "1"},
    {"cve:CVE-2026-0001 -kind:alert", "2"},
    {"domain:evil.example target:fr author:org2", "3"},
    {"domain:evil.example -target:fr", ""},
    {"-domain:evil.example -cve:CVE-2026-0001", "5 4"},
    {"target:fr target:de", ""},
    /* 37-44: times; bulletin n is published on the 14 + n th of November 2023 */
    {"published:2023-11-16", "2"},
    {"published>=2023-11-17", "5 4 3"},
    {"published>2023-11-17", "5 4"},
    {"published<2023-11-17", "2 1"},
    {"published<=2023-11-17", "3 2 1"},
    {"-published<=2023-11-17", "5 4"},
    {"since:2027-01-12", "3 2 1"},
    {"since:2027-01-12 author:org2", "3"},
};

static void terms_are_fulfilled_all_together(void **state)
{
    struct world *world = *state;
    fill(world);
    for (size_t i = 0; i < sizeof questions / sizeof questions[0]; i++) {
        world_assert_query(world, questions[i].query, questions[i].found);
    }
}

static void order_is_newest_first_by_either_time(void **state)
{
    struct world *world = *state;
    struct found found;
    fill(world);
    world_query_text(world, "", false, TOC_INDEX_BY_RECEIVED, &found);
    assert_string_equal(found.text, "1 2 3 4 5");
    world_query_text(world, "author:org2", false, TOC_INDEX_BY_RECEIVED, &found);
    assert_string_equal(found.text, "3 4");
}

static void id_is_found_by_its_beginning(void **state)
{
    struct world *world = *state;
    char text[TOC_ID_TEXT_BYTES];
    char query[80];
    uint8_t id[TOC_ID_BYTES];
    fill(world);
    sample_id(id, 3);
    toc_id_text(text, id);
    (void)snprintf(query, sizeof query, "id:%s", text);
    world_assert_query(world, query, "3");
    (void)snprintf(query, sizeof query, "id:%.12s", text); /* 60 bits: all five begin so */
    world_assert_query(world, query, "5 4 3 2 1");
    (void)snprintf(query, sizeof query, "-id:%s", text);
    world_assert_query(world, query, "5 4 2 1");
    (void)snprintf(query, sizeof query, "id:%.12s", "bbbbbbbbbbbbbbb");
    world_assert_query(world, query, "");
}

static void withdrawn_bulletins_are_left_out_unless_asked_for(void **state)
{
    static const char *const queries[] = {"", "author:org1", "cve:CVE-2026-0001"};
    static const char *const without[] = {"6 5 4 3 1", "6 1", "1"};
    static const char *const with[] = {"6 5 4 3 2 1", "6 2 1", "2 1"};
    struct world *world = *state;
    struct sample sample;
    fill(world);
    sample_init(&sample, 6, 1, TOC_TLP_GREEN, "");
    sample.bulletin.published.ms = 1800000000000u;
    sample_relate(&sample, TOC_RELATION_REVOKES, 2, NULL);
    world_apply(world, &sample);
    sample_clear(&sample);
    for (size_t i = 0; i < 3; i++) {
        struct found found;
        world_query_text(world, queries[i], false, TOC_INDEX_BY_PUBLISHED, &found);
        assert_string_equal(found.text, without[i]);
        world_query_text(world, queries[i], true, TOC_INDEX_BY_PUBLISHED, &found);
        assert_string_equal(found.text, with[i]);
    }
}

static void answers_are_bounded_and_say_so(void **state)
{
    static const char *const queries[] = {"", "target:fr"};
    static const size_t totals[] = {BULLETINS, 2};
    struct world *world = *state;
    struct toc_index_read *read;
    struct toc_query query;
    struct toc_query_fault fault;
    fill(world);
    assert_ok(toc_index_read_begin(world->index, &read));
    for (size_t q = 0; q < 2; q++) {
        assert_ok(toc_query_parse(&query, toc_span_str(queries[q]), (struct toc_utc){0}, &fault));
        for (size_t max = 0; max <= totals[q] + 1; max++) {
            const struct toc_index_ask ask = {.max = max};
            uint32_t numbers[BULLETINS + 2];
            size_t count;
            bool more;
            assert_ok(toc_index_query(read, &query, &ask, numbers, &count, &more));
            assert_int_equal(count, max < totals[q] ? max : totals[q]);
            assert_int_equal(more, max < totals[q]);
        }
    }
    toc_index_read_end(read);
}

/* A bulletin drawn by lot, and the plain model of what a query asks of it. */
struct drawn {
    uint64_t author;
    enum toc_tlp tlp;
    enum toc_severity severity;
    uint64_t published_ms;
    unsigned domain, cve; /* 0 to 9 */
};

static struct drawn draw(uint64_t *seed)
{
    return (struct drawn){1 + check_random(seed) % 4,
                          (enum toc_tlp)(check_random(seed) % 5),
                          (enum toc_severity)(check_random(seed) % 5),
                          1700000000000u + check_random(seed) % 1000 * 60000,
                          (unsigned)(check_random(seed) % 10),
                          (unsigned)(check_random(seed) % 10)};
}

/* Draws a term as text and says whether the bulletin fulfils it. */
static bool draw_term(uint64_t *seed, const struct drawn *drawn, size_t count, char *text,
                      size_t room, bool *fulfils)
{
    static const char *const severities[] = {"", "low", "medium", "high", "critical"};
    static const char *const tlps[] = {"clear", "green", "amber", "amber+strict", "red"};
    bool negated = check_random(seed) % 3 == 0;
    unsigned value = (unsigned)(check_random(seed) % 10);
    unsigned field = (unsigned)(check_random(seed) % 5);
    const char *minus = negated ? "-" : "";
    static const char *const formats[] = {"author", "tlp", "severity", "domain", "cve"};
    switch (field) {
    case 0:
        (void)snprintf(text, room, "%s%s:org%u ", minus, formats[field], value % 6);
        break;
    case 1:
        (void)snprintf(text, room, "%s%s>=%s ", minus, formats[field], tlps[value % 5]);
        break;
    case 2:
        (void)snprintf(text, room, "%s%s<=%s ", minus, formats[field], severities[1 + value % 4]);
        break;
    case 3:
        (void)snprintf(text, room, "%s%s:n%u.example ", minus, formats[field], value);
        break;
    default:
        (void)snprintf(text, room, "%s%s:CVE-2026-000%u ", minus, formats[field], value);
        break;
    }
    for (size_t i = 0; i < count; i++) {
        bool holds = field == 0   ? drawn[i].author == value % 6
                     : field == 1 ? drawn[i].tlp >= (enum toc_tlp)(value % 5)
                     : field == 2 ? drawn[i].severity != TOC_SEVERITY_NONE &&
                                        drawn[i].severity <= (enum toc_severity)(1 + value % 4)
                     : field == 3 ? drawn[i].domain == value
                                  : drawn[i].cve == value;
        fulfils[i] = fulfils[i] && holds != negated;
    }
    return negated;
}

/* Random bulletins and queries against a model that looks at every bulletin. */
static void answers_are_those_of_a_plain_search(void **state)
{
    enum { COUNT = 60, QUERIES = 300 };
    struct world *world = *state;
    struct drawn drawn[COUNT];
    uint64_t seed = 42;
    for (size_t i = 0; i < COUNT; i++) {
        struct sample sample;
        char facts[64];
        drawn[i] = draw(&seed);
        (void)snprintf(facts, sizeof facts, "domain:a.n%u.example cve:CVE-2026-000%u",
                       drawn[i].domain, drawn[i].cve);
        sample_init(&sample, i + 1, drawn[i].author, drawn[i].tlp, facts);
        sample.bulletin.severity = drawn[i].severity;
        sample.bulletin.published.ms = drawn[i].published_ms + i; /* no two alike */
        drawn[i].published_ms += i;
        world_apply(world, &sample);
        sample_clear(&sample);
    }
    for (int round = 0; round < QUERIES; round++) {
        char query[256] = "";
        bool fulfils[COUNT];
        struct found wanted = {.text = ""};
        struct found found;
        memset(fulfils, 1, sizeof fulfils);
        for (uint64_t terms = check_random(&seed) % 4; terms > 0; terms--) {
            size_t used = strlen(query);
            (void)draw_term(&seed, drawn, COUNT, query + used, sizeof query - used, fulfils);
        }
        for (;;) {
            size_t newest = COUNT;
            for (size_t i = 0; i < COUNT; i++) {
                if (fulfils[i] &&
                    (newest == COUNT || drawn[i].published_ms > drawn[newest].published_ms)) {
                    newest = i;
                }
            }
            if (newest == COUNT) {
                break;
            }
            fulfils[newest] = false;
            found_add(&wanted, "%s%zu", wanted.text[0] == '\0' ? "" : " ", newest + 1);
        }
        world_query_text(world, query, false, TOC_INDEX_BY_PUBLISHED, &found);
        assert_string_equal(found.text, wanted.text);
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, world_make, world_unmake)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(terms_are_fulfilled_all_together),
        CASE(order_is_newest_first_by_either_time),
        CASE(id_is_found_by_its_beginning),
        CASE(withdrawn_bulletins_are_left_out_unless_asked_for),
        CASE(answers_are_bounded_and_say_so),
        CASE(answers_are_those_of_a_plain_search),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
