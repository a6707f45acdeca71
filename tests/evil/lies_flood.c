/* SPDX-License-Identifier: EUPL-1.2 */
#include "evil.h"

/* Lies by number: what is allowed once, without end. Each says what it may cost at most. */

#define BOUNDED .outcome = EVIL_BOUNDED

static uint8_t plain[60000];

/* Many small frames in one transport message. */
static size_t fill_frames(uint8_t type, enum toc_class class, struct toc_span body)
{
    size_t len = 0;
    while (len + 4 + body.len <= sizeof plain) {
        plain[len] = type;
        plain[len + 1] = (uint8_t) class;
        toc_put_le16(plain + len + 2, (uint16_t)body.len);
        if (body.len != 0) {
            memcpy(plain + len + 4, body.at, body.len);
        }
        len += 4 + body.len;
    }
    return len;
}

static void flood(struct evil *evil, uint8_t type, enum toc_class class, struct toc_span body,
                  unsigned messages)
{
    size_t len = fill_frames(type, class, body);
    for (unsigned i = 0; i < messages && !evil->closed && !evil->stalled; i++) {
        evil_frames(evil, toc_span(plain, len));
        evil_wait(evil, 5);
    }
    evil_wait(evil, 500);
}

/* 100,000 PINGs in 20 messages: not all are answered. */
static void pings(struct evil *evil)
{
    flood(evil, TOC_MSG_PING, TOC_CLASS_CONTROL, toc_span_str("12345678"), 20);
    evil_most(evil, "PONGs", evil->count[TOC_MSG_PONG], 20 * 5000);
    EVIL_NEED(evil, evil_answers(evil));
}

/* The same by one who reads nothing. */
static void pings_unread(struct evil *evil)
{
    evil->deaf = true;
    flood(evil, TOC_MSG_PING, TOC_CLASS_CONTROL, toc_span_str("12345678"), 20);
    evil->deaf = false;
}

static void empty_frames(struct evil *evil)
{
    flood(evil, 250, TOC_CLASS_CONTROL, toc_span(NULL, 0), 30);
    EVIL_NEED(evil, evil_answers(evil));
}

static void empty_messages(struct evil *evil)
{
    for (int i = 0; i < 20000 && !evil->closed; i++) {
        evil_frames(evil, toc_span(NULL, 0));
        if (i % 100 == 0) {
            evil_wait(evil, 1);
        }
    }
    EVIL_NEED(evil, evil_answers(evil));
}

static void credits(struct evil *evil)
{
    flood(evil, TOC_MSG_CREDIT, TOC_CLASS_CONTROL, toc_span("1234567812345678", 16), 20);
    EVIL_NEED(evil, evil_answers(evil));
}

/* one log is asked for again and again; what comes is bounded by what was read. */
static void wants(struct evil *evil)
{
    uint8_t body[TOC_WANT_BYTES];
    struct toc_want want = {.kind = TOC_WANT_ENTRIES, .from = 1, .to = UINT64_MAX};
    evil_log_of(evil, &evil->victim, NULL, want.log);
    toc_want_encode(body, &want);
    flood(evil, TOC_MSG_WANT, TOC_CLASS_CONTROL, toc_span(body, sizeof body), 10);
    evil_most(evil, "RANGEs for 10,000 WANTs", evil->count[TOC_MSG_RANGE], 10000);
    EVIL_NEED(evil, evil->deaf || evil_answers(evil));
}

/* until the link is given up. */
static void wants_unread(struct evil *evil)
{
    evil->deaf = true;
    wants(evil);
    evil_linger(evil, 80000);
    EVIL_NEED(evil, evil->closed);
}

/* Pieces of ever other entries: SERVES_MAX of them are remembered. */
static void wants_of_pieces(struct evil *evil)
{
    struct toc_want want = {.kind = TOC_WANT_CHUNKS, .to = UINT32_MAX};
    evil_log_of(evil, &evil->victim, NULL, want.log);
    for (uint64_t seq = 1; seq <= 2000 && !evil->closed; seq++) {
        want.seq = seq;
        evil_say_want(evil, &want);
        if (seq % 50 == 0) {
            evil_wait(evil, 2);
        }
    }
    evil_wait(evil, 500);
    EVIL_NEED(evil, evil_answers(evil));
}

/* each may cost rows of all groups. */
static void vtops(struct evil *evil)
{
    struct toc_span theirs = evil->last[TOC_MSG_VTOP];
    uint8_t body[256] = {0};
    EVIL_NEED(evil, theirs.len <= sizeof body);
    memcpy(body, theirs.at, TOC_VTOP_CHECK_BYTES);
    size_t len = theirs.len;
    flood(evil, TOC_MSG_VTOP, TOC_CLASS_CONTROL, toc_span(body, len), 10);
    evil_wait(evil, 3000);
    evil_most(evil, "VROWs for 10,000 VTOPs", evil->count[TOC_MSG_VROW], 10000);
}

static void vtops_of_other_groups(struct evil *evil)
{
    uint8_t body[20] = {1};
    flood(evil, TOC_MSG_VTOP, TOC_CLASS_CONTROL, toc_span(body, sizeof body), 10);
    evil_wait(evil, 3000);
    evil_most(evil, "TAGS for 10,000 VTOPs", evil->count[TOC_MSG_TAGS], 30);
}

static void tags(struct evil *evil)
{
    uint8_t body[16 * TOC_TAG_BYTES] = {0};
    for (uint8_t i = 0; i < 16; i++) {
        body[i * TOC_TAG_BYTES] = (uint8_t)(i + 1);
    }
    flood(evil, TOC_MSG_TAGS, TOC_CLASS_CONTROL, toc_span(body, sizeof body), 10);
    evil_wait(evil, 3000);
    evil_most(evil, "TAGS for 4,500 TAGS", evil->count[TOC_MSG_TAGS], 100);
}

/* Rows that promise, again and again: asks one node once. */
static void rows(struct evil *evil)
{
    uint8_t body[TOC_VROW_HEAD_BYTES + TOC_ROW_BYTES];
    struct toc_row row = {.seq = UINT64_MAX};
    evil_rows_head(body, evil->all, 1);
    evil_log_of(evil, &evil->me, NULL, row.log);
    toc_row_encode(body + TOC_VROW_HEAD_BYTES, &row);
    flood(evil, TOC_MSG_VROW, TOC_CLASS_CONTROL, toc_span(body, sizeof body), 10);
    evil_most(evil, "WANTs for 5,000 promises", evil->count[TOC_MSG_WANT], 20);
}

static void nopays(struct evil *evil)
{
    uint8_t body[TOC_NOPAY_BYTES] = {1};
    flood(evil, TOC_MSG_NOPAY, TOC_CLASS_CONTROL, toc_span(body, sizeof body), 10);
    EVIL_NEED(evil, evil_answers(evil));
}

/* The same entry 3,000 times: it costs credit, which comes back. */
static void duplicates(struct evil *evil)
{
    chain_add(evil->chain, 3000, 1);
    for (int i = 0; i < 3000 && !evil->closed && !evil->stalled; i++) {
        evil_say_range(evil, 1, 1);
        if (i % 20 == 0) {
            evil_wait(evil, 2);
        }
    }
    evil_wait(evil, 500);
    EVIL_NEED(evil, evil_answers(evil));
}

static void entries_of_unknown_logs(struct evil *evil)
{
    chain_add(evil->chain, 200, 1);
    uint8_t *range = (uint8_t *)(uintptr_t)evil_range(evil, 1, 1).at;
    size_t len = evil_range(evil, 1, 1).len;
    for (unsigned i = 0; i < 3000 && !evil->closed && !evil->stalled; i++) {
        toc_put_le32(range + 1, i);
        evil_say(evil, TOC_MSG_ENTRY, TOC_CLASS_LIVE, toc_span(range, len));
        if (i % 20 == 0) {
            evil_wait(evil, 2);
        }
    }
    EVIL_NEED(evil, evil_answers(evil));
}

/* Alerts need no credit: 400 of 15 KB. */
static void alerts(struct evil *evil)
{
    for (int i = 0; i < 400 && !evil->closed && !evil->stalled; i++) {
        evil->chain->utc_ms = evil->net->utc_ms(evil);
        struct chain_entry *entry = chain_add(evil->chain, 15000, 1);
        entry->header.class = TOC_CLASS_ALERT;
        evil->chain->count--;
        evil->chain->head = chain_head(evil->chain, evil->chain->count);
        chain_append(evil->chain, entry);
        uint64_t seq = evil->chain->count;
        evil_say(evil, TOC_MSG_ENTRY, TOC_CLASS_ALERT, evil_range(evil, seq, seq));
        if (i % 10 == 0) {
            evil_wait(evil, 2);
        }
    }
    evil_wait(evil, 2000);
    EVIL_NEED(evil, evil_answers(evil));
}

/* all of a log but its first entry, which nothing can follow. */
static void all_but_the_first(struct evil *evil)
{
    for (int i = 0; i < 400; i++) {
        chain_add(evil->chain, 20000, 1);
    }
    for (uint64_t seq = 2; seq <= 400 && !evil->closed && !evil->stalled; seq++) {
        evil_say_range(evil, seq, seq);
        if (seq % 10 == 0) {
            evil_wait(evil, 3);
        }
    }
    evil_wait(evil, 2000);
    EVIL_NEED(evil, evil_answers(evil));
}

/* more groups than one founder may have: a quarter of the table. */
static void groups(struct evil *evil)
{
    struct evil_group group;
    for (unsigned i = 0; i < evil->lie->arg && !evil->closed; i++) {
        evil_say(evil, TOC_MSG_INVITE, TOC_CLASS_CONTROL,
                 evil_make_invite(evil, &(struct evil_invite){0}, &group));
        evil_wait(evil, 9);
    }
    evil_wait(evil, 3000);
    EVIL_NEED(evil, evil_answers(evil));
}

static void unknown_types(struct evil *evil)
{
    for (int i = 0; i < 600 && !evil->closed && !evil->stalled; i++) {
        evil_frame(evil, 222, TOC_CLASS_CONTROL, evil_fill(evil, 1, TOC_FRAME_BODY_BYTES_MAX));
        if (i % 10 == 0) {
            evil_wait(evil, 2);
        }
    }
    EVIL_NEED(evil, evil_answers(evil));
}

static const struct evil_lie lies[] = {
    {"pings_without_end", pings, EVIL_JOINED, BOUNDED},
    {"pings_that_nobody_reads", pings_unread, EVIL_JOINED, BOUNDED},
    {"empty_frames_without_end", empty_frames, EVIL_JOINED, BOUNDED},
    {"empty_messages_without_end", empty_messages, EVIL_JOINED, BOUNDED},
    {"credits_without_end", credits, EVIL_JOINED, BOUNDED},
    {"wants_without_end", wants, EVIL_JOINED, BOUNDED},
    {"wants_that_nobody_reads", wants_unread, EVIL_JOINED, BOUNDED, .is_slow = true},
    {"wants_of_pieces_without_end", wants_of_pieces, EVIL_JOINED, BOUNDED},
    {"vtops_without_end", vtops, EVIL_JOINED, BOUNDED},
    {"vtops_of_other_groups_without_end", vtops_of_other_groups, EVIL_JOINED, BOUNDED},
    {"tags_without_end", tags, EVIL_JOINED, BOUNDED},
    {"promises_without_end", rows, EVIL_JOINED, BOUNDED},
    {"nopays_without_end", nopays, EVIL_JOINED, BOUNDED},
    {"duplicates_without_end", duplicates, EVIL_GROUPED, BOUNDED},
    {"entries_of_unknown_logs_without_end", entries_of_unknown_logs, EVIL_GROUPED, BOUNDED},
    {"alerts_without_end", alerts, EVIL_GROUPED, BOUNDED},
    {"all_of_a_log_but_its_first", all_but_the_first, EVIL_GROUPED, BOUNDED},
    {"unknown_types_without_end", unknown_types, EVIL_JOINED, BOUNDED},
    {"groups_without_end", groups, EVIL_JOINED, BOUNDED, .arg = 1100},
};

const struct evil_table evil_table_flood = {EVIL_LINES(lies)};
