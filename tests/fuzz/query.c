/* SPDX-License-Identifier: EUPL-1.2 */
/* USES: query */
/* Queries of any content: what is refused says so in printable words. */
#include "query.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct toc_query query;
    struct toc_query_fault fault;
    struct toc_utc now = {UINT64_C(1773576000000)};
    struct toc_err err = toc_query_parse(&query, toc_span(data, size), now, &fault);
    if (toc_failed(err)) {
        TOC_ASSERT(query.count == 0 && fault.column >= 1 && fault.detail[0] != '\0');
        for (size_t i = 0; fault.detail[i] != '\0'; i++) {
            uint8_t c = (uint8_t)fault.detail[i];
            TOC_ASSERT(c >= ' ' && c != 0x7f);
        }
        return 0;
    }
    TOC_ASSERT(query.count <= TOC_QUERY_TERMS_MAX);
    for (uint32_t i = 0; i < query.count; i++) {
        TOC_ASSERT(query.terms[i].len <= TOC_QUERY_VALUE_BYTES_MAX);
    }
    return 0;
}
