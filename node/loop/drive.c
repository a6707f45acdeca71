/* SPDX-License-Identifier: EUPL-1.2 */
#include "start.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* As far as a node may be off its peers: beyond it, times in its log would mislead. */
#define CLOCK_JUMP_MS_MAX 600000
#define ALONE_MS 5000u /* for so long no link is no news: a start, a peer that restarts */

/* work on the pool */

struct work {
    uv_work_t request;
    struct toc_daemon *daemon;
    struct toc_check *check; /* or a load: */
    uint64_t id;
    struct toc_load load;
    struct toc_err err;
    size_t count;
};

static void run_check(uv_work_t *request)
{
    struct work *work = request->data;
    toc_check_run(work->check);
}

static void end_check(uv_work_t *request, int status)
{
    struct work *work = request->data;
    TOC_ASSERT(status == 0);
    struct toc_daemon *daemon = work->daemon;
    struct toc_event event = {.kind = TOC_EVENT_CHECKED, .check = work->check};
    free(work);
    daemon->work_out--;
    toc_drive(daemon, &event);
}

static void run_load(uv_work_t *request)
{
    struct work *work = request->data;
    work->err = toc_store_load(work->daemon->store, &work->load, &work->count);
}

static void end_load(uv_work_t *request, int status)
{
    struct work *work = request->data;
    TOC_ASSERT(status == 0);
    struct toc_daemon *daemon = work->daemon;
    struct toc_event event = {
        .kind = TOC_EVENT_LOADED, .id = work->id, .err = work->err, .count = work->count};
    free(work);
    daemon->work_out--;
    toc_drive(daemon, &event);
}

/* A node without memory for a few hundred bytes cannot keep its promises: it ends, the store is
 * whole. */
static void *must_have(void *memory)
{
    if (memory == NULL) {
        toc_say(TOC_LEVEL_ERROR, "out of memory: the node ends; nothing stored is lost");
        exit(TOC_EXIT_FAILED);
    }
    return memory;
}

/* What comes alone and costs little need not wait for another thread. */
static void check_here(struct toc_daemon *daemon, struct toc_check *check)
{
    struct toc_event event = {.kind = TOC_EVENT_CHECKED, .check = check};
    toc_check_run(check);
    toc_drive(daemon, &event);
}

static void queue_work(struct toc_daemon *daemon, const struct toc_action *action)
{
    bool is_check = action->kind == TOC_ACTION_CHECK;
    if (is_check && daemon->work_out == 0 && toc_check_is_light(action->check)) {
        check_here(daemon, action->check);
        return;
    }
    struct work *work = must_have(calloc(1, sizeof(*work)));
    work->request.data = work;
    work->daemon = daemon;
    work->check = action->check;
    work->id = action->id;
    work->load = action->load;
    daemon->work_out++;
    int failed = uv_queue_work(&daemon->uv, &work->request, is_check ? run_check : run_load,
                               is_check ? end_check : end_load);
    TOC_ASSERT(failed == 0);
}

/* store */

/* Whose log it is, as the feeder wants it. False: a log that belongs to nobody any more. */
static bool describe_log(struct toc_daemon *daemon, const uint8_t *log, uint64_t seq,
                         struct toc_feed_log *about)
{
    struct toc_log_view view;
    if (toc_failed(toc_core_view_log(daemon->core, log, &view))) {
        return false;
    }
    *about = (struct toc_feed_log){.seq = seq};
    memcpy(about->log, view.id, TOC_ID_BYTES);
    memcpy(about->group, view.group, TOC_ID_BYTES);
    memcpy(about->org, view.org, TOC_ID_BYTES);
    memcpy(about->log_key, view.log_key, TOC_KEY_BYTES);
    return true;
}

/* Lets the feeder read what is short while it becomes durable. */
static void expect(struct toc_daemon *daemon, const struct toc_store_op *op)
{
    struct toc_feed_log about;
    if (op->kind == TOC_STORE_RANGE && op->bytes.len <= TOC_FEED_EARLY_BYTES_MAX &&
        describe_log(daemon, op->log, op->head.seq, &about)) {
        toc_feed_expect(daemon->feed, &about, op->bytes);
    }
}

static void queue_store(struct toc_daemon *daemon, const struct toc_action *action)
{
    struct toc_store_job *job = must_have(calloc(1, sizeof(*job)));
    job->id = action->id;
    job->ops = action->ops;
    job->op_count = action->op_count;
    daemon->work_out++;
    toc_writer_store(daemon->writer, job);
    for (size_t i = 0; i < action->op_count && !daemon->submits_read; i++) {
        expect(daemon, &action->ops[i]);
    }
}

void toc_drive_stored(void *arg, struct toc_store_job *jobs)
{
    struct toc_daemon *daemon = arg;
    pthread_mutex_lock(&daemon->report_mutex);
    struct toc_store_job **end = &daemon->stored;
    while (*end != NULL) {
        end = &(*end)->next;
    }
    *end = jobs;
    pthread_mutex_unlock(&daemon->report_mutex);
    uv_async_send(&daemon->reports);
}

static void tell_indexed(struct toc_daemon *daemon, const struct toc_indexed *indexed)
{
    pthread_mutex_lock(&daemon->report_mutex);
    if (daemon->indexed_count == daemon->indexed_max) {
        size_t max = daemon->indexed_max == 0 ? 64 : daemon->indexed_max * 2;
        daemon->indexed = must_have(realloc(daemon->indexed, max * sizeof(*daemon->indexed)));
        daemon->indexed_max = max;
    }
    daemon->indexed[daemon->indexed_count++] = *indexed;
    pthread_mutex_unlock(&daemon->report_mutex);
    uv_async_send(&daemon->reports);
}

void toc_drive_indexed(void *arg, const uint8_t *log, uint64_t seq)
{
    struct toc_indexed indexed = {.seq = seq};
    memcpy(indexed.log, log, TOC_ID_BYTES);
    tell_indexed(arg, &indexed);
}

void toc_drive_indexed_late(void *arg, const uint8_t *log, uint64_t seq)
{
    struct toc_indexed indexed = {.seq = seq, .late = true};
    memcpy(indexed.log, log, TOC_ID_BYTES);
    tell_indexed(arg, &indexed);
}

static void report_indexed(struct toc_daemon *daemon, const struct toc_indexed *indexed,
                           size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct toc_event event = {
            .kind = TOC_EVENT_INDEXED, .seq = indexed[i].seq, .late = indexed[i].late};
        memcpy(event.log, indexed[i].log, TOC_ID_BYTES);
        toc_drive(daemon, &event);
        if (!indexed[i].late) {
            toc_submit_visible(daemon, indexed[i].log, indexed[i].seq);
        }
    }
}

void toc_drive_reports(struct toc_daemon *daemon)
{
    pthread_mutex_lock(&daemon->report_mutex);
    struct toc_store_job *jobs = daemon->stored;
    struct toc_indexed *indexed = daemon->indexed;
    size_t count = daemon->indexed_count;
    daemon->stored = NULL;
    daemon->indexed = NULL;
    daemon->indexed_count = daemon->indexed_max = 0;
    pthread_mutex_unlock(&daemon->report_mutex);
    while (jobs != NULL) {
        struct toc_store_job *job = jobs;
        jobs = job->next;
        struct toc_event event = {.kind = TOC_EVENT_STORED, .id = job->id, .err = job->err};
        free(job);
        daemon->work_out--;
        toc_drive(daemon, &event);
    }
    report_indexed(daemon, indexed, count);
    free(indexed);
}

/* what the feeder is told */

static void deliver(struct toc_daemon *daemon, const uint8_t *log, uint64_t seq)
{
    struct toc_feed_log about;
    if (describe_log(daemon, log, seq, &about)) {
        toc_feed_push(daemon->feed, &about);
    }
}

/* Where there is no index nobody waits for what came late: it is stored, and that is all. */
static void deliver_late(struct toc_daemon *daemon, const uint8_t *log, uint64_t seq)
{
    struct toc_event event = {.kind = TOC_EVENT_INDEXED, .seq = seq, .late = true};
    if (daemon->conf.node_index) {
        toc_feed_push_late(daemon->feed, log, seq);
        return;
    }
    memcpy(event.log, log, TOC_ID_BYTES);
    toc_drive(daemon, &event);
}

static struct toc_err deliver_head(void *arg, const uint8_t *log, const struct toc_log_head *head)
{
    struct toc_daemon *daemon = arg;
    uint64_t reached = 0;
    struct toc_err err = toc_index_reached(daemon->index, log, &reached);
    /* Of a damaged index the feeder makes a new one. */
    TOC_TRY(err.code == TOC_CORRUPT ? toc_ok() : err);
    deliver(daemon, log, head->seq);
    struct toc_event event = {.kind = TOC_EVENT_INDEXED, .seq = reached};
    memcpy(event.log, log, TOC_ID_BYTES);
    if (reached > 0) {
        toc_drive(daemon, &event);
    }
    return toc_ok();
}

struct toc_err toc_drive_catch_up(struct toc_daemon *daemon, struct toc_line *line)
{
    struct toc_err err = toc_store_each_head(daemon->store, deliver_head, daemon);
    if (toc_failed(err)) {
        return toc_line_fail(line, err.code,
                             "the store's heads cannot be read: run `tocsin verify`");
    }
    if (daemon->conf.node_index) {
        toc_feed_begin(daemon->feed);
    } else {
        toc_run_ready(daemon);
    }
    return toc_ok();
}

/* notices */

/* Handle of an organisation, or "a stranger". */
static const char *handle_of(struct toc_daemon *daemon, const uint8_t *org)
{
    const struct toc_org *found = toc_roster_find(toc_core_roster(daemon->core), org);
    return found == NULL ? "a stranger" : found->handle;
}

static void source_text(char out[static INET6_ADDRSTRLEN], const uint8_t source[static 16])
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    bool is_v4 = memcmp(source, mapped, sizeof(mapped)) == 0;
    if (uv_inet_ntop(is_v4 ? AF_INET : AF_INET6, is_v4 ? source + 12 : source, out,
                     INET6_ADDRSTRLEN) != 0) {
        out[0] = '\0';
    }
}

/* Who broke a rule, whence as far as that is known, why, and the code for whoever searches. */
static void say_refusal(struct toc_daemon *daemon, const struct toc_notice *notice)
{
    static const uint8_t nobody[TOC_ID_BYTES], nowhere[16];
    char source[INET6_ADDRSTRLEN], node[16] = "";
    const char *why = notice->err.why == NULL ? toc_code_text(notice->err.code) : notice->err.why;
    source_text(source, notice->source);
    if (memcmp(notice->org, nobody, sizeof(nobody)) != 0) {
        snprintf(node, sizeof(node), " node %u", notice->node);
    }
    bool known = memcmp(notice->source, nowhere, sizeof(nowhere)) != 0;
    toc_say(TOC_LEVEL_WARNING, "refused %s%s%s%s: %s (%s)", handle_of(daemon, notice->org), node,
            known ? " at " : "", known ? source : "", why, toc_code_name(notice->err.code));
}

static void say_notice(struct toc_daemon *daemon, const struct toc_notice *notice)
{
    const char *who = handle_of(daemon, notice->org);
    const char *why = notice->err.why == NULL ? toc_code_text(notice->err.code) : notice->err.why;
    switch (notice->kind) {
    case TOC_NOTICE_LINK:
        toc_say(TOC_LEVEL_INFO, "link to %s node %u", who, notice->node);
        return;
    case TOC_NOTICE_LINK_GONE:
        toc_say(TOC_LEVEL_INFO, "link to %s node %u ended: %s", who, notice->node, why);
        return;
    case TOC_NOTICE_REFUSED:
        say_refusal(daemon, notice);
        return;
    case TOC_NOTICE_GROUP:
        if (memcmp(notice->org, daemon->org, sizeof(daemon->org)) != 0) {
            toc_say(TOC_LEVEL_INFO,
                    "%s writes to an audience that this node belongs to, for the first time", who);
        }
        return;
    case TOC_NOTICE_STORE:
        toc_say(TOC_LEVEL_ERROR, "the store refused a change: nothing is acknowledged until a "
                                 "restart; run `tocsin verify`");
        return;
    case TOC_NOTICE_CLOCK:
        daemon->clock_off = true;
        toc_say(TOC_LEVEL_ERROR, "this machine's clock differs by over 10 minutes from most "
                                 "others: set it right (timedatectl), then restart the node");
        return;
    case TOC_NOTICE_QUOTA:
        toc_say(TOC_LEVEL_WARNING,
                "this organisation publishes more than its quota: what is beyond "
                "is announced, and the others fetch it when they have room");
        return;
    case TOC_NOTICE_LAG:
        toc_say(TOC_LEVEL_ERROR, "other organisations have held more than this node gets for ten "
                                 "minutes: it lags or is cut off, and dials others; see `tocsin "
                                 "status` and `tocsin peers`");
        return;
    case TOC_NOTICE_CAUGHT_UP:
        toc_say(TOC_LEVEL_INFO, "this node has caught up with what the others hold");
        return;
    }
}

/* stepping */

static void on_timer(uv_timer_t *timer)
{
    struct toc_daemon *daemon = timer->data;
    struct toc_event event = {.kind = TOC_EVENT_TIMER};
    toc_drive(daemon, &event);
}

static void set_timer(struct toc_daemon *daemon, struct toc_mono when)
{
    uint64_t now = toc_now_mono().ms;
    uv_update_time(&daemon->uv);
    int failed = uv_timer_start(&daemon->timer, on_timer, when.ms > now ? when.ms - now : 0, 0);
    TOC_ASSERT(failed == 0);
}

static void carry_out(struct toc_daemon *daemon, const struct toc_action *action)
{
    switch (action->kind) {
    case TOC_ACTION_SEND:
        toc_tcp_send(daemon, action->link, action->bytes, action->frame_bytes);
        return;
    case TOC_ACTION_CLOSE:
        toc_tcp_close(daemon, action->link);
        return;
    case TOC_ACTION_DIAL:
        toc_tcp_dial(daemon, action->link, action->address);
        return;
    case TOC_ACTION_CHECK:
    case TOC_ACTION_LOAD:
        queue_work(daemon, action);
        return;
    case TOC_ACTION_STORE:
        queue_store(daemon, action);
        return;
    case TOC_ACTION_DELIVER:
        if (action->late) {
            deliver_late(daemon, action->log, action->seq);
        } else {
            deliver(daemon, action->log, action->seq);
        }
        return;
    case TOC_ACTION_PUBLISHED:
        toc_submit_published(daemon, action);
        return;
    case TOC_ACTION_TIMER:
        set_timer(daemon, action->when);
        return;
    case TOC_ACTION_RESUME:
        toc_tcp_resume(daemon, action->link);
        return;
    case TOC_ACTION_NOTICE:
        say_notice(daemon, &action->notice);
        return;
    }
}

static bool needs_entropy(enum toc_event_kind kind)
{
    return kind == TOC_EVENT_LINK_UP || kind == TOC_EVENT_SUBMITTED || kind == TOC_EVENT_TIMER ||
           kind == TOC_EVENT_CHECKED;
}

static void step(struct toc_daemon *daemon, struct toc_event event)
{
    uint8_t entropy[TOC_ENTROPY_BYTES];
    if (needs_entropy(event.kind)) {
        randombytes_buf(entropy, sizeof(entropy));
        event.entropy = entropy;
    }
    event.now = toc_now_mono();
    event.now_utc = toc_now_utc();
    toc_core_step(daemon->core, &event, daemon->actions);
    if (event.entropy != NULL) {
        toc_wipe(entropy, sizeof(entropy));
    }
    /* Others wait for what is sent; the feeder would only take the processor from it. */
    for (int turn = 0; turn < 2; turn++) {
        for (size_t i = 0; i < daemon->actions->count; i++) {
            const struct toc_action *action = &daemon->actions->items[i];
            if ((action->kind == TOC_ACTION_DELIVER) == (turn == 1)) {
                carry_out(daemon, action);
            }
        }
    }
}

static void push_event(struct toc_daemon *daemon, const struct toc_event *event)
{
    if (daemon->event_count == daemon->event_max) {
        size_t max = daemon->event_max == 0 ? 64 : daemon->event_max * 2;
        daemon->events = must_have(realloc(daemon->events, max * sizeof(*daemon->events)));
        daemon->event_max = max;
    }
    daemon->events[daemon->event_count++] = *event;
}

void toc_drive(struct toc_daemon *daemon, const struct toc_event *event)
{
    if (daemon->ended) {
        return;
    }
    if (daemon->stepping) {
        push_event(daemon, event);
        return;
    }
    daemon->stepping = true;
    step(daemon, *event);
    /* Carrying out an action may give events (SENT at once): they follow in order. */
    for (size_t i = 0; i < daemon->event_count; i++) {
        struct toc_event next = daemon->events[i];
        step(daemon, next);
    }
    daemon->event_count = 0;
    daemon->stepping = false;
}

void toc_drive_clock(struct toc_daemon *daemon)
{
    uint64_t base_ms = toc_now_utc().ms - toc_now_boot().ms; /* modulo 2^64, like the difference */
    if (daemon->clock_base_ms == 0) {
        daemon->clock_base_ms = base_ms;
    }
    int64_t jump_ms = (int64_t)(base_ms - daemon->clock_base_ms);
    bool jumped = (jump_ms > CLOCK_JUMP_MS_MAX || jump_ms < -CLOCK_JUMP_MS_MAX) &&
                  !daemon->conf.node_trust_clock;
    if (jumped && !daemon->clock_jumped) {
        toc_say(TOC_LEVEL_ERROR,
                "this machine's clock jumped by %lld minutes: nothing is published "
                "until it is set back, or found right (timedatectl) and the node restarted",
                (long long)(jump_ms / 60000));
    }
    daemon->clock_jumped = jumped;
}

void toc_drive_alone(struct toc_daemon *daemon)
{
    if (daemon->stopping || daemon->ended) {
        return;
    }
    uint64_t now = toc_now_mono().ms;
    if (!toc_core_is_alone(daemon->core)) {
        if (daemon->alone_told) {
            toc_say(TOC_LEVEL_INFO, "a link to another node stands again");
        }
        daemon->alone_ms = 0;
        daemon->alone_told = false;
        return;
    }
    daemon->alone_ms = daemon->alone_ms == 0 ? now : daemon->alone_ms;
    if (!daemon->alone_told && now - daemon->alone_ms >= ALONE_MS) {
        daemon->alone_told = true;
        toc_say(TOC_LEVEL_WARNING, "no link to any other node: nothing comes or goes until one "
                                   "stands; see `tocsin peers`");
    }
}

void toc_drive_end(struct toc_daemon *daemon)
{
    while (daemon->stored != NULL) {
        struct toc_store_job *next = daemon->stored->next;
        free(daemon->stored);
        daemon->stored = next;
    }
    free(daemon->indexed);
    free(daemon->events);
    free(daemon->actions);
}
