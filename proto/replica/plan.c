/* SPDX-License-Identifier: EUPL-1.2 */
#include "replica.h"

/* Items: given out to links, followed as they come, ended. */

#define NONE TOC_LEDGER_NONE

size_t toc_plan_bytes(uint32_t link_max)
{
    return TOC_ITEMS_MAX * sizeof(struct toc_item) + link_max * sizeof(struct toc_window) + 64;
}

void toc_plan_init(struct toc_plan *plan, struct toc_arena *arena, uint32_t link_max)
{
    *plan = (struct toc_plan){.free_item = 0};
    plan->items = toc_arena_reserve(arena, TOC_ITEMS_MAX, sizeof *plan->items);
    plan->windows = toc_arena_reserve(arena, link_max, sizeof *plan->windows);
    TOC_ASSERT(plan->items != NULL && plan->windows != NULL);
    for (uint32_t i = 0; i < TOC_ITEMS_MAX; i++) {
        plan->items[i].after = i + 1 < TOC_ITEMS_MAX ? i + 1 : NONE;
    }
    for (size_t i = 0; i < TOC_PLAN_QUEUES; i++) {
        plan->first[i] = plan->last[i] = NONE;
    }
}

/* Queues of logs. */

static void queue_last(struct toc_replica *replica, uint32_t log, enum toc_plan_queue queue)
{
    struct toc_plan *plan = &replica->plan;
    struct toc_ledger_log *logs = replica->ledger->logs;
    logs[log].queue = (uint8_t)queue;
    logs[log].queue_before = plan->last[queue];
    logs[log].queue_after = NONE;
    if (plan->last[queue] == NONE) {
        plan->first[queue] = log;
    } else {
        logs[plan->last[queue]].queue_after = log;
    }
    plan->last[queue] = log;
    plan->count[queue]++;
}

static uint32_t queue_pop(struct toc_replica *replica, enum toc_plan_queue queue)
{
    struct toc_plan *plan = &replica->plan;
    struct toc_ledger_log *logs = replica->ledger->logs;
    uint32_t log = plan->first[queue];
    plan->first[queue] = logs[log].queue_after;
    if (plan->first[queue] == NONE) {
        plan->last[queue] = NONE;
    } else {
        logs[plan->first[queue]].queue_before = NONE;
    }
    plan->count[queue]--;
    logs[log].queue = TOC_PLAN_NONE;
    return log;
}

/* control logs before all, then what is new: of which little is missing. */
static enum toc_plan_queue queue_of(const struct toc_replica *replica, uint32_t log)
{
    const struct toc_ledger_log *at = &replica->ledger->logs[log];
    if (at->group == TOC_GROUP_CONTROL) {
        return TOC_PLAN_CONTROL;
    }
    uint64_t taken = toc_replica_taken_to(replica, at);
    return at->wanted_to <= taken + TOC_NEAR_ENTRIES ? TOC_PLAN_NEAR : TOC_PLAN_FAR;
}

void toc_plan_enqueue(struct toc_replica *replica, uint32_t log)
{
    if (replica->ledger->logs[log].queue == TOC_PLAN_NONE) {
        queue_last(replica, log, queue_of(replica, log));
    }
}

void toc_plan_hole(struct toc_replica *replica, uint32_t log)
{
    replica->ledger->logs[log].asked_to = 0;
    toc_plan_enqueue(replica, log);
}

bool toc_plan_wants(const struct toc_replica *replica, uint32_t log)
{
    const struct toc_ledger_log *at = &replica->ledger->logs[log];
    return at->queue != TOC_PLAN_NONE || at->first_item != NONE;
}

/* Items. */

/* What is still to come of an item, in its link's window and in all. */
static void count_item(struct toc_replica *replica, struct toc_item *item, bool on)
{
    struct toc_plan *plan = &replica->plan;
    struct toc_window *window = &plan->windows[item->link];
    if (!on) {
        window->out_bytes -= item->bytes;
        window->jump_bytes -= item->jumps ? item->bytes : 0;
        window->jump_blocks -= item->jumps ? item->blocks : 0;
        plan->jump_blocks -= item->jumps ? item->blocks : 0;
        return;
    }
    uint64_t entry = replica->ledger->logs[item->log].entry_bytes;
    uint64_t block = entry * TOC_CHECKPOINT_ENTRIES;
    block = block < TOC_BLOCK_BYTES_MAX ? block : TOC_BLOCK_BYTES_MAX;
    item->bytes = (item->to + 1 - item->next) * entry;
    item->blocks = item->bytes / block + 1;
    window->out_bytes += item->bytes;
    window->jump_bytes += item->jumps ? item->bytes : 0;
    window->jump_blocks += item->jumps ? item->blocks : 0;
    plan->jump_blocks += item->jumps ? item->blocks : 0;
}

void toc_plan_end(struct toc_replica *replica, struct toc_item *item)
{
    struct toc_plan *plan = &replica->plan;
    uint32_t place = (uint32_t)(item - plan->items);
    uint32_t *from = &replica->ledger->logs[item->log].first_item;
    while (*from != place) {
        from = &plan->items[*from].after;
    }
    *from = item->after;
    count_item(replica, item, false);
    replica->links->items[item->link].wants_out = --plan->windows[item->link].out_items;
    plan->item_count--;
    *item = (struct toc_item){.after = plan->free_item};
    plan->free_item = place;
}

void toc_plan_cut(struct toc_replica *replica, struct toc_item *item, uint64_t to)
{
    if (item->next > to) {
        toc_plan_end(replica, item);
        return;
    }
    count_item(replica, item, false);
    item->to = to;
    count_item(replica, item, true);
}

void toc_plan_end_log(struct toc_replica *replica, uint32_t log)
{
    const struct toc_ledger_log *at = &replica->ledger->logs[log];
    while (at->first_item != NONE) {
        toc_plan_end(replica, &replica->plan.items[at->first_item]);
    }
}

void toc_plan_end_link(struct toc_replica *replica, struct toc_link *link)
{
    struct toc_plan *plan = &replica->plan;
    for (uint32_t i = 0; i < TOC_ITEMS_MAX && plan->windows[link->place].out_items > 0; i++) {
        uint32_t log = plan->items[i].log;
        if (plan->items[i].used && plan->items[i].link == link->place) {
            toc_plan_end(replica, &plan->items[i]);
            toc_plan_hole(replica, log);
        }
    }
}

void toc_plan_came(struct toc_replica *replica, const struct toc_turn *turn, struct toc_link *link,
                   const struct toc_range_info *info, uint32_t log, size_t bytes)
{
    const struct toc_ledger_log *at = &replica->ledger->logs[log];
    struct toc_window *window = &replica->plan.windows[link->place];
    bool answer = false;
    for (uint32_t i = at->first_item, after; i != NONE; i = after) {
        struct toc_item *item = &replica->plan.items[i];
        after = item->after;
        if (item->link != link->place || info->first_seq > item->next ||
            info->last_seq < item->next) {
            continue;
        }
        answer = true;
        count_item(replica, item, false);
        item->next = info->last_seq < item->to ? info->last_seq + 1 : item->to + 1;
        item->progress = turn->now;
        count_item(replica, item, true);
        if (item->next > item->to) {
            toc_plan_end(replica, item);
        }
    }
    window->answer_bytes += answer ? bytes : 0;
    toc_window_came(window, link, turn->now, answer);
    if (window->out_items == 0) {
        toc_window_idle(window, link, turn->now);
    }
}

/* The log of the range that is coming on a link, or NONE. */
static uint32_t log_coming(const struct toc_replica *replica, const struct toc_link *link)
{
    const struct toc_buffer *part = link->peer.partial[TOC_CLASS_BULK];
    struct toc_range_info info;
    if (part == NULL || link->peer.partial_type[TOC_CLASS_BULK] != TOC_MSG_RANGE ||
        toc_failed(toc_range_peek(toc_buffer_bytes(part), &info))) {
        return NONE;
    }
    return toc_ledger_find_log(replica->ledger, info.log);
}

uint64_t toc_plan_coming(const struct toc_replica *replica, const struct toc_link *link,
                         uint32_t log)
{
    return log_coming(replica, link) == log ? link->peer.partial[TOC_CLASS_BULK]->used : 0;
}

static bool is_asked(const struct toc_replica *replica, const struct toc_link *link, uint32_t log)
{
    uint32_t i = log == NONE ? NONE : replica->ledger->logs[log].first_item;
    while (i != NONE && replica->plan.items[i].link != link->place) {
        i = replica->plan.items[i].after;
    }
    return i != NONE;
}

uint64_t toc_plan_brought(const struct toc_replica *replica, const struct toc_link *link)
{
    const struct toc_buffer *part = link->peer.partial[TOC_CLASS_BULK];
    bool asked = part != NULL && (link->peer.partial_type[TOC_CLASS_BULK] == TOC_MSG_CHUNK ||
                                  is_asked(replica, link, log_coming(replica, link)));
    return replica->plan.windows[link->place].answer_bytes + (asked ? part->used : 0);
}

void toc_plan_learn(struct toc_replica *replica, uint32_t log, size_t bytes, size_t count)
{
    struct toc_ledger_log *at = &replica->ledger->logs[log];
    uint32_t entry = (uint32_t)(bytes / count + 1);
    at->entry_bytes = at->entry_bytes == 0 ? entry : (3 * at->entry_bytes + entry) / 4;
}

/* Giving out. */

struct choice {
    struct toc_link *link;
    uint64_t from, to, ms;
    bool jumps, waits; /* waits: a link that could be asked has no room now */
};

/* The first entry of a log that has not come and was not asked for, or was in vain. */
static uint64_t first_gap(struct toc_replica *replica, struct toc_ledger_log *at)
{
    uint64_t taken = toc_replica_taken_to(replica, at);
    uint64_t seq = (at->asked_to > taken ? at->asked_to : taken) + 1, before;
    do {
        before = seq;
        for (uint32_t i = at->first_item; i != NONE; i = replica->plan.items[i].after) {
            const struct toc_item *item = &replica->plan.items[i];
            seq = !item->late && item->from <= seq && seq <= item->to ? item->to + 1 : seq;
        }
        for (uint32_t i = at->first_waiting; i != NONE; i = replica->waiting[i].next) {
            const struct toc_range_info *info = &replica->waiting[i].info;
            if (info->first_seq > seq) {
                break;
            }
            seq = info->last_seq >= seq ? info->last_seq + 1 : seq;
        }
    } while (seq != before);
    at->asked_to = seq - 1;
    return seq;
}

/* never further than this. */
static uint64_t capped(const struct toc_ledger_log *log, uint64_t to)
{
    uint64_t most = log->checked.seq + TOC_WANT_AHEAD - TOC_CHECKPOINT_ENTRIES;
    return to <= most ? to : most - most % TOC_CHECKPOINT_ENTRIES;
}

/* Was this link asked for that entry in vain? */
static bool in_vain(const struct toc_replica *replica, const struct toc_ledger_log *at,
                    uint32_t place, uint64_t seq)
{
    for (uint32_t i = at->first_item; i != NONE; i = replica->plan.items[i].after) {
        const struct toc_item *item = &replica->plan.items[i];
        if (item->link == place && item->late && item->from <= seq && seq <= item->to) {
            return true;
        }
    }
    return false;
}

static bool holds(struct toc_replica *replica, const struct toc_link *link, uint32_t log,
                  uint64_t seq)
{
    return toc_link_stands(link) && toc_set_has(link->shared, replica->ledger->logs[log].group) &&
           *toc_replica_has(replica, link, log) >= seq &&
           !toc_refusal_has(&replica->plan, link->place, log, seq) &&
           !in_vain(replica, &replica->ledger->logs[log], link->place, seq);
}

static struct toc_item *first_item(const struct toc_replica *replica, uint32_t log)
{
    const struct toc_ledger_log *at = &replica->ledger->logs[log];
    uint64_t seq = toc_replica_taken_to(replica, at) + 1;
    for (uint32_t i = at->first_item; i != NONE; i = replica->plan.items[i].after) {
        struct toc_item *item = &replica->plan.items[i];
        if (!item->late && item->from <= seq && seq <= item->to) {
            return item;
        }
    }
    return NULL;
}

struct toc_link *toc_plan_asked(const struct toc_replica *replica, uint32_t log)
{
    const struct toc_item *item = first_item(replica, log);
    return item == NULL ? NULL : &replica->links->items[item->link];
}

void toc_plan_pass(struct toc_replica *replica, uint32_t log)
{
    struct toc_item *item = first_item(replica, log);
    if (item != NULL) {
        item->late = true;
        toc_plan_hole(replica, log);
    }
}

bool toc_plan_other(struct toc_replica *replica, uint32_t place, uint32_t log, uint64_t seq)
{
    for (uint32_t i = 0; i < replica->links->top; i++) {
        const struct toc_link *link = &replica->links->items[i];
        if (i != place && link->unmet < TOC_UNMET_MAX && holds(replica, link, log, seq)) {
            return true;
        }
    }
    return false;
}

/* may these entries of this link come before those that they follow? */
static bool would_jump(const struct toc_replica *replica, const struct toc_ledger_log *at,
                       const struct toc_link *link, uint64_t from)
{
    if (from == toc_replica_taken_to(replica, at) + 1) {
        return false;
    }
    for (uint32_t i = at->first_item; i != NONE; i = replica->plan.items[i].after) {
        const struct toc_item *item = &replica->plan.items[i];
        if (item->to + 1 == from && item->link == link->place && !item->late) {
            return item->jumps;
        }
    }
    return true;
}

/* What of an unfinished message has come already is no longer on its way. */
static uint64_t on_its_way(const struct toc_window *window, const struct toc_link *link)
{
    uint64_t part = toc_peer_charged_in(&link->peer) - window->message_used;
    return window->out_bytes > part ? window->out_bytes - part : 0;
}

/* How many entries from `from` on may be asked of a link now; 0 none.. */
static uint64_t room(const struct toc_replica *replica, const struct toc_turn *turn,
                     const struct toc_ledger_log *at, const struct toc_link *link, bool jumps)
{
    const struct toc_plan *plan = &replica->plan;
    const struct toc_window *window = &plan->windows[link->place];
    uint64_t most = toc_window_bytes(window), out = on_its_way(window, link);
    uint64_t block = (uint64_t)at->entry_bytes * TOC_CHECKPOINT_ENTRIES;
    block = block < TOC_BLOCK_BYTES_MAX ? block : TOC_BLOCK_BYTES_MAX;
    bool first = window->out_items == 0 || (block > most && out <= most);
    /* of one link no more items than stay free for others. */
    bool may_more =
        window->out_items < TOC_WANTS_LINK && plan->item_count + window->out_items < TOC_ITEMS_MAX;
    if (!may_more || (!first && out + block > most)) {
        return 0;
    }
    uint64_t left = out < most ? most - out : 0, blocks = most / TOC_ITEM_PART / block;
    blocks = blocks < left / block ? blocks : left / block;
    blocks = blocks < TOC_ITEM_BLOCKS_MAX ? blocks : TOC_ITEM_BLOCKS_MAX;
    blocks = blocks > 0 ? blocks : 1;
    if (jumps) {
        uint64_t may = toc_hold_room(replica, link, block);
        blocks = turn->now.ms < plan->jump_ms ? 0 : blocks < may ? blocks : may;
    }
    return blocks * block / at->entry_bytes;
}

/* A link that could be asked, compared with the best one so far. */
static void consider(struct toc_replica *replica, const struct toc_turn *turn, uint32_t log,
                     struct toc_link *link, struct choice *best)
{
    struct toc_ledger_log *at = &replica->ledger->logs[log];
    bool jumps = would_jump(replica, at, link, best->from);
    uint64_t entries = room(replica, turn, at, link, jumps);
    if (entries == 0) {
        best->waits = true;
        return;
    }
    const struct toc_window *window = &replica->plan.windows[link->place];
    uint64_t ms = toc_window_ms(window, (uint64_t)at->entry_bytes * TOC_CHECKPOINT_ENTRIES);
    ms = at->hinted == link->place + 1 && queue_of(replica, log) != TOC_PLAN_FAR ? 0 : ms;
    if (best->link != NULL && best->ms <= ms && ms != 0) {
        return;
    }
    uint64_t to = best->from + entries - 1, has = *toc_replica_has(replica, link, log);
    if (to / TOC_CHECKPOINT_ENTRIES > best->from / TOC_CHECKPOINT_ENTRIES) {
        to -= to % TOC_CHECKPOINT_ENTRIES;
    } else if ((uint64_t)at->entry_bytes * TOC_CHECKPOINT_ENTRIES <= TOC_BLOCK_BYTES_MAX) {
        to = best->from + (TOC_CHECKPOINT_ENTRIES - best->from % TOC_CHECKPOINT_ENTRIES) %
                              TOC_CHECKPOINT_ENTRIES;
    }
    to = capped(at, to < has ? to : has);
    *best = (struct choice){.link = link, .from = best->from, .to = to, .ms = ms, .jumps = jumps};
    if (to < best->from) { /* the cap lies within a block: what is known to be wanted of it */
        best->to = at->wanted_to < has ? at->wanted_to : has;
    }
}

/* who did not give what it says to have is asked when nobody else has it. */
static void choose(struct toc_replica *replica, const struct toc_turn *turn, uint32_t log,
                   struct choice *best)
{
    for (int last = 0; last < 2 && best->link == NULL && !best->waits; last++) {
        for (uint32_t i = 0; i < replica->links->top; i++) {
            struct toc_link *link = &replica->links->items[i];
            if (holds(replica, link, log, best->from) &&
                (link->unmet >= TOC_UNMET_MAX) == (last == 1)) {
                consider(replica, turn, log, link, best);
            }
        }
    }
}

static bool say_want(struct toc_replica *replica, struct toc_link *link, uint32_t log,
                     const struct choice *choice)
{
    struct toc_want want = {.kind = TOC_WANT_ENTRIES, .from = choice->from, .to = choice->to};
    memcpy(want.log, replica->ledger->logs[log].id, TOC_ID_BYTES);
    uint8_t body[TOC_WANT_BYTES];
    toc_want_encode(body, &want);
    return toc_link_say(replica->links, link, TOC_MSG_WANT, TOC_CLASS_CONTROL,
                        toc_span(body, sizeof body));
}

static void ask(struct toc_replica *replica, const struct toc_turn *turn, uint32_t log,
                const struct choice *choice)
{
    struct toc_plan *plan = &replica->plan;
    struct toc_ledger_log *at = &replica->ledger->logs[log];
    struct toc_window *window = &plan->windows[choice->link->place];
    uint32_t place = plan->free_item;
    struct toc_item *item = &plan->items[place];
    plan->free_item = item->after;
    *item = (struct toc_item){.used = true,
                              .jumps = choice->jumps,
                              .log = log,
                              .link = choice->link->place,
                              .from = choice->from,
                              .to = choice->to,
                              .next = choice->from,
                              .progress = turn->now,
                              .after = at->first_item};
    at->first_item = place;
    at->asked_to = choice->to;
    toc_window_asked(window, choice->link, turn->now);
    count_item(replica, item, true);
    choice->link->wants_out = ++window->out_items;
    plan->item_count++;
}

/* Is this a log of which more may be asked for? */
static bool may_want(const struct toc_replica *replica, uint32_t log)
{
    return !replica->broken && !replica->ledger->logs[log].disputed &&
           toc_replica_may_miss(replica, log, TOC_CHECKPOINT_ENTRIES);
}

/* Gives out one item of a log. The log goes on waiting when *more. */
static bool give(struct toc_replica *replica, const struct toc_turn *turn, uint32_t log, bool *more)
{
    struct toc_ledger_log *at = &replica->ledger->logs[log];
    struct choice choice = {.from = may_want(replica, log) ? first_gap(replica, at) : 0};
    *more = false;
    if (choice.from == 0 || choice.from > capped(at, at->wanted_to)) {
        return false; /* until something of it has come */
    }
    at->entry_bytes = at->entry_bytes != 0 ? at->entry_bytes : TOC_ENTRY_BYTES_FIRST;
    choose(replica, turn, log, &choice);
    *more = choice.waits || choice.link != NULL;
    if (choice.link == NULL || replica->plan.free_item == NONE ||
        !say_want(replica, choice.link, log, &choice)) {
        return false;
    }
    ask(replica, turn, log, &choice);
    return true;
}

/* Everything asked for is here: is there more? */
static void compare_idle(struct toc_replica *replica)
{
    for (uint32_t i = 0; i < replica->links->top; i++) {
        struct toc_window *window = &replica->plan.windows[i];
        if (window->asked && window->out_items == 0) {
            window->asked = false;
            replica->links->items[i].vtop_due = true;
        }
    }
}

/* One queue, from its first log on. False: it is not done with. */
static bool give_queue(struct toc_replica *replica, const struct toc_turn *turn,
                       enum toc_plan_queue queue, uint32_t *steps)
{
    const struct toc_plan *plan = &replica->plan;
    uint32_t in_vain_count = 0;
    while (plan->first[queue] != NONE && in_vain_count < plan->count[queue]) {
        if ((*steps)++ == TOC_PLAN_LOGS) {
            return false;
        }
        uint32_t log = queue_pop(replica, queue);
        bool more, given = give(replica, turn, log, &more);
        if (more) {
            queue_last(replica, log, queue_of(replica, log));
        }
        in_vain_count = given ? 0 : in_vain_count + more;
    }
    return true;
}

void toc_plan_give(struct toc_replica *replica, struct toc_turn *turn)
{
    uint32_t steps = 0;
    enum toc_plan_queue queue = TOC_PLAN_CONTROL;
    while (queue < TOC_PLAN_QUEUES && give_queue(replica, turn, queue, &steps)) {
        queue++;
    }
    if (queue < TOC_PLAN_QUEUES) {
        toc_replica_wake(replica, turn->now.ms + 1); /* the others in the next step */
    }
    if (replica->plan.item_count > 0) {
        toc_replica_wake(replica, replica->plan.look_ms);
    }
    compare_idle(replica);
}
