/* SPDX-License-Identifier: EUPL-1.2 */
/* USES: api store trust bulletin content ops */
/*
 * Catch-up from one node and from three: real tocsind over loopback, every entry verified and
 * durable, no indexers. All share this machine's processors, so three senders bring no more than
 * one could; they must not cost anything either.
 */
#include "author.h"

#define ENTRIES_DEFAULT 60000u
#define HOLDERS 3u
#define FROM_ONE HOLDERS
#define FROM_THREE (HOLDERS + 1u)
#define NODES (HOLDERS + 2u)

static double wait_entries(const struct node *node, uint64_t entries, double start)
{
    struct toc_client *client = nodes_connect(node);
    while (nodes_status(client, TOC_FIELD_ENTRIES) < entries) {
        if (nodes_now() - start > 10 * NODES_WAIT_S) {
            nodes_die("%s has not caught up; its log is %s", node->handle, node->log);
        }
        nodes_pause(2);
    }
    toc_client_close(client);
    return nodes_now() - start;
}

static void show(const char *name, double value, const char *rest)
{
    printf("{\"name\":\"%s\",\"value\":%.0f,\"unit\":\"entries/s\"%s}\n", name, value, rest);
    fflush(stdout);
}

/* The author's store, filled while the node stands still. */
static void fill(struct node *node, uint32_t entries)
{
    uint64_t payload_bytes = 0;
    struct author author = {.summary_bytes = AUTHOR_SUMMARY_BYTES};
    nodes_start(node);
    wait_entries(node, 2, nodes_now());
    nodes_stop(node);
    author_open(&author, node);
    author_fill(&author, author.head.seq + entries, &payload_bytes);
    author_close(&author);
}

static double measure(struct node *node, uint32_t entries)
{
    double start = nodes_now();
    nodes_start(node);
    double took = wait_entries(node, entries + 2, start);
    nodes_stop(node);
    return entries / took;
}

int main(int argc, char **argv)
{
    uint32_t entries = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : ENTRIES_DEFAULT;
    struct node nodes[NODES];
    if (sodium_init() < 0 || entries == 0) {
        return 1;
    }
    nodes_found(nodes, NODES);
    for (size_t i = 0; i < NODES; i++) {
        nodes_as_relay(&nodes[i]);
    }
    fill(&nodes[0], entries);
    for (size_t i = 0; i < HOLDERS; i++) {
        nodes_start(&nodes[i]);
        wait_entries(&nodes[i], entries + 2, nodes_now());
    }
    for (size_t i = 1; i < HOLDERS; i++) {
        nodes_stop(&nodes[i]);
    }
    show("peers.one", measure(&nodes[FROM_ONE], entries), "");
    for (size_t i = 1; i < HOLDERS; i++) {
        nodes_start(&nodes[i]);
        toc_client_close(nodes_connect(&nodes[i]));
    }
    show("peers.three", measure(&nodes[FROM_THREE], entries),
         ",\"limit\":\"peers.one\",\"goal\":\">= 1x\"");
    return 0;
}
