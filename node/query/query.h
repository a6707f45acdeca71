/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * query: the language of `query`, `watch` and `export`: terms joined by AND, a leading `-` negates.
 * A pure parser from text to a bounded list of terms; who evaluates it lives elsewhere.
 *
 *   cve:CVE-2026-1234 severity>=high since:30d -tlp:clear domain:example.com
 */
#ifndef TOC_QUERY_H
#define TOC_QUERY_H

#include "fact.h"

/* Longest query, bytes. Reason: a line that a person types or a cron job composes. */
#define TOC_QUERY_BYTES_MAX 4096u
/* Terms of one query. */
#define TOC_QUERY_TERMS_MAX 64u
/* Longest value of one term, bytes. */
#define TOC_QUERY_VALUE_BYTES_MAX 1024u

/* Name, text. */
#define TOC_QUERY_FIELDS(X)                                                                        \
    X(ID, "id")                                                                                    \
    X(AUTHOR, "author")                                                                            \
    X(KIND, "kind")                                                                                \
    X(SEVERITY, "severity")                                                                        \
    X(TLP, "tlp")                                                                                  \
    X(CVE, "cve")                                                                                  \
    X(TARGET, "target")                                                                            \
    X(IOC, "ioc")                                                                                  \
    X(IP, "ip")                                                                                    \
    X(DOMAIN, "domain")                                                                            \
    X(HASH, "hash")                                                                                \
    X(URL, "url")                                                                                  \
    X(SINCE, "since")                                                                              \
    X(PUBLISHED, "published")

enum toc_query_field {
#define TOC_QUERY_FIELD_ENUM(name, text) TOC_QUERY_##name,
    TOC_QUERY_FIELDS(TOC_QUERY_FIELD_ENUM)
#undef TOC_QUERY_FIELD_ENUM
        TOC_QUERY_FIELD_COUNT
};

enum toc_query_op {
    TOC_QUERY_IS, /* field:value, field=value */
    TOC_QUERY_LESS,
    TOC_QUERY_AT_MOST,
    TOC_QUERY_MORE,
    TOC_QUERY_AT_LEAST,
};

/* One term. Which members count depends on the field; the others are zero. */
struct toc_query_term {
    enum toc_query_field field;
    enum toc_query_op op; /* other than IS only for severity, tlp and published */
    bool negated;
    bool below; /* domain: typed as *.example.com, the names below it and not itself */
    /* cve, ioc, ip, domain, hash, url: the kind of `text`. A domain means itself and everything
     * below it; an address or network means every one inside it or around it. */
    enum toc_value_kind kind;
    uint8_t rank;          /* severity: 1 low to 4 critical; tlp: enum toc_marked */
    struct toc_utc at;     /* since: received at or after. published: [at, before) */
    struct toc_utc before; /* published: end of the day, month or second; "30d": no end */
    uint16_t len;
    /* id: typed prefix in base32, lower case. author: handle, lower case. kind: bulletin kind,
     * lower case. target: two upper-case letters. cve ... url: canonical value of value.h. */
    uint8_t text[TOC_QUERY_VALUE_BYTES_MAX];
};

struct toc_query {
    uint32_t count;
    struct toc_query_term terms[TOC_QUERY_TERMS_MAX];
};

/* Where and why a query was refused, for one line to a person. */
struct toc_query_fault {
    uint32_t column; /* from 1, bytes */
    char detail[160];
};

/* Text of a field. Gives static storage. */
const char *toc_query_field_name(enum toc_query_field field);

/* Reads `text` into *query. `now` resolves durations ("30d", "12h", "15m", "2w") and "today";
 * dates and times are UTC. An empty text is a query with no term: everything.
 * Fails: USAGE (unknown field, bad value, free words, OR, parentheses: *fault says which), LIMIT;
 * *query has no terms then. */
TOC_MUST_USE struct toc_err toc_query_parse(struct toc_query *query, struct toc_span text,
                                            struct toc_utc now, struct toc_query_fault *fault);

#endif
