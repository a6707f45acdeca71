/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The messages between tocsind and tocsin-index, over two pipes. Each is u32 little-endian length ‖
 * body; the process answers requests one after another and ends when its input ends. tocsind takes
 * nothing from a reply without checking it: whoever has taken over the parser must not reach
 * further.
 *
 * Request body: u8 op (1) ‖ the bulletin's canonical bytes.
 *
 * Reply body, integers little-endian: u8 code (enum toc_code), then when refused
 *   u16 document | u32 line | u32 column | u8 length ‖ detail
 * and when OK
 *   u8 strictest TLP | u8 strictest PAP (enum toc_marked)
 *   u32 objects | u32 indicators
 *   u8 number of warning kinds ‖ u32 count of each
 *   u16 number of documents ‖ u8 format of each
 *   u32 number of facts ‖ facts
 * A fact:
 *   u8 kind | u8 confidence | u16 flags | u16 document | u16 port | u32 line | u32 group
 *   u64 from | u64 until
 *   u32 value bytes | u32 written bytes (all ones: the same as the value)
 *   u16 kind name bytes | u16 place bytes | u16 note bytes
 *   ‖ the five texts in this order
 */
#ifndef TOC_INTEL_INDEX_WIRE_H
#define TOC_INTEL_INDEX_WIRE_H

#include "intel.h"

#define TOC_INDEX_OP_READ 1u
/* Bytes before the canonical bytes of a request: length and op. */
#define TOC_INDEX_REQUEST_HEAD_BYTES 5u
#define TOC_INDEX_LENGTH_BYTES 4u
/* Body of a request: a bulletin and the op. */
#define TOC_INDEX_REQUEST_BYTES_MAX (TOC_BULLETIN_BYTES_MAX + 1u)
/* Fixed part of a fact. */
#define TOC_INDEX_FACT_BYTES 46u
/* Body of a reply: all facts and their texts, and 4 KiB for the rest. */
#define TOC_INDEX_REPLY_BYTES_MAX                                                                  \
    ((size_t)TOC_FACTS_MAX * TOC_INDEX_FACT_BYTES + TOC_FACTS_TEXT_BYTES_MAX + 4096u)

/* Memory that grows with the largest reply; zeroed is empty; free(at) ends it. */
struct toc_index_buffer {
    uint8_t *at;
    size_t len;
    size_t room;
};

/* Length and op before `canonical_len` bytes. */
void toc_index_request_head(uint8_t head[static TOC_INDEX_REQUEST_HEAD_BYTES],
                            size_t canonical_len);
/* The bulletin in the body of a request. Fails: TRUNCATED, MALFORMED (unknown op), LIMIT. */
TOC_MUST_USE struct toc_err toc_index_decode_request(struct toc_span body,
                                                     struct toc_span *canonical);
/* The whole reply, length included, for a reading or for the outcome `err` of one that failed.
 * Gives: buffer->at and len. Fails: FULL, LIMIT (the reply would be larger than the bound). */
TOC_MUST_USE struct toc_err toc_index_encode_reply(struct toc_index_buffer *buffer,
                                                   struct toc_err err,
                                                   const struct toc_intel_reading *reading);
/* Checks and reads the body of a reply into *reading (initialised, empty). Returns the outcome that
 * the process reports: OK; SYNTAX, LIMIT or FULL with reading->document and fault. Fails besides:
 * CORRUPT when the reply itself breaks a rule; the process is then not to be trusted. The reading
 * is empty but for document and fault unless OK. */
TOC_MUST_USE struct toc_err toc_index_decode_reply(struct toc_intel_reading *reading,
                                                   struct toc_span body);

#endif
