/* SPDX-License-Identifier: EUPL-1.2 */
#include "replica.h"

#include <string.h>

/* A proved range meets the head of its log, and goes to the store with what follows from it: notes
 * of payloads that did not come along, cards. */

#define HOUR_MS 3600000u

static unsigned count_bits(uint64_t bits)
{
    unsigned count = 0;
    for (; bits != 0; bits &= bits - 1) {
        count++;
    }
    return count;
}

/* Bits of the entries that are new and came without payload. */
static uint64_t missing_bits(const struct toc_waiting *waiting, const struct toc_log_head *head)
{
    uint64_t known = head->seq + 1 - waiting->info.first_seq; /* at most 63: STALE otherwise */
    return waiting->proof.detached >> known << known;
}

/* Payloads that did not come with their headers are written down with them, and fetched later. */
static void note_missing(struct toc_replica *replica, struct toc_job *job,
                         const struct toc_waiting *waiting, uint64_t bits,
                         struct toc_buffer *values)
{
    struct toc_range_walk walk;
    struct toc_entry entry;
    struct toc_err err = toc_range_open(&walk, waiting->range);
    TOC_ASSERT(!toc_failed(err)); /* the check has walked it */
    for (unsigned i = 0; !toc_failed(toc_range_next(&walk, &entry)); i++) {
        if ((bits >> i & 1) == 0) {
            continue;
        }
        struct toc_missing missing = {.log = waiting->log,
                                      .seq = entry.header.seq,
                                      .payload_bytes = entry.header.payload_bytes};
        memcpy(missing.hash, entry.header.payload_hash, TOC_HASH_BYTES);
        toc_replica_miss(replica, &missing);
        uint8_t key[TOC_ID_BYTES + 8], *value = values->at + values->used;
        memcpy(key, entry.header.log, TOC_ID_BYTES);
        toc_put_be64(key + TOC_ID_BYTES, missing.seq);
        size_t len = toc_missing_encode(value, &missing);
        values->used += (uint32_t)len;
        toc_job_record(job, 'P', toc_span(key, sizeof key), toc_span(value, len));
    }
}

/* what verifies and is newer is in force at once; only that is ever written to table C, so
 * that nobody can replace a card by an older one, or by one that is not its organisation's. */
static void take_cards(struct toc_replica *replica, struct toc_job *job,
                       const struct toc_waiting *waiting)
{
    struct toc_range_walk walk;
    struct toc_entry entry;
    struct toc_card card;
    struct toc_err err = toc_range_open(&walk, waiting->range);
    TOC_ASSERT(!toc_failed(err));
    for (unsigned i = 0; !toc_failed(toc_range_next(&walk, &entry)); i++) {
        if ((waiting->cards >> i & 1) == 0 || toc_failed(toc_card_decode(&card, entry.payload))) {
            continue;
        }
        /* Whatever fails, only what is in force now is written. */
        err = toc_replica_take_card(replica, &card);
        const struct toc_card *held = toc_directory_card(replica->ledger->directory, card.id);
        replica->cards_changed = true;
        if (held != NULL && memcmp(held->hash, card.hash, TOC_HASH_BYTES) == 0) {
            toc_links_redial(replica->links, card.id); /* perhaps it has another address */
            toc_job_record(job, 'C', toc_span(card.id, TOC_ID_BYTES), entry.payload);
        }
    }
}

bool toc_replica_may_alert(struct toc_replica *replica, const struct toc_turn *turn,
                           uint32_t org_place, size_t bytes)
{
    struct toc_alerts *used = &replica->alerts[org_place];
    uint64_t now = turn->now.ms;
    uint64_t count_ms = used->count_ms > now ? used->count_ms : now;
    uint64_t bytes_ms = used->bytes_ms > now ? used->bytes_ms : now;
    count_ms += HOUR_MS / TOC_ALERTS_HOUR;
    bytes_ms += bytes * HOUR_MS / TOC_ALERT_BYTES_HOUR;
    if (count_ms - now > HOUR_MS || bytes_ms - now > HOUR_MS) {
        return false;
    }
    *used = (struct toc_alerts){count_ms, bytes_ms};
    return true;
}

/* an alert of long ago was caught up with, however it came: it cries out to nobody, and
 * uses up nothing of what its author may. The time is that of most peers: ours may be wrong. */
static bool is_fresh(const struct toc_replica *replica, const struct toc_turn *turn,
                     uint64_t utc_ms)
{
    int64_t now_ms = (int64_t)turn->now_utc.ms + toc_links_clock_offset(replica->links);
    return (int64_t)utc_ms + (int64_t)TOC_ALERT_FRESH_MS >= now_ms;
}

/* what exceeds a frame never uses the alert class; of that the header alone goes before. */
static void set_class(struct toc_replica *replica, const struct toc_turn *turn,
                      const struct toc_waiting *waiting, struct toc_job *job)
{
    uint32_t org = replica->ledger->logs[waiting->log].org_place;
    size_t bytes = waiting->range.len;
    bool fits = bytes <= TOC_FRAME_BODY_BYTES_MAX;
    bool alert = waiting->live && waiting->proof.info.count == 1 && waiting->proof.alerts != 0 &&
                 is_fresh(replica, turn, waiting->proof.utc_ms[0]);
    job->alert =
        alert && toc_replica_may_alert(replica, turn, org, fits ? bytes : TOC_BARE_BYTES_MAX);
    job->class = !waiting->live       ? TOC_CLASS_BULK
                 : job->alert && fits ? TOC_CLASS_ALERT
                                      : TOC_CLASS_LIVE;
}

/* The job with the range as its first op and room for the others; NULL without room. */
static struct toc_job *make_job(struct toc_replica *replica, const struct toc_turn *turn,
                                struct toc_waiting *waiting, const struct toc_log_head *after,
                                size_t op_count)
{
    struct toc_job *job = toc_job_take(replica, TOC_JOB_RANGE);
    if (job == NULL) {
        return NULL;
    }
    if (!toc_job_reserve(replica, job, op_count)) {
        toc_job_cancel(replica, job);
        return NULL;
    }
    struct toc_store_op *op = toc_job_op(job, TOC_STORE_RANGE);
    memcpy(op->log, replica->ledger->logs[waiting->log].id, TOC_ID_BYTES);
    op->bytes = waiting->range;
    op->head = *after;
    job->log = waiting->log;
    job->link = waiting->link;
    job->bytes = (uint32_t)waiting->range.len;
    job->charged = waiting->charged;
    job->live = waiting->live;
    set_class(replica, turn, waiting, job);
    toc_buffer_hold(waiting->buffer);
    toc_job_keep(job, waiting->buffer);
    return job;
}

static struct toc_err compare(const struct toc_waiting *waiting, const struct toc_ledger_log *log,
                              struct toc_log_head *after)
{
    struct toc_err err = toc_range_apply(&waiting->proof, &log->checked, after);
    /* the range is signed and stands where it belongs, and still follows another entry
     * than ours. */
    if (err.code == TOC_CHAIN && waiting->info.first_seq == log->checked.seq + 1) {
        return toc_fail(TOC_FORK, "a signed range follows another history");
    }
    return err;
}

struct toc_err toc_replica_apply(struct toc_replica *replica, struct toc_turn *turn,
                                 struct toc_waiting *waiting)
{
    struct toc_ledger_log *log = &replica->ledger->logs[waiting->log];
    struct toc_log_head after;
    struct toc_err err = compare(waiting, log, &after);
    if (err.code == TOC_STALE) {
        return toc_ok();
    }
    TOC_TRY(err);
    uint64_t missing = missing_bits(waiting, &log->checked);
    unsigned missing_count = count_bits(missing);
    if (!toc_replica_may_miss(replica, waiting->log, missing_count)) {
        return toc_fail(TOC_FULL, "too many payloads are missing"); /* */
    }
    struct toc_job *job =
        make_job(replica, turn, waiting, &after, 1 + missing_count + count_bits(waiting->cards));
    struct toc_buffer *values =
        job == NULL || missing == 0
            ? NULL
            : toc_buffer_take(&replica->links->buffers, missing_count * TOC_MISSING_VALUE_BYTES);
    if (job == NULL || (missing != 0 && values == NULL)) {
        if (job != NULL) {
            toc_job_cancel(replica, job);
        }
        return toc_fail(TOC_FULL, "no room for a store");
    }
    if (values != NULL) {
        toc_job_keep(job, values);
        note_missing(replica, job, waiting, missing, values);
        toc_replica_wake(replica, turn->now.ms); /* to fetch them */
    }
    if (waiting->cards != 0) {
        take_cards(replica, job, waiting);
    }
    log->checked = after;
    waiting->handed = true;
    if (toc_replica_is_own(replica, log)) {
        replica->own_heard = turn->now;
    }
    if (log->wanted_to > log->asked_to) {
        toc_plan_enqueue(replica, waiting->log); /* what lay too far ahead */
    }
    toc_job_submit(replica, turn, job);
    return toc_ok();
}
