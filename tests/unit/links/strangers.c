/* SPDX-License-Identifier: EUPL-1.2 */
#include "liar.h"
#include "links_internal.h"

/* what those of whom nothing is known may hold. */

static struct world world;
static struct liar liar;

#define CONNECTIONS_MAX 1200u
#define UNCERTIFIED (TOC_STRANGERS_MAX - TOC_STRANGERS_CERTIFIED)

/* Connections that say nothing, and what became of them. */
static struct connection {
    struct toc_err why;
    bool closed;
    size_t end;
} connections[CONNECTIONS_MAX];
static size_t connection_count;

static void on_bytes(void *script, struct toc_span bytes)
{
    (void)script;
    assert_int_equal(bytes.len, 0); /* a stranger is told nothing */
}

static void on_closed(void *script, struct toc_err err)
{
    struct connection *connection = script;
    connection->closed = true;
    connection->why = err;
}

/* 10.<net high>.<net low>.<host> */
static void source_of(uint8_t source[16], uint16_t net, uint8_t host)
{
    memset(source, 0, 16);
    source[10] = source[11] = 0xff;
    source[12] = 10;
    toc_put_be16(source + 13, net);
    source[15] = host;
}

static struct connection *connect_from(uint16_t net, uint8_t host)
{
    assert_true(connection_count < CONNECTIONS_MAX);
    struct connection *connection = &connections[connection_count++];
    struct world_node *node = &world.nodes[0];
    size_t end = world_free_end(node);
    *connection = (struct connection){.end = end};
    node->ends[end].link = node->next_link;
    node->next_link += 2;
    node->ends[end].script = connection;
    node->ends[end].script_bytes = on_bytes;
    node->ends[end].script_closed = on_closed;
    struct world_event up = {.kind = WORLD_UP, .node = 0, .link = node->ends[end].link, .end = end};
    source_of(up.source, net, host);
    world_later(&world, up, 0);
    world_run(&world, 1);
    return connection;
}

static struct toc_links *links(void)
{
    return &world.nodes[0].core->links;
}

static void begin_with(size_t nodes, uint64_t seed)
{
    connection_count = 0;
    world_init(&world, nodes, seed);
    world_start(&world, 0);
    world_start(&world, 1);
    world_run(&world, 3500);
    assert_non_null(toc_links_to(links(), world.nodes[1].node_keys.link_public));
}

static void begin(uint64_t seed)
{
    begin_with(3, seed);
}

/* The certificate of node 2 names 10.200.7.9. */
static void certify(void)
{
    struct toc_directory *directory = &world.nodes[0].core->directory;
    for (size_t slot = 0; slot < directory->slot_count; slot++) {
        if (memcmp(directory->slots[slot].card.id, world.nodes[2].org, 32) == 0) {
            struct toc_cert *cert = &directory->slots[slot].card.nodes[0];
            snprintf(cert->addresses[0], sizeof cert->addresses[0], "10.200.7.9:7700");
        }
    }
    toc_links_certify(links());
    source_of(liar.source, 200 * 256 + 7, 9);
}

/* and none of them has a place of a link. */
static void one_source_holds_few_connections(void **state)
{
    (void)state;
    begin(1);
    uint32_t places = links()->top;
    for (uint8_t i = 0; i < TOC_STRANGERS_SOURCE; i++) {
        assert_false(connect_from(1, i)->closed);
    }
    assert_int_equal(links()->top, places);
    for (uint8_t i = 0; i < 100; i++) {
        assert_false(connect_from(1, (uint8_t)(100 + i))->closed); /* the same /24 */
        assert_true(connections[i].closed);
        assert_int_equal(connections[i].why.code, TOC_UNREACHABLE);
        assert_false(connections[i + 1].closed);
    }
    assert_false(connect_from(2, 1)->closed);
    assert_false(connections[100].closed); /* another source drives nobody out */
    world_clear(&world);
}

/* */
static void the_oldest_makes_room_for_the_newest(void **state)
{
    (void)state;
    begin(2);
    uint32_t places = links()->top;
    for (uint16_t i = 0; i < UNCERTIFIED; i++) {
        assert_false(connect_from(i, 1)->closed);
    }
    for (uint16_t i = 0; i < 100; i++) {
        struct connection *late = connect_from((uint16_t)(1000 + i), 1);
        assert_false(late->closed);
        assert_true(connections[i].closed);
        assert_int_equal(connections[i].why.code, TOC_UNREACHABLE);
        assert_false(connections[i + 1].closed);
    }
    assert_int_equal(links()->top, places);
    assert_true(sizeof(struct toc_stranger) <= 192);
    world_run(&world, TOC_HANDSHAKE_MS_MAX + 2000); /* */
    assert_int_equal(links()->stranger_top, 0);
    assert_non_null(toc_links_to(links(), world.nodes[1].node_keys.link_public));
    world_clear(&world);
}

/* with an address that its certificate names, however many others come meanwhile. */
static void a_member_gets_in_while_strangers_crowd(void **state)
{
    (void)state;
    for (int certified = 0; certified < 2; certified++) {
        begin(3);
        liar_init(&liar, &world, 2, 0);
        source_of(liar.source, 77, 1);
        if (certified == 1) {
            certify();
        }
        size_t end = world_free_end(&world.nodes[0]);
        struct world_end *ours = &world.nodes[0].ends[end];
        *ours = (struct world_end){.used = true,
                                   .link = 1000000,
                                   .script = &liar,
                                   .script_bytes = liar_on_bytes,
                                   .script_closed = liar_on_closed};
        struct world_event up = {.kind = WORLD_UP, .node = 0, .link = ours->link, .end = end};
        memcpy(up.source, liar.source, sizeof up.source);
        world_later(&world, up, 0);
        world_run(&world, 2);
        for (uint16_t i = 0; i < UNCERTIFIED + 100; i++) {
            connect_from(i, 1);
        }
        assert_int_equal(liar.closed, certified == 0);
        liar_leave(&liar);
        world_clear(&world);
    }
    begin(3);
    liar_init(&liar, &world, 2, 0);
    certify();
    for (uint16_t i = 0; i < UNCERTIFIED + 100; i++) {
        connect_from(i, 1);
    }
    liar_dial(&liar);
    liar_wait(&liar);
    liar_greet(&liar);
    liar_wait(&liar);
    assert_false(liar.closed);
    assert_non_null(toc_links_to(links(), liar.self.link_public));
    liar_leave(&liar);
    world_clear(&world);
}

/* behind the gate there are few places at a time, those of members apart; who finds none
 * waits. */
static void few_are_half_open_and_the_others_wait(void **state)
{
    (void)state;
    static struct liar many[6], member;
    begin_with(8, 7);
    uint32_t share = links()->max / 8 * TOC_HALF_OPEN_EIGHTHS, places = links()->top;
    assert_int_equal(share, 2);
    for (size_t i = 0; i < 5; i++) {
        liar_init(&many[i], &world, 3 + i, 0);
        source_of(many[i].source, (uint16_t)i, 1);
        liar_dial(&many[i]); /* and then say nothing */
    }
    liar_wait(&many[0]);
    size_t answered = 0;
    for (size_t i = 0; i < 5; i++) {
        answered += many[i].peer.state == TOC_PEER_READY;
        assert_false(many[i].closed);
    }
    assert_int_equal(answered, share);
    assert_int_equal(links()->waiting, 5 - share);
    assert_int_equal(links()->top, places + share);
    liar_init(&member, &world, 2, 0);
    liar.source[0] = 0;
    certify();
    memcpy(member.source, liar.source, 16);
    liar_dial(&member);
    liar_wait(&member);
    assert_int_equal(member.peer.state, TOC_PEER_READY);
    world_run(&world, TOC_HANDSHAKE_MS_MAX + 1500);
    assert_int_equal(links()->waiting, 0); /* 5 s from the connection, waiting included */
    for (size_t i = 0; i < 5; i++) {
        assert_true(many[i].closed);
        liar_leave(&many[i]);
    }
    liar_leave(&member);
    world_clear(&world);
}

/* a place that becomes free goes to who waits. */
static void who_waits_gets_the_next_place(void **state)
{
    (void)state;
    static struct liar many[3];
    begin_with(5, 8);
    for (size_t i = 0; i < 3; i++) {
        liar_init(&many[i], &world, 2 + i, 0);
        source_of(many[i].source, (uint16_t)i, 1);
        liar_dial(&many[i]);
        liar_wait(&many[i]);
    }
    assert_int_equal(many[2].peer.state, TOC_PEER_OPENING);
    liar_leave(&many[0]);
    liar_wait(&many[2]);
    assert_int_equal(many[2].peer.state, TOC_PEER_READY);
    liar_greet(&many[2]);
    liar_wait(&many[2]);
    assert_non_null(toc_links_to(links(), many[2].self.link_public));
    liar_leave(&many[1]);
    liar_leave(&many[2]);
    world_clear(&world);
}

/* a member that opens again and again and says nothing more keeps no other one out. */
static void one_member_keeps_no_places(void **state)
{
    (void)state;
    static struct liar many[20], member;
    begin_with(4, 10);
    certify();
    for (size_t i = 0; i < 20; i++) {
        liar_init(&many[i], &world, 2, 0);
        memcpy(many[i].source, liar.source, 16);
        liar_dial(&many[i]);
    }
    liar_init(&member, &world, 3, 0);
    memcpy(member.source, liar.source, 16);
    liar_dial(&member);
    world_run(&world, 1000);
    assert_int_equal(member.peer.state, TOC_PEER_READY);
    assert_false(member.closed);
    for (size_t i = 0; i < 20; i++) {
        liar_leave(&many[i]);
    }
    liar_leave(&member);
    world_clear(&world);
}

/* a recorded opening, sent a hundred times from everywhere, changes nothing: the
 * link stands, no handshake is computed, one line a second is said. */
static void a_recorded_opening_changes_nothing(void **state)
{
    (void)state;
    begin(9);
    liar_init(&liar, &world, 2, 0);
    source_of(liar.source, 5, 1);
    liar_dial(&liar);
    uint8_t opening[TOC_OPENING_BYTES];
    const struct world_pipe *pipe = &world.nodes[0].ends[liar.end].in;
    memcpy(opening, pipe->at + pipe->first, sizeof opening);
    liar_wait(&liar);
    liar_greet(&liar);
    liar_wait(&liar);
    const struct toc_link *link = toc_links_to(links(), liar.self.link_public);
    assert_non_null(link);
    uint64_t id = link->id, from = world.now_ms;
    uint32_t places = links()->top;
    size_t refused = world.nodes[0].refused, next = links()->openings.next;
    for (uint16_t i = 0; i < 100; i++) {
        struct connection *connection = connect_from(i, 3);
        world_put(&world, 0, connection->end, toc_span(opening, sizeof opening));
        world_run(&world, 10);
        assert_true(connection->closed);
        assert_int_equal(connection->why.code, TOC_HANDSHAKE);
        assert_int_equal(links()->top, places);
    }
    assert_true(world.nodes[0].refused - refused <= 1 + (world.now_ms - from) / TOC_NOTICE_MS);
    assert_int_equal(links()->openings.next, next);
    assert_int_equal(toc_links_to(links(), liar.self.link_public)->id, id);
    assert_false(liar.closed);
    liar_leave(&liar);
    world_clear(&world);
}

/* addresses as certificates write them. */
static void numeric_addresses_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool numeric;
        uint8_t bytes[16];
    } rows[] = {
        {"192.0.2.7:7700", true, {[10] = 0xff, 0xff, 192, 0, 2, 7}},
        {"255.255.255.255:1", true, {[10] = 0xff, 0xff, 255, 255, 255, 255}},
        {"256.0.2.7:7700", false, {0}},
        {"192.0.2:7700", false, {0}},
        {"192.0.2.7", false, {0}},
        {"192.0.2.0007:1", false, {0}},
        {"cert.example:7700", false, {0}},
        {"[2001:db8::1]:7700", true, {0x20, 0x01, 0x0d, 0xb8, [15] = 1}},
        {"[::1]:7700", true, {[15] = 1}},
        {"[::]:7700", true, {0}},
        {"[2001:db8::]:7700", true, {0x20, 0x01, 0x0d, 0xb8}},
        {"[1:2:3:4:5:6:7:8]:1", true, {0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8}},
        {"[1:2:3:4:5:6:7:FfFe]:1", true, {0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0xff, 0xfe}},
        {"[1:2:3:4:5:6:7]:1", false, {0}},
        {"[1:2:3:4:5:6:7:8:9]:1", false, {0}},
        {"[1:2:3:4::5:6:7:8]:1", false, {0}},
        {"[1::2::3]:1", false, {0}},
        {"[12345::]:1", false, {0}},
        {"[fe80::1%eth0]:1", false, {0}},
        {"[", false, {0}},
        {"", false, {0}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t out[16];
        print_message("%zu %s\n", i, rows[i].text);
        assert_int_equal(toc_links_parse_address(rows[i].text, out), rows[i].numeric);
        if (rows[i].numeric) {
            assert_memory_equal(out, rows[i].bytes, 16);
        }
    }
}

/* messages of strangers fill no log: one notice a second. */
static void refusals_of_strangers_are_told_once_a_second(void **state)
{
    (void)state;
    begin(4);
    size_t before = world.nodes[0].refused;
    for (uint8_t i = 0; i < 20; i++) {
        struct connection *connection = connect_from(i, 1);
        world_put(&world, 0, connection->end, toc_span_str("GET / HTTP/1.1\r\n"));
        world_run(&world, 5);
        assert_true(connection->closed);
        assert_int_equal(connection->why.code, TOC_VERSION); /* */
    }
    assert_in_range(world.nodes[0].refused - before, 1, 2);
    world_clear(&world);
}

/* Openings that pass the gate cost Diffie-Hellmans: 5 at once, 20 a second for one source. */
static void one_source_opens_20_times_a_second(void **state)
{
    (void)state;
    static struct liar many[TOC_OPENING_BURST + 3];
    begin(5);
    struct toc_node_keys keys = world.nodes[2].node_keys;
    uint8_t entropy[128] = {7};
    struct toc_node_keys strange;
    toc_node_keys_make(&strange, entropy);
    memcpy(world.nodes[2].node_keys.link_public, strange.link_public, 32);
    memcpy(world.nodes[2].node_keys.link_secret, strange.link_secret, 32);
    for (size_t i = 0; i < TOC_OPENING_BURST + 3; i++) {
        liar_init(&many[i], &world, 2, 0);
        source_of(many[i].source, 9, (uint8_t)i);
        if (i == TOC_OPENING_BURST + 2) {
            world_run(&world, 1000); /* a second later all is well again */
        }
        liar_dial(&many[i]); /* all in the same millisecond, but for the last */
    }
    world_run(&world, 5);
    for (size_t i = 0; i < TOC_OPENING_BURST + 3; i++) {
        bool early = i < TOC_OPENING_BURST || i == TOC_OPENING_BURST + 2;
        assert_true(many[i].closed);
        assert_int_equal(many[i].why.code, early ? TOC_STRANGER : TOC_LIMIT);
    }
    for (size_t i = 0; i < TOC_OPENING_BURST + 3; i++) {
        liar_leave(&many[i]);
    }
    world.nodes[2].node_keys = keys;
    world_clear(&world);
}

/* from where a link has come there may be many nodes behind one address. */
static void a_known_source_may_open_more(void **state)
{
    (void)state;
    begin(6);
    liar_init(&liar, &world, 2, 0);
    source_of(liar.source, 5, 1);
    liar_dial(&liar);
    liar_wait(&liar);
    liar_greet(&liar);
    liar_wait(&liar);
    for (uint8_t i = 0; i < TOC_STRANGERS_SOURCE_KNOWN; i++) {
        assert_false(connect_from(5, i)->closed);
    }
    assert_false(connections[0].closed);
    assert_false(connect_from(5, 99)->closed); /* the oldest goes instead */
    assert_true(connections[0].closed);
    liar_leave(&liar);
    world_clear(&world);
}

/* where links have come from is remembered, wherever else strangers come from. */
static void strangers_drive_out_no_known_source(void **state)
{
    (void)state;
    begin(11);
    static struct toc_link link;
    struct toc_turn turn = {.now = {world.now_ms}};
    for (uint16_t i = 0; i < 64; i++) {
        source_of(link.source, i, 1);
        toc_stranger_known(links(), &turn, &link);
    }
    size_t known = 0;
    for (size_t i = 0; i < TOC_SOURCES_MAX; i++) {
        known += links()->sources[i].known_ms != 0;
    }
    for (uint16_t i = 0; i < 1000; i++) {
        connect_from((uint16_t)(1000 + i), 1);
    }
    size_t left = 0;
    for (size_t i = 0; i < TOC_SOURCES_MAX; i++) {
        left += links()->sources[i].known_ms != 0;
    }
    assert_int_equal(left, known);
    world_clear(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_source_holds_few_connections),
        cmocka_unit_test(the_oldest_makes_room_for_the_newest),
        cmocka_unit_test(a_member_gets_in_while_strangers_crowd),
        cmocka_unit_test(refusals_of_strangers_are_told_once_a_second),
        cmocka_unit_test(one_source_opens_20_times_a_second),
        cmocka_unit_test(a_known_source_may_open_more),
        cmocka_unit_test(few_are_half_open_and_the_others_wait),
        cmocka_unit_test(who_waits_gets_the_next_place),
        cmocka_unit_test(one_member_keeps_no_places),
        cmocka_unit_test(a_recorded_opening_changes_nothing),
        cmocka_unit_test(numeric_addresses_are_read),
        cmocka_unit_test(strangers_drive_out_no_known_source),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
