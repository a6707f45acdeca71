/* SPDX-License-Identifier: EUPL-1.2 */
#include "scene.h"

/* What goes out by itself, in which class, and to whom it does not. */

static uint8_t content[30000];

static void publish_alert(size_t bytes)
{
    struct toc_submit submit = {.audience = TOC_SUBMIT_ALL, .class = TOC_CLASS_ALERT};
    world_entropy(&world, content, bytes);
    world_publish(&world, 0, submit, toc_span(content, bytes));
    liar_wait(&liar);
}

/* as alert what fits a frame, as live what does not. */
static void alerts_go_as_alerts_while_they_fit_a_frame(void **state)
{
    (void)state;
    begin(1);
    publish_alert(100);
    assert_int_equal(liar_count(&liar, TOC_MSG_ENTRY), 1);
    assert_int_equal(liar_last(&liar, TOC_MSG_ENTRY)->class, TOC_CLASS_ALERT);
    publish_alert(sizeof content);
    assert_int_equal(liar_count(&liar, TOC_MSG_ENTRY), 2);
    assert_int_equal(liar_last(&liar, TOC_MSG_ENTRY)->class, TOC_CLASS_LIVE);
    assert_true(liar_last(&liar, TOC_MSG_ENTRY)->body.len > TOC_FRAME_BODY_BYTES_MAX);
    publish(0);
    liar_wait(&liar);
    assert_int_equal(liar_last(&liar, TOC_MSG_ENTRY)->class, TOC_CLASS_LIVE);
    end();
}

/* who cries wolf is heard like everybody else, until the hour is over. */
static void an_author_has_twenty_alerts_an_hour(void **state)
{
    (void)state;
    begin(6);
    for (unsigned i = 0; i < TOC_ALERTS_HOUR + 5; i++) {
        publish_alert(100);
        assert_int_equal(liar_count(&liar, TOC_MSG_ENTRY), i + 1);
        assert_int_equal(liar_last(&liar, TOC_MSG_ENTRY)->class,
                         i < TOC_ALERTS_HOUR ? TOC_CLASS_ALERT : TOC_CLASS_LIVE);
    }
    for (int i = 0; i < 60; i++) {
        liar_frames(&liar, toc_span(NULL, 0));
        world_run(&world, 61000);
    }
    for (unsigned i = 0; i < 11; i++) { /* now the bytes are used up first */
        publish_alert(15000);
        assert_int_equal(liar_last(&liar, TOC_MSG_ENTRY)->class,
                         i < 10 ? TOC_CLASS_ALERT : TOC_CLASS_LIVE);
    }
    end();
}

/* The liar's next entry, an alert of this time of the world. */
static void say_alert(uint64_t at_ms)
{
    chain.utc_ms = WORLD_START_UTC_MS + at_ms;
    struct toc_log_head head = chain.head;
    struct chain_entry *entry = chain_add(&chain, 100, 1);
    entry->header.class = TOC_CLASS_ALERT;
    entry->header.utc.ms = chain.utc_ms + chain.count;
    chain.head = head;
    chain.count--;
    chain_append(&chain, entry);
    liar_say(&liar, TOC_MSG_ENTRY, TOC_CLASS_ALERT, range_of(chain.count, chain.count));
    liar_wait(&liar);
}

/* the alert of another goes on as alert, what was asked for as bulk while it is new. */
static void what_others_said_goes_on_in_its_class(void **state)
{
    (void)state;
    static struct liar second;
    begin(2);
    liar_join(&second, &world, 3, 0);
    liar_agree(&second);
    say_alert(world.now_ms);
    assert_int_equal(liar_count(&second, TOC_MSG_ENTRY), 1);
    assert_int_equal(liar_last(&second, TOC_MSG_ENTRY)->class, TOC_CLASS_ALERT);
    assert_int_equal(liar_count(&liar, TOC_MSG_ENTRY), 0); /* not to where it came from */
    chain_add(&chain, 100, 1);
    chain_add(&chain, 100, 1);
    say_range(2, 3);
    liar_wait(&liar);
    assert_int_equal(liar_count(&second, TOC_MSG_ENTRY), 2);
    assert_int_equal(liar_last(&second, TOC_MSG_ENTRY)->class, TOC_CLASS_BULK);
    liar_leave(&second);
    end();
}

/* what is old when it comes because it was asked for, others ask for as well. */
static void of_what_was_caught_up_with_others_are_told(void **state)
{
    (void)state;
    static struct liar second;
    begin(9);
    liar_join(&second, &world, 3, 0);
    liar_agree(&second);
    for (int i = 0; i < 3; i++) {
        chain_add(&chain, 100, 1);
    }
    say_range(1, 3);
    world_run(&world, 200);
    assert_int_equal(liar_count(&second, TOC_MSG_ENTRY), 0);
    assert_int_equal(liar_count(&second, TOC_MSG_HAVE), 1);
    assert_int_equal(liar_last(&second, TOC_MSG_HAVE)->class, TOC_CLASS_BULK);
    liar_leave(&second);
    end();
}

/* alerts of long ago, newly arrived, cry out no more; those of today are heard as ever. */
static void old_alerts_use_up_nothing(void **state)
{
    (void)state;
    static struct liar second;
    begin(8);
    liar_join(&second, &world, 3, 0);
    liar_agree(&second);
    for (unsigned i = 0; i < 3 * TOC_ALERTS_HOUR; i++) {
        world_run(&world, 1000);
        say_alert(world.now_ms - 2 * TOC_ALERT_FRESH_MS);
        assert_int_equal(liar_count(&second, TOC_MSG_ENTRY), i + 1);
        assert_int_equal(liar_last(&second, TOC_MSG_ENTRY)->class, TOC_CLASS_LIVE);
    }
    for (unsigned i = 0; i < TOC_ALERTS_HOUR + 3; i++) {
        say_alert(world.now_ms);
        assert_int_equal(liar_last(&second, TOC_MSG_ENTRY)->class,
                         i < TOC_ALERTS_HOUR ? TOC_CLASS_ALERT : TOC_CLASS_LIVE);
    }
    liar_leave(&second);
    end();
}

/* who lacks more than the newest entry is compared with instead. */
static void a_link_that_lags_gets_digests(void **state)
{
    (void)state;
    static struct liar second;
    begin(3);
    for (unsigned i = 0; i < TOC_PUSH_AHEAD; i++) {
        publish(0);
        world_run(&world, 5);
    }
    liar_forget(&liar);
    liar_join(&second, &world, 3, 0); /* has said nothing of what it holds */
    world_run(&world, 500);
    liar_forget(&second);
    publish(0);
    world_run(&world, 500);
    assert_int_equal(liar_count(&second, TOC_MSG_ENTRY), 0);
    assert_true(liar_count(&second, TOC_MSG_VTOP) >= 1);
    assert_int_equal(liar_count(&liar, TOC_MSG_ENTRY), 1);
    liar_leave(&second);
    end();
}

/* who gives no credit keeps nothing of ours waiting, and holds nobody up. */
static void a_link_without_credit_pins_nothing(void **state)
{
    (void)state;
    begin(4);
    struct toc_link *link = link_to_liar();
    link->peer.out[TOC_CLASS_LIVE].granted = link->peer.out[TOC_CLASS_LIVE].used;
    for (int i = 0; i < 300; i++) {
        publish(0);
        world_run(&world, 3);
    }
    assert_true(toc_peer_waiting(&link->peer, TOC_CLASS_LIVE) <= 1);
    assert_int_equal(liar_count(&liar, TOC_MSG_ENTRY), 0);
    world_run(&world, 100);
    uint8_t log[32];
    world_log(&world, 0, NULL, log);
    assert_int_equal(world_seq(&world, 1, log), 301);
    assert_false(liar.closed);
    end();
}

/* what finds no room is not forgotten. A node whose credit for live entries is used up has
 * them all a moment later: it is compared with, and bulk has credit of its own. */
static void what_finds_no_room_comes_by_digests(void **state)
{
    (void)state;
    begin(7);
    struct toc_link *link =
        toc_links_to(&world.nodes[0].core->links, world.nodes[1].node_keys.link_public);
    assert_non_null(link);
    struct toc_credit *live = &link->peer.out[TOC_CLASS_LIVE];
    live->granted = live->used;
    for (int i = 0; i < 20; i++) {
        publish(0);
        world_run(&world, 3);
    }
    world_run(&world, 3000);
    uint8_t log[32];
    world_log(&world, 0, NULL, log);
    assert_int_equal(world_seq(&world, 1, log), world_seq(&world, 0, log));
    assert_int_equal(live->used, live->granted);
    end();
}

/* Nor does one that asks for everything and takes nothing. */
static void a_link_that_does_not_read_pins_little(void **state)
{
    (void)state;
    begin(5);
    for (int i = 0; i < 100; i++) {
        publish(1);
        world_run(&world, 3);
    }
    struct toc_link *link = link_to_liar();
    link->peer.out[TOC_CLASS_BULK].granted = link->peer.out[TOC_CLASS_BULK].used;
    struct toc_want want = {.kind = TOC_WANT_ENTRIES, .from = 1, .to = 100};
    world_log(&world, 1, NULL, want.log);
    say_want(&want);
    world_run(&world, 500);
    assert_true(toc_peer_waiting(&link->peer, TOC_CLASS_BULK) <= TOC_LOADS_LINK);
    assert_int_equal(world.nodes[0].core->links.buffers.free_count[2], TOC_BUFFER_LARGE_COUNT);
    link->peer.out[TOC_CLASS_BULK].granted = LIAR_CREDIT;
    world_run(&world, 1500);
    assert_int_equal(liar_count(&liar, TOC_MSG_RANGE), 100);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(alerts_go_as_alerts_while_they_fit_a_frame),
        cmocka_unit_test(an_author_has_twenty_alerts_an_hour),
        cmocka_unit_test(what_others_said_goes_on_in_its_class),
        cmocka_unit_test(of_what_was_caught_up_with_others_are_told),
        cmocka_unit_test(old_alerts_use_up_nothing),
        cmocka_unit_test(a_link_that_lags_gets_digests),
        cmocka_unit_test(a_link_without_credit_pins_nothing),
        cmocka_unit_test(a_link_that_does_not_read_pins_little),
        cmocka_unit_test(what_finds_no_room_comes_by_digests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
