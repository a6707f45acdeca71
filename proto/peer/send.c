/* SPDX-License-Identifier: EUPL-1.2 */
#include "peer.h"
#include "peer_internal.h"

#include <string.h>

#define MESSAGE_OVERHEAD_BYTES (2u + TOC_FRAME_HEAD_BYTES + TOC_NOISE_TAG_BYTES)

void toc_peer_clear_queues(struct toc_peer *peer, struct toc_buffers *buffers)
{
    for (size_t class = 0; class < TOC_CLASS_COUNT; class ++) {
        struct toc_queue *queue = &peer->queues[class];
        while (queue->count > 0) {
            toc_buffer_drop(buffers, queue->items[queue->first].buffer);
            queue->first = (queue->first + 1) % TOC_QUEUE_MAX;
            queue->count--;
        }
        queue->bytes = 0;
    }
    peer->queued = 0;
}

bool toc_peer_queue(struct toc_peer *peer, uint8_t type, enum toc_class class,
                    struct toc_buffer *buffer)
{
    struct toc_queue *queue = &peer->queues[class];
    TOC_ASSERT(class != TOC_CLASS_ALERT || buffer->used <= TOC_FRAME_BODY_BYTES_MAX); /* */
    if (peer->state != TOC_PEER_READY || queue->count == TOC_QUEUE_MAX) {
        return false;
    }
    queue->items[(queue->first + queue->count) % TOC_QUEUE_MAX] =
        (struct toc_outgoing){buffer, 0, type};
    queue->count++;
    peer->queued++;
    queue->bytes += buffer->used;
    return true;
}

bool toc_peer_send(struct toc_peer *peer, struct toc_buffers *buffers, uint8_t type,
                   enum toc_class class, struct toc_span body)
{
    struct toc_buffer *buffer = toc_buffer_take(buffers, body.len);
    if (buffer == NULL) {
        return false;
    }
    if (body.len != 0) {
        memcpy(buffer->at, body.at, body.len);
    }
    buffer->used = (uint32_t)body.len;
    if (!toc_peer_queue(peer, type, class, buffer)) {
        toc_buffer_drop(buffers, buffer);
        return false;
    }
    return true;
}

size_t toc_peer_waiting(const struct toc_peer *peer, enum toc_class class)
{
    return peer->queues[class].count;
}

bool toc_peer_has_room(const struct toc_peer *peer, const struct toc_buffers *buffers,
                       enum toc_class class, size_t bytes)
{
    const struct toc_queue *queue = &peer->queues[class];
    if (queue->count == 0) {
        return true;
    }
    /* Grants are the peer's and may be near 2^64: never add to them. */
    uint64_t wanted = peer->out[class].used + queue->bytes + bytes;
    return wanted <= peer->out[class].granted && toc_buffers_ample(buffers, bytes);
}

uint32_t toc_peer_frame_bytes(const struct toc_peer *peer)
{
    return toc_rate_frame_bytes(&peer->rate) + MESSAGE_OVERHEAD_BYTES;
}

/* Bytes that are framed and have not left. */
static size_t bytes_ahead(const struct toc_peer *peer)
{
    size_t lent = peer->lent ? peer->tx_len[1 - peer->fill] - peer->lent_done : 0;
    return peer->tx_len[peer->fill] + lent;
}

/* Body of the next frame of the message at the head of a class's queue.: what goes before
 * everything else has frames as long as they get. */
static size_t next_piece(const struct toc_peer *peer, enum toc_class class)
{
    const struct toc_queue *queue = &peer->queues[class];
    const struct toc_outgoing *out = &queue->items[queue->first];
    size_t left = out->buffer->used - out->done;
    size_t most =
        toc_class_is_charged(class) ? toc_rate_frame_bytes(&peer->rate) : TOC_FRAME_BODY_BYTES_MAX;
    return left < most ? left : most;
}

/* Is the head of a class's queue allowed to send its next frame now? */
static bool may_send(const struct toc_peer *peer, enum toc_class class)
{
    const struct toc_queue *queue = &peer->queues[class];
    if (queue->count == 0) {
        return false;
    }
    if (!toc_class_is_charged(class)) {
        return true;
    }
    /* room for a whole frame, so that short ones of live never keep long ones of bulk out.
     */
    if (bytes_ahead(peer) > (TOC_FRAMES_AHEAD - 1) * toc_peer_frame_bytes(peer)) {
        return false;
    }
    size_t piece = next_piece(peer, class);
    return peer->out[class].used + piece <= peer->out[class].granted; /* */
}

/* control, then alert, strictly; then live, but of ten bytes one is bulk's. */
static int choose(struct toc_peer *peer)
{
    if (may_send(peer, TOC_CLASS_CONTROL)) {
        return TOC_CLASS_CONTROL;
    }
    if (may_send(peer, TOC_CLASS_ALERT)) {
        return TOC_CLASS_ALERT;
    }
    bool live = may_send(peer, TOC_CLASS_LIVE), bulk = may_send(peer, TOC_CLASS_BULK);
    if (!live || !bulk) {
        peer->since_bulk = bulk ? 0 : peer->since_bulk;
        return live ? TOC_CLASS_LIVE : bulk ? TOC_CLASS_BULK : -1;
    }
    uint64_t due =
        (next_piece(peer, TOC_CLASS_BULK) + MESSAGE_OVERHEAD_BYTES) * (TOC_BULK_FLOOR - 1);
    if (peer->since_bulk >= due) {
        peer->since_bulk -= due;
        return TOC_CLASS_BULK;
    }
    peer->since_bulk += next_piece(peer, TOC_CLASS_LIVE) + MESSAGE_OVERHEAD_BYTES;
    return TOC_CLASS_LIVE;
}

/* Frames and seals the next piece of the message at the head of `class`. */
static void send_frame(struct toc_peer *peer, struct toc_buffers *buffers, enum toc_class class)
{
    struct toc_queue *queue = &peer->queues[class];
    struct toc_outgoing *out = &queue->items[queue->first];
    size_t piece = next_piece(peer, class);
    struct toc_frame frame = {.type = out->type,
                              .class = class,
                              .more = out->done + piece < out->buffer->used,
                              .body = toc_span(out->buffer->at + out->done, piece)};
    uint8_t *at = peer->tx[peer->fill] + peer->tx_len[peer->fill];
    size_t plain = toc_frame_encode(at + 2, &frame);
    if (peer->tx_cipher.nonce != 0 && peer->tx_cipher.nonce % TOC_REKEY_MESSAGES == 0) {
        toc_cipher_rekey(&peer->tx_cipher); /* */
    }
    struct toc_err err = toc_cipher_seal(&peer->tx_cipher, toc_span(at + 2, plain), at + 2);
    if (toc_failed(err)) {
        toc_peer_fail(peer, err);
        return;
    }
    toc_put_be16(at, (uint16_t)(plain + TOC_NOISE_TAG_BYTES));
    peer->tx_len[peer->fill] += 2 + plain + TOC_NOISE_TAG_BYTES;
    if (toc_class_is_charged(class)) {
        peer->out[class].used += piece;
    }
    out->done += (uint32_t)piece;
    queue->bytes -= piece;
    if (out->done == out->buffer->used) {
        toc_buffer_drop(buffers, out->buffer);
        queue->first = (queue->first + 1) % TOC_QUEUE_MAX;
        queue->count--;
        peer->queued--;
    }
}

void toc_peer_pump(struct toc_peer *peer, struct toc_buffers *buffers)
{
    while (peer->queued != 0 && peer->state == TOC_PEER_READY &&
           TOC_TX_BYTES - peer->tx_len[peer->fill] >=
               TOC_FRAME_BODY_BYTES_MAX + MESSAGE_OVERHEAD_BYTES) {
        int class = choose(peer);
        if (class < 0) {
            return;
        }
        send_frame(peer, buffers, (enum toc_class) class);
    }
}

struct toc_span toc_peer_take_out(struct toc_peer *peer, struct toc_mono now)
{
    if (peer->lent) {
        return toc_span(NULL, 0);
    }
    if (peer->tx_len[peer->fill] == 0) {
        toc_rate_paused(&peer->rate);
        return toc_span(NULL, 0);
    }
    toc_rate_offered(&peer->rate, now);
    struct toc_span out = toc_span(peer->tx[peer->fill], peer->tx_len[peer->fill]);
    peer->lent = true;
    peer->lent_done = 0;
    peer->fill = 1 - peer->fill;
    peer->tx_len[peer->fill] = 0;
    return out;
}

void toc_peer_sent(struct toc_peer *peer, size_t count, struct toc_mono now)
{
    TOC_ASSERT(peer->lent);
    toc_rate_sent(&peer->rate, count, now);
    peer->lent_done += count;
    peer->sent_bytes += count;
    size_t lent_len = peer->tx_len[1 - peer->fill];
    TOC_ASSERT(peer->lent_done <= lent_len);
    if (peer->lent_done == lent_len) {
        peer->lent = false;
        peer->tx_len[1 - peer->fill] = 0;
    }
}
