/* SPDX-License-Identifier: EUPL-1.2 */
/* The values of single fields. */
#ifndef TOC_QUERY_TERMS_H
#define TOC_QUERY_TERMS_H

#include "query.h"

/* Fills what the term's field wants from the typed value. Fails: USAGE, LIMIT, with the fault's
 * detail. */
TOC_MUST_USE struct toc_err toc_query_read_value(struct toc_query_term *term, struct toc_span value,
                                                 struct toc_utc now, struct toc_query_fault *fault);
/* USAGE with the detail "about" why. */
TOC_MUST_USE struct toc_err toc_query_refuse(struct toc_query_fault *fault, const char *why,
                                             struct toc_span about);

#endif
