/* SPDX-License-Identifier: EUPL-1.2 */
#include "parts.h"

#include <string.h>

/* Longest end of a file name in the table below. */
#define EXTENSION_BYTES_MAX 7u

/* Ends of file names, sorted for a binary search. BOTH: also a top-level domain of the root zone
 * that names are found under. */
static const struct {
    char end[EXTENSION_BYTES_MAX + 1];
    enum toc_value_extension sure;
} extensions[] = {
    {"7z", TOC_VALUE_EXTENSION_FILE},   {"ace", TOC_VALUE_EXTENSION_FILE},
    {"apk", TOC_VALUE_EXTENSION_FILE},  {"ashx", TOC_VALUE_EXTENSION_FILE},
    {"asp", TOC_VALUE_EXTENSION_FILE},  {"aspx", TOC_VALUE_EXTENSION_FILE},
    {"bat", TOC_VALUE_EXTENSION_FILE},  {"bin", TOC_VALUE_EXTENSION_FILE},
    {"bmp", TOC_VALUE_EXTENSION_FILE},  {"bz2", TOC_VALUE_EXTENSION_FILE},
    {"cab", TOC_VALUE_EXTENSION_BOTH},  {"cfg", TOC_VALUE_EXTENSION_FILE},
    {"chm", TOC_VALUE_EXTENSION_FILE},  {"class", TOC_VALUE_EXTENSION_FILE},
    {"cmd", TOC_VALUE_EXTENSION_FILE},  {"conf", TOC_VALUE_EXTENSION_FILE},
    {"cpl", TOC_VALUE_EXTENSION_FILE},  {"css", TOC_VALUE_EXTENSION_FILE},
    {"csv", TOC_VALUE_EXTENSION_FILE},  {"dat", TOC_VALUE_EXTENSION_FILE},
    {"db", TOC_VALUE_EXTENSION_FILE},   {"deb", TOC_VALUE_EXTENSION_FILE},
    {"dll", TOC_VALUE_EXTENSION_FILE},  {"dmg", TOC_VALUE_EXTENSION_FILE},
    {"doc", TOC_VALUE_EXTENSION_FILE},  {"docm", TOC_VALUE_EXTENSION_FILE},
    {"docx", TOC_VALUE_EXTENSION_FILE}, {"dotm", TOC_VALUE_EXTENSION_FILE},
    {"drv", TOC_VALUE_EXTENSION_FILE},  {"dylib", TOC_VALUE_EXTENSION_FILE},
    {"elf", TOC_VALUE_EXTENSION_FILE},  {"eml", TOC_VALUE_EXTENSION_FILE},
    {"exe", TOC_VALUE_EXTENSION_FILE},  {"gif", TOC_VALUE_EXTENSION_FILE},
    {"gz", TOC_VALUE_EXTENSION_FILE},   {"hlp", TOC_VALUE_EXTENSION_FILE},
    {"hta", TOC_VALUE_EXTENSION_FILE},  {"htm", TOC_VALUE_EXTENSION_FILE},
    {"html", TOC_VALUE_EXTENSION_FILE}, {"hwp", TOC_VALUE_EXTENSION_FILE},
    {"ico", TOC_VALUE_EXTENSION_FILE},  {"img", TOC_VALUE_EXTENSION_FILE},
    {"inf", TOC_VALUE_EXTENSION_FILE},  {"ini", TOC_VALUE_EXTENSION_FILE},
    {"ipa", TOC_VALUE_EXTENSION_FILE},  {"iso", TOC_VALUE_EXTENSION_FILE},
    {"jar", TOC_VALUE_EXTENSION_FILE},  {"jpeg", TOC_VALUE_EXTENSION_FILE},
    {"jpg", TOC_VALUE_EXTENSION_FILE},  {"js", TOC_VALUE_EXTENSION_FILE},
    {"jse", TOC_VALUE_EXTENSION_FILE},  {"json", TOC_VALUE_EXTENSION_FILE},
    {"jsp", TOC_VALUE_EXTENSION_FILE},  {"jspx", TOC_VALUE_EXTENSION_FILE},
    {"lnk", TOC_VALUE_EXTENSION_FILE},  {"locked", TOC_VALUE_EXTENSION_FILE},
    {"log", TOC_VALUE_EXTENSION_FILE},  {"md", TOC_VALUE_EXTENSION_BOTH},
    {"mov", TOC_VALUE_EXTENSION_BOTH},  {"mp3", TOC_VALUE_EXTENSION_FILE},
    {"mp4", TOC_VALUE_EXTENSION_FILE},  {"msc", TOC_VALUE_EXTENSION_FILE},
    {"msg", TOC_VALUE_EXTENSION_FILE},  {"msi", TOC_VALUE_EXTENSION_FILE},
    {"msp", TOC_VALUE_EXTENSION_FILE},  {"ocx", TOC_VALUE_EXTENSION_FILE},
    {"pdb", TOC_VALUE_EXTENSION_FILE},  {"pdf", TOC_VALUE_EXTENSION_FILE},
    {"php", TOC_VALUE_EXTENSION_FILE},  {"pif", TOC_VALUE_EXTENSION_FILE},
    {"pkg", TOC_VALUE_EXTENSION_FILE},  {"plist", TOC_VALUE_EXTENSION_FILE},
    {"png", TOC_VALUE_EXTENSION_FILE},  {"pps", TOC_VALUE_EXTENSION_FILE},
    {"ppt", TOC_VALUE_EXTENSION_FILE},  {"pptx", TOC_VALUE_EXTENSION_FILE},
    {"ps1", TOC_VALUE_EXTENSION_FILE},  {"psm1", TOC_VALUE_EXTENSION_FILE},
    {"py", TOC_VALUE_EXTENSION_BOTH},   {"pyc", TOC_VALUE_EXTENSION_FILE},
    {"rar", TOC_VALUE_EXTENSION_FILE},  {"reg", TOC_VALUE_EXTENSION_FILE},
    {"rpm", TOC_VALUE_EXTENSION_FILE},  {"rtf", TOC_VALUE_EXTENSION_FILE},
    {"scr", TOC_VALUE_EXTENSION_FILE},  {"sh", TOC_VALUE_EXTENSION_BOTH},
    {"svg", TOC_VALUE_EXTENSION_FILE},  {"sys", TOC_VALUE_EXTENSION_FILE},
    {"tar", TOC_VALUE_EXTENSION_FILE},  {"tgz", TOC_VALUE_EXTENSION_FILE},
    {"tmp", TOC_VALUE_EXTENSION_FILE},  {"txt", TOC_VALUE_EXTENSION_FILE},
    {"url", TOC_VALUE_EXTENSION_FILE},  {"vbe", TOC_VALUE_EXTENSION_FILE},
    {"vbs", TOC_VALUE_EXTENSION_FILE},  {"vhd", TOC_VALUE_EXTENSION_FILE},
    {"vhdx", TOC_VALUE_EXTENSION_FILE}, {"wsf", TOC_VALUE_EXTENSION_FILE},
    {"xll", TOC_VALUE_EXTENSION_FILE},  {"xls", TOC_VALUE_EXTENSION_FILE},
    {"xlsb", TOC_VALUE_EXTENSION_FILE}, {"xlsm", TOC_VALUE_EXTENSION_FILE},
    {"xlsx", TOC_VALUE_EXTENSION_FILE}, {"xml", TOC_VALUE_EXTENSION_FILE},
    {"yaml", TOC_VALUE_EXTENSION_FILE}, {"yar", TOC_VALUE_EXTENSION_FILE},
    {"yara", TOC_VALUE_EXTENSION_FILE}, {"yml", TOC_VALUE_EXTENSION_FILE},
    {"zip", TOC_VALUE_EXTENSION_BOTH},
};

enum toc_value_extension toc_value_extension(struct toc_span name)
{
    char end[EXTENSION_BYTES_MAX + 1] = "";
    size_t len = 0;
    while (len < name.len && name.at[name.len - 1 - len] != '.') {
        if (++len > EXTENSION_BYTES_MAX) {
            return TOC_VALUE_EXTENSION_NONE;
        }
    }
    if (len + 2 > name.len) {
        return TOC_VALUE_EXTENSION_NONE;
    }
    for (size_t i = 0; i < len; i++) {
        end[i] = (char)toc_value_lower(name.at[name.len - len + i]);
    }
    size_t low = 0;
    size_t high = sizeof extensions / sizeof extensions[0];
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = memcmp(extensions[middle].end, end, sizeof end);
        if (order == 0) {
            return extensions[middle].sure;
        }
        low = order < 0 ? middle + 1 : low;
        high = order < 0 ? high : middle;
    }
    return TOC_VALUE_EXTENSION_NONE;
}

/* Names that people write in many ways ("APT 29", "apt-29"): lower case, letters and digits of
 * ASCII and every byte above it. */
static void put_name(struct toc_value *value, enum toc_value_kind kind, struct toc_span text)
{
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = toc_value_lower(text.at[i]);
        if (c >= 0x80 || toc_value_is_digit(c) || toc_value_is_alpha(c)) {
            value->bytes[len++] = c;
        }
    }
    value->len = len;
    value->kind = kind;
    if (len == 0) {
        toc_value_put_text(value, kind, text);
    }
}

/* A fingerprint or serial number: hex digits without marks between them, else the text. */
static void put_certificate(struct toc_value *value, struct toc_span text)
{
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (toc_value_hex(text.at[i]) >= 0) {
            value->bytes[len++] = toc_value_lower(text.at[i]);
        } else if (text.at[i] != ':' && text.at[i] != ' ' && text.at[i] != '-') {
            toc_value_put_lower(value, TOC_VALUE_CERTIFICATE, text);
            return;
        }
    }
    value->len = len;
    value->kind = TOC_VALUE_CERTIFICATE;
    if (len == 0) {
        toc_value_put_lower(value, TOC_VALUE_CERTIFICATE, text);
    }
}

/* Digits and letters alone: IBANs in upper case, telephone numbers with their plus sign. */
static bool put_dense(struct toc_value *value, enum toc_value_kind kind, struct toc_span text)
{
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = toc_value_upper(text.at[i]);
        bool alpha = toc_value_is_alpha(c) && kind == TOC_VALUE_BANK_ACCOUNT;
        if (toc_value_is_digit(c) || alpha || (c == '+' && len == 0)) {
            value->bytes[len++] = c;
        }
    }
    value->len = len;
    value->kind = kind;
    return len > 0;
}

static bool put_country(struct toc_value *value, enum toc_value_kind kind, struct toc_span text)
{
    const char *code = toc_country_find(text);
    if (code == NULL) {
        return false;
    }
    toc_value_put_text(value, kind, toc_span_str(code));
    return true;
}

/* Kinds whose values are taken as written: nothing is undone, no other kind can win. */
static bool put_as_given(struct toc_value *value, enum toc_value_kind kind, struct toc_span text)
{
    switch ((int)kind) {
    case TOC_VALUE_FILENAME:
        value->other_kind = toc_value_put_path(value, text);
        if (!value->other_kind) {
            toc_value_put_lower(value, kind, text);
        }
        return true;
    case TOC_VALUE_PATH:
    case TOC_VALUE_SECTOR:
    case TOC_VALUE_TAG:
        toc_value_put_lower(value, kind, text);
        return true;
    case TOC_VALUE_REGISTRY:
        if (!toc_value_put_registry(value, text)) {
            toc_value_put_lower(value, kind, text);
        }
        return true;
    case TOC_VALUE_CERTIFICATE:
        put_certificate(value, text);
        return true;
    case TOC_VALUE_WALLET:
        if (!toc_value_put_wallet(value, text)) {
            toc_value_put_text(value, kind, text);
        }
        return true;
    case TOC_VALUE_TECHNIQUE:
        if (!toc_value_put_technique(value, text)) {
            put_name(value, kind, text);
        }
        return true;
    case TOC_VALUE_ACTOR:
    case TOC_VALUE_CAMPAIGN:
    case TOC_VALUE_MALWARE:
    case TOC_VALUE_TOOL:
        put_name(value, kind, text);
        return true;
    case TOC_VALUE_TARGET:
    case TOC_VALUE_ORIGIN:
        return put_country(value, kind, text);
    case TOC_VALUE_BANK_ACCOUNT:
    case TOC_VALUE_PHONE:
        return put_dense(value, kind, text);
    case TOC_VALUE_ASN:
        return toc_value_put_asn(value, text, true);
    case TOC_VALUE_MAC:
        return toc_value_put_mac(value, text);
    case TOC_VALUE_SSDEEP:
        return toc_value_put_ssdeep(value, text);
    case TOC_VALUE_TLSH:
        return toc_value_put_tlsh(value, text);
    case TOC_VALUE_CVE:
        return toc_value_put_cve(value, text);
    default:
        toc_value_put_text(value, kind, text);
        return true;
    }
}

/* Kinds that a value may show against its column. */
static bool may_win(enum toc_value_kind kind)
{
    return (kind >= TOC_VALUE_DOMAIN && kind <= TOC_VALUE_PATH) || kind == TOC_VALUE_REGISTRY ||
           kind == TOC_VALUE_CVE;
}

static bool is_from_network(enum toc_value_kind kind)
{
    return kind >= TOC_VALUE_DOMAIN && kind <= TOC_VALUE_SHA512;
}

/* What the value shows decides, but for names that may be both a domain and a file. */
static struct toc_err make_from_network(struct toc_value *value, enum toc_value_kind kind,
                                        struct toc_span text)
{
    uint8_t plain[TOC_VALUE_WRITTEN_BYTES_MAX];
    TOC_TRY(toc_value_guess(value, text));
    enum toc_value_kind shown = value->kind;
    bool same = shown == kind || ((shown == TOC_VALUE_IP || shown == TOC_VALUE_CIDR) &&
                                  (kind == TOC_VALUE_IP || kind == TOC_VALUE_CIDR));
    if (same) {
        return toc_ok();
    }
    if ((kind == TOC_VALUE_DOMAIN && shown == TOC_VALUE_FILENAME) || kind == TOC_VALUE_URL) {
        struct toc_span own = toc_span(plain, toc_refang(text, plain, NULL));
        bool sure = toc_value_extension(own) == TOC_VALUE_EXTENSION_FILE;
        if (kind == TOC_VALUE_DOMAIN && !sure && toc_value_put_domain(value, own)) {
            return toc_ok();
        }
        if (shown == TOC_VALUE_OTHER && toc_value_put_url(value, own)) {
            return toc_ok();
        }
    }
    if (may_win(shown)) {
        value->other_kind = true;
        return toc_ok();
    }
    value->kind = TOC_VALUE_NONE;
    return toc_fail(TOC_SYNTAX, "the value is not of its kind");
}

struct toc_err toc_value_make(struct toc_value *value, enum toc_value_kind kind,
                              struct toc_span text)
{
    value->kind = TOC_VALUE_NONE;
    value->port = 0;
    value->len = 0;
    value->wildcard = value->defanged = value->other_kind = false;
    text = toc_value_trim(text);
    if (text.len == 0) {
        return toc_fail(TOC_SYNTAX, "the value is empty");
    }
    if (text.len > TOC_VALUE_WRITTEN_BYTES_MAX) {
        return toc_fail(TOC_LIMIT, "the value is too long");
    }
    if (kind == TOC_VALUE_NONE) {
        return toc_value_guess(value, text);
    }
    if (is_from_network(kind)) {
        return make_from_network(value, kind, text);
    }
    if (!put_as_given(value, kind, text)) {
        value->kind = TOC_VALUE_NONE;
        return toc_fail(TOC_SYNTAX, "the value is not of its kind");
    }
    return toc_ok();
}
