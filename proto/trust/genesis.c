/* SPDX-License-Identifier: EUPL-1.2 */
/* Genesis files: reading and checking all that needs no secret. PROTOCOL.md "Genesis file". */
#include "genesis.h"

#include <string.h>

#include "genesis_field.h"
#include "record.h"

#define GENESIS_WANTED                                                                             \
    (TOC_FIELD(TOC_GENESIS_RECORD) | TOC_FIELD(TOC_GENESIS_SIGNATURES) |                           \
     TOC_FIELD(TOC_GENESIS_CARDS) | TOC_FIELD(TOC_GENESIS_EPOCH) |                                 \
     TOC_FIELD(TOC_GENESIS_DRAFTER) | TOC_FIELD(TOC_GENESIS_DRAFTER_NODE))

/* What goes along while a file is read. */
struct reading {
    struct toc_reader reader;
    struct toc_genesis *genesis;
    struct toc_arena *arena;
    struct toc_span *cards;
};

static void fail(struct reading *reading, struct toc_err err)
{
    if (toc_failed(err)) {
        toc_reader_fail(&reading->reader, err.code, err.why);
    }
}

static void read_roster(struct reading *reading)
{
    struct toc_genesis *genesis = reading->genesis;
    struct toc_span record = toc_read_bin(&reading->reader, TOC_ROSTER_BYTES_MAX);
    if (toc_failed(reading->reader.err)) {
        return;
    }
    fail(reading, toc_roster_decode(&genesis->roster, record, reading->arena));
    size_t count = genesis->roster.org_count;
    genesis->signatures = toc_arena_alloc(reading->arena, count, sizeof *genesis->signatures);
    reading->cards = toc_arena_alloc(reading->arena, count, sizeof *reading->cards);
    genesis->cards = reading->cards;
    if (genesis->signatures == NULL || reading->cards == NULL) {
        fail(reading, toc_fail(TOC_FULL, "genesis does not fit its memory"));
    }
}

/* one signature at `*next` or later in the roster's order. */
static void read_signature(struct reading *reading, size_t *next)
{
    struct toc_reader *reader = &reading->reader;
    struct toc_genesis *genesis = reading->genesis;
    uint8_t id[TOC_ID_BYTES];
    if (toc_read_array(reader, 2) != 2) {
        toc_reader_fail(reader, TOC_MALFORMED, "signature is no pair");
    }
    toc_read_bin_exact(reader, id, sizeof id);
    const uint8_t *sig = toc_record_read_exact(reader, TOC_SIG_BYTES);
    if (toc_failed(reader->err)) {
        return;
    }
    const struct toc_org *org = toc_roster_find(&genesis->roster, id);
    if (org == NULL) {
        toc_reader_fail(reader, TOC_STRANGER, "a signature is no founder's");
        return;
    }
    size_t index = (size_t)(org - genesis->roster.orgs);
    if (index < *next) {
        toc_reader_fail(reader, TOC_MALFORMED, "signatures are not ascending");
        return;
    }
    genesis->signatures[index] = sig;
    genesis->signature_count++;
    *next = index + 1;
}

static void read_signatures(struct reading *reading)
{
    size_t count = toc_read_array(&reading->reader, reading->genesis->roster.org_count);
    size_t next = 0;
    for (size_t i = 0; i < count && !toc_failed(reading->reader.err); i++) {
        read_signature(reading, &next);
    }
}

static void read_cards(struct reading *reading)
{
    size_t count = toc_read_array(&reading->reader, TOC_ORGS_MAX);
    if (count != reading->genesis->roster.org_count) {
        toc_reader_fail(&reading->reader, TOC_MALFORMED, "not one card for each founder");
    }
    for (size_t i = 0; i < count && !toc_failed(reading->reader.err); i++) {
        reading->cards[i] = toc_read_bin(&reading->reader, TOC_CARD_BYTES_MAX);
    }
}

static void read_field(struct reading *reading, int64_t key)
{
    struct toc_genesis *genesis = reading->genesis;
    switch (key) {
    case TOC_GENESIS_RECORD:
        read_roster(reading);
        break;
    case TOC_GENESIS_SIGNATURES:
        read_signatures(reading);
        break;
    case TOC_GENESIS_CARDS:
        read_cards(reading);
        break;
    case TOC_GENESIS_EPOCH:
        genesis->epoch_envelope = toc_read_bin(&reading->reader, TOC_EPOCH_BYTES_MAX);
        break;
    case TOC_GENESIS_DRAFTER:
        toc_read_bin_exact(&reading->reader, genesis->drafter, sizeof genesis->drafter);
        break;
    case TOC_GENESIS_DRAFTER_NODE:
        genesis->drafter_node = (uint16_t)toc_read_uint_max(&reading->reader, UINT16_MAX);
        break;
    default:
        toc_read_unknown(&reading->reader, key);
    }
}

static struct toc_err read_file(struct reading *reading, struct toc_span file)
{
    size_t fields = 0;
    uint64_t seen = 0;
    TOC_TRY(toc_record_open(&reading->reader, file, TOC_GENESIS_BYTES_MAX, &fields));
    for (size_t i = 0; i < fields && !toc_failed(reading->reader.err); i++) {
        const uint8_t *before = reading->reader.at;
        int64_t key = toc_record_key(&reading->reader, &seen);
        if (key >= TOC_GENESIS_FIELDS_END && reading->genesis->extra_count++ == 0) {
            reading->genesis->extra = toc_span(before, (size_t)(file.at + file.len - before));
        }
        read_field(reading, key);
    }
    return toc_record_end(&reading->reader, seen, GENESIS_WANTED);
}

/* a card says the same as the record's entry. */
static struct toc_err check_card(const struct toc_card *card, const struct toc_org *org)
{
    bool same = memcmp(card->id, org->id, TOC_ID_BYTES) == 0 &&
                memcmp(card->org_key, org->key, TOC_KEY_BYTES) == 0 &&
                memcmp(card->recovery_key, org->recovery_key, TOC_KEY_BYTES) == 0 &&
                card->kind == org->kind && strcmp(card->handle, org->handle) == 0 &&
                strcmp(card->country, org->country) == 0;
    if (!same) {
        return toc_fail(TOC_HASH, "a card contradicts the genesis record");
    }
    /* No certificate of a key change can stand in this file. */
    if (memcmp(card->first_key, card->org_key, TOC_KEY_BYTES) != 0) {
        return toc_fail(TOC_AUTHORITY, "a founder signs with a later key than its first");
    }
    if (card->node_count == 0) {
        return toc_fail(TOC_LIMIT, "a founder has no node");
    }
    return toc_ok();
}

static void collect_keys(uint8_t *keys, size_t *count, const struct toc_card *card)
{
    uint8_t *at = keys + *count * TOC_KEY_BYTES;
    memcpy(at, card->org_key, TOC_KEY_BYTES);
    memcpy(at + TOC_KEY_BYTES, card->recovery_key, TOC_KEY_BYTES);
    at += 2 * TOC_KEY_BYTES;
    for (size_t i = 0; i < card->node_count; i++) {
        memcpy(at, card->nodes[i].link_key, TOC_KEY_BYTES);
        memcpy(at + TOC_KEY_BYTES, card->nodes[i].seal_key, TOC_KEY_BYTES);
        memcpy(at + (size_t)2 * TOC_KEY_BYTES, card->nodes[i].log_key, TOC_KEY_BYTES);
        at += 3 * TOC_KEY_BYTES;
    }
    *count += 2 + 3 * card->node_count;
}

/* Reads and checks every card; their keys come to lie in `keys`, which has room for all. */
static struct toc_err check_cards(struct toc_genesis *genesis, uint8_t *keys)
{
    size_t key_count = 0;
    bool drafted = false;
    for (size_t i = 0; i < genesis->roster.org_count; i++) {
        struct toc_card card;
        TOC_TRY(toc_card_verify(&card, genesis->cards[i]));
        TOC_TRY(check_card(&card, &genesis->roster.orgs[i]));
        collect_keys(keys, &key_count, &card);
        genesis->node_count += card.node_count;
        if (memcmp(card.id, genesis->drafter, TOC_ID_BYTES) == 0) {
            const struct toc_cert *node = toc_card_node(&card, genesis->drafter_node);
            drafted =
                node != NULL && memcmp(node->log_key, genesis->epoch.log_key, TOC_KEY_BYTES) == 0;
        }
    }
    /* */
    if (!drafted) {
        return toc_fail(TOC_STRANGER, "first epoch is not signed by the drafter's node");
    }
    /* */
    if (toc_ids_sort(keys, key_count) != key_count) {
        return toc_fail(TOC_MALFORMED, "a key is used twice");
    }
    return toc_ok();
}

/* */
static struct toc_err check_epoch(const struct toc_genesis *genesis)
{
    const struct toc_epoch *epoch = &genesis->epoch;
    struct toc_epoch_place place = {.federation = genesis->roster.hash, .roster = &genesis->roster};
    TOC_TRY(toc_epoch_check(epoch, &place));
    if (epoch->number != 1 || epoch->f_generation != genesis->roster.f_generation) {
        return toc_fail(TOC_CHAIN, "first epoch does not follow the genesis record");
    }
    if (memcmp(epoch->committer, genesis->drafter, TOC_ID_BYTES) != 0 ||
        epoch->committer_node != genesis->drafter_node) {
        return toc_fail(TOC_STRANGER, "first epoch is not the drafter's");
    }
    return toc_ok();
}

/* one wrap for each node, since a founder that cannot read would only find out later. */
static struct toc_err check_wraps(const struct toc_genesis *genesis)
{
    size_t wanted = genesis->node_count * TOC_WRAP_BYTES;
    if (genesis->epoch.wraps.len != wanted ||
        (genesis->roster.ephemeral != NULL && genesis->roster.wraps.len != wanted)) {
        return toc_fail(TOC_MALFORMED, "not one wrap for each node");
    }
    return toc_ok();
}

static struct toc_err check_signatures(const struct toc_genesis *genesis)
{
    for (size_t i = 0; i < genesis->roster.org_count; i++) {
        if (genesis->signatures[i] != NULL) {
            /* */
            TOC_TRY(toc_verify(genesis->signatures[i], TOC_CTX_S_ROSTER, genesis->roster.hash,
                               genesis->roster.hash, genesis->roster.orgs[i].key));
        }
    }
    return toc_ok();
}

static struct toc_err check_file(struct toc_genesis *genesis, struct toc_arena *arena)
{
    /* */
    if (genesis->roster.number != 1) {
        return toc_fail(TOC_CHAIN, "record is no genesis record");
    }
    if (genesis->roster.org_count < TOC_FOUNDERS_MIN) {
        return toc_fail(TOC_LIMIT, "fewer than three founders");
    }
    TOC_TRY(toc_epoch_verify(&genesis->epoch, genesis->epoch_envelope, genesis->roster.hash));
    TOC_TRY(check_epoch(genesis));

    size_t mark = toc_arena_mark(arena);
    uint8_t *keys = toc_arena_alloc(arena, genesis->roster.org_count,
                                    (2u + 3u * TOC_NODES_MAX) * TOC_KEY_BYTES);
    if (keys == NULL) {
        return toc_fail(TOC_FULL, "genesis does not fit its memory");
    }
    struct toc_err err = check_cards(genesis, keys);
    toc_arena_release(arena, mark);
    TOC_TRY(err);
    TOC_TRY(check_wraps(genesis));
    return check_signatures(genesis);
}

struct toc_err toc_genesis_decode(struct toc_genesis *genesis, struct toc_span file,
                                  struct toc_arena *arena)
{
    size_t mark = toc_arena_mark(arena);
    struct reading reading = {.genesis = genesis, .arena = arena};
    memset(genesis, 0, sizeof *genesis);
    struct toc_err err = read_file(&reading, file);
    if (!toc_failed(err)) {
        err = check_file(genesis, arena);
    }
    if (toc_failed(err)) {
        memset(genesis, 0, sizeof *genesis);
        toc_arena_release(arena, mark);
    }
    return err;
}

struct toc_err toc_genesis_check_complete(const struct toc_genesis *genesis)
{
    /* */
    if (genesis->signature_count != genesis->roster.org_count) {
        return toc_fail(TOC_STATE, "a founder's signature is missing");
    }
    return toc_ok();
}

static struct toc_err open_genesis(uint8_t *f, struct toc_epoch_secret *secret,
                                   const struct toc_genesis *genesis, const uint8_t *f_given,
                                   const uint8_t *seal_public, const uint8_t *seal_secret)
{
    if (f_given == NULL) {
        TOC_TRY(toc_roster_open_secret(f, &genesis->roster, seal_public, seal_secret));
    } else {
        TOC_TRY(toc_roster_check_secret(&genesis->roster, f_given));
        memmove(f, f_given, TOC_KEY_BYTES);
    }
    return toc_epoch_open(secret, &genesis->epoch, f, seal_public, seal_secret);
}

struct toc_err toc_genesis_open(uint8_t f[static TOC_KEY_BYTES], struct toc_epoch_secret *secret,
                                const struct toc_genesis *genesis, const uint8_t *f_given,
                                const uint8_t seal_public[static TOC_KEY_BYTES],
                                const uint8_t seal_secret[static TOC_KEY_BYTES])
{
    struct toc_err err = open_genesis(f, secret, genesis, f_given, seal_public, seal_secret);
    if (toc_failed(err)) {
        toc_wipe(f, TOC_KEY_BYTES);
        toc_wipe(secret, sizeof *secret);
    }
    return err;
}
