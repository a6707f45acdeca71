/* SPDX-License-Identifier: EUPL-1.2 */
#include "draft.h"

#include <stdlib.h>
#include <string.h>

static struct toc_err no_memory(struct toc_answer *answer)
{
    return TOC_REFUSE(answer, TOC_FULL, "out of memory");
}

/* Zeroed memory that toc_draft_clear frees. */
static void *keep(struct toc_draft *draft, size_t count, size_t bytes)
{
    TOC_ASSERT(draft->list_count < sizeof(draft->lists) / sizeof(draft->lists[0]));
    void *at = calloc(count + 1, bytes);
    if (at != NULL) {
        draft->lists[draft->list_count++] = at;
    }
    return at;
}

void toc_draft_clear(struct toc_draft *draft)
{
    for (size_t i = 0; i < draft->list_count; i++) {
        free(draft->lists[i]);
    }
    memset(draft, 0, sizeof(*draft));
}

static struct toc_err bad(struct toc_answer *answer, const char *option, struct toc_span value,
                          const char *allowed)
{
    return TOC_REFUSE(answer, TOC_USAGE, "--%s %.*s: %s", option,
                      (int)(value.len < 100 ? value.len : 100),
                      value.len == 0 ? "" : (const char *)value.at, allowed);
}

/* words */

static struct toc_err read_words(struct toc_draft *draft, struct toc_answer *answer)
{
    const struct toc_message *request = answer->request;
    struct toc_bulletin *bulletin = &draft->bulletin;
    struct toc_span kind = toc_message_text(request, TOC_FIELD_KIND);
    struct toc_span severity = toc_message_text(request, TOC_FIELD_SEVERITY);
    struct toc_span tlp = toc_message_text(request, TOC_FIELD_TLP);
    struct toc_span missing = toc_message_text(request, TOC_FIELD_TLP_MISSING);
    struct toc_span pap = toc_message_text(request, TOC_FIELD_PAP);
    const char *levels = "write clear, green, amber, amber+strict or red";
    if (kind.len > 0 && toc_failed(toc_bulletin_kind_parse(kind, &bulletin->kind))) {
        return bad(answer, "kind", kind,
                   "write alert, vulnerability, campaign, indicators, takedown, advisory, note or "
                   "request");
    }
    if (severity.len > 0 && toc_failed(toc_severity_parse(severity, &bulletin->severity))) {
        return bad(answer, "severity", severity, "write low, medium, high or critical");
    }
    if (tlp.len > 0 && toc_failed(toc_tlp_parse(tlp, &bulletin->tlp))) {
        return bad(answer, "tlp", tlp, levels);
    }
    if (missing.len > 0 && toc_failed(toc_tlp_parse(missing, &draft->missing_tlp))) {
        return bad(answer, "tlp-missing", missing, levels);
    }
    if (pap.len > 0 && toc_failed(toc_pap_parse(pap, &bulletin->pap))) {
        return bad(answer, "pap", pap, "write clear, green, amber or red");
    }
    draft->has_kind = kind.len > 0;
    draft->has_tlp = tlp.len > 0;
    draft->has_missing_tlp = missing.len > 0;
    return toc_ok();
}

/* A tag by its shape (BCP 47): parts of 1 to 8 letters and digits between hyphens, letters first.
 */
static bool is_language(struct toc_span text)
{
    size_t part = 0, first = 0;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.at[i] | 0x20;
        bool letter = c >= 'a' && c <= 'z' && text.at[i] >= 'A';
        bool digit = text.at[i] >= '0' && text.at[i] <= '9';
        if (text.at[i] == '-' && part > 0) {
            part = 0;
            first++;
        } else if (!letter && !(digit && first > 0)) {
            return false;
        } else if (++part > 8) {
            return false;
        }
    }
    return part > 0 && (first > 0 || part > 1);
}

static struct toc_err read_texts(struct toc_draft *draft, struct toc_answer *answer)
{
    const struct toc_message *request = answer->request;
    struct toc_bulletin *bulletin = &draft->bulletin;
    bulletin->title = toc_message_text(request, TOC_FIELD_TITLE);
    bulletin->summary = toc_message_text(request, TOC_FIELD_SUMMARY);
    bulletin->language = toc_message_text(request, TOC_FIELD_LANGUAGE);
    bulletin->reference = toc_message_text(request, TOC_FIELD_REF);
    bulletin->valid_until_ms = toc_message_number(request, TOC_FIELD_VALID_UNTIL);
    bulletin->ack_within_ms = toc_message_number(request, TOC_FIELD_ACK_WITHIN);
    if (bulletin->language.len > 0 && !is_language(bulletin->language)) {
        return bad(answer, "lang", bulletin->language, "write a tag such as fr or pt-BR");
    }
    bulletin->exercise = toc_message_flag(request, TOC_FIELD_EXERCISE);
    if (bulletin->valid_until_ms > TOC_UTC_MS_MAX || bulletin->ack_within_ms > TOC_UTC_MS_MAX) {
        return TOC_REFUSE(answer, TOC_USAGE, "--valid-until or --ack-within lies too far ahead");
    }
    return toc_ok();
}

/* lists */

static struct toc_err read_names(struct toc_draft *draft, struct toc_answer *answer,
                                 enum toc_field field, struct toc_names *names)
{
    struct toc_items items;
    struct toc_span text;
    size_t count = toc_message_list(answer->request, field, &items);
    if (count == 0) {
        return toc_ok();
    }
    struct toc_span *at = keep(draft, count, sizeof(*at));
    if (at == NULL) {
        return no_memory(answer);
    }
    while (toc_items_text(&items, &text)) {
        if (text.len == 0 || text.len > TOC_NAME_BYTES_MAX) {
            return bad(answer, toc_field_find((uint64_t)field)->json, text,
                       "a name has 1 to 256 bytes");
        }
        at[names->count++] = text;
    }
    names->items = at;
    return toc_ok();
}

static struct toc_err read_targets(struct toc_draft *draft, struct toc_answer *answer)
{
    TOC_TRY(read_names(draft, answer, TOC_FIELD_TARGETS, &draft->bulletin.target_countries));
    struct toc_names *targets = &draft->bulletin.target_countries;
    struct toc_span *items = (struct toc_span *)(uintptr_t)targets->items;
    for (size_t i = 0; i < targets->count; i++) {
        const char *country = toc_country_find(items[i]);
        if (country == NULL) {
            return bad(answer, "target", items[i], "write a country by its two letters, e.g. FR");
        }
        items[i] = toc_span_str(country);
    }
    return toc_ok();
}

static struct toc_err check_techniques(const struct toc_draft *draft, struct toc_answer *answer)
{
    const struct toc_names *techniques = &draft->bulletin.techniques;
    struct toc_value *value = techniques->count == 0 ? NULL : malloc(sizeof(*value));
    if (techniques->count > 0 && value == NULL) {
        return no_memory(answer);
    }
    struct toc_err err = toc_ok();
    for (size_t i = 0; !toc_failed(err) && i < techniques->count; i++) {
        if (toc_failed(toc_value_guess(value, techniques->items[i])) ||
            value->kind != TOC_VALUE_TECHNIQUE) {
            err = bad(answer, "technique", techniques->items[i], "write it as T1566 or T1566.001");
        }
    }
    free(value);
    return err;
}

static struct toc_err read_cves(struct toc_draft *draft, struct toc_answer *answer)
{
    struct toc_items items;
    struct toc_span text;
    size_t count = toc_message_list(answer->request, TOC_FIELD_CVES, &items);
    struct toc_cve *cves = count == 0 ? NULL : keep(draft, count, sizeof(*cves));
    struct toc_value *value = count == 0 ? NULL : malloc(sizeof(*value));
    if (count > 0 && (cves == NULL || value == NULL)) {
        free(value);
        return no_memory(answer);
    }
    struct toc_err err = toc_ok();
    while (!toc_failed(err) && toc_items_text(&items, &text)) {
        if (toc_failed(toc_value_make(value, TOC_VALUE_CVE, text)) ||
            value->kind != TOC_VALUE_CVE) {
            err = bad(answer, "cve", text, "write it as CVE-2026-1234");
        }
        cves[draft->bulletin.cve_count++] =
            (struct toc_cve){.id = text, .score_tenths = TOC_NOT_GIVEN};
    }
    draft->bulletin.cves = cves;
    free(value);
    return err;
}

static struct toc_err read_iocs(struct toc_draft *draft, struct toc_answer *answer)
{
    struct toc_items items;
    struct toc_message row;
    size_t count = toc_message_list(answer->request, TOC_FIELD_IOCS, &items);
    struct toc_indicator *iocs = count == 0 ? NULL : keep(draft, count, sizeof(*iocs));
    struct toc_value *value = count == 0 ? NULL : malloc(sizeof(*value));
    if (count > 0 && (iocs == NULL || value == NULL)) {
        free(value);
        return no_memory(answer);
    }
    struct toc_err err = toc_ok();
    while (!toc_failed(err) && toc_items_row(&items, &row)) {
        struct toc_indicator *ioc = &iocs[draft->bulletin.indicator_count++];
        ioc->kind = toc_message_text(&row, TOC_FIELD_KIND);
        ioc->value = toc_message_text(&row, TOC_FIELD_VALUE);
        ioc->comment = toc_message_text(&row, TOC_FIELD_COMMENT);
        ioc->confidence = TOC_NOT_GIVEN;
        enum toc_value_kind kind = toc_value_kind_find(ioc->kind);
        if (ioc->kind.len == 0 || ioc->value.len == 0 ||
            toc_failed(toc_value_make(value, kind, ioc->value)) || value->other_kind) {
            err = bad(answer, "ioc", ioc->value, "it is not of the kind that is given for it");
        }
    }
    draft->bulletin.indicators = iocs;
    free(value);
    return err;
}

static struct toc_err read_documents(struct toc_draft *draft, struct toc_answer *answer)
{
    struct toc_items items;
    struct toc_message row;
    size_t count = toc_message_list(answer->request, TOC_FIELD_DOCUMENTS, &items);
    if (count == 0) {
        return toc_ok();
    }
    draft->documents = keep(draft, count, sizeof(*draft->documents));
    if (draft->documents == NULL) {
        return no_memory(answer);
    }
    while (toc_items_row(&items, &row)) {
        struct toc_span name = toc_message_text(&row, TOC_FIELD_NAME);
        if (toc_message_text(&row, TOC_FIELD_BYTES).len == 0) {
            return TOC_REFUSE(answer, TOC_USAGE, "%.*s: it is empty: nothing to publish",
                              (int)name.len, name.len == 0 ? "" : (const char *)name.at);
        }
        struct toc_span media_type = toc_message_text(&row, TOC_FIELD_MEDIA_TYPE);
        draft->documents[draft->bulletin.document_count++] = (struct toc_document){
            .name = name,
            .media_type = media_type.len > 0 ? media_type : toc_span_str(TOC_MEDIA_TYPE_UNKNOWN),
            .bytes = toc_message_text(&row, TOC_FIELD_BYTES),
        };
    }
    draft->bulletin.documents = draft->documents;
    return toc_ok();
}

static struct toc_err read_all(struct toc_draft *draft, struct toc_answer *answer)
{
    struct toc_bulletin *bulletin = &draft->bulletin;
    TOC_TRY(read_words(draft, answer));
    TOC_TRY(read_texts(draft, answer));
    TOC_TRY(read_names(draft, answer, TOC_FIELD_ACTORS, &bulletin->actors));
    TOC_TRY(read_names(draft, answer, TOC_FIELD_MALWARE, &bulletin->malware));
    TOC_TRY(read_targets(draft, answer));
    TOC_TRY(read_names(draft, answer, TOC_FIELD_SECTORS, &bulletin->target_sectors));
    TOC_TRY(read_names(draft, answer, TOC_FIELD_MOTIVES, &bulletin->motives));
    TOC_TRY(read_names(draft, answer, TOC_FIELD_TECHNIQUES, &bulletin->techniques));
    TOC_TRY(check_techniques(draft, answer));
    TOC_TRY(read_names(draft, answer, TOC_FIELD_TAGS, &bulletin->tags));
    TOC_TRY(read_cves(draft, answer));
    TOC_TRY(read_iocs(draft, answer));
    return read_documents(draft, answer);
}

struct toc_err toc_draft_read(struct toc_draft *draft, struct toc_answer *answer)
{
    memset(draft, 0, sizeof(*draft));
    struct toc_err err = read_all(draft, answer);
    if (toc_failed(err)) {
        toc_draft_clear(draft);
    }
    return err;
}
