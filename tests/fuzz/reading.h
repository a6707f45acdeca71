/* SPDX-License-Identifier: EUPL-1.2 */
/* Whatever a document holds: the reading ends, and tocsind takes the reply that is made of it. */
#ifndef TOC_FUZZ_READING_H
#define TOC_FUZZ_READING_H

#include "index_wire.h"

#include <stdlib.h>

/* Reads the bytes as a document of the media type and sends the reading through the messages. */
static inline void fuzz_reading(const char *media_type, const uint8_t *data, size_t size)
{
    static struct toc_intel_reading reading;
    static struct toc_intel_reading back;
    static struct toc_index_buffer buffer;
    struct toc_intel_document document = {toc_span_str("name"), toc_span_str(media_type),
                                          toc_span(data, size)};
    toc_intel_reading_init(&reading);
    toc_intel_reading_init(&back);
    enum toc_intel_format format = TOC_FORMAT_UNKNOWN;
    struct toc_err err =
        toc_intel_read_document(&reading.facts, &document, 1, &format, &reading.fault);
    TOC_ASSERT(!toc_failed(err) || reading.facts.count == 0);
    reading.document_count = 1;
    reading.document = 1;
    reading.formats[0] = (uint8_t)format;
    TOC_ASSERT(!toc_failed(toc_index_encode_reply(&buffer, err, &reading)));
    struct toc_span body =
        toc_span(buffer.at + TOC_INDEX_LENGTH_BYTES, buffer.len - TOC_INDEX_LENGTH_BYTES);
    struct toc_err got = toc_index_decode_reply(&back, body);
    TOC_ASSERT(got.code == err.code && back.facts.count == reading.facts.count);
    toc_intel_reading_clear(&reading);
    toc_intel_reading_clear(&back);
}

#endif
