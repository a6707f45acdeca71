/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What every test needs: cmocka with the headers it wants, assertions on outcomes and bytes, hex,
 * repeatable noise, shared data files. Header only.
 */
#ifndef TOC_TEST_CHECK_H
#define TOC_TEST_CHECK_H

/* cmocka.h expects these to stand before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base.h"

/* ctest counts a program that ends with this as skipped. */
#define CHECK_SKIPPED 77

/* The outcome is a success. */
#define assert_ok(expr) check_code((expr), TOC_OK, #expr, __FILE__, __LINE__)
/* The outcome is exactly this code: `assert_code(call(), TOC_TRUNCATED)`. */
#define assert_code(expr, wanted) check_code((expr), (wanted), #expr, __FILE__, __LINE__)
/* A span holds exactly the bytes of another span. */
#define assert_span(got, wanted) check_span((got), (wanted), __FILE__, __LINE__)

static inline void check_code(struct toc_err err, enum toc_code wanted, const char *expr,
                              const char *file, int line)
{
    if (err.code != wanted) {
        print_error("%s: got %s (%s), wanted %s\n", expr, toc_code_name(err.code),
                    err.why == NULL ? "no reason" : err.why, toc_code_name(wanted));
        _fail(file, line);
    }
}

static inline void check_span(struct toc_span got, struct toc_span wanted, const char *file,
                              int line)
{
    if (got.len != wanted.len) {
        print_error("%zu bytes, wanted %zu\n", got.len, wanted.len);
        _fail(file, line);
    }
    for (size_t i = 0; i < got.len; i++) {
        if (got.at[i] != wanted.at[i]) {
            print_error("byte %zu of %zu is %02x, wanted %02x\n", i, got.len, got.at[i],
                        wanted.at[i]);
            _fail(file, line);
        }
    }
}

/* Value of a hex digit, or -1. */
static inline int check_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Bytes of a hex text, blanks between bytes allowed, into `out`; the number of bytes. Fails the
 * test when the text is not hex or needs more than `size`. */
static inline size_t check_unhex(const char *hex, uint8_t *out, size_t size)
{
    size_t len = 0;
    while (*hex != '\0') {
        if (*hex == ' ' || *hex == '\n') {
            hex++;
            continue;
        }
        int high = check_digit(hex[0]);
        int low = high < 0 ? -1 : check_digit(hex[1]);
        if (low < 0 || len == size) {
            fail_msg("not hex, or more than %zu bytes: %.20s", size, hex);
            return 0;
        }
        out[len++] = (uint8_t)(high << 4 | low);
        hex += 2;
    }
    return len;
}

/* Repeatable noise (splitmix64): the same seed gives the same run everywhere. */
static inline uint64_t check_random(uint64_t *seed)
{
    *seed += 0x9e3779b97f4a7c15u;
    uint64_t z = *seed;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static inline void check_random_fill(uint64_t *seed, void *at, size_t len)
{
    uint8_t *bytes = at;
    for (size_t i = 0; i < len; i++) {
        bytes[i] = (uint8_t)check_random(seed);
    }
}

/* Path of a file of the shared data, e.g. "vectors/noise/snow.txt"; NULL after saying so when it
 * is absent, and the caller then skips (in main: return CHECK_SKIPPED; in a test: skip()).
 * Lends: the path, until the next call. */
static inline const char *check_shared(const char *relative)
{
    static char path[4096];
    const char *root = getenv("TOCSIN_SHARED");
    const char *source = getenv("TOCSIN_SOURCE");
    if (root != NULL) {
        (void)snprintf(path, sizeof path, "%s/%s", root, relative);
    } else {
        (void)snprintf(path, sizeof path, "%s/../shared/%s", source == NULL ? "." : source,
                       relative);
    }
    if (access(path, R_OK) != 0) {
        (void)printf("skipped: shared data %s is not here (set TOCSIN_SHARED)\n", relative);
        return NULL;
    }
    return path;
}

/* A whole file with a terminating zero byte that `*len` does not count; NULL when unreadable.
 * Gives: free() it. */
static inline char *check_read(const char *path, size_t *len)
{
    *len = 0;
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return NULL;
    }
    char *text = NULL;
    long size = -1;
    if (fseek(file, 0, SEEK_END) == 0) {
        size = ftell(file);
    }
    if (size >= 0 && fseek(file, 0, SEEK_SET) == 0) {
        text = malloc((size_t)size + 1);
    }
    if (text != NULL) {
        *len = fread(text, 1, (size_t)size, file);
        text[*len] = '\0';
    }
    (void)fclose(file);
    return text;
}

#endif
