/* SPDX-License-Identifier: EUPL-1.2 */
#include "ask.h"

#include <string.h>
#include <time.h>

#define WATCH_SECONDS 2

static const enum toc_field status_keys[] = {TOC_FIELD_ORG,
                                             TOC_FIELD_NODE,
                                             TOC_FIELD_FEDERATION,
                                             TOC_FIELD_ROSTER_NUMBER,
                                             TOC_FIELD_LOGS,
                                             TOC_FIELD_ENTRIES,
                                             TOC_FIELD_INDEX_LAG,
                                             TOC_FIELD_STORE_BYTES,
                                             TOC_FIELD_ALARMS,
                                             TOC_FIELD_LINKS,
                                             0};

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
    toc_show_line(stdout, "links", "%llu of %llu nodes", up, all);
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

static bool ask_once(struct toc_ask *ask, bool json)
{
    toc_ask_begin(ask, "status");
    if (!toc_ask_send(ask)) {
        return false;
    }
    while (toc_ask_next(ask)) {
        if (json) {
            toc_row_json(stdout, &ask->row, status_keys);
        } else {
            show(&ask->row);
        }
    }
    return ask->status == TOC_EXIT_DONE;
}

static enum toc_exit run(const struct toc_args *args)
{
    struct toc_ask ask;
    bool watch = toc_args_has(args, "watch"), json = toc_args_has(args, "json");
    if (!toc_ask_open(&ask, args)) {
        return ask.status;
    }
    while (ask_once(&ask, json) && watch && fflush(stdout) == 0) {
        const struct timespec pause = {.tv_sec = WATCH_SECONDS};
        (void)nanosleep(&pause, NULL);
        if (!json) {
            /* Home and clear: the picture stays in its place. */
            (void)fputs(toc_term_is_terminal(stdout) ? "\033[H\033[2J" : "\n", stdout);
        }
    }
    toc_ask_close(&ask);
    return toc_finish_output(ask.status);
}

static const struct toc_option options[] = {
    {"watch", 'w', NULL, "again every two seconds, until interrupted"},
    {0},
};

const struct toc_command toc_command_status = {
    .name = "status",
    .operands = "",
    .summary = "shows the health of the node at a glance, and alarms",
    .options = options,
    .json = true,
    .node = true,
    .operand_max = 0,
    .run = run,
};
