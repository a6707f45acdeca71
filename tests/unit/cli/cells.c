/* SPDX-License-Identifier: EUPL-1.2 */
#include "check.h"

#include "ask.h"

/* The CLOCK of `peers`: a person reads an hour, not milliseconds. */
static void a_clock_difference_has_the_unit_of_its_size(void **state)
{
    (void)state;
    static const struct {
        int64_t ms;
        const char *wanted;
    } rows[] = {
        {0, "+0 ms"},
        {-120, "-120 ms"},
        {9999, "+9999 ms"},
        {10000, "+10 s"},
        {-119400, "-119 s"},
        {120000, "+2 min"},
        {599998, "+10 min"},
        {3599998, "+1 h"},
        {3600000, "+1 h"},
        {-5400000, "-1 h 30 min"},
        {INT64_MIN, "-2562047788015 h 13 min"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[TOC_CELL_BYTES];
        toc_cell_offset(text, rows[i].ms);
        assert_string_equal(text, rows[i].wanted);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_clock_difference_has_the_unit_of_its_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
