/* SPDX-License-Identifier: EUPL-1.2 */
#include "check.h"
#include "folder.h"

#include "ops.h"

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

static struct folder folder;
static struct toc_home home;
static char path[512];

static int set_up(void **state)
{
    (void)state;
    folder_make(&folder);
    home = (struct toc_home){.lock_fd = -1};
    snprintf(home.path, sizeof(home.path), "%s", folder.path);
    snprintf(path, sizeof(path), "%s/" TOC_HOME_AUDIT, folder.path);
    home.dir_fd = open(folder.path, O_RDONLY | O_DIRECTORY);
    return home.dir_fd < 0 ? -1 : 0;
}

static int tear_down(void **state)
{
    (void)state;
    toc_home_close(&home);
    folder_remove(&folder);
    return 0;
}

static void append(size_t count)
{
    struct toc_audit audit;
    struct toc_audit_act act = {.at = {1790000000000},
                                .uid = 1000,
                                .act = "publish",
                                .outcome = "done",
                                .detail = toc_span_str("id\tto all\n")};
    assert_ok(toc_audit_open(&audit, &home, NULL));
    for (size_t i = 0; i < count; i++) {
        assert_ok(toc_audit_append(&audit, &act, 1));
    }
    toc_audit_close(&audit);
}

static size_t file_len(void)
{
    struct stat about;
    assert_int_equal(stat(path, &about), 0);
    return (size_t)about.st_size;
}

static void the_chain_goes_on_over_restarts(void **state)
{
    (void)state;
    uint64_t lines = 0;
    for (size_t i = 0; i < 5; i++) {
        append(i);
    }
    assert_ok(toc_audit_verify(&home, &lines, NULL));
    assert_int_equal(lines, 10);
}

static void many_acts_are_one_write_and_as_many_lines(void **state)
{
    (void)state;
    struct toc_audit audit;
    struct toc_audit_act acts[150];
    uint64_t lines = 0;
    for (size_t i = 0; i < 150; i++) {
        acts[i] = (struct toc_audit_act){.act = "lookup", .outcome = "ABSENT"};
    }
    assert_ok(toc_audit_open(&audit, &home, NULL));
    assert_ok(toc_audit_append(&audit, acts, 150));
    toc_audit_close(&audit);
    assert_ok(toc_audit_verify(&home, &lines, NULL));
    assert_int_equal(lines, 150);
}

static void data_cannot_forge_a_line(void **state)
{
    (void)state;
    size_t len = 0;
    append(2);
    char *text = check_read(path, &len);
    assert_non_null(text);
    assert_non_null(strstr(text, "id\\x09to all\\x0a\t"));
    free(text);
}

static void any_changed_byte_is_found(void **state)
{
    (void)state;
    uint64_t lines = 0;
    append(3);
    size_t len = file_len();
    int fd = open(path, O_RDWR);
    assert_true(fd >= 0);
    for (size_t i = 0; i < len; i++) {
        char byte, flipped;
        assert_int_equal(pread(fd, &byte, 1, (off_t)i), 1);
        flipped = (char)(byte ^ 1);
        assert_int_equal(pwrite(fd, &flipped, 1, (off_t)i), 1);
        /* The last newline alone may go unseen: then its line counts as unfinished. */
        struct toc_err err = toc_audit_verify(&home, &lines, NULL);
        if (i + 1 < len) {
            assert_int_equal(err.code, TOC_CORRUPT);
        } else {
            assert_int_equal(lines, 2);
        }
        assert_int_equal(pwrite(fd, &byte, 1, (off_t)i), 1);
    }
    close(fd);
    assert_ok(toc_audit_verify(&home, &lines, NULL));
}

static void a_missing_line_is_found(void **state)
{
    (void)state;
    size_t len = 0;
    uint64_t lines = 0;
    struct toc_line line = {{0}};
    append(4);
    char *text = check_read(path, &len);
    char *second = strchr(text, '\n') + 1, *third = strchr(second, '\n') + 1;
    FILE *file = fopen(path, "wb");
    fwrite(text, 1, (size_t)(second - text), file);
    fwrite(third, 1, len - (size_t)(third - text), file);
    fclose(file);
    free(text);
    assert_code(toc_audit_verify(&home, &lines, &line), TOC_CORRUPT);
    assert_int_equal(lines, 1);
    assert_non_null(strstr(line.text, "line 2 does not follow"));
}

static void a_torn_last_line_is_cut_wherever_it_tore(void **state)
{
    (void)state;
    append(1);
    size_t one = file_len();
    append(1);
    size_t two = file_len();
    for (size_t len = one; len < two; len++) {
        uint64_t lines = 0;
        assert_int_equal(truncate(path, (off_t)len), 0);
        append(1);
        assert_ok(toc_audit_verify(&home, &lines, NULL));
        assert_int_equal(lines, 2);
        assert_int_equal(file_len(), two);
    }
}

static void a_changed_last_line_stops_the_start(void **state)
{
    (void)state;
    struct toc_audit audit;
    struct toc_line line = {{0}};
    append(2);
    int fd = open(path, O_RDWR);
    assert_int_equal(pwrite(fd, "9", 1, (off_t)file_len() - 100), 1);
    close(fd);
    assert_code(toc_audit_open(&audit, &home, &line), TOC_CORRUPT);
    assert_non_null(strstr(line.text, "does not hold together"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_chain_goes_on_over_restarts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(many_acts_are_one_write_and_as_many_lines, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(data_cannot_forge_a_line, set_up, tear_down),
        cmocka_unit_test_setup_teardown(any_changed_byte_is_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_missing_line_is_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_torn_last_line_is_cut_wherever_it_tore, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_changed_last_line_stops_the_start, set_up, tear_down),
    };
    if (sodium_init() < 0) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
