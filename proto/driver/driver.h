/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * driver: the events that a driver gives to the core and the actions that it gets back. Whoever
 * drives a core includes core.h, where contract and glossary stand.
 */
#ifndef TOC_DRIVER_H
#define TOC_DRIVER_H

#include "keys.h"
#include "log.h"

/* Bounds. */
#define TOC_LINKS_MAX 64u      /* links: n <= 9 all, above that 12 at most, rest half-open */
#define TOC_GROUPS_MAX 4096u   /* direct audiences included; 0.6 KiB each */
#define TOC_LOGS_MAX 65536u    /* (node, group) pairs that hold entries or are expected to */
#define TOC_ENTROPY_BYTES 192u /* founding a direct group draws most: 32 + 128 + 19 */
#define TOC_ACTIONS_MAX 1024u  /* see toc_core_step */
#define TOC_ADDRESS_TEXT_BYTES 129u
#define TOC_STORE_OPS_MAX 8u

/* Store jobs. */
enum toc_store_op_kind {
    TOC_STORE_RANGE,  /* entries of a log that follow its stored head (or overlap it) */
    TOC_STORE_RECORD, /* replaces table ‖ key -> value */
    TOC_STORE_CHUNK,  /* one chunk of a large payload, keyed by payload hash and index */
};
/* A RECORD with an empty value removes the key. Tables of records: C cards (key: org id), G
 * invitations (group id; value: founding and newest epoch record as INVITE carries them), E epochs
 * (group id ‖ 16-byte ref; value: u32 LE length ‖ envelope ‖ sealed E ‖ K ‖ tag key, see
 * toc_epoch_rest_*), B beacons (org id ‖ u16 node ‖ group id), W chunk lists (payload hash; value:
 * chunk hashes), P payloads still missing (log id ‖ u64 BE seq; value: u32 LE length ‖ payload
 * hash, and if some of its chunks are stored a set of 256 bits: bit i % 8 of byte i / 8 for i). */
struct toc_store_op {
    enum toc_store_op_kind kind;
    uint8_t log[TOC_ID_BYTES]; /* RANGE */
    struct toc_span bytes;     /* RANGE: the range; CHUNK: the chunk; RECORD: the value */
    struct toc_log_head head;  /* RANGE: the head after it */
    char table;                /* RECORD */
    uint8_t key[72];           /* RECORD */
    size_t key_len;
    uint8_t payload_hash[TOC_HASH_BYTES]; /* CHUNK */
    uint32_t index;                       /* CHUNK */
};

/* Checks. */
struct toc_check; /* its content is the core's */
/* Runs a check. Pure; touches only the check's own memory and what it was lent. */
void toc_check_run(struct toc_check *check);
/* Does it cost less than handing it to another thread and back, about 150 us at most? One frame to
 * open, or one signature and the hashes of so many bytes. */
#define TOC_CHECK_LIGHT_BYTES 16384u
bool toc_check_is_light(const struct toc_check *check);

/* Events. */
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
    TOC_EVENT_INDEXED,   /* log, seq: indexed up to there (for beacons); late: that entry is */
    TOC_EVENT_STOP,      /* BYE where there is room, and CLOSE, on all links */
};

enum toc_submit_audience { TOC_SUBMIT_ALL, TOC_SUBMIT_GROUP, TOC_SUBMIT_ORGANISATIONS };

struct toc_submit {
    uint64_t id; /* the driver's; comes back in PUBLISHED */
    enum toc_submit_audience audience;
    uint8_t group[TOC_ID_BYTES];  /* GROUP */
    const uint8_t *organisations; /* ORGANISATIONS: count × 32, any order, without ourselves */
    size_t organisation_count;
    uint8_t kind, class, tlp; /* enum toc_kind, toc_class, toc_tlp */
    uint32_t expiry_hours;
    struct toc_span content; /* plaintext: the core seals it */
    /* A further one of the same audience, kind and class, with the id after this one's; NULL: none.
     * They are stored and signed together where they fit. */
    const struct toc_submit *next;
    uint8_t entropy[32]; /* of a further one, fresh; the first has the event's */
};

struct toc_event {
    enum toc_event_kind kind;
    uint64_t link;      /* never 0; dialled ones as DIAL named them (odd), accepted ones even */
    bool dialled;       /* LINK_UP */
    uint8_t source[16]; /* LINK_UP: address as IPv6 (mapped for IPv4) */
    size_t count;       /* BYTES, SENT, LOADED */
    struct toc_check *check;         /* CHECKED */
    uint64_t id;                     /* STORED, LOADED */
    struct toc_err err;              /* STORED, LOADED; LINK_DOWN: why, where it is known */
    const struct toc_submit *submit; /* SUBMITTED */
    uint8_t log[TOC_ID_BYTES];       /* INDEXED */
    uint64_t seq;                    /* INDEXED */
    bool late;                       /* INDEXED */
    struct toc_mono now;
    struct toc_utc now_utc;
    /* Fresh for LINK_UP, SUBMITTED, TIMER and CHECKED; wiped by nobody: the driver's duty. */
    const uint8_t *entropy; /* TOC_ENTROPY_BYTES */
};

/* Actions. */
enum toc_action_kind {
    TOC_ACTION_SEND,    /* link, bytes, frame_bytes: write all of them in order; answer SENT as they
                           go */
    TOC_ACTION_CLOSE,   /* link, err: what was lent is void after this step: write at once what the
                           kernel takes, then close; no event of this link follows */
    TOC_ACTION_DIAL,    /* link (new number chosen by the core), address: connect */
    TOC_ACTION_CHECK,   /* check: run it anywhere, answer CHECKED */
    TOC_ACTION_STORE,   /* id, ops: one transaction; answer STORED */
    TOC_ACTION_LOAD,    /* id, load: answer LOADED */
    TOC_ACTION_DELIVER, /* log, seq: stored up to there: index it. late: the payload of entry seq,
                           missing before, has come: index that one, answer INDEXED late */
    TOC_ACTION_PUBLISHED, /* id (of the submit), err, group, log, seq: durable, or refused; and so
                             are the submit_count - 1 behind it, in the entries behind it */
    TOC_ACTION_TIMER,     /* when: replaces the one before */
    TOC_ACTION_RESUME,    /* link: toc_core_receive_room has room again */
    TOC_ACTION_NOTICE,    /* notice: one line for the operator's log */
};

enum toc_load_kind { TOC_LOAD_RANGE, TOC_LOAD_CHUNK, TOC_LOAD_CHUNK_LIST, TOC_LOAD_RECORD };
struct toc_load {
    enum toc_load_kind kind;
    uint8_t log[TOC_ID_BYTES]; /* RANGE: entries from `seq` on, to the end of their block or head */
    uint64_t seq;              /* CHUNK, CHUNK_LIST: of the payload that this entry declares */
    bool headers_only;
    uint32_t index;  /* CHUNK */
    char table;      /* RECORD */
    uint8_t key[72]; /* RECORD */
    size_t key_len;
    struct toc_room room; /* to fill */
};

enum toc_notice_kind {
    TOC_NOTICE_LINK,      /* a link was established */
    TOC_NOTICE_LINK_GONE, /* an established link ended; err says why */
    TOC_NOTICE_REFUSED,   /* a peer broke a rule; err says which */
    TOC_NOTICE_GROUP,     /* a group became known */
    TOC_NOTICE_STORE,     /* a store failed: nothing is acknowledged until restart */
    TOC_NOTICE_CLOCK,     /* our clock differs from the peers' median by over 10 min */
    TOC_NOTICE_QUOTA,     /* our own organisation publishes more than others push */
    TOC_NOTICE_LAG,       /* others hold more than we get */
    TOC_NOTICE_CAUGHT_UP, /* no more so */
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
    uint32_t frame_bytes; /* SEND: a whole frame of this link by now; the kernel holds two unsent */
    const char *address;  /* DIAL: "host:port", terminated */
    struct toc_check *check;
    const struct toc_store_op *ops;
    size_t op_count;
    size_t submit_count; /* PUBLISHED */
    struct toc_load load;
    uint8_t group[TOC_ID_BYTES];
    uint8_t log[TOC_ID_BYTES];
    uint64_t seq;
    bool late; /* DELIVER */
    struct toc_mono when;
    struct toc_notice notice;
};

struct toc_actions {
    struct toc_action items[TOC_ACTIONS_MAX];
    size_t count;
};

/* Why there is a link: PROTOCOL.md. */
enum toc_link_why {
    TOC_WHY_ACCEPTED, /* the other side wanted it */
    TOC_WHY_OWN,      /* a node of our own organisation */
    TOC_WHY_ALL,      /* the federation is small: everybody is linked with everybody */
    TOC_WHY_NEAR,     /* chosen, and its RTT is in the lowest third of those known */
    TOC_WHY_MID,      /* in the middle third, or nothing to compare with is known */
    TOC_WHY_FAR,      /* in the highest third */
    TOC_WHY_GROUP,    /* a group has too few links otherwise */
    TOC_WHY_VISIT,    /* for a while: its organisation lacks something, or it is its turn */
    TOC_WHY_SOUGHT,   /* part of those before seemed to withhold something */
};

/* For the rooms that make up the core. */

/* One step's surroundings: where actions go, what time it is, fresh bytes. */
struct toc_turn {
    struct toc_actions *actions;
    struct toc_mono now;
    struct toc_utc now_utc;
    const uint8_t *entropy; /* TOC_ENTROPY_BYTES or NULL */
};
/* The next action, zeroed but for its kind. Asserts that there is room: toc_turn_room is asked
 * before anything whose number a peer decides. */
struct toc_action *toc_turn_emit(struct toc_turn *turn, enum toc_action_kind kind);
/* Is there room for `count` more actions and those that end a step? */
bool toc_turn_room(const struct toc_turn *turn, size_t count);

enum toc_check_kind { TOC_CHECK_PEER, TOC_CHECK_RANGE, TOC_CHECK_CHUNK };
/* The head of every check; what it is about follows in the type that holds it. */
struct toc_check {
    enum toc_check_kind kind;
};

#endif
