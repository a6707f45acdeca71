/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * world, its founding. Header only; tests include world.h.
 */
#ifndef TOC_TEST_WORLD_FOUND_H
#define TOC_TEST_WORLD_FOUND_H

#include "world_types.h"

/* Suites that the nodes of a world have. */
static uint32_t world_suites = TOC_SUITE_BIT(TOC_SUITE_X25519);

static inline void world_make_card(struct world *world, size_t index, uint64_t serial)
{
    struct world_node *node = &world->nodes[index];
    struct toc_card card = {.serial = serial, .kind = TOC_ORG_NATIONAL_CERT, .voting_node = 1};
    memcpy(card.recovery_key, node->recovery_keys.public_key, 32);
    snprintf(card.handle, sizeof card.handle, "cert-%zu", index);
    snprintf(card.name, sizeof card.name, "CERT number %zu", index);
    card.country[0] = (char)('A' + index / 26);
    card.country[1] = (char)('A' + index % 26);
    card.node_count = 1;
    struct toc_cert *cert = &card.nodes[0];
    cert->number = 1;
    cert->incarnation = 1;
    cert->serial = serial;
    cert->suites = world_suites;
    memcpy(cert->link_key, node->node_keys.link_public, 32);
    memcpy(cert->seal_key, node->node_keys.seal_public, 32);
    memcpy(cert->log_key, node->log_keys.public_key, 32);
    cert->address_count = 1;
    snprintf(cert->addresses[0], sizeof cert->addresses[0], "node.example:%zu", 1000 + index);
    static uint8_t room[TOC_CARD_BYTES_MAX];
    struct toc_span envelope;
    assert_ok(
        toc_card_sign(&card, &node->org_keys, (struct toc_room){room, sizeof room}, &envelope));
    node->card = world_copy(envelope);
    memcpy(node->org, card.id, 32);
}

static inline void world_make_keys(struct world *world, struct world_node *node)
{
    uint8_t entropy[128];
    world_entropy(world, entropy, sizeof entropy);
    toc_node_keys_make(&node->node_keys, entropy);
    world_entropy(world, entropy, 96);
    toc_sign_keys_make(&node->log_keys, entropy);
    toc_sign_keys_make(&node->org_keys, entropy + 32);
    toc_sign_keys_make(&node->recovery_keys, entropy + 64);
}

static inline void world_found(struct world *world)
{
    static uint8_t memory[WORLD_ARENA_BYTES], files[2][1048576];
    struct toc_span cards[WORLD_NODES_MAX], file;
    for (size_t i = 0; i < world->node_count; i++) {
        cards[i] = world->nodes[i].card;
    }
    uint8_t entropy[TOC_DRAFT_ENTROPY_BYTES], f[32];
    world_entropy(world, entropy, sizeof entropy);
    struct toc_arena arena;
    toc_arena_init(&arena, memory, sizeof memory);
    struct toc_genesis_options options = {.name = toc_span_str("Test federation"),
                                          .cards = cards,
                                          .card_count = world->node_count,
                                          .drafter = world->nodes[0].org,
                                          .drafter_node = 1,
                                          .log_keys = &world->nodes[0].log_keys,
                                          .entropy = entropy};
    assert_ok(toc_genesis_draft(&options, &arena, (struct toc_room){files[0], sizeof files[0]},
                                &file, f));
    for (size_t i = 0; i < world->node_count; i++) {
        struct toc_genesis genesis;
        toc_arena_init(&arena, memory, sizeof memory);
        assert_ok(toc_genesis_decode(&genesis, file, &arena));
        uint8_t *out = files[(i + 1) % 2];
        assert_ok(toc_genesis_sign(&genesis, &world->nodes[i].org_keys,
                                   (struct toc_room){out, sizeof files[0]}, &file));
    }
    world->genesis = world_copy(file);
    memcpy(world->f, f, sizeof f);
    struct toc_genesis founded;
    toc_arena_init(&arena, memory, sizeof memory);
    assert_ok(toc_genesis_decode(&founded, file, &arena));
    memcpy(world->federation, founded.roster.hash, 32);
}

#endif
