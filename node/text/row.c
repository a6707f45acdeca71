/* SPDX-License-Identifier: EUPL-1.2 */
#include "reader.h"

#include <string.h>

/* Parts of a composite type such as "filename|sha256|size". */
#define PARTS_MAX 4u

/* Types whose cells describe the table or hold nothing to look for. */
static const char *const remarks[] = {
    "description", "information", "comment",     "text",    "note", "datetime",
    "float",       "port",        "sizeinbytes", "boolean", "size", "counter",
};

static bool is_remark(struct toc_span type)
{
    char name[32];
    if (toc_value_squeeze(type, name, sizeof name) == 0) {
        return false;
    }
    for (size_t i = 0; i < sizeof remarks / sizeof remarks[0]; i++) {
        if (strcmp(name, remarks[i]) == 0) {
            return true;
        }
    }
    return false;
}

static struct toc_span cell(const struct toc_text_row *row, int32_t column)
{
    bool there = column >= 0 && (uint32_t)column < row->count;
    return there ? row->cells[column] : toc_span("", 0);
}

/* Splits at "|"; gives the number of parts, 0 when there are too many. */
static size_t split_parts(struct toc_span text, struct toc_span *parts)
{
    size_t count = 0;
    size_t start = 0;
    for (size_t i = 0; i <= text.len; i++) {
        if (i < text.len && text.at[i] != '|') {
            continue;
        }
        if (count == PARTS_MAX) {
            return 0;
        }
        parts[count++] = toc_text_trim(toc_span(text.at + start, i - start));
        start = i + 1;
    }
    return count;
}

/* A port that stands beside an address or a domain. */
static uint16_t port_of(struct toc_span text)
{
    uint32_t port = 0;
    for (size_t i = 0; i < text.len && text.len <= 5; i++) {
        if (text.at[i] < '0' || text.at[i] > '9') {
            return 0;
        }
        port = port * 10 + (uint32_t)(text.at[i] - '0');
    }
    return port <= UINT16_MAX ? (uint16_t)port : 0;
}

/* "domain|ip", "filename|sha1", "ip-dst|port" with as many parts in the value. */
static struct toc_err add_composite(struct toc_text_reader *reader, struct toc_span type,
                                    struct toc_span text, bool *done)
{
    struct toc_span types[PARTS_MAX];
    struct toc_span parts[PARTS_MAX];
    size_t count = split_parts(type, types);
    *done = count == 2 && split_parts(text, parts) == 2;
    if (!*done) {
        return toc_ok();
    }
    if (toc_span_equal(types[1], toc_span_str("port"))) {
        reader->base.port = port_of(parts[1]);
        return toc_text_add(reader, toc_value_kind_find(types[0]), parts[0], types[0]);
    }
    reader->base.flags |= TOC_FACT_COMPOUND;
    reader->base.group = ++reader->group;
    for (size_t i = 0; i < count; i++) {
        if (!is_remark(types[i])) {
            TOC_TRY(toc_text_add(reader, toc_value_kind_find(types[i]), parts[i], types[i]));
        }
    }
    return toc_ok();
}

/* Several values in one cell, parted by blanks, commas or semicolons: all of them, if each of them
 * shows what it is. */
static struct toc_err add_several(struct toc_text_reader *reader, struct toc_span text, bool *done)
{
    struct toc_value value;
    for (int pass = 0; pass < 2; pass++) {
        size_t start = 0;
        size_t count = 0;
        for (size_t i = 0; i <= text.len; i++) {
            bool end = i == text.len || text.at[i] <= ' ' || text.at[i] == ',' || text.at[i] == ';';
            struct toc_span part = toc_span(text.at + start, i - start);
            if (!end) {
                continue;
            }
            start = i + 1;
            if (part.len == 0) {
                continue;
            }
            count++;
            if (pass == 1) {
                TOC_TRY(toc_text_add(reader, TOC_VALUE_NONE, part, toc_span("", 0)));
            } else if (toc_failed(toc_value_guess(&value, part)) ||
                       !toc_text_is_strong(value.kind)) {
                return toc_ok();
            }
        }
        if (count < 2) {
            return toc_ok();
        }
    }
    *done = true;
    return toc_ok();
}

static struct toc_err add_cell(struct toc_text_reader *reader, enum toc_value_kind kind,
                               struct toc_span text, struct toc_span kind_name)
{
    struct toc_value value;
    bool done = false;
    if (text.len == 0) {
        return toc_ok();
    }
    bool shown = !toc_failed(toc_value_guess(&value, text)) && toc_text_is_strong(value.kind);
    if (!shown) {
        TOC_TRY(add_several(reader, text, &done));
        if (!done) {
            TOC_TRY(toc_text_read_item(reader, text, &done));
        }
        if (done) {
            return toc_ok();
        }
    }
    if (kind == TOC_VALUE_OTHER && shown) {
        kind = TOC_VALUE_NONE; /* an unknown name for a value that shows what it is */
    }
    return toc_text_add(reader, kind, text, kind_name);
}

/* The cell in the value column. */
static struct toc_err read_value(struct toc_text_reader *reader)
{
    const struct toc_text_header *header = &reader->header;
    struct toc_span text = cell(&reader->row, header->value);
    struct toc_span type = cell(&reader->row, header->type);
    enum toc_value_kind kind = type.len == 0 ? TOC_VALUE_NONE : toc_value_kind_find(type);
    bool done = false;
    if (header->value < 0 || text.len == 0) {
        return toc_ok();
    }
    if (is_remark(type)) {
        return toc_text_read_links(reader, text);
    }
    if (memchr(type.at, '|', type.len) != NULL) {
        TOC_TRY(add_composite(reader, type, text, &done));
        if (done) {
            return toc_ok();
        }
    }
    return add_cell(reader, kind, text, type);
}

static void read_confidence(struct toc_text_reader *reader, struct toc_span text)
{
    uint16_t number = port_of(text);
    if (text.len > 0 && text.len <= 3 && number <= 100 && text.at[0] >= '0' && text.at[0] <= '9') {
        reader->base.confidence = (uint8_t)number;
    }
}

static void read_to_ids(struct toc_text_reader *reader, struct toc_span text)
{
    if (text.len > 0) {
        bool yes = text.at[0] == '1' || (text.at[0] | 0x20) == 't' || (text.at[0] | 0x20) == 'y';
        reader->base.flags |= yes ? TOC_FACT_TO_IDS : TOC_FACT_NOT_TO_IDS;
    }
}

/* Columns that say something about the values of the row. */
static struct toc_err read_about(struct toc_text_reader *reader)
{
    struct toc_fact *base = &reader->base;
    for (uint32_t i = 0; i < reader->row.count && i < reader->header.count; i++) {
        struct toc_span text = reader->row.cells[i];
        switch (reader->header.roles[i]) {
        case TOC_ROLE_NAME:
        case TOC_ROLE_NOTE:
            base->note = text.len > base->note.len ? text : base->note;
            TOC_TRY(toc_text_read_links(reader, text));
            break;
        case TOC_ROLE_TO_IDS:
            read_to_ids(reader, text);
            break;
        case TOC_ROLE_FROM:
            (void)toc_failed(toc_time_parse(text, &base->from));
            break;
        case TOC_ROLE_UNTIL:
            (void)toc_failed(toc_time_parse(text, &base->until));
            break;
        case TOC_ROLE_CONFIDENCE:
            read_confidence(reader, text);
            break;
        case TOC_ROLE_TLP:
            toc_facts_mark_tlp(reader->facts, toc_marked_find(text));
            break;
        case TOC_ROLE_REFERENCE:
            TOC_TRY(toc_text_read_links(reader, text));
            break;
        case TOC_ROLE_NONE:
        case TOC_ROLE_VALUE:
        case TOC_ROLE_TYPE:
        case TOC_ROLE_KIND:
            break;
        }
    }
    return toc_ok();
}

struct toc_err toc_text_read_row(struct toc_text_reader *reader)
{
    const struct toc_text_header *header = &reader->header;
    struct toc_text_row *row = &reader->row;
    uint32_t before = reader->facts->count;
    while (row->count > header->count && row->cells[row->count - 1].len == 0) {
        row->count--;
    }
    bool short_row = header->value >= 0 && (uint32_t)header->value >= row->count;
    if (row->count > header->count || short_row) {
        TOC_TRY(
            toc_facts_warn(reader->facts, TOC_WARNING_ROW_COLUMNS, &reader->base, row->cells[0]));
    }
    TOC_TRY(read_about(reader));
    TOC_TRY(read_value(reader));
    reader->base.flags &= ~(uint32_t)TOC_FACT_COMPOUND;
    reader->base.group = 0;
    reader->base.port = 0;
    for (uint32_t i = 0; i < row->count && i < header->count; i++) {
        if (header->roles[i] == TOC_ROLE_KIND) {
            TOC_TRY(add_cell(reader, header->kinds[i], row->cells[i], toc_span("", 0)));
        }
    }
    reader->facts->counts.objects += reader->facts->count > before;
    return toc_ok();
}
