/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * term: what a person or a pipe reads. Escaping of everything that came from elsewhere, tables,
 * JSON Lines, prompts. Nothing printed through this room can move a cursor, change a colour, turn
 * the direction of writing or forge a column.
 */
#ifndef TOC_TERM_H
#define TOC_TERM_H

#include <stdio.h>

#include "base.h"

/* text */

enum toc_term_style {
    TOC_TERM_LINE,  /* one line: line ends and tabs are shown as \n and \t */
    TOC_TERM_LINES, /* line feeds and tabs pass, for running text */
};

/*
 * Writes text that may come from anybody. Control characters (C0, DEL, C1), line and paragraph
 * separators, marks that turn the direction of writing, invisible tags and bytes that are no valid
 * UTF-8 are shown as \x1b or \u{202e}. `out` may be a terminal, a pipe or a file alike.
 */
void toc_term_text(FILE *out, struct toc_span text, enum toc_term_style style);
/* The same for a terminated string as one line; NULL prints nothing. */
void toc_term_print(FILE *out, const char *text);
/* Columns that toc_term_text fills on a terminal for one line. */
size_t toc_term_width(struct toc_span text);
/* The longest beginning of `text` that fills at most `columns`, cut between characters. */
struct toc_span toc_term_cut(struct toc_span text, size_t columns);

/* Whether stdout or stderr is a terminal, and its width in columns (0: no terminal or unknown). */
bool toc_term_is_terminal(FILE *out);
size_t toc_term_columns(FILE *out);

enum toc_term_colour { TOC_TERM_PLAIN, TOC_TERM_BOLD, TOC_TERM_RED, TOC_TERM_YELLOW };
/* Switches the colour on terminals; does nothing elsewhere, with NO_COLOR set (no-color.org) or
 * with TERM=dumb. Switch back with TOC_TERM_PLAIN. */
void toc_term_colour(FILE *out, enum toc_term_colour colour);

/* UTC time as 2026-01-31T12:00:00Z; "-" for 0. `out` is terminated. */
#define TOC_TERM_TIME_BYTES 32u
void toc_term_time(char out[static TOC_TERM_TIME_BYTES], uint64_t utc_ms);

/* tables */

#define TOC_TABLE_COLUMNS_MAX 16u /* more do not fit on any screen */

/* Rows of cells: aligned under a header where `out` is a terminal (cells are copied to the heap,
 * the last column is cut to the width of the screen), else tab-separated without one and printed at
 * once. */
struct toc_table {
    FILE *out;
    bool terminal;
    bool kept; /* the caller may set it after init: rows wait for the end in pipes too */
    size_t column_count;
    const char *const *header;
    char **cells; /* own; row by row */
    size_t cell_count, cell_max;
    bool failed; /* out of memory: toc_table_end says so */
};

/* Lends: header, an array of column_count strings, until toc_table_end. */
void toc_table_init(struct toc_table *table, FILE *out, const char *const *header,
                    size_t column_count);
/* Adds the next cell, row by row from the left. */
void toc_table_cell(struct toc_table *table, struct toc_span text);
void toc_table_text(struct toc_table *table, const char *text);
void toc_table_uint(struct toc_table *table, uint64_t value);
/* Prints and frees; the table is empty again. Fails: FULL (no memory; nothing printed). */
TOC_MUST_USE struct toc_err toc_table_end(struct toc_table *table);

/* JSON Lines */

#define TOC_JSONL_DEPTH_MAX 16u

/* Writes JSON that is safe on a terminal too: everything that toc_term_text would escape is
 * written as \u escapes, and bytes that are no UTF-8 as U+FFFD. */
struct toc_jsonl {
    FILE *out;
    size_t depth;
    bool filled[TOC_JSONL_DEPTH_MAX];
    bool array[TOC_JSONL_DEPTH_MAX];
};

void toc_jsonl_init(struct toc_jsonl *json, FILE *out);
/* Opens an object or array; `key` NULL inside arrays and at the top. */
void toc_jsonl_object(struct toc_jsonl *json, const char *key);
void toc_jsonl_array(struct toc_jsonl *json, const char *key);
/* Closes the innermost; a line feed follows at the top. */
void toc_jsonl_close(struct toc_jsonl *json);
void toc_jsonl_str(struct toc_jsonl *json, const char *key, struct toc_span value);
void toc_jsonl_text(struct toc_jsonl *json, const char *key, const char *value);
void toc_jsonl_uint(struct toc_jsonl *json, const char *key, uint64_t value);
void toc_jsonl_int(struct toc_jsonl *json, const char *key, int64_t value);
void toc_jsonl_bool(struct toc_jsonl *json, const char *key, bool value);
void toc_jsonl_null(struct toc_jsonl *json, const char *key);
/* A time as RFC 3339 in UTC with milliseconds, null for 0. */
void toc_jsonl_time(struct toc_jsonl *json, const char *key, uint64_t utc_ms);

/* questions */

/* Whether a question can be asked: stdin and stderr are terminals. */
bool toc_prompt_possible(void);
/* Asks "question [y/N] "; true for y or yes. False where nothing can be asked. */
bool toc_prompt_yes(const char *question);

/* progress */

/* A bar on stderr that appears after a second, on terminals alone. */
struct toc_progress {
    const char *what;
    uint64_t started_ms, shown_ms;
    bool shown;
};
/* Lends: what, until toc_progress_end. */
void toc_progress_begin(struct toc_progress *progress, const char *what);
void toc_progress_step(struct toc_progress *progress, uint64_t done, uint64_t total);
/* Removes the bar. */
void toc_progress_end(struct toc_progress *progress);

#endif
