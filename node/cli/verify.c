/* SPDX-License-Identifier: EUPL-1.2 */
#include "ask.h"
#include "own.h"
#include "proof_check.h"
#include "verify_alone.h"

#include <string.h>

static const enum toc_field verified_keys[] = {
    TOC_FIELD_LOGS,  TOC_FIELD_ENTRIES,     TOC_FIELD_BLOCKS,     TOC_FIELD_DAMAGED,
    TOC_FIELD_LINES, TOC_FIELD_AUDIT_LINES, TOC_FIELD_SIGNATURES, 0};

static void show_row(const struct toc_message *row)
{
    struct toc_items items;
    struct toc_span text;
    toc_show_line(stdout, "verified", "%llu entries of %llu logs in %llu blocks",
                  (unsigned long long)toc_message_number(row, TOC_FIELD_ENTRIES),
                  (unsigned long long)toc_message_number(row, TOC_FIELD_LOGS),
                  (unsigned long long)toc_message_number(row, TOC_FIELD_BLOCKS));
    toc_show_signatures(toc_message_number(row, TOC_FIELD_SIGNATURES),
                        toc_message_number(row, TOC_FIELD_UNSIGNED_LOGS),
                        toc_message_number(row, TOC_FIELD_DAMAGED) > 0);
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
    enum toc_exit status = runs ? verify_by_node(args) : toc_verify_alone(args, &home);
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
