/* SPDX-License-Identifier: EUPL-1.2 */
#include "sim.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* Checkers that look on while a run goes on. What is looked at when it ends: end.c. */

#define MARK_BYTES 16u /* a sealed payload begins with a random nonce of 19 bytes */
#define FILTER_BITS 65536u
#define TXN_BYTES_MAX (64u << 20) /* unanswered stores: the pending bytes of all links */
#define UNACKED_MAX (SIM_WINDOW_BYTES + 2 * TOC_TX_BYTES)

static const char *const checker_names[] = {[SIM_CHECK_NONE] = "none",
                                            [SIM_CHECK_CONVERGENCE] = "convergence",
                                            [SIM_CHECK_FAULT] = "fault",
                                            [SIM_CHECK_CANARY] = "canary",
                                            [SIM_CHECK_MEMORY] = "memory",
                                            [SIM_CHECK_ALERT] = "alert",
                                            [SIM_CHECK_DURABILITY] = "durability",
                                            [SIM_CHECK_ORDER] = "order",
                                            [SIM_CHECK_QUIET] = "quiet",
                                            [SIM_CHECK_TRACE] = "trace"};

const char *sim_checker_name(enum sim_checker checker)
{
    return checker_names[checker];
}

void sim_fail(struct sim *sim, enum sim_checker checker, const char *format, ...)
{
    if (sim->failed != SIM_CHECK_NONE) {
        return;
    }
    sim->failed = checker;
    va_list args;
    va_start(args, format);
    vsnprintf(sim->why, sizeof sim->why, format, args);
    va_end(args);
    sim_say(sim, SIM_SAY_CHECK, "FAILED %s: %s", sim_checker_name(checker), sim->why);
}

/* Canaries. */

/* Content that is not sealed. */
static bool is_plain(struct toc_span bytes)
{
    const uint8_t *at = bytes.at, *end = at + bytes.len;
    while (end - at >= (ptrdiff_t)sizeof SIM_MARKER &&
           (at = memchr(at, SIM_MARKER[0], (size_t)(end - at) - sizeof SIM_MARKER + 1)) != NULL) {
        if (memcmp(at, SIM_MARKER, sizeof SIM_MARKER) == 0) {
            return true;
        }
        at++;
    }
    return false;
}

/* The first two bytes of a mark; they are random. */
static uint64_t *filter_of(struct sim *sim, const uint8_t *at, uint64_t *bit)
{
    uint16_t word;
    memcpy(&word, at, sizeof word);
    *bit = UINT64_C(1) << (word % 64);
    return &sim->marks[word / 64];
}

static void add_mark(struct sim *sim, const uint8_t *at, uint32_t group)
{
    uint64_t bit;
    if (sim->mark_count == sim->mark_max) {
        sim->mark_max = sim->mark_max == 0 ? 64 : sim->mark_max * 2;
        sim->mark_rows = realloc(sim->mark_rows, sim->mark_max * sizeof *sim->mark_rows);
        sim->marks = sim->marks != NULL ? sim->marks : calloc(FILTER_BITS / 64, sizeof(uint64_t));
        TOC_ASSERT(sim->mark_rows != NULL && sim->marks != NULL);
    }
    struct sim_mark *mark = &sim->mark_rows[sim->mark_count++];
    memcpy(mark->bytes, at, MARK_BYTES);
    mark->group = group;
    *filter_of(sim, at, &bit) |= bit;
}

/* Nothing in these bytes, which `node` is given, belongs to a group that it is not in. */
static void scan(struct sim *sim, uint32_t node, struct toc_span bytes, const char *where)
{
    if (is_plain(bytes)) {
        sim_fail(sim, SIM_CHECK_CANARY, "plain content in %s of %s", where, sim->nodes[node].name);
    }
    for (size_t i = 0; sim->marks != NULL && i + MARK_BYTES <= bytes.len; i++) {
        uint64_t bit;
        if ((*filter_of(sim, bytes.at + i, &bit) & bit) == 0) {
            continue;
        }
        for (size_t m = 0; m < sim->mark_count; m++) {
            const struct sim_mark *mark = &sim->mark_rows[m];
            if (memcmp(mark->bytes, bytes.at + i, MARK_BYTES) == 0 &&
                !sim_is_member(sim, mark->group, node)) {
                sim_fail(sim, SIM_CHECK_CANARY, "a payload of %s in %s of %s",
                         sim->groups[mark->group].name, where, sim->nodes[node].name);
            }
        }
    }
}

/* A group that was founded in this run, as the first who stores an entry of it knows it. */
static uint32_t learn_group(struct sim *sim, struct sim_node *node, const uint8_t *log)
{
    struct toc_log_view view;
    uint8_t members[SIM_NODES_MAX / 8] = {0}, org[TOC_ID_BYTES];
    if (toc_failed(toc_core_view_log(node->core, log, &view))) {
        return SIM_NONE;
    }
    for (size_t i = 0; toc_core_view_member(node->core, view.group, i, org); i++) {
        uint32_t member = sim_node_of(sim, org);
        if (member != SIM_NONE) {
            toc_set_put(members, member, true);
        }
    }
    sim_group_add(sim, view.group, members, NULL);
    return sim_name_find(sim, log);
}

static void mark_range(struct sim *sim, struct toc_span range, uint32_t group)
{
    struct toc_range_walk walk;
    struct toc_entry entry;
    if (toc_failed(toc_range_open(&walk, range))) {
        return;
    }
    while (!toc_failed(toc_range_next(&walk, &entry))) {
        if (!entry.detached && entry.payload.len >= 64 && entry.header.kind == TOC_KIND_BULLETIN) {
            add_mark(sim, entry.payload.at, group);
        }
    }
}

/* An author's own store: what is sealed there is remembered. */
static void mark_own(struct sim *sim, const struct toc_action *action, uint32_t group)
{
    for (size_t i = 0; i < action->op_count; i++) {
        const struct toc_store_op *op = &action->ops[i];
        if (op->kind == TOC_STORE_RANGE) {
            mark_range(sim, op->bytes, group);
        } else if (op->kind == TOC_STORE_CHUNK && op->bytes.len >= 64) {
            add_mark(sim, op->bytes.at, group);
        }
    }
}

void sim_check_store(struct sim *sim, struct sim_node *node, const struct toc_action *action)
{
    for (size_t i = 0; i < action->op_count; i++) {
        const struct toc_store_op *op = &action->ops[i];
        if (op->kind != TOC_STORE_RANGE) {
            scan(sim, node->index, op->bytes, "a record");
            continue;
        }
        uint32_t name = sim_name_find(sim, op->log);
        name = name == SIM_NONE ? learn_group(sim, node, op->log) : name;
        if (name == SIM_NONE) {
            sim_fail(sim, SIM_CHECK_CANARY, "%s stores entries of nobody's log", node->name);
            return;
        }
        uint32_t group = sim->names[name].group;
        if (!sim_is_member(sim, group, node->index)) {
            sim_fail(sim, SIM_CHECK_CANARY, "%s stores entries of %s", node->name,
                     sim->groups[group].name);
        }
        if (sim->names[name].author == node->index && group > 1) {
            mark_own(sim, action, group);
        }
        if (is_plain(op->bytes)) {
            sim_fail(sim, SIM_CHECK_CANARY, "plain content in the store of %s", node->name);
        }
    }
}

/* Where the log's id stands in a message that carries entries or pieces of them. */
static const uint8_t *log_of(uint8_t type, struct toc_span body)
{
    if ((type == TOC_MSG_ENTRY || type == TOC_MSG_RANGE) && body.len > 33) {
        return body.at + 1;
    }
    return type == TOC_MSG_CHUNK && body.len > 32 ? body.at : NULL;
}

void sim_check_message(struct sim *sim, struct sim_node *node, uint32_t to, uint8_t type,
                       struct toc_span body)
{
    const uint8_t *log = log_of(type, body);
    uint32_t name = log == NULL ? SIM_NONE : sim_name_find(sim, log);
    if (name == SIM_NONE) {
        scan(sim, to, body, "a message");
        return;
    }
    if (!sim_is_member(sim, sim->names[name].group, to)) {
        sim_fail(sim, SIM_CHECK_CANARY, "%s sends entries of %s to %s", node->name,
                 sim->groups[sim->names[name].group].name, sim->nodes[to].name);
    }
    if (is_plain(body)) {
        sim_fail(sim, SIM_CHECK_CANARY, "plain content in a message of %s", node->name);
    }
}

/* No honest node is at fault. */

void sim_check_notice(struct sim *sim, struct sim_node *node, const struct toc_notice *notice)
{
    if (notice->kind != TOC_NOTICE_REFUSED || !sim_is_honest(sim, node->index)) {
        return;
    }
    uint32_t about = sim_node_of(sim, notice->org);
    /* Before the handshake is over nobody knows who is there: the network tells. */
    if (about != SIM_NONE && sim_is_honest(sim, about)) {
        for (uint32_t i = sim->member_count; i < sim->node_count; i++) {
            if (sim->nodes[i].twin_of == about) {
                return; /* its twin speaks in its name */
            }
        }
        sim_fail(sim, SIM_CHECK_FAULT, "%s refuses %s: %s (%s)", node->name, sim->nodes[about].name,
                 notice->err.why == NULL ? "" : notice->err.why, toc_code_name(notice->err.code));
    }
}

static void check_disputes(struct sim *sim, const struct sim_node *node)
{
    const struct toc_ledger *ledger = &node->core->ledger;
    for (uint32_t i = 0; i < ledger->log_count; i++) {
        uint32_t author =
            ledger->logs[i].disputed ? sim_node_of(sim, ledger->logs[i].org) : SIM_NONE;
        if (author != SIM_NONE && sim_is_honest(sim, author)) {
            sim_fail(sim, SIM_CHECK_FAULT, "%s holds that %s signed two histories", node->name,
                     sim->nodes[author].name);
        }
    }
}

/* Memory. */

void sim_check_bounds(struct sim *sim)
{
    for (uint32_t i = 0; i < sim->node_count; i++) {
        const struct sim_node *node = &sim->nodes[i];
        if (!node->up) {
            continue;
        }
        if (node->txn_bytes > TXN_BYTES_MAX || node->txn_count > TOC_JOBS_MAX) {
            sim_fail(sim, SIM_CHECK_MEMORY, "%s has %zu bytes in %zu unanswered stores", node->name,
                     node->txn_bytes, node->txn_count);
        }
        if (sim_is_honest(sim, i)) {
            check_disputes(sim, node);
        }
    }
    if (sim->peak_unacked > UNACKED_MAX) {
        sim_fail(sim, SIM_CHECK_MEMORY, "%llu bytes are on their way on one link",
                 (unsigned long long)sim->peak_unacked);
    }
}

/* Order. */

void sim_check_deliver(struct sim *sim, struct sim_node *node, const struct toc_action *action)
{
    uint32_t name = sim_name_find(sim, action->log);
    if (name == SIM_NONE || action->late) {
        return;
    }
    if (name >= node->delivered_max) {
        size_t max = sim->name_max + 64;
        node->delivered = realloc(node->delivered, max * sizeof *node->delivered);
        TOC_ASSERT(node->delivered != NULL);
        memset(node->delivered + node->delivered_max, 0,
               (max - node->delivered_max) * sizeof *node->delivered);
        node->delivered_max = max;
    }
    if (action->seq < node->delivered[name]) {
        sim_fail(sim, SIM_CHECK_ORDER, "%s delivers %llu after %llu", node->name,
                 (unsigned long long)action->seq, (unsigned long long)node->delivered[name]);
    }
    node->delivered[name] = action->seq;
}

/* Durability. */

void sim_check_published(struct sim *sim, struct sim_node *node, const struct toc_action *action)
{
    TOC_ASSERT(action->id >= 1 && action->id <= sim->submit_count);
    struct sim_submit *submit = &sim->submits[action->id - 1];
    submit->answered = true;
    if (toc_failed(action->err)) {
        sim_say(sim, SIM_SAY_PUBLISH, "%s may not publish: %s", node->name, action->err.why);
        return;
    }
    submit->published = true;
    submit->seq = action->seq;
    memcpy(submit->log, action->log, TOC_ID_BYTES);
    uint32_t name = sim_name_find(sim, action->log);
    char text[SIM_TEXT_BYTES] = "?";
    if (name != SIM_NONE) {
        sim_name_text(sim, name, text);
    }
    sim_say(sim, SIM_SAY_PUBLISH, "%s publishes %s/%llu", node->name, text,
            (unsigned long long)action->seq);
    if (!sim_store_entry(node, action->log, action->seq, submit->hash)) {
        sim_fail(sim, SIM_CHECK_DURABILITY, "%s published %s/%llu, which its store lacks",
                 node->name, text, (unsigned long long)action->seq);
        return;
    }
    if (submit->direct && name != SIM_NONE &&
        memcmp(sim->groups[sim->names[name].group].members, submit->audience,
               sizeof submit->audience) != 0) {
        sim_fail(sim, SIM_CHECK_CANARY, "%s published to another audience than it was told",
                 node->name);
    }
}

void sim_check_restart(struct sim *sim, struct sim_node *node)
{
    for (size_t i = 0; i < sim->submit_count && sim_is_honest(sim, node->index); i++) {
        const struct sim_submit *submit = &sim->submits[i];
        uint8_t hash[TOC_HASH_BYTES];
        if (submit->node != node->index || !submit->published) {
            continue;
        }
        if (!sim_store_entry(node, submit->log, submit->seq, hash) ||
            memcmp(hash, submit->hash, TOC_HASH_BYTES) != 0) {
            sim_fail(sim, SIM_CHECK_DURABILITY, "%s has lost the acknowledged entry %llu",
                     node->name, (unsigned long long)submit->seq);
        }
    }
}
