/* SPDX-License-Identifier: EUPL-1.2 */
#include "replica.h"

#include <string.h>

/* What beacons have said: two tables that every member writes to. Each organisation of the roster
 * has a part of its own in either, so that nobody crowds out what others say; and where in its part
 * a row stands is a secret of this node, so that nobody can have others' rows fall on each other.
 */

#define PURPOSE "places of receipts"

void toc_receipts_init(struct toc_replica *replica)
{
    uint8_t out[TOC_KEY_BYTES];
    struct toc_span purpose = toc_span_str(PURPOSE);
    toc_kdf(out, replica->node_keys->store_key, TOC_CTX_K_STORE, &purpose, 1);
    for (size_t i = 0; i < TOC_RECEIPT_SECRETS; i++) {
        replica->receipt_secrets[i] = toc_le64(out + 8 * i);
    }
    toc_wipe(out, sizeof out);
}

/* place number `probe` of a key in the part of its organisation. The hash is multilinear:
 * whoever does not know the secrets makes two keys collide by luck alone. */
static uint32_t place_in(const struct toc_replica *replica, uint32_t rows_max, uint32_t org,
                         uint16_t node, uint32_t third, uint32_t probe)
{
    const uint64_t *secrets = replica->receipt_secrets;
    uint32_t part = rows_max / (uint32_t)replica->ledger->roster->org_count;
    uint64_t sum = secrets[0] + secrets[1] * node + secrets[2] * third;
    return org * part + ((uint32_t)(sum >> 32) + probe) % part;
}

/* Receipts. */

/* What one look at the places of a key finds; NULL: no such row. */
struct receipt_look {
    struct toc_receipt_row *found, *free, *older;
};

static bool is_own(const struct toc_replica *replica, uint32_t log)
{
    return toc_replica_is_own(replica, &replica->ledger->logs[log]);
}

/* `older`: the oldest that says something of others' logs. */
static struct receipt_look look_for_receipt(const struct toc_replica *replica, uint32_t org,
                                            uint16_t node, uint32_t log)
{
    struct receipt_look look = {0};
    for (uint32_t i = 0; i < TOC_BEACON_PROBES_MAX; i++) {
        struct toc_receipt_row *row =
            &replica->receipts[place_in(replica, TOC_RECEIPTS_MAX, org, node, log, i)];
        if (!row->used) {
            look.free = row;
            return look;
        }
        if (row->node == node && row->log == log) {
            look.found = row;
            return look;
        }
        if (!is_own(replica, row->log) &&
            (look.older == NULL || row->stored_at_ms < look.older->stored_at_ms)) {
            look.older = row;
        }
    }
    return look;
}

const struct toc_receipt_row *toc_replica_receipt(const struct toc_replica *replica,
                                                  const uint8_t org[static TOC_ID_BYTES],
                                                  uint16_t node, uint32_t log)
{
    uint32_t place = toc_ledger_org_place(replica->ledger, org);
    return place == TOC_LEDGER_NONE ? NULL : look_for_receipt(replica, place, node, log).found;
}

/* Where a row belongs, as it is or to be written anew; NULL: it finds no place. */
static struct toc_receipt_row *receipt_slot(struct toc_replica *replica, uint32_t org,
                                            uint16_t node, uint32_t log, uint64_t stored_at_ms)
{
    struct receipt_look look = look_for_receipt(replica, org, node, log);
    if (look.found != NULL) {
        return look.found;
    }
    if (look.free != NULL) {
        uint32_t place = (uint32_t)(look.free - replica->receipts);
        replica->receipt_places[replica->receipt_count++] = place;
        return look.free;
    }
    if (look.older == NULL || (!is_own(replica, log) && look.older->stored_at_ms >= stored_at_ms)) {
        return NULL;
    }
    look.older->ahead_seq = look.older->ahead_ms = 0;
    return look.older;
}

void toc_receipt_note(struct toc_replica *replica, const uint8_t org[static TOC_ID_BYTES],
                      uint16_t node, uint32_t log, const struct toc_beacon_row *said)
{
    uint32_t place = toc_ledger_org_place(replica->ledger, org);
    struct toc_receipt_row *row = place == TOC_LEDGER_NONE
                                      ? NULL
                                      : receipt_slot(replica, place, node, log, said->stored_at_ms);
    if (row != NULL) {
        *row = (struct toc_receipt_row){.used = true,
                                        .org = place,
                                        .node = node,
                                        .log = log,
                                        .ahead_seq = row->ahead_seq,
                                        .ahead_ms = row->ahead_ms,
                                        .stored_seq = said->stored_seq,
                                        .stored_at_ms = said->stored_at_ms,
                                        .indexed_seq = said->indexed_seq,
                                        .indexed_at_ms = said->indexed_at_ms};
    }
}

/* Serials. */

/* Does this node stand on its organisation's card? What others say in its name is taken by nobody,
 * so its row may go: no old beacon of it comes round again. */
static bool has_gone(const struct toc_replica *replica, const uint8_t *org, uint16_t node)
{
    const struct toc_card *card = toc_directory_card(replica->ledger->directory, org);
    return card == NULL || toc_card_node(card, node) == NULL;
}

struct serial_look {
    struct toc_serial_row *found, *free, *gone;
};

static struct serial_look look_for_serial(const struct toc_replica *replica, const uint8_t *org,
                                          uint32_t place, uint16_t node, uint32_t group)
{
    struct serial_look look = {0};
    for (uint32_t i = 0; i < TOC_BEACON_PROBES_MAX; i++) {
        struct toc_serial_row *row =
            &replica->serials[place_in(replica, TOC_BEACON_SERIALS_MAX, place, node, group, i)];
        if (!row->used) {
            look.free = row;
            return look;
        }
        if (row->node == node && row->group == group) {
            look.found = row;
            return look;
        }
        look.gone = look.gone == NULL && has_gone(replica, org, row->node) ? row : look.gone;
    }
    return look;
}

struct toc_serial_row *toc_serial_slot(struct toc_replica *replica,
                                       const uint8_t org[static TOC_ID_BYTES], uint16_t node,
                                       uint32_t group)
{
    uint32_t place = toc_ledger_org_place(replica->ledger, org);
    if (place == TOC_LEDGER_NONE) {
        return NULL;
    }
    struct serial_look look = look_for_serial(replica, org, place, node, group);
    return look.found != NULL ? look.found : look.free != NULL ? look.free : look.gone;
}

bool toc_serial_is_of(const struct toc_serial_row *row, const struct toc_beacon *beacon,
                      uint32_t group)
{
    return row->used && row->node == beacon->node && row->group == group;
}

void toc_serial_note(struct toc_serial_row *row, const struct toc_beacon *beacon, uint32_t group)
{
    uint64_t open_ms = toc_serial_is_of(row, beacon, group) ? row->open_ms : 0;
    *row = (struct toc_serial_row){.used = true,
                                   .node = beacon->node,
                                   .group = group,
                                   .serial = beacon->serial,
                                   .open_ms = open_ms};
}

bool toc_replica_heard_in(const struct toc_replica *replica, const uint8_t org[static TOC_ID_BYTES],
                          uint32_t group)
{
    const struct toc_card *card = toc_directory_card(replica->ledger->directory, org);
    uint32_t place = toc_ledger_org_place(replica->ledger, org);
    for (size_t i = 0; card != NULL && place != TOC_LEDGER_NONE && i < card->node_count; i++) {
        if (look_for_serial(replica, org, place, card->nodes[i].number, group).found != NULL) {
            return true;
        }
    }
    return false;
}
