/* SPDX-License-Identifier: EUPL-1.2 */
/* Epoch records: making, reading, opening. */
#include "scene.h"

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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
