/* SPDX-License-Identifier: EUPL-1.2 */
#include "daemon.h"

#include <stdlib.h>
#include <string.h>

/* A call from a desk or the feeder onto the loop's thread; lives on the caller's stack. */
struct call {
    struct call *next;
    void (*run)(void *daemon, void *arg);
    void *arg;
    bool done, refused;
};

struct desk_thread {
    struct toc_daemon *daemon;
    pthread_t thread;
    struct toc_desk desk;
};

struct toc_desk_threads {
    pthread_mutex_t mutex;
    pthread_cond_t work, called;
    struct toc_order *first, **last;
    struct call *calls, **calls_last;
    bool stopping;
    size_t active; /* threads that work: neither idle nor waiting for a client */
    size_t idle, count;
    struct toc_each *each;
    struct desk_thread threads[TOC_DESK_THREADS_MAX];
};

/* Calls onto the loop's thread. */

bool toc_desk_call(void *arg_daemon, void (*run)(void *daemon, void *arg), void *arg)
{
    struct toc_daemon *daemon = arg_daemon;
    struct toc_desk_threads *desks = daemon->desks;
    struct call call = {.run = run, .arg = arg};
    pthread_mutex_lock(&desks->mutex);
    if (desks->stopping) {
        pthread_mutex_unlock(&desks->mutex);
        return false;
    }
    *desks->calls_last = &call;
    desks->calls_last = &call.next;
    uv_async_send(&daemon->reports);
    while (!call.done) {
        pthread_cond_wait(&desks->called, &desks->mutex);
    }
    pthread_mutex_unlock(&desks->mutex);
    return !call.refused;
}

/* Ends the calls that wait, by running or refusing them. */
static void end_calls(struct toc_daemon *daemon, bool refuse)
{
    struct toc_desk_threads *desks = daemon->desks;
    pthread_mutex_lock(&desks->mutex);
    struct call *calls = desks->calls;
    desks->calls = NULL;
    desks->calls_last = &desks->calls;
    pthread_mutex_unlock(&desks->mutex);
    while (calls != NULL) {
        struct call *call = calls;
        calls = call->next;
        if (!refuse) {
            call->run(daemon, call->arg);
        }
        pthread_mutex_lock(&desks->mutex);
        call->refused = refuse;
        call->done = true;
        pthread_cond_broadcast(&desks->called);
        pthread_mutex_unlock(&desks->mutex);
    }
}

void toc_desk_calls(struct toc_daemon *daemon)
{
    if (daemon->desks != NULL) {
        end_calls(daemon, false);
    }
}

/* Answering. */

static struct toc_core *core_of(void *arg)
{
    struct toc_daemon *daemon = arg;
    return daemon->core;
}

static size_t alarms_of(void *arg, struct toc_line *lines, size_t max)
{
    struct toc_daemon *daemon = arg;
    size_t count = 0;
    if (daemon->disk_full && count < max) {
        toc_line_set(&lines[count++], "the disk is full: nothing is stored or published until "
                                      "there is room");
    }
    if (toc_store_is_damaged(daemon->store) && count < max) {
        toc_line_set(&lines[count++], "the store is damaged: a row does not match its checksum; "
                                      "run `tocsin verify`, and check the disk");
    }
    if (daemon->clock_off && count < max) {
        toc_line_set(&lines[count++], "this machine's clock differs by over 10 minutes from most "
                                      "others: set it right, then restart the node");
    }
    if (daemon->clock_jumped && count < max) {
        toc_line_set(&lines[count++], "this machine's clock jumped by over 10 minutes: nothing is "
                                      "published; set it right, then restart the node");
    }
    return count;
}

static void free_order(struct toc_order *order)
{
    free(order);
}

/* Bytes that are no request. */
static void refuse_body(struct toc_order *order, struct toc_err err)
{
    struct toc_line line;
    toc_line_set(&line, "the request cannot be read: %s", err.why);
    toc_serve_end(order->client, toc_fail(TOC_USAGE, err.why), &line, toc_span(NULL, 0));
    free_order(order);
}

/* Who asks, as its answers see it. */
struct asker {
    struct toc_daemon *daemon;
    struct toc_serve_client *client;
    struct toc_many *many; /* NULL: no outcome of several has come */
};

static bool put_row(void *arg, struct toc_build *row)
{
    const struct asker *asker = arg;
    return toc_serve_row(asker->client, row);
}

static void put_outcome(void *arg, struct toc_outcome *outcome)
{
    struct asker *asker = arg;
    asker->many = asker->many != NULL ? asker->many : toc_submit_many(asker->client);
    if (asker->many != NULL) {
        toc_submit_push_outcome(asker->daemon, asker->many, outcome);
    } else {
        toc_publication_free(outcome->publication);
        toc_build_clear(&outcome->row);
    }
}

static void answer_order(struct desk_thread *thread, struct toc_order *order)
{
    struct toc_err err = toc_message_check(&order->message, order->body);
    if (toc_failed(err)) {
        refuse_body(order, err);
        return;
    }
    toc_serve_act(order->client, toc_message_text(&order->message, TOC_FIELD_COMMAND));
    struct asker asker = {.daemon = thread->daemon, .client = order->client};
    struct toc_answer answer = {.request = &order->message,
                                .uid = order->uid,
                                .row = put_row,
                                .outcome = put_outcome,
                                .client = &asker};
    err = toc_answer(&thread->desk, &answer);
    if (asker.many != NULL) {
        toc_submit_push_end(thread->daemon, asker.many, err, &answer.line,
                            toc_span_str(answer.detail));
    } else if (!toc_failed(err) && answer.publication != NULL) {
        toc_submit_push(thread->daemon, order->client, answer.publication);
    } else {
        toc_serve_end(order->client, err, &answer.line, toc_span_str(answer.detail));
    }
    free_order(order);
}

/* Takes the next order when fewer than TOC_DESKS threads work; waits for that. The mutex is held.
 * NULL: stopping, and no order is left. */
static struct toc_order *take_order(struct toc_desk_threads *desks)
{
    while (!desks->stopping && (desks->first == NULL || desks->active >= TOC_DESKS)) {
        desks->idle++;
        pthread_cond_wait(&desks->work, &desks->mutex);
        desks->idle--;
    }
    struct toc_order *order = desks->first;
    if (order != NULL) {
        desks->first = order->next;
        if (desks->first == NULL) {
            desks->last = &desks->first;
        }
    }
    return order;
}

static void refuse_order(struct toc_order *order)
{
    struct toc_line line;
    toc_line_set(&line, "the node is stopping: try again when it runs");
    toc_serve_end(order->client, toc_fail(TOC_UNREACHABLE, "stopping"), &line, toc_span(NULL, 0));
    free_order(order);
}

static void *run(void *arg)
{
    struct desk_thread *thread = arg;
    struct toc_desk_threads *desks = thread->daemon->desks;
    struct toc_order *order;
    pthread_mutex_lock(&desks->mutex);
    while ((order = take_order(desks)) != NULL) {
        bool stopping = desks->stopping;
        desks->active++;
        pthread_mutex_unlock(&desks->mutex);
        if (stopping) {
            refuse_order(order);
        } else {
            answer_order(thread, order);
        }
        pthread_mutex_lock(&desks->mutex);
        desks->active--;
        pthread_cond_signal(&desks->work);
    }
    pthread_mutex_unlock(&desks->mutex);
    return NULL;
}

static struct toc_err start_thread(struct toc_daemon *daemon);

/* Makes sure that somebody takes the next order, if one may. The mutex is held. */
static void wake(struct toc_daemon *daemon)
{
    struct toc_desk_threads *desks = daemon->desks;
    if (desks->first == NULL || desks->active >= TOC_DESKS) {
        return;
    }
    if (desks->idle == 0 && desks->count < TOC_DESK_THREADS_MAX && !desks->stopping) {
        struct toc_err err = start_thread(daemon);
        if (toc_failed(err)) {
            toc_say(TOC_LEVEL_WARNING, "control socket: %s", err.why);
        }
    }
    pthread_cond_signal(&desks->work);
}

void toc_desk_push(struct toc_daemon *daemon, struct toc_order *order)
{
    struct toc_desk_threads *desks = daemon->desks;
    order->next = NULL;
    pthread_mutex_lock(&desks->mutex);
    *desks->last = order;
    desks->last = &order->next;
    wake(daemon);
    pthread_mutex_unlock(&desks->mutex);
}

void toc_desk_pause(struct toc_daemon *daemon)
{
    pthread_mutex_lock(&daemon->desks->mutex);
    daemon->desks->active--;
    wake(daemon);
    pthread_mutex_unlock(&daemon->desks->mutex);
}

void toc_desk_resume(struct toc_daemon *daemon)
{
    pthread_mutex_lock(&daemon->desks->mutex);
    daemon->desks->active++;
    pthread_mutex_unlock(&daemon->desks->mutex);
}

/* threads */

/* One more thread; the mutex is held. */
static struct toc_err start_thread(struct toc_daemon *daemon)
{
    struct desk_thread *thread = &daemon->desks->threads[daemon->desks->count];
    thread->daemon = daemon;
    thread->desk = (struct toc_desk){
        .store = daemon->store,
        .index = daemon->index,
        .indexers = daemon->indexers,
        .feed = daemon->feed,
        .home = &daemon->home,
        .each = daemon->desks->each,
        .conf = &daemon->conf,
        .log_keys = &daemon->keyring->log,
        .federation = toc_core_federation(daemon->core),
        .org = daemon->org,
        .node = daemon->node,
        .genesis = toc_span(daemon->genesis.at, daemon->genesis.len),
        .started = {daemon->started_ms},
        .call = toc_desk_call,
        .loop = daemon,
        .core = core_of,
        .alarms = alarms_of,
    };
    TOC_TRY(toc_opener_new(&thread->desk.opener, daemon->store, daemon->keyring->node.store_key));
    if (pthread_create(&thread->thread, NULL, run, thread) != 0) {
        toc_opener_free(thread->desk.opener);
        return toc_fail(TOC_FULL, "no thread for the control socket");
    }
    daemon->desks->count++;
    return toc_ok();
}

struct toc_err toc_desk_start(struct toc_daemon *daemon)
{
    struct toc_desk_threads *desks = calloc(1, sizeof(*desks));
    if (desks == NULL) {
        return toc_fail(TOC_FULL, "no memory for the control socket");
    }
    daemon->desks = desks;
    desks->last = &desks->first;
    desks->calls_last = &desks->calls;
    pthread_mutex_init(&desks->mutex, NULL);
    pthread_cond_init(&desks->work, NULL);
    pthread_cond_init(&desks->called, NULL);
    TOC_TRY(toc_each_new(&desks->each, &daemon->home));
    pthread_mutex_lock(&desks->mutex);
    struct toc_err err = start_thread(daemon);
    pthread_mutex_unlock(&desks->mutex);
    return err;
}

void toc_desk_stop(struct toc_daemon *daemon)
{
    struct toc_desk_threads *desks = daemon->desks;
    if (desks == NULL) {
        return;
    }
    pthread_mutex_lock(&desks->mutex);
    desks->stopping = true;
    pthread_cond_broadcast(&desks->work);
    pthread_mutex_unlock(&desks->mutex);
    end_calls(daemon, true);
    for (size_t i = 0; i < desks->count; i++) {
        pthread_join(desks->threads[i].thread, NULL);
        toc_opener_free(desks->threads[i].desk.opener);
    }
}

void toc_desk_end(struct toc_daemon *daemon)
{
    struct toc_desk_threads *desks = daemon->desks;
    if (desks == NULL) {
        return;
    }
    pthread_mutex_destroy(&desks->mutex);
    pthread_cond_destroy(&desks->work);
    pthread_cond_destroy(&desks->called);
    toc_each_free(desks->each);
    free(desks);
    daemon->desks = NULL;
}
