/* SPDX-License-Identifier: EUPL-1.2 */
#include "evil.h"

/* Lies in HAVE, EAGER and LAZY: what one has, and what one wants to hear of. */

#define REFUSED(code_) .outcome = EVIL_REFUSED, .code = (code_)
#define IGNORED .outcome = EVIL_IGNORED
#define PREFIX "\xff\xfe\xfd\xfc\xfb\xfa\xf9\xf8"
#define ROW PREFIX "\x01"
#define ROWS_8 ROW ROW ROW ROW ROW ROW ROW ROW

/* Of whose log a row tells: arg / 10 as the names of the lies say, arg % 10 how much. */
static size_t add_row(struct evil *evil, uint8_t *out, uint64_t whose, uint64_t seq)
{
    const struct evil_party *party = whose == 0   ? &evil->me
                                     : whose == 1 ? &evil->victim
                                     : whose == 2 ? &evil->witness
                                                  : &evil->absent;
    uint8_t log[TOC_ID_BYTES];
    struct toc_tell tell = {.seq = seq};
    evil_log_of(evil, party, NULL, log);
    memcpy(tell.prefix, log, sizeof tell.prefix);
    return toc_tell_encode(out, &tell);
}

static void tells(struct evil *evil)
{
    static const uint64_t seqs[] = {1, 10, 9000, 10001, UINT64_MAX};
    uint8_t row[TOC_TELL_ROW_BYTES_MAX];
    size_t len = add_row(evil, row, evil->lie->arg / 10, seqs[evil->lie->arg % 10]);
    evil_say(evil, evil->lie->type, evil->lie->class, toc_span(row, len));
    /* What it says to have is asked for, once it does not come, and never given. */
    evil_linger(evil, evil->lie->is_slow ? 60000 : 600);
    if (evil->count[TOC_MSG_WANT] > 0) {
        struct toc_want want;
        EVIL_NEED(evil, !toc_failed(toc_want_decode(&want, evil->last[TOC_MSG_WANT])));
        evil_most(evil, "entries asked for at once", want.to - want.from, TOC_WANT_AHEAD);
    }
}

static void rows_without_end(struct evil *evil)
{
    size_t len = 0;
    for (unsigned i = 0; i <= TOC_TELL_ROWS_MAX; i++) {
        len += add_row(evil, evil->body + len, 0, 1);
    }
    evil_say(evil, evil->lie->type, evil->lie->class, toc_span(evil->body, len));
}

/* Now eager, now lazy, and telling of what it does not have, 2,000 times. */
static void changes_its_mind(struct evil *evil)
{
    uint8_t row[TOC_TELL_ROW_BYTES_MAX];
    for (unsigned i = 0; i < 2000 && !evil->closed && !evil->stalled; i++) {
        static const uint8_t types[] = {TOC_MSG_EAGER, TOC_MSG_LAZY, TOC_MSG_HAVE};
        size_t len = add_row(evil, row, i % 4, i + 1);
        evil_say(evil, types[i % 3], TOC_CLASS_CONTROL, toc_span(row, len));
        if (i % 20 == 0) {
            evil_wait(evil, 2);
        }
    }
    evil_wait(evil, 1000);
    EVIL_NEED(evil, evil_answers(evil));
    evil_most(evil, "WANTs for 2,000 HAVEs", evil->count[TOC_MSG_WANT], 60);
}

/* A message of the most rows, all of unknown logs, 300 times. */
static void tells_of_unknown_logs(struct evil *evil)
{
    static uint8_t body[TOC_TELL_ROWS_MAX * (TOC_TELL_PREFIX_BYTES + 1)];
    evil->net->entropy(evil, body, sizeof body);
    for (size_t i = TOC_TELL_PREFIX_BYTES; i < sizeof body; i += TOC_TELL_PREFIX_BYTES + 1) {
        body[i] = 5;
    }
    for (unsigned i = 0; i < 300 && !evil->closed && !evil->stalled; i++) {
        evil_say(evil, TOC_MSG_HAVE, TOC_CLASS_CONTROL, toc_span(body, sizeof body));
        evil_wait(evil, 1);
    }
    EVIL_NEED(evil, evil_answers(evil));
}

#define SAY(name_, type_, class_, text_, code_)                                                    \
    {                                                                                              \
        name_, .stage = EVIL_JOINED, REFUSED(code_), EVIL_SAY(type_, class_, text_)                \
    }
#define TELLS(name_, type_, whose_, seq_)                                                          \
    {                                                                                              \
        name_, tells, EVIL_JOINED, IGNORED, .type = (type_), .class = TOC_CLASS_CONTROL,           \
                                            .arg = (whose_)*10 + (seq_)                            \
    }

static const struct evil_lie lies[] = {
    SAY("have_of_no_rows", TOC_MSG_HAVE, TOC_CLASS_CONTROL, "", TOC_TRUNCATED),
    SAY("eager_of_no_rows", TOC_MSG_EAGER, TOC_CLASS_CONTROL, "", TOC_TRUNCATED),
    SAY("lazy_of_no_rows", TOC_MSG_LAZY, TOC_CLASS_CONTROL, "", TOC_TRUNCATED),
    SAY("have_without_its_seq", TOC_MSG_HAVE, TOC_CLASS_CONTROL, ROW PREFIX, TOC_TRUNCATED),
    SAY("have_with_half_a_varint", TOC_MSG_HAVE, TOC_CLASS_CONTROL, PREFIX "\x80", TOC_TRUNCATED),
    SAY("have_with_a_long_varint", TOC_MSG_HAVE, TOC_CLASS_CONTROL, PREFIX "\x81\x00",
        TOC_MALFORMED),
    SAY("have_above_64_bits", TOC_MSG_HAVE, TOC_CLASS_CONTROL,
        PREFIX "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f", TOC_MALFORMED),
    SAY("have_of_seq_0", TOC_MSG_HAVE, TOC_CLASS_CONTROL, PREFIX "\x00", TOC_MALFORMED),
    SAY("lazy_of_seq_0", TOC_MSG_LAZY, TOC_CLASS_CONTROL, PREFIX "\x00", TOC_MALFORMED),
    SAY("have_as_live", TOC_MSG_HAVE, TOC_CLASS_LIVE, ROW, TOC_MALFORMED),
    SAY("have_as_alert", TOC_MSG_HAVE, TOC_CLASS_ALERT, ROW, TOC_MALFORMED),
    SAY("eager_as_bulk", TOC_MSG_EAGER, TOC_CLASS_BULK, ROW, TOC_MALFORMED),
    SAY("lazy_as_live", TOC_MSG_LAZY, TOC_CLASS_LIVE, ROW, TOC_MALFORMED),
    {"have_of_unknown_logs", .stage = EVIL_JOINED, IGNORED,
     EVIL_SAY(TOC_MSG_HAVE, TOC_CLASS_CONTROL, ROWS_8)},
    {"eager_of_unknown_logs", .stage = EVIL_JOINED, IGNORED,
     EVIL_SAY(TOC_MSG_EAGER, TOC_CLASS_CONTROL, ROWS_8 PREFIX "\x00")},
    {"have_of_too_many_rows", rows_without_end, EVIL_JOINED, REFUSED(TOC_LIMIT),
     .type = TOC_MSG_HAVE, .class = TOC_CLASS_BULK},
    {"lazy_of_too_many_rows", rows_without_end, EVIL_JOINED, REFUSED(TOC_LIMIT),
     .type = TOC_MSG_LAZY, .class = TOC_CLASS_CONTROL},
    TELLS("has_10_of_its_own_log", TOC_MSG_HAVE, 0, 1),
    TELLS("has_9000_of_its_own_log", TOC_MSG_HAVE, 0, 2),
    TELLS("has_10001_of_its_own_log", TOC_MSG_HAVE, 0, 3),
    TELLS("has_all_of_its_own_log", TOC_MSG_HAVE, 0, 4),
    TELLS("has_more_of_the_victims_log", TOC_MSG_HAVE, 1, 1),
    TELLS("has_all_of_the_victims_log", TOC_MSG_HAVE, 1, 4),
    TELLS("has_more_of_anothers_log", TOC_MSG_HAVE, 2, 1),
    TELLS("has_9000_of_anothers_log", TOC_MSG_HAVE, 2, 2),
    TELLS("has_all_of_anothers_log", TOC_MSG_HAVE, 2, 4),
    TELLS("eager_and_far_ahead", TOC_MSG_EAGER, 2, 2),
    TELLS("eager_and_max", TOC_MSG_EAGER, 1, 4),
    TELLS("lazy_and_far_ahead", TOC_MSG_LAZY, 2, 2),
    TELLS("lazy_and_max", TOC_MSG_LAZY, 1, 4),
    TELLS("lazy_of_the_victims_log", TOC_MSG_LAZY, 1, 0),
    {"tells_and_withholds", tells, EVIL_JOINED, IGNORED, .type = TOC_MSG_HAVE,
     .class = TOC_CLASS_CONTROL, .arg = 21, .is_slow = true},
    {"now_eager_now_lazy_without_end", changes_its_mind, EVIL_JOINED, .outcome = EVIL_BOUNDED},
    {"haves_of_unknown_logs_without_end", tells_of_unknown_logs, EVIL_JOINED,
     .outcome = EVIL_BOUNDED},
};

const struct evil_table evil_table_tell = {EVIL_LINES(lies)};
