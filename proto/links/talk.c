/* SPDX-License-Identifier: EUPL-1.2 */
#include "links_internal.h"

#include <string.h>

/* What a link says about itself: HELLO, CREDIT, PING, PONG, BYE; and what leaves it. */

#define SOFTWARE "tocsin/0.1"
#define PING_BYTES 8u
#define CREDIT_BYTES 16u
/* PONGs waiting: a peer that sends PINGs and reads nothing fills no queue. */
#define PONGS_WAITING_MAX 16u

bool toc_link_say(struct toc_links *links, struct toc_link *link, uint8_t type,
                  enum toc_class class, struct toc_span body)
{
    return link->state == TOC_LINK_OPEN &&
           toc_peer_send(&link->peer, &links->buffers, type, class, body);
}

void toc_link_greet(struct toc_links *links, struct toc_turn *turn, struct toc_link *link)
{
    struct toc_hello hello = {.version = TOC_PROTOCOL_VERSION,
                              .roster_number = links->roster_number,
                              .credit_live_bytes = TOC_CREDIT_LIVE_BYTES,
                              .credit_bulk_bytes = TOC_CREDIT_BULK_BYTES,
                              .clock = turn->now_utc,
                              .software = SOFTWARE};
    memcpy(hello.roster_hash, links->roster_hash, TOC_HASH_BYTES);
    uint8_t body[TOC_HELLO_BYTES_MAX];
    size_t len = toc_hello_encode((struct toc_room){body, sizeof body}, &hello);
    TOC_ASSERT(len != 0);
    link->peer.in[TOC_CLASS_LIVE].granted = hello.credit_live_bytes;
    link->peer.in[TOC_CLASS_BULK].granted = hello.credit_bulk_bytes;
    if (!toc_link_say(links, link, TOC_MSG_HELLO, TOC_CLASS_CONTROL, toc_span(body, len))) {
        toc_link_close(links, turn, link, toc_fail(TOC_FULL, "no buffer for a HELLO"));
    }
}

/* Said once, when it becomes so. */
static void compare_clocks(struct toc_links *links, struct toc_turn *turn,
                           const struct toc_link *link)
{
    int64_t offset = toc_links_clock_offset(links);
    bool off = offset > TOC_CLOCK_MS_MAX || offset < -TOC_CLOCK_MS_MAX;
    if (off && !links->clock_off) {
        toc_link_notice(turn, link, TOC_NOTICE_CLOCK,
                        toc_fail(TOC_CLOCK, "the clock is more than 10 minutes off the peers'"));
    }
    links->clock_off = off;
}

static struct toc_err take_hello(struct toc_links *links, struct toc_turn *turn,
                                 struct toc_link *link, struct toc_span body)
{
    TOC_TRY(toc_hello_decode(&link->hello, body));
    link->hello_seen = true;
    link->peer.out[TOC_CLASS_LIVE].granted = link->hello.credit_live_bytes;
    link->peer.out[TOC_CLASS_BULK].granted = link->hello.credit_bulk_bytes;
    link->clock_offset_ms = (int64_t)link->hello.clock.ms - (int64_t)turn->now_utc.ms;
    compare_clocks(links, turn, link);
    return toc_ok();
}

static void raise_grant(struct toc_credit *credit, uint64_t granted)
{
    credit->granted = credit->granted > granted ? credit->granted : granted;
}

/* grants are absolute and only grow. */
static struct toc_err take_credit(struct toc_link *link, struct toc_span body)
{
    if (body.len != CREDIT_BYTES) {
        return toc_fail(TOC_MALFORMED, "a CREDIT is 16 bytes");
    }
    raise_grant(&link->peer.out[TOC_CLASS_LIVE], toc_le64(body.at));
    raise_grant(&link->peer.out[TOC_CLASS_BULK], toc_le64(body.at + 8));
    return toc_ok();
}

/* */
static struct toc_err take_ping(struct toc_links *links, const struct toc_turn *turn,
                                struct toc_link *link, struct toc_span body)
{
    if (body.len != PING_BYTES) {
        return toc_fail(TOC_MALFORMED, "a PING is 8 bytes");
    }
    link->ping_heard = turn->now;
    if (toc_peer_waiting(&link->peer, TOC_CLASS_CONTROL) < PONGS_WAITING_MAX) {
        toc_link_say(links, link, TOC_MSG_PONG, TOC_CLASS_CONTROL, body);
    }
    return toc_ok();
}

static struct toc_err take_pong(struct toc_links *links, const struct toc_turn *turn,
                                struct toc_link *link, struct toc_span body)
{
    if (body.len != PING_BYTES) {
        return toc_fail(TOC_MALFORMED, "a PONG is 8 bytes");
    }
    if (link->ping_out && toc_le64(body.at) == link->pinged.ms) {
        link->ping_out = false;
        link->rtt_ms = turn->now.ms - link->pinged.ms;
        toc_links_measured(links, link, link->rtt_ms);
    }
    return toc_ok();
}

/* who does not need this link is not dialled again soon. */
static struct toc_err take_bye(struct toc_links *links, const struct toc_turn *turn,
                               const struct toc_link *link, struct toc_span body)
{
    uint8_t reason = body.len == 1 ? body.at[0] : 0;
    if (link->dialled && reason == TOC_BYE_NOT_NEEDED) {
        toc_links_row(links, link)->next_ms = turn->now.ms + TOC_UNWANTED_MS;
    }
    switch (reason) {
    case TOC_BYE_STOP:
        return toc_fail(TOC_UNREACHABLE, "it said goodbye: it stops");
    case TOC_BYE_FAULT:
        return toc_fail(TOC_UNREACHABLE, "it said goodbye: to it this node broke a rule");
    case TOC_BYE_NOT_NEEDED:
        return toc_fail(TOC_UNREACHABLE, "it said goodbye: its other links are enough");
    default:
        return toc_fail(TOC_UNREACHABLE, "it said goodbye");
    }
}

/* entries come as alert, live or bulk, what answers a WANT as bulk, all else as control, so
 * that nothing passes by the credit. Unknown types may come in any class. */
static bool class_fits(const struct toc_message *message)
{
    if (message->type == 0 || message->type > TOC_MSG_ROSTER) {
        return true;
    }
    switch (message->type) {
    case TOC_MSG_ENTRY:
        return message->class != TOC_CLASS_CONTROL;
    case TOC_MSG_RANGE:
    case TOC_MSG_CHUNK:
        return message->class == TOC_CLASS_BULK;
    case TOC_MSG_HAVE:
        return message->class == TOC_CLASS_CONTROL || message->class == TOC_CLASS_BULK;
    case TOC_MSG_INVITE:
    case TOC_MSG_BEACON:
        return message->class == TOC_CLASS_CONTROL ||
               message->class == toc_class_of_record(message->body.len); /* */
    case TOC_MSG_FORK:
    case TOC_MSG_ROSTER:
        return true; /* not spoken in this version: skipped by */
    default:
        return message->class == TOC_CLASS_CONTROL;
    }
}

/* */
static struct toc_err check_order(const struct toc_link *link, const struct toc_message *message)
{
    bool hello = message->type == TOC_MSG_HELLO;
    if (link->hello_seen == hello) {
        return toc_fail(TOC_MALFORMED,
                        hello ? "a second HELLO on one link" : "a message before HELLO");
    }
    return class_fits(message) ? toc_ok()
                               : toc_fail(TOC_MALFORMED, "a message in a class not its own");
}

/* Sets *ours when the message has been dealt with. */
static struct toc_err take(struct toc_links *links, struct toc_turn *turn, struct toc_link *link,
                           const struct toc_message *message, bool *ours)
{
    *ours = true;
    TOC_TRY(check_order(link, message));
    switch (message->type) {
    case TOC_MSG_HELLO:
        return take_hello(links, turn, link, message->body);
    case TOC_MSG_CREDIT:
        return take_credit(link, message->body);
    case TOC_MSG_PING:
        return take_ping(links, turn, link, message->body);
    case TOC_MSG_PONG:
        return take_pong(links, turn, link, message->body);
    case TOC_MSG_BYE:
        return take_bye(links, turn, link, message->body);
    default:
        *ours = false;
        return toc_ok();
    }
}

bool toc_link_message(struct toc_links *links, struct toc_turn *turn, struct toc_link *link,
                      const struct toc_message *message)
{
    bool ours;
    struct toc_err err = take(links, turn, link, message, &ours);
    if (err.code == TOC_UNREACHABLE) {
        toc_link_close(links, turn, link, err);
    } else if (toc_failed(err)) {
        toc_link_refuse(links, turn, link, err);
    }
    return ours;
}

void toc_link_taken(struct toc_link *link, enum toc_class class, size_t bytes)
{
    if (toc_class_is_charged(class)) {
        link->taken_bytes[class] += bytes;
        link->grant_due = true;
    }
}

/* What may be granted of a class by now; sets *due when that is enough more to say so. */
static uint64_t may_grant(const struct toc_link *link, enum toc_class class, uint64_t window,
                          bool *due)
{
    uint64_t granted = link->peer.in[class].granted, next = link->taken_bytes[class] + window;
    TOC_ASSERT(link->taken_bytes[class] <= granted);
    *due = *due || next >= granted + window / TOC_CREDIT_STEP_PART;
    return next > granted ? next : granted;
}

/* a grant that finds no buffer now is tried again with the next step. */
static void grant(struct toc_links *links, struct toc_link *link)
{
    if (!link->established || !link->grant_due) {
        return;
    }
    bool due = false;
    uint64_t live = may_grant(link, TOC_CLASS_LIVE, TOC_CREDIT_LIVE_BYTES, &due);
    uint64_t bulk = may_grant(link, TOC_CLASS_BULK, TOC_CREDIT_BULK_BYTES, &due);
    uint8_t body[CREDIT_BYTES];
    toc_put_le64(body, live);
    toc_put_le64(body + 8, bulk);
    link->grant_due = due && !toc_link_say(links, link, TOC_MSG_CREDIT, TOC_CLASS_CONTROL,
                                           toc_span(body, sizeof body));
    if (due && !link->grant_due) {
        link->peer.in[TOC_CLASS_LIVE].granted = live;
        link->peer.in[TOC_CLASS_BULK].granted = bulk;
    }
}

void toc_link_send(struct toc_links *links, struct toc_turn *turn, struct toc_link *link)
{
    toc_peer_pump(&link->peer, &links->buffers);
    struct toc_span out = toc_peer_take_out(&link->peer, turn->now);
    if (out.len != 0) {
        struct toc_action *send = toc_turn_emit(turn, TOC_ACTION_SEND);
        send->link = link->id;
        send->bytes = out;
        send->frame_bytes = toc_peer_frame_bytes(&link->peer); /* */
        link->lent = turn->now;
    }
}

static void flush_link(struct toc_links *links, struct toc_turn *turn, struct toc_link *link)
{
    grant(links, link);
    toc_link_send(links, turn, link);
    if (link->paused && toc_peer_receive_room(&link->peer).len != 0) {
        link->paused = false;
        toc_turn_emit(turn, TOC_ACTION_RESUME)->link = link->id;
    }
}

void toc_links_flush(struct toc_links *links, struct toc_turn *turn)
{
    toc_strangers_promote(links, turn);
    for (uint32_t i = 0; i < links->top; i++) {
        if (links->items[i].state == TOC_LINK_OPEN) {
            flush_link(links, turn, &links->items[i]);
        }
    }
}
