/* SPDX-License-Identifier: EUPL-1.2 */
#include "replica.h"

#include <string.h>

/* Digests and rows: what does the other side have that we lack? */

uint64_t *toc_replica_has(struct toc_replica *replica, const struct toc_link *link, uint32_t log)
{
    return &replica->has[(size_t)link->place * replica->ledger->log_max + log];
}

/* The shared groups in the agreed order: control logs, then by id. Gives the check of their ids. */
struct shared_walk {
    uint32_t at;
};

static uint32_t next_shared(const struct toc_replica *replica, const struct toc_link *link,
                            struct shared_walk *walk)
{
    if (walk->at == 0) {
        walk->at = 1;
        return TOC_GROUP_CONTROL;
    }
    while (walk->at < replica->ledger->group_count) {
        uint32_t group = replica->ledger->order[walk->at++ - 1];
        if (toc_set_has(link->shared, group)) {
            return group;
        }
    }
    return TOC_LEDGER_NONE;
}

static void shared_check(const struct toc_replica *replica, const struct toc_link *link,
                         uint8_t out[static TOC_VTOP_CHECK_BYTES])
{
    struct toc_hasher hasher;
    uint8_t full[TOC_HASH_BYTES];
    toc_hasher_init(&hasher, TOC_CTX_H_MEMBERS);
    struct shared_walk walk = {0};
    for (uint32_t group; (group = next_shared(replica, link, &walk)) != TOC_LEDGER_NONE;) {
        toc_hasher_add(&hasher, toc_span(replica->ledger->groups[group].id, TOC_ID_BYTES));
    }
    toc_hasher_final(&hasher, full);
    memcpy(out, full, TOC_VTOP_CHECK_BYTES);
}

void toc_replica_vtop(struct toc_replica *replica, struct toc_turn *turn, struct toc_link *link)
{
    if (!link->hello_seen || !link->tags_seen ||
        toc_peer_waiting(&link->peer, TOC_CLASS_CONTROL) > TOC_CONTROL_WAITING_MAX) {
        return;
    }
    struct toc_buffer *buffer = toc_buffer_take(
        &replica->links->buffers,
        TOC_VTOP_CHECK_BYTES + (size_t)replica->ledger->group_count * TOC_DIGEST_BYTES);
    if (buffer == NULL) {
        return;
    }
    shared_check(replica, link, buffer->at);
    buffer->used = TOC_VTOP_CHECK_BYTES;
    struct shared_walk walk = {0};
    for (uint32_t group; (group = next_shared(replica, link, &walk)) != TOC_LEDGER_NONE;) {
        toc_ledger_digest(replica->ledger, group, buffer->at + buffer->used);
        buffer->used += TOC_DIGEST_BYTES;
    }
    if (toc_peer_queue(&link->peer, TOC_MSG_VTOP, TOC_CLASS_CONTROL, buffer)) {
        link->vtop_due = false;
        link->vtop_at = turn->now;
        replica->serves[link->place].compared = true;
    } else {
        toc_buffer_drop(&replica->links->buffers, buffer);
    }
}

/* Equal digests say that the peer has exactly what we have. */
static void note_equal(struct toc_replica *replica, const struct toc_link *link, uint32_t group)
{
    for (uint32_t log = replica->ledger->groups[group].first_log; log != TOC_LEDGER_NONE;
         log = replica->ledger->logs[log].next_in_group) {
        uint64_t *has = toc_replica_has(replica, link, log);
        uint64_t seq = replica->ledger->logs[log].head.seq;
        *has = *has > seq ? *has : seq;
    }
}

/* the sides mean different groups. Tags are on their way, or must go again; they will set
 * off the next comparison. */
static void mean_others(const struct toc_turn *turn, struct toc_link *link)
{
    if (turn->now.ms - link->tags_at.ms >= TOC_TAGS_MS_MIN) {
        link->tags_due = true;
    }
}

struct toc_err toc_replica_take_vtop(struct toc_replica *replica, struct toc_turn *turn,
                                     struct toc_link *link, struct toc_span body)
{
    if (body.len < TOC_VTOP_CHECK_BYTES + TOC_DIGEST_BYTES ||
        (body.len - TOC_VTOP_CHECK_BYTES) % TOC_DIGEST_BYTES != 0) {
        return toc_fail(TOC_MALFORMED, "a VTOP is not whole digests"); /* */
    }
    uint8_t check[TOC_VTOP_CHECK_BYTES];
    shared_check(replica, link, check);
    if (memcmp(check, body.at, sizeof check) != 0) {
        mean_others(turn, link);
        return toc_ok();
    }
    struct shared_walk walk = {0};
    const uint8_t *at = body.at + TOC_VTOP_CHECK_BYTES, *end = body.at + body.len;
    for (uint32_t group; (group = next_shared(replica, link, &walk)) != TOC_LEDGER_NONE && at < end;
         at += TOC_DIGEST_BYTES) {
        uint8_t ours[TOC_DIGEST_BYTES];
        toc_ledger_digest(replica->ledger, group, ours);
        if (memcmp(ours, at, TOC_DIGEST_BYTES) == 0) {
            note_equal(replica, link, group);
        } else {
            toc_set_put(link->rows_due, group, true);
            link->rows_waiting = true;
        }
    }
    return toc_ok();
}

/* Sends one message of rows from link->rows_log on, which is moved to where the next one begins. */
static bool send_rows(struct toc_replica *replica, struct toc_link *link, uint32_t group)
{
    uint8_t body[TOC_VROW_HEAD_BYTES + TOC_VROW_ROWS_MAX * TOC_ROW_BYTES];
    memcpy(body, replica->ledger->groups[group].id, TOC_ID_BYTES);
    size_t len = TOC_VROW_HEAD_BYTES;
    uint32_t log = link->rows_log;
    while (log != TOC_LEDGER_NONE && len + TOC_ROW_BYTES <= sizeof body) {
        const struct toc_ledger_log *at = &replica->ledger->logs[log];
        if (at->head.seq != 0) {
            struct toc_row row = {.seq = at->head.seq};
            memcpy(row.log, at->id, TOC_ID_BYTES);
            memcpy(row.hash, at->head.hash, TOC_HASH_BYTES);
            toc_row_encode(body + len, &row);
            len += TOC_ROW_BYTES;
        }
        log = at->next_in_group;
    }
    body[TOC_ID_BYTES] = log == TOC_LEDGER_NONE;
    if (!toc_link_say(replica->links, link, TOC_MSG_VROW, TOC_CLASS_CONTROL, toc_span(body, len))) {
        return false;
    }
    link->rows_log = log;
    return true;
}

/* Sends the rest of a group's rows; false when there is no room for all. */
static bool finish_rows(struct toc_replica *replica, struct toc_link *link, uint32_t group)
{
    if (link->rows_group != group || link->rows_log == TOC_LEDGER_NONE) {
        link->rows_group = group;
        link->rows_log = replica->ledger->groups[group].first_log;
    }
    do {
        if (toc_peer_waiting(&link->peer, TOC_CLASS_CONTROL) > TOC_CONTROL_WAITING_MAX ||
            !send_rows(replica, link, group)) {
            return false;
        }
    } while (link->rows_log != TOC_LEDGER_NONE);
    return true;
}

void toc_replica_rows(struct toc_replica *replica, struct toc_link *link)
{
    if (!link->rows_waiting) {
        return;
    }
    for (uint32_t group = 0; group < replica->ledger->group_count; group++) {
        if (!toc_set_has(link->rows_due, group)) {
            continue;
        }
        if (!finish_rows(replica, link, group)) {
            replica->more_work = true;
            return;
        }
        toc_set_put(link->rows_due, group, false);
    }
    link->rows_waiting = false;
}

/* Does the peer lack entries that it has not asked for? */
static bool is_behind(struct toc_replica *replica, const struct toc_link *link, uint32_t group)
{
    for (uint32_t log = replica->ledger->groups[group].first_log; log != TOC_LEDGER_NONE;
         log = replica->ledger->logs[log].next_in_group) {
        if (replica->ledger->logs[log].head.seq > *toc_replica_has(replica, link, log) &&
            !toc_replica_serves(replica, link, log)) {
            return true;
        }
    }
    return false;
}

/* The peer answered our VTOP with rows, so it has seen our digest and not our rows: where it is the
 * one that lacks something, it needs them to know what to ask for. Once for each VTOP of ours, so
 * that two nodes that cannot help each other fall silent. */
static void answer_rows(struct toc_replica *replica, struct toc_link *link, uint32_t group)
{
    struct toc_serves *serves = &replica->serves[link->place];
    if (serves->compared && is_behind(replica, link, group)) {
        serves->compared = false;
        toc_set_put(link->rows_due, group, true);
        link->rows_waiting = true;
    }
}

struct toc_err toc_replica_take_rows(struct toc_replica *replica, struct toc_turn *turn,
                                     struct toc_link *link, struct toc_span body)
{
    if (body.len < TOC_VROW_HEAD_BYTES || (body.len - TOC_VROW_HEAD_BYTES) % TOC_ROW_BYTES != 0 ||
        body.at[TOC_ID_BYTES] > 1) {
        return toc_fail(TOC_MALFORMED, "a VROW is not whole rows"); /* */
    }
    uint32_t group = toc_ledger_find_group(replica->ledger, body.at);
    if (group == TOC_LEDGER_NONE || !toc_set_has(link->shared, group)) {
        return toc_ok(); /* rows of a group that is not shared say nothing */
    }
    for (size_t at = TOC_VROW_HEAD_BYTES; at < body.len; at += TOC_ROW_BYTES) {
        struct toc_row row;
        toc_row_decode(&row, body.at + at);
        uint32_t log = toc_ledger_find_log(replica->ledger, row.log);
        if (log == TOC_LEDGER_NONE || replica->ledger->logs[log].group != group) {
            continue; /* of a node whose card has not come yet */
        }
        *toc_replica_has(replica, link, log) = row.seq;
        toc_replica_want(replica, turn, link, log, row.seq); /* no more than a hint */
    }
    if (body.at[TOC_ID_BYTES] == 1) {
        answer_rows(replica, link, group);
    }
    return toc_ok();
}
