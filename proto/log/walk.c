/* SPDX-License-Identifier: EUPL-1.2 */
#include "range.h"

#include <string.h>

#include "seal.h"

struct toc_err toc_range_peek(struct toc_span range, struct toc_range_info *info)
{
    if (range.len < RANGE_FIXED_BYTES + TOC_SIG_BYTES) {
        return toc_fail(TOC_TRUNCATED, "range ends too early");
    }
    if (range.at[0] != RANGE_FORMAT) {
        return toc_fail(TOC_VERSION, "unknown form of range"); /* */
    }
    size_t count = toc_le16(range.at + RANGE_AT_COUNT);
    if (count > TOC_CHECKPOINT_ENTRIES || range.len > TOC_RANGE_BYTES_MAX) {
        return toc_fail(TOC_LIMIT, "range is too long"); /* */
    }
    uint64_t first = toc_le64(range.at + RANGE_AT_FIRST_SEQ);
    if (count == 0 || first == 0 || first > UINT64_MAX - count) {
        return toc_fail(TOC_MALFORMED, "range is empty or begins nowhere"); /* */
    }
    uint64_t last = first + count - 1;
    if ((first - 1) / TOC_CHECKPOINT_ENTRIES != (last - 1) / TOC_CHECKPOINT_ENTRIES) {
        return toc_fail(TOC_MALFORMED, "range holds a block boundary"); /* */
    }
    if (first == 1 && !toc_is_zero(range.at + RANGE_AT_PREV, TOC_HASH_BYTES)) {
        return toc_fail(TOC_MALFORMED, "first entry has a predecessor"); /* */
    }
    info->first_seq = first;
    info->last_seq = last;
    info->count = count;
    memcpy(info->log, range.at + RANGE_AT_LOG, TOC_ID_BYTES);
    memcpy(info->prev, range.at + RANGE_AT_PREV, TOC_HASH_BYTES);
    return toc_ok();
}

struct toc_err toc_range_open(struct toc_range_walk *walk, struct toc_span range)
{
    struct toc_range_info info;
    TOC_TRY(toc_range_peek(range, &info));
    size_t body_bytes = range.len - RANGE_FIXED_BYTES - TOC_SIG_BYTES;
    walk->rest = toc_span(range.at + RANGE_FIXED_BYTES, body_bytes);
    walk->signature = toc_span(walk->rest.at + body_bytes, TOC_SIG_BYTES);
    walk->info = info;
    memcpy(walk->prev, info.prev, TOC_HASH_BYTES);
    walk->ms = toc_le64(range.at + RANGE_AT_BASE_MS);
    memset(walk->epoch, 0, sizeof walk->epoch);
    walk->index = 0;
    walk->timed = false;
    return toc_ok();
}

static struct toc_err take(struct toc_span *in, size_t len, struct toc_span *out)
{
    if (in->len < len) {
        return toc_fail(TOC_TRUNCATED, "entry ends too early");
    }
    *out = toc_span(in->at, len);
    in->at += len;
    in->len -= len;
    return toc_ok();
}

/* A varint that must fit 32 bits. */
static struct toc_err take_u32(struct toc_span *in, uint32_t *out)
{
    uint64_t value;
    TOC_TRY(toc_get_varint(in, &value));
    if (value > UINT32_MAX) {
        return toc_fail(TOC_LIMIT, "number above 32 bits");
    }
    *out = (uint32_t)value;
    return toc_ok();
}

/* the first elided entry stands at the base time, each later one after the one before. */
static struct toc_err take_time(const struct toc_range_walk *walk, struct toc_span *in,
                                uint64_t *ms)
{
    uint64_t step;
    TOC_TRY(toc_get_varint(in, &step));
    if (walk->timed != (step != 0)) {
        return toc_fail(TOC_MALFORMED, "time does not go forward");
    }
    if (walk->ms > TOC_UTC_MS_MAX || step > TOC_UTC_MS_MAX - walk->ms) {
        return toc_fail(TOC_MALFORMED, "time lies outside the calendar");
    }
    *ms = walk->ms + step;
    return toc_ok();
}

/* one way to say each epoch: zero, the last one said in this range, or in full. */
static struct toc_err take_epoch(const struct toc_range_walk *walk, struct toc_span *in,
                                 uint8_t flags, uint8_t epoch[static TOC_EPOCH_REF_BYTES])
{
    if ((flags & ENTRY_NO_EPOCH) != 0) {
        return (flags & ENTRY_SAME_EPOCH) == 0
                   ? toc_ok()
                   : toc_fail(TOC_MALFORMED, "entry has two forms of epoch");
    }
    struct toc_span said = toc_span(walk->epoch, TOC_EPOCH_REF_BYTES);
    if ((flags & ENTRY_SAME_EPOCH) == 0) {
        TOC_TRY(take(in, TOC_EPOCH_REF_BYTES, &said));
        if (memcmp(said.at, walk->epoch, TOC_EPOCH_REF_BYTES) == 0) {
            return toc_fail(TOC_MALFORMED, "epoch is said twice");
        }
    }
    if (toc_is_zero(said.at, said.len)) {
        return toc_fail(TOC_MALFORMED, "zero epoch is said in full");
    }
    memcpy(epoch, said.at, said.len);
    return toc_ok();
}

/* Rebuilds all of an elided header but its payload hash. */
static struct toc_err take_elided(const struct toc_range_walk *walk, struct toc_span *in,
                                  uint8_t flags, struct toc_header *header)
{
    struct toc_span fixed;
    TOC_TRY(take(in, 2, &fixed));
    header->version = TOC_HEADER_VERSION;
    header->length = TOC_HEADER_BYTES;
    header->kind = fixed.at[0];
    header->class = fixed.at[1] >> 4;
    header->tlp = fixed.at[1] & 15u;
    TOC_TRY(take_time(walk, in, &header->utc.ms));
    TOC_TRY(take_u32(in, &header->expiry_hours));
    TOC_TRY(take_u32(in, &header->payload_bytes));
    TOC_TRY(take_epoch(walk, in, flags, header->epoch));
    memcpy(header->log, walk->info.log, TOC_ID_BYTES);
    header->seq = walk->info.first_seq + walk->index;
    memcpy(header->prev, walk->prev, TOC_HASH_BYTES);
    return toc_header_check(header);
}

/* a header of unknown version travels whole and must say what the range says. */
static struct toc_err take_verbatim(struct toc_range_walk *walk, struct toc_span *in, uint8_t flags,
                                    struct toc_header *header, struct toc_span *bytes)
{
    struct toc_span length;
    if ((flags & (ENTRY_SAME_EPOCH | ENTRY_NO_EPOCH)) != 0) {
        return toc_fail(TOC_MALFORMED, "entry has unknown flags");
    }
    TOC_TRY(take(in, 2, &length));
    TOC_TRY(take(in, toc_le16(length.at), bytes));
    TOC_TRY(toc_header_decode(header, *bytes));
    if (header->version == TOC_HEADER_VERSION) {
        return toc_fail(TOC_MALFORMED, "known header is not elided");
    }
    if (memcmp(header->log, walk->info.log, TOC_ID_BYTES) != 0 ||
        header->seq != walk->info.first_seq + walk->index ||
        memcmp(header->prev, walk->prev, TOC_HASH_BYTES) != 0) {
        return toc_fail(TOC_MALFORMED, "header contradicts its range");
    }
    memcpy(walk->header_bytes, bytes->at, bytes->len);
    return toc_ok();
}

/* large or missing payloads are detached; an empty one has nothing to be missing. */
static struct toc_err take_payload(struct toc_span *in, uint8_t flags, struct toc_entry *entry)
{
    struct toc_header *header = &entry->header;
    bool verbatim = (flags & ENTRY_VERBATIM) != 0;
    entry->detached = (flags & ENTRY_DETACHED) != 0;
    entry->payload = toc_span(NULL, 0);
    if (entry->detached) {
        struct toc_span hash;
        if (header->payload_bytes == 0) {
            return toc_fail(TOC_MALFORMED, "empty payload is detached");
        }
        if (!verbatim) {
            TOC_TRY(take(in, TOC_HASH_BYTES, &hash));
            memcpy(header->payload_hash, hash.at, TOC_HASH_BYTES);
        }
        return toc_ok();
    }
    if (header->payload_bytes > TOC_INLINE_BYTES_MAX) {
        return toc_fail(TOC_MALFORMED, "large payload is not detached");
    }
    TOC_TRY(take(in, header->payload_bytes, &entry->payload));
    uint8_t hash[TOC_HASH_BYTES];
    toc_payload_hash(hash, entry->payload);
    if (verbatim && memcmp(hash, header->payload_hash, TOC_HASH_BYTES) != 0) {
        return toc_fail(TOC_HASH, "payload does not match its header");
    }
    memcpy(header->payload_hash, hash, TOC_HASH_BYTES);
    return toc_ok();
}

/* What the entry leaves behind for the one after it. */
static void commit(struct toc_range_walk *walk, const struct toc_entry *entry, uint8_t flags,
                   struct toc_span rest)
{
    walk->rest = rest;
    walk->index++;
    memcpy(walk->prev, entry->hash, TOC_HASH_BYTES);
    if ((flags & ENTRY_VERBATIM) != 0) {
        return;
    }
    walk->timed = true;
    walk->ms = entry->header.utc.ms;
    if ((flags & ENTRY_NO_EPOCH) == 0) {
        memcpy(walk->epoch, entry->header.epoch, TOC_EPOCH_REF_BYTES);
    }
}

static struct toc_err end_of_walk(const struct toc_range_walk *walk)
{
    if (walk->rest.len != 0) {
        return toc_fail(TOC_TRAILING, "bytes follow the last entry"); /* */
    }
    if (!walk->timed && walk->ms != 0) {
        return toc_fail(TOC_MALFORMED, "base time of no entry"); /* */
    }
    return toc_fail(TOC_ABSENT, "no further entry");
}

struct toc_err toc_range_next(struct toc_range_walk *walk, struct toc_entry *entry)
{
    if (walk->index == walk->info.count) {
        return end_of_walk(walk);
    }
    struct toc_span in = walk->rest;
    struct toc_span flags_byte;
    TOC_TRY(take(&in, 1, &flags_byte));
    uint8_t flags = flags_byte.at[0];
    if ((flags & ~ENTRY_FLAGS_KNOWN) != 0) {
        return toc_fail(TOC_MALFORMED, "entry has unknown flags"); /* */
    }
    entry->header = (struct toc_header){0};
    size_t header_bytes = TOC_HEADER_BYTES;
    if ((flags & ENTRY_VERBATIM) != 0) {
        struct toc_span whole;
        TOC_TRY(take_verbatim(walk, &in, flags, &entry->header, &whole));
        header_bytes = whole.len;
        TOC_TRY(take_payload(&in, flags, entry));
    } else {
        TOC_TRY(take_elided(walk, &in, flags, &entry->header));
        TOC_TRY(take_payload(&in, flags, entry));
        toc_header_encode(walk->header_bytes, &entry->header);
    }
    entry->bytes = toc_span(walk->header_bytes, header_bytes);
    toc_header_hash(entry->hash, entry->bytes);
    commit(walk, entry, flags, in);
    return toc_ok();
}
