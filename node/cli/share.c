/* SPDX-License-Identifier: EUPL-1.2 */
#include "ask.h"

static const enum toc_field share_keys[] = {TOC_FIELD_ID, TOC_FIELD_TITLE, TOC_FIELD_TLP,
                                            TOC_FIELD_AUDIENCE_NAMES, 0};

static enum toc_exit run(const struct toc_args *args)
{
    struct toc_ask ask;
    const char *to = toc_args_value(args, "to");
    if (to == NULL) {
        return toc_complain_usage(args, "--to is missing: all, a group, or organisations");
    }
    if (!toc_ask_open(&ask, args)) {
        return ask.status;
    }
    toc_ask_begin(&ask, "share");
    toc_ask_audience(&ask, to);
    toc_build_str(&ask.request, TOC_FIELD_PREFIX, args->operands[0]);
    bool sent = toc_ask_send(&ask);
    while (sent && toc_ask_next(&ask)) {
        if (toc_message_is(&ask.row, TOC_FIELD_ROW, "skipped")) {
            (void)toc_complain(TOC_EXIT_DONE, "%s has it already; nothing was sent", to);
        }
        if (toc_args_has(args, "json")) {
            toc_row_json(stdout, &ask.row, share_keys);
        } else {
            char id[TOC_ID_TEXT_BYTES];
            const uint8_t *bytes = toc_message_id(&ask.row, TOC_FIELD_ID);
            if (bytes != NULL) {
                toc_id_text(id, bytes);
                (void)printf("%s\n", id);
            }
        }
    }
    toc_ask_close(&ask);
    return toc_finish_output(ask.status);
}

static const struct toc_option options[] = {
    {"to", 't', "AUDIENCE", "all, a group, or organisations joined by commas"},
    {0},
};

const struct toc_command toc_command_share = {
    .name = "share",
    .operands = "ID --to AUDIENCE",
    .summary = "sends a bulletin, with the same id and signature, to a further audience",
    .detail = "\nThe author shares as he may publish; others share TLP:GREEN and TLP:CLEAR alone.",
    .options = options,
    .json = true,
    .node = true,
    .operand_min = 1,
    .operand_max = 1,
    .run = run,
};
