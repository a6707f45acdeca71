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

#define LINES_MAX 256u

/* A line without its time. */
static const char *said(const char *line)
{
    return line + strcspn(line, " \n");
}

static bool is_store(const char *line)
{
    const char *found = strstr(line, " stores ");
    return found != NULL && found < line + strcspn(line, "\n");
}

static int compare_lines(const void *a, const void *b)
{
    return strcmp(said(*(const char *const *)a), said(*(const char *const *)b));
}

/* The lines of a text. Who stores first is a matter of microseconds, and so of no account: stores
 * that follow each other are sorted. */
static size_t split(const char *text, const char *lines[static LINES_MAX])
{
    size_t count = 0, begin = 0;
    for (const char *at = text; *at != 0 && count < LINES_MAX; at += *at == '\n') {
        lines[count++] = at;
        at += strcspn(at, "\n");
    }
    for (size_t i = 0; i <= count; i++) {
        if (i == count || !is_store(lines[i])) {
            qsort(lines + begin, i - begin, sizeof *lines, compare_lines);
            begin = i + 1;
        }
    }
    return count;
}

static void compare_trace(struct sim *sim, const char *expected)
{
    static const char *wanted[LINES_MAX], *got[LINES_MAX];
    size_t wanted_count = split(expected, wanted);
    size_t count = split(sim->text == NULL ? "" : sim->text, got);
    for (size_t i = 0; i < wanted_count || i < count; i++) {
        const char *line = i < count ? got[i] : "", *pattern = i < wanted_count ? wanted[i] : "";
        size_t len = strcspn(line, "\n"), pattern_len = strcspn(pattern, "\n");
        if (!matches(line, len, pattern, pattern_len)) {
            sim_fail(sim, SIM_CHECK_TRACE, "line %zu: \"%.*s\" in place of \"%.*s\"", i + 1,
                     (int)(len < 80 ? len : 80), line, (int)(pattern_len < 80 ? pattern_len : 80),
                     pattern);
            return;
        }
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
