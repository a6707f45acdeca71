/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * json: bounded loading of JSON that may come from anybody, one text or one a line, with the place
 * of what is wrong. jansson builds the tree; its size is bounded before it starts.
 */
#ifndef TOC_JSON_H
#define TOC_JSON_H

#include "base.h"

#include <jansson.h>

/* Arrays and objects within each other. Reason: STIX, MISP and CSAF stay below 20. */
#define TOC_JSON_DEPTH_MAX 128u
/* Values of all kinds in one document. Reason: jansson takes up to 200 bytes a value; ATT&CK with
 * 25,000 objects has a million. */
#define TOC_JSON_VALUES_MAX 4000000u
/* Texts of one document (JSON Lines). */
#define TOC_JSON_TEXTS_MAX 1000000u

/* What is wrong, and where. */
struct toc_json_fault {
    uint32_t line;    /* from 1 */
    uint32_t column;  /* from 1, in characters: the last one of what cannot be read */
    char detail[160]; /* printable */
};

/* The texts of one document in their order. */
struct toc_json {
    json_t **roots;
    uint32_t count;
    uint32_t room;
};

void toc_json_init(struct toc_json *json);
void toc_json_clear(struct toc_json *json);

/* Reads all of `bytes`: at least one text, several with blanks between them. A byte order mark is
 * passed over; numbers beyond 64 bits become reals. Two equal keys in one object are refused: the
 * first could be a marking that the second hides (RFC 8259, 4: readers differ on which counts).
 * Gives *json, also to be cleared after a failure. Fails: SYNTAX (not JSON, not UTF-8, a key
 * twice), LIMIT (depth, values, texts), FULL; *fault says where. Cost: about 20 ns a byte, nearly
 * all of it jansson's. */
TOC_MUST_USE struct toc_err toc_json_load(struct toc_json *json, struct toc_span bytes,
                                          struct toc_json_fault *fault);

/* The text of a string member; empty when it is absent or no string. Lends: as long as `object`. */
struct toc_span toc_json_text(const json_t *object, const char *key);
/* The bytes of a string value; empty when it is no string. */
struct toc_span toc_json_string(const json_t *value);

/* The value at *index of an array, which goes one further; false at the end, and when `array` is
 * none. */
static inline bool toc_json_next(const json_t *array, size_t *index, const json_t **value)
{
    *value = json_array_get(array, *index);
    *index += 1;
    return *value != NULL;
}

#endif
