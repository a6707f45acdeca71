/* SPDX-License-Identifier: EUPL-1.2 */
#include "range.h"

#include <string.h>

/* a range in which the byte rule would have cut before its last entry. */
static bool holds_boundary(const struct toc_range_proof *proof)
{
    uint64_t open_bytes = 0;
    for (size_t i = 0; i + 1 < proof->info.count; i++) {
        open_bytes += proof->payload_bytes[i];
    }
    return open_bytes >= TOC_CHECKPOINT_BYTES;
}

struct toc_err toc_range_verify(struct toc_span range,
                                const uint8_t federation[static TOC_ID_BYTES],
                                const uint8_t log_key[static TOC_KEY_BYTES],
                                struct toc_range_proof *proof)
{
    struct toc_range_walk walk;
    struct toc_entry entry;
    TOC_TRY(toc_range_open(&walk, range));
    proof->detached = proof->alerts = 0;
    for (size_t i = 0; i < walk.info.count; i++) {
        TOC_TRY(toc_range_next(&walk, &entry));
        memcpy(proof->hash[i], entry.hash, TOC_HASH_BYTES);
        proof->utc_ms[i] = entry.header.utc.ms;
        proof->payload_bytes[i] = entry.header.payload_bytes;
        proof->detached |= (uint64_t)entry.detached << i;
        proof->alerts |= (uint64_t)(entry.header.class == TOC_CLASS_ALERT) << i;
    }
    struct toc_err err = toc_range_next(&walk, &entry);
    if (err.code != TOC_ABSENT) {
        return err;
    }
    proof->info = walk.info;
    if (holds_boundary(proof)) {
        return toc_fail(TOC_MALFORMED, "range holds a block boundary");
    }
    /* the last header's signature vouches for all before it. */
    return toc_verify(walk.signature.at, TOC_CTX_S_HEADER, federation, walk.prev, log_key);
}

/* What can be said from the fixed part alone, before anything is hashed. */
static struct toc_err check_place(const struct toc_range_info *info,
                                  const struct toc_log_head *head)
{
    if (info->last_seq <= head->seq) {
        return toc_fail(TOC_STALE, "range ends at or before the head"); /* */
    }
    if (info->first_seq > head->seq + 1) {
        return toc_fail(TOC_CHAIN, "range leaves a gap behind the head"); /* */
    }
    if (info->first_seq == head->seq + 1 && memcmp(info->prev, head->hash, TOC_HASH_BYTES) != 0) {
        return toc_fail(TOC_CHAIN, "range does not follow the head"); /* */
    }
    return toc_ok();
}

struct toc_err toc_range_apply(const struct toc_range_proof *proof, const struct toc_log_head *head,
                               struct toc_log_head *after)
{
    const struct toc_range_info *info = &proof->info;
    TOC_TRY(check_place(info, head));
    size_t known = (size_t)(head->seq + 1 - info->first_seq);
    if (known > 0 && memcmp(proof->hash[known - 1], head->hash, TOC_HASH_BYTES) != 0) {
        return toc_fail(TOC_FORK, "range has another entry at the head's number"); /* */
    }
    if (info->first_seq <= head->checkpoint_seq) {
        return toc_fail(TOC_MALFORMED, "range holds a block boundary"); /* */
    }
    struct toc_log_head at = *head;
    for (size_t i = known; i < info->count; i++) {
        const struct toc_header header = {
            .version = proof->utc_ms[i] == 0 ? UINT16_MAX : TOC_HEADER_VERSION,
            .seq = at.seq + 1,
            .payload_bytes = proof->payload_bytes[i],
            .utc = {proof->utc_ms[i]},
        };
        if (i + 1 < info->count && toc_log_is_checkpoint(&at, header.payload_bytes)) {
            return toc_fail(TOC_MALFORMED, "range holds a block boundary"); /* */
        }
        TOC_TRY(toc_log_step(&at, &header, proof->hash[i]));
    }
    *after = at;
    return toc_ok();
}

struct toc_err toc_range_check(struct toc_span range, const uint8_t federation[static TOC_ID_BYTES],
                               const uint8_t log_key[static TOC_KEY_BYTES],
                               const struct toc_log_head *head, struct toc_log_head *after)
{
    struct toc_range_info info;
    struct toc_range_proof proof;
    TOC_TRY(toc_range_peek(range, &info));
    TOC_TRY(check_place(&info, head));
    TOC_TRY(toc_range_verify(range, federation, log_key, &proof));
    return toc_range_apply(&proof, head, after);
}
