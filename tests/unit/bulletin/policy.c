/* SPDX-License-Identifier: EUPL-1.2 */
/* The sharing policy as full matrices: + allowed, - refused, one character a case. */
#include "bulletin.h"
#include "check.h"

#define TLP_COUNT 5u
/* Columns of the tables below; a sixth row stands for a TLP that nobody knows. */
#define TLP_UNKNOWN 5u

static void assert_case(struct toc_err err, char wanted, const char *what, unsigned row,
                        unsigned column)
{
    enum toc_code code = wanted == '+' ? TOC_OK : TOC_POLICY;
    if (err.code != code || (code == TOC_POLICY && err.why == NULL)) {
        print_error("%s, row %u, column %u: got %s, wanted %s\n", what, row, column,
                    toc_code_name(err.code), toc_code_name(code));
        fail();
    }
}

/* The recipients of a publication, one a column. */
static const struct {
    enum toc_audience audience;
    size_t organisation_count;
} audiences[] = {
    {TOC_AUDIENCE_ALL, 0},
    {TOC_AUDIENCE_ALL, 1},
    {TOC_AUDIENCE_ALL, 500},
    {TOC_AUDIENCE_GROUP, 0},
    {TOC_AUDIENCE_GROUP, 1},
    {TOC_AUDIENCE_GROUP, 500},
    {TOC_AUDIENCE_ORGANISATIONS, 0},
    {TOC_AUDIENCE_ORGANISATIONS, 1},
    {TOC_AUDIENCE_ORGANISATIONS, 2},
    {TOC_AUDIENCE_ORGANISATIONS, 16},
    {TOC_AUDIENCE_ORGANISATIONS, 17},
    {TOC_AUDIENCE_ORGANISATIONS, 500},
    {(enum toc_audience)3, 1},
};
#define AUDIENCE_COUNT (sizeof audiences / sizeof audiences[0])

/* */
static void publishing(void **state)
{
    (void)state;
    /* all 0 1 500 | group 0 1 500 | organisations 0 1 2 16 17 500 | unknown */
    static const char *const rows[TLP_COUNT + 1] = {
        "++++++++++++-", /* CLEAR */
        "++++++++++++-", /* GREEN */
        "++++++++++++-", /* AMBER */
        "++++++++++++-", /* AMBER+STRICT */
        "-------+++---", /* RED */
        "-------------", /* unknown */
    };
    for (unsigned tlp = 0; tlp <= TLP_UNKNOWN; tlp++) {
        for (unsigned i = 0; i < AUDIENCE_COUNT; i++) {
            assert_case(toc_policy_publish((enum toc_tlp)tlp, audiences[i].audience,
                                           audiences[i].organisation_count),
                        rows[tlp][i], "publish", tlp, i);
        }
    }
}

/* the author shares as he may publish, others GREEN and CLEAR alone. */
static void sharing(void **state)
{
    (void)state;
    static const char *const rows[2][TLP_COUNT + 1] = {
        {
            /* another than the author */
            "++++++++++++-",
            "++++++++++++-",
            "-------------",
            "-------------",
            "-------------",
            "-------------",
        },
        {
            /* the author */
            "++++++++++++-",
            "++++++++++++-",
            "++++++++++++-",
            "++++++++++++-",
            "-------+++---",
            "-------------",
        },
    };
    for (unsigned author = 0; author < 2; author++) {
        for (unsigned tlp = 0; tlp <= TLP_UNKNOWN; tlp++) {
            for (unsigned i = 0; i < AUDIENCE_COUNT; i++) {
                assert_case(toc_policy_share((enum toc_tlp)tlp, author == 1, audiences[i].audience,
                                             audiences[i].organisation_count),
                            rows[author][tlp][i], "share", tlp, i);
            }
        }
    }
}

/* row the TLP, column the strictest marking inside. */
static void markings(void **state)
{
    (void)state;
    static const char *const rows[TLP_COUNT + 1] = {
        "+-----", "++----", "+++---", "++++--", "+++++-", "------",
    };
    for (unsigned tlp = 0; tlp <= TLP_UNKNOWN; tlp++) {
        for (unsigned marking = 0; marking <= TLP_UNKNOWN; marking++) {
            assert_case(toc_policy_marking((enum toc_tlp)tlp, (enum toc_tlp)marking),
                        rows[tlp][marking], "marking", tlp, marking);
        }
    }
}

/* */
static void exports(void **state)
{
    (void)state;
    /* self, clients, community, public, unknown; by a selection, then by id */
    static const char *const rows[2][TLP_COUNT + 1] = {
        {"++++-", "+++--", "++---", "+----", "-----", "-----"},
        {"++++-", "+++--", "++---", "+----", "+----", "-----"},
    };
    for (unsigned by_id = 0; by_id < 2; by_id++) {
        for (unsigned tlp = 0; tlp <= TLP_UNKNOWN; tlp++) {
            for (unsigned audience = 0; audience < 5; audience++) {
                assert_case(
                    toc_policy_export((enum toc_tlp)tlp, (enum toc_export)audience, by_id == 1),
                    rows[by_id][tlp][audience], "export", tlp, audience);
            }
        }
    }
}

/* row the bulletin, column the clearance; without and with RED asked for. */
static void reading(void **state)
{
    (void)state;
    static const char *const rows[2][TLP_COUNT + 1] = {
        {"+++++-", "-++++-", "--+++-", "---++-", "------", "------"},
        {"+++++-", "-++++-", "--+++-", "---++-", "----+-", "------"},
    };
    for (unsigned asked = 0; asked < 2; asked++) {
        for (unsigned tlp = 0; tlp <= TLP_UNKNOWN; tlp++) {
            for (unsigned clearance = 0; clearance <= TLP_UNKNOWN; clearance++) {
                assert_case(toc_policy_read((enum toc_tlp)tlp, (enum toc_tlp)clearance, asked == 1),
                            rows[asked][tlp][clearance], "read", tlp, clearance);
            }
        }
    }
}

/* */
static void blocking(void **state)
{
    (void)state;
    assert_true(toc_policy_blocking(TOC_PAP_NONE));
    assert_true(toc_policy_blocking(TOC_PAP_CLEAR));
    assert_true(toc_policy_blocking(TOC_PAP_GREEN));
    assert_false(toc_policy_blocking(TOC_PAP_AMBER));
    assert_false(toc_policy_blocking(TOC_PAP_RED));
    assert_false(toc_policy_blocking((enum toc_pap)5));
}

static void the_stricter_of_two(void **state)
{
    (void)state;
    for (unsigned a = 0; a < TLP_COUNT; a++) {
        for (unsigned b = 0; b < TLP_COUNT; b++) {
            assert_int_equal(toc_tlp_stricter((enum toc_tlp)a, (enum toc_tlp)b), a > b ? a : b);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(publishing),
        cmocka_unit_test(sharing),
        cmocka_unit_test(markings),
        cmocka_unit_test(exports),
        cmocka_unit_test(reading),
        cmocka_unit_test(blocking),
        cmocka_unit_test(the_stricter_of_two),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
