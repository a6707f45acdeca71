/* SPDX-License-Identifier: EUPL-1.2 */
#include "ask.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define QUERY_ROWS_TERMINAL 50u /* two screens; pipes, files and JSON get everything */
#define QUERY_TEXT_BYTES 4096u  /* the node's own bound */

static const enum toc_field bulletin_keys[] = {TOC_FIELD_ID,
                                               TOC_FIELD_REF,
                                               TOC_FIELD_AUTHOR,
                                               TOC_FIELD_KIND,
                                               TOC_FIELD_SEVERITY,
                                               TOC_FIELD_TLP,
                                               TOC_FIELD_TITLE,
                                               TOC_FIELD_PUBLISHED,
                                               TOC_FIELD_GROUPS,
                                               TOC_FIELD_STATUS,
                                               0};

/* The words of the command line are one expression; a word with blanks was quoted for the shell
 * and is quoted for the query. */
static bool join_words(char text[static QUERY_TEXT_BYTES], const struct toc_args *args)
{
    size_t len = 0;
    for (size_t i = 0; i < args->operand_count; i++) {
        int more = snprintf(text + len, QUERY_TEXT_BYTES - len, "%s%s", i == 0 ? "" : " ",
                            args->operands[i]);
        if (more < 0 || len + (size_t)more >= QUERY_TEXT_BYTES) {
            return false;
        }
        len += (size_t)more;
    }
    text[len] = '\0';
    return true;
}

static bool read_limit(const struct toc_args *args, uint64_t *limit)
{
    const char *text = toc_args_value(args, "limit");
    char *end = NULL;
    bool terminal = toc_term_is_terminal(stdout) && !toc_args_has(args, "json");
    *limit = terminal ? QUERY_ROWS_TERMINAL : 0;
    if (text == NULL) {
        return true;
    }
    errno = 0;
    *limit = strtoull(text, &end, 10);
    return errno == 0 && text[0] >= '0' && text[0] <= '9' && *end == '\0' && *limit <= UINT32_MAX;
}

static void add_row(struct toc_table *table, const struct toc_message *row)
{
    char time[TOC_TERM_TIME_BYTES];
    struct toc_id_cell id = toc_cell_id(stdout, row, TOC_FIELD_ID);
    toc_table_text(table, id.text);
    toc_term_time(time, toc_message_number(row, TOC_FIELD_PUBLISHED));
    toc_table_text(table, time);
    static const enum toc_field texts[] = {TOC_FIELD_AUTHOR, TOC_FIELD_TLP, TOC_FIELD_SEVERITY,
                                           TOC_FIELD_KIND,   TOC_FIELD_REF, TOC_FIELD_TITLE};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct toc_span text = toc_message_text(row, texts[i]);
        toc_table_cell(table, text.len == 0 ? toc_span_str("-") : text);
    }
}

static enum toc_exit ask_query(struct toc_ask *ask, const struct toc_args *args, const char *text,
                               uint64_t limit)
{
    static const char *const header[] = {"ID",       "PUBLISHED", "AUTHOR", "TLP",
                                         "SEVERITY", "KIND",      "REF",    "TITLE"};
    struct toc_table table;
    uint64_t count = 0;
    toc_ask_begin(ask, "query");
    toc_build_str(&ask->request, TOC_FIELD_EXPRESSION, text);
    toc_build_number(&ask->request, TOC_FIELD_LIMIT, limit);
    bool sent = toc_ask_send(ask);
    toc_table_init(&table, stdout, header, sizeof header / sizeof header[0]);
    while (sent && toc_ask_next(ask)) {
        count++;
        if (toc_args_has(args, "json")) {
            toc_row_json(stdout, &ask->row, bulletin_keys);
        } else {
            add_row(&table, &ask->row);
        }
    }
    struct toc_err err = toc_table_end(&table);
    if (toc_failed(err)) {
        return toc_complain_err(err, NULL);
    }
    if (limit > 0 && count == limit && toc_term_is_terminal(stdout)) {
        (void)fprintf(stderr, "The newest %llu; --limit 0 shows all.\n", (unsigned long long)limit);
    }
    return ask->status;
}

static enum toc_exit run(const struct toc_args *args)
{
    struct toc_ask ask;
    char text[QUERY_TEXT_BYTES];
    uint64_t limit = 0;
    if (!join_words(text, args)) {
        return toc_complain_usage(args, "the query is longer than %u bytes", QUERY_TEXT_BYTES - 1);
    }
    if (!read_limit(args, &limit)) {
        return toc_complain_usage(args, "--limit %s: wanted a number",
                                  toc_args_value(args, "limit"));
    }
    if (!toc_ask_open(&ask, args)) {
        return ask.status;
    }
    enum toc_exit status = ask_query(&ask, args, text, limit);
    toc_ask_close(&ask);
    return toc_finish_output(status);
}

static const struct toc_option options[] = {
    {"limit", 'n', "N", "rows at most, newest first; 0: all (default on a terminal: 50)"},
    {0},
};

const struct toc_command toc_command_query = {
    .name = "query",
    .operands = "[TERM]...",
    .summary = "asks the local replica for bulletins, newest first",
    .detail =
        "\nTerms are joined by AND, a leading - negates: `tocsin query 'severity>=high' target:fr "
        "-tlp:clear`.\nQuote terms with > or <, which the shell takes for itself. Fields: id, "
        "author, "
        "kind, severity, tlp,\ncve, target, ioc, ip, domain, hash, url, since (received), "
        "published. "
        "ioc:VALUE is an indicator of\nany kind, ioc:KIND:VALUE of one; domain: finds a name and "
        "what names a domain above it, *.NAME all\nbelow it. Without a term: everything.",
    .options = options,
    .json = true,
    .node = true,
    .terms = true,
    .operand_max = SIZE_MAX,
    .run = run,
};
