/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * seal: secrets of groups and the encryption of payloads. Epoch keys and commitments, wraps of a
 * secret for a node, padding, payload encryption in chunks, payload hashes.
 * Source: PROTOCOL.md "Epochs" and "Payloads".
 */
#ifndef TOC_SEAL_H
#define TOC_SEAL_H

#include "keys.h"

#define TOC_CHUNK_PLAIN_BYTES 65536u  /* padded plaintext in one sealed chunk */
#define TOC_CHUNK_SEALED_BYTES 65552u /* with its Poly1305 tag */
#define TOC_PAYLOAD_NONCE_BYTES 19u   /* before the first chunk */
#define TOC_CHUNK_FIRST_BYTES 65571u  /* nonce and first sealed chunk: largest one-chunk payload */
/* 16 MiB after compression, the length field included: a power of two, which Padmé leaves alone. So
 * the largest payload has 256 chunks, and the list of their hashes is 8 KiB. */
#define TOC_CONTENT_BYTES_MAX 16777212u
#define TOC_CHUNK_COUNT_MAX 256u
#define TOC_PAYLOAD_BYTES_MAX 16781331u /* 19 + 256 × 65,552 */

/* Epochs. */

/* K = KDF(F, "epoch", group id ‖ parent ‖ E). */
void toc_epoch_key(uint8_t k[static TOC_KEY_BYTES], const uint8_t f[static TOC_KEY_BYTES],
                   const uint8_t group[static TOC_ID_BYTES],
                   const uint8_t parent[static TOC_HASH_BYTES],
                   const uint8_t e[static TOC_KEY_BYTES]);
/* commitment = H("commit", K). */
void toc_epoch_commit(uint8_t out[static TOC_HASH_BYTES], const uint8_t k[static TOC_KEY_BYTES]);
/* author key = KDF(K, "author", log id). */
void toc_author_key(uint8_t out[static TOC_KEY_BYTES], const uint8_t k[static TOC_KEY_BYTES],
                    const uint8_t log[static TOC_ID_BYTES]);
/* Seals the group's tag key: ChaCha20-Poly1305 (IETF) under KDF(K, "tag", group id), zero nonce,
 * associated data `ad`: the epoch record up to that field. */
#define TOC_TAG_SEALED_BYTES 48u
void toc_tag_seal(uint8_t out[static TOC_TAG_SEALED_BYTES], const uint8_t tag_key[static 32],
                  const uint8_t k[static TOC_KEY_BYTES], const uint8_t group[static TOC_ID_BYTES],
                  struct toc_span ad);
/* Fails: DECRYPT; out is wiped. */
TOC_MUST_USE struct toc_err toc_tag_open(uint8_t tag_key[static 32],
                                         const uint8_t in[static TOC_TAG_SEALED_BYTES],
                                         const uint8_t k[static TOC_KEY_BYTES],
                                         const uint8_t group[static TOC_ID_BYTES],
                                         struct toc_span ad);

/* Wraps. */

/* suite (1) ‖ key id (first 4 bytes of the recipient key) ‖ ChaCha20-Poly1305 of 32 bytes. */
#define TOC_WRAP_BYTES 53u
#define TOC_WRAP_SUITE 1u

/* What all wraps of one record share. */
struct toc_wrap_scope {
    const uint8_t *group;     /* 32 bytes; zeros for F */
    const uint8_t *parent;    /* 32 bytes; see PROTOCOL.md */
    const uint8_t *ephemeral; /* public, 32 bytes */
};

/*
 * Wraps `secret` (32 bytes) for `recipient`: ChaCha20-Poly1305 with 12 zero bytes as nonce and
 * nothing associated, under KDF(X25519, "wrap", group ‖ parent ‖ ephemeral ‖ recipient). The nonce
 * is fixed because each key seals once: an ephemeral key is drawn for one record and wraps one
 * secret. `ephemeral_secret` belongs to scope->ephemeral. Fails: HANDSHAKE (low-order recipient
 * key); out is then wiped.
 */
TOC_MUST_USE struct toc_err toc_wrap_make(uint8_t out[static TOC_WRAP_BYTES],
                                          const struct toc_wrap_scope *scope,
                                          const uint8_t ephemeral_secret[static TOC_KEY_BYTES],
                                          const uint8_t recipient[static TOC_KEY_BYTES],
                                          const uint8_t secret[static TOC_KEY_BYTES]);
/*
 * Opens the one of `wraps` (count × 53 bytes) that is for this key: those whose key id matches are
 * tried in turn. One X25519 at the most, and none when no key id matches.
 * Fails: WRAP (none is for it), VERSION (for it only under unknown suites), HANDSHAKE (low-order
 * ephemeral key), DECRYPT. `secret` is wiped on failure.
 */
TOC_MUST_USE struct toc_err toc_wrap_open(uint8_t secret[static TOC_KEY_BYTES],
                                          const struct toc_wrap_scope *scope, const uint8_t *wraps,
                                          size_t wrap_count,
                                          const uint8_t recipient_public[static TOC_KEY_BYTES],
                                          const uint8_t recipient_secret[static TOC_KEY_BYTES]);

/* Payloads. */

/* Padmé (Nikitin et al., PETS 2019, algorithm 1): the padded length of `len` bytes, at most 12 %
 * more. `len` is at most 2^62. */
uint64_t toc_padme(uint64_t len);
/* Payload bytes for `content_len` bytes of content: 19 + padded (u32 length ‖ content ‖ zeros)
 * + 16 a chunk. 0 when content_len is above TOC_CONTENT_BYTES_MAX. */
size_t toc_payload_bytes(size_t content_len);

/*
 * Seals content: padded plaintext = u32 little-endian length ‖ content ‖ zeros, cut into chunks of
 * 65,536 bytes; XChaCha20-Poly1305 with `author_key`, nonce = nonce19 ‖ u32 little-endian counter
 * ‖ last flag, associated data `ad` on each. out needs toc_payload_bytes(content.len) and must not
 * overlap content. Source: PROTOCOL.md "Payloads"; the STREAM construction (Hoang et al. 2015).
 */
void toc_payload_seal(uint8_t *out, struct toc_span content,
                      const uint8_t author_key[static TOC_KEY_BYTES], struct toc_span ad,
                      const uint8_t nonce19[static TOC_PAYLOAD_NONCE_BYTES]);
/* Opens into `out` (needs payload.len bytes; may overlap exactly with payload.at): content is the
 * part of `out` that holds it. Fails: TRUNCATED, LIMIT (above TOC_PAYLOAD_BYTES_MAX; nothing is
 * written), DECRYPT, MALFORMED (padding not zero, or not the padding of this length). `out` is
 * wiped and content empty on failure. */
TOC_MUST_USE struct toc_err toc_payload_open(uint8_t *out, struct toc_span *content,
                                             struct toc_span payload,
                                             const uint8_t author_key[static TOC_KEY_BYTES],
                                             struct toc_span ad);

/* Number of transfer chunks, the pieces in which a payload is hashed and sent: the first is the
 * nonce and the first sealed chunk, each further one a sealed chunk, so that each can be opened by
 * itself. 1 up to TOC_CHUNK_FIRST_BYTES. 0 only for an empty payload. */
size_t toc_chunk_count(uint64_t payload_len);
/* Offset and length of chunk `index` within the payload. Asserts index < count. */
struct toc_chunk_place {
    uint64_t offset;
    size_t len;
};
struct toc_chunk_place toc_chunk_place(uint64_t payload_len, size_t index);
/* H("chunk", bytes). */
void toc_chunk_hash(uint8_t out[static TOC_HASH_BYTES], struct toc_span chunk);
/* H("payload", payload) up to one chunk, else H("chunks", u64 length ‖ chunk hashes). */
void toc_payload_hash(uint8_t out[static TOC_HASH_BYTES], struct toc_span payload);
/* The same from a list of chunk hashes, 32 bytes each (asserts the count of this length, > 1). */
void toc_chunks_root(uint8_t out[static TOC_HASH_BYTES], uint64_t payload_len,
                     const uint8_t *chunk_hashes, size_t chunk_count);

#endif
