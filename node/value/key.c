/* SPDX-License-Identifier: EUPL-1.2 */
#include "parts.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

/* Canonical bytes that stand in a key as they are. */
#define KEY_PLAIN_BYTES_MAX 256u
/* Bytes of a longer value that stand before its hash, so that keys still sort by value. */
#define KEY_HEAD_BYTES 224u
#define KEY_HASH_BYTES 32u

size_t toc_value_key(enum toc_value_kind kind, struct toc_span canonical,
                     uint8_t out[static TOC_VALUE_KEY_BYTES_MAX])
{
    out[0] = (uint8_t)(kind == TOC_VALUE_CIDR ? TOC_VALUE_IP : kind);
    if (canonical.len <= KEY_PLAIN_BYTES_MAX) {
        memcpy(out + 1, canonical.at, canonical.len);
        return 1 + canonical.len;
    }
    memcpy(out + 1, canonical.at, KEY_HEAD_BYTES);
    int rc = crypto_generichash(out + 1 + KEY_HEAD_BYTES, KEY_HASH_BYTES, canonical.at,
                                canonical.len, NULL, 0);
    TOC_ASSERT(rc == 0);
    return 1 + KEY_HEAD_BYTES + KEY_HASH_BYTES;
}

static size_t put_hex(struct toc_span bytes, const char *mark, char *out, size_t room)
{
    size_t len = 0;
    for (size_t i = 0; i < bytes.len && len + 3 < room; i++) {
        int put = snprintf(out + len, room - len, "%s%02x", i == 0 ? "" : mark, bytes.at[i]);
        len += put < 0 ? 0 : (size_t)put;
    }
    return len;
}

static size_t put_copy(struct toc_span bytes, char *out, size_t room)
{
    size_t len = bytes.len < room - 1 ? bytes.len : room - 1;
    memcpy(out, bytes.at, len);
    out[len] = '\0';
    return len;
}

size_t toc_value_text(enum toc_value_kind kind, struct toc_span canonical, char *out, size_t room)
{
    char text[TOC_VALUE_TEXT_BYTES_MAX] = "";
    size_t len = 0;
    if (room == 0) {
        return 0;
    }
    switch ((int)kind) {
    case TOC_VALUE_IP:
    case TOC_VALUE_CIDR:
        if (canonical.len == TOC_ADDRESS_BYTES) {
            len = toc_address_text(canonical.at, text);
        }
        break;
    case TOC_VALUE_MD5:
    case TOC_VALUE_SHA1:
    case TOC_VALUE_SHA256:
    case TOC_VALUE_SHA512:
        len = put_hex(canonical, "", text, sizeof text);
        break;
    case TOC_VALUE_MAC:
        len = put_hex(canonical, ":", text, sizeof text);
        break;
    case TOC_VALUE_ASN:
        if (canonical.len == 4) {
            int put = snprintf(text, sizeof text, "AS%u", (unsigned)toc_be32(canonical.at));
            len = put < 0 ? 0 : (size_t)put;
        }
        break;
    default:
        return put_copy(canonical, out, room);
    }
    return put_copy(toc_span(text, len), out, room);
}
