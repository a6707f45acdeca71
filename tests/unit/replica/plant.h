/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A large group without a large federation: logs of node 3's organisation are put into a node's
 * ledger, with heads that nothing stands behind. The same ones on every node.
 */
#ifndef TOC_TEST_PLANT_H
#define TOC_TEST_PLANT_H

#include "scene.h"

static inline void plant_log(struct toc_ledger *ledger, uint32_t number)
{
    uint8_t bytes[4], known[32];
    world_log(&world, 3, NULL, known);
    uint32_t model = toc_ledger_find_log(ledger, known), at = ledger->log_count;
    assert_true(model != TOC_LEDGER_NONE && at < ledger->log_max);
    struct toc_ledger_log *log = &ledger->logs[at];
    *log = ledger->logs[model];
    toc_put_le32(bytes, number);
    struct toc_span part = toc_span(bytes, sizeof bytes);
    toc_hash(log->id, TOC_CTX_H_AUDIT, &part, 1);
    memcpy(log->log_key, log->id, 32);
    log->head = log->checked = (struct toc_log_head){0};
    log->next_in_group = ledger->groups[TOC_GROUP_ALL].first_log;
    ledger->groups[TOC_GROUP_ALL].first_log = at;
    ledger->groups[TOC_GROUP_ALL].log_count++;
    uint32_t slot = toc_le32(log->id) & ledger->slot_mask;
    while (ledger->slots[slot] != 0) {
        slot = (slot + 1) & ledger->slot_mask;
    }
    ledger->slots[slot] = ++ledger->log_count;
    struct toc_log_head head = {.seq = 1 + number % 7, .utc = {WORLD_START_UTC_MS / 2}};
    memcpy(head.hash, log->id, 32);
    toc_ledger_store_head(ledger, at, &head, head.utc);
}

/* `count` logs with entries in the group of all of node `index`. */
static inline void plant(size_t index, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        plant_log(&world.nodes[index].core->ledger, i);
    }
}

#endif
