/* SPDX-License-Identifier: EUPL-1.2 */
#include "netname.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#define PREFIX_BITS_MAX 128u
#define V4_PREFIX_BITS 96u

/* First twelve bytes of an IPv4 address in canonical form (RFC 4291 2.5.5.2). */
static const uint8_t v4_mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

/* Decimal number up to `max` without sign or leading zero; -1 when it is none. */
static int32_t parse_number(const uint8_t *at, size_t len, uint32_t max)
{
    uint32_t value = 0;
    if (len == 0 || len > 5 || (len > 1 && at[0] == '0')) {
        return -1;
    }
    for (size_t i = 0; i < len; i++) {
        if (at[i] < '0' || at[i] > '9') {
            return -1;
        }
        value = value * 10 + (uint32_t)(at[i] - '0');
    }
    return value > max ? -1 : (int32_t)value;
}

/* Four octets; leading zeros are refused, because some programs read them as octal. */
static bool parse_v4(const uint8_t *at, size_t len, uint8_t *out)
{
    size_t start = 0;
    size_t octets = 0;
    if (len < 7 || len > 15) {
        return false;
    }
    for (size_t i = 0; i <= len; i++) {
        if (i < len && at[i] != '.') {
            continue;
        }
        int32_t octet = parse_number(at + start, i - start, 255);
        if (octet < 0 || octets == 4) {
            return false;
        }
        out[12 + octets++] = (uint8_t)octet;
        start = i + 1;
    }
    memcpy(out, v4_mapped, sizeof v4_mapped);
    return octets == 4;
}

static bool parse_v6(const uint8_t *at, size_t len, uint8_t *out)
{
    char text[INET6_ADDRSTRLEN];
    if (len < 2 || len >= sizeof text || memchr(at, ':', len) == NULL) {
        return false;
    }
    memcpy(text, at, len);
    text[len] = '\0';
    return inet_pton(AF_INET6, text, out) == 1;
}

static void clear_host_bits(uint8_t *bytes, uint32_t prefix)
{
    for (uint32_t bit = prefix; bit < PREFIX_BITS_MAX; bit++) {
        if (bit % 8 == 0) {
            bytes[bit / 8] = 0;
            bit += 7;
        } else {
            bytes[bit / 8] &= (uint8_t) ~(0x80u >> (bit % 8));
        }
    }
}

/* Takes ":port" off the end of an IPv4 address or a bracketed IPv6 address; the brackets go too. */
static bool split_port(const uint8_t **at, size_t *len, uint16_t *port)
{
    const uint8_t *bytes = *at;
    size_t end = *len;
    const uint8_t *colon = NULL;
    if (end > 2 && bytes[0] == '[') {
        const uint8_t *close = memchr(bytes, ']', end);
        if (close == NULL || (close + 1 < bytes + end && close[1] != ':')) {
            return false;
        }
        colon = close + 1 < bytes + end ? close + 1 : NULL;
        *at = bytes + 1;
        *len = (size_t)(close - bytes) - 1;
    } else {
        colon = memchr(bytes, ':', end);
        if (colon == NULL || memchr(colon + 1, ':', (size_t)(bytes + end - colon) - 1) != NULL) {
            return true; /* no port, or the colons of an IPv6 address */
        }
        *len = (size_t)(colon - bytes);
    }
    if (colon != NULL) {
        int32_t number = parse_number(colon + 1, (size_t)(bytes + end - colon) - 1, 65535);
        *port = (uint16_t)(number > 0 ? number : 0);
        return number > 0;
    }
    return true;
}

bool toc_address_make(struct toc_span text, struct toc_address *out)
{
    struct toc_address got = {.port = 0};
    const uint8_t *at = text.at;
    size_t len = text.len;
    int32_t prefix = -1;
    if (len < 2 || len > TOC_ADDRESS_TEXT_BYTES_MAX + 8) {
        return false;
    }
    const uint8_t *slash = memchr(at, '/', len);
    if (slash != NULL) {
        prefix = parse_number(slash + 1, (size_t)(at + len - slash) - 1, PREFIX_BITS_MAX);
        if (prefix < 0) {
            return false;
        }
        len = (size_t)(slash - at);
    }
    if (len == 0 || !split_port(&at, &len, &got.port)) {
        return false;
    }
    bool v4 = parse_v4(at, len, got.bytes);
    if (!v4 && !parse_v6(at, len, got.bytes)) {
        return false;
    }
    uint32_t bits = PREFIX_BITS_MAX;
    if (prefix >= 0) {
        if (v4 && prefix > 32) {
            return false;
        }
        bits = (uint32_t)prefix + (v4 ? V4_PREFIX_BITS : 0);
    }
    clear_host_bits(got.bytes, bits);
    got.bytes[16] = (uint8_t)bits;
    *out = got;
    return true;
}

bool toc_address_is_single(const uint8_t address[static TOC_ADDRESS_BYTES])
{
    return address[16] == PREFIX_BITS_MAX;
}

void toc_address_range(const uint8_t address[static TOC_ADDRESS_BYTES], uint8_t first[static 16],
                       uint8_t last[static 16])
{
    uint32_t prefix = address[16] > PREFIX_BITS_MAX ? PREFIX_BITS_MAX : address[16];
    memcpy(first, address, 16);
    clear_host_bits(first, prefix);
    memcpy(last, first, 16);
    for (uint32_t bit = prefix; bit < PREFIX_BITS_MAX; bit++) {
        last[bit / 8] |= (uint8_t)(0x80u >> (bit % 8));
    }
}

size_t toc_address_text(const uint8_t address[static TOC_ADDRESS_BYTES],
                        char out[static TOC_ADDRESS_TEXT_BYTES_MAX])
{
    bool v4 = address[16] >= V4_PREFIX_BITS && memcmp(address, v4_mapped, sizeof v4_mapped) == 0;
    char host[INET6_ADDRSTRLEN];
    int len = 0;
    out[0] = '\0';
    if (inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? address + 12 : address, host, sizeof host) ==
        NULL) {
        return 0;
    }
    if (toc_address_is_single(address)) {
        len = snprintf(out, TOC_ADDRESS_TEXT_BYTES_MAX, "%s", host);
    } else {
        unsigned bits = address[16] - (v4 ? V4_PREFIX_BITS : 0);
        len = snprintf(out, TOC_ADDRESS_TEXT_BYTES_MAX, "%s/%u", host, bits);
    }
    return len < 0 ? 0 : (size_t)len;
}
