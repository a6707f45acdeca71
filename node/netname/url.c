/* SPDX-License-Identifier: EUPL-1.2 */
#include "netname.h"

#include <stdio.h>
#include <string.h>

/* Longest scheme, bytes: the longest registered ones have less than 30. */
#define SCHEME_BYTES_MAX 32u

/* Output that never overruns: the caller's room is three times the input, so a failure here is a
 * URL that is refused, not cut. */
struct put {
    uint8_t *at;
    size_t len;
    size_t max;
    bool full;
};

static void put_byte(struct put *put, uint8_t c)
{
    if (put->len == put->max) {
        put->full = true;
        return;
    }
    put->at[put->len++] = c;
}

static void put_bytes(struct put *put, const void *at, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        put_byte(put, ((const uint8_t *)at)[i]);
    }
}

static bool is_alpha(uint8_t c)
{
    return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* RFC 3986 2.3. */
static bool is_unreserved(uint8_t c)
{
    return is_alpha(c) || is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

/* What may stand unencoded behind the authority: RFC 3986 pchar, "/", "?", "#". */
static bool is_plain(uint8_t c)
{
    return is_unreserved(c) || (c != '\0' && strchr("!$&'()*+,;=:@/?#", c) != NULL);
}

static int hex_value(uint8_t c)
{
    if (is_digit(c)) {
        return c - '0';
    }
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void put_encoded(struct put *put, uint8_t c)
{
    static const char hex[] = "0123456789ABCDEF";
    put_byte(put, '%');
    put_byte(put, (uint8_t)hex[c >> 4]);
    put_byte(put, (uint8_t)hex[c & 15]);
}

/* RFC 3986 6.2.2.1 and 6.2.2.2: unreserved bytes decoded, the rest encoded in upper case. A percent
 * sign that starts no escape is encoded itself. */
static void put_normal(struct put *put, const uint8_t *at, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        int high = i + 2 < len && at[i] == '%' ? hex_value(at[i + 1]) : -1;
        int low = high >= 0 ? hex_value(at[i + 2]) : -1;
        if (low >= 0) {
            uint8_t c = (uint8_t)(high * 16 + low);
            if (is_unreserved(c)) {
                put_byte(put, c);
            } else {
                put_encoded(put, c);
            }
            i += 2;
        } else if (is_plain(at[i])) {
            put_byte(put, at[i]);
        } else {
            put_encoded(put, at[i]);
        }
    }
}

size_t toc_url_scheme(struct toc_span text)
{
    size_t i = 0;
    if (text.len < 4 || !is_alpha(text.at[0])) {
        return 0;
    }
    while (i < text.len && i < SCHEME_BYTES_MAX &&
           (is_unreserved(text.at[i]) || text.at[i] == '+') && text.at[i] != '_') {
        i++;
    }
    return i + 3 <= text.len && memcmp(text.at + i, "://", 3) == 0 ? i + 3 : 0;
}

/* A domain or an address, IPv6 in brackets. */
static bool put_host(struct put *put, struct toc_span host)
{
    uint8_t domain[TOC_DOMAIN_BYTES_MAX + 1];
    char text[TOC_ADDRESS_TEXT_BYTES_MAX];
    struct toc_address address;
    size_t len = toc_domain_make(host, domain);
    if (len > 0) {
        put_bytes(put, domain, len);
        return true;
    }
    if (toc_address_make(host, &address) && toc_address_is_single(address.bytes) &&
        address.port == 0) {
        len = toc_address_text(address.bytes, text);
        bool v6 = memchr(text, ':', len) != NULL;
        put_bytes(put, "[", v6);
        put_bytes(put, text, len);
        put_bytes(put, "]", v6);
        return true;
    }
    return false;
}

static bool is_default_port(const uint8_t *scheme, size_t len, uint32_t port)
{
    static const struct {
        const char *scheme;
        uint32_t port;
    } rows[] = {{"http", 80}, {"https", 443}, {"ftp", 21}, {"ws", 80}, {"wss", 443}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (strlen(rows[i].scheme) == len && memcmp(rows[i].scheme, scheme, len) == 0) {
            return rows[i].port == port;
        }
    }
    return false;
}

/* "user@host:port" of RFC 3986 3.2. The scheme stands at the start of `put` already. */
static bool put_authority(struct put *put, struct toc_span authority, size_t scheme_len)
{
    size_t at = 0;
    for (size_t i = 0; i < authority.len; i++) {
        at = authority.at[i] == '@' ? i + 1 : at;
    }
    put_normal(put, authority.at, at);
    struct toc_span host = toc_span(authority.at + at, authority.len - at);
    size_t colon = host.len;
    for (size_t i = host.len; i-- > 0 && host.at[i] != ']';) {
        if (host.at[i] == ':') {
            colon = i;
            break;
        }
    }
    uint32_t port = 0;
    for (size_t i = colon + 1; i < host.len; i++) {
        if (!is_digit(host.at[i]) || port > 65535) {
            return false;
        }
        port = port * 10 + (uint32_t)(host.at[i] - '0');
    }
    if (port > 65535 || !put_host(put, toc_span(host.at, colon))) {
        /* An IPv6 address without brackets has no port to take off. */
        port = 0;
        if (!put_host(put, host)) {
            return false;
        }
    }
    if (port != 0 && !is_default_port(put->at, scheme_len, port)) {
        char text[8];
        int len = snprintf(text, sizeof text, ":%u", (unsigned)port);
        put_bytes(put, text, len < 0 ? 0 : (size_t)len);
    }
    return true;
}

/* RFC 3986 5.2.4 over the bytes of `put` from `start`, which begin with "/". */
static void remove_dot_segments(struct put *put, size_t start)
{
    size_t from = start;
    size_t to = start;
    uint8_t *at = put->at;
    while (from < put->len) {
        size_t end = from + 1;
        while (end < put->len && at[end] != '/') {
            end++;
        }
        size_t len = end - from; /* slash and segment */
        bool last = end == put->len;
        if (len == 2 && at[from + 1] == '.') {
            if (last) {
                at[to++] = '/';
            }
        } else if (len == 3 && at[from + 1] == '.' && at[from + 2] == '.') {
            while (to > start && at[--to] != '/') {
            }
            if (last) {
                at[to++] = '/';
            }
        } else {
            memmove(at + to, at + from, len);
            to += len;
        }
        from = end;
    }
    put->len = to;
}

size_t toc_url_make(struct toc_span text, struct toc_room out)
{
    struct put put = {out.at, 0, out.len, false};
    size_t scheme = toc_url_scheme(text);
    if (scheme == 0) {
        put_bytes(&put, "http://", 7);
    }
    for (size_t i = 0; i < scheme; i++) {
        put_byte(&put, is_alpha(text.at[i]) ? (uint8_t)(text.at[i] | 0x20) : text.at[i]);
    }
    struct toc_span rest = toc_span(text.at + scheme, text.len - scheme);
    size_t authority = 0;
    while (authority < rest.len && rest.at[authority] != '/' && rest.at[authority] != '?' &&
           rest.at[authority] != '#') {
        authority++;
    }
    if (authority == 0 || put.len < 4 || put.full ||
        !put_authority(&put, toc_span(rest.at, authority), put.len - 3)) {
        return 0;
    }
    size_t path = put.len;
    size_t query = authority;
    while (query < rest.len && rest.at[query] != '?' && rest.at[query] != '#') {
        query++;
    }
    if (authority == query || rest.at[authority] != '/') {
        put_byte(&put, '/');
    }
    put_normal(&put, rest.at + authority, query - authority);
    if (put.full) {
        return 0;
    }
    remove_dot_segments(&put, path);
    put_normal(&put, rest.at + query, rest.len - query);
    return put.full ? 0 : put.len;
}

struct toc_span toc_url_host(struct toc_span url)
{
    size_t start = toc_url_scheme(url);
    size_t end = start;
    while (end < url.len && url.at[end] != '/') {
        start = url.at[end] == '@' ? end + 1 : start;
        end++;
    }
    if (start < end && url.at[start] == '[') {
        const uint8_t *close = memchr(url.at + start, ']', end - start);
        start++;
        end = close == NULL ? end : (size_t)(close - url.at);
    } else {
        const uint8_t *colon = memchr(url.at + start, ':', end - start);
        end = colon == NULL ? end : (size_t)(colon - url.at);
    }
    return toc_span(url.at + start, end - start);
}
