/* SPDX-License-Identifier: EUPL-1.2 */
/* USES: trust */
/*
 * The project's own figures of cards, genesis files, groups and epochs: tests/vectors/trust.json,
 * made by a second implementation in Python (trust.py beside it), against the library.
 */
#include "vectors.h"

#include "trust.h"

#define FOUNDERS 4u
#define MEMBERS 3u /* of the groups */

static json_t *figures;

/* A founder as the figures tell it, and the card that the library makes of that. */
struct founder {
    struct toc_sign_keys org, log;
    uint8_t seal_public[TOC_KEY_BYTES], seal_secret[TOC_KEY_BYTES]; /* of the first node */
    struct toc_card card;
    uint8_t memory[TOC_CARD_BYTES_MAX];
    struct toc_span envelope;
};

static struct founder founders[FOUNDERS];

static void copy_text(char *out, size_t size, const json_t *object, const char *field)
{
    int len = snprintf(out, size, "%s", vectors_text(object, field));
    assert_true(len >= 0 && (size_t)len < size);
}

static void read_node(struct toc_cert *cert, const json_t *row)
{
    struct toc_sign_keys log;
    uint8_t secret[TOC_KEY_BYTES];
    const json_t *addresses = json_object_get(row, "addresses");
    toc_sign_keys_make(&log, vectors_bytes(row, "log_seed", 32));
    memcpy(cert->log_key, log.public_key, TOC_KEY_BYTES);
    toc_dh_keypair(cert->link_key, secret, vectors_bytes(row, "link_secret", 32));
    toc_dh_keypair(cert->seal_key, secret, vectors_bytes(row, "seal_secret", 32));
    cert->number = (uint16_t)vectors_number(row, "number");
    cert->incarnation = (uint32_t)vectors_number(row, "incarnation");
    cert->serial = vectors_number(row, "serial");
    cert->suites = (uint32_t)vectors_number(row, "suites");
    cert->address_count = json_array_size(addresses);
    assert_true(cert->address_count <= TOC_ADDRESSES_MAX);
    for (size_t i = 0; i < cert->address_count; i++) {
        (void)snprintf(cert->addresses[i], sizeof cert->addresses[i], "%s",
                       json_string_value(json_array_get(addresses, i)));
    }
}

static void read_texts(struct toc_card *card, const json_t *row)
{
    const json_t *languages = json_object_get(row, "languages");
    copy_text(card->handle, sizeof card->handle, row, "handle");
    copy_text(card->name, sizeof card->name, row, "name");
    copy_text(card->country, sizeof card->country, row, "country");
    copy_text(card->phone, sizeof card->phone, row, "phone");
    copy_text(card->mail, sizeof card->mail, row, "mail");
    copy_text(card->hours, sizeof card->hours, row, "hours");
    card->language_count = json_array_size(languages);
    for (size_t i = 0; i < card->language_count; i++) {
        (void)snprintf(card->languages[i], sizeof card->languages[i], "%s",
                       json_string_value(json_array_get(languages, i)));
    }
}

static void read_founder(struct founder *founder, const json_t *row)
{
    struct toc_card *card = &founder->card;
    struct toc_sign_keys recovery;
    const json_t *nodes = json_object_get(row, "nodes");
    const json_t *first = json_array_get(nodes, 0);
    memset(founder, 0, sizeof *founder);
    toc_sign_keys_make(&founder->org, vectors_bytes(row, "org_seed", 32));
    toc_sign_keys_make(&recovery, vectors_bytes(row, "recovery_seed", 32));
    toc_sign_keys_make(&founder->log, vectors_bytes(first, "log_seed", 32));
    toc_dh_keypair(founder->seal_public, founder->seal_secret,
                   vectors_bytes(first, "seal_secret", 32));
    memcpy(card->recovery_key, recovery.public_key, TOC_KEY_BYTES);
    card->kind = (enum toc_org_kind)vectors_number(row, "kind");
    card->serial = vectors_number(row, "serial");
    card->voting_node = (uint16_t)vectors_number(row, "voting_node");
    read_texts(card, row);
    card->node_count = json_array_size(nodes);
    assert_true(card->node_count <= TOC_NODES_MAX);
    for (size_t i = 0; i < card->node_count; i++) {
        read_node(&card->nodes[i], json_array_get(nodes, i));
    }
    struct toc_room out = {founder->memory, sizeof founder->memory};
    assert_ok(toc_card_sign(card, &founder->org, out, &founder->envelope));
}

static void cards_have_these_bytes(void **state)
{
    (void)state;
    const json_t *rows = json_object_get(figures, "founders");
    assert_int_equal(json_array_size(rows), FOUNDERS);
    for (size_t i = 0; i < FOUNDERS; i++) {
        const json_t *row = json_array_get(rows, i);
        struct toc_card read;
        assert_span(founders[i].envelope, vectors_hex(row, "card"));
        assert_ok(toc_card_verify(&read, vectors_hex(row, "card")));
        assert_memory_equal(&read, &founders[i].card, sizeof read);
        assert_memory_equal(read.id, vectors_bytes(row, "id", TOC_ID_BYTES), TOC_ID_BYTES);
    }
}

static void expect_secret(const struct toc_epoch_secret *secret, const json_t *epoch)
{
    assert_memory_equal(secret->e, vectors_bytes(epoch, "e", 32), 32);
    assert_memory_equal(secret->k, vectors_bytes(epoch, "k", 32), 32);
    assert_memory_equal(secret->tag_key, vectors_bytes(epoch, "tag_key", 32), 32);
}

struct founding {
    uint8_t arena_memory[TOC_GENESIS_ARENA_BYTES];
    uint8_t memory[2][32768];
    struct toc_arena arena;
    struct toc_genesis genesis;
    struct toc_span file;
    uint8_t f[TOC_KEY_BYTES];
};

static struct founding founding;

static void draft(const json_t *row)
{
    struct toc_span cards[FOUNDERS];
    for (size_t i = 0; i < FOUNDERS; i++) {
        cards[i] = founders[i].envelope;
    }
    struct toc_genesis_options options = {
        .name = toc_span_str(vectors_text(row, "name")),
        .cards = cards,
        .card_count = FOUNDERS,
        .drafter = founders[0].card.id,
        .drafter_node = founders[0].card.nodes[0].number,
        .log_keys = &founders[0].log,
        .secret_out = json_is_true(json_object_get(row, "secret_out")),
        .entropy = vectors_bytes(row, "entropy", TOC_DRAFT_ENTROPY_BYTES),
    };
    toc_arena_init(&founding.arena, founding.arena_memory, sizeof founding.arena_memory);
    struct toc_room out = {founding.memory[0], sizeof founding.memory[0]};
    assert_ok(toc_genesis_draft(&options, &founding.arena, out, &founding.file, founding.f));
}

static void decode(void)
{
    toc_arena_init(&founding.arena, founding.arena_memory, sizeof founding.arena_memory);
    assert_ok(toc_genesis_decode(&founding.genesis, founding.file, &founding.arena));
}

static void complete(void)
{
    for (size_t i = 0; i < FOUNDERS; i++) {
        struct toc_room out = {founding.memory[(i + 1) % 2], sizeof founding.memory[0]};
        decode();
        assert_ok(toc_genesis_sign(&founding.genesis, &founders[i].org, out, &founding.file));
    }
    decode();
    assert_ok(toc_genesis_check_complete(&founding.genesis));
}

static void genesis_files_have_these_bytes(void **state)
{
    (void)state;
    size_t i;
    const json_t *row;
    json_array_foreach(json_object_get(figures, "genesis"), i, row)
    {
        const json_t *epoch = json_object_get(row, "epoch");
        draft(row);
        assert_span(founding.file, vectors_hex(row, "draft"));
        assert_memory_equal(founding.f, vectors_bytes(row, "f", 32), 32);
        complete();
        assert_span(founding.file, vectors_hex(row, "complete"));
        assert_memory_equal(founding.genesis.roster.hash, vectors_bytes(row, "federation", 32), 32);
        assert_span(founding.genesis.epoch_envelope, vectors_hex(epoch, "envelope"));
        for (size_t j = 0; j < FOUNDERS; j++) {
            struct toc_epoch_secret secret;
            uint8_t f[TOC_KEY_BYTES];
            bool given = json_is_true(json_object_get(row, "secret_out"));
            assert_ok(toc_genesis_open(f, &secret, &founding.genesis, given ? founding.f : NULL,
                                       founders[j].seal_public, founders[j].seal_secret));
            assert_memory_equal(f, founding.f, sizeof f);
            expect_secret(&secret, epoch);
        }
    }
    assert_int_equal(i, 2);
}

/* Ids and sealing keys of the first `count` founders, in the order of ids. */
static void collect(size_t count, uint8_t *ids, uint8_t *keys, size_t *key_count)
{
    *key_count = 0;
    for (size_t i = 0; i < count; i++) {
        memcpy(ids + i * TOC_ID_BYTES, founders[i].card.id, TOC_ID_BYTES);
    }
    assert_int_equal(toc_ids_sort(ids, count), count);
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < count; j++) {
            const struct toc_card *card = &founders[j].card;
            if (memcmp(card->id, ids + i * TOC_ID_BYTES, TOC_ID_BYTES) != 0) {
                continue;
            }
            for (size_t k = 0; k < card->node_count; k++, (*key_count)++) {
                memcpy(keys + *key_count * TOC_KEY_BYTES, card->nodes[k].seal_key, TOC_KEY_BYTES);
            }
        }
    }
}

static void found_group(struct toc_group *group, const json_t *row, uint8_t *ids, uint8_t *admins,
                        struct toc_room out)
{
    uint8_t keys[MEMBERS * TOC_NODES_MAX * TOC_KEY_BYTES];
    size_t key_count;
    struct toc_span envelope;
    collect(MEMBERS, ids, keys, &key_count);
    memset(group, 0, sizeof *group);
    group->flags = (uint32_t)vectors_number(row, "flags");
    group->name = toc_span_str(vectors_text(row, "name"));
    group->purpose = toc_span_str(vectors_text(row, "purpose"));
    memcpy(group->random, vectors_bytes(row, "random", 32), 32);
    memcpy(group->founder, founders[1].card.id, TOC_ID_BYTES);
    group->founder_node = founders[1].card.nodes[0].number;
    group->members = (struct toc_ids){ids, MEMBERS};
    memcpy(admins, founders[1].card.id, TOC_ID_BYTES);
    memcpy(admins + TOC_ID_BYTES, founders[0].card.id, TOC_ID_BYTES);
    size_t admin_count = (group->flags & TOC_GROUP_DIRECT) != 0 ? 1 : 2;
    group->admins = (struct toc_ids){admins, toc_ids_sort(admins, admin_count)};
    assert_ok(
        toc_group_sign(group, founding.genesis.roster.hash, &founders[1].log, out, &envelope));
    assert_span(envelope, vectors_hex(row, "envelope"));
    assert_memory_equal(group->id, vectors_bytes(row, "id", TOC_ID_BYTES), TOC_ID_BYTES);
}

static size_t number_at(const json_t *row, const char *field, size_t index)
{
    return (size_t)json_integer_value(json_array_get(json_object_get(row, field), index));
}

/* Epoch `index` of a group after `current` (NULL: the first one). */
static void follow(const struct toc_group *group, const json_t *row, size_t index,
                   const struct toc_epoch *current, struct toc_epoch *epoch,
                   struct toc_epoch_secret *secret)
{
    uint8_t ids[MEMBERS * TOC_ID_BYTES];
    uint8_t keys[MEMBERS * TOC_NODES_MAX * TOC_KEY_BYTES];
    size_t key_count;
    size_t count = number_at(row, "member_count", index);
    const char *entropy = json_string_value(json_array_get(json_object_get(row, "entropy"), index));
    const json_t *figure = json_array_get(json_object_get(row, "epochs"), index);
    uint8_t *memory = vectors_room(4096);
    struct toc_span envelope;
    collect(count, ids, keys, &key_count);
    struct toc_epoch_options options = {
        .federation = founding.genesis.roster.hash,
        .group = group->id,
        .number = index + 1,
        .parent = current == NULL ? group->id : current->hash,
        .committer = founders[1].card.id,
        .committer_node = founders[1].card.nodes[0].number,
        .roster_number = 1,
        .members = {ids, count},
        .seal_keys = {keys, key_count},
        .reason = (enum toc_epoch_reason)number_at(row, "reason", index),
        .f_generation = 1,
        .f = founding.f,
        .log_keys = &founders[1].log,
        .entropy = vectors_unhex(entropy).at,
    };
    /* The secret of the epoch before makes room for that of the new one. */
    uint8_t tag_key[TOC_KEY_BYTES];
    memcpy(tag_key, secret->tag_key, sizeof tag_key);
    options.tag_key = current == NULL ? NULL : tag_key;
    assert_ok(toc_epoch_make(&options, (struct toc_room){memory, 4096}, &envelope, secret));
    assert_span(envelope, vectors_hex(figure, "envelope"));
    expect_secret(secret, figure);
    assert_ok(toc_epoch_verify(epoch, envelope, options.federation));
    assert_memory_equal(epoch->hash, vectors_bytes(figure, "hash", 32), 32);
    struct toc_epoch_place place = {.federation = options.federation,
                                    .roster = &founding.genesis.roster,
                                    .group = group,
                                    .current = current};
    assert_ok(toc_epoch_check(epoch, &place));
}

static void groups_and_epochs_have_these_bytes(void **state)
{
    (void)state;
    size_t i;
    const json_t *row;
    draft(json_array_get(json_object_get(figures, "genesis"), 0));
    complete();
    json_array_foreach(json_object_get(figures, "groups"), i, row)
    {
        struct toc_group group;
        struct toc_epoch first, second;
        struct toc_epoch_secret secret = {.f_generation = 0};
        struct toc_epoch_secret opened;
        uint8_t ids[MEMBERS * TOC_ID_BYTES];
        uint8_t admins[2 * TOC_ID_BYTES];
        uint8_t memory[1024];
        found_group(&group, row, ids, admins, (struct toc_room){memory, sizeof memory});
        follow(&group, row, 0, NULL, &first, &secret);
        follow(&group, row, 1, &first, &second, &secret);
        for (size_t j = 0; j < FOUNDERS; j++) {
            struct toc_err err = toc_epoch_open(&opened, &second, founding.f,
                                                founders[j].seal_public, founders[j].seal_secret);
            assert_code(err, j < number_at(row, "member_count", 1) ? TOC_OK : TOC_WRAP);
        }
    }
    assert_int_equal(i, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cards_have_these_bytes),
        cmocka_unit_test(genesis_files_have_these_bytes),
        cmocka_unit_test(groups_and_epochs_have_these_bytes),
    };
    figures = vectors_load_own("tests/vectors/trust.json");
    const json_t *rows = json_object_get(figures, "founders");
    for (size_t i = 0; i < FOUNDERS; i++) {
        read_founder(&founders[i], json_array_get(rows, i));
    }
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    vectors_release();
    json_decref(figures);
    return failed;
}
