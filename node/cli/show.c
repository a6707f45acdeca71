/* SPDX-License-Identifier: EUPL-1.2 */
#include "ask.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SHOW_FACTS_TERMINAL 60u /* indicators shown without --facts; bundles hold thousands */

static const enum toc_field bulletin_keys[] = {
    TOC_FIELD_ID,       TOC_FIELD_REF,    TOC_FIELD_AUTHOR,    TOC_FIELD_KIND,
    TOC_FIELD_SEVERITY, TOC_FIELD_TLP,    TOC_FIELD_TITLE,     TOC_FIELD_PUBLISHED,
    TOC_FIELD_GROUPS,   TOC_FIELD_STATUS, TOC_FIELD_DOCUMENTS, 0};

#define NAME_KINDS 8u
#define NAMES_BYTES 2048u /* of one line of names; more are told by their count alone */

/* Names that the facts of a bulletin give, gathered into one line a kind. */
struct names {
    char text[NAMES_BYTES];
    size_t len;
    uint64_t left_out;
};

static const struct {
    const char *kind, *label;
    bool written; /* shown as the source spells it */
} name_kinds[NAME_KINDS] = {
    {"actor", "actors", true}, {"campaign", "campaigns", true},    {"malware", "malware", true},
    {"tool", "tools", true},   {"target", "targets", false},       {"sector", "sectors", false},
    {"cve", "CVEs", false},    {"technique", "techniques", false},
};

struct show {
    struct toc_ask ask;
    const struct toc_args *args;
    bool json, facts;
    uint64_t fact_count, hidden_count;
    struct toc_table table;
    struct names names[NAME_KINDS];
};

/* a bulletin */

static void show_list(const struct toc_message *row, const char *label, enum toc_field field)
{
    char text[2048];
    toc_cell_list(text, sizeof text, row, field);
    toc_show_pair(stdout, label, toc_span(text, strlen(text)));
}

static void show_time(const struct toc_message *row, const char *label, enum toc_field field)
{
    char time[TOC_TERM_TIME_BYTES];
    if (toc_message_has(row, field)) {
        toc_term_time(time, toc_message_number(row, field));
        toc_show_text(label, time);
    }
}

static void show_head(const struct toc_message *row)
{
    if (toc_message_flag(row, TOC_FIELD_EXERCISE)) {
        toc_term_colour(stdout, TOC_TERM_BOLD);
        (void)puts("EXERCISE EXERCISE EXERCISE: this bulletin is not real");
        toc_term_colour(stdout, TOC_TERM_PLAIN);
    }
    toc_term_colour(stdout, TOC_TERM_BOLD);
    toc_show_pair(stdout, "title", toc_message_text(row, TOC_FIELD_TITLE));
    toc_term_colour(stdout, TOC_TERM_PLAIN);
    char id[TOC_ID_TEXT_BYTES] = "";
    const uint8_t *bytes = toc_message_id(row, TOC_FIELD_ID);
    if (bytes != NULL) {
        toc_id_text(id, bytes);
    }
    toc_show_text("id", id);
    toc_show_pair(stdout, "reference", toc_message_text(row, TOC_FIELD_REF));
    toc_show_tlp(stdout, toc_message_text(row, TOC_FIELD_TLP));
    toc_show_pair(stdout, "PAP", toc_message_text(row, TOC_FIELD_PAP));
    toc_show_pair(stdout, "kind", toc_message_text(row, TOC_FIELD_KIND));
    toc_show_pair(stdout, "severity", toc_message_text(row, TOC_FIELD_SEVERITY));
    toc_show_pair(stdout, "status", toc_message_text(row, TOC_FIELD_STATUS));
}

/* The id of the organisation stands beside its handle: a handle alone proves nothing. */
static void show_author(const struct toc_message *row)
{
    char id[TOC_ID_TEXT_BYTES] = "";
    const uint8_t *bytes = toc_message_id(row, TOC_FIELD_AUTHOR_ID);
    struct toc_span author = toc_message_text(row, TOC_FIELD_AUTHOR);
    if (bytes != NULL) {
        toc_id_text(id, bytes);
        id[TOC_ID_TEXT_CHARS_MIN] = '\0';
    }
    bool unproven = toc_message_is(row, TOC_FIELD_STATUS, "unproven");
    toc_show_line(stdout, unproven ? "claims to be" : "signed by", "%.*s (%s)", (int)author.len,
                  author.len > 0 ? (const char *)author.at : "", id);
}

static void show_documents(const struct toc_message *row)
{
    static const char *const header[] = {"DOCUMENT", "NAME", "SIZE", "TYPE"};
    struct toc_items items;
    struct toc_message document;
    struct toc_table table;
    char size[TOC_CELL_BYTES];
    if (toc_message_list(row, TOC_FIELD_DOCUMENTS, &items) == 0) {
        return;
    }
    (void)putchar('\n');
    toc_table_init(&table, stdout, header, 4);
    while (toc_items_row(&items, &document)) {
        toc_table_uint(&table, toc_message_number(&document, TOC_FIELD_NUMBER));
        toc_table_cell(&table, toc_message_text(&document, TOC_FIELD_NAME));
        toc_cell_size(size, toc_message_number(&document, TOC_FIELD_SIZE));
        toc_table_text(&table, size);
        toc_table_cell(&table, toc_message_text(&document, TOC_FIELD_MEDIA_TYPE));
    }
    struct toc_err err = toc_table_end(&table);
    if (toc_failed(err)) {
        (void)toc_complain_err(err, NULL);
    }
}

static void show_bulletin(const struct toc_message *row)
{
    show_head(row);
    show_author(row);
    show_time(row, "published", TOC_FIELD_PUBLISHED);
    show_time(row, "received", TOC_FIELD_RECEIVED);
    show_time(row, "valid until", TOC_FIELD_VALID_UNTIL);
    if (toc_message_has(row, TOC_FIELD_ACK_WITHIN)) {
        char span[TOC_CELL_BYTES];
        toc_cell_span(span, toc_message_number(row, TOC_FIELD_ACK_WITHIN));
        toc_show_line(stdout, "acknowledge", "within %s", span);
    }
    static const struct {
        const char *label;
        enum toc_field field;
    } lists[] = {
        {"came by", TOC_FIELD_GROUPS},
        {"origin", TOC_FIELD_ORIGINS},
        {"motives", TOC_FIELD_MOTIVES},
        {"tags", TOC_FIELD_TAGS},
    };
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        show_list(row, lists[i].label, lists[i].field);
    }
    toc_show_pair(stdout, "language", toc_message_text(row, TOC_FIELD_LANGUAGE));
    toc_show_counts(stdout, row);
    struct toc_span summary = toc_message_text(row, TOC_FIELD_SUMMARY);
    if (summary.len > 0) {
        (void)putchar('\n');
        toc_term_text(stdout, summary, TOC_TERM_LINES);
        (void)putchar('\n');
    }
    show_documents(row);
}

/* its facts */

/* Adds a name to its line, once. */
static void add_name(struct names *names, struct toc_span name)
{
    for (size_t at = 0; at < names->len;) {
        size_t len = strcspn(names->text + at, "\n");
        if (toc_span_equal(toc_span(names->text + at, len), name)) {
            return;
        }
        at += len + 1;
    }
    if (names->len + name.len + 2 > NAMES_BYTES || memchr(name.at, '\n', name.len) != NULL) {
        names->left_out++;
        return;
    }
    memcpy(names->text + names->len, name.at, name.len);
    names->len += name.len;
    names->text[names->len++] = '\n';
}

static bool has_names(const struct show *show)
{
    bool any = false;
    for (size_t i = 0; i < NAME_KINDS; i++) {
        any = any || show->names[i].len > 0;
    }
    return any;
}

static void print_names(const struct show *show)
{
    for (size_t i = 0; i < NAME_KINDS; i++) {
        const struct names *names = &show->names[i];
        char line[NAMES_BYTES * 2 + 64];
        size_t len = 0;
        for (size_t k = 0; k + 1 < names->len; k++) {
            bool between = names->text[k] == '\n';
            line[len++] = between ? ',' : names->text[k];
            if (between) {
                line[len++] = ' ';
            }
        }
        if (names->left_out > 0) {
            len += (size_t)snprintf(line + len, 48, " and %llu more",
                                    (unsigned long long)names->left_out);
        }
        toc_show_pair(stdout, name_kinds[i].label, toc_span(line, len));
    }
}

static void add_row(struct show *show, const struct toc_message *row)
{
    char flags[256], place[64];
    bool written = false;
    struct toc_span kind = toc_message_text(row, TOC_FIELD_KIND);
    for (size_t i = 0; i < NAME_KINDS; i++) {
        written = written ||
                  (name_kinds[i].written && toc_span_equal(kind, toc_span_str(name_kinds[i].kind)));
    }
    written = written && toc_message_has(row, TOC_FIELD_WRITTEN);
    toc_table_cell(&show->table, kind);
    toc_table_cell(&show->table,
                   toc_message_text(row, written ? TOC_FIELD_WRITTEN : TOC_FIELD_VALUE));
    uint64_t line = toc_message_number(row, TOC_FIELD_TEXT_LINE);
    uint64_t document = toc_message_number(row, TOC_FIELD_DOCUMENT);
    (void)snprintf(place, sizeof place, line > 0 ? "%llu:%llu" : "%llu",
                   (unsigned long long)document, (unsigned long long)line);
    toc_table_text(&show->table, document == 0 ? "fields" : place);
    toc_cell_list(flags, sizeof flags, row, TOC_FIELD_FLAGS);
    toc_table_text(&show->table, flags[0] == '\0' ? "-" : flags);
    toc_table_cell(&show->table, toc_message_text(row, TOC_FIELD_COMMENT));
}

/* Without --facts: names into their lines, indicators into the table up to its bound, remarks
 * nowhere. */
static void add_fact(struct show *show, const struct toc_message *row)
{
    static const char *const remarks[] = {"title",    "summary", "published", "producer",
                                          "relation", "tag",     "warning",   "reference",
                                          "rule",     "tlp",     "pap",       "origin"};
    struct toc_span kind = toc_message_text(row, TOC_FIELD_KIND);
    if (show->facts) {
        add_row(show, row);
        return;
    }
    for (size_t i = 0; i < NAME_KINDS; i++) {
        if (toc_span_equal(kind, toc_span_str(name_kinds[i].kind))) {
            bool written = name_kinds[i].written && toc_message_has(row, TOC_FIELD_WRITTEN);
            add_name(&show->names[i],
                     toc_message_text(row, written ? TOC_FIELD_WRITTEN : TOC_FIELD_VALUE));
            return;
        }
    }
    for (size_t i = 0; i < sizeof remarks / sizeof remarks[0]; i++) {
        if (toc_span_equal(kind, toc_span_str(remarks[i]))) {
            return;
        }
    }
    if (show->fact_count >= SHOW_FACTS_TERMINAL) {
        show->hidden_count++;
        return;
    }
    show->fact_count++;
    add_row(show, row);
}

static enum toc_exit show_whole(struct show *show)
{
    static const char *const header[] = {"FACT", "VALUE", "DOCUMENT", "FLAGS", "COMMENT"};
    struct toc_ask *ask = &show->ask;
    toc_ask_begin(ask, "show");
    toc_build_str(&ask->request, TOC_FIELD_PREFIX, show->args->operands[0]);
    if (show->facts || !show->json) {
        toc_build_flag(&ask->request, TOC_FIELD_FACTS, true);
    }
    bool sent = toc_ask_send(ask);
    toc_table_init(&show->table, stdout, header, 5);
    show->table.kept = !show->facts;
    while (sent && toc_ask_next(ask)) {
        bool fact = toc_message_is(&ask->row, TOC_FIELD_ROW, "fact");
        if (show->json) {
            toc_row_json(stdout, &ask->row, fact ? NULL : bulletin_keys);
        } else if (fact) {
            add_fact(show, &ask->row);
        } else {
            show_bulletin(&ask->row);
            (void)fputs(show->facts ? "\n" : "", stdout);
        }
    }
    (void)fputs(has_names(show) ? "\n" : "", stdout);
    print_names(show);
    if (show->fact_count > 0) {
        (void)putchar('\n');
    }
    struct toc_err err = toc_table_end(&show->table);
    if (toc_failed(err)) {
        return toc_complain_err(err, NULL);
    }
    if (show->hidden_count > 0) {
        (void)printf("and %llu more: tocsin show %s --facts\n",
                     (unsigned long long)show->hidden_count, show->args->operands[0]);
    }
    return ask->status;
}

/* documents, byte for byte */

/* Collects the bytes of one document; the next row of another one ends it. */
static bool collect(struct toc_bytes *bytes, size_t *room, struct toc_span more)
{
    if (bytes->len + more.len > *room) {
        size_t wanted = (bytes->len + more.len) * 2;
        uint8_t *grown = realloc(bytes->at, wanted);
        if (grown == NULL) {
            return false;
        }
        bytes->at = grown;
        *room = wanted;
    }
    if (more.len > 0) {
        memcpy(bytes->at + bytes->len, more.at, more.len);
    }
    bytes->len += more.len;
    return true;
}

/* A terminal gets the text with everything escaped that it would obey; a pipe gets the bytes. */
static enum toc_exit write_bytes(const struct toc_args *args, struct toc_span bytes)
{
    const char *path = toc_args_value(args, "output");
    struct toc_line line = {""};
    if (path != NULL) {
        struct toc_err err = toc_file_write(path, bytes, 0600, TOC_REPLACE_YES, &line);
        return toc_failed(err) ? toc_complain_err(err, &line) : TOC_EXIT_DONE;
    }
    if (toc_term_is_terminal(stdout)) {
        toc_term_text(stdout, bytes, TOC_TERM_LINES);
    } else if (fwrite(bytes.at, 1, bytes.len, stdout) != bytes.len) {
        return TOC_EXIT_FAILED; /* toc_finish_output says why */
    }
    return TOC_EXIT_DONE;
}

static enum toc_exit show_bytes(struct show *show)
{
    struct toc_ask *ask = &show->ask;
    struct toc_bytes bytes = {0};
    size_t room = 0;
    const char *document = toc_args_value(show->args, "document");
    toc_ask_begin(ask, "show");
    toc_build_str(&ask->request, TOC_FIELD_PREFIX, show->args->operands[0]);
    if (document != NULL) {
        toc_build_number(&ask->request, TOC_FIELD_DOCUMENT, strtoull(document, NULL, 10));
    } else {
        toc_build_flag(&ask->request,
                       toc_args_has(show->args, "raw") ? TOC_FIELD_RAW : TOC_FIELD_STIX, true);
    }
    bool going = toc_ask_send(ask);
    while (going && toc_ask_next(ask)) {
        if (toc_message_is(&ask->row, TOC_FIELD_ROW, "bytes")) {
            going = collect(&bytes, &room, toc_message_text(&ask->row, TOC_FIELD_BYTES));
        }
    }
    enum toc_exit status = ask->status;
    if (!going && room > 0) {
        status = toc_complain(TOC_EXIT_FAILED, "no memory for a document of this size");
    } else if (status == TOC_EXIT_DONE) {
        status = write_bytes(show->args, toc_span(bytes.at, bytes.len));
    }
    free(bytes.at);
    return status;
}

/* the command */

static bool is_number(const char *text)
{
    return text[0] != '\0' && strlen(text) <= 4 && strspn(text, "0123456789") == strlen(text) &&
           strtoul(text, NULL, 10) > 0;
}

static enum toc_exit run(const struct toc_args *args)
{
    static const char *const parts[] = {"document", "stix", "raw"};
    struct show show = {
        .args = args, .json = toc_args_has(args, "json"), .facts = toc_args_has(args, "facts")};
    size_t part_count = 0;
    for (size_t i = 0; i < 3; i++) {
        part_count += toc_args_has(args, parts[i]);
    }
    if (part_count > 1) {
        return toc_complain_usage(args, "--document, --stix and --raw exclude each other");
    }
    const char *document = toc_args_value(args, "document");
    if (document != NULL && !is_number(document)) {
        return toc_complain_usage(args, "--document %s: wanted a number from 1", document);
    }
    if (part_count == 0 && toc_args_has(args, "output")) {
        return toc_complain_usage(args, "-o needs --document, --stix or --raw");
    }
    if (toc_args_has(args, "raw") && !toc_args_has(args, "output") &&
        toc_term_is_terminal(stdout)) {
        return toc_complain_usage(args, "a proof file is binary; write it with -o FILE");
    }
    if (!toc_ask_open(&show.ask, args)) {
        return show.ask.status;
    }
    enum toc_exit status = part_count > 0 ? show_bytes(&show) : show_whole(&show);
    toc_ask_close(&show.ask);
    return toc_finish_output(status);
}

static const struct toc_option options[] = {
    {"facts", 0, NULL, "every fact, not the first indicators alone"},
    {"document", 'd', "N", "the bytes of document N, as they went in"},
    {"stix", 0, NULL, "the bytes of its STIX documents"},
    {"raw", 0, NULL, "the proof file, for `tocsin verify` anywhere"},
    {"output", 'o', "FILE", "write the bytes there instead of stdout"},
    {0},
};

const struct toc_command toc_command_show = {
    .name = "show",
    .operands = "ID",
    .summary = "prints a bulletin: fields, counts, indicators, documents, who signed",
    .detail =
        "\nID may be cut to its first ten characters. A document comes out byte for byte in a "
        "file or\npipe; on a terminal control characters are shown escaped.",
    .options = options,
    .json = true,
    .node = true,
    .operand_min = 1,
    .operand_max = 1,
    .run = run,
};
