/* SPDX-License-Identifier: EUPL-1.2 */
#include "scene.h"

/* Forty nodes of forty organisations: who links with whom. */

/* as many as are sought, half of them at least by our own choice, and few more;
 * all nodes hang together, and nothing moves without a reason. */
static void forty_nodes_hang_together_with_few_links(void **state)
{
    (void)state;
    begin(NODES, 1);
    start_all();
    world_run(&world, 300000);
    print_degrees("after 5 min");
    for (size_t i = 0; i < NODES; i++) {
        assert_in_range(degree(i), TOC_SOUGHT_SMALL, DEGREE_MAX);
        assert_in_range(base_of(i, NULL), TOC_SOUGHT_SMALL / 2, TOC_SOUGHT_SMALL);
    }
    assert_int_equal(reached(everybody), NODES);
    size_t before = changes();
    world_run(&world, 1800000);
    print_degrees("after 35 min");
    assert_in_range(changes() - before, 0, NODES);
    for (size_t i = 0; i < NODES; i++) {
        assert_in_range(degree(i), TOC_SOUGHT_SMALL, DEGREE_MAX);
        assert_int_equal(world.nodes[i].refused, 0);
    }
    world_clear(&world);
}

/* what a node that goes leaves behind is filled again. */
static void those_who_go_are_replaced(void **state)
{
    (void)state;
    begin(NODES, 2);
    start_all();
    world_run(&world, 60000);
    for (size_t i = 0; i < 12; i++) {
        world_kill(&world, i * 3);
    }
    world_run(&world, 180000);
    print_degrees("28 of 40 left");
    assert_int_equal(reached(everybody), NODES - 12);
    for (size_t i = 0; i < NODES; i++) {
        assert_true(!world.nodes[i].up || degree(i) >= TOC_SOUGHT_SMALL);
    }
    world_clear(&world);
}

/* distances are measured by handshakes, without links; in time half of what a
 * node dials is near, something far, and all nodes still hang together. */
static void links_come_to_be_near_and_far(void **state)
{
    (void)state;
    size_t bands[3] = {0}, start[3] = {0};
    begin(24, 9);
    for (size_t i = 0; i < 24; i++) {
        for (size_t j = 0; j < 24; j++) {
            world.further_ms[i][j] = (uint16_t)(4 * (i > j ? i - j : j - i));
        }
    }
    start_all();
    for (size_t hour = 0; hour < 2; hour++) {
        world_run(&world, hour == 0 ? 60000 : 2400000);
        memset(bands, 0, sizeof bands);
        for (size_t i = 0; i < 24; i++) {
            for (size_t j = 0; j < 24; j++) {
                const struct toc_link *link = i == j ? NULL : link_between(i, j);
                if (link != NULL && link->dialled) {
                    enum toc_link_why why = toc_link_why(links_of(i), link);
                    assert_in_range(why, TOC_WHY_NEAR, TOC_WHY_FAR);
                    bands[why - TOC_WHY_NEAR]++;
                }
            }
        }
        print_message("dialled near %zu, mid %zu, far %zu; %u of 23 measured\n", bands[0], bands[1],
                      bands[2], links_of(0)->measured);
        if (hour == 0) {
            memcpy(start, bands, sizeof start);
        }
    }
    print_degrees("by distance");
    assert_true(links_of(0)->measured > 18);
    assert_true(bands[0] > start[0] && bands[0] * 2 >= bands[0] + bands[1] + bands[2]);
    assert_true(bands[2] * 6 >= bands[0] + bands[1] + bands[2]);
    assert_int_equal(reached(everybody), 24);
    world_clear(&world);
}

static bool is_attacker(size_t node)
{
    return node >= 28;
}

static bool is_honest(size_t node)
{
    return node < 28;
}

/* twelve of forty organisations, linked with everybody, are not all that a node has. */
static void attackers_cannot_be_all_that_a_node_dials(void **state)
{
    (void)state;
    size_t dialled = 0, attackers = 0, captured = 0;
    begin(NODES, 6);
    for (size_t i = 28; i < NODES; i++) { /* they are there first, and dial everybody */
        world_start(&world, i);
        links_of(i)->node_count = TOC_ALL_NODES_MAX;
    }
    for (size_t i = 0; i < 28; i++) {
        world_start(&world, i);
    }
    world_run(&world, 300000);
    for (size_t i = 0; i < 28; i++) {
        size_t ours = base_of(i, NULL), theirs = base_of(i, is_attacker);
        assert_true(ours >= TOC_SOUGHT_SMALL / 2);
        dialled += ours;
        attackers += theirs;
        captured += ours == theirs;
    }
    print_message("%zu of %zu dialled links lead to attackers; %zu nodes have no other\n",
                  attackers, dialled, captured);
    assert_true(attackers * 2 < dialled);
    assert_int_equal(captured, 0);
    assert_int_equal(reached(is_honest), 28);
    world_clear(&world);
}

/* other links are sought, a few at a time, and a suspected one goes for them. */
static void a_suspicion_brings_other_links(void **state)
{
    (void)state;
    begin(NODES, 7);
    start_all();
    world_run(&world, 120000);
    size_t before = degree(0), other = 1;
    while (link_between(0, other) == NULL) {
        other++;
    }
    toc_links_seek(links_of(0));
    toc_links_seek(links_of(0));
    for (size_t i = 0; i < 100; i++) {
        if (link_between(0, other) != NULL) {
            link_between(0, other)->suspected = true; /* replica takes that back */
        }
        world_run(&world, 100);
    }
    size_t sought = 0;
    for (size_t i = 1; i < NODES; i++) {
        const struct toc_link *link = link_between(0, i);
        sought += link != NULL && link->why == TOC_WHY_SOUGHT;
    }
    assert_int_equal(sought, TOC_SEEK_LINKS);
    assert_null(link_between(0, other));
    assert_int_equal(degree(0), before + TOC_SEEK_LINKS - 1);
    toc_links_seek(links_of(0)); /* not again within the minute */
    world_run(&world, 20000);
    assert_int_equal(degree(0), before + TOC_SEEK_LINKS - 1);
    world_clear(&world);
}

/* whoever is suspected of all its neighbours still keeps all but so many as have come. */
static void suspicion_of_all_costs_no_more_links_than_come(void **state)
{
    (void)state;
    begin(NODES, 10);
    start_all();
    world_run(&world, 120000);
    bool was[NODES] = {false};
    size_t lost = 0;
    for (size_t i = 1; i < NODES; i++) {
        was[i] = link_between(0, i) != NULL;
    }
    toc_links_seek(links_of(0));
    for (size_t at = 0; at < 600; at++) {
        for (size_t i = 1; i < NODES; i++) {
            if (was[i] && link_between(0, i) != NULL) {
                link_between(0, i)->suspected = true;
            }
        }
        world_run(&world, 100);
    }
    for (size_t i = 1; i < NODES; i++) {
        lost += was[i] && link_between(0, i) == NULL;
    }
    assert_in_range(lost, 1, TOC_SEEK_LINKS);
    /* Those that came while nobody was suspected are no stock of exchanges. */
    for (size_t i = 1; i < NODES; i++) {
        if (link_between(0, i) != NULL) {
            link_between(0, i)->suspected = link_between(0, i)->exchanged = false;
        }
    }
    world_run(&world, TOC_PRUNE_MS);
    size_t before = degree(0);
    for (size_t i = 1; i < NODES; i++) {
        if (link_between(0, i) != NULL) {
            link_between(0, i)->suspected = true;
        }
    }
    world_run(&world, 20000);
    assert_int_equal(degree(0), before);
    world_clear(&world);
}

/* the last three organisations stay, whatever is thought of them. */
static void the_last_three_organisations_are_not_given_up(void **state)
{
    (void)state;
    begin(12, 8);
    for (size_t i = 0; i < 4; i++) {
        world_start(&world, i);
    }
    world_run(&world, 30000);
    assert_int_equal(degree(0), 3);
    for (size_t i = 0; i < 200; i++) {
        link_between(0, 1)->why = TOC_WHY_SOUGHT; /* for which a suspected one may go */
        link_between(0, 1)->opened.ms = world.now_ms;
        link_between(0, 2)->suspected = link_between(0, 3)->suspected = true;
        world_run(&world, 100);
        assert_int_equal(degree(0), 3);
    }
    link_between(0, 3)->suspected = false;
    world_start(&world, 4);
    bool cut = false;
    for (size_t i = 0; i < 600 && !cut; i++) {
        link_between(0, 1)->opened.ms = world.now_ms;
        link_between(0, 1)->why = TOC_WHY_SOUGHT;
        link_between(0, 2)->suspected = true;
        world_run(&world, 100);
        cut = link_between(0, 1)->exchanged;
    }
    assert_true(cut); /* whom it befell may have dialled again at once */
    assert_in_range(degree(0), 3, 4);
    world_clear(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forty_nodes_hang_together_with_few_links),
        cmocka_unit_test(those_who_go_are_replaced),
        cmocka_unit_test(links_come_to_be_near_and_far),
        cmocka_unit_test(attackers_cannot_be_all_that_a_node_dials),
        cmocka_unit_test(a_suspicion_brings_other_links),
        cmocka_unit_test(suspicion_of_all_costs_no_more_links_than_come),
        cmocka_unit_test(the_last_three_organisations_are_not_given_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
