/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * plan: what is asked for, and of whom. Logs of which somebody has more than we stand in queues;
 * from these items are given out, runs of whole blocks of one log, over all links whose peer has
 * them, as far as each link's window goes. What comes out of order is held until it joins on.
 * Private to the room. Source: PROTOCOL.md.
 *
 * Glossary
 *   item    entries of one log that were asked of one link and have not all come
 *   window  how much may be on its way on a link, and what that follows from
 *   jump    an item whose blocks may come before those that they follow
 *   held    a range that waits for those before it
 */
#ifndef TOC_REPLICA_PLAN_H
#define TOC_REPLICA_PLAN_H

#include "ledger.h"
#include "links.h"

struct toc_replica;
struct toc_waiting;

#define TOC_ITEMS_MAX 1024u         /* of all links */
#define TOC_ITEM_BLOCKS_MAX 16u     /* a second of a line of 8 Mbit/s; small enough to be moved */
#define TOC_ITEM_PART 4u            /* an item takes at most this part of its link's window */
#define TOC_BLOCK_BYTES_MAX 327680u /* a block's message: 256 KiB and one more entry */
#define TOC_ENTRY_BYTES_FIRST 1024u /* of a log of which nothing has come: 64 KiB a block */
#define TOC_NEAR_ENTRIES 64u        /* a gap of no more than a block is closed before others */
#define TOC_PLAN_LOGS 64u           /* looked at in one step */
#define TOC_PLAN_PAUSE_MS 100u      /* between two looks for what is late or slow */
#define TOC_LATE_MS 2000u           /* without progress others are asked too */
#define TOC_LATE_TIMES 4u           /* or so many times as long as expected */
#define TOC_LATE_MS_MAX 60000u      /* however slow its link seems: then in vain */
#define TOC_SLOW_TIMES 3u /* so much slower than the median of links: others are asked too */

#define TOC_COMPARE_MS 10000u /* between two comparisons after what was in vain */

#define TOC_WINDOW_BYTES_MIN 8192u
#define TOC_WINDOW_BYTES_MAX 8388608u
#define TOC_WINDOW_BYTES_FIRST 262144u /* before a rate is known: four blocks of 1 KiB entries */
#define TOC_WINDOW_EXTRA_MS 100u       /* beyond the round trip: the other side's disk */
#define TOC_WINDOW_RTT_MS_MAX 10000u   /* a longer answer says nothing about the line */
#define TOC_SAMPLE_MS 100u             /* a rate is taken over so long */
#define TOC_SAMPLE_MS_MIN 20u          /* or so long when nothing more was asked for */
#define TOC_RATE_KEEP_MS 2000u         /* the best rate is kept for one or two such times */

#define TOC_PENDING_LINK_BYTES 8388608u /* received of one link and not stored */
#define TOC_HELD_LINK_BYTES 4194304u    /* of them held: half, so that the rest goes on */
#define TOC_HELD_MAX 256u               /* held ranges of all links; of one as many as stay free */
#define TOC_HELD_MS_MAX 60000u          /* so long for what is before them */
#define TOC_HOLD_PAUSE_MS 1000u /* nothing more is asked out of order after one did not fit */

#define TOC_REFUSALS_MAX 256u /* entries that links have said they cannot give: remembered */
#define TOC_REFUSAL_MS 60000u /* for so long: a disk is not mended sooner */

/* Where a log waits for items. */
enum toc_plan_queue {
    TOC_PLAN_NONE,
    TOC_PLAN_CONTROL, /* control logs: they say who is who */
    TOC_PLAN_NEAR,    /* a small gap: what is new, alerts among it */
    TOC_PLAN_FAR,
    TOC_PLAN_QUEUES
};

struct toc_item {
    bool used, jumps;
    bool late;               /* others may be asked for it */
    uint32_t log, link;      /* link: its place */
    uint64_t from, to, next; /* next: the first that has not come */
    uint64_t bytes, blocks;  /* of what has not come, as far as can be foreseen */
    struct toc_mono progress;
    uint32_t after; /* chain of its log, or of free places */
};

struct toc_window {
    uint64_t out_bytes, jump_bytes; /* asked for and not come; of them of items that jump */
    uint32_t out_items;
    uint64_t jump_blocks;  /* of those bytes: what may have to be held */
    uint64_t answer_bytes; /* of whole messages that were asked for */
    uint64_t held_bytes;
    uint32_t held_count;
    bool asked; /* since the last comparison of digests */
    /* Bytes in a second: the best of this time and of the one before. */
    uint64_t rate, rate_before;
    struct toc_mono rate_since;
    bool sampling;
    struct toc_mono sample_since;
    uint64_t sample_used;  /* live and bulk bytes received by then */
    uint64_t message_used; /* by the last whole message */
    uint64_t rtt_ms;       /* the least that was seen, or UINT64_MAX */
    bool answering;        /* asked when nothing was on its way: the answer tells the round trip */
    struct toc_mono asked_at;
};

/* This link's peer has said that it cannot give this entry. */
struct toc_refusal {
    uint32_t link, log; /* link: its place */
    uint64_t seq;
    uint64_t until_ms; /* 0: the place is free */
};

struct toc_plan {
    struct toc_item *items;
    uint32_t free_item, item_count;
    struct toc_window *windows; /* by place of the link */
    uint32_t first[TOC_PLAN_QUEUES], last[TOC_PLAN_QUEUES], count[TOC_PLAN_QUEUES];
    uint64_t jump_blocks; /* on their way, that may have to be held */
    uint32_t held_count;
    uint64_t held_bytes;
    uint64_t jump_ms;                  /* from then on items may jump again */
    uint64_t look_ms;                  /* for what is late or slow */
    uint8_t vain[TOC_GROUP_SET_BYTES]; /* groups of what was asked for in vain */
    bool vain_due;                     /* there are some whose links were not compared with */
    uint64_t vain_ms;                  /* they may be from then on */
    bool drain_due;                    /* what joins on waited for a store */
    struct toc_refusal refusals[TOC_REFUSALS_MAX];
    uint32_t refusal_next; /* the place of the next one */
};

/* The plan (plan.c). */

/* Arena bytes that toc_plan_init takes. */
size_t toc_plan_bytes(uint32_t link_max);
/* Nothing is asked for. Asserts that the arena has room. */
void toc_plan_init(struct toc_plan *plan, struct toc_arena *arena, uint32_t link_max);
/* Somebody may have more of this log than was asked for: it waits for items. */
void toc_plan_enqueue(struct toc_replica *replica, uint32_t log);
/* Gives out items as far as the windows go: at the end of every step.. */
void toc_plan_give(struct toc_replica *replica, struct toc_turn *turn);
/* Entries first..last of a log have come from a link, in a message of `bytes`. */
void toc_plan_came(struct toc_replica *replica, const struct toc_turn *turn, struct toc_link *link,
                   const struct toc_range_info *info, uint32_t log, size_t bytes);
/* Bytes of the unfinished message of a link that belong to a log. */
uint64_t toc_plan_coming(const struct toc_replica *replica, const struct toc_link *link,
                         uint32_t log);
/* Bytes that have come of what a link was asked for, whatever it was, the unfinished message
 * included. */
uint64_t toc_plan_brought(const struct toc_replica *replica, const struct toc_link *link);
/* `count` entries of a log, new and proved, came in a message of `bytes`: what follows is reckoned
 * with them. Of what is not proved anybody could say anything.. */
void toc_plan_learn(struct toc_replica *replica, uint32_t log, size_t bytes, size_t count);
/* What was thought to be on its way, or held, is not: it is asked for anew. */
void toc_plan_hole(struct toc_replica *replica, uint32_t log);
/* Forgets an item. */
void toc_plan_end(struct toc_replica *replica, struct toc_item *item);
/* Nothing beyond `to` is expected of an item: one of which nothing is left then is forgotten. */
void toc_plan_cut(struct toc_replica *replica, struct toc_item *item, uint64_t to);
/* Forgets all items of a log, or of a link (whose logs are then asked of others). */
void toc_plan_end_log(struct toc_replica *replica, uint32_t log);
void toc_plan_end_link(struct toc_replica *replica, struct toc_link *link);
/* Is anything of this log asked of anybody, or about to be? */
bool toc_plan_wants(const struct toc_replica *replica, uint32_t log);
/* The link that was asked for the first entry of a log that has not come, or NULL. */
struct toc_link *toc_plan_asked(const struct toc_replica *replica, uint32_t log);
/* Others may be asked for that entry. */
void toc_plan_pass(struct toc_replica *replica, uint32_t log);
/* Does another link's peer, one that keeps its word, hold entry `seq` of a log? */
bool toc_plan_other(struct toc_replica *replica, uint32_t place, uint32_t log, uint64_t seq);

/* What goes wrong (steal.c). */

/* Items that make no progress, or are with a link that is far slower than the others: others may be
 * asked for them.. */
void toc_plan_look(struct toc_replica *replica, struct toc_turn *turn);

/* A log was asked for in vain: the links that share its group are compared with, at once or when
 * COMPARE_MS have passed since the last time.. */
void toc_plan_vain(struct toc_replica *replica, uint32_t log);

/* Who cannot give what it was asked for (refusal.c). */

/* The peer of a link says that it cannot give entry `seq` of a log: what it was asked for from
 * there on goes to others at once. Nothing when it was not asked for it.. */
void toc_refusal_take(struct toc_replica *replica, const struct toc_turn *turn,
                      struct toc_link *link, uint32_t log, uint64_t seq);
/* Has the link at this place said so of this entry, within REFUSAL_MS? */
bool toc_refusal_has(const struct toc_plan *plan, uint32_t place, uint32_t log, uint64_t seq);
/* Has any link said so of an entry of this log? */
bool toc_refusal_any(const struct toc_plan *plan, uint32_t log);
/* Another link comes to this place. */
void toc_refusal_forget(struct toc_plan *plan, uint32_t place);
/* Those that have counted for long enough: who said so may be asked again. */
void toc_refusal_tick(struct toc_replica *replica, struct toc_mono now);

/* Windows (window.c): pure functions of what came when. */

/* Of a link that has just been established. */
void toc_window_init(struct toc_window *window);
/* Bytes in a second, 0 before anything was measured. */
uint64_t toc_window_rate(const struct toc_window *window);
/* How much may be on its way. */
uint64_t toc_window_bytes(const struct toc_window *window);
/* Milliseconds until `bytes` more have come, what is on its way before them. */
uint64_t toc_window_ms(const struct toc_window *window, uint64_t bytes);
/* An item was asked of the link. */
void toc_window_asked(struct toc_window *window, const struct toc_link *link, struct toc_mono now);
/* A whole message has come; `answer`: of what was asked for. */
void toc_window_came(struct toc_window *window, const struct toc_link *link, struct toc_mono now,
                     bool answer);
/* Nothing is on its way any more. */
void toc_window_idle(struct toc_window *window, const struct toc_link *link, struct toc_mono now);

/* What waits (hold.c). */

/* Could a range of `bytes` that does not join on be held for this link, now that its buffer is
 * taken?. */
bool toc_hold_may(const struct toc_replica *replica, const struct toc_link *link,
                  const struct toc_buffer *buffer);
/* How many more blocks of `bytes` each could be asked of this link that may have to be held, beside
 * those that are on their way. */
uint64_t toc_hold_room(const struct toc_replica *replica, const struct toc_link *link,
                       uint64_t bytes);
/* Puts a range where it belongs among those that wait in its log. */
void toc_hold_put(struct toc_replica *replica, struct toc_waiting *waiting);
/* Are these entries among those that wait already? */
bool toc_hold_has(const struct toc_replica *replica, uint32_t log, uint64_t first, uint64_t last);
/* Takes the first one out of its log's list. */
struct toc_waiting *toc_hold_pop(struct toc_replica *replica, uint32_t log);
/* Gives a range's buffer and place back, and credit unless it went to a store. */
void toc_hold_release(struct toc_replica *replica, struct toc_waiting *waiting);
/* Drops one whose check has failed, or all of a log, or those of a link that do not join on, or
 * those that have waited for too long or whose link is gone. Those whose check is out stay, outside
 * the list, until it ends. */
void toc_hold_drop(struct toc_replica *replica, struct toc_waiting *waiting);
void toc_hold_drop_log(struct toc_replica *replica, uint32_t log);
void toc_hold_drop_link(struct toc_replica *replica, const struct toc_link *link);
void toc_hold_expire(struct toc_replica *replica, struct toc_mono now);

#endif
