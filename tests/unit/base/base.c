/* SPDX-License-Identifier: EUPL-1.2 */
/* The floor: outcomes, spans, integers in both byte orders, arenas, assertions. */
#include "base.h"
#include "check.h"

#include <signal.h>
#include <sys/wait.h>

static void every_code_has_a_name_a_text_and_someone_who_acts(void **state)
{
    (void)state;
    for (unsigned i = 0; i < TOC_CODE_COUNT; i++) {
        enum toc_code code = (enum toc_code)i;
        assert_true(strlen(toc_code_name(code)) > 1);
        assert_true(strlen(toc_code_text(code)) > 3);
        assert_true(toc_code_actor(code) <= TOC_ACTOR_LATER);
        for (unsigned j = 0; j < i; j++) {
            assert_string_not_equal(toc_code_name(code), toc_code_name((enum toc_code)j));
            assert_string_not_equal(toc_code_text(code), toc_code_text((enum toc_code)j));
        }
    }
}

static void the_rows_of_the_error_table_do_not_slip(void **state)
{
    (void)state;
    assert_int_equal(TOC_OK, 0);
    assert_string_equal(toc_code_name(TOC_OK), "OK");
    assert_string_equal(toc_code_name(TOC_FORK), "FORK");
    assert_string_equal(toc_code_name(TOC_CLOCK), "CLOCK");
    assert_string_equal(toc_code_text(TOC_DISK_FULL), "disk is full");
    assert_int_equal(toc_code_actor(TOC_ABSENT), TOC_ACTOR_NOBODY);
    assert_int_equal(toc_code_actor(TOC_SIGNATURE), TOC_ACTOR_PEER);
    assert_int_equal(toc_code_actor(TOC_CORRUPT), TOC_ACTOR_OPERATOR);
    assert_int_equal(toc_code_actor(TOC_FULL), TOC_ACTOR_LATER);
}

static struct toc_err fail_then_count(enum toc_code code, int *count)
{
    TOC_TRY(toc_fail(code, "reason"));
    *count += 1;
    return toc_ok();
}

static void try_returns_the_first_failure_and_nothing_else(void **state)
{
    (void)state;
    int count = 0;
    struct toc_err err = fail_then_count(TOC_HASH, &count);
    assert_code(err, TOC_HASH);
    assert_string_equal(err.why, "reason");
    assert_int_equal(count, 0);
    assert_ok(fail_then_count(TOC_OK, &count));
    assert_int_equal(count, 1);
    assert_false(toc_failed(toc_ok()));
    assert_true(toc_failed(toc_fail(TOC_ABSENT, NULL)));
    assert_null(toc_ok().why);
}

static int signal_of(void (*act)(void))
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)signal(SIGILL, SIG_DFL);
        (void)signal(SIGTRAP, SIG_DFL);
        act();
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void assert_something_true(void)
{
    TOC_ASSERT(1 + 1 == 2);
}

static void assert_something_false(void)
{
    TOC_ASSERT(1 + 1 == 3);
}

static void name_a_code_that_does_not_exist(void)
{
    (void)toc_code_name(TOC_CODE_COUNT);
}

static void tell_the_text_of_a_code_that_does_not_exist(void)
{
    (void)toc_code_text(TOC_CODE_COUNT);
}

static void tell_the_actor_of_a_code_that_does_not_exist(void)
{
    (void)toc_code_actor(TOC_CODE_COUNT);
}

static void release_more_than_was_allocated(void)
{
    uint8_t memory[64];
    struct toc_arena arena;
    toc_arena_init(&arena, memory, sizeof memory);
    toc_arena_release(&arena, 1);
}

static void broken_assertions_end_the_process_in_every_build(void **state)
{
    (void)state;
    assert_int_equal(signal_of(assert_something_true), 0);
    assert_int_not_equal(signal_of(assert_something_false), 0);
    assert_int_not_equal(signal_of(name_a_code_that_does_not_exist), 0);
    assert_int_not_equal(signal_of(tell_the_text_of_a_code_that_does_not_exist), 0);
    assert_int_not_equal(signal_of(tell_the_actor_of_a_code_that_does_not_exist), 0);
    assert_int_not_equal(signal_of(release_more_than_was_allocated), 0);
}

static void spans_compare_as_bytes_and_shorter_first(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        int order;
    } rows[] = {
        {"", "", 0},      {"", "a", -1},    {"a", "", 1},         {"a", "a", 0},
        {"a", "b", -1},   {"b", "a", 1},    {"ab", "abc", -1},    {"abc", "ab", 1},
        {"abd", "ab", 1}, {"abc", "b", -1}, {"\x7f", "\x80", -1}, {"\xff", "\x01", 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct toc_span a = toc_span_str(rows[i].a);
        struct toc_span b = toc_span_str(rows[i].b);
        int order = toc_span_compare(a, b);
        assert_int_equal((order > 0) - (order < 0), rows[i].order);
        assert_int_equal(toc_span_equal(a, b), rows[i].order == 0);
    }
}

static void empty_spans_need_no_pointer(void **state)
{
    (void)state;
    struct toc_span none = {NULL, 0};
    assert_true(toc_span_equal(none, none));
    assert_true(toc_span_equal(none, toc_span_str("")));
    assert_false(toc_span_equal(none, toc_span_str("a")));
    assert_int_equal(toc_span_compare(none, none), 0);
    assert_true(toc_span_compare(none, toc_span_str("a")) < 0);
    assert_int_equal(toc_span_str("four").len, 4);
}

static void zero_is_only_zero(void **state)
{
    (void)state;
    uint8_t bytes[33] = {0};
    assert_true(toc_is_zero(bytes, sizeof bytes));
    assert_true(toc_is_zero(NULL, 0));
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = 0x80;
        assert_false(toc_is_zero(bytes, sizeof bytes));
        assert_true(toc_is_zero(bytes, i));
        bytes[i] = 0;
    }
}

static void integers_have_their_published_byte_order(void **state)
{
    (void)state;
    static const uint8_t bytes[9] = {0xee, 0xf1, 0xe2, 0xd3, 0xc4, 0xb5, 0xa6, 0x97, 0x88};
    /* From an odd address: nothing may rely on alignment. */
    const uint8_t *at = bytes + 1;
    assert_int_equal(toc_le16(at), 0xe2f1);
    assert_int_equal(toc_be16(at), 0xf1e2);
    assert_int_equal(toc_le32(at), 0xc4d3e2f1);
    assert_int_equal(toc_be32(at), 0xf1e2d3c4);
    assert_true(toc_le64(at) == 0x8897a6b5c4d3e2f1);
    assert_true(toc_be64(at) == 0xf1e2d3c4b5a69788);
}

/* What was written is in place, and the bytes around it are untouched. */
static void assert_framed(const uint8_t *bytes, size_t size, const char *wanted_hex)
{
    uint8_t wanted[16];
    size_t len = check_unhex(wanted_hex, wanted, sizeof wanted);
    assert_int_equal(bytes[0], 0xaa);
    assert_memory_equal(bytes + 1, wanted, len);
    for (size_t i = 1 + len; i < size; i++) {
        assert_int_equal(bytes[i], 0xaa);
    }
}

static void integers_are_written_in_order_and_no_further(void **state)
{
    (void)state;
    uint8_t bytes[12];
#define ROW(put, value, hex)                                                                       \
    memset(bytes, 0xaa, sizeof bytes);                                                             \
    put(bytes + 1, value);                                                                         \
    assert_framed(bytes, sizeof bytes, hex)
    ROW(toc_put_le16, 0xf1e2, "e2f1");
    ROW(toc_put_be16, 0xf1e2, "f1e2");
    ROW(toc_put_le32, 0xf1e2d3c4, "c4d3e2f1");
    ROW(toc_put_be32, 0xf1e2d3c4, "f1e2d3c4");
    ROW(toc_put_le64, 0xf1e2d3c4b5a69788, "8897a6b5c4d3e2f1");
    ROW(toc_put_be64, 0xf1e2d3c4b5a69788, "f1e2d3c4b5a69788");
#undef ROW
}

static void integers_come_back_as_they_went(void **state)
{
    (void)state;
    uint64_t seed = 1;
    uint8_t bytes[8];
    for (unsigned i = 0; i < 1000; i++) {
        uint64_t value = check_random(&seed) >> (i % 64);
        toc_put_le64(bytes, value);
        assert_true(toc_le64(bytes) == value);
        toc_put_be64(bytes, value);
        assert_true(toc_be64(bytes) == value);
        toc_put_le32(bytes, (uint32_t)value);
        assert_int_equal(toc_le32(bytes), (uint32_t)value);
        toc_put_be16(bytes, (uint16_t)value);
        assert_int_equal(toc_be16(bytes), (uint16_t)value);
    }
}

static void arenas_give_zeroed_aligned_memory_within_bounds(void **state)
{
    (void)state;
    uint8_t memory[257];
    for (size_t shift = 0; shift < 17; shift++) {
        struct toc_arena arena;
        memset(memory, 0xff, sizeof memory);
        toc_arena_init(&arena, memory + shift, sizeof memory - shift);
        uint8_t *last = NULL;
        for (uint8_t *at; (at = toc_arena_alloc(&arena, 3, 5)) != NULL; last = at) {
            assert_int_equal((uintptr_t)at % 16, 0);
            assert_true(at >= memory + shift && at + 15 <= memory + sizeof memory);
            assert_true(last == NULL || at >= last + 15);
            assert_true(toc_is_zero(at, 15));
            memset(at, 0xff, 15);
        }
        assert_true(arena.used_bytes >= 16 * 14);
    }
}

static void a_full_arena_refuses_and_stays_as_it_is(void **state)
{
    (void)state;
    _Alignas(16) uint8_t memory[64];
    struct toc_arena arena;
    toc_arena_init(&arena, memory, sizeof memory);
    assert_non_null(toc_arena_alloc(&arena, 1, 48));
    static const struct {
        size_t count, item_bytes;
    } rows[] = {
        {17, 1},
        {1, 17},
        {SIZE_MAX, 1},
        {1, SIZE_MAX},
        {SIZE_MAX, 2},
        {2, SIZE_MAX},
        {SIZE_MAX / 2 + 1, 2},
        {SIZE_MAX / 16 + 1, 16},
        {SIZE_MAX - 14, 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_null(toc_arena_alloc(&arena, rows[i].count, rows[i].item_bytes));
        assert_null(toc_arena_reserve(&arena, rows[i].count, rows[i].item_bytes));
        assert_int_equal(arena.used_bytes, 48);
    }
    assert_null(toc_arena_copy(&arena, toc_span("12345678901234567", 17)).at);
    assert_int_equal(arena.used_bytes, 48);
    assert_non_null(toc_arena_alloc(&arena, 16, 1));
    assert_null(toc_arena_alloc(&arena, 1, 1));
    assert_non_null(toc_arena_alloc(&arena, 0, 8));
    assert_non_null(toc_arena_alloc(&arena, 8, 0));
}

static void an_arena_over_too_little_memory_is_empty(void **state)
{
    (void)state;
    _Alignas(16) uint8_t memory[32];
    for (size_t size = 0; size < 15; size++) {
        struct toc_arena arena;
        toc_arena_init(&arena, memory + 1, size);
        assert_int_equal(arena.size_bytes, 0);
        assert_null(toc_arena_alloc(&arena, 1, 1));
    }
}

static void reserved_memory_is_not_written_to(void **state)
{
    (void)state;
    _Alignas(16) uint8_t memory[32];
    memset(memory, 0x55, sizeof memory);
    struct toc_arena arena;
    toc_arena_init(&arena, memory, sizeof memory);
    uint8_t *at = toc_arena_reserve(&arena, 16, 1);
    assert_ptr_equal(at, memory);
    assert_int_equal(at[0], 0x55);
    assert_int_equal(at[15], 0x55);
    assert_ptr_equal(toc_arena_alloc(&arena, 16, 1), memory + 16);
}

static void copies_are_equal_and_their_own(void **state)
{
    (void)state;
    uint8_t memory[64];
    char text[] = "bulletin";
    struct toc_arena arena;
    toc_arena_init(&arena, memory, sizeof memory);
    struct toc_span copy = toc_arena_copy(&arena, toc_span_str(text));
    text[0] = 'B';
    assert_span(copy, toc_span_str("bulletin"));
    struct toc_span empty = toc_arena_copy(&arena, (struct toc_span){NULL, 0});
    assert_non_null(empty.at);
    assert_int_equal(empty.len, 0);
}

static void released_memory_is_given_again_zeroed(void **state)
{
    (void)state;
    _Alignas(16) uint8_t memory[64];
    struct toc_arena arena;
    toc_arena_init(&arena, memory, sizeof memory);
    uint8_t *kept = toc_arena_alloc(&arena, 16, 1);
    assert_non_null(kept);
    memset(kept, 0x11, 16);
    size_t mark = toc_arena_mark(&arena);
    uint8_t *first = toc_arena_alloc(&arena, 48, 1);
    assert_non_null(first);
    memset(first, 0xff, 48);
    toc_arena_release(&arena, mark);
    assert_int_equal(toc_arena_mark(&arena), mark);
    assert_ptr_equal(toc_arena_alloc(&arena, 48, 1), first);
    assert_true(toc_is_zero(first, 48));
    assert_int_equal(kept[15], 0x11);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_has_a_name_a_text_and_someone_who_acts),
        cmocka_unit_test(the_rows_of_the_error_table_do_not_slip),
        cmocka_unit_test(try_returns_the_first_failure_and_nothing_else),
        cmocka_unit_test(broken_assertions_end_the_process_in_every_build),
        cmocka_unit_test(spans_compare_as_bytes_and_shorter_first),
        cmocka_unit_test(empty_spans_need_no_pointer),
        cmocka_unit_test(zero_is_only_zero),
        cmocka_unit_test(integers_have_their_published_byte_order),
        cmocka_unit_test(integers_are_written_in_order_and_no_further),
        cmocka_unit_test(integers_come_back_as_they_went),
        cmocka_unit_test(arenas_give_zeroed_aligned_memory_within_bounds),
        cmocka_unit_test(a_full_arena_refuses_and_stays_as_it_is),
        cmocka_unit_test(an_arena_over_too_little_memory_is_empty),
        cmocka_unit_test(reserved_memory_is_not_written_to),
        cmocka_unit_test(copies_are_equal_and_their_own),
        cmocka_unit_test(released_memory_is_given_again_zeroed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
