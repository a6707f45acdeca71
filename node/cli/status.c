/* SPDX-License-Identifier: EUPL-1.2 */
#include "watch.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WATCH_SECONDS 2u /* unless another number is given, */
#define WATCH_SECONDS_MAX 3600u

static const enum toc_field status_keys[] = {
    TOC_FIELD_ORG,           TOC_FIELD_NODE,          TOC_FIELD_FEDERATION,
    TOC_FIELD_ROSTER_NUMBER, TOC_FIELD_LOGS,          TOC_FIELD_ENTRIES,
    TOC_FIELD_INDEX_LAG,     TOC_FIELD_STORE_BYTES,   TOC_FIELD_ALARMS,
    TOC_FIELD_LINKS,         TOC_FIELD_BEHIND,        TOC_FIELD_HEALTH,
    TOC_FIELD_BEHIND_LOGS,   TOC_FIELD_BEHIND_GROUPS, TOC_FIELD_BEHIND_SINCE,
    TOC_FIELD_WITNESSES,     TOC_FIELD_LINKED_ORGS,   TOC_FIELD_OTHER_ORGS,
    TOC_FIELD_LAGS,          TOC_FIELD_COMING,        0};

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
    unsigned long long orgs = toc_message_number(row, TOC_FIELD_OTHER_ORGS);
    toc_show_line(stdout, "links", "%llu of %llu %s, %llu of %llu other %s", up, all,
                  toc_plural(all, "node", "nodes"),
                  (unsigned long long)toc_message_number(row, TOC_FIELD_LINKED_ORGS), orgs,
                  toc_plural(orgs, "organisation", "organisations"));
}

/* In one line: does this node hold what the others hold? */
static void show_health(const struct toc_message *row)
{
    char text[TOC_HEALTH_TEXT_BYTES];
    struct toc_span health = toc_message_text(row, TOC_FIELD_HEALTH);
    bool complete = toc_span_equal(health, toc_span_str("complete"));
    toc_health_text(text, row);
    if (complete) {
        toc_show_text("replica", text);
        return;
    }
    toc_term_colour(stdout, TOC_TERM_YELLOW);
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

static void show_counts(const struct toc_message *row)
{
    unsigned long long entries = number(row, TOC_FIELD_ENTRIES);
    unsigned long long groups = number(row, TOC_FIELD_GROUP_COUNT);
    unsigned long long lag = number(row, TOC_FIELD_INDEX_LAG);
    unsigned long long unread = number(row, TOC_FIELD_QUARANTINED);
    toc_show_line(stdout, "logs", "%llu with %llu %s in %llu %s", number(row, TOC_FIELD_LOGS),
                  entries, toc_plural(entries, "entry", "entries"), groups,
                  toc_plural(groups, "group", "groups"));
    toc_show_line(stdout, "index", "%llu %s behind, %llu %s quarantined", lag,
                  toc_plural(lag, "entry", "entries"), unread,
                  toc_plural(unread, "bulletin", "bulletins"));
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
    show_counts(row);
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

/* In the place of the picture or the line, while no node answers. */
static void show_absence(const struct toc_ask *ask, bool json, bool first)
{
    bool runs = ask->status != TOC_EXIT_UNREACHABLE && ask->line.text[0] != '\0';
    const char *text = runs ? ask->line.text : "no node runs";
    if (json) {
        if (first) { /* JSON Lines stay what they are */
            (void)toc_complain(TOC_EXIT_DONE, "%s; waiting for one", text);
        }
        return;
    }
    if (toc_term_is_terminal(stdout)) {
        (void)fputs("\033[H\033[2J", stdout);
        toc_term_print(stdout, text);
        (void)fputc('\n', stdout);
        return;
    }
    toc_watch_absence(text);
}

/* Again and again until stdout is gone; a node that restarts is waited for. */
static void watch_on(struct toc_ask *ask, const struct toc_args *args, unsigned seconds)
{
    const struct timespec pause = {.tv_sec = seconds};
    struct toc_watch watch = {0};
    bool json = toc_args_has(args, "json");
    bool runs = ask_once(ask, json, &watch), ran = runs;
    while (ran && fflush(stdout) == 0) {
        (void)nanosleep(&pause, NULL);
        if (!runs) {
            toc_ask_close(ask);
        }
        bool open = runs || toc_ask_try(ask, args);
        ask->quiet = true;
        bool now = open && ask_once(ask, json, &watch);
        if (!now) {
            toc_watch_clear(&watch);
            show_absence(ask, json, runs);
        }
        runs = now;
    }
    toc_watch_clear(&watch);
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
    if (!toc_args_has(args, "watch")) {
        (void)toc_complain_usage(args, "what is shown once takes no SECONDS");
        return 0;
    }
    if (!number || seconds == 0 || seconds > WATCH_SECONDS_MAX) {
        (void)toc_complain_usage(args, "--watch takes seconds from 1 to %u", WATCH_SECONDS_MAX);
        return 0;
    }
    return (unsigned)seconds;
}

static enum toc_exit run(const struct toc_args *args)
{
    struct toc_ask ask;
    unsigned seconds = seconds_of(args);
    if (seconds == 0) {
        return TOC_EXIT_USAGE;
    }
    if (!toc_ask_open(&ask, args)) {
        return ask.status;
    }
    if (toc_args_has(args, "watch")) {
        watch_on(&ask, args, seconds);
    } else {
        (void)ask_once(&ask, toc_args_has(args, "json"), NULL);
    }
    toc_ask_close(&ask);
    return toc_finish_output(ask.status);
}

static const struct toc_option options[] = {
    {"watch", 'w', NULL, "again every SECONDS (1 to 3600; 2), with rates"},
    {0},
};

const struct toc_command toc_command_status = {
    .name = "status",
    .operands = "[SECONDS]",
    .summary = "shows the health of the node at a glance, and alarms",
    .detail =
        "replica: complete, catching up (entries told of seconds ago), behind (by how much, since\n"
        "when) or cut off from the others. With --watch a terminal shows the links too; a pipe "
        "gets\none line each time: clock, health, links, organisations linked, entries behind, "
        "bytes a second\nin and out (- until there are two to compare), alarms. A node that stops "
        "is waited for.",
    .options = options,
    .json = true,
    .node = true,
    .operand_max = 1,
    .run = run,
};
