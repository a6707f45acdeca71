/* SPDX-License-Identifier: EUPL-1.2 */
/* A damaged index is thrown away and made again from the entries; the node goes on. */
#include "world.h"

static bool is_on_disk(struct world *world, uint64_t seq)
{
    struct toc_db_read *read;
    struct toc_span value;
    assert_ok(toc_db_read_begin(toc_store_db(world->store), &read));
    struct toc_err err =
        toc_db_get(read, TOC_DB_INDEX_REACHED, toc_span(world->chain.log, TOC_ID_BYTES), &value);
    bool holds = !toc_failed(err) && value.len == 8 && toc_le64(value.at) == seq;
    toc_db_read_end(read);
    return holds;
}

/* Puts a row that no reader of the index accepts. */
static void damage(struct world *world, enum toc_db_table table, struct toc_span key)
{
    pthread_mutex_lock(&world->mutex);
    world->damaged_table = table;
    world->damaged_key = key;
    pthread_mutex_unlock(&world->mutex);
    world_store_epoch(world); /* any job: it is there already */
}

static void feed_two(struct world *world)
{
    world_store_epoch(world);
    world_append(world, "open.example", TOC_TLP_GREEN);
    world_append(world, "hidden.example", TOC_TLP_RED);
    world_append(world, "third.example", TOC_TLP_GREEN);
    world_store_range(world, 1, 2);
    world_push(world, 2);
    world_until(world, world_is_indexed, 2);
    world_until(world, is_on_disk, 2);
}

static void feed_third(struct world *world)
{
    world_store_range(world, 3, 3);
    world_push(world, 3);
    world_until(world, world_is_indexed, 3);
    world_until(world, is_on_disk, 3);
    assert_int_equal(world_hits(world, "open.example"), 1);
    assert_int_equal(world_hits(world, "hidden.example"), 1);
    assert_int_equal(world_hits(world, "third.example"), 1);
    assert_false(world->broken);
    assert_false(toc_store_is_damaged(world->store));
}

static void damaged_cursor_ends_the_index_and_no_more(void **state)
{
    struct world *world = *state;
    feed_two(world);
    damage(world, TOC_DB_INDEX_REACHED, toc_span(world->chain.log, TOC_ID_BYTES));
    feed_third(world);
}

static void damaged_row_of_a_bulletin_ends_the_index_and_no_more(void **state)
{
    struct world *world = *state;
    feed_two(world);
    /* The third bulletin finds its own id, with a number that is none. */
    struct toc_bulletin_parts parts;
    struct toc_bytes plaintext;
    uint8_t id[TOC_ID_BYTES], payload[4096];
    struct toc_span opened;
    const struct chain_entry *entry = &world->chain.entries[2];
    uint8_t author_key[TOC_KEY_BYTES];
    toc_author_key(author_key, world->k, world->chain.log);
    assert_ok(toc_payload_open(payload, &opened,
                               toc_span(entry->payload, entry->header.payload_bytes), author_key,
                               toc_span(entry->bytes, TOC_HEADER_AD_BYTES)));
    assert_ok(toc_content_unpack(&plaintext, opened));
    assert_ok(toc_bulletin_split(toc_span(plaintext.at, plaintext.len), &parts));
    toc_bulletin_id(id, parts.canonical);
    toc_bytes_free(&plaintext);
    damage(world, TOC_DB_INDEX_ID, toc_span(id, sizeof id));
    feed_third(world);
}

static void damage_found_at_a_start_is_mended(void **state)
{
    struct world *world = *state;
    feed_two(world);
    damage(world, TOC_DB_INDEX_REACHED, toc_span(world->chain.log, TOC_ID_BYTES));
    world_stop(world);
    world_start(world);
    world_push(world, 2);
    world_until(world, world_is_indexed, 2);
    feed_third(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(damaged_cursor_ends_the_index_and_no_more, world_make,
                                        world_unmake),
        cmocka_unit_test_setup_teardown(damaged_row_of_a_bulletin_ends_the_index_and_no_more,
                                        world_make, world_unmake),
        cmocka_unit_test_setup_teardown(damage_found_at_a_start_is_mended, world_make,
                                        world_unmake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
