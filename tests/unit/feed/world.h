/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A store, an index, a writer and a feeder with real processes tocsin-index, and one log whose
 * entries are sealed bulletins of one indicator each: for the tests of this room. Threads report
 * through `mutex`; every wait has a bound.
 */
#ifndef TOC_TEST_FEED_WORLD_H
#define TOC_TEST_FEED_WORLD_H

#include "chain.h"
#include "check.h"
#include "content.h"
#include "feed_internal.h"
#include "folder.h"
#include "replica.h"
#include "sample_bulletin.h"

#include <poll.h>
#include <sodium.h>
#include <time.h>
#include <unistd.h>

#define WORLD_WAIT_S 60
#define WORLD_STEP_MS 2 /* between two looks */

struct world {
    struct folder folder;
    struct chain chain;
    uint8_t group[TOC_ID_BYTES], store_key[TOC_KEY_BYTES], k[TOC_KEY_BYTES];
    struct toc_store *store;
    struct toc_index *index;
    struct toc_writer_thread *writer;
    struct toc_indexers *indexers;
    struct toc_feed *feed;
    pthread_mutex_t mutex;
    /* Under the mutex: */
    uint64_t indexed; /* the feeder's last word about the log */
    bool ready, broken;
    struct toc_store_job *stored;
    /* Row that the writer's thread, which alone writes, is to put after its next job. */
    enum toc_db_table damaged_table;
    struct toc_span damaged_key; /* len 0: none */
};

static inline void world_stored(void *arg, struct toc_store_job *jobs)
{
    struct world *world = arg;
    pthread_mutex_lock(&world->mutex);
    if (world->damaged_key.len != 0) {
        struct toc_db_txn *txn;
        assert_ok(toc_db_begin(toc_store_db(world->store), &txn));
        toc_db_put(txn, world->damaged_table, world->damaged_key, toc_span_str("no"));
        assert_ok(toc_db_commit(txn));
        world->damaged_key.len = 0;
    }
    world->stored = jobs;
    pthread_mutex_unlock(&world->mutex);
}

static inline void world_blocked(void *arg, bool is_full)
{
    (void)arg;
    (void)is_full;
}

static inline void world_broken(void *arg, struct toc_err err)
{
    struct world *world = arg;
    (void)err;
    pthread_mutex_lock(&world->mutex);
    world->broken = true;
    pthread_mutex_unlock(&world->mutex);
}

static inline enum toc_certified world_certifies(void *arg, const uint8_t *log_key,
                                                 const uint8_t *org)
{
    (void)arg;
    (void)log_key;
    (void)org;
    return TOC_CERTIFIED_NO; /* nobody asks: the log's own key signs */
}

static inline void world_indexed(void *arg, const uint8_t *log, uint64_t seq)
{
    struct world *world = arg;
    (void)log;
    pthread_mutex_lock(&world->mutex);
    world->indexed = seq;
    pthread_mutex_unlock(&world->mutex);
}

static inline void world_ready(void *arg)
{
    struct world *world = arg;
    pthread_mutex_lock(&world->mutex);
    world->ready = true;
    pthread_mutex_unlock(&world->mutex);
}

/* Waits for a condition. */
static inline void world_until(struct world *world,
                               bool (*holds)(struct world *world, uint64_t arg), uint64_t arg)
{
    time_t end = time(NULL) + WORLD_WAIT_S;
    while (!holds(world, arg)) {
        assert_true(time(NULL) < end);
        (void)poll(NULL, 0, WORLD_STEP_MS);
    }
}

static inline bool world_is_indexed(struct world *world, uint64_t seq)
{
    pthread_mutex_lock(&world->mutex);
    bool holds = world->indexed == seq;
    pthread_mutex_unlock(&world->mutex);
    return holds;
}

static inline bool world_is_ready(struct world *world, uint64_t unused)
{
    (void)unused;
    pthread_mutex_lock(&world->mutex);
    bool holds = world->ready;
    pthread_mutex_unlock(&world->mutex);
    return holds;
}

/* Has the feeder dealt with all that it was given, expected ranges too? */
static inline bool world_is_idle(struct world *world, uint64_t unused)
{
    (void)unused;
    pthread_mutex_lock(&world->feed->mutex);
    bool holds = world->feed->idle && world->feed->first == NULL && world->feed->expected_len == 0;
    pthread_mutex_unlock(&world->feed->mutex);
    return holds;
}

static inline bool world_is_stored(struct world *world, uint64_t unused)
{
    (void)unused;
    pthread_mutex_lock(&world->mutex);
    bool holds = world->stored != NULL;
    pthread_mutex_unlock(&world->mutex);
    return holds;
}

/* Stores the ops as a job. */
static inline void world_store(struct world *world, const struct toc_store_op *ops, size_t count)
{
    struct toc_store_job job = {.ops = ops, .op_count = count};
    toc_writer_store(world->writer, &job);
    world_until(world, world_is_stored, 0);
    assert_ok(job.err);
    world->stored = NULL;
}

/* The secrets of the log's epoch come into the store. */
static inline void world_store_epoch(struct world *world)
{
    uint8_t bytes[512];
    const uint8_t envelope[8] = {0}, hash[TOC_HASH_BYTES] = {9};
    struct toc_epoch_secret secret = {.f_generation = 1};
    memcpy(secret.k, world->k, sizeof secret.k);
    struct toc_store_op op = {.kind = TOC_STORE_RECORD,
                              .table = 'E',
                              .key_len = TOC_ID_BYTES + TOC_EPOCH_REF_BYTES,
                              .bytes = toc_epoch_rest_seal((struct toc_room){bytes, sizeof bytes},
                                                           toc_span(envelope, sizeof envelope),
                                                           hash, &secret, world->store_key)};
    memcpy(op.key, world->group, TOC_ID_BYTES);
    memset(op.key + TOC_ID_BYTES, 0x0e, TOC_EPOCH_REF_BYTES);
    assert_true(op.bytes.len > 0);
    world_store(world, &op, 1);
}

/* Signs a bulletin about `domain`; gives its content, on the heap. */
static inline struct toc_bytes world_content(struct world *world, const char *domain,
                                             enum toc_tlp tlp)
{
    static uint8_t canonical[4096], plaintext[4096 + TOC_BULLETIN_HEAD_BYTES];
    struct toc_bulletin bulletin = sample_least();
    struct toc_indicator indicator = {
        .kind = toc_span_str("domain"), .value = toc_span_str(domain), .confidence = TOC_NOT_GIVEN};
    struct toc_span bytes;
    struct toc_bytes content;
    memcpy(bulletin.federation, world->chain.federation, TOC_ID_BYTES);
    bulletin.nonce[0] = (uint8_t)world->chain.count;
    bulletin.published.ms = 1700000000000;
    bulletin.tlp = tlp;
    bulletin.indicators = &indicator;
    bulletin.indicator_count = 1;
    assert_ok(
        toc_bulletin_encode(&bulletin, (struct toc_room){canonical, sizeof canonical}, &bytes));
    toc_bulletin_sign(plaintext, bytes, world->chain.federation, &world->chain.keys);
    memcpy(plaintext + TOC_BULLETIN_HEAD_BYTES, bytes.at, bytes.len);
    assert_ok(toc_content_pack(&content, toc_span(plaintext, TOC_BULLETIN_HEAD_BYTES + bytes.len)));
    return content;
}

/* Appends an entry with a sealed bulletin about `domain` to the chain. */
static inline void world_append(struct world *world, const char *domain, enum toc_tlp tlp)
{
    struct chain *chain = &world->chain;
    struct chain_entry *entry = &chain->entries[chain->count];
    struct toc_bytes content = world_content(world, domain, tlp);
    size_t len = toc_payload_bytes(content.len);
    uint8_t author_key[TOC_KEY_BYTES], nonce[TOC_PAYLOAD_NONCE_BYTES] = {(uint8_t)chain->count};
    uint8_t bytes[TOC_HEADER_BYTES_MAX];
    toc_header_draft(&entry->header, &chain->head, chain->log,
                     (struct toc_utc){1700000000000u + chain->count}, (uint32_t)len);
    entry->header.kind = TOC_KIND_BULLETIN;
    entry->header.class = TOC_CLASS_LIVE;
    entry->header.tlp = (uint8_t)tlp;
    memset(entry->header.epoch, 0x0e, TOC_EPOCH_REF_BYTES);
    toc_header_encode(bytes, &entry->header);
    toc_author_key(author_key, world->k, chain->log);
    entry->payload = malloc(len);
    assert_non_null(entry->payload);
    toc_payload_seal(entry->payload, toc_span(content.at, content.len), author_key,
                     toc_span(bytes, TOC_HEADER_AD_BYTES), nonce);
    (void)chain_append(chain, entry);
    toc_bytes_free(&content);
}

/* The entries first..last as a range, in memory of its own until the next call. */
static inline struct toc_span world_range(struct world *world, uint64_t first, uint64_t last)
{
    static uint8_t room[TOC_RANGE_BYTES_MAX];
    return chain_range(&world->chain, first, last, true, (struct toc_room){room, sizeof room});
}

static inline void world_store_range(struct world *world, uint64_t first, uint64_t last)
{
    struct toc_store_op op = {.kind = TOC_STORE_RANGE,
                              .bytes = world_range(world, first, last),
                              .head = chain_head(&world->chain, last)};
    memcpy(op.log, world->chain.log, TOC_ID_BYTES);
    world_store(world, &op, 1);
}

static inline struct toc_feed_log world_log(const struct world *world, uint64_t seq)
{
    struct toc_feed_log log = {.seq = seq};
    memcpy(log.log, world->chain.log, TOC_ID_BYTES);
    memcpy(log.group, world->group, TOC_ID_BYTES);
    memset(log.org, 0xa0, TOC_ID_BYTES); /* the author of sample_least */
    memcpy(log.log_key, world->chain.keys.public_key, TOC_KEY_BYTES);
    return log;
}

static inline void world_push(struct world *world, uint64_t seq)
{
    struct toc_feed_log log = world_log(world, seq);
    toc_feed_push(world->feed, &log);
}

/* Tells the feeder of a range that is to be stored, and lets it read that. */
static inline void world_expect(struct world *world, uint64_t first, uint64_t last)
{
    struct toc_feed_log log = world_log(world, last);
    world_until(world, world_is_idle, 0);
    toc_feed_expect(world->feed, &log, world_range(world, first, last));
    world_until(world, world_is_idle, 0);
}

static inline bool world_count_hit(void *arg, const struct toc_index_hit *hit)
{
    (void)hit;
    ++*(size_t *)arg;
    return true;
}

/* How many bulletins are about `domain`. */
static inline size_t world_hits(struct world *world, const char *domain)
{
    struct toc_index_read *read;
    struct toc_value value;
    size_t count = 0;
    assert_ok(toc_value_make(&value, TOC_VALUE_DOMAIN, toc_span_str(domain)));
    assert_ok(toc_index_read_begin(world->index, &read));
    assert_ok(toc_index_lookup(read, TOC_VALUE_DOMAIN, toc_span(value.bytes, value.len),
                               TOC_INDEX_WANT_SAME, world_count_hit, &count));
    toc_index_read_end(read);
    return count;
}

static inline const char *world_program(void)
{
    static char path[1024];
    const char *bin = getenv("TOCSIN_BIN");
    (void)snprintf(path, sizeof path, "%s/tocsin-index", bin == NULL ? "build/bin" : bin);
    return path;
}

static inline void world_start(struct world *world)
{
    const struct toc_store_options options = {.map_bytes = (uint64_t)1 << 30};
    struct toc_line line;
    assert_ok(toc_store_open(&world->store, folder_path(&world->folder, "store"), &options));
    assert_ok(toc_index_open(&world->index, toc_store_db(world->store)));
    const struct toc_writer_options writer = {.store = world->store,
                                              .index = world->index,
                                              .stored = world_stored,
                                              .blocked = world_blocked,
                                              .broken = world_broken,
                                              .arg = world};
    assert_ok(toc_writer_start(&world->writer, &writer));
    assert_ok(toc_indexers_open(&world->indexers, world_program(), &line));
    const struct toc_feed_options feed = {.store = world->store,
                                          .index = world->index,
                                          .writer = world->writer,
                                          .indexers = world->indexers,
                                          .store_key = world->store_key,
                                          .federation = world->chain.federation,
                                          .certifies = world_certifies,
                                          .indexed = world_indexed,
                                          .indexed_late = world_indexed,
                                          .ready = world_ready,
                                          .arg = world};
    assert_ok(toc_feed_start(&world->feed, &feed));
    toc_feed_begin(world->feed);
    world_until(world, world_is_ready, 0);
}

static inline void world_stop(struct world *world)
{
    toc_indexers_stop(world->indexers);
    toc_feed_stop(world->feed);
    toc_writer_stop(world->writer);
    toc_indexers_close(world->indexers);
    toc_index_close(world->index);
    toc_store_close(world->store);
    world->ready = false;
    world->indexed = 0;
}

static inline int world_make(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    if (world == NULL || sodium_init() < 0 || access(world_program(), X_OK) != 0) {
        (void)printf("skipped: %s is not built\n", world_program());
        exit(CHECK_SKIPPED);
    }
    folder_make(&world->folder);
    pthread_mutex_init(&world->mutex, NULL);
    chain_init(&world->chain, 5);
    memset(world->group, 0x67, sizeof world->group);
    memset(world->store_key, 0x53, sizeof world->store_key);
    memset(world->k, 0x4b, sizeof world->k);
    world_start(world);
    *state = world;
    return 0;
}

static inline int world_unmake(void **state)
{
    struct world *world = *state;
    world_stop(world);
    chain_clear(&world->chain);
    folder_remove(&world->folder);
    pthread_mutex_destroy(&world->mutex);
    free(world);
    return 0;
}

#endif
