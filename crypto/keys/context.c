/* SPDX-License-Identifier: EUPL-1.2 */
#include "context.h"

#include <string.h>

_Static_assert(sizeof(struct toc_hasher) == sizeof(struct toc_raw_hash), "a hasher is a raw hash");
_Static_assert(_Alignof(struct toc_hasher) == _Alignof(struct toc_raw_hash), "");
_Static_assert(TOC_HASH_BYTES == TOC_KEY_BYTES, "a derived key is a hash");

static const struct {
    const char *text;
    enum toc_context_kind kind;
} contexts[TOC_CTX_COUNT] = {
#define CONTEXT_ROW(name, text, kind, covers) {text, TOC_CONTEXT_##kind},
    TOC_CONTEXTS(CONTEXT_ROW)
#undef CONTEXT_ROW
};

/* A context that did not fit would be cut, and two could then become one. */
#define CONTEXT_FITS(name, text, kind, covers)                                                     \
    _Static_assert(sizeof(text) - 1 <= TOC_CONTEXT_BYTES, "a context has at most 16 bytes");
TOC_CONTEXTS(CONTEXT_FITS)
#undef CONTEXT_FITS

const char *toc_context_text(enum toc_context context)
{
    TOC_ASSERT(context < TOC_CTX_COUNT);
    return contexts[context].text;
}

void toc_context_bytes(uint8_t out[static TOC_CONTEXT_BYTES], enum toc_context context,
                       enum toc_context_kind kind)
{
    TOC_ASSERT(context < TOC_CTX_COUNT && contexts[context].kind == kind);
    memset(out, 0, TOC_CONTEXT_BYTES);
    memcpy(out, contexts[context].text, strlen(contexts[context].text));
}

/* the parts of one hash or derivation: BLAKE2b-256, unkeyed when the key is empty. */
static void hash_parts(uint8_t *out, const uint8_t *personal, struct toc_span key,
                       const struct toc_span *parts, size_t part_count)
{
    struct toc_raw_hash hash;
    toc_raw_hash_init(&hash, personal, key, TOC_HASH_BYTES);
    for (size_t i = 0; i < part_count; i++) {
        toc_raw_hash_add(&hash, parts[i]);
    }
    toc_raw_hash_final(&hash, out, TOC_HASH_BYTES);
}

void toc_hash(uint8_t out[static TOC_HASH_BYTES], enum toc_context context,
              const struct toc_span *parts, size_t part_count)
{
    uint8_t personal[TOC_CONTEXT_BYTES];
    toc_context_bytes(personal, context, TOC_CONTEXT_HASH);
    hash_parts(out, personal, toc_span(NULL, 0), parts, part_count);
}

void toc_kdf(uint8_t out[static TOC_KEY_BYTES], const uint8_t key[static TOC_KEY_BYTES],
             enum toc_context context, const struct toc_span *parts, size_t part_count)
{
    uint8_t personal[TOC_CONTEXT_BYTES];
    toc_context_bytes(personal, context, TOC_CONTEXT_DERIVE);
    hash_parts(out, personal, toc_span(key, TOC_KEY_BYTES), parts, part_count);
}

static struct toc_raw_hash *state_of(struct toc_hasher *hasher)
{
    return (struct toc_raw_hash *)(void *)hasher->opaque;
}

void toc_hasher_init(struct toc_hasher *hasher, enum toc_context context)
{
    uint8_t personal[TOC_CONTEXT_BYTES];
    toc_context_bytes(personal, context, TOC_CONTEXT_HASH);
    toc_raw_hash_init(state_of(hasher), personal, toc_span(NULL, 0), TOC_HASH_BYTES);
}

void toc_hasher_add(struct toc_hasher *hasher, struct toc_span part)
{
    toc_raw_hash_add(state_of(hasher), part);
}

void toc_hasher_final(struct toc_hasher *hasher, uint8_t out[static TOC_HASH_BYTES])
{
    toc_raw_hash_final(state_of(hasher), out, TOC_HASH_BYTES);
}

/* for this and the two ids below. */
void toc_org_id(uint8_t out[static TOC_ID_BYTES], const uint8_t org_key[static TOC_KEY_BYTES])
{
    struct toc_span part = toc_span(org_key, TOC_KEY_BYTES);
    toc_hash(out, TOC_CTX_H_ORG, &part, 1);
}

void toc_group_all_id(uint8_t out[static TOC_ID_BYTES],
                      const uint8_t federation[static TOC_ID_BYTES])
{
    struct toc_span part = toc_span(federation, TOC_ID_BYTES);
    toc_hash(out, TOC_CTX_H_ALL, &part, 1);
}

void toc_log_id(uint8_t out[static TOC_ID_BYTES], const uint8_t federation[static TOC_ID_BYTES],
                const uint8_t group[static TOC_ID_BYTES],
                const uint8_t log_key[static TOC_KEY_BYTES])
{
    struct toc_span parts[] = {
        toc_span(federation, TOC_ID_BYTES),
        toc_span(group, TOC_ID_BYTES),
        toc_span(log_key, TOC_KEY_BYTES),
    };
    toc_hash(out, TOC_CTX_H_LOG, parts, 3);
}
