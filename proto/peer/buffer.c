/* SPDX-License-Identifier: EUPL-1.2 */
#include "peer.h"

static const struct {
    uint32_t size, count;
} tiers[TOC_BUFFER_TIERS] = {
    {TOC_BUFFER_SMALL_BYTES, TOC_BUFFER_SMALL_COUNT},
    {TOC_BUFFER_MIDDLE_BYTES, TOC_BUFFER_MIDDLE_COUNT},
    {TOC_BUFFER_LARGE_BYTES, TOC_BUFFER_LARGE_COUNT},
};

size_t toc_buffers_bytes(void)
{
    size_t bytes = 0;
    for (size_t tier = 0; tier < TOC_BUFFER_TIERS; tier++) {
        bytes += tiers[tier].count * (tiers[tier].size + sizeof(struct toc_buffer)) + 64;
    }
    return bytes;
}

void toc_buffers_init(struct toc_buffers *buffers, struct toc_arena *arena)
{
    *buffers = (struct toc_buffers){0};
    for (uint8_t tier = 0; tier < TOC_BUFFER_TIERS; tier++) {
        size_t count = tiers[tier].count;
        struct toc_buffer *rows = toc_arena_alloc(arena, count, sizeof *rows);
        TOC_ASSERT(rows != NULL);
        /* Reserved without touching it: pages are committed by use alone. */
        uint8_t *memory = toc_arena_reserve(arena, count, tiers[tier].size);
        TOC_ASSERT(memory != NULL);
        for (size_t i = count; i-- > 0;) {
            rows[i] = (struct toc_buffer){.at = memory + i * tiers[tier].size,
                                          .size = tiers[tier].size,
                                          .tier = tier,
                                          .next = buffers->free[tier]};
            buffers->free[tier] = &rows[i];
        }
        buffers->free_count[tier] = count;
    }
}

struct toc_buffer *toc_buffer_take(struct toc_buffers *buffers, size_t size)
{
    for (size_t tier = 0; tier < TOC_BUFFER_TIERS; tier++) {
        struct toc_buffer *buffer = buffers->free[tier];
        if (size > tiers[tier].size || buffer == NULL) {
            continue;
        }
        buffers->free[tier] = buffer->next;
        buffers->free_count[tier]--;
        buffer->next = NULL;
        buffer->refs = 1;
        buffer->used = 0;
        return buffer;
    }
    return NULL;
}

bool toc_buffers_ample(const struct toc_buffers *buffers, size_t size)
{
    for (size_t tier = 0; tier < TOC_BUFFER_TIERS; tier++) {
        if (size <= tiers[tier].size) {
            return buffers->free_count[tier] > tiers[tier].count / TOC_BUFFER_SPARE_PART;
        }
    }
    return false;
}

size_t toc_buffers_half(const struct toc_buffers *buffers, size_t size)
{
    size_t count = 0;
    for (size_t tier = 0; tier < TOC_BUFFER_TIERS; tier++) {
        size_t half = tiers[tier].count / 2, free_count = buffers->free_count[tier];
        count += size <= tiers[tier].size && free_count > half ? free_count - half : 0;
    }
    return count;
}

void toc_buffer_hold(struct toc_buffer *buffer)
{
    TOC_ASSERT(buffer->refs > 0 && buffer->refs < UINT16_MAX);
    buffer->refs++;
}

void toc_buffer_drop(struct toc_buffers *buffers, struct toc_buffer *buffer)
{
    if (buffer == NULL) {
        return;
    }
    TOC_ASSERT(buffer->refs > 0);
    if (--buffer->refs == 0) {
        buffer->next = buffers->free[buffer->tier];
        buffers->free[buffer->tier] = buffer;
        buffers->free_count[buffer->tier]++;
    }
}

struct toc_span toc_buffer_bytes(const struct toc_buffer *buffer)
{
    return toc_span(buffer->at, buffer->used);
}
