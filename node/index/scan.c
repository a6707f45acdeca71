/* SPDX-License-Identifier: EUPL-1.2 */
#include "index_internal.h"

struct toc_err toc_scan_open(struct scan *scan, const struct toc_index_read *read,
                             enum toc_db_table table)
{
    *scan = (struct scan){.read = read, .table = table};
    return toc_db_cursor_open(&scan->disk, read->db, table);
}

void toc_scan_close(struct scan *scan)
{
    toc_db_cursor_close(&scan->disk);
}

/* Takes the outcome of moving the cursor of the disk. */
static struct toc_err note_disk(struct scan *scan, struct toc_err err)
{
    scan->disk_valid = !toc_failed(err);
    return err.code == TOC_ABSENT ? toc_ok() : err;
}

static void note_memory(struct scan *scan, size_t place, const struct toc_memory_node *node)
{
    scan->nodes[place] = node != NULL && toc_memory_table(node) == scan->table ? node : NULL;
}

/* Rows in memory, those that win over others of the same key last. */
static const struct toc_memory *memory_of(const struct toc_index *index, size_t place)
{
    return place == 0 ? &index->hidden : &index->ahead;
}

/* Makes the nearest row the current one; of rows with one key, the one in memory. */
static struct toc_err choose(struct scan *scan, bool rising)
{
    bool found = scan->disk_valid;
    if (found) {
        scan->key = scan->disk.key;
        scan->value = scan->disk.value;
    }
    for (size_t i = 0; i < SCAN_MEMORIES; i++) {
        const struct toc_memory_node *node = scan->nodes[i];
        int order = node != NULL && found ? toc_span_compare(toc_memory_key(node), scan->key) : 0;
        if (node != NULL && (rising ? order <= 0 : order >= 0)) {
            scan->key = toc_memory_key(node);
            scan->value = toc_memory_value(node);
            found = true;
        }
    }
    return found ? toc_ok() : toc_fail(TOC_ABSENT, "no further row");
}

struct toc_err toc_scan_seek(struct scan *scan, struct toc_span key)
{
    TOC_TRY(note_disk(scan, toc_db_seek(&scan->disk, key)));
    for (size_t i = 0; i < SCAN_MEMORIES; i++) {
        const struct toc_memory *memory = memory_of(scan->read->index, i);
        note_memory(scan, i, toc_memory_seek(memory, scan->table, key));
    }
    return choose(scan, true);
}

/* Leaves the current key, wherever it is. */
static struct toc_err leave(struct scan *scan, bool rising)
{
    struct toc_span key = scan->key;
    for (size_t i = 0; i < SCAN_MEMORIES; i++) {
        const struct toc_memory_node *node = scan->nodes[i];
        if (node != NULL && toc_span_equal(toc_memory_key(node), key)) {
            note_memory(scan, i, rising ? node->next[0] : node->prev);
        }
    }
    if (scan->disk_valid && toc_span_equal(scan->disk.key, key)) {
        TOC_TRY(note_disk(scan, rising ? toc_db_next(&scan->disk) : toc_db_prev(&scan->disk)));
    }
    return choose(scan, rising);
}

struct toc_err toc_scan_next(struct scan *scan)
{
    return leave(scan, true);
}

struct toc_err toc_scan_seek_before(struct scan *scan, struct toc_span key)
{
    TOC_TRY(note_disk(scan, toc_db_seek_before(&scan->disk, key)));
    for (size_t i = 0; i < SCAN_MEMORIES; i++) {
        const struct toc_memory *memory = memory_of(scan->read->index, i);
        const struct toc_memory_node *node = toc_memory_seek(memory, scan->table, key);
        note_memory(scan, i, node == NULL ? memory->last : node->prev);
    }
    return choose(scan, false);
}

struct toc_err toc_scan_prev(struct scan *scan)
{
    return leave(scan, false);
}

struct toc_err toc_scan_get(const struct toc_index_read *read, enum toc_db_table table,
                            struct toc_span key, struct toc_span *value)
{
    for (size_t i = SCAN_MEMORIES; i-- > 0;) {
        const struct toc_memory_node *node = toc_memory_get(memory_of(read->index, i), table, key);
        if (node != NULL) {
            *value = toc_memory_value(node);
            return toc_ok();
        }
    }
    return toc_db_get(read->db, table, key, value);
}
