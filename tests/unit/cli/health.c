/* SPDX-License-Identifier: EUPL-1.2 */
#include "check.h"

#include "watch.h"

/* The line of `status` that says whether this node holds what the others hold. */

static char text[TOC_HEALTH_TEXT_BYTES];

struct said {
    uint64_t behind, logs, groups, witnesses, linked, coming;
    const char *health;
    const char *wanted; /* how the line begins */
};

static const char *text_of(const struct said *said)
{
    struct toc_build build;
    struct toc_message row;
    struct toc_span frame;
    toc_build_init(&build, 1 << 16);
    toc_build_number(&build, TOC_FIELD_BEHIND, said->behind);
    toc_build_str(&build, TOC_FIELD_HEALTH, said->health);
    toc_build_number(&build, TOC_FIELD_BEHIND_LOGS, said->logs);
    toc_build_number(&build, TOC_FIELD_BEHIND_GROUPS, said->groups);
    toc_build_number(&build, TOC_FIELD_BEHIND_SINCE, 1790000000000u);
    toc_build_number(&build, TOC_FIELD_WITNESSES, said->witnesses);
    toc_build_number(&build, TOC_FIELD_LINKED_ORGS, said->linked);
    toc_build_number(&build, TOC_FIELD_OTHER_ORGS, 9);
    toc_build_number(&build, TOC_FIELD_COMING, said->coming);
    assert_ok(toc_build_end(&build, &frame));
    assert_ok(toc_message_check(&row, toc_span(frame.at + 4, frame.len - 4)));
    toc_health_text(text, &row);
    toc_build_clear(&build);
    return text;
}

static void each_state_has_its_line(void **state)
{
    (void)state;
    static const struct said rows[] = {
        {.health = "complete", .linked = 9, .wanted = "complete, as far as others are heard"},
        {.health = "complete", .linked = 9, .coming = 1, .wanted = "catching up (1 entry)"},
        {.health = "complete", .linked = 9, .coming = 42, .wanted = "catching up (42 entries)"},
        {.health = "behind",
         .linked = 9,
         .behind = 42,
         .logs = 2,
         .groups = 1,
         .wanted = "behind by 42 entries in 2 logs of 1 group, since 2026-09-21T"},
        {.health = "cut off", .wanted = "cut off since 2026-09-21T"},
        {.health = "cut off",
         .linked = 3,
         .witnesses = 2,
         .wanted = "cut off or lagging since 2026-09-21T"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *line = text_of(&rows[i]);
        if (strncmp(line, rows[i].wanted, strlen(rows[i].wanted)) != 0) {
            fail_msg("row %zu: \"%s\", wanted \"%s\"", i, line, rows[i].wanted);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_state_has_its_line)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
