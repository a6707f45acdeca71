/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * replica: keeps this node's copy of its groups' logs equal to the others'. Digests, wants and
 * serving; received ranges from check to store; our own entries; groups and invitations; chunks of
 * large payloads; beacons. Source: PROTOCOL.md sections 6, 7, 8 and 13.
 *
 * Glossary
 *   waiting   a received range between its arrival and its store
 *   job       a store action that has not been answered
 *   serve     entries of one log that go out to one link because it asked
 *   fetch     a large payload that comes in chunk by chunk
 */
#ifndef TOC_REPLICA_H
#define TOC_REPLICA_H

#include "ledger.h"
#include "links.h"

#define TOC_WAITING_MAX 256u   /* ranges received, unchecked: more stay in their links' memory */
#define TOC_JOBS_MAX 512u      /* unanswered stores: one group commit of the writer */
#define TOC_JOB_OPS 8u         /* a direct group's founding and its first bulletin: 5 */
#define TOC_WIDE_OPS 320u      /* a payload of 256 chunks, its list and its header */
#define TOC_SERVES_MAX 256u    /* logs on their way to one link; more are asked for again */
#define TOC_LOADS_MAX 256u     /* unanswered loads of all links */
#define TOC_LOADS_LINK 6u      /* blocks loaded or queued ahead of one link */
#define TOC_WANTS_LINK 200u    /* unanswered WANTs to one link, below TOC_SERVES_MAX */
#define TOC_WANT_MS_MAX 10000u /* without progress a want is given to another link */
#define TOC_VTOP_MS 60000u     /* digests are compared at least so often */
#define TOC_VTOP_MS_MIN 200u   /* and after a change at most so often */
#define TOC_MISSING_MAX 4096u  /* large payloads not yet complete */
#define TOC_FETCHES_MAX 16u    /* of them fetched at a time */
#define TOC_FETCH_CHUNKS 8u    /* chunks asked for ahead */
#define TOC_RECEIPTS_MAX 65536u
#define TOC_BEACON_SERIALS_MAX 16384u
#define TOC_BEACON_MS 1000u        /* groups of under nine organisations */
#define TOC_BEACON_SLOW_MS 900000u /* larger ones: 15 min */
#define TOC_BEACON_DAYS 30u        /* logs silent for longer stand in no beacon */
#define TOC_SECRET_BYTES 96u       /* of an epoch at rest: E, K, tag key */

struct toc_waiting {
    struct toc_check check; /* first */
    bool used;
    uint64_t link;
    uint32_t log, next;
    struct toc_buffer *buffer;
    struct toc_range_info info;
    bool live;    /* pushed, not asked for: goes on to others */
    bool charged; /* against the credit of its link */
    bool handed;  /* to a job */
    bool proved;  /* the check has ended well; those before it may still be out */
    /* For the check, which runs anywhere: */
    struct toc_span range;
    const uint8_t *federation, *log_key;
    struct toc_range_proof proof;
    struct toc_err err;
};

/* One chunk between arrival and store. */
struct toc_chunk_check {
    struct toc_check check; /* first */
    bool used;
    uint64_t link;
    uint32_t fetch, index;
    uint64_t fetch_number;
    struct toc_buffer *buffer;
    struct toc_span bytes;
    uint8_t expected[TOC_HASH_BYTES];
    struct toc_err err;
};

enum toc_job_kind { TOC_JOB_RANGE, TOC_JOB_OWN, TOC_JOB_INVITE, TOC_JOB_RECORD, TOC_JOB_CHUNK };

struct toc_job {
    bool used;
    enum toc_job_kind kind;
    uint64_t id;
    struct toc_store_op ops[TOC_JOB_OPS], *wide; /* wide: in place of ops */
    size_t op_count;
    struct toc_buffer *buffers[TOC_JOB_OPS];
    size_t buffer_count;
    uint32_t log;
    uint64_t link; /* it came from */
    bool charged;  /* its first buffer, against the credit of that link */
    bool live;
    enum toc_class class;
    bool has_submit, founds;
    uint64_t submit;
    uint32_t group; /* OWN */
    uint64_t seq;   /* OWN: of the submitted entry */
    uint32_t fetch; /* CHUNK */
    uint64_t fetch_number;
    bool large; /* uses replica->big */
};

struct toc_serve {
    uint32_t log;
    uint64_t next;
    bool headers_only, loading, chunks;
    uint64_t seq, last; /* chunks: of the entry's payload, next..last */
};

struct toc_serves {
    struct toc_serve items[TOC_SERVES_MAX];
    uint32_t count, turn;
    uint32_t loads_out;
    bool compared; /* a VTOP of ours is out: rows that lack something are answered by rows, once */
};

struct toc_pending_load {
    bool used;
    uint64_t id, link;
    enum toc_load_kind kind;
    struct toc_buffer *buffer;
    uint32_t log; /* RECORD: the group */
    uint64_t seq;
    uint32_t index;
};

struct toc_missing {
    uint32_t log;
    uint64_t seq;
    uint32_t payload_bytes;
    uint8_t hash[TOC_HASH_BYTES];
    bool fetching, arrived; /* arrived: stored, and on its way to the index */
};

struct toc_fetch {
    bool used;
    uint64_t number;
    uint32_t missing;
    uint64_t link;
    uint32_t chunk_count, asked, stored, arrived;
    struct toc_buffer *list; /* chunk hashes */
    struct toc_mono progress;
};

struct toc_receipt_row {
    bool used;
    uint16_t node;
    uint32_t log;
    uint8_t org[TOC_ID_BYTES];
    uint64_t stored_seq, stored_at_ms, indexed_seq, indexed_at_ms;
};
struct toc_serial_row {
    bool used;
    uint16_t node;
    uint32_t group;
    uint8_t org[TOC_ID_BYTES];
    uint64_t serial;
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
    struct toc_waiting *waiting;
    struct toc_chunk_check *chunk_checks;
    struct toc_job *jobs;
    struct toc_store_op *wide_ops;
    uint64_t next_id;
    uint32_t job_count, waiting_count, chunk_check_count;
    struct toc_serves *serves; /* one a link */
    struct toc_pending_load *loads;
    struct toc_missing *missing;
    uint32_t missing_count;
    struct toc_fetch fetches[TOC_FETCHES_MAX];
    uint64_t fetch_number;
    uint8_t *big;                 /* one large payload of our own, until it is stored */
    uint8_t *scratch;             /* one payload of one chunk */
    uint8_t *beacon_rows;         /* while one is made: rows, then its record */
    uint8_t *seal_keys, *members; /* while an audience is founded: 8,192 keys, 1,024 ids */
    bool big_busy;
    struct toc_receipt_row *receipts;
    struct toc_serial_row *serials;
    uint8_t *beacon_dirty; /* set of groups */
    uint64_t *beacon_next_ms;
    bool more_work; /* something waited for actions or buffers: step again soon */
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
};

size_t toc_replica_bytes(uint32_t link_max, uint32_t group_max, uint32_t log_max);
void toc_replica_init(struct toc_replica *replica, struct toc_arena *arena,
                      const struct toc_replica_options *options);

/* ---- jobs and loads (job.c)
 * ---------------------------------------------------------------------- */
/* A free job, or NULL when TOC_JOBS_MAX stores are unanswered. */
struct toc_job *toc_job_take(struct toc_replica *replica, enum toc_job_kind kind);
/* The next op of a job, zeroed. */
struct toc_store_op *toc_job_op(struct toc_job *job, enum toc_store_op_kind kind);
/* A RECORD op; `bytes` must live until the store is answered. */
void toc_job_record(struct toc_job *job, char table, struct toc_span key, struct toc_span value);
/* Hands a buffer's reference to the job. */
void toc_job_keep(struct toc_job *job, struct toc_buffer *buffer);
/* Emits STORE. */
void toc_job_submit(struct toc_replica *replica, struct toc_turn *turn, struct toc_job *job);
/* Gives a job back without storing. */
void toc_job_cancel(struct toc_replica *replica, struct toc_job *job);
void toc_replica_stored(struct toc_replica *replica, struct toc_turn *turn, uint64_t id,
                        struct toc_err err);
/* Emits LOAD into a new buffer; NULL when there is no buffer, place or action left. */
struct toc_pending_load *toc_load_take(struct toc_replica *replica, struct toc_turn *turn,
                                       const struct toc_load *load, size_t bytes);
void toc_replica_loaded(struct toc_replica *replica, struct toc_turn *turn,
                        const struct toc_event *event);

/* ---- the vector (vector.c)
 * ----------------------------------------------------------------------- */
void toc_replica_vtop(struct toc_replica *replica, struct toc_turn *turn, struct toc_link *link);
struct toc_err toc_replica_take_vtop(struct toc_replica *replica, struct toc_link *link,
                                     struct toc_span body);
struct toc_err toc_replica_take_rows(struct toc_replica *replica, struct toc_turn *turn,
                                     struct toc_link *link, struct toc_span body);
/* Sends the rows that are due, as far as there is room. */
void toc_replica_rows(struct toc_replica *replica, struct toc_link *link);
/* Asks `link` for what it has of a log beyond ours. */
void toc_replica_want(struct toc_replica *replica, struct toc_turn *turn, struct toc_link *link,
                      uint32_t log, uint64_t to);
/* The stored head of a log has moved: is what was wanted there? */
void toc_replica_want_met(struct toc_replica *replica, uint32_t log);
/* Gives up what was asked of a link: others are compared with at once. */
void toc_replica_unwant(struct toc_replica *replica, struct toc_link *link);
uint64_t *toc_replica_has(struct toc_replica *replica, const struct toc_link *link, uint32_t log);

/* ---- serving (serve.c)
 * ------------------------------------------------------------------------------ */
struct toc_err toc_replica_take_want(struct toc_replica *replica, struct toc_link *link,
                                     struct toc_span body);
void toc_replica_serve(struct toc_replica *replica, struct toc_turn *turn, struct toc_link *link);
void toc_replica_served(struct toc_replica *replica, struct toc_link *link,
                        struct toc_pending_load *load, struct toc_err err);
/* Are entries of this log on their way to this link because it asked? */
bool toc_replica_serves(struct toc_replica *replica, const struct toc_link *link, uint32_t log);
/* Sends a stored range on to every link that lacks just that. */
void toc_replica_push(struct toc_replica *replica, struct toc_job *job, struct toc_buffer *buffer,
                      const struct toc_range_info *info, uint32_t log);

/* ---- received entries (entry.c)
 * --------------------------------------------------------------------- */
struct toc_err toc_replica_take_range(struct toc_replica *replica, struct toc_turn *turn,
                                      struct toc_link *link, const struct toc_message *message);
void toc_replica_range_checked(struct toc_replica *replica, struct toc_turn *turn,
                               struct toc_waiting *waiting);
/* Pure; on any thread. */
void toc_waiting_run(struct toc_waiting *waiting);

/* ---- our own entries (publish.c)
 * ---------------------------------------------------------------------- */
void toc_replica_submit(struct toc_replica *replica, struct toc_turn *turn,
                        const struct toc_submit *submit);
/* Appends an unencrypted control kind to our log in `group`, within `job`. */
struct toc_err toc_replica_append(struct toc_replica *replica, struct toc_turn *turn,
                                  struct toc_job *job, uint32_t group, uint8_t kind,
                                  struct toc_span payload);

/* ---- groups (group.c)
 * -------------------------------------------------------------------------------- */
void toc_replica_tags(struct toc_replica *replica, struct toc_link *link);
struct toc_err toc_replica_take_tags(struct toc_replica *replica, struct toc_link *link,
                                     struct toc_span body);
void toc_replica_invite(struct toc_replica *replica, struct toc_turn *turn, struct toc_link *link);
struct toc_err toc_replica_take_invite(struct toc_replica *replica, struct toc_turn *turn,
                                       struct toc_link *link, struct toc_span body);
/* A group became ours (founded or joined, stored): tell the links. */
void toc_replica_group_ready(struct toc_replica *replica, struct toc_turn *turn, uint32_t group);
/* From an invitation's bytes into the ledger; `secret` opened before. */
struct toc_err toc_replica_adopt(struct toc_replica *replica, struct toc_span invitation,
                                 uint32_t *group);
struct toc_err toc_invitation_split(struct toc_span body, struct toc_span *group,
                                    struct toc_span *epoch);
/* An epoch and its secrets as they lie in table E: `out` needs epoch.len + 256 bytes. */
struct toc_span toc_epoch_rest_seal(struct toc_room out, struct toc_span epoch,
                                    const struct toc_epoch_secret *secret,
                                    const uint8_t store_key[static TOC_KEY_BYTES],
                                    const uint8_t nonce[static 24]);
/* The reverse. Fails: CORRUPT, DECRYPT. */
struct toc_err toc_epoch_rest_read(struct toc_span value,
                                   const uint8_t store_key[static TOC_KEY_BYTES],
                                   struct toc_span *epoch, struct toc_epoch_secret *secret);
/* Takes a verified card and its nodes' logs. */
struct toc_err toc_replica_take_card(struct toc_replica *replica, const struct toc_card *card);

/* ---- large payloads (chunk.c)
 * --------------------------------------------------------------------------- */
/* Notes a payload that is declared but not here. False: the list is full. */
bool toc_replica_miss(struct toc_replica *replica, const struct toc_missing *missing);
void toc_replica_fetch(struct toc_replica *replica, struct toc_turn *turn);
struct toc_err toc_replica_take_chunk(struct toc_replica *replica, struct toc_turn *turn,
                                      struct toc_link *link, const struct toc_message *message);
void toc_replica_take_nopay(struct toc_replica *replica, struct toc_link *link,
                            struct toc_span body);
void toc_replica_chunk_checked(struct toc_replica *replica, struct toc_turn *turn,
                               struct toc_chunk_check *check);
void toc_replica_chunk_stored(struct toc_replica *replica, struct toc_turn *turn,
                              struct toc_job *job);
/* The index has the entry whose payload came late: it is missing no more. */
void toc_replica_late_indexed(struct toc_replica *replica, struct toc_turn *turn, uint32_t log,
                              uint64_t seq);
void toc_chunk_check_run(struct toc_chunk_check *check);
/* Is this entry's payload still missing? */
bool toc_replica_is_missing(const struct toc_replica *replica, uint32_t log, uint64_t seq);

/* ---- beacons (beacon.c)
 * -------------------------------------------------------------------------------- */
void toc_replica_beacons(struct toc_replica *replica, struct toc_turn *turn);
struct toc_err toc_replica_take_beacon(struct toc_replica *replica, struct toc_turn *turn,
                                       struct toc_link *link, struct toc_span body);
/* Takes a verified beacon's rows. */
struct toc_err toc_replica_note_beacon(struct toc_replica *replica,
                                       const struct toc_beacon *beacon);
const struct toc_receipt_row *toc_replica_receipt(const struct toc_replica *replica,
                                                  const uint8_t org[static TOC_ID_BYTES],
                                                  uint16_t node, uint32_t log);

/* ---- the whole (replica.c)
 * ------------------------------------------------------------------------------- */
/* A link was established. */
void toc_replica_greet(struct toc_replica *replica, struct toc_link *link);
/* Is there room to take any message? Else its link waits. */
bool toc_replica_ready(const struct toc_replica *replica, const struct toc_turn *turn);
/* One received message; takes its buffer's reference. Failures are the link's. */
struct toc_err toc_replica_message(struct toc_replica *replica, struct toc_turn *turn,
                                   struct toc_link *link, const struct toc_message *message);
/* Periodic work. */
void toc_replica_tick(struct toc_replica *replica, struct toc_turn *turn);
/* Work that waited for room: at the end of every step. */
void toc_replica_flush(struct toc_replica *replica, struct toc_turn *turn);
/* First step after loading: the own card and, at the drafter's, the first epoch get into the logs.
 */
void toc_replica_start(struct toc_replica *replica, struct toc_turn *turn,
                       const struct toc_genesis *genesis, struct toc_span own_card,
                       bool card_logged);

#endif
