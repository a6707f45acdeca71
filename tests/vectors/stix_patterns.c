/* SPDX-License-Identifier: EUPL-1.2 */
/* USES: pattern */
/* The pattern cases of the OASIS validator: what must parse does, what must fail is refused. */
#include "check.h"
#include "pattern.h"

#include <jansson.h>

static unsigned passed;
static unsigned refused;

/* Refused means: the grammar, or a hash that is none, as the validator has it. */
static bool accepts(const char *text, size_t len, enum toc_pattern_version version)
{
    struct toc_pattern pattern;
    toc_pattern_init(&pattern);
    struct toc_err err = toc_pattern_parse(&pattern, toc_span(text, len), version);
    bool good = !toc_failed(err) && pattern.bad_hash == 0;
    assert_true(!toc_failed(err) || err.code == TOC_SYNTAX);
    toc_pattern_clear(&pattern);
    return good;
}

static void must(const json_t *value, bool accept, enum toc_pattern_version version)
{
    const char *text = json_string_value(value);
    assert_non_null(text);
    if (accepts(text, json_string_length(value), version) != accept) {
        fail_msg("%s: %s", accept ? "refused" : "accepted", text);
    }
    passed += accept;
    refused += !accept;
}

static json_t *load(const char *name)
{
    char relative[128];
    (void)snprintf(relative, sizeof relative, "vectors/stix-patterns/%s", name);
    const char *path = check_shared(relative);
    return path == NULL ? NULL : json_load_file(path, 0, NULL);
}

static void run_cases(const char *name, enum toc_pattern_version version)
{
    static const char *const lists[] = {"PASS_CASES", "TIMESTAMP_PASS_CASES", "FAIL_CASES",
                                        "TIMESTAMP_FAIL_CASES"};
    json_t *root = load(name);
    assert_non_null(root);
    for (size_t list = 0; list < 4; list++) {
        const json_t *rows = json_object_get(root, lists[list]);
        assert_true(json_array_size(rows) > 0);
        for (size_t i = 0; i < json_array_size(rows); i++) {
            const json_t *row = json_array_get(rows, i);
            must(list < 2 ? row : json_array_get(row, 0), list < 2, version);
        }
    }
    json_decref(root);
}

static void run_list(const char *name, enum toc_pattern_version version)
{
    json_t *root = load(name);
    assert_true(json_array_size(root) > 0);
    for (size_t i = 0; i < json_array_size(root); i++) {
        must(json_array_get(root, i), true, version);
    }
    json_decref(root);
}

static void run_lines(const char *name, enum toc_pattern_version version)
{
    char relative[128];
    size_t len = 0;
    (void)snprintf(relative, sizeof relative, "vectors/stix-patterns/%s", name);
    const char *path = check_shared(relative);
    char *text = path == NULL ? NULL : check_read(path, &len);
    assert_non_null(text);
    char *line = text;
    while (line < text + len) {
        size_t bytes = strcspn(line, "\r\n");
        if (bytes > 0 && !accepts(line, bytes, version)) {
            fail_msg("refused: %.*s", (int)bytes, line);
        }
        passed += bytes > 0;
        line += bytes + 1;
    }
    free(text);
}

static void validator_cases_20(void **state)
{
    (void)state;
    run_cases("validator_cases_v20.json", TOC_PATTERN_20);
}

static void validator_cases_21(void **state)
{
    (void)state;
    run_cases("validator_cases_v21.json", TOC_PATTERN_21);
}

static void inspector_patterns(void **state)
{
    (void)state;
    run_list("inspector_patterns_v20.json", TOC_PATTERN_20);
    run_list("inspector_patterns_v21.json", TOC_PATTERN_21);
}

static void examples_of_the_specification(void **state)
{
    (void)state;
    run_lines("spec_examples_v20.txt", TOC_PATTERN_20);
    run_lines("spec_examples_v21.txt", TOC_PATTERN_21);
}

static void none_was_skipped(void **state)
{
    (void)state;
    (void)printf("%u patterns parsed, %u refused\n", passed, refused);
    assert_int_equal(passed, 157);
    assert_int_equal(refused, 51);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(validator_cases_20), cmocka_unit_test(validator_cases_21),
        cmocka_unit_test(inspector_patterns), cmocka_unit_test(examples_of_the_specification),
        cmocka_unit_test(none_was_skipped),
    };
    if (check_shared("vectors/stix-patterns") == NULL) {
        return CHECK_SKIPPED;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
