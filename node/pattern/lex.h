/* SPDX-License-Identifier: EUPL-1.2 */
/* The tokens of a pattern, by the lexer rules of the STIX patterning grammar. */
#ifndef TOC_PATTERN_LEX_H
#define TOC_PATTERN_LEX_H

#include "base.h"

enum toc_pattern_token_kind {
    TOC_TOKEN_END,
    TOC_TOKEN_BAD, /* bytes that are no token */
    TOC_TOKEN_NAME,
    TOC_TOKEN_NAME_HYPHEN, /* may only stand for an object type */
    TOC_TOKEN_INT_POS,
    TOC_TOKEN_INT_NEG,
    TOC_TOKEN_FLOAT_POS,
    TOC_TOKEN_FLOAT_NEG,
    TOC_TOKEN_STRING,
    TOC_TOKEN_HEX,
    TOC_TOKEN_BINARY,
    TOC_TOKEN_TIME,
    TOC_TOKEN_EQ,
    TOC_TOKEN_NEQ,
    TOC_TOKEN_ORDER, /* < <= > >= */
    TOC_TOKEN_COLON,
    TOC_TOKEN_DOT,
    TOC_TOKEN_COMMA,
    TOC_TOKEN_OPEN,
    TOC_TOKEN_CLOSE,
    TOC_TOKEN_OPEN_BRACKET,
    TOC_TOKEN_CLOSE_BRACKET,
    TOC_TOKEN_STAR,
    TOC_TOKEN_AND,
    TOC_TOKEN_OR,
    TOC_TOKEN_NOT,
    TOC_TOKEN_FOLLOWEDBY,
    TOC_TOKEN_LIKE,
    TOC_TOKEN_MATCHES,
    TOC_TOKEN_ISSUPERSET,
    TOC_TOKEN_ISSUBSET,
    TOC_TOKEN_EXISTS,
    TOC_TOKEN_LAST,
    TOC_TOKEN_IN,
    TOC_TOKEN_START,
    TOC_TOKEN_STOP,
    TOC_TOKEN_SECONDS,
    TOC_TOKEN_TRUE,
    TOC_TOKEN_FALSE,
    TOC_TOKEN_WITHIN,
    TOC_TOKEN_REPEATS,
    TOC_TOKEN_TIMES,
};

struct toc_pattern_token {
    enum toc_pattern_token_kind kind;
    size_t start; /* offset in the pattern */
    size_t end;
};

/* The next token at or behind `at`, blanks and comments passed over. Pure. */
struct toc_pattern_token toc_pattern_lex(struct toc_span text, size_t at);

#endif
