/* SPDX-License-Identifier: EUPL-1.2 */
#include "replica.h"

#include <string.h>

/* Payloads that did not come with their entries: what is missing is noted; what comes is checked,
 * against the header and then against the list of hashes, and stored piece by piece. */

bool toc_replica_may_miss(const struct toc_replica *replica, uint32_t log, size_t count)
{
    /* and many that have an understanding leave room for everybody else. */
    size_t of_org = replica->missing_of[replica->ledger->logs[log].org_place] + count;
    return of_org <= TOC_MISSING_ORG_MAX &&
           replica->missing_count + count + TOC_MISSING_FREE_TIMES * of_org <= TOC_MISSING_MAX;
}

void toc_replica_miss(struct toc_replica *replica, const struct toc_missing *missing)
{
    TOC_ASSERT(replica->missing_count < TOC_MISSING_MAX);
    replica->missing[replica->missing_count++] = *missing;
    replica->missing_of[replica->ledger->logs[missing->log].org_place]++;
}

/* Takes the row out; the last one moves into its place. */
static void found(struct toc_replica *replica, uint32_t missing)
{
    uint32_t last = --replica->missing_count;
    replica->missing_of[replica->ledger->logs[replica->missing[missing].log].org_place]--;
    replica->missing[missing] = replica->missing[last];
    toc_fetch_moved(replica, last, missing);
}

size_t toc_missing_encode(uint8_t *out, const struct toc_missing *missing)
{
    toc_put_le32(out, missing->payload_bytes);
    memcpy(out + 4, missing->hash, TOC_HASH_BYTES);
    if (toc_is_zero(missing->here, sizeof missing->here)) {
        return TOC_MISSING_VALUE_BYTES;
    }
    memcpy(out + TOC_MISSING_VALUE_BYTES, missing->here, sizeof missing->here);
    return TOC_MISSING_VALUE_BYTES_MAX;
}

struct toc_err toc_missing_decode(struct toc_missing *missing, struct toc_span value)
{
    bool partial = value.len == TOC_MISSING_VALUE_BYTES_MAX;
    if ((!partial && value.len != TOC_MISSING_VALUE_BYTES) || toc_le32(value.at) == 0 ||
        toc_chunk_count(toc_le32(value.at)) > TOC_CHUNK_COUNT_MAX) {
        return toc_fail(TOC_CORRUPT, "a record of a missing payload is damaged");
    }
    missing->payload_bytes = toc_le32(value.at);
    memcpy(missing->hash, value.at + 4, TOC_HASH_BYTES);
    if (partial) {
        memcpy(missing->here, value.at + TOC_MISSING_VALUE_BYTES, TOC_PIECE_SET_BYTES);
        memcpy(missing->taken, missing->here, TOC_PIECE_SET_BYTES);
    }
    return toc_ok();
}

bool toc_pieces_all(const struct toc_missing *missing,
                    const uint8_t set[static TOC_PIECE_SET_BYTES])
{
    for (uint32_t i = 0; i < toc_chunk_count(missing->payload_bytes); i++) {
        if (!toc_set_has(set, i)) {
            return false;
        }
    }
    return true;
}

void toc_replica_arrived(struct toc_replica *replica, struct toc_turn *turn, uint32_t missing)
{
    struct toc_missing *at = &replica->missing[missing];
    at->arrived = true;
    toc_fetch_end(replica, turn, missing);
    struct toc_action *action = toc_turn_emit(turn, TOC_ACTION_DELIVER);
    memcpy(action->log, replica->ledger->logs[at->log].id, TOC_ID_BYTES);
    action->seq = at->seq;
    action->late = true;
}

static struct toc_missing *find_missing(struct toc_replica *replica, uint32_t log, uint64_t seq)
{
    for (uint32_t i = 0; i < replica->missing_count; i++) {
        if (replica->missing[i].log == log && replica->missing[i].seq == seq) {
            return &replica->missing[i];
        }
    }
    return NULL;
}

/* Writes down what is missing; an empty value: nothing any more. Lends: `value`, as toc_job_record.
 */
static void record(struct toc_replica *replica, struct toc_job *job, uint32_t log, uint64_t seq,
                   struct toc_span value)
{
    uint8_t key[TOC_ID_BYTES + 8];
    memcpy(key, replica->ledger->logs[log].id, TOC_ID_BYTES);
    toc_put_be64(key + TOC_ID_BYTES, seq);
    toc_job_record(job, 'P', toc_span(key, sizeof key), value);
}

/* Stores a piece. What is here besides it is written down with it, so that a node that starts
 * anew goes on where it stood. */
static void store(struct toc_replica *replica, struct toc_turn *turn,
                  const struct toc_missing *missing, uint32_t index, struct toc_span bytes,
                  struct toc_buffer *buffer, struct toc_job *job)
{
    struct toc_store_op *op = toc_job_op(job, TOC_STORE_CHUNK);
    op->bytes = bytes;
    op->index = index;
    memcpy(op->payload_hash, missing->hash, TOC_HASH_BYTES);
    toc_buffer_hold(buffer);
    toc_job_keep(job, buffer);
    job->log = missing->log;
    job->seq = missing->seq;
    job->index = index;
    struct toc_buffer *note =
        toc_chunk_count(missing->payload_bytes) == 1
            ? NULL
            : toc_buffer_take(&replica->links->buffers, TOC_MISSING_VALUE_BYTES_MAX);
    if (note != NULL) {
        struct toc_missing with = *missing;
        toc_set_put(with.here, index, true);
        note->used = (uint32_t)toc_missing_encode(note->at, &with);
        toc_job_keep(job, note);
        record(replica, job, missing->log, missing->seq, toc_buffer_bytes(note));
    }
    toc_job_submit(replica, turn, job);
}

void toc_replica_bring(struct toc_replica *replica, struct toc_turn *turn, struct toc_link *link,
                       const struct toc_message *message, uint32_t log)
{
    struct toc_range_walk walk;
    struct toc_entry entry;
    if (replica->missing_count == 0 || message->type != TOC_MSG_ENTRY ||
        toc_failed(toc_range_open(&walk, message->body)) || walk.info.count != 1) {
        return;
    }
    struct toc_missing *missing = find_missing(replica, log, walk.info.first_seq);
    if (missing == NULL || toc_set_has(missing->taken, 0) ||
        toc_failed(toc_range_next(&walk, &entry)) || entry.payload.at == NULL ||
        memcmp(entry.header.payload_hash, missing->hash, TOC_HASH_BYTES) != 0) {
        return;
    }
    struct toc_job *job = toc_job_take(replica, TOC_JOB_CHUNK);
    if (job == NULL) {
        return;
    }
    toc_set_put(missing->taken, 0, true);
    toc_fetch_end(replica, turn, (uint32_t)(missing - replica->missing));
    job->link = link->id;
    job->bytes = (uint32_t)message->body.len;
    job->charged = message->class;
    store(replica, turn, missing, 0, entry.payload, message->buffer, job);
}

/* the list is checked against the header before any chunk is taken. */
static struct toc_err take_list(struct toc_replica *replica, struct toc_turn *turn,
                                struct toc_fetch *fetch, struct toc_fetch_source *source,
                                struct toc_span bytes)
{
    const struct toc_missing *missing = &replica->missing[fetch->missing];
    uint8_t root[TOC_HASH_BYTES];
    if (fetch->list != NULL || fetch->chunk_count == 1) {
        return toc_ok();
    }
    if (bytes.len != (size_t)fetch->chunk_count * TOC_HASH_BYTES) {
        return toc_fail(TOC_HASH, "a list of chunks has the wrong length");
    }
    toc_chunks_root(root, missing->payload_bytes, bytes.at, fetch->chunk_count);
    if (memcmp(root, missing->hash, TOC_HASH_BYTES) != 0) {
        return toc_fail(TOC_HASH, "a list of chunks is not the header's");
    }
    struct toc_job *job = toc_job_take(replica, TOC_JOB_RECORD);
    struct toc_buffer *list = toc_buffer_take(&replica->links->buffers, bytes.len);
    if (list == NULL || job == NULL) {
        toc_buffer_drop(&replica->links->buffers, list);
        if (job != NULL) {
            toc_job_cancel(replica, job);
        }
        if (source != NULL) {
            source->link = 0;
        }
        return toc_ok(); /* asked for again */
    }
    memcpy(list->at, bytes.at, bytes.len);
    list->used = (uint32_t)bytes.len;
    fetch->list = list;
    toc_buffer_hold(list);
    toc_job_keep(job, list);
    toc_job_record(job, 'W', toc_span(missing->hash, TOC_HASH_BYTES), toc_buffer_bytes(list));
    toc_job_submit(replica, turn, job);
    toc_fetch_listed(replica, turn, fetch);
    return toc_ok();
}

void toc_chunk_check_run(struct toc_chunk_check *check)
{
    uint8_t hash[TOC_HASH_BYTES];
    if (check->index == UINT32_MAX) {
        toc_payload_hash(hash, check->bytes);
    } else {
        toc_chunk_hash(hash, check->bytes);
    }
    check->err = memcmp(hash, check->expected, TOC_HASH_BYTES) == 0
                     ? toc_ok()
                     : toc_fail(TOC_HASH, "a chunk is not the one that its header declares");
}

static void start_check(struct toc_replica *replica, struct toc_turn *turn,
                        const struct toc_fetch *fetch, const struct toc_link *link,
                        const struct toc_chunk *chunk, struct toc_buffer *buffer)
{
    uint32_t place = toc_places_take(&replica->chunk_check_places);
    TOC_ASSERT(place != UINT32_MAX); /* toc_replica_ready has said so */
    struct toc_chunk_check *check = &replica->chunk_checks[place];
    struct toc_missing *missing = &replica->missing[fetch->missing];
    bool single = fetch->chunk_count == 1;
    *check = (struct toc_chunk_check){.check = {TOC_CHECK_CHUNK},
                                      .link = link->id,
                                      .log = missing->log,
                                      .seq = missing->seq,
                                      .index = single ? UINT32_MAX : chunk->index,
                                      .buffer = buffer,
                                      .bytes = chunk->bytes};
    memcpy(check->expected,
           single ? missing->hash : fetch->list->at + (size_t)chunk->index * TOC_HASH_BYTES,
           TOC_HASH_BYTES);
    toc_set_put(missing->taken, chunk->index, true);
    toc_buffer_hold(buffer);
    toc_turn_emit(turn, TOC_ACTION_CHECK)->check = &check->check;
}

struct toc_err toc_replica_take_chunk(struct toc_replica *replica, struct toc_turn *turn,
                                      struct toc_link *link, const struct toc_message *message)
{
    struct toc_chunk chunk;
    TOC_TRY(toc_chunk_decode(&chunk, message->body));
    struct toc_fetch_source *source;
    struct toc_fetch *fetch = toc_fetch_find(replica, link, chunk.log, chunk.seq, &source);
    if (fetch == NULL || replica->broken) {
        return toc_ok(); /* of a fetch that was given up */
    }
    if (chunk.index == TOC_CHUNK_LIST) {
        return take_list(replica, turn, fetch, source, chunk.bytes);
    }
    bool listed = fetch->list != NULL || fetch->chunk_count == 1;
    bool asked = source == NULL /* of whom it was asked before */
                     ? chunk.index < fetch->chunk_count
                     : chunk.index == source->next && chunk.index < source->end;
    if (!listed || !asked) {
        /* perhaps the answer to a fetch that was given up, and so no reason to part. */
        return toc_replica_futile(link, toc_fail(TOC_MALFORMED, "a chunk that was not asked for"));
    }
    /* a hash by itself says nothing of how long its preimage may be. */
    const struct toc_missing *missing = &replica->missing[fetch->missing];
    if (chunk.bytes.len != toc_chunk_place(missing->payload_bytes, chunk.index).len) {
        return toc_fail(TOC_HASH, "a chunk is not as long as its header declares");
    }
    bool is_new = !toc_set_has(missing->taken, chunk.index); /* others were asked too */
    if (is_new) {
        start_check(replica, turn, fetch, link, &chunk, message->buffer);
    }
    if (source != NULL) {
        toc_fetch_came(replica, turn, fetch, source, is_new);
    }
    return toc_ok();
}

struct toc_err toc_replica_take_nopay(struct toc_replica *replica, struct toc_turn *turn,
                                      struct toc_link *link, struct toc_span body)
{
    if (body.len != TOC_NOPAY_BYTES) {
        return toc_fail(TOC_MALFORMED, "a NOPAY is 41 bytes"); /* */
    }
    uint64_t seq = toc_le64(body.at + TOC_ID_BYTES);
    uint32_t log = toc_ledger_find_log(replica->ledger, body.at);
    struct toc_fetch_source *source;
    struct toc_fetch *fetch = toc_fetch_find(replica, link, body.at, seq, &source);
    if (fetch != NULL && source != NULL) {
        toc_fetch_without(replica, turn, fetch, source); /* another one is asked */
    } else if (log != TOC_LEDGER_NONE) {
        toc_refusal_take(replica, turn, link, log, seq);
    }
    return toc_ok();
}

/* Nothing else is lost with a piece that was wrong, or found no room: it is asked for again. */
static void keep_or_drop(struct toc_replica *replica, struct toc_turn *turn,
                         const struct toc_chunk_check *check)
{
    struct toc_missing *missing = find_missing(replica, check->log, check->seq);
    struct toc_job *job =
        missing == NULL || toc_failed(check->err) ? NULL : toc_job_take(replica, TOC_JOB_CHUNK);
    uint32_t index = check->index == UINT32_MAX ? 0 : check->index;
    if (job != NULL) {
        job->link = check->link;
        job->bytes = check->buffer->used;
        job->charged = TOC_CLASS_BULK; /* */
        store(replica, turn, missing, index, check->bytes, check->buffer, job);
        return;
    }
    toc_replica_unkeep(replica, check->link, check->buffer->used, TOC_CLASS_BULK);
    if (missing != NULL) {
        toc_set_put(missing->taken, index, false);
    }
}

void toc_replica_chunk_checked(struct toc_replica *replica, struct toc_turn *turn,
                               struct toc_chunk_check *check)
{
    struct toc_link *link = toc_links_find(replica->links, check->link);
    keep_or_drop(replica, turn, check);
    if (link != NULL && toc_failed(check->err)) {
        toc_link_refuse(replica->links, turn, link, check->err);
    } else if (link != NULL) {
        link->unmet -= link->unmet > 0; /* as for blocks */
    }
    toc_buffer_drop(&replica->links->buffers, check->buffer);
    check->buffer = NULL;
    toc_places_give(&replica->chunk_check_places, (uint32_t)(check - replica->chunk_checks));
}

void toc_replica_chunk_stored(struct toc_replica *replica, struct toc_turn *turn,
                              const struct toc_job *job)
{
    struct toc_missing *missing = find_missing(replica, job->log, job->seq);
    if (missing == NULL) {
        return;
    }
    toc_set_put(missing->here, job->index, true);
    if (!missing->arrived && toc_pieces_all(missing, missing->here)) {
        toc_replica_arrived(replica, turn, (uint32_t)(missing - replica->missing));
    }
}

/* Only now is the note dropped that the payload was missing: a crash before this indexes again.
 * Where there is no room for that it is told of once more */
void toc_replica_late_indexed(struct toc_replica *replica, struct toc_turn *turn, uint32_t log,
                              uint64_t seq)
{
    struct toc_missing *missing = find_missing(replica, log, seq);
    if (missing == NULL) {
        return;
    }
    struct toc_job *job =
        toc_replica_jobs_left(replica) ? toc_job_take(replica, TOC_JOB_RECORD) : NULL;
    if (job == NULL) {
        missing->arrived = false;
        return;
    }
    record(replica, job, log, seq, toc_span(NULL, 0));
    found(replica, (uint32_t)(missing - replica->missing));
    if (replica->ledger->logs[log].wanted_to > replica->ledger->logs[log].asked_to) {
        toc_plan_enqueue(replica, log); /* it may have waited for that */
    }
    toc_job_submit(replica, turn, job);
}
