/* SPDX-License-Identifier: EUPL-1.2 */
/* The table of contexts: what it promises, and that PROTOCOL.md has the same one. */
#include "check.h"

#include <signal.h>
#include <sys/wait.h>

#include "keys.h"

static const struct {
    const char *text, *kind, *covers;
} table[] = {
#define ROW(name, text, kind, covers) {text, #kind, covers},
    TOC_CONTEXTS(ROW)
#undef ROW
};

#define TABLE_ROWS (sizeof table / sizeof *table)

static void no_two_contexts_are_the_same_bytes(void **state)
{
    (void)state;
    assert_int_equal(TABLE_ROWS, TOC_CTX_COUNT);
    for (size_t i = 0; i < TABLE_ROWS; i++) {
        assert_in_range(strlen(table[i].text), 1, 16);
        assert_string_equal(toc_context_text((enum toc_context)i), table[i].text);
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(table[i].text, table[j].text);
        }
    }
}

static void every_signature_context_says_so(void **state)
{
    (void)state;
    for (size_t i = 0; i < TABLE_ROWS; i++) {
        bool sign = strcmp(table[i].kind, "SIGN") == 0;
        assert_int_equal(strncmp(table[i].text, "sign ", 5) == 0, sign);
    }
}

/* results under any two contexts differ, and a derivation is no hash. */
static void contexts_separate(void **state)
{
    (void)state;
    static const uint8_t key[TOC_KEY_BYTES];
    uint8_t results[TOC_CTX_COUNT][TOC_HASH_BYTES] = {{0}};
    struct toc_span data = toc_span_str("the same bytes");
    size_t count = 0;
    for (size_t i = 0; i < TABLE_ROWS; i++) {
        if (strcmp(table[i].kind, "HASH") == 0) {
            toc_hash(results[count++], (enum toc_context)i, &data, 1);
        } else if (strcmp(table[i].kind, "DERIVE") == 0) {
            toc_kdf(results[count++], key, (enum toc_context)i, &data, 1);
        }
    }
    assert_true(count > 20);
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < i; j++) {
            assert_memory_not_equal(results[i], results[j], TOC_HASH_BYTES);
        }
    }
}

/* Runs in a child, whose trap must not end the test. */
static bool traps(void (*misuse)(void))
{
    fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        /* cmocka's handlers would go on with the next test, a sanitizer's would print the trap. */
        (void)signal(SIGILL, SIG_DFL);
        (void)signal(SIGTRAP, SIG_DFL);
        misuse();
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) && (WTERMSIG(status) == SIGILL || WTERMSIG(status) == SIGTRAP);
}

static void hash_with_a_signature_context(void)
{
    uint8_t out[32];
    toc_hash(out, TOC_CTX_S_HEADER, NULL, 0);
}

static void hash_with_a_derivation_context(void)
{
    struct toc_hasher hasher;
    toc_hasher_init(&hasher, TOC_CTX_K_PSK);
}

static void derive_with_a_hash_context(void)
{
    uint8_t out[32] = {0};
    toc_kdf(out, out, TOC_CTX_H_HEADER, NULL, 0);
}

static void sign_with_a_hash_context(void)
{
    const uint8_t zeros[64] = {0};
    uint8_t sig[64];
    toc_sign(sig, TOC_CTX_H_HEADER, zeros, zeros, zeros);
}

static void verify_with_a_hash_context(void)
{
    const uint8_t zeros[64] = {0};
    (void)toc_failed(toc_verify(zeros, TOC_CTX_H_HEADER, zeros, zeros, zeros));
}

static void nothing(void)
{
}

static void a_context_of_another_kind_traps(void **state)
{
    (void)state;
    assert_false(traps(nothing));
    assert_true(traps(hash_with_a_signature_context));
    assert_true(traps(hash_with_a_derivation_context));
    assert_true(traps(derive_with_a_hash_context));
    assert_true(traps(sign_with_a_hash_context));
    assert_true(traps(verify_with_a_hash_context));
}

/* Row of the code for `| "text" | KIND | ...`; TABLE_ROWS when there is none. */
static size_t row_of(const char *line)
{
    for (size_t i = 0; i < TABLE_ROWS; i++) {
        char start[64];
        int len = snprintf(start, sizeof start, "| \"%s\" | %s |", table[i].text, table[i].kind);
        if (strncmp(line, start, (size_t)len) == 0) {
            return i;
        }
    }
    return TABLE_ROWS;
}

static void protocol_has_the_same_table(void **state)
{
    (void)state;
    char path[4096];
    const char *source = getenv("TOCSIN_SOURCE");
    bool seen[TABLE_ROWS] = {false};
    size_t len;
    (void)snprintf(path, sizeof path, "%s/proto/PROTOCOL.md", source == NULL ? "." : source);
    char *text = check_read(path, &len);
    if (text == NULL) {
        print_message("no %s\n", path);
        skip();
    }
    for (char *line = text; line != NULL; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, "| \"", 3) == 0) {
            size_t row = row_of(line);
            if (row == TABLE_ROWS || seen[row]) {
                fail_msg("PROTOCOL.md has a row too much, or of another kind: %.40s", line);
            }
            seen[row] = true;
        }
    }
    free(text);
    for (size_t i = 0; i < TABLE_ROWS; i++) {
        if (!seen[i]) {
            fail_msg("PROTOCOL.md lacks | \"%s\" | %s |", table[i].text, table[i].kind);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_two_contexts_are_the_same_bytes),
        cmocka_unit_test(every_signature_context_says_so),
        cmocka_unit_test(contexts_separate),
        cmocka_unit_test(a_context_of_another_kind_traps),
        cmocka_unit_test(protocol_has_the_same_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
