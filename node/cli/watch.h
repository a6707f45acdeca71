/* SPDX-License-Identifier: EUPL-1.2 */
/* Private to cli: what `status` shows again and again. */
#ifndef TOC_WATCH_H
#define TOC_WATCH_H

#include "ask.h"

/* What a link had sent and received when it was last looked at. */
struct toc_watch_link {
    uint8_t org[TOC_ID_BYTES];
    uint64_t node, sent, received;
};

/* All zero: nothing was shown yet. End with toc_watch_clear. */
struct toc_watch {
    struct toc_watch_link *links; /* heap */
    size_t link_count;
    uint64_t uptime_ms; /* of the node, then */
    bool seen;
};

/* "complete ...", "behind by ...", "cut off ...", terminated. */
#define TOC_HEALTH_TEXT_BYTES 256u
void toc_health_text(char text[static TOC_HEALTH_TEXT_BYTES], const struct toc_message *row);

/* Groups that lag, and links with their rates since the last time, on stdout. */
void toc_watch_links(struct toc_watch *watch, const struct toc_message *row);
/* One line, tab-separated: clock, health, links, organisations linked, entries behind, bytes a
 * second in and out (- where nothing was shown before), alarms. */
void toc_watch_line(struct toc_watch *watch, const struct toc_message *row);
/* The same columns, with why there is no state in the place of the health. */
void toc_watch_absence(const char *why);
void toc_watch_clear(struct toc_watch *watch);

#endif
