/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A signed log in memory, grown entry by entry from repeatable noise: for tests, fuzz targets and
 * benchmarks of ranges. Header only; needs the rooms log and seal.
 */
#ifndef TOC_TEST_CHAIN_H
#define TOC_TEST_CHAIN_H

#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "seal.h"

#define CHAIN_ENTRIES_MAX 512u
#define CHAIN_HEADER_BYTES 200u /* of an unknown version: 144 and something new */

struct chain_entry {
    struct toc_header header;
    uint8_t bytes[TOC_HEADER_BYTES_MAX];
    size_t byte_count;
    uint8_t hash[TOC_HASH_BYTES];
    uint8_t sig[TOC_SIG_BYTES];
    uint8_t *payload;
};

struct chain {
    struct toc_sign_keys keys;
    uint8_t federation[TOC_ID_BYTES];
    uint8_t log[TOC_ID_BYTES];
    struct toc_log_head head;
    uint64_t seed, utc_ms; /* utc_ms: its entries bear the times that follow it */
    size_t count;
    struct chain_entry entries[CHAIN_ENTRIES_MAX];
};

static inline uint64_t chain_random(struct chain *chain)
{
    chain->seed += 0x9e3779b97f4a7c15u;
    uint64_t z = chain->seed;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static inline void chain_init(struct chain *chain, uint64_t seed)
{
    uint8_t entropy[32] = {(uint8_t)seed, 7};
    memset(chain, 0, sizeof *chain);
    chain->seed = seed;
    chain->utc_ms = 1700000000000u;
    memset(chain->federation, 0xfe, TOC_ID_BYTES);
    toc_sign_keys_make(&chain->keys, entropy);
    toc_log_id(chain->log, chain->federation, chain->federation, chain->keys.public_key);
}

/* Signs and appends what `entry` holds in its header. */
static inline struct chain_entry *chain_sign(struct chain *chain, struct chain_entry *entry)
{
    toc_header_encode(entry->bytes, &entry->header);
    entry->byte_count = TOC_HEADER_BYTES;
    if (entry->header.version != TOC_HEADER_VERSION) {
        toc_put_le16(entry->bytes, entry->header.version);
        toc_put_le16(entry->bytes + 2, CHAIN_HEADER_BYTES);
        entry->byte_count = CHAIN_HEADER_BYTES;
        for (size_t i = TOC_HEADER_BYTES; i < CHAIN_HEADER_BYTES; i++) {
            entry->bytes[i] = (uint8_t)chain_random(chain);
        }
    }
    toc_header_hash(entry->hash, toc_span(entry->bytes, entry->byte_count));
    toc_sign(entry->sig, TOC_CTX_S_HEADER, chain->federation, entry->hash, chain->keys.secret);
    if (toc_failed(toc_log_advance(&chain->head, &entry->header, entry->hash))) {
        abort();
    }
    chain->count++;
    return entry;
}

/* Signs and appends what `entry` holds in header and payload. */
static inline struct chain_entry *chain_append(struct chain *chain, struct chain_entry *entry)
{
    toc_payload_hash(entry->header.payload_hash,
                     toc_span(entry->payload, entry->header.payload_bytes));
    return chain_sign(chain, entry);
}

/* Appends an entry of `payload_bytes` of noise; everything else is drawn from the seed. */
static inline struct chain_entry *chain_add(struct chain *chain, uint32_t payload_bytes,
                                            uint16_t version)
{
    struct chain_entry *entry = &chain->entries[chain->count];
    uint64_t noise = chain_random(chain);
    struct toc_utc now = {chain->utc_ms + chain->head.utc.ms % 1000000 + noise % 100000};
    toc_header_draft(&entry->header, &chain->head, chain->log, now, payload_bytes);
    entry->header.version = version;
    entry->header.kind = (uint8_t)(noise >> 8);
    entry->header.class = (uint8_t)(noise >> 16 & 3);
    entry->header.tlp = (uint8_t)((noise >> 18) % 5);
    entry->header.expiry_hours = (uint32_t)(noise >> 20) >> (noise % 33 % 32);
    /* Epochs stay for a while, now and then there is none. */
    entry->header.epoch[0] = (uint8_t)(chain->count / 7 % 3);
    entry->payload = malloc(payload_bytes + 1u);
    if (entry->payload == NULL) {
        abort();
    }
    for (uint32_t i = 0; i < payload_bytes; i++) {
        entry->payload[i] = (uint8_t)(noise + i);
    }
    return chain_append(chain, entry);
}

/* Gives the payloads back; the chain is empty then. */
static inline void chain_clear(struct chain *chain)
{
    for (size_t i = 0; i < chain->count; i++) {
        free(chain->entries[i].payload);
    }
    chain->count = 0;
}

/* Where the log stood after entry `seq`. */
static inline struct toc_log_head chain_head(const struct chain *chain, uint64_t seq)
{
    struct toc_log_head head = {0};
    for (uint64_t i = 0; i < seq; i++) {
        const struct chain_entry *entry = &chain->entries[i];
        if (toc_failed(toc_log_advance(&head, &entry->header, entry->hash))) {
            abort();
        }
    }
    return head;
}

/* The range of entries first..last, payloads inline where they may be and `with_payloads`. */
static inline struct toc_span chain_range(const struct chain *chain, uint64_t first, uint64_t last,
                                          bool with_payloads, struct toc_room out)
{
    struct toc_range_build build;
    struct toc_span range = {NULL, 0};
    toc_range_begin(&build, out, &chain->entries[first - 1].header);
    for (uint64_t seq = first; seq <= last; seq++) {
        const struct chain_entry *entry = &chain->entries[seq - 1];
        struct toc_span payload = with_payloads
                                      ? toc_span(entry->payload, entry->header.payload_bytes)
                                      : toc_span(NULL, 0);
        toc_range_add(&build, &entry->header, payload, toc_span(entry->bytes, entry->byte_count));
    }
    if (toc_failed(toc_range_end(&build, chain->entries[last - 1].sig, &range))) {
        abort();
    }
    return range;
}

/* The last seq of the block that holds `seq`, or the last of the chain. */
static inline uint64_t chain_block_end(const struct chain *chain, uint64_t seq)
{
    while (seq < chain->count && chain_head(chain, seq).checkpoint_seq != seq) {
        seq++;
    }
    return seq;
}

#endif
