/* SPDX-License-Identifier: EUPL-1.2 */
#include "reader.h"

#include <stdlib.h>
#include <string.h>

bool toc_stix_is_word(struct toc_span text, const char *word)
{
    return toc_span_equal(text, toc_span_str(word));
}

/* Objects of a container: a bundle's, a TAXII envelope's, a list's; NULL when `root` is an object
 * of its own. */
static const json_t *members_of(const json_t *root)
{
    if (json_is_array(root)) {
        return root;
    }
    const json_t *objects = json_object_get(root, "objects");
    /* A 2.0 observed-data has "objects" too, but there it is a map. */
    return json_is_array(objects) ? objects : NULL;
}

/* Objects of a bundle that stands in a list or in another bundle; NULL for any other member. */
static const json_t *inner_of(const json_t *member)
{
    bool bundle = toc_stix_is_word(toc_json_text(member, "type"), "bundle");
    return bundle ? members_of(member) : NULL;
}

static bool looks_like_object(const json_t *value)
{
    struct toc_span type = toc_json_text(value, "type");
    struct toc_span id = toc_json_text(value, "id");
    if (toc_stix_is_word(type, "bundle")) {
        return true;
    }
    return type.len > 0 && id.len > type.len + 2 && memcmp(id.at, type.at, type.len) == 0 &&
           id.at[type.len] == '-' && id.at[type.len + 1] == '-';
}

bool toc_stix_is(const struct toc_json *json)
{
    for (uint32_t i = 0; i < json->count; i++) {
        const json_t *members = members_of(json->roots[i]);
        const json_t *member;
        size_t k = 0;
        if (looks_like_object(json->roots[i])) {
            return true;
        }
        while (toc_json_next(members, &k, &member)) {
            if (looks_like_object(member)) {
                return true;
            }
        }
    }
    return false;
}

/* The table of objects. */

static size_t count_members(const json_t *root)
{
    const json_t *members = members_of(root);
    size_t count = 0;
    size_t i = 0;
    const json_t *member;
    if (members == NULL) {
        return toc_stix_is_word(toc_json_text(root, "type"), "bundle") ? 0 : 1;
    }
    while (toc_json_next(members, &i, &member)) {
        const json_t *inner = inner_of(member);
        count += inner == NULL ? 1 : json_array_size(inner);
    }
    return count;
}

static void put_object(struct toc_stix_reader *reader, const json_t *json, bool bundle_21)
{
    struct toc_stix_object *object = &reader->objects[reader->count];
    struct toc_span version = toc_json_text(json, "spec_version");
    memset(object, 0, sizeof *object);
    object->json = json;
    object->id = toc_json_text(json, "id");
    object->type = toc_json_text(json, "type");
    object->modified = toc_json_text(json, "modified");
    object->order = reader->count++;
    object->is_21 = version.len > 0 ? toc_stix_is_word(version, "2.1") : bundle_21;
    reader->is_21 = reader->is_21 || object->is_21;
}

static void put_members(struct toc_stix_reader *reader, const json_t *root)
{
    const json_t *members = members_of(root);
    bool bundle_21 = toc_stix_is_word(toc_json_text(root, "spec_version"), "2.1");
    size_t i = 0;
    const json_t *member;
    const json_t *leaf;
    if (members == NULL) {
        if (!toc_stix_is_word(toc_json_text(root, "type"), "bundle")) {
            put_object(reader, root, false);
        }
        return;
    }
    while (toc_json_next(members, &i, &member)) {
        const json_t *inner = inner_of(member);
        if (inner == NULL) {
            put_object(reader, member, bundle_21);
            continue;
        }
        size_t j = 0;
        while (toc_json_next(inner, &j, &leaf)) {
            put_object(reader, leaf, bundle_21);
        }
    }
}

/* Times of RFC 3339 in UTC compare as text once the closing Z is left out, whatever the number of
 * fraction digits. */
static int compare_times(struct toc_span a, struct toc_span b)
{
    a.len -= a.len > 0 && a.at[a.len - 1] == 'Z';
    b.len -= b.len > 0 && b.at[b.len - 1] == 'Z';
    return toc_span_compare(a, b);
}

/* By id, the newest version first, then by place. */
static int compare_objects(const void *left, const void *right)
{
    const struct toc_stix_object *a = *(struct toc_stix_object *const *)left;
    const struct toc_stix_object *b = *(struct toc_stix_object *const *)right;
    int order = toc_span_compare(a->id, b->id);
    if (order == 0) {
        order = compare_times(b->modified, a->modified);
    }
    if (order == 0) {
        order = a->order < b->order ? -1 : a->order > b->order;
    }
    return order;
}

struct toc_stix_object *toc_stix_find(struct toc_stix_reader *reader, struct toc_span id)
{
    uint32_t low = 0;
    uint32_t high = reader->id_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (toc_span_compare(reader->by_id[middle]->id, id) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    bool found = low < reader->id_count && toc_span_equal(reader->by_id[low]->id, id);
    return found ? reader->by_id[low] : NULL;
}

struct toc_err toc_stix_follow(struct toc_stix_reader *reader, struct toc_span ref,
                               struct toc_stix_object **object)
{
    *object = toc_stix_find(reader, ref);
    if (*object != NULL || ref.len == 0) {
        return toc_ok();
    }
    return toc_facts_warn(reader->facts, TOC_WARNING_REFERENCE_DANGLING, &reader->base, ref);
}

/* Marks all but the newest version of each id. Where one version has two contents neither is newer:
 * both count, with a warning (real reports use one id for two indicators). */
static struct toc_err find_outdated(struct toc_stix_reader *reader)
{
    for (uint32_t i = 1; i < reader->id_count; i++) {
        struct toc_stix_object *before = reader->by_id[i - 1];
        struct toc_stix_object *object = reader->by_id[i];
        if (!toc_span_equal(before->id, object->id)) {
            continue;
        }
        bool differs = compare_times(before->modified, object->modified) == 0 &&
                       !json_equal(before->json, object->json);
        object->outdated = before->outdated || !differs;
        reader->base.place = object->id;
        if (differs) {
            TOC_TRY(toc_facts_warn(reader->facts, TOC_WARNING_OBJECT_TWICE, &reader->base,
                                   object->modified));
        }
    }
    return toc_ok();
}

static struct toc_err fill_table(struct toc_stix_reader *reader, const struct toc_json *json)
{
    size_t count = 0;
    for (uint32_t i = 0; i < json->count; i++) {
        count += count_members(json->roots[i]);
    }
    reader->objects = calloc(count + 1, sizeof *reader->objects);
    reader->by_id = calloc(count + 1, sizeof(struct toc_stix_object *));
    if (reader->objects == NULL || reader->by_id == NULL) {
        return toc_fail(TOC_FULL, "no memory for STIX objects");
    }
    for (uint32_t i = 0; i < json->count; i++) {
        put_members(reader, json->roots[i]);
    }
    TOC_ASSERT(reader->count == count);
    for (uint32_t i = 0; i < reader->count; i++) {
        if (reader->objects[i].id.len > 0) {
            reader->by_id[reader->id_count++] = &reader->objects[i];
        }
    }
    qsort(reader->by_id, reader->id_count, sizeof(struct toc_stix_object *), compare_objects);
    return find_outdated(reader);
}

/* One object after another. */

/* A time of the object at hand; 0 when it is absent, with a warning when it cannot be read. */
static struct toc_err read_time(struct toc_stix_reader *reader, const json_t *json, const char *key,
                                struct toc_utc *out)
{
    struct toc_span text = toc_json_text(json, key);
    out->ms = 0;
    if (text.len == 0 || !toc_failed(toc_time_parse(text, out))) {
        return toc_ok();
    }
    return toc_facts_warn(reader->facts, TOC_WARNING_TIME_INVALID, &reader->base, text);
}

static struct toc_err begin_object(struct toc_stix_reader *reader,
                                   const struct toc_stix_object *object)
{
    struct toc_fact *base = &reader->base;
    const json_t *confidence = json_object_get(object->json, "confidence");
    uint16_t document = base->document;
    *base = (struct toc_fact){.document = document,
                              .confidence = TOC_CONFIDENCE_NONE,
                              .place = object->id,
                              .note = toc_json_text(object->json, "name")};
    if (json_is_integer(confidence) && json_integer_value(confidence) >= 0 &&
        json_integer_value(confidence) <= 100) {
        base->confidence = (uint8_t)json_integer_value(confidence);
    }
    if (json_is_true(json_object_get(object->json, "revoked"))) {
        base->flags |= TOC_FACT_REVOKED;
    }
    TOC_TRY(read_time(reader, object->json, "valid_from", &base->from));
    return read_time(reader, object->json, "valid_until", &base->until);
}

struct toc_err toc_stix_say(struct toc_stix_reader *reader, enum toc_value_kind kind,
                            struct toc_span text, struct toc_span note)
{
    struct toc_fact fact = reader->base;
    if (text.len == 0) {
        return toc_ok();
    }
    fact.note = note;
    return toc_facts_add_value(reader->facts, &fact, kind, text);
}

/* Identities that stand as producers are said once. */
static struct toc_err read_producer(struct toc_stix_reader *reader,
                                    const struct toc_stix_object *object)
{
    struct toc_stix_object *producer = NULL;
    TOC_TRY(toc_stix_follow(reader, toc_json_text(object->json, "created_by_ref"), &producer));
    if (producer == NULL || producer->said) {
        return toc_ok();
    }
    producer->said = true;
    struct toc_fact fact = {.kind = TOC_VALUE_PRODUCER,
                            .document = reader->base.document,
                            .confidence = TOC_CONFIDENCE_NONE,
                            .place = producer->id,
                            .value = toc_json_text(producer->json, "name"),
                            .written = toc_json_text(producer->json, "name")};
    return fact.value.len == 0 ? toc_ok() : toc_facts_add(reader->facts, &fact);
}

/* References are shown, never treated as indicators. A CVE id among them is a fact. */
static struct toc_err read_references(struct toc_stix_reader *reader, const json_t *json)
{
    const json_t *list = json_object_get(json, "external_references");
    const json_t *item;
    size_t i = 0;
    while (toc_json_next(list, &i, &item)) {
        struct toc_span source = toc_json_text(item, "source_name");
        struct toc_span id = toc_json_text(item, "external_id");
        struct toc_span url = toc_json_text(item, "url");
        if (toc_stix_is_word(source, "cve") || toc_stix_is_word(source, "CVE")) {
            TOC_TRY(toc_stix_say(reader, TOC_VALUE_CVE, id, reader->base.note));
        }
        if (url.len > TOC_VALUE_WRITTEN_BYTES_MAX) {
            TOC_TRY(toc_facts_warn(reader->facts, TOC_WARNING_VALUE_LONG, &reader->base, url));
        } else {
            TOC_TRY(toc_stix_say(reader, TOC_VALUE_REFERENCE, url, source));
        }
    }
    return toc_ok();
}

static struct toc_err read_one(struct toc_stix_reader *reader, struct toc_stix_object *object)
{
    bool known = true;
    reader->facts->counts.objects++;
    bool indicator = toc_stix_is_word(object->type, "indicator");
    reader->facts->counts.indicators += indicator;
    TOC_TRY(begin_object(reader, object));
    if (!json_is_object(object->json) || object->type.len == 0) {
        return toc_facts_warn(reader->facts, TOC_WARNING_OBJECT_TYPE, &reader->base, object->type);
    }
    if (!looks_like_object(object->json)) {
        TOC_TRY(toc_facts_warn(reader->facts, TOC_WARNING_OBJECT_ID, &reader->base, object->id));
    }
    TOC_TRY(toc_stix_read_markings(reader, object));
    if (object->outdated) {
        return toc_ok();
    }
    TOC_TRY(read_producer(reader, object));
    TOC_TRY(read_references(reader, object->json));
    if (indicator) {
        return toc_stix_read_indicator(reader, object);
    }
    if (toc_stix_is_word(object->type, "relationship")) {
        return toc_stix_read_relation(reader, object);
    }
    TOC_TRY(toc_stix_read_object(reader, object, &known));
    if (!known) {
        return toc_facts_warn(reader->facts, TOC_WARNING_OBJECT_TYPE, &reader->base, object->type);
    }
    return toc_ok();
}

struct toc_err toc_stix_read(struct toc_facts *facts, const struct toc_json *json,
                             uint16_t document, bool *is_21)
{
    struct toc_stix_reader reader = {.facts = facts, .base.document = document};
    toc_pattern_init(&reader.pattern);
    struct toc_err err = fill_table(&reader, json);
    for (uint32_t i = 0; i < reader.count && !toc_failed(err); i++) {
        err = read_one(&reader, &reader.objects[i]);
    }
    *is_21 = reader.is_21;
    toc_pattern_clear(&reader.pattern);
    free(reader.by_id);
    free(reader.objects);
    return err;
}
