/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * links: the table of links of a node: dialling, strangers, admission, duplicates, liveness. A link
 * that is established is handed upwards; what is said on it is replica's business.
 *
 * A place in the table goes FREE -> DIALLING (we connect) or OPEN (a connection stands) -> CLOSING
 * (its number is forgotten, a check is still out) -> FREE.
 *
 * Source: PROTOCOL.md sections 11 and 12.
 */
#ifndef TOC_LINKS_H
#define TOC_LINKS_H

#include "driver.h"
#include "peer.h"
#include "sync.h"
#include "trust.h"

#define TOC_HANDSHAKE_MS_MAX 5000u    /* from connection to established, and on to HELLO */
#define TOC_PING_MS 25000u            /* keepalive: below the 30 s of common NAT time-outs */
#define TOC_PING_RARE_MS 300000u      /* of who was dialled and is pinged: for the round trip */
#define TOC_DEAD_MS 75000u            /* three keepalives without a byte, in or out */
#define TOC_LINK_AGE_MS_MAX 86400000u /* a fresh handshake every 24 h */
#define TOC_DIAL_MS_MIN 250u          /* first pause of the backoff */
#define TOC_DIAL_MS_MAX 60000u        /* last */
#define TOC_NEWS_MS 5000u             /* news of a node are worth an attempt, so often at most */
#define TOC_DIAL_TICK_MAX 4u          /* nodes dialled in a second, where not all are */
/* How many links are sought. */
#define TOC_ALL_NODES_MAX 9u       /* up to so many other nodes: all */
#define TOC_SOUGHT_SMALL 6u        /* up to TOC_SMALL_NODES_MAX */
#define TOC_SOUGHT_MIDDLE 8u       /* up to TOC_MIDDLE_NODES_MAX */
#define TOC_SOUGHT_LARGE 12u       /* above */
#define TOC_SMALL_NODES_MAX 64u    /* a national federation */
#define TOC_MIDDLE_NODES_MAX 1000u /* an international one */
#define TOC_DIALLED_EIGHTHS 3u     /* of the places for links that we want, where not all are */
#define TOC_ACCEPTED_EIGHTHS 3u    /* and for those that others want; the rest is half-open */
#define TOC_FILL_MS 10000u         /* others have so long to dial us before we dial the rest */
#define TOC_SURVEY_MS 60000u       /* the directory is looked over anew */
#define TOC_PROBE_MS 30000u        /* a node's distance is measured by a handshake */
#define TOC_PROBED_MAX 64u         /* nodes so measured; from then on rarely */
#define TOC_PROBE_RARE_MS 600000u  /* then */
#define TOC_SETTLED_MS 300000u     /* a link that stands for less is not given up */
#define TOC_PRUNE_MS 60000u        /* one link too many is given up at a time */
#define TOC_SWAP_MS 300000u        /* and one for another that fits better */
#define TOC_SWAP_GAIN_MS 5u        /* by so much at least, and by a quarter */
#define TOC_UNWANTED_MS 600000u    /* who said that a link is not needed is let alone */
#define TOC_DISTINCT_ORGS_MIN 3u   /* links to so many organisations are never given up */
#define TOC_GROUP_LINKS 3u         /* inside every group that is in use */
#define TOC_GROUP_LINKS_MIDDLE 4u  /* above TOC_GROUP_MIDDLE members */
#define TOC_GROUP_LINKS_LARGE 5u   /* above TOC_GROUP_LARGE */
#define TOC_GROUP_MIDDLE 100u
#define TOC_GROUP_LARGE 300u
#define TOC_VISITS_MAX 8u          /* members visited at a time */
#define TOC_VISIT_MS 60000u        /* without anything new a visit ends */
#define TOC_VISIT_MS_MAX 300000u   /* and with a member that never confirms */
#define TOC_VISIT_TURN_MS 3600000u /* one member of each quiet group an hour */
#define TOC_VISIT_GROUPS 64u       /* groups looked at in a second */
/* What a peer may have on the way of each class; with 200 ms there and back, 80 and 240 Mbit/s. */
#define TOC_CREDIT_LIVE_BYTES 2097152u
#define TOC_CREDIT_BULK_BYTES 6291456u
#define TOC_CREDIT_STEP_PART 8u /* a grant for each eighth of a window that was used */
/* Connections of which nobody knows who is behind them: a row each, and no place of a link. */
#define TOC_STRANGERS_MAX 512u
#define TOC_STRANGERS_CERTIFIED 128u   /* of them for addresses of members alone */
#define TOC_STRANGERS_SOURCE 8u        /* of one source (/24 or /56) */
#define TOC_STRANGERS_SOURCE_KNOWN 64u /* of a member's: many nodes may be behind one address */
/* Behind the gate: of the places, for addresses of members, and as much again for all others. */
#define TOC_HALF_OPEN_EIGHTHS 1u
#define TOC_OPENING_MS 50u   /* one opening of a source costs so much of its time: 20 a second */
#define TOC_OPENING_BURST 5u /* so many at once */
#define TOC_OPENING_BURST_KNOWN 64u /* of a member's address */
#define TOC_CERTIFIED_BITS 1048576u /* a set of members' addresses by a secret hash: 128 KiB */
#define TOC_SOURCES_MAX 256u        /* sources remembered */
#define TOC_SOURCE_BYTES 8u
#define TOC_SEEK_LINKS 3u   /* other links that one suspicion is worth in a minute */
#define TOC_NOTICE_MS 1000u /* at most one notice about strangers: they must not fill a log */

enum toc_link_state { TOC_LINK_FREE, TOC_LINK_DIALLING, TOC_LINK_OPEN, TOC_LINK_CLOSING };

#define TOC_GROUP_SET_BYTES (TOC_GROUPS_MAX / 8u)

struct toc_link {
    struct toc_check check; /* first: a check of kind PEER is a link */
    enum toc_link_state state;
    uint64_t id;
    uint32_t place; /* in the table */
    bool dialled, established, paused, hello_seen, tags_seen;
    bool vtop_due, invites_due, tags_due; /* for replica, as what follows `useful` */
    bool answers_due, serving; /* it may be owed rows or buckets; may have asked for entries */
    bool grant_due; /* more has been dealt with since the last look at what may be granted */
    uint64_t taken_bytes[TOC_CLASS_COUNT]; /* of live and bulk, what we have dealt with */
    struct toc_mono vtop_at, tags_at;
    struct toc_peer peer;
    uint8_t source[16];
    bool certified;                /* accepted from an address of a member */
    uint8_t target[TOC_KEY_BYTES]; /* DIALLING, or dialled: the static key sought */
    uint8_t org[TOC_ID_BYTES];
    uint16_t node;
    struct toc_hello hello;
    int64_t clock_offset_ms;
    struct toc_mono opened, heard, pinged, lent;
    struct toc_mono ping_heard; /* 0: none yet */
    bool ping_out;
    uint64_t rtt_ms;
    /* How links are chosen. */
    enum toc_link_why why;
    bool probe;             /* ends with the handshake, which tells how far the node is */
    bool suspected;         /* set from outside: goes first when others are sought */
    bool exchanged;         /* SOUGHT: a suspected one has gone for it */
    uint16_t slot;          /* of its card in the directory; valid while dialled or established */
    uint16_t of_card;       /* place of its certificate in the card */
    struct toc_mono begun;  /* our half of the handshake was sent: tells the RTT */
    struct toc_mono useful; /* a visit was of use */
    /* What replica keeps about a link. */
    uint8_t shared[TOC_GROUP_SET_BYTES]; /* groups that both sides know, by place in the ledger */
    uint8_t invited[TOC_GROUP_SET_BYTES];
    uint32_t wants_out;      /* items that were asked of this link and have not all come */
    uint32_t unmet;          /* items that never came, less the blocks that did */
    uint64_t kept_bytes;     /* of received messages, until they are stored */
    uint64_t work_us;        /* the time by which the work that it caused is paid for */
    uint32_t futile;         /* costly messages that led to nothing; one is forgiven each second */
    uint64_t progress_bytes; /* of live and bulk, received by `progress` */
    struct toc_mono progress;
};

/* When a node may be dialled next, and how far it is; by place in the directory. */
struct toc_dial {
    uint64_t next_ms;
    uint32_t pause_ms;
    uint16_t rtt_ms; /* 0: not known */
    uint8_t address;
    /* Why no link to it stands, for people. */
    struct toc_err ended;     /* how the last link or attempt did; OK: none has, or a link stands */
    struct toc_mono ended_at; /* then */
    struct toc_mono tried;    /* dialled last; 0: never */
};

/* When a quiet group has its turn; by place in the ledger. */
struct toc_visit {
    uint64_t next_ms;
    uint32_t turn; /* how many members have had theirs */
};

/* A connection that has not passed the gate, or waits behind it for a place. */
struct toc_stranger {
    uint64_t opened_ms;
    uint8_t source[16];
    uint8_t entropy[TOC_KEY_BYTES]; /* of its LINK_UP, for the handshake; secret */
    uint8_t bytes[TOC_OPENING_BYTES];
    uint8_t len;
    bool certified, passed, paused;
};

/* Where connections come from. */
struct toc_source {
    uint8_t prefix[TOC_SOURCE_BYTES];
    uint64_t open_ms;  /* the time by which its openings are paid for */
    uint64_t known_ms; /* a link from there was established then; 0 never */
};

/* What the groups need of links; by place in the ledger, 0 and 1 included. */
struct toc_wish {
    const uint8_t *members; /* a set of places in the roster, our own included */
    uint32_t member_count;
    bool standing; /* nine or more members, and not silent for a day: links stand in it */
};
/* Set by replica before the first tick; NULL: there are no groups. */
struct toc_links_wishes {
    void *context;
    /* False: there is no such group; those above neither. */
    bool (*group)(void *context, const struct toc_turn *turn, uint32_t group, struct toc_wish *out);
    /* Does this member lack something of a group that it should be given by us? */
    bool (*lacks)(void *context, const struct toc_turn *turn, uint32_t group,
                  const uint8_t org[static TOC_ID_BYTES]);
};

#define TOC_CLOCK_MS_MAX 600000 /* a node further off its peers' median publishes nothing */

struct toc_links {
    struct toc_peer_self self;
    struct toc_buffers buffers;
    struct toc_openings openings;
    struct toc_stranger *strangers;
    uint64_t *stranger_ids;         /* 0: the row is free */
    uint32_t stranger_top, waiting; /* waiting: behind the gate, for a place */
    uint8_t *certified;             /* set of TOC_CERTIFIED_BITS */
    struct toc_source sources[TOC_SOURCES_MAX];
    struct toc_source crowd; /* of all that find no place among them */
    struct toc_directory *directory;
    const uint8_t *own_org;
    uint16_t own_node;
    struct toc_link *items;
    uint32_t max, top;           /* no place from `top` on is in use */
    uint64_t ids[TOC_LINKS_MAX]; /* by place; 0: neither DIALLING nor OPEN */
    uint64_t
        next_dialled_id;    /* numbers of dialled links are odd, the driver's accepted ones even */
    struct toc_dial *dials; /* TOC_NODES_MAX for each slot of the directory */
    size_t dial_count;
    uint64_t rank_seed; /* secret: who is dialled first is nobody else's choice */
    uint64_t notice_next_ms;
    bool stopping;
    bool clock_off; /* said: our clock is over TOC_CLOCK_MS_MAX off the peers' median */
    uint64_t roster_number;
    uint8_t roster_hash[TOC_HASH_BYTES];
    /* Told of every established link that is about to go, however it goes. */
    void (*gone)(void *context, struct toc_link *link);
    void *gone_context;
    struct toc_links_wishes wishes;
    /* How links are chosen. */
    const struct toc_roster *roster;
    uint16_t *org_places;                 /* by slot of the directory: place in the roster */
    struct toc_visit *visits;             /* by group */
    uint8_t hurried[TOC_GROUP_SET_BYTES]; /* groups in which somebody may lack what we hold */
    bool cards_new, seek_due;
    uint32_t node_count, measured; /* of other organisations; those of which the RTT is known */
    uint32_t near_ms, mid_ms;      /* highest RTT of the lowest and of the middle third */
    uint32_t visit_group;          /* looked at last */
    uint32_t seek_left;
    uint64_t survey_ms, short_ms, probe_ms, prune_ms, swap_ms, seek_ms; /* due then */
    uint64_t seek_salt;
    uint64_t swap_new, swap_old; /* links: when the new one stands, the old one goes; 0 none */
};

struct toc_links_options {
    struct toc_peer_self self;
    struct toc_directory *directory;
    const struct toc_roster *roster;
    const uint8_t *own_org;
    uint16_t own_node;
    uint32_t link_max;
};

/* Arena bytes that toc_links_init takes. */
size_t toc_links_bytes(uint32_t link_max, size_t org_max);
/* An empty table. Asserts that link_max is at most TOC_LINKS_MAX. Lends: arena and options'
 * pointers, for the life of the table. */
void toc_links_init(struct toc_links *links, struct toc_arena *arena,
                    const struct toc_links_options *options);

/* The link with this number, DIALLING or OPEN; else NULL (always for 0). */
struct toc_link *toc_links_find(struct toc_links *links, uint64_t id);
/* The established link to this static key, or NULL. */
struct toc_link *toc_links_to(struct toc_links *links, const uint8_t key[static TOC_KEY_BYTES]);
/* Is this place of the table a link on which messages may be said? */
static inline bool toc_link_stands(const struct toc_link *link)
{
    return link->state == TOC_LINK_OPEN && link->established;
}

/* LINK_UP: begins the handshake at the place that dialled; a stranger gets a row, perhaps that of
 * an older one; else emits CLOSE. Needs the event's entropy. */
void toc_links_up(struct toc_links *links, struct toc_turn *turn, const struct toc_event *event);
/* LINK_DOWN: the connection is gone, or dialling failed; `why` as the driver says. Emits no CLOSE.
 */
void toc_links_down(struct toc_links *links, struct toc_turn *turn, struct toc_link *link,
                    struct toc_err why);
/* Where the driver may put bytes of a link or stranger: len 0 when there is no room, or no such
 * connection. Lends: until the next step for it. */
struct toc_room toc_links_receive_room(struct toc_links *links, uint64_t id);
/* BYTES and LINK_DOWN of what is no link: nothing when it is no stranger either. */
void toc_stranger_received(struct toc_links *links, struct toc_turn *turn, uint64_t id,
                           size_t count);
void toc_stranger_down(struct toc_links *links, uint64_t id);
/* Closes all strangers. */
void toc_strangers_close(struct toc_links *links, struct toc_turn *turn);
/* Ends a link with `err` as the driver's reason: a notice where somebody should know, CLOSE, and
 * its buffers are given back (once no check is out). Nothing for one that is CLOSING or FREE. */
void toc_link_close(struct toc_links *links, struct toc_turn *turn, struct toc_link *link,
                    struct toc_err err);
/* Says BYE, as far as there is room, and closes: the peer broke a rule.. */
void toc_link_refuse(struct toc_links *links, struct toc_turn *turn, struct toc_link *link,
                     struct toc_err err);
/* The same without blame. */
void toc_link_bye(struct toc_links *links, struct toc_turn *turn, struct toc_link *link,
                  enum toc_bye reason);
/* Cards have changed: closes links whose static key speaks for nobody any more.. */
void toc_links_recheck(struct toc_links *links, struct toc_turn *turn);

/* After bytes have come or a check has ended: emits the next check, closes what has failed, and
 * what is half-open of the same node. At most four actions. */
void toc_link_continue(struct toc_links *links, struct toc_turn *turn, struct toc_link *link);
/* CHECKED for a link. Gives true when the link has just become established: `link` then is the one
 * to greet (a duplicate has been closed, and false given when it was this one). */
bool toc_link_checked(struct toc_links *links, struct toc_turn *turn, struct toc_link *link);

/* Our HELLO out, the first message of a link; without a buffer for it the link is closed. */
void toc_link_greet(struct toc_links *links, struct toc_turn *turn, struct toc_link *link);
/* Takes HELLO, CREDIT, PING, PONG, BYE, and what breaks of all messages. False:
 * the message is replica's. What breaks a rule closes the link. */
bool toc_link_message(struct toc_links *links, struct toc_turn *turn, struct toc_link *link,
                      const struct toc_message *message);
/* `bytes` that came in `class` have been dealt with: where they count against credit, a further
 * grant follows when the step is flushed and enough of the window is used.. */
void toc_link_taken(struct toc_link *link, enum toc_class class, size_t bytes);
/* Queues a copy of `body`. False: the link is not open, its queue is full, or no buffer is free;
 * then the caller tries again, or sets `vtop_due`. */
bool toc_link_say(struct toc_links *links, struct toc_link *link, uint8_t type,
                  enum toc_class class, struct toc_span body);
/* Frames and encrypts what waits on one link, and emits SEND for it if nothing is on its way. */
void toc_link_send(struct toc_links *links, struct toc_turn *turn, struct toc_link *link);
/* Grants credit, frames, encrypts and lends what waits on all links; RESUME where there is room
 * again. At most two actions a link. */
void toc_links_flush(struct toc_links *links, struct toc_turn *turn);

/* Dials, pings, ends what is overdue. Needs entropy, once a second. */
void toc_links_tick(struct toc_links *links, struct toc_turn *turn);
/* Something is being withheld from us, it seems: links to organisations that we have none to are
 * dialled, at most TOC_SEEK_LINKS a minute; for each that is linked one that is `suspected` goes.
 * */
void toc_links_seek(struct toc_links *links);
/* We hold something new of this group: who of its members lacks it is visited soon.. */
void toc_links_hurry(struct toc_links *links, uint32_t group);
/* Why a link stands, with the distance as it is known now. */
enum toc_link_why toc_link_why(const struct toc_links *links, const struct toc_link *link);
/* An organisation was heard of anew: its nodes are dialled at the next tick, or TOC_NEWS_MS after
 * the last attempt.. */
void toc_links_redial(struct toc_links *links, const uint8_t org[static TOC_ID_BYTES]);
/* Median of the clocks of the peers' organisations minus ours, in ms; 0 without peers, or between
 * two that disagree about the direction. */
int64_t toc_links_clock_offset(const struct toc_links *links);

/* Is this bit in a set of bits? */
static inline bool toc_set_has(const uint8_t *set, uint32_t bit)
{
    return (set[bit / 8] >> (bit % 8) & 1) != 0;
}
/* Puts a bit in, or takes it out. */
static inline void toc_set_put(uint8_t *set, uint32_t bit, bool value)
{
    uint8_t mask = (uint8_t)(1u << (bit % 8));
    set[bit / 8] = (uint8_t)(value ? set[bit / 8] | mask : set[bit / 8] & ~mask);
}

#endif
