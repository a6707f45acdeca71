/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * gossip: whom the entries of a log are sent to, who is told of them, and what was told and has not
 * come. Source: PROTOCOL.md. Used by replica alone.
 *
 * Glossary
 *   eager     a link that is sent a log's entries as they come
 *   lazy      a link that is told of them by HAVE
 *   upstream  the link whose copy of a log's newest entry came first
 *   gap       a log of which somebody has told more than has come
 */
#ifndef TOC_GOSSIP_H
#define TOC_GOSSIP_H

#include "ledger.h"
#include "links.h"

#define TOC_TELL_MS 25u            /* what lazy links are told waits so long for more to tell */
#define TOC_TELL_LATER_MS 5u       /* who was dialled: a round trip and so much longer, */
#define TOC_TELL_LATER_MS_MAX 100u /* but at most so much */
#define TOC_TELL_LOGS_MAX 2048u    /* logs with something to tell; of more the digests speak */
#define TOC_PUSH_AHEAD 64u         /* what a peer has said may be older than what was sent to it */
#define TOC_PUSH_NEWS_MS 10000u    /* what was asked for goes on like news if it is no older */
#define TOC_FLOOD_BYTES_MAX 8192u  /* an alert up to this goes to every link, eager or lazy */
#define TOC_BARE_BYTES_MAX 768u    /* an entry without its payload: 83, 515 of a header, 32, 64 */
#define TOC_GAPS_MAX 1024u
#define TOC_GAPS_LINK 256u    /* by what one link told: nobody fills the table alone */
#define TOC_GAP_MS_MIN 150u   /* a told entry is waited for so long at least, */
#define TOC_GAP_RTT_MS 50u    /* or two round trips and this */
#define TOC_ORPHANS_MAX 256u  /* logs that get a new upstream at once when a link goes */
#define TOC_ORPHAN_MS 600000u /* if an entry of theirs was pushed here within 10 minutes */

struct toc_replica;
struct toc_job;

/* What is kept about a log. Sets have a bit for each place of a link. All zero: every link is sent
 * its entries. */
struct toc_gossip_log {
    uint64_t lazy;            /* links that are told of entries only */
    uint64_t told_lazy;       /* links that were asked to tell us only */
    uint64_t tell, tell_bulk; /* links that a HAVE is due for; as control, as bulk */
    uint64_t pushed_ms;       /* the last first copy came then */
    uint32_t gap;             /* place in `gaps` + 1; 0: none */
    uint8_t upstream;         /* its place + 1; 0: none */
};

struct toc_gap {
    uint32_t log;
    uint32_t opener; /* place of the link that told first */
    uint64_t seq;    /* the highest that was told of */
    uint64_t waited; /* the one that is being waited for until due_ms */
    uint64_t due_ms, since_ms;
    uint64_t wait_ms;     /* the shortest that those who told of it are waited for */
    uint64_t asked;       /* link that was asked last, by number */
    uint64_t asked_seq;   /* up to there it had brought what was asked of it then, */
    uint64_t asked_bytes; /* so much of what follows, */
    uint64_t brought;     /* and so much of all that it was asked for */
    uint64_t queue_ms;    /* until then other things may come before it */
    uint64_t tried;       /* set of places of links that were asked */
    bool bulk;            /* told as bulk: nobody sends it without being asked */
};

struct toc_gossip {
    struct toc_gossip_log *logs;
    uint32_t *tells; /* logs with something to tell */
    uint32_t tell_count;
    uint64_t tell_ms[TOC_LINKS_MAX]; /* when, by place of a link; 0: there is nothing to tell it */
    struct toc_gap *gaps;
    uint32_t gap_count;
    uint32_t gaps_of[TOC_LINKS_MAX]; /* by place of the opener */
    uint64_t gone;                   /* set of places of links that have gone in this step */
};

/* Arena bytes that toc_gossip_init takes. */
size_t toc_gossip_bytes(uint32_t log_max);
/* Nothing told, nothing missed, all links eager. Asserts that the arena has room. Lends: the arena,
 * for the life of the replica. */
void toc_gossip_init(struct toc_gossip *gossip, struct toc_arena *arena, uint32_t log_max);

/* Whom entries are sent to (gossip.c). */

/* A stored range goes on: to the links that are sent this log's entries and lack just that, or of
 * small alerts to all that lack it; the others are told.. `buffer` holds
 * it; NULL when there is none any more. */
void toc_replica_push(struct toc_replica *replica, struct toc_turn *turn, const struct toc_job *job,
                      struct toc_buffer *buffer, const struct toc_range_info *info, uint32_t log);
/* An ENTRY or RANGE of a log has come, the first copy or a further one. */
void toc_gossip_heard(struct toc_replica *replica, const struct toc_turn *turn,
                      struct toc_link *link, const struct toc_message *message, uint32_t log,
                      bool first);
/* What was taken of a log proved false: what is true was perhaps taken for copies of it, and is
 * asked for at once.. */
void toc_gossip_mend(struct toc_replica *replica, const struct toc_turn *turn, uint32_t log);
/* Asks a link to send the entries of a log. */
void toc_gossip_graft(struct toc_replica *replica, struct toc_link *link, uint32_t log);
/* EAGER. Fails: as toc_tells_check. */
TOC_MUST_USE struct toc_err toc_gossip_take_eager(struct toc_replica *replica,
                                                  const struct toc_turn *turn,
                                                  struct toc_link *link, struct toc_span body);
/* LAZY. Fails: as toc_tells_check. */
TOC_MUST_USE struct toc_err toc_gossip_take_lazy(struct toc_replica *replica,
                                                 const struct toc_turn *turn, struct toc_link *link,
                                                 struct toc_span body);
/* A new link: it is sent all entries. */
void toc_gossip_greet(struct toc_replica *replica, const struct toc_link *link);
/* A link is about to go. */
void toc_gossip_gone(struct toc_gossip *gossip, const struct toc_link *link);
/* Logs whose upstream has gone in this step get another one. */
void toc_gossip_adopt(struct toc_replica *replica, const struct toc_turn *turn);

/* What is told, and missed (have.c). */

/* The links in `set` (of places) are told of a log's head soon, or at once; as control, or as bulk.
 */
void toc_gossip_tell(struct toc_replica *replica, const struct toc_turn *turn, uint32_t log,
                     uint64_t set, enum toc_class class, bool now);
/* Sends the HAVEs that are due, and fetches what was told and has not come. */
void toc_gossip_due(struct toc_replica *replica, struct toc_turn *turn);
/* HAVE. Fails: as toc_tells_check. */
TOC_MUST_USE struct toc_err toc_gossip_take_have(struct toc_replica *replica,
                                                 const struct toc_turn *turn, struct toc_link *link,
                                                 const struct toc_message *message);
/* A link has said, as control or as bulk, that it has stored a log up to `seq`: noted if that may
 * be so, and waited for.. */
void toc_gossip_hear(struct toc_replica *replica, const struct toc_turn *turn,
                     struct toc_link *link, uint32_t log, uint64_t seq, enum toc_class class);
/* What is missed of a log is waited for no longer. */
void toc_gossip_hasten(struct toc_replica *replica, const struct toc_turn *turn, uint32_t log);
/* What was missed of a log up to `seq` has come. */
void toc_gossip_close_gap(struct toc_gossip *gossip, uint32_t log, uint64_t seq);
/* The log that a row speaks of, if its group is shared on this link; else TOC_LEDGER_NONE. */
uint32_t toc_gossip_log_of(const struct toc_replica *replica, const struct toc_link *link,
                           const struct toc_tell *tell);

#endif
