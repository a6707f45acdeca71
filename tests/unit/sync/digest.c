/* SPDX-License-Identifier: EUPL-1.2 */
#include "check.h"

#include "sync.h"

/* Digests of vectors, and tags. */

#define ROWS 200u

static struct toc_row rows[ROWS];
static const struct toc_row none;

static void make_rows(uint64_t seed)
{
    for (size_t i = 0; i < ROWS; i++) {
        check_random_fill(&seed, rows[i].log, sizeof rows[i].log);
        check_random_fill(&seed, rows[i].hash, sizeof rows[i].hash);
        rows[i].seq = check_random(&seed) % 1000 + 1;
    }
}

static void assert_same(const struct toc_digest *a, const struct toc_digest *b)
{
    assert_memory_equal(a->sum, b->sum, sizeof a->sum);
    assert_int_equal(a->count, b->count);
}

/* the order in which heads move does not matter. */
static void the_order_of_rows_does_not_matter(void **state)
{
    (void)state;
    make_rows(1);
    struct toc_digest forward = {0}, backward = {0};
    for (size_t i = 0; i < ROWS; i++) {
        toc_digest_replace(&forward, &none, &rows[i]);
        toc_digest_replace(&backward, &none, &rows[ROWS - 1 - i]);
    }
    assert_same(&forward, &backward);
    assert_int_equal(forward.count, ROWS);
}

/* it is a function of where the heads are, not of how they came there. */
static void the_way_of_a_head_does_not_matter(void **state)
{
    (void)state;
    make_rows(2);
    struct toc_digest at_once = {0}, in_steps = {0};
    uint64_t seed = 3;
    for (size_t i = 0; i < ROWS; i++) {
        toc_digest_replace(&at_once, &none, &rows[i]);
        struct toc_row before = none;
        for (int step = 0; step < 5; step++) {
            struct toc_row after = rows[i];
            after.seq = check_random(&seed) % 1000 + 1;
            toc_digest_replace(&in_steps, &before, &after);
            before = after;
        }
        toc_digest_replace(&in_steps, &before, &rows[i]);
    }
    assert_same(&at_once, &in_steps);
}

/* Taking every row away again leaves nothing: the sum borrows as it has carried. */
static void rows_can_be_taken_back(void **state)
{
    (void)state;
    make_rows(4);
    struct toc_digest digest = {0};
    for (size_t i = 0; i < ROWS; i++) {
        toc_digest_replace(&digest, &none, &rows[i]);
    }
    for (size_t i = 0; i < ROWS; i++) {
        toc_digest_replace(&digest, &rows[i], &none);
    }
    assert_int_equal(digest.count, 0);
    assert_true(toc_is_zero(digest.sum, sizeof digest.sum));
}

/* log id, seq and hash all count; a row with seq 0 is no row. */
static void every_part_of_a_row_counts(void **state)
{
    (void)state;
    make_rows(5);
    struct toc_digest base = {0};
    toc_digest_replace(&base, &none, &rows[0]);
    for (int part = 0; part < 3; part++) {
        struct toc_row other = rows[0];
        other.log[31] ^= part == 0;
        other.seq += part == 1;
        other.hash[0] ^= part == 2;
        struct toc_digest digest = {0};
        toc_digest_replace(&digest, &none, &other);
        assert_memory_not_equal(digest.sum, base.sum, sizeof base.sum);
    }
    struct toc_row absent = rows[0];
    absent.seq = 0;
    struct toc_digest digest = base;
    toc_digest_replace(&digest, &absent, &absent);
    assert_same(&digest, &base);
}

/* to the byte. */
static void a_digest_is_as_written(void **state)
{
    (void)state;
    make_rows(6);
    struct toc_digest digest = {0};
    uint8_t row[TOC_ROW_BYTES], hash[32], input[40], full[32], got[TOC_DIGEST_BYTES];
    uint8_t key[32] = {9}, other_key[32] = {8};
    memcpy(row, rows[0].log, 32);
    toc_put_le64(row + 32, rows[0].seq);
    memcpy(row + 40, rows[0].hash, 32);
    struct toc_span part = toc_span(row, sizeof row);
    toc_hash(hash, TOC_CTX_H_ROW, &part, 1);
    toc_digest_replace(&digest, &none, &rows[0]);
    assert_memory_equal(digest.sum, hash, 32);
    memcpy(input, hash, 32);
    toc_put_le64(input + 32, 1);
    part = toc_span(input, sizeof input);
    toc_kdf(full, key, TOC_CTX_K_DIGEST, &part, 1);
    toc_digest_bytes(got, &digest, key);
    assert_memory_equal(got, full, TOC_DIGEST_BYTES);
    toc_digest_bytes(got, &digest, other_key);
    assert_memory_not_equal(got, full, TOC_DIGEST_BYTES);
}

/* to the byte: by the first 6 bits, and each bucket by its number. */
static void a_bucket_is_as_written(void **state)
{
    (void)state;
    make_rows(8);
    struct toc_digest digest = {0};
    uint8_t input[41], full[32], got[TOC_DIGEST_BYTES], other[TOC_DIGEST_BYTES], key[32] = {9};
    toc_digest_replace(&digest, &none, &rows[0]);
    memcpy(input, digest.sum, 32);
    toc_put_le64(input + 32, 1);
    input[40] = 63;
    struct toc_span part = toc_span(input, sizeof input);
    toc_kdf(full, key, TOC_CTX_K_BUCKET, &part, 1);
    toc_bucket_bytes(got, &digest, key, 63);
    assert_memory_equal(got, full, TOC_DIGEST_BYTES);
    toc_bucket_bytes(other, &digest, key, 62);
    assert_memory_not_equal(got, other, TOC_DIGEST_BYTES);
    uint8_t log[32] = {0};
    for (unsigned first = 0; first < 256; first++) {
        log[0] = (uint8_t)first;
        assert_int_equal(toc_bucket_of(log), first / 4);
    }
}

/* The sum is a number modulo 2^256, lowest byte first. */
static void the_sum_wraps(void **state)
{
    (void)state;
    make_rows(7);
    struct toc_digest digest;
    memset(digest.sum, 0xff, sizeof digest.sum);
    digest.count = 7;
    uint8_t row[TOC_ROW_BYTES], hash[32];
    toc_row_encode(row, &rows[0]);
    struct toc_span part = toc_span(row, sizeof row);
    toc_hash(hash, TOC_CTX_H_ROW, &part, 1);
    toc_digest_replace(&digest, &none, &rows[0]);
    size_t i = 0;
    while (hash[i] == 0) {
        i++;
    }
    hash[i]--; /* (2^256 - 1) + h = h - 1 */
    assert_memory_equal(digest.sum, hash, 32);
}

/* key, handshake, direction and group all enter a tag. */
static void a_tag_is_as_written(void **state)
{
    (void)state;
    uint8_t key[32] = {1}, handshake[32] = {2}, group[32] = {3}, input[65], full[32];
    uint8_t tag[TOC_TAG_BYTES], other[TOC_TAG_BYTES];
    memcpy(input, handshake, 32);
    input[32] = 1;
    memcpy(input + 33, group, 32);
    struct toc_span part = toc_span(input, sizeof input);
    toc_kdf(full, key, TOC_CTX_K_GROUP_TAG, &part, 1);
    toc_tag(tag, key, handshake, 1, group);
    assert_memory_equal(tag, full, TOC_TAG_BYTES);
    for (int part_number = 0; part_number < 4; part_number++) {
        key[5] = part_number == 0;
        handshake[5] = part_number == 1;
        group[5] = part_number == 3;
        toc_tag(other, key, handshake, part_number != 2, group);
        assert_memory_not_equal(tag, other, TOC_TAG_BYTES);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_order_of_rows_does_not_matter),
        cmocka_unit_test(the_way_of_a_head_does_not_matter),
        cmocka_unit_test(rows_can_be_taken_back),
        cmocka_unit_test(every_part_of_a_row_counts),
        cmocka_unit_test(a_digest_is_as_written),
        cmocka_unit_test(a_bucket_is_as_written),
        cmocka_unit_test(the_sum_wraps),
        cmocka_unit_test(a_tag_is_as_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
