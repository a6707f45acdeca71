/* SPDX-License-Identifier: EUPL-1.2 */
/* What the files of this room share. */
#ifndef TOC_INTEL_SNIFF_H
#define TOC_INTEL_SNIFF_H

#include "intel.h"

/* Whether `word` stands among the first `max` bytes. */
bool toc_sniff_contains(struct toc_span bytes, const char *word, size_t max);
/* Whether a format is JSON, and whether it has a reader of text. */
bool toc_sniff_is_json(enum toc_intel_format format);
bool toc_sniff_is_text(enum toc_intel_format format);
/* Facts of the native fields, as document 0. Fails: LIMIT, FULL. */
TOC_MUST_USE struct toc_err toc_intel_read_native(struct toc_facts *facts,
                                                  const struct toc_bulletin *bulletin);

#endif
