/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Private to loop: names of nodes into addresses. The C library's resolver may wait half a minute
 * for a name server that is gone, so each lookup has a thread of its own: libuv's pool has work
 * that must not wait. A name that was no good waits for others like it, and not one of another
 * organisation waits for it. Everything here runs on the loop's thread.
 */
#ifndef TOC_RESOLVE_H
#define TOC_RESOLVE_H

#include "base.h"

#include <sys/socket.h>
#include <uv.h>

/* Threads at a time, 512 KiB of address space each; the last ones are for names that have been
 * resolved before. */
#define TOC_RESOLVE_THREADS_MAX 32u
#define TOC_RESOLVE_THREADS_KEPT 8u
#define TOC_RESOLVE_NEW_MAX 4u    /* lookups of names that nothing is known of */
#define TOC_RESOLVE_BAD_MAX 1u    /* of names that failed last time, or took long */
#define TOC_RESOLVE_SLOW_MS 2000u /* beyond, it counts as one of those */
/* A name that failed is not looked up again for so long; twice as long each time. */
#define TOC_RESOLVE_PAUSE_MS_MIN 1000u
#define TOC_RESOLVE_PAUSE_MS_MAX 60000u
#define TOC_RESOLVE_NAMES_MAX 1024u /* remembered; the one that was used least goes */
#define TOC_RESOLVE_HOST_BYTES 256u
#define TOC_RESOLVE_PORT_BYTES 8u

struct toc_resolver;
struct toc_lookup;
/* How a lookup ended; `address` is NULL when it failed. Lends: for the call. */
typedef void toc_resolved(void *arg, struct toc_err err, const struct sockaddr *address);

/* NULL: there is no memory. */
struct toc_resolver *toc_resolve_open(uv_loop_t *loop);
/* Ends what waits without a word; threads that still wait for an answer end by themselves. The
 * resolver is freed once the loop has closed its handles. NULL is legal. */
void toc_resolve_close(struct toc_resolver *resolver);

/* Splits "host:port" or "[v6]:port" into terminated copies. */
bool toc_resolve_split(const char *address, char host[static TOC_RESOLVE_HOST_BYTES],
                       char port[static TOC_RESOLVE_PORT_BYTES]);
/* A numeric "host:port" or "[v6]:port"; false for a name. Asks nobody. */
bool toc_resolve_number(const char *address, struct sockaddr_storage *out);

/* Looks the name of "host:port" up; `done` is called later, once, unless it is cancelled. Fails:
 * MALFORMED, UNREACHABLE (it failed a moment ago), FULL; `done` is not called then. */
TOC_MUST_USE struct toc_err toc_resolve_begin(struct toc_resolver *resolver, const char *address,
                                              toc_resolved *done, void *arg,
                                              struct toc_lookup **lookup);
/* Nobody waits for it any more: whatever comes of it says something of the name alone. */
void toc_resolve_cancel(struct toc_lookup *lookup);

#endif
