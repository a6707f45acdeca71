/* SPDX-License-Identifier: EUPL-1.2 */
#include "replica.h"

#include <string.h>

/* Epochs as they lie in the store: the record in clear, its secrets under the store key. The nonce
 * is the beginning of the record's hash: one record has one secret, so no nonce serves two texts.
 */

#define REST_PURPOSE "epoch"

struct toc_span toc_epoch_rest_seal(struct toc_room out, struct toc_span epoch,
                                    const uint8_t epoch_hash[static TOC_HASH_BYTES],
                                    const struct toc_epoch_secret *secret,
                                    const uint8_t store_key[static TOC_KEY_BYTES])
{
    size_t len = 4 + epoch.len + TOC_SECRET_BYTES + TOC_REST_OVERHEAD_BYTES;
    if (len > out.len) {
        return toc_span(NULL, 0);
    }
    uint8_t plain[TOC_SECRET_BYTES];
    memcpy(plain, secret->e, 32);
    memcpy(plain + 32, secret->k, 32);
    memcpy(plain + 64, secret->tag_key, 32);
    toc_put_le32(out.at, (uint32_t)epoch.len);
    memcpy(out.at + 4, epoch.at, epoch.len);
    toc_rest_seal(out.at + 4 + epoch.len, toc_span(plain, sizeof plain), store_key,
                  toc_span_str(REST_PURPOSE), epoch_hash);
    toc_wipe(plain, sizeof plain);
    return toc_span(out.at, len);
}

struct toc_err toc_epoch_rest_read(struct toc_span value,
                                   const uint8_t store_key[static TOC_KEY_BYTES],
                                   struct toc_span *epoch, struct toc_epoch_secret *secret)
{
    size_t sealed = TOC_SECRET_BYTES + TOC_REST_OVERHEAD_BYTES;
    if (value.len < 4 + sealed || toc_le32(value.at) != value.len - 4 - sealed) {
        return toc_fail(TOC_CORRUPT, "an epoch's record is damaged");
    }
    uint8_t plain[TOC_SECRET_BYTES];
    *epoch = toc_span(value.at + 4, value.len - 4 - sealed);
    TOC_TRY(toc_rest_open(plain, toc_span(epoch->at + epoch->len, sealed), store_key,
                          toc_span_str(REST_PURPOSE)));
    memcpy(secret->e, plain, 32);
    memcpy(secret->k, plain + 32, 32);
    memcpy(secret->tag_key, plain + 64, 32);
    toc_wipe(plain, sizeof plain);
    return toc_ok();
}
