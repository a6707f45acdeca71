/* SPDX-License-Identifier: EUPL-1.2 */
/* The state of one reading, and what the files of this room share. */
#ifndef TOC_STIX_READER_H
#define TOC_STIX_READER_H

#include "pattern.h"
#include "stix.h"

/* One object of the document. */
struct toc_stix_object {
    const json_t *json;
    struct toc_span id; /* "type--uuid"; empty when it has none */
    struct toc_span type;
    struct toc_span modified;
    uint32_t order; /* place in the document */
    bool outdated;  /* a newer version, or the same one, stands in the document too */
    bool is_21;
    bool said; /* a marking or producer that has its fact already */
};

struct toc_stix_reader {
    struct toc_facts *facts;
    struct toc_stix_object *objects; /* in document order */
    struct toc_stix_object **by_id;  /* sorted by id, newest version first, without those that have
                                        no id */
    uint32_t count;
    uint32_t id_count;
    struct toc_pattern pattern; /* memory for one pattern after another */
    struct toc_fact base;       /* what all facts of the object at hand share */
    uint32_t group;             /* compound conditions so far */
    uint32_t tlp_said;          /* bits: markings of well-known ids that have their fact */
    bool is_21;
};

/* The newest object with this id; NULL when the document has none. */
struct toc_stix_object *toc_stix_find(struct toc_stix_reader *reader, struct toc_span id);
/* The same, with a warning when `ref` is an id and dangling. */
TOC_MUST_USE struct toc_err toc_stix_follow(struct toc_stix_reader *reader, struct toc_span ref,
                                            struct toc_stix_object **object);
/* Appends a fact of `kind` for `text` with a note; nothing for an empty text. */
TOC_MUST_USE struct toc_err toc_stix_say(struct toc_stix_reader *reader, enum toc_value_kind kind,
                                         struct toc_span text, struct toc_span note);

/* TLP and PAP that the object refers to: object_marking_refs, granular_markings, labels. */
TOC_MUST_USE struct toc_err toc_stix_read_markings(struct toc_stix_reader *reader,
                                                   const struct toc_stix_object *object);
/* An indicator's pattern. */
TOC_MUST_USE struct toc_err toc_stix_read_indicator(struct toc_stix_reader *reader,
                                                    const struct toc_stix_object *object);
/* The value `text` of property `path` of an observable of `type`: an indicator of reader->base, or
 * nothing when the property is no value to look for. `*found` is set when a fact was added. */
TOC_MUST_USE struct toc_err toc_stix_read_property(struct toc_stix_reader *reader,
                                                   struct toc_span type, struct toc_span path,
                                                   struct toc_span text, bool *found);
/* An observable as object of its own (2.1) or within observed-data (2.0). */
TOC_MUST_USE struct toc_err toc_stix_read_observable(struct toc_stix_reader *reader,
                                                     struct toc_span type, const json_t *json);
/* A relationship: the relation itself, targets and origins that follow from it. */
TOC_MUST_USE struct toc_err toc_stix_read_relation(struct toc_stix_reader *reader,
                                                   const struct toc_stix_object *object);
/* Everything else that has facts, by type. `*known` says whether the type is of the standard or an
 * extension in wide use. */
TOC_MUST_USE struct toc_err toc_stix_read_object(struct toc_stix_reader *reader,
                                                 const struct toc_stix_object *object, bool *known);

/* Equal to a terminated text. */
bool toc_stix_is_word(struct toc_span text, const char *word);

#endif
