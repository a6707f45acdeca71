/* SPDX-License-Identifier: EUPL-1.2 */
#include "sim.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* The trace: a hash over every event and action in their order, and readable lines. */

static void add(struct sim *sim, const struct sim_node *node, uint8_t what, const uint64_t words[4])
{
    uint8_t row[48];
    row[0] = what;
    toc_put_le16(row + 1, (uint16_t)node->index);
    toc_put_le32(row + 3, node->life);
    row[7] = 0;
    toc_put_le64(row + 8, sim->now_us);
    for (size_t i = 0; i < 4; i++) {
        toc_put_le64(row + 16 + i * 8, words[i]);
    }
    sim_trace_add(&sim->trace, toc_span(row, sizeof row));
}

void sim_trace_event(struct sim *sim, const struct sim_node *node, const struct toc_event *event)
{
    uint64_t words[4] = {event->link, event->id, event->count,
                         (uint64_t)event->err.code << 32 | (event->seq & UINT32_MAX)};
    add(sim, node, (uint8_t)event->kind, words);
}

void sim_trace_action(struct sim *sim, const struct sim_node *node, const struct toc_action *action)
{
    uint64_t stored = 0;
    for (size_t i = 0; i < action->op_count; i++) {
        stored += action->ops[i].bytes.len;
    }
    uint64_t words[4] = {action->link ^ action->when.ms << 32, action->id ^ action->load.seq << 32,
                         action->bytes.len + stored + action->load.room.len,
                         (uint64_t)action->err.code << 32 | (action->seq & UINT32_MAX)};
    add(sim, node, (uint8_t)(0x80u | action->kind), words);
    if (action->kind == TOC_ACTION_SEND) {
        sim_trace_add(&sim->trace,
                      toc_span(action->bytes.at, action->bytes.len < 32 ? action->bytes.len : 32));
    }
}

void sim_say(struct sim *sim, enum sim_say kind, const char *format, ...)
{
    bool keep = (sim->options.say & kind) != 0;
    if (!keep && !sim->options.print) {
        return;
    }
    char line[SIM_TEXT_BYTES];
    int at =
        snprintf(line, sizeof line, "t=%llu.%03llu ", (unsigned long long)(sim->now_us / SIM_S_US),
                 (unsigned long long)(sim->now_us / 1000 % 1000));
    va_list args;
    va_start(args, format);
    vsnprintf(line + at, sizeof line - (size_t)at, format, args);
    va_end(args);
    if (sim->options.print) {
        puts(line);
    }
    size_t len = strlen(line);
    if (!keep || (sim->options.broken == SIM_BREAK_OTHER_TRACE && sim_below(sim, 3) == 0)) {
        return;
    }
    if (sim->text_len + len + 2 > sim->text_max) {
        sim->text_max = (sim->text_len + len + 2) * 2;
        sim->text = realloc(sim->text, sim->text_max);
        TOC_ASSERT(sim->text != NULL);
    }
    memcpy(sim->text + sim->text_len, line, len);
    sim->text_len += len;
    sim->text[sim->text_len++] = '\n';
    sim->text[sim->text_len] = 0;
}

void sim_set_text(const struct sim *sim, uint64_t set, char out[SIM_SET_BYTES])
{
    size_t len = 0;
    out[0] = 0;
    for (uint32_t i = 0; i < sim->node_count && i < 64; i++) {
        uint32_t last = i;
        if ((set >> i & 1) == 0) {
            continue;
        }
        while (last + 1 < sim->member_count && last < 63 && (set >> (last + 1) & 1) != 0) {
            last++;
        }
        if (len + 3 * sizeof sim->nodes->name > SIM_SET_BYTES) {
            snprintf(out + len, SIM_SET_BYTES - len, " and others");
            return;
        }
        last = last > i + 1 ? last : i; /* two are named one by one */
        len += (size_t)snprintf(out + len, SIM_SET_BYTES - len, "%s%s%s%s", len == 0 ? "" : ", ",
                                sim->nodes[i].name, last > i ? " to " : "",
                                last > i ? sim->nodes[last].name : "");
        i = last;
    }
}

void sim_trace_result(struct sim *sim, char out[TOC_HASH_BYTES * 2 + 1])
{
    struct toc_raw_hash copy = sim->trace;
    uint8_t hash[TOC_HASH_BYTES];
    sim_trace_end(&copy, hash);
    for (size_t i = 0; i < TOC_HASH_BYTES; i++) {
        snprintf(out + 2 * i, 3, "%02x", hash[i]);
    }
}
