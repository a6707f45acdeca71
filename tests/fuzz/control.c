/* SPDX-License-Identifier: EUPL-1.2 */
/* USES: api */
/* The body of any frame on the control socket: checked, then read in every way; and a proof file.
 */
#include "api.h"

static volatile uint64_t sink;

static void read_field(const struct toc_message *message, const struct toc_field_info *info,
                       int depth);

static void read_all(const struct toc_message *message, int depth)
{
    uint64_t next = 0;
    const struct toc_field_info *info;
    while (toc_message_next(message, &next, &info)) {
        read_field(message, info, depth);
    }
}

/* Every reader on a field of its type: after a check none may fail or leave the bytes. */
static void read_field(const struct toc_message *message, const struct toc_field_info *info,
                       int depth)
{
    struct toc_items items;
    struct toc_message row;
    struct toc_span text;
    sink += toc_message_has(message, info->field);
    switch (info->type) {
    case TOC_FIELD_TYPE_NUMBER:
    case TOC_FIELD_TYPE_TIME:
        sink += toc_message_number(message, info->field);
        return;
    case TOC_FIELD_TYPE_SIGNED:
        sink += (uint64_t)toc_message_signed(message, info->field);
        return;
    case TOC_FIELD_TYPE_FLAG:
        sink += toc_message_flag(message, info->field);
        return;
    case TOC_FIELD_TYPE_TEXT:
    case TOC_FIELD_TYPE_BYTES:
        text = toc_message_text(message, info->field);
        sink += text.len == 0 ? 0 : text.at[text.len - 1];
        return;
    case TOC_FIELD_TYPE_ID:
        TOC_ASSERT(toc_message_id(message, info->field) != NULL);
        sink += toc_message_id(message, info->field)[31];
        return;
    case TOC_FIELD_TYPE_TEXTS:
        for (size_t left = toc_message_list(message, info->field, &items); left > 0; left--) {
            TOC_ASSERT(toc_items_text(&items, &text));
            sink += text.len == 0 ? 0 : text.at[text.len - 1];
        }
        return;
    case TOC_FIELD_TYPE_ROWS:
        TOC_ASSERT(depth == 0);
        for (size_t left = toc_message_list(message, info->field, &items); left > 0; left--) {
            TOC_ASSERT(toc_items_row(&items, &row));
            read_all(&row, depth + 1);
        }
        return;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct toc_message message;
    struct toc_proof proof;
    if (!toc_failed(toc_message_check(&message, toc_span(data, size)))) {
        read_all(&message, 0);
    }
    if (!toc_failed(toc_proof_decode(&proof, toc_span(data, size)))) {
        sink += (uint64_t)proof.plaintext.at[0] + proof.card.at[0] + proof.genesis.at[0];
    }
    return 0;
}
