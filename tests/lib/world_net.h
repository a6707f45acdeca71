/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * world, its network. Header only; tests include world.h.
 */
#ifndef TOC_TEST_WORLD_NET_H
#define TOC_TEST_WORLD_NET_H

#include "world_types.h"

static inline struct world_end *world_end(struct world_node *node, uint64_t link, size_t *place)
{
    for (size_t i = 0; i < WORLD_ENDS_MAX; i++) {
        if (node->ends[i].used && node->ends[i].link == link) {
            *place = i;
            return &node->ends[i];
        }
    }
    return NULL;
}

static inline size_t world_free_end(struct world_node *node)
{
    for (size_t i = 0; i < WORLD_ENDS_MAX; i++) {
        if (!node->ends[i].used) {
            free(node->ends[i].in.at);
            node->ends[i] = (struct world_end){.used = true};
            return i;
        }
    }
    fail_msg("too many connections");
    return 0;
}

/* From one node to another. */
static inline uint64_t world_latency(const struct world *world, size_t from, size_t to)
{
    return WORLD_LATENCY_MS + world->further_ms[from][to];
}

static inline void world_dial(struct world *world, size_t from, const struct toc_action *action)
{
    size_t to = strtoul(strchr(action->address, ':') + 1, NULL, 10) - 1000;
    if (to < world->node_count && world->nodes[to].listener != NULL) {
        size_t place = world_free_end(&world->nodes[from]);
        world->nodes[from].ends[place].link = action->link;
        world->nodes[to].accept(world->nodes[to].listener, from, place);
        world_later(world,
                    (struct world_event){.kind = WORLD_UP,
                                         .node = from,
                                         .link = action->link,
                                         .end = place,
                                         .dialled = true},
                    WORLD_LATENCY_MS);
        return;
    }
    if (to >= world->node_count || !world->nodes[to].up || world->cut[from][to]) {
        world_later(world,
                    (struct world_event){.kind = WORLD_DOWN, .node = from, .link = action->link},
                    WORLD_LATENCY_MS);
        return;
    }
    size_t a = world_free_end(&world->nodes[from]), b = world_free_end(&world->nodes[to]);
    struct world_end *ours = &world->nodes[from].ends[a], *theirs = &world->nodes[to].ends[b];
    ours->link = action->link;
    ours->peer_node = to;
    ours->peer_end = b;
    theirs->link = world->nodes[to].next_link;
    world->nodes[to].next_link += 2;
    theirs->peer_node = from;
    theirs->peer_end = a;
    world_later(world,
                (struct world_event){.kind = WORLD_UP, .node = to, .link = theirs->link, .end = b},
                world_latency(world, from, to));
    world_later(world,
                (struct world_event){
                    .kind = WORLD_UP, .node = from, .link = ours->link, .end = a, .dialled = true},
                2 * world_latency(world, from, to) - WORLD_LATENCY_MS);
}

/* The bytes take as long as their line needs for them, and come piece by piece. */
static inline void world_pace(struct world *world, size_t node, struct world_event arrive,
                              size_t len)
{
    size_t from = world->nodes[node].ends[arrive.end].peer_node;
    uint64_t *line_us = &world->line_us[from][node];
    *line_us = *line_us > world->now_ms * 1000 ? *line_us : world->now_ms * 1000;
    for (size_t piece; len > 0; len -= piece) {
        piece = len < WORLD_PIECE_BYTES ? len : WORLD_PIECE_BYTES;
        *line_us += piece * 1000 / world->bytes_ms[from][node];
        arrive.count = piece;
        world_later(world, arrive,
                    (*line_us + 999) / 1000 - world->now_ms + world_latency(world, from, node));
    }
}

/* Puts bytes on their way to one end of a connection of `node`; gives where they lie. */
static inline uint8_t *world_put(struct world *world, size_t node, size_t end,
                                 struct toc_span bytes)
{
    struct world_end *to = &world->nodes[node].ends[end];
    struct world_pipe *pipe = &to->in;
    if (pipe->first == pipe->len) {
        pipe->first = pipe->len = 0;
    }
    if (pipe->len + bytes.len > pipe->size) {
        pipe->size = (pipe->len + bytes.len) * 2;
        pipe->at = realloc(pipe->at, pipe->size);
        assert_non_null(pipe->at);
    }
    assert_true(bytes.len > 0);
    uint8_t *at = pipe->at + pipe->len;
    memcpy(at, bytes.at, bytes.len);
    pipe->len += bytes.len;
    world->wire_bytes += bytes.len;
    struct world_event arrive = {.kind = WORLD_ARRIVE, .node = node, .link = to->link, .end = end};
    pipe->paced = to->script == NULL && world->bytes_ms[to->peer_node][node] != 0;
    if (pipe->paced) {
        world_pace(world, node, arrive, bytes.len);
        return at;
    }
    world_later(world, arrive,
                to->script != NULL ? WORLD_LATENCY_MS : world_latency(world, to->peer_node, node));
    return at;
}

static inline void world_send(struct world *world, size_t from, const struct toc_action *action)
{
    size_t place;
    struct world_end *end = world_end(&world->nodes[from], action->link, &place);
    assert_non_null(end);
    uint64_t taken_ms = 0; /* until the line has taken it */
    if (end->script != NULL && end->script_deaf) {
        return;
    }
    if (end->script != NULL) {
        end->script_bytes(end->script, action->bytes);
    } else if (world->nodes[end->peer_node].ends[end->peer_end].used &&
               !world->cut[from][end->peer_node]) {
        uint8_t *at = world_put(world, end->peer_node, end->peer_end, action->bytes);
        if (world->meddle != NULL) {
            world->meddle(world, from, end->peer_node, at, action->bytes.len);
        }
        uint64_t left_ms = world->line_us[from][end->peer_node] / 1000;
        left_ms = left_ms > WORLD_QUEUE_MS ? left_ms - WORLD_QUEUE_MS : 0;
        taken_ms = left_ms > world->now_ms ? left_ms - world->now_ms : 0;
    }
    world_later(
        world,
        (struct world_event){
            .kind = WORLD_SENT, .node = from, .link = action->link, .count = action->bytes.len},
        taken_ms);
}

static inline void world_close(struct world *world, size_t from, uint64_t link, struct toc_err err)
{
    size_t place;
    struct world_end *end = world_end(&world->nodes[from], link, &place);
    if (end == NULL) {
        return;
    }
    end->used = false;
    if (end->script != NULL) {
        end->script_closed(end->script, err);
        return;
    }
    struct world_end *other = &world->nodes[end->peer_node].ends[end->peer_end];
    if (other->used) {
        other->in.closed = true;
        world_later(world,
                    (struct world_event){.kind = WORLD_ARRIVE,
                                         .node = end->peer_node,
                                         .link = other->link,
                                         .end = end->peer_end},
                    world_latency(world, from, end->peer_node));
    }
}

#endif
