/* SPDX-License-Identifier: EUPL-1.2 */
#include "token.h"

/* One open container. */
struct level {
    uint64_t left;        /* items still to come; keys and values of a map count each */
    bool map;             /* items alternate key, value; an even `left` means a key comes */
    bool keyed;           /* `key` holds the key before */
    struct toc_token key; /* of a map: the last key seen */
};

/* Negative integers, then unsigned, then strings. */
static int key_rank(const struct toc_token *key)
{
    return key->type == TOC_TYPE_NEGATIVE ? 0 : key->type == TOC_TYPE_UINT ? 1 : 2;
}

/* Strict order of map keys. Two's complement keeps the order among negatives. */
static bool key_ascends(const struct toc_token *before, const struct toc_token *key)
{
    if (key_rank(before) != key_rank(key)) {
        return key_rank(before) < key_rank(key);
    }
    if (key->type == TOC_TYPE_STR) {
        return toc_span_compare(before->body, key->body) < 0;
    }
    return before->number < key->number;
}

static struct toc_err check_key(struct level *level, const struct toc_token *key)
{
    if (key->type != TOC_TYPE_UINT && key->type != TOC_TYPE_NEGATIVE && key->type != TOC_TYPE_STR) {
        return toc_fail(TOC_MALFORMED, "map key is neither integer nor text"); /* */
    }
    if (level->keyed && !key_ascends(&level->key, key)) {
        return toc_fail(TOC_MALFORMED, "map keys do not ascend"); /* */
    }
    level->key = *key;
    level->keyed = true;
    return toc_ok();
}

struct toc_err toc_value_take(struct toc_span *in)
{
    struct level stack[TOC_DEPTH_MAX];
    size_t depth = 0;
    struct toc_span rest = *in;
    do {
        struct toc_token token;
        TOC_TRY(toc_token_take(&rest, &token));
        if (depth > 0) {
            struct level *level = &stack[depth - 1];
            if (level->map && level->left % 2 == 0) {
                TOC_TRY(check_key(level, &token));
            }
            level->left--;
        }
        if (token.type == TOC_TYPE_ARRAY || token.type == TOC_TYPE_MAP) {
            if (depth == TOC_DEPTH_MAX) {
                return toc_fail(TOC_LIMIT, "nested too deep"); /* */
            }
            bool map = token.type == TOC_TYPE_MAP;
            stack[depth++] =
                (struct level){.left = map ? 2 * token.number : token.number, .map = map};
        }
        while (depth > 0 && stack[depth - 1].left == 0) {
            depth--;
        }
    } while (depth > 0);
    *in = rest;
    return toc_ok();
}

struct toc_err toc_codec_check(struct toc_span bytes)
{
    TOC_TRY(toc_value_take(&bytes));
    if (bytes.len != 0) {
        return toc_fail(TOC_TRAILING, "bytes follow the value"); /* */
    }
    return toc_ok();
}
