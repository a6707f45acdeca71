/* SPDX-License-Identifier: EUPL-1.2 */
#include "sync.h"

#include <string.h>

/* HAVE, EAGER and LAZY: rows of what their sender has stored of a log. */

size_t toc_tell_encode(uint8_t out[static TOC_TELL_ROW_BYTES_MAX], const struct toc_tell *tell)
{
    memcpy(out, tell->prefix, TOC_TELL_PREFIX_BYTES);
    return TOC_TELL_PREFIX_BYTES + toc_put_varint(out + TOC_TELL_PREFIX_BYTES, tell->seq);
}

struct toc_err toc_tell_next(struct toc_span *rest, struct toc_tell *tell)
{
    if (rest->len <= TOC_TELL_PREFIX_BYTES) {
        return toc_fail(TOC_TRUNCATED, "a row of HAVE, EAGER or LAZY ends too early");
    }
    struct toc_span number =
        toc_span(rest->at + TOC_TELL_PREFIX_BYTES, rest->len - TOC_TELL_PREFIX_BYTES);
    uint64_t seq;
    TOC_TRY(toc_get_varint(&number, &seq));
    memcpy(tell->prefix, rest->at, TOC_TELL_PREFIX_BYTES);
    tell->seq = seq;
    *rest = number;
    return toc_ok();
}

struct toc_err toc_tells_check(struct toc_span body, uint64_t seq_min)
{
    size_t rows = 0;
    do {
        struct toc_tell tell;
        TOC_TRY(toc_tell_next(&body, &tell)); /* */
        if (++rows > TOC_TELL_ROWS_MAX) {
            return toc_fail(TOC_LIMIT, "too many rows in a HAVE, EAGER or LAZY"); /* */
        }
        if (tell.seq < seq_min) {
            return toc_fail(TOC_MALFORMED, "a row without a sequence number"); /* */
        }
    } while (body.len > 0);
    return toc_ok();
}
