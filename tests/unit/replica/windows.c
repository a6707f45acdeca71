/* SPDX-License-Identifier: EUPL-1.2 */
#include "check.h"

#include "replica.h"

/* Windows: what may be on its way, from what came when. */

static struct toc_window window;
static struct toc_link line;

static struct toc_mono at(uint64_t ms)
{
    return (struct toc_mono){ms};
}

/* Blocks of 50,000 bytes come, `bytes_ms` in a millisecond, from `from_ms` to `to_ms`. */
static void receive(uint64_t from_ms, uint64_t to_ms, uint64_t bytes_ms)
{
    const uint64_t block = 50000;
    for (uint64_t ms = from_ms; ms <= to_ms; ms += block / bytes_ms) {
        line.peer.in[TOC_CLASS_BULK].used += block;
        toc_window_came(&window, &line, at(ms), true);
    }
}

static void begin(void)
{
    line = (struct toc_link){.rtt_ms = 0};
    toc_window_init(&window);
    toc_window_asked(&window, &line, at(1000));
    window.out_items = 1;
}

/* as a table: rate and round trip give the window. */
static void a_window_follows_from_rate_and_round_trip(void **state)
{
    (void)state;
    static const struct {
        uint64_t bytes_ms, rtt_ms, window;
    } rows[] = {
        {1000, 100, 250000},   {1000, 0, 125000}, {10000, 200, 3750000},
        {50000, 900, 8388608}, {10, 100, 8192},   {100, 20, 15000},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        begin();
        assert_int_equal(toc_window_bytes(&window), TOC_WINDOW_BYTES_FIRST);
        receive(1000 + rows[i].rtt_ms, 1000 + rows[i].rtt_ms + 20000, rows[i].bytes_ms);
        assert_int_equal(window.rtt_ms, rows[i].rtt_ms);
        assert_int_equal(toc_window_rate(&window), rows[i].bytes_ms * 1000);
        assert_int_equal(toc_window_bytes(&window), rows[i].window);
    }
}

/* a pause in which nothing was asked for is not a slow line. */
static void pauses_of_ours_do_not_count(void **state)
{
    (void)state;
    begin();
    receive(1100, 3100, 1000);
    window.out_items = 0;
    toc_window_idle(&window, &line, at(3100));
    line.peer.in[TOC_CLASS_LIVE].used += 5000; /* what is pushed meanwhile */
    toc_window_came(&window, &line, at(60000), false);
    toc_window_asked(&window, &line, at(100000));
    window.out_items = 1;
    receive(100100, 100200, 1000);
    assert_int_equal(toc_window_rate(&window), 1000000);
}

/* the best rate is kept for a while; then a slower one counts. */
static void a_line_that_becomes_slower_is_noticed(void **state)
{
    (void)state;
    begin();
    receive(1100, 6000, 1000);
    receive(6500, 6000 + TOC_RATE_KEEP_MS + 800, 100); /* into the next time */
    assert_int_equal(toc_window_rate(&window), 1000000);
    receive(9500, 9500 + 3 * TOC_RATE_KEEP_MS, 100);
    assert_int_equal(toc_window_rate(&window), 100000);
}

/* the least round trip counts, of answers and of PING; one of minutes says nothing. */
static void the_least_round_trip_counts(void **state)
{
    (void)state;
    begin();
    toc_window_came(&window, &line, at(1000 + TOC_WINDOW_RTT_MS_MAX + 1), true);
    assert_int_equal(window.rtt_ms, UINT64_MAX);
    static const uint64_t answers[][2] = {{300, 300}, {200, 200}, {500, 200}};
    for (size_t i = 0; i < 3; i++) {
        uint64_t now = 100000 * (i + 1);
        window.out_items = 0;
        toc_window_asked(&window, &line, at(now));
        window.out_items = 1;
        toc_window_came(&window, &line, at(now + answers[i][0]), true);
        assert_int_equal(window.rtt_ms, answers[i][1]);
    }
    line.rtt_ms = 50;
    toc_window_came(&window, &line, at(500000), false);
    assert_int_equal(window.rtt_ms, 50);
    assert_int_equal(toc_window_ms(&window, TOC_WINDOW_BYTES_FIRST), 1050);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_window_follows_from_rate_and_round_trip),
        cmocka_unit_test(pauses_of_ours_do_not_count),
        cmocka_unit_test(a_line_that_becomes_slower_is_noticed),
        cmocka_unit_test(the_least_round_trip_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
