/* SPDX-License-Identifier: EUPL-1.2 */
#include "world.h"

#define SAME TOC_INDEX_WANT_SAME
#define ABOVE TOC_INDEX_WANT_ABOVE
#define BELOW TOC_INDEX_WANT_BELOW
#define HOSTS TOC_INDEX_WANT_HOSTS
#define WITHDRAWN TOC_INDEX_WANT_WITHDRAWN
#define AROUND (SAME | ABOVE | BELOW)

static void fill(struct world *world)
{
    static const struct {
        enum toc_tlp tlp;
        const char *facts;
    } rows[] = {
        {TOC_TLP_CLEAR, "domain:softupdate.com domain:a.softupdate.com"},
        {TOC_TLP_RED, "domain:softupdate.com domain:b.a.softupdate.com"},
        {TOC_TLP_CLEAR, "domain:365softupdate.com domain:softupdate.com.evil.net"},
        {TOC_TLP_CLEAR, "ip:192.0.2.7 cidr:192.0.2.0/24"},
        {TOC_TLP_RED, "ip:192.0.2.9 cidr:192.0.0.0/16 cidr:192.0.2.0/28"},
        {TOC_TLP_CLEAR, "ip:2001:db8::1 cidr:2001:db8::/32"},
        {TOC_TLP_GREEN, "url:http://www.softupdate.com/x email:boss@softupdate.com"},
        {TOC_TLP_GREEN, "md5:d41d8cd98f00b204e9800998ecf8427e"},
        {TOC_TLP_GREEN, "url:http://198.51.100.4/a ~domain:softupdate.com"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        world_add(world, i + 1, 1, rows[i].tlp, rows[i].facts);
    }
}

/* Asked for, wants, found: "mark" = same, ^ above, v below. */
static void values_are_found_with_what_is_around_and_below(void **state)
{
    static const struct {
        const char *value;
        unsigned wants;
        const char *found;
    } rows[] = {
        /* 1-7: domains */
        {"softupdate.com", SAME, "1= 9= 2="},
        {"SOFTUPDATE.com.", SAME, "1= 9= 2="},
        {"hxxp://nothing.example", SAME, ""},
        {"softupdate.com", AROUND, "1= 9= 2= 1va.softupdate.com 2vb.a.softupdate.com"},
        {"www.softupdate.com", AROUND, "1^softupdate.com 9^softupdate.com 2^softupdate.com"},
        {"x.b.a.softupdate.com", ABOVE,
         "2^b.a.softupdate.com 1^a.softupdate.com 1^softupdate.com 9^softupdate.com "
         "2^softupdate.com"},
        {"evil.net", BELOW, "3vsoftupdate.com.evil.net"},
        /* 8-10: hosts only when asked for */
        {"www.softupdate.com", SAME, ""},
        {"www.softupdate.com", SAME | HOSTS, "7=h"},
        {"198.51.100.4", SAME | HOSTS, "9=h"},
        /* 11-17: addresses and networks */
        {"192.0.2.7", SAME, "4="},
        {"192.0.2.7", AROUND, "4= 5^192.0.2.0/28 4^192.0.2.0/24 5^192.0.0.0/16"},
        {"192.0.2.0/24", AROUND, "4= 5^192.0.0.0/16 5v192.0.2.0/28 4v192.0.2.7 5v192.0.2.9"},
        {"192.0.2.8/29", AROUND, "5^192.0.2.0/28 4^192.0.2.0/24 5^192.0.0.0/16 5v192.0.2.9"},
        {"192.0.3.1", AROUND, "5^192.0.0.0/16"},
        {"193.0.2.7", AROUND, ""},
        {"2001:db8:1::5", AROUND, "6^2001:db8::/32"},
        /* 18-20: exact ones */
        {"D41D8CD98F00B204E9800998ECF8427E", SAME, "8="},
        {"d41d8cd98f00b204e9800998ecf8427f", SAME, ""},
        {"http://www.softupdate.com:80/x", SAME, "7="},
    };
    struct world *world = *state;
    fill(world);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        world_assert_lookup(world, rows[i].value, rows[i].wants, rows[i].found);
    }
}

struct budget {
    unsigned left, calls;
};

static bool spend(void *arg, const struct toc_index_hit *hit)
{
    struct budget *budget = arg;
    (void)hit;
    budget->calls++;
    return --budget->left > 0;
}

static void caller_ends_the_search(void **state)
{
    struct world *world = *state;
    struct toc_index_read *read;
    fill(world);
    assert_ok(toc_index_read_begin(world->index, &read));
    for (unsigned want = 1; want <= 5; want++) {
        struct budget budget = {.left = want};
        assert_ok(toc_index_lookup(read, TOC_VALUE_DOMAIN, toc_span_str("softupdate.com"), AROUND,
                                   spend, &budget));
        assert_int_equal(budget.calls, want);
    }
    toc_index_read_end(read);
}

static bool keep_flags(void *arg, const struct toc_index_hit *hit)
{
    *(uint32_t *)arg = hit->flags;
    return true;
}

/* Weak flags hold only when every place has them, strong ones when any has. */
static void flags_of_one_value_unite(void **state)
{
    static const struct {
        uint32_t first, second, united;
    } rows[] = {
        {TOC_FACT_IN_TEXT, 0, 0},
        {TOC_FACT_IN_TEXT, TOC_FACT_IN_TEXT, TOC_FACT_IN_TEXT},
        {TOC_FACT_COMPOUND | TOC_FACT_TO_IDS, TOC_FACT_NOT_TO_IDS, TOC_FACT_TO_IDS},
        {TOC_FACT_NOT_TO_IDS, TOC_FACT_NOT_TO_IDS, TOC_FACT_NOT_TO_IDS},
        {TOC_FACT_REVOKED, 0, 0},
        {TOC_FACT_WILDCARD, 0, TOC_FACT_WILDCARD},
    };
    struct world *world = *state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct sample sample;
        struct toc_index_read *read;
        uint32_t flags = 0;
        char value[32];
        (void)snprintf(value, sizeof value, "f%zu.example", i);
        sample_init(&sample, i + 1, 1, TOC_TLP_GREEN, "");
        struct toc_fact base = {.flags = rows[i].first};
        assert_ok(toc_facts_add_value(&sample.facts, &base, TOC_VALUE_DOMAIN, toc_span_str(value)));
        base.flags = rows[i].second;
        assert_ok(toc_facts_add_value(&sample.facts, &base, TOC_VALUE_DOMAIN, toc_span_str(value)));
        world_apply(world, &sample);
        assert_ok(toc_index_read_begin(world->index, &read));
        assert_ok(toc_index_lookup(read, TOC_VALUE_DOMAIN, toc_span_str(value), SAME, keep_flags,
                                   &flags));
        toc_index_read_end(read);
        assert_int_equal(flags, rows[i].united);
        sample_clear(&sample);
    }
}

static void relate(struct world *world, uint64_t mark, uint64_t author, enum toc_tlp tlp,
                   enum toc_relation_kind kind, uint64_t target, const char *value)
{
    struct sample sample;
    sample_init(&sample, mark, author, tlp, "");
    sample_relate(&sample, kind, target, value);
    world_apply(world, &sample);
    sample_clear(&sample);
}

/* Who says what of bulletin 1 of organisation 1, and what becomes of it. */
static void only_the_author_takes_back(void **state)
{
    static const struct {
        enum toc_relation_kind kind;
        uint64_t author;
        enum toc_tlp tlp;
        const char *value;
        bool first; /* it comes before the bulletin */
        enum toc_index_status status;
        const char *evil, *good; /* what a lookup finds then */
    } rows[] = {
        {TOC_RELATION_REVOKES, 1, TOC_TLP_GREEN, NULL, false, TOC_INDEX_REVOKED, "", ""},
        {TOC_RELATION_REVOKES, 1, TOC_TLP_GREEN, NULL, true, TOC_INDEX_REVOKED, "", ""},
        {TOC_RELATION_REVOKES, 2, TOC_TLP_GREEN, NULL, false, TOC_INDEX_ACTIVE, "1=", "1="},
        {TOC_RELATION_SUPERSEDES, 1, TOC_TLP_GREEN, NULL, true, TOC_INDEX_SUPERSEDED, "", ""},
        {TOC_RELATION_SUPERSEDES, 2, TOC_TLP_GREEN, NULL, false, TOC_INDEX_ACTIVE, "1=", "1="},
        {TOC_RELATION_CORRECTS, 1, TOC_TLP_GREEN, NULL, false, TOC_INDEX_ACTIVE, "1=", "1="},
        {TOC_RELATION_FALSE_POSITIVE_OF, 2, TOC_TLP_GREEN, "evil.example", false, TOC_INDEX_ACTIVE,
         "1=", "1="},
        {TOC_RELATION_REVOKES, 1, TOC_TLP_GREEN, "evil[.]example", false, TOC_INDEX_ACTIVE, "",
         "1="},
        {TOC_RELATION_REVOKES, 1, TOC_TLP_GREEN, "EVIL.example", true, TOC_INDEX_ACTIVE, "", "1="},
        {TOC_RELATION_REVOKES, 2, TOC_TLP_GREEN, "evil.example", false, TOC_INDEX_ACTIVE,
         "1=", "1="},
        {TOC_RELATION_REVOKES, 1, TOC_TLP_RED, NULL, false, TOC_INDEX_REVOKED, "", ""},
        {TOC_RELATION_REVOKES, 1, TOC_TLP_RED, "evil.example", true, TOC_INDEX_ACTIVE, "", "1="},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        void *made = NULL;
        struct toc_index_meta meta;
        assert_int_equal(world_make(&made), 0);
        struct world *world = made;
        if (rows[i].first) {
            relate(world, 2, rows[i].author, rows[i].tlp, rows[i].kind, 1, rows[i].value);
        }
        world_add(world, 1, 1, TOC_TLP_GREEN, "domain:evil.example filename:good.exe");
        if (!rows[i].first) {
            relate(world, 2, rows[i].author, rows[i].tlp, rows[i].kind, 1, rows[i].value);
        }
        assert_ok(world_meta(world, 1, &meta));
        assert_int_equal(meta.status, rows[i].status);
        assert_int_equal(toc_be64(meta.status_by), rows[i].status == TOC_INDEX_ACTIVE ? 0 : 2);
        world_assert_lookup(world, "evil.example", SAME, rows[i].evil);
        world_assert_lookup(world, "good.exe", SAME, rows[i].good);
        world_assert_lookup(world, "evil.example", SAME | WITHDRAWN,
                            rows[i].evil[0] == '\0' ? "1=x" : "1=");
        assert_int_equal(world_unmake(&made), 0);
    }
}

static void revoked_wins_over_superseded(void **state)
{
    struct world *world = *state;
    struct toc_index_meta meta;
    world_add(world, 1, 1, TOC_TLP_GREEN, "domain:evil.example");
    relate(world, 2, 1, TOC_TLP_GREEN, TOC_RELATION_REVOKES, 1, NULL);
    relate(world, 3, 1, TOC_TLP_GREEN, TOC_RELATION_SUPERSEDES, 1, NULL);
    assert_ok(world_meta(world, 1, &meta));
    assert_int_equal(meta.status, TOC_INDEX_REVOKED);
    assert_int_equal(toc_be64(meta.status_by), 2);
}

static bool count_down(void *arg, uint32_t number, struct toc_utc time)
{
    struct found *found = arg;
    (void)time;
    found_add(found, "%llu ", (unsigned long long)found_mark(found->read, number));
    return strlen(found->text) < 12;
}

static void newest_come_first(void **state)
{
    struct world *world = *state;
    struct found found = {.text = ""};
    struct toc_index_read *read;
    fill(world);
    assert_ok(toc_index_read_begin(world->index, &read));
    found.read = read;
    assert_ok(toc_index_each(read, TOC_INDEX_BY_PUBLISHED, (struct toc_utc){UINT64_MAX}, count_down,
                             &found));
    assert_string_equal(found.text, "9 8 7 6 5 4 ");
    found.text[0] = '\0';
    assert_ok(toc_index_each(read, TOC_INDEX_BY_RECEIVED, (struct toc_utc){1700000100004u},
                             count_down, &found));
    assert_string_equal(found.text, "3 2 1 ");
    toc_index_read_end(read);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, world_make, world_unmake)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(values_are_found_with_what_is_around_and_below),
        CASE(caller_ends_the_search),
        CASE(flags_of_one_value_unite),
        cmocka_unit_test(only_the_author_takes_back),
        CASE(revoked_wins_over_superseded),
        CASE(newest_come_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
