/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * peer: one link. Preamble, gate and handshake; encrypted messages in and out; frames, classes,
 * credit. No I/O: bytes come into a room, checks may run on another thread, bytes go out of one.
 *
 * A link lives through (state: what ends it)
 *   IDLE -> OPENING   initiator: preamble and message 1 are out, message 2 is awaited
 *        -> OPENING   responder: preamble and message 1 are awaited
 *        -> ANSWERING responder: message 1 was read; the core must admit the static key
 *        -> CONFIRM   responder: message 2 is out, the first transport message is awaited
 *        -> READY     the link is established
 *        -> FAILED    `err` says why; nothing more is read, what was queued is not sent
 *
 * Source: PROTOCOL.md sections 11 and 12; Noise revision 34.
 */
#ifndef TOC_PEER_H
#define TOC_PEER_H

#include "keys.h"
#include "log.h"
#include "noise.h"
#include "wire.h"

/*
 * Buffers: counted, of three sizes, shared by all links of a node. Untouched ones cost no memory.
 */

#define TOC_BUFFER_SMALL_BYTES 4096u
#define TOC_BUFFER_SMALL_COUNT 2048u
#define TOC_BUFFER_MIDDLE_BYTES 81920u /* a block of 64 x 1 KiB; an entry with one whole chunk */
#define TOC_BUFFER_MIDDLE_COUNT 320u
#define TOC_BUFFER_LARGE_BYTES 524288u /* the largest message: an epoch record of 1,024 members */
#define TOC_BUFFER_LARGE_COUNT 48u
#define TOC_BUFFER_TIERS 3u
/* While fewer than this part of a tier is free, each link makes do with what it holds already. */
#define TOC_BUFFER_SPARE_PART 4u

struct toc_buffer {
    uint8_t *at;
    uint32_t size, used;
    uint16_t refs;
    uint8_t tier;
    struct toc_buffer *next; /* free list */
};

struct toc_buffers {
    struct toc_buffer *free[TOC_BUFFER_TIERS];
    size_t free_count[TOC_BUFFER_TIERS];
};

/* Bytes of arena that toc_buffers_init takes. */
size_t toc_buffers_bytes(void);
/* Makes all buffers free. Lends: the arena's memory, for as long as the buffers are used. */
void toc_buffers_init(struct toc_buffers *buffers, struct toc_arena *arena);
/* A buffer of at least `size` bytes, `used` 0, of the smallest size that has one free. Gives: one
 * reference. NULL when none is free. */
struct toc_buffer *toc_buffer_take(struct toc_buffers *buffers, size_t size);
/* Would a buffer of `size` bytes come out of a tier that is not running low? What a peer can make
 * this node keep for long (messages that it does not finish, or does not read) asks first: so all
 * peers together leave a quarter of each tier to the others. */
bool toc_buffers_ample(const struct toc_buffers *buffers, size_t size);
/* How many more buffers for `size` bytes could be kept for what waits longest, leaving half of each
 * tier to all else. */
size_t toc_buffers_half(const struct toc_buffers *buffers, size_t size);
/* One reference more. */
void toc_buffer_hold(struct toc_buffer *buffer);
/* Takes one reference back; the last one frees the buffer. NULL is legal. */
void toc_buffer_drop(struct toc_buffers *buffers, struct toc_buffer *buffer);
/* The used bytes. Lends: while the caller holds a reference. */
struct toc_span toc_buffer_bytes(const struct toc_buffer *buffer);

/* Preamble and gate. */

#define TOC_MAGIC "TOCSIN"
#define TOC_PROTOCOL_VERSION 1u
#define TOC_SUITE_1 1u
#define TOC_PREAMBLE_BYTES 8u /* magic 6, version, suite */
#define TOC_GATE_BYTES 16u
/* Preamble, gate, u16 length and message 1: all that a stranger can make us keep. */
#define TOC_OPENING_BYTES (TOC_PREAMBLE_BYTES + TOC_GATE_BYTES + 2u + TOC_NOISE_MSG1_BYTES)
#define TOC_PROLOGUE_BYTES (TOC_PREAMBLE_BYTES + TOC_ID_BYTES)
#define TOC_SECRETS_MAX 2u /* the newest two generations of F are accepted */

/* First messages that were let through are remembered by their ephemeral keys, so that a recorded
 * one buys no second Diffie-Hellman. 4,096: weeks of honest openings; 32 KiB. */
#define TOC_OPENINGS_MAX 4096u
#define TOC_OPENING_KEY_BYTES 8u /* of each key: the rest would not tell more apart */

struct toc_openings {
    uint8_t keys[TOC_OPENINGS_MAX][TOC_OPENING_KEY_BYTES];
    size_t next;
};

/* Has the first message of this opening (TOC_OPENING_BYTES) come before?. */
bool toc_openings_seen(const struct toc_openings *openings, const uint8_t *opening);
/* Remembers it, in place of the oldest. */
void toc_openings_note(struct toc_openings *openings, const uint8_t *opening);

/* KDF(KDF(F, "gate", responder), "gate-tag", preamble ‖ message 1), cut to 16 bytes, for the
 * responder's static key. */
void toc_gate(uint8_t out[static TOC_GATE_BYTES], const uint8_t f[static TOC_KEY_BYTES],
              const uint8_t responder[static TOC_KEY_BYTES],
              const uint8_t preamble[static TOC_PREAMBLE_BYTES], struct toc_span message1);
/* psk = KDF(F, "psk", lower static key ‖ higher static key). */
void toc_psk(uint8_t out[static TOC_KEY_BYTES], const uint8_t f[static TOC_KEY_BYTES],
             const uint8_t a[static TOC_KEY_BYTES], const uint8_t b[static TOC_KEY_BYTES]);

/* A link. */

/* Two transport messages of 65,537 bytes and what comes while they are checked. */
#define TOC_RX_BYTES 196608u
/* One of two halves: one is on its way while the other fills. */
#define TOC_TX_BYTES 98304u
/* Frames of live and bulk take this long at the link's rate, so that an alert waits for few of
 * such. */
#define TOC_FRAME_MS 30u
#define TOC_FRAME_BYTES_MIN 1024u     /* shorter ones would be a good part heads */
#define TOC_FRAMES_AHEAD 2u           /* of them, ready to go */
#define TOC_RATE_WINDOW_MS 250u       /* a rate is measured over: eight frames */
#define TOC_QUEUE_MAX 256u            /* messages waiting of one class */
#define TOC_MESSAGE_BYTES_MAX 524288u /* one large buffer */
#define TOC_REKEY_MESSAGES 1048576u   /* 2^20, in each direction */
#define TOC_BULK_FLOOR 10u            /* of so many bytes while both wait, one is bulk */

enum toc_peer_state {
    TOC_PEER_IDLE,
    TOC_PEER_OPENING,
    TOC_PEER_ANSWERING,
    TOC_PEER_CONFIRM,
    TOC_PEER_READY,
    TOC_PEER_FAILED,
};

/* What both ends of a link need; lends, for the life of the node. */
struct toc_peer_self {
    const uint8_t *link_public, *link_secret;
    const uint8_t *federation;
    const uint8_t *secrets[TOC_SECRETS_MAX]; /* F, newest first */
    size_t secret_count;
};

/* What came first on a connection that somebody else has opened, `len` bytes of it up to
 * TOC_OPENING_BYTES: is it, as far as it goes, an opening for us? Costs two hashes when it is
 * whole; then *secret is the F that opens the gate. Fails: VERSION, HANDSHAKE (a length), GATE.
 * */
TOC_MUST_USE struct toc_err toc_opening_check(const struct toc_peer_self *self,
                                              const uint8_t *bytes, size_t len, size_t *secret);

struct toc_outgoing {
    struct toc_buffer *buffer;
    uint32_t done; /* bytes already framed */
    uint8_t type;
};

struct toc_queue {
    struct toc_outgoing items[TOC_QUEUE_MAX];
    size_t first, count;
    uint64_t bytes; /* of bodies, not yet framed */
};

/* How fast a link takes what it is given. Time is an argument; zeroed is a link of which nothing is
 * known. */
struct toc_rate {
    uint64_t bytes_s;      /* 0: not known */
    struct toc_mono begun; /* of the window that runs */
    uint64_t bytes;        /* that have left since */
    bool running, paused;  /* paused: for a part of it there was nothing to send */
    bool loaded;           /* one window at least had always something to send */
};
/* There is something to send: a window begins if none runs. */
void toc_rate_offered(struct toc_rate *rate, struct toc_mono now);
/* There is nothing to send. */
void toc_rate_paused(struct toc_rate *rate);
/* So many bytes have left. */
void toc_rate_sent(struct toc_rate *rate, size_t bytes, struct toc_mono now);
/* The longest body of a frame of live or bulk. */
uint32_t toc_rate_frame_bytes(const struct toc_rate *rate);

/* Credit of one class in one direction: body bytes since the link began, granted and used. */
struct toc_credit {
    uint64_t granted, used;
};

/* What every step of a node looks at on each of its links stands first, close together. */
struct toc_peer {
    enum toc_peer_state state;
    uint32_t queued; /* messages in all queues */
    /* Sending: half `fill` is written, the other is lent while lent_len is not 0. */
    size_t tx_len[2], lent_done;
    int fill;
    bool lent;
    /* Receiving: rx[0, rx_opened) is checked and being read, up to rx_len raw. */
    bool check_out, check_opening;
    size_t rx_len, rx_checking, rx_opened, rx_at, rx_frame, rx_frame_end;
    struct toc_rate rate;
    /* By class, of live and bulk alone. */
    struct toc_credit out[TOC_CLASS_COUNT], in[TOC_CLASS_COUNT];
    uint8_t *rx, *tx[2];
    struct toc_err err;
    enum toc_noise_role role;
    const struct toc_peer_self *self;
    uint8_t remote[TOC_KEY_BYTES]; /* the other side's static key */
    size_t secret;                 /* which F opened the gate */
    uint8_t handshake_hash[TOC_HASH_BYTES];
    struct toc_noise noise;
    struct toc_cipher tx_cipher, rx_cipher;
    struct toc_err check_err;
    uint8_t answer[TOC_NOISE_MSG2_BYTES];
    struct toc_buffer *partial[TOC_CLASS_COUNT];
    uint8_t partial_type[TOC_CLASS_COUNT];
    uint64_t since_bulk; /* bytes of live, sent while bulk waited */
    uint64_t sent_bytes, received_bytes;
    struct toc_queue queues[TOC_CLASS_COUNT];
};

/* Arena bytes for one link's memory. */
size_t toc_peer_bytes(void);
/* Gives a link its memory, once; it is then IDLE. `peer` is zeroed: it is not written to but for
 * pointers, so that links that never stand take no memory. Lends: arena and self, for the link's
 * life. */
void toc_peer_init(struct toc_peer *peer, struct toc_arena *arena,
                   const struct toc_peer_self *self);
/* Starts as initiator towards `remote`, or (remote NULL) as responder. `entropy`: 32 fresh bytes.
 */
void toc_peer_start(struct toc_peer *peer, const uint8_t *remote, const uint8_t *entropy);
/* Ends a link and gives its buffers back; the memory stays for the next start. Must not be called
 * while a check is out. */
void toc_peer_reset(struct toc_peer *peer, struct toc_buffers *buffers);

/* Where received bytes go; len 0 when full, idle or failed. A stranger gets 122 bytes.
 * Lends: until the next call that takes this link. */
struct toc_room toc_peer_receive_room(struct toc_peer *peer);
/* `count` bytes were put there; asserts that there was room for them. */
void toc_peer_received(struct toc_peer *peer, size_t count);

/* Is there something to check, and no check out? Then it counts as out until toc_peer_checked.
 * Refuses (state FAILED) at once what needs no Diffie-Hellman: VERSION, GATE, HANDSHAKE (a
 * length), DECRYPT (a message shorter than its tag).. */
bool toc_peer_check_due(struct toc_peer *peer);
/* The check: pure, may run on any thread; touches nothing that the functions above touch. */
void toc_peer_check_run(struct toc_peer *peer);
/* Takes the result: the state moves on, or becomes FAILED with HANDSHAKE or DECRYPT. */
void toc_peer_checked(struct toc_peer *peer);
/* In state ANSWERING: the core accepts `remote`; message 2 goes out, state CONFIRM. */
void toc_peer_admit(struct toc_peer *peer);
/* Ends in FAILED with `err` (first failure is kept). */
void toc_peer_fail(struct toc_peer *peer, struct toc_err err);

/* A received message. `buffer` is NULL for a message that lay in one frame: then `body` lives until
 * the next call; else the caller owns one reference. */
struct toc_message {
    uint8_t type;
    enum toc_class class;
    struct toc_span body;
    struct toc_buffer *buffer;
};
/* The next whole message. False: none now (or the link failed: TRUNCATED, MALFORMED, LIMIT, CREDIT;
 * ), or no buffer is to be had: *stalled is then true, and the same call works when
 * one is. Messages that the caller wants in a buffer of its own (`keep` says so by type) are always
 * given in one. */
bool toc_peer_next_message(struct toc_peer *peer, struct toc_buffers *buffers,
                           bool (*keep)(uint8_t type), struct toc_message *message, bool *stalled);

/* Queues a message. Takes: one reference of `buffer` (dropped when sent), whose used bytes are the
 * body; an alert's fit one frame (asserted). False: the queue is full or the link is not READY; the
 * reference stays the caller's. */
bool toc_peer_queue(struct toc_peer *peer, uint8_t type, enum toc_class class,
                    struct toc_buffer *buffer);
/* The same with a copy of `body`. False also when no buffer is free. */
bool toc_peer_send(struct toc_peer *peer, struct toc_buffers *buffers, uint8_t type,
                   enum toc_class class, struct toc_span body);
/* Messages waiting in a class. */
size_t toc_peer_waiting(const struct toc_peer *peer, enum toc_class class);
/* May a message of `bytes` be queued in `class`, live or bulk, so that what this peer does not
 * read, or gives no credit for, pins few buffers of the tier of `bytes`? */
bool toc_peer_has_room(const struct toc_peer *peer, const struct toc_buffers *buffers,
                       enum toc_class class, size_t bytes);
/* Live and bulk bodies count against credit, each class against its own. */
static inline bool toc_class_is_charged(enum toc_class class)
{
    return class == TOC_CLASS_LIVE || class == TOC_CLASS_BULK;
}
/* The class of an INVITE or BEACON of so many bytes. */
static inline enum toc_class toc_class_of_record(size_t bytes)
{
    return bytes <= TOC_FRAME_BODY_BYTES_MAX ? TOC_CLASS_CONTROL : TOC_CLASS_LIVE;
}
/* Bytes of live and bulk bodies that have come. */
static inline uint64_t toc_peer_charged_in(const struct toc_peer *peer)
{
    return peer->in[TOC_CLASS_LIVE].used + peer->in[TOC_CLASS_BULK].used;
}
/* Frames and encrypts what is queued, as far as memory, classes and credit allow. Only in
 * state READY. */
void toc_peer_pump(struct toc_peer *peer, struct toc_buffers *buffers);
/* Bytes to hand to the network; empty while the ones before are on their way. Lends: until all of
 * them were reported by toc_peer_sent, or toc_peer_reset. */
struct toc_span toc_peer_take_out(struct toc_peer *peer, struct toc_mono now);
/* `count` of the bytes lent have left; asserts that so many were lent. */
void toc_peer_sent(struct toc_peer *peer, size_t count, struct toc_mono now);
/* A whole frame of live or bulk, as long as they are now, in bytes of the connection: of two such
 * the network may hold more than it has sent. */
uint32_t toc_peer_frame_bytes(const struct toc_peer *peer);

#endif
