/* SPDX-License-Identifier: EUPL-1.2 */
#include "answer_internal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ALARMS_MAX 12u
#define ALARMS_OWN 6u /* of them those of this file */
#define LAGS_MAX 16u  /* groups named one by one */
#define VERSION_BYTES 16u

/* links: on the loop's thread */

static const struct toc_link_view *find_link(const struct toc_link_view *views, size_t count,
                                             const uint8_t *org, uint16_t node)
{
    for (size_t i = 0; i < count; i++) {
        if (views[i].established && views[i].node == node &&
            memcmp(views[i].org, org, TOC_ID_BYTES) == 0) {
            return &views[i];
        }
    }
    return NULL;
}

static const char *why_text(enum toc_link_why why)
{
    switch (why) {
    case TOC_WHY_OWN:
        return "own";
    case TOC_WHY_ALL:
        return "all";
    case TOC_WHY_NEAR:
        return "near";
    case TOC_WHY_MID:
        return "mid";
    case TOC_WHY_FAR:
        return "far";
    case TOC_WHY_GROUP:
        return "group";
    case TOC_WHY_VISIT:
        return "visit";
    case TOC_WHY_SOUGHT:
        return "sought";
    case TOC_WHY_ACCEPTED:
        break;
    }
    return "accepted";
}

/* When that was, by the clock on the wall. */
static uint64_t wall_ms(struct toc_mono at)
{
    return toc_now_utc().ms - (toc_now_mono().ms - at.ms);
}

/* Why no link to it stands, since when, and what comes next. */
static void down_fields(struct toc_build *build, const struct toc_core *core,
                        const struct toc_cert *cert)
{
    struct toc_down_view down;
    if (toc_failed(toc_core_view_down(core, cert->org, cert->number, &down))) {
        return;
    }
    toc_build_str(build, TOC_FIELD_DOWN_WHY, down.err.why);
    if (down.tried.ms != 0) {
        toc_build_number(build, TOC_FIELD_TRIED, wall_ms(down.tried));
    }
    if (down.ended.ms != 0) {
        toc_build_number(build, TOC_FIELD_ENDED, wall_ms(down.ended));
    }
    uint64_t now_ms = toc_now_mono().ms;
    if (down.sought || down.dialling) {
        bool waits = !down.dialling && down.next.ms > now_ms;
        toc_build_number(build, TOC_FIELD_NEXT_TRY, waits ? down.next.ms - now_ms : 0);
    }
}

/* The fields of one node of the federation, with its link where one stands. */
static void link_fields(struct toc_build *build, const struct toc_core *core,
                        const struct toc_card *card, const struct toc_cert *cert,
                        const struct toc_link_view *view)
{
    toc_build_str(build, TOC_FIELD_ORG, card->handle);
    toc_build_id(build, TOC_FIELD_ORG_ID, card->id);
    toc_build_number(build, TOC_FIELD_NODE, cert->number);
    if (view != NULL) {
        char version[VERSION_BYTES];
        snprintf(version, sizeof(version), "%u", view->version);
        toc_build_str(build, TOC_FIELD_VERSION, version);
        toc_build_number(build, TOC_FIELD_GROUP_COUNT, view->group_count);
    }
    toc_build_flag(build, TOC_FIELD_ESTABLISHED, view != NULL);
    if (view != NULL) {
        toc_build_flag(build, TOC_FIELD_DIALLED, view->dialled);
    }
    struct toc_span addresses[TOC_ADDRESSES_MAX];
    for (size_t i = 0; i < cert->address_count; i++) {
        addresses[i] = toc_span_str(cert->addresses[i]);
    }
    toc_build_texts(build, TOC_FIELD_ADDRESSES, addresses, cert->address_count);
    if (view != NULL) {
        uint64_t age = toc_now_mono().ms - view->since.ms;
        toc_build_number(build, TOC_FIELD_SENT, view->sent_bytes);
        toc_build_number(build, TOC_FIELD_SENT_TO_US, view->received_bytes);
        toc_build_number(build, TOC_FIELD_RTT, view->rtt_ms);
        toc_build_number(build, TOC_FIELD_SINCE, toc_now_utc().ms - age);
        toc_build_signed(build, TOC_FIELD_CLOCK_OFFSET, view->clock_offset_ms);
        toc_build_number(build, TOC_FIELD_BEHIND, view->behind_entries);
        toc_build_number(build, TOC_FIELD_SUITE, view->suite);
        toc_build_str(build, TOC_FIELD_LINK_WHY, why_text(view->why));
        toc_build_number(build, TOC_FIELD_RATE, view->rate);
        toc_build_number(build, TOC_FIELD_EAGER, view->eager_logs);
        toc_build_number(build, TOC_FIELD_LAZY, view->lazy_logs);
        toc_build_number(build, TOC_FIELD_QUEUED, view->queued);
    } else {
        down_fields(build, core, cert);
    }
}

struct walk {
    const struct toc_desk *desk;
    const struct toc_core *core; /* while its nodes are walked */
    /* One of the two: rows of their own, or a list within one row. */
    struct toc_build *rows; /* heap */
    size_t row_count, row_max;
    struct toc_build *list;
    bool failed;
};

static void add_node(struct walk *walk, const struct toc_card *card, const struct toc_cert *cert,
                     const struct toc_link_view *view)
{
    if (walk->list != NULL) {
        toc_build_row(walk->list);
        link_fields(walk->list, walk->core, card, cert, view);
        toc_build_row_end(walk->list);
        return;
    }
    if (walk->row_count == walk->row_max) {
        size_t max = walk->row_max == 0 ? 64 : walk->row_max * 2;
        struct toc_build *grown = realloc(walk->rows, max * sizeof(*grown));
        if (grown == NULL) {
            walk->failed = true;
            return;
        }
        walk->rows = grown;
        walk->row_max = max;
    }
    struct toc_build *row = &walk->rows[walk->row_count++];
    toc_answer_row(row, "link");
    link_fields(row, walk->core, card, cert, view);
}

static int by_handle(const void *one, const void *other)
{
    const struct toc_directory_slot *const *a = one, *const *b = other;
    return strcmp((*a)->card.handle, (*b)->card.handle);
}

/* Every node of the federation but this one, by organisation, then number. */
static void walk_nodes(struct walk *walk, const struct toc_core *core)
{
    struct toc_link_view views[TOC_LINKS_MAX];
    walk->core = core;
    size_t count = toc_core_view_links(core, views, TOC_LINKS_MAX);
    count = count < TOC_LINKS_MAX ? count : TOC_LINKS_MAX;
    const struct toc_directory *directory = toc_core_directory(core);
    const struct toc_directory_slot *slots[TOC_ORGS_MAX];
    size_t slot_count = 0;
    for (; slot_count < directory->slot_count && slot_count < TOC_ORGS_MAX; slot_count++) {
        slots[slot_count] = &directory->slots[slot_count];
    }
    qsort(slots, slot_count, sizeof(slots[0]), by_handle);
    for (size_t i = 0; i < slot_count; i++) {
        const struct toc_card *card = &slots[i]->card;
        for (size_t k = 0; k < card->node_count; k++) {
            const struct toc_cert *cert = &card->nodes[k];
            bool own = memcmp(card->id, walk->desk->org, TOC_ID_BYTES) == 0 &&
                       cert->number == walk->desk->node;
            if (!own) {
                add_node(walk, card, cert, find_link(views, count, card->id, cert->number));
            }
        }
    }
}

/* peers */

static void run_peers(void *loop, void *arg)
{
    struct walk *walk = arg;
    walk_nodes(walk, walk->desk->core(loop));
}

struct toc_err toc_answer_peers(const struct toc_desk *desk, struct toc_answer *answer)
{
    struct walk walk = {.desk = desk};
    bool called = desk->call(desk->loop, run_peers, &walk);
    bool here = called;
    for (size_t i = 0; i < walk.row_count; i++) {
        here = here && answer->row(answer->client, &walk.rows[i]);
        toc_build_clear(&walk.rows[i]);
    }
    free(walk.rows);
    if (!called) {
        return toc_answer_stopping(answer);
    }
    if (walk.failed) {
        return TOC_REFUSE(answer, TOC_FULL, "out of memory");
    }
    return here ? toc_ok() : TOC_GONE;
}

/* status */

struct status {
    struct walk walk;
    struct toc_build row;
    struct toc_store_stat store;
    struct toc_feed_stat feed;
    struct toc_line store_alarm;
    struct toc_health_view health;
    struct toc_lag_view lags[LAGS_MAX];
    size_t lag_count;
};

static void add_alarms(struct status *status, void *loop, const struct toc_core *core)
{
    struct toc_line lines[ALARMS_MAX];
    const struct toc_desk *desk = status->walk.desk;
    size_t count = desk->alarms(loop, lines, ALARMS_MAX - ALARMS_OWN);
    if (status->store_alarm.text[0] != '\0') {
        lines[count++] = status->store_alarm;
    }
    if (toc_core_is_alone(core)) {
        toc_line_set(&lines[count++], "no link to any other node: see `tocsin peers`");
    }
    if (status->health.alarm) {
        toc_line_set(
            &lines[count++],
            "%u other organisations have held more than this node gets for ten minutes: it "
            "lags or is cut off, and dials others; see `tocsin peers`",
            status->health.witness_orgs);
    }
    if (status->health.own_behind) {
        toc_line_set(&lines[count++], "others hold entries of this node's own log that its store "
                                      "lacks: publish nothing until they have come back");
    }
    if (status->health.over_quota) {
        toc_line_set(&lines[count++], "this organisation publishes more than its quota: what is "
                                      "beyond is announced, and the others fetch it later");
    }
    if (status->feed.quarantined > 0) {
        toc_line_set(&lines[count++],
                     "%llu bulletin%s crashed the indexer, shown unread: to be kept for a report",
                     (unsigned long long)status->feed.quarantined,
                     status->feed.quarantined == 1 ? "" : "s");
    }
    struct toc_span texts[ALARMS_MAX];
    for (size_t i = 0; i < count; i++) {
        texts[i] = toc_span_str(lines[i].text);
    }
    toc_build_texts(&status->row, TOC_FIELD_ALARMS, texts, count);
}

static void add_health(struct status *status)
{
    static const char *const texts[] = {"complete", "behind", "cut off"};
    const struct toc_health_view *health = &status->health;
    struct toc_build *row = &status->row;
    toc_build_number(row, TOC_FIELD_BEHIND, health->behind_entries);
    toc_build_str(row, TOC_FIELD_HEALTH, texts[health->health]);
    toc_build_number(row, TOC_FIELD_BEHIND_LOGS, health->behind_logs);
    toc_build_number(row, TOC_FIELD_BEHIND_GROUPS, health->behind_groups);
    if (health->health != TOC_HEALTH_COMPLETE) {
        /* What the core has not looked at since it came to be began seconds ago. */
        uint64_t since = health->since.ms != 0 ? health->since.ms : toc_now_utc().ms;
        toc_build_number(row, TOC_FIELD_BEHIND_SINCE, since);
    }
    toc_build_number(row, TOC_FIELD_WITNESSES, health->witness_orgs);
    toc_build_number(row, TOC_FIELD_LINKED_ORGS, health->linked_orgs);
    toc_build_number(row, TOC_FIELD_OTHER_ORGS, health->other_orgs);
}

/* Behind by how much in which group, under the name that people know it by. */
static void add_lags(struct status *status, const struct toc_handles *names)
{
    struct toc_build *row = &status->row;
    toc_build_list(row, TOC_FIELD_LAGS);
    for (size_t i = 0; i < status->lag_count && i < LAGS_MAX; i++) {
        const struct toc_lag_view *lag = &status->lags[i];
        bool control = memcmp(lag->group, status->walk.desk->federation, TOC_ID_BYTES) == 0;
        toc_build_row(row);
        toc_build_text(row, TOC_FIELD_NAME,
                       control ? toc_span_str("control") : toc_handles_group(names, lag->group));
        toc_build_number(row, TOC_FIELD_BEHIND, lag->entries);
        toc_build_row_end(row);
    }
    toc_build_list_end(row);
}

static void run_status(void *loop, void *arg)
{
    struct status *status = arg;
    const struct toc_desk *desk = status->walk.desk;
    const struct toc_core *core = desk->core(loop);
    toc_core_view_health(core, &status->health);
    status->lag_count = toc_core_view_lags(core, status->lags, LAGS_MAX);
    const struct toc_roster *roster = toc_core_roster(core);
    const struct toc_org *own = toc_roster_find(roster, desk->org);
    struct toc_build *row = &status->row;
    toc_answer_row(row, "status");
    toc_build_str(row, TOC_FIELD_ORG, own == NULL ? "?" : own->handle);
    toc_build_id(row, TOC_FIELD_ORG_ID, desk->org);
    toc_build_number(row, TOC_FIELD_NODE, desk->node);
    toc_build_str(row, TOC_FIELD_FEDERATION, roster->name);
    toc_build_id(row, TOC_FIELD_FEDERATION_ID, desk->federation);
    toc_build_number(row, TOC_FIELD_ROSTER_NUMBER, roster->number);
    toc_build_str(row, TOC_FIELD_LISTEN, desk->conf->node_listen);
    toc_build_str(row, TOC_FIELD_VERSION, TOC_PROGRAM_VERSION);
    toc_build_number(row, TOC_FIELD_UPTIME, toc_now_mono().ms - desk->started.ms);
    toc_build_number(row, TOC_FIELD_CLOCK, toc_now_utc().ms);
    toc_build_number(row, TOC_FIELD_LOGS, toc_core_log_count(core));
    toc_build_number(row, TOC_FIELD_ENTRIES, status->store.entry_count);
    toc_build_number(row, TOC_FIELD_INDEX_LAG, desk->conf->node_index ? status->feed.lag : 0);
    toc_build_number(row, TOC_FIELD_STORE_BYTES, status->store.file_bytes);
    toc_build_number(row, TOC_FIELD_DISK_FREE, status->store.space_bytes);
    add_alarms(status, loop, core);
    toc_build_list(row, TOC_FIELD_LINKS);
    walk_nodes(&status->walk, core);
    toc_build_list_end(row);
    toc_build_number(row, TOC_FIELD_PID, (uint64_t)getpid());
    toc_build_number(row, TOC_FIELD_QUARANTINED, status->feed.quarantined);
    toc_build_number(row, TOC_FIELD_GROUP_COUNT, toc_core_view_groups(core, NULL, 0));
    add_health(status);
}

struct toc_err toc_answer_status(const struct toc_desk *desk, struct toc_answer *answer)
{
    struct status status = {.walk = {.desk = desk}};
    status.walk.list = &status.row;
    struct toc_err err = toc_store_stat(desk->store, &status.store);
    if (toc_failed(err)) {
        toc_line_set(&status.store_alarm, "the store cannot be read (%s): run `tocsin verify`",
                     err.why == NULL ? toc_code_text(err.code) : err.why);
    }
    toc_feed_stat(desk->feed, &status.feed);
    struct toc_handles *names;
    if (toc_failed(toc_handles_get(desk, &names))) {
        return toc_answer_stopping(answer);
    }
    if (!desk->call(desk->loop, run_status, &status)) {
        toc_handles_free(names);
        return toc_answer_stopping(answer);
    }
    add_lags(&status, names);
    toc_build_number(&status.row, TOC_FIELD_COMING, status.health.coming_entries);
    toc_handles_free(names);
    return answer->row(answer->client, &status.row) ? toc_ok() : TOC_GONE;
}
