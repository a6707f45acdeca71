/* SPDX-License-Identifier: EUPL-1.2 */
#include "replica.h"

#include <string.h>

/* Received ranges: taken in order of arrival, verified anywhere, applied and stored in the order
 * of their log. */

static struct toc_waiting *take_waiting(struct toc_replica *replica)
{
    for (size_t i = 0; i < TOC_WAITING_MAX; i++) {
        if (!replica->waiting[i].used) {
            replica->waiting_count++;
            return &replica->waiting[i];
        }
    }
    return NULL;
}

/* What is not handed to a store has been dealt with here, and is given credit for. */
static void release(struct toc_replica *replica, struct toc_waiting *waiting)
{
    struct toc_link *link = toc_links_find(replica->links, waiting->link);
    if (!waiting->handed && waiting->charged && link != NULL) {
        toc_link_taken(link, waiting->range.len);
    }
    toc_buffer_drop(&replica->links->buffers, waiting->buffer);
    waiting->used = false;
    replica->waiting_count--;
}

static uint32_t place_of(const struct toc_replica *replica, const struct toc_waiting *waiting)
{
    return (uint32_t)(waiting - replica->waiting);
}

void toc_waiting_run(struct toc_waiting *waiting)
{
    waiting->err =
        toc_range_verify(waiting->range, waiting->federation, waiting->log_key, &waiting->proof);
}

static uint64_t taken_to(const struct toc_replica *replica, const struct toc_ledger_log *log)
{
    return log->last_waiting != TOC_LEDGER_NONE ? replica->waiting[log->last_waiting].info.last_seq
                                                : log->checked.seq;
}

static void queue(struct toc_replica *replica, struct toc_turn *turn, struct toc_waiting *waiting)
{
    struct toc_ledger_log *log = &replica->ledger->logs[waiting->log];
    uint32_t place = place_of(replica, waiting);
    waiting->next = TOC_LEDGER_NONE;
    if (log->last_waiting == TOC_LEDGER_NONE) {
        log->first_waiting = place;
    } else {
        replica->waiting[log->last_waiting].next = place;
    }
    log->last_waiting = place;
    toc_turn_emit(turn, TOC_ACTION_CHECK)->check = &waiting->check;
}

/* Does a peer hold more of our own log than we do? Then this node forgot what it had published. */
static bool is_own(const struct toc_replica *replica, const struct toc_ledger_log *log)
{
    return memcmp(log->log_key, replica->log_keys->public_key, TOC_KEY_BYTES) == 0;
}

struct toc_err toc_replica_take_range(struct toc_replica *replica, struct toc_turn *turn,
                                      struct toc_link *link, const struct toc_message *message)
{
    struct toc_range_info info;
    TOC_TRY(toc_range_peek(message->body, &info));
    uint32_t log = toc_ledger_find_log(replica->ledger, info.log);
    if (log == TOC_LEDGER_NONE) {
        return toc_ok(); /* of a node whose card has not come yet: asked for again after it */
    }
    struct toc_ledger_log *at = &replica->ledger->logs[log];
    if (!toc_set_has(link->shared, at->group)) {
        return toc_fail(TOC_MEMBER, "entries of a group that is not shared on this link");
    }
    uint64_t *has = toc_replica_has(replica, link, log);
    *has = *has > info.last_seq ? *has : info.last_seq;
    link->progress = turn->now;
    uint64_t have = taken_to(replica, at);
    if (replica->broken || is_own(replica, at) || info.last_seq <= have) {
        return toc_ok(); /* a duplicate costs nothing more */
    }
    if (info.first_seq > have + 1) {
        toc_replica_want(replica, turn, link, log, info.last_seq); /* */
        return toc_ok();
    }
    struct toc_waiting *waiting = take_waiting(replica);
    TOC_ASSERT(waiting != NULL); /* toc_replica_ready has said so */
    waiting->used = true;
    waiting->check.kind = TOC_CHECK_RANGE;
    waiting->link = link->id;
    waiting->log = log;
    waiting->buffer = message->buffer;
    waiting->info = info;
    waiting->live = message->type == TOC_MSG_ENTRY;
    waiting->charged = toc_class_is_charged(message->class);
    waiting->proved = waiting->handed = false;
    waiting->range = message->body;
    waiting->federation = replica->federation;
    waiting->log_key = at->log_key;
    toc_buffer_hold(message->buffer);
    queue(replica, turn, waiting);
    return toc_ok();
}

/* The newest card in a range of a control log joins the job; it is applied once it is stored. */
static void add_card(struct toc_job *job, const struct toc_entry *entry)
{
    struct toc_card card;
    if (entry->header.kind == TOC_KIND_CARD && entry->payload.at != NULL &&
        !toc_failed(toc_card_verify(&card, entry->payload))) {
        toc_job_record(job, 'C', toc_span(card.id, TOC_ID_BYTES), entry->payload);
    }
}

static void find_card(struct toc_job *job, struct toc_span range)
{
    struct toc_range_walk walk;
    struct toc_entry entry, newest = {0};
    if (toc_failed(toc_range_open(&walk, range))) {
        return;
    }
    while (!toc_failed(toc_range_next(&walk, &entry))) {
        if (entry.header.kind == TOC_KIND_CARD) {
            newest = entry;
        }
    }
    add_card(job, &newest);
}

/* Payloads that did not come with their headers are written down with them, and fetched later. */
static bool note_missing(struct toc_replica *replica, struct toc_job *job, uint32_t log,
                         struct toc_span range)
{
    struct toc_range_walk walk;
    struct toc_entry entry;
    if (toc_failed(toc_range_open(&walk, range))) {
        return true;
    }
    while (!toc_failed(toc_range_next(&walk, &entry))) {
        if (!entry.detached || entry.header.seq <= replica->ledger->logs[log].checked.seq) {
            continue;
        }
        struct toc_missing missing = {
            .log = log, .seq = entry.header.seq, .payload_bytes = entry.header.payload_bytes};
        memcpy(missing.hash, entry.header.payload_hash, TOC_HASH_BYTES);
        struct toc_buffer *value =
            job->op_count + 1 < TOC_JOB_OPS ? toc_buffer_take(&replica->links->buffers, 36) : NULL;
        if (value == NULL || !toc_replica_miss(replica, &missing)) {
            toc_buffer_drop(&replica->links->buffers, value);
            return false;
        }
        toc_put_le32(value->at, missing.payload_bytes);
        memcpy(value->at + 4, missing.hash, TOC_HASH_BYTES);
        value->used = 36;
        uint8_t key[TOC_ID_BYTES + 8];
        memcpy(key, entry.header.log, TOC_ID_BYTES);
        toc_put_be64(key + TOC_ID_BYTES, missing.seq);
        toc_job_record(job, 'P', toc_span(key, sizeof key), toc_buffer_bytes(value));
        toc_job_keep(job, value);
    }
    return true;
}

static enum toc_class push_class(const struct toc_waiting *waiting)
{
    /* records above 16 KiB never use the alert class. */
    bool alert = waiting->live && waiting->range.len <= TOC_FRAME_BODY_BYTES_MAX &&
                 waiting->proof.info.count == 1;
    struct toc_range_walk walk;
    struct toc_entry entry;
    if (alert && !toc_failed(toc_range_open(&walk, waiting->range)) &&
        !toc_failed(toc_range_next(&walk, &entry)) && entry.header.class == TOC_CLASS_ALERT) {
        return TOC_CLASS_ALERT;
    }
    return waiting->live ? TOC_CLASS_LIVE : TOC_CLASS_BULK;
}

/* A proved range whose turn it is: compared with the head, then stored. */
static struct toc_err apply(struct toc_replica *replica, struct toc_turn *turn,
                            struct toc_waiting *waiting)
{
    struct toc_ledger_log *log = &replica->ledger->logs[waiting->log];
    struct toc_log_head after;
    struct toc_err err = toc_range_apply(&waiting->proof, &log->checked, &after);
    if (err.code == TOC_STALE) {
        return toc_ok();
    }
    TOC_TRY(err);
    struct toc_job *job = toc_job_take(replica, TOC_JOB_RANGE);
    if (job == NULL) {
        return toc_fail(TOC_FULL, "too many stores are unanswered");
    }
    struct toc_store_op *op = toc_job_op(job, TOC_STORE_RANGE);
    memcpy(op->log, log->id, TOC_ID_BYTES);
    op->bytes = waiting->range;
    op->head = after;
    job->log = waiting->log;
    job->link = waiting->link;
    job->charged = waiting->charged;
    job->live = waiting->live;
    job->class = push_class(waiting);
    toc_buffer_hold(waiting->buffer);
    toc_job_keep(job, waiting->buffer);
    if (waiting->proof.detached != 0 && !note_missing(replica, job, waiting->log, waiting->range)) {
        toc_job_cancel(replica, job);
        return toc_fail(TOC_FULL, "too many payloads are missing");
    }
    if (log->group == TOC_GROUP_CONTROL && job->op_count < TOC_JOB_OPS) {
        find_card(job, waiting->range);
    }
    log->checked = after;
    waiting->handed = true;
    toc_job_submit(replica, turn, job);
    return toc_ok();
}

static struct toc_waiting *unlink_first(struct toc_replica *replica, struct toc_ledger_log *log)
{
    struct toc_waiting *first = &replica->waiting[log->first_waiting];
    log->first_waiting = first->next;
    if (log->first_waiting == TOC_LEDGER_NONE) {
        log->last_waiting = TOC_LEDGER_NONE;
    }
    return first;
}

/* A bad range spoils those behind it in its log: they are asked for again, of somebody else. Those
 * whose check is still out stay, as orphans, until it ends. */
static void spoil(struct toc_replica *replica, struct toc_ledger_log *log)
{
    while (log->first_waiting != TOC_LEDGER_NONE) {
        struct toc_waiting *waiting = unlink_first(replica, log);
        if (waiting->proved) {
            release(replica, waiting);
        } else {
            waiting->log = TOC_LEDGER_NONE;
        }
    }
}

static void fail_link(struct toc_replica *replica, struct toc_turn *turn, uint64_t id,
                      struct toc_err err)
{
    struct toc_link *link = toc_links_find(replica->links, id);
    if (link != NULL) {
        toc_link_refuse(replica->links, turn, link, err);
    }
}

void toc_replica_range_checked(struct toc_replica *replica, struct toc_turn *turn,
                               struct toc_waiting *waiting)
{
    if (waiting->log == TOC_LEDGER_NONE) {
        release(replica, waiting);
        return;
    }
    struct toc_ledger_log *log = &replica->ledger->logs[waiting->log];
    waiting->proved = true;
    if (toc_failed(waiting->err)) {
        uint64_t link = waiting->link;
        struct toc_err err = waiting->err;
        spoil(replica, log);
        fail_link(replica, turn, link, err);
        return;
    }
    while (log->first_waiting != TOC_LEDGER_NONE && replica->waiting[log->first_waiting].proved) {
        struct toc_waiting *first = unlink_first(replica, log);
        struct toc_err err = apply(replica, turn, first);
        uint64_t link = first->link;
        release(replica, first);
        if (toc_failed(err)) {
            spoil(replica, log);
            fail_link(replica, turn, link, err);
            return;
        }
    }
}
