/* SPDX-License-Identifier: EUPL-1.2 */
#include "feed_internal.h"

#include "ops.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Entries of one log in a row, before other logs have their turn. */
#define TURN_ENTRIES_MAX 1024u
/* Pause after a failure that may pass (no memory, no process). */
#define RETRY_S 1

/* rows: logs by id */

/* Where the row of this log stands or belongs; the mutex is held and the table has room. */
static struct toc_feed_row **slot_of(const struct toc_feed *feed, const uint8_t *log)
{
    size_t at = (size_t)toc_le64(log) & (feed->row_max - 1);
    while (feed->rows[at] != NULL && memcmp(feed->rows[at]->log.log, log, TOC_ID_BYTES) != 0) {
        at = (at + 1) & (feed->row_max - 1);
    }
    return &feed->rows[at];
}

/* The row of this log, if any of it was pushed; the mutex is held. */
static const struct toc_feed_row *find_row(const struct toc_feed *feed, const uint8_t *log)
{
    return feed->row_max == 0 ? NULL : *slot_of(feed, log);
}

static bool grow_rows(struct toc_feed *feed)
{
    if (feed->row_count * 2 < feed->row_max) {
        return true;
    }
    struct toc_feed_row **old = feed->rows;
    size_t old_max = feed->row_max;
    size_t max = old_max == 0 ? 64 : old_max * 2;
    struct toc_feed_row **grown = calloc(max, sizeof(struct toc_feed_row *));
    if (grown == NULL) {
        return false;
    }
    feed->rows = grown;
    feed->row_max = max;
    for (size_t i = 0; i < old_max; i++) {
        if (old[i] != NULL) {
            *slot_of(feed, old[i]->log.log) = old[i];
        }
    }
    free(old);
    return true;
}

static void enqueue(struct toc_feed *feed, struct toc_feed_row *row)
{
    if (!row->queued) {
        row->queued = true;
        row->next = NULL;
        *feed->last = row;
        feed->last = &row->next;
        pthread_cond_signal(&feed->work);
    }
}

void toc_feed_push(struct toc_feed *feed, const struct toc_feed_log *log)
{
    pthread_mutex_lock(&feed->mutex);
    struct toc_feed_row **slot = grow_rows(feed) ? slot_of(feed, log->log) : NULL;
    if (slot != NULL && *slot == NULL) {
        *slot = calloc(1, sizeof(**slot));
        if (*slot != NULL) {
            (*slot)->log = *log;
            feed->row_count++;
        }
    }
    if (slot != NULL && *slot != NULL) {
        struct toc_feed_row *row = *slot;
        row->log.seq = log->seq > row->log.seq ? log->seq : row->log.seq;
        enqueue(feed, row);
    } else {
        toc_say(TOC_LEVEL_ERROR, "out of memory: new entries are not shown until a restart");
    }
    pthread_mutex_unlock(&feed->mutex);
}

void toc_feed_push_late(struct toc_feed *feed, const uint8_t log[static TOC_ID_BYTES], uint64_t seq)
{
    pthread_mutex_lock(&feed->mutex);
    if (feed->late_count < TOC_FEED_LATE_MAX) {
        struct toc_feed_entry *entry = &feed->late[feed->late_count++];
        memcpy(entry->log, log, TOC_ID_BYTES);
        entry->seq = seq;
        pthread_cond_broadcast(&feed->work);
    }
    pthread_mutex_unlock(&feed->mutex);
}

void toc_feed_stat(struct toc_feed *feed, struct toc_feed_stat *stat)
{
    pthread_mutex_lock(&feed->mutex);
    *stat = feed->stat;
    stat->lag = 0;
    for (size_t i = 0; i < feed->row_max; i++) {
        const struct toc_feed_row *row = feed->rows[i];
        if (row != NULL && row->log.seq > row->done && (row->known || row->queued)) {
            stat->lag += row->log.seq - row->done;
        }
    }
    pthread_mutex_unlock(&feed->mutex);
}

/* one log */

/* Adds the entries of the walk up to `to`. */
static struct toc_err take_entries(struct toc_feed *feed, const struct toc_feed_log *log,
                                   struct toc_range_walk *walk, uint64_t to, uint64_t *next)
{
    struct toc_entry entry;
    while (*next <= to && !toc_feed_batch_full(feed->filling)) {
        struct toc_err err = toc_range_next(walk, &entry);
        if (err.code == TOC_ABSENT) {
            return toc_ok();
        }
        TOC_TRY(err);
        TOC_TRY(toc_feed_take(feed, log, &entry));
        *next = entry.header.seq + 1;
    }
    return toc_ok();
}

/* Walks the stored range that begins at `from`, adds entries up to `to` and reads their facts;
 * *next is the first that was not dealt with. */
static struct toc_err walk_range(struct toc_feed *feed, const struct toc_feed_log *log,
                                 uint64_t from, uint64_t to, uint64_t *next)
{
    *next = from;
    struct toc_load load = {
        .kind = TOC_LOAD_RANGE, .seq = from, .room = {feed->range, TOC_RANGE_BYTES_MAX}};
    memcpy(load.log, log->log, TOC_ID_BYTES);
    size_t len = 0;
    TOC_TRY(toc_store_load(feed->options.store, &load, &len));
    struct toc_range_walk walk;
    TOC_TRY(toc_range_open(&walk, toc_span(feed->range, len)));
    TOC_TRY(take_entries(feed, log, &walk, to, next));
    return toc_feed_read_facts(feed, log);
}

static bool is_stopping(struct toc_feed *feed)
{
    pthread_mutex_lock(&feed->mutex);
    bool stopping = feed->stopping;
    pthread_mutex_unlock(&feed->mutex);
    return stopping;
}

/* The index is empty again: every log goes through it from its first entry. */
static void begin_again(struct toc_feed *feed)
{
    pthread_mutex_lock(&feed->mutex);
    for (size_t i = 0; i < feed->row_max; i++) {
        struct toc_feed_row *row = feed->rows[i];
        if (row != NULL) {
            row->done = row->fed = 0;
            enqueue(feed, row);
        }
    }
    pthread_mutex_unlock(&feed->mutex);
}

/* Ends the batch that the writer has: its log is visible further, or is read again from there. */
static struct toc_err settle(struct toc_feed *feed)
{
    uint64_t seq = feed->writing == NULL ? 0 : feed->writing->job.reached.seq;
    struct toc_feed_row *row;
    struct toc_err err = toc_feed_take_back(feed, &row);
    if (err.code == TOC_CORRUPT) {
        begin_again(feed);
        return err;
    }
    if (row == NULL) {
        return err;
    }
    pthread_mutex_lock(&feed->mutex);
    if (toc_failed(err)) {
        row->fed = row->done;
        enqueue(feed, row);
    } else {
        row->done = seq;
    }
    pthread_mutex_unlock(&feed->mutex);
    if (!toc_failed(err)) {
        feed->options.indexed(feed->options.arg, row->log.log, seq);
    }
    return err;
}

/* Fills a batch with entries of the log from row->fed on; *next is the first that is not in it. */
static struct toc_err fill_batch(struct toc_feed *feed, const struct toc_feed_row *row,
                                 uint64_t until, uint64_t *next)
{
    uint64_t early = toc_feed_use_early(feed, row->log.log, row->fed, until);
    *next = (early == 0 ? row->fed : early) + 1;
    while (*next <= until && !toc_feed_batch_full(feed->filling)) {
        uint64_t from = *next;
        struct toc_err err = walk_range(feed, &row->log, from, until, next);
        if (toc_failed(err) || *next == from) {
            toc_feed_clear_batch(feed->filling);
            return toc_failed(err) ? err : toc_fail(TOC_CORRUPT, "a stored range is empty");
        }
    }
    return toc_ok();
}

/* Feeds a log until all that was pushed is with the writer, or its turn is over. */
static struct toc_err feed_log(struct toc_feed *feed, struct toc_feed_row *row, uint64_t to)
{
    if (!row->known) {
        struct toc_err err = toc_index_reached(feed->options.index, row->log.log, &row->done);
        /* A damaged cursor is found again when it is to be moved, and ends the index. */
        TOC_TRY(err.code == TOC_CORRUPT ? toc_ok() : err);
        row->fed = row->done;
        row->known = true;
    }
    uint64_t until = to > row->fed + TURN_ENTRIES_MAX ? row->fed + TURN_ENTRIES_MAX : to;
    while (row->fed < until && !is_stopping(feed)) {
        uint64_t next;
        TOC_TRY(fill_batch(feed, row, until, &next));
        struct toc_err err = settle(feed);
        if (toc_failed(err)) {
            toc_feed_clear_batch(feed->filling);
            return err;
        }
        toc_feed_hand_over(feed, &row->log, next - 1, row);
        row->fed = next - 1;
    }
    return toc_ok();
}

/* hidden entries, in memory alone, and unread ones: a start reads them again */

struct hidden_list {
    struct toc_feed_entry *at;
    size_t count, max;
};

static struct toc_err note_hidden(void *arg, const uint8_t *log, uint64_t seq)
{
    struct hidden_list *list = arg;
    if (list->count == list->max) {
        size_t max = list->max == 0 ? 64 : list->max * 2;
        struct toc_feed_entry *grown = realloc(list->at, max * sizeof(*grown));
        if (grown == NULL) {
            return toc_fail(TOC_FULL, "no memory for hidden bulletins");
        }
        list->at = grown;
        list->max = max;
    }
    memcpy(list->at[list->count].log, log, TOC_ID_BYTES);
    list->at[list->count++].seq = seq;
    return toc_ok();
}

/* Indexes one entry again, behind the cursor of its log. */
static struct toc_err feed_again(struct toc_feed *feed, const struct toc_feed_entry *entry)
{
    pthread_mutex_lock(&feed->mutex);
    const struct toc_feed_row *row = find_row(feed, entry->log);
    struct toc_feed_log log = {.seq = 0};
    if (row != NULL) {
        log = row->log;
    }
    pthread_mutex_unlock(&feed->mutex);
    if (row == NULL) {
        return toc_ok(); /* a log of nobody: nothing of it is shown */
    }
    uint64_t next;
    TOC_TRY(settle(feed));
    TOC_TRY(walk_range(feed, &log, entry->seq, entry->seq, &next));
    toc_feed_hand_over(feed, &log, entry->seq, NULL);
    return settle(feed);
}

static void feed_all_hidden(struct toc_feed *feed)
{
    struct hidden_list list = {.at = NULL};
    struct toc_err err = toc_index_each_hidden(feed->options.index, note_hidden, &list);
    for (size_t i = 0; !toc_failed(err) && i < list.count && !is_stopping(feed); i++) {
        err = feed_again(feed, &list.at[i]);
        toc_feed_clear_batch(feed->filling);
    }
    free(list.at);
    if (toc_failed(err) && !is_stopping(feed)) {
        toc_say(TOC_LEVEL_ERROR, "RED, AMBER+STRICT and unread bulletins are not read again: %s",
                err.why == NULL ? toc_code_text(err.code) : err.why);
    }
}

/* the thread */

/* A late entry that its log's cursor has passed, or of a log of which nothing is shown: if it is
 * once, the payload is there. late_count when there is none. Under the mutex. */
static size_t find_late(const struct toc_feed *feed)
{
    size_t i = 0;
    for (; i < feed->late_count; i++) {
        const struct toc_feed_row *row = find_row(feed, feed->late[i].log);
        if (row == NULL || (row->known && row->done >= feed->late[i].seq)) {
            break;
        }
    }
    return i;
}

static bool take_late(struct toc_feed *feed, struct toc_feed_entry *entry)
{
    size_t found = find_late(feed);
    if (found == feed->late_count) {
        return false;
    }
    *entry = feed->late[found];
    feed->late[found] = feed->late[--feed->late_count];
    return true;
}

/* The entries whose payloads came after their turn. */
static void feed_late(struct toc_feed *feed)
{
    struct toc_feed_entry entry;
    pthread_mutex_lock(&feed->mutex);
    while (!feed->stopping && take_late(feed, &entry)) {
        pthread_mutex_unlock(&feed->mutex);
        struct toc_err err = feed_again(feed, &entry);
        toc_feed_clear_batch(feed->filling);
        if (err.code == TOC_CORRUPT) {
            toc_say(TOC_LEVEL_ERROR, "indexing: %s", err.why); /* its log begins again */
        } else if (toc_failed(err)) {
            toc_say(TOC_LEVEL_ERROR, "a late payload is not shown until a restart: %s",
                    err.why == NULL ? toc_code_text(err.code) : err.why);
        } else {
            feed->options.indexed_late(feed->options.arg, entry.log, entry.seq);
        }
        pthread_mutex_lock(&feed->mutex);
    }
    pthread_mutex_unlock(&feed->mutex);
}

/* The next log with something to do; waits for one. NULL: stopping, or other work alone. */
static struct toc_feed_row *take_row(struct toc_feed *feed, struct toc_feed_log *log)
{
    pthread_mutex_lock(&feed->mutex);
    feed->idle = true;
    while (feed->first == NULL && find_late(feed) == feed->late_count && !feed->stopping &&
           feed->expected_len == 0) {
        pthread_cond_wait(&feed->work, &feed->mutex);
    }
    feed->idle = false;
    struct toc_feed_row *row = feed->stopping ? NULL : feed->first;
    if (row != NULL) {
        feed->first = row->next;
        if (feed->first == NULL) {
            feed->last = &feed->first;
        }
        row->queued = false;
        *log = row->log;
    }
    pthread_mutex_unlock(&feed->mutex);
    return row;
}

/* Is there something to read, while the writer is busy? */
static bool has_more(struct toc_feed *feed, const struct toc_feed_row *row)
{
    pthread_mutex_lock(&feed->mutex);
    bool more = feed->first != NULL || row->fed < row->log.seq;
    pthread_mutex_unlock(&feed->mutex);
    return more;
}

static void wait_begun(struct toc_feed *feed)
{
    pthread_mutex_lock(&feed->mutex);
    while (!feed->begun && !feed->stopping) {
        pthread_cond_wait(&feed->work, &feed->mutex);
    }
    pthread_mutex_unlock(&feed->mutex);
}

/* A damaged log waits for its next entry or a restart; other failures may pass. */
static void deal_with(struct toc_feed *feed, struct toc_feed_row *row, struct toc_err err)
{
    toc_say(TOC_LEVEL_ERROR, "indexing: %s", err.why == NULL ? toc_code_text(err.code) : err.why);
    if (toc_code_actor(err.code) == TOC_ACTOR_PEER || err.code == TOC_CORRUPT) {
        return;
    }
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += RETRY_S;
    pthread_mutex_lock(&feed->mutex);
    while (!feed->stopping &&
           pthread_cond_timedwait(&feed->work, &feed->mutex, &until) != ETIMEDOUT) {
    }
    enqueue(feed, row);
    pthread_mutex_unlock(&feed->mutex);
}

static void *run(void *arg)
{
    struct toc_feed *feed = arg;
    struct toc_feed_log log;
    struct toc_feed_row *row;
    wait_begun(feed);
    feed_all_hidden(feed);
    feed->options.ready(feed->options.arg);
    while (!is_stopping(feed)) {
        row = take_row(feed, &log);
        struct toc_err err = row == NULL ? toc_ok() : feed_log(feed, row, log.seq);
        if (!toc_failed(err) && (row == NULL || !has_more(feed, row))) {
            err = settle(feed);
        }
        feed_late(feed);
        toc_feed_read_early(feed);
        if (row == NULL || is_stopping(feed)) {
            continue;
        }
        if (toc_failed(err)) {
            deal_with(feed, row, err);
            continue;
        }
        pthread_mutex_lock(&feed->mutex);
        if (row->fed < row->log.seq) {
            enqueue(feed, row);
        }
        pthread_mutex_unlock(&feed->mutex);
    }
    struct toc_err ended = settle(feed);
    if (toc_failed(ended)) {
        toc_say(TOC_LEVEL_DEBUG, "indexing goes on after the next start");
    }
    return NULL;
}

static bool make_batches(struct toc_feed *feed)
{
    bool made = true;
    for (size_t i = 0; i < TOC_FEED_BATCHES; i++) {
        struct toc_feed_batch *batch = &feed->batches[i];
        batch->items = calloc(TOC_BATCH_ENTRIES_MAX, sizeof(*batch->items));
        batch->entries = calloc(TOC_BATCH_ENTRIES_MAX, sizeof(*batch->entries));
        made = made && batch->items != NULL && batch->entries != NULL;
    }
    feed->filling = &feed->batches[0];
    feed->spare = &feed->batches[1];
    feed->early.batch = &feed->batches[2];
    return made;
}

static void free_batches(struct toc_feed *feed)
{
    for (size_t i = 0; i < TOC_FEED_BATCHES; i++) {
        free(feed->batches[i].items);
        free(feed->batches[i].entries);
    }
}

struct toc_err toc_feed_start(struct toc_feed **feed, const struct toc_feed_options *options)
{
    struct toc_feed *made = calloc(1, sizeof(*made));
    if (made == NULL) {
        return toc_fail(TOC_FULL, "no memory for the feeder");
    }
    made->options = *options;
    made->last = &made->first;
    made->gifts_last = &made->gifts;
    pthread_mutex_init(&made->mutex, NULL);
    pthread_cond_init(&made->work, NULL);
    made->range = malloc(TOC_RANGE_BYTES_MAX);
    bool batches = make_batches(made);
    made->expected = malloc(TOC_FEED_EARLY_BYTES_MAX);
    made->late = calloc(TOC_FEED_LATE_MAX, sizeof(*made->late));
    struct toc_err err = toc_opener_new(&made->opener, options->store, options->store_key);
    bool started = !toc_failed(err) && made->range != NULL && made->expected != NULL && batches &&
                   made->late != NULL && pthread_create(&made->thread, NULL, run, made) == 0;
    if (!started) {
        toc_opener_free(made->opener);
        free(made->range);
        free(made->expected);
        free_batches(made);
        free(made->late);
        free(made);
        return toc_failed(err) ? err : toc_fail(TOC_FULL, "no thread for the feeder");
    }
    *feed = made;
    return toc_ok();
}

void toc_feed_begin(struct toc_feed *feed)
{
    pthread_mutex_lock(&feed->mutex);
    feed->begun = true;
    pthread_cond_broadcast(&feed->work);
    pthread_mutex_unlock(&feed->mutex);
}

void toc_feed_stop(struct toc_feed *feed)
{
    if (feed == NULL) {
        return;
    }
    pthread_mutex_lock(&feed->mutex);
    feed->stopping = true;
    pthread_cond_broadcast(&feed->work);
    pthread_mutex_unlock(&feed->mutex);
    pthread_join(feed->thread, NULL);
    toc_feed_clear_batch(feed->filling);
    toc_feed_clear_batch(feed->early.batch);
    toc_feed_drop_given(feed);
    for (size_t i = 0; i < feed->row_max; i++) {
        free(feed->rows[i]);
    }
    free(feed->rows);
    toc_opener_free(feed->opener);
    free(feed->range);
    free(feed->expected);
    free_batches(feed);
    free(feed->late);
    pthread_mutex_destroy(&feed->mutex);
    pthread_cond_destroy(&feed->work);
    free(feed);
}
