/* SPDX-License-Identifier: EUPL-1.2 */
/* USES: raw */
/* LIBS: jansson */
/*
 * The twelve edge cases on which Ed25519 libraries disagree ("Taming the many EdDSAs", 2020). Nodes
 * must agree on every signature, so the row of answers is part of the protocol: LibSodium's.
 */
#include "vectors.h"

#include "raw.h"

#define CASES 12u

/* The published row of LibSodium, from the table "|LibSodium | X | ...", as CASES letters. */
static void published_row(char row[static CASES + 1])
{
    size_t len;
    char *text = check_read(check_shared("vectors/ed25519-speccheck/results.md"), &len);
    assert_non_null(text);
    const char *at = strstr(text, "|LibSodium");
    assert_non_null(at);
    at = strchr(at + 1, '|');
    size_t found = 0;
    for (; at != NULL && *at != '\0' && *at != '\n' && found < CASES; at++) {
        if (*at == 'V' || *at == 'X') {
            row[found++] = *at;
        }
    }
    row[found] = '\0';
    free(text);
}

static void edge_cases_go_as_in_libsodium(void **state)
{
    (void)state;
    char row[CASES + 1];
    char ours[CASES + 1] = "";
    size_t i;
    const json_t *test;
    json_t *root = vectors_load(check_shared("vectors/ed25519-speccheck/cases.json"));
    assert_int_equal(json_array_size(root), CASES);
    json_array_foreach(root, i, test)
    {
        bool good = toc_raw_verify(vectors_bytes(test, "signature", TOC_RAW_SIG_BYTES),
                                   vectors_hex(test, "message"),
                                   vectors_bytes(test, "pub_key", TOC_RAW_SIGN_PUBLIC_BYTES));
        ours[i] = good ? 'V' : 'X';
        ours[i + 1] = '\0';
        vectors_release();
    }
    json_decref(root);
    published_row(row);
    print_message("speccheck: %s, published %s\n", ours, row);
    assert_string_equal(ours, row);
    assert_string_equal(ours, "XXXVXXXXXXXX");
}

int main(void)
{
    if (check_shared("vectors/ed25519-speccheck/cases.json") == NULL ||
        check_shared("vectors/ed25519-speccheck/results.md") == NULL) {
        return CHECK_SKIPPED;
    }
    const struct CMUnitTest tests[] = {cmocka_unit_test(edge_cases_go_as_in_libsodium)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
