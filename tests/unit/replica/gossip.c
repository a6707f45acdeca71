/* SPDX-License-Identifier: EUPL-1.2 */
/* Many honest nodes with few links each: every log grows its own tree. */
#include "world.h"

#define NODES 20u
#define PAYLOAD 4000u

static struct world world;

/* Node i is linked with i ± each step, around a ring; latencies differ. */
static void begin(uint64_t seed, const size_t *steps, size_t step_count)
{
    world_init(&world, NODES, seed);
    for (size_t i = 0; i < NODES; i++) {
        for (size_t j = 0; j < NODES; j++) {
            size_t apart = i < j ? j - i : i - j;
            bool linked = false;
            for (size_t s = 0; s < step_count; s++) {
                linked = linked || apart == steps[s] || apart == NODES - steps[s];
            }
            world.cut[i][j] = !linked;
            world.further_ms[i][j] = (uint16_t)(3 + (i * 7 + j * 7) % 23);
        }
    }
    for (size_t i = 0; i < NODES; i++) {
        world_start(&world, i);
    }
    world_run(&world, 180000);
}

static void publish(size_t author, uint8_t class, size_t bytes)
{
    static uint8_t content[30000];
    struct toc_submit submit = {.audience = TOC_SUBMIT_ALL, .class = class};
    world_entropy(&world, content, bytes);
    world_publish(&world, author, submit, toc_span(content, bytes));
}

/* How many nodes hold the author's log of the group of all up to `seq`? */
static size_t holders(size_t author, uint64_t seq)
{
    uint8_t log[32];
    size_t count = 0;
    world_log(&world, author, NULL, log);
    for (size_t i = 0; i < NODES; i++) {
        count += world.nodes[i].up && world_seq(&world, i, log) >= seq;
    }
    return count;
}

/* Body bytes of live and bulk that all nodes have sent. */
static uint64_t entry_bytes(void)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < NODES; i++) {
        const struct toc_links *links = &world.nodes[i].core->links;
        for (uint32_t j = 0; j < links->top; j++) {
            bytes += links->items[j].peer.out[TOC_CLASS_LIVE].used +
                     links->items[j].peer.out[TOC_CLASS_BULK].used;
        }
    }
    return bytes;
}

static size_t links_standing(void)
{
    size_t count = 0;
    for (size_t i = 0; i < NODES; i++) {
        const struct toc_links *links = &world.nodes[i].core->links;
        for (uint32_t j = 0; j < links->top; j++) {
            count += toc_link_stands(&links->items[j]);
        }
    }
    return count;
}

/* Bytes of an entry of ours on the wire, beyond its payload: 170 around a single one. */
#define PAYLOAD_SEALED 4131u

/* after the first entry of a log each node gets each of its entries once. */
static void each_entry_comes_once(void **state)
{
    (void)state;
    static const size_t steps[] = {1, 3, 8};
    begin(1, steps, 3);
    publish(5, TOC_CLASS_LIVE, PAYLOAD);
    world_run(&world, 1000);
    uint64_t before = entry_bytes();
    for (uint64_t seq = 2; seq < 32; seq++) {
        publish(5, TOC_CLASS_LIVE, PAYLOAD);
        world_run(&world, 100);
        assert_int_equal(holders(5, seq), NODES);
    }
    double copies = (double)(entry_bytes() - before) / (30.0 * (NODES - 1) * (PAYLOAD_SEALED + 170));
    assert_true(copies >= 0.95 && copies <= 1.05);
    world_clear(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_entry_comes_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
