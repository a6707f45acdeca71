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
#include <sys/uio.h>
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

/* Several requests on their way at a time: while the process reads one, the next wait in the pipe.
 */
struct asking {
    const struct toc_process *process;
    struct toc_indexers_item *items;
    size_t count;
    size_t sent, sent_bytes; /* whole requests; bytes of the next, its head included */
    size_t answered;
    struct toc_bytes in; /* len: what has come and is not taken yet */
    size_t in_room;
};

/* Heads and bodies in one call. */
#define REQUESTS_A_WRITE 32u
/* Read at a time; a longer reply grows with what comes: its length is only what the process says.
 */
#define IN_BYTES ((size_t)65536)

/* Writes what the pipe takes. False: nobody reads any more. */
static bool put_requests(struct asking *asking)
{
    uint8_t heads[REQUESTS_A_WRITE][TOC_INDEX_REQUEST_HEAD_BYTES];
    struct iovec parts[2 * REQUESTS_A_WRITE];
    size_t part_count = 0, skipped = asking->sent_bytes;
    for (size_t i = 0; i < REQUESTS_A_WRITE && asking->sent + i < asking->count; i++) {
        struct toc_span body = asking->items[asking->sent + i].canonical;
        toc_index_request_head(heads[i], body.len);
        size_t of_head = skipped < sizeof(heads[i]) ? skipped : sizeof(heads[i]);
        parts[part_count++] = (struct iovec){heads[i] + of_head, sizeof(heads[i]) - of_head};
        parts[part_count++] = (struct iovec){(void *)(uintptr_t)(body.at + (skipped - of_head)),
                                             body.len - (skipped - of_head)};
        skipped = 0;
    }
    ssize_t count = writev(asking->process->to, parts, (int)part_count);
    if (count < 0) {
        return errno == EAGAIN || errno == EINTR;
    }
    asking->sent_bytes += (size_t)count;
    while (asking->sent < asking->count) {
        size_t len = TOC_INDEX_REQUEST_HEAD_BYTES + asking->items[asking->sent].canonical.len;
        if (asking->sent_bytes < len) {
            break;
        }
        asking->sent_bytes -= len;
        asking->sent++;
    }
    return true;
}

/* Takes the whole replies out of what has come. Fails: CORRUPT; FULL: the rest cannot be read. */
static struct toc_err take_replies(struct asking *asking)
{
    size_t at = 0, len = 0;
    while (asking->in.len - at >= TOC_INDEX_LENGTH_BYTES && asking->answered < asking->sent) {
        len = toc_le32(asking->in.at + at);
        if (len == 0 || len > TOC_INDEX_REPLY_BYTES_MAX) {
            return toc_fail(TOC_CORRUPT, "the indexer's reply is out of bounds");
        }
        if (asking->in.len - at - TOC_INDEX_LENGTH_BYTES < len) {
            break;
        }
        struct toc_indexers_item *item = &asking->items[asking->answered];
        struct toc_span body = toc_span(asking->in.at + at + TOC_INDEX_LENGTH_BYTES, len);
        item->err = toc_index_decode_reply(item->reading, body);
        if (item->err.code == TOC_CORRUPT) {
            return item->err;
        }
        asking->answered++;
        at += TOC_INDEX_LENGTH_BYTES + len;
    }
    asking->in.len -= at;
    memmove(asking->in.at, asking->in.at + at, asking->in.len);
    if (asking->answered == asking->sent && asking->in.len > 0) {
        return toc_fail(TOC_CORRUPT, "the indexer answers what nobody asked");
    }
    if (asking->in.len < asking->in_room) {
        return toc_ok();
    }
    size_t room = 2 * asking->in_room < len + TOC_INDEX_LENGTH_BYTES ? 2 * asking->in_room
                                                                     : len + TOC_INDEX_LENGTH_BYTES;
    uint8_t *grown = realloc(asking->in.at, room);
    if (grown == NULL) {
        return toc_fail(TOC_FULL, "no memory for the facts of a bulletin");
    }
    asking->in.at = grown;
    asking->in_room = room;
    return toc_ok();
}

static struct toc_err get_replies(struct asking *asking)
{
    ssize_t count = read(asking->process->from, asking->in.at + asking->in.len,
                         asking->in_room - asking->in.len);
    if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) {
        return toc_fail(TOC_CORRUPT, "the indexer ended or was late");
    }
    asking->in.len += count > 0 ? (size_t)count : 0;
    return count > 0 ? take_replies(asking) : toc_ok();
}

/* Waits until the process can take or give more, within `ms` from the last reply. */
static bool wait_either(const struct asking *asking, uint64_t deadline_ms)
{
    struct pollfd waiting[2] = {{.fd = asking->process->from, .events = POLLIN},
                                {.fd = asking->process->to, .events = POLLOUT}};
    uint64_t now = toc_now_mono().ms;
    if (now >= deadline_ms) {
        return false;
    }
    int ready = poll(waiting, asking->sent < asking->count ? 2 : 1, (int)(deadline_ms - now));
    return ready >= 0 || errno == EINTR;
}

static struct toc_err ask_all(struct asking *asking, uint32_t ms)
{
    uint64_t deadline_ms = toc_now_mono().ms + ms;
    while (asking->answered < asking->count) {
        size_t before = asking->answered;
        if ((asking->sent < asking->count && !put_requests(asking)) ||
            !wait_either(asking, deadline_ms)) {
            return toc_fail(TOC_CORRUPT, "the indexer ended or was late");
        }
        TOC_TRY(get_replies(asking));
        if (asking->answered > before) {
            deadline_ms = toc_now_mono().ms + ms;
        }
    }
    return toc_ok();
}

size_t toc_process_ask(struct toc_process *process, struct toc_indexers_item *items, size_t count,
                       uint32_t ms)
{
    struct asking asking = {.process = process, .items = items, .count = count};
    asking.in.at = malloc(IN_BYTES);
    asking.in_room = IN_BYTES;
    struct toc_err err = asking.in.at == NULL
                             ? toc_fail(TOC_FULL, "no memory for the facts of a bulletin")
                             : ask_all(&asking, ms);
    toc_bytes_free(&asking.in);
    if (asking.answered < count) {
        items[asking.answered].err = err;
    }
    return asking.answered;
}
