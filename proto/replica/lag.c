/* SPDX-License-Identifier: EUPL-1.2 */
#include "lag.h"

#include <string.h>

#include "replica.h"

size_t toc_lag_bytes(uint32_t group_max, uint32_t log_max)
{
    return log_max * sizeof(struct toc_lag_log) + group_max * sizeof(uint64_t) + TOC_ORGS_MAX / 8 +
           64;
}

void toc_lag_init(struct toc_lag *lag, struct toc_arena *arena, uint32_t group_max,
                  uint32_t log_max)
{
    *lag = (struct toc_lag){0};
    lag->logs = toc_arena_reserve(arena, log_max, sizeof *lag->logs);
    lag->witnesses = toc_arena_reserve(arena, TOC_ORGS_MAX / 8, 1);
    lag->by_group = toc_arena_reserve(arena, group_max, sizeof *lag->by_group);
    TOC_ASSERT(lag->logs != NULL && lag->witnesses != NULL && lag->by_group != NULL);
}

/* Forgets what was claimed of each log, and notes which have moved. */
static void begin(struct toc_replica *replica, const struct toc_turn *turn)
{
    struct toc_lag *lag = &replica->lag;
    for (uint32_t i = 0; i < replica->ledger->log_count; i++) {
        struct toc_lag_log *row = &lag->logs[i];
        uint64_t head = replica->ledger->logs[i].head.seq;
        if (row->looked_ms != 0 && head != row->head) {
            row->moved_ms = turn->now.ms;
        }
        row->head = head;
        row->looked_ms = turn->now.ms;
        row->first = row->second = 0;
    }
    memset(lag->witnesses, 0, TOC_ORGS_MAX / 8);
    lag->witness_count = 0;
}

/* The two highest claims, of distinct organisations. */
static void claim(struct toc_lag_log *row, uint32_t org, uint64_t seq)
{
    if (row->first != 0 && row->org == org) {
        row->first = row->first > seq ? row->first : seq;
    } else if (seq > row->first) {
        row->second = row->first;
        row->first = seq;
        row->org = org;
    } else if (seq > row->second) {
        row->second = seq;
    }
}

/* has what this beacon claims not come for too long? The first claim that was not met is
 * the one that is timed: those after it cannot put it off. */
static bool is_overdue(const struct toc_turn *turn, const struct toc_lag_log *log,
                       struct toc_receipt_row *said)
{
    if (said->ahead_seq == 0 || log->head >= said->ahead_seq) {
        said->ahead_seq = said->stored_seq;
        said->ahead_ms = turn->now.ms;
    }
    uint64_t stands = turn->now.ms - said->ahead_ms;
    bool moves = log->moved_ms != 0 && turn->now.ms - log->moved_ms < TOC_LAG_MS;
    return stands >= (moves ? TOC_LAG_SLOW_MS : TOC_LAG_MS);
}

/* Who says that it holds what it does not give us goes first when others are sought. */
static void suspect(struct toc_replica *replica, const struct toc_receipt_row *said)
{
    const uint8_t *org = replica->ledger->roster->orgs[said->org].id;
    for (uint32_t i = 0; i < replica->links->top; i++) {
        struct toc_link *link = &replica->links->items[i];
        if (toc_link_stands(link) && link->node == said->node &&
            memcmp(link->org, org, TOC_ID_BYTES) == 0) {
            link->suspected = true;
        }
    }
}

/* Is a log not taken further, whoever holds more of it? */
static bool is_set_aside(const struct toc_replica *replica, const struct toc_ledger_log *log)
{
    return log->disputed || !toc_replica_may_miss(replica, (uint32_t)(log - replica->ledger->logs),
                                                  TOC_CHECKPOINT_ENTRIES);
}

static void hear_beacons(struct toc_replica *replica, const struct toc_turn *turn)
{
    struct toc_lag *lag = &replica->lag;
    for (uint32_t i = 0; i < replica->receipt_count; i++) {
        struct toc_receipt_row *said = &replica->receipts[replica->receipt_places[i]];
        const struct toc_ledger_log *log = &replica->ledger->logs[said->log];
        if (said->stored_seq <= log->head.seq || is_set_aside(replica, log)) {
            said->ahead_seq = 0;
            continue;
        }
        claim(&lag->logs[said->log], said->org, said->stored_seq);
        if (is_overdue(turn, &lag->logs[said->log], said)) {
            lag->witness_count += !toc_set_has(lag->witnesses, said->org);
            toc_set_put(lag->witnesses, said->org, true);
            suspect(replica, said);
        }
    }
}

/* Rows and announcements of the peers: nobody's signed word, so that they count for what is shown
 * alone.: whose items never come is suspected. Gives whether a link to another organisation
 * stands. */
static bool hear_links(struct toc_replica *replica)
{
    bool linked = false;
    replica->lag.unmet_count = 0;
    for (uint32_t i = 0; i < replica->links->top; i++) {
        struct toc_link *link = &replica->links->items[i];
        if (!toc_link_stands(link)) {
            continue;
        }
        bool other = memcmp(link->org, replica->own_org, TOC_ID_BYTES) != 0;
        link->suspected = other && link->unmet >= TOC_UNMET_MAX;
        replica->lag.unmet_count += link->suspected;
        linked = linked || other;
        uint32_t org = toc_ledger_org_place(replica->ledger, link->org);
        for (uint32_t log = 0; org != TOC_LEDGER_NONE && log < replica->ledger->log_count; log++) {
            uint64_t has = *toc_replica_has(replica, link, log);
            const struct toc_ledger_log *at = &replica->ledger->logs[log];
            if (has > at->head.seq && !at->disputed) {
                claim(&replica->lag.logs[log], org, has);
            }
        }
    }
    return linked;
}

/* how many entries of a log others hold and we do not. */
static uint64_t missing_of(const struct toc_turn *turn, struct toc_lag_log *row)
{
    if (row->first == 0) {
        row->claimed_seq = 0;
        return 0;
    }
    if (row->claimed_seq == 0 || row->head >= row->claimed_seq) {
        row->claimed_seq = row->first;
        row->claimed_ms = turn->now.ms;
    }
    uint64_t stands = turn->now.ms - row->claimed_ms;
    if (stands < TOC_LAG_SETTLE_MS) {
        return 0;
    }
    bool moves = row->moved_ms != 0 && turn->now.ms - row->moved_ms < TOC_LAG_WORD_MS;
    uint64_t word = row->first - row->head;
    word = word < TOC_LAG_WORD_MAX ? word : TOC_LAG_WORD_MAX;
    word = moves || stands < TOC_LAG_WORD_MS ? word : 0;
    uint64_t agreed = row->second > row->head ? row->second - row->head : 0;
    return agreed > word ? agreed : word;
}

/* Sums of what liars claim stay numbers. */
static void add(uint64_t *sum, uint64_t entries)
{
    *sum = *sum > UINT64_MAX - entries ? UINT64_MAX : *sum + entries;
}

static void add_up(struct toc_replica *replica, const struct toc_turn *turn)
{
    struct toc_lag *lag = &replica->lag;
    memset(lag->by_group, 0, replica->ledger->group_count * sizeof *lag->by_group);
    lag->entries = lag->log_count = lag->group_count = 0;
    lag->own = false;
    for (uint32_t i = 0; i < replica->ledger->log_count; i++) {
        uint64_t missing = missing_of(turn, &lag->logs[i]);
        if (missing == 0) {
            continue;
        }
        const struct toc_ledger_log *log = &replica->ledger->logs[i];
        lag->log_count++;
        lag->group_count += lag->by_group[log->group] == 0;
        add(&lag->by_group[log->group], missing);
        add(&lag->entries, missing);
        lag->own = lag->own || toc_replica_is_own(replica, log);
    }
}

/* When something began, or zero while it is not so. */
static void mark(struct toc_utc *since, bool is, const struct toc_turn *turn)
{
    if (!is) {
        since->ms = 0;
    } else if (since->ms == 0) {
        *since = turn->now_utc;
    }
}

static void alarm_if(struct toc_replica *replica, struct toc_turn *turn, bool lags)
{
    struct toc_lag *lag = &replica->lag;
    if (lags != lag->alarm) {
        struct toc_notice *notice = &toc_turn_emit(turn, TOC_ACTION_NOTICE)->notice;
        notice->kind = lags ? TOC_NOTICE_LAG : TOC_NOTICE_CAUGHT_UP;
    }
    lag->alarm = lags;
}

/* for too long something is missing, or it was asked for in vain. */
static void seek(struct toc_replica *replica, const struct toc_turn *turn)
{
    struct toc_lag *lag = &replica->lag;
    bool in_vain = lag->entries > 0 && lag->unmet_count >= TOC_LAG_ORGS;
    if ((!lag->alarm && !in_vain) || turn->now.ms < lag->seek_ms) {
        return;
    }
    lag->seek_ms = turn->now.ms + TOC_LAG_SEEK_MS;
    toc_links_seek(replica->links);
    if (lag->alarm) {
        toc_replica_compare_all(replica);
    }
}

void toc_lag_tick(struct toc_replica *replica, struct toc_turn *turn)
{
    struct toc_lag *lag = &replica->lag;
    if (turn->now.ms < lag->check_ms) {
        return;
    }
    lag->check_ms = turn->now.ms + TOC_LAG_CHECK_MS;
    begin(replica, turn);
    lag->alone = !hear_links(replica) && replica->ledger->roster->org_count > 1;
    hear_beacons(replica, turn);
    add_up(replica, turn);
    alarm_if(replica, turn, lag->witness_count >= TOC_LAG_ORGS); /* */
    seek(replica, turn);
    mark(&lag->behind_since, lag->entries > 0, turn);
    mark(&lag->alarm_since, lag->alarm, turn);
    mark(&lag->alone_since, lag->alone, turn);
}
