/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Keys of values. Within one kind the rows sort by value, so that one value, all names below a
 * domain and all addresses of a network are each one run of rows:
 *   address, network   kind ‖ 16 address bytes ‖ prefix length
 *   domain             kind ‖ reversed labels, each with a dot ‖ 00
 *   others             kind ‖ bytes ‖ 00
 *   bytes with a 00    kind ‖ 00 ‖ u16 length ‖ bytes
 */
#include "index_internal.h"

#include <string.h>

static bool address_key(struct value_key *key, struct toc_span canonical)
{
    if (canonical.len != TOC_ADDRESS_BYTES || canonical.at[16] > 128) {
        return false;
    }
    key->bytes[0] = TOC_VALUE_IP;
    memcpy(key->bytes + 1, canonical.at, TOC_ADDRESS_BYTES);
    key->len = 1 + TOC_ADDRESS_BYTES;
    return true;
}

/* key->bytes holds the kind and `len` bytes of the value. */
static void close_key(struct value_key *key, size_t len)
{
    if (memchr(key->bytes + 1, 0, len) == NULL) {
        key->bytes[1 + len] = 0;
        key->len = len + 2;
        return;
    }
    memmove(key->bytes + 4, key->bytes + 1, len);
    key->bytes[1] = 0;
    toc_put_be16(key->bytes + 2, (uint16_t)len);
    key->len = len + 4;
}

bool toc_index_value_key(struct value_key *key, enum toc_value_kind kind, struct toc_span canonical)
{
    if (canonical.len == 0) {
        return false;
    }
    if (kind == TOC_VALUE_IP || kind == TOC_VALUE_CIDR) {
        return address_key(key, canonical);
    }
    size_t len = 0;
    if (kind == TOC_VALUE_DOMAIN) {
        key->bytes[0] = (uint8_t)kind;
        len = toc_domain_reverse(canonical, key->bytes + 1);
    }
    if (len == 0) {
        len = toc_value_key(kind, canonical, key->bytes) - 1;
    }
    close_key(key, len);
    return true;
}

/* com.example.www. gives www.example.com. */
static size_t restore_domain(struct toc_span reversed, uint8_t *out)
{
    size_t len = 0;
    size_t end = reversed.len;
    while (end > 0) {
        size_t begin = end - 1;
        while (begin > 0 && reversed.at[begin - 1] != '.') {
            begin--;
        }
        if (len != 0) {
            out[len++] = '.';
        }
        memcpy(out + len, reversed.at + begin, end - 1 - begin);
        len += end - 1 - begin;
        end = begin;
    }
    return len;
}

struct toc_span toc_index_value_of(struct toc_span key, uint8_t *out)
{
    struct toc_span value = toc_span(key.at + 1, key.len - 1);
    if (key.at[0] == TOC_VALUE_IP) {
        memcpy(out, value.at, value.len);
        return toc_span(out, value.len);
    }
    if (value.at[0] == 0) {
        value = toc_span(value.at + 3, value.len - 3);
    } else {
        value.len--;
    }
    if (key.at[0] == TOC_VALUE_DOMAIN && value.len > 0 && value.at[value.len - 1] == '.') {
        return toc_span(out, restore_domain(value, out));
    }
    memcpy(out, value.at, value.len);
    return toc_span(out, value.len);
}

uint32_t toc_index_number_of(struct toc_span key)
{
    return toc_be32(key.at + key.len - NUMBER_BYTES);
}
