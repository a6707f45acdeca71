/* SPDX-License-Identifier: EUPL-1.2 */
/* Epoch records: which one is admissible, and which one is in force. */
#include "scene.h"

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
        cmocka_unit_test(the_log_key_of_an_epoch_is_asked_of_the_directory),
        cmocka_unit_test(the_group_of_all_follows_the_roster),
        cmocka_unit_test(what_is_held_or_older_is_stale),
        cmocka_unit_test(siblings_settle_the_same_way_in_every_order),
        cmocka_unit_test(a_group_follows_its_founding_record),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
