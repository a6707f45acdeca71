/* SPDX-License-Identifier: EUPL-1.2 */
/* The messages of tocsin-index: what comes through, and what a hostile process cannot do. */
#include "check.h"
#include "index_wire.h"

static struct toc_intel_reading reading;
static struct toc_intel_reading back;
static struct toc_index_buffer buffer;

static int setup(void **state)
{
    (void)state;
    toc_intel_reading_init(&reading);
    toc_intel_reading_init(&back);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    toc_intel_reading_clear(&reading);
    toc_intel_reading_clear(&back);
    free(buffer.at);
    buffer = (struct toc_index_buffer){NULL, 0, 0};
    return 0;
}

/* A reading with one fact of everything that the layout has. */
static void fill(void)
{
    static const uint8_t address[TOC_ADDRESS_BYTES] = {[10] = 0xff, 0xff, 192, 0, 2, 1, 128};
    struct toc_fact fact = {.kind = TOC_VALUE_IP,
                            .flags = TOC_FACT_COMPOUND | TOC_FACT_OBSERVED,
                            .document = 2,
                            .port = 443,
                            .confidence = 70,
                            .line = 7,
                            .group = 3,
                            .from = {1000},
                            .until = {UINT64_MAX},
                            .value = toc_span(address, sizeof address),
                            .written = toc_span_str("192[.]0.2.1"),
                            .kind_name = toc_span_str("ipv4-addr:value"),
                            .place = toc_span_str("indicator--1"),
                            .note = toc_span_str("n\xc3\xb6te")};
    assert_ok(toc_facts_add(&reading.facts, &fact));
    fact.kind = TOC_VALUE_DOMAIN;
    fact.value = fact.written = toc_span_str("evil.example");
    assert_ok(toc_facts_add(&reading.facts, &fact));
    assert_ok(toc_facts_warn(&reading.facts, TOC_WARNING_HASH_LENGTH, &fact, toc_span_str("f00")));
    toc_facts_mark_tlp(&reading.facts, TOC_MARKED_AMBER_STRICT);
    toc_facts_mark_pap(&reading.facts, TOC_MARKED_GREEN);
    reading.facts.counts.objects = 9;
    reading.facts.counts.indicators = 5;
    reading.document_count = 2;
    reading.formats[0] = TOC_FORMAT_STIX21;
    reading.formats[1] = TOC_FORMAT_CSV;
}

static struct toc_span body(void)
{
    return toc_span(buffer.at + TOC_INDEX_LENGTH_BYTES, buffer.len - TOC_INDEX_LENGTH_BYTES);
}

static void a_reading_comes_through_whole(void **state)
{
    (void)state;
    fill();
    assert_ok(toc_index_encode_reply(&buffer, toc_ok(), &reading));
    assert_int_equal(toc_le32(buffer.at), buffer.len - TOC_INDEX_LENGTH_BYTES);
    assert_ok(toc_index_decode_reply(&back, body()));
    assert_int_equal(back.facts.count, 3);
    assert_int_equal(back.facts.tlp, TOC_MARKED_AMBER_STRICT);
    assert_int_equal(back.facts.pap, TOC_MARKED_GREEN);
    assert_memory_equal(&back.facts.counts, &reading.facts.counts, sizeof back.facts.counts);
    assert_int_equal(back.document_count, 2);
    assert_int_equal(back.formats[0], TOC_FORMAT_STIX21);
    assert_int_equal(back.formats[1], TOC_FORMAT_CSV);
    const struct toc_fact *fact = &back.facts.at[0];
    assert_int_equal(fact->kind, TOC_VALUE_IP);
    assert_int_equal(fact->flags, TOC_FACT_COMPOUND | TOC_FACT_OBSERVED);
    assert_int_equal(fact->document, 2);
    assert_int_equal(fact->port, 443);
    assert_int_equal(fact->confidence, 70);
    assert_int_equal(fact->line, 7);
    assert_int_equal(fact->group, 3);
    assert_int_equal(fact->from.ms, 1000);
    assert_int_equal(fact->until.ms, UINT64_MAX);
    assert_span(fact->value, reading.facts.at[0].value);
    assert_span(fact->written, toc_span_str("192[.]0.2.1"));
    assert_span(fact->kind_name, toc_span_str("ipv4-addr:value"));
    assert_span(fact->place, toc_span_str("indicator--1"));
    assert_span(fact->note, toc_span_str("n\xc3\xb6te"));
    assert_span(back.facts.at[1].written, toc_span_str("evil.example"));
}

static void a_refusal_comes_through_with_its_place(void **state)
{
    (void)state;
    reading.document = 3;
    reading.fault.line = 9;
    reading.fault.column = 1;
    (void)snprintf(reading.fault.detail, sizeof reading.fault.detail, "expected \x1b[2J");
    assert_ok(toc_index_encode_reply(&buffer, toc_fail(TOC_SYNTAX, "x"), &reading));
    assert_code(toc_index_decode_reply(&back, body()), TOC_SYNTAX);
    assert_int_equal(back.document, 3);
    assert_int_equal(back.fault.line, 9);
    assert_int_equal(back.fault.column, 1);
    assert_string_equal(back.fault.detail, "expected ?[2J");
    assert_int_equal(back.facts.count, 0);
}

static void a_reply_cut_anywhere_is_corrupt(void **state)
{
    (void)state;
    fill();
    assert_ok(toc_index_encode_reply(&buffer, toc_ok(), &reading));
    for (size_t len = 0; len < body().len; len++) {
        assert_code(toc_index_decode_reply(&back, toc_span(body().at, len)), TOC_CORRUPT);
        assert_int_equal(back.facts.count, 0);
        assert_null(back.facts.chunks);
    }
    /* One byte too many is too. */
    uint8_t *longer = malloc(body().len + 1);
    assert_non_null(longer);
    memcpy(longer, body().at, body().len);
    longer[body().len] = 0;
    assert_code(toc_index_decode_reply(&back, toc_span(longer, body().len + 1)), TOC_CORRUPT);
    free(longer);
}

/* Offsets in the body of the reading that fill() makes. */
#define AT_TLP 1u
#define AT_WARNING_KINDS 11u
#define AT_DOCUMENTS (12u + 4 * TOC_WARNING_COUNT)
#define AT_FORMAT (AT_DOCUMENTS + 2)
#define AT_FACTS (AT_FORMAT + 2)
#define AT_FACT (AT_FACTS + 4)

static const struct {
    size_t at;
    uint8_t value;
} lies[] = {
    {AT_TLP, TOC_MARKED_RED + 1},
    {AT_TLP + 1, TOC_MARKED_RED + 1},
    {AT_WARNING_KINDS, TOC_WARNING_COUNT + 1},
    {AT_DOCUMENTS + 1, 0xff}, /* more documents than a bulletin has */
    {AT_FORMAT, TOC_FORMAT_COUNT},
    {AT_FACTS + 3, 0xff},                        /* a count that no reply could hold */
    {AT_FACTS, 4},                               /* one more fact than there is */
    {AT_FACTS, 2},                               /* one less */
    {AT_FACT, TOC_VALUE_NONE},                   /* no kind */
    {AT_FACT, TOC_VALUE_KIND_COUNT},             /* unknown kind */
    {AT_FACT, TOC_VALUE_MD5},                    /* an address is no MD5 */
    {AT_FACT, TOC_VALUE_OTHER},                  /* and no text */
    {AT_FACT + 1, 101},                          /* confidence */
    {AT_FACT + 3, 0x80},                         /* unknown flag */
    {AT_FACT + 4, 3},                            /* document that the bulletin has not */
    {AT_FACT + 32, 0xff},                        /* value bytes */
    {AT_FACT + 35, 0xff},                        /* beyond all bounds */
    {AT_FACT + 36, 0xfe},                        /* written bytes */
    {AT_FACT + 40 + 1, 0xff},                    /* kind name beyond its bound */
    {AT_FACT + TOC_INDEX_FACT_BYTES + 16, 129},  /* prefix length */
    {AT_FACT + TOC_INDEX_FACT_BYTES + 17, 0xff}, /* written is no UTF-8 */
};

static void a_reply_that_lies_is_corrupt(void **state)
{
    (void)state;
    fill();
    assert_ok(toc_index_encode_reply(&buffer, toc_ok(), &reading));
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        uint8_t *at = buffer.at + TOC_INDEX_LENGTH_BYTES + lies[i].at;
        uint8_t kept = *at;
        *at = lies[i].value;
        struct toc_err err = toc_index_decode_reply(&back, body());
        if (err.code != TOC_CORRUPT) {
            fail_msg("row %zu: %s", i, toc_code_name(err.code));
        }
        assert_int_equal(back.facts.count, 0);
        *at = kept;
    }
    assert_ok(toc_index_decode_reply(&back, body()));
}

static void requests_are_bounded(void **state)
{
    (void)state;
    uint8_t head[TOC_INDEX_REQUEST_HEAD_BYTES];
    struct toc_span canonical;
    toc_index_request_head(head, 1000);
    assert_int_equal(toc_le32(head), 1001);
    assert_int_equal(head[4], TOC_INDEX_OP_READ);
    assert_ok(toc_index_decode_request(toc_span("\x01"
                                                "abc",
                                                4),
                                       &canonical));
    assert_span(canonical, toc_span_str("abc"));
    assert_code(toc_index_decode_request(toc_span("", 0), &canonical), TOC_TRUNCATED);
    assert_code(toc_index_decode_request(toc_span("\x02"
                                                  "abc",
                                                  4),
                                         &canonical),
                TOC_MALFORMED);
    assert_code(toc_index_decode_request(toc_span("\x01", (size_t)TOC_INDEX_REQUEST_BYTES_MAX + 1),
                                         &canonical),
                TOC_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_reading_comes_through_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(a_refusal_comes_through_with_its_place, setup, teardown),
        cmocka_unit_test_setup_teardown(a_reply_cut_anywhere_is_corrupt, setup, teardown),
        cmocka_unit_test_setup_teardown(a_reply_that_lies_is_corrupt, setup, teardown),
        cmocka_unit_test(requests_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
