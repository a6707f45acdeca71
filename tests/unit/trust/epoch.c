/* SPDX-License-Identifier: EUPL-1.2 */
#include "world.h"

/* A federation of three, an epoch of its group of all, and what makes the next one. */
struct scene {
    struct world_org *orgs;
    struct world_genesis *made;
    uint8_t f[TOC_KEY_BYTES];
    uint8_t all[TOC_ID_BYTES];
    uint8_t ids[WORLD_ORGS * TOC_ID_BYTES];
    uint8_t seal_keys[WORLD_ORGS * TOC_KEY_BYTES];
    uint8_t entropy[TOC_EPOCH_ENTROPY_BYTES];
    uint8_t tag_key[TOC_KEY_BYTES];
    struct toc_epoch_options options;
    struct toc_epoch_place place;
    struct toc_epoch first;
};

static void set_members(struct scene *scene, size_t from, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        memcpy(scene->ids + i * TOC_ID_BYTES, scene->orgs[from + i].card.id, TOC_ID_BYTES);
        memcpy(scene->seal_keys + i * TOC_KEY_BYTES, scene->orgs[from + i].node[0].seal_public,
               TOC_KEY_BYTES);
    }
    scene->options.members = (struct toc_ids){scene->ids, toc_ids_sort(scene->ids, count)};
    scene->options.seal_keys = (struct toc_ids){scene->seal_keys, count};
}

/* Options for the epoch after the first, by the first organisation. */
static void set(struct scene *scene)
{
    uint64_t seed = 55;
    memset(scene, 0, sizeof *scene);
    scene->orgs = world();
    scene->made = world_found(scene->orgs, 3, 3);
    scene->first = scene->made->genesis.epoch;
    memcpy(scene->f, scene->made->f, sizeof scene->f);
    toc_group_all_id(scene->all, scene->made->genesis.roster.hash);
    check_random_fill(&seed, scene->entropy, sizeof scene->entropy);
    memset(scene->tag_key, 3, sizeof scene->tag_key);
    scene->options = (struct toc_epoch_options){
        .federation = scene->made->genesis.roster.hash,
        .group = scene->all,
        .number = 2,
        .parent = scene->first.hash,
        .committer = scene->orgs[0].card.id,
        .committer_node = 1,
        .roster_number = 1,
        .reason = TOC_REASON_ROTATION,
        .f_generation = 1,
        .f = scene->f,
        .tag_key = scene->tag_key,
        .log_keys = &scene->orgs[0].log[0],
        .entropy = scene->entropy,
    };
    set_members(scene, 0, 3);
    scene->place = (struct toc_epoch_place){.federation = scene->made->genesis.roster.hash,
                                            .roster = &scene->made->genesis.roster,
                                            .current = &scene->first};
}

struct product {
    uint8_t memory[4096];
    struct toc_span envelope;
    struct toc_epoch epoch;
    struct toc_epoch_secret secret;
};

static void make(struct product *product, const struct scene *scene)
{
    struct toc_room out = {product->memory, sizeof product->memory};
    assert_ok(toc_epoch_make(&scene->options, out, &product->envelope, &product->secret));
    assert_ok(toc_epoch_verify(&product->epoch, product->envelope, scene->options.federation));
    assert_true(product->envelope.len <=
                toc_epoch_bytes_max(scene->options.members.count, scene->options.seal_keys.count));
}

static void an_epoch_opens_for_its_readers_alone(void **state)
{
    (void)state;
    struct scene scene;
    struct product product;
    struct toc_epoch_secret secret;
    set(&scene);
    make(&product, &scene);
    for (size_t i = 0; i < 3; i++) {
        const struct toc_node_keys *node = &scene.orgs[i].node[0];
        assert_ok(
            toc_epoch_open(&secret, &product.epoch, scene.f, node->seal_public, node->seal_secret));
        assert_memory_equal(&secret, &product.secret, sizeof secret);
        assert_memory_equal(secret.tag_key, scene.tag_key, TOC_KEY_BYTES);
        assert_int_equal(secret.f_generation, 1);
    }
    /* Another organisation's node, with F and all. */
    const struct toc_node_keys *outside = &scene.orgs[3].node[0];
    assert_code(toc_epoch_open(&secret, &product.epoch, scene.f, outside->seal_public,
                               outside->seal_secret),
                TOC_WRAP);
    assert_true(toc_is_zero(&secret, sizeof secret));
}

/* */
static void a_removed_node_cannot_open_the_next_epoch(void **state)
{
    (void)state;
    struct scene scene;
    struct product product;
    struct toc_epoch_secret secret;
    set(&scene);
    scene.options.reason = TOC_REASON_REMOVAL;
    set_members(&scene, 0, 2);
    make(&product, &scene);
    const struct toc_node_keys *removed = &scene.orgs[2].node[0];
    assert_ok(
        toc_epoch_open(&secret, &scene.first, scene.f, removed->seal_public, removed->seal_secret));
    assert_code(toc_epoch_open(&secret, &product.epoch, scene.f, removed->seal_public,
                               removed->seal_secret),
                TOC_WRAP);
    assert_true(toc_is_zero(&secret, sizeof secret));
    /* Not even by calling its key a member's. */
    assert_code(toc_epoch_open(&secret, &product.epoch, scene.f, scene.orgs[0].node[0].seal_public,
                               removed->seal_secret),
                TOC_DECRYPT);
    assert_true(toc_is_zero(&secret, sizeof secret));
}

/* */
static void a_secret_that_breaks_the_commitment_is_refused(void **state)
{
    (void)state;
    struct scene scene;
    struct product product;
    struct toc_epoch_secret secret;
    set(&scene);
    make(&product, &scene);
    const struct toc_node_keys *node = &scene.orgs[1].node[0];
    scene.f[0] ^= 1;
    assert_code(
        toc_epoch_open(&secret, &product.epoch, scene.f, node->seal_public, node->seal_secret),
        TOC_COMMITMENT);
    assert_true(toc_is_zero(&secret, sizeof secret));
    scene.f[0] ^= 1;
    product.epoch.commitment[31] ^= 1;
    assert_code(
        toc_epoch_open(&secret, &product.epoch, scene.f, node->seal_public, node->seal_secret),
        TOC_COMMITMENT);
    assert_true(toc_is_zero(&secret, sizeof secret));
}

/* */
static void the_tag_key_is_bound_to_the_record(void **state)
{
    (void)state;
    struct scene scene;
    struct product product;
    struct toc_epoch_secret secret;
    set(&scene);
    make(&product, &scene);
    const struct toc_node_keys *node = &scene.orgs[1].node[0];
    /* The associated data ends where the key of the sealed tag key stands. */
    assert_int_equal(product.epoch.tag_ad.at[product.epoch.tag_ad.len], 11);
    assert_ptr_equal(product.epoch.tag_ad.at, product.epoch.record.at);
    product.epoch.tag_ad.len--;
    assert_code(
        toc_epoch_open(&secret, &product.epoch, scene.f, node->seal_public, node->seal_secret),
        TOC_DECRYPT);
    assert_true(toc_is_zero(&secret, sizeof secret));
}

static void the_first_epoch_draws_its_tag_key(void **state)
{
    (void)state;
    struct scene scene;
    struct product product;
    set(&scene);
    scene.options.number = 1;
    scene.options.tag_key = NULL;
    make(&product, &scene);
    assert_memory_equal(product.secret.e, scene.entropy, 32);
    assert_memory_equal(product.secret.tag_key, scene.entropy + 64, 32);
}

/* ---- what making refuses ---- */

static void change_number_zero(struct scene *scene)
{
    scene->options.number = 0;
}
static void change_first_with_tag(struct scene *scene)
{
    scene->options.number = 1;
}
static void change_later_without_tag(struct scene *scene)
{
    scene->options.tag_key = NULL;
}
static void change_no_members(struct scene *scene)
{
    scene->options.members.count = 0;
}
static void change_unsorted(struct scene *scene)
{
    uint8_t spare[TOC_ID_BYTES];
    memcpy(spare, scene->ids, TOC_ID_BYTES);
    memcpy(scene->ids, scene->ids + TOC_ID_BYTES, TOC_ID_BYTES);
    memcpy(scene->ids + TOC_ID_BYTES, spare, TOC_ID_BYTES);
}
static void change_many_members(struct scene *scene)
{
    scene->options.members.count = TOC_MEMBERS_MAX + 1;
}
static void change_many_nodes(struct scene *scene)
{
    scene->options.seal_keys.count = TOC_WRAPS_MAX + 1;
}
static void change_no_nodes(struct scene *scene)
{
    scene->options.seal_keys.count = 0;
}
static void change_low_order(struct scene *scene)
{
    memset(scene->seal_keys + TOC_KEY_BYTES, 0, TOC_KEY_BYTES);
}
static void change_generation_zero(struct scene *scene)
{
    scene->options.f_generation = 0;
}

static void an_epoch_that_readers_refuse_is_not_made(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        void (*change)(struct scene *scene);
        enum toc_code code;
    } rows[] = {
        {"number 0, R-6.16", change_number_zero, TOC_MALFORMED},
        {"a first epoch with a tag key", change_first_with_tag, TOC_MALFORMED},
        {"a later epoch without", change_later_without_tag, TOC_MALFORMED},
        {"no members, R-6.1", change_no_members, TOC_MALFORMED},
        {"members not ascending, R-6.1", change_unsorted, TOC_MALFORMED},
        {"1025 members", change_many_members, TOC_LIMIT},
        {"8193 nodes", change_many_nodes, TOC_LIMIT},
        {"no nodes, R-6.6", change_no_nodes, TOC_MALFORMED},
        {"a sealing key of low order", change_low_order, TOC_HANDSHAKE},
        {"generation 0, R-6.16", change_generation_zero, TOC_MALFORMED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct scene scene;
        struct product product;
        set(&scene);
        rows[i].change(&scene);
        product.envelope = toc_span(NULL, 77);
        memset(&product.secret, 0x5a, sizeof product.secret);
        struct toc_room out = {product.memory, sizeof product.memory};
        world_expect(rows[i].what,
                     toc_epoch_make(&scene.options, out, &product.envelope, &product.secret),
                     rows[i].code);
        assert_true(product.envelope.at == NULL && product.envelope.len == 77);
        assert_true(toc_is_zero(&product.secret, sizeof product.secret));
    }
}

static void memory_that_is_too_small_is_full(void **state)
{
    (void)state;
    struct scene scene;
    struct product product;
    set(&scene);
    make(&product, &scene);
    size_t needed = product.envelope.len;
    for (size_t len = 0; len < needed; len += 5) {
        struct toc_room out = {product.memory, len};
        assert_code(toc_epoch_make(&scene.options, out, &product.envelope, &product.secret),
                    TOC_FULL);
        assert_true(toc_is_zero(&product.secret, sizeof product.secret));
    }
}

/* ---- what reading refuses ---- */

static const struct world_edit_row edit_rows[] = {
    {"no group, R-4.1", 1, "", TOC_MALFORMED},
    {"no number, R-4.1", 2, "", TOC_MALFORMED},
    {"no parent, R-4.1", 3, "", TOC_MALFORMED},
    {"no committer, R-4.1", 4, "", TOC_MALFORMED},
    {"no node, R-4.1", 5, "", TOC_MALFORMED},
    {"no roster number, R-4.1", 6, "", TOC_MALFORMED},
    {"no members, R-4.1", 7, "", TOC_MALFORMED},
    {"no reason, R-4.1", 8, "", TOC_MALFORMED},
    {"no generation, R-4.1", 9, "", TOC_MALFORMED},
    {"no commitment, R-4.1", 10, "", TOC_MALFORMED},
    {"no tag key, R-4.1", 11, "", TOC_MALFORMED},
    {"no ephemeral key, R-4.1", 12, "", TOC_MALFORMED},
    {"no wraps, R-4.1", 13, "", TOC_MALFORMED},
    {"unknown critical key", -1, "c0", TOC_CRITICAL},
    {"unknown key", 14, "c0", TOC_OK},
    {"number 0, R-6.16", 2, "00", TOC_MALFORMED},
    {"roster number 0, R-6.16", 6, "00", TOC_MALFORMED},
    {"reason 0, R-6.16", 8, "00", TOC_MALFORMED},
    {"reason of a later version", 8, "2a", TOC_OK},
    {"generation 0, R-6.16", 9, "00", TOC_MALFORMED},
    {"a member of one byte, R-6.1", 7, "c40100", TOC_MALFORMED},
    {"tag key of one byte", 11, "c40100", TOC_MALFORMED},
    {"ephemeral key of one byte", 12, "c40100", TOC_MALFORMED},
    {"half a wrap, R-6.6", 13, "c40100", TOC_MALFORMED},
    {"empty wraps, R-6.6", 13, "c400", TOC_MALFORMED},
};

static void expect_verify(const char *what, struct toc_span envelope, const uint8_t *federation,
                          enum toc_code code)
{
    struct toc_epoch epoch;
    memset(&epoch, 0x5a, sizeof epoch);
    world_expect(what, toc_epoch_verify(&epoch, envelope, federation), code);
    assert_true(code == TOC_OK || toc_is_zero(&epoch, sizeof epoch));
}

static void a_broken_record_is_refused_although_it_is_signed(void **state)
{
    (void)state;
    struct scene scene;
    struct product product;
    set(&scene);
    make(&product, &scene);
    struct world_signer signer = {TOC_CTX_H_EPOCH, TOC_CTX_S_EPOCH, scene.options.federation,
                                  &scene.orgs[0].log[0], true};
    for (size_t i = 0; i < sizeof edit_rows / sizeof edit_rows[0]; i++) {
        uint8_t value[64];
        uint8_t record_memory[4096];
        uint8_t memory[4096];
        size_t len = check_unhex(edit_rows[i].value_hex, value, sizeof value);
        struct toc_span record =
            world_edit(product.epoch.record, edit_rows[i].key, toc_span(value, len),
                       (struct toc_room){record_memory, sizeof record_memory});
        expect_verify(edit_rows[i].what,
                      world_envelope(record, &signer, (struct toc_room){memory, sizeof memory}),
                      scene.options.federation, edit_rows[i].code);
    }
}

/* */
static void an_epoch_holds_in_its_federation_alone(void **state)
{
    (void)state;
    struct scene scene;
    struct product product;
    set(&scene);
    make(&product, &scene);
    expect_verify("another federation", product.envelope, scene.all, TOC_SIGNATURE);
    product.memory[product.envelope.len - 1] ^= 1;
    expect_verify("broken signature", product.envelope, scene.options.federation, TOC_SIGNATURE);
    product.memory[product.envelope.len - 1] ^= 1;
    product.memory[product.envelope.len - 67] ^= 1;
    expect_verify("another log key", product.envelope, scene.options.federation, TOC_SIGNATURE);
    product.memory[product.envelope.len - 67] ^= 1;
    for (size_t len = 0; len < product.envelope.len; len++) {
        expect_verify("cut", toc_span(product.memory, len), scene.options.federation,
                      TOC_TRUNCATED);
    }
}

/* */
static void the_log_key_of_an_epoch_is_asked_of_the_directory(void **state)
{
    (void)state;
    static uint8_t memory[WORLD_ORGS * TOC_DIRECTORY_ORG_BYTES];
    struct toc_arena arena;
    struct toc_directory directory;
    struct scene scene;
    struct product product;
    set(&scene);
    toc_arena_init(&arena, memory, sizeof memory);
    assert_ok(toc_directory_init(&directory, &arena, WORLD_ORGS));
    assert_ok(toc_directory_load(&directory, &scene.made->genesis));
    make(&product, &scene);
    const struct toc_epoch *epoch = &product.epoch;
    assert_ok(toc_directory_certifies(&directory, epoch->log_key, epoch->committer,
                                      epoch->committer_node));
    /* Another member signs in the steward's name: a good signature of the wrong key. */
    scene.options.log_keys = &scene.orgs[1].log[0];
    make(&product, &scene);
    assert_ok(toc_epoch_check(epoch, &scene.place));
    assert_code(toc_directory_certifies(&directory, epoch->log_key, epoch->committer,
                                        epoch->committer_node),
                TOC_STRANGER);
}

/* ---- admissibility ---- */

static void change_nothing(struct scene *scene)
{
    (void)scene;
}
static void change_group(struct scene *scene)
{
    scene->options.group = scene->orgs[0].card.id;
}
static void change_number_far(struct scene *scene)
{
    scene->options.number = 3;
}
static void change_parent(struct scene *scene)
{
    scene->options.parent = scene->orgs[0].card.id;
}
static void change_fewer(struct scene *scene)
{
    set_members(scene, 0, 2);
}
static void change_more(struct scene *scene)
{
    set_members(scene, 0, 4);
}
static void change_others(struct scene *scene)
{
    set_members(scene, 1, 3);
}
static void change_committer(struct scene *scene)
{
    scene->options.committer = scene->orgs[3].card.id;
}
static void change_no_steward(struct scene *scene)
{
    for (size_t i = 0; i < 3; i++) {
        struct toc_org *org = &scene->made->genesis.roster.orgs[i];
        org->steward = memcmp(org->id, scene->orgs[0].card.id, TOC_ID_BYTES) != 0;
    }
}
static void change_roster(struct scene *scene)
{
    scene->options.roster_number = 2;
}
static void change_none_held(struct scene *scene)
{
    scene->place.current = NULL;
}
static void change_none_held_far(struct scene *scene)
{
    scene->place.current = NULL;
    scene->options.number = 9;
    scene->options.parent = scene->orgs[0].card.id;
}
static void change_first_again(struct scene *scene)
{
    scene->options.number = 1;
    scene->options.tag_key = NULL;
    scene->options.parent = scene->made->genesis.roster.hash;
    scene->options.reason = TOC_REASON_REMOVAL;
}
static void change_first_elsewhere(struct scene *scene)
{
    scene->options.number = 1;
    scene->options.tag_key = NULL;
    scene->options.parent = scene->all;
}

static void the_group_of_all_follows_the_roster(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        void (*change)(struct scene *scene);
        enum toc_code code;
    } rows[] = {
        {"the next one", change_nothing, TOC_OK},
        {"group of another federation, R-6.13", change_group, TOC_FEDERATION},
        {"a gap in the numbers, R-6.8", change_number_far, TOC_CHAIN},
        {"another parent, R-6.8", change_parent, TOC_CHAIN},
        {"a member missing, R-6.9", change_fewer, TOC_MEMBER},
        {"a member too many, R-6.9", change_more, TOC_MEMBER},
        {"a stranger instead of a member, R-6.9", change_others, TOC_MEMBER},
        {"committer is a stranger, R-6.9", change_committer, TOC_AUTHORITY},
        {"committer has no vote, R-6.9", change_no_steward, TOC_AUTHORITY},
        {"a roster record to come, R-6.9", change_roster, TOC_STATE},
        {"nothing held yet", change_none_held, TOC_OK},
        {"nothing held yet, ninth epoch", change_none_held_far, TOC_OK},
        {"a first epoch that removes, R-6.12", change_first_again, TOC_OK},
        {"a first epoch from elsewhere, R-6.8", change_first_elsewhere, TOC_CHAIN},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct scene scene;
        struct product product;
        set(&scene);
        rows[i].change(&scene);
        make(&product, &scene);
        world_expect(rows[i].what, toc_epoch_check(&product.epoch, &scene.place), rows[i].code);
    }
}

static void what_is_held_or_older_is_stale(void **state)
{
    (void)state;
    struct scene scene;
    struct product product;
    set(&scene);
    make(&product, &scene);
    assert_code(toc_epoch_check(&scene.first, &scene.place), TOC_STALE);
    assert_ok(toc_epoch_check(&product.epoch, &scene.place));
    scene.place.current = &product.epoch;
    assert_code(toc_epoch_check(&scene.first, &scene.place), TOC_STALE);
    assert_code(toc_epoch_check(&product.epoch, &scene.place), TOC_STALE);
}

/* whichever of two siblings comes first, the same one is current in the end. */
static void siblings_settle_the_same_way_in_every_order(void **state)
{
    (void)state;
    static const enum toc_epoch_reason reasons[][2] = {
        {TOC_REASON_ROTATION, TOC_REASON_ROTATION},
        {TOC_REASON_REMOVAL, TOC_REASON_ROTATION},
        {TOC_REASON_ADDITION, TOC_REASON_REMOVAL},
        {TOC_REASON_REMOVAL, TOC_REASON_REMOVAL},
    };
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        struct scene scene;
        struct product a, b;
        set(&scene);
        scene.options.reason = reasons[i][0];
        make(&a, &scene);
        scene.options.reason = reasons[i][1];
        scene.entropy[0] ^= 1;
        make(&b, &scene);
        assert_memory_not_equal(a.epoch.hash, b.epoch.hash, TOC_HASH_BYTES);
        scene.place.current = &a.epoch;
        struct toc_err b_after_a = toc_epoch_check(&b.epoch, &scene.place);
        scene.place.current = &b.epoch;
        struct toc_err a_after_b = toc_epoch_check(&a.epoch, &scene.place);
        bool a_wins = memcmp(a.epoch.hash, b.epoch.hash, TOC_HASH_BYTES) < 0;
        if (reasons[i][0] != reasons[i][1]) {
            a_wins = reasons[i][0] == TOC_REASON_REMOVAL;
        }
        assert_code(b_after_a, a_wins ? TOC_STALE : TOC_OK);
        assert_code(a_after_b, a_wins ? TOC_OK : TOC_STALE);
    }
}

/* ---- groups ---- */

struct group_scene {
    struct scene scene;
    uint8_t ids[WORLD_ORGS * TOC_ID_BYTES];
    uint8_t memory[4096];
    struct toc_group group;
};

/* A group of the first two organisations, and the options of its first epoch. */
static void set_group(struct group_scene *set_up, bool direct)
{
    struct scene *scene = &set_up->scene;
    struct toc_span envelope;
    set(scene);
    set_members(scene, 0, 2);
    memcpy(set_up->ids, scene->ids, sizeof set_up->ids);
    set_up->group = (struct toc_group){
        .founder_node = 1,
        .members = {set_up->ids, 2},
        .admins = {scene->orgs[0].card.id, 1},
        .flags = direct ? TOC_GROUP_DIRECT : 0,
        .name = direct ? toc_span(NULL, 0) : toc_span_str("desk"),
    };
    memcpy(set_up->group.founder, scene->orgs[0].card.id, TOC_ID_BYTES);
    assert_ok(toc_group_sign(&set_up->group, scene->options.federation, &scene->orgs[0].log[0],
                             (struct toc_room){set_up->memory, sizeof set_up->memory}, &envelope));
    scene->options.group = set_up->group.id;
    scene->options.parent = set_up->group.id;
    scene->options.number = 1;
    scene->options.tag_key = NULL;
    scene->options.reason = TOC_REASON_FOUNDING;
    scene->place.group = &set_up->group;
    scene->place.current = NULL;
}

static void change_by_member(struct scene *scene)
{
    scene->options.committer = scene->orgs[1].card.id;
}
static void change_with_stranger(struct scene *scene)
{
    set_members(scene, 0, 4);
}
static void change_with_third(struct scene *scene)
{
    set_members(scene, 0, 3);
}
static void change_without_second(struct scene *scene)
{
    set_members(scene, 0, 1);
}
static void change_of_all(struct scene *scene)
{
    scene->options.group = scene->all;
}
static void change_parent_federation(struct scene *scene)
{
    scene->options.parent = scene->options.federation;
}

static void a_group_follows_its_founding_record(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        void (*change)(struct scene *scene);
        enum toc_code direct, named;
    } rows[] = {
        {"as founded", change_nothing, TOC_OK, TOC_OK},
        {"by a member who is no admin, R-6.10", change_by_member, TOC_AUTHORITY, TOC_AUTHORITY},
        {"by a stranger, R-6.10", change_committer, TOC_AUTHORITY, TOC_AUTHORITY},
        {"with a third, R-6.11", change_with_third, TOC_MEMBER, TOC_OK},
        {"without the second, R-6.11", change_without_second, TOC_MEMBER, TOC_OK},
        {"with one who is not in the roster, R-6.10", change_with_stranger, TOC_MEMBER, TOC_MEMBER},
        {"for the group of all, R-6.13", change_of_all, TOC_CHAIN, TOC_CHAIN},
        {"after the genesis, R-6.8", change_parent_federation, TOC_CHAIN, TOC_CHAIN},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (int direct = 0; direct <= 1; direct++) {
            struct group_scene set_up;
            struct product product;
            set_group(&set_up, direct == 1);
            rows[i].change(&set_up.scene);
            make(&product, &set_up.scene);
            world_expect(rows[i].what, toc_epoch_check(&product.epoch, &set_up.scene.place),
                         direct == 1 ? rows[i].direct : rows[i].named);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_epoch_opens_for_its_readers_alone),
        cmocka_unit_test(a_removed_node_cannot_open_the_next_epoch),
        cmocka_unit_test(a_secret_that_breaks_the_commitment_is_refused),
        cmocka_unit_test(the_tag_key_is_bound_to_the_record),
        cmocka_unit_test(the_first_epoch_draws_its_tag_key),
        cmocka_unit_test(an_epoch_that_readers_refuse_is_not_made),
        cmocka_unit_test(memory_that_is_too_small_is_full),
        cmocka_unit_test(a_broken_record_is_refused_although_it_is_signed),
        cmocka_unit_test(an_epoch_holds_in_its_federation_alone),
        cmocka_unit_test(the_log_key_of_an_epoch_is_asked_of_the_directory),
        cmocka_unit_test(the_group_of_all_follows_the_roster),
        cmocka_unit_test(what_is_held_or_older_is_stale),
        cmocka_unit_test(siblings_settle_the_same_way_in_every_order),
        cmocka_unit_test(a_group_follows_its_founding_record),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
