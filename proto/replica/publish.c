/* SPDX-License-Identifier: EUPL-1.2 */
#include "replica.h"

#include <string.h>

/* Our own entries: drafted, sealed, signed, stored; told to nobody before that. */

/* What a new entry says besides what follows from its log. */
struct draft {
    uint32_t group;
    uint8_t kind, class, tlp;
    uint32_t expiry_hours;
    const uint8_t *epoch; /* NULL: unencrypted */
    struct toc_span payload, content;
    const struct toc_submit *more; /* of the same audience: they may join */
};

/* A range that grows by entries of our own. */
struct growing {
    struct toc_buffer *buffer;
    struct toc_range_build range;
    struct toc_log_head head;     /* behind its last entry */
    uint8_t hash[TOC_HASH_BYTES]; /* of that entry's header */
};

/* header drafted, payload sealed under it, hash added; then signed. `nonce`: fresh. */
static struct toc_err make_header(struct toc_replica *replica, struct toc_utc now,
                                  const uint8_t *log, const struct toc_log_head *head,
                                  struct draft *draft, const uint8_t *nonce,
                                  struct toc_header *header, uint8_t *payload_room)
{
    size_t bytes =
        draft->epoch != NULL ? toc_payload_bytes(draft->content.len) : draft->payload.len;
    if (bytes == 0 || bytes > TOC_PAYLOAD_BYTES_MAX) {
        return toc_fail(TOC_LIMIT, "more than 16 MiB after compression: split it");
    }
    toc_header_draft(header, head, log, now, (uint32_t)bytes);
    header->kind = draft->kind;
    header->class = draft->class;
    header->tlp = draft->tlp;
    header->expiry_hours = draft->expiry_hours;
    if (draft->epoch != NULL) {
        uint8_t ad[TOC_HEADER_BYTES], key[TOC_KEY_BYTES];
        memcpy(header->epoch, draft->epoch, TOC_EPOCH_REF_BYTES);
        toc_header_encode(ad, header);
        toc_author_key(key, replica->ledger->groups[draft->group].k, log);
        toc_payload_seal(payload_room, draft->content, key, toc_span(ad, TOC_HEADER_AD_BYTES),
                         nonce);
        toc_wipe(key, sizeof key);
        draft->payload = toc_span(payload_room, bytes);
    }
    toc_payload_hash(header->payload_hash, draft->payload);
    return toc_ok();
}

static void grow(struct growing *growing, const struct toc_header *header, struct toc_span payload)
{
    uint8_t bytes[TOC_HEADER_BYTES];
    toc_header_encode(bytes, header);
    toc_header_hash(growing->hash, toc_span(bytes, sizeof bytes));
    toc_range_add(&growing->range, header, payload, toc_span(NULL, 0));
    if (!toc_failed(growing->range.err)) {
        growing->range.err = toc_log_advance(&growing->head, header, growing->hash);
    }
}

/* A buffer for the range; with those that may join, if there is room. */
static struct toc_buffer *range_buffer(struct toc_replica *replica, struct draft *draft,
                                       size_t payload_bytes)
{
    struct toc_buffers *buffers = &replica->links->buffers;
    struct toc_buffer *buffer = NULL;
    if (draft->more != NULL) {
        buffer = toc_buffer_take(buffers, TOC_BUFFER_MIDDLE_BYTES);
    }
    if (buffer == NULL) {
        draft->more = NULL;
        buffer = toc_buffer_take(buffers, 512 + payload_bytes);
    }
    return buffer;
}

/* May this one join the range, which has so many bytes of payload? */
static bool joins(const struct growing *growing, const struct toc_submit *submit, size_t bytes)
{
    size_t more = toc_payload_bytes(submit->content.len);
    return growing->head.checkpoint_seq != growing->head.seq && submit->content.len > 0 &&
           more <= TOC_JOIN_BYTES_MAX && bytes + more <= TOC_JOINED_BYTES_MAX;
}

/* Adds those that were submitted behind the first and may join it. */
static struct toc_err join(struct toc_replica *replica, const struct toc_turn *turn,
                           struct toc_job *job, const struct toc_ledger_log *log,
                           const struct draft *draft, struct growing *growing, size_t bytes)
{
    const struct toc_submit *submit = draft->more;
    for (; submit != NULL && joins(growing, submit, bytes); submit = submit->next) {
        struct draft next = *draft;
        struct toc_header header;
        next.tlp = submit->tlp;
        next.expiry_hours = submit->expiry_hours;
        next.content = submit->content;
        TOC_TRY(make_header(replica, turn->now_utc, log->id, &growing->head, &next, submit->entropy,
                            &header, replica->scratch));
        grow(growing, &header, next.payload);
        bytes += next.payload.len;
        job->submit_count++;
    }
    return toc_ok();
}

/* The entry, and those that join it, as a range in a buffer of its own, signed behind the last. */
static struct toc_err build(struct toc_replica *replica, const struct toc_turn *turn,
                            struct toc_job *job, struct toc_ledger_log *log,
                            const struct toc_header *header, struct draft *draft)
{
    struct toc_span payload = draft->payload;
    bool inline_payload = payload.len <= TOC_INLINE_BYTES_MAX;
    struct growing growing = {.head = log->checked};
    growing.buffer = range_buffer(replica, draft, inline_payload ? payload.len : 0);
    if (growing.buffer == NULL) {
        return toc_fail(TOC_FULL, "no buffer is free");
    }
    uint8_t sig[TOC_SIG_BYTES];
    struct toc_span made;
    toc_range_begin(&growing.range, (struct toc_room){growing.buffer->at, growing.buffer->size},
                    header);
    grow(&growing, header, inline_payload ? payload : toc_span(NULL, 0));
    struct toc_err err = join(replica, turn, job, log, draft, &growing, payload.len);
    if (!toc_failed(err)) {
        toc_sign(sig, TOC_CTX_S_HEADER, replica->federation, growing.hash,
                 replica->log_keys->secret);
        err = toc_range_end(&growing.range, sig, &made);
    }
    if (toc_failed(err)) {
        toc_buffer_drop(&replica->links->buffers, growing.buffer);
        return err;
    }
    growing.buffer->used = (uint32_t)made.len;
    struct toc_store_op *op = toc_job_op(job, TOC_STORE_RANGE);
    memcpy(op->log, log->id, TOC_ID_BYTES);
    op->bytes = made;
    op->head = growing.head;
    toc_job_keep(job, growing.buffer);
    log->checked = growing.head;
    return toc_ok();
}

/* Chunks and their list beside the header of a payload that does not fit into a range. */
static struct toc_err add_chunks(struct toc_replica *replica, struct toc_job *job,
                                 const struct toc_header *header, struct toc_span payload)
{
    size_t count = toc_chunk_count(payload.len);
    struct toc_buffer *list = toc_buffer_take(&replica->links->buffers, count * TOC_HASH_BYTES);
    if (list == NULL) {
        return toc_fail(TOC_FULL, "no buffer is free");
    }
    for (size_t i = 0; i < count; i++) {
        struct toc_chunk_place place = toc_chunk_place(payload.len, i);
        struct toc_store_op *op = toc_job_op(job, TOC_STORE_CHUNK);
        op->bytes = toc_span(payload.at + place.offset, place.len);
        op->index = (uint32_t)i;
        memcpy(op->payload_hash, header->payload_hash, TOC_HASH_BYTES);
        toc_chunk_hash(list->at + i * TOC_HASH_BYTES, op->bytes);
    }
    list->used = (uint32_t)(count * TOC_HASH_BYTES);
    toc_job_record(job, 'W', toc_span(header->payload_hash, TOC_HASH_BYTES),
                   toc_buffer_bytes(list));
    toc_job_keep(job, list);
    return toc_ok();
}

/* Draws the one large memory when the payload needs it. */
static uint8_t *payload_memory(struct toc_replica *replica, struct toc_job *job, size_t bytes)
{
    if (bytes <= TOC_INLINE_BYTES_MAX) {
        return replica->scratch;
    }
    if (replica->big_busy) {
        return NULL;
    }
    replica->big_busy = job->large = true;
    job->wide = replica->wide_ops;
    job->wide_max = TOC_WIDE_OPS;
    memcpy(job->wide, job->ops, job->op_count * sizeof job->ops[0]);
    return replica->big;
}

static struct toc_err append(struct toc_replica *replica, struct toc_turn *turn,
                             struct toc_job *job, struct draft *draft)
{
    uint32_t at = toc_ledger_log_of(replica->ledger, draft->group, replica->log_keys->public_key);
    if (at == TOC_LEDGER_NONE) {
        return toc_fail(TOC_MEMBER, "this node has no log in that group");
    }
    struct toc_ledger_log *log = &replica->ledger->logs[at];
    if (log->disputed) {
        return toc_fail(TOC_FORK, "others hold another history of this node's own log");
    }
    if (toc_replica_own_is_behind(replica, turn, at)) {
        return toc_fail(TOC_STATE, "this node is still fetching what it published before");
    }
    size_t bytes =
        draft->epoch != NULL ? toc_payload_bytes(draft->content.len) : draft->payload.len;
    uint8_t *memory = payload_memory(replica, job, bytes);
    if (memory == NULL) {
        return toc_fail(TOC_STATE, "another large bulletin is being stored");
    }
    struct toc_header header;
    TOC_TRY(make_header(replica, turn->now_utc, log->id, &log->checked, draft, turn->entropy,
                        &header, memory));
    if (draft->epoch == NULL && bytes > TOC_INLINE_BYTES_MAX) {
        memcpy(memory, draft->payload.at, bytes);
        draft->payload = toc_span(memory, bytes);
    }
    struct toc_log_head before = log->checked;
    TOC_TRY(build(replica, turn, job, log, &header, draft));
    if (bytes > TOC_INLINE_BYTES_MAX) {
        struct toc_err err = add_chunks(replica, job, &header, draft->payload);
        if (toc_failed(err)) {
            log->checked = before;
            return err;
        }
    }
    job->log = at;
    job->group = draft->group;
    job->seq = header.seq;
    return toc_ok();
}

struct toc_err toc_replica_append(struct toc_replica *replica, struct toc_turn *turn,
                                  struct toc_job *job, uint32_t group, uint8_t kind,
                                  struct toc_span payload)
{
    struct draft draft = {
        .group = group, .kind = kind, .class = TOC_CLASS_CONTROL, .payload = payload};
    job->class = TOC_CLASS_LIVE;
    return append(replica, turn, job, &draft);
}

/* Direct audiences are founded when they are first addressed. */

/* Ascending ids of the audience and ourselves. Fails: MEMBER, LIMIT. */
static struct toc_err collect_members(const struct toc_replica *replica,
                                      const struct toc_submit *submit,
                                      uint8_t ids[static TOC_ID_BYTES], size_t *count)
{
    if (submit->organisation_count == 0 || submit->organisation_count >= TOC_MEMBERS_MAX) {
        return toc_fail(TOC_LIMIT, "an audience is 1 to 1,023 organisations");
    }
    memcpy(ids, submit->organisations, submit->organisation_count * TOC_ID_BYTES);
    memcpy(ids + submit->organisation_count * TOC_ID_BYTES, replica->own_org, TOC_ID_BYTES);
    *count = toc_ids_sort(ids, submit->organisation_count + 1);
    for (size_t i = 0; i < *count; i++) {
        if (toc_roster_find(replica->ledger->roster, ids + i * TOC_ID_BYTES) == NULL) {
            return toc_fail(TOC_MEMBER, "an addressee is not in the roster");
        }
    }
    return *count < 2 ? toc_fail(TOC_MEMBER, "an audience needs somebody besides ourselves")
                      : toc_ok();
}

/* The two records that make a direct audience; both lie in one buffer, as INVITE carries them. */
struct founding {
    struct toc_buffer *invite, *epoch_rest;
    struct toc_span group_envelope, epoch_envelope;
    struct toc_group group;
    struct toc_epoch epoch;
    struct toc_epoch_secret secret;
};

static struct toc_err make_epoch(struct toc_replica *replica, const struct toc_turn *turn,
                                 const struct toc_group *group, struct toc_room out,
                                 struct founding *founding)
{
    struct toc_room room = {replica->seal_keys, TOC_WRAPS_MAX * TOC_KEY_BYTES};
    struct toc_ids keys;
    TOC_TRY(toc_directory_seal_keys(replica->ledger->directory, group->members, room, &keys));
    struct toc_epoch_options options = {.federation = replica->federation,
                                        .group = group->id,
                                        .number = 1,
                                        .parent = group->id,
                                        .committer = replica->own_org,
                                        .committer_node = replica->own_node,
                                        .roster_number = replica->ledger->roster->number,
                                        .members = group->members,
                                        .seal_keys = keys,
                                        .reason = TOC_REASON_FOUNDING,
                                        .f_generation = replica->f_generation,
                                        .f = replica->f,
                                        .log_keys = replica->log_keys,
                                        .entropy = turn->entropy + 64};
    TOC_TRY(toc_epoch_make(&options, out, &founding->epoch_envelope, &founding->secret));
    return toc_epoch_decode(&founding->epoch, founding->epoch_envelope);
}

/* Entropy: 0..31 payload nonce, 32..63 group's random, 64..159 epoch. */
static struct toc_err make_records(struct toc_replica *replica, const struct toc_turn *turn,
                                   struct toc_ids members, struct founding *founding)
{
    struct toc_ids self = {replica->own_org, 1};
    struct toc_group *group = &founding->group;
    group->members = members;
    group->admins = self;
    group->founder_node = replica->own_node;
    group->flags = TOC_GROUP_DIRECT;
    memcpy(group->founder, replica->own_org, TOC_ID_BYTES);
    memcpy(group->random, turn->entropy + 32, sizeof group->random);
    struct toc_room first = {founding->invite->at + TOC_BUFFER_LARGE_BYTES / 2,
                             TOC_GROUP_BYTES_MAX};
    TOC_TRY(toc_group_sign(group, replica->federation, replica->log_keys, first,
                           &founding->group_envelope));
    struct toc_room second = {first.at + first.len,
                              TOC_BUFFER_LARGE_BYTES / 2 - TOC_GROUP_BYTES_MAX};
    TOC_TRY(make_epoch(replica, turn, group, second, founding));
    struct toc_writer writer;
    toc_writer_init(&writer, founding->invite->at, TOC_BUFFER_LARGE_BYTES / 2);
    toc_write_array(&writer, 2);
    toc_write_bin(&writer, founding->group_envelope);
    toc_write_bin(&writer, founding->epoch_envelope);
    struct toc_span body = toc_writer_bytes(&writer);
    founding->invite->used = (uint32_t)body.len;
    struct toc_span rest =
        toc_epoch_rest_seal((struct toc_room){founding->epoch_rest->at, founding->epoch_rest->size},
                            founding->epoch_envelope, founding->epoch.hash, &founding->secret,
                            replica->node_keys->store_key);
    founding->epoch_rest->used = (uint32_t)rest.len;
    return body.at == NULL || rest.at == NULL
               ? toc_fail(TOC_FULL, "the audience's records do not fit")
               : toc_ok();
}

static struct toc_err found(struct toc_replica *replica, struct toc_turn *turn, struct toc_job *job,
                            struct toc_ids members, struct founding *founding)
{
    uint32_t group;
    TOC_TRY(make_records(replica, turn, members, founding));
    TOC_TRY(toc_ledger_add_group(replica->ledger, &founding->group, &group));
    toc_ledger_set_epoch(replica->ledger, group, &founding->epoch, founding->secret.k,
                         founding->secret.tag_key);
    replica->ledger->groups[group].has_epoch = false; /* until it is stored */
    job->founds = true;
    TOC_TRY(
        toc_replica_append(replica, turn, job, group, TOC_KIND_GROUP, founding->group_envelope));
    TOC_TRY(
        toc_replica_append(replica, turn, job, group, TOC_KIND_EPOCH, founding->epoch_envelope));
    uint8_t key[TOC_ID_BYTES + TOC_EPOCH_REF_BYTES];
    memcpy(key, founding->group.id, TOC_ID_BYTES);
    memcpy(key + TOC_ID_BYTES, founding->epoch.hash, TOC_EPOCH_REF_BYTES);
    toc_job_record(job, 'G', toc_span(founding->group.id, TOC_ID_BYTES),
                   toc_buffer_bytes(founding->invite));
    toc_job_record(job, 'E', toc_span(key, sizeof key), toc_buffer_bytes(founding->epoch_rest));
    return toc_ok();
}

static struct toc_err found_direct(struct toc_replica *replica, struct toc_turn *turn,
                                   struct toc_job *job, struct toc_ids members,
                                   struct founding *founding)
{
    founding->invite = toc_buffer_take(&replica->links->buffers, TOC_BUFFER_LARGE_BYTES);
    founding->epoch_rest = toc_buffer_take(
        &replica->links->buffers, toc_epoch_bytes_max(members.count, members.count * 8) + 256);
    if (founding->invite == NULL || founding->epoch_rest == NULL) {
        return toc_fail(TOC_FULL, "no buffer is free");
    }
    struct toc_err err = found(replica, turn, job, members, founding);
    toc_wipe(&founding->secret, sizeof founding->secret);
    return err;
}

/* an alert lies in one frame; a founding before it goes with it. What is longer is live,
 * and its header alone goes before. */
static void set_class(struct toc_replica *replica, const struct toc_turn *turn, struct toc_job *job,
                      bool alert)
{
    const struct toc_store_op *ops = job->wide != NULL ? job->wide : job->ops;
    size_t bytes = 0;
    bool fits = true;
    for (size_t i = 0; i < job->op_count; i++) {
        if (ops[i].kind == TOC_STORE_RANGE) {
            fits = fits && ops[i].bytes.len <= TOC_FRAME_BODY_BYTES_MAX;
            bytes += ops[i].bytes.len;
        }
    }
    job->alert =
        alert && toc_replica_may_alert(replica, turn, replica->ledger->logs[job->log].org_place,
                                       fits ? bytes : TOC_BARE_BYTES_MAX);
    job->class = job->alert && fits ? TOC_CLASS_ALERT : TOC_CLASS_LIVE;
}

/* Puts an audience's first bulletin, or a further one, into `job`. */
static struct toc_err add_bulletin(struct toc_replica *replica, struct toc_turn *turn,
                                   struct toc_job *job, uint32_t group,
                                   const struct toc_submit *submit)
{
    struct draft draft = {.group = group,
                          .kind = submit->kind,
                          .class = submit->class,
                          .tlp = submit->tlp,
                          .expiry_hours = submit->expiry_hours,
                          .epoch = replica->ledger->groups[group].epoch_hash,
                          .content = submit->content,
                          .more = submit->next};
    if (submit->class == TOC_CLASS_ALERT ||
        toc_payload_bytes(submit->content.len) > TOC_JOIN_BYTES_MAX) {
        draft.more = NULL;
    }
    job->submit_count = 1;
    TOC_TRY(append(replica, turn, job, &draft));
    set_class(replica, turn, job, submit->class == TOC_CLASS_ALERT);
    return toc_ok();
}

static struct toc_err submit_direct(struct toc_replica *replica, struct toc_turn *turn,
                                    struct toc_job *job, const struct toc_submit *submit)
{
    uint8_t *ids = replica->members;
    size_t count;
    TOC_TRY(collect_members(replica, submit, ids, &count));
    struct toc_ids members = {ids, count};
    uint32_t group = toc_ledger_find_direct(replica->ledger, replica->own_org, members);
    if (group != TOC_LEDGER_NONE) {
        return add_bulletin(replica, turn, job, group, submit);
    }
    struct founding founding = {0};
    struct toc_err err = found_direct(replica, turn, job, members, &founding);
    if (!toc_failed(err)) {
        group = toc_ledger_find_group(replica->ledger, founding.group.id);
        err = add_bulletin(replica, turn, job, group, submit);
    }
    if (founding.invite != NULL) {
        toc_job_keep(job, founding.invite);
    }
    if (founding.epoch_rest != NULL) {
        toc_job_keep(job, founding.epoch_rest);
    }
    return err;
}

static struct toc_err submit_to_group(struct toc_replica *replica, struct toc_turn *turn,
                                      struct toc_job *job, const struct toc_submit *submit)
{
    uint32_t group = submit->audience == TOC_SUBMIT_ALL
                         ? TOC_GROUP_ALL
                         : toc_ledger_find_group(replica->ledger, submit->group);
    if (group == TOC_LEDGER_NONE || group == TOC_GROUP_CONTROL ||
        !replica->ledger->groups[group].has_epoch) {
        return toc_fail(TOC_MEMBER, "no such audience is known here");
    }
    return add_bulletin(replica, turn, job, group, submit);
}

static struct toc_err check_submit(const struct toc_replica *replica,
                                   const struct toc_submit *submit)
{
    size_t bytes = toc_payload_bytes(submit->content.len);
    if (bytes == 0 || bytes > TOC_PAYLOAD_BYTES_MAX) {
        return toc_fail(TOC_LIMIT, "more than 16 MiB after compression: split it");
    }
    if (bytes > TOC_INLINE_BYTES_MAX && replica->big_busy) {
        return toc_fail(TOC_STATE, "another large bulletin is being stored");
    }
    if (replica->broken) {
        return toc_fail(TOC_IO, "the store has failed: nothing is published until a restart");
    }
    int64_t offset = toc_links_clock_offset(replica->links);
    if (!replica->trust_clock && (offset > TOC_CLOCK_MS_MAX || offset < -TOC_CLOCK_MS_MAX)) {
        return toc_fail(TOC_CLOCK, "the clock is more than 10 minutes off the peers' median");
    }
    return toc_ok();
}

size_t toc_submit_count(const struct toc_submit *submit)
{
    size_t count = 0;
    for (; submit != NULL; submit = submit->next) {
        count++;
    }
    return count;
}

static void refuse(struct toc_replica *replica, struct toc_turn *turn, struct toc_job *job,
                   uint64_t submit, struct toc_err err)
{
    if (job != NULL) {
        toc_job_cancel(replica, job);
    }
    struct toc_action *action = toc_turn_emit(turn, TOC_ACTION_PUBLISHED);
    action->id = submit;
    action->submit_count = 1;
    action->err = err;
}

/* Submits the first and those that join it; gives the next. */
static const struct toc_submit *submit_some(struct toc_replica *replica, struct toc_turn *turn,
                                            const struct toc_submit *submit)
{
    struct toc_err err = check_submit(replica, submit);
    uint32_t groups = replica->ledger->group_count;
    struct toc_job *job = toc_failed(err) || !toc_replica_jobs_left(replica)
                              ? NULL
                              : toc_job_take(replica, TOC_JOB_OWN);
    if (job == NULL) {
        refuse(replica, turn, NULL, submit->id,
               toc_failed(err) ? err : toc_fail(TOC_STATE, "too many stores are unanswered"));
        return submit->next;
    }
    job->live = true;
    job->submit = submit->id;
    err = submit->audience == TOC_SUBMIT_ORGANISATIONS
              ? submit_direct(replica, turn, job, submit)
              : submit_to_group(replica, turn, job, submit);
    if (toc_failed(err)) {
        if (replica->ledger->group_count > groups) {
            toc_ledger_drop_group(replica->ledger); /* founded for this one alone */
        }
        refuse(replica, turn, job, submit->id, err);
        return submit->next;
    }
    toc_job_submit(replica, turn, job);
    for (uint32_t i = 0; i < job->submit_count; i++) {
        submit = submit->next;
    }
    return submit;
}

void toc_replica_submit(struct toc_replica *replica, struct toc_turn *turn,
                        const struct toc_submit *submit)
{
    uint8_t entropy[TOC_ENTROPY_BYTES];
    struct toc_turn each = *turn;
    memcpy(entropy, turn->entropy, sizeof entropy);
    each.entropy = entropy;
    while (submit != NULL) {
        submit = submit_some(replica, &each, submit);
        /* What sealing has drawn is never drawn again. */
        if (submit != NULL) {
            memcpy(entropy, submit->entropy, sizeof submit->entropy);
        }
    }
    toc_wipe(entropy, sizeof entropy);
}
