/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * pattern: the STIX patterning language, 2.0 and 2.1, whole grammar. Refuses what the grammar does
 * not allow, and gives the values that a pattern tests for equality, with a mark on those that say
 * nothing alone. Nothing is evaluated, least of all a regular expression.
 * Source: STIX 2.1 (OASIS Standard, 10 June 2021) section 9; STIX 2.0 part 5.
 */
#ifndef TOC_PATTERN_H
#define TOC_PATTERN_H

#include "base.h"

/* Longest pattern, bytes. Reason: the longest OR lists of real feeds are some tens of KiB. */
#define TOC_PATTERN_BYTES_MAX ((size_t)1024 * 1024)
/* Atoms of one pattern. Reason: the shortest atom that counts has 16 bytes. */
#define TOC_PATTERN_ATOMS_MAX 65536u
/* Parentheses within each other; bounds the parser's stack. */
#define TOC_PATTERN_DEPTH_MAX 64u

/* The versions differ little: 2.1 refuses two qualifiers of one kind on the same expression in
 * brackets, and knows NOT EXISTS. */
enum toc_pattern_version {
    TOC_PATTERN_20,
    TOC_PATTERN_21,
};

enum toc_pattern_op {
    TOC_PATTERN_EQUAL, /* =, and each member of an IN set */
    TOC_PATTERN_SUBSET,
};

enum toc_pattern_literal {
    TOC_PATTERN_STRING,
    TOC_PATTERN_NUMBER,
    TOC_PATTERN_BOOL,
    TOC_PATTERN_HEX,    /* text holds the digits */
    TOC_PATTERN_BINARY, /* text holds the base64 */
    TOC_PATTERN_TIME,
};

/* One value that a pattern tests for, without negation. The spans live until the next parse. */
struct toc_pattern_atom {
    struct toc_span type;     /* object type: "file" */
    struct toc_span path;     /* steps without quotes: "hashes.SHA-256", "to_refs[*].value" */
    struct toc_span text;     /* the literal, unescaped */
    struct toc_span ref_type; /* of x_ref.value: what x_ref.type was said to be; else empty */
    enum toc_pattern_op op;
    enum toc_pattern_literal literal;
    uint16_t port;        /* of x_ref.value: x_port, if the same conjunction tests it; else 0 */
    bool compound;        /* joined with another test by AND or FOLLOWEDBY, or repeated */
    uint32_t conjunction; /* own: the AND chain that it is a direct member of */
};

/* Memory that serves one pattern after another. */
struct toc_pattern {
    struct toc_pattern_atom *atoms;
    uint32_t count; /* atoms of the last parse */
    uint32_t room;
    uint8_t *text; /* paths and literals */
    size_t text_len;
    size_t text_room;
    uint32_t error_at; /* byte offset of the failure, from 0 */
    uint32_t bad_hash; /* atoms whose hash has not the length of its algorithm */
};

/* Starts without memory; a cleared one is legal and empty. */
void toc_pattern_init(struct toc_pattern *pattern);
void toc_pattern_clear(struct toc_pattern *pattern);

/* Parses `text` and gives its atoms in *pattern, folded: x_ref.type with x_ref.value, x_ref.value
 * with x_port. Lends: text only for the call.
 * Fails: SYNTAX (pattern->error_at says where), LIMIT, FULL; there are no atoms then.
 * Cost: linear; no heap once the memory has grown to the longest pattern. */
TOC_MUST_USE struct toc_err toc_pattern_parse(struct toc_pattern *pattern, struct toc_span text,
                                              enum toc_pattern_version version);

/* Length in hex digits of the hash of an algorithm name in any spelling ("SHA256", "sha-256"); 0
 * when the name is none of MD5, SHA-1, SHA-224, SHA-256, SHA-384, SHA-512 or their SHA-3 kin. */
size_t toc_pattern_hash_digits(struct toc_span algorithm);

#endif
