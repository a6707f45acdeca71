/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * answer: what the node replies to each request of the control socket. Runs on the threads of the
 * desks over snapshots of store and index; only what asks the core runs on the loop's thread,
 * through `call`. Requests and replies: api.h.
 */
#ifndef TOC_ANSWER_H
#define TOC_ANSWER_H

#include "api.h"
#include "content.h"
#include "core.h"
#include "feed.h"
#include "index.h"
#include "verify.h"

struct toc_handles;
struct toc_publication;

/* What `publish --each` has published, as HOME/published holds it; 16 bytes of memory a file, once
 * one has been asked for. Any thread. */
struct toc_each;
/* Lends: home. Gives *each (toc_each_free). Fails: FULL. */
TOC_MUST_USE struct toc_err toc_each_new(struct toc_each **each, const struct toc_home *home);
/* NULL is legal. */
void toc_each_free(struct toc_each *each);

/* What an answer may use. One for each thread. Lends: everything. */
struct toc_desk {
    struct toc_store *store;
    struct toc_index *index;
    struct toc_indexers *indexers;
    struct toc_feed *feed;
    struct toc_opener *opener; /* this thread's own */
    const struct toc_home *home;
    struct toc_each *each;       /* all desks' together */
    const struct toc_conf *conf; /* changes on the loop's thread alone */
    const struct toc_sign_keys *log_keys;
    const uint8_t *federation, *org; /* 32 bytes each */
    uint16_t node;
    struct toc_span genesis;
    struct toc_mono started;
    /* Runs `run` on the loop's thread and waits. False: the node is stopping. */
    bool (*call)(void *loop, void (*run)(void *loop, void *arg), void *arg);
    void *loop;
    /* On the loop's thread alone: the core, alarms that the loop knows of. */
    struct toc_core *(*core)(void *loop);
    size_t (*alarms)(void *loop, struct toc_line *lines, size_t max);
};

/* One of several outcomes of a request: what becomes of one bulletin. */
struct toc_publication;
struct toc_outcome {
    struct toc_publication *publication; /* NULL: */
    struct toc_build row;                /* built, without a publication */
    enum toc_code code;                  /* for the audit log, without a publication */
};

#define TOC_ANSWER_DETAIL_BYTES 512u
/* One request while it is answered. */
struct toc_answer {
    const struct toc_message *request;
    uint32_t uid;
    /* Takes a built row (and clears it). False: the client has gone, stop. */
    bool (*row)(void *client, struct toc_build *row);
    /* Takes the next outcome of a request with several: the client gets them in this order. */
    void (*outcome)(void *client, struct toc_outcome *outcome);
    void *client;
    struct toc_line line;                 /* of a refusal, for the client */
    char detail[TOC_ANSWER_DETAIL_BYTES]; /* for the audit log: what the act was about */
    /* Set by publish and share: the reply follows when the core has published it. Owned by the
     * caller then (toc_publication_free). */
    struct toc_publication *publication;
};

/* Answers a request. ok: done (or `publication` is set); ABSENT: nothing found; else answer->line
 * says why. An unknown command is USAGE. */
TOC_MUST_USE struct toc_err toc_answer(const struct toc_desk *desk, struct toc_answer *answer);

/* publications: between a desk and the core */

#define TOC_PUBLICATION_EACH_BYTES (2 * TOC_ID_BYTES)
struct toc_publication {
    struct toc_submit submit;                 /* lends: organisations and content below */
    struct toc_feed_given given;              /* own; what the feeder need not read again, if any */
    struct toc_bytes content;                 /* own */
    uint8_t *organisations;                   /* own */
    struct toc_build row;                     /* the row "publication", open after AUDIENCE_NAMES */
    bool noted;                               /* `each` is to be remembered for `--each` */
    uint8_t each[TOC_PUBLICATION_EACH_BYTES]; /* the key of each.c, the bulletin's id */
    char detail[TOC_ANSWER_DETAIL_BYTES];
};
/* Frees it with all that it owns. NULL is legal. */
void toc_publication_free(struct toc_publication *publication);
/* Adds where it stands and ends the row. */
void toc_publication_done(struct toc_publication *publication, const uint8_t *group,
                          const uint8_t *log, uint64_t seq);

/* Remembers what `--each` skips from now on: the `each` of publications that are durable. It
 * survives a kill; where power fails, what toc_publication_sync has not seen may go out once more.
 */
void toc_publication_note(const struct toc_home *home, const uint8_t *records, size_t count);
/* Makes durable what `--each` skips; waits for the disk. Fails: IO. */
TOC_MUST_USE struct toc_err toc_publication_sync(const struct toc_home *home);

#endif
