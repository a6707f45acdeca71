/* SPDX-License-Identifier: EUPL-1.2 */
#include "raw.h"
#include "seal.h"

#include <string.h>

#define LENGTH_BYTES 4u /* of the content, before it */

/* Nonce of a chunk: 19 random bytes, u32 counter, last flag. */
enum { NONCE_COUNTER = TOC_PAYLOAD_NONCE_BYTES, NONCE_LAST = NONCE_COUNTER + 4 };

_Static_assert(NONCE_LAST + 1 == TOC_RAW_XCHACHA_NONCE_BYTES, "the nonce is full");
_Static_assert(TOC_CHUNK_PLAIN_BYTES + TOC_RAW_TAG_BYTES == TOC_CHUNK_SEALED_BYTES, "one tag");
_Static_assert(TOC_PAYLOAD_NONCE_BYTES + TOC_CHUNK_SEALED_BYTES == TOC_CHUNK_FIRST_BYTES, "");
_Static_assert(TOC_CONTENT_BYTES_MAX + LENGTH_BYTES == TOC_CHUNK_COUNT_MAX * TOC_CHUNK_PLAIN_BYTES,
               "the largest content fills the last chunk");
_Static_assert(TOC_PAYLOAD_BYTES_MAX ==
                   TOC_PAYLOAD_NONCE_BYTES + TOC_CHUNK_COUNT_MAX * TOC_CHUNK_SEALED_BYTES,
               "the largest payload");

static unsigned floor_log2(uint64_t value)
{
    unsigned bits = 0;
    while (value >>= 1) {
        bits++;
    }
    return bits;
}

uint64_t toc_padme(uint64_t len)
{
    if (len < 2) {
        return len;
    }
    /* The paper's E and S: S bits of the mantissa are kept, and S is never above E. */
    unsigned exponent = floor_log2(len);
    unsigned cut_bits = exponent - (floor_log2(exponent) + 1);
    uint64_t mask = ((uint64_t)1 << cut_bits) - 1;
    return (len + mask) & ~mask;
}

static size_t padded_bytes(size_t content_len)
{
    return (size_t)toc_padme((uint64_t)content_len + LENGTH_BYTES);
}

static size_t sealed_chunks(size_t padded)
{
    return (padded + TOC_CHUNK_PLAIN_BYTES - 1) / TOC_CHUNK_PLAIN_BYTES;
}

size_t toc_payload_bytes(size_t content_len)
{
    if (content_len > TOC_CONTENT_BYTES_MAX) {
        return 0;
    }
    size_t padded = padded_bytes(content_len);
    return TOC_PAYLOAD_NONCE_BYTES + padded + sealed_chunks(padded) * TOC_RAW_TAG_BYTES;
}

/* the STREAM construction: a chunk opens at its own place only, and only the last as the
 * last. */
static void set_place(uint8_t nonce[static TOC_RAW_XCHACHA_NONCE_BYTES], size_t index, bool last)
{
    toc_put_le32(nonce + NONCE_COUNTER, (uint32_t)index);
    nonce[NONCE_LAST] = last ? 1 : 0;
}

/* Padded plaintext from `offset` on: the part of length ‖ content ‖ zeros that one chunk holds. */
static void gather(uint8_t *out, size_t len, size_t offset, struct toc_span content)
{
    memset(out, 0, len);
    size_t skip = 0;
    if (offset == 0) {
        toc_put_le32(out, (uint32_t)content.len);
        skip = LENGTH_BYTES;
    }
    size_t from = offset == 0 ? 0 : offset - LENGTH_BYTES;
    if (from < content.len) {
        size_t take = content.len - from < len - skip ? content.len - from : len - skip;
        memcpy(out + skip, content.at + from, take);
    }
}

void toc_payload_seal(uint8_t *out, struct toc_span content,
                      const uint8_t author_key[static TOC_KEY_BYTES], struct toc_span ad,
                      const uint8_t nonce19[static TOC_PAYLOAD_NONCE_BYTES])
{
    TOC_ASSERT(content.len <= TOC_CONTENT_BYTES_MAX);
    uint8_t nonce[TOC_RAW_XCHACHA_NONCE_BYTES];
    struct toc_raw_lock lock = {TOC_RAW_XCHACHA, author_key, nonce, ad};
    size_t padded = padded_bytes(content.len);
    memcpy(nonce, nonce19, TOC_PAYLOAD_NONCE_BYTES);
    memcpy(out, nonce19, TOC_PAYLOAD_NONCE_BYTES);
    out += TOC_PAYLOAD_NONCE_BYTES;
    for (size_t i = 0, done = 0; done < padded; i++) {
        size_t left = padded - done;
        size_t len = left < TOC_CHUNK_PLAIN_BYTES ? left : TOC_CHUNK_PLAIN_BYTES;
        gather(out, len, done, content);
        set_place(nonce, i, left == len);
        toc_raw_seal(out, toc_span(out, len), &lock);
        out += len + TOC_RAW_TAG_BYTES;
        done += len;
    }
}

/* Opens chunk after chunk to the front of `out`; gives the padded length, 0 when one fails. A chunk
 * is first moved to where its plaintext belongs, so that `out` may be the payload itself: its own
 * place never reaches into the next chunk. */
static size_t open_chunks(uint8_t *out, struct toc_span payload, const uint8_t *author_key,
                          struct toc_span ad)
{
    uint8_t nonce[TOC_RAW_XCHACHA_NONCE_BYTES];
    struct toc_raw_lock lock = {TOC_RAW_XCHACHA, author_key, nonce, ad};
    size_t padded = 0;
    memcpy(nonce, payload.at, TOC_PAYLOAD_NONCE_BYTES);
    size_t at = TOC_PAYLOAD_NONCE_BYTES;
    for (size_t i = 0; at < payload.len; i++) {
        size_t left = payload.len - at;
        size_t len = left < TOC_CHUNK_SEALED_BYTES ? left : TOC_CHUNK_SEALED_BYTES;
        memmove(out + padded, payload.at + at, len);
        set_place(nonce, i, left == len);
        if (!toc_raw_open(out + padded, toc_span(out + padded, len), &lock)) {
            return 0;
        }
        padded += len - TOC_RAW_TAG_BYTES;
        at += len;
    }
    return padded;
}

/* the padded plaintext is what the one way of padding gives for its content. */
static struct toc_err check_padding(const uint8_t *plain, size_t padded, size_t *content_len)
{
    size_t len = toc_le32(plain);
    if (len > padded - LENGTH_BYTES || padded_bytes(len) != padded) {
        return toc_fail(TOC_MALFORMED, "the payload's padding does not fit its length");
    }
    if (!toc_is_zero(plain + LENGTH_BYTES + len, padded - LENGTH_BYTES - len)) {
        return toc_fail(TOC_MALFORMED, "the payload's padding is not zero");
    }
    *content_len = len;
    return toc_ok();
}

struct toc_err toc_payload_open(uint8_t *out, struct toc_span *content, struct toc_span payload,
                                const uint8_t author_key[static TOC_KEY_BYTES], struct toc_span ad)
{
    *content = toc_span(NULL, 0);
    if (payload.len > TOC_PAYLOAD_BYTES_MAX) {
        return toc_fail(TOC_LIMIT, "a payload has at most 16,781,331 bytes");
    }
    struct toc_err err = toc_ok();
    size_t content_len = 0;
    if (payload.len < toc_payload_bytes(0) ||
        (payload.len - TOC_PAYLOAD_NONCE_BYTES - 1) % TOC_CHUNK_SEALED_BYTES < TOC_RAW_TAG_BYTES) {
        err = toc_fail(TOC_TRUNCATED, "the payload ends before a chunk does");
    } else {
        size_t padded = open_chunks(out, payload, author_key, ad);
        err = padded == 0 ? toc_fail(TOC_DECRYPT, "the payload does not decrypt")
                          : check_padding(out, padded, &content_len);
    }
    if (toc_failed(err)) {
        toc_wipe(out, payload.len);
        return err;
    }
    *content = toc_span(out + LENGTH_BYTES, content_len);
    return err;
}
