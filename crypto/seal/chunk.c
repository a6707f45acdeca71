/* SPDX-License-Identifier: EUPL-1.2 */
/* Transfer chunks: the pieces in which a sealed payload is hashed, stored and sent. */
#include "seal.h"

size_t toc_chunk_count(uint64_t payload_len)
{
    if (payload_len <= TOC_CHUNK_FIRST_BYTES) {
        return payload_len == 0 ? 0 : 1;
    }
    uint64_t further = payload_len - TOC_CHUNK_FIRST_BYTES;
    return 1 + (size_t)((further - 1) / TOC_CHUNK_SEALED_BYTES + 1);
}

/* */
struct toc_chunk_place toc_chunk_place(uint64_t payload_len, size_t index)
{
    TOC_ASSERT(index < toc_chunk_count(payload_len));
    uint64_t offset = 0;
    uint64_t len = TOC_CHUNK_FIRST_BYTES;
    if (index > 0) {
        offset = TOC_CHUNK_FIRST_BYTES + (uint64_t)(index - 1) * TOC_CHUNK_SEALED_BYTES;
        len = TOC_CHUNK_SEALED_BYTES;
    }
    if (len > payload_len - offset) {
        len = payload_len - offset;
    }
    return (struct toc_chunk_place){offset, (size_t)len};
}

void toc_chunk_hash(uint8_t out[static TOC_HASH_BYTES], struct toc_span chunk)
{
    toc_hash(out, TOC_CTX_H_CHUNK, &chunk, 1);
}

/* the root's preimage begins with the length, so that two cuts never share a root. */
static void root_init(struct toc_hasher *hasher, uint64_t payload_len)
{
    uint8_t length[8];
    toc_put_le64(length, payload_len);
    toc_hasher_init(hasher, TOC_CTX_H_CHUNKS);
    toc_hasher_add(hasher, toc_span(length, sizeof length));
}

void toc_payload_hash(uint8_t out[static TOC_HASH_BYTES], struct toc_span payload)
{
    size_t count = toc_chunk_count(payload.len);
    if (count <= 1) {
        toc_hash(out, TOC_CTX_H_PAYLOAD, &payload, 1);
        return;
    }
    struct toc_hasher hasher;
    root_init(&hasher, payload.len);
    for (size_t i = 0; i < count; i++) {
        struct toc_chunk_place place = toc_chunk_place(payload.len, i);
        uint8_t hash[TOC_HASH_BYTES];
        toc_chunk_hash(hash, toc_span(payload.at + place.offset, place.len));
        toc_hasher_add(&hasher, toc_span(hash, sizeof hash));
    }
    toc_hasher_final(&hasher, out);
}

void toc_chunks_root(uint8_t out[static TOC_HASH_BYTES], uint64_t payload_len,
                     const uint8_t *chunk_hashes, size_t chunk_count)
{
    TOC_ASSERT(chunk_count > 1 && chunk_count == toc_chunk_count(payload_len));
    struct toc_hasher hasher;
    root_init(&hasher, payload_len);
    toc_hasher_add(&hasher, toc_span(chunk_hashes, chunk_count * TOC_HASH_BYTES));
    toc_hasher_final(&hasher, out);
}
