/* SPDX-License-Identifier: EUPL-1.2 */
#include "ask.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Values of one request: the first answers come early, and memory stays small. */
#define LOOKUP_BATCH 1000u
#define PLACE_BYTES 48u /* of an object id or a column: enough to find it again */
_Static_assert(LOOKUP_BATCH <= TOC_LOOKUP_VALUES_MAX, "the node takes that many");

static const enum toc_field lookup_keys[] = {TOC_FIELD_VALUE, TOC_FIELD_KIND, TOC_FIELD_KNOWN,
                                             TOC_FIELD_BULLETINS, 0};

struct lookup {
    struct toc_ask ask;
    const struct toc_args *args;
    struct toc_table table;
    bool json, why, failed;
    uint64_t known_count;
    struct toc_span batch[LOOKUP_BATCH];
    size_t batch_count;
};

/* answers */

/* "document 1, line 7, indicator--395c91c0": as far as the source has them. */
static void make_place(char *text, size_t text_bytes, const struct toc_message *bulletin)
{
    char line[32] = "";
    struct toc_span at = toc_message_text(bulletin, TOC_FIELD_PLACE);
    if (toc_message_has(bulletin, TOC_FIELD_TEXT_LINE)) {
        (void)snprintf(line, sizeof line, ", line %llu",
                       (unsigned long long)toc_message_number(bulletin, TOC_FIELD_TEXT_LINE));
    }
    (void)snprintf(text, text_bytes, "document %llu%s%s%.*s",
                   (unsigned long long)toc_message_number(bulletin, TOC_FIELD_DOCUMENT), line,
                   at.len > 0 ? ", " : "", at.len < PLACE_BYTES ? (int)at.len : (int)PLACE_BYTES,
                   at.len > 0 ? (const char *)at.at : "");
}

static void add_bulletin(struct lookup *lookup, const struct toc_message *row,
                         const struct toc_message *bulletin)
{
    char place[160] = "-";
    struct toc_span indicator = toc_message_text(row, TOC_FIELD_INDICATOR);
    struct toc_id_cell id = {"-"};
    toc_table_cell(&lookup->table, toc_message_text(row, TOC_FIELD_WRITTEN));
    toc_table_text(&lookup->table, "known");
    toc_table_cell(&lookup->table, toc_message_text(row, TOC_FIELD_KIND));
    toc_table_cell(&lookup->table,
                   indicator.len > 0 ? indicator : toc_message_text(row, TOC_FIELD_VALUE));
    if (bulletin != NULL) {
        id = toc_cell_id(stdout, bulletin, TOC_FIELD_ID);
    }
    toc_table_text(&lookup->table, id.text);
    static const enum toc_field texts[] = {TOC_FIELD_TLP, TOC_FIELD_AUTHOR};
    for (size_t i = 0; i < 2; i++) {
        toc_table_cell(&lookup->table,
                       bulletin == NULL ? toc_span_str("-") : toc_message_text(bulletin, texts[i]));
    }
    if (lookup->why && bulletin != NULL) {
        make_place(place, sizeof place, bulletin);
    }
    if (lookup->why) {
        toc_table_text(&lookup->table, place);
        toc_table_cell(&lookup->table, bulletin == NULL
                                           ? toc_span_str("-")
                                           : toc_message_text(bulletin, TOC_FIELD_COMMENT));
    }
    toc_table_cell(&lookup->table, bulletin == NULL ? toc_span_str("-")
                                                    : toc_message_text(bulletin, TOC_FIELD_TITLE));
}

static void add_unknown(struct lookup *lookup, const struct toc_message *row)
{
    toc_table_cell(&lookup->table, toc_message_text(row, TOC_FIELD_WRITTEN));
    toc_table_text(&lookup->table, "unknown");
    toc_table_cell(&lookup->table, toc_message_text(row, TOC_FIELD_KIND));
    for (size_t i = 3; i < lookup->table.column_count; i++) {
        toc_table_text(&lookup->table, "-");
    }
}

static void take_row(struct lookup *lookup)
{
    const struct toc_message *row = &lookup->ask.row;
    bool known = toc_message_flag(row, TOC_FIELD_KNOWN);
    lookup->known_count += known;
    struct toc_span host = toc_message_text(row, TOC_FIELD_HOST_KNOWN);
    if (host.len > 0) {
        (void)toc_complain(TOC_EXIT_DONE, "the host %.*s is known: try --hosts", (int)host.len,
                           (const char *)host.at);
    }
    if (lookup->json) {
        toc_row_json(stdout, row, lookup_keys);
        return;
    }
    if (!known) {
        add_unknown(lookup, row);
        return;
    }
    struct toc_items items;
    struct toc_message bulletin;
    if (toc_message_list(row, TOC_FIELD_BULLETINS, &items) == 0) {
        add_bulletin(lookup, row, NULL);
    }
    while (toc_items_row(&items, &bulletin)) {
        add_bulletin(lookup, row, &bulletin);
    }
}

/* questions */

static bool flush(struct lookup *lookup)
{
    if (lookup->batch_count == 0) {
        return true;
    }
    struct toc_ask *ask = &lookup->ask;
    toc_ask_begin(ask, "lookup");
    toc_build_texts(&ask->request, TOC_FIELD_VALUES, lookup->batch, lookup->batch_count);
    if (toc_args_has(lookup->args, "hosts")) {
        toc_build_flag(&ask->request, TOC_FIELD_HOSTS, true);
    }
    if (lookup->why) {
        toc_build_flag(&ask->request, TOC_FIELD_WHY, true);
    }
    lookup->batch_count = 0;
    bool sent = toc_ask_send(ask);
    while (sent && toc_ask_next(ask)) {
        take_row(lookup);
    }
    lookup->failed = !sent || ask->status > TOC_EXIT_NOTHING;
    return !lookup->failed;
}

static bool take_value(struct lookup *lookup, struct toc_span value)
{
    lookup->batch[lookup->batch_count++] = value;
    return lookup->batch_count < LOOKUP_BATCH || flush(lookup);
}

/* Values from stdin, one a line; the lines of a batch stay until it is answered. */
static bool take_stdin(struct lookup *lookup)
{
    char *lines[LOOKUP_BATCH] = {NULL};
    size_t sizes[LOOKUP_BATCH] = {0};
    bool going = flush(lookup);
    while (going) {
        size_t at = lookup->batch_count;
        ssize_t len = getline(&lines[at], &sizes[at], stdin);
        if (len < 0) {
            break;
        }
        while (len > 0 && strchr("\r\n \t", lines[at][len - 1]) != NULL) {
            len--;
        }
        size_t blank = strspn(lines[at], " \t");
        blank = blank < (size_t)len ? blank : (size_t)len;
        struct toc_span value = toc_span(lines[at] + blank, (size_t)len - blank);
        bool is_remark = value.len > 0 && value.at[0] == '#';
        going = value.len == 0 || is_remark || take_value(lookup, value);
    }
    going = going && flush(lookup);
    for (size_t i = 0; i < LOOKUP_BATCH; i++) {
        free(lines[i]);
    }
    return going;
}

static void ask_all(struct lookup *lookup)
{
    bool going = true;
    for (size_t i = 0; going && i < lookup->args->operand_count; i++) {
        const char *value = lookup->args->operands[i];
        if (value[strspn(value, " \t\r\n")] == '\0') {
            lookup->ask.status = toc_complain_usage(lookup->args, "an empty value");
            lookup->failed = true;
            return;
        }
        going =
            strcmp(value, "-") == 0 ? take_stdin(lookup) : take_value(lookup, toc_span_str(value));
    }
    if (going) {
        (void)flush(lookup);
    }
}

static enum toc_exit run(const struct toc_args *args)
{
    static const char *const header[] = {"VALUE",    "ANSWER", "KIND",   "INDICATOR",
                                         "BULLETIN", "TLP",    "AUTHOR", "TITLE"};
    static const char *const header_why[] = {"VALUE", "ANSWER", "KIND",  "INDICATOR", "BULLETIN",
                                             "TLP",   "AUTHOR", "PLACE", "COMMENT",   "TITLE"};
    static struct lookup lookup;
    lookup.args = args;
    lookup.json = toc_args_has(args, "json");
    lookup.why = toc_args_has(args, "why");
    if (!toc_ask_open(&lookup.ask, args)) {
        return lookup.ask.status;
    }
    toc_table_init(&lookup.table, stdout, lookup.why ? header_why : header, lookup.why ? 10 : 8);
    ask_all(&lookup);
    struct toc_err err = toc_table_end(&lookup.table);
    toc_ask_close(&lookup.ask);
    if (toc_failed(err)) {
        return toc_complain_err(err, NULL);
    }
    if (lookup.failed) {
        return toc_finish_output(lookup.ask.status);
    }
    return toc_finish_output(lookup.known_count > 0 ? TOC_EXIT_DONE : TOC_EXIT_NOTHING);
}

static const struct toc_option options[] = {
    {"why", 0, NULL, "one row for each place where a bulletin names the value"},
    {"hosts", 0, NULL, "URLs and mail addresses, asked or held, answer by their host too"},
    {0},
};

const struct toc_command toc_command_lookup = {
    .name = "lookup",
    .operands = "VALUE...|-",
    .summary = "answers for each value whether we know it; - reads values from stdin",
    .detail = "\nAddresses, networks (192.0.2.0/24: every indicator inside), domains (a name below "
              "a known one is\nknown too), *.example.com (every name below it), URLs, hashes, mail "
              "addresses, CVE ids and\nanything else that a bulletin may name; defanged spellings "
              "too. Exit 0 when at least one value\nis known.",
    .options = options,
    .json = true,
    .node = true,
    .operand_min = 1,
    .operand_max = SIZE_MAX,
    .run = run,
};
