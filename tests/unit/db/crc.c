/* SPDX-License-Identifier: EUPL-1.2 */
#include "check.h"

#include "db_internal.h"

/* RFC 3720 appendix B.4, and the check value of the catalogue of CRCs. */
static void published_values_hold(void **state)
{
    static const struct {
        uint8_t first;
        int step;
        uint32_t crc;
    } rows[] = {
        {0x00, 0, 0x8a9136aau},
        {0xff, 0, 0x62a8ab43u},
        {0x00, 1, 0x46dd794eu},
        {0x1f, -1, 0x113fdb5cu},
    };
    (void)state;
    for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++) {
        uint8_t bytes[32];
        for (int i = 0; i < 32; i++) {
            bytes[i] = (uint8_t)(rows[row].first + i * rows[row].step);
        }
        assert_int_equal(toc_crc32c(0, bytes, sizeof bytes), rows[row].crc);
        assert_int_equal(toc_crc32c_portable(0, bytes, sizeof bytes), rows[row].crc);
    }
    assert_int_equal(toc_crc32c(0, "123456789", 9), 0xe3069283u);
    assert_int_equal(toc_crc32c_portable(0, "123456789", 9), 0xe3069283u);
}

static void instruction_and_table_agree(void **state)
{
    uint64_t seed = 11;
    uint8_t bytes[300];
    (void)state;
    check_random_fill(&seed, bytes, sizeof bytes);
    for (size_t begin = 0; begin < 9; begin++) {
        for (size_t len = 0; begin + len <= sizeof bytes; len++) {
            assert_int_equal(toc_crc32c(7, bytes + begin, len),
                             toc_crc32c_portable(7, bytes + begin, len));
        }
    }
}

static void continues_where_it_stopped(void **state)
{
    uint64_t seed = 12;
    uint8_t bytes[200];
    (void)state;
    check_random_fill(&seed, bytes, sizeof bytes);
    uint32_t whole = toc_crc32c(0, bytes, sizeof bytes);
    for (size_t cut = 0; cut <= sizeof bytes; cut++) {
        uint32_t crc = toc_crc32c(toc_crc32c(0, bytes, cut), bytes + cut, sizeof bytes - cut);
        assert_int_equal(crc, whole);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_values_hold),
        cmocka_unit_test(instruction_and_table_agree),
        cmocka_unit_test(continues_where_it_stopped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
