/* SPDX-License-Identifier: EUPL-1.2 */
#include "links_internal.h"

#include <string.h>

/* Which links are kept: those that others want, those that are one too many, those that a better
 * one could replace. Nothing here happens quickly: a link that stands is worth more than one that
 * might be better. */

static bool is_own(const struct toc_links *links, const struct toc_link *link)
{
    return memcmp(link->org, links->own_org, TOC_ID_BYTES) == 0;
}

/* Links that stand to other nodes of an organisation. */
static uint32_t standing_to(const struct toc_links *links, const uint8_t *org)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < links->top; i++) {
        const struct toc_link *link = &links->items[i];
        count += toc_link_stands(link) && memcmp(link->org, org, TOC_ID_BYTES) == 0;
    }
    return count;
}

bool toc_links_may_cut(const struct toc_links *links, const struct toc_link *link)
{
    uint32_t distinct = 0;
    for (uint32_t i = 0; i < links->top && distinct < TOC_DISTINCT_ORGS_MIN; i++) {
        const struct toc_link *other = &links->items[i];
        if (!toc_link_stands(other) || is_own(links, other) ||
            memcmp(other->org, link->org, TOC_ID_BYTES) == 0) {
            continue;
        }
        bool first = true;
        for (uint32_t j = 0; j < i && first; j++) {
            const struct toc_link *before = &links->items[j];
            first = !toc_link_stands(before) || memcmp(before->org, other->org, TOC_ID_BYTES) != 0;
        }
        distinct += first;
    }
    return distinct >= TOC_DISTINCT_ORGS_MIN;
}

/* An accepted link that nobody would miss; NULL when there is none. */
static struct toc_link *idle_accepted(struct toc_links *links, const struct toc_turn *turn,
                                      const struct toc_tally *tally)
{
    for (uint32_t i = 0; i < links->top; i++) {
        struct toc_link *link = &links->items[i];
        if (toc_link_stands(link) && !link->dialled && !is_own(links, link) &&
            turn->now.ms - link->opened.ms >= TOC_SETTLED_MS && toc_links_may_cut(links, link) &&
            !toc_links_groups_need(links, turn, tally, link->slot)) {
            return link;
        }
    }
    return NULL;
}

bool toc_links_admit(struct toc_links *links, struct toc_turn *turn, struct toc_link *link)
{
    struct toc_tally tally;
    if (is_own(links, link)) {
        return true;
    }
    if (standing_to(links, link->org) >= (toc_links_all(links) ? 2u : 1u)) {
        return false;
    }
    toc_links_count(links, &tally);
    uint32_t share = links->max / 8 * TOC_ACCEPTED_EIGHTHS;
    uint32_t sought = toc_links_sought(links);
    if (toc_links_all(links) || tally.accepted < (share > sought ? share : sought)) {
        return true;
    }
    struct toc_link *other = toc_links_groups_need(links, turn, &tally, link->slot)
                                 ? idle_accepted(links, turn, &tally)
                                 : NULL;
    if (other != NULL) {
        toc_link_bye(links, turn, other, TOC_BYE_NOT_NEEDED);
    }
    return other != NULL;
}

/* What we have dialled and may give up. */
static bool may_go(const struct toc_links *links, const struct toc_turn *turn,
                   const struct toc_tally *tally, const struct toc_link *link)
{
    return toc_link_stands(link) && (toc_link_is_base(link) || link->why == TOC_WHY_GROUP) &&
           turn->now.ms - link->opened.ms >= TOC_SETTLED_MS && toc_links_may_cut(links, link) &&
           !toc_links_groups_need(links, turn, tally, link->slot);
}

/* Of our own choice: half near, of the rest half far. */
struct shares {
    uint32_t near, mid, far;
};

static struct shares shares_of(uint32_t base)
{
    uint32_t near = (base + 1) / 2, rest = base - near;
    return (struct shares){.near = near, .far = (rest + 1) / 2, .mid = rest / 2};
}

static bool is_surplus(const struct toc_links *links, const struct toc_tally *tally,
                       struct shares shares, const struct toc_link *link)
{
    enum toc_link_why band = toc_links_band(links, toc_links_row(links, link)->rtt_ms);
    return band == TOC_WHY_NEAR  ? tally->near > shares.near
           : band == TOC_WHY_FAR ? tally->far > shares.far
                                 : tally->mid > shares.mid;
}

/* The furthest of those that may go, of a kind that there is too much of. */
static struct toc_link *surplus(struct toc_links *links, const struct toc_turn *turn,
                                const struct toc_tally *tally, struct shares shares)
{
    struct toc_link *found = NULL;
    for (uint32_t i = 0; i < links->top; i++) {
        struct toc_link *link = &links->items[i];
        if (toc_link_is_base(link) && may_go(links, turn, tally, link) &&
            is_surplus(links, tally, shares, link) &&
            (found == NULL ||
             toc_links_row(links, link)->rtt_ms > toc_links_row(links, found)->rtt_ms)) {
            found = link;
        }
    }
    return found;
}

/* A link for a group that has others now; NULL when there is none. */
static struct toc_link *spare_group_link(struct toc_links *links, const struct toc_turn *turn,
                                         const struct toc_tally *tally)
{
    for (uint32_t i = 0; i < links->top; i++) {
        struct toc_link *link = &links->items[i];
        if (link->why == TOC_WHY_GROUP && may_go(links, turn, tally, link)) {
            return link;
        }
    }
    return NULL;
}

/* half more than is sought may stand; beyond, one in a while is given up. */
static void prune(struct toc_links *links, struct toc_turn *turn, struct toc_tally *tally)
{
    uint32_t sought = toc_links_sought(links), half = (sought + 1) / 2;
    if (tally->total <= sought + half || turn->now.ms < links->prune_ms) {
        return;
    }
    struct toc_link *link = spare_group_link(links, turn, tally);
    if (link == NULL && tally->base > half) {
        link = surplus(links, turn, tally, shares_of(tally->base - 1));
    }
    if (link != NULL) {
        links->prune_ms = turn->now.ms + TOC_PRUNE_MS;
        toc_link_bye(links, turn, link, TOC_BYE_NOT_NEEDED);
        toc_links_count(links, tally);
    }
}

/* A link that was sought, has just been linked, and for which none has gone yet; or NULL. Who was
 * linked while nobody was suspected goes on as a link like others: no stock of exchanges is kept.
 */
static struct toc_link *fresh_sought(struct toc_links *links, const struct toc_turn *turn)
{
    for (uint32_t i = 0; i < links->top; i++) {
        struct toc_link *link = &links->items[i];
        if (toc_link_stands(link) && link->why == TOC_WHY_SOUGHT && link->hello_seen &&
            !link->exchanged && turn->now.ms - link->opened.ms < TOC_PRUNE_MS) {
            return link;
        }
    }
    return NULL;
}

/* for one that was sought, one that is suspected goes; not all that are, since suspicion
 * falls on whoever says truly that it holds what nobody can give. */
static void drop_suspected(struct toc_links *links, struct toc_turn *turn, struct toc_tally *tally)
{
    struct toc_link *fresh = fresh_sought(links, turn);
    for (uint32_t i = 0; fresh != NULL && i < links->top; i++) {
        struct toc_link *link = &links->items[i];
        if (link != fresh && toc_link_stands(link) && link->suspected &&
            toc_links_may_cut(links, link)) {
            fresh->exchanged = true;
            toc_links_row(links, link)->next_ms = turn->now.ms + TOC_UNWANTED_MS;
            toc_link_bye(links, turn, link, TOC_BYE_NOT_NEEDED);
            toc_links_count(links, tally);
            return;
        }
    }
}

/* the old one goes when the new one stands. */
static void end_swap(struct toc_links *links, struct toc_turn *turn)
{
    struct toc_link *fresh = toc_links_find(links, links->swap_new);
    if (fresh != NULL && !(fresh->established && fresh->hello_seen)) {
        return;
    }
    struct toc_link *old = toc_links_find(links, links->swap_old);
    if (fresh != NULL && old != NULL && toc_link_stands(old) && toc_links_may_cut(links, old)) {
        toc_link_bye(links, turn, old, TOC_BYE_NOT_NEEDED);
    }
    links->swap_new = links->swap_old = 0;
}

/* Nodes of the wanted kind, and better or worse than `ms` by so much that it is worth it. */
static struct toc_choice better_than(enum toc_link_why band, enum toc_link_why old, uint32_t ms)
{
    struct toc_choice choice = {.why = band, .of_org = 1};
    bool nearer = band == TOC_WHY_NEAR || (band == TOC_WHY_MID && old == TOC_WHY_FAR);
    uint32_t quarter = ms / 4 > TOC_SWAP_GAIN_MS ? ms / 4 : TOC_SWAP_GAIN_MS;
    if (nearer) {
        choice.below_ms = ms > quarter ? ms - quarter : 1;
    } else {
        choice.above_ms = ms + quarter;
    }
    return choice;
}

static void begin_swap(struct toc_links *links, struct toc_turn *turn, struct toc_tally *tally)
{
    struct shares shares = shares_of(tally->base);
    if (links->swap_new != 0 || turn->now.ms < links->swap_ms ||
        tally->total < toc_links_sought(links)) {
        return;
    }
    links->swap_ms = turn->now.ms + TOC_SWAP_MS + turn->entropy[1] * (TOC_SWAP_MS / 512);
    struct toc_link *old = surplus(links, turn, tally, shares);
    if (old == NULL) {
        return;
    }
    uint32_t ms = toc_links_row(links, old)->rtt_ms;
    enum toc_link_why wanted = tally->near < shares.near ? TOC_WHY_NEAR
                               : tally->far < shares.far ? TOC_WHY_FAR
                                                         : TOC_WHY_MID;
    struct toc_choice choice = better_than(wanted, toc_links_band(links, ms), ms);
    struct toc_link *fresh = toc_links_dial_choice(links, turn, tally, &choice, wanted);
    if (fresh != NULL) {
        links->swap_new = fresh->id;
        links->swap_old = old->id;
    }
}

/* a handshake tells how far a node is; whoever answers it has no link by that. */
static void probe(struct toc_links *links, struct toc_turn *turn, struct toc_tally *tally)
{
    if (turn->now.ms < links->probe_ms || tally->total < toc_links_sought(links)) {
        return;
    }
    uint64_t pause = links->measured < TOC_PROBED_MAX ? TOC_PROBE_MS : TOC_PROBE_RARE_MS;
    links->probe_ms = turn->now.ms + pause / 2 + pause * turn->entropy[2] / 256;
    struct toc_choice choice = {.unmeasured = true, .of_org = 1};
    struct toc_link *link = toc_links_dial_choice(links, turn, tally, &choice, TOC_WHY_MID);
    if (link != NULL) {
        link->probe = true;
        toc_links_count(links, tally);
    }
}

void toc_links_keep(struct toc_links *links, struct toc_turn *turn, struct toc_tally *tally)
{
    drop_suspected(links, turn, tally);
    prune(links, turn, tally);
    if (links->swap_new != 0) {
        end_swap(links, turn);
    }
    begin_swap(links, turn, tally);
    probe(links, turn, tally);
}
