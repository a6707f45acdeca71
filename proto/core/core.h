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

#include "keys.h"
#include "log.h"
#include "trust.h"

/* ---- bounds ------------------------------------------------------------------------------------ */
#define TOC_LINKS_MAX 64u        /* links: n <= 9 all, above that 12 at most, rest half-open */
#define TOC_GROUPS_MAX 4096u     /* direct audiences included; 0.6 KiB each */
#define TOC_LOGS_MAX 65536u      /* (node, group) pairs that hold entries or are expected to */
#define TOC_ENTROPY_BYTES 192u   /* founding a direct group draws most: 32 + 128 + 19 */
#define TOC_ACTIONS_MAX 1024u    /* see toc_core_step */
#define TOC_ADDRESS_TEXT_BYTES 129u
#define TOC_STORE_OPS_MAX 8u

struct toc_core; /* opaque; lives in the memory given to toc_core_init */

/* What a node needs to be itself. Lends: all pointers must outlive the core. */
struct toc_core_options {
    const struct toc_node_keys *node_keys;
    const struct toc_sign_keys *log_keys;
    uint8_t org[TOC_ID_BYTES];
    uint16_t node_number;
    struct toc_span genesis;     /* genesis file (trust.h), complete */
    const uint8_t *federation_secret; /* F, 32 bytes, generation of the genesis */
    struct toc_span own_card;    /* newest card of our organisation, as an envelope */
    struct toc_utc now_utc;
    uint32_t link_max;           /* <= TOC_LINKS_MAX */
    uint32_t group_max, log_max; /* <= the bounds above */
};

/* Bytes of memory toc_core_init needs; zero-filled pages suffice and most stay untouched. */
size_t toc_core_bytes(const struct toc_core_options *options);

/* Builds a core in `memory` (zeroed, 64-byte aligned). Fails: what decoding the genesis or card
 * fails with; STRANGER (our organisation or node is not in them), COMMITMENT (F differs). */
TOC_MUST_USE struct toc_err toc_core_init(void *memory, size_t memory_bytes,
                                          const struct toc_core_options *options,
                                          struct toc_core **core);

/* Restoring after a start, before the first step, in this order: records as the store holds them
 * (tables C, G, E, B; any order within a table), then heads. A record that does not verify or
 * does not fit is refused and nothing changed; heads of unknown logs are refused with ABSENT. */
TOC_MUST_USE struct toc_err toc_core_load_record(struct toc_core *core, char table,
                                                 struct toc_span key, struct toc_span value);
TOC_MUST_USE struct toc_err toc_core_load_head(struct toc_core *core,
                                               const uint8_t log[static TOC_ID_BYTES],
                                               const struct toc_log_head *head);

/* ---- store jobs -------------------------------------------------------------------------------- */
enum toc_store_op_kind {
    TOC_STORE_RANGE,  /* entries of a log that follow its stored head (or overlap it) */
    TOC_STORE_RECORD, /* replaces table ‖ key -> value */
    TOC_STORE_CHUNK,  /* one chunk of a large payload, keyed by payload hash and index */
};
/* Tables of records: C cards (key: org id), G group founding (group id), E epochs (group id ‖
 * 16-byte ref; value: u32 LE length ‖ envelope ‖ sealed E ‖ K ‖ tag key, see toc_epoch_rest_*),
 * B beacons (org id ‖ u16 node ‖ group id), W chunk lists (payload hash; value: chunk hashes). */
struct toc_store_op {
    enum toc_store_op_kind kind;
    uint8_t log[TOC_ID_BYTES];   /* RANGE */
    struct toc_span bytes;       /* RANGE: the range; CHUNK: the chunk; RECORD: the value */
    struct toc_log_head head;    /* RANGE: the head after it */
    char table;                  /* RECORD */
    uint8_t key[64];             /* RECORD */
    size_t key_len;
    uint8_t payload_hash[TOC_HASH_BYTES]; /* CHUNK */
    uint32_t index;              /* CHUNK */
};

/* ---- checks ------------------------------------------------------------------------------------ */
struct toc_check; /* opaque to the driver */
/* Runs a check. Pure; touches only the check's own memory and what it was lent. */
void toc_check_run(struct toc_check *check);

/* ---- events ------------------------------------------------------------------------------------ */
enum toc_event_kind {
    TOC_EVENT_LINK_UP,   /* link: a connection stands (dialled or accepted) */
    TOC_EVENT_LINK_DOWN, /* link: it ended, or dialling failed */
    TOC_EVENT_BYTES,     /* link, count: bytes were put into toc_core_receive_room */
    TOC_EVENT_SENT,      /* link, count: the kernel took that many of the bytes lent by SEND */
    TOC_EVENT_TIMER,     /* the time set last has come */
    TOC_EVENT_CHECKED,   /* check */
    TOC_EVENT_STORED,    /* id, err */
    TOC_EVENT_LOADED,    /* id, err, count: bytes written into the room lent by LOAD */
    TOC_EVENT_SUBMITTED, /* submit: publish an entry of our own */
    TOC_EVENT_INDEXED,   /* log, seq: indexed up to there (for beacons) */
    TOC_EVENT_STOP,      /* say BYE on all links; the driver closes them after the SENTs */
};

enum toc_submit_audience { TOC_SUBMIT_ALL, TOC_SUBMIT_GROUP, TOC_SUBMIT_ORGANISATIONS };

struct toc_submit {
    uint64_t id;                      /* the driver's; comes back in PUBLISHED */
    enum toc_submit_audience audience;
    uint8_t group[TOC_ID_BYTES];      /* GROUP */
    const uint8_t *organisations;     /* ORGANISATIONS: count × 32, any order, without ourselves */
    size_t organisation_count;
    uint8_t kind, class, tlp;         /* enum toc_kind, toc_class, toc_tlp */
    uint32_t expiry_hours;
    struct toc_span content;          /* plaintext: the core seals it */
};

struct toc_event {
    enum toc_event_kind kind;
    uint64_t link;
    bool dialled;                        /* LINK_UP */
    uint8_t source[16];                  /* LINK_UP: address as IPv6 (mapped for IPv4) */
    size_t count;                        /* BYTES, SENT, LOADED */
    struct toc_check *check;             /* CHECKED */
    uint64_t id;                         /* STORED, LOADED */
    struct toc_err err;                  /* STORED, LOADED */
    const struct toc_submit *submit;     /* SUBMITTED */
    uint8_t log[TOC_ID_BYTES];           /* INDEXED */
    uint64_t seq;                        /* INDEXED */
    struct toc_mono now;
    struct toc_utc now_utc;
    /* Fresh for LINK_UP, SUBMITTED, TIMER and CHECKED; wiped by nobody: the driver's duty. */
    const uint8_t *entropy;              /* TOC_ENTROPY_BYTES */
};

/* ---- actions ------------------------------------------------------------------------------------ */
enum toc_action_kind {
    TOC_ACTION_SEND,      /* link, bytes: write all of them in order; answer SENT as they go */
    TOC_ACTION_CLOSE,     /* link, err: close after what was lent is written; no LINK_DOWN follows */
    TOC_ACTION_DIAL,      /* link (new number chosen by the core), address: connect */
    TOC_ACTION_CHECK,     /* check: run it anywhere, answer CHECKED */
    TOC_ACTION_STORE,     /* id, ops: one transaction; answer STORED */
    TOC_ACTION_LOAD,      /* id, load: answer LOADED */
    TOC_ACTION_DELIVER,   /* log, seq: stored and readable up to there: index it */
    TOC_ACTION_PUBLISHED, /* id (of the submit), err, group, log, seq: durable, or refused */
    TOC_ACTION_TIMER,     /* when: replaces the one before */
    TOC_ACTION_RESUME,    /* link: toc_core_receive_room has room again */
    TOC_ACTION_NOTICE,    /* notice: one line for the operator's log */
};

enum toc_load_kind { TOC_LOAD_RANGE, TOC_LOAD_CHUNK, TOC_LOAD_CHUNK_LIST };
struct toc_load {
    enum toc_load_kind kind;
    uint8_t log[TOC_ID_BYTES]; /* RANGE: entries from `seq` on, to the end of their block or head */
    uint64_t seq;
    bool headers_only;
    uint8_t payload_hash[TOC_HASH_BYTES]; /* CHUNK, CHUNK_LIST (record W) */
    uint32_t index;
    struct toc_room room; /* to fill */
};

enum toc_notice_kind {
    TOC_NOTICE_LINK,      /* a link was established */
    TOC_NOTICE_LINK_GONE, /* an established link ended; err says why */
    TOC_NOTICE_REFUSED,   /* a peer broke a rule; err says which */
    TOC_NOTICE_GROUP,     /* a group became known */
    TOC_NOTICE_STORE,     /* a store failed: nothing is acknowledged until restart */
    TOC_NOTICE_CLOCK,     /* our clock differs from the peers' median by over 10 min */
};
struct toc_notice {
    enum toc_notice_kind kind;
    struct toc_err err;
    uint8_t org[TOC_ID_BYTES]; /* zero when unknown */
    uint16_t node;
    uint8_t source[16];
    uint8_t id[TOC_ID_BYTES]; /* log or group concerned */
};

struct toc_action {
    enum toc_action_kind kind;
    uint64_t link;
    uint64_t id;
    struct toc_err err;
    struct toc_span bytes;
    const char *address; /* DIAL: "host:port", terminated */
    struct toc_check *check;
    const struct toc_store_op *ops;
    size_t op_count;
    struct toc_load load;
    uint8_t group[TOC_ID_BYTES];
    uint8_t log[TOC_ID_BYTES];
    uint64_t seq;
    struct toc_mono when;
    struct toc_notice notice;
};

struct toc_actions {
    struct toc_action items[TOC_ACTIONS_MAX];
    size_t count;
};

/*
 * Takes one event, gives the actions that follow from it (`actions` is emptied first). Never
 * fails: what a peer does wrong ends its link. Work that would exceed TOC_ACTIONS_MAX waits for a
 * timer that is due at once.
 */
void toc_core_step(struct toc_core *core, const struct toc_event *event,
                   struct toc_actions *actions);

/* Where the driver may put received bytes of a link; len 0 = stop reading until RESUME (or the
 * link is unknown). Lends until the next step for that link. */
struct toc_room toc_core_receive_room(struct toc_core *core, uint64_t link);

/* ---- looking in: for status, peers, publishing; the driver's thread alone ---------------------- */
struct toc_link_view {
    uint64_t link;
    uint8_t org[TOC_ID_BYTES];
    uint16_t node;
    bool dialled, established;
    uint8_t version, suite;
    uint64_t sent_bytes, received_bytes;
    uint64_t rtt_ms;
    struct toc_mono since;
    int64_t clock_offset_ms; /* peer's clock minus ours at HELLO */
    size_t group_count;      /* shared */
    uint64_t behind_entries; /* entries the peer has told of that we lack */
};
/* Copies up to `max` views; gives how many links there are. */
size_t toc_core_view_links(const struct toc_core *core, struct toc_link_view *views, size_t max);

struct toc_group_view {
    uint8_t id[TOC_ID_BYTES];
    bool is_all, direct;
    char name[65];
    size_t member_count;
    uint64_t epoch_number;
    uint8_t epoch_ref[TOC_EPOCH_REF_BYTES];
};
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
/* Fails: ABSENT. */
TOC_MUST_USE struct toc_err toc_core_view_log(const struct toc_core *core,
                                              const uint8_t log[static TOC_ID_BYTES],
                                              struct toc_log_view *view);
size_t toc_core_log_count(const struct toc_core *core);
/* Beacons: what `org`'s node says of `log`; zeros when it said nothing. */
struct toc_receipt {
    uint64_t stored_seq, indexed_seq;
    struct toc_utc stored_at, indexed_at;
};
struct toc_receipt toc_core_view_receipt(const struct toc_core *core,
                                         const uint8_t org[static TOC_ID_BYTES], uint16_t node,
                                         const uint8_t log[static TOC_ID_BYTES]);
/* The directory of cards and the roster (trust.h). Lends until the next step. */
const struct toc_directory *toc_core_directory(const struct toc_core *core);
const struct toc_roster *toc_core_roster(const struct toc_core *core);
const uint8_t *toc_core_federation(const struct toc_core *core);

/* Opens a record of table E for readers: gives K. Fails: CORRUPT, DECRYPT. */
TOC_MUST_USE struct toc_err toc_epoch_rest_open(struct toc_span value,
                                                const uint8_t store_key[static TOC_KEY_BYTES],
                                                uint8_t k[static TOC_KEY_BYTES]);

#endif
