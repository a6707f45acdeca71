/* SPDX-License-Identifier: EUPL-1.2 */
#include "feed.h"

#include "ops.h"
#include "process.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* A desk each, the feeder, and one to come. */
#define BUSY_MAX 8u
/* Kept for the next bulletin of their author and group: the feeder's and one for each desk, since a
 * new process costs as much as a hundred bulletins. */
#define IDLE_MAX 3u
/* Processes that have ended their work and wait to be reaped by the keeper. */
#define ENDED_MAX 32u

/* Processes that others have killed: so many for one bulletin, with a pause after each. */
#define KILLED_MAX 4
#define KILLED_PAUSE_MS 1000u

struct worker {
    struct toc_process process;
    uint8_t author[TOC_ID_BYTES], group[TOC_ID_BYTES];
};

struct toc_indexers {
    char *program;
    pthread_t keeper;
    pthread_mutex_t mutex;
    pthread_cond_t work, room;
    bool stopping;
    struct worker idle[IDLE_MAX]; /* bound to an author and a group, newest first; pid 0: none */
    struct toc_process spare;     /* has seen nothing; pid 0: none */
    bool spare_failed;            /* said once */
    struct toc_process ended[ENDED_MAX];
    size_t ended_count;
    pid_t busy[BUSY_MAX];
};

/* the keeper: starts the spare and reaps, so that nobody who reads waits for it */

static void start_spare(struct toc_indexers *indexers)
{
    struct toc_process spare;
    struct toc_err err = toc_process_start(&spare, indexers->program);
    pthread_mutex_lock(&indexers->mutex);
    if (!toc_failed(err) && indexers->spare.pid == 0 && !indexers->stopping) {
        indexers->spare = spare;
        spare.pid = 0;
    }
    if (toc_failed(err) && !indexers->spare_failed) {
        toc_say(TOC_LEVEL_ERROR, "%s cannot be started: new bulletins are stored but not shown",
                indexers->program);
    }
    indexers->spare_failed = toc_failed(err);
    pthread_mutex_unlock(&indexers->mutex);
    if (!toc_failed(err)) {
        toc_process_end(&spare);
    }
}

static void *keep(void *arg)
{
    struct toc_indexers *indexers = arg;
    pthread_mutex_lock(&indexers->mutex);
    while (!indexers->stopping || indexers->ended_count > 0) {
        if (indexers->ended_count > 0) {
            struct toc_process ended = indexers->ended[--indexers->ended_count];
            pthread_cond_broadcast(&indexers->room);
            pthread_mutex_unlock(&indexers->mutex);
            toc_process_end(&ended);
            pthread_mutex_lock(&indexers->mutex);
        } else if (indexers->spare.pid == 0 && !indexers->spare_failed) {
            pthread_mutex_unlock(&indexers->mutex);
            start_spare(indexers);
            pthread_mutex_lock(&indexers->mutex);
        } else {
            pthread_cond_wait(&indexers->work, &indexers->mutex);
        }
    }
    pthread_mutex_unlock(&indexers->mutex);
    return NULL;
}

/* Hands a process to the keeper to be ended; the mutex is held. */
static void discard(struct toc_indexers *indexers, struct toc_process *process)
{
    if (process->pid == 0) {
        return;
    }
    while (indexers->ended_count == ENDED_MAX) {
        pthread_cond_wait(&indexers->room, &indexers->mutex);
    }
    indexers->ended[indexers->ended_count++] = *process;
    process->pid = 0;
    pthread_cond_signal(&indexers->work);
}

/* taking and giving back */

static void note_busy(struct toc_indexers *indexers, pid_t from, pid_t to)
{
    for (size_t i = 0; i < BUSY_MAX; i++) {
        if (indexers->busy[i] == from) {
            indexers->busy[i] = to;
            return;
        }
    }
}

/* The idle process that has served this author and group; pid 0: none. The mutex is held. */
static struct toc_process take_idle(struct toc_indexers *indexers, const struct worker *worker)
{
    for (size_t i = 0; i < IDLE_MAX; i++) {
        struct worker *idle = &indexers->idle[i];
        if (idle->process.pid != 0 && memcmp(idle->author, worker->author, TOC_ID_BYTES) == 0 &&
            memcmp(idle->group, worker->group, TOC_ID_BYTES) == 0) {
            struct toc_process process = idle->process;
            idle->process.pid = 0;
            return process;
        }
    }
    return (struct toc_process){.pid = 0};
}

/* Keeps an idle process, at the cost of the one that was longest without work. The mutex is held.
 */
static void put_idle(struct toc_indexers *indexers, const struct worker *worker)
{
    size_t place = 0;
    while (place < IDLE_MAX - 1 && indexers->idle[place].process.pid != 0) {
        place++;
    }
    discard(indexers, &indexers->idle[place].process);
    memmove(&indexers->idle[1], &indexers->idle[0], place * sizeof(indexers->idle[0]));
    indexers->idle[0] = *worker;
}

/* Takes the process that has served this author and group, else the spare, else a new one. */
static struct toc_err take(struct toc_indexers *indexers, struct worker *worker)
{
    struct toc_process process = {.pid = 0};
    pthread_mutex_lock(&indexers->mutex);
    process = take_idle(indexers, worker);
    if (process.pid == 0) {
        process = indexers->spare;
        indexers->spare.pid = 0;
        pthread_cond_signal(&indexers->work);
    }
    bool stopping = indexers->stopping;
    pthread_mutex_unlock(&indexers->mutex);
    if (stopping) {
        return toc_fail(TOC_IO, "the node is stopping");
    }
    if (process.pid == 0) {
        TOC_TRY(toc_process_start(&process, indexers->program));
    }
    worker->process = process;
    pthread_mutex_lock(&indexers->mutex);
    note_busy(indexers, 0, process.pid);
    if (indexers->stopping) {
        kill(process.pid, SIGKILL);
    }
    pthread_mutex_unlock(&indexers->mutex);
    return toc_ok();
}

/* Keeps the process for the next bulletin of its author and group, or ends it. */
static void give_back(struct toc_indexers *indexers, struct worker *worker, bool trusted)
{
    pthread_mutex_lock(&indexers->mutex);
    note_busy(indexers, worker->process.pid, 0);
    if (trusted && !indexers->stopping) {
        put_idle(indexers, worker);
    } else {
        discard(indexers, &worker->process);
    }
    /* A spare that could not be started is tried again now and then. */
    if (indexers->spare_failed) {
        indexers->spare_failed = false;
        pthread_cond_signal(&indexers->work);
    }
    pthread_mutex_unlock(&indexers->mutex);
}

static bool is_stopping(struct toc_indexers *indexers)
{
    pthread_mutex_lock(&indexers->mutex);
    bool stopping = indexers->stopping;
    pthread_mutex_unlock(&indexers->mutex);
    return stopping;
}

/* Lets pass what killed a process, such as a lack of memory; a stop ends it. */
static void rest(struct toc_indexers *indexers)
{
    const struct timespec step = {.tv_nsec = 50000000};
    uint64_t start_ms = toc_now_mono().ms;
    while (toc_now_mono().ms - start_ms < KILLED_PAUSE_MS && !is_stopping(indexers)) {
        nanosleep(&step, NULL);
    }
}

struct toc_err toc_indexers_read(struct toc_indexers *indexers, const uint8_t *author,
                                 const uint8_t *group, struct toc_span canonical,
                                 struct toc_intel_reading *reading)
{
    struct toc_err err = toc_ok();
    toc_intel_reading_init(reading);
    /* A process may have died for reasons of its own: only what kills two is quarantined. */
    for (int attempt = 0, killed = 0; attempt < 2; attempt++) {
        struct worker worker = {.process = {.pid = 0}};
        memcpy(worker.author, author, TOC_ID_BYTES);
        memcpy(worker.group, group, TOC_ID_BYTES);
        TOC_TRY(take(indexers, &worker));
        uint64_t start_ms = toc_now_mono().ms;
        struct toc_indexers_item item = {.canonical = canonical, .reading = reading};
        bool answered = toc_process_ask(&worker.process, &item, 1, TOC_INDEXER_MS_MAX) == 1;
        err = item.err;
        bool was_killed = err.code == TOC_CORRUPT && toc_process_was_killed(&worker.process);
        give_back(indexers, &worker, answered);
        if (err.code != TOC_CORRUPT) {
            return err;
        }
        if (is_stopping(indexers)) {
            return toc_fail(TOC_IO, "the node is stopping");
        }
        if (was_killed && killed < KILLED_MAX) {
            killed++;
            attempt = -1;
            rest(indexers);
            continue;
        }
        if (toc_now_mono().ms - start_ms >= TOC_INDEXER_MS_MAX) {
            break;
        }
    }
    return err;
}

/* Asks one process for as many of the items as it answers; gives how many. */
static size_t ask_one_process(struct toc_indexers *indexers, const uint8_t *author,
                              const uint8_t *group, struct toc_indexers_item *items, size_t count)
{
    struct worker worker = {.process = {.pid = 0}};
    memcpy(worker.author, author, TOC_ID_BYTES);
    memcpy(worker.group, group, TOC_ID_BYTES);
    for (size_t i = 0; i < count; i++) {
        toc_intel_reading_init(items[i].reading);
        items[i].late = false;
    }
    if (toc_failed(take(indexers, &worker))) {
        return 0;
    }
    size_t answered = toc_process_ask(&worker.process, items, count, TOC_INDEXER_MS_MAX);
    give_back(indexers, &worker, answered == count);
    return answered;
}

void toc_indexers_read_all(struct toc_indexers *indexers, const uint8_t *author,
                           const uint8_t *group, struct toc_indexers_item *items, size_t count)
{
    size_t at = 0;
    while (at < count) {
        if (count - at > 1) {
            at += ask_one_process(indexers, author, group, items + at, count - at);
        }
        /* Whatever ended the process, a process of its own tells. */
        if (at < count) {
            uint64_t start_ms = toc_now_mono().ms;
            items[at].err =
                toc_indexers_read(indexers, author, group, items[at].canonical, items[at].reading);
            items[at].late = toc_now_mono().ms - start_ms >= TOC_INDEXER_MS_MAX;
            at++;
        }
    }
}

/* life */

struct toc_err toc_indexers_open(struct toc_indexers **indexers, const char *program,
                                 struct toc_line *line)
{
    if (access(program, X_OK) != 0) {
        return toc_line_fail(line, TOC_ABSENT, "%s cannot be run (%s): install it beside tocsind",
                             program, strerror(errno));
    }
    struct toc_indexers *made = calloc(1, sizeof(*made));
    char *copy = strdup(program);
    if (made == NULL || copy == NULL) {
        free(made);
        free(copy);
        return toc_line_fail(line, TOC_FULL, "out of memory");
    }
    made->program = copy;
    pthread_mutex_init(&made->mutex, NULL);
    pthread_cond_init(&made->work, NULL);
    pthread_cond_init(&made->room, NULL);
    if (pthread_create(&made->keeper, NULL, keep, made) != 0) {
        free(made);
        free(copy);
        return toc_line_fail(line, TOC_FULL, "no thread for the indexers");
    }
    *indexers = made;
    return toc_ok();
}

void toc_indexers_stop(struct toc_indexers *indexers)
{
    if (indexers == NULL) {
        return;
    }
    pthread_mutex_lock(&indexers->mutex);
    indexers->stopping = true;
    for (size_t i = 0; i < BUSY_MAX; i++) {
        if (indexers->busy[i] != 0) {
            kill(indexers->busy[i], SIGKILL);
        }
    }
    pthread_cond_broadcast(&indexers->work);
    pthread_mutex_unlock(&indexers->mutex);
}

void toc_indexers_close(struct toc_indexers *indexers)
{
    if (indexers == NULL) {
        return;
    }
    toc_indexers_stop(indexers);
    pthread_mutex_lock(&indexers->mutex);
    pthread_cond_broadcast(&indexers->room);
    pthread_mutex_unlock(&indexers->mutex);
    pthread_join(indexers->keeper, NULL);
    for (size_t i = 0; i < IDLE_MAX; i++) {
        toc_process_end(&indexers->idle[i].process);
    }
    toc_process_end(&indexers->spare);
    for (size_t i = 0; i < indexers->ended_count; i++) {
        toc_process_end(&indexers->ended[i]);
    }
    pthread_mutex_destroy(&indexers->mutex);
    pthread_cond_destroy(&indexers->work);
    pthread_cond_destroy(&indexers->room);
    free(indexers->program);
    free(indexers);
}
