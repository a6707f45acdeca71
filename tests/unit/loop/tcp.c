/* SPDX-License-Identifier: EUPL-1.2 */
/* LIBS: uv */
#include "daemon.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* What the core lends goes out once and in order, whenever the kernel refuses a write and takes the
 * same bytes a moment later. Here are the core, which lends a span when the one before has gone,
 * and the kernel's moods; tcp.c and libuv are the real ones. */

#define LINK 1u
#define SPAN_BYTES 40000u
#define FRAME_BYTES 4096u
#define TOTAL_BYTES 2000000u

static struct toc_daemon node;
static uint8_t sent_bytes[TOTAL_BYTES], got_bytes[TOTAL_BYTES];
static size_t lent, gone, got, queued[256], queued_count;
static bool is_stepping, is_up, is_down;
static unsigned long write_count, refuse_every;

/* In place of libuv's: some writes find the kernel full, and the next one finds room. */
int uv_try_write(uv_stream_t *stream, const uv_buf_t buffers[], unsigned count)
{
    int (*real)(uv_stream_t *, const uv_buf_t[], unsigned);
    *(void **)&real = dlsym(RTLD_NEXT, "uv_try_write");
    assert_non_null(real);
    return ++write_count % refuse_every == 0 ? UV_EAGAIN : real(stream, buffers, count);
}

/* In place of core and drive.c. */

struct toc_room toc_core_receive_room(struct toc_core *core, uint64_t id)
{
    static uint8_t bytes[64];
    (void)core;
    assert_int_equal(id, LINK);
    return (struct toc_room){bytes, sizeof bytes};
}

static void lend(void)
{
    if (is_up && !is_down && gone == lent && lent < TOTAL_BYTES) {
        const uint8_t *at = sent_bytes + lent;
        lent += SPAN_BYTES;
        toc_tcp_send(&node, LINK, toc_span(at, SPAN_BYTES), FRAME_BYTES);
    }
}

static void step(size_t count)
{
    gone += count;
    assert_true(gone <= lent); /* never more than was lent */
    lend();
}

void toc_drive(struct toc_daemon *daemon, const struct toc_event *event)
{
    assert_ptr_equal(daemon, &node);
    assert_int_equal(event->link, LINK);
    is_up = is_up || event->kind == TOC_EVENT_LINK_UP;
    is_down = is_down || event->kind == TOC_EVENT_LINK_DOWN;
    size_t count = event->kind == TOC_EVENT_SENT ? event->count : 0;
    if (is_stepping) {
        assert_true(queued_count < sizeof queued / sizeof queued[0]);
        queued[queued_count++] = count;
        return;
    }
    is_stepping = true;
    step(count);
    for (size_t i = 0; i < queued_count; i++) {
        step(queued[i]);
    }
    queued_count = 0;
    is_stepping = false;
}

/* The other side. */

static int listen_on(char address[static 32])
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)(const void *)&at, sizeof at), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)(void *)&at, &len), 0);
    snprintf(address, 32, "127.0.0.1:%u", (unsigned)ntohs(at.sin_port));
    return fd;
}

static void read_some(int fd)
{
    uint8_t bytes[30000];
    ssize_t count = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (count > 0) {
        assert_true(got + (size_t)count <= TOTAL_BYTES); /* nothing comes twice */
        memcpy(got_bytes + got, bytes, (size_t)count);
        got += (size_t)count;
    }
}

static void everything_goes_out_once(void **state)
{
    (void)state;
    char address[32];
    for (size_t i = 0; i < TOTAL_BYTES; i++) {
        sent_bytes[i] = (uint8_t)(i ^ i >> 8 ^ i >> 16);
    }
    for (refuse_every = 2; refuse_every < 12; refuse_every++) {
        lent = gone = got = queued_count = write_count = 0;
        is_up = is_down = false;
        memset(&node, 0, sizeof node);
        assert_int_equal(uv_loop_init(&node.uv), 0);
        int listener = listen_on(address);
        toc_tcp_dial(&node, LINK, address);
        int fd = accept(listener, NULL, NULL);
        assert_true(fd >= 0);
        while (got < TOTAL_BYTES && !is_down) {
            uv_run(&node.uv, UV_RUN_NOWAIT);
            read_some(fd);
        }
        assert_false(is_down);
        while (gone < TOTAL_BYTES) {
            uv_run(&node.uv, UV_RUN_NOWAIT);
        }
        assert_memory_equal(sent_bytes, got_bytes, TOTAL_BYTES);
        toc_tcp_close_all(&node);
        uv_run(&node.uv, UV_RUN_DEFAULT);
        assert_int_equal(uv_loop_close(&node.uv), 0);
        close(fd);
        close(listener);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_goes_out_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
