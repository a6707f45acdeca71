/* SPDX-License-Identifier: EUPL-1.2 */
#include "base.h"

#include <string.h>

/* Allocations are aligned for any scalar type of the platform. */
#define ARENA_ALIGN_BYTES 16u

static const struct {
    const char *name;
    const char *text;
    enum toc_actor actor;
} errors[TOC_CODE_COUNT] = {
#define ERROR_ROW(name, text, actor) {#name, text, TOC_ACTOR_##actor},
    TOC_ERRORS(ERROR_ROW)
#undef ERROR_ROW
};

_Static_assert(TOC_CODE_COUNT <= 40, "the error table stays small enough to know by heart");

const char *toc_code_name(enum toc_code code)
{
    TOC_ASSERT(code < TOC_CODE_COUNT);
    return errors[code].name;
}

const char *toc_code_text(enum toc_code code)
{
    TOC_ASSERT(code < TOC_CODE_COUNT);
    return errors[code].text;
}

enum toc_actor toc_code_actor(enum toc_code code)
{
    TOC_ASSERT(code < TOC_CODE_COUNT);
    return errors[code].actor;
}

__attribute__((weak)) _Noreturn void toc_assert_failed(const char *cond, const char *file, int line)
{
    (void)cond;
    (void)file;
    (void)line;
    __builtin_trap();
}

struct toc_span toc_span_str(const char *text)
{
    return toc_span(text, strlen(text));
}

bool toc_span_equal(struct toc_span a, struct toc_span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

int toc_span_compare(struct toc_span a, struct toc_span b)
{
    size_t shared = a.len < b.len ? a.len : b.len;
    int order = shared == 0 ? 0 : memcmp(a.at, b.at, shared);
    if (order != 0) {
        return order;
    }
    return (a.len > b.len) - (a.len < b.len);
}

bool toc_is_zero(const void *at, size_t len)
{
    const uint8_t *bytes = at;
    uint8_t seen = 0;
    for (size_t i = 0; i < len; i++) {
        seen |= bytes[i];
    }
    return seen == 0;
}

uint16_t toc_le16(const uint8_t *at)
{
    return (uint16_t)(at[0] | at[1] << 8);
}

uint32_t toc_le32(const uint8_t *at)
{
    return (uint32_t)toc_le16(at) | (uint32_t)toc_le16(at + 2) << 16;
}

uint64_t toc_le64(const uint8_t *at)
{
    return (uint64_t)toc_le32(at) | (uint64_t)toc_le32(at + 4) << 32;
}

void toc_put_le16(uint8_t *at, uint16_t value)
{
    at[0] = (uint8_t)value;
    at[1] = (uint8_t)(value >> 8);
}

void toc_put_le32(uint8_t *at, uint32_t value)
{
    toc_put_le16(at, (uint16_t)value);
    toc_put_le16(at + 2, (uint16_t)(value >> 16));
}

void toc_put_le64(uint8_t *at, uint64_t value)
{
    toc_put_le32(at, (uint32_t)value);
    toc_put_le32(at + 4, (uint32_t)(value >> 32));
}

uint16_t toc_be16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

uint32_t toc_be32(const uint8_t *at)
{
    return (uint32_t)toc_be16(at) << 16 | toc_be16(at + 2);
}

uint64_t toc_be64(const uint8_t *at)
{
    return (uint64_t)toc_be32(at) << 32 | toc_be32(at + 4);
}

void toc_put_be16(uint8_t *at, uint16_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

void toc_put_be32(uint8_t *at, uint32_t value)
{
    toc_put_be16(at, (uint16_t)(value >> 16));
    toc_put_be16(at + 2, (uint16_t)value);
}

void toc_put_be64(uint8_t *at, uint64_t value)
{
    toc_put_be32(at, (uint32_t)(value >> 32));
    toc_put_be32(at + 4, (uint32_t)value);
}

void toc_arena_init(struct toc_arena *arena, void *memory, size_t size_bytes)
{
    uintptr_t start = (uintptr_t)memory;
    size_t skip = (size_t)(-start & (ARENA_ALIGN_BYTES - 1));
    if (skip > size_bytes) {
        skip = size_bytes;
    }
    *arena = (struct toc_arena){(uint8_t *)memory + skip, size_bytes - skip, 0};
}

void *toc_arena_reserve(struct toc_arena *arena, size_t count, size_t item_bytes)
{
    if (item_bytes != 0 && count > (SIZE_MAX - ARENA_ALIGN_BYTES) / item_bytes) {
        return NULL;
    }
    size_t need = (count * item_bytes + ARENA_ALIGN_BYTES - 1) & ~(size_t)(ARENA_ALIGN_BYTES - 1);
    if (need > arena->size_bytes - arena->used_bytes) {
        return NULL;
    }
    uint8_t *at = arena->base + arena->used_bytes;
    arena->used_bytes += need;
    return at;
}

void *toc_arena_alloc(struct toc_arena *arena, size_t count, size_t item_bytes)
{
    void *at = toc_arena_reserve(arena, count, item_bytes);
    if (at != NULL) {
        memset(at, 0, count * item_bytes);
    }
    return at;
}

struct toc_span toc_arena_copy(struct toc_arena *arena, struct toc_span bytes)
{
    uint8_t *at = toc_arena_alloc(arena, bytes.len, 1);
    if (at == NULL) {
        return (struct toc_span){NULL, 0};
    }
    if (bytes.len != 0) {
        memcpy(at, bytes.at, bytes.len);
    }
    return toc_span(at, bytes.len);
}

size_t toc_arena_mark(const struct toc_arena *arena)
{
    return arena->used_bytes;
}

void toc_arena_release(struct toc_arena *arena, size_t mark)
{
    TOC_ASSERT(mark <= arena->used_bytes);
    arena->used_bytes = mark;
}
