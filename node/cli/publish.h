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

/* A publication under way. */
struct toc_publish {
    const struct toc_args *args;
    struct toc_ask first; /* a connection */
    struct toc_ask *ask;  /* the one of the request at hand */
    struct toc_draft draft;
    struct toc_sources sources;
    const size_t *at; /* the sources of the request at hand */
    size_t count;
    char *asked_to, *asked_tlp, *asked_title; /* own: answers on the terminal */
    bool skipped;                             /* the bulletin at hand: its audience got it before */
    uint64_t published_count, skipped_count, refused_count;
    enum toc_exit first_failure;
    bool is_cut_off;                /* the node cannot be reached any more */
    struct toc_publish_lane *lanes; /* of each.c */
};

/* Reads the bytes of one source. Complains where it cannot. */
enum toc_exit toc_publish_read(struct toc_publish *publish, size_t source);
/* Sends the request for the sources at hand: false when it could not, publish->ask says why. */
bool toc_publish_send(struct toc_publish *publish, bool dry_run, const char *tlp_missing);
/* Prints a row "publication", or notes that it is one of "skipped". */
void toc_publish_print(struct toc_publish *publish, bool dry_run);
/* Prints what a request to publish, or with dry_run to show what would be, has come to. */
enum toc_exit toc_publish_take(struct toc_publish *publish, bool sent, bool dry_run);
/* Says why the sources at hand were refused; gives publish->ask->status. */
enum toc_exit toc_publish_complain(struct toc_publish *publish);
/* One bulletin of the sources at hand; on a terminal it asks before. */
enum toc_exit toc_publish_one(struct toc_publish *publish);
/* A bulletin for each source. A file that is refused does not stop the others; the first refusal's
 * status is the command's. */
enum toc_exit toc_publish_each(struct toc_publish *publish);

/* The row "publication" as a person reads it. */
void toc_preview_print(FILE *out, const struct toc_message *row);

#endif
