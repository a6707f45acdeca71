/* SPDX-License-Identifier: EUPL-1.2 */
/* range: the byte layout that the walker and the builder share. Private to the room. */
#ifndef TOC_LOG_RANGE_H
#define TOC_LOG_RANGE_H

#include "log.h"

#define RANGE_FORMAT 1u

/* The fixed part, by offset. PROTOCOL.md table "Range". */
#define RANGE_AT_LOG 1u
#define RANGE_AT_FIRST_SEQ 33u
#define RANGE_AT_PREV 41u
#define RANGE_AT_BASE_MS 73u
#define RANGE_AT_COUNT 81u
#define RANGE_FIXED_BYTES 83u

/* Flags of an entry. */
#define ENTRY_VERBATIM 1u
#define ENTRY_SAME_EPOCH 2u
#define ENTRY_NO_EPOCH 4u
#define ENTRY_DETACHED 8u
#define ENTRY_FLAGS_KNOWN 15u

/* The elided head: flags, kind, class and tlp, three varints, epoch. */
#define ENTRY_HEAD_BYTES_MAX (3u + 3u * TOC_VARINT_BYTES_MAX + TOC_EPOCH_REF_BYTES)

/* What toc_header_decode checks of the fields themselves. Fails: MALFORMED, LIMIT. */
TOC_MUST_USE struct toc_err toc_header_check(const struct toc_header *header);

/* Moves `head` over one entry whose place in the chain is known to be right: version, utc and
 * payload_bytes of `header` count. Fails: MALFORMED (time); head unchanged. */
TOC_MUST_USE struct toc_err toc_log_step(struct toc_log_head *head, const struct toc_header *header,
                                         const uint8_t hash[static TOC_HASH_BYTES]);

#endif
