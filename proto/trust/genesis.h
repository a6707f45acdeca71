/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * genesis: the file that founds a federation: genesis record, the founders' signatures, their
 * cards, and the first epoch of the group of all. Source: PROTOCOL.md section 5.
 */
#ifndef TOC_GENESIS_H
#define TOC_GENESIS_H

#include "group.h"
#include "roster.h"

/* Record, 1,024 signatures of 102 bytes, 1,024 cards of 12 KiB, epoch record: 13.9 MB. */
#define TOC_GENESIS_BYTES_MAX 14680064u
/* Arena for drafting or decoding the largest file: organisations, cards, all keys sorted, records.
 */
#define TOC_GENESIS_ARENA_BYTES 3145728u

struct toc_genesis {
    struct toc_roster roster;     /* roster.hash is the federation id */
    const uint8_t **signatures;   /* by organisation, in roster order; NULL: has not signed */
    size_t signature_count;       /* those that are there */
    const struct toc_span *cards; /* envelopes, in roster order */
    size_t node_count;            /* of all cards */
    struct toc_span epoch_envelope;
    struct toc_epoch epoch; /* first epoch of the group of all */
    uint8_t drafter[TOC_ID_BYTES];
    uint16_t drafter_node;
    struct toc_span extra; /* pairs of fields that this version does not know; kept when signing */
    size_t extra_count;
};

struct toc_genesis_options {
    struct toc_span name;         /* of the federation, 1..TOC_FEDERATION_NAME_BYTES_MAX bytes */
    const struct toc_span *cards; /* envelopes, one a founder, any order */
    size_t card_count;
    const uint8_t *drafter; /* organisation id, 32 bytes; its card is among them */
    uint16_t drafter_node;
    const struct toc_sign_keys *log_keys; /* of that node */
    bool secret_out;                      /* leave F's wraps out: it is handed over by hand */
    const uint8_t *entropy;               /* TOC_DRAFT_ENTROPY_BYTES, fresh */
};
/* F 32, ephemeral key of its wraps 32, first epoch 96. */
#define TOC_DRAFT_ENTROPY_BYTES 160u

/*
 * Drafts a genesis file, without signatures: even the drafter signs with toc_genesis_sign. Votes:
 * up to 64 founders all but observers, above that national CERTs, and all when that leaves fewer
 * than two. `f` is the federation secret for --secret-out; wipe it.
 * Fails: LIMIT (fewer than TOC_FOUNDERS_MIN or more than TOC_ORGS_MAX, a founder without nodes,
 * name), MALFORMED (two founders with one handle, one id or one key; a broken card), SIGNATURE
 * (of a card), AUTHORITY (the drafter has no vote; a founder's key is not its first), STRANGER
 * (log_keys are not those of the drafter's node), FULL (out or arena), and as
 * toc_card_verify. `f` is wiped on failure.
 */
TOC_MUST_USE struct toc_err toc_genesis_draft(const struct toc_genesis_options *options,
                                              struct toc_arena *arena, struct toc_room out,
                                              struct toc_span *file,
                                              uint8_t f[static TOC_KEY_BYTES]);

/*
 * Decodes and verifies everything that needs no secret: record, cards against the record, every
 * signature that is there, the epoch record's place and its committer. Lends: file must outlive
 * genesis. Fails: as toc_roster_decode, toc_card_verify, toc_epoch_verify, toc_epoch_check; LIMIT
 * (founders), MALFORMED (cards or signatures not in order or missing, a key used twice), STRANGER
 * (a signature by no founder, a log key that the drafter's card does not name), HASH (a card
 * contradicts the record), SIGNATURE. `genesis` is zeroed on failure. PROTOCOL.md.
 */
TOC_MUST_USE struct toc_err toc_genesis_decode(struct toc_genesis *genesis, struct toc_span file,
                                               struct toc_arena *arena);

/* All founders have signed. Fails: STATE (a signature is missing: ask for it). */
TOC_MUST_USE struct toc_err toc_genesis_check_complete(const struct toc_genesis *genesis);
static inline bool toc_genesis_signed(const struct toc_genesis *genesis, size_t org_index)
{
    return genesis->signatures[org_index] != NULL;
}

/* What a founder's node does before it signs or adopts: F (out of the wraps, or `f_given` checked
 * against the record) and the first epoch opened with the node's sealing key. Fails: ABSENT (no
 * wraps and f_given NULL), HASH, and as toc_epoch_open; both results are wiped on failure. */
TOC_MUST_USE struct toc_err toc_genesis_open(uint8_t f[static TOC_KEY_BYTES],
                                             struct toc_epoch_secret *secret,
                                             const struct toc_genesis *genesis,
                                             const uint8_t *f_given,
                                             const uint8_t seal_public[static TOC_KEY_BYTES],
                                             const uint8_t seal_secret[static TOC_KEY_BYTES]);

/* Adds the founder's signature; a repeated one changes nothing. `out` needs the file's bytes and
 * TOC_GENESIS_SIGN_BYTES. Fails: STRANGER (the key is no founder's), FULL. */
#define TOC_GENESIS_SIGN_BYTES 128u
TOC_MUST_USE struct toc_err toc_genesis_sign(const struct toc_genesis *genesis,
                                             const struct toc_sign_keys *org, struct toc_room out,
                                             struct toc_span *file);

/* Unites the signatures of two decoded files of one record; everything else is the first one's.
 * `out` needs the sum of both files. Fails: FEDERATION (another record), FULL. */
TOC_MUST_USE struct toc_err toc_genesis_unite(const struct toc_genesis *a,
                                              const struct toc_genesis *b, struct toc_room out,
                                              struct toc_span *file);

#endif
