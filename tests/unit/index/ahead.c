/* SPDX-License-Identifier: EUPL-1.2 */
/* What goes ahead of the disk is found like the rest, is nowhere on the disk before it follows, and
 * comes to the same rows as in transactions of its own. */
#include "world.h"

enum { STEPS = 400, MARKS = 40 };

static void follow(struct world *world)
{
    struct toc_db_txn *txn;
    assert_ok(toc_db_begin(world->db, &txn));
    toc_index_follow(world->index, txn);
    assert_ok(toc_db_commit(txn));
}

static uint64_t reached_of(struct world *world, uint64_t author)
{
    uint8_t log[TOC_ID_BYTES];
    uint64_t seq;
    sample_id(log, 7000 + author);
    assert_ok(toc_index_reached(world->index, log, &seq));
    return seq;
}

static uint64_t rows_on_disk(struct world *world)
{
    struct toc_db_stat stat;
    assert_ok(toc_db_stat(world->db, &stat));
    return stat.row_count[TOC_DB_INDEX_META] + stat.row_count[TOC_DB_INDEX_VALUE] +
           stat.row_count[TOC_DB_INDEX_REACHED] + stat.row_count[TOC_DB_INDEX_HIDDEN];
}

static void what_is_ahead_is_found_at_once(void **state)
{
    struct world *world = *state;
    struct toc_db_stat stat;
    uint64_t last_commit;
    assert_ok(toc_db_stat(world->db, &stat));
    last_commit = stat.last_commit;
    world_add_ahead(world, 1, 1, TOC_TLP_GREEN, "domain:evil.example ip:10.0.0.0/8");
    world_add_ahead(world, 2, 1, TOC_TLP_RED, "domain:www.evil.example");
    assert_ok(toc_db_stat(world->db, &stat));
    assert_int_equal(stat.last_commit, last_commit);
    assert_int_equal(rows_on_disk(world), 0);
    assert_true(toc_index_is_ahead(world->index));
    assert_int_equal(reached_of(world, 1), 2);
    world_assert_lookup(world, "evil.example", TOC_INDEX_WANT_SAME | TOC_INDEX_WANT_BELOW,
                        "1= 2vwww.evil.example");
    world_assert_lookup(world, "10.1.2.3", TOC_INDEX_WANT_ABOVE, "1^10.0.0.0/8");
    world_assert_query(world, "", "2 1");
}

static void disk_that_followed_has_everything(void **state)
{
    struct world *world = *state;
    world_add_ahead(world, 1, 1, TOC_TLP_GREEN, "domain:evil.example ip:10.0.0.0/8");
    follow(world);
    assert_false(toc_index_is_ahead(world->index));
    world_close(world);
    world_open(world);
    assert_int_equal(reached_of(world, 1), 1);
    world_assert_lookup(world, "evil.example", TOC_INDEX_WANT_SAME, "1=");
    world_assert_lookup(world, "10.1.2.3", TOC_INDEX_WANT_ABOVE, "1^10.0.0.0/8");
    world_assert_query(world, "", "1");
}

static void crash_forgets_cursor_and_rows_together(void **state)
{
    struct world *world = *state;
    world_add(world, 1, 1, TOC_TLP_GREEN, "domain:evil.example");
    world_add_ahead(world, 2, 1, TOC_TLP_GREEN, "domain:evil.example");
    world_add_ahead(world, 3, 1, TOC_TLP_RED, "domain:evil.example");
    world_close(world);
    world_open(world);
    assert_int_equal(reached_of(world, 1), 0);
    world_assert_query(world, "", "1");
    world_assert_lookup(world, "evil.example", TOC_INDEX_WANT_SAME, "1=");
    world_add_ahead(world, 2, 1, TOC_TLP_GREEN, "domain:evil.example");
    world_assert_query(world, "", "2 1");
}

static void failed_commit_leaves_it_ahead(void **state)
{
    struct world *world = *state;
    struct toc_db_txn *txn;
    world_add_ahead(world, 1, 1, TOC_TLP_GREEN, "domain:evil.example");
    for (int fails = 0; fails < 2; fails++) {
        assert_ok(toc_db_begin(world->db, &txn));
        toc_index_follow(world->index, txn);
        if (fails == 0) {
            toc_db_abort(txn);
        } else {
            toc_db_fail(txn, toc_fail(TOC_CHAIN, "no"));
            assert_code(toc_db_commit(txn), TOC_CHAIN);
        }
        assert_true(toc_index_is_ahead(world->index));
        assert_int_equal(rows_on_disk(world), 0);
        world_assert_lookup(world, "evil.example", TOC_INDEX_WANT_SAME, "1=");
    }
    world_add(world, 2, 1, TOC_TLP_GREEN, "domain:evil.example");
    assert_false(toc_index_is_ahead(world->index));
    world_assert_lookup(world, "evil.example", TOC_INDEX_WANT_SAME, "1= 2=");
}

static void clear_takes_what_is_ahead(void **state)
{
    struct world *world = *state;
    struct toc_db_txn *txn;
    world_add_ahead(world, 1, 1, TOC_TLP_GREEN, "domain:evil.example");
    world_add_ahead(world, 2, 1, TOC_TLP_RED, "domain:evil.example");
    assert_ok(toc_db_begin(world->db, &txn));
    toc_index_clear(world->index, txn);
    assert_ok(toc_db_commit(txn));
    assert_false(toc_index_is_ahead(world->index));
    assert_int_equal(reached_of(world, 1), 0);
    world_assert_query(world, "", "");
}

/* Facts: `count` domains from `from` on. */
static void many_facts(struct sample *sample, unsigned from, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        char fact[64];
        (void)snprintf(fact, sizeof fact, "domain:d%u.example", from + i);
        sample_facts(sample, fact);
    }
}

static void memory_is_bounded(void **state)
{
    struct world *world = *state;
    struct sample sample;
    unsigned from = 0;
    struct toc_err err = toc_ok();
    sample_init(&sample, 1, 1, TOC_TLP_GREEN, "");
    many_facts(&sample, 0, TOC_INDEX_AHEAD_FACTS_MAX + 1);
    assert_code(world_apply_ahead(world, &sample), TOC_STATE);
    assert_false(toc_index_is_ahead(world->index));
    assert_int_equal(reached_of(world, 1), 0);
    sample_clear(&sample);
    while (!toc_failed(err) && from < 2 * TOC_INDEX_AHEAD_ROWS_MAX) {
        sample_init(&sample, from + 1, 1, TOC_TLP_GREEN, "");
        many_facts(&sample, from, TOC_INDEX_AHEAD_FACTS_MAX);
        err = world_apply_ahead(world, &sample);
        sample_clear(&sample);
        from += TOC_INDEX_AHEAD_FACTS_MAX;
    }
    assert_code(err, TOC_STATE);
    assert_true(from <= TOC_INDEX_AHEAD_ROWS_MAX);
    assert_int_equal(reached_of(world, 1), from - 2 * TOC_INDEX_AHEAD_FACTS_MAX + 1);
    follow(world);
    assert_int_equal(rows_on_disk(world),
                     (from - TOC_INDEX_AHEAD_FACTS_MAX) + from / TOC_INDEX_AHEAD_FACTS_MAX - 1 + 1);
}

/* the same as in transactions */

static uint32_t draw(uint64_t *seed, uint32_t below)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*seed >> 33) % below;
}

/* A bulletin of few ids, authors and values, so that they meet. */
static void draw_sample(struct sample *sample, uint64_t *seed, uint64_t step)
{
    static const char *const facts[] = {
        "domain:evil.example", "domain:www.evil.example ip:10.0.0.0/8",
        "url:http://evil.example/a ~domain:evil.example", "ip:10.1.0.0/16 actor:apt1", ""};
    static const enum toc_tlp tlps[] = {TOC_TLP_GREEN, TOC_TLP_CLEAR, TOC_TLP_AMBER, TOC_TLP_RED};
    uint64_t mark = 1 + draw(seed, MARKS);
    uint32_t mood = draw(seed, 8);
    /* An id is a hash of the bulletin: what it says is the same wherever it stands. */
    sample_init(sample, mark, 1 + mark % 3, tlps[mark % 4], facts[mark % 5]);
    if (mark % 7 == 0) {
        sample_relate(sample, TOC_RELATION_REVOKES, mark - 3, NULL);
    } else if (mark % 11 == 0) {
        sample_relate(sample, TOC_RELATION_REVOKES, mark - 6, "evil.example");
    } else if (mark % 13 == 0) {
        sample_relate(sample, TOC_RELATION_SUPERSEDES, mark - 3, NULL);
    }
    sample->entry.place.seq = mood == 0 ? mark : step;
    if (mood == 1) {
        sample->entry.facts = NULL;
        sample->entry.again = true;
    }
}

static struct toc_err note_hidden(void *arg, const uint8_t *log, uint64_t seq)
{
    found_add(arg, "%llu/%llu ", (unsigned long long)toc_be64(log), (unsigned long long)seq);
    return toc_ok();
}

static void add_lookup(struct world *world, const char *text, struct found *found)
{
    struct toc_value value;
    struct toc_index_read *read;
    assert_ok(toc_value_guess(&value, toc_span_str(text)));
    assert_ok(toc_index_read_begin(world->index, &read));
    found->read = read;
    assert_ok(toc_index_lookup(read, value.kind, toc_span(value.bytes, value.len),
                               TOC_INDEX_WANT_SAME | TOC_INDEX_WANT_ABOVE | TOC_INDEX_WANT_BELOW |
                                   TOC_INDEX_WANT_HOSTS | TOC_INDEX_WANT_WITHDRAWN,
                               found_hit, found));
    toc_index_read_end(read);
    found->read = NULL;
    found_add(found, "\n");
}

/* All that is to be seen, as text. */
static void describe(struct world *world, struct found *seen)
{
    static const char *const queries[] = {"", "tlp:amber", "author:org1", "kind:indicators"};
    struct found one;
    seen->text[0] = '\0';
    for (size_t i = 0; i < sizeof queries / sizeof queries[0]; i++) {
        for (int order = 0; order < 2; order++) {
            world_query_text(world, queries[i], order == 1, (enum toc_index_order)order, &one);
            found_add(seen, "%s\n", one.text);
        }
    }
    add_lookup(world, "evil.example", seen);
    add_lookup(world, "10.1.2.3", seen);
    for (uint64_t author = 1; author <= 3; author++) {
        found_add(seen, "%llu\n", (unsigned long long)reached_of(world, author));
    }
    assert_ok(toc_index_each_hidden(world->index, note_hidden, seen));
    assert_true(strlen(seen->text) + 1 < sizeof seen->text);
}

static void assert_same_rows(struct world *left, struct world *right)
{
    struct toc_db_read *reads[2];
    assert_ok(toc_db_read_begin(left->db, &reads[0]));
    assert_ok(toc_db_read_begin(right->db, &reads[1]));
    for (unsigned table = 0; table < TOC_DB_TABLE_COUNT; table++) {
        struct toc_db_cursor cursors[2];
        struct toc_err errs[2] = {toc_ok(), toc_ok()};
        for (int i = 0; i < 2; i++) {
            assert_ok(toc_db_cursor_open(&cursors[i], reads[i], (enum toc_db_table)table));
            errs[i] = toc_db_seek(&cursors[i], toc_span(NULL, 0));
        }
        while (!toc_failed(errs[0]) && !toc_failed(errs[1])) {
            assert_span(cursors[0].key, cursors[1].key);
            assert_span(cursors[0].value, cursors[1].value);
            errs[0] = toc_db_next(&cursors[0]);
            errs[1] = toc_db_next(&cursors[1]);
        }
        for (int i = 0; i < 2; i++) {
            assert_code(errs[i], TOC_ABSENT);
            toc_db_cursor_close(&cursors[i]);
        }
    }
    toc_db_read_end(reads[0]);
    toc_db_read_end(reads[1]);
}

static void rows_are_those_of_transactions(void **state)
{
    struct world *world = *state;
    struct world plain;
    struct found wanted, seen;
    uint64_t seed = 11;
    unsigned ahead = 0;
    folder_make(&plain.folder);
    world_open(&plain);
    for (uint64_t step = 1; step <= STEPS; step++) {
        struct sample sample;
        draw_sample(&sample, &seed, step);
        world_apply(&plain, &sample);
        struct toc_db_txn *txn;
        assert_ok(toc_db_begin(plain.db, &txn));
        toc_index_advance(plain.index, txn, sample.entry.place.log, sample.entry.place.seq);
        assert_ok(toc_db_commit(txn));
        struct toc_err err = world_apply_ahead(world, &sample);
        ahead += !toc_failed(err);
        if (toc_failed(err)) {
            assert_code(err, TOC_STATE);
            assert_ok(toc_db_begin(world->db, &txn));
            assert_ok(toc_index_apply(world->index, txn, &sample.entry, 1));
            toc_index_advance(world->index, txn, sample.entry.place.log, sample.entry.place.seq);
            assert_ok(toc_db_commit(txn));
        }
        sample_clear(&sample);
        if (draw(&seed, 16) == 0) {
            follow(world);
        }
        describe(&plain, &wanted);
        describe(world, &seen);
        assert_string_equal(seen.text, wanted.text);
    }
    assert_in_range(ahead, STEPS / 2, STEPS);
    follow(world);
    assert_same_rows(world, &plain);
    world_close(&plain);
    folder_remove(&plain.folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_ahead_is_found_at_once, world_make, world_unmake),
        cmocka_unit_test_setup_teardown(disk_that_followed_has_everything, world_make,
                                        world_unmake),
        cmocka_unit_test_setup_teardown(crash_forgets_cursor_and_rows_together, world_make,
                                        world_unmake),
        cmocka_unit_test_setup_teardown(failed_commit_leaves_it_ahead, world_make, world_unmake),
        cmocka_unit_test_setup_teardown(clear_takes_what_is_ahead, world_make, world_unmake),
        cmocka_unit_test_setup_teardown(memory_is_bounded, world_make, world_unmake),
        cmocka_unit_test_setup_teardown(rows_are_those_of_transactions, world_make, world_unmake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
