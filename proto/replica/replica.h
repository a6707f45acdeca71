/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * replica: keeps this node's copy of its groups' logs equal to the others'. Digests, wants and
 * serving; received ranges from check to store; our own entries; groups and invitations; chunks of
 * large payloads; beacons. Source: PROTOCOL.md sections 6, 7, 8 and 13.
 *
 * Used by core alone. Types and bounds come first, then what each file gives to the others.
 *
 * Glossary
 *   waiting   a received range between its arrival and its store
 *   job       a store action that has not been answered
 *   serve     entries of one log that go out to one link because it asked
 *   disputed  a log whose author has signed two histories
 */
#ifndef TOC_REPLICA_H
#define TOC_REPLICA_H

#include "fetch.h"
#include "gossip.h"
#include "lag.h"
#include "ledger.h"
#include "links.h"
#include "plan.h"
#include "quota.h"
#include "receipt.h"

#include <string.h>

#define TOC_WAITING_MAX 512u   /* ranges received, not stored: more stay in their links' memory */
#define TOC_JOBS_MAX 512u      /* unanswered stores: one group commit of the writer */
#define TOC_JOBS_SPARE 16u     /* of them for what one step may add */
#define TOC_JOB_OPS 8u         /* a direct group's founding and its first bulletin: 5 */
#define TOC_WIDE_OPS 320u      /* a payload of 256 chunks, its list and its header */
#define TOC_SERVES_MAX 256u    /* logs on their way to one link; more are asked for again */
#define TOC_LOADS_MAX 256u     /* unanswered loads of all links */
#define TOC_LOADS_LINK 6u      /* blocks loaded or queued ahead of one link */
#define TOC_WANTS_LINK 200u    /* items asked of one link, below TOC_SERVES_MAX */
#define TOC_WANT_AHEAD 10000u  /* entries asked for beyond the verified head at most */
#define TOC_WANT_MS_MAX 10000u /* without progress an item was asked for in vain */
#define TOC_RECOVER_MS 5000u   /* digests, rows and invitations take a few round trips */
#define TOC_OWN_WAIT_MS 30000u /* who holds more of our own log than we must give it */
#define TOC_UNMET_MAX 3u       /* after so many unmet items others are asked first */
#define TOC_VTOP_MS 60000u     /* digests are compared at least so often */
#define TOC_ROWS_HEARD_MAX 131072u /* rows of one answer, and messages: twice TOC_LOGS_MAX */
#define TOC_VTOP_MS_MIN 200u       /* and after a change at most so often */
#define TOC_AWAITED_MAX 8u         /* answers to comparisons of a group that may be on their way */
#define TOC_TAGS_MS_MIN 1000u      /* tags that nothing has changed are repeated at most so often */
#define TOC_CONTROL_WAITING_MAX 32u /* messages ahead: digests, rows and beacons can wait */
#define TOC_RANGE_CARDS_MAX 16u     /* cards that are looked at in one range: the last ones */
#define TOC_BEACON_MS 1000u         /* groups of under nine organisations */
#define TOC_BEACON_SLOW_MS 900000u  /* larger ones: 15 min */
#define TOC_BEACON_IDLE_MS 3600000u /* unchanged: hourly, for those who came later */
#define TOC_BEACON_ALERT_MS 5000u   /* after an alert */
#define TOC_BEACON_SMALL_GROUP 9u
#define TOC_GROUP_SILENT_MS 86400000u /* a group without an entry for so long needs no links */
#define TOC_BRING_MS 60000u      /* who has not written an entry brings it later than who has */
#define TOC_BEACON_EVERY_MS 500u /* one writer's beacons are taken at this pace */
#define TOC_BEACON_BURST 4u      /* and so many at once */
#define TOC_BEACON_DAYS 30u      /* logs silent for longer stand in no beacon */
#define TOC_SECRET_BYTES 96u     /* of an epoch at rest: E, K, tag key */
/* What a peer's costly messages may take of this node's time: 5 %, and 50 ms at once. */
#define TOC_WORK_PART 20u
#define TOC_WORK_BURST_US 1000000u
#define TOC_FUTILE_MAX 64u /* costly messages for nothing before a link ends */

#define TOC_ALERTS_HOUR 20u /* entries of one author that go as alert in an hour, or at once */
#define TOC_ALERT_BYTES_HOUR 160000u /* and their bytes; the rest go as live */
#define TOC_ALERT_FRESH_MS 1200000u  /* older ones were caught up with: two clocks may differ so */

/* What an author has used of its alerts: the times by which they are paid for. */
struct toc_alerts {
    uint64_t count_ms, bytes_ms;
};

/* Free places of a table. */
struct toc_places {
    uint16_t *free;
    uint32_t count; /* how many are free */
    uint32_t max;
    uint32_t top; /* no place from here on was ever taken */
};

struct toc_waiting {
    struct toc_check check; /* first */
    uint64_t link;
    uint32_t log, next, link_place;
    bool held; /* counted as such: it came before what it follows */
    struct toc_mono came;
    struct toc_buffer *buffer;
    struct toc_range_info info;
    bool live;              /* pushed, not asked for: goes on to others */
    enum toc_class charged; /* the class that it came in: whose credit it has used */
    bool handed;            /* to a job */
    bool proved;            /* the check has ended; those before it may still be out */
    /* For the check, which runs anywhere: */
    struct toc_span range;
    const uint8_t *federation, *log_key;
    bool control;   /* of a control log: cards are verified too */
    uint64_t cards; /* bit i: entry i is a card that verifies */
    struct toc_range_proof proof;
    struct toc_err err;
};

enum toc_job_kind { TOC_JOB_RANGE, TOC_JOB_OWN, TOC_JOB_INVITE, TOC_JOB_RECORD, TOC_JOB_CHUNK };

struct toc_job {
    enum toc_job_kind kind;
    uint64_t id;                                 /* 0: the place is free */
    struct toc_store_op ops[TOC_JOB_OPS], *wide; /* wide: in place of ops */
    size_t op_count, wide_max;
    struct toc_buffer *buffers[TOC_JOB_OPS];
    size_t buffer_count;
    uint32_t log;
    uint64_t link;          /* it came from, else 0 */
    enum toc_class charged; /* the class in which it came */
    uint32_t bytes;         /* of the message that it keeps */
    bool live, alert;       /* alert: of that class, and within what its author may */
    enum toc_class class;
    bool founds;
    uint64_t submit;       /* OWN: the first of its entries that were submitted */
    uint32_t submit_count; /* in a row; 0: none */
    uint32_t group;        /* OWN, INVITE */
    uint64_t
        seq; /* OWN: of the first submitted entry; CHUNK: of the one that declares the payload */
    uint32_t index; /* CHUNK: the piece */
    bool large;     /* uses replica->big */
};

struct toc_serve {
    uint32_t log;
    uint64_t next, last;
    bool headers_only, loading, chunks;
    bool behind;  /* of a log of which something is served that was asked for before */
    uint64_t seq; /* chunks: of the entry that declares the payload; next..last are its pieces */
};

struct toc_serves {
    struct toc_serve items[TOC_SERVES_MAX];
    uint32_t count, turn;
    uint32_t loads_out;
};

/* Answers of one kind to one link, and their pace. */
struct toc_answers {
    bool due, going; /* going: begun, but not all found room */
    bool flowed;     /* entries or WANTs have come since the last ones */
    struct toc_mono at;
    uint64_t pause_ms;
};

/* What is being compared with a link (vector.c). */
struct toc_compare {
    uint8_t buckets_due[TOC_GROUP_SET_BYTES]; /* groups whose buckets are to go out */
    uint8_t asked[TOC_GROUP_SET_BYTES]; /* a VTOP or VBKT of ours is out: rows that lack something
                                           are answered by rows, once */
    struct toc_answers buckets, rows;
    uint32_t rows_group, rows_log; /* where the rows on their way go on */
    uint32_t rows_heard;           /* since the last answer of rows ended */
    bool told;                     /* they have told something new */
    bool differed;                 /* the peer's last VTOP did */
};

struct toc_pending_load {
    uint64_t id, link; /* id 0: the place is free */
    enum toc_load_kind kind;
    struct toc_buffer *buffer;
    uint32_t log; /* RECORD: the group */
    uint64_t seq;
    uint32_t index;
    bool headers_only;
};

struct toc_replica {
    struct toc_links *links;
    struct toc_ledger *ledger;
    const uint8_t *federation, *own_org;
    uint16_t own_node;
    const struct toc_node_keys *node_keys;
    const struct toc_sign_keys *log_keys;
    const uint8_t *f;
    uint32_t f_generation;
    bool trust_clock, broken; /* broken: a store failed, nothing is taken any more */
    uint8_t pad_key[TOC_KEY_BYTES];
    bool has_pad_key;
    uint64_t *has; /* [link place][log]: what the peer is known to hold */
    struct toc_gossip gossip;
    struct toc_waiting *waiting;
    struct toc_places waiting_places;
    struct toc_chunk_check *chunk_checks;
    struct toc_places chunk_check_places;
    struct toc_job *jobs;
    struct toc_places job_places;
    struct toc_store_op *wide_ops; /* for the one job that uses `big` */
    uint64_t next_id;
    struct toc_serves *serves; /* one a link */
    struct toc_pending_load *loads;
    struct toc_places load_places;
    struct toc_plan plan;
    /* Comparing (vector.c). */
    struct toc_compare *compares; /* one a link */
    uint64_t *rows_due;           /* [link place][group]: set of buckets whose rows are to go out */
    uint8_t *awaited; /* [link place][group]: answers that what we have said may still bring */
    struct toc_missing *missing;
    uint32_t missing_count;
    uint16_t *missing_of;      /* by place of the author's organisation in the roster */
    struct toc_alerts *alerts; /* the same */
    /* How much is pushed (quota.c). */
    struct toc_quota_options quota;
    struct toc_quota *quotas;        /* by place of the author's organisation in the roster */
    struct toc_quota *record_quotas; /* the same, for the federation's records */
    bool quota_over, quota_told;
    uint32_t own_place; /* in the roster, once our own organisation was over */
    struct toc_fetch fetches[TOC_FETCHES_MAX];
    uint64_t fetch_number;
    uint32_t fetch_cursor;               /* in `missing`: where the last fetch began */
    uint8_t fetch_shares[TOC_LINKS_MAX]; /* how many fetches a link may be a source of, by place */
    uint8_t *big;                        /* one large payload of our own, until it is stored */
    uint8_t *scratch;                    /* one payload of one chunk */
    uint8_t *beacon_rows;                /* while one is made: rows, then its record */
    uint8_t *seal_keys, *members;        /* while an audience is founded: 8,192 keys, 1,024 ids */
    bool big_busy;
    /* What beacons have said (receipt.c). */
    uint64_t receipt_secrets[TOC_RECEIPT_SECRETS];
    struct toc_receipt_row *receipts;
    uint32_t *receipt_places; /* of the rows in use */
    uint32_t receipt_count;
    struct toc_serial_row *serials;
    struct toc_lag lag;    /* lag.c */
    uint8_t *beacon_dirty; /* set of groups */
    uint64_t *beacon_next_ms;
    struct toc_mono own_heard; /* start, or the last entry of our own log that others gave back */
    bool cards_changed;        /* in this step */
    bool more_work;            /* something waited for actions or buffers: step again soon */
    uint64_t wake_ms;          /* when something is due, or UINT64_MAX: of this step */
};

struct toc_replica_options {
    struct toc_links *links;
    struct toc_ledger *ledger;
    const uint8_t *federation, *own_org;
    uint16_t own_node;
    const struct toc_node_keys *node_keys;
    const struct toc_sign_keys *log_keys;
    const uint8_t *f;
    uint32_t f_generation;
    bool trust_clock;
    struct toc_quota_options quota;
};

/* The whole (replica.c). */

/* Arena bytes that toc_replica_init takes. */
size_t toc_replica_bytes(uint32_t link_max, uint32_t group_max, uint32_t log_max);
/* Empty tables; hooks itself into `links` to be told of links that go. Asserts that the arena has
 * room. Lends: arena and options' pointers, for the life of the replica. */
void toc_replica_init(struct toc_replica *replica, struct toc_arena *arena,
                      const struct toc_replica_options *options);
/* First step after loading: readers get the first epoch's secrets. Needs entropy. */
void toc_replica_start(struct toc_replica *replica, struct toc_turn *turn,
                       const struct toc_genesis *genesis);
/* The own card (empty: it stands in the log already) and, at the drafter's, the first epoch get
 * into the logs. Needs entropy. */
void toc_replica_append_first(struct toc_replica *replica, struct toc_turn *turn,
                              const struct toc_genesis *genesis, struct toc_span own_card);
/* A link was established: its place is cleared of what the last link there said. */
void toc_replica_greet(struct toc_replica *replica, struct toc_link *link);
/* Is there room to take any message of this link? Else it waits: for jobs, actions, its own earlier
 * messages to be stored, or its share of this node's time. */
bool toc_replica_ready(const struct toc_replica *replica, const struct toc_turn *turn,
                       const struct toc_link *link);
/* One received message. Takes: its buffer's reference. A failure is the peer's: the caller ends the
 * link with it. At most eight actions. */
TOC_MUST_USE struct toc_err toc_replica_message(struct toc_replica *replica, struct toc_turn *turn,
                                                struct toc_link *link,
                                                const struct toc_message *message);
/* What is due by time: overdue wants, digests, beacons, fetches. */
void toc_replica_tick(struct toc_replica *replica, struct toc_turn *turn);
/* What is due by time more finely than by the second: at every TIMER. */
void toc_replica_due(struct toc_replica *replica, struct toc_turn *turn);
/* The next TIMER comes at `ms` at the latest. Holds for one timer: who waits for longer says so
 * again from toc_replica_due. */
void toc_replica_wake(struct toc_replica *replica, uint64_t ms);
/* What waited for room: at the end of every step. */
void toc_replica_flush(struct toc_replica *replica, struct toc_turn *turn);
/* A link has caused work of so many microseconds: paid for in time, before more is read from it.
 * */
void toc_replica_charge(const struct toc_turn *turn, struct toc_link *link, uint64_t work_us);
/* A message has cost much for nothing. Fails: `err`, once a link has caused too many. */
TOC_MUST_USE struct toc_err toc_replica_futile(struct toc_link *link, struct toc_err err);
/* The same of what `org` has signed: a link to others only passes it on, and cannot know better. */
TOC_MUST_USE struct toc_err toc_replica_futile_of(struct toc_link *link,
                                                  const uint8_t org[static TOC_ID_BYTES],
                                                  struct toc_err err);

/* Jobs and loads (job.c). Ids hold the place of the job or load, so that answers find it at once.
 */

/* All places of a table of `max`, at most 65,535, free. */
void toc_places_init(struct toc_places *places, struct toc_arena *arena, uint32_t max);
/* A free place; UINT32_MAX when there is none. */
uint32_t toc_places_take(struct toc_places *places);
/* Gives a place back. */
void toc_places_give(struct toc_places *places, uint32_t place);
/* How many places are taken. */
static inline uint32_t toc_places_used(const struct toc_places *places)
{
    return places->max - places->count;
}

/* An empty job, or NULL when TOC_JOBS_MAX stores are unanswered. Gives: it goes on to
 * toc_job_submit or toc_job_cancel. */
struct toc_job *toc_job_take(struct toc_replica *replica, enum toc_job_kind kind);
/* Room for `count` ops in all in a job that has none yet; false when no buffer is free. */
bool toc_job_reserve(struct toc_replica *replica, struct toc_job *job, size_t count);
/* Are there jobs for one more event, besides those that what is being checked will need? */
bool toc_replica_jobs_left(const struct toc_replica *replica);
/* The next op of a job, zeroed but for its kind. Asserts that there is room. */
struct toc_store_op *toc_job_op(struct toc_job *job, enum toc_store_op_kind kind);
/* A RECORD op. Lends: `value`, until the store is answered. */
void toc_job_record(struct toc_job *job, char table, struct toc_span key, struct toc_span value);
/* Takes: one reference of a buffer, which the job drops when its store is answered. */
void toc_job_keep(struct toc_job *job, struct toc_buffer *buffer);
/* Emits STORE. Takes: the job. */
void toc_job_submit(struct toc_replica *replica, struct toc_turn *turn, struct toc_job *job);
/* Gives a job and its buffers back without storing. */
void toc_job_cancel(struct toc_replica *replica, struct toc_job *job);
/* STORED. Asserts that there is such a job. A failed store breaks the replica for good. */
void toc_replica_stored(struct toc_replica *replica, struct toc_turn *turn, uint64_t id,
                        struct toc_err err);
/* A message of `bytes` that was kept has been dealt with: credit, and room for further ones. */
void toc_replica_unkeep(struct toc_replica *replica, uint64_t link, uint32_t bytes,
                        enum toc_class charged);
/* Emits LOAD into a new buffer of at least `bytes`; NULL when no buffer, place or action is left.
 * The caller fills in what it wants to know again. */
struct toc_pending_load *toc_load_take(struct toc_replica *replica, struct toc_turn *turn,
                                       const struct toc_load *load, size_t bytes);
/* LOADED. Nothing for an unknown id. */
void toc_replica_loaded(struct toc_replica *replica, const struct toc_event *event);

/* The vector (vector.c). */

/* Our digests to a link, once both sides know what they share; tried again while vtop_due. */
void toc_replica_vtop(struct toc_replica *replica, struct toc_turn *turn, struct toc_link *link);
/* VTOP. Fails: MALFORMED. */
TOC_MUST_USE struct toc_err toc_replica_take_vtop(struct toc_replica *replica,
                                                  struct toc_turn *turn, struct toc_link *link,
                                                  struct toc_span body);
/* VROW. Fails: MALFORMED, LIMIT. */
TOC_MUST_USE struct toc_err toc_replica_take_rows(struct toc_replica *replica,
                                                  struct toc_turn *turn, struct toc_link *link,
                                                  struct toc_span body);
/* VBKT. Fails: MALFORMED, LIMIT (too many for nothing). */
TOC_MUST_USE struct toc_err toc_replica_take_vbkt(struct toc_replica *replica,
                                                  struct toc_turn *turn, struct toc_link *link,
                                                  struct toc_span body);
/* Sends the buckets and rows that are due, at their pace and as far as there is room. */
void toc_replica_compare(struct toc_replica *replica, struct toc_turn *turn, struct toc_link *link);
/* Entries, or WANTs, come from this link: comparing with it leads to something.. */
void toc_replica_flows(struct toc_replica *replica, const struct toc_link *link);
/* What the peer of a link is known to hold of a log. */
uint64_t *toc_replica_has(struct toc_replica *replica, const struct toc_link *link, uint32_t log);

/* Wants (want.c). */

/* `link` has entries of a log up to `to`: what we lack of them is asked for, of this link or of
 * others that have it, at the end of the step.. */
void toc_replica_want(struct toc_replica *replica, struct toc_turn *turn, struct toc_link *link,
                      uint32_t log, uint64_t to);
/* All that was asked of a link is given up, as it is about to go: everybody is compared with soon.
 */
void toc_replica_unwant(struct toc_replica *replica, struct toc_link *link);
/* What is noted about a link once a second. */
void toc_replica_want_tick(struct toc_replica *replica, struct toc_turn *turn,
                           struct toc_link *link);
/* Seq up to which entries of a log are stored, checked or waiting, without a gap. */
uint64_t toc_replica_taken_to(const struct toc_replica *replica, const struct toc_ledger_log *log);
/* Is this the log of this very node? */
bool toc_replica_is_own(const struct toc_replica *replica, const struct toc_ledger_log *log);
/* Others say that they hold entries of our own log that this node has forgotten, and may be giving
 * them back. Words alone count for TOC_OWN_WAIT_MS after the start, or after the last entry that
 * came: else anybody could keep this node from publishing. */
bool toc_replica_own_is_behind(const struct toc_replica *replica, const struct toc_turn *turn,
                               uint32_t log);
/* After the store was lost: has somebody been heard for long enough, and is everything of our own
 * that others hold here again? */
bool toc_replica_recovered(struct toc_replica *replica, const struct toc_turn *turn);
/* Digests are compared with all links soon. */
void toc_replica_compare_all(struct toc_replica *replica);

/* Serving (serve.c). */

/* WANT. Fails: as toc_want_decode, MEMBER. */
TOC_MUST_USE struct toc_err toc_replica_take_want(struct toc_replica *replica,
                                                  struct toc_link *link, struct toc_span body);
/* Loads what goes out next on a link, as far as there is room. */
void toc_replica_serve(struct toc_replica *replica, struct toc_turn *turn, struct toc_link *link);
/* A load for an established link has been answered. */
void toc_replica_served(struct toc_replica *replica, struct toc_link *link,
                        struct toc_pending_load *load, struct toc_err err);
/* The link has asked for nothing. */
void toc_serves_clear(struct toc_serves *serves);
/* Are entries of this log on their way to this link because it asked? */
bool toc_replica_serves(struct toc_replica *replica, const struct toc_link *link, uint32_t log);

/* Received entries (entry.c). */

/* ENTRY and RANGE. Fails: as toc_range_peek, MEMBER. */
TOC_MUST_USE struct toc_err toc_replica_take_range(struct toc_replica *replica,
                                                   struct toc_turn *turn, struct toc_link *link,
                                                   const struct toc_message *message);
/* CHECKED of a range: what is proved in the order of its log is stored; a link that sent what is
 * not is ended.. */
void toc_replica_range_checked(struct toc_replica *replica, struct toc_turn *turn,
                               struct toc_waiting *waiting);
/* The check itself: pure; on any thread. */
void toc_waiting_run(struct toc_waiting *waiting);
/* What is proved and joins on goes to the store, where it waited for room. */
void toc_replica_drain(struct toc_replica *replica, struct toc_turn *turn);

/* From a proved range to the store (apply.c). */

/* Compares a proved range with the head and stores what it adds. Fails, with the head as it was:
 * FORK (its author signed two histories), MALFORMED, CHAIN (the sender's fault), FULL (no room: it
 * will be asked for again). */
TOC_MUST_USE struct toc_err toc_replica_apply(struct toc_replica *replica, struct toc_turn *turn,
                                              struct toc_waiting *waiting);

/* May `bytes` of this author (by its place in the roster) go as alert now? Counts them. */
bool toc_replica_may_alert(struct toc_replica *replica, const struct toc_turn *turn,
                           uint32_t org_place, size_t bytes);

/* Our own entries (publish.c). */

/* How many submits hang together. */
size_t toc_submit_count(const struct toc_submit *submit);
/* SUBMITTED: PUBLISHED follows, now if it is refused. Entries that were submitted together are one
 * store and need one signature, as far as they fit: up to a checkpoint, TOC_JOINED_BYTES_MAX, none
 * above TOC_JOIN_BYTES_MAX, alerts never. */
#define TOC_JOIN_BYTES_MAX 8192u    /* more: to sign costs little beside it */
#define TOC_JOINED_BYTES_MAX 65536u /* of payload: a middle buffer has room for them and 64 heads  \
                                     */
void toc_replica_submit(struct toc_replica *replica, struct toc_turn *turn,
                        const struct toc_submit *submit);
/* Appends an unencrypted control kind to our log in `group`, within `job`. Fails: MEMBER, LIMIT,
 * STATE, FULL; the log's head is then as it was, the job is to be cancelled. */
TOC_MUST_USE struct toc_err toc_replica_append(struct toc_replica *replica, struct toc_turn *turn,
                                               struct toc_job *job, uint32_t group, uint8_t kind,
                                               struct toc_span payload);

/* Groups (group.c). */

/* Our tags to a link; tried again while tags_due.. */
void toc_replica_tags(struct toc_replica *replica, struct toc_turn *turn, struct toc_link *link);
/* TAGS. Fails: MALFORMED. */
TOC_MUST_USE struct toc_err toc_replica_take_tags(struct toc_replica *replica,
                                                  struct toc_link *link, struct toc_span body);
/* Loads the next invitation for a link. */
void toc_replica_invite(struct toc_replica *replica, struct toc_turn *turn, struct toc_link *link);
/* INVITE. Fails: what makes an invitation bad whatever we know. */
TOC_MUST_USE struct toc_err toc_replica_take_invite(struct toc_replica *replica,
                                                    struct toc_turn *turn, struct toc_link *link,
                                                    struct toc_span body);
/* A group became ours (founded or joined, stored): notice, and the links are told. */
void toc_replica_group_ready(struct toc_replica *replica, struct toc_turn *turn, uint32_t group);
/* From a stored invitation's bytes into the ledger. Fails: as decoding, toc_epoch_open and
 * toc_ledger_add_group; nothing changed. */
TOC_MUST_USE struct toc_err toc_replica_adopt(struct toc_replica *replica,
                                              struct toc_span invitation, uint32_t *group);
/* Its two envelopes; they point into `body`. Fails: as toc_codec_check; LIMIT, MALFORMED. */
TOC_MUST_USE struct toc_err toc_invitation_split(struct toc_span body, struct toc_span *group,
                                                 struct toc_span *epoch);
/* Takes a verified card, of an older one its log keys: into the directory, and the logs of its
 * nodes. Fails: as toc_directory_apply (but not STALE), toc_directory_remember,
 * toc_ledger_add_nodes. */
TOC_MUST_USE struct toc_err toc_replica_take_card(struct toc_replica *replica,
                                                  const struct toc_card *card);

/* Epochs at rest (rest.c). */

/* An epoch and its secrets as they lie in table E: u32 length ‖ envelope ‖ sealed E ‖ K ‖ tag key.
 * `out` needs epoch.len + 256 bytes, else the span is empty. The nonce follows from the epoch,
 * which has one secret: the same bytes are sealed again or none. */
struct toc_span toc_epoch_rest_seal(struct toc_room out, struct toc_span epoch,
                                    const uint8_t epoch_hash[static TOC_HASH_BYTES],
                                    const struct toc_epoch_secret *secret,
                                    const uint8_t store_key[static TOC_KEY_BYTES]);
/* The reverse; `epoch` points into `value`. Fails: CORRUPT, DECRYPT. */
TOC_MUST_USE struct toc_err toc_epoch_rest_read(struct toc_span value,
                                                const uint8_t store_key[static TOC_KEY_BYTES],
                                                struct toc_span *epoch,
                                                struct toc_epoch_secret *secret);

/* Beacons (beacon.c). */

/* An alert was stored in this group: its receipts are of interest soon.. */
void toc_replica_beacon_soon(struct toc_replica *replica, const struct toc_turn *turn,
                             uint32_t group);
/* Makes and sends those that are due. */
void toc_replica_beacons(struct toc_replica *replica, struct toc_turn *turn);
/* BEACON. Fails: as toc_beacon_decode, MEMBER, SIGNATURE (after some). */
TOC_MUST_USE struct toc_err toc_replica_take_beacon(struct toc_replica *replica,
                                                    struct toc_turn *turn, struct toc_link *link,
                                                    struct toc_span body);
/* Takes a verified beacon's rows. Fails: MEMBER, STALE, FULL; nothing changed. */
TOC_MUST_USE struct toc_err toc_replica_note_beacon(struct toc_replica *replica,
                                                    const struct toc_beacon *beacon);

/* What groups need of links (wish.c). */

/* Answers the questions of links about groups. */
void toc_replica_wishes(struct toc_replica *replica);

#endif
