/* SPDX-License-Identifier: EUPL-1.2 */
#include "reader.h"

#include <stdlib.h>
#include <string.h>

/* Lines among which a table's header may stand behind a preface. */
#define HEADER_LINES_MAX 40u

/* Bytes of a Unicode blank or mark without width at `at`; 0 when there is none. */
static size_t wide_blank(const uint8_t *at, size_t len)
{
    if (len >= 2 && at[0] == 0xc2 && at[1] == 0xa0) {
        return 2;
    }
    if (len < 3) {
        return 0;
    }
    bool blank = (at[0] == 0xe2 && at[1] == 0x80 && at[2] >= 0x8b && at[2] <= 0x8f) ||
                 (at[0] == 0xef && at[1] == 0xbb && at[2] == 0xbf);
    return blank ? 3 : 0;
}

struct toc_span toc_text_trim(struct toc_span text)
{
    size_t bytes = 1;
    while (bytes > 0 && text.len > 0) {
        bytes = text.at[0] <= ' ' ? 1 : wide_blank(text.at, text.len);
        text = toc_span(text.at + bytes, text.len - bytes);
    }
    bytes = 1;
    while (bytes > 0 && text.len > 0) {
        const uint8_t *end = text.at + text.len;
        bytes = end[-1] <= ' ' ? 1 : 0;
        for (size_t wide = 2; wide <= 3 && end[-1] >= 0x80 && bytes == 0; wide++) {
            bytes = wide <= text.len && wide_blank(end - wide, wide) == wide ? wide : 0;
        }
        text.len -= bytes;
    }
    return text;
}

bool toc_text_is_strong(enum toc_value_kind kind)
{
    return (kind >= TOC_VALUE_DOMAIN && kind <= TOC_VALUE_TLSH) || kind == TOC_VALUE_CVE;
}

struct toc_err toc_text_add(struct toc_text_reader *reader, enum toc_value_kind kind,
                            struct toc_span text, struct toc_span kind_name)
{
    struct toc_fact fact = reader->base;
    fact.kind_name = kind_name;
    return toc_facts_add_value(reader->facts, &fact, kind, text);
}

struct toc_err toc_text_add_made(struct toc_text_reader *reader, const struct toc_value *value,
                                 struct toc_span text)
{
    return toc_facts_add_made(reader->facts, &reader->base, value, text);
}

struct toc_err toc_text_add_link(struct toc_text_reader *reader, struct toc_span link)
{
    struct toc_fact fact = reader->base;
    fact.kind = TOC_VALUE_REFERENCE;
    fact.flags |= TOC_FACT_IN_TEXT;
    fact.value = fact.written = link;
    return link.len > TOC_VALUE_WRITTEN_BYTES_MAX ? toc_ok() : toc_facts_add(reader->facts, &fact);
}

/* The line at reader->at without its end; reader->at goes behind it. */
static struct toc_span take_line(struct toc_text_reader *reader)
{
    struct toc_span text = reader->text;
    size_t start = reader->at;
    const uint8_t *end = memchr(text.at + start, '\n', text.len - start);
    const uint8_t *bare = NULL;
    size_t len = end == NULL ? text.len - start : (size_t)(end - text.at) - start;
    bare = memchr(text.at + start, '\r', len);
    /* Old Macintosh line ends stand alone. */
    if (bare != NULL && (size_t)(bare - text.at) + 1 < start + len) {
        len = (size_t)(bare - text.at) - start;
        reader->at = start + len + 1;
        return toc_span(text.at + start, len);
    }
    reader->at = start + len + (end != NULL);
    return toc_span(text.at + start, len - (bare != NULL));
}

static void begin_line(struct toc_text_reader *reader)
{
    reader->base = (struct toc_fact){
        .document = reader->base.document, .confidence = TOC_CONFIDENCE_NONE, .line = reader->line};
}

/* One row of a table, or one comment between the rows. */
static struct toc_err read_table_row(struct toc_text_reader *reader)
{
    uint32_t lines = 1;
    size_t start = reader->at;
    size_t end = toc_text_split(reader, start, reader->header.delimiter, &lines);
    begin_line(reader);
    struct toc_span raw = toc_text_trim(toc_span(reader->text.at + start, end - start));
    reader->at = end;
    struct toc_err err = toc_ok();
    if (raw.len > 0 && raw.at[0] == '#') {
        err = toc_text_read_links(reader, raw);
    } else if (raw.len > 0) {
        err = toc_text_read_row(reader);
    }
    reader->line += lines;
    return err;
}

static struct toc_err read_line(struct toc_text_reader *reader)
{
    uint32_t before = reader->facts->count;
    begin_line(reader);
    struct toc_span line = take_line(reader);
    if (reader->line <= HEADER_LINES_MAX && reader->shape != TOC_TEXT_MARKDOWN &&
        toc_text_find_header(reader, line)) {
        reader->line++;
        return toc_ok();
    }
    TOC_TRY(toc_text_read_line(reader, line));
    reader->facts->counts.objects += reader->facts->count > before;
    reader->line++;
    return toc_ok();
}

struct toc_err toc_text_read(struct toc_facts *facts, struct toc_span bytes, uint16_t document,
                             enum toc_text_shape shape)
{
    struct toc_text_reader *reader = calloc(1, sizeof *reader);
    uint8_t *owned = NULL;
    bool legacy = false;
    if (reader == NULL) {
        return toc_fail(TOC_FULL, "no memory for a text");
    }
    reader->facts = facts;
    reader->base.document = document;
    reader->shape = shape;
    reader->line = 1;
    struct toc_err err = toc_text_decode(bytes, &owned, &reader->text, &legacy);
    if (legacy && !toc_failed(err)) {
        begin_line(reader);
        reader->base.line = 0;
        err = toc_facts_warn(facts, TOC_WARNING_TEXT_ENCODING, &reader->base, toc_span("", 0));
    }
    while (!toc_failed(err) && reader->at < reader->text.len) {
        err = reader->header.count > 0 ? read_table_row(reader) : read_line(reader);
    }
    free(owned);
    free(reader);
    return err;
}
