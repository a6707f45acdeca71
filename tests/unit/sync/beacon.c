/* SPDX-License-Identifier: EUPL-1.2 */
#include "check.h"

#include "sync.h"

/* Beacons: their form and their signature. */

static uint8_t federation[32] = {0xfe};
static struct toc_sign_keys keys, other_keys;
static uint8_t rows[2 * TOC_BEACON_ROW_BYTES];

static void make_keys(void)
{
    uint8_t entropy[2][32] = {{1}, {2}};
    toc_sign_keys_make(&keys, entropy[0]);
    toc_sign_keys_make(&other_keys, entropy[1]);
    for (size_t i = 0; i < sizeof rows; i++) {
        rows[i] = (uint8_t)i;
    }
}

static struct toc_beacon sample(void)
{
    struct toc_beacon beacon = {.node = UINT16_MAX,
                                .serial = UINT64_MAX,
                                .roster_number = 3,
                                .clock = {5},
                                .rows = toc_span(rows, sizeof rows)};
    memset(beacon.group, 1, 32);
    memset(beacon.org, 2, 32);
    memset(beacon.digest, 3, sizeof beacon.digest);
    return beacon;
}

static struct toc_span seal(const struct toc_beacon *beacon, uint8_t *out, size_t size)
{
    static uint8_t scratch[TOC_BEACON_BYTES_MAX];
    struct toc_beacon_signer signer = {federation, keys.secret};
    return toc_beacon_seal((struct toc_room){out, size}, (struct toc_room){scratch, sizeof scratch},
                           beacon, &signer);
}

/* */
static void a_beacon_is_read_as_it_was_written(void **state)
{
    (void)state;
    static uint8_t out[TOC_BEACON_BYTES_MAX];
    struct toc_beacon beacon = sample(), read;
    struct toc_span envelope = seal(&beacon, out, sizeof out);
    assert_non_null(envelope.at);
    assert_true(envelope.len <= sizeof rows + 512);
    assert_ok(toc_beacon_decode(&read, envelope));
    assert_int_equal(read.node, beacon.node);
    assert_true(read.serial == beacon.serial);
    assert_int_equal(read.roster_number, beacon.roster_number);
    assert_int_equal(read.clock.ms, beacon.clock.ms);
    assert_memory_equal(read.group, beacon.group, 32);
    assert_memory_equal(read.org, beacon.org, 32);
    assert_memory_equal(read.digest, beacon.digest, sizeof read.digest);
    assert_span(read.rows, toc_span(rows, sizeof rows));
    assert_ok(toc_beacon_verify(envelope, federation, keys.public_key));
    struct toc_beacon_row row;
    uint8_t again[TOC_BEACON_ROW_BYTES];
    toc_beacon_row_decode(&row, rows + TOC_BEACON_ROW_BYTES);
    toc_beacon_row_encode(again, &row);
    assert_memory_equal(again, rows + TOC_BEACON_ROW_BYTES, sizeof again);
}

/* The largest one fits what is promised, and one byte less does not. */
static void the_largest_beacon_fits(void **state)
{
    (void)state;
    static uint8_t many[TOC_BEACON_ROWS_MAX * TOC_BEACON_ROW_BYTES], out[TOC_BEACON_BYTES_MAX];
    struct toc_beacon beacon = sample(), read;
    beacon.rows = toc_span(many, sizeof many);
    beacon.roster_number = beacon.clock.ms = UINT64_MAX;
    struct toc_span envelope = seal(&beacon, out, sizeof out);
    assert_non_null(envelope.at);
    assert_ok(toc_beacon_decode(&read, envelope));
    assert_int_equal(read.rows.len, sizeof many);
    assert_null(seal(&beacon, out, envelope.len - 1).at);
}

/* */
static void a_signature_by_another_key_or_elsewhere_is_refused(void **state)
{
    (void)state;
    static uint8_t out[TOC_BEACON_BYTES_MAX];
    uint8_t elsewhere[32] = {0xfd};
    struct toc_beacon beacon = sample();
    struct toc_span envelope = seal(&beacon, out, sizeof out);
    assert_code(toc_beacon_verify(envelope, federation, other_keys.public_key), TOC_SIGNATURE);
    assert_code(toc_beacon_verify(envelope, elsewhere, keys.public_key), TOC_SIGNATURE);
    for (size_t at = 10; at < envelope.len; at += 11) {
        out[at] ^= 1;
        struct toc_err err = toc_beacon_verify(envelope, federation, keys.public_key);
        assert_true(toc_failed(err));
        out[at] ^= 1;
    }
    out[envelope.len - 1] ^= 1;
    assert_code(toc_beacon_verify(envelope, federation, keys.public_key), TOC_SIGNATURE);
}

/* The envelope around any record. */
static struct toc_span wrap(struct toc_span record, size_t sig_bytes, uint8_t *out, size_t size)
{
    static const uint8_t sig[128];
    struct toc_writer writer;
    toc_writer_init(&writer, out, size);
    toc_write_array(&writer, 2);
    toc_write_bin(&writer, record);
    toc_write_bin(&writer, toc_span(sig, sig_bytes));
    return toc_writer_bytes(&writer);
}

/* The sample's record without key `leave_out` (99: with all), with `rows_bytes` of rows and one
 * more key if that is not 0. */
static struct toc_span record_of(uint8_t *out, size_t size, int leave_out, size_t rows_bytes,
                                 int extra)
{
    static const int known[] = {-4, -3, -2, -1, 4, 5, 6, 7};
    static const uint8_t zeros[4 * TOC_BEACON_ROW_BYTES];
    struct toc_writer writer;
    toc_writer_init(&writer, out, size);
    toc_write_map(&writer, 8 - (size_t)(leave_out != 99) + (size_t)(extra != 0));
    if (extra < 0) {
        toc_write_int(&writer, extra);
        toc_write_uint(&writer, 0);
    }
    for (size_t i = 0; i < 8; i++) {
        int key = known[i];
        if (key == leave_out) {
            continue;
        }
        toc_write_int(&writer, key);
        if (key == -4) {
            toc_write_bin(&writer, toc_span(zeros, rows_bytes));
        } else if (key == -2 || key == -1) {
            toc_write_bin(&writer, toc_span(zeros, 32));
        } else if (key == 6) {
            toc_write_bin(&writer, toc_span(zeros, TOC_DIGEST_BYTES));
        } else {
            toc_write_uint(&writer, 1);
        }
    }
    if (extra > 0) {
        toc_write_int(&writer, extra);
        toc_write_uint(&writer, 0);
    }
    return toc_writer_bytes(&writer);
}

/* */
static void a_beacon_out_of_form_is_refused(void **state)
{
    (void)state;
    static const struct {
        int leave_out;
        size_t rows_bytes;
        int extra;
        enum toc_code code;
    } cases[] = {
        {99, 0, 0, TOC_OK},
        {99, TOC_BEACON_ROW_BYTES, 0, TOC_OK},
        {99, 0, 8, TOC_OK}, /* a field of a later version */
        {99, 0, -5, TOC_CRITICAL},
        {99, 1, 0, TOC_MALFORMED},
        {99, TOC_BEACON_ROW_BYTES - 1, 0, TOC_MALFORMED},
        {99, TOC_BEACON_ROW_BYTES + 1, 0, TOC_MALFORMED},
        {-4, 0, 0, TOC_MALFORMED},
        {-3, 0, 0, TOC_MALFORMED},
        {-2, 0, 0, TOC_MALFORMED},
        {-1, 0, 0, TOC_MALFORMED},
        {4, 0, 0, TOC_MALFORMED},
        {5, 0, 0, TOC_MALFORMED},
        {6, 0, 0, TOC_MALFORMED},
        {7, 0, 0, TOC_MALFORMED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t record[1024], out[1200];
        struct toc_beacon beacon = sample(), before = beacon;
        struct toc_span bytes = record_of(record, sizeof record, cases[i].leave_out,
                                          cases[i].rows_bytes, cases[i].extra);
        assert_non_null(bytes.at);
        struct toc_span envelope = wrap(bytes, TOC_SIG_BYTES, out, sizeof out);
        assert_code(toc_beacon_decode(&beacon, envelope), cases[i].code);
        if (cases[i].code != TOC_OK) {
            assert_memory_equal(&beacon, &before, sizeof beacon);
        }
        assert_code(toc_beacon_decode(&beacon, wrap(bytes, 63, out, sizeof out)), TOC_MALFORMED);
        assert_code(toc_beacon_decode(&beacon, bytes), TOC_MALFORMED); /* no envelope at all */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_beacon_is_read_as_it_was_written),
        cmocka_unit_test(the_largest_beacon_fits),
        cmocka_unit_test(a_signature_by_another_key_or_elsewhere_is_refused),
        cmocka_unit_test(a_beacon_out_of_form_is_refused),
    };
    make_keys();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
