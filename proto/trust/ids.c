/* SPDX-License-Identifier: EUPL-1.2 */
/* Lists of ids that lie one after the other, and their reading and writing in records. */
#include "ids.h"

#include <string.h>

#include "record.h"

bool toc_ids_sorted(struct toc_ids ids)
{
    for (size_t i = 1; i < ids.count; i++) {
        if (memcmp(toc_ids_at(ids, i - 1), toc_ids_at(ids, i), TOC_ID_BYTES) >= 0) {
            return false;
        }
    }
    return true;
}

bool toc_ids_has(struct toc_ids ids, const uint8_t id[static TOC_ID_BYTES])
{
    size_t low = 0;
    size_t high = ids.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = memcmp(toc_ids_at(ids, middle), id, TOC_ID_BYTES);
        if (order == 0) {
            return true;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return false;
}

bool toc_ids_equal(struct toc_ids a, struct toc_ids b)
{
    return a.count == b.count && (a.count == 0 || memcmp(a.at, b.at, a.count * TOC_ID_BYTES) == 0);
}

size_t toc_ids_sort(uint8_t *at, size_t count)
{
    if (count == 0) {
        return 0;
    }
    toc_rows_sort(at, count, TOC_ID_BYTES);
    size_t kept = 1;
    for (size_t i = 1; i < count; i++) {
        const uint8_t *id = at + i * TOC_ID_BYTES;
        if (memcmp(at + (kept - 1) * TOC_ID_BYTES, id, TOC_ID_BYTES) != 0) {
            memmove(at + kept * TOC_ID_BYTES, id, TOC_ID_BYTES);
            kept++;
        }
    }
    return kept;
}

void toc_ids_hash(uint8_t out[static TOC_HASH_BYTES], struct toc_ids ids)
{
    struct toc_span part = toc_span(ids.at, ids.count * TOC_ID_BYTES);
    toc_hash(out, TOC_CTX_H_MEMBERS, &part, 1);
}

struct toc_ids toc_record_read_ids(struct toc_reader *reader, size_t max)
{
    struct toc_span bytes = toc_read_bin(reader, max * TOC_ID_BYTES);
    struct toc_ids ids = {bytes.at, bytes.len / TOC_ID_BYTES};
    if (toc_failed(reader->err)) {
        return (struct toc_ids){NULL, 0};
    }
    /* */
    if (bytes.len % TOC_ID_BYTES != 0 || ids.count == 0 || !toc_ids_sorted(ids)) {
        toc_reader_fail(reader, TOC_MALFORMED, "list of ids is empty or not ascending");
        return (struct toc_ids){NULL, 0};
    }
    return ids;
}

void toc_record_write_ids(struct toc_writer *writer, uint64_t key, struct toc_ids ids)
{
    toc_write_uint(writer, key);
    toc_write_bin(writer, toc_span(ids.at, ids.count * TOC_ID_BYTES));
}
