/* SPDX-License-Identifier: EUPL-1.2 */
#include "sim.h"

#include <string.h>

/* Positive controls: each breaks one rule, of the driver or of what a fault promises, in one
 * scenario, and the checker that is there for it must notice. */

static const struct control {
    const char *name, *scenario;
    enum sim_break broken;
    enum sim_checker notices;
    const char *about;
} controls[] = {
    {"ack-early", "first-light", SIM_BREAK_ACK_EARLY, SIM_CHECK_DURABILITY,
     "stores are answered before they are durable"},
    {"forget", "store-points", SIM_BREAK_FORGET, SIM_CHECK_DURABILITY,
     "a crash takes what was acknowledged"},
    {"full-disk-lies", "full-disk", SIM_BREAK_FULL_DISK_LIES, SIM_CHECK_DURABILITY,
     "a full disk says that it has stored"},
    {"leak-store", "group-in-group", SIM_BREAK_LEAK_STORE, SIM_CHECK_CANARY,
     "outsiders store what a group keeps to itself"},
    {"leak-wire", "group-in-group", SIM_BREAK_LEAK_WIRE, SIM_CHECK_CANARY, "outsiders are sent it"},
    {"leak-plain", "group-in-group", SIM_BREAK_LEAK_PLAIN, SIM_CHECK_CANARY,
     "a content is stored as it is"},
    {"damage-passes", "damaged-block", SIM_BREAK_DAMAGE_PASSES, SIM_CHECK_FAULT,
     "a damaged block is sent on"},
    {"alters", "swizzle", SIM_BREAK_ALTERS, SIM_CHECK_FAULT, "the network alters bytes"},
    {"rolled-back", "restored-snapshot", SIM_BREAK_ROLLED_BACK, SIM_CHECK_DURABILITY,
     "a rolled-back node counts as honest"},
    {"twin", "cloned-node", SIM_BREAK_TWIN, SIM_CHECK_FAULT, "a cloned node counts as honest"},
    {"never-heals", "partition-heals", SIM_BREAK_NEVER_HEALS, SIM_CHECK_CONVERGENCE,
     "a partition stays"},
    {"stays-clogged", "swizzle", SIM_BREAK_STAYS_CLOGGED, SIM_CHECK_CONVERGENCE,
     "clogged links are never released"},
    {"one-way-stays", "one-way-drop", SIM_BREAK_ONE_WAY_STAYS, SIM_CHECK_CONVERGENCE,
     "a one-way drop stays"},
    {"never-starts", "late-starter", SIM_BREAK_NEVER_STARTS, SIM_CHECK_CONVERGENCE,
     "a late node never starts"},
    {"all-withhold", "withholding", SIM_BREAK_ALL_WITHHOLD, SIM_CHECK_CONVERGENCE,
     "nobody forwards"},
    {"endless-window", "alert-in-bulk", SIM_BREAK_ENDLESS_WINDOW, SIM_CHECK_MEMORY,
     "the kernel takes bytes without end"},
    {"late-alert", "first-light", SIM_BREAK_LATE_ALERT, SIM_CHECK_ALERT,
     "the network takes ten seconds more for alerts"},
    {"reorder", "late-starter", SIM_BREAK_REORDER, SIM_CHECK_ORDER,
     "deliveries come in another order"},
    {"chatter", "first-light", SIM_BREAK_CHATTER, SIM_CHECK_QUIET, "every PING is said 25 times"},
    {"real-clock", "first-light", SIM_BREAK_REAL_CLOCK, SIM_CHECK_TRACE,
     "time comes from outside: two runs differ"},
    {"other-trace", "partition-heals", SIM_BREAK_OTHER_TRACE, SIM_CHECK_TRACE,
     "lines of the trace are missing"},
};
#define CONTROL_COUNT (sizeof controls / sizeof *controls)

enum sim_break sim_break_find(const char *name)
{
    for (size_t i = 0; i < CONTROL_COUNT; i++) {
        if (strcmp(controls[i].name, name) == 0) {
            return controls[i].broken;
        }
    }
    return SIM_BREAK_NONE;
}

void sim_control_list(void)
{
    for (size_t i = 0; i < CONTROL_COUNT; i++) {
        printf("  %-18s %s in %s: %s\n", controls[i].name, sim_checker_name(controls[i].notices),
               controls[i].scenario, controls[i].about);
    }
}

static bool run_one(const struct control *control)
{
    const struct sim_scenario *scenario = sim_scenario_find(control->scenario);
    struct sim_options options = sim_options_small();
    options.broken = control->broken;
    char why[SIM_TEXT_BYTES], hash[2][TOC_HASH_BYTES * 2 + 1];
    enum sim_checker failed = sim_scenario_run(scenario, options, why, hash[0]);
    if (control->broken == SIM_BREAK_REAL_CLOCK) {
        sim_scenario_run(scenario, options, why, hash[1]);
        failed = strcmp(hash[0], hash[1]) == 0 ? SIM_CHECK_NONE : SIM_CHECK_TRACE;
        snprintf(why, sizeof why, "two runs of one seed differ");
    }
    bool noticed = failed == control->notices;
    if (failed == SIM_CHECK_NONE) {
        printf("FAILED control %s: nobody noticed; %s should have\n", control->name,
               sim_checker_name(control->notices));
    } else {
        printf("%s control %s: noticed by %s: %s\n", noticed ? "ok" : "FAILED", control->name,
               sim_checker_name(failed), why);
    }
    return noticed;
}

size_t sim_control(enum sim_break broken, const volatile sig_atomic_t *stopped, size_t *ran)
{
    size_t failures = 0;
    *ran = 0;
    for (size_t i = 0; i < CONTROL_COUNT && *stopped == 0; i++) {
        if (broken == SIM_BREAK_NONE || controls[i].broken == broken) {
            failures += !run_one(&controls[i]);
            (*ran)++;
        }
    }
    return failures;
}
