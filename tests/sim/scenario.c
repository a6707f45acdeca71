/* SPDX-License-Identifier: EUPL-1.2 */
#include "sim.h"

#include <stdlib.h>
#include <string.h>

/* How a named scenario runs: an even world, in which nodes stand on a line at distances of which no
 * two are alike, so that who is told when follows from where he is; and how its trace is compared.
 */

#define BEGIN_US (5 * SIM_S_US)
#define CONVERGE_US (200 * SIM_S_US) /* as in random runs, with room */

/* An optimal Golomb ruler of 12 marks. */
static const uint8_t places[] = {0, 2, 6, 24, 29, 40, 43, 55, 68, 75, 76, 85};

void sim_begin_without(struct sim *sim, uint64_t absent)
{
    for (uint32_t i = 0; i < sim->member_count; i++) {
        if ((absent >> i & 1) == 0) {
            sim_call(sim, i * 10 * SIM_MS_US, sim_start_now, i, 0);
        }
    }
    unsigned say = sim->options.say;
    sim->options.say = 0;
    sim_run(sim, BEGIN_US);
    sim->options.say = say;
}

void sim_begin(struct sim *sim)
{
    sim_begin_without(sim, 0);
}

/* Does a line match a pattern in which a star stands for anything? */
static bool matches(const char *line, size_t len, const char *pattern, size_t pattern_len)
{
    if (pattern_len == 0) {
        return len == 0;
    }
    if (pattern[0] == '*') {
        for (size_t skip = 0; skip <= len; skip++) {
            if (matches(line + skip, len - skip, pattern + 1, pattern_len - 1)) {
                return true;
            }
        }
        return false;
    }
    return len > 0 && line[0] == pattern[0] &&
           matches(line + 1, len - 1, pattern + 1, pattern_len - 1);
}

static void compare_trace(struct sim *sim, const char *expected)
{
    const char *got = sim->text == NULL ? "" : sim->text;
    unsigned number = 1;
    for (; *expected != 0 || *got != 0; number++) {
        size_t wanted_len = strcspn(expected, "\n"), len = strcspn(got, "\n");
        if (!matches(got, len, expected, wanted_len)) {
            sim_fail(sim, SIM_CHECK_TRACE, "line %u: \"%.*s\" in place of \"%.*s\"", number,
                     (int)(len < 80 ? len : 80), got, (int)(wanted_len < 80 ? wanted_len : 80),
                     expected);
            return;
        }
        expected += wanted_len + (expected[wanted_len] == '\n');
        got += len + (got[len] == '\n');
    }
}

const struct sim_scenario *sim_scenario_find(const char *name)
{
    for (const struct sim_scenario *at = sim_scenarios; at->name != NULL; at++) {
        if (strcmp(at->name, name) == 0) {
            return at;
        }
    }
    return NULL;
}

enum sim_checker sim_scenario_run(const struct sim_scenario *scenario, struct sim_options options,
                                  char *why, char hash[TOC_HASH_BYTES * 2 + 1])
{
    options.nodes = scenario->nodes;
    options.even = true;
    options.say = scenario->say;
    struct sim *sim = sim_new(&options);
    for (uint32_t i = 0; i < sim->node_count; i++) {
        sim->nodes[i].x = places[i % sizeof places] / 85.0 + (double)(i / sizeof places) * 2;
        sim->nodes[i].y = 0;
    }
    scenario->run(sim);
    if (sim->failed == SIM_CHECK_NONE) {
        sim_converge(sim, CONVERGE_US);
        sim_check_end(sim);
    }
    if (sim->failed == SIM_CHECK_NONE) {
        compare_trace(sim, scenario->expected);
    }
    if (sim->failed == SIM_CHECK_TRACE && options.broken == SIM_BREAK_NONE && !options.print) {
        printf("the trace of %s:\n%s", scenario->name, sim->text == NULL ? "" : sim->text);
    }
    sim_trace_result(sim, hash);
    enum sim_checker failed = sim->failed;
    snprintf(why, SIM_TEXT_BYTES, "%s", sim->why);
    sim_free(sim);
    return failed;
}
