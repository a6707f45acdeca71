/* SPDX-License-Identifier: EUPL-1.2 */
/* What the files of this room share: classes of bytes and the detectors of single kinds. */
#ifndef TOC_VALUE_PARTS_H
#define TOC_VALUE_PARTS_H

#include "value.h"

static inline bool toc_value_is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static inline bool toc_value_is_alpha(uint8_t c)
{
    return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

static inline uint8_t toc_value_lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

static inline uint8_t toc_value_upper(uint8_t c)
{
    return c >= 'a' && c <= 'z' ? (uint8_t)(c & ~0x20) : c;
}

/* Value of a hex digit, or -1. */
static inline int toc_value_hex(uint8_t c)
{
    if (toc_value_is_digit(c)) {
        return c - '0';
    }
    c = toc_value_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Without blanks at both ends: ASCII blanks, no-break space, zero-width marks, byte order mark. */
struct toc_span toc_value_trim(struct toc_span text);
/* Equal but for ASCII case; `word` is a terminated text. */
bool toc_value_is_word(struct toc_span text, const char *word);
/* `text` starts with `word` but for ASCII case. */
bool toc_value_starts(struct toc_span text, const char *word);

/* How surely the end of a name is that of a file: `NEVER` a top-level domain, or one of both. */
enum toc_value_extension {
    TOC_VALUE_EXTENSION_NONE,
    TOC_VALUE_EXTENSION_BOTH,
    TOC_VALUE_EXTENSION_FILE,
};
enum toc_value_extension toc_value_extension(struct toc_span name);

/* Canonical form of exactly one kind from refanged, trimmed text; false when it is none. They fill
 * kind, len, bytes, port and wildcard. */
bool toc_value_put_domain(struct toc_value *value, struct toc_span text);
bool toc_value_put_address(struct toc_value *value, struct toc_span text);
bool toc_value_put_url(struct toc_value *value, struct toc_span text);
bool toc_value_put_email(struct toc_value *value, struct toc_span text);
bool toc_value_put_hash(struct toc_value *value, struct toc_span text);
bool toc_value_put_cve(struct toc_value *value, struct toc_span text);
bool toc_value_put_technique(struct toc_value *value, struct toc_span text);
bool toc_value_put_asn(struct toc_value *value, struct toc_span text, bool bare);
bool toc_value_put_mac(struct toc_value *value, struct toc_span text);
bool toc_value_put_ssdeep(struct toc_value *value, struct toc_span text);
bool toc_value_put_tlsh(struct toc_value *value, struct toc_span text);
bool toc_value_put_path(struct toc_value *value, struct toc_span text);
bool toc_value_put_registry(struct toc_value *value, struct toc_span text);
bool toc_value_put_wallet(struct toc_value *value, struct toc_span text);
/* The bytes as they are. */
void toc_value_put_text(struct toc_value *value, enum toc_value_kind kind, struct toc_span text);
/* The bytes in ASCII lower case. */
void toc_value_put_lower(struct toc_value *value, enum toc_value_kind kind, struct toc_span text);

#endif
