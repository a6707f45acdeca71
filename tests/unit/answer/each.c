/* SPDX-License-Identifier: EUPL-1.2 */
/* What `publish --each` has published is found again, each file by its own key. */
#include "check.h"

#include "answer_internal.h"
#include "folder.h"

#include <fcntl.h>
#include <unistd.h>

enum { RECORDS = 5000 };

struct world {
    struct folder folder;
    struct toc_home home;
    struct toc_each *each;
};

static int make(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    if (world == NULL) {
        return 1;
    }
    folder_make(&world->folder);
    world->home.dir_fd = open(world->folder.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    *state = world;
    return world->home.dir_fd < 0 || toc_failed(toc_each_new(&world->each, &world->home));
}

static int unmake(void **state)
{
    struct world *world = *state;
    toc_each_free(world->each);
    (void)close(world->home.dir_fd);
    folder_remove(&world->folder);
    free(world);
    return 0;
}

static void make_record(uint8_t record[static 2 * TOC_ID_BYTES], uint32_t number)
{
    uint8_t audience[TOC_ID_BYTES] = {1}, text[4];
    toc_put_le32(text, number);
    toc_each_key(record, audience, toc_span(text, sizeof text));
    memset(record + TOC_ID_BYTES, (int)(number % 251), TOC_ID_BYTES);
}

static bool is_known(struct world *world, uint32_t number)
{
    uint8_t record[2 * TOC_ID_BYTES];
    struct toc_each_query query = {.found = false};
    make_record(record, number);
    memcpy(query.key, record, sizeof query.key);
    toc_each_find(world->each, &query, 1);
    if (query.found) {
        assert_memory_equal(query.id, record + TOC_ID_BYTES, sizeof query.id);
    }
    return query.found;
}

static void note(struct world *world, uint32_t number)
{
    uint8_t record[2 * TOC_ID_BYTES];
    make_record(record, number);
    toc_publication_note(&world->home, record, 1);
}

static void every_record_is_found_and_no_other(void **state)
{
    struct world *world = *state;
    assert_false(is_known(world, 0));
    for (uint32_t i = 0; i < RECORDS; i++) {
        note(world, i);
        if (i % 97 == 0) {
            assert_true(is_known(world, i));
            assert_false(is_known(world, i + 1));
        }
    }
    for (uint32_t i = 0; i < RECORDS; i++) {
        assert_true(is_known(world, i));
        assert_false(is_known(world, RECORDS + i));
    }
    assert_ok(toc_publication_sync(&world->home));
}

static void file_of_an_earlier_run_counts(void **state)
{
    struct world *world = *state;
    for (uint32_t i = 0; i < 100; i++) {
        note(world, i);
    }
    assert_true(is_known(world, 99));
    toc_each_free(world->each);
    world->each = NULL;
    assert_ok(toc_each_new(&world->each, &world->home));
    for (uint32_t i = 0; i < 100; i++) {
        assert_true(is_known(world, i));
    }
    assert_false(is_known(world, 100));
}

static void record_that_was_cut_is_written_over(void **state)
{
    struct world *world = *state;
    uint8_t record[2 * TOC_ID_BYTES];
    note(world, 1);
    assert_true(is_known(world, 1));
    int fd = openat(world->home.dir_fd, TOC_HOME_EACH, O_WRONLY | O_APPEND | O_CLOEXEC);
    make_record(record, 2);
    assert_int_equal(write(fd, record, 33), 33);
    assert_false(is_known(world, 2));
    note(world, 3);
    assert_true(is_known(world, 1));
    assert_false(is_known(world, 2));
    assert_true(is_known(world, 3));
    (void)close(fd);
}

static void several_are_noted_and_found_at_once(void **state)
{
    struct world *world = *state;
    uint8_t records[3 * TOC_PUBLICATION_EACH_BYTES];
    struct toc_each_query queries[4] = {{.found = false}};
    for (uint32_t i = 0; i < 3; i++) {
        make_record(records + i * TOC_PUBLICATION_EACH_BYTES, i);
    }
    toc_publication_note(&world->home, records, 3);
    for (uint32_t i = 0; i < 4; i++) {
        uint8_t record[TOC_PUBLICATION_EACH_BYTES];
        make_record(record, i);
        memcpy(queries[i].key, record, sizeof queries[i].key);
    }
    toc_each_find(world->each, queries, 4);
    assert_true(queries[0].found && queries[1].found && queries[2].found);
    assert_false(queries[3].found);
    assert_int_equal(queries[2].id[0], 2);
}

static void nothing_published_needs_no_file(void **state)
{
    struct world *world = *state;
    assert_ok(toc_publication_sync(&world->home));
    assert_false(is_known(world, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_record_is_found_and_no_other, make, unmake),
        cmocka_unit_test_setup_teardown(file_of_an_earlier_run_counts, make, unmake),
        cmocka_unit_test_setup_teardown(record_that_was_cut_is_written_over, make, unmake),
        cmocka_unit_test_setup_teardown(several_are_noted_and_found_at_once, make, unmake),
        cmocka_unit_test_setup_teardown(nothing_published_needs_no_file, make, unmake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
