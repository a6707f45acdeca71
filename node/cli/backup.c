/* SPDX-License-Identifier: EUPL-1.2 */
#include "ask.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const enum toc_field backup_keys[] = {TOC_FIELD_PATH, TOC_FIELD_SIZE, 0};

/* The node runs elsewhere in the tree of folders: it needs the whole path. */
static bool make_absolute(char out[static TOC_PATH_BYTES], const char *path)
{
    char folder[TOC_PATH_BYTES];
    if (path[0] == '/') {
        return (size_t)snprintf(out, TOC_PATH_BYTES, "%s", path) < TOC_PATH_BYTES;
    }
    return getcwd(folder, sizeof folder) != NULL &&
           (size_t)snprintf(out, TOC_PATH_BYTES, "%s/%s", folder, path) < TOC_PATH_BYTES;
}

static enum toc_exit run(const struct toc_args *args)
{
    char path[TOC_PATH_BYTES];
    struct toc_ask ask;
    if (!make_absolute(path, args->operands[0])) {
        return toc_complain_usage(args, "the path is too long");
    }
    if (!toc_ask_open(&ask, args)) {
        return ask.status;
    }
    toc_ask_begin(&ask, "backup");
    toc_build_str(&ask.request, TOC_FIELD_PATH, path);
    bool sent = toc_ask_send(&ask);
    while (sent && toc_ask_next(&ask)) {
        char size[TOC_CELL_BYTES];
        if (toc_args_has(args, "json")) {
            toc_row_json(stdout, &ask.row, backup_keys);
            continue;
        }
        toc_cell_size(size, toc_message_number(&ask.row, TOC_FIELD_SIZE));
        toc_show_pair(stdout, "backup", toc_message_text(&ask.row, TOC_FIELD_PATH));
        toc_show_text("size", size);
    }
    toc_ask_close(&ask);
    return toc_finish_output(ask.status);
}

const struct toc_command toc_command_backup = {
    .name = "backup",
    .operands = "FILE",
    .summary = "writes store, configuration and sealed keys to a new file while the node runs",
    .detail = "\nlog.key is never in a backup: a node that is restored from one gets a new log.",
    .json = true,
    .node = true,
    .operand_min = 1,
    .operand_max = 1,
    .run = run,
};
