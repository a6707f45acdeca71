/* SPDX-License-Identifier: EUPL-1.2 */
#include "pair.h"

/* What goes out of a link, and in which order. */

static struct pair pair;
static struct side *from = &pair.dialler, *to = &pair.answerer;

#define FRAME_OVERHEAD_BYTES (2u + TOC_FRAME_HEAD_BYTES + TOC_NOISE_TAG_BYTES)
#define FAST_BYTES_S 1000000000u
#define MODEM_BYTES_S 32000u /* 256 kbit/s */
#define MODEM_FRAME_BYTES 1024u

/* A link of which its rate is known. */
static void begin_at(uint64_t bytes_s)
{
    pair_init(&pair);
    pair_open(&pair);
    from->peer.rate.bytes_s = bytes_s;
}

static void begin(void)
{
    begin_at(FAST_BYTES_S);
}

static void queue(uint8_t type, enum toc_class class, size_t len)
{
    struct toc_buffer *buffer = toc_buffer_take(&from->buffers, len);
    assert_non_null(buffer);
    memset(buffer->at, type, len);
    buffer->used = (uint32_t)len;
    assert_true(toc_peer_queue(&from->peer, type, class, buffer));
}

/* Frames of what went out last: their bodies' bytes. */
static size_t frame_bytes[256];

/* Classes of the frames in what `from` has ready now, as letters; moves them to `to`. */
static void classes_out(char *out, size_t size)
{
    size_t count = 0;
    struct toc_frame frame;
    toc_peer_pump(&from->peer, &from->buffers);
    struct toc_span bytes = toc_peer_take_out(&from->peer, pair_now);
    size_t len = bytes.len;
    while (bytes.len > 0) {
        static uint8_t message[TOC_NOISE_MESSAGE_BYTES_MAX];
        size_t message_len = toc_be16(bytes.at);
        assert_ok(
            toc_cipher_open(&to->peer.rx_cipher, toc_span(bytes.at + 2, message_len), message));
        struct toc_span in = toc_span(message, message_len - TOC_NOISE_TAG_BYTES);
        assert_ok(toc_frame_decode(&in, &frame));
        assert_int_equal(in.len, 0);
        assert_true(count + 1 < size);
        frame_bytes[count] = frame.body.len;
        out[count++] = "CALB"[frame.class];
        bytes = toc_span(bytes.at + 2 + message_len, bytes.len - 2 - message_len);
    }
    out[count] = '\0';
    if (len != 0) {
        toc_peer_sent(&from->peer, len, pair_now);
    }
}

/* control before alert before live before bulk, whatever was queued first. */
static void classes_go_in_their_order(void **state)
{
    (void)state;
    char classes[64];
    begin();
    queue(1, TOC_CLASS_BULK, 100);
    queue(2, TOC_CLASS_LIVE, 100);
    queue(3, TOC_CLASS_ALERT, 100);
    queue(4, TOC_CLASS_CONTROL, 100);
    queue(5, TOC_CLASS_LIVE, 100);
    queue(6, TOC_CLASS_ALERT, 100);
    classes_out(classes, sizeof classes);
    assert_string_equal(classes, "CAALLB");
    pair_clear(&pair);
}

/* while both wait, one frame in ten is bulk. */
static void bulk_has_one_frame_in_ten(void **state)
{
    (void)state;
    char classes[256];
    begin();
    for (int i = 0; i < 40; i++) {
        queue(1, TOC_CLASS_BULK, 10);
    }
    for (int i = 0; i < 45; i++) {
        queue(2, TOC_CLASS_LIVE, 10);
    }
    classes_out(classes, sizeof classes);
    assert_int_equal(strlen(classes), 85);
    for (size_t i = 0; i < 50; i++) {
        assert_int_equal(classes[i], i % 10 == 9 ? 'B' : 'L');
    }
    for (size_t i = 50; i < 85; i++) {
        assert_int_equal(classes[i], 'B');
    }
    pair_clear(&pair);
}

/* the floor counts bytes. Long frames of bulk take no more than a tenth from short ones of
 * live, and short ones of bulk get their tenth beside long ones. */
static void the_floor_of_bulk_counts_bytes(void **state)
{
    (void)state;
    static const struct {
        size_t live, bulk;
    } rows[] = {{20, 1000}, {1000, 20}, {300, 400}, {1024, 1024}, {1, 1024}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char classes[256];
        size_t sent[TOC_CLASS_COUNT] = {0}, longest = 1024 + FRAME_OVERHEAD_BYTES;
        begin_at(0);
        for (int rounds = 0; rounds < 100; rounds++) {
            while (toc_peer_waiting(&from->peer, TOC_CLASS_LIVE) < 200) {
                queue(1, TOC_CLASS_LIVE, rows[i].live);
            }
            while (toc_peer_waiting(&from->peer, TOC_CLASS_BULK) < 40) {
                queue(2, TOC_CLASS_BULK, rows[i].bulk);
            }
            from->peer.rate.bytes_s = 0;
            classes_out(classes, sizeof classes);
            for (size_t at = 0; classes[at] != '\0'; at++) {
                enum toc_class class = classes[at] == 'L' ? TOC_CLASS_LIVE : TOC_CLASS_BULK;
                sent[class] += frame_bytes[at] + FRAME_OVERHEAD_BYTES;
            }
        }
        assert_true(sent[TOC_CLASS_LIVE] > 80000);
        size_t part = (sent[TOC_CLASS_LIVE] + sent[TOC_CLASS_BULK]) / TOC_BULK_FLOOR;
        assert_in_range(sent[TOC_CLASS_BULK], part - longest, part + longest);
        pair_clear(&pair);
    }
}

/* an alert waits behind two frames at most, on a fast link and on a slow one, however
 * short the messages of the others are, and while a part of them is on its way. */
static void an_alert_overtakes_all_but_two_frames(void **state)
{
    (void)state;
    static const struct {
        uint64_t bytes_s;
        size_t message_bytes, ahead_bytes;
    } rows[] = {{FAST_BYTES_S, TOC_MESSAGE_BYTES_MAX, 2 * TOC_FRAME_BODY_BYTES_MAX},
                {FAST_BYTES_S, 1000, 2 * TOC_FRAME_BODY_BYTES_MAX},
                {MODEM_BYTES_S, TOC_MESSAGE_BYTES_MAX, 2 * MODEM_FRAME_BYTES},
                {MODEM_BYTES_S, 100, 2 * MODEM_FRAME_BYTES},
                {0, TOC_MESSAGE_BYTES_MAX, 2 * TOC_FRAME_BYTES_MIN}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        begin_at(rows[i].bytes_s);
        for (int left = 100; left > 0; left--) {
            if (left <= 3 || rows[i].message_bytes < TOC_MESSAGE_BYTES_MAX) {
                queue(1, left % 2 == 0 ? TOC_CLASS_BULK : TOC_CLASS_LIVE, rows[i].message_bytes);
            }
        }
        toc_peer_pump(&from->peer, &from->buffers);
        struct toc_span lent = toc_peer_take_out(&from->peer, pair_now);
        assert_in_range(lent.len, rows[i].ahead_bytes / 2, 2 * toc_peer_frame_bytes(&from->peer));
        assert_int_equal(toc_peer_take_out(&from->peer, pair_now).len, 0);
        toc_peer_pump(&from->peer, &from->buffers);
        queue(2, TOC_CLASS_ALERT, 500);
        toc_peer_pump(&from->peer, &from->buffers);
        /* Nothing else stands before it in what follows. */
        assert_int_equal(from->peer.tx_len[from->peer.fill], 500 + FRAME_OVERHEAD_BYTES);
        pair_clear(&pair);
    }
}

/* frames of live and bulk take 30 ms at the rate of the link; those that go first do not
 * wait for anything and stay whole. */
static void frames_are_as_long_as_the_link_is_fast(void **state)
{
    (void)state;
    static const struct {
        uint64_t bytes_s;
        size_t bytes;
    } rows[] = {{0, 1024},       {1, 1024},          {34000, 1024},   {35000, 1050},
                {64000, 1920},   {200000, 6000},     {546000, 16380}, {547000, 16384},
                {800000, 16384}, {UINT64_MAX, 16384}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (enum toc_class class = TOC_CLASS_CONTROL; class < TOC_CLASS_COUNT; class ++) {
            char classes[64];
            begin_at(rows[i].bytes_s);
            queue(1, class, 16384);
            classes_out(classes, sizeof classes);
            bool charged = class == TOC_CLASS_LIVE || class == TOC_CLASS_BULK;
            assert_int_equal(frame_bytes[0], charged ? rows[i].bytes : 16384);
            assert_int_equal(toc_peer_frame_bytes(&from->peer),
                             rows[i].bytes + FRAME_OVERHEAD_BYTES);
            pair_clear(&pair);
        }
    }
}

/* */
static void records_longer_than_a_frame_are_live(void **state)
{
    (void)state;
    assert_int_equal(toc_class_of_record(0), TOC_CLASS_CONTROL);
    assert_int_equal(toc_class_of_record(TOC_FRAME_BODY_BYTES_MAX), TOC_CLASS_CONTROL);
    assert_int_equal(toc_class_of_record(TOC_FRAME_BODY_BYTES_MAX + 1), TOC_CLASS_LIVE);
}

/* Steps of a rate: `bytes` leave at `ms`, before a pause or not. */
struct left {
    uint64_t ms, bytes;
    bool pause;
    uint64_t bytes_s; /* what is known after it */
};

static void assert_rate(const struct left *rows, size_t count)
{
    struct toc_rate rate = {0};
    for (size_t i = 0; i < count; i++) {
        toc_rate_offered(&rate, (struct toc_mono){i == 0 ? 1000 : rows[i - 1].ms});
        toc_rate_sent(&rate, rows[i].bytes, (struct toc_mono){rows[i].ms});
        assert_int_equal(rate.bytes_s, rows[i].bytes_s);
        if (rows[i].pause) {
            toc_rate_paused(&rate);
        }
    }
}

/* the rate follows from bytes and times alone: it falls at once and rises by halves; a
 * pause shows no more than the least; many bytes at once are as much as one needs to know. */
static void the_rate_follows_what_leaves(void **state)
{
    (void)state;
    static const struct left steady[] = {
        {1100, 4000, false, 0},     {1250, 4000, false, 32000}, {1400, 2000, false, 32000},
        {1500, 2000, false, 16000}, {1750, 8000, false, 24000}, {2000, 8000, false, 28000},
        {12000, 1000, false, 100},
    };
    static const struct left paused[] = {
        {1000, 2000, true, 0},       {3000, 2000, true, 2000},   {63000, 2000, true, 2000},
        {63000, 9000, false, 2000},  {63250, 9000, true, 37000}, {63500, 10, false, 37000},
        {63750, 2500, false, 10000},
    };
    static const struct left fast[] = {
        {1000, 66250, false, 0},
        {1000, 66250, true, 0},
        {1010, 4000, false, 13650000},
        {1011, 136500, false, 13650000 + (136500000 - 13650000) / 2},
    };
    assert_rate(steady, sizeof steady / sizeof steady[0]);
    assert_rate(paused, sizeof paused / sizeof paused[0]);
    assert_rate(fast, sizeof fast / sizeof fast[0]);
}

/* a sender keeps to what it was granted, and goes on when it is granted more. What one
 * class has used up stops the other as little as control and alert. */
static void a_sender_keeps_to_the_credit_of_each_class(void **state)
{
    (void)state;
    static const enum toc_class other[] = {
        [TOC_CLASS_LIVE] = TOC_CLASS_BULK, [TOC_CLASS_BULK] = TOC_CLASS_LIVE};
    static const char *const wanted[][2] = {
        [TOC_CLASS_LIVE] = {"CALLB", "L"}, [TOC_CLASS_BULK] = {"CALBB", "B"}};
    for (enum toc_class class = TOC_CLASS_LIVE; class <= TOC_CLASS_BULK; class ++) {
        char classes[64];
        begin();
        from->peer.out[class].granted = 250;
        for (int i = 0; i < 3; i++) {
            queue(1, class, 100);
        }
        queue(4, other[class], 500);
        queue(5, TOC_CLASS_CONTROL, 1000);
        queue(6, TOC_CLASS_ALERT, 1000);
        classes_out(classes, sizeof classes);
        assert_string_equal(classes, wanted[class][0]);
        assert_int_equal(from->peer.out[class].used, 200);
        assert_int_equal(from->peer.out[other[class]].used, 500);
        classes_out(classes, sizeof classes);
        assert_string_equal(classes, "");
        from->peer.out[class].granted = 300;
        classes_out(classes, sizeof classes);
        assert_string_equal(classes, wanted[class][1]);
        assert_int_equal(from->peer.out[class].used, 300);
        assert_int_equal(toc_peer_waiting(&from->peer, class), 0);
        pair_clear(&pair);
    }
}

/* the longest message goes out in pieces and comes in whole. */
static void a_long_message_travels_in_pieces(void **state)
{
    (void)state;
    struct toc_message message;
    bool stalled, got = false;
    begin();
    queue(7, TOC_CLASS_LIVE, TOC_MESSAGE_BYTES_MAX);
    for (int rounds = 0; !got && rounds < 128; rounds++) {
        toc_peer_pump(&from->peer, &from->buffers);
        struct toc_span out = toc_peer_take_out(&from->peer, pair_now);
        assert_true(out.len > 0);
        assert_int_equal(side_put(to, out), out.len);
        toc_peer_sent(&from->peer, out.len, pair_now);
        got = side_next(to, &message, &stalled);
        assert_false(stalled);
    }
    assert_true(got);
    assert_int_equal(message.body.len, TOC_MESSAGE_BYTES_MAX);
    for (size_t i = 0; i < TOC_MESSAGE_BYTES_MAX; i += 1000) {
        assert_int_equal(message.body.at[i], 7);
    }
    toc_buffer_drop(&to->buffers, message.buffer);
    pair_clear(&pair);
}

/* What is lent stays as it is until all of it has left, in however many parts. */
static void what_is_lent_is_not_written(void **state)
{
    (void)state;
    begin();
    queue(1, TOC_CLASS_CONTROL, 1000);
    toc_peer_pump(&from->peer, &from->buffers);
    struct toc_span first = toc_peer_take_out(&from->peer, pair_now);
    uint8_t before[1100];
    assert_true(first.len > 1000 && first.len <= sizeof before);
    memcpy(before, first.at, first.len);
    queue(2, TOC_CLASS_CONTROL, 1000);
    toc_peer_pump(&from->peer, &from->buffers);
    assert_int_equal(toc_peer_take_out(&from->peer, pair_now).len, 0);
    toc_peer_sent(&from->peer, 1, pair_now);
    assert_int_equal(toc_peer_take_out(&from->peer, pair_now).len, 0);
    assert_memory_equal(first.at, before, first.len);
    toc_peer_sent(&from->peer, first.len - 1, pair_now);
    assert_int_equal(toc_peer_take_out(&from->peer, pair_now).len, first.len);
    assert_int_equal(from->peer.sent_bytes, TOC_OPENING_BYTES + first.len);
    pair_clear(&pair);
}

/* A full queue says so, and the reference stays with the caller. */
static void a_full_queue_refuses(void **state)
{
    (void)state;
    begin();
    for (unsigned i = 0; i < TOC_QUEUE_MAX; i++) {
        queue(1, TOC_CLASS_BULK, 10);
    }
    struct toc_buffer *buffer = toc_buffer_take(&from->buffers, 10);
    assert_false(toc_peer_queue(&from->peer, 1, TOC_CLASS_BULK, buffer));
    assert_int_equal(buffer->refs, 1);
    assert_true(toc_peer_queue(&from->peer, 1, TOC_CLASS_LIVE, buffer));
    assert_int_equal(toc_peer_waiting(&from->peer, TOC_CLASS_BULK), TOC_QUEUE_MAX);
    pair_clear(&pair);
}

static bool has_room(enum toc_class class)
{
    return toc_peer_has_room(&from->peer, &from->buffers, class, 60000);
}

/* A peer that gives no credit, or reads nothing, pins few buffers. */
static void what_is_not_read_pins_little(void **state)
{
    (void)state;
    begin();
    struct toc_credit *live = &from->peer.out[TOC_CLASS_LIVE];
    assert_true(has_room(TOC_CLASS_LIVE));
    queue(1, TOC_CLASS_LIVE, 60000);
    assert_true(has_room(TOC_CLASS_LIVE));
    live->granted = live->used + 119999;
    assert_false(has_room(TOC_CLASS_LIVE));
    assert_true(has_room(TOC_CLASS_BULK));
    live->granted = UINT64_MAX;
    struct toc_buffer *taken[TOC_BUFFER_MIDDLE_COUNT];
    size_t count = 0;
    while (toc_buffers_ample(&from->buffers, 60000)) {
        taken[count++] = toc_buffer_take(&from->buffers, 60000);
    }
    assert_false(has_room(TOC_CLASS_LIVE));
    while (count > 0) {
        toc_buffer_drop(&from->buffers, taken[--count]);
    }
    assert_true(has_room(TOC_CLASS_LIVE));
    pair_clear(&pair);
}

/* Buffers: the smallest size that fits, the next one when it is used up; counted by references. */
static void buffers_come_in_three_sizes(void **state)
{
    (void)state;
    static struct toc_buffer *taken[TOC_BUFFER_SMALL_COUNT + 1];
    begin();
    struct toc_buffers *buffers = &to->buffers;
    for (size_t i = 0; i < TOC_BUFFER_SMALL_COUNT; i++) {
        taken[i] = toc_buffer_take(buffers, TOC_BUFFER_SMALL_BYTES);
        assert_int_equal(taken[i]->size, TOC_BUFFER_SMALL_BYTES);
    }
    taken[TOC_BUFFER_SMALL_COUNT] = toc_buffer_take(buffers, 1);
    assert_int_equal(taken[TOC_BUFFER_SMALL_COUNT]->size, TOC_BUFFER_MIDDLE_BYTES);
    assert_null(toc_buffer_take(buffers, TOC_BUFFER_LARGE_BYTES + 1));
    toc_buffer_hold(taken[0]);
    toc_buffer_drop(buffers, taken[0]);
    assert_int_equal(buffers->free_count[0], 0);
    for (size_t i = 0; i <= TOC_BUFFER_SMALL_COUNT; i++) {
        toc_buffer_drop(buffers, taken[i]);
    }
    toc_buffer_drop(buffers, NULL);
    pair_clear(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(classes_go_in_their_order),
        cmocka_unit_test(bulk_has_one_frame_in_ten),
        cmocka_unit_test(the_floor_of_bulk_counts_bytes),
        cmocka_unit_test(frames_are_as_long_as_the_link_is_fast),
        cmocka_unit_test(the_rate_follows_what_leaves),
        cmocka_unit_test(records_longer_than_a_frame_are_live),
        cmocka_unit_test(an_alert_overtakes_all_but_two_frames),
        cmocka_unit_test(a_sender_keeps_to_the_credit_of_each_class),
        cmocka_unit_test(a_long_message_travels_in_pieces),
        cmocka_unit_test(what_is_lent_is_not_written),
        cmocka_unit_test(a_full_queue_refuses),
        cmocka_unit_test(what_is_not_read_pins_little),
        cmocka_unit_test(buffers_come_in_three_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
