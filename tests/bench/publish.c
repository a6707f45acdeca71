/* SPDX-License-Identifier: EUPL-1.2 */
/* USES: api ops */
/* LIBS: pthread */
/*
 * Bulletins into one node, each durable, signed, encrypted and visible before its reply: from many
 * clients at once, each of which waits for its reply before it publishes on; then as files by one
 * `tocsin publish --each`; and one `tocsin publish` from prompt to prompt.
 */
#include <pthread.h>
#include <sodium.h>

#include "nodes.h"

#define CLIENTS 48u
#define EACH_DEFAULT 400u
#define RUNS 101u

struct publisher {
    pthread_t thread;
    struct toc_client *client;
    unsigned number, count;
};

static void *publish_on(void *arg)
{
    struct publisher *publisher = arg;
    for (unsigned i = 0; i < publisher->count; i++) {
        char value[64];
        snprintf(value, sizeof(value), "n%u.c%u.publish.example.org", i, publisher->number);
        nodes_publish(publisher->client, value);
    }
    return NULL;
}

static void measure_clients(const struct node *node, unsigned each)
{
    static struct publisher publishers[CLIENTS];
    for (unsigned i = 0; i < CLIENTS; i++) {
        publishers[i] =
            (struct publisher){.client = nodes_connect(node), .number = i, .count = each};
    }
    double start = nodes_now(), cpu = nodes_cpu_s(node);
    for (unsigned i = 0; i < CLIENTS; i++) {
        if (pthread_create(&publishers[i].thread, NULL, publish_on, &publishers[i]) != 0) {
            nodes_die("no thread");
        }
    }
    for (unsigned i = 0; i < CLIENTS; i++) {
        pthread_join(publishers[i].thread, NULL);
    }
    double took = nodes_now() - start;
    printf("{\"name\":\"publish.clients.cpu\",\"value\":%.1f,\"unit\":\"us/entry\"}\n",
           (nodes_cpu_s(node) - cpu) / (CLIENTS * each) * 1e6);
    printf("{\"name\":\"publish.clients\",\"value\":%.0f,\"unit\":\"/s\",\"goal\":\">= 10000\"}\n",
           CLIENTS * each / took);
}

/* Small files, one bulletin each, by one command. */
static void measure_each(const struct node *node, unsigned count)
{
    char folder[600], path[700];
    snprintf(folder, sizeof(folder), "%s/files", nodes_folder.path);
    if (mkdir(folder, 0700) != 0) {
        nodes_die("no folder for files");
    }
    for (unsigned i = 0; i < count; i++) {
        snprintf(path, sizeof(path), "%s/%06u.txt", folder, i);
        FILE *file = fopen(path, "w");
        if (file == NULL ||
            fprintf(file, "n%u.each.example.org is used for phishing since Monday.\n", i) < 0 ||
            fclose(file) != 0) {
            nodes_die("%s cannot be written", path);
        }
    }
    double start = nodes_now(), cpu = nodes_cpu_s(node);
    nodes_cli(NULL, "publish", "--home", node->home, "--to", "all", "--tlp", "green", "--each",
              folder, NULL);
    double took = nodes_now() - start;
    printf("{\"name\":\"publish.each.cpu\",\"value\":%.1f,\"unit\":\"us/entry\"}\n",
           (nodes_cpu_s(node) - cpu) / count * 1e6);
    printf("{\"name\":\"publish.each\",\"value\":%.0f,\"unit\":\"/s\",\"goal\":\">= 10000\"}\n",
           count / took);
    fflush(stdout);
}

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

static void measure_prompt(const struct node *node)
{
    double times[RUNS];
    for (unsigned i = 0; i < RUNS; i++) {
        char ioc[64];
        snprintf(ioc, sizeof(ioc), "domain:n%u.prompt.example.org", i);
        double start = nodes_now();
        nodes_cli(NULL, "publish", "--home", node->home, "--to", "all", "--tlp", "green", "--title",
                  "a bulletin of the benchmark", "--ioc", ioc, NULL);
        times[i] = (nodes_now() - start) * 1e3;
    }
    qsort(times, RUNS, sizeof(times[0]), compare);
    printf("{\"name\":\"publish.prompt.p50\",\"value\":%.3f,\"unit\":\"ms\",\"goal\":\"<= 10\"}\n",
           times[RUNS / 2]);
}

int main(int argc, char **argv)
{
    unsigned each = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : EACH_DEFAULT;
    unsigned files = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : CLIENTS * each / 4;
    struct node nodes[3];
    if (sodium_init() < 0) {
        return 1;
    }
    nodes_found(nodes, 3);
    nodes_start(&nodes[0]);
    measure_clients(&nodes[0], each);
    measure_each(&nodes[0], files);
    measure_prompt(&nodes[0]);
    return 0;
}
