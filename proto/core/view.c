/* SPDX-License-Identifier: EUPL-1.2 */
#include <string.h>

#include "core_internal.h"

/* Looking in: nothing here changes anything. */

static uint64_t behind(const struct toc_core *core, const struct toc_link *link)
{
    const uint64_t *has = &core->replica.has[(size_t)link->place * core->ledger.log_max];
    uint64_t entries = 0;
    for (uint32_t i = 0; i < core->ledger.log_count; i++) {
        uint64_t ours = core->ledger.logs[i].head.seq;
        entries += has[i] > ours ? has[i] - ours : 0;
    }
    return entries;
}

static size_t shared_groups(const struct toc_core *core, const struct toc_link *link)
{
    size_t count = 0;
    for (uint32_t group = 0; group < core->ledger.group_count; group++) {
        count += toc_set_has(link->shared, group);
    }
    return count;
}

/* Shared logs with entries that are pushed to this peer, and those that it is told of only. */
static void count_logs(const struct toc_core *core, const struct toc_link *link,
                       struct toc_link_view *view)
{
    for (uint32_t i = 0; link->established && i < core->ledger.log_count; i++) {
        const struct toc_ledger_log *log = &core->ledger.logs[i];
        if (log->head.seq == 0 || !toc_set_has(link->shared, log->group)) {
            continue;
        }
        bool lazy = (core->replica.gossip.logs[i].lazy >> link->place & 1) != 0;
        view->lazy_logs += lazy;
        view->eager_logs += !lazy;
    }
}

static size_t queued(const struct toc_link *link)
{
    size_t count = 0;
    for (unsigned class = 0; class < TOC_CLASS_COUNT; class ++) {
        count += toc_peer_waiting(&link->peer, (enum toc_class) class);
    }
    return count;
}

static void view_link(const struct toc_core *core, const struct toc_link *link,
                      struct toc_link_view *view)
{
    *view = (struct toc_link_view){.link = link->id,
                                   .node = link->node,
                                   .dialled = link->dialled,
                                   .established = link->established,
                                   .why = toc_link_why(&core->links, link),
                                   .version = link->hello.version,
                                   .suite = TOC_SUITE_1,
                                   .sent_bytes = link->peer.sent_bytes,
                                   .received_bytes = link->peer.received_bytes,
                                   .rtt_ms = link->rtt_ms,
                                   .since = link->opened,
                                   .clock_offset_ms = link->clock_offset_ms,
                                   .group_count = shared_groups(core, link),
                                   .behind_entries = link->established ? behind(core, link) : 0,
                                   .queued = queued(link),
                                   .rate = link->peer.rate.loaded ? link->peer.rate.bytes_s : 0};
    count_logs(core, link, view);
    memcpy(view->org, link->org, TOC_ID_BYTES);
}

size_t toc_core_view_links(const struct toc_core *core, struct toc_link_view *views, size_t max)
{
    size_t count = 0;
    for (uint32_t i = 0; i < core->links.top; i++) {
        const struct toc_link *link = &core->links.items[i];
        if (link->state != TOC_LINK_OPEN && link->state != TOC_LINK_DIALLING) {
            continue;
        }
        if (count < max) {
            view_link(core, link, &views[count]);
        }
        count++;
    }
    return count;
}

/* Why a node is not sought, or what befell it last. */
static struct toc_err why_down(const struct toc_cert *cert, const struct toc_dial *dial, bool all)
{
    if (toc_failed(dial->ended)) {
        return dial->ended;
    }
    if (cert->address_count == 0) {
        return toc_fail(TOC_UNREACHABLE, "its card names no address: it dials this node");
    }
    if ((cert->suites & TOC_SUITE_BIT(TOC_SUITE_1)) == 0) {
        return toc_fail(TOC_VERSION, "it speaks no version of the protocol that this node does");
    }
    if (dial->tried.ms != 0) {
        return toc_fail(TOC_UNREACHABLE, "no answer yet");
    }
    return toc_fail(TOC_UNREACHABLE, all ? "not tried yet" : "not sought: other links are enough");
}

struct toc_err toc_core_view_down(const struct toc_core *core,
                                  const uint8_t org[static TOC_ID_BYTES], uint16_t node,
                                  struct toc_down_view *view)
{
    const struct toc_card *card = toc_directory_card(&core->directory, org);
    const struct toc_cert *cert = card == NULL ? NULL : toc_card_node(card, node);
    if (cert == NULL) {
        return toc_fail(TOC_ABSENT, "no such node");
    }
    const struct toc_directory_slot *slot = (const struct toc_directory_slot *)(const void *)card;
    size_t place = (size_t)(slot - core->directory.slots) * TOC_NODES_MAX;
    const struct toc_dial *dial = &core->links.dials[place + (size_t)(cert - card->nodes)];
    bool dialling = false;
    for (uint32_t i = 0; i < core->links.top; i++) {
        const struct toc_link *link = &core->links.items[i];
        if (core->links.ids[i] == 0 || link->node != node ||
            memcmp(link->org, org, TOC_ID_BYTES) != 0) {
            continue;
        }
        if (link->established) {
            return toc_fail(TOC_STATE, "a link stands");
        }
        dialling = dialling || link->dialled;
    }
    bool own = memcmp(org, core->own_org, TOC_ID_BYTES) == 0;
    bool all = own || core->links.node_count <= TOC_ALL_NODES_MAX;
    *view = (struct toc_down_view){.err = why_down(cert, dial, all),
                                   .ended = toc_failed(dial->ended) ? dial->ended_at
                                                                    : (struct toc_mono){0},
                                   .tried = dial->tried,
                                   .dialling = dialling,
                                   .sought = all && cert->address_count > 0 &&
                                             (cert->suites & TOC_SUITE_BIT(TOC_SUITE_1)) != 0,
                                   .next = {dial->next_ms}};
    return toc_ok();
}

/* Other organisations to which links stand. */
static uint32_t linked_orgs(const struct toc_core *core)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < core->links.top; i++) {
        const struct toc_link *link = &core->links.items[i];
        bool counts = toc_link_stands(link) && memcmp(link->org, core->own_org, TOC_ID_BYTES) != 0;
        for (uint32_t k = 0; counts && k < i; k++) {
            const struct toc_link *before = &core->links.items[k];
            counts = !toc_link_stands(before) || memcmp(before->org, link->org, TOC_ID_BYTES) != 0;
        }
        count += counts;
    }
    return count;
}

/* What the peers tell of one log beyond our head. */
static uint64_t told_of(const struct toc_core *core, uint32_t log)
{
    const struct toc_ledger_log *at = &core->ledger.logs[log];
    uint64_t most = at->head.seq;
    for (uint32_t i = 0; !at->disputed && i < core->links.top; i++) {
        const struct toc_link *link = &core->links.items[i];
        uint64_t has = core->replica.has[(size_t)link->place * core->ledger.log_max + log];
        most = toc_link_stands(link) && has > most ? has : most;
    }
    return most - at->head.seq;
}

/* Entries that the peers have told of too lately for toc_lag to count them. A claim that has stood
 * for long and that toc_lag does not count is one organisation's word: it is not coming. */
static uint64_t coming(const struct toc_core *core)
{
    const struct toc_lag *lag = &core->replica.lag;
    uint64_t entries = 0, now_ms = lag->check_ms;
    for (uint32_t i = 0; i < core->ledger.log_count; i++) {
        const struct toc_lag_log *row = &lag->logs[i];
        bool old = row->claimed_seq > core->ledger.logs[i].head.seq &&
                   now_ms - row->claimed_ms > TOC_LAG_SETTLE_MS + TOC_LAG_CHECK_MS;
        uint64_t told = old ? 0 : told_of(core, i);
        entries = told > UINT64_MAX - entries ? UINT64_MAX : entries + told;
    }
    return entries;
}

void toc_core_view_health(const struct toc_core *core, struct toc_health_view *view)
{
    const struct toc_lag *lag = &core->replica.lag;
    *view = (struct toc_health_view){.linked_orgs = linked_orgs(core),
                                     .other_orgs = (uint32_t)core->ledger.roster->org_count - 1,
                                     .behind_entries = lag->entries,
                                     .behind_logs = lag->log_count,
                                     .behind_groups = lag->group_count,
                                     .coming_entries = coming(core),
                                     .own_behind = lag->own,
                                     .over_quota = core->replica.quota_told,
                                     .alarm = lag->alarm,
                                     .witness_orgs = lag->witness_count};
    bool alone = view->linked_orgs == 0 && view->other_orgs > 0;
    if (alone || lag->alarm) {
        view->health = TOC_HEALTH_CUT_OFF;
        view->since = alone ? lag->alone_since : lag->alarm_since;
    } else if (lag->entries > 0) {
        view->health = TOC_HEALTH_BEHIND;
        view->since = lag->behind_since;
    }
}

bool toc_core_is_alone(const struct toc_core *core)
{
    for (uint32_t i = 0; i < core->links.top; i++) {
        if (toc_link_stands(&core->links.items[i])) {
            return false;
        }
    }
    return core->ledger.roster->org_count > 1;
}

size_t toc_core_view_lags(const struct toc_core *core, struct toc_lag_view *views, size_t max)
{
    size_t count = 0;
    for (uint32_t i = 0; i < core->ledger.group_count; i++) {
        uint64_t entries = core->replica.lag.by_group[i];
        if (entries == 0) {
            continue;
        }
        if (count < max) {
            views[count].entries = entries;
            memcpy(views[count].group, core->ledger.groups[i].id, TOC_ID_BYTES);
        }
        count++;
    }
    return count;
}

size_t toc_core_view_groups(const struct toc_core *core, struct toc_group_view *views, size_t max)
{
    size_t count = core->ledger.group_count - 1;
    for (size_t i = 0; i < count && i < max; i++) {
        const struct toc_ledger_group *group = &core->ledger.groups[i + 1];
        views[i] = (struct toc_group_view){.is_all = group->is_all,
                                           .direct = group->direct,
                                           .member_count = group->member_count,
                                           .epoch_number = group->epoch_number};
        memcpy(views[i].id, group->id, TOC_ID_BYTES);
        memcpy(views[i].name, group->name, sizeof views[i].name);
        memcpy(views[i].epoch_ref, group->epoch_hash, TOC_EPOCH_REF_BYTES);
    }
    return count;
}

bool toc_core_view_member(const struct toc_core *core, const uint8_t group[static TOC_ID_BYTES],
                          size_t index, uint8_t org[static TOC_ID_BYTES])
{
    uint32_t at = toc_ledger_find_group(&core->ledger, group);
    const struct toc_roster *roster = core->ledger.roster;
    for (size_t i = 0; at != TOC_LEDGER_NONE && i < roster->org_count; i++) {
        if (toc_ledger_is_member(&core->ledger, at, roster->orgs[i].id) && index-- == 0) {
            memcpy(org, roster->orgs[i].id, TOC_ID_BYTES);
            return true;
        }
    }
    return false;
}

struct toc_err toc_core_view_log(const struct toc_core *core,
                                 const uint8_t log[static TOC_ID_BYTES], struct toc_log_view *view)
{
    uint32_t at = toc_ledger_find_log(&core->ledger, log);
    if (at == TOC_LEDGER_NONE) {
        return toc_fail(TOC_ABSENT, "no such log is known");
    }
    const struct toc_ledger_log *row = &core->ledger.logs[at];
    *view = (struct toc_log_view){.node = row->node, .head = row->head};
    memcpy(view->id, row->id, TOC_ID_BYTES);
    memcpy(view->group, core->ledger.groups[row->group].id, TOC_ID_BYTES);
    memcpy(view->org, row->org, TOC_ID_BYTES);
    memcpy(view->log_key, row->log_key, TOC_KEY_BYTES);
    return toc_ok();
}

size_t toc_core_log_count(const struct toc_core *core)
{
    size_t count = 0;
    for (uint32_t i = 0; i < core->ledger.log_count; i++) {
        count += core->ledger.logs[i].head.seq != 0;
    }
    return count;
}

struct toc_receipt toc_core_view_receipt(const struct toc_core *core,
                                         const uint8_t org[static TOC_ID_BYTES], uint16_t node,
                                         const uint8_t log[static TOC_ID_BYTES])
{
    uint32_t at = toc_ledger_find_log(&core->ledger, log);
    const struct toc_receipt_row *row =
        at == TOC_LEDGER_NONE ? NULL : toc_replica_receipt(&core->replica, org, node, at);
    if (row == NULL) {
        return (struct toc_receipt){0};
    }
    return (struct toc_receipt){.stored_seq = row->stored_seq,
                                .indexed_seq = row->indexed_seq,
                                .stored_at = {row->stored_at_ms},
                                .indexed_at = {row->indexed_at_ms}};
}

const struct toc_directory *toc_core_directory(const struct toc_core *core)
{
    return &core->directory;
}

const struct toc_roster *toc_core_roster(const struct toc_core *core)
{
    return core->ledger.roster;
}

const uint8_t *toc_core_federation(const struct toc_core *core)
{
    return core->federation;
}

struct toc_err toc_epoch_rest_open(struct toc_span value,
                                   const uint8_t store_key[static TOC_KEY_BYTES],
                                   uint8_t k[static TOC_KEY_BYTES])
{
    struct toc_span envelope;
    struct toc_epoch_secret secret;
    TOC_TRY(toc_epoch_rest_read(value, store_key, &envelope, &secret));
    memcpy(k, secret.k, TOC_KEY_BYTES);
    toc_wipe(&secret, sizeof secret);
    return toc_ok();
}
