/* SPDX-License-Identifier: EUPL-1.2 */
#include "replica.h"

#include <string.h>

#define BEACON_ROOM_BYTES (2u * TOC_BEACON_BYTES_MAX)

size_t toc_replica_bytes(uint32_t link_max, uint32_t group_max, uint32_t log_max)
{
    size_t tables =
        TOC_WAITING_MAX * (sizeof(struct toc_waiting) + sizeof(struct toc_chunk_check)) +
        TOC_JOBS_MAX * sizeof(struct toc_job) + TOC_WIDE_OPS * sizeof(struct toc_store_op) +
        TOC_LOADS_MAX * sizeof(struct toc_pending_load) +
        TOC_MISSING_MAX * sizeof(struct toc_missing) +
        TOC_ORGS_MAX *
            (sizeof(uint16_t) + sizeof(struct toc_alerts) + 2 * sizeof(struct toc_quota)) +
        TOC_RECEIPTS_MAX * (sizeof(struct toc_receipt_row) + sizeof(uint32_t)) +
        TOC_BEACON_SERIALS_MAX * sizeof(struct toc_serial_row) +
        (2 * TOC_WAITING_MAX + TOC_JOBS_MAX + TOC_LOADS_MAX) * sizeof(uint16_t);
    size_t memory = TOC_PAYLOAD_BYTES_MAX + TOC_INLINE_BYTES_MAX + TOC_WRAPS_MAX * TOC_KEY_BYTES +
                    TOC_MEMBERS_MAX * TOC_ID_BYTES + BEACON_ROOM_BYTES;
    return (size_t)link_max * log_max * sizeof(uint64_t) + toc_gossip_bytes(log_max) +
           toc_plan_bytes(link_max) + link_max * sizeof(struct toc_serves) +
           link_max * (sizeof(struct toc_compare) + group_max * (sizeof(uint64_t) + 1)) +
           toc_lag_bytes(group_max, log_max) + group_max * (sizeof(uint64_t) + 1) + tables +
           memory + 4096;
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
    toc_gossip_gone(&replica->gossip, link);
    toc_serves_clear(&replica->serves[link->place]);
}

static void make_tables(struct toc_replica *replica, struct toc_arena *arena)
{
    size_t links = replica->links->max, groups = replica->ledger->group_max;
    replica->has = reserve(arena, links * replica->ledger->log_max, sizeof(uint64_t));
    toc_gossip_init(&replica->gossip, arena, replica->ledger->log_max);
    toc_plan_init(&replica->plan, arena, replica->links->max);
    replica->waiting = reserve(arena, TOC_WAITING_MAX, sizeof *replica->waiting);
    toc_places_init(&replica->waiting_places, arena, TOC_WAITING_MAX);
    replica->chunk_checks = reserve(arena, TOC_WAITING_MAX, sizeof *replica->chunk_checks);
    toc_places_init(&replica->chunk_check_places, arena, TOC_WAITING_MAX);
    replica->jobs = reserve(arena, TOC_JOBS_MAX, sizeof *replica->jobs);
    toc_places_init(&replica->job_places, arena, TOC_JOBS_MAX);
    replica->wide_ops = reserve(arena, TOC_WIDE_OPS, sizeof *replica->wide_ops);
    replica->serves = reserve(arena, links, sizeof *replica->serves);
    replica->compares = reserve(arena, links, sizeof *replica->compares);
    replica->rows_due = reserve(arena, links * groups, sizeof(uint64_t));
    replica->awaited = reserve(arena, links * groups, 1);
    replica->loads = reserve(arena, TOC_LOADS_MAX, sizeof *replica->loads);
    toc_places_init(&replica->load_places, arena, TOC_LOADS_MAX);
    replica->missing = reserve(arena, TOC_MISSING_MAX, sizeof *replica->missing);
    replica->missing_of = reserve(arena, TOC_ORGS_MAX, sizeof *replica->missing_of);
    replica->alerts = reserve(arena, TOC_ORGS_MAX, sizeof *replica->alerts);
    replica->quotas = reserve(arena, TOC_ORGS_MAX, sizeof *replica->quotas);
    replica->record_quotas = reserve(arena, TOC_ORGS_MAX, sizeof *replica->record_quotas);
    replica->receipts = reserve(arena, TOC_RECEIPTS_MAX, sizeof *replica->receipts);
    replica->receipt_places = reserve(arena, TOC_RECEIPTS_MAX, sizeof(uint32_t));
    toc_lag_init(&replica->lag, arena, replica->ledger->group_max, replica->ledger->log_max);
    replica->serials = reserve(arena, TOC_BEACON_SERIALS_MAX, sizeof *replica->serials);
    replica->beacon_dirty = reserve(arena, groups / 8 + 1, 1);
    replica->beacon_next_ms = reserve(arena, groups, sizeof(uint64_t));
}

/* Memory for the one thing of its kind that is made at a time. */
static void make_rooms(struct toc_replica *replica, struct toc_arena *arena)
{
    replica->big = reserve(arena, TOC_PAYLOAD_BYTES_MAX, 1);
    replica->scratch = reserve(arena, TOC_INLINE_BYTES_MAX, 1);
    replica->seal_keys = reserve(arena, TOC_WRAPS_MAX, TOC_KEY_BYTES);
    replica->members = reserve(arena, TOC_MEMBERS_MAX, TOC_ID_BYTES);
    replica->beacon_rows = reserve(arena, BEACON_ROOM_BYTES, 1);
}

void toc_replica_init(struct toc_replica *replica, struct toc_arena *arena,
                      const struct toc_replica_options *options)
{
    *replica = (struct toc_replica){.links = options->links,
                                    .ledger = options->ledger,
                                    .federation = options->federation,
                                    .own_org = options->own_org,
                                    .own_node = options->own_node,
                                    .node_keys = options->node_keys,
                                    .log_keys = options->log_keys,
                                    .f = options->f,
                                    .f_generation = options->f_generation,
                                    .trust_clock = options->trust_clock,
                                    .quota = options->quota};
    make_tables(replica, arena);
    make_rooms(replica, arena);
    toc_receipts_init(replica);
    replica->links->gone = forget;
    replica->links->gone_context = replica;
    toc_replica_wishes(replica);
}

void toc_replica_greet(struct toc_replica *replica, struct toc_link *link)
{
    /* Beyond the logs there are now nothing was ever written. */
    memset(toc_replica_has(replica, link, 0), 0, replica->ledger->log_count * sizeof(uint64_t));
    toc_serves_clear(&replica->serves[link->place]);
    toc_gossip_greet(replica, link);
    toc_fetch_greet(replica, link);
    toc_window_init(&replica->plan.windows[link->place]);
    toc_refusal_forget(&replica->plan, link->place);
    link->tags_due = true; /* behind our HELLO */
    replica->compares[link->place] = (struct toc_compare){.rows_log = TOC_LEDGER_NONE};
    memset(&replica->rows_due[(size_t)link->place * replica->ledger->group_max], 0,
           replica->ledger->group_count * sizeof(uint64_t));
    memset(&replica->awaited[(size_t)link->place * replica->ledger->group_max], 0,
           replica->ledger->group_count);
}

/* What a link has sent and is not stored holds buffers. Credit bounds it but for alerts; and while
 * buffers are few, one message of each link at a time has to do, besides those that are held: what
 * these wait for must be let in. */
static bool may_keep(const struct toc_replica *replica, const struct toc_link *link)
{
    return link->kept_bytes <= replica->plan.windows[link->place].held_bytes ||
           (link->kept_bytes < TOC_PENDING_LINK_BYTES &&
            toc_buffers_ample(&replica->links->buffers, TOC_BUFFER_MIDDLE_BYTES));
}

bool toc_replica_ready(const struct toc_replica *replica, const struct toc_turn *turn,
                       const struct toc_link *link)
{
    return replica->waiting_places.count > 0 && replica->chunk_check_places.count > 0 &&
           toc_replica_jobs_left(replica) && toc_turn_room(turn, 8) && may_keep(replica, link) &&
           link->work_us <= turn->now.ms * 1000 + TOC_WORK_BURST_US;
}

/* Microseconds of this thread that a message may cost, of those that cost much. */
static uint64_t cost_of(const struct toc_replica *replica, uint8_t type)
{
    switch (type) {
    case TOC_MSG_INVITE:
        return 400; /* two Ed25519, one X25519 */
    case TOC_MSG_BEACON:
        return 150; /* one Ed25519, rows */
    case TOC_MSG_TAGS:
    case TOC_MSG_VTOP:
        return replica->ledger->group_count; /* a hash or two for each group */
    default:
        return 0;
    }
}

/* what a link has caused is paid for in time, before more is read from it. */
void toc_replica_charge(const struct toc_turn *turn, struct toc_link *link, uint64_t work_us)
{
    uint64_t now_us = turn->now.ms * 1000;
    uint64_t paid = link->work_us > now_us ? link->work_us : now_us;
    link->work_us = paid + work_us * TOC_WORK_PART;
}

struct toc_err toc_replica_futile(struct toc_link *link, struct toc_err err)
{
    link->futile++;
    return link->futile < TOC_FUTILE_MAX ? toc_ok() : err;
}

struct toc_err toc_replica_futile_of(struct toc_link *link, const uint8_t org[static TOC_ID_BYTES],
                                     struct toc_err err)
{
    return memcmp(link->org, org, TOC_ID_BYTES) == 0 ? toc_replica_futile(link, err) : toc_ok();
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
        return toc_replica_take_vtop(replica, turn, link, message->body);
    case TOC_MSG_VBKT:
        return toc_replica_take_vbkt(replica, turn, link, message->body);
    case TOC_MSG_VROW:
        return toc_replica_take_rows(replica, turn, link, message->body);
    case TOC_MSG_WANT:
        return toc_replica_take_want(replica, link, message->body);
    case TOC_MSG_HAVE:
        return toc_gossip_take_have(replica, turn, link, message);
    case TOC_MSG_EAGER:
        return toc_gossip_take_eager(replica, turn, link, message->body);
    case TOC_MSG_LAZY:
        return toc_gossip_take_lazy(replica, turn, link, message->body);
    case TOC_MSG_ENTRY:
    case TOC_MSG_RANGE:
        return toc_replica_take_range(replica, turn, link, message);
    case TOC_MSG_CHUNK:
        replica->plan.windows[link->place].answer_bytes += message->body.len;
        return toc_replica_take_chunk(replica, turn, link, message);
    case TOC_MSG_NOPAY:
        return toc_replica_take_nopay(replica, turn, link, message->body);
    case TOC_MSG_BEACON:
        return toc_replica_take_beacon(replica, turn, link, message->body);
    default:
        return toc_ok(); /* unknown messages are skipped */
    }
}

struct toc_err toc_replica_message(struct toc_replica *replica, struct toc_turn *turn,
                                   struct toc_link *link, const struct toc_message *message)
{
    uint32_t bytes = (uint32_t)message->body.len;
    uint32_t held = message->buffer == NULL ? 0 : message->buffer->refs;
    toc_replica_charge(turn, link, cost_of(replica, message->type));
    if (toc_class_is_charged(message->class) || message->type == TOC_MSG_WANT) {
        toc_replica_flows(replica, link);
    }
    struct toc_err err = dispatch(replica, turn, link, message);
    /* What is kept is given credit for when it is stored. */
    if (message->buffer != NULL && message->buffer->refs > held) {
        link->kept_bytes += bytes;
    } else {
        toc_link_taken(link, message->class, bytes);
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
        link->futile -= link->futile > 0;
        toc_replica_want_tick(replica, turn, link);
        if (turn->now.ms - link->vtop_at.ms >= TOC_VTOP_MS) {
            link->vtop_due = true;
        }
    }
    toc_hold_expire(replica, turn->now);
    toc_refusal_tick(replica, turn->now);
    toc_replica_beacons(replica, turn);
    toc_lag_tick(replica, turn);
    toc_quota_tell(replica, turn);
}

void toc_replica_due(struct toc_replica *replica, struct toc_turn *turn)
{
    toc_plan_look(replica, turn);
    toc_replica_fetch(replica, turn);
    toc_gossip_due(replica, turn);
}

void toc_replica_wake(struct toc_replica *replica, uint64_t ms)
{
    replica->wake_ms = replica->wake_ms < ms ? replica->wake_ms : ms;
}

static void flush_link(struct toc_replica *replica, struct toc_turn *turn, struct toc_link *link)
{
    if (link->tags_due) {
        toc_replica_tags(replica, turn, link);
    }
    if (link->vtop_due && turn->now.ms - link->vtop_at.ms >= TOC_VTOP_MS_MIN) {
        toc_replica_vtop(replica, turn, link);
    }
    replica->more_work =
        replica->more_work || link->tags_due || (link->vtop_due && link->tags_seen);
    if (link->answers_due) {
        toc_replica_compare(replica, turn, link);
    }
    if (link->invites_due) {
        toc_replica_invite(replica, turn, link);
    }
    if (link->serving) {
        toc_replica_serve(replica, turn, link);
    }
}

/* New cards: other nodes, other logs, other keys at the ends of links. */
static void note_cards(struct toc_replica *replica, struct toc_turn *turn)
{
    replica->cards_changed = false;
    toc_links_recheck(replica->links, turn);
    for (uint32_t i = 0; i < replica->links->top; i++) {
        replica->links->items[i].vtop_due = replica->links->items[i].tags_due = true;
    }
}

void toc_replica_flush(struct toc_replica *replica, struct toc_turn *turn)
{
    replica->more_work = false;
    if (replica->cards_changed) {
        note_cards(replica, turn);
    }
    toc_replica_drain(replica, turn);
    toc_gossip_adopt(replica, turn);
    toc_plan_give(replica, turn);
    for (uint32_t i = 0; i < replica->links->top; i++) {
        if (toc_link_stands(&replica->links->items[i])) {
            flush_link(replica, turn, &replica->links->items[i]);
        }
    }
}

static void store_first_epoch(struct toc_replica *replica, const struct toc_genesis *genesis,
                              struct toc_job *job)
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
                            genesis->epoch.hash, &secret, replica->node_keys->store_key);
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

void toc_replica_start(struct toc_replica *replica, struct toc_turn *turn,
                       const struct toc_genesis *genesis)
{
    struct toc_job *job = toc_job_take(replica, TOC_JOB_RECORD);
    TOC_ASSERT(job != NULL);
    replica->own_heard = turn->now;
    store_first_epoch(replica, genesis, job);
    toc_job_submit(replica, turn, job);
}

/* the drafter's node appends the first epoch as entry 1 of its log in the group of all. */
void toc_replica_append_first(struct toc_replica *replica, struct toc_turn *turn,
                              const struct toc_genesis *genesis, struct toc_span own_card)
{
    struct toc_job *job = toc_job_take(replica, TOC_JOB_OWN);
    struct toc_err err =
        job == NULL ? toc_fail(TOC_STATE, "too many stores are unanswered") : toc_ok();
    if (!toc_failed(err) && own_card.len != 0) {
        err = toc_replica_append(replica, turn, job, TOC_GROUP_CONTROL, TOC_KIND_CARD, own_card);
    }
    if (!toc_failed(err) && lacks_first_epoch(replica, genesis)) {
        err = toc_replica_append(replica, turn, job, TOC_GROUP_ALL, TOC_KIND_EPOCH,
                                 genesis->epoch_envelope);
    }
    if (!toc_failed(err) && own_card.len != 0) {
        toc_job_record(job, 'C', toc_span(replica->own_org, TOC_ID_BYTES), own_card);
    }
    if (toc_failed(err) || job->op_count == 0) {
        if (job != NULL) {
            toc_job_cancel(replica, job);
        }
        return; /* a log that is disputed is said when it becomes so */
    }
    toc_job_submit(replica, turn, job);
}
