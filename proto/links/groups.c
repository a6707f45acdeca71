/* SPDX-License-Identifier: EUPL-1.2 */
#include "links_internal.h"

#include <string.h>

/* What the groups need: links that stand inside those in use, visits inside the others. A payload
 * travels only inside its group, so links elsewhere do not help it. */

/* Groups 0 and 1 have everybody in them: any link serves them. */
#define FIRST_GROUP 2u
/* Groups that get no link now are passed over; the next second looks again. */
#define FAILURES_MAX 8u

static bool wish_of(const struct toc_links *links, const struct toc_turn *turn, uint32_t group,
                    struct toc_wish *wish)
{
    const struct toc_links_wishes *wishes = &links->wishes;
    return wishes->group != NULL && wishes->group(wishes->context, turn, group, wish);
}

static bool org_lacks(const struct toc_links *links, const struct toc_turn *turn, uint32_t group,
                      const uint8_t *org)
{
    return links->wishes.lacks(links->wishes.context, turn, group, org);
}

/* how many other organisations of the group this node is linked with at least. */
static uint32_t links_wanted(const struct toc_wish *wish)
{
    uint32_t wanted = wish->member_count > TOC_GROUP_LARGE    ? TOC_GROUP_LINKS_LARGE
                      : wish->member_count > TOC_GROUP_MIDDLE ? TOC_GROUP_LINKS_MIDDLE
                                                              : TOC_GROUP_LINKS;
    uint32_t others = wish->member_count - 1;
    return wanted < others ? wanted : others;
}

static uint32_t links_inside(const struct toc_tally *tally, const struct toc_wish *wish)
{
    uint32_t count = 0;
    for (size_t i = 0; i < sizeof tally->linked; i += 8) {
        uint64_t both = toc_le64(tally->linked + i) & toc_le64(wish->members + i);
        for (; both != 0; both &= both - 1) {
            count++;
        }
    }
    return count;
}

static bool is_member(const struct toc_links *links, const struct toc_wish *wish, size_t slot)
{
    uint16_t place = links->org_places[slot];
    return place < TOC_ORGS_MAX && toc_set_has(wish->members, place);
}

bool toc_links_groups_need(const struct toc_links *links, const struct toc_turn *turn,
                           const struct toc_tally *tally, size_t slot)
{
    struct toc_wish wish;
    for (uint32_t group = FIRST_GROUP - 1; wish_of(links, turn, group, &wish); group++) {
        uint32_t counted = tally->of_slot[slot] != 0;
        if (wish.standing && is_member(links, &wish, slot) &&
            links_inside(tally, &wish) - counted < links_wanted(&wish)) {
            return true;
        }
    }
    return false;
}

/* The smallest group in use that has too few links, behind `after` in that order. */
static uint32_t next_short(const struct toc_links *links, const struct toc_turn *turn,
                           const struct toc_tally *tally, uint64_t after, struct toc_wish *found)
{
    uint32_t best = 0;
    struct toc_wish wish;
    for (uint32_t group = FIRST_GROUP; wish_of(links, turn, group, &wish); group++) {
        uint64_t key = (uint64_t)wish.member_count << 32 | group;
        if (wish.standing && key > after &&
            (best == 0 || wish.member_count < found->member_count) &&
            links_inside(tally, &wish) < links_wanted(&wish)) {
            best = group;
            *found = wish;
        }
    }
    return best;
}

void toc_links_dial_groups(struct toc_links *links, struct toc_turn *turn, struct toc_tally *tally)
{
    uint64_t after = 0;
    uint32_t group;
    struct toc_wish wish = {0};
    for (unsigned failures = 0; failures < FAILURES_MAX && tally->left > 0 &&
                                (group = next_short(links, turn, tally, after, &wish)) != 0;) {
        struct toc_choice choice = {.members = wish.members, .of_org = 1};
        if (toc_links_dial_choice(links, turn, tally, &choice, TOC_WHY_GROUP) == NULL) {
            after = (uint64_t)wish.member_count << 32 | group;
            failures++;
        }
    }
}

/* Visits. */

static struct toc_link *visit(struct toc_links *links, struct toc_turn *turn,
                              struct toc_tally *tally, size_t slot)
{
    uint8_t only[TOC_ORGS_MAX / 8u] = {0};
    toc_set_put(only, links->org_places[slot], true);
    struct toc_choice choice = {.members = only, .of_org = 1};
    return tally->visits < TOC_VISITS_MAX
               ? toc_links_dial_choice(links, turn, tally, &choice, TOC_WHY_VISIT)
               : NULL;
}

/* every member that lacks what we hold, and has no link to us. */
static void visit_lacking(struct toc_links *links, struct toc_turn *turn, struct toc_tally *tally,
                          uint32_t group, const struct toc_wish *wish)
{
    for (size_t slot = 0; slot < links->directory->slot_count; slot++) {
        const uint8_t *org = links->directory->slots[slot].card.id;
        if (tally->of_slot[slot] == 0 && is_member(links, wish, slot) &&
            memcmp(org, links->own_org, TOC_ID_BYTES) != 0 && org_lacks(links, turn, group, org)) {
            visit(links, turn, tally, slot);
        }
    }
}

/* the next member of a quiet group that no link leads into. */
static void visit_in_turn(struct toc_links *links, struct toc_turn *turn, struct toc_tally *tally,
                          uint32_t group, const struct toc_wish *wish)
{
    struct toc_visit *row = &links->visits[group];
    if (links_inside(tally, wish) > 0) {
        row->next_ms = turn->now.ms + TOC_VISIT_TURN_MS;
        return;
    }
    if (turn->now.ms < row->next_ms || tally->visits >= TOC_VISITS_MAX || tally->left == 0) {
        return;
    }
    uint32_t others = wish->member_count - 1, skip = others == 0 ? 0 : row->turn++ % others;
    for (size_t slot = 0; slot < links->directory->slot_count; slot++) {
        const uint8_t *org = links->directory->slots[slot].card.id;
        if (!is_member(links, wish, slot) || memcmp(org, links->own_org, TOC_ID_BYTES) == 0) {
            continue;
        }
        if (skip-- == 0) {
            bool dialled = visit(links, turn, tally, slot) != NULL;
            /* Who cannot be dialled passes his turn to the next. */
            row->next_ms = dialled ? turn->now.ms + TOC_VISIT_TURN_MS : 0;
            return;
        }
    }
}

/* False: there is no such group. */
static bool look_at(struct toc_links *links, struct toc_turn *turn, struct toc_tally *tally,
                    uint32_t group)
{
    struct toc_wish wish;
    if (!wish_of(links, turn, group, &wish)) {
        return false;
    }
    if (wish.member_count > 1) {
        visit_lacking(links, turn, tally, group, &wish);
        if (!wish.standing) {
            visit_in_turn(links, turn, tally, group, &wish);
        }
    }
    return true;
}

/* Something new of a group: links that were to end go on a while. */
static void note_useful(struct toc_links *links, const struct toc_turn *turn, uint32_t group)
{
    for (uint32_t i = 0; i < links->top; i++) {
        struct toc_link *link = &links->items[i];
        if (toc_link_stands(link) && toc_set_has(link->shared, group)) {
            link->useful = turn->now;
        }
    }
}

static void look_at_hurried(struct toc_links *links, struct toc_turn *turn, struct toc_tally *tally)
{
    for (uint32_t at = 0; at < TOC_GROUP_SET_BYTES; at++) {
        for (uint32_t bit = 0; links->hurried[at] >> bit != 0; bit++) {
            uint32_t group = at * 8 + bit;
            if (!toc_set_has(links->hurried, group)) {
                continue;
            }
            toc_set_put(links->hurried, group, false);
            note_useful(links, turn, group);
            if (group >= FIRST_GROUP) {
                look_at(links, turn, tally, group);
            }
        }
    }
}

/* What is still to be brought to the other side of a visit. */
struct errand {
    bool open;        /* it lacks something, and may still get it on this link */
    bool unconfirmed; /* as far as we know it lacks something */
};

static struct errand errand_of(const struct toc_links *links, const struct toc_turn *turn,
                               const struct toc_link *link)
{
    struct errand errand = {.open = link->wants_out != 0};
    struct toc_wish wish;
    for (uint32_t group = FIRST_GROUP; wish_of(links, turn, group, &wish); group++) {
        if (is_member(links, &wish, link->slot) && org_lacks(links, turn, group, link->org)) {
            errand.unconfirmed = true;
            /* Members of larger groups confirm by their tags long before their beacon comes. */
            errand.open = errand.open || !wish.standing || !toc_set_has(link->shared, group);
        }
    }
    return errand;
}

static void end_visit(struct toc_links *links, struct toc_turn *turn, struct toc_tally *tally,
                      struct toc_link *link)
{
    uint64_t age = turn->now.ms - link->opened.ms;
    if (age < TOC_VISIT_MS || turn->now.ms - link->useful.ms < TOC_VISIT_MS) {
        return;
    }
    struct errand errand = errand_of(links, turn, link);
    if (errand.open && age < TOC_VISIT_MS_MAX) {
        return;
    }
    if (tally->total <= toc_links_sought(links) || !toc_links_may_cut(links, link)) {
        link->why = TOC_WHY_MID; /* one more of the others */
        return;
    }
    if (errand.unconfirmed) {
        toc_links_row(links, link)->next_ms = turn->now.ms + TOC_UNWANTED_MS;
    }
    toc_link_bye(links, turn, link, TOC_BYE_NOT_NEEDED);
    toc_links_count(links, tally);
}

void toc_links_visit(struct toc_links *links, struct toc_turn *turn, struct toc_tally *tally)
{
    for (uint32_t i = 0; i < links->top; i++) {
        struct toc_link *link = &links->items[i];
        if (toc_link_stands(link) && link->why == TOC_WHY_VISIT) {
            end_visit(links, turn, tally, link);
        }
    }
    look_at_hurried(links, turn, tally);
    for (uint32_t i = 0; i < TOC_VISIT_GROUPS; i++) {
        if (!look_at(links, turn, tally, FIRST_GROUP + links->visit_group)) {
            links->visit_group = 0;
            return;
        }
        links->visit_group++;
    }
}
