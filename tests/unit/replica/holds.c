/* SPDX-License-Identifier: EUPL-1.2 */
#include "scene.h"

/* What comes before what it follows: held, counted, and never at the cost of others. */

/* An entry of the liar's log by itself, whatever its number. */
static struct toc_span one(const struct chain_entry *entry)
{
    struct toc_range_build build;
    struct toc_span range;
    toc_range_begin(&build, (struct toc_room){range_bytes, sizeof range_bytes}, &entry->header);
    toc_range_add(&build, &entry->header, toc_span(entry->payload, entry->header.payload_bytes),
                  toc_span(entry->bytes, entry->byte_count));
    assert_ok(toc_range_end(&build, entry->sig, &range));
    return range;
}

static void add(size_t count, uint32_t payload_bytes)
{
    for (size_t i = 0; i < count; i++) {
        chain_add(&chain, payload_bytes, 1);
    }
}

/* the last comes first. */
static void what_comes_early_is_kept_until_it_joins_on(void **state)
{
    (void)state;
    begin(1);
    add(8, 100);
    say_range(7, 8);
    say_range(3, 4);
    say_range(5, 6);
    world_run(&world, 100);
    assert_int_equal(seq_of(2, NULL), 0);
    assert_int_equal(replica()->plan.held_count, 3);
    assert_true(replica()->plan.held_bytes > 0);
    assert_int_equal(link_to_liar()->kept_bytes, replica()->plan.held_bytes);
    say_range(5, 6); /* again: nothing more is kept */
    world_run(&world, 100);
    assert_int_equal(replica()->plan.held_count, 3);
    say_range(1, 2);
    world_run(&world, 100);
    assert_int_equal(seq_of(2, NULL), 8);
    assert_int_equal(replica()->plan.held_count, 0);
    assert_int_equal(replica()->plan.held_bytes, 0);
    assert_int_equal(link_to_liar()->kept_bytes, 0);
    end();
}

/* each is verified by itself as it comes; a true one behind a false one stays. */
static void what_comes_early_is_verified_at_once(void **state)
{
    (void)state;
    uint8_t before[32];
    begin(2);
    add(6, 100);
    struct liar second;
    liar_init(&second, &world, 3, 0);
    liar_dial(&second);
    liar_wait(&second);
    liar_greet(&second);
    liar_tags(&second, NULL, NULL);
    liar_wait(&second);
    liar_say(&second, TOC_MSG_RANGE, TOC_CLASS_BULK, range_of(3, 3));
    liar_say(&second, TOC_MSG_RANGE, TOC_CLASS_BULK, range_of(6, 6));
    world_run(&world, 50);
    liar_state(&world, 0, before);
    struct toc_span range = range_of(4, 5);
    range_bytes[range.len - 1] ^= 1;
    liar_say(&liar, TOC_MSG_RANGE, TOC_CLASS_BULK, range);
    assert_refused(TOC_SIGNATURE, before);
    assert_int_equal(replica()->plan.held_count, 2);
    assert_false(second.closed);
    liar_say(&second, TOC_MSG_RANGE, TOC_CLASS_BULK, range_of(1, 2));
    liar_say(&second, TOC_MSG_RANGE, TOC_CLASS_BULK, range_of(4, 5));
    world_run(&world, 100);
    assert_int_equal(seq_of(2, NULL), 6);
    liar_leave(&second);
    end();
}

/* what a link gave ahead goes with it. */
static void what_is_held_of_a_link_goes_with_it(void **state)
{
    (void)state;
    begin(3);
    add(6, 100);
    say_range(3, 4);
    say_range(6, 6);
    world_run(&world, 100);
    assert_int_equal(replica()->plan.held_count, 2);
    liar_leave(&liar);
    world_run(&world, 100);
    assert_int_equal(replica()->plan.held_count, 0);
    assert_int_equal(toc_places_used(&replica()->waiting_places), 0);
    liar_join(&liar, &world, 2, 0);
    end();
}

/* no entry further than this beyond the head, whoever signs it. */
static void what_lies_too_far_ahead_is_not_kept(void **state)
{
    (void)state;
    static const struct {
        uint64_t seq;
        uint32_t held;
    } rows[] = {{TOC_WANT_AHEAD, 1}, {TOC_WANT_AHEAD + 1, 0}, {UINT64_MAX - 1, 0}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        begin(10 + i);
        chain.head = (struct toc_log_head){.seq = rows[i].seq - 1, .hash = {1}, .utc = {5}};
        liar_say(&liar, TOC_MSG_RANGE, TOC_CLASS_BULK, one(chain_add(&chain, 100, 1)));
        world_run(&world, 100);
        assert_false(liar.closed);
        assert_int_equal(replica()->plan.held_count, rows[i].held);
        end();
    }
}

/* 4 MiB of one link; what does not fit is asked for again when there is room. */
static void one_link_fills_only_its_share(void **state)
{
    (void)state;
    begin(4);
    add(100, 60000);
    for (uint64_t seq = 2; seq <= 100; seq++) {
        say_range(seq, seq);
        world_run(&world, 2);
    }
    uint64_t held = replica()->plan.held_bytes;
    assert_in_range(held, TOC_HELD_LINK_BYTES - 70000, TOC_HELD_LINK_BYTES);
    assert_int_equal(link_to_liar()->kept_bytes, held);
    assert_false(liar.closed);
    /* nothing is asked of it ahead of what it holds; what joins on is let in. */
    liar_forget(&liar);
    say_range(1, 1);
    world_run(&world, 200);
    assert_int_equal(seq_of(2, NULL), 1 + replica()->plan.held_count + held / 60000);
    assert_int_equal(replica()->plan.held_count, 0);
    struct toc_want want;
    const struct liar_message *message = liar_last(&liar, TOC_MSG_WANT);
    assert_non_null(message);
    assert_ok(toc_want_decode(&want, message->body));
    assert_true(want.from > seq_of(2, NULL) && want.to <= 100);
    end();
}

/* while buffers are few, what the held ones wait for is let in. */
static void what_joins_on_is_let_in_when_buffers_are_few(void **state)
{
    (void)state;
    static struct toc_buffer *taken[TOC_BUFFER_MIDDLE_COUNT];
    size_t count = 0;
    begin(6);
    struct toc_buffers *buffers = &world.nodes[0].core->links.buffers;
    add(4, 100);
    say_range(3, 4);
    world_run(&world, 100);
    assert_int_equal(replica()->plan.held_count, 1);
    while (toc_buffers_ample(buffers, TOC_BUFFER_MIDDLE_BYTES)) {
        taken[count++] = toc_buffer_take(buffers, TOC_BUFFER_MIDDLE_BYTES);
    }
    say_range(1, 2);
    world_run(&world, 100);
    assert_int_equal(seq_of(2, NULL), 4);
    while (count > 0) {
        toc_buffer_drop(buffers, taken[--count]);
    }
    end();
}

/* held for a minute, no longer. */
static void what_never_joins_on_is_given_up(void **state)
{
    (void)state;
    begin(5);
    add(4, 100);
    say_range(3, 4);
    world_run(&world, TOC_HELD_MS_MAX - 2000);
    assert_int_equal(replica()->plan.held_count, 1);
    world_run(&world, 4000);
    assert_int_equal(replica()->plan.held_count, 0);
    assert_false(liar.closed);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_comes_early_is_kept_until_it_joins_on),
        cmocka_unit_test(what_comes_early_is_verified_at_once),
        cmocka_unit_test(what_is_held_of_a_link_goes_with_it),
        cmocka_unit_test(what_lies_too_far_ahead_is_not_kept),
        cmocka_unit_test(one_link_fills_only_its_share),
        cmocka_unit_test(what_joins_on_is_let_in_when_buffers_are_few),
        cmocka_unit_test(what_never_joins_on_is_given_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
