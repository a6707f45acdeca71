/* SPDX-License-Identifier: EUPL-1.2 */
/* evidence of two entries for one number. */
#include "chain.h"
#include "check.h"

static struct chain chain, branch;
static uint8_t a_bytes[TOC_RANGE_BYTES_MAX], b_bytes[TOC_RANGE_BYTES_MAX];
static uint8_t memory[TOC_FORK_BYTES_MAX], other[TOC_FORK_BYTES_MAX];
static const struct toc_room room = {memory, sizeof memory};

static struct toc_span a_range(uint64_t first, uint64_t last)
{
    return chain_range(&chain, first, last, true, (struct toc_room){a_bytes, sizeof a_bytes});
}

static struct toc_span b_range(uint64_t first, uint64_t last)
{
    return chain_range(&branch, first, last, true, (struct toc_room){b_bytes, sizeof b_bytes});
}

/* A log of 8 entries and another branch of it that differs from entry 5 on. */
static int grow(void **state)
{
    (void)state;
    chain_init(&chain, 41);
    chain_init(&branch, 41);
    for (int i = 0; i < 8; i++) {
        if (i == 4) {
            branch.seed = 99;
        }
        chain_add(&chain, 40, i == 5 ? 3 : 1);
        chain_add(&branch, 40, i == 6 ? 3 : 1);
    }
    return 0;
}

static int shrink(void **state)
{
    (void)state;
    chain_clear(&chain);
    chain_clear(&branch);
    return 0;
}

static enum toc_code check_code_of(struct toc_span evidence, struct toc_fork *fork)
{
    struct toc_fork untouched;
    struct toc_fork out;
    memset(&out, 0x5a, sizeof out);
    memcpy(&untouched, &out, sizeof out);
    struct toc_err err = toc_fork_check(evidence, chain.federation, chain.keys.public_key, &out);
    if (toc_failed(err)) {
        assert_memory_equal(&out, &untouched, sizeof out);
    } else if (fork != NULL) {
        *fork = out;
    }
    return err.code;
}

/* However much of the branches one holds, the evidence is the same bytes. */
static void evidence_is_of_the_lowest_number(void **state)
{
    (void)state;
    struct toc_span first = {NULL, 0};
    for (uint64_t from_a = 1; from_a <= 5; from_a++) {
        for (uint64_t from_b = 1; from_b <= 5; from_b++) {
            struct toc_span evidence;
            struct toc_fork fork;
            bool swap = (from_a + from_b) % 2 == 1;
            struct toc_span a = a_range(from_a, 8);
            struct toc_span b = b_range(from_b, 8);
            assert_ok(toc_fork_make(swap ? b : a, swap ? a : b, room, &evidence));
            assert_int_equal(check_code_of(evidence, &fork), TOC_OK);
            assert_int_equal(fork.seq, 5);
            assert_memory_equal(fork.log, chain.log, TOC_ID_BYTES);
            assert_true(memcmp(fork.hash[0], fork.hash[1], TOC_HASH_BYTES) < 0);
            assert_true(memcmp(fork.hash[0], chain.entries[4].hash, TOC_HASH_BYTES) == 0 ||
                        memcmp(fork.hash[1], chain.entries[4].hash, TOC_HASH_BYTES) == 0);
            if (first.at == NULL) {
                memcpy(other, evidence.at, evidence.len);
                first = toc_span(other, evidence.len);
            }
            assert_span(evidence, first);
            struct toc_range_info info;
            assert_ok(toc_fork_peek(evidence, &info));
            assert_memory_equal(info.log, chain.log, TOC_ID_BYTES);
        }
    }
}

static void what_does_not_contradict_is_no_fork(void **state)
{
    (void)state;
    struct toc_span evidence = {NULL, 7};
    assert_code(toc_fork_make(a_range(1, 8), b_range(1, 4), room, &evidence), TOC_ABSENT);
    assert_code(toc_fork_make(a_range(1, 8), a_range(1, 8), room, &evidence), TOC_ABSENT);
    assert_code(toc_fork_make(a_range(1, 4), b_range(5, 8), room, &evidence), TOC_CHAIN);
    /* The dispute began before both. */
    assert_code(toc_fork_make(a_range(6, 8), b_range(6, 8), room, &evidence), TOC_CHAIN);
    assert_code(toc_fork_make(a_range(6, 8), b_range(1, 8), room, &evidence), TOC_CHAIN);
    struct toc_span a = a_range(1, 5);
    a_bytes[1] ^= 1; /* another log */
    assert_code(toc_fork_make(a, b_range(1, 8), room, &evidence), TOC_CHAIN);
    assert_int_equal(evidence.len, 7);
}

/* Nobody is accused by bytes that he has not signed. */
static void a_flipped_bit_is_no_evidence(void **state)
{
    (void)state;
    struct toc_span evidence;
    assert_ok(toc_fork_make(a_range(1, 8), b_range(1, 8), room, &evidence));
    for (size_t bit = 0; bit < evidence.len * 8; bit++) {
        memory[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_not_equal(check_code_of(evidence, NULL), TOC_OK);
        memory[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t cut = 0; cut < evidence.len; cut++) {
        assert_int_not_equal(check_code_of(toc_span(memory, cut), NULL), TOC_OK);
    }
    assert_int_equal(check_code_of(evidence, NULL), TOC_OK);
}

/* Two ranges put together by hand. */
static struct toc_span by_hand(struct toc_span a, struct toc_span b)
{
    memory[0] = 1;
    toc_put_le32(memory + 1, (uint32_t)a.len);
    memcpy(memory + 5, a.at, a.len);
    memcpy(memory + 5 + a.len, b.at, b.len);
    return toc_span(memory, 5 + a.len + b.len);
}

static struct toc_span headers(const struct chain *of, uint64_t first, uint8_t *out)
{
    return chain_range(of, first, 8, false, (struct toc_room){out, TOC_RANGE_BYTES_MAX});
}

static void evidence_has_one_form(void **state)
{
    (void)state;
    const uint8_t *const hashes[] = {chain.entries[4].hash, branch.entries[4].hash};
    bool a_first = memcmp(hashes[0], hashes[1], TOC_HASH_BYTES) < 0;
    const struct chain *low = a_first ? &chain : &branch;
    const struct chain *high = a_first ? &branch : &chain;
    struct toc_span good = by_hand(headers(low, 5, a_bytes), headers(high, 5, b_bytes));
    assert_int_equal(check_code_of(good, NULL), TOC_OK);
    assert_int_equal(
        check_code_of(by_hand(headers(high, 5, a_bytes), headers(low, 5, b_bytes)), NULL),
        TOC_MALFORMED);
    assert_int_equal(
        check_code_of(by_hand(headers(low, 5, a_bytes), headers(low, 5, b_bytes)), NULL),
        TOC_MALFORMED);
    assert_int_equal(
        check_code_of(by_hand(headers(low, 4, a_bytes), headers(high, 4, b_bytes)), NULL),
        TOC_MALFORMED); /* entry 4 is no dispute */
    assert_int_equal(
        check_code_of(by_hand(headers(low, 5, a_bytes), headers(high, 6, b_bytes)), NULL),
        TOC_MALFORMED);
    assert_int_equal(
        check_code_of(by_hand(headers(low, 6, a_bytes), headers(high, 6, b_bytes)), NULL),
        TOC_MALFORMED); /* the dispute began before */
    struct toc_span with = chain_range(low, 5, 8, true, (struct toc_room){a_bytes, 65536});
    assert_int_equal(check_code_of(by_hand(with, headers(high, 5, b_bytes)), NULL), TOC_MALFORMED);
    good = by_hand(headers(low, 5, a_bytes), headers(high, 5, b_bytes));
    memory[0] = 2;
    assert_int_equal(check_code_of(good, NULL), TOC_VERSION);
    memory[0] = 1;
    assert_int_equal(check_code_of(toc_span(memory, sizeof memory + 1), NULL), TOC_LIMIT);
}

static void too_little_memory_is_full(void **state)
{
    (void)state;
    struct toc_span evidence = {NULL, 7};
    struct toc_span a = a_range(1, 8);
    struct toc_span b = b_range(1, 8);
    struct toc_span whole;
    assert_ok(toc_fork_make(a, b, room, &whole));
    for (size_t len = 0; len < whole.len; len++) {
        assert_code(toc_fork_make(a, b, (struct toc_room){other, len}, &evidence), TOC_FULL);
        assert_int_equal(evidence.len, 7);
    }
}

static void the_smaller_evidence_wins(void **state)
{
    (void)state;
    struct toc_fork a = {.seq = 5};
    struct toc_fork b = a;
    assert_int_equal(toc_fork_compare(&a, &b), 0);
    b.hash[1][31] = 1;
    assert_true(toc_fork_compare(&a, &b) < 0 && toc_fork_compare(&b, &a) > 0);
    a.hash[0][0] = 1;
    assert_true(toc_fork_compare(&a, &b) > 0);
    b.seq = 6;
    assert_true(toc_fork_compare(&a, &b) < 0 && toc_fork_compare(&b, &a) > 0);
}

/* Two whole blocks of unknown headers of the greatest length are the largest evidence. */
static void the_largest_evidence_fits_its_limit(void **state)
{
    (void)state;
    size_t longest = 5 + 2 * (83 + 64 + TOC_CHECKPOINT_ENTRIES * (3 + TOC_HEADER_BYTES_MAX));
    assert_true(longest <= TOC_FORK_BYTES_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(evidence_is_of_the_lowest_number),
        cmocka_unit_test(what_does_not_contradict_is_no_fork),
        cmocka_unit_test(a_flipped_bit_is_no_evidence),
        cmocka_unit_test(evidence_has_one_form),
        cmocka_unit_test(too_little_memory_is_full),
        cmocka_unit_test(the_smaller_evidence_wins),
        cmocka_unit_test(the_largest_evidence_fits_its_limit),
    };
    return cmocka_run_group_tests(tests, grow, shrink);
}
