/* SPDX-License-Identifier: EUPL-1.2 */
#include "ask.h"
#include "own.h"

#include "backup.h"

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

static void print_result(const struct toc_args *args, struct toc_span path, uint64_t bytes)
{
    char size[TOC_CELL_BYTES];
    struct toc_jsonl json;
    if (toc_args_has(args, "json")) {
        toc_jsonl_init(&json, stdout);
        toc_jsonl_object(&json, NULL);
        toc_jsonl_str(&json, "path", path);
        toc_jsonl_uint(&json, "size", bytes);
        toc_jsonl_close(&json);
        return;
    }
    toc_cell_size(size, bytes);
    toc_show_pair(stdout, "backup", path);
    toc_show_text("size", size);
}

static enum toc_exit by_node(const struct toc_args *args, const char *path)
{
    struct toc_ask ask;
    if (!toc_ask_open(&ask, args)) {
        return ask.status;
    }
    toc_ask_begin(&ask, "backup");
    toc_build_str(&ask.request, TOC_FIELD_PATH, path);
    bool sent = toc_ask_send(&ask);
    while (sent && toc_ask_next(&ask)) {
        if (toc_args_has(args, "json")) {
            toc_row_json(stdout, &ask.row, backup_keys);
        } else {
            print_result(args, toc_message_text(&ask.row, TOC_FIELD_PATH),
                         toc_message_number(&ask.row, TOC_FIELD_SIZE));
        }
    }
    toc_ask_close(&ask);
    return ask.status;
}

/* Lends: home, whose lock is held. */
static enum toc_exit alone(const struct toc_args *args, const struct toc_home *home,
                           const char *path)
{
    char folder[TOC_PATH_BYTES + 32];
    struct toc_line line = {""};
    struct toc_store *store = NULL;
    const struct toc_store_options options = {.read_only = true};
    uint64_t size = 0;
    (void)snprintf(folder, sizeof folder, "%s/%s", home->path, TOC_HOME_STORE);
    struct toc_err err = toc_store_open(&store, folder, &options);
    if (toc_failed(err)) {
        return toc_complain(TOC_EXIT_FAILED, "%s cannot be opened: %s; try `tocsin verify`", folder,
                            err.why == NULL ? toc_code_text(err.code) : err.why);
    }
    err = toc_backup_write(home, store, path, &size, &line);
    toc_store_close(store);
    if (toc_failed(err)) {
        return toc_complain_err(err, &line);
    }
    print_result(args, toc_span(path, strlen(path)), size);
    return TOC_EXIT_DONE;
}

static enum toc_exit run(const struct toc_args *args)
{
    char path[TOC_PATH_BYTES];
    struct toc_home home;
    struct toc_line line = {""};
    if (!make_absolute(path, args->operands[0])) {
        return toc_complain_usage(args, "the path is too long");
    }
    struct toc_err err = toc_args_home(args, &home, &line);
    if (toc_failed(err) && err.code != TOC_PERMISSION) {
        return toc_complain_err(err, &line);
    }
    bool runs = toc_failed(err) || toc_own_node_runs(&home);
    enum toc_exit status = runs ? by_node(args, path) : alone(args, &home, path);
    if (!toc_failed(err)) {
        toc_home_close(&home);
    }
    return toc_finish_output(status);
}

const struct toc_command toc_command_backup = {
    .name = "backup",
    .operands = "FILE",
    .summary = "writes store, configuration and sealed keys to a new file",
    .detail =
        "\nBeside a running node or without one. log.key is never in a backup; making a new log "
        "from one is\nnot in this version.",
    .json = true,
    .operand_min = 1,
    .operand_max = 1,
    .run = run,
};
