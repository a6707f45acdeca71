/* SPDX-License-Identifier: EUPL-1.2 */
#include "netname.h"

#include <idn2.h>
#include <string.h>

/* Longest raw IDN, bytes: 253 characters of four bytes. */
#define IDN_BYTES_MAX 1012u

static bool is_host_byte(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

/* A last label that starts with a digit would make an address of it (WHATWG URL "ends in a
 * number"); a single letter is no top-level domain. Digits behind are ".i2p" and A-labels. */
static bool is_top_label(const uint8_t *at, size_t len)
{
    if (len < 2 || at[0] < 'a' || at[0] > 'z' || at[len - 1] == '-') {
        return false;
    }
    return memchr(at, '_', len) == NULL;
}

/* Lower-cases and checks a name of ASCII bytes. */
static size_t make_ascii(const uint8_t *at, size_t len, uint8_t *out)
{
    size_t label = 0;
    size_t labels = 0;
    if (len == 0 || len > TOC_DOMAIN_BYTES_MAX) {
        return 0;
    }
    for (size_t i = 0; i < len; i++) {
        uint8_t c = lower(at[i]);
        out[i] = c;
        if (c == '.') {
            if (i == label || i - label > TOC_LABEL_BYTES_MAX) {
                return 0;
            }
            label = i + 1;
            labels++;
        } else if (!is_host_byte(c)) {
            return 0;
        }
    }
    size_t last = len - label;
    if (labels == 0 || last > TOC_LABEL_BYTES_MAX || !is_top_label(out + label, last)) {
        return 0;
    }
    out[len] = '\0';
    return len;
}

/* UTS 46 mapping first as browsers do, then the older transitional one for names that predate it.
 */
static size_t make_idn(const uint8_t *at, size_t len, uint8_t *out)
{
    uint8_t raw[IDN_BYTES_MAX + 1];
    uint8_t *ascii = NULL;
    size_t got = 0;
    if (len > IDN_BYTES_MAX || memchr(at, '\0', len) != NULL) {
        return 0;
    }
    memcpy(raw, at, len);
    raw[len] = '\0';
    int rc = idn2_lookup_u8(raw, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
    if (rc != IDN2_OK) {
        rc = idn2_lookup_u8(raw, &ascii, IDN2_NFC_INPUT | IDN2_TRANSITIONAL);
    }
    if (rc == IDN2_OK) {
        got = make_ascii(ascii, strlen((const char *)ascii), out);
    }
    idn2_free(ascii);
    return got;
}

size_t toc_domain_make(struct toc_span text, uint8_t out[static TOC_DOMAIN_BYTES_MAX + 1])
{
    while (text.len > 0 && text.at[text.len - 1] == '.') {
        text.len--;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] >= 0x80) {
            return make_idn(text.at, text.len, out);
        }
    }
    return make_ascii(text.at, text.len, out);
}

size_t toc_domain_reverse(struct toc_span domain, uint8_t out[static TOC_DOMAIN_BYTES_MAX + 1])
{
    size_t end = domain.len;
    size_t put = 0;
    if (domain.len == 0 || domain.len > TOC_DOMAIN_BYTES_MAX) {
        return 0;
    }
    for (size_t i = domain.len; i-- > 0;) {
        bool starts = i == 0 || domain.at[i - 1] == '.';
        if (starts) {
            memcpy(out + put, domain.at + i, end - i);
            put += end - i;
            out[put++] = '.';
            end = i == 0 ? 0 : i - 1;
        }
    }
    return put;
}
