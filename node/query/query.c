/* SPDX-License-Identifier: EUPL-1.2 */
#include "terms.h"

#include <stdio.h>
#include <string.h>

static const char *const names[TOC_QUERY_FIELD_COUNT] = {
#define FIELD_ROW(name, text) text,
    TOC_QUERY_FIELDS(FIELD_ROW)
#undef FIELD_ROW
};

/* A term as typed. */
struct typed {
    struct toc_span field;
    struct toc_span value;
    enum toc_query_op op;
    bool negated;
};

const char *toc_query_field_name(enum toc_query_field field)
{
    TOC_ASSERT((unsigned)field < TOC_QUERY_FIELD_COUNT);
    return names[field];
}

/* What a person typed goes to a terminal: no control bytes, not too long. */
static void quote(char *out, size_t room, struct toc_span text)
{
    size_t len = text.len < room - 1 ? text.len : room - 1;
    for (size_t i = 0; i < len; i++) {
        out[i] = (char)(text.at[i] < ' ' || text.at[i] == 0x7f ? '?' : text.at[i]);
    }
    while (len > 0 && len < text.len && (text.at[len] & 0xc0) == 0x80) {
        len--;
    }
    out[len] = '\0';
}

struct toc_err toc_query_refuse(struct toc_query_fault *fault, const char *why,
                                struct toc_span about)
{
    char text[40];
    quote(text, sizeof text, about);
    (void)snprintf(fault->detail, sizeof fault->detail, "\"%s\" %s", text, why);
    return toc_fail(TOC_USAGE, "the query cannot be understood");
}

static struct toc_err refuse_field(struct toc_query_fault *fault, struct toc_span field)
{
    char text[24];
    quote(text, sizeof text, field);
    int len = snprintf(fault->detail, sizeof fault->detail, "\"%s\" is no field; there are", text);
    for (size_t i = 0; i < TOC_QUERY_FIELD_COUNT && len > 0; i++) {
        size_t left = sizeof fault->detail - (size_t)len;
        int put = snprintf(fault->detail + len, left, "%s %s", i == 0 ? "" : ",", names[i]);
        len += put > 0 && (size_t)put < left ? put : 0;
    }
    return toc_fail(TOC_USAGE, "the query cannot be understood");
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_same(struct toc_span text, const char *word)
{
    return text.len == strlen(word) && memcmp(text.at, word, text.len) == 0;
}

static bool is_field(struct toc_span text)
{
    for (size_t i = 0; i < TOC_QUERY_FIELD_COUNT; i++) {
        if (is_same(text, names[i])) {
            return true;
        }
    }
    return false;
}

/* Splits "field", operator, value; the value may stand in double quotes. */
static struct toc_err split(struct toc_span *text, struct typed *typed,
                            struct toc_query_fault *fault)
{
    size_t at = 0;
    const uint8_t *bytes = text->at;
    while (at < text->len && !is_blank(bytes[at]) && memchr(":=<>\"", bytes[at], 5) == NULL) {
        at++;
    }
    typed->field = toc_span(bytes, at);
    if (at == text->len || is_blank(bytes[at]) || bytes[at] == '"') {
        while (at < text->len && !is_blank(bytes[at])) {
            at++;
        }
        struct toc_span alone = toc_span(bytes, at);
        return toc_query_refuse(fault,
                                is_field(alone) ? "stands alone: write field:value, and quote "
                                                  "terms with > or < for the shell"
                                                : "stands alone; terms are field:value, joined "
                                                  "by AND",
                                alone);
    }
    bool angle = bytes[at] == '<' || bytes[at] == '>';
    bool equal = angle && at + 1 < text->len && bytes[at + 1] == '=';
    if (angle) {
        typed->op = bytes[at] == '<' ? (equal ? TOC_QUERY_AT_MOST : TOC_QUERY_LESS)
                                     : (equal ? TOC_QUERY_AT_LEAST : TOC_QUERY_MORE);
    } else {
        typed->op = TOC_QUERY_IS;
    }
    at += equal ? 2 : 1;
    size_t start = at;
    if (at < text->len && bytes[at] == '"') {
        const uint8_t *end = memchr(bytes + at + 1, '"', text->len - at - 1);
        if (end == NULL) {
            return toc_query_refuse(fault, "has a quote that is not closed", typed->field);
        }
        typed->value = toc_span(bytes + at + 1, (size_t)(end - bytes) - at - 1);
        at = (size_t)(end - bytes) + 1;
    } else {
        while (at < text->len && !is_blank(bytes[at])) {
            at++;
        }
        typed->value = toc_span(bytes + start, at - start);
    }
    *text = toc_span(bytes + at, text->len - at);
    return toc_ok();
}

static struct toc_err find_field(struct toc_span name, enum toc_query_field *field,
                                 struct toc_query_fault *fault)
{
    for (size_t i = 0; i < TOC_QUERY_FIELD_COUNT; i++) {
        if (is_same(name, names[i])) {
            *field = (enum toc_query_field)i;
            return toc_ok();
        }
    }
    return refuse_field(fault, name);
}

static struct toc_err parse_term(struct toc_query_term *term, const struct typed *typed,
                                 struct toc_utc now, struct toc_query_fault *fault)
{
    memset(term, 0, sizeof *term);
    term->op = typed->op;
    term->negated = typed->negated;
    TOC_TRY(find_field(typed->field, &term->field, fault));
    if (typed->value.len == 0) {
        return toc_query_refuse(fault, "has no value", typed->field);
    }
    bool ordered = term->field == TOC_QUERY_SEVERITY || term->field == TOC_QUERY_TLP ||
                   term->field == TOC_QUERY_PUBLISHED;
    if (typed->op != TOC_QUERY_IS && !ordered) {
        return toc_query_refuse(fault, "has no order: write it with a colon", typed->field);
    }
    return toc_query_read_value(term, typed->value, now, fault);
}

/* The next term of *text, if there is one. */
static struct toc_err next_term(struct toc_query *query, struct toc_span *text, struct toc_utc now,
                                struct toc_query_fault *fault)
{
    struct typed typed = {.negated = false};
    if (text->len >= 3 && memcmp(text->at, "AND", 3) == 0 &&
        (text->len == 3 || is_blank(text->at[3]))) {
        *text = toc_span(text->at + 3, text->len - 3);
        return toc_ok();
    }
    if (text->at[0] == '-') {
        typed.negated = true;
        *text = toc_span(text->at + 1, text->len - 1);
    }
    TOC_TRY(split(text, &typed, fault));
    if (query->count == TOC_QUERY_TERMS_MAX) {
        (void)snprintf(fault->detail, sizeof fault->detail, "more than %u terms",
                       TOC_QUERY_TERMS_MAX);
        return toc_fail(TOC_LIMIT, "the query has too many terms");
    }
    TOC_TRY(parse_term(&query->terms[query->count], &typed, now, fault));
    query->count++;
    return toc_ok();
}

struct toc_err toc_query_parse(struct toc_query *query, struct toc_span text, struct toc_utc now,
                               struct toc_query_fault *fault)
{
    struct toc_span rest = text;
    query->count = 0;
    fault->column = 1;
    fault->detail[0] = '\0';
    if (text.len > TOC_QUERY_BYTES_MAX) {
        (void)snprintf(fault->detail, sizeof fault->detail, "longer than %u bytes",
                       TOC_QUERY_BYTES_MAX);
        return toc_fail(TOC_LIMIT, "the query is too long");
    }
    while (true) {
        while (rest.len > 0 && is_blank(rest.at[0])) {
            rest = toc_span(rest.at + 1, rest.len - 1);
        }
        if (rest.len == 0) {
            return toc_ok();
        }
        fault->column = (uint32_t)(rest.at - text.at) + 1;
        struct toc_err err = next_term(query, &rest, now, fault);
        if (toc_failed(err)) {
            query->count = 0;
            return err;
        }
    }
}
