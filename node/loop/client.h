/* SPDX-License-Identifier: EUPL-1.2 */
/* Private to loop: a client of the control socket, shared by its requests and its socket. */
#ifndef TOC_CLIENT_H
#define TOC_CLIENT_H

#include "daemon.h"

#define TOC_CLIENT_LENGTH_BYTES 4u

/* One reply on its way. */
struct toc_reply {
    struct toc_reply *next;
    uint8_t *at;
    size_t len;
};

enum toc_phase { TOC_PHASE_LENGTH, TOC_PHASE_BODY, TOC_PHASE_ANSWER };

struct toc_serve_client {
    struct toc_serve_client *next;
    struct toc_daemon *daemon;
    uv_pipe_t pipe;
    uv_write_t write;
    uint32_t uid;
    enum toc_phase phase;
    bool closing, writing, handle_open, reading, waits_for_turn;
    uint8_t length[TOC_CLIENT_LENGTH_BYTES];
    size_t have, wanted; /* of the phase */
    uint8_t *body;
    size_t body_room;
    uint64_t moved_ms; /* last time that a byte moved */
    char act[32];      /* command under way, for the audit log */
    struct toc_reply *sending;
    /* Under server->mutex, shared with the desk that answers: */
    bool gone;      /* nobody reads any more */
    bool answering; /* a desk or the submitter holds this client */
    bool ended;     /* the last reply of the request is in the queue */
    struct toc_reply *first, **last;
    size_t queued_bytes;
};

struct toc_server {
    uv_pipe_t listener;
    uv_timer_t timer;
    pthread_mutex_t mutex;
    pthread_cond_t drained;
    struct toc_serve_client *clients;
    size_t client_count;            /* that are not closing */
    struct toc_serve_client *large; /* whose large request is in memory */
    bool listening, stopping;
};

/* Reads the next bytes of a client that is between two requests, or has its turn. */
void toc_client_read(struct toc_serve_client *client);
/* Ends a client: nothing more is read or written; it is freed when nobody holds it. */
void toc_client_drop(struct toc_serve_client *client);
/* Frees a client that is closed and held by nobody. */
void toc_client_release(struct toc_serve_client *client);

#endif
