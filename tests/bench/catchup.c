/* SPDX-License-Identifier: EUPL-1.2 */
/* USES: api store trust bulletin content ops */
/*
 * Catch-up: a node with 100,000 bulletins of 1 KiB meets an empty one over loopback. Two real
 * tocsind; every entry is verified and durable at the receiver. First with the indexer off, beside
 * "the limit"; then a third node with its indexer, until it can be asked for all.
 */
#include "author.h"

#define ENTRIES_DEFAULT 100000u

static void fill(const struct node *node, uint32_t entries, uint64_t *payload_bytes)
{
    struct author author = {.summary_bytes = AUTHOR_SUMMARY_BYTES};
    author_open(&author, node);
    author_fill(&author, author.head.seq + entries, payload_bytes);
    author_close(&author);
}

/* Waits until the node holds `entries`, and with `visible` until it can be asked for them. Gives
 * the seconds since `start`. */
static double wait_entries(const struct node *node, uint64_t entries, bool visible, double start)
{
    struct toc_client *client = nodes_connect(node);
    while (nodes_status(client, TOC_FIELD_ENTRIES) < entries ||
           (visible && nodes_status(client, TOC_FIELD_INDEX_LAG) > 0)) {
        if (nodes_now() - start > 10 * NODES_WAIT_S) {
            nodes_die("%s has not caught up; its log is %s", node->handle, node->log);
        }
        nodes_pause(2);
    }
    double took = nodes_now() - start;
    toc_client_close(client);
    return took;
}

static void show(const char *name, double value, const char *unit, const char *rest)
{
    printf("{\"name\":\"%s\",\"value\":%.3f,\"unit\":\"%s\"%s}\n", name, value, unit, rest);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    uint32_t entries = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : ENTRIES_DEFAULT;
    struct node nodes[3];
    uint64_t payload_bytes = 0;
    if (sodium_init() < 0 || entries == 0) {
        return 1;
    }
    nodes_found(nodes, 3);
    nodes_as_relay(&nodes[0]);
    nodes_as_relay(&nodes[1]);
    /* Once alone, so that the author's logs begin as they do. */
    nodes_start(&nodes[0]);
    double start = nodes_now();
    wait_entries(&nodes[0], 2, false, start);
    nodes_stop(&nodes[0]);
    fill(&nodes[0], entries, &payload_bytes);

    nodes_start(&nodes[0]);
    toc_client_close(nodes_connect(&nodes[0]));
    start = nodes_now();
    nodes_start(&nodes[1]);
    double took = wait_entries(&nodes[1], entries + 2, false, start);
    show("catchup", entries / took, "entries/s", ",\"limit\":\"limit\",\"goal\":\">= 0.5x\"");
    show("catchup.receiver", nodes_cpu_s(&nodes[1]) * 1e6 / entries, "us/entry", "");
    show("catchup.sender", nodes_cpu_s(&nodes[0]) * 1e6 / entries, "us/entry", "");
    struct toc_client *client = nodes_connect(&nodes[1]);
    double bytes = (double)nodes_status(client, TOC_FIELD_STORE_BYTES);
    toc_client_close(client);
    show("catchup.disk", bytes / (double)payload_bytes, "x payload", ",\"goal\":\"<= 1.2\"");
    nodes_stop(&nodes[1]);

    start = nodes_now();
    nodes_start(&nodes[2]);
    took = wait_entries(&nodes[2], entries + 2, true, start);
    show("catchup.queryable", entries / took, "entries/s", ",\"goal\":\">= 10000\"");
    show("catchup.queryable.cpu", nodes_cpu_s(&nodes[2]) * 1e6 / entries, "us/entry", "");
    show("memory.full", nodes_rss_mib(&nodes[2]), "MiB", "");
    nodes_stop(&nodes[2]);
    start = nodes_now();
    nodes_start(&nodes[2]);
    toc_client_close(nodes_connect(&nodes[2]));
    show("start.full", (nodes_now() - start) * 1e3, "ms", ",\"goal\":\"<= 1000\"");
    return 0;
}
