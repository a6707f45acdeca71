/* SPDX-License-Identifier: EUPL-1.2 */
/* request: what a person asks of the simulator. */
#ifndef TOC_SIM_REQUEST_H
#define TOC_SIM_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#define REQUEST_NODES_MIN 3u

struct request {
    uint64_t first, count, seed;
    bool has_seed, trace, messages, lmdb, real, list;
    uint32_t nodes; /* 0: chosen by the seed */
    const char *scenario, *broken;
};

/* Reads the command line, whose words `request` goes on to lend. False after one line on standard
 * error that says which option cannot be taken, and what it may be. */
bool request_parse(struct request *request, int argc, char **argv);

#endif
