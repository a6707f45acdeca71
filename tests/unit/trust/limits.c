/* SPDX-License-Identifier: EUPL-1.2 */
/* The largest federation, really made: its bytes and its memory stay within what is promised. */
#include "founders.h"

static void fill_text(char *text, size_t len, char with)
{
    memset(text, with, len);
    text[len] = '\0';
}

/* Organisation `index` with the longest texts and eight nodes of four addresses each. */
static size_t full_card(unsigned index, struct toc_room out, struct toc_sign_keys *log_keys,
                        uint8_t *id)
{
    static struct world_org one;
    uint64_t seed = 1000 + index;
    world_org(&one, index, &seed);
    struct toc_card *card = &one.card;
    fill_text(card->name, TOC_ORG_NAME_BYTES_MAX, 'n');
    fill_text(card->phone, TOC_PHONE_BYTES_MAX, '1');
    fill_text(card->mail, TOC_MAIL_BYTES_MAX, 'm');
    fill_text(card->hours, TOC_HOURS_BYTES_MAX, 'h');
    (void)snprintf(card->handle, sizeof card->handle, "cert-%027u", index);
    for (size_t i = 0; i < TOC_LANGUAGES_MAX; i++) {
        fill_text(card->languages[i], TOC_LANGUAGE_BYTES_MAX, 'l');
    }
    card->language_count = TOC_LANGUAGES_MAX;
    card->node_count = TOC_NODES_MAX;
    card->serial = UINT64_MAX;
    card->voting_node = UINT16_MAX;
    for (size_t i = 0; i < TOC_NODES_MAX; i++) {
        struct toc_cert *cert = &card->nodes[i];
        struct toc_sign_keys keys;
        uint8_t entropy[96];
        uint8_t spare[TOC_KEY_BYTES];
        check_random_fill(&seed, entropy, sizeof entropy);
        *cert = card->nodes[0];
        cert->number = (uint16_t)(UINT16_MAX - i);
        cert->serial = UINT64_MAX;
        cert->incarnation = UINT32_MAX;
        cert->suites = UINT32_MAX;
        toc_dh_keypair(cert->link_key, spare, entropy);
        toc_dh_keypair(cert->seal_key, spare, entropy + 32);
        toc_sign_keys_make(&keys, entropy + 64);
        memcpy(cert->log_key, keys.public_key, TOC_KEY_BYTES);
        cert->address_count = TOC_ADDRESSES_MAX;
        for (size_t j = 0; j < TOC_ADDRESSES_MAX; j++) {
            fill_text(cert->addresses[j], TOC_ADDRESS_BYTES_MAX, 'a');
            memcpy(cert->addresses[j] + TOC_ADDRESS_BYTES_MAX - 6, ":65535", 6);
        }
        if (i == 0) {
            *log_keys = keys;
        }
    }
    struct toc_span envelope;
    assert_ok(toc_card_sign(card, &one.org, out, &envelope));
    memcpy(id, card->id, TOC_ID_BYTES);
    return envelope.len;
}

static void a_genesis_of_1024_organisations_fits(void **state)
{
    (void)state;
    size_t count = TOC_ORGS_MAX;
    uint8_t *memory = malloc(count * TOC_CARD_BYTES_MAX);
    uint8_t *arena_memory = malloc(TOC_GENESIS_ARENA_BYTES);
    uint8_t *file_memory = malloc(TOC_GENESIS_BYTES_MAX);
    struct toc_span *cards = calloc(count, sizeof *cards);
    assert_true(memory != NULL && arena_memory != NULL && file_memory != NULL && cards != NULL);

    struct toc_sign_keys log_keys, drafter_log_keys;
    uint8_t id[TOC_ID_BYTES], drafter[TOC_ID_BYTES];
    for (size_t i = 0; i < count; i++) {
        uint8_t *at = memory + i * TOC_CARD_BYTES_MAX;
        size_t len = full_card((unsigned)i, (struct toc_room){at, TOC_CARD_BYTES_MAX},
                               i == 0 ? &drafter_log_keys : &log_keys, i == 0 ? drafter : id);
        cards[i] = toc_span(at, len);
    }
    char name[TOC_FEDERATION_NAME_BYTES_MAX + 1];
    fill_text(name, TOC_FEDERATION_NAME_BYTES_MAX, 'f');
    uint8_t entropy[TOC_DRAFT_ENTROPY_BYTES] = {1};
    uint8_t f[TOC_KEY_BYTES];
    struct toc_genesis_options options = {.name = toc_span_str(name),
                                          .cards = cards,
                                          .card_count = count,
                                          .drafter = drafter,
                                          .drafter_node = UINT16_MAX,
                                          .log_keys = &drafter_log_keys,
                                          .entropy = entropy};
    struct toc_arena arena;
    struct toc_span file;
    toc_arena_init(&arena, arena_memory, TOC_GENESIS_ARENA_BYTES);
    assert_ok(toc_genesis_draft(&options, &arena,
                                (struct toc_room){file_memory, TOC_GENESIS_BYTES_MAX}, &file, f));
    /* The signatures come on top. */
    assert_true(file.len + count * TOC_GENESIS_SIGN_BYTES <= TOC_GENESIS_BYTES_MAX);

    /* Drafting has read the file back, so only the sizes are left to look at. */
    struct toc_reader reader;
    toc_reader_init(&reader, file);
    assert_int_equal(toc_read_map(&reader, 16), 6);
    assert_int_equal(toc_read_key(&reader), 1);
    assert_true(toc_read_bin(&reader, TOC_ROSTER_BYTES_MAX).len > TOC_WRAPS_MAX * TOC_WRAP_BYTES);
    assert_int_equal(toc_read_key(&reader), 2);
    (void)toc_read_raw(&reader);
    assert_int_equal(toc_read_key(&reader), 3);
    assert_int_equal(toc_read_array(&reader, TOC_ORGS_MAX), count);
    assert_ok(reader.err);
    free(cards);
    free(file_memory);
    free(arena_memory);
    free(memory);
}

static void a_group_of_1024_members_fits(void **state)
{
    (void)state;
    static uint8_t ids[TOC_MEMBERS_MAX * TOC_ID_BYTES];
    static uint8_t memory[TOC_GROUP_BYTES_MAX];
    uint64_t seed = 4;
    check_random_fill(&seed, ids, sizeof ids);
    assert_int_equal(toc_ids_sort(ids, TOC_MEMBERS_MAX), TOC_MEMBERS_MAX);
    char purpose[TOC_PURPOSE_BYTES_MAX + 1];
    fill_text(purpose, TOC_PURPOSE_BYTES_MAX, 'p');
    struct toc_group group = {.founder_node = UINT16_MAX,
                              .members = {ids, TOC_MEMBERS_MAX},
                              .admins = {ids, TOC_ADMINS_MAX},
                              .name = toc_span_str("abcdefghijklmnopqrstuvwxyz-01234"),
                              .purpose = toc_span_str(purpose)};
    memcpy(group.founder, ids, TOC_ID_BYTES);
    struct toc_span envelope;
    assert_ok(toc_group_sign(&group, ids, &world()[0].log[0],
                             (struct toc_room){memory, sizeof memory}, &envelope));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_genesis_of_1024_organisations_fits),
        cmocka_unit_test(a_group_of_1024_members_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
