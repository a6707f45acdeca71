/* SPDX-License-Identifier: EUPL-1.2 */
/* USES: store index */
/*
 * The store: blocks of 64 entries of 1 KiB, 512 entries a durable commit, beside the same bytes put
 * by plain LMDB; single entries, loads, verify. The index: bulletins of ten facts, look-ups of
 * addresses of which half are known, queries.
 */
#include "store.h"
#include "chain.h"
#include "check.h"
#include "folder.h"
#include "index.h"

#include <lmdb.h>
#include <time.h>

enum { BLOCKS = 1600, BLOCKS_A_COMMIT = 8, ENTRY_BYTES = 1024, SINGLES = 448 };
enum { BULLETINS = 20000, FACTS = 10, BATCH = 250, LOOKUPS = 100000 };

static double now_s(void)
{
    struct timespec at;
    (void)clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static void say(const char *name, double value, const char *unit, const char *more)
{
    (void)printf("{\"name\":\"%s\",\"value\":%.3f,\"unit\":\"%s\"%s}\n", name, value, unit, more);
    (void)fflush(stdout);
}

static void must(struct toc_err err)
{
    if (toc_failed(err)) {
        (void)fprintf(stderr, "%s: %s\n", toc_code_name(err.code), err.why);
        exit(5);
    }
}

/* The blocks that both sides put: bytes and heads. */
struct blocks {
    uint8_t log[TOC_ID_BYTES];
    struct toc_span ranges[BLOCKS];
    struct toc_log_head heads[BLOCKS];
};

static struct blocks *make_blocks(void)
{
    struct blocks *blocks = calloc(1, sizeof *blocks);
    struct chain *chain = calloc(1, sizeof *chain);
    uint8_t *room = malloc(TOC_RANGE_BYTES_MAX);
    if (blocks == NULL || chain == NULL || room == NULL) {
        exit(5);
    }
    chain_init(chain, 1);
    memcpy(blocks->log, chain->log, TOC_ID_BYTES);
    for (size_t i = 0; i < BLOCKS; i++) {
        for (int entry = 0; entry < 64; entry++) {
            (void)chain_add(chain, ENTRY_BYTES, 1);
        }
        struct toc_span range =
            chain_range(chain, 1, 64, true, (struct toc_room){room, TOC_RANGE_BYTES_MAX});
        uint8_t *copy = malloc(range.len);
        if (copy == NULL) {
            exit(5);
        }
        memcpy(copy, range.at, range.len);
        blocks->ranges[i] = toc_span(copy, range.len);
        blocks->heads[i] = chain->head;
        chain_clear(chain);
    }
    free(room);
    free(chain);
    return blocks;
}

static void must_lmdb(int rc)
{
    if (rc != 0) {
        (void)fprintf(stderr, "lmdb: %s\n", mdb_strerror(rc));
        exit(5);
    }
}

/* The limit: the same values under the same keys, nothing else. */
static double bench_plain(const struct folder *folder, const struct blocks *blocks)
{
    MDB_env *env;
    MDB_txn *txn = NULL;
    MDB_dbi dbi = 0;
    const char *path = folder_path(folder, "plain");
    must_lmdb(mdb_env_create(&env));
    must_lmdb(mdb_env_set_mapsize(env, (size_t)1 << 34));
    must_lmdb(mkdir(path, 0700));
    must_lmdb(mdb_env_open(env, path, 0, 0600));
    double begin = now_s();
    for (size_t i = 0; i < BLOCKS; i++) {
        uint8_t key[12] = {0};
        toc_put_be64(key + 4, blocks->heads[i].seq);
        MDB_val name = {sizeof key, key};
        MDB_val value = {blocks->ranges[i].len, (void *)(uintptr_t)blocks->ranges[i].at};
        if (i % BLOCKS_A_COMMIT == 0) {
            must_lmdb(mdb_txn_begin(env, NULL, 0, &txn));
            must_lmdb(mdb_dbi_open(txn, NULL, 0, &dbi));
        }
        must_lmdb(mdb_put(txn, dbi, &name, &value, 0));
        if (i % BLOCKS_A_COMMIT == BLOCKS_A_COMMIT - 1) {
            must_lmdb(mdb_txn_commit(txn));
        }
    }
    double took = now_s() - begin;
    mdb_env_close(env);
    return took;
}

static double bench_blocks(struct toc_store *store, const struct blocks *blocks)
{
    struct toc_store_txn *txn = NULL;
    double begin = now_s();
    for (size_t i = 0; i < BLOCKS; i++) {
        struct toc_store_op op = {
            .kind = TOC_STORE_RANGE, .bytes = blocks->ranges[i], .head = blocks->heads[i]};
        memcpy(op.log, blocks->log, TOC_ID_BYTES);
        if (i % BLOCKS_A_COMMIT == 0) {
            must(toc_store_begin(store, &txn));
        }
        must(toc_store_apply(txn, &op, 1));
        if (i % BLOCKS_A_COMMIT == BLOCKS_A_COMMIT - 1) {
            must(toc_store_commit(txn));
        }
    }
    return now_s() - begin;
}

static void bench_loads(struct toc_store *store, const struct blocks *blocks)
{
    static uint8_t room[TOC_RANGE_BYTES_MAX];
    size_t count;
    struct toc_load load = {.kind = TOC_LOAD_RANGE, .room = {room, sizeof room}};
    memcpy(load.log, blocks->log, TOC_ID_BYTES);
    double begin = now_s();
    for (size_t i = 0; i < BLOCKS; i++) {
        load.seq = i * 64 + 1;
        must(toc_store_load(store, &load, &count));
    }
    say("store.load_block", (now_s() - begin) / BLOCKS * 1e6, "us", "");
}

/* Our own entries as they are published: one range each, many in a commit. */
static void bench_singles(struct toc_store *store)
{
    struct chain *chain = calloc(1, sizeof *chain);
    static struct toc_store_op ops[SINGLES];
    struct toc_store_txn *txn;
    if (chain == NULL) {
        exit(5);
    }
    chain_init(chain, 2);
    for (uint64_t i = 0; i < SINGLES; i++) {
        (void)chain_add(chain, ENTRY_BYTES, 1);
        uint8_t *room = malloc(2 * ENTRY_BYTES);
        ops[i] = (struct toc_store_op){.kind = TOC_STORE_RANGE, .head = chain->head};
        memcpy(ops[i].log, chain->log, TOC_ID_BYTES);
        ops[i].bytes =
            chain_range(chain, i + 1, i + 1, true, (struct toc_room){room, 2 * ENTRY_BYTES});
    }
    double begin = now_s();
    must(toc_store_begin(store, &txn));
    for (size_t i = 0; i < SINGLES; i++) {
        must(toc_store_apply(txn, &ops[i], 1));
    }
    must(toc_store_commit(txn));
    say("store.singles", SINGLES / (now_s() - begin), "entries/s", "");
    for (size_t i = 0; i < SINGLES; i++) {
        free((void *)(uintptr_t)ops[i].bytes.at);
    }
    chain_clear(chain);
    free(chain);
}

static void bench_commits(struct toc_store *store)
{
    enum { COMMITS = 200 };
    double begin = now_s();
    for (int i = 0; i < COMMITS; i++) {
        struct toc_store_txn *txn;
        struct toc_store_op op = {.kind = TOC_STORE_RECORD, .table = 'B', .key_len = 1};
        uint8_t value[200] = {(uint8_t)i};
        op.bytes = toc_span(value, sizeof value);
        must(toc_store_begin(store, &txn));
        must(toc_store_apply(txn, &op, 1));
        must(toc_store_commit(txn));
    }
    say("store.commit", (now_s() - begin) / COMMITS * 1e6, "us", "");
}

static struct toc_fact fact_of(enum toc_value_kind kind, const char *text)
{
    return (struct toc_fact){
        .kind = kind, .value = toc_span_str(text), .written = toc_span_str(text)};
}

/* One bulletin of names and addresses drawn from its number. */
static void fill_facts(struct toc_facts *facts, uint64_t number)
{
    for (uint64_t i = 0; i < FACTS; i++) {
        char name[64];
        uint64_t noise = number * 31 + i;
        uint64_t drawn = check_random(&noise);
        struct toc_fact fact;
        if (i % 3 == 0) {
            uint8_t address[TOC_ADDRESS_BYTES] = {[10] = 255, [11] = 255, [16] = 128};
            toc_put_be32(address + 12, (uint32_t)drawn);
            fact = fact_of(TOC_VALUE_IP, "");
            fact.value = toc_span(address, sizeof address);
            must(toc_facts_add(facts, &fact));
        } else {
            (void)snprintf(name, sizeof name, "h%llx.d%llu.example",
                           (unsigned long long)(drawn >> 40),
                           (unsigned long long)(number * FACTS + i));
            fact = fact_of(TOC_VALUE_DOMAIN, name);
            must(toc_facts_add(facts, &fact));
        }
    }
}

static double bench_batch(struct toc_db *db, struct toc_index *index, uint64_t first)
{
    static struct toc_bulletin bulletins[BATCH];
    static struct toc_facts facts[BATCH];
    static struct toc_index_entry entries[BATCH];
    struct toc_db_txn *txn;
    for (uint64_t i = 0; i < BATCH; i++) {
        uint64_t noise = first + i;
        toc_facts_init(&facts[i]);
        fill_facts(&facts[i], first + i);
        bulletins[i] = (struct toc_bulletin){.title = toc_span_str("A campaign against ministries"),
                                             .kind = TOC_BULLETIN_INDICATORS,
                                             .tlp = TOC_TLP_GREEN,
                                             .published = {1700000000000u + first + i}};
        entries[i] = (struct toc_index_entry){
            .place = {.seq = first + i, .received = {1700000000000u + first + i}},
            .bulletin = &bulletins[i],
            .facts = &facts[i]};
        check_random_fill(&noise, entries[i].id, TOC_ID_BYTES);
    }
    double begin = now_s();
    must(toc_db_begin(db, &txn));
    must(toc_index_apply(index, txn, entries, BATCH));
    must(toc_db_commit(txn));
    double took = now_s() - begin;
    for (size_t i = 0; i < BATCH; i++) {
        toc_facts_clear(&facts[i]);
    }
    return took;
}

static bool count_hit(void *arg, const struct toc_index_hit *hit)
{
    (void)hit;
    ++*(uint64_t *)arg;
    return true;
}

static void bench_lookups(struct toc_index *index)
{
    struct toc_index_read *read;
    uint64_t hits = 0;
    double begin = now_s();
    must(toc_index_read_begin(index, &read));
    for (uint64_t i = 0; i < LOOKUPS; i++) {
        uint8_t address[TOC_ADDRESS_BYTES] = {[10] = 255, [11] = 255, [16] = 128};
        uint64_t noise = i % BULLETINS * 31 + 3 * (i % 2);
        toc_put_be32(address + 12, (uint32_t)check_random(&noise) + (uint32_t)(i % 2));
        must(toc_index_lookup(read, TOC_VALUE_IP, toc_span(address, sizeof address),
                              TOC_INDEX_WANT_SAME | TOC_INDEX_WANT_ABOVE, count_hit, &hits));
    }
    toc_index_read_end(read);
    say("index.lookup", (now_s() - begin) / LOOKUPS * 1e6, "us", "");
    if (hits < LOOKUPS / 2) {
        exit(5);
    }
}

static void bench_queries(struct toc_index *index)
{
    static const char *const queries[] = {"", "domain:d77.example", "ip:10.0.0.0/16", "kind:alert"};
    static const char *const names[] = {"index.query_newest", "index.query_domain",
                                        "index.query_network", "index.query_none"};
    for (size_t i = 0; i < 4; i++) {
        enum { TIMES = 20 };
        struct toc_query query;
        struct toc_query_fault fault;
        const struct toc_index_ask ask = {.max = 100};
        must(toc_query_parse(&query, toc_span_str(queries[i]), (struct toc_utc){0}, &fault));
        double begin = now_s();
        for (int times = 0; times < TIMES; times++) {
            struct toc_index_read *read;
            uint32_t numbers[100];
            size_t count;
            must(toc_index_read_begin(index, &read));
            must(toc_index_query(read, &query, &ask, numbers, &count, NULL));
            toc_index_read_end(read);
        }
        say(names[i], (now_s() - begin) / TIMES * 1e6, "us", "");
    }
}

static void bench_verify(const char *path)
{
    struct toc_verify_report report;
    const struct toc_verify_options options = {.in_process = false};
    double begin = now_s();
    must(toc_store_verify(path, &options, &report));
    say("store.verify_unsigned", (double)report.entry_count / (now_s() - begin), "entries/s", "");
}

int main(void)
{
    const struct toc_store_options options = {.map_bytes = (uint64_t)1 << 34};
    struct folder folder;
    struct toc_store *store;
    struct toc_index *index;
    struct toc_store_stat stat;
    double took = 0;
    struct blocks *blocks = make_blocks();
    folder_make(&folder);
    double entries = (double)BLOCKS * 64;
    say("store.plain", entries / bench_plain(&folder, blocks), "entries/s", "");
    must(toc_store_open(&store, folder_path(&folder, "store"), &options));
    say("store.blocks", entries / bench_blocks(store, blocks), "entries/s",
        ",\"limit\":\"store.plain\",\"goal\":\">= 0.7x\"");
    must(toc_store_stat(store, &stat));
    say("store.disk", (double)stat.file_bytes / (entries * ENTRY_BYTES), "x payload",
        ",\"goal\":\"<= 1.10\"");
    bench_loads(store, blocks);
    bench_singles(store);
    bench_commits(store);
    bench_verify(folder_path(&folder, "store"));
    must(toc_index_open(&index, toc_store_db(store)));
    for (uint64_t i = 0; i < BULLETINS; i += BATCH) {
        took += bench_batch(toc_store_db(store), index, i);
    }
    say("index.bulletins", BULLETINS / took, "bulletins/s", ",\"goal\":\">= 10000\"");
    say("index.facts", (double)BULLETINS * FACTS / took, "facts/s", ",\"goal\":\">= 50000\"");
    bench_lookups(index);
    bench_queries(index);
    toc_index_close(index);
    toc_store_close(store);
    folder_remove(&folder);
    for (size_t i = 0; i < BLOCKS; i++) {
        free((void *)(uintptr_t)blocks->ranges[i].at);
    }
    free(blocks);
    return 0;
}
