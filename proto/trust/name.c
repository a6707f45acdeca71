/* SPDX-License-Identifier: EUPL-1.2 */
#include "card.h"

static const struct {
    enum toc_org_kind kind;
    const char *name;
} kinds[] = {
    {TOC_ORG_NATIONAL_CERT, "national-cert"},
    {TOC_ORG_SECTOR_CSIRT, "sector-csirt"},
    {TOC_ORG_LAW_ENFORCEMENT, "law-enforcement"},
    {TOC_ORG_MINISTRY, "ministry"},
    {TOC_ORG_INTERNATIONAL, "international"},
    {TOC_ORG_CIVIL_SOCIETY, "civil-society"},
    {TOC_ORG_OBSERVER, "observer"},
};
#define KIND_COUNT (sizeof kinds / sizeof kinds[0])

const char *toc_org_kind_name(enum toc_org_kind kind)
{
    for (size_t i = 0; i < KIND_COUNT; i++) {
        if (kinds[i].kind == kind) {
            return kinds[i].name;
        }
    }
    return "unknown";
}

struct toc_err toc_org_kind_parse(enum toc_org_kind *kind, struct toc_span text)
{
    for (size_t i = 0; i < KIND_COUNT; i++) {
        if (toc_span_equal(toc_span_str(kinds[i].name), text)) {
            *kind = kinds[i].kind;
            return toc_ok();
        }
    }
    return toc_fail(TOC_SYNTAX, "no such kind of organisation");
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(uint8_t c)
{
    c = lower(c);
    return c >= 'a' && c <= 'z';
}

bool toc_handle_equal(struct toc_span a, struct toc_span b)
{
    if (a.len != b.len) {
        return false;
    }
    for (size_t i = 0; i < a.len; i++) {
        if (lower(a.at[i]) != lower(b.at[i])) {
            return false;
        }
    }
    return true;
}

/* */
struct toc_err toc_handle_check(struct toc_span handle)
{
    if (handle.len < TOC_HANDLE_BYTES_MIN || handle.len > TOC_HANDLE_BYTES_MAX) {
        return toc_fail(TOC_MALFORMED, "handle has not 2 to 32 characters");
    }
    for (size_t i = 0; i < handle.len; i++) {
        uint8_t c = handle.at[i];
        if (!is_letter(c) && !is_digit(c) && c != '-') {
            return toc_fail(TOC_MALFORMED, "handle has other characters than letters, digits, -");
        }
    }
    if (toc_handle_equal(handle, toc_span_str("all"))) {
        return toc_fail(TOC_MALFORMED, "handle `all` is reserved");
    }
    return toc_ok();
}

/* Up to five digits that make 1..65535. */
static bool is_port(struct toc_span text)
{
    uint32_t port = 0;
    if (text.len == 0 || text.len > 5 || text.at[0] == '0') {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (!is_digit(text.at[i])) {
            return false;
        }
        port = port * 10 + (uint32_t)(text.at[i] - '0');
    }
    return port <= UINT16_MAX;
}

/* Letters, digits, '.', '-', '_'; within brackets also ':' and '%'. Whether it resolves is asked
 * when it is dialled. */
static bool is_host(struct toc_span text)
{
    bool brackets = text.len > 2 && text.at[0] == '[' && text.at[text.len - 1] == ']';
    if (brackets) {
        text = toc_span(text.at + 1, text.len - 2);
    }
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.at[i];
        bool plain = is_letter(c) || is_digit(c) || c == '.' || c == '-' || c == '_';
        if (!plain && !(brackets && (c == ':' || c == '%'))) {
            return false;
        }
    }
    return text.len > 0;
}

/* */
struct toc_err toc_address_check(struct toc_span address)
{
    size_t colon = address.len;
    while (colon > 0 && address.at[colon - 1] != ':') {
        colon--;
    }
    if (address.len > TOC_ADDRESS_BYTES_MAX || colon < 2 ||
        !is_host(toc_span(address.at, colon - 1)) ||
        !is_port(toc_span(address.at + colon, address.len - colon))) {
        return toc_fail(TOC_MALFORMED, "address is not host:port");
    }
    return toc_ok();
}
