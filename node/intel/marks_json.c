/* SPDX-License-Identifier: EUPL-1.2 */
#include "marks.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Longest string in which CLEAR counts, bytes: a tag or a reference. Longer ones talk about it, and
 * CLEAR forbids nothing. */
#define CLEAR_BYTES_MAX 64u

/* A marking definition of the document that states a level. */
struct definition {
    const char *id;
    enum toc_marked marked;
};

struct walk {
    struct definition *definitions; /* by id once all are found */
    size_t count;
    size_t room;
    enum toc_marked found;
};

static void raise(struct walk *walk, enum toc_marked marked)
{
    walk->found = marked > walk->found ? marked : walk->found;
}

static bool is_definition(const json_t *object)
{
    return json_is_object(object) &&
           toc_span_equal(toc_json_text(object, "type"), toc_span_str("marking-definition")) &&
           json_is_string(json_object_get(object, "id"));
}

/* A level under a key that says what it is: {"tlp": "red"}, {"tlp": {"label": "RED"}}. */
static enum toc_marked level_of_key(const char *key, const json_t *value)
{
    enum toc_marked found = TOC_MARKED_NONE;
    const json_t *item;
    size_t i = 0;
    if (strcasestr(key, "tlp") == NULL) {
        return found;
    }
    while (toc_json_next(value, &i, &item)) {
        enum toc_marked marked = toc_marked_find(toc_json_string(item));
        found = marked > found ? marked : found;
    }
    const json_t *label = json_object_get(value, "label");
    enum toc_marked marked = toc_marked_find(toc_json_string(label != NULL ? label : value));
    return marked > found ? marked : found;
}

static void walk_value(struct walk *walk, const json_t *value);

static void walk_object(struct walk *walk, const json_t *object)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)object, key, value)
    {
        raise(walk, level_of_key(key, value));
        raise(walk, toc_marks_in_bytes(toc_span_str(key)));
        /* A report lists the definitions of its bundle among its objects; that marks nothing. */
        if (strcmp(key, "object_refs") != 0) {
            walk_value(walk, value);
        }
    }
}

static int compare_definitions(const void *left, const void *right)
{
    const struct definition *a = left;
    const struct definition *b = right;
    return strcasecmp(a->id, b->id);
}

static enum toc_marked level_of_reference(const struct walk *walk, const char *text)
{
    const struct definition wanted = {.id = text};
    if (walk->count == 0 || strncasecmp(text, "marking-definition--", 20) != 0) {
        return TOC_MARKED_NONE;
    }
    const struct definition *found = bsearch(&wanted, walk->definitions, walk->count,
                                             sizeof *walk->definitions, compare_definitions);
    return found == NULL ? TOC_MARKED_NONE : found->marked;
}

/* Strings of a value, except those of marking definitions. The depth is bounded by the loader. */
static void walk_value(struct walk *walk, const json_t *value)
{
    const json_t *item;
    size_t i = 0;
    if (json_is_string(value)) {
        struct toc_span text = toc_json_string(value);
        enum toc_marked marked = toc_marks_in_bytes(text);
        bool spoken_of = marked == TOC_MARKED_CLEAR && text.len > CLEAR_BYTES_MAX;
        raise(walk, spoken_of ? TOC_MARKED_NONE : marked);
        raise(walk, level_of_reference(walk, json_string_value(value)));
    }
    while (toc_json_next(value, &i, &item)) {
        walk_value(walk, item);
    }
    if (json_is_object(value) && !is_definition(value)) {
        walk_object(walk, value);
    } else if (is_definition(value)) {
        walk_value(walk, json_object_get(value, "object_marking_refs"));
    }
}

/* What a definition states: everything in it but its own id and its references. */
static enum toc_marked level_of_definition(const json_t *definition)
{
    struct walk walk = {.count = 0};
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)definition, key, value)
    {
        if (strcmp(key, "id") != 0 && strcmp(key, "object_marking_refs") != 0) {
            raise(&walk, level_of_key(key, value));
            walk_value(&walk, value);
        }
    }
    return walk.found;
}

static struct toc_err keep_definition(struct walk *walk, const json_t *definition)
{
    enum toc_marked marked = level_of_definition(definition);
    if (marked == TOC_MARKED_NONE) {
        return toc_ok();
    }
    if (walk->count == walk->room) {
        size_t room = walk->room == 0 ? 16 : 2 * walk->room;
        struct definition *definitions = realloc(walk->definitions, room * sizeof *definitions);
        if (definitions == NULL) {
            return toc_fail(TOC_FULL, "no memory for markings");
        }
        walk->definitions = definitions;
        walk->room = room;
    }
    walk->definitions[walk->count++] =
        (struct definition){json_string_value(json_object_get(definition, "id")), marked};
    return toc_ok();
}

/* Definitions at any depth. */
static struct toc_err find_definitions(struct walk *walk, const json_t *value)
{
    const json_t *item;
    const char *key;
    json_t *member;
    size_t i = 0;
    while (toc_json_next(value, &i, &item)) {
        TOC_TRY(find_definitions(walk, item));
    }
    if (is_definition(value)) {
        return keep_definition(walk, value);
    }
    json_object_foreach((json_t *)value, key, member)
    {
        TOC_TRY(find_definitions(walk, member));
    }
    return toc_ok();
}

/* One definition an id, the strictest, so that a search finds that one. */
static void sort_definitions(struct walk *walk)
{
    size_t kept = 0;
    if (walk->count == 0) {
        return;
    }
    qsort(walk->definitions, walk->count, sizeof *walk->definitions, compare_definitions);
    for (size_t i = 1; i < walk->count; i++) {
        struct definition *last = &walk->definitions[kept];
        const struct definition *next = &walk->definitions[i];
        if (compare_definitions(last, next) != 0) {
            walk->definitions[++kept] = *next;
        } else if (next->marked > last->marked) {
            last->marked = next->marked;
        }
    }
    walk->count = kept + 1;
}

struct toc_err toc_marks_in_json(const struct toc_json *json, enum toc_marked *tlp)
{
    struct walk walk = {.count = 0};
    struct toc_err err = toc_ok();
    for (uint32_t i = 0; i < json->count && !toc_failed(err); i++) {
        err = find_definitions(&walk, json->roots[i]);
    }
    sort_definitions(&walk);
    for (uint32_t i = 0; i < json->count && !toc_failed(err); i++) {
        walk_value(&walk, json->roots[i]);
    }
    free(walk.definitions);
    *tlp = walk.found;
    return err;
}
