/* SPDX-License-Identifier: EUPL-1.2 */
#include "ask.h"
#include "founding.h"
#include "own.h"
#include "proof_check.h"

#include "store.h"

#include <string.h>

static const enum toc_field verified_keys[] = {TOC_FIELD_LOGS,
                                               TOC_FIELD_ENTRIES,
                                               TOC_FIELD_BLOCKS,
                                               TOC_FIELD_DAMAGED,
                                               TOC_FIELD_LINES,
                                               TOC_FIELD_AUDIT_LINES,
                                               0};

/* beside a running node */

static void show_row(const struct toc_message *row)
{
    struct toc_items items;
    struct toc_span text;
    toc_show_line(stdout, "verified", "%llu entries of %llu logs in %llu blocks",
                  (unsigned long long)toc_message_number(row, TOC_FIELD_ENTRIES),
                  (unsigned long long)toc_message_number(row, TOC_FIELD_LOGS),
                  (unsigned long long)toc_message_number(row, TOC_FIELD_BLOCKS));
    toc_show_line(stdout, "audit log", "%llu lines hold",
                  (unsigned long long)toc_message_number(row, TOC_FIELD_AUDIT_LINES));
    toc_show_line(stdout, "damaged", "%llu",
                  (unsigned long long)toc_message_number(row, TOC_FIELD_DAMAGED));
    (void)toc_message_list(row, TOC_FIELD_LINES, &items);
    while (toc_items_text(&items, &text)) {
        toc_show_pair(stdout, "", text);
    }
}

static enum toc_exit verify_by_node(const struct toc_args *args)
{
    struct toc_ask ask;
    if (!toc_ask_open(&ask, args)) {
        return ask.status;
    }
    toc_ask_begin(&ask, "verify");
    bool sent = toc_ask_send(&ask);
    while (sent && toc_ask_next(&ask)) {
        if (toc_args_has(args, "json")) {
            toc_row_json(stdout, &ask.row, verified_keys);
        } else {
            show_row(&ask.row);
        }
    }
    toc_ask_close(&ask);
    return ask.status;
}

/* without a node */

/* What knows whose key signs a log: the cards of the founding file. */
struct key_source {
    struct toc_directory directory;
    const struct toc_genesis *genesis;
};

/* The store asks for logs of the control kind and of the group of all; others it chains only. */
static bool find_log_key(void *arg, const uint8_t *log, uint8_t *key)
{
    const struct key_source *source = arg;
    const uint8_t *federation = source->genesis->roster.hash;
    uint8_t all[TOC_ID_BYTES];
    struct toc_log_key found;
    toc_group_all_id(all, federation);
    const uint8_t *const groups[] = {federation, all};
    for (size_t i = 0; i < 2; i++) {
        if (!toc_failed(
                toc_directory_by_log(&source->directory, federation, groups[i], log, &found))) {
            memcpy(key, found.key, TOC_KEY_BYTES);
            return true;
        }
    }
    return false;
}

static void print_report(const struct toc_args *args, const struct toc_verify_report *report,
                         uint64_t audit_lines)
{
    char text[TOC_LINE_BYTES], log[TOC_ID_TEXT_BYTES];
    struct toc_jsonl json;
    bool as_json = toc_args_has(args, "json");
    toc_jsonl_init(&json, stdout);
    if (as_json) {
        toc_jsonl_object(&json, NULL);
        toc_jsonl_uint(&json, "logs", report->log_count);
        toc_jsonl_uint(&json, "entries", report->entry_count);
        toc_jsonl_uint(&json, "blocks", report->block_count);
        toc_jsonl_uint(&json, "damaged", report->fault_count);
        toc_jsonl_uint(&json, "audit_lines", audit_lines);
        toc_jsonl_array(&json, "lines");
    } else {
        toc_show_line(stdout, "verified", "%llu entries of %llu logs in %llu blocks",
                      (unsigned long long)report->entry_count,
                      (unsigned long long)report->log_count,
                      (unsigned long long)report->block_count);
        toc_show_line(stdout, "audit log", "%llu lines hold", (unsigned long long)audit_lines);
        toc_show_line(stdout, "damaged", "%llu", (unsigned long long)report->fault_count);
    }
    for (uint64_t i = 0; i < report->fault_count && i < TOC_VERIFY_FAULTS_MAX; i++) {
        const struct toc_verify_fault *fault = &report->faults[i];
        toc_id_text(log, fault->log);
        (void)snprintf(text, sizeof text, "%s: log %.10s, entry %llu", toc_verify_text(fault->kind),
                       log, (unsigned long long)fault->seq);
        if (as_json) {
            toc_jsonl_text(&json, NULL, text);
        } else {
            toc_show_text("", text);
        }
    }
    if (as_json) {
        toc_jsonl_close(&json);
        toc_jsonl_close(&json);
    }
}

static enum toc_exit walk_store(const struct toc_args *args, const struct toc_home *home,
                                struct key_source *source, struct toc_line *line)
{
    char path[TOC_PATH_BYTES + 32];
    struct toc_verify_options options = {.log_key = find_log_key, .arg = source};
    static struct toc_verify_report report;
    uint64_t audit_lines = 0;
    memcpy(options.federation, source->genesis->roster.hash, TOC_ID_BYTES);
    (void)snprintf(path, sizeof path, "%s/%s", home->path, TOC_HOME_STORE);
    struct toc_err err = toc_store_verify(path, &options, &report);
    if (toc_failed(err) && err.code != TOC_CORRUPT) {
        return toc_complain(TOC_EXIT_FAILED, "%s cannot be verified: %s", path,
                            err.why == NULL ? toc_code_text(err.code) : err.why);
    }
    struct toc_err audit = toc_audit_verify(home, &audit_lines, line);
    print_report(args, &report, audit_lines);
    if (toc_failed(err)) {
        return toc_complain(TOC_EXIT_FAILED, "the store is damaged; restore a backup, or empty it "
                                             "and let the peers fill it again");
    }
    if (toc_failed(audit) && audit.code != TOC_ABSENT) {
        (void)toc_complain_err(audit, line);
        return TOC_EXIT_FAILED;
    }
    return TOC_EXIT_DONE;
}

static enum toc_exit verify_alone(const struct toc_args *args, const struct toc_home *home)
{
    struct toc_founding_memory memory;
    struct toc_genesis genesis;
    struct toc_bytes file = {0};
    struct toc_line line = {""};
    char path[TOC_PATH_BYTES + 32];
    (void)snprintf(path, sizeof path, "%s/%s", home->path, TOC_HOME_FEDERATION);
    struct toc_err err = toc_founding_memory_new(&memory, &line);
    if (!toc_failed(err)) {
        err = toc_founding_read(&genesis, &file, path, &memory, &line);
    }
    struct key_source source = {.genesis = &genesis};
    struct toc_arena arena;
    toc_arena_init(&arena, memory.out.at, memory.out.len);
    if (!toc_failed(err)) {
        err = toc_directory_init(&source.directory, &arena, genesis.roster.org_count);
    }
    if (!toc_failed(err)) {
        err = toc_directory_load(&source.directory, &genesis);
    }
    enum toc_exit status =
        toc_failed(err) ? toc_complain_err(err, &line) : walk_store(args, home, &source, &line);
    toc_bytes_free(&file);
    toc_founding_memory_free(&memory);
    return status;
}

static enum toc_exit run(const struct toc_args *args)
{
    if (args->operand_count > 0) {
        return toc_finish_output(toc_proof_verify(args, args->operands[0]));
    }
    struct toc_home home;
    struct toc_line line = {""};
    struct toc_err err = toc_args_home(args, &home, &line);
    if (toc_failed(err) && err.code != TOC_PERMISSION) {
        return toc_complain_err(err, &line);
    }
    /* A member of the service's group may not open the home, but may ask the node. */
    bool runs = toc_failed(err) || toc_own_node_runs(&home);
    enum toc_exit status = runs ? verify_by_node(args) : verify_alone(args, &home);
    if (!toc_failed(err)) {
        toc_home_close(&home);
    }
    return toc_finish_output(status);
}

const struct toc_command toc_command_verify = {
    .name = "verify",
    .operands = "[FILE]",
    .summary = "checks every entry of the store, or a proof file from anywhere",
    .detail = "\nWithout FILE it walks the whole store: hashes, chains, signatures, the audit log. "
              "With the FILE\nthat `show ID --raw -o FILE` wrote it prints author, federation and "
              "the organisation's\nfingerprint to compare; it needs no node and no home then. Exit "
              "5 if anything fails.",
    .json = true,
    .operand_max = 1,
    .run = run,
};
