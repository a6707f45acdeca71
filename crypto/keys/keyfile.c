/* SPDX-License-Identifier: EUPL-1.2 */
/* Key files and small records at rest. The layout and its reasons: crypto/DESIGN.md "Key files". */
#include "keys.h"
#include "raw.h"

#include <string.h>

#define KEYFILE_VERSION 1u
#define MAGIC_BYTES 8u

/* Offsets within the header. All integers are little-endian. */
enum {
    AT_MAGIC = 0,
    AT_VERSION = 8,
    AT_KIND = 9,
    AT_LOCK = 10,
    AT_ZERO = 11,
    AT_MEMORY = 12,
    AT_OPS = 16,
    AT_SALT = 20,
    AT_NONCE = 36,
    AT_SECRET = 60,
};

static const uint8_t magic[MAGIC_BYTES] = {'t', 'o', 'c', '-', 'k', 'e', 'y', '\n'};

_Static_assert(AT_SALT + TOC_RAW_SALT_BYTES == AT_NONCE, "no gap");
_Static_assert(AT_NONCE + TOC_RAW_XCHACHA_NONCE_BYTES == AT_SECRET, "no gap");
_Static_assert(AT_SECRET + TOC_RAW_TAG_BYTES == TOC_KEYFILE_OVERHEAD_BYTES, "header and tag");
_Static_assert(TOC_REST_OVERHEAD_BYTES == TOC_RAW_XCHACHA_NONCE_BYTES + TOC_RAW_TAG_BYTES, "");
_Static_assert(TOC_KEYFILE_SECRET_BYTES_MAX + TOC_KEYFILE_OVERHEAD_BYTES <= TOC_KEYFILE_BYTES_MAX,
               "every key file fits a reader's room");

static struct toc_err check_unlock(struct toc_unlock unlock)
{
    bool good = false;
    switch (unlock.lock) {
    case TOC_LOCK_CREDENTIAL:
    case TOC_LOCK_NODE:
        good = unlock.secret.len == TOC_KEY_BYTES;
        break;
    case TOC_LOCK_PASSPHRASE:
        good = unlock.secret.len >= 1 && unlock.secret.len <= TOC_PASSPHRASE_BYTES_MAX;
        break;
    }
    return good ? toc_ok()
                : toc_fail(TOC_PASSPHRASE, "a credential has 32 bytes, a passphrase 1 to 1,024");
}

/* The sealing key: what the lock gives, bound to the header up to the salt. */
static struct toc_err derive(uint8_t key[static TOC_KEY_BYTES], const uint8_t *header,
                             struct toc_unlock unlock)
{
    uint8_t base[TOC_KEY_BYTES];
    struct toc_err err = toc_ok();
    if (unlock.lock == TOC_LOCK_PASSPHRASE) {
        struct toc_raw_stretch strength = {toc_le32(header + AT_MEMORY), toc_le32(header + AT_OPS)};
        if (!toc_raw_stretch(base, unlock.secret, header + AT_SALT, strength)) {
            err = toc_fail(TOC_FULL, "too little memory for the passphrase's key derivation");
        }
    } else {
        memcpy(base, unlock.secret.at, sizeof base);
    }
    if (!toc_failed(err)) {
        struct toc_span part = toc_span(header, AT_NONCE);
        toc_kdf(key, base, TOC_CTX_K_KEYFILE, &part, 1);
    }
    toc_wipe(base, sizeof base);
    return err;
}

static struct toc_raw_lock file_lock(const uint8_t *header, const uint8_t *key)
{
    return (struct toc_raw_lock){TOC_RAW_XCHACHA, key, header + AT_NONCE,
                                 toc_span(header, AT_SECRET)};
}

static void put_header(uint8_t header[static AT_SECRET], enum toc_keyfile_kind kind,
                       enum toc_keyfile_lock lock, uint32_t memory_kib, const uint8_t *entropy)
{
    bool hard = lock == TOC_LOCK_PASSPHRASE;
    memset(header, 0, AT_SECRET);
    memcpy(header + AT_MAGIC, magic, MAGIC_BYTES);
    header[AT_VERSION] = KEYFILE_VERSION;
    header[AT_KIND] = (uint8_t)kind;
    header[AT_LOCK] = (uint8_t)lock;
    toc_put_le32(header + AT_MEMORY, hard ? memory_kib : 0);
    toc_put_le32(header + AT_OPS, hard ? TOC_ARGON_OPS : 0);
    memcpy(header + AT_SALT, entropy, TOC_RAW_SALT_BYTES);
    memcpy(header + AT_NONCE, entropy + TOC_RAW_SALT_BYTES, TOC_RAW_XCHACHA_NONCE_BYTES);
}

struct toc_err toc_keyfile_seal(struct toc_room *out, enum toc_keyfile_kind kind,
                                struct toc_span secret, struct toc_unlock unlock,
                                uint32_t memory_kib, const uint8_t entropy[static 40])
{
    TOC_ASSERT(secret.len <= TOC_KEYFILE_SECRET_BYTES_MAX);
    TOC_ASSERT(unlock.lock != TOC_LOCK_PASSPHRASE ||
               (memory_kib >= TOC_ARGON_MEMORY_KIB_MIN && memory_kib <= TOC_ARGON_MEMORY_KIB_MAX));
    TOC_TRY(check_unlock(unlock));
    if (out->len < secret.len + TOC_KEYFILE_OVERHEAD_BYTES) {
        return toc_fail(TOC_FULL, "the room for a key file is too small");
    }
    uint8_t header[AT_SECRET];
    uint8_t key[TOC_KEY_BYTES];
    put_header(header, kind, unlock.lock, memory_kib, entropy);
    struct toc_err err = derive(key, header, unlock);
    if (!toc_failed(err)) {
        struct toc_raw_lock lock = file_lock(header, key);
        memcpy(out->at, header, AT_SECRET);
        toc_raw_seal(out->at + AT_SECRET, secret, &lock);
        out->len = secret.len + TOC_KEYFILE_OVERHEAD_BYTES;
    }
    toc_wipe(key, sizeof key);
    return err;
}

/* The figures of argon2id are within bounds, or zero where they do not count. */
static bool strength_is_sane(const uint8_t *file)
{
    uint32_t memory_kib = toc_le32(file + AT_MEMORY);
    uint32_t ops = toc_le32(file + AT_OPS);
    if (file[AT_LOCK] != TOC_LOCK_PASSPHRASE) {
        return memory_kib == 0 && ops == 0;
    }
    return memory_kib >= TOC_ARGON_MEMORY_KIB_MIN && memory_kib <= TOC_ARGON_MEMORY_KIB_MAX &&
           ops >= 1 && ops <= TOC_ARGON_OPS_MAX;
}

static struct toc_err check_header(struct toc_span file)
{
    if (file.len < AT_VERSION + 1 || memcmp(file.at, magic, MAGIC_BYTES) != 0) {
        return toc_fail(TOC_CORRUPT, "not a key file");
    }
    if (file.at[AT_VERSION] != KEYFILE_VERSION) {
        return toc_fail(TOC_VERSION, "the key file was written by a newer version");
    }
    bool sized = file.len >= TOC_KEYFILE_OVERHEAD_BYTES &&
                 file.len <= TOC_KEYFILE_OVERHEAD_BYTES + TOC_KEYFILE_SECRET_BYTES_MAX;
    if (!sized || file.at[AT_KIND] < TOC_KEYFILE_NODE ||
        file.at[AT_KIND] > TOC_KEYFILE_FEDERATION || file.at[AT_LOCK] < TOC_LOCK_CREDENTIAL ||
        file.at[AT_LOCK] > TOC_LOCK_NODE || file.at[AT_ZERO] != 0 || !strength_is_sane(file.at)) {
        return toc_fail(TOC_CORRUPT, "the key file is cut or altered");
    }
    return toc_ok();
}

struct toc_err toc_keyfile_lock(struct toc_span file, enum toc_keyfile_kind *kind,
                                enum toc_keyfile_lock *lock)
{
    TOC_TRY(check_header(file));
    *kind = (enum toc_keyfile_kind)file.at[AT_KIND];
    *lock = (enum toc_keyfile_lock)file.at[AT_LOCK];
    return toc_ok();
}

static struct toc_err check_open(const struct toc_room *secret, enum toc_keyfile_kind kind,
                                 struct toc_span file, struct toc_unlock unlock)
{
    TOC_TRY(check_header(file));
    if (file.at[AT_KIND] != kind) {
        return toc_fail(TOC_CORRUPT, "the key file holds another kind of key");
    }
    if (file.at[AT_LOCK] != unlock.lock) {
        return toc_fail(TOC_STATE, "the key file has another lock");
    }
    if (secret->len < file.len - TOC_KEYFILE_OVERHEAD_BYTES) {
        return toc_fail(TOC_CORRUPT, "the key file holds more than a key of its kind");
    }
    return check_unlock(unlock);
}

struct toc_err toc_keyfile_open(struct toc_room *secret, enum toc_keyfile_kind kind,
                                struct toc_span file, struct toc_unlock unlock)
{
    uint8_t key[TOC_KEY_BYTES];
    struct toc_err err = check_open(secret, kind, file, unlock);
    if (!toc_failed(err)) {
        err = derive(key, file.at, unlock);
    }
    if (!toc_failed(err)) {
        struct toc_raw_lock lock = file_lock(file.at, key);
        struct toc_span sealed = toc_span(file.at + AT_SECRET, file.len - AT_SECRET);
        if (!toc_raw_open(secret->at, sealed, &lock)) {
            err = toc_fail(TOC_PASSPHRASE, "wrong passphrase or credential, or an altered file");
        }
    }
    toc_wipe(key, sizeof key);
    if (toc_failed(err)) {
        toc_wipe(secret->at, secret->len);
        secret->len = 0;
        return err;
    }
    secret->len = file.len - TOC_KEYFILE_OVERHEAD_BYTES;
    return err;
}

void toc_rest_seal(uint8_t *out, struct toc_span in, const uint8_t store_key[static TOC_KEY_BYTES],
                   struct toc_span purpose, const uint8_t nonce[static 24])
{
    uint8_t key[TOC_KEY_BYTES];
    toc_kdf(key, store_key, TOC_CTX_K_STORE, &purpose, 1);
    memcpy(out, nonce, TOC_RAW_XCHACHA_NONCE_BYTES);
    struct toc_raw_lock lock = {TOC_RAW_XCHACHA, key, out, toc_span(NULL, 0)};
    toc_raw_seal(out + TOC_RAW_XCHACHA_NONCE_BYTES, in, &lock);
    toc_wipe(key, sizeof key);
}

struct toc_err toc_rest_open(uint8_t *out, struct toc_span in,
                             const uint8_t store_key[static TOC_KEY_BYTES], struct toc_span purpose)
{
    if (in.len < TOC_REST_OVERHEAD_BYTES) {
        return toc_fail(TOC_TRUNCATED, "a sealed record is shorter than its nonce and tag");
    }
    uint8_t key[TOC_KEY_BYTES];
    toc_kdf(key, store_key, TOC_CTX_K_STORE, &purpose, 1);
    struct toc_raw_lock lock = {TOC_RAW_XCHACHA, key, in.at, toc_span(NULL, 0)};
    struct toc_span sealed =
        toc_span(in.at + TOC_RAW_XCHACHA_NONCE_BYTES, in.len - TOC_RAW_XCHACHA_NONCE_BYTES);
    bool opened = toc_raw_open(out, sealed, &lock);
    toc_wipe(key, sizeof key);
    return opened ? toc_ok() : toc_fail(TOC_DECRYPT, "the sealed record does not open");
}
