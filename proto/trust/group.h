/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * group: founding records and epoch records: who reads. Source: PROTOCOL.md section 6.
 */
#ifndef TOC_GROUP_H
#define TOC_GROUP_H

#include "roster.h"

#define TOC_MEMBERS_MAX TOC_ORGS_MAX
#define TOC_ADMINS_MAX 64u
#define TOC_PURPOSE_BYTES_MAX 512u /* one paragraph */
/* 1,024 members of 32 bytes, 64 admins, name and purpose. */
#define TOC_GROUP_BYTES_MAX 40960u
/* 1,024 members of 32 bytes and 8,192 wraps of 53, room for fields to come. */
#define TOC_EPOCH_BYTES_MAX 491520u

/* Ids (or keys) of 32 bytes one after the other. */
struct toc_ids {
    const uint8_t *at;
    size_t count;
};

static inline const uint8_t *toc_ids_at(struct toc_ids ids, size_t index)
{
    return ids.at + index * TOC_ID_BYTES;
}
/* Strictly ascending. */
bool toc_ids_sorted(struct toc_ids ids);
/* Binary search in ascending ids. */
bool toc_ids_has(struct toc_ids ids, const uint8_t id[static TOC_ID_BYTES]);
bool toc_ids_equal(struct toc_ids a, struct toc_ids b);
/* Sorts in place and drops repetitions; gives the count left. */
size_t toc_ids_sort(uint8_t *at, size_t count);
/* H("members", ids). */
void toc_ids_hash(uint8_t out[static TOC_HASH_BYTES], struct toc_ids ids);

/* Founding records. */

#define TOC_GROUP_DIRECT 1u /* flags: a direct audience, whose member list never changes */

/* Spans and ids point into the envelope; when signing, into the caller's memory. */
struct toc_group {
    uint8_t id[TOC_ID_BYTES]; /* H("group", record) */
    uint8_t random[32];
    uint8_t founder[TOC_ID_BYTES];
    uint16_t founder_node;
    struct toc_ids members; /* ascending, the founder among them */
    struct toc_ids admins;  /* ascending, a part of members; direct: the founder alone */
    struct toc_span name;   /* a handle; empty for a direct audience */
    struct toc_span purpose;
    uint32_t flags;
    uint8_t log_key[TOC_KEY_BYTES]; /* of the founding node */
    struct toc_span record;
};

/* Founds a group: writes the envelope; `group` is then what decoding it gives, pointing into `out`.
 * `random` is fresh entropy. Fails, with `group` as it was: MALFORMED (lists not ascending, founder
 * no member, an admin no member, direct with another admin, name), LIMIT, FULL. */
TOC_MUST_USE struct toc_err toc_group_sign(struct toc_group *group,
                                           const uint8_t federation[static TOC_ID_BYTES],
                                           const struct toc_sign_keys *log_keys,
                                           struct toc_room out, struct toc_span *envelope);
/* Structure alone. Fails: as toc_codec_check; CRITICAL, MALFORMED, LIMIT; zeroed on failure. */
TOC_MUST_USE struct toc_err toc_group_decode(struct toc_group *group, struct toc_span envelope);
/* Decode and the signature by the log key that the envelope names. Whether that key is the
 * founder's is toc_directory_certifies' question. Fails: as decode; SIGNATURE. */
TOC_MUST_USE struct toc_err toc_group_verify(struct toc_group *group, struct toc_span envelope,
                                             const uint8_t federation[static TOC_ID_BYTES]);

/* Epoch records. */

enum toc_epoch_reason { /* encoded; never renumber; unknown reasons are kept */
                        TOC_REASON_FOUNDING = 1,
                        TOC_REASON_REMOVAL = 2, /* beats siblings of other reasons */
                        TOC_REASON_ADDITION = 3,
                        TOC_REASON_ROTATION = 4,
};

/* Ids and spans point into the envelope. */
struct toc_epoch {
    uint8_t hash[TOC_HASH_BYTES]; /* H("epoch-record", record) */
    uint8_t group[TOC_ID_BYTES];
    uint64_t number;                /* from 1 */
    uint8_t parent[TOC_HASH_BYTES]; /* hash of the record before; first: group id, or federation
                                       id for the group of all */
    uint8_t committer[TOC_ID_BYTES];
    uint16_t committer_node;
    uint64_t roster_number;
    struct toc_ids members; /* complete, ascending */
    enum toc_epoch_reason reason;
    uint32_t f_generation;
    uint8_t commitment[TOC_HASH_BYTES];
    const uint8_t *tag_sealed;      /* TOC_TAG_SEALED_BYTES */
    struct toc_span tag_ad;         /* the record before the key of that field */
    const uint8_t *ephemeral;       /* 32 bytes */
    struct toc_span wraps;          /* TOC_WRAP_BYTES each */
    uint8_t log_key[TOC_KEY_BYTES]; /* of the committing node */
    struct toc_span record;
};

/* First 16 bytes (TOC_EPOCH_REF_BYTES) of epoch->hash: what headers carry. Lends: within `epoch`.
 */
static inline const uint8_t *toc_epoch_ref(const struct toc_epoch *epoch)
{
    return epoch->hash;
}

/* What a member knows of an epoch. Secret: wipe it. */
struct toc_epoch_secret {
    uint8_t e[TOC_KEY_BYTES]; /* what the wraps hold */
    uint8_t k[TOC_KEY_BYTES]; /* KDF(F, "epoch", group ‖ parent ‖ E) */
    uint8_t tag_key[TOC_KEY_BYTES];
    uint32_t f_generation;
};

#define TOC_EPOCH_ENTROPY_BYTES 96u /* E 32, ephemeral 32, tag key 32 (drawn for a first epoch) */

struct toc_epoch_options {
    const uint8_t *federation; /* 32 bytes, as all pointers here unless said */
    const uint8_t *group;
    uint64_t number;
    const uint8_t *parent;
    const uint8_t *committer;
    uint16_t committer_node;
    uint64_t roster_number;
    struct toc_ids members;
    struct toc_ids seal_keys; /* of every node of every member: toc_directory_seal_keys */
    enum toc_epoch_reason reason;
    uint32_t f_generation;
    const uint8_t *f;
    const uint8_t *tag_key; /* of the group; NULL draws it: number 1 alone */
    const struct toc_sign_keys *log_keys;
    const uint8_t *entropy; /* TOC_EPOCH_ENTROPY_BYTES, fresh */
};

/* Makes and signs an epoch record. Fails: MALFORMED (members not ascending, number 0, a first epoch
 * with a tag key or a later one without), LIMIT, FULL, HANDSHAKE (a sealing key of low order);
 * secret is wiped on failure. Cost: one X25519 for each sealing key, about 45 µs. */
TOC_MUST_USE struct toc_err toc_epoch_make(const struct toc_epoch_options *options,
                                           struct toc_room out, struct toc_span *envelope,
                                           struct toc_epoch_secret *secret);
/* Bytes that toc_epoch_make needs at most. */
size_t toc_epoch_bytes_max(size_t member_count, size_t seal_key_count);

/* Structure alone. Fails: as toc_codec_check; CRITICAL, MALFORMED, LIMIT; zeroed on failure. */
TOC_MUST_USE struct toc_err toc_epoch_decode(struct toc_epoch *epoch, struct toc_span envelope);
/* Decode and the signature by the log key that the envelope names. Fails: as decode; SIGNATURE. */
TOC_MUST_USE struct toc_err toc_epoch_verify(struct toc_epoch *epoch, struct toc_span envelope,
                                             const uint8_t federation[static TOC_ID_BYTES]);

/* Where an epoch record arrives. */
struct toc_epoch_place {
    const uint8_t *federation;       /* 32 bytes */
    const struct toc_roster *roster; /* the record in force */
    const struct toc_group *group;   /* founding record; NULL for the group of all */
    const struct toc_epoch *current; /* newest epoch held; NULL when none */
};

/*
 * Is a verified epoch record admissible, and does it replace the current one? Pure. That its log
 * key is the committer's is asked beside it: toc_directory_certifies.
 * OK: it becomes the current epoch. STALE: nothing to do (identical to the current, older, or the
 * losing sibling: removal beats, then the smallest hash). Fails: FEDERATION (group of all of
 * another federation), MEMBER (member list is not the roster's, the founding record's, or names
 * strangers), AUTHORITY (committer is not entitled), STATE (names a roster record that is not in
 * force here), CHAIN (does not follow the current epoch; without a current one any number is
 * taken, since a newcomer is sent the newest alone). PROTOCOL.md.
 */
TOC_MUST_USE struct toc_err toc_epoch_check(const struct toc_epoch *next,
                                            const struct toc_epoch_place *place);

/*
 * Opens an epoch: E out of the wrap for this sealing key, K with `f` (of the record's generation),
 * the commitment, the tag key. Fails: WRAP (this node is no reader), VERSION, HANDSHAKE (ephemeral
 * key of low order), DECRYPT, COMMITMENT;
 * secret is wiped on failure.
 */
TOC_MUST_USE struct toc_err toc_epoch_open(struct toc_epoch_secret *secret,
                                           const struct toc_epoch *epoch,
                                           const uint8_t f[static TOC_KEY_BYTES],
                                           const uint8_t seal_public[static TOC_KEY_BYTES],
                                           const uint8_t seal_secret[static TOC_KEY_BYTES]);

#endif
