/* SPDX-License-Identifier: EUPL-1.2 */
#include "replica.h"

#include <string.h>

/* Large payloads: first the list of chunk hashes, checked against the header, then the chunks. */

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

static struct toc_fetch *fetch_of(struct toc_replica *replica, uint32_t missing)
{
    for (size_t i = 0; i < TOC_FETCHES_MAX; i++) {
        if (replica->fetches[i].used && replica->fetches[i].missing == missing) {
            return &replica->fetches[i];
        }
    }
    return NULL;
}

static void end_fetch(struct toc_replica *replica, struct toc_fetch *fetch)
{
    toc_buffer_drop(&replica->links->buffers, fetch->list);
    replica->missing[fetch->missing].fetching = false;
    fetch->used = false;
}

/* Takes the row out; the last one moves into its place. */
static void found(struct toc_replica *replica, uint32_t missing)
{
    uint32_t last = --replica->missing_count;
    replica->missing_of[replica->ledger->logs[replica->missing[missing].log].org_place]--;
    replica->missing[missing] = replica->missing[last];
    struct toc_fetch *moved = fetch_of(replica, last);
    if (moved != NULL) {
        moved->missing = missing;
    }
}

/* A link whose peer holds the entry; another one in turn, so that a peer without the payload is not
 * asked for ever. */
static struct toc_link *holder(struct toc_replica *replica, const struct toc_missing *missing,
                               uint64_t turn)
{
    uint32_t group = replica->ledger->logs[missing->log].group;
    for (uint32_t i = 0; i < replica->links->top; i++) {
        struct toc_link *link = &replica->links->items[(i + turn) % replica->links->top];
        if (toc_link_stands(link) && toc_set_has(link->shared, group) &&
            *toc_replica_has(replica, link, missing->log) >= missing->seq) {
            return link;
        }
    }
    return NULL;
}

static bool ask(struct toc_replica *replica, struct toc_link *link,
                const struct toc_missing *missing, uint64_t from, uint64_t to)
{
    struct toc_want want = {.kind = TOC_WANT_CHUNKS, .seq = missing->seq, .from = from, .to = to};
    memcpy(want.log, replica->ledger->logs[missing->log].id, TOC_ID_BYTES);
    uint8_t body[TOC_WANT_BYTES];
    toc_want_encode(body, &want);
    return toc_link_say(replica->links, link, TOC_MSG_WANT, TOC_CLASS_CONTROL,
                        toc_span(body, sizeof body));
}

/* False: nobody can be asked now. */
static bool begin(struct toc_replica *replica, struct toc_turn *turn, uint32_t index,
                  struct toc_fetch *fetch)
{
    struct toc_missing *missing = &replica->missing[index];
    struct toc_link *link = holder(replica, missing, replica->fetch_number);
    size_t count = toc_chunk_count(missing->payload_bytes);
    uint64_t first = count == 1 ? 0 : TOC_CHUNK_LIST;
    if (link == NULL || !ask(replica, link, missing, first, first)) {
        return false;
    }
    missing->fetching = true;
    *fetch = (struct toc_fetch){.used = true,
                                .number = ++replica->fetch_number,
                                .missing = index,
                                .link = link->id,
                                .chunk_count = (uint32_t)count,
                                .asked = count == 1 ? 1 : 0,
                                .began = turn->now,
                                .progress = turn->now};
    return true;
}

/* Asks for the next window of chunks once the one before has arrived. */
static void ask_on(struct toc_replica *replica, struct toc_fetch *fetch)
{
    struct toc_link *link = toc_links_find(replica->links, fetch->link);
    if (link == NULL || fetch->arrived < fetch->asked || fetch->asked == fetch->chunk_count) {
        return;
    }
    uint32_t to = fetch->asked + TOC_FETCH_CHUNKS;
    to = to > fetch->chunk_count ? fetch->chunk_count : to;
    if (ask(replica, link, &replica->missing[fetch->missing], fetch->asked, to - 1)) {
        fetch->asked = to;
    }
}

/* How many payloads of this author are being fetched? */
static size_t fetches_of(const struct toc_replica *replica, uint32_t org_place)
{
    size_t count = 0;
    for (size_t i = 0; i < TOC_FETCHES_MAX; i++) {
        const struct toc_fetch *fetch = &replica->fetches[i];
        count += fetch->used &&
                 replica->ledger->logs[replica->missing[fetch->missing].log].org_place == org_place;
    }
    return count;
}

/* Nothing has come on it for a while, and nothing else on its link either; or it takes for ever. */
static bool is_late(const struct toc_turn *turn, const struct toc_fetch *fetch,
                    struct toc_link *link)
{
    if (link == NULL || turn->now.ms - fetch->began.ms >= TOC_FETCH_MS_MAX) {
        return true;
    }
    return turn->now.ms - fetch->progress.ms >= TOC_WANT_MS_MAX &&
           turn->now.ms - link->progress.ms >= TOC_WANT_MS_MAX;
}

static struct toc_fetch *free_fetch(struct toc_replica *replica)
{
    for (size_t i = 0; i < TOC_FETCHES_MAX; i++) {
        if (!replica->fetches[i].used) {
            return &replica->fetches[i];
        }
    }
    return NULL;
}

void toc_replica_fetch(struct toc_replica *replica, struct toc_turn *turn)
{
    for (size_t i = 0; i < TOC_FETCHES_MAX; i++) {
        struct toc_fetch *fetch = &replica->fetches[i];
        if (fetch->used && is_late(turn, fetch, toc_links_find(replica->links, fetch->link))) {
            end_fetch(replica, fetch);
        }
    }
    /* From where the last one began, so that each row has its turn. */
    struct toc_fetch *fetch = free_fetch(replica);
    for (uint32_t i = 0; i < replica->missing_count && fetch != NULL; i++) {
        uint32_t at = ++replica->fetch_cursor % replica->missing_count;
        const struct toc_missing *missing = &replica->missing[at];
        uint32_t org = replica->ledger->logs[missing->log].org_place;
        if (!missing->fetching && !missing->arrived &&
            fetches_of(replica, org) < TOC_FETCHES_ORG_MAX && begin(replica, turn, at, fetch)) {
            fetch = free_fetch(replica);
        }
    }
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

/* Stores a payload that came with its entry, as the only chunk of a fetch. */
static void store_brought(struct toc_replica *replica, struct toc_turn *turn, struct toc_link *link,
                          const struct toc_message *message, struct toc_span payload,
                          struct toc_fetch *fetch)
{
    struct toc_job *job = toc_job_take(replica, TOC_JOB_CHUNK);
    if (job == NULL) {
        return; /* the fetch runs out of time and begins anew */
    }
    struct toc_store_op *op = toc_job_op(job, TOC_STORE_CHUNK);
    op->bytes = payload;
    memcpy(op->payload_hash, replica->missing[fetch->missing].hash, TOC_HASH_BYTES);
    toc_buffer_hold(message->buffer);
    toc_job_keep(job, message->buffer);
    job->link = link->id;
    job->bytes = (uint32_t)message->body.len;
    job->charged = message->class;
    job->fetch = (uint32_t)(fetch - replica->fetches);
    job->fetch_number = fetch->number;
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
    if (missing == NULL || missing->arrived || toc_failed(toc_range_next(&walk, &entry)) ||
        entry.payload.at == NULL ||
        memcmp(entry.header.payload_hash, missing->hash, TOC_HASH_BYTES) != 0) {
        return;
    }
    uint32_t place = (uint32_t)(missing - replica->missing);
    struct toc_fetch *fetch = fetch_of(replica, place);
    if (fetch != NULL) {
        end_fetch(replica, fetch);
    }
    fetch = free_fetch(replica);
    if (fetch == NULL) {
        return;
    }
    missing->fetching = true;
    *fetch = (struct toc_fetch){.used = true,
                                .number = ++replica->fetch_number,
                                .missing = place,
                                .link = link->id,
                                .chunk_count = 1,
                                .asked = 1,
                                .arrived = 1,
                                .began = turn->now,
                                .progress = turn->now};
    store_brought(replica, turn, link, message, entry.payload, fetch);
}

static struct toc_fetch *find_fetch(struct toc_replica *replica, const struct toc_link *link,
                                    const uint8_t *log_id, uint64_t seq)
{
    uint32_t log = toc_ledger_find_log(replica->ledger, log_id);
    for (size_t i = 0; i < TOC_FETCHES_MAX; i++) {
        struct toc_fetch *fetch = &replica->fetches[i];
        if (fetch->used && fetch->link == link->id && replica->missing[fetch->missing].log == log &&
            replica->missing[fetch->missing].seq == seq) {
            return fetch;
        }
    }
    return NULL;
}

/* the list is checked against the header before any chunk is taken. */
static struct toc_err take_list(struct toc_replica *replica, struct toc_turn *turn,
                                struct toc_fetch *fetch, struct toc_span bytes)
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
        return toc_ok(); /* asked for again */
    }
    memcpy(list->at, bytes.at, bytes.len);
    list->used = (uint32_t)bytes.len;
    fetch->list = list;
    toc_buffer_hold(list);
    toc_job_keep(job, list);
    toc_job_record(job, 'W', toc_span(missing->hash, TOC_HASH_BYTES), toc_buffer_bytes(list));
    toc_job_submit(replica, turn, job);
    ask_on(replica, fetch);
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

static void start_check(struct toc_replica *replica, struct toc_turn *turn, struct toc_fetch *fetch,
                        struct toc_link *link, const struct toc_chunk *chunk,
                        struct toc_buffer *buffer)
{
    uint32_t place = toc_places_take(&replica->chunk_check_places);
    TOC_ASSERT(place != UINT32_MAX); /* toc_replica_ready has said so */
    struct toc_chunk_check *check = &replica->chunk_checks[place];
    bool single = fetch->chunk_count == 1;
    *check = (struct toc_chunk_check){.check = {TOC_CHECK_CHUNK},
                                      .link = link->id,
                                      .fetch = (uint32_t)(fetch - replica->fetches),
                                      .fetch_number = fetch->number,
                                      .index = single ? UINT32_MAX : chunk->index,
                                      .buffer = buffer,
                                      .bytes = chunk->bytes};
    memcpy(check->expected,
           single ? replica->missing[fetch->missing].hash
                  : fetch->list->at + (size_t)chunk->index * TOC_HASH_BYTES,
           TOC_HASH_BYTES);
    toc_buffer_hold(buffer);
    toc_turn_emit(turn, TOC_ACTION_CHECK)->check = &check->check;
}

struct toc_err toc_replica_take_chunk(struct toc_replica *replica, struct toc_turn *turn,
                                      struct toc_link *link, const struct toc_message *message)
{
    struct toc_chunk chunk;
    TOC_TRY(toc_chunk_decode(&chunk, message->body));
    struct toc_fetch *fetch = find_fetch(replica, link, chunk.log, chunk.seq);
    if (fetch == NULL || replica->broken) {
        return toc_ok(); /* of a fetch that was given up */
    }
    fetch->progress = turn->now;
    if (chunk.index == TOC_CHUNK_LIST) {
        return take_list(replica, turn, fetch, chunk.bytes);
    }
    bool listed = fetch->list != NULL || fetch->chunk_count == 1;
    if (!listed || chunk.index != fetch->arrived || chunk.index >= fetch->asked) {
        /* perhaps the answer to a fetch that was given up, and so no reason to part. */
        return toc_replica_futile(link, toc_fail(TOC_MALFORMED, "a chunk that was not asked for"));
    }
    /* a hash by itself says nothing of how long its preimage may be. */
    uint64_t declared = replica->missing[fetch->missing].payload_bytes;
    if (chunk.bytes.len != toc_chunk_place(declared, chunk.index).len) {
        return toc_fail(TOC_HASH, "a chunk is not as long as its header declares");
    }
    fetch->arrived++;
    start_check(replica, turn, fetch, link, &chunk, message->buffer);
    ask_on(replica, fetch);
    return toc_ok();
}

struct toc_err toc_replica_take_nopay(struct toc_replica *replica, const struct toc_turn *turn,
                                      struct toc_link *link, struct toc_span body)
{
    if (body.len != TOC_NOPAY_BYTES) {
        return toc_fail(TOC_MALFORMED, "a NOPAY is 41 bytes"); /* */
    }
    uint64_t seq = toc_le64(body.at + TOC_ID_BYTES);
    struct toc_fetch *fetch = find_fetch(replica, link, body.at, seq);
    uint32_t log = toc_ledger_find_log(replica->ledger, body.at);
    if (fetch != NULL) {
        end_fetch(replica, fetch); /* the next one is asked */
    } else if (log != TOC_LEDGER_NONE) {
        toc_refusal_take(replica, turn, link, log, seq);
    }
    return toc_ok();
}

static struct toc_fetch *still_there(struct toc_replica *replica, uint32_t fetch, uint64_t number)
{
    struct toc_fetch *at = &replica->fetches[fetch];
    return at->used && at->number == number ? at : NULL;
}

static bool store_chunk(struct toc_replica *replica, struct toc_turn *turn,
                        struct toc_chunk_check *check, const struct toc_fetch *fetch)
{
    struct toc_job *job = toc_job_take(replica, TOC_JOB_CHUNK);
    if (job == NULL) {
        return false; /* the fetch runs out of time and begins anew */
    }
    const struct toc_missing *missing = &replica->missing[fetch->missing];
    struct toc_store_op *op = toc_job_op(job, TOC_STORE_CHUNK);
    op->bytes = check->bytes;
    op->index = check->index == UINT32_MAX ? 0 : check->index;
    memcpy(op->payload_hash, missing->hash, TOC_HASH_BYTES);
    toc_buffer_hold(check->buffer);
    toc_job_keep(job, check->buffer);
    job->link = check->link;
    job->bytes = check->buffer->used;
    job->charged = TOC_CLASS_BULK; /* */
    job->fetch = check->fetch;
    job->fetch_number = check->fetch_number;
    toc_job_submit(replica, turn, job);
    return true;
}

void toc_replica_chunk_checked(struct toc_replica *replica, struct toc_turn *turn,
                               struct toc_chunk_check *check)
{
    struct toc_fetch *fetch = still_there(replica, check->fetch, check->fetch_number);
    struct toc_link *link = toc_links_find(replica->links, check->link);
    bool stored =
        fetch != NULL && !toc_failed(check->err) && store_chunk(replica, turn, check, fetch);
    if (!stored) {
        toc_replica_unkeep(replica, check->link, check->buffer->used, TOC_CLASS_BULK);
    }
    if (fetch != NULL && toc_failed(check->err)) {
        end_fetch(replica, fetch);
        if (link != NULL) {
            toc_link_refuse(replica->links, turn, link, check->err);
        }
    }
    toc_buffer_drop(&replica->links->buffers, check->buffer);
    check->buffer = NULL;
    toc_places_give(&replica->chunk_check_places, (uint32_t)(check - replica->chunk_checks));
}

void toc_replica_chunk_stored(struct toc_replica *replica, struct toc_turn *turn,
                              const struct toc_job *job)
{
    struct toc_fetch *fetch = still_there(replica, job->fetch, job->fetch_number);
    if (fetch == NULL || ++fetch->stored < fetch->chunk_count) {
        return;
    }
    struct toc_missing *missing = &replica->missing[fetch->missing];
    missing->arrived = true;
    end_fetch(replica, fetch);
    struct toc_action *action = toc_turn_emit(turn, TOC_ACTION_DELIVER);
    memcpy(action->log, replica->ledger->logs[missing->log].id, TOC_ID_BYTES);
    action->seq = missing->seq;
    action->late = true;
}

/* Only now is the note dropped that the payload was missing: a crash before this fetches again,
 * and so indexes again. */
void toc_replica_late_indexed(struct toc_replica *replica, struct toc_turn *turn, uint32_t log,
                              uint64_t seq)
{
    uint32_t place = 0;
    while (place < replica->missing_count &&
           (replica->missing[place].log != log || replica->missing[place].seq != seq)) {
        place++;
    }
    struct toc_job *job =
        place == replica->missing_count ? NULL : toc_job_take(replica, TOC_JOB_RECORD);
    if (job == NULL) {
        return;
    }
    uint8_t key[TOC_ID_BYTES + 8];
    memcpy(key, replica->ledger->logs[log].id, TOC_ID_BYTES);
    toc_put_be64(key + TOC_ID_BYTES, seq);
    toc_job_record(job, 'P', toc_span(key, sizeof key), toc_span(NULL, 0));
    found(replica, place);
    toc_job_submit(replica, turn, job);
}
