/* SPDX-License-Identifier: EUPL-1.2 */
#include "evil.h"

/* The same messages without the lie: they must be taken, or the refusals above prove nothing. */

#define TAKEN .outcome = EVIL_TAKEN
#define HEARD .outcome = EVIL_HEARD

static void says_nothing(struct evil *evil)
{
    evil_wait(evil, 10);
}

static void true_group(struct evil *evil)
{
    evil_found(evil, &(struct evil_invite){0}, &evil->group);
}

static void true_range(struct evil *evil)
{
    for (int i = 0; i < 64; i++) {
        chain_add(evil->chain, 50, 1);
    }
    evil_say_range(evil, 1, 20);
    evil_say_range(evil, 21, 64);
    evil_wait(evil, 300);
    struct toc_row row;
    EVIL_NEED(evil, evil_row_of(evil, evil->group.id, evil->chain->log, &row) && row.seq == 64);
}

static void true_entry(struct evil *evil)
{
    evil_append(evil, TOC_KIND_BULLETIN, evil_fill(evil, 5, 200));
    evil_say(evil, TOC_MSG_ENTRY, (enum toc_class)evil->lie->arg, evil_range(evil, 1, 1));
    evil_wait(evil, 300);
}

/* Frames of other classes between the parts of a message. */
static void true_message_in_parts(struct evil *evil)
{
    for (int i = 0; i < 30; i++) {
        chain_add(evil->chain, 4000, 1);
    }
    struct toc_span range = evil_range(evil, 1, 30);
    for (size_t at = 0; at < range.len; at += 5000) {
        size_t len = range.len - at < 5000 ? range.len - at : 5000;
        uint8_t more = at + len < range.len ? 4 : 0;
        evil_frame(evil, TOC_MSG_RANGE, (uint8_t)(TOC_CLASS_BULK | more),
                   toc_span(range.at + at, len));
        EVIL_NEED(evil, evil_answers(evil));
    }
    evil_wait(evil, 300);
}

static void true_want(struct evil *evil)
{
    struct toc_row row;
    struct toc_want want = {.kind = TOC_WANT_ENTRIES, .from = 1, .to = 1};
    evil_log_of(evil, &evil->victim, NULL, want.log);
    EVIL_NEED(evil, evil_row_of(evil, evil->all, want.log, &row) && row.seq > 0);
    evil_say_want(evil, &want);
    EVIL_NEED(evil, evil_hears(evil, TOC_MSG_RANGE, 1, EVIL_ANSWER_MS));
}

static void true_card(struct evil *evil)
{
    static uint8_t room[TOC_CARD_BYTES_MAX];
    struct toc_card card = evil->me.card;
    struct toc_span envelope;
    EVIL_NEED(evil, !toc_failed(toc_card_sign(&card, &evil->org_keys,
                                              (struct toc_room){room, sizeof room}, &envelope)));
    evil_resume_chain(evil, evil->federation);
    evil_append(evil, TOC_KIND_CARD, envelope);
    evil_say_range(evil, 1, 1);
    evil_wait(evil, 300);
}

static void true_bye(struct evil *evil)
{
    evil_say(evil, TOC_MSG_BYE, TOC_CLASS_CONTROL, toc_span("\x01", 1));
}

static const struct evil_lie lies[] = {
    {"true_handshake", says_nothing, EVIL_GREETED, HEARD},
    {"true_tags", says_nothing, EVIL_JOINED, HEARD},
    {"true_ping", .stage = EVIL_JOINED, HEARD,
     EVIL_SAY(TOC_MSG_PING, TOC_CLASS_CONTROL, "12345678")},
    {"true_group", true_group, EVIL_JOINED, TAKEN},
    {"true_range", true_range, EVIL_GROUPED, TAKEN},
    {"true_message_in_parts", true_message_in_parts, EVIL_GROUPED, TAKEN},
    {"true_entry", true_entry, EVIL_GROUPED, TAKEN, .arg = TOC_CLASS_LIVE},
    {"true_alert", true_entry, EVIL_GROUPED, TAKEN, .arg = TOC_CLASS_ALERT},
    {"true_want", true_want, EVIL_JOINED, HEARD},
    {"true_card", true_card, EVIL_JOINED, TAKEN},
    {"true_bye", true_bye, EVIL_JOINED, .outcome = EVIL_ENDED},
};

const struct evil_table evil_table_truth = {EVIL_LINES(lies)};
