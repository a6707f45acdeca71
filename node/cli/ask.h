/* SPDX-License-Identifier: EUPL-1.2 */
/* Private to cli: asking the node, and its rows as JSON. */
#ifndef TOC_ASK_H
#define TOC_ASK_H

#include "api.h"
#include "command.h"
#include "term.h"

/* One connection to the node. */
struct toc_ask {
    struct toc_client *client;
    struct toc_build request;
    struct toc_line line;
    struct toc_message row; /* the current one; lends until the next */
    enum toc_exit status;   /* of the last request, once its rows have ended */
    bool quiet;             /* leave the complaint to the caller: `line` holds it */
};

/* Connects to the node of the home that `args` name. Gives false after complaining (ask->status).
 * End with toc_ask_close; after a failure that changes nothing. */
bool toc_ask_open(struct toc_ask *ask, const struct toc_args *args);
/* The same without a complaint: ask->line holds it. */
bool toc_ask_try(struct toc_ask *ask, const struct toc_args *args);
/* Starts a request: sets COMMAND; the caller adds fields to ask->request in ascending order. */
void toc_ask_begin(struct toc_ask *ask, const char *command);
/* Sends what was built. False after complaining. */
bool toc_ask_send(struct toc_ask *ask);
/* Reads the next row into ask->row. False after the last row or after a failure, which has then
 * been complained about (unless `quiet`); ask->status tells. */
bool toc_ask_next(struct toc_ask *ask);
void toc_ask_close(struct toc_ask *ask);

/* Adds the audience `--to` as texts: comma-separated. */
void toc_ask_audience(struct toc_ask *ask, const char *to);

/* A row of the node as one line of JSON. Keys of `wanted` (NULL: none; ended by 0) that the row
 * lacks are printed as null, false or []. */
void toc_row_json(FILE *out, const struct toc_message *row, const enum toc_field *wanted);

/* cells */

/* Text of an id: whole, or its first TOC_ID_TEXT_CHARS_MIN characters where `out` is a terminal. */
struct toc_id_cell {
    char text[TOC_ID_TEXT_BYTES];
};
struct toc_id_cell toc_cell_id(FILE *out, const struct toc_message *row, enum toc_field field);
/* A list of texts joined by ", " into `text` (terminated, cut where it is full). */
void toc_cell_list(char *text, size_t text_bytes, const struct toc_message *row,
                   enum toc_field field);
/* The word that goes with a number. */
const char *toc_plural(uint64_t count, const char *one, const char *many);
/* Bytes as "1.2 MiB"; time spans as "3 d 4 h". */
#define TOC_CELL_BYTES 32u
void toc_cell_size(char text[static TOC_CELL_BYTES], uint64_t bytes);
void toc_cell_span(char text[static TOC_CELL_BYTES], uint64_t ms);
/* A difference with its sign, to the nearest ms below 10 s, s below 2 min, min below 1 h; above, h
 * and min: "+120 ms", "-12 s", "+1 h". */
void toc_cell_offset(char text[static TOC_CELL_BYTES], int64_t ms);
/* OBJECTS, INDICATORS, WARNINGS and FACT_COUNTS of a row. */
void toc_show_counts(FILE *out, const struct toc_message *row);

#endif
