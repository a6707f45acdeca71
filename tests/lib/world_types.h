/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * world, its types and its queue of events. Header only; tests include world.h.
 */
#ifndef TOC_TEST_WORLD_TYPES_H
#define TOC_TEST_WORLD_TYPES_H

#include "check.h"

#include "core.h"

#define WORLD_NODES_MAX 64u
#define WORLD_LATENCY_MS 2u
#define WORLD_COMMIT_MS 1u
#define WORLD_QUEUE_MS 2u /* of a line's time wait in front of it */
#define WORLD_START_UTC_MS 1790000000000u
#define WORLD_PIECE_BYTES 4096u /* bytes arrive in pieces that respect no message */
#define WORLD_ARENA_BYTES 8388608u

struct world_entry {
    uint8_t log[32];
    uint64_t seq;
    struct toc_span range; /* of one entry */
    struct toc_log_head head;
    bool damaged;
    struct world_entry *next;
};
struct world_record {
    char table;
    uint8_t key[72];
    size_t key_len;
    struct toc_span value;
    struct world_record *next;
};
struct world_chunk {
    uint8_t hash[32];
    uint32_t index;
    struct toc_span bytes;
    struct world_chunk *next;
};
struct world_pipe { /* bytes on their way to one end of a connection: at[first, len) */
    uint8_t *at;
    size_t first, len, size;
    bool closed;
    bool paced;   /* bytes become readable as the line brings them: */
    size_t ready; /* so many now */
};
/* One end of a connection: the other is another node's, or a script's (liar.h). */
struct world_end {
    bool used, up;
    uint64_t link;
    size_t peer_node, peer_end;
    struct world_pipe in;
    void *script;
    bool script_deaf; /* takes nothing of what is sent to it */
    void (*script_bytes)(void *script, struct toc_span bytes);
    void (*script_closed)(void *script, struct toc_err err);
};

#define WORLD_ENDS_MAX 640u /* strangers included */
struct world_node {
    bool up;
    struct toc_node_keys node_keys;
    struct toc_sign_keys log_keys, org_keys, recovery_keys;
    uint8_t org[32];
    struct toc_span card;
    void *memory;
    struct toc_core *core;
    struct world_entry *entries, **entries_end;
    struct world_record *records;
    struct world_chunk *chunks;
    struct world_end ends[WORLD_ENDS_MAX];
    uint64_t next_link, timer_ms, stored_ms; /* stored_ms: stores are answered in their order */
    /* Instead of a core, while `up` is false: takes connections that are dialled to this node. */
    void *listener;
    void (*accept)(void *listener, size_t from, size_t end);
    bool refuse_store, recover, discard; /* discard: stores are answered and forgotten */
    size_t published, not_published, stores, delivered, delivered_late, refused, notices[16];
    struct toc_err last_published, last_refused;
    struct toc_notice last_notice; /* of kind REFUSED */
    uint64_t last_seq;
    uint8_t last_log[32], last_group[32];
};

enum world_kind {
    WORLD_CHECKED,
    WORLD_STORED,
    WORLD_LOADED,
    WORLD_ARRIVE,
    WORLD_UP,
    WORLD_DOWN,
    WORLD_SENT,
    WORLD_INDEXED,
};
struct world_event {
    uint64_t at_ms, number;
    size_t node;
    enum world_kind kind;
    struct toc_check *check;
    uint64_t id, link;
    struct toc_err err;
    size_t count, end;
    bool dialled;
    uint8_t log[32], source[16];
};

struct world {
    struct world_node nodes[WORLD_NODES_MAX];
    size_t node_count;
    uint64_t now_ms, number, seed;
    struct world_event *events; /* a heap: the next one first */
    size_t event_count, event_max;
    struct toc_span genesis;
    uint8_t federation[32], f[32];
    uint64_t opening_ms, check_ms, commit_ms; /* how long things take: to decrypt or to verify, at
                                                 most, and to store */
    uint64_t steps, wire_bytes;
    bool cut[WORLD_NODES_MAX][WORLD_NODES_MAX];
    uint16_t further_ms[WORLD_NODES_MAX][WORLD_NODES_MAX]; /* than WORLD_LATENCY_MS, one way */
    uint32_t bytes_ms[WORLD_NODES_MAX][WORLD_NODES_MAX];   /* that a line takes; 0: all */
    uint64_t line_us[WORLD_NODES_MAX][WORLD_NODES_MAX];    /* when what it was given has left */
    uint32_t link_max;                                     /* 0: 16 */
    uint32_t group_max;                                    /* 0: 64 */
    /* A test may change bytes on their way. */
    void (*meddle)(struct world *world, size_t from, size_t to, uint8_t *at, size_t len);
};

/* Bytes that look random and come again with the same seed. */
static inline void world_entropy(struct world *world, uint8_t *out, size_t len)
{
    for (size_t i = 0; i < len; i += 32) {
        uint8_t number[8], block[32];
        toc_put_le64(number, ++world->seed);
        struct toc_span part = toc_span(number, 8);
        toc_hash(block, TOC_CTX_H_AUDIT, &part, 1);
        memcpy(out + i, block, len - i < 32 ? len - i : 32);
    }
}

/* A number from 0 to `most`. */
static inline uint64_t world_upto(struct world *world, uint64_t most)
{
    uint8_t noise[8];
    if (most == 0) {
        return 0;
    }
    world_entropy(world, noise, sizeof noise);
    return toc_le64(noise) % (most + 1);
}

static inline struct toc_span world_copy(struct toc_span bytes)
{
    uint8_t *at = malloc(bytes.len + 1);
    assert_non_null(at);
    if (bytes.len != 0) {
        memcpy(at, bytes.at, bytes.len);
    }
    return toc_span(at, bytes.len);
}

static inline void world_free(struct toc_span bytes)
{
    free((void *)(uintptr_t)bytes.at);
}

static inline bool world_before(const struct world_event *a, const struct world_event *b)
{
    return a->at_ms < b->at_ms || (a->at_ms == b->at_ms && a->number < b->number);
}

/* Moves the event at `at` down to where it belongs. */
static inline void world_sift(struct world *world, size_t at)
{
    struct world_event *events = world->events, event = events[at];
    for (size_t below; (below = 2 * at + 1) < world->event_count; at = below) {
        if (below + 1 < world->event_count && world_before(&events[below + 1], &events[below])) {
            below++;
        }
        if (!world_before(&events[below], &event)) {
            break;
        }
        events[at] = events[below];
    }
    events[at] = event;
}

/* An event of a node, `delay_ms` from now. */
static inline void world_later(struct world *world, struct world_event event, uint64_t delay_ms)
{
    if (world->event_count == world->event_max) {
        world->event_max = world->event_max == 0 ? 256 : world->event_max * 2;
        world->events = realloc(world->events, world->event_max * sizeof *world->events);
        assert_non_null(world->events);
    }
    event.at_ms = world->now_ms + delay_ms;
    event.number = ++world->number;
    size_t at = world->event_count++;
    for (; at > 0 && world_before(&event, &world->events[(at - 1) / 2]); at = (at - 1) / 2) {
        world->events[at] = world->events[(at - 1) / 2];
    }
    world->events[at] = event;
}

/* The next event, taken out. */
static inline struct world_event world_pop(struct world *world)
{
    struct world_event first = world->events[0];
    world->events[0] = world->events[--world->event_count];
    if (world->event_count > 0) {
        world_sift(world, 0);
    }
    return first;
}

/* Takes out what was to happen at a node. */
static inline void world_forget(struct world *world, size_t node)
{
    size_t left = 0;
    for (size_t i = 0; i < world->event_count; i++) {
        if (world->events[i].node != node) {
            world->events[left++] = world->events[i];
        }
    }
    world->event_count = left;
    for (size_t i = left / 2; i-- > 0;) {
        world_sift(world, i);
    }
}

#endif
