/* SPDX-License-Identifier: EUPL-1.2 */
#include "sim.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/*
 * Large federations: how long until a bulletin of 4 KiB is everywhere, in how many copies, and what
 * its announcements cost. Everybody's cards are in all stores from the start, as in a federation
 * that has existed for a while; links are made, then a few authors publish one after another. The
 * first bulletins of an author find its way through the federation; the later ones are measured.
 */

#define AUTHORS 12u
#define WARM_ROUNDS                                                                                \
    2u /* an author's first bulletins are not measured: the tree is not there yet                  \
        */
#define ROUNDS 4u
#define BULLETIN_BYTES 4096u
#define LINKS_US (45 * SIM_S_US)  /* from the start until links are chosen */
#define GAP_US (1500 * SIM_MS_US) /* between two bulletins */

struct spread {
    uint32_t name;
    uint64_t seq, at_us;
    uint32_t count;
    double *ms; /* of all measured bulletins */
    size_t ms_count;
    bool measured;
    uint64_t sent_before, have_before, all_before;
};
static struct spread spread;

static double now_s(void)
{
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Everybody's first entries and cards, into every disk. */
static void know_each_other(struct sim *sim)
{
    struct sim_disk *first = calloc(sim->member_count, sizeof *first);
    TOC_ASSERT(first != NULL);
    for (uint32_t i = 0; i < sim->member_count; i++) {
        sim_start(sim, &sim->nodes[i]);
        sim_run(sim, sim->now_us + 20 * SIM_MS_US);
        sim_kill(sim, &sim->nodes[i], SIZE_MAX, false);
        sim->event_count = 0;
        sim_disk_copy(&first[i], &sim->nodes[i].disk);
    }
    for (uint32_t i = 0; i < sim->member_count; i++) {
        for (uint32_t j = 0; j < sim->member_count; j++) {
            if (i != j) {
                sim_disk_share(&sim->nodes[i].disk, &first[j]);
            }
        }
    }
    for (uint32_t i = 0; i < sim->member_count; i++) {
        sim_disk_clear(&first[i]);
    }
    free(first);
}

static void on_stored(struct sim *sim, struct sim_node *node, uint32_t name, uint64_t seq,
                      uint32_t from)
{
    (void)from;
    if (name == spread.name && seq == spread.seq && node->index != sim->names[name].author) {
        spread.count++;
        if (spread.measured) {
            spread.ms[spread.ms_count++] = (double)(sim->now_us - spread.at_us) / 1e3;
        }
    }
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void row(uint32_t nodes, const char *name, double value, const char *unit, const char *goal)
{
    printf("{\"name\": \"sim%u.%s\", \"value\": %.3f, \"unit\": \"%s\"%s%s%s}\n", nodes, name,
           value, unit, goal == NULL ? "" : ", \"goal\": \"", goal == NULL ? "" : goal,
           goal == NULL ? "" : "\"");
    fflush(stdout);
}

/* Links of a node, and how many of its peers are other organisations. */
static void show_links(struct sim *sim)
{
    size_t all = 0, least = SIZE_MAX, most = 0;
    for (uint32_t i = 0; i < sim->member_count; i++) {
        size_t count = 0;
        const struct toc_links *links = &sim->nodes[i].core->links;
        for (uint32_t l = 0; l < links->top; l++) {
            count += toc_link_stands(&links->items[l]);
        }
        all += count;
        least = count < least ? count : least;
        most = count > most ? count : most;
    }
    row(sim->member_count, "links", (double)all / sim->member_count, "a node", NULL);
    row(sim->member_count, "links_least", (double)least, "a node", NULL);
    row(sim->member_count, "links_most", (double)most, "a node", NULL);
}

static void publish(struct sim *sim, uint32_t author, bool measured)
{
    struct sim_node *node = &sim->nodes[author];
    uint8_t log[TOC_ID_BYTES], hash[TOC_HASH_BYTES];
    toc_log_id(log, sim->federation, sim->groups[1].id, node->log_keys.public_key);
    spread.name = sim_name_find(sim, log);
    spread.seq = sim_store_head(node, log, hash) + 1;
    spread.at_us = sim->now_us;
    spread.count = 0;
    spread.measured = measured;
    sim_publish(sim, node, NULL, BULLETIN_BYTES - 64, TOC_CLASS_LIVE);
    sim_run(sim, sim->now_us + GAP_US);
    if (spread.count < sim->member_count - 1) {
        sim_say(sim, SIM_SAY_CHECK, "%s/%llu is at %u of %u", node->name,
                (unsigned long long)spread.seq, spread.count, sim->member_count - 1);
    }
}

static void show_spread(struct sim *sim)
{
    uint32_t nodes = sim->member_count;
    size_t wanted = (size_t)AUTHORS * (ROUNDS - WARM_ROUNDS) * (nodes - 1), got = spread.ms_count;
    qsort(spread.ms, got, sizeof *spread.ms, compare);
    double copies = (double)(sim->copies - spread.sent_before) / (double)wanted;
    uint64_t have = sim->message_bytes[TOC_MSG_HAVE] - spread.have_before;
    row(nodes, "reached", (double)got / (double)wanted, "of all", ">= 1");
    if (got > 0) {
        row(nodes, "p50", spread.ms[got / 2], "ms", NULL);
        row(nodes, "p99", spread.ms[got * 99 / 100], "ms", nodes > 500 ? "<= 250" : "<= 200");
        row(nodes, "max", spread.ms[got - 1], "ms", NULL);
    }
    row(nodes, "copies", copies, "a node", "<= 1.05");
    row(nodes, "have", (double)have / (double)wanted, "B a node and bulletin", NULL);
    row(nodes, "wire", (double)(sim->wire_bytes - spread.all_before) / (double)wanted,
        "B a node and bulletin", NULL);
}

void sim_large(struct sim *sim)
{
    double begin = now_s();
    know_each_other(sim);
    uint64_t start_us = sim->now_us;
    for (uint32_t i = 0; i < sim->member_count; i++) {
        sim_call(sim, sim_below(sim, 5 * SIM_S_US), sim_start_now, i, 0);
    }
    double founded = now_s();
    row(sim->member_count, "found", founded - begin, "s", NULL);
    sim_run(sim, start_us + LINKS_US);
    row(sim->member_count, "warm", now_s() - founded, "s", NULL);
    show_links(sim);
    spread = (struct spread){.ms = calloc((size_t)AUTHORS * ROUNDS * sim->member_count, 8)};
    TOC_ASSERT(spread.ms != NULL);
    sim->on_stored = on_stored;
    uint32_t authors[AUTHORS];
    for (uint32_t i = 0; i < AUTHORS; i++) {
        authors[i] = (uint32_t)sim_below(sim, sim->member_count);
    }
    for (uint32_t round = 0; round < ROUNDS; round++) {
        if (round == WARM_ROUNDS) {
            spread.sent_before = sim->copies;
            spread.have_before = sim->message_bytes[TOC_MSG_HAVE];
            spread.all_before = sim->wire_bytes;
        }
        for (uint32_t i = 0; i < AUTHORS && sim->failed == SIM_CHECK_NONE; i++) {
            publish(sim, authors[i], round >= WARM_ROUNDS);
        }
    }
    show_spread(sim);
    double quiet_begin = now_s();
    row(sim->member_count, "run", quiet_begin - founded, "s", NULL);
    free(spread.ms);
}
