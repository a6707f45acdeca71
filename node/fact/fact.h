/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * fact: what a bulletin says, in one form whatever format it came in; and the list of facts of one
 * bulletin, with its counts and warnings. The list owns all its bytes and lives on the heap.
 */
#ifndef TOC_FACT_H
#define TOC_FACT_H

#include "value.h"

/* Facts of one bulletin, at most. Reason: the largest real list has 140,000 lines, ATT&CK 25,000
 * objects; 64 MiB of the shortest lines would be ten times this. */
#define TOC_FACTS_MAX 1000000u
/* Text of all facts of one bulletin, bytes. Reason: at most 64 MiB of documents, each byte of which
 * stands in a fact once or twice (canonical and as written), with a few notes. */
#define TOC_FACTS_TEXT_BYTES_MAX ((size_t)128 * 1024 * 1024)
/* Longest place, note or kind name, bytes; longer ones are cut. */
#define TOC_FACT_NOTE_BYTES_MAX 1024u
/* Warnings of each kind that are kept in full; the rest is only counted. Reason: a person reads the
 * first ones, and hundreds of dangling references must not hide the one pattern that is wrong. */
#define TOC_WARNINGS_KEPT_MAX 50u
/* Confidence not given. */
#define TOC_CONFIDENCE_NONE 255u

enum toc_fact_flag {
    TOC_FACT_COMPOUND = 1u << 0,   /* one part of a condition: see `group` */
    TOC_FACT_TO_IDS = 1u << 1,     /* the source calls it fit for detection */
    TOC_FACT_NOT_TO_IDS = 1u << 2, /* the source says: context, not for detection */
    TOC_FACT_REVOKED = 1u << 3,    /* the source has withdrawn it */
    TOC_FACT_EXPLOITED = 1u << 4,  /* of a CVE */
    TOC_FACT_WILDCARD = 1u << 5,   /* written *.example.com */
    TOC_FACT_RETYPED = 1u << 6,    /* the value won over the kind that the source gave */
    TOC_FACT_DEFANGED = 1u << 7,   /* was written defanged */
    TOC_FACT_IN_TEXT = 1u << 8,    /* found in running text, not in a field */
    TOC_FACT_DANGLING = 1u << 9,   /* of a relation: an end is not in the document */
    TOC_FACT_OBSERVED = 1u << 10,  /* seen or described (an observable), not called an indicator */
};

/* One fact. The spans belong to the list and live as long as it. */
struct toc_fact {
    enum toc_value_kind kind;
    uint32_t flags;        /* enum toc_fact_flag */
    uint16_t document;     /* 0: native field of the bulletin; 1...: documents in their order */
    uint16_t port;         /* 0: none */
    uint8_t confidence;    /* 0 to 100, or TOC_CONFIDENCE_NONE */
    uint32_t line;         /* from 1; 0: the format has none */
    uint32_t group;        /* facts of one compound condition share it within a document; 0: none */
    struct toc_utc from;   /* valid from, first seen; 0: not said */
    struct toc_utc until;  /* valid until, last seen; 0: not said */
    struct toc_span value; /* canonical form of the kind */
    struct toc_span written;   /* as the source wrote it */
    struct toc_span kind_name; /* the source's own name of the kind, where OTHER or retyped */
    struct toc_span place;     /* where: object id, column */
    struct toc_span note;      /* name, comment; origin: who claims; relation: "verb target" */
};

/* Name, sentence. */
#define TOC_WARNINGS(X)                                                                            \
    X(PATTERN_SYNTAX, "pattern does not parse")                                                    \
    X(PATTERN_LANGUAGE, "pattern in another language, carried but not read")                       \
    X(PATTERN_NO_ATOM, "pattern has no value that could be looked up")                             \
    X(OBJECT_TYPE, "unknown object type")                                                          \
    X(OBJECT_FIELD, "field has the wrong type")                                                    \
    X(OBJECT_ID, "object has no valid id")                                                         \
    X(OBJECT_TWICE, "same id and version with different content")                                  \
    X(REFERENCE_DANGLING, "refers to an object that is not in the document")                       \
    X(HASH_LENGTH, "hash has the wrong length")                                                    \
    X(VALUE_KIND, "value is not of the kind that the source gives")                                \
    X(VALUE_INVALID, "value cannot be read")                                                       \
    X(VALUE_LONG, "value is too long")                                                             \
    X(MARKING_UNKNOWN, "unknown marking")                                                          \
    X(TIME_INVALID, "time cannot be read")                                                         \
    X(TEXT_ENCODING, "text is not UTF-8, read as windows-1252")                                    \
    X(ROW_COLUMNS, "row has another number of columns than the header")                            \
    X(FORMAT_NOT_READ, "format carried, facts not extracted")

enum toc_fact_warning {
#define TOC_WARNING_ENUM(name, text) TOC_WARNING_##name,
    TOC_WARNINGS(TOC_WARNING_ENUM)
#undef TOC_WARNING_ENUM
        TOC_WARNING_COUNT
};

/* Strictest marking found, in rising order. */
enum toc_marked {
    TOC_MARKED_NONE,
    TOC_MARKED_CLEAR,
    TOC_MARKED_GREEN,
    TOC_MARKED_AMBER,
    TOC_MARKED_AMBER_STRICT,
    TOC_MARKED_RED,
};

/* What was counted while reading, all documents together. */
struct toc_fact_counts {
    uint32_t objects;    /* STIX objects, rows of a table, lines with a value */
    uint32_t indicators; /* indicator objects; facts of the class INDICATOR elsewhere */
    uint32_t warnings[TOC_WARNING_COUNT];
};

struct toc_facts {
    struct toc_fact *at;
    uint32_t count;
    uint32_t room; /* facts that fit `at` */
    struct toc_fact_counts counts;
    enum toc_marked tlp; /* strictest TLP that an object refers to or a field states */
    enum toc_marked pap;
    size_t text_bytes;
    struct toc_fact_chunk *chunks; /* own */
};

/* Starts an empty list. */
void toc_facts_init(struct toc_facts *facts);
/* Frees everything; the list is empty again. A zeroed or cleared list is legal. */
void toc_facts_clear(struct toc_facts *facts);

/* At most `max` bytes of `text`; a UTF-8 sequence is kept whole or left out. */
struct toc_span toc_facts_cut(struct toc_span text, size_t max);
/* Appends a copy of *fact; its spans are copied into the list, cut at their bounds without
 * splitting a UTF-8 sequence. A fact with an empty value says nothing and is left out. Fails: LIMIT
 * (count or text bound), FULL (no memory); nothing changed. */
TOC_MUST_USE struct toc_err toc_facts_add(struct toc_facts *facts, const struct toc_fact *fact);
/* Makes the canonical form of `text` as a value of `kind` (NONE: as toc_value_guess) and appends it
 * with the other members of *base, among them kind_name, the source's own name of the kind, which
 * is kept for OTHER and retyped values only. A value that shows another kind is warned of and
 * marked RETYPED; one that is none of its kind is warned of and, if it is an indicator's, kept as
 * OTHER; one that is too long or empty is warned of and left out. Fails: as toc_facts_add. */
TOC_MUST_USE struct toc_err toc_facts_add_value(struct toc_facts *facts,
                                                const struct toc_fact *base,
                                                enum toc_value_kind kind, struct toc_span text);
/* The same for a value that is made already. Fails: as toc_facts_add. */
TOC_MUST_USE struct toc_err toc_facts_add_made(struct toc_facts *facts, const struct toc_fact *base,
                                               const struct toc_value *value,
                                               struct toc_span written);
/* Counts a warning and, the first TOC_WARNINGS_KEPT_MAX of its kind, keeps it as a fact of kind
 * WARNING: value is the warning's name, written what it is about. Only document, line and place are
 * read from *where (may be NULL). Fails as toc_facts_add; the count stands even then. */
TOC_MUST_USE struct toc_err toc_facts_warn(struct toc_facts *facts, enum toc_fact_warning warning,
                                           const struct toc_fact *where, struct toc_span about);
/* Raises the strictest TLP or PAP; a lower one changes nothing. */
void toc_facts_mark_tlp(struct toc_facts *facts, enum toc_marked tlp);
void toc_facts_mark_pap(struct toc_facts *facts, enum toc_marked pap);

/* A state to return to. */
struct toc_facts_mark {
    uint32_t count;
    struct toc_fact_counts counts;
    enum toc_marked tlp;
    enum toc_marked pap;
};

/* Everything added after the mark is taken back by toc_facts_release (the text stays until clear),
 * so that a document is read whole or not at all. */
struct toc_facts_mark toc_facts_mark(const struct toc_facts *facts);
void toc_facts_release(struct toc_facts *facts, const struct toc_facts_mark *mark);

/* Name ("PATTERN_SYNTAX") and sentence of a warning. Give static storage. */
const char *toc_warning_name(enum toc_fact_warning warning);
const char *toc_warning_text(enum toc_fact_warning warning);
/* Warnings of all kinds together. */
uint64_t toc_facts_warnings(const struct toc_facts *facts);
/* "amber+strict" and so on; "none". Gives static storage. */
const char *toc_marked_name(enum toc_marked marked);
/* A TLP or PAP level in any common spelling ("TLP:AMBER+STRICT", "tlp:white", "Green");
 * TOC_MARKED_NONE when it is none. */
enum toc_marked toc_marked_find(struct toc_span text);

/* A timestamp of RFC 3339 with 0 to 9 fraction digits, or a date alone (midnight); a missing zone
 * is UTC. Gives *out. Fails: SYNTAX; years before 1970 give 0 ms. */
TOC_MUST_USE struct toc_err toc_time_parse(struct toc_span text, struct toc_utc *out);

#endif
