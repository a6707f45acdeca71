/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * liar: a member of the world's federation with valid keys and no core behind them. It speaks the
 * protocol over a toc_peer, says whatever a test wants, and keeps what it is told. Header only.
 */
#ifndef TOC_TEST_LIAR_H
#define TOC_TEST_LIAR_H

#include "world.h"

#define LIAR_GOT_MAX 8192u
#define LIAR_CREDIT (UINT64_C(1) << 60)

struct liar_message {
    uint8_t type;
    enum toc_class class;
    struct toc_span body;
};

struct liar {
    struct world *world;
    size_t as, to, end; /* node played, node lied to, its end of the connection */
    bool connected, dialled;
    uint8_t source[16]; /* address that it comes from */
    struct toc_peer_self self;
    struct toc_peer peer;
    struct toc_buffers buffers;
    uint8_t federation[32];
    struct toc_epoch_secret epoch; /* of the group of all */
    struct toc_roster roster;
    uint8_t *memory, *arena_memory;
    size_t memory_bytes;
    bool closed; /* by the other side, for the reason `why` of its driver */
    struct toc_err why;
    struct liar_message got[LIAR_GOT_MAX];
    size_t got_count;
};

/* What was sent to it and has not been looked at. */
static inline void liar_forget(struct liar *liar)
{
    for (size_t i = 0; i < liar->got_count; i++) {
        world_free(liar->got[i].body);
    }
    liar->got_count = 0;
}

/* Hands what is ready to the network. */
static inline void liar_flush(struct liar *liar)
{
    struct toc_span out;
    toc_peer_pump(&liar->peer, &liar->buffers);
    struct toc_mono now = {liar->world->now_ms};
    while ((out = toc_peer_take_out(&liar->peer, now)).len != 0) {
        if (!liar->closed) {
            world_put(liar->world, liar->to, liar->end, out);
        }
        toc_peer_sent(&liar->peer, out.len, now);
        toc_peer_pump(&liar->peer, &liar->buffers);
    }
}

static inline bool liar_keeps(uint8_t type)
{
    (void)type;
    return false;
}

static inline void liar_read(struct liar *liar)
{
    struct toc_message message;
    bool stalled;
    while (toc_peer_next_message(&liar->peer, &liar->buffers, liar_keeps, &message, &stalled)) {
        assert_true(liar->got_count < LIAR_GOT_MAX);
        liar->got[liar->got_count++] =
            (struct liar_message){message.type, message.class, world_copy(message.body)};
        toc_buffer_drop(&liar->buffers, message.buffer);
    }
    assert_false(stalled);
}

static inline void liar_on_bytes(void *script, struct toc_span bytes)
{
    struct liar *liar = script;
    while (bytes.len > 0) {
        struct toc_room room = toc_peer_receive_room(&liar->peer);
        size_t count = bytes.len < room.len ? bytes.len : room.len;
        assert_true(count > 0);
        memcpy(room.at, bytes.at, count);
        toc_peer_received(&liar->peer, count);
        bytes = toc_span(bytes.at + count, bytes.len - count);
        while (toc_peer_check_due(&liar->peer)) {
            toc_peer_check_run(&liar->peer);
            toc_peer_checked(&liar->peer);
            if (liar->peer.state == TOC_PEER_ANSWERING) {
                toc_peer_admit(&liar->peer);
            }
            liar->peer.in[TOC_CLASS_LIVE].granted = LIAR_CREDIT;
            liar->peer.in[TOC_CLASS_BULK].granted = LIAR_CREDIT;
            liar_read(liar);
        }
    }
    liar_flush(liar);
}

static inline void liar_on_closed(void *script, struct toc_err err)
{
    struct liar *liar = script;
    liar->closed = true;
    liar->why = err;
}

/* Ready to play node `as` towards node `to`; not connected. */
static inline void liar_init(struct liar *liar, struct world *world, size_t as, size_t to)
{
    *liar = (struct liar){.world = world, .as = as, .to = to};
    struct world_node *node = &world->nodes[as];
    struct toc_genesis genesis;
    struct toc_arena arena;
    uint8_t f[32];
    liar->arena_memory = malloc(WORLD_ARENA_BYTES);
    assert_non_null(liar->arena_memory);
    toc_arena_init(&arena, liar->arena_memory, WORLD_ARENA_BYTES);
    assert_ok(toc_genesis_decode(&genesis, world->genesis, &arena));
    assert_ok(toc_genesis_open(f, &liar->epoch, &genesis, world->f, node->node_keys.seal_public,
                               node->node_keys.seal_secret));
    liar->roster = genesis.roster;
    memcpy(liar->federation, genesis.roster.hash, 32);
    liar->self = (struct toc_peer_self){.link_public = node->node_keys.link_public,
                                        .link_secret = node->node_keys.link_secret,
                                        .federation = liar->federation,
                                        .secrets = {world->f},
                                        .secret_count = 1};
    liar->memory_bytes = toc_buffers_bytes() + toc_peer_bytes() + 4096;
    liar->memory = mmap(NULL, liar->memory_bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    assert_true(liar->memory != MAP_FAILED);
    toc_arena_init(&arena, liar->memory, liar->memory_bytes);
    toc_buffers_init(&liar->buffers, &arena);
    toc_peer_init(&liar->peer, &arena, &liar->self);
}

static inline void liar_hang(struct liar *liar, size_t node, size_t end, const uint8_t *remote)
{
    uint8_t entropy[32];
    struct world_end *ours = &liar->world->nodes[node].ends[end];
    ours->script = liar;
    ours->script_bytes = liar_on_bytes;
    ours->script_closed = liar_on_closed;
    liar->end = end;
    liar->connected = true;
    world_entropy(liar->world, entropy, sizeof entropy);
    toc_peer_start(&liar->peer, remote, entropy);
}

/* Connects, without waiting for an answer. */
static inline void liar_dial(struct liar *liar)
{
    struct world_node *node = &liar->world->nodes[liar->to];
    size_t end = world_free_end(node);
    node->ends[end].link = node->next_link;
    node->next_link += 2;
    struct world_event up = {
        .kind = WORLD_UP, .node = liar->to, .link = node->ends[end].link, .end = end};
    memcpy(up.source, liar->source, sizeof up.source);
    world_later(liar->world, up, 0);
    liar->dialled = true;
    liar_hang(liar, liar->to, end, node->node_keys.link_public);
    liar_flush(liar);
}

static inline void liar_accept(void *listener, size_t from, size_t end)
{
    struct liar *liar = listener;
    if (from == liar->to && !liar->connected) {
        liar_hang(liar, from, end, NULL);
    }
}

/* Waits to be dialled. */
static inline void liar_listen(struct liar *liar)
{
    liar->world->nodes[liar->as].listener = liar;
    liar->world->nodes[liar->as].accept = liar_accept;
}

static inline void liar_wait(struct liar *liar)
{
    world_run(liar->world, 20);
}

/* Says one message. */
static inline void liar_say(struct liar *liar, uint8_t type, enum toc_class class,
                            struct toc_span body)
{
    assert_true(toc_peer_send(&liar->peer, &liar->buffers, type, class, body));
    liar_flush(liar);
}

/* One transport message with this plaintext, whatever it is. */
static inline void liar_frames(struct liar *liar, struct toc_span plain)
{
    uint8_t message[2 + TOC_NOISE_MESSAGE_BYTES_MAX];
    assert_ok(toc_cipher_seal(&liar->peer.tx_cipher, plain, message + 2));
    toc_put_be16(message, (uint16_t)(plain.len + TOC_NOISE_TAG_BYTES));
    world_put(liar->world, liar->to, liar->end,
              toc_span(message, 2 + plain.len + TOC_NOISE_TAG_BYTES));
}

/* What an honest node would say first. */
static inline struct toc_hello liar_hello(const struct liar *liar)
{
    struct toc_hello hello = {.version = TOC_PROTOCOL_VERSION,
                              .roster_number = liar->roster.number,
                              .credit_live_bytes = LIAR_CREDIT,
                              .credit_bulk_bytes = LIAR_CREDIT,
                              .clock = {WORLD_START_UTC_MS + liar->world->now_ms},
                              .software = "liar"};
    memcpy(hello.roster_hash, liar->roster.hash, 32);
    return hello;
}

static inline void liar_greet(struct liar *liar)
{
    struct toc_hello hello = liar_hello(liar);
    uint8_t body[TOC_HELLO_BYTES_MAX];
    size_t len = toc_hello_encode((struct toc_room){body, sizeof body}, &hello);
    liar->peer.out[TOC_CLASS_LIVE].granted = LIAR_CREDIT;
    liar->peer.out[TOC_CLASS_BULK].granted = LIAR_CREDIT;
    liar_say(liar, TOC_MSG_HELLO, TOC_CLASS_CONTROL, toc_span(body, len));
}

/* Our tag of a group on this link. */
static inline void liar_tag(const struct liar *liar, const uint8_t *tag_key, const uint8_t *group,
                            uint8_t out[TOC_TAG_BYTES])
{
    toc_tag(out, tag_key, liar->peer.handshake_hash, liar->dialled ? 0 : 1, group);
}

/* TAGS that name the group of all and, if given, one more. */
static inline void liar_tags(struct liar *liar, const uint8_t *tag_key, const uint8_t *group)
{
    uint8_t tags[TOC_TAGS_PAD][TOC_TAG_BYTES], all[32];
    memset(tags, 0, sizeof tags);
    toc_group_all_id(all, liar->federation);
    liar_tag(liar, liar->epoch.tag_key, all, tags[0]);
    if (group != NULL) {
        liar_tag(liar, tag_key, group, tags[1]);
    }
    for (size_t i = group != NULL ? 2 : 1; i < TOC_TAGS_PAD; i++) {
        tags[i][7] = (uint8_t)i;
    }
    for (size_t i = 1; i < TOC_TAGS_PAD; i++) {
        uint8_t tag[TOC_TAG_BYTES];
        memcpy(tag, tags[i], sizeof tag);
        size_t at = i;
        for (; at > 0 && memcmp(tags[at - 1], tag, sizeof tag) > 0; at--) {
            memcpy(tags[at], tags[at - 1], sizeof tag);
        }
        memcpy(tags[at], tag, sizeof tag);
    }
    liar_say(liar, TOC_MSG_TAGS, TOC_CLASS_CONTROL, toc_span(tags, sizeof tags));
}

/* Connects as an honest node would, up to the groups that both share. */
static inline void liar_join(struct liar *liar, struct world *world, size_t as, size_t to)
{
    liar_init(liar, world, as, to);
    liar_dial(liar);
    liar_wait(liar);
    assert_int_equal(liar->peer.state, TOC_PEER_READY);
    liar_greet(liar);
    liar_tags(liar, NULL, NULL);
    liar_wait(liar);
    assert_false(liar->closed);
}

/* The newest message of a type, or NULL. */
static inline const struct liar_message *liar_last(const struct liar *liar, uint8_t type)
{
    for (size_t i = liar->got_count; i-- > 0;) {
        if (liar->got[i].type == type) {
            return &liar->got[i];
        }
    }
    return NULL;
}

static inline size_t liar_count(const struct liar *liar, uint8_t type)
{
    size_t count = 0;
    for (size_t i = 0; i < liar->got_count; i++) {
        count += liar->got[i].type == type;
    }
    return count;
}

/* Says the digests that it was told: it holds what the other side holds. */
static inline void liar_agree(struct liar *liar)
{
    const struct liar_message *vtop = liar_last(liar, TOC_MSG_VTOP);
    assert_non_null(vtop);
    liar_say(liar, TOC_MSG_VTOP, TOC_CLASS_CONTROL, vtop->body);
    liar_wait(liar);
}

/* Hangs up, and gives the memory back. */
static inline void liar_leave(struct liar *liar)
{
    struct world_end *end = &liar->world->nodes[liar->to].ends[liar->end];
    if (liar->connected && !liar->closed && end->used && end->script == liar) {
        end->in.closed = true;
        end->in.first = end->in.len;
        end->script_bytes = NULL;
        world_later(
            liar->world,
            (struct world_event){
                .kind = WORLD_ARRIVE, .node = liar->to, .link = end->link, .end = liar->end},
            0);
        world_run(liar->world, 1);
    }
    if (liar->world->nodes[liar->as].listener == liar) {
        liar->world->nodes[liar->as].listener = NULL;
    }
    liar_forget(liar);
    munmap(liar->memory, liar->memory_bytes);
    free(liar->arena_memory);
}

/* Everything that a node knows and that a refusal must leave as it is, in 32 bytes. */
static inline void liar_state(const struct world *world, size_t index, uint8_t out[32])
{
    const struct world_node *node = &world->nodes[index];
    const struct toc_ledger *ledger = &node->core->ledger;
    struct toc_hasher hasher;
    toc_hasher_init(&hasher, TOC_CTX_H_AUDIT);
    for (uint32_t i = 0; i < ledger->group_count; i++) {
        const struct toc_ledger_group *group = &ledger->groups[i];
        toc_hasher_add(&hasher, toc_span(group->id, 32));
        toc_hasher_add(&hasher, toc_span(group->epoch_hash, 32));
        toc_hasher_add(&hasher, toc_span(&group->digest, sizeof group->digest));
        toc_hasher_add(&hasher, toc_span(&group->has_epoch, sizeof group->has_epoch));
    }
    for (uint32_t i = 0; i < ledger->log_count; i++) {
        const struct toc_ledger_log *log = &ledger->logs[i];
        toc_hasher_add(&hasher, toc_span(log->id, 32));
        toc_hasher_add(&hasher, toc_span(&log->head.seq, sizeof log->head.seq));
        toc_hasher_add(&hasher, toc_span(log->head.hash, 32));
        toc_hasher_add(&hasher, toc_span(log->checked.hash, 32));
    }
    for (size_t i = 0; i < node->core->directory.slot_count; i++) {
        toc_hasher_add(&hasher, toc_span(node->core->directory.slots[i].card.hash, 32));
    }
    for (const struct world_record *record = node->records; record != NULL; record = record->next) {
        if (record->table != 'B') {
            toc_hasher_add(&hasher, record->value);
        }
    }
    toc_hasher_final(&hasher, out);
}

#endif
