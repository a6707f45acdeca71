/* SPDX-License-Identifier: EUPL-1.2 */
/* USES: raw */
/* LIBS: jansson */
/* The known answers of the BLAKE2 authors, BLAKE2b with 64 bytes of output. */
#include "vectors.h"

#include "raw.h"

static bool hash_case(struct toc_span data, struct toc_span key, struct toc_span wanted)
{
    struct toc_raw_hash hash;
    uint8_t out[TOC_RAW_HASH_BYTES_MAX];
    toc_raw_hash_init(&hash, NULL, key, sizeof out);
    /* In two parts, so that the buffering between them counts too. */
    size_t half = data.len / 2;
    toc_raw_hash_add(&hash, toc_span(data.at, half));
    toc_raw_hash_add(&hash, toc_span(data.at + half, data.len - half));
    toc_raw_hash_final(&hash, out, sizeof out);
    return toc_span_equal(toc_span(out, sizeof out), wanted);
}

static void json_known_answers(void **state)
{
    (void)state;
    struct tally tally = {"blake2b-kat.json", 0, 0};
    size_t keyed = 0;
    size_t i;
    const json_t *test;
    json_t *root = vectors_load(check_shared("vectors/blake2/blake2b-kat.json"));
    json_array_foreach(root, i, test)
    {
        char id[24];
        struct toc_span key = vectors_hex(test, "key");
        (void)snprintf(id, sizeof id, "%zu", i);
        keyed += key.len != 0;
        tally_case(&tally, hash_case(vectors_hex(test, "in"), key, vectors_hex(test, "out")), id);
        vectors_release();
    }
    json_decref(root);
    assert_int_equal(keyed, 256);
    tally_end(&tally, 512);
}

/* The rest of a line "name:<tab>hex", or NULL when the line has another name. */
static char *field_of(char *line, const char *name)
{
    size_t len = strlen(name);
    return strncmp(line, name, len) == 0 && line[len] == ':'
               ? line + len + 1 + strspn(line + len + 1, "\t")
               : NULL;
}

static void text_known_answers(void **state)
{
    (void)state;
    struct tally tally = {"blake2b-kat.txt", 0, 0};
    struct toc_span data = {NULL, 0};
    struct toc_span key = {NULL, 0};
    size_t len;
    char *rest = NULL;
    char *text = check_read(check_shared("vectors/blake2/blake2b-kat.txt"), &len);
    assert_non_null(text);
    for (char *line = strtok_r(text, "\r\n", &rest); line; line = strtok_r(NULL, "\r\n", &rest)) {
        char *hex;
        if ((hex = field_of(line, "in")) != NULL) {
            data = vectors_unhex(hex);
        } else if ((hex = field_of(line, "key")) != NULL) {
            key = vectors_unhex(hex);
        } else if ((hex = field_of(line, "hash")) != NULL) {
            tally_case(&tally, hash_case(data, key, vectors_unhex(hex)), line);
            vectors_release();
        }
    }
    free(text);
    tally_end(&tally, 256);
}

int main(void)
{
    if (check_shared("vectors/blake2/blake2b-kat.json") == NULL ||
        check_shared("vectors/blake2/blake2b-kat.txt") == NULL) {
        return CHECK_SKIPPED;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_known_answers),
        cmocka_unit_test(text_known_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
