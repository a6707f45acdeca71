/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * directory: the newest card of every organisation, and which key speaks for whom.
 * Source: PROTOCOL.md section 4, "The newest card".
 */
#ifndef TOC_DIRECTORY_H
#define TOC_DIRECTORY_H

#include "genesis.h"

/* Log keys that an organisation has retired and that still authenticate their old entries; beyond
 * this the lowest incarnation is forgotten, so that no organisation can fill the table. */
#define TOC_PAST_KEYS_MAX 16u

/* A log key that is or was certified. */
struct toc_log_key {
    uint8_t key[TOC_KEY_BYTES];
    uint8_t org[TOC_ID_BYTES];
    uint16_t node;
    uint32_t incarnation;
    bool retired; /* the newest card does not name it */
};

/* One organisation: private to the directory but for `card`. */
struct toc_directory_slot {
    struct toc_card card;
    struct toc_log_key past[TOC_PAST_KEYS_MAX];
    size_t past_count;
};

/* Where a key leads: rows ascending by (kind, key, slot). Private. */
struct toc_directory_row {
    uint8_t key[TOC_KEY_BYTES];
    uint16_t slot;
    uint8_t kind;
    uint8_t place; /* index in card.nodes, or in past */
};

/* Lies in the arena of init; read cards through slots[i].card, i < slot_count. */
struct toc_directory {
    struct toc_directory_slot *slots;
    size_t slot_count, slot_max;
    struct toc_directory_row *rows;
    size_t row_count, row_max;
};

/* An empty directory for at most `org_max` organisations. Needs org_max × TOC_DIRECTORY_ORG_BYTES
 * in the arena. Fails: FULL, LIMIT (org_max above TOC_ORGS_MAX). */
#define TOC_DIRECTORY_ORG_BYTES                                                                    \
    (sizeof(struct toc_directory_slot) +                                                           \
     (1u + 2u * TOC_NODES_MAX + TOC_PAST_KEYS_MAX) * sizeof(struct toc_directory_row) + 32u)
TOC_MUST_USE struct toc_err toc_directory_init(struct toc_directory *directory,
                                               struct toc_arena *arena, size_t org_max);

/*
 * Takes a verified card. It becomes the organisation's card if its serial is higher, or equal with
 * a smaller hash; its list of nodes is complete, so nodes that it does not name are retired.
 * Handle, country, kind and recovery key are then the roster's. Fails: STRANGER (no organisation of
 * the roster), AUTHORITY (signed by a key that the roster does not name, or claims a link key that
 * another organisation's card holds), STALE (older or the same), FULL. Nothing changes on failure.
 * PROTOCOL.md.
 */
TOC_MUST_USE struct toc_err toc_directory_apply(struct toc_directory *directory,
                                                const struct toc_roster *roster,
                                                const struct toc_card *card);
/* Takes the log keys of an older verified card (what apply called STALE) as retired ones, so that
 * their entries still authenticate. Fails: STRANGER, AUTHORITY as apply; STATE (it is newer: apply
 * it). Nothing changes on failure. */
TOC_MUST_USE struct toc_err toc_directory_remember(struct toc_directory *directory,
                                                   const struct toc_roster *roster,
                                                   const struct toc_card *card);
/* Applies all cards of a decoded genesis file. Fails: as toc_card_decode and toc_directory_apply;
 * cards before the failing one stay. */
TOC_MUST_USE struct toc_err toc_directory_load(struct toc_directory *directory,
                                               const struct toc_genesis *genesis);

/* Lends, until the next apply; NULL when absent. */
const struct toc_card *toc_directory_card(const struct toc_directory *directory,
                                          const uint8_t org[static TOC_ID_BYTES]);
/* The card and the certificate of a static key; `cert` may be NULL. */
const struct toc_card *toc_directory_by_link(const struct toc_directory *directory,
                                             const uint8_t link_key[static TOC_KEY_BYTES],
                                             const struct toc_cert **cert);
/* Who writes with this log key, current or retired: ABSENT when nobody. With several claims the
 * current one of the smallest organisation id. */
TOC_MUST_USE struct toc_err toc_directory_by_log_key(const struct toc_directory *directory,
                                                     const uint8_t log_key[static TOC_KEY_BYTES],
                                                     struct toc_log_key *out);
/* Who writes the log with this id in `group` (for a control log the federation id). Hashes every
 * key known: 0.5 µs each; keep the answer. Fails: ABSENT. */
TOC_MUST_USE struct toc_err toc_directory_by_log(const struct toc_directory *directory,
                                                 const uint8_t federation[static TOC_ID_BYTES],
                                                 const uint8_t group[static TOC_ID_BYTES],
                                                 const uint8_t log[static TOC_ID_BYTES],
                                                 struct toc_log_key *out);
/* Is or was this log key certified for that node of that organisation? Fails: STRANGER. */
TOC_MUST_USE struct toc_err toc_directory_certifies(const struct toc_directory *directory,
                                                    const uint8_t log_key[static TOC_KEY_BYTES],
                                                    const uint8_t org[static TOC_ID_BYTES],
                                                    uint16_t node);
/* The log keys of an organisation, newest card first, then retired ones; gives the count (at most
 * max). 0 when the organisation is unknown. */
size_t toc_directory_log_keys(const struct toc_directory *directory,
                              const uint8_t org[static TOC_ID_BYTES], struct toc_log_key *out,
                              size_t max);
#define TOC_LOG_KEYS_OF_ORG_MAX (TOC_NODES_MAX + TOC_PAST_KEYS_MAX)

/* The sealing keys of every node of `members` into `out` (32 bytes each), for an epoch's wraps.
 * Fails: ABSENT (a member whose card is not known or names no node), FULL. */
TOC_MUST_USE struct toc_err toc_directory_seal_keys(const struct toc_directory *directory,
                                                    struct toc_ids members, struct toc_room out,
                                                    struct toc_ids *seal_keys);

#endif
