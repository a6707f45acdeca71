/* SPDX-License-Identifier: EUPL-1.2 */
/* USES: intel */
/* Replies of an indexer that has been taken over: what is accepted can be sent on. */
#include "index_wire.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct toc_intel_reading reading;
    static struct toc_intel_reading back;
    static struct toc_index_buffer buffer;
    toc_intel_reading_init(&reading);
    toc_intel_reading_init(&back);
    struct toc_err err = toc_index_decode_reply(&reading, toc_span(data, size));
    TOC_ASSERT(!toc_failed(err) || reading.facts.count == 0);
    if (!toc_failed(err)) {
        TOC_ASSERT(!toc_failed(toc_index_encode_reply(&buffer, err, &reading)));
        struct toc_span body =
            toc_span(buffer.at + TOC_INDEX_LENGTH_BYTES, buffer.len - TOC_INDEX_LENGTH_BYTES);
        TOC_ASSERT(!toc_failed(toc_index_decode_reply(&back, body)));
        TOC_ASSERT(back.facts.count == reading.facts.count);
    }
    toc_intel_reading_clear(&reading);
    toc_intel_reading_clear(&back);
    return 0;
}
