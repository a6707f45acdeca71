/* SPDX-License-Identifier: EUPL-1.2 */
#include "sim.h"

#include <stdlib.h>
#include <string.h>

/* A federation is founded: keys, cards, the genesis with everybody's signature; and what the world
 * knows of groups and logs. */

static void make_keys(struct sim *sim, struct sim_node *node)
{
    uint8_t entropy[128];
    sim_entropy(sim, entropy, sizeof entropy);
    toc_node_keys_make(&node->node_keys, entropy);
    sim_entropy(sim, entropy, 96);
    toc_sign_keys_make(&node->log_keys, entropy);
    toc_sign_keys_make(&node->org_keys, entropy + 32);
    toc_sign_keys_make(&node->recovery_keys, entropy + 64);
}

static void make_card(struct sim_node *node)
{
    static uint8_t room[TOC_CARD_BYTES_MAX];
    struct toc_card card = {.serial = 1, .kind = TOC_ORG_NATIONAL_CERT, .voting_node = 1};
    memcpy(card.recovery_key, node->recovery_keys.public_key, TOC_KEY_BYTES);
    snprintf(card.handle, sizeof card.handle, "%s", node->name);
    snprintf(card.name, sizeof card.name, "CERT number %u", node->index);
    card.country[0] = (char)('A' + node->index / 26 % 26);
    card.country[1] = (char)('A' + node->index % 26);
    card.node_count = 1;
    struct toc_cert *cert = &card.nodes[0];
    cert->number = 1;
    cert->incarnation = 1;
    cert->serial = 1;
    cert->suites = TOC_SUITE_BIT(TOC_SUITE_X25519);
    memcpy(cert->link_key, node->node_keys.link_public, TOC_KEY_BYTES);
    memcpy(cert->seal_key, node->node_keys.seal_public, TOC_KEY_BYTES);
    memcpy(cert->log_key, node->log_keys.public_key, TOC_KEY_BYTES);
    cert->address_count = 1;
    snprintf(cert->addresses[0], sizeof cert->addresses[0], "node.example:%u",
             SIM_PORT + node->index);
    struct toc_span envelope;
    struct toc_err err =
        toc_card_sign(&card, &node->org_keys, (struct toc_room){room, sizeof room}, &envelope);
    TOC_ASSERT(!toc_failed(err));
    uint8_t *copy = malloc(envelope.len);
    TOC_ASSERT(copy != NULL);
    memcpy(copy, envelope.at, envelope.len);
    node->card = toc_span(copy, envelope.len);
    memcpy(node->org, card.id, TOC_ID_BYTES);
}

/* toc_genesis_sign writes the whole file for each signature; all but one are put in beforehand. */
static struct toc_span sign_all(struct sim *sim, struct toc_span draft, struct toc_arena *arena,
                                struct toc_room out)
{
    struct toc_genesis genesis;
    struct toc_err err = toc_genesis_decode(&genesis, draft, arena);
    TOC_ASSERT(!toc_failed(err));
    memcpy(sim->federation, genesis.roster.hash, TOC_ID_BYTES);
    uint8_t(*sigs)[TOC_SIG_BYTES] = calloc(sim->member_count, sizeof *sigs);
    TOC_ASSERT(sigs != NULL);
    for (uint32_t i = 1; i < sim->member_count; i++) {
        const struct toc_org *org = toc_roster_find(&genesis.roster, sim->nodes[i].org);
        toc_sign(sigs[i], TOC_CTX_S_ROSTER, genesis.roster.hash, genesis.roster.hash,
                 sim->nodes[i].org_keys.secret);
        genesis.signatures[org - genesis.roster.orgs] = sigs[i];
    }
    struct toc_span file;
    err = toc_genesis_sign(&genesis, &sim->nodes[0].org_keys, out, &file);
    TOC_ASSERT(!toc_failed(err));
    free(sigs);
    return file;
}

static void make_genesis(struct sim *sim)
{
    size_t arena_bytes = TOC_GENESIS_ARENA_BYTES * 3, room = TOC_GENESIS_BYTES_MAX;
    uint8_t *memory = malloc(arena_bytes), *files[2] = {malloc(room), malloc(room)};
    struct toc_span *cards = calloc(sim->member_count, sizeof *cards), file;
    TOC_ASSERT(memory != NULL && files[0] != NULL && files[1] != NULL && cards != NULL);
    for (uint32_t i = 0; i < sim->member_count; i++) {
        cards[i] = sim->nodes[i].card;
    }
    uint8_t entropy[TOC_DRAFT_ENTROPY_BYTES];
    sim_entropy(sim, entropy, sizeof entropy);
    struct toc_genesis_options options = {.name = toc_span_str("Simulated federation"),
                                          .cards = cards,
                                          .card_count = sim->member_count,
                                          .drafter = sim->nodes[0].org,
                                          .drafter_node = 1,
                                          .log_keys = &sim->nodes[0].log_keys,
                                          .entropy = entropy};
    struct toc_arena arena;
    toc_arena_init(&arena, memory, arena_bytes);
    struct toc_err err =
        toc_genesis_draft(&options, &arena, (struct toc_room){files[0], room}, &file, sim->f);
    TOC_ASSERT(!toc_failed(err));
    toc_arena_init(&arena, memory, arena_bytes);
    sim->genesis = sign_all(sim, file, &arena, (struct toc_room){files[1], room});
    free(memory);
    free(files[0]);
    free(cards);
}

static void add_names(struct sim *sim, uint32_t group, uint32_t author)
{
    if (sim->name_count == sim->name_max) {
        sim->name_max = sim->name_max == 0 ? 64 : sim->name_max * 2;
        sim->names = realloc(sim->names, sim->name_max * sizeof *sim->names);
        TOC_ASSERT(sim->names != NULL);
    }
    struct sim_name *name = &sim->names[sim->name_count];
    *name = (struct sim_name){.author = author, .group = group};
    toc_log_id(name->id, sim->federation, sim->groups[group].id,
               sim->nodes[author].log_keys.public_key);
    sim_map_add(&sim->name_map, toc_span(name->id, TOC_ID_BYTES), sim->name_count++);
}

uint32_t sim_group_add(struct sim *sim, const uint8_t *id, const uint8_t *members, const char *name)
{
    for (uint32_t i = 0; i < sim->group_count; i++) {
        if (memcmp(sim->groups[i].id, id, TOC_ID_BYTES) == 0) {
            return i;
        }
    }
    TOC_ASSERT(sim->group_count < SIM_GROUPS_MAX);
    struct sim_group *group = &sim->groups[sim->group_count];
    *group = (struct sim_group){.control = sim->group_count == 0};
    memcpy(group->id, id, TOC_ID_BYTES);
    memcpy(group->members, members, sizeof group->members);
    if (name != NULL) {
        snprintf(group->name, sizeof group->name, "%s", name);
    } else {
        snprintf(group->name, sizeof group->name, "g%u", sim->group_count - 1);
    }
    for (uint32_t i = 0; i < sim->member_count; i++) {
        if (toc_set_has(members, i)) {
            add_names(sim, sim->group_count, i);
        }
    }
    return sim->group_count++;
}

uint32_t sim_name_find(const struct sim *sim, const uint8_t *log)
{
    return sim_map_find(&sim->name_map, toc_span(log, TOC_ID_BYTES));
}

void sim_name_text(const struct sim *sim, uint32_t name, char out[SIM_TEXT_BYTES])
{
    const struct sim_group *group = &sim->groups[sim->names[name].group];
    bool all = sim->names[name].group == 1;
    snprintf(out, SIM_TEXT_BYTES, "%s%s%s", sim->nodes[sim->names[name].author].name,
             all ? "" : "@", all ? "" : group->name);
}

uint32_t sim_node_of(const struct sim *sim, const uint8_t *org)
{
    return sim_map_find(&sim->org_map, toc_span(org, TOC_ID_BYTES));
}

bool sim_is_member(const struct sim *sim, uint32_t group, uint32_t node)
{
    uint32_t as = sim->nodes[node].twin_of != SIM_NONE ? sim->nodes[node].twin_of : node;
    return toc_set_has(sim->groups[group].members, as);
}

void sim_found(struct sim *sim)
{
    uint8_t everybody[SIM_NODES_MAX / 8] = {0}, all[TOC_ID_BYTES];
    for (uint32_t i = 0; i < sim->member_count; i++) {
        make_keys(sim, &sim->nodes[i]);
        make_card(&sim->nodes[i]);
        toc_set_put(everybody, i, true);
        sim_map_add(&sim->key_map, toc_span(sim->nodes[i].node_keys.link_public, TOC_KEY_BYTES), i);
        sim_map_add(&sim->org_map, toc_span(sim->nodes[i].org, TOC_ID_BYTES), i);
    }
    make_genesis(sim);
    toc_group_all_id(all, sim->federation);
    sim_group_add(sim, sim->federation, everybody, "control");
    sim_group_add(sim, all, everybody, "all");
}
