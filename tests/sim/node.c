/* SPDX-License-Identifier: EUPL-1.2 */
#include "sim.h"

#include <stdlib.h>
#include <string.h>

/* A node's life: it starts from its store, is given events, and is killed. */

#define CHECK_US 20u /* decrypting or verifying, in a pool */
#define CHECK_NOISE_US 180u
#define LOAD_US 10u    /* a read of LMDB, with noise up to ten times that */
#define INDEX_US 1500u /* from DELIVER to INDEXED */

bool sim_is_honest(const struct sim *sim, uint32_t node)
{
    const struct sim_node *at = &sim->nodes[node];
    return at->liar == SIM_HONEST && !at->doubtful && at->twin_of == SIM_NONE;
}

static struct toc_core_options options_of(struct sim *sim, const struct sim_node *node)
{
    struct toc_core_options options = {.node_keys = &node->node_keys,
                                       .log_keys = &node->log_keys,
                                       .node_number = 1,
                                       .genesis = sim->genesis,
                                       .own_card = node->card,
                                       .now_utc = {SIM_START_UTC_MS + sim->now_us / 1000},
                                       .link_max = sim->options.link_max,
                                       .group_max = sim->options.group_max,
                                       .log_max = sim->options.log_max};
    memcpy(options.org, node->org, TOC_ID_BYTES);
    return options;
}

void sim_start(struct sim *sim, struct sim_node *node)
{
    struct toc_core_options options = options_of(sim, node);
    size_t bytes = toc_core_bytes(&options);
    node->memory = sim_memory_take(bytes);
    struct toc_err err = toc_core_init(node->memory, bytes, &options, &node->core);
    TOC_ASSERT(!toc_failed(err));
    sim_store_open(sim, node);
    sim_store_restore(sim, node);
    if (node->delivered != NULL) {
        memset(node->delivered, 0, node->delivered_max * sizeof *node->delivered);
    }
    node->up = true;
    node->vanished = node->disk_broke = false;
    node->next_link = 2;
    sim_net_return(sim, node);
    sim_check_restart(sim, node);
    struct toc_event event = {.kind = TOC_EVENT_TIMER};
    sim_step(sim, node, &event);
}

void sim_kill(struct sim *sim, struct sim_node *node, size_t survive, bool silent)
{
    sim_net_kill(sim, node, silent);
    sim_store_crash(sim, node, survive);
    if (sim->options.broken == SIM_BREAK_FORGET && node->disk.log_count > 0) {
        /* An acknowledged entry of its own log is gone. */
        for (size_t i = 0; i < node->disk.log_count; i++) {
            struct sim_log *log = &node->disk.logs[i];
            uint32_t name = sim_name_find(sim, log->id);
            if (name != SIM_NONE && sim->names[name].author == node->index &&
                !sim->groups[sim->names[name].group].control) {
                for (size_t j = 0; j < log->count; j++) {
                    sim_bytes_drop(log->ranges[j].bytes);
                }
                log->count = 0;
                log->head = (struct toc_log_head){0};
            }
        }
    }
    sim_store_end(node);
    sim_memory_give(node->memory);
    node->core = NULL;
    node->up = false;
    node->vanished = silent;
    node->life++;
    node->commit_us = 0;
    sim->kills++;
}

/* Actions. */

static void deliver(struct sim *sim, struct sim_node *node, const struct toc_action *action)
{
    struct toc_action told = *action;
    if (sim->options.broken == SIM_BREAK_REORDER && told.seq > 2 && sim_below(sim, 4) == 0) {
        told.seq -= 2;
    }
    sim_check_deliver(sim, node, &told);
    uint32_t name = sim_name_find(sim, action->log);
    if (name != SIM_NONE) {
        sim_later(sim,
                  (struct sim_event){.kind = SIM_INDEXED,
                                     .node = node->index,
                                     .life = node->life,
                                     .conn = name,
                                     .count = action->seq,
                                     .flag = action->late},
                  INDEX_US);
    }
}

static void notice(struct sim *sim, struct sim_node *node, const struct toc_notice *notice)
{
    sim_check_notice(sim, node, notice);
    uint32_t about =
        toc_is_zero(notice->org, TOC_ID_BYTES) ? SIM_NONE : sim_node_of(sim, notice->org);
    const char *whom = about == SIM_NONE ? "a stranger" : sim->nodes[about].name;
    const char *why = notice->err.why == NULL ? toc_code_text(notice->err.code) : notice->err.why;
    switch ((int)notice->kind) {
    case TOC_NOTICE_LINK:
        sim_say(sim, SIM_SAY_LINK, "%s has a link to %s", node->name, whom);
        return;
    case TOC_NOTICE_LINK_GONE:
        sim_say(sim, SIM_SAY_LINK, "%s has lost %s: %s", node->name, whom, why);
        return;
    case TOC_NOTICE_REFUSED:
        sim_say(sim, SIM_SAY_REFUSE, "%s refuses %s: %s", node->name, whom, why);
        return;
    case TOC_NOTICE_GROUP:
        sim_say(sim, SIM_SAY_NOTICE, "%s is in one more group", node->name);
        return;
    case TOC_NOTICE_STORE:
        sim_say(sim, SIM_SAY_NOTICE, "%s stores no more", node->name);
        return;
    case TOC_NOTICE_CLOCK:
        sim_say(sim, SIM_SAY_NOTICE, "%s doubts its clock", node->name);
        return;
    default:
        sim_say(sim, SIM_SAY_OTHER, "%s notices: %s", node->name, why);
    }
}

static void act(struct sim *sim, struct sim_node *node, const struct toc_action *action)
{
    struct sim_event answer = {.node = node->index, .life = node->life, .id = action->id};
    switch (action->kind) {
    case TOC_ACTION_SEND:
        sim_send(sim, node, action);
        return;
    case TOC_ACTION_CLOSE:
        sim_close(sim, node, action->link);
        return;
    case TOC_ACTION_DIAL:
        sim_dial(sim, node, action);
        return;
    case TOC_ACTION_CHECK:
        answer.kind = SIM_CHECKED;
        answer.check = action->check;
        sim_later(sim, answer, CHECK_US + sim_noise(sim, CHECK_NOISE_US));
        return;
    case TOC_ACTION_STORE:
        sim_store(sim, node, action);
        return;
    case TOC_ACTION_LOAD:
        answer.kind = SIM_LOADED;
        answer.err = sim_load(sim, node, &action->load, &answer.count);
        sim_later(sim, answer, LOAD_US * (1 + sim_noise(sim, 10)));
        return;
    case TOC_ACTION_DELIVER:
        deliver(sim, node, action);
        return;
    case TOC_ACTION_PUBLISHED:
        sim_check_published(sim, node, action);
        return;
    case TOC_ACTION_TIMER:
        answer.kind = SIM_TIMER;
        answer.id = ++node->timer_number;
        sim_later(sim, answer,
                  action->when.ms * 1000 > sim->now_us ? action->when.ms * 1000 - sim->now_us : 0);
        return;
    case TOC_ACTION_RESUME:
        answer.kind = SIM_READ;
        answer.link = action->link;
        sim_later(sim, answer, 0);
        return;
    case TOC_ACTION_NOTICE:
    default:
        notice(sim, node, &action->notice);
    }
}

/* Its own clock: wrong by an offset, and by a drift. */
static uint64_t utc_of(const struct sim *sim, const struct sim_node *node)
{
    double gained = (double)sim->now_us / 1e6 * node->drift;
    return (uint64_t)((int64_t)(SIM_START_UTC_MS + sim->now_us / 1000) + node->clock_ms +
                      (int64_t)gained);
}

void sim_step(struct sim *sim, struct sim_node *node, struct toc_event *event)
{
    uint8_t entropy[TOC_ENTROPY_BYTES];
    if (!node->up) {
        return;
    }
    if (event->kind == TOC_EVENT_LINK_UP || event->kind == TOC_EVENT_SUBMITTED ||
        event->kind == TOC_EVENT_TIMER || event->kind == TOC_EVENT_CHECKED) {
        sim_entropy(sim, entropy, sizeof entropy);
        event->entropy = entropy;
    }
    event->now.ms = sim->now_us / 1000;
    event->now_utc.ms = utc_of(sim, node);
    sim_trace_event(sim, node, event);
    sim_message_of(sim, node);
    toc_core_step(node->core, event, &sim->actions);
    sim_message_of(sim, NULL);
    sim->steps++;
    for (size_t i = 0; i < sim->actions.count; i++) {
        sim_trace_action(sim, node, &sim->actions.items[i]);
        act(sim, node, &sim->actions.items[i]);
    }
}

static void handle(struct sim *sim, const struct sim_event *at)
{
    struct sim_node *node = &sim->nodes[at->node];
    struct toc_event event = {.id = at->id, .err = at->err, .count = at->count};
    switch (at->kind) {
    case SIM_TIMER:
        if (at->id != node->timer_number) {
            return;
        }
        event.kind = TOC_EVENT_TIMER;
        break;
    case SIM_CHECKED:
        event.kind = TOC_EVENT_CHECKED;
        event.check = at->check;
        toc_check_run(at->check);
        break;
    case SIM_COMMIT:
        sim_commit(sim, node, at);
        return;
    case SIM_READ:
        sim_read(sim, node, at->link);
        return;
    case SIM_LOADED:
        event.kind = TOC_EVENT_LOADED;
        break;
    case SIM_INDEXED:
        event.kind = TOC_EVENT_INDEXED;
        event.late = at->flag;
        event.seq = at->count;
        memcpy(event.log, sim->names[at->conn].id, TOC_ID_BYTES);
        break;
    case SIM_CALL:
    case SIM_SENT:
    case SIM_LEFT:
    case SIM_ARRIVE:
    case SIM_RELEASE:
    case SIM_SYN:
    case SIM_UP:
    case SIM_DOWN:
    default:
        return;
    }
    sim_step(sim, node, &event);
}

static bool is_of_a_life(enum sim_kind kind)
{
    return kind == SIM_TIMER || kind == SIM_CHECKED || kind == SIM_COMMIT || kind == SIM_LOADED ||
           kind == SIM_INDEXED || kind == SIM_READ;
}

void sim_run(struct sim *sim, uint64_t until_us)
{
    while (sim->event_count > 0 && sim->dues[0].at_us <= until_us &&
           sim->failed == SIM_CHECK_NONE) {
        struct sim_event event = sim_pop(sim);
        if (event.kind == SIM_CALL) {
            event.call(sim, event.node, event.id);
        } else if (!is_of_a_life(event.kind)) {
            sim_net_event(sim, &event);
        } else if (sim->nodes[event.node].up && sim->nodes[event.node].life == event.life) {
            handle(sim, &event);
        }
    }
    sim->now_us = until_us > sim->now_us && sim->failed == SIM_CHECK_NONE ? until_us : sim->now_us;
}

/* Publishing. */

static struct toc_span make_content(struct sim *sim, size_t bytes)
{
    size_t len = bytes < 64 ? 64 : bytes;
    uint8_t *content = malloc(len);
    TOC_ASSERT(content != NULL);
    memset(content, 0, len);
    memcpy(content, SIM_MARKER, sizeof SIM_MARKER);
    sim_entropy(sim, content + 32, 32);
    for (size_t i = 64; i < len; i++) {
        content[i] = (uint8_t)(content[32 + i % 32] + i / 32);
    }
    return toc_span(content, len);
}

size_t sim_publish(struct sim *sim, struct sim_node *node, const uint8_t *direct, size_t bytes,
                   enum toc_class class)
{
    if (sim->submit_count == sim->submit_max) {
        sim->submit_max = sim->submit_max == 0 ? 64 : sim->submit_max * 2;
        sim->submits = realloc(sim->submits, sim->submit_max * sizeof *sim->submits);
        TOC_ASSERT(sim->submits != NULL);
    }
    size_t number = sim->submit_count++;
    struct sim_submit *made = &sim->submits[number];
    *made = (struct sim_submit){.node = node->index,
                                .life = node->life,
                                .direct = direct != NULL,
                                .alert = class == TOC_CLASS_ALERT,
                                .at_us = sim->now_us,
                                .bytes = bytes};
    if (!node->up) {
        return number;
    }
    uint8_t organisations[64][TOC_ID_BYTES];
    struct toc_submit submit = {.id = number + 1,
                                .kind = TOC_KIND_BULLETIN,
                                .class = (uint8_t) class,
                                .tlp = TOC_TLP_AMBER,
                                .organisations = organisations[0],
                                .content = make_content(sim, bytes)};
    if (direct != NULL) {
        submit.audience = TOC_SUBMIT_ORGANISATIONS;
        memcpy(made->audience, direct, sizeof made->audience);
        toc_set_put(made->audience, node->index, true);
        for (uint32_t i = 0; i < sim->member_count && submit.organisation_count < 64; i++) {
            if (toc_set_has(direct, i) && i != node->index) {
                memcpy(organisations[submit.organisation_count++], sim->nodes[i].org, TOC_ID_BYTES);
            }
        }
    }
    struct toc_event event = {.kind = TOC_EVENT_SUBMITTED, .submit = &submit};
    sim_step(sim, node, &event);
    free((void *)(uintptr_t)submit.content.at);
    return number;
}

/* The world. */

struct sim_options sim_options_small(void)
{
    return (struct sim_options){.seed = 1,
                                .nodes = 3,
                                .log_max = 1024,
                                .link_max = 32,
                                .group_max = 64,
                                .uplink_bits = 20e6};
}

struct sim *sim_new(const struct sim_options *options)
{
    struct sim *sim = calloc(1, sizeof *sim);
    TOC_ASSERT(sim != NULL);
    sim->options = *options;
    sim->node_count = sim->member_count = options->nodes;
    sim->loss = options->loss;
    sim->nodes = calloc(options->nodes + 2, sizeof *sim->nodes);
    sim->cut_row = options->nodes + 2;
    sim->cuts = calloc(sim->cut_row * sim->cut_row, 1);
    TOC_ASSERT(sim->nodes != NULL && sim->cuts != NULL);
    sim_seed(sim, options->seed);
    sim_trace_begin(&sim->trace);
    for (uint32_t i = 0; i < options->nodes + 2; i++) {
        struct sim_node *node = &sim->nodes[i];
        node->index = i;
        node->twin_of = SIM_NONE;
        node->txns_end = &node->txns;
        node->x = sim_chance(sim);
        node->y = sim_chance(sim);
        snprintf(node->name, sizeof node->name, "cert-%02u", i);
    }
    sim_found(sim);
    return sim;
}

void sim_free(struct sim *sim)
{
    for (uint32_t i = 0; i < sim->member_count + 2; i++) {
        struct sim_node *node = &sim->nodes[i];
        if (node->up) {
            sim_kill(sim, node, 0, false);
        }
        sim_store_remove(node);
        sim_disk_clear(&node->disk);
        if (node->twin_of == SIM_NONE) {
            free((void *)(uintptr_t)node->card.at);
        }
        free(node->delivered);
    }
    for (uint32_t i = 0; i < sim->conn_count; i++) {
        free(sim->conns[i].ends[0].in.at);
        free(sim->conns[i].ends[1].in.at);
    }
    free((void *)(uintptr_t)sim->genesis.at);
    free(sim->nodes);
    free(sim->cuts);
    free(sim->conns);
    free(sim->conn_free);
    free(sim->events);
    free(sim->dues);
    free(sim->names);
    free(sim->name_map.slots);
    free(sim->key_map.slots);
    free(sim->org_map.slots);
    free(sim->submits);
    free(sim->text);
    free(sim->mark_rows);
    free(sim->marks);
    free(sim);
}
