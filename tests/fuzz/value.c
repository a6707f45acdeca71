/* SPDX-License-Identifier: EUPL-1.2 */
/* USES: value */
/* Values of any content: the canonical form of a canonical form is itself. */
#include "value.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct toc_value first;
static struct toc_value second;

/* Kinds whose canonical form is read again as it stands. */
static bool is_stable(enum toc_value_kind kind)
{
    return kind >= TOC_VALUE_DOMAIN && kind <= TOC_VALUE_SHA512;
}

static void check_again(void)
{
    char text[TOC_CANONICAL_BYTES_MAX + 1];
    size_t len = toc_value_text(first.kind, toc_span(first.bytes, first.len), text, sizeof text);
    if (!is_stable(first.kind) || len > TOC_VALUE_WRITTEN_BYTES_MAX) {
        return;
    }
    /* Brackets within brackets, "((.))", leave something to undo, which nobody writes. */
    static uint8_t plain[TOC_VALUE_WRITTEN_BYTES_MAX];
    bool changed = false;
    (void)toc_refang(toc_span(text, len), plain, &changed);
    if (changed) {
        return;
    }
    struct toc_err err = toc_value_make(&second, first.kind, toc_span(text, len));
    TOC_ASSERT(!toc_failed(err) && second.kind == first.kind && second.len == first.len);
    TOC_ASSERT(memcmp(second.bytes, first.bytes, first.len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t plain[TOC_VALUE_WRITTEN_BYTES_MAX];
    uint8_t key[TOC_VALUE_KEY_BYTES_MAX];
    struct toc_value host;
    enum toc_value_kind kind = TOC_VALUE_NONE;
    if (size > 0) {
        kind = (enum toc_value_kind)(data[0] % TOC_VALUE_KIND_COUNT);
        data++;
        size--;
    }
    struct toc_span text = toc_span(data, size);
    if (size <= sizeof plain) {
        size_t len = toc_refang(text, plain, NULL);
        TOC_ASSERT(len <= size);
    }
    (void)toc_value_kind_find(text);
    if (toc_failed(toc_value_make(&first, kind, text))) {
        TOC_ASSERT(first.kind == TOC_VALUE_NONE);
        return 0;
    }
    TOC_ASSERT(first.len > 0 && first.len <= sizeof first.bytes);
    struct toc_span canonical = toc_span(first.bytes, first.len);
    TOC_ASSERT(toc_value_key(first.kind, canonical, key) <= sizeof key);
    (void)toc_failed(toc_value_host(&host, first.kind, canonical));
    check_again();
    return 0;
}
