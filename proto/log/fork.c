/* SPDX-License-Identifier: EUPL-1.2 */
#include "range.h"

#include <string.h>

#define FORK_FORMAT 1u
#define FORK_HEAD_BYTES 5u /* format, length of the first range */

/* The header hashes of one range, by place. */
struct branch {
    struct toc_range_info info;
    uint8_t hash[TOC_CHECKPOINT_ENTRIES][TOC_HASH_BYTES];
};

static struct toc_err read_branch(struct toc_span range, struct branch *branch)
{
    struct toc_range_walk walk;
    struct toc_entry entry;
    TOC_TRY(toc_range_open(&walk, range));
    for (size_t i = 0; i < walk.info.count; i++) {
        TOC_TRY(toc_range_next(&walk, &entry));
        memcpy(branch->hash[i], entry.hash, TOC_HASH_BYTES);
    }
    branch->info = walk.info;
    struct toc_err err = toc_range_next(&walk, &entry);
    return err.code == TOC_ABSENT ? toc_ok() : err;
}

static const uint8_t *hash_at(const struct branch *branch, uint64_t seq)
{
    return branch->hash[seq - branch->info.first_seq];
}

/* Hash of the header before `seq`, which lies in the branch. */
static const uint8_t *prev_at(const struct branch *branch, uint64_t seq)
{
    return seq == branch->info.first_seq ? branch->info.prev : hash_at(branch, seq - 1);
}

/* The lowest number at which the branches differ behind a common predecessor. */
static struct toc_err find_dispute(const struct branch *a, const struct branch *b, uint64_t *seq)
{
    uint64_t first = a->info.first_seq > b->info.first_seq ? a->info.first_seq : b->info.first_seq;
    uint64_t last = a->info.last_seq < b->info.last_seq ? a->info.last_seq : b->info.last_seq;
    if (first > last || memcmp(a->info.log, b->info.log, TOC_ID_BYTES) != 0 ||
        memcmp(prev_at(a, first), prev_at(b, first), TOC_HASH_BYTES) != 0) {
        return toc_fail(TOC_CHAIN, "ranges have no common predecessor");
    }
    for (uint64_t at = first; at <= last; at++) {
        if (memcmp(hash_at(a, at), hash_at(b, at), TOC_HASH_BYTES) != 0) {
            *seq = at;
            return toc_ok();
        }
    }
    return toc_fail(TOC_ABSENT, "ranges do not contradict each other");
}

struct toc_err toc_fork_make(struct toc_span a, struct toc_span b, struct toc_room out,
                             struct toc_span *evidence)
{
    struct branch branches[2];
    uint64_t seq;
    TOC_TRY(read_branch(a, &branches[0]));
    TOC_TRY(read_branch(b, &branches[1]));
    TOC_TRY(find_dispute(&branches[0], &branches[1], &seq));
    if (memcmp(hash_at(&branches[0], seq), hash_at(&branches[1], seq), TOC_HASH_BYTES) > 0) {
        struct toc_span first = b;
        b = a;
        a = first;
    }
    if (out.len < FORK_HEAD_BYTES) {
        return toc_fail(TOC_FULL, "evidence does not fit its memory");
    }
    struct toc_room rest = {out.at + FORK_HEAD_BYTES, out.len - FORK_HEAD_BYTES};
    struct toc_span slices[2];
    TOC_TRY(toc_range_slice(a, seq, true, rest, &slices[0]));
    rest.at += slices[0].len;
    rest.len -= slices[0].len;
    TOC_TRY(toc_range_slice(b, seq, true, rest, &slices[1]));
    out.at[0] = FORK_FORMAT;
    toc_put_le32(out.at + 1, (uint32_t)slices[0].len);
    *evidence = toc_span(out.at, FORK_HEAD_BYTES + slices[0].len + slices[1].len);
    return toc_ok();
}

/* Evidence names entries, it does not carry what they say. */
static bool holds_payload(const struct toc_range_proof *proof)
{
    for (size_t i = 0; i < proof->info.count; i++) {
        if (proof->payload_bytes[i] != 0 && (proof->detached >> i & 1u) == 0) {
            return true;
        }
    }
    return false;
}

static struct toc_err split(struct toc_span evidence, struct toc_span ranges[static 2])
{
    if (evidence.len < FORK_HEAD_BYTES) {
        return toc_fail(TOC_TRUNCATED, "evidence ends too early");
    }
    if (evidence.at[0] != FORK_FORMAT) {
        return toc_fail(TOC_VERSION, "unknown form of evidence");
    }
    if (evidence.len > TOC_FORK_BYTES_MAX) {
        return toc_fail(TOC_LIMIT, "evidence is too long");
    }
    uint32_t first_bytes = toc_le32(evidence.at + 1);
    if (first_bytes > evidence.len - FORK_HEAD_BYTES) {
        return toc_fail(TOC_TRUNCATED, "evidence ends too early");
    }
    ranges[0] = toc_span(evidence.at + FORK_HEAD_BYTES, first_bytes);
    ranges[1] = toc_span(ranges[0].at + first_bytes, evidence.len - FORK_HEAD_BYTES - first_bytes);
    return toc_ok();
}

struct toc_err toc_fork_peek(struct toc_span evidence, struct toc_range_info *info)
{
    struct toc_span ranges[2];
    TOC_TRY(split(evidence, ranges));
    return toc_range_peek(ranges[0], info);
}

/* */
struct toc_err toc_fork_check(struct toc_span evidence,
                              const uint8_t federation[static TOC_ID_BYTES],
                              const uint8_t log_key[static TOC_KEY_BYTES], struct toc_fork *fork)
{
    struct toc_range_proof proofs[2];
    struct toc_span ranges[2];
    TOC_TRY(split(evidence, ranges));
    for (size_t i = 0; i < 2; i++) {
        TOC_TRY(toc_range_verify(ranges[i], federation, log_key, &proofs[i]));
    }
    const struct toc_range_info *a = &proofs[0].info;
    const struct toc_range_info *b = &proofs[1].info;
    if (memcmp(a->log, b->log, TOC_ID_BYTES) != 0 || a->first_seq != b->first_seq ||
        memcmp(a->prev, b->prev, TOC_HASH_BYTES) != 0) {
        return toc_fail(TOC_MALFORMED, "evidence speaks of two places");
    }
    if (memcmp(proofs[0].hash[0], proofs[1].hash[0], TOC_HASH_BYTES) >= 0) {
        return toc_fail(TOC_MALFORMED, "evidence is out of order or no contradiction");
    }
    if (holds_payload(&proofs[0]) || holds_payload(&proofs[1])) {
        return toc_fail(TOC_MALFORMED, "evidence holds payloads");
    }
    memcpy(fork->log, a->log, TOC_ID_BYTES);
    fork->seq = a->first_seq;
    memcpy(fork->hash[0], proofs[0].hash[0], TOC_HASH_BYTES);
    memcpy(fork->hash[1], proofs[1].hash[0], TOC_HASH_BYTES);
    return toc_ok();
}

int toc_fork_compare(const struct toc_fork *a, const struct toc_fork *b)
{
    if (a->seq != b->seq) {
        return a->seq < b->seq ? -1 : 1;
    }
    return memcmp(a->hash, b->hash, sizeof a->hash);
}
