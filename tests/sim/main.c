/* SPDX-License-Identifier: EUPL-1.2 */
#include "sim.h"

#include <malloc.h>
#include <signal.h>
#include <sodium.h>
#include <string.h>
#include <time.h>

#include "request.h"

/* What a person types: scripts/sim. */

#define NODES_RANDOM_MAX 12u
#define HEAP_BYTES (32 << 20)
#define PROGRESS_SEEDS 250u /* about a minute */

static volatile sig_atomic_t stopped; /* the signal that asked for an end */

static void stop(int number)
{
    stopped = number;
}

/* A run ends with its counts; who asks a second time need not wait for the seed under way. */
static void stop_on_signals(void)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action = {.sa_handler = stop, .sa_flags = (int)(SA_RESETHAND | SA_RESTART)};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        sigaction(numbers[i], &action, NULL);
    }
}

/* The last line, as scripts/test counts; gives the exit status. */
static int end(uint64_t ran, uint64_t failures, uint64_t skipped)
{
    if (stopped != 0) {
        printf("sim: stopped by signal %d before its end\n", (int)stopped);
    }
    printf("%llu passed, %llu failed, %llu skipped\n", (unsigned long long)(ran - failures),
           (unsigned long long)failures, (unsigned long long)skipped);
    return failures != 0 ? 1 : stopped != 0 ? 128 + (int)stopped : 0;
}

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
    options.nodes =
        request->nodes != 0
            ? request->nodes
            : REQUEST_NODES_MIN + (uint32_t)(noise % (NODES_RANDOM_MAX - REQUEST_NODES_MIN + 1));
    options.print = request->trace;
    options.messages = request->messages;
    options.lmdb = request->lmdb;
    return options;
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
    uint64_t failures = 0, ran = 0, count = request->has_seed ? 1 : request->count;
    double virtual_s = 0, begin = now_s();
    while (ran < count && stopped == 0) {
        failures += !run_seed(request, request->has_seed ? request->seed : request->first + ran,
                              &virtual_s);
        ran++;
        if (ran % PROGRESS_SEEDS == 0 && ran < count) {
            fprintf(stderr, "sim: so far %llu seeds, %llu failed\n", (unsigned long long)ran,
                    (unsigned long long)failures);
        }
    }
    double took = now_s() - begin;
    printf("sim: %llu seeds, %llu failed; %.0f virtual seconds in %.1f s: %.0f times real time\n",
           (unsigned long long)ran, (unsigned long long)failures, virtual_s, took,
           virtual_s / (took > 0 ? took : 1));
    return end(ran, failures, 0);
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
    if (failed == SIM_CHECK_NONE) {
        printf("ok scenario %s, trace %.16s\n", scenario->name, hash[0]);
        return true;
    }
    printf("FAILED scenario %s, trace %.16s: %s: %s\n", scenario->name, hash[0],
           sim_checker_name(failed), why);
    return false;
}

static int run_scenarios(const struct request *request)
{
    size_t ran = 0, failures = 0, skipped = 0;
    bool all = strcmp(request->scenario, "all") == 0;
    for (const struct sim_scenario *at = sim_scenarios; at->name != NULL && stopped == 0; at++) {
        if (!all && strcmp(request->scenario, at->name) != 0) {
            continue;
        }
        if (request->lmdb && at->on_model) {
            printf("skipped scenario %s: it changes the disk of the model\n", at->name);
            skipped++;
            continue;
        }
        failures += !run_scenario(request, at);
        ran++;
    }
    return end(ran, failures, skipped);
}

/* What is broken must be noticed: that is what passes. */
static int run_controls(const struct request *request)
{
    size_t ran;
    size_t failures = sim_control(sim_break_find(request->broken), &stopped, &ran);
    return end(ran, failures, 0);
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

int main(int argc, char **argv)
{
    struct request request = {.first = 1, .count = 10};
    if (!request_parse(&request, argc, argv)) {
        return 2;
    }
    if (sodium_init() < 0) {
        return 5;
    }
    mallopt(M_MMAP_THRESHOLD, HEAP_BYTES); /* what a run gives back is the next one's */
    mallopt(M_TRIM_THRESHOLD, HEAP_BYTES);
    setvbuf(stdout, NULL, _IOLBF, 0); /* who waits for a long run sees what fails */
    sim_crypto_real(request.real);
    if (request.list) {
        return show_list();
    }
    if (request.nodes > SIM_SMALL) { /* one long run, without counts */
        return run_large(&request);
    }
    stop_on_signals();
    if (request.scenario != NULL) {
        return run_scenarios(&request);
    }
    if (request.broken != NULL) {
        return run_controls(&request);
    }
    return run_seeds(&request);
}
