/* SPDX-License-Identifier: EUPL-1.2 */
/* Private to cli: the steps of `publish`. */
#ifndef TOC_PUBLISH_H
#define TOC_PUBLISH_H

#include "ask.h"
#include "sources.h"

/* The native fields and the audience, from options or from the editor. Texts are lent. */
#define TOC_DRAFT_LIST_MAX 256u /* values of one list: TOC_NAMES_MAX of bulletin.h */
struct toc_draft_list {
    struct toc_span items[TOC_DRAFT_LIST_MAX];
    size_t count;
};
struct toc_draft {
    const char *to, *tlp, *tlp_missing, *lower_tlp, *title, *severity, *kind, *pap, *language, *ref,
        *summary;
    uint64_t valid_until_ms, ack_within_ms;
    bool exercise;
    struct toc_draft_list actors, targets, sectors, techniques, cves, iocs;
    char *text; /* own: what the editor gave, which the fields point into */
};

/* Reads the options. False after complaining. */
bool toc_draft_read(struct toc_draft *draft, const struct toc_args *args);
/* Fills the draft by $EDITOR with a commented template. False after complaining, or when the person
 * gave up. */
bool toc_draft_edit(struct toc_draft *draft, enum toc_exit *status);
void toc_draft_free(struct toc_draft *draft);
/* Adds items, split at commas, blanks around them cut. False when there are too many. */
bool toc_draft_add(struct toc_draft_list *list, struct toc_span text, bool split);
/* KIND:VALUE. */
bool toc_draft_is_ioc(struct toc_span text);

/* Asks on the terminal for one line; NULL when nothing was typed or can be asked. Gives: free. */
char *toc_draft_ask(const char *question);

/* The row "publication" as a person reads it. */
void toc_preview_print(FILE *out, const struct toc_message *row);

#endif
