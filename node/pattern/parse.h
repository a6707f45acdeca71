/* SPDX-License-Identifier: EUPL-1.2 */
/* The state of one parse, and the two halves of the grammar: pattern.c has what stands outside of
 * the brackets, comparison.c what stands in them. */
#ifndef TOC_PATTERN_PARSE_H
#define TOC_PATTERN_PARSE_H

#include "atoms.h"
#include "lex.h"

/* The state of one parse. The first failure stays and every later step is a no-op. */
struct toc_parse {
    struct toc_pattern *pattern;
    struct toc_span text;
    struct toc_pattern_token token; /* not yet taken */
    enum toc_pattern_version version;
    uint32_t depth;
    uint32_t chains; /* AND chains begun */
    struct toc_err err;
};

/* Keeps the first failure and its place. */
void toc_parse_fail(struct toc_parse *parse, enum toc_code code, const char *why);
/* Goes to the next token. */
void toc_parse_advance(struct toc_parse *parse);
/* Takes the token if it is of `kind`. */
bool toc_parse_take(struct toc_parse *parse, enum toc_pattern_token_kind kind);
/* Takes the token, which must be of `kind`. Fails: SYNTAX with `why`. */
void toc_parse_expect(struct toc_parse *parse, enum toc_pattern_token_kind kind, const char *why);
/* One parenthesis deeper. Fails: LIMIT; false then. The caller lowers parse->depth again. */
bool toc_parse_enter(struct toc_parse *parse);
/* Marks all atoms from `start` on. */
void toc_parse_mark_compound(struct toc_parse *parse, uint32_t start);
/* comparisonExpression of the grammar. */
void toc_parse_comparison(struct toc_parse *parse);

#endif
