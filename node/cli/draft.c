/* SPDX-License-Identifier: EUPL-1.2 */
#include "publish.h"

#include <stdlib.h>
#include <string.h>

static struct toc_span trim(struct toc_span text)
{
    while (text.len > 0 && (text.at[0] == ' ' || text.at[0] == '\t')) {
        text = toc_span(text.at + 1, text.len - 1);
    }
    while (text.len > 0 && (text.at[text.len - 1] == ' ' || text.at[text.len - 1] == '\t')) {
        text.len--;
    }
    return text;
}

bool toc_draft_add(struct toc_draft_list *list, struct toc_span text, bool split)
{
    while (text.len > 0) {
        const uint8_t *comma = split ? memchr(text.at, ',', text.len) : NULL;
        size_t len = comma == NULL ? text.len : (size_t)(comma - text.at);
        struct toc_span item = trim(toc_span(text.at, len));
        if (item.len > 0) {
            if (list->count == TOC_DRAFT_LIST_MAX) {
                return false;
            }
            list->items[list->count++] = item;
        }
        size_t used = len + (comma != NULL);
        text = toc_span(text.at + used, text.len - used);
    }
    return true;
}

bool toc_draft_is_ioc(struct toc_span text)
{
    const uint8_t *colon = text.len > 0 ? memchr(text.at, ':', text.len) : NULL;
    return colon != NULL && colon > text.at && colon + 1 < text.at + text.len;
}

static bool read_lists(struct toc_draft *draft, const struct toc_args *args)
{
    const struct {
        const char *option;
        struct toc_draft_list *list;
        bool split;
    } lists[] = {
        {"actor", &draft->actors, false},   {"target", &draft->targets, true},
        {"sector", &draft->sectors, false}, {"technique", &draft->techniques, true},
        {"cve", &draft->cves, true},        {"ioc", &draft->iocs, false},
    };
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        for (size_t k = 0; k < toc_args_count(args, lists[i].option); k++) {
            const char *text = toc_args_repeated(args, lists[i].option, k);
            if (!toc_draft_add(lists[i].list, toc_span_str(text), lists[i].split)) {
                (void)toc_complain_usage(args, "--%s: at most %u values", lists[i].option,
                                         TOC_DRAFT_LIST_MAX);
                return false;
            }
        }
    }
    for (size_t i = 0; i < draft->iocs.count; i++) {
        if (!toc_draft_is_ioc(draft->iocs.items[i])) {
            (void)toc_complain_usage(args,
                                     "--ioc %.*s: wanted KIND:VALUE, such as "
                                     "domain:example.com",
                                     (int)draft->iocs.items[i].len,
                                     (const char *)draft->iocs.items[i].at);
            return false;
        }
    }
    return true;
}

static bool read_times(struct toc_draft *draft, const struct toc_args *args)
{
    const char *until = toc_args_value(args, "valid-until"),
               *within = toc_args_value(args, "ack-within");
    if (until != NULL && !toc_when_parse(until, toc_now_utc().ms, &draft->valid_until_ms)) {
        (void)toc_complain_usage(args,
                                 "--valid-until %s: wanted a date such as 2026-03-01, a time "
                                 "such as 2026-03-01T12:00:00Z, or a span such as 30d",
                                 until);
        return false;
    }
    if (until != NULL && draft->valid_until_ms <= toc_now_utc().ms) {
        (void)toc_complain_usage(args, "--valid-until %s: that is past", until);
        return false;
    }
    if (within != NULL && !toc_span_parse(within, &draft->ack_within_ms)) {
        (void)toc_complain_usage(args, "--ack-within %s: wanted a span such as 4h or 30m", within);
        return false;
    }
    return true;
}

static bool read_text(const struct toc_args *args, const char *option, enum toc_field field,
                      const char **value)
{
    uint64_t bytes_max = toc_field_find(field)->max;
    *value = toc_args_value(args, option);
    if (*value == NULL || (strlen(*value) <= bytes_max && toc_utf8_valid(toc_span_str(*value)))) {
        return true;
    }
    (void)toc_complain_usage(args, "--%s: wanted UTF-8 text of at most %llu bytes", option,
                             (unsigned long long)bytes_max);
    return false;
}

bool toc_draft_read(struct toc_draft *draft, const struct toc_args *args)
{
    const struct {
        const char *option;
        enum toc_field field;
        const char **value;
    } texts[] = {
        {"tlp", TOC_FIELD_TLP, &draft->tlp},
        {"tlp-missing", TOC_FIELD_TLP_MISSING, &draft->tlp_missing},
        {"lower-tlp", TOC_FIELD_LOWER_TLP, &draft->lower_tlp},
        {"title", TOC_FIELD_TITLE, &draft->title},
        {"severity", TOC_FIELD_SEVERITY, &draft->severity},
        {"kind", TOC_FIELD_KIND, &draft->kind},
        {"pap", TOC_FIELD_PAP, &draft->pap},
        {"lang", TOC_FIELD_LANGUAGE, &draft->language},
        {"ref", TOC_FIELD_REF, &draft->ref},
        {"summary", TOC_FIELD_SUMMARY, &draft->summary},
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (!read_text(args, texts[i].option, texts[i].field, texts[i].value)) {
            return false;
        }
    }
    draft->to = toc_args_value(args, "to");
    draft->exercise = toc_args_has(args, "exercise");
    return read_times(draft, args) && read_lists(draft, args);
}

void toc_draft_free(struct toc_draft *draft)
{
    free(draft->text);
    draft->text = NULL;
}

char *toc_draft_ask(const char *question)
{
    char *line = NULL;
    size_t room = 0;
    if (!toc_prompt_possible()) {
        return NULL;
    }
    (void)fprintf(stderr, "%s: ", question);
    (void)fflush(stderr);
    ssize_t len = getline(&line, &room, stdin);
    while (len > 0 && (line[len - 1] == '\n' || line[len - 1] == '\r' || line[len - 1] == ' ')) {
        line[--len] = '\0';
    }
    if (len <= 0) {
        free(line);
        return NULL;
    }
    return line;
}
