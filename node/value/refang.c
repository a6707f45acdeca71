/* SPDX-License-Identifier: EUPL-1.2 */
#include "parts.h"

#include <string.h>

/* Bytes of a UTF-8 blank at `at`: no-break space, zero-width marks, byte order mark; else 0. */
static size_t blank_bytes(const uint8_t *at, size_t len)
{
    static const char *const blanks[] = {"\xc2\xa0",     "\xe2\x80\x8b", "\xe2\x80\x8c",
                                         "\xe2\x80\x8d", "\xe2\x80\x8e", "\xe2\x80\x8f",
                                         "\xe2\x80\xaf", "\xef\xbb\xbf", "\xe3\x80\x80"};
    if (len > 0 && (at[0] == ' ' || (at[0] >= '\t' && at[0] <= '\r'))) {
        return 1;
    }
    for (size_t i = 0; len > 1 && at[0] >= 0xc2 && i < sizeof blanks / sizeof blanks[0]; i++) {
        size_t bytes = strlen(blanks[i]);
        if (bytes <= len && memcmp(at, blanks[i], bytes) == 0) {
            return bytes;
        }
    }
    return 0;
}

struct toc_span toc_value_trim(struct toc_span text)
{
    for (size_t bytes; (bytes = blank_bytes(text.at, text.len)) > 0;) {
        text.at += bytes;
        text.len -= bytes;
    }
    bool cut = true;
    while (cut && text.len > 0) {
        const uint8_t *end = text.at + text.len;
        cut = blank_bytes(end - 1, 1) == 1;
        size_t wide = cut ? 1 : 2;
        for (; !cut && end[-1] >= 0x80 && wide <= 3 && wide <= text.len; wide++) {
            cut = blank_bytes(end - wide, wide) == wide;
            if (cut) {
                break;
            }
        }
        text.len -= cut ? wide : 0;
    }
    return text;
}

bool toc_value_starts(struct toc_span text, const char *word)
{
    size_t len = strlen(word);
    if (text.len < len) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if (toc_value_lower(text.at[i]) != toc_value_lower((uint8_t)word[i])) {
            return false;
        }
    }
    return true;
}

bool toc_value_is_word(struct toc_span text, const char *word)
{
    return text.len == strlen(word) && toc_value_starts(text, word);
}

/* What stands in brackets and what it stands for. Longer ones first. */
static const struct {
    const char *inner;
    const char *plain;
    bool joins; /* blanks around it go too: "evil [dot] com" */
} rows[] = {
    {"https://", "https://", false},
    {"http://", "http://", false},
    {"://", "://", false},
    {"dot", ".", true},
    {"at", "@", true},
    {"//", "//", false},
    {".", ".", true},
    {":", ":", false},
    {"@", "@", true},
    {"/", "/", false},
};

static bool is_opener(uint8_t c)
{
    return c == '[' || c == '(' || c == '{';
}

static bool is_closer(uint8_t c)
{
    return c == ']' || c == ')' || c == '}';
}

/* Bytes of a bracketed form at the start of `text` ("[ . ]", "(dot)"); 0 when there is none. */
static size_t match_bracket(struct toc_span text, size_t *row)
{
    if (text.len < 3 || !is_opener(text.at[0])) {
        return 0;
    }
    size_t inner = 1;
    while (inner < text.len && text.at[inner] == ' ') {
        inner++;
    }
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct toc_span rest = toc_span(text.at + inner, text.len - inner);
        if (!toc_value_starts(rest, rows[i].inner)) {
            continue;
        }
        size_t end = inner + strlen(rows[i].inner);
        while (end < text.len && text.at[end] == ' ') {
            end++;
        }
        if (end < text.len && is_closer(text.at[end])) {
            *row = i;
            return end + 1;
        }
    }
    return 0;
}

/* "hxxp", "hXXps", "h**p", "h__p", "htxp", "fxp" before ":" or a bracket at the start of `text`:
 * the plain scheme, and the bytes it replaces. */
static const char *match_scheme(struct toc_span text, size_t *bytes)
{
    static const char middle[] = "xt*_";
    const char *plain = NULL;
    size_t len = 0;
    if (toc_value_starts(text, "fxp")) {
        plain = "ftp";
        len = 3;
    } else if (text.len > 4 && (text.at[0] | 0x20) == 'h' && (text.at[3] | 0x20) == 'p' &&
               memchr(middle, toc_value_lower(text.at[1]), 4) != NULL &&
               memchr(middle, toc_value_lower(text.at[2]), 4) != NULL) {
        plain = "http";
        len = 4;
        if ((text.at[4] | 0x20) == 's') {
            plain = "https";
            len = 5;
        } else if (text.len > 6 && is_opener(text.at[4]) && (text.at[5] | 0x20) == 's' &&
                   is_closer(text.at[6])) {
            plain = "https";
            len = 7;
        }
    }
    if (plain == NULL || len >= text.len || (text.at[len] != ':' && !is_opener(text.at[len]))) {
        return NULL;
    }
    *bytes = len;
    return plain;
}

size_t toc_refang(struct toc_span text, uint8_t *out, bool *changed)
{
    text = toc_value_trim(text);
    size_t at = 0;
    size_t put = 0;
    bool undone = false;
    const char *scheme = match_scheme(text, &at);
    if (scheme != NULL) {
        undone = !toc_value_starts(text, scheme);
        put = strlen(scheme);
        memmove(out, scheme, put);
    }
    while (at < text.len) {
        size_t row = 0;
        struct toc_span rest = toc_span(text.at + at, text.len - at);
        size_t bytes = match_bracket(rest, &row);
        if (bytes > 0) {
            while (rows[row].joins && put > 0 && out[put - 1] == ' ') {
                put--;
            }
            memcpy(out + put, rows[row].plain, strlen(rows[row].plain));
            put += strlen(rows[row].plain);
            at += bytes;
            while (rows[row].joins && at < text.len && text.at[at] == ' ') {
                at++;
            }
            undone = true;
        } else if (rest.len > 1 && rest.at[0] == '[' && rest.at[1] == '.') {
            at++; /* "evil[.com": the bracket was never closed */
            undone = true;
        } else if (rest.len > 1 && rest.at[0] == '.' && rest.at[1] == ']') {
            out[put++] = '.';
            at += 2;
            undone = true;
        } else {
            out[put++] = text.at[at++];
        }
    }
    if (changed != NULL) {
        *changed = undone;
    }
    return put;
}
