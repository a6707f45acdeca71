/* SPDX-License-Identifier: EUPL-1.2 */
#include "ledger.h"

#include <string.h>

static size_t slot_count(const struct toc_ledger_options *options)
{
    return (size_t)options->log_max * 2; /* at most half full: short probes */
}

size_t toc_ledger_bytes(const struct toc_ledger_options *options)
{
    return options->group_max * (sizeof(struct toc_ledger_group) + sizeof(uint32_t)) +
           options->log_max * sizeof(struct toc_ledger_log) +
           slot_count(options) * sizeof(uint32_t) + 128;
}

/* Log ids are hashes: their first bytes are as good as any. */
static uint32_t *find_slot(const struct toc_ledger *ledger, const uint8_t *id)
{
    uint32_t at = toc_le32(id) & ledger->slot_mask;
    while (ledger->slots[at] != 0 &&
           memcmp(ledger->logs[ledger->slots[at] - 1].id, id, TOC_ID_BYTES) != 0) {
        at = (at + 1) & ledger->slot_mask;
    }
    return &ledger->slots[at];
}

uint32_t toc_ledger_find_log(const struct toc_ledger *ledger, const uint8_t id[static TOC_ID_BYTES])
{
    uint32_t found = *find_slot(ledger, id);
    return found == 0 ? TOC_LEDGER_NONE : found - 1;
}

uint32_t toc_ledger_find_prefix(const struct toc_ledger *ledger,
                                const uint8_t prefix[static TOC_TELL_PREFIX_BYTES], uint32_t after)
{
    bool seen = after == TOC_LEDGER_NONE;
    uint32_t slot = toc_le32(prefix) & ledger->slot_mask;
    for (; ledger->slots[slot] != 0; slot = (slot + 1) & ledger->slot_mask) {
        uint32_t log = ledger->slots[slot] - 1;
        if (seen && memcmp(ledger->logs[log].id, prefix, TOC_TELL_PREFIX_BYTES) == 0) {
            return log;
        }
        seen = seen || log == after;
    }
    return TOC_LEDGER_NONE;
}

/* Where a group of this id stands in the order, or would stand. */
static uint32_t place_in_order(const struct toc_ledger *ledger, const uint8_t *id)
{
    uint32_t low = 0, high = ledger->group_count - 1;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        bool before = memcmp(ledger->groups[ledger->order[middle]].id, id, TOC_ID_BYTES) < 0;
        low = before ? middle + 1 : low;
        high = before ? high : middle;
    }
    return low;
}

uint32_t toc_ledger_find_group(const struct toc_ledger *ledger,
                               const uint8_t id[static TOC_ID_BYTES])
{
    if (memcmp(ledger->groups[TOC_GROUP_CONTROL].id, id, TOC_ID_BYTES) == 0) {
        return TOC_GROUP_CONTROL;
    }
    uint32_t place = place_in_order(ledger, id);
    if (place < ledger->group_count - 1 &&
        memcmp(ledger->groups[ledger->order[place]].id, id, TOC_ID_BYTES) == 0) {
        return ledger->order[place];
    }
    return TOC_LEDGER_NONE;
}

/* Before the group, which is the last, is counted. */
static void put_in_order(struct toc_ledger *ledger, uint32_t group)
{
    uint32_t place = place_in_order(ledger, ledger->groups[group].id);
    memmove(&ledger->order[place + 1], &ledger->order[place],
            (ledger->group_count - 1 - place) * sizeof *ledger->order);
    ledger->order[place] = group;
}

static void take_from_order(struct toc_ledger *ledger, uint32_t group)
{
    uint32_t place = place_in_order(ledger, ledger->groups[group].id);
    memmove(&ledger->order[place], &ledger->order[place + 1],
            (ledger->group_count - 2 - place) * sizeof *ledger->order);
}

uint32_t toc_ledger_log_of(const struct toc_ledger *ledger, uint32_t group,
                           const uint8_t log_key[static TOC_KEY_BYTES])
{
    uint8_t id[TOC_ID_BYTES];
    toc_log_id(id, ledger->federation, ledger->groups[group].id, log_key);
    return toc_ledger_find_log(ledger, id);
}

static struct toc_err add_log(struct toc_ledger *ledger, uint32_t group,
                              const struct toc_log_key *writer)
{
    struct toc_ledger_group *in = &ledger->groups[group];
    uint8_t id[TOC_ID_BYTES];
    toc_log_id(id, ledger->federation, in->id, writer->key);
    uint32_t *slot = find_slot(ledger, id);
    if (*slot != 0) {
        return toc_ok();
    }
    if (ledger->log_count == ledger->log_max) {
        return toc_fail(TOC_FULL, "the table of logs is full");
    }
    const struct toc_org *org = toc_roster_find(ledger->roster, writer->org);
    TOC_ASSERT(org != NULL); /* the directory takes cards of the roster alone */
    struct toc_ledger_log *log = &ledger->logs[ledger->log_count];
    *log = (struct toc_ledger_log){.node = writer->node,
                                   .group = group,
                                   .next_in_group = in->first_log,
                                   .org_place = (uint32_t)(org - ledger->roster->orgs),
                                   .first_waiting = TOC_LEDGER_NONE,
                                   .last_waiting = TOC_LEDGER_NONE,
                                   .first_item = TOC_LEDGER_NONE};
    memcpy(log->id, id, TOC_ID_BYTES);
    memcpy(log->org, writer->org, TOC_ID_BYTES);
    memcpy(log->log_key, writer->key, TOC_KEY_BYTES);
    in->first_log = ledger->log_count;
    in->log_count++;
    *slot = ++ledger->log_count;
    return toc_ok();
}

static struct toc_err add_logs_of(struct toc_ledger *ledger, uint32_t group, const uint8_t *org)
{
    struct toc_log_key keys[TOC_LOG_KEYS_OF_ORG_MAX];
    size_t count = toc_directory_log_keys(ledger->directory, org, keys, TOC_LOG_KEYS_OF_ORG_MAX);
    for (size_t i = 0; i < count; i++) {
        TOC_TRY(add_log(ledger, group, &keys[i]));
    }
    return toc_ok();
}

static bool has_bit(const uint8_t *set, size_t bit)
{
    return (set[bit / 8] >> (bit % 8) & 1) != 0;
}

uint32_t toc_ledger_org_place(const struct toc_ledger *ledger,
                              const uint8_t org[static TOC_ID_BYTES])
{
    const struct toc_org *found = toc_roster_find(ledger->roster, org);
    return found == NULL ? TOC_LEDGER_NONE : (uint32_t)(found - ledger->roster->orgs);
}

bool toc_ledger_is_member(const struct toc_ledger *ledger, uint32_t group,
                          const uint8_t org[static TOC_ID_BYTES])
{
    uint32_t place = toc_ledger_org_place(ledger, org);
    return place != TOC_LEDGER_NONE && has_bit(ledger->groups[group].members, place);
}

/* Places of `members` in the roster as a bit set. */
static struct toc_err member_set(const struct toc_ledger *ledger, struct toc_ids members,
                                 uint8_t set[static TOC_MEMBER_SET_BYTES])
{
    memset(set, 0, TOC_MEMBER_SET_BYTES);
    for (size_t i = 0; i < members.count; i++) {
        const struct toc_org *org = toc_roster_find(ledger->roster, toc_ids_at(members, i));
        if (org == NULL) {
            return toc_fail(TOC_MEMBER, "a group names an organisation that is not in the roster");
        }
        size_t bit = (size_t)(org - ledger->roster->orgs);
        set[bit / 8] |= (uint8_t)(1u << (bit % 8));
    }
    return toc_ok();
}

static struct toc_err add_member_logs(struct toc_ledger *ledger, uint32_t group)
{
    for (size_t i = 0; i < ledger->roster->org_count; i++) {
        if (has_bit(ledger->groups[group].members, i)) {
            TOC_TRY(add_logs_of(ledger, group, ledger->roster->orgs[i].id));
        }
    }
    return toc_ok();
}

/* The two groups that are bound to the roster. */
static void add_bound_group(struct toc_ledger *ledger, const uint8_t *id)
{
    struct toc_ledger_group *group = &ledger->groups[ledger->group_count];
    *group = (struct toc_ledger_group){.first_log = TOC_LEDGER_NONE,
                                       .member_count = (uint32_t)ledger->roster->org_count};
    memcpy(group->id, id, TOC_ID_BYTES);
    for (size_t i = 0; i < ledger->roster->org_count; i++) {
        group->members[i / 8] |= (uint8_t)(1u << (i % 8));
    }
    if (ledger->group_count > TOC_GROUP_CONTROL) {
        put_in_order(ledger, ledger->group_count);
    }
    ledger->group_count++;
}

void toc_ledger_init(struct toc_ledger *ledger, struct toc_arena *arena,
                     const struct toc_ledger_options *options)
{
    TOC_ASSERT(options->group_max >= 2 && (options->log_max & (options->log_max - 1)) == 0);
    *ledger = (struct toc_ledger){.federation = options->federation,
                                  .roster = options->roster,
                                  .directory = options->directory,
                                  .own_org = options->own_org,
                                  .group_max = options->group_max,
                                  .log_max = options->log_max,
                                  .slot_mask = (uint32_t)slot_count(options) - 1};
    ledger->groups = toc_arena_reserve(arena, options->group_max, sizeof *ledger->groups);
    ledger->logs = toc_arena_reserve(arena, options->log_max, sizeof *ledger->logs);
    ledger->slots = toc_arena_reserve(arena, slot_count(options), sizeof *ledger->slots);
    ledger->order = toc_arena_reserve(arena, options->group_max, sizeof *ledger->order);
    TOC_ASSERT(ledger->groups != NULL && ledger->logs != NULL && ledger->slots != NULL &&
               ledger->order != NULL);
    add_bound_group(ledger, options->federation);
    memcpy(ledger->groups[TOC_GROUP_CONTROL].tag_key, options->federation, TOC_ID_BYTES);
    uint8_t all[TOC_ID_BYTES];
    toc_group_all_id(all, options->federation);
    add_bound_group(ledger, all);
    ledger->groups[TOC_GROUP_ALL].is_all = true;
    memcpy(ledger->groups[TOC_GROUP_ALL].name, "all", 4);
    for (uint32_t group = 0; group < 2; group++) {
        TOC_ASSERT(!toc_failed(add_member_logs(ledger, group)));
    }
}

/* what the groups of one founder take already. */
static void count_of_founder(const struct toc_ledger *ledger, const uint8_t *founder,
                             size_t *groups, size_t *logs)
{
    *groups = *logs = 0;
    for (uint32_t i = TOC_GROUP_ALL + 1; i < ledger->group_count; i++) {
        if (memcmp(ledger->groups[i].founder, founder, TOC_ID_BYTES) == 0) {
            *groups += 1;
            *logs += ledger->groups[i].log_count;
        }
    }
}

struct toc_err toc_ledger_fits(const struct toc_ledger *ledger, const struct toc_group *founding)
{
    uint8_t set[TOC_MEMBER_SET_BYTES];
    TOC_TRY(member_set(ledger, founding->members, set));
    size_t logs_most = founding->members.count * TOC_LOG_KEYS_OF_ORG_MAX;
    if (ledger->group_count == ledger->group_max) {
        return toc_fail(TOC_FULL, "the table of groups is full");
    }
    if (logs_most > ledger->log_max - ledger->log_count) {
        return toc_fail(TOC_FULL, "the table of logs is full");
    }
    if (memcmp(founding->founder, ledger->own_org, TOC_ID_BYTES) == 0) {
        return toc_ok();
    }
    size_t groups, logs;
    count_of_founder(ledger, founding->founder, &groups, &logs);
    if (groups >= ledger->group_max / TOC_LEDGER_FOUNDER_PART ||
        logs >= ledger->log_max / TOC_LEDGER_FOUNDER_PART) {
        return toc_fail(TOC_FULL, "one organisation has founded too many groups");
    }
    return toc_ok();
}

struct toc_err toc_ledger_add_group(struct toc_ledger *ledger, const struct toc_group *founding,
                                    uint32_t *group)
{
    uint32_t known = toc_ledger_find_group(ledger, founding->id);
    if (known != TOC_LEDGER_NONE) {
        *group = known;
        return toc_ok();
    }
    TOC_TRY(toc_ledger_fits(ledger, founding));
    struct toc_ledger_group *row = &ledger->groups[ledger->group_count];
    *row = (struct toc_ledger_group){.first_log = TOC_LEDGER_NONE,
                                     .direct = (founding->flags & TOC_GROUP_DIRECT) != 0,
                                     .member_count = (uint32_t)founding->members.count};
    TOC_TRY(member_set(ledger, founding->members, row->members));
    memcpy(row->id, founding->id, TOC_ID_BYTES);
    memcpy(row->founder, founding->founder, TOC_ID_BYTES);
    size_t name = founding->name.len < TOC_GROUP_NAME_BYTES_MAX ? founding->name.len
                                                                : TOC_GROUP_NAME_BYTES_MAX;
    if (name != 0) {
        memcpy(row->name, founding->name.at, name);
    }
    *group = ledger->group_count;
    put_in_order(ledger, *group);
    ledger->group_count++;
    return add_member_logs(ledger, *group);
}

/* In reverse order of insertion, so that no probe of the table is broken. */
void toc_ledger_drop_group(struct toc_ledger *ledger)
{
    TOC_ASSERT(ledger->group_count > 2);
    uint32_t group = ledger->group_count - 1;
    take_from_order(ledger, group);
    ledger->group_count--;
    while (ledger->log_count > 0 && ledger->logs[ledger->log_count - 1].group == group) {
        *find_slot(ledger, ledger->logs[ledger->log_count - 1].id) = 0;
        ledger->log_count--;
    }
    toc_wipe(&ledger->groups[group], sizeof ledger->groups[group]);
}

void toc_ledger_set_epoch(struct toc_ledger *ledger, uint32_t group, const struct toc_epoch *epoch,
                          const uint8_t k[static TOC_KEY_BYTES],
                          const uint8_t tag_key[static TOC_KEY_BYTES])
{
    struct toc_ledger_group *row = &ledger->groups[group];
    row->epoch_number = epoch->number;
    row->epoch_reason = epoch->reason;
    memcpy(row->epoch_hash, epoch->hash, TOC_HASH_BYTES);
    memcpy(row->epoch_parent, epoch->parent, TOC_HASH_BYTES);
    memcpy(row->k, k, TOC_KEY_BYTES);
    memcpy(row->tag_key, tag_key, TOC_KEY_BYTES);
    row->has_epoch = true;
}

struct toc_err toc_ledger_add_nodes(struct toc_ledger *ledger,
                                    const uint8_t org[static TOC_ID_BYTES])
{
    for (uint32_t group = 0; group < ledger->group_count; group++) {
        if (toc_ledger_is_member(ledger, group, org)) {
            TOC_TRY(add_logs_of(ledger, group, org));
        }
    }
    return toc_ok();
}

uint32_t toc_ledger_find_direct(const struct toc_ledger *ledger,
                                const uint8_t founder[static TOC_ID_BYTES], struct toc_ids members)
{
    uint8_t set[TOC_MEMBER_SET_BYTES];
    if (toc_failed(member_set(ledger, members, set))) {
        return TOC_LEDGER_NONE;
    }
    for (uint32_t i = 2; i < ledger->group_count; i++) {
        const struct toc_ledger_group *group = &ledger->groups[i];
        if (group->direct && memcmp(group->founder, founder, TOC_ID_BYTES) == 0 &&
            memcmp(group->members, set, sizeof set) == 0) {
            return i;
        }
    }
    return TOC_LEDGER_NONE;
}

static void row_of(struct toc_row *row, const struct toc_ledger_log *log,
                   const struct toc_log_head *head)
{
    memcpy(row->log, log->id, TOC_ID_BYTES);
    row->seq = head->seq;
    memcpy(row->hash, head->hash, TOC_HASH_BYTES);
}

void toc_ledger_store_head(struct toc_ledger *ledger, uint32_t log, const struct toc_log_head *head,
                           struct toc_utc now)
{
    struct toc_ledger_log *at = &ledger->logs[log];
    struct toc_row before, after;
    row_of(&before, at, &at->head);
    row_of(&after, at, head);
    toc_digest_replace(&ledger->groups[at->group].digest, &before, &after);
    at->head = *head;
    /* who writes dates to come would be thought of as active until then. */
    at->active_ms = head->utc.ms < now.ms ? head->utc.ms : now.ms;
    if (ledger->groups[at->group].active_ms < at->active_ms) {
        ledger->groups[at->group].active_ms = at->active_ms;
    }
    if (at->checked.seq < head->seq) {
        at->checked = *head;
    }
}

void toc_ledger_digest(const struct toc_ledger *ledger, uint32_t group,
                       uint8_t out[static TOC_DIGEST_BYTES])
{
    const struct toc_ledger_group *at = &ledger->groups[group];
    toc_digest_bytes(out, &at->digest, at->tag_key);
}

void toc_ledger_buckets(const struct toc_ledger *ledger, uint32_t group,
                        uint8_t out[static TOC_BUCKETS * TOC_DIGEST_BYTES])
{
    const struct toc_ledger_group *at = &ledger->groups[group];
    struct toc_digest digests[TOC_BUCKETS] = {0};
    const struct toc_row none = {.seq = 0};
    for (uint32_t i = at->first_log; i != TOC_LEDGER_NONE; i = ledger->logs[i].next_in_group) {
        struct toc_row row;
        row_of(&row, &ledger->logs[i], &ledger->logs[i].head);
        toc_digest_replace(&digests[toc_bucket_of(row.log)], &none, &row);
    }
    for (uint32_t i = 0; i < TOC_BUCKETS; i++) {
        toc_bucket_bytes(out + (size_t)i * TOC_DIGEST_BYTES, &digests[i], at->tag_key, i);
    }
}
