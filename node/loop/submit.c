/* SPDX-License-Identifier: EUPL-1.2 */
#include "daemon.h"

#include <stdlib.h>
#include <string.h>

/* A publication on its way through the core. */
struct waiting {
    struct waiting *next;
    struct toc_serve_client *client; /* NULL: it was told that the outcome is open */
    struct toc_publication *publication;
    bool large, submitted;
    /* Durable, but not yet visible here: */
    bool published;
    uint8_t log[TOC_ID_BYTES];
    uint64_t seq, since_ms;
    uint32_t uid; /* of the client that was told */
};

struct toc_submitter {
    pthread_mutex_t mutex;
    struct waiting *arrived, **arrived_last; /* under the mutex */
    struct waiting *waiting;                 /* oldest first */
    uint64_t next_id;
    bool large_out;         /* the core takes one payload of several chunks at a time */
    uint64_t full_since_ms; /* the disk; 0: it is not */
};

struct toc_err toc_submit_start(struct toc_daemon *daemon)
{
    struct toc_submitter *submitter = calloc(1, sizeof(*submitter));
    if (submitter == NULL) {
        return toc_fail(TOC_FULL, "no memory for publications");
    }
    pthread_mutex_init(&submitter->mutex, NULL);
    submitter->arrived_last = &submitter->arrived;
    submitter->next_id = 1;
    daemon->submitter = submitter;
    return toc_ok();
}

void toc_submit_push(struct toc_daemon *daemon, struct toc_serve_client *client,
                     struct toc_publication *publication)
{
    struct waiting *waiting = calloc(1, sizeof(*waiting));
    if (waiting == NULL) {
        struct toc_line line;
        toc_line_set(&line, "out of memory: nothing was published");
        toc_serve_end(client, toc_fail(TOC_FULL, "no memory"), &line, toc_span(NULL, 0));
        toc_publication_free(publication);
        return;
    }
    waiting->client = client;
    waiting->publication = publication;
    waiting->large = toc_payload_bytes(publication->content.len) > TOC_CHUNK_FIRST_BYTES;
    struct toc_submitter *submitter = daemon->submitter;
    pthread_mutex_lock(&submitter->mutex);
    *submitter->arrived_last = waiting;
    submitter->arrived_last = &waiting->next;
    pthread_mutex_unlock(&submitter->mutex);
    uv_async_send(&daemon->reports);
}

/* outcomes */

/* Who publishes and then asks must find what he published; but the index may be busy with others'
 * entries, and the bulletin is durable all the same. */
#define VISIBLE_MS_MAX 2000u
/* A disk that is full for longer does not become empty while somebody waits for a reply. */
#define FULL_MS_MAX 2000u

/* Answers the client and forgets the publication. */
static void finish(struct toc_daemon *daemon, struct waiting *waiting, struct toc_err err,
                   const struct toc_line *line)
{
    struct toc_publication *publication = waiting->publication;
    if (waiting->client != NULL) {
        toc_serve_end(waiting->client, err, line, toc_span_str(publication->detail));
    } else {
        toc_audit_note(daemon, waiting->uid, toc_span_str("publish"), err.code,
                       toc_span_str(publication->detail));
    }
    toc_publication_free(publication);
    free(waiting);
}

/* Takes `waiting` out of the list. */
static void unlink_waiting(struct toc_submitter *submitter, struct waiting *waiting)
{
    struct waiting **at = &submitter->waiting;
    while (*at != waiting) {
        at = &(*at)->next;
    }
    *at = waiting->next;
}

static const char *what_to_do(enum toc_code code)
{
    if (code == TOC_CLOCK) {
        return "set the clock right (timedatectl), then restart the node";
    }
    if (code == TOC_MEMBER || code == TOC_STRANGER) {
        return "name an audience that this node belongs to";
    }
    if (code == TOC_LIMIT) {
        return "split it";
    }
    if (toc_code_actor(code) == TOC_ACTOR_LATER) {
        return "try again in a moment";
    }
    return "see the node's log";
}

static void reply(struct toc_daemon *daemon, struct waiting *waiting)
{
    struct toc_line line = {{0}};
    unlink_waiting(daemon->submitter, waiting);
    if (waiting->client != NULL) {
        toc_serve_row(waiting->client, &waiting->publication->row);
    }
    finish(daemon, waiting, toc_ok(), &line);
}

/* Tells those whose bulletins the core holds that nobody knows when they will be durable. They stay
 * with the core, which publishes them when there is room. */
static void tell_open(struct toc_submitter *submitter)
{
    struct toc_line line;
    toc_line_set(&line, "outcome open: the disk is full; the bulletin is published when there is "
                        "room, unless the node is stopped before: see `tocsin status`");
    for (struct waiting *waiting = submitter->waiting; waiting != NULL; waiting = waiting->next) {
        if (waiting->submitted && !waiting->published && waiting->client != NULL) {
            struct toc_serve_client *client = waiting->client;
            waiting->uid = toc_serve_uid(client);
            waiting->client = NULL;
            toc_serve_end(client, toc_fail(TOC_DISK_FULL, "disk full"), &line,
                          toc_span_str(waiting->publication->detail));
        }
    }
}

void toc_submit_published(struct toc_daemon *daemon, const struct toc_action *action)
{
    struct toc_submitter *submitter = daemon->submitter;
    struct waiting *waiting = submitter->waiting;
    while (waiting != NULL && waiting->publication->submit.id != action->id) {
        waiting = waiting->next;
    }
    if (waiting == NULL) {
        return;
    }
    if (waiting->large) {
        submitter->large_out = false;
    }
    if (!toc_failed(action->err)) {
        toc_publication_done(waiting->publication, action->group, action->log, action->seq);
        memcpy(waiting->log, action->log, TOC_ID_BYTES);
        waiting->seq = action->seq;
        waiting->since_ms = toc_now_mono().ms;
        waiting->published = true;
        if (!daemon->conf.node_index) {
            reply(daemon, waiting);
        }
#ifdef TOC_CONTROL_ACK_EARLY
        else {
            reply(daemon, waiting); /* what is not committed is not visible either */
        }
#endif
    } else {
        const char *why =
            action->err.why == NULL ? toc_code_text(action->err.code) : action->err.why;
        struct toc_line line;
        toc_line_set(&line, "not published: %s; %s", why, what_to_do(action->err.code));
        unlink_waiting(submitter, waiting);
        finish(daemon, waiting, action->err, &line);
    }
    uv_async_send(&daemon->reports); /* a large one may wait for its turn */
}

void toc_submit_visible(struct toc_daemon *daemon, const uint8_t *log, uint64_t seq)
{
    for (struct waiting *waiting = daemon->submitter->waiting; waiting != NULL;) {
        struct waiting *next = waiting->next;
        if (waiting->published && waiting->seq <= seq &&
            memcmp(waiting->log, log, TOC_ID_BYTES) == 0) {
            reply(daemon, waiting);
        }
        waiting = next;
    }
}

void toc_submit_tick(struct toc_daemon *daemon)
{
    struct toc_submitter *submitter = daemon->submitter;
    uint64_t now = toc_now_mono().ms;
    if (!daemon->disk_full) {
        submitter->full_since_ms = 0;
    } else if (submitter->full_since_ms == 0) {
        submitter->full_since_ms = now;
    } else if (now - submitter->full_since_ms > FULL_MS_MAX) {
        tell_open(submitter);
    }
    for (struct waiting *waiting = daemon->submitter->waiting; waiting != NULL;) {
        struct waiting *next = waiting->next;
        if (waiting->published && (now - waiting->since_ms > VISIBLE_MS_MAX || daemon->stopping)) {
            reply(daemon, waiting);
        }
        waiting = next;
    }
}

/* into the core */

static void take_arrived(struct toc_submitter *submitter)
{
    pthread_mutex_lock(&submitter->mutex);
    struct waiting *arrived = submitter->arrived;
    submitter->arrived = NULL;
    submitter->arrived_last = &submitter->arrived;
    pthread_mutex_unlock(&submitter->mutex);
    struct waiting **end = &submitter->waiting;
    while (*end != NULL) {
        end = &(*end)->next;
    }
    *end = arrived;
}

void toc_submit_flush(struct toc_daemon *daemon)
{
    struct toc_submitter *submitter = daemon->submitter;
    if (submitter == NULL) {
        return;
    }
    take_arrived(submitter);
    if (daemon->stopping) {
        toc_submit_refuse(daemon, toc_fail(TOC_UNREACHABLE, "stopping"),
                          "not published: the node is stopping; try again when it runs");
        return;
    }
    if (daemon->disk_full) {
        toc_submit_refuse(daemon, toc_fail(TOC_DISK_FULL, "disk full"),
                          "not published: the disk is full; make room, the node goes on by itself");
        return;
    }
    toc_drive_clock(daemon);
    if (daemon->clock_jumped) {
        toc_submit_refuse(daemon, toc_fail(TOC_CLOCK, "the clock jumped"),
                          "not published: this machine's clock jumped by over 10 minutes; set it "
                          "right (timedatectl), then restart the node");
        return;
    }
    for (struct waiting *waiting = submitter->waiting; waiting != NULL;) {
        struct waiting *next = waiting->next;
        if (!waiting->submitted && !(waiting->large && submitter->large_out)) {
            waiting->submitted = true;
            submitter->large_out = submitter->large_out || waiting->large;
            struct toc_submit *submit = &waiting->publication->submit;
            submit->id = submitter->next_id++;
            struct toc_event event = {.kind = TOC_EVENT_SUBMITTED, .submit = submit};
            toc_drive(daemon, &event);
        }
        waiting = next;
    }
}

void toc_submit_refuse(struct toc_daemon *daemon, struct toc_err err, const char *text)
{
    struct toc_submitter *submitter = daemon->submitter;
    struct toc_line line;
    for (struct waiting *waiting = submitter->waiting; waiting != NULL;) {
        struct waiting *next = waiting->next;
        if (!waiting->submitted) {
            unlink_waiting(submitter, waiting);
            toc_line_set(&line, "%s", text);
            finish(daemon, waiting, err, &line);
        }
        waiting = next;
    }
}

void toc_submit_end(struct toc_daemon *daemon)
{
    struct toc_submitter *submitter = daemon->submitter;
    if (submitter == NULL) {
        return;
    }
    take_arrived(submitter);
    while (submitter->waiting != NULL) {
        struct waiting *next = submitter->waiting->next;
        toc_publication_free(submitter->waiting->publication);
        free(submitter->waiting);
        submitter->waiting = next;
    }
    pthread_mutex_destroy(&submitter->mutex);
    free(submitter);
    daemon->submitter = NULL;
}
