/* SPDX-License-Identifier: EUPL-1.2 */
#include "marks.h"

#include <string.h>

/* Characters between "TLP" and its level. Reason: a colon, blanks, emphasis and an opening quote;
 * more is another sentence. */
#define GAP_BYTES_MAX 24u
/* Bytes of a tag or an entity of markup within the gap. */
#define MARKUP_BYTES_MAX 160u
/* Bytes of an id, "uuid" alone. */
#define UUID_BYTES 36u

/* Where a scan stands. NUL bytes are passed over, so that the ASCII of UTF-16 reads too. */
struct scan {
    const uint8_t *at;
    const uint8_t *end;
};

static const struct {
    const char *word;
    enum toc_marked marked;
} levels[] = {
    {"red", TOC_MARKED_RED},
    {"amber", TOC_MARKED_AMBER},
    {"amberstrict", TOC_MARKED_AMBER_STRICT},
    {"green", TOC_MARKED_GREEN},
    {"clear", TOC_MARKED_CLEAR},
    {"white", TOC_MARKED_CLEAR},
};

/* Words that stand between "TLP" and its level. */
static const char *const fillers[] = {"label",  "level", "marking",       "color",
                                      "colour", "is",    "classification"};

/* Marking definitions of TLP 1 (STIX 2.1, 7.2.1.4) and TLP 2 (OASIS, 2022). */
static const struct {
    const char *uuid;
    enum toc_marked marked;
} known[] = {
    {"613f2e26-407d-48c7-9eca-b8e91df99dc9", TOC_MARKED_CLEAR},
    {"34098fce-860f-48ae-8e50-ebd3cc5e41da", TOC_MARKED_GREEN},
    {"f88d31f6-486f-44da-b317-01333bde0b82", TOC_MARKED_AMBER},
    {"5e57c739-391a-4eb3-b6be-7d15ca92d5ed", TOC_MARKED_RED},
    {"94868c89-83c2-464b-929b-a1a8aa3c8487", TOC_MARKED_CLEAR},
    {"bab4a63c-aed9-4cf5-a766-dfca5abac2bb", TOC_MARKED_GREEN},
    {"55d920b0-5e8b-4f79-9ee9-91f868d9b421", TOC_MARKED_AMBER},
    {"939a9414-2ddd-4d32-a0cd-375ea402b003", TOC_MARKED_AMBER_STRICT},
    {"e828b379-4e03-4974-9ac4-e53a884c97c1", TOC_MARKED_RED},
};

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

static bool is_letter(uint8_t c)
{
    return lower(c) >= 'a' && lower(c) <= 'z';
}

static enum toc_marked strictest(enum toc_marked a, enum toc_marked b)
{
    return a > b ? a : b;
}

/* Passes over `word` (lower case); at its place when it does not stand there. */
static bool take_word(struct scan *scan, const char *word)
{
    const uint8_t *at = scan->at;
    for (; *word != '\0'; at++) {
        if (at == scan->end) {
            return false;
        }
        if (*at == '\0') {
            continue;
        }
        if (lower(*at) != (uint8_t)*word++) {
            return false;
        }
    }
    scan->at = at;
    return true;
}

static bool at_letter(struct scan scan)
{
    while (scan.at < scan.end && *scan.at == '\0') {
        scan.at++;
    }
    return scan.at < scan.end && is_letter(*scan.at);
}

/* A tag or an entity at the scan's place: "<b>", "&nbsp;". */
static bool take_markup(struct scan *scan)
{
    uint8_t close = *scan->at == '<' ? '>' : ';';
    size_t left = (size_t)(scan->end - scan->at);
    const uint8_t *end = NULL;
    if (*scan->at == '<' || *scan->at == '&') {
        end = memchr(scan->at, close, left < MARKUP_BYTES_MAX ? left : MARKUP_BYTES_MAX);
    }
    if (end != NULL) {
        scan->at = end + 1;
    }
    return end != NULL;
}

/* Passes over what stands between two words; false when that is too much. */
static bool take_gap(struct scan *scan)
{
    unsigned taken = 0;
    while (scan->at < scan->end && !is_letter(*scan->at)) {
        if (*scan->at != '\0' && ++taken > GAP_BYTES_MAX) {
            return false;
        }
        if (!take_markup(scan)) {
            scan->at++;
        }
    }
    return scan->at < scan->end;
}

static void take_filler(struct scan *scan)
{
    for (size_t i = 0; i < sizeof fillers / sizeof fillers[0]; i++) {
        struct scan behind = *scan;
        if (take_word(&behind, fillers[i]) && !at_letter(behind) && take_gap(&behind)) {
            *scan = behind;
            return;
        }
    }
}

/* A level as a word of its own. */
static enum toc_marked take_level(struct scan *scan)
{
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++) {
        struct scan behind = *scan;
        if (!take_word(&behind, levels[i].word) || at_letter(behind)) {
            continue;
        }
        *scan = behind;
        bool strict = levels[i].marked == TOC_MARKED_AMBER && take_gap(&behind) &&
                      take_word(&behind, "strict") && !at_letter(behind);
        return strict ? TOC_MARKED_AMBER_STRICT : levels[i].marked;
    }
    return TOC_MARKED_NONE;
}

/* The level that follows a word that ends at the scan's place. */
static enum toc_marked level_behind(struct scan scan)
{
    if (at_letter(scan) || !take_gap(&scan)) {
        return TOC_MARKED_NONE;
    }
    take_filler(&scan);
    return take_level(&scan);
}

/* Whether a word begins at `at`: no letter or digit stands before it. */
static bool begins_word(struct toc_span bytes, const uint8_t *at)
{
    while (at > bytes.at && at[-1] == '\0') {
        at--;
    }
    return at == bytes.at || !(is_letter(at[-1]) || (at[-1] >= '0' && at[-1] <= '9'));
}

/* The strictest level behind any `word`. */
static enum toc_marked behind_word(struct toc_span bytes, const char *word)
{
    const uint8_t *end = bytes.at + bytes.len;
    enum toc_marked found = TOC_MARKED_NONE;
    for (const uint8_t *at = bytes.at; at < end; at++) {
        struct scan scan = {at, end};
        if (lower(*at) == (uint8_t)word[0] && take_word(&scan, word) && begins_word(bytes, at)) {
            found = strictest(found, level_behind(scan));
        }
    }
    return found;
}

static enum toc_marked uuid_level(struct scan scan)
{
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (take_word(&scan, known[i].uuid)) {
            return known[i].marked;
        }
    }
    return TOC_MARKED_NONE;
}

/* The strictest definition that is named: every id has its first hyphen behind eight digits. */
static enum toc_marked by_uuid(struct toc_span bytes)
{
    enum toc_marked found = TOC_MARKED_NONE;
    const uint8_t *end = bytes.at + bytes.len;
    const uint8_t *at = bytes.len < UUID_BYTES ? end : bytes.at + 8;
    while (at < end && (at = memchr(at, '-', (size_t)(end - at))) != NULL) {
        found = strictest(found, uuid_level((struct scan){at - 8, end}));
        at++;
    }
    return found;
}

enum toc_marked toc_marks_in_bytes(struct toc_span bytes)
{
    if (bytes.len == 0) {
        return TOC_MARKED_NONE;
    }
    return strictest(behind_word(bytes, "tlp"), by_uuid(bytes));
}

enum toc_marked toc_marks_in_xml(struct toc_span bytes)
{
    if (bytes.len == 0) {
        return TOC_MARKED_NONE;
    }
    return strictest(toc_marks_in_bytes(bytes), behind_word(bytes, "color"));
}
