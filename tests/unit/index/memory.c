/* SPDX-License-Identifier: EUPL-1.2 */
#include "check.h"

#include "index_internal.h"

#define KEYS 700u

/* The model: one place a key, NULL when it is not there. */
struct model {
    uint8_t value[KEYS];
    bool held[KEYS];
};

static struct toc_span key_of(uint32_t i, uint8_t key[static 4])
{
    toc_put_be32(key, i * 2654435761u);
    return toc_span(key, 1 + i % 4);
}

static int compare_spans(const void *a, const void *b)
{
    return toc_span_compare(*(const struct toc_span *)a, *(const struct toc_span *)b);
}

/* Every row forwards and backwards, seek to each key and to what lies between. */
static void assert_like_model(const struct toc_memory *memory, const struct model *model)
{
    static uint8_t bytes[KEYS][4];
    static struct toc_span keys[KEYS];
    size_t count = 0;
    for (uint32_t i = 0; i < KEYS; i++) {
        struct toc_span key = key_of(i, bytes[i]);
        if (model->held[i]) {
            keys[count++] = key;
            const struct toc_memory_node *node = toc_memory_get(memory, TOC_DB_INDEX_VALUE, key);
            assert_non_null(node);
            assert_span(toc_memory_value(node), toc_span(&model->value[i], 1));
        }
    }
    assert_int_equal(memory->count, count + 2);
    qsort(keys, count, sizeof keys[0], compare_spans);
    const struct toc_memory_node *node =
        toc_memory_seek(memory, TOC_DB_INDEX_VALUE, toc_span(NULL, 0));
    for (size_t i = 0; i < count; i++) {
        assert_span(toc_memory_key(node), keys[i]);
        assert_ptr_equal(toc_memory_seek(memory, TOC_DB_INDEX_VALUE, keys[i]), node);
        assert_ptr_equal(node->next[0]->prev, node);
        node = node->next[0];
    }
    assert_int_equal(toc_memory_table(node), TOC_DB_INDEX_WITHDRAWN);
    assert_ptr_equal(memory->last, node);
    assert_null(node->next[0]);
}

static void rows_are_held_in_order(void **state)
{
    struct toc_memory memory;
    struct toc_memory other;
    struct model model = {{0}, {0}};
    uint64_t seed = 3;
    uint8_t key[4];
    (void)state;
    assert_ok(toc_memory_init(&memory));
    assert_ok(toc_memory_init(&other));
    assert_ok(toc_memory_put(&memory, TOC_DB_INDEX_META, toc_span("a", 1), toc_span("m", 1)));
    assert_ok(toc_memory_put(&memory, TOC_DB_INDEX_WITHDRAWN, toc_span("a", 1), toc_span("w", 1)));
    for (int round = 0; round < 40; round++) {
        for (int i = 0; i < 40; i++) {
            uint32_t at = (uint32_t)(check_random(&seed) % KEYS);
            uint8_t value = (uint8_t)check_random(&seed);
            struct toc_memory *into = round % 3 == 2 ? &other : &memory;
            assert_ok(
                toc_memory_put(into, TOC_DB_INDEX_VALUE, key_of(at, key), toc_span(&value, 1)));
            /* Short keys repeat: the model keeps the last of each. */
            for (uint32_t k = 0; k < KEYS; k++) {
                uint8_t same[4];
                uint8_t wanted[4];
                if (toc_span_equal(key_of(k, same), key_of(at, wanted))) {
                    model.held[k] = k == at;
                }
            }
            model.value[at] = value;
        }
        if (round % 3 == 2) {
            toc_memory_move(&memory, &other);
            assert_int_equal(other.count, 0);
        }
        assert_like_model(&memory, &model);
    }
    toc_memory_clear(&memory);
    assert_int_equal(memory.count, 0);
    assert_null(memory.last);
    assert_null(toc_memory_seek(&memory, TOC_DB_INFO, toc_span(NULL, 0)));
    toc_memory_free(&memory);
    toc_memory_free(&other);
}

/* Each row: kind, canonical bytes. */
static const struct {
    enum toc_value_kind kind;
    const char *value;
    size_t len;
} values[] = {
    {TOC_VALUE_FILENAME, "a", 1},
    {TOC_VALUE_FILENAME, "a\0", 2},
    {TOC_VALUE_FILENAME, "a\0\0\0\0\1", 6},
    {TOC_VALUE_FILENAME, "ab", 2},
    {TOC_VALUE_FILENAME, "\0", 1},
    {TOC_VALUE_FILENAME, "\0\1", 2},
    {TOC_VALUE_FILENAME, "\0\0", 2},
    {TOC_VALUE_PATH, "a", 1},
    {TOC_VALUE_DOMAIN, "example.com", 11},
    {TOC_VALUE_DOMAIN, "www.example.com", 15},
    {TOC_VALUE_DOMAIN, "example.comp", 12},
    {TOC_VALUE_DOMAIN, "xexample.com", 12},
    {TOC_VALUE_MD5, "\0\1\2\3\4\5\6\7\0\1\2\3\4\5\6\7", 16},
    {TOC_VALUE_IP, "\0\0\0\0\0\0\0\0\0\0\377\377\1\2\3\4\200", 17},
    {TOC_VALUE_CIDR, "\0\0\0\0\0\0\0\0\0\0\377\377\1\2\3\0\170", 17},
};
#define VALUES (sizeof values / sizeof values[0])

static void no_key_is_the_beginning_of_another(void **state)
{
    struct value_key keys[VALUES];
    (void)state;
    for (size_t i = 0; i < VALUES; i++) {
        assert_true(toc_index_value_key(&keys[i], values[i].kind,
                                        toc_span(values[i].value, values[i].len)));
        for (size_t j = 0; j < i; j++) {
            size_t len = keys[i].len < keys[j].len ? keys[i].len : keys[j].len;
            assert_memory_not_equal(keys[i].bytes, keys[j].bytes, len);
        }
    }
}

static void value_comes_back_from_its_key(void **state)
{
    (void)state;
    for (size_t i = 0; i < VALUES; i++) {
        struct value_key key;
        uint8_t out[TOC_VALUE_KEY_BYTES_MAX];
        struct toc_span value = toc_span(values[i].value, values[i].len);
        assert_true(toc_index_value_key(&key, values[i].kind, value));
        assert_span(toc_index_value_of(toc_span(key.bytes, key.len), out), value);
    }
}

static void long_values_have_keys_that_fit(void **state)
{
    static uint8_t value[TOC_CANONICAL_BYTES_MAX];
    struct value_key first;
    struct value_key second;
    (void)state;
    for (unsigned fill = 0; fill < 256; fill += 85) {
        memset(value, (int)fill, sizeof value);
        for (size_t len = 250; len < sizeof value; len += 611) {
            assert_true(toc_index_value_key(&first, TOC_VALUE_COMMAND, toc_span(value, len)));
            assert_true(toc_index_value_key(&second, TOC_VALUE_COMMAND, toc_span(value, len + 1)));
            assert_true(first.len + NUMBER_BYTES + 2 * TOC_ID_BYTES < TOC_DB_KEY_BYTES_MAX);
            assert_true(first.len != second.len ||
                        memcmp(first.bytes, second.bytes, first.len) != 0);
        }
    }
}

static void what_is_no_value_has_no_key(void **state)
{
    struct value_key key;
    (void)state;
    assert_false(toc_index_value_key(&key, TOC_VALUE_DOMAIN, toc_span("", 0)));
    assert_false(toc_index_value_key(&key, TOC_VALUE_IP, toc_span("1.2.3.4", 7)));
    assert_false(toc_index_value_key(&key, TOC_VALUE_CIDR, toc_span("1234567890123456\x81", 17)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_held_in_order),
        cmocka_unit_test(no_key_is_the_beginning_of_another),
        cmocka_unit_test(value_comes_back_from_its_key),
        cmocka_unit_test(long_values_have_keys_that_fit),
        cmocka_unit_test(what_is_no_value_has_no_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
