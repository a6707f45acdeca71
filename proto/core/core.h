/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * core: the node as a function. Events go in, actions come out; no I/O, clock, entropy or heap.
 *
 * Glossary
 *   driver   whoever owns sockets, disk and time: tocsind, or a simulator
 *   link     one connection to one peer; named by a number that the driver never reuses
 *   check    work on received data that a pool may do: toc_check_run is pure and thread-safe
 *            on distinct checks; one check at a time a link decrypts
 *   store    a set of changes that becomes durable as a whole, or not at all
 *   load     a read from the store, answered into memory that the core lends
 *
 * Every pointer in an action stays valid until the event that answers it (SENT for bytes, CHECKED,
 * STORED, LOADED), other pointers only until the next step. Source: PROTOCOL.md sections 11–13.
 */
#ifndef TOC_CORE_H
#define TOC_CORE_H

#include "driver.h"
#include "keys.h"
#include "log.h"
#include "trust.h"

struct toc_core; /* opaque; lives in the memory given to toc_core_init */

/* What a node needs to be itself. Lends: all pointers must outlive the core. */
struct toc_core_options {
    const struct toc_node_keys *node_keys;
    const struct toc_sign_keys *log_keys;
    uint8_t org[TOC_ID_BYTES];
    uint16_t node_number;
    struct toc_span genesis;          /* genesis file (trust.h), complete */
    const uint8_t *federation_secret; /* F, 32 bytes, generation of the genesis */
    struct toc_span own_card;         /* newest card of our organisation, as an envelope */
    struct toc_utc now_utc;
    uint32_t link_max;           /* <= TOC_LINKS_MAX */
    uint32_t group_max, log_max; /* <= the bounds above */
    bool trust_clock;            /* the operator has confirmed the clock: never refuse to publish */
    /* How much of one organisation's entries is pushed; 0: as PROTOCOL.md says. */
    uint32_t quota_entries_hour, quota_burst, quota_bytes_day;
};

/* Bytes of memory toc_core_init needs; zero-filled pages suffice and most stay untouched. */
size_t toc_core_bytes(const struct toc_core_options *options);

/* Builds a core in `memory` (zeroed, 64-byte aligned). Fails: what decoding the genesis or card
 * fails with; STRANGER (our organisation or node is not in them), COMMITMENT (F differs). */
TOC_MUST_USE struct toc_err toc_core_init(void *memory, size_t memory_bytes,
                                          const struct toc_core_options *options,
                                          struct toc_core **core);

/* Restoring after a start, before the first step: records as the store holds them, tables C, G, E,
 * B and P in this order, any order within a table. What does not verify or does not fit is refused
 * with its code, and nothing changed. */
TOC_MUST_USE struct toc_err toc_core_load_record(struct toc_core *core, char table,
                                                 struct toc_span key, struct toc_span value);
/* And the heads of logs, behind tables C and G. Fails: ABSENT (nobody's log any more). */
TOC_MUST_USE struct toc_err toc_core_load_head(struct toc_core *core,
                                               const uint8_t log[static TOC_ID_BYTES],
                                               const struct toc_log_head *head);
/* Before the first step: this node has published before, and its store is gone. Nothing is appended
 * to its logs, and submissions are answered with STATE, until the others have given back what they
 * hold of them. */
void toc_core_recover(struct toc_core *core);

/*
 * The first event after loading is TIMER: it sets everything going, and appends to the own control
 * log what it lacks. Own submissions larger than one chunk go one at a time: a second one is
 * answered PUBLISHED with STATE, and may be submitted again after the first one's PUBLISHED.
 * Takes one event, gives the actions that follow from it (`actions` is emptied first). Never
 * fails: what a peer does wrong ends its link. Work that would exceed TOC_ACTIONS_MAX waits for a
 * timer that is due at once.
 */
void toc_core_step(struct toc_core *core, const struct toc_event *event,
                   struct toc_actions *actions);

/* Where the driver may put received bytes of a link; len 0 = stop reading until RESUME (or the
 * link is unknown). Lends until the next step for that link. */
struct toc_room toc_core_receive_room(struct toc_core *core, uint64_t link);

/* Looking in: for status, peers, publishing; the driver's thread alone. */
struct toc_link_view {
    uint64_t link;
    uint8_t org[TOC_ID_BYTES];
    uint16_t node;
    bool dialled, established;
    enum toc_link_why why;
    uint8_t version, suite;
    uint64_t sent_bytes, received_bytes;
    uint64_t rtt_ms;
    struct toc_mono since;
    int64_t clock_offset_ms;      /* peer's clock minus ours at HELLO */
    size_t group_count;           /* shared */
    uint64_t behind_entries;      /* entries the peer has told of that we lack */
    size_t eager_logs, lazy_logs; /* shared logs that it is sent, and that it is told of */
    size_t queued;                /* messages that wait to go to it */
    uint64_t rate;                /* bytes a second that it has taken at last; 0: not known */
};
/* Copies up to `max` views; gives how many links there are. */
size_t toc_core_view_links(const struct toc_core *core, struct toc_link_view *views, size_t max);

/* Why no link to a node stands. */
struct toc_down_view {
    struct toc_err err;    /* how the last link or attempt ended, or why none is sought; never OK */
    struct toc_mono ended; /* then; 0: there was none */
    struct toc_mono tried; /* dialled last; 0: never */
    bool dialling;         /* now */
    bool sought;           /* it is dialled again by itself, */
    struct toc_mono next;  /* not before then */
};
/* Fails: ABSENT (no such node on a card), STATE (a link stands); `view` is unchanged then. */
TOC_MUST_USE struct toc_err toc_core_view_down(const struct toc_core *core,
                                               const uint8_t org[static TOC_ID_BYTES],
                                               uint16_t node, struct toc_down_view *view);

/* Does this node hold what the others hold?. */
enum toc_health { TOC_HEALTH_COMPLETE, TOC_HEALTH_BEHIND, TOC_HEALTH_CUT_OFF };
struct toc_health_view {
    enum toc_health health;
    uint32_t linked_orgs;    /* other organisations to which links stand, */
    uint32_t other_orgs;     /* of so many in the roster */
    uint64_t behind_entries; /* that others hold and we do not, */
    uint32_t behind_logs, behind_groups;
    uint64_t coming_entries; /* younger than TOC_LAG_SETTLE_MS, or not looked at: no lag yet */
    bool own_behind;         /* of our own logs too: the store has lost entries */
    bool over_quota;         /* our organisation's entries wait to be fetched */
    bool alarm;              /* the others' beacons have been ahead of us for ten minutes: */
    uint32_t witness_orgs;   /* those of so many organisations */
    struct toc_utc since;    /* the health that is shown; 0 when complete */
};
void toc_core_view_health(const struct toc_core *core, struct toc_health_view *view);
/* The federation has others, and no link to any other node stands, be it our organisation's own. */
bool toc_core_is_alone(const struct toc_core *core);

/* A group in which others hold more than we do. */
struct toc_lag_view {
    uint8_t group[TOC_ID_BYTES]; /* the federation's id for the control logs */
    uint64_t entries;
};
/* Copies up to `max` views; gives how many such groups there are. */
size_t toc_core_view_lags(const struct toc_core *core, struct toc_lag_view *views, size_t max);

struct toc_group_view {
    uint8_t id[TOC_ID_BYTES];
    bool is_all, direct;
    char name[65];
    size_t member_count;
    uint64_t epoch_number;
    uint8_t epoch_ref[TOC_EPOCH_REF_BYTES];
};
/* Copies up to `max` views of all groups but the control logs; gives how many groups there are. */
size_t toc_core_view_groups(const struct toc_core *core, struct toc_group_view *views, size_t max);
/* Member organisation `index` of a group; false when there is none. */
bool toc_core_view_member(const struct toc_core *core, const uint8_t group[static TOC_ID_BYTES],
                          size_t index, uint8_t org[static TOC_ID_BYTES]);

struct toc_log_view {
    uint8_t id[TOC_ID_BYTES], group[TOC_ID_BYTES], org[TOC_ID_BYTES];
    uint16_t node;
    uint8_t log_key[TOC_KEY_BYTES];
    struct toc_log_head head;
};
/* Copies the view of one log. Fails: ABSENT; `view` is unchanged then. */
TOC_MUST_USE struct toc_err toc_core_view_log(const struct toc_core *core,
                                              const uint8_t log[static TOC_ID_BYTES],
                                              struct toc_log_view *view);
/* How many logs hold entries. */
size_t toc_core_log_count(const struct toc_core *core);
struct toc_receipt {
    uint64_t stored_seq, indexed_seq;
    struct toc_utc stored_at, indexed_at;
};
/* What the beacons of `org`'s node say of `log`; zeros when they said nothing. */
struct toc_receipt toc_core_view_receipt(const struct toc_core *core,
                                         const uint8_t org[static TOC_ID_BYTES], uint16_t node,
                                         const uint8_t log[static TOC_ID_BYTES]);
/* The directory of cards (trust.h). Lends: until the next step. */
const struct toc_directory *toc_core_directory(const struct toc_core *core);
/* The roster in force (trust.h). Lends: until the next step. */
const struct toc_roster *toc_core_roster(const struct toc_core *core);
/* The federation id, 32 bytes. Lends: for the core's life. */
const uint8_t *toc_core_federation(const struct toc_core *core);

/* Opens a record of table E for readers: gives K. Fails: CORRUPT, DECRYPT. */
TOC_MUST_USE struct toc_err toc_epoch_rest_open(struct toc_span value,
                                                const uint8_t store_key[static TOC_KEY_BYTES],
                                                uint8_t k[static TOC_KEY_BYTES]);

#endif
