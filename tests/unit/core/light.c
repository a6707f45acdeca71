/* SPDX-License-Identifier: EUPL-1.2 */
#include "world.h"

/* Which checks a driver may run at once, on its own thread: those that end before another thread
 * would have begun. */

static void what_costs_little_is_light(void **state)
{
    (void)state;
    static const struct {
        enum toc_check_kind kind;
        size_t bytes;
        bool opening, control, light;
    } rows[] = {
        {TOC_CHECK_PEER, 0, false, false, true},
        {TOC_CHECK_PEER, 100, false, false, true},
        {TOC_CHECK_PEER, TOC_CHECK_LIGHT_BYTES, false, false, true},
        {TOC_CHECK_PEER, TOC_CHECK_LIGHT_BYTES + 1, false, false, false},
        {TOC_CHECK_PEER, 100, true, false, false}, /* a handshake */
        {TOC_CHECK_RANGE, 100, false, false, true},
        {TOC_CHECK_RANGE, TOC_CHECK_LIGHT_BYTES, false, false, true},
        {TOC_CHECK_RANGE, TOC_CHECK_LIGHT_BYTES + 1, false, false, false},
        {TOC_CHECK_RANGE, 100, false, true, false}, /* cards in it are verified too */
        {TOC_CHECK_CHUNK, 100, false, false, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        static struct toc_link link;
        static struct toc_waiting waiting;
        static struct toc_chunk_check chunk;
        link.check.kind = waiting.check.kind = chunk.check.kind = rows[i].kind;
        link.peer.check_opening = rows[i].opening;
        link.peer.rx_checking = rows[i].bytes;
        waiting.control = rows[i].control;
        waiting.range.len = rows[i].bytes;
        const struct toc_check *check = rows[i].kind == TOC_CHECK_PEER    ? &link.check
                                        : rows[i].kind == TOC_CHECK_RANGE ? &waiting.check
                                                                          : &chunk.check;
        if (toc_check_is_light(check) != rows[i].light) {
            fail_msg("row %zu", i);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_costs_little_is_light)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
