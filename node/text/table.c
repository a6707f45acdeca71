/* SPDX-License-Identifier: EUPL-1.2 */
#include "reader.h"

#include <string.h>

/* Names of columns that hold no value of one kind, with marks taken out. A star stands for any end.
 */
static const struct {
    const char *name;
    enum toc_text_role role;
} columns[] = {
    {"value", TOC_ROLE_VALUE},
    {"indicator", TOC_ROLE_VALUE},
    {"indicators", TOC_ROLE_VALUE},
    {"indicatorvalue", TOC_ROLE_VALUE},
    {"ioc", TOC_ROLE_VALUE},
    {"iocs", TOC_ROLE_VALUE},
    {"iocvalue", TOC_ROLE_VALUE},
    {"observable*", TOC_ROLE_VALUE},
    {"data", TOC_ROLE_VALUE},
    {"c2", TOC_ROLE_VALUE},
    {"cc", TOC_ROLE_VALUE},
    {"c2server", TOC_ROLE_VALUE},
    {"type", TOC_ROLE_TYPE},
    {"subtype", TOC_ROLE_NONE},
    {"indicatortype", TOC_ROLE_TYPE},
    {"ioctype", TOC_ROLE_TYPE},
    {"entitytype", TOC_ROLE_TYPE},
    {"attributetype", TOC_ROLE_TYPE},
    {"kind", TOC_ROLE_TYPE},
    {"name", TOC_ROLE_NAME},
    {"description", TOC_ROLE_NOTE},
    {"descriptions", TOC_ROLE_NOTE},
    {"desc", TOC_ROLE_NOTE},
    {"metadesc", TOC_ROLE_NOTE},
    {"note", TOC_ROLE_NOTE},
    {"notes", TOC_ROLE_NOTE},
    {"comment", TOC_ROLE_NOTE},
    {"comments", TOC_ROLE_NOTE},
    {"context", TOC_ROLE_NOTE},
    {"details", TOC_ROLE_NOTE},
    {"app", TOC_ROLE_NOTE},
    {"malware", TOC_ROLE_NOTE},
    {"malwarefamily", TOC_ROLE_NOTE},
    {"malwareprintable", TOC_ROLE_NOTE},
    {"category", TOC_ROLE_NONE},
    {"threattype", TOC_ROLE_NONE},
    {"toids", TOC_ROLE_TO_IDS},
    {"date", TOC_ROLE_FROM},
    {"dateadded", TOC_ROLE_NONE},
    {"firstseen", TOC_ROLE_FROM},
    {"firstseenutc", TOC_ROLE_FROM},
    {"validfrom", TOC_ROLE_FROM},
    {"creationdate", TOC_ROLE_FROM},
    {"validuntil", TOC_ROLE_UNTIL},
    {"endofvalidity", TOC_ROLE_UNTIL},
    {"confidence", TOC_ROLE_CONFIDENCE},
    {"confidencelevel", TOC_ROLE_CONFIDENCE},
    {"tlp", TOC_ROLE_TLP},
    {"reference", TOC_ROLE_REFERENCE},
    {"references", TOC_ROLE_REFERENCE},
    {"link", TOC_ROLE_REFERENCE},
    {"source", TOC_ROLE_REFERENCE},
    {"sources", TOC_ROLE_REFERENCE},
    {"metaurl", TOC_ROLE_REFERENCE},
    {"metasource", TOC_ROLE_NONE},
    {"group", TOC_ROLE_NONE},
    {"country", TOC_ROLE_NONE},
    {"attack", TOC_ROLE_NONE},
    {"mitre", TOC_ROLE_NONE},
    {"yara", TOC_ROLE_NONE},
};

/* A blank header word never names a kind; a known one may. */
static bool find_role(struct toc_span cell, enum toc_text_role *role, enum toc_value_kind *kind)
{
    char name[32];
    if (toc_value_squeeze(cell, name, sizeof name) == 0) {
        return false;
    }
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++) {
        size_t len = strlen(columns[i].name);
        bool star = columns[i].name[len - 1] == '*';
        if (star ? strncmp(name, columns[i].name, len - 1) == 0
                 : strcmp(name, columns[i].name) == 0) {
            *role = columns[i].role;
            return true;
        }
    }
    *kind = toc_value_kind_find(cell);
    if (*kind == TOC_VALUE_OTHER || toc_value_class(*kind) == TOC_VALUE_CLASS_REMARK) {
        return false;
    }
    *role = TOC_ROLE_KIND;
    return true;
}

/* Splitting. */

/* Copies a quoted cell without its quotes; gives the bytes it takes, 0 when it is not closed within
 * the bounds of a row. */
static size_t take_quoted(struct toc_span text, struct toc_text_row *row, size_t *used,
                          uint32_t *lines)
{
    size_t start = *used;
    uint32_t ends = 0;
    for (size_t i = 1; i < text.len && *used < sizeof row->bytes; i++) {
        if (text.at[i] == '"') {
            if (i + 1 < text.len && text.at[i + 1] == '"') {
                i++;
            } else {
                *lines += ends;
                return i + 1;
            }
        }
        ends += text.at[i] == '\n';
        row->bytes[(*used)++] = text.at[i];
    }
    *used = start;
    return 0;
}

static size_t take_plain(struct toc_span text, uint8_t delimiter, struct toc_text_row *row,
                         size_t *used)
{
    size_t i = 0;
    while (i < text.len && text.at[i] != delimiter && text.at[i] != '\n' && text.at[i] != '\r') {
        if (*used < sizeof row->bytes) {
            row->bytes[(*used)++] = text.at[i];
        }
        i++;
    }
    return i;
}

size_t toc_text_split(struct toc_text_reader *reader, size_t at, uint8_t delimiter, uint32_t *lines)
{
    struct toc_text_row *row = &reader->row;
    struct toc_span text = reader->text;
    size_t used = 0;
    row->count = 0;
    *lines = 1;
    while (at <= text.len) {
        size_t start = used;
        while (at < text.len && delimiter != ' ' && text.at[at] == ' ') {
            at++;
        }
        struct toc_span rest = toc_span(text.at + at, text.len - at);
        size_t bytes = 0;
        if (rest.len > 0 && rest.at[0] == '"') {
            bytes = take_quoted(rest, row, &used, lines);
            at += bytes;
            rest = toc_span(text.at + at, text.len - at);
        }
        /* What follows a closing quote belongs to the cell: some exports do not escape. */
        at += take_plain(rest, delimiter, row, &used);
        if (row->count < TOC_TEXT_CELLS_MAX) {
            row->cells[row->count++] = toc_text_trim(toc_span(row->bytes + start, used - start));
        }
        if (at >= text.len || text.at[at] != delimiter) {
            break;
        }
        at++;
    }
    if (used == sizeof row->bytes) {
        /* Cut somewhere: nothing of it can be trusted. */
        row->count = 1;
        row->cells[0] = toc_span(row->bytes, 0);
    }
    if (at < text.len && text.at[at] == '\r') {
        at++;
    }
    if (at < text.len && text.at[at] == '\n') {
        at++;
    }
    return at;
}

/* Header. */

/* Roles of the cells of reader->row. A header has a column with values, and no cell in it is one.
 */
static bool read_roles(const struct toc_text_row *row, struct toc_text_header *header)
{
    uint32_t known = 0;
    int32_t data = -1;
    bool kinds = false;
    int32_t name = -1;
    header->value = header->type = -1;
    for (uint32_t i = 0; i < row->count; i++) {
        char word[32] = "";
        header->roles[i] = TOC_ROLE_NONE;
        header->kinds[i] = TOC_VALUE_NONE;
        known += find_role(row->cells[i], &header->roles[i], &header->kinds[i]);
        (void)toc_value_squeeze(row->cells[i], word, sizeof word);
        kinds = kinds || header->roles[i] == TOC_ROLE_KIND;
        name = header->roles[i] == TOC_ROLE_NAME && name < 0 ? (int32_t)i : name;
        if (header->roles[i] == TOC_ROLE_TYPE && header->type < 0) {
            header->type = (int32_t)i;
        } else if (header->roles[i] == TOC_ROLE_VALUE && strcmp(word, "data") == 0) {
            data = (int32_t)i;
        } else if (header->roles[i] == TOC_ROLE_VALUE && header->value < 0) {
            header->value = (int32_t)i;
        }
    }
    /* "Indicator, Data, Note": the indicator's type, then the indicator. */
    if (data >= 0 && header->type < 0 && header->value >= 0 && header->value < data) {
        header->type = header->value;
        header->roles[header->type] = TOC_ROLE_TYPE;
        header->value = data;
    } else if (header->value < 0) {
        header->value = data;
    }
    if (header->value < 0 && header->type >= 0 && !kinds) {
        header->value = name;
    }
    header->count = row->count;
    return known > 0 && (header->value >= 0 || kinds) && (row->count > 1 || kinds);
}

/* Whether a cell that is no name of a column is a value. */
static bool has_value(const struct toc_text_row *row)
{
    struct toc_value value;
    enum toc_text_role role = TOC_ROLE_NONE;
    enum toc_value_kind kind = TOC_VALUE_NONE;
    for (uint32_t i = 0; i < row->count; i++) {
        if (!find_role(row->cells[i], &role, &kind) &&
            !toc_failed(toc_value_guess(&value, row->cells[i])) &&
            (toc_text_is_strong(value.kind) || value.kind == TOC_VALUE_FILENAME ||
             value.kind == TOC_VALUE_PATH)) {
            return true;
        }
    }
    return false;
}

bool toc_text_find_header(struct toc_text_reader *reader, struct toc_span line)
{
    static const uint8_t delimiters[] = {'\t', ',', ';', '|'};
    struct toc_text_header *found = &reader->found;
    struct toc_span text = reader->text;
    size_t start = (size_t)(line.at - text.at);
    uint32_t lines = 0;
    while (line.len > 0 && (line.at[0] == '#' || line.at[0] == ' ')) {
        line = toc_span(line.at + 1, line.len - 1);
        start++;
    }
    if (line.len > 7 && memcmp(line.at, "fields\t", 7) == 0) {
        start += 7; /* Zeek */
    }
    for (size_t i = 0; i < sizeof delimiters; i++) {
        if (memchr(line.at, delimiters[i], line.len) == NULL) {
            continue;
        }
        (void)toc_text_split(reader, start, delimiters[i], &lines);
        if (lines == 1 && read_roles(&reader->row, found) && !has_value(&reader->row)) {
            found->delimiter = delimiters[i];
            reader->header = *found;
            return true;
        }
    }
    return false;
}
