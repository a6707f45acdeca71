/* SPDX-License-Identifier: EUPL-1.2 */
#include "range.h"

#include <string.h>

static void fail(struct toc_range_build *build, enum toc_code code, const char *why)
{
    if (!toc_failed(build->err)) {
        build->err = toc_fail(code, why);
    }
}

static void append(struct toc_range_build *build, const void *bytes, size_t len)
{
    if (toc_failed(build->err)) {
        return;
    }
    if (len > build->out.len - build->used) {
        fail(build, TOC_FULL, "range does not fit its memory");
        return;
    }
    if (len != 0) {
        memcpy(build->out.at + build->used, bytes, len);
    }
    build->used += len;
}

void toc_range_begin(struct toc_range_build *build, struct toc_room out,
                     const struct toc_header *first)
{
    uint8_t fixed[RANGE_FIXED_BYTES] = {RANGE_FORMAT};
    memcpy(fixed + RANGE_AT_LOG, first->log, TOC_ID_BYTES);
    toc_put_le64(fixed + RANGE_AT_FIRST_SEQ, first->seq);
    memcpy(fixed + RANGE_AT_PREV, first->prev, TOC_HASH_BYTES);
    *build = (struct toc_range_build){.out = out, .next_seq = first->seq};
    append(build, fixed, sizeof fixed);
}

/* the only form of an elided head. */
static void append_elided(struct toc_range_build *build, const struct toc_header *header,
                          uint8_t flags)
{
    uint8_t head[ENTRY_HEAD_BYTES_MAX];
    size_t len = 0;
    uint64_t step = header->utc.ms - build->ms;
    if (!build->timed) {
        toc_put_le64(build->out.at + RANGE_AT_BASE_MS, header->utc.ms);
        step = 0;
    } else if (header->utc.ms <= build->ms) {
        fail(build, TOC_MALFORMED, "time does not go forward"); /* */
        return;
    }
    bool none = toc_is_zero(header->epoch, TOC_EPOCH_REF_BYTES);
    bool same = !none && memcmp(header->epoch, build->epoch, TOC_EPOCH_REF_BYTES) == 0;
    head[len++] = (uint8_t)(flags | (none ? ENTRY_NO_EPOCH : 0u) | (same ? ENTRY_SAME_EPOCH : 0u));
    head[len++] = header->kind;
    head[len++] = (uint8_t)(header->class << 4 | header->tlp);
    len += toc_put_varint(head + len, step);
    len += toc_put_varint(head + len, header->expiry_hours);
    len += toc_put_varint(head + len, header->payload_bytes);
    if (!none && !same) {
        memcpy(head + len, header->epoch, TOC_EPOCH_REF_BYTES);
        len += TOC_EPOCH_REF_BYTES;
        memcpy(build->epoch, header->epoch, TOC_EPOCH_REF_BYTES);
    }
    append(build, head, len);
    build->ms = header->utc.ms;
    build->timed = true;
}

static void append_verbatim(struct toc_range_build *build, struct toc_span verbatim, uint8_t flags)
{
    uint8_t head[3] = {(uint8_t)(flags | ENTRY_VERBATIM)};
    if (verbatim.len > TOC_HEADER_BYTES_MAX) {
        fail(build, TOC_LIMIT, "header is too long");
        return;
    }
    toc_put_le16(head + 1, (uint16_t)verbatim.len);
    append(build, head, sizeof head);
    append(build, verbatim.at, verbatim.len);
}

void toc_range_add(struct toc_range_build *build, const struct toc_header *header,
                   struct toc_span payload, struct toc_span verbatim)
{
    if (build->count == TOC_CHECKPOINT_ENTRIES) {
        fail(build, TOC_LIMIT, "range is too long"); /* */
    }
    if (header->seq != build->next_seq) {
        fail(build, TOC_CHAIN, "entry does not follow the one before");
    }
    if (payload.at != NULL && payload.len != header->payload_bytes) {
        fail(build, TOC_MALFORMED, "payload has another length than its header says");
    }
    if (toc_failed(build->err)) {
        return;
    }
    bool whole = verbatim.len >= 2 && toc_le16(verbatim.at) != TOC_HEADER_VERSION;
    bool detached = header->payload_bytes > TOC_INLINE_BYTES_MAX ||
                    (payload.at == NULL && header->payload_bytes != 0); /* */
    uint8_t flags = detached ? ENTRY_DETACHED : 0;
    if (whole) {
        append_verbatim(build, verbatim, flags);
    } else {
        append_elided(build, header, flags);
    }
    if (!detached) {
        append(build, payload.at, header->payload_bytes);
    } else if (!whole) {
        append(build, header->payload_hash, TOC_HASH_BYTES);
    }
    build->count++;
    build->next_seq++;
}

struct toc_err toc_range_end(struct toc_range_build *build, const uint8_t sig[static TOC_SIG_BYTES],
                             struct toc_span *range)
{
    append(build, sig, TOC_SIG_BYTES);
    if (build->count == 0) {
        fail(build, TOC_MALFORMED, "range is empty");
    }
    if (build->used > TOC_RANGE_BYTES_MAX) {
        fail(build, TOC_LIMIT, "range is too long");
    }
    TOC_TRY(build->err);
    toc_put_le16(build->out.at + RANGE_AT_COUNT, (uint16_t)build->count);
    *range = toc_span(build->out.at, build->used);
    return toc_ok();
}

/* Adds the entries of `range` with seq >= from_seq; gives the hash of its last header. */
static struct toc_err add_range(struct toc_range_build *build, struct toc_range_walk *walk,
                                uint64_t from_seq, bool headers_only)
{
    for (;;) {
        struct toc_entry entry;
        struct toc_err err = toc_range_next(walk, &entry);
        if (err.code == TOC_ABSENT) {
            return toc_ok();
        }
        TOC_TRY(err);
        if (entry.header.seq < from_seq) {
            continue;
        }
        if (build->count == 0) {
            toc_range_begin(build, build->out, &entry.header);
        }
        struct toc_span payload = headers_only ? toc_span(NULL, 0) : entry.payload;
        toc_range_add(build, &entry.header, payload, entry.bytes);
        TOC_TRY(build->err);
    }
}

struct toc_err toc_range_slice(struct toc_span range, uint64_t from_seq, bool headers_only,
                               struct toc_room out, struct toc_span *slice)
{
    struct toc_range_walk walk;
    TOC_TRY(toc_range_open(&walk, range));
    if (from_seq > walk.info.last_seq) {
        return toc_fail(TOC_ABSENT, "the range ends before that entry");
    }
    struct toc_range_build build = {.out = out};
    TOC_TRY(add_range(&build, &walk, from_seq, headers_only));
    return toc_range_end(&build, walk.signature.at, slice);
}

struct toc_err toc_range_join(const struct toc_span *ranges, size_t range_count,
                              struct toc_room out, struct toc_span *joined)
{
    TOC_ASSERT(range_count > 0);
    struct toc_range_build build = {.out = out};
    struct toc_range_walk walk;
    uint8_t log[TOC_ID_BYTES];
    uint8_t hash[TOC_HASH_BYTES];
    for (size_t i = 0; i < range_count; i++) {
        TOC_TRY(toc_range_open(&walk, ranges[i]));
        if (i > 0 && (memcmp(walk.info.log, log, TOC_ID_BYTES) != 0 ||
                      walk.info.first_seq != build.next_seq ||
                      memcmp(walk.info.prev, hash, TOC_HASH_BYTES) != 0)) {
            return toc_fail(TOC_CHAIN, "ranges do not follow one another");
        }
        TOC_TRY(add_range(&build, &walk, 0, false));
        memcpy(log, walk.info.log, TOC_ID_BYTES);
        memcpy(hash, walk.prev, TOC_HASH_BYTES);
    }
    return toc_range_end(&build, walk.signature.at, joined);
}
