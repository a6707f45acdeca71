/* SPDX-License-Identifier: EUPL-1.2 */
#include "reader.h"

#include <string.h>

/* The country of a location: its code, else its name if that is a country's. */
static struct toc_span country_of(const json_t *location)
{
    struct toc_span code = toc_json_text(location, "country");
    struct toc_span name = toc_json_text(location, "name");
    if (code.len > 0 && toc_country_find(code) != NULL) {
        return code;
    }
    return toc_country_find(name) != NULL ? name : toc_span("", 0);
}

/* Who says so: the producer's name, else its id. */
static struct toc_span claimed_by(struct toc_stix_reader *reader, const json_t *json)
{
    struct toc_span id = toc_json_text(json, "created_by_ref");
    const struct toc_stix_object *producer = toc_stix_find(reader, id);
    struct toc_span name = toc_span("", 0);
    if (producer != NULL) {
        name = toc_json_text(producer->json, "name");
    }
    return name.len > 0 ? name : id;
}

/* Countries and sectors that something targets. An identity may be a country or a sector itself. */
static struct toc_err read_target(struct toc_stix_reader *reader, const struct toc_stix_object *by,
                                  const struct toc_stix_object *target)
{
    struct toc_span note = by == NULL ? toc_span("", 0) : toc_json_text(by->json, "name");
    const json_t *sectors = json_object_get(target->json, "sectors");
    const json_t *sector;
    size_t i = 0;
    bool identity = toc_stix_is_word(target->type, "identity");
    if (!identity && !toc_stix_is_word(target->type, "location")) {
        return toc_ok();
    }
    TOC_TRY(toc_stix_say(reader, TOC_VALUE_TARGET, country_of(target->json), note));
    while (toc_json_next(sectors, &i, &sector)) {
        TOC_TRY(toc_stix_say(reader, TOC_VALUE_SECTOR, toc_json_string(sector), note));
    }
    /* "class" is what producers use for a branch as a whole (STIX 2.1, 10.7). */
    if (identity && json_array_size(sectors) == 0 &&
        toc_stix_is_word(toc_json_text(target->json, "identity_class"), "class")) {
        return toc_stix_say(reader, TOC_VALUE_SECTOR, toc_json_text(target->json, "name"), note);
    }
    return toc_ok();
}

static bool is_actor(const struct toc_stix_object *object)
{
    return object != NULL && (toc_stix_is_word(object->type, "intrusion-set") ||
                              toc_stix_is_word(object->type, "threat-actor") ||
                              toc_stix_is_word(object->type, "campaign"));
}

struct toc_err toc_stix_read_relation(struct toc_stix_reader *reader,
                                      const struct toc_stix_object *object)
{
    struct toc_stix_object *source = NULL;
    struct toc_stix_object *target = NULL;
    struct toc_span verb = toc_json_text(object->json, "relationship_type");
    struct toc_fact fact = reader->base;
    fact.kind = TOC_VALUE_RELATION;
    fact.value = verb;
    fact.written = toc_json_text(object->json, "source_ref");
    fact.note = toc_json_text(object->json, "target_ref");
    if (verb.len == 0 || fact.written.len == 0 || fact.note.len == 0) {
        return toc_facts_warn(reader->facts, TOC_WARNING_OBJECT_FIELD, &reader->base,
                              toc_span_str("relationship"));
    }
    TOC_TRY(toc_stix_follow(reader, fact.written, &source));
    TOC_TRY(toc_stix_follow(reader, fact.note, &target));
    if (source == NULL || target == NULL) {
        fact.flags |= TOC_FACT_DANGLING;
    }
    TOC_TRY(toc_facts_add(reader->facts, &fact));
    if (target == NULL) {
        return toc_ok();
    }
    if (toc_stix_is_word(verb, "targets")) {
        return read_target(reader, source, target);
    }
    bool place = toc_stix_is_word(verb, "originates-from") || toc_stix_is_word(verb, "located-at");
    if (place && is_actor(source)) {
        return toc_stix_say(reader, TOC_VALUE_ORIGIN, country_of(target->json),
                            claimed_by(reader, object->json));
    }
    return toc_ok();
}
