/* SPDX-License-Identifier: EUPL-1.2 */
#include "daemon.h"
#include "resolve.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* One connection. `number` 0: the core does not know it any more, it only waits to be freed. */
struct toc_tcp {
    struct toc_tcp *next;
    struct toc_daemon *daemon;
    uint64_t number;
    uv_tcp_t handle;
    uv_connect_t connect;
    struct toc_lookup *lookup; /* its name is being looked up */
    /* Says when the kernel wants more; libuv has one handle a descriptor, so this is a copy. */
    uv_poll_t room;
    int room_fd;
    bool dialled, up, reading, waiting, handle_open, room_open;
    uint32_t frame_bytes; /* the most that is given to the kernel in one piece */
    int unsent_max;       /* with so much unsent it wants no more */
    /* Spans that the core lends, oldest first; `first` may be partly written. */
    struct toc_span *spans;
    size_t span_first, span_count, span_max;
};

/* Table. */

static struct toc_tcp *find(struct toc_daemon *daemon, uint64_t number)
{
    struct toc_tcp *link = daemon->links;
    while (link != NULL && link->number != number) {
        link = link->next;
    }
    return link;
}

static struct toc_tcp *add(struct toc_daemon *daemon, uint64_t number)
{
    struct toc_tcp *link = calloc(1, sizeof(*link));
    if (link == NULL) {
        return NULL;
    }
    link->daemon = daemon;
    link->number = number;
    link->handle.data = link;
    link->connect.data = link;
    link->room.data = link;
    link->room_fd = -1;
    link->next = daemon->links;
    daemon->links = link;
    daemon->link_count++;
    return link;
}

static void release(struct toc_tcp *link)
{
    struct toc_daemon *daemon = link->daemon;
    struct toc_tcp **at = &daemon->links;
    while (*at != link) {
        at = &(*at)->next;
    }
    *at = link->next;
    daemon->link_count--;
    if (link->room_fd >= 0) {
        close(link->room_fd);
    }
    free(link->spans);
    free(link);
}

static void release_if_done(struct toc_tcp *link)
{
    if (!link->handle_open && !link->room_open) {
        release(link);
    }
}

static void on_closed(uv_handle_t *handle)
{
    struct toc_tcp *link = handle->data;
    link->handle_open = false;
    release_if_done(link);
}

static void on_room_closed(uv_handle_t *handle)
{
    struct toc_tcp *link = handle->data;
    link->room_open = false;
    release_if_done(link);
}

/* Forgets the number and closes; `link` is freed when libuv has let go of it. */
static void drop(struct toc_tcp *link)
{
    link->number = 0;
    link->span_count = 0;
    if (link->lookup != NULL) {
        toc_resolve_cancel(link->lookup);
        link->lookup = NULL;
    }
    if (link->room_open && !uv_is_closing((uv_handle_t *)&link->room)) {
        uv_close((uv_handle_t *)&link->room, on_room_closed);
    }
    if (link->handle_open && !uv_is_closing((uv_handle_t *)&link->handle)) {
        uv_close((uv_handle_t *)&link->handle, on_closed);
    }
    release_if_done(link);
}

/* What a connection failed with, for people. */
static struct toc_err meaning(ssize_t failed)
{
    switch (failed) {
    case UV_EOF:
        return toc_fail(TOC_UNREACHABLE, "it closed the connection");
    case UV_ECONNREFUSED:
        return toc_fail(TOC_UNREACHABLE, "connection refused: nothing listens at its address");
    case UV_ETIMEDOUT:
        return toc_fail(TOC_UNREACHABLE, "timed out: nothing answers at its address");
    case UV_EHOSTUNREACH:
    case UV_ENETUNREACH:
        return toc_fail(TOC_UNREACHABLE, "no route to its address");
    case UV_ECONNRESET:
    case UV_EPIPE:
        return toc_fail(TOC_UNREACHABLE, "the connection was reset");
    default:
        return toc_fail(TOC_UNREACHABLE, "the connection failed");
    }
}

static struct toc_err no_memory(void)
{
    return toc_fail(TOC_FULL, "out of memory or descriptors");
}

/* The connection ended from outside. */
static void went_down(struct toc_tcp *link, struct toc_err err)
{
    struct toc_event event = {.kind = TOC_EVENT_LINK_DOWN, .link = link->number, .err = err};
    struct toc_daemon *daemon = link->daemon;
    drop(link);
    if (event.link != 0) {
        toc_drive(daemon, &event);
    }
}

/* Writing. */

/* `count` bytes of the queue are with the kernel. */
static void written(struct toc_tcp *link, size_t count)
{
    struct toc_event event = {.kind = TOC_EVENT_SENT, .link = link->number, .count = count};
    while (count > 0) {
        TOC_ASSERT(link->span_count > 0);
        struct toc_span *span = &link->spans[link->span_first];
        size_t part = count < span->len ? count : span->len;
        *span = toc_span(span->at + part, span->len - part);
        count -= part;
        if (span->len == 0) {
            link->span_first++;
            link->span_count--;
        }
    }
    if (link->span_count == 0) {
        link->span_first = 0;
    }
    toc_drive(link->daemon, &event);
}

static void push_out(struct toc_tcp *link);

static void on_room(uv_poll_t *room, int status, int events)
{
    struct toc_tcp *link = room->data;
    (void)events;
    uv_poll_stop(room);
    link->waiting = false;
    if (link->number == 0) {
        return;
    }
    if (status < 0) {
        went_down(link, meaning(status));
        return;
    }
    push_out(link);
}

/* What goes to the kernel next: a frame at most, so that SENT follows it closely. */
static uv_buf_t next_piece(const struct toc_tcp *link)
{
    struct toc_span span = link->spans[link->span_first];
    size_t len = span.len < link->frame_bytes ? span.len : link->frame_bytes;
    return uv_buf_init((char *)(uintptr_t)span.at, (unsigned)len);
}

/* does the kernel hold less than two frames that it has not sent? TCP_NOTSENT_LOWAT says
 * when to come back, but by itself it stops no write: what is written joins the last packet of up
 * to 64 KiB, two seconds of a thin line. */
static bool kernel_wants(const struct toc_tcp *link)
{
    int unsent = 0;
    return ioctl(link->room_fd, SIOCOUTQNSD, &unsent) != 0 || unsent < link->unsent_max;
}

/* Writes what the kernel wants at once. Gives false when the link has gone. */
static bool try_write(struct toc_tcp *link)
{
    while (link->span_count > 0 && kernel_wants(link)) {
        uv_buf_t buffer = next_piece(link);
        int put = uv_try_write((uv_stream_t *)&link->handle, &buffer, 1);
        if (put == UV_EAGAIN) {
            return true;
        }
        if (put < 0) {
            went_down(link, meaning(put));
            return false;
        }
        written(link, (size_t)put);
        if (link->number == 0) {
            return false;
        }
    }
    return true;
}

/* Writes, and asks to be told when there is room for the rest. */
static void push_out(struct toc_tcp *link)
{
    if (link->number == 0 || !link->up || link->waiting || !try_write(link)) {
        return;
    }
    /* What the core sent meanwhile has come through here too. */
    if (link->span_count == 0 || link->waiting) {
        return;
    }
    link->waiting = true;
    if (uv_poll_start(&link->room, UV_WRITABLE, on_room) != 0) {
        link->waiting = false;
        went_down(link, no_memory());
    }
}

/* Makes room for one more span: moves the queue to the front, or grows it. */
static bool span_room(struct toc_tcp *link)
{
    if (link->span_first + link->span_count < link->span_max) {
        return true;
    }
    if (link->span_first > 0) {
        memmove(link->spans, link->spans + link->span_first,
                link->span_count * sizeof(*link->spans));
        link->span_first = 0;
        return true;
    }
    size_t max = link->span_max == 0 ? 16 : link->span_max * 2;
    struct toc_span *grown = realloc(link->spans, max * sizeof(*grown));
    if (grown == NULL) {
        return false;
    }
    link->spans = grown;
    link->span_max = max;
    return true;
}

/* the kernel asks for more when it holds less than two frames that it has not sent. */
static void set_frame(struct toc_tcp *link, uint32_t frame_bytes)
{
    int lowat = (int)(frame_bytes * TOC_TCP_FRAMES_UNSENT);
    if (link->frame_bytes != frame_bytes) {
        /* Without it only an alert's delay grows. */
        int failed =
            setsockopt(link->room_fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &lowat, sizeof(lowat));
        link->unsent_max = failed == 0 ? lowat : INT_MAX;
    }
    link->frame_bytes = frame_bytes;
}

void toc_tcp_send(struct toc_daemon *daemon, uint64_t number, struct toc_span bytes,
                  uint32_t frame_bytes)
{
    struct toc_tcp *link = number == 0 ? NULL : find(daemon, number);
    if (link == NULL || bytes.len == 0) {
        return; /* it went down while the core was stepping: LINK_DOWN is on its way */
    }
    if (!span_room(link)) {
        went_down(link, no_memory());
        return;
    }
    link->spans[link->span_first + link->span_count++] = bytes;
    set_frame(link, frame_bytes);
    push_out(link);
}

void toc_tcp_close(struct toc_daemon *daemon, uint64_t number)
{
    struct toc_tcp *link = number == 0 ? NULL : find(daemon, number);
    if (link == NULL) {
        return;
    }
    /* The last words, as far as the kernel takes them now; no SENT follows. */
    if (link->up) {
        for (size_t i = 0; i < link->span_count; i++) {
            struct toc_span span = link->spans[link->span_first + i];
            uv_buf_t buffer = uv_buf_init((char *)(uintptr_t)span.at, (unsigned)span.len);
            if (uv_try_write((uv_stream_t *)&link->handle, &buffer, 1) != (int)span.len) {
                break;
            }
        }
    }
    drop(link);
}

/* Reading. */

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    (void)suggested;
    struct toc_tcp *link = handle->data;
    struct toc_room room = toc_core_receive_room(link->daemon->core, link->number);
    *buffer = uv_buf_init((char *)room.at, (unsigned)room.len);
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer)
{
    (void)buffer;
    struct toc_tcp *link = stream->data;
    if (count == UV_ENOBUFS) {
        uv_read_stop(stream);
        link->reading = false;
        return;
    }
    if (count < 0) {
        went_down(link, meaning(count));
        return;
    }
    if (count > 0) {
        struct toc_event event = {
            .kind = TOC_EVENT_BYTES, .link = link->number, .count = (size_t)count};
        toc_drive(link->daemon, &event);
    }
}

void toc_tcp_resume(struct toc_daemon *daemon, uint64_t number)
{
    struct toc_tcp *link = number == 0 ? NULL : find(daemon, number);
    if (link == NULL || !link->up || link->reading) {
        return;
    }
    link->reading = true;
    int failed = uv_read_start((uv_stream_t *)&link->handle, on_alloc, on_read);
    if (failed != 0) {
        went_down(link, meaning(failed));
    }
}

/* Connections that stand. */

/* Address as IPv6, IPv4 mapped. */
static void source_of(uint8_t out[static 16], const struct sockaddr_storage *address)
{
    memset(out, 0, 16);
    if (address->ss_family == AF_INET) {
        out[10] = out[11] = 0xff;
        memcpy(out + 12, &((const struct sockaddr_in *)(const void *)address)->sin_addr, 4);
    } else if (address->ss_family == AF_INET6) {
        memcpy(out, &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr, 16);
    }
}

static bool watch_room(struct toc_tcp *link)
{
    uv_os_fd_t fd;
    if (uv_fileno((uv_handle_t *)&link->handle, &fd) != 0) {
        return false;
    }
    link->room_fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    link->room_open =
        link->room_fd >= 0 && uv_poll_init(&link->daemon->uv, &link->room, link->room_fd) == 0;
    return link->room_open;
}

static void came_up(struct toc_tcp *link)
{
    struct toc_event event = {
        .kind = TOC_EVENT_LINK_UP, .link = link->number, .dialled = link->dialled};
    struct sockaddr_storage address;
    int len = sizeof(address);
    memset(&address, 0, sizeof(address));
    uv_tcp_getpeername(&link->handle, (struct sockaddr *)&address, &len);
    source_of(event.source, &address);
    uv_tcp_nodelay(&link->handle, 1);
    if (!watch_room(link)) {
        went_down(link, no_memory());
        return;
    }
    link->up = true;
    struct toc_daemon *daemon = link->daemon;
    uint64_t number = link->number;
    toc_drive(daemon, &event);
    toc_tcp_resume(daemon, number);
}

/* Listening. */

/* False: there is no memory now, and the connection waits. */
static bool accept_one(struct toc_daemon *daemon)
{
    struct toc_tcp *link = add(daemon, daemon->next_accepted);
    if (link == NULL) {
        return false;
    }
    if (uv_tcp_init(&daemon->uv, &link->handle) != 0) {
        release(link);
        return false;
    }
    daemon->next_accepted += 2;
    link->handle_open = true;
    if (uv_accept((uv_stream_t *)&daemon->listener, (uv_stream_t *)&link->handle) != 0 ||
        daemon->link_count > TOC_TCP_LINKS_MAX) {
        drop(link);
    } else {
        came_up(link);
    }
    return true;
}

/* While one waits libuv accepts no further one. */
static void on_accept_turn(uv_timer_t *timer)
{
    struct toc_daemon *daemon = timer->data;
    daemon->accepts_left = TOC_ACCEPTS_TURN;
    if (daemon->accept_waits && daemon->listening) {
        daemon->accepts_left--;
        daemon->accept_waits = !accept_one(daemon);
        int failed = uv_timer_start(timer, on_accept_turn, TOC_ACCEPTS_TURN_MS, 0);
        TOC_ASSERT(failed == 0);
    }
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct toc_daemon *daemon = listener->data;
    if (status < 0) {
        return;
    }
    if (!uv_is_active((uv_handle_t *)&daemon->accept_timer)) {
        int failed = uv_timer_start(&daemon->accept_timer, on_accept_turn, TOC_ACCEPTS_TURN_MS, 0);
        TOC_ASSERT(failed == 0);
    }
    if (daemon->accepts_left == 0) {
        daemon->accept_waits = true;
        return;
    }
    daemon->accepts_left--;
    daemon->accept_waits = !accept_one(daemon);
}

struct toc_err toc_tcp_listen(struct toc_daemon *daemon, struct toc_line *line)
{
    const char *text = daemon->conf.node_listen;
    if (strcmp(text, "none") == 0) {
        return toc_ok();
    }
    struct sockaddr_storage address;
    memset(&address, 0, sizeof(address));
    if (!toc_resolve_number(text, &address)) {
        return toc_line_fail(line, TOC_USAGE,
                             "[node] listen = %s in tocsin.conf is no address: write ADDRESS:PORT, "
                             "[v6]:PORT or none",
                             text);
    }
    int failed = uv_tcp_init(&daemon->uv, &daemon->listener);
    TOC_ASSERT(failed == 0);
    daemon->listener.data = daemon;
    daemon->listening = true;
    failed = uv_timer_init(&daemon->uv, &daemon->accept_timer);
    TOC_ASSERT(failed == 0);
    daemon->accept_timer.data = daemon;
    daemon->accepts_left = TOC_ACCEPTS_TURN;
    failed = uv_tcp_bind(&daemon->listener, (const struct sockaddr *)&address, 0);
    if (failed == 0) {
        failed = uv_listen((uv_stream_t *)&daemon->listener, TOC_LISTEN_BACKLOG, on_connection);
    }
    if (failed == UV_EADDRINUSE) {
        return toc_line_fail(line, TOC_LOCKED,
                             "cannot listen on %s: another program uses that port; stop it or "
                             "change [node] listen in tocsin.conf",
                             text);
    }
    if (failed != 0) {
        return toc_line_fail(line, TOC_IO,
                             "cannot listen on %s: %s; change [node] listen in "
                             "tocsin.conf",
                             text, uv_strerror(failed));
    }
    return toc_ok();
}

void toc_tcp_stop(struct toc_daemon *daemon)
{
    if (daemon->listening) {
        daemon->listening = false;
        uv_close((uv_handle_t *)&daemon->listener, NULL);
        uv_close((uv_handle_t *)&daemon->accept_timer, NULL);
    }
}

void toc_tcp_close_all(struct toc_daemon *daemon)
{
    struct toc_tcp *link = daemon->links;
    while (link != NULL) {
        struct toc_tcp *next = link->next;
        drop(link);
        link = next;
    }
    toc_resolve_close(daemon->resolver);
    daemon->resolver = NULL;
}

/* dialling */

static void on_connect(uv_connect_t *connect, int status)
{
    struct toc_tcp *link = connect->data;
    if (link->number == 0) {
        return;
    }
    if (status < 0) {
        went_down(link, meaning(status));
        return;
    }
    came_up(link);
}

static struct toc_err connect_to(struct toc_tcp *link, const struct sockaddr *address)
{
    link->handle_open = uv_tcp_init(&link->daemon->uv, &link->handle) == 0;
    if (!link->handle_open) {
        return no_memory();
    }
    int failed = uv_tcp_connect(&link->connect, &link->handle, address, on_connect);
    return failed == 0 ? toc_ok() : meaning(failed);
}

static void on_resolved(void *arg, struct toc_err err, const struct sockaddr *address)
{
    struct toc_tcp *link = arg;
    link->lookup = NULL;
    err = toc_failed(err) ? err : connect_to(link, address);
    if (toc_failed(err)) {
        went_down(link, err);
    }
}

/* A number is used as it is: nobody is asked, and nothing waits. */
static struct toc_err begin_dial(struct toc_tcp *link, const char *address)
{
    struct toc_daemon *daemon = link->daemon;
    struct sockaddr_storage known;
    memset(&known, 0, sizeof(known));
    if (toc_resolve_number(address, &known)) {
        return connect_to(link, (const struct sockaddr *)&known);
    }
    if (daemon->resolver == NULL) {
        daemon->resolver = toc_resolve_open(&daemon->uv);
    }
    return daemon->resolver == NULL
               ? no_memory()
               : toc_resolve_begin(daemon->resolver, address, on_resolved, link, &link->lookup);
}

void toc_tcp_dial(struct toc_daemon *daemon, uint64_t number, const char *address)
{
    struct toc_tcp *link = add(daemon, number);
    if (link != NULL) {
        link->dialled = true;
        struct toc_err err = begin_dial(link, address);
        if (toc_failed(err)) {
            went_down(link, err);
        }
        return;
    }
    struct toc_event event = {.kind = TOC_EVENT_LINK_DOWN, .link = number, .err = no_memory()};
    toc_drive(daemon, &event);
}
