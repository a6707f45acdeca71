/* SPDX-License-Identifier: EUPL-1.2 */
/* USES: log seal */
/*
 * Evidence of forks. Byte 0, bit 0: the input is two ranges, cut where bytes 1 and 2 say; what can
 * be made of them is signed anew and must hold. Otherwise the input is evidence as it came.
 */
#include <string.h>

#include "log.h"

static uint8_t evidence_bytes[TOC_FORK_BYTES_MAX];
static struct toc_sign_keys keys;
static uint8_t federation[TOC_ID_BYTES];

/* Signs a range within the evidence anew. */
static void sign_range(size_t at, size_t len)
{
    struct toc_range_walk walk;
    struct toc_entry entry;
    uint8_t hash[TOC_HASH_BYTES];
    struct toc_err err = toc_range_open(&walk, toc_span(evidence_bytes + at, len));
    while (!toc_failed(err)) {
        err = toc_range_next(&walk, &entry);
        if (!toc_failed(err)) {
            memcpy(hash, entry.hash, sizeof hash);
        }
    }
    TOC_ASSERT(err.code == TOC_ABSENT);
    toc_sign(evidence_bytes + at + len - TOC_SIG_BYTES, TOC_CTX_S_HEADER, federation, hash,
             keys.secret);
}

static void make(struct toc_span in)
{
    size_t cut = toc_le16(in.at) % (in.len - 1) + 2;
    struct toc_span a = toc_span(in.at + 2, cut - 2);
    struct toc_span b = toc_span(in.at + cut, in.len - cut);
    struct toc_span evidence;
    struct toc_fork fork;
    if (toc_failed(toc_fork_make(a, b, (struct toc_room){evidence_bytes, sizeof evidence_bytes},
                                 &evidence))) {
        return;
    }
    size_t first_bytes = toc_le32(evidence_bytes + 1);
    sign_range(5, first_bytes);
    sign_range(5 + first_bytes, evidence.len - 5 - first_bytes);
    struct toc_err err = toc_fork_check(evidence, federation, keys.public_key, &fork);
    /* Entries that reach the byte rule before their end are no honest block. */
    TOC_ASSERT(err.code == TOC_OK || err.code == TOC_MALFORMED);
    TOC_ASSERT(err.code != TOC_OK || memcmp(fork.hash[0], fork.hash[1], TOC_HASH_BYTES) < 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t entropy[32] = {1};
    struct toc_range_info info;
    struct toc_fork fork;
    if (keys.public_key[0] == 0) {
        toc_sign_keys_make(&keys, entropy);
    }
    if (size < 4) {
        return 0;
    }
    if ((data[0] & 1) != 0) {
        make(toc_span(data + 1, size - 1));
        return 0;
    }
    struct toc_span in = toc_span(data + 1, size - 1);
    struct toc_err peeked = toc_fork_peek(in, &info);
    struct toc_err err = toc_fork_check(in, federation, keys.public_key, &fork);
    TOC_ASSERT(err.code != TOC_OK);
    TOC_ASSERT(!toc_failed(peeked) || err.code == peeked.code);
    return 0;
}
