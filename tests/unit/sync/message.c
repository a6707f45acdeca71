/* SPDX-License-Identifier: EUPL-1.2 */
#include "check.h"

#include "sync.h"

/* Bodies of messages: what is written is read again, what is not in form is refused, and a refusal
 * leaves what the caller has. */

static struct toc_hello sample_hello(void)
{
    struct toc_hello hello = {.version = 1,
                              .roster_number = 300,
                              .capabilities = 5,
                              .credit_live_bytes = UINT64_MAX,
                              .credit_bulk_bytes = 77,
                              .clock = {TOC_UTC_MS_MAX},
                              .software = "tocsin/0.1"};
    memset(hello.roster_hash, 7, sizeof hello.roster_hash);
    return hello;
}

/* */
static void hello_is_read_as_it_was_written(void **state)
{
    (void)state;
    struct toc_hello hello = sample_hello(), read;
    uint8_t body[TOC_HELLO_BYTES_MAX];
    size_t len = toc_hello_encode((struct toc_room){body, sizeof body}, &hello);
    assert_true(len > 0);
    assert_ok(toc_hello_decode(&read, toc_span(body, len)));
    assert_int_equal(read.version, hello.version);
    assert_int_equal(read.roster_number, hello.roster_number);
    assert_memory_equal(read.roster_hash, hello.roster_hash, 32);
    assert_int_equal(read.capabilities, hello.capabilities);
    assert_true(read.credit_live_bytes == hello.credit_live_bytes);
    assert_true(read.credit_bulk_bytes == hello.credit_bulk_bytes);
    assert_true(read.clock.ms == hello.clock.ms);
    assert_string_equal(read.software, hello.software);
    for (size_t room = 0; room < len; room++) {
        assert_int_equal(toc_hello_encode((struct toc_room){body, room}, &hello), 0);
    }
}

/* A HELLO with one field written otherwise. */
struct twist {
    int leave_out, extra_key;
    uint64_t clock, version;
    size_t software, hash;
    enum toc_code code;
};

static size_t write_twisted(uint8_t *out, size_t size, const struct twist *twist)
{
    static const char text[TOC_SOFTWARE_BYTES_MAX + 2] = "x";
    struct toc_writer writer;
    toc_writer_init(&writer, out, size);
    size_t fields = 8u - (twist->leave_out >= 0 ? 1 : 0) + (twist->extra_key != 0 ? 1 : 0);
    toc_write_map(&writer, fields);
    if (twist->extra_key < 0) {
        toc_write_int(&writer, twist->extra_key);
        toc_write_uint(&writer, 1);
    }
    for (int key = 0; key < 8; key++) {
        if (key == twist->leave_out) {
            continue;
        }
        toc_write_int(&writer, key);
        if (key == 2) {
            toc_write_bin(&writer, toc_span(text, twist->hash));
        } else if (key == 7) {
            toc_write_str(&writer, toc_span(text, twist->software));
        } else {
            toc_write_uint(&writer, key == 6 ? twist->clock : key == 0 ? twist->version : 1);
        }
    }
    if (twist->extra_key > 0) {
        toc_write_int(&writer, twist->extra_key);
        toc_write_array(&writer, 0);
    }
    return toc_writer_bytes(&writer).len;
}

/* each row breaks, or bends, one thing. */
static void a_hello_out_of_form_is_refused(void **state)
{
    (void)state;
    static const struct twist rows[] = {
        {-1, 0, 1, 1, 1, 32, TOC_OK},
        {7, 0, 1, 1, 1, 32, TOC_OK},         /* software is optional */
        {-1, 100, 1, 1, 1, 32, TOC_OK},      /* a field of a later version */
        {-1, 8, 1, 1, 1, 32, TOC_OK},        /* the next one */
        {-1, -1, 1, 1, 1, 32, TOC_CRITICAL}, /* a critical one */
        {0, 0, 1, 1, 1, 32, TOC_MALFORMED},
        {1, 0, 1, 1, 1, 32, TOC_MALFORMED},
        {2, 0, 1, 1, 1, 32, TOC_MALFORMED},
        {3, 0, 1, 1, 1, 32, TOC_MALFORMED},
        {4, 0, 1, 1, 1, 32, TOC_MALFORMED},
        {5, 0, 1, 1, 1, 32, TOC_MALFORMED},
        {6, 0, 1, 1, 1, 32, TOC_MALFORMED},
        {6, 38, 1, 1, 1, 32, TOC_MALFORMED}, /* 38 is not 6 modulo 32 */
        {-1, 0, TOC_UTC_MS_MAX, 1, 1, 32, TOC_OK},
        {-1, 0, TOC_UTC_MS_MAX + 1, 1, 1, 32, TOC_LIMIT},
        {-1, 0, UINT64_MAX, 1, 1, 32, TOC_LIMIT},
        {-1, 0, 1, 255, 1, 32, TOC_OK},
        {-1, 0, 1, 256, 1, 32, TOC_LIMIT},
        {-1, 0, 1, 1, TOC_SOFTWARE_BYTES_MAX, 32, TOC_OK},
        {-1, 0, 1, 1, TOC_SOFTWARE_BYTES_MAX + 1, 32, TOC_LIMIT},
        {-1, 0, 1, 1, 1, 31, TOC_MALFORMED},
        {-1, 0, 1, 1, 1, 33, TOC_MALFORMED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t body[512];
        struct toc_hello hello = sample_hello(), before = hello;
        size_t len = write_twisted(body, sizeof body, &rows[i]);
        assert_true(len > 0);
        assert_code(toc_hello_decode(&hello, toc_span(body, len)), rows[i].code);
        if (rows[i].code != TOC_OK) {
            assert_memory_equal(&hello, &before, sizeof hello);
        }
        if (rows[i].code == TOC_OK) {
            hello = before;
            assert_code(toc_hello_decode(&hello, toc_span(body, len - 1)), TOC_TRUNCATED);
            body[len] = 0;
            assert_code(toc_hello_decode(&hello, toc_span(body, len + 1)), TOC_TRAILING);
            assert_memory_equal(&hello, &before, sizeof hello);
        }
    }
}

static void a_row_is_read_as_it_was_written(void **state)
{
    (void)state;
    uint64_t seed = 1;
    uint8_t bytes[TOC_ROW_BYTES], again[TOC_ROW_BYTES];
    struct toc_row row;
    check_random_fill(&seed, bytes, sizeof bytes);
    toc_row_decode(&row, bytes);
    toc_row_encode(again, &row);
    assert_memory_equal(bytes, again, sizeof bytes);
    assert_true(row.seq == toc_le64(bytes + 32));
}

/* the table of what may be asked. */
static void wants_in_and_out_of_form(void **state)
{
    (void)state;
    static const struct {
        uint8_t kind;
        uint64_t seq, from, to;
        enum toc_code code;
    } rows[] = {
        {0, 0, 1, 1, TOC_OK},
        {0, 0, 1, UINT64_MAX, TOC_OK},
        {0, 0, UINT64_MAX, UINT64_MAX, TOC_OK},
        {0, 9, 5, 6, TOC_OK}, /* seq says nothing of entries */
        {0, 0, 0, 5, TOC_MALFORMED},
        {0, 0, 6, 5, TOC_MALFORMED},
        {1, 0, 1, 2, TOC_OK},
        {1, 0, 0, 2, TOC_MALFORMED},
        {1, 0, 3, 2, TOC_MALFORMED},
        {2, 1, 0, 0, TOC_OK},
        {2, 1, TOC_CHUNK_LIST, TOC_CHUNK_LIST, TOC_OK},
        {2, 1, 0, TOC_CHUNK_LIST, TOC_OK},
        {2, 0, 0, 0, TOC_MALFORMED},
        {2, 1, 0, (uint64_t)TOC_CHUNK_LIST + 1, TOC_MALFORMED},
        {2, 1, 1, 0, TOC_MALFORMED},
        {3, 1, 1, 1, TOC_MALFORMED},
        {255, 1, 1, 1, TOC_MALFORMED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t body[TOC_WANT_BYTES + 1] = {rows[i].kind}, again[TOC_WANT_BYTES];
        memset(body + 1, 0xab, 32);
        toc_put_le64(body + 33, rows[i].seq);
        toc_put_le64(body + 41, rows[i].from);
        toc_put_le64(body + 49, rows[i].to);
        struct toc_want want = {.seq = 77}, before = want;
        assert_code(toc_want_decode(&want, toc_span(body, TOC_WANT_BYTES)), rows[i].code);
        if (rows[i].code == TOC_OK) {
            toc_want_encode(again, &want);
            assert_memory_equal(body, again, sizeof again);
        } else {
            assert_memory_equal(&want, &before, sizeof want);
        }
        want = before;
        assert_code(toc_want_decode(&want, toc_span(body, TOC_WANT_BYTES - 1)), TOC_TRUNCATED);
        assert_code(toc_want_decode(&want, toc_span(body, TOC_WANT_BYTES + 1)), TOC_TRAILING);
        assert_code(toc_want_decode(&want, toc_span(NULL, 0)), TOC_TRUNCATED);
        assert_memory_equal(&want, &before, sizeof want);
    }
}

/* */
static void a_chunk_is_a_head_and_bytes(void **state)
{
    (void)state;
    uint8_t body[TOC_CHUNK_HEAD_BYTES + 3], again[TOC_CHUNK_HEAD_BYTES];
    struct toc_chunk chunk = {.seq = 5}, before = chunk;
    uint64_t seed = 2;
    check_random_fill(&seed, body, sizeof body);
    for (size_t len = 0; len < TOC_CHUNK_HEAD_BYTES; len++) {
        assert_code(toc_chunk_decode(&chunk, toc_span(body, len)), TOC_TRUNCATED);
        assert_memory_equal(&chunk, &before, sizeof chunk);
    }
    assert_ok(toc_chunk_decode(&chunk, toc_span(body, sizeof body)));
    assert_span(chunk.bytes, toc_span(body + TOC_CHUNK_HEAD_BYTES, 3));
    toc_chunk_encode_head(again, &chunk);
    assert_memory_equal(body, again, sizeof again);
    assert_ok(toc_chunk_decode(&chunk, toc_span(body, TOC_CHUNK_HEAD_BYTES)));
    assert_int_equal(chunk.bytes.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hello_is_read_as_it_was_written),
        cmocka_unit_test(a_hello_out_of_form_is_refused),
        cmocka_unit_test(a_row_is_read_as_it_was_written),
        cmocka_unit_test(wants_in_and_out_of_form),
        cmocka_unit_test(a_chunk_is_a_head_and_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
