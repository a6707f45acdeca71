/* SPDX-License-Identifier: EUPL-1.2 */
/* USES: api ops */
/*
 * Fifty real nodes on one machine: how long until a bulletin of one of them can be looked up on
 * every other. Each has its own store, indexer and control socket; all of them share these cores,
 * so that what is measured is the work of fifty nodes more than the way between them.
 */
#include <sodium.h>

#include "nodes.h"

#define NODES 50u
#define ROUNDS_DEFAULT 40u
#define WARM_UP 60u /* each node has published once, and the trees have grown */
#define ROUND_PAUSE_MS 100

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

/* From the request to the author's answer on each of the others, ms. Those that have it are asked
 * no more. */
static void spread(struct toc_client *const *clients, size_t author, const char *value,
                   double *times)
{
    bool seen[NODES] = {[0] = false};
    size_t left = NODES - 1;
    seen[author] = true;
    double start = nodes_now();
    nodes_publish(clients[author], value);
    while (left > 0) {
        for (size_t i = 0; i < NODES; i++) {
            if (!seen[i] && nodes_knows(clients[i], value)) {
                seen[i] = true;
                times[--left] = (nodes_now() - start) * 1e3;
            }
        }
        if (nodes_now() - start > NODES_WAIT_S) {
            nodes_die("%s never reached %zu of %u nodes", value, left, NODES);
        }
    }
}

static void measure(struct toc_client *const *clients, unsigned rounds)
{
    size_t count = (size_t)rounds * (NODES - 1);
    double *times = calloc(count, sizeof(*times)), unused[NODES];
    for (unsigned i = 0; i < rounds + WARM_UP; i++) {
        char value[64];
        snprintf(value, sizeof(value), "n%u.fifty.example.org", i);
        double *into = i < WARM_UP ? unused : times + (size_t)(i - WARM_UP) * (NODES - 1);
        spread(clients, i % NODES, value, into);
        nodes_pause(ROUND_PAUSE_MS);
    }
    qsort(times, count, sizeof(*times), compare);
    printf("{\"name\":\"fifty.everywhere.p50\",\"value\":%.3f,\"unit\":\"ms\"}\n",
           times[count / 2]);
    printf("{\"name\":\"fifty.everywhere.p99\",\"value\":%.3f,\"unit\":\"ms\","
           "\"goal\":\"<= 300\"}\n",
           times[count - 1 - count / 100]);
    free(times);
}

int main(int argc, char **argv)
{
    unsigned rounds = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : ROUNDS_DEFAULT;
    static struct node nodes[NODES];
    struct toc_client *clients[NODES];
    if (sodium_init() < 0 || rounds < 5) {
        return 1;
    }
    nodes_found(nodes, NODES);
    for (size_t i = 0; i < NODES; i++) {
        nodes_start(&nodes[i]);
    }
    for (size_t i = 0; i < NODES; i++) {
        clients[i] = nodes_connect(&nodes[i]);
    }
    measure(clients, rounds);
    for (size_t i = 0; i < NODES; i++) {
        toc_client_close(clients[i]);
    }
    return 0;
}
