/* SPDX-License-Identifier: EUPL-1.2 */
#include "evil.h"

#include <stdio.h>

/* What the liar can do on a link, and what it hears. */

static void find_parties(struct evil *evil, const char *victim, const char *witness)
{
    for (size_t i = 0; i < evil->genesis.roster.org_count; i++) {
        struct toc_card card;
        EVIL_NEED(evil, !toc_failed(toc_card_decode(&card, evil->genesis.cards[i])));
        bool ours = memcmp(card.nodes[0].link_key, evil->keys.link_public, TOC_KEY_BYTES) == 0;
        struct evil_party *party = ours                                ? &evil->me
                                   : strcmp(card.handle, victim) == 0  ? &evil->victim
                                   : strcmp(card.handle, witness) == 0 ? &evil->witness
                                                                       : &evil->absent;
        party->card = card;
    }
    EVIL_NEED(evil, evil->me.card.node_count == 1 && evil->victim.card.node_count == 1);
    EVIL_NEED(evil, evil->witness.card.node_count == 1 && evil->absent.card.node_count == 1);
}

void evil_init(struct evil *evil, const struct evil_net *net, struct toc_span genesis,
               const char *victim, const char *witness)
{
    struct toc_arena arena;
    evil->net = net;
    evil->genesis_memory = malloc(TOC_GENESIS_ARENA_BYTES + genesis.len);
    size_t bytes = toc_buffers_bytes() + toc_peer_bytes() + 4096;
    evil->memory = malloc(bytes);
    evil->body = malloc(EVIL_BODY_BYTES);
    evil->chain = calloc(1, sizeof *evil->chain);
    EVIL_NEED(evil, evil->genesis_memory != NULL && evil->memory != NULL && evil->body != NULL &&
                        evil->chain != NULL);
    memcpy(evil->genesis_memory, genesis.at, genesis.len);
    toc_arena_init(&arena, evil->genesis_memory + genesis.len, TOC_GENESIS_ARENA_BYTES);
    EVIL_NEED(evil, !toc_failed(toc_genesis_decode(
                        &evil->genesis, toc_span(evil->genesis_memory, genesis.len), &arena)));
    EVIL_NEED(evil, !toc_failed(toc_genesis_open(evil->f, &evil->epoch, &evil->genesis, NULL,
                                                 evil->keys.seal_public, evil->keys.seal_secret)));
    memcpy(evil->federation, evil->genesis.roster.hash, TOC_ID_BYTES);
    toc_group_all_id(evil->all, evil->federation);
    find_parties(evil, victim, witness);
    evil->aim = &evil->victim;
    evil->self = (struct toc_peer_self){.link_public = evil->keys.link_public,
                                        .link_secret = evil->keys.link_secret,
                                        .federation = evil->federation,
                                        .secrets = {evil->f},
                                        .secret_count = 1};
    toc_arena_init(&arena, evil->memory, bytes);
    toc_buffers_init(&evil->buffers, &arena);
    toc_peer_init(&evil->peer, &arena, &evil->self);
}

static void forget_rows(struct evil *evil)
{
    for (size_t i = 0; i < EVIL_ROWS; i++) {
        free((void *)(uintptr_t)evil->rows[i].at);
        evil->rows[i] = toc_span(NULL, 0);
    }
}

static void forget(struct evil *evil)
{
    for (size_t i = 0; i < 256; i++) {
        free((void *)(uintptr_t)evil->last[i].at);
        evil->last[i] = toc_span(NULL, 0);
        evil->count[i] = 0;
    }
    forget_rows(evil);
}

void evil_clear(struct evil *evil)
{
    evil_leave(evil);
    chain_clear(evil->chain);
    free(evil->chain);
    free(evil->body);
    free(evil->memory);
    free(evil->genesis_memory);
}

void evil_leave(struct evil *evil)
{
    if (evil->connected) {
        evil->net->hang_up(evil);
    }
    toc_peer_reset(&evil->peer, &evil->buffers);
    evil->connected = evil->closed = evil->deaf = evil->stalled = false;
    forget(evil);
}

void evil_put(struct evil *evil, struct toc_span bytes)
{
    if (!evil->closed && bytes.len > 0) {
        evil->net->put(evil, bytes);
    }
}

void evil_flush(struct evil *evil)
{
    struct toc_mono now = {evil->net->utc_ms(evil)};
    struct toc_span out;
    toc_peer_pump(&evil->peer, &evil->buffers);
    while ((out = toc_peer_take_out(&evil->peer, now)).len != 0) {
        evil_put(evil, out);
        toc_peer_sent(&evil->peer, out.len, now);
        toc_peer_pump(&evil->peer, &evil->buffers);
    }
}

static bool keeps_nothing(uint8_t type)
{
    (void)type;
    return false;
}

/* A copy on the heap, in place of what stands there. */
static void keep(struct evil *evil, struct toc_span *place, struct toc_span body)
{
    uint8_t *copy = malloc(body.len + 1);
    EVIL_NEED(evil, copy != NULL);
    if (body.len != 0) {
        memcpy(copy, body.at, body.len);
    }
    free((void *)(uintptr_t)place->at);
    *place = toc_span(copy, body.len);
}

static void read_messages(struct evil *evil)
{
    struct toc_message message;
    bool is_stalled;
    while (
        toc_peer_next_message(&evil->peer, &evil->buffers, keeps_nothing, &message, &is_stalled)) {
        keep(evil, &evil->last[message.type], message.body);
        if (message.type == TOC_MSG_VROW) {
            keep(evil, &evil->rows[evil->count[TOC_MSG_VROW] % EVIL_ROWS], message.body);
        }
        evil->count[message.type]++;
        toc_buffer_drop(&evil->buffers, message.buffer);
    }
}

void evil_on_bytes(struct evil *evil, struct toc_span bytes)
{
    while (bytes.len > 0) {
        struct toc_room room = toc_peer_receive_room(&evil->peer);
        size_t count = bytes.len < room.len ? bytes.len : room.len;
        if (count == 0) {
            return; /* we have broken our own end: nothing can be read any more */
        }
        memcpy(room.at, bytes.at, count);
        toc_peer_received(&evil->peer, count);
        bytes = toc_span(bytes.at + count, bytes.len - count);
        while (toc_peer_check_due(&evil->peer)) {
            toc_peer_check_run(&evil->peer);
            toc_peer_checked(&evil->peer);
            evil->peer.in[TOC_CLASS_LIVE].granted = EVIL_CREDIT;
            evil->peer.in[TOC_CLASS_BULK].granted = EVIL_CREDIT;
            read_messages(evil);
        }
    }
}

void evil_on_closed(struct evil *evil, struct toc_err why)
{
    evil->closed = true;
    evil->why = why;
}

void evil_wait(struct evil *evil, uint64_t ms)
{
    evil->net->wait(evil, ms);
}

void evil_linger(struct evil *evil, uint64_t ms)
{
    for (uint64_t gone = 0; gone < ms && !evil->closed; gone += 20000) {
        evil_frames(evil, toc_span(NULL, 0));
        evil_wait(evil, ms - gone < 20000 ? ms - gone : 20000);
    }
}

bool evil_hears(struct evil *evil, uint8_t type, size_t count, uint64_t ms)
{
    for (uint64_t gone = 0; gone < ms && !evil->closed && evil->count[type] < count; gone += 10) {
        evil_wait(evil, 10);
    }
    return evil->count[type] >= count;
}

bool evil_answers(struct evil *evil)
{
    uint8_t nonce[8];
    evil->net->entropy(evil, nonce, sizeof nonce);
    for (int i = 0; i < 20 && !evil->closed; i++) { /* some may be left out */
        size_t heard = evil->count[TOC_MSG_PONG];
        evil_say(evil, TOC_MSG_PING, TOC_CLASS_CONTROL, toc_span(nonce, sizeof nonce));
        if (evil_hears(evil, TOC_MSG_PONG, heard + 1, 1000) &&
            memcmp(evil->last[TOC_MSG_PONG].at, nonce, sizeof nonce) == 0) {
            return true;
        }
    }
    return false;
}

void evil_most(struct evil *evil, const char *what, uint64_t got, uint64_t most)
{
    if (got > most) {
        char text[160];
        snprintf(text, sizeof text, "%s: %llu, at most %llu", what, (unsigned long long)got,
                 (unsigned long long)most);
        evil->net->fail(evil, text);
    }
}

void evil_mark(struct evil *evil)
{
    evil->net->mark(evil);
}

void evil_stored(struct evil *evil)
{
    evil->net->stored(evil);
    evil->net->mark(evil);
}

void evil_say(struct evil *evil, uint8_t type, enum toc_class class, struct toc_span body)
{
    if (evil->closed || evil->stalled) {
        return;
    }
    EVIL_NEED(evil, toc_peer_send(&evil->peer, &evil->buffers, type, class, body));
    evil_flush(evil);
}

void evil_frames(struct evil *evil, struct toc_span plain)
{
    static uint8_t message[2 + TOC_NOISE_MESSAGE_BYTES_MAX];
    EVIL_NEED(evil, !toc_failed(toc_cipher_seal(&evil->peer.tx_cipher, plain, message + 2)));
    toc_put_be16(message, (uint16_t)(plain.len + TOC_NOISE_TAG_BYTES));
    evil_put(evil, toc_span(message, 2 + plain.len + TOC_NOISE_TAG_BYTES));
}

void evil_frame(struct evil *evil, uint8_t type, uint8_t flags, struct toc_span body)
{
    static uint8_t plain[TOC_NOISE_MESSAGE_BYTES_MAX];
    EVIL_NEED(evil, body.len + 4 + TOC_NOISE_TAG_BYTES <= TOC_NOISE_MESSAGE_BYTES_MAX);
    plain[0] = type;
    plain[1] = flags;
    toc_put_le16(plain + 2, (uint16_t)body.len);
    if (body.len != 0) {
        memcpy(plain + 4, body.at, body.len);
    }
    evil_frames(evil, toc_span(plain, 4 + body.len));
}

struct toc_span evil_fill(struct evil *evil, uint8_t fill, size_t len)
{
    EVIL_NEED(evil, len <= EVIL_BODY_BYTES);
    memset(evil->body, fill, len);
    return toc_span(evil->body, len);
}

struct toc_hello evil_hello(struct evil *evil)
{
    struct toc_hello hello = {.version = TOC_PROTOCOL_VERSION,
                              .roster_number = evil->genesis.roster.number,
                              .credit_live_bytes = EVIL_CREDIT,
                              .credit_bulk_bytes = EVIL_CREDIT,
                              .clock = {evil->net->utc_ms(evil)},
                              .software = "tocsin/0.1"};
    memcpy(hello.roster_hash, evil->genesis.roster.hash, TOC_HASH_BYTES);
    return hello;
}

void evil_say_hello(struct evil *evil, const struct toc_hello *hello)
{
    uint8_t body[TOC_HELLO_BYTES_MAX];
    size_t len = toc_hello_encode((struct toc_room){body, sizeof body}, hello);
    /* Credit is what the victim must see to. */
    evil->peer.out[TOC_CLASS_LIVE].granted = EVIL_CREDIT;
    evil->peer.out[TOC_CLASS_BULK].granted = EVIL_CREDIT;
    evil_say(evil, TOC_MSG_HELLO, TOC_CLASS_CONTROL, toc_span(body, len));
}

static int compare_tags(const void *a, const void *b)
{
    return memcmp(a, b, TOC_TAG_BYTES);
}

void evil_say_tags(struct evil *evil, const struct evil_group *group)
{
    uint8_t tags[TOC_TAGS_PAD][TOC_TAG_BYTES];
    evil->net->entropy(evil, tags[0], sizeof tags);
    toc_tag(tags[0], evil->epoch.tag_key, evil->peer.handshake_hash, 0, evil->all);
    if (group != NULL) {
        toc_tag(tags[1], group->tag_key, evil->peer.handshake_hash, 0, group->id);
    }
    qsort(tags, TOC_TAGS_PAD, TOC_TAG_BYTES, compare_tags);
    evil_say(evil, TOC_MSG_TAGS, TOC_CLASS_CONTROL, toc_span(tags, sizeof tags));
}

void evil_log_of(const struct evil *evil, const struct evil_party *party, const uint8_t *group,
                 uint8_t out[TOC_ID_BYTES])
{
    toc_log_id(out, evil->federation, group == NULL ? evil->all : group,
               party->card.nodes[0].log_key);
}

void evil_begin_chain(struct evil *evil, const uint8_t *group)
{
    uint8_t noise[8];
    evil->net->entropy(evil, noise, sizeof noise);
    chain_clear(evil->chain);
    chain_init(evil->chain, toc_le64(noise));
    evil->chain->keys = evil->log_keys;
    memcpy(evil->chain->federation, evil->federation, TOC_ID_BYTES);
    evil_log_of(evil, &evil->me, group, evil->chain->log);
}

struct toc_span evil_range(struct evil *evil, uint64_t first, uint64_t last)
{
    static uint8_t room[TOC_RANGE_BYTES_MAX];
    return chain_range(evil->chain, first, last, true, (struct toc_room){room, sizeof room});
}

void evil_say_range(struct evil *evil, uint64_t first, uint64_t last)
{
    evil_say(evil, TOC_MSG_RANGE, TOC_CLASS_BULK, evil_range(evil, first, last));
}

void evil_rows_head(uint8_t body[TOC_VROW_HEAD_BYTES], const uint8_t *group, uint8_t last)
{
    memcpy(body, group, TOC_ID_BYTES);
    body[TOC_ID_BYTES] = last;
    toc_put_le64(body + TOC_ID_BYTES + 1, TOC_BUCKETS_ALL);
}

void evil_say_row(struct evil *evil, const uint8_t *group, const uint8_t *log, uint64_t seq)
{
    uint8_t body[TOC_VROW_HEAD_BYTES + TOC_ROW_BYTES];
    struct toc_row row = {.seq = seq};
    memcpy(body, group, TOC_ID_BYTES);
    evil_rows_head(body, group, 1);
    memcpy(row.log, log, TOC_ID_BYTES);
    toc_row_encode(body + TOC_VROW_HEAD_BYTES, &row);
    evil_say(evil, TOC_MSG_VROW, TOC_CLASS_CONTROL, toc_span(body, sizeof body));
}

void evil_say_want(struct evil *evil, const struct toc_want *want)
{
    uint8_t body[TOC_WANT_BYTES];
    toc_want_encode(body, want);
    evil_say(evil, TOC_MSG_WANT, TOC_CLASS_CONTROL, toc_span(body, sizeof body));
}

/* Has a VROW of this group come since, and is the row of the log in one? */
static bool find_row(const struct evil *evil, const uint8_t *group, const uint8_t *log,
                     struct toc_row *row, bool *is_told)
{
    for (size_t i = 0; i < EVIL_ROWS; i++) {
        struct toc_span rows = evil->rows[i];
        if (rows.len < TOC_VROW_HEAD_BYTES || memcmp(rows.at, group, TOC_ID_BYTES) != 0) {
            continue;
        }
        *is_told = true;
        for (size_t at = TOC_VROW_HEAD_BYTES; at + TOC_ROW_BYTES <= rows.len; at += TOC_ROW_BYTES) {
            toc_row_decode(row, rows.at + at);
            if (memcmp(row->log, log, TOC_ID_BYTES) == 0) {
                return true;
            }
        }
    }
    return false;
}

bool evil_row_of(struct evil *evil, const uint8_t *group, const uint8_t *log, struct toc_row *row)
{
    EVIL_NEED(evil, evil_hears(evil, TOC_MSG_VTOP, 1, EVIL_ANSWER_MS));
    struct toc_span vtop = evil->last[TOC_MSG_VTOP];
    bool is_told = false;
    forget_rows(evil);
    memset(evil->body, 0, vtop.len);
    memcpy(evil->body, vtop.at, TOC_VTOP_CHECK_BYTES);
    evil_say(evil, TOC_MSG_VTOP, TOC_CLASS_CONTROL, toc_span(evil->body, vtop.len));
    for (uint64_t gone = 0; gone < EVIL_ANSWER_MS && !evil->closed && !is_told; gone += 5) {
        evil_wait(evil, 5);
        if (find_row(evil, group, log, row, &is_told)) {
            return true;
        }
    }
    EVIL_NEED(evil, is_told);
    return false;
}

void evil_resume_chain(struct evil *evil, const uint8_t *group)
{
    struct toc_row row;
    evil_begin_chain(evil, group);
    if (evil_row_of(evil, group, evil->chain->log, &row)) {
        evil->chain->head = (struct toc_log_head){
            .seq = row.seq, .utc = {evil->net->utc_ms(evil) - 1}, .checkpoint_seq = row.seq};
        memcpy(evil->chain->head.hash, row.hash, TOC_HASH_BYTES);
    }
}

struct chain_entry *evil_append(struct evil *evil, enum toc_kind kind, struct toc_span payload)
{
    struct chain *chain = evil->chain;
    EVIL_NEED(evil, chain->count < CHAIN_ENTRIES_MAX);
    struct chain_entry *entry = &chain->entries[chain->count];
    *entry = (struct chain_entry){0};
    toc_header_draft(&entry->header, &chain->head, chain->log,
                     (struct toc_utc){evil->net->utc_ms(evil)}, (uint32_t)payload.len);
    entry->header.version = TOC_HEADER_VERSION;
    entry->header.kind = (uint8_t)kind;
    entry->header.class = TOC_CLASS_LIVE;
    if (kind == TOC_KIND_BULLETIN) {
        memcpy(entry->header.epoch, evil->group.epoch, TOC_EPOCH_REF_BYTES);
    }
    entry->payload = malloc(payload.len + 1);
    EVIL_NEED(evil, entry->payload != NULL);
    if (payload.len != 0) {
        memcpy(entry->payload, payload.at, payload.len);
    }
    return chain_append(chain, entry);
}

static void shake(struct evil *evil)
{
    uint8_t entropy[32];
    evil->net->entropy(evil, entropy, sizeof entropy);
    toc_peer_start(&evil->peer, evil->aim->card.nodes[0].link_key, entropy);
    evil_flush(evil);
    for (uint64_t gone = 0; gone < EVIL_ANSWER_MS && !evil->closed; gone += 5) {
        evil_wait(evil, 5);
        if (evil->peer.state == TOC_PEER_READY) {
            return;
        }
    }
    evil->net->fail(evil, "the victim does not shake hands");
}

void evil_reach(struct evil *evil, enum evil_stage stage)
{
    evil_leave(evil);
    evil->net->connect(evil);
    evil->connected = true;
    if (stage >= EVIL_SHAKEN) {
        shake(evil);
    }
    if (stage >= EVIL_GREETED) {
        struct toc_hello hello = evil_hello(evil);
        evil_say_hello(evil, &hello);
        EVIL_NEED(evil, evil_hears(evil, TOC_MSG_TAGS, 1, EVIL_ANSWER_MS));
    }
    if (stage >= EVIL_JOINED) {
        evil_say_tags(evil, NULL);
        EVIL_NEED(evil, evil_hears(evil, TOC_MSG_VTOP, 1, EVIL_ANSWER_MS));
    }
    if (stage >= EVIL_GROUPED) {
        evil_found(evil, &(struct evil_invite){0}, &evil->group);
    }
}

void evil_tell_body(struct evil *evil)
{
    const struct evil_lie *lie = evil->lie;
    evil_say(evil, lie->type, lie->class, toc_span(lie->body, lie->body_bytes));
}
