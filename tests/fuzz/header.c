/* SPDX-License-Identifier: EUPL-1.2 */
/* USES: log */
/* Headers: of version 1 decoding and encoding give the same bytes; others keep their places. */
#include <string.h>

#include "log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct toc_header header;
    if (toc_failed(toc_header_decode(&header, toc_span(data, size)))) {
        return 0;
    }
    TOC_ASSERT(header.length == size && header.seq > 0);
    if (header.version == TOC_HEADER_VERSION) {
        uint8_t bytes[TOC_HEADER_BYTES];
        toc_header_encode(bytes, &header);
        TOC_ASSERT(memcmp(bytes, data, sizeof bytes) == 0);
    } else {
        TOC_ASSERT(header.utc.ms == 0 && memcmp(header.log, data + 8, TOC_ID_BYTES) == 0);
    }
    /* Whatever is accepted can follow a fitting head, and nothing else. */
    struct toc_log_head head = {.seq = header.seq - 1};
    struct toc_log_head other = head;
    memcpy(head.hash, header.prev, TOC_HASH_BYTES);
    uint8_t hash[TOC_HASH_BYTES];
    toc_header_hash(hash, toc_span(data, size));
    TOC_ASSERT(toc_log_advance(&head, &header, hash).code == TOC_OK);
    TOC_ASSERT(head.seq == header.seq && head.checkpoint_seq <= head.seq);
    memcpy(other.hash, header.prev, TOC_HASH_BYTES);
    other.hash[0] ^= 1;
    TOC_ASSERT(toc_log_advance(&other, &header, hash).code == TOC_CHAIN);
    return 0;
}
