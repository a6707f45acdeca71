/* SPDX-License-Identifier: EUPL-1.2 */
#include "daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define LENGTH_BYTES 4u
#define CLIENTS_MAX 64u /* people and cron jobs of one machine */
/* Requests above this size go one at a time: they hold documents, and memory is finite. */
#define LARGE_BYTES ((size_t)1024 * 1024)
/* A client that sends half a request, or reads none of its replies, for so long is closed. */
#define STALL_MS 30000u
#define TICK_MS 1000u
/* Replies of one client that wait to be read; beyond it the desk waits for the client. */
#define QUEUE_BYTES_MAX ((size_t)4 * 1024 * 1024)

/* One reply on its way. */
struct reply {
    struct reply *next;
    uint8_t *at;
    size_t len;
};

enum phase { PHASE_LENGTH, PHASE_BODY, PHASE_ANSWER };

struct toc_serve_client {
    struct toc_serve_client *next;
    struct toc_daemon *daemon;
    uv_pipe_t pipe;
    uv_write_t write;
    uint32_t uid;
    enum phase phase;
    bool closing, writing, handle_open, reading, waits_for_turn;
    uint8_t length[LENGTH_BYTES];
    size_t have, wanted; /* of the phase */
    uint8_t *body;
    size_t body_room;
    uint64_t moved_ms; /* last time that a byte moved */
    char act[32];      /* command under way, for the audit log */
    struct reply *sending;
    /* Under server->mutex, shared with the desk that answers: */
    bool gone;      /* nobody reads any more */
    bool answering; /* a desk or the submitter holds this client */
    bool ended;     /* the last reply of the request is in the queue */
    struct reply *first, **last;
    size_t queued_bytes;
};

struct toc_server {
    uv_pipe_t listener;
    uv_timer_t timer;
    pthread_mutex_t mutex;
    pthread_cond_t drained;
    struct toc_serve_client *clients;
    size_t client_count;
    struct toc_serve_client *large; /* whose large request is in memory */
    bool listening, stopping;
};

static void start_reading(struct toc_serve_client *client);

/* Life of a client. */

static void free_replies(struct reply *reply)
{
    while (reply != NULL) {
        struct reply *next = reply->next;
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
            start_reading(next);
            return;
        }
    }
}

static void release(struct toc_serve_client *client)
{
    struct toc_server *server = client->daemon->server;
    struct toc_serve_client **at = &server->clients;
    while (*at != client) {
        at = &(*at)->next;
    }
    *at = client->next;
    server->client_count--;
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
        release(client);
    }
}

static void drop(struct toc_serve_client *client)
{
    if (client->closing) {
        return;
    }
    client->closing = true;
    struct toc_server *server = client->daemon->server;
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
        drop(client);
    } else if (!client->closing) {
        send_next(client);
    }
}

/* The request is over: the next one may come. */
static void next_request(struct toc_serve_client *client)
{
    free_body(client);
    pass_turn(client);
    client->phase = PHASE_LENGTH;
    client->have = 0;
    client->wanted = LENGTH_BYTES;
    start_reading(client);
}

static void send_next(struct toc_serve_client *client)
{
    struct toc_server *server = client->daemon->server;
    if (client->writing || client->closing) {
        return;
    }
    pthread_mutex_lock(&server->mutex);
    struct reply *reply = client->first;
    bool over = false;
    if (reply != NULL) {
        client->first = reply->next;
        if (client->first == NULL) {
            client->last = &client->first;
        }
        reply->next = NULL;
        client->queued_bytes -= reply->len;
        pthread_cond_broadcast(&server->drained);
    } else if (client->ended) {
        client->ended = false;
        over = true;
    }
    pthread_mutex_unlock(&server->mutex);
    if (over) {
        next_request(client);
    }
    if (reply == NULL) {
        return;
    }
    client->sending = reply;
    client->writing = true;
    uv_buf_t buffer = uv_buf_init((char *)reply->at, (unsigned)reply->len);
    if (uv_write(&client->write, (uv_stream_t *)&client->pipe, &buffer, 1, on_write) != 0) {
        client->writing = false;
        drop(client);
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
            release(client);
        }
        client = next;
    }
}

/* Queues a frame, whose memory is taken. */
static bool queue_frame(struct toc_serve_client *client, uint8_t *at, size_t len, bool is_end)
{
    struct toc_server *server = client->daemon->server;
    struct reply *reply = malloc(sizeof(*reply));
    pthread_mutex_lock(&server->mutex);
    while (!is_end && !client->gone && client->queued_bytes > QUEUE_BYTES_MAX) {
        pthread_cond_wait(&server->drained, &server->mutex);
    }
    bool gone = client->gone || reply == NULL;
    if (!gone) {
        *reply = (struct reply){.at = at, .len = len};
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

/* Hands a whole request to a desk. Bytes that are no request end the connection with a line. */
static void hand_over(struct toc_serve_client *client)
{
    struct toc_server *server = client->daemon->server;
    client->phase = PHASE_ANSWER;
    uv_read_stop((uv_stream_t *)&client->pipe);
    client->reading = false;
    struct toc_order *order = calloc(1, sizeof(*order));
    pthread_mutex_lock(&server->mutex);
    client->answering = true;
    pthread_mutex_unlock(&server->mutex);
    strcpy(client->act, "unknown");
    struct toc_err err =
        order == NULL ? toc_fail(TOC_FULL, "no memory for a request")
                      : toc_message_check(&order->message, toc_span(client->body, client->have));
    if (toc_failed(err)) {
        struct toc_line line;
        toc_line_set(&line, "the request cannot be read: %s", err.why);
        free(order);
        toc_serve_end(client, toc_fail(TOC_USAGE, err.why), &line, toc_span(NULL, 0));
        return;
    }
    struct toc_span command = toc_message_text(&order->message, TOC_FIELD_COMMAND);
    toc_text_escape(client->act, sizeof(client->act), command);
    order->client = client;
    order->uid = client->uid;
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
    if (client->phase == PHASE_LENGTH) {
        *buffer = uv_buf_init((char *)client->length + client->have,
                              (unsigned)(LENGTH_BYTES - client->have));
    } else if (client->phase == PHASE_BODY &&
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
    client->phase = PHASE_BODY;
    if (client->wanted == 0 || client->wanted > TOC_REQUEST_BYTES_MAX) {
        drop(client); /* no program of ours sends it */
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
        drop(client);
        return;
    }
    client->moved_ms = toc_now_mono().ms;
    client->have += (size_t)count;
    if (client->have < client->wanted) {
        return;
    }
    if (client->phase == PHASE_LENGTH) {
        begin_body(client);
    } else if (client->phase == PHASE_BODY) {
        hand_over(client);
    }
}

static void start_reading(struct toc_serve_client *client)
{
    client->moved_ms = toc_now_mono().ms;
    if (!client->reading && !client->closing && !client->daemon->server->stopping) {
        client->reading = uv_read_start((uv_stream_t *)&client->pipe, on_alloc, on_read) == 0;
    }
}

/* ---- clients
 * -------------------------------------------------------------------------------------------------
 */

/* Ends who has stopped in the middle. */
static void on_tick(uv_timer_t *timer)
{
    struct toc_daemon *daemon = timer->data;
    uint64_t now = toc_now_mono().ms;
    struct toc_serve_client *client = daemon->server->clients;
    toc_serve_listen(daemon);
    toc_submit_tick(daemon);
    while (client != NULL) {
        struct toc_serve_client *next = client->next;
        bool half_sent = client->phase == PHASE_BODY && !client->waits_for_turn;
        half_sent = half_sent || (client->phase == PHASE_LENGTH && client->have > 0);
        if (!client->closing && (half_sent || client->writing) &&
            now - client->moved_ms > STALL_MS) {
            drop(client);
        }
        client = next;
    }
}

/* With all places taken, the one that has been silent longest between two requests gives way. */
static bool make_place(struct toc_server *server)
{
    struct toc_serve_client *oldest = NULL;
    for (struct toc_serve_client *client = server->clients; client != NULL; client = client->next) {
        bool idle = client->phase == PHASE_LENGTH && client->have == 0 && !client->closing &&
                    !client->writing;
        if (idle && (oldest == NULL || client->moved_ms < oldest->moved_ms)) {
            oldest = client;
        }
    }
    if (oldest != NULL) {
        drop(oldest);
    }
    return oldest != NULL;
}

static bool peer_uid(struct toc_serve_client *client)
{
    uv_os_fd_t fd;
    struct ucred who;
    socklen_t len = sizeof(who);
    if (uv_fileno((uv_handle_t *)&client->pipe, &fd) != 0 ||
        getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) != 0) {
        return false;
    }
    client->uid = who.uid;
    return true;
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct toc_daemon *daemon = listener->data;
    struct toc_server *server = daemon->server;
    if (status < 0) {
        return;
    }
    struct toc_serve_client *client = calloc(1, sizeof(*client));
    if (client == NULL) {
        return;
    }
    client->daemon = daemon;
    client->last = &client->first;
    client->pipe.data = client;
    client->write.data = client;
    client->wanted = LENGTH_BYTES;
    if (uv_pipe_init(&daemon->uv, &client->pipe, 0) != 0) {
        free(client);
        return;
    }
    client->handle_open = true;
    bool has_place = server->client_count < CLIENTS_MAX || make_place(server);
    client->next = server->clients;
    server->clients = client;
    server->client_count++;
    if (uv_accept(listener, (uv_stream_t *)&client->pipe) != 0 || !has_place || !peer_uid(client)) {
        drop(client);
        return;
    }
    start_reading(client);
}

/* The socket. */

static struct toc_err set_group(const char *name, const char *path, struct toc_line *line)
{
    if (name[0] == '\0') {
        return toc_ok();
    }
    const struct group *group = getgrnam(name);
    if (group == NULL) {
        return toc_line_fail(line, TOC_USAGE,
                             "[control] group = %s in tocsin.conf: there is no such group", name);
    }
    if (chown(path, (uid_t)-1, group->gr_gid) != 0 || chmod(path, 0660) != 0) {
        return toc_line_fail(line, TOC_IO, "cannot give the control socket to group %s: %s", name,
                             strerror(errno));
    }
    return toc_ok();
}

/* Binds under a short name of the home (sun_path has 108 bytes). The home is locked, so a socket
 * that lies there belongs to nobody. The umask makes it 0600 from its first moment. */
static int bind_socket(struct toc_daemon *daemon)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return -1;
    }
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/" TOC_HOME_CONTROL,
             daemon->home.dir_fd);
    unlinkat(daemon->home.dir_fd, TOC_HOME_CONTROL, 0);
    if (bind(fd, (const struct sockaddr *)(const void *)&address, sizeof(address)) != 0 ||
        fchmodat(daemon->home.dir_fd, TOC_HOME_CONTROL, 0600, 0) != 0) {
        int number = errno;
        close(fd);
        errno = number;
        return -1;
    }
    return fd;
}

struct toc_err toc_serve_start(struct toc_daemon *daemon, struct toc_line *line)
{
    int fd = bind_socket(daemon);
    if (fd < 0) {
        return toc_line_fail(line, TOC_IO, "cannot make %s/" TOC_HOME_CONTROL ": %s",
                             daemon->home.path, strerror(errno));
    }
    char path[TOC_PATH_BYTES + sizeof(TOC_HOME_CONTROL) + 1];
    snprintf(path, sizeof(path), "%s/" TOC_HOME_CONTROL, daemon->home.path);
    struct toc_err err = set_group(daemon->conf.control_group, path, line);
    struct toc_server *server = toc_failed(err) ? NULL : calloc(1, sizeof(*server));
    if (server == NULL) {
        close(fd);
        return toc_failed(err) ? err : toc_line_fail(line, TOC_FULL, "out of memory");
    }
    pthread_mutex_init(&server->mutex, NULL);
    pthread_cond_init(&server->drained, NULL);
    daemon->server = server;
    server->listener.data = daemon;
    server->timer.data = daemon;
    int failed = uv_pipe_init(&daemon->uv, &server->listener, 0);
    TOC_ASSERT(failed == 0);
    failed = uv_timer_init(&daemon->uv, &server->timer);
    TOC_ASSERT(failed == 0);
    failed = uv_pipe_open(&server->listener, fd);
    if (failed != 0) {
        return toc_line_fail(line, TOC_IO, "cannot listen on the control socket: %s",
                             uv_strerror(failed));
    }
    uv_timer_start(&server->timer, on_tick, TICK_MS, TICK_MS);
    return toc_ok();
}

void toc_serve_listen(struct toc_daemon *daemon)
{
    struct toc_server *server = daemon->server;
    if (server->listening || server->stopping) {
        return;
    }
    server->listening = true;
    int failed = uv_listen((uv_stream_t *)&server->listener, 16, on_connection);
    if (failed != 0) {
        toc_say(TOC_LEVEL_ERROR, "cannot listen on the control socket: %s", uv_strerror(failed));
    }
}

void toc_serve_stop(struct toc_daemon *daemon)
{
    struct toc_server *server = daemon->server;
    if (server == NULL || server->stopping) {
        return;
    }
    server->stopping = true;
    uv_close((uv_handle_t *)&server->listener, NULL);
    uv_close((uv_handle_t *)&server->timer, NULL);
    unlinkat(daemon->home.dir_fd, TOC_HOME_CONTROL, 0);
}

bool toc_serve_quiet(struct toc_daemon *daemon)
{
    struct toc_serve_client *client = daemon->server == NULL ? NULL : daemon->server->clients;
    while (client != NULL && !client->writing && client->phase != PHASE_ANSWER) {
        client = client->next;
    }
    return client == NULL;
}

void toc_serve_close_all(struct toc_daemon *daemon)
{
    struct toc_server *server = daemon->server;
    struct toc_serve_client *client = server == NULL ? NULL : server->clients;
    while (client != NULL) {
        struct toc_serve_client *next = client->next;
        drop(client);
        client = next;
    }
}

void toc_serve_end_all(struct toc_daemon *daemon)
{
    struct toc_server *server = daemon->server;
    if (server == NULL) {
        return;
    }
    while (server->clients != NULL) {
        release(server->clients);
    }
    pthread_mutex_destroy(&server->mutex);
    pthread_cond_destroy(&server->drained);
    free(server);
    daemon->server = NULL;
}
