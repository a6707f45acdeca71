/* SPDX-License-Identifier: EUPL-1.2 */
/* USES: trust */
/*
 * Roster records and genesis files from anybody. What decodes keeps the promises of roster.h and
 * genesis.h.
 */
#include "trust.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t memory[TOC_GENESIS_ARENA_BYTES];

static void check_roster(const struct toc_roster *roster)
{
    TOC_ASSERT(roster->org_count >= TOC_STEWARDS_MIN && roster->org_count <= TOC_ORGS_MAX);
    TOC_ASSERT(toc_roster_threshold(roster) >= TOC_STEWARDS_MIN);
    TOC_ASSERT(toc_roster_threshold(roster) <= roster->steward_count);
    for (size_t i = 0; i < roster->org_count; i++) {
        const struct toc_org *org = &roster->orgs[i];
        TOC_ASSERT(toc_roster_find(roster, org->id) == org);
        TOC_ASSERT(toc_roster_find_handle(roster, toc_span_str(org->handle)) == org);
    }
}

static void open_secret(const struct toc_roster *roster)
{
    static const uint8_t entropy[128] = {1};
    struct toc_node_keys keys;
    uint8_t f[TOC_KEY_BYTES];
    toc_node_keys_make(&keys, entropy);
    TOC_ASSERT(toc_failed(toc_roster_open_secret(f, roster, keys.seal_public, keys.seal_secret)));
    TOC_ASSERT(toc_is_zero(f, sizeof f));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct toc_arena arena;
    struct toc_roster roster;
    static struct toc_genesis genesis;
    struct toc_span bytes = toc_span(data, size);
    toc_arena_init(&arena, memory, sizeof memory);
    if (!toc_failed(toc_roster_decode(&roster, bytes, &arena))) {
        check_roster(&roster);
        open_secret(&roster);
        return 0;
    }
    TOC_ASSERT(toc_arena_mark(&arena) == 0 && toc_is_zero(&roster, sizeof roster));
    if (!toc_failed(toc_genesis_decode(&genesis, bytes, &arena))) {
        check_roster(&genesis.roster);
        TOC_ASSERT(genesis.roster.org_count >= TOC_FOUNDERS_MIN);
        TOC_ASSERT(genesis.signature_count <= genesis.roster.org_count);
        return 0;
    }
    TOC_ASSERT(toc_arena_mark(&arena) == 0 && toc_is_zero(&genesis, sizeof genesis));
    return 0;
}
