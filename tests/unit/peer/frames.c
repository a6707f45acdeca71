/* SPDX-License-Identifier: EUPL-1.2 */
#include "pair.h"

/* Frames and messages as they are received. */

static struct pair pair;
static struct side *from = &pair.dialler, *to = &pair.answerer;

static uint8_t plain[TOC_NOISE_MESSAGE_BYTES_MAX];

static void begin(void)
{
    pair_init(&pair);
    pair_open(&pair);
}

/* One transport message with one frame. */
static void send_frame(uint8_t type, unsigned flags, struct toc_span body)
{
    pair_frames(from, to, toc_span(plain, frame_at(plain, type, flags, body)));
    (void)side_check(to);
}

static bool next(struct toc_message *message)
{
    bool stalled;
    bool got = side_next(to, message, &stalled);
    assert_false(stalled);
    return got;
}

static void assert_refused(enum toc_code code)
{
    struct toc_message message;
    assert_false(next(&message));
    assert_failed(to, code);
    pair_clear(&pair);
}

/* one transport message may hold any number of frames, none included. */
static void frames_come_one_by_one(void **state)
{
    (void)state;
    struct toc_message message;
    begin();
    pair_frames(from, to, toc_span(NULL, 0));
    assert_false(next(&message));
    size_t len = 0;
    for (uint8_t i = 0; i < 100; i++) {
        len += frame_at(plain + len, i, i % 4, toc_span(plain, i));
    }
    pair_frames(from, to, toc_span(plain, len));
    pair_frames(from, to, toc_span(NULL, 0));
    for (uint8_t i = 0; i < 100; i++) {
        assert_true(next(&message));
        assert_int_equal(message.type, i);
        assert_int_equal(message.class, i % 4);
        assert_int_equal(message.body.len, i);
        assert_null(message.buffer);
    }
    assert_false(next(&message));
    assert_int_equal(to->peer.state, TOC_PEER_READY);
    pair_clear(&pair);
}

/* */
static void bad_frames_are_refused(void **state)
{
    (void)state;
    static const struct {
        uint8_t bytes[6];
        size_t len;
        enum toc_code code;
    } rows[] = {
        {{99, 0, 2, 0, 1}, 5, TOC_TRUNCATED},
        {{99, 0, 1}, 3, TOC_TRUNCATED},
        {{99}, 1, TOC_TRUNCATED},
        {{99, 8, 0, 0}, 4, TOC_MALFORMED},
        {{99, 0x80, 0, 0}, 4, TOC_MALFORMED},
        {{99, 0, 1, 0x40}, 4, TOC_LIMIT},
        {{99, 0, 0, 0, 99, 0}, 6, TOC_TRUNCATED}, /* behind a good one */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct toc_message message;
        begin();
        pair_frames(from, to, toc_span(rows[i].bytes, rows[i].len));
        if (i == 6) {
            assert_true(next(&message));
        }
        assert_refused(rows[i].code);
    }
}

/* pieces of different classes may alternate, and are joined by class. */
static void pieces_are_joined_by_class(void **state)
{
    (void)state;
    struct toc_message message;
    begin();
    send_frame(50, TOC_CLASS_BULK | TOC_FRAME_FLAG_MORE, toc_span_str("bulk 1,"));
    send_frame(51, TOC_CLASS_LIVE | TOC_FRAME_FLAG_MORE, toc_span_str("live 1,"));
    send_frame(52, TOC_CLASS_CONTROL, toc_span_str("control"));
    assert_true(next(&message));
    assert_span(message.body, toc_span_str("control"));
    send_frame(50, TOC_CLASS_BULK | TOC_FRAME_FLAG_MORE, toc_span(NULL, 0));
    send_frame(51, TOC_CLASS_LIVE, toc_span_str("live 2"));
    assert_true(next(&message));
    assert_int_equal(message.type, 51);
    assert_span(message.body, toc_span_str("live 1,live 2"));
    toc_buffer_drop(&to->buffers, message.buffer);
    send_frame(50, TOC_CLASS_BULK, toc_span_str("bulk 2"));
    assert_true(next(&message));
    assert_int_equal(message.type, 50);
    assert_span(message.body, toc_span_str("bulk 1,bulk 2"));
    toc_buffer_drop(&to->buffers, message.buffer);
    assert_false(next(&message));
    pair_clear(&pair);
}

/* */
static void a_message_that_breaks_into_another_is_refused(void **state)
{
    (void)state;
    begin();
    send_frame(50, TOC_CLASS_BULK | TOC_FRAME_FLAG_MORE, toc_span_str("not yet whole"));
    struct toc_message message;
    assert_false(next(&message));
    send_frame(51, TOC_CLASS_BULK, toc_span_str("of another type"));
    assert_refused(TOC_MALFORMED);
}

/* 524,288 bytes pass, one more does not. */
static void the_longest_message_has_512_kib(void **state)
{
    (void)state;
    static uint8_t body[TOC_FRAME_BODY_BYTES_MAX];
    for (int more = 0; more < 2; more++) {
        struct toc_message message;
        begin();
        for (size_t sent = 0; sent < TOC_MESSAGE_BYTES_MAX; sent += sizeof body) {
            bool last = more == 0 && sent + sizeof body == TOC_MESSAGE_BYTES_MAX;
            send_frame(50, TOC_CLASS_BULK | (last ? 0 : TOC_FRAME_FLAG_MORE),
                       toc_span(body, sizeof body));
            assert_int_equal(next(&message), last);
        }
        if (more == 0) {
            assert_int_equal(message.body.len, TOC_MESSAGE_BYTES_MAX);
            toc_buffer_drop(&to->buffers, message.buffer);
            pair_clear(&pair);
        } else {
            send_frame(50, TOC_CLASS_BULK, toc_span(body, 1));
            assert_refused(TOC_LIMIT);
        }
    }
}

/* bodies of live and bulk count, those of control and alert do not. */
static void more_than_was_granted_is_refused(void **state)
{
    (void)state;
    struct toc_message message;
    static const uint8_t body[100];
    for (unsigned class = 0; class < TOC_CLASS_COUNT; class ++) {
        begin();
        to->peer.in[class].granted = 250;
        for (int i = 0; i < 2; i++) {
            send_frame(50, class, toc_span(body, 100));
            assert_true(next(&message));
        }
        send_frame(50, class, toc_span(body, 51));
        if (class == TOC_CLASS_LIVE || class == TOC_CLASS_BULK) {
            assert_refused(TOC_CREDIT);
        } else {
            assert_true(next(&message));
            pair_clear(&pair);
        }
    }
}

/* to the last byte; a piece counts when it comes, not when its message is whole. */
static void credit_counts_each_frame(void **state)
{
    (void)state;
    struct toc_message message;
    static const uint8_t body[100];
    begin();
    to->peer.in[TOC_CLASS_BULK].granted = 100;
    to->peer.in[TOC_CLASS_LIVE].granted = 150;
    send_frame(50, TOC_CLASS_BULK | TOC_FRAME_FLAG_MORE, toc_span(body, 100));
    send_frame(51, TOC_CLASS_LIVE | TOC_FRAME_FLAG_MORE, toc_span(body, 100));
    assert_false(next(&message));
    send_frame(51, TOC_CLASS_LIVE, toc_span(body, 50));
    assert_true(next(&message));
    toc_buffer_drop(&to->buffers, message.buffer);
    assert_false(next(&message)); /* what was given in place has been read */
    assert_int_equal(toc_peer_charged_in(&to->peer), 250);
    send_frame(50, TOC_CLASS_BULK, toc_span(body, 1));
    assert_refused(TOC_CREDIT);
}

/* */
static void an_alert_in_pieces_is_refused(void **state)
{
    (void)state;
    begin();
    send_frame(50, TOC_CLASS_ALERT | TOC_FRAME_FLAG_MORE, toc_span_str("goes on"));
    assert_refused(TOC_LIMIT);
}

/* Without a buffer a link waits, and goes on where it stood. */
static void a_link_waits_for_buffers_and_goes_on(void **state)
{
    (void)state;
    static uint8_t body[TOC_FRAME_BODY_BYTES_MAX];
    static struct toc_buffer *taken[TOC_BUFFER_SMALL_COUNT];
    struct toc_message message;
    bool stalled;
    begin();
    size_t count = 0;
    while (count < TOC_BUFFER_MIDDLE_COUNT + TOC_BUFFER_LARGE_COUNT) {
        taken[count] = toc_buffer_take(&to->buffers, sizeof body);
        assert_non_null(taken[count++]);
    }
    assert_null(toc_buffer_take(&to->buffers, sizeof body));
    memset(body, 'x', sizeof body);
    uint64_t used = to->peer.in[TOC_CLASS_BULK].used;
    send_frame(50, TOC_CLASS_BULK | TOC_FRAME_FLAG_MORE, toc_span(body, sizeof body));
    for (int i = 0; i < 3; i++) {
        assert_false(toc_peer_next_message(&to->peer, &to->buffers, keep_none, &message, &stalled));
        assert_true(stalled);
        assert_int_equal(to->peer.state, TOC_PEER_READY);
        assert_int_equal(to->peer.in[TOC_CLASS_BULK].used,
                         used); /* charged once, when it is taken */
    }
    toc_buffer_drop(&to->buffers, taken[--count]);
    assert_false(toc_peer_next_message(&to->peer, &to->buffers, keep_none, &message, &stalled));
    assert_false(stalled);
    assert_int_equal(to->peer.in[TOC_CLASS_BULK].used, used + sizeof body);
    send_frame(50, TOC_CLASS_BULK, toc_span(body, 10));
    assert_true(next(&message));
    assert_int_equal(message.body.len, sizeof body + 10);
    assert_int_equal(message.body.at[sizeof body + 9], 'x');
    toc_buffer_drop(&to->buffers, message.buffer);
    while (count > 0) {
        toc_buffer_drop(&to->buffers, taken[--count]);
    }
    pair_clear(&pair);
}

/* Messages that are kept come in a buffer of their own even when they are small. */
static void what_is_kept_has_a_buffer(void **state)
{
    (void)state;
    struct toc_message message;
    bool stalled;
    begin();
    send_frame(50, TOC_CLASS_BULK, toc_span_str("small"));
    assert_true(toc_peer_next_message(&to->peer, &to->buffers, keep_all, &message, &stalled));
    assert_non_null(message.buffer);
    assert_int_equal(message.buffer->refs, 1);
    assert_int_equal(message.buffer->size, TOC_BUFFER_SMALL_BYTES);
    assert_span(message.body, toc_span_str("small"));
    toc_buffer_drop(&to->buffers, message.buffer);
    pair_clear(&pair);
}

/* A link keeps one unfinished message whatever comes, a second one while buffers are plenty. */
static void unfinished_messages_leave_buffers_to_others(void **state)
{
    (void)state;
    static struct toc_buffer *taken[TOC_BUFFER_MIDDLE_COUNT];
    struct toc_message message;
    bool stalled;
    begin();
    size_t count = 0;
    while (toc_buffers_ample(&to->buffers, TOC_BUFFER_MIDDLE_BYTES)) {
        taken[count++] = toc_buffer_take(&to->buffers, TOC_BUFFER_MIDDLE_BYTES);
    }
    assert_int_equal(count,
                     TOC_BUFFER_MIDDLE_COUNT - TOC_BUFFER_MIDDLE_COUNT / TOC_BUFFER_SPARE_PART);
    send_frame(50, TOC_CLASS_BULK | TOC_FRAME_FLAG_MORE, toc_span_str("one"));
    assert_false(toc_peer_next_message(&to->peer, &to->buffers, keep_none, &message, &stalled));
    assert_false(stalled);
    send_frame(51, TOC_CLASS_LIVE | TOC_FRAME_FLAG_MORE, toc_span_str("two"));
    assert_false(toc_peer_next_message(&to->peer, &to->buffers, keep_none, &message, &stalled));
    assert_true(stalled);
    toc_buffer_drop(&to->buffers, taken[--count]);
    toc_buffer_drop(&to->buffers, taken[--count]);
    assert_false(toc_peer_next_message(&to->peer, &to->buffers, keep_none, &message, &stalled));
    assert_false(stalled);
    while (count > 0) {
        toc_buffer_drop(&to->buffers, taken[--count]);
    }
    pair_clear(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_come_one_by_one),
        cmocka_unit_test(bad_frames_are_refused),
        cmocka_unit_test(pieces_are_joined_by_class),
        cmocka_unit_test(a_message_that_breaks_into_another_is_refused),
        cmocka_unit_test(the_longest_message_has_512_kib),
        cmocka_unit_test(more_than_was_granted_is_refused),
        cmocka_unit_test(credit_counts_each_frame),
        cmocka_unit_test(an_alert_in_pieces_is_refused),
        cmocka_unit_test(a_link_waits_for_buffers_and_goes_on),
        cmocka_unit_test(what_is_kept_has_a_buffer),
        cmocka_unit_test(unfinished_messages_leave_buffers_to_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
