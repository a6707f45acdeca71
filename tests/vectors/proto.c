/* SPDX-License-Identifier: EUPL-1.2 */
/* USES: bulletin log seal */
/*
 * The project's own figures of logs, ranges and bulletins: tests/vectors/proto.json, made by a
 * second implementation in Python (proto.py beside it), against the library.
 */
#include "vectors.h"

#include "bulletin.h"
#include "log.h"
#include "seal.h"

#define ENTRIES_MAX 32u

static json_t *figures;

static const json_t *section(const char *name)
{
    const json_t *found = json_object_get(figures, name);
    assert_non_null(found);
    return found;
}

/* A log as the figures tell it. */
struct told {
    struct toc_sign_keys keys;
    const uint8_t *federation;
    size_t count;
    struct toc_span headers[ENTRIES_MAX];
    struct toc_span payloads[ENTRIES_MAX];
    const uint8_t *signatures[ENTRIES_MAX];
    struct toc_log_head heads[ENTRIES_MAX + 1];
};

static struct toc_span payload_of(const json_t *row)
{
    size_t start = vectors_number(row, "payload_start");
    size_t len = vectors_number(row, "payload_bytes");
    uint8_t *bytes = vectors_room(len);
    for (size_t i = 0; i < len; i++) {
        bytes[i] = (uint8_t)(start + i);
    }
    return toc_span(bytes, len);
}

static void read_log(struct told *told)
{
    const json_t *log = section("log");
    size_t i;
    const json_t *row;
    memset(told, 0, sizeof *told);
    toc_sign_keys_make(&told->keys, vectors_bytes(log, "seed", 32));
    assert_memory_equal(told->keys.public_key, vectors_bytes(log, "public_key", 32), 32);
    told->federation = vectors_bytes(log, "federation", 32);
    json_array_foreach(json_object_get(log, "entries"), i, row)
    {
        struct toc_header header;
        uint8_t hash[TOC_HASH_BYTES];
        assert_true(i < ENTRIES_MAX);
        told->headers[i] = vectors_hex(row, "header");
        told->payloads[i] = payload_of(row);
        told->signatures[i] = vectors_bytes(row, "signature", TOC_SIG_BYTES);
        assert_ok(toc_header_decode(&header, told->headers[i]));
        toc_header_hash(hash, told->headers[i]);
        told->heads[i + 1] = told->heads[i];
        assert_ok(toc_log_advance(&told->heads[i + 1], &header, hash));
    }
    told->count = i;
}

static void records_are_sound_in_both(void **state)
{
    (void)state;
    size_t i;
    const json_t *row;
    json_array_foreach(section("codec"), i, row)
    {
        bool sound = json_is_true(json_object_get(row, "sound"));
        if ((toc_codec_check(vectors_hex(row, "bytes")).code == TOC_OK) != sound) {
            fail_msg("row %zu, %s", i, vectors_text(row, "bytes"));
        }
        vectors_release();
    }
    assert_int_equal(i, 300);
}

static void headers_have_these_bytes(void **state)
{
    (void)state;
    const json_t *log = section("log");
    struct told told;
    uint8_t id[TOC_ID_BYTES];
    size_t i;
    const json_t *row;
    read_log(&told);
    toc_log_id(id, told.federation, vectors_bytes(log, "group", 32), told.keys.public_key);
    assert_memory_equal(id, vectors_bytes(log, "log", 32), TOC_ID_BYTES);
    json_array_foreach(json_object_get(log, "entries"), i, row)
    {
        struct toc_header header;
        uint8_t bytes[TOC_HEADER_BYTES];
        uint8_t hash[TOC_HASH_BYTES];
        uint8_t sig[TOC_SIG_BYTES];
        assert_ok(toc_header_decode(&header, told.headers[i]));
        assert_int_equal(header.version, vectors_number(row, "version"));
        assert_int_equal(header.kind, vectors_number(row, "kind"));
        assert_int_equal(header.class, vectors_number(row, "class"));
        assert_int_equal(header.tlp, vectors_number(row, "tlp"));
        assert_int_equal(header.expiry_hours, vectors_number(row, "expiry"));
        assert_int_equal(header.utc.ms, vectors_number(row, "ms"));
        assert_memory_equal(header.epoch, vectors_bytes(row, "epoch", TOC_EPOCH_REF_BYTES),
                            TOC_EPOCH_REF_BYTES);
        assert_memory_equal(header.log, id, TOC_ID_BYTES);
        if (header.version == TOC_HEADER_VERSION) {
            toc_header_encode(bytes, &header);
            assert_span(toc_span(bytes, sizeof bytes), told.headers[i]);
        }
        toc_payload_hash(hash, told.payloads[i]);
        assert_memory_equal(hash, header.payload_hash, TOC_HASH_BYTES);
        toc_header_hash(hash, told.headers[i]);
        assert_memory_equal(hash, vectors_bytes(row, "hash", TOC_HASH_BYTES), TOC_HASH_BYTES);
        toc_sign(sig, TOC_CTX_S_HEADER, told.federation, hash, told.keys.secret);
        assert_memory_equal(sig, told.signatures[i], TOC_SIG_BYTES);
    }
    vectors_release();
}

static void ranges_have_these_bytes(void **state)
{
    (void)state;
    static uint8_t memory[TOC_RANGE_BYTES_MAX];
    struct told told;
    size_t i;
    const json_t *row;
    read_log(&told);
    json_array_foreach(json_object_get(section("log"), "ranges"), i, row)
    {
        struct toc_span wanted = vectors_hex(row, "bytes");
        size_t first = vectors_number(row, "first");
        size_t last = vectors_number(row, "last");
        bool with = json_is_true(json_object_get(row, "payloads"));
        struct toc_range_build build;
        struct toc_span range;
        for (size_t seq = first; seq <= last; seq++) {
            struct toc_header header;
            assert_ok(toc_header_decode(&header, told.headers[seq - 1]));
            if (seq == first) {
                toc_range_begin(&build, (struct toc_room){memory, sizeof memory}, &header);
            }
            toc_range_add(&build, &header, with ? told.payloads[seq - 1] : toc_span(NULL, 0),
                          told.headers[seq - 1]);
        }
        assert_ok(toc_range_end(&build, told.signatures[last - 1], &range));
        assert_span(range, wanted);
        struct toc_log_head after;
        assert_ok(toc_range_check(wanted, told.federation, told.keys.public_key,
                                  &told.heads[first - 1], &after));
        assert_int_equal(after.seq, last);
        assert_memory_equal(after.hash, told.heads[last].hash, TOC_HASH_BYTES);
        assert_int_equal(after.utc.ms, told.heads[last].utc.ms);
    }
    assert_int_equal(i, 14);
    vectors_release();
}

static void evidence_is_accepted(void **state)
{
    (void)state;
    const json_t *log = section("log");
    struct toc_fork fork;
    struct told told;
    read_log(&told);
    assert_ok(
        toc_fork_check(vectors_hex(log, "fork"), told.federation, told.keys.public_key, &fork));
    assert_int_equal(fork.seq, 9);
    const json_t *hashes = json_object_get(log, "fork_hashes");
    for (size_t i = 0; i < 2; i++) {
        struct toc_span hash = vectors_unhex(json_string_value(json_array_get(hashes, i)));
        assert_span(toc_span(fork.hash[i], TOC_HASH_BYTES), hash);
    }
    vectors_release();
}

static void blocks_end_at_these_numbers(void **state)
{
    (void)state;
    const json_t *lengths = json_object_get(section("blocks"), "payload_bytes");
    const json_t *ends = json_object_get(section("blocks"), "ends");
    struct toc_log_head head = {0};
    size_t found = 0;
    size_t i;
    const json_t *length;
    json_array_foreach(lengths, i, length)
    {
        struct toc_header header = {
            .version = 1,
            .seq = i + 1,
            .utc = {i + 1},
            .payload_bytes = (uint32_t)json_integer_value(length),
        };
        assert_ok(toc_log_advance(&head, &header, head.hash));
        if (head.checkpoint_seq == i + 1) {
            assert_int_equal(i + 1, json_integer_value(json_array_get(ends, found)));
            found++;
        }
    }
    assert_int_equal(found, json_array_size(ends));
}

static void bulletins_have_these_bytes(void **state)
{
    (void)state;
    static uint8_t heap[65536];
    static uint8_t memory[65536];
    struct told told;
    size_t i;
    const json_t *row;
    read_log(&told);
    json_array_foreach(section("bulletins"), i, row)
    {
        struct toc_span plaintext = vectors_hex(row, "plaintext");
        struct toc_span wanted = vectors_hex(row, "canonical");
        struct toc_bulletin bulletin;
        struct toc_bulletin_parts parts;
        struct toc_span canonical;
        struct toc_arena arena;
        uint8_t id[TOC_ID_BYTES];
        uint8_t signed_head[TOC_BULLETIN_HEAD_BYTES];
        assert_ok(toc_bulletin_verify(plaintext, told.federation, id));
        assert_memory_equal(id, vectors_bytes(row, "id", TOC_ID_BYTES), TOC_ID_BYTES);
        assert_ok(toc_bulletin_split(plaintext, &parts));
        assert_span(parts.canonical, wanted);
        toc_arena_init(&arena, heap, sizeof heap);
        assert_ok(toc_bulletin_decode(&bulletin, parts.canonical, &arena));
        assert_span(bulletin.title, toc_span_str(vectors_text(row, "title")));
        assert_int_equal(bulletin.tlp, vectors_number(row, "tlp"));
        assert_ok(
            toc_bulletin_encode(&bulletin, (struct toc_room){memory, sizeof memory}, &canonical));
        assert_span(canonical, wanted);
        toc_bulletin_sign(signed_head, canonical, told.federation, &told.keys);
        assert_memory_equal(signed_head, plaintext.at, sizeof signed_head);
    }
    assert_int_equal(i, 2);
    vectors_release();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_are_sound_in_both),   cmocka_unit_test(headers_have_these_bytes),
        cmocka_unit_test(ranges_have_these_bytes),     cmocka_unit_test(evidence_is_accepted),
        cmocka_unit_test(blocks_end_at_these_numbers), cmocka_unit_test(bulletins_have_these_bytes),
    };
    figures = vectors_load_own("tests/vectors/proto.json");
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    json_decref(figures);
    return failed;
}
