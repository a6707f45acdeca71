/* SPDX-License-Identifier: EUPL-1.2 */
/* The state of one reading, and what the files of this room share. */
#ifndef TOC_TEXT_READER_H
#define TOC_TEXT_READER_H

#include "text.h"

/* What a column holds. */
enum toc_text_role {
    TOC_ROLE_NONE,
    TOC_ROLE_VALUE, /* of the kind that the type column says, else as it shows */
    TOC_ROLE_TYPE,
    TOC_ROLE_KIND, /* of the kind that the header says */
    TOC_ROLE_NAME, /* a note, or the value where there is no other */
    TOC_ROLE_NOTE,
    TOC_ROLE_TO_IDS,
    TOC_ROLE_FROM,
    TOC_ROLE_UNTIL,
    TOC_ROLE_CONFIDENCE,
    TOC_ROLE_TLP,
    TOC_ROLE_REFERENCE,
};

struct toc_text_header {
    uint32_t count; /* columns; 0: there is no header */
    uint8_t delimiter;
    int32_t value; /* columns by role, -1: none */
    int32_t type;
    enum toc_text_role roles[TOC_TEXT_CELLS_MAX];
    enum toc_value_kind kinds[TOC_TEXT_CELLS_MAX]; /* of columns with ROLE_KIND */
};

/* One row, its cells trimmed and without quotes. */
struct toc_text_row {
    uint32_t count;
    struct toc_span cells[TOC_TEXT_CELLS_MAX];
    uint8_t bytes[TOC_TEXT_ROW_BYTES_MAX];
};

struct toc_text_reader {
    struct toc_facts *facts;
    struct toc_fact base; /* what all facts of the line at hand share */
    struct toc_span text; /* UTF-8 */
    size_t at;            /* next line */
    uint32_t line;        /* its number, from 1 */
    uint32_t group;
    enum toc_text_shape shape;
    enum toc_value_kind section; /* kind that the last heading announces; NONE: none */
    bool references;             /* the last heading announces references */
    bool in_paragraph;           /* the line before is running text that goes on */
    bool titled;
    struct toc_text_header header;
    struct toc_text_header found; /* own memory of toc_text_find_header */
    struct toc_text_row row;
};

/* ---- decode.c: text as UTF-8 */

/* Gives *text within `bytes`, or in *owned (to be freed) when it had to be converted; *legacy says
 * that it was read as windows-1252. Fails: FULL. */
TOC_MUST_USE struct toc_err toc_text_decode(struct toc_span bytes, uint8_t **owned,
                                            struct toc_span *text, bool *legacy);

/* ---- table.c, row.c: rows and columns */

/* Splits the row at `at` into reader->row; gives the offset of the next row, and the lines that
 * this one takes in *lines. A row beyond TOC_TEXT_ROW_BYTES_MAX is one empty cell. */
size_t toc_text_split(struct toc_text_reader *reader, size_t at, uint8_t delimiter,
                      uint32_t *lines);
/* Reads the line at reader->at as a header; false when it is none (the header is as before). */
bool toc_text_find_header(struct toc_text_reader *reader, struct toc_span line);
/* Facts of reader->row by the columns of reader->header. */
TOC_MUST_USE struct toc_err toc_text_read_row(struct toc_text_reader *reader);

/* ---- heading.c: what lines announce */

/* Lines that begin with "#" are headings of Markdown, comments elsewhere; both announce. */
bool toc_text_is_heading(const struct toc_text_reader *reader, struct toc_span line);
/* Its links, what it announces, its title. */
TOC_MUST_USE struct toc_err toc_text_read_heading(struct toc_text_reader *reader,
                                                  struct toc_span line);
/* Remembers what the lines below hold. */
void toc_text_announce(struct toc_text_reader *reader, struct toc_span heading);
/* The first title counts; one that is too long is none. */
TOC_MUST_USE struct toc_err toc_text_add_title(struct toc_text_reader *reader,
                                               struct toc_span text);
/* "TLP:AMBER" in a short line is the document's own marking. */
TOC_MUST_USE struct toc_err toc_text_read_marking(struct toc_text_reader *reader,
                                                  struct toc_span line);

/* ---- line.c: lists */

/* One line, whatever it is. */
TOC_MUST_USE struct toc_err toc_text_read_line(struct toc_text_reader *reader,
                                               struct toc_span line);
/* "label: value" and "value comment"; `*done` says whether it was one of them. */
TOC_MUST_USE struct toc_err toc_text_read_item(struct toc_text_reader *reader, struct toc_span item,
                                               bool *done);

/* ---- prose.c: running text */

/* References, hashes, defanged values and ids among the words of a line. */
TOC_MUST_USE struct toc_err toc_text_read_prose(struct toc_text_reader *reader,
                                                struct toc_span line);
/* Only the links, as references. */
TOC_MUST_USE struct toc_err toc_text_read_links(struct toc_text_reader *reader,
                                                struct toc_span line);
/* A link goes up to the mark of the markup around it: "link[title", "link]". Brackets that defang
 * and those of an IPv6 address belong to it. */
struct toc_span toc_text_cut_link(struct toc_span word);
/* Whether a link leads to a service that analyses or reports, and is no indicator even where one
 * stands alone on its line. */
bool toc_text_is_report(struct toc_span url);

/* ---- shared by all */

/* Without ASCII and Unicode blanks at both ends. */
struct toc_span toc_text_trim(struct toc_span text);
/* Adds a value of a kind (NONE: as it shows) with reader->base and further flags; the kind's own
 * name for the case that it is unknown. */
TOC_MUST_USE struct toc_err toc_text_add(struct toc_text_reader *reader, enum toc_value_kind kind,
                                         struct toc_span text, struct toc_span kind_name);
/* The same for a value that is made already. */
TOC_MUST_USE struct toc_err toc_text_add_made(struct toc_text_reader *reader,
                                              const struct toc_value *value, struct toc_span text);
/* A link as reference. */
TOC_MUST_USE struct toc_err toc_text_add_link(struct toc_text_reader *reader, struct toc_span link);
/* Whether a kind can be met in a log and is told by its form: addresses, names, hashes. */
bool toc_text_is_strong(enum toc_value_kind kind);

#endif
