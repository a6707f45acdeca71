/* SPDX-License-Identifier: EUPL-1.2 */
/* Private to answer: a bulletin as a request describes it. */
#ifndef TOC_DRAFT_H
#define TOC_DRAFT_H

#include "answer_internal.h"

/* Of a document whose type is still to be told by its content (RFC 2046 section 4.5.1). */
#define TOC_MEDIA_TYPE_UNKNOWN "application/octet-stream"

/* The bulletin; spans point into the request, lists are on the heap. */
struct toc_draft {
    struct toc_bulletin bulletin;
    bool has_tlp, has_kind, has_missing_tlp;
    enum toc_tlp missing_tlp;
    void *lists[16]; /* own */
    size_t list_count;
    struct toc_document *documents; /* own; those of bulletin */
};

/* Reads the native fields and documents of a request "publish". Gives *draft (toc_draft_clear).
 * Fails: USAGE with a line that names the field, FULL. */
TOC_MUST_USE struct toc_err toc_draft_read(struct toc_draft *draft, struct toc_answer *answer);
void toc_draft_clear(struct toc_draft *draft);

#endif
