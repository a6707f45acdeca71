/* SPDX-License-Identifier: EUPL-1.2 */
/* USES: log seal */
/*
 * Ranges: what walks cleanly is rebuilt to the same bytes, slices of it walk cleanly, and the check
 * never accepts what it should not. Byte 0 says how: bit 0 signs the range anew, so that mutated
 * entries get past the signature; bit 1 checks against the head that the range itself names.
 */
#include <string.h>

#include "log.h"
#include "seal.h"

static uint8_t range_bytes[TOC_RANGE_BYTES_MAX];
static uint8_t again[TOC_RANGE_BYTES_MAX];
static uint8_t cut[TOC_RANGE_BYTES_MAX];
static struct toc_sign_keys keys;
static uint8_t federation[TOC_ID_BYTES];

/* Walks and rebuilds; gives whether the end was reached, and the last header's hash. */
static bool rebuild(struct toc_span range, uint8_t last_hash[static TOC_HASH_BYTES])
{
    struct toc_range_walk walk;
    struct toc_range_build build;
    struct toc_entry entry;
    struct toc_err err = toc_range_open(&walk, range);
    for (size_t i = 0; !toc_failed(err); i++) {
        err = toc_range_next(&walk, &entry);
        if (toc_failed(err)) {
            break;
        }
        if (i == 0) {
            toc_range_begin(&build, (struct toc_room){again, sizeof again}, &entry.header);
        }
        TOC_ASSERT(entry.header.seq == walk.info.first_seq + i);
        TOC_ASSERT(entry.detached == (entry.payload.at == NULL));
        toc_range_add(&build, &entry.header, entry.payload, entry.bytes);
        memcpy(last_hash, entry.hash, TOC_HASH_BYTES);
    }
    if (err.code != TOC_ABSENT) {
        return false;
    }
    struct toc_span rebuilt;
    TOC_ASSERT(toc_range_end(&build, walk.signature.at, &rebuilt).code == TOC_OK);
    TOC_ASSERT(toc_span_equal(rebuilt, range));
    return true;
}

static void slice(struct toc_span range, const struct toc_range_info *info)
{
    const struct toc_room room = {cut, sizeof cut};
    uint8_t hash[TOC_HASH_BYTES];
    struct toc_span out;
    TOC_ASSERT(toc_range_slice(range, info->first_seq, false, room, &out).code == TOC_OK);
    TOC_ASSERT(toc_span_equal(out, range));
    TOC_ASSERT(toc_range_slice(range, info->last_seq, true, room, &out).code == TOC_OK);
    TOC_ASSERT(rebuild(out, hash));
    TOC_ASSERT(toc_range_join(&range, 1, room, &out).code == TOC_OK);
    TOC_ASSERT(toc_span_equal(out, range));
}

/* The head from which this range goes on, by its own words. */
static struct toc_log_head head_before(const struct toc_range_info *info)
{
    struct toc_log_head head = {.seq = info->first_seq - 1};
    memcpy(head.hash, info->prev, TOC_HASH_BYTES);
    head.checkpoint_seq = head.seq / TOC_CHECKPOINT_ENTRIES * TOC_CHECKPOINT_ENTRIES;
    return head;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t hash[TOC_HASH_BYTES];
    struct toc_range_info info;
    struct toc_log_head after = {.seq = 77};
    if (size < 1 || size - 1 > sizeof range_bytes) {
        return 0;
    }
    if (keys.public_key[0] == 0) {
        const uint8_t entropy[32] = {1};
        toc_sign_keys_make(&keys, entropy);
    }
    struct toc_span range = toc_span(range_bytes, size - 1);
    memcpy(range_bytes, data + 1, size - 1);
    bool clean = rebuild(range, hash);
    bool resign = clean && (data[0] & 1) != 0;
    if (resign) {
        toc_sign(range_bytes + size - 1 - TOC_SIG_BYTES, TOC_CTX_S_HEADER, federation, hash,
                 keys.secret);
    }
    if (toc_failed(toc_range_peek(range, &info))) {
        TOC_ASSERT(!clean);
        return 0;
    }
    if (clean) {
        slice(range, &info);
    }
    struct toc_log_head head = {0};
    if ((data[0] & 2) != 0) {
        head = head_before(&info);
    }
    struct toc_err err = toc_range_check(range, federation, keys.public_key, &head, &after);
    /* Unsigned input never passes; signed input passes only to its own end. */
    TOC_ASSERT(err.code != TOC_OK || (resign && after.seq == info.last_seq));
    TOC_ASSERT(err.code == TOC_OK || after.seq == 77);
    TOC_ASSERT(err.code != TOC_OK || memcmp(after.hash, hash, TOC_HASH_BYTES) == 0);
    return 0;
}
