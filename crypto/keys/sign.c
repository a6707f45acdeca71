/* SPDX-License-Identifier: EUPL-1.2 */
#include "context.h"

#include <string.h>

/* context, federation id and hash: everything that one signature covers, of fixed size, so
 * that no two statements have the same bytes. */
#define STATEMENT_BYTES (TOC_CONTEXT_BYTES + TOC_ID_BYTES + TOC_HASH_BYTES)

static void state(uint8_t out[static STATEMENT_BYTES], enum toc_context context,
                  const uint8_t *federation, const uint8_t *hash)
{
    toc_context_bytes(out, context, TOC_CONTEXT_SIGN);
    memcpy(out + TOC_CONTEXT_BYTES, federation, TOC_ID_BYTES);
    memcpy(out + TOC_CONTEXT_BYTES + TOC_ID_BYTES, hash, TOC_HASH_BYTES);
}

void toc_sign(uint8_t sig[static TOC_SIG_BYTES], enum toc_context context,
              const uint8_t federation[static TOC_ID_BYTES],
              const uint8_t hash[static TOC_HASH_BYTES],
              const uint8_t secret[static TOC_SIGN_SECRET_BYTES])
{
    uint8_t statement[STATEMENT_BYTES];
    state(statement, context, federation, hash);
    toc_raw_sign(sig, toc_span(statement, sizeof statement), secret);
}

struct toc_err toc_verify(const uint8_t sig[static TOC_SIG_BYTES], enum toc_context context,
                          const uint8_t federation[static TOC_ID_BYTES],
                          const uint8_t hash[static TOC_HASH_BYTES],
                          const uint8_t public_key[static TOC_KEY_BYTES])
{
    uint8_t statement[STATEMENT_BYTES];
    state(statement, context, federation, hash);
    if (!toc_raw_verify(sig, toc_span(statement, sizeof statement), public_key)) {
        return toc_fail(TOC_SIGNATURE,
                        "the signature does not fit the record, its use and the key");
    }
    return toc_ok();
}

void toc_sign_keypair(uint8_t public_key[static TOC_KEY_BYTES],
                      uint8_t secret[static TOC_SIGN_SECRET_BYTES],
                      const uint8_t entropy[static 32])
{
    toc_raw_sign_keypair(public_key, secret, entropy);
}

void toc_dh_keypair(uint8_t public_key[static TOC_KEY_BYTES], uint8_t secret[static TOC_KEY_BYTES],
                    const uint8_t entropy[static 32])
{
    memmove(secret, entropy, TOC_KEY_BYTES);
    toc_raw_dh_public(public_key, secret);
}

/* */
struct toc_err toc_dh(uint8_t out[static TOC_KEY_BYTES], const uint8_t secret[static TOC_KEY_BYTES],
                      const uint8_t public_key[static TOC_KEY_BYTES])
{
    if (!toc_raw_dh(out, secret, public_key)) {
        return toc_fail(TOC_HANDSHAKE, "the public key is a point of low order");
    }
    return toc_ok();
}

bool toc_secret_equal(const void *a, const void *b, size_t len)
{
    return toc_raw_equal(a, b, len);
}

void toc_wipe(void *at, size_t len)
{
    toc_raw_wipe(at, len);
}

void toc_node_keys_make(struct toc_node_keys *keys, const uint8_t entropy[static 128])
{
    toc_node_keys_decode(keys, entropy);
}

void toc_sign_keys_make(struct toc_sign_keys *keys, const uint8_t entropy[static 32])
{
    toc_sign_keypair(keys->public_key, keys->secret, entropy);
}

void toc_node_keys_encode(uint8_t out[static TOC_NODE_KEYS_BYTES], const struct toc_node_keys *keys)
{
    memcpy(out, keys->link_secret, 32);
    memcpy(out + 32, keys->seal_secret, 32);
    memcpy(out + 64, keys->store_key, 32);
    memcpy(out + 96, keys->log_wrap, 32);
}

void toc_node_keys_decode(struct toc_node_keys *keys, const uint8_t in[static TOC_NODE_KEYS_BYTES])
{
    toc_dh_keypair(keys->link_public, keys->link_secret, in);
    toc_dh_keypair(keys->seal_public, keys->seal_secret, in + 32);
    memcpy(keys->store_key, in + 64, 32);
    memcpy(keys->log_wrap, in + 96, 32);
}

void toc_sign_keys_encode(uint8_t seed[static 32], const struct toc_sign_keys *keys)
{
    memcpy(seed, keys->secret, 32);
}
