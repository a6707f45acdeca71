/* SPDX-License-Identifier: EUPL-1.2 */
#include "terms.h"
#include "bulletin.h"

#include <string.h>

#define MS_PER_SECOND UINT64_C(1000)
#define MS_PER_MINUTE (60 * MS_PER_SECOND)
#define MS_PER_HOUR (60 * MS_PER_MINUTE)
#define MS_PER_DAY (24 * MS_PER_HOUR)

/* Shortest prefix of an id: what a terminal shows at least. */
#define ID_CHARS_MIN 10u

static struct toc_err keep_text(struct toc_query_term *term, struct toc_span text,
                                struct toc_query_fault *fault)
{
    if (text.len > sizeof term->text) {
        struct toc_err err = toc_query_refuse(fault, "is too long", text);
        err.code = TOC_LIMIT;
        return err;
    }
    memcpy(term->text, text.at, text.len);
    term->len = (uint16_t)text.len;
    return toc_ok();
}

static struct toc_err keep_lower(struct toc_query_term *term, struct toc_span text,
                                 struct toc_query_fault *fault)
{
    TOC_TRY(keep_text(term, text, fault));
    for (size_t i = 0; i < term->len; i++) {
        uint8_t c = term->text[i];
        term->text[i] = (uint8_t)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
    }
    return toc_ok();
}

static struct toc_err read_id(struct toc_query_term *term, struct toc_span value,
                              struct toc_query_fault *fault)
{
    uint8_t id[TOC_ID_BYTES];
    size_t bits = 0;
    if (value.len < ID_CHARS_MIN || toc_failed(toc_id_parse(id, &bits, value))) {
        return toc_query_refuse(fault, "is no id: 10 to 52 characters of base32", value);
    }
    return keep_lower(term, value, fault);
}

static bool may_be(enum toc_query_field field, enum toc_value_kind kind)
{
    switch ((int)field) {
    case TOC_QUERY_IP:
        return kind == TOC_VALUE_IP || kind == TOC_VALUE_CIDR;
    case TOC_QUERY_HASH:
        return kind >= TOC_VALUE_MD5 && kind <= TOC_VALUE_TLSH;
    case TOC_QUERY_DOMAIN:
        return kind == TOC_VALUE_DOMAIN;
    case TOC_QUERY_URL:
        return kind == TOC_VALUE_URL;
    case TOC_QUERY_CVE:
        return kind == TOC_VALUE_CVE;
    default:
        return true;
    }
}

/* ioc:KIND:VALUE, as `publish --ioc` takes it: the kind, cut off; NONE where no kind is named. */
static enum toc_value_kind cut_kind(struct toc_span *text)
{
    const uint8_t *colon = text->len == 0 ? NULL : memchr(text->at, ':', text->len);
    size_t len = colon == NULL ? 0 : (size_t)(colon - text->at);
    enum toc_value_kind kind =
        len == 0 ? TOC_VALUE_NONE : toc_value_kind_find(toc_span(text->at, len));
    if (kind != TOC_VALUE_NONE && len + 1 < text->len) {
        *text = toc_span(text->at + len + 1, text->len - len - 1);
        return kind;
    }
    return TOC_VALUE_NONE;
}

/* Values of facts: the same canonical form that the facts have. */
static struct toc_err read_fact_value(struct toc_query_term *term, struct toc_span text,
                                      struct toc_query_fault *fault)
{
    static const struct {
        enum toc_query_field field;
        enum toc_value_kind kind;
        const char *why;
    } rows[] = {
        {TOC_QUERY_CVE, TOC_VALUE_CVE, "is no CVE id such as CVE-2026-1234"},
        {TOC_QUERY_IP, TOC_VALUE_IP, "is no address and no network"},
        {TOC_QUERY_DOMAIN, TOC_VALUE_DOMAIN, "is no domain"},
        {TOC_QUERY_URL, TOC_VALUE_URL, "is no URL with a path; ask with domain: or ip:"},
        {TOC_QUERY_HASH, TOC_VALUE_NONE, "is no hash"},
        {TOC_QUERY_IOC, TOC_VALUE_NONE, "is no value"},
    };
    struct toc_value value;
    enum toc_value_kind named = term->field == TOC_QUERY_IOC ? cut_kind(&text) : TOC_VALUE_NONE;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].field != term->field) {
            continue;
        }
        enum toc_value_kind kind = named == TOC_VALUE_NONE ? rows[i].kind : named;
        if (toc_failed(toc_value_make(&value, kind, text)) || !may_be(term->field, value.kind) ||
            (named != TOC_VALUE_NONE && value.other_kind)) {
            return toc_query_refuse(fault, rows[i].why, text);
        }
        term->kind = value.kind;
        term->below = value.wildcard;
        return keep_text(term, toc_span(value.bytes, value.len), fault);
    }
    return toc_query_refuse(fault, "is no value", text);
}

/* "30d", "12h", "15m", "2w", "1y". False when it is no duration. */
static bool read_duration(struct toc_span text, uint64_t *ms)
{
    static const struct {
        uint8_t unit;
        uint64_t ms;
    } units[] = {{'s', MS_PER_SECOND}, {'m', MS_PER_MINUTE},  {'h', MS_PER_HOUR},
                 {'d', MS_PER_DAY},    {'w', 7 * MS_PER_DAY}, {'y', 365 * MS_PER_DAY}};
    uint64_t number = 0;
    if (text.len < 2 || text.len > 7) {
        return false;
    }
    for (size_t i = 0; i + 1 < text.len; i++) {
        if (text.at[i] < '0' || text.at[i] > '9') {
            return false;
        }
        number = number * 10 + (uint64_t)(text.at[i] - '0');
    }
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (text.at[text.len - 1] == units[i].unit) {
            *ms = number * units[i].ms;
            return true;
        }
    }
    return false;
}

/* End of the month that "YYYY-MM" names: behind its last day that exists. */
static struct toc_utc month_end(const uint8_t month[static 7])
{
    struct toc_utc day = {0};
    struct toc_utc last = {0};
    uint8_t text[10];
    memcpy(text, month, 7);
    text[7] = '-';
    for (uint8_t number = 28; number <= 31; number++) {
        text[8] = (uint8_t)('0' + number / 10);
        text[9] = (uint8_t)('0' + number % 10);
        if (!toc_failed(toc_time_parse(toc_span(text, sizeof text), &day))) {
            last = day;
        }
    }
    return (struct toc_utc){last.ms + MS_PER_DAY};
}

/* A day, a month, a moment or a duration back from now: the interval it means. */
static struct toc_err read_time(struct toc_query_term *term, struct toc_span text,
                                struct toc_utc now, struct toc_query_fault *fault)
{
    static const char why[] = "is no time: 30d, 12h, today, 2026-01-31, 2026-01-31T12:00:00Z";
    uint64_t back = 0;
    uint8_t first[10] = "YYYY-MM-01";
    if (read_duration(text, &back)) {
        term->at.ms = now.ms > back ? now.ms - back : 0;
        term->before.ms = UINT64_MAX;
        return toc_ok();
    }
    if (text.len == 5 && memcmp(text.at, "today", 5) == 0) {
        term->at.ms = now.ms - now.ms % MS_PER_DAY;
        term->before.ms = term->at.ms + MS_PER_DAY;
        return toc_ok();
    }
    bool month = text.len == 7;
    if (month) {
        memcpy(first, text.at, 7);
    }
    if (toc_failed(toc_time_parse(month ? toc_span(first, sizeof first) : text, &term->at))) {
        return toc_query_refuse(fault, why, text);
    }
    if (month) {
        term->before = month_end(first);
    } else {
        term->before.ms = term->at.ms + (text.len > 10 ? MS_PER_SECOND : MS_PER_DAY);
    }
    return toc_ok();
}

static struct toc_err read_severity(struct toc_query_term *term, struct toc_span value,
                                    struct toc_query_fault *fault)
{
    enum toc_severity severity = TOC_SEVERITY_NONE;
    if (toc_failed(toc_severity_parse(value, &severity))) {
        return toc_query_refuse(fault, "is no severity: low, medium, high, critical", value);
    }
    term->rank = (uint8_t)severity;
    return toc_ok();
}

static struct toc_err read_tlp(struct toc_query_term *term, struct toc_span value,
                               struct toc_query_fault *fault)
{
    enum toc_marked marked = toc_marked_find(value);
    if (marked == TOC_MARKED_NONE) {
        return toc_query_refuse(fault, "is no TLP: clear, green, amber, amber+strict, red", value);
    }
    term->rank = (uint8_t)marked;
    return toc_ok();
}

static struct toc_err read_kind(struct toc_query_term *term, struct toc_span value,
                                struct toc_query_fault *fault)
{
    enum toc_bulletin_kind kind = TOC_BULLETIN_NOTE;
    if (toc_failed(toc_bulletin_kind_parse(value, &kind))) {
        return toc_query_refuse(fault, "is no kind of bulletin", value);
    }
    return keep_text(term, toc_span_str(toc_bulletin_kind_name(kind)), fault);
}

static struct toc_err read_target(struct toc_query_term *term, struct toc_span value,
                                  struct toc_query_fault *fault)
{
    const char *code = toc_country_find(value);
    if (code == NULL) {
        return toc_query_refuse(fault, "is no country: two letters of ISO 3166", value);
    }
    return keep_text(term, toc_span_str(code), fault);
}

struct toc_err toc_query_read_value(struct toc_query_term *term, struct toc_span value,
                                    struct toc_utc now, struct toc_query_fault *fault)
{
    switch (term->field) {
    case TOC_QUERY_ID:
        return read_id(term, value, fault);
    case TOC_QUERY_AUTHOR:
        return keep_lower(term, value, fault);
    case TOC_QUERY_KIND:
        return read_kind(term, value, fault);
    case TOC_QUERY_SEVERITY:
        return read_severity(term, value, fault);
    case TOC_QUERY_TLP:
        return read_tlp(term, value, fault);
    case TOC_QUERY_TARGET:
        return read_target(term, value, fault);
    case TOC_QUERY_CVE:
    case TOC_QUERY_IOC:
    case TOC_QUERY_IP:
    case TOC_QUERY_DOMAIN:
    case TOC_QUERY_HASH:
    case TOC_QUERY_URL:
        return read_fact_value(term, value, fault);
    case TOC_QUERY_SINCE:
    case TOC_QUERY_PUBLISHED:
        return read_time(term, value, now, fault);
    case TOC_QUERY_FIELD_COUNT:
        break;
    }
    return toc_query_refuse(fault, "is no value", value);
}
