/* SPDX-License-Identifier: EUPL-1.2 */
#include "token.h"

#include <string.h>

/* How the first byte of a value is read: where its argument stands and the least one that needs
 * so wide a form. Source: the MessagePack specification, "Overview". */
struct shape {
    enum toc_type type;
    uint8_t argument_bytes; /* big-endian, after the head; 0 = in the head itself */
    uint64_t least;         /* smaller arguments have a shorter form */
};

/* Rows for 0xc0..0xdf; the ranges around them carry their argument in the head. */
static const struct shape shapes[32] = {
    {TOC_TYPE_NIL, 0, 0},
    {TOC_TYPE_NONE, 0, 0}, /* 0xc1 is never used */
    {TOC_TYPE_BOOL, 0, 0},
    {TOC_TYPE_BOOL, 0, 0},
    {TOC_TYPE_BIN, 1, 0},
    {TOC_TYPE_BIN, 2, 1u << 8},
    {TOC_TYPE_BIN, 4, 1u << 16},
    {TOC_TYPE_NONE, 0, 0}, /* ext 8, 16, 32 */
    {TOC_TYPE_NONE, 0, 0},
    {TOC_TYPE_NONE, 0, 0},
    {TOC_TYPE_NONE, 0, 0}, /* float 32 */
    {TOC_TYPE_FLOAT, 8, 0},
    {TOC_TYPE_UINT, 1, 1u << 7},
    {TOC_TYPE_UINT, 2, 1u << 8},
    {TOC_TYPE_UINT, 4, 1u << 16},
    {TOC_TYPE_UINT, 8, UINT64_C(1) << 32},
    {TOC_TYPE_NEGATIVE, 1, 33}, /* `least` is the magnitude here */
    {TOC_TYPE_NEGATIVE, 2, (1u << 7) + 1},
    {TOC_TYPE_NEGATIVE, 4, (1u << 15) + 1},
    {TOC_TYPE_NEGATIVE, 8, (UINT64_C(1) << 31) + 1},
    {TOC_TYPE_NONE, 0, 0}, /* fixext 1, 2, 4, 8, 16 */
    {TOC_TYPE_NONE, 0, 0},
    {TOC_TYPE_NONE, 0, 0},
    {TOC_TYPE_NONE, 0, 0},
    {TOC_TYPE_NONE, 0, 0},
    {TOC_TYPE_STR, 1, 1u << 5},
    {TOC_TYPE_STR, 2, 1u << 8},
    {TOC_TYPE_STR, 4, 1u << 16},
    {TOC_TYPE_ARRAY, 2, 1u << 4},
    {TOC_TYPE_ARRAY, 4, 1u << 16},
    {TOC_TYPE_MAP, 2, 1u << 4},
    {TOC_TYPE_MAP, 4, 1u << 16},
};

double toc_float_of_bits(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

uint64_t toc_float_bits(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

bool toc_float_is_integer(double value)
{
    if (value >= 0.0 && value < 0x1p64) {
        return (double)(uint64_t)value == value;
    }
    return value >= -0x1p63 && value < 0.0 && (double)(int64_t)value == value;
}

/* Length of the UTF-8 sequence at `at`, 0 when it is none. Source: Unicode 15, table 3-7. */
static size_t utf8_sequence(const uint8_t *at, size_t left)
{
    uint8_t a = at[0];
    size_t len = a < 0x80 ? 1 : a < 0xc2 ? 0 : a < 0xe0 ? 2 : a < 0xf0 ? 3 : a < 0xf5 ? 4 : 0;
    if (len == 0 || len > left) {
        return 0;
    }
    for (size_t i = 1; i < len; i++) {
        if ((at[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    /* Overlong forms, surrogates and what lies above U+10FFFF show in the second byte. */
    bool bad = (a == 0xe0 && at[1] < 0xa0) || (a == 0xed && at[1] > 0x9f) ||
               (a == 0xf0 && at[1] < 0x90) || (a == 0xf4 && at[1] > 0x8f);
    return bad ? 0 : len;
}

bool toc_utf8_valid(struct toc_span text)
{
    size_t i = 0;
    while (i < text.len) {
        uint64_t eight;
        /* Most text is ASCII: eight bytes at a time. */
        if (text.len - i >= sizeof eight) {
            memcpy(&eight, text.at + i, sizeof eight);
            if ((eight & UINT64_C(0x8080808080808080)) == 0) {
                i += sizeof eight;
                continue;
            }
        }
        size_t len = utf8_sequence(text.at + i, text.len - i);
        if (len == 0) {
            return false;
        }
        i += len;
    }
    return true;
}

enum toc_type toc_token_type(uint8_t head)
{
    if (head < 0x80) {
        return TOC_TYPE_UINT;
    }
    if (head < 0x90) {
        return TOC_TYPE_MAP;
    }
    if (head < 0xa0) {
        return TOC_TYPE_ARRAY;
    }
    if (head < 0xc0) {
        return TOC_TYPE_STR;
    }
    return head < 0xe0 ? shapes[head - 0xc0].type : TOC_TYPE_NEGATIVE;
}

/* The argument of a head: a value, a length or a count. */
static struct toc_err take_argument(struct toc_span *in, struct toc_token *token)
{
    uint8_t head = in->at[0];
    *token = (struct toc_token){.type = toc_token_type(head)};
    size_t wide = 0;
    if (head < 0x80) {
        token->number = head;
    } else if (head < 0xa0) {
        token->number = head & 0x0fu;
    } else if (head < 0xc0) {
        token->number = head & 0x1fu;
    } else if (head >= 0xe0) {
        token->number = (uint64_t)(int64_t)(int8_t)head;
    } else {
        const struct shape *shape = &shapes[head - 0xc0];
        wide = shape->argument_bytes;
        if (shape->type == TOC_TYPE_NONE) {
            return toc_fail(TOC_MALFORMED, "type outside the subset"); /* */
        }
        if (in->len - 1 < wide) {
            return toc_fail(TOC_TRUNCATED, "value ends too early");
        }
        uint64_t number = shape->type == TOC_TYPE_BOOL ? head & 1u : 0;
        for (size_t i = 0; i < wide; i++) {
            number = number << 8 | in->at[1 + i];
        }
        uint64_t size = number;
        if (shape->type == TOC_TYPE_NEGATIVE) {
            uint64_t sign = UINT64_C(1) << (8 * wide - 1);
            number = (number ^ sign) - sign;
            size = (int64_t)number < 0 ? 0 - number : 0;
        }
        if (size < shape->least) {
            return toc_fail(TOC_MALFORMED, "not the shortest form"); /* */
        }
        token->number = number;
    }
    in->at += 1 + wide;
    in->len -= 1 + wide;
    return toc_ok();
}

struct toc_err toc_token_take(struct toc_span *in, struct toc_token *token)
{
    if (in->len == 0) {
        return toc_fail(TOC_TRUNCATED, "a value is missing");
    }
    struct toc_span rest = *in;
    TOC_TRY(take_argument(&rest, token));
    double value = toc_float_of_bits(token->number);
    switch (token->type) {
    case TOC_TYPE_FLOAT: /* value - value is zero for finite numbers alone */
        if (value - value != 0.0 || toc_float_is_integer(value)) {
            return toc_fail(TOC_MALFORMED, "float is whole or not finite");
        }
        break;
    case TOC_TYPE_STR:
    case TOC_TYPE_BIN:
        if (token->number > rest.len) {
            return toc_fail(TOC_TRUNCATED, "length exceeds the bytes left"); /* */
        }
        token->body = toc_span(rest.at, (size_t)token->number);
        if (token->type == TOC_TYPE_STR && !toc_utf8_valid(token->body)) {
            return toc_fail(TOC_MALFORMED, "text is not UTF-8"); /* */
        }
        rest.at += token->body.len;
        rest.len -= token->body.len;
        break;
    case TOC_TYPE_ARRAY:
    case TOC_TYPE_MAP:
        if (token->number > rest.len / (token->type == TOC_TYPE_MAP ? 2 : 1)) {
            return toc_fail(TOC_TRUNCATED, "count exceeds the bytes left"); /* */
        }
        break;
    case TOC_TYPE_NIL:
    case TOC_TYPE_BOOL:
    case TOC_TYPE_UINT:
    case TOC_TYPE_NEGATIVE:
    case TOC_TYPE_NONE:
        break;
    }
    *in = rest;
    return toc_ok();
}
