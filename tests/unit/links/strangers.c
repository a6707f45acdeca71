/* SPDX-License-Identifier: EUPL-1.2 */
#include "liar.h"

/* what those of whom nothing is known may hold. */

static struct world world;
static struct liar liar;

#define CONNECTIONS_MAX 40u

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

static void source_of(uint8_t source[16], uint8_t net, uint8_t host)
{
    memset(source, 0, 16);
    source[10] = source[11] = 0xff;
    source[12] = 10;
    source[14] = net;
    source[15] = host;
}

/* A connection from 10.0.<net>.<host>. */
static struct connection *connect_from(uint8_t net, uint8_t host)
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

static void begin(uint64_t seed)
{
    connection_count = 0;
    world_init(&world, 3, seed);
    world_start(&world, 0);
    world_start(&world, 1);
    world_run(&world, 3500);
    assert_non_null(
        toc_links_to(&world.nodes[0].core->links, world.nodes[1].node_keys.link_public));
}

static uint32_t half(void)
{
    return world.nodes[0].core->links.max / TOC_STRANGERS_PART;
}

static void one_source_holds_few_connections(void **state)
{
    (void)state;
    begin(1);
    for (uint8_t i = 0; i < TOC_STRANGERS_SOURCE; i++) {
        assert_false(connect_from(1, i)->closed);
    }
    struct connection *late = connect_from(1, 200); /* the same /24 */
    assert_true(late->closed);
    assert_int_equal(late->why.code, TOC_FULL);
    for (size_t i = 0; i < TOC_STRANGERS_SOURCE; i++) {
        assert_false(connections[i].closed);
    }
    world_clear(&world);
}

static void the_oldest_makes_room_for_the_newest(void **state)
{
    (void)state;
    begin(2);
    for (uint8_t i = 0; i < half(); i++) {
        assert_false(connect_from(i, 1)->closed);
    }
    for (uint8_t i = 0; i < 5; i++) {
        struct connection *late = connect_from((uint8_t)(100 + i), 1);
        assert_false(late->closed);
        assert_true(connections[i].closed);
        assert_int_equal(connections[i].why.code, TOC_UNREACHABLE);
        assert_false(connections[i + 1].closed);
    }
    assert_non_null(
        toc_links_to(&world.nodes[0].core->links, world.nodes[1].node_keys.link_public));
    world_clear(&world);
}

static void a_member_gets_in_while_strangers_crowd(void **state)
{
    (void)state;
    begin(3);
    for (uint8_t i = 0; i < half() + 5; i++) {
        connect_from(i, 1);
    }
    liar_init(&liar, &world, 2, 0);
    source_of(liar.source, 77, 1);
    liar_dial(&liar);
    for (uint8_t i = 0; i < 5; i++) {
        connect_from((uint8_t)(150 + i), 1);
    }
    liar_wait(&liar);
    liar_greet(&liar);
    liar_wait(&liar);
    assert_false(liar.closed);
    assert_non_null(toc_links_to(&world.nodes[0].core->links, liar.self.link_public));
    liar_leave(&liar);
    world_clear(&world);
}

/* Messages of strangers fill no log: one notice a second. */
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

/* From where a link has come there may be many nodes behind one address. */
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
    for (uint8_t i = 0; i < half(); i++) {
        assert_false(connect_from(5, i)->closed);
    }
    assert_false(connect_from(5, 99)->closed); /* the oldest goes instead */
    assert_true(connections[0].closed);
    liar_leave(&liar);
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
