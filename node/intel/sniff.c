/* SPDX-License-Identifier: EUPL-1.2 */
#include "sniff.h"
#include "text.h"

#include <string.h>

/* Bytes that are looked at. */
#define SNIFF_BYTES_MAX ((size_t)64 * 1024)
/* Bytes of the head in which the marks of rules and markup are looked for. */
#define HEAD_BYTES ((size_t)8 * 1024)
/* Lines that must agree for a table without a header. */
#define TABLE_LINES 4u

bool toc_sniff_contains(struct toc_span bytes, const char *word, size_t max)
{
    size_t len = bytes.len < max ? bytes.len : max;
    return len > 0 && memmem(bytes.at, len, word, strlen(word)) != NULL;
}

bool toc_sniff_is_json(enum toc_intel_format format)
{
    return format == TOC_FORMAT_STIX20 || format == TOC_FORMAT_STIX21 ||
           format == TOC_FORMAT_MISP || format == TOC_FORMAT_CSAF || format == TOC_FORMAT_JSON;
}

bool toc_sniff_is_text(enum toc_intel_format format)
{
    return format == TOC_FORMAT_TEXT || format == TOC_FORMAT_MARKDOWN || format == TOC_FORMAT_CSV;
}

/* Ends of names, and what they say. */
static const struct {
    const char *end;
    enum toc_intel_format format;
} ends[] = {
    {".json", TOC_FORMAT_JSON},         {".jsonl", TOC_FORMAT_JSON},
    {".ndjson", TOC_FORMAT_JSON},       {".stix", TOC_FORMAT_JSON},
    {".stix2", TOC_FORMAT_JSON},        {".csv", TOC_FORMAT_CSV},
    {".tsv", TOC_FORMAT_CSV},           {".md", TOC_FORMAT_MARKDOWN},
    {".markdown", TOC_FORMAT_MARKDOWN}, {".adoc", TOC_FORMAT_MARKDOWN},
    {".asciidoc", TOC_FORMAT_MARKDOWN}, {".yar", TOC_FORMAT_YARA},
    {".yara", TOC_FORMAT_YARA},         {".rules", TOC_FORMAT_SURICATA},
    {".txt", TOC_FORMAT_TEXT},          {".text", TOC_FORMAT_TEXT},
    {".html", TOC_FORMAT_HTML},         {".htm", TOC_FORMAT_HTML},
    {".pdf", TOC_FORMAT_PDF},
};

static enum toc_intel_format by_name(struct toc_span name)
{
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        size_t len = strlen(ends[i].end);
        if (name.len < len) {
            continue;
        }
        bool same = true;
        for (size_t b = 0; b < len; b++) {
            uint8_t c = name.at[name.len - len + b];
            same = same && (c | 0x20) == ((uint8_t)ends[i].end[b] | 0x20);
        }
        if (same) {
            return ends[i].format;
        }
    }
    return TOC_FORMAT_UNKNOWN;
}

static struct toc_span skip_blanks(struct toc_span text)
{
    while (text.len > 0 && text.at[0] <= ' ') {
        text = toc_span(text.at + 1, text.len - 1);
    }
    return text;
}

/* The first two marks of JSON: running text may begin with a bracket too. */
static bool looks_like_json(struct toc_span text)
{
    struct toc_span rest = text.len > 0 ? skip_blanks(toc_span(text.at + 1, text.len - 1)) : text;
    if (text.len == 0 || rest.len == 0) {
        return false;
    }
    if (text.at[0] == '{') {
        return rest.at[0] == '"' || rest.at[0] == '}';
    }
    return text.at[0] == '[' && memchr("{[\"]", rest.at[0], 4) != NULL;
}

static enum toc_intel_format json_format(struct toc_span text)
{
    if (toc_sniff_contains(text, "\"csaf_version\"", SNIFF_BYTES_MAX)) {
        return TOC_FORMAT_CSAF;
    }
    if (toc_sniff_contains(text, "\"Event\"", SNIFF_BYTES_MAX) ||
        toc_sniff_contains(text, "\"Attribute\"", SNIFF_BYTES_MAX)) {
        return TOC_FORMAT_MISP;
    }
    if (toc_sniff_contains(text, "\"2.1\"", SNIFF_BYTES_MAX) &&
        toc_sniff_contains(text, "\"spec_version\"", SNIFF_BYTES_MAX)) {
        return TOC_FORMAT_STIX21;
    }
    if (toc_sniff_contains(text, "\"bundle\"", SNIFF_BYTES_MAX) ||
        (toc_sniff_contains(text, "\"type\"", SNIFF_BYTES_MAX) &&
         toc_sniff_contains(text, "--", SNIFF_BYTES_MAX))) {
        return TOC_FORMAT_STIX20;
    }
    return TOC_FORMAT_JSON;
}

static bool begins(struct toc_span text, const char *word)
{
    size_t len = strlen(word);
    return text.len >= len && memcmp(text.at, word, len) == 0;
}

static enum toc_intel_format markup_format(struct toc_span text)
{
    if (text.len == 0 || text.at[0] != '<') {
        return TOC_FORMAT_UNKNOWN;
    }
    if (toc_sniff_contains(text, "<html", HEAD_BYTES) ||
        toc_sniff_contains(text, "<!DOCTYPE html", HEAD_BYTES) ||
        toc_sniff_contains(text, "<!doctype html", HEAD_BYTES)) {
        return TOC_FORMAT_HTML;
    }
    bool stix = toc_sniff_contains(text, "stix:", HEAD_BYTES);
    return begins(text, "<?xml") || stix ? TOC_FORMAT_STIX1 : TOC_FORMAT_UNKNOWN;
}

static enum toc_intel_format rule_format(struct toc_span text)
{
    if (toc_sniff_contains(text, "condition:", SNIFF_BYTES_MAX) &&
        (begins(text, "rule ") || toc_sniff_contains(text, "\nrule ", SNIFF_BYTES_MAX))) {
        return TOC_FORMAT_YARA;
    }
    if (toc_sniff_contains(text, "logsource:", HEAD_BYTES) &&
        toc_sniff_contains(text, "detection:", HEAD_BYTES)) {
        return TOC_FORMAT_SIGMA;
    }
    if (toc_sniff_contains(text, "(msg:", HEAD_BYTES) &&
        toc_sniff_contains(text, "sid:", HEAD_BYTES)) {
        return TOC_FORMAT_SURICATA;
    }
    return TOC_FORMAT_UNKNOWN;
}

/* The same number of commas, at least one, in the first lines. */
static bool looks_like_table(struct toc_span text)
{
    size_t counts[TABLE_LINES] = {0};
    size_t lines = 0;
    for (size_t i = 0; i < text.len && lines < TABLE_LINES; i++) {
        counts[lines] += text.at[i] == ',';
        lines += text.at[i] == '\n';
    }
    for (size_t i = 1; i < lines; i++) {
        if (counts[i] != counts[0]) {
            return false;
        }
    }
    return lines == TABLE_LINES && counts[0] > 0;
}

static bool looks_like_markdown(struct toc_span text)
{
    return toc_sniff_contains(text, "\n## ", HEAD_BYTES) ||
           toc_sniff_contains(text, "](http", HEAD_BYTES) ||
           toc_sniff_contains(text, "\n```", HEAD_BYTES) ||
           toc_sniff_contains(text, "\n|---", HEAD_BYTES) ||
           toc_sniff_contains(text, "\n== ", HEAD_BYTES);
}

enum toc_intel_format toc_intel_format_sniff(struct toc_span name, struct toc_span bytes)
{
    static const uint8_t mark[3] = {0xef, 0xbb, 0xbf};
    struct toc_span head =
        toc_span(bytes.at, bytes.len < SNIFF_BYTES_MAX ? bytes.len : SNIFF_BYTES_MAX);
    bool wide = head.len >= 2 && ((head.at[0] == 0xff && head.at[1] == 0xfe) ||
                                  (head.at[0] == 0xfe && head.at[1] == 0xff));
    if (begins(head, "%PDF-")) {
        return TOC_FORMAT_PDF;
    }
    if (head.len >= sizeof mark && memcmp(head.at, mark, sizeof mark) == 0) {
        head = toc_span(head.at + sizeof mark, head.len - sizeof mark);
    }
    head = skip_blanks(head);
    enum toc_intel_format named = by_name(name);
    if (looks_like_json(head)) {
        enum toc_intel_format shown = json_format(head);
        /* A list may begin with a piece of JSON. */
        return shown == TOC_FORMAT_JSON && named == TOC_FORMAT_TEXT ? named : shown;
    }
    if (named == TOC_FORMAT_JSON) {
        return named;
    }
    if (!wide && head.len > 0 && memchr(head.at, '\0', head.len) != NULL) {
        return TOC_FORMAT_UNKNOWN;
    }
    enum toc_intel_format format = markup_format(head);
    if (format == TOC_FORMAT_UNKNOWN && named != TOC_FORMAT_CSV && named != TOC_FORMAT_MARKDOWN) {
        format = rule_format(head);
    }
    if (format != TOC_FORMAT_UNKNOWN) {
        return format;
    }
    if (named != TOC_FORMAT_UNKNOWN && named != TOC_FORMAT_TEXT) {
        return named;
    }
    if (looks_like_markdown(head)) {
        return TOC_FORMAT_MARKDOWN;
    }
    return looks_like_table(head) ? TOC_FORMAT_CSV : TOC_FORMAT_TEXT;
}
