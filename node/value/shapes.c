/* SPDX-License-Identifier: EUPL-1.2 */
/* The detectors of single kinds: each takes refanged, trimmed text and answers for its own kind. */
#include "parts.h"

#include <string.h>

/* Digits of a CVE number after the year: four to nineteen (CVE JSON 5 schema, cveId). */
#define CVE_DIGITS_MIN 4u
#define CVE_DIGITS_MAX 19u

void toc_value_put_text(struct toc_value *value, enum toc_value_kind kind, struct toc_span text)
{
    memcpy(value->bytes, text.at, text.len);
    value->len = text.len;
    value->kind = kind;
}

void toc_value_put_lower(struct toc_value *value, enum toc_value_kind kind, struct toc_span text)
{
    for (size_t i = 0; i < text.len; i++) {
        value->bytes[i] = toc_value_lower(text.at[i]);
    }
    value->len = text.len;
    value->kind = kind;
}

bool toc_value_put_address(struct toc_value *value, struct toc_span text)
{
    struct toc_address address;
    if (!toc_address_make(text, &address)) {
        return false;
    }
    bool single = toc_address_is_single(address.bytes);
    toc_value_put_text(value, single ? TOC_VALUE_IP : TOC_VALUE_CIDR,
                       toc_span(address.bytes, TOC_ADDRESS_BYTES));
    value->port = address.port;
    return true;
}

/* Takes ":port" off the end. */
static void split_port(struct toc_span *text, uint16_t *port)
{
    uint32_t number = 0;
    size_t digits = 0;
    uint32_t place = 1;
    while (digits < text->len && toc_value_is_digit(text->at[text->len - 1 - digits])) {
        if (digits == 5) {
            return;
        }
        number += place * (uint32_t)(text->at[text->len - 1 - digits] - '0');
        place *= 10;
        digits++;
    }
    if (digits > 0 && digits < text->len && text->at[text->len - 1 - digits] == ':' && number > 0 &&
        number <= 65535) {
        *port = (uint16_t)number;
        text->len -= digits + 1;
    }
}

bool toc_value_put_domain(struct toc_value *value, struct toc_span text)
{
    uint8_t domain[TOC_DOMAIN_BYTES_MAX + 1];
    bool wildcard = false;
    uint16_t port = 0;
    if (text.len > 2 && text.at[0] == '*' && text.at[1] == '.') {
        wildcard = true;
        text = toc_span(text.at + 2, text.len - 2);
    } else if (text.len > 1 && text.at[0] == '.') {
        wildcard = true;
        text = toc_span(text.at + 1, text.len - 1);
    }
    split_port(&text, &port);
    size_t len = toc_domain_make(text, domain);
    if (len == 0) {
        return false;
    }
    toc_value_put_text(value, TOC_VALUE_DOMAIN, toc_span(domain, len));
    value->wildcard = wildcard;
    value->port = port;
    return true;
}

bool toc_value_put_url(struct toc_value *value, struct toc_span text)
{
    size_t len = toc_url_make(text, (struct toc_room){value->bytes, sizeof value->bytes});
    value->len = len;
    value->kind = len == 0 ? TOC_VALUE_NONE : TOC_VALUE_URL;
    return len > 0;
}

/* RFC 5322 addr-spec without comments and quoted strings; "mailto:" and angle brackets go. */
bool toc_value_put_email(struct toc_value *value, struct toc_span text)
{
    uint8_t domain[TOC_DOMAIN_BYTES_MAX + 1];
    if (toc_value_starts(text, "mailto:")) {
        text = toc_span(text.at + 7, text.len - 7);
    }
    if (text.len > 2 && text.at[0] == '<' && text.at[text.len - 1] == '>') {
        text = toc_span(text.at + 1, text.len - 2);
    }
    size_t local = 0;
    while (local < text.len && text.at[local] != '@') {
        uint8_t c = text.at[local++];
        if (c <= ' ' || c == 0x7f || memchr("()<>[]:;,\\\"/", c, 12) != NULL) {
            return false;
        }
    }
    if (local == 0 || local > 64 || local == text.len) {
        return false;
    }
    size_t len = toc_domain_make(toc_span(text.at + local + 1, text.len - local - 1), domain);
    if (len == 0) {
        return false;
    }
    memcpy(value->bytes, text.at, local + 1);
    memcpy(value->bytes + local + 1, domain, len);
    value->len = local + 1 + len;
    value->kind = TOC_VALUE_EMAIL;
    return true;
}

bool toc_value_put_hash(struct toc_value *value, struct toc_span text)
{
    enum toc_value_kind kind = TOC_VALUE_NONE;
    switch (text.len) {
    case 32:
        kind = TOC_VALUE_MD5;
        break;
    case 40:
        kind = TOC_VALUE_SHA1;
        break;
    case 64:
        kind = TOC_VALUE_SHA256;
        break;
    case 128:
        kind = TOC_VALUE_SHA512;
        break;
    default:
        return false;
    }
    for (size_t i = 0; i < text.len; i += 2) {
        int high = toc_value_hex(text.at[i]);
        int low = toc_value_hex(text.at[i + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        value->bytes[i / 2] = (uint8_t)(high * 16 + low);
    }
    value->len = text.len / 2;
    value->kind = kind;
    return true;
}

/* "CVE-2026-1234" with hyphens, or blanks and underscores as some tables have. */
bool toc_value_put_cve(struct toc_value *value, struct toc_span text)
{
    if (text.len < 9 + CVE_DIGITS_MIN || text.len > 9 + CVE_DIGITS_MAX ||
        !toc_value_starts(text, "cve")) {
        return false;
    }
    for (size_t i = 3; i < text.len; i++) {
        bool mark = i == 3 || i == 8;
        uint8_t c = text.at[i];
        if (mark ? c != '-' && c != '_' && c != ' ' : !toc_value_is_digit(c)) {
            return false;
        }
    }
    toc_value_put_text(value, TOC_VALUE_CVE, text);
    memcpy(value->bytes, "CVE-", 4);
    value->bytes[8] = '-';
    return true;
}

/* T1566, T1566.001 (ATT&CK ids). */
bool toc_value_put_technique(struct toc_value *value, struct toc_span text)
{
    if ((text.len != 5 && text.len != 9) || (text.at[0] | 0x20) != 't') {
        return false;
    }
    for (size_t i = 1; i < text.len; i++) {
        if (i == 5 ? text.at[i] != '.' && text.at[i] != '/' : !toc_value_is_digit(text.at[i])) {
            return false;
        }
    }
    toc_value_put_text(value, TOC_VALUE_TECHNIQUE, text);
    value->bytes[0] = 'T';
    if (text.len == 9) {
        value->bytes[5] = '.';
    }
    return true;
}

bool toc_value_put_asn(struct toc_value *value, struct toc_span text, bool bare)
{
    uint64_t number = 0;
    size_t at = toc_value_starts(text, "asn") ? 3 : toc_value_starts(text, "as") ? 2 : 0;
    if ((at == 0 && !bare) || at == text.len || text.len - at > 10) {
        return false;
    }
    for (size_t i = at; i < text.len; i++) {
        if (!toc_value_is_digit(text.at[i])) {
            return false;
        }
        number = number * 10 + (uint64_t)(text.at[i] - '0');
    }
    if (number == 0 || number > UINT32_MAX) {
        return false;
    }
    toc_put_be32(value->bytes, (uint32_t)number);
    value->len = 4;
    value->kind = TOC_VALUE_ASN;
    return true;
}

/* Six pairs of hex digits with ":" or "-" between all of them. */
bool toc_value_put_mac(struct toc_value *value, struct toc_span text)
{
    if (text.len != 17 || (text.at[2] != ':' && text.at[2] != '-')) {
        return false;
    }
    for (size_t i = 0; i < 17; i += 3) {
        int high = toc_value_hex(text.at[i]);
        int low = toc_value_hex(text.at[i + 1]);
        if (high < 0 || low < 0 || (i < 15 && text.at[i + 2] != text.at[2])) {
            return false;
        }
        value->bytes[i / 3] = (uint8_t)(high * 16 + low);
    }
    value->len = 6;
    value->kind = TOC_VALUE_MAC;
    return true;
}

/* "blocksize:hash:hash" (ssdeep 2.14); it is case-sensitive base64. */
bool toc_value_put_ssdeep(struct toc_value *value, struct toc_span text)
{
    size_t colons = 0;
    size_t lens[3] = {0, 0, 0};
    if (text.len < 12 || text.len > 256) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.at[i];
        if (c == ':') {
            if (++colons > 2) {
                return false;
            }
            continue;
        }
        lens[colons]++;
        bool plain = colons == 0
                         ? toc_value_is_digit(c)
                         : toc_value_is_digit(c) || toc_value_is_alpha(c) || c == '+' || c == '/';
        if (!plain) {
            return false;
        }
    }
    if (colons != 2 || lens[0] == 0 || lens[1] < 4 || lens[2] < 3) {
        return false;
    }
    toc_value_put_text(value, TOC_VALUE_SSDEEP, text);
    return true;
}

/* 70 hex digits, with "T1" in front since TLSH 4. */
bool toc_value_put_tlsh(struct toc_value *value, struct toc_span text)
{
    if (toc_value_starts(text, "T1") && text.len == 72) {
        text = toc_span(text.at + 2, 70);
    }
    if (text.len != 70) {
        return false;
    }
    memcpy(value->bytes, "T1", 2);
    for (size_t i = 0; i < text.len; i++) {
        if (toc_value_hex(text.at[i]) < 0) {
            return false;
        }
        value->bytes[2 + i] = toc_value_upper(text.at[i]);
    }
    value->len = 72;
    value->kind = TOC_VALUE_TLSH;
    return true;
}

/* \\server\share: a name, then one backslash and another name. Regular expressions that begin with
 * an escaped backslash go on with escapes. */
static bool is_share(struct toc_span text)
{
    if (text.len < 6 || text.at[0] != '\\' || text.at[1] != '\\' || text.at[2] == '\\') {
        return false;
    }
    const uint8_t *mark = memchr(text.at + 2, '\\', text.len - 2);
    return mark != NULL && mark + 1 < text.at + text.len && mark[1] != '\\' && mark[1] != '.';
}

/* C:\..., \\server\..., %TEMP%\..., ~/..., /usr/...: lower case, since most file systems that are
 * attacked do not tell case apart. */
bool toc_value_put_path(struct toc_value *value, struct toc_span text)
{
    const uint8_t *at = text.at;
    size_t len = text.len;
    bool drive =
        len > 2 && toc_value_is_alpha(at[0]) && at[1] == ':' && (at[2] == '\\' || at[2] == '/');
    bool share = is_share(text);
    bool unix_path = len > 1 && at[0] == '/' && at[1] != '/' && at[1] != '*';
    bool home = len > 2 && at[0] == '~' && at[1] == '/';
    const uint8_t *end = len > 3 && at[0] == '%' ? memchr(at + 1, '%', len - 1) : NULL;
    bool variable = end != NULL && end + 1 < at + len && (end[1] == '\\' || end[1] == '/');
    if (!drive && !share && !unix_path && !home && !variable) {
        return false;
    }
    toc_value_put_lower(value, TOC_VALUE_PATH, text);
    return true;
}

bool toc_value_put_registry(struct toc_value *value, struct toc_span text)
{
    static const struct {
        const char *given;
        const char *hive;
    } hives[] = {
        {"hklm", "hkey_local_machine"}, {"hkcu", "hkey_current_user"},
        {"hkcr", "hkey_classes_root"},  {"hkcc", "hkey_current_config"},
        {"hku", "hkey_users"},          {"hkey_", "hkey_"},
    };
    for (size_t i = 0; i < sizeof hives / sizeof hives[0]; i++) {
        size_t given = strlen(hives[i].given);
        size_t hive = strlen(hives[i].hive);
        if (!toc_value_starts(text, hives[i].given)) {
            continue;
        }
        if (given != hive && text.len > given && text.at[given] == ':') {
            given++; /* PowerShell writes HKLM:\ */
        }
        bool ends = text.len == given || text.at[given] == '\\' || text.at[given] == '/';
        if (given != hive && !ends) {
            continue;
        }
        struct toc_span rest = toc_span(text.at + given, text.len - given);
        toc_value_put_lower(value, TOC_VALUE_REGISTRY, rest);
        memmove(value->bytes + hive, value->bytes, rest.len);
        memcpy(value->bytes, hives[i].hive, hive);
        value->len += hive;
        return true;
    }
    return false;
}

/* Ethereum (0x and 40 hex digits), Bitcoin bech32 (BIP 173), Bitcoin base58 of its usual length. */
bool toc_value_put_wallet(struct toc_value *value, struct toc_span text)
{
    bool hex = text.len == 42 && toc_value_starts(text, "0x");
    bool bech32 = text.len >= 42 && text.len <= 62 && toc_value_starts(text, "bc1");
    bool base58 = text.len >= 26 && text.len <= 35 && (text.at[0] == '1' || text.at[0] == '3');
    size_t digits = 0;
    size_t uppers = 0;
    for (size_t i = hex ? 2 : 0; i < text.len && (hex || bech32 || base58); i++) {
        uint8_t c = text.at[i];
        hex = hex && toc_value_hex(c) >= 0;
        bool plain = toc_value_is_digit(c) || toc_value_is_alpha(c);
        bech32 = bech32 && plain;
        base58 = base58 && plain && c != '0' && c != 'O' && c != 'I' && c != 'l';
        digits += toc_value_is_digit(c);
        uppers += c >= 'A' && c <= 'Z';
    }
    if (hex || bech32) {
        toc_value_put_lower(value, TOC_VALUE_WALLET, text);
        return true;
    }
    if (base58 && digits >= 2 && uppers >= 4 && digits + uppers < text.len) {
        toc_value_put_text(value, TOC_VALUE_WALLET, text);
        return true;
    }
    return false;
}
