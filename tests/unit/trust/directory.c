/* SPDX-License-Identifier: EUPL-1.2 */
#include "founders.h"

static uint8_t memory[WORLD_ORGS * 2 * TOC_DIRECTORY_ORG_BYTES];

struct scene {
    struct world_org *orgs;
    struct world_genesis *made;
    struct toc_arena arena;
    struct toc_directory directory;
};

/* The directory of a federation of the first four organisations. */
static void set(struct scene *scene)
{
    scene->orgs = world();
    scene->made = world_found(scene->orgs, 4, 0);
    memset(memory, 0xa5, sizeof memory); /* a slot is made whole when it is first used */
    toc_arena_init(&scene->arena, memory, sizeof memory);
    assert_ok(toc_directory_init(&scene->directory, &scene->arena, WORLD_ORGS));
    assert_ok(toc_directory_load(&scene->directory, &scene->made->genesis));
}

static struct toc_err apply(struct scene *scene, const struct toc_card *card)
{
    return toc_directory_apply(&scene->directory, &scene->made->genesis.roster, card);
}

/* Applying is refused with this code, and every byte of the directory stays. */
static void expect_refused(const char *what, struct scene *scene, const struct toc_card *card,
                           enum toc_code code)
{
    static uint8_t before[sizeof memory];
    struct toc_directory directory = scene->directory;
    memcpy(before, memory, sizeof memory);
    world_expect(what, apply(scene, card), code);
    assert_memory_equal(before, memory, sizeof memory);
    assert_memory_equal(&directory, &scene->directory, sizeof directory);
}

/* Signs the organisation's card with a higher serial. */
static void next_card(struct world_org *one)
{
    one->card.serial++;
    world_sign(one);
}

static void every_key_of_the_genesis_is_found(void **state)
{
    (void)state;
    struct scene scene;
    set(&scene);
    assert_int_equal(scene.directory.slot_count, 4);
    for (size_t i = 0; i < 4; i++) {
        const struct toc_card *want = &scene.orgs[i].card;
        const struct toc_card *card = toc_directory_card(&scene.directory, want->id);
        assert_non_null(card);
        assert_memory_equal(card, want, sizeof *card);
        const struct toc_cert *cert = NULL;
        assert_ptr_equal(toc_directory_by_link(&scene.directory, want->nodes[0].link_key, &cert),
                         card);
        assert_ptr_equal(cert, &card->nodes[0]);
        struct toc_log_key key;
        assert_ok(toc_directory_by_log_key(&scene.directory, want->nodes[0].log_key, &key));
        assert_memory_equal(key.org, want->id, TOC_ID_BYTES);
        assert_int_equal(key.node, 1);
        assert_int_equal(key.incarnation, 1);
        assert_false(key.retired);
        assert_ok(toc_directory_certifies(&scene.directory, want->nodes[0].log_key, want->id, 1));
    }
    const struct toc_card *stranger = &scene.orgs[4].card;
    struct toc_log_key key;
    assert_null(toc_directory_card(&scene.directory, stranger->id));
    assert_null(toc_directory_by_link(&scene.directory, stranger->nodes[0].link_key, NULL));
    assert_code(toc_directory_by_log_key(&scene.directory, stranger->nodes[0].log_key, &key),
                TOC_ABSENT);
    /* One kind of key is never taken for another. */
    const struct toc_cert *node = &scene.orgs[0].card.nodes[0];
    assert_null(toc_directory_by_link(&scene.directory, node->log_key, NULL));
    assert_null(toc_directory_by_link(&scene.directory, node->seal_key, NULL));
    assert_code(toc_directory_by_log_key(&scene.directory, node->link_key, &key), TOC_ABSENT);
}

/* */
static void a_log_key_speaks_for_its_own_node_alone(void **state)
{
    (void)state;
    struct scene scene;
    set(&scene);
    const struct toc_card *one = &scene.orgs[0].card;
    const struct toc_card *other = &scene.orgs[1].card;
    const struct toc_directory *directory = &scene.directory;
    assert_ok(toc_directory_certifies(directory, one->nodes[0].log_key, one->id, 1));
    assert_code(toc_directory_certifies(directory, one->nodes[0].log_key, one->id, 2),
                TOC_STRANGER);
    assert_code(toc_directory_certifies(directory, one->nodes[0].log_key, other->id, 1),
                TOC_STRANGER);
    assert_code(toc_directory_certifies(directory, one->nodes[0].link_key, one->id, 1),
                TOC_STRANGER);
    assert_code(toc_directory_certifies(directory, one->nodes[0].log_key, scene.orgs[4].card.id, 1),
                TOC_STRANGER);
}

static void a_log_is_found_by_its_id(void **state)
{
    (void)state;
    struct scene scene;
    set(&scene);
    const uint8_t *federation = scene.made->genesis.roster.hash;
    const uint8_t *group = scene.made->genesis.epoch.group;
    struct toc_log_key key;
    uint8_t log[TOC_ID_BYTES];
    toc_log_id(log, federation, group, scene.orgs[2].card.nodes[0].log_key);
    assert_ok(toc_directory_by_log(&scene.directory, federation, group, log, &key));
    assert_memory_equal(key.org, scene.orgs[2].card.id, TOC_ID_BYTES);
    assert_code(toc_directory_by_log(&scene.directory, federation, federation, log, &key),
                TOC_ABSENT);
    toc_log_id(log, federation, group, scene.orgs[4].card.nodes[0].log_key);
    assert_code(toc_directory_by_log(&scene.directory, federation, group, log, &key), TOC_ABSENT);
}

/* */
static void the_highest_serial_wins(void **state)
{
    (void)state;
    struct scene scene;
    set(&scene);
    struct world_org *one = &scene.orgs[1];
    struct toc_card first = one->card;
    expect_refused("the same card", &scene, &first, TOC_STALE);
    memcpy(one->card.phone, "+1", 3);
    next_card(one);
    assert_ok(apply(&scene, &one->card));
    assert_string_equal(toc_directory_card(&scene.directory, one->card.id)->phone, "+1");
    expect_refused("an older card", &scene, &first, TOC_STALE);
    assert_string_equal(toc_directory_card(&scene.directory, one->card.id)->phone, "+1");
}

/* */
static void two_cards_of_one_serial_settle_the_same_way_in_every_order(void **state)
{
    (void)state;
    struct scene scene;
    set(&scene);
    struct world_org *one = &scene.orgs[1];
    next_card(one);
    struct toc_card a = one->card;
    memcpy(one->card.hours, "Mo-Fr", 6);
    world_sign(one);
    struct toc_card b = one->card;
    bool a_wins = memcmp(a.hash, b.hash, TOC_HASH_BYTES) < 0;
    const struct toc_card *winner = a_wins ? &a : &b;
    const struct toc_card *loser = a_wins ? &b : &a;

    assert_ok(apply(&scene, loser));
    assert_ok(apply(&scene, winner));
    assert_string_equal(toc_directory_card(&scene.directory, a.id)->hours, winner->hours);
    expect_refused("the losing card", &scene, loser, TOC_STALE);

    set(&scene);
    assert_ok(apply(&scene, winner));
    expect_refused("the losing card", &scene, loser, TOC_STALE);
}

static void change_nothing(struct scene *scene, struct world_org *one)
{
    (void)scene;
    next_card(one);
}
/* */
static void change_stranger(struct scene *scene, struct world_org *one)
{
    *one = scene->orgs[4];
}
/* */
static void change_key(struct scene *scene, struct world_org *one)
{
    one->org = scene->orgs[4].org;
    next_card(one);
}
/* */
static void change_link_key(struct scene *scene, struct world_org *one)
{
    memcpy(one->card.nodes[0].link_key, scene->orgs[0].card.nodes[0].link_key, TOC_KEY_BYTES);
    next_card(one);
}

static void a_card_must_belong_to_the_roster(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        void (*change)(struct scene *scene, struct world_org *one);
        enum toc_code code;
    } rows[] = {
        {"a stranger's card, R-4.10", change_stranger, TOC_STRANGER},
        {"signed by another organisation key, R-4.11", change_key, TOC_AUTHORITY},
        {"claims another's link key, R-4.13", change_link_key, TOC_AUTHORITY},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct scene scene;
        set(&scene);
        rows[i].change(&scene, &scene.orgs[1]);
        expect_refused(rows[i].what, &scene, &scene.orgs[1].card, rows[i].code);
    }
    struct scene scene;
    set(&scene);
    change_nothing(&scene, &scene.orgs[1]);
    assert_ok(apply(&scene, &scene.orgs[1].card));
}

/* */
static void the_roster_beats_the_card(void **state)
{
    (void)state;
    struct scene scene;
    set(&scene);
    struct world_org *one = &scene.orgs[1];
    const struct toc_card before = one->card;
    memcpy(one->card.handle, "better-name", 12);
    memcpy(one->card.country, "ZZ", 3);
    one->card.kind = TOC_ORG_INTERNATIONAL;
    memcpy(one->card.name, "Better", 7);
    next_card(one);
    assert_ok(apply(&scene, &one->card));
    const struct toc_card *held = toc_directory_card(&scene.directory, before.id);
    assert_string_equal(held->handle, before.handle);
    assert_string_equal(held->country, before.country);
    assert_int_equal(held->kind, before.kind);
    assert_string_equal(held->name, "Better");
}

/* */
static void a_node_that_the_newest_card_does_not_name_is_retired(void **state)
{
    (void)state;
    uint64_t seed = 11;
    struct scene scene;
    set(&scene);
    struct world_org *one = &scene.orgs[1];
    const struct toc_cert old = one->card.nodes[0];
    world_node(one, 0, 1, &seed);
    one->card.nodes[0].incarnation = 2;
    next_card(one);
    assert_ok(apply(&scene, &one->card));

    assert_null(toc_directory_by_link(&scene.directory, old.link_key, NULL));
    assert_non_null(toc_directory_by_link(&scene.directory, one->card.nodes[0].link_key, NULL));
    struct toc_log_key key;
    assert_ok(toc_directory_by_log_key(&scene.directory, old.log_key, &key));
    assert_true(key.retired);
    assert_int_equal(key.incarnation, 1);
    assert_ok(toc_directory_certifies(&scene.directory, old.log_key, one->card.id, 1));
    struct toc_log_key keys[TOC_LOG_KEYS_OF_ORG_MAX];
    assert_int_equal(
        toc_directory_log_keys(&scene.directory, one->card.id, keys, TOC_LOG_KEYS_OF_ORG_MAX), 2);
    assert_false(keys[0].retired);
    assert_true(keys[1].retired);
    assert_int_equal(toc_directory_log_keys(&scene.directory, one->card.id, keys, 1), 1);
    assert_int_equal(toc_directory_log_keys(&scene.directory, scene.orgs[4].card.id, keys, 1), 0);

    /* Named again, it is current again. */
    one->card.nodes[0] = old;
    next_card(one);
    assert_ok(apply(&scene, &one->card));
    assert_ok(toc_directory_by_log_key(&scene.directory, old.log_key, &key));
    assert_false(key.retired);
}

/* whatever the order in which cards become known, the same keys are remembered. */
static void the_newest_sixteen_retired_keys_are_kept(void **state)
{
    (void)state;
    enum { CARDS = 20 };
    static struct toc_card cards[CARDS];
    struct scene scene;
    uint64_t seed = 12;
    set(&scene);
    struct world_org *one = &scene.orgs[1];
    for (size_t i = 0; i < CARDS; i++) {
        world_node(one, 0, 1, &seed);
        one->card.nodes[0].incarnation = (uint32_t)(i + 2);
        next_card(one);
        cards[i] = one->card;
    }
    for (size_t i = 0; i < CARDS; i++) {
        assert_ok(apply(&scene, &cards[i]));
    }
    for (size_t i = 0; i < CARDS; i++) {
        struct toc_err err =
            toc_directory_certifies(&scene.directory, cards[i].nodes[0].log_key, one->card.id, 1);
        assert_code(err, i + 1 + TOC_PAST_KEYS_MAX >= CARDS ? TOC_OK : TOC_STRANGER);
    }
    struct scene backwards;
    set(&backwards);
    const struct toc_roster *roster = &backwards.made->genesis.roster;
    assert_ok(apply(&backwards, &cards[CARDS - 1]));
    for (size_t i = CARDS - 1; i > 0; i--) {
        expect_refused("an older card", &backwards, &cards[i - 1], TOC_STALE);
        assert_ok(toc_directory_remember(&backwards.directory, roster, &cards[i - 1]));
    }
    for (size_t i = 0; i < CARDS; i++) {
        struct toc_err err = toc_directory_certifies(&backwards.directory,
                                                     cards[i].nodes[0].log_key, one->card.id, 1);
        assert_code(err, i + 1 + TOC_PAST_KEYS_MAX >= CARDS ? TOC_OK : TOC_STRANGER);
    }
}

static void only_older_cards_of_members_are_remembered(void **state)
{
    (void)state;
    struct scene scene;
    set(&scene);
    const struct toc_roster *roster = &scene.made->genesis.roster;
    struct world_org *one = &scene.orgs[1];
    assert_code(toc_directory_remember(&scene.directory, roster, &scene.orgs[4].card),
                TOC_STRANGER);
    next_card(one);
    assert_code(toc_directory_remember(&scene.directory, roster, &one->card), TOC_STATE);
    one->org = scene.orgs[4].org;
    world_sign(one);
    assert_code(toc_directory_remember(&scene.directory, roster, &one->card), TOC_AUTHORITY);
}

/* Two organisations may claim one log key; each is believed for itself. */
static void a_claimed_log_key_speaks_for_both(void **state)
{
    (void)state;
    struct scene scene;
    set(&scene);
    struct world_org *liar = &scene.orgs[1];
    const uint8_t *log_key = scene.orgs[0].card.nodes[0].log_key;
    memcpy(liar->card.nodes[0].log_key, log_key, TOC_KEY_BYTES);
    next_card(liar);
    assert_ok(apply(&scene, &liar->card));
    assert_ok(toc_directory_certifies(&scene.directory, log_key, scene.orgs[0].card.id, 1));
    assert_ok(toc_directory_certifies(&scene.directory, log_key, liar->card.id, 1));
    bool liar_first = memcmp(liar->card.id, scene.orgs[0].card.id, TOC_ID_BYTES) < 0;
    struct toc_log_key key;
    assert_ok(toc_directory_by_log_key(&scene.directory, log_key, &key));
    assert_memory_equal(key.org, liar_first ? liar->card.id : scene.orgs[0].card.id, TOC_ID_BYTES);
}

static void a_full_directory_takes_no_further_organisation(void **state)
{
    (void)state;
    struct scene scene;
    set(&scene);
    struct toc_arena arena;
    static uint8_t small[4 * TOC_DIRECTORY_ORG_BYTES];
    struct toc_directory directory;
    toc_arena_init(&arena, small, sizeof small);
    assert_ok(toc_directory_init(&directory, &arena, 3));
    assert_code(toc_directory_load(&directory, &scene.made->genesis), TOC_FULL);
    assert_int_equal(directory.slot_count, 3);
    assert_code(toc_directory_init(&directory, &arena, TOC_ORGS_MAX + 1), TOC_LIMIT);
    assert_int_equal(directory.slot_count, 3);
    size_t mark = toc_arena_mark(&arena);
    assert_code(toc_directory_init(&directory, &arena, 3), TOC_FULL);
    assert_int_equal(toc_arena_mark(&arena), mark);
    /* The stated size is enough. */
    for (size_t count = 1; count <= 4; count++) {
        toc_arena_init(&arena, small, count * TOC_DIRECTORY_ORG_BYTES);
        assert_ok(toc_directory_init(&directory, &arena, count));
    }
}

static void sealing_keys_of_all_nodes_are_collected(void **state)
{
    (void)state;
    uint64_t seed = 21;
    struct scene scene;
    set(&scene);
    struct world_org *one = &scene.orgs[0];
    world_node(one, 1, 2, &seed);
    one->card.node_count = 2;
    next_card(one);
    assert_ok(apply(&scene, &one->card));
    uint8_t ids[2 * TOC_ID_BYTES];
    uint8_t keys[3 * TOC_KEY_BYTES];
    memcpy(ids, one->card.id, TOC_ID_BYTES);
    memcpy(ids + TOC_ID_BYTES, scene.orgs[1].card.id, TOC_ID_BYTES);
    struct toc_ids members = {ids, 2};
    struct toc_ids seal_keys = {NULL, 77};
    struct toc_room out = {keys, sizeof keys};
    assert_ok(toc_directory_seal_keys(&scene.directory, members, out, &seal_keys));
    assert_int_equal(seal_keys.count, 3);
    assert_memory_equal(toc_ids_at(seal_keys, 1), one->card.nodes[1].seal_key, TOC_KEY_BYTES);
    assert_memory_equal(toc_ids_at(seal_keys, 2), scene.orgs[1].card.nodes[0].seal_key,
                        TOC_KEY_BYTES);

    seal_keys = (struct toc_ids){NULL, 77};
    out.len--;
    assert_code(toc_directory_seal_keys(&scene.directory, members, out, &seal_keys), TOC_FULL);
    memcpy(ids + TOC_ID_BYTES, scene.orgs[4].card.id, TOC_ID_BYTES);
    out.len++;
    assert_code(toc_directory_seal_keys(&scene.directory, members, out, &seal_keys), TOC_ABSENT);
    assert_true(seal_keys.at == NULL && seal_keys.count == 77);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_key_of_the_genesis_is_found),
        cmocka_unit_test(a_log_key_speaks_for_its_own_node_alone),
        cmocka_unit_test(a_log_is_found_by_its_id),
        cmocka_unit_test(the_highest_serial_wins),
        cmocka_unit_test(two_cards_of_one_serial_settle_the_same_way_in_every_order),
        cmocka_unit_test(a_card_must_belong_to_the_roster),
        cmocka_unit_test(the_roster_beats_the_card),
        cmocka_unit_test(a_node_that_the_newest_card_does_not_name_is_retired),
        cmocka_unit_test(the_newest_sixteen_retired_keys_are_kept),
        cmocka_unit_test(only_older_cards_of_members_are_remembered),
        cmocka_unit_test(a_claimed_log_key_speaks_for_both),
        cmocka_unit_test(a_full_directory_takes_no_further_organisation),
        cmocka_unit_test(sealing_keys_of_all_nodes_are_collected),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
