/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * evil: a member of a federation with valid keys, certificate and F that lies to one node. What it
 * says is the same whether the node is a core in virtual time (core.c) or a tocsind over TCP
 * (wire.c): both lend it an `evil_net`.
 */
#ifndef TOC_TEST_EVIL_H
#define TOC_TEST_EVIL_H

#include "chain.h"
#include "peer.h"
#include "replica.h"
#include "sync.h"
#include "trust.h"

#define EVIL_PARTIES 4u
#define EVIL_ROWS 32u
#define EVIL_CREDIT (UINT64_C(1) << 60)
/* For whatever an honest node answers at once: ten times what a loaded machine needs. */
#define EVIL_ANSWER_MS 20000u
#define EVIL_BODY_BYTES (TOC_MESSAGE_BYTES_MAX + TOC_FRAME_BODY_BYTES_MAX)

/* How far the link is brought before a lie is told. */
enum evil_stage {
    EVIL_TCP,     /* a connection, no byte said */
    EVIL_SHAKEN,  /* our side of the handshake is done; nothing sent behind it */
    EVIL_GREETED, /* HELLO was said */
    EVIL_JOINED,  /* TAGS name the group of all */
    EVIL_GROUPED, /* and a new group of us and the victim, in which evil->chain is our empty log */
};

/* What must come of it. But for TAKEN and STORED nothing in the victim's state may change. */
enum evil_outcome {
    EVIL_TAKEN,   /* no lie: the state changes, the link stays */
    EVIL_HEARD,   /* no lie: nothing to keep, the link stays */
    EVIL_REFUSED, /* the link ends with `code`, and the log names us */
    EVIL_IGNORED, /* the link stays */
    EVIL_ENDED,   /* the link ends without a word about us */
    EVIL_NOTED,   /* the link stays, and the log names us with `code` */
    EVIL_STORED,  /* what we say of ourselves stands in our log, and harms nobody */
    EVIL_BOUNDED, /* the lie itself compares what it costs with a bound */
};

struct evil;

struct evil_lie {
    const char *name;
    void (*tell)(struct evil *evil);
    enum evil_stage stage;
    enum evil_outcome outcome;
    enum toc_code code;
    uint64_t arg;
    uint8_t type; /* of the one message that evil_tell_body says */
    enum toc_class class;
    const char *body;
    size_t body_bytes;
    bool is_slow; /* takes minutes: in virtual time alone */
};

struct evil_table {
    const struct evil_lie *lies;
    size_t count;
};
#define EVIL_TABLES 8u
extern const struct evil_table *const evil_tables[EVIL_TABLES];

struct evil_net {
    void (*connect)(struct evil *evil); /* to the victim */
    void (*put)(struct evil *evil, struct toc_span bytes);
    void (*wait)(struct evil *evil, uint64_t ms); /* what comes goes to evil_on_bytes */
    void (*hang_up)(struct evil *evil);
    void (*entropy)(struct evil *evil, uint8_t *out, size_t len);
    uint64_t (*utc_ms)(struct evil *evil);
    void (*mark)(struct evil *evil);   /* the victim's state is to stay as it is now */
    void (*stored)(struct evil *evil); /* it has changed since the mark: waits until it has */
    void (*fail)(struct evil *evil, const char *what); /* ends the lie; does not return */
};

struct evil_party {
    struct toc_card card;
};

/* A group that we have founded. */
struct evil_group {
    uint8_t id[TOC_ID_BYTES], tag_key[TOC_KEY_BYTES], k[TOC_KEY_BYTES];
    uint8_t epoch[TOC_EPOCH_REF_BYTES];
};

struct evil {
    const struct evil_net *net;
    void *context; /* the net's */
    const struct evil_lie *lie;
    /* Who we are, and who the others are. */
    struct toc_node_keys keys;
    struct toc_sign_keys log_keys, org_keys;
    uint8_t f[TOC_KEY_BYTES], federation[TOC_ID_BYTES], all[TOC_ID_BYTES];
    struct toc_genesis genesis;
    struct toc_epoch_secret epoch; /* of the group of all */
    struct evil_party me, victim, witness, absent;
    const struct evil_party *aim; /* whom evil_reach connects to: the victim, mostly */
    uint8_t *genesis_memory;
    /* The link. */
    struct toc_peer_self self;
    struct toc_peer peer;
    struct toc_buffers buffers;
    uint8_t *memory;
    bool connected, deaf;
    bool closed;        /* by the victim */
    bool stalled;       /* the victim has read nothing for a while */
    struct toc_err why; /* of the end, where the net can tell */
    size_t count[256];  /* messages by type */
    struct toc_span last[256];
    struct toc_span rows[EVIL_ROWS]; /* the newest VROWs, by count */
    struct evil_group group;
    struct chain *chain;
    uint8_t *body; /* EVIL_BODY_BYTES of scratch */
};

#define EVIL_NEED(evil, condition)                                                                 \
    ((condition) ? (void)0 : (evil)->net->fail((evil), "not so: " #condition))

/* Takes its keys; `genesis` is copied. `victim` and `witness` are handles. */
void evil_init(struct evil *evil, const struct evil_net *net, struct toc_span genesis,
               const char *victim, const char *witness);
void evil_clear(struct evil *evil);

/* Connects anew (the link before is forgotten) and brings the link to a stage. */
void evil_reach(struct evil *evil, enum evil_stage stage);
void evil_leave(struct evil *evil);
/* The net's: bytes have come; the victim has closed. */
void evil_on_bytes(struct evil *evil, struct toc_span bytes);
void evil_on_closed(struct evil *evil, struct toc_err why);

void evil_wait(struct evil *evil, uint64_t ms);
/* Waits, and says an empty transport message now and then: the link lives. */
void evil_linger(struct evil *evil, uint64_t ms);
/* Waits until `count` messages of a type have come, or the bound is over. */
bool evil_hears(struct evil *evil, uint8_t type, size_t count, uint64_t ms);
/* Does the victim still answer a PING on this link? */
bool evil_answers(struct evil *evil);
/* A bound that a lie must keep to. */
void evil_most(struct evil *evil, const char *what, uint64_t got, uint64_t most);
void evil_mark(struct evil *evil);
/* What was said is stored, and what follows must change nothing. */
void evil_stored(struct evil *evil);

void evil_say(struct evil *evil, uint8_t type, enum toc_class class, struct toc_span body);
void evil_put(struct evil *evil, struct toc_span bytes);
/* One transport message with this plaintext, whatever it is. */
void evil_frames(struct evil *evil, struct toc_span plain);
/* One frame in a transport message of its own. */
void evil_frame(struct evil *evil, uint8_t type, uint8_t flags, struct toc_span body);
/* So many bytes of `fill`, in evil->body. */
struct toc_span evil_fill(struct evil *evil, uint8_t fill, size_t len);
void evil_flush(struct evil *evil);

struct toc_hello evil_hello(struct evil *evil);
void evil_say_hello(struct evil *evil, const struct toc_hello *hello);
/* TAGS with the group of all and, if given, another one. */
void evil_say_tags(struct evil *evil, const struct evil_group *group);
/* Our log in a group (NULL: of all; the federation id: the control log), empty. */
void evil_begin_chain(struct evil *evil, const uint8_t *group);
void evil_log_of(const struct evil *evil, const struct evil_party *party, const uint8_t *group,
                 uint8_t out[TOC_ID_BYTES]);
/* A range of the chain, in memory that lasts until the next call. */
struct toc_span evil_range(struct evil *evil, uint64_t first, uint64_t last);
void evil_say_range(struct evil *evil, uint64_t first, uint64_t last);
/* The head of a VROW about all buckets. */
void evil_rows_head(uint8_t body[TOC_VROW_HEAD_BYTES], const uint8_t *group, uint8_t last);
void evil_say_row(struct evil *evil, const uint8_t *group, const uint8_t *log, uint64_t seq);
void evil_say_want(struct evil *evil, const struct toc_want *want);
/* The row of a log that the victim tells, after a VTOP of zeros. False: it tells none. */
bool evil_row_of(struct evil *evil, const uint8_t *group, const uint8_t *log, struct toc_row *row);
/* Our log in a group, from where the victim holds it. */
void evil_resume_chain(struct evil *evil, const uint8_t *group);
/* One more entry of the chain, signed. A bulletin names the epoch of evil->group. */
struct chain_entry *evil_append(struct evil *evil, enum toc_kind kind, struct toc_span payload);

/* What an invitation of ours says; each field bends one thing. */
struct evil_invite {
    bool without_us, foreign_key, foreign_committer, other_epoch_members, other_group, later_roster;
    bool broken_wrap, no_wrap, stranger_member, not_founder, later_epoch, other_federation;
    bool tag_broken, foreign_epoch_key;
    int flip;             /* 1: a bit of the founding's signature, 2: of the epoch's */
    int form;             /* 1: one item, 2: three, 3: bytes behind, 4: cut off */
    const uint8_t *third; /* organisation, a member too */
};
struct toc_span evil_make_invite(struct evil *evil, const struct evil_invite *invite,
                                 struct evil_group *out);
/* Founds a group with the victim, waits until it is taken, and shares it on this link. */
void evil_found(struct evil *evil, const struct evil_invite *invite, struct evil_group *out);

/* Says lie->type, class and body. */
void evil_tell_body(struct evil *evil);

#define EVIL_LINES(rows) rows, sizeof(rows) / sizeof((rows)[0])
#define EVIL_SAY(type_, class_, text)                                                              \
    .tell = evil_tell_body, .type = (type_), .class = (class_), .body = (text),                    \
    .body_bytes = sizeof(text) - 1

extern const struct evil_table evil_table_truth, evil_table_link, evil_table_body, evil_table_log,
    evil_table_tell, evil_table_piece, evil_table_group, evil_table_flood;

#endif
