/* SPDX-License-Identifier: EUPL-1.2 */
/* A federation with an epoch, and what makes the next one: for tests of epoch records. */
#ifndef TOC_TEST_SCENE_H
#define TOC_TEST_SCENE_H

#include "founders.h"

/* A federation of three, an epoch of its group of all, and what makes the next one. */
struct scene {
    struct world_org *orgs;
    struct world_genesis *made;
    uint8_t f[TOC_KEY_BYTES];
    uint8_t all[TOC_ID_BYTES];
    uint8_t ids[WORLD_ORGS * TOC_ID_BYTES];
    uint8_t seal_keys[WORLD_ORGS * TOC_KEY_BYTES];
    uint8_t entropy[TOC_EPOCH_ENTROPY_BYTES];
    uint8_t tag_key[TOC_KEY_BYTES];
    struct toc_epoch_options options;
    struct toc_epoch_place place;
    struct toc_epoch first;
};

static inline void set_members(struct scene *scene, size_t from, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        memcpy(scene->ids + i * TOC_ID_BYTES, scene->orgs[from + i].card.id, TOC_ID_BYTES);
        memcpy(scene->seal_keys + i * TOC_KEY_BYTES, scene->orgs[from + i].node[0].seal_public,
               TOC_KEY_BYTES);
    }
    scene->options.members = (struct toc_ids){scene->ids, toc_ids_sort(scene->ids, count)};
    scene->options.seal_keys = (struct toc_ids){scene->seal_keys, count};
}

/* Options for the epoch after the first, by the first organisation. */
static inline void set(struct scene *scene)
{
    uint64_t seed = 55;
    memset(scene, 0, sizeof *scene);
    scene->orgs = world();
    scene->made = world_found(scene->orgs, 3, 3);
    scene->first = scene->made->genesis.epoch;
    memcpy(scene->f, scene->made->f, sizeof scene->f);
    toc_group_all_id(scene->all, scene->made->genesis.roster.hash);
    check_random_fill(&seed, scene->entropy, sizeof scene->entropy);
    memset(scene->tag_key, 3, sizeof scene->tag_key);
    scene->options = (struct toc_epoch_options){
        .federation = scene->made->genesis.roster.hash,
        .group = scene->all,
        .number = 2,
        .parent = scene->first.hash,
        .committer = scene->orgs[0].card.id,
        .committer_node = 1,
        .roster_number = 1,
        .reason = TOC_REASON_ROTATION,
        .f_generation = 1,
        .f = scene->f,
        .tag_key = scene->tag_key,
        .log_keys = &scene->orgs[0].log[0],
        .entropy = scene->entropy,
    };
    set_members(scene, 0, 3);
    scene->place = (struct toc_epoch_place){.federation = scene->made->genesis.roster.hash,
                                            .roster = &scene->made->genesis.roster,
                                            .current = &scene->first};
}

struct product {
    uint8_t memory[4096];
    struct toc_span envelope;
    struct toc_epoch epoch;
    struct toc_epoch_secret secret;
};

static inline void make(struct product *product, const struct scene *scene)
{
    struct toc_room out = {product->memory, sizeof product->memory};
    assert_ok(toc_epoch_make(&scene->options, out, &product->envelope, &product->secret));
    assert_ok(toc_epoch_verify(&product->epoch, product->envelope, scene->options.federation));
    assert_true(product->envelope.len <=
                toc_epoch_bytes_max(scene->options.members.count, scene->options.seal_keys.count));
}

#endif
