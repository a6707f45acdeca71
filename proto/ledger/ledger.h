/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * ledger: what this node knows of its federation while it runs: groups with their newest epoch,
 * logs with their heads, the digest of each group. Tables of fixed size in the caller's arena.
 *
 * Group 0 is made of the control logs: its id and its digest key are the federation id, every
 * organisation of the roster is a member. Group 1 is the group of all.
 * Source: PROTOCOL.md sections 6, 8 and 13.
 */
#ifndef TOC_LEDGER_H
#define TOC_LEDGER_H

#include "keys.h"
#include "log.h"
#include "sync.h"
#include "trust.h"

#define TOC_LEDGER_NONE UINT32_MAX
#define TOC_GROUP_CONTROL 0u
#define TOC_GROUP_ALL 1u
#define TOC_GROUP_NAME_BYTES_MAX 64u
#define TOC_MEMBER_SET_BYTES (TOC_ORGS_MAX / 8u) /* one bit for each place in the roster */
/* The groups that one other organisation has founded take at most this part of the tables, so that
 * nobody can fill them by inviting. */
#define TOC_LEDGER_FOUNDER_PART 4u

struct toc_ledger_group {
    uint8_t id[TOC_ID_BYTES];
    bool direct, is_all, has_epoch; /* has_epoch: this node can read and write */
    char name[TOC_GROUP_NAME_BYTES_MAX + 1];
    uint8_t founder[TOC_ID_BYTES];
    uint8_t members[TOC_MEMBER_SET_BYTES];
    uint32_t member_count;
    uint64_t epoch_number;
    uint8_t epoch_hash[TOC_HASH_BYTES], epoch_parent[TOC_HASH_BYTES];
    enum toc_epoch_reason epoch_reason;
    uint8_t k[TOC_KEY_BYTES];       /* of the newest epoch; secret */
    uint8_t tag_key[TOC_KEY_BYTES]; /* secret; for group 0 the federation id */
    struct toc_digest digest;
    uint64_t active_ms; /* the newest of its logs' */
    uint32_t first_log; /* chain through next_in_group */
    uint32_t log_count;
};

struct toc_ledger_log {
    uint8_t id[TOC_ID_BYTES];
    uint8_t org[TOC_ID_BYTES];
    uint8_t log_key[TOC_KEY_BYTES];
    uint16_t node;
    uint32_t group;
    uint32_t next_in_group;
    struct toc_log_head head; /* stored: durable */
    struct toc_log_head
        checked; /* verified (or, of our own logs, drafted), perhaps not yet stored */
    struct toc_utc stored_at, indexed_at;
    uint64_t indexed_seq;
    uint64_t active_ms; /* time of the last entry, as its author says, or of its storing */
    uint32_t org_place; /* of `org` in the roster */
    /* What replica keeps about a log. */
    uint32_t first_waiting, last_waiting; /* received ranges that are not stored, in order */
    bool disputed;                        /* its author has signed two histories */
    /* The plan of replica: what of this log is asked for. */
    uint64_t taken_to;    /* up to here without a gap all is checked or waits for a check */
    uint64_t asked_to;    /* up to here all is taken or asked for */
    uint64_t wanted_to;   /* somebody has said that there are entries up to here */
    uint32_t first_item;  /* asked of somebody */
    uint32_t entry_bytes; /* of an entry on the wire, as they were so far; 0 unknown */
    uint8_t queue;        /* in which it waits to be asked for */
    uint8_t hinted; /* place + 1 of the link that spoke of it last: a small gap is its; or 0 */
    uint32_t queue_before, queue_after;
};

struct toc_ledger {
    const uint8_t *federation; /* 32 bytes */
    const struct toc_roster *roster;
    struct toc_directory *directory;
    const uint8_t *own_org;
    struct toc_ledger_group *groups;
    uint32_t group_count, group_max;
    uint32_t *order; /* groups from 1 on by ascending id: group_count - 1 places */
    struct toc_ledger_log *logs;
    uint32_t log_count, log_max;
    uint32_t *slots; /* open addressing: log id -> index + 1 */
    uint32_t slot_mask;
};

struct toc_ledger_options {
    const uint8_t *federation;
    const struct toc_roster *roster;
    struct toc_directory *directory;
    const uint8_t *own_org;      /* 32 bytes */
    uint32_t group_max, log_max; /* log_max: a power of two */
};

/* Arena bytes that toc_ledger_init takes. */
size_t toc_ledger_bytes(const struct toc_ledger_options *options);
/* Builds the tables, the control group and the group of all (without epoch), and their logs.
 * Asserts that these fit. Lends: arena and options' pointers, for the life of the ledger. */
void toc_ledger_init(struct toc_ledger *ledger, struct toc_arena *arena,
                     const struct toc_ledger_options *options);

/* Index of a group, or TOC_LEDGER_NONE. Cost: a binary search. */
uint32_t toc_ledger_find_group(const struct toc_ledger *ledger,
                               const uint8_t id[static TOC_ID_BYTES]);
/* Index of a log, or TOC_LEDGER_NONE. Cost: a probe or two. */
uint32_t toc_ledger_find_log(const struct toc_ledger *ledger,
                             const uint8_t id[static TOC_ID_BYTES]);
/* The first log whose id begins so, or the next one behind log `after`; TOC_LEDGER_NONE when there
 * is none. Cost: a probe or two. */
uint32_t toc_ledger_find_prefix(const struct toc_ledger *ledger,
                                const uint8_t prefix[static TOC_TELL_PREFIX_BYTES], uint32_t after);
/* The log of a node in a group, or TOC_LEDGER_NONE. */
uint32_t toc_ledger_log_of(const struct toc_ledger *ledger, uint32_t group,
                           const uint8_t log_key[static TOC_KEY_BYTES]);

/* Is there room for a group that is not known yet? Fails: MEMBER (a member is not in the roster),
 * FULL (a table, or its founder's part of one; our own have no such limit). Changes nothing. */
TOC_MUST_USE struct toc_err toc_ledger_fits(const struct toc_ledger *ledger,
                                            const struct toc_group *founding);
/* Adds a group by its verified founding record, without epoch, with the logs of all its members'
 * nodes. A known one is given again. Fails: as toc_ledger_fits; nothing changed. */
TOC_MUST_USE struct toc_err toc_ledger_add_group(struct toc_ledger *ledger,
                                                 const struct toc_group *founding, uint32_t *group);
/* Takes back the group added last, with its logs, which must hold nothing: nobody was told of it.
 * Asserts that it is not one of the first two. */
void toc_ledger_drop_group(struct toc_ledger *ledger);
/* Sets the newest epoch, admissible by toc_epoch_check, and its secrets: the group can then be read
 * and written. Copies them. */
void toc_ledger_set_epoch(struct toc_ledger *ledger, uint32_t group, const struct toc_epoch *epoch,
                          const uint8_t k[static TOC_KEY_BYTES],
                          const uint8_t tag_key[static TOC_KEY_BYTES]);
/* Makes sure that every node of `org`'s newest card has its logs in all groups of `org`.
 * Fails: FULL: some are missing then. */
TOC_MUST_USE struct toc_err toc_ledger_add_nodes(struct toc_ledger *ledger,
                                                 const uint8_t org[static TOC_ID_BYTES]);

/* Place of an organisation in the roster, or TOC_LEDGER_NONE. */
uint32_t toc_ledger_org_place(const struct toc_ledger *ledger,
                              const uint8_t org[static TOC_ID_BYTES]);
/* Is this organisation in the group? */
bool toc_ledger_is_member(const struct toc_ledger *ledger, uint32_t group,
                          const uint8_t org[static TOC_ID_BYTES]);
/* Our own direct group with exactly these members that `founder` founded, or TOC_LEDGER_NONE.
 * `members` ascending, the founder among them. */
uint32_t toc_ledger_find_direct(const struct toc_ledger *ledger,
                                const uint8_t founder[static TOC_ID_BYTES], struct toc_ids members);

/* Moves the stored head, and the checked one with it where that is behind; the group's digest
 * follows. No date counts for later than `now`. */
void toc_ledger_store_head(struct toc_ledger *ledger, uint32_t log, const struct toc_log_head *head,
                           struct toc_utc now);
/* The 16 bytes of a group's digest. */
void toc_ledger_digest(const struct toc_ledger *ledger, uint32_t group,
                       uint8_t out[static TOC_DIGEST_BYTES]);
/* The digests of a group's buckets, one behind the other. Cost: a hash for each log with
 * entries and TOC_BUCKETS more. */
void toc_ledger_buckets(const struct toc_ledger *ledger, uint32_t group,
                        uint8_t out[static TOC_BUCKETS * TOC_DIGEST_BYTES]);

#endif
