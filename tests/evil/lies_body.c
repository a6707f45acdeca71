/* SPDX-License-Identifier: EUPL-1.2 */
#include "evil.h"

/* Lies in the bodies of messages: numbers at their ends, wrong lengths, wrong classes, types that
 * nobody knows. */

#define REFUSED(code_) .outcome = EVIL_REFUSED, .code = (code_)
#define IGNORED .outcome = EVIL_IGNORED
#define EIGHT_00 "\0\0\0\0\0\0\0\0"
#define EIGHT_FF "\xff\xff\xff\xff\xff\xff\xff\xff"
#define ID_00 EIGHT_00 EIGHT_00 EIGHT_00 EIGHT_00
#define ID_FF EIGHT_FF EIGHT_FF EIGHT_FF EIGHT_FF

/* HELLO. */

enum hello_bend {
    HELLO_VERSION_0,
    HELLO_VERSION_255,
    HELLO_NUMBER_0,
    HELLO_NUMBER_MAX,
    HELLO_HASH,
    HELLO_CAPABILITIES_MAX,
    HELLO_CREDIT_0,
    HELLO_CREDIT_MAX,
    HELLO_CLOCK_0,
    HELLO_CLOCK_LAST,
    HELLO_VALID, /* up to here what HELLO may say */
    HELLO_CLOCK_MAX,
    HELLO_VERSION_256,
    HELLO_SHORT_HASH,
    HELLO_NO_CLOCK,
    HELLO_LONG_SOFTWARE,
    HELLO_CRITICAL,
    HELLO_TWICE,
    HELLO_NEGATIVE,
};

static void bend_hello(struct toc_hello *hello, enum hello_bend bend)
{
    hello->version = bend == HELLO_VERSION_0 ? 0 : bend == HELLO_VERSION_255 ? 255 : hello->version;
    if (bend == HELLO_NUMBER_0 || bend == HELLO_NUMBER_MAX) {
        hello->roster_number = bend == HELLO_NUMBER_0 ? 0 : UINT64_MAX;
    }
    hello->roster_hash[0] ^= bend == HELLO_HASH;
    hello->capabilities = bend == HELLO_CAPABILITIES_MAX ? UINT64_MAX : 0;
    if (bend == HELLO_CREDIT_0 || bend == HELLO_CREDIT_MAX) {
        hello->credit_live_bytes = hello->credit_bulk_bytes =
            bend == HELLO_CREDIT_0 ? 0 : UINT64_MAX;
    }
    if (bend == HELLO_CLOCK_0 || bend == HELLO_CLOCK_LAST) {
        hello->clock.ms = bend == HELLO_CLOCK_0 ? 0 : TOC_UTC_MS_MAX;
    }
}

/* What the form allows: the link goes on, and nobody else is the worse for it. */
static void hello_lie(struct evil *evil)
{
    struct toc_hello hello = evil_hello(evil);
    bend_hello(&hello, (enum hello_bend)evil->lie->arg);
    evil_say_hello(evil, &hello);
    EVIL_NEED(evil, evil_hears(evil, TOC_MSG_HELLO, 1, EVIL_ANSWER_MS));
    evil_say_tags(evil, NULL);
    evil_wait(evil, 300);
}

static void write_number(struct toc_writer *writer, uint64_t key, uint64_t value)
{
    toc_write_uint(writer, key);
    toc_write_uint(writer, value);
}

static void bad_hello(struct evil *evil)
{
    enum hello_bend bend = (enum hello_bend)evil->lie->arg;
    uint8_t body[TOC_HELLO_BYTES_MAX + 64], text[TOC_SOFTWARE_BYTES_MAX + 1];
    struct toc_writer writer;
    memset(text, 'x', sizeof text);
    toc_writer_init(&writer, body, sizeof body);
    bool more = bend == HELLO_CRITICAL || bend == HELLO_TWICE;
    toc_write_map(&writer, bend == HELLO_NO_CLOCK ? 6 : more ? 8 : 7);
    if (bend == HELLO_CRITICAL) {
        toc_write_int(&writer, -1);
        toc_write_uint(&writer, 1);
    }
    write_number(&writer, 0, bend == HELLO_VERSION_256 ? 256 : 1);
    toc_write_uint(&writer, 1);
    if (bend == HELLO_NEGATIVE) {
        toc_write_int(&writer, -5);
    } else {
        toc_write_uint(&writer, 1);
    }
    toc_write_uint(&writer, 2);
    toc_write_bin(&writer, toc_span(evil->genesis.roster.hash, bend == HELLO_SHORT_HASH ? 31 : 32));
    for (uint64_t key = 3; key < 6; key++) {
        write_number(&writer, key, 0);
    }
    if (bend == HELLO_TWICE) {
        write_number(&writer, 5, 0);
    }
    if (bend == HELLO_LONG_SOFTWARE) {
        toc_write_uint(&writer, 7);
        toc_write_str(&writer, toc_span(text, sizeof text));
    } else if (bend != HELLO_NO_CLOCK) {
        write_number(&writer, 6, bend == HELLO_CLOCK_MAX ? UINT64_MAX : evil->net->utc_ms(evil));
    }
    struct toc_span said = toc_writer_bytes(&writer);
    EVIL_NEED(evil, said.at != NULL);
    evil_say(evil, TOC_MSG_HELLO, TOC_CLASS_CONTROL, said);
}

static void hello_bytes(struct evil *evil)
{
    evil_tell_body(evil);
}

/* BYE. */

static void full_frame(struct evil *evil)
{
    evil_say(evil, evil->lie->type, evil->lie->class,
             evil_fill(evil, 0xff, TOC_FRAME_BODY_BYTES_MAX));
}

static void long_bye(struct evil *evil)
{
    evil_say(evil, TOC_MSG_BYE, TOC_CLASS_CONTROL, evil_fill(evil, 1, 100000));
}

/* Digests and rows. */

static void vtop(struct evil *evil, size_t digests, size_t spare, uint8_t fill)
{
    uint8_t *body = evil->body;
    struct toc_span theirs = evil->last[TOC_MSG_VTOP];
    EVIL_NEED(evil, theirs.at != NULL);
    memset(body, fill, TOC_VTOP_CHECK_BYTES + digests * TOC_DIGEST_BYTES + spare);
    memcpy(body, theirs.at, TOC_VTOP_CHECK_BYTES);
    evil_say(evil, TOC_MSG_VTOP, TOC_CLASS_CONTROL,
             toc_span(body, TOC_VTOP_CHECK_BYTES + digests * TOC_DIGEST_BYTES + spare));
}

static void vtop_of_other_digests(struct evil *evil)
{
    size_t digests = (evil->last[TOC_MSG_VTOP].len - TOC_VTOP_CHECK_BYTES) / TOC_DIGEST_BYTES;
    vtop(evil, digests, 0, (uint8_t)evil->lie->arg);
    evil_wait(evil, 500);
}

static void vtop_not_whole(struct evil *evil)
{
    vtop(evil, 1, 7, 0);
}

static void vtop_without_digests(struct evil *evil)
{
    vtop(evil, 0, 0, 0);
}

/* the same groups by their check, another number of digests. */
static void vtop_of_more_digests(struct evil *evil)
{
    vtop(evil, 9, 0, 3);
}

static void vtop_of_other_groups(struct evil *evil)
{
    evil_say(evil, TOC_MSG_VTOP, TOC_CLASS_CONTROL, evil_fill(evil, 0xee, 4 + 16));
    evil_wait(evil, 100);
}

/* A row of whose log, and in which group? */
enum row_of { ROW_OURS, ROW_VICTIM, ROW_WITNESS, ROW_UNKNOWN, ROW_CONTROL };

static void row_of(const struct evil *evil, enum row_of of, uint8_t log[TOC_ID_BYTES])
{
    const struct evil_party *party = of == ROW_VICTIM    ? &evil->victim
                                     : of == ROW_WITNESS ? &evil->witness
                                                         : &evil->me;
    evil_log_of(evil, party, of == ROW_CONTROL ? evil->federation : NULL, log);
    log[5] ^= of == ROW_UNKNOWN;
}

/* Promises: arg / 10 whose log, arg % 10 what seq. What is promised is never given. */
static void promises(struct evil *evil)
{
    static const uint64_t seqs[] = {0, 1, 10000, UINT64_MAX - 1, UINT64_MAX, INT64_MAX};
    uint8_t log[TOC_ID_BYTES];
    enum row_of of = (enum row_of)(evil->lie->arg / 10);
    row_of(evil, of, log);
    uint64_t seq = seqs[evil->lie->arg % 10];
    evil_say_row(evil, of == ROW_CONTROL ? evil->federation : evil->all, log, seq);
    evil_wait(evil, 500);
    if (evil->count[TOC_MSG_WANT] > 0) { /* */
        struct toc_want want;
        EVIL_NEED(evil, !toc_failed(toc_want_decode(&want, evil->last[TOC_MSG_WANT])));
        EVIL_NEED(evil, want.to >= want.from);
        evil_most(evil, "entries asked for at once", want.to - want.from, 10064);
    }
    evil_linger(evil, evil->lie->is_slow ? 60000 : 0);
}

static void row_of_no_group(struct evil *evil)
{
    uint8_t log[TOC_ID_BYTES], group[TOC_ID_BYTES] = {9, 9};
    row_of(evil, ROW_OURS, log);
    evil_say_row(evil, group, log, 5);
}

/* 500 logs that do not exist, in a group that does. */
static void rows_of_unknown_logs(struct evil *evil)
{
    uint8_t *body = evil->body;
    evil_rows_head(body, evil->all, 1);
    evil->net->entropy(evil, body + TOC_VROW_HEAD_BYTES, 500 * TOC_ROW_BYTES);
    evil_say(evil, TOC_MSG_VROW, TOC_CLASS_CONTROL,
             toc_span(body, TOC_VROW_HEAD_BYTES + 500 * TOC_ROW_BYTES));
}

static void rows_not_whole(struct evil *evil)
{
    evil_rows_head(evil->body, evil->all, 1);
    memset(evil->body + TOC_VROW_HEAD_BYTES, 3, TOC_ROW_BYTES);
    evil_say(evil, TOC_MSG_VROW, TOC_CLASS_CONTROL,
             toc_span(evil->body, TOC_VROW_HEAD_BYTES + TOC_ROW_BYTES - 1));
}

static void rows_of_a_head_alone(struct evil *evil)
{
    evil_rows_head(evil->body, evil->all, 1);
    evil_say(evil, TOC_MSG_VROW, TOC_CLASS_CONTROL, toc_span(evil->body, TOC_VROW_HEAD_BYTES - 1));
}

static void rows_of_no_bucket(struct evil *evil)
{
    evil_rows_head(evil->body, evil->all, 1);
    memset(evil->body + TOC_ID_BYTES + 1, 0, 8);
    evil_say(evil, TOC_MSG_VROW, TOC_CLASS_CONTROL, toc_span(evil->body, TOC_VROW_HEAD_BYTES));
}

static void rows_of_another_bucket(struct evil *evil)
{
    evil_rows_head(evil->body, evil->all, 1);
    toc_put_le64(evil->body + TOC_ID_BYTES + 1, 2);
    memset(evil->body + TOC_VROW_HEAD_BYTES, 0xff, TOC_ROW_BYTES);
    evil_say(evil, TOC_MSG_VROW, TOC_CLASS_CONTROL,
             toc_span(evil->body, TOC_VROW_HEAD_BYTES + TOC_ROW_BYTES));
}

/* Bucket digests of a group (arg 0: of all, 1: of none) that are true nowhere. */
static void buckets(struct evil *evil)
{
    memset(evil->body, 0x3c, TOC_VBKT_BYTES);
    if (evil->lie->arg == 0) {
        memcpy(evil->body, evil->all, TOC_ID_BYTES);
    }
    evil_say(evil, TOC_MSG_VBKT, TOC_CLASS_CONTROL, toc_span(evil->body, TOC_VBKT_BYTES));
    evil_wait(evil, 500);
}

static void rows_last_of_2(struct evil *evil)
{
    evil_rows_head(evil->body, evil->all, 2);
    evil_say(evil, TOC_MSG_VROW, TOC_CLASS_CONTROL, toc_span(evil->body, TOC_VROW_HEAD_BYTES));
}

/* WANT. */

/* Each row is one want, of the victim's log in the group of all. */
static const struct {
    uint8_t kind;
    uint64_t seq, from, to;
} wants[] = {
    {3, 0, 1, 2},
    {255, 0, 1, 2},
    {0, 0, 2, 1},
    {0, 0, 0, 1},
    {1, 0, 0, UINT64_MAX},
    {2, 0, 0, 1},
    {2, 1, 0, UINT64_C(1) << 32},
    {2, UINT64_MAX, 5, 4},
    /* from here on within the form */
    {0, 0, UINT64_MAX, UINT64_MAX},
    {0, 0, 1, UINT64_MAX},
    {1, 0, 1, UINT64_MAX},
    {2, UINT64_MAX, 0, UINT32_MAX},
    {2, 1, UINT32_MAX, UINT32_MAX},
};

static void want(struct evil *evil)
{
    size_t at = (size_t)evil->lie->arg;
    struct toc_want said = {.kind = (enum toc_want_kind)wants[at].kind,
                            .seq = wants[at].seq,
                            .from = wants[at].from,
                            .to = wants[at].to};
    evil_log_of(evil, &evil->victim, NULL, said.log);
    evil_say_want(evil, &said);
    evil_wait(evil, 200);
    evil_most(evil, "ranges that came", evil->count[TOC_MSG_RANGE], 200);
}

static void want_of(struct evil *evil)
{
    struct toc_want said = {.kind = (enum toc_want_kind)evil->lie->arg, .seq = 1, .to = 1};
    said.from = said.kind == TOC_WANT_CHUNKS ? 0 : 1;
    evil->net->entropy(evil, said.log, sizeof said.log); /* of no log */
    evil_say_want(evil, &said);
    evil_wait(evil, 100);
    EVIL_NEED(evil, evil->count[TOC_MSG_RANGE] + evil->count[TOC_MSG_CHUNK] == 0);
}

static void long_body(struct evil *evil)
{
    evil_say(evil, evil->lie->type, evil->lie->class,
             evil_fill(evil, (uint8_t)evil->lie->arg, 300000));
    evil_wait(evil, 50);
}

#define HELLO(name_, bend_)                                                                        \
    {                                                                                              \
        name_, hello_lie, EVIL_SHAKEN, IGNORED, .arg = (bend_)                                     \
    }
#define BAD_HELLO(name_, bend_, code_)                                                             \
    {                                                                                              \
        name_, bad_hello, EVIL_SHAKEN, REFUSED(code_), .arg = (bend_)                              \
    }
#define ROW(name_, of_, seq_)                                                                      \
    {                                                                                              \
        name_, promises, EVIL_JOINED, IGNORED, .arg = (of_)*10 + (seq_)                            \
    }
#define WANT(name_, at_, code_)                                                                    \
    {                                                                                              \
        name_, want, EVIL_JOINED, REFUSED(code_), .arg = (at_)                                     \
    }
#define CONTROL(type_, text_) EVIL_SAY(type_, TOC_CLASS_CONTROL, text_)

static const struct evil_lie lies[] = {
    HELLO("hello_of_version_0", HELLO_VERSION_0),
    HELLO("hello_of_version_255", HELLO_VERSION_255),
    HELLO("hello_roster_number_0", HELLO_NUMBER_0),
    HELLO("hello_roster_number_max", HELLO_NUMBER_MAX),
    HELLO("hello_with_another_roster", HELLO_HASH),
    HELLO("hello_with_all_capabilities", HELLO_CAPABILITIES_MAX),
    HELLO("hello_without_credit", HELLO_CREDIT_0),
    HELLO("hello_with_credit_max", HELLO_CREDIT_MAX),
    HELLO("hello_with_the_clock_of_1970", HELLO_CLOCK_0),
    HELLO("hello_with_the_clock_of_9999", HELLO_CLOCK_LAST),
    BAD_HELLO("hello_clock_max", HELLO_CLOCK_MAX, TOC_LIMIT),
    BAD_HELLO("hello_of_version_256", HELLO_VERSION_256, TOC_LIMIT),
    BAD_HELLO("hello_with_a_hash_of_31_bytes", HELLO_SHORT_HASH, TOC_MALFORMED),
    BAD_HELLO("hello_without_a_clock", HELLO_NO_CLOCK, TOC_MALFORMED),
    BAD_HELLO("hello_of_long_software", HELLO_LONG_SOFTWARE, TOC_LIMIT),
    BAD_HELLO("hello_with_a_critical_field", HELLO_CRITICAL, TOC_CRITICAL),
    BAD_HELLO("hello_with_a_field_twice", HELLO_TWICE, TOC_MALFORMED),
    BAD_HELLO("hello_with_a_negative_number", HELLO_NEGATIVE, TOC_MALFORMED),
    {"hello_of_no_bytes", .stage = EVIL_SHAKEN, REFUSED(TOC_TRUNCATED), CONTROL(TOC_MSG_HELLO, "")},
    {"hello_of_two_values", .stage = EVIL_SHAKEN, REFUSED(TOC_TRAILING),
     CONTROL(TOC_MSG_HELLO, "\x80\x80")},
    {"hello_that_is_no_map", .stage = EVIL_SHAKEN, REFUSED(TOC_MALFORMED),
     CONTROL(TOC_MSG_HELLO, "\x91\x01")},
    {"hello_of_8_million_fields", hello_bytes, EVIL_SHAKEN, REFUSED(TOC_TRUNCATED),
     .type = TOC_MSG_HELLO, .class = TOC_CLASS_CONTROL, .body = "\xdf\xff\xff\x80\x00",
     .body_bytes = 5},
    {"hello_17_deep", .stage = EVIL_SHAKEN, REFUSED(TOC_LIMIT),
     CONTROL(TOC_MSG_HELLO, "\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91"
                            "\x91\x01")},
    {"credit_0", .stage = EVIL_JOINED, IGNORED, CONTROL(TOC_MSG_CREDIT, EIGHT_00 EIGHT_00)},
    {"credit_max", .stage = EVIL_JOINED, IGNORED, CONTROL(TOC_MSG_CREDIT, EIGHT_FF EIGHT_FF)},
    {"credit_of_15_bytes", .stage = EVIL_JOINED, REFUSED(TOC_MALFORMED),
     CONTROL(TOC_MSG_CREDIT, EIGHT_FF "1234567")},
    {"credit_of_17_bytes", .stage = EVIL_JOINED, REFUSED(TOC_MALFORMED),
     CONTROL(TOC_MSG_CREDIT, EIGHT_FF EIGHT_FF "1")},
    {"ping_of_7_bytes", .stage = EVIL_JOINED, REFUSED(TOC_MALFORMED),
     CONTROL(TOC_MSG_PING, "1234567")},
    {"ping_of_no_bytes", .stage = EVIL_JOINED, REFUSED(TOC_MALFORMED), CONTROL(TOC_MSG_PING, "")},
    {"ping_0", .stage = EVIL_JOINED, IGNORED, CONTROL(TOC_MSG_PING, EIGHT_00)},
    {"ping_max", .stage = EVIL_JOINED, IGNORED, CONTROL(TOC_MSG_PING, EIGHT_FF)},
    {"pong_of_9_bytes", .stage = EVIL_JOINED, REFUSED(TOC_MALFORMED),
     CONTROL(TOC_MSG_PONG, "123456789")},
    {"pong_nobody_asked_for", .stage = EVIL_JOINED, IGNORED, CONTROL(TOC_MSG_PONG, EIGHT_FF)},
    {"pong_0", .stage = EVIL_JOINED, IGNORED, CONTROL(TOC_MSG_PONG, EIGHT_00)},
    {"bye_without_reason", .stage = EVIL_JOINED, .outcome = EVIL_ENDED, CONTROL(TOC_MSG_BYE, "")},
    {"bye_of_unknown_reason", .stage = EVIL_JOINED, .outcome = EVIL_ENDED,
     CONTROL(TOC_MSG_BYE, "\xff")},
    {"bye_that_blames", .stage = EVIL_JOINED, .outcome = EVIL_ENDED, CONTROL(TOC_MSG_BYE, "\x04")},
    {"bye_of_100000_bytes", long_bye, EVIL_JOINED, .outcome = EVIL_ENDED},
    {"vtop_of_no_bytes", .stage = EVIL_JOINED, REFUSED(TOC_MALFORMED), CONTROL(TOC_MSG_VTOP, "")},
    {"vtop_without_digests", vtop_without_digests, EVIL_JOINED, REFUSED(TOC_MALFORMED)},
    {"vtop_not_whole", vtop_not_whole, EVIL_JOINED, REFUSED(TOC_MALFORMED)},
    {"vtop_of_9_digests", vtop_of_more_digests, EVIL_JOINED, REFUSED(TOC_MALFORMED)},
    {"vtop_of_zeros", vtop_of_other_digests, EVIL_JOINED, IGNORED, .arg = 0},
    {"vtop_of_ones", vtop_of_other_digests, EVIL_JOINED, IGNORED, .arg = 0xff},
    {"vtop_of_other_groups", vtop_of_other_groups, EVIL_JOINED, IGNORED},
    {"vrow_of_no_bytes", .stage = EVIL_JOINED, REFUSED(TOC_MALFORMED), CONTROL(TOC_MSG_VROW, "")},
    {"vrow_of_half_a_head", rows_of_a_head_alone, EVIL_JOINED, REFUSED(TOC_MALFORMED)},
    {"vrow_not_whole", rows_not_whole, EVIL_JOINED, REFUSED(TOC_MALFORMED)},
    {"vrow_last_of_2", rows_last_of_2, EVIL_JOINED, REFUSED(TOC_MALFORMED)},
    {"vrow_of_no_bucket", rows_of_no_bucket, EVIL_JOINED, REFUSED(TOC_MALFORMED)},
    {"vrow_of_another_bucket", rows_of_another_bucket, EVIL_JOINED, REFUSED(TOC_MALFORMED)},
    {"vbkt_of_no_bytes", .stage = EVIL_JOINED, REFUSED(TOC_MALFORMED), CONTROL(TOC_MSG_VBKT, "")},
    {"vbkt_of_half_its_length", full_frame, EVIL_JOINED, REFUSED(TOC_MALFORMED),
     .type = TOC_MSG_VBKT, .class = TOC_CLASS_CONTROL},
    {"vbkt_as_bulk", .stage = EVIL_JOINED, REFUSED(TOC_MALFORMED),
     EVIL_SAY(TOC_MSG_VBKT, TOC_CLASS_BULK, "12345678")},
    {"vbkt_of_noise", buckets, EVIL_JOINED, IGNORED, .arg = 0},
    {"vbkt_of_no_group", buckets, EVIL_JOINED, IGNORED, .arg = 1},
    {"vrow_of_no_group", row_of_no_group, EVIL_JOINED, IGNORED},
    {"vrow_of_unknown_logs", rows_of_unknown_logs, EVIL_JOINED, IGNORED},
    ROW("promises_0_of_its_own_log", ROW_OURS, 0),
    ROW("promises_10000_of_its_own_log", ROW_OURS, 2),
    ROW("promises_all_of_its_own_log", ROW_OURS, 4),
    ROW("promises_almost_all_of_its_own_log", ROW_OURS, 3),
    ROW("promises_0_of_the_victims_log", ROW_VICTIM, 0),
    ROW("promises_more_of_the_victims_log", ROW_VICTIM, 2),
    ROW("promises_all_of_the_victims_log", ROW_VICTIM, 4),
    ROW("promises_all_of_anothers_log", ROW_WITNESS, 4),
    ROW("promises_half_of_all_of_anothers_log", ROW_WITNESS, 5),
    ROW("promises_all_of_no_log", ROW_UNKNOWN, 4),
    ROW("promises_all_of_its_control_log", ROW_CONTROL, 4),
    {"promises_and_withholds", promises, EVIL_JOINED, IGNORED, .arg = ROW_WITNESS * 10 + 2,
     .is_slow = true},
    {"want_of_no_bytes", .stage = EVIL_JOINED, REFUSED(TOC_TRUNCATED), CONTROL(TOC_MSG_WANT, "")},
    {"want_of_56_bytes", .stage = EVIL_JOINED, REFUSED(TOC_TRUNCATED),
     CONTROL(TOC_MSG_WANT, ID_00 EIGHT_00 EIGHT_00 EIGHT_00)},
    {"want_of_58_bytes", .stage = EVIL_JOINED, REFUSED(TOC_TRAILING),
     CONTROL(TOC_MSG_WANT, ID_00 EIGHT_00 EIGHT_00 EIGHT_00 "12")},
    WANT("want_of_kind_3", 0, TOC_MALFORMED),
    WANT("want_of_kind_255", 1, TOC_MALFORMED),
    WANT("want_that_ends_before_it_begins", 2, TOC_MALFORMED),
    WANT("want_from_0", 3, TOC_MALFORMED),
    WANT("want_of_headers_from_0", 4, TOC_MALFORMED),
    WANT("want_of_pieces_of_entry_0", 5, TOC_MALFORMED),
    WANT("want_of_pieces_beyond_32_bits", 6, TOC_MALFORMED),
    WANT("want_of_pieces_backwards", 7, TOC_MALFORMED),
    {"want_from_max_to_max", want, EVIL_JOINED, IGNORED, .arg = 8},
    {"want_to_max", want, EVIL_JOINED, IGNORED, .arg = 9},
    {"want_of_headers_to_max", want, EVIL_JOINED, IGNORED, .arg = 10},
    {"want_of_pieces_of_entry_max", want, EVIL_JOINED, IGNORED, .arg = 11},
    {"want_of_the_list_of_a_small_payload", want, EVIL_JOINED, IGNORED, .arg = 12},
    {"want_of_no_log", want_of, EVIL_JOINED, IGNORED, .arg = TOC_WANT_ENTRIES},
    {"want_of_pieces_of_no_log", want_of, EVIL_JOINED, IGNORED, .arg = TOC_WANT_CHUNKS},
    {"chunk_of_43_bytes", .stage = EVIL_JOINED, REFUSED(TOC_TRUNCATED),
     EVIL_SAY(TOC_MSG_CHUNK, TOC_CLASS_BULK, ID_00 "12345678901")},
    {"chunk_of_no_bytes", .stage = EVIL_JOINED, REFUSED(TOC_TRUNCATED),
     EVIL_SAY(TOC_MSG_CHUNK, TOC_CLASS_BULK, "")},
    {"chunk_of_no_payload", .stage = EVIL_JOINED, IGNORED,
     EVIL_SAY(TOC_MSG_CHUNK, TOC_CLASS_BULK,
              ID_FF EIGHT_FF "\xff\xff\xff\xff"
                             "something")},
    {"nopay_of_40_bytes", .stage = EVIL_JOINED, REFUSED(TOC_MALFORMED),
     CONTROL(TOC_MSG_NOPAY, ID_00 EIGHT_00)},
    {"nopay_of_42_bytes", .stage = EVIL_JOINED, REFUSED(TOC_MALFORMED),
     CONTROL(TOC_MSG_NOPAY, ID_00 EIGHT_00 "12")},
    {"nopay_of_what_nobody_asked_for", .stage = EVIL_JOINED, IGNORED,
     CONTROL(TOC_MSG_NOPAY, ID_FF EIGHT_FF "\xff")},
    {"tags_not_a_multiple_of_16", .stage = EVIL_GREETED, REFUSED(TOC_MALFORMED),
     CONTROL(TOC_MSG_TAGS, "12345678")},
    {"tags_all_alike", long_body, EVIL_GREETED, REFUSED(TOC_MALFORMED), .type = TOC_MSG_TAGS,
     .class = TOC_CLASS_CONTROL},
    {"entry_of_no_bytes", .stage = EVIL_JOINED, REFUSED(TOC_TRUNCATED),
     EVIL_SAY(TOC_MSG_ENTRY, TOC_CLASS_LIVE, "")},
    {"range_of_82_bytes", .stage = EVIL_JOINED, REFUSED(TOC_TRUNCATED),
     EVIL_SAY(TOC_MSG_RANGE, TOC_CLASS_BULK, "\x01" ID_00 EIGHT_00 ID_00 EIGHT_00 "\x01")},
    {"range_of_zeros", long_body, EVIL_JOINED, REFUSED(TOC_VERSION), .type = TOC_MSG_RANGE,
     .class = TOC_CLASS_BULK},
    {"range_of_ones", long_body, EVIL_JOINED, REFUSED(TOC_VERSION), .type = TOC_MSG_RANGE,
     .class = TOC_CLASS_BULK, .arg = 0xff},
    {"beacon_of_zeros", long_body, EVIL_JOINED, REFUSED(TOC_TRAILING), .type = TOC_MSG_BEACON,
     .class = TOC_CLASS_CONTROL},
    {"beacon_of_no_bytes", .stage = EVIL_JOINED, REFUSED(TOC_TRUNCATED),
     CONTROL(TOC_MSG_BEACON, "")},
    {"beacon_that_nests", long_body, EVIL_JOINED, REFUSED(TOC_LIMIT), .type = TOC_MSG_BEACON,
     .class = TOC_CLASS_CONTROL, .arg = 0x91},
    {"invite_that_nests", long_body, EVIL_JOINED, REFUSED(TOC_LIMIT), .type = TOC_MSG_INVITE,
     .class = TOC_CLASS_CONTROL, .arg = 0x91},
    {"invite_of_forbidden_types", long_body, EVIL_JOINED, REFUSED(TOC_MALFORMED),
     .type = TOC_MSG_INVITE, .class = TOC_CLASS_CONTROL, .arg = 0xc1},
    {"invite_of_no_bytes", .stage = EVIL_JOINED, REFUSED(TOC_TRUNCATED),
     CONTROL(TOC_MSG_INVITE, "")},
    {"ping_as_live", .stage = EVIL_JOINED, REFUSED(TOC_MALFORMED),
     EVIL_SAY(TOC_MSG_PING, TOC_CLASS_LIVE, "12345678")},
    {"ping_as_alert", .stage = EVIL_JOINED, REFUSED(TOC_MALFORMED),
     EVIL_SAY(TOC_MSG_PING, TOC_CLASS_ALERT, "12345678")},
    {"want_as_bulk", .stage = EVIL_JOINED, REFUSED(TOC_MALFORMED),
     EVIL_SAY(TOC_MSG_WANT, TOC_CLASS_BULK, "12345678")},
    {"entry_as_control", .stage = EVIL_JOINED, REFUSED(TOC_MALFORMED),
     CONTROL(TOC_MSG_ENTRY, "12345678")},
    {"range_as_control", .stage = EVIL_JOINED, REFUSED(TOC_MALFORMED),
     CONTROL(TOC_MSG_RANGE, "12345678")},
    {"range_as_live", .stage = EVIL_JOINED, REFUSED(TOC_MALFORMED),
     EVIL_SAY(TOC_MSG_RANGE, TOC_CLASS_LIVE, "12345678")},
    {"range_as_alert", .stage = EVIL_JOINED, REFUSED(TOC_MALFORMED),
     EVIL_SAY(TOC_MSG_RANGE, TOC_CLASS_ALERT, "12345678")},
    {"chunk_as_control", .stage = EVIL_JOINED, REFUSED(TOC_MALFORMED),
     CONTROL(TOC_MSG_CHUNK, "12345678")},
    {"beacon_as_bulk", .stage = EVIL_JOINED, REFUSED(TOC_MALFORMED),
     EVIL_SAY(TOC_MSG_BEACON, TOC_CLASS_BULK, "12345678")},
    {"unknown_type_0", full_frame, EVIL_JOINED, IGNORED, .type = 0, .class = TOC_CLASS_CONTROL},
    {"unknown_type_255_as_live", full_frame, EVIL_JOINED, IGNORED, .type = 255,
     .class = TOC_CLASS_LIVE},
    {"unknown_type_200_of_300000_bytes", long_body, EVIL_JOINED, IGNORED, .type = 200,
     .class = TOC_CLASS_CONTROL},
    {"unknown_type_99_as_bulk", long_body, EVIL_JOINED, IGNORED, .type = 99,
     .class = TOC_CLASS_BULK, .arg = 0xff},
    {"fork_evidence_of_noise", full_frame, EVIL_JOINED, IGNORED, .type = TOC_MSG_FORK,
     .class = TOC_CLASS_CONTROL},
    {"roster_of_noise", full_frame, EVIL_JOINED, IGNORED, .type = TOC_MSG_ROSTER,
     .class = TOC_CLASS_CONTROL},
};

const struct evil_table evil_table_body = {EVIL_LINES(lies)};
