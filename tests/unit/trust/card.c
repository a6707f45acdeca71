/* SPDX-License-Identifier: EUPL-1.2 */
#include "founders.h"

static void expect_zeroed(const struct toc_card *card)
{
    assert_true(toc_is_zero(card, sizeof *card));
}

static void expect_row(const char *what, struct toc_span envelope, enum toc_code code)
{
    static struct toc_card card;
    memset(&card, 0x5a, sizeof card);
    world_expect(what, toc_card_verify(&card, envelope), code);
    if (code != TOC_OK) {
        expect_zeroed(&card);
    }
}

static void expect_verify(struct toc_span envelope, enum toc_code code)
{
    expect_row("card", envelope, code);
}

static void a_card_reads_as_it_was_signed(void **state)
{
    (void)state;
    struct world_org *one = &world()[0];
    struct toc_card read;
    assert_ok(toc_card_verify(&read, one->envelope));
    assert_memory_equal(&read, &one->card, sizeof read);
    assert_ok(toc_card_decode(&read, one->envelope));
    assert_memory_equal(&read, &one->card, sizeof read);
    uint8_t id[TOC_ID_BYTES];
    toc_org_id(id, one->org.public_key);
    assert_memory_equal(read.id, id, sizeof id);
    assert_ptr_equal(toc_card_node(&read, 1), &read.nodes[0]);
    assert_null(toc_card_node(&read, 2));
}

static void signing_sorts_the_nodes(void **state)
{
    (void)state;
    uint64_t seed = 5;
    struct world_org *one = &world()[0];
    one->card.nodes[1] = one->card.nodes[0];
    world_node(one, 0, 9, &seed);
    one->card.node_count = 2;
    world_sign(one);
    assert_int_equal(one->card.nodes[0].number, 1);
    assert_int_equal(one->card.nodes[1].number, 9);
    struct toc_card read;
    assert_ok(toc_card_verify(&read, one->envelope));
    assert_memory_equal(&read, &one->card, sizeof read);
}

static void a_full_card_fits(void **state)
{
    (void)state;
    uint64_t seed = 6;
    static struct world_org one;
    world_org(&one, 0, &seed);
    struct toc_card *card = &one.card;
    memset(card->name, 'n', TOC_ORG_NAME_BYTES_MAX);
    memset(card->handle, 'h', TOC_HANDLE_BYTES_MAX);
    memset(card->phone, '1', TOC_PHONE_BYTES_MAX);
    memset(card->mail, 'm', TOC_MAIL_BYTES_MAX);
    memset(card->hours, 'x', TOC_HOURS_BYTES_MAX);
    for (size_t i = 0; i < TOC_LANGUAGES_MAX; i++) {
        memset(card->languages[i], 'l', TOC_LANGUAGE_BYTES_MAX);
    }
    card->language_count = TOC_LANGUAGES_MAX;
    card->serial = UINT64_MAX;
    struct toc_cert node = card->nodes[0];
    node.incarnation = UINT32_MAX;
    node.serial = UINT64_MAX;
    node.suites = UINT32_MAX;
    node.address_count = TOC_ADDRESSES_MAX;
    for (size_t i = 0; i < TOC_ADDRESSES_MAX; i++) {
        memset(node.addresses[i], 'a', TOC_ADDRESS_BYTES_MAX);
        memcpy(node.addresses[i] + TOC_ADDRESS_BYTES_MAX - 6, ":65535", 7);
    }
    for (size_t i = 0; i < TOC_NODES_MAX; i++) {
        uint8_t entropy[96];
        uint8_t spare[TOC_SIGN_SECRET_BYTES];
        check_random_fill(&seed, entropy, sizeof entropy);
        card->nodes[i] = node;
        card->nodes[i].number = (uint16_t)(60000 + i);
        toc_dh_keypair(card->nodes[i].link_key, spare, entropy);
        toc_dh_keypair(card->nodes[i].seal_key, spare, entropy + 32);
        toc_sign_keypair(card->nodes[i].log_key, spare, entropy + 64);
    }
    card->node_count = TOC_NODES_MAX;
    card->voting_node = 60000;
    world_sign(&one);
    expect_verify(one.envelope, TOC_OK);
}

/* ---- what signing refuses: one row, one change of a good card ---- */

static void change_handle_short(struct toc_card *card)
{
    memcpy(card->handle, "a", 2);
}
static void change_handle_blank(struct toc_card *card)
{
    memcpy(card->handle, "a b", 4);
}
static void change_handle_all(struct toc_card *card)
{
    memcpy(card->handle, "aLL", 4);
}
static void change_handle_none(struct toc_card *card)
{
    card->handle[0] = '\0';
}
static void change_name_none(struct toc_card *card)
{
    card->name[0] = '\0';
}
static void change_name_escape(struct toc_card *card)
{
    memcpy(card->name, "\033[2J", 5);
}
static void change_name_c1(struct toc_card *card)
{
    memcpy(card->name,
           "a\xc2\x9b"
           "b",
           5);
}
static void change_name_broken(struct toc_card *card)
{
    memcpy(card->name, "\xc3(", 3);
}
static void change_country_lower(struct toc_card *card)
{
    memcpy(card->country, "de", 3);
}
static void change_country_none(struct toc_card *card)
{
    card->country[0] = '\0';
}
static void change_country_one(struct toc_card *card)
{
    memcpy(card->country, "D", 2);
}
static void change_serial_zero(struct toc_card *card)
{
    card->serial = 0;
}
static void change_kind_zero(struct toc_card *card)
{
    card->kind = (enum toc_org_kind)0;
}
static void change_voting_node(struct toc_card *card)
{
    card->voting_node = 2;
}
static void change_voting_without(struct toc_card *card)
{
    card->node_count = 0;
}
static void change_nodes_many(struct toc_card *card)
{
    card->node_count = TOC_NODES_MAX + 1;
}
static void change_languages_many(struct toc_card *card)
{
    card->language_count = TOC_LANGUAGES_MAX + 1;
}
static void change_addresses_many(struct toc_card *card)
{
    card->nodes[0].address_count = TOC_ADDRESSES_MAX + 1;
}
static void change_address(struct toc_card *card)
{
    memcpy(card->nodes[0].addresses[0], "host", 5);
}
static void change_suites(struct toc_card *card)
{
    card->nodes[0].suites = 0;
}
static void change_number_twice(struct toc_card *card)
{
    card->nodes[1] = card->nodes[0];
    card->nodes[1].link_key[0] ^= 1;
    card->nodes[1].seal_key[0] ^= 1;
    card->nodes[1].log_key[0] ^= 1;
    card->node_count = 2;
}
static void change_key_of_two_nodes(struct toc_card *card)
{
    change_number_twice(card);
    card->nodes[1].number = 2;
    memcpy(card->nodes[1].log_key, card->nodes[0].log_key, TOC_KEY_BYTES);
}
static void change_key_of_two_uses(struct toc_card *card)
{
    memcpy(card->nodes[0].link_key, card->nodes[0].seal_key, TOC_KEY_BYTES);
}
static void change_recovery_is_log(struct toc_card *card)
{
    memcpy(card->recovery_key, card->nodes[0].log_key, TOC_KEY_BYTES);
}
static void change_low_order_link(struct toc_card *card)
{
    memset(card->nodes[0].link_key, 0, TOC_KEY_BYTES);
}
static void change_low_order_seal(struct toc_card *card)
{
    memset(card->nodes[0].seal_key, 0, TOC_KEY_BYTES);
    card->nodes[0].seal_key[0] = 1;
}

static const struct {
    const char *what;
    void (*change)(struct toc_card *card);
    enum toc_code code;
} sign_rows[] = {
    {"handle of one letter, R-4.3", change_handle_short, TOC_MALFORMED},
    {"handle with a blank, R-4.3", change_handle_blank, TOC_MALFORMED},
    {"handle all, R-4.3", change_handle_all, TOC_MALFORMED},
    {"no handle, R-4.1", change_handle_none, TOC_MALFORMED},
    {"no name, R-4.1", change_name_none, TOC_MALFORMED},
    {"name with an escape, R-4.2", change_name_escape, TOC_MALFORMED},
    {"name with a C1 control, R-4.2", change_name_c1, TOC_MALFORMED},
    {"name that is no UTF-8, R-4.2", change_name_broken, TOC_MALFORMED},
    {"country in lower case, R-4.4", change_country_lower, TOC_MALFORMED},
    {"no country, R-4.4", change_country_none, TOC_MALFORMED},
    {"country of one letter, R-4.4", change_country_one, TOC_MALFORMED},
    {"serial 0, R-4.4", change_serial_zero, TOC_MALFORMED},
    {"kind 0, R-4.4", change_kind_zero, TOC_MALFORMED},
    {"voting node is none, R-4.9", change_voting_node, TOC_MALFORMED},
    {"voting node without nodes, R-4.9", change_voting_without, TOC_MALFORMED},
    {"nine nodes", change_nodes_many, TOC_LIMIT},
    {"nine languages", change_languages_many, TOC_LIMIT},
    {"five addresses", change_addresses_many, TOC_LIMIT},
    {"address without port, R-4.5", change_address, TOC_MALFORMED},
    {"no suite, R-4.5", change_suites, TOC_MALFORMED},
    {"one number twice, R-4.4", change_number_twice, TOC_MALFORMED},
    {"one log key for two nodes, R-4.8", change_key_of_two_nodes, TOC_MALFORMED},
    {"link key is sealing key, R-4.8", change_key_of_two_uses, TOC_MALFORMED},
    {"recovery key is log key, R-4.8", change_recovery_is_log, TOC_MALFORMED},
    {"link key of low order, R-4.7", change_low_order_link, TOC_MALFORMED},
    {"sealing key of low order, R-4.7", change_low_order_seal, TOC_MALFORMED},
};

static void a_card_that_readers_refuse_is_not_signed(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof sign_rows / sizeof sign_rows[0]; i++) {
        struct world_org *one = &world()[0];
        uint8_t memory[TOC_CARD_BYTES_MAX];
        struct toc_span envelope = {NULL, 77};
        sign_rows[i].change(&one->card);
        struct toc_err err = toc_card_sign(&one->card, &one->org,
                                           (struct toc_room){memory, sizeof memory}, &envelope);
        world_expect(sign_rows[i].what, err, sign_rows[i].code);
        assert_true(envelope.at == NULL && envelope.len == 77);
    }
}

static void an_international_organisation_needs_no_country(void **state)
{
    (void)state;
    struct world_org *one = &world()[0];
    one->card.country[0] = '\0';
    one->card.kind = TOC_ORG_INTERNATIONAL;
    world_sign(one);
    expect_verify(one->envelope, TOC_OK);
}

static void an_organisation_may_have_no_node_left(void **state)
{
    (void)state;
    struct world_org *one = &world()[0];
    one->card.node_count = 0;
    one->card.voting_node = 0;
    world_sign(one);
    expect_verify(one->envelope, TOC_OK);
}

static void memory_that_is_too_small_is_full(void **state)
{
    (void)state;
    struct world_org *one = &world()[0];
    uint8_t memory[TOC_CARD_BYTES_MAX];
    struct toc_span envelope;
    for (size_t len = 0; len < one->envelope.len; len++) {
        struct toc_room out = {memory, len};
        assert_code(toc_card_sign(&one->card, &one->org, out, &envelope), TOC_FULL);
    }
}

/* ---- what reading refuses ---- */

static const struct world_edit_row edit_rows[] = {
    {"no organisation key, R-4.1", 1, "", TOC_MALFORMED},
    {"no first key, R-4.1", 2, "", TOC_MALFORMED},
    {"no recovery key, R-4.1", 3, "", TOC_MALFORMED},
    {"no handle, R-4.1", 4, "", TOC_MALFORMED},
    {"no name, R-4.1", 5, "", TOC_MALFORMED},
    {"no country, R-4.4", 6, "", TOC_MALFORMED},
    {"no kind, R-4.1", 7, "", TOC_MALFORMED},
    {"no serial, R-4.1", 8, "", TOC_MALFORMED},
    {"no phone", 9, "", TOC_OK},
    {"no mail", 10, "", TOC_OK},
    {"no languages", 11, "", TOC_OK},
    {"no hours", 12, "", TOC_OK},
    {"no voting node, R-4.1", 13, "", TOC_MALFORMED},
    {"no nodes, R-4.1", 14, "", TOC_MALFORMED},
    {"unknown critical key", -1, "c0", TOC_CRITICAL},
    {"unknown key", 15, "c3", TOC_OK},
    {"unknown key 0", 0, "c3", TOC_OK},
    {"organisation key of 31 bytes", 1,
     "c41f00000000000000000000000000000000000000000000000000000000000000", TOC_MALFORMED},
    {"handle as bytes", 4, "c4026161", TOC_MALFORMED},
    {"handle of 33 letters", 4,
     "d921616161616161616161616161616161616161616161616161616161616161616161", TOC_LIMIT},
    {"empty phone, R-4.2", 9, "a0", TOC_MALFORMED},
    {"phone with a tab, R-4.2", 9, "a109", TOC_MALFORMED},
    {"kind of a later version", 7, "64", TOC_OK},
    {"kind 256", 7, "cd0100", TOC_LIMIT},
    {"voting node 65536", 13, "ce00010000", TOC_LIMIT},
    {"nine languages", 11, "99a161a161a161a161a161a161a161a161a161", TOC_LIMIT},
    {"nodes that are none", 14, "91c0", TOC_MALFORMED},
    {"a node of nothing", 14, "91c400", TOC_TRUNCATED},
    {"serial in a longer form", 8, "cc01", TOC_MALFORMED},
};

static void a_broken_record_is_refused_although_it_is_signed(void **state)
{
    (void)state;
    struct world_org *one = &world()[0];
    struct world_signer signer = {TOC_CTX_H_CARD, TOC_CTX_S_CARD, NULL, &one->org, false};
    for (size_t i = 0; i < sizeof edit_rows / sizeof edit_rows[0]; i++) {
        uint8_t value[128];
        uint8_t record_memory[TOC_CARD_BYTES_MAX];
        uint8_t memory[TOC_CARD_BYTES_MAX];
        size_t len = check_unhex(edit_rows[i].value_hex, value, sizeof value);
        struct toc_span record =
            world_edit(world_record(one->envelope), edit_rows[i].key, toc_span(value, len),
                       (struct toc_room){record_memory, sizeof record_memory});
        struct toc_span envelope =
            world_envelope(record, &signer, (struct toc_room){memory, sizeof memory});
        expect_row(edit_rows[i].what, envelope, edit_rows[i].code);
    }
}

static void every_cut_is_refused(void **state)
{
    (void)state;
    struct world_org *one = &world()[0];
    struct toc_card card;
    for (size_t len = 0; len < one->envelope.len; len++) {
        assert_code(toc_card_verify(&card, toc_span(one->envelope.at, len)), TOC_TRUNCATED);
        expect_zeroed(&card);
    }
    uint8_t longer[TOC_CARD_BYTES_MAX];
    memcpy(longer, one->envelope.at, one->envelope.len);
    longer[one->envelope.len] = 0;
    expect_verify(toc_span(longer, one->envelope.len + 1), TOC_TRAILING);
    expect_verify(toc_span(longer, TOC_CARD_BYTES_MAX + 1), TOC_LIMIT);
}

/* */
static void no_flipped_bit_passes(void **state)
{
    (void)state;
    struct world_org *one = &world()[0];
    uint8_t bytes[TOC_CARD_BYTES_MAX];
    struct toc_card card;
    memcpy(bytes, one->envelope.at, one->envelope.len);
    for (size_t i = 0; i < one->envelope.len; i++) {
        bytes[i] ^= 1;
        assert_true(toc_failed(toc_card_verify(&card, toc_span(bytes, one->envelope.len))));
        expect_zeroed(&card);
        bytes[i] ^= 1;
    }
    bytes[one->envelope.len - 1] ^= 1;
    expect_verify(toc_span(bytes, one->envelope.len), TOC_SIGNATURE);
}

/* */
static void another_key_does_not_sign_a_card(void **state)
{
    (void)state;
    struct world_org *orgs = world();
    uint8_t memory[TOC_CARD_BYTES_MAX];
    struct toc_room out = {memory, sizeof memory};
    struct toc_span record = world_record(orgs[0].envelope);
    struct world_signer signer = {TOC_CTX_H_CARD, TOC_CTX_S_CARD, NULL, &orgs[1].org, false};
    expect_verify(world_envelope(record, &signer, out), TOC_SIGNATURE);
    /* The right key under another context or for a federation. */
    signer.keys = &orgs[0].org;
    signer.sign = TOC_CTX_S_CERT;
    expect_verify(world_envelope(record, &signer, out), TOC_SIGNATURE);
    signer.sign = TOC_CTX_S_CARD;
    signer.federation = orgs[0].card.id;
    expect_verify(world_envelope(record, &signer, out), TOC_SIGNATURE);
}

/* Puts the certificates of the first nodes of `from` into a card of `one`. */
static struct toc_span with_certificates(struct world_org *one, const struct toc_span *certs,
                                         size_t count, struct toc_room out)
{
    uint8_t value[TOC_CARD_BYTES_MAX];
    uint8_t record_memory[TOC_CARD_BYTES_MAX];
    struct toc_writer writer;
    toc_writer_init(&writer, value, sizeof value);
    toc_write_array(&writer, count);
    for (size_t i = 0; i < count; i++) {
        toc_write_bin(&writer, certs[i]);
    }
    struct toc_span record = world_edit(world_record(one->envelope), 14, toc_writer_bytes(&writer),
                                        (struct toc_room){record_memory, sizeof record_memory});
    struct world_signer signer = {TOC_CTX_H_CARD, TOC_CTX_S_CARD, NULL, &one->org, false};
    return world_envelope(record, &signer, out);
}

/* The envelopes of a card's certificates. */
static size_t certificates(const struct world_org *one, struct toc_span *certs)
{
    struct toc_reader reader;
    toc_reader_init(&reader, world_record(one->envelope));
    size_t pairs = toc_read_map(&reader, 64);
    for (size_t i = 0; i < pairs; i++) {
        if (toc_read_key(&reader) == 14) {
            size_t count = toc_read_array(&reader, TOC_NODES_MAX);
            for (size_t j = 0; j < count; j++) {
                certs[j] = toc_read_bin(&reader, TOC_CERT_BYTES_MAX);
            }
            return count;
        }
        (void)toc_read_raw(&reader);
    }
    return 0;
}

/* */
static void a_certificate_of_another_organisation_is_refused(void **state)
{
    (void)state;
    struct world_org *orgs = world();
    uint8_t memory[TOC_CARD_BYTES_MAX];
    struct toc_room out = {memory, sizeof memory};
    struct toc_span certs[TOC_NODES_MAX];
    assert_int_equal(certificates(&orgs[1], certs), 1);
    expect_verify(with_certificates(&orgs[0], certs, 1, out), TOC_MALFORMED);

    /* The same with our id, signed by the other's key. */
    uint8_t record_memory[TOC_CERT_BYTES_MAX];
    uint8_t cert_memory[TOC_CERT_BYTES_MAX];
    uint8_t id[64];
    struct toc_writer writer;
    toc_writer_init(&writer, id, sizeof id);
    toc_write_bin(&writer, toc_span(orgs[0].card.id, TOC_ID_BYTES));
    struct toc_span record = world_edit(world_record(certs[0]), 1, toc_writer_bytes(&writer),
                                        (struct toc_room){record_memory, sizeof record_memory});
    struct world_signer signer = {TOC_CTX_H_CERT, TOC_CTX_S_CERT, NULL, &orgs[1].org, false};
    certs[0] = world_envelope(record, &signer, (struct toc_room){cert_memory, sizeof cert_memory});
    expect_verify(with_certificates(&orgs[0], certs, 1, out), TOC_SIGNATURE);

    struct toc_cert cert;
    assert_ok(toc_cert_verify(&cert, certs[0], orgs[1].org.public_key));
    assert_code(toc_cert_verify(&cert, certs[0], orgs[0].org.public_key), TOC_SIGNATURE);
    assert_true(toc_is_zero(&cert, sizeof cert));
}

/* */
static void nodes_that_are_not_ascending_are_refused(void **state)
{
    (void)state;
    uint64_t seed = 8;
    struct world_org *one = &world()[0];
    uint8_t memory[TOC_CARD_BYTES_MAX];
    struct toc_room out = {memory, sizeof memory};
    struct toc_span certs[TOC_NODES_MAX];
    world_node(one, 1, 2, &seed);
    one->card.node_count = 2;
    world_sign(one);
    assert_int_equal(certificates(one, certs), 2);
    expect_verify(with_certificates(one, certs, 2, out), TOC_OK);
    struct toc_span swapped[2] = {certs[1], certs[0]};
    expect_verify(with_certificates(one, swapped, 2, out), TOC_MALFORMED);
}

static const struct world_edit_row cert_rows[] = {
    {"no organisation, R-4.1", 1, "", TOC_MALFORMED},
    {"no number, R-4.1", 2, "", TOC_MALFORMED},
    {"no link key, R-4.1", 3, "", TOC_MALFORMED},
    {"no sealing key, R-4.1", 4, "", TOC_MALFORMED},
    {"no log key, R-4.1", 5, "", TOC_MALFORMED},
    {"no incarnation, R-4.1", 6, "", TOC_MALFORMED},
    {"no addresses, R-4.1", 7, "", TOC_MALFORMED},
    {"no suites, R-4.1", 8, "", TOC_MALFORMED},
    {"no serial, R-4.1", 9, "", TOC_MALFORMED},
    {"unknown critical key", -7, "01", TOC_CRITICAL},
    {"unknown key", 10, "01", TOC_OK},
    {"number 65536", 2, "ce00010000", TOC_LIMIT},
    {"incarnation above 32 bits", 6, "cf0000000100000000", TOC_LIMIT},
    {"no address", 7, "90", TOC_OK},
    {"five addresses", 7, "95a3613a31a3613a31a3613a31a3613a31a3613a31", TOC_LIMIT},
    {"address with port 0, R-4.5", 7, "91a3613a30", TOC_MALFORMED},
    {"only a suite of a later version", 8, "04", TOC_OK},
    {"no suite, R-4.5", 8, "00", TOC_MALFORMED},
};

static void a_broken_certificate_is_refused_although_it_is_signed(void **state)
{
    (void)state;
    struct world_org *one = &world()[0];
    struct world_signer signer = {TOC_CTX_H_CERT, TOC_CTX_S_CERT, NULL, &one->org, false};
    struct toc_span certs[TOC_NODES_MAX];
    assert_int_equal(certificates(one, certs), 1);
    for (size_t i = 0; i < sizeof cert_rows / sizeof cert_rows[0]; i++) {
        uint8_t value[64];
        uint8_t record_memory[TOC_CERT_BYTES_MAX];
        uint8_t memory[TOC_CERT_BYTES_MAX];
        struct toc_cert cert;
        size_t len = check_unhex(cert_rows[i].value_hex, value, sizeof value);
        struct toc_span record =
            world_edit(world_record(certs[0]), cert_rows[i].key, toc_span(value, len),
                       (struct toc_room){record_memory, sizeof record_memory});
        struct toc_span envelope =
            world_envelope(record, &signer, (struct toc_room){memory, sizeof memory});
        memset(&cert, 0x5a, sizeof cert);
        world_expect(cert_rows[i].what, toc_cert_verify(&cert, envelope, one->org.public_key),
                     cert_rows[i].code);
        assert_true(cert_rows[i].code == TOC_OK || toc_is_zero(&cert, sizeof cert));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_card_reads_as_it_was_signed),
        cmocka_unit_test(signing_sorts_the_nodes),
        cmocka_unit_test(a_full_card_fits),
        cmocka_unit_test(a_card_that_readers_refuse_is_not_signed),
        cmocka_unit_test(an_international_organisation_needs_no_country),
        cmocka_unit_test(an_organisation_may_have_no_node_left),
        cmocka_unit_test(memory_that_is_too_small_is_full),
        cmocka_unit_test(a_broken_record_is_refused_although_it_is_signed),
        cmocka_unit_test(every_cut_is_refused),
        cmocka_unit_test(no_flipped_bit_passes),
        cmocka_unit_test(another_key_does_not_sign_a_card),
        cmocka_unit_test(a_certificate_of_another_organisation_is_refused),
        cmocka_unit_test(nodes_that_are_not_ascending_are_refused),
        cmocka_unit_test(a_broken_certificate_is_refused_although_it_is_signed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
