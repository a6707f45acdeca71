/* SPDX-License-Identifier: EUPL-1.2 */
#include "replica.h"

#include <string.h>

struct toc_job *toc_job_take(struct toc_replica *replica, enum toc_job_kind kind)
{
    for (size_t i = 0; i < TOC_JOBS_MAX; i++) {
        struct toc_job *job = &replica->jobs[i];
        if (!job->used) {
            *job = (struct toc_job){.used = true, .kind = kind, .log = TOC_LEDGER_NONE};
            replica->job_count++;
            return job;
        }
    }
    return NULL;
}

struct toc_store_op *toc_job_op(struct toc_job *job, enum toc_store_op_kind kind)
{
    TOC_ASSERT(job->op_count < (job->wide != NULL ? TOC_WIDE_OPS : TOC_JOB_OPS));
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
    job->id = ++replica->next_id;
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
    job->used = false;
    replica->job_count--;
}

static struct toc_job *find_job(struct toc_replica *replica, uint64_t id)
{
    for (size_t i = 0; i < TOC_JOBS_MAX; i++) {
        if (replica->jobs[i].used && replica->jobs[i].id == id) {
            return &replica->jobs[i];
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
static void range_stored(struct toc_replica *replica, struct toc_turn *turn, struct toc_job *job,
                         const struct toc_store_op *op, struct toc_buffer *buffer)
{
    uint32_t log = toc_ledger_find_log(replica->ledger, op->log);
    struct toc_range_info info;
    TOC_ASSERT(log != TOC_LEDGER_NONE && !toc_failed(toc_range_peek(op->bytes, &info)));
    toc_ledger_store_head(replica->ledger, log, &op->head);
    struct toc_ledger_log *at = &replica->ledger->logs[log];
    info.last_seq = at->head.seq;
    at->stored_at = turn->now_utc;
    toc_set_put(replica->beacon_dirty, at->group, true);
    toc_replica_want_met(replica, log);
    deliver(replica, turn, log);
    toc_replica_push(replica, job, buffer, &info, log);
}

static void take_stored_card(struct toc_replica *replica, const struct toc_store_op *op)
{
    struct toc_card card;
    if (op->table == 'C' && !toc_failed(toc_card_decode(&card, op->bytes)) &&
        !toc_failed(toc_replica_take_card(replica, &card))) {
        for (uint32_t i = 0; i < replica->links->top; i++) {
            replica->links->items[i].vtop_due = replica->links->items[i].tags_due = true;
        }
    }
}

/* The ranges' buffers come first in the order of the RANGE ops. */
static void ops_stored(struct toc_replica *replica, struct toc_turn *turn, struct toc_job *job)
{
    const struct toc_store_op *ops = job->wide != NULL ? job->wide : job->ops;
    size_t buffer = 0;
    for (size_t i = 0; i < job->op_count; i++) {
        if (ops[i].kind == TOC_STORE_RANGE) {
            range_stored(replica, turn, job, &ops[i], job->buffers[buffer++]);
        } else if (ops[i].kind == TOC_STORE_RECORD && ops[i].bytes.len != 0) {
            take_stored_card(replica, &ops[i]);
        }
    }
}

static void answer_submit(struct toc_replica *replica, struct toc_turn *turn,
                          const struct toc_job *job, struct toc_err err)
{
    if (!job->has_submit) {
        return;
    }
    struct toc_action *action = toc_turn_emit(turn, TOC_ACTION_PUBLISHED);
    action->id = job->submit;
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

static void give_credit(struct toc_replica *replica, struct toc_job *job)
{
    struct toc_link *link = job->charged ? toc_links_find(replica->links, job->link) : NULL;
    if (link != NULL) {
        toc_link_taken(link, job->buffers[0]->used);
    }
}

void toc_replica_stored(struct toc_replica *replica, struct toc_turn *turn, uint64_t id,
                        struct toc_err err)
{
    struct toc_job *job = find_job(replica, id);
    TOC_ASSERT(job != NULL);
    if (toc_failed(err)) {
        broken(replica, turn, err);
        answer_submit(replica, turn, job, err);
        toc_job_cancel(replica, job);
        return;
    }
    if (job->kind == TOC_JOB_INVITE) {
        uint32_t group;
        if (!toc_failed(toc_replica_adopt(replica, job->ops[0].bytes, &group))) {
            toc_replica_group_ready(replica, turn, group);
        }
    }
    if (job->founds) {
        replica->ledger->groups[job->group].has_epoch = true;
    }
    ops_stored(replica, turn, job);
    answer_submit(replica, turn, job, toc_ok());
    if (job->founds) {
        toc_replica_group_ready(replica, turn, job->group);
    }
    if (job->kind == TOC_JOB_CHUNK) {
        toc_replica_chunk_stored(replica, turn, job);
    }
    give_credit(replica, job);
    toc_job_cancel(replica, job);
}

struct toc_pending_load *toc_load_take(struct toc_replica *replica, struct toc_turn *turn,
                                       const struct toc_load *load, size_t bytes)
{
    struct toc_pending_load *free = NULL;
    for (size_t i = 0; i < TOC_LOADS_MAX && free == NULL; i++) {
        free = replica->loads[i].used ? NULL : &replica->loads[i];
    }
    struct toc_buffer *buffer = free == NULL || !toc_turn_room(turn, 1)
                                    ? NULL
                                    : toc_buffer_take(&replica->links->buffers, bytes);
    if (buffer == NULL) {
        replica->more_work = true;
        return NULL;
    }
    *free = (struct toc_pending_load){
        .used = true, .id = ++replica->next_id, .kind = load->kind, .buffer = buffer};
    struct toc_action *action = toc_turn_emit(turn, TOC_ACTION_LOAD);
    action->id = free->id;
    action->load = *load;
    action->load.room = (struct toc_room){buffer->at, buffer->size};
    return free;
}

void toc_replica_loaded(struct toc_replica *replica, struct toc_turn *turn,
                        const struct toc_event *event)
{
    (void)turn;
    for (size_t i = 0; i < TOC_LOADS_MAX; i++) {
        struct toc_pending_load *load = &replica->loads[i];
        if (!load->used || load->id != event->id) {
            continue;
        }
        TOC_ASSERT(event->count <= load->buffer->size);
        load->buffer->used = (uint32_t)event->count;
        struct toc_link *link = toc_links_find(replica->links, load->link);
        if (link != NULL && link->established) {
            toc_replica_served(replica, link, load, event->err);
        }
        toc_buffer_drop(&replica->links->buffers, load->buffer);
        load->used = false;
        return;
    }
}
