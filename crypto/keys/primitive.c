/* SPDX-License-Identifier: EUPL-1.2 */
#include "primitive.h"

#include <sodium.h>

_Static_assert(sizeof(struct toc_hasher) >= sizeof(crypto_generichash_blake2b_state),
               "a hasher holds libsodium's state");
_Static_assert(_Alignof(struct toc_hasher) >= 64, "libsodium's state is aligned to 64 bytes");
_Static_assert(TOC_RAW_PERSONAL_BYTES == crypto_generichash_blake2b_PERSONALBYTES, "RFC 7693");
_Static_assert(TOC_SIGN_SECRET_BYTES == crypto_sign_ed25519_SECRETKEYBYTES, "seed and public key");
_Static_assert(TOC_SIG_BYTES == crypto_sign_ed25519_BYTES, "RFC 8032");
_Static_assert(TOC_KEY_BYTES == crypto_aead_chacha20poly1305_ietf_KEYBYTES, "RFC 8439");
_Static_assert(TOC_RAW_TAG_BYTES == crypto_aead_xchacha20poly1305_ietf_ABYTES, "RFC 8439");
_Static_assert(TOC_RAW_CHACHA_NONCE_BYTES == crypto_aead_chacha20poly1305_ietf_NPUBBYTES, "");
_Static_assert(TOC_RAW_XCHACHA_NONCE_BYTES == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, "");

static crypto_generichash_blake2b_state *state_of(struct toc_hasher *hasher)
{
    return (crypto_generichash_blake2b_state *)(void *)hasher->opaque;
}

void toc_raw_hash_init(struct toc_hasher *hasher, const uint8_t *personal, struct toc_span key,
                       size_t out_len)
{
    int failed = crypto_generichash_blake2b_init_salt_personal(
        state_of(hasher), key.len == 0 ? NULL : key.at, key.len, out_len, NULL, personal);
    TOC_ASSERT(failed == 0);
}

void toc_hasher_add(struct toc_hasher *hasher, struct toc_span part)
{
    int failed = crypto_generichash_blake2b_update(state_of(hasher), part.at, part.len);
    TOC_ASSERT(failed == 0);
}

void toc_raw_hash_final(struct toc_hasher *hasher, uint8_t *out, size_t out_len)
{
    int failed = crypto_generichash_blake2b_final(state_of(hasher), out, out_len);
    TOC_ASSERT(failed == 0);
    sodium_memzero(hasher, sizeof *hasher);
}

void toc_raw_sign(uint8_t sig[static TOC_SIG_BYTES], struct toc_span message,
                  const uint8_t secret[static TOC_SIGN_SECRET_BYTES])
{
    int failed = crypto_sign_ed25519_detached(sig, NULL, message.at, message.len, secret);
    TOC_ASSERT(failed == 0);
}

bool toc_raw_verify(const uint8_t sig[static TOC_SIG_BYTES], struct toc_span message,
                    const uint8_t public_key[static TOC_KEY_BYTES])
{
    return crypto_sign_ed25519_verify_detached(sig, message.at, message.len, public_key) == 0;
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
