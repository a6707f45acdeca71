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
    static uint8_t content[PAYLOAD];
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
    double copies =
        (double)(entry_bytes() - before) / (30.0 * (NODES - 1) * (PAYLOAD_SEALED + 170));
    assert_true(copies >= 0.95 && copies <= 1.05);
    world_clear(&world);
}

/* All that happens on the wire while an author publishes, beacons and digests included, over what
 * its headers declare: with 8 links each. */
static void live_overhead_is_a_tenth_at_most(void **state)
{
    (void)state;
    static const size_t steps[] = {1, 3, 5, 8};
    begin(2, steps, 4);
    publish(5, TOC_CLASS_LIVE, PAYLOAD);
    world_run(&world, 1000);
    uint64_t before = world.wire_bytes;
    for (uint64_t seq = 2; seq < 62; seq++) {
        publish(5, TOC_CLASS_LIVE, PAYLOAD);
        world_run(&world, 200);
        assert_int_equal(holders(5, seq), NODES);
    }
    double overhead =
        (double)(world.wire_bytes - before) / (60.0 * (NODES - 1) * PAYLOAD_SEALED) - 1;
    assert_true(overhead <= 0.10);
    world_clear(&world);
}

/* The place in node i's ledger of the author's log in the group of all. */
static uint32_t log_at(size_t i, size_t author)
{
    uint8_t log[32];
    world_log(&world, author, NULL, log);
    return toc_ledger_find_log(&world.nodes[i].core->ledger, log);
}

/* Does node i get the author's entries from node `from`? */
static bool is_upstream(size_t i, size_t from, size_t author)
{
    const struct toc_core *core = world.nodes[i].core;
    const struct toc_link *link =
        toc_links_to(&world.nodes[i].core->links, world.nodes[from].node_keys.link_public);
    return link != NULL && core->replica.gossip.logs[log_at(i, author)].upstream == link->place + 1;
}

/* The node, not the author, that most others have as upstream. */
static size_t busiest(size_t author)
{
    size_t best = author, most = 0;
    for (size_t from = 0; from < NODES; from++) {
        size_t count = 0;
        for (size_t i = 0; i < NODES; i++) {
            count += i != from && i != author && is_upstream(i, from, author);
        }
        if (from != author && count > most) {
            best = from;
            most = count;
        }
    }
    assert_true(most >= 2);
    return best;
}

static bool published_everywhere(struct world *world_)
{
    size_t up = 0;
    for (size_t i = 0; i < NODES; i++) {
        up += world_->nodes[i].up;
    }
    return holders(5, world_->nodes[5].last_seq) >= up;
}

/* those who had it from a node that goes have it from another one, and miss nothing. */
static void an_upstream_that_goes_is_replaced(void **state)
{
    (void)state;
    static const size_t steps[] = {1, 3, 8};
    begin(3, steps, 3);
    publish(5, TOC_CLASS_LIVE, PAYLOAD);
    world_run(&world, 1000);
    publish(5, TOC_CLASS_LIVE, PAYLOAD);
    world_run(&world, 1000);
    size_t gone = busiest(5);
    world_kill(&world, gone);
    world_run(&world, 60); /* those around have noticed */
    for (unsigned i = 0; i < 5; i++) {
        uint64_t start = world.now_ms;
        publish(5, TOC_CLASS_LIVE, PAYLOAD);
        world_run(&world, 1);
        assert_true(world_until(&world, published_everywhere, 1000));
        assert_true(world.now_ms - start < TOC_GAP_MS_MIN);
    }
    world_clear(&world);
}

/* one that holds entries back, and says nothing of them, delays them by one wait, once. */
static void an_upstream_that_holds_back_delays_for_one_wait(void **state)
{
    (void)state;
    static const size_t steps[] = {1, 3, 8};
    begin(4, steps, 3);
    publish(5, TOC_CLASS_LIVE, PAYLOAD);
    world_run(&world, 1000);
    publish(5, TOC_CLASS_LIVE, PAYLOAD);
    world_run(&world, 1000);
    size_t mute = busiest(5);
    for (size_t i = 0; i < NODES; i++) {
        world.cut[mute][i] = true;
    }
    for (unsigned i = 0; i < 5; i++) {
        uint64_t start = world.now_ms;
        publish(5, TOC_CLASS_LIVE, PAYLOAD);
        world_run(&world, 1);
        assert_true(world_until(&world, published_everywhere, 1000));
        assert_true(world.now_ms - start <
                    (i == 0 ? TOC_TELL_MS + 2 * TOC_GAP_MS_MIN : TOC_GAP_MS_MIN));
    }
    for (size_t i = 0; i < NODES; i++) {
        world.cut[mute][i] = false;
    }
    world_clear(&world);
}

static void make_all_lazy(void)
{
    for (size_t i = 0; i < NODES; i++) {
        world.nodes[i].core->replica.gossip.logs[log_at(i, 5)].lazy = UINT64_MAX;
    }
}

/* and what is no alert comes all the same, later. */
static void alerts_reach_everybody_though_all_are_lazy(void **state)
{
    (void)state;
    static const size_t steps[] = {1, 3, 8};
    begin(5, steps, 3);
    publish(5, TOC_CLASS_LIVE, PAYLOAD);
    world_run(&world, 1000);
    make_all_lazy();
    publish(5, TOC_CLASS_ALERT, 1000);
    world_run(&world, 1);
    assert_true(world_until(&world, published_everywhere, 100));
    make_all_lazy();
    publish(5, TOC_CLASS_LIVE, PAYLOAD);
    world_run(&world, 1);
    assert_true(world_until(&world, published_everywhere, 3000));
    world_clear(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_entry_comes_once),
        cmocka_unit_test(live_overhead_is_a_tenth_at_most),
        cmocka_unit_test(an_upstream_that_goes_is_replaced),
        cmocka_unit_test(an_upstream_that_holds_back_delays_for_one_wait),
        cmocka_unit_test(alerts_reach_everybody_though_all_are_lazy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
