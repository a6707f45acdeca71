/* SPDX-License-Identifier: EUPL-1.2 */
#include "replica.h"

/* Received ranges that are not stored yet, those of each log in the order of their entries. The
 * ones behind a gap are held: they take buffers until what is before them comes, and so are
 * counted. */

#define NONE TOC_LEDGER_NONE

static uint32_t place_of(const struct toc_replica *replica, const struct toc_waiting *waiting)
{
    return (uint32_t)(waiting - replica->waiting);
}

static size_t tier_half(const struct toc_buffer *buffer)
{
    static const size_t counts[TOC_BUFFER_TIERS] = {TOC_BUFFER_SMALL_COUNT, TOC_BUFFER_MIDDLE_COUNT,
                                                    TOC_BUFFER_LARGE_COUNT};
    return counts[buffer->tier] / 2;
}

bool toc_hold_may(const struct toc_replica *replica, const struct toc_link *link,
                  const struct toc_buffer *buffer)
{
    const struct toc_plan *plan = &replica->plan;
    const struct toc_window *window = &plan->windows[link->place];
    return plan->held_count + window->held_count + 1 < TOC_HELD_MAX &&
           window->held_bytes + buffer->used <= TOC_HELD_LINK_BYTES &&
           replica->links->buffers.free_count[buffer->tier] >= tier_half(buffer);
}

static uint64_t less(uint64_t a, uint64_t b)
{
    return a > b ? a - b : 0;
}

uint64_t toc_hold_room(const struct toc_replica *replica, const struct toc_link *link,
                       uint64_t bytes)
{
    const struct toc_plan *plan = &replica->plan;
    const struct toc_window *window = &plan->windows[link->place];
    uint64_t held = window->held_bytes + window->jump_bytes;
    uint64_t share = less(TOC_HELD_LINK_BYTES, held) / bytes;
    uint64_t buffers =
        less(toc_buffers_half(&replica->links->buffers, bytes), plan->jump_blocks + 1);
    /* Each one takes a place, and one more must stay free beside it. */
    uint64_t places = less(TOC_HELD_MAX, plan->held_count + plan->jump_blocks + window->held_count +
                                             window->jump_blocks + 1) /
                      2;
    uint64_t room = share < buffers ? share : buffers;
    return room < places ? room : places;
}

/* Up to where everything is taken without a gap: from `waiting` on, the first that may lie behind
 * the old end. */
static void extend(struct toc_replica *replica, struct toc_ledger_log *log, uint32_t waiting)
{
    for (; waiting != NONE; waiting = replica->waiting[waiting].next) {
        const struct toc_range_info *info = &replica->waiting[waiting].info;
        if (info->first_seq > log->taken_to + 1) {
            return;
        }
        log->taken_to = info->last_seq > log->taken_to ? info->last_seq : log->taken_to;
    }
}

static void count_held(struct toc_replica *replica, struct toc_waiting *waiting, bool held)
{
    struct toc_plan *plan = &replica->plan;
    struct toc_window *window = &plan->windows[waiting->link_place];
    if (waiting->held == held) {
        return;
    }
    waiting->held = held;
    if (held) {
        plan->held_count++;
        window->held_count++;
        plan->held_bytes += waiting->range.len;
        window->held_bytes += waiting->range.len;
        return;
    }
    plan->held_count--;
    window->held_count--;
    plan->held_bytes -= waiting->range.len;
    window->held_bytes -= waiting->range.len;
}

static bool before(const struct toc_range_info *a, const struct toc_range_info *b)
{
    return a->first_seq < b->first_seq ||
           (a->first_seq == b->first_seq && a->last_seq <= b->last_seq);
}

void toc_hold_put(struct toc_replica *replica, struct toc_waiting *waiting)
{
    struct toc_ledger_log *log = &replica->ledger->logs[waiting->log];
    uint32_t place = place_of(replica, waiting), previous = log->last_waiting;
    log->taken_to = toc_replica_taken_to(replica, log);
    count_held(replica, waiting, waiting->info.first_seq > log->taken_to + 1);
    if (previous != NONE && !before(&replica->waiting[previous].info, &waiting->info)) {
        previous = NONE;
        for (uint32_t at = log->first_waiting; before(&replica->waiting[at].info, &waiting->info);
             at = replica->waiting[at].next) {
            previous = at;
        }
    }
    uint32_t *from = previous == NONE ? &log->first_waiting : &replica->waiting[previous].next;
    waiting->next = *from;
    *from = place;
    if (waiting->next == NONE) {
        log->last_waiting = place;
    }
    extend(replica, log, place);
}

bool toc_hold_has(const struct toc_replica *replica, uint32_t log, uint64_t first, uint64_t last)
{
    for (uint32_t at = replica->ledger->logs[log].first_waiting; at != NONE;
         at = replica->waiting[at].next) {
        const struct toc_range_info *info = &replica->waiting[at].info;
        if (info->first_seq > first) {
            return false;
        }
        if (info->last_seq >= last) {
            return true;
        }
    }
    return false;
}

struct toc_waiting *toc_hold_pop(struct toc_replica *replica, uint32_t log)
{
    struct toc_ledger_log *at = &replica->ledger->logs[log];
    struct toc_waiting *first = &replica->waiting[at->first_waiting];
    at->first_waiting = first->next;
    if (at->first_waiting == NONE) {
        at->last_waiting = NONE;
    }
    return first;
}

void toc_hold_release(struct toc_replica *replica, struct toc_waiting *waiting)
{
    count_held(replica, waiting, false);
    if (!waiting->handed) {
        toc_replica_unkeep(replica, waiting->link, (uint32_t)waiting->range.len, waiting->charged);
    }
    toc_buffer_drop(&replica->links->buffers, waiting->buffer);
    waiting->buffer = NULL;
    toc_places_give(&replica->waiting_places, place_of(replica, waiting));
}

/* After something was taken out: what stood behind it no longer joins on, and is held. */
static void recount(struct toc_replica *replica, struct toc_ledger_log *log)
{
    log->taken_to = log->checked.seq;
    extend(replica, log, log->first_waiting);
    for (uint32_t at = log->first_waiting; at != NONE; at = replica->waiting[at].next) {
        struct toc_waiting *waiting = &replica->waiting[at];
        if (waiting->info.first_seq > log->taken_to + 1 &&
            toc_links_find(replica->links, waiting->link) != NULL) {
            count_held(replica, waiting, true);
        }
    }
}

/* Takes out what `leaves` says; then the log has a gap where it stood. */
static void drop_some(struct toc_replica *replica, uint32_t log, const void *context,
                      bool (*leaves)(const struct toc_replica *replica,
                                     const struct toc_waiting *waiting, const void *context))
{
    struct toc_ledger_log *at = &replica->ledger->logs[log];
    uint32_t next = at->first_waiting, *last = &at->first_waiting;
    bool any = false;
    at->last_waiting = NONE;
    while (next != NONE) {
        struct toc_waiting *waiting = &replica->waiting[next];
        next = waiting->next;
        if (!leaves(replica, waiting, context)) {
            *last = at->last_waiting = place_of(replica, waiting);
            last = &waiting->next;
            continue;
        }
        any = true;
        if (waiting->proved) {
            toc_hold_release(replica, waiting);
        } else {
            count_held(replica, waiting, false);
            waiting->log = NONE;
        }
    }
    *last = NONE;
    if (any) {
        recount(replica, at);
        toc_plan_hole(replica, log);
    }
}

static bool is_this(const struct toc_replica *replica, const struct toc_waiting *waiting,
                    const void *context)
{
    (void)replica;
    return waiting == context;
}

void toc_hold_drop(struct toc_replica *replica, struct toc_waiting *waiting)
{
    drop_some(replica, waiting->log, waiting, is_this);
}

static bool any_at_all(const struct toc_replica *replica, const struct toc_waiting *waiting,
                       const void *context)
{
    (void)replica;
    (void)waiting;
    (void)context;
    return true;
}

void toc_hold_drop_log(struct toc_replica *replica, uint32_t log)
{
    drop_some(replica, log, NULL, any_at_all);
}

/* Does it still wait behind a gap? */
static bool is_beyond(const struct toc_replica *replica, const struct toc_waiting *waiting)
{
    return waiting->log != NONE &&
           waiting->info.first_seq >
               toc_replica_taken_to(replica, &replica->ledger->logs[waiting->log]) + 1;
}

static bool is_beyond_from(const struct toc_replica *replica, const struct toc_waiting *waiting,
                           const void *context)
{
    const struct toc_link *link = context;
    return waiting->link == link->id && is_beyond(replica, waiting);
}

void toc_hold_drop_link(struct toc_replica *replica, const struct toc_link *link)
{
    for (uint32_t i = 0; i < replica->waiting_places.top && replica->plan.held_count > 0; i++) {
        struct toc_waiting *waiting = &replica->waiting[i];
        if (!waiting->held || waiting->link != link->id) {
            continue;
        }
        if (is_beyond(replica, waiting)) {
            drop_some(replica, waiting->log, link, is_beyond_from);
        } else {
            count_held(replica, waiting, false); /* its window goes */
        }
    }
}

static bool is_old(const struct toc_replica *replica, const struct toc_waiting *waiting,
                   const void *context)
{
    const struct toc_mono *now = context;
    return is_beyond(replica, waiting) && (now->ms - waiting->came.ms >= TOC_HELD_MS_MAX ||
                                           toc_links_find(replica->links, waiting->link) == NULL);
}

void toc_hold_expire(struct toc_replica *replica, struct toc_mono now)
{
    bool any = toc_places_used(&replica->waiting_places) > 0;
    for (uint32_t i = 0; any && i < replica->waiting_places.top; i++) {
        const struct toc_waiting *waiting = &replica->waiting[i];
        if (waiting->buffer != NULL && is_old(replica, waiting, &now)) {
            drop_some(replica, waiting->log, &now, is_old);
        }
    }
}
