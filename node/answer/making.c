/* SPDX-License-Identifier: EUPL-1.2 */
#include "making.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define WARNING_LINES_MAX 32u /* a screen; the rest is counted */

/* reading: what the documents say */

/* The canonical bytes, heap. */
static struct toc_err encode(struct toc_making *making, struct toc_bytes *canonical)
{
    const struct toc_bulletin *bulletin = &making->draft.bulletin;
    size_t room = toc_bulletin_encode_bytes_max(bulletin);
    uint8_t *at = malloc(room);
    if (at == NULL) {
        return TOC_REFUSE(making->answer, TOC_FULL, "out of memory");
    }
    struct toc_span encoded;
    struct toc_err err = toc_bulletin_encode(bulletin, (struct toc_room){at, room}, &encoded);
    if (toc_failed(err)) {
        free(at);
        return TOC_REFUSE(making->answer, err.code == TOC_LIMIT ? TOC_USAGE : err.code,
                          "the bulletin cannot be made: %s", err.why);
    }
    *canonical = (struct toc_bytes){at, encoded.len};
    return toc_ok();
}

struct toc_err toc_making_explain(struct toc_making *making, struct toc_err err)
{
    const struct toc_intel_reading *reading = making->reading;
    const struct toc_bulletin *bulletin = &making->draft.bulletin;
    struct toc_span name = toc_span_str("document");
    if (reading->document > 0 && reading->document <= bulletin->document_count &&
        bulletin->documents[reading->document - 1].name.len > 0) {
        name = bulletin->documents[reading->document - 1].name;
    }
    int shown = (int)(name.len < 200 ? name.len : 200);
    if (err.code == TOC_SYNTAX && reading->fault.line > 0) {
        return TOC_REFUSE(making->answer, TOC_SYNTAX, "%.*s:%u:%u: %s; nothing of it was taken",
                          shown, (const char *)name.at, reading->fault.line, reading->fault.column,
                          reading->fault.detail);
    }
    if (err.code == TOC_SYNTAX) {
        return TOC_REFUSE(making->answer, TOC_SYNTAX, "%.*s: %s; nothing of it was taken", shown,
                          (const char *)name.at,
                          reading->fault.detail[0] != '\0' ? reading->fault.detail
                                                           : "it cannot be read");
    }
    if (err.code == TOC_CORRUPT) {
        return TOC_REFUSE(making->answer, TOC_CORRUPT,
                          "a document crashed the indexer or took too long: nothing was published; "
                          "please keep it for a report");
    }
    if (err.code == TOC_LIMIT && reading->document > 0) {
        struct toc_line place = {{0}};
        if (reading->fault.line > 0) {
            toc_line_set(&place, ":%u:%u", reading->fault.line, reading->fault.column);
        }
        return TOC_REFUSE(making->answer, TOC_SYNTAX, "%.*s%s: %s; nothing of it was taken", shown,
                          (const char *)name.at, place.text, reading->fault.detail);
    }
    return TOC_REFUSE(making->answer, err.code, "the documents cannot be read: %s",
                      err.why == NULL ? toc_code_text(err.code) : err.why);
}

void toc_making_audience_key(uint8_t key[static TOC_ID_BYTES],
                             const struct toc_audience_found *audience)
{
    if (audience->kind == TOC_SUBMIT_ORGANISATIONS) {
        toc_ids_hash(key, (struct toc_ids){audience->organisations, audience->organisation_count});
    } else {
        memcpy(key, audience->group, TOC_ID_BYTES);
    }
}

struct toc_err toc_making_draft(struct toc_making *making, struct toc_bytes *canonical)
{
    struct toc_bulletin *bulletin = &making->draft.bulletin;
    struct toc_span title = bulletin->title;
    enum toc_bulletin_kind kind = bulletin->kind;
    memcpy(bulletin->federation, making->desk->federation, TOC_ID_BYTES);
    memcpy(bulletin->author, making->desk->org, TOC_ID_BYTES);
    bulletin->published = toc_now_utc();
    randombytes_buf(bulletin->nonce, sizeof(bulletin->nonce));
    /* Both may still come out of the documents. */
    bulletin->title = title.len > 0 ? title : toc_span_str("-");
    bulletin->kind = making->draft.has_kind ? kind : TOC_BULLETIN_NOTE;
    struct toc_err err = encode(making, canonical);
    bulletin->title = title;
    bulletin->kind = kind;
    return err;
}

/* completing: fields of a file fill what is not given */

static const struct toc_fact *first_fact(const struct toc_facts *facts, enum toc_value_kind kind)
{
    for (uint32_t i = 0; i < facts->count; i++) {
        if (facts->at[i].kind == kind && facts->at[i].value.len > 0) {
            return &facts->at[i];
        }
    }
    return NULL;
}

static struct toc_err complete_title(struct toc_making *making)
{
    struct toc_bulletin *bulletin = &making->draft.bulletin;
    const struct toc_fact *fact = first_fact(&making->reading->facts, TOC_VALUE_TITLE);
    if (bulletin->title.len == 0 && fact != NULL) {
        bulletin->title = fact->value;
        if (bulletin->title.len > TOC_TITLE_BYTES_MAX) {
            bulletin->title.len = TOC_TITLE_BYTES_MAX;
            while (!toc_utf8_valid(bulletin->title)) {
                bulletin->title.len--;
            }
        }
    }
    if (bulletin->title.len == 0) {
        bulletin->title = making->title_missing;
    }
    if (bulletin->title.len == 0) {
        return TOC_REFUSE(making->answer, TOC_USAGE,
                          "no title: neither --title nor a document gives one");
    }
    return toc_ok();
}

static void complete_kind(struct toc_making *making)
{
    struct toc_bulletin *bulletin = &making->draft.bulletin;
    const struct toc_facts *facts = &making->reading->facts;
    if (making->draft.has_kind) {
        return;
    }
    bulletin->kind = TOC_BULLETIN_NOTE;
    if (facts->counts.indicators > 0 || bulletin->indicator_count > 0) {
        bulletin->kind = TOC_BULLETIN_INDICATORS;
    } else if (first_fact(facts, TOC_VALUE_CVE) != NULL) {
        bulletin->kind = TOC_BULLETIN_VULNERABILITY;
    }
}

static enum toc_tlp tlp_of(enum toc_marked marked)
{
    switch (marked) {
    case TOC_MARKED_NONE:
    case TOC_MARKED_CLEAR:
        return TOC_TLP_CLEAR;
    case TOC_MARKED_GREEN:
        return TOC_TLP_GREEN;
    case TOC_MARKED_AMBER:
        return TOC_TLP_AMBER;
    case TOC_MARKED_AMBER_STRICT:
        return TOC_TLP_AMBER_STRICT;
    case TOC_MARKED_RED:
        break;
    }
    return TOC_TLP_RED;
}

/* A marking that nobody can resolve may be any: TLP:AMBER stands in for it. */
static enum toc_marked marking_of(const struct toc_facts *facts)
{
    bool unknown = facts->counts.warnings[TOC_WARNING_MARKING_UNKNOWN] > 0;
    return unknown && facts->tlp < TOC_MARKED_AMBER ? TOC_MARKED_AMBER : facts->tlp;
}

static struct toc_err refuse_tlp(struct toc_making *making, enum toc_tlp marking)
{
    const char *given = toc_tlp_name(making->draft.bulletin.tlp);
    if (making->reading->facts.tlp != marking_of(&making->reading->facts)) {
        return TOC_REFUSE(making->answer, TOC_POLICY,
                          "TLP:%s: a document refers to a marking that it does not define: publish "
                          "it as TLP:AMBER, or say why with --lower-tlp",
                          given);
    }
    if (marking == TOC_TLP_RED) {
        return TOC_REFUSE(making->answer, TOC_POLICY,
                          "TLP:%s is below the marking TLP:RED in a document: publish it as "
                          "TLP:RED; RED is not lowered, --lower-tlp included: where the document "
                          "only speaks of it, take those words out",
                          given);
    }
    return TOC_REFUSE(making->answer, TOC_POLICY,
                      "TLP:%s is below the marking TLP:%s in a document: publish it as TLP:%s, or "
                      "say why with --lower-tlp",
                      given, toc_tlp_name(marking), toc_tlp_name(marking));
}

/* A TLP given wins where it is not below a marking; a missing one is the strictest marking, else
 * what was given for that case. RED is never lowered. */
static struct toc_err complete_tlp(struct toc_making *making)
{
    struct toc_draft *draft = &making->draft;
    enum toc_marked marked = marking_of(&making->reading->facts);
    enum toc_tlp marking = tlp_of(marked);
    struct toc_span why = toc_message_text(making->answer->request, TOC_FIELD_LOWER_TLP);
    bool stated = making->reading->facts.tlp != TOC_MARKED_NONE;
    bool low = marked != TOC_MARKED_NONE && draft->has_missing_tlp &&
               toc_failed(toc_policy_marking(draft->missing_tlp, marking));
    if (!draft->has_tlp && (stated || low)) {
        draft->bulletin.tlp = marking;
    } else if (!draft->has_tlp && draft->has_missing_tlp) {
        draft->bulletin.tlp = draft->missing_tlp;
    } else if (!draft->has_tlp) {
        return TOC_REFUSE(making->answer, TOC_USAGE,
                          "no TLP: neither --tlp nor a document gives one (--tlp-missing T sets "
                          "it for such documents)");
    }
    struct toc_err err =
        marked == TOC_MARKED_NONE ? toc_ok() : toc_policy_marking(draft->bulletin.tlp, marking);
    if (!toc_failed(err) || (why.len > 0 && marking != TOC_TLP_RED)) {
        return toc_ok();
    }
    return refuse_tlp(making, marking);
}

static void complete_media_types(struct toc_making *making)
{
    for (size_t i = 0; i < making->draft.bulletin.document_count; i++) {
        struct toc_document *document = &making->draft.documents[i];
        if (toc_span_equal(document->media_type, toc_span_str(TOC_MEDIA_TYPE_UNKNOWN))) {
            document->media_type = toc_span_str(
                toc_intel_format_media_type((enum toc_intel_format)making->reading->formats[i]));
        }
    }
}

static struct toc_err check_policy(struct toc_making *making)
{
    struct toc_err err =
        toc_policy_publish(making->draft.bulletin.tlp, toc_audience_policy(making->audience),
                           making->audience->handle_count);
    if (toc_failed(err)) {
        return TOC_REFUSE(making->answer, TOC_POLICY, "refused: %s", err.why);
    }
    return err;
}

/* the row "publication" */

static void warning_lines(struct toc_build *row, const struct toc_facts *facts)
{
    size_t count = 0;
    toc_build_list(row, TOC_FIELD_WARNING_LINES);
    for (uint32_t i = 0; i < facts->count && count < WARNING_LINES_MAX; i++) {
        const struct toc_fact *fact = &facts->at[i];
        if (fact->kind != TOC_VALUE_WARNING) {
            continue;
        }
        struct toc_line line, place = {{0}};
        if (fact->line > 0) {
            toc_line_set(&place, ", line %u", fact->line);
        }
        toc_line_set(&line, "document %u%s: %.*s: %.*s", fact->document, place.text,
                     (int)(fact->value.len < 64 ? fact->value.len : 64),
                     (const char *)fact->value.at,
                     (int)(fact->written.len < 200 ? fact->written.len : 200),
                     fact->written.len == 0 ? "" : (const char *)fact->written.at);
        toc_build_item(row, toc_span_str(line.text));
        count++;
    }
    toc_build_list_end(row);
}

/* Indicators and entities by the number of their document. */
static void count_facts(uint32_t counts[static TOC_DOCUMENTS_MAX + 1],
                        const struct toc_facts *facts)
{
    for (uint32_t i = 0; i < facts->count; i++) {
        enum toc_value_class class = toc_value_class(facts->at[i].kind);
        bool counted = class == TOC_VALUE_CLASS_INDICATOR || class == TOC_VALUE_CLASS_ENTITY;
        if (counted && facts->at[i].document <= TOC_DOCUMENTS_MAX) {
            counts[facts->at[i].document]++;
        }
    }
}

static void document_rows(struct toc_build *row, const struct toc_making *making)
{
    const struct toc_bulletin *bulletin = &making->draft.bulletin;
    if (bulletin->document_count == 0) {
        return;
    }
    uint32_t counts[TOC_DOCUMENTS_MAX + 1] = {0};
    count_facts(counts, &making->reading->facts);
    toc_build_list(row, TOC_FIELD_DOCUMENTS);
    for (size_t i = 0; i < bulletin->document_count; i++) {
        const struct toc_document *document = &bulletin->documents[i];
        toc_build_row(row);
        toc_build_number(row, TOC_FIELD_NUMBER, i + 1);
        toc_build_cut(row, TOC_FIELD_NAME, document->name);
        toc_build_cut(row, TOC_FIELD_MEDIA_TYPE, document->media_type);
        toc_build_str(row, TOC_FIELD_FORMAT,
                      toc_intel_format_name((enum toc_intel_format)making->reading->formats[i]));
        toc_build_number(row, TOC_FIELD_SIZE, document->bytes.len);
        toc_build_number(row, TOC_FIELD_COUNT, counts[i + 1]);
        toc_build_row_end(row);
    }
    toc_build_list_end(row);
}

void toc_making_row(struct toc_build *row, const struct toc_making *making, const uint8_t *id)
{
    const struct toc_bulletin *bulletin = &making->draft.bulletin;
    const struct toc_facts *facts = &making->reading->facts;
    toc_answer_row(row, "publication");
    if (id != NULL) {
        toc_build_id(row, TOC_FIELD_ID, id);
    }
    toc_build_cut(row, TOC_FIELD_REF, bulletin->reference);
    toc_build_str(row, TOC_FIELD_KIND, toc_bulletin_kind_name(bulletin->kind));
    if (bulletin->severity != TOC_SEVERITY_NONE) {
        toc_build_str(row, TOC_FIELD_SEVERITY, toc_severity_name(bulletin->severity));
    }
    toc_build_str(row, TOC_FIELD_TLP, toc_tlp_name(bulletin->tlp));
    if (bulletin->pap != TOC_PAP_NONE) {
        toc_build_str(row, TOC_FIELD_PAP, toc_pap_name(bulletin->pap));
    }
    toc_build_cut(row, TOC_FIELD_TITLE, bulletin->title);
    if (id != NULL) {
        toc_build_number(row, TOC_FIELD_PUBLISHED, bulletin->published.ms);
    }
    document_rows(row, making);
    toc_fact_counts_field(row, facts);
    toc_build_number(row, TOC_FIELD_OBJECTS, facts->counts.objects);
    toc_build_number(row, TOC_FIELD_INDICATORS, facts->counts.indicators);
    toc_build_number(row, TOC_FIELD_WARNINGS, toc_facts_warnings(facts));
    warning_lines(row, facts);
    if (facts->tlp != TOC_MARKED_NONE) {
        toc_build_str(row, TOC_FIELD_MARKING, toc_marked_name(facts->tlp));
    }
    toc_audience_field(row, making->audience);
}

/* publishing */

struct toc_err toc_publication_make(const struct toc_audience_found *audience,
                                    struct toc_span plaintext, enum toc_tlp tlp, bool urgent,
                                    struct toc_publication **publication)
{
    struct toc_publication *made = calloc(1, sizeof(*made));
    uint8_t *organisations = malloc(audience->organisation_count * TOC_ID_BYTES + 1);
    if (made == NULL || organisations == NULL) {
        free(made);
        free(organisations);
        return toc_fail(TOC_FULL, "out of memory");
    }
    memcpy(organisations, audience->organisations, audience->organisation_count * TOC_ID_BYTES);
    made->organisations = organisations;
    struct toc_err err = toc_content_pack(&made->content, plaintext);
    if (toc_failed(err)) {
        toc_publication_free(made);
        return err;
    }
    made->submit = (struct toc_submit){
        .audience = audience->kind,
        .organisations = organisations,
        .organisation_count = audience->organisation_count,
        .kind = TOC_KIND_BULLETIN,
        .class = urgent ? TOC_CLASS_ALERT : TOC_CLASS_LIVE,
        .tlp = (uint8_t)tlp,
        .content = toc_span(made->content.at, made->content.len),
    };
    memcpy(made->submit.group, audience->group, TOC_ID_BYTES);
    *publication = made;
    return toc_ok();
}

/* log key ‖ signature ‖ canonical, heap; frees canonical. */
static struct toc_err sign(struct toc_making *making, struct toc_bytes *canonical,
                           struct toc_bytes *plaintext)
{
    size_t len = canonical->len + TOC_BULLETIN_HEAD_BYTES;
    uint8_t *at = malloc(len);
    if (at != NULL) {
        toc_bulletin_sign(at, toc_span(canonical->at, canonical->len), making->desk->federation,
                          making->desk->log_keys);
        memcpy(at + TOC_BULLETIN_HEAD_BYTES, canonical->at, canonical->len);
        *plaintext = (struct toc_bytes){at, len};
    }
    toc_bytes_free(canonical);
    return at == NULL ? TOC_REFUSE(making->answer, TOC_FULL, "out of memory") : toc_ok();
}

struct toc_err toc_making_complete(struct toc_making *making)
{
    complete_kind(making);
    TOC_TRY(complete_title(making));
    TOC_TRY(complete_tlp(making));
    complete_media_types(making);
    return check_policy(making);
}

struct toc_err toc_making_sign(struct toc_making *making)
{
    struct toc_bulletin *bulletin = &making->draft.bulletin;
    struct toc_bytes canonical, plaintext;
    uint8_t id[TOC_ID_BYTES];
    bulletin->published = toc_now_utc();
    TOC_TRY(encode(making, &canonical));
    toc_bulletin_id(id, toc_span(canonical.at, canonical.len));
    TOC_TRY(sign(making, &canonical, &plaintext));
    bool urgent =
        bulletin->kind == TOC_BULLETIN_ALERT || bulletin->severity == TOC_SEVERITY_CRITICAL;
    struct toc_publication *publication;
    struct toc_err err =
        toc_publication_make(making->audience, toc_span(plaintext.at, plaintext.len), bulletin->tlp,
                             urgent, &publication);
    if (toc_failed(err)) {
        toc_bytes_free(&plaintext);
        return TOC_REFUSE(making->answer, err.code == TOC_LIMIT ? TOC_USAGE : err.code,
                          "not published: %s", err.why);
    }
    toc_making_row(&publication->row, making, id);
    publication->given.plaintext = plaintext;
    if (bulletin->document_count == 1) {
        publication->noted = true;
        memcpy(publication->each, making->each, sizeof(making->each));
        memcpy(publication->each + TOC_ID_BYTES, id, TOC_ID_BYTES);
    }
    char text[TOC_ID_TEXT_BYTES];
    toc_id_text(text, id);
    struct toc_span why = toc_message_text(making->answer->request, TOC_FIELD_LOWER_TLP);
    toc_answer_detail(making->answer, "%s TLP:%s to %s%s%s%.*s", text, toc_tlp_name(bulletin->tlp),
                      making->audience->kind == TOC_SUBMIT_ALL ? "all"
                                                               : making->audience->handles[0],
                      making->audience->handle_count > 1 ? " and others" : "",
                      why.len > 0 ? "; TLP lowered: " : "", (int)(why.len < 200 ? why.len : 200),
                      why.len == 0 ? "" : (const char *)why.at);
    memcpy(publication->detail, making->answer->detail, sizeof(publication->detail));
    /* The title may lie in the facts: nobody asks for it any more. */
    publication->given.reading = *making->reading;
    toc_intel_reading_init(making->reading);
    making->answer->publication = publication;
    return toc_ok();
}
