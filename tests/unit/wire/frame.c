/* SPDX-License-Identifier: EUPL-1.2 */
#include "check.h"
#include "wire.h"

/* */
static void varint_rows(void **state)
{
    (void)state;
    const struct {
        const char *hex;
        enum toc_code code;
        uint64_t value;
    } rows[] = {
        {"00", TOC_OK, 0},
        {"7f", TOC_OK, 127},
        {"8001", TOC_OK, 128},
        {"ff7f", TOC_OK, 16383},
        {"808001", TOC_OK, 16384},
        {"ffffffff0f", TOC_OK, UINT32_MAX},
        {"ffffffffffffffffff01", TOC_OK, UINT64_MAX},
        {"80808080808080808001", TOC_OK, UINT64_C(1) << 63},
        {"", TOC_TRUNCATED, 0},
        {"80", TOC_TRUNCATED, 0},
        {"ffffffffffffffffff", TOC_TRUNCATED, 0},
        {"8000", TOC_MALFORMED, 0},
        {"ff00", TOC_MALFORMED, 0},
        {"ffffffffffffffffff00", TOC_MALFORMED, 0},
        {"ffffffffffffffffff02", TOC_MALFORMED, 0},
        {"ffffffffffffffffff81", TOC_MALFORMED, 0},
        {"8080808080808080808001", TOC_MALFORMED, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t bytes[16];
        uint8_t back[TOC_VARINT_BYTES_MAX];
        uint64_t value = 99;
        size_t len = check_unhex(rows[i].hex, bytes, sizeof bytes);
        struct toc_span in = toc_span(bytes, len);
        assert_code(toc_get_varint(&in, &value), rows[i].code);
        if (rows[i].code == TOC_OK) {
            assert_int_equal(in.len, 0);
            assert_true(value == rows[i].value);
            assert_span(toc_span(back, toc_put_varint(back, value)), toc_span(bytes, len));
        } else {
            assert_ptr_equal(in.at, bytes);
            assert_int_equal(in.len, len);
            assert_int_equal(value, 99);
        }
    }
}

static void varint_round_trips(void **state)
{
    (void)state;
    uint64_t seed = 2;
    for (int i = 0; i < 100000; i++) {
        uint64_t value = check_random(&seed) >> (i % 64);
        uint64_t back = 0;
        uint8_t bytes[TOC_VARINT_BYTES_MAX + 1] = {0};
        struct toc_span in = toc_span(bytes, toc_put_varint(bytes, value) + 1);
        assert_ok(toc_get_varint(&in, &back));
        assert_true(back == value);
        assert_int_equal(in.len, 1);
    }
}

static void frames_come_off_one_by_one(void **state)
{
    (void)state;
    uint8_t bytes[64];
    const struct toc_frame first = {TOC_MSG_HAVE, TOC_CLASS_BULK, true, toc_span("abc", 3)};
    const struct toc_frame second = {200, TOC_CLASS_CONTROL, false, toc_span(NULL, 0)};
    size_t len = toc_frame_encode(bytes, &first);
    assert_int_equal(len, TOC_FRAME_HEAD_BYTES + 3);
    assert_memory_equal(bytes,
                        "\x0b\x07\x03\x00"
                        "abc",
                        7);
    len += toc_frame_encode(bytes + len, &second);
    struct toc_span in = toc_span(bytes, len);
    struct toc_frame got;
    assert_ok(toc_frame_decode(&in, &got));
    assert_int_equal(got.type, TOC_MSG_HAVE);
    assert_int_equal(got.class, TOC_CLASS_BULK);
    assert_true(got.more);
    assert_span(got.body, toc_span("abc", 3));
    assert_ok(toc_frame_decode(&in, &got));
    assert_int_equal(got.type, 200);
    assert_int_equal(got.class, TOC_CLASS_CONTROL);
    assert_false(got.more);
    assert_int_equal(got.body.len, 0);
    assert_int_equal(in.len, 0);
}

static void refused_frames_move_nothing(void **state)
{
    (void)state;
    const struct {
        const char *hex;
        enum toc_code code;
    } rows[] = {
        {"", TOC_TRUNCATED},           {"010000", TOC_TRUNCATED},
        {"01080000", TOC_MALFORMED},   /* */
        {"01800000", TOC_MALFORMED},   /* */
        {"01000140", TOC_LIMIT},       /* 16,385 bytes */
        {"01000040", TOC_TRUNCATED},   /* 16,384 bytes, of which none is there */
        {"0100020061", TOC_TRUNCATED}, /* */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t bytes[8];
        size_t len = check_unhex(rows[i].hex, bytes, sizeof bytes);
        struct toc_span in = toc_span(bytes, len);
        struct toc_frame frame = {.type = 77};
        assert_code(toc_frame_decode(&in, &frame), rows[i].code);
        assert_ptr_equal(in.at, bytes);
        assert_int_equal(in.len, len);
        assert_int_equal(frame.type, 77);
    }
}

static void the_largest_frame_round_trips(void **state)
{
    (void)state;
    static uint8_t body[TOC_FRAME_BODY_BYTES_MAX];
    static uint8_t bytes[TOC_FRAME_HEAD_BYTES + sizeof body];
    const struct toc_frame frame = {TOC_MSG_RANGE, TOC_CLASS_LIVE, false,
                                    toc_span(body, sizeof body)};
    struct toc_frame got;
    struct toc_span in = toc_span(bytes, toc_frame_encode(bytes, &frame));
    assert_ok(toc_frame_decode(&in, &got));
    assert_int_equal(got.body.len, TOC_FRAME_BODY_BYTES_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(varint_rows),
        cmocka_unit_test(varint_round_trips),
        cmocka_unit_test(frames_come_off_one_by_one),
        cmocka_unit_test(refused_frames_move_nothing),
        cmocka_unit_test(the_largest_frame_round_trips),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
