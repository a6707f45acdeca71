/* SPDX-License-Identifier: EUPL-1.2 */
#include "answer_internal.h"

#include <stdlib.h>
#include <string.h>

/* finding */

struct toc_err toc_found_by_prefix(const struct toc_desk *desk, struct toc_answer *answer,
                                   struct toc_index_meta *meta)
{
    struct toc_span prefix = toc_message_text(answer->request, TOC_FIELD_PREFIX);
    uint8_t id[TOC_ID_BYTES];
    size_t bits = 0, count = 0;
    uint32_t numbers[2];
    toc_answer_detail(answer, "%.*s", (int)(prefix.len < 64 ? prefix.len : 64),
                      prefix.len == 0 ? "" : (const char *)prefix.at);
    if (toc_failed(toc_id_parse(id, &bits, prefix))) {
        return TOC_REFUSE(answer, TOC_USAGE, "%.*s is no id: give at least its first %u characters",
                          (int)(prefix.len < 64 ? prefix.len : 64),
                          prefix.len == 0 ? "" : (const char *)prefix.at, TOC_ID_TEXT_CHARS_MIN);
    }
    struct toc_index_read *read;
    struct toc_err err = toc_index_read_begin(desk->index, &read);
    if (!toc_failed(err)) {
        err = toc_index_find(read, id, bits, numbers, 2, &count);
        if (!toc_failed(err) && count == 1) {
            err = toc_index_meta(read, numbers[0], meta);
        }
        toc_index_read_end(read);
    }
    if (toc_failed(err)) {
        return TOC_REFUSE(answer, err.code, "the index cannot be read: %s", err.why);
    }
    if (count == 0) {
        return TOC_REFUSE(answer, TOC_ABSENT, "no bulletin here begins with that id");
    }
    if (count > 1) {
        return TOC_REFUSE(answer, TOC_USAGE, "several bulletins begin so: give more of the id");
    }
    return toc_ok();
}

static struct toc_err open_place(const struct toc_desk *desk, const struct toc_index_place *place,
                                 struct toc_found *found)
{
    struct toc_store_entry entry;
    TOC_TRY(toc_store_read_entry(desk->store, place->log, place->seq, &entry));
    struct toc_err err = toc_fail(TOC_ABSENT, "the payload is not here any more");
    if (entry.payload.at != NULL) {
        struct toc_room payload = {(uint8_t *)(uintptr_t)entry.payload.at, entry.payload.len};
        err = toc_opener_open(desk->opener, place->group, &entry.header, entry.bytes, payload,
                              &found->plaintext);
    }
    toc_store_entry_clear(&entry);
    TOC_TRY(err);
    err = toc_content_read(&found->content, toc_span(found->plaintext.at, found->plaintext.len),
                           desk->federation);
    if (!toc_failed(err) && memcmp(found->content.id, found->meta.id, TOC_ID_BYTES) != 0) {
        toc_content_clear(&found->content);
        err = toc_fail(TOC_CORRUPT, "the index names another bulletin");
    }
    if (toc_failed(err)) {
        toc_bytes_free(&found->plaintext);
    }
    return err;
}

struct toc_err toc_found_open(const struct toc_desk *desk, struct toc_answer *answer,
                              struct toc_found *found)
{
    found->plaintext = (struct toc_bytes){NULL, 0};
    struct toc_err err = toc_fail(TOC_ABSENT, "it has no place");
    for (size_t i = 0; i < found->meta.place_count; i++) {
        err = open_place(desk, &found->meta.places[i], found);
        if (!toc_failed(err)) {
            return err;
        }
    }
    return TOC_REFUSE(answer, err.code == TOC_ABSENT ? TOC_CORRUPT : err.code,
                      "the bulletin cannot be opened: %s; run `tocsin verify`",
                      err.why == NULL ? toc_code_text(err.code) : err.why);
}

void toc_found_clear(struct toc_found *found)
{
    toc_content_clear(&found->content);
    toc_bytes_free(&found->plaintext);
}

struct toc_err toc_found_read(const struct toc_desk *desk, struct toc_answer *answer,
                              const struct toc_found *found, struct toc_intel_reading *reading)
{
    struct toc_err err =
        toc_indexers_read(desk->indexers, found->content.bulletin.author,
                          found->meta.places[0].group, found->content.parts.canonical, reading);
    if (toc_failed(err)) {
        return TOC_REFUSE(answer, err.code, "the bulletin's content cannot be read: %s",
                          err.why == NULL ? toc_code_text(err.code) : err.why);
    }
    return err;
}

/* fields */

static void groups_field(struct toc_build *build, const struct toc_handles *names,
                         const struct toc_index_meta *meta)
{
    toc_build_list(build, TOC_FIELD_GROUPS);
    for (size_t i = 0; i < meta->place_count; i++) {
        bool seen = false;
        for (size_t k = 0; k < i; k++) {
            seen = seen || memcmp(meta->places[k].group, meta->places[i].group, TOC_ID_BYTES) == 0;
        }
        if (!seen) {
            toc_build_item(build, toc_handles_group(names, meta->places[i].group));
        }
    }
    toc_build_list_end(build);
}

static void list_field(struct toc_build *build, enum toc_field field, struct toc_names listed)
{
    toc_build_texts(build, field, listed.items, listed.count);
}

static const char *status_name(const struct toc_index_meta *meta)
{
    if (meta->status == TOC_INDEX_REVOKED) {
        return "revoked";
    }
    if (meta->status == TOC_INDEX_SUPERSEDED) {
        return "superseded";
    }
    return meta->unread ? "unread" : "current";
}

static void document_fields(struct toc_build *build, const struct toc_bulletin *bulletin,
                            const struct toc_intel_reading *reading)
{
    if (bulletin->document_count == 0) {
        return;
    }
    toc_build_list(build, TOC_FIELD_DOCUMENTS);
    for (size_t i = 0; i < bulletin->document_count; i++) {
        const struct toc_document *document = &bulletin->documents[i];
        toc_build_row(build);
        toc_build_number(build, TOC_FIELD_NUMBER, i + 1);
        toc_build_cut(build, TOC_FIELD_NAME, document->name);
        toc_build_cut(build, TOC_FIELD_MEDIA_TYPE, document->media_type);
        if (reading != NULL) {
            toc_build_str(build, TOC_FIELD_FORMAT,
                          toc_intel_format_name((enum toc_intel_format)reading->formats[i]));
        }
        toc_build_number(build, TOC_FIELD_SIZE, document->bytes.len);
        toc_build_row_end(build);
    }
    toc_build_list_end(build);
}

static void origins_field(struct toc_build *build, const struct toc_bulletin *bulletin)
{
    if (bulletin->origin_count == 0) {
        return;
    }
    toc_build_list(build, TOC_FIELD_ORIGINS);
    for (size_t i = 0; i < bulletin->origin_count; i++) {
        char text[4 * TOC_NAME_BYTES_MAX];
        const struct toc_origin *origin = &bulletin->origins[i];
        int len = snprintf(text, sizeof(text), "%.*s", (int)origin->country.len,
                           (const char *)origin->country.at);
        if (origin->claimed_by.len > 0) {
            len += snprintf(text + len, sizeof(text) - (size_t)len, " (%.*s)",
                            (int)origin->claimed_by.len, (const char *)origin->claimed_by.at);
        }
        toc_build_item(build, toc_span(text, (size_t)len));
    }
    toc_build_list_end(build);
}

static void cves_field(struct toc_build *build, const struct toc_bulletin *bulletin)
{
    if (bulletin->cve_count > 0) {
        toc_build_list(build, TOC_FIELD_CVES);
        for (size_t i = 0; i < bulletin->cve_count; i++) {
            toc_build_item(build, bulletin->cves[i].id);
        }
        toc_build_list_end(build);
    }
}

/* What stands between EXERCISE and the counts, of an opened bulletin. */
static void native_lists(struct toc_build *build, const struct toc_bulletin *bulletin,
                         const struct toc_intel_reading *reading)
{
    list_field(build, TOC_FIELD_ACTORS, bulletin->actors);
    list_field(build, TOC_FIELD_MALWARE, bulletin->malware);
    list_field(build, TOC_FIELD_TARGETS, bulletin->target_countries);
    list_field(build, TOC_FIELD_SECTORS, bulletin->target_sectors);
    list_field(build, TOC_FIELD_MOTIVES, bulletin->motives);
    list_field(build, TOC_FIELD_TECHNIQUES, bulletin->techniques);
    cves_field(build, bulletin);
    list_field(build, TOC_FIELD_TAGS, bulletin->tags);
    document_fields(build, bulletin, reading);
    origins_field(build, bulletin);
}

/* The one row of `query` and `show`: fields in ascending order, the longer form with `content`. */
void toc_found_row(struct toc_build *build, const struct toc_index_meta *meta,
                   const struct toc_handles *names, const struct toc_content *content,
                   const struct toc_intel_reading *reading)
{
    const struct toc_bulletin *bulletin = content == NULL ? NULL : &content->bulletin;
    char room[TOC_ID_TEXT_BYTES];
    toc_answer_row(build, "bulletin");
    toc_build_id(build, TOC_FIELD_ID, meta->id);
    toc_build_cut(build, TOC_FIELD_REF, toc_span(meta->reference, meta->reference_len));
    toc_build_cut(build, TOC_FIELD_AUTHOR, toc_handles_org(names, meta->author, room));
    toc_build_id(build, TOC_FIELD_AUTHOR_ID, meta->author);
    toc_build_str(build, TOC_FIELD_KIND, toc_bulletin_kind_name(meta->kind));
    if (meta->severity != TOC_SEVERITY_NONE) {
        toc_build_str(build, TOC_FIELD_SEVERITY, toc_severity_name(meta->severity));
    }
    toc_build_str(build, TOC_FIELD_TLP, toc_tlp_name(meta->tlp));
    if (meta->pap != TOC_PAP_NONE) {
        toc_build_str(build, TOC_FIELD_PAP, toc_pap_name(meta->pap));
    }
    toc_build_cut(build, TOC_FIELD_TITLE, toc_span(meta->title, meta->title_len));
    if (bulletin != NULL) {
        toc_build_cut(build, TOC_FIELD_SUMMARY, bulletin->summary);
        toc_build_cut(build, TOC_FIELD_LANGUAGE, bulletin->language);
    }
    toc_build_number(build, TOC_FIELD_PUBLISHED, meta->published.ms);
    toc_build_number(build, TOC_FIELD_RECEIVED, meta->received.ms);
    if (meta->valid_until_ms != 0) {
        toc_build_number(build, TOC_FIELD_VALID_UNTIL, meta->valid_until_ms);
    }
    if (bulletin != NULL && bulletin->ack_within_ms != 0) {
        toc_build_number(build, TOC_FIELD_ACK_WITHIN, bulletin->ack_within_ms);
    }
    toc_build_flag(build, TOC_FIELD_EXERCISE, meta->exercise);
    groups_field(build, names, meta);
    toc_build_str(build, TOC_FIELD_STATUS, status_name(meta));
    if (bulletin != NULL) {
        native_lists(build, bulletin, reading);
    }
    if (reading != NULL) {
        toc_fact_counts_field(build, &reading->facts);
        toc_build_number(build, TOC_FIELD_OBJECTS, reading->facts.counts.objects);
    }
    toc_build_number(build, TOC_FIELD_INDICATORS, meta->indicator_count);
    toc_build_number(build, TOC_FIELD_WARNINGS, meta->warning_count);
}

/* facts */

void toc_fact_counts_field(struct toc_build *build, const struct toc_facts *facts)
{
    uint64_t counts[TOC_VALUE_KIND_COUNT] = {0};
    for (uint32_t i = 0; i < facts->count; i++) {
        counts[facts->at[i].kind]++;
    }
    toc_build_list(build, TOC_FIELD_FACT_COUNTS);
    for (int kind = 0; kind < TOC_VALUE_KIND_COUNT; kind++) {
        enum toc_value_class class = toc_value_class((enum toc_value_kind)kind);
        bool shown = class == TOC_VALUE_CLASS_INDICATOR || class == TOC_VALUE_CLASS_ENTITY;
        if (shown && counts[kind] > 0) {
            toc_build_row(build);
            toc_build_str(build, TOC_FIELD_KIND, toc_value_kind_name((enum toc_value_kind)kind));
            toc_build_number(build, TOC_FIELD_COUNT, counts[kind]);
            toc_build_row_end(build);
        }
    }
    toc_build_list_end(build);
}

void toc_fact_flags_field(struct toc_build *build, uint32_t flags)
{
    static const struct {
        uint32_t flag;
        const char *name;
    } names[] = {
        {TOC_FACT_COMPOUND, "compound"},   {TOC_FACT_TO_IDS, "to_ids"},
        {TOC_FACT_NOT_TO_IDS, "not_ids"},  {TOC_FACT_REVOKED, "revoked"},
        {TOC_FACT_EXPLOITED, "exploited"}, {TOC_FACT_WILDCARD, "wildcard"},
        {TOC_FACT_RETYPED, "retyped"},     {TOC_FACT_DEFANGED, "defanged"},
        {TOC_FACT_IN_TEXT, "in_text"},     {TOC_FACT_DANGLING, "dangling"},
        {TOC_FACT_OBSERVED, "observed"},   {TOC_INDEX_HOST, "host"},
    };
    struct toc_span texts[sizeof(names) / sizeof(names[0])];
    size_t count = 0;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if ((flags & names[i].flag) != 0) {
            texts[count++] = toc_span_str(names[i].name);
        }
    }
    toc_build_texts(build, TOC_FIELD_FLAGS, texts, count);
}
