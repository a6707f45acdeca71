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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_want_of_one_who_is_no_member_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
