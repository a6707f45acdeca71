/* SPDX-License-Identifier: EUPL-1.2 */
#include "reader.h"

#include <stdlib.h>
#include <string.h>

/* Characters of windows-1252 at 0x80 to 0x9f (WHATWG Encoding, index windows-1252). */
static const uint16_t windows_1252[32] = {
    0x20ac, 0x0081, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
    0x2039, 0x0152, 0x008d, 0x017d, 0x008f, 0x0090, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
    0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x009d, 0x017e, 0x0178};

/* Length of the valid UTF-8 sequence at the start of `bytes`; 0 when there is none. */
static size_t sequence(const uint8_t *at, size_t len)
{
    if (at[0] < 0x80) {
        return 1;
    }
    size_t want = at[0] >= 0xf0 ? 4 : at[0] >= 0xe0 ? 3 : 2;
    if (at[0] < 0xc2 || at[0] > 0xf4 || len < want) {
        return 0;
    }
    for (size_t i = 1; i < want; i++) {
        if ((at[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    bool overlong = (at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xf0 && at[1] < 0x90);
    bool surrogate = at[0] == 0xed && at[1] > 0x9f;
    bool beyond = at[0] == 0xf4 && at[1] > 0x8f;
    return overlong || surrogate || beyond ? 0 : want;
}

bool toc_text_is_utf8(struct toc_span bytes)
{
    size_t at = 0;
    while (at < bytes.len) {
        uint64_t block = 0;
        if (bytes.len - at >= sizeof block) {
            memcpy(&block, bytes.at + at, sizeof block);
            if ((block & UINT64_C(0x8080808080808080)) == 0) {
                at += sizeof block;
                continue;
            }
        }
        size_t len = sequence(bytes.at + at, bytes.len - at);
        if (len == 0) {
            return false;
        }
        at += len;
    }
    return true;
}

/* Writes a character of the basic plane or beyond; at most four bytes. */
static size_t put_character(uint8_t *out, uint32_t c)
{
    if (c < 0x80) {
        out[0] = (uint8_t)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (uint8_t)(0xc0 | c >> 6);
        out[1] = (uint8_t)(0x80 | (c & 0x3f));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (uint8_t)(0xe0 | c >> 12);
        out[1] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
        out[2] = (uint8_t)(0x80 | (c & 0x3f));
        return 3;
    }
    out[0] = (uint8_t)(0xf0 | c >> 18);
    out[1] = (uint8_t)(0x80 | (c >> 12 & 0x3f));
    out[2] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
    out[3] = (uint8_t)(0x80 | (c & 0x3f));
    return 4;
}

static size_t from_windows_1252(struct toc_span bytes, uint8_t *out)
{
    size_t put = 0;
    for (size_t i = 0; i < bytes.len; i++) {
        uint8_t c = bytes.at[i];
        put += put_character(out + put, c >= 0x80 && c < 0xa0 ? windows_1252[c - 0x80] : c);
    }
    return put;
}

/* UTF-16 (RFC 2781); a lone surrogate becomes U+FFFD. */
static size_t from_utf16(struct toc_span bytes, bool little, uint8_t *out)
{
    size_t put = 0;
    for (size_t i = 0; i + 1 < bytes.len; i += 2) {
        const uint8_t *at = bytes.at + i;
        uint32_t c = little ? toc_le16(at) : toc_be16(at);
        if (c >= 0xd800 && c < 0xdc00 && i + 3 < bytes.len) {
            uint32_t low = little ? toc_le16(at + 2) : toc_be16(at + 2);
            if (low >= 0xdc00 && low < 0xe000) {
                c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
                i += 2;
            }
        }
        put += put_character(out + put, c >= 0xd800 && c < 0xe000 ? 0xfffd : c);
    }
    return put;
}

struct toc_err toc_text_decode(struct toc_span bytes, uint8_t **owned, struct toc_span *text,
                               bool *legacy)
{
    static const uint8_t mark[3] = {0xef, 0xbb, 0xbf};
    bool wide = bytes.len >= 2 && ((bytes.at[0] == 0xff && bytes.at[1] == 0xfe) ||
                                   (bytes.at[0] == 0xfe && bytes.at[1] == 0xff));
    *owned = NULL;
    *legacy = false;
    *text = bytes;
    if (bytes.len >= sizeof mark && memcmp(bytes.at, mark, sizeof mark) == 0) {
        *text = toc_span(bytes.at + sizeof mark, bytes.len - sizeof mark);
    }
    if (!wide && toc_text_is_utf8(*text)) {
        return toc_ok();
    }
    /* A byte of windows-1252 takes at most three, two bytes of UTF-16 at most three. */
    *owned = malloc(3 * text->len + 1);
    if (*owned == NULL) {
        return toc_fail(TOC_FULL, "no memory for a text");
    }
    size_t len = 0;
    if (wide) {
        bool little = bytes.at[0] == 0xff;
        len = from_utf16(toc_span(bytes.at + 2, bytes.len - 2), little, *owned);
    } else {
        len = from_windows_1252(*text, *owned);
        *legacy = true;
    }
    *text = toc_span(*owned, len);
    return toc_ok();
}
