/* SPDX-License-Identifier: EUPL-1.2 */
#include "evil.h"

/* Lies about logs: ranges out of form, forged authors, broken chains, forks, cards. */

#define REFUSED(code_) .outcome = EVIL_REFUSED, .code = (code_)
#define IGNORED .outcome = EVIL_IGNORED
#define STORED .outcome = EVIL_STORED
#define AT_SEQ 33u
#define AT_PREV 41u
#define AT_BASE 73u
#define AT_COUNT 81u
#define AT_ENTRIES 83u

static void add(struct evil *evil, unsigned count, uint32_t bytes)
{
    for (unsigned i = 0; i < count; i++) {
        chain_add(evil->chain, bytes, 1);
    }
}

/* A range of one entry with `len` bytes of its fixed part overwritten: arg = offset * 65536 + len *
 * 256 + byte. */
static void fixed_part(struct evil *evil)
{
    uint64_t arg = evil->lie->arg;
    add(evil, 1, 100);
    struct toc_span range = evil_range(evil, 1, 1);
    memset((uint8_t *)(uintptr_t)range.at + arg / 65536, (int)(arg % 256), arg / 256 % 256);
    evil_say(evil, TOC_MSG_RANGE, TOC_CLASS_BULK, range);
}

/* The body is the bytes of one entry, without a true signature: the form is looked at first. */
static void entry_bytes(struct evil *evil)
{
    uint8_t *out = evil->body;
    memset(out, 0, AT_ENTRIES);
    out[0] = 1;
    memcpy(out + 1, evil->chain->log, TOC_ID_BYTES);
    toc_put_le64(out + AT_SEQ, 1);
    toc_put_le64(out + AT_BASE, evil->net->utc_ms(evil));
    toc_put_le16(out + AT_COUNT, 1);
    memcpy(out + AT_ENTRIES, evil->lie->body, evil->lie->body_bytes);
    size_t len = AT_ENTRIES + evil->lie->body_bytes;
    memset(out + len, 9, TOC_SIG_BYTES);
    evil_say(evil, TOC_MSG_RANGE, TOC_CLASS_BULK, toc_span(out, len + TOC_SIG_BYTES));
}

/* A header of version 1 that is not elided. */
static void verbatim_header(struct evil *evil)
{
    add(evil, 1, 10);
    struct toc_span range = evil_range(evil, 1, 1);
    uint8_t *out = evil->body;
    memcpy(out, range.at, AT_ENTRIES);
    size_t len = AT_ENTRIES;
    out[len++] = 1;
    toc_put_le16(out + len, TOC_HEADER_BYTES);
    memcpy(out + len + 2, evil->chain->entries[0].bytes, TOC_HEADER_BYTES);
    len += 2 + TOC_HEADER_BYTES;
    memcpy(out + len, evil->chain->entries[0].payload, 10);
    memcpy(out + len + 10, evil->chain->entries[0].sig, TOC_SIG_BYTES);
    evil_say(evil, TOC_MSG_RANGE, TOC_CLASS_BULK, toc_span(out, len + 10 + TOC_SIG_BYTES));
}

static void bytes_before_the_signature(struct evil *evil)
{
    add(evil, 1, 10);
    struct toc_span range = evil_range(evil, 1, 1);
    size_t len = range.len - TOC_SIG_BYTES;
    memcpy(evil->body, range.at, len);
    memcpy(evil->body + len, "xyz", 3);
    memcpy(evil->body + len + 3, range.at + len, TOC_SIG_BYTES);
    evil_say(evil, TOC_MSG_RANGE, TOC_CLASS_BULK, toc_span(evil->body, range.len + 3));
}

static void range_above_its_bound(struct evil *evil)
{
    add(evil, 1, 10);
    struct toc_span range = evil_range(evil, 1, 1);
    memset(evil->body, 0, TOC_RANGE_BYTES_MAX + 1);
    memcpy(evil->body, range.at, range.len);
    evil_say(evil, TOC_MSG_RANGE, TOC_CLASS_BULK, toc_span(evil->body, TOC_RANGE_BYTES_MAX + 1));
}

/* entries 63 to 65 in one range, where 64 ends a block. */
static void range_across_a_block(struct evil *evil)
{
    add(evil, 65, 20);
    evil_say_range(evil, 1, 62);
    evil_stored(evil);
    evil_say_range(evil, 63, 65);
}

/* A bit of what is under the signature: arg 0: in a payload in the middle, 1: the signature at the
 * end of a block, 2: in an elided field in the middle, 3: a payload at the end. */
static void altered(struct evil *evil)
{
    add(evil, 64, 50);
    struct toc_span range = evil_range(evil, 1, evil->lie->arg == 1 ? 64 : 20);
    size_t at = range.len - 1;
    if (evil->lie->arg == 3) {
        at = range.len - TOC_SIG_BYTES - 1;
    } else if (evil->lie->arg != 1) {
        struct toc_range_walk walk;
        struct toc_entry entry;
        EVIL_NEED(evil, !toc_failed(toc_range_open(&walk, range)));
        for (int i = 0; i < 10; i++) {
            EVIL_NEED(evil, !toc_failed(toc_range_next(&walk, &entry)));
        }
        /* The next entry's bytes begin behind this payload: flags, kind, class. */
        at = (size_t)(entry.payload.at - range.at) + (evil->lie->arg == 0 ? 5 : 50 + 1);
    }
    ((uint8_t *)(uintptr_t)range.at)[at] ^= 1;
    evil_say(evil, TOC_MSG_RANGE, TOC_CLASS_BULK, range);
}

/* Whose next entry, with our signature. */
static void forge(struct evil *evil)
{
    const struct evil_party *party = evil->lie->arg == 0   ? &evil->absent
                                     : evil->lie->arg == 1 ? &evil->witness
                                                           : &evil->victim;
    uint8_t log[TOC_ID_BYTES];
    struct toc_row row = {0};
    evil_begin_chain(evil, NULL);
    evil_log_of(evil, party, NULL, log);
    if (evil_row_of(evil, evil->all, log, &row)) {
        evil->chain->head = (struct toc_log_head){.seq = row.seq, .checkpoint_seq = row.seq};
        memcpy(evil->chain->head.hash, row.hash, TOC_HASH_BYTES);
    }
    memcpy(evil->chain->log, log, TOC_ID_BYTES);
    add(evil, 1, 100);
    evil_mark(evil);
    evil_say(evil, evil->lie->type, evil->lie->class, evil_range(evil, 1, 1));
}

static void signed_for_another_federation(struct evil *evil)
{
    evil->chain->federation[0] ^= 1;
    add(evil, 1, 100);
    evil_say_range(evil, 1, 1);
}

static void signed_by_another_key(struct evil *evil)
{
    evil->chain->keys = evil->org_keys; /* ours, and still not the log's */
    add(evil, 1, 100);
    evil_say_range(evil, 1, 1);
}

static void log_of_no_group(struct evil *evil)
{
    uint8_t group[TOC_ID_BYTES] = {5, 5};
    evil_log_of(evil, &evil->me, group, evil->chain->log);
    add(evil, 1, 100);
    evil_say_range(evil, 1, 1);
}

/* the group exists, but this link does not share it. */
static void group_not_shared(struct evil *evil)
{
    uint8_t log[TOC_ID_BYTES];
    evil_reach(evil, EVIL_JOINED);
    evil_begin_chain(evil, evil->group.id);
    evil_mark(evil);
    if (evil->lie->arg == 0) {
        add(evil, 1, 100);
        evil_say_range(evil, 1, 1);
        return;
    }
    evil_log_of(evil, &evil->victim, evil->group.id, log);
    struct toc_want want = {.kind = TOC_WANT_ENTRIES, .from = 1, .to = 1};
    memcpy(want.log, log, sizeof want.log);
    evil_say_want(evil, &want);
}

static void gap(struct evil *evil)
{
    add(evil, 5, 100);
    evil_say(evil, TOC_MSG_ENTRY, TOC_CLASS_LIVE, evil_range(evil, 5, 5));
    evil_say_range(evil, 3, 4);
    evil_wait(evil, 300);
}

/* the time of entry 2 is that of entry 1. */
static void time_that_stands_still(struct evil *evil)
{
    add(evil, 1, 100);
    evil_say_range(evil, 1, 1);
    evil_stored(evil);
    struct chain *chain = evil->chain;
    chain->head.utc.ms = 0;
    struct chain_entry *entry = &chain->entries[1];
    *entry = (struct chain_entry){0};
    toc_header_draft(&entry->header, &chain->head, chain->log, chain->entries[0].header.utc, 10);
    entry->header.version = 1;
    entry->payload = calloc(1, 10);
    EVIL_NEED(evil, entry->payload != NULL);
    chain_append(chain, entry);
    evil_say(evil, TOC_MSG_ENTRY, TOC_CLASS_LIVE, evil_range(evil, 2, 2));
}

/* entry 2 follows another entry 1 than the one that it names: seen by its hash alone. */
static void payload_hash_of_an_unknown_version(struct evil *evil)
{
    chain_add(evil->chain, 100, 2);
    struct toc_span range = evil_range(evil, 1, 1);
    ((uint8_t *)(uintptr_t)range.at)[range.len - TOC_SIG_BYTES - 3] ^= 1;
    evil_say(evil, TOC_MSG_RANGE, TOC_CLASS_BULK, range);
}

/* What belongs to the author alone: nobody can open it, and nobody else is the worse for it. */
static void sealed_for_nobody(struct evil *evil)
{
    uint8_t noise[500];
    evil->net->entropy(evil, noise, sizeof noise);
    struct chain_entry *entry = evil_append(evil, TOC_KIND_BULLETIN, toc_span(noise, sizeof noise));
    EVIL_NEED(evil, entry != NULL);
    evil_say(evil, TOC_MSG_ENTRY, TOC_CLASS_LIVE, evil_range(evil, 1, 1));
    evil_wait(evil, 300);
}

static void epoch_of_another_group(struct evil *evil)
{
    uint8_t noise[64];
    struct evil_group ours = evil->group;
    evil->net->entropy(evil, noise, sizeof noise);
    memcpy(evil->group.epoch, toc_epoch_ref(&evil->genesis.epoch), TOC_EPOCH_REF_BYTES);
    evil_append(evil, TOC_KIND_BULLETIN, toc_span(noise, sizeof noise));
    evil->group = ours;
    evil_say(evil, TOC_MSG_ENTRY, TOC_CLASS_LIVE, evil_range(evil, 1, 1));
    evil_wait(evil, 300);
}

/* sealed as it should be; inside, the words of another under a signature of ours. */
static void inner_signature_of_another(struct evil *evil)
{
    static uint8_t content[1 + 96 + 40], payload[4096];
    uint8_t key[TOC_KEY_BYTES], nonce[19], hash[TOC_HASH_BYTES];
    memset(content, 0x81, sizeof content);
    content[0] = 0;
    memcpy(content + 1, evil->witness.card.nodes[0].log_key, TOC_KEY_BYTES);
    evil->net->entropy(evil, hash, sizeof hash);
    toc_sign(content + 33, TOC_CTX_S_BULLETIN, evil->federation, hash, evil->log_keys.secret);
    size_t len = toc_payload_bytes(sizeof content);
    EVIL_NEED(evil, len <= sizeof payload);
    struct chain_entry *entry = evil_append(evil, TOC_KIND_BULLETIN, toc_span(payload, len));
    /* The header is what the seal covers: draft it, seal, sign again. */
    evil->net->entropy(evil, nonce, sizeof nonce);
    toc_author_key(key, evil->group.k, evil->chain->log);
    toc_payload_seal(entry->payload, toc_span(content, sizeof content), key,
                     toc_span(entry->bytes, TOC_HEADER_AD_BYTES), nonce);
    evil->chain->head = (struct toc_log_head){0};
    evil->chain->count = 0;
    chain_append(evil->chain, entry);
    evil_say(evil, TOC_MSG_ENTRY, TOC_CLASS_LIVE, evil_range(evil, 1, 1));
    evil_wait(evil, 300);
}

/* Kinds where they do not belong, kinds and versions that nobody knows. */
static void odd_kind(struct evil *evil)
{
    evil_append(evil, (enum toc_kind)evil->lie->arg, toc_span_str("not what it says"));
    evil_say(evil, TOC_MSG_ENTRY, TOC_CLASS_LIVE, evil_range(evil, 1, 1));
    evil_wait(evil, 300);
}

static void unknown_version(struct evil *evil)
{
    chain_add(evil->chain, 100, (uint16_t)evil->lie->arg);
    evil_say_range(evil, 1, 1);
    evil_wait(evil, 300);
}

/* Two histories. arg 0: the second goes on from another entry; 1: it begins again at 1. */
static void fork_of_its_log(struct evil *evil)
{
    static uint8_t room[TOC_RANGE_BYTES_MAX];
    add(evil, 2, 100);
    evil_say_range(evil, 1, 2);
    evil_stored(evil);
    evil_begin_chain(evil, evil->group.id);
    add(evil, 4, 90);
    uint64_t first = evil->lie->arg == 0 ? 3 : 1;
    evil_say(evil, TOC_MSG_RANGE, TOC_CLASS_BULK,
             chain_range(evil->chain, first, 4, true, (struct toc_room){room, sizeof room}));
    evil_wait(evil, 300);
    evil_say_range(evil, 1, 3); /* said once; nothing more is taken */
}

/* one history to each of two nodes. Each keeps what it heard first, and nobody parts. */
static void fork_to_two(struct evil *evil)
{
    struct evil_group group;
    struct toc_row row;
    evil_found(evil, &(struct evil_invite){.third = evil->witness.card.id}, &group);
    add(evil, 2, 100);
    evil_say_range(evil, 1, 2);
    evil_wait(evil, 300);
    evil->aim = &evil->witness;
    evil_reach(evil, EVIL_JOINED);
    evil_say_tags(evil, &group);
    evil_begin_chain(evil, group.id);
    add(evil, 3, 90);
    EVIL_NEED(evil, evil_answers(evil));
    evil_say_range(evil, 1, 3);
    evil_wait(evil, 500);
    EVIL_NEED(evil, evil_answers(evil));
    evil->aim = &evil->victim;
    evil_reach(evil, EVIL_JOINED);
    evil_say_tags(evil, &group);
    EVIL_NEED(evil, evil_answers(evil));
    size_t heard = evil->count[TOC_MSG_VTOP];
    EVIL_NEED(evil, evil_hears(evil, TOC_MSG_VTOP, heard + 1, EVIL_ANSWER_MS));
    EVIL_NEED(evil, evil_row_of(evil, group.id, evil->chain->log, &row));
    EVIL_NEED(evil, row.seq == 2); /* what it had first, and none of the other */
}

static void rewinds(struct evil *evil)
{
    add(evil, 5, 100);
    evil_say_range(evil, 1, 5);
    evil_stored(evil);
    evil_say_range(evil, 1, 2);
    evil_say(evil, TOC_MSG_ENTRY, TOC_CLASS_LIVE, evil_range(evil, 3, 3));
    evil_say_row(evil, evil->group.id, evil->chain->log, 2);
    evil_wait(evil, 300);
}

/* what was asked for is one log, what comes another. */
static void answers_with_another_log(struct evil *evil)
{
    uint8_t log[TOC_ID_BYTES];
    evil_log_of(evil, &evil->absent, NULL, log);
    evil_say_row(evil, evil->all, log, 50);
    EVIL_NEED(evil, evil_hears(evil, TOC_MSG_WANT, 1, EVIL_ANSWER_MS));
    add(evil, 3, 100);
    evil_say_range(evil, 1, 3);
    evil_wait(evil, 300);
}

/* Cards. */

static void say_card(struct evil *evil, const struct toc_card *card,
                     const struct toc_sign_keys *keys)
{
    static uint8_t room[TOC_CARD_BYTES_MAX];
    struct toc_card copy = *card;
    struct toc_span envelope;
    EVIL_NEED(evil, !toc_failed(toc_card_sign(&copy, keys, (struct toc_room){room, sizeof room},
                                              &envelope)));
    evil_resume_chain(evil, evil->federation);
    evil_append(evil, TOC_KIND_CARD, envelope);
    evil_say_range(evil, 1, 1);
    evil_wait(evil, 300);
}

/* Of the witness, newer, and signed by us. */
static void card_of_another(struct evil *evil)
{
    struct toc_card card = evil->witness.card;
    card.serial += 100;
    say_card(evil, &card, &evil->org_keys);
}

/* its true card with a later serial, under the signature that it had. */
static void card_made_newer(struct evil *evil)
{
    static uint8_t card[TOC_CARD_BYTES_MAX];
    struct toc_card decoded;
    size_t at = 0, len = 0;
    for (size_t i = 0; i < evil->genesis.roster.org_count; i++) {
        struct toc_span envelope = evil->genesis.cards[i];
        EVIL_NEED(evil, !toc_failed(toc_card_decode(&decoded, envelope)));
        if (memcmp(decoded.id, evil->witness.card.id, TOC_ID_BYTES) == 0) {
            len = envelope.len;
            memcpy(card, envelope.at, len);
        }
    }
    while (at + 4 < len && memcmp(card + at, "\x07\x01\x08\x01", 4) != 0) {
        at++; /* key 7: kind 1, key 8: serial 1 */
    }
    EVIL_NEED(evil, at + 4 < len);
    card[at + 3] = 0x7f;
    EVIL_NEED(evil, !toc_failed(toc_card_decode(&decoded, toc_span(card, len))));
    EVIL_NEED(evil, decoded.serial == 0x7f);
    evil_resume_chain(evil, evil->federation);
    evil_append(evil, TOC_KIND_CARD, toc_span(card, len));
    evil_say_range(evil, 1, 1);
    evil_wait(evil, 300);
}

/* our own, with the link key of the witness. */
static void card_with_anothers_link_key(struct evil *evil)
{
    struct toc_card card = evil->me.card;
    card.serial += 1;
    memcpy(card.nodes[0].link_key, evil->witness.card.nodes[0].link_key, TOC_KEY_BYTES);
    say_card(evil, &card, &evil->org_keys);
}

static void card_of_a_stranger(struct evil *evil)
{
    struct toc_card card = evil->me.card;
    struct toc_sign_keys keys;
    uint8_t entropy[32] = {77};
    toc_sign_keys_make(&keys, entropy);
    memset(card.first_key, 0, sizeof card.first_key);
    memset(card.org_key, 0, sizeof card.org_key);
    say_card(evil, &card, &keys);
}

static void card_of_noise(struct evil *evil)
{
    evil_resume_chain(evil, evil->federation);
    for (int i = 0; i < 20; i++) {
        evil_append(evil, TOC_KIND_CARD, evil_fill(evil, (uint8_t)i, 300));
    }
    evil_say_range(evil, 1, 20);
    evil_wait(evil, 300);
}

#define FIXED(name_, offset_, len_, byte_, code_)                                                  \
    {                                                                                              \
        name_, fixed_part, EVIL_GROUPED, REFUSED(code_),                                           \
            .arg = (uint64_t)(offset_)*65536u + (len_)*256u + (byte_)                              \
    }
#define ENTRY(name_, text_, code_)                                                                 \
    {                                                                                              \
        name_, entry_bytes, EVIL_GROUPED, REFUSED(code_), .body = (text_),                         \
                                                          .body_bytes = sizeof(text_) - 1          \
    }

static const struct evil_lie lies[] = {
    FIXED("range_of_format_0", 0, 1, 0, TOC_VERSION),
    FIXED("range_of_format_2", 0, 1, 2, TOC_VERSION),
    FIXED("range_from_seq_0", AT_SEQ, 8, 0, TOC_MALFORMED),
    FIXED("range_from_seq_max", AT_SEQ, 8, 0xff, TOC_MALFORMED),
    FIXED("range_with_a_prev_at_1", AT_PREV, 1, 7, TOC_MALFORMED),
    FIXED("range_of_time_0", AT_BASE, 8, 0, TOC_MALFORMED),
    FIXED("range_of_time_max", AT_BASE, 8, 0xff, TOC_MALFORMED),
    FIXED("range_of_no_entries", AT_COUNT, 2, 0, TOC_MALFORMED),
    FIXED("range_of_65_entries", AT_COUNT, 1, 65, TOC_LIMIT),
    FIXED("range_of_65535_entries", AT_COUNT, 2, 0xff, TOC_LIMIT),
    FIXED("range_of_more_entries_than_it_has", AT_COUNT, 1, 9, TOC_TRUNCATED),
    ENTRY("entry_with_unknown_flags",
          "\x14\x01\x22\0\0\x03"
          "abc",
          TOC_MALFORMED),
    ENTRY("entry_of_the_same_epoch_as_none",
          "\x02\x01\x22\0\0\x03"
          "abc",
          TOC_MALFORMED),
    ENTRY("entry_of_no_and_the_same_epoch",
          "\x06\x01\x22\0\0\x03"
          "abc",
          TOC_MALFORMED),
    ENTRY("entry_of_class_4",
          "\x04\x01\x42\0\0\x03"
          "abc",
          TOC_MALFORMED),
    ENTRY("entry_of_tlp_5",
          "\x04\x01\x25\0\0\x03"
          "abc",
          TOC_MALFORMED),
    ENTRY("entry_later_than_its_base",
          "\x04\x01\x22\x01\0\x03"
          "abc",
          TOC_MALFORMED),
    ENTRY("entry_with_a_long_varint",
          "\x04\x01\x22\x80\0\0\x03"
          "abc",
          TOC_MALFORMED),
    ENTRY("entry_with_a_varint_of_11_bytes",
          "\x04\x01\x22\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\0\x03"
          "abc",
          TOC_MALFORMED),
    ENTRY("entry_that_expires_after_32_bits",
          "\x04\x01\x22\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x03"
          "abc",
          TOC_LIMIT),
    ENTRY("entry_of_17_mb",
          "\x0c\x01\x22\0\0\x94\xa2\x80\x08"
          "0123456789abcdef0123456789abcdef",
          TOC_LIMIT),
    ENTRY("entry_of_u64_max_bytes",
          "\x0c\x01\x22\0\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"
          "0123456789abcdef0123456789abcdef",
          TOC_LIMIT),
    ENTRY("entry_detached_of_no_bytes",
          "\x0c\x01\x22\0\0\0"
          "0123456789abcdef0123456789abcdef",
          TOC_MALFORMED),
    ENTRY("entry_too_long_to_stand_inline",
          "\x04\x01\x22\0\0\xa4\x80\x04"
          "abc",
          TOC_MALFORMED),
    ENTRY("entry_longer_than_the_range",
          "\x04\x01\x22\0\0\x7f"
          "abc",
          TOC_TRUNCATED),
    ENTRY("entry_without_its_end", "\x04\x01", TOC_TRUNCATED),
    {"header_of_version_1_verbatim", verbatim_header, EVIL_GROUPED, REFUSED(TOC_MALFORMED)},
    {"bytes_before_the_signature", bytes_before_the_signature, EVIL_GROUPED, REFUSED(TOC_TRAILING)},
    {"range_above_its_bound", range_above_its_bound, EVIL_GROUPED, REFUSED(TOC_LIMIT)},
    {"range_across_a_block", range_across_a_block, EVIL_GROUPED, REFUSED(TOC_MALFORMED)},
    {"payload_altered_in_the_middle", altered, EVIL_GROUPED, REFUSED(TOC_SIGNATURE), .arg = 0},
    {"signature_of_a_checkpoint_altered", altered, EVIL_GROUPED, REFUSED(TOC_SIGNATURE), .arg = 1},
    {"elided_field_altered", altered, EVIL_GROUPED, REFUSED(TOC_SIGNATURE), .arg = 2},
    {"payload_altered_at_the_end", altered, EVIL_GROUPED, REFUSED(TOC_SIGNATURE), .arg = 3},
    {"entry_of_one_who_never_spoke", forge, EVIL_JOINED, REFUSED(TOC_SIGNATURE), .arg = 0,
     .type = TOC_MSG_ENTRY, .class = TOC_CLASS_LIVE},
    {"next_entry_of_another", forge, EVIL_JOINED, REFUSED(TOC_SIGNATURE), .arg = 1,
     .type = TOC_MSG_ENTRY, .class = TOC_CLASS_LIVE},
    {"next_range_of_another", forge, EVIL_JOINED, REFUSED(TOC_SIGNATURE), .arg = 1,
     .type = TOC_MSG_RANGE, .class = TOC_CLASS_BULK},
    {"alert_of_another", forge, EVIL_JOINED, REFUSED(TOC_SIGNATURE), .arg = 1,
     .type = TOC_MSG_ENTRY, .class = TOC_CLASS_ALERT},
    {"next_entry_of_the_victim", forge, EVIL_JOINED, REFUSED(TOC_SIGNATURE), .arg = 2,
     .type = TOC_MSG_ENTRY, .class = TOC_CLASS_LIVE},
    {"signed_for_another_federation", signed_for_another_federation, EVIL_GROUPED,
     REFUSED(TOC_SIGNATURE)},
    {"signed_by_its_organisation_key", signed_by_another_key, EVIL_GROUPED, REFUSED(TOC_SIGNATURE)},
    {"log_of_no_group", log_of_no_group, EVIL_GROUPED, IGNORED},
    {"entries_of_a_group_not_shared", group_not_shared, EVIL_GROUPED, REFUSED(TOC_MEMBER),
     .arg = 0},
    {"want_of_a_group_not_shared", group_not_shared, EVIL_GROUPED, REFUSED(TOC_MEMBER), .arg = 1},
    {"gap_in_its_own_log", gap, EVIL_GROUPED, IGNORED},
    {"time_that_stands_still", time_that_stands_still, EVIL_GROUPED, REFUSED(TOC_MALFORMED)},
    {"payload_that_is_not_the_header_s", payload_hash_of_an_unknown_version, EVIL_GROUPED,
     REFUSED(TOC_HASH)},
    {"sealed_for_nobody", sealed_for_nobody, EVIL_GROUPED, STORED},
    {"epoch_of_another_group", epoch_of_another_group, EVIL_GROUPED, STORED},
    {"inner_signature_of_another", inner_signature_of_another, EVIL_GROUPED, STORED},
    {"card_in_a_group", odd_kind, EVIL_GROUPED, STORED, .arg = TOC_KIND_CARD},
    {"founding_in_a_log", odd_kind, EVIL_GROUPED, STORED, .arg = TOC_KIND_GROUP},
    {"epoch_in_a_log", odd_kind, EVIL_GROUPED, STORED, .arg = TOC_KIND_EPOCH},
    {"roster_in_a_log", odd_kind, EVIL_GROUPED, STORED, .arg = TOC_KIND_ROSTER},
    {"kind_255", odd_kind, EVIL_GROUPED, STORED, .arg = 255},
    {"header_of_version_2", unknown_version, EVIL_GROUPED, STORED, .arg = 2},
    {"header_of_version_65535", unknown_version, EVIL_GROUPED, STORED, .arg = 65535},
    {"fork_that_goes_on", fork_of_its_log, EVIL_GROUPED, .outcome = EVIL_NOTED, .code = TOC_FORK,
     .arg = 0},
    {"fork_from_the_beginning", fork_of_its_log, EVIL_GROUPED, .outcome = EVIL_NOTED,
     .code = TOC_FORK, .arg = 1},
    {"fork_to_two_nodes", fork_to_two, EVIL_JOINED, .outcome = EVIL_BOUNDED},
    {"rewinds_its_log", rewinds, EVIL_GROUPED, IGNORED},
    {"answers_with_another_log", answers_with_another_log, EVIL_GROUPED, STORED},
    {"card_of_another_signed_by_itself", card_of_another, EVIL_JOINED, STORED},
    {"card_of_another_made_newer", card_made_newer, EVIL_JOINED, STORED},
    {"card_with_anothers_link_key", card_with_anothers_link_key, EVIL_JOINED, STORED},
    {"card_of_a_stranger", card_of_a_stranger, EVIL_JOINED, STORED},
    {"cards_of_noise", card_of_noise, EVIL_JOINED, STORED},
};

const struct evil_table evil_table_log = {EVIL_LINES(lies)};
