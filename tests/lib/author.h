/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A node's own log, filled without the node: entries as it would have published them, put into its
 * store while it does not run. For benchmarks; needs the rooms api, store, trust, bulletin, content
 * and ops. Header only.
 */
#ifndef TOC_TEST_AUTHOR_H
#define TOC_TEST_AUTHOR_H

#include <sodium.h>

#include "content.h"
#include "nodes.h"
#include "store.h"

#define AUTHOR_JOB_RANGES 8u      /* of one transaction */
#define AUTHOR_SUMMARY_BYTES 560u /* makes a payload of 1 KiB */

static inline void author_need(struct toc_err err, const char *what)
{
    if (toc_failed(err)) {
        nodes_die("%s: %s", what, err.why == NULL ? toc_code_text(err.code) : err.why);
    }
}

struct author {
    struct toc_keyring *keys;
    struct toc_bytes genesis_bytes, card_bytes;
    struct toc_genesis genesis;
    struct toc_card card;
    struct toc_epoch_secret epoch;
    uint8_t group[TOC_ID_BYTES], log[TOC_ID_BYTES], author_key[TOC_KEY_BYTES];
    struct toc_log_head head;
    struct toc_store *store;
    uint64_t declared_bytes; /* of the payloads, as their headers say */
    uint32_t number;
    size_t summary_bytes;
};

static inline void author_open(struct author *author, const struct node *node)
{
    static uint8_t arena_memory[TOC_GENESIS_ARENA_BYTES];
    struct toc_arena arena;
    struct toc_home home;
    struct toc_line line = {{0}};
    uint8_t f[TOC_KEY_BYTES];
    char path[1024];
    const struct toc_unlock_options unlock = {.credential_path = node->credential};
    author_need(toc_home_open(&home, node->home, &line), line.text);
    author_need(toc_keyring_open(&home, &unlock, &author->keys, &line), line.text);
    author_need(toc_home_read(&home, TOC_HOME_FEDERATION, TOC_GENESIS_BYTES_MAX,
                              &author->genesis_bytes, &line),
                line.text);
    author_need(toc_home_read(&home, TOC_HOME_CARD, TOC_CARD_BYTES_MAX, &author->card_bytes, &line),
                line.text);
    toc_arena_init(&arena, arena_memory, sizeof(arena_memory));
    author_need(toc_genesis_decode(&author->genesis,
                                   toc_span(author->genesis_bytes.at, author->genesis_bytes.len),
                                   &arena),
                "genesis");
    author_need(
        toc_card_decode(&author->card, toc_span(author->card_bytes.at, author->card_bytes.len)),
        "card");
    author_need(toc_genesis_open(f, &author->epoch, &author->genesis, NULL,
                                 author->keys->node.seal_public, author->keys->node.seal_secret),
                "epoch");
    toc_group_all_id(author->group, author->genesis.roster.hash);
    toc_log_id(author->log, author->genesis.roster.hash, author->group,
               author->keys->log.public_key);
    toc_author_key(author->author_key, author->epoch.k, author->log);
    snprintf(path, sizeof(path), "%s/store", node->home);
    const struct toc_store_options options = {.map_bytes = (uint64_t)8 << 30};
    author_need(toc_store_open(&author->store, path, &options), "store");
    author_need(toc_store_head(author->store, author->log, &author->head), "head");
    toc_home_close(&home);
}

#define AUTHOR_VALUE_BYTES 80u
static const char *const author_kinds[3] = {"domain", "ip", "sha256"};

/* The three indicators of bulletin `number`. */
static inline void author_values(char values[static 3][AUTHOR_VALUE_BYTES], uint32_t number)
{
    snprintf(values[0], AUTHOR_VALUE_BYTES, "n%u.bench.example.org", number);
    snprintf(values[1], AUTHOR_VALUE_BYTES, "10.%u.%u.%u", number >> 16 & 255, number >> 8 & 255,
             number & 255);
    snprintf(values[2], AUTHOR_VALUE_BYTES, "%064x", number);
}

/* One bulletin with three indicators, as content of an entry with a payload of about
 * author->summary_bytes + 450. */
static inline size_t author_content(struct author *author, uint8_t out[static 4096])
{
    char values[3][AUTHOR_VALUE_BYTES], summary[1024];
    struct toc_indicator indicators[3];
    uint32_t number = author->number++;
    memset(summary, 's', sizeof(summary));
    author_values(values, number);
    for (size_t i = 0; i < 3; i++) {
        indicators[i] = (struct toc_indicator){.kind = toc_span_str(author_kinds[i]),
                                               .value = toc_span_str(values[i]),
                                               .confidence = TOC_NOT_GIVEN};
    }
    struct toc_bulletin bulletin = {.title = toc_span_str("a bulletin of the benchmark"),
                                    .summary = toc_span(summary, author->summary_bytes),
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
    author_need(toc_bulletin_encode(&bulletin, room, &canonical), "bulletin");
    out[0] = TOC_CODEC_RAW;
    toc_bulletin_sign(out + 1, canonical, author->genesis.roster.hash, &author->keys->log);
    return 1 + TOC_BULLETIN_HEAD_BYTES + canonical.len;
}

/* Adds the next entry to the range under construction; gives its header's hash. */
static inline bool author_add_entry(struct author *author, struct toc_range_build *build,
                                    struct toc_room room, uint8_t hash[static TOC_HASH_BYTES])
{
    uint8_t content[4096], payload[8192], bytes[TOC_HEADER_BYTES], nonce[TOC_PAYLOAD_NONCE_BYTES];
    struct toc_header header;
    size_t len = author_content(author, content);
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
    author->declared_bytes += payload_len;
    bool ends = toc_log_is_checkpoint(&author->head, (uint32_t)payload_len);
    author_need(toc_log_advance(&author->head, &header, hash), "chain");
    return ends;
}

/* Appends one range, up to the next checkpoint or `last`. */
static inline void author_add_range(struct author *author, struct toc_store_txn *txn, uint64_t last,
                                    uint64_t *payload_bytes)
{
    static uint8_t memory[TOC_RANGE_BYTES_MAX];
    struct toc_range_build build = {.count = 0};
    uint8_t hash[TOC_HASH_BYTES], sig[TOC_SIG_BYTES];
    struct toc_store_op op = {.kind = TOC_STORE_RANGE};
    bool ended = false;
    while (!ended && author->head.seq < last) {
        ended = author_add_entry(author, &build, (struct toc_room){memory, sizeof(memory)}, hash);
    }
    toc_sign(sig, TOC_CTX_S_HEADER, author->genesis.roster.hash, hash, author->keys->log.secret);
    author_need(toc_range_end(&build, sig, &op.bytes), "range");
    memcpy(op.log, author->log, TOC_ID_BYTES);
    op.head = author->head;
    author_need(toc_store_apply(txn, &op, 1), "apply");
    *payload_bytes += op.bytes.len;
}

static inline void author_close(struct author *author)
{
    toc_store_close(author->store);
    toc_keyring_close(author->keys);
    toc_bytes_free(&author->genesis_bytes);
    toc_bytes_free(&author->card_bytes);
}

/* Appends entries up to `last`; gives what they take. */
static inline void author_fill(struct author *author, uint64_t last, uint64_t *payload_bytes)
{
    while (author->head.seq < last) {
        struct toc_store_txn *txn;
        author_need(toc_store_begin(author->store, &txn), "begin");
        for (size_t i = 0; i < AUTHOR_JOB_RANGES && author->head.seq < last; i++) {
            author_add_range(author, txn, last, payload_bytes);
        }
        author_need(toc_store_commit(txn), "commit");
    }
}

#endif
