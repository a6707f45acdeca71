/* SPDX-License-Identifier: EUPL-1.2 */
/* USES: pattern */
/* STIX patterns of any content: every atom lies in the parser's memory, refusals have no atoms. */
#include "pattern.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct toc_pattern *pattern, struct toc_span span)
{
    TOC_ASSERT(span.len == 0 ||
               (span.at >= pattern->text &&
                (size_t)(span.at - pattern->text) + span.len <= pattern->text_len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum toc_pattern_version versions[2] = {TOC_PATTERN_20, TOC_PATTERN_21};
    struct toc_pattern pattern;
    toc_pattern_init(&pattern);
    for (size_t v = 0; v < 2; v++) {
        struct toc_err err = toc_pattern_parse(&pattern, toc_span(data, size), versions[v]);
        TOC_ASSERT(!toc_failed(err) || pattern.count == 0);
        TOC_ASSERT(pattern.error_at <= size);
        for (uint32_t i = 0; i < pattern.count; i++) {
            check(&pattern, pattern.atoms[i].type);
            check(&pattern, pattern.atoms[i].path);
            check(&pattern, pattern.atoms[i].text);
            check(&pattern, pattern.atoms[i].ref_type);
        }
    }
    toc_pattern_clear(&pattern);
    return 0;
}
