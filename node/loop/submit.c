/* SPDX-License-Identifier: EUPL-1.2 */
#include "daemon.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* A request with several outcomes. */
struct toc_many {
    struct toc_serve_client *client;
    uint64_t held_pass; /* the pass in which an outcome of it was not ready: later ones wait */
    struct toc_err err; /* of its end */
    struct toc_line line;
    char detail[TOC_ANSWER_DETAIL_BYTES];
};

/* A publication on its way through the core, or another outcome that waits for its turn. */
struct waiting {
    struct waiting *next;
    struct toc_serve_client *client;     /* NULL: it was told that the outcome is open */
    struct toc_publication *publication; /* NULL: `row`, or the end of `many` */
    bool large, submitted;
    /* Durable, but not yet visible here: */
    bool published;
    uint8_t log[TOC_ID_BYTES];
    uint64_t seq, since_ms;
    uint32_t uid; /* of the client that was told */
    /* One of several outcomes: */
    struct toc_many *many; /* NULL: the only one */
    bool ready, is_end;
    struct toc_build row; /* empty: the publication's */
    enum toc_code code;
};

/* Of the entries that the core has not answered for; the others wait here, and go together. */
#define IN_CORE_MAX 256u

/* Given to the core in one event: a block is as long. */
#define TOGETHER_MAX 64u

struct toc_submitter {
    pthread_mutex_t mutex;
    struct waiting *arrived, **arrived_last; /* under the mutex */
    struct waiting *waiting;                 /* oldest first */
    uint64_t next_id;
    struct waiting *in_core[IN_CORE_MAX]; /* by the low part of their ids; NULL: free */
    size_t in_core_count;
    size_t to_go;           /* publications of the list that the core has not got */
    struct waiting **last;  /* NULL of the list */
    uint64_t pass;          /* counts those over the list that send outcomes */
    bool any_ready;         /* such a pass is due */
    bool large_out;         /* the core takes one payload of several chunks at a time */
    uint64_t full_since_ms; /* the disk; 0: it is not */
    uint8_t notes[IN_CORE_MAX * TOC_PUBLICATION_EACH_BYTES]; /* durable, not yet noted */
    size_t note_count;
};

struct toc_err toc_submit_start(struct toc_daemon *daemon)
{
    struct toc_submitter *submitter = calloc(1, sizeof(*submitter));
    if (submitter == NULL) {
        return toc_fail(TOC_FULL, "no memory for publications");
    }
    pthread_mutex_init(&submitter->mutex, NULL);
    submitter->arrived_last = &submitter->arrived;
    submitter->last = &submitter->waiting;
    submitter->next_id = 1;
    daemon->submitter = submitter;
    return toc_ok();
}

/* Queues what has come; NULL on either side is legal. */
static void arrive(struct toc_daemon *daemon, struct waiting *waiting)
{
    struct toc_submitter *submitter = daemon->submitter;
    pthread_mutex_lock(&submitter->mutex);
    *submitter->arrived_last = waiting;
    submitter->arrived_last = &waiting->next;
    pthread_mutex_unlock(&submitter->mutex);
    uv_async_send(&daemon->reports);
}

static bool is_large(const struct toc_publication *publication)
{
    return toc_payload_bytes(publication->content.len) > TOC_CHUNK_FIRST_BYTES;
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
    waiting->large = is_large(publication);
    arrive(daemon, waiting);
}

struct toc_many *toc_submit_many(struct toc_serve_client *client)
{
    struct toc_many *many = calloc(1, sizeof(*many));
    if (many != NULL) {
        many->client = client;
    }
    return many;
}

/* A place in the order of `many`. A node without memory for a few hundred bytes ends. */
static struct waiting *next_of(struct toc_many *many)
{
    struct waiting *waiting = calloc(1, sizeof(*waiting));
    if (waiting == NULL) {
        toc_say(TOC_LEVEL_ERROR, "out of memory: the node ends; nothing stored is lost");
        exit(TOC_EXIT_FAILED);
    }
    waiting->many = many;
    waiting->client = many->client;
    return waiting;
}

void toc_submit_push_outcome(struct toc_daemon *daemon, struct toc_many *many,
                             struct toc_outcome *outcome)
{
    struct waiting *waiting = next_of(many);
    waiting->publication = outcome->publication;
    waiting->large = outcome->publication != NULL && is_large(outcome->publication);
    waiting->ready = outcome->publication == NULL;
    waiting->row = outcome->row;
    waiting->code = outcome->code;
    arrive(daemon, waiting);
}

void toc_submit_push_end(struct toc_daemon *daemon, struct toc_many *many, struct toc_err err,
                         const struct toc_line *line, struct toc_span detail)
{
    struct waiting *waiting = next_of(many);
    many->err = err;
    many->line = *line;
    memcpy(many->detail, detail.at, detail.len);
    waiting->ready = waiting->is_end = true;
    arrive(daemon, waiting);
}

/* outcomes */

/* Who publishes and then asks must find what he published; but the index may be busy with others'
 * entries, and the bulletin is durable all the same. */
#define VISIBLE_MS_MAX 2000u
/* A disk that is full for longer does not become empty while somebody waits for a reply. */
#define FULL_MS_MAX 2000u

/* Takes what stands at this place of the list out of it. */
static void forget_at(struct toc_submitter *submitter, struct waiting **at)
{
    if (submitter->last == &(*at)->next) {
        submitter->last = at;
    }
    *at = (*at)->next;
}

/* Takes `waiting` out of the list. */
static void unlink_waiting(struct toc_submitter *submitter, struct waiting *waiting)
{
    struct waiting **at = &submitter->waiting;
    while (*at != waiting) {
        at = &(*at)->next;
    }
    forget_at(submitter, at);
}

/* One of several that is not published is ready: it says why. */
static void refuse_one(struct toc_submitter *submitter, struct waiting *waiting, struct toc_err err,
                       const struct toc_line *line)
{
    struct toc_build *row = &waiting->row;
    toc_build_clear(row);
    toc_build_init(row, TOC_REPLY_BYTES_MAX);
    toc_build_str(row, TOC_FIELD_ROW, "refused");
    toc_build_number(row, TOC_FIELD_EXIT, (uint64_t)toc_exit_of(err.code));
    toc_build_str(row, TOC_FIELD_ERROR, toc_code_name(err.code));
    toc_build_cut(row, TOC_FIELD_LINE, toc_span_str(line->text));
    waiting->code = err.code;
    waiting->ready = submitter->any_ready = true;
}

/* Answers the client and forgets the publication; one of several has its turn later. */
static void finish(struct toc_daemon *daemon, struct waiting *waiting, struct toc_err err,
                   const struct toc_line *line)
{
    struct toc_publication *publication = waiting->publication;
    if (waiting->many != NULL) {
        refuse_one(daemon->submitter, waiting, err, line);
        return;
    }
    unlink_waiting(daemon->submitter, waiting);
    if (waiting->client != NULL) {
        toc_serve_end(waiting->client, err, line, toc_span_str(publication->detail));
    } else {
        toc_audit_note(daemon, waiting->uid, toc_span_str("publish"), err.code,
                       toc_span_str(publication->detail));
    }
    toc_publication_free(publication);
    free(waiting);
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

/* What `--each` skips is noted before anybody is told that it is published. */
static void write_notes(struct toc_daemon *daemon)
{
    struct toc_submitter *submitter = daemon->submitter;
    toc_publication_note(&daemon->home, submitter->notes, submitter->note_count);
    submitter->note_count = 0;
}

static void take_note(struct toc_daemon *daemon, const struct toc_publication *publication)
{
    struct toc_submitter *submitter = daemon->submitter;
    if (!publication->noted) {
        return;
    }
    if (submitter->note_count == IN_CORE_MAX) {
        write_notes(daemon);
    }
    memcpy(submitter->notes + submitter->note_count++ * TOC_PUBLICATION_EACH_BYTES,
           publication->each, TOC_PUBLICATION_EACH_BYTES);
}

static void reply(struct toc_daemon *daemon, struct waiting *waiting)
{
    struct toc_line line = {{0}};
    write_notes(daemon);
    if (waiting->many != NULL) {
        waiting->ready = daemon->submitter->any_ready = true;
        return;
    }
    if (waiting->client != NULL) {
        toc_serve_row(waiting->client, &waiting->publication->row);
    }
    finish(daemon, waiting, toc_ok(), &line);
}

/* Sends one of several; whoever was told that the outcome is open stays until it is known. Gives
 * whether it can be forgotten. */
static bool send_one(struct toc_daemon *daemon, struct waiting *waiting)
{
    struct toc_many *many = waiting->many;
    struct toc_publication *publication = waiting->publication;
    const char *detail = publication == NULL ? "" : publication->detail;
    if (waiting->is_end) {
        toc_serve_end(many->client, many->err, &many->line, toc_span_str(many->detail));
        free(many);
        return true;
    }
    uint32_t uid = toc_serve_uid(many->client);
    bool own = publication != NULL && waiting->row.at == NULL;
    toc_serve_row(many->client, own ? &publication->row : &waiting->row);
    toc_audit_note(daemon, uid, toc_span_str("publish"), waiting->code, toc_span_str(detail));
    if (publication != NULL && waiting->submitted && !waiting->published &&
        waiting->client == NULL) {
        waiting->many = NULL;
        waiting->ready = false;
        return false;
    }
    toc_publication_free(publication);
    return true;
}

/* Sends the outcomes of requests with several whose turn it is. */
static void send_ready(struct toc_daemon *daemon)
{
    struct toc_submitter *submitter = daemon->submitter;
    if (!submitter->any_ready) {
        return;
    }
    submitter->any_ready = false;
    submitter->pass++;
    for (struct waiting **at = &submitter->waiting; *at != NULL;) {
        struct waiting *waiting = *at;
        struct toc_many *many = waiting->many;
        bool turn = many != NULL && many->held_pass != submitter->pass;
        if (turn && waiting->ready && send_one(daemon, waiting)) {
            forget_at(submitter, at);
            free(waiting);
            continue;
        }
        if (turn && !waiting->ready) {
            many->held_pass = submitter->pass;
        }
        at = &waiting->next;
    }
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
            struct toc_err full = toc_fail(TOC_DISK_FULL, "disk full");
            waiting->uid = toc_serve_uid(client);
            waiting->client = NULL;
            if (waiting->many != NULL) {
                refuse_one(submitter, waiting, full, &line);
                continue;
            }
            toc_serve_end(client, full, &line, toc_span_str(waiting->publication->detail));
        }
    }
}

/* The core has answered for one. */
static void answered(struct toc_daemon *daemon, const struct toc_action *action, uint64_t id,
                     uint64_t seq)
{
    struct toc_submitter *submitter = daemon->submitter;
    struct waiting *waiting = submitter->in_core[id % IN_CORE_MAX];
    if (waiting == NULL || waiting->publication->submit.id != id) {
        return;
    }
    submitter->in_core[id % IN_CORE_MAX] = NULL;
    submitter->in_core_count--;
    if (waiting->large) {
        submitter->large_out = false;
    }
    if (!toc_failed(action->err)) {
        toc_publication_done(waiting->publication, action->group, action->log, seq);
        take_note(daemon, waiting->publication);
        if (daemon->conf.node_index && waiting->publication->given.plaintext.at != NULL) {
            toc_feed_give(daemon->feed, action->log, seq, &waiting->publication->given);
        }
        memcpy(waiting->log, action->log, TOC_ID_BYTES);
        waiting->seq = seq;
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
        waiting->submitted = false; /* nothing more comes of it */
        finish(daemon, waiting, action->err, &line);
    }
}

void toc_submit_published(struct toc_daemon *daemon, const struct toc_action *action)
{
    for (size_t i = 0; i < action->submit_count; i++) {
        answered(daemon, action, action->id + i, action->seq + i);
    }
    uv_async_send(&daemon->reports); /* others may wait for their turn */
}

void toc_submit_visible(struct toc_daemon *daemon, const uint8_t *log, uint64_t seq)
{
    for (struct waiting *waiting = daemon->submitter->waiting; waiting != NULL;) {
        struct waiting *next = waiting->next;
        if (waiting->published && waiting->seq <= seq && !waiting->ready &&
            memcmp(waiting->log, log, TOC_ID_BYTES) == 0) {
            reply(daemon, waiting);
        }
        waiting = next;
    }
    send_ready(daemon);
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
        if (waiting->published && !waiting->ready &&
            (now - waiting->since_ms > VISIBLE_MS_MAX || daemon->stopping)) {
            reply(daemon, waiting);
        }
        waiting = next;
    }
    send_ready(daemon);
}

/* into the core */

static void take_arrived(struct toc_submitter *submitter)
{
    pthread_mutex_lock(&submitter->mutex);
    struct waiting *arrived = submitter->arrived;
    submitter->arrived = NULL;
    submitter->arrived_last = &submitter->arrived;
    pthread_mutex_unlock(&submitter->mutex);
    *submitter->last = arrived;
    /* Those of several that were ready before they came. */
    for (; arrived != NULL; arrived = arrived->next) {
        submitter->any_ready = submitter->any_ready || arrived->ready;
        submitter->to_go += arrived->publication != NULL;
        submitter->last = &arrived->next;
    }
}

/* May the core have it now? */
static bool may_go(const struct toc_submitter *submitter, const struct waiting *waiting)
{
    return waiting->publication != NULL && !waiting->submitted && !waiting->ready &&
           submitter->in_core_count < IN_CORE_MAX && !(waiting->large && submitter->large_out);
}

static struct waiting *first_to_go(const struct toc_submitter *submitter)
{
    bool none = submitter->to_go == 0 || submitter->in_core_count == IN_CORE_MAX;
    struct waiting *waiting = none ? NULL : submitter->waiting;
    while (waiting != NULL && !may_go(submitter, waiting)) {
        waiting = waiting->next;
    }
    return waiting;
}

/* May this one be with the core together with the other, which it knows to be of one audience? */
static bool goes_with(const struct toc_submit *one, const struct toc_submit *other)
{
    return one->class == TOC_CLASS_LIVE && other->class == TOC_CLASS_LIVE &&
           one->kind == other->kind && one->audience == other->audience &&
           memcmp(one->group, other->group, TOC_ID_BYTES) == 0 &&
           one->organisation_count == other->organisation_count &&
           memcmp(one->organisations, other->organisations,
                  one->organisation_count * TOC_ID_BYTES) == 0;
}

/* Takes a place of the core's answer. Numbers go on without a gap while `follows`; false: the next
 * is taken. */
static bool take_number(struct toc_submitter *submitter, struct waiting *waiting, bool follows)
{
    while (submitter->in_core[submitter->next_id % IN_CORE_MAX] != NULL) {
        if (follows) {
            return false;
        }
        submitter->next_id++;
    }
    waiting->publication->submit.id = submitter->next_id++;
    submitter->in_core[waiting->publication->submit.id % IN_CORE_MAX] = waiting;
    submitter->in_core_count++;
    submitter->to_go--;
    waiting->submitted = true;
    submitter->large_out = submitter->large_out || waiting->large;
    return true;
}

/* Gives the core this one and those behind it that go with it: one store, one signature. */
static void submit(struct toc_daemon *daemon, struct waiting *waiting)
{
    struct toc_submitter *submitter = daemon->submitter;
    struct toc_submit *first = &waiting->publication->submit, *last = first;
    struct toc_event event = {.kind = TOC_EVENT_SUBMITTED, .submit = first};
    bool is_read = waiting->publication->given.plaintext.at != NULL;
    (void)take_number(submitter, waiting, false);
    for (size_t count = 1; count < TOGETHER_MAX && (waiting = waiting->next) != NULL;) {
        if (!may_go(submitter, waiting) || waiting->large) {
            continue;
        }
        struct toc_submit *next = &waiting->publication->submit;
        if (!goes_with(first, next) || !take_number(submitter, waiting, true)) {
            break;
        }
        randombytes_buf(next->entropy, sizeof(next->entropy));
        last->next = next;
        last = next;
        count++;
    }
    daemon->submits_read = is_read;
    toc_drive(daemon, &event); /* those that are refused at once are gone then */
    daemon->submits_read = false;
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
    for (struct waiting *waiting = first_to_go(submitter); waiting != NULL;
         waiting = first_to_go(submitter)) {
        submit(daemon, waiting);
    }
    send_ready(daemon);
}

void toc_submit_refuse(struct toc_daemon *daemon, struct toc_err err, const char *text)
{
    struct toc_submitter *submitter = daemon->submitter;
    struct toc_line line;
    for (struct waiting *waiting = submitter->waiting; waiting != NULL;) {
        struct waiting *next = waiting->next;
        if (!waiting->submitted && !waiting->ready) {
            submitter->to_go--;
            toc_line_set(&line, "%s", text);
            finish(daemon, waiting, err, &line);
        }
        waiting = next;
    }
    send_ready(daemon);
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
        toc_build_clear(&submitter->waiting->row);
        if (submitter->waiting->is_end) {
            free(submitter->waiting->many);
        }
        free(submitter->waiting);
        submitter->waiting = next;
    }
    pthread_mutex_destroy(&submitter->mutex);
    free(submitter);
    daemon->submitter = NULL;
}
