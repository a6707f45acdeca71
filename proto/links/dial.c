/* SPDX-License-Identifier: EUPL-1.2 */
#include "links_internal.h"

#include <string.h>

/* Who is dialled, and when; what has been silent for too long. */

static size_t known_nodes(const struct toc_links *links)
{
    size_t count = 0;
    for (size_t i = 0; i < links->directory->slot_count; i++) {
        count += links->directory->slots[i].card.node_count;
    }
    return count;
}

/* A link in any state towards this key, so that nobody is dialled twice. */
static bool has_link(const struct toc_links *links, const uint8_t *key)
{
    for (uint32_t i = 0; i < links->top; i++) {
        const struct toc_link *link = &links->items[i];
        if (links->ids[i] == 0) {
            continue;
        }
        const uint8_t *other =
            link->dialled && !link->established ? link->target : link->peer.remote;
        if (memcmp(other, key, TOC_KEY_BYTES) == 0) {
            return true;
        }
    }
    return false;
}

static uint32_t links_standing(const struct toc_links *links)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < links->top; i++) {
        count += links->ids[i] != 0 && (links->items[i].dialled || links->items[i].established);
    }
    return count;
}

/* the pause doubles up to its limit; then a random half to whole of it is waited. */
static void back_off(struct toc_dial *dial, const struct toc_turn *turn, uint8_t noise)
{
    uint32_t pause = dial->pause_ms == 0 ? TOC_DIAL_MS_MIN : dial->pause_ms * 2;
    dial->pause_ms = pause > TOC_DIAL_MS_MAX ? TOC_DIAL_MS_MAX : pause;
    dial->next_ms = turn->now.ms + dial->pause_ms / 2 + dial->pause_ms * noise / 512;
    dial->address++;
}

/* False: no place or action is left. */
static bool dial_node(struct toc_links *links, struct toc_turn *turn, struct toc_dial *dial,
                      const struct toc_cert *cert)
{
    struct toc_link *link = toc_turn_room(turn, 1)
                                ? toc_links_take(links, TOC_LINK_DIALLING, links->next_dialled_id)
                                : NULL;
    if (link == NULL) {
        return false;
    }
    links->next_dialled_id += 2;
    link->dialled = true;
    link->opened = turn->now;
    memcpy(link->target, cert->link_key, TOC_KEY_BYTES);
    struct toc_action *action = toc_turn_emit(turn, TOC_ACTION_DIAL);
    action->link = link->id;
    action->address = cert->addresses[dial->address % cert->address_count];
    back_off(dial, turn, turn->entropy[link->id % TOC_ENTROPY_BYTES]);
    return true;
}

/* An order of nodes that only this node knows: nobody can put himself in front of all others. */
static uint64_t rank_of(const struct toc_links *links, const struct toc_cert *cert)
{
    uint64_t z = (toc_le64(cert->link_key) ^ links->rank_seed) * UINT64_C(0xbf58476d1ce4e5b9);
    return (z ^ z >> 29) * UINT64_C(0x94d049bb133111eb);
}

/* The node to be dialled first of all that may be dialled now; false when there is none. */
static bool next_to_dial(const struct toc_links *links, const struct toc_turn *turn, size_t *slot,
                         size_t *node)
{
    uint64_t best = UINT64_MAX;
    bool found = false;
    for (size_t s = 0; s < links->directory->slot_count; s++) {
        const struct toc_card *card = &links->directory->slots[s].card;
        for (size_t i = 0; i < card->node_count; i++) {
            const struct toc_cert *cert = &card->nodes[i];
            uint64_t rank = rank_of(links, cert);
            if (cert->address_count == 0 || (found && rank >= best) ||
                (cert->suites & TOC_SUITE_BIT(TOC_SUITE_1)) == 0 || /* */
                links->dials[s * TOC_NODES_MAX + i].next_ms > turn->now.ms ||
                memcmp(cert->link_key, links->self.link_public, TOC_KEY_BYTES) == 0 ||
                has_link(links, cert->link_key)) {
                continue;
            }
            best = rank;
            *slot = s;
            *node = i;
            found = true;
        }
    }
    return found;
}

static void dial_due(struct toc_links *links, struct toc_turn *turn)
{
    bool all = known_nodes(links) <= TOC_DIAL_ALL_NODES_MAX;
    uint32_t standing = links_standing(links);
    uint32_t wanted = all ? TOC_DIAL_ALL_NODES_MAX : TOC_DIAL_LINKS;
    uint32_t left = all ? TOC_DIAL_ALL_NODES_MAX : TOC_DIAL_TICK_MAX;
    size_t slot, node;
    while (standing < wanted && left > 0 && next_to_dial(links, turn, &slot, &node)) {
        struct toc_dial *dial = &links->dials[slot * TOC_NODES_MAX + node];
        if (!dial_node(links, turn, dial, &links->directory->slots[slot].card.nodes[node])) {
            return;
        }
        standing++;
        left--;
    }
}

/* A link that has stood for a while forgives the backoff. */
static void reset_dial(struct toc_links *links, const struct toc_link *link)
{
    for (size_t slot = 0; slot < links->directory->slot_count; slot++) {
        const struct toc_card *card = &links->directory->slots[slot].card;
        if (memcmp(card->id, link->org, TOC_ID_BYTES) != 0) {
            continue;
        }
        for (size_t i = 0; i < card->node_count; i++) {
            if (card->nodes[i].number == link->node) {
                links->dials[slot * TOC_NODES_MAX + i].pause_ms = 0;
            }
        }
    }
}

void toc_links_redial(struct toc_links *links, const uint8_t org[static TOC_ID_BYTES])
{
    for (size_t slot = 0; slot < links->directory->slot_count; slot++) {
        if (memcmp(links->directory->slots[slot].card.id, org, TOC_ID_BYTES) == 0) {
            memset(&links->dials[slot * TOC_NODES_MAX], 0, TOC_NODES_MAX * sizeof(struct toc_dial));
        }
    }
}

/* What an established link may not be. */
static struct toc_err overdue(const struct toc_turn *turn, const struct toc_link *link)
{
    if (!link->hello_seen && turn->now.ms - link->opened.ms >= TOC_HANDSHAKE_MS_MAX) {
        return toc_fail(TOC_UNREACHABLE, "no HELLO within 5 s"); /* */
    }
    if (turn->now.ms - link->heard.ms >= TOC_DEAD_MS) {
        return toc_fail(TOC_UNREACHABLE, "nothing heard for 75 s"); /* */
    }
    if (link->peer.lent && turn->now.ms - link->lent.ms >= TOC_DEAD_MS) {
        return toc_fail(TOC_UNREACHABLE, "the peer takes nothing"); /* */
    }
    return toc_ok();
}

static void keep_alive(struct toc_links *links, struct toc_turn *turn, struct toc_link *link)
{
    struct toc_err err = overdue(turn, link);
    if (toc_failed(err)) {
        toc_link_close(links, turn, link, err);
        return;
    }
    if (link->dialled && turn->now.ms - link->opened.ms >= TOC_LINK_AGE_MS_MAX) {
        toc_link_bye(links, turn, link, TOC_BYE_AGE); /* */
        return;
    }
    if (turn->now.ms - link->pinged.ms >= TOC_PING_MS) {
        uint8_t body[8];
        toc_put_le64(body, turn->now.ms);
        link->pinged = turn->now;
        link->ping_out =
            toc_link_say(links, link, TOC_MSG_PING, TOC_CLASS_CONTROL, toc_span(body, 8));
        reset_dial(links, link);
    }
}

void toc_links_tick(struct toc_links *links, struct toc_turn *turn)
{
    if (links->rank_seed == 0) {
        links->rank_seed = toc_le64(turn->entropy + TOC_KEY_BYTES) | 1;
    }
    for (uint32_t i = 0; i < links->top; i++) {
        struct toc_link *link = &links->items[i];
        if (links->ids[i] == 0) {
            continue;
        }
        if (link->established) {
            keep_alive(links, turn, link);
        } else if (turn->now.ms - link->opened.ms >= TOC_HANDSHAKE_MS_MAX) {
            toc_link_close(links, turn, link,
                           toc_fail(TOC_UNREACHABLE, "no handshake within 5 s")); /* */
        }
    }
    if (!links->stopping) {
        dial_due(links, turn);
    }
}

int64_t toc_links_clock_offset(const struct toc_links *links)
{
    int64_t sorted[TOC_LINKS_MAX];
    size_t count = 0;
    for (uint32_t i = 0; i < links->top; i++) {
        const struct toc_link *link = &links->items[i];
        if (!toc_link_stands(link) || !link->hello_seen) {
            continue;
        }
        size_t at = count++;
        for (; at > 0 && sorted[at - 1] > link->clock_offset_ms; at--) {
            sorted[at] = sorted[at - 1];
        }
        sorted[at] = link->clock_offset_ms;
    }
    if (count == 0) {
        return 0;
    }
    /* Between two in the middle the one that agrees with us more: one of two peers alone must not
     * silence this node. */
    int64_t upper = sorted[count / 2], lower = sorted[(count - 1) / 2];
    return lower > 0 ? lower : upper < 0 ? upper : 0;
}
