/* SPDX-License-Identifier: EUPL-1.2 */
#include "scene.h"

/* Large payloads: a member declares one and gives something else, or nothing. */

#define CHUNKS 20u
#define PAYLOAD_BYTES (TOC_CHUNK_FIRST_BYTES + (CHUNKS - 1) * TOC_CHUNK_SEALED_BYTES)

static uint8_t before[32];

/* The liar's log gets an entry with a payload of 20 pieces, whose header node 0 takes. */
static void declare(void)
{
    chain_add(&chain, PAYLOAD_BYTES, 1);
    say_range(chain.count, chain.count);
    world_run(&world, 50);
    assert_int_equal(seq_of(2, NULL), chain.count);
    assert_int_equal(replica()->missing_count, 1);
    world_run(&world, 1500); /* the next tick begins to fetch it */
}

/* The newest WANT of pieces that node 0 has said. */
static struct toc_want last_want(void)
{
    struct toc_want want = {.from = UINT64_MAX};
    const struct liar_message *message = liar_last(&liar, TOC_MSG_WANT);
    assert_non_null(message);
    assert_ok(toc_want_decode(&want, message->body));
    assert_int_equal(want.kind, TOC_WANT_CHUNKS);
    assert_memory_equal(want.log, chain.log, 32);
    assert_int_equal(want.seq, chain.count);
    return want;
}

static void say_chunk(uint64_t seq, uint32_t index, struct toc_span bytes)
{
    static uint8_t body[TOC_CHUNK_HEAD_BYTES + TOC_CHUNK_FIRST_BYTES + 100];
    struct toc_chunk chunk = {.seq = seq, .index = index};
    memcpy(chunk.log, chain.log, 32);
    toc_chunk_encode_head(body, &chunk);
    memcpy(body + TOC_CHUNK_HEAD_BYTES, bytes.at, bytes.len);
    liar_say(&liar, TOC_MSG_CHUNK, TOC_CLASS_BULK,
             toc_span(body, TOC_CHUNK_HEAD_BYTES + bytes.len));
}

static struct toc_span piece(uint32_t index)
{
    const struct chain_entry *entry = &chain.entries[chain.count - 1];
    struct toc_chunk_place place = toc_chunk_place(PAYLOAD_BYTES, index);
    return toc_span(entry->payload + place.offset, place.len);
}

static void make_list(uint8_t list[CHUNKS * 32])
{
    for (uint32_t i = 0; i < CHUNKS; i++) {
        toc_chunk_hash(list + (size_t)i * 32, piece(i));
    }
}

static void say_list(void)
{
    uint8_t list[CHUNKS * 32];
    make_list(list);
    say_chunk(chain.count, TOC_CHUNK_LIST, toc_span(list, sizeof list));
    liar_wait(&liar);
}

static size_t pieces_stored(void)
{
    size_t count = 0;
    for (struct world_chunk *chunk = world.nodes[0].chunks; chunk != NULL; chunk = chunk->next) {
        count++;
    }
    return count;
}

/* The control, and: the list first, then pieces by windows, each stored by itself. */
static void a_payload_comes_in_pieces(void **state)
{
    (void)state;
    begin(1);
    declare();
    struct toc_want want = last_want();
    assert_int_equal(want.from, TOC_CHUNK_LIST);
    say_list();
    size_t given = 0;
    while (given < CHUNKS) {
        want = last_want();
        assert_int_equal(want.from, given);
        assert_true(want.to - want.from < TOC_FETCH_CHUNKS);
        for (; given <= want.to; given++) {
            say_chunk(chain.count, (uint32_t)given, piece((uint32_t)given));
        }
        world_run(&world, 100);
    }
    assert_int_equal(pieces_stored(), CHUNKS);
    world_run(&world, 100);
    assert_int_equal(world.nodes[0].delivered_late, 1);
    assert_int_equal(replica()->missing_count, 0);
    assert_int_equal(replica()->missing_of[0] + replica()->missing_of[1] +
                         replica()->missing_of[2] + replica()->missing_of[3],
                     0);
    assert_false(liar.closed);
    end();
}

/* */
static void a_wrong_list_is_refused(void **state)
{
    (void)state;
    for (int way = 0; way < 3; way++) {
        uint8_t list[CHUNKS * 32 + 32];
        begin(10 + (uint64_t)way);
        declare();
        make_list(list);
        list[100] ^= way == 0;
        size_t len = way == 1 ? sizeof list : way == 2 ? 32 : CHUNKS * 32;
        liar_state(&world, 0, before);
        say_chunk(chain.count, TOC_CHUNK_LIST, toc_span(list, len));
        assert_refused(TOC_HASH, before);
        assert_int_equal(replica()->missing_count, 1); /* it is asked of others later */
        end();
    }
}

/* one wrong byte in one piece. */
static void a_wrong_piece_is_refused(void **state)
{
    (void)state;
    begin(2);
    declare();
    say_list();
    say_chunk(chain.count, 0, piece(0));
    world_run(&world, 50);
    assert_int_equal(pieces_stored(), 1);
    liar_state(&world, 0, before);
    ((uint8_t *)(uintptr_t)piece(1).at)[77] ^= 1;
    say_chunk(chain.count, 1, piece(1));
    assert_refused(TOC_HASH, before);
    assert_int_equal(pieces_stored(), 1);
    end();
}

/* an author can sign the hash of anything, and declare another length. */
static void a_piece_of_another_length_is_refused(void **state)
{
    (void)state;
    static const uint32_t lens[] = {0, 59999, 60001, TOC_CHUNK_FIRST_BYTES + 1};
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        begin(20 + i);
        struct toc_span others = toc_span(calloc(1, lens[i] + 1), lens[i]);
        struct chain_entry *entry = &chain.entries[chain.count];
        toc_header_draft(&entry->header, &chain.head, chain.log, (struct toc_utc){1700000000000u},
                         60000);
        toc_payload_hash(entry->header.payload_hash, others);
        chain_sign(&chain, entry);
        struct toc_room room = {range_bytes, sizeof range_bytes};
        liar_say(&liar, TOC_MSG_RANGE, TOC_CLASS_BULK, chain_range(&chain, 1, 1, false, room));
        world_run(&world, 1500);
        assert_int_equal(replica()->missing_count, 1);
        assert_int_equal(last_want().from, 0);
        liar_state(&world, 0, before);
        say_chunk(chain.count, 0, others);
        assert_refused(TOC_HASH, before);
        assert_int_equal(pieces_stored(), 0);
        free((void *)(uintptr_t)others.at);
        end();
    }
}

/* pieces that nobody asked for are dropped; too many of them end the link. */
static void pieces_that_were_not_asked_for_are_dropped(void **state)
{
    (void)state;
    begin(3);
    declare();
    liar_state(&world, 0, before);
    say_chunk(chain.count, 0, piece(0));     /* before the list */
    say_chunk(chain.count + 1, 0, piece(0)); /* of no entry: nothing is fetched */
    assert_ignored(before);
    say_list();
    liar_state(&world, 0, before);
    say_chunk(chain.count, 1, piece(1));                /* out of order */
    say_chunk(chain.count, TOC_FETCH_CHUNKS, piece(8)); /* beyond the window */
    say_chunk(chain.count, CHUNKS, piece(0));           /* beyond the payload */
    assert_ignored(before);
    assert_int_equal(pieces_stored(), 0);
    for (unsigned i = 0; i < TOC_FUTILE_MAX && !liar.closed; i++) {
        say_chunk(chain.count, 5, toc_span_str("no"));
        world_run(&world, 5);
    }
    assert_refused(TOC_MALFORMED, before);
    end();
}

/* */
static void messages_of_pieces_out_of_form_are_refused(void **state)
{
    (void)state;
    static const struct {
        uint8_t type;
        enum toc_class class;
        size_t len;
        enum toc_code code;
    } rows[] = {{TOC_MSG_CHUNK, TOC_CLASS_BULK, 43, TOC_TRUNCATED},
                {TOC_MSG_NOPAY, TOC_CLASS_CONTROL, 40, TOC_MALFORMED},
                {TOC_MSG_NOPAY, TOC_CLASS_CONTROL, 42, TOC_MALFORMED}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t body[64] = {0};
        begin(20 + i);
        liar_state(&world, 0, before);
        liar_say(&liar, rows[i].type, rows[i].class, toc_span(body, rows[i].len));
        assert_refused(rows[i].code, before);
        end();
    }
}

/* who has not got it says so, and is asked again only after the others. */
static void nopay_ends_a_fetch(void **state)
{
    (void)state;
    begin(4);
    declare();
    size_t wants = liar_count(&liar, TOC_MSG_WANT);
    uint8_t body[TOC_NOPAY_BYTES] = {0};
    memcpy(body, chain.log, 32);
    toc_put_le64(body + 32, chain.count);
    body[40] = TOC_NOPAY_LOST;
    liar_state(&world, 0, before);
    liar_say(&liar, TOC_MSG_NOPAY, TOC_CLASS_CONTROL, toc_span(body, sizeof body));
    assert_ignored(before);
    for (size_t i = 0; i < TOC_FETCHES_MAX; i++) {
        assert_false(replica()->fetches[i].used);
    }
    world_run(&world, 6000); /* node 1 has not got it either */
    assert_true(liar_count(&liar, TOC_MSG_WANT) > wants);
    end();
}

/* A fetch that gets nothing is given up after 10 s, and begun again; nothing leaks. */
static void a_silent_holder_is_given_up(void **state)
{
    (void)state;
    begin(5);
    declare();
    uint64_t number = replica()->fetch_number;
    for (int i = 0; i < 5; i++) {
        world_run(&world, 12500);
        assert_true(replica()->fetch_number > number);
        number = replica()->fetch_number;
    }
    assert_int_equal(replica()->missing_count, 1);
    end();
}

/* what one author declares and nobody has takes a share of the list, no more. */
static void one_author_takes_a_share_of_what_is_missing(void **state)
{
    (void)state;
    begin(6);
    struct toc_replica *of = replica();
    uint32_t log = toc_ledger_find_log(&world.nodes[0].core->ledger, chain.log);
    assert_int_not_equal(log, TOC_LEDGER_NONE);
    uint32_t org = world.nodes[0].core->ledger.logs[log].org_place;
    /* As if all but three of its share were in use. */
    of->missing_of[org] = TOC_MISSING_ORG_MAX - 3;
    for (int i = 0; i < 4; i++) {
        chain_add(&chain, 70000, 1); /* four make a block */
    }
    say_range(1, 3);
    world_run(&world, 50);
    assert_int_equal(seq_of(2, NULL), 3);
    assert_int_equal(of->missing_of[org], TOC_MISSING_ORG_MAX);
    liar_state(&world, 0, before);
    say_range(4, 4);
    assert_ignored(before); /* later, perhaps: nobody is to blame */
    assert_honest_links_go_on();
    of->missing_of[org] = 3;
    say_range(4, 4);
    world_run(&world, 50);
    assert_int_equal(seq_of(2, NULL), 4);
    size_t fetching = 0;
    world_run(&world, 3000);
    for (size_t i = 0; i < TOC_FETCHES_MAX; i++) {
        fetching += of->fetches[i].used;
    }
    assert_int_equal(fetching, TOC_FETCHES_ORG_MAX);
    end();
}

/* A relay that has lost the payloads of a whole block passes on its headers: they are stored, and
 * the payloads fetched from others. */
static void a_block_without_payloads_is_stored(void **state)
{
    (void)state;
    begin(7);
    for (int i = 0; i < 64; i++) {
        chain_add(&chain, 100, 1);
    }
    liar_say(&liar, TOC_MSG_RANGE, TOC_CLASS_BULK,
             chain_range(&chain, 1, 64, false, (struct toc_room){range_bytes, sizeof range_bytes}));
    world_run(&world, 100);
    assert_false(liar.closed);
    assert_int_equal(seq_of(2, NULL), 64);
    assert_int_equal(replica()->missing_count, 64);
    size_t noted = 0;
    for (struct world_record *record = world.nodes[0].records; record != NULL;
         record = record->next) {
        noted += record->table == 'P' && record->value.len == 36;
    }
    assert_int_equal(noted, 64);
    end();
}

/* a note that finds no room to be dropped is not forgotten; with the last one that it
 * waited for a log is asked for again. */
static void what_is_shown_makes_room(void **state)
{
    (void)state;
    begin(70);
    declare();
    static struct toc_actions actions;
    struct toc_turn turn = {.actions = &actions, .now = {world.now_ms}};
    struct toc_missing *missing = &replica()->missing[0];
    struct toc_ledger_log *log = &replica()->ledger->logs[missing->log];
    uint32_t left = replica()->job_places.count;
    toc_fetch_end(replica(), &turn, 0);
    missing->arrived = true;
    log->wanted_to = log->checked.seq + 9;
    log->asked_to = 0;
    replica()->job_places.count = 0;
    toc_replica_late_indexed(replica(), &turn, missing->log, missing->seq);
    replica()->job_places.count = left;
    assert_int_equal(replica()->missing_count, 1);
    assert_false(missing->arrived);
    assert_int_equal(log->queue, TOC_PLAN_NONE);
    toc_replica_late_indexed(replica(), &turn, missing->log, missing->seq);
    assert_int_equal(replica()->missing_count, 0);
    assert_int_not_equal(log->queue, TOC_PLAN_NONE);
    assert_int_equal(actions.items[0].kind, TOC_ACTION_STORE);
    toc_replica_stored(replica(), &turn, actions.items[0].id, toc_ok());
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_payload_comes_in_pieces),
        cmocka_unit_test(a_wrong_list_is_refused),
        cmocka_unit_test(a_wrong_piece_is_refused),
        cmocka_unit_test(a_piece_of_another_length_is_refused),
        cmocka_unit_test(pieces_that_were_not_asked_for_are_dropped),
        cmocka_unit_test(messages_of_pieces_out_of_form_are_refused),
        cmocka_unit_test(nopay_ends_a_fetch),
        cmocka_unit_test(a_silent_holder_is_given_up),
        cmocka_unit_test(one_author_takes_a_share_of_what_is_missing),
        cmocka_unit_test(a_block_without_payloads_is_stored),
        cmocka_unit_test(what_is_shown_makes_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
