/* SPDX-License-Identifier: EUPL-1.2 */
#include "lex.h"

#include <string.h>

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex(uint8_t c)
{
    return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

static bool is_name_start(uint8_t c)
{
    return ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_';
}

static bool is_base64(uint8_t c)
{
    return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '+' || c == '/';
}

/* Bytes of a blank of the grammar's WS rule at `at`, 0 when there is none. */
static size_t blank_bytes(const uint8_t *at, size_t len)
{
    if (at[0] == ' ' || (at[0] >= '\t' && at[0] <= '\r')) {
        return 1;
    }
    if (len >= 2 && at[0] == 0xc2 && (at[1] == 0x85 || at[1] == 0xa0)) {
        return 2;
    }
    if (len < 3) {
        return 0;
    }
    bool blank =
        memcmp(at, "\xe1\x9a\x80", 3) == 0 || memcmp(at, "\xe2\x81\x9f", 3) == 0 ||
        memcmp(at, "\xe3\x80\x80", 3) == 0 ||
        (at[0] == 0xe2 && at[1] == 0x80 &&
         ((at[2] >= 0x80 && at[2] <= 0x8a) || at[2] == 0xa8 || at[2] == 0xa9 || at[2] == 0xaf));
    return blank ? 3 : 0;
}

/* Bytes of a comment at `at`: up to the end of line, or its closing mark; 0 when there is none. */
static size_t comment_bytes(const uint8_t *at, size_t len)
{
    if (len < 2 || at[0] != '/' || (at[1] != '/' && at[1] != '*')) {
        return 0;
    }
    if (at[1] == '/') {
        size_t end = 2;
        while (end < len && at[end] != '\r' && at[end] != '\n') {
            end++;
        }
        return end;
    }
    for (size_t end = 4; end <= len; end++) {
        if (at[end - 2] == '*' && at[end - 1] == '/') {
            return end;
        }
    }
    return 0;
}

static size_t skip_blanks(struct toc_span text, size_t at)
{
    while (at < text.len) {
        size_t bytes = blank_bytes(text.at + at, text.len - at);
        bytes = bytes > 0 ? bytes : comment_bytes(text.at + at, text.len - at);
        if (bytes == 0) {
            break;
        }
        at += bytes;
    }
    return at;
}

/* End of the quoted text whose opening quote stands at `at`; 0 when it does not end. A backslash
 * must escape a quote or itself. */
static size_t string_end(struct toc_span text, size_t at)
{
    for (size_t i = at + 1; i < text.len; i++) {
        if (text.at[i] == '\'') {
            return i + 1;
        }
        if (text.at[i] == '\\') {
            i++;
            if (i == text.len || (text.at[i] != '\'' && text.at[i] != '\\')) {
                return 0;
            }
        }
    }
    return 0;
}

static bool is_hex_literal(const uint8_t *at, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (!is_hex(at[i])) {
            return false;
        }
    }
    return len % 2 == 0;
}

/* Groups of four, padding in the last one only, at least one group. */
static bool is_binary_literal(const uint8_t *at, size_t len)
{
    size_t plain = len;
    if (len == 0 || len % 4 != 0) {
        return false;
    }
    while (plain > len - 2 && at[plain - 1] == '=') {
        plain--;
    }
    for (size_t i = 0; i < plain; i++) {
        if (!is_base64(at[i])) {
            return false;
        }
    }
    return true;
}

static int two_digits(const uint8_t *at)
{
    return (at[0] - '0') * 10 + (at[1] - '0');
}

/* "2026-01-31T23:59:60.123Z": the ranges of the grammar, which knows no lengths of months. */
static bool is_time_literal(const uint8_t *at, size_t len)
{
    static const char shape[] = "dddd-dd-ddTdd:dd:dd";
    size_t fixed = sizeof shape - 1;
    if (len < fixed + 1 || at[len - 1] != 'Z') {
        return false;
    }
    for (size_t i = 0; i < fixed; i++) {
        if (shape[i] == 'd' ? !is_digit(at[i]) : at[i] != (uint8_t)shape[i]) {
            return false;
        }
    }
    int month = two_digits(at + 5);
    int day = two_digits(at + 8);
    if (month < 1 || month > 12 || day < 1 || day > 31 || two_digits(at + 11) > 23 ||
        two_digits(at + 14) > 59 || two_digits(at + 17) > 60) {
        return false;
    }
    if (len == fixed + 1) {
        return true;
    }
    for (size_t i = fixed + 1; i < len - 1; i++) {
        if (!is_digit(at[i])) {
            return false;
        }
    }
    return at[fixed] == '.' && len > fixed + 2;
}

/* h'..', b'..' or t'..' whose letter stands at `at`. */
static struct toc_pattern_token lex_marked(struct toc_span text, size_t at)
{
    struct toc_pattern_token token = {TOC_TOKEN_BAD, at, at + 1};
    size_t end = at + 2;
    while (end < text.len && text.at[end] != '\'') {
        end++;
    }
    if (end >= text.len) {
        return token;
    }
    const uint8_t *inner = text.at + at + 2;
    size_t len = end - at - 2;
    token.end = end + 1;
    if (text.at[at] == 'h' && is_hex_literal(inner, len)) {
        token.kind = TOC_TOKEN_HEX;
    } else if (text.at[at] == 'b' && is_binary_literal(inner, len)) {
        token.kind = TOC_TOKEN_BINARY;
    } else if (text.at[at] == 't' && is_time_literal(inner, len)) {
        token.kind = TOC_TOKEN_TIME;
    }
    return token;
}

static enum toc_pattern_token_kind keyword(const uint8_t *at, size_t len)
{
    static const struct {
        const char *word;
        enum toc_pattern_token_kind kind;
    } words[] = {
        {"AND", TOC_TOKEN_AND},
        {"OR", TOC_TOKEN_OR},
        {"NOT", TOC_TOKEN_NOT},
        {"FOLLOWEDBY", TOC_TOKEN_FOLLOWEDBY},
        {"LIKE", TOC_TOKEN_LIKE},
        {"MATCHES", TOC_TOKEN_MATCHES},
        {"ISSUPERSET", TOC_TOKEN_ISSUPERSET},
        {"ISSUBSET", TOC_TOKEN_ISSUBSET},
        {"EXISTS", TOC_TOKEN_EXISTS},
        {"LAST", TOC_TOKEN_LAST},
        {"IN", TOC_TOKEN_IN},
        {"START", TOC_TOKEN_START},
        {"STOP", TOC_TOKEN_STOP},
        {"SECONDS", TOC_TOKEN_SECONDS},
        {"true", TOC_TOKEN_TRUE},
        {"false", TOC_TOKEN_FALSE},
        {"WITHIN", TOC_TOKEN_WITHIN},
        {"REPEATS", TOC_TOKEN_REPEATS},
        {"TIMES", TOC_TOKEN_TIMES},
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strlen(words[i].word) == len && memcmp(words[i].word, at, len) == 0) {
            return words[i].kind;
        }
    }
    return TOC_TOKEN_NAME;
}

static struct toc_pattern_token lex_name(struct toc_span text, size_t at)
{
    bool hyphen = false;
    size_t end = at;
    while (end < text.len &&
           (is_name_start(text.at[end]) || is_digit(text.at[end]) || text.at[end] == '-')) {
        hyphen = hyphen || text.at[end] == '-';
        end++;
    }
    enum toc_pattern_token_kind kind =
        hyphen ? TOC_TOKEN_NAME_HYPHEN : keyword(text.at + at, end - at);
    return (struct toc_pattern_token){kind, at, end};
}

/* [+-]digits or [+-]digits.digits; an integer has no leading zero. */
static struct toc_pattern_token lex_number(struct toc_span text, size_t at)
{
    bool negative = text.at[at] == '-';
    size_t start = text.at[at] == '-' || text.at[at] == '+' ? at + 1 : at;
    size_t end = start;
    while (end < text.len && is_digit(text.at[end])) {
        end++;
    }
    if (end + 1 < text.len && text.at[end] == '.' && is_digit(text.at[end + 1])) {
        end++;
        while (end < text.len && is_digit(text.at[end])) {
            end++;
        }
        return (struct toc_pattern_token){negative ? TOC_TOKEN_FLOAT_NEG : TOC_TOKEN_FLOAT_POS, at,
                                          end};
    }
    if (end == start || (end - start > 1 && text.at[start] == '0')) {
        return (struct toc_pattern_token){TOC_TOKEN_BAD, at, at + 1};
    }
    return (struct toc_pattern_token){negative ? TOC_TOKEN_INT_NEG : TOC_TOKEN_INT_POS, at, end};
}

static struct toc_pattern_token lex_symbol(struct toc_span text, size_t at)
{
    static const struct {
        const char *text;
        enum toc_pattern_token_kind kind;
    } symbols[] = {
        {"==", TOC_TOKEN_EQ},           {"=", TOC_TOKEN_EQ},     {"!=", TOC_TOKEN_NEQ},
        {"<>", TOC_TOKEN_NEQ},          {"<=", TOC_TOKEN_ORDER}, {">=", TOC_TOKEN_ORDER},
        {"<", TOC_TOKEN_ORDER},         {">", TOC_TOKEN_ORDER},  {":", TOC_TOKEN_COLON},
        {".", TOC_TOKEN_DOT},           {",", TOC_TOKEN_COMMA},  {"(", TOC_TOKEN_OPEN},
        {")", TOC_TOKEN_CLOSE},         {"*", TOC_TOKEN_STAR},   {"[", TOC_TOKEN_OPEN_BRACKET},
        {"]", TOC_TOKEN_CLOSE_BRACKET},
    };
    for (size_t i = 0; i < sizeof symbols / sizeof symbols[0]; i++) {
        size_t len = strlen(symbols[i].text);
        if (len <= text.len - at && memcmp(symbols[i].text, text.at + at, len) == 0) {
            return (struct toc_pattern_token){symbols[i].kind, at, at + len};
        }
    }
    return (struct toc_pattern_token){TOC_TOKEN_BAD, at, at + 1};
}

struct toc_pattern_token toc_pattern_lex(struct toc_span text, size_t at)
{
    at = skip_blanks(text, at);
    if (at >= text.len) {
        return (struct toc_pattern_token){TOC_TOKEN_END, text.len, text.len};
    }
    uint8_t c = text.at[at];
    uint8_t next = at + 1 < text.len ? text.at[at + 1] : 0;
    if (c == '\'') {
        size_t end = string_end(text, at);
        return (struct toc_pattern_token){end > 0 ? TOC_TOKEN_STRING : TOC_TOKEN_BAD, at,
                                          end > 0 ? end : at + 1};
    }
    if ((c == 'h' || c == 'b' || c == 't') && next == '\'') {
        return lex_marked(text, at);
    }
    if (is_name_start(c)) {
        return lex_name(text, at);
    }
    if (is_digit(c) || c == '+' || c == '-' || (c == '.' && is_digit(next))) {
        return lex_number(text, at);
    }
    return lex_symbol(text, at);
}
