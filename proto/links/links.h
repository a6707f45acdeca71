/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * links: the table of links of a node: dialling, admission, duplicates, liveness. A link that is
 * established is handed upwards; what is said on it is replica's business.
 * Source: PROTOCOL.md section 11.
 */
#ifndef TOC_LINKS_H
#define TOC_LINKS_H

#include "driver.h"
#include "peer.h"
#include "sync.h"
#include "trust.h"

#define TOC_HANDSHAKE_MS_MAX 5000u       /* from connection to established: PROTOCOL.md */
#define TOC_PING_MS 25000u               /* keepalive: below the 30 s of common NAT time-outs */
#define TOC_DEAD_MS 75000u               /* three keepalives without a byte */
#define TOC_LINK_AGE_MS_MAX 86400000u    /* a fresh handshake every 24 h */
#define TOC_DIAL_MS_MIN 250u             /* first pause of the backoff */
#define TOC_DIAL_MS_MAX 60000u           /* last */
#define TOC_DIAL_ALL_NODES_MAX 16u       /* up to so many nodes everybody dials everybody */
#define TOC_DIAL_LINKS 12u               /* above that: so many links are sought */
#define TOC_CREDIT_WINDOW_BYTES 4194304u /* live and bulk bytes a peer may have on the way */

enum toc_link_state { TOC_LINK_FREE, TOC_LINK_DIALLING, TOC_LINK_OPEN, TOC_LINK_CLOSING };

#define TOC_GROUP_SET_BYTES (TOC_GROUPS_MAX / 8u)

struct toc_link {
    struct toc_check check; /* first: a check of kind PEER is a link */
    enum toc_link_state state;
    uint64_t id;
    uint32_t place; /* in the table */
    bool dialled, established, paused, hello_seen, tags_seen;
    uint8_t source[16];
    uint8_t target[TOC_KEY_BYTES]; /* DIALLING, or dialled: the static key sought */
    uint8_t org[TOC_ID_BYTES];
    uint16_t node;
    struct toc_peer peer;
    struct toc_hello hello;
    int64_t clock_offset_ms;
    struct toc_mono opened, heard, pinged;
    bool ping_out;
    uint64_t rtt_ms;
    uint64_t taken_bytes, granted_bytes; /* of live and bulk, what we have dealt with and allowed */
    /* What replica keeps about a link. */
    uint8_t shared[TOC_GROUP_SET_BYTES]; /* groups that both sides know, by place in the ledger */
    uint8_t rows_due[TOC_GROUP_SET_BYTES];
    uint8_t invited[TOC_GROUP_SET_BYTES];
    bool vtop_due, rows_waiting, invites_due, tags_due;
    uint32_t wants_out;
    struct toc_mono vtop_at, progress;
};

/* When a node may be dialled next; by place in the directory. */
struct toc_dial {
    uint64_t next_ms;
    uint32_t pause_ms;
    uint8_t address;
};

struct toc_links {
    struct toc_peer_self self;
    struct toc_buffers buffers;
    struct toc_directory *directory;
    const uint8_t *own_org;
    uint16_t own_node;
    struct toc_link *items;
    uint32_t max;
    uint64_t
        next_dialled_id;    /* numbers of dialled links are odd, the driver's accepted ones even */
    struct toc_dial *dials; /* TOC_NODES_MAX for each slot of the directory */
    size_t dial_count;
    bool stopping;
    uint64_t roster_number;
    uint8_t roster_hash[TOC_HASH_BYTES];
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
void toc_links_init(struct toc_links *links, struct toc_arena *arena,
                    const struct toc_links_options *options);

/* The link with this number, in any state but FREE and CLOSING; else NULL (always for 0). */
struct toc_link *toc_links_find(struct toc_links *links, uint64_t id);
/* The established link to this static key, or NULL. */
struct toc_link *toc_links_to(struct toc_links *links, const uint8_t key[static TOC_KEY_BYTES]);

/* LINK_UP: takes a free place (or the one that dialled) and begins the handshake. */
void toc_links_up(struct toc_links *links, struct toc_turn *turn, const struct toc_event *event);
/* LINK_DOWN: the connection is gone, or dialling failed. Gives the link if it was established,
 * for others to forget; the caller then calls toc_link_close with no further action. */
void toc_links_down(struct toc_links *links, struct toc_turn *turn, struct toc_link *link);
/* Ends a link: notice, CLOSE, and its buffers are given back (once no check is out). */
void toc_link_close(struct toc_links *links, struct toc_turn *turn, struct toc_link *link,
                    struct toc_err err);
/* Says BYE, then closes. */
void toc_link_bye(struct toc_links *links, struct toc_turn *turn, struct toc_link *link,
                  struct toc_err err);

/* After bytes have come or a check has ended: emits the next check, closes what has failed. */
void toc_link_continue(struct toc_links *links, struct toc_turn *turn, struct toc_link *link);
/* CHECKED for a link. Gives true when the link has just become established: `link` then is the one
 * to greet (a duplicate has been closed, and false given when it was this one). */
bool toc_link_checked(struct toc_links *links, struct toc_turn *turn, struct toc_link *link);

/* Our HELLO out. */
void toc_link_greet(struct toc_links *links, struct toc_turn *turn, struct toc_link *link);
/* Takes HELLO, CREDIT, PING, PONG, BYE. False: not one of these. Failures close the link. */
bool toc_link_message(struct toc_links *links, struct toc_turn *turn, struct toc_link *link,
                      const struct toc_message *message);
/* `bytes` of live or bulk class have been dealt with: grants more when half the window is used. */
void toc_link_taken(struct toc_links *links, struct toc_link *link, size_t bytes);
/* Queues a copy of `body`; when it cannot, the link is too slow for its control messages: false. */
bool toc_link_say(struct toc_links *links, struct toc_link *link, uint8_t type,
                  enum toc_class class, struct toc_span body);
/* Frames, encrypts and lends what waits on all links; RESUME where there is room again. */
void toc_links_flush(struct toc_links *links, struct toc_turn *turn);

/* Dials, pings, ends what is overdue. */
void toc_links_tick(struct toc_links *links, struct toc_turn *turn);
/* A node was heard of anew: dial it at once. */
void toc_links_redial(struct toc_links *links, const uint8_t org[static TOC_ID_BYTES]);
/* Median of the peers' clocks minus ours, in ms; 0 without peers. */
int64_t toc_links_clock_offset(const struct toc_links *links);

static inline bool toc_set_has(const uint8_t *set, uint32_t bit)
{
    return (set[bit / 8] >> (bit % 8) & 1) != 0;
}
static inline void toc_set_put(uint8_t *set, uint32_t bit, bool value)
{
    uint8_t mask = (uint8_t)(1u << (bit % 8));
    set[bit / 8] = (uint8_t)(value ? set[bit / 8] | mask : set[bit / 8] & ~mask);
}

#endif
