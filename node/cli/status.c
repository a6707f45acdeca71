/* SPDX-License-Identifier: EUPL-1.2 */
#include "watch.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WATCH_SECONDS 2u /* unless another number is given, */
#define WATCH_SECONDS_MAX 3600u

static const enum toc_field status_keys[] = {
    TOC_FIELD_ORG,         TOC_FIELD_NODE,          TOC_FIELD_FEDERATION,   TOC_FIELD_ROSTER_NUMBER,
    TOC_FIELD_LOGS,        TOC_FIELD_ENTRIES,       TOC_FIELD_INDEX_LAG,    TOC_FIELD_STORE_BYTES,
    TOC_FIELD_ALARMS,      TOC_FIELD_LINKS,         TOC_FIELD_BEHIND,       TOC_FIELD_HEALTH,
    TOC_FIELD_BEHIND_LOGS, TOC_FIELD_BEHIND_GROUPS, TOC_FIELD_BEHIND_SINCE, TOC_FIELD_WITNESSES,
    TOC_FIELD_LINKED_ORGS, TOC_FIELD_OTHER_ORGS,    TOC_FIELD_LAGS,         0};

static void show_links(const struct toc_message *row)
{
    struct toc_items items;
    struct toc_message link;
    unsigned long long up = 0, all = 0;
    (void)toc_message_list(row, TOC_FIELD_LINKS, &items);
    while (toc_items_row(&items, &link)) {
        up += toc_message_flag(&link, TOC_FIELD_ESTABLISHED);
        all++;
    }
    toc_show_line(stdout, "links", "%llu of %llu nodes, %llu of %llu other organisations", up, all,
                  (unsigned long long)toc_message_number(row, TOC_FIELD_LINKED_ORGS),
                  (unsigned long long)toc_message_number(row, TOC_FIELD_OTHER_ORGS));
}

/* In one line: does this node hold what the others hold? */
static void show_health(const struct toc_message *row)
{
    char text[TOC_HEALTH_TEXT_BYTES];
    struct toc_span health = toc_message_text(row, TOC_FIELD_HEALTH);
    bool complete = toc_span_equal(health, toc_span_str("complete"));
    toc_health_text(text, row);
    toc_term_colour(stdout, complete ? TOC_TERM_PLAIN : TOC_TERM_YELLOW);
    toc_show_text("replica", text);
    toc_term_colour(stdout, TOC_TERM_PLAIN);
}

static void show_alarms(const struct toc_message *row)
{
    struct toc_items items;
    struct toc_span alarm;
    if (toc_message_list(row, TOC_FIELD_ALARMS, &items) == 0) {
        toc_show_text("alarms", "none");
    }
    while (toc_items_text(&items, &alarm)) {
        toc_term_colour(stdout, TOC_TERM_RED);
        toc_show_pair(stdout, "ALARM", alarm);
        toc_term_colour(stdout, TOC_TERM_PLAIN);
    }
}

static unsigned long long number(const struct toc_message *row, enum toc_field field)
{
    return toc_message_number(row, field);
}

static void show(const struct toc_message *row)
{
    char time[TOC_TERM_TIME_BYTES], size[TOC_CELL_BYTES], left[TOC_CELL_BYTES];
    struct toc_span org = toc_message_text(row, TOC_FIELD_ORG);
    toc_show_line(stdout, "node", "%.*s, node %llu, pid %llu", (int)org.len, (const char *)org.at,
                  number(row, TOC_FIELD_NODE), number(row, TOC_FIELD_PID));
    show_health(row);
    toc_show_pair(stdout, "federation", toc_message_text(row, TOC_FIELD_FEDERATION));
    toc_show_line(stdout, "roster", "number %llu", number(row, TOC_FIELD_ROSTER_NUMBER));
    toc_show_pair(stdout, "listens", toc_message_text(row, TOC_FIELD_LISTEN));
    show_links(row);
    toc_show_line(stdout, "logs", "%llu with %llu entries in %llu groups",
                  number(row, TOC_FIELD_LOGS), number(row, TOC_FIELD_ENTRIES),
                  number(row, TOC_FIELD_GROUP_COUNT));
    toc_show_line(stdout, "index", "%llu entries behind, %llu bulletins quarantined",
                  number(row, TOC_FIELD_INDEX_LAG), number(row, TOC_FIELD_QUARANTINED));
    toc_cell_size(size, number(row, TOC_FIELD_STORE_BYTES));
    toc_cell_size(left, number(row, TOC_FIELD_DISK_FREE));
    toc_show_line(stdout, "store", "%s, %s free on the disk", size, left);
    toc_term_time(time, number(row, TOC_FIELD_CLOCK));
    toc_show_text("clock", time);
    toc_cell_span(size, number(row, TOC_FIELD_UPTIME));
    toc_show_text("running for", size);
    toc_show_pair(stdout, "version", toc_message_text(row, TOC_FIELD_VERSION));
    show_alarms(row);
}

/* What is shown each time: all of it and the links on a terminal, one line in a pipe. */
static void show_again(const struct toc_message *row, struct toc_watch *watch)
{
    if (!toc_term_is_terminal(stdout)) {
        toc_watch_line(watch, row);
        return;
    }
    (void)fputs("\033[H\033[2J", stdout); /* home and clear: the picture stays in its place */
    show(row);
    toc_watch_links(watch, row);
}

/* `watch`: NULL where it is shown once. */
static bool ask_once(struct toc_ask *ask, bool json, struct toc_watch *watch)
{
    toc_ask_begin(ask, "status");
    if (!toc_ask_send(ask)) {
        return false;
    }
    while (toc_ask_next(ask)) {
        if (json) {
            toc_row_json(stdout, &ask->row, status_keys);
        } else if (watch != NULL) {
            show_again(&ask->row, watch);
        } else {
            show(&ask->row);
        }
    }
    return ask->status == TOC_EXIT_DONE;
}

/* The operand: seconds from one time to the next. Gives 0 after complaining. */
static unsigned seconds_of(const struct toc_args *args)
{
    if (args->operand_count == 0) {
        return WATCH_SECONDS;
    }
    char *end;
    unsigned long seconds = strtoul(args->operands[0], &end, 10);
    bool number = args->operands[0][0] >= '0' && args->operands[0][0] <= '9' && *end == '\0';
    if (!number || seconds == 0 || seconds > WATCH_SECONDS_MAX || !toc_args_has(args, "watch")) {
        (void)toc_complain_usage(args, "--watch takes seconds from 1 to %u", WATCH_SECONDS_MAX);
        return 0;
    }
    return (unsigned)seconds;
}

static enum toc_exit run(const struct toc_args *args)
{
    struct toc_ask ask;
    struct toc_watch watch = {0};
    bool again = toc_args_has(args, "watch"), json = toc_args_has(args, "json");
    const struct timespec pause = {.tv_sec = seconds_of(args)};
    if (pause.tv_sec == 0) {
        return TOC_EXIT_USAGE;
    }
    if (!toc_ask_open(&ask, args)) {
        return ask.status;
    }
    while (ask_once(&ask, json, again ? &watch : NULL) && again && fflush(stdout) == 0) {
        (void)nanosleep(&pause, NULL);
    }
    toc_watch_clear(&watch);
    toc_ask_close(&ask);
    return toc_finish_output(ask.status);
}

static const struct toc_option options[] = {
    {"watch", 'w', NULL, "again every two SECONDS, with rates, until interrupted"},
    {0},
};

const struct toc_command toc_command_status = {
    .name = "status",
    .operands = "[SECONDS]",
    .summary = "shows the health of the node at a glance, and alarms",
    .detail =
        "replica: complete, behind (by how much, since when) or cut off from the others.\n"
        "With --watch a terminal shows the links too; a pipe gets one line each time: clock,\n"
        "health, links, organisations linked, entries behind, bytes a second in and out, "
        "alarms.",
    .options = options,
    .json = true,
    .node = true,
    .operand_max = 1,
    .run = run,
};
