/* SPDX-License-Identifier: EUPL-1.2 */
#include "sim.h"

#include <stdlib.h>
#include <string.h>

#include "store.h"

/*
 * Transactions: a STORE waits here until its commit is over, is then durable and answered, in
 * order. A crash before that leaves the first few of them, each whole. Below it lies the model
 * (disk.c) or, with --store lmdb, node/store itself in a folder of memory.
 */

#define COMMIT_US 300u /* a group commit: 2-architecture.md measured 250-500 us */
#define COMMIT_NOISE_US 200u

static void drop_txn(struct sim_txn *txn)
{
    for (size_t i = 0; i < txn->op_count; i++) {
        sim_bytes_drop(txn->bytes[i]);
    }
    free(txn->bytes);
    free(txn->ops);
    free(txn);
}

/* A control: an outsider is given what a group keeps to itself. */
static void leak_to_others(struct sim *sim, struct sim_node *node, const struct toc_action *action)
{
    static const char plain[] = "opened: " SIM_MARKER;
    struct toc_action leak = *action;
    struct toc_store_op op = action->ops[0];
    uint32_t name = op.kind == TOC_STORE_RANGE ? sim_name_find(sim, op.log) : SIM_NONE;
    if (sim->options.broken == SIM_BREAK_LEAK_PLAIN && name != SIM_NONE) {
        op.kind = TOC_STORE_RECORD;
        op.bytes = toc_span(plain, sizeof plain);
    } else if (sim->options.broken != SIM_BREAK_LEAK_STORE || name == SIM_NONE ||
               sim->names[name].group < 2) {
        return;
    }
    leak.ops = &op;
    leak.op_count = 1;
    for (uint32_t i = 0; i < sim->member_count; i++) {
        if (name != SIM_NONE && i != node->index) {
            sim_check_store(sim, &sim->nodes[i], &leak);
        }
    }
}

void sim_store(struct sim *sim, struct sim_node *node, const struct toc_action *action)
{
    struct sim_txn *txn = calloc(1, sizeof *txn);
    TOC_ASSERT(txn != NULL);
    txn->id = action->id;
    txn->op_count = action->op_count;
    txn->ops = calloc(action->op_count + 1, sizeof *txn->ops);
    txn->bytes = calloc(action->op_count + 1, sizeof *txn->bytes);
    TOC_ASSERT(txn->ops != NULL && txn->bytes != NULL);
    sim_check_store(sim, node, action);
    leak_to_others(sim, node, action);
    for (size_t i = 0; i < action->op_count; i++) {
        txn->ops[i] = action->ops[i];
        txn->bytes[i] = sim_bytes(action->ops[i].bytes);
        txn->byte_count += action->ops[i].bytes.len;
    }
    *node->txns_end = txn;
    node->txns_end = &txn->next;
    node->txn_count++;
    node->txn_bytes += txn->byte_count;
    sim->peak_txn_bytes =
        node->txn_bytes > sim->peak_txn_bytes ? node->txn_bytes : sim->peak_txn_bytes;
    uint64_t done_us = sim->now_us + COMMIT_US + sim_noise(sim, COMMIT_NOISE_US);
    node->commit_us = node->commit_us > done_us ? node->commit_us : done_us;
    struct sim_event event = {
        .kind = SIM_COMMIT, .node = node->index, .life = node->life, .id = txn->id};
    if (sim->options.broken == SIM_BREAK_ACK_EARLY) {
        txn->answered = event.flag = true;
        sim_later(sim, event, 1);
        event.flag = false;
        node->commit_us += sim_below(sim, SIM_S_US);
    }
    sim_later(sim, event, node->commit_us - sim->now_us);
}

static struct toc_err apply_lmdb(struct sim_node *node, const struct sim_txn *txn)
{
    struct toc_store_txn *into;
    struct toc_store_op ops[TOC_CHUNK_COUNT_MAX + 64];
    TOC_ASSERT(txn->op_count <= sizeof ops / sizeof *ops);
    for (size_t i = 0; i < txn->op_count; i++) {
        ops[i] = txn->ops[i];
        ops[i].bytes = toc_span(txn->bytes[i]->at, txn->bytes[i]->len);
    }
    TOC_TRY(toc_store_begin(node->disk.lmdb, &into));
    struct toc_err err = toc_store_apply(into, ops, txn->op_count);
    if (toc_failed(err)) {
        toc_store_abort(into);
        return err;
    }
    return toc_store_commit(into);
}

static struct toc_err apply(struct sim *sim, struct sim_node *node, const struct sim_txn *txn)
{
    if (node->disk.lmdb != NULL) {
        return apply_lmdb(node, txn);
    }
    for (size_t i = 0; i < txn->op_count; i++) {
        TOC_TRY(sim_disk_apply(sim, &node->disk, &txn->ops[i], txn->bytes[i]));
    }
    return toc_ok();
}

static struct sim_txn *take(struct sim_node *node)
{
    struct sim_txn *txn = node->txns;
    node->txns = txn->next;
    if (node->txns == NULL) {
        node->txns_end = &node->txns;
    }
    node->txn_count--;
    node->txn_bytes -= txn->byte_count;
    return txn;
}

static bool is_told(const struct sim *sim)
{
    return sim->options.print || (sim->options.say & SIM_SAY_STORE) != 0;
}

/* Who stored what, for readers and for measuring. */
static void tell(struct sim *sim, struct sim_node *node, const struct sim_txn *txn, uint32_t from)
{
    for (size_t i = 0; i < txn->op_count; i++) {
        struct toc_range_info info;
        uint32_t name =
            txn->ops[i].kind == TOC_STORE_RANGE ? sim_name_find(sim, txn->ops[i].log) : SIM_NONE;
        if (name == SIM_NONE || sim->groups[sim->names[name].group].control ||
            toc_failed(toc_range_peek(toc_span(txn->bytes[i]->at, txn->bytes[i]->len), &info))) {
            continue;
        }
        if (sim->on_stored != NULL) {
            sim->on_stored(sim, node, name, info.last_seq, from);
        }
        char text[SIM_TEXT_BYTES];
        if (is_told(sim) && from != SIM_NONE) {
            sim_name_text(sim, name, text);
            sim_say(sim, SIM_SAY_STORE, "%s stores %s/%llu from %s", node->name, text,
                    (unsigned long long)info.last_seq, sim->nodes[from].name);
        }
    }
}

/* The node from which the core has what this job stores, or SIM_NONE. */
static uint32_t job_from(const struct sim *sim, struct sim_node *node, uint64_t id)
{
    struct toc_replica *replica = &node->core->replica;
    for (uint32_t i = 0; i < TOC_JOBS_MAX; i++) {
        if (replica->jobs[i].id == id && replica->jobs[i].link != 0) {
            struct toc_link *link = toc_links_find(&node->core->links, replica->jobs[i].link);
            return link == NULL ? SIM_NONE : sim_node_of(sim, link->org);
        }
    }
    return SIM_NONE;
}

static void answer(struct sim *sim, struct sim_node *node, uint64_t id, struct toc_err err)
{
    struct toc_event event = {.kind = TOC_EVENT_STORED, .id = id, .err = err};
    sim_step(sim, node, &event);
}

/* What a store says: it fails from the moment that the disk is full until the node starts again. */
static struct toc_err outcome(struct sim *sim, struct sim_node *node, const struct sim_txn *txn)
{
    if (node->disk.full || node->disk_broke) {
        node->disk_broke = sim->options.broken != SIM_BREAK_FULL_DISK_LIES;
        return node->disk_broke ? toc_fail(TOC_DISK_FULL, "no space") : toc_ok();
    }
    struct toc_err err = apply(sim, node, txn);
    if (toc_failed(err)) {
        sim_fail(sim, SIM_CHECK_ORDER, "%s: a job does not fit its store: %s", node->name, err.why);
    }
    return err;
}

void sim_commit(struct sim *sim, struct sim_node *node, const struct sim_event *event)
{
    if (event->flag) {
        answer(sim, node, event->id, toc_ok());
        return;
    }
    struct sim_txn *txn = node->txns;
    struct toc_err err = outcome(sim, node, txn);
    bool asked = sim->on_stored != NULL || is_told(sim);
    uint32_t from = asked ? job_from(sim, node, txn->id) : SIM_NONE;
    take(node);
    if (asked && !toc_failed(err)) {
        tell(sim, node, txn, from);
    }
    if (!txn->answered) {
        answer(sim, node, txn->id, err);
    }
    drop_txn(txn);
}

void sim_store_crash(struct sim *sim, struct sim_node *node, size_t survive)
{
    while (node->txns != NULL) {
        struct sim_txn *txn = take(node);
        if (survive > 0 && !node->disk.full && !node->disk_broke) {
            struct toc_err err = apply(sim, node, txn);
            TOC_ASSERT(!toc_failed(err));
            survive--;
        }
        drop_txn(txn);
    }
}

struct toc_err sim_load(struct sim *sim, struct sim_node *node, const struct toc_load *load,
                        size_t *count)
{
    *count = 0;
    return node->disk.lmdb != NULL ? toc_store_load(node->disk.lmdb, load, count)
                                   : sim_disk_load(sim, &node->disk, load, count);
}

struct restoring {
    struct toc_core *core;
    char table;
};

static struct toc_err restore_record(void *arg, struct toc_span key, struct toc_span value)
{
    struct restoring *restoring = arg;
    /* As the daemon: what is not used is left where it is. */
    struct toc_err err = toc_core_load_record(restoring->core, restoring->table, key, value);
    (void)err;
    return toc_ok();
}

static struct toc_err restore_head(void *arg, const uint8_t *log, const struct toc_log_head *head)
{
    struct restoring *restoring = arg;
    struct toc_err err = toc_core_load_head(restoring->core, log, head);
    (void)err;
    return toc_ok();
}

static void restore_table(struct sim_node *node, struct restoring *restoring, char table)
{
    restoring->table = table;
    if (node->disk.lmdb != NULL) {
        struct toc_err err =
            toc_store_each_record(node->disk.lmdb, table, restore_record, restoring);
        TOC_ASSERT(!toc_failed(err));
        return;
    }
    for (size_t i = 0; i < node->disk.row_count; i++) {
        const struct sim_row *row = &node->disk.rows[i];
        if (row->key[0] == (uint8_t)table && row->value != NULL) {
            struct toc_err err = restore_record(restoring, toc_span(row->key + 1, row->key_len - 1),
                                                toc_span(row->value->at, row->value->len));
            TOC_ASSERT(!toc_failed(err));
        }
    }
}

void sim_store_restore(struct sim *sim, struct sim_node *node)
{
    (void)sim;
    struct restoring restoring = {.core = node->core};
    for (const char *table = "CGEB"; *table != 0; table++) {
        restore_table(node, &restoring, *table);
    }
    if (node->disk.lmdb != NULL) {
        struct toc_err err = toc_store_each_head(node->disk.lmdb, restore_head, &restoring);
        TOC_ASSERT(!toc_failed(err));
    }
    for (size_t i = 0; i < node->disk.log_count; i++) {
        struct toc_err err =
            restore_head(&restoring, node->disk.logs[i].id, &node->disk.logs[i].head);
        TOC_ASSERT(!toc_failed(err));
    }
    restore_table(node, &restoring, 'P');
}

void sim_store_open(struct sim *sim, struct sim_node *node)
{
    struct sim_disk *disk = &node->disk;
    if (!sim->options.lmdb) {
        return;
    }
    if (disk->folder[0] == 0) {
        sim_folder_make(disk->folder, sizeof disk->folder);
    }
    char path[80];
    snprintf(path, sizeof path, "%s/store", disk->folder);
    struct toc_store_options options = {.map_bytes = UINT64_C(1) << 28};
    struct toc_err err = toc_store_open(&disk->lmdb, path, &options);
    TOC_ASSERT(!toc_failed(err));
}

void sim_store_end(struct sim_node *node)
{
    toc_store_close(node->disk.lmdb);
    node->disk.lmdb = NULL;
}

void sim_store_remove(struct sim_node *node)
{
    if (node->disk.folder[0] != 0) {
        sim_folder_remove(node->disk.folder);
        node->disk.folder[0] = 0;
    }
}

uint64_t sim_store_head(struct sim_node *node, const uint8_t *log, uint8_t hash[TOC_HASH_BYTES])
{
    struct toc_log_head head = {0};
    if (node->disk.lmdb != NULL) {
        struct toc_err err = toc_store_head(node->disk.lmdb, log, &head);
        (void)err; /* absent: zeros */
    } else {
        const struct sim_log *at = sim_disk_log(&node->disk, log);
        head = at == NULL ? head : at->head;
    }
    memcpy(hash, head.hash, TOC_HASH_BYTES);
    return head.seq;
}

bool sim_store_entry(struct sim_node *node, const uint8_t *log, uint64_t seq,
                     uint8_t hash[TOC_HASH_BYTES])
{
    if (node->disk.lmdb == NULL) {
        const struct sim_entry *found = sim_disk_entry(&node->disk, log, seq);
        if (found != NULL) {
            memcpy(hash, found->hash, TOC_HASH_BYTES);
        }
        return found != NULL;
    }
    struct toc_store_entry entry;
    if (toc_failed(toc_store_read_entry(node->disk.lmdb, log, seq, &entry))) {
        return false;
    }
    memcpy(hash, entry.hash, TOC_HASH_BYTES);
    toc_store_entry_clear(&entry);
    return true;
}

void sim_store_digest(struct sim *sim, struct sim_node *node, const uint8_t *log,
                      uint8_t out[TOC_HASH_BYTES])
{
    uint8_t hash[TOC_HASH_BYTES];
    if (node->disk.lmdb == NULL) {
        sim_disk_digest(sim, &node->disk, log, out);
        return;
    }
    struct toc_hasher hasher;
    toc_hasher_init(&hasher, TOC_CTX_H_AUDIT);
    uint64_t head = sim_store_head(node, log, hash);
    for (uint64_t seq = 1; seq <= head; seq++) {
        struct toc_store_entry entry;
        if (toc_failed(toc_store_read_entry(node->disk.lmdb, log, seq, &entry))) {
            toc_hasher_add(&hasher, toc_span_str("damaged"));
            continue;
        }
        toc_hasher_add(&hasher, toc_span(entry.hash, TOC_HASH_BYTES));
        toc_hasher_add(&hasher, entry.payload.at == NULL ? toc_span_str("absent") : entry.payload);
        toc_store_entry_clear(&entry);
    }
    toc_hasher_final(&hasher, out);
}
