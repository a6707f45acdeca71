/* SPDX-License-Identifier: EUPL-1.2 */
#include "world.h"

static void bulletin_is_known_by_its_id(void **state)
{
    struct world *world = *state;
    struct sample sample;
    struct toc_index_meta meta;
    sample_init(&sample, 5, 2, TOC_TLP_GREEN,
                "domain:evil.example ip:192.0.2.1 cve:CVE-2026-0001 domain:EVIL.example "
                "url:http://u.test/");
    sample.bulletin.title = toc_span_str("Phishing of ministries");
    sample.bulletin.reference = toc_span_str("CERT-X-2026-7");
    sample.bulletin.severity = TOC_SEVERITY_HIGH;
    sample.bulletin.kind = TOC_BULLETIN_ALERT;
    sample.bulletin.pap = TOC_PAP_AMBER;
    sample.bulletin.exercise = true;
    sample.bulletin.valid_until_ms = 77;
    sample.bulletin.document_count = 3;
    world_apply(world, &sample);
    for (int round = 0; round < 2; round++) {
        assert_ok(world_meta(world, 5, &meta));
        assert_memory_equal(meta.id, sample.entry.id, TOC_ID_BYTES);
        assert_memory_equal(meta.author, sample.bulletin.author, TOC_ID_BYTES);
        assert_string_equal(meta.title, "Phishing of ministries");
        assert_string_equal(meta.reference, "CERT-X-2026-7");
        assert_int_equal(meta.kind, TOC_BULLETIN_ALERT);
        assert_int_equal(meta.severity, TOC_SEVERITY_HIGH);
        assert_int_equal(meta.tlp, TOC_TLP_GREEN);
        assert_int_equal(meta.pap, TOC_PAP_AMBER);
        assert_true(meta.exercise);
        assert_false(meta.unread);
        assert_int_equal(meta.status, TOC_INDEX_ACTIVE);
        assert_int_equal(meta.published.ms, 1700000000005u);
        assert_int_equal(meta.received.ms, 1700000100005u);
        assert_int_equal(meta.valid_until_ms, 77);
        assert_int_equal(meta.indicator_count, 3);
        assert_int_equal(meta.fact_count, 5);
        assert_int_equal(meta.document_count, 3);
        assert_int_equal(meta.place_count, 1);
        assert_memory_equal(meta.places[0].group, sample.entry.place.group, TOC_ID_BYTES);
        assert_int_equal(meta.places[0].seq, 5);
        world_close(world);
        world_open(world);
    }
    assert_code(world_meta(world, 6, &meta), TOC_ABSENT);
    sample_clear(&sample);
}

static void unread_bulletin_is_known_without_facts(void **state)
{
    struct world *world = *state;
    struct sample sample;
    struct toc_index_meta meta;
    sample_init(&sample, 1, 1, TOC_TLP_CLEAR, "");
    sample.entry.facts = NULL;
    world_apply(world, &sample);
    assert_ok(world_meta(world, 1, &meta));
    assert_true(meta.unread);
    assert_int_equal(meta.fact_count, 0);
    sample_clear(&sample);
}

struct listed {
    size_t count;
    uint64_t seq;
};

static struct toc_err list_entry(void *arg, const uint8_t *log, uint64_t seq)
{
    struct listed *listed = arg;
    (void)log;
    listed->count++;
    listed->seq = seq;
    return toc_ok();
}

static void unread_bulletin_is_listed_until_its_facts_come(void **state)
{
    struct world *world = *state;
    struct sample sample;
    struct toc_index_meta meta;
    sample_init(&sample, 1, 1, TOC_TLP_CLEAR, "domain:evil.example");
    const struct toc_facts *facts = sample.entry.facts;
    const struct {
        bool again, read;
        size_t listed;
    } rows[] = {{false, false, 0}, {true, false, 1}, {true, false, 1}, {false, true, 0}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct listed listed = {0};
        sample.entry.facts = rows[i].read ? facts : NULL;
        sample.entry.again = rows[i].again;
        world_apply(world, &sample);
        assert_ok(toc_index_each_hidden(world->index, list_entry, &listed));
        assert_int_equal(listed.count, rows[i].listed);
        assert_true(listed.count == 0 || listed.seq == sample.entry.place.seq);
        assert_ok(world_meta(world, 1, &meta));
        assert_int_equal(meta.unread, !rows[i].read);
        assert_int_equal(meta.indicator_count, rows[i].read ? 1 : 0);
        assert_int_equal(meta.place_count, 1);
    }
    sample.entry.facts = facts;
    sample_clear(&sample);
}

static void same_bulletin_in_further_places(void **state)
{
    struct world *world = *state;
    struct sample sample;
    struct toc_index_meta meta;
    sample_init(&sample, 1, 1, TOC_TLP_CLEAR, "domain:evil.example");
    for (int round = 0; round < 2; round++) {
        for (uint64_t place = 0; place < TOC_INDEX_PLACES_MAX + 3; place++) {
            sample.entry.place.seq = 10 + place;
            sample.entry.place.received.ms = 1000 + place;
            sample.entry.place.tlp = place == 4 ? TOC_TLP_AMBER : TOC_TLP_CLEAR;
            sample_id(sample.entry.place.group, 100 + place);
            world_apply(world, &sample);
        }
        assert_ok(world_meta(world, 1, &meta));
        assert_int_equal(meta.place_count, TOC_INDEX_PLACES_MAX);
        assert_int_equal(meta.received.ms, 1000);
        assert_int_equal(meta.tlp, TOC_TLP_AMBER);
        assert_int_equal(meta.places[3].seq, 13);
        assert_int_equal(toc_be64(meta.places[3].group), 103);
    }
    world_assert_query(world, "tlp:amber", "1");
    world_assert_query(world, "tlp:clear", "");
    world_assert_lookup(world, "evil.example", TOC_INDEX_WANT_SAME, "1=");
    sample_clear(&sample);
}

static void reached_only_grows(void **state)
{
    struct world *world = *state;
    static const struct {
        uint64_t say, wanted;
    } rows[] = {{5, 5}, {9, 9}, {7, 9}, {9, 9}, {10, 10}};
    uint8_t log[TOC_ID_BYTES];
    uint64_t seq;
    sample_id(log, 3);
    assert_ok(toc_index_reached(world->index, log, &seq));
    assert_int_equal(seq, 0);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct toc_db_txn *txn;
        assert_ok(toc_db_begin(world->db, &txn));
        toc_index_advance(world->index, txn, log, rows[i].say);
        assert_ok(toc_db_commit(txn));
        assert_ok(toc_index_reached(world->index, log, &seq));
        assert_int_equal(seq, rows[i].wanted);
    }
}

static void aborted_batch_leaves_nothing(void **state)
{
    struct world *world = *state;
    struct sample samples[2];
    struct toc_db_txn *txn;
    struct toc_index_meta meta;
    sample_init(&samples[0], 1, 1, TOC_TLP_GREEN, "domain:open.example");
    sample_init(&samples[1], 2, 1, TOC_TLP_RED, "domain:hidden.example");
    for (int fails = 0; fails < 2; fails++) {
        assert_ok(toc_db_begin(world->db, &txn));
        assert_ok(toc_index_apply(world->index, txn, &samples[0].entry, 1));
        assert_ok(toc_index_apply(world->index, txn, &samples[1].entry, 1));
        if (fails == 0) {
            toc_db_abort(txn);
        } else {
            toc_db_fail(txn, toc_fail(TOC_CHAIN, "no"));
            assert_code(toc_db_commit(txn), TOC_CHAIN);
        }
        assert_code(world_meta(world, 1, &meta), TOC_ABSENT);
        assert_code(world_meta(world, 2, &meta), TOC_ABSENT);
        world_assert_lookup(world, "hidden.example", TOC_INDEX_WANT_SAME, "");
    }
    assert_ok(toc_db_begin(world->db, &txn));
    toc_db_fail(txn, toc_fail(TOC_FORK, "before"));
    assert_code(toc_index_apply(world->index, txn, &samples[0].entry, 1), TOC_FORK);
    toc_db_abort(txn);
    world_apply(world, &samples[0]);
    assert_ok(world_meta(world, 1, &meta));
    assert_int_equal(meta.number, 1);
    sample_clear(&samples[0]);
    sample_clear(&samples[1]);
}

/* The whole data file as bytes: does `text` stand in it, plainly or as reversed labels? */
static bool disk_holds(struct world *world, const char *text)
{
    size_t len;
    char *bytes = check_read(folder_path(&world->folder, "store/data.mdb"), &len);
    assert_non_null(bytes);
    bool found = memmem(bytes, len, text, strlen(text)) != NULL;
    free(bytes);
    return found;
}

static struct toc_err note_hidden(void *arg, const uint8_t *log, uint64_t seq)
{
    struct found *found = arg;
    found_add(found, "%llu/%llu ", (unsigned long long)toc_be64(log), (unsigned long long)seq);
    return toc_ok();
}

static void assert_hidden_list(struct world *world, const char *wanted)
{
    struct found found = {.text = ""};
    assert_ok(toc_index_each_hidden(world->index, note_hidden, &found));
    assert_string_equal(found.text, wanted);
}

static const struct {
    enum toc_tlp bulletin, header;
    bool hidden;
} secrecy[] = {
    {TOC_TLP_CLEAR, TOC_TLP_CLEAR, false}, {TOC_TLP_GREEN, TOC_TLP_GREEN, false},
    {TOC_TLP_AMBER, TOC_TLP_AMBER, false}, {TOC_TLP_AMBER_STRICT, TOC_TLP_AMBER_STRICT, true},
    {TOC_TLP_RED, TOC_TLP_RED, true},      {TOC_TLP_GREEN, TOC_TLP_RED, true},
    {TOC_TLP_RED, TOC_TLP_CLEAR, true},    {TOC_TLP_AMBER, TOC_TLP_AMBER_STRICT, true},
};
#define SECRECY (sizeof secrecy / sizeof secrecy[0])

static void fill_secrecy(struct world *world)
{
    for (size_t i = 0; i < SECRECY; i++) {
        struct sample sample;
        char facts[256];
        char title[64];
        (void)snprintf(facts, sizeof facts,
                       "domain:canary%zu.example actor:ghost%zu filename:secret%zu.exe "
                       "url:http://host%zu.test/x ip:10.0.%zu.0/24",
                       i, i, i, i, i);
        (void)snprintf(title, sizeof title, "TitleCanary%zu", i);
        sample_init(&sample, i + 1, 1, secrecy[i].bulletin, facts);
        sample.entry.place.tlp = secrecy[i].header;
        sample.bulletin.title = toc_span_str(title);
        sample.bulletin.reference = toc_span_str(title);
        sample_relate(&sample, TOC_RELATION_REVOKES, 1000 + i, "withdrawn.example");
        memset(sample.entry.id + 8, (int)('a' + i), 8); /* marks of the id itself */
        world_apply(world, &sample);
        sample_clear(&sample);
    }
}

static void nothing_of_hidden_bulletins_is_on_the_disk(void **state)
{
    struct world *world = *state;
    fill_secrecy(world);
    for (size_t i = 0; i < SECRECY; i++) {
        static const char *const marks[][2] = {{"TitleCanary", ""},
                                               {"example.canary", "."},
                                               {"ghost", ""},
                                               {"secret", ".exe"},
                                               {"host", ""}};
        for (size_t m = 0; m < sizeof marks / sizeof marks[0]; m++) {
            char text[64];
            (void)snprintf(text, sizeof text, "%s%zu%s", marks[m][0], i, marks[m][1]);
            assert_int_equal(disk_holds(world, text), !secrecy[i].hidden);
        }
        char id[9] = "";
        memset(id, (int)('a' + i), 8);
        assert_int_equal(disk_holds(world, id), !secrecy[i].hidden);
    }
    assert_hidden_list(world, "");
}

static void hidden_bulletins_answer_as_the_others(void **state)
{
    struct world *world = *state;
    fill_secrecy(world);
    for (size_t i = 0; i < SECRECY; i++) {
        char value[64];
        char wanted[64];
        (void)snprintf(wanted, sizeof wanted, "%zu=", i + 1);
        (void)snprintf(value, sizeof value, "canary%zu.example", i);
        world_assert_lookup(world, value, TOC_INDEX_WANT_SAME, wanted);
        (void)snprintf(wanted, sizeof wanted, "%zu=h", i + 1);
        (void)snprintf(value, sizeof value, "host%zu.test", i);
        world_assert_lookup(world, value, TOC_INDEX_WANT_SAME | TOC_INDEX_WANT_HOSTS, wanted);
        (void)snprintf(wanted, sizeof wanted, "%zu^10.0.%zu.0/24", i + 1, i);
        (void)snprintf(value, sizeof value, "10.0.%zu.77", i);
        world_assert_lookup(world, value, TOC_INDEX_WANT_ABOVE, wanted);
    }
    world_assert_query(world, "", "8 7 6 5 4 3 2 1");
    world_assert_query(world, "tlp:red", "7 6 5");
    world_assert_query(world, "author:org1 tlp:red domain:canary5.example", "6");
}

static void hidden_bulletins_come_back_when_they_are_given_again(void **state)
{
    struct world *world = *state;
    fill_secrecy(world);
    world_close(world);
    world_open(world);
    assert_hidden_list(world, "7001/4 7001/5 7001/6 7001/7 7001/8 ");
    world_assert_query(world, "", "3 2 1");
    world_assert_lookup(world, "canary4.example", TOC_INDEX_WANT_SAME, "");
    fill_secrecy(world);
    assert_hidden_list(world, "");
    world_assert_query(world, "", "8 7 6 5 4 3 2 1");
    world_assert_lookup(world, "canary4.example", TOC_INDEX_WANT_SAME, "5=");
    assert_false(disk_holds(world, "TitleCanary4"));
}

static void clear_takes_everything(void **state)
{
    struct world *world = *state;
    struct toc_db_txn *txn;
    struct toc_db_stat stat;
    uint8_t log[TOC_ID_BYTES];
    uint64_t seq;
    sample_id(log, 3);
    fill_secrecy(world);
    assert_ok(toc_db_begin(world->db, &txn));
    toc_index_advance(world->index, txn, log, 8);
    toc_index_clear(world->index, txn);
    assert_ok(toc_db_commit(txn));
    assert_ok(toc_index_reached(world->index, log, &seq));
    assert_int_equal(seq, 0);
    world_assert_query(world, "", "");
    assert_hidden_list(world, "");
    assert_ok(toc_db_stat(world->db, &stat));
    assert_int_equal(stat.row_count[TOC_DB_INDEX_VALUE], 0);
    fill_secrecy(world);
    world_assert_query(world, "", "8 7 6 5 4 3 2 1");
    world_assert_lookup(world, "10.0.2.77", TOC_INDEX_WANT_ABOVE, "3^10.0.2.0/24");
}

static void index_of_another_schema_is_made_anew(void **state)
{
    struct world *world = *state;
    struct toc_db_txn *txn;
    const uint8_t other[4] = {TOC_INDEX_SCHEMA + 1};
    world_add(world, 1, 1, TOC_TLP_CLEAR, "domain:evil.example");
    assert_ok(toc_db_begin(world->db, &txn));
    toc_db_put(txn, TOC_DB_INDEX_INFO, toc_span_str("schema"), toc_span(other, sizeof other));
    assert_ok(toc_db_commit(txn));
    world_close(world);
    world_open(world);
    world_assert_query(world, "", "");
    world_add(world, 2, 1, TOC_TLP_CLEAR, "domain:evil.example");
    world_assert_query(world, "", "2");
}

static void batch_is_as_bulletins_one_by_one(void **state)
{
    enum { COUNT = 200 };
    struct world *world = *state;
    struct sample *samples = calloc(COUNT, sizeof *samples);
    struct toc_index_entry entries[COUNT + 1];
    struct toc_db_txn *txn;
    assert_non_null(samples);
    for (unsigned i = 0; i < COUNT; i++) {
        char facts[128];
        (void)snprintf(facts, sizeof facts, "domain:d%u.example ip:192.0.2.%u cve:CVE-2026-%04u", i,
                       i % 200, i % 7);
        sample_init(&samples[i], i + 1, 1 + i % 3, i % 5 == 4 ? TOC_TLP_RED : TOC_TLP_GREEN, facts);
        entries[i] = samples[i].entry;
    }
    entries[COUNT] = entries[0]; /* the same bulletin in another place, in one batch */
    entries[COUNT].place.seq = 9999;
    assert_ok(toc_db_begin(world->db, &txn));
    assert_ok(toc_index_apply(world->index, txn, entries, COUNT + 1));
    assert_ok(toc_db_commit(txn));
    struct toc_index_meta meta;
    assert_ok(world_meta(world, 1, &meta));
    assert_int_equal(meta.place_count, 2);
    for (unsigned i = 0; i < COUNT; i++) {
        char value[64];
        char wanted[32];
        assert_ok(world_meta(world, i + 1, &meta));
        assert_int_equal(meta.indicator_count, 2);
        (void)snprintf(value, sizeof value, "d%u.example", i);
        (void)snprintf(wanted, sizeof wanted, "%u=", i + 1);
        world_assert_lookup(world, value, TOC_INDEX_WANT_SAME, wanted);
        sample_clear(&samples[i]);
    }
    free(samples);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, world_make, world_unmake)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(bulletin_is_known_by_its_id),
        CASE(unread_bulletin_is_known_without_facts),
        CASE(unread_bulletin_is_listed_until_its_facts_come),
        CASE(same_bulletin_in_further_places),
        CASE(reached_only_grows),
        CASE(aborted_batch_leaves_nothing),
        CASE(nothing_of_hidden_bulletins_is_on_the_disk),
        CASE(hidden_bulletins_answer_as_the_others),
        CASE(hidden_bulletins_come_back_when_they_are_given_again),
        CASE(clear_takes_everything),
        CASE(index_of_another_schema_is_made_anew),
        CASE(batch_is_as_bulletins_one_by_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
