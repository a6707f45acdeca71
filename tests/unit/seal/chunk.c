/* SPDX-License-Identifier: EUPL-1.2 */
/* Transfer chunks and payload hashes. */
#include "check.h"

#include "seal.h"

#define FIRST TOC_CHUNK_FIRST_BYTES
#define STEP TOC_CHUNK_SEALED_BYTES

static void counts_at_the_edges(void **state)
{
    (void)state;
    const struct {
        uint64_t len;
        size_t count;
    } rows[] = {
        {0, 0},
        {1, 1},
        {FIRST - 1, 1},
        {FIRST, 1},
        {FIRST + 1, 2},
        {FIRST + STEP, 2},
        {FIRST + STEP + 1, 3},
        {TOC_PAYLOAD_BYTES_MAX - 1, TOC_CHUNK_COUNT_MAX},
        {TOC_PAYLOAD_BYTES_MAX, TOC_CHUNK_COUNT_MAX},
        {TOC_PAYLOAD_BYTES_MAX + 1, TOC_CHUNK_COUNT_MAX + 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(toc_chunk_count(rows[i].len), rows[i].count);
    }
}

static void places_cover_the_payload_once(void **state)
{
    (void)state;
    const uint64_t lens[] = {
        1, 100, FIRST, FIRST + 1, 200000, FIRST + STEP, 3 * STEP + FIRST, TOC_PAYLOAD_BYTES_MAX};
    for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
        uint64_t end = 0;
        for (size_t c = 0; c < toc_chunk_count(lens[i]); c++) {
            struct toc_chunk_place place = toc_chunk_place(lens[i], c);
            assert_int_equal(place.offset, end);
            assert_in_range(place.len, 1, c == 0 ? FIRST : STEP);
            end += place.len;
        }
        assert_int_equal(end, lens[i]);
    }
}

/* a transfer chunk is exactly what one sealed chunk needs to be opened: the first with the
 * nonce. */
static void places_are_the_sealed_chunks(void **state)
{
    (void)state;
    struct toc_chunk_place place = toc_chunk_place(FIRST + STEP + 10, 1);
    assert_int_equal(place.offset, TOC_PAYLOAD_NONCE_BYTES + STEP);
    assert_int_equal(place.len, STEP);
    place = toc_chunk_place(FIRST + STEP + 10, 2);
    assert_int_equal(place.offset, TOC_PAYLOAD_NONCE_BYTES + 2 * STEP);
    assert_int_equal(place.len, 10);
}

/* */
static void a_root_is_had_from_the_payload_or_from_its_chunk_hashes(void **state)
{
    (void)state;
    const size_t lens[] = {FIRST + 2, FIRST + STEP, 200000};
    for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
        uint8_t *payload = calloc(1, lens[i]);
        uint8_t hashes[8 * TOC_HASH_BYTES], whole[TOC_HASH_BYTES], root[TOC_HASH_BYTES];
        size_t count = toc_chunk_count(lens[i]);
        assert_non_null(payload);
        for (size_t c = 0; c < count; c++) {
            struct toc_chunk_place place = toc_chunk_place(lens[i], c);
            toc_chunk_hash(hashes + c * TOC_HASH_BYTES,
                           toc_span(payload + place.offset, place.len));
        }
        toc_payload_hash(whole, toc_span(payload, lens[i]));
        toc_chunks_root(root, lens[i], hashes, count);
        assert_memory_equal(root, whole, sizeof root);
        /* The length is hashed too: the same hashes under another length are another root. */
        toc_chunks_root(root, lens[i] - 1, hashes, count);
        assert_memory_not_equal(root, whole, sizeof root);
        payload[lens[i] - 1] = 1;
        toc_payload_hash(root, toc_span(payload, lens[i]));
        assert_memory_not_equal(root, whole, sizeof root);
        free(payload);
    }
}

static void one_chunk_is_hashed_as_a_payload(void **state)
{
    (void)state;
    static const uint8_t payload[FIRST];
    const size_t lens[] = {0, 1, FIRST};
    for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
        struct toc_span span = toc_span(payload, lens[i]);
        uint8_t hash[TOC_HASH_BYTES], wanted[TOC_HASH_BYTES];
        toc_payload_hash(hash, span);
        toc_hash(wanted, TOC_CTX_H_PAYLOAD, &span, 1);
        assert_memory_equal(hash, wanted, sizeof hash);
        toc_chunk_hash(wanted, span);
        assert_memory_not_equal(hash, wanted, sizeof hash);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_at_the_edges),
        cmocka_unit_test(places_cover_the_payload_once),
        cmocka_unit_test(places_are_the_sealed_chunks),
        cmocka_unit_test(a_root_is_had_from_the_payload_or_from_its_chunk_hashes),
        cmocka_unit_test(one_chunk_is_hashed_as_a_payload),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
