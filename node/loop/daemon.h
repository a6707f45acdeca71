/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Private to loop: the daemon's one state and what its files offer each other. Everything here runs
 * on the loop's thread unless a comment says otherwise.
 *
 *   start.c   opens home, keys, store, core; closes them
 *   drive.c   events into the core, its actions out of it
 *   tcp.c     links: listen, accept, dial, read, write
 *   resolve.c names of other nodes into addresses
 *   control.c the control socket and its clients
 *   serve.c   requests and replies of a client
 *   desk.c    threads that answer requests; calls onto the loop's thread
 *   submit.c  publications between a desk and the core
 *   run.c     signals, timers, the order of a stop
 */
#ifndef TOC_DAEMON_H
#define TOC_DAEMON_H

#include "answer.h"
#include "api.h"
#include "core.h"
#include "feed.h"
#include "index.h"
#include "loop.h"
#include "ops.h"
#include "store.h"
#include "writer.h"

#include <pthread.h>
#include <uv.h>

/* Connections at the same time: the core's links and strangers, and what it is about to close. */
#define TOC_TCP_LINKS_MAX (TOC_LINKS_MAX + 512u + 64u)
/* So many are accepted in a millisecond: libuv would go on as long as others connect, and nothing
 * else would have its turn. The rest wait in the kernel. */
#define TOC_ACCEPTS_TURN 32u
#define TOC_ACCEPTS_TURN_MS 1u
#define TOC_LISTEN_BACKLOG 128
/* Frames that a socket holds and has not sent: an alert waits behind no more. */
#define TOC_TCP_FRAMES_UNSENT 2u

struct toc_daemon;

/* links */

struct toc_tcp;      /* tcp.c */
struct toc_resolver; /* resolve.h */

/* Starts listening on conf.node_listen. Fails: LOCKED (occupied), USAGE (not an address), IO. */
TOC_MUST_USE struct toc_err toc_tcp_listen(struct toc_daemon *daemon, struct toc_line *line);
void toc_tcp_dial(struct toc_daemon *daemon, uint64_t number, const char *address);
/* Queues bytes that the core lends until SENT. `frame_bytes`: of a frame of this link by now. */
void toc_tcp_send(struct toc_daemon *daemon, uint64_t number, struct toc_span bytes,
                  uint32_t frame_bytes);
void toc_tcp_resume(struct toc_daemon *daemon, uint64_t number);
/* Writes at once what the kernel takes, then closes; no event follows. */
void toc_tcp_close(struct toc_daemon *daemon, uint64_t number);
/* Stops listening. */
void toc_tcp_stop(struct toc_daemon *daemon);
/* Closes every link that is left. */
void toc_tcp_close_all(struct toc_daemon *daemon);

/* drive */

/* Gives an event to the core and carries out what follows. Called from within that, it waits its
 * turn. Sets time and entropy. */
void toc_drive(struct toc_daemon *daemon, const struct toc_event *event);
/* Any thread: jobs have been stored (writer.h). */
void toc_drive_stored(void *arg, struct toc_store_job *jobs);
/* Any thread: the feeder has indexed up to `seq`; or the one late entry `seq`. */
void toc_drive_indexed(void *arg, const uint8_t *log, uint64_t seq);
void toc_drive_indexed_late(void *arg, const uint8_t *log, uint64_t seq);
/* Carries out what other threads have reported since. */
void toc_drive_reports(struct toc_daemon *daemon);
/* Gives the feeder what the store holds and the index lacks, after a start. */
TOC_MUST_USE struct toc_err toc_drive_catch_up(struct toc_daemon *daemon, struct toc_line *line);

/* Now and then, and before a publication: has the wall clock jumped since the start? Alarms when it
 * has; set right again, it is as if it had not. */
void toc_drive_clock(struct toc_daemon *daemon);

/* Now and then: says in the log that no link to another node stands, and that one does again. */
void toc_drive_alone(struct toc_daemon *daemon);

/* Frees what is left. */
void toc_drive_end(struct toc_daemon *daemon);

/* control socket */

struct toc_serve_client;
#define TOC_CLIENTS_MAX 64u /* people and cron jobs of one machine */

/* Binds HOME/control. Fails: IO, USAGE (no such group). */
TOC_MUST_USE struct toc_err toc_serve_start(struct toc_daemon *daemon, struct toc_line *line);
/* Lets clients in: from the moment that what lives in memory alone is there again, or a little
 * later; called again it does nothing. */
void toc_serve_listen(struct toc_daemon *daemon);
/* Takes no more requests; clients get what is queued for them. */
void toc_serve_stop(struct toc_daemon *daemon);
/* Sends what desks have queued. */
void toc_serve_flush(struct toc_daemon *daemon);
/* Is nothing being answered or sent? */
bool toc_serve_quiet(struct toc_daemon *daemon);
/* Closes every client that is left. */
void toc_serve_close_all(struct toc_daemon *daemon);
/* Frees the server and the clients whose handles are closed. */
void toc_serve_end_all(struct toc_daemon *daemon);
/* Any thread. Takes the built row (cleared then). False: the client is gone or the row is broken;
 * waits while the client has too much before it, but never for one that does not read. */
bool toc_serve_row(struct toc_serve_client *client, struct toc_build *row);
/* On a desk's thread: which command the request under way is, for the audit log. */
void toc_serve_act(struct toc_serve_client *client, struct toc_span command);
/* The caller's uid. The request must not have ended. */
uint32_t toc_serve_uid(const struct toc_serve_client *client);
/* Any thread, once a request: the last reply. `line` may be empty. The client may ask again. */
void toc_serve_end(struct toc_serve_client *client, struct toc_err err, const struct toc_line *line,
                   struct toc_span detail);

/* desks */

#define TOC_DESKS 2u /* that work at a time: a long question does not make a short one wait */
/* Threads that wait for a client to read do not count; every client may make one wait. */
#define TOC_DESK_THREADS_MAX (TOC_CLIENTS_MAX + TOC_DESKS)

/* A request on its way. Owned by the desk that answers it. */
struct toc_order {
    struct toc_order *next;
    struct toc_serve_client *client;
    uint32_t uid;
    struct toc_span body; /* the client's, until its request has ended */
    struct toc_message message;
};

TOC_MUST_USE struct toc_err toc_desk_start(struct toc_daemon *daemon);
/* Answers what waits with "stopping" and ends the threads. */
void toc_desk_stop(struct toc_daemon *daemon);
/* Frees what is left. */
void toc_desk_end(struct toc_daemon *daemon);
/* Takes the order. */
void toc_desk_push(struct toc_daemon *daemon, struct toc_order *order);
/* On a desk's thread: it begins to wait for its client, so another may work; it goes on. */
void toc_desk_pause(struct toc_daemon *daemon);
/* The wait is over. */
void toc_desk_resume(struct toc_daemon *daemon);
/* Another thread: runs `run` on the loop's thread and waits for it. False: the node stops. */
bool toc_desk_call(void *daemon, void (*run)(void *daemon, void *arg), void *arg);
/* Carries out the calls that wait. */
void toc_desk_calls(struct toc_daemon *daemon);

/* submissions */

/* Fails: FULL. */
TOC_MUST_USE struct toc_err toc_submit_start(struct toc_daemon *daemon);
/* Gives the core what has arrived. */
void toc_submit_flush(struct toc_daemon *daemon);
/* On a desk's thread: hands a publication over; the reply follows when it is durable. */
void toc_submit_push(struct toc_daemon *daemon, struct toc_serve_client *client,
                     struct toc_publication *publication);
/* A request with several outcomes: its client gets them in the order in which they are pushed here.
 */
struct toc_many;
/* NULL: out of memory. */
struct toc_many *toc_submit_many(struct toc_serve_client *client);
/* On a desk's thread: the next outcome; takes what is in it. */
void toc_submit_push_outcome(struct toc_daemon *daemon, struct toc_many *many,
                             struct toc_outcome *outcome);
/* On a desk's thread: the last reply, behind all outcomes. Takes `many`. */
void toc_submit_push_end(struct toc_daemon *daemon, struct toc_many *many, struct toc_err err,
                         const struct toc_line *line, struct toc_span detail);
/* The index shows the log up to seq: whoever published there gets his reply. */
void toc_submit_visible(struct toc_daemon *daemon, const uint8_t *log, uint64_t seq);
/* Now and then: replies that have waited long enough to be visible. */
void toc_submit_tick(struct toc_daemon *daemon);
/* PUBLISHED of the core. */
void toc_submit_published(struct toc_daemon *daemon, const struct toc_action *action);
/* Frees what is left. */
void toc_submit_end(struct toc_daemon *daemon);
/* Answers every publication that the core has not got yet. */
void toc_submit_refuse(struct toc_daemon *daemon, struct toc_err err, const char *line);

/* audit */

/* Opens the log and starts its thread. Fails: as toc_audit_open; FULL. */
TOC_MUST_USE struct toc_err toc_audit_start(struct toc_daemon *daemon, struct toc_line *line);
/* Writes what waits and ends the thread. */
void toc_audit_stop(struct toc_daemon *daemon);
/* Any thread: one act. Texts are copied. */
void toc_audit_note(struct toc_daemon *daemon, uint32_t uid, struct toc_span act,
                    enum toc_code outcome, struct toc_span detail);

/* the state */

struct toc_calls;
struct toc_desk_threads;
struct toc_audit_thread;

/* What the feeder has told: a log's cursor, or one entry behind it. */
struct toc_indexed {
    uint8_t log[TOC_ID_BYTES];
    uint64_t seq;
    bool late;
};

struct toc_daemon {
    const struct toc_loop_options *options;
    uv_loop_t uv;
    pthread_t thread; /* the loop's */
    /* start.c */
    struct toc_home home;
    struct toc_conf conf;
    struct toc_keyring *keyring;
    uint8_t *federation_secret; /* guarded */
    struct toc_bytes genesis, card;
    uint8_t org[TOC_ID_BYTES];
    uint16_t node;
    struct toc_store *store;
    struct toc_index *index;
    struct toc_writer_thread *writer;
    struct toc_indexers *indexers;
    struct toc_feed *feed;
    void *core_memory;
    size_t core_bytes;
    struct toc_core *core;
    uint64_t started_ms;
    /* drive.c */
    struct toc_actions *actions;
    struct toc_event *events; /* waiting their turn */
    size_t event_count, event_max;
    bool stepping;
    uv_timer_t timer;
    uv_async_t reports; /* another thread has something: reports, replies, calls */
    pthread_mutex_t report_mutex;
    struct toc_store_job *stored; /* reported; under report_mutex */
    struct toc_indexed *indexed;  /* reported; under report_mutex */
    size_t indexed_count, indexed_max;
    bool full_reported, broken_reported, ready_reported; /* under report_mutex */
    bool disk_full;
    size_t work_out; /* checks, loads and stores that the core waits for */
    /* tcp.c */
    uv_tcp_t listener;
    uv_timer_t accept_timer; /* open while `listening` */
    bool listening, accept_waits;
    unsigned accepts_left;
    struct toc_tcp *links;
    struct toc_resolver *resolver; /* NULL: no name was looked up yet */
    size_t link_count;
    uint64_t next_accepted;
    /* serve.c, desk.c, submit.c, audit.c */
    struct toc_server *server;
    struct toc_desk_threads *desks;
    struct toc_submitter *submitter;
    bool submits_read; /* what is being submitted has been read: the feeder gets it */
    struct toc_audit_thread *audit;
    /* run.c */
    uv_signal_t signals[3];
    uv_timer_t stop_timer;
    uint64_t stop_ms;
    bool stopping;
    bool ended; /* the core is not stepped any more */
    bool clock_off;
    uint64_t alone_ms;      /* since when no link stands; 0: one does */
    bool alone_told;        /* in the log */
    bool clock_jumped;      /* and the operator does not trust it all the same */
    uint64_t clock_base_ms; /* wall clock less the clock that cannot be set, at the start */
    bool damage_told;       /* in the log, once */
    enum toc_exit exit;
};

#endif
