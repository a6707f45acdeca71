/* SPDX-License-Identifier: EUPL-1.2 */
#include "links_internal.h"

/* Which links there should be. */

void toc_links_seek(struct toc_links *links)
{
    links->seek_due = true;
}

void toc_links_hurry(struct toc_links *links, uint32_t group)
{
    toc_set_put(links->hurried, group, true);
}

enum toc_link_why toc_link_why(const struct toc_links *links, const struct toc_link *link)
{
    (void)links;
    return link->why;
}
