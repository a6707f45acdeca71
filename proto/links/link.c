/* SPDX-License-Identifier: EUPL-1.2 */
#include "links_internal.h"

#include <string.h>

/* The life of a link in the table: its place, admission, duplicates, its end. */

size_t toc_links_bytes(uint32_t link_max, size_t org_max)
{
    return link_max * (sizeof(struct toc_link) + toc_peer_bytes() + 64) +
           org_max * (TOC_NODES_MAX * sizeof(struct toc_dial) + sizeof(uint16_t)) +
           TOC_GROUPS_MAX * sizeof(struct toc_visit) +
           TOC_STRANGERS_MAX * (sizeof(struct toc_stranger) + sizeof(uint64_t)) +
           TOC_CERTIFIED_BITS / 8 + toc_buffers_bytes() + 1024;
}

void toc_links_init(struct toc_links *links, struct toc_arena *arena,
                    const struct toc_links_options *options)
{
    TOC_ASSERT(options->link_max <= TOC_LINKS_MAX);
    *links = (struct toc_links){.self = options->self,
                                .directory = options->directory,
                                .roster = options->roster,
                                .own_org = options->own_org,
                                .cards_new = true,
                                .own_node = options->own_node,
                                .max = options->link_max,
                                .next_dialled_id = 1,
                                .roster_number = options->roster->number};
    memcpy(links->roster_hash, options->roster->hash, TOC_HASH_BYTES);
    toc_buffers_init(&links->buffers, arena);
    links->items = toc_arena_reserve(arena, links->max, sizeof *links->items);
    links->dial_count = options->directory->slot_max * TOC_NODES_MAX;
    links->dials = toc_arena_reserve(arena, links->dial_count, sizeof *links->dials);
    links->org_places =
        toc_arena_reserve(arena, options->directory->slot_max, sizeof *links->org_places);
    links->visits = toc_arena_reserve(arena, TOC_GROUPS_MAX, sizeof *links->visits);
    links->strangers = toc_arena_reserve(arena, TOC_STRANGERS_MAX, sizeof *links->strangers);
    links->stranger_ids = toc_arena_reserve(arena, TOC_STRANGERS_MAX, sizeof *links->stranger_ids);
    links->certified = toc_arena_reserve(arena, TOC_CERTIFIED_BITS / 8, 1);
    TOC_ASSERT(links->strangers != NULL && links->stranger_ids != NULL && links->certified != NULL);
    TOC_ASSERT(links->items != NULL && links->dials != NULL && links->org_places != NULL &&
               links->visits != NULL);
    for (uint32_t i = 0; i < links->max; i++) {
        links->items[i].place = i;
        toc_peer_init(&links->items[i].peer, arena, &links->self);
    }
}

struct toc_link *toc_links_find(struct toc_links *links, uint64_t id)
{
    for (uint32_t i = 0; id != 0 && i < links->top; i++) {
        if (links->ids[i] == id) {
            return &links->items[i];
        }
    }
    return NULL;
}

struct toc_link *toc_links_to(struct toc_links *links, const uint8_t key[static TOC_KEY_BYTES])
{
    for (uint32_t i = 0; i < links->top; i++) {
        struct toc_link *link = &links->items[i];
        if (toc_link_stands(link) && memcmp(link->peer.remote, key, TOC_KEY_BYTES) == 0) {
            return link;
        }
    }
    return NULL;
}

struct toc_link *toc_links_take(struct toc_links *links, enum toc_link_state state, uint64_t id)
{
    for (uint32_t i = 0; i < links->max; i++) {
        struct toc_link *link = &links->items[i];
        if (link->state == TOC_LINK_FREE) {
            link->state = state;
            link->id = links->ids[i] = id;
            links->top = links->top > i ? links->top : i + 1;
            return link;
        }
    }
    return NULL;
}

static void clear(struct toc_links *links, struct toc_link *link)
{
    toc_peer_reset(&link->peer, &links->buffers);
    struct toc_peer peer = link->peer;
    uint32_t place = link->place;
    *link = (struct toc_link){.place = place, .peer = peer};
    while (links->top > 0 && links->items[links->top - 1].state == TOC_LINK_FREE) {
        links->top--;
    }
}

/* Every end of a link comes through here. */
static void leave(struct toc_links *links, struct toc_link *link)
{
    if (toc_link_stands(link) && links->gone != NULL) {
        links->gone(links->gone_context, link);
    }
    link->state = TOC_LINK_CLOSING;
    links->ids[link->place] = 0;
    if (!link->peer.check_out) {
        clear(links, link);
    }
}

void toc_link_notice(struct toc_turn *turn, const struct toc_link *link, enum toc_notice_kind kind,
                     struct toc_err err)
{
    struct toc_notice *out = &toc_turn_emit(turn, TOC_ACTION_NOTICE)->notice;
    out->kind = kind;
    out->err = err;
    memcpy(out->org, link->org, TOC_ID_BYTES);
    out->node = link->node;
    memcpy(out->source, link->source, sizeof out->source);
}

void toc_links_up(struct toc_links *links, struct toc_turn *turn, const struct toc_event *event)
{
    struct toc_link *link = event->dialled ? toc_links_find(links, event->link) : NULL;
    if (link == NULL &&
        (event->dialled || links->stopping || !toc_stranger_up(links, turn, event))) {
        struct toc_action *close = toc_turn_emit(turn, TOC_ACTION_CLOSE);
        close->link = event->link;
        close->err = toc_fail(TOC_FULL, "no place for another link");
    }
    if (link == NULL) {
        return;
    }
    link->state = TOC_LINK_OPEN;
    memcpy(link->source, event->source, sizeof link->source);
    link->opened = link->heard = link->begun = turn->now;
    toc_peer_start(&link->peer, link->target, event->entropy);
}

/* Kept for whoever asks why no link to this node stands. */
static void note_end(struct toc_links *links, const struct toc_turn *turn,
                     const struct toc_link *link, struct toc_err err)
{
    if ((link->dialled || link->established) && !link->probe && toc_failed(err)) {
        struct toc_dial *row = toc_links_row(links, link);
        row->ended = err;
        row->ended_at = turn->now;
    }
}

void toc_links_down(struct toc_links *links, struct toc_turn *turn, struct toc_link *link,
                    struct toc_err why)
{
    struct toc_err err = toc_failed(why) ? why : toc_fail(TOC_UNREACHABLE, "the connection ended");
    if (link->established) {
        toc_link_notice(turn, link, TOC_NOTICE_LINK_GONE, err);
    } else if (link->state == TOC_LINK_OPEN) {
        /* who answers nothing says no more than that. */
        err = toc_fail(TOC_UNREACHABLE,
                       "it hung up: another federation, or it lacks this node's card");
    }
    note_end(links, turn, link, err);
    leave(links, link);
}

/* Of links that stood the operator hears always, of strangers once in a while. */
static bool worth_a_notice(struct toc_links *links, const struct toc_turn *turn,
                           const struct toc_link *link, struct toc_err err)
{
    if (link->state != TOC_LINK_OPEN || !toc_failed(err)) {
        return false;
    }
    if (link->established) {
        return true;
    }
    return toc_stranger_worth_a_notice(links, turn, err);
}

void toc_link_close(struct toc_links *links, struct toc_turn *turn, struct toc_link *link,
                    struct toc_err err)
{
    if (link->state == TOC_LINK_CLOSING || link->state == TOC_LINK_FREE) {
        return;
    }
    if (worth_a_notice(links, turn, link, err)) {
        bool theirs = toc_code_actor(err.code) == TOC_ACTOR_PEER;
        toc_link_notice(turn, link, theirs ? TOC_NOTICE_REFUSED : TOC_NOTICE_LINK_GONE, err);
    }
    struct toc_action *close = toc_turn_emit(turn, TOC_ACTION_CLOSE);
    close->link = link->id;
    close->err = err;
    note_end(links, turn, link, err);
    leave(links, link);
}

/* the last words, as far as there is room. */
static void say_bye(struct toc_links *links, struct toc_turn *turn, struct toc_link *link,
                    enum toc_bye reason)
{
    uint8_t body = (uint8_t)reason;
    if (toc_link_stands(link) &&
        toc_link_say(links, link, TOC_MSG_BYE, TOC_CLASS_CONTROL, toc_span(&body, 1))) {
        toc_link_send(links, turn, link);
    }
}

void toc_link_refuse(struct toc_links *links, struct toc_turn *turn, struct toc_link *link,
                     struct toc_err err)
{
    say_bye(links, turn, link, TOC_BYE_FAULT);
    toc_link_close(links, turn, link, err);
}

void toc_link_bye(struct toc_links *links, struct toc_turn *turn, struct toc_link *link,
                  enum toc_bye reason)
{
    say_bye(links, turn, link, reason);
    if (reason == TOC_BYE_NOT_NEEDED) {
        note_end(links, turn, link, toc_fail(TOC_UNREACHABLE, "given up: other links are enough"));
    }
    toc_link_close(links, turn, link, toc_ok());
}

/* Who holds this static key, written into the link. False: nobody, or we ourselves. */
static bool identify(const struct toc_links *links, struct toc_link *link)
{
    const struct toc_cert *cert;
    const struct toc_card *card = toc_directory_by_link(links->directory, link->peer.remote, &cert);
    if (card == NULL || memcmp(link->peer.remote, links->self.link_public, TOC_KEY_BYTES) == 0) {
        return false;
    }
    const struct toc_directory_slot *slot = (const struct toc_directory_slot *)(const void *)card;
    memcpy(link->org, card->id, TOC_ID_BYTES);
    link->node = cert->number;
    link->slot = (uint16_t)(slot - links->directory->slots);
    link->of_card = (uint16_t)(cert - card->nodes);
    return true;
}

static struct toc_err stranger(void)
{
    return toc_fail(TOC_STRANGER, "the static key belongs to no listed organisation");
}

void toc_links_recheck(struct toc_links *links, struct toc_turn *turn)
{
    links->cards_new = true;
    for (uint32_t i = 0; i < links->top; i++) {
        struct toc_link *link = &links->items[i];
        if (toc_link_stands(link) && !identify(links, link)) {
            toc_link_refuse(links, turn, link, stranger()); /* */
        }
    }
}

/* the newest of a node, and the newest two of an organisation, are half-open: so no member
 * keeps the places from others. */
static void end_older(struct toc_links *links, struct toc_turn *turn, const struct toc_link *link)
{
    struct toc_link *oldest = NULL;
    uint32_t of_org = 0;
    bool again = false;
    for (uint32_t i = 0; i < links->top && !again; i++) {
        struct toc_link *other = &links->items[i];
        if (other == link || other->state != TOC_LINK_OPEN || other->dialled ||
            other->established || memcmp(other->org, link->org, TOC_ID_BYTES) != 0) {
            continue;
        }
        of_org++;
        again = other->of_card == link->of_card;
        oldest = again || oldest == NULL || other->opened.ms < oldest->opened.ms ? other : oldest;
    }
    if (again || of_org >= 2) {
        toc_link_close(links, turn, oldest,
                       toc_fail(TOC_UNREACHABLE, "gave way to a newer connection"));
    }
}

void toc_link_continue(struct toc_links *links, struct toc_turn *turn, struct toc_link *link)
{
    if (link->state != TOC_LINK_OPEN) {
        return;
    }
    if (link->peer.state == TOC_PEER_ANSWERING) {
        if (!identify(links, link)) {
            toc_link_close(links, turn, link, stranger()); /* without an answer */
            return;
        }
        if (!link->dialled) {
            end_older(links, turn, link);
        }
        toc_peer_admit(&link->peer);
        link->begun = turn->now;
    }
    if (toc_peer_check_due(&link->peer)) {
        link->check.kind = TOC_CHECK_PEER;
        toc_turn_emit(turn, TOC_ACTION_CHECK)->check = &link->check;
    }
    if (link->peer.state == TOC_PEER_FAILED) {
        toc_link_refuse(links, turn, link, link->peer.err);
    }
}

/* of two links between the same nodes the one dialled by the lower static key stays; of
 * two dialled by the same side the newer, since that side must have lost the older. */
static bool loses(const struct toc_links *links, const struct toc_link *link,
                  const struct toc_link *other)
{
    if (link->dialled == other->dialled) {
        return false;
    }
    bool we_are_lower = memcmp(links->self.link_public, link->peer.remote, TOC_KEY_BYTES) < 0;
    return link->dialled != we_are_lower;
}

static bool keep_one(struct toc_links *links, struct toc_turn *turn, struct toc_link *link)
{
    struct toc_link *other = toc_links_to(links, link->peer.remote);
    if (other == NULL) {
        return true;
    }
    bool lost = loses(links, link, other);
    toc_link_bye(links, turn, lost ? link : other, TOC_BYE_DUPLICATE);
    return !lost;
}

bool toc_link_checked(struct toc_links *links, struct toc_turn *turn, struct toc_link *link)
{
    toc_peer_checked(&link->peer);
    if (link->state == TOC_LINK_CLOSING) {
        clear(links, link);
        return false;
    }
    if (link->peer.state != TOC_PEER_FAILED) {
        link->heard = turn->now;
    }
    if (link->peer.state != TOC_PEER_READY || link->established) {
        return false;
    }
    if (!identify(links, link)) {
        toc_link_close(links, turn, link, stranger()); /* its card has changed meanwhile */
        return false;
    }
    toc_links_measured(links, link, turn->now.ms - link->begun.ms);
    link->rtt_ms = toc_links_row(links, link)->rtt_ms;
    if (link->probe) {
        toc_link_close(links, turn, link, toc_ok()); /* the other side has no link yet */
        return false;
    }
    if (!keep_one(links, turn, link)) {
        return false;
    }
    bool admitted = link->dialled || toc_links_admit(links, turn, link);
    link->established = true;
    link->opened = link->heard = link->pinged = turn->now;
    toc_links_row(links, link)->ended = toc_ok();
    toc_stranger_known(links, turn, link);
    if (!admitted) {
        toc_link_greet(links, turn, link); /* HELLO comes before BYE */
        toc_link_bye(links, turn, link, TOC_BYE_NOT_NEEDED);
        return false;
    }
    toc_link_notice(turn, link, TOC_NOTICE_LINK, toc_ok());
    return true;
}
