/* SPDX-License-Identifier: EUPL-1.2 */
#include "plant.h"

/* Tables that are full: what does not fit changes nothing. */

#define MANY 300u

/* so many WANTs of one link are served at a time, of pieces as of entries. */
static void wants_beyond_the_table_are_not_served(void **state)
{
    (void)state;
    for (int pieces = 0; pieces < 2; pieces++) {
        begin(1);
        uint8_t body[TOC_WANT_BYTES];
        struct toc_want want = {.kind = TOC_WANT_ENTRIES, .from = 1, .to = 1};
        world_log(&world, 0, NULL, want.log);
        struct toc_serves *serves = &replica()->serves[link_to_liar()->place];
        for (unsigned i = 0; i < MANY; i++) {
            want.kind = pieces ? TOC_WANT_CHUNKS : TOC_WANT_ENTRIES;
            want.seq = pieces ? i + 1 : 0;
            toc_want_encode(body, &want);
            assert_ok(
                toc_replica_take_want(replica(), link_to_liar(), toc_span(body, sizeof body)));
        }
        assert_int_equal(serves->count, TOC_SERVES_MAX);
        assert_int_equal(serves->turn, 0);
        assert_int_equal(serves->loads_out, 0);
        end();
    }
}

/* */
static void what_was_told_beyond_the_table_is_compared(void **state)
{
    (void)state;
    begin(2);
    struct toc_gossip *gossip = &replica()->gossip;
    struct toc_turn turn = {.now = {world.now_ms}};
    uint32_t log = toc_ledger_find_log(replica()->ledger, chain.log);
    link_to_liar()->vtop_due = false;
    gossip->gap_count = TOC_GAPS_MAX;
    toc_gossip_hear(replica(), &turn, link_to_liar(), log, 1, TOC_CLASS_CONTROL);
    assert_int_equal(gossip->gap_count, TOC_GAPS_MAX);
    assert_int_equal(gossip->logs[log].gap, 0);
    assert_true(link_to_liar()->vtop_due);
    gossip->gap_count = 0;
    end();
}

/* of all that a link brought, so many get another source at once. */
static void few_orphans_are_adopted_at_once(void **state)
{
    (void)state;
    begin(3);
    plant(0, MANY);
    struct toc_gossip *gossip = &replica()->gossip;
    struct toc_turn turn = {.now = {world.now_ms}};
    struct toc_link *honest =
        toc_links_to(&world.nodes[0].core->links, world.nodes[1].node_keys.link_public);
    uint32_t first = replica()->ledger->log_count - MANY, gone = 40, adopted = 0;
    for (uint32_t i = 0; i < MANY; i++) {
        struct toc_link *link = i % 2 == 0 ? honest : link_to_liar();
        gossip->logs[first + i].upstream = (uint8_t)(gone + 1);
        gossip->logs[first + i].pushed_ms = world.now_ms;
        gossip->logs[first + i].told_lazy = UINT64_C(1) << link->place;
    }
    gossip->gone = UINT64_C(1) << gone;
    toc_gossip_adopt(replica(), &turn);
    for (uint32_t i = 0; i < MANY; i++) {
        assert_int_equal(gossip->logs[first + i].upstream, 0);
        adopted += gossip->logs[first + i].told_lazy == 0;
    }
    assert_int_equal(adopted, TOC_ORPHANS_MAX);
    assert_int_equal(gossip->gone, 0);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wants_beyond_the_table_are_not_served),
        cmocka_unit_test(what_was_told_beyond_the_table_is_compared),
        cmocka_unit_test(few_orphans_are_adopted_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
