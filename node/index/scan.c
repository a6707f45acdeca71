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

static void note_memory(struct scan *scan, const struct toc_memory_node *node)
{
    scan->node = node != NULL && toc_memory_table(node) == scan->table ? node : NULL;
}

/* Makes the nearer of the two rows the current one. */
static struct toc_err choose(struct scan *scan, bool rising)
{
    if (!scan->disk_valid && scan->node == NULL) {
        return toc_fail(TOC_ABSENT, "no further row");
    }
    scan->of_memory = !scan->disk_valid;
    if (scan->disk_valid && scan->node != NULL) {
        int order = toc_span_compare(toc_memory_key(scan->node), scan->disk.key);
        scan->of_memory = rising ? order < 0 : order > 0;
    }
    scan->key = scan->of_memory ? toc_memory_key(scan->node) : scan->disk.key;
    scan->value = scan->of_memory ? toc_memory_value(scan->node) : scan->disk.value;
    return toc_ok();
}

struct toc_err toc_scan_seek(struct scan *scan, struct toc_span key)
{
    TOC_TRY(note_disk(scan, toc_db_seek(&scan->disk, key)));
    note_memory(scan, toc_memory_seek(&scan->read->index->hidden, scan->table, key));
    return choose(scan, true);
}

struct toc_err toc_scan_next(struct scan *scan)
{
    if (scan->of_memory) {
        note_memory(scan, scan->node->next[0]);
    } else {
        TOC_TRY(note_disk(scan, toc_db_next(&scan->disk)));
    }
    return choose(scan, true);
}

struct toc_err toc_scan_seek_before(struct scan *scan, struct toc_span key)
{
    const struct toc_memory *hidden = &scan->read->index->hidden;
    TOC_TRY(note_disk(scan, toc_db_seek_before(&scan->disk, key)));
    const struct toc_memory_node *node = toc_memory_seek(hidden, scan->table, key);
    note_memory(scan, node == NULL ? hidden->last : node->prev);
    return choose(scan, false);
}

struct toc_err toc_scan_prev(struct scan *scan)
{
    if (scan->of_memory) {
        note_memory(scan, scan->node->prev);
    } else {
        TOC_TRY(note_disk(scan, toc_db_prev(&scan->disk)));
    }
    return choose(scan, false);
}

struct toc_err toc_scan_get(const struct toc_index_read *read, enum toc_db_table table,
                            struct toc_span key, struct toc_span *value)
{
    const struct toc_memory_node *node = toc_memory_get(&read->index->hidden, table, key);
    if (node != NULL) {
        *value = toc_memory_value(node);
        return toc_ok();
    }
    return toc_db_get(read->db, table, key, value);
}
