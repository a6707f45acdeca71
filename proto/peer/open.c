/* SPDX-License-Identifier: EUPL-1.2 */
#include "peer.h"
#include "peer_internal.h"

#include <string.h>

/* Preamble, gate, handshake: from the first byte to the first transport message. */

static const uint8_t preamble[TOC_PREAMBLE_BYTES] = {
    'T', 'O', 'C', 'S', 'I', 'N', TOC_PROTOCOL_VERSION, TOC_SUITE_1};

void toc_gate(uint8_t out[static TOC_GATE_BYTES], const uint8_t f[static TOC_KEY_BYTES],
              const uint8_t responder[static TOC_KEY_BYTES],
              const uint8_t opening[static TOC_PREAMBLE_BYTES], struct toc_span message1)
{
    uint8_t key[TOC_KEY_BYTES], full[TOC_KEY_BYTES];
    struct toc_span target = toc_span(responder, TOC_KEY_BYTES);
    toc_kdf(key, f, TOC_CTX_K_GATE, &target, 1);
    struct toc_span parts[] = {toc_span(opening, TOC_PREAMBLE_BYTES), message1};
    toc_kdf(full, key, TOC_CTX_K_GATE_TAG, parts, 2);
    memcpy(out, full, TOC_GATE_BYTES);
    toc_wipe(key, sizeof key);
    toc_wipe(full, sizeof full);
}

void toc_psk(uint8_t out[static TOC_KEY_BYTES], const uint8_t f[static TOC_KEY_BYTES],
             const uint8_t a[static TOC_KEY_BYTES], const uint8_t b[static TOC_KEY_BYTES])
{
    bool ordered = memcmp(a, b, TOC_KEY_BYTES) < 0;
    struct toc_span parts[] = {toc_span(ordered ? a : b, TOC_KEY_BYTES),
                               toc_span(ordered ? b : a, TOC_KEY_BYTES)};
    toc_kdf(out, f, TOC_CTX_K_PSK, parts, 2);
}

/* */
static void set_psk(struct toc_peer *peer, const uint8_t remote[static TOC_KEY_BYTES])
{
    uint8_t psk[TOC_KEY_BYTES];
    toc_psk(psk, peer->self->secrets[peer->secret], peer->self->link_public, remote);
    toc_noise_set_psk(&peer->noise, psk);
    toc_wipe(psk, sizeof psk);
}

static void write_opening(struct toc_peer *peer)
{
    uint8_t *out = peer->tx[peer->fill];
    uint8_t *message1 = out + TOC_OPENING_BYTES - TOC_NOISE_MSG1_BYTES;
    struct toc_room room = {message1, TOC_NOISE_MSG1_BYTES};
    struct toc_err err = toc_noise_write(&peer->noise, toc_span(NULL, 0), &room);
    if (toc_failed(err)) {
        toc_peer_fail(peer, err);
        return;
    }
    memcpy(out, preamble, TOC_PREAMBLE_BYTES);
    toc_gate(out + TOC_PREAMBLE_BYTES, peer->self->secrets[0], peer->remote, preamble,
             toc_span(message1, TOC_NOISE_MSG1_BYTES));
    toc_put_be16(out + TOC_PREAMBLE_BYTES + TOC_GATE_BYTES, TOC_NOISE_MSG1_BYTES);
    peer->tx_len[peer->fill] = TOC_OPENING_BYTES;
}

void toc_peer_start(struct toc_peer *peer, const uint8_t *remote, const uint8_t *entropy)
{
    TOC_ASSERT(peer->state == TOC_PEER_IDLE);
    peer->role = remote != NULL ? TOC_NOISE_INITIATOR : TOC_NOISE_RESPONDER;
    peer->state = TOC_PEER_OPENING;
    uint8_t prologue[TOC_PROLOGUE_BYTES]; /* without the gate bytes */
    memcpy(prologue, preamble, TOC_PREAMBLE_BYTES);
    memcpy(prologue + TOC_PREAMBLE_BYTES, peer->self->federation, TOC_ID_BYTES);
    struct toc_noise_options options = {
        .role = peer->role,
        .prologue = toc_span(prologue, sizeof prologue),
        .s_public = peer->self->link_public,
        .s_secret = peer->self->link_secret,
        .rs = remote,
        .entropy = entropy,
    };
    toc_noise_init(&peer->noise, &options);
    if (remote != NULL) {
        memcpy(peer->remote, remote, TOC_KEY_BYTES);
        set_psk(peer, remote);
        write_opening(peer);
    }
}

/* message 1 begins with the ephemeral key. */
bool toc_openings_seen(const struct toc_openings *openings, const uint8_t *opening)
{
    const uint8_t *key = opening + TOC_OPENING_BYTES - TOC_NOISE_MSG1_BYTES;
    for (size_t i = 0; i < TOC_OPENINGS_MAX; i++) {
        if (memcmp(openings->keys[i], key, TOC_OPENING_KEY_BYTES) == 0) {
            return true;
        }
    }
    return false;
}

void toc_openings_note(struct toc_openings *openings, const uint8_t *opening)
{
    memcpy(openings->keys[openings->next], opening + TOC_OPENING_BYTES - TOC_NOISE_MSG1_BYTES,
           TOC_OPENING_KEY_BYTES);
    openings->next = (openings->next + 1) % TOC_OPENINGS_MAX;
}

/* refused before any Diffie-Hellman. */
static struct toc_err check_gate(const struct toc_peer_self *self, const uint8_t *opening,
                                 size_t *secret)
{
    struct toc_span message1 =
        toc_span(opening + TOC_OPENING_BYTES - TOC_NOISE_MSG1_BYTES, TOC_NOISE_MSG1_BYTES);
    for (size_t i = 0; i < self->secret_count; i++) {
        uint8_t gate[TOC_GATE_BYTES];
        toc_gate(gate, self->secrets[i], self->link_public, preamble, message1);
        if (toc_secret_equal(gate, opening + TOC_PREAMBLE_BYTES, TOC_GATE_BYTES)) {
            *secret = i;
            return toc_ok();
        }
    }
    return toc_fail(TOC_GATE, "the gate does not open: another federation, or an old secret");
}

static struct toc_err check_length(const uint8_t *at, size_t message_bytes)
{
    return toc_be16(at) == message_bytes
               ? toc_ok()
               : toc_fail(TOC_HANDSHAKE, "a handshake message has the wrong length"); /* */
}

struct toc_err toc_opening_check(const struct toc_peer_self *self, const uint8_t *bytes, size_t len,
                                 size_t *secret)
{
    size_t head = TOC_OPENING_BYTES - TOC_NOISE_MSG1_BYTES;
    if (len >= TOC_PREAMBLE_BYTES && memcmp(bytes, preamble, TOC_PREAMBLE_BYTES) != 0) {
        return toc_fail(TOC_VERSION, "the preamble is not one known here"); /* */
    }
    if (len >= head) {
        TOC_TRY(check_length(bytes + head - 2, TOC_NOISE_MSG1_BYTES));
    }
    return len < TOC_OPENING_BYTES ? toc_ok() : check_gate(self, bytes, secret);
}

/* The responder's message 2, as far as it has come. */
static struct toc_err check_answer(const uint8_t *bytes, size_t len)
{
    return len < 2 ? toc_ok() : check_length(bytes, TOC_NOISE_MSG2_BYTES);
}

bool toc_peer_opening_due(struct toc_peer *peer)
{
    bool responder = peer->role == TOC_NOISE_RESPONDER;
    size_t whole = responder ? TOC_OPENING_BYTES : 2u + TOC_NOISE_MSG2_BYTES;
    struct toc_err err = responder
                             ? toc_opening_check(peer->self, peer->rx, peer->rx_len, &peer->secret)
                             : check_answer(peer->rx, peer->rx_len);
    if (toc_failed(err)) {
        toc_peer_fail(peer, err);
        return false;
    }
    peer->rx_checking = whole;
    return peer->rx_len >= whole;
}

static struct toc_err respond(struct toc_peer *peer, struct toc_span message1)
{
    struct toc_room none = {NULL, 0};
    TOC_TRY(toc_noise_read(&peer->noise, message1, &none)); /* */
    set_psk(peer, peer->noise.rs);
    struct toc_room out = {peer->answer, sizeof peer->answer};
    return toc_noise_write(&peer->noise, toc_span(NULL, 0), &out);
}

struct toc_err toc_peer_opening_run(struct toc_peer *peer)
{
    bool responder = peer->role == TOC_NOISE_RESPONDER;
    size_t len = responder ? TOC_NOISE_MSG1_BYTES : TOC_NOISE_MSG2_BYTES;
    struct toc_span message = toc_span(peer->rx + peer->rx_checking - len, len);
    if (responder) {
        return respond(peer, message);
    }
    struct toc_room none = {NULL, 0};
    return toc_noise_read(&peer->noise, message, &none);
}

static void split(struct toc_peer *peer, enum toc_peer_state next)
{
    struct toc_err err =
        toc_noise_split(&peer->noise, &peer->tx_cipher, &peer->rx_cipher, peer->handshake_hash);
    if (toc_failed(err)) {
        toc_peer_fail(peer, err);
        return;
    }
    peer->state = next;
}

void toc_peer_opening_checked(struct toc_peer *peer)
{
    if (peer->role == TOC_NOISE_RESPONDER) {
        memcpy(peer->remote, peer->noise.rs, TOC_KEY_BYTES); /* not while the check ran */
        peer->state = TOC_PEER_ANSWERING;
    } else {
        split(peer, TOC_PEER_READY);
    }
}

void toc_peer_admit(struct toc_peer *peer)
{
    TOC_ASSERT(peer->state == TOC_PEER_ANSWERING);
    uint8_t *out = peer->tx[peer->fill];
    toc_put_be16(out, TOC_NOISE_MSG2_BYTES);
    memcpy(out + 2, peer->answer, TOC_NOISE_MSG2_BYTES);
    peer->tx_len[peer->fill] = 2 + TOC_NOISE_MSG2_BYTES;
    split(peer, TOC_PEER_CONFIRM); /* nothing is sent before the initiator confirms */
}
