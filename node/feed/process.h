/* SPDX-License-Identifier: EUPL-1.2 */
/* Private to feed: one process tocsin-index and the conversation with it. */
#ifndef TOC_PROCESS_H
#define TOC_PROCESS_H

#include "feed.h"

#include <sys/types.h>

struct toc_process {
    pid_t pid; /* 0: none */
    int to, from;
};

/* Starts `program` with two pipes, no other descriptor but stderr, an empty environment and a
 * process group of its own. Fails: IO. */
TOC_MUST_USE struct toc_err toc_process_start(struct toc_process *process, const char *program);
/* Kills it and waits for its end; a process that was never started is legal. */
void toc_process_end(struct toc_process *process);
/* Did somebody else kill it (SIGKILL: out of memory, an operator)? That says nothing of what it
 * read. Waits a moment for its end; before toc_process_end, which kills it too. */
bool toc_process_was_killed(const struct toc_process *process);
/* Asks for each item in order, each within `ms` from the reply before. Gives how many have been
 * answered, their outcome in err: as toc_index_decode_reply. Fewer than `count`: the next one's err
 * says why, CORRUPT when the process ended, was late or broke a rule there; it must be ended then.
 */
size_t toc_process_ask(struct toc_process *process, struct toc_indexers_item *items, size_t count,
                       uint32_t ms);

#endif
