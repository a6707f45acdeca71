/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A small world for tests of trust: organisations with their keys, cards and nodes, all from
 * repeatable noise; and editing of records, so that a test breaks one field and signs it again.
 */
#ifndef TOC_TEST_FOUNDERS_H
#define TOC_TEST_FOUNDERS_H

#include "check.h"
#include "trust.h"

#define WORLD_ORGS 5u

struct world_org {
    struct toc_sign_keys org, recovery;
    struct toc_node_keys node[2];
    struct toc_sign_keys log[2];
    struct toc_card card;
    uint8_t memory[TOC_CARD_BYTES_MAX];
    struct toc_span envelope;
};

static inline void world_node(struct world_org *one, size_t index, uint16_t number, uint64_t *seed)
{
    uint8_t entropy[160];
    check_random_fill(seed, entropy, sizeof entropy);
    toc_node_keys_make(&one->node[index], entropy);
    toc_sign_keys_make(&one->log[index], entropy + 128);
    struct toc_cert *cert = &one->card.nodes[index];
    memset(cert, 0, sizeof *cert);
    cert->number = number;
    cert->incarnation = 1;
    cert->serial = 1;
    cert->suites = TOC_SUITE_BIT(TOC_SUITE_X25519);
    memcpy(cert->link_key, one->node[index].link_public, TOC_KEY_BYTES);
    memcpy(cert->seal_key, one->node[index].seal_public, TOC_KEY_BYTES);
    memcpy(cert->log_key, one->log[index].public_key, TOC_KEY_BYTES);
    cert->address_count = 1;
    (void)snprintf(cert->addresses[0], sizeof cert->addresses[0], "127.0.0.1:%u", 7000u + number);
}

static inline void world_sign(struct world_org *one)
{
    struct toc_room out = {one->memory, sizeof one->memory};
    assert_ok(toc_card_sign(&one->card, &one->org, out, &one->envelope));
}

/* Organisation `index` with one node, number 1. */
static inline void world_org(struct world_org *one, unsigned index, uint64_t *seed)
{
    uint8_t entropy[64];
    memset(one, 0, sizeof *one);
    check_random_fill(seed, entropy, sizeof entropy);
    toc_sign_keys_make(&one->org, entropy);
    toc_sign_keys_make(&one->recovery, entropy + 32);
    struct toc_card *card = &one->card;
    memcpy(card->recovery_key, one->recovery.public_key, TOC_KEY_BYTES);
    card->serial = 1;
    card->kind = TOC_ORG_NATIONAL_CERT;
    card->voting_node = 1;
    card->node_count = 1;
    (void)snprintf(card->handle, sizeof card->handle, "cert-%c%c%u", 'a' + (int)(index / 26 % 26),
                   'a' + (int)(index % 26), index);
    (void)snprintf(card->name, sizeof card->name, "CERT number %u", index);
    (void)snprintf(card->country, sizeof card->country, "%c%c", 'A' + (int)(index / 26 % 26),
                   'A' + (int)(index % 26));
    (void)snprintf(card->phone, sizeof card->phone, "+00 000 %u", index);
    (void)snprintf(card->mail, sizeof card->mail, "duty@cert%u.example", index);
    (void)snprintf(card->hours, sizeof card->hours, "24/7");
    (void)snprintf(card->languages[0], sizeof card->languages[0], "en");
    card->language_count = 1;
    world_node(one, 0, 1, seed);
    world_sign(one);
}

/* The first organisations of every test, each time the same. */
static inline struct world_org *world(void)
{
    static struct world_org orgs[WORLD_ORGS];
    uint64_t seed = 2024;
    for (unsigned i = 0; i < WORLD_ORGS; i++) {
        world_org(&orgs[i], i, &seed);
    }
    return orgs;
}

/* As assert_code, and names the row of the table that fails. */
static inline void world_expect(const char *what, struct toc_err err, enum toc_code code)
{
    if (err.code != code) {
        print_error("row \"%s\"\n", what);
    }
    assert_code(err, code);
}

/* ---- drafts ---- */

#define WORLD_FILE_BYTES 262144u

struct world_genesis {
    uint8_t arena_memory[TOC_GENESIS_ARENA_BYTES];
    uint8_t memory[2][WORLD_FILE_BYTES];
    struct toc_arena arena;
    struct toc_span file;
    struct toc_genesis genesis;
    uint8_t f[TOC_KEY_BYTES];
};

/* Options to draft with the first `count` organisations, by the first one's node. */
static inline struct toc_genesis_options world_options(struct world_org *orgs,
                                                       struct toc_span *cards, size_t count)
{
    static uint8_t entropy[TOC_DRAFT_ENTROPY_BYTES];
    uint64_t seed = 77;
    check_random_fill(&seed, entropy, sizeof entropy);
    for (size_t i = 0; i < count; i++) {
        cards[i] = orgs[i].envelope;
    }
    return (struct toc_genesis_options){.name = toc_span_str("Test federation"),
                                        .cards = cards,
                                        .card_count = count,
                                        .drafter = orgs[0].card.id,
                                        .drafter_node = 1,
                                        .log_keys = &orgs[0].log[0],
                                        .entropy = entropy};
}

static inline void world_decode(struct world_genesis *made)
{
    toc_arena_init(&made->arena, made->arena_memory, sizeof made->arena_memory);
    assert_ok(toc_genesis_decode(&made->genesis, made->file, &made->arena));
}

/* A genesis of the first `count` organisations, which the first `signers` have signed. */
static inline struct world_genesis *world_found(struct world_org *orgs, size_t count,
                                                size_t signers)
{
    static struct world_genesis made;
    struct toc_span cards[WORLD_ORGS];
    struct toc_genesis_options options = world_options(orgs, cards, count);
    toc_arena_init(&made.arena, made.arena_memory, sizeof made.arena_memory);
    struct toc_room out = {made.memory[0], WORLD_FILE_BYTES};
    assert_ok(toc_genesis_draft(&options, &made.arena, out, &made.file, made.f));
    for (size_t i = 0; i < signers; i++) {
        struct toc_room next = {made.memory[(i + 1) % 2], WORLD_FILE_BYTES};
        world_decode(&made);
        assert_ok(toc_genesis_sign(&made.genesis, &orgs[i].org, next, &made.file));
    }
    world_decode(&made);
    return &made;
}

/* ---- editing ---- */

/* Copies the pairs of a map but for `key`, which gets `value` (encoded) or, when that is empty,
 * disappears. A new key comes where the order of keys wants it. */
static inline struct toc_span world_edit(struct toc_span record, int64_t key, struct toc_span value,
                                         struct toc_room out)
{
    struct toc_reader reader;
    toc_reader_init(&reader, record);
    size_t pairs = toc_read_map(&reader, 64);
    struct toc_span keys[64];
    struct toc_span values[64];
    int64_t numbers[64];
    size_t count = 0;
    bool placed = value.len == 0;
    uint8_t key_memory[9];
    struct toc_writer key_writer;
    toc_writer_init(&key_writer, key_memory, sizeof key_memory);
    toc_write_int(&key_writer, key);
    for (size_t i = 0; i <= pairs; i++) {
        if (i < pairs) {
            keys[count] = toc_read_raw(&reader);
            values[count] = toc_read_raw(&reader);
            struct toc_reader number;
            toc_reader_init(&number, keys[count]);
            numbers[count] = toc_read_key(&number);
        }
        bool here = i == pairs || numbers[count] >= key;
        bool same = i < pairs && numbers[count] == key;
        struct toc_span next_key = keys[count];
        struct toc_span next_value = values[count];
        if (!placed && here) {
            keys[count] = toc_writer_bytes(&key_writer);
            values[count] = value;
            count++;
            placed = true;
        }
        if (i < pairs && !same) {
            keys[count] = next_key;
            values[count] = next_value;
            count++;
        }
    }
    struct toc_writer writer;
    toc_writer_init(&writer, out.at, out.len);
    toc_write_map(&writer, count);
    for (size_t i = 0; i < count; i++) {
        toc_write_raw(&writer, keys[i]);
        toc_write_raw(&writer, values[i]);
    }
    assert_ok(writer.err);
    return toc_writer_bytes(&writer);
}

/* The record of an envelope. */
static inline struct toc_span world_record(struct toc_span envelope)
{
    struct toc_reader reader;
    toc_reader_init(&reader, envelope);
    (void)toc_read_array(&reader, 3);
    struct toc_span record = toc_read_bin(&reader, SIZE_MAX);
    assert_ok(reader.err);
    return record;
}

/* Who signs an edited record, and as what. */
struct world_signer {
    enum toc_context hash, sign;
    const uint8_t *federation; /* NULL: zeros */
    const struct toc_sign_keys *keys;
    bool with_key; /* the envelope names the key */
};

static inline struct toc_span world_envelope(struct toc_span record,
                                             const struct world_signer *signer, struct toc_room out)
{
    static const uint8_t zeros[TOC_ID_BYTES];
    uint8_t hash[TOC_HASH_BYTES];
    uint8_t sig[TOC_SIG_BYTES];
    struct toc_writer writer;
    toc_hash(hash, signer->hash, &record, 1);
    toc_sign(sig, signer->sign, signer->federation == NULL ? zeros : signer->federation, hash,
             signer->keys->secret);
    toc_writer_init(&writer, out.at, out.len);
    toc_write_array(&writer, signer->with_key ? 3 : 2);
    toc_write_bin(&writer, record);
    if (signer->with_key) {
        toc_write_bin(&writer, toc_span(signer->keys->public_key, TOC_KEY_BYTES));
    }
    toc_write_bin(&writer, toc_span(sig, sizeof sig));
    assert_ok(writer.err);
    return toc_writer_bytes(&writer);
}

/* One row of a table of edits: what the record's field becomes, and what that is refused with. */
struct world_edit_row {
    const char *what;
    int64_t key;
    const char *value_hex; /* encoded; "" drops the field */
    enum toc_code code;
};

#endif
