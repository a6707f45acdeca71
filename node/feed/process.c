/* SPDX-License-Identifier: EUPL-1.2 */
#include "process.h"

#include "ops.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* How long an end may take to show, in steps: 100 ms. */
#define END_STEP_NS 5000000
#define END_STEPS 20

/* life */

static struct toc_err spawn(struct toc_process *process, const char *program, int in, int out)
{
    char *const arguments[] = {(char *)(uintptr_t) "tocsin-index", NULL};
    char *const environment[] = {NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t defaults, none;
    sigemptyset(&none);
    sigfillset(&defaults);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
    posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    /* A group of its own: an interrupt on the terminal is for the node, which ends it in order. */
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                              POSIX_SPAWN_SETPGROUP);
    int failed = posix_spawn(&process->pid, program, &files, &attributes, arguments, environment);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    if (failed != 0) {
        process->pid = 0;
        return toc_fail(TOC_IO, "tocsin-index cannot be started");
    }
    return toc_ok();
}

static void close_pair(int pair[static 2])
{
    close(pair[0]);
    close(pair[1]);
}

struct toc_err toc_process_start(struct toc_process *process, const char *program)
{
    int request[2], reply[2];
    *process = (struct toc_process){.to = -1, .from = -1};
    if (pipe2(request, O_CLOEXEC) != 0) {
        return toc_fail(TOC_IO, "no descriptors for tocsin-index");
    }
    if (pipe2(reply, O_CLOEXEC) != 0) {
        close_pair(request);
        return toc_fail(TOC_IO, "no descriptors for tocsin-index");
    }
    struct toc_err err = spawn(process, program, request[0], reply[1]);
    if (toc_failed(err)) {
        close_pair(request);
        close_pair(reply);
        return err;
    }
    close(request[0]);
    close(reply[1]);
    process->to = request[1];
    process->from = reply[0];
    fcntl(process->to, F_SETFL, O_NONBLOCK);
    fcntl(process->from, F_SETFL, O_NONBLOCK);
    return toc_ok();
}

bool toc_process_was_killed(const struct toc_process *process)
{
    siginfo_t info = {.si_pid = 0};
    const struct timespec pause = {.tv_nsec = END_STEP_NS};
    /* Its pipes close a little before it can be waited for. */
    for (int i = 0; i < END_STEPS && info.si_pid == 0; i++) {
        if (waitid(P_PID, (id_t)process->pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0) {
            return false;
        }
        if (info.si_pid == 0) {
            nanosleep(&pause, NULL);
        }
    }
    return info.si_pid == process->pid && info.si_code == CLD_KILLED && info.si_status == SIGKILL;
}

void toc_process_end(struct toc_process *process)
{
    if (process->pid != 0) {
        /* Whoever has taken it over would ignore a closed pipe. */
        kill(process->pid, SIGKILL);
        while (waitpid(process->pid, NULL, 0) < 0 && errno == EINTR) {
        }
        close(process->to);
        close(process->from);
    }
    *process = (struct toc_process){.to = -1, .from = -1};
}

/* conversation */

/* Waits until the descriptor is ready. False: too late, or the other side is gone. */
static bool wait_ready(int fd, short events, uint64_t deadline_ms)
{
    for (;;) {
        uint64_t now = toc_now_mono().ms;
        if (now >= deadline_ms) {
            return false;
        }
        struct pollfd waiting = {.fd = fd, .events = events};
        int ready = poll(&waiting, 1, (int)(deadline_ms - now));
        if (ready > 0) {
            return true;
        }
        if (ready < 0 && errno != EINTR) {
            return false;
        }
    }
}

static bool put(int fd, struct toc_span bytes, uint64_t deadline_ms)
{
    while (bytes.len > 0) {
        ssize_t count = write(fd, bytes.at, bytes.len);
        if (count > 0) {
            bytes = toc_span(bytes.at + count, bytes.len - (size_t)count);
        } else if (errno != EINTR && (errno != EAGAIN || !wait_ready(fd, POLLOUT, deadline_ms))) {
            return false;
        }
    }
    return true;
}

static bool get(int fd, uint8_t *out, size_t len, uint64_t deadline_ms)
{
    while (len > 0) {
        ssize_t count = read(fd, out, len);
        if (count > 0) {
            out += count;
            len -= (size_t)count;
        } else if (count == 0 ||
                   (errno != EINTR && (errno != EAGAIN || !wait_ready(fd, POLLIN, deadline_ms)))) {
            return false;
        }
    }
    return true;
}

/* Receives a body, growing with what comes: the length is only what the process says. */
static struct toc_err get_body(int fd, size_t len, uint64_t deadline_ms, struct toc_bytes *body)
{
    size_t room = 0;
    while (body->len < len) {
        if (body->len == room) {
            room = room == 0 ? 65536 : room * 2;
            room = room < len ? room : len;
            uint8_t *grown = realloc(body->at, room);
            if (grown == NULL) {
                return toc_fail(TOC_FULL, "no memory for the facts of a bulletin");
            }
            body->at = grown;
        }
        if (!get(fd, body->at + body->len, room - body->len, deadline_ms)) {
            return toc_fail(TOC_CORRUPT, "the indexer ended or was late");
        }
        body->len = room;
    }
    return toc_ok();
}

static struct toc_err get_reply(const struct toc_process *process, uint64_t deadline_ms,
                                struct toc_bytes *body)
{
    uint8_t head[TOC_INDEX_LENGTH_BYTES];
    if (!get(process->from, head, sizeof(head), deadline_ms)) {
        return toc_fail(TOC_CORRUPT, "the indexer ended or was late");
    }
    size_t len = toc_le32(head);
    if (len == 0 || len > TOC_INDEX_REPLY_BYTES_MAX) {
        return toc_fail(TOC_CORRUPT, "the indexer's reply is out of bounds");
    }
    return get_body(process->from, len, deadline_ms, body);
}

struct toc_err toc_process_ask(struct toc_process *process, struct toc_span canonical, uint32_t ms,
                               struct toc_intel_reading *reading)
{
    uint64_t deadline_ms = toc_now_mono().ms + ms;
    uint8_t head[TOC_INDEX_REQUEST_HEAD_BYTES];
    toc_index_request_head(head, canonical.len);
    if (!put(process->to, toc_span(head, sizeof(head)), deadline_ms) ||
        !put(process->to, canonical, deadline_ms)) {
        return toc_fail(TOC_CORRUPT, "the indexer ended or was late");
    }
    struct toc_bytes body = {NULL, 0};
    struct toc_err err = get_reply(process, deadline_ms, &body);
    if (!toc_failed(err)) {
        err = toc_index_decode_reply(reading, toc_span(body.at, body.len));
    }
    toc_bytes_free(&body);
    return err;
}
