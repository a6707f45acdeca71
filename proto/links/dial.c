/* SPDX-License-Identifier: EUPL-1.2 */
#include "links_internal.h"

#include <string.h>

/* How a node is dialled, and when again; what has been silent for too long. */

/* the pause doubles up to its limit; then a random half to whole of it is waited. */
static void back_off(struct toc_dial *dial, const struct toc_turn *turn, uint8_t noise)
{
    uint32_t pause = dial->pause_ms == 0 ? TOC_DIAL_MS_MIN : dial->pause_ms * 2;
    dial->pause_ms = pause > TOC_DIAL_MS_MAX ? TOC_DIAL_MS_MAX : pause;
    dial->next_ms = turn->now.ms + dial->pause_ms / 2 + dial->pause_ms * noise / 512;
    dial->address++;
}

/* where not everybody is linked with everybody, the places are shared out. */
static bool has_place(const struct toc_links *links, const struct toc_tally *tally,
                      enum toc_link_why why)
{
    uint32_t share = links->max / 8 * TOC_DIALLED_EIGHTHS;
    uint32_t sought = toc_links_sought(links);
    return why == TOC_WHY_OWN || toc_links_all(links) ||
           tally->dialled < (share > sought ? share : sought);
}

struct toc_link *toc_links_dial(struct toc_links *links, struct toc_turn *turn,
                                struct toc_tally *tally, size_t slot, size_t node,
                                enum toc_link_why why)
{
    const struct toc_cert *cert = &links->directory->slots[slot].card.nodes[node];
    struct toc_dial *dial = &links->dials[slot * TOC_NODES_MAX + node];
    if (tally->left == 0 || !has_place(links, tally, why) || !toc_turn_room(turn, 1)) {
        return NULL;
    }
    struct toc_link *link = toc_links_take(links, TOC_LINK_DIALLING, links->next_dialled_id);
    if (link == NULL) {
        return NULL;
    }
    links->next_dialled_id += 2;
    link->dialled = true;
    link->opened = dial->tried = turn->now;
    link->why = why;
    link->slot = (uint16_t)slot;
    link->of_card = (uint16_t)node;
    memcpy(link->target, cert->link_key, TOC_KEY_BYTES);
    memcpy(link->org, cert->org, TOC_ID_BYTES);
    link->node = cert->number;
    struct toc_action *action = toc_turn_emit(turn, TOC_ACTION_DIAL);
    action->link = link->id;
    action->address = cert->addresses[dial->address % cert->address_count];
    back_off(dial, turn, turn->entropy[link->id % TOC_ENTROPY_BYTES]);
    uint32_t left = tally->left - 1;
    toc_links_count(links, tally);
    tally->left = left;
    return link;
}

void toc_links_redial(struct toc_links *links, const uint8_t org[static TOC_ID_BYTES])
{
    for (size_t slot = 0; slot < links->directory->slot_count; slot++) {
        if (memcmp(links->directory->slots[slot].card.id, org, TOC_ID_BYTES) == 0) {
            for (size_t i = 0; i < TOC_NODES_MAX; i++) {
                struct toc_dial *dial = &links->dials[slot * TOC_NODES_MAX + i];
                uint64_t soonest = dial->tried.ms + TOC_NEWS_MS;
                if (dial->next_ms > soonest) {
                    dial->next_ms = soonest;
                    dial->pause_ms = 0;
                }
            }
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

/* who dialled keeps the link alive; the other side leaves it to them while it is done. */
static bool ping_is_due(const struct toc_turn *turn, const struct toc_link *link)
{
    uint64_t since = turn->now.ms - link->pinged.ms;
    bool done = !link->dialled && link->ping_heard.ms != 0 &&
                turn->now.ms - link->ping_heard.ms < 2 * TOC_PING_MS;
    return since >= (done ? TOC_PING_RARE_MS : TOC_PING_MS);
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
    if (ping_is_due(turn, link)) {
        uint8_t body[8];
        toc_put_le64(body, turn->now.ms);
        link->pinged = turn->now;
        link->ping_out =
            toc_link_say(links, link, TOC_MSG_PING, TOC_CLASS_CONTROL, toc_span(body, 8));
    }
    if (turn->now.ms - link->opened.ms >= TOC_PING_MS) {
        struct toc_dial *row = toc_links_row(links, link);
        row->next_ms = row->pause_ms = 0; /* it has stood for a while, whoever dialled */
    }
}

/* */
static struct toc_err too_late(const struct toc_link *link)
{
    return link->state == TOC_LINK_DIALLING
               ? toc_fail(TOC_UNREACHABLE, "timed out: no connection within 5 s")
               : toc_fail(TOC_UNREACHABLE, "no handshake within 5 s");
}

void toc_links_tick(struct toc_links *links, struct toc_turn *turn)
{
    if (links->rank_seed == 0) {
        links->rank_seed = toc_le64(turn->entropy + TOC_KEY_BYTES) | 1;
    }
    toc_strangers_tick(links, turn);
    for (uint32_t i = 0; i < links->top; i++) {
        struct toc_link *link = &links->items[i];
        if (links->ids[i] == 0) {
            continue;
        }
        if (link->established) {
            keep_alive(links, turn, link);
        } else if (turn->now.ms - link->opened.ms >= TOC_HANDSHAKE_MS_MAX) {
            toc_link_close(links, turn, link, too_late(link));
        }
    }
    if (!links->stopping) {
        toc_links_choose(links, turn);
    }
}

static int64_t apart(const struct toc_link *link)
{
    return link->clock_offset_ms < 0 ? -link->clock_offset_ms : link->clock_offset_ms;
}

/* Is this the clock of its organisation that counts? Of several the one that agrees with us most:
 * many nodes are no majority. */
static bool is_clock(const struct toc_links *links, const struct toc_link *link)
{
    if (!toc_link_stands(link) || !link->hello_seen) {
        return false;
    }
    for (uint32_t i = 0; i < links->top; i++) {
        const struct toc_link *other = &links->items[i];
        if (other != link && toc_link_stands(other) && other->hello_seen &&
            memcmp(other->org, link->org, TOC_ID_BYTES) == 0 &&
            (apart(other) < apart(link) ||
             (apart(other) == apart(link) && other->place < link->place))) {
            return false;
        }
    }
    return true;
}

int64_t toc_links_clock_offset(const struct toc_links *links)
{
    int64_t sorted[TOC_LINKS_MAX];
    size_t count = 0;
    for (uint32_t i = 0; i < links->top; i++) {
        const struct toc_link *link = &links->items[i];
        if (!is_clock(links, link)) {
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
