/* SPDX-License-Identifier: EUPL-1.2 */
#include "world.h"

/* Two and more cores wired together in virtual time. */

static size_t established(struct world *world, size_t index)
{
    struct toc_link_view views[16];
    size_t count = toc_core_view_links(world->nodes[index].core, views, 16), good = 0;
    for (size_t i = 0; i < count && i < 16; i++) {
        good += views[i].established;
    }
    return good;
}

static bool all_linked(struct world *world)
{
    for (size_t i = 0; i < world->node_count; i++) {
        if (world->nodes[i].up && established(world, i) != world->node_count - 1) {
            return false;
        }
    }
    return true;
}

static struct world *start(size_t node_count, uint64_t seed)
{
    static struct world world;
    world_init(&world, node_count, seed);
    for (size_t i = 0; i < node_count; i++) {
        world_start(&world, i);
    }
    return &world;
}

static uint8_t watched_log[32];
static uint64_t watched_seq;

static bool everywhere(struct world *world)
{
    for (size_t i = 0; i < world->node_count; i++) {
        if (world->nodes[i].up && world_seq(world, i, watched_log) < watched_seq) {
            return false;
        }
    }
    return true;
}

static void watch(struct world *world, size_t index, const uint8_t *group, uint64_t seq)
{
    world_log(world, index, group, watched_log);
    watched_seq = seq;
}

/* */
static void nobody_is_dialled_with_a_suite_he_does_not_have(void **state)
{
    (void)state;
    world_suites = TOC_SUITE_BIT(2);
    struct world *world = start(3, 21);
    world_suites = TOC_SUITE_BIT(TOC_SUITE_X25519);
    world_run(world, 5000);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(established(world, i), 0);
    }
    world_clear(world);
}

static void three_nodes_find_each_other(void **state)
{
    (void)state;
    struct world *world = start(3, 1);
    assert_true(world_until(world, all_linked, 10000));
    world_run(world, 3000);
    assert_true(all_linked(world));
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(world->nodes[i].refused, 0);
    }
    world_clear(world);
}

/* nothing leaves before it is stored, and then it goes at once. */
static void a_bulletin_reaches_every_member(void **state)
{
    (void)state;
    struct world *world = start(3, 2);
    assert_true(world_until(world, all_linked, 10000));
    world_run(world, 2000);
    struct toc_submit submit = {.id = 7, .audience = TOC_SUBMIT_ALL, .tlp = TOC_TLP_GREEN};
    world_publish(world, 1, submit, toc_span_str("a bulletin"));
    watch(world, 1, NULL, 1);
    uint64_t began = world->now_ms;
    assert_true(world_until(world, everywhere, 1000));
    assert_int_equal(world->nodes[1].published, 1);
    /* One commit at the author, one hop, one commit at the reader: pushed, not asked for. */
    assert_true(world->now_ms - began <= 2 * WORLD_COMMIT_MS + WORLD_LATENCY_MS + 1);
    world_clear(world);
}

static void a_direct_bulletin_reaches_its_addressee_alone(void **state)
{
    (void)state;
    struct world *world = start(4, 3);
    assert_true(world_until(world, all_linked, 10000));
    struct toc_submit submit = {.id = 1,
                                .audience = TOC_SUBMIT_ORGANISATIONS,
                                .tlp = TOC_TLP_RED,
                                .organisations = world->nodes[2].org,
                                .organisation_count = 1};
    world_publish(world, 0, submit, toc_span_str("for you alone"));
    world_run(world, 5000);
    assert_int_equal(world->nodes[0].published, 1);
    uint8_t log[32];
    world_log(world, 0, world->nodes[0].last_group, log);
    assert_int_equal(world_seq(world, 2, log), 3);
    struct toc_log_view view;
    assert_code(toc_core_view_log(world->nodes[1].core, log, &view), TOC_ABSENT);
    assert_code(toc_core_view_log(world->nodes[3].core, log, &view), TOC_ABSENT);
    /* The same audience again: the same group, no second founding. */
    world_publish(world, 0, submit, toc_span_str("once more"));
    world_run(world, 1000);
    assert_int_equal(world_seq(world, 2, log), 4);
    world_clear(world);
}

static void a_late_node_catches_up_from_the_others(void **state)
{
    (void)state;
    static struct world world;
    world_init(&world, 4, 4);
    for (size_t i = 0; i < 3; i++) {
        world_start(&world, i);
    }
    world_run(&world, 3000);
    struct toc_submit submit = {.audience = TOC_SUBMIT_ALL};
    for (int i = 0; i < 300; i++) {
        world_publish(&world, 0, submit, toc_span_str("bulletin"));
        world_run(&world, 2);
    }
    world_run(&world, 1000);
    world_kill(&world, 0);
    world_start(&world, 3);
    /* entry 1 is the first epoch: node 0 drafted. */
    uint8_t all[32];
    toc_group_all_id(all, toc_core_federation(world.nodes[1].core));
    toc_log_id(watched_log, toc_core_federation(world.nodes[1].core), all,
               world.nodes[0].log_keys.public_key);
    watched_seq = 301;
    assert_true(world_until(&world, everywhere, 60000));
    world_clear(&world);
}

/* three windows of credit, so grants must follow what is stored. */
static void catching_up_goes_on_beyond_one_window_of_credit(void **state)
{
    (void)state;
    static struct world world;
    static uint8_t content[40000];
    world_init(&world, 3, 11);
    world_start(&world, 0);
    world_start(&world, 1);
    world_run(&world, 2000);
    struct toc_submit submit = {.audience = TOC_SUBMIT_ALL};
    for (int i = 0; i < 320; i++) {
        world_entropy(&world, content, sizeof content);
        world_publish(&world, 0, submit, toc_span(content, sizeof content));
        world_run(&world, 2);
    }
    world_start(&world, 2);
    watch(&world, 0, NULL, 321);
    assert_true(world_until(&world, everywhere, 30000));
    world_clear(&world);
}

/* Checks end in any order, stores take long. */
static void slow_checks_and_stores_change_nothing(void **state)
{
    (void)state;
    struct world *world = start(4, 12);
    world->check_ms = world->opening_ms = 20;
    world->commit_ms = 15;
    assert_true(world_until(world, all_linked, 20000));
    struct toc_submit submit = {.audience = TOC_SUBMIT_ALL};
    for (int i = 0; i < 200; i++) {
        world_publish(world, 0, submit, toc_span_str("a bulletin"));
        world_run(world, 3);
    }
    watch(world, 0, NULL, 201);
    assert_true(world_until(world, everywhere, 60000));
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(world->nodes[i].refused, 0);
    }
    world_clear(world);
}

static void a_restarted_node_goes_on_where_it_was(void **state)
{
    (void)state;
    struct world *world = start(3, 5);
    assert_true(world_until(world, all_linked, 10000));
    struct toc_submit submit = {.audience = TOC_SUBMIT_ALL};
    world_publish(world, 1, submit, toc_span_str("before"));
    world_run(world, 1000);
    world_kill(world, 1);
    world_run(world, 1000);
    world_publish(world, 2, submit, toc_span_str("meanwhile"));
    world_run(world, 1000);
    world_start(world, 1);
    world_publish(world, 1, submit, toc_span_str("after"));
    watch(world, 1, NULL, 2);
    assert_true(world_until(world, everywhere, 60000));
    watch(world, 2, NULL, 1);
    assert_true(world_until(world, everywhere, 60000));
    world_clear(world);
}

static void a_large_payload_travels_in_chunks(void **state)
{
    (void)state;
    struct world *world = start(3, 6);
    assert_true(world_until(world, all_linked, 10000));
    world_run(world, 1000);
    static uint8_t content[1000000];
    world_entropy(world, content, sizeof content);
    struct toc_submit submit = {.audience = TOC_SUBMIT_ALL};
    size_t before = world->nodes[2].delivered;
    world_publish(world, 0, submit, toc_span(content, sizeof content));
    world_run(world, 20000);
    assert_int_equal(world->nodes[0].published, 1);
    size_t chunks = 0;
    for (struct world_chunk *chunk = world->nodes[2].chunks; chunk != NULL; chunk = chunk->next) {
        chunks++;
    }
    assert_int_equal(chunks, toc_chunk_count(toc_payload_bytes(sizeof content)));
    assert_true(world->nodes[2].delivered > before);
    assert_int_equal(world->nodes[2].delivered_late, 1);
    for (struct world_record *record = world->nodes[2].records; record != NULL;
         record = record->next) {
        assert_true(record->table != 'P' || record->value.len == 0);
    }
    world_clear(world);
}

/* */
static void nothing_is_published_before_it_is_stored(void **state)
{
    (void)state;
    struct world *world = start(3, 7);
    assert_true(world_until(world, all_linked, 10000));
    world_run(world, 1000);
    world->nodes[0].refuse_store = true;
    struct toc_submit submit = {.audience = TOC_SUBMIT_ALL};
    world_publish(world, 0, submit, toc_span_str("lost"));
    world_run(world, 2000);
    assert_int_equal(world->nodes[0].published, 0);
    assert_int_equal(world->nodes[0].last_published.code, TOC_DISK_FULL);
    uint8_t log[32];
    world_log(world, 0, NULL, log);
    assert_int_equal(world_seq(world, 1, log), 1); /* the first epoch alone */
    world_publish(world, 0, submit, toc_span_str("lost too"));
    assert_int_equal(world->nodes[0].last_published.code, TOC_IO);
    world_clear(world);
}

#define TOGETHER 150u

/* Submits `count` at once; the texts differ, and so does what seals them. */
static void publish_together(struct world *world, size_t index, size_t count, const char *text)
{
    static struct toc_submit submits[TOGETHER];
    static char texts[TOGETHER][9000];
    for (size_t i = 0; i < count; i++) {
        int len = snprintf(texts[i], sizeof texts[i], "%s %zu", text, i);
        submits[i] = (struct toc_submit){.id = 1000 + i,
                                         .audience = TOC_SUBMIT_ALL,
                                         .kind = TOC_KIND_BULLETIN,
                                         .class = TOC_CLASS_LIVE,
                                         .content = toc_span((uint8_t *)texts[i], (size_t)len),
                                         .next = i + 1 < count ? &submits[i + 1] : NULL};
        memset(submits[i].entropy, (int)(i + 1), sizeof submits[i].entropy);
    }
    struct toc_event event = {.kind = TOC_EVENT_SUBMITTED, .submit = &submits[0]};
    world_step(world, index, &event);
}

/* The nonces with which the node has sealed its entries in the group of all; gives how many. */
static size_t nonces_of(struct world *world, size_t index,
                        uint8_t nonces[][TOC_PAYLOAD_NONCE_BYTES])
{
    uint8_t log[32];
    size_t count = 0;
    world_log(world, index, NULL, log);
    for (struct world_entry *at = world->nodes[index].entries; at != NULL; at = at->next) {
        struct toc_range_walk walk;
        struct toc_entry entry;
        if (memcmp(at->log, log, 32) != 0) {
            continue;
        }
        assert_ok(toc_range_open(&walk, at->range));
        while (count < TOGETHER && !toc_failed(toc_range_next(&walk, &entry))) {
            memcpy(nonces[count++], entry.payload.at, TOC_PAYLOAD_NONCE_BYTES);
        }
    }
    return count;
}

/* each is sealed by itself; one signature behind the last proves them all. */
static void entries_submitted_together_are_few_stores_and_reach_everybody(void **state)
{
    (void)state;
    struct world *world = start(3, 14);
    assert_true(world_until(world, all_linked, 10000));
    world_run(world, 2000);
    size_t stores = world->nodes[1].stores;
    publish_together(world, 1, TOGETHER, "one of many");
    /* Blocks end at entries 64 and 128 of the log, which begins with ours. */
    assert_int_equal(world->nodes[1].stores - stores, 3);
    watch(world, 1, NULL, TOGETHER);
    assert_true(world_until(world, everywhere, 3000));
    assert_int_equal(world->nodes[1].published, TOGETHER);
    static uint8_t nonces[TOGETHER][TOC_PAYLOAD_NONCE_BYTES];
    assert_int_equal(nonces_of(world, 1, nonces), TOGETHER);
    for (size_t i = 0; i < TOGETHER; i++) {
        for (size_t j = 0; j < i; j++) {
            assert_memory_not_equal(nonces[i], nonces[j], TOC_PAYLOAD_NONCE_BYTES);
        }
    }
    world_clear(world);
}

static void what_is_long_is_stored_by_itself(void **state)
{
    (void)state;
    char text[8500];
    struct world *world = start(3, 15);
    assert_true(world_until(world, all_linked, 10000));
    world_run(world, 2000);
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    size_t stores = world->nodes[1].stores;
    publish_together(world, 1, 3, text);
    assert_int_equal(world->nodes[1].stores - stores, 3);
    world_run(world, 2000);
    assert_int_equal(world->nodes[1].published, 3);
    world_clear(world);
}

static void together_they_fail_together(void **state)
{
    (void)state;
    struct world *world = start(3, 16);
    assert_true(world_until(world, all_linked, 10000));
    world_run(world, 1000);
    world->nodes[0].refuse_store = true;
    publish_together(world, 0, 5, "lost");
    world_run(world, 2000);
    assert_int_equal(world->nodes[0].published, 0);
    assert_int_equal(world->nodes[0].not_published, 5);
    assert_int_equal(world->nodes[0].last_published.code, TOC_DISK_FULL);
    world_clear(world);
}

static bool same_head(struct world *world)
{
    return world_seq(world, 1, watched_log) == watched_seq;
}

/* The node forgets everything but its keys, as when its disk was replaced. */
static void lose_store(struct world *world, size_t index)
{
    struct world_node *node = &world->nodes[index];
    world_kill(world, index);
    world_store_clear(node);
    node->entries = NULL;
    node->entries_end = &node->entries;
    node->records = NULL;
    node->chunks = NULL;
}

static void a_lost_store_comes_back_before_its_node_publishes(void **state)
{
    (void)state;
    struct world *world = start(3, 12);
    assert_true(world_until(world, all_linked, 10000));
    struct toc_submit submit = {.audience = TOC_SUBMIT_ALL};
    world_publish(world, 1, submit, toc_span_str("one"));
    world_run(world, 2000);
    lose_store(world, 1);
    world->nodes[1].recover = true;
    world_start(world, 1);
    world->nodes[1].recover = false;
    world_publish(world, 1, submit, toc_span_str("too early"));
    assert_int_equal(world->nodes[1].last_published.code, TOC_STATE);
    watch(world, 1, NULL, 1);
    assert_true(world_until(world, same_head, 60000));
    world_run(world, 10000);
    world_publish(world, 1, submit, toc_span_str("two"));
    watch(world, 1, NULL, 2);
    assert_true(world_until(world, everywhere, 60000));
    world_clear(world);
}

/* Without that wait the node signs a second history: the control of the claim above. */
static void a_lost_store_that_does_not_wait_forks_its_log(void **state)
{
    (void)state;
    struct world *world = start(3, 13);
    assert_true(world_until(world, all_linked, 10000));
    struct toc_submit submit = {.audience = TOC_SUBMIT_ALL};
    world_publish(world, 1, submit, toc_span_str("one"));
    world_publish(world, 1, submit, toc_span_str("two"));
    world_run(world, 2000);
    lose_store(world, 1);
    world_start(world, 1);
    world_publish(world, 1, submit, toc_span_str("another one"));
    world_run(world, 10000);
    size_t published = world->nodes[1].published;
    world_publish(world, 1, submit, toc_span_str("refused: the log is disputed"));
    world_run(world, 1000);
    assert_int_equal(world->nodes[1].published, published);
    assert_int_equal(world->nodes[1].last_published.code, TOC_FORK);
    world_clear(world);
}

static void flip_late(struct world *world, size_t from, size_t to, uint8_t *at, size_t len)
{
    (void)to;
    if (from == 0 && world->now_ms > 3000 && len > 100) {
        at[len / 2] ^= 1;
    }
}

static void a_flipped_bit_on_the_wire_ends_the_link(void **state)
{
    (void)state;
    struct world *world = start(3, 8);
    assert_true(world_until(world, all_linked, 3000));
    world_run(world, 3000);
    world->meddle = flip_late;
    struct toc_submit submit = {.audience = TOC_SUBMIT_ALL};
    world_publish(world, 0, submit, toc_span_str("altered on its way"));
    world_run(world, 100);
    assert_true(world->nodes[1].refused > 0);
    assert_int_equal(world->nodes[1].last_refused.code, TOC_DECRYPT);
    uint8_t log[32];
    world_log(world, 0, NULL, log);
    assert_int_equal(world_seq(world, 1, log), 1);
    world->meddle = NULL;
    watch(world, 0, NULL, 2);
    assert_true(world_until(world, everywhere, 120000)); /* a new link heals it */
    world_clear(world);
}

static void the_same_seed_gives_the_same_run(void **state)
{
    (void)state;
    uint64_t steps[2], bytes[2];
    for (int i = 0; i < 2; i++) {
        struct world *world = start(4, 9);
        world_run(world, 20000);
        steps[i] = world->steps;
        bytes[i] = world->wire_bytes;
        world_clear(world);
    }
    assert_int_equal(steps[0], steps[1]);
    assert_int_equal(bytes[0], bytes[1]);
}

static void quiet_links_cost_little(void **state)
{
    (void)state;
    struct world *world = start(3, 10);
    assert_true(world_until(world, all_linked, 10000));
    world_run(world, 10000);
    uint64_t before = world->wire_bytes;
    world_run(world, 600000);
    /* Goal: below 300 bytes a minute and link, both ways; 10 minutes, 3 links. */
    assert_true((world->wire_bytes - before) / 30 < 600);
    world_clear(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_nodes_find_each_other),
        cmocka_unit_test(nobody_is_dialled_with_a_suite_he_does_not_have),
        cmocka_unit_test(a_bulletin_reaches_every_member),
        cmocka_unit_test(a_direct_bulletin_reaches_its_addressee_alone),
        cmocka_unit_test(a_late_node_catches_up_from_the_others),
        cmocka_unit_test(catching_up_goes_on_beyond_one_window_of_credit),
        cmocka_unit_test(slow_checks_and_stores_change_nothing),
        cmocka_unit_test(a_restarted_node_goes_on_where_it_was),
        cmocka_unit_test(a_large_payload_travels_in_chunks),
        cmocka_unit_test(nothing_is_published_before_it_is_stored),
        cmocka_unit_test(entries_submitted_together_are_few_stores_and_reach_everybody),
        cmocka_unit_test(what_is_long_is_stored_by_itself),
        cmocka_unit_test(together_they_fail_together),
        cmocka_unit_test(a_lost_store_comes_back_before_its_node_publishes),
        cmocka_unit_test(a_lost_store_that_does_not_wait_forks_its_log),
        cmocka_unit_test(a_flipped_bit_on_the_wire_ends_the_link),
        cmocka_unit_test(the_same_seed_gives_the_same_run),
        cmocka_unit_test(quiet_links_cost_little),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
