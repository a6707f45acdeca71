/* SPDX-License-Identifier: EUPL-1.2 */
#include "scene.h"

/* What groups get: links inside, and visits. */

static struct toc_submit to_first(size_t count, uint8_t orgs[][32])
{
    for (size_t i = 1; i < count; i++) {
        memcpy(orgs[i - 1], world.nodes[i].org, 32);
    }
    return (struct toc_submit){.audience = TOC_SUBMIT_ORGANISATIONS,
                               .organisations = orgs[0],
                               .organisation_count = count - 1};
}

static void publish(struct toc_submit submit, const char *text)
{
    size_t before = world.nodes[0].published;
    world_publish(&world, 0, submit, toc_span_str(text));
    while (world.nodes[0].published == before) {
        assert_true(world_next(&world, world.now_ms + 1000));
    }
}

/* The group that node 0 has published to last, and how many of the first `count` have its entry. */
static size_t holders(size_t count)
{
    size_t found = 0;
    for (size_t i = 1; i < count; i++) {
        found += world_seq(&world, i, world.nodes[0].last_log) >= world.nodes[0].last_seq;
    }
    return found;
}

static size_t member_count;

static bool all_hold(struct world *at)
{
    (void)at;
    return holders(member_count) == member_count - 1;
}

static bool is_member(size_t node)
{
    return node < member_count;
}

/* inside a group of thirty in forty, and of twelve, everybody has three links, and they
 * hang together. */
static void a_group_in_use_has_links_inside(void **state)
{
    (void)state;
    static uint8_t orgs[NODES][32];
    for (member_count = 12; member_count <= 30; member_count += 18) {
        begin(NODES, 3);
        start_all();
        world_run(&world, 60000);
        struct toc_submit submit = to_first(member_count, orgs);
        publish(submit, "for many");
        assert_true(world_until(&world, all_hold, 600000));
        print_message("all of %zu had it after %llu ms\n", member_count,
                      (unsigned long long)(world.now_ms - 60000));
        world_run(&world, 60000);
        for (size_t i = 0; i < member_count; i++) {
            size_t inside = 0;
            for (size_t j = 0; j < member_count; j++) {
                inside += i != j && link_between(i, j) != NULL;
            }
            assert_true(inside >= TOC_GROUP_LINKS);
        }
        assert_int_equal(reached(is_member), member_count);
        publish(submit, "once more");
        uint64_t from = world.now_ms;
        assert_true(world_until(&world, all_hold, 5000));
        print_message("the next one after %llu ms\n", (unsigned long long)(world.now_ms - from));
        world_clear(&world);
    }
}

static bool five_hold(struct world *at)
{
    (void)at;
    return holders(5) == 4;
}

static size_t links_among(size_t count)
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        for (size_t j = i + 1; j < count; j++) {
            found += link_between(i, j) != NULL;
        }
    }
    return found;
}

/* a small group has no links of its own; its members are visited when there is
 * something for them, the invitation included, also those who were away. */
static void members_of_a_small_group_are_visited(void **state)
{
    (void)state;
    static uint8_t orgs[NODES][32];
    begin(NODES, 4);
    for (size_t i = 0; i < NODES; i++) {
        if (i != 3) {
            world_start(&world, i);
        }
    }
    world_run(&world, 120000);
    size_t before = links_among(5);
    assert_true(before < 10);
    publish(to_first(5, orgs), "for five");
    world_run(&world, 10000);
    assert_int_equal(holders(3), 2);
    assert_int_equal(holders(5), 3);
    world_run(&world, 600000);
    assert_in_range(links_among(5), 0, before + 2); /* what was needed for it has gone again */
    /* One who was away gets it when it comes back, from whoever it is linked with or not. */
    world_kill(&world, 0);
    world_start(&world, 3);
    assert_true(world_until(&world, five_hold, 180000));
    world_clear(&world);
}

/* even where nobody knows that something is missing, an hour brings it: once in an hour a
 * member without a link to the others dials one of them, now this one, now that one. */
static void a_quiet_group_is_visited_in_turn(void **state)
{
    (void)state;
    static uint8_t orgs[NODES][32];
    size_t met[2] = {0}, a = 1, b;
    begin(20, 5);
    start_all();
    world_run(&world, 60000);
    while (link_between(0, a) != NULL) {
        a++;
    }
    for (b = a + 1; link_between(0, b) != NULL || link_between(a, b) != NULL;) {
        b++;
    }
    memcpy(orgs[0], world.nodes[a].org, 32);
    memcpy(orgs[1], world.nodes[b].org, 32);
    struct toc_submit submit = {
        .audience = TOC_SUBMIT_ORGANISATIONS, .organisations = orgs[0], .organisation_count = 2};
    publish(submit, "for three");
    world_run(&world, 600000);
    assert_null(link_between(0, a));
    assert_null(link_between(0, b));
    for (size_t minute = 0; minute < 250; minute++) {
        world_run(&world, 60000);
        struct toc_link *to[2] = {link_between(0, a), link_between(0, b)};
        for (size_t i = 0; i < 2; i++) {
            met[i] += to[i] != NULL && world.now_ms - to[i]->opened.ms < 60000;
        }
    }
    print_message("in four hours %zu and %zu meetings\n", met[0], met[1]);
    assert_in_range(met[0], 2, 12);
    assert_in_range(met[1], 2, 12);
    world_clear(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_group_in_use_has_links_inside),
        cmocka_unit_test(members_of_a_small_group_are_visited),
        cmocka_unit_test(a_quiet_group_is_visited_in_turn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
