/* SPDX-License-Identifier: EUPL-1.2 */
/* Two ends of one link without a network between them. */
#ifndef TOC_TEST_PAIR_H
#define TOC_TEST_PAIR_H

#include <sys/mman.h>

#include "check.h"

#include "peer.h"

struct side {
    struct toc_peer_self self;
    uint8_t link_public[32], link_secret[32];
    struct toc_peer peer;
    struct toc_buffers buffers;
    uint8_t *memory;
    size_t memory_bytes;
};

/* Time passes where a test says so. */
static struct toc_mono pair_now;

/* `dialler` is the initiator. */
struct pair {
    struct side dialler, answerer;
    uint8_t federation[32], f[32];
};

static inline void side_init(struct side *side, const struct pair *pair, uint8_t number)
{
    uint8_t entropy[32] = {number};
    toc_dh_keypair(side->link_public, side->link_secret, entropy);
    side->self = (struct toc_peer_self){.link_public = side->link_public,
                                        .link_secret = side->link_secret,
                                        .federation = pair->federation,
                                        .secrets = {pair->f},
                                        .secret_count = 1};
    side->memory_bytes = toc_buffers_bytes() + toc_peer_bytes() + 4096;
    side->memory = mmap(NULL, side->memory_bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    assert_true(side->memory != MAP_FAILED);
    struct toc_arena arena;
    toc_arena_init(&arena, side->memory, side->memory_bytes);
    toc_buffers_init(&side->buffers, &arena);
    toc_peer_init(&side->peer, &arena, &side->self);
}

static inline void pair_init(struct pair *pair)
{
    memset(pair, 0, sizeof *pair);
    memset(pair->federation, 0xfe, 32);
    memset(pair->f, 0xf0, 32);
    side_init(&pair->dialler, pair, 1);
    side_init(&pair->answerer, pair, 2);
}

/* Both ends give back all that they hold. */
static inline void side_clear(struct side *side)
{
    toc_peer_reset(&side->peer, &side->buffers);
    assert_int_equal(side->buffers.free_count[0], TOC_BUFFER_SMALL_COUNT);
    assert_int_equal(side->buffers.free_count[1], TOC_BUFFER_MIDDLE_COUNT);
    assert_int_equal(side->buffers.free_count[2], TOC_BUFFER_LARGE_COUNT);
    munmap(side->memory, side->memory_bytes);
}

static inline void pair_clear(struct pair *pair)
{
    side_clear(&pair->dialler);
    side_clear(&pair->answerer);
}

static inline void pair_start(struct pair *pair)
{
    uint8_t entropy[2][32] = {{11}, {12}};
    toc_peer_start(&pair->answerer.peer, NULL, entropy[1]);
    toc_peer_start(&pair->dialler.peer, pair->answerer.link_public, entropy[0]);
}

/* As many of the bytes as there is room for; gives how many. */
static inline size_t side_put(struct side *side, struct toc_span bytes)
{
    struct toc_room room = toc_peer_receive_room(&side->peer);
    size_t count = bytes.len < room.len ? bytes.len : room.len;
    if (count != 0) {
        memcpy(room.at, bytes.at, count);
        toc_peer_received(&side->peer, count);
    }
    return count;
}

/* Runs the check that is due, if there is one. */
static inline bool side_check(struct side *side)
{
    if (!toc_peer_check_due(&side->peer)) {
        return false;
    }
    toc_peer_check_run(&side->peer);
    toc_peer_checked(&side->peer);
    return true;
}

/* Everything that `from` has ready, in one piece of memory that lives until the next call. */
static inline struct toc_span side_out(struct side *from)
{
    static uint8_t bytes[1 << 20];
    size_t len = 0;
    toc_peer_pump(&from->peer, &from->buffers);
    for (struct toc_span out; (out = toc_peer_take_out(&from->peer, pair_now)).len != 0;) {
        assert_true(len + out.len <= sizeof bytes);
        memcpy(bytes + len, out.at, out.len);
        len += out.len;
        toc_peer_sent(&from->peer, out.len, pair_now);
        toc_peer_pump(&from->peer, &from->buffers);
    }
    return toc_span(bytes, len);
}

/* One message of the dialler makes the answerer READY. */
static inline void pair_open(struct pair *pair)
{
    pair_start(pair);
    side_put(&pair->answerer, side_out(&pair->dialler));
    assert_true(side_check(&pair->answerer));
    assert_int_equal(pair->answerer.peer.state, TOC_PEER_ANSWERING);
    toc_peer_admit(&pair->answerer.peer);
    side_put(&pair->dialler, side_out(&pair->answerer));
    assert_true(side_check(&pair->dialler));
    assert_int_equal(pair->dialler.peer.state, TOC_PEER_READY);
    assert_int_equal(pair->answerer.peer.state, TOC_PEER_CONFIRM);
    for (size_t class = 0; class < TOC_CLASS_COUNT; class ++) {
        pair->dialler.peer.in[class].granted = pair->answerer.peer.in[class].granted =
            pair->dialler.peer.out[class].granted = pair->answerer.peer.out[class].granted =
                UINT64_MAX / 2;
    }
}

/* One transport message of `from` with any plaintext, into `to`. */
static inline void pair_frames(struct side *from, struct side *to, struct toc_span plain)
{
    static uint8_t message[2 + TOC_NOISE_MESSAGE_BYTES_MAX];
    assert_ok(toc_cipher_seal(&from->peer.tx_cipher, plain, message + 2));
    toc_put_be16(message, (uint16_t)(plain.len + TOC_NOISE_TAG_BYTES));
    size_t len = 2 + plain.len + TOC_NOISE_TAG_BYTES;
    assert_int_equal(side_put(to, toc_span(message, len)), len);
}

/* A frame at `out`; gives its length. */
static inline size_t frame_at(uint8_t *out, uint8_t type, unsigned flags, struct toc_span body)
{
    out[0] = type;
    out[1] = (uint8_t)flags;
    toc_put_le16(out + 2, (uint16_t)body.len);
    if (body.len != 0) {
        memcpy(out + 4, body.at, body.len);
    }
    return 4 + body.len;
}

static inline bool keep_none(uint8_t type)
{
    (void)type;
    return false;
}

static inline bool keep_all(uint8_t type)
{
    (void)type;
    return true;
}

/* The next message, checked before if need be; false when there is none. */
static inline bool side_next(struct side *side, struct toc_message *message, bool *stalled)
{
    *stalled = false;
    do {
        if (toc_peer_next_message(&side->peer, &side->buffers, keep_none, message, stalled)) {
            return true;
        }
    } while (!*stalled && side_check(side));
    return false;
}

/* The link has failed for this reason, and nothing more comes out of it. */
static inline void assert_failed(struct side *side, enum toc_code code)
{
    struct toc_message message;
    bool stalled;
    assert_int_equal(side->peer.state, TOC_PEER_FAILED);
    assert_int_equal(side->peer.err.code, code);
    assert_int_equal(toc_peer_receive_room(&side->peer).len, 0);
    assert_false(toc_peer_check_due(&side->peer));
    assert_false(toc_peer_next_message(&side->peer, &side->buffers, keep_none, &message, &stalled));
    assert_false(toc_peer_send(&side->peer, &side->buffers, TOC_MSG_PING, TOC_CLASS_CONTROL,
                               toc_span("12345678", 8)));
}

#endif
