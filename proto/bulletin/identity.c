/* SPDX-License-Identifier: EUPL-1.2 */
#include "bulletin.h"

#include <string.h>

void toc_bulletin_id(uint8_t out[static TOC_ID_BYTES], struct toc_span canonical)
{
    toc_hash(out, TOC_CTX_H_BULLETIN, &canonical, 1);
}

void toc_bulletin_sign(uint8_t head[static TOC_BULLETIN_HEAD_BYTES], struct toc_span canonical,
                       const uint8_t federation[static TOC_ID_BYTES],
                       const struct toc_sign_keys *log_keys)
{
    uint8_t id[TOC_ID_BYTES];
    toc_bulletin_id(id, canonical);
    memcpy(head, log_keys->public_key, TOC_KEY_BYTES);
    toc_sign(head + TOC_KEY_BYTES, TOC_CTX_S_BULLETIN, federation, id, log_keys->secret);
}

struct toc_err toc_bulletin_split(struct toc_span plaintext, struct toc_bulletin_parts *parts)
{
    if (plaintext.len <= TOC_BULLETIN_HEAD_BYTES) {
        return toc_fail(TOC_TRUNCATED, "bulletin ends before its content"); /* */
    }
    if (plaintext.len - TOC_BULLETIN_HEAD_BYTES > TOC_BULLETIN_BYTES_MAX) {
        return toc_fail(TOC_LIMIT, "bulletin is too long"); /* */
    }
    *parts = (struct toc_bulletin_parts){
        .log_key = plaintext.at,
        .signature = plaintext.at + TOC_KEY_BYTES,
        .canonical = toc_span(plaintext.at + TOC_BULLETIN_HEAD_BYTES,
                              plaintext.len - TOC_BULLETIN_HEAD_BYTES),
    };
    return toc_ok();
}

struct toc_err toc_bulletin_verify(struct toc_span plaintext,
                                   const uint8_t federation[static TOC_ID_BYTES],
                                   uint8_t id[static TOC_ID_BYTES])
{
    struct toc_bulletin_parts parts;
    TOC_TRY(toc_bulletin_split(plaintext, &parts));
    uint8_t hash[TOC_ID_BYTES];
    toc_bulletin_id(hash, parts.canonical);
    /* the signature makes the bulletin its author's, wherever it is carried. */
    TOC_TRY(toc_verify(parts.signature, TOC_CTX_S_BULLETIN, federation, hash, parts.log_key));
    memcpy(id, hash, TOC_ID_BYTES);
    return toc_ok();
}
