/* SPDX-License-Identifier: EUPL-1.2 */
/* links, inside the room: what its files ask of each other. */
#ifndef TOC_LINKS_INTERNAL_H
#define TOC_LINKS_INTERNAL_H

#include "links.h"

/* A FREE place, now in use as `state` under `id`; NULL when there is none. */
struct toc_link *toc_links_take(struct toc_links *links, enum toc_link_state state, uint64_t id);
/* Tells the operator of a link's end or beginning. */
void toc_link_notice(struct toc_turn *turn, const struct toc_link *link, enum toc_notice_kind kind,
                     struct toc_err err);

/* Strangers (stranger.c). */

/* A row for a connection that others have opened, perhaps that of an older one. False: it must go.
 */
bool toc_stranger_up(struct toc_links *links, struct toc_turn *turn, const struct toc_event *event);
/* Ends those whose time is over. */
void toc_strangers_tick(struct toc_links *links, struct toc_turn *turn);
/* Gives places to those that wait behind the gate. */
void toc_strangers_promote(struct toc_links *links, struct toc_turn *turn);
/* A link from there was established. */
void toc_stranger_known(struct toc_links *links, const struct toc_turn *turn,
                        const struct toc_link *link);
/* May somebody be told of a stranger's fault now? Then not again for a while. */
bool toc_stranger_worth_a_notice(struct toc_links *links, const struct toc_turn *turn,
                                 struct toc_err err);

/* The addresses of members (address.c). */

/* Makes the set anew from all certificates. */
void toc_links_certify(struct toc_links *links);
/* Is this an address of a member's certificate? (Of others one in a few hundred counts as such.) */
bool toc_links_certified(const struct toc_links *links, const uint8_t source[static 16]);
/* A numeric "host:port" as IPv6 (mapped for IPv4); false for a name. */
bool toc_links_parse_address(const char *text, uint8_t out[static 16]);

/* One look over the table: what there is, what is being dialled included. */
struct toc_tally {
    uint8_t of_slot[TOC_ORGS_MAX];             /* links to an organisation, by directory slot */
    uint8_t linked[TOC_ORGS_MAX / 8u];         /* the same as a set of roster places */
    uint32_t total, dialled, accepted, visits; /* links, but for those to our own nodes */
    uint32_t base;                             /* dialled by the secret ranking alone */
    uint32_t near, mid, far;                   /* of `base` */
    uint32_t distinct;                         /* other organisations that links stand to */
    uint32_t left;                             /* nodes that may still be dialled now */
};
void toc_links_count(const struct toc_links *links, struct toc_tally *tally);

/* Which node is to be dialled. */
struct toc_choice {
    const uint8_t *members;      /* of these roster places alone; NULL: of all */
    enum toc_link_why why;       /* NEAR, MID and FAR: only nodes that are known to be so */
    bool unmeasured;             /* only nodes of unknown RTT */
    bool own;                    /* of our own organisation instead of others */
    uint32_t of_org;             /* links that an organisation may have with the new one */
    uint64_t salt;               /* another order than usual */
    uint32_t below_ms, above_ms; /* RTT at most, and at least; 0: whatever */
};
/* The node to be dialled next; false when there is none. */
bool toc_links_choose_node(const struct toc_links *links, const struct toc_turn *turn,
                           const struct toc_tally *tally, const struct toc_choice *choice,
                           size_t *slot, size_t *node);
/* Dials it as `why`, and counts it. NULL: no place, action or attempt is left. */
struct toc_link *toc_links_dial(struct toc_links *links, struct toc_turn *turn,
                                struct toc_tally *tally, size_t slot, size_t node,
                                enum toc_link_why why);
/* Both in one; NULL also when there is no such node. */
struct toc_link *toc_links_dial_choice(struct toc_links *links, struct toc_turn *turn,
                                       struct toc_tally *tally, const struct toc_choice *choice,
                                       enum toc_link_why why);
/* Its row in `dials`. */
struct toc_dial *toc_links_row(const struct toc_links *links, const struct toc_link *link);
/* So far is the node of this link. */
void toc_links_measured(struct toc_links *links, const struct toc_link *link, uint64_t rtt_ms);
/* NEAR, MID or FAR. */
enum toc_link_why toc_links_band(const struct toc_links *links, uint32_t rtt_ms);
/* How many links are sought. */
uint32_t toc_links_sought(const struct toc_links *links);
/* Is the federation so small that everybody is linked with everybody? */
bool toc_links_all(const struct toc_links *links);
/* Was it chosen by the secret ranking alone? */
bool toc_link_is_base(const struct toc_link *link);
/* Dials what is missing. */
void toc_links_choose(struct toc_links *links, struct toc_turn *turn);

/* Groups (groups.c). */

/* Dials so that every group in use has its links. */
void toc_links_dial_groups(struct toc_links *links, struct toc_turn *turn, struct toc_tally *tally);
/* Visits members of quiet groups, and ends visits. */
void toc_links_visit(struct toc_links *links, struct toc_turn *turn, struct toc_tally *tally);
/* Would a group in use have too few links without one to the organisation of this slot? */
bool toc_links_groups_need(const struct toc_links *links, const struct toc_turn *turn,
                           const struct toc_tally *tally, size_t slot);

/* What is kept (keep.c). */

/* May an accepted link stand? Perhaps another one goes for it.. */
bool toc_links_admit(struct toc_links *links, struct toc_turn *turn, struct toc_link *link);
/* May it be given up without leaving too few organisations?. */
bool toc_links_may_cut(const struct toc_links *links, const struct toc_link *link);
/* Measures distances, gives up what is too much, and exchanges. */
void toc_links_keep(struct toc_links *links, struct toc_turn *turn, struct toc_tally *tally);

#endif
