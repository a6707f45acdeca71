/* SPDX-License-Identifier: EUPL-1.2 */
#include "liar.h"

/* How a link begins and ends: time-outs, duplicates, keys that change, strangers. */

static struct world world;
static struct liar liar, second;

static void begin(uint64_t seed)
{
    world_init(&world, 3, seed);
    world_start(&world, 0);
    world_start(&world, 1);
    world_run(&world, 3500);
}

static struct toc_links *links(void)
{
    return &world.nodes[0].core->links;
}

static struct toc_link *link_to_liar(void)
{
    return toc_links_to(links(), world.nodes[2].node_keys.link_public);
}

static bool honest_link_stands(void)
{
    return toc_links_to(links(), world.nodes[1].node_keys.link_public) != NULL;
}

/* a connection that says nothing, or not enough, lasts 5 s. */
static void an_opening_that_does_not_end_is_closed(void **state)
{
    (void)state;
    begin(1);
    liar_init(&liar, &world, 2, 0);
    size_t end = world_free_end(&world.nodes[0]);
    struct world_end *ours = &world.nodes[0].ends[end];
    ours->link = 1000000;
    ours->script = &liar;
    ours->script_bytes = liar_on_bytes;
    ours->script_closed = liar_on_closed;
    world_later(&world,
                (struct world_event){.kind = WORLD_UP, .node = 0, .link = ours->link, .end = end},
                0);
    world_put(&world, 0, end, toc_span_str("TOCSIN"));
    world_run(&world, TOC_HANDSHAKE_MS_MAX - 500);
    assert_false(liar.closed);
    world_run(&world, 2000);
    assert_true(liar.closed);
    assert_int_equal(liar.why.code, TOC_UNREACHABLE);
    assert_true(honest_link_stands());
    liar_leave(&liar);
    world_clear(&world);
}

/* who replays message 1 never gets beyond the answer. */
static void a_replayed_first_message_makes_no_link(void **state)
{
    (void)state;
    begin(2);
    liar_init(&liar, &world, 2, 0);
    liar_dial(&liar);
    uint8_t opening[TOC_OPENING_BYTES];
    const struct world_pipe *pipe = &world.nodes[0].ends[liar.end].in;
    assert_int_equal(pipe->len - pipe->first, TOC_OPENING_BYTES);
    memcpy(opening, pipe->at + pipe->first, sizeof opening);
    liar_wait(&liar);
    assert_int_equal(liar.peer.state, TOC_PEER_READY);
    assert_null(link_to_liar()); /* not before its first transport message */
    /* the same bytes again, from another connection. */
    liar_init(&second, &world, 2, 0);
    liar_dial(&second);
    struct world_pipe *other = &world.nodes[0].ends[second.end].in;
    memcpy(other->at + other->first, opening, sizeof opening);
    size_t refused = world.nodes[0].refused;
    liar_wait(&second);
    assert_true(second.closed);
    assert_int_equal(second.why.code, TOC_HANDSHAKE);
    assert_int_equal(world.nodes[0].refused, refused + 1);
    /* The first one goes on. */
    liar_greet(&liar);
    liar_wait(&liar);
    assert_non_null(link_to_liar());
    liar_leave(&second);
    liar_leave(&liar);
    world_clear(&world);
}

/* a static key that no card names gets no answer. */
static void a_stranger_behind_the_gate_is_not_answered(void **state)
{
    (void)state;
    begin(3);
    struct toc_node_keys keys = world.nodes[2].node_keys;
    uint8_t entropy[128] = {7};
    toc_node_keys_make(&world.nodes[2].node_keys, entropy);
    memcpy(world.nodes[2].node_keys.seal_public, keys.seal_public, 32);
    memcpy(world.nodes[2].node_keys.seal_secret, keys.seal_secret, 32);
    liar_init(&liar, &world, 2, 0);
    liar_dial(&liar);
    liar_wait(&liar);
    assert_true(liar.closed);
    assert_int_equal(liar.why.code, TOC_STRANGER);
    assert_int_equal(world.nodes[0].last_refused.code, TOC_STRANGER);
    assert_int_equal(liar.peer.received_bytes, 0);
    liar_leave(&liar);
    world.nodes[2].node_keys = keys;
    world_clear(&world);
}

/* nor does who shows our own static key, a copy of this node or a mirror. */
static void our_own_key_is_not_answered(void **state)
{
    (void)state;
    begin(15);
    liar_init(&liar, &world, 0, 0);
    liar_dial(&liar);
    liar_wait(&liar);
    assert_true(liar.closed);
    assert_int_equal(liar.why.code, TOC_STRANGER);
    assert_int_equal(world.nodes[0].last_refused.code, TOC_STRANGER);
    assert_int_equal(liar.peer.received_bytes, 0);
    assert_null(toc_links_to(links(), world.nodes[0].node_keys.link_public));
    assert_true(honest_link_stands());
    liar_leave(&liar);
    world_clear(&world);
}

/* what others dial beyond one link to their organisation gets BYE. */
static void a_second_link_of_an_organisation_is_not_needed(void **state)
{
    (void)state;
    for (int same = 0; same < 2; same++) {
        world_init(&world, TOC_ALL_NODES_MAX + 3, 16); /* too many for links to all */
        world_start(&world, 0);
        world_start(&world, 1);
        for (int i = 0; i < 60 && !honest_link_stands(); i++) {
            world_run(&world, 1000);
        }
        struct toc_link *honest = toc_links_to(links(), world.nodes[1].node_keys.link_public);
        assert_non_null(honest);
        if (same == 1) { /* as if node 1 were another node of the liar's organisation */
            memcpy(honest->org, world.nodes[2].org, 32);
        }
        liar_init(&liar, &world, 2, 0);
        liar_dial(&liar);
        liar_wait(&liar);
        liar_frames(&liar, toc_span(NULL, 0));
        world_run(&world, 3000);
        assert_int_equal(liar.closed, same == 1);
        const struct liar_message *bye = liar_last(&liar, TOC_MSG_BYE);
        assert_int_equal(bye != NULL && bye->body.at[0] == TOC_BYE_NOT_NEEDED, same == 1);
        assert_true(honest_link_stands());
        liar_leave(&liar);
        world_clear(&world);
    }
}

/* HELLO follows within 5 s. */
static void a_link_without_hello_is_closed(void **state)
{
    (void)state;
    begin(4);
    liar_init(&liar, &world, 2, 0);
    liar_dial(&liar);
    liar_wait(&liar);
    liar_frames(&liar, toc_span(NULL, 0)); /* a transport message without frames */
    liar_wait(&liar);
    assert_non_null(link_to_liar());
    world_run(&world, TOC_HANDSHAKE_MS_MAX + 1500);
    assert_true(liar.closed);
    assert_int_equal(liar.why.code, TOC_UNREACHABLE);
    liar_leave(&liar);
    world_clear(&world);
}

/* 75 s without a byte. */
static void a_silent_link_is_dead_after_75_s(void **state)
{
    (void)state;
    begin(5);
    liar_join(&liar, &world, 2, 0);
    world_run(&world, TOC_DEAD_MS - 2000);
    assert_false(liar.closed);
    assert_int_equal(liar_count(&liar, TOC_MSG_PING), 2);
    world_run(&world, 4000);
    assert_true(liar.closed);
    assert_int_equal(liar.why.code, TOC_UNREACHABLE);
    assert_true(honest_link_stands()); /* PING and PONG have kept it */
    liar_leave(&liar);
    world_clear(&world);
}

/* any message will do. */
static void a_link_that_speaks_lives(void **state)
{
    (void)state;
    begin(6);
    liar_join(&liar, &world, 2, 0);
    for (int i = 0; i < 6; i++) {
        world_run(&world, TOC_DEAD_MS / 2);
        liar_frames(&liar, toc_span(NULL, 0));
    }
    liar_wait(&liar);
    assert_false(liar.closed);
    liar_leave(&liar);
    world_clear(&world);
}

/* who takes nothing for 75 s is gone, however much he says. */
static void a_link_that_takes_nothing_is_closed(void **state)
{
    (void)state;
    begin(7);
    liar_join(&liar, &world, 2, 0);
    world_run(&world, 300); /* nothing is on its way */
    struct toc_link *link = link_to_liar();
    assert_non_null(link);
    link->peer.lent = true; /* as if the network took nothing of what was lent */
    link->peer.tx_len[1 - link->peer.fill] = 100;
    link->lent.ms = world.now_ms;
    for (int i = 0; i < 4; i++) {
        world_run(&world, TOC_DEAD_MS / 5);
        liar_frames(&liar, toc_span(NULL, 0));
    }
    assert_false(liar.closed);
    world_run(&world, TOC_DEAD_MS / 5 + 2000);
    assert_true(liar.closed);
    assert_int_equal(liar.why.code, TOC_UNREACHABLE);
    liar_leave(&liar);
    world_clear(&world);
}

/* whoever dialled says BYE after 24 h, and dials anew. */
static void a_link_is_renewed_after_a_day(void **state)
{
    (void)state;
    begin(8);
    struct toc_link *link = toc_links_to(links(), world.nodes[1].node_keys.link_public);
    assert_non_null(link);
    uint64_t id = link->id;
    world_run(&world, TOC_LINK_AGE_MS_MAX);
    world_run(&world, 5000);
    link = toc_links_to(links(), world.nodes[1].node_keys.link_public);
    assert_non_null(link);
    assert_true(link->id != id);
    assert_int_equal(world.nodes[0].refused + world.nodes[1].refused, 0);
    world_clear(&world);
}

/* two dialled by the same side: the newer stays. */
static void a_second_link_of_the_same_side_replaces_the_first(void **state)
{
    (void)state;
    begin(9);
    liar_join(&liar, &world, 2, 0);
    uint64_t id = link_to_liar()->id;
    liar_init(&second, &world, 2, 0);
    liar_dial(&second);
    liar_wait(&second);
    liar_greet(&second);
    liar_wait(&second);
    assert_true(liar.closed);
    assert_int_equal(liar.why.code, TOC_OK);
    const struct liar_message *bye = liar_last(&liar, TOC_MSG_BYE);
    assert_non_null(bye);
    assert_span(bye->body, toc_span("\2", 1));
    assert_false(second.closed);
    assert_true(link_to_liar()->id != id);
    liar_leave(&second);
    liar_leave(&liar);
    world_clear(&world);
}

/* one dialled by each side: that of the lower static key stays, in whatever order. */
static void of_two_links_the_one_dialled_by_the_lower_key_stays(void **state)
{
    (void)state;
    unsigned lower[2] = {0, 0};
    for (uint64_t seed = 20; lower[0] == 0 || lower[1] == 0; seed++) {
        assert_true(seed < 40);
        begin(seed);
        liar_init(&liar, &world, 2, 0);
        liar_listen(&liar);
        toc_links_redial(links(), world.nodes[2].org);
        world_run(&world, 1500);
        assert_int_equal(liar.peer.state, TOC_PEER_CONFIRM + 1);
        liar_greet(&liar);
        liar_wait(&liar);
        assert_non_null(link_to_liar());
        liar_init(&second, &world, 2, 0);
        liar_dial(&second);
        liar_wait(&second);
        liar_greet(&second);
        liar_wait(&second);
        bool node_is_lower = memcmp(world.nodes[0].node_keys.link_public,
                                    world.nodes[2].node_keys.link_public, 32) < 0;
        assert_int_equal(link_to_liar()->dialled, node_is_lower);
        assert_int_equal(second.closed, node_is_lower);
        assert_int_equal(liar.closed, !node_is_lower);
        lower[node_is_lower]++;
        liar_leave(&second);
        liar_leave(&liar);
        world_clear(&world);
    }
}

/* A link that goes takes what was asked of it along, however it goes: its place is used again. */
static void wants_of_a_link_that_goes_are_asked_of_others(void **state)
{
    (void)state;
    for (uint64_t way = 0; way < 3; way++) {
        begin(50 + way);
        liar_join(&liar, &world, 2, 0);
        liar_agree(&liar);
        /* A row: node 1's log goes further than anybody knows. */
        uint8_t body[TOC_VROW_HEAD_BYTES + TOC_ROW_BYTES];
        struct toc_row row = {.seq = 5};
        struct toc_vrow vrow = {.last = true, .buckets = TOC_BUCKETS_ALL};
        toc_group_all_id(vrow.group, liar.federation);
        toc_vrow_encode_head(body, &vrow);
        world_log(&world, 1, NULL, row.log);
        toc_row_encode(body + TOC_VROW_HEAD_BYTES, &row);
        liar_say(&liar, TOC_MSG_VROW, TOC_CLASS_CONTROL, toc_span(body, sizeof body));
        liar_wait(&liar);
        assert_int_equal(liar_count(&liar, TOC_MSG_WANT), 1);
        if (way == 0) {
            liar_say(&liar, TOC_MSG_BYE, TOC_CLASS_CONTROL, toc_span("\1", 1));
            liar_wait(&liar);
        } else if (way == 1) {
            liar_leave(&liar);
            liar_join(&liar, &world, 2, 0);
        } else {
            liar_init(&second, &world, 2, 0);
            liar_dial(&second);
            liar_wait(&second);
            liar_greet(&second);
            liar_wait(&second);
            assert_true(liar.closed);
            liar_leave(&second);
        }
        struct toc_submit submit = {.audience = TOC_SUBMIT_ALL};
        for (int i = 0; i < 8; i++) {
            world_publish(&world, 1, submit, toc_span_str("of the log that was wanted"));
        }
        world_run(&world, 3000);
        assert_int_equal(world_seq(&world, 0, row.log), world_seq(&world, 1, row.log));
        assert_true(world_seq(&world, 0, row.log) >= 8);
        liar_leave(&liar);
        world_clear(&world);
    }
}

/* pauses between attempts double, with noise, up to a minute. */
static void dialling_backs_off(void **state)
{
    (void)state;
    world_init(&world, 3, 10);
    world_start(&world, 0); /* nobody else is there */
    size_t slot = 0;
    while (memcmp(world.nodes[0].core->directory.slots[slot].card.id, world.nodes[2].org, 32) !=
           0) {
        slot++;
    }
    const struct toc_dial *dial = &links()->dials[slot * TOC_NODES_MAX];
    uint64_t attempts[24], next = dial->next_ms;
    size_t count = 0;
    for (uint64_t ms = 0; ms < 600000 && count < 24; ms += 100) {
        world_run(&world, 100);
        if (dial->next_ms != next) {
            next = dial->next_ms;
            attempts[count++] = world.now_ms;
            assert_in_range(dial->pause_ms, TOC_DIAL_MS_MIN, TOC_DIAL_MS_MAX);
            assert_in_range(next - world.now_ms, 0, TOC_DIAL_MS_MAX);
        }
    }
    assert_in_range(count, 12, 24);
    assert_int_equal(dial->pause_ms, TOC_DIAL_MS_MAX);
    assert_true(attempts[count - 1] - attempts[count - 2] >= TOC_DIAL_MS_MAX / 2);
    /* A word of the node makes it worth an attempt at once; a hundred not as many. */
    world_run(&world, TOC_NEWS_MS);
    uint64_t tried = dial->tried.ms;
    toc_links_redial(links(), world.nodes[2].org);
    world_run(&world, 1500);
    assert_true(dial->tried.ms > tried);
    assert_in_range(dial->pause_ms, TOC_DIAL_MS_MIN, 4 * TOC_DIAL_MS_MIN);
    size_t tries = 0;
    for (int i = 0; i < 100; i++) {
        tried = dial->tried.ms;
        toc_links_redial(links(), world.nodes[2].org);
        world_run(&world, 100);
        tries += dial->tried.ms != tried;
    }
    assert_in_range(tries, 2, 7); /* with the pauses; at each tick it were ten */
    world_clear(&world);
}

/* a link that has stood ends the pauses on both sides, whoever dialled and whoever pings.
 */
static void a_link_that_stood_ends_the_pause(void **state)
{
    (void)state;
    world_init(&world, 3, 31);
    world_start(&world, 0);
    world_run(&world, 120000); /* in vain */
    world_start(&world, 1);
    world_run(&world, 70000);
    struct toc_link *link = toc_links_to(links(), world.nodes[1].node_keys.link_public);
    assert_non_null(link);
    struct toc_dial *dial = &links()->dials[link->slot * TOC_NODES_MAX + link->of_card];
    link->dialled = false; /* as if the other side had, and pinged */
    link->ping_heard = link->pinged = (struct toc_mono){world.now_ms};
    dial->pause_ms = TOC_DIAL_MS_MAX;
    dial->next_ms = UINT64_MAX;
    world_run(&world, TOC_PING_MS + 2000);
    assert_ptr_equal(toc_links_to(links(), world.nodes[1].node_keys.link_public), link);
    assert_int_equal(dial->pause_ms, 0);
    assert_int_equal(dial->next_ms, 0);
    world_clear(&world);
}

/* a node whose certificate names no suite that we know is not dialled. */
static void a_node_of_another_suite_is_not_dialled(void **state)
{
    (void)state;
    world_init(&world, 3, 12);
    world_start(&world, 0);
    struct toc_directory *directory = &world.nodes[0].core->directory;
    size_t slot = 0;
    while (memcmp(directory->slots[slot].card.id, world.nodes[2].org, 32) != 0) {
        slot++;
    }
    directory->slots[slot].card.nodes[0].suites = TOC_SUITE_BIT(2);
    struct toc_dial *dial = &links()->dials[slot * TOC_NODES_MAX];
    *dial = (struct toc_dial){0};
    world_run(&world, 10000);
    assert_int_equal(dial->next_ms, 0);
    directory->slots[slot].card.nodes[0].suites |= TOC_SUITE_BIT(TOC_SUITE_X25519);
    world_run(&world, 2000);
    assert_int_not_equal(dial->next_ms, 0);
    world_clear(&world);
}

/* a card that no longer names the key ends the link. */
static void a_link_ends_when_its_key_is_retired(void **state)
{
    (void)state;
    begin(11);
    liar_join(&liar, &world, 2, 0);
    struct world_node *node = &world.nodes[2];
    struct toc_node_keys keys = node->node_keys;
    uint8_t entropy[128] = {9};
    struct toc_span old = node->card;
    toc_node_keys_make(&node->node_keys, entropy);
    world_make_card(&world, 2, 2);
    struct toc_card card;
    assert_ok(toc_card_verify(&card, node->card));
    assert_ok(toc_replica_take_card(&world.nodes[0].core->replica, &card));
    world.nodes[0].core->replica.cards_changed = true;
    node->node_keys = keys;
    world_run(&world, 2000);
    assert_true(liar.closed);
    assert_int_equal(liar.why.code, TOC_STRANGER);
    assert_null(link_to_liar());
    assert_true(honest_link_stands());
    world_free(old);
    liar_leave(&liar);
    world_clear(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_opening_that_does_not_end_is_closed),
        cmocka_unit_test(a_replayed_first_message_makes_no_link),
        cmocka_unit_test(a_stranger_behind_the_gate_is_not_answered),
        cmocka_unit_test(our_own_key_is_not_answered),
        cmocka_unit_test(a_second_link_of_an_organisation_is_not_needed),
        cmocka_unit_test(a_link_without_hello_is_closed),
        cmocka_unit_test(a_silent_link_is_dead_after_75_s),
        cmocka_unit_test(a_link_that_speaks_lives),
        cmocka_unit_test(a_link_that_takes_nothing_is_closed),
        cmocka_unit_test(a_link_is_renewed_after_a_day),
        cmocka_unit_test(a_second_link_of_the_same_side_replaces_the_first),
        cmocka_unit_test(of_two_links_the_one_dialled_by_the_lower_key_stays),
        cmocka_unit_test(wants_of_a_link_that_goes_are_asked_of_others),
        cmocka_unit_test(a_link_that_stood_ends_the_pause),
        cmocka_unit_test(dialling_backs_off),
        cmocka_unit_test(a_node_of_another_suite_is_not_dialled),
        cmocka_unit_test(a_link_ends_when_its_key_is_retired),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
