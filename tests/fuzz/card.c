/* SPDX-License-Identifier: EUPL-1.2 */
/* USES: trust */
/*
 * Cards from anybody. What decodes keeps the promises of card.h, and signs again to a card that
 * reads the same.
 */
#include "trust.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const char *text, size_t size)
{
    const char *end = memchr(text, '\0', size);
    TOC_ASSERT(end != NULL);
    for (; text < end; text++) {
        TOC_ASSERT((unsigned char)*text >= 0x20 && *text != 0x7f);
    }
}

static void check_card(const struct toc_card *card)
{
    check_text(card->name, sizeof card->name);
    check_text(card->phone, sizeof card->phone);
    check_text(card->mail, sizeof card->mail);
    check_text(card->hours, sizeof card->hours);
    check_text(card->country, sizeof card->country);
    TOC_ASSERT(!toc_failed(toc_handle_check(toc_span_str(card->handle))));
    TOC_ASSERT(card->node_count <= TOC_NODES_MAX && card->language_count <= TOC_LANGUAGES_MAX);
    for (size_t i = 0; i < card->node_count; i++) {
        const struct toc_cert *node = &card->nodes[i];
        TOC_ASSERT(memcmp(node->org, card->id, TOC_ID_BYTES) == 0);
        TOC_ASSERT(toc_card_node(card, node->number) == node);
        TOC_ASSERT(node->address_count <= TOC_ADDRESSES_MAX);
        for (size_t j = 0; j < node->address_count; j++) {
            TOC_ASSERT(!toc_failed(toc_address_check(toc_span_str(node->addresses[j]))));
        }
    }
}

/* The same card under another organisation key. Keys of low order, or used twice, are refused. */
static void sign_again(struct toc_card *card)
{
    static const uint8_t entropy[32] = {1};
    static uint8_t memory[TOC_CARD_BYTES_MAX];
    struct toc_sign_keys org;
    struct toc_span envelope;
    struct toc_card read;
    toc_sign_keys_make(&org, entropy);
    memset(card->first_key, 0, sizeof card->first_key);
    struct toc_room out = {memory, sizeof memory};
    struct toc_err err = toc_card_sign(card, &org, out, &envelope);
    if (toc_failed(err)) {
        TOC_ASSERT(err.code == TOC_MALFORMED);
        return;
    }
    TOC_ASSERT(!toc_failed(toc_card_decode(&read, envelope)));
    TOC_ASSERT(memcmp(&read, card, sizeof read) == 0);
}

static void read_card(struct toc_span envelope)
{
    struct toc_card card;
    if (!toc_failed(toc_card_verify(&card, envelope))) {
        check_card(&card);
    }
    if (toc_failed(toc_card_decode(&card, envelope))) {
        TOC_ASSERT(toc_is_zero(&card, sizeof card));
        return;
    }
    check_card(&card);
    sign_again(&card);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t memory[TOC_CARD_BYTES_MAX + 80];
    static const uint8_t sig[TOC_SIG_BYTES];
    struct toc_writer writer;
    read_card(toc_span(data, size));
    /* The same bytes as a record, so that its lengths need not be guessed. */
    toc_writer_init(&writer, memory, sizeof memory);
    toc_write_array(&writer, 2);
    toc_write_bin(&writer, toc_span(data, size));
    toc_write_bin(&writer, toc_span(sig, sizeof sig));
    if (!toc_failed(writer.err)) {
        read_card(toc_writer_bytes(&writer));
    }
    return 0;
}
