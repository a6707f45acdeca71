/* SPDX-License-Identifier: EUPL-1.2 */
#include "ops.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* opening */

/* Says why a key file did not open; the code alone would not tell a person what to do. */
static struct toc_err explain(struct toc_err err, const struct toc_home *home, const char *name,
                              struct toc_line *line)
{
    const char *what = "it is damaged: bring it back from a backup";
    if (err.code == TOC_PASSPHRASE) {
        what = "wrong passphrase or credential, or the file was altered";
    } else if (err.code == TOC_VERSION) {
        what = "a newer version wrote it: update tocsin";
    } else if (err.code == TOC_STATE) {
        what = "it is locked in another way: give the passphrase or the credential that fits";
    } else if (err.code == TOC_FULL) {
        what = "argon2id needs 256 MiB of memory: free some";
    }
    toc_line_set(line, "cannot open %s/%s: %s", home->path, name, what);
    return err;
}

static struct toc_err open_sealed(const struct toc_home *home, const char *name,
                                  enum toc_keyfile_kind kind, struct toc_room secret,
                                  struct toc_span sealed, const struct toc_unlock *unlock,
                                  const struct toc_unlock_options *options, struct toc_line *line)
{
    enum toc_keyfile_kind found;
    enum toc_keyfile_lock lock;
    struct toc_err err = toc_keyfile_lock(sealed, &found, &lock);
    if (toc_failed(err)) {
        return explain(err, home, name, line);
    }
    struct toc_unlocked unlocked = {.guarded = NULL};
    if (unlock == NULL) {
        TOC_TRY(toc_unlock_find(&unlocked, options, lock, name, line));
        unlock = &unlocked.unlock;
    }
    size_t expected = secret.len;
    err = toc_keyfile_open(&secret, kind, sealed, *unlock);
    toc_unlocked_free(&unlocked);
    if (!toc_failed(err) && secret.len != expected) {
        toc_wipe(secret.at, expected);
        err = toc_fail(TOC_CORRUPT, "the key file holds another kind of secret");
    }
    return toc_failed(err) ? explain(err, home, name, line) : err;
}

struct toc_err toc_home_open_key(const struct toc_home *home, const char *name,
                                 enum toc_keyfile_kind kind, uint8_t *secret, size_t secret_bytes,
                                 const struct toc_unlock *unlock,
                                 const struct toc_unlock_options *options, struct toc_line *line)
{
    struct toc_bytes sealed;
    TOC_TRY(toc_home_read(home, name, TOC_KEYFILE_BYTES_MAX, &sealed, line));
    struct toc_room room = {secret, secret_bytes};
    struct toc_err err =
        open_sealed(home, name, kind, room, toc_span(sealed.at, sealed.len), unlock, options, line);
    toc_bytes_free(&sealed);
    return err;
}

/* sealing */

/* Tests open hundreds of files and have no secret to protect. */
static uint32_t argon_kib(void)
{
    const char *test = getenv("TOCSIN_TEST_ARGON_KIB");
    if (test == NULL) {
        return TOC_ARGON_MEMORY_KIB;
    }
    unsigned long kib = strtoul(test, NULL, 10);
    return kib >= TOC_ARGON_MEMORY_KIB_MIN && kib <= TOC_ARGON_MEMORY_KIB_MAX
               ? (uint32_t)kib
               : TOC_ARGON_MEMORY_KIB;
}

struct toc_err toc_key_seal(struct toc_bytes *sealed, enum toc_keyfile_kind kind,
                            struct toc_span secret, const struct toc_unlock *unlock,
                            struct toc_line *line)
{
    *sealed = (struct toc_bytes){malloc(TOC_KEYFILE_BYTES_MAX), TOC_KEYFILE_BYTES_MAX};
    if (sealed->at == NULL) {
        sealed->len = 0;
        return toc_line_fail(line, TOC_FULL, "out of memory");
    }
    uint8_t entropy[40];
    randombytes_buf(entropy, sizeof(entropy));
    struct toc_room out = {sealed->at, sealed->len};
    struct toc_err err = toc_keyfile_seal(&out, kind, secret, *unlock, argon_kib(), entropy);
    toc_wipe(entropy, sizeof(entropy));
    if (toc_failed(err)) {
        toc_bytes_free(sealed);
        toc_line_set(line, "cannot seal a key: %s", err.why);
        return err;
    }
    sealed->len = out.len;
    return toc_ok();
}

struct toc_err toc_home_seal_key(const struct toc_home *home, const char *name,
                                 enum toc_keyfile_kind kind, struct toc_span secret,
                                 const struct toc_unlock *unlock, struct toc_line *line)
{
    struct toc_bytes sealed;
    TOC_TRY(toc_key_seal(&sealed, kind, secret, unlock, line));
    struct toc_err err = toc_home_write(home, name, toc_span(sealed.at, sealed.len), line);
    toc_bytes_free(&sealed);
    return err;
}

/* the node's keys */

struct secrets {
    uint8_t node[TOC_NODE_KEYS_BYTES];
    uint8_t seed[32];
};

static struct toc_err open_both(struct toc_keyring *keyring, struct secrets *secrets,
                                const struct toc_home *home,
                                const struct toc_unlock_options *options, struct toc_line *line)
{
    TOC_TRY(toc_home_open_key(home, TOC_HOME_NODE_KEY, TOC_KEYFILE_NODE, secrets->node,
                              sizeof(secrets->node), NULL, options, line));
    toc_node_keys_decode(&keyring->node, secrets->node);
    const struct toc_unlock by_node = {
        TOC_LOCK_NODE, toc_span(keyring->node.log_wrap, sizeof(keyring->node.log_wrap))};
    TOC_TRY(toc_home_open_key(home, TOC_HOME_LOG_KEY, TOC_KEYFILE_LOG, secrets->seed,
                              sizeof(secrets->seed), &by_node, options, line));
    toc_sign_keys_make(&keyring->log, secrets->seed);
    return toc_ok();
}

struct toc_err toc_keyring_open(const struct toc_home *home,
                                const struct toc_unlock_options *options,
                                struct toc_keyring **keyring, struct toc_line *line)
{
    *keyring = toc_guarded_new(sizeof(**keyring));
    struct secrets *secrets = toc_guarded_new(sizeof(*secrets));
    struct toc_err err;
    if (*keyring == NULL || secrets == NULL) {
        err = toc_line_fail(line, TOC_FULL, "no guarded memory for keys: raise `ulimit -l`");
    } else {
        err = open_both(*keyring, secrets, home, options, line);
    }
    toc_guarded_free(secrets);
    if (toc_failed(err)) {
        toc_guarded_free(*keyring);
        *keyring = NULL;
    }
    return err;
}

void toc_keyring_close(struct toc_keyring *keyring)
{
    toc_guarded_free(keyring);
}

struct toc_err toc_keyring_store(const struct toc_home *home, const struct toc_keyring *keyring,
                                 const struct toc_unlock *unlock, struct toc_line *line)
{
    struct secrets *secrets = toc_guarded_new(sizeof(*secrets));
    if (secrets == NULL) {
        return toc_line_fail(line, TOC_FULL, "no guarded memory for keys: raise `ulimit -l`");
    }
    toc_node_keys_encode(secrets->node, &keyring->node);
    toc_sign_keys_encode(secrets->seed, &keyring->log);
    const struct toc_unlock by_node = {
        TOC_LOCK_NODE, toc_span(keyring->node.log_wrap, sizeof(keyring->node.log_wrap))};
    struct toc_err err =
        toc_home_seal_key(home, TOC_HOME_LOG_KEY, TOC_KEYFILE_LOG,
                          toc_span(secrets->seed, sizeof(secrets->seed)), &by_node, line);
    if (!toc_failed(err)) {
        err = toc_home_seal_key(home, TOC_HOME_NODE_KEY, TOC_KEYFILE_NODE,
                                toc_span(secrets->node, sizeof(secrets->node)), unlock, line);
    }
    toc_guarded_free(secrets);
    return err;
}

/* the organisation's key */

struct toc_err toc_org_keys_open(const struct toc_home *home,
                                 const struct toc_unlock_options *options,
                                 struct toc_sign_keys **keys, struct toc_line *line)
{
    *keys = toc_guarded_new(sizeof(**keys));
    uint8_t *seed = toc_guarded_new(32);
    struct toc_err err;
    if (*keys == NULL || seed == NULL) {
        err = toc_line_fail(line, TOC_FULL, "no guarded memory for keys: raise `ulimit -l`");
    } else {
        err = toc_home_open_key(home, TOC_HOME_ORG_KEY, TOC_KEYFILE_ORG, seed, 32, NULL, options,
                                line);
    }
    if (err.code == TOC_ABSENT) {
        toc_line_set(line, "%s/%s is not here: bring the organisation key back for this command",
                     home->path, TOC_HOME_ORG_KEY);
    }
    if (!toc_failed(err)) {
        toc_sign_keys_make(*keys, seed);
    }
    toc_guarded_free(seed);
    if (toc_failed(err)) {
        toc_guarded_free(*keys);
        *keys = NULL;
    }
    return err;
}

struct toc_err toc_org_keys_store(const struct toc_home *home, const struct toc_sign_keys *keys,
                                  const struct toc_unlock *unlock, struct toc_line *line)
{
    uint8_t *seed = toc_guarded_new(32);
    if (seed == NULL) {
        return toc_line_fail(line, TOC_FULL, "no guarded memory for keys: raise `ulimit -l`");
    }
    toc_sign_keys_encode(seed, keys);
    struct toc_err err = toc_home_seal_key(home, TOC_HOME_ORG_KEY, TOC_KEYFILE_ORG,
                                           toc_span(seed, 32), unlock, line);
    toc_guarded_free(seed);
    return err;
}
