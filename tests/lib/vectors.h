/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Reading published figures: JSON files of the shared data and of the project, hex fields as bytes
 * of exactly their size (so that AddressSanitizer sees a read past them), and the tally that a run
 * prints. Header only.
 */
#ifndef TOC_TEST_VECTORS_H
#define TOC_TEST_VECTORS_H

#include "check.h"

#include <jansson.h>

/* The file, or an end of the program: skipped when the shared data lack it, failed when broken.
 * Gives: json_decref it. */
static inline json_t *vectors_load(const char *path)
{
    if (path == NULL) {
        exit(CHECK_SKIPPED);
    }
    json_error_t error;
    json_t *root = json_load_file(path, 0, &error);
    if (root == NULL) {
        (void)fprintf(stderr, "%s:%d: %s\n", path, error.line, error.text);
        exit(1);
    }
    return root;
}

/* A file of the project itself. */
static inline json_t *vectors_load_own(const char *relative)
{
    char path[4096];
    const char *source = getenv("TOCSIN_SOURCE");
    (void)snprintf(path, sizeof path, "%s/%s", source == NULL ? "." : source, relative);
    return vectors_load(path);
}

/* Bytes that vectors_release frees. */
static inline struct toc_span vectors_keep(void *bytes, size_t len, bool release)
{
    static void **kept;
    static size_t kept_count;
    static size_t kept_room;
    if (release) {
        for (size_t i = 0; i < kept_count; i++) {
            free(kept[i]);
        }
        free(kept);
        kept = NULL;
        kept_count = kept_room = 0;
        return toc_span(NULL, 0);
    }
    if (kept_count == kept_room) {
        kept_room = kept_room == 0 ? 64 : 2 * kept_room;
        kept = realloc(kept, kept_room * sizeof *kept);
        assert_non_null(kept);
    }
    kept[kept_count++] = bytes;
    return toc_span(bytes, len);
}

static inline void vectors_release(void)
{
    (void)vectors_keep(NULL, 0, true);
}

/* `len` writable bytes until vectors_release. */
static inline uint8_t *vectors_room(size_t len)
{
    uint8_t *bytes = malloc(len == 0 ? 1 : len);
    assert_non_null(bytes);
    (void)vectors_keep(bytes, len, false);
    return bytes;
}

/* Bytes of a hex text. */
static inline struct toc_span vectors_unhex(const char *hex)
{
    size_t len = strlen(hex) / 2;
    uint8_t *bytes = vectors_room(len);
    assert_int_equal(check_unhex(hex, bytes, len), len);
    return toc_span(bytes, len);
}

/* A field that must be there. */
static inline const char *vectors_text(const json_t *object, const char *field)
{
    const char *text = json_string_value(json_object_get(object, field));
    if (text == NULL) {
        fail_msg("a vector lacks the field %s", field);
    }
    return text;
}

static inline struct toc_span vectors_hex(const json_t *object, const char *field)
{
    return vectors_unhex(vectors_text(object, field));
}

/* A hex field of exactly this many bytes. */
static inline const uint8_t *vectors_bytes(const json_t *object, const char *field, size_t len)
{
    struct toc_span span = vectors_hex(object, field);
    if (span.len != len) {
        fail_msg("the field %s has %zu bytes instead of %zu", field, span.len, len);
    }
    return span.at;
}

static inline size_t vectors_number(const json_t *object, const char *field)
{
    const json_t *number = json_object_get(object, field);
    assert_true(json_is_integer(number) && json_integer_value(number) >= 0);
    return (size_t)json_integer_value(number);
}

/* How many cases ran, and how many of them went as published. */
struct tally {
    const char *file;
    size_t cases;
    size_t good;
};

static inline void tally_case(struct tally *tally, bool good, const char *id)
{
    tally->cases++;
    if (good) {
        tally->good++;
    } else {
        print_error("%s: case %s goes otherwise than published\n", tally->file, id);
    }
}

/* Fails the test unless exactly `expected` cases ran and all went as published. */
static inline void tally_end(const struct tally *tally, size_t expected)
{
    print_message("%s: %zu of %zu as published\n", tally->file, tally->good, tally->cases);
    assert_int_equal(tally->cases, expected);
    assert_int_equal(tally->good, tally->cases);
}

#endif
