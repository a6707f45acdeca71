/* SPDX-License-Identifier: EUPL-1.2 */
#include "sim.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/*
 * Connections as TCP gives them: bytes in order, whole, or the connection's end. A node has one
 * uplink that all its connections share, one after another; the way takes a latency by distance
 * with a jitter; a lost segment and all behind it wait for a retransmission; what a cut stops comes
 * after it heals. The kernel takes what it may send soon (TCP_NOTSENT_LOWAT) while no more than a
 * window is unacknowledged. Downlinks are not modelled: they are as fast as what comes.
 */

#define CONNECT_TRIES 3u /* SYN after 0, 1 and 3 s: then the dialler hears that nobody answers */

uint64_t sim_latency_us(struct sim *sim, uint32_t a, uint32_t b, bool jitter)
{
    double ms = sim->options.latency_ms;
    if (ms <= 0) {
        ms = 4 + 70 * hypot(sim->nodes[a].x - sim->nodes[b].x, sim->nodes[a].y - sim->nodes[b].y);
    }
    jitter = jitter && !sim->options.even;
    return (uint64_t)(ms * 1000 * (jitter ? 1 + 0.05 * sim_chance(sim) : 1));
}

bool sim_is_cut(const struct sim *sim, uint32_t from, uint32_t to)
{
    return sim->cuts[(size_t)from * sim->cut_row + to] != 0;
}

static struct sim_link *link_of(struct sim_node *node, uint64_t link)
{
    for (size_t i = 0; i < node->link_count; i++) {
        if (node->links[i].link == link) {
            return &node->links[i];
        }
    }
    return NULL;
}

static void drop_link(struct sim_node *node, uint64_t link)
{
    struct sim_link *at = link_of(node, link);
    if (at != NULL) {
        *at = node->links[--node->link_count];
    }
}

static struct sim_link *add_link(struct sim_node *node, uint64_t link)
{
    TOC_ASSERT(node->link_count < SIM_ENDS_MAX);
    node->links[node->link_count] = (struct sim_link){.link = link, .conn = SIM_NONE};
    return &node->links[node->link_count++];
}

/* The connection of an event, if it is the one that it was. */
static struct sim_conn *conn_of(struct sim *sim, uint32_t conn, uint32_t number)
{
    struct sim_conn *at = &sim->conns[conn];
    return at->used && at->number == number ? at : NULL;
}

static uint32_t take_conn(struct sim *sim)
{
    uint32_t place;
    if (sim->conn_free_count > 0) {
        place = sim->conn_free[--sim->conn_free_count];
    } else {
        if (sim->conn_count == sim->conn_max) {
            sim->conn_max = sim->conn_max == 0 ? 64 : sim->conn_max * 2;
            sim->conns = realloc(sim->conns, sim->conn_max * sizeof *sim->conns);
            sim->conn_free = realloc(sim->conn_free, sim->conn_max * sizeof *sim->conn_free);
            TOC_ASSERT(sim->conns != NULL && sim->conn_free != NULL);
        }
        place = sim->conn_count++;
        sim->conns[place].number = 0;
    }
    uint32_t number = sim->conns[place].number + 1;
    sim->conns[place] = (struct sim_conn){.used = true, .number = number};
    return place;
}

static void give_conn(struct sim *sim, struct sim_conn *conn)
{
    if (conn->ends[0].open || conn->ends[1].open || conn->ends[0].orphan || conn->ends[1].orphan) {
        return;
    }
    for (size_t i = 0; i < 2; i++) {
        free(conn->ends[i].in.at);
        conn->ends[i].in.at = NULL;
    }
    conn->used = false;
    sim->conn_free[sim->conn_free_count++] = (uint32_t)(conn - sim->conns);
}

static struct sim_event event_for(struct sim *sim, struct sim_conn *conn, uint8_t end,
                                  enum sim_kind kind)
{
    uint32_t node = conn->ends[end].node;
    return (struct sim_event){.kind = kind,
                              .node = node,
                              .life = sim->nodes[node].life,
                              .conn = (uint32_t)(conn - sim->conns),
                              .conn_number = conn->number,
                              .end = end,
                              .link = conn->ends[end].link};
}

/* Sending. */

static void append(struct sim_pipe *pipe, struct toc_span bytes)
{
    if (pipe->first == pipe->len) {
        pipe->first = pipe->len = 0;
    }
    if (pipe->len + bytes.len > pipe->size) {
        pipe->size = (pipe->len + bytes.len) * 2;
        pipe->at = realloc(pipe->at, pipe->size);
        TOC_ASSERT(pipe->at != NULL);
    }
    memcpy(pipe->at + pipe->len, bytes.at, bytes.len);
    pipe->len += bytes.len;
}

/* When `count` bytes that leave at `left_us` come to `end`; nothing overtakes within a connection.
 */
static uint64_t arrival(struct sim *sim, struct sim_conn *conn, uint8_t end, uint64_t left_us)
{
    struct sim_pipe *pipe = &conn->ends[end].in;
    uint32_t from = conn->ends[1 - end].node, to = conn->ends[end].node;
    uint64_t at = left_us + sim_latency_us(sim, from, to, true);
    if (sim->loss > 0 && sim_chance(sim) < sim->loss) {
        at += SIM_RTO_US + 2 * sim_latency_us(sim, from, to, false);
    }
    if (sim->options.broken == SIM_BREAK_LATE_ALERT && sim->probing) {
        at += 10 * SIM_S_US;
    }
    if (sim->options.broken == SIM_BREAK_REAL_CLOCK) {
        struct timespec time;
        clock_gettime(CLOCK_MONOTONIC, &time);
        at += (uint64_t)time.tv_nsec % 64;
    }
    at = at > pipe->last_us ? at : pipe->last_us;
    pipe->last_us = at;
    return at;
}

static void tell_sent(struct sim *sim, struct sim_conn *conn, uint8_t end, size_t count)
{
    struct sim_event event = event_for(sim, conn, end, SIM_SENT);
    event.count = count;
    sim_later(sim, event, 0);
}

static void send_end(struct sim *sim, struct sim_conn *conn, uint8_t end)
{
    struct sim_event event = event_for(sim, conn, end, SIM_ARRIVE);
    sim_later(sim, event, arrival(sim, conn, end, sim->now_us) - sim->now_us);
}

/* One segment goes to the uplink, behind those of other connections. */
static void pump(struct sim *sim, struct sim_conn *conn, uint8_t end)
{
    struct sim_pipe *pipe = &conn->ends[end].in;
    struct sim_node *from = &sim->nodes[conn->ends[1 - end].node];
    if (pipe->pumping || pipe->waiting == 0) {
        return;
    }
    size_t most = (size_t)(sim->options.uplink_bits * SIM_SEGMENT_US / 8e6), part = pipe->waiting;
    most = most < SIM_SEGMENT_BYTES_MIN ? SIM_SEGMENT_BYTES_MIN : most;
    most = most > SIM_SEGMENT_BYTES ? SIM_SEGMENT_BYTES : most;
    part = part < most ? part : most;
    if (part > 1 && !sim->options.even && sim_below(sim, 8) == 0) {
        part = 1 + sim_below(sim, part - 1); /* bytes come in pieces that respect no message */
    }
    uint64_t begin = from->uplink_us > sim->now_us ? from->uplink_us : sim->now_us;
    from->uplink_us = begin + (uint64_t)((double)part * 8e6 / sim->options.uplink_bits);
    struct sim_event event = event_for(sim, conn, end, SIM_ARRIVE);
    event.count = part;
    sim_later(sim, event, arrival(sim, conn, end, from->uplink_us) - sim->now_us);
    pipe->waiting -= part;
    if (pipe->waiting + pipe->lent > 0 || pipe->closing) {
        pipe->pumping = true;
        sim_later(sim, event_for(sim, conn, end, SIM_LEFT), from->uplink_us - sim->now_us);
    }
}

/* The kernel takes what it has room for. */
static void take(struct sim *sim, struct sim_conn *conn, uint8_t end)
{
    struct sim_pipe *pipe = &conn->ends[end].in;
    size_t room = pipe->lowat > pipe->waiting ? pipe->lowat - pipe->waiting : 0;
    size_t window = SIM_WINDOW_BYTES > pipe->unacked ? SIM_WINDOW_BYTES - pipe->unacked : 0;
    size_t count = room < window ? room : window;
    bool all = pipe->closing || sim->options.broken == SIM_BREAK_ENDLESS_WINDOW;
    count = all || pipe->lent < count ? pipe->lent : count;
    pipe->lent -= count;
    pipe->waiting += count;
    pipe->unacked += count;
    sim->peak_unacked = pipe->unacked > sim->peak_unacked ? pipe->unacked : sim->peak_unacked;
    if (count > 0 && conn->ends[1 - end].open) {
        tell_sent(sim, conn, (uint8_t)(1 - end), count);
    }
    pump(sim, conn, end);
}

static bool is_heard(const struct sim_end *end)
{
    return end->open || end->orphan;
}

static void left(struct sim *sim, struct sim_conn *conn, uint8_t end)
{
    struct sim_pipe *pipe = &conn->ends[end].in;
    pipe->pumping = false;
    if (conn->ends[1 - end].orphan) {
        return; /* its host is gone */
    }
    take(sim, conn, end);
    if (pipe->closing && !pipe->pumping && pipe->waiting == 0) {
        send_end(sim, conn, end);
    }
}

void sim_send(struct sim *sim, struct sim_node *node, const struct toc_action *action)
{
    struct sim_link *link = link_of(node, action->link);
    TOC_ASSERT(link != NULL && link->conn != SIM_NONE);
    struct sim_conn *conn = &sim->conns[link->conn];
    uint8_t end = (uint8_t)(1 - link->end);
    struct sim_pipe *pipe = &conn->ends[end].in;
    sim->wire_bytes += action->bytes.len;
    if (!is_heard(&conn->ends[end])) {
        tell_sent(sim, conn, link->end, action->bytes.len);
        return;
    }
    append(pipe, action->bytes);
    if (sim->options.broken == SIM_BREAK_ALTERS && sim->now_us > 5 * SIM_S_US &&
        sim_below(sim, 50) == 0) {
        pipe->at[pipe->len - 1] ^= 1;
    }
    pipe->lowat = action->frame_bytes == 0 ? SIM_NOTSENT_BYTES : 2 * (size_t)action->frame_bytes;
    pipe->lent += action->bytes.len;
    take(sim, conn, end);
}

/* Bytes were acknowledged: the kernel takes what it had no room for. */
static void acknowledge(struct sim *sim, struct sim_conn *conn, uint8_t end, size_t count)
{
    struct sim_pipe *pipe = &conn->ends[end].in;
    if (sim_is_cut(sim, conn->ends[end].node, conn->ends[1 - end].node)) {
        pipe->ack_held += count;
        return;
    }
    pipe->unacked -= count;
    if (pipe->lent > 0 && !pipe->pumping) {
        take(sim, conn, end);
    }
}

/* Arriving. */

static void end_link(struct sim *sim, struct sim_conn *conn, struct sim_end *end)
{
    struct sim_node *node = &sim->nodes[end->node];
    end->open = false;
    drop_link(node, end->link);
    struct toc_event event = {.kind = TOC_EVENT_LINK_DOWN, .link = end->link};
    give_conn(sim, conn);
    sim_step(sim, node, &event);
}

static void read_end(struct sim *sim, uint32_t place, uint32_t number, uint8_t at)
{
    struct sim_conn *conn;
    while ((conn = conn_of(sim, place, number)) != NULL && conn->ends[at].open &&
           conn->ends[at].up) {
        struct sim_end *end = &conn->ends[at];
        struct sim_node *node = &sim->nodes[end->node];
        if (end->in.readable == 0) {
            if (end->in.fin) {
                end_link(sim, conn, end);
            }
            return;
        }
        struct toc_room room = toc_core_receive_room(node->core, end->link);
        size_t count = end->in.readable < room.len ? end->in.readable : room.len;
        if (count == 0) {
            return; /* until RESUME */
        }
        memcpy(room.at, end->in.at + end->in.first, count);
        end->in.first += count;
        end->in.readable -= count;
        acknowledge(sim, conn, at, count);
        struct toc_event event = {.kind = TOC_EVENT_BYTES, .link = end->link, .count = count};
        sim_step(sim, node, &event);
    }
}

void sim_read(struct sim *sim, struct sim_node *node, uint64_t link)
{
    struct sim_link *at = link_of(node, link);
    if (at != NULL && at->conn != SIM_NONE) {
        read_end(sim, at->conn, at->number, at->end);
    }
}

static void arrive(struct sim *sim, struct sim_conn *conn, const struct sim_event *event)
{
    struct sim_end *end = &conn->ends[event->end];
    struct sim_pipe *pipe = &end->in;
    bool is_cut = sim_is_cut(sim, conn->ends[1 - event->end].node, end->node);
    if (!is_heard(end)) {
        return;
    }
    if (is_cut || pipe->stalled || end->orphan) {
        pipe->stalled = true;
        pipe->held += event->count;
        pipe->fin_held = pipe->fin_held || event->count == 0;
        return;
    }
    pipe->readable += event->count;
    pipe->fin = pipe->fin || event->count == 0;
    read_end(sim, event->conn, event->conn_number, event->end);
}

static void release(struct sim *sim, struct sim_conn *conn, const struct sim_event *event)
{
    struct sim_end *end = &conn->ends[event->end];
    if (!sim_is_cut(sim, conn->ends[1 - event->end].node, end->node) && !end->orphan) {
        end->in.stalled = false;
        end->in.readable += end->in.held;
        end->in.held = 0;
        end->in.fin = end->in.fin || end->in.fin_held;
        read_end(sim, event->conn, event->conn_number, event->end);
    }
}

/* Beginning and ending. */

static void source_of(const struct sim_node *node, uint8_t out[16])
{
    uint8_t source[16] = {[10] = 0xff, [11] = 0xff, [12] = 10};
    source[13] = (uint8_t)(node->index >> 8);
    source[14] = (uint8_t)node->index;
    source[15] = 1;
    memcpy(out, source, 16);
}

void sim_dial(struct sim *sim, struct sim_node *node, const struct toc_action *action)
{
    uint32_t to = (uint32_t)strtoul(strchr(action->address, ':') + 1, NULL, 10) - SIM_PORT;
    TOC_ASSERT(to < sim->member_count);
    add_link(node, action->link)->dialling = true;
    sim_later(sim,
              (struct sim_event){.kind = SIM_SYN,
                                 .node = node->index,
                                 .life = node->life,
                                 .link = action->link,
                                 .id = to},
              sim_latency_us(sim, node->index, to, true));
}

static void nobody_answers(struct sim *sim, const struct sim_event *syn, uint64_t delay_us)
{
    struct sim_event down = *syn;
    down.kind = SIM_DOWN;
    sim_later(sim, down, delay_us);
}

static void connect_to(struct sim *sim, struct sim_link *link, const struct sim_event *syn)
{
    struct sim_node *node = &sim->nodes[syn->node], *target = &sim->nodes[syn->id];
    uint32_t place = take_conn(sim);
    struct sim_conn *conn = &sim->conns[place];
    conn->ends[0] = (struct sim_end){.node = node->index, .link = link->link, .open = true};
    conn->ends[1] =
        (struct sim_end){.node = target->index, .link = target->next_link, .open = true};
    target->next_link += 2;
    *link = (struct sim_link){link->link, place, conn->number, 0, false};
    struct sim_link *theirs = add_link(target, conn->ends[1].link);
    *theirs = (struct sim_link){theirs->link, place, conn->number, 1, false};
    sim_later(sim, event_for(sim, conn, 1, SIM_UP), 0);
    struct sim_event up = event_for(sim, conn, 0, SIM_UP);
    up.flag = true;
    sim_later(sim, up, sim_latency_us(sim, target->index, node->index, true));
}

static void syn(struct sim *sim, const struct sim_event *event)
{
    struct sim_node *node = &sim->nodes[event->node], *target = &sim->nodes[event->id];
    struct sim_link *link = link_of(node, event->link);
    if (link == NULL) {
        return; /* the core has given it up */
    }
    bool is_lost = sim_is_cut(sim, node->index, target->index) ||
                   sim_is_cut(sim, target->index, node->index) || target->vanished;
    if (is_lost && event->count + 1 < CONNECT_TRIES) {
        struct sim_event again = *event;
        again.count++;
        sim_later(sim, again, SIM_S_US << event->count);
    } else if (is_lost) {
        nobody_answers(sim, event, SIM_S_US << event->count);
    } else if (!target->up || target->link_count == SIM_ENDS_MAX) {
        nobody_answers(sim, event, sim_latency_us(sim, target->index, node->index, true));
    } else {
        connect_to(sim, link, event);
    }
}

static void come_up(struct sim *sim, struct sim_conn *conn, const struct sim_event *event)
{
    struct sim_end *end = &conn->ends[event->end];
    if (!end->open) {
        return;
    }
    struct toc_event up = {.kind = TOC_EVENT_LINK_UP, .link = end->link, .dialled = event->flag};
    source_of(&sim->nodes[conn->ends[1 - event->end].node], up.source);
    end->up = true;
    sim_step(sim, &sim->nodes[end->node], &up);
    read_end(sim, event->conn, event->conn_number, event->end);
}

void sim_close(struct sim *sim, struct sim_node *node, uint64_t link)
{
    struct sim_link *at = link_of(node, link);
    if (at == NULL) {
        return;
    }
    uint32_t place = at->conn;
    uint8_t own = at->end;
    drop_link(node, link);
    if (place == SIM_NONE) {
        return;
    }
    struct sim_conn *conn = &sim->conns[place];
    conn->ends[own].open = false;
    uint8_t other = (uint8_t)(1 - own);
    if (is_heard(&conn->ends[other])) {
        conn->ends[other].in.closing = true;
        take(sim, conn, other);
        if (!conn->ends[other].in.pumping) {
            send_end(sim, conn, other);
        }
    }
    give_conn(sim, conn);
}

void sim_net_event(struct sim *sim, const struct sim_event *event)
{
    struct sim_node *node = &sim->nodes[event->node];
    if (event->kind == SIM_SYN || event->kind == SIM_DOWN) {
        if (!node->up || node->life != event->life) {
            return;
        }
        if (event->kind == SIM_SYN) {
            syn(sim, event);
        } else if (link_of(node, event->link) != NULL) {
            drop_link(node, event->link);
            struct toc_event down = {.kind = TOC_EVENT_LINK_DOWN, .link = event->link};
            sim_step(sim, node, &down);
        }
        return;
    }
    struct sim_conn *conn = conn_of(sim, event->conn, event->conn_number);
    if (conn == NULL) {
        return;
    }
    struct sim_end *end = &conn->ends[event->end];
    switch ((int)event->kind) {
    case SIM_UP:
        come_up(sim, conn, event);
        return;
    case SIM_SENT:
        if (end->open) {
            struct toc_event sent = {
                .kind = TOC_EVENT_SENT, .link = end->link, .count = event->count};
            sim_step(sim, node, &sent);
        }
        return;
    case SIM_LEFT:
        left(sim, conn, event->end);
        return;
    case SIM_RELEASE:
        release(sim, conn, event);
        return;
    default:
        arrive(sim, conn, event);
    }
}

void sim_net_kill(struct sim *sim, struct sim_node *node, bool silent)
{
    while (node->link_count > 0) {
        struct sim_link link = node->links[node->link_count - 1];
        struct sim_conn *conn = link.conn == SIM_NONE ? NULL : &sim->conns[link.conn];
        if (!silent || conn == NULL || !conn->ends[1 - link.end].open) {
            sim_close(sim, node, link.link);
            continue;
        }
        conn->ends[link.end].open = false;
        conn->ends[link.end].orphan = true;
        node->link_count--;
    }
}

void sim_net_return(struct sim *sim, struct sim_node *node)
{
    for (uint32_t i = 0; i < sim->conn_count; i++) {
        for (uint8_t end = 0; end < 2; end++) {
            struct sim_conn *conn = &sim->conns[i];
            if (conn->used && conn->ends[end].orphan && conn->ends[end].node == node->index) {
                conn->ends[end].orphan = false;
                uint8_t other = (uint8_t)(1 - end);
                if (conn->ends[other].open) {
                    send_end(sim, conn, other);
                }
                give_conn(sim, conn);
            }
        }
    }
}

void sim_cut(struct sim *sim, uint32_t from, uint32_t to)
{
    sim->cuts[(size_t)from * sim->cut_row + to]++;
}

void sim_heal(struct sim *sim, uint32_t from, uint32_t to)
{
    uint8_t *cuts = &sim->cuts[(size_t)from * sim->cut_row + to];
    TOC_ASSERT(*cuts > 0);
    if (--*cuts > 0) {
        return;
    }
    for (uint32_t i = 0; i < sim->conn_count; i++) {
        for (uint8_t end = 0; end < 2; end++) {
            struct sim_conn *conn = &sim->conns[i];
            if (!conn->used || conn->ends[1 - end].node != from || conn->ends[end].node != to) {
                continue;
            }
            if (conn->ends[end].in.stalled) {
                sim_later(sim, event_for(sim, conn, end, SIM_RELEASE),
                          SIM_RTO_US + sim_noise(sim, SIM_S_US));
            }
            size_t held = conn->ends[1 - end].in.ack_held;
            conn->ends[1 - end].in.ack_held = 0;
            acknowledge(sim, conn, (uint8_t)(1 - end), held);
        }
    }
}

void sim_reset(struct sim *sim, struct sim_node *node)
{
    if (!node->up || node->link_count == 0) {
        return;
    }
    struct sim_link link = node->links[sim_below(sim, node->link_count)];
    if (link.conn == SIM_NONE) {
        return;
    }
    for (uint8_t i = 0; i < 2; i++) {
        struct sim_conn *conn = conn_of(sim, link.conn, link.number);
        if (conn != NULL && conn->ends[i].open && conn->ends[i].up) {
            end_link(sim, conn, &conn->ends[i]);
        }
    }
}
