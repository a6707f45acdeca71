/* SPDX-License-Identifier: EUPL-1.2 */
#include "scene.h"

/* Why no link to a node stands, for whoever asks. */

static struct toc_down_view down;

static const char *why(size_t of, size_t other)
{
    struct toc_err err = toc_core_view_down(world.nodes[of].core, world.nodes[other].org, 1, &down);
    return err.code == TOC_OK ? down.err.why : toc_code_name(err.code);
}

/* Two of three nodes run; the third has never been there. */
static void begin_two(uint64_t seed)
{
    begin(3, seed);
    world_start(&world, 0);
    world_start(&world, 1);
    world_run(&world, 5000);
    assert_non_null(link_between(0, 1));
}

static void what_stands_is_not_down(void **state)
{
    (void)state;
    uint8_t nobody[TOC_ID_BYTES] = {7};
    begin_two(1);
    assert_string_equal(why(0, 1), "STATE");
    assert_code(toc_core_view_down(world.nodes[0].core, nobody, 1, &down), TOC_ABSENT);
    assert_code(toc_core_view_down(world.nodes[0].core, world.nodes[1].org, 9, &down), TOC_ABSENT);
    world_clear(&world);
}

/* What the driver says is shown, with the times of the last attempt and of the next. */
static void the_drivers_word_is_kept(void **state)
{
    (void)state;
    begin_two(2);
    struct toc_dial *dial = NULL;
    for (uint32_t i = 0; i < 3000 && dial == NULL; i++) {
        for (uint32_t k = 0; k < links_of(0)->top; k++) {
            struct toc_link *link = &links_of(0)->items[k];
            if (links_of(0)->ids[k] != 0 && link->state == TOC_LINK_DIALLING) {
                dial = &links_of(0)->dials[link->slot * TOC_NODES_MAX + link->of_card];
                struct toc_event event = {.kind = TOC_EVENT_LINK_DOWN,
                                          .link = link->id,
                                          .err = toc_fail(TOC_UNREACHABLE, "refused, it says")};
                assert_string_not_equal(why(0, 2), "STATE");
                assert_true(down.dialling);
                world_step(&world, 0, &event);
                break;
            }
        }
        if (dial == NULL) {
            world_run(&world, 1);
        }
    }
    assert_non_null(dial);
    assert_string_equal(why(0, 2), "refused, it says");
    assert_true(down.sought && !down.dialling);
    assert_int_equal(down.ended.ms, world.now_ms);
    assert_in_range(down.tried.ms, 1, world.now_ms);
    assert_true(down.next.ms > world.now_ms);
    /* Who comes after all is as if nothing had been. */
    world_start(&world, 2);
    toc_links_redial(links_of(0), world.nodes[2].org);
    world_run(&world, 5000);
    assert_string_equal(why(0, 2), "STATE");
    assert_int_equal(dial->ended.code, TOC_OK);
    world_clear(&world);
}

/* a goodbye has a reason. */
static void goodbyes_are_understood(void **state)
{
    (void)state;
    static const struct {
        enum toc_bye reason;
        const char *why;
    } rows[] = {{TOC_BYE_STOP, "it said goodbye: it stops"},
                {TOC_BYE_FAULT, "it said goodbye: to it this node broke a rule"},
                {TOC_BYE_NOT_NEEDED, "it said goodbye: its other links are enough"},
                {TOC_BYE_AGE, "it said goodbye"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        begin_two(3 + i);
        const struct toc_link *link = link_between(0, 1);
        const struct toc_dial *dial = &links_of(0)->dials[link->slot * TOC_NODES_MAX];
        uint8_t body = (uint8_t)rows[i].reason;
        struct toc_link *theirs = link_between(1, 0);
        assert_true(
            toc_link_say(links_of(1), theirs, TOC_MSG_BYE, TOC_CLASS_CONTROL, toc_span(&body, 1)));
        for (size_t ms = 0; ms < 1500 && !toc_failed(dial->ended); ms++) {
            world_run(&world, 1);
        }
        assert_string_equal(dial->ended.why, rows[i].why);
        world_clear(&world);
    }
}

/* who cannot open our first message hangs up, and says nothing. */
static void who_hangs_up_may_be_of_another_federation(void **state)
{
    (void)state;
    struct toc_link *link = NULL;
    size_t node = 0;
    begin(3, 8);
    world.further_ms[0][1] = world.further_ms[1][0] = 50;
    world_start(&world, 0);
    world_start(&world, 1);
    for (uint32_t i = 0; i < 5000 && link == NULL; i++) {
        world_run(&world, 1);
        node = i % 2; /* whoever of the two has dialled */
        for (uint32_t k = 0; k < links_of(node)->top; k++) {
            struct toc_link *at = &links_of(node)->items[k];
            bool opening = links_of(node)->ids[k] != 0 && at->state == TOC_LINK_OPEN;
            link = opening && at->dialled && !at->established ? at : link;
        }
    }
    assert_non_null(link);
    const struct toc_dial *dial =
        &links_of(node)->dials[link->slot * TOC_NODES_MAX + link->of_card];
    struct toc_event event = {.kind = TOC_EVENT_LINK_DOWN,
                              .link = link->id,
                              .err = toc_fail(TOC_UNREACHABLE, "it closed the connection")};
    world_step(&world, node, &event);
    assert_string_equal(dial->ended.why,
                        "it hung up: another federation, or it lacks this node's card");
    world_clear(&world);
}

/* in a larger federation most nodes are not sought, which is no fault. */
static void who_is_not_sought_is_no_failure(void **state)
{
    (void)state;
    begin(NODES, 9);
    start_all();
    world_run(&world, 5000);
    size_t unsought = 0;
    for (size_t i = 1; i < NODES; i++) {
        bool no = strcmp(why(0, i), "not sought: other links are enough") == 0;
        unsought += no;
        assert_true(!no || (!down.sought && down.tried.ms == 0 && down.ended.ms == 0));
    }
    assert_true(unsought > NODES / 2);
    world_clear(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_stands_is_not_down),
        cmocka_unit_test(the_drivers_word_is_kept),
        cmocka_unit_test(goodbyes_are_understood),
        cmocka_unit_test(who_hangs_up_may_be_of_another_federation),
        cmocka_unit_test(who_is_not_sought_is_no_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
