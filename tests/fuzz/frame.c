/* SPDX-License-Identifier: EUPL-1.2 */
/* USES: wire */
/* Frames and varints: what comes off is written back to the same bytes; a refusal moves nothing. */
#include <string.h>

#include "wire.h"

static uint8_t again[TOC_FRAME_HEAD_BYTES + TOC_FRAME_BODY_BYTES_MAX];

static void take_frames(struct toc_span in)
{
    for (;;) {
        struct toc_span before = in;
        struct toc_frame frame;
        struct toc_err err = toc_frame_decode(&in, &frame);
        if (toc_failed(err)) {
            TOC_ASSERT(in.at == before.at && in.len == before.len);
            return;
        }
        size_t len = toc_frame_encode(again, &frame);
        TOC_ASSERT(in.len == before.len - len);
        TOC_ASSERT(memcmp(again, before.at, len) == 0);
    }
}

static void take_varints(struct toc_span in)
{
    for (;;) {
        struct toc_span before = in;
        uint64_t value;
        if (toc_failed(toc_get_varint(&in, &value))) {
            TOC_ASSERT(in.at == before.at && in.len == before.len);
            return;
        }
        size_t len = toc_put_varint(again, value);
        TOC_ASSERT(in.len == before.len - len);
        TOC_ASSERT(memcmp(again, before.at, len) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    take_frames(toc_span(data, size));
    take_varints(toc_span(data, size));
    return 0;
}
