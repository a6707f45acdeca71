/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * fields: the bulletin's map keys as tables, which the encoder, the decoder and the test of
 * PROTOCOL.md's tables all read. Private to the room.
 */
#ifndef TOC_BULLETIN_FIELDS_H
#define TOC_BULLETIN_FIELDS_H

#include "bulletin.h"

enum toc_field_form {
    TOC_FORM_ID,     /* bin of exactly `width` bytes, not all zero, in place */
    TOC_FORM_TEXT,   /* str, a span; empty = absent */
    TOC_FORM_BYTES,  /* bin, a span; empty = absent */
    TOC_FORM_NUMBER, /* unsigned, member of `width` bytes, `bias` above what is encoded */
    TOC_FORM_FLAG,   /* true; false = absent */
    TOC_FORM_LIST,   /* array, pointer and count; none = absent */
};

#define TOC_FIELD_NEVER_ABSENT UINT64_MAX

struct toc_shape;

struct toc_field {
    int8_t key; /* negative = critical: who does not know it refuses the bulletin */
    uint8_t form;
    uint8_t width;
    bool required;
    uint8_t bias;
    uint16_t at;       /* offset of the member; LIST: of its pointer */
    uint16_t count_at; /* LIST: offset of its count */
    uint64_t min, max; /* NUMBER: as encoded; TEXT, BYTES: at most so many bytes; LIST: items */
    uint64_t absent;   /* NUMBER: the member's value that stands for "not given" */
    const struct toc_shape *items; /* LIST */
    const char *name;              /* as in PROTOCOL.md */
};

/* A record (fields != NULL) or, as items of a list, texts of at most `text_bytes_max` bytes. */
struct toc_shape {
    const struct toc_field *fields;
    size_t field_count;
    size_t item_bytes;
    size_t text_bytes_max;
    const char *name;
};

/* Entries of one record map, unknown keys included: bounds the decoder's loop. */
#define TOC_RECORD_KEYS_MAX 64u

extern const struct toc_shape toc_shape_bulletin;

/* A member of form NUMBER. */
uint64_t toc_field_number(const struct toc_field *field, const void *record);
void toc_field_set_number(const struct toc_field *field, void *record, uint64_t number);
/* What a value would break; the encoder and the decoder share it. Fails: MALFORMED, LIMIT,
 * CRITICAL (a value of a critical field beyond those that are known). */
TOC_MUST_USE struct toc_err toc_field_check(const struct toc_field *field, uint64_t encoded);

#endif
