/* SPDX-License-Identifier: EUPL-1.2 */
#include "reader.h"

#include <string.h>

/* Longest first line that is taken for a title, bytes. */
#define TITLE_BYTES_MAX 200u
/* Longest line in which a marking such as TLP:AMBER is taken for the document's own, bytes. Longer
 * ones talk about it. */
#define MARKING_LINE_BYTES_MAX 120u

/* What a heading announces, by a part of its letters. */
static const struct {
    const char *part;
    enum toc_value_kind kind;
} announcements[] = {
    {"mutex", TOC_VALUE_MUTEX},
    {"mutant", TOC_VALUE_MUTEX},
    {"registry", TOC_VALUE_REGISTRY},
    {"useragent", TOC_VALUE_USER_AGENT},
    {"commandline", TOC_VALUE_COMMAND},
    {"bitcoin", TOC_VALUE_WALLET},
    {"wallet", TOC_VALUE_WALLET},
    {"packagename", TOC_VALUE_APP_ID},
    {"phonenumber", TOC_VALUE_PHONE},
    {"packages", TOC_VALUE_APP_ID},
    {"certificates", TOC_VALUE_CERTIFICATE},
};

static const char *const reference_headings[] = {"reference", "furtherreading", "readmore",
                                                 "sources"};

static struct toc_span skip(struct toc_span text, size_t bytes)
{
    return toc_span(text.at + bytes, text.len - bytes);
}

struct toc_err toc_text_add_title(struct toc_text_reader *reader, struct toc_span text)
{
    struct toc_fact fact = reader->base;
    fact.kind = TOC_VALUE_TITLE;
    fact.value = fact.written = text;
    if (reader->titled || text.len == 0 || text.len > TITLE_BYTES_MAX) {
        return toc_ok();
    }
    reader->titled = true;
    return toc_facts_add(reader->facts, &fact);
}

void toc_text_announce(struct toc_text_reader *reader, struct toc_span heading)
{
    char word[TITLE_BYTES_MAX];
    (void)toc_value_squeeze(heading, word, sizeof word);
    reader->section = TOC_VALUE_NONE;
    reader->references = false;
    for (size_t i = 0; i < sizeof announcements / sizeof announcements[0]; i++) {
        if (strstr(word, announcements[i].part) != NULL) {
            reader->section = announcements[i].kind;
        }
    }
    /* "# Reference: https://..." is one itself and announces nothing. */
    bool link = memmem(heading.at, heading.len, "://", 3) != NULL;
    for (size_t i = 0; i < sizeof reference_headings / sizeof reference_headings[0]; i++) {
        reader->references =
            reader->references || (!link && strstr(word, reference_headings[i]) != NULL);
    }
}

/* The level that stands at the colon `at` of "TLP:AMBER". */
static enum toc_marked marking_at(struct toc_span line, size_t at, struct toc_span *written)
{
    size_t end = at + 1;
    if (at < 3 ||
        (memcmp(line.at + at - 3, "TLP", 3) != 0 && memcmp(line.at + at - 3, "tlp", 3) != 0) ||
        (at > 3 && line.at[at - 4] > ' ' && memchr("*[(_#-", line.at[at - 4], 6) == NULL)) {
        return TOC_MARKED_NONE;
    }
    end += end < line.len && line.at[end] == ' ';
    while (end < line.len && (((line.at[end] | 0x20) >= 'a' && (line.at[end] | 0x20) <= 'z') ||
                              line.at[end] == '+')) {
        end++;
    }
    *written = toc_span(line.at + at - 3, end - at + 3);
    return toc_marked_find(*written);
}

struct toc_err toc_text_read_marking(struct toc_text_reader *reader, struct toc_span line)
{
    struct toc_fact fact = reader->base;
    const uint8_t *colon = line.at;
    const uint8_t *end = line.at + line.len;
    enum toc_marked strictest = TOC_MARKED_NONE;
    if (line.len > MARKING_LINE_BYTES_MAX) {
        return toc_ok();
    }
    while ((colon = memchr(colon, ':', (size_t)(end - colon))) != NULL) {
        struct toc_span written;
        enum toc_marked marked = marking_at(line, (size_t)(colon - line.at), &written);
        if (marked > strictest) {
            strictest = marked;
            fact.written = written;
        }
        colon++;
    }
    if (strictest == TOC_MARKED_NONE) {
        return toc_ok();
    }
    fact.kind = TOC_VALUE_TLP;
    fact.value = toc_span_str(toc_marked_name(strictest));
    toc_facts_mark_tlp(reader->facts, strictest);
    return toc_facts_add(reader->facts, &fact);
}

bool toc_text_is_heading(const struct toc_text_reader *reader, struct toc_span line)
{
    bool markdown = reader->shape == TOC_TEXT_MARKDOWN;
    return line.at[0] == '#' || (line.len > 1 && line.at[0] == '/' && line.at[1] == '/') ||
           (markdown && line.at[0] == '=' && line.len > 1);
}

struct toc_err toc_text_read_heading(struct toc_text_reader *reader, struct toc_span line)
{
    struct toc_span heading = line;
    while (heading.len > 0 && memchr("#=/ *", heading.at[0], 5) != NULL) {
        heading = skip(heading, 1);
    }
    toc_text_announce(reader, heading);
    if (reader->shape == TOC_TEXT_MARKDOWN) {
        TOC_TRY(toc_text_add_title(reader, heading));
        return toc_text_read_prose(reader, line);
    }
    return toc_text_read_links(reader, line);
}
