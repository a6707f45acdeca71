/* SPDX-License-Identifier: EUPL-1.2 */
#include "parts.h"

#include <string.h>

/* "host/path", "host:port/path", "host?query" without a scheme. */
static bool put_bare_url(struct toc_value *value, struct toc_span text)
{
    uint8_t domain[TOC_DOMAIN_BYTES_MAX + 1];
    struct toc_address address;
    size_t host = 0;
    while (host < text.len && text.at[host] != '/' && text.at[host] != '?') {
        host++;
    }
    if (host == 0 || host == text.len) {
        return false;
    }
    struct toc_span authority = toc_span(text.at, host);
    if (toc_address_make(authority, &address)) {
        return toc_value_put_url(value, text);
    }
    const uint8_t *colon = memchr(authority.at, ':', authority.len);
    if (colon != NULL) {
        authority.len = (size_t)(colon - authority.at);
    }
    return toc_value_extension(authority) != TOC_VALUE_EXTENSION_FILE &&
           toc_domain_make(authority, domain) > 0 && toc_value_put_url(value, text);
}

static bool has_blank(struct toc_span text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] <= ' ') {
            return true;
        }
    }
    return false;
}

/* "setup.exe", "Q3 report.pdf": a name with a known end. Names like "get.sh" are files while they
 * have no further label and were not defanged. */
static bool put_filename(struct toc_value *value, struct toc_span text, bool defanged)
{
    enum toc_value_extension sure = toc_value_extension(text);
    size_t dots = 0;
    for (size_t i = 0; i < text.len; i++) {
        dots += text.at[i] == '.';
        if (text.at[i] < ' ' || memchr("/\\:*?\"<>|", text.at[i], 9) != NULL) {
            return false;
        }
    }
    if (sure == TOC_VALUE_EXTENSION_NONE ||
        (sure == TOC_VALUE_EXTENSION_BOTH && (dots != 1 || defanged))) {
        return false;
    }
    toc_value_put_lower(value, TOC_VALUE_FILENAME, text);
    return true;
}

/* A word of letters, digits, dots, hyphens and underscores, which most values are once nothing in
 * them is defanged: no URL, path or mail address. */
static bool is_plain_word(struct toc_span text)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.at[i];
        if (!toc_value_is_alpha(c) && !toc_value_is_digit(c) && c != '.' && c != '-' && c != '_') {
            return false;
        }
    }
    return text.len > 0;
}

/* In falling order of certainty. */
static bool put_plain_word(struct toc_value *value, struct toc_span text)
{
    uint8_t first = toc_value_lower(text.at[0]);
    bool digit = toc_value_is_digit(first);
    return (digit && toc_value_put_address(value, text)) || toc_value_put_hash(value, text) ||
           (first == 'c' && toc_value_put_cve(value, text)) ||
           (first == 't' &&
            (toc_value_put_technique(value, text) || toc_value_put_tlsh(value, text))) ||
           (first == 'a' && toc_value_put_asn(value, text, false)) ||
           (text.len == 17 && toc_value_put_mac(value, text)) ||
           (text.len == 70 && toc_value_put_tlsh(value, text)) ||
           (first == 'h' && toc_value_put_registry(value, text)) ||
           put_filename(value, text, value->defanged) || toc_value_put_domain(value, text) ||
           toc_value_put_wallet(value, text);
}

/* In falling order of certainty. */
static bool put_guess(struct toc_value *value, struct toc_span text)
{
    if (toc_value_put_address(value, text) || toc_value_put_hash(value, text) ||
        toc_value_put_cve(value, text) || toc_value_put_technique(value, text) ||
        toc_value_put_asn(value, text, false) || toc_value_put_mac(value, text) ||
        toc_value_put_tlsh(value, text)) {
        return true;
    }
    if (toc_url_scheme(text) > 0 && toc_value_put_url(value, text)) {
        return true;
    }
    if (toc_value_put_registry(value, text) || toc_value_put_path(value, text)) {
        return true;
    }
    if (!has_blank(text) && (toc_value_put_email(value, text) || put_bare_url(value, text) ||
                             toc_value_put_ssdeep(value, text))) {
        return true;
    }
    return put_filename(value, text, value->defanged) || toc_value_put_domain(value, text) ||
           toc_value_put_wallet(value, text);
}

struct toc_err toc_value_guess(struct toc_value *value, struct toc_span text)
{
    uint8_t plain[TOC_VALUE_WRITTEN_BYTES_MAX];
    value->kind = TOC_VALUE_NONE;
    value->port = 0;
    value->len = 0;
    value->wildcard = value->defanged = value->other_kind = false;
    text = toc_value_trim(text);
    if (text.len > TOC_VALUE_WRITTEN_BYTES_MAX) {
        return toc_fail(TOC_LIMIT, "the value is too long");
    }
    if (text.len == 0) {
        return toc_fail(TOC_SYNTAX, "the value is empty");
    }
    bool found = false;
    if (is_plain_word(text)) {
        found = put_plain_word(value, text);
    } else {
        struct toc_span own = toc_span(plain, toc_refang(text, plain, &value->defanged));
        found =
            is_plain_word(own) ? put_plain_word(value, own) : own.len > 0 && put_guess(value, own);
    }
    if (!found) {
        value->port = 0;
        value->wildcard = false;
        value->defanged = false;
        toc_value_put_text(value, TOC_VALUE_OTHER, text);
    }
    return toc_ok();
}

struct toc_err toc_value_host(struct toc_value *host, enum toc_value_kind kind,
                              struct toc_span canonical)
{
    struct toc_span name = toc_span(NULL, 0);
    host->kind = TOC_VALUE_NONE;
    host->port = 0;
    host->len = 0;
    host->wildcard = host->defanged = host->other_kind = false;
    if (kind == TOC_VALUE_URL) {
        name = toc_url_host(canonical);
    } else if (kind == TOC_VALUE_EMAIL) {
        size_t at = canonical.len;
        while (at > 0 && canonical.at[at - 1] != '@') {
            at--;
        }
        name = toc_span(canonical.at + at, canonical.len - at);
    }
    if (name.len == 0 ||
        (!toc_value_put_address(host, name) && !toc_value_put_domain(host, name))) {
        return toc_fail(TOC_ABSENT, "the value has no host");
    }
    return toc_ok();
}
