/* SPDX-License-Identifier: EUPL-1.2 */
/* links, inside the room: what its files ask of each other. */
#ifndef TOC_LINKS_INTERNAL_H
#define TOC_LINKS_INTERNAL_H

#include "links.h"

/* A FREE place, now in use as `state` under `id`; NULL when there is none. */
struct toc_link *toc_links_take(struct toc_links *links, enum toc_link_state state, uint64_t id);
/* Tells the operator of a link's end or beginning. */
void toc_link_notice(struct toc_turn *turn, const struct toc_link *link, enum toc_notice_kind kind,
                     struct toc_err err);

/* A place for a connection of a stranger, perhaps that of an older one, which is closed; NULL when
 * it must go.. */
struct toc_link *toc_stranger_take(struct toc_links *links, struct toc_turn *turn,
                                   const struct toc_event *event);
/* May this source have a further opening answered? Counts it.. */
bool toc_stranger_may_open(struct toc_links *links, const struct toc_turn *turn,
                           const struct toc_link *link);
/* A link from there was established. */
void toc_stranger_known(struct toc_links *links, const struct toc_turn *turn,
                        const struct toc_link *link);

#endif
