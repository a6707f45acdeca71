/* SPDX-License-Identifier: EUPL-1.2 */
#include "start.h"

#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

/* A stop waits so long for links, writes and answers under way. */
#define STOP_MS_MAX 3000u
#define STOP_TICK_MS 5u

static void begin_stop(struct toc_daemon *daemon);

/* Told by other threads. */

void toc_run_blocked(void *arg, bool is_full)
{
    struct toc_daemon *daemon = arg;
    pthread_mutex_lock(&daemon->report_mutex);
    daemon->full_reported = is_full;
    pthread_mutex_unlock(&daemon->report_mutex);
    toc_say(is_full ? TOC_LEVEL_ERROR : TOC_LEVEL_INFO, "%s",
            is_full ? "the disk is full: nothing is stored, acknowledged or published until there "
                      "is room; questions are answered"
                    : "there is room on the disk again: the node goes on");
    uv_async_send(&daemon->reports);
}

void toc_run_broken(void *arg, struct toc_err err)
{
    struct toc_daemon *daemon = arg;
    pthread_mutex_lock(&daemon->report_mutex);
    daemon->broken_reported = true;
    pthread_mutex_unlock(&daemon->report_mutex);
    toc_say(TOC_LEVEL_ERROR,
            "the store cannot be written (%s): the node ends, nothing acknowledged is lost; check "
            "the disk, run `tocsin verify`, then start it again",
            err.why == NULL ? toc_code_text(err.code) : err.why);
    uv_async_send(&daemon->reports);
}

void toc_run_ready(void *arg)
{
    struct toc_daemon *daemon = arg;
    pthread_mutex_lock(&daemon->report_mutex);
    daemon->ready_reported = true;
    pthread_mutex_unlock(&daemon->report_mutex);
    uv_async_send(&daemon->reports);
}

struct certified_question {
    const uint8_t *log_key, *org;
    bool certified;
};

static void ask_directory(void *arg_daemon, void *arg)
{
    struct toc_daemon *daemon = arg_daemon;
    struct certified_question *question = arg;
    struct toc_log_key found;
    struct toc_err err =
        toc_directory_by_log_key(toc_core_directory(daemon->core), question->log_key, &found);
    question->certified = !toc_failed(err) && memcmp(found.org, question->org, TOC_ID_BYTES) == 0;
}

enum toc_certified toc_run_certifies(void *daemon, const uint8_t *log_key, const uint8_t *org)
{
    struct certified_question question = {.log_key = log_key, .org = org};
    if (!toc_desk_call(daemon, ask_directory, &question)) {
        return TOC_CERTIFIED_UNKNOWN;
    }
    return question.certified ? TOC_CERTIFIED_YES : TOC_CERTIFIED_NO;
}

static void on_reports(uv_async_t *async)
{
    struct toc_daemon *daemon = async->data;
    pthread_mutex_lock(&daemon->report_mutex);
    daemon->disk_full = daemon->full_reported;
    bool broken = daemon->broken_reported;
    bool ready = daemon->ready_reported;
    pthread_mutex_unlock(&daemon->report_mutex);
    if (ready) {
        toc_serve_listen(daemon);
    }
    toc_drive_reports(daemon);
    toc_desk_calls(daemon);
    toc_submit_flush(daemon);
    toc_submit_tick(daemon);
    toc_serve_flush(daemon);
    if (broken && daemon->exit == TOC_EXIT_DONE) {
        daemon->exit = TOC_EXIT_FAILED;
        begin_stop(daemon);
    }
}

/* Stopping. */

static void on_stop_tick(uv_timer_t *timer)
{
    struct toc_daemon *daemon = timer->data;
    uint64_t waited = toc_now_mono().ms - daemon->stop_ms;
    toc_submit_tick(daemon);
    toc_serve_flush(daemon);
    bool quiet = daemon->links == NULL && daemon->work_out == 0 && toc_serve_quiet(daemon);
    if (quiet || waited > STOP_MS_MAX || daemon->exit != TOC_EXIT_DONE) {
        uv_stop(&daemon->uv);
    }
}

static void begin_stop(struct toc_daemon *daemon)
{
    if (daemon->stopping) {
        return;
    }
    toc_say(TOC_LEVEL_INFO, "stopping");
    daemon->stopping = true;
    daemon->stop_ms = toc_now_mono().ms;
    toc_serve_stop(daemon);
    toc_tcp_stop(daemon);
    struct toc_event event = {.kind = TOC_EVENT_STOP};
    toc_drive(daemon, &event);
    toc_submit_flush(daemon);
    uv_timer_start(&daemon->stop_timer, on_stop_tick, STOP_TICK_MS, STOP_TICK_MS);
}

/* signals */

/* Reads tocsin.conf again; what a running node cannot change waits for a restart. */
static void reload(struct toc_daemon *daemon)
{
    struct toc_line line = {{0}};
    struct toc_conf conf;
    struct toc_err err = toc_conf_read(&conf, &daemon->home, &line);
    if (toc_failed(err)) {
        toc_say(TOC_LEVEL_ERROR, "the configuration stays as it was: %s", line.text);
        return;
    }
    struct toc_conf now = daemon->conf;
    now.node_log = conf.node_log;
    memcpy(now.publish_audience, conf.publish_audience, sizeof(now.publish_audience));
    char wanted[TOC_CONF_BYTES_MAX / 4], got[TOC_CONF_BYTES_MAX / 4];
    toc_conf_text(wanted, sizeof(wanted), &conf);
    toc_conf_text(got, sizeof(got), &now);
    daemon->conf = now;
    toc_say_level(now.node_log);
    toc_say(TOC_LEVEL_INFO, "read the configuration again%s",
            strcmp(wanted, got) == 0 ? ""
                                     : "; only log and audience change at once, the rest waits for "
                                       "a restart");
}

static void on_signal(uv_signal_t *signal, int number)
{
    struct toc_daemon *daemon = signal->data;
    if (number == SIGHUP) {
        reload(daemon);
    } else {
        begin_stop(daemon);
    }
}

/* the run */

static void prepare_process(void)
{
    signal(SIGPIPE, SIG_IGN);
    /* Each thread's own heap would cost a node that idles some megabytes. */
    mallopt(M_ARENA_MAX, 2);
    mallopt(M_MMAP_THRESHOLD, 256 * 1024);
    mallopt(M_TRIM_THRESHOLD, 256 * 1024);
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
}

static void init_loop(struct toc_daemon *daemon)
{
    static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};
    int failed = uv_loop_init(&daemon->uv);
    failed = failed != 0 ? failed : uv_timer_init(&daemon->uv, &daemon->timer);
    failed = failed != 0 ? failed : uv_timer_init(&daemon->uv, &daemon->stop_timer);
    failed = failed != 0 ? failed : uv_async_init(&daemon->uv, &daemon->reports, on_reports);
    for (size_t i = 0; failed == 0 && i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        failed = uv_signal_init(&daemon->uv, &daemon->signals[i]);
        daemon->signals[i].data = daemon;
        failed = failed != 0 ? failed : uv_signal_start(&daemon->signals[i], on_signal, numbers[i]);
    }
    TOC_ASSERT(failed == 0);
    daemon->timer.data = daemon->stop_timer.data = daemon->reports.data = daemon;
    pthread_mutex_init(&daemon->report_mutex, NULL);
    daemon->thread = pthread_self();
    daemon->next_accepted = 2;
}

static void close_handle(uv_handle_t *handle, void *arg)
{
    (void)arg;
    if (!uv_is_closing(handle)) {
        uv_close(handle, NULL);
    }
}

static void close_loop(struct toc_daemon *daemon)
{
    daemon->ended = true;
    toc_tcp_stop(daemon);
    toc_tcp_close_all(daemon);
    toc_serve_stop(daemon);
    toc_serve_close_all(daemon);
    toc_end_threads(daemon);
    uv_walk(&daemon->uv, close_handle, NULL);
    /* Work of the pool that is under way ends here, while the core's memory stands. */
    uv_run(&daemon->uv, UV_RUN_DEFAULT);
    int failed = uv_loop_close(&daemon->uv);
    TOC_ASSERT(failed == 0);
    toc_end(daemon);
}

static void begin_run(struct toc_daemon *daemon)
{
    struct toc_line line = {{0}};
    struct toc_event event = {.kind = TOC_EVENT_TIMER};
    toc_drive(daemon, &event);
    struct toc_err err = toc_drive_catch_up(daemon, &line);
    if (toc_failed(err)) {
        toc_say(TOC_LEVEL_ERROR, "%s", line.text);
    }
    char id[TOC_ID_TEXT_BYTES];
    toc_id_text(id, toc_core_federation(daemon->core));
    bool dials = strcmp(daemon->conf.node_listen, "none") == 0;
    toc_say(TOC_LEVEL_INFO, "node %u of %s in federation %s (%.10s) runs; %s%s", daemon->node,
            toc_roster_find(toc_core_roster(daemon->core), daemon->org)->handle,
            toc_core_roster(daemon->core)->name, id, dials ? "dials only" : "listens on ",
            dials ? "" : daemon->conf.node_listen);
}

enum toc_exit toc_loop_run(const struct toc_loop_options *options)
{
    struct toc_line line = {{0}};
    struct toc_err err = toc_process_harden(&line);
    struct toc_daemon *daemon = toc_failed(err) ? NULL : calloc(1, sizeof(*daemon));
    if (daemon == NULL) {
        toc_say(TOC_LEVEL_ERROR, "%s", toc_failed(err) ? line.text : "out of memory");
        return TOC_EXIT_FAILED;
    }
    daemon->options = options;
    daemon->home.dir_fd = daemon->home.lock_fd = -1;
    prepare_process();
    init_loop(daemon);
    err = toc_start(daemon, &line);
    if (toc_failed(err)) {
        fprintf(stderr, "tocsin: %s\n", line.text);
        /* Here nothing was looked for that could be merely absent. */
        daemon->exit =
            err.code == TOC_USAGE || err.code == TOC_SYNTAX ? TOC_EXIT_USAGE : TOC_EXIT_FAILED;
    } else {
        begin_run(daemon);
        uv_run(&daemon->uv, UV_RUN_DEFAULT);
    }
    enum toc_exit status = daemon->exit;
    close_loop(daemon);
    if (status == TOC_EXIT_DONE) {
        toc_say(TOC_LEVEL_INFO, "stopped");
    }
    free(daemon);
    return status;
}
