/* SPDX-License-Identifier: EUPL-1.2 */
#include "sim.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* What a person types: scripts/sim. */

#define NODES_MIN 3u
#define NODES_RANDOM_MAX 12u

struct request {
    uint64_t first, count, seed;
    bool has_seed, trace, messages, lmdb, real, list;
    uint32_t nodes;
    const char *scenario, *broken;
};

static double now_s(void)
{
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time); /* others may use the machine too */
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static struct sim_options options_of(const struct request *request, uint64_t seed)
{
    struct sim_options options = sim_options_small();
    uint64_t noise = seed * 2654435761u % 4294967296u;
    options.seed = seed;
    options.nodes = request->nodes != 0
                        ? request->nodes
                        : NODES_MIN + (uint32_t)(noise % (NODES_RANDOM_MAX - NODES_MIN + 1));
    options.print = request->trace;
    options.messages = request->messages;
    options.lmdb = request->lmdb;
    return options;
}

/* The last line, as scripts/test counts. */
static void show_counts(uint64_t ran, uint64_t failures)
{
    printf("%llu passed, %llu failed, 0 skipped\n", (unsigned long long)(ran - failures),
           (unsigned long long)failures);
}

static int run_large(const struct request *request)
{
    struct sim_options options = options_of(request, request->has_seed ? request->seed : 1);
    options.log_max = 4096;
    struct sim *sim = sim_new(&options);
    sim_large(sim);
    bool failed = sim->failed != SIM_CHECK_NONE;
    if (failed) {
        printf("sim: %s: %s\n", sim_checker_name(sim->failed), sim->why);
    }
    sim_free(sim);
    return failed;
}

/* One random run; false when a checker failed. */
static bool run_seed(const struct request *request, uint64_t seed, double *virtual_s)
{
    struct sim_options options = options_of(request, seed);
    struct sim *sim = sim_new(&options);
    sim_random(sim);
    char hash[TOC_HASH_BYTES * 2 + 1];
    sim_trace_result(sim, hash);
    *virtual_s += (double)sim->now_us / 1e6;
    bool failed = sim->failed != SIM_CHECK_NONE;
    if (failed || request->has_seed) {
        printf("seed %llu: %u nodes, %zu submits, %llu faults, %llu steps, %.1f MB on the wire, "
               "equal after %.1f s, quiet %.0f B, trace %.16s: %s%s%s\n",
               (unsigned long long)seed, sim->member_count, sim->submit_count,
               (unsigned long long)sim->faults, (unsigned long long)sim->steps,
               (double)sim->wire_bytes / 1e6, (double)sim->converge_us / 1e6, sim->quiet_bytes,
               hash, failed ? sim_checker_name(sim->failed) : "ok", failed ? ": " : "", sim->why);
    }
    sim_free(sim);
    return !failed;
}

static int run_seeds(const struct request *request)
{
    uint64_t failures = 0, count = request->has_seed ? 1 : request->count;
    double virtual_s = 0, begin = now_s();
    for (uint64_t i = 0; i < count; i++) {
        failures +=
            !run_seed(request, request->has_seed ? request->seed : request->first + i, &virtual_s);
    }
    double took = now_s() - begin;
    printf("sim: %llu seeds, %llu failed; %.0f virtual seconds in %.1f s: %.0f times real time\n",
           (unsigned long long)count, (unsigned long long)failures, virtual_s, took,
           virtual_s / took);
    show_counts(count, failures);
    return failures != 0;
}

/* One scenario, twice: the same seed gives the same trace. */
static bool run_scenario(const struct request *request, const struct sim_scenario *scenario)
{
    struct sim_options options = options_of(request, request->has_seed ? request->seed : 1);
    char why[SIM_TEXT_BYTES], hash[2][TOC_HASH_BYTES * 2 + 1];
    options.print = options.messages = false;
    enum sim_checker failed = sim_scenario_run(scenario, options, why, hash[0]);
    options.print = request->trace;
    options.messages = request->messages;
    if (failed == SIM_CHECK_NONE || options.print) {
        failed = sim_scenario_run(scenario, options, why, hash[1]);
    }
    if (failed == SIM_CHECK_NONE && strcmp(hash[0], hash[1]) != 0) {
        failed = SIM_CHECK_TRACE;
        snprintf(why, sizeof why, "two runs of one seed differ");
    }
    printf("%s scenario %s, trace %.16s: %s%s%s\n", failed == SIM_CHECK_NONE ? "ok" : "FAILED",
           scenario->name, hash[0], sim_checker_name(failed), failed == SIM_CHECK_NONE ? "" : ": ",
           why);
    return failed == SIM_CHECK_NONE;
}

static int run_scenarios(const struct request *request)
{
    size_t ran = 0, failures = 0;
    for (const struct sim_scenario *at = sim_scenarios; at->name != NULL; at++) {
        if (strcmp(request->scenario, "all") == 0 || strcmp(request->scenario, at->name) == 0) {
            failures += !run_scenario(request, at);
            ran++;
        }
    }
    show_counts(ran, failures);
    return ran == 0 ? 2 : failures != 0;
}

/* With a control as its own run: the run must fail, as it would for a person who breaks a rule. */
static int run_controls(const struct request *request)
{
    size_t ran;
    enum sim_break broken = sim_break_find(request->broken);
    if (broken == SIM_BREAK_NONE && strcmp(request->broken, "all") != 0) {
        fprintf(stderr, "sim: no control %s; see --list\n", request->broken);
        return 2;
    }
    size_t failures = sim_control(broken, &ran);
    show_counts(ran, failures);
    return broken == SIM_BREAK_NONE ? failures != 0 : failures == 0;
}

static int show_list(void)
{
    puts("scenarios");
    for (const struct sim_scenario *at = sim_scenarios; at->name != NULL; at++) {
        printf("  %-18s %s\n", at->name, at->about);
    }
    puts("controls");
    sim_control_list();
    return 0;
}

static bool parse(struct request *request, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const char *word = argv[i], *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (strcmp(word, "--trace") == 0) {
            request->trace = true;
        } else if (strcmp(word, "--list") == 0) {
            request->list = true;
        } else if (strcmp(word, "--messages") == 0) {
            request->messages = true;
        } else if (strcmp(word, "--real-crypto") == 0) {
            request->real = true;
        } else if (value == NULL) {
            return false;
        } else if (strcmp(word, "--seeds") == 0) {
            request->count = strtoull(argv[++i], NULL, 10);
        } else if (strcmp(word, "--first") == 0) {
            request->first = strtoull(argv[++i], NULL, 10);
        } else if (strcmp(word, "--seed") == 0) {
            request->seed = strtoull(argv[++i], NULL, 10);
            request->has_seed = true;
        } else if (strcmp(word, "--nodes") == 0) {
            request->nodes = (uint32_t)strtoul(argv[++i], NULL, 10);
        } else if (strcmp(word, "--scenario") == 0) {
            request->scenario = argv[++i];
        } else if (strcmp(word, "--break") == 0) {
            request->broken = argv[++i];
        } else if (strcmp(word, "--store") == 0) {
            request->lmdb = strcmp(argv[++i], "lmdb") == 0;
        } else {
            return false;
        }
    }
    return request->count > 0 && (request->nodes == 0 || request->nodes >= NODES_MIN) &&
           request->nodes <= SIM_NODES_MAX;
}

int main(int argc, char **argv)
{
    struct request request = {.first = 1, .count = 10};
    if (!parse(&request, argc, argv)) {
        fputs("sim: wrong usage; see scripts/sim --help\n", stderr);
        return 2;
    }
    if (sodium_init() < 0) {
        return 5;
    }
    setvbuf(stdout, NULL, _IOLBF, 0); /* who waits for a long run sees what fails */
    sim_crypto_real(request.real);
    if (request.list) {
        return show_list();
    }
    if (request.scenario != NULL) {
        return run_scenarios(&request);
    }
    if (request.broken != NULL) {
        return run_controls(&request);
    }
    return request.nodes > SIM_SMALL ? run_large(&request) : run_seeds(&request);
}
