/* SPDX-License-Identifier: EUPL-1.2 */
/* USES: api ops */
/*
 * From one CERT's publish to another's answer: two real tocsind on loopback, both durable, both
 * indexing. The clock runs from before the request to the author's node until a lookup of the new
 * indicator on the neighbour finds it. The limit is the disk: what two commits of LMDB's kind, the
 * author's and the neighbour's, cost on it in the same minute without anything else. Then: one
 * `tocsin lookup` from prompt to prompt, a start, and the memory of a node that idles.
 */
#include <sodium.h>

#include "nodes.h"

#define ROUNDS_DEFAULT 500u
#define RUNS 100u
#define WARM_UP 20u
#define LOOK_US 100 /* between two looks, so that looking does not slow what it looks at */

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

static double at_share(double *values, size_t count, double share)
{
    qsort(values, count, sizeof(*values), compare);
    size_t index = (size_t)(share * (double)count);
    return values[index < count ? index : count - 1];
}

static void show(const char *name, double value, const char *unit, const char *rest)
{
    printf("{\"name\":\"%s\",\"value\":%.3f,\"unit\":\"%s\"%s}\n", name, value, unit, rest);
    fflush(stdout);
}

/* A file that is written as LMDB commits: pages, fdatasync, the meta page at once to the disk. */
struct disk {
    int data, meta;
    unsigned next;
};

#define DISK_PAGES 8u /* of a commit with one entry */
#define DISK_COMMITS 64u

static void disk_commit(struct disk *disk)
{
    static const char pages[DISK_PAGES * 4096];
    off_t at = (off_t)(1 + disk->next++ % DISK_COMMITS) * (off_t)sizeof(pages);
    if (pwrite(disk->data, pages, sizeof(pages), at) != (ssize_t)sizeof(pages) ||
        fdatasync(disk->data) != 0 || pwrite(disk->meta, pages, 120, 0) != 120) {
        nodes_die("the disk cannot be written");
    }
}

/* The file is as long as it will be: a store grows seldom. */
static void disk_open(struct disk *disk)
{
    char path[600];
    snprintf(path, sizeof(path), "%s/plain", nodes_folder.path);
    disk->data = open(path, O_RDWR | O_CREAT, 0600);
    disk->meta = open(path, O_RDWR | O_DSYNC);
    disk->next = 0;
    for (unsigned i = 0; i < DISK_COMMITS; i++) {
        disk_commit(disk);
    }
}

static void measure_visible(struct toc_client *author, struct toc_client *neighbour,
                            unsigned rounds)
{
    double *seen = calloc(rounds, sizeof(*seen)), *done = calloc(rounds, sizeof(*done));
    double *least = calloc(rounds, sizeof(*least));
    struct disk disk;
    disk_open(&disk);
    for (unsigned i = 0; i < rounds + WARM_UP; i++) {
        char value[64];
        snprintf(value, sizeof(value), "n%u.visible.example.org", i);
        double start = nodes_now();
        nodes_publish(author, value);
        double acknowledged = nodes_now();
        while (!nodes_knows(neighbour, value)) {
            if (nodes_now() - start > NODES_WAIT_S) {
                nodes_die("%s never became visible", value);
            }
            nodes_pause_us(LOOK_US);
        }
        if (i >= WARM_UP) {
            seen[i - WARM_UP] = (nodes_now() - start) * 1e3;
            done[i - WARM_UP] = (acknowledged - start) * 1e3;
            start = nodes_now();
            disk_commit(&disk);
            disk_commit(&disk);
            least[i - WARM_UP] = (nodes_now() - start) * 1e3;
        }
    }
    show("disk.two_commits.p50", at_share(least, rounds, 0.5), "ms", "");
    show("disk.two_commits.p99", at_share(least, rounds, 0.99), "ms", "");
    show("publish.p50", at_share(done, rounds, 0.5), "ms", "");
    show("publish.p99", at_share(done, rounds, 0.99), "ms", "");
    show("visible.p50", at_share(seen, rounds, 0.5), "ms",
         ",\"limit\":\"disk.two_commits.p50\",\"goal\":\"<= 3\"");
    show("visible.p99", at_share(seen, rounds, 0.99), "ms",
         ",\"limit\":\"disk.two_commits.p99\",\"goal\":\"<= 5\"");
    close(disk.data);
    close(disk.meta);
    free(least);
    free(seen);
    free(done);
}

/* One program from its start to its end. */
static double run_once(const struct node *node, const char *command, const char *argument)
{
    const char *const arguments[] = {"tocsin", command, "--home", node->home, argument, NULL};
    double start = nodes_now();
    pid_t pid = nodes_spawn("tocsin", arguments, "/dev/null", NULL);
    if (waitpid(pid, NULL, 0) != pid) {
        nodes_die("tocsin cannot be waited for");
    }
    return (nodes_now() - start) * 1e3;
}

static void measure_prompt(const struct node *node)
{
    double times[RUNS];
    for (size_t i = 0; i < RUNS; i++) {
        times[i] = run_once(node, "lookup", "n30.visible.example.org");
    }
    show("lookup.prompt.p50", at_share(times, RUNS, 0.5), "ms", ",\"goal\":\"<= 10\"");
    show("lookup.prompt.p99", at_share(times, RUNS, 0.99), "ms", "");
}

static void measure_start(struct node *node)
{
    double start = nodes_now();
    nodes_start(node);
    struct toc_client *client = nodes_connect(node);
    if (!nodes_knows(client, "n30.visible.example.org")) {
        nodes_die("%s has forgotten", node->handle);
    }
    show("start", (nodes_now() - start) * 1e3, "ms", ",\"goal\":\"<= 100\"");
    toc_client_close(client);
}

int main(int argc, char **argv)
{
    unsigned rounds = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : ROUNDS_DEFAULT;
    struct node nodes[3];
    if (sodium_init() < 0 || rounds < 30) {
        return 1;
    }
    nodes_found(nodes, 3);
    nodes_start(&nodes[0]);
    nodes_start(&nodes[1]);
    struct toc_client *author = nodes_connect(&nodes[0]);
    struct toc_client *neighbour = nodes_connect(&nodes[1]);
    measure_visible(author, neighbour, rounds);
    measure_prompt(&nodes[1]);
    toc_client_close(author);
    toc_client_close(neighbour);
    nodes_stop(&nodes[0]);
    nodes_stop(&nodes[1]);
    measure_start(&nodes[1]);
    nodes_start(&nodes[0]);
    author = nodes_connect(&nodes[0]);
    nodes_pause(2000); /* until nothing moves any more */
    show("memory.idle", nodes_rss_mib(&nodes[1]), "MiB", ",\"goal\":\"<= 25\"");
    toc_client_close(author);
    return 0;
}
