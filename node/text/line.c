/* SPDX-License-Identifier: EUPL-1.2 */
#include "reader.h"

#include <string.h>

/* Longest label before a value ("SHA-256: ..."), bytes. */
#define LABEL_BYTES_MAX 32u
/* Lines among which the title of a plain text stands. */
#define TITLE_LINES_MAX 5u

static struct toc_span skip(struct toc_span text, size_t bytes)
{
    return toc_span(text.at + bytes, text.len - bytes);
}

/* Takes "- ", "* ", "> ", "1. ", a bullet sign off the start; `*bullet` says whether there was one.
 */
static struct toc_span strip_bullet(struct toc_span line, bool *bullet)
{
    static const char *const signs[] = {"- ",           "* ",           "+ ",           "> ",
                                        "\xe2\x80\xa2", "\xe2\x80\xa3", "\xe2\x97\xa6", "\xc2\xb7"};
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
        size_t len = strlen(signs[i]);
        if (line.len > len && memcmp(line.at, signs[i], len) == 0) {
            *bullet = true;
            return toc_text_trim(skip(line, len));
        }
    }
    size_t digits = 0;
    while (digits < line.len && digits < 4 && line.at[digits] >= '0' && line.at[digits] <= '9') {
        digits++;
    }
    if (digits > 0 && digits + 1 < line.len && (line.at[digits] == '.' || line.at[digits] == ')') &&
        line.at[digits + 1] == ' ') {
        *bullet = true;
        return toc_text_trim(skip(line, digits + 2));
    }
    return line;
}

/* Quotes, code marks and emphasis around, commas behind. */
static struct toc_span strip_marks(struct toc_span item)
{
    while (item.len > 1 && memchr(",;", item.at[item.len - 1], 2) != NULL) {
        item.len--;
    }
    while (item.len > 1 && memchr("`\"'", item.at[0], 3) != NULL &&
           item.at[item.len - 1] == item.at[0]) {
        item = toc_span(item.at + 1, item.len - 2);
    }
    /* AsciiDoc keeps a link from being one with a backslash. */
    if (item.len > 5 && item.at[0] == '\\' && (item.at[1] | 0x20) == 'h') {
        item = skip(item, 1);
    }
    return toc_text_trim(item);
}

/* Takes " # comment" and " // comment" off the end, as a note. */
static struct toc_span strip_comment(struct toc_text_reader *reader, struct toc_span item)
{
    for (size_t i = 1; i + 1 < item.len; i++) {
        bool blank = item.at[i - 1] == ' ' || item.at[i - 1] == '\t';
        if (blank && (item.at[i] == '#' || (item.at[i] == '/' && item.at[i + 1] == '/'))) {
            reader->base.note = toc_text_trim(skip(item, i + (item.at[i] == '#' ? 1 : 2)));
            return toc_text_trim(toc_span(item.at, i));
        }
    }
    return item;
}

/* Marks that part a value from a comment without a blank. */
static bool has_mark(struct toc_span text)
{
    return memchr(text.at, ',', text.len) != NULL || memchr(text.at, ';', text.len) != NULL ||
           memchr(text.at, '|', text.len) != NULL;
}

static bool has_blank(struct toc_span text)
{
    return memchr(text.at, ' ', text.len) != NULL || memchr(text.at, '\t', text.len) != NULL;
}

/* Application ids look like domains, fingerprints like hashes: the heading knows better. */
static bool section_wins(const struct toc_text_reader *reader, enum toc_value_kind shown,
                         struct toc_span item)
{
    bool announces = item.at[item.len - 1] == ':';
    return (reader->section == TOC_VALUE_APP_ID && shown == TOC_VALUE_DOMAIN) ||
           (reader->section == TOC_VALUE_CERTIFICATE && shown >= TOC_VALUE_MD5 &&
            shown <= TOC_VALUE_SHA512) ||
           (reader->section != TOC_VALUE_NONE && shown == TOC_VALUE_OTHER && !announces);
}

/* One word that makes the whole line. */
static struct toc_err read_single(struct toc_text_reader *reader, struct toc_span item, bool bullet)
{
    struct toc_value value;
    bool link = toc_url_scheme(item) > 0;
    item = link ? toc_text_cut_link(item) : item;
    if (toc_failed(toc_value_guess(&value, item))) {
        return toc_ok();
    }
    bool quoted = reader->references || (reader->in_paragraph && !bullet);
    if (value.kind == TOC_VALUE_URL && !value.defanged && link &&
        (quoted || toc_text_is_report(toc_span(value.bytes, value.len)))) {
        return toc_text_add_link(reader, item);
    }
    if (section_wins(reader, value.kind, item)) {
        return toc_text_add(reader, reader->section, item, toc_span("", 0));
    }
    if (value.kind == TOC_VALUE_OTHER) {
        return toc_text_read_prose(reader, item);
    }
    /* A lone word in a paragraph is its end. */
    if (value.kind == TOC_VALUE_DOMAIN && reader->in_paragraph && !bullet && !value.defanged) {
        return toc_ok();
    }
    return toc_text_add_made(reader, &value, item);
}

/* "MD5: ...", "sha256,...", "Domain - ...": a kind, a mark, its value. */
static struct toc_err read_labelled(struct toc_text_reader *reader, struct toc_span item,
                                    bool *done)
{
    struct toc_value value;
    size_t end = 0;
    while (end < item.len && end <= LABEL_BYTES_MAX && memchr(":=,|;\t", item.at[end], 6) == NULL &&
           !(item.at[end] == ' ' && end + 2 < item.len && item.at[end + 1] == '-' &&
             item.at[end + 2] == ' ')) {
        end++;
    }
    if (end == 0 || end >= item.len || end > LABEL_BYTES_MAX) {
        return toc_ok();
    }
    struct toc_span label = toc_text_trim(toc_span(item.at, end));
    enum toc_value_kind kind = toc_value_kind_find(label);
    struct toc_span rest = skip(item, end + (item.at[end] == ' ' ? 2 : 1));
    rest = strip_marks(toc_text_trim(rest));
    bool network = kind == TOC_VALUE_NONE || toc_text_is_strong(kind);
    if (kind == TOC_VALUE_OTHER || toc_value_class(kind) > TOC_VALUE_CLASS_INDICATOR ||
        rest.len == 0 || toc_failed(toc_value_guess(&value, rest))) {
        return toc_ok();
    }
    if (network && !toc_text_is_strong(value.kind) && value.kind != TOC_VALUE_FILENAME) {
        return toc_ok();
    }
    if (value.kind == TOC_VALUE_URL && !value.defanged && reader->references) {
        return toc_ok();
    }
    *done = true;
    return toc_text_add(reader, kind, rest, label);
}

/* Whether what follows the first word makes that word a value with a comment. */
static bool is_parting(struct toc_span rest)
{
    if (rest.at[0] == '\t' || memchr(",;|", rest.at[0], 3) != NULL) {
        return true;
    }
    return rest.len > 2 && rest.at[0] == ' ' && memchr(" -(#/|:", rest.at[1], 7) != NULL;
}

/* "<value> <comment>": hashes, addresses and defanged values with any comment, other values with
 * one that is set off. */
static struct toc_err read_leading(struct toc_text_reader *reader, struct toc_span item, bool *done)
{
    struct toc_value value;
    size_t end = 0;
    while (end < item.len && memchr(" \t,;|", item.at[end], 5) == NULL) {
        end++;
    }
    struct toc_span word = strip_marks(toc_span(item.at, end));
    if (end == item.len || word.len == 0 || toc_failed(toc_value_guess(&value, word)) ||
        !toc_text_is_strong(value.kind)) {
        return toc_ok();
    }
    struct toc_span rest = skip(item, end);
    bool hash = value.kind >= TOC_VALUE_MD5 && value.kind <= TOC_VALUE_SHA512;
    bool address = value.kind == TOC_VALUE_IP || value.kind == TOC_VALUE_CIDR;
    bool plain_link = value.kind == TOC_VALUE_URL && !value.defanged;
    if (!hash && !address && !value.defanged && (!is_parting(rest) || plain_link)) {
        return toc_ok();
    }
    *done = true;
    reader->base.note = toc_text_trim(skip(rest, 1));
    TOC_TRY(toc_text_add_made(reader, &value, word));
    reader->base.note = toc_span("", 0);
    return toc_text_read_prose(reader, rest);
}

struct toc_err toc_text_read_item(struct toc_text_reader *reader, struct toc_span item, bool *done)
{
    TOC_TRY(read_labelled(reader, item, done));
    return *done ? toc_ok() : read_leading(reader, item, done);
}

/* A row of a Markdown or AsciiDoc table: cells that are values count, the others are text. */
static struct toc_err read_cells(struct toc_text_reader *reader, struct toc_span line,
                                 uint8_t delimiter)
{
    struct toc_value value;
    size_t start = 0;
    for (size_t i = 0; i <= line.len; i++) {
        if (i < line.len && line.at[i] != delimiter) {
            continue;
        }
        struct toc_span cell = strip_marks(toc_text_trim(toc_span(line.at + start, i - start)));
        start = i + 1;
        if (cell.len == 0 || has_blank(cell) || toc_failed(toc_value_guess(&value, cell)) ||
            !toc_text_is_strong(value.kind) ||
            (value.kind == TOC_VALUE_URL && !value.defanged && delimiter == '|')) {
            TOC_TRY(toc_text_read_prose(reader, cell));
        } else {
            TOC_TRY(toc_text_add_made(reader, &value, cell));
        }
    }
    return toc_ok();
}

/* A line that is neither a heading nor one value. */
static struct toc_err read_mixed(struct toc_text_reader *reader, struct toc_span item)
{
    struct toc_value value;
    bool done = false;
    if (item.at[0] != '/' && !toc_failed(toc_value_guess(&value, item)) &&
        (value.kind == TOC_VALUE_PATH || value.kind == TOC_VALUE_REGISTRY ||
         (value.kind == TOC_VALUE_FILENAME && reader->shape == TOC_TEXT_TABLE))) {
        return toc_text_add_made(reader, &value, item);
    }
    TOC_TRY(toc_text_read_item(reader, item, &done));
    return done ? toc_ok() : toc_text_read_prose(reader, item);
}

struct toc_err toc_text_read_line(struct toc_text_reader *reader, struct toc_span line)
{
    bool bullet = false;
    uint32_t before = reader->facts->count;
    line = toc_text_trim(line);
    if (line.len == 0) {
        reader->in_paragraph = false;
        return toc_ok();
    }
    TOC_TRY(toc_text_read_marking(reader, line));
    if (toc_text_is_heading(reader, line)) {
        reader->in_paragraph = false;
        return toc_text_read_heading(reader, line);
    }
    if (line.at[0] == '|') {
        return read_cells(reader, line, '|');
    }
    struct toc_span item = strip_marks(strip_bullet(line, &bullet));
    item = strip_marks(strip_comment(reader, item));
    if (item.len == 0) {
        return toc_ok();
    }
    bool blank = has_blank(item);
    if (reader->shape == TOC_TEXT_TABLE && memchr(item.at, ',', item.len) != NULL) {
        bool done = false;
        TOC_TRY(read_labelled(reader, item, &done));
        TOC_TRY(done ? toc_ok() : read_cells(reader, item, ','));
    } else if (!blank && !has_mark(item)) {
        TOC_TRY(read_single(reader, item, bullet));
    } else {
        TOC_TRY(read_mixed(reader, item));
    }
    bool found = reader->facts->count > before;
    bool announces = item.at[item.len - 1] == ':' && !found;
    if (announces) {
        toc_text_announce(reader, item);
    }
    if (blank && !found && reader->line <= TITLE_LINES_MAX && reader->shape != TOC_TEXT_TABLE) {
        TOC_TRY(toc_text_add_title(reader, toc_span(item.at, item.len - announces)));
    }
    reader->in_paragraph = blank && !bullet && !found && item.at[item.len - 1] != ':';
    return toc_ok();
}
