/* SPDX-License-Identifier: EUPL-1.2 */
#include "core.h"

#include <string.h>

#include "core_internal.h"

#define TICK_MS 1000u    /* the longest pause between two timers */
#define ORG_ROOM 32u     /* organisations that may join before a restart sizes anew */
#define BUSY_TICK_MS 50u /* while something waits for room, or digests for their pause */

size_t toc_core_bytes(const struct toc_core_options *options)
{
    struct toc_ledger_options ledger = {.group_max = options->group_max,
                                        .log_max = options->log_max};
    return sizeof(struct toc_core) + TOC_GENESIS_ARENA_BYTES + options->genesis.len +
           options->own_card.len + TOC_ORGS_MAX * TOC_DIRECTORY_ORG_BYTES +
           toc_links_bytes(options->link_max, TOC_ORGS_MAX) + toc_ledger_bytes(&ledger) +
           toc_replica_bytes(options->link_max, options->group_max, options->log_max) + 65536;
}

/* The genesis as this node reads it: complete, ours, and with an epoch that opens. */
static struct toc_err read_genesis(struct toc_core *core, const struct toc_core_options *options,
                                   struct toc_arena *arena)
{
    struct toc_span genesis = toc_arena_copy(arena, options->genesis);
    struct toc_span card = toc_arena_copy(arena, options->own_card);
    if (genesis.at == NULL || card.at == NULL) {
        return toc_fail(TOC_FULL, "the genesis does not fit");
    }
    core->own_card = card;
    TOC_TRY(toc_genesis_decode(&core->genesis, genesis, arena));
    memcpy(core->federation, core->genesis.roster.hash, TOC_ID_BYTES);
    /* Sized for this roster and some growth. */
    size_t org_max = core->genesis.roster.org_count + ORG_ROOM;
    org_max = org_max < TOC_ORGS_MAX ? org_max : TOC_ORGS_MAX;
    TOC_TRY(toc_directory_init(&core->directory, arena, org_max));
    TOC_TRY(toc_directory_load(&core->directory, &core->genesis));
    struct toc_card own;
    TOC_TRY(toc_card_verify(&own, card));
    struct toc_err err = toc_directory_apply(&core->directory, &core->genesis.roster, &own);
    if (toc_failed(err) && err.code != TOC_STALE) {
        return err;
    }
    const struct toc_cert *cert = toc_card_node(&own, options->node_number);
    if (memcmp(own.id, options->org, TOC_ID_BYTES) != 0 || cert == NULL ||
        memcmp(cert->link_key, options->node_keys->link_public, TOC_KEY_BYTES) != 0 ||
        memcmp(cert->log_key, options->log_keys->public_key, TOC_KEY_BYTES) != 0) {
        return toc_fail(TOC_STRANGER, "the card does not certify this node's keys");
    }
    return toc_genesis_open(core->f, &core->first_epoch, &core->genesis, options->federation_secret,
                            options->node_keys->seal_public, options->node_keys->seal_secret);
}

static void build_tables(struct toc_core *core, const struct toc_core_options *options,
                         struct toc_arena *arena)
{
    struct toc_links_options links = {.self = {.link_public = options->node_keys->link_public,
                                               .link_secret = options->node_keys->link_secret,
                                               .federation = core->federation,
                                               .secrets = {core->f},
                                               .secret_count = 1},
                                      .directory = &core->directory,
                                      .roster = &core->genesis.roster,
                                      .own_org = core->own_org,
                                      .own_node = options->node_number,
                                      .link_max = options->link_max};
    toc_links_init(&core->links, arena, &links);
    struct toc_ledger_options ledger = {.federation = core->federation,
                                        .roster = &core->genesis.roster,
                                        .directory = &core->directory,
                                        .own_org = core->own_org,
                                        .group_max = options->group_max,
                                        .log_max = options->log_max};
    toc_ledger_init(&core->ledger, arena, &ledger);
    toc_ledger_set_epoch(&core->ledger, TOC_GROUP_ALL, &core->genesis.epoch, core->first_epoch.k,
                         core->first_epoch.tag_key);
    struct toc_replica_options replica = {
        .links = &core->links,
        .ledger = &core->ledger,
        .federation = core->federation,
        .own_org = core->own_org,
        .own_node = options->node_number,
        .node_keys = options->node_keys,
        .log_keys = options->log_keys,
        .f = core->f,
        .f_generation = core->genesis.roster.f_generation,
        .trust_clock = options->trust_clock,
        .quota = {options->quota_entries_hour, options->quota_burst, options->quota_bytes_day}};
    toc_replica_init(&core->replica, arena, &replica);
}

struct toc_err toc_core_init(void *memory, size_t memory_bytes,
                             const struct toc_core_options *options, struct toc_core **core)
{
    TOC_ASSERT(options->link_max <= TOC_LINKS_MAX && options->group_max <= TOC_GROUPS_MAX &&
               options->log_max <= TOC_LOGS_MAX && memory_bytes >= toc_core_bytes(options));
    struct toc_arena arena;
    toc_arena_init(&arena, memory, memory_bytes);
    struct toc_core *made = toc_arena_alloc(&arena, 1, sizeof *made);
    TOC_ASSERT(made != NULL);
    memcpy(made->own_org, options->org, TOC_ID_BYTES);
    made->loaded = options->now_utc;
    struct toc_err err = read_genesis(made, options, &arena);
    if (toc_failed(err)) {
        toc_wipe(made->f, sizeof made->f);
        toc_wipe(&made->first_epoch, sizeof made->first_epoch);
        return err;
    }
    build_tables(made, options, &arena);
    *core = made;
    return toc_ok();
}

static struct toc_err load_card(struct toc_core *core, struct toc_span value)
{
    struct toc_card card;
    TOC_TRY(toc_card_decode(&card, value));
    if (memcmp(card.id, core->own_org, TOC_ID_BYTES) == 0) {
        core->card_logged = toc_span_equal(value, core->own_card);
    }
    struct toc_err err = toc_replica_take_card(&core->replica, &card);
    return err.code == TOC_STALE ? toc_ok() : err;
}

/* An epoch of which the invitation, or the genesis, has spoken already needs nothing more here:
 * readers take its key from the store. */
static struct toc_err load_epoch(struct toc_core *core, struct toc_span value)
{
    struct toc_span envelope;
    struct toc_epoch_secret secret;
    struct toc_epoch epoch;
    TOC_TRY(toc_epoch_rest_read(value, core->replica.node_keys->store_key, &envelope, &secret));
    struct toc_err err = toc_epoch_decode(&epoch, envelope);
    toc_wipe(&secret, sizeof secret);
    TOC_TRY(err);
    core->first_epoch_stored = core->first_epoch_stored ||
                               memcmp(epoch.hash, core->genesis.epoch.hash, TOC_HASH_BYTES) == 0;
    return toc_ok();
}

static struct toc_err load_beacon(struct toc_core *core, struct toc_span value)
{
    struct toc_beacon beacon;
    TOC_TRY(toc_beacon_decode(&beacon, value));
    const struct toc_card *card = toc_directory_card(&core->directory, beacon.org);
    if (card != NULL && toc_card_node(card, beacon.node) == NULL) {
        return toc_ok(); /* a node that is no more takes no place */
    }
    return toc_replica_note_beacon(&core->replica, &beacon);
}

static struct toc_err load_missing(struct toc_core *core, struct toc_span key,
                                   struct toc_span value)
{
    if (key.len != TOC_ID_BYTES + 8) {
        return toc_fail(TOC_CORRUPT, "a record of a missing payload is damaged");
    }
    struct toc_missing missing = {.log = toc_ledger_find_log(&core->ledger, key.at),
                                  .seq = toc_be64(key.at + TOC_ID_BYTES)};
    TOC_TRY(toc_missing_decode(&missing, value));
    if (missing.log == TOC_LEDGER_NONE) {
        return toc_fail(TOC_ABSENT, "a missing payload of an unknown log");
    }
    if (core->replica.missing_count == TOC_MISSING_MAX) {
        return toc_fail(TOC_FULL, "too many payloads are missing");
    }
    toc_replica_miss(&core->replica, &missing);
    return toc_ok();
}

struct toc_err toc_core_load_record(struct toc_core *core, char table, struct toc_span key,
                                    struct toc_span value)
{
    uint32_t group;
    switch (table) {
    case 'C':
        return load_card(core, value);
    case 'G':
        return toc_replica_adopt(&core->replica, value, &group);
    case 'E':
        return load_epoch(core, value);
    case 'B':
        return load_beacon(core, value);
    case 'P':
        return load_missing(core, key, value);
    default:
        return toc_fail(TOC_ABSENT, "no such table");
    }
}

void toc_core_recover(struct toc_core *core)
{
    core->recovering = true;
}

struct toc_err toc_core_load_head(struct toc_core *core, const uint8_t log[static TOC_ID_BYTES],
                                  const struct toc_log_head *head)
{
    uint32_t at = toc_ledger_find_log(&core->ledger, log);
    if (at == TOC_LEDGER_NONE) {
        return toc_fail(TOC_ABSENT, "the head of an unknown log");
    }
    toc_ledger_store_head(&core->ledger, at, head, core->loaded);
    core->ledger.logs[at].stored_at.ms = core->ledger.logs[at].active_ms;
    toc_set_put(core->replica.beacon_dirty, core->ledger.logs[at].group, true);
    return toc_ok();
}

/* These are kept beyond the step that reads them: they lie in a buffer of their own from the
 * start. */
static bool kept(uint8_t type)
{
    return type == TOC_MSG_ENTRY || type == TOC_MSG_RANGE || type == TOC_MSG_CHUNK;
}

static void read_messages(struct toc_core *core, struct toc_turn *turn, struct toc_link *link)
{
    struct toc_message message;
    bool stalled = false;
    while (toc_link_stands(link) && toc_replica_ready(&core->replica, turn, link) &&
           toc_peer_next_message(&link->peer, &core->links.buffers, kept, &message, &stalled)) {
        if (toc_link_message(&core->links, turn, link, &message)) {
            toc_buffer_drop(&core->links.buffers, message.buffer);
            continue;
        }
        struct toc_err err = toc_replica_message(&core->replica, turn, link, &message);
        if (toc_failed(err)) {
            toc_link_refuse(&core->links, turn, link, err);
        }
    }
}

/* Reads what lies there, checks what has come, closes what failed. */
static void go_on(struct toc_core *core, struct toc_turn *turn, struct toc_link *link)
{
    if (link->peer.state == TOC_PEER_READY && link->established) {
        read_messages(core, turn, link);
    }
    toc_link_continue(&core->links, turn, link);
}

static void link_checked(struct toc_core *core, struct toc_turn *turn, struct toc_link *link)
{
    if (toc_link_checked(&core->links, turn, link)) {
        toc_replica_greet(&core->replica, link);
        toc_link_greet(&core->links, turn, link);
    }
    if (link->state == TOC_LINK_OPEN) {
        go_on(core, turn, link);
    }
}

static void checked(struct toc_core *core, struct toc_turn *turn, struct toc_check *check)
{
    switch (check->kind) {
    case TOC_CHECK_PEER:
        link_checked(core, turn, (struct toc_link *)check);
        return;
    case TOC_CHECK_RANGE:
        toc_replica_range_checked(&core->replica, turn, (struct toc_waiting *)check);
        return;
    case TOC_CHECK_CHUNK:
    default:
        toc_replica_chunk_checked(&core->replica, turn, (struct toc_chunk_check *)check);
    }
}

void toc_check_run(struct toc_check *check)
{
    switch (check->kind) {
    case TOC_CHECK_PEER:
        toc_peer_check_run(&((struct toc_link *)check)->peer);
        return;
    case TOC_CHECK_RANGE:
        toc_waiting_run((struct toc_waiting *)check);
        return;
    case TOC_CHECK_CHUNK:
    default:
        toc_chunk_check_run((struct toc_chunk_check *)check);
    }
}

bool toc_check_is_light(const struct toc_check *check)
{
    const struct toc_peer *peer = &((const struct toc_link *)check)->peer;
    const struct toc_waiting *waiting = (const struct toc_waiting *)check;
    switch (check->kind) {
    case TOC_CHECK_PEER: /* a handshake is four multiplications of points */
        return !peer->check_opening && peer->rx_checking <= TOC_CHECK_LIGHT_BYTES;
    case TOC_CHECK_RANGE: /* cards have signatures of their own */
        return !waiting->control && waiting->range.len <= TOC_CHECK_LIGHT_BYTES;
    case TOC_CHECK_CHUNK:
    default:
        return false;
    }
}

static void link_down(struct toc_core *core, struct toc_turn *turn, const struct toc_event *event)
{
    struct toc_link *link = toc_links_find(&core->links, event->link);
    if (link != NULL) {
        toc_links_down(&core->links, turn, link, event->err);
    } else {
        toc_stranger_down(&core->links, event->link);
    }
}

static void submitted(struct toc_core *core, struct toc_turn *turn, const struct toc_submit *submit)
{
    if (!core->recovering) {
        toc_replica_submit(&core->replica, turn, submit);
        return;
    }
    struct toc_action *action = toc_turn_emit(turn, TOC_ACTION_PUBLISHED);
    action->id = submit->id;
    action->submit_count = toc_submit_count(submit);
    action->err =
        toc_fail(TOC_STATE, "the store was lost: this node waits for what the others hold "
                            "of its own log");
}

static void timer(struct toc_core *core, struct toc_turn *turn)
{
    TOC_ASSERT(turn->entropy != NULL);
    if (!core->started) {
        core->started = true;
        memcpy(core->replica.pad_key, turn->entropy, TOC_KEY_BYTES);
        core->replica.has_pad_key = true;
        toc_replica_start(&core->replica, turn, &core->genesis);
    }
    if (core->recovering && toc_replica_recovered(&core->replica, turn)) {
        core->recovering = false;
    }
    if (!core->recovering && !core->begun) {
        core->begun = true;
        toc_replica_append_first(&core->replica, turn, &core->genesis,
                                 core->card_logged ? toc_span(NULL, 0) : core->own_card);
    }
    if (turn->now.ms >= core->tick_ms) {
        core->tick_ms = turn->now.ms + TICK_MS;
        toc_links_tick(&core->links, turn);
        toc_replica_tick(&core->replica, turn);
    }
    toc_replica_due(&core->replica, turn);
}

static void indexed(struct toc_core *core, struct toc_turn *turn, const struct toc_event *event)
{
    uint32_t log = toc_ledger_find_log(&core->ledger, event->log);
    if (event->late) {
        toc_replica_late_indexed(&core->replica, turn, log, event->seq);
        return;
    }
    if (log != TOC_LEDGER_NONE) {
        core->ledger.logs[log].indexed_seq = event->seq;
        core->ledger.logs[log].indexed_at = event->now_utc;
        toc_set_put(core->replica.beacon_dirty, core->ledger.logs[log].group, true);
    }
}

static void stop(struct toc_core *core, struct toc_turn *turn)
{
    core->links.stopping = true;
    toc_strangers_close(&core->links, turn);
    for (uint32_t i = 0; i < core->links.top; i++) {
        toc_link_bye(&core->links, turn, &core->links.items[i], TOC_BYE_STOP);
    }
}

static void take_event(struct toc_core *core, struct toc_turn *turn, const struct toc_event *event)
{
    struct toc_link *link = toc_links_find(&core->links, event->link);
    switch (event->kind) {
    case TOC_EVENT_LINK_UP:
        toc_links_up(&core->links, turn, event);
        return;
    case TOC_EVENT_LINK_DOWN:
        link_down(core, turn, event);
        return;
    case TOC_EVENT_BYTES:
        if (link != NULL) {
            toc_peer_received(&link->peer, event->count);
            go_on(core, turn, link);
        } else {
            toc_stranger_received(&core->links, turn, event->link, event->count);
        }
        return;
    case TOC_EVENT_SENT:
        if (link != NULL) {
            toc_peer_sent(&link->peer, event->count, event->now);
        }
        return;
    case TOC_EVENT_TIMER:
        timer(core, turn);
        return;
    case TOC_EVENT_CHECKED:
        checked(core, turn, event->check);
        return;
    case TOC_EVENT_STORED:
        toc_replica_stored(&core->replica, turn, event->id, event->err);
        return;
    case TOC_EVENT_LOADED:
        toc_replica_loaded(&core->replica, event);
        return;
    case TOC_EVENT_SUBMITTED:
        submitted(core, turn, event->submit);
        return;
    case TOC_EVENT_INDEXED:
        indexed(core, turn, event);
        return;
    case TOC_EVENT_STOP:
    default:
        stop(core, turn);
    }
}

/* Links whose messages waited for buffers, jobs or actions. */
static bool unstall(struct toc_core *core, struct toc_turn *turn)
{
    bool waits = false;
    for (uint32_t i = 0; i < core->links.top; i++) {
        struct toc_link *link = &core->links.items[i];
        if (link->state == TOC_LINK_OPEN && link->peer.rx_opened != 0) {
            go_on(core, turn, link);
            waits = waits || (link->state == TOC_LINK_OPEN && link->peer.rx_opened != 0);
        }
    }
    return waits;
}

void toc_core_step(struct toc_core *core, const struct toc_event *event,
                   struct toc_actions *actions)
{
    actions->count = 0;
    struct toc_turn turn = {.actions = actions,
                            .now = event->now,
                            .now_utc = event->now_utc,
                            .entropy = event->entropy};
    core->replica.wake_ms = UINT64_MAX;
    take_event(core, &turn, event);
    bool waits = unstall(core, &turn);
    toc_replica_flush(&core->replica, &turn);
    toc_links_flush(&core->links, &turn);
    uint64_t pause = waits || core->replica.more_work ? BUSY_TICK_MS : TICK_MS;
    uint64_t due = event->now.ms + pause;
    due = core->replica.wake_ms < due ? core->replica.wake_ms : due;
    if (event->kind == TOC_EVENT_TIMER || due < core->timer.ms) {
        core->timer.ms = due;
        toc_turn_emit(&turn, TOC_ACTION_TIMER)->when = core->timer;
    }
}

struct toc_room toc_core_receive_room(struct toc_core *core, uint64_t id)
{
    return toc_links_receive_room(&core->links, id);
}
