/* SPDX-License-Identifier: EUPL-1.2 */
#include "writer.h"

#include "ops.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* After a full disk the store is tried again so often; promise: it resumes within 5 s. */
#define RETRY_MS 1000u
/* Reader slots of dead processes are cleared so often (2-architecture.md). */
#define SWEEP_MS 60000u
/* Without work for so long, the disk follows the index: longer than the pauses of a burst, so that
 * an entry that is waited for seldom comes behind that commit. */
#define QUIET_MS 20u

struct toc_writer_thread {
    struct toc_writer_options options;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t work, indexed;
    struct toc_store_job *first, **last; /* waiting */
    struct toc_index_job *index;         /* waiting */
    bool stopping;
    bool full;
    bool is_damaged; /* the index, as a commit without a batch has found */
    uint64_t swept_ms;
};

/* transactions */

/* Is this a refusal of one job alone? See toc_store_apply. */
static bool is_refusal(struct toc_err err)
{
    return err.code == TOC_CHAIN || err.code == TOC_MALFORMED || err.code == TOC_TRUNCATED ||
           err.code == TOC_VERSION || err.code == TOC_LIMIT;
}

/* Puts every job of the list into one transaction and commits it. The outcome of each stands in its
 * err; the result is the transaction's own failure. */
static struct toc_err commit_jobs(struct toc_writer_thread *writer, struct toc_store_job *jobs)
{
    struct toc_store_txn *txn;
    TOC_TRY(toc_store_begin(writer->options.store, &txn));
    for (struct toc_store_job *job = jobs; job != NULL; job = job->next) {
        job->err = toc_store_apply(txn, job->ops, job->op_count);
        if (toc_failed(job->err) && !is_refusal(job->err)) {
            break; /* the commit gives it again */
        }
    }
    return toc_store_commit(txn);
}

/* Puts the batch, or what is ahead of the disk when there is none, into one transaction and commits
 * it. Fails: CORRUPT with *is_damaged: not the store, the index does not decode. */
static struct toc_err commit_index(struct toc_writer_thread *writer,
                                   const struct toc_index_job *job, bool *is_damaged)
{
    struct toc_store_txn *txn;
    *is_damaged = false;
    TOC_TRY(toc_store_begin(writer->options.store, &txn));
    struct toc_db_txn *db = toc_store_txn_db(txn);
    toc_index_follow(writer->options.index, db);
    if (job != NULL) {
        toc_db_fail(db, toc_index_apply(writer->options.index, db, job->entries, job->entry_count));
        toc_index_advance(writer->options.index, db, job->reached.log, job->reached.seq);
    }
    *is_damaged = toc_db_failure(db).code == TOC_CORRUPT;
    return toc_store_commit(txn);
}

/* The index is made from the entries: what does not decode in it is thrown away. */
static struct toc_err commit_empty_index(struct toc_writer_thread *writer)
{
    struct toc_store_txn *txn;
    TOC_TRY(toc_store_begin(writer->options.store, &txn));
    toc_index_clear(writer->options.index, toc_store_txn_db(txn));
    return toc_store_commit(txn);
}

/* failures */

static bool is_stopping(struct toc_writer_thread *writer)
{
    pthread_mutex_lock(&writer->mutex);
    bool stopping = writer->stopping;
    pthread_mutex_unlock(&writer->mutex);
    return stopping;
}

static void set_full(struct toc_writer_thread *writer, bool full)
{
    if (writer->full != full) {
        writer->full = full;
        writer->options.blocked(writer->options.arg, full);
    }
}

static struct timespec in_ms(uint64_t ms)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += (time_t)(ms / 1000);
    at.tv_nsec += (long)(ms % 1000) * 1000000;
    if (at.tv_nsec >= 1000000000) {
        at.tv_sec++;
        at.tv_nsec -= 1000000000;
    }
    return at;
}

/* Waits before the next attempt; a stop ends the wait. */
static void pause_writing(struct toc_writer_thread *writer)
{
    struct timespec until = in_ms(RETRY_MS);
    pthread_mutex_lock(&writer->mutex);
    while (!writer->stopping &&
           pthread_cond_timedwait(&writer->work, &writer->mutex, &until) != ETIMEDOUT) {
    }
    pthread_mutex_unlock(&writer->mutex);
}

/*
 * After a failed commit nothing is acknowledged until the store has been opened again and the same
 * jobs are durable: jobs may be repeated, since what is stored already is passed over. A full disk
 * is waited for; any other failure twice in a row is the end. Gives whether to try again.
 */
static bool recover(struct toc_writer_thread *writer, struct toc_err err, unsigned attempt)
{
    if (err.code == TOC_DISK_FULL) {
        set_full(writer, true);
        pause_writing(writer);
    } else if (attempt > 0) {
        writer->options.broken(writer->options.arg, err);
        return false;
    }
    if (is_stopping(writer)) {
        return false;
    }
    if (toc_db_broken(toc_store_db(writer->options.store))) {
        struct toc_err reopened = toc_store_reopen(writer->options.store);
        if (toc_failed(reopened) && reopened.code != TOC_DISK_FULL) {
            writer->options.broken(writer->options.arg, reopened);
            return false;
        }
    }
    return true;
}

/* the thread */

/* Takes at most TOC_STORE_JOBS_MAX waiting jobs off the queue; the mutex is held. */
static struct toc_store_job *take_jobs(struct toc_writer_thread *writer)
{
    struct toc_store_job *jobs = writer->first;
    struct toc_store_job **end = &writer->first;
    for (size_t i = 0; i < TOC_STORE_JOBS_MAX && *end != NULL; i++) {
        end = &(*end)->next;
    }
    writer->first = *end;
    *end = NULL;
    if (writer->first == NULL) {
        writer->last = &writer->first;
    }
    return jobs;
}

#ifdef TOC_CONTROL_ACK_EARLY
/* Positive control of the durability tests: a node that acknowledges first and writes later, with a
 * gap wide enough for a kill to fall into. What is written is a copy, since the acknowledged job's
 * memory is the core's again. */
static struct toc_store_job *copy_jobs(const struct toc_store_job *jobs)
{
    struct toc_store_job *copies = NULL, **end = &copies;
    for (; jobs != NULL; jobs = jobs->next) {
        struct toc_store_job *copy = calloc(1, sizeof(*copy));
        struct toc_store_op *ops = calloc(jobs->op_count, sizeof(*ops));
        TOC_ASSERT(copy != NULL && ops != NULL);
        for (size_t i = 0; i < jobs->op_count; i++) {
            ops[i] = jobs->ops[i];
            uint8_t *bytes = malloc(ops[i].bytes.len + 1);
            TOC_ASSERT(bytes != NULL);
            memcpy(bytes, ops[i].bytes.at, ops[i].bytes.len);
            ops[i].bytes.at = bytes;
        }
        *copy = (struct toc_store_job){.ops = ops, .op_count = jobs->op_count};
        *end = copy;
        end = &copy->next;
    }
    return copies;
}

static struct toc_store_job *acknowledge_early(struct toc_writer_thread *writer,
                                               struct toc_store_job *jobs)
{
    struct toc_store_job *copies = copy_jobs(jobs);
    writer->options.stored(writer->options.arg, jobs);
    struct timespec gap = {.tv_nsec = 20000000};
    nanosleep(&gap, NULL);
    return copies;
}
#endif

/* Commits the jobs, however long that takes, then tells. */
static void write_jobs(struct toc_writer_thread *writer, struct toc_store_job *jobs)
{
#ifdef TOC_CONTROL_ACK_EARLY
    jobs = acknowledge_early(writer, jobs); /* the copies leak: it is a test's build */
#endif
    struct toc_err err = commit_jobs(writer, jobs);
    for (unsigned attempt = 0; toc_failed(err); attempt++) {
        if (!recover(writer, err, attempt)) {
            return; /* never acknowledged */
        }
        err = commit_jobs(writer, jobs);
    }
    set_full(writer, false);
#ifndef TOC_CONTROL_ACK_EARLY
    writer->options.stored(writer->options.arg, jobs);
#endif
}

/* Throws a damaged index away. Gives what its batch is told. */
static struct toc_err rebuild(struct toc_writer_thread *writer)
{
    struct toc_err err = commit_empty_index(writer);
    for (unsigned attempt = 0; toc_failed(err); attempt++) {
        if (!recover(writer, err, attempt)) {
            return toc_fail(TOC_STATE, "the node is stopping");
        }
        err = commit_empty_index(writer);
    }
    writer->is_damaged = false;
    return toc_fail(TOC_CORRUPT, "the index was damaged: it is made again from the entries");
}

/* Commits a batch; or, with none, what is ahead of the disk: damage then waits for a batch, whose
 * giver is told to begin again. */
static struct toc_err write_index(struct toc_writer_thread *writer, const struct toc_index_job *job)
{
    bool is_damaged = false;
    struct toc_err err = commit_index(writer, job, &is_damaged);
    for (unsigned attempt = 0; toc_failed(err) && err.code != TOC_FULL; attempt++) {
        writer->is_damaged = is_damaged;
        if (is_damaged) {
            return job == NULL ? err : rebuild(writer);
        }
        if (!recover(writer, err, attempt)) {
            break;
        }
        err = commit_index(writer, job, &is_damaged);
    }
    if (!toc_failed(err)) {
        set_full(writer, false);
    }
    return err;
}

/* Shows a batch: ahead of the disk where it is small, so that nobody waits for a second commit
 * before he sees what is stored. */
static void show_index(struct toc_writer_thread *writer, struct toc_index_job *job)
{
    struct toc_err err = toc_fail(TOC_STATE, "the index is damaged");
    if (!writer->is_damaged) {
        err = toc_index_apply_ahead(writer->options.index, job->entries, job->entry_count,
                                    &job->reached);
    }
    if (toc_failed(err) && err.code != TOC_FULL) {
        err = write_index(writer, job);
    }
    pthread_mutex_lock(&writer->mutex);
    job->err = err;
    job->done = true;
    pthread_cond_broadcast(&writer->indexed);
    pthread_mutex_unlock(&writer->mutex);
}

/* Sweeps when it is due; gives how long the writer may sleep. */
static uint64_t sweep(struct toc_writer_thread *writer)
{
    uint64_t now = toc_now_mono().ms;
    if (now - writer->swept_ms >= SWEEP_MS) {
        writer->swept_ms = now;
        struct toc_err err = toc_store_sweep(writer->options.store);
        if (toc_failed(err)) {
            toc_say(TOC_LEVEL_WARNING, "store: clearing old reader slots failed: %s", err.why);
        }
    }
    return SWEEP_MS - (now - writer->swept_ms);
}

/* Is there something for the disk to follow? */
static bool is_ahead(const struct toc_writer_thread *writer)
{
    return toc_index_is_ahead(writer->options.index) && !writer->is_damaged;
}

/* Waits for work; the mutex is held. False: there is none, and the disk may follow the index, or
 * the thread ends. */
static bool wait_work(struct toc_writer_thread *writer)
{
    bool is_quiet = false;
    while (writer->first == NULL && writer->index == NULL && !writer->stopping && !is_quiet) {
        bool ahead = is_ahead(writer);
        struct timespec until = in_ms(ahead ? QUIET_MS : sweep(writer));
        is_quiet =
            pthread_cond_timedwait(&writer->work, &writer->mutex, &until) == ETIMEDOUT && ahead;
    }
    return writer->first != NULL || writer->index != NULL;
}

/* Brings to the disk what is ahead of it; the mutex is held. What fails is tried again. */
static void follow(struct toc_writer_thread *writer)
{
    pthread_mutex_unlock(&writer->mutex);
    struct toc_err err = is_ahead(writer) ? write_index(writer, NULL) : toc_ok();
    if (toc_failed(err)) {
        toc_say(TOC_LEVEL_WARNING, "the index on disk is behind: %s", err.why);
    }
    pthread_mutex_lock(&writer->mutex);
}

static void *run(void *arg)
{
    struct toc_writer_thread *writer = arg;
    pthread_mutex_lock(&writer->mutex);
    for (;;) {
        if (!wait_work(writer)) {
            bool is_last = writer->stopping;
            follow(writer);
            if (is_last) {
                break;
            }
            continue;
        }
        struct toc_store_job *jobs = take_jobs(writer);
        struct toc_index_job *index = writer->index;
        writer->index = NULL;
        pthread_mutex_unlock(&writer->mutex);
        if (jobs != NULL) {
            write_jobs(writer, jobs);
        }
        if (index != NULL) {
            show_index(writer, index);
        }
        pthread_mutex_lock(&writer->mutex);
    }
    pthread_mutex_unlock(&writer->mutex);
    return NULL;
}

/* public */

struct toc_err toc_writer_start(struct toc_writer_thread **writer,
                                const struct toc_writer_options *options)
{
    struct toc_writer_thread *made = calloc(1, sizeof(*made));
    if (made == NULL) {
        return toc_fail(TOC_FULL, "no memory for the writer");
    }
    made->options = *options;
    made->last = &made->first;
    made->swept_ms = toc_now_mono().ms;
    pthread_condattr_t clock;
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_mutex_init(&made->mutex, NULL);
    pthread_cond_init(&made->work, &clock);
    pthread_cond_init(&made->indexed, NULL);
    pthread_condattr_destroy(&clock);
    if (pthread_create(&made->thread, NULL, run, made) != 0) {
        free(made);
        return toc_fail(TOC_FULL, "no thread for the writer");
    }
    *writer = made;
    return toc_ok();
}

void toc_writer_stop(struct toc_writer_thread *writer)
{
    if (writer == NULL) {
        return;
    }
    pthread_mutex_lock(&writer->mutex);
    writer->stopping = true;
    pthread_cond_broadcast(&writer->work);
    pthread_mutex_unlock(&writer->mutex);
    pthread_join(writer->thread, NULL);
    pthread_cond_destroy(&writer->work);
    pthread_cond_destroy(&writer->indexed);
    pthread_mutex_destroy(&writer->mutex);
    free(writer);
}

void toc_writer_store(struct toc_writer_thread *writer, struct toc_store_job *job)
{
    job->next = NULL;
    job->err = toc_ok();
    pthread_mutex_lock(&writer->mutex);
    *writer->last = job;
    writer->last = &job->next;
    pthread_cond_signal(&writer->work);
    pthread_mutex_unlock(&writer->mutex);
}

void toc_writer_index_begin(struct toc_writer_thread *writer, struct toc_index_job *job)
{
    job->err = toc_fail(TOC_STATE, "the node is stopping");
    pthread_mutex_lock(&writer->mutex);
    TOC_ASSERT(writer->index == NULL);
    job->done = writer->stopping;
    if (!writer->stopping) {
        writer->index = job;
        pthread_cond_signal(&writer->work);
    }
    pthread_mutex_unlock(&writer->mutex);
}

struct toc_err toc_writer_index_end(struct toc_writer_thread *writer, struct toc_index_job *job)
{
    pthread_mutex_lock(&writer->mutex);
    while (!job->done) {
        pthread_cond_wait(&writer->indexed, &writer->mutex);
    }
    pthread_mutex_unlock(&writer->mutex);
    return job->err;
}
