/* SPDX-License-Identifier: EUPL-1.2 */
/* USES: bulletin */
/*
 * Bulletins: what decodes encodes again, to the same bytes unless it holds keys of later versions,
 * and the second round changes nothing any more.
 */
#include <stdlib.h>
#include <string.h>

#include "bulletin.h"

#define ARENA_BYTES (1u << 20)

static uint8_t heap[ARENA_BYTES];
static uint8_t heap_again[ARENA_BYTES];

static void round_trip(const struct toc_bulletin *bulletin, struct toc_span in)
{
    size_t bound = toc_bulletin_encode_bytes_max(bulletin);
    uint8_t *first = malloc(bound);
    uint8_t *second = malloc(bound);
    TOC_ASSERT(first != NULL && second != NULL);
    struct toc_span encoded;
    struct toc_span again;
    struct toc_bulletin back;
    struct toc_arena arena;
    TOC_ASSERT(toc_bulletin_encode(bulletin, (struct toc_room){first, bound}, &encoded).code ==
               TOC_OK);
    TOC_ASSERT(encoded.len < in.len || toc_span_equal(encoded, in));
    toc_arena_init(&arena, heap_again, sizeof heap_again);
    TOC_ASSERT(toc_bulletin_decode(&back, encoded, &arena).code == TOC_OK);
    TOC_ASSERT(toc_bulletin_encode(&back, (struct toc_room){second, bound}, &again).code == TOC_OK);
    TOC_ASSERT(toc_span_equal(encoded, again));
    free(first);
    free(second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct toc_span in = toc_span(data, size);
    struct toc_bulletin bulletin;
    struct toc_bulletin_parts parts;
    struct toc_arena arena;
    toc_arena_init(&arena, heap, sizeof heap);
    size_t mark = toc_arena_mark(&arena);
    struct toc_err err = toc_bulletin_decode(&bulletin, in, &arena);
    if (err.code == TOC_OK) {
        TOC_ASSERT(toc_codec_check(in).code == TOC_OK);
        round_trip(&bulletin, in);
    } else {
        TOC_ASSERT(toc_arena_mark(&arena) == mark);
    }
    if (toc_bulletin_split(in, &parts).code == TOC_OK) {
        TOC_ASSERT(parts.canonical.at + parts.canonical.len == data + size);
    }
    enum toc_tlp tlp;
    enum toc_bulletin_kind kind;
    (void)toc_tlp_parse(in, &tlp).code;
    (void)toc_bulletin_kind_parse(in, &kind).code;
    return 0;
}
