/* SPDX-License-Identifier: EUPL-1.2 */
#include "publish.h"

#include <stdlib.h>
#include <string.h>

static const enum toc_field publication_keys[] = {TOC_FIELD_ID,
                                                  TOC_FIELD_REF,
                                                  TOC_FIELD_KIND,
                                                  TOC_FIELD_SEVERITY,
                                                  TOC_FIELD_TLP,
                                                  TOC_FIELD_TITLE,
                                                  TOC_FIELD_PUBLISHED,
                                                  TOC_FIELD_AUDIENCE_NAMES,
                                                  0};

/* the request */

static void add_list(struct toc_build *build, enum toc_field field,
                     const struct toc_draft_list *list)
{
    toc_build_texts(build, field, list->items, list->count);
}

static void add_text(struct toc_build *build, enum toc_field field, const char *text)
{
    if (text != NULL) {
        toc_build_str(build, field, text);
    }
}

static void add_iocs(struct toc_build *build, const struct toc_draft_list *iocs)
{
    if (iocs->count == 0) {
        return;
    }
    toc_build_list(build, TOC_FIELD_IOCS);
    for (size_t i = 0; i < iocs->count; i++) {
        struct toc_span text = iocs->items[i];
        const uint8_t *colon = memchr(text.at, ':', text.len);
        size_t kind_len = (size_t)(colon - text.at);
        toc_build_row(build);
        toc_build_text(build, TOC_FIELD_KIND, toc_span(text.at, kind_len));
        toc_build_text(build, TOC_FIELD_VALUE, toc_span(colon + 1, text.len - kind_len - 1));
        toc_build_row_end(build);
    }
    toc_build_list_end(build);
}

static void add_documents(struct toc_publish *publish)
{
    struct toc_build *build = &publish->ask->request;
    if (publish->count == 0) {
        return;
    }
    toc_build_list(build, TOC_FIELD_DOCUMENTS);
    for (size_t i = 0; i < publish->count; i++) {
        const struct toc_source *source = &publish->sources.at[publish->at[i]];
        toc_build_row(build);
        toc_build_cut(build, TOC_FIELD_NAME, toc_span_str(toc_source_name(source)));
        toc_build_bytes(build, TOC_FIELD_BYTES, toc_span(source->bytes.at, source->bytes.len));
        toc_build_row_end(build);
    }
    toc_build_list_end(build);
}

/* Fields stand in ascending order of their numbers. */
bool toc_publish_send(struct toc_publish *publish, bool dry_run, const char *tlp_missing)
{
    const struct toc_draft *draft = &publish->draft;
    struct toc_build *build = &publish->ask->request;
    toc_ask_begin(publish->ask, "publish");
    if (dry_run) {
        toc_build_flag(build, TOC_FIELD_DRY_RUN, true);
    }
    if (draft->to != NULL) {
        toc_ask_audience(publish->ask, draft->to);
    }
    add_text(build, TOC_FIELD_TLP_MISSING, tlp_missing);
    add_text(build, TOC_FIELD_LOWER_TLP, draft->lower_tlp);
    if (toc_args_has(publish->args, "each")) {
        const char *name = toc_source_name(&publish->sources.at[publish->at[0]]);
        toc_build_flag(build, TOC_FIELD_EACH, true);
        toc_build_cut(build, TOC_FIELD_TITLE_MISSING, toc_span_str(name));
    }
    add_text(build, TOC_FIELD_REF, draft->ref);
    add_text(build, TOC_FIELD_KIND, draft->kind);
    add_text(build, TOC_FIELD_SEVERITY, draft->severity);
    add_text(build, TOC_FIELD_TLP, draft->tlp);
    add_text(build, TOC_FIELD_PAP, draft->pap);
    add_text(build, TOC_FIELD_TITLE, draft->title);
    add_text(build, TOC_FIELD_SUMMARY, draft->summary);
    add_text(build, TOC_FIELD_LANGUAGE, draft->language);
    if (draft->valid_until_ms > 0) {
        toc_build_number(build, TOC_FIELD_VALID_UNTIL, draft->valid_until_ms);
    }
    if (draft->ack_within_ms > 0) {
        toc_build_number(build, TOC_FIELD_ACK_WITHIN, draft->ack_within_ms);
    }
    if (draft->exercise) {
        toc_build_flag(build, TOC_FIELD_EXERCISE, true);
    }
    add_list(build, TOC_FIELD_ACTORS, &draft->actors);
    add_list(build, TOC_FIELD_TARGETS, &draft->targets);
    add_list(build, TOC_FIELD_SECTORS, &draft->sectors);
    add_list(build, TOC_FIELD_TECHNIQUES, &draft->techniques);
    add_list(build, TOC_FIELD_CVES, &draft->cves);
    add_iocs(build, &draft->iocs);
    add_documents(publish);
    return toc_ask_send(publish->ask);
}

/* The node knows a document by its last name; the person gave a path. With --each every refusal is
 * of one file and names it. */
enum toc_exit toc_publish_complain(struct toc_publish *publish)
{
    const char *text = publish->ask->line.text;
    for (size_t i = 0; i < publish->count; i++) {
        const struct toc_source *source = &publish->sources.at[publish->at[i]];
        const char *name = toc_source_name(source);
        size_t len = strlen(name);
        if (strncmp(text, name, len) == 0 && text[len] == ':') {
            return toc_complain(publish->ask->status, "%s%s", source->path, text + len);
        }
    }
    if (toc_args_has(publish->args, "each") && publish->ask->status != TOC_EXIT_UNREACHABLE) {
        return toc_complain(publish->ask->status, "%s: %s",
                            publish->sources.at[publish->at[0]].path, text);
    }
    return toc_complain(publish->ask->status, "%s", text);
}

/* one bulletin */

/* What is carried but cannot be found by what it says, in words for the person who relies on it. */
static void warn_unread(const struct toc_publish *publish)
{
    struct toc_items items;
    struct toc_message document;
    (void)toc_message_list(&publish->ask->row, TOC_FIELD_DOCUMENTS, &items);
    for (size_t i = 0; i < publish->count && toc_items_row(&items, &document); i++) {
        const char *path = publish->sources.at[publish->at[i]].path;
        struct toc_span format = toc_message_text(&document, TOC_FIELD_FORMAT);
        bool prose = toc_span_equal(format, toc_span_str("text")) ||
                     toc_span_equal(format, toc_span_str("Markdown"));
        bool read = prose || toc_span_equal(format, toc_span_str("CSV")) ||
                    (format.len >= 6 && memcmp(format.at, "STIX 2", 6) == 0);
        int shown = (int)format.len;
        const char *name = format.len == 0 ? "" : (const char *)format.at;
        if (!read) {
            (void)toc_complain(TOC_EXIT_DONE,
                               "%s: not read, format %.*s: it travels as it is, but no lookup or "
                               "query finds what it says; name its indicators with --ioc, or "
                               "publish STIX, CSV or text",
                               path, shown, name);
        } else if (!prose && toc_message_number(&document, TOC_FIELD_COUNT) == 0) {
            (void)toc_complain(TOC_EXIT_DONE,
                               "%s: read as %.*s, but no indicator was found in it: no lookup "
                               "will find it",
                               path, shown, name);
        }
    }
}

void toc_publish_print(struct toc_publish *publish, bool dry_run)
{
    const struct toc_message *row = &publish->ask->row;
    publish->skipped = toc_message_is(row, TOC_FIELD_ROW, "skipped");
    if (publish->skipped) {
        return;
    }
    warn_unread(publish);
    if (dry_run && toc_args_has(publish->args, "each") && !toc_args_has(publish->args, "json")) {
        (void)fputs(publish->published_count > 0 ? "\n" : "", stdout);
        toc_show_text("file", publish->sources.at[publish->at[0]].path);
    }
    if (toc_args_has(publish->args, "json")) {
        toc_row_json(stdout, row, publication_keys);
    } else if (dry_run) {
        toc_preview_print(stdout, row);
    } else {
        char id[TOC_ID_TEXT_BYTES];
        const uint8_t *bytes = toc_message_id(row, TOC_FIELD_ID);
        toc_id_text(id, bytes != NULL ? bytes : (const uint8_t[TOC_ID_BYTES]){0});
        (void)printf("%s\n", id);
    }
}

enum toc_exit toc_publish_take(struct toc_publish *publish, bool sent, bool dry_run)
{
    while (sent && toc_ask_next(publish->ask)) {
        toc_publish_print(publish, dry_run);
    }
    if (publish->ask->status != TOC_EXIT_DONE) {
        return toc_publish_complain(publish);
    }
    return TOC_EXIT_DONE;
}

/* Keeps an answer until the end, and gives it as a field. */
static bool ask_field(const char **field, char **kept, const char *question)
{
    free(*kept);
    *kept = toc_draft_ask(question);
    *field = *kept;
    return *kept != NULL;
}

/* Shows on the terminal what would be published and asks. What is missing is asked for: the TLP
 * when neither person nor documents give one, the title when no document has one. */
static bool confirm(struct toc_publish *publish, enum toc_exit *status)
{
    struct toc_draft *draft = &publish->draft;
    bool tlp_given = draft->tlp != NULL || draft->tlp_missing != NULL;
    bool title_asked = draft->title != NULL, shown = false;
    while (!shown) {
        /* A trial TLP where none is known yet: the answer tells whether a document states one. */
        bool sent = toc_publish_send(publish, true, tlp_given ? draft->tlp_missing : "clear");
        bool marked = false;
        while (sent && toc_ask_next(publish->ask)) {
            publish->skipped = toc_message_is(&publish->ask->row, TOC_FIELD_ROW, "skipped");
            marked = toc_message_has(&publish->ask->row, TOC_FIELD_MARKING);
            shown = tlp_given || marked || publish->skipped;
            if (shown && !publish->skipped) {
                toc_preview_print(stderr, &publish->ask->row);
            }
        }
        if (publish->ask->status == TOC_EXIT_USAGE && !title_asked) {
            title_asked = true;
            if (!ask_field(&draft->title, &publish->asked_title, "Title")) {
                *status = toc_publish_complain(publish);
                return false;
            }
        } else if (publish->ask->status != TOC_EXIT_DONE) {
            *status = toc_publish_complain(publish);
            return false;
        } else if (!shown) {
            tlp_given = true;
            if (!ask_field(&draft->tlp, &publish->asked_tlp,
                           "TLP (clear, green, amber, amber+strict, red)")) {
                *status = toc_complain(TOC_EXIT_USAGE, "no TLP; nothing is published");
                return false;
            }
        }
    }
    if (!publish->skipped && !toc_prompt_yes("Publish")) {
        *status = toc_complain(TOC_EXIT_POLICY, "not published");
        return false;
    }
    return true;
}

enum toc_exit toc_publish_one(struct toc_publish *publish)
{
    enum toc_exit status = TOC_EXIT_DONE;
    bool dry_run = toc_args_has(publish->args, "dry-run");
    bool ask = toc_prompt_possible() && !dry_run && !toc_args_has(publish->args, "yes");
    publish->ask->quiet = true;
    publish->skipped = false;
    if (ask && publish->draft.to == NULL) {
        (void)ask_field(&publish->draft.to, &publish->asked_to,
                        "To (all, a group, or organisations joined by commas)");
    }
    if (ask && !confirm(publish, &status)) {
        return status;
    }
    publish->ask->quiet = true;
    bool sent = toc_publish_send(publish, dry_run, publish->draft.tlp_missing);
    return toc_publish_take(publish, sent, dry_run);
}

/* all of them */

enum toc_exit toc_publish_read(struct toc_publish *publish, size_t source)
{
    struct toc_line line = {""};
    struct toc_err err = toc_source_read(&publish->sources, source, &line);
    return toc_failed(err) ? toc_complain_err(err, &line) : TOC_EXIT_DONE;
}

/* All files in one bulletin. */
static enum toc_exit publish_together(struct toc_publish *publish)
{
    size_t at[TOC_DOCUMENTS_MAX];
    for (size_t i = 0; i < publish->sources.count; i++) {
        enum toc_exit status = toc_publish_read(publish, i);
        if (status != TOC_EXIT_DONE) {
            return status;
        }
        at[i] = i;
    }
    publish->at = at;
    publish->count = publish->sources.count;
    return toc_publish_one(publish);
}

static enum toc_exit list_sources(struct toc_publish *publish)
{
    const struct toc_args *args = publish->args;
    struct toc_line line = {""};
    bool each = toc_args_has(args, "each");
    for (size_t i = 0; i < args->operand_count; i++) {
        struct toc_err err = toc_sources_list(&publish->sources, args->operands[i],
                                              each ? SIZE_MAX : TOC_DOCUMENTS_MAX, &line);
        if (toc_failed(err)) {
            return toc_complain_err(err, &line);
        }
    }
    if (args->operand_count > 0 && publish->sources.count == 0) {
        return toc_complain_usage(args, "no file to publish in %s", args->operands[0]);
    }
    if (each && publish->sources.count == 0) {
        return toc_complain_usage(args, "--each needs files");
    }
    return TOC_EXIT_DONE;
}

static enum toc_exit publish_all(struct toc_publish *publish)
{
    const struct toc_args *args = publish->args;
    enum toc_exit status = list_sources(publish);
    if (status != TOC_EXIT_DONE) {
        return status;
    }
    bool nothing_given = publish->sources.count == 0 && publish->draft.title == NULL;
    if (nothing_given && toc_prompt_possible()) {
        if (!toc_draft_edit(&publish->draft, &status)) {
            return status;
        }
    } else if (nothing_given) {
        return toc_complain_usage(args, "nothing to publish: give a FILE, or --title");
    }
    if (!toc_ask_open(publish->ask, args)) {
        return publish->ask->status;
    }
    if (toc_args_has(args, "each")) {
        return toc_publish_each(publish);
    }
    return publish_together(publish);
}

/* What is published is safe here and goes nowhere yet: says so. Nothing depends on the answer. */
static void tell_alone(struct toc_publish *publish)
{
    struct toc_items items;
    struct toc_message link;
    struct toc_ask *ask = &publish->first;
    bool stands = false, others = false;
    ask->quiet = true;
    toc_ask_begin(ask, "status");
    bool sent = toc_ask_send(ask);
    while (sent && toc_ask_next(ask)) {
        (void)toc_message_list(&ask->row, TOC_FIELD_LINKS, &items);
        while (toc_items_row(&items, &link)) {
            others = true;
            stands = stands || toc_message_flag(&link, TOC_FIELD_ESTABLISHED);
        }
    }
    if (others && !stands) {
        (void)toc_complain(TOC_EXIT_DONE, "no link to another node stands: it goes out when one "
                                          "does");
    }
}

static enum toc_exit run(const struct toc_args *args)
{
    struct toc_publish *publish = calloc(1, sizeof *publish);
    if (publish == NULL) {
        return toc_complain(TOC_EXIT_FAILED, "no memory");
    }
    publish->args = args;
    publish->ask = &publish->first;
    enum toc_exit status = TOC_EXIT_USAGE;
    if (toc_draft_read(&publish->draft, args)) {
        status = publish_all(publish);
        bool one = status == TOC_EXIT_DONE && !toc_args_has(args, "each") && !publish->skipped;
        if ((one || publish->published_count > 0) && !publish->is_cut_off &&
            !toc_args_has(args, "dry-run")) {
            tell_alone(publish);
        }
    }
    toc_ask_close(&publish->first);
    toc_sources_free(&publish->sources);
    toc_draft_free(&publish->draft);
    free(publish->asked_to);
    free(publish->asked_tlp);
    free(publish->asked_title);
    free(publish);
    return toc_finish_output(status);
}

static const struct toc_option options[] = {
    {"to", 't', "AUDIENCE", "all, a group, or organisations joined by commas"},
    {"tlp", 0, "TLP", "clear, green, amber, amber+strict, red"},
    {"tlp-missing", 0, "TLP", "the TLP of documents that state none"},
    {"lower-tlp", 0, "WHY", "publish below a marking inside; audited, never below red"},
    {"title", 0, "TEXT", "one line; else the document's own title"},
    {"summary", 0, "TEXT", "Markdown"},
    {"severity", 0, "LEVEL", "low, medium, high, critical"},
    {"kind", 0, "KIND",
     "alert, vulnerability, campaign, indicators, takedown, advisory, note, "
     "request"},
    {"pap", 0, "PAP", "permissible actions: clear, green, amber, red"},
    {"lang", 0, "TAG", "language (BCP 47)"},
    {"ref", 0, "TEXT", "your own reference"},
    {"valid-until", 0, "TIME", "a date, a time (UTC), or a span such as 30d"},
    {"ack-within", 0, "TIME", "ask for acknowledgement within 30m, 4h, 2d"},
    {"actor", 0, "NAME", "may be repeated"},
    {"target", 0, "CC,...", "country codes; may be repeated"},
    {"sector", 0, "NAME", "may be repeated"},
    {"technique", 0, "ID,...", "ATT&CK ids; may be repeated"},
    {"cve", 0, "ID,...", "may be repeated"},
    {"ioc", 0, "KIND:VALUE", "an indicator; may be repeated"},
    {"exercise", 0, NULL, "not real: shown with a banner, left out of exports"},
    {"each", 0, NULL, "one bulletin for each file that this audience has not got yet"},
    {"dry-run", 0, NULL, "check and show what would be published, and stop"},
    {"yes", 'y', NULL, "do not ask on a terminal"},
    {0},
};

const struct toc_command toc_command_publish = {
    .name = "publish",
    .operands = "[FILE|DIR|-]...",
    .summary = "publishes a bulletin and prints its id",
    .detail = "\nSeveral files make one bulletin with several documents, which travel byte for "
              "byte. Fields that\nare not given come from the documents; a TLP below a marking "
              "inside is refused. On a terminal\nwithout FILE it opens $EDITOR; a preview and a "
              "question follow. Elsewhere nothing is asked, and\na missing audience, TLP or title "
              "exits 2.\n\nIn running text, names, links, mail and private addresses count as "
              "indicators only when they are\ndefanged (evil[.]example) or given by "
              "--ioc.\n\nWith --each a file is published to an audience once; a document "
              "without a title gets the file's name.\nThat a changed file supersedes the bulletin "
              "of before is not in this version: it is a new one.",
    .options = options,
    .json = true,
    .node = true,
    .operand_max = SIZE_MAX,
    .run = run,
};
