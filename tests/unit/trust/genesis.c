/* SPDX-License-Identifier: EUPL-1.2 */
#include "founders.h"

static uint8_t edited_memory[2][WORLD_FILE_BYTES];

static struct toc_room edited_room(size_t index)
{
    return (struct toc_room){edited_memory[index], WORLD_FILE_BYTES};
}

/* Decodes `file` into memory of its own and expects the code; refusal leaves zeros. */
static void expect_decode(const char *what, struct toc_span file, enum toc_code code)
{
    static uint8_t memory[TOC_GENESIS_ARENA_BYTES];
    static struct toc_genesis genesis;
    struct toc_arena arena;
    toc_arena_init(&arena, memory, sizeof memory);
    memset(&genesis, 0x5a, sizeof genesis);
    world_expect(what, toc_genesis_decode(&genesis, file, &arena), code);
    if (code != TOC_OK) {
        assert_true(toc_is_zero(&genesis, sizeof genesis));
        assert_int_equal(toc_arena_mark(&arena), 0);
    }
}

static void a_draft_has_everything_but_signatures(void **state)
{
    (void)state;
    struct world_org *orgs = world();
    struct world_genesis *made = world_found(orgs, 4, 0);
    const struct toc_genesis *genesis = &made->genesis;
    assert_int_equal(genesis->roster.org_count, 4);
    assert_int_equal(genesis->node_count, 4);
    assert_int_equal(genesis->signature_count, 0);
    assert_code(toc_genesis_check_complete(genesis), TOC_STATE); /* */
    assert_memory_equal(genesis->drafter, orgs[0].card.id, TOC_ID_BYTES);
    assert_int_equal(genesis->drafter_node, 1);
    assert_int_equal(genesis->epoch.number, 1);
    assert_memory_equal(genesis->epoch.parent, genesis->roster.hash, TOC_HASH_BYTES);
    uint8_t group[TOC_ID_BYTES];
    toc_group_all_id(group, genesis->roster.hash);
    assert_memory_equal(genesis->epoch.group, group, sizeof group);
    assert_int_equal(genesis->epoch.members.count, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_false(toc_genesis_signed(genesis, i));
        struct toc_card card;
        assert_ok(toc_card_verify(&card, genesis->cards[i]));
        assert_memory_equal(card.id, genesis->roster.orgs[i].id, TOC_ID_BYTES);
        assert_memory_equal(toc_ids_at(genesis->epoch.members, i), card.id, TOC_ID_BYTES);
    }
}

static void the_order_of_the_cards_does_not_matter(void **state)
{
    (void)state;
    struct world_org *orgs = world();
    struct world_genesis *made = world_found(orgs, 4, 0);
    struct toc_span cards[WORLD_ORGS];
    struct toc_genesis_options options = world_options(orgs, cards, 4);
    struct toc_span first = cards[0];
    cards[0] = cards[3];
    cards[3] = first;
    struct toc_arena arena;
    static uint8_t memory[TOC_GENESIS_ARENA_BYTES];
    toc_arena_init(&arena, memory, sizeof memory);
    struct toc_span file;
    uint8_t f[TOC_KEY_BYTES];
    assert_ok(toc_genesis_draft(&options, &arena, edited_room(0), &file, f));
    assert_span(file, made->file);
    assert_memory_equal(f, made->f, sizeof f);
    assert_int_equal(toc_arena_mark(&arena), 0);
}

static void every_founder_signs_and_then_it_is_complete(void **state)
{
    (void)state;
    struct world_org *orgs = world();
    for (size_t signers = 0; signers <= 3; signers++) {
        struct world_genesis *made = world_found(orgs, 3, signers);
        assert_int_equal(made->genesis.signature_count, signers);
        assert_code(toc_genesis_check_complete(&made->genesis),
                    signers == 3 ? TOC_OK : TOC_STATE); /* */
    }
}

static void signing_twice_changes_nothing(void **state)
{
    (void)state;
    struct world_org *orgs = world();
    struct world_genesis *made = world_found(orgs, 3, 2);
    struct toc_span again;
    assert_ok(toc_genesis_sign(&made->genesis, &orgs[0].org, edited_room(0), &again));
    assert_span(again, made->file);
}

static void a_stranger_cannot_sign(void **state)
{
    (void)state;
    struct world_org *orgs = world();
    struct world_genesis *made = world_found(orgs, 3, 0);
    struct toc_span file = {NULL, 77};
    assert_code(toc_genesis_sign(&made->genesis, &orgs[4].org, edited_room(0), &file),
                TOC_STRANGER);
    assert_code(toc_genesis_sign(&made->genesis, &orgs[0].recovery, edited_room(0), &file),
                TOC_STRANGER);
    struct toc_room small = {edited_memory[0], made->file.len};
    assert_code(toc_genesis_sign(&made->genesis, &orgs[0].org, small, &file), TOC_FULL);
    assert_true(file.at == NULL && file.len == 77);
    small.len += TOC_GENESIS_SIGN_BYTES;
    assert_ok(toc_genesis_sign(&made->genesis, &orgs[0].org, small, &file));
}

/* A second decoded copy of a file. */
static void decode_copy(struct world_genesis *copy, struct toc_span file)
{
    memcpy(copy->memory[0], file.at, file.len);
    copy->file = toc_span(copy->memory[0], file.len);
    world_decode(copy);
}

static void signatures_made_in_parallel_unite(void **state)
{
    (void)state;
    static struct world_genesis first, second;
    struct world_org *orgs = world();
    struct world_genesis *draft = world_found(orgs, 3, 0);
    struct toc_span one, two, united;
    assert_ok(toc_genesis_sign(&draft->genesis, &orgs[0].org, edited_room(0), &one));
    assert_ok(toc_genesis_sign(&draft->genesis, &orgs[2].org, edited_room(1), &two));
    decode_copy(&first, one);
    decode_copy(&second, two);
    assert_ok(toc_genesis_unite(&first.genesis, &second.genesis, edited_room(0), &united));
    decode_copy(&first, united);
    assert_int_equal(first.genesis.signature_count, 2);
    struct toc_span other_way;
    decode_copy(&second, two);
    struct world_genesis *both = world_found(orgs, 3, 1);
    assert_ok(toc_genesis_unite(&second.genesis, &both->genesis, edited_room(1), &other_way));
    assert_span(other_way, united);
    assert_ok(toc_genesis_sign(&first.genesis, &orgs[1].org, edited_room(1), &united));
    decode_copy(&second, united);
    assert_ok(toc_genesis_check_complete(&second.genesis));
}

/* */
static void files_of_two_federations_do_not_unite(void **state)
{
    (void)state;
    static struct world_genesis first;
    struct world_org *orgs = world();
    decode_copy(&first, world_found(orgs, 3, 1)->file);
    struct world_genesis *second = world_found(orgs, 4, 1);
    struct toc_span file = {NULL, 77};
    assert_code(toc_genesis_unite(&first.genesis, &second->genesis, edited_room(0), &file),
                TOC_FEDERATION);
    assert_true(file.at == NULL && file.len == 77);
}

/* ---- opening ---- */

static void founders_open_what_others_cannot(void **state)
{
    (void)state;
    struct world_org *orgs = world();
    struct world_genesis *made = world_found(orgs, 3, 0);
    struct toc_epoch_secret first, secret;
    uint8_t f[TOC_KEY_BYTES];
    for (size_t i = 0; i < 3; i++) {
        assert_ok(toc_genesis_open(f, &secret, &made->genesis, NULL, orgs[i].node[0].seal_public,
                                   orgs[i].node[0].seal_secret));
        assert_memory_equal(f, made->f, sizeof f);
        if (i == 0) {
            first = secret;
        }
        assert_memory_equal(&secret, &first, sizeof secret);
    }
    assert_code(toc_genesis_open(f, &secret, &made->genesis, NULL, orgs[3].node[0].seal_public,
                                 orgs[3].node[0].seal_secret),
                TOC_WRAP);
    assert_true(toc_is_zero(f, sizeof f) && toc_is_zero(&secret, sizeof secret));
    /* A stranger who has got hold of F still has no wrap of the epoch. */
    assert_code(toc_genesis_open(f, &secret, &made->genesis, made->f, orgs[3].node[0].seal_public,
                                 orgs[3].node[0].seal_secret),
                TOC_WRAP);
    assert_true(toc_is_zero(f, sizeof f) && toc_is_zero(&secret, sizeof secret));
}

static void a_secret_handed_over_by_hand_is_not_in_the_file(void **state)
{
    (void)state;
    static struct world_genesis made;
    struct world_org *orgs = world();
    struct toc_span cards[WORLD_ORGS];
    struct toc_genesis_options options = world_options(orgs, cards, 3);
    options.secret_out = true;
    toc_arena_init(&made.arena, made.arena_memory, sizeof made.arena_memory);
    struct toc_room out = {made.memory[0], WORLD_FILE_BYTES};
    assert_ok(toc_genesis_draft(&options, &made.arena, out, &made.file, made.f));
    world_decode(&made);
    assert_null(made.genesis.roster.ephemeral);
    assert_int_equal(made.genesis.roster.wraps.len, 0);

    struct toc_epoch_secret secret;
    uint8_t f[TOC_KEY_BYTES];
    const struct toc_node_keys *node = &orgs[1].node[0];
    assert_code(
        toc_genesis_open(f, &secret, &made.genesis, NULL, node->seal_public, node->seal_secret),
        TOC_ABSENT);
    assert_ok(
        toc_genesis_open(f, &secret, &made.genesis, made.f, node->seal_public, node->seal_secret));
    assert_memory_equal(f, made.f, sizeof f);
    made.f[31] ^= 1;
    assert_code(
        toc_genesis_open(f, &secret, &made.genesis, made.f, node->seal_public, node->seal_secret),
        TOC_HASH);
    assert_true(toc_is_zero(f, sizeof f) && toc_is_zero(&secret, sizeof secret));
}

/* ---- what drafting refuses ---- */

/* Drafts with the first `count` of `orgs` and expects the code. */
static void expect_draft(const char *what, struct world_org *orgs, size_t count, enum toc_code code)
{
    static uint8_t memory[TOC_GENESIS_ARENA_BYTES];
    struct toc_span cards[WORLD_ORGS];
    struct toc_genesis_options options = world_options(orgs, cards, count);
    struct toc_arena arena;
    toc_arena_init(&arena, memory, sizeof memory);
    struct toc_span file = {NULL, 77};
    uint8_t f[TOC_KEY_BYTES];
    memset(f, 0x5a, sizeof f);
    world_expect(what, toc_genesis_draft(&options, &arena, edited_room(0), &file, f), code);
    assert_int_equal(toc_arena_mark(&arena), 0);
    if (code != TOC_OK) {
        assert_true(file.at == NULL && file.len == 77);
        assert_true(toc_is_zero(f, sizeof f));
    }
}

static void a_draft_needs_three_founders(void **state)
{
    (void)state;
    /* */
    expect_draft("none", world(), 0, TOC_LIMIT);
    expect_draft("one", world(), 1, TOC_LIMIT);
    expect_draft("two", world(), 2, TOC_LIMIT);
    expect_draft("three", world(), 3, TOC_OK);
}

static void founders_do_not_share_names_or_keys(void **state)
{
    (void)state;
    struct world_org *orgs = world();
    memcpy(orgs[2].card.handle, orgs[1].card.handle, sizeof orgs[2].card.handle);
    orgs[2].card.handle[0] = 'C';
    world_sign(&orgs[2]);
    expect_draft("one handle in two letter cases, R-5.2", orgs, 3, TOC_MALFORMED);

    orgs = world();
    orgs[2] = orgs[1];
    expect_draft("one organisation twice", orgs, 3, TOC_MALFORMED);

    orgs = world();
    memcpy(orgs[2].card.nodes[0].link_key, orgs[1].card.nodes[0].link_key, TOC_KEY_BYTES);
    world_sign(&orgs[2]);
    expect_draft("one link key of two, R-5.8", orgs, 3, TOC_MALFORMED);

    orgs = world();
    memcpy(orgs[2].card.nodes[0].log_key, orgs[1].org.public_key, TOC_KEY_BYTES);
    world_sign(&orgs[2]);
    expect_draft("log key is another's organisation key, R-5.8", orgs, 3, TOC_MALFORMED);
}

static void founders_come_with_nodes_and_first_keys(void **state)
{
    (void)state;
    struct world_org *orgs = world();
    orgs[1].card.node_count = 0;
    orgs[1].card.voting_node = 0;
    world_sign(&orgs[1]);
    expect_draft("a founder without node", orgs, 3, TOC_LIMIT);

    /* no certificate of the change can stand in the file. */
    orgs = world();
    orgs[1].org = orgs[4].org;
    world_sign(&orgs[1]);
    expect_draft("a founder with its second key", orgs, 3, TOC_AUTHORITY);

    orgs = world();
    orgs[1].memory[orgs[1].envelope.len - 1] ^= 1;
    expect_draft("a card with a broken signature, R-4.6", orgs, 3, TOC_SIGNATURE);

    orgs = world();
    orgs[0].log[0] = orgs[1].log[0];
    expect_draft("drafted with another node's log key, R-5.10", orgs, 3, TOC_STRANGER);
}

static void observers_have_no_vote(void **state)
{
    (void)state;
    struct world_org *orgs = world();
    orgs[3].card.kind = TOC_ORG_OBSERVER;
    world_sign(&orgs[3]);
    struct world_genesis *made = world_found(orgs, 4, 0);
    assert_int_equal(made->genesis.roster.steward_count, 3);
    assert_false(toc_roster_find(&made->genesis.roster, orgs[3].card.id)->steward);
    orgs[0].card.kind = TOC_ORG_OBSERVER;
    world_sign(&orgs[0]);
    /* The drafter of the first epoch must have a vote, R-6.9. */
    expect_draft("drafted by an observer", orgs, 4, TOC_AUTHORITY);
    orgs[1].card.kind = TOC_ORG_OBSERVER;
    orgs[2].card.kind = TOC_ORG_OBSERVER;
    world_sign(&orgs[1]);
    world_sign(&orgs[2]);
    made = world_found(orgs, 4, 0);
    assert_int_equal(made->genesis.roster.steward_count, 4);
}

static void a_draft_that_does_not_fit_is_full(void **state)
{
    (void)state;
    static uint8_t memory[TOC_GENESIS_ARENA_BYTES];
    struct world_org *orgs = world();
    struct toc_span cards[WORLD_ORGS];
    struct toc_genesis_options options = world_options(orgs, cards, 3);
    struct toc_span file = {NULL, 77};
    uint8_t f[TOC_KEY_BYTES];
    size_t file_len = world_found(orgs, 3, 0)->file.len;
    for (size_t len = 0; len < file_len; len += 97) {
        struct toc_arena arena;
        toc_arena_init(&arena, memory, sizeof memory);
        struct toc_room out = {edited_memory[0], len};
        assert_code(toc_genesis_draft(&options, &arena, out, &file, f), TOC_FULL);
        toc_arena_init(&arena, memory, len);
        assert_code(toc_genesis_draft(&options, &arena, edited_room(0), &file, f), TOC_FULL);
        assert_int_equal(toc_arena_mark(&arena), 0);
    }
    assert_true(file.at == NULL && file.len == 77);
    assert_true(toc_is_zero(f, sizeof f));
}

/* ---- what reading refuses ---- */

static const struct world_edit_row rows[] = {
    {"no record, R-4.1", 1, "", TOC_LIMIT},
    {"no signatures, R-4.1", 2, "", TOC_MALFORMED},
    {"no cards, R-4.1", 3, "", TOC_MALFORMED},
    {"no epoch, R-4.1", 4, "", TOC_MALFORMED},
    {"no drafter, R-4.1", 5, "", TOC_MALFORMED},
    {"no drafter's node, R-4.1", 6, "", TOC_MALFORMED},
    {"unknown critical key", -1, "c0", TOC_CRITICAL},
    {"unknown key", 7, "93010203", TOC_OK},
    {"no signature at all", 2, "90", TOC_OK},
    {"a signature that is none", 2, "91c0", TOC_MALFORMED},
    {"no card, R-5.7", 3, "90", TOC_MALFORMED},
    {"an epoch of nothing", 4, "c400", TOC_TRUNCATED},
    {"a drafter who is none, R-5.10", 5,
     "c4200000000000000000000000000000000000000000000000000000000000000000", TOC_STRANGER},
    {"another node of the drafter, R-5.10", 6, "02", TOC_STRANGER},
};

static void a_broken_file_is_refused(void **state)
{
    (void)state;
    struct world_genesis *made = world_found(world(), 3, 3);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t value[64];
        size_t len = check_unhex(rows[i].value_hex, value, sizeof value);
        struct toc_span file =
            world_edit(made->file, rows[i].key, toc_span(value, len), edited_room(0));
        expect_decode(rows[i].what, file, rows[i].code);
    }
}

static void unknown_fields_are_kept_by_signing(void **state)
{
    (void)state;
    static struct world_genesis copy;
    struct world_org *orgs = world();
    struct world_genesis *made = world_found(orgs, 3, 0);
    static const uint8_t seven[] = {0xa1, 'x'};
    static const uint8_t nine[] = {0x91, 0xc0};
    struct toc_span file = world_edit(made->file, 7, toc_span(seven, 2), edited_room(0));
    file = world_edit(file, 9, toc_span(nine, 2), edited_room(1));
    decode_copy(&copy, file);
    assert_int_equal(copy.genesis.extra_count, 2);
    assert_ok(toc_genesis_sign(&copy.genesis, &orgs[0].org, edited_room(0), &file));
    decode_copy(&copy, file);
    assert_int_equal(copy.genesis.extra_count, 2);
    static const uint8_t extra[] = {7, 0xa1, 'x', 9, 0x91, 0xc0};
    assert_span(copy.genesis.extra, toc_span(extra, sizeof extra));
}

/* One signature as it stands in the file. */
static void write_signature(struct toc_writer *writer, const uint8_t *id, const uint8_t *sig)
{
    toc_write_array(writer, 2);
    toc_write_bin(writer, toc_span(id, TOC_ID_BYTES));
    toc_write_bin(writer, toc_span(sig, TOC_SIG_BYTES));
}

/* */
static void only_good_signatures_of_founders_in_order_are_read(void **state)
{
    (void)state;
    struct world_org *orgs = world();
    struct world_genesis *made = world_found(orgs, 3, 3);
    const struct toc_genesis *genesis = &made->genesis;
    static const struct {
        const char *what;
        size_t id[3], sig[3];
        size_t count;
        enum toc_code code;
    } table[] = {
        {"all in order", {0, 1, 2}, {0, 1, 2}, 3, TOC_OK},
        {"the last alone", {2}, {2}, 1, TOC_OK},
        {"out of order", {1, 0}, {1, 0}, 2, TOC_MALFORMED},
        {"one twice", {1, 1}, {1, 1}, 2, TOC_MALFORMED},
        {"another founder's", {0, 1, 2}, {0, 2, 1}, 3, TOC_SIGNATURE},
    };
    uint8_t value[1024];
    struct toc_writer writer;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        toc_writer_init(&writer, value, sizeof value);
        toc_write_array(&writer, table[i].count);
        for (size_t j = 0; j < table[i].count; j++) {
            write_signature(&writer, genesis->roster.orgs[table[i].id[j]].id,
                            genesis->signatures[table[i].sig[j]]);
        }
        expect_decode(table[i].what,
                      world_edit(made->file, 2, toc_writer_bytes(&writer), edited_room(0)),
                      table[i].code);
    }
    toc_writer_init(&writer, value, sizeof value);
    toc_write_array(&writer, 1);
    write_signature(&writer, orgs[4].card.id, genesis->signatures[0]);
    expect_decode("a stranger's",
                  world_edit(made->file, 2, toc_writer_bytes(&writer), edited_room(0)),
                  TOC_STRANGER);
    toc_writer_init(&writer, value, sizeof value);
    toc_write_array(&writer, 4);
    expect_decode("more signatures than founders",
                  world_edit(made->file, 2, toc_writer_bytes(&writer), edited_room(0)),
                  TOC_TRUNCATED);
}

static struct toc_span with_cards(const struct world_genesis *made, const struct toc_span *cards)
{
    static uint8_t value[4 * TOC_CARD_BYTES_MAX];
    struct toc_writer writer;
    toc_writer_init(&writer, value, sizeof value);
    toc_write_array(&writer, 3);
    for (size_t i = 0; i < 3; i++) {
        toc_write_bin(&writer, cards[i]);
    }
    return world_edit(made->file, 3, toc_writer_bytes(&writer), edited_room(0));
}

/* */
static void cards_say_what_the_record_says(void **state)
{
    (void)state;
    struct world_org *orgs = world();
    struct world_genesis *made = world_found(orgs, 3, 3);
    const struct toc_span *given = made->genesis.cards;
    struct toc_span swapped[3] = {given[1], given[0], given[2]};
    expect_decode("cards in another order", with_cards(made, swapped), TOC_HASH);

    /* The founder whose card stands first, with one field changed and signed again. */
    struct world_org *one = NULL;
    for (size_t i = 0; i < 3; i++) {
        if (memcmp(orgs[i].card.id, made->genesis.roster.orgs[0].id, TOC_ID_BYTES) == 0) {
            one = &orgs[i];
        }
    }
    assert_non_null(one);
    const struct toc_card before = one->card;
    for (int field = 0; field < 5; field++) {
        static const char *const what[] = {"handle", "country", "kind", "recovery key", "name"};
        one->card = before;
        switch (field) {
        case 0:
            memcpy(one->card.handle, "other", 6);
            break;
        case 1:
            memcpy(one->card.country, "ZZ", 3);
            break;
        case 2:
            one->card.kind = TOC_ORG_MINISTRY;
            break;
        case 3:
            memcpy(one->card.recovery_key, orgs[4].recovery.public_key, TOC_KEY_BYTES);
            break;
        default:
            memcpy(one->card.name, "Other", 6);
        }
        world_sign(one);
        struct toc_span cards[3] = {one->envelope, given[1], given[2]};
        expect_decode(what[field], with_cards(made, cards), field < 4 ? TOC_HASH : TOC_OK);
    }
}

/* */
static void a_card_with_a_node_that_has_no_wrap_is_refused(void **state)
{
    (void)state;
    uint64_t seed = 99;
    struct world_org *orgs = world();
    struct world_genesis *made = world_found(orgs, 3, 0);
    for (size_t i = 0; i < 3; i++) {
        if (memcmp(orgs[i].card.id, made->genesis.roster.orgs[2].id, TOC_ID_BYTES) == 0) {
            world_node(&orgs[i], 1, 2, &seed);
            orgs[i].card.node_count = 2;
            world_sign(&orgs[i]);
            struct toc_span cards[3] = {made->genesis.cards[0], made->genesis.cards[1],
                                        orgs[i].envelope};
            expect_decode("a node without wrap", with_cards(made, cards), TOC_MALFORMED);
        }
    }
}

/* */
static void the_first_epoch_belongs_to_the_record(void **state)
{
    (void)state;
    static struct world_genesis other;
    struct world_org *orgs = world();
    decode_copy(&other, world_found(orgs, 4, 0)->file);
    struct world_genesis *made = world_found(orgs, 3, 0);
    uint8_t value[4096];
    struct toc_writer writer;
    toc_writer_init(&writer, value, sizeof value);
    toc_write_bin(&writer, other.genesis.epoch_envelope);
    expect_decode("epoch of another federation",
                  world_edit(made->file, 4, toc_writer_bytes(&writer), edited_room(0)),
                  TOC_SIGNATURE);
    /* Both record and epoch of the other federation, the cards of this one. */
    struct toc_span file = world_edit(made->file, 4, toc_writer_bytes(&writer), edited_room(0));
    toc_writer_init(&writer, value, sizeof value);
    toc_write_bin(&writer, other.genesis.roster.record);
    expect_decode("record of another federation",
                  world_edit(file, 1, toc_writer_bytes(&writer), edited_room(1)), TOC_MALFORMED);
}

static void no_cut_and_no_flipped_bit_passes_whole(void **state)
{
    (void)state;
    static uint8_t memory[TOC_GENESIS_ARENA_BYTES];
    static struct toc_genesis genesis;
    struct world_genesis *made = world_found(world(), 3, 3);
    struct toc_arena arena;
    toc_arena_init(&arena, memory, sizeof memory);
    for (size_t len = 0; len < made->file.len; len += 13) {
        assert_code(toc_genesis_decode(&genesis, toc_span(made->file.at, len), &arena),
                    TOC_TRUNCATED);
    }
    memcpy(edited_memory[0], made->file.at, made->file.len);
    for (size_t i = 0; i < made->file.len; i += 7) {
        edited_memory[0][i] ^= 0x10;
        assert_true(toc_failed(
            toc_genesis_decode(&genesis, toc_span(edited_memory[0], made->file.len), &arena)));
        assert_int_equal(toc_arena_mark(&arena), 0);
        edited_memory[0][i] ^= 0x10;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_draft_has_everything_but_signatures),
        cmocka_unit_test(the_order_of_the_cards_does_not_matter),
        cmocka_unit_test(every_founder_signs_and_then_it_is_complete),
        cmocka_unit_test(signing_twice_changes_nothing),
        cmocka_unit_test(a_stranger_cannot_sign),
        cmocka_unit_test(signatures_made_in_parallel_unite),
        cmocka_unit_test(files_of_two_federations_do_not_unite),
        cmocka_unit_test(founders_open_what_others_cannot),
        cmocka_unit_test(a_secret_handed_over_by_hand_is_not_in_the_file),
        cmocka_unit_test(a_draft_needs_three_founders),
        cmocka_unit_test(founders_do_not_share_names_or_keys),
        cmocka_unit_test(founders_come_with_nodes_and_first_keys),
        cmocka_unit_test(observers_have_no_vote),
        cmocka_unit_test(a_draft_that_does_not_fit_is_full),
        cmocka_unit_test(a_broken_file_is_refused),
        cmocka_unit_test(unknown_fields_are_kept_by_signing),
        cmocka_unit_test(only_good_signatures_of_founders_in_order_are_read),
        cmocka_unit_test(cards_say_what_the_record_says),
        cmocka_unit_test(a_card_with_a_node_that_has_no_wrap_is_refused),
        cmocka_unit_test(the_first_epoch_belongs_to_the_record),
        cmocka_unit_test(no_cut_and_no_flipped_bit_passes_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
