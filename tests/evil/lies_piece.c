/* SPDX-License-Identifier: EUPL-1.2 */
#include "evil.h"

/* Lies about large payloads: one is declared, and something else is given, or nothing. */

#define REFUSED(code_) .outcome = EVIL_REFUSED, .code = (code_)
#define PIECES 4u
#define PAYLOAD_BYTES (TOC_CHUNK_FIRST_BYTES + (PIECES - 1) * TOC_CHUNK_SEALED_BYTES)

/* Declares a payload and waits until the victim asks for its list. */
static void declare(struct evil *evil)
{
    chain_add(evil->chain, PAYLOAD_BYTES, 1);
    evil_say_range(evil, 1, 1);
    for (size_t count = 1;; count++) {
        struct toc_want want;
        EVIL_NEED(evil, evil_hears(evil, TOC_MSG_WANT, count, EVIL_ANSWER_MS));
        EVIL_NEED(evil, !toc_failed(toc_want_decode(&want, evil->last[TOC_MSG_WANT])));
        if (want.kind == TOC_WANT_CHUNKS && memcmp(want.log, evil->chain->log, TOC_ID_BYTES) == 0) {
            EVIL_NEED(evil, want.from == TOC_CHUNK_LIST);
            evil_stored(evil);
            return;
        }
    }
}

static void say_piece(struct evil *evil, uint64_t seq, uint32_t index, struct toc_span bytes)
{
    uint8_t *body = evil->body;
    struct toc_chunk chunk = {.seq = seq, .index = index};
    memcpy(chunk.log, evil->chain->log, TOC_ID_BYTES);
    memmove(body + TOC_CHUNK_HEAD_BYTES, bytes.at, bytes.len);
    toc_chunk_encode_head(body, &chunk);
    evil_say(evil, TOC_MSG_CHUNK, TOC_CLASS_BULK, toc_span(body, TOC_CHUNK_HEAD_BYTES + bytes.len));
}

static struct toc_span piece(struct evil *evil, uint32_t index)
{
    struct toc_chunk_place place = toc_chunk_place(PAYLOAD_BYTES, index);
    return toc_span(evil->chain->entries[0].payload + place.offset, place.len);
}

static void make_list(struct evil *evil, uint8_t list[PIECES * TOC_HASH_BYTES])
{
    for (uint32_t i = 0; i < PIECES; i++) {
        toc_chunk_hash(list + (size_t)i * TOC_HASH_BYTES, piece(evil, i));
    }
}

static void say_list(struct evil *evil)
{
    uint8_t list[PIECES * TOC_HASH_BYTES];
    make_list(evil, list);
    size_t wants = evil->count[TOC_MSG_WANT];
    say_piece(evil, 1, TOC_CHUNK_LIST, toc_span(list, sizeof list));
    EVIL_NEED(evil, evil_hears(evil, TOC_MSG_WANT, wants + 1, EVIL_ANSWER_MS));
    evil_wait(evil, 100);
    evil_mark(evil);
}

/* arg 0: a wrong hash, 1: one too many, 2: one too few, 3: none, 4: 8 KiB of them. */
static void wrong_list(struct evil *evil)
{
    static uint8_t list[8192];
    declare(evil);
    make_list(evil, list);
    list[40] ^= evil->lie->arg == 0;
    static const size_t hashes[] = {PIECES, PIECES + 1, PIECES - 1, 0, 256};
    say_piece(evil, 1, TOC_CHUNK_LIST, toc_span(list, hashes[evil->lie->arg] * TOC_HASH_BYTES));
}

/* arg 0: a wrong byte, 1: one too many, 2: one too few, 3: another piece, 4: nothing. */
static void wrong_piece(struct evil *evil)
{
    static uint8_t bytes[TOC_CHUNK_FIRST_BYTES + 1];
    declare(evil);
    say_list(evil);
    struct toc_span first = piece(evil, evil->lie->arg == 3 ? 1 : 0);
    memcpy(bytes, first.at, first.len);
    bytes[77] ^= evil->lie->arg == 0;
    size_t len = evil->lie->arg == 1   ? first.len + 1
                 : evil->lie->arg == 2 ? first.len - 1
                 : evil->lie->arg == 4 ? 0
                                       : first.len;
    say_piece(evil, 1, 0, toc_span(bytes, len));
}

static void pieces_without_order(struct evil *evil)
{
    declare(evil);
    say_piece(evil, 1, 0, piece(evil, 0)); /* before the list */
    say_piece(evil, 2, 0, piece(evil, 0)); /* of no entry */
    say_list(evil);
    say_piece(evil, 1, 1, piece(evil, 1));
    say_piece(evil, 1, PIECES, piece(evil, 0));
    say_piece(evil, 1, UINT32_MAX - 1, piece(evil, 0));
    say_piece(evil, UINT64_MAX, 0, piece(evil, 0));
    evil_wait(evil, 200);
}

/* so many that it cannot be an answer that was late. */
static void pieces_without_end(struct evil *evil)
{
    declare(evil);
    for (unsigned i = 0; i < 2 * TOC_FUTILE_MAX && !evil->closed; i++) {
        say_piece(evil, 1, 3, toc_span_str("no"));
        evil_wait(evil, 2);
    }
}

static void has_lost_what_it_declares(struct evil *evil)
{
    declare(evil);
    for (int i = 0; i < 30 && !evil->closed; i++) {
        uint8_t body[TOC_NOPAY_BYTES];
        memcpy(body, evil->chain->log, TOC_ID_BYTES);
        toc_put_le64(body + TOC_ID_BYTES, 1);
        body[TOC_NOPAY_BYTES - 1] = (uint8_t)(i * 9);
        evil_say(evil, TOC_MSG_NOPAY, TOC_CLASS_CONTROL, toc_span(body, sizeof body));
        evil_wait(evil, 100);
    }
}

static void never_gives(struct evil *evil)
{
    declare(evil);
    evil_linger(evil, 300000);
}

/* 600 payloads that nobody has, of which MISSING_ORG_MAX are noted. */
static void declares_without_end(struct evil *evil)
{
    for (unsigned i = 0; i < 500; i++) {
        chain_add(evil->chain, 70000, 1);
    }
    for (unsigned i = 1; i + 3 <= 500 && !evil->closed; i += 4) { /* four make a block */
        evil_say_range(evil, i, i + 3);
        evil_wait(evil, 20);
    }
    evil_begin_chain(evil, evil->all);
    for (unsigned i = 0; i < 100; i++) {
        chain_add(evil->chain, 70000, 1);
    }
    for (unsigned i = 1; i + 3 <= 100 && !evil->closed; i += 4) {
        evil_say_range(evil, i, i + 3);
        evil_wait(evil, 20);
    }
    struct toc_row row;
    bool told = evil_row_of(evil, evil->all, evil->chain->log, &row);
    evil_most(evil, "payloads noted as missing", 500 + (told ? row.seq : 0), TOC_MISSING_ORG_MAX);
}

/* A single piece: the payload of a small entry, sent without it, and then another one. */
static void small_payload_that_is_another(struct evil *evil)
{
    static uint8_t room[TOC_RANGE_BYTES_MAX];
    chain_add(evil->chain, 100, 1);
    evil_say(evil, TOC_MSG_RANGE, TOC_CLASS_BULK,
             chain_range(evil->chain, 1, 1, false, (struct toc_room){room, sizeof room}));
    for (size_t count = 1;; count++) {
        struct toc_want want;
        EVIL_NEED(evil, evil_hears(evil, TOC_MSG_WANT, count, EVIL_ANSWER_MS));
        EVIL_NEED(evil, !toc_failed(toc_want_decode(&want, evil->last[TOC_MSG_WANT])));
        if (want.kind == TOC_WANT_CHUNKS) {
            break;
        }
    }
    evil_stored(evil);
    say_piece(evil, 1, 0, toc_span_str("another payload"));
}

static const struct evil_lie lies[] = {
    {"list_with_a_wrong_hash", wrong_list, EVIL_GROUPED, REFUSED(TOC_HASH), .arg = 0},
    {"list_of_one_too_many", wrong_list, EVIL_GROUPED, REFUSED(TOC_HASH), .arg = 1},
    {"list_of_one_too_few", wrong_list, EVIL_GROUPED, REFUSED(TOC_HASH), .arg = 2},
    {"list_of_none", wrong_list, EVIL_GROUPED, REFUSED(TOC_HASH), .arg = 3},
    {"list_of_256", wrong_list, EVIL_GROUPED, REFUSED(TOC_HASH), .arg = 4},
    {"piece_with_a_wrong_byte", wrong_piece, EVIL_GROUPED, REFUSED(TOC_HASH), .arg = 0},
    {"piece_of_a_byte_too_many", wrong_piece, EVIL_GROUPED, REFUSED(TOC_HASH), .arg = 1},
    {"piece_of_a_byte_too_few", wrong_piece, EVIL_GROUPED, REFUSED(TOC_HASH), .arg = 2},
    {"piece_in_place_of_another", wrong_piece, EVIL_GROUPED, REFUSED(TOC_HASH), .arg = 3},
    {"piece_of_no_bytes", wrong_piece, EVIL_GROUPED, REFUSED(TOC_HASH), .arg = 4},
    {"small_payload_that_is_another", small_payload_that_is_another, EVIL_GROUPED,
     REFUSED(TOC_HASH)},
    {"pieces_without_order", pieces_without_order, EVIL_GROUPED, .outcome = EVIL_IGNORED},
    {"pieces_without_end", pieces_without_end, EVIL_GROUPED, REFUSED(TOC_MALFORMED)},
    {"has_lost_what_it_declares", has_lost_what_it_declares, EVIL_GROUPED, .outcome = EVIL_IGNORED},
    {"never_gives_what_it_declares", never_gives, EVIL_GROUPED, .outcome = EVIL_IGNORED,
     .is_slow = true},
    {"declares_without_end", declares_without_end, EVIL_GROUPED, .outcome = EVIL_BOUNDED,
     .is_slow = true},
};

const struct evil_table evil_table_piece = {EVIL_LINES(lies)};
