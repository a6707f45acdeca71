/* SPDX-License-Identifier: EUPL-1.2 */
/* Cards: what an organisation says of itself. PROTOCOL.md "Card". */
#include "card.h"

#include <string.h>

#include "cert.h"
#include "record.h"

enum card_field { /* keys of the record */
                  CARD_ORG_KEY = 1,
                  CARD_FIRST_KEY,
                  CARD_RECOVERY_KEY,
                  CARD_HANDLE,
                  CARD_NAME,
                  CARD_COUNTRY,
                  CARD_KIND,
                  CARD_SERIAL,
                  CARD_PHONE,
                  CARD_MAIL,
                  CARD_LANGUAGES,
                  CARD_HOURS,
                  CARD_VOTING_NODE,
                  CARD_NODES,
};
#define CARD_WANTED                                                                                \
    (TOC_FIELD(CARD_ORG_KEY) | TOC_FIELD(CARD_FIRST_KEY) | TOC_FIELD(CARD_RECOVERY_KEY) |          \
     TOC_FIELD(CARD_HANDLE) | TOC_FIELD(CARD_NAME) | TOC_FIELD(CARD_KIND) |                        \
     TOC_FIELD(CARD_SERIAL) | TOC_FIELD(CARD_VOTING_NODE) | TOC_FIELD(CARD_NODES))

static const uint8_t no_federation[TOC_ID_BYTES];

/* What the signatures of a card cover, in the order of the card. */
struct proofs {
    uint8_t signature[TOC_SIG_BYTES];
    struct toc_cert_proof nodes[TOC_NODES_MAX];
};

static void read_languages(struct toc_reader *reader, struct toc_card *card)
{
    size_t count = toc_read_array(reader, TOC_LANGUAGES_MAX);
    for (size_t i = 0; i < count && !toc_failed(reader->err); i++) {
        toc_record_read_text(reader, card->languages[i], TOC_LANGUAGE_BYTES_MAX);
    }
    card->language_count = count;
}

static void read_nodes(struct toc_reader *reader, struct toc_card *card, struct proofs *proofs)
{
    size_t count = toc_read_array(reader, TOC_NODES_MAX);
    for (size_t i = 0; i < count && !toc_failed(reader->err); i++) {
        struct toc_span envelope = toc_read_bin(reader, TOC_CERT_BYTES_MAX);
        if (toc_failed(reader->err)) {
            break;
        }
        struct toc_err err = toc_cert_decode(&card->nodes[i], envelope, &proofs->nodes[i]);
        if (toc_failed(err)) {
            toc_reader_fail(reader, err.code, err.why);
        }
    }
    card->node_count = count;
}

static void read_text_field(struct toc_reader *reader, struct toc_card *card, int64_t key)
{
    switch (key) {
    case CARD_HANDLE:
        toc_record_read_handle(reader, card->handle);
        break;
    case CARD_NAME:
        toc_record_read_text(reader, card->name, TOC_ORG_NAME_BYTES_MAX);
        break;
    case CARD_COUNTRY:
        toc_record_read_country(reader, card->country);
        break;
    case CARD_PHONE:
        toc_record_read_text(reader, card->phone, TOC_PHONE_BYTES_MAX);
        break;
    case CARD_MAIL:
        toc_record_read_text(reader, card->mail, TOC_MAIL_BYTES_MAX);
        break;
    case CARD_HOURS:
        toc_record_read_text(reader, card->hours, TOC_HOURS_BYTES_MAX);
        break;
    default:
        toc_read_unknown(reader, key);
    }
}

static void read_field(struct toc_reader *reader, struct toc_card *card, struct proofs *proofs,
                       int64_t key)
{
    switch (key) {
    case CARD_ORG_KEY:
        toc_read_bin_exact(reader, card->org_key, sizeof card->org_key);
        break;
    case CARD_FIRST_KEY:
        toc_read_bin_exact(reader, card->first_key, sizeof card->first_key);
        break;
    case CARD_RECOVERY_KEY:
        toc_read_bin_exact(reader, card->recovery_key, sizeof card->recovery_key);
        break;
    case CARD_KIND:
        card->kind = (enum toc_org_kind)toc_read_uint_max(reader, UINT8_MAX);
        break;
    case CARD_SERIAL:
        card->serial = toc_read_uint(reader);
        break;
    case CARD_LANGUAGES:
        read_languages(reader, card);
        break;
    case CARD_VOTING_NODE:
        card->voting_node = (uint16_t)toc_read_uint_max(reader, UINT16_MAX);
        break;
    case CARD_NODES:
        read_nodes(reader, card, proofs);
        break;
    default:
        read_text_field(reader, card, key);
    }
}

/* The `index`th of a card's keys: three of each node, then those of the organisation. */
static const uint8_t *key_at(const struct toc_card *card, size_t index)
{
    if (index >= 3 * card->node_count) {
        return index == 3 * card->node_count ? card->org_key : card->recovery_key;
    }
    const struct toc_cert *cert = &card->nodes[index / 3];
    switch (index % 3) {
    case 0:
        return cert->link_key;
    case 1:
        return cert->seal_key;
    default:
        return cert->log_key;
    }
}

/* every key has one use. */
static bool uses_key_twice(const struct toc_card *card)
{
    size_t count = 3 * card->node_count + 2;
    for (size_t i = 0; i < count; i++) {
        for (size_t j = i + 1; j < count; j++) {
            if (memcmp(key_at(card, i), key_at(card, j), TOC_KEY_BYTES) == 0) {
                return true;
            }
        }
    }
    return false;
}

static struct toc_err check_nodes(const struct toc_card *card)
{
    for (size_t i = 0; i < card->node_count; i++) {
        if (memcmp(card->nodes[i].org, card->id, TOC_ID_BYTES) != 0) {
            return toc_fail(TOC_MALFORMED, "certificate is another organisation's"); /* */
        }
        if (i > 0 && card->nodes[i].number <= card->nodes[i - 1].number) {
            return toc_fail(TOC_MALFORMED, "nodes are not ascending"); /* */
        }
    }
    /* */
    if (card->node_count == 0 ? card->voting_node != 0
                              : toc_card_node(card, card->voting_node) == NULL) {
        return toc_fail(TOC_MALFORMED, "voting node is no node of the card");
    }
    if (uses_key_twice(card)) {
        return toc_fail(TOC_MALFORMED, "a key is used twice");
    }
    return toc_ok();
}

static struct toc_err check_card(const struct toc_card *card)
{
    if (card->serial == 0 || card->kind == 0) {
        return toc_fail(TOC_MALFORMED, "card without serial or kind"); /* */
    }
    if (card->country[0] == '\0' && card->kind != TOC_ORG_INTERNATIONAL) {
        return toc_fail(TOC_MALFORMED, "card without country"); /* */
    }
    return check_nodes(card);
}

static struct toc_err decode_record(struct toc_card *card, struct proofs *proofs,
                                    struct toc_span record)
{
    struct toc_reader reader;
    size_t fields = 0;
    uint64_t seen = 0;
    TOC_TRY(toc_record_open(&reader, record, TOC_CARD_BYTES_MAX, &fields));
    for (size_t i = 0; i < fields && !toc_failed(reader.err); i++) {
        read_field(&reader, card, proofs, toc_record_key(&reader, &seen));
    }
    TOC_TRY(toc_record_end(&reader, seen, CARD_WANTED));
    toc_org_id(card->id, card->first_key);
    toc_hash(card->hash, TOC_CTX_H_CARD, &record, 1);
    return check_card(card);
}

static struct toc_err decode_envelope(struct toc_card *card, struct proofs *proofs,
                                      struct toc_span envelope)
{
    struct toc_reader reader;
    struct toc_span record;
    TOC_TRY(toc_envelope_open(&reader, envelope, TOC_CARD_BYTES_MAX, 2, &record));
    toc_read_bin_exact(&reader, proofs->signature, sizeof proofs->signature);
    TOC_TRY(toc_reader_end(&reader));
    return decode_record(card, proofs, record);
}

/* */
static struct toc_err prove(const struct toc_card *card, const struct proofs *proofs)
{
    TOC_TRY(
        toc_verify(proofs->signature, TOC_CTX_S_CARD, no_federation, card->hash, card->org_key));
    for (size_t i = 0; i < card->node_count; i++) {
        TOC_TRY(toc_cert_prove(&card->nodes[i], &proofs->nodes[i], card->org_key));
    }
    return toc_ok();
}

struct toc_err toc_card_decode(struct toc_card *card, struct toc_span envelope)
{
    struct proofs proofs;
    memset(card, 0, sizeof *card);
    struct toc_err err = decode_envelope(card, &proofs, envelope);
    if (toc_failed(err)) {
        memset(card, 0, sizeof *card);
    }
    return err;
}

struct toc_err toc_card_verify(struct toc_card *card, struct toc_span envelope)
{
    struct proofs proofs;
    memset(card, 0, sizeof *card);
    struct toc_err err = decode_envelope(card, &proofs, envelope);
    if (!toc_failed(err)) {
        err = prove(card, &proofs);
    }
    if (toc_failed(err)) {
        memset(card, 0, sizeof *card);
    }
    return err;
}

const struct toc_cert *toc_card_node(const struct toc_card *card, uint16_t number)
{
    for (size_t i = 0; i < card->node_count; i++) {
        if (card->nodes[i].number == number) {
            return &card->nodes[i];
        }
    }
    return NULL;
}

static void sort_nodes(struct toc_card *card)
{
    for (size_t i = 1; i < card->node_count; i++) {
        struct toc_cert moving = card->nodes[i];
        size_t place = i;
        for (; place > 0 && card->nodes[place - 1].number > moving.number; place--) {
            card->nodes[place] = card->nodes[place - 1];
        }
        card->nodes[place] = moving;
    }
}

static size_t count_fields(const struct toc_card *card)
{
    size_t count = 9;
    count += card->country[0] != '\0';
    count += card->phone[0] != '\0';
    count += card->mail[0] != '\0';
    count += card->hours[0] != '\0';
    count += card->language_count != 0;
    return count;
}

static void write_fields(struct toc_writer *writer, const struct toc_card *card)
{
    toc_write_map(writer, count_fields(card));
    toc_record_write_bytes32(writer, CARD_ORG_KEY, card->org_key);
    toc_record_write_bytes32(writer, CARD_FIRST_KEY, card->first_key);
    toc_record_write_bytes32(writer, CARD_RECOVERY_KEY, card->recovery_key);
    toc_record_write_span(writer, CARD_HANDLE, toc_span_str(card->handle));
    toc_record_write_span(writer, CARD_NAME, toc_span_str(card->name));
    toc_record_write_text(writer, CARD_COUNTRY, card->country);
    toc_record_write_uint(writer, CARD_KIND, (uint64_t)card->kind);
    toc_record_write_uint(writer, CARD_SERIAL, card->serial);
    toc_record_write_text(writer, CARD_PHONE, card->phone);
    toc_record_write_text(writer, CARD_MAIL, card->mail);
    if (card->language_count != 0) {
        toc_write_uint(writer, CARD_LANGUAGES);
        toc_write_array(writer, card->language_count);
        for (size_t i = 0; i < card->language_count; i++) {
            toc_write_str(writer, toc_span_str(card->languages[i]));
        }
    }
    toc_record_write_text(writer, CARD_HOURS, card->hours);
    toc_record_write_uint(writer, CARD_VOTING_NODE, card->voting_node);
}

static struct toc_err write_nodes(struct toc_writer *writer, struct toc_card *card,
                                  const struct toc_sign_keys *org)
{
    toc_write_uint(writer, CARD_NODES);
    toc_write_array(writer, card->node_count);
    for (size_t i = 0; i < card->node_count; i++) {
        uint8_t memory[TOC_CERT_BYTES_MAX];
        struct toc_span cert;
        memcpy(card->nodes[i].org, card->id, TOC_ID_BYTES);
        TOC_TRY(
            toc_cert_sign(&card->nodes[i], org, (struct toc_room){memory, sizeof memory}, &cert));
        toc_write_bin(writer, cert);
    }
    return writer->err;
}

struct toc_err toc_card_sign(struct toc_card *card, const struct toc_sign_keys *org,
                             struct toc_room out, struct toc_span *envelope)
{
    if (card->node_count > TOC_NODES_MAX || card->language_count > TOC_LANGUAGES_MAX) {
        return toc_fail(TOC_LIMIT, "card has too many nodes or languages");
    }
    memcpy(card->org_key, org->public_key, TOC_KEY_BYTES);
    if (toc_is_zero(card->first_key, TOC_KEY_BYTES)) {
        memcpy(card->first_key, org->public_key, TOC_KEY_BYTES);
    }
    toc_org_id(card->id, card->first_key);
    sort_nodes(card);
    struct toc_writer writer = toc_envelope_begin(out);
    write_fields(&writer, card);
    TOC_TRY(write_nodes(&writer, card, org));

    struct toc_writer whole;
    struct toc_span record;
    uint8_t sig[TOC_SIG_BYTES];
    TOC_TRY(toc_envelope_end(out, &writer, 2, &whole, &record));
    toc_hash(card->hash, TOC_CTX_H_CARD, &record, 1);
    toc_sign(sig, TOC_CTX_S_CARD, no_federation, card->hash, org->secret);
    toc_write_bin(&whole, toc_span(sig, sizeof sig));
    TOC_TRY(whole.err);

    /* What a reader would refuse is never given out. */
    struct toc_card read;
    TOC_TRY(toc_card_verify(&read, toc_writer_bytes(&whole)));
    *envelope = toc_writer_bytes(&whole);
    return toc_ok();
}
