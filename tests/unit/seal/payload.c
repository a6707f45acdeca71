/* SPDX-License-Identifier: EUPL-1.2 */
/* Payloads: padding, sealing in chunks, and everything that must not open. */
#include "check.h"

#include "raw.h"
#include "seal.h"

static const uint8_t key[32] = {1}, nonce19[TOC_PAYLOAD_NONCE_BYTES] = {2};
static const uint8_t ad_bytes[] = {3, 4, 5};

static struct toc_span ad(void)
{
    return toc_span(ad_bytes, sizeof ad_bytes);
}

/* Content of a length, and its payload. */
struct sealed {
    uint8_t *content, *payload;
    size_t content_len, len;
};

static struct sealed sealed_content(size_t content_len)
{
    struct sealed sealed = {NULL, NULL, content_len, toc_payload_bytes(content_len)};
    uint64_t seed = content_len;
    sealed.content = malloc(content_len + 1);
    sealed.payload = malloc(sealed.len);
    assert_non_null(sealed.content);
    assert_non_null(sealed.payload);
    check_random_fill(&seed, sealed.content, content_len);
    toc_payload_seal(sealed.payload, toc_span(sealed.content, content_len), key, ad(), nonce19);
    return sealed;
}

static void release(struct sealed *sealed)
{
    free(sealed->content);
    free(sealed->payload);
}

/* Neither opens nor leaves anything, in a room of its own. */
static void refuses(struct toc_span payload, struct toc_span with, enum toc_code code)
{
    uint8_t *out = malloc(payload.len + 1);
    struct toc_span content = toc_span(nonce19, 5);
    assert_non_null(out);
    memset(out, 0xaa, payload.len + 1);
    assert_code(toc_payload_open(out, &content, payload, key, with), code);
    assert_null(content.at);
    assert_int_equal(content.len, 0);
    assert_true(toc_is_zero(out, payload.len));
    assert_int_equal(out[payload.len], 0xaa);
    free(out);
}

/* Nikitin et al., section 4: E is the exponent, and the mantissa keeps as many bits as E has. */
static void padme_costs_at_most_an_eighth_and_has_few_sizes(void **state)
{
    (void)state;
    const struct {
        uint64_t len, padded;
    } rows[] = {
        {0, 0},       {1, 1},       {2, 2},
        {3, 3},       {4, 4},       {7, 7},
        {8, 8},       {9, 10},      {15, 16},
        {17, 18},     {31, 32},     {33, 36},
        {63, 64},     {65, 72},     {255, 256},
        {1000, 1024}, {1025, 1088}, {(uint64_t)1 << 62, (uint64_t)1 << 62},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(toc_padme(rows[i].len), rows[i].padded);
    }
    uint64_t before = 0;
    size_t sizes = 0;
    for (uint64_t len = 1; len <= 1 << 20; len++) {
        uint64_t padded = toc_padme(len);
        assert_true(padded >= len && padded >= before && padded * 100 <= len * 112);
        assert_int_equal(toc_padme(padded), padded);
        sizes += padded != before;
        before = padded;
    }
    assert_int_equal(sizes, 300); /* of a million lengths */
}

static void sizes_follow_the_layout(void **state)
{
    (void)state;
    const struct {
        size_t content, payload;
    } rows[] = {
        {0, 19 + 4 + 16},
        {1, 19 + 5 + 16},
        {60, 19 + 64 + 16},
        {61, 19 + 72 + 16},
        {65532, 19 + 65536 + 16},
        {65533, 19 + 67584 + 2 * 16},
        {TOC_CONTENT_BYTES_MAX, TOC_PAYLOAD_BYTES_MAX},
        {TOC_CONTENT_BYTES_MAX + 1, 0},
        {SIZE_MAX, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(toc_payload_bytes(rows[i].content), rows[i].payload);
    }
}

static void what_is_sealed_opens_also_in_place(void **state)
{
    (void)state;
    const size_t lens[] = {0, 1, 59, 60, 61, 1000, 65531, 65532, 65533, 131068, 131069, 300000};
    for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
        struct sealed sealed = sealed_content(lens[i]);
        uint8_t *out = malloc(sealed.len);
        struct toc_span content;
        struct toc_span payload = toc_span(sealed.payload, sealed.len);
        assert_non_null(out);
        assert_ok(toc_payload_open(out, &content, payload, key, ad()));
        assert_span(content, toc_span(sealed.content, lens[i]));
        assert_ok(toc_payload_open(sealed.payload, &content, payload, key, ad()));
        assert_span(content, toc_span(sealed.content, lens[i]));
        assert_true(content.at >= sealed.payload);
        free(out);
        release(&sealed);
    }
}

static void the_largest_content_has_the_most_chunks(void **state)
{
    (void)state;
    struct sealed sealed = sealed_content(TOC_CONTENT_BYTES_MAX);
    struct toc_span content;
    assert_int_equal(toc_chunk_count(sealed.len), TOC_CHUNK_COUNT_MAX);
    assert_ok(toc_payload_open(sealed.payload, &content, toc_span(sealed.payload, sealed.len), key,
                               ad()));
    assert_span(content, toc_span(sealed.content, sealed.content_len));
    release(&sealed);
}

static void every_bit_of_a_payload_counts(void **state)
{
    (void)state;
    struct sealed sealed = sealed_content(30);
    struct toc_span payload = toc_span(sealed.payload, sealed.len);
    for (size_t bit = 0; bit < 8 * sealed.len; bit++) {
        sealed.payload[bit / 8] = (uint8_t)(sealed.payload[bit / 8] ^ 1 << bit % 8);
        refuses(payload, ad(), TOC_DECRYPT);
        sealed.payload[bit / 8] = (uint8_t)(sealed.payload[bit / 8] ^ 1 << bit % 8);
    }
    refuses(payload, toc_span(ad_bytes, sizeof ad_bytes - 1), TOC_DECRYPT);
    refuses(payload, toc_span(NULL, 0), TOC_DECRYPT);
    release(&sealed);
}

static void no_cut_or_longer_payload_opens(void **state)
{
    (void)state;
    struct sealed sealed = sealed_content(30);
    for (size_t len = 0; len < sealed.len; len++) {
        refuses(toc_span(sealed.payload, len), ad(),
                len < toc_payload_bytes(0) ? TOC_TRUNCATED : TOC_DECRYPT);
    }
    release(&sealed);
    /* A multiple of chunks with what is left too short for a byte and a tag. */
    uint8_t *big = calloc(1, TOC_CHUNK_FIRST_BYTES + TOC_RAW_TAG_BYTES + 1);
    assert_non_null(big);
    refuses(toc_span(big, TOC_CHUNK_FIRST_BYTES), ad(), TOC_DECRYPT);
    refuses(toc_span(big, TOC_CHUNK_FIRST_BYTES + 1), ad(), TOC_TRUNCATED);
    refuses(toc_span(big, TOC_CHUNK_FIRST_BYTES + TOC_RAW_TAG_BYTES), ad(), TOC_TRUNCATED);
    refuses(toc_span(big, TOC_CHUNK_FIRST_BYTES + TOC_RAW_TAG_BYTES + 1), ad(), TOC_DECRYPT);
    free(big);
}

static void a_payload_above_the_limit_is_not_touched(void **state)
{
    (void)state;
    uint8_t out[16];
    struct toc_span content = toc_span(nonce19, 5);
    memset(out, 0xaa, sizeof out);
    assert_code(
        toc_payload_open(out, &content, toc_span(nonce19, TOC_PAYLOAD_BYTES_MAX + 1), key, ad()),
        TOC_LIMIT);
    assert_int_equal(content.len, 0);
    assert_int_equal(out[0], 0xaa);
}

/* the chunks of one payload dropped, swapped, repeated, or taken for the last. */
static void chunks_stay_in_their_places(void **state)
{
    (void)state;
    struct sealed sealed = sealed_content(200000);
    const size_t first = TOC_PAYLOAD_NONCE_BYTES, step = TOC_CHUNK_SEALED_BYTES;
    uint8_t *kept = malloc(step);
    assert_non_null(kept);
    memcpy(kept, sealed.payload + first, step);
    /* Swapped. */
    memcpy(sealed.payload + first, sealed.payload + first + step, step);
    memcpy(sealed.payload + first + step, kept, step);
    refuses(toc_span(sealed.payload, sealed.len), ad(), TOC_DECRYPT);
    /* Repeated. */
    memcpy(sealed.payload + first, kept, step);
    refuses(toc_span(sealed.payload, sealed.len), ad(), TOC_DECRYPT);
    release(&sealed);
    sealed = sealed_content(200000);
    /* Cut behind a whole chunk: what is last now does not say so. */
    for (size_t chunks = 1; chunks < 3; chunks++) {
        refuses(toc_span(sealed.payload, first + chunks * step), ad(), TOC_DECRYPT);
    }
    /* The first dropped. */
    memmove(sealed.payload + first, sealed.payload + first + step, sealed.len - first - step);
    refuses(toc_span(sealed.payload, sealed.len - step), ad(), TOC_DECRYPT);
    free(kept);
    release(&sealed);
}

/* Seals padded plaintext as it stands: what a member with the key could send. */
static size_t seal_padded(uint8_t *out, const uint8_t *padded, size_t len)
{
    uint8_t nonce[TOC_RAW_XCHACHA_NONCE_BYTES] = {0};
    struct toc_raw_lock lock = {TOC_RAW_XCHACHA, key, nonce, ad()};
    memcpy(nonce, nonce19, sizeof nonce19);
    memcpy(out, nonce19, sizeof nonce19);
    nonce[23] = 1;
    toc_raw_seal(out + sizeof nonce19, toc_span(padded, len), &lock);
    return sizeof nonce19 + len + TOC_RAW_TAG_BYTES;
}

/* */
static void only_the_one_padding_is_accepted(void **state)
{
    (void)state;
    const struct {
        const char *name;
        uint32_t length;
        size_t padded;
        size_t stain; /* offset of a byte that is not zero; 0 for none */
        enum toc_code code;
    } rows[] = {
        {"as sealed", 61, 72, 0, TOC_OK},
        {"as sealed, content not zero", 61, 72, 64, TOC_OK},
        {"first byte of the padding", 61, 72, 65, TOC_MALFORMED},
        {"last byte of the padding", 61, 72, 71, TOC_MALFORMED},
        {"one byte more than padded", 61, 73, 0, TOC_MALFORMED},
        {"the next size up", 61, 80, 0, TOC_MALFORMED},
        {"unpadded", 61, 65, 0, TOC_MALFORMED},
        {"length beyond the end", 69, 72, 0, TOC_MALFORMED},
        {"length that belongs to less", 60, 72, 0, TOC_MALFORMED},
        {"length 2^32 - 1", UINT32_MAX, 72, 0, TOC_MALFORMED},
        {"length 2^32 - 4, whose sum wraps", UINT32_MAX - 3, 72, 0, TOC_MALFORMED},
        {"empty", 0, 4, 0, TOC_OK},
        {"empty with a byte behind", 0, 5, 0, TOC_MALFORMED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t padded[128] = {0}, payload[256], out[256];
        struct toc_span content;
        toc_put_le32(padded, rows[i].length);
        if (rows[i].stain != 0) {
            padded[rows[i].stain] = 7;
        }
        size_t len = seal_padded(payload, padded, rows[i].padded);
        if (rows[i].code == TOC_OK) {
            assert_ok(toc_payload_open(out, &content, toc_span(payload, len), key, ad()));
            assert_int_equal(content.len, rows[i].length);
        } else {
            print_message("%s\n", rows[i].name);
            refuses(toc_span(payload, len), ad(), rows[i].code);
        }
    }
}

/* Less plaintext than the length field, although the tag is right. */
static void fewer_than_four_bytes_are_refused(void **state)
{
    (void)state;
    const uint8_t padded[4] = {0};
    uint8_t payload[64];
    for (size_t len = 1; len < 4; len++) {
        refuses(toc_span(payload, seal_padded(payload, padded, len)), ad(), TOC_TRUNCATED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(padme_costs_at_most_an_eighth_and_has_few_sizes),
        cmocka_unit_test(sizes_follow_the_layout),
        cmocka_unit_test(what_is_sealed_opens_also_in_place),
        cmocka_unit_test(the_largest_content_has_the_most_chunks),
        cmocka_unit_test(every_bit_of_a_payload_counts),
        cmocka_unit_test(no_cut_or_longer_payload_opens),
        cmocka_unit_test(a_payload_above_the_limit_is_not_touched),
        cmocka_unit_test(chunks_stay_in_their_places),
        cmocka_unit_test(only_the_one_padding_is_accepted),
        cmocka_unit_test(fewer_than_four_bytes_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
