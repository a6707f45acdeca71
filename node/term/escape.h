/* SPDX-License-Identifier: EUPL-1.2 */
/* Private to term: one character of UTF-8 at a time. */
#ifndef TOC_TERM_ESCAPE_H
#define TOC_TERM_ESCAPE_H

#include "base.h"

struct toc_point {
    uint32_t value; /* code point; the byte itself when it is no valid UTF-8 */
    size_t bytes;
    bool valid;
    bool harmful; /* must not reach a terminal as it is */
};

/* The first character of `text`, which is not empty. */
struct toc_point toc_point_next(struct toc_span text);

#endif
