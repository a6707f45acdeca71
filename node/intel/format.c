/* SPDX-License-Identifier: EUPL-1.2 */
#include "sniff.h"

#include <string.h>

static const struct {
    const char *media_type;
    const char *name;
} formats[TOC_FORMAT_COUNT] = {
#define FORMAT_ROW(name, media_type, text) {media_type, text},
    TOC_FORMATS(FORMAT_ROW)
#undef FORMAT_ROW
};

/* Further names of the same formats, without parameters. */
static const struct {
    const char *media_type;
    enum toc_intel_format format;
} others[] = {
    {"application/stix+json", TOC_FORMAT_STIX21},
    {"application/vnd.oasis.stix+json", TOC_FORMAT_STIX20},
    {"application/taxii+json", TOC_FORMAT_STIX21},
    {"application/x-ndjson", TOC_FORMAT_JSON},
    {"application/jsonl", TOC_FORMAT_JSON},
    {"application/json-lines", TOC_FORMAT_JSON},
    {"text/json", TOC_FORMAT_JSON},
    {"text/xml", TOC_FORMAT_STIX1},
    {"application/stix+xml", TOC_FORMAT_STIX1},
    {"text/tab-separated-values", TOC_FORMAT_CSV},
    {"application/csv", TOC_FORMAT_CSV},
    {"text/x-markdown", TOC_FORMAT_MARKDOWN},
    {"text/x-asciidoc", TOC_FORMAT_MARKDOWN},
    {"application/x-yara", TOC_FORMAT_YARA},
};

const char *toc_intel_format_media_type(enum toc_intel_format format)
{
    TOC_ASSERT((unsigned)format < TOC_FORMAT_COUNT);
    return formats[format].media_type;
}

const char *toc_intel_format_name(enum toc_intel_format format)
{
    TOC_ASSERT((unsigned)format < TOC_FORMAT_COUNT);
    return formats[format].name;
}

static bool is_word(struct toc_span text, const char *word)
{
    size_t len = strlen(word);
    for (size_t i = 0; i < len && text.len == len; i++) {
        uint8_t c = text.at[i];
        if ((uint8_t)(c >= 'A' && c <= 'Z' ? c | 0x20 : c) != (uint8_t)word[i]) {
            return false;
        }
    }
    return text.len == len;
}

/* "type/subtype" without its parameters. */
static struct toc_span bare_type(struct toc_span media_type)
{
    size_t len = 0;
    while (len < media_type.len && media_type.at[len] != ';' && media_type.at[len] > ' ') {
        len++;
    }
    return toc_span(media_type.at, len);
}

enum toc_intel_format toc_intel_format_find(struct toc_span media_type)
{
    struct toc_span bare = bare_type(media_type);
    if (media_type.len > TOC_MEDIA_TYPE_BYTES_MAX) {
        return TOC_FORMAT_UNKNOWN;
    }
    if (is_word(bare, "application/stix+json") &&
        toc_sniff_contains(media_type, "2.0", media_type.len)) {
        return TOC_FORMAT_STIX20;
    }
    for (size_t i = 0; i < TOC_FORMAT_COUNT; i++) {
        if (is_word(bare, formats[i].media_type)) {
            return (enum toc_intel_format)i;
        }
    }
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (is_word(bare, others[i].media_type)) {
            return others[i].format;
        }
    }
    return TOC_FORMAT_UNKNOWN;
}
