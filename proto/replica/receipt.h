/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * receipt: what beacons have said, kept: rows (what a node holds of a log) and serials (the newest
 * beacon of a node in a group). Source: PROTOCOL.md. Used by replica
 * and core.
 */
#ifndef TOC_RECEIPT_H
#define TOC_RECEIPT_H

#include "driver.h"
#include "sync.h"

#define TOC_RECEIPTS_MAX 65536u
#define TOC_BEACON_SERIALS_MAX 65536u
#define TOC_RECEIPT_SECRETS 3u    /* of the hash that says where their rows are */
#define TOC_BEACON_PROBES_MAX 32u /* places looked at in either table; beyond, nothing is kept */

/* `org`: a place in the roster. */
struct toc_receipt_row {
    bool used;
    uint16_t node;
    uint32_t log, org;
    uint64_t stored_seq, stored_at_ms, indexed_seq, indexed_at_ms;
    uint64_t ahead_seq, ahead_ms; /* what it holds beyond us, and since when we know (lag.c) */
};
struct toc_serial_row {
    bool used;
    uint16_t node;
    uint32_t group;
    uint64_t serial;
    uint64_t open_ms; /* the time by which this writer's beacons are paid for */
};

struct toc_replica;

/* Draws the secrets of the tables from this node's store key. */
void toc_receipts_init(struct toc_replica *replica);
/* Keeps one row of a beacon, in place of what the node has said of this log before, of an older row
 * of its organisation when that has used up its part, or nowhere.. */
void toc_receipt_note(struct toc_replica *replica, const uint8_t org[static TOC_ID_BYTES],
                      uint16_t node, uint32_t log, const struct toc_beacon_row *said);
/* What a node has said of a log, or NULL. Lends: until the next step. */
const struct toc_receipt_row *toc_replica_receipt(const struct toc_replica *replica,
                                                  const uint8_t org[static TOC_ID_BYTES],
                                                  uint16_t node, uint32_t log);
/* Where a writer's serial in a group stands, or may stand; NULL: it finds no place.. */
struct toc_serial_row *toc_serial_slot(struct toc_replica *replica,
                                       const uint8_t org[static TOC_ID_BYTES], uint16_t node,
                                       uint32_t group);
/* Does this row of its organisation speak of the beacon's writer and group? */
bool toc_serial_is_of(const struct toc_serial_row *row, const struct toc_beacon *beacon,
                      uint32_t group);
/* Writes the beacon's serial into its slot. */
void toc_serial_note(struct toc_serial_row *row, const struct toc_beacon *beacon, uint32_t group);
/* Has any node of this organisation said something in this group? */
bool toc_replica_heard_in(const struct toc_replica *replica, const uint8_t org[static TOC_ID_BYTES],
                          uint32_t group);

#endif
