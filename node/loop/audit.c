/* SPDX-License-Identifier: EUPL-1.2 */
#include "daemon.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Acts that wait to be written; beyond it the desks wait, and answer no faster than the disk. */
#define ACTS_MAX 256u
#define WRITE_MAX 64u
/* Lines are written at once and synced so often: a sync for each act would make the store's own
 * syncs wait. */
#define SYNC_MS 1000u

struct act {
    struct act *next;
    struct toc_utc at;
    uint32_t uid;
    enum toc_code outcome;
    char act[32];
    size_t detail_len;
    char detail[TOC_ANSWER_DETAIL_BYTES];
};

struct toc_audit_thread {
    struct toc_audit audit;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t work, room;
    struct act *first, **last;
    size_t count;
    bool stopping;
    /* The thread's own: lines, and records of `publish --each`, that are to be synced. */
    bool dirty, published;
    const struct toc_home *home;
};

/* Takes up to WRITE_MAX acts off the queue; the mutex is held. Gives how many. */
static size_t take(struct toc_audit_thread *thread, struct act **acts)
{
    size_t taken = 0;
    *acts = thread->first;
    struct act **end = &thread->first;
    while (taken < WRITE_MAX && *end != NULL) {
        end = &(*end)->next;
        taken++;
    }
    thread->first = *end;
    *end = NULL;
    if (thread->first == NULL) {
        thread->last = &thread->first;
    }
    thread->count -= taken;
    return taken;
}

/* Writes the list and frees it. */
static void write_acts(struct toc_audit_thread *thread, struct act *acts, size_t count)
{
    struct toc_audit_act lines[WRITE_MAX] = {{.act = NULL}};
    size_t filled = 0;
    for (const struct act *act = acts; act != NULL; act = act->next) {
        thread->published = thread->published || strcmp(act->act, "publish") == 0;
        lines[filled++] = (struct toc_audit_act){
            .at = act->at,
            .uid = act->uid,
            .act = act->act,
            .outcome = act->outcome == TOC_OK ? "done" : toc_code_name(act->outcome),
            .detail = toc_span(act->detail, act->detail_len),
        };
    }
    struct toc_err err = toc_audit_append(&thread->audit, lines, count);
    if (toc_failed(err)) {
        toc_say(TOC_LEVEL_ERROR, "%zu acts could not be written to " TOC_HOME_AUDIT ": %s", count,
                err.why);
    }
    while (acts != NULL) {
        struct act *next = acts->next;
        free(acts);
        acts = next;
    }
}

/* Waits for acts, but while there are unsynced lines at most SYNC_MS. The mutex is held. */
static void wait_acts(struct toc_audit_thread *thread)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += SYNC_MS / 1000;
    while (thread->count == 0 && !thread->stopping) {
        if (!thread->dirty) {
            pthread_cond_wait(&thread->work, &thread->mutex);
        } else if (pthread_cond_timedwait(&thread->work, &thread->mutex, &until) == ETIMEDOUT) {
            return;
        }
    }
}

static void sync_lines(struct toc_audit_thread *thread)
{
    struct toc_err err = thread->dirty ? toc_audit_sync(&thread->audit) : toc_ok();
    if (!toc_failed(err) && thread->published) {
        err = toc_publication_sync(thread->home);
    }
    thread->dirty = thread->published = false;
    if (toc_failed(err)) {
        toc_say(TOC_LEVEL_ERROR, "%s: check the disk", err.why);
    }
}

static void *run(void *arg)
{
    struct toc_audit_thread *thread = arg;
    uint64_t synced_ms = toc_now_mono().ms;
    pthread_mutex_lock(&thread->mutex);
    for (;;) {
        wait_acts(thread);
        struct act *acts;
        size_t count = take(thread, &acts);
        bool stopping = thread->stopping;
        pthread_cond_broadcast(&thread->room);
        pthread_mutex_unlock(&thread->mutex);
        if (count > 0) {
            write_acts(thread, acts, count);
            thread->dirty = true;
        }
        if (stopping || toc_now_mono().ms - synced_ms >= SYNC_MS) {
            sync_lines(thread);
            synced_ms = toc_now_mono().ms;
        }
        pthread_mutex_lock(&thread->mutex);
        if (stopping && thread->count == 0) {
            break;
        }
    }
    pthread_mutex_unlock(&thread->mutex);
    return NULL;
}

struct toc_err toc_audit_start(struct toc_daemon *daemon, struct toc_line *line)
{
    struct toc_audit_thread *thread = calloc(1, sizeof(*thread));
    if (thread == NULL) {
        return toc_line_fail(line, TOC_FULL, "out of memory");
    }
    thread->last = &thread->first;
    thread->home = &daemon->home;
    struct toc_err err = toc_audit_open(&thread->audit, &daemon->home, line);
    if (toc_failed(err)) {
        free(thread);
        return err;
    }
    pthread_condattr_t clock;
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_mutex_init(&thread->mutex, NULL);
    pthread_cond_init(&thread->work, &clock);
    pthread_condattr_destroy(&clock);
    pthread_cond_init(&thread->room, NULL);
    if (pthread_create(&thread->thread, NULL, run, thread) != 0) {
        toc_audit_close(&thread->audit);
        free(thread);
        return toc_line_fail(line, TOC_FULL, "no thread for the audit log");
    }
    daemon->audit = thread;
    return toc_ok();
}

void toc_audit_stop(struct toc_daemon *daemon)
{
    struct toc_audit_thread *thread = daemon->audit;
    if (thread == NULL) {
        return;
    }
    pthread_mutex_lock(&thread->mutex);
    thread->stopping = true;
    pthread_cond_signal(&thread->work);
    pthread_mutex_unlock(&thread->mutex);
    pthread_join(thread->thread, NULL);
    toc_audit_close(&thread->audit);
    free(thread);
    daemon->audit = NULL;
}

void toc_audit_note(struct toc_daemon *daemon, uint32_t uid, struct toc_span act,
                    enum toc_code outcome, struct toc_span detail)
{
    struct toc_audit_thread *thread = daemon->audit;
    struct act *note = calloc(1, sizeof(*note));
    if (note == NULL) {
        toc_say(TOC_LEVEL_ERROR, "out of memory: an act is missing in " TOC_HOME_AUDIT);
        return;
    }
    note->at = toc_now_utc();
    note->uid = uid;
    note->outcome = outcome;
    memcpy(note->act, act.at, act.len < sizeof(note->act) - 1 ? act.len : sizeof(note->act) - 1);
    note->detail_len = detail.len < sizeof(note->detail) ? detail.len : sizeof(note->detail);
    if (note->detail_len > 0) {
        memcpy(note->detail, detail.at, note->detail_len);
    }
    bool may_wait = !pthread_equal(pthread_self(), daemon->thread);
    pthread_mutex_lock(&thread->mutex);
    while (may_wait && thread->count >= ACTS_MAX && !thread->stopping) {
        pthread_cond_wait(&thread->room, &thread->mutex);
    }
    *thread->last = note;
    thread->last = &note->next;
    thread->count++;
    pthread_cond_signal(&thread->work);
    pthread_mutex_unlock(&thread->mutex);
}
