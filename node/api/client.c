/* SPDX-License-Identifier: EUPL-1.2 */
#include "api.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define LENGTH_BYTES 4u

struct toc_client {
    int fd;
    enum toc_exit exit;
    bool open; /* a request waits for its end */
    uint8_t *reply;
    size_t reply_room;
};

/* connecting */

/* A home's path may be longer than sun_path: the folder's descriptor gives a short one. */
static int connect_to(const char *home)
{
    int folder = open(home, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int fd = folder < 0 ? -1 : socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/" TOC_HOME_CONTROL,
                 folder);
        if (connect(fd, (const struct sockaddr *)(const void *)&address, sizeof(address)) != 0) {
            int number = errno;
            close(fd);
            fd = -1;
            errno = number;
        }
    }
    if (folder >= 0) {
        int number = errno;
        close(folder);
        errno = number;
    }
    return fd;
}

struct toc_err toc_client_open(struct toc_client **client, const char *home, struct toc_line *line)
{
    *client = NULL;
    int fd = connect_to(home);
    if (fd < 0 && (errno == EACCES || errno == EPERM)) {
        return toc_line_fail(line, TOC_UNREACHABLE,
                             "not allowed to use the node in %s: ask its operator for the group of "
                             "the control socket",
                             home);
    }
    if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)) {
        return toc_line_fail(line, TOC_UNREACHABLE,
                             "cannot reach the node in %s: %s; end other programs, or raise the "
                             "limit (ulimit -n)",
                             home, strerror(errno));
    }
    if (fd < 0) {
        return toc_line_fail(line, TOC_UNREACHABLE,
                             "no node runs in %s: start it with `tocsin run`, or name its folder "
                             "with --home",
                             home);
    }
    struct toc_client *made = calloc(1, sizeof(*made));
    if (made == NULL) {
        close(fd);
        return toc_line_fail(line, TOC_FULL, "out of memory");
    }
    made->fd = fd;
    made->exit = TOC_EXIT_UNREACHABLE;
    *client = made;
    return toc_ok();
}

void toc_client_close(struct toc_client *client)
{
    if (client == NULL) {
        return;
    }
    close(client->fd);
    if (client->reply != NULL) {
        toc_wipe(client->reply, client->reply_room);
        free(client->reply);
    }
    free(client);
}

/* asking */

static struct toc_err gone(struct toc_line *line)
{
    return toc_line_fail(line, TOC_UNREACHABLE,
                         "the node closed the connection: see its log, and try again");
}

struct toc_err toc_client_ask(struct toc_client *client, struct toc_build *request,
                              struct toc_line *line)
{
    TOC_ASSERT(!client->open);
    client->exit = TOC_EXIT_FAILED;
    struct toc_span frame;
    struct toc_err err = toc_build_end(request, &frame);
    if (toc_failed(err)) {
        return toc_line_fail(line, err.code, "the request cannot be sent: %s", err.why);
    }
    client->exit = TOC_EXIT_UNREACHABLE;
    client->open = true;
    while (frame.len > 0) {
        ssize_t put = send(client->fd, frame.at, frame.len, MSG_NOSIGNAL);
        if (put < 0 && errno == EINTR) {
            continue;
        }
        if (put < 0) {
            /* The node may have said why before it closed: the reply is still to be read. */
            return toc_ok();
        }
        frame = toc_span(frame.at + put, frame.len - (size_t)put);
    }
    return toc_ok();
}

/* replies */

/* Fills `len` bytes, waiting at most TOC_API_REPLY_WAIT_S for each piece. */
static bool receive(struct toc_client *client, uint8_t *out, size_t len)
{
    while (len > 0) {
        struct pollfd waiting = {.fd = client->fd, .events = POLLIN};
        int ready = poll(&waiting, 1, (int)TOC_API_REPLY_WAIT_S * 1000);
        if (ready < 0 && errno == EINTR) {
            continue;
        }
        ssize_t got = ready <= 0 ? 0 : recv(client->fd, out, len, 0);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return false;
        }
        out += got;
        len -= (size_t)got;
    }
    return true;
}

static struct toc_err receive_frame(struct toc_client *client, struct toc_message *message,
                                    struct toc_line *line)
{
    uint8_t length[LENGTH_BYTES];
    if (!receive(client, length, sizeof(length))) {
        return gone(line);
    }
    size_t len = toc_le32(length);
    if (len > TOC_REPLY_BYTES_MAX) {
        return toc_line_fail(line, TOC_MALFORMED,
                             "the node's answer is out of bounds: are tocsin "
                             "and tocsind of one version?");
    }
    if (len > client->reply_room) {
        free(client->reply);
        client->reply_room = 0;
        client->reply = malloc(len);
        if (client->reply == NULL) {
            return toc_line_fail(line, TOC_FULL, "out of memory");
        }
        client->reply_room = len;
    }
    if (!receive(client, client->reply, len)) {
        return gone(line);
    }
    struct toc_err err = toc_message_check(message, toc_span(client->reply, len));
    if (toc_failed(err)) {
        return toc_line_fail(line, TOC_MALFORMED,
                             "the node's answer cannot be read: are tocsin "
                             "and tocsind of one version?");
    }
    return toc_ok();
}

/* The code whose name an end carries. */
static enum toc_code code_of_name(struct toc_span name)
{
    for (int code = 0; code < TOC_CODE_COUNT; code++) {
        if (toc_span_equal(name, toc_span_str(toc_code_name((enum toc_code)code)))) {
            return (enum toc_code)code;
        }
    }
    return TOC_IO;
}

struct toc_err toc_client_next(struct toc_client *client, struct toc_message *row,
                               struct toc_line *line)
{
    row->map = toc_span(NULL, 0);
    if (!client->open) {
        return toc_fail(TOC_ABSENT, "the last reply was the end");
    }
    struct toc_message message;
    struct toc_err err = receive_frame(client, &message, line);
    if (toc_failed(err)) {
        client->open = false;
        return err;
    }
    if (!toc_message_flag(&message, TOC_FIELD_END)) {
        *row = message;
        return toc_ok();
    }
    client->open = false;
    client->exit = (enum toc_exit)toc_message_number(&message, TOC_FIELD_EXIT);
    struct toc_span text = toc_message_text(&message, TOC_FIELD_LINE);
    size_t shown = text.len < TOC_LINE_BYTES ? text.len : TOC_LINE_BYTES;
    if (shown > 0) {
        toc_line_set(line, "%.*s", (int)shown, (const char *)text.at);
    }
    if (!toc_message_has(&message, TOC_FIELD_ERROR)) {
        return toc_fail(TOC_ABSENT, "the end");
    }
    enum toc_code code = code_of_name(toc_message_text(&message, TOC_FIELD_ERROR));
    return toc_fail(code, toc_code_text(code));
}

enum toc_exit toc_client_exit(const struct toc_client *client)
{
    return client->exit;
}
