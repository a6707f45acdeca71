/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * world: several cores in one process, without sockets, disk or clock. Virtual time, a network of
 * byte pipes, stores in memory. The same seed gives the same run. Header only.
 */
#ifndef TOC_TEST_WORLD_H
#define TOC_TEST_WORLD_H

#include "check.h"

#include <sys/mman.h>

#include "core.h"

#define WORLD_NODES_MAX 8u
#define WORLD_LATENCY_MS 2u
#define WORLD_COMMIT_MS 1u
#define WORLD_START_UTC_MS 1790000000000u
#define WORLD_PIECE_BYTES 4096u /* bytes arrive in pieces that respect no message */
#define WORLD_ARENA_BYTES 8388608u

struct world_entry {
    uint8_t log[32];
    uint64_t seq;
    struct toc_span range; /* of one entry */
    struct toc_log_head head;
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
struct world_pipe { /* bytes on their way to one end of a connection */
    uint8_t *at;
    size_t len, size;
    bool closed;
};
struct world_end {
    bool used, up, paused;
    uint64_t link;
    size_t peer_node, peer_end;
    struct world_pipe in;
};

#define WORLD_ENDS_MAX 64u
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
    uint64_t next_link, timer_ms;
    bool refuse_store;
    size_t published, delivered, delivered_late, refused, notices[8];
    struct toc_err last_published, last_refused;
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
    uint8_t log[32];
};

struct world {
    struct world_node nodes[WORLD_NODES_MAX];
    size_t node_count;
    uint64_t now_ms, number, seed;
    struct world_event *events;
    size_t event_count, event_max;
    struct toc_span genesis;
    uint64_t steps, wire_bytes;
    bool cut[WORLD_NODES_MAX][WORLD_NODES_MAX];
    /* A test may change bytes on their way. */
    void (*meddle)(struct world *world, size_t from, size_t to, uint8_t *at, size_t len);
};

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

static inline struct toc_span world_copy(struct toc_span bytes)
{
    uint8_t *at = malloc(bytes.len + 1);
    assert_non_null(at);
    if (bytes.len != 0) {
        memcpy(at, bytes.at, bytes.len);
    }
    return toc_span(at, bytes.len);
}

/* Founding. */

static inline void world_make_card(struct world *world, size_t index, uint64_t serial)
{
    struct world_node *node = &world->nodes[index];
    struct toc_card card = {.serial = serial, .kind = TOC_ORG_NATIONAL_CERT, .voting_node = 1};
    memcpy(card.recovery_key, node->recovery_keys.public_key, 32);
    snprintf(card.handle, sizeof card.handle, "cert-%zu", index);
    snprintf(card.name, sizeof card.name, "CERT number %zu", index);
    card.country[0] = 'A';
    card.country[1] = (char)('A' + index);
    card.node_count = 1;
    struct toc_cert *cert = &card.nodes[0];
    cert->number = 1;
    cert->incarnation = 1;
    cert->serial = serial;
    cert->suites = TOC_SUITE_BIT(TOC_SUITE_X25519);
    memcpy(cert->link_key, node->node_keys.link_public, 32);
    memcpy(cert->seal_key, node->node_keys.seal_public, 32);
    memcpy(cert->log_key, node->log_keys.public_key, 32);
    cert->address_count = 1;
    snprintf(cert->addresses[0], sizeof cert->addresses[0], "node.example:%zu", 1000 + index);
    static uint8_t room[TOC_CARD_BYTES_MAX];
    struct toc_span envelope;
    assert_ok(
        toc_card_sign(&card, &node->org_keys, (struct toc_room){room, sizeof room}, &envelope));
    node->card = world_copy(envelope);
    memcpy(node->org, card.id, 32);
}

static inline void world_make_keys(struct world *world, struct world_node *node)
{
    uint8_t entropy[128];
    world_entropy(world, entropy, sizeof entropy);
    toc_node_keys_make(&node->node_keys, entropy);
    world_entropy(world, entropy, 96);
    toc_sign_keys_make(&node->log_keys, entropy);
    toc_sign_keys_make(&node->org_keys, entropy + 32);
    toc_sign_keys_make(&node->recovery_keys, entropy + 64);
}

static inline void world_found(struct world *world)
{
    static uint8_t memory[WORLD_ARENA_BYTES], files[2][1048576];
    struct toc_span cards[WORLD_NODES_MAX], file;
    for (size_t i = 0; i < world->node_count; i++) {
        cards[i] = world->nodes[i].card;
    }
    uint8_t entropy[TOC_DRAFT_ENTROPY_BYTES], f[32];
    world_entropy(world, entropy, sizeof entropy);
    struct toc_arena arena;
    toc_arena_init(&arena, memory, sizeof memory);
    struct toc_genesis_options options = {.name = toc_span_str("Test federation"),
                                          .cards = cards,
                                          .card_count = world->node_count,
                                          .drafter = world->nodes[0].org,
                                          .drafter_node = 1,
                                          .log_keys = &world->nodes[0].log_keys,
                                          .entropy = entropy};
    assert_ok(toc_genesis_draft(&options, &arena, (struct toc_room){files[0], sizeof files[0]},
                                &file, f));
    for (size_t i = 0; i < world->node_count; i++) {
        struct toc_genesis genesis;
        toc_arena_init(&arena, memory, sizeof memory);
        assert_ok(toc_genesis_decode(&genesis, file, &arena));
        uint8_t *out = files[(i + 1) % 2];
        assert_ok(toc_genesis_sign(&genesis, &world->nodes[i].org_keys,
                                   (struct toc_room){out, sizeof files[0]}, &file));
    }
    world->genesis = world_copy(file);
}

/* Starting and stopping. */

static inline struct toc_core_options world_options(struct world *world, size_t index)
{
    struct world_node *node = &world->nodes[index];
    struct toc_core_options options = {.node_keys = &node->node_keys,
                                       .log_keys = &node->log_keys,
                                       .node_number = 1,
                                       .genesis = world->genesis,
                                       .own_card = node->card,
                                       .now_utc = {WORLD_START_UTC_MS + world->now_ms},
                                       .link_max = 16,
                                       .group_max = 64,
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
    node->up = true;
    node->next_link = 2 + world->now_ms * 1000; /* never a number that was used before */
    node->next_link += node->next_link % 2;
    struct toc_event event = {.kind = TOC_EVENT_TIMER};
    world_step(world, index, &event);
}

static inline void world_init(struct world *world, size_t node_count, uint64_t seed)
{
    *world = (struct world){.node_count = node_count, .seed = seed << 32};
    for (size_t i = 0; i < node_count; i++) {
        world->nodes[i].entries_end = &world->nodes[i].entries;
        world_make_keys(world, &world->nodes[i]);
        world_make_card(world, i, 1);
    }
    world_found(world);
}

/* Events. */

static inline void world_later(struct world *world, struct world_event event, uint64_t delay_ms)
{
    if (world->event_count == world->event_max) {
        world->event_max = world->event_max == 0 ? 256 : world->event_max * 2;
        world->events = realloc(world->events, world->event_max * sizeof *world->events);
        assert_non_null(world->events);
    }
    event.at_ms = world->now_ms + delay_ms;
    event.number = ++world->number;
    world->events[world->event_count++] = event;
}

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

static inline void world_dial(struct world *world, size_t from, const struct toc_action *action)
{
    size_t to = (size_t)atoi(strchr(action->address, ':') + 1) - 1000;
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
                WORLD_LATENCY_MS);
    world_later(world,
                (struct world_event){
                    .kind = WORLD_UP, .node = from, .link = ours->link, .end = a, .dialled = true},
                WORLD_LATENCY_MS);
}

static inline void world_send(struct world *world, size_t from, const struct toc_action *action)
{
    size_t place;
    struct world_end *end = world_end(&world->nodes[from], action->link, &place);
    assert_non_null(end);
    struct world_node *peer = &world->nodes[end->peer_node];
    struct world_pipe *pipe = &peer->ends[end->peer_end].in;
    if (peer->ends[end->peer_end].used && !world->cut[from][end->peer_node]) {
        if (pipe->len + action->bytes.len > pipe->size) {
            pipe->size = (pipe->len + action->bytes.len) * 2;
            pipe->at = realloc(pipe->at, pipe->size);
            assert_non_null(pipe->at);
        }
        memcpy(pipe->at + pipe->len, action->bytes.at, action->bytes.len);
        if (world->meddle != NULL) {
            world->meddle(world, from, end->peer_node, pipe->at + pipe->len, action->bytes.len);
        }
        pipe->len += action->bytes.len;
        world->wire_bytes += action->bytes.len;
        world_later(world,
                    (struct world_event){.kind = WORLD_ARRIVE,
                                         .node = end->peer_node,
                                         .link = peer->ends[end->peer_end].link,
                                         .end = end->peer_end},
                    WORLD_LATENCY_MS);
    }
    world_later(
        world,
        (struct world_event){
            .kind = WORLD_SENT, .node = from, .link = action->link, .count = action->bytes.len},
        0);
}

static inline void world_close(struct world *world, size_t from, uint64_t link)
{
    size_t place;
    struct world_end *end = world_end(&world->nodes[from], link, &place);
    if (end == NULL) {
        return;
    }
    struct world_end *other = &world->nodes[end->peer_node].ends[end->peer_end];
    end->used = false;
    if (other->used) {
        other->in.closed = true;
        world_later(world,
                    (struct world_event){.kind = WORLD_ARRIVE,
                                         .node = end->peer_node,
                                         .link = other->link,
                                         .end = end->peer_end},
                    WORLD_LATENCY_MS);
    }
}

/* The store. */

static inline void world_put_range(struct world_node *node, const struct toc_store_op *op)
{
    static uint8_t room[TOC_RANGE_BYTES_MAX];
    struct toc_range_info info;
    assert_ok(toc_range_peek(op->bytes, &info));
    struct world_entry *entry = calloc(1, sizeof *entry);
    assert_non_null(entry);
    memcpy(entry->log, op->log, 32);
    entry->seq = info.last_seq;
    entry->range = world_copy(op->bytes);
    entry->head = op->head;
    *node->entries_end = entry;
    node->entries_end = &entry->next;
    (void)room;
}

static inline struct world_record *world_record(struct world_node *node, char table,
                                                const uint8_t *key, size_t key_len)
{
    struct world_record *record = node->records;
    while (record != NULL && (record->table != table || record->key_len != key_len ||
                              memcmp(record->key, key, key_len) != 0)) {
        record = record->next;
    }
    return record;
}

static inline void world_put_record(struct world_node *node, const struct toc_store_op *op)
{
    struct world_record *record = world_record(node, op->table, op->key, op->key_len);
    if (record == NULL) {
        record = calloc(1, sizeof *record);
        assert_non_null(record);
        record->table = op->table;
        record->key_len = op->key_len;
        memcpy(record->key, op->key, op->key_len);
        record->next = node->records;
        node->records = record;
    }
    record->value = world_copy(op->bytes);
}

static inline void world_put_chunk(struct world_node *node, const struct toc_store_op *op)
{
    struct world_chunk *chunk = calloc(1, sizeof *chunk);
    assert_non_null(chunk);
    memcpy(chunk->hash, op->payload_hash, 32);
    chunk->index = op->index;
    chunk->bytes = world_copy(op->bytes);
    chunk->next = node->chunks;
    node->chunks = chunk;
}

static inline void world_store(struct world *world, size_t index, const struct toc_action *action)
{
    struct world_node *node = &world->nodes[index];
    for (size_t i = 0; i < action->op_count && !node->refuse_store; i++) {
        const struct toc_store_op *op = &action->ops[i];
        if (op->kind == TOC_STORE_RANGE) {
            world_put_range(node, op);
        } else if (op->kind == TOC_STORE_RECORD) {
            world_put_record(node, op);
        } else {
            world_put_chunk(node, op);
        }
    }
    world_later(world,
                (struct world_event){.kind = WORLD_STORED,
                                     .node = index,
                                     .id = action->id,
                                     .err = node->refuse_store ? toc_fail(TOC_DISK_FULL, "no space")
                                                               : toc_ok()},
                WORLD_COMMIT_MS);
}

/* The header of an entry as the store holds it. False when it is not there. */
static inline bool world_header(struct world_node *node, const uint8_t *log, uint64_t seq,
                                struct toc_entry *out)
{
    for (struct world_entry *entry = node->entries; entry != NULL; entry = entry->next) {
        struct toc_range_walk walk;
        if (memcmp(entry->log, log, 32) != 0 || entry->seq < seq ||
            toc_failed(toc_range_open(&walk, entry->range))) {
            continue;
        }
        while (!toc_failed(toc_range_next(&walk, out))) {
            if (out->header.seq == seq) {
                return true;
            }
        }
    }
    return false;
}

static inline struct toc_err world_load_range(struct world_node *node, const struct toc_load *load,
                                              size_t *count)
{
    for (struct world_entry *entry = node->entries; entry != NULL; entry = entry->next) {
        struct toc_range_info info;
        assert_ok(toc_range_peek(entry->range, &info));
        if (memcmp(entry->log, load->log, 32) == 0 && info.first_seq <= load->seq &&
            load->seq <= info.last_seq) {
            struct toc_span slice;
            struct toc_err err =
                toc_range_slice(entry->range, load->seq, load->headers_only, load->room, &slice);
            *count = slice.len;
            if (!toc_failed(err) && slice.at != load->room.at) {
                memmove(load->room.at, slice.at, slice.len);
            }
            return err;
        }
    }
    return toc_fail(TOC_ABSENT, "no such entry");
}

static inline struct toc_err world_give(struct toc_span bytes, const struct toc_load *load,
                                        size_t *count)
{
    if (bytes.len > load->room.len) {
        return toc_fail(TOC_FULL, "the room is too small");
    }
    memcpy(load->room.at, bytes.at, bytes.len);
    *count = bytes.len;
    return toc_ok();
}

static inline struct toc_err world_load(struct world_node *node, const struct toc_load *load,
                                        size_t *count)
{
    struct toc_entry entry;
    if (load->kind == TOC_LOAD_RANGE) {
        return world_load_range(node, load, count);
    }
    if (load->kind == TOC_LOAD_RECORD) {
        struct world_record *record = world_record(node, load->table, load->key, load->key_len);
        return record == NULL ? toc_fail(TOC_ABSENT, "no such record")
                              : world_give(record->value, load, count);
    }
    if (!world_header(node, load->log, load->seq, &entry)) {
        return toc_fail(TOC_ABSENT, "no such entry");
    }
    const uint8_t *hash = entry.header.payload_hash;
    if (load->kind == TOC_LOAD_CHUNK_LIST) {
        struct world_record *record = world_record(node, 'W', hash, 32);
        return record == NULL ? toc_fail(TOC_ABSENT, "no such list")
                              : world_give(record->value, load, count);
    }
    for (struct world_chunk *chunk = node->chunks; chunk != NULL; chunk = chunk->next) {
        if (memcmp(chunk->hash, hash, 32) == 0 && chunk->index == load->index) {
            return world_give(chunk->bytes, load, count);
        }
    }
    return toc_fail(TOC_ABSENT, "no such chunk");
}

/* Actions. */

static inline void world_act(struct world *world, size_t index, const struct toc_action *action)
{
    struct world_node *node = &world->nodes[index];
    struct world_event answer = {.node = index, .id = action->id};
    size_t place;
    struct world_end *end;
    switch (action->kind) {
    case TOC_ACTION_SEND:
        world_send(world, index, action);
        return;
    case TOC_ACTION_CLOSE:
        world_close(world, index, action->link);
        return;
    case TOC_ACTION_DIAL:
        world_dial(world, index, action);
        return;
    case TOC_ACTION_CHECK:
        toc_check_run(action->check);
        answer.kind = WORLD_CHECKED;
        answer.check = action->check;
        world_later(world, answer, 0);
        return;
    case TOC_ACTION_STORE:
        world_store(world, index, action);
        return;
    case TOC_ACTION_LOAD:
        answer.kind = WORLD_LOADED;
        answer.err = world_load(node, &action->load, &answer.count);
        world_later(world, answer, 0);
        return;
    case TOC_ACTION_DELIVER:
        node->delivered++;
        if (action->late) {
            node->delivered_late++;
            answer.kind = WORLD_INDEXED;
            answer.count = action->seq;
            memcpy(answer.log, action->log, sizeof answer.log);
            world_later(world, answer, 1);
        }
        return;
    case TOC_ACTION_PUBLISHED:
        node->last_published = action->err;
        node->published += !toc_failed(action->err);
        node->last_seq = action->seq;
        memcpy(node->last_log, action->log, 32);
        memcpy(node->last_group, action->group, 32);
        return;
    case TOC_ACTION_TIMER:
        node->timer_ms = action->when.ms;
        return;
    case TOC_ACTION_RESUME:
        end = world_end(node, action->link, &place);
        if (end != NULL) {
            world_later(
                world,
                (struct world_event){
                    .kind = WORLD_ARRIVE, .node = index, .link = action->link, .end = place},
                0);
        }
        return;
    case TOC_ACTION_NOTICE:
    default:
        node->notices[action->notice.kind]++;
        if (action->notice.kind == TOC_NOTICE_REFUSED) {
            node->refused++;
            node->last_refused = action->notice.err;
        }
    }
}

static inline void world_step(struct world *world, size_t index, struct toc_event *event)
{
    static struct toc_actions actions;
    uint8_t entropy[TOC_ENTROPY_BYTES];
    world_entropy(world, entropy, sizeof entropy);
    event->entropy = entropy;
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
    while (end->used && end->up && end->link == at->link && end->in.len > 0) {
        struct toc_room room = toc_core_receive_room(node->core, at->link);
        size_t count = room.len < end->in.len ? room.len : end->in.len;
        count = count < WORLD_PIECE_BYTES ? count : WORLD_PIECE_BYTES;
        if (count == 0) {
            return; /* until RESUME */
        }
        memcpy(room.at, end->in.at, count);
        memmove(end->in.at, end->in.at + count, end->in.len - count);
        end->in.len -= count;
        struct toc_event event = {.kind = TOC_EVENT_BYTES, .link = at->link, .count = count};
        world_step(world, at->node, &event);
    }
    if (end->used && end->up && end->link == at->link && end->in.closed && end->in.len == 0) {
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

/* The earliest event or timer; false when nothing will ever happen. */
static inline bool world_next(struct world *world)
{
    size_t best = SIZE_MAX, timer = SIZE_MAX;
    for (size_t i = 0; i < world->event_count; i++) {
        const struct world_event *a = &world->events[i];
        const struct world_event *b = best == SIZE_MAX ? NULL : &world->events[best];
        if (b == NULL || a->at_ms < b->at_ms || (a->at_ms == b->at_ms && a->number < b->number)) {
            best = i;
        }
    }
    for (size_t i = 0; i < world->node_count; i++) {
        bool earlier = timer == SIZE_MAX || world->nodes[i].timer_ms < world->nodes[timer].timer_ms;
        timer = world->nodes[i].up && earlier ? i : timer;
    }
    if (best != SIZE_MAX &&
        (timer == SIZE_MAX || world->events[best].at_ms <= world->nodes[timer].timer_ms)) {
        struct world_event event = world->events[best];
        world->events[best] = world->events[--world->event_count];
        world->now_ms = event.at_ms;
        world_handle(world, &event);
        return true;
    }
    if (timer == SIZE_MAX) {
        return false;
    }
    if (world->nodes[timer].timer_ms > world->now_ms) {
        world->now_ms = world->nodes[timer].timer_ms;
    }
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
        if (world->now_ms > end || !world_next(world)) {
            return false;
        }
    }
    return true;
}

static inline void world_run(struct world *world, uint64_t ms)
{
    uint64_t end = world->now_ms + ms;
    while (world->now_ms < end && world_next(world)) {
    }
}

/* Kills a node: what was not stored is gone, and its connections end. */
static inline void world_kill(struct world *world, size_t index)
{
    struct world_node *node = &world->nodes[index];
    node->up = false;
    for (size_t i = 0; i < WORLD_ENDS_MAX; i++) {
        if (node->ends[i].used) {
            world_close(world, index, node->ends[i].link);
        }
    }
    size_t left = 0;
    for (size_t i = 0; i < world->event_count; i++) {
        if (world->events[i].node != index) {
            world->events[left++] = world->events[i];
        }
    }
    world->event_count = left;
    struct toc_core_options options = world_options(world, index);
    munmap(node->memory, toc_core_bytes(&options));
    node->core = NULL;
}

static inline void world_clear(struct world *world)
{
    for (size_t i = 0; i < world->node_count; i++) {
        if (world->nodes[i].up) {
            world_kill(world, i);
        }
    }
    free(world->events);
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
    const uint8_t *federation = toc_core_federation(world->nodes[index].core);
    uint8_t all[32];
    toc_group_all_id(all, federation);
    toc_log_id(out, federation, group == NULL ? all : group,
               world->nodes[index].log_keys.public_key);
}

#endif
