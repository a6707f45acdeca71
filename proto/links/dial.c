/* SPDX-License-Identifier: EUPL-1.2 */
#include "links.h"

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
    for (uint32_t i = 0; i < links->max; i++) {
        const struct toc_link *link = &links->items[i];
        bool dialled = link->state == TOC_LINK_DIALLING || (link->dialled && !link->established);
        const uint8_t *other = dialled ? link->target : link->peer.remote;
        if ((link->state == TOC_LINK_DIALLING || link->state == TOC_LINK_OPEN) &&
            memcmp(other, key, TOC_KEY_BYTES) == 0) {
            return true;
        }
    }
    return false;
}

static uint32_t links_standing(const struct toc_links *links)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < links->max; i++) {
        count += links->items[i].state == TOC_LINK_DIALLING ||
                 (links->items[i].state == TOC_LINK_OPEN && links->items[i].established);
    }
    return count;
}

static struct toc_link *free_place(struct toc_links *links)
{
    for (uint32_t i = 0; i < links->max; i++) {
        if (links->items[i].state == TOC_LINK_FREE) {
            return &links->items[i];
        }
    }
    return NULL;
}

/* Pause: doubles up to its limit, then a random half to whole of it. */
static void back_off(struct toc_dial *dial, struct toc_turn *turn, uint8_t noise)
{
    uint32_t pause = dial->pause_ms == 0 ? TOC_DIAL_MS_MIN : dial->pause_ms * 2;
    dial->pause_ms = pause > TOC_DIAL_MS_MAX ? TOC_DIAL_MS_MAX : pause;
    dial->next_ms = turn->now.ms + dial->pause_ms / 2 + dial->pause_ms * noise / 512;
    dial->address++;
}

static void dial_node(struct toc_links *links, struct toc_turn *turn, struct toc_dial *dial,
                      const struct toc_cert *cert)
{
    struct toc_link *link = free_place(links);
    if (link == NULL || !toc_turn_room(turn, 1)) {
        return;
    }
    link->state = TOC_LINK_DIALLING;
    link->dialled = true;
    link->id = links->next_dialled_id;
    link->opened = turn->now;
    links->next_dialled_id += 2;
    memcpy(link->target, cert->link_key, TOC_KEY_BYTES);
    struct toc_action *action = toc_turn_emit(turn, TOC_ACTION_DIAL);
    action->link = link->id;
    action->address = cert->addresses[dial->address % cert->address_count];
    back_off(dial, turn, turn->entropy == NULL ? 0 : turn->entropy[link->id % TOC_ENTROPY_BYTES]);
}

static void dial_due(struct toc_links *links, struct toc_turn *turn)
{
    bool all = known_nodes(links) <= TOC_DIAL_ALL_NODES_MAX;
    for (size_t slot = 0; slot < links->directory->slot_count; slot++) {
        const struct toc_card *card = &links->directory->slots[slot].card;
        for (size_t i = 0; i < card->node_count; i++) {
            const struct toc_cert *cert = &card->nodes[i];
            struct toc_dial *dial = &links->dials[slot * TOC_NODES_MAX + i];
            bool own = memcmp(cert->link_key, links->self.link_public, TOC_KEY_BYTES) == 0;
            if (own || cert->address_count == 0 || dial->next_ms > turn->now.ms ||
                has_link(links, cert->link_key) ||
                (!all && links_standing(links) >= TOC_DIAL_LINKS)) {
                continue;
            }
            dial_node(links, turn, dial, cert);
        }
    }
}

/* An established link forgives the backoff. */
static void reset_dial(struct toc_links *links, const struct toc_link *link)
{
    for (size_t slot = 0; slot < links->directory->slot_count; slot++) {
        const struct toc_card *card = &links->directory->slots[slot].card;
        for (size_t i = 0; i < card->node_count; i++) {
            if (memcmp(card->nodes[i].link_key, link->peer.remote, TOC_KEY_BYTES) == 0) {
                struct toc_dial *dial = &links->dials[slot * TOC_NODES_MAX + i];
                dial->pause_ms = 0;
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

static void keep_alive(struct toc_links *links, struct toc_turn *turn, struct toc_link *link)
{
    if (turn->now.ms - link->heard.ms >= TOC_DEAD_MS) {
        toc_link_close(links, turn, link, toc_fail(TOC_UNREACHABLE, "nothing heard for 75 s"));
        return;
    }
    if (link->dialled && turn->now.ms - link->opened.ms >= TOC_LINK_AGE_MS_MAX) {
        toc_link_bye(links, turn, link, toc_ok());
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
    for (uint32_t i = 0; i < links->max; i++) {
        struct toc_link *link = &links->items[i];
        if (link->state != TOC_LINK_OPEN && link->state != TOC_LINK_DIALLING) {
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
    for (uint32_t i = 0; i < links->max; i++) {
        const struct toc_link *link = &links->items[i];
        if (!link->established || !link->hello_seen) {
            continue;
        }
        size_t at = count++;
        for (; at > 0 && sorted[at - 1] > link->clock_offset_ms; at--) {
            sorted[at] = sorted[at - 1];
        }
        sorted[at] = link->clock_offset_ms;
    }
    return count == 0 ? 0 : sorted[count / 2];
}
