/* SPDX-License-Identifier: EUPL-1.2 */
#include "quota.h"
#include "replica.h"

#include <string.h>

/* Whom entries are sent to. Each link is eager for a log, or lazy: it is told. Nobody sends a log's
 * entries twice to anybody for long, so that each log has a tree of its own: the shortest. */

_Static_assert(TOC_LINKS_MAX <= 64, "a set of links is a word");

size_t toc_gossip_bytes(uint32_t log_max)
{
    return log_max * sizeof(struct toc_gossip_log) + TOC_TELL_LOGS_MAX * sizeof(uint32_t) +
           TOC_GAPS_MAX * sizeof(struct toc_gap) + 64;
}

void toc_gossip_init(struct toc_gossip *gossip, struct toc_arena *arena, uint32_t log_max)
{
    gossip->logs = toc_arena_reserve(arena, log_max, sizeof *gossip->logs);
    gossip->tells = toc_arena_reserve(arena, TOC_TELL_LOGS_MAX, sizeof *gossip->tells);
    gossip->gaps = toc_arena_reserve(arena, TOC_GAPS_MAX, sizeof *gossip->gaps);
    TOC_ASSERT(gossip->logs != NULL && gossip->tells != NULL && gossip->gaps != NULL);
}

static uint64_t bit_of(const struct toc_link *link)
{
    return UINT64_C(1) << link->place;
}

static bool shares(const struct toc_replica *replica, const struct toc_link *link, uint32_t log)
{
    return toc_link_stands(link) && toc_set_has(link->shared, replica->ledger->logs[log].group);
}

/* One row of what we hold. */
static bool say(struct toc_replica *replica, struct toc_link *link, uint8_t type, uint32_t log)
{
    const struct toc_ledger_log *at = &replica->ledger->logs[log];
    struct toc_tell tell = {.seq = at->head.seq};
    memcpy(tell.prefix, at->id, TOC_TELL_PREFIX_BYTES);
    uint8_t body[TOC_TELL_ROW_BYTES_MAX];
    size_t len = toc_tell_encode(body, &tell);
    return toc_link_say(replica->links, link, type, TOC_CLASS_CONTROL, toc_span(body, len));
}

void toc_gossip_graft(struct toc_replica *replica, struct toc_link *link, uint32_t log)
{
    if (say(replica, link, TOC_MSG_EAGER, log)) {
        replica->gossip.logs[log].told_lazy &= ~bit_of(link);
    }
}

/* the other side has it from somebody else, as we have: neither sends it to the other. */
static void prune(struct toc_replica *replica, struct toc_link *link, uint32_t log)
{
    struct toc_gossip_log *gossip = &replica->gossip.logs[log];
    gossip->lazy |= bit_of(link);
    if ((gossip->told_lazy & bit_of(link)) == 0 && replica->ledger->logs[log].head.seq != 0 &&
        say(replica, link, TOC_MSG_LAZY, log)) {
        gossip->told_lazy |= bit_of(link);
    }
}

/* An entry that would have its payload with it but for. */
static bool is_bare(struct toc_span range)
{
    struct toc_range_walk walk;
    struct toc_entry entry;
    return range.len <= TOC_BARE_BYTES_MAX && !toc_failed(toc_range_open(&walk, range)) &&
           !toc_failed(toc_range_next(&walk, &entry)) && entry.detached &&
           entry.header.payload_bytes <= TOC_INLINE_BYTES_MAX;
}

void toc_gossip_heard(struct toc_replica *replica, const struct toc_turn *turn,
                      struct toc_link *link, const struct toc_message *message, uint32_t log,
                      bool first)
{
    struct toc_gossip_log *gossip = &replica->gossip.logs[log];
    if (message->type != TOC_MSG_ENTRY || message->class == TOC_CLASS_BULK ||
        is_bare(message->body)) {
        return; /* somebody catches up, or cries out: no word about the tree */
    }
    if (!first) {
        /* A copy that crossed with what we asked for, and one that the same link has sent before,
         * say nothing about the tree. */
        if (replica->ledger->logs[log].first_item == TOC_LEDGER_NONE &&
            gossip->upstream != link->place + 1) {
            prune(replica, link, log);
        }
        return;
    }
    gossip->pushed_ms = turn->now.ms;
    gossip->upstream = (uint8_t)(link->place + 1);
    if ((gossip->told_lazy & bit_of(link)) != 0) {
        toc_gossip_graft(replica, link, log); /* an alert came faster this way */
    }
}

void toc_gossip_gone(struct toc_gossip *gossip, const struct toc_link *link)
{
    gossip->gone |= bit_of(link);
}

void toc_gossip_greet(struct toc_replica *replica, const struct toc_link *link)
{
    uint64_t others = ~bit_of(link);
    for (uint32_t log = 0; log < replica->ledger->log_count; log++) {
        struct toc_gossip_log *gossip = &replica->gossip.logs[log];
        gossip->lazy &= others;
        gossip->told_lazy &= others;
        gossip->tell &= others;
        gossip->tell_bulk &= others;
    }
}

/* A link that sends nothing of a log now and probably has it from somebody else: of those that have
 * told as much as we hold the nearest; or NULL. */
static struct toc_link *substitute(struct toc_replica *replica, uint32_t log)
{
    const struct toc_gossip_log *gossip = &replica->gossip.logs[log];
    uint64_t head = replica->ledger->logs[log].head.seq;
    struct toc_link *best = NULL;
    uint64_t best_rank = UINT64_MAX;
    for (uint32_t i = 0; i < replica->links->top; i++) {
        struct toc_link *link = &replica->links->items[i];
        if (!shares(replica, link, log) ||
            ((gossip->lazy | gossip->told_lazy) & bit_of(link)) == 0) {
            continue;
        }
        bool behind = *toc_replica_has(replica, link, log) < head;
        uint64_t rank = link->rtt_ms + (behind ? UINT64_C(1) << 32 : 0);
        if (rank < best_rank) {
            best = link;
            best_rank = rank;
        }
    }
    return best;
}

void toc_gossip_adopt(struct toc_replica *replica, const struct toc_turn *turn)
{
    uint32_t adopted = 0;
    uint64_t gone = replica->gossip.gone;
    for (uint32_t log = 0; gone != 0 && log < replica->ledger->log_count; log++) {
        struct toc_gossip_log *gossip = &replica->gossip.logs[log];
        if (gossip->upstream == 0 || (gone >> (gossip->upstream - 1) & 1) == 0) {
            continue;
        }
        gossip->upstream = 0;
        bool fresh = turn->now.ms - gossip->pushed_ms < TOC_ORPHAN_MS;
        struct toc_link *link =
            fresh && adopted < TOC_ORPHANS_MAX ? substitute(replica, log) : NULL;
        if (link != NULL) {
            toc_gossip_graft(replica, link, log); /* */
            adopted++;
        }
    }
    replica->gossip.gone = 0;
}

void toc_gossip_mend(struct toc_replica *replica, const struct toc_turn *turn, uint32_t log)
{
    const struct toc_ledger_log *at = &replica->ledger->logs[log];
    bool held = false;
    if (at->disputed) {
        return;
    }
    replica->gossip.logs[log].upstream = 0;
    for (uint32_t i = 0; i < replica->links->top; i++) {
        struct toc_link *link = &replica->links->items[i];
        uint64_t has = *toc_replica_has(replica, link, log);
        if (shares(replica, link, log) && has > at->checked.seq) {
            toc_gossip_hear(replica, turn, link, log, has, TOC_CLASS_CONTROL);
            held = true;
        }
    }
    toc_gossip_hasten(replica, turn, log);
    struct toc_link *link = held ? NULL : substitute(replica, log);
    if (link != NULL) {
        toc_gossip_graft(replica, link, log);
    }
}

/* A row of EAGER or LAZY says what its sender holds as one of HAVE does. */
static uint32_t heed(struct toc_replica *replica, const struct toc_turn *turn,
                     struct toc_link *link, const struct toc_tell *tell)
{
    uint32_t log = toc_gossip_log_of(replica, link, tell);
    if (log != TOC_LEDGER_NONE) {
        toc_gossip_hear(replica, turn, link, log, tell->seq, TOC_CLASS_CONTROL);
    }
    return log;
}

struct toc_err toc_gossip_take_eager(struct toc_replica *replica, const struct toc_turn *turn,
                                     struct toc_link *link, struct toc_span body)
{
    TOC_TRY(toc_tells_check(body, 0));
    toc_replica_charge(turn, link, body.len / TOC_TELL_PREFIX_BYTES);
    struct toc_tell tell;
    while (body.len > 0 && !toc_failed(toc_tell_next(&body, &tell))) {
        uint32_t log = heed(replica, turn, link, &tell);
        if (log != TOC_LEDGER_NONE) {
            replica->gossip.logs[log].lazy &= ~bit_of(link); /* */
        }
    }
    return toc_ok();
}

struct toc_err toc_gossip_take_lazy(struct toc_replica *replica, const struct toc_turn *turn,
                                    struct toc_link *link, struct toc_span body)
{
    TOC_TRY(toc_tells_check(body, 1));
    toc_replica_charge(turn, link, body.len / TOC_TELL_PREFIX_BYTES);
    struct toc_tell tell;
    while (body.len > 0 && !toc_failed(toc_tell_next(&body, &tell))) {
        uint32_t log = heed(replica, turn, link, &tell);
        if (log != TOC_LEDGER_NONE) {
            replica->gossip.logs[log].lazy |= bit_of(link); /* */
        }
    }
    return toc_ok();
}

/* What goes on, and how. */
struct push {
    const struct toc_job *job;
    struct toc_buffer *buffer; /* NULL: there is none */
    struct toc_buffer *bare;   /* of a larger alert: without its payload */
    uint64_t first, last;
    uint32_t log;
    bool flood;   /* to every link that lacks it */
    bool allowed; /* new, and within its author's quota: else it is told of */
};

/* False: there is no room on this link. */
static bool send_entry(struct toc_replica *replica, struct toc_link *link, enum toc_class class,
                       struct toc_buffer *buffer)
{
    const struct toc_buffers *buffers = &replica->links->buffers;
    if (buffer == NULL) {
        return false;
    }
    size_t bytes = buffer->used;
    /* An alert waits for no credit. */
    bool room = class == TOC_CLASS_ALERT ? toc_peer_waiting(&link->peer, TOC_CLASS_ALERT) == 0 ||
                                               toc_buffers_ample(buffers, bytes)
                                         : toc_peer_has_room(&link->peer, buffers, class, bytes);
    if (!room) {
        return false;
    }
    toc_buffer_hold(buffer);
    if (toc_peer_queue(&link->peer, TOC_MSG_ENTRY, class, buffer)) {
        return true;
    }
    toc_buffer_drop(&replica->links->buffers, buffer);
    return false;
}

/* Sends the entry, or of a larger alert its header, where that may be done. */
static bool send_any(struct toc_replica *replica, struct toc_link *link, const struct push *push,
                     bool joins, bool lazy)
{
    uint64_t has = *toc_replica_has(replica, link, push->log);
    /* What was told of the peer may be older than what is on its way to it. */
    bool near = push->job->live && has < push->first && push->first - has <= TOC_PUSH_AHEAD;
    bool whole = push->flood || (!lazy && (joins || near));
    if (whole && send_entry(replica, link, push->job->class, push->buffer)) {
        return true;
    }
    return push->bare != NULL && send_entry(replica, link, TOC_CLASS_ALERT, push->bare);
}

/* One link's share; true when it is to be told. A link that lacks more than this, or has no room,
 * is compared with, unless it has asked and all of it is on its way. */
static bool push_to(struct toc_replica *replica, struct toc_link *link, const struct push *push)
{
    bool lazy = (replica->gossip.logs[push->log].lazy & bit_of(link)) != 0;
    if (!push->allowed || (lazy && !push->flood && push->bare == NULL)) {
        return true;
    }
    uint64_t *has = toc_replica_has(replica, link, push->log);
    bool joins = *has + 1 == push->first;
    bool sent = send_any(replica, link, push, joins, lazy);
    if (sent) {
        *has = push->last;
    }
    if (sent && (joins || lazy)) {
        return false;
    }
    if (toc_replica_serves(replica, link, push->log)) {
        return !sent;
    }
    link->vtop_due = true;
    return false;
}

/* the federation's own records have a quota of their own. */
static bool is_record(const struct toc_ledger_log *log, struct toc_span range)
{
    struct toc_range_walk walk;
    struct toc_entry entry;
    return log->group == TOC_GROUP_CONTROL ||
           (!toc_failed(toc_range_open(&walk, range)) &&
            !toc_failed(toc_range_next(&walk, &entry)) && toc_quota_is_record(entry.header.kind));
}

/* is this within its author's quota? Asked once an entry. */
static bool may_push(struct toc_replica *replica, const struct toc_turn *turn,
                     const struct push *push, struct toc_span range, size_t count)
{
    const struct toc_ledger_log *at = &replica->ledger->logs[push->log];
    bool record = is_record(at, range), within = true;
    for (size_t i = 0; i < count; i++) {
        size_t bytes = range.len / count;
        within = (record ? toc_quota_push_record(replica, at->org_place, bytes, turn)
                         : toc_quota_push(replica, at->org_place, bytes, turn)) &&
                 within;
    }
    return within || push->job->alert; /* alerts have a bound of their own */
}

/* Is this news? What comes because it was asked for is mostly old, and others are asking for it as
 * well. */
static bool is_news(const struct toc_replica *replica, const struct toc_turn *turn,
                    const struct push *push)
{
    const struct toc_ledger_log *log = &replica->ledger->logs[push->log];
    return push->job->live || log->group == TOC_GROUP_CONTROL ||
           log->active_ms + TOC_PUSH_NEWS_MS > turn->now_utc.ms;
}

/* The entry without its payload. Gives: one reference; NULL when there is no buffer. */
static struct toc_buffer *make_bare(struct toc_replica *replica, const struct toc_buffer *entry)
{
    struct toc_buffer *bare = toc_buffer_take(&replica->links->buffers, TOC_BARE_BYTES_MAX);
    struct toc_span range;
    if (bare != NULL &&
        toc_failed(toc_range_slice(toc_buffer_bytes(entry), 0, true,
                                   (struct toc_room){bare->at, bare->size}, &range))) {
        toc_buffer_drop(&replica->links->buffers, bare);
        return NULL;
    }
    if (bare != NULL) {
        bare->used = (uint32_t)range.len;
    }
    return bare;
}

/* Is this the node whose log it is? It needs nothing of it. */
static bool is_author(const struct toc_link *link, const struct toc_ledger_log *log)
{
    return link->node == log->node && memcmp(link->org, log->org, TOC_ID_BYTES) == 0;
}

void toc_replica_push(struct toc_replica *replica, struct toc_turn *turn, const struct toc_job *job,
                      struct toc_buffer *buffer, const struct toc_range_info *info, uint32_t log)
{
    struct push push = {
        .job = job, .buffer = buffer, .first = info->first_seq, .last = info->last_seq, .log = log};
    push.flood = job->alert && buffer != NULL && buffer->used <= TOC_FLOOD_BYTES_MAX; /* */
    push.bare = job->alert && buffer != NULL && !push.flood ? make_bare(replica, buffer) : NULL;
    push.allowed =
        is_news(replica, turn, &push) &&
        (buffer == NULL || may_push(replica, turn, &push, toc_buffer_bytes(buffer), info->count));
    uint64_t told = 0;
    toc_gossip_close_gap(&replica->gossip, log, info->last_seq);
    for (uint32_t i = 0; i < replica->links->top; i++) {
        struct toc_link *link = &replica->links->items[i];
        if (shares(replica, link, log) && *toc_replica_has(replica, link, log) < info->last_seq &&
            !is_author(link, &replica->ledger->logs[log]) && push_to(replica, link, &push)) {
            told |= bit_of(link);
        }
    }
    toc_gossip_tell(replica, turn, log, told, push.allowed ? TOC_CLASS_CONTROL : TOC_CLASS_BULK,
                    job->alert);
    toc_buffer_drop(&replica->links->buffers, push.bare);
}
