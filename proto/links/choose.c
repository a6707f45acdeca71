/* SPDX-License-Identifier: EUPL-1.2 */
#include "links_internal.h"

#include <string.h>

/* Which links there should be: how many, to whom, how far. */

#define RTT_MS_MAX 2000u /* what is further counts as so far */
#define NO_PLACE UINT16_MAX

/* Numbers that only this node knows: nobody can put himself in front of all others. */
static uint64_t rank_of(const struct toc_links *links, const uint8_t *key, uint64_t salt)
{
    uint64_t z = (toc_le64(key) ^ links->rank_seed ^ salt) * UINT64_C(0xbf58476d1ce4e5b9);
    return (z ^ z >> 29) * UINT64_C(0x94d049bb133111eb);
}

static bool is_own(const struct toc_links *links, const struct toc_card *card)
{
    return memcmp(card->id, links->own_org, TOC_ID_BYTES) == 0;
}

/* The directory at a glance. */

static void place_orgs(struct toc_links *links)
{
    const struct toc_directory *directory = links->directory;
    links->node_count = 0;
    for (size_t slot = 0; slot < directory->slot_count; slot++) {
        const struct toc_card *card = &directory->slots[slot].card;
        const struct toc_org *org = toc_roster_find(links->roster, card->id);
        links->org_places[slot] = org == NULL ? NO_PLACE : (uint16_t)(org - links->roster->orgs);
        links->node_count += is_own(links, card) ? 0 : (uint32_t)card->node_count;
    }
}

/* Where the lowest and the middle third of the known distances end. */
static void find_thirds(struct toc_links *links)
{
    uint16_t counts[RTT_MS_MAX + 1] = {0};
    links->measured = 0;
    for (size_t i = 0; i < links->directory->slot_count * TOC_NODES_MAX; i++) {
        uint32_t ms = links->dials[i].rtt_ms;
        if (ms != 0) {
            counts[ms < RTT_MS_MAX ? ms : RTT_MS_MAX]++;
            links->measured++;
        }
    }
    links->near_ms = links->mid_ms = 0;
    uint32_t seen = 0;
    for (uint32_t ms = 0; ms <= RTT_MS_MAX && links->measured != 0; ms++) {
        seen += counts[ms];
        if (links->near_ms == 0 && 3 * seen >= links->measured) {
            links->near_ms = ms;
        }
        if (3 * seen >= 2 * links->measured) {
            links->mid_ms = ms;
            return;
        }
    }
}

/* Once a minute, and when cards have changed. */
static void survey(struct toc_links *links, const struct toc_turn *turn)
{
    if (!links->cards_new && turn->now.ms < links->survey_ms) {
        return;
    }
    if (links->cards_new) {
        place_orgs(links);
        toc_links_certify(links);
    }
    links->cards_new = false;
    links->survey_ms = turn->now.ms + TOC_SURVEY_MS;
    find_thirds(links);
}

struct toc_dial *toc_links_row(const struct toc_links *links, const struct toc_link *link)
{
    return &links->dials[link->slot * TOC_NODES_MAX + link->of_card];
}

/* The shortest time counts most: the network adds to it, never takes away. */
void toc_links_measured(struct toc_links *links, const struct toc_link *link, uint64_t rtt_ms)
{
    uint32_t now = rtt_ms == 0 ? 1 : rtt_ms < UINT16_MAX ? (uint32_t)rtt_ms : UINT16_MAX;
    struct toc_dial *row = toc_links_row(links, link);
    uint32_t before = row->rtt_ms;
    row->rtt_ms = (uint16_t)(before == 0 || now < before ? now : (7 * before + now) / 8);
}

enum toc_link_why toc_links_band(const struct toc_links *links, uint32_t rtt_ms)
{
    if (rtt_ms == 0 || links->measured == 0) {
        return TOC_WHY_MID;
    }
    return rtt_ms <= links->near_ms  ? TOC_WHY_NEAR
           : rtt_ms <= links->mid_ms ? TOC_WHY_MID
                                     : TOC_WHY_FAR;
}

bool toc_link_is_base(const struct toc_link *link)
{
    return link->dialled &&
           (link->why == TOC_WHY_ALL || link->why == TOC_WHY_NEAR || link->why == TOC_WHY_MID ||
            link->why == TOC_WHY_FAR || link->why == TOC_WHY_SOUGHT);
}

enum toc_link_why toc_link_why(const struct toc_links *links, const struct toc_link *link)
{
    bool by_distance =
        link->why == TOC_WHY_NEAR || link->why == TOC_WHY_MID || link->why == TOC_WHY_FAR;
    return by_distance ? toc_links_band(links, toc_links_row(links, link)->rtt_ms) : link->why;
}

/* */
uint32_t toc_links_sought(const struct toc_links *links)
{
    uint32_t sought = links->node_count <= TOC_ALL_NODES_MAX      ? links->node_count
                      : links->node_count <= TOC_SMALL_NODES_MAX  ? TOC_SOUGHT_SMALL
                      : links->node_count <= TOC_MIDDLE_NODES_MAX ? TOC_SOUGHT_MIDDLE
                                                                  : TOC_SOUGHT_LARGE;
    return sought < links->max ? sought : links->max;
}

bool toc_links_all(const struct toc_links *links)
{
    return links->node_count <= TOC_ALL_NODES_MAX;
}

static void count_link(const struct toc_links *links, struct toc_tally *tally,
                       const struct toc_link *link)
{
    bool first = tally->of_slot[link->slot] == 0;
    uint16_t place = links->org_places[link->slot];
    tally->of_slot[link->slot]++;
    if (link->why == TOC_WHY_OWN || memcmp(link->org, links->own_org, TOC_ID_BYTES) == 0) {
        return;
    }
    if (place != NO_PLACE) {
        toc_set_put(tally->linked, place, true);
    }
    tally->total++;
    tally->dialled += link->dialled;
    tally->accepted += !link->dialled;
    tally->visits += link->why == TOC_WHY_VISIT;
    tally->distinct += first;
    if (toc_link_is_base(link)) {
        enum toc_link_why band = toc_links_band(links, toc_links_row(links, link)->rtt_ms);
        tally->base++;
        tally->near += band == TOC_WHY_NEAR;
        tally->mid += band == TOC_WHY_MID;
        tally->far += band == TOC_WHY_FAR;
    }
}

void toc_links_count(const struct toc_links *links, struct toc_tally *tally)
{
    *tally = (struct toc_tally){.left = toc_links_all(links) ? UINT32_MAX : TOC_DIAL_TICK_MAX};
    for (uint32_t i = 0; i < links->top; i++) {
        const struct toc_link *link = &links->items[i];
        if (links->ids[i] != 0 && !link->probe && (link->dialled || link->established)) {
            count_link(links, tally, link);
        }
    }
}

/* Choosing a node. */

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

static bool distance_fits(const struct toc_links *links, const struct toc_choice *choice,
                          uint32_t rtt_ms)
{
    if (choice->unmeasured) {
        return rtt_ms == 0;
    }
    bool by_distance =
        choice->why == TOC_WHY_NEAR || choice->why == TOC_WHY_MID || choice->why == TOC_WHY_FAR;
    if (by_distance && (rtt_ms == 0 || toc_links_band(links, rtt_ms) != choice->why)) {
        return false;
    }
    return (choice->below_ms == 0 || rtt_ms <= choice->below_ms) && rtt_ms >= choice->above_ms;
}

/* The first of an organisation's nodes that may be dialled now; false when there is none. */
static bool node_of(const struct toc_links *links, const struct toc_turn *turn, size_t slot,
                    const struct toc_choice *choice, size_t *node)
{
    const struct toc_card *card = &links->directory->slots[slot].card;
    uint64_t best = 0;
    bool found = false;
    for (size_t i = 0; i < card->node_count; i++) {
        const struct toc_cert *cert = &card->nodes[i];
        const struct toc_dial *dial = &links->dials[slot * TOC_NODES_MAX + i];
        uint64_t rank = rank_of(links, cert->link_key, choice->salt);
        if (cert->address_count == 0 || (found && rank >= best) ||
            (cert->suites & TOC_SUITE_BIT(TOC_SUITE_1)) == 0 || /* */
            dial->next_ms > turn->now.ms || !distance_fits(links, choice, dial->rtt_ms) ||
            memcmp(cert->link_key, links->self.link_public, TOC_KEY_BYTES) == 0 ||
            has_link(links, cert->link_key)) {
            continue;
        }
        best = rank;
        *node = i;
        found = true;
    }
    return found;
}

/* organisations are ranked, not nodes, so that many nodes are no advantage. */
bool toc_links_choose_node(const struct toc_links *links, const struct toc_turn *turn,
                           const struct toc_tally *tally, const struct toc_choice *choice,
                           size_t *slot, size_t *node)
{
    uint64_t best = 0;
    bool found = false;
    for (size_t i = 0; i < links->directory->slot_count; i++) {
        const struct toc_card *card = &links->directory->slots[i].card;
        uint16_t place = links->org_places[i];
        uint64_t rank = rank_of(links, card->id, choice->salt);
        if (tally->of_slot[i] >= choice->of_org || (found && rank >= best) ||
            is_own(links, card) != choice->own ||
            (choice->members != NULL &&
             (place == NO_PLACE || !toc_set_has(choice->members, place)))) {
            continue;
        }
        size_t at;
        if (node_of(links, turn, i, choice, &at)) {
            best = rank;
            *slot = i;
            *node = at;
            found = true;
        }
    }
    return found;
}

struct toc_link *toc_links_dial_choice(struct toc_links *links, struct toc_turn *turn,
                                       struct toc_tally *tally, const struct toc_choice *choice,
                                       enum toc_link_why why)
{
    size_t slot, node;
    return toc_links_choose_node(links, turn, tally, choice, &slot, &node)
               ? toc_links_dial(links, turn, tally, slot, node, why)
               : NULL;
}

/* Dialling what is missing. */

/* Our own nodes share everything with us, and everybody in a small federation is a neighbour. */
static void dial_all(struct toc_links *links, struct toc_turn *turn, struct toc_tally *tally)
{
    struct toc_choice own = {.own = true, .why = TOC_WHY_OWN, .of_org = TOC_NODES_MAX};
    while (toc_links_dial_choice(links, turn, tally, &own, TOC_WHY_OWN) != NULL) {
    }
    /* two links to an organisation, of however many nodes. */
    struct toc_choice other = {.why = TOC_WHY_ALL, .of_org = 2};
    while (toc_links_all(links) &&
           toc_links_dial_choice(links, turn, tally, &other, TOC_WHY_ALL) != NULL) {
    }
}

/* half of those that we dial near, then far and mid in turn. */
static enum toc_link_why band_wanted(const struct toc_tally *tally)
{
    uint32_t next = tally->base + 1;
    if (tally->near < (next + 1) / 2) {
        return TOC_WHY_NEAR;
    }
    return tally->far <= tally->mid ? TOC_WHY_FAR : TOC_WHY_MID;
}

/* One link of the secret ranking; false when nobody is left. */
static bool dial_base(struct toc_links *links, struct toc_turn *turn, struct toc_tally *tally)
{
    enum toc_link_why band = band_wanted(tally);
    struct toc_choice fits = {.why = band, .of_org = 1};
    struct toc_choice unmeasured = {.unmeasured = true, .of_org = 1};
    struct toc_choice any = {.of_org = 1};
    return toc_links_dial_choice(links, turn, tally, &fits, band) != NULL ||
           toc_links_dial_choice(links, turn, tally, &unmeasured, band) != NULL ||
           toc_links_dial_choice(links, turn, tally, &any, band) != NULL;
}

/* half of what is sought is our own choice, whoever has dialled us; the rest we dial when
 * others have had time to dial us. */
static void dial_sought(struct toc_links *links, struct toc_turn *turn, struct toc_tally *tally)
{
    uint32_t sought = toc_links_sought(links);
    while (tally->base < (sought + 1) / 2 && dial_base(links, turn, tally)) {
    }
    if (tally->total >= sought) {
        links->short_ms = 0;
        return;
    }
    if (links->short_ms == 0) {
        links->short_ms = turn->now.ms + TOC_FILL_MS;
    }
    while (turn->now.ms >= links->short_ms && tally->total < sought &&
           dial_base(links, turn, tally)) {
    }
}

/* */
static void dial_others(struct toc_links *links, struct toc_turn *turn, struct toc_tally *tally)
{
    if (links->seek_due && turn->now.ms >= links->seek_ms) {
        links->seek_ms = turn->now.ms + TOC_PRUNE_MS;
        links->seek_left = TOC_SEEK_LINKS;
        links->seek_salt = toc_le64(turn->entropy);
        links->seek_due = false;
    }
    struct toc_choice choice = {.of_org = 1, .salt = links->seek_salt};
    while (links->seek_left > 0 &&
           toc_links_dial_choice(links, turn, tally, &choice, TOC_WHY_SOUGHT) != NULL) {
        links->seek_left--;
    }
}

void toc_links_choose(struct toc_links *links, struct toc_turn *turn)
{
    struct toc_tally tally;
    survey(links, turn);
    toc_links_count(links, &tally);
    dial_all(links, turn, &tally);
    if (toc_links_all(links)) {
        links->seek_due = false;
        return;
    }
    toc_links_dial_groups(links, turn, &tally);
    dial_sought(links, turn, &tally);
    dial_others(links, turn, &tally);
    toc_links_visit(links, turn, &tally);
    toc_links_keep(links, turn, &tally);
}

void toc_links_seek(struct toc_links *links)
{
    links->seek_due = true;
}

void toc_links_hurry(struct toc_links *links, uint32_t group)
{
    toc_set_put(links->hurried, group, true);
}
