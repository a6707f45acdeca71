/* SPDX-License-Identifier: EUPL-1.2 */
#include "liar.h"

/* What a link says about itself, and what breaks the order of it. */

static struct world world;
static struct liar liar;

/* Nodes 0 and 1 live and share everything; the liar plays node 2 towards node 0. */
static void begin(uint64_t seed)
{
    world_init(&world, 3, seed);
    world_start(&world, 0);
    world_start(&world, 1);
    world_run(&world, 3000);
}

static void end(void)
{
    liar_leave(&liar);
    world_clear(&world);
}

static size_t links_of(size_t index)
{
    struct toc_link_view views[16];
    size_t count = toc_core_view_links(world.nodes[index].core, views, 16), good = 0;
    for (size_t i = 0; i < count; i++) {
        good += views[i].established;
    }
    return good;
}

/* The honest link stands and works. */
static void assert_honest_link_lives(void)
{
    static uint64_t number;
    uint8_t log[32];
    struct toc_submit submit = {.id = ++number, .audience = TOC_SUBMIT_ALL};
    world_publish(&world, 0, submit, toc_span_str("goes on"));
    world_run(&world, 100);
    world_log(&world, 0, NULL, log);
    assert_int_equal(world_seq(&world, 1, log), world_seq(&world, 0, log));
}

/* What was sent has ended the link with `code` and changed nothing else. */
static void assert_refused(enum toc_code code, const uint8_t before[32])
{
    uint8_t after[32];
    world_run(&world, 50);
    assert_true(liar.closed);
    assert_int_equal(liar.why.code, code);
    assert_int_equal(world.nodes[0].last_refused.code, code);
    liar_state(&world, 0, after);
    assert_memory_equal(before, after, 32);
    assert_honest_link_lives();
}

static void opened(void)
{
    liar_init(&liar, &world, 2, 0);
    liar_dial(&liar);
    liar_wait(&liar);
    assert_int_equal(liar.peer.state, TOC_PEER_READY);
}

/* nothing comes before HELLO. */
static void a_message_before_hello_is_refused(void **state)
{
    (void)state;
    static const uint8_t types[] = {
        TOC_MSG_TAGS, TOC_MSG_CREDIT, TOC_MSG_PING, TOC_MSG_VTOP, TOC_MSG_WANT, TOC_MSG_BYE, 99};
    for (size_t i = 0; i < sizeof types; i++) {
        uint8_t before[32], body[TOC_WANT_BYTES] = {0};
        begin(100 + i);
        opened();
        liar_state(&world, 0, before);
        liar_say(&liar, types[i], TOC_CLASS_CONTROL, toc_span(body, sizeof body));
        assert_refused(TOC_MALFORMED, before);
        end();
    }
}

/* */
static void a_second_hello_is_refused(void **state)
{
    (void)state;
    uint8_t before[32];
    begin(2);
    opened();
    liar_greet(&liar);
    liar_wait(&liar);
    assert_false(liar.closed);
    liar_state(&world, 0, before);
    liar_greet(&liar);
    assert_refused(TOC_MALFORMED, before);
    end();
}

/* */
static void a_broken_hello_is_refused(void **state)
{
    (void)state;
    uint8_t before[32];
    begin(3);
    opened();
    liar_state(&world, 0, before);
    liar_say(&liar, TOC_MSG_HELLO, TOC_CLASS_CONTROL, toc_span("\x80", 1));
    assert_refused(TOC_MALFORMED, before);
    end();
}

/* each message has its classes. */
static void a_message_in_a_class_not_its_own_is_refused(void **state)
{
    (void)state;
    static const struct {
        uint8_t type;
        enum toc_class class;
    } rows[] = {
        {TOC_MSG_PING, TOC_CLASS_LIVE},  {TOC_MSG_CREDIT, TOC_CLASS_BULK},
        {TOC_MSG_TAGS, TOC_CLASS_ALERT}, {TOC_MSG_BEACON, TOC_CLASS_LIVE},
        {TOC_MSG_WANT, TOC_CLASS_LIVE},  {TOC_MSG_VROW, TOC_CLASS_BULK},
        {TOC_MSG_BYE, TOC_CLASS_ALERT},  {TOC_MSG_RANGE, TOC_CLASS_CONTROL},
        {TOC_MSG_CHUNK, TOC_CLASS_LIVE}, {TOC_MSG_RANGE, TOC_CLASS_ALERT},
        {TOC_MSG_RANGE, TOC_CLASS_LIVE}, {TOC_MSG_ENTRY, TOC_CLASS_CONTROL},
        {TOC_MSG_NOPAY, TOC_CLASS_BULK}, {TOC_MSG_INVITE, TOC_CLASS_LIVE},
        {TOC_MSG_VTOP, TOC_CLASS_ALERT}, {TOC_MSG_PONG, TOC_CLASS_LIVE},
        {TOC_MSG_VBKT, TOC_CLASS_LIVE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t before[32], body[TOC_WANT_BYTES] = {0};
        begin(200 + i);
        liar_join(&liar, &world, 2, 0);
        liar_state(&world, 0, before);
        liar_say(&liar, rows[i].type, rows[i].class, toc_span(body, sizeof body));
        assert_refused(TOC_MALFORMED, before);
        end();
    }
}

/* long records come as live, where they hold up no alert; short ones do not (above). */
static void a_long_record_may_come_as_live(void **state)
{
    (void)state;
    static uint8_t body[TOC_FRAME_BODY_BYTES_MAX + 1];
    static const uint8_t types[] = {TOC_MSG_INVITE, TOC_MSG_BEACON};
    for (size_t i = 0; i < sizeof types; i++) {
        for (size_t len = sizeof body - 1; len <= sizeof body; len++) {
            begin(700 + i);
            liar_join(&liar, &world, 2, 0);
            liar_say(&liar, types[i], TOC_CLASS_LIVE, toc_span(body, len));
            liar_wait(&liar);
            assert_true(liar.closed); /* for what it says, or for the class that it came in */
            bool for_class = strcmp(liar.why.why, "a message in a class not its own") == 0;
            assert_int_equal(for_class, len < sizeof body);
            end();
        }
    }
}

/* fixed lengths. */
static void small_messages_of_another_length_are_refused(void **state)
{
    (void)state;
    static const struct {
        uint8_t type;
        size_t len;
    } rows[] = {{TOC_MSG_CREDIT, 8}, {TOC_MSG_CREDIT, 15}, {TOC_MSG_CREDIT, 17}, {TOC_MSG_PING, 0},
                {TOC_MSG_PING, 9},   {TOC_MSG_PONG, 7},    {TOC_MSG_PONG, 16}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t before[32], body[17] = {0};
        begin(300 + i);
        liar_join(&liar, &world, 2, 0);
        liar_state(&world, 0, before);
        liar_say(&liar, rows[i].type, TOC_CLASS_CONTROL, toc_span(body, rows[i].len));
        assert_refused(TOC_MALFORMED, before);
        end();
    }
}

/* */
static void a_ping_comes_back_as_it_was(void **state)
{
    (void)state;
    begin(4);
    liar_join(&liar, &world, 2, 0);
    liar_say(&liar, TOC_MSG_PING, TOC_CLASS_CONTROL, toc_span("12345678", 8));
    liar_wait(&liar);
    const struct liar_message *pong = liar_last(&liar, TOC_MSG_PONG);
    assert_non_null(pong);
    assert_span(pong->body, toc_span_str("12345678"));
    /* A PONG that nobody asked for says nothing. */
    liar_say(&liar, TOC_MSG_PONG, TOC_CLASS_CONTROL, toc_span("87654321", 8));
    liar_wait(&liar);
    assert_false(liar.closed);
    end();
}

/* of many PINGs in one go few are answered. */
static void few_pongs_wait(void **state)
{
    (void)state;
    static uint8_t frames[15000];
    struct toc_frame ping = {
        .type = TOC_MSG_PING, .class = TOC_CLASS_CONTROL, .body = toc_span("12345678", 8)};
    size_t len = 0;
    begin(40);
    liar_join(&liar, &world, 2, 0);
    while (len + TOC_FRAME_HEAD_BYTES + ping.body.len <= sizeof frames) {
        len += toc_frame_encode(frames + len, &ping);
    }
    liar_frames(&liar, toc_span(frames, len));
    world_run(&world, 100);
    assert_false(liar.closed);
    assert_in_range(liar_count(&liar, TOC_MSG_PONG), 1, 16);
    assert_honest_link_lives();
    end();
}

/* One peer of two whose clock is wrong keeps nobody from publishing, nor is it blamed. */
static void one_liar_about_the_time_silences_nobody(void **state)
{
    (void)state;
    for (int sign = -1; sign <= 1; sign += 2) {
        begin(41);
        opened();
        uint8_t body[TOC_HELLO_BYTES_MAX];
        struct toc_hello hello = liar_hello(&liar);
        hello.clock.ms = (uint64_t)((int64_t)hello.clock.ms + sign * 2 * TOC_CLOCK_MS_MAX);
        size_t len = toc_hello_encode((struct toc_room){body, sizeof body}, &hello);
        liar_say(&liar, TOC_MSG_HELLO, TOC_CLASS_CONTROL, toc_span(body, len));
        liar_wait(&liar);
        assert_int_equal(links_of(0), 2);
        size_t published = world.nodes[0].published;
        assert_honest_link_lives();
        assert_int_equal(world.nodes[0].published, published + 1);
        assert_int_equal(world.nodes[0].notices[TOC_NOTICE_CLOCK], 0);
        assert_false(liar.closed);
        end();
    }
}

static void say_credit(uint64_t live, uint64_t bulk)
{
    uint8_t body[16];
    toc_put_le64(body, live);
    toc_put_le64(body + 8, bulk);
    liar_say(&liar, TOC_MSG_CREDIT, TOC_CLASS_CONTROL, toc_span(body, sizeof body));
    liar_wait(&liar);
}

/* a lower grant than the one before changes nothing, whatever the order. */
static void a_grant_never_shrinks(void **state)
{
    (void)state;
    begin(5);
    liar_join(&liar, &world, 2, 0);
    struct toc_link *link = toc_links_to(&world.nodes[0].core->links, liar.self.link_public);
    assert_non_null(link);
    const struct toc_credit *live = &link->peer.out[TOC_CLASS_LIVE];
    const struct toc_credit *bulk = &link->peer.out[TOC_CLASS_BULK];
    say_credit(1, LIAR_CREDIT + 1);
    assert_true(live->granted == LIAR_CREDIT && bulk->granted == LIAR_CREDIT + 1);
    say_credit(UINT64_MAX, UINT64_MAX); /* nor does the highest one overflow anything */
    say_credit(0, 0);
    assert_true(live->granted == UINT64_MAX && bulk->granted == UINT64_MAX);
    /* What is published now still reaches it. */
    liar_agree(&liar);
    struct toc_submit submit = {.audience = TOC_SUBMIT_ALL};
    world_publish(&world, 0, submit, toc_span_str("for whoever is linked"));
    liar_wait(&liar);
    assert_int_equal(liar_count(&liar, TOC_MSG_ENTRY), 1);
    end();
}

/* whatever the reason, and nobody is blamed. */
static void bye_ends_a_link(void **state)
{
    (void)state;
    static const char *const reasons[] = {"", "\1", "\4", "\xff", "\1 and more"};
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        begin(400 + i);
        liar_join(&liar, &world, 2, 0);
        size_t refused = world.nodes[0].refused;
        liar_say(&liar, TOC_MSG_BYE, TOC_CLASS_CONTROL, toc_span_str(reasons[i]));
        liar_wait(&liar);
        assert_true(liar.closed);
        assert_int_equal(liar.why.code, TOC_UNREACHABLE);
        assert_int_equal(world.nodes[0].refused, refused);
        assert_int_equal(links_of(0), 1);
        end();
    }
}

/* who breaks a rule is told, as far as there is room. */
static void a_refused_peer_hears_bye(void **state)
{
    (void)state;
    begin(6);
    liar_join(&liar, &world, 2, 0);
    liar_say(&liar, TOC_MSG_PING, TOC_CLASS_CONTROL, toc_span("1", 1));
    liar_wait(&liar);
    const struct liar_message *bye = liar_last(&liar, TOC_MSG_BYE);
    assert_non_null(bye);
    assert_span(bye->body, toc_span("\4", 1));
    end();
}

/* */
static void a_node_that_stops_says_bye(void **state)
{
    (void)state;
    begin(7);
    liar_join(&liar, &world, 2, 0);
    world_run(&world, 500); /* nothing is on its way */
    struct toc_event event = {.kind = TOC_EVENT_STOP};
    world_step(&world, 0, &event);
    liar_wait(&liar);
    const struct liar_message *bye = liar_last(&liar, TOC_MSG_BYE);
    assert_non_null(bye);
    assert_span(bye->body, toc_span("\1", 1));
    assert_int_equal(links_of(0), 0);
    end();
}

/* */
static void unknown_messages_are_skipped(void **state)
{
    (void)state;
    static const uint8_t types[] = {0, 20, 21, 22, 127, 255};
    begin(8);
    liar_join(&liar, &world, 2, 0);
    uint8_t before[32], after[32];
    liar_state(&world, 0, before);
    for (size_t i = 0; i < sizeof types; i++) {
        for (unsigned class = 0; class < TOC_CLASS_COUNT; class ++) {
            liar_say(&liar, types[i], (enum toc_class) class, toc_span_str("of a later version"));
        }
    }
    liar_wait(&liar);
    assert_false(liar.closed);
    liar_state(&world, 0, after);
    assert_memory_equal(before, after, 32);
    end();
}

/* credit for what is skipped comes back too, to the class that it came in: said
 * for each part of the window, not for each message. */
static void skipped_messages_give_their_credit_back(void **state)
{
    (void)state;
    static uint8_t body[100000];
    static const struct {
        enum toc_class class;
        uint64_t window;
    } rows[] = {{TOC_CLASS_LIVE, TOC_CREDIT_LIVE_BYTES}, {TOC_CLASS_BULK, TOC_CREDIT_BULK_BYTES}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        begin(500 + i);
        liar_join(&liar, &world, 2, 0);
        size_t said = liar_count(&liar, TOC_MSG_CREDIT);
        for (uint64_t sent = 0; sent < 3 * rows[i].window; sent += sizeof body) {
            liar_say(&liar, 99, rows[i].class, toc_span(body, sizeof body));
            liar_wait(&liar);
        }
        assert_false(liar.closed);
        said = liar_count(&liar, TOC_MSG_CREDIT) - said;
        assert_true(said >= TOC_CREDIT_STEP_PART && said <= 3 * TOC_CREDIT_STEP_PART);
        const struct toc_span last = liar_last(&liar, TOC_MSG_CREDIT)->body;
        uint64_t granted[] = {toc_le64(last.at), toc_le64(last.at + 8)};
        assert_true(granted[i] >= 3 * rows[i].window);
        assert_int_equal(granted[1 - i], rows[1 - i].window); /* nothing of it was used */
        end();
    }
}

/* the first byte too many ends the link. */
static void more_than_was_granted_is_refused(void **state)
{
    (void)state;
    static uint8_t frame[TOC_FRAME_HEAD_BYTES + 16000];
    uint8_t before[32];
    begin(10);
    liar_join(&liar, &world, 2, 0);
    liar_state(&world, 0, before);
    /* Pieces of one message that never ends are not given back before it is whole. */
    frame[0] = 99;
    frame[1] = TOC_CLASS_BULK | TOC_FRAME_FLAG_MORE;
    toc_put_le16(frame + 2, 16000);
    for (size_t sent = 0; sent < TOC_MESSAGE_BYTES_MAX / 2; sent += 16000) {
        liar_frames(&liar, toc_span(frame, sizeof frame));
    }
    liar_wait(&liar);
    assert_false(liar.closed);
    struct toc_link *link = toc_links_to(&world.nodes[0].core->links, liar.self.link_public);
    struct toc_credit *bulk = &link->peer.in[TOC_CLASS_BULK];
    bulk->used = bulk->granted - 15999; /* as if so much had come and were not dealt with */
    liar_frames(&liar, toc_span(frame, sizeof frame));
    assert_refused(TOC_CREDIT, before);
    end();
}

/* Says HELLO an hour ahead. */
static void greet_ahead(struct liar *by)
{
    struct toc_hello hello = liar_hello(by);
    uint8_t body[TOC_HELLO_BYTES_MAX];
    hello.clock.ms += 3600000;
    size_t len = toc_hello_encode((struct toc_room){body, sizeof body}, &hello);
    liar_wait(by);
    liar_say(by, TOC_MSG_HELLO, TOC_CLASS_CONTROL, toc_span(body, len));
    liar_tags(by, NULL, NULL);
    liar_wait(by);
    assert_false(by->closed);
}

/* A card of the liar's organisation with a second node, in force at node 0. */
static void add_node(const struct toc_node_keys *node, const struct toc_sign_keys *log)
{
    static uint8_t room[TOC_CARD_BYTES_MAX];
    struct toc_card card, verified;
    struct toc_span envelope;
    assert_ok(toc_card_decode(&card, world.nodes[2].card));
    card.serial = 2;
    card.node_count = 2;
    card.nodes[1] = card.nodes[0];
    card.nodes[0].serial = card.nodes[1].serial = 2;
    card.nodes[1].number = 2;
    memcpy(card.nodes[1].link_key, node->link_public, 32);
    memcpy(card.nodes[1].seal_key, node->seal_public, 32);
    memcpy(card.nodes[1].log_key, log->public_key, 32);
    assert_ok(toc_card_sign(&card, &world.nodes[2].org_keys, (struct toc_room){room, sizeof room},
                            &envelope));
    assert_ok(toc_card_verify(&verified, envelope));
    assert_ok(toc_replica_take_card(&world.nodes[0].core->replica, &verified));
}

/* One organisation with two nodes is not the majority of clocks. */
static void many_nodes_of_one_organisation_are_one_clock(void **state)
{
    (void)state;
    static struct liar second;
    struct toc_node_keys node;
    struct toc_sign_keys log;
    uint8_t entropy[128];
    begin(40);
    world_entropy(&world, entropy, sizeof entropy);
    toc_node_keys_make(&node, entropy);
    toc_sign_keys_make(&log, entropy + 32);
    add_node(&node, &log);
    liar_init(&liar, &world, 2, 0);
    liar_dial(&liar);
    greet_ahead(&liar);
    liar_init(&second, &world, 2, 0);
    second.self.link_public = node.link_public;
    second.self.link_secret = node.link_secret;
    liar_dial(&second);
    greet_ahead(&second);
    assert_int_equal(links_of(0), 3);
    assert_int_equal(toc_links_clock_offset(&world.nodes[0].core->links), 0);
    struct toc_submit submit = {.audience = TOC_SUBMIT_ALL};
    world_publish(&world, 0, submit, toc_span_str("in time"));
    world_run(&world, 100);
    assert_ok(world.nodes[0].last_published);
    liar_leave(&second);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_before_hello_is_refused),
        cmocka_unit_test(a_second_hello_is_refused),
        cmocka_unit_test(a_broken_hello_is_refused),
        cmocka_unit_test(a_message_in_a_class_not_its_own_is_refused),
        cmocka_unit_test(a_long_record_may_come_as_live),
        cmocka_unit_test(small_messages_of_another_length_are_refused),
        cmocka_unit_test(a_ping_comes_back_as_it_was),
        cmocka_unit_test(few_pongs_wait),
        cmocka_unit_test(one_liar_about_the_time_silences_nobody),
        cmocka_unit_test(a_grant_never_shrinks),
        cmocka_unit_test(bye_ends_a_link),
        cmocka_unit_test(a_refused_peer_hears_bye),
        cmocka_unit_test(a_node_that_stops_says_bye),
        cmocka_unit_test(unknown_messages_are_skipped),
        cmocka_unit_test(skipped_messages_give_their_credit_back),
        cmocka_unit_test(more_than_was_granted_is_refused),
        cmocka_unit_test(many_nodes_of_one_organisation_are_one_clock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
