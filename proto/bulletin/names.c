/* SPDX-License-Identifier: EUPL-1.2 */
#include "bulletin.h"

/* One spelling of one value; where a value has several, the first is the one that is printed. */
struct name {
    uint8_t value;
    const char *text;
};

static const struct name tlp_names[] = {
    {TOC_TLP_CLEAR, "clear"}, {TOC_TLP_GREEN, "green"},
    {TOC_TLP_AMBER, "amber"}, {TOC_TLP_AMBER_STRICT, "amber+strict"},
    {TOC_TLP_RED, "red"},     {TOC_TLP_CLEAR, "white"}, /* TLP 1.0 */
};
static const struct name pap_names[] = {
    {TOC_PAP_NONE, "none"},   {TOC_PAP_CLEAR, "clear"}, {TOC_PAP_GREEN, "green"},
    {TOC_PAP_AMBER, "amber"}, {TOC_PAP_RED, "red"},     {TOC_PAP_CLEAR, "white"},
};
static const struct name severity_names[] = {
    {TOC_SEVERITY_NONE, "none"},         {TOC_SEVERITY_LOW, "low"},
    {TOC_SEVERITY_MEDIUM, "medium"},     {TOC_SEVERITY_HIGH, "high"},
    {TOC_SEVERITY_CRITICAL, "critical"},
};
static const struct name kind_names[] = {
    {TOC_BULLETIN_ALERT, "alert"},
    {TOC_BULLETIN_VULNERABILITY, "vulnerability"},
    {TOC_BULLETIN_CAMPAIGN, "campaign"},
    {TOC_BULLETIN_INDICATORS, "indicators"},
    {TOC_BULLETIN_TAKEDOWN, "takedown"},
    {TOC_BULLETIN_ADVISORY, "advisory"},
    {TOC_BULLETIN_NOTE, "note"},
    {TOC_BULLETIN_REQUEST, "request"},
    {TOC_BULLETIN_VOCABULARY, "vocabulary"},
    {TOC_BULLETIN_FOLLOW_UP, "follow-up"},
};
static const struct name relation_names[] = {
    {TOC_RELATION_SUPERSEDES, "supersedes"},
    {TOC_RELATION_REVOKES, "revokes"},
    {TOC_RELATION_CORRECTS, "corrects"},
    {TOC_RELATION_SIGHTING_OF, "sighting-of"},
    {TOC_RELATION_FALSE_POSITIVE_OF, "false-positive-of"},
    {TOC_RELATION_ACKNOWLEDGES, "acknowledges"},
    {TOC_RELATION_ANSWERS, "answers"},
    {TOC_RELATION_TRANSLATES, "translates"},
    {TOC_RELATION_TAKEDOWN_STATUS_OF, "takedown-status-of"},
};

#define ROWS(table) (table), sizeof(table) / sizeof(table)[0]

static const char *name_of(const struct name *rows, size_t row_count, unsigned value)
{
    for (size_t i = 0; i < row_count; i++) {
        if (rows[i].value == value) {
            return rows[i].text;
        }
    }
    return "unknown";
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

/* `text` begins with `prefix` in any letter case. */
static bool begins(struct toc_span text, struct toc_span prefix)
{
    if (text.len < prefix.len) {
        return false;
    }
    for (size_t i = 0; i < prefix.len; i++) {
        if (lower(text.at[i]) != prefix.at[i]) {
            return false;
        }
    }
    return true;
}

static bool find(const struct name *rows, size_t row_count, struct toc_span text,
                 const char *prefix, unsigned *value)
{
    struct toc_span head = toc_span_str(prefix);
    if (head.len != 0 && begins(text, head)) {
        text = toc_span(text.at + head.len, text.len - head.len);
    }
    for (size_t i = 0; i < row_count; i++) {
        struct toc_span name = toc_span_str(rows[i].text);
        if (name.len == text.len && begins(text, name)) {
            *value = rows[i].value;
            return true;
        }
    }
    return false;
}

const char *toc_tlp_name(enum toc_tlp tlp)
{
    return name_of(ROWS(tlp_names), tlp);
}

struct toc_err toc_tlp_parse(struct toc_span text, enum toc_tlp *tlp)
{
    unsigned value;
    if (!find(ROWS(tlp_names), text, "tlp:", &value)) {
        return toc_fail(TOC_SYNTAX, "not a TLP: clear, green, amber, amber+strict or red");
    }
    *tlp = (enum toc_tlp)value;
    return toc_ok();
}

const char *toc_bulletin_kind_name(enum toc_bulletin_kind kind)
{
    return name_of(ROWS(kind_names), kind);
}

struct toc_err toc_bulletin_kind_parse(struct toc_span text, enum toc_bulletin_kind *kind)
{
    unsigned value;
    if (!find(ROWS(kind_names), text, "", &value)) {
        return toc_fail(TOC_SYNTAX,
                        "not a kind of bulletin: alert, vulnerability, campaign, indicators, "
                        "takedown, advisory, note, request, vocabulary or follow-up");
    }
    *kind = (enum toc_bulletin_kind)value;
    return toc_ok();
}

const char *toc_severity_name(enum toc_severity severity)
{
    return name_of(ROWS(severity_names), severity);
}

struct toc_err toc_severity_parse(struct toc_span text, enum toc_severity *severity)
{
    unsigned value;
    if (!find(ROWS(severity_names), text, "", &value)) {
        return toc_fail(TOC_SYNTAX, "not a severity: low, medium, high, critical or none");
    }
    *severity = (enum toc_severity)value;
    return toc_ok();
}

const char *toc_pap_name(enum toc_pap pap)
{
    return name_of(ROWS(pap_names), pap);
}

struct toc_err toc_pap_parse(struct toc_span text, enum toc_pap *pap)
{
    unsigned value;
    if (!find(ROWS(pap_names), text, "pap:", &value)) {
        return toc_fail(TOC_SYNTAX, "not a PAP: clear, green, amber, red or none");
    }
    *pap = (enum toc_pap)value;
    return toc_ok();
}

const char *toc_relation_name(enum toc_relation_kind kind)
{
    return name_of(ROWS(relation_names), kind);
}

struct toc_err toc_relation_parse(struct toc_span text, enum toc_relation_kind *kind)
{
    unsigned value;
    if (!find(ROWS(relation_names), text, "", &value)) {
        return toc_fail(TOC_SYNTAX, "not a relation: supersedes, revokes, corrects, sighting-of, "
                                    "false-positive-of, acknowledges, answers, translates or "
                                    "takedown-status-of");
    }
    *kind = (enum toc_relation_kind)value;
    return toc_ok();
}
