/* SPDX-License-Identifier: EUPL-1.2 */
/* Private to loop: opening and ending everything, and what other threads tell the run. */
#ifndef TOC_START_H
#define TOC_START_H

#include "daemon.h"

/* Opens home, keys, store, core, sockets and threads, in the order in which a mistake costs least.
 * On failure what was opened stays for toc_end. Fails: with a line for a person. */
TOC_MUST_USE struct toc_err toc_start(struct toc_daemon *daemon, struct toc_line *line);
/* Ends the threads, however far toc_start came. */
void toc_end_threads(struct toc_daemon *daemon);
/* Closes and frees everything, once neither thread nor pool nor handle is left. */
void toc_end(struct toc_daemon *daemon);

/* run.c, on the writer's thread: the disk is full, or is not any more; the store is broken. */
void toc_run_blocked(void *daemon, bool is_full);
void toc_run_broken(void *daemon, struct toc_err err);
/* run.c, on the feeder's thread: questions can be answered. */
void toc_run_ready(void *daemon);
/* run.c, on the feeder's thread: was this log key certified for that organisation? */
enum toc_certified toc_run_certifies(void *daemon, const uint8_t *log_key, const uint8_t *org);

#endif
