/* SPDX-License-Identifier: EUPL-1.2 */
#include "driver.h"

/* Kept free for what ends every step: a SEND, a CLOSE, a RESUME and a notice a link, and the
 * timer. */
#define TURN_RESERVE (4u * TOC_LINKS_MAX + 8u)

struct toc_action *toc_turn_emit(struct toc_turn *turn, enum toc_action_kind kind)
{
    TOC_ASSERT(turn->actions->count < TOC_ACTIONS_MAX);
    struct toc_action *action = &turn->actions->items[turn->actions->count++];
    *action = (struct toc_action){.kind = kind};
    return action;
}

bool toc_turn_room(const struct toc_turn *turn, size_t count)
{
    return turn->actions->count + count + TURN_RESERVE <= TOC_ACTIONS_MAX;
}
