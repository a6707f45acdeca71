/* SPDX-License-Identifier: EUPL-1.2 */
#include "peer.h"
#include "peer_internal.h"

#include <string.h>

#define LENGTH_BYTES 2u /* u16 big-endian before every Noise message */

size_t toc_peer_bytes(void)
{
    return TOC_RX_BYTES + 2 * TOC_TX_BYTES + 64;
}

void toc_peer_init(struct toc_peer *peer, struct toc_arena *arena, const struct toc_peer_self *self)
{
    peer->self = self;
    /* Reserved without touching it: most links of a node never stand. */
    uint8_t *memory = toc_arena_reserve(arena, 1, toc_peer_bytes());
    TOC_ASSERT(memory != NULL);
    peer->rx = memory;
    peer->tx[0] = memory + TOC_RX_BYTES;
    peer->tx[1] = peer->tx[0] + TOC_TX_BYTES;
}

void toc_peer_reset(struct toc_peer *peer, struct toc_buffers *buffers)
{
    TOC_ASSERT(!peer->check_out);
    for (size_t i = 0; i < TOC_CLASS_COUNT; i++) {
        toc_buffer_drop(buffers, peer->partial[i]);
    }
    toc_peer_clear_queues(peer, buffers);
    toc_noise_clear(&peer->noise);
    struct toc_peer fresh = {.self = peer->self, .rx = peer->rx, .tx = {peer->tx[0], peer->tx[1]}};
    toc_wipe(&peer->tx_cipher, sizeof peer->tx_cipher);
    toc_wipe(&peer->rx_cipher, sizeof peer->rx_cipher);
    *peer = fresh;
}

void toc_peer_fail(struct toc_peer *peer, struct toc_err err)
{
    if (peer->state != TOC_PEER_FAILED) {
        peer->state = TOC_PEER_FAILED;
        peer->err = err;
    }
}

struct toc_room toc_peer_receive_room(struct toc_peer *peer)
{
    if (peer->state == TOC_PEER_IDLE || peer->state == TOC_PEER_FAILED) {
        return (struct toc_room){NULL, 0};
    }
    /* A stranger may make us keep no more than an opening. */
    bool stranger = peer->state == TOC_PEER_OPENING || peer->state == TOC_PEER_ANSWERING;
    size_t limit = stranger ? TOC_OPENING_BYTES : TOC_RX_BYTES;
    return (struct toc_room){peer->rx + peer->rx_len,
                             limit > peer->rx_len ? limit - peer->rx_len : 0};
}

void toc_peer_received(struct toc_peer *peer, size_t count)
{
    TOC_ASSERT(count <= TOC_RX_BYTES - peer->rx_len);
    peer->rx_len += count;
    peer->received_bytes += count;
}

/* Whole messages at the start of rx, as far as they have come. */
static size_t whole_messages(struct toc_peer *peer)
{
    size_t at = 0;
    while (peer->rx_len - at >= LENGTH_BYTES) {
        size_t len = toc_be16(peer->rx + at);
        if (len < TOC_NOISE_TAG_BYTES) {
            toc_peer_fail(peer, toc_fail(TOC_DECRYPT, "a message is shorter than its tag"));
            return 0; /* */
        }
        if (peer->rx_len - at - LENGTH_BYTES < len) {
            break;
        }
        at += LENGTH_BYTES + len;
    }
    return at;
}

bool toc_peer_check_due(struct toc_peer *peer)
{
    if (peer->check_out || peer->rx_opened != 0) {
        return false;
    }
    switch (peer->state) {
    case TOC_PEER_OPENING:
        peer->check_out = toc_peer_opening_due(peer);
        peer->check_opening = true;
        return peer->check_out;
    case TOC_PEER_CONFIRM:
    case TOC_PEER_READY:
        peer->rx_checking = whole_messages(peer);
        peer->check_out = peer->rx_checking != 0;
        peer->check_opening = false;
        return peer->check_out;
    case TOC_PEER_IDLE:
    case TOC_PEER_ANSWERING:
    case TOC_PEER_FAILED:
    default:
        return false;
    }
}

static struct toc_err open_messages(struct toc_peer *peer)
{
    for (size_t at = 0; at < peer->rx_checking;) {
        size_t len = toc_be16(peer->rx + at);
        struct toc_span message = toc_span(peer->rx + at + LENGTH_BYTES, len);
        if (peer->rx_cipher.nonce != 0 && peer->rx_cipher.nonce % TOC_REKEY_MESSAGES == 0) {
            toc_cipher_rekey(&peer->rx_cipher); /* */
        }
        TOC_TRY(toc_cipher_open(&peer->rx_cipher, message, peer->rx + at + LENGTH_BYTES));
        /* a failure has ended it; the nonce stands where it stood. */
        at += LENGTH_BYTES + len;
    }
    return toc_ok();
}

void toc_peer_check_run(struct toc_peer *peer)
{
    /* Not by the state: that one may become FAILED meanwhile. */
    peer->check_err = peer->check_opening ? toc_peer_opening_run(peer) : open_messages(peer);
}

static void consume(struct toc_peer *peer, size_t count)
{
    memmove(peer->rx, peer->rx + count, peer->rx_len - count);
    peer->rx_len -= count;
}

void toc_peer_checked(struct toc_peer *peer)
{
    TOC_ASSERT(peer->check_out);
    peer->check_out = false;
    if (peer->state == TOC_PEER_FAILED) {
        return;
    }
    if (toc_failed(peer->check_err)) {
        toc_peer_fail(peer, peer->check_err);
        return;
    }
    if (peer->state == TOC_PEER_OPENING) {
        consume(peer, peer->rx_checking);
        toc_peer_opening_checked(peer);
        return;
    }
    peer->state = TOC_PEER_READY; /* in CONFIRM the initiator has now proved itself */
    peer->rx_opened = peer->rx_checking;
    peer->rx_at = peer->rx_frame = peer->rx_frame_end = 0;
}

/* The next frame of the opened messages; false at their end or on failure. */
static bool peek_frame(struct toc_peer *peer, struct toc_frame *frame, size_t *after)
{
    while (peer->rx_frame == peer->rx_frame_end) {
        if (peer->rx_at == peer->rx_opened) {
            consume(peer, peer->rx_opened);
            peer->rx_opened = 0;
            return false;
        }
        size_t len = toc_be16(peer->rx + peer->rx_at);
        peer->rx_frame = peer->rx_at + LENGTH_BYTES;
        peer->rx_frame_end = peer->rx_frame + len - TOC_NOISE_TAG_BYTES;
        peer->rx_at += LENGTH_BYTES + len;
    }
    struct toc_span in = toc_span(peer->rx + peer->rx_frame, peer->rx_frame_end - peer->rx_frame);
    struct toc_err err = toc_frame_decode(&in, frame);
    if (toc_failed(err)) {
        toc_peer_fail(peer, err);
        return false;
    }
    *after = (size_t)(in.at - peer->rx);
    return true;
}

/* live and bulk bodies count against the grant of their class. */
static bool charge(struct toc_peer *peer, const struct toc_frame *frame)
{
    if (!toc_class_is_charged(frame->class)) {
        return true;
    }
    struct toc_credit *credit = &peer->in[frame->class];
    credit->used += frame->body.len;
    if (credit->used > credit->granted) {
        toc_peer_fail(peer, toc_fail(TOC_CREDIT, "the peer sent more than it was granted"));
        return false;
    }
    return true;
}

/* May this link keep an unfinished message of `size` bytes? Always one; more while buffers are
 * plenty. So peers that finish nothing leave room for the others. */
static bool may_keep(const struct toc_peer *peer, const struct toc_buffers *buffers,
                     enum toc_class class, size_t size)
{
    for (size_t i = 0; i < TOC_CLASS_COUNT; i++) {
        if (i != class && peer->partial[i] != NULL) {
            return toc_buffers_ample(buffers, size);
        }
    }
    return true;
}

/* Room for a further frame in the unfinished message of its class. */
static bool grow(struct toc_peer *peer, struct toc_buffers *buffers, const struct toc_frame *frame,
                 bool *stalled)
{
    struct toc_buffer *old = peer->partial[frame->class];
    size_t need = (old == NULL ? 0 : old->used) + frame->body.len;
    if (need > TOC_MESSAGE_BYTES_MAX) {
        toc_peer_fail(peer, toc_fail(TOC_LIMIT, "a message exceeds 512 KiB")); /* */
        return false;
    }
    if (old != NULL && need <= old->size) {
        return true;
    }
    /* A message that goes on will need more than this frame: skip the small tier. */
    size_t size = frame->more && need < TOC_BUFFER_MIDDLE_BYTES ? TOC_BUFFER_MIDDLE_BYTES : need;
    bool allowed = !frame->more || may_keep(peer, buffers, frame->class, size);
    struct toc_buffer *buffer = allowed ? toc_buffer_take(buffers, size) : NULL;
    if (buffer == NULL) {
        *stalled = true;
        return false;
    }
    if (old != NULL) {
        memcpy(buffer->at, old->at, old->used);
        buffer->used = old->used;
        toc_buffer_drop(buffers, old);
    }
    peer->partial[frame->class] = buffer;
    return true;
}

static void append(struct toc_buffer *buffer, struct toc_span body)
{
    if (body.len != 0) {
        memcpy(buffer->at + buffer->used, body.at, body.len);
        buffer->used += (uint32_t)body.len;
    }
}

/* What frames of one class may follow each other. */
static bool fits_in(struct toc_peer *peer, const struct toc_frame *frame)
{
    if (frame->more && frame->class == TOC_CLASS_ALERT) {
        toc_peer_fail(peer, toc_fail(TOC_LIMIT, "an alert exceeds one frame")); /* */
        return false;
    }
    if (peer->partial[frame->class] != NULL && peer->partial_type[frame->class] != frame->type) {
        toc_peer_fail(peer, toc_fail(TOC_MALFORMED, "a message breaks into another"));
        return false; /* */
    }
    return true;
}

bool toc_peer_next_message(struct toc_peer *peer, struct toc_buffers *buffers,
                           bool (*keep)(uint8_t type), struct toc_message *message, bool *stalled)
{
    *stalled = false;
    struct toc_frame frame;
    size_t after;
    while (peer->rx_opened != 0 && peer->state == TOC_PEER_READY &&
           peek_frame(peer, &frame, &after) && fits_in(peer, &frame)) {
        struct toc_buffer **partial = &peer->partial[frame.class];
        bool in_place = *partial == NULL && !frame.more && !keep(frame.type);
        if ((!in_place && !grow(peer, buffers, &frame, stalled)) || !charge(peer, &frame)) {
            return false;
        }
        peer->rx_frame = after;
        if (in_place) {
            *message = (struct toc_message){frame.type, frame.class, frame.body, NULL};
            return true;
        }
        peer->partial_type[frame.class] = frame.type;
        append(*partial, frame.body);
        if (!frame.more) {
            struct toc_buffer *whole = *partial;
            *partial = NULL;
            *message =
                (struct toc_message){frame.type, frame.class, toc_buffer_bytes(whole), whole};
            return true;
        }
    }
    return false;
}
