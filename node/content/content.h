/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * content: from an entry's sealed payload to the bulletin in it, and back. Codec byte and zstd, the
 * keys of epochs out of the store, who vouches for a bulletin.
 *
 * Content is u8 codec ‖ bulletin plaintext (log key ‖ signature ‖ canonical bytes). Source:
 * PROTOCOL.md "Bulletins".
 */
#ifndef TOC_CONTENT_H
#define TOC_CONTENT_H

#include "bulletin.h"
#include "core.h"
#include "ops.h"
#include "store.h"

enum toc_codec { /* in entries; never renumber */
                 TOC_CODEC_RAW = 0,
                 TOC_CODEC_ZSTD = 1,
};

/* Heap. zstd where it makes the content smaller. Fails: LIMIT (the plaintext is above
 * TOC_PLAINTEXT_BYTES_MAX, or more than TOC_CONTENT_BYTES_MAX is left: split it), FULL. */
#define TOC_PLAINTEXT_BYTES_MAX ((size_t)TOC_BULLETIN_BYTES_MAX + TOC_BULLETIN_HEAD_BYTES)
TOC_MUST_USE struct toc_err toc_content_pack(struct toc_bytes *content, struct toc_span plaintext);
/* Heap; allocates what the frame declares, at most TOC_PLAINTEXT_BYTES_MAX. Fails: TRUNCATED,
 * VERSION (unknown codec), MALFORMED, LIMIT, FULL. */
TOC_MUST_USE struct toc_err toc_content_unpack(struct toc_bytes *plaintext,
                                               struct toc_span content);

/* Opens payloads with the keys of the epochs that the store holds. One thread each. */
struct toc_opener;
/* Gives *opener (toc_opener_free). Lends: store and store_key (32 bytes). Fails: FULL. */
TOC_MUST_USE struct toc_err toc_opener_new(struct toc_opener **opener, struct toc_store *store,
                                           const uint8_t *store_key);
void toc_opener_free(struct toc_opener *opener);
/* The bulletin plaintext of an entry of kind BULLETIN. `header_bytes` are its exact header. The
 * payload is overwritten. Fails: ABSENT (the epoch's key is not here), DECRYPT, and as unpack. */
TOC_MUST_USE struct toc_err toc_opener_open(struct toc_opener *opener,
                                            const uint8_t group[static TOC_ID_BYTES],
                                            const struct toc_header *header,
                                            struct toc_span header_bytes, struct toc_room payload,
                                            struct toc_bytes *plaintext);

/* A bulletin out of its plaintext. The spans point into the plaintext, lists into `memory`. */
struct toc_content {
    struct toc_bulletin_parts parts;
    struct toc_bulletin bulletin;
    uint8_t id[TOC_ID_BYTES];
    void *memory;
};
/* Lends: plaintext, as long as `content` (toc_content_clear). Fails: as toc_bulletin_split and
 * _decode; FEDERATION; FULL. */
TOC_MUST_USE struct toc_err toc_content_read(struct toc_content *content, struct toc_span plaintext,
                                             const uint8_t federation[static TOC_ID_BYTES]);
void toc_content_clear(struct toc_content *content);

/* Who writes the log that an entry stands in, and how to ask for other log keys. */
struct toc_voucher {
    const uint8_t *federation;
    const uint8_t *org, *log_key; /* of the entry's own log */
    /* Was `log_key` certified for `org`? */
    bool (*certifies)(void *arg, const uint8_t *log_key, const uint8_t *org);
    void *arg;
};
/*
 * Is the bulletin its author's? Signed by the entry's own log key the chain has proved it, and its
 * author must be the log's organisation; any other signature is verified, and its key must have
 * been certified for the author. Fails: STRANGER (the key was not certified for that author),
 * SIGNATURE. 5-intelligence.md "Identity".
 */
TOC_MUST_USE struct toc_err toc_content_vouch(const struct toc_content *content,
                                              struct toc_span plaintext,
                                              const struct toc_voucher *voucher);

#endif
