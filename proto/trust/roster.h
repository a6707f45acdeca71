/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * roster: the numbered record of organisations and of the federation secret F. The first record
 * is the genesis record; its hash is the federation id. Source: PROTOCOL.md section 5.
 */
#ifndef TOC_ROSTER_H
#define TOC_ROSTER_H

#include "card.h"
#include "seal.h"

#define TOC_ORGS_MAX 1024u  /* all CERTs listed by FIRST, with room */
#define TOC_FOUNDERS_MIN 3u /* two cannot outvote a third */
#define TOC_STEWARDS_MIN 2u /* the threshold is never below two */
#define TOC_FEDERATION_NAME_BYTES_MAX 128u
/* 1,024 organisations of at most 160 bytes and a wrap of 53 for each of their 8 nodes. */
#define TOC_WRAPS_MAX 8192u
#define TOC_ROSTER_BYTES_MAX 655360u

struct toc_org {
    uint8_t id[TOC_ID_BYTES];
    uint8_t key[TOC_KEY_BYTES]; /* organisation key in force */
    uint8_t recovery_key[TOC_KEY_BYTES];
    enum toc_org_kind kind;
    bool steward;
    char handle[TOC_HANDLE_BYTES_MAX + 1];
    char country[3];
};

/* `orgs` lies in the arena of decode, `record` and `wraps` in the bytes that were decoded. */
struct toc_roster {
    uint64_t number;              /* 1 = genesis */
    uint8_t prev[TOC_HASH_BYTES]; /* hash of the record before; zero in the genesis */
    uint8_t hash[TOC_HASH_BYTES]; /* of this record */
    char name[TOC_FEDERATION_NAME_BYTES_MAX + 1];
    struct toc_org *orgs; /* ascending by id */
    size_t org_count;
    size_t steward_count;
    uint32_t f_generation;          /* of F, from 1 */
    uint8_t f_hash[TOC_HASH_BYTES]; /* H("F", F) */
    const uint8_t *ephemeral;       /* 32 bytes; NULL: F is handed over by hand */
    struct toc_span wraps;          /* of F, TOC_WRAP_BYTES each */
    struct toc_span record;
};

/*
 * Lends: record must outlive `roster`. Fails: as toc_codec_check; CRITICAL, MALFORMED (a missing
 * field, organisations not ascending or two with one handle, number and prev that contradict),
 * LIMIT (also fewer than TOC_STEWARDS_MIN stewards), FULL (arena). `roster` is zeroed on failure,
 * the arena is as before. Needs org_count × sizeof(struct toc_org) in the arena.
 */
TOC_MUST_USE struct toc_err toc_roster_decode(struct toc_roster *roster, struct toc_span record,
                                              struct toc_arena *arena);
/* By id, by binary search. NULL when absent. Lends: within the roster. */
const struct toc_org *toc_roster_find(const struct toc_roster *roster,
                                      const uint8_t id[static TOC_ID_BYTES]);
/* By handle without case. NULL when absent. */
const struct toc_org *toc_roster_find_handle(const struct toc_roster *roster,
                                             struct toc_span handle);
/* Votes that decide: ⌈2|S|/3⌉, at least 2. */
size_t toc_roster_threshold(const struct toc_roster *roster);

/* Is `f` the secret that the record names? Fails: HASH. */
TOC_MUST_USE struct toc_err toc_roster_check_secret(const struct toc_roster *roster,
                                                    const uint8_t f[static TOC_KEY_BYTES]);
/* F out of the record's wraps, checked against H("F", F). Fails: ABSENT (the record holds no wraps:
 * F is handed over by hand), WRAP, VERSION, HANDSHAKE, DECRYPT, HASH; f is wiped on failure. */
TOC_MUST_USE struct toc_err toc_roster_open_secret(uint8_t f[static TOC_KEY_BYTES],
                                                   const struct toc_roster *roster,
                                                   const uint8_t seal_public[static TOC_KEY_BYTES],
                                                   const uint8_t seal_secret[static TOC_KEY_BYTES]);

#endif
