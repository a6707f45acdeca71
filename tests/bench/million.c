/* SPDX-License-Identifier: EUPL-1.2 */
/* USES: api store index value fact trust bulletin content ops */
/*
 * A node that holds a million entries of its own, indexed: how long from the open key to the first
 * answer, and what its memory is, node and indexers together. Store and index are filled without
 * the node, through their rooms.
 */
#include "author.h"
#include "index.h"
#include "value.h"

#define ENTRIES_DEFAULT 1000000u
#define BATCH 512u
#define STARTS 11u

/* Everything that one index entry points to. */
struct item {
    struct toc_bulletin bulletin;
    struct toc_facts facts;
};

static void fill_item(struct item *item, struct toc_index_entry *entry, const struct author *author,
                      uint32_t number, uint64_t seq)
{
    char values[3][AUTHOR_VALUE_BYTES];
    author_values(values, number);
    item->bulletin = (struct toc_bulletin){.title = toc_span_str("a bulletin of the benchmark"),
                                           .kind = TOC_BULLETIN_INDICATORS,
                                           .tlp = TOC_TLP_GREEN,
                                           .published = {1790000000000 + number}};
    memcpy(item->bulletin.author, author->card.id, TOC_ID_BYTES);
    toc_facts_init(&item->facts);
    for (size_t i = 0; i < 3; i++) {
        const struct toc_fact base = {.confidence = TOC_CONFIDENCE_NONE};
        author_need(toc_facts_add_value(&item->facts, &base,
                                        toc_value_kind_find(toc_span_str(author_kinds[i])),
                                        toc_span_str(values[i])),
                    "fact");
    }
    *entry = (struct toc_index_entry){
        .bulletin = &item->bulletin,
        .facts = &item->facts,
        .place = {.seq = seq, .received = {1790000000000 + number}, .tlp = TOC_TLP_GREEN}};
    memcpy(entry->place.log, author->log, TOC_ID_BYTES);
    memcpy(entry->place.group, author->group, TOC_ID_BYTES);
    /* Any distinct id; in order, so that the filling is quick. */
    toc_put_be64(entry->id, seq);
}

/* Indexes the entries first..last of the log, as the feeder would. */
static void fill_index(struct author *author, uint64_t first, uint64_t last)
{
    static struct item items[BATCH];
    static struct toc_index_entry entries[BATCH];
    struct toc_index *index;
    author_need(toc_index_open(&index, toc_store_db(author->store)), "index");
    for (uint64_t seq = first; seq <= last;) {
        struct toc_store_txn *txn;
        size_t count = 0;
        for (; count < BATCH && seq <= last; count++, seq++) {
            fill_item(&items[count], &entries[count], author, (uint32_t)(seq - first), seq);
        }
        author_need(toc_store_begin(author->store, &txn), "begin");
        author_need(toc_index_apply(index, toc_store_txn_db(txn), entries, count), "apply");
        toc_index_advance(index, toc_store_txn_db(txn), author->log, seq - 1);
        author_need(toc_store_commit(txn), "commit");
        for (size_t i = 0; i < count; i++) {
            toc_facts_clear(&items[i].facts);
        }
    }
    toc_index_close(index);
}

static void show(const char *name, double value, const char *unit, const char *rest)
{
    printf("{\"name\":\"%s\",\"value\":%.3f,\"unit\":\"%s\"%s}\n", name, value, unit, rest);
    fflush(stdout);
}

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

/* From the program's start to an answer about the last bulletin. */
static double start_once(struct node *node, const char *value)
{
    double start = nodes_now();
    nodes_start(node);
    struct toc_client *client = nodes_connect(node);
    if (!nodes_knows(client, value)) {
        nodes_die("%s does not know %s", node->handle, value);
    }
    double took = (nodes_now() - start) * 1e3;
    toc_client_close(client);
    return took;
}

int main(int argc, char **argv)
{
    uint32_t count = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : ENTRIES_DEFAULT;
    struct node nodes[3];
    struct author author = {.number = 0};
    double times[STARTS];
    uint64_t bytes = 0;
    char value[3][AUTHOR_VALUE_BYTES];
    if (sodium_init() < 0 || count == 0) {
        return 1;
    }
    nodes_found(nodes, 3);
    nodes_start(&nodes[0]); /* once, so that its logs begin as they do */
    toc_client_close(nodes_connect(&nodes[0]));
    struct toc_client *client = nodes_connect(&nodes[0]);
    nodes_publish(client, "first.bench.example.org");
    toc_client_close(client);
    nodes_stop(&nodes[0]);
    author_open(&author, &nodes[0]);
    uint64_t first = author.head.seq + 1, last = author.head.seq + count;
    double start = nodes_now();
    author_fill(&author, last, &bytes);
    show("million.fill", count / (nodes_now() - start), "entries/s", "");
    start = nodes_now();
    fill_index(&author, first, last);
    show("million.index", count / (nodes_now() - start), "entries/s", "");
    author_close(&author);
    author_values(value, count - 1);
    for (size_t i = 0; i < STARTS; i++) {
        times[i] = start_once(&nodes[0], value[0]);
        if (i < STARTS - 1) {
            nodes_stop(&nodes[0]);
        }
    }
    qsort(times, STARTS, sizeof(times[0]), compare);
    show("million.start.p50", times[STARTS / 2], "ms", ",\"goal\":\"<= 100\"");
    show("million.start.max", times[STARTS - 1], "ms", "");
    nodes_pause(2000); /* until nothing moves any more */
    client = nodes_connect(&nodes[0]);
    if (nodes_status(client, TOC_FIELD_INDEX_LAG) != 0 ||
        nodes_status(client, TOC_FIELD_ENTRIES) < count) {
        nodes_die("the store is not as it was filled");
    }
    toc_client_close(client);
    show("million.memory", nodes_rss_mib(&nodes[0]), "MiB", ",\"goal\":\"<= 25\"");
    return 0;
}
