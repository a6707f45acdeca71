/* SPDX-License-Identifier: EUPL-1.2 */
#include "keys.h"

#include <string.h>

/* Forms of keys and ids that people read, say and type. */

#define FINGER_GROUPS 6u
#define FINGER_GROUP_BYTES 5u
#define FINGER_DIGITS 5u
#define FINGER_MODULUS 100000u /* ten to the FINGER_DIGITS */

#define ID_TEXT_CHARS (TOC_ID_TEXT_BYTES - 1)
#define ID_BITS (8 * TOC_ID_BYTES)
#define BASE32_BITS 5u

static const char base32[] = "abcdefghijklmnopqrstuvwxyz234567"; /* RFC 4648 section 6 */

_Static_assert(TOC_FINGERPRINT_CHARS == FINGER_GROUPS * (FINGER_DIGITS + 1), "one space between");
_Static_assert(ID_TEXT_CHARS == (ID_BITS + BASE32_BITS - 1) / BASE32_BITS, "no padding");

void toc_fingerprint(char out[static TOC_FINGERPRINT_CHARS],
                     const uint8_t org_key[static TOC_KEY_BYTES])
{
    uint8_t hash[TOC_HASH_BYTES];
    struct toc_span part = toc_span(org_key, TOC_KEY_BYTES);
    toc_hash(hash, TOC_CTX_H_FINGER, &part, 1);
    for (size_t group = 0; group < FINGER_GROUPS; group++) {
        const uint8_t *at = hash + group * FINGER_GROUP_BYTES;
        uint64_t value = ((uint64_t)toc_be32(at) << 8 | at[4]) % FINGER_MODULUS;
        char *text = out + group * (FINGER_DIGITS + 1);
        for (size_t i = FINGER_DIGITS; i-- > 0; value /= 10) {
            text[i] = (char)('0' + value % 10);
        }
        text[FINGER_DIGITS] = group + 1 == FINGER_GROUPS ? '\0' : ' ';
    }
}

void toc_id_text(char out[static TOC_ID_TEXT_BYTES], const uint8_t id[static TOC_ID_BYTES])
{
    for (size_t i = 0; i < ID_TEXT_CHARS; i++) {
        size_t bit = i * BASE32_BITS;
        uint32_t window = (uint32_t)id[bit / 8] << 8;
        if (bit / 8 + 1 < TOC_ID_BYTES) {
            window |= id[bit / 8 + 1];
        }
        out[i] = base32[window >> (16 - BASE32_BITS - bit % 8) & 31];
    }
    out[ID_TEXT_CHARS] = '\0';
}

/* Value of a base32 character in either case; 32 when it is none. */
static uint32_t base32_value(uint8_t c)
{
    if (c >= 'A' && c <= 'Z') {
        return (uint32_t)(c - 'A');
    }
    if (c >= 'a' && c <= 'z') {
        return (uint32_t)(c - 'a');
    }
    if (c >= '2' && c <= '7') {
        return (uint32_t)(c - '2') + 26;
    }
    return 32;
}

/* Puts five bits behind the first `bit` bits; false when bits beyond the id's end are not zero. */
static bool put_bits(uint8_t *id, size_t bit, uint32_t value)
{
    uint32_t window = value << (16 - BASE32_BITS - bit % 8);
    id[bit / 8] = (uint8_t)(id[bit / 8] | window >> 8);
    if (bit / 8 + 1 < TOC_ID_BYTES) {
        id[bit / 8 + 1] = (uint8_t)(id[bit / 8 + 1] | (window & 255));
        return true;
    }
    return (window & 255) == 0;
}

struct toc_err toc_id_parse(uint8_t out[static TOC_ID_BYTES], size_t *bits, struct toc_span text)
{
    bool good = text.len >= TOC_ID_TEXT_CHARS_MIN && text.len <= ID_TEXT_CHARS;
    memset(out, 0, TOC_ID_BYTES);
    for (size_t i = 0; good && i < text.len; i++) {
        uint32_t value = base32_value(text.at[i]);
        good = value < 32 && put_bits(out, i * BASE32_BITS, value);
    }
    if (!good) {
        memset(out, 0, TOC_ID_BYTES);
        *bits = 0;
        return toc_fail(TOC_SYNTAX, "an id is 10 to 52 of the characters a to z and 2 to 7");
    }
    *bits = text.len == ID_TEXT_CHARS ? ID_BITS : text.len * BASE32_BITS;
    return toc_ok();
}
