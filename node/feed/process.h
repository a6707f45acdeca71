/* SPDX-License-Identifier: EUPL-1.2 */
/* Private to feed: one process tocsin-index and the conversation with it. */
#ifndef TOC_PROCESS_H
#define TOC_PROCESS_H

#include "intel.h"

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
/* One request and its reply, within `ms`. Fails: as toc_index_decode_reply; CORRUPT also when the
 * process ends, or is late. After CORRUPT it must be ended. */
TOC_MUST_USE struct toc_err toc_process_ask(struct toc_process *process, struct toc_span canonical,
                                            uint32_t ms, struct toc_intel_reading *reading);

#endif
