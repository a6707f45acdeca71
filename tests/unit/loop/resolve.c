/* SPDX-License-Identifier: EUPL-1.2 */
/* LIBS: uv */
#include "resolve.h"

#include <dlfcn.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Names in a zone whose servers are gone: what waits for them, and what does not. Here is the C
 * library's resolver, which answers for a name of that zone when the test lets it. */

#define DEAD 8u
#define BOUND_MS 60000u

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t change = PTHREAD_COND_INITIALIZER;
static bool released;
static unsigned asked, hanging, most_hanging;

static uv_loop_t loop;
static uv_timer_t ticks;
static struct toc_resolver *resolver;
static struct toc_lookup *lookups[DEAD];
static unsigned ended, failed;

static bool is_dead(const char *host)
{
    size_t len = strlen(host);
    return len > 5 && strcmp(host + len - 5, ".dead") == 0;
}

int getaddrinfo(const char *restrict host, const char *restrict port,
                const struct addrinfo *restrict hints, struct addrinfo **restrict found)
{
    int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
    bool dead = is_dead(host);
    pthread_mutex_lock(&lock);
    asked++;
    hanging += dead;
    most_hanging = hanging > most_hanging ? hanging : most_hanging;
    while (dead && !released) {
        pthread_cond_wait(&change, &lock);
    }
    hanging -= dead;
    pthread_mutex_unlock(&lock);
    return dead ? EAI_AGAIN : real("127.0.0.1", port, hints, found);
}

static void release(bool is)
{
    pthread_mutex_lock(&lock);
    released = is;
    pthread_cond_broadcast(&change);
    pthread_mutex_unlock(&lock);
}

static unsigned hanging_now(void)
{
    pthread_mutex_lock(&lock);
    unsigned count = hanging;
    pthread_mutex_unlock(&lock);
    return count;
}

static unsigned most_now(bool forget)
{
    pthread_mutex_lock(&lock);
    unsigned count = most_hanging;
    most_hanging = forget ? hanging : most_hanging;
    pthread_mutex_unlock(&lock);
    return count;
}

static void on_done(void *arg, struct toc_err err, const struct sockaddr *address)
{
    unsigned *count = arg;
    assert_true(toc_failed(err) == (address == NULL));
    if (address != NULL) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)address;
        assert_int_equal(v4->sin_port, htons(4741));
    } else {
        assert_int_equal(err.code, TOC_UNREACHABLE);
        failed++;
    }
    ++*count;
}

/* The loop turns until it is so: never longer than the bound, which is no goal. */
static void turn_until(bool (*is)(const void *arg), const void *arg)
{
    uint64_t end = uv_hrtime() / 1000000 + BOUND_MS;
    while (!is(arg)) {
        assert_true(uv_hrtime() / 1000000 < end);
        uv_run(&loop, UV_RUN_ONCE);
    }
}

static bool is_one(const void *arg)
{
    return *(const unsigned *)arg == 1;
}

static bool all_have_failed(const void *arg)
{
    (void)arg;
    return failed == DEAD;
}

static bool hang(const void *arg)
{
    return hanging_now() == *(const unsigned *)arg;
}

static void begin_dead(unsigned number, bool may_be_refused)
{
    char address[64];
    snprintf(address, sizeof address, "n%u.dead:4741", number);
    struct toc_err err = toc_resolve_begin(resolver, address, on_done, &ended, &lookups[number]);
    assert_true(!toc_failed(err) || (may_be_refused && err.code == TOC_UNREACHABLE));
    lookups[number] = toc_failed(err) ? NULL : lookups[number];
}

static void resolve_live(const char *address)
{
    struct toc_lookup *lookup;
    unsigned done = 0, before = failed;
    assert_int_equal(toc_resolve_begin(resolver, address, on_done, &done, &lookup).code, TOC_OK);
    turn_until(is_one, &done);
    assert_int_equal(failed, before);
}

static void on_tick(uv_timer_t *timer)
{
    (void)timer;
}

static void open_all(void)
{
    asked = hanging = most_hanging = ended = failed = 0;
    memset(lookups, 0, sizeof lookups);
    release(false);
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_int_equal(uv_timer_init(&loop, &ticks), 0);
    assert_int_equal(uv_timer_start(&ticks, on_tick, 5, 5), 0);
    resolver = toc_resolve_open(&loop);
    assert_non_null(resolver);
}

/* Whatever still hangs holds nothing up. */
static void close_all(void)
{
    toc_resolve_close(resolver);
    uv_close((uv_handle_t *)&ticks, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    release(true);
    unsigned none = 0;
    uint64_t end = uv_hrtime() / 1000000 + BOUND_MS;
    while (!hang(&none)) {
        assert_true(uv_hrtime() / 1000000 < end);
        sched_yield();
    }
}

static void numbers_ask_nobody(void **state)
{
    (void)state;
    static const char *const numbers[] = {"127.0.0.1:4741", "[2001:db8::1]:4741", "[::1]:65535"};
    static const char *const others[] = {"cert.example:4741", "127.0.0.1:0", "127.0.0.1:65536",
                                         "127.0.0.1",         "[::1]:4741x", ":4741"};
    struct sockaddr_storage out;
    open_all();
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        assert_true(toc_resolve_number(numbers[i], &out));
    }
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_false(toc_resolve_number(others[i], &out));
    }
    struct toc_lookup *lookup = NULL;
    assert_int_equal(toc_resolve_begin(resolver, "nothing", on_done, &ended, &lookup).code,
                     TOC_MALFORMED);
    assert_null(lookup);
    assert_int_equal(asked, 0);
    close_all();
}

/* Eight names of a dead zone: neither a name that was known waits for them, nor a new one. */
static void live_names_do_not_wait_for_dead_ones(void **state)
{
    (void)state;
    unsigned most = TOC_RESOLVE_NEW_MAX;
    open_all();
    resolve_live("known.example:4741");
    for (unsigned i = 0; i < DEAD; i++) {
        begin_dead(i, false);
    }
    turn_until(hang, &most);
    assert_int_equal(most_now(false), most);
    resolve_live("known.example:4741");
    resolve_live("new.example:4741");
    assert_int_equal(failed, 0);
    assert_true(hanging_now() >= most); /* they hang as before */
    close_all();
}

/* Names that failed are left alone for a while, then looked up one at a time. */
static void names_that_failed_go_one_at_a_time(void **state)
{
    (void)state;
    unsigned one = 1;
    open_all();
    release(true);
    for (unsigned i = 0; i < DEAD; i++) {
        begin_dead(i, false);
    }
    turn_until(all_have_failed, NULL);
    release(false);
    unsigned before = asked;
    for (unsigned i = 0; i < DEAD; i++) {
        begin_dead(i, true);
        assert_null(lookups[i]); /* a moment ago it failed */
    }
    assert_int_equal(asked, before);
    (void)most_now(true);
    for (unsigned i = 0; i < DEAD; i++) {
        while (lookups[i] == NULL) {
            uv_run(&loop, UV_RUN_ONCE);
            begin_dead(i, true);
        }
    }
    turn_until(hang, &one);
    resolve_live("new.example:4741");
    resolve_live("other.example:4741");
    assert_int_equal(most_now(false), 1);
    /* Who gives up hears nothing more; the thread that hangs still counts. */
    for (unsigned i = 0; i < DEAD; i++) {
        toc_resolve_cancel(lookups[i]);
    }
    failed = ended = 0;
    resolve_live("third.example:4741");
    assert_int_equal(most_now(false), 1);
    release(true);
    unsigned none = 0;
    turn_until(hang, &none);
    resolve_live("fourth.example:4741");
    assert_int_equal(failed + ended, 0);
    close_all();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_ask_nobody),
        cmocka_unit_test(live_names_do_not_wait_for_dead_ones),
        cmocka_unit_test(names_that_failed_go_one_at_a_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
