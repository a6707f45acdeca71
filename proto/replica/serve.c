/* SPDX-License-Identifier: EUPL-1.2 */
#include "replica.h"

#include <string.h>

/* What goes out because it was asked for. */

/* Chunk replies wait beside blocks; a chunk and its head fill a buffer of the middle tier. */
#define CHUNK_MESSAGE_BYTES (TOC_CHUNK_HEAD_BYTES + TOC_CHUNK_FIRST_BYTES)

static struct toc_serves *serves_of(struct toc_replica *replica, const struct toc_link *link)
{
    return &replica->serves[link->place];
}

static struct toc_serve *find_serve(struct toc_serves *serves, uint32_t log, bool chunks,
                                    uint64_t seq)
{
    for (uint32_t i = 0; i < serves->count; i++) {
        struct toc_serve *serve = &serves->items[i];
        if (serve->log == log && serve->chunks == chunks && (!chunks || serve->seq == seq)) {
            return serve;
        }
    }
    return NULL;
}

void toc_serves_clear(struct toc_serves *serves)
{
    serves->count = serves->turn = serves->loads_out = 0;
}

bool toc_replica_serves(struct toc_replica *replica, const struct toc_link *link, uint32_t log)
{
    return find_serve(serves_of(replica, link), log, false, 0) != NULL;
}

/* What was asked for later keeps its order, and has its turn if it stood behind this one. */
static void drop_serve(struct toc_serves *serves, struct toc_serve *serve)
{
    uint32_t log = serve->log, place = (uint32_t)(serve - serves->items);
    bool chunks = serve->chunks;
    serves->count--;
    memmove(serve, serve + 1, (serves->count - place) * sizeof *serve);
    struct toc_serve *next = chunks ? NULL : find_serve(serves, log, false, 0);
    if (next != NULL) {
        next->behind = false;
    }
}

static struct toc_serve *last_serve(struct toc_serves *serves, uint32_t log)
{
    for (uint32_t i = serves->count; i-- > 0;) {
        if (serves->items[i].log == log && !serves->items[i].chunks) {
            return &serves->items[i];
        }
    }
    return NULL;
}

/* Entries. A WANT that goes on where the last one of its log ends prolongs it; any other
 * is served behind those. */
static void add_entries(struct toc_serves *serves, uint32_t log, const struct toc_want *want)
{
    bool headers_only = want->kind == TOC_WANT_HEADERS;
    struct toc_serve *last = last_serve(serves, log);
    if (last != NULL && last->headers_only == headers_only && want->from > last->next &&
        want->from - 1 <= last->last) {
        last->last = last->last > want->to ? last->last : want->to;
    } else if (serves->count < TOC_SERVES_MAX) { /* else it asks again: digests repair */
        serves->items[serves->count++] = (struct toc_serve){.log = log,
                                                            .next = want->from,
                                                            .last = want->to,
                                                            .headers_only = headers_only,
                                                            .behind = last != NULL};
    }
}

/* Pieces of a payload: another WANT takes the place of the one before. */
static void add_chunks(struct toc_serves *serves, uint32_t log, const struct toc_want *want)
{
    struct toc_serve *serve = find_serve(serves, log, true, want->seq);
    if (serve == NULL) {
        if (serves->count == TOC_SERVES_MAX) {
            return; /* it asks again */
        }
        serve = &serves->items[serves->count++];
        *serve = (struct toc_serve){.log = log, .chunks = true, .seq = want->seq};
    }
    serve->next = want->from;
    serve->last = want->to;
}

struct toc_err toc_replica_take_want(struct toc_replica *replica, struct toc_link *link,
                                     struct toc_span body)
{
    struct toc_want want;
    TOC_TRY(toc_want_decode(&want, body));
    uint32_t log = toc_ledger_find_log(replica->ledger, want.log);
    if (log == TOC_LEDGER_NONE) {
        return toc_ok();
    }
    const struct toc_ledger_log *at = &replica->ledger->logs[log];
    if (!toc_set_has(link->shared, at->group) ||
        !toc_ledger_is_member(replica->ledger, at->group, link->org)) {
        return toc_fail(TOC_MEMBER, "the peer asks for a group that it is not in"); /* */
    }
    if (want.kind == TOC_WANT_CHUNKS) {
        add_chunks(serves_of(replica, link), log, &want);
    } else {
        add_entries(serves_of(replica, link), log, &want);
    }
    link->serving = true;
    return toc_ok();
}

static bool start_load(struct toc_replica *replica, struct toc_turn *turn, struct toc_link *link,
                       struct toc_serve *serve)
{
    struct toc_load load = {
        .kind = TOC_LOAD_RANGE, .seq = serve->next, .headers_only = serve->headers_only};
    size_t bytes = TOC_RANGE_BYTES_MAX;
    if (serve->chunks) {
        bool list = serve->next == TOC_CHUNK_LIST;
        load.kind = list ? TOC_LOAD_CHUNK_LIST : TOC_LOAD_CHUNK;
        load.seq = serve->seq;
        load.index = (uint32_t)serve->next;
        bytes = CHUNK_MESSAGE_BYTES;
    }
    memcpy(load.log, replica->ledger->logs[serve->log].id, TOC_ID_BYTES);
    struct toc_pending_load *pending = toc_load_take(replica, turn, &load, bytes);
    if (pending == NULL) {
        return false;
    }
    pending->link = link->id;
    pending->log = serve->log;
    pending->seq = serve->chunks ? serve->seq : serve->next;
    pending->index = (uint32_t)serve->next;
    serve->loading = true;
    serves_of(replica, link)->loads_out++;
    return true;
}

/* May one more block be made ready for a link? A link that has one on its way gets more only while
 * large buffers are plenty, so that those who read nothing keep few of them. */
static bool may_load(const struct toc_replica *replica, const struct toc_link *link,
                     const struct toc_serves *serves)
{
    size_t ahead = serves->loads_out + toc_peer_waiting(&link->peer, TOC_CLASS_BULK);
    return ahead == 0 || (ahead < TOC_LOADS_LINK &&
                          toc_buffers_ample(&replica->links->buffers, TOC_RANGE_BYTES_MAX));
}

void toc_replica_serve(struct toc_replica *replica, struct toc_turn *turn, struct toc_link *link)
{
    struct toc_serves *serves = serves_of(replica, link);
    for (uint32_t tried = 0; tried < serves->count;) {
        if (!may_load(replica, link, serves)) {
            return;
        }
        serves->turn = (serves->turn + 1) % serves->count;
        struct toc_serve *serve = &serves->items[serves->turn];
        uint64_t head = replica->ledger->logs[serve->log].head.seq;
        bool done = serve->next > serve->last || (!serve->chunks && serve->next > head);
        if (!serve->loading && done) {
            drop_serve(serves, serve);
            continue;
        }
        if (!serve->loading && !serve->behind && !start_load(replica, turn, link, serve)) {
            return;
        }
        tried++;
    }
    link->serving = serves->count != 0;
}

/* A chunk's message: its head before the bytes that were loaded. */
static bool queue_chunk(struct toc_replica *replica, struct toc_link *link,
                        const struct toc_pending_load *load)
{
    struct toc_buffer *buffer = load->buffer;
    TOC_ASSERT(buffer->used + TOC_CHUNK_HEAD_BYTES <= buffer->size); /* toc_load_take leaves it */
    memmove(buffer->at + TOC_CHUNK_HEAD_BYTES, buffer->at, buffer->used);
    struct toc_chunk chunk = {.seq = load->seq, .index = load->index};
    memcpy(chunk.log, replica->ledger->logs[load->log].id, TOC_ID_BYTES);
    toc_chunk_encode_head(buffer->at, &chunk);
    buffer->used += TOC_CHUNK_HEAD_BYTES;
    toc_buffer_hold(buffer);
    if (!toc_peer_queue(&link->peer, TOC_MSG_CHUNK, TOC_CLASS_BULK, buffer)) {
        toc_buffer_drop(&replica->links->buffers, buffer);
        return false;
    }
    return true;
}

static void say_nopay(struct toc_replica *replica, struct toc_link *link,
                      const struct toc_pending_load *load)
{
    uint8_t body[TOC_NOPAY_BYTES];
    memcpy(body, replica->ledger->logs[load->log].id, TOC_ID_BYTES);
    toc_put_le64(body + TOC_ID_BYTES, load->seq);
    body[TOC_NOPAY_BYTES - 1] = TOC_NOPAY_LOST;
    toc_link_say(replica->links, link, TOC_MSG_NOPAY, TOC_CLASS_CONTROL,
                 toc_span(body, sizeof body));
}

static void chunk_served(struct toc_replica *replica, struct toc_link *link,
                         struct toc_pending_load *load, struct toc_err err)
{
    struct toc_serves *serves = serves_of(replica, link);
    struct toc_serve *serve = find_serve(serves, load->log, true, load->seq);
    serves->loads_out--;
    if (serve == NULL) {
        return;
    }
    serve->loading = false;
    if (serve->next != load->index) {
        return; /* asked anew meanwhile */
    }
    if (toc_failed(err)) {
        say_nopay(replica, link, load);
        drop_serve(serves, serve);
    } else if (queue_chunk(replica, link, load)) {
        serve->next++;
    }
}

/* The buffer was taken for the largest range: what is small moves to a small one, so that links
 * that read slowly keep no large ones. Gives: one reference. */
static struct toc_buffer *fitting(struct toc_replica *replica, struct toc_buffer *buffer)
{
    struct toc_buffers *buffers = &replica->links->buffers;
    struct toc_buffer *smaller =
        buffer->used <= TOC_BUFFER_MIDDLE_BYTES && toc_buffers_ample(buffers, buffer->used)
            ? toc_buffer_take(buffers, buffer->used)
            : NULL;
    if (smaller == NULL) {
        toc_buffer_hold(buffer);
        return buffer;
    }
    memcpy(smaller->at, buffer->at, buffer->used);
    smaller->used = buffer->used;
    return smaller;
}

/* what lies behind what cannot be given is asked for anew. */
static void drop_log(struct toc_serves *serves, uint32_t log)
{
    for (struct toc_serve *serve; (serve = find_serve(serves, log, false, 0)) != NULL;) {
        drop_serve(serves, serve);
    }
}

static void range_served(struct toc_replica *replica, struct toc_link *link,
                         struct toc_pending_load *load, struct toc_err err)
{
    struct toc_serves *serves = serves_of(replica, link);
    struct toc_serve *serve = find_serve(serves, load->log, false, 0);
    serves->loads_out--;
    if (serve == NULL) {
        return;
    }
    serve->loading = false;
    if (serve->next != load->seq || serve->headers_only != load->headers_only) {
        return; /* asked anew meanwhile */
    }
    struct toc_range_info info;
    if (toc_failed(err) || toc_failed(toc_range_peek(toc_buffer_bytes(load->buffer), &info)) ||
        info.first_seq != serve->next) {
        say_nopay(replica, link, load);
        drop_log(serves, load->log);
        return;
    }
    struct toc_buffer *buffer = fitting(replica, load->buffer);
    if (!toc_peer_queue(&link->peer, TOC_MSG_RANGE, TOC_CLASS_BULK, buffer)) {
        toc_buffer_drop(&replica->links->buffers, buffer);
        return;
    }
    serve->next = info.last_seq + 1;
    uint64_t *has = toc_replica_has(replica, link, load->log);
    *has = *has > info.last_seq ? *has : info.last_seq;
}

/* An invitation that was loaded goes out as it lies. */
static void invite_served(struct toc_replica *replica, struct toc_link *link,
                          struct toc_pending_load *load, struct toc_err err)
{
    link->invites_due = true; /* perhaps there are more */
    if (toc_failed(err)) {
        return;
    }
    toc_buffer_hold(load->buffer);
    if (!toc_peer_queue(&link->peer, TOC_MSG_INVITE, toc_class_of_record(load->buffer->used),
                        load->buffer)) {
        toc_buffer_drop(&replica->links->buffers, load->buffer);
        toc_set_put(link->invited, load->log, false);
    }
}

void toc_replica_served(struct toc_replica *replica, struct toc_link *link,
                        struct toc_pending_load *load, struct toc_err err)
{
    switch (load->kind) {
    case TOC_LOAD_RANGE:
        range_served(replica, link, load, err);
        return;
    case TOC_LOAD_CHUNK:
    case TOC_LOAD_CHUNK_LIST:
        chunk_served(replica, link, load, err);
        return;
    case TOC_LOAD_RECORD:
    default:
        invite_served(replica, link, load, err);
    }
}
