/* SPDX-License-Identifier: EUPL-1.2 */
#include "client.h"

#include <stdlib.h>
#include <string.h>

/* Requests above this size go one at a time: they hold documents, and memory is finite. */
#define LARGE_BYTES ((size_t)1024 * 1024)
/* Replies of one client that wait to be read; beyond it the desk waits for the client. */
#define QUEUE_BYTES_MAX ((size_t)4 * 1024 * 1024)

/* Replies that go by one call. */
#define REPLIES_A_WRITE 32u

/* Life of a client. */

static void free_replies(struct toc_reply *reply)
{
    while (reply != NULL) {
        struct toc_reply *next = reply->next;
        toc_wipe(reply->at, reply->len);
        free(reply->at);
        free(reply);
        reply = next;
    }
}

static void free_body(struct toc_serve_client *client)
{
    if (client->body != NULL) {
        toc_wipe(client->body, client->have < client->body_room ? client->have : client->body_room);
        free(client->body);
    }
    client->body = NULL;
    client->body_room = 0;
}

/* Gives the turn for large requests to the next who waits. */
static void pass_turn(struct toc_serve_client *client)
{
    struct toc_server *server = client->daemon->server;
    if (server->large != client) {
        return;
    }
    server->large = NULL;
    for (struct toc_serve_client *next = server->clients; next != NULL; next = next->next) {
        if (next->waits_for_turn && !next->closing) {
            next->waits_for_turn = false;
            server->large = next;
            toc_client_read(next);
            return;
        }
    }
}

void toc_client_release(struct toc_serve_client *client)
{
    struct toc_server *server = client->daemon->server;
    struct toc_serve_client **at = &server->clients;
    while (*at != client) {
        at = &(*at)->next;
    }
    *at = client->next;
    free_body(client);
    free_replies(client->sending);
    free_replies(client->first);
    free(client);
}

static void on_closed(uv_handle_t *handle)
{
    struct toc_serve_client *client = handle->data;
    struct toc_server *server = client->daemon->server;
    client->handle_open = false;
    pthread_mutex_lock(&server->mutex);
    bool held = client->answering;
    pthread_mutex_unlock(&server->mutex);
    /* A desk that holds it lets go in toc_serve_end; the flush after that frees it. */
    if (!held) {
        toc_client_release(client);
    }
}

void toc_client_drop(struct toc_serve_client *client)
{
    if (client->closing) {
        return;
    }
    client->closing = true;
    struct toc_server *server = client->daemon->server;
    server->client_count--;
    pthread_mutex_lock(&server->mutex);
    client->gone = true;
    pthread_cond_broadcast(&server->drained);
    pthread_mutex_unlock(&server->mutex);
    pass_turn(client);
    uv_close((uv_handle_t *)&client->pipe, on_closed);
}

/* Replies. */

static void send_next(struct toc_serve_client *client);

static void on_write(uv_write_t *write, int status)
{
    struct toc_serve_client *client = write->data;
    client->writing = false;
    client->moved_ms = toc_now_mono().ms;
    free_replies(client->sending);
    client->sending = NULL;
    if (status < 0) {
        toc_client_drop(client);
    } else if (!client->closing) {
        send_next(client);
    }
}

/* The request is over: the next one may come. */
static void next_request(struct toc_serve_client *client)
{
    free_body(client);
    pass_turn(client);
    client->phase = TOC_PHASE_LENGTH;
    client->have = 0;
    client->wanted = TOC_CLIENT_LENGTH_BYTES;
    toc_client_read(client);
}

/* Takes the first replies off the queue; the mutex is held. Gives how many. */
static size_t take_replies(struct toc_serve_client *client, uv_buf_t *buffers)
{
    struct toc_reply **end = &client->first;
    size_t count = 0;
    for (; *end != NULL && count < REPLIES_A_WRITE; end = &(*end)->next) {
        buffers[count++] = uv_buf_init((char *)(*end)->at, (unsigned)(*end)->len);
        client->queued_bytes -= (*end)->len;
    }
    if (count == 0) {
        return 0;
    }
    client->sending = client->first;
    client->first = *end;
    *end = NULL;
    if (client->first == NULL) {
        client->last = &client->first;
    }
    return count;
}

static void send_next(struct toc_serve_client *client)
{
    struct toc_server *server = client->daemon->server;
    uv_buf_t buffers[REPLIES_A_WRITE];
    if (client->writing || client->closing) {
        return;
    }
    pthread_mutex_lock(&server->mutex);
    size_t count = take_replies(client, buffers);
    bool over = count == 0 && client->ended;
    if (over) {
        client->ended = false;
    } else if (count > 0) {
        pthread_cond_broadcast(&server->drained);
    }
    pthread_mutex_unlock(&server->mutex);
    if (over) {
        next_request(client);
    }
    if (count == 0) {
        return;
    }
    client->writing = true;
    if (uv_write(&client->write, (uv_stream_t *)&client->pipe, buffers, (unsigned)count,
                 on_write) != 0) {
        client->writing = false;
        toc_client_drop(client);
    }
}

void toc_serve_flush(struct toc_daemon *daemon)
{
    struct toc_server *server = daemon->server;
    struct toc_serve_client *client = server == NULL ? NULL : server->clients;
    while (client != NULL) {
        struct toc_serve_client *next = client->next;
        pthread_mutex_lock(&server->mutex);
        bool held = client->answering;
        pthread_mutex_unlock(&server->mutex);
        if (!client->closing) {
            send_next(client);
        } else if (!client->handle_open && !held) {
            toc_client_release(client);
        }
        client = next;
    }
}

/* Waits while the client has too much before it; whoever does not read is closed in the end. The
 * mutex is held, and let go meanwhile. */
static void wait_drained(struct toc_serve_client *client)
{
    struct toc_server *server = client->daemon->server;
    if (client->gone || client->queued_bytes <= QUEUE_BYTES_MAX) {
        return;
    }
    pthread_mutex_unlock(&server->mutex);
    toc_desk_pause(client->daemon);
    pthread_mutex_lock(&server->mutex);
    while (!client->gone && client->queued_bytes > QUEUE_BYTES_MAX) {
        pthread_cond_wait(&server->drained, &server->mutex);
    }
    pthread_mutex_unlock(&server->mutex);
    toc_desk_resume(client->daemon);
    pthread_mutex_lock(&server->mutex);
}

/* Queues a frame, whose memory is taken. */
static bool queue_frame(struct toc_serve_client *client, uint8_t *at, size_t len, bool is_end)
{
    struct toc_server *server = client->daemon->server;
    struct toc_reply *reply = malloc(sizeof(*reply));
    pthread_mutex_lock(&server->mutex);
    /* The loop's thread is the one that drains. */
    if (!is_end && !pthread_equal(pthread_self(), client->daemon->thread)) {
        wait_drained(client);
    }
    bool gone = client->gone || reply == NULL;
    if (!gone) {
        *reply = (struct toc_reply){.at = at, .len = len};
        *client->last = reply;
        client->last = &reply->next;
        client->queued_bytes += len;
    }
    if (is_end) {
        client->ended = true;
        client->answering = false;
    }
    pthread_mutex_unlock(&server->mutex);
    /* After an end the client may be freed at any time: it is not touched any more. */
    if (gone) {
        free(reply);
        free(at);
    }
    return !gone;
}

bool toc_serve_row(struct toc_serve_client *client, struct toc_build *row)
{
    struct toc_span frame;
    struct toc_err err = toc_build_end(row, &frame);
    if (toc_failed(err)) {
        toc_say(TOC_LEVEL_ERROR, "control socket: a reply cannot be built: %s", err.why);
        toc_build_clear(row);
        return false;
    }
    uint8_t *at = row->at;
    row->at = NULL;
    toc_build_clear(row);
    struct toc_daemon *daemon = client->daemon;
    bool queued = queue_frame(client, at, frame.len, false);
    uv_async_send(&daemon->reports);
    return queued;
}

uint32_t toc_serve_uid(const struct toc_serve_client *client)
{
    return client->uid;
}

void toc_serve_end(struct toc_serve_client *client, struct toc_err err, const struct toc_line *line,
                   struct toc_span detail)
{
    struct toc_daemon *daemon = client->daemon;
    enum toc_exit status = toc_exit_of(err.code);
    struct toc_build end;
    toc_build_init(&end, TOC_REPLY_BYTES_MAX);
    toc_build_flag(&end, TOC_FIELD_END, true);
    toc_build_number(&end, TOC_FIELD_EXIT, (uint64_t)status);
    if (toc_failed(err) && err.code != TOC_ABSENT) {
        const char *text = line->text[0] != '\0' ? line->text : toc_code_text(err.code);
        toc_build_str(&end, TOC_FIELD_ERROR, toc_code_name(err.code));
        toc_build_cut(&end, TOC_FIELD_LINE, toc_span_str(text));
    } else if (toc_failed(err) && line->text[0] != '\0') {
        toc_build_cut(&end, TOC_FIELD_LINE, toc_span_str(line->text));
    }
    /* Who asks how the node is changes nothing and may ask every second. */
    if (strcmp(client->act, "status") != 0 && strcmp(client->act, "peers") != 0) {
        toc_audit_note(daemon, client->uid, toc_span_str(client->act), err.code, detail);
    }
    struct toc_span frame;
    if (toc_failed(toc_build_end(&end, &frame))) {
        toc_build_clear(&end);
        frame = toc_span(NULL, 0);
    }
    uint8_t *at = end.at;
    end.at = NULL;
    toc_build_clear(&end);
    queue_frame(client, at, frame.len, true);
    uv_async_send(&daemon->reports);
}

/* Requests. */

void toc_serve_act(struct toc_serve_client *client, struct toc_span command)
{
    toc_text_escape(client->act, sizeof(client->act), command);
}

/* Hands a whole request to a desk, which checks it: on this thread that could take long. */
static void hand_over(struct toc_serve_client *client)
{
    struct toc_server *server = client->daemon->server;
    client->phase = TOC_PHASE_ANSWER;
    uv_read_stop((uv_stream_t *)&client->pipe);
    client->reading = false;
    struct toc_order *order = calloc(1, sizeof(*order));
    if (order == NULL) {
        toc_client_drop(client);
        return;
    }
    memcpy(client->act, "unknown", sizeof("unknown"));
    pthread_mutex_lock(&server->mutex);
    client->answering = true;
    pthread_mutex_unlock(&server->mutex);
    order->client = client;
    order->uid = client->uid;
    order->body = toc_span(client->body, client->have);
    toc_desk_push(client->daemon, order);
}

/* Makes room for more of the body: twice what has come, never what was merely announced. */
static bool grow_body(struct toc_serve_client *client)
{
    size_t room = client->body_room == 0 ? 4096 : client->body_room * 2;
    room = room < client->wanted ? room : client->wanted;
    uint8_t *grown = malloc(room);
    if (grown == NULL) {
        return false;
    }
    if (client->have > 0) {
        memcpy(grown, client->body, client->have);
    }
    free_body(client);
    client->body = grown;
    client->body_room = room;
    return true;
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    (void)suggested;
    struct toc_serve_client *client = handle->data;
    *buffer = uv_buf_init(NULL, 0);
    if (client->phase == TOC_PHASE_LENGTH) {
        *buffer = uv_buf_init((char *)client->length + client->have,
                              (unsigned)(TOC_CLIENT_LENGTH_BYTES - client->have));
    } else if (client->phase == TOC_PHASE_BODY &&
               (client->have < client->body_room || grow_body(client))) {
        *buffer = uv_buf_init((char *)client->body + client->have,
                              (unsigned)(client->body_room - client->have));
    }
}

/* The length has come. A large request waits until it is the only one. */
static void begin_body(struct toc_serve_client *client)
{
    struct toc_server *server = client->daemon->server;
    client->wanted = toc_le32(client->length);
    client->have = 0;
    client->phase = TOC_PHASE_BODY;
    if (client->wanted == 0 || client->wanted > TOC_REQUEST_BYTES_MAX) {
        toc_client_drop(client); /* no program of ours sends it */
        return;
    }
    if (client->wanted > LARGE_BYTES && server->large == NULL) {
        server->large = client;
    } else if (client->wanted > LARGE_BYTES) {
        client->waits_for_turn = true;
        uv_read_stop((uv_stream_t *)&client->pipe);
        client->reading = false;
    }
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer)
{
    (void)buffer;
    struct toc_serve_client *client = stream->data;
    if (count < 0) {
        toc_client_drop(client);
        return;
    }
    client->moved_ms = toc_now_mono().ms;
    client->have += (size_t)count;
    if (client->have < client->wanted) {
        return;
    }
    if (client->phase == TOC_PHASE_LENGTH) {
        begin_body(client);
    } else if (client->phase == TOC_PHASE_BODY) {
        hand_over(client);
    }
}

void toc_client_read(struct toc_serve_client *client)
{
    client->moved_ms = toc_now_mono().ms;
    if (!client->reading && !client->closing && !client->daemon->server->stopping) {
        client->reading = uv_read_start((uv_stream_t *)&client->pipe, on_alloc, on_read) == 0;
    }
}
