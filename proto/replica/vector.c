/* SPDX-License-Identifier: EUPL-1.2 */
#include "replica.h"

#include <string.h>

/* Digests, buckets and rows: what does the other side have that we lack? */

/* Microseconds: 64 derivations, and so many row hashes in one.. */
#define BUCKETS_US 40u
#define BUCKET_LOGS_US 2u

static struct toc_compare *compare_of(struct toc_replica *replica, const struct toc_link *link)
{
    return &replica->compares[link->place];
}

static bool in_buckets(uint64_t buckets, const struct toc_ledger_log *log)
{
    return (buckets >> toc_bucket_of(log->id) & 1) != 0;
}

uint64_t *toc_replica_has(struct toc_replica *replica, const struct toc_link *link, uint32_t log)
{
    return &replica->has[(size_t)link->place * replica->ledger->log_max + log];
}

/* The shared groups in the agreed order: control logs, then by id. */
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

/* Gives how many groups there are. */
static size_t shared_check(const struct toc_replica *replica, const struct toc_link *link,
                           uint8_t out[static TOC_VTOP_CHECK_BYTES])
{
    size_t count = 0;
    struct toc_hasher hasher;
    uint8_t full[TOC_HASH_BYTES];
    toc_hasher_init(&hasher, TOC_CTX_H_MEMBERS);
    struct shared_walk walk = {0};
    for (uint32_t group; (group = next_shared(replica, link, &walk)) != TOC_LEDGER_NONE;) {
        toc_hasher_add(&hasher, toc_span(replica->ledger->groups[group].id, TOC_ID_BYTES));
        count++;
    }
    toc_hasher_final(&hasher, full);
    memcpy(out, full, TOC_VTOP_CHECK_BYTES);
    return count;
}

/* an answer to what we have said is never futile, though what differed may have come by
 * another way meanwhile. */

static uint8_t *awaited(struct toc_replica *replica, const struct toc_link *link, uint32_t group)
{
    return &replica->awaited[(size_t)link->place * replica->ledger->group_max + group];
}

/* What has just gone out may be answered once. */
static void await(struct toc_replica *replica, const struct toc_link *link, uint32_t group)
{
    uint8_t *count = awaited(replica, link, group);
    *count = (uint8_t)(*count + (*count < TOC_AWAITED_MAX));
}

/* One answer has come: was it asked for? */
static bool was_awaited(struct toc_replica *replica, const struct toc_link *link, uint32_t group)
{
    uint8_t *count = awaited(replica, link, group);
    if (*count == 0) {
        return false;
    }
    (*count)--;
    return true;
}

static void await_all(struct toc_replica *replica, const struct toc_link *link)
{
    struct shared_walk walk = {0};
    for (uint32_t group; (group = next_shared(replica, link, &walk)) != TOC_LEDGER_NONE;) {
        await(replica, link, group);
    }
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
        memcpy(compare_of(replica, link)->asked, link->shared, TOC_GROUP_SET_BYTES);
        await_all(replica, link);
    } else {
        toc_buffer_drop(&replica->links->buffers, buffer);
    }
}

/* Equal digests say that the peer has exactly what we have, in these buckets. */
static void note_equal(struct toc_replica *replica, const struct toc_link *link, uint32_t group,
                       uint64_t buckets)
{
    for (uint32_t log = replica->ledger->groups[group].first_log; log != TOC_LEDGER_NONE;
         log = replica->ledger->logs[log].next_in_group) {
        const struct toc_ledger_log *at = &replica->ledger->logs[log];
        uint64_t *has = toc_replica_has(replica, link, log);
        if (in_buckets(buckets, at) && *has < at->head.seq) {
            *has = at->head.seq;
        }
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

static uint64_t *rows_due(struct toc_replica *replica, const struct toc_link *link, uint32_t group)
{
    return &replica->rows_due[(size_t)link->place * replica->ledger->group_max + group];
}

/* Rows of these buckets are to go out. Where some are going already, it begins anew. */
static void owe_rows(struct toc_replica *replica, struct toc_link *link, uint32_t group,
                     uint64_t buckets)
{
    struct toc_compare *compare = compare_of(replica, link);
    uint64_t *due = rows_due(replica, link, group);
    if ((*due | buckets) != *due && compare->rows_group == group) {
        compare->rows_log = TOC_LEDGER_NONE;
    }
    *due |= buckets;
    compare->rows.due = link->answers_due = true;
}

/* how an unequal digest is answered. */
static void differs(struct toc_replica *replica, struct toc_link *link, uint32_t group)
{
    struct toc_compare *compare = compare_of(replica, link);
    if (replica->ledger->groups[group].digest.count <= TOC_VROW_FEW) {
        owe_rows(replica, link, group, TOC_BUCKETS_ALL);
    } else {
        toc_set_put(compare->buckets_due, group, true);
        compare->buckets.due = link->answers_due = true;
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
    size_t count = shared_check(replica, link, check);
    if (memcmp(check, body.at, sizeof check) != 0) {
        mean_others(turn, link);
        return toc_ok();
    }
    if (body.len != TOC_VTOP_CHECK_BYTES + count * TOC_DIGEST_BYTES) {
        return toc_fail(TOC_MALFORMED, "a VTOP is of other groups than it says"); /* */
    }
    struct toc_compare *compare = compare_of(replica, link);
    struct shared_walk walk = {0};
    bool equal = true;
    const uint8_t *at = body.at + TOC_VTOP_CHECK_BYTES;
    for (uint32_t group; (group = next_shared(replica, link, &walk)) != TOC_LEDGER_NONE;
         at += TOC_DIGEST_BYTES) {
        uint8_t ours[TOC_DIGEST_BYTES];
        toc_ledger_digest(replica->ledger, group, ours);
        if (memcmp(ours, at, TOC_DIGEST_BYTES) == 0) {
            note_equal(replica, link, group, TOC_BUCKETS_ALL);
        } else {
            differs(replica, link, group);
            equal = false;
        }
    }
    /* what the peer has just said needs not be said back within the minute, unless it
     * cannot know yet that all is well again. */
    if (equal) {
        link->vtop_due = link->vtop_due || compare->differed;
        link->vtop_at = link->vtop_due ? link->vtop_at : turn->now;
    }
    compare->differed = !equal;
    return toc_ok();
}

/* buckets cost a hash for each log. */
static void make_buckets(struct toc_replica *replica, const struct toc_turn *turn,
                         struct toc_link *link, uint32_t group, uint8_t *out)
{
    uint32_t logs = replica->ledger->groups[group].log_count;
    toc_replica_charge(turn, link, BUCKETS_US + logs / BUCKET_LOGS_US);
    toc_ledger_buckets(replica->ledger, group, out);
}

struct toc_err toc_replica_take_vbkt(struct toc_replica *replica, struct toc_turn *turn,
                                     struct toc_link *link, struct toc_span body)
{
    if (body.len != TOC_VBKT_BYTES) {
        return toc_fail(TOC_MALFORMED, "a VBKT is not the digests of 64 buckets"); /* */
    }
    uint32_t group = toc_ledger_find_group(replica->ledger, body.at);
    if (group == TOC_LEDGER_NONE || !toc_set_has(link->shared, group)) {
        return toc_ok(); /* of a group that is not shared it says nothing */
    }
    uint8_t ours[TOC_BUCKETS * TOC_DIGEST_BYTES];
    make_buckets(replica, turn, link, group, ours);
    uint64_t unequal = 0;
    for (uint32_t i = 0; i < TOC_BUCKETS; i++) {
        size_t at = (size_t)i * TOC_DIGEST_BYTES;
        bool same = memcmp(ours + at, body.at + TOC_ID_BYTES + at, TOC_DIGEST_BYTES) == 0;
        unequal |= (uint64_t)!same << i;
    }
    note_equal(replica, link, group, ~unequal);
    bool known = unequal == 0 || *rows_due(replica, link, group) != 0;
    bool futile = !was_awaited(replica, link, group) && known;
    if (unequal != 0) {
        owe_rows(replica, link, group, unequal);
    }
    return futile ? toc_replica_futile(link, toc_fail(TOC_LIMIT, "too many digests for nothing"))
                  : toc_ok(); /* */
}

/* Sends one message of rows from compare->rows_log on, which is moved to where the next begins. */
static bool send_rows(struct toc_replica *replica, struct toc_link *link, uint32_t group)
{
    struct toc_compare *compare = compare_of(replica, link);
    uint8_t body[TOC_VROW_HEAD_BYTES + TOC_VROW_ROWS_MAX * TOC_ROW_BYTES];
    struct toc_vrow vrow = {.buckets = *rows_due(replica, link, group)};
    size_t len = TOC_VROW_HEAD_BYTES;
    uint32_t log = compare->rows_log;
    while (log != TOC_LEDGER_NONE && len + TOC_ROW_BYTES <= sizeof body) {
        const struct toc_ledger_log *at = &replica->ledger->logs[log];
        if (at->head.seq != 0 && in_buckets(vrow.buckets, at)) {
            struct toc_row row = {.seq = at->head.seq};
            memcpy(row.log, at->id, TOC_ID_BYTES);
            memcpy(row.hash, at->head.hash, TOC_HASH_BYTES);
            toc_row_encode(body + len, &row);
            len += TOC_ROW_BYTES;
        }
        log = at->next_in_group;
    }
    vrow.last = log == TOC_LEDGER_NONE;
    memcpy(vrow.group, replica->ledger->groups[group].id, TOC_ID_BYTES);
    toc_vrow_encode_head(body, &vrow);
    if (!toc_link_say(replica->links, link, TOC_MSG_VROW, TOC_CLASS_CONTROL, toc_span(body, len))) {
        return false;
    }
    compare->rows_log = log;
    return true;
}

static bool has_room(const struct toc_link *link)
{
    return toc_peer_waiting(&link->peer, TOC_CLASS_CONTROL) <= TOC_CONTROL_WAITING_MAX;
}

/* Sends the rest of a group's rows; false when there is no room for all. */
static bool finish_rows(struct toc_replica *replica, struct toc_link *link, uint32_t group)
{
    struct toc_compare *compare = compare_of(replica, link);
    if (compare->rows_group != group || compare->rows_log == TOC_LEDGER_NONE) {
        compare->rows_group = group;
        compare->rows_log = replica->ledger->groups[group].first_log;
    }
    do {
        if (!has_room(link) || !send_rows(replica, link, group)) {
            return false;
        }
    } while (compare->rows_log != TOC_LEDGER_NONE);
    *rows_due(replica, link, group) = 0;
    await(replica, link, group);
    toc_set_put(compare->asked, group, false); /* told: the peer's answer needs no further one */
    return true;
}

static bool all_rows(struct toc_replica *replica, struct toc_turn *turn, struct toc_link *link)
{
    (void)turn;
    for (uint32_t group = 0; group < replica->ledger->group_count; group++) {
        if (*rows_due(replica, link, group) != 0 && !finish_rows(replica, link, group)) {
            return false;
        }
    }
    return true;
}

static bool all_buckets(struct toc_replica *replica, struct toc_turn *turn, struct toc_link *link)
{
    struct toc_compare *compare = compare_of(replica, link);
    for (uint32_t group = 0; group < replica->ledger->group_count; group++) {
        if (!toc_set_has(compare->buckets_due, group)) {
            continue;
        }
        uint8_t body[TOC_VBKT_BYTES];
        if (!has_room(link)) {
            return false;
        }
        memcpy(body, replica->ledger->groups[group].id, TOC_ID_BYTES);
        make_buckets(replica, turn, link, group, body + TOC_ID_BYTES);
        if (!toc_link_say(replica->links, link, TOC_MSG_VBKT, TOC_CLASS_CONTROL,
                          toc_span(body, sizeof body))) {
            return false;
        }
        toc_set_put(compare->buckets_due, group, false);
        toc_set_put(compare->asked, group, true);
        await(replica, link, group);
    }
    return true;
}

/* one kind of answers, at its pace. */
static void answer(struct toc_replica *replica, struct toc_turn *turn, struct toc_link *link,
                   struct toc_answers *answers,
                   bool (*say)(struct toc_replica *, struct toc_turn *, struct toc_link *))
{
    if (!answers->due) {
        return;
    }
    uint64_t pause = answers->flowed ? TOC_VTOP_MS_MIN : answers->pause_ms;
    if (!answers->going && turn->now.ms - answers->at.ms < pause) {
        toc_replica_wake(replica, answers->at.ms + pause);
        return;
    }
    answers->going = !say(replica, turn, link);
    if (answers->going) {
        replica->more_work = true;
        return;
    }
    pause = answers->flowed || pause == 0 ? TOC_VTOP_MS_MIN : 2 * pause;
    *answers = (struct toc_answers){.at = turn->now,
                                    .pause_ms = pause < TOC_VTOP_MS ? pause : TOC_VTOP_MS};
}

void toc_replica_compare(struct toc_replica *replica, struct toc_turn *turn, struct toc_link *link)
{
    struct toc_compare *compare = compare_of(replica, link);
    answer(replica, turn, link, &compare->rows, all_rows);
    answer(replica, turn, link, &compare->buckets, all_buckets);
    link->answers_due = compare->rows.due || compare->buckets.due;
}

void toc_replica_flows(struct toc_replica *replica, const struct toc_link *link)
{
    struct toc_compare *compare = compare_of(replica, link);
    compare->rows.flowed = compare->buckets.flowed = true;
}

/* Does the peer lack entries of these buckets that it has not asked for? */
static bool is_behind(struct toc_replica *replica, const struct toc_link *link, uint32_t group,
                      uint64_t buckets)
{
    for (uint32_t log = replica->ledger->groups[group].first_log; log != TOC_LEDGER_NONE;
         log = replica->ledger->logs[log].next_in_group) {
        const struct toc_ledger_log *at = &replica->ledger->logs[log];
        if (in_buckets(buckets, at) && at->head.seq > *toc_replica_has(replica, link, log) &&
            !toc_replica_serves(replica, link, log)) {
            return true;
        }
    }
    return false;
}

/* The last rows of an answer: the peer has seen our digests and perhaps not our rows; where it is
 * the one that lacks something, it needs them to know what to ask for. Once for each VTOP or VBKT
 * of ours, so that two nodes that cannot help each other fall silent.. */
static struct toc_err rows_end(struct toc_replica *replica, struct toc_link *link, uint32_t group,
                               uint64_t buckets)
{
    struct toc_compare *compare = compare_of(replica, link);
    bool futile = !was_awaited(replica, link, group) && !compare->told;
    compare->rows_heard = 0;
    compare->told = false;
    if (toc_set_has(compare->asked, group)) {
        toc_set_put(compare->asked, group, false);
        if (is_behind(replica, link, group, buckets)) {
            owe_rows(replica, link, group, buckets);
        }
    }
    return futile ? toc_replica_futile(link, toc_fail(TOC_LIMIT, "too many rows for nothing"))
                  : toc_ok();
}

struct toc_err toc_replica_take_rows(struct toc_replica *replica, struct toc_turn *turn,
                                     struct toc_link *link, struct toc_span body)
{
    struct toc_vrow vrow;
    TOC_TRY(toc_vrow_decode(&vrow, body));
    struct toc_compare *compare = compare_of(replica, link);
    uint32_t group = toc_ledger_find_group(replica->ledger, vrow.group);
    uint32_t count = (uint32_t)(vrow.rows.len / TOC_ROW_BYTES);
    toc_replica_charge(turn, link, 1 + count);
    compare->rows_heard += count + 1; /* one without rows must not come for ever either */
    if (compare->rows_heard > TOC_ROWS_HEARD_MAX) {
        return toc_fail(TOC_LIMIT, "rows without end"); /* */
    }
    if (group == TOC_LEDGER_NONE || !toc_set_has(link->shared, group)) {
        return toc_ok(); /* rows of a group that is not shared say nothing */
    }
    for (size_t at = 0; at < vrow.rows.len; at += TOC_ROW_BYTES) {
        struct toc_row row;
        toc_row_decode(&row, vrow.rows.at + at);
        uint32_t log = toc_ledger_find_log(replica->ledger, row.log);
        if (log == TOC_LEDGER_NONE || replica->ledger->logs[log].group != group) {
            continue; /* of a node whose card has not come yet */
        }
        uint64_t *has = toc_replica_has(replica, link, log);
        compare->told = compare->told || *has != row.seq;
        *has = row.seq;
        toc_replica_want(replica, turn, link, log, row.seq); /* no more than a hint */
    }
    return vrow.last ? rows_end(replica, link, group, vrow.buckets) : toc_ok();
}
