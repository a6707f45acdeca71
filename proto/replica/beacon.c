/* SPDX-License-Identifier: EUPL-1.2 */
#include "replica.h"

#include <string.h>

/* Beacons: what this node holds of a group, said to its members; what they say, kept. */

static void note_row(struct toc_replica *replica, const struct toc_beacon *beacon, uint32_t group,
                     const uint8_t *bytes)
{
    struct toc_beacon_row said;
    toc_beacon_row_decode(&said, bytes);
    uint32_t log = toc_ledger_find_log(replica->ledger, said.log);
    if (log == TOC_LEDGER_NONE || replica->ledger->logs[log].group != group) {
        return;
    }
    toc_receipt_note(replica, beacon->org, beacon->node, log, &said);
}

struct toc_err toc_replica_note_beacon(struct toc_replica *replica, const struct toc_beacon *beacon)
{
    uint32_t group = toc_ledger_find_group(replica->ledger, beacon->group);
    if (group == TOC_LEDGER_NONE || !toc_ledger_is_member(replica->ledger, group, beacon->org)) {
        return toc_fail(TOC_MEMBER, "a beacon of somebody who is not in its group"); /* */
    }
    struct toc_serial_row *serial = toc_serial_slot(replica, beacon->org, beacon->node, group);
    if (serial == NULL) {
        return toc_fail(TOC_FULL, "the table of beacons is full"); /* */
    }
    if (toc_serial_is_of(serial, beacon, group) && serial->serial >= beacon->serial) {
        return toc_fail(TOC_STALE, "a newer beacon is known"); /* */
    }
    toc_serial_note(serial, beacon, group);
    for (size_t at = 0; at < beacon->rows.len; at += TOC_BEACON_ROW_BYTES) {
        note_row(replica, beacon, group, beacon->rows.at + at);
    }
    return toc_ok();
}

static size_t add_rows(const struct toc_replica *replica, const struct toc_turn *turn,
                       uint32_t group, uint8_t *out)
{
    size_t len = 0;
    uint64_t span_ms = (uint64_t)TOC_BEACON_DAYS * 86400000u;
    for (uint32_t i = replica->ledger->groups[group].first_log;
         i != TOC_LEDGER_NONE && len < TOC_BEACON_ROWS_MAX * TOC_BEACON_ROW_BYTES;
         i = replica->ledger->logs[i].next_in_group) {
        const struct toc_ledger_log *log = &replica->ledger->logs[i];
        if (log->head.seq == 0 || log->active_ms + span_ms < turn->now_utc.ms) {
            continue;
        }
        struct toc_beacon_row row = {.stored_seq = log->head.seq,
                                     .stored_at_ms = log->stored_at.ms,
                                     .indexed_seq = log->indexed_seq,
                                     .indexed_at_ms = log->indexed_at.ms};
        memcpy(row.log, log->id, TOC_ID_BYTES);
        toc_beacon_row_encode(out + len, &row);
        len += TOC_BEACON_ROW_BYTES;
    }
    return len;
}

static struct toc_span make_beacon(struct toc_replica *replica, const struct toc_turn *turn,
                                   uint32_t group, struct toc_buffer *out)
{
    struct toc_beacon beacon = {.node = replica->own_node,
                                .serial = turn->now_utc.ms,
                                .roster_number = replica->ledger->roster->number,
                                .clock = turn->now_utc};
    memcpy(beacon.group, replica->ledger->groups[group].id, TOC_ID_BYTES);
    memcpy(beacon.org, replica->own_org, TOC_ID_BYTES);
    toc_ledger_digest(replica->ledger, group, beacon.digest);
    uint8_t *rows = replica->beacon_rows;
    beacon.rows = toc_span(rows, add_rows(replica, turn, group, rows));
    struct toc_beacon_signer signer = {replica->federation, replica->log_keys->secret};
    struct toc_room scratch = {rows + TOC_BEACON_BYTES_MAX, TOC_BEACON_BYTES_MAX};
    return toc_beacon_seal((struct toc_room){out->at, out->size}, scratch, &beacon, &signer);
}

/* to every link that shares the group but the one it came from. */
static void spread(struct toc_replica *replica, uint32_t group, struct toc_buffer *beacon,
                   const struct toc_link *except)
{
    for (uint32_t i = 0; i < replica->links->top; i++) {
        struct toc_link *link = &replica->links->items[i];
        if (link == except || !toc_link_stands(link) || !toc_set_has(link->shared, group) ||
            toc_peer_waiting(&link->peer, TOC_CLASS_CONTROL) > TOC_CONTROL_WAITING_MAX) {
            continue; /* who misses one gets the next, within the hour */
        }
        toc_buffer_hold(beacon);
        if (!toc_peer_queue(&link->peer, TOC_MSG_BEACON, toc_class_of_record(beacon->used),
                            beacon)) {
            toc_buffer_drop(&replica->links->buffers, beacon);
        }
    }
}

/* on change, but not too often; unchanged, once an hour. */
static bool is_due(const struct toc_replica *replica, const struct toc_turn *turn, uint32_t group)
{
    uint64_t next = replica->beacon_next_ms[group];
    if (!replica->ledger->groups[group].has_epoch || turn->now.ms < next) {
        return false;
    }
    return toc_set_has(replica->beacon_dirty, group) ||
           (next != 0 && turn->now.ms - next >= TOC_BEACON_IDLE_MS);
}

void toc_replica_beacon_soon(struct toc_replica *replica, const struct toc_turn *turn,
                             uint32_t group)
{
    uint64_t soon = turn->now.ms + TOC_BEACON_ALERT_MS;
    uint64_t *next = &replica->beacon_next_ms[group];
    *next = *next > soon ? soon : *next;
}

void toc_replica_beacons(struct toc_replica *replica, struct toc_turn *turn)
{
    for (uint32_t group = TOC_GROUP_ALL; group < replica->ledger->group_count; group++) {
        if (!is_due(replica, turn, group)) {
            continue;
        }
        size_t rows = replica->ledger->groups[group].log_count;
        rows = rows > TOC_BEACON_ROWS_MAX ? TOC_BEACON_ROWS_MAX : rows;
        struct toc_buffer *buffer =
            toc_buffer_take(&replica->links->buffers, rows * TOC_BEACON_ROW_BYTES + 512);
        if (buffer == NULL) {
            return;
        }
        struct toc_span made = make_beacon(replica, turn, group, buffer);
        TOC_ASSERT(made.at != NULL);
        buffer->used = (uint32_t)made.len;
        spread(replica, group, buffer, NULL);
        toc_buffer_drop(&replica->links->buffers, buffer);
        toc_set_put(replica->beacon_dirty, group, false);
        bool small = replica->ledger->groups[group].member_count < TOC_BEACON_SMALL_GROUP;
        replica->beacon_next_ms[group] =
            turn->now.ms + (small ? TOC_BEACON_MS : TOC_BEACON_SLOW_MS);
    }
}

/* Kept in the store, so that receipts outlive a restart. */
static void store_beacon(struct toc_replica *replica, struct toc_turn *turn,
                         const struct toc_beacon *beacon, struct toc_buffer *buffer)
{
    struct toc_job *job = toc_job_take(replica, TOC_JOB_RECORD);
    if (job == NULL) {
        return;
    }
    uint8_t key[TOC_ID_BYTES + 2 + TOC_ID_BYTES];
    memcpy(key, beacon->org, TOC_ID_BYTES);
    toc_put_be16(key + TOC_ID_BYTES, beacon->node);
    memcpy(key + TOC_ID_BYTES + 2, beacon->group, TOC_ID_BYTES);
    toc_buffer_hold(buffer);
    toc_job_keep(job, buffer);
    toc_job_record(job, 'B', toc_span(key, sizeof key), toc_buffer_bytes(buffer));
    toc_job_submit(replica, turn, job);
}

/* a writer's beacons are taken at the pace at which honest ones come. What others forge in
 * its name is no part of that. */
static bool comes_too_often(const struct toc_turn *turn, const struct toc_serial_row *row)
{
    return row->open_ms > turn->now.ms &&
           row->open_ms - turn->now.ms >= TOC_BEACON_BURST * TOC_BEACON_EVERY_MS;
}

static void note_pace(const struct toc_turn *turn, struct toc_serial_row *row)
{
    row->open_ms =
        (row->open_ms > turn->now.ms ? row->open_ms : turn->now.ms) + TOC_BEACON_EVERY_MS;
}

/* Who signs it and where it belongs; NULL when it says nothing to us: of a group that is not shared
 * on this link, or a node whose card has not come, or our own. */
static const struct toc_cert *writer_of(const struct toc_replica *replica,
                                        const struct toc_link *link,
                                        const struct toc_beacon *beacon, uint32_t *group)
{
    const struct toc_card *card = toc_directory_card(replica->ledger->directory, beacon->org);
    *group = toc_ledger_find_group(replica->ledger, beacon->group);
    if (card == NULL || *group == TOC_LEDGER_NONE || *group == TOC_GROUP_CONTROL ||
        !toc_set_has(link->shared, *group) ||
        memcmp(beacon->org, replica->own_org, TOC_ID_BYTES) == 0) {
        return NULL;
    }
    return toc_card_node(card, beacon->node);
}

struct toc_err toc_replica_take_beacon(struct toc_replica *replica, struct toc_turn *turn,
                                       struct toc_link *link, struct toc_span body)
{
    struct toc_beacon beacon;
    uint32_t group;
    TOC_TRY(toc_beacon_decode(&beacon, body));
    const struct toc_cert *cert = writer_of(replica, link, &beacon, &group);
    if (cert == NULL || replica->broken) {
        return toc_ok();
    }
    if (!toc_ledger_is_member(replica->ledger, group, beacon.org)) {
        return toc_fail(TOC_MEMBER, "a beacon of somebody who is not in its group"); /* */
    }
    struct toc_serial_row *serial = toc_serial_slot(replica, beacon.org, beacon.node, group);
    if (serial == NULL || (toc_serial_is_of(serial, &beacon, group) &&
                           (serial->serial >= beacon.serial || comes_too_often(turn, serial)))) {
        return toc_ok();
    }
    struct toc_err err = toc_beacon_verify(body, replica->federation, cert->log_key);
    if (toc_failed(err)) {
        /* perhaps its key is newer than our card, and whoever passes it on knows that. */
        return toc_replica_futile_of(link, beacon.org, err);
    }
    TOC_TRY(toc_replica_note_beacon(replica, &beacon));
    note_pace(turn, serial);
    struct toc_buffer *buffer = toc_buffer_take(&replica->links->buffers, body.len);
    if (buffer == NULL) {
        return toc_ok();
    }
    memcpy(buffer->at, body.at, body.len);
    buffer->used = (uint32_t)body.len;
    spread(replica, group, buffer, link);
    store_beacon(replica, turn, &beacon, buffer);
    toc_buffer_drop(&replica->links->buffers, buffer);
    return toc_ok();
}
