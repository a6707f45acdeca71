/* SPDX-License-Identifier: EUPL-1.2 */
/* Private to answer: one publication while it is made. */
#ifndef TOC_MAKING_H
#define TOC_MAKING_H

#include "draft.h"

struct toc_making {
    const struct toc_desk *desk;
    struct toc_answer *answer;
    struct toc_draft draft;
    struct toc_intel_reading *reading; /* of the documents, by an indexer */
    struct toc_audience_found *audience;
    struct toc_span title_missing; /* the title when nothing else gives one */
    uint8_t each[TOC_HASH_BYTES];  /* of its one document to this audience (each.c) */
};

/* Whom the indexer serves that reads the draft: what a document may do to it reaches no other
 * audience. */
void toc_making_audience_key(uint8_t key[static TOC_ID_BYTES],
                             const struct toc_audience_found *audience);
/* The canonical bytes that an indexer is to read, heap. Fails: USAGE and others, with a line. */
TOC_MUST_USE struct toc_err toc_making_draft(struct toc_making *making,
                                             struct toc_bytes *canonical);
/* Why the reading failed, as a line. Gives the code of the refusal. */
TOC_MUST_USE struct toc_err toc_making_explain(struct toc_making *making, struct toc_err err);
/* Fills by what the documents say, checks their markings and the policy. Fails: USAGE, POLICY, with
 * a line. */
TOC_MUST_USE struct toc_err toc_making_complete(struct toc_making *making);
/* The row "publication" up to AUDIENCE_NAMES; `id` NULL: a dry run. */
void toc_making_row(struct toc_build *row, const struct toc_making *making, const uint8_t *id);
/* Signs and packs it: answer->publication and answer->detail. Fails: USAGE, FULL, with a line. */
TOC_MUST_USE struct toc_err toc_making_sign(struct toc_making *making);

#endif
