/* SPDX-License-Identifier: EUPL-1.2 */
#include "resolve.h"

#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "ops.h"

#define TICK_MS 500u /* while a lookup waits: one that runs may have become a slow one */
#define STACK_BYTES ((size_t)512 << 10) /* the C library's modules for names need some */

/* One lookup on its thread. It belongs to the thread until it is in `ended`. */
struct job {
    struct job *next; /* in `running`, then in `ended` */
    struct shared *shared;
    struct toc_lookup *lookup; /* NULL: nobody waits */
    char host[TOC_RESOLVE_HOST_BYTES], port[TOC_RESOLVE_PORT_BYTES];
    uint64_t began_ms;
    struct job *next_ended;
    int status;
    struct addrinfo *found;
};

/* What threads and loop share; it outlives the resolver while a thread waits for an answer. */
struct shared {
    pthread_mutex_t mutex;
    uv_async_t *async; /* NULL: the resolver has gone */
    struct job *ended;
    size_t users;
};

struct toc_lookup {
    struct toc_lookup *next; /* while it waits for a thread */
    struct toc_resolver *resolver;
    struct job *job;
    char host[TOC_RESOLVE_HOST_BYTES], port[TOC_RESOLVE_PORT_BYTES];
    toc_resolved *done;
    void *arg;
};

struct name {
    char host[TOC_RESOLVE_HOST_BYTES];
    bool bad;
    uint32_t pause_ms;
    uint64_t next_ms, used_ms;
};

struct toc_resolver {
    uv_async_t async;
    uv_timer_t timer;
    unsigned open_handles;
    struct shared *shared;
    struct toc_lookup *waiting;
    struct job *running; /* what nobody waits for included */
    struct name *names;
    size_t name_count, name_max;
};

/* Addresses. */

bool toc_resolve_split(const char *address, char host[static TOC_RESOLVE_HOST_BYTES],
                       char port[static TOC_RESOLVE_PORT_BYTES])
{
    const char *colon = strrchr(address, ':');
    size_t len = colon == NULL ? 0 : (size_t)(colon - address);
    if (len == 0 || len >= TOC_RESOLVE_HOST_BYTES || strlen(colon + 1) >= TOC_RESOLVE_PORT_BYTES ||
        colon[1] == '\0') {
        return false;
    }
    size_t bracket = address[0] == '[' && address[len - 1] == ']';
    memcpy(host, address + bracket, len - 2 * bracket);
    host[len - 2 * bracket] = '\0';
    memcpy(port, colon + 1, strlen(colon + 1) + 1);
    return true;
}

bool toc_resolve_number(const char *address, struct sockaddr_storage *out)
{
    char host[TOC_RESOLVE_HOST_BYTES], port[TOC_RESOLVE_PORT_BYTES];
    if (!toc_resolve_split(address, host, port)) {
        return false;
    }
    char *end;
    long number = strtol(port, &end, 10);
    if (*end != '\0' || number < 1 || number > 65535) {
        return false;
    }
    return uv_ip4_addr(host, (int)number, (struct sockaddr_in *)(void *)out) == 0 ||
           uv_ip6_addr(host, (int)number, (struct sockaddr_in6 *)(void *)out) == 0;
}

/* What is known of names. */

static struct name *find_name(const struct toc_resolver *resolver, const char *host)
{
    for (size_t i = 0; i < resolver->name_count; i++) {
        if (strcmp(resolver->names[i].host, host) == 0) {
            return &resolver->names[i];
        }
    }
    return NULL;
}

/* A new row, perhaps that of a bad name, or of the one that was used least. NULL: no memory. */
static struct name *take_row(struct toc_resolver *resolver)
{
    if (resolver->name_count < resolver->name_max) {
        return &resolver->names[resolver->name_count++];
    }
    if (resolver->name_max < TOC_RESOLVE_NAMES_MAX) {
        size_t max = resolver->name_max == 0 ? 16 : resolver->name_max * 2;
        struct name *grown = realloc(resolver->names, max * sizeof(*grown));
        if (grown == NULL) {
            return NULL;
        }
        resolver->names = grown;
        resolver->name_max = max;
        return &resolver->names[resolver->name_count++];
    }
    struct name *oldest = &resolver->names[0];
    for (size_t i = 1; i < resolver->name_count; i++) {
        struct name *name = &resolver->names[i];
        bool worse = name->bad && !oldest->bad;
        if (worse || (name->bad == oldest->bad && name->used_ms < oldest->used_ms)) {
            oldest = name;
        }
    }
    return oldest;
}

static void learn(struct toc_resolver *resolver, const char *host, bool failed, bool slow)
{
    struct name *name = find_name(resolver, host);
    uint64_t now_ms = toc_now_mono().ms;
    if (name == NULL) {
        name = take_row(resolver);
        if (name == NULL) {
            return;
        }
        *name = (struct name){0};
        memcpy(name->host, host, strlen(host) + 1);
    }
    uint32_t pause_ms = name->pause_ms == 0 ? TOC_RESOLVE_PAUSE_MS_MIN : name->pause_ms * 2;
    name->pause_ms = !failed                               ? 0
                     : pause_ms > TOC_RESOLVE_PAUSE_MS_MAX ? TOC_RESOLVE_PAUSE_MS_MAX
                                                           : pause_ms;
    name->bad = failed || slow;
    name->next_ms = now_ms + name->pause_ms;
    name->used_ms = now_ms;
}

/* Threads. */

static void free_job(struct job *job)
{
    if (job->found != NULL) {
        freeaddrinfo(job->found);
    }
    free(job);
}

/* One user less; `locked` by the caller, unlocked here. */
static void leave(struct shared *shared)
{
    bool last = --shared->users == 0;
    pthread_mutex_unlock(&shared->mutex);
    if (last) {
        pthread_mutex_destroy(&shared->mutex);
        free(shared);
    }
}

static void *run(void *arg)
{
    struct job *job = arg;
    struct shared *shared = job->shared;
    const struct addrinfo hints = {
        .ai_flags = AI_NUMERICSERV, .ai_socktype = SOCK_STREAM, .ai_protocol = IPPROTO_TCP};
    job->status = getaddrinfo(job->host, job->port, &hints, &job->found);
    pthread_mutex_lock(&shared->mutex);
    if (shared->async != NULL) {
        job->next_ended = shared->ended;
        shared->ended = job;
        uv_async_send(shared->async);
    } else {
        free_job(job);
    }
    leave(shared);
    return NULL;
}

static bool start_thread(struct job *job)
{
    pthread_t thread;
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) != 0) {
        return false;
    }
    bool started = pthread_attr_setstacksize(&attributes, STACK_BYTES) == 0 &&
                   pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED) == 0 &&
                   pthread_create(&thread, &attributes, run, job) == 0;
    pthread_attr_destroy(&attributes);
    return started;
}

/* False: it has to wait, for want of memory or threads. */
static bool start(struct toc_resolver *resolver, struct toc_lookup *lookup)
{
    struct job *job = calloc(1, sizeof(*job));
    if (job == NULL) {
        return false;
    }
    job->shared = resolver->shared;
    job->lookup = lookup;
    job->began_ms = toc_now_mono().ms;
    memcpy(job->host, lookup->host, sizeof(job->host));
    memcpy(job->port, lookup->port, sizeof(job->port));
    pthread_mutex_lock(&resolver->shared->mutex);
    resolver->shared->users++;
    pthread_mutex_unlock(&resolver->shared->mutex);
    if (!start_thread(job)) {
        pthread_mutex_lock(&resolver->shared->mutex);
        leave(resolver->shared); /* never the last: the resolver is one */
        free(job);
        return false;
    }
    job->next = resolver->running;
    resolver->running = job;
    lookup->job = job;
    return true;
}

/* Which lookup has its turn. */

struct tally {
    size_t all, fresh, bad;
};

static struct tally count_running(const struct toc_resolver *resolver)
{
    struct tally tally = {0};
    uint64_t now_ms = toc_now_mono().ms;
    for (const struct job *job = resolver->running; job != NULL; job = job->next) {
        const struct name *name = find_name(resolver, job->host);
        bool slow = now_ms - job->began_ms >= TOC_RESOLVE_SLOW_MS;
        tally.all++;
        tally.bad += slow || (name != NULL && name->bad);
        tally.fresh += !slow && name == NULL;
    }
    return tally;
}

static bool may_start(const struct toc_resolver *resolver, const struct toc_lookup *lookup)
{
    struct tally tally = count_running(resolver);
    const struct name *name = find_name(resolver, lookup->host);
    if (name != NULL && !name->bad) {
        return tally.all < TOC_RESOLVE_THREADS_MAX;
    }
    return tally.all < TOC_RESOLVE_THREADS_MAX - TOC_RESOLVE_THREADS_KEPT &&
           (name == NULL ? tally.fresh < TOC_RESOLVE_NEW_MAX : tally.bad < TOC_RESOLVE_BAD_MAX);
}

static void on_tick(uv_timer_t *timer);

/* Starts what may start, in the order in which it came. */
static void pump(struct toc_resolver *resolver)
{
    struct toc_lookup **at = &resolver->waiting;
    while (*at != NULL) {
        struct toc_lookup *lookup = *at;
        struct toc_lookup *next = lookup->next;
        if (may_start(resolver, lookup) && start(resolver, lookup)) {
            lookup->next = NULL;
            *at = next;
        } else {
            at = &lookup->next;
        }
    }
    if (resolver->waiting == NULL) {
        uv_timer_stop(&resolver->timer);
    } else if (!uv_is_active((uv_handle_t *)&resolver->timer)) {
        int failed = uv_timer_start(&resolver->timer, on_tick, TICK_MS, TICK_MS);
        TOC_ASSERT(failed == 0);
    }
}

static void on_tick(uv_timer_t *timer)
{
    pump(timer->data);
}

static void remove_job(struct toc_resolver *resolver, const struct job *job)
{
    struct job **at = &resolver->running;
    while (*at != job) {
        at = &(*at)->next;
    }
    *at = job->next;
}

static struct toc_err meaning(int status)
{
    switch (status) {
    case 0:
        return toc_ok();
    case EAI_NONAME:
        return toc_fail(TOC_UNREACHABLE, "its name is unknown to the name servers");
    case EAI_AGAIN:
        return toc_fail(TOC_UNREACHABLE, "the name servers do not answer for its name");
    default:
        return toc_fail(TOC_UNREACHABLE, "its name could not be looked up");
    }
}

static void end_job(struct toc_resolver *resolver, struct job *job)
{
    struct toc_err err = meaning(job->found == NULL && job->status == 0 ? EAI_NONAME : job->status);
    bool slow = toc_now_mono().ms - job->began_ms >= TOC_RESOLVE_SLOW_MS;
    remove_job(resolver, job);
    learn(resolver, job->host, toc_failed(err), slow);
    if (job->lookup != NULL) {
        struct toc_lookup lookup = *job->lookup;
        free(job->lookup);
        lookup.done(lookup.arg, err, toc_failed(err) ? NULL : job->found->ai_addr);
    }
    free_job(job);
}

static void on_ended(uv_async_t *async)
{
    struct toc_resolver *resolver = async->data;
    pthread_mutex_lock(&resolver->shared->mutex);
    struct job *job = resolver->shared->ended;
    resolver->shared->ended = NULL;
    pthread_mutex_unlock(&resolver->shared->mutex);
    while (job != NULL) {
        struct job *next = job->next_ended;
        end_job(resolver, job);
        job = next;
    }
    pump(resolver);
}

struct toc_err toc_resolve_begin(struct toc_resolver *resolver, const char *address,
                                 toc_resolved *done, void *arg, struct toc_lookup **out)
{
    struct toc_lookup *lookup = calloc(1, sizeof(*lookup));
    if (lookup == NULL) {
        return toc_fail(TOC_FULL, "out of memory");
    }
    if (!toc_resolve_split(address, lookup->host, lookup->port)) {
        free(lookup);
        return toc_fail(TOC_MALFORMED, "its card names no address that can be dialled");
    }
    const struct name *name = find_name(resolver, lookup->host);
    if (name != NULL && name->next_ms > toc_now_mono().ms) {
        free(lookup);
        return toc_fail(TOC_UNREACHABLE, "its name could not be looked up a moment ago");
    }
    lookup->resolver = resolver;
    lookup->done = done;
    lookup->arg = arg;
    struct toc_lookup **at = &resolver->waiting;
    while (*at != NULL) {
        at = &(*at)->next;
    }
    *at = lookup;
    *out = lookup;
    pump(resolver);
    return toc_ok();
}

void toc_resolve_cancel(struct toc_lookup *lookup)
{
    struct toc_resolver *resolver = lookup->resolver;
    if (lookup->job != NULL) {
        uint64_t ran_ms = toc_now_mono().ms - lookup->job->began_ms;
        lookup->job->lookup = NULL;
        if (ran_ms >= TOC_RESOLVE_SLOW_MS) {
            learn(resolver, lookup->host, true, true);
        }
    } else {
        struct toc_lookup **at = &resolver->waiting;
        while (*at != lookup) {
            at = &(*at)->next;
        }
        *at = lookup->next;
    }
    free(lookup);
    pump(resolver);
}

/* Its life. */

struct toc_resolver *toc_resolve_open(uv_loop_t *loop)
{
    struct toc_resolver *resolver = calloc(1, sizeof(*resolver));
    struct shared *shared = calloc(1, sizeof(*shared));
    if (resolver == NULL || shared == NULL || pthread_mutex_init(&shared->mutex, NULL) != 0) {
        free(resolver);
        free(shared);
        return NULL;
    }
    int failed = uv_async_init(loop, &resolver->async, on_ended);
    TOC_ASSERT(failed == 0);
    failed = uv_timer_init(loop, &resolver->timer);
    TOC_ASSERT(failed == 0);
    resolver->async.data = resolver->timer.data = resolver;
    resolver->open_handles = 2;
    resolver->shared = shared;
    shared->async = &resolver->async;
    shared->users = 1;
    return resolver;
}

static void on_closed(uv_handle_t *handle)
{
    struct toc_resolver *resolver = handle->data;
    if (--resolver->open_handles == 0) {
        free(resolver->names);
        free(resolver);
    }
}

void toc_resolve_close(struct toc_resolver *resolver)
{
    if (resolver == NULL) {
        return;
    }
    struct toc_lookup *lookup = resolver->waiting;
    while (lookup != NULL) {
        struct toc_lookup *next = lookup->next;
        free(lookup);
        lookup = next;
    }
    for (struct job *job = resolver->running; job != NULL; job = job->next) {
        free(job->lookup);
    }
    struct shared *shared = resolver->shared;
    pthread_mutex_lock(&shared->mutex);
    shared->async = NULL;
    struct job *ended = shared->ended;
    shared->ended = NULL;
    leave(shared);
    while (ended != NULL) {
        struct job *next = ended->next_ended;
        free_job(ended);
        ended = next;
    }
    uv_close((uv_handle_t *)&resolver->async, on_closed);
    uv_close((uv_handle_t *)&resolver->timer, on_closed);
}
