/* SPDX-License-Identifier: EUPL-1.2 */
#include "replica.h"

#include <string.h>

/* Stores and loads that have not been answered, and what follows from the answers. */

void toc_places_init(struct toc_places *places, struct toc_arena *arena, uint32_t max)
{
    places->free = toc_arena_reserve(arena, max, sizeof *places->free);
    TOC_ASSERT(places->free != NULL && max <= UINT16_MAX);
    places->count = places->max = max;
    for (uint32_t i = 0; i < max; i++) {
        places->free[i] = (uint16_t)(max - 1 - i); /* the first place goes first */
    }
}

uint32_t toc_places_take(struct toc_places *places)
{
    if (places->count == 0) {
        return UINT32_MAX;
    }
    uint32_t place = places->free[--places->count];
    places->top = place < places->top ? places->top : place + 1;
    return place;
}

void toc_places_give(struct toc_places *places, uint32_t place)
{
    TOC_ASSERT(places->count < places->max);
    places->free[places->count++] = (uint16_t)place;
}

struct toc_job *toc_job_take(struct toc_replica *replica, enum toc_job_kind kind)
{
    uint32_t place = toc_places_take(&replica->job_places);
    if (place == UINT32_MAX) {
        return NULL;
    }
    struct toc_job *job = &replica->jobs[place];
    *job = (struct toc_job){
        .kind = kind, .id = ++replica->next_id * TOC_JOBS_MAX + place, .log = TOC_LEDGER_NONE};
    return job;
}

bool toc_replica_jobs_left(const struct toc_replica *replica)
{
    /* What is held until it joins on waits for its store, too. */
    return toc_places_used(&replica->job_places) + toc_places_used(&replica->waiting_places) +
               toc_places_used(&replica->chunk_check_places) + TOC_JOBS_SPARE <
           TOC_JOBS_MAX + replica->plan.held_count;
}

bool toc_job_reserve(struct toc_replica *replica, struct toc_job *job, size_t count)
{
    TOC_ASSERT(job->op_count == 0);
    if (count <= TOC_JOB_OPS) {
        return true;
    }
    struct toc_buffer *buffer =
        toc_buffer_take(&replica->links->buffers, count * sizeof(struct toc_store_op));
    if (buffer == NULL) {
        return false;
    }
    job->wide = (void *)buffer->at; /* buffers are aligned to 16 bytes */
    job->wide_max = count;
    toc_job_keep(job, buffer);
    return true;
}

struct toc_store_op *toc_job_op(struct toc_job *job, enum toc_store_op_kind kind)
{
    TOC_ASSERT(job->op_count < (job->wide != NULL ? job->wide_max : TOC_JOB_OPS));
    struct toc_store_op *op = (job->wide != NULL ? job->wide : job->ops) + job->op_count++;
    *op = (struct toc_store_op){.kind = kind};
    return op;
}

void toc_job_record(struct toc_job *job, char table, struct toc_span key, struct toc_span value)
{
    struct toc_store_op *op = toc_job_op(job, TOC_STORE_RECORD);
    TOC_ASSERT(key.len <= sizeof op->key);
    op->table = table;
    memcpy(op->key, key.at, key.len);
    op->key_len = key.len;
    op->bytes = value;
}

void toc_job_keep(struct toc_job *job, struct toc_buffer *buffer)
{
    TOC_ASSERT(job->buffer_count < TOC_JOB_OPS);
    job->buffers[job->buffer_count++] = buffer;
}

void toc_job_submit(struct toc_replica *replica, struct toc_turn *turn, struct toc_job *job)
{
    (void)replica;
    struct toc_action *action = toc_turn_emit(turn, TOC_ACTION_STORE);
    action->id = job->id;
    action->ops = job->wide != NULL ? job->wide : job->ops;
    action->op_count = job->op_count;
}

void toc_job_cancel(struct toc_replica *replica, struct toc_job *job)
{
    for (size_t i = 0; i < job->buffer_count; i++) {
        toc_buffer_drop(&replica->links->buffers, job->buffers[i]);
    }
    if (job->large) {
        replica->big_busy = false;
    }
    job->id = 0;
    toc_places_give(&replica->job_places, (uint32_t)(job - replica->jobs));
}

/* The buffer that holds the bytes of an op. */
static struct toc_buffer *buffer_of(const struct toc_job *job, const struct toc_store_op *op)
{
    for (size_t i = 0; i < job->buffer_count; i++) {
        if (job->buffers[i]->at == op->bytes.at) {
            return job->buffers[i];
        }
    }
    return NULL;
}

static void deliver(struct toc_replica *replica, struct toc_turn *turn, uint32_t log)
{
    const struct toc_ledger_log *at = &replica->ledger->logs[log];
    if (at->group == TOC_GROUP_CONTROL || !replica->ledger->groups[at->group].has_epoch) {
        return;
    }
    struct toc_action *action = toc_turn_emit(turn, TOC_ACTION_DELIVER);
    memcpy(action->log, at->id, TOC_ID_BYTES);
    action->seq = at->head.seq;
}

/* One RANGE of a stored job: heads, receipts, readers, neighbours. */
static void range_stored(struct toc_replica *replica, struct toc_turn *turn,
                         const struct toc_job *job, const struct toc_store_op *op)
{
    uint32_t log = toc_ledger_find_log(replica->ledger, op->log);
    struct toc_range_info info;
    TOC_ASSERT(log != TOC_LEDGER_NONE && !toc_failed(toc_range_peek(op->bytes, &info)));
    toc_ledger_store_head(replica->ledger, log, &op->head, turn->now_utc);
    struct toc_ledger_log *at = &replica->ledger->logs[log];
    info.last_seq = at->head.seq;
    at->stored_at = turn->now_utc;
    toc_set_put(replica->beacon_dirty, at->group, true);
    toc_links_hurry(replica->links, at->group);
    if (job->class == TOC_CLASS_ALERT) {
        toc_replica_beacon_soon(replica, turn, at->group);
    }
    deliver(replica, turn, log);
    toc_replica_push(replica, turn, job, buffer_of(job, op), &info, log);
}

static void ranges_stored(struct toc_replica *replica, struct toc_turn *turn,
                          const struct toc_job *job)
{
    const struct toc_store_op *ops = job->wide != NULL ? job->wide : job->ops;
    for (size_t i = 0; i < job->op_count; i++) {
        if (ops[i].kind == TOC_STORE_RANGE) {
            range_stored(replica, turn, job, &ops[i]);
        }
    }
}

static void answer_submit(struct toc_replica *replica, struct toc_turn *turn,
                          const struct toc_job *job, struct toc_err err)
{
    if (job->submit_count == 0) {
        return;
    }
    struct toc_action *action = toc_turn_emit(turn, TOC_ACTION_PUBLISHED);
    action->id = job->submit;
    action->submit_count = job->submit_count;
    action->err = err;
    action->seq = job->seq;
    memcpy(action->group, replica->ledger->groups[job->group].id, TOC_ID_BYTES);
    memcpy(action->log, replica->ledger->logs[job->log].id, TOC_ID_BYTES);
}

static void broken(struct toc_replica *replica, struct toc_turn *turn, struct toc_err err)
{
    if (!replica->broken) {
        replica->broken = true;
        struct toc_notice *notice = &toc_turn_emit(turn, TOC_ACTION_NOTICE)->notice;
        notice->kind = TOC_NOTICE_STORE;
        notice->err = err;
    }
}

void toc_replica_unkeep(struct toc_replica *replica, uint64_t link, uint32_t bytes,
                        enum toc_class charged)
{
    struct toc_link *from = toc_links_find(replica->links, link);
    if (from == NULL) {
        return;
    }
    TOC_ASSERT(from->kept_bytes >= bytes);
    from->kept_bytes -= bytes;
    toc_link_taken(from, charged, bytes);
}

void toc_replica_stored(struct toc_replica *replica, struct toc_turn *turn, uint64_t id,
                        struct toc_err err)
{
    struct toc_job *job = &replica->jobs[id % TOC_JOBS_MAX];
    TOC_ASSERT(job->id == id && id != 0);
    if (toc_failed(err)) {
        broken(replica, turn, err);
        answer_submit(replica, turn, job, err);
    } else {
        bool new_group = job->founds || job->kind == TOC_JOB_INVITE;
        if (new_group) {
            replica->ledger->groups[job->group].has_epoch = true;
        }
        ranges_stored(replica, turn, job);
        answer_submit(replica, turn, job, toc_ok());
        if (new_group) {
            toc_replica_group_ready(replica, turn, job->group);
        }
        if (job->kind == TOC_JOB_CHUNK) {
            toc_replica_chunk_stored(replica, turn, job);
        }
    }
    toc_replica_unkeep(replica, job->link, job->bytes, job->charged);
    toc_job_cancel(replica, job);
    replica->plan.drain_due = toc_places_used(&replica->waiting_places) > 0;
}

struct toc_pending_load *toc_load_take(struct toc_replica *replica, struct toc_turn *turn,
                                       const struct toc_load *load, size_t bytes)
{
    uint32_t place = toc_turn_room(turn, 1) ? toc_places_take(&replica->load_places) : UINT32_MAX;
    struct toc_buffer *buffer =
        place == UINT32_MAX ? NULL : toc_buffer_take(&replica->links->buffers, bytes);
    if (buffer == NULL) {
        if (place != UINT32_MAX) {
            toc_places_give(&replica->load_places, place);
        }
        replica->more_work = true;
        return NULL;
    }
    struct toc_pending_load *pending = &replica->loads[place];
    *pending = (struct toc_pending_load){.id = ++replica->next_id * TOC_LOADS_MAX + place,
                                         .kind = load->kind,
                                         .buffer = buffer,
                                         .headers_only = load->headers_only};
    struct toc_action *action = toc_turn_emit(turn, TOC_ACTION_LOAD);
    action->id = pending->id;
    action->load = *load;
    /* A chunk goes out behind a head of its own. */
    bool is_chunk = load->kind == TOC_LOAD_CHUNK || load->kind == TOC_LOAD_CHUNK_LIST;
    size_t head = is_chunk ? TOC_CHUNK_HEAD_BYTES : 0;
    action->load.room = (struct toc_room){buffer->at, buffer->size - head};
    return pending;
}

void toc_replica_loaded(struct toc_replica *replica, const struct toc_event *event)
{
    struct toc_pending_load *load = &replica->loads[event->id % TOC_LOADS_MAX];
    if (load->id != event->id || event->id == 0) {
        return;
    }
    TOC_ASSERT(event->count <= load->buffer->size);
    load->buffer->used = (uint32_t)event->count;
    struct toc_link *link = toc_links_find(replica->links, load->link);
    if (link != NULL && link->established) {
        toc_replica_served(replica, link, load, event->err);
    }
    toc_buffer_drop(&replica->links->buffers, load->buffer);
    load->id = 0;
    toc_places_give(&replica->load_places, (uint32_t)(load - replica->loads));
}
