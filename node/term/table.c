/* SPDX-License-Identifier: EUPL-1.2 */
#include "term.h"

#include <stdlib.h>
#include <string.h>

#define TABLE_GAP 2u       /* blanks between columns */
#define TABLE_LAST_MIN 20u /* the last column is never cut below this */
#define TABLE_GROWTH 64u   /* cells */

void toc_table_init(struct toc_table *table, FILE *out, const char *const *header,
                    size_t column_count)
{
    TOC_ASSERT(column_count > 0 && column_count <= TOC_TABLE_COLUMNS_MAX);
    *table = (struct toc_table){.out = out,
                                .terminal = toc_term_is_terminal(out),
                                .column_count = column_count,
                                .header = header};
}

static bool has_room(struct toc_table *table)
{
    if (table->cell_count < table->cell_max) {
        return true;
    }
    size_t wanted = table->cell_max == 0 ? TABLE_GROWTH : table->cell_max * 2;
    char **grown = realloc(table->cells, wanted * sizeof *grown);
    if (grown == NULL) {
        return false;
    }
    table->cells = grown;
    table->cell_max = wanted;
    return true;
}

static void print_separated(FILE *out, struct toc_span text, bool last)
{
    toc_term_text(out, text, TOC_TERM_LINE);
    (void)fputc(last ? '\n' : '\t', out);
}

/* A cell is kept with its length before it, because text from elsewhere may hold zero bytes. */
void toc_table_cell(struct toc_table *table, struct toc_span text)
{
    char *copy = NULL;
    /* Pipes and files get their rows at once: a million answers need no memory. */
    if (!table->terminal && !table->kept) {
        table->cell_count++;
        print_separated(table->out, text, table->cell_count % table->column_count == 0);
        return;
    }
    if (!table->failed && has_room(table)) {
        copy = malloc(sizeof text.len + text.len);
    }
    if (copy == NULL) {
        table->failed = true;
        return;
    }
    memcpy(copy, &text.len, sizeof text.len);
    if (text.len > 0) {
        memcpy(copy + sizeof text.len, text.at, text.len);
    }
    table->cells[table->cell_count++] = copy;
}

void toc_table_text(struct toc_table *table, const char *text)
{
    toc_table_cell(table, text == NULL ? toc_span(NULL, 0) : toc_span(text, strlen(text)));
}

void toc_table_uint(struct toc_table *table, uint64_t value)
{
    char text[24];
    (void)snprintf(text, sizeof text, "%llu", (unsigned long long)value);
    toc_table_text(table, text);
}

static struct toc_span cell_at(const struct toc_table *table, size_t index)
{
    size_t len;
    memcpy(&len, table->cells[index], sizeof len);
    return toc_span(table->cells[index] + sizeof len, len);
}

static void print_padding(FILE *out, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        (void)fputc(' ', out);
    }
}

static void measure(const struct toc_table *table, size_t widths[static TOC_TABLE_COLUMNS_MAX])
{
    for (size_t i = 0; i < table->column_count; i++) {
        widths[i] = strlen(table->header[i]);
    }
    for (size_t i = 0; i < table->cell_count; i++) {
        size_t width = toc_term_width(cell_at(table, i));
        size_t column = i % table->column_count;
        if (width > widths[column]) {
            widths[column] = width;
        }
    }
}

/* What the last column may fill, so that a row stays on one line of the terminal. */
static size_t last_width(const struct toc_table *table, const size_t *widths)
{
    size_t columns = toc_term_columns(table->out), used = 0;
    for (size_t i = 0; i + 1 < table->column_count; i++) {
        used += widths[i] + TABLE_GAP;
    }
    if (columns == 0) {
        return SIZE_MAX;
    }
    return columns < used + TABLE_LAST_MIN ? TABLE_LAST_MIN : columns - used;
}

static void print_aligned(const struct toc_table *table)
{
    size_t widths[TOC_TABLE_COLUMNS_MAX];
    measure(table, widths);
    size_t last = table->column_count - 1, last_max = last_width(table, widths);
    toc_term_colour(table->out, TOC_TERM_BOLD);
    for (size_t i = 0; i <= last; i++) {
        (void)fputs(table->header[i], table->out);
        print_padding(table->out, i == last ? 0 : widths[i] + TABLE_GAP - strlen(table->header[i]));
    }
    toc_term_colour(table->out, TOC_TERM_PLAIN);
    (void)fputc('\n', table->out);
    for (size_t i = 0; i < table->cell_count; i++) {
        struct toc_span cell = cell_at(table, i);
        size_t column = i % table->column_count, width = toc_term_width(cell);
        bool cut = column == last && width > last_max;
        toc_term_text(table->out, cut ? toc_term_cut(cell, last_max - 1) : cell, TOC_TERM_LINE);
        (void)fputs(cut ? "…" : "", table->out);
        if (column == last) {
            (void)fputc('\n', table->out);
        } else {
            print_padding(table->out, widths[column] + TABLE_GAP - width);
        }
    }
}

struct toc_err toc_table_end(struct toc_table *table)
{
    bool failed = table->failed;
    if (!failed) {
        TOC_ASSERT(table->cell_count % table->column_count == 0);
    }
    if (!failed && table->terminal && table->cell_count > 0) {
        print_aligned(table);
    }
    for (size_t i = 0; !failed && !table->terminal && table->kept && i < table->cell_count; i++) {
        print_separated(table->out, cell_at(table, i), (i + 1) % table->column_count == 0);
    }
    for (size_t i = 0; table->cells != NULL && i < table->cell_count; i++) {
        free(table->cells[i]);
    }
    free(table->cells);
    toc_table_init(table, table->out, table->header, table->column_count);
    return failed ? toc_fail(TOC_FULL, "no memory for the table") : toc_ok();
}
