/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * keys: the table of contexts, the one hash, the one derivation, the one signature, identities,
 * and the sealed form of key files. Everything here is BLAKE2b-256 (RFC 7693), X25519 (RFC 7748),
 * Ed25519 (RFC 8032, accepted as libsodium 1.0.18 accepts) and XChaCha20-Poly1305.
 *
 * Pointers are lent for the call unless a comment says otherwise. The caller brings all entropy,
 * and the program calls sodium_init once at start (it picks the fast code; results never depend on
 * it).
 */
#ifndef TOC_KEYS_H
#define TOC_KEYS_H

#include "base.h"

#define TOC_HASH_BYTES 32u /* BLAKE2b-256 */
#define TOC_ID_BYTES 32u   /* federation, organisation, group, log, bulletin ids are hashes */
#define TOC_KEY_BYTES 32u  /* symmetric keys, X25519 keys, Ed25519 public keys */
#define TOC_SIGN_SECRET_BYTES 64u /* libsodium's Ed25519 secret key: seed and public key */
#define TOC_SIG_BYTES 64u

/*
 * The contexts: no two uses share one. Columns: name, string (at most 16 bytes, zero-padded; the
 * BLAKE2b personalisation or, for signatures, the first field signed), kind, what it covers.
 * PROTOCOL.md holds the same table; a test compares the two.
 */
#define TOC_CONTEXTS(X)                                                                            \
    X(H_HEADER, "header", HASH, "header without its signature")                                    \
    X(H_PAYLOAD, "payload", HASH, "payload of one chunk")                                          \
    X(H_CHUNK, "chunk", HASH, "one chunk of a larger payload")                                     \
    X(H_CHUNKS, "chunks", HASH, "u64 total length, chunk hashes")                                  \
    X(H_LOG, "log", HASH, "federation id, group id, log public key")                               \
    X(H_ORG, "org", HASH, "an organisation's first organisation key")                              \
    X(H_ALL, "all", HASH, "federation id: the id of the group of all")                             \
    X(H_F, "F", HASH, "the federation secret")                                                     \
    X(H_CARD, "card", HASH, "card without signature")                                              \
    X(H_CERT, "cert", HASH, "node certificate without signature")                                  \
    X(H_ROSTER, "roster", HASH, "roster record without signatures and decision")                   \
    X(H_GROUP, "group", HASH, "group founding record without signature")                           \
    X(H_EPOCH, "epoch-record", HASH, "epoch record without signature")                             \
    X(H_COMMIT, "commit", HASH, "an epoch's key K")                                                \
    X(H_BULLETIN, "bulletin", HASH, "canonical bytes of a bulletin")                               \
    X(H_MEMBERS, "members", HASH, "sorted organisation ids of a group")                            \
    X(H_BEACON, "beacon", HASH, "beacon without signature")                                        \
    X(H_ROW, "row", HASH, "log id, seq, head hash: one row of a vector")                           \
    X(H_AUDIT, "audit", HASH, "hash before, audit line")                                           \
    X(H_FINGER, "fingerprint", HASH, "organisation key: its printed fingerprint")                  \
    X(K_PSK, "psk", DERIVE, "F; lower static key, higher static key")                              \
    X(K_GATE, "gate", DERIVE, "F; responder's static key")                                         \
    X(K_GATE_TAG, "gate-tag", DERIVE, "gate key; magic, version, suite, message 1")                \
    X(K_EPOCH, "epoch", DERIVE, "F; group id, parent, E")                                          \
    X(K_RATCHET, "ratchet", DERIVE, "E; parent, hash of the member list")                          \
    X(K_AUTHOR, "author", DERIVE, "K; log id")                                                     \
    X(K_TAG, "tag", DERIVE, "K; group id: seals the tag key")                                      \
    X(K_GROUP_TAG, "group-tag", DERIVE, "tag key; handshake hash, direction, group id")            \
    X(K_DIGEST, "digest", DERIVE, "tag key; sum of row hashes, row count")                         \
    X(K_BUCKET, "bucket", DERIVE, "tag key; sum of row hashes, row count, number of the bucket")   \
    X(K_WRAP, "wrap", DERIVE, "X25519 secret; group id, parent, ephemeral key, recipient key")     \
    X(K_STORE, "store", DERIVE, "store key; purpose of the sealed record")                         \
    X(K_KEYFILE, "key-file", DERIVE, "key of a key file's lock; its header up to the salt")        \
    X(S_HEADER, "sign header", SIGN, "log key: header hash")                                       \
    X(S_CARD, "sign card", SIGN, "organisation key: card hash")                                    \
    X(S_CERT, "sign cert", SIGN, "organisation key: node certificate hash")                        \
    X(S_ROSTER, "sign roster", SIGN, "organisation key: roster record hash")                       \
    X(S_GROUP, "sign group", SIGN, "log key: group founding record hash")                          \
    X(S_EPOCH, "sign epoch", SIGN, "log key: epoch record hash")                                   \
    X(S_BULLETIN, "sign bulletin", SIGN, "log key: bulletin id")                                   \
    X(S_BEACON, "sign beacon", SIGN, "log key: beacon hash")

enum toc_context {
#define TOC_CONTEXT_ENUM(name, text, kind, covers) TOC_CTX_##name,
    TOC_CONTEXTS(TOC_CONTEXT_ENUM)
#undef TOC_CONTEXT_ENUM
        TOC_CTX_COUNT
};

/* The context's string, terminated. Gives static storage. */
const char *toc_context_text(enum toc_context context);

/*
 * H(ctx, parts[0] ‖ parts[1] ‖ …): unkeyed BLAKE2b-256 with the context, zero-padded to 16 bytes,
 * as personalisation (RFC 7693 section 2.5 parameter block via libsodium's salt_personal).
 * `context` must be of kind HASH. Cannot fail.
 */
void toc_hash(uint8_t out[static TOC_HASH_BYTES], enum toc_context context,
              const struct toc_span *parts, size_t part_count);

/* KDF(key, ctx, parts…): the same, keyed. `context` must be of kind DERIVE. Cannot fail. */
void toc_kdf(uint8_t out[static TOC_KEY_BYTES], const uint8_t key[static TOC_KEY_BYTES],
             enum toc_context context, const struct toc_span *parts, size_t part_count);

/* An incremental H for data that does not lie in one piece. Same result as toc_hash. */
struct toc_hasher {
    _Alignas(64) uint8_t opaque[384];
};
void toc_hasher_init(struct toc_hasher *hasher, enum toc_context context);
void toc_hasher_add(struct toc_hasher *hasher, struct toc_span part);
void toc_hasher_final(struct toc_hasher *hasher, uint8_t out[static TOC_HASH_BYTES]);

/*
 * Ed25519 over context (16 bytes, zero-padded) ‖ federation id ‖ hash. `hash` is the record's own
 * hash under its own HASH context, so a signature covers the raw bytes as sent. `federation` is 32
 * zero bytes for cards and node certificates. `context` must be of kind SIGN.
 */
void toc_sign(uint8_t sig[static TOC_SIG_BYTES], enum toc_context context,
              const uint8_t federation[static TOC_ID_BYTES],
              const uint8_t hash[static TOC_HASH_BYTES],
              const uint8_t secret[static TOC_SIGN_SECRET_BYTES]);

/*
 * Checks what toc_sign made. Fails: SIGNATURE. Acceptance is libsodium 1.0.18's, so that no two
 * nodes disagree: s below the group order; R and public key not of small order, public key
 * canonical; the equation without cofactor. About 50 µs.
 */
TOC_MUST_USE struct toc_err toc_verify(const uint8_t sig[static TOC_SIG_BYTES],
                                       enum toc_context context,
                                       const uint8_t federation[static TOC_ID_BYTES],
                                       const uint8_t hash[static TOC_HASH_BYTES],
                                       const uint8_t public_key[static TOC_KEY_BYTES]);

/* Key pairs from 32 fresh bytes each. An X25519 secret is the entropy as given: it is clamped where
 * it is used (RFC 7748 section 5). */
void toc_sign_keypair(uint8_t public_key[static TOC_KEY_BYTES],
                      uint8_t secret[static TOC_SIGN_SECRET_BYTES],
                      const uint8_t entropy[static 32]);
void toc_dh_keypair(uint8_t public_key[static TOC_KEY_BYTES], uint8_t secret[static TOC_KEY_BYTES],
                    const uint8_t entropy[static 32]);
/* X25519. Fails: HANDSHAKE when the result is all zero (low-order point); out is then zeroed. */
TOC_MUST_USE struct toc_err toc_dh(uint8_t out[static TOC_KEY_BYTES],
                                   const uint8_t secret[static TOC_KEY_BYTES],
                                   const uint8_t public_key[static TOC_KEY_BYTES]);

/* Equality of secrets and tags; the time depends on `len` alone. */
bool toc_secret_equal(const void *a, const void *b, size_t len);
/* Overwrites; never optimised away. */
void toc_wipe(void *at, size_t len);

/* Id of an organisation: H("org", first organisation key). */
void toc_org_id(uint8_t out[static TOC_ID_BYTES], const uint8_t org_key[static TOC_KEY_BYTES]);
/* Id of the group of all. */
void toc_group_all_id(uint8_t out[static TOC_ID_BYTES],
                      const uint8_t federation[static TOC_ID_BYTES]);
/* Id of a log. For a control log pass the federation id as `group`. */
void toc_log_id(uint8_t out[static TOC_ID_BYTES], const uint8_t federation[static TOC_ID_BYTES],
                const uint8_t group[static TOC_ID_BYTES],
                const uint8_t log_key[static TOC_KEY_BYTES]);

/*
 * Fingerprint of an organisation key for comparison by voice: six groups of five digits,
 * "12345 67890 …", terminated. Group i is bytes 5i to 5i+4 of H("fingerprint", key) as a big-endian
 * number modulo 100,000; together 99.6 bits.
 */
#define TOC_FINGERPRINT_CHARS 36u
void toc_fingerprint(char out[static TOC_FINGERPRINT_CHARS],
                     const uint8_t org_key[static TOC_KEY_BYTES]);

/* Lower-case base32 (RFC 4648 alphabet, no padding) of an id: 52 characters and a terminator. */
#define TOC_ID_TEXT_BYTES 53u
void toc_id_text(char out[static TOC_ID_TEXT_BYTES], const uint8_t id[static TOC_ID_BYTES]);
#define TOC_ID_TEXT_CHARS_MIN 10u /* 50 bits: too many to meet a wrong id by chance */
/* Parses an id or its beginning: 10 to 52 characters in any letter case. `bits` is how many are
 * known, five a character and 256 at the most; they fill `out` from the highest bit of its first
 * byte, the rest is zero. Fails: SYNTAX (length, a character outside the alphabet, bits beyond the
 * 256th not zero); out and bits are then zero. */
TOC_MUST_USE struct toc_err toc_id_parse(uint8_t out[static TOC_ID_BYTES], size_t *bits,
                                         struct toc_span text);

/* Identities. */

/* What node.key holds: every key of a node but its log key, which log_wrap opens. */
struct toc_node_keys {
    uint8_t link_public[TOC_KEY_BYTES], link_secret[TOC_KEY_BYTES]; /* X25519: Noise static */
    uint8_t seal_public[TOC_KEY_BYTES], seal_secret[TOC_KEY_BYTES]; /* X25519: wraps */
    uint8_t store_key[TOC_KEY_BYTES];                               /* seals secrets at rest */
    uint8_t log_wrap[TOC_KEY_BYTES];                                /* opens log.key */
};

/* One Ed25519 identity: log key, organisation key or recovery key. */
struct toc_sign_keys {
    uint8_t public_key[TOC_KEY_BYTES];
    uint8_t secret[TOC_SIGN_SECRET_BYTES];
};

/* From fresh entropy: 128 bytes for a node, in the order of toc_node_keys_encode; 32 for a signing
 * identity. The caller keeps both in guarded memory and wipes them. */
void toc_node_keys_make(struct toc_node_keys *keys, const uint8_t entropy[static 128]);
void toc_sign_keys_make(struct toc_sign_keys *keys, const uint8_t entropy[static 32]);

/* Key files: the sealed bytes; reading and writing them is the work of node. */

/* What a key file holds. Stored; never renumber. */
enum toc_keyfile_kind {
    TOC_KEYFILE_NODE = 1,
    TOC_KEYFILE_LOG = 2,
    TOC_KEYFILE_ORG = 3,
    TOC_KEYFILE_RECOVERY = 4,
    TOC_KEYFILE_FEDERATION = 5, /* F, for a handover by hand */
};

/* How its sealing key is had. Stored; never renumber. */
enum toc_keyfile_lock {
    TOC_LOCK_CREDENTIAL = 1, /* 32 raw bytes */
    TOC_LOCK_PASSPHRASE = 2, /* argon2id13, 256 MiB, ops 3: 0.5–0.7 s measured */
    TOC_LOCK_NODE = 3,       /* node.key's log_wrap, 32 bytes */
};

#define TOC_KEYFILE_OVERHEAD_BYTES 76u    /* header 60, tag 16: crypto/DESIGN.md */
#define TOC_KEYFILE_SECRET_BYTES_MAX 256u /* twice the largest secret, TOC_NODE_KEYS_BYTES */
#define TOC_KEYFILE_BYTES_MAX 512u        /* what a reader needs at most: 76 + 256, rounded up */
#define TOC_PASSPHRASE_BYTES_MAX 1024u    /* a line that a person can type */

/* What a lock needs to be opened: raw key of 32 bytes for CREDENTIAL and NODE, text of 1 to
 * TOC_PASSPHRASE_BYTES_MAX bytes for PASSPHRASE. Lends: secret. */
struct toc_unlock {
    enum toc_keyfile_lock lock;
    struct toc_span secret;
};

/* Strength of PASSPHRASE locks; tests use less. Read back from the file, bounded by
 * TOC_ARGON_MEMORY_KIB_MAX so that a hostile file cannot ask for more. */
#define TOC_ARGON_MEMORY_KIB_MIN 8u /* least of argon2 with one lane, RFC 9106 section 3.1 */
#define TOC_ARGON_MEMORY_KIB 262144u
#define TOC_ARGON_MEMORY_KIB_MAX 1048576u
#define TOC_ARGON_OPS 3u
#define TOC_ARGON_OPS_MAX 16u

/*
 * Seals `secret` into `out` (capacity out->len; set to the bytes written). `entropy` is fresh:
 * 16 bytes of salt, 24 of nonce. Layout: crypto/DESIGN.md "Key files". `memory_kib` counts for
 * PASSPHRASE alone (TOC_ARGON_MEMORY_KIB_MIN to _MAX); argon2id takes its memory inside libsodium.
 * `secret` has at most TOC_KEYFILE_SECRET_BYTES_MAX bytes.
 * Fails: PASSPHRASE (unlock.secret has not the length that its lock needs), FULL (out is smaller
 * than secret.len + TOC_KEYFILE_OVERHEAD_BYTES, or argon2id got no memory). Nothing is written on
 * failure, and out->len keeps its value.
 */
TOC_MUST_USE struct toc_err toc_keyfile_seal(struct toc_room *out, enum toc_keyfile_kind kind,
                                             struct toc_span secret, struct toc_unlock unlock,
                                             uint32_t memory_kib, const uint8_t entropy[static 40]);

/* Reads which kind and lock a file claims, without opening it. Fails: CORRUPT (not a key file, or
 * figures out of bounds), VERSION; kind and lock are then unchanged. */
TOC_MUST_USE struct toc_err toc_keyfile_lock(struct toc_span file, enum toc_keyfile_kind *kind,
                                             enum toc_keyfile_lock *lock);

/*
 * Opens. `secret` gets file.len - TOC_KEYFILE_OVERHEAD_BYTES bytes and its len is set to that.
 * Fails: CORRUPT (not a key file, wrong kind, or more than `secret` takes: the caller knows how
 * long a key of its kind is), VERSION, STATE (the lock differs from unlock.lock), FULL (argon2id
 * got no memory), PASSPHRASE (wrong secret or altered file). On failure the whole of `secret` is
 * wiped and its len 0.
 */
TOC_MUST_USE struct toc_err toc_keyfile_open(struct toc_room *secret, enum toc_keyfile_kind kind,
                                             struct toc_span file, struct toc_unlock unlock);

/* Fixed encodings of the secrets that key files hold; public keys are computed again. */
#define TOC_NODE_KEYS_BYTES 128u /* link_secret ‖ seal_secret ‖ store_key ‖ log_wrap */
void toc_node_keys_encode(uint8_t out[static TOC_NODE_KEYS_BYTES],
                          const struct toc_node_keys *keys);
void toc_node_keys_decode(struct toc_node_keys *keys, const uint8_t in[static TOC_NODE_KEYS_BYTES]);
/* A signing identity's file holds its 32-byte seed. */
void toc_sign_keys_encode(uint8_t seed[static 32], const struct toc_sign_keys *keys);

/* Small records at rest: XChaCha20-Poly1305 under KDF(store key, "store", purpose), so that a
 * record moved to another purpose does not open. `nonce` is fresh. out needs in.len + 40 bytes
 * (nonce ‖ ciphertext ‖ tag) and must not overlap `in`. */
#define TOC_REST_OVERHEAD_BYTES 40u
void toc_rest_seal(uint8_t *out, struct toc_span in, const uint8_t store_key[static TOC_KEY_BYTES],
                   struct toc_span purpose, const uint8_t nonce[static 24]);
/* out needs in.len - 40 bytes and must not overlap `in`. Fails: TRUNCATED (nothing is written),
 * DECRYPT (out is wiped). */
TOC_MUST_USE struct toc_err toc_rest_open(uint8_t *out, struct toc_span in,
                                          const uint8_t store_key[static TOC_KEY_BYTES],
                                          struct toc_span purpose);

#endif
