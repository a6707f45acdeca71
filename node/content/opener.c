/* SPDX-License-Identifier: EUPL-1.2 */
#include "content.h"

#include <stdlib.h>
#include <string.h>

/* Epochs in use at one time: a handful of groups, two epochs each. */
#define SLOTS 16u
/* Largest record of table E: the envelope and 100 bytes of sealed keys and lengths. */
#define RECORD_BYTES_MAX ((size_t)TOC_EPOCH_BYTES_MAX + 1024u)

struct slot {
    uint8_t group[TOC_ID_BYTES];
    uint8_t ref[TOC_EPOCH_REF_BYTES];
    uint8_t k[TOC_KEY_BYTES];
    bool used;
};

struct toc_opener {
    struct toc_store *store;
    const uint8_t *store_key;
    size_t next;
    struct slot slots[SLOTS];
};

struct toc_err toc_opener_new(struct toc_opener **opener, struct toc_store *store,
                              const uint8_t *store_key)
{
    *opener = toc_guarded_new(sizeof(**opener));
    if (*opener == NULL) {
        return toc_fail(TOC_FULL, "no guarded memory for epoch keys");
    }
    (*opener)->store = store;
    (*opener)->store_key = store_key;
    return toc_ok();
}

void toc_opener_free(struct toc_opener *opener)
{
    toc_guarded_free(opener);
}

static struct toc_err read_key(struct toc_opener *opener, struct slot *slot)
{
    uint8_t key[TOC_ID_BYTES + TOC_EPOCH_REF_BYTES];
    memcpy(key, slot->group, TOC_ID_BYTES);
    memcpy(key + TOC_ID_BYTES, slot->ref, TOC_EPOCH_REF_BYTES);
    uint8_t *record = malloc(RECORD_BYTES_MAX);
    if (record == NULL) {
        return toc_fail(TOC_FULL, "no memory for an epoch record");
    }
    size_t len = 0;
    struct toc_room room = {record, RECORD_BYTES_MAX};
    struct toc_err err =
        toc_store_get_record(opener->store, 'E', toc_span(key, sizeof(key)), room, &len);
    if (!toc_failed(err)) {
        err = toc_epoch_rest_open(toc_span(record, len), opener->store_key, slot->k);
    }
    free(record);
    return err;
}

/* Gives K of an epoch out of the cache or the store. Lends: until the next call. */
static struct toc_err find_key(struct toc_opener *opener, const uint8_t *group, const uint8_t *ref,
                               const uint8_t **k)
{
    for (size_t i = 0; i < SLOTS; i++) {
        struct slot *slot = &opener->slots[i];
        if (slot->used && memcmp(slot->ref, ref, TOC_EPOCH_REF_BYTES) == 0 &&
            memcmp(slot->group, group, TOC_ID_BYTES) == 0) {
            *k = slot->k;
            return toc_ok();
        }
    }
    struct slot *slot = &opener->slots[opener->next];
    opener->next = (opener->next + 1) % SLOTS;
    toc_wipe(slot, sizeof(*slot));
    memcpy(slot->group, group, TOC_ID_BYTES);
    memcpy(slot->ref, ref, TOC_EPOCH_REF_BYTES);
    TOC_TRY(read_key(opener, slot));
    slot->used = true;
    *k = slot->k;
    return toc_ok();
}

struct toc_err toc_opener_open(struct toc_opener *opener, const uint8_t group[static TOC_ID_BYTES],
                               const struct toc_header *header, struct toc_span header_bytes,
                               struct toc_room payload, struct toc_bytes *plaintext)
{
    *plaintext = (struct toc_bytes){NULL, 0};
    if (header_bytes.len < TOC_HEADER_AD_BYTES) {
        return toc_fail(TOC_TRUNCATED, "a header is too short");
    }
    const uint8_t *k;
    TOC_TRY(find_key(opener, group, header->epoch, &k));
    uint8_t author_key[TOC_KEY_BYTES];
    toc_author_key(author_key, k, header->log);
    struct toc_span content;
    struct toc_err err =
        toc_payload_open(payload.at, &content, toc_span(payload.at, payload.len), author_key,
                         toc_span(header_bytes.at, TOC_HEADER_AD_BYTES));
    toc_wipe(author_key, sizeof(author_key));
    TOC_TRY(err);
    return toc_content_unpack(plaintext, content);
}
