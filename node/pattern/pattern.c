/* SPDX-License-Identifier: EUPL-1.2 */
#include "parse.h"

#include <stdlib.h>
#include <string.h>

void toc_parse_fail(struct toc_parse *parse, enum toc_code code, const char *why)
{
    if (!toc_failed(parse->err)) {
        parse->err = toc_fail(code, why);
        parse->pattern->error_at = (uint32_t)parse->token.start;
    }
}

void toc_parse_advance(struct toc_parse *parse)
{
    if (!toc_failed(parse->err)) {
        parse->token = toc_pattern_lex(parse->text, parse->token.end);
    }
}

bool toc_parse_take(struct toc_parse *parse, enum toc_pattern_token_kind kind)
{
    if (toc_failed(parse->err) || parse->token.kind != kind) {
        return false;
    }
    toc_parse_advance(parse);
    return true;
}

void toc_parse_expect(struct toc_parse *parse, enum toc_pattern_token_kind kind, const char *why)
{
    if (!toc_parse_take(parse, kind)) {
        toc_parse_fail(parse, TOC_SYNTAX, why);
    }
}

bool toc_parse_enter(struct toc_parse *parse)
{
    if (parse->depth >= TOC_PATTERN_DEPTH_MAX) {
        toc_parse_fail(parse, TOC_LIMIT, "parentheses of a pattern are too deep");
        return false;
    }
    parse->depth++;
    return true;
}

void toc_parse_mark_compound(struct toc_parse *parse, uint32_t start)
{
    for (uint32_t i = start; i < parse->pattern->count; i++) {
        parse->pattern->atoms[i].compound = true;
    }
}

static bool parse_start_stop(struct toc_parse *parse)
{
    bool strings = parse->version == TOC_PATTERN_20;
    if (!toc_parse_take(parse, TOC_TOKEN_START)) {
        return false;
    }
    if (!toc_parse_take(parse, TOC_TOKEN_TIME) &&
        !(strings && toc_parse_take(parse, TOC_TOKEN_STRING))) {
        toc_parse_fail(parse, TOC_SYNTAX, "a timestamp is missing behind START");
    }
    toc_parse_expect(parse, TOC_TOKEN_STOP, "START needs STOP");
    if (!toc_parse_take(parse, TOC_TOKEN_TIME) &&
        !(strings && toc_parse_take(parse, TOC_TOKEN_STRING))) {
        toc_parse_fail(parse, TOC_SYNTAX, "a timestamp is missing behind STOP");
    }
    return true;
}

static bool parse_within(struct toc_parse *parse)
{
    if (!toc_parse_take(parse, TOC_TOKEN_WITHIN)) {
        return false;
    }
    if (!toc_parse_take(parse, TOC_TOKEN_INT_POS) && !toc_parse_take(parse, TOC_TOKEN_FLOAT_POS)) {
        toc_parse_fail(parse, TOC_SYNTAX, "a number is missing behind WITHIN");
    }
    toc_parse_expect(parse, TOC_TOKEN_SECONDS, "SECONDS is missing");
    return true;
}

static bool parse_repeats(struct toc_parse *parse)
{
    if (!toc_parse_take(parse, TOC_TOKEN_REPEATS)) {
        return false;
    }
    toc_parse_expect(parse, TOC_TOKEN_INT_POS, "a number is missing behind REPEATS");
    toc_parse_expect(parse, TOC_TOKEN_TIMES, "TIMES is missing");
    return true;
}

/* Qualifiers behind an observation. On one in brackets, 2.1 allows each kind once. */
static void parse_qualifiers(struct toc_parse *parse, uint32_t start, bool simple)
{
    uint32_t seen[3] = {0, 0, 0};
    while (!toc_failed(parse->err)) {
        size_t kind = 3;
        if (parse_start_stop(parse)) {
            kind = 0;
        } else if (parse_within(parse)) {
            kind = 1;
        } else if (parse_repeats(parse)) {
            kind = 2;
        }
        if (kind == 3) {
            break;
        }
        if (++seen[kind] > 1 && simple && parse->version == TOC_PATTERN_21) {
            toc_parse_fail(parse, TOC_SYNTAX, "the same qualifier stands twice");
        }
    }
    /* What must happen several times is not met by one value once. */
    if (seen[2] > 0) {
        toc_parse_mark_compound(parse, start);
    }
}

static void parse_observations(struct toc_parse *parse);

static void parse_observation(struct toc_parse *parse)
{
    uint32_t start = parse->pattern->count;
    if (toc_parse_take(parse, TOC_TOKEN_OPEN_BRACKET)) {
        toc_parse_comparison(parse);
        toc_parse_expect(parse, TOC_TOKEN_CLOSE_BRACKET, "an observation is not closed");
        parse_qualifiers(parse, start, true);
        return;
    }
    toc_parse_expect(parse, TOC_TOKEN_OPEN, "an observation begins with a bracket");
    if (!toc_failed(parse->err) && toc_parse_enter(parse)) {
        parse_observations(parse);
        toc_parse_expect(parse, TOC_TOKEN_CLOSE, "a parenthesis is not closed");
        parse->depth--;
        parse_qualifiers(parse, start, false);
    }
}

static void parse_observations_and(struct toc_parse *parse)
{
    uint32_t start = parse->pattern->count;
    bool joined = false;
    parse_observation(parse);
    while (toc_parse_take(parse, TOC_TOKEN_AND)) {
        parse_observation(parse);
        joined = true;
    }
    if (joined) {
        toc_parse_mark_compound(parse, start);
    }
}

static void parse_observations_or(struct toc_parse *parse)
{
    do {
        parse_observations_and(parse);
    } while (toc_parse_take(parse, TOC_TOKEN_OR));
}

static void parse_observations(struct toc_parse *parse)
{
    uint32_t start = parse->pattern->count;
    parse_observations_or(parse);
    bool followed = false;
    while (toc_parse_take(parse, TOC_TOKEN_FOLLOWEDBY)) {
        parse_observations_or(parse);
        followed = true;
    }
    if (followed) {
        toc_parse_mark_compound(parse, start);
    }
}

static struct toc_err reserve_text(struct toc_pattern *pattern, size_t len)
{
    if (pattern->text_room >= len && pattern->text != NULL) {
        return toc_ok();
    }
    uint8_t *text = realloc(pattern->text, len + 1);
    if (text == NULL) {
        return toc_fail(TOC_FULL, "no memory for a pattern");
    }
    pattern->text = text;
    pattern->text_room = len + 1;
    return toc_ok();
}

void toc_pattern_init(struct toc_pattern *pattern)
{
    memset(pattern, 0, sizeof *pattern);
}

void toc_pattern_clear(struct toc_pattern *pattern)
{
    free(pattern->atoms);
    free(pattern->text);
    toc_pattern_init(pattern);
}

struct toc_err toc_pattern_parse(struct toc_pattern *pattern, struct toc_span text,
                                 enum toc_pattern_version version)
{
    struct toc_parse parse = {
        .pattern = pattern, .text = text, .version = version, .err = toc_ok()};
    pattern->count = 0;
    pattern->text_len = 0;
    pattern->error_at = 0;
    pattern->bad_hash = 0;
    if (text.len > TOC_PATTERN_BYTES_MAX) {
        return toc_fail(TOC_LIMIT, "the pattern is too long");
    }
    TOC_TRY(reserve_text(pattern, text.len));
    toc_parse_advance(&parse);
    parse_observations(&parse);
    toc_parse_expect(&parse, TOC_TOKEN_END, "something follows the pattern");
    if (toc_failed(parse.err)) {
        pattern->count = 0;
    }
    return parse.err;
}
