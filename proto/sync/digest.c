/* SPDX-License-Identifier: EUPL-1.2 */
#include "sync.h"

#include <string.h>

static void row_hash(uint8_t out[static 32], const struct toc_row *row)
{
    uint8_t bytes[TOC_ROW_BYTES];
    toc_row_encode(bytes, row);
    struct toc_span part = toc_span(bytes, sizeof bytes);
    toc_hash(out, TOC_CTX_H_ROW, &part, 1);
}

/* sum += term (mod 2^256); the carry out of the top byte is dropped. */
static void add(uint8_t sum[static 32], const uint8_t term[static 32])
{
    unsigned carry = 0;
    for (size_t i = 0; i < 32; i++) {
        unsigned digit = (unsigned)sum[i] + term[i] + carry;
        sum[i] = (uint8_t)digit;
        carry = digit >> 8;
    }
}

static void subtract(uint8_t sum[static 32], const uint8_t term[static 32])
{
    unsigned borrow = 0;
    for (size_t i = 0; i < 32; i++) {
        unsigned digit = (unsigned)sum[i] - term[i] - borrow;
        sum[i] = (uint8_t)digit;
        borrow = digit >> 8 & 1;
    }
}

void toc_digest_replace(struct toc_digest *digest, const struct toc_row *before,
                        const struct toc_row *after)
{
    uint8_t hash[32];
    if (before->seq != 0) {
        row_hash(hash, before);
        subtract(digest->sum, hash);
        digest->count--;
    }
    if (after->seq != 0) {
        row_hash(hash, after);
        add(digest->sum, hash);
        digest->count++;
    }
}

void toc_digest_bytes(uint8_t out[static TOC_DIGEST_BYTES], const struct toc_digest *digest,
                      const uint8_t key[static TOC_KEY_BYTES])
{
    uint8_t count[8], full[TOC_KEY_BYTES];
    toc_put_le64(count, digest->count);
    struct toc_span parts[] = {toc_span(digest->sum, 32), toc_span(count, 8)};
    toc_kdf(full, key, TOC_CTX_K_DIGEST, parts, 2);
    memcpy(out, full, TOC_DIGEST_BYTES);
}

void toc_bucket_bytes(uint8_t out[static TOC_DIGEST_BYTES], const struct toc_digest *digest,
                      const uint8_t key[static TOC_KEY_BYTES], uint32_t bucket)
{
    uint8_t count[8], number = (uint8_t)bucket, full[TOC_KEY_BYTES];
    toc_put_le64(count, digest->count);
    struct toc_span parts[] = {toc_span(digest->sum, 32), toc_span(count, 8), toc_span(&number, 1)};
    toc_kdf(full, key, TOC_CTX_K_BUCKET, parts, 3);
    memcpy(out, full, TOC_DIGEST_BYTES);
}

void toc_tag(uint8_t out[static TOC_TAG_BYTES], const uint8_t tag_key[static TOC_KEY_BYTES],
             const uint8_t handshake_hash[static TOC_HASH_BYTES], uint8_t direction,
             const uint8_t group[static TOC_ID_BYTES])
{
    uint8_t full[TOC_KEY_BYTES];
    struct toc_span parts[] = {toc_span(handshake_hash, TOC_HASH_BYTES), toc_span(&direction, 1),
                               toc_span(group, TOC_ID_BYTES)};
    toc_kdf(full, tag_key, TOC_CTX_K_GROUP_TAG, parts, 3);
    memcpy(out, full, TOC_TAG_BYTES);
}
