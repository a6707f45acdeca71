/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * token: one MessagePack head with its scalar or its bytes. Private to the room: the check and the
 * reader stand on the same function, so that they can never disagree about a byte.
 */
#ifndef TOC_WIRE_TOKEN_H
#define TOC_WIRE_TOKEN_H

#include "wire.h"

struct toc_token {
    enum toc_type type;
    uint64_t number;      /* UINT: value; NEGATIVE: two's complement; BOOL: 0 or 1; FLOAT: the bits
                             of the double; ARRAY, MAP: count */
    struct toc_span body; /* STR, BIN */
};

/* Type that a first byte announces; NONE for those outside the subset. */
enum toc_type toc_token_type(uint8_t head);
/* Takes one token off *in. Fails: TRUNCATED, MALFORMED; *in is unchanged then. */
TOC_MUST_USE struct toc_err toc_token_take(struct toc_span *in, struct toc_token *token);
/* Takes one whole value, containers included, off *in; iterative, at most TOC_DEPTH_MAX deep.
 * Fails: TRUNCATED, MALFORMED, LIMIT; *in is unchanged then. */
TOC_MUST_USE struct toc_err toc_value_take(struct toc_span *in);
/* The double whose bits are `bits`, and back. */
double toc_float_of_bits(uint64_t bits);
uint64_t toc_float_bits(double value);
/* A number that an integer form holds exactly: those are never written as float64. */
bool toc_float_is_integer(double value);

#endif
