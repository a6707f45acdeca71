/* SPDX-License-Identifier: EUPL-1.2 */
#include "db_internal.h"

#include <stdarg.h>
#include <string.h>

#define HASH_FIELD_BYTES 32u

static const struct toc_db_layout layouts[TOC_DB_TABLE_COUNT] = {
#define CHECKED true
#define PLAIN false
#define KEPT false
#define DISPOSABLE true
#define LAYOUT(name, text, format, check, keep) {text, format, check, keep},
    TOC_DB_TABLES(LAYOUT)
#undef LAYOUT
#undef CHECKED
#undef PLAIN
#undef KEPT
#undef DISPOSABLE
};

const struct toc_db_layout *toc_db_layout(enum toc_db_table table)
{
    TOC_ASSERT(table < TOC_DB_TABLE_COUNT);
    return &layouts[table];
}

static void append(struct toc_db_key *key, const void *bytes, size_t len)
{
    TOC_ASSERT(len <= sizeof key->bytes - key->len);
    if (len != 0) {
        memcpy(key->bytes + key->len, bytes, len);
    }
    key->len += len;
}

void toc_db_key_make(struct toc_db_key *key, enum toc_db_table table, unsigned fields, ...)
{
    const char *format = toc_db_layout(table)->format;
    TOC_ASSERT(fields <= strlen(format));
    va_list list;
    va_start(list, fields);
    key->len = 0;
    for (unsigned i = 0; i < fields; i++) {
        uint8_t number[8];
        struct toc_span rest;
        switch (format[i]) {
        case 'b':
            number[0] = (uint8_t)va_arg(list, unsigned);
            append(key, number, 1);
            break;
        case 'i':
            toc_put_be32(number, va_arg(list, uint32_t));
            append(key, number, 4);
            break;
        case 'l':
            toc_put_be64(number, va_arg(list, uint64_t));
            append(key, number, 8);
            break;
        case 'h':
            append(key, va_arg(list, const uint8_t *), HASH_FIELD_BYTES);
            break;
        default:
            rest = va_arg(list, struct toc_span);
            append(key, rest.at, rest.len);
            break;
        }
    }
    va_end(list);
}

struct toc_span toc_db_key_span(const struct toc_db_key *key)
{
    return toc_span(key->bytes, key->len);
}
