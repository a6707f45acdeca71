/* SPDX-License-Identifier: EUPL-1.2 */
#include "links.h"

#include <string.h>

/* What a link says about itself: HELLO, CREDIT, PING, PONG, BYE; and what leaves it. */

#define SOFTWARE "tocsin/0.1"

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
                              .credit_bytes = TOC_CREDIT_WINDOW_BYTES,
                              .clock = turn->now_utc,
                              .software = SOFTWARE};
    memcpy(hello.roster_hash, links->roster_hash, TOC_HASH_BYTES);
    uint8_t body[TOC_HELLO_BYTES_MAX];
    size_t len = toc_hello_encode((struct toc_room){body, sizeof body}, &hello);
    TOC_ASSERT(len != 0);
    link->granted_bytes = link->peer.in_granted = TOC_CREDIT_WINDOW_BYTES;
    toc_link_say(links, link, TOC_MSG_HELLO, TOC_CLASS_CONTROL, toc_span(body, len));
}

static struct toc_err take_hello(struct toc_turn *turn, struct toc_link *link, struct toc_span body)
{
    if (link->hello_seen) {
        return toc_fail(TOC_MALFORMED, "a second HELLO on one link"); /* */
    }
    TOC_TRY(toc_hello_decode(&link->hello, body));
    link->hello_seen = true;
    link->peer.out_granted = link->hello.credit_bytes;
    link->clock_offset_ms = (int64_t)(link->hello.clock.ms - turn->now_utc.ms);
    return toc_ok();
}

/* Grants are absolute and only grow. */
static struct toc_err take_credit(struct toc_link *link, struct toc_span body)
{
    if (body.len != 8) {
        return toc_fail(TOC_MALFORMED, "a CREDIT is 8 bytes");
    }
    uint64_t granted = toc_le64(body.at);
    if (granted > link->peer.out_granted) {
        link->peer.out_granted = granted;
    }
    return toc_ok();
}

static struct toc_err take_ping(struct toc_links *links, struct toc_link *link,
                                struct toc_span body)
{
    if (body.len != 8) {
        return toc_fail(TOC_MALFORMED, "a PING is 8 bytes");
    }
    /* One answer waiting is enough: a flood of PINGs makes no queue. */
    if (toc_peer_waiting(&link->peer, TOC_CLASS_CONTROL) < TOC_QUEUE_MAX / 2) {
        toc_link_say(links, link, TOC_MSG_PONG, TOC_CLASS_CONTROL, body);
    }
    return toc_ok();
}

static struct toc_err take_pong(struct toc_turn *turn, struct toc_link *link, struct toc_span body)
{
    if (body.len != 8) {
        return toc_fail(TOC_MALFORMED, "a PONG is 8 bytes");
    }
    if (link->ping_out && toc_le64(body.at) == link->pinged.ms) {
        link->ping_out = false;
        link->rtt_ms = turn->now.ms - link->pinged.ms;
    }
    return toc_ok();
}

bool toc_link_message(struct toc_links *links, struct toc_turn *turn, struct toc_link *link,
                      const struct toc_message *message)
{
    struct toc_err err;
    switch (message->type) {
    case TOC_MSG_HELLO:
        err = take_hello(turn, link, message->body);
        break;
    case TOC_MSG_CREDIT:
        err = take_credit(link, message->body);
        break;
    case TOC_MSG_PING:
        err = take_ping(links, link, message->body);
        break;
    case TOC_MSG_PONG:
        err = take_pong(turn, link, message->body);
        break;
    case TOC_MSG_BYE:
        err = toc_fail(TOC_UNREACHABLE, "the peer said goodbye");
        break;
    default:
        return false;
    }
    if (toc_failed(err)) {
        toc_link_close(links, turn, link, err);
    }
    return true;
}

void toc_link_taken(struct toc_links *links, struct toc_link *link, size_t bytes)
{
    link->taken_bytes += bytes;
    if (link->granted_bytes - link->taken_bytes > TOC_CREDIT_WINDOW_BYTES / 2) {
        return;
    }
    uint8_t body[8];
    uint64_t granted = link->taken_bytes + TOC_CREDIT_WINDOW_BYTES;
    toc_put_le64(body, granted);
    if (toc_link_say(links, link, TOC_MSG_CREDIT, TOC_CLASS_CONTROL, toc_span(body, 8))) {
        link->granted_bytes = link->peer.in_granted = granted;
    }
}

static void flush_link(struct toc_links *links, struct toc_turn *turn, struct toc_link *link)
{
    toc_peer_pump(&link->peer, &links->buffers);
    struct toc_span out = toc_peer_take_out(&link->peer);
    if (out.len != 0) {
        struct toc_action *send = toc_turn_emit(turn, TOC_ACTION_SEND);
        send->link = link->id;
        send->bytes = out;
    }
    if (link->paused && toc_peer_receive_room(&link->peer).len != 0) {
        link->paused = false;
        toc_turn_emit(turn, TOC_ACTION_RESUME)->link = link->id;
    }
}

void toc_links_flush(struct toc_links *links, struct toc_turn *turn)
{
    for (uint32_t i = 0; i < links->max; i++) {
        if (links->items[i].state == TOC_LINK_OPEN) {
            flush_link(links, turn, &links->items[i]);
        }
    }
}
