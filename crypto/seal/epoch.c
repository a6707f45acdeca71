/* SPDX-License-Identifier: EUPL-1.2 */
#include "raw.h"
#include "seal.h"

#include <string.h>

/* Each of these keys seals one message in its life, so their nonce can be constant. */
static const uint8_t nonce_once[TOC_RAW_CHACHA_NONCE_BYTES];

/* Offsets within a wrap. */
enum { WRAP_SUITE = 0, WRAP_KEY_ID = 1, WRAP_SEALED = 5 };
#define WRAP_KEY_ID_BYTES 4u

_Static_assert(WRAP_KEY_ID + WRAP_KEY_ID_BYTES == WRAP_SEALED, "no gap");
_Static_assert(WRAP_SEALED + TOC_KEY_BYTES + TOC_RAW_TAG_BYTES == TOC_WRAP_BYTES, "to the end");
_Static_assert(TOC_TAG_SEALED_BYTES == TOC_KEY_BYTES + TOC_RAW_TAG_BYTES, "key and tag");

void toc_epoch_key(uint8_t k[static TOC_KEY_BYTES], const uint8_t f[static TOC_KEY_BYTES],
                   const uint8_t group[static TOC_ID_BYTES],
                   const uint8_t parent[static TOC_HASH_BYTES],
                   const uint8_t e[static TOC_KEY_BYTES])
{
    struct toc_span parts[] = {
        toc_span(group, TOC_ID_BYTES),
        toc_span(parent, TOC_HASH_BYTES),
        toc_span(e, TOC_KEY_BYTES),
    };
    toc_kdf(k, f, TOC_CTX_K_EPOCH, parts, 3);
}

void toc_epoch_commit(uint8_t out[static TOC_HASH_BYTES], const uint8_t k[static TOC_KEY_BYTES])
{
    struct toc_span part = toc_span(k, TOC_KEY_BYTES);
    toc_hash(out, TOC_CTX_H_COMMIT, &part, 1);
}

void toc_author_key(uint8_t out[static TOC_KEY_BYTES], const uint8_t k[static TOC_KEY_BYTES],
                    const uint8_t log[static TOC_ID_BYTES])
{
    struct toc_span part = toc_span(log, TOC_ID_BYTES);
    toc_kdf(out, k, TOC_CTX_K_AUTHOR, &part, 1);
}

static void tag_lock_key(uint8_t key[static TOC_KEY_BYTES], const uint8_t *k, const uint8_t *group)
{
    struct toc_span part = toc_span(group, TOC_ID_BYTES);
    toc_kdf(key, k, TOC_CTX_K_TAG, &part, 1);
}

void toc_tag_seal(uint8_t out[static TOC_TAG_SEALED_BYTES], const uint8_t tag_key[static 32],
                  const uint8_t k[static TOC_KEY_BYTES], const uint8_t group[static TOC_ID_BYTES],
                  struct toc_span ad)
{
    uint8_t key[TOC_KEY_BYTES];
    tag_lock_key(key, k, group);
    struct toc_raw_lock lock = {TOC_RAW_CHACHA, key, nonce_once, ad};
    toc_raw_seal(out, toc_span(tag_key, TOC_KEY_BYTES), &lock);
    toc_wipe(key, sizeof key);
}

struct toc_err toc_tag_open(uint8_t tag_key[static 32],
                            const uint8_t in[static TOC_TAG_SEALED_BYTES],
                            const uint8_t k[static TOC_KEY_BYTES],
                            const uint8_t group[static TOC_ID_BYTES], struct toc_span ad)
{
    uint8_t key[TOC_KEY_BYTES];
    tag_lock_key(key, k, group);
    struct toc_raw_lock lock = {TOC_RAW_CHACHA, key, nonce_once, ad};
    bool opened = toc_raw_open(tag_key, toc_span(in, TOC_TAG_SEALED_BYTES), &lock);
    toc_wipe(key, sizeof key);
    return opened ? toc_ok() : toc_fail(TOC_DECRYPT, "the sealed tag key does not open");
}

/* One side of the X25519 of a wrap. */
struct wrap_dh {
    const uint8_t *secret;    /* ours */
    const uint8_t *public;    /* theirs */
    const uint8_t *recipient; /* public, of whoever opens */
};

static struct toc_err wrap_key(uint8_t key[static TOC_KEY_BYTES],
                               const struct toc_wrap_scope *scope, const struct wrap_dh *dh)
{
    uint8_t shared[TOC_KEY_BYTES];
    struct toc_err err = toc_dh(shared, dh->secret, dh->public);
    if (!toc_failed(err)) {
        struct toc_span parts[] = {
            toc_span(scope->group, TOC_ID_BYTES),
            toc_span(scope->parent, TOC_HASH_BYTES),
            toc_span(scope->ephemeral, TOC_KEY_BYTES),
            toc_span(dh->recipient, TOC_KEY_BYTES),
        };
        toc_kdf(key, shared, TOC_CTX_K_WRAP, parts, 4);
    }
    toc_wipe(shared, sizeof shared);
    return err;
}

struct toc_err toc_wrap_make(uint8_t out[static TOC_WRAP_BYTES], const struct toc_wrap_scope *scope,
                             const uint8_t ephemeral_secret[static TOC_KEY_BYTES],
                             const uint8_t recipient[static TOC_KEY_BYTES],
                             const uint8_t secret[static TOC_KEY_BYTES])
{
    uint8_t key[TOC_KEY_BYTES];
    struct wrap_dh dh = {ephemeral_secret, recipient, recipient};
    struct toc_err err = wrap_key(key, scope, &dh);
    if (toc_failed(err)) {
        toc_wipe(out, TOC_WRAP_BYTES);
    } else {
        struct toc_raw_lock lock = {TOC_RAW_CHACHA, key, nonce_once, toc_span(NULL, 0)};
        out[WRAP_SUITE] = TOC_WRAP_SUITE;
        memcpy(out + WRAP_KEY_ID, recipient, WRAP_KEY_ID_BYTES);
        toc_raw_seal(out + WRAP_SEALED, toc_span(secret, TOC_KEY_BYTES), &lock);
    }
    toc_wipe(key, sizeof key);
    return err;
}

/* What looking through the wraps has found; later ones are better. */
enum found { FOUND_NONE, FOUND_SUITE, FOUND_BROKEN, FOUND_OPEN };

static bool is_for(const uint8_t *wrap, const uint8_t *recipient)
{
    return memcmp(wrap + WRAP_KEY_ID, recipient, WRAP_KEY_ID_BYTES) == 0;
}

static enum found look(const uint8_t *wraps, size_t wrap_count, const uint8_t *recipient)
{
    enum found found = FOUND_NONE;
    for (size_t i = 0; i < wrap_count; i++) {
        const uint8_t *wrap = wraps + i * TOC_WRAP_BYTES;
        if (is_for(wrap, recipient)) {
            if (wrap[WRAP_SUITE] == TOC_WRAP_SUITE) {
                return FOUND_BROKEN;
            }
            found = FOUND_SUITE;
        }
    }
    return found;
}

/* Key ids are short, so another node's wrap may carry ours: the tag tells. */
static enum found try_all(uint8_t *secret, const uint8_t *wraps, size_t wrap_count,
                          const struct toc_raw_lock *lock, const uint8_t *recipient)
{
    for (size_t i = 0; i < wrap_count; i++) {
        const uint8_t *wrap = wraps + i * TOC_WRAP_BYTES;
        struct toc_span sealed = toc_span(wrap + WRAP_SEALED, TOC_WRAP_BYTES - WRAP_SEALED);
        if (wrap[WRAP_SUITE] == TOC_WRAP_SUITE && is_for(wrap, recipient) &&
            toc_raw_open(secret, sealed, lock)) {
            return FOUND_OPEN;
        }
    }
    return FOUND_BROKEN;
}

struct toc_err toc_wrap_open(uint8_t secret[static TOC_KEY_BYTES],
                             const struct toc_wrap_scope *scope, const uint8_t *wraps,
                             size_t wrap_count,
                             const uint8_t recipient_public[static TOC_KEY_BYTES],
                             const uint8_t recipient_secret[static TOC_KEY_BYTES])
{
    toc_wipe(secret, TOC_KEY_BYTES);
    enum found found = look(wraps, wrap_count, recipient_public);
    if (found == FOUND_NONE) {
        return toc_fail(TOC_WRAP, "no wrap is for this sealing key");
    }
    if (found == FOUND_SUITE) {
        return toc_fail(TOC_VERSION, "the wrap for this sealing key has an unknown suite");
    }
    uint8_t key[TOC_KEY_BYTES];
    struct wrap_dh dh = {recipient_secret, scope->ephemeral, recipient_public};
    struct toc_err err = wrap_key(key, scope, &dh);
    if (!toc_failed(err)) {
        struct toc_raw_lock lock = {TOC_RAW_CHACHA, key, nonce_once, toc_span(NULL, 0)};
        if (try_all(secret, wraps, wrap_count, &lock, recipient_public) != FOUND_OPEN) {
            err = toc_fail(TOC_DECRYPT, "the wrap for this sealing key does not open");
        }
    }
    toc_wipe(key, sizeof key);
    return err;
}
