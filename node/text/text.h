/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * text: facts of tables (comma, semicolon, tab, bar), of lists with one value a line, and of
 * running text and Markdown. Heuristics, in this order: a header says what the columns are; a line
 * that is one value is an indicator; in running text only hashes, public addresses, CVE and ATT&CK
 * ids and what is written defanged count, and a plain link is a reference.
 */
#ifndef TOC_TEXT_H
#define TOC_TEXT_H

#include "fact.h"

/* Cells of one row; the rest of a longer row is left out with a warning. */
#define TOC_TEXT_CELLS_MAX 256u
/* Bytes of one row with its quoted line ends. Reason: a quote that is never closed must not take
 * the rest of the document. */
#define TOC_TEXT_ROW_BYTES_MAX 65536u

enum toc_text_shape {
    TOC_TEXT_PLAIN,
    TOC_TEXT_MARKDOWN, /* "#" and "=" begin headings, not comments */
    TOC_TEXT_TABLE,    /* cells count even without a header */
};

/* Appends the facts of `bytes` (UTF-8, UTF-16 with a byte order mark, else windows-1252) with
 * document number `document`, and the lines of their places.
 * Fails: LIMIT, FULL; facts already added stay (the caller releases them). */
TOC_MUST_USE struct toc_err toc_text_read(struct toc_facts *facts, struct toc_span bytes,
                                          uint16_t document, enum toc_text_shape shape);

/* Whether all of `bytes` is valid UTF-8 (RFC 3629). Pure. */
bool toc_text_is_utf8(struct toc_span bytes);

#endif
