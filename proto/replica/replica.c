/* SPDX-License-Identifier: EUPL-1.2 */
#include "replica.h"

#include <string.h>

#define BEACON_ROOM_BYTES (2u * TOC_BEACON_BYTES_MAX)

size_t toc_replica_bytes(uint32_t link_max, uint32_t group_max, uint32_t log_max)
{
    return (size_t)link_max * log_max * sizeof(uint64_t) + link_max * sizeof(struct toc_serves) +
           group_max * 9 +
           TOC_WAITING_MAX * (sizeof(struct toc_waiting) + sizeof(struct toc_chunk_check)) +
           TOC_JOBS_MAX * sizeof(struct toc_job) + TOC_WIDE_OPS * sizeof(struct toc_store_op) +
           TOC_LOADS_MAX * sizeof(struct toc_pending_load) +
           TOC_MISSING_MAX * sizeof(struct toc_missing) + TOC_PAYLOAD_BYTES_MAX +
           TOC_INLINE_BYTES_MAX + TOC_WRAPS_MAX * TOC_KEY_BYTES + TOC_MEMBERS_MAX * TOC_ID_BYTES +
           BEACON_ROOM_BYTES + TOC_RECEIPTS_MAX * sizeof(struct toc_receipt_row) +
           TOC_BEACON_SERIALS_MAX * sizeof(struct toc_serial_row) + 4096;
}

static void *reserve(struct toc_arena *arena, size_t count, size_t item_bytes)
{
    void *at = toc_arena_reserve(arena, count, item_bytes);
    TOC_ASSERT(at != NULL);
    return at;
}

/* An established link is about to go. */
static void forget(void *context, struct toc_link *link)
{
    struct toc_replica *replica = context;
    toc_replica_unwant(replica, link);
    memset(&replica->serves[link->place], 0, sizeof(struct toc_serves));
}

void toc_replica_init(struct toc_replica *replica, struct toc_arena *arena,
                      const struct toc_replica_options *options)
{
    uint32_t links = options->links->max, groups = options->ledger->group_max;
    *replica = (struct toc_replica){.links = options->links,
                                    .ledger = options->ledger,
                                    .federation = options->federation,
                                    .own_org = options->own_org,
                                    .own_node = options->own_node,
                                    .node_keys = options->node_keys,
                                    .log_keys = options->log_keys,
                                    .f = options->f,
                                    .f_generation = options->f_generation,
                                    .trust_clock = options->trust_clock};
    replica->has = reserve(arena, (size_t)links * options->ledger->log_max, sizeof(uint64_t));
    replica->waiting = reserve(arena, TOC_WAITING_MAX, sizeof *replica->waiting);
    replica->chunk_checks = reserve(arena, TOC_WAITING_MAX, sizeof *replica->chunk_checks);
    replica->jobs = reserve(arena, TOC_JOBS_MAX, sizeof *replica->jobs);
    replica->wide_ops = reserve(arena, TOC_WIDE_OPS, sizeof *replica->wide_ops);
    replica->serves = reserve(arena, links, sizeof *replica->serves);
    replica->loads = reserve(arena, TOC_LOADS_MAX, sizeof *replica->loads);
    replica->missing = reserve(arena, TOC_MISSING_MAX, sizeof *replica->missing);
    replica->big = reserve(arena, TOC_PAYLOAD_BYTES_MAX, 1);
    replica->scratch = reserve(arena, TOC_INLINE_BYTES_MAX, 1);
    replica->seal_keys = reserve(arena, TOC_WRAPS_MAX, TOC_KEY_BYTES);
    replica->members = reserve(arena, TOC_MEMBERS_MAX, TOC_ID_BYTES);
    replica->beacon_rows = reserve(arena, BEACON_ROOM_BYTES, 1);
    replica->receipts = reserve(arena, TOC_RECEIPTS_MAX, sizeof *replica->receipts);
    replica->serials = reserve(arena, TOC_BEACON_SERIALS_MAX, sizeof *replica->serials);
    replica->beacon_dirty = reserve(arena, groups / 8 + 1, 1);
    replica->beacon_next_ms = reserve(arena, groups, sizeof(uint64_t));
    replica->links->gone = forget;
    replica->links->gone_context = replica;
}

void toc_replica_greet(struct toc_replica *replica, struct toc_link *link)
{
    memset(toc_replica_has(replica, link, 0), 0, replica->ledger->log_count * sizeof(uint64_t));
    memset(&replica->serves[link->place], 0, sizeof(struct toc_serves));
    link->tags_due = true; /* behind our HELLO */
}

bool toc_replica_ready(const struct toc_replica *replica, const struct toc_turn *turn)
{
    return replica->waiting_count < TOC_WAITING_MAX &&
           replica->chunk_check_count < TOC_WAITING_MAX &&
           replica->job_count + replica->waiting_count + replica->chunk_check_count + 16 <
               TOC_JOBS_MAX &&
           toc_turn_room(turn, 8);
}

static struct toc_err dispatch(struct toc_replica *replica, struct toc_turn *turn,
                               struct toc_link *link, const struct toc_message *message)
{
    switch (message->type) {
    case TOC_MSG_TAGS:
        return toc_replica_take_tags(replica, link, message->body);
    case TOC_MSG_INVITE:
        return toc_replica_take_invite(replica, turn, link, message->body);
    case TOC_MSG_VTOP:
        return toc_replica_take_vtop(replica, link, message->body);
    case TOC_MSG_VROW:
        return toc_replica_take_rows(replica, turn, link, message->body);
    case TOC_MSG_WANT:
        return toc_replica_take_want(replica, link, message->body);
    case TOC_MSG_ENTRY:
    case TOC_MSG_RANGE:
        return toc_replica_take_range(replica, turn, link, message);
    case TOC_MSG_CHUNK:
        return toc_replica_take_chunk(replica, turn, link, message);
    case TOC_MSG_NOPAY:
        toc_replica_take_nopay(replica, link, message->body);
        return toc_ok();
    case TOC_MSG_BEACON:
        return toc_replica_take_beacon(replica, turn, link, message->body);
    default:
        return toc_ok(); /* unknown messages are skipped */
    }
}

struct toc_err toc_replica_message(struct toc_replica *replica, struct toc_turn *turn,
                                   struct toc_link *link, const struct toc_message *message)
{
    bool charged = toc_class_is_charged(message->class);
    size_t bytes = message->body.len;
    uint32_t held = message->buffer == NULL ? 0 : message->buffer->refs;
    struct toc_err err = dispatch(replica, turn, link, message);
    bool kept = message->buffer != NULL && message->buffer->refs > held;
    /* What is kept is given credit for when it is stored. */
    if (charged && !kept) {
        toc_link_taken(link, bytes);
    }
    toc_buffer_drop(&replica->links->buffers, message->buffer);
    return err;
}

void toc_replica_tick(struct toc_replica *replica, struct toc_turn *turn)
{
    for (uint32_t i = 0; i < replica->links->top; i++) {
        struct toc_link *link = &replica->links->items[i];
        if (!toc_link_stands(link)) {
            continue;
        }
        if (link->wants_out > 0 && turn->now.ms - link->progress.ms >= TOC_WANT_MS_MAX) {
            toc_replica_unwant(replica, link);
        }
        if (turn->now.ms - link->vtop_at.ms >= TOC_VTOP_MS) {
            link->vtop_due = true;
        }
    }
    toc_replica_beacons(replica, turn);
    toc_replica_fetch(replica, turn);
}

void toc_replica_flush(struct toc_replica *replica, struct toc_turn *turn)
{
    replica->more_work = false;
    for (uint32_t i = 0; i < replica->links->top; i++) {
        struct toc_link *link = &replica->links->items[i];
        if (!toc_link_stands(link)) {
            continue;
        }
        if (link->tags_due) {
            toc_replica_tags(replica, link);
        }
        if (link->vtop_due && turn->now.ms - link->vtop_at.ms >= TOC_VTOP_MS_MIN) {
            toc_replica_vtop(replica, turn, link);
        }
        replica->more_work = replica->more_work || link->vtop_due;
        toc_replica_rows(replica, link);
        if (link->invites_due) {
            toc_replica_invite(replica, turn, link);
        }
        toc_replica_serve(replica, turn, link);
    }
}

static void store_first_epoch(struct toc_replica *replica, struct toc_turn *turn,
                              const struct toc_genesis *genesis, struct toc_job *job)
{
    struct toc_epoch_secret secret;
    struct toc_err err =
        toc_epoch_open(&secret, &genesis->epoch, replica->f, replica->node_keys->seal_public,
                       replica->node_keys->seal_secret);
    TOC_ASSERT(!toc_failed(err)); /* toc_core_init has opened it before */
    struct toc_buffer *rest =
        toc_buffer_take(&replica->links->buffers, genesis->epoch_envelope.len + 256);
    TOC_ASSERT(rest != NULL);
    struct toc_span sealed =
        toc_epoch_rest_seal((struct toc_room){rest->at, rest->size}, genesis->epoch_envelope,
                            &secret, replica->node_keys->store_key, turn->entropy + 160);
    rest->used = (uint32_t)sealed.len;
    uint8_t key[TOC_ID_BYTES + TOC_EPOCH_REF_BYTES];
    memcpy(key, genesis->epoch.group, TOC_ID_BYTES);
    memcpy(key + TOC_ID_BYTES, genesis->epoch.hash, TOC_EPOCH_REF_BYTES);
    toc_job_record(job, 'E', toc_span(key, sizeof key), toc_buffer_bytes(rest));
    toc_job_keep(job, rest);
    toc_wipe(&secret, sizeof secret);
}

static bool lacks_first_epoch(const struct toc_replica *replica, const struct toc_genesis *genesis)
{
    uint32_t log = toc_ledger_log_of(replica->ledger, TOC_GROUP_ALL, replica->log_keys->public_key);
    return log != TOC_LEDGER_NONE && replica->ledger->logs[log].checked.seq == 0 &&
           genesis->drafter_node == replica->own_node &&
           memcmp(genesis->drafter, replica->own_org, TOC_ID_BYTES) == 0;
}

/* the drafter's node appends the first epoch as entry 1 of its log in the group of all. */
void toc_replica_start(struct toc_replica *replica, struct toc_turn *turn,
                       const struct toc_genesis *genesis, struct toc_span own_card,
                       bool card_logged)
{
    struct toc_job *job = toc_job_take(replica, TOC_JOB_OWN);
    TOC_ASSERT(job != NULL);
    struct toc_err err = toc_ok();
    if (!card_logged) {
        err = toc_replica_append(replica, turn, job, TOC_GROUP_CONTROL, TOC_KIND_CARD, own_card);
    }
    if (!toc_failed(err) && lacks_first_epoch(replica, genesis)) {
        err = toc_replica_append(replica, turn, job, TOC_GROUP_ALL, TOC_KIND_EPOCH,
                                 genesis->epoch_envelope);
    }
    TOC_ASSERT(!toc_failed(err));
    if (!card_logged) {
        toc_job_record(job, 'C', toc_span(replica->own_org, TOC_ID_BYTES), own_card);
    }
    store_first_epoch(replica, turn, genesis, job);
    toc_job_submit(replica, turn, job);
}
