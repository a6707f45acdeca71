/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * lag: does this node hold what the others hold? Beacons are the others' signed word for it. Two
 * organisations that have held for ten minutes what has not come here mean that this node lags or
 * is cut off by its neighbours. Source: PROTOCOL.md. Used by replica and core.
 *
 * Glossary
 *   claim     what a beacon, or a peer's rows, say that its writer holds beyond our head
 *   overdue   a claim that has stood for too long
 *   witness   another organisation with an overdue claim
 */
#ifndef TOC_LAG_H
#define TOC_LAG_H

#include "driver.h"

#define TOC_LAG_ORGS 2u    /* witnesses: one organisation alone may lie */
#define TOC_LAG_MS 600000u /* a claim stands for so long without an entry of its log: overdue */
#define TOC_LAG_SLOW_MS 3600000u /* or for so long, however many come */
#define TOC_LAG_CHECK_MS 2000u   /* claims are looked at so often */
#define TOC_LAG_SEEK_MS 60000u   /* and while the alarm lasts others are dialled so often */
/* For what is shown, not for the alarm. */
#define TOC_LAG_SETTLE_MS 5000u /* younger claims are on their way */
/* One organisation's word alone counts for so long, or while the log moves. */
#define TOC_LAG_WORD_MS 60000u
#define TOC_LAG_WORD_MAX 1000000u /* and for so many entries of a log */

/* What is claimed of one log. */
struct toc_lag_log {
    uint64_t first, second;             /* highest claims of two organisations; 0: none */
    uint32_t org;                       /* whose the first is, by place in the roster */
    uint64_t claimed_seq, claimed_ms;   /* a claim, and since when it has been looked at */
    uint64_t head, moved_ms, looked_ms; /* our head when last looked at; when it moved; 0: never */
};

struct toc_lag {
    struct toc_lag_log *logs;
    uint8_t *witnesses; /* set of organisations, by place in the roster */
    uint64_t *by_group; /* entries that others hold and we do not */
    uint64_t check_ms, seek_ms;
    /* What came of it. */
    uint64_t entries; /* the same in all groups; with the next two */
    uint32_t log_count, group_count;
    uint32_t witness_count;
    uint32_t unmet_count; /* links to others on which too many items never came */
    bool own;             /* of our own logs too: our store has lost entries */
    bool alarm;           /* */
    bool alone;           /* no link to another organisation */
    struct toc_utc behind_since, alarm_since, alone_since;
};

struct toc_replica;

/* Arena bytes that toc_lag_init takes. */
size_t toc_lag_bytes(uint32_t group_max, uint32_t log_max);
/* Nothing claimed. Asserts that the arena has room. Lends: the arena, for the life of the replica.
 */
void toc_lag_init(struct toc_lag *lag, struct toc_arena *arena, uint32_t group_max,
                  uint32_t log_max);
/* Once a second: looks at what is claimed, raises and ends the alarm, has others dialled while it
 * lasts or what is missing was asked for in vain.. */
void toc_lag_tick(struct toc_replica *replica, struct toc_turn *turn);

#endif
