/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * loop: tocsind. Drives the core with libuv, the store with the writer's thread, the indexer
 * through the feeder, and answers the control socket. Nothing on the loop's thread waits for a
 * disk, a name server or another process.
 */
#ifndef TOC_LOOP_H
#define TOC_LOOP_H

#include "ops.h"

struct toc_loop_options {
    const char *home; /* --home, or NULL */
    struct toc_unlock_options unlock;
};

/* Runs the node until SIGTERM or SIGINT. Complains on stderr. Gives the exit status. */
enum toc_exit toc_loop_run(const struct toc_loop_options *options);

#endif
