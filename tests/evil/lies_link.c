/* SPDX-License-Identifier: EUPL-1.2 */
#include "evil.h"

/* Lies of sections 11 and 12: openings, handshakes, transport messages, frames, order. */

/* An opening as it should be; each field bends one thing. */
struct opening {
    int at, xor;            /* of the bytes: this one, by that (0: none) */
    int length;             /* said instead of 96 */
    int bytes;              /* sent of it, 0: all */
    bool other_f;           /* gate by another secret */
    bool other_federation;  /* in the prologue */
    bool unknown_key;       /* a static key of nobody */
    const uint8_t *claimed; /* a static key whose secret we do not have */
    bool low_order;         /* an ephemeral key of zeros, under a true gate */
    bool message_bit;       /* a bit of message 1, under a true gate */
};

static size_t make_opening(struct evil *evil, const struct opening *bend,
                           uint8_t out[TOC_OPENING_BYTES])
{
    static const uint8_t preamble[TOC_PREAMBLE_BYTES + 1] = "TOCSIN\x01\x01";
    uint8_t prologue[TOC_PROLOGUE_BYTES], entropy[32], f[TOC_KEY_BYTES];
    struct toc_node_keys other;
    uint8_t noise_bytes[128] = {3};
    toc_node_keys_make(&other, noise_bytes);
    evil->net->entropy(evil, entropy, sizeof entropy);
    memcpy(prologue, preamble, TOC_PREAMBLE_BYTES);
    memcpy(prologue + TOC_PREAMBLE_BYTES, evil->federation, TOC_ID_BYTES);
    prologue[TOC_PREAMBLE_BYTES] ^= bend->other_federation;
    memcpy(f, evil->f, sizeof f);
    f[0] ^= bend->other_f;
    const uint8_t *victim = evil->victim.card.nodes[0].link_key;
    struct toc_noise_options options = {
        .role = TOC_NOISE_INITIATOR,
        .prologue = toc_span(prologue, sizeof prologue),
        .s_public = bend->unknown_key       ? other.link_public
                    : bend->claimed != NULL ? bend->claimed
                                            : evil->keys.link_public,
        .s_secret = bend->unknown_key ? other.link_secret : evil->keys.link_secret,
        .rs = victim,
        .entropy = entropy};
    toc_noise_init(&evil->peer.noise, &options);
    uint8_t *message = out + TOC_OPENING_BYTES - TOC_NOISE_MSG1_BYTES;
    struct toc_room room = {message, TOC_NOISE_MSG1_BYTES};
    EVIL_NEED(evil, !toc_failed(toc_noise_write(&evil->peer.noise, toc_span(NULL, 0), &room)));
    if (bend->low_order) {
        memset(message, 0, 32);
        message[0] = (uint8_t)bend->low_order;
    }
    message[70] ^= bend->message_bit;
    memcpy(out, preamble, TOC_PREAMBLE_BYTES);
    toc_gate(out + TOC_PREAMBLE_BYTES, f, victim, preamble,
             toc_span(message, TOC_NOISE_MSG1_BYTES));
    size_t length = bend->length == 0 ? TOC_NOISE_MSG1_BYTES : (size_t)bend->length;
    toc_put_be16(out + TOC_PREAMBLE_BYTES + TOC_GATE_BYTES, (uint16_t)length);
    out[bend->at] ^= (uint8_t)bend->xor ;
    return bend->bytes != 0 ? (size_t)bend->bytes : TOC_OPENING_BYTES;
}

static void open_with(struct evil *evil, struct opening bend)
{
    uint8_t out[TOC_OPENING_BYTES];
    size_t len = make_opening(evil, &bend, out);
    evil_put(evil, toc_span(out, len));
}

/* Byte arg / 256 of the opening is another one, by arg % 256. */
static void opening_byte(struct evil *evil)
{
    open_with(evil, (struct opening){.at = (int)(evil->lie->arg / 256),
                                     .xor = (int)(evil->lie->arg % 256)});
}

static void opening_length(struct evil *evil)
{
    open_with(evil, (struct opening){.length = (int)evil->lie->arg});
}

static void opening_of_another_secret(struct evil *evil)
{
    open_with(evil, (struct opening){.other_f = true});
}

static void opening_of_another_federation(struct evil *evil)
{
    open_with(evil, (struct opening){.other_federation = true});
}

static void opening_of_nobody(struct evil *evil)
{
    open_with(evil, (struct opening){.unknown_key = true});
}

static void opening_claims_the_witness(struct evil *evil)
{
    open_with(evil, (struct opening){.claimed = evil->witness.card.nodes[0].link_key});
}

static void opening_claims_the_victim(struct evil *evil)
{
    open_with(evil, (struct opening){.claimed = evil->victim.card.nodes[0].link_key});
}

static void opening_of_low_order(struct evil *evil)
{
    open_with(evil, (struct opening){.low_order = true});
}

static void opening_altered_under_its_gate(struct evil *evil)
{
    open_with(evil, (struct opening){.message_bit = true});
}

/* the same first message over a second connection. */
static void opening_replayed(struct evil *evil)
{
    uint8_t out[TOC_OPENING_BYTES];
    size_t len = make_opening(evil, &(struct opening){0}, out);
    evil_put(evil, toc_span(out, len));
    evil_wait(evil, 50);
    EVIL_NEED(evil, !evil->closed); /* message 2 has come, and is thrown away */
    evil_reach(evil, EVIL_TCP);
    evil_mark(evil);
    evil_put(evil, toc_span(out, len));
}

static void opening_by_half(struct evil *evil)
{
    open_with(evil, (struct opening){.bytes = (int)evil->lie->arg});
    evil_wait(evil, 8000);
}

static void opening_then_silence(struct evil *evil)
{
    evil_wait(evil, 8000);
}

/* a stranger that sends on and on before an answer. */
static void opening_and_a_megabyte(struct evil *evil)
{
    open_with(evil, (struct opening){.unknown_key = true});
    for (int i = 0; i < 16; i++) {
        evil_put(evil, evil_fill(evil, 0xa5, 65536));
    }
}

/* Transport. */

static void garbage(struct evil *evil)
{
    uint8_t message[2 + 64];
    evil->net->entropy(evil, message, sizeof message);
    toc_put_be16(message, 64);
    evil_put(evil, toc_span(message, sizeof message));
}

static void shorter_than_its_tag(struct evil *evil)
{
    uint8_t message[2 + 15] = {0};
    toc_put_be16(message, (uint16_t)evil->lie->arg);
    evil_put(evil, toc_span(message, 2 + (size_t)evil->lie->arg));
}

static void seal_ping(struct evil *evil, struct toc_cipher *cipher, uint8_t out[2 + 12 + 16])
{
    static const uint8_t plain[12] = {TOC_MSG_PING, 0, 8};
    EVIL_NEED(evil, !toc_failed(toc_cipher_seal(cipher, toc_span(plain, 12), out + 2)));
    toc_put_be16(out, 28);
}

static void replayed(struct evil *evil)
{
    uint8_t message[30];
    seal_ping(evil, &evil->peer.tx_cipher, message);
    evil_put(evil, toc_span(message, sizeof message));
    evil_wait(evil, 20);
    evil_put(evil, toc_span(message, sizeof message));
}

static void out_of_order(struct evil *evil)
{
    uint8_t first[30], second[30];
    seal_ping(evil, &evil->peer.tx_cipher, first);
    seal_ping(evil, &evil->peer.tx_cipher, second);
    evil_put(evil, toc_span(second, sizeof second));
    evil_put(evil, toc_span(first, sizeof first));
}

static void rekeyed_too_early(struct evil *evil)
{
    uint8_t message[30];
    toc_cipher_rekey(&evil->peer.tx_cipher);
    seal_ping(evil, &evil->peer.tx_cipher, message);
    evil_put(evil, toc_span(message, sizeof message));
}

/* What the victim said comes back to it. */
static void reflected(struct evil *evil)
{
    uint8_t message[30];
    struct toc_cipher theirs = evil->peer.rx_cipher;
    seal_ping(evil, &theirs, message);
    evil_put(evil, toc_span(message, sizeof message));
}

/* half a message, and the connection ends. */
static void cut_off(struct evil *evil)
{
    uint8_t message[30];
    seal_ping(evil, &evil->peer.tx_cipher, message);
    evil_put(evil, toc_span(message, 20));
    evil_wait(evil, 20);
    evil_reach(evil, EVIL_JOINED);
}

static void half_then_silence(struct evil *evil)
{
    uint8_t message[30];
    seal_ping(evil, &evil->peer.tx_cipher, message);
    evil_put(evil, toc_span(message, 20));
    evil_wait(evil, 80000);
}

/* a byte a second of one long message keeps no link alive. */
static void a_byte_a_second(struct evil *evil)
{
    uint8_t byte = 0xff;
    for (int i = 0; i < 80 && !evil->closed; i++) {
        evil_put(evil, toc_span(&byte, 1));
        evil_wait(evil, 1000);
    }
}

/* */
static void reads_nothing(struct evil *evil)
{
    evil->deaf = true;
    for (int i = 0; i < 90 && !evil->closed; i++) {
        evil_frame(evil, TOC_MSG_PING, 0, toc_span("12345678", 8));
        evil_wait(evil, 1000);
    }
}

/* Frames. Bytes of plaintext as they are. */

static void tell_frames(struct evil *evil)
{
    evil_frames(evil, toc_span(evil->lie->body, evil->lie->body_bytes));
}
#define FRAMES(text) .tell = tell_frames, .body = (text), .body_bytes = sizeof(text) - 1

static void frame_above_its_bound(struct evil *evil)
{
    evil_frame(evil, 200, TOC_CLASS_BULK, evil_fill(evil, 0, TOC_FRAME_BODY_BYTES_MAX + 1));
}

/* one byte above, in frames that go on. */
static void message_above_its_bound(struct evil *evil)
{
    uint8_t flags = (uint8_t)(evil->lie->class | 4);
    for (size_t said = 0; said <= TOC_MESSAGE_BYTES_MAX && !evil->closed;
         said += TOC_FRAME_BODY_BYTES_MAX) {
        evil_frame(evil, TOC_MSG_INVITE, flags, evil_fill(evil, 0, TOC_FRAME_BODY_BYTES_MAX));
        evil_wait(evil, 3);
    }
}

/* another type before the message has ended. */
static void breaks_into_itself(struct evil *evil)
{
    evil_frame(evil, TOC_MSG_INVITE, TOC_CLASS_CONTROL | 4, toc_span("\x92", 1));
    evil_frame(evil, TOC_MSG_PING, TOC_CLASS_CONTROL, toc_span("12345678", 8));
}

/* "more" on the classes that know it, never ended: allows one of each. */
static void never_ends(struct evil *evil)
{
    evil_frame(evil, TOC_MSG_ENTRY, TOC_CLASS_LIVE | 4, evil_fill(evil, 0, 16000));
    evil_frame(evil, TOC_MSG_RANGE, TOC_CLASS_BULK | 4, evil_fill(evil, 0, 16000));
    evil_wait(evil, 1000);
}

static void never_ends_in_control(struct evil *evil)
{
    never_ends(evil);
    evil_frame(evil, TOC_MSG_INVITE, TOC_CLASS_CONTROL | 4, evil_fill(evil, 0, 16000));
    evil_wait(evil, 1000);
    EVIL_NEED(evil, !evil->closed);
}

/* And the same with frames that hold nothing. */
static void never_ends_and_says_nothing(struct evil *evil)
{
    static uint8_t plain[4 * 16000];
    for (size_t at = 0; at < sizeof plain; at += 4) {
        memcpy(plain + at, (const uint8_t[]){TOC_MSG_INVITE, 4, 0, 0}, 4);
    }
    for (int i = 0; i < 20 && !evil->closed; i++) {
        evil_frames(evil, toc_span(plain, sizeof plain));
        evil_wait(evil, 2);
    }
}

static void alert_that_goes_on(struct evil *evil)
{
    evil_frame(evil, TOC_MSG_ENTRY, TOC_CLASS_ALERT | 4, evil_fill(evil, 0, 1000));
}

/* the first byte of live above what was granted. True entries, which are granted again when
 * they are stored: they come faster than that. */
static void credit_overrun(struct evil *evil)
{
    for (int i = 0; i < 60; i++) {
        chain_add(evil->chain, 60000, 1);
        evil_say(evil, TOC_MSG_ENTRY, TOC_CLASS_LIVE,
                 evil_range(evil, evil->chain->count, evil->chain->count));
    }
    evil_wait(evil, 100);
    EVIL_NEED(evil, evil->closed && evil->why.code == TOC_CREDIT);
}

/* The same of bulk: buffers come to an end before the credit does, and reading waits. */
static void bulk_without_pause(struct evil *evil)
{
    for (int i = 0; i < 400; i++) {
        chain_add(evil->chain, 60000, 1);
        evil_say(evil, TOC_MSG_RANGE, TOC_CLASS_BULK,
                 evil_range(evil, evil->chain->count, evil->chain->count));
    }
    evil_wait(evil, 3000);
    EVIL_NEED(evil, evil->closed ? evil->why.code == TOC_CREDIT : evil_answers(evil));
}

/* Order. */

static void before_hello(struct evil *evil)
{
    evil_frame(evil, (uint8_t)evil->lie->arg, TOC_CLASS_CONTROL, toc_span("12345678", 8));
}

static void second_hello(struct evil *evil)
{
    struct toc_hello hello = evil_hello(evil);
    evil_say_hello(evil, &hello);
}

static void hello_never(struct evil *evil)
{
    for (int i = 0; i < 8 && !evil->closed; i++) {
        evil_frames(evil, toc_span(NULL, 0));
        evil_wait(evil, 1000);
    }
}

/* 60 connections, each with a true opening: those that are links drive out each other. */
static void opens_again_and_again(struct evil *evil)
{
    for (int i = 0; i < 60; i++) {
        evil_reach(evil, EVIL_GREETED);
    }
}

/* 100 openings at once from one place. */
static void openings_by_the_hundred(struct evil *evil)
{
    for (int i = 0; i < 100; i++) {
        open_with(evil, (struct opening){.unknown_key = true});
        evil_wait(evil, 1);
        evil_reach(evil, EVIL_TCP);
    }
}

#define REFUSED(code_) .outcome = EVIL_REFUSED, .code = (code_)
#define AT(offset, xor_) .arg = (offset)*256u + (xor_)

static const struct evil_lie lies[] = {
    {"magic_of_another_protocol", opening_byte, EVIL_TCP, REFUSED(TOC_VERSION), AT(0, 1)},
    {"preamble_of_version_0", opening_byte, EVIL_TCP, REFUSED(TOC_VERSION), AT(6, 1)},
    {"preamble_of_version_2", opening_byte, EVIL_TCP, REFUSED(TOC_VERSION), AT(6, 3)},
    {"preamble_of_version_255", opening_byte, EVIL_TCP, REFUSED(TOC_VERSION), AT(6, 0xfe)},
    {"suite_0", opening_byte, EVIL_TCP, REFUSED(TOC_VERSION), AT(7, 1)},
    {"suite_2", opening_byte, EVIL_TCP, REFUSED(TOC_VERSION), AT(7, 3)},
    {"gate_with_a_wrong_bit", opening_byte, EVIL_TCP, REFUSED(TOC_GATE), AT(9, 0x10)},
    {"gate_of_another_secret", opening_of_another_secret, EVIL_TCP, REFUSED(TOC_GATE)},
    {"message_1_altered_behind_its_gate", opening_byte, EVIL_TCP, REFUSED(TOC_GATE), AT(100, 1)},
    {"message_1_of_95_bytes", opening_length, EVIL_TCP, REFUSED(TOC_HANDSHAKE), 95},
    {"message_1_of_97_bytes", opening_length, EVIL_TCP, REFUSED(TOC_HANDSHAKE), 97},
    {"message_1_of_65535_bytes", opening_length, EVIL_TCP, REFUSED(TOC_HANDSHAKE), 65535},
    {"message_1_altered_under_its_gate", opening_altered_under_its_gate, EVIL_TCP,
     REFUSED(TOC_HANDSHAKE)},
    {"ephemeral_key_of_low_order", opening_of_low_order, EVIL_TCP, REFUSED(TOC_HANDSHAKE)},
    {"handshake_of_another_federation", opening_of_another_federation, EVIL_TCP,
     REFUSED(TOC_HANDSHAKE)},
    {"handshake_message_1_replayed", opening_replayed, EVIL_TCP, REFUSED(TOC_HANDSHAKE)},
    {"link_key_of_nobody", opening_of_nobody, EVIL_TCP, REFUSED(TOC_STRANGER)},
    {"link_key_of_another_member", opening_claims_the_witness, EVIL_TCP, REFUSED(TOC_HANDSHAKE)},
    {"link_key_of_the_victim", opening_claims_the_victim, EVIL_TCP, REFUSED(TOC_HANDSHAKE)},
    {"a_megabyte_behind_the_opening", opening_and_a_megabyte, EVIL_TCP, REFUSED(TOC_STRANGER)},
    {"connects_and_is_silent", opening_then_silence, EVIL_TCP, .outcome = EVIL_ENDED},
    {"half_a_preamble", opening_by_half, EVIL_TCP, .outcome = EVIL_ENDED, .arg = 5},
    {"half_an_opening", opening_by_half, EVIL_TCP, .outcome = EVIL_ENDED, .arg = 121},
    {"handshake_and_silence", opening_then_silence, EVIL_SHAKEN, .outcome = EVIL_ENDED},
    {"openings_by_the_hundred", openings_by_the_hundred, EVIL_TCP, .outcome = EVIL_BOUNDED},
    {"opens_again_and_again", opens_again_and_again, EVIL_TCP, .outcome = EVIL_BOUNDED},
    {"garbage_as_first_message", garbage, EVIL_SHAKEN, REFUSED(TOC_DECRYPT)},
    {"garbage_on_a_link", garbage, EVIL_JOINED, REFUSED(TOC_DECRYPT)},
    {"message_without_a_tag", shorter_than_its_tag, EVIL_JOINED, REFUSED(TOC_DECRYPT), 0},
    {"message_with_half_a_tag", shorter_than_its_tag, EVIL_JOINED, REFUSED(TOC_DECRYPT), 15},
    {"transport_message_replayed", replayed, EVIL_JOINED, REFUSED(TOC_DECRYPT)},
    {"transport_messages_swapped", out_of_order, EVIL_JOINED, REFUSED(TOC_DECRYPT)},
    {"key_changed_too_early", rekeyed_too_early, EVIL_JOINED, REFUSED(TOC_DECRYPT)},
    {"message_under_the_victims_own_key", reflected, EVIL_JOINED, REFUSED(TOC_DECRYPT)},
    {"truncated_close", cut_off, EVIL_JOINED, .outcome = EVIL_IGNORED},
    {"half_a_message_and_silence", half_then_silence, EVIL_JOINED, .outcome = EVIL_ENDED,
     .is_slow = true},
    {"a_byte_a_second", a_byte_a_second, EVIL_JOINED, .outcome = EVIL_ENDED, .is_slow = true},
    {"reads_nothing", reads_nothing, EVIL_JOINED, .outcome = EVIL_ENDED, .is_slow = true},
    {"frame_with_unknown_flags", .stage = EVIL_GREETED, REFUSED(TOC_MALFORMED),
     FRAMES("\x05\x08\x08\x00"
            "12345678")},
    {"frame_with_all_flags", .stage = EVIL_GREETED, REFUSED(TOC_MALFORMED),
     FRAMES("\x05\xff\x08\x00"
            "12345678")},
    {"half_a_frame_head", .stage = EVIL_GREETED, REFUSED(TOC_TRUNCATED), FRAMES("\x05\x00\x08")},
    {"frame_longer_than_its_message", .stage = EVIL_GREETED, REFUSED(TOC_TRUNCATED),
     FRAMES("\x05\x00\x08\x00"
            "1234567")},
    {"bytes_behind_the_last_frame", .stage = EVIL_GREETED, REFUSED(TOC_TRUNCATED),
     FRAMES("\x05\x00\x08\x00"
            "12345678\x05")},
    {"frame_of_64_kib_said", .stage = EVIL_GREETED, REFUSED(TOC_LIMIT), FRAMES("\xc8\x03\xff\xff")},
    {"frame_above_its_bound", frame_above_its_bound, EVIL_GREETED, REFUSED(TOC_LIMIT)},
    {"control_message_above_its_bound", message_above_its_bound, EVIL_GREETED, REFUSED(TOC_LIMIT),
     .class = TOC_CLASS_CONTROL},
    {"bulk_message_above_its_bound", message_above_its_bound, EVIL_GREETED, REFUSED(TOC_LIMIT),
     .class = TOC_CLASS_BULK},
    {"live_message_above_its_bound", message_above_its_bound, EVIL_GREETED, REFUSED(TOC_LIMIT),
     .class = TOC_CLASS_LIVE},
    {"message_breaks_into_another", breaks_into_itself, EVIL_GREETED, REFUSED(TOC_MALFORMED)},
    {"more_without_end_in_live_and_bulk", never_ends, EVIL_JOINED, .outcome = EVIL_IGNORED},
    {"more_without_end_in_all_classes", never_ends_in_control, EVIL_JOINED,
     .outcome = EVIL_BOUNDED},
    {"more_without_end_or_content", never_ends_and_says_nothing, EVIL_JOINED,
     .outcome = EVIL_BOUNDED},
    {"alert_that_goes_on", alert_that_goes_on, EVIL_JOINED, REFUSED(TOC_LIMIT)},
    {"more_live_than_granted", credit_overrun, EVIL_GROUPED, .outcome = EVIL_BOUNDED,
     .is_slow = true},
    {"bulk_without_pause", bulk_without_pause, EVIL_GROUPED, .outcome = EVIL_BOUNDED,
     .is_slow = true},
    {"ping_before_hello", before_hello, EVIL_SHAKEN, REFUSED(TOC_MALFORMED), TOC_MSG_PING},
    {"want_before_hello", before_hello, EVIL_SHAKEN, REFUSED(TOC_MALFORMED), TOC_MSG_WANT},
    {"unknown_type_before_hello", before_hello, EVIL_SHAKEN, REFUSED(TOC_MALFORMED), 255},
    {"second_hello", second_hello, EVIL_GREETED, REFUSED(TOC_MALFORMED)},
    {"hello_never_comes", hello_never, EVIL_SHAKEN, .outcome = EVIL_ENDED},
};

const struct evil_table evil_table_link = {EVIL_LINES(lies)};
