/* SPDX-License-Identifier: EUPL-1.2 */
#include "range.h"

#include <string.h>

/* a checkpoint follows from the headers alone, so all nodes cut the same blocks. */
bool toc_log_is_checkpoint(const struct toc_log_head *head, uint32_t payload_bytes)
{
    uint64_t seq = head->seq + 1;
    return seq % TOC_CHECKPOINT_ENTRIES == 0 ||
           head->open_bytes + payload_bytes >= TOC_CHECKPOINT_BYTES;
}

struct toc_err toc_log_step(struct toc_log_head *head, const struct toc_header *header,
                            const uint8_t hash[static TOC_HASH_BYTES])
{
    /* An unknown version's time is unknown: it neither moves nor breaks the order. */
    bool timed = header->version <= TOC_HEADER_VERSION;
    if (timed && header->utc.ms <= head->utc.ms) {
        return toc_fail(TOC_MALFORMED, "time does not go forward"); /* */
    }
    bool checkpoint = toc_log_is_checkpoint(head, header->payload_bytes);
    head->seq++;
    memcpy(head->hash, hash, TOC_HASH_BYTES);
    if (timed) {
        head->utc = header->utc;
    }
    head->open_bytes = checkpoint ? 0 : head->open_bytes + header->payload_bytes;
    if (checkpoint) {
        head->checkpoint_seq = head->seq;
    }
    return toc_ok();
}

struct toc_err toc_log_advance(struct toc_log_head *head, const struct toc_header *header,
                               const uint8_t hash[static TOC_HASH_BYTES])
{
    if (header->seq != head->seq + 1 || memcmp(header->prev, head->hash, TOC_HASH_BYTES) != 0) {
        return toc_fail(TOC_CHAIN, "header does not follow the head"); /* */
    }
    return toc_log_step(head, header, hash);
}

void toc_header_draft(struct toc_header *header, const struct toc_log_head *head,
                      const uint8_t log[static TOC_ID_BYTES], struct toc_utc now,
                      uint32_t payload_bytes)
{
    /* an author whose clock fell back writes the previous time + 1. */
    uint64_t ms = now.ms > head->utc.ms ? now.ms : head->utc.ms + 1;
    *header = (struct toc_header){
        .version = TOC_HEADER_VERSION,
        .length = TOC_HEADER_BYTES,
        .seq = head->seq + 1,
        .payload_bytes = payload_bytes,
        .utc = {ms < TOC_UTC_MS_MAX ? ms : TOC_UTC_MS_MAX},
    };
    memcpy(header->log, log, TOC_ID_BYTES);
    memcpy(header->prev, head->hash, TOC_HASH_BYTES);
}
