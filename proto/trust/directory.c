/* SPDX-License-Identifier: EUPL-1.2 */
/* The newest card of every organisation, and which key speaks for whom. */
#include "directory.h"

#include <string.h>

enum row_kind { ROW_ORG = 1, ROW_LINK, ROW_LOG, ROW_PAST };

#define SLOT_ROWS_MAX (1u + 2u * TOC_NODES_MAX + TOC_PAST_KEYS_MAX)

struct toc_err toc_directory_init(struct toc_directory *directory, struct toc_arena *arena,
                                  size_t org_max)
{
    if (org_max > TOC_ORGS_MAX) {
        return toc_fail(TOC_LIMIT, "directory for too many organisations");
    }
    size_t mark = toc_arena_mark(arena);
    struct toc_directory made = {.slot_max = org_max, .row_max = org_max * SLOT_ROWS_MAX};
    /* Reserved without touching it: what is not used takes no memory. */
    made.slots = toc_arena_reserve(arena, made.slot_max, sizeof *made.slots);
    made.rows = toc_arena_reserve(arena, made.row_max, sizeof *made.rows);
    if (made.slots == NULL || made.rows == NULL) {
        toc_arena_release(arena, mark);
        return toc_fail(TOC_FULL, "directory does not fit its memory");
    }
    *directory = made;
    return toc_ok();
}

/* Index of the first row that is not below (kind, key). */
static size_t lower_bound(const struct toc_directory *directory, enum row_kind kind,
                          const uint8_t *key)
{
    size_t low = 0;
    size_t high = directory->row_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct toc_directory_row *row = &directory->rows[middle];
        bool below =
            row->kind < kind || (row->kind == kind && memcmp(row->key, key, TOC_KEY_BYTES) < 0);
        if (below) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* Row `index` if it is one of (kind, key), else NULL. */
static const struct toc_directory_row *row_at(const struct toc_directory *directory, size_t index,
                                              enum row_kind kind, const uint8_t *key)
{
    if (index >= directory->row_count) {
        return NULL;
    }
    const struct toc_directory_row *row = &directory->rows[index];
    return row->kind == kind && memcmp(row->key, key, TOC_KEY_BYTES) == 0 ? row : NULL;
}

static const struct toc_directory_row *find(const struct toc_directory *directory,
                                            enum row_kind kind, const uint8_t *key)
{
    return row_at(directory, lower_bound(directory, kind, key), kind, key);
}

static struct toc_directory_slot *slot_of(const struct toc_directory *directory, const uint8_t *org)
{
    const struct toc_directory_row *row = find(directory, ROW_ORG, org);
    return row == NULL ? NULL : &directory->slots[row->slot];
}

static void insert(struct toc_directory *directory, enum row_kind kind, const uint8_t *key,
                   struct toc_directory_row row)
{
    TOC_ASSERT(directory->row_count < directory->row_max);
    size_t at = lower_bound(directory, kind, key);
    memmove(&directory->rows[at + 1], &directory->rows[at],
            (directory->row_count - at) * sizeof row);
    memcpy(row.key, key, TOC_KEY_BYTES);
    row.kind = (uint8_t)kind;
    directory->rows[at] = row;
    directory->row_count++;
}

/* Makes the rows of one slot anew. */
static void index_slot(struct toc_directory *directory, size_t index)
{
    const struct toc_directory_slot *slot = &directory->slots[index];
    struct toc_directory_row row = {.slot = (uint16_t)index};
    size_t kept = 0;
    for (size_t i = 0; i < directory->row_count; i++) {
        if (directory->rows[i].slot != index) {
            directory->rows[kept++] = directory->rows[i];
        }
    }
    directory->row_count = kept;
    insert(directory, ROW_ORG, slot->card.id, row);
    for (size_t i = 0; i < slot->card.node_count; i++) {
        row.place = (uint8_t)i;
        insert(directory, ROW_LINK, slot->card.nodes[i].link_key, row);
        insert(directory, ROW_LOG, slot->card.nodes[i].log_key, row);
    }
    for (size_t i = 0; i < slot->past_count; i++) {
        row.place = (uint8_t)i;
        insert(directory, ROW_PAST, slot->past[i].key, row);
    }
}

static struct toc_log_key log_key_of(const struct toc_cert *cert, bool retired)
{
    struct toc_log_key key = {.node = cert->number, .retired = retired};
    memcpy(key.key, cert->log_key, sizeof key.key);
    memcpy(key.org, cert->org, sizeof key.org);
    key.incarnation = cert->incarnation;
    return key;
}

static bool card_has(const struct toc_card *card, const struct toc_log_key *key)
{
    const struct toc_cert *cert = toc_card_node(card, key->node);
    return cert != NULL && memcmp(cert->log_key, key->key, TOC_KEY_BYTES) == 0;
}

static bool past_has(const struct toc_directory_slot *slot, const struct toc_log_key *key)
{
    for (size_t i = 0; i < slot->past_count; i++) {
        if (slot->past[i].node == key->node &&
            memcmp(slot->past[i].key, key->key, TOC_KEY_BYTES) == 0) {
            return true;
        }
    }
    return false;
}

/* Does a come before b in what is forgotten first? */
static bool older(const struct toc_log_key *a, const struct toc_log_key *b)
{
    if (a->incarnation != b->incarnation) {
        return a->incarnation < b->incarnation;
    }
    return memcmp(a->key, b->key, TOC_KEY_BYTES) < 0;
}

/* the newest 16 retired keys are kept, whatever the order in which they became known. */
static void retire(struct toc_directory_slot *slot, const struct toc_log_key *key)
{
    if (past_has(slot, key)) {
        return;
    }
    if (slot->past_count < TOC_PAST_KEYS_MAX) {
        slot->past[slot->past_count++] = *key;
        return;
    }
    size_t oldest = 0;
    for (size_t i = 1; i < slot->past_count; i++) {
        if (older(&slot->past[i], &slot->past[oldest])) {
            oldest = i;
        }
    }
    if (older(&slot->past[oldest], key)) {
        slot->past[oldest] = *key;
    }
}

/* Retires the log keys of `from` that the slot's card does not name. */
static void retire_all(struct toc_directory_slot *slot, const struct toc_card *from)
{
    for (size_t i = 0; i < from->node_count; i++) {
        struct toc_log_key key = log_key_of(&from->nodes[i], true);
        if (!card_has(&slot->card, &key)) {
            retire(slot, &key);
        }
    }
}

/* a retired key that the card names again is current. */
static void revive(struct toc_directory_slot *slot)
{
    size_t kept = 0;
    for (size_t i = 0; i < slot->past_count; i++) {
        if (!card_has(&slot->card, &slot->past[i])) {
            slot->past[kept++] = slot->past[i];
        }
    }
    slot->past_count = kept;
}

/* */
static struct toc_err check_org(const struct toc_roster *roster, const struct toc_card *card,
                                const struct toc_org **org)
{
    *org = toc_roster_find(roster, card->id);
    if (*org == NULL) {
        return toc_fail(TOC_STRANGER, "card of no organisation of the roster");
    }
    if (memcmp((*org)->key, card->org_key, TOC_KEY_BYTES) != 0) {
        return toc_fail(TOC_AUTHORITY, "card is not signed by the roster's organisation key");
    }
    return toc_ok();
}

/* whoever answers for a link key holds it alone. */
static struct toc_err check_link_keys(const struct toc_directory *directory,
                                      const struct toc_card *card)
{
    for (size_t i = 0; i < card->node_count; i++) {
        const struct toc_directory_row *row = find(directory, ROW_LINK, card->nodes[i].link_key);
        if (row != NULL &&
            memcmp(directory->slots[row->slot].card.id, card->id, TOC_ID_BYTES) != 0) {
            return toc_fail(TOC_AUTHORITY, "card claims another organisation's link key");
        }
    }
    return toc_ok();
}

/* of two cards with one serial the smaller hash wins, so that all nodes agree. */
static bool is_newer(const struct toc_card *card, const struct toc_card *held)
{
    if (card->serial != held->serial) {
        return card->serial > held->serial;
    }
    return memcmp(card->hash, held->hash, TOC_HASH_BYTES) < 0;
}

static void take_card(struct toc_card *card, const struct toc_card *from, const struct toc_org *org)
{
    *card = *from;
    /* Fields of the roster beat the same fields of a card. */
    memcpy(card->handle, org->handle, sizeof card->handle);
    memcpy(card->country, org->country, sizeof card->country);
    memcpy(card->recovery_key, org->recovery_key, sizeof card->recovery_key);
    card->kind = org->kind;
}

struct toc_err toc_directory_apply(struct toc_directory *directory, const struct toc_roster *roster,
                                   const struct toc_card *card)
{
    const struct toc_org *org = NULL;
    TOC_TRY(check_org(roster, card, &org));
    struct toc_directory_slot *slot = slot_of(directory, card->id);
    if (slot != NULL && !is_newer(card, &slot->card)) {
        return toc_fail(TOC_STALE, "card is held or older");
    }
    TOC_TRY(check_link_keys(directory, card));
    if (slot == NULL) {
        if (directory->slot_count == directory->slot_max) {
            return toc_fail(TOC_FULL, "directory is full");
        }
        slot = &directory->slots[directory->slot_count++];
        slot->past_count = 0;
        take_card(&slot->card, card, org);
    } else {
        struct toc_card before = slot->card;
        take_card(&slot->card, card, org);
        revive(slot);
        retire_all(slot, &before);
    }
    index_slot(directory, (size_t)(slot - directory->slots));
    return toc_ok();
}

struct toc_err toc_directory_remember(struct toc_directory *directory,
                                      const struct toc_roster *roster, const struct toc_card *card)
{
    const struct toc_org *org = NULL;
    TOC_TRY(check_org(roster, card, &org));
    struct toc_directory_slot *slot = slot_of(directory, card->id);
    if (slot == NULL || is_newer(card, &slot->card)) {
        return toc_fail(TOC_STATE, "card is newer than what is held");
    }
    retire_all(slot, card);
    index_slot(directory, (size_t)(slot - directory->slots));
    return toc_ok();
}

struct toc_err toc_directory_load(struct toc_directory *directory,
                                  const struct toc_genesis *genesis)
{
    for (size_t i = 0; i < genesis->roster.org_count; i++) {
        struct toc_card card;
        TOC_TRY(toc_card_decode(&card, genesis->cards[i]));
        TOC_TRY(toc_directory_apply(directory, &genesis->roster, &card));
    }
    return toc_ok();
}

const struct toc_card *toc_directory_card(const struct toc_directory *directory,
                                          const uint8_t org[static TOC_ID_BYTES])
{
    const struct toc_directory_slot *slot = slot_of(directory, org);
    return slot == NULL ? NULL : &slot->card;
}

const struct toc_card *toc_directory_by_link(const struct toc_directory *directory,
                                             const uint8_t link_key[static TOC_KEY_BYTES],
                                             const struct toc_cert **cert)
{
    const struct toc_directory_row *row = find(directory, ROW_LINK, link_key);
    if (row == NULL) {
        return NULL;
    }
    const struct toc_card *card = &directory->slots[row->slot].card;
    if (cert != NULL) {
        *cert = &card->nodes[row->place];
    }
    return card;
}

static struct toc_log_key log_key_at(const struct toc_directory *directory,
                                     const struct toc_directory_row *row)
{
    const struct toc_directory_slot *slot = &directory->slots[row->slot];
    return row->kind == ROW_LOG ? log_key_of(&slot->card.nodes[row->place], false)
                                : slot->past[row->place];
}

/* Among the claims of one kind the smallest organisation id. */
static bool find_log_key(const struct toc_directory *directory, enum row_kind kind,
                         const uint8_t *key, struct toc_log_key *out)
{
    bool found = false;
    size_t index = lower_bound(directory, kind, key);
    for (const struct toc_directory_row *row = row_at(directory, index, kind, key); row != NULL;
         row = row_at(directory, ++index, kind, key)) {
        struct toc_log_key claim = log_key_at(directory, row);
        if (!found || memcmp(claim.org, out->org, TOC_ID_BYTES) < 0) {
            *out = claim;
            found = true;
        }
    }
    return found;
}

struct toc_err toc_directory_by_log_key(const struct toc_directory *directory,
                                        const uint8_t log_key[static TOC_KEY_BYTES],
                                        struct toc_log_key *out)
{
    if (find_log_key(directory, ROW_LOG, log_key, out) ||
        find_log_key(directory, ROW_PAST, log_key, out)) {
        return toc_ok();
    }
    return toc_fail(TOC_ABSENT, "nobody writes with this log key");
}

struct toc_err toc_directory_by_log(const struct toc_directory *directory,
                                    const uint8_t federation[static TOC_ID_BYTES],
                                    const uint8_t group[static TOC_ID_BYTES],
                                    const uint8_t log[static TOC_ID_BYTES], struct toc_log_key *out)
{
    const uint8_t lowest[TOC_KEY_BYTES] = {0};
    for (size_t i = lower_bound(directory, ROW_LOG, lowest); i < directory->row_count; i++) {
        uint8_t id[TOC_ID_BYTES];
        toc_log_id(id, federation, group, directory->rows[i].key);
        if (memcmp(id, log, TOC_ID_BYTES) == 0) {
            return toc_directory_by_log_key(directory, directory->rows[i].key, out);
        }
    }
    return toc_fail(TOC_ABSENT, "nobody writes this log");
}

struct toc_err toc_directory_certifies(const struct toc_directory *directory,
                                       const uint8_t log_key[static TOC_KEY_BYTES],
                                       const uint8_t org[static TOC_ID_BYTES], uint16_t node)
{
    const struct toc_directory_slot *slot = slot_of(directory, org);
    struct toc_log_key key = {.node = node};
    memcpy(key.key, log_key, TOC_KEY_BYTES);
    if (slot != NULL && (card_has(&slot->card, &key) || past_has(slot, &key))) {
        return toc_ok();
    }
    /* */
    return toc_fail(TOC_STRANGER, "log key is not certified for this node");
}

size_t toc_directory_log_keys(const struct toc_directory *directory,
                              const uint8_t org[static TOC_ID_BYTES], struct toc_log_key *out,
                              size_t max)
{
    const struct toc_directory_slot *slot = slot_of(directory, org);
    size_t count = 0;
    for (size_t i = 0; slot != NULL && i < slot->card.node_count && count < max; i++) {
        out[count++] = log_key_of(&slot->card.nodes[i], false);
    }
    for (size_t i = 0; slot != NULL && i < slot->past_count && count < max; i++) {
        out[count++] = slot->past[i];
    }
    return count;
}

struct toc_err toc_directory_seal_keys(const struct toc_directory *directory,
                                       struct toc_ids members, struct toc_room out,
                                       struct toc_ids *seal_keys)
{
    size_t count = 0;
    for (size_t i = 0; i < members.count; i++) {
        const struct toc_card *card = toc_directory_card(directory, toc_ids_at(members, i));
        if (card == NULL || card->node_count == 0) {
            return toc_fail(TOC_ABSENT, "a member has no node");
        }
        for (size_t j = 0; j < card->node_count; j++) {
            if ((count + 1) * TOC_KEY_BYTES > out.len) {
                return toc_fail(TOC_FULL, "sealing keys do not fit their memory");
            }
            memcpy(out.at + count * TOC_KEY_BYTES, card->nodes[j].seal_key, TOC_KEY_BYTES);
            count++;
        }
    }
    *seal_keys = (struct toc_ids){out.at, count};
    return toc_ok();
}
