/* SPDX-License-Identifier: EUPL-1.2 */
/* A range against where the log stands: every refusal by its code, with the head unchanged. */
#include "check.h"
#include "chain.h"

static struct chain chain, branch;
static uint8_t memory[TOC_RANGE_BYTES_MAX];
static uint8_t other[TOC_RANGE_BYTES_MAX];
static const struct toc_room room = {memory, sizeof memory};

static void grow(struct chain *grown, uint64_t seed, size_t count, uint32_t payload_bytes)
{
    chain_init(grown, seed);
    for (size_t i = 0; i < count; i++) {
        chain_add(grown, payload_bytes, i % 13 == 5 ? 2 : 1);
    }
}

/* Checks against `head`; on refusal the output is untouched. */
static enum toc_code check_range(struct toc_span range, const struct toc_log_head *head,
                                 struct toc_log_head *after)
{
    const struct toc_log_head head_before = *head;
    struct toc_log_head untouched;
    struct toc_log_head out;
    memset(&out, 0x5a, sizeof out);
    memcpy(&untouched, &out, sizeof out);
    enum toc_code code =
        toc_range_check(range, chain.federation, chain.keys.public_key, head, &out).code;
    if (code != TOC_OK) {
        assert_memory_equal(&out, &untouched, sizeof out);
    } else if (after != NULL) {
        *after = out;
    }
    assert_memory_equal(head, &head_before, sizeof head_before);
    return code;
}

static void assert_head(const struct toc_log_head *got, const struct toc_log_head *wanted)
{
    assert_int_equal(got->seq, wanted->seq);
    assert_memory_equal(got->hash, wanted->hash, TOC_HASH_BYTES);
    assert_int_equal(got->utc.ms, wanted->utc.ms);
    assert_int_equal(got->checkpoint_seq, wanted->checkpoint_seq);
    assert_int_equal(got->open_bytes, wanted->open_bytes);
}

/* Every first and last of one block, from every head: exactly the ranges that follow pass. */
static void every_place_of_a_range_has_its_code(void **state)
{
    (void)state;
    grow(&chain, 11, 12, 40);
    for (uint64_t at = 0; at <= 12; at++) {
        const struct toc_log_head head = chain_head(&chain, at);
        for (uint64_t first = 1; first <= 12; first++) {
            for (uint64_t last = first; last <= 12; last++) {
                struct toc_log_head after;
                const struct toc_log_head wanted = chain_head(&chain, last);
                struct toc_span range = chain_range(&chain, first, last, (first + last) % 2, room);
                enum toc_code code = check_range(range, &head, &after);
                if (last <= at) {
                    assert_int_equal(code, TOC_STALE); /* */
                } else if (first > at + 1) {
                    assert_int_equal(code, TOC_CHAIN); /* */
                } else {
                    assert_int_equal(code, TOC_OK);
                    assert_head(&after, &wanted);
                }
            }
        }
    }
    chain_clear(&chain);
}

/* whoever did not sign the last header has said nothing. */
static void only_the_last_headers_signature_counts(void **state)
{
    (void)state;
    grow(&chain, 12, 4, 40);
    grow(&branch, 13, 1, 40);
    const struct toc_log_head head = {0};
    struct toc_span range = chain_range(&chain, 1, 4, true, room);
    uint8_t *sig = memory + range.len - TOC_SIG_BYTES;
    assert_int_equal(check_range(range, &head, NULL), TOC_OK);
    memcpy(sig, chain.entries[2].sig, TOC_SIG_BYTES);
    assert_int_equal(check_range(range, &head, NULL), TOC_SIGNATURE);
    memcpy(sig, chain.entries[3].sig, TOC_SIG_BYTES);
    struct toc_log_head out;
    assert_code(toc_range_check(range, chain.log, chain.keys.public_key, &head, &out),
                TOC_SIGNATURE); /* another federation */
    assert_code(toc_range_check(range, chain.federation, branch.keys.public_key, &head, &out),
                TOC_SIGNATURE); /* another node */
    chain_clear(&chain);
    chain_clear(&branch);
}

/* A second branch of the same log from entry `seq` on, signed by the same key. */
static void fork_at(uint64_t seq, size_t count)
{
    chain_init(&branch, 99);
    branch.keys = chain.keys;
    memcpy(branch.log, chain.log, TOC_ID_BYTES);
    for (uint64_t i = 1; i < seq; i++) {
        branch.entries[i - 1] = chain.entries[i - 1];
        branch.entries[i - 1].payload = calloc(1, chain.entries[i - 1].header.payload_bytes + 1);
        memcpy(branch.entries[i - 1].payload, chain.entries[i - 1].payload,
               chain.entries[i - 1].header.payload_bytes);
    }
    branch.count = seq - 1;
    branch.head = chain_head(&chain, seq - 1);
    for (size_t i = 0; i < count; i++) {
        chain_add(&branch, 33, 1);
    }
}

/* */
static void a_signed_branch_is_a_fork(void **state)
{
    (void)state;
    grow(&chain, 14, 8, 40);
    fork_at(5, 5);
    const struct toc_log_head head = chain_head(&chain, 6);
    assert_int_equal(check_range(chain_range(&branch, 1, 9, true, room), &head, NULL), TOC_FORK);
    assert_int_equal(check_range(chain_range(&branch, 6, 9, true, room), &head, NULL), TOC_FORK);
    /* Without the entry at the head's number it only does not fit. */
    assert_int_equal(check_range(chain_range(&branch, 7, 9, true, room), &head, NULL), TOC_CHAIN);
    /* without the author's signature there is no fork to speak of. */
    struct toc_span range = chain_range(&branch, 1, 9, true, room);
    memory[range.len - 1] ^= 1;
    assert_int_equal(check_range(range, &head, NULL), TOC_SIGNATURE);
    /* The common prefix is no fork. */
    const struct toc_log_head early = chain_head(&chain, 4);
    assert_int_equal(check_range(chain_range(&branch, 3, 9, true, room), &early, NULL), TOC_OK);
    chain_clear(&chain);
    chain_clear(&branch);
}

/* across the seam of head and range, an unknown version between them or not. */
static void time_order_holds_across_the_seam(void **state)
{
    (void)state;
    grow(&chain, 15, 8, 40); /* entry 6 is of an unknown version */
    struct toc_log_head head = chain_head(&chain, 4);
    struct toc_span range = chain_range(&chain, 5, 8, true, room);
    assert_int_equal(check_range(range, &head, NULL), TOC_OK);
    head.utc = chain.entries[4].header.utc;
    assert_int_equal(check_range(range, &head, NULL), TOC_MALFORMED);
    head = chain_head(&chain, 5);
    range = chain_range(&chain, 6, 8, true, room);
    assert_int_equal(check_range(range, &head, NULL), TOC_OK);
    head.utc = chain.entries[6].header.utc;
    assert_int_equal(check_range(range, &head, NULL), TOC_MALFORMED);
    chain_clear(&chain);
}

/* A range that was signed but holds a boundary: built by hand, since no honest node makes it. */
static void blocks_end_where_the_rule_says(void **state)
{
    (void)state;
    chain_init(&chain, 16);
    for (int i = 0; i < 9; i++) {
        chain_add(&chain, 65000, 1);
    }
    /* 65,000 x 5 reaches 262,144 at entry 5. */
    assert_int_equal(chain_head(&chain, 5).checkpoint_seq, 5);
    struct toc_log_head after;
    struct toc_log_head head = {0};
    /* */
    assert_int_equal(check_range(chain_range(&chain, 1, 6, false, room), &head, NULL),
                     TOC_MALFORMED);
    assert_int_equal(check_range(chain_range(&chain, 1, 5, false, room), &head, &after), TOC_OK);
    assert_int_equal(after.checkpoint_seq, 5);
    assert_int_equal(after.open_bytes, 0);
    /* Seen from the range alone 3..7 could be one block; the head knows better. */
    head = chain_head(&chain, 2);
    assert_int_equal(check_range(chain_range(&chain, 3, 7, false, room), &head, NULL),
                     TOC_MALFORMED);
    assert_int_equal(check_range(chain_range(&chain, 3, 5, false, room), &head, NULL), TOC_OK);
    head = chain_head(&chain, 6);
    assert_int_equal(check_range(chain_range(&chain, 4, 7, false, room), &head, NULL),
                     TOC_MALFORMED);
    assert_int_equal(check_range(chain_range(&chain, 6, 7, false, room), &head, NULL), TOC_OK);
    chain_clear(&chain);
}

/*
 * however entries arrive (one by one, in tails, in blocks, overlapping), the blocks cut from
 * them are the same bytes.
 */
static void blocks_are_the_same_however_entries_arrive(void **state)
{
    (void)state;
    static uint8_t singles[64][140000];
    struct toc_span parts[64];
    chain_init(&chain, 17);
    for (int i = 0; i < 300; i++) {
        uint64_t noise = chain_random(&chain);
        uint32_t bytes = noise % 11 == 0 ? 90000 : noise % 7 == 0 ? 30000 : (uint32_t)noise % 1500;
        chain_add(&chain, bytes, noise % 17 == 0 ? 5 : 1);
    }
    size_t block_count = 0;
    size_t by_bytes = 0;
    for (uint64_t first = 1; first <= 300; block_count++) {
        uint64_t last = chain_block_end(&chain, first);
        struct toc_log_head head = chain_head(&chain, first - 1);
        const struct toc_log_head wanted = chain_head(&chain, last);
        by_bytes += last % 64 != 0;
        struct toc_span block = chain_range(&chain, first, last, true, room);
        struct toc_log_head after;
        assert_int_equal(check_range(block, &head, &after), TOC_OK);
        assert_head(&after, &wanted);
        /* Pieces of random sizes, each checked against the head that the one before left. */
        size_t part_count = 0;
        for (uint64_t from = first; from <= last; part_count++) {
            uint64_t to = from + chain_random(&chain) % 5;
            to = to > last ? last : to;
            parts[part_count] = chain_range(
                &chain, from, to, true, (struct toc_room){singles[part_count], sizeof singles[0]});
            assert_int_equal(check_range(parts[part_count], &head, &after), TOC_OK);
            head = after;
            from = to + 1;
        }
        assert_head(&head, &wanted);
        struct toc_span joined;
        assert_ok(
            toc_range_join(parts, part_count, (struct toc_room){other, sizeof other}, &joined));
        assert_span(joined, block);
        first = last + 1;
    }
    assert_true(block_count > 5 && by_bytes > 0);
    chain_clear(&chain);
}

/* No block that the rule can cut is larger than its limit. */
static void the_largest_block_fits_its_limit(void **state)
{
    (void)state;
    chain_init(&chain, 18);
    /* 62 entries just below 256 KiB in sum, then the largest inline payload, all verbatim. */
    for (int i = 0; i < 63; i++) {
        chain_add(&chain, 262143 / 63, 2);
    }
    chain_add(&chain, TOC_INLINE_BYTES_MAX, 2);
    const struct toc_log_head head = {0};
    struct toc_span range = chain_range(&chain, 1, 64, true, room);
    assert_int_equal(check_range(range, &head, NULL), TOC_OK);
    size_t longest = range.len + 64 * (TOC_HEADER_BYTES_MAX - CHAIN_HEADER_BYTES) + 63;
    assert_true(longest <= TOC_RANGE_BYTES_MAX);
    chain_clear(&chain);
}

/*
 * Every bit of a range counts: a flipped one is refused and moves nothing. `counted` tells how
 * many were refused; the control shows that the flips matter by leaving the signature out.
 */
static void a_flipped_bit_is_always_refused(void **state)
{
    (void)state;
    grow(&chain, 19, 9, 24);
    const struct toc_log_head heads[] = {{0}, chain_head(&chain, 3)};
    struct toc_span range = chain_range(&chain, 1, 9, true, room);
    size_t unsigned_passes = 0;
    for (size_t bit = 0; bit < range.len * 8; bit++) {
        struct toc_range_walk walk;
        struct toc_entry entry;
        memory[bit / 8] ^= (uint8_t)(1u << bit % 8);
        for (size_t i = 0; i < 2; i++) {
            enum toc_code code = check_range(range, &heads[i], NULL);
            if (code == TOC_OK) {
                print_error("bit %zu of byte %zu passes\n", bit % 8, bit / 8);
                fail();
            }
            assert_true(bit / 8 < range.len - TOC_SIG_BYTES || code == TOC_SIGNATURE);
        }
        /* Positive control: the walk alone verifies no signature and lets most flips pass. */
        struct toc_err err = toc_range_open(&walk, range);
        while (!toc_failed(err)) {
            err = toc_range_next(&walk, &entry);
        }
        unsigned_passes += err.code == TOC_ABSENT;
        memory[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_true(unsigned_passes > range.len * 8 / 4);
    assert_int_equal(check_range(range, &heads[0], NULL), TOC_OK);
    chain_clear(&chain);
}

/* Whatever is cut off either end of a range, or added, is refused. */
static void a_cut_range_is_refused(void **state)
{
    (void)state;
    grow(&chain, 20, 5, 24);
    const struct toc_log_head head = {0};
    struct toc_span range = chain_range(&chain, 1, 5, true, room);
    for (size_t cut = 0; cut < range.len; cut++) {
        assert_int_not_equal(check_range(toc_span(memory, cut), &head, NULL), TOC_OK);
        assert_int_not_equal(check_range(toc_span(memory + range.len - cut, cut), &head, NULL),
                             TOC_OK);
    }
    memory[range.len] = 0;
    assert_int_not_equal(check_range(toc_span(memory, range.len + 1), &head, NULL), TOC_OK);
    chain_clear(&chain);
}

/* Verifying in any order and applying in order gives the same head as checking in order. */
static void proofs_apply_later(void **state)
{
    (void)state;
    static struct toc_range_proof proofs[3];
    chain_init(&chain, 21);
    for (int i = 0; i < 192; i++) {
        chain_add(&chain, 10, 1);
    }
    for (size_t i = 3; i-- > 0;) {
        struct toc_span range = chain_range(&chain, 64 * i + 1, 64 * i + 64, true, room);
        assert_ok(toc_range_verify(range, chain.federation, chain.keys.public_key, &proofs[i]));
    }
    struct toc_log_head head = {0};
    assert_code(toc_range_apply(&proofs[1], &head, &head), TOC_CHAIN);
    assert_int_equal(head.seq, 0);
    for (size_t i = 0; i < 3; i++) {
        assert_ok(toc_range_apply(&proofs[i], &head, &head));
        assert_code(toc_range_apply(&proofs[i], &head, &head), TOC_STALE);
    }
    const struct toc_log_head wanted = chain_head(&chain, 192);
    assert_head(&head, &wanted);
    assert_true(proofs[0].detached == 0);
    assert_ok(toc_range_verify(chain_range(&chain, 1, 3, false, room), chain.federation,
                               chain.keys.public_key, &proofs[0]));
    assert_true(proofs[0].detached == 7);
    chain_clear(&chain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_place_of_a_range_has_its_code),
        cmocka_unit_test(only_the_last_headers_signature_counts),
        cmocka_unit_test(a_signed_branch_is_a_fork),
        cmocka_unit_test(time_order_holds_across_the_seam),
        cmocka_unit_test(blocks_end_where_the_rule_says),
        cmocka_unit_test(blocks_are_the_same_however_entries_arrive),
        cmocka_unit_test(the_largest_block_fits_its_limit),
        cmocka_unit_test(a_flipped_bit_is_always_refused),
        cmocka_unit_test(a_cut_range_is_refused),
        cmocka_unit_test(proofs_apply_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
