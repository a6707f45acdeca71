/* SPDX-License-Identifier: EUPL-1.2 */
#include "parse.h"

#include <string.h>

/* A path under test. */
struct path {
    struct toc_span type;
    struct toc_span path;
};

/* Everything that is kept comes from disjoint parts of the text and is no longer than they are, so
 * room for the whole text is room for all of it. */
static struct toc_span keep_bytes(struct toc_parse *parse, const uint8_t *at, size_t len)
{
    struct toc_pattern *pattern = parse->pattern;
    TOC_ASSERT(len <= pattern->text_room - pattern->text_len);
    uint8_t *to = pattern->text + pattern->text_len;
    memcpy(to, at, len);
    pattern->text_len += len;
    return toc_span(to, len);
}

/* The text of a token without quotes, mark letter and escapes. */
static struct toc_span keep_token(struct toc_parse *parse, const struct toc_pattern_token *token)
{
    const uint8_t *at = parse->text.at + token->start;
    size_t len = token->end - token->start;
    if (token->kind == TOC_TOKEN_HEX || token->kind == TOC_TOKEN_BINARY ||
        token->kind == TOC_TOKEN_TIME) {
        return keep_bytes(parse, at + 2, len - 3);
    }
    if (token->kind != TOC_TOKEN_STRING) {
        return keep_bytes(parse, at, len);
    }
    struct toc_span kept = keep_bytes(parse, at, 0);
    for (size_t i = 1; i < len - 1; i++) {
        i += at[i] == '\\';
        (void)keep_bytes(parse, at + i, 1);
        kept.len++;
    }
    return kept;
}

static bool literal_of(enum toc_pattern_token_kind kind, enum toc_pattern_literal *literal)
{
    switch ((int)kind) {
    case TOC_TOKEN_STRING:
        *literal = TOC_PATTERN_STRING;
        return true;
    case TOC_TOKEN_HEX:
        *literal = TOC_PATTERN_HEX;
        return true;
    case TOC_TOKEN_BINARY:
        *literal = TOC_PATTERN_BINARY;
        return true;
    case TOC_TOKEN_TIME:
        *literal = TOC_PATTERN_TIME;
        return true;
    case TOC_TOKEN_TRUE:
    case TOC_TOKEN_FALSE:
        *literal = TOC_PATTERN_BOOL;
        return true;
    case TOC_TOKEN_INT_POS:
    case TOC_TOKEN_INT_NEG:
    case TOC_TOKEN_FLOAT_POS:
    case TOC_TOKEN_FLOAT_NEG:
        *literal = TOC_PATTERN_NUMBER;
        return true;
    default:
        return false;
    }
}

static void add_atom(struct toc_parse *parse, const struct toc_pattern_atom *atom)
{
    if (toc_failed(parse->err)) {
        return;
    }
    struct toc_err err = toc_pattern_add(parse->pattern, atom);
    if (toc_failed(err)) {
        toc_parse_fail(parse, err.code, err.why);
    }
}

/* Comparisons: "[" ... "]". */

/* One step of a path behind the first: ".name", ".'quoted'", "[3]", "[*]". */
static bool parse_step(struct toc_parse *parse, struct toc_span *path)
{
    if (toc_parse_take(parse, TOC_TOKEN_DOT)) {
        struct toc_pattern_token token = parse->token;
        if (token.kind != TOC_TOKEN_NAME && token.kind != TOC_TOKEN_STRING) {
            toc_parse_fail(parse, TOC_SYNTAX, "a name is missing behind the dot");
            return false;
        }
        path->len += keep_bytes(parse, (const uint8_t *)".", 1).len;
        path->len += keep_token(parse, &token).len;
        toc_parse_advance(parse);
        return true;
    }
    if (toc_parse_take(parse, TOC_TOKEN_OPEN_BRACKET)) {
        struct toc_pattern_token token = parse->token;
        if (token.kind != TOC_TOKEN_INT_POS && token.kind != TOC_TOKEN_INT_NEG &&
            token.kind != TOC_TOKEN_STAR) {
            toc_parse_fail(parse, TOC_SYNTAX, "an index is missing in the brackets");
            return false;
        }
        path->len += keep_bytes(parse, (const uint8_t *)"[", 1).len;
        path->len += keep_token(parse, &token).len;
        path->len += keep_bytes(parse, (const uint8_t *)"]", 1).len;
        toc_parse_advance(parse);
        toc_parse_expect(parse, TOC_TOKEN_CLOSE_BRACKET, "an index is not closed");
        return true;
    }
    return false;
}

static struct path parse_path(struct toc_parse *parse)
{
    struct path path = {toc_span(NULL, 0), toc_span(NULL, 0)};
    struct toc_pattern_token type = parse->token;
    if (!toc_parse_take(parse, TOC_TOKEN_NAME) && !toc_parse_take(parse, TOC_TOKEN_NAME_HYPHEN)) {
        toc_parse_fail(parse, TOC_SYNTAX, "an object type is missing");
        return path;
    }
    toc_parse_expect(parse, TOC_TOKEN_COLON, "a colon is missing behind the object type");
    struct toc_pattern_token first = parse->token;
    if (!toc_parse_take(parse, TOC_TOKEN_NAME) && !toc_parse_take(parse, TOC_TOKEN_STRING)) {
        toc_parse_fail(parse, TOC_SYNTAX, "a property is missing behind the colon");
        return path;
    }
    path.type = keep_token(parse, &type);
    path.path = keep_token(parse, &first);
    while (!toc_failed(parse->err) && parse_step(parse, &path.path)) {
    }
    return path;
}

/* One literal of a test; an atom if the test is for equality. */
static void parse_literal(struct toc_parse *parse, const struct path *path, bool negated)
{
    struct toc_pattern_token token = parse->token;
    struct toc_pattern_atom atom = {
        .type = path->type, .path = path->path, .op = TOC_PATTERN_EQUAL};
    if (!literal_of(token.kind, &atom.literal)) {
        toc_parse_fail(parse, TOC_SYNTAX, "a literal is missing");
        return;
    }
    atom.text = keep_token(parse, &token);
    toc_parse_advance(parse);
    if (atom.literal == TOC_PATTERN_STRING && !toc_pattern_hash_fits(path->path, atom.text)) {
        parse->pattern->bad_hash++;
    }
    if (!negated) {
        add_atom(parse, &atom);
    }
}

static void parse_set(struct toc_parse *parse, const struct path *path, bool negated)
{
    toc_parse_expect(parse, TOC_TOKEN_OPEN, "a set begins with a parenthesis");
    if (toc_parse_take(parse, TOC_TOKEN_CLOSE)) {
        return;
    }
    do {
        parse_literal(parse, path, negated);
    } while (toc_parse_take(parse, TOC_TOKEN_COMMA));
    toc_parse_expect(parse, TOC_TOKEN_CLOSE, "a set is not closed");
}

/* LIKE, MATCHES, ISSUBSET, ISSUPERSET: a string. Only a subset names a value, the network; LIKE
 * without wildcards is left alone, as nobody writes it. */
static void parse_string_test(struct toc_parse *parse, const struct path *path, bool negated)
{
    bool subset = parse->token.kind == TOC_TOKEN_ISSUBSET;
    toc_parse_advance(parse);
    struct toc_pattern_token token = parse->token;
    if (!toc_parse_take(parse, TOC_TOKEN_STRING)) {
        toc_parse_fail(parse, TOC_SYNTAX, "a string is missing");
    } else if (subset && !negated) {
        struct toc_pattern_atom atom = {.type = path->type,
                                        .path = path->path,
                                        .text = keep_token(parse, &token),
                                        .op = TOC_PATTERN_SUBSET};
        add_atom(parse, &atom);
    }
}

static void parse_test(struct toc_parse *parse)
{
    struct path path = parse_path(parse);
    bool negated = toc_parse_take(parse, TOC_TOKEN_NOT);
    enum toc_pattern_token_kind op = parse->token.kind;
    switch ((int)op) {
    case TOC_TOKEN_EQ:
    case TOC_TOKEN_NEQ:
        toc_parse_advance(parse);
        parse_literal(parse, &path, negated || op == TOC_TOKEN_NEQ);
        break;
    case TOC_TOKEN_ORDER:
        toc_parse_advance(parse);
        if (parse->token.kind == TOC_TOKEN_TRUE || parse->token.kind == TOC_TOKEN_FALSE) {
            toc_parse_fail(parse, TOC_SYNTAX, "a truth value has no order");
        }
        parse_literal(parse, &path, true);
        break;
    case TOC_TOKEN_IN:
        toc_parse_advance(parse);
        parse_set(parse, &path, negated);
        break;
    case TOC_TOKEN_LIKE:
    case TOC_TOKEN_MATCHES:
    case TOC_TOKEN_ISSUBSET:
    case TOC_TOKEN_ISSUPERSET:
        parse_string_test(parse, &path, negated);
        break;
    default:
        toc_parse_fail(parse, TOC_SYNTAX, "a comparison operator is missing");
    }
}

/* [NOT] EXISTS path, ( comparison ), or a test. Atoms of a test belong to AND chain `chain`. */
static void parse_member(struct toc_parse *parse, uint32_t chain)
{
    struct toc_pattern *pattern = parse->pattern;
    uint32_t start = pattern->count;
    if (toc_parse_take(parse, TOC_TOKEN_OPEN)) {
        if (toc_parse_enter(parse)) {
            toc_parse_comparison(parse);
            toc_parse_expect(parse, TOC_TOKEN_CLOSE, "a parenthesis is not closed");
            parse->depth--;
        }
        return;
    }
    bool negated = parse->version == TOC_PATTERN_21 && toc_parse_take(parse, TOC_TOKEN_NOT);
    if (toc_parse_take(parse, TOC_TOKEN_EXISTS)) {
        (void)parse_path(parse);
        return;
    }
    if (negated) {
        toc_parse_fail(parse, TOC_SYNTAX, "NOT stands before the operator");
        return;
    }
    parse_test(parse);
    /* Members of a set are alternatives: none of them is the pair of a neighbour. */
    if (pattern->count == start + 1) {
        pattern->atoms[start].conjunction = chain;
    }
}

static void parse_comparison_and(struct toc_parse *parse)
{
    uint32_t start = parse->pattern->count;
    uint32_t chain = ++parse->chains;
    uint32_t members = 0;
    do {
        parse_member(parse, chain);
        members++;
    } while (toc_parse_take(parse, TOC_TOKEN_AND));
    if (members > 1 && !toc_failed(parse->err)) {
        members -= toc_pattern_fold(parse->pattern, start, chain);
        if (members > 1) {
            toc_parse_mark_compound(parse, start);
        }
    }
}

void toc_parse_comparison(struct toc_parse *parse)
{
    do {
        parse_comparison_and(parse);
    } while (toc_parse_take(parse, TOC_TOKEN_OR));
}
