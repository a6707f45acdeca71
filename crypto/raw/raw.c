/* SPDX-License-Identifier: EUPL-1.2 */
#include "raw.h"

#include <sodium.h>
#include <string.h>

_Static_assert(sizeof(struct toc_raw_hash) >= sizeof(crypto_generichash_blake2b_state), "");
_Static_assert(_Alignof(struct toc_raw_hash) >= _Alignof(crypto_generichash_blake2b_state), "");
_Static_assert(TOC_RAW_PERSONAL_BYTES == crypto_generichash_blake2b_PERSONALBYTES, "");
_Static_assert(TOC_RAW_HASH_BYTES_MIN == crypto_generichash_blake2b_BYTES_MIN, "");
_Static_assert(TOC_RAW_HASH_BYTES_MAX == crypto_generichash_blake2b_BYTES_MAX, "");
_Static_assert(TOC_RAW_SIG_BYTES == crypto_sign_ed25519_BYTES, "");
_Static_assert(TOC_RAW_SIGN_PUBLIC_BYTES == crypto_sign_ed25519_PUBLICKEYBYTES, "");
_Static_assert(TOC_RAW_SIGN_SECRET_BYTES == crypto_sign_ed25519_SECRETKEYBYTES, "");
_Static_assert(TOC_RAW_SIGN_SEED_BYTES == crypto_sign_ed25519_SEEDBYTES, "");
_Static_assert(TOC_RAW_DH_BYTES == crypto_scalarmult_curve25519_BYTES, "");
_Static_assert(TOC_RAW_AEAD_KEY_BYTES == crypto_aead_chacha20poly1305_ietf_KEYBYTES, "");
_Static_assert(TOC_RAW_AEAD_KEY_BYTES == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "");
_Static_assert(TOC_RAW_TAG_BYTES == crypto_aead_chacha20poly1305_ietf_ABYTES, "");
_Static_assert(TOC_RAW_TAG_BYTES == crypto_aead_xchacha20poly1305_ietf_ABYTES, "");
_Static_assert(TOC_RAW_CHACHA_NONCE_BYTES == crypto_aead_chacha20poly1305_ietf_NPUBBYTES, "");
_Static_assert(TOC_RAW_XCHACHA_NONCE_BYTES == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, "");
_Static_assert(TOC_RAW_SALT_BYTES == crypto_pwhash_argon2id_SALTBYTES, "");

static crypto_generichash_blake2b_state *state_of(struct toc_raw_hash *hash)
{
    return (crypto_generichash_blake2b_state *)(void *)hash->opaque;
}

void toc_raw_hash_init(struct toc_raw_hash *hash, const uint8_t *personal, struct toc_span key,
                       size_t out_len)
{
    TOC_ASSERT(out_len >= TOC_RAW_HASH_BYTES_MIN && out_len <= TOC_RAW_HASH_BYTES_MAX);
    int failed = crypto_generichash_blake2b_init_salt_personal(
        state_of(hash), key.len == 0 ? NULL : key.at, key.len, out_len, NULL, personal);
    TOC_ASSERT(failed == 0);
}

void toc_raw_hash_add(struct toc_raw_hash *hash, struct toc_span part)
{
    int failed = crypto_generichash_blake2b_update(state_of(hash), part.at, part.len);
    TOC_ASSERT(failed == 0);
}

void toc_raw_hash_final(struct toc_raw_hash *hash, uint8_t *out, size_t out_len)
{
    int failed = crypto_generichash_blake2b_final(state_of(hash), out, out_len);
    TOC_ASSERT(failed == 0);
    sodium_memzero(hash, sizeof *hash);
}

void toc_raw_sign_keypair(uint8_t public_key[static TOC_RAW_SIGN_PUBLIC_BYTES],
                          uint8_t secret[static TOC_RAW_SIGN_SECRET_BYTES],
                          const uint8_t seed[static TOC_RAW_SIGN_SEED_BYTES])
{
    int failed = crypto_sign_ed25519_seed_keypair(public_key, secret, seed);
    TOC_ASSERT(failed == 0);
}

void toc_raw_sign(uint8_t sig[static TOC_RAW_SIG_BYTES], struct toc_span message,
                  const uint8_t secret[static TOC_RAW_SIGN_SECRET_BYTES])
{
    int failed = crypto_sign_ed25519_detached(sig, NULL, message.at, message.len, secret);
    TOC_ASSERT(failed == 0);
}

/* what libsodium accepts is part of the protocol. */
bool toc_raw_verify(const uint8_t sig[static TOC_RAW_SIG_BYTES], struct toc_span message,
                    const uint8_t public_key[static TOC_RAW_SIGN_PUBLIC_BYTES])
{
    return crypto_sign_ed25519_verify_detached(sig, message.at, message.len, public_key) == 0;
}

void toc_raw_dh_public(uint8_t public_key[static TOC_RAW_DH_BYTES],
                       const uint8_t secret[static TOC_RAW_DH_BYTES])
{
    int failed = crypto_scalarmult_curve25519_base(public_key, secret);
    TOC_ASSERT(failed == 0);
}

bool toc_raw_dh(uint8_t out[static TOC_RAW_DH_BYTES], const uint8_t secret[static TOC_RAW_DH_BYTES],
                const uint8_t public_key[static TOC_RAW_DH_BYTES])
{
    /* libsodium refuses points of low order, the check that RFC 7748 section 6.1 leaves open. */
    if (crypto_scalarmult_curve25519(out, secret, public_key) != 0) {
        sodium_memzero(out, TOC_RAW_DH_BYTES);
        return false;
    }
    return true;
}

void toc_raw_seal(uint8_t *out, struct toc_span plain, const struct toc_raw_lock *lock)
{
    int failed = -1;
    switch (lock->cipher) {
    case TOC_RAW_CHACHA:
        failed =
            crypto_aead_chacha20poly1305_ietf_encrypt(out, NULL, plain.at, plain.len, lock->ad.at,
                                                      lock->ad.len, NULL, lock->nonce, lock->key);
        break;
    case TOC_RAW_XCHACHA:
        failed =
            crypto_aead_xchacha20poly1305_ietf_encrypt(out, NULL, plain.at, plain.len, lock->ad.at,
                                                       lock->ad.len, NULL, lock->nonce, lock->key);
        break;
    }
    TOC_ASSERT(failed == 0);
}

bool toc_raw_open(uint8_t *out, struct toc_span sealed, const struct toc_raw_lock *lock)
{
    int failed = -1;
    switch (lock->cipher) {
    case TOC_RAW_CHACHA:
        failed = crypto_aead_chacha20poly1305_ietf_decrypt(out, NULL, NULL, sealed.at, sealed.len,
                                                           lock->ad.at, lock->ad.len, lock->nonce,
                                                           lock->key);
        break;
    case TOC_RAW_XCHACHA:
        failed = crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL, NULL, sealed.at, sealed.len,
                                                            lock->ad.at, lock->ad.len, lock->nonce,
                                                            lock->key);
        break;
    }
    return failed == 0;
}

bool toc_raw_stretch(uint8_t out[static 32], struct toc_span passphrase,
                     const uint8_t salt[static TOC_RAW_SALT_BYTES], struct toc_raw_stretch strength)
{
    int failed = crypto_pwhash_argon2id(out, 32, (const char *)passphrase.at, passphrase.len, salt,
                                        strength.passes, (size_t)strength.memory_kib * 1024,
                                        crypto_pwhash_argon2id_ALG_ARGON2ID13);
    if (failed != 0) {
        sodium_memzero(out, 32);
    }
    return failed == 0;
}

bool toc_raw_equal(const void *a, const void *b, size_t len)
{
    return sodium_memcmp(a, b, len) == 0;
}

void toc_raw_wipe(void *at, size_t len)
{
    sodium_memzero(at, len);
}
