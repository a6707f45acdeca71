/* SPDX-License-Identifier: EUPL-1.2 */
#include "request.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "db.h"
#include "sim.h"

#define SEEDS_MAX UINT64_C(1000000000)

enum word {
    SEEDS,
    FIRST,
    SEED,
    NODES,
    SCENARIO,
    BREAK,
    STORE,
    TRACE,
    MESSAGES,
    REAL_CRYPTO,
    LIST,
    WORD_COUNT,
};
#define BIT(word) (1u << (word))

enum takes { TAKES_NOTHING, TAKES_NUMBER, TAKES_NAME };

static const struct row {
    const char *text;
    enum takes takes;
    uint64_t min, max;
    unsigned excludes; /* what would not be heeded beside it */
} rows[WORD_COUNT] = {
    [SEEDS] = {"--seeds", TAKES_NUMBER, 1, SEEDS_MAX, 0},
    [FIRST] = {"--first", TAKES_NUMBER, 0, INT64_MAX, 0},
    [SEED] = {"--seed", TAKES_NUMBER, 0, UINT64_MAX, BIT(SEEDS) | BIT(FIRST)},
    [NODES] = {"--nodes", TAKES_NUMBER, REQUEST_NODES_MIN, SIM_NODES_MAX, 0},
    [SCENARIO] = {"--scenario", TAKES_NAME, 0, 0, BIT(SEEDS) | BIT(FIRST) | BIT(NODES)},
    [BREAK] = {"--break", TAKES_NAME, 0, 0,
               BIT(SEEDS) | BIT(FIRST) | BIT(SEED) | BIT(NODES) | BIT(SCENARIO) | BIT(STORE) |
                   BIT(TRACE) | BIT(MESSAGES)},
    [STORE] = {"--store", TAKES_NAME, 0, 0, 0},
    [TRACE] = {"--trace", TAKES_NOTHING, 0, 0, 0},
    [MESSAGES] = {"--messages", TAKES_NOTHING, 0, 0, 0},
    [REAL_CRYPTO] = {"--real-crypto", TAKES_NOTHING, 0, 0, 0},
    [LIST] = {"--list", TAKES_NOTHING, 0, 0, BIT(LIST) - 1},
};

static bool refuse(const char *format, ...) __attribute__((format(printf, 1, 2)));
static bool refuse(const char *format, ...)
{
    va_list args;
    fputs("sim: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    return false;
}

static bool refuse_number(const struct row *row, const char *value)
{
    return refuse("%s%s%s: needs a whole number from %llu to %llu", row->text,
                  value == NULL ? "" : " ", value == NULL ? "" : value,
                  (unsigned long long)row->min, (unsigned long long)row->max);
}

static bool parse_number(const struct row *row, const char *value, uint64_t *number)
{
    size_t digits = value == NULL ? 0 : strspn(value, "0123456789");
    errno = 0;
    *number = digits == 0 ? 0 : strtoull(value, NULL, 10);
    if (digits == 0 || value[digits] != 0 || errno != 0 || *number < row->min ||
        *number > row->max) {
        return refuse_number(row, value);
    }
    return true;
}

static bool check_name(enum word word, const char *value)
{
    const char *text = rows[word].text;
    if (value == NULL) {
        return word == STORE ? refuse("%s: needs a name: lmdb", text)
                             : refuse("%s: needs a name, or all; --list shows them", text);
    }
    if (word == STORE) {
        return strcmp(value, "lmdb") == 0 ||
               refuse("%s %s: the one store to choose is lmdb; without it, a model", text, value);
    }
    bool known =
        strcmp(value, "all") == 0 || (word == SCENARIO ? sim_scenario_find(value) != NULL
                                                       : sim_break_find(value) != SIM_BREAK_NONE);
    return known || refuse("%s %s: no such %s; --list shows them, and all runs every one", text,
                           value, word == SCENARIO ? "scenario" : "control");
}

static void take(struct request *request, enum word word, const char *value, uint64_t number)
{
    switch (word) {
    case SEEDS:
        request->count = number;
        return;
    case FIRST:
        request->first = number;
        return;
    case SEED:
        request->seed = number;
        request->has_seed = true;
        return;
    case NODES:
        request->nodes = (uint32_t)number;
        return;
    case SCENARIO:
        request->scenario = value;
        return;
    case BREAK:
        request->broken = value;
        return;
    case STORE:
        request->lmdb = true;
        return;
    case TRACE:
        request->trace = true;
        return;
    case MESSAGES:
        request->messages = true;
        return;
    case REAL_CRYPTO:
        request->real = true;
        return;
    case LIST:
        request->list = true;
        return;
    case WORD_COUNT:
        return;
    }
}

/* What stands beside each other; `given` holds a bit for each option. */
static bool check_together(const struct request *request, unsigned given)
{
    for (unsigned a = 0; a < WORD_COUNT; a++) {
        for (unsigned b = 0; b < WORD_COUNT; b++) {
            if ((given & BIT(a)) != 0 && (given & BIT(b)) != 0 &&
                (rows[a].excludes & BIT(b)) != 0) {
                return refuse("%s and %s exclude each other", rows[a].text, rows[b].text);
            }
        }
    }
    if (request->lmdb && request->nodes > TOC_DB_OPEN_MAX) {
        return refuse("--nodes %u: with --store lmdb from %u to %u", request->nodes,
                      REQUEST_NODES_MIN, TOC_DB_OPEN_MAX);
    }
    const struct sim_scenario *scenario =
        request->lmdb && request->scenario != NULL ? sim_scenario_find(request->scenario) : NULL;
    if (scenario != NULL && scenario->on_model) {
        return refuse("--scenario %s: changes the disk of the model; without --store lmdb",
                      scenario->name);
    }
    if (request->nodes > SIM_SMALL && (given & (BIT(SEEDS) | BIT(FIRST))) != 0) {
        return refuse("--nodes %u: with --seeds or --first from %u to %u; above that, one --seed",
                      request->nodes, REQUEST_NODES_MIN, SIM_SMALL);
    }
    return true;
}

bool request_parse(struct request *request, int argc, char **argv)
{
    unsigned given = 0;
    for (int i = 1; i < argc; i++) {
        unsigned word = 0;
        while (word < WORD_COUNT && strcmp(rows[word].text, argv[i]) != 0) {
            word++;
        }
        if (word == WORD_COUNT) {
            return refuse("%s: no such option; see scripts/sim --help", argv[i]);
        }
        if ((given & BIT(word)) != 0) {
            return refuse("%s is given twice", rows[word].text);
        }
        given |= BIT(word);
        const char *value = NULL;
        uint64_t number = 0;
        if (rows[word].takes != TAKES_NOTHING && i + 1 < argc) {
            value = argv[++i];
        }
        if ((rows[word].takes == TAKES_NUMBER && !parse_number(&rows[word], value, &number)) ||
            (rows[word].takes == TAKES_NAME && !check_name((enum word)word, value))) {
            return false;
        }
        take(request, (enum word)word, value, number);
    }
    return check_together(request, given);
}
