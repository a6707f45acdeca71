/* SPDX-License-Identifier: EUPL-1.2 */
#include "scene.h"

/* Large payloads on slow lines, from several holders, and from those who dawdle. */

#define PIECES_MAX 64u

static struct liar second; /* plays node 3 */
static uint32_t pieces;    /* of the payload that is declared */

static uint32_t bytes_of(uint32_t count)
{
    return TOC_CHUNK_FIRST_BYTES + (count - 1) * TOC_CHUNK_SEALED_BYTES;
}

/* The liar's log gets an entry with a payload of `count` pieces, whose header node 0 takes. */
static void declare(uint32_t count)
{
    pieces = count;
    chain_add(&chain, bytes_of(count), 1);
    say_range(chain.count, chain.count);
    world_run(&world, 50);
    assert_int_equal(seq_of(2, NULL), chain.count);
}

static struct toc_span piece(uint32_t index)
{
    const struct chain_entry *entry = &chain.entries[chain.count - 1];
    struct toc_chunk_place place = toc_chunk_place(entry->header.payload_bytes, index);
    return toc_span(entry->payload + place.offset, place.len);
}

static void say_chunk(struct liar *from, uint64_t seq, uint32_t index, struct toc_span bytes)
{
    static uint8_t body[TOC_CHUNK_HEAD_BYTES + TOC_CHUNK_FIRST_BYTES];
    struct toc_chunk chunk = {.seq = seq, .index = index};
    memcpy(chunk.log, chain.log, 32);
    toc_chunk_encode_head(body, &chunk);
    memcpy(body + TOC_CHUNK_HEAD_BYTES, bytes.at, bytes.len);
    liar_say(from, TOC_MSG_CHUNK, TOC_CLASS_BULK, toc_span(body, TOC_CHUNK_HEAD_BYTES + bytes.len));
}

static void say_list(struct liar *from)
{
    uint8_t list[PIECES_MAX * 32];
    for (uint32_t i = 0; i < pieces; i++) {
        toc_chunk_hash(list + (size_t)i * 32, piece(i));
    }
    say_chunk(from, chain.count, TOC_CHUNK_LIST, toc_span(list, (size_t)pieces * 32));
}

/* The WANTs of pieces, from the one with this number on: the next one, or false. */
static bool next_want(const struct liar *of, size_t *at, struct toc_want *want)
{
    for (; *at < of->got_count; ++*at) {
        if (of->got[*at].type == TOC_MSG_WANT) {
            assert_ok(toc_want_decode(want, of->got[*at].body));
            if (want->kind == TOC_WANT_CHUNKS && memcmp(want->log, chain.log, 32) == 0) {
                ++*at;
                return true;
            }
        }
    }
    return false;
}

/* Gives what it was asked for since, of the newest entry. Gives how many pieces. */
static uint32_t answer(struct liar *from, size_t *at)
{
    struct toc_want want;
    uint32_t given = 0;
    while (next_want(from, at, &want)) {
        if (want.seq != chain.count) {
            continue;
        }
        if (want.from == TOC_CHUNK_LIST) {
            say_list(from);
            continue;
        }
        for (uint64_t i = want.from; i <= want.to; i++, given++) {
            say_chunk(from, chain.count, (uint32_t)i, piece((uint32_t)i));
        }
    }
    return given;
}

/* How often was it asked for the list of the entry with this seq (0: of any)? */
static size_t lists_asked(const struct liar *of, uint64_t seq)
{
    struct toc_want want;
    size_t at = 0, count = 0;
    while (next_want(of, &at, &want)) {
        count += want.from == TOC_CHUNK_LIST && (seq == 0 || want.seq == seq);
    }
    return count;
}

/* Some time in which something comes on the liar's link, and no piece. */
static void dawdle(uint32_t seconds)
{
    for (uint32_t i = 0; i < seconds; i++) {
        say_range(1, 1); /* node 0 has it */
        world_run(&world, 1000);
    }
}

/* Node 3 comes, and says that it holds what the liar has declared. */
static void bring_second(void)
{
    uint8_t all[32];
    liar_join(&second, &world, 3, 0);
    liar_agree(&second);
    struct toc_vrow vrow = {.last = true, .buckets = TOC_BUCKETS_ALL};
    struct toc_row row = {.seq = chain.count};
    uint8_t body[TOC_VROW_HEAD_BYTES + TOC_ROW_BYTES];
    all_group(all);
    memcpy(vrow.group, all, 32);
    toc_vrow_encode_head(body, &vrow);
    memcpy(row.log, chain.log, 32);
    toc_row_encode(body + TOC_VROW_HEAD_BYTES, &row);
    liar_say(&second, TOC_MSG_VROW, TOC_CLASS_CONTROL, toc_span(body, sizeof body));
    liar_wait(&second);
}

static size_t fetching(void)
{
    size_t count = 0;
    for (size_t i = 0; i < TOC_FETCHES_MAX; i++) {
        count += replica()->fetches[i].used;
    }
    return count;
}

/* a line of 58 kbit/s brings 1.3 MB in three minutes, and nothing is asked for twice. */
static void a_slow_line_brings_a_large_payload(void **state)
{
    (void)state;
    begin(1);
    declare(20);
    world_run(&world, 1500);
    say_list(&liar);
    for (uint32_t i = 0; i < 20; i++) {
        world_run(&world, 9000);
        say_chunk(&liar, chain.count, i, piece(i));
        liar_wait(&liar);
        assert_false(liar.closed);
    }
    world_run(&world, 1000);
    assert_int_equal(world.nodes[0].delivered_late, 1);
    assert_int_equal(replica()->missing_count, 0);
    assert_int_equal(lists_asked(&liar, 0), 1);
    assert_int_equal(link_to_liar()->unmet, 0);
    end();
}

/* a payload whose fetch ended goes on with what had not come. */
static void what_has_come_outlives_its_fetch(void **state)
{
    (void)state;
    begin(2);
    world_kill(&world, 1); /* it would have what node 0 has */
    declare(20);
    world_run(&world, 1500);
    say_list(&liar);
    say_chunk(&liar, chain.count, 0, piece(0));
    say_chunk(&liar, chain.count, 1, piece(1));
    world_run(&world, 30000); /* nothing more: it was asked in vain, and is asked again */
    assert_true(lists_asked(&liar, 0) > 1);
    liar_forget(&liar);
    size_t at = 0;
    struct toc_want want = {.from = TOC_CHUNK_LIST};
    for (int i = 0; i < 30 && want.from == TOC_CHUNK_LIST; i++) {
        world_run(&world, 1000);
        if (next_want(&liar, &at, &want) && want.from == TOC_CHUNK_LIST) {
            say_list(&liar);
        }
    }
    assert_int_equal(want.from, 2);
    end();
}

static bool is_delivered(struct world *of)
{
    return of->nodes[0].delivered_late > 0;
}

/* Node 0 loses power and comes back, and the liar with it. */
static void restart(void)
{
    world_kill(&world, 0);
    liar_leave(&liar);
    world_start(&world, 0);
    world_run(&world, 2000);
    liar_join(&liar, &world, 2, 0);
    liar_agree(&liar);
    uint8_t all[32];
    all_group(all);
    say_row(all, chain.log, chain.count);
    world_run(&world, 1500);
}

/* and a restart. */
static void what_has_come_outlives_a_restart(void **state)
{
    (void)state;
    begin(3);
    declare(20);
    world_run(&world, 1500);
    say_list(&liar);
    for (uint32_t i = 0; i < 10; i++) {
        say_chunk(&liar, chain.count, i, piece(i));
        world_run(&world, 100);
    }
    restart();
    size_t at = 0;
    assert_int_equal(replica()->missing_count, 1);
    uint32_t given = 0;
    for (uint32_t i = 0; i < 15; i++) {
        given += answer(&liar, &at);
        world_run(&world, 50);
    }
    assert_int_equal(given, 10);
    assert_int_equal(world.nodes[0].delivered_late, 1);
    assert_int_equal(replica()->missing_count, 0);
    end();
}

/* a crash between the last piece and the index costs no byte. */
static void what_is_here_whole_is_indexed_after_a_restart(void **state)
{
    (void)state;
    begin(4);
    declare(5);
    world_run(&world, 1500);
    say_list(&liar);
    for (uint32_t i = 0; i < 4; i++) {
        say_chunk(&liar, chain.count, i, piece(i));
        world_run(&world, 100);
    }
    say_chunk(&liar, chain.count, 4, piece(4));
    assert_true(world_until(&world, is_delivered, 1000));
    restart();
    assert_int_equal(world.nodes[0].delivered_late, 2);
    assert_int_equal(replica()->missing_count, 0);
    assert_int_equal(lists_asked(&liar, 0), 0);
    end();
}

/* The record of a missing payload has one of two lengths. */
static void records_out_of_form_are_refused(void **state)
{
    (void)state;
    static const size_t lens[] = {0, 35, 37, 67, 69};
    uint8_t value[80] = {0}, before[sizeof(struct toc_missing)];
    struct toc_missing missing = {.seq = 7};
    memcpy(before, &missing, sizeof before);
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        assert_int_equal(toc_missing_decode(&missing, toc_span(value, lens[i])).code, TOC_CORRUPT);
        assert_memory_equal(&missing, before, sizeof before);
    }
    assert_int_equal(toc_missing_decode(&missing, toc_span(value, 36)).code, TOC_CORRUPT);
    toc_put_le32(value, TOC_PAYLOAD_BYTES_MAX + TOC_CHUNK_SEALED_BYTES);
    assert_int_equal(toc_missing_decode(&missing, toc_span(value, 36)).code, TOC_CORRUPT);
    assert_memory_equal(&missing, before, sizeof before);
    missing.payload_bytes = bytes_of(9);
    toc_set_put(missing.here, 3, true);
    size_t len = toc_missing_encode(value, &missing);
    assert_int_equal(len, TOC_MISSING_VALUE_BYTES_MAX);
    struct toc_missing again = {.seq = 7};
    assert_ok(toc_missing_decode(&again, toc_span(value, len)));
    assert_memory_equal(again.here, missing.here, sizeof again.here);
    assert_memory_equal(again.taken, missing.here, sizeof again.here);
    assert_int_equal(again.payload_bytes, missing.payload_bytes);
}

/* who gives the list and then other things is waited for no longer than 20 seconds. */
static void a_holder_that_dawdles_holds_up_no_piece(void **state)
{
    (void)state;
    begin(5);
    declare(6);
    world_run(&world, 1500);
    say_list(&liar);
    size_t at = 0;
    bring_second();
    for (uint32_t i = 0; i < 25 && world.nodes[0].delivered_late == 0; i++) {
        dawdle(1);
        answer(&second, &at);
        world_run(&world, 50);
        answer(&second, &at);
    }
    world_run(&world, 100);
    assert_int_equal(world.nodes[0].delivered_late, 1);
    assert_int_equal(lists_asked(&second, 0), 0);
    liar_leave(&second);
    end();
}

/* nor has it a source's place for longer than a minute: it counts as unmet. */
static void a_holder_that_dawdles_counts_as_unmet(void **state)
{
    (void)state;
    begin(6);
    declare(6);
    world_run(&world, 1500);
    say_list(&liar);
    dawdle(55);
    assert_int_equal(link_to_liar()->unmet, 0);
    dawdle(10);
    assert_int_equal(link_to_liar()->unmet, 1);
    size_t lists = lists_asked(&liar, 0);
    dawdle(60);
    assert_int_equal(link_to_liar()->unmet, 1);     /* once for each time */
    assert_int_equal(lists_asked(&liar, 0), lists); /* there is nobody else */
    say_chunk(&liar, chain.count, 0, piece(0));
    world_run(&world, 100);
    assert_int_equal(link_to_liar()->unmet, 0);
    end();
}

static uint32_t pieces_here(void)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < PIECES_MAX; i++) {
        count += toc_set_has(replica()->missing[0].here, i);
    }
    return count;
}

/* what a link brings after it was given up is no less true. */
static void a_late_piece_is_taken(void **state)
{
    (void)state;
    begin(12);
    declare(6);
    world_run(&world, 1500);
    say_list(&liar);
    bring_second();
    dawdle(40); /* the second one was asked in vain meanwhile */
    assert_int_equal(
        toc_links_to(&world.nodes[0].core->links, world.nodes[3].node_keys.link_public)->unmet, 1);
    assert_int_equal(pieces_here(), 0);
    size_t at = 0;
    uint32_t given = answer(&second, &at), first = 0;
    world_run(&world, 100);
    assert_true(given > 0);
    while (!toc_set_has(replica()->missing[0].here, first)) {
        first++;
    }
    assert_int_equal(pieces_here(), given);
    uint32_t futile = link_to_liar()->futile;
    say_chunk(&second, chain.count, first, piece(first)); /* and again: no longer of use */
    world_run(&world, 100);
    assert_int_equal(pieces_here(), given);
    assert_int_equal(link_to_liar()->futile, futile);
    static const uint8_t wrong[TOC_CHUNK_SEALED_BYTES];
    say_chunk(&second, chain.count, 5, toc_span(wrong, piece(5).len));
    world_run(&world, 100);
    assert_true(second.closed);
    assert_int_equal(second.why.code, TOC_HASH);
    assert_int_equal(pieces_here(), given);
    liar_leave(&second);
    end();
}

/* pieces are asked of those who keep their word while there are any. */
static void who_left_items_unmet_is_asked_last(void **state)
{
    (void)state;
    begin(7);
    link_to_liar()->unmet = 2 * TOC_UNMET_MAX; /* each block makes up for one */
    for (int i = 0; i < 4; i++) {
        chain_add(&chain, 70000, 1); /* four make a block */
    }
    bring_second();
    say_range(1, 4);
    world_run(&world, 3000);
    assert_int_equal(lists_asked(&liar, 0), 0);
    assert_int_equal(lists_asked(&second, 0), 4);
    liar_leave(&second);
    end();
}

/* payloads of which nothing comes give way to others of their author. */
static void payloads_that_do_not_come_give_way(void **state)
{
    (void)state;
    begin(8);
    for (int i = 0; i < 8; i++) {
        chain_add(&chain, 70000, 1);
    }
    say_range(1, 4);
    say_range(5, 8);
    dawdle(TOC_FETCH_MS / 1000 - 5);
    size_t asked = 0;
    for (uint64_t seq = 1; seq <= 8; seq++) {
        asked += lists_asked(&liar, seq) > 0;
    }
    assert_int_equal(asked, TOC_FETCHES_ORG_MAX);
    dawdle(10);
    asked = 0;
    for (uint64_t seq = 1; seq <= 8; seq++) {
        asked += lists_asked(&liar, seq) > 0;
    }
    assert_int_equal(asked, 8);
    assert_int_equal(fetching(), TOC_FETCHES_ORG_MAX);
    end();
}

/* Payloads of another author, declared by the liar on its own link. */
static void declare_of_node_3(void)
{
    static struct chain saved;
    saved = chain;
    chain = (struct chain){0};
    chain_init(&chain, 9);
    chain.keys = world.nodes[3].log_keys;
    memcpy(chain.federation, liar.federation, 32);
    uint8_t all[32];
    all_group(all);
    toc_log_id(chain.log, liar.federation, all, chain.keys.public_key);
    for (int i = 0; i < 4; i++) {
        chain_add(&chain, 70000, 1);
    }
    say_range(1, 4);
    world_run(&world, 50);
    assert_int_equal(seq_of(3, NULL), 4);
    chain_clear(&chain);
    chain = saved;
}

/* who has brought nothing yet is asked for a few payloads at a time, whoever wrote them.
 */
static void one_link_has_a_share_of_fetches(void **state)
{
    (void)state;
    begin(9);
    for (int i = 0; i < 4; i++) {
        chain_add(&chain, 70000, 1);
    }
    say_range(1, 4);
    world_run(&world, 50);
    declare_of_node_3();
    world_run(&world, 3000);
    assert_int_equal(replica()->missing_count, 8);
    assert_int_equal(fetching(), TOC_FETCHES_LINK_MIN);
    pieces = 2;
    size_t at = 0;
    answer(&liar, &at); /* the newest of its own */
    world_run(&world, 50);
    answer(&liar, &at);
    world_run(&world, 3000);
    assert_int_equal(world.nodes[0].delivered_late, 1);
    assert_int_equal(fetching(), TOC_FETCHES_LINK_MIN + 2); /* a piece, and another one */
    end();
}

/* several bring a large payload, each piece once. */
static void several_bring_one_payload(void **state)
{
    (void)state;
    begin(10);
    declare(PIECES_MAX);
    bring_second();
    size_t first_at = 0, second_at = 0;
    uint32_t first_gave = 0, second_gave = 0;
    for (int i = 0; i < 40 && world.nodes[0].delivered_late == 0; i++) {
        first_gave += answer(&liar, &first_at);
        second_gave += answer(&second, &second_at);
        world_run(&world, 200);
    }
    assert_int_equal(world.nodes[0].delivered_late, 1);
    assert_true(first_gave >= 16);
    assert_true(second_gave >= 16);
    assert_int_equal(first_gave + second_gave, PIECES_MAX);
    liar_leave(&second);
    end();
}

/* one that lies costs its own pieces, and no other. */
static void a_wrong_piece_costs_no_other(void **state)
{
    (void)state;
    begin(11);
    declare(20);
    world_run(&world, 1500);
    say_list(&liar);
    say_chunk(&liar, chain.count, 0, piece(0));
    world_run(&world, 50);
    bring_second();
    static uint8_t wrong[TOC_CHUNK_SEALED_BYTES];
    say_chunk(&liar, chain.count, 1, toc_span(wrong, piece(1).len));
    world_run(&world, 50);
    assert_true(liar.closed);
    size_t at = 0;
    uint32_t given = 0;
    for (int i = 0; i < 40 && world.nodes[0].delivered_late == 0; i++) {
        given += answer(&second, &at);
        world_run(&world, 500);
    }
    assert_int_equal(world.nodes[0].delivered_late, 1);
    assert_int_equal(given, 19);
    liar_leave(&second);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_slow_line_brings_a_large_payload),
        cmocka_unit_test(what_has_come_outlives_its_fetch),
        cmocka_unit_test(what_has_come_outlives_a_restart),
        cmocka_unit_test(what_is_here_whole_is_indexed_after_a_restart),
        cmocka_unit_test(records_out_of_form_are_refused),
        cmocka_unit_test(a_holder_that_dawdles_holds_up_no_piece),
        cmocka_unit_test(a_holder_that_dawdles_counts_as_unmet),
        cmocka_unit_test(a_late_piece_is_taken),
        cmocka_unit_test(who_left_items_unmet_is_asked_last),
        cmocka_unit_test(payloads_that_do_not_come_give_way),
        cmocka_unit_test(one_link_has_a_share_of_fetches),
        cmocka_unit_test(several_bring_one_payload),
        cmocka_unit_test(a_wrong_piece_costs_no_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
