/* SPDX-License-Identifier: EUPL-1.2 */
#include "scene.h"

/* Guards that stand behind another one: each is met with the first one out of the way. */

static uint8_t before[32];

/* As if the liar had been in the direct group of nodes 0 and 1 once, or its tags had been taken. */
static void share_the_direct_group(void)
{
    uint32_t group = toc_ledger_find_group(&world.nodes[0].core->ledger, direct_group);
    assert_int_not_equal(group, TOC_LEDGER_NONE);
    toc_set_put(link_to_liar()->shared, group, true);
}

/* whom the newest member list does not name is given nothing, whatever the link shares. */
static void a_want_of_one_who_is_no_member_is_refused(void **state)
{
    (void)state;
    for (int kind = TOC_WANT_ENTRIES; kind <= (int)TOC_WANT_CHUNKS; kind++) {
        begin(1 + (uint64_t)kind);
        share_the_direct_group();
        struct toc_want want = {.kind = (enum toc_want_kind)kind, .seq = 3, .from = 1, .to = 3};
        world_log(&world, 0, direct_group, want.log);
        liar_state(&world, 0, before);
        say_want(&want);
        assert_refused(TOC_MEMBER, before);
        assert_int_equal(liar_count(&liar, TOC_MSG_RANGE), 0);
        assert_int_equal(liar_count(&liar, TOC_MSG_CHUNK), 0);
        end();
    }
}

/* The liar's entry with this number, signed; what stands before it is nobody's. */
static void say_entry_at(uint64_t seq)
{
    begin_chain(NULL);
    chain.head.seq = chain.head.checkpoint_seq = seq - 1;
    memset(chain.head.hash, 3, sizeof chain.head.hash);
    chain_add(&chain, 100, 1);
    say_range(1, 1);
    world_run(&world, 100);
}

/* what comes before what it follows is kept, but not from further ahead than anybody asks.
 */
static void what_lies_too_far_ahead_is_not_kept(void **state)
{
    (void)state;
    begin(10);
    liar_state(&world, 0, before);
    say_entry_at(TOC_WANT_AHEAD + 1);
    assert_int_equal(replica()->plan.held_count, 0);
    say_entry_at(UINT64_MAX - 70);
    assert_int_equal(replica()->plan.held_count, 0);
    say_entry_at(TOC_WANT_AHEAD);
    assert_int_equal(replica()->plan.held_count, 1);
    assert_ignored(before);
    assert_honest_links_go_on();
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_want_of_one_who_is_no_member_is_refused),
        cmocka_unit_test(what_lies_too_far_ahead_is_not_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
