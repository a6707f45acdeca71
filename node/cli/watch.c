/* SPDX-License-Identifier: EUPL-1.2 */
#include "watch.h"

#include <stdlib.h>
#include <string.h>

static unsigned long long number(const struct toc_message *row, enum toc_field field)
{
    return toc_message_number(row, field);
}

static bool is(const struct toc_message *row, const char *health)
{
    return toc_span_equal(toc_message_text(row, TOC_FIELD_HEALTH), toc_span_str(health));
}

static void missing_text(char *text, size_t bytes, const struct toc_message *row)
{
    unsigned long long entries = number(row, TOC_FIELD_BEHIND);
    unsigned long long logs = number(row, TOC_FIELD_BEHIND_LOGS);
    unsigned long long groups = number(row, TOC_FIELD_BEHIND_GROUPS);
    (void)snprintf(text, bytes, "behind by %llu %s in %llu %s of %llu %s", entries,
                   toc_plural(entries, "entry", "entries"), logs, toc_plural(logs, "log", "logs"),
                   groups, toc_plural(groups, "group", "groups"));
}

/* Does a link say that its peer has what we lack? */
static bool is_told_of_more(const struct toc_message *row)
{
    struct toc_items items;
    struct toc_message link;
    (void)toc_message_list(row, TOC_FIELD_LINKS, &items);
    while (toc_items_row(&items, &link)) {
        if (number(&link, TOC_FIELD_BEHIND) > 0) {
            return true;
        }
    }
    return false;
}

/* Agrees with what `peers` shows as BEHIND. */
static void complete_text(char text[static TOC_HEALTH_TEXT_BYTES], const struct toc_message *row)
{
    unsigned long long coming = number(row, TOC_FIELD_COMING);
    if (coming > 0) {
        (void)snprintf(text, TOC_HEALTH_TEXT_BYTES, "catching up (%llu %s)", coming,
                       toc_plural(coming, "entry", "entries"));
    } else {
        (void)snprintf(text, TOC_HEALTH_TEXT_BYTES, "complete, %s",
                       is_told_of_more(row)
                           ? "but for claims that nobody else confirms: see `tocsin peers`"
                           : "as far as others are heard");
    }
}

void toc_health_text(char text[static TOC_HEALTH_TEXT_BYTES], const struct toc_message *row)
{
    char since[TOC_TERM_TIME_BYTES], missing[160] = "";
    toc_term_time(since, number(row, TOC_FIELD_BEHIND_SINCE));
    if (number(row, TOC_FIELD_BEHIND) > 0) {
        missing_text(missing, sizeof missing, row);
    }
    unsigned long long others = number(row, TOC_FIELD_OTHER_ORGS);
    unsigned long long witnesses = number(row, TOC_FIELD_WITNESSES);
    const char *comma = missing[0] == '\0' ? "" : ", ";
    if (is(row, "complete")) {
        complete_text(text, row);
    } else if (is(row, "behind")) {
        (void)snprintf(text, TOC_HEALTH_TEXT_BYTES, "%s, since %s", missing, since);
    } else if (number(row, TOC_FIELD_LINKED_ORGS) == 0) {
        (void)snprintf(text, TOC_HEALTH_TEXT_BYTES,
                       "cut off since %s: no link to any of %llu other %s%s%s", since, others,
                       toc_plural(others, "organisation", "organisations"), comma, missing);
    } else {
        (void)snprintf(text, TOC_HEALTH_TEXT_BYTES, "cut off or lagging since %s: %llu %s more%s%s",
                       since, witnesses,
                       toc_plural(witnesses, "organisation holds", "organisations hold"), comma,
                       missing);
    }
}

/* rates */

static const struct toc_watch_link *find(const struct toc_watch *watch,
                                         const struct toc_watch_link *link)
{
    for (size_t i = 0; i < watch->link_count; i++) {
        const struct toc_watch_link *at = &watch->links[i];
        if (at->node == link->node && memcmp(at->org, link->org, TOC_ID_BYTES) == 0) {
            return at;
        }
    }
    return NULL;
}

static struct toc_watch_link read_link(const struct toc_message *row)
{
    struct toc_watch_link link = {.node = number(row, TOC_FIELD_NODE),
                                  .sent = number(row, TOC_FIELD_SENT),
                                  .received = number(row, TOC_FIELD_SENT_TO_US)};
    const uint8_t *org = toc_message_id(row, TOC_FIELD_ORG_ID);
    if (org != NULL) {
        memcpy(link.org, org, TOC_ID_BYTES);
    }
    return link;
}

/* Bytes a second since the last time; what is less than before is a new link's. */
static uint64_t rate(uint64_t now, uint64_t before, uint64_t ms)
{
    uint64_t bytes = now < before ? now : now - before;
    return ms == 0 ? 0 : bytes * 1000 / ms;
}

struct rates {
    uint64_t in, out;
    bool known;
};

static struct rates rates_of(const struct toc_watch *watch, const struct toc_message *row,
                             const struct toc_watch_link *link)
{
    static const struct toc_watch_link none;
    const struct toc_watch_link *found = find(watch, link);
    const struct toc_watch_link *before = found == NULL ? &none : found;
    uint64_t uptime = number(row, TOC_FIELD_UPTIME);
    uint64_t ms = watch->seen && uptime > watch->uptime_ms ? uptime - watch->uptime_ms : 0;
    return (struct rates){rate(link->received, before->received, ms),
                          rate(link->sent, before->sent, ms), ms > 0};
}

/* Keeps the figures for the next time; without memory the next rates are those of whole links. */
static void keep(struct toc_watch *watch, const struct toc_message *row)
{
    struct toc_items items;
    struct toc_message link;
    size_t count = toc_message_list(row, TOC_FIELD_LINKS, &items), used = 0;
    struct toc_watch_link *links = calloc(count + 1, sizeof *links);
    while (links != NULL && used < count && toc_items_row(&items, &link)) {
        if (toc_message_flag(&link, TOC_FIELD_ESTABLISHED)) {
            links[used++] = read_link(&link);
        }
    }
    free(watch->links);
    *watch = (struct toc_watch){links, used, number(row, TOC_FIELD_UPTIME), true};
}

void toc_watch_clear(struct toc_watch *watch)
{
    free(watch->links);
    *watch = (struct toc_watch){0};
}

/* on a terminal */

static void add_rate(struct toc_table *table, uint64_t bytes_s, bool known)
{
    char size[TOC_CELL_BYTES], text[TOC_CELL_BYTES + 2];
    if (!known) {
        toc_table_text(table, "-");
        return;
    }
    toc_cell_size(size, bytes_s);
    (void)snprintf(text, sizeof text, "%s/s", size);
    toc_table_text(table, text);
}

static void add_link(struct toc_table *table, const struct toc_watch *watch,
                     const struct toc_message *row, const struct toc_message *link)
{
    char text[TOC_CELL_BYTES];
    struct toc_watch_link now = read_link(link);
    struct rates rates = rates_of(watch, row, &now);
    toc_table_cell(table, toc_message_text(link, TOC_FIELD_ORG));
    toc_table_uint(table, now.node);
    toc_table_text(table, toc_message_flag(link, TOC_FIELD_DIALLED) ? "out" : "in");
    toc_table_cell(table, toc_message_text(link, TOC_FIELD_LINK_WHY));
    (void)snprintf(text, sizeof text, "%llu ms", number(link, TOC_FIELD_RTT));
    toc_table_text(table, text);
    add_rate(table, rates.in, rates.known);
    add_rate(table, rates.out, rates.known);
    toc_table_uint(table, number(link, TOC_FIELD_QUEUED));
    toc_table_uint(table, number(link, TOC_FIELD_BEHIND));
}

static void show_lags(const struct toc_message *row)
{
    struct toc_items items;
    struct toc_message lag;
    (void)toc_message_list(row, TOC_FIELD_LAGS, &items);
    while (toc_items_row(&items, &lag)) {
        struct toc_span name = toc_message_text(&lag, TOC_FIELD_NAME);
        unsigned long long entries = number(&lag, TOC_FIELD_BEHIND);
        toc_show_line(stdout, "behind in", "%.*s: %llu %s", (int)name.len, (const char *)name.at,
                      entries, toc_plural(entries, "entry", "entries"));
    }
}

void toc_watch_links(struct toc_watch *watch, const struct toc_message *row)
{
    static const char *const header[] = {"ORGANISATION", "NODE", "LINK",   "WHY",   "RTT",
                                         "IN",           "OUT",  "QUEUED", "BEHIND"};
    struct toc_table table;
    struct toc_items items;
    struct toc_message link;
    show_lags(row);
    (void)fputc('\n', stdout);
    toc_table_init(&table, stdout, header, sizeof header / sizeof header[0]);
    (void)toc_message_list(row, TOC_FIELD_LINKS, &items);
    while (toc_items_row(&items, &link)) {
        if (toc_message_flag(&link, TOC_FIELD_ESTABLISHED)) {
            add_link(&table, watch, row, &link);
        }
    }
    struct toc_err err = toc_table_end(&table);
    if (toc_failed(err)) {
        (void)toc_complain_err(err, NULL);
    }
    keep(watch, row);
}

/* in a pipe */

void toc_watch_line(struct toc_watch *watch, const struct toc_message *row)
{
    struct toc_items items;
    struct toc_message link;
    struct rates sum = {.known = watch->seen};
    char time[TOC_TERM_TIME_BYTES];
    unsigned long long up = 0;
    (void)toc_message_list(row, TOC_FIELD_LINKS, &items);
    while (toc_items_row(&items, &link)) {
        if (toc_message_flag(&link, TOC_FIELD_ESTABLISHED)) {
            struct toc_watch_link now = read_link(&link);
            struct rates rates = rates_of(watch, row, &now);
            sum.in += rates.in;
            sum.out += rates.out;
            up++;
        }
    }
    size_t alarms = toc_message_list(row, TOC_FIELD_ALARMS, &items);
    toc_term_time(time, number(row, TOC_FIELD_CLOCK));
    (void)printf("%s\t", time);
    bool comes = is(row, "complete") && number(row, TOC_FIELD_COMING) > 0;
    toc_term_text(stdout,
                  comes ? toc_span_str("catching up") : toc_message_text(row, TOC_FIELD_HEALTH),
                  TOC_TERM_LINE);
    (void)printf("\t%llu\t%llu\t%llu\t", up, number(row, TOC_FIELD_LINKED_ORGS),
                 number(row, comes ? TOC_FIELD_COMING : TOC_FIELD_BEHIND));
    if (sum.known) {
        (void)printf("%llu\t%llu", (unsigned long long)sum.in, (unsigned long long)sum.out);
    } else {
        (void)fputs("-\t-", stdout);
    }
    (void)printf("\t%zu\n", alarms);
    keep(watch, row);
}

void toc_watch_absence(const char *why)
{
    char now[TOC_TERM_TIME_BYTES];
    toc_term_time(now, toc_now_utc().ms);
    (void)printf("%s\t", now);
    toc_term_print(stdout, why);
    (void)fputs("\t0\t0\t-\t-\t-\t-\n", stdout);
}
