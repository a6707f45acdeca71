/* SPDX-License-Identifier: EUPL-1.2 */
#include "chain.h"
#include "check.h"

static struct chain chain;

/* */
static void a_header_follows_its_predecessor_alone(void **state)
{
    (void)state;
    chain_init(&chain, 1);
    chain_add(&chain, 10, 1);
    chain_add(&chain, 10, 1);
    struct toc_log_head head = chain_head(&chain, 1);
    const struct toc_log_head before = head;
    const struct chain_entry *second = &chain.entries[1];
    struct toc_header header = second->header;
    header.seq = 3;
    assert_code(toc_log_advance(&head, &header, second->hash), TOC_CHAIN);
    header.seq = 1;
    assert_code(toc_log_advance(&head, &header, second->hash), TOC_CHAIN);
    header = second->header;
    header.prev[31] ^= 1;
    assert_code(toc_log_advance(&head, &header, second->hash), TOC_CHAIN);
    assert_memory_equal(&head, &before, sizeof head);
    assert_ok(toc_log_advance(&head, &second->header, second->hash));
    assert_int_equal(head.seq, 2);
    assert_memory_equal(head.hash, second->hash, TOC_HASH_BYTES);
    assert_int_equal(head.utc.ms, second->header.utc.ms);
    assert_int_equal(head.open_bytes, 20);
    chain_clear(&chain);
}

/* */
static void time_goes_forward(void **state)
{
    (void)state;
    chain_init(&chain, 2);
    chain_add(&chain, 10, 1);
    chain_add(&chain, 10, 1);
    struct toc_log_head head = chain_head(&chain, 1);
    const struct toc_log_head before = head;
    struct toc_header header = chain.entries[1].header;
    header.utc = head.utc;
    assert_code(toc_log_advance(&head, &header, chain.entries[1].hash), TOC_MALFORMED);
    header.utc.ms--;
    assert_code(toc_log_advance(&head, &header, chain.entries[1].hash), TOC_MALFORMED);
    assert_memory_equal(&head, &before, sizeof head);
    header.utc.ms += 2;
    assert_ok(toc_log_advance(&head, &header, chain.entries[1].hash));
    chain_clear(&chain);
}

/* an unknown version's time is not known, so it neither moves nor breaks the order. */
static void an_unknown_version_has_no_time(void **state)
{
    (void)state;
    chain_init(&chain, 3);
    chain_add(&chain, 10, 1);
    struct toc_utc first = chain.head.utc;
    chain_add(&chain, 10, 9);
    assert_int_equal(chain.head.utc.ms, first.ms);
    assert_int_equal(chain.head.seq, 2);
    chain_clear(&chain);
}

/* entry 64, 128 … ends a block. */
static void every_64th_entry_is_a_checkpoint(void **state)
{
    (void)state;
    struct toc_log_head head = {0};
    for (uint64_t seq = 1; seq <= 200; seq++) {
        struct toc_header header = {.version = 1, .seq = seq, .utc = {seq}, .payload_bytes = 10};
        bool wanted = seq % 64 == 0;
        assert_int_equal(toc_log_is_checkpoint(&head, header.payload_bytes), wanted);
        memcpy(header.prev, head.hash, TOC_HASH_BYTES);
        assert_ok(toc_log_advance(&head, &header, head.hash));
        assert_int_equal(head.checkpoint_seq, seq / 64 * 64);
        assert_int_equal(head.open_bytes, (seq % 64) * 10);
    }
}

/* so does the entry at which 256 KiB are reached, and it counts from there anew. */
static void the_byte_rule_cuts_at_256_kib(void **state)
{
    (void)state;
    const struct {
        uint32_t payload_bytes;
        bool checkpoint;
    } rows[] = {
        {262143, false},
        {1, true},      /* exactly 262,144 */
        {262144, true}, /* one entry alone */
        {131072, false},
        {131071, false},
        {0, false},
        {1, true},
        {TOC_PAYLOAD_BYTES_MAX, true}, /* a detached payload counts in full */
        {65571, false},
        {65571, false},
        {65571, false},
        {65571, true},
        {1, false},
    };
    struct toc_log_head head = {0};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct toc_header header = {
            .version = 1, .seq = i + 1, .utc = {i + 1}, .payload_bytes = rows[i].payload_bytes};
        assert_int_equal(toc_log_is_checkpoint(&head, header.payload_bytes), rows[i].checkpoint);
        assert_ok(toc_log_advance(&head, &header, head.hash));
        assert_int_equal(head.checkpoint_seq == head.seq, rows[i].checkpoint);
        assert_true(!rows[i].checkpoint || head.open_bytes == 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_header_follows_its_predecessor_alone),
        cmocka_unit_test(time_goes_forward),
        cmocka_unit_test(an_unknown_version_has_no_time),
        cmocka_unit_test(every_64th_entry_is_a_checkpoint),
        cmocka_unit_test(the_byte_rule_cuts_at_256_kib),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
