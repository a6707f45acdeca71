/* SPDX-License-Identifier: EUPL-1.2 */
#include "client.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* A client that sends half a request, or reads none of its replies, for so long is closed. */
#define STALL_MS 30000u
/* A request begins with its length, four bytes that programs send in one piece. */
#define LENGTH_STALL_MS 5000u
#define TICK_MS 1000u

/* clients */

/* What is damaged may be asked for by nobody for years: the first sign of it is said. */
static void tell_damage(struct toc_daemon *daemon)
{
    if (!daemon->damage_told && toc_store_is_damaged(daemon->store)) {
        daemon->damage_told = true;
        toc_say(TOC_LEVEL_ERROR, "the store is damaged: a row does not match its checksum; run "
                                 "`tocsin verify`, and check the disk");
    }
}

/* Has the client begun a request that has not come whole? */
static bool is_half_sent(const struct toc_serve_client *client)
{
    return client->phase == TOC_PHASE_LENGTH
               ? client->have > 0
               : client->phase == TOC_PHASE_BODY && !client->waits_for_turn;
}

/* Ends who has stopped in the middle. */
static void on_tick(uv_timer_t *timer)
{
    struct toc_daemon *daemon = timer->data;
    uint64_t now = toc_now_mono().ms;
    struct toc_serve_client *client = daemon->server->clients;
    toc_serve_listen(daemon);
    toc_drive_clock(daemon);
    toc_drive_alone(daemon);
    toc_submit_tick(daemon);
    tell_damage(daemon);
    while (client != NULL) {
        struct toc_serve_client *next = client->next;
        uint64_t stall_ms = client->phase == TOC_PHASE_LENGTH ? LENGTH_STALL_MS : STALL_MS;
        if (!client->closing && (is_half_sent(client) || client->writing) &&
            now - client->moved_ms > (client->writing ? STALL_MS : stall_ms)) {
            toc_client_drop(client);
        }
        client = next;
    }
}

/* Who has been silent longest, of those between two requests or of those in the middle of one. */
static struct toc_serve_client *oldest_silent(struct toc_server *server, bool half_sent)
{
    struct toc_serve_client *oldest = NULL;
    for (struct toc_serve_client *client = server->clients; client != NULL; client = client->next) {
        bool idle = client->phase == TOC_PHASE_LENGTH && client->have == 0;
        bool fits = half_sent ? is_half_sent(client) : idle;
        if (fits && !client->closing && !client->writing &&
            (oldest == NULL || client->moved_ms < oldest->moved_ms)) {
            oldest = client;
        }
    }
    return oldest;
}

/* With all places taken, one that waits for nothing gives way; else one whose request is not whole.
 */
static bool make_place(struct toc_server *server)
{
    struct toc_serve_client *oldest = oldest_silent(server, false);
    oldest = oldest == NULL ? oldest_silent(server, true) : oldest;
    if (oldest != NULL) {
        toc_client_drop(oldest);
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
    client->wanted = TOC_CLIENT_LENGTH_BYTES;
    if (uv_pipe_init(&daemon->uv, &client->pipe, 0) != 0) {
        free(client);
        return;
    }
    client->handle_open = true;
    bool has_place = server->client_count < TOC_CLIENTS_MAX || make_place(server);
    client->next = server->clients;
    server->clients = client;
    server->client_count++;
    if (uv_accept(listener, (uv_stream_t *)&client->pipe) != 0 || !has_place || !peer_uid(client)) {
        toc_client_drop(client);
        return;
    }
    toc_client_read(client);
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
    int failed = uv_listen((uv_stream_t *)&server->listener, TOC_CLIENTS_MAX, on_connection);
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
    while (client != NULL && !client->writing && client->phase != TOC_PHASE_ANSWER) {
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
        toc_client_drop(client);
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
        toc_client_release(server->clients);
    }
    pthread_mutex_destroy(&server->mutex);
    pthread_cond_destroy(&server->drained);
    free(server);
    daemon->server = NULL;
}
