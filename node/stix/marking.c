/* SPDX-License-Identifier: EUPL-1.2 */
#include "reader.h"

#include <string.h>

/* Marking definitions that need not stand in a document: TLP 1 (STIX 2.1, 7.2.1.4) and TLP 2 (FIRST
 * and OASIS, extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d). */
static const struct {
    const char *id;
    enum toc_marked marked;
} known[] = {
    {"marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9", TOC_MARKED_CLEAR},
    {"marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da", TOC_MARKED_GREEN},
    {"marking-definition--f88d31f6-486f-44da-b317-01333bde0b82", TOC_MARKED_AMBER},
    {"marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed", TOC_MARKED_RED},
    {"marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487", TOC_MARKED_CLEAR},
    {"marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb", TOC_MARKED_GREEN},
    {"marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421", TOC_MARKED_AMBER},
    {"marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003", TOC_MARKED_AMBER_STRICT},
    {"marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1", TOC_MARKED_RED},
};

/* Both levels that a marking can state. */
struct stated {
    enum toc_marked tlp;
    enum toc_marked pap;
};

static bool starts(struct toc_span text, const char *word)
{
    for (size_t i = 0; word[i] != '\0'; i++) {
        if (i >= text.len || (text.at[i] | 0x20) != (uint8_t)word[i]) {
            return false;
        }
    }
    return true;
}

/* A text such as "TLP:AMBER" or "pap:red" states a level; any other states none. */
static void state_text(struct stated *stated, struct toc_span text)
{
    enum toc_marked marked = toc_marked_find(text);
    if (starts(text, "tlp") && marked > stated->tlp) {
        stated->tlp = marked;
    } else if (starts(text, "pap") && marked > stated->pap) {
        stated->pap = marked;
    }
}

/* A bare level under a key that says what it is the level of: {"tlp": "amber"}. */
static void state_members(struct stated *stated, json_t *object)
{
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value)
    {
        struct toc_span name = toc_span_str(key);
        enum toc_marked marked = toc_marked_find(toc_json_string(value));
        if (starts(name, "tlp") && marked > stated->tlp) {
            stated->tlp = marked;
        } else if (starts(name, "pap") && marked > stated->pap) {
            stated->pap = marked;
        } else {
            state_text(stated, toc_json_string(value));
        }
    }
}

/* What a definition says: in "definition", in its name, in an extension. The strictest counts, so
 * that a contradiction errs on the safe side. */
static struct stated read_definition(const json_t *definition)
{
    struct stated stated = {TOC_MARKED_NONE, TOC_MARKED_NONE};
    const char *key;
    json_t *extension;
    state_members(&stated, json_object_get(definition, "definition"));
    state_text(&stated, toc_json_text(definition, "name"));
    json_object_foreach(json_object_get(definition, "extensions"), key, extension)
    {
        state_members(&stated, extension);
    }
    return stated;
}

static struct toc_err say_level(struct toc_stix_reader *reader, enum toc_value_kind kind,
                                enum toc_marked marked, struct toc_span note)
{
    struct toc_fact fact = {.kind = kind,
                            .document = reader->base.document,
                            .confidence = TOC_CONFIDENCE_NONE,
                            .place = reader->base.place,
                            .note = note,
                            .value = toc_span_str(toc_marked_name(marked)),
                            .written = toc_span_str(toc_marked_name(marked))};
    uint32_t bit = 1u << ((unsigned)marked + (kind == TOC_VALUE_PAP ? 8u : 0u));
    if (marked == TOC_MARKED_NONE) {
        return toc_ok();
    }
    if (kind == TOC_VALUE_PAP) {
        toc_facts_mark_pap(reader->facts, marked);
    } else {
        toc_facts_mark_tlp(reader->facts, marked);
    }
    if ((reader->tlp_said & bit) != 0) {
        return toc_ok();
    }
    reader->tlp_said |= bit;
    return toc_facts_add(reader->facts, &fact);
}

/* The level that an object refers to. A definition that nobody refers to says nothing. */
static struct toc_err read_ref(struct toc_stix_reader *reader, struct toc_span ref)
{
    struct stated stated = {TOC_MARKED_NONE, TOC_MARKED_NONE};
    const struct toc_stix_object *object = toc_stix_find(reader, ref);
    bool resolved = object != NULL;
    if (object != NULL) {
        stated = read_definition(object->json);
    }
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (toc_stix_is_word(ref, known[i].id)) {
            stated.tlp = known[i].marked > stated.tlp ? known[i].marked : stated.tlp;
            resolved = true;
        }
    }
    if (!resolved) {
        return toc_facts_warn(reader->facts, TOC_WARNING_MARKING_UNKNOWN, &reader->base, ref);
    }
    TOC_TRY(say_level(reader, TOC_VALUE_TLP, stated.tlp, ref));
    return say_level(reader, TOC_VALUE_PAP, stated.pap, ref);
}

struct toc_err toc_stix_read_markings(struct toc_stix_reader *reader,
                                      const struct toc_stix_object *object)
{
    const json_t *refs = json_object_get(object->json, "object_marking_refs");
    const json_t *granular = json_object_get(object->json, "granular_markings");
    const json_t *labels = json_object_get(object->json, "labels");
    const json_t *item;
    size_t i = 0;
    while (toc_json_next(refs, &i, &item)) {
        TOC_TRY(read_ref(reader, toc_json_string(item)));
    }
    i = 0;
    while (toc_json_next(granular, &i, &item)) {
        struct toc_span ref = toc_json_text(item, "marking_ref");
        if (ref.len > 0) { /* the other form marks a language */
            TOC_TRY(read_ref(reader, ref));
        }
    }
    i = 0;
    while (toc_json_next(labels, &i, &item)) {
        struct stated stated = {TOC_MARKED_NONE, TOC_MARKED_NONE};
        state_text(&stated, toc_json_string(item));
        TOC_TRY(say_level(reader, TOC_VALUE_TLP, stated.tlp, toc_json_string(item)));
        TOC_TRY(say_level(reader, TOC_VALUE_PAP, stated.pap, toc_json_string(item)));
    }
    return toc_ok();
}
