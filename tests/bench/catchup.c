/* SPDX-License-Identifier: EUPL-1.2 */
/* USES: api store trust bulletin content ops */
/*
 * Catch-up: a node with 100,000 bulletins of 1 KiB meets an empty one over loopback. Two real
 * tocsind; every entry is verified and durable at the receiver. First with the indexer off, beside
 * "the limit"; then a third node with its indexer, until it can be asked for all.
 */
#include <sodium.h>

#include "content.h"
#include "nodes.h"
#include "store.h"

#define ENTRIES_DEFAULT 100000u
#define PAYLOAD_BYTES 1024u
#define JOB_RANGES 8u /* of one transaction while the author's store is filled */

static void need(struct toc_err err, const char *what)
{
    if (toc_failed(err)) {
        nodes_die("%s: %s", what, err.why == NULL ? toc_code_text(err.code) : err.why);
    }
}

/* ---- the author's store ---- */

struct author {
    struct toc_keyring *keys;
    struct toc_bytes genesis_bytes, card_bytes;
    struct toc_genesis genesis;
    struct toc_card card;
    struct toc_epoch_secret epoch;
    uint8_t group[TOC_ID_BYTES], log[TOC_ID_BYTES], author_key[TOC_KEY_BYTES];
    struct toc_log_head head;
    struct toc_store *store;
    uint32_t number;
};

static void open_author(struct author *author, const struct node *node)
{
    static uint8_t arena_memory[TOC_GENESIS_ARENA_BYTES];
    struct toc_arena arena;
    struct toc_home home;
    struct toc_line line = {{0}};
    uint8_t f[TOC_KEY_BYTES];
    char path[1024];
    const struct toc_unlock_options unlock = {.credential_path = node->credential};
    need(toc_home_open(&home, node->home, &line), line.text);
    need(toc_keyring_open(&home, &unlock, &author->keys, &line), line.text);
    need(toc_home_read(&home, TOC_HOME_FEDERATION, TOC_GENESIS_BYTES_MAX, &author->genesis_bytes,
                       &line),
         line.text);
    need(toc_home_read(&home, TOC_HOME_CARD, TOC_CARD_BYTES_MAX, &author->card_bytes, &line),
         line.text);
    toc_arena_init(&arena, arena_memory, sizeof(arena_memory));
    need(toc_genesis_decode(&author->genesis,
                            toc_span(author->genesis_bytes.at, author->genesis_bytes.len), &arena),
         "genesis");
    need(toc_card_decode(&author->card, toc_span(author->card_bytes.at, author->card_bytes.len)),
         "card");
    need(toc_genesis_open(f, &author->epoch, &author->genesis, NULL, author->keys->node.seal_public,
                          author->keys->node.seal_secret),
         "epoch");
    toc_group_all_id(author->group, author->genesis.roster.hash);
    toc_log_id(author->log, author->genesis.roster.hash, author->group,
               author->keys->log.public_key);
    toc_author_key(author->author_key, author->epoch.k, author->log);
    snprintf(path, sizeof(path), "%s/store", node->home);
    const struct toc_store_options options = {.map_bytes = (uint64_t)8 << 30};
    need(toc_store_open(&author->store, path, &options), "store");
    need(toc_store_head(author->store, author->log, &author->head), "head");
    toc_home_close(&home);
}

/* One bulletin with three indicators, as content of an entry with a payload of PAYLOAD_BYTES. */
static size_t make_content(struct author *author, uint8_t out[static 4096])
{
    char values[3][80], summary[1024];
    struct toc_indicator indicators[3];
    uint32_t number = author->number++;
    memset(summary, 's', sizeof(summary));
    snprintf(values[0], sizeof(values[0]), "n%u.bench.example.org", number);
    snprintf(values[1], sizeof(values[1]), "10.%u.%u.%u", number >> 16 & 255, number >> 8 & 255,
             number & 255);
    snprintf(values[2], sizeof(values[2]), "%064x", number);
    const char *const kinds[] = {"domain", "ip", "sha256"};
    for (size_t i = 0; i < 3; i++) {
        indicators[i] = (struct toc_indicator){.kind = toc_span_str(kinds[i]),
                                               .value = toc_span_str(values[i]),
                                               .confidence = TOC_NOT_GIVEN};
    }
    struct toc_bulletin bulletin = {.title = toc_span_str("a bulletin of the benchmark"),
                                    .summary = toc_span(summary, 560),
                                    .kind = TOC_BULLETIN_INDICATORS,
                                    .tlp = TOC_TLP_GREEN,
                                    .published = {1790000000000 + number},
                                    .indicators = indicators,
                                    .indicator_count = 3};
    memcpy(bulletin.federation, author->genesis.roster.hash, TOC_ID_BYTES);
    memcpy(bulletin.author, author->card.id, TOC_ID_BYTES);
    randombytes_buf(bulletin.nonce, sizeof(bulletin.nonce));
    struct toc_span canonical;
    struct toc_room room = {out + 1 + TOC_BULLETIN_HEAD_BYTES, 3000};
    need(toc_bulletin_encode(&bulletin, room, &canonical), "bulletin");
    out[0] = TOC_CODEC_RAW;
    toc_bulletin_sign(out + 1, canonical, author->genesis.roster.hash, &author->keys->log);
    return 1 + TOC_BULLETIN_HEAD_BYTES + canonical.len;
}

/* Adds the next entry to the range under construction; gives its header's hash. */
static bool add_entry(struct author *author, struct toc_range_build *build, struct toc_room room,
                      uint8_t hash[static TOC_HASH_BYTES])
{
    uint8_t content[4096], payload[8192], bytes[TOC_HEADER_BYTES], nonce[TOC_PAYLOAD_NONCE_BYTES];
    struct toc_header header;
    size_t len = make_content(author, content);
    size_t payload_len = toc_payload_bytes(len);
    toc_header_draft(&header, &author->head, author->log, (struct toc_utc){1790000000000},
                     (uint32_t)payload_len);
    header.kind = TOC_KIND_BULLETIN;
    header.class = TOC_CLASS_LIVE;
    header.tlp = TOC_TLP_GREEN;
    memcpy(header.epoch, toc_epoch_ref(&author->genesis.epoch), TOC_EPOCH_REF_BYTES);
    toc_header_encode(bytes, &header);
    randombytes_buf(nonce, sizeof(nonce));
    toc_payload_seal(payload, toc_span(content, len), author->author_key,
                     toc_span(bytes, TOC_HEADER_AD_BYTES), nonce);
    toc_payload_hash(header.payload_hash, toc_span(payload, payload_len));
    toc_header_encode(bytes, &header);
    toc_header_hash(hash, toc_span(bytes, sizeof(bytes)));
    if (build->count == 0) {
        toc_range_begin(build, room, &header);
    }
    toc_range_add(build, &header, toc_span(payload, payload_len), toc_span(NULL, 0));
    bool ends = toc_log_is_checkpoint(&author->head, (uint32_t)payload_len);
    need(toc_log_advance(&author->head, &header, hash), "chain");
    return ends;
}

/* Appends one range, up to the next checkpoint or `last`. */
static void add_range(struct author *author, struct toc_store_txn *txn, uint64_t last,
                      uint64_t *payload_bytes)
{
    static uint8_t memory[TOC_RANGE_BYTES_MAX];
    struct toc_range_build build = {.count = 0};
    uint8_t hash[TOC_HASH_BYTES], sig[TOC_SIG_BYTES];
    struct toc_store_op op = {.kind = TOC_STORE_RANGE};
    bool ended = false;
    while (!ended && author->head.seq < last) {
        ended = add_entry(author, &build, (struct toc_room){memory, sizeof(memory)}, hash);
    }
    toc_sign(sig, TOC_CTX_S_HEADER, author->genesis.roster.hash, hash, author->keys->log.secret);
    need(toc_range_end(&build, sig, &op.bytes), "range");
    memcpy(op.log, author->log, TOC_ID_BYTES);
    op.head = author->head;
    need(toc_store_apply(txn, &op, 1), "apply");
    *payload_bytes += op.bytes.len;
}

static void fill(const struct node *node, uint32_t entries, uint64_t *payload_bytes)
{
    struct author author = {.number = 0};
    open_author(&author, node);
    uint64_t last = author.head.seq + entries;
    while (author.head.seq < last) {
        struct toc_store_txn *txn;
        need(toc_store_begin(author.store, &txn), "begin");
        for (size_t i = 0; i < JOB_RANGES && author.head.seq < last; i++) {
            add_range(&author, txn, last, payload_bytes);
        }
        need(toc_store_commit(txn), "commit");
    }
    toc_store_close(author.store);
    toc_keyring_close(author.keys);
    toc_bytes_free(&author.genesis_bytes);
    toc_bytes_free(&author.card_bytes);
}

/* ---- the run ---- */

/* Waits until the node holds `entries`, and with `visible` until it can be asked for them. Gives
 * the seconds since `start`. */
static double wait_entries(const struct node *node, uint64_t entries, bool visible, double start)
{
    struct toc_client *client = nodes_connect(node);
    while (nodes_status(client, TOC_FIELD_ENTRIES) < entries ||
           (visible && nodes_status(client, TOC_FIELD_INDEX_LAG) > 0)) {
        if (nodes_now() - start > 10 * NODES_WAIT_S) {
            nodes_die("%s has not caught up; its log is %s", node->handle, node->log);
        }
        nodes_pause(2);
    }
    double took = nodes_now() - start;
    toc_client_close(client);
    return took;
}

static void show(const char *name, double value, const char *unit, const char *rest)
{
    printf("{\"name\":\"%s\",\"value\":%.3f,\"unit\":\"%s\"%s}\n", name, value, unit, rest);
    fflush(stdout);
}

/* Processor seconds of a child, its own children that have ended included. */
static double cpu_seconds(const struct node *node)
{
    char path[64];
    unsigned long user = 0, system_time = 0;
    snprintf(path, sizeof(path), "/proc/%ld/stat", (long)node->pid);
    FILE *file = fopen(path, "r");
    if (file == NULL || fscanf(file, "%*d %*s %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
                               &user, &system_time) != 2) {
        user = system_time = 0;
    }
    if (file != NULL) {
        fclose(file);
    }
    return (double)(user + system_time) / (double)sysconf(_SC_CLK_TCK);
}

int main(int argc, char **argv)
{
    uint32_t entries = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : ENTRIES_DEFAULT;
    struct node nodes[3];
    uint64_t payload_bytes = 0;
    if (sodium_init() < 0 || entries == 0) {
        return 1;
    }
    nodes_found(nodes, 3);
    nodes_as_relay(&nodes[0]);
    nodes_as_relay(&nodes[1]);
    /* Once alone, so that the author's logs begin as they do. */
    nodes_start(&nodes[0]);
    double start = nodes_now();
    wait_entries(&nodes[0], 2, false, start);
    nodes_stop(&nodes[0]);
    fill(&nodes[0], entries, &payload_bytes);

    nodes_start(&nodes[0]);
    toc_client_close(nodes_connect(&nodes[0]));
    start = nodes_now();
    nodes_start(&nodes[1]);
    double took = wait_entries(&nodes[1], entries + 2, false, start);
    show("catchup", entries / took, "entries/s", ",\"limit\":\"limit\",\"goal\":\">= 0.5x\"");
    show("catchup.receiver", cpu_seconds(&nodes[1]) * 1e6 / entries, "us/entry", "");
    show("catchup.sender", cpu_seconds(&nodes[0]) * 1e6 / entries, "us/entry", "");
    struct toc_client *client = nodes_connect(&nodes[1]);
    double bytes = (double)nodes_status(client, TOC_FIELD_STORE_BYTES);
    toc_client_close(client);
    show("catchup.disk", bytes / (double)payload_bytes, "x payload", ",\"goal\":\"<= 1.2\"");
    nodes_stop(&nodes[1]);

    start = nodes_now();
    nodes_start(&nodes[2]);
    took = wait_entries(&nodes[2], entries + 2, true, start);
    show("catchup.queryable", entries / took, "entries/s", ",\"goal\":\">= 10000\"");
    show("memory.full", nodes_rss_mib(&nodes[2]), "MiB", "");
    nodes_stop(&nodes[2]);
    start = nodes_now();
    nodes_start(&nodes[2]);
    toc_client_close(nodes_connect(&nodes[2]));
    show("start.full", (nodes_now() - start) * 1e3, "ms", ",\"goal\":\"<= 1000\"");
    return 0;
}
