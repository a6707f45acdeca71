/* SPDX-License-Identifier: EUPL-1.2 */
#include "check.h"
#include "folder.h"

#include "ops.h"

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECRET "thirty-two bytes of a credential"

static struct folder folder;
static char home_path[512], credential[512];
static const struct toc_unlock unlock = {TOC_LOCK_CREDENTIAL,
                                         {(const uint8_t *)SECRET, sizeof(SECRET) - 1}};

static int set_up(void **state)
{
    (void)state;
    folder_make(&folder);
    snprintf(home_path, sizeof(home_path), "%s/home", folder.path);
    snprintf(credential, sizeof(credential), "%s/credential", folder.path);
    unsetenv("CREDENTIALS_DIRECTORY");
    return toc_failed(toc_home_create(home_path, NULL)) ? -1 : 0;
}

static int tear_down(void **state)
{
    (void)state;
    folder_remove(&folder);
    return 0;
}

/* Makes the keys of a node; gives them for comparison. */
static void make_keys(struct toc_home *home, struct toc_keyring *keys)
{
    uint8_t entropy[160];
    struct toc_line line;
    randombytes_buf(entropy, sizeof(entropy));
    toc_node_keys_make(&keys->node, entropy);
    toc_sign_keys_make(&keys->log, entropy + 128);
    assert_code(toc_home_open(home, home_path, &line), TOC_ABSENT);
    *home = (struct toc_home){.dir_fd = -1, .lock_fd = -1};
    snprintf(home->path, sizeof(home->path), "%s", home_path);
    assert_ok(toc_keyring_store(home, keys, &unlock, &line));
    assert_ok(toc_file_write(credential, toc_span(SECRET, sizeof(SECRET) - 1), 0600, TOC_REPLACE_NO,
                             &line));
    assert_ok(toc_home_open(home, home_path, &line));
}

static void keys_come_back_by_credential(void **state)
{
    (void)state;
    struct toc_home home;
    struct toc_keyring made, *read = NULL;
    struct toc_line line = {{0}};
    make_keys(&home, &made);
    const struct toc_unlock_options options = {.credential_path = credential};
    assert_ok(toc_keyring_open(&home, &options, &read, &line));
    assert_memory_equal(&made, read, sizeof(made));
    toc_keyring_close(read);
    toc_home_close(&home);
}

static void a_wrong_credential_opens_nothing(void **state)
{
    (void)state;
    struct toc_home home;
    struct toc_keyring made, *read = &made;
    struct toc_line line = {{0}};
    make_keys(&home, &made);
    assert_ok(toc_file_write(credential, toc_span_str("another credential of 32 bytes!!"), 0600,
                             TOC_REPLACE_YES, &line));
    const struct toc_unlock_options options = {.credential_path = credential};
    assert_code(toc_keyring_open(&home, &options, &read, &line), TOC_PASSPHRASE);
    assert_null(read);
    assert_non_null(strstr(line.text, "wrong passphrase or credential"));
    toc_home_close(&home);
}

static void without_a_secret_nothing_opens_and_the_line_says_what_to_give(void **state)
{
    (void)state;
    struct toc_home home;
    struct toc_keyring made, *read = NULL;
    struct toc_line line = {{0}};
    make_keys(&home, &made);
    const struct toc_unlock_options none = {.credential_path = NULL};
    assert_code(toc_keyring_open(&home, &none, &read, &line), TOC_USAGE);
    assert_non_null(strstr(line.text, "--credential FILE"));
    toc_home_close(&home);
}

static void a_key_file_open_to_others_is_refused(void **state)
{
    (void)state;
    static const mode_t modes[] = {0640, 0604, 0660, 0601, 0666};
    struct toc_home home;
    struct toc_keyring made, *read = NULL;
    struct toc_line line = {{0}};
    char path[1024];
    make_keys(&home, &made);
    const struct toc_unlock_options options = {.credential_path = credential};
    snprintf(path, sizeof(path), "%s/" TOC_HOME_LOG_KEY, home_path);
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        assert_int_equal(chmod(path, modes[i]), 0);
        assert_code(toc_keyring_open(&home, &options, &read, &line), TOC_PERMISSION);
        assert_null(read);
        assert_non_null(strstr(line.text, "can be read by others"));
    }
    assert_int_equal(chmod(path, 0400), 0);
    assert_ok(toc_keyring_open(&home, &options, &read, &line));
    toc_keyring_close(read);
    toc_home_close(&home);
}

static void a_key_file_behind_a_link_is_refused(void **state)
{
    (void)state;
    struct toc_home home;
    struct toc_keyring made, *read = NULL;
    struct toc_line line = {{0}};
    char path[1024], elsewhere[1024];
    make_keys(&home, &made);
    snprintf(path, sizeof(path), "%s/" TOC_HOME_LOG_KEY, home_path);
    snprintf(elsewhere, sizeof(elsewhere), "%s/elsewhere.key", folder.path);
    assert_int_equal(rename(path, elsewhere), 0);
    assert_int_equal(symlink(elsewhere, path), 0);
    const struct toc_unlock_options options = {.credential_path = credential};
    assert_code(toc_keyring_open(&home, &options, &read, &line), TOC_PERMISSION);
    toc_home_close(&home);
}

static void a_home_open_to_others_is_refused(void **state)
{
    (void)state;
    static const struct {
        mode_t mode;
        enum toc_code code;
    } rows[] = {{0755, TOC_PERMISSION},
                {0770, TOC_PERMISSION},
                {0701, TOC_PERMISSION},
                {0750, TOC_OK},
                {0700, TOC_OK}};
    struct toc_home home;
    struct toc_keyring made;
    struct toc_line line = {{0}};
    make_keys(&home, &made);
    toc_home_close(&home);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(chmod(home_path, rows[i].mode), 0);
        assert_code(toc_home_open(&home, home_path, &line), rows[i].code);
        toc_home_close(&home);
    }
}

static void init_refuses_a_home_that_holds_a_node(void **state)
{
    (void)state;
    struct toc_home home;
    struct toc_keyring made;
    struct toc_line line = {{0}};
    make_keys(&home, &made);
    toc_home_close(&home);
    assert_code(toc_home_create(home_path, &line), TOC_LOCKED);
    assert_non_null(strstr(line.text, "holds a node already"));
}

/* Another process holds the lock: `ready` and `done` are pipes that order the two. */
static pid_t lock_elsewhere(int ready, const int done[static 2])
{
    pid_t pid = fork();
    if (pid == 0) {
        close(done[1]);
        struct toc_home home;
        char byte = 0;
        bool locked = !toc_failed(toc_home_open(&home, home_path, NULL)) &&
                      !toc_failed(toc_home_lock(&home, NULL));
        bool told = locked && write(ready, &byte, 1) == 1 && read(done[0], &byte, 1) >= 0;
        _exit(told ? 0 : 1);
    }
    return pid;
}

static void a_second_process_learns_who_holds_the_home(void **state)
{
    (void)state;
    struct toc_home home;
    struct toc_keyring made;
    struct toc_line line = {{0}};
    int ready[2], done[2], status = 0;
    char byte, pid_text[32];
    make_keys(&home, &made);
    assert_int_equal(pipe(ready) + pipe(done), 0);
    pid_t pid = lock_elsewhere(ready[1], done);
    assert_true(pid > 0);
    close(done[0]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_code(toc_home_lock(&home, &line), TOC_LOCKED);
    snprintf(pid_text, sizeof(pid_text), "process %ld", (long)pid);
    assert_non_null(strstr(line.text, pid_text));
    close(done[1]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    /* Death alone releases it: there is no file to clear away. */
    assert_ok(toc_home_lock(&home, &line));
    toc_home_close(&home);
}

static void a_file_is_written_whole_or_not_at_all(void **state)
{
    (void)state;
    struct toc_line line = {{0}};
    struct toc_bytes bytes;
    struct stat about;
    char path[1024];
    snprintf(path, sizeof(path), "%s/file", home_path);
    assert_ok(toc_file_write(path, toc_span_str("first"), 0600, TOC_REPLACE_NO, &line));
    assert_code(toc_file_write(path, toc_span_str("second"), 0600, TOC_REPLACE_NO, &line),
                TOC_LOCKED);
    assert_ok(toc_file_read(path, 100, &bytes, &line));
    assert_span(toc_span(bytes.at, bytes.len), toc_span_str("first"));
    toc_bytes_free(&bytes);
    assert_ok(toc_file_write(path, toc_span_str("second"), 0644, TOC_REPLACE_YES, &line));
    assert_ok(toc_file_read(path, 100, &bytes, &line));
    assert_span(toc_span(bytes.at, bytes.len), toc_span_str("second"));
    toc_bytes_free(&bytes);
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 07777, 0644);
    assert_code(toc_file_read(path, 5, &bytes, &line), TOC_LIMIT);
    assert_null(bytes.at);
    assert_code(
        toc_file_write("/nonexistent/folder/file", toc_span_str("x"), 0600, TOC_REPLACE_YES, &line),
        TOC_IO);
}

static void lines_carry_no_control_characters(void **state)
{
    (void)state;
    static const struct {
        const char *raw, *shown;
    } rows[] = {
        {"plain", "plain"},
        {"\x1b[31mred", "\\x1b[31mred"},
        {"a\nb\tc\r", "a\\x0ab\\x09c\\x0d"},
        {"\x7f", "\\x7f"},
        {"\xc2\x85", "\\u{0085}"},
        {"\xe2\x80\xae", "\\u{202e}"},
        {"\xff\xc0\x80", "\\xff\\xc0\\x80"},
        {"gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f"},
        {"\xed\xa0\x80", "\\xed\\xa0\\x80"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char out[64];
        size_t len = toc_text_escape(out, sizeof(out), toc_span_str(rows[i].raw));
        assert_string_equal(out, rows[i].shown);
        assert_int_equal(len, strlen(rows[i].shown));
    }
    char small[4];
    assert_int_equal(toc_text_escape(small, sizeof(small), toc_span_str("ab\xc3\xbc")), 2);
    assert_string_equal(small, "ab");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(keys_come_back_by_credential, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_wrong_credential_opens_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            without_a_secret_nothing_opens_and_the_line_says_what_to_give, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_key_file_open_to_others_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_key_file_behind_a_link_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_home_open_to_others_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(init_refuses_a_home_that_holds_a_node, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_second_process_learns_who_holds_the_home, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_file_is_written_whole_or_not_at_all, set_up, tear_down),
        cmocka_unit_test(lines_carry_no_control_characters),
    };
    if (sodium_init() < 0) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
