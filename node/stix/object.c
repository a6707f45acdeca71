/* SPDX-License-Identifier: EUPL-1.2 */
#include "reader.h"

#include <stdio.h>
#include <string.h>

typedef struct toc_err read_fn(struct toc_stix_reader *reader,
                               const struct toc_stix_object *object);

/* A name and its aliases as facts of one kind. */
static struct toc_err say_names(struct toc_stix_reader *reader,
                                const struct toc_stix_object *object, enum toc_value_kind kind)
{
    static const char *const lists[] = {"aliases", "x_mitre_aliases", "x_opencti_aliases"};
    struct toc_span name = toc_json_text(object->json, "name");
    char note[256];
    struct toc_span head = toc_facts_cut(name, 200);
    int len = snprintf(note, sizeof note, "alias of %.*s", (int)head.len, (const char *)head.at);
    TOC_TRY(toc_stix_say(reader, kind, name, toc_span("", 0)));
    for (size_t list = 0; list < sizeof lists / sizeof lists[0]; list++) {
        const json_t *aliases = json_object_get(object->json, lists[list]);
        const json_t *alias;
        size_t i = 0;
        while (toc_json_next(aliases, &i, &alias)) {
            struct toc_span text = toc_json_string(alias);
            if (!toc_span_equal(text, name)) {
                TOC_TRY(
                    toc_stix_say(reader, kind, text, toc_span(note, len < 0 ? 0 : (size_t)len)));
            }
        }
    }
    return toc_ok();
}

static struct toc_err read_actor(struct toc_stix_reader *reader,
                                 const struct toc_stix_object *object)
{
    return say_names(reader, object, TOC_VALUE_ACTOR);
}

static struct toc_err read_campaign(struct toc_stix_reader *reader,
                                    const struct toc_stix_object *object)
{
    return say_names(reader, object, TOC_VALUE_CAMPAIGN);
}

static struct toc_err read_malware(struct toc_stix_reader *reader,
                                   const struct toc_stix_object *object)
{
    return say_names(reader, object, TOC_VALUE_MALWARE);
}

static struct toc_err read_tool(struct toc_stix_reader *reader,
                                const struct toc_stix_object *object)
{
    return say_names(reader, object, TOC_VALUE_TOOL);
}

/* The ATT&CK id among the references, else the name. */
static struct toc_err read_attack_pattern(struct toc_stix_reader *reader,
                                          const struct toc_stix_object *object)
{
    struct toc_span name = toc_json_text(object->json, "name");
    const json_t *list = json_object_get(object->json, "external_references");
    const json_t *item;
    size_t i = 0;
    while (toc_json_next(list, &i, &item)) {
        struct toc_span source = toc_json_text(item, "source_name");
        struct toc_span id = toc_json_text(item, "external_id");
        if (source.len >= 5 && memcmp(source.at, "mitre", 5) == 0 && id.len > 0) {
            return toc_stix_say(reader, TOC_VALUE_TECHNIQUE, id, name);
        }
    }
    return toc_stix_say(reader, TOC_VALUE_TECHNIQUE, name, name);
}

/* A CVE id is read with the references; without one the name may be it. */
static struct toc_err read_vulnerability(struct toc_stix_reader *reader,
                                         const struct toc_stix_object *object)
{
    struct toc_value value;
    struct toc_span name = toc_json_text(object->json, "name");
    if (!toc_failed(toc_value_make(&value, TOC_VALUE_CVE, name))) {
        return toc_stix_say(reader, TOC_VALUE_CVE, name, toc_span("", 0));
    }
    return toc_ok();
}

static struct toc_err follow_all(struct toc_stix_reader *reader,
                                 const struct toc_stix_object *object, const char *key)
{
    const json_t *refs = json_object_get(object->json, key);
    const json_t *ref;
    size_t i = 0;
    struct toc_stix_object *target = NULL;
    if (json_is_string(refs)) {
        return toc_stix_follow(reader, toc_json_string(refs), &target);
    }
    while (toc_json_next(refs, &i, &ref)) {
        TOC_TRY(toc_stix_follow(reader, toc_json_string(ref), &target));
    }
    return toc_ok();
}

static struct toc_err read_report(struct toc_stix_reader *reader,
                                  const struct toc_stix_object *object)
{
    struct toc_span published = toc_json_text(object->json, "published");
    const json_t *labels = json_object_get(object->json, "labels");
    const json_t *label;
    size_t i = 0;
    struct toc_fact fact = reader->base;
    if (published.len == 0) {
        published = toc_json_text(object->json, "created");
    }
    TOC_TRY(
        toc_stix_say(reader, TOC_VALUE_TITLE,
                     toc_facts_cut(toc_json_text(object->json, "name"), TOC_FACT_NOTE_BYTES_MAX),
                     toc_span("", 0)));
    TOC_TRY(toc_stix_say(
        reader, TOC_VALUE_SUMMARY,
        toc_facts_cut(toc_json_text(object->json, "description"), TOC_VALUE_WRITTEN_BYTES_MAX),
        toc_span("", 0)));
    if (published.len > 0 && !toc_failed(toc_time_parse(published, &fact.from))) {
        fact.kind = TOC_VALUE_PUBLISHED;
        fact.value = fact.written = published;
        fact.note = toc_span("", 0);
        TOC_TRY(toc_facts_add(reader->facts, &fact));
    }
    while (toc_json_next(labels, &i, &label)) {
        TOC_TRY(toc_stix_say(reader, TOC_VALUE_TAG,
                             toc_facts_cut(toc_json_string(label), TOC_FACT_NOTE_BYTES_MAX),
                             toc_span("", 0)));
    }
    return follow_all(reader, object, "object_refs");
}

static struct toc_err read_sighting(struct toc_stix_reader *reader,
                                    const struct toc_stix_object *object)
{
    TOC_TRY(follow_all(reader, object, "sighting_of_ref"));
    TOC_TRY(follow_all(reader, object, "observed_data_refs"));
    return follow_all(reader, object, "where_sighted_refs");
}

/* 2.0 holds the observables in a map, 2.1 refers to them. */
static struct toc_err read_observed_data(struct toc_stix_reader *reader,
                                         const struct toc_stix_object *object)
{
    const char *key;
    json_t *inner;
    json_object_foreach(json_object_get(object->json, "objects"), key, inner)
    {
        TOC_TRY(toc_stix_read_observable(reader, toc_json_text(inner, "type"), inner));
    }
    return follow_all(reader, object, "object_refs");
}

static struct toc_err read_observable(struct toc_stix_reader *reader,
                                      const struct toc_stix_object *object)
{
    return toc_stix_read_observable(reader, object->type, object->json);
}

/* An attribute of MISP that STIX has no pattern for. */
static struct toc_err read_misp_attribute(struct toc_stix_reader *reader,
                                          const struct toc_stix_object *object)
{
    struct toc_span type = toc_json_text(object->json, "x_misp_type");
    struct toc_span value = toc_json_text(object->json, "x_misp_value");
    enum toc_value_kind kind = toc_value_kind_find(type);
    if (value.len == 0 || kind == TOC_VALUE_OTHER ||
        toc_value_class(kind) == TOC_VALUE_CLASS_REMARK) {
        return toc_ok();
    }
    reader->base.flags |= TOC_FACT_OBSERVED;
    if (toc_stix_is_word(type, "link")) {
        return toc_stix_say(reader, TOC_VALUE_REFERENCE, value, toc_span("", 0));
    }
    return toc_stix_say(reader, kind, value, toc_json_text(object->json, "x_misp_comment"));
}

static const struct {
    const char *type;
    read_fn *read; /* NULL: carried and counted, no facts of its own */
} types[] = {
    {"attack-action", NULL},
    {"attack-asset", NULL},
    {"attack-condition", NULL},
    {"attack-flow", NULL},
    {"attack-operator", NULL},
    {"attack-pattern", read_attack_pattern},
    {"artifact", read_observable},
    {"autonomous-system", read_observable},
    {"campaign", read_campaign},
    {"course-of-action", NULL},
    {"directory", read_observable},
    {"domain-name", read_observable},
    {"email-addr", read_observable},
    {"email-message", NULL},
    {"extension-definition", NULL},
    {"file", read_observable},
    {"grouping", read_report},
    {"identity", NULL},
    {"incident", NULL},
    {"infrastructure", NULL},
    {"intrusion-set", read_actor},
    {"ipv4-addr", read_observable},
    {"ipv6-addr", read_observable},
    {"language-content", NULL},
    {"location", NULL},
    {"mac-addr", read_observable},
    {"malware", read_malware},
    {"malware-analysis", NULL},
    {"marking-definition", NULL},
    {"mutex", read_observable},
    {"network-traffic", NULL},
    {"note", NULL},
    {"observed-data", read_observed_data},
    {"opinion", NULL},
    {"process", read_observable},
    {"report", read_report},
    {"sighting", read_sighting},
    {"software", NULL},
    {"threat-actor", read_actor},
    {"tool", read_tool},
    {"url", read_observable},
    {"user-account", NULL},
    {"vulnerability", read_vulnerability},
    {"windows-registry-key", read_observable},
    {"x509-certificate", read_observable},
    {"x-misp-attribute", read_misp_attribute},
    {"x-mitre-collection", read_report},
    {"cryptocurrency-wallet", read_observable},
    {"bank-account", read_observable},
    {"hostname", read_observable},
    {"phone-number", read_observable},
    {"user-agent", read_observable},
    {"x-opencti-cryptocurrency-wallet", read_observable},
    {"x-opencti-hostname", read_observable},
    {"x-opencti-user-agent", read_observable},
};

struct toc_err toc_stix_read_object(struct toc_stix_reader *reader,
                                    const struct toc_stix_object *object, bool *known)
{
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (toc_stix_is_word(object->type, types[i].type)) {
            return types[i].read == NULL ? toc_ok() : types[i].read(reader, object);
        }
    }
    /* Custom types announce themselves (STIX 2.1, 11.2). */
    *known = object->type.len > 2 && memcmp(object->type.at, "x-", 2) == 0;
    return toc_ok();
}
