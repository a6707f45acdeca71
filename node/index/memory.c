/* SPDX-License-Identifier: EUPL-1.2 */
/* A skip list (Pugh 1990): ordered, with short code, and rows never move. */
#include "index_internal.h"

#include <stdlib.h>
#include <string.h>

#include "keys.h"

#define LEVEL_MAX 16u /* four rows in a row of one level: 4^16 rows */

/* The head's levels are all there; its key is never looked at. */
static struct toc_memory_node *new_node(uint32_t level, size_t bytes)
{
    struct toc_memory_node *node =
        calloc(1, sizeof *node + level * sizeof(struct toc_memory_node *) + bytes);
    if (node != NULL) {
        node->level = level;
    }
    return node;
}

struct toc_err toc_memory_init(struct toc_memory *memory)
{
    *memory = (struct toc_memory){.head = new_node(LEVEL_MAX, 0), .noise = 1};
    return memory->head != NULL ? toc_ok() : toc_fail(TOC_FULL, "no memory for the index");
}

/* Table number, key and value. */
static uint8_t *row_of(const struct toc_memory_node *node)
{
    return (uint8_t *)(uintptr_t)&node->next[node->level];
}

enum toc_db_table toc_memory_table(const struct toc_memory_node *node)
{
    return (enum toc_db_table)row_of(node)[0];
}

struct toc_span toc_memory_key(const struct toc_memory_node *node)
{
    return toc_span(row_of(node) + 1, node->key_len);
}

struct toc_span toc_memory_value(const struct toc_memory_node *node)
{
    return toc_span(row_of(node) + 1 + node->key_len, node->value_len);
}

static void free_node(struct toc_memory_node *node)
{
    toc_wipe(row_of(node), 1 + (size_t)node->key_len + node->value_len);
    free(node);
}

void toc_memory_clear(struct toc_memory *memory)
{
    struct toc_memory_node *node = memory->head->next[0];
    while (node != NULL) {
        struct toc_memory_node *next = node->next[0];
        free_node(node);
        node = next;
    }
    memset(memory->head->next, 0, LEVEL_MAX * sizeof memory->head->next[0]);
    memory->last = NULL;
    memory->count = 0;
}

void toc_memory_free(struct toc_memory *memory)
{
    if (memory->head != NULL) {
        toc_memory_clear(memory);
        free(memory->head);
        memory->head = NULL;
    }
}

static int compare(const struct toc_memory_node *node, enum toc_db_table table, struct toc_span key)
{
    int tables = (int)toc_memory_table(node) - (int)table;
    return tables != 0 ? tables : toc_span_compare(toc_memory_key(node), key);
}

/* The last node of each level before `key`. */
static void find(const struct toc_memory *memory, enum toc_db_table table, struct toc_span key,
                 struct toc_memory_node *before[static LEVEL_MAX])
{
    struct toc_memory_node *node = memory->head;
    for (size_t level = LEVEL_MAX; level-- > 0;) {
        while (node->next[level] != NULL && compare(node->next[level], table, key) < 0) {
            node = node->next[level];
        }
        before[level] = node;
    }
}

/* One level more for every fourth row. */
static uint32_t draw_level(struct toc_memory *memory)
{
    uint32_t level = 1;
    memory->noise = memory->noise * 6364136223846793005u + 1442695040888963407u;
    for (uint64_t bits = memory->noise >> 16; (bits & 3u) == 0 && level < LEVEL_MAX; bits >>= 2) {
        level++;
    }
    return level;
}

/* Links a node in, in place of one with the same key. */
static void insert(struct toc_memory *memory, struct toc_memory_node *node)
{
    struct toc_memory_node *before[LEVEL_MAX];
    find(memory, toc_memory_table(node), toc_memory_key(node), before);
    struct toc_memory_node *old = before[0]->next[0];
    if (old != NULL && compare(old, toc_memory_table(node), toc_memory_key(node)) == 0) {
        for (uint32_t level = 0; level < old->level; level++) {
            before[level]->next[level] = old->next[level];
        }
        free_node(old);
        memory->count--;
    }
    for (uint32_t level = 0; level < node->level; level++) {
        node->next[level] = before[level]->next[level];
        before[level]->next[level] = node;
    }
    node->prev = before[0] == memory->head ? NULL : before[0];
    if (node->next[0] != NULL) {
        node->next[0]->prev = node;
    } else {
        memory->last = node;
    }
    memory->count++;
}

struct toc_err toc_memory_put(struct toc_memory *memory, enum toc_db_table table,
                              struct toc_span key, struct toc_span value)
{
    struct toc_memory_node *node = new_node(draw_level(memory), 1 + key.len + value.len);
    if (node == NULL) {
        return toc_fail(TOC_FULL, "no memory for the index");
    }
    node->key_len = (uint32_t)key.len;
    node->value_len = (uint32_t)value.len;
    uint8_t *row = row_of(node);
    row[0] = (uint8_t)table;
    memcpy(row + 1, key.at, key.len);
    if (value.len != 0) {
        memcpy(row + 1 + key.len, value.at, value.len);
    }
    insert(memory, node);
    return toc_ok();
}

void toc_memory_move(struct toc_memory *to, struct toc_memory *from)
{
    struct toc_memory_node *node = from->head->next[0];
    memset(from->head->next, 0, LEVEL_MAX * sizeof from->head->next[0]);
    from->last = NULL;
    from->count = 0;
    while (node != NULL) {
        struct toc_memory_node *next = node->next[0];
        insert(to, node);
        node = next;
    }
}

const struct toc_memory_node *toc_memory_seek(const struct toc_memory *memory,
                                              enum toc_db_table table, struct toc_span key)
{
    struct toc_memory_node *before[LEVEL_MAX];
    find(memory, table, key, before);
    return before[0]->next[0];
}

const struct toc_memory_node *toc_memory_get(const struct toc_memory *memory,
                                             enum toc_db_table table, struct toc_span key)
{
    const struct toc_memory_node *node = toc_memory_seek(memory, table, key);
    return node != NULL && compare(node, table, key) == 0 ? node : NULL;
}
