/* SPDX-License-Identifier: EUPL-1.2 */
/* What is no bulletin: refused by its exact code, with output and arena unchanged. */
#include "check.h"
#include "sample_bulletin.h"

#define ID32 "c420 f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0"
#define ZERO32 "c420 0000000000000000000000000000000000000000000000000000000000000000"
#define TARGET "fe02 ff" ID32

static uint8_t memory[1 << 20];
static uint8_t heap[1 << 16];

/* The least bulletin, field by field, as key and encoded value. */
static const struct field {
    int64_t key;
    const char *hex;
} least[] = {
    {-8, ID32}, {-7, ID32}, {-6, "c410 10101010101010101010101010101010"},
    {-5, "07"}, {-4, "01"}, {1, "a161"},
};
#define LEAST_COUNT (sizeof least / sizeof least[0])

static void write_field(struct toc_writer *writer, int64_t key, const char *hex)
{
    uint8_t value[256];
    size_t len = check_unhex(hex, value, sizeof value);
    toc_write_int(writer, key);
    toc_write_raw(writer, toc_span(value, len));
}

/* The least bulletin with one field replaced or added; dropped when `hex` is NULL. */
static struct toc_span changed(int64_t key, const char *hex)
{
    struct toc_writer writer;
    size_t count = hex == NULL ? 0 : 1;
    for (size_t i = 0; i < LEAST_COUNT; i++) {
        count += least[i].key != key;
    }
    toc_writer_init(&writer, memory, sizeof memory);
    toc_write_map(&writer, count);
    bool done = hex == NULL;
    for (size_t i = 0; i < LEAST_COUNT; i++) {
        if (!done && least[i].key >= key) {
            write_field(&writer, key, hex);
            done = true;
        }
        if (least[i].key != key) {
            write_field(&writer, least[i].key, least[i].hex);
        }
    }
    if (!done) {
        write_field(&writer, key, hex);
    }
    return toc_writer_bytes(&writer);
}

static enum toc_code decode_code(struct toc_span bytes)
{
    struct toc_bulletin out;
    struct toc_bulletin before;
    struct toc_arena arena;
    memset(&out, 0x5a, sizeof out);
    memcpy(&before, &out, sizeof out);
    toc_arena_init(&arena, heap, sizeof heap);
    enum toc_code code = toc_bulletin_decode(&out, bytes, &arena).code;
    if (code != TOC_OK) {
        assert_memory_equal(&out, &before, sizeof out);
        assert_int_equal(toc_arena_mark(&arena), 0);
    }
    return code;
}

static const struct {
    int64_t key;
    const char *hex;
    enum toc_code code;
} field_rows[] = {
    {1, "a161", TOC_OK},
    /* what is required */
    {-8, NULL, TOC_MALFORMED},
    {-7, NULL, TOC_MALFORMED},
    {-6, NULL, TOC_MALFORMED},
    {-5, NULL, TOC_MALFORMED},
    {-4, NULL, TOC_MALFORMED},
    {1, NULL, TOC_MALFORMED},
    {-8, ZERO32, TOC_MALFORMED},
    {-7, ZERO32, TOC_MALFORMED},
    {-6, "c410 00000000000000000000000000000000", TOC_MALFORMED},
    {-7, "c41f a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0", TOC_MALFORMED},
    {-7, "a161", TOC_MALFORMED},
    /* absent means not written */
    {1, "a0", TOC_MALFORMED},
    {2, "a0", TOC_MALFORMED},
    {-5, "00", TOC_MALFORMED},
    {-3, "00", TOC_MALFORMED},
    {-2, "c2", TOC_MALFORMED},
    {-2, "01", TOC_MALFORMED},
    {-1, "90", TOC_MALFORMED},
    {5, "00", TOC_MALFORMED},
    {6, "00", TOC_MALFORMED},
    {8, "00", TOC_MALFORMED},
    {11, "90", TOC_MALFORMED},
    {11, "91a0", TOC_MALFORMED},
    {20, "91 81 0200", TOC_MALFORMED}, /* a CVE without id */
    {20, "91 82 01a161 03c2", TOC_MALFORMED},
    {21, "91 81 01a161", TOC_MALFORMED}, /* an indicator without value */
    {21, "91 82 01a161 02a0", TOC_MALFORMED},
    {22, "91 80", TOC_MALFORMED},
    {22, "91 82 01a161 03c400", TOC_MALFORMED},
    {-1, "91 81 fe02", TOC_MALFORMED}, /* a relation without target */
    {-1, "91 81 ff" ID32, TOC_MALFORMED},
    {-1, "91 82 fe02 ff" ZERO32, TOC_MALFORMED},
    {-1, "91 82" TARGET, TOC_OK},
    {-1, "91 83" TARGET "0190", TOC_MALFORMED},
    {-1, "91 83" TARGET "0191a161", TOC_OK},
    /* unknown keys and unknown values of critical fields */
    {-9, "c0", TOC_CRITICAL},
    {-100, "c0", TOC_CRITICAL},
    {0, "c0", TOC_OK},
    {23, "81a16192c0c3", TOC_OK},
    {100000, "a161", TOC_OK},
    {-4, "05", TOC_CRITICAL},
    {-3, "05", TOC_CRITICAL},
    {-5, "cd0100", TOC_CRITICAL},
    {-5, "ccff", TOC_OK},
    {-4, "ff", TOC_MALFORMED},
    {-1, "91 83 fd00" TARGET, TOC_CRITICAL},
    {-1, "91 83" TARGET "03c0", TOC_OK},
    {-1, "91 82 fecd0100 ff" ID32, TOC_CRITICAL},
    {21, "91 83 ffc0 01a161 02a161", TOC_CRITICAL},
    {21, "91 83 01a161 02a161 09c0", TOC_OK},
    {22, "91 82 ffc0 01a161", TOC_CRITICAL},
    /* limits of numbers */
    {5, "04", TOC_OK},
    {5, "05", TOC_LIMIT},
    {6, "06", TOC_OK},
    {6, "07", TOC_LIMIT},
    {7, "07", TOC_LIMIT},
    {8, "cf0000e677d21fdbff", TOC_OK}, /* the end of the year 9999 */
    {8, "cf0000e677d21fdc00", TOC_LIMIT},
    {20, "91 82 01a161 0264", TOC_OK},
    {20, "91 82 01a161 0265", TOC_LIMIT},
    {20, "91 82 01a161 02ccff", TOC_LIMIT},
    {21, "91 83 01a161 02a161 0865", TOC_LIMIT},
    /* wrong types */
    {1, "c40161", TOC_MALFORMED},
    {5, "a161", TOC_MALFORMED},
    {11, "81a16100", TOC_MALFORMED},
    {11, "9101", TOC_MALFORMED},
    {22, "91 82 01a161 03a161", TOC_MALFORMED},
};

static void each_field_is_judged(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof field_rows / sizeof field_rows[0]; i++) {
        enum toc_code code = decode_code(changed(field_rows[i].key, field_rows[i].hex));
        if (code != field_rows[i].code) {
            print_error("row %zu (key %lld, %s): got %s\n", i, (long long)field_rows[i].key,
                        field_rows[i].hex == NULL ? "dropped" : field_rows[i].hex,
                        toc_code_name(code));
            fail();
        }
    }
}

/* */
static void the_whole_must_be_canonical(void **state)
{
    (void)state;
    struct toc_span bytes = changed(1, "a161");
    for (size_t cut = 0; cut < bytes.len; cut++) {
        assert_int_equal(decode_code(toc_span(memory, cut)), TOC_TRUNCATED);
    }
    memory[bytes.len] = 0xc0;
    assert_int_equal(decode_code(toc_span(memory, bytes.len + 1)), TOC_TRAILING);
    assert_int_equal(decode_code(changed(1, "d90161")), TOC_MALFORMED);
    assert_int_equal(decode_code(changed(30, "82 0100 0100")), TOC_MALFORMED);
    assert_int_equal(decode_code(changed(30, "9191919191919191919191919191919190")), TOC_LIMIT);
    assert_int_equal(decode_code(toc_span("\x90", 1)), TOC_MALFORMED);
    assert_int_equal(decode_code(toc_span("\x81\xa1k\xc0", 4)), TOC_MALFORMED);
    assert_int_equal(decode_code(toc_span("\x80", 1)), TOC_MALFORMED);
}

/* A map with more entries than any version has is refused before they are looked at. */
static void a_record_has_at_most_64_keys(void **state)
{
    (void)state;
    for (size_t count = 64; count <= 65; count++) {
        struct toc_writer writer;
        toc_writer_init(&writer, memory, sizeof memory);
        toc_write_map(&writer, count);
        for (size_t i = 0; i < LEAST_COUNT; i++) {
            write_field(&writer, least[i].key, least[i].hex);
        }
        for (size_t i = LEAST_COUNT; i < count; i++) {
            write_field(&writer, (int64_t)i + 100, "c0");
        }
        assert_int_equal(decode_code(toc_writer_bytes(&writer)), count == 64 ? TOC_OK : TOC_LIMIT);
    }
}

/* each text and list at its limit and one beyond, through the encoder and the decoder. */
static void limits_hold_to_the_byte_and_item(void **state)
{
    (void)state;
    static uint8_t text[TOC_SUMMARY_BYTES_MAX + 1];
    static struct toc_span names[TOC_NAMES_MAX + 1];
    static struct toc_relation relations[TOC_RELATIONS_MAX + 1];
    static uint8_t big[1 << 16];
    memset(text, 'x', sizeof text);
    for (size_t i = 0; i < TOC_NAMES_MAX + 1; i++) {
        names[i] = toc_span("a", 1);
    }
    for (size_t i = 0; i < TOC_RELATIONS_MAX + 1; i++) {
        relations[i] = (struct toc_relation){.kind = TOC_RELATION_ANSWERS, .target = {1}};
    }
    for (unsigned over = 0; over < 2; over++) {
        struct toc_span bytes;
        struct toc_span long_name = toc_span(text, TOC_NAME_BYTES_MAX + over);
        struct toc_indicator indicator = {.kind = toc_span("url", 3),
                                          .value = toc_span(text, TOC_VALUE_BYTES_MAX + over)};
        struct toc_bulletin rows[7];
        for (size_t i = 0; i < 7; i++) {
            rows[i] = sample_least();
        }
        rows[0].title = toc_span(text, TOC_TITLE_BYTES_MAX + over);
        rows[1].summary = toc_span(text, TOC_SUMMARY_BYTES_MAX + over);
        rows[2].reference = long_name;
        rows[3].actors = (struct toc_names){names, TOC_NAMES_MAX + over};
        rows[4].tags = (struct toc_names){&long_name, 1};
        rows[5].indicators = &indicator;
        rows[5].indicator_count = 1;
        rows[6].relations = relations;
        rows[6].relation_count = TOC_RELATIONS_MAX + over;
        for (size_t i = 0; i < 7; i++) {
            struct toc_err err =
                toc_bulletin_encode(&rows[i], (struct toc_room){memory, sizeof memory}, &bytes);
            assert_code(err, over ? TOC_LIMIT : TOC_OK);
            assert_true(over || decode_code(bytes) == TOC_OK);
        }
    }
    /* What the encoder never writes the decoder refuses by itself. */
    struct toc_writer writer;
    toc_writer_init(&writer, big, sizeof big);
    toc_write_map(&writer, LEAST_COUNT);
    for (size_t i = 0; i + 1 < LEAST_COUNT; i++) {
        write_field(&writer, least[i].key, least[i].hex);
    }
    toc_write_int(&writer, 1);
    toc_write_str(&writer, toc_span(text, TOC_TITLE_BYTES_MAX + 1));
    assert_int_equal(decode_code(toc_writer_bytes(&writer)), TOC_LIMIT);
    toc_writer_init(&writer, big, sizeof big);
    toc_write_map(&writer, LEAST_COUNT + 1);
    for (size_t i = 0; i < LEAST_COUNT; i++) {
        write_field(&writer, least[i].key, least[i].hex);
    }
    toc_write_int(&writer, 18);
    toc_write_array(&writer, TOC_NAMES_MAX + 1);
    for (size_t i = 0; i < TOC_NAMES_MAX + 1; i++) {
        toc_write_str(&writer, names[i]);
    }
    assert_int_equal(decode_code(toc_writer_bytes(&writer)), TOC_LIMIT);
}

/* */
static void a_bulletin_above_64_mib_is_refused(void **state)
{
    (void)state;
    uint8_t *bytes = calloc(1, TOC_BULLETIN_BYTES_MAX + 1);
    assert_non_null(bytes);
    struct toc_bulletin bulletin = sample_least();
    struct toc_document document = {
        toc_span("text/plain", 10), {NULL, 0}, toc_span(bytes, TOC_BULLETIN_BYTES_MAX)};
    size_t room_bytes = TOC_BULLETIN_BYTES_MAX + 4096u;
    uint8_t *out = malloc(room_bytes);
    assert_non_null(out);
    struct toc_span canonical;
    assert_int_equal(decode_code(toc_span(bytes, TOC_BULLETIN_BYTES_MAX + 1)), TOC_LIMIT);
    bulletin.documents = &document;
    bulletin.document_count = 1;
    assert_code(toc_bulletin_encode(&bulletin, (struct toc_room){out, room_bytes}, &canonical),
                TOC_LIMIT);
    document.bytes.len -= 1000;
    assert_ok(toc_bulletin_encode(&bulletin, (struct toc_room){out, room_bytes}, &canonical));
    assert_int_equal(decode_code(canonical), TOC_OK);
    free(out);
    free(bytes);
}

/* The encoder refuses what the decoder would. */
static void the_encoder_makes_nothing_unsound(void **state)
{
    (void)state;
    enum { FEDERATION, AUTHOR, NONCE, KIND, KIND_256, TITLE, TLP, PAP, SEVERITY, LETTER, DIGIT };
    const enum toc_code codes[] = {
        [FEDERATION] = TOC_MALFORMED, [AUTHOR] = TOC_MALFORMED,  [NONCE] = TOC_MALFORMED,
        [KIND] = TOC_MALFORMED,       [KIND_256] = TOC_CRITICAL, [TITLE] = TOC_MALFORMED,
        [TLP] = TOC_CRITICAL,         [PAP] = TOC_CRITICAL,      [SEVERITY] = TOC_LIMIT,
        [LETTER] = TOC_LIMIT,         [DIGIT] = TOC_LIMIT,
    };
    struct toc_bulletin rows[sizeof codes / sizeof codes[0]];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        rows[i] = sample_least();
    }
    memset(rows[FEDERATION].federation, 0, TOC_ID_BYTES);
    memset(rows[AUTHOR].author, 0, TOC_ID_BYTES);
    memset(rows[NONCE].nonce, 0, sizeof rows[NONCE].nonce);
    rows[KIND].kind = (enum toc_bulletin_kind)0;
    rows[KIND_256].kind = (enum toc_bulletin_kind)256;
    rows[TITLE].title = toc_span(NULL, 0);
    rows[TLP].tlp = (enum toc_tlp)5;
    rows[PAP].pap = (enum toc_pap)5;
    rows[SEVERITY].severity = (enum toc_severity)5;
    rows[LETTER].reliability = 'G';
    rows[DIGIT].credibility = 'A';
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct toc_span canonical = {NULL, 7};
        assert_code(
            toc_bulletin_encode(&rows[i], (struct toc_room){memory, sizeof memory}, &canonical),
            codes[i]);
        assert_int_equal(canonical.len, 7);
    }
    /* windows-1252 is no UTF-8. */
    struct toc_bulletin bulletin = sample_least();
    struct toc_span name = toc_span("caf\xe9", 4);
    struct toc_span canonical;
    bulletin.title = name;
    assert_code(
        toc_bulletin_encode(&bulletin, (struct toc_room){memory, sizeof memory}, &canonical),
        TOC_MALFORMED);
    bulletin = sample_least();
    bulletin.actors = (struct toc_names){&name, 1};
    assert_code(
        toc_bulletin_encode(&bulletin, (struct toc_room){memory, sizeof memory}, &canonical),
        TOC_MALFORMED);
    name = toc_span(NULL, 0); /* */
    assert_code(
        toc_bulletin_encode(&bulletin, (struct toc_room){memory, sizeof memory}, &canonical),
        TOC_MALFORMED);
}

/* the lists of the largest bulletin fit the arena that is always enough. */
static void the_largest_lists_fit_their_arena(void **state)
{
    (void)state;
    struct toc_span *values = calloc(TOC_RELATION_VALUES_MAX + 1, sizeof *values);
    struct toc_indicator *indicators = calloc(TOC_INDICATORS_MAX, sizeof *indicators);
    struct toc_relation relations[TOC_RELATIONS_MAX];
    size_t room_bytes = 16u << 20;
    uint8_t *out = malloc(room_bytes);
    uint8_t *lists = malloc(TOC_BULLETIN_ARENA_BYTES_MAX);
    assert_true(values != NULL && indicators != NULL && out != NULL && lists != NULL);
    for (size_t i = 0; i < TOC_RELATION_VALUES_MAX + 1; i++) {
        values[i] = toc_span("v", 1);
    }
    for (size_t i = 0; i < TOC_INDICATORS_MAX; i++) {
        indicators[i] = (struct toc_indicator){.kind = values[0], .value = values[0]};
    }
    for (size_t i = 0; i < TOC_RELATIONS_MAX; i++) {
        relations[i] = (struct toc_relation){
            TOC_RELATION_REVOKES, {1}, values, TOC_RELATION_VALUES_MAX, {NULL, 0}};
    }
    struct toc_bulletin bulletin = sample_least();
    bulletin.indicators = indicators;
    bulletin.indicator_count = TOC_INDICATORS_MAX;
    bulletin.relations = relations;
    bulletin.relation_count = TOC_RELATIONS_MAX;
    struct toc_span canonical;
    struct toc_arena arena;
    assert_ok(toc_bulletin_encode(&bulletin, (struct toc_room){out, room_bytes}, &canonical));
    toc_arena_init(&arena, lists, TOC_BULLETIN_ARENA_BYTES_MAX);
    assert_ok(toc_bulletin_decode(&bulletin, canonical, &arena));
    assert_int_equal(bulletin.indicator_count, TOC_INDICATORS_MAX);
    relations[3].value_count++;
    bulletin.relations = relations;
    assert_code(toc_bulletin_encode(&bulletin, (struct toc_room){out, room_bytes}, &canonical),
                TOC_LIMIT);
    free(values);
    free(indicators);
    free(out);
    free(lists);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_field_is_judged),
        cmocka_unit_test(the_whole_must_be_canonical),
        cmocka_unit_test(a_record_has_at_most_64_keys),
        cmocka_unit_test(limits_hold_to_the_byte_and_item),
        cmocka_unit_test(a_bulletin_above_64_mib_is_refused),
        cmocka_unit_test(the_largest_lists_fit_their_arena),
        cmocka_unit_test(the_encoder_makes_nothing_unsound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
