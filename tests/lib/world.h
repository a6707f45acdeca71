/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * world: several cores in one process, without sockets, disk or clock. Virtual time, a network of
 * byte pipes, stores in memory. The same seed gives the same run. Header only; needs the rooms core
 * and seal.
 */
#ifndef TOC_TEST_WORLD_H
#define TOC_TEST_WORLD_H

#include <sys/mman.h>

#include "core_internal.h"
#include "world_found.h"
#include "world_net.h"
#include "world_store.h"

/* Starting. */

static inline struct toc_core_options world_options(struct world *world, size_t index)
{
    struct world_node *node = &world->nodes[index];
    struct toc_core_options options = {.node_keys = &node->node_keys,
                                       .log_keys = &node->log_keys,
                                       .node_number = 1,
                                       .genesis = world->genesis,
                                       .own_card = node->card,
                                       .now_utc = {WORLD_START_UTC_MS + world->now_ms},
                                       .link_max = world->link_max == 0 ? 16 : world->link_max,
                                       .group_max = world->group_max == 0 ? 64 : world->group_max,
                                       .log_max = 1024};
    memcpy(options.org, node->org, 32);
    return options;
}

static inline void world_step(struct world *world, size_t index, struct toc_event *event);

static inline void world_start(struct world *world, size_t index)
{
    struct world_node *node = &world->nodes[index];
    struct toc_core_options options = world_options(world, index);
    size_t bytes = toc_core_bytes(&options);
    node->memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    assert_true(node->memory != MAP_FAILED);
    assert_ok(toc_core_init(node->memory, bytes, &options, &node->core));
    for (const char *table = "CGEBP"; *table != 0; table++) {
        for (struct world_record *record = node->records; record != NULL; record = record->next) {
            if (record->table == *table && record->value.len != 0) {
                assert_ok(toc_core_load_record(
                    node->core, *table, toc_span(record->key, record->key_len), record->value));
            }
        }
    }
    for (struct world_entry *entry = node->entries; entry != NULL; entry = entry->next) {
        assert_ok(toc_core_load_head(node->core, entry->log, &entry->head));
    }
    if (node->recover) {
        toc_core_recover(node->core);
    }
    node->up = true;
    node->next_link = 2 + world->now_ms * 1000; /* never a number that was used before */
    node->next_link += node->next_link % 2;
    struct toc_event event = {.kind = TOC_EVENT_TIMER};
    world_step(world, index, &event);
}

static inline void world_init(struct world *world, size_t node_count, uint64_t seed)
{
    *world =
        (struct world){.node_count = node_count, .seed = seed << 32, .commit_ms = WORLD_COMMIT_MS};
    for (size_t i = 0; i < node_count; i++) {
        world->nodes[i].entries_end = &world->nodes[i].entries;
        world_make_keys(world, &world->nodes[i]);
        world_make_card(world, i, 1);
    }
    world_found(world);
}

/* Events in, actions out. */

static inline void world_deliver(struct world *world, size_t index, const struct toc_action *action)
{
    struct world_node *node = &world->nodes[index];
    node->delivered++;
    if (!action->late) {
        return;
    }
    node->delivered_late++;
    struct world_event answer = {.kind = WORLD_INDEXED, .node = index, .count = action->seq};
    memcpy(answer.log, action->log, sizeof answer.log);
    world_later(world, answer, 1);
}

static inline void world_resume(struct world *world, size_t index, uint64_t link)
{
    size_t place;
    if (world_end(&world->nodes[index], link, &place) != NULL) {
        world_later(
            world,
            (struct world_event){.kind = WORLD_ARRIVE, .node = index, .link = link, .end = place},
            0);
    }
}

static inline void world_act(struct world *world, size_t index, const struct toc_action *action)
{
    struct world_node *node = &world->nodes[index];
    struct world_event answer = {.node = index, .id = action->id};
    switch (action->kind) {
    case TOC_ACTION_SEND:
        world_send(world, index, action);
        return;
    case TOC_ACTION_CLOSE:
        world_close(world, index, action->link, action->err);
        return;
    case TOC_ACTION_DIAL:
        world_dial(world, index, action);
        return;
    case TOC_ACTION_CHECK:
        answer.kind = WORLD_CHECKED;
        answer.check = action->check;
        world_later(world, answer,
                    world_upto(world, action->check->kind == TOC_CHECK_PEER ? world->opening_ms
                                                                            : world->check_ms));
        return;
    case TOC_ACTION_STORE:
        node->stores++;
        world_store(world, index, action);
        return;
    case TOC_ACTION_LOAD:
        answer.kind = WORLD_LOADED;
        answer.err = world_load(node, &action->load, &answer.count);
        world_later(world, answer, 0);
        return;
    case TOC_ACTION_DELIVER:
        world_deliver(world, index, action);
        return;
    case TOC_ACTION_PUBLISHED:
        node->last_published = action->err;
        node->published += toc_failed(action->err) ? 0 : action->submit_count;
        node->not_published += toc_failed(action->err) ? action->submit_count : 0;
        node->last_seq = action->seq;
        memcpy(node->last_log, action->log, 32);
        memcpy(node->last_group, action->group, 32);
        return;
    case TOC_ACTION_TIMER:
        node->timer_ms = action->when.ms;
        return;
    case TOC_ACTION_RESUME:
        world_resume(world, index, action->link);
        return;
    case TOC_ACTION_NOTICE:
    default:
        node->notices[action->notice.kind]++;
        if (action->notice.kind == TOC_NOTICE_REFUSED) {
            node->refused++;
            node->last_refused = action->notice.err;
            node->last_notice = action->notice;
        }
    }
}

static inline void world_step(struct world *world, size_t index, struct toc_event *event)
{
    static struct toc_actions actions;
    uint8_t entropy[TOC_ENTROPY_BYTES];
    if (event->kind == TOC_EVENT_LINK_UP || event->kind == TOC_EVENT_SUBMITTED ||
        event->kind == TOC_EVENT_TIMER || event->kind == TOC_EVENT_CHECKED) {
        world_entropy(world, entropy, sizeof entropy);
        event->entropy = entropy;
    }
    event->now.ms = world->now_ms;
    event->now_utc.ms = WORLD_START_UTC_MS + world->now_ms;
    toc_core_step(world->nodes[index].core, event, &actions);
    world->steps++;
    for (size_t i = 0; i < actions.count; i++) {
        world_act(world, index, &actions.items[i]);
    }
}

static inline void world_arrive(struct world *world, const struct world_event *at)
{
    struct world_node *node = &world->nodes[at->node];
    struct world_end *end = &node->ends[at->end];
    if (end->used && end->link == at->link) {
        end->in.ready += at->count;
    }
    while (end->used && end->up && end->link == at->link && end->in.first < end->in.len) {
        struct toc_room room = toc_core_receive_room(node->core, at->link);
        size_t count = end->in.len - end->in.first;
        count = count < room.len ? count : room.len;
        count = count < WORLD_PIECE_BYTES ? count : WORLD_PIECE_BYTES;
        count = end->in.paced && end->in.ready < count ? end->in.ready : count;
        if (count == 0) {
            return; /* until RESUME, or the next piece */
        }
        end->in.ready -= end->in.paced ? count : 0;
        memcpy(room.at, end->in.at + end->in.first, count);
        end->in.first += count;
        struct toc_event event = {.kind = TOC_EVENT_BYTES, .link = at->link, .count = count};
        world_step(world, at->node, &event);
    }
    if (end->used && end->up && end->link == at->link && end->in.closed &&
        end->in.first == end->in.len) {
        end->used = false;
        struct toc_event event = {.kind = TOC_EVENT_LINK_DOWN, .link = at->link};
        world_step(world, at->node, &event);
    }
}

static inline void world_handle(struct world *world, const struct world_event *at)
{
    struct world_node *node = &world->nodes[at->node];
    if (!node->up) {
        return;
    }
    struct toc_event event = {.link = at->link, .id = at->id, .err = at->err, .count = at->count};
    switch (at->kind) {
    case WORLD_CHECKED:
        event.kind = TOC_EVENT_CHECKED;
        event.check = at->check;
        toc_check_run(at->check);
        break;
    case WORLD_STORED:
        event.kind = TOC_EVENT_STORED;
        break;
    case WORLD_LOADED:
        event.kind = TOC_EVENT_LOADED;
        break;
    case WORLD_SENT:
        event.kind = TOC_EVENT_SENT;
        break;
    case WORLD_UP:
        event.kind = TOC_EVENT_LINK_UP;
        event.dialled = at->dialled;
        memcpy(event.source, at->source, sizeof event.source);
        node->ends[at->end].up = true;
        break;
    case WORLD_INDEXED:
        event.kind = TOC_EVENT_INDEXED;
        event.late = true;
        event.seq = at->count;
        memcpy(event.log, at->log, sizeof event.log);
        break;
    case WORLD_DOWN:
        event.kind = TOC_EVENT_LINK_DOWN;
        break;
    case WORLD_ARRIVE:
    default:
        world_arrive(world, at);
        return;
    }
    world_step(world, at->node, &event);
}

/* The node whose timer comes first, or SIZE_MAX. */
static inline size_t world_timer(const struct world *world)
{
    size_t timer = SIZE_MAX;
    for (size_t i = 0; i < world->node_count; i++) {
        uint64_t earliest = timer == SIZE_MAX ? UINT64_MAX : world->nodes[timer].timer_ms;
        timer = world->nodes[i].up && world->nodes[i].timer_ms < earliest ? i : timer;
    }
    return timer;
}

/* The next event or timer that comes by `end_ms`; false when there is none. */
static inline bool world_next(struct world *world, uint64_t end_ms)
{
    size_t timer = world_timer(world);
    uint64_t timer_ms = timer == SIZE_MAX ? UINT64_MAX : world->nodes[timer].timer_ms;
    if (world->event_count > 0 && world->events[0].at_ms <= timer_ms) {
        if (world->events[0].at_ms > end_ms) {
            return false;
        }
        struct world_event event = world_pop(world);
        world->now_ms = event.at_ms;
        world_handle(world, &event);
        return true;
    }
    if (timer_ms > end_ms || timer == SIZE_MAX) {
        return false;
    }
    world->now_ms = timer_ms > world->now_ms ? timer_ms : world->now_ms;
    world->nodes[timer].timer_ms = UINT64_MAX;
    struct toc_event event = {.kind = TOC_EVENT_TIMER};
    world_step(world, timer, &event);
    return true;
}

/* Runs until `done` holds, at most `ms` of virtual time; gives whether it holds. */
static inline bool world_until(struct world *world, bool (*done)(struct world *world), uint64_t ms)
{
    uint64_t end = world->now_ms + ms;
    while (!done(world)) {
        if (!world_next(world, end)) {
            world->now_ms = end;
            return done(world);
        }
    }
    return true;
}

static inline void world_run(struct world *world, uint64_t ms)
{
    uint64_t end = world->now_ms + ms;
    while (world_next(world, end)) {
    }
    world->now_ms = end;
}

/* Kills a node: what was not stored is gone, and its connections end. */
static inline void world_kill(struct world *world, size_t index)
{
    struct world_node *node = &world->nodes[index];
    node->up = false;
    for (size_t i = 0; i < WORLD_ENDS_MAX; i++) {
        if (node->ends[i].used) {
            world_close(world, index, node->ends[i].link,
                        toc_fail(TOC_UNREACHABLE, "the node was killed"));
        }
    }
    world_forget(world, index);
    struct toc_core_options options = world_options(world, index);
    munmap(node->memory, toc_core_bytes(&options));
    node->core = NULL;
}

/* A node that has stopped holds nothing: no buffer, job, load, check or want is left over, whatever
 * its peers have done. */
static inline void world_assert_idle(const struct world_node *node)
{
    const struct toc_links *links = &node->core->links;
    const struct toc_replica *replica = &node->core->replica;
    assert_int_equal(links->top, 0);
    assert_int_equal(links->stranger_top, 0);
    assert_int_equal(links->waiting, 0);
    assert_int_equal(links->buffers.free_count[0], TOC_BUFFER_SMALL_COUNT);
    assert_int_equal(links->buffers.free_count[1], TOC_BUFFER_MIDDLE_COUNT);
    assert_int_equal(links->buffers.free_count[2], TOC_BUFFER_LARGE_COUNT);
    assert_int_equal(toc_places_used(&replica->job_places), 0);
    assert_int_equal(toc_places_used(&replica->load_places), 0);
    assert_int_equal(toc_places_used(&replica->waiting_places), 0);
    assert_int_equal(toc_places_used(&replica->chunk_check_places), 0);
    assert_false(replica->big_busy);
    assert_int_equal(replica->plan.item_count, 0);
    assert_int_equal(replica->plan.held_count, 0);
    assert_int_equal(replica->plan.held_bytes, 0);
    assert_int_equal(replica->plan.jump_blocks, 0);
    for (uint32_t i = 0; i < node->core->ledger.log_count; i++) {
        const struct toc_ledger_log *log = &node->core->ledger.logs[i];
        assert_int_equal(log->first_item, TOC_LEDGER_NONE);
        assert_int_equal(log->queue, TOC_PLAN_NONE);
        assert_int_equal(log->first_waiting, TOC_LEDGER_NONE);
        assert_true(log->disputed || log->checked.seq == log->head.seq || replica->broken);
    }
}

/* Stops all nodes in order, sees that they hold nothing, and gives all memory back. */
static inline void world_clear(struct world *world)
{
    for (size_t i = 0; i < world->node_count; i++) {
        if (world->nodes[i].up) {
            struct toc_event event = {.kind = TOC_EVENT_STOP};
            world_step(world, i, &event);
        }
    }
    world_run(world, 3000);
    for (size_t i = 0; i < world->node_count; i++) {
        struct world_node *node = &world->nodes[i];
        if (node->up) {
            world_assert_idle(node);
            world_kill(world, i);
        }
        world_store_clear(node);
        for (size_t end = 0; end < WORLD_ENDS_MAX; end++) {
            free(node->ends[end].in.at);
        }
        world_free(node->card);
    }
    world_free(world->genesis);
    free(world->events);
    *world = (struct world){0};
}

/* What tests ask. */

static inline void world_publish(struct world *world, size_t index, struct toc_submit submit,
                                 struct toc_span content)
{
    submit.kind = TOC_KIND_BULLETIN;
    submit.class = submit.class == 0 ? TOC_CLASS_LIVE : submit.class;
    submit.content = content;
    struct toc_event event = {.kind = TOC_EVENT_SUBMITTED, .submit = &submit};
    world_step(world, index, &event);
}

static inline uint64_t world_seq(struct world *world, size_t index, const uint8_t *log)
{
    struct toc_log_view view;
    if (!world->nodes[index].up ||
        toc_failed(toc_core_view_log(world->nodes[index].core, log, &view))) {
        return 0;
    }
    return view.head.seq;
}

/* The control log, or the log in a group, of a node. */
static inline void world_log(struct world *world, size_t index, const uint8_t *group,
                             uint8_t out[32])
{
    uint8_t all[32];
    toc_group_all_id(all, world->federation);
    toc_log_id(out, world->federation, group == NULL ? all : group,
               world->nodes[index].log_keys.public_key);
}

#endif
