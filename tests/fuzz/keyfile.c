/* SPDX-License-Identifier: EUPL-1.2 */
/* USES: keys */
/*
 * Key files, records at rest and typed ids against arbitrary bytes. The first byte says which. What
 * opens must seal again to the same bytes; passphrases are tried only where the file asks for
 * little memory, since an attacker's figures are bounded but slow.
 */
#include "keys.h"

#include <stdlib.h>
#include <string.h>

#define QUICK_KIB 64u
#define QUICK_PASSES 3u

static const uint8_t credential[32] = {1, 2, 3};

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

/* Seals the secret with the salt and nonce of the file that it came from. */
static void seals_to_the_same(struct toc_span file, enum toc_keyfile_kind kind,
                              struct toc_span secret, struct toc_unlock unlock)
{
    uint8_t again[TOC_KEYFILE_BYTES_MAX];
    struct toc_room room = {again, sizeof again};
    uint32_t memory_kib = toc_le32(file.at + 12);
    require(!toc_failed(toc_keyfile_seal(&room, kind, secret, unlock, memory_kib, file.at + 20)));
    /* Sealing always makes three passes; a file with others is another file. */
    if (unlock.lock != TOC_LOCK_PASSPHRASE || toc_le32(file.at + 16) == TOC_ARGON_OPS) {
        require(toc_span_equal(toc_span(again, room.len), file));
    }
}

static void key_file(struct toc_span file)
{
    enum toc_keyfile_kind kind = TOC_KEYFILE_NODE;
    enum toc_keyfile_lock lock = TOC_LOCK_CREDENTIAL;
    bool sane = !toc_failed(toc_keyfile_lock(file, &kind, &lock));
    struct toc_unlock unlock = {lock, toc_span(credential, sizeof credential)};
    if (lock == TOC_LOCK_PASSPHRASE) {
        if (toc_le32(file.at + 12) > QUICK_KIB || toc_le32(file.at + 16) > QUICK_PASSES) {
            return;
        }
        unlock.secret = toc_span_str("correct horse");
    }
    uint8_t *out = malloc(TOC_KEYFILE_SECRET_BYTES_MAX);
    require(out != NULL);
    memset(out, 0xaa, TOC_KEYFILE_SECRET_BYTES_MAX);
    struct toc_room room = {out, TOC_KEYFILE_SECRET_BYTES_MAX};
    if (toc_failed(toc_keyfile_open(&room, kind, file, unlock))) {
        require(room.len == 0 && toc_is_zero(out, TOC_KEYFILE_SECRET_BYTES_MAX));
    } else {
        require(sane && room.len + TOC_KEYFILE_OVERHEAD_BYTES == file.len);
        seals_to_the_same(file, kind, toc_span(out, room.len), unlock);
    }
    free(out);
}

/* The bytes as a secret to be sealed, and as a sealed record. */
static void at_rest(struct toc_span bytes)
{
    struct toc_span purpose = toc_span(bytes.at, bytes.len / 2);
    uint8_t *sealed = malloc(bytes.len + TOC_REST_OVERHEAD_BYTES);
    uint8_t *out = malloc(bytes.len + 1);
    require(sealed != NULL && out != NULL);
    require(toc_failed(toc_rest_open(out, bytes, credential, purpose)));
    toc_rest_seal(sealed, bytes, credential, purpose, credential);
    struct toc_span span = toc_span(sealed, bytes.len + TOC_REST_OVERHEAD_BYTES);
    require(!toc_failed(toc_rest_open(out, span, credential, purpose)));
    require(toc_span_equal(toc_span(out, bytes.len), bytes));
    free(sealed);
    free(out);
}

static void typed_id(struct toc_span text)
{
    uint8_t id[TOC_ID_BYTES], again[TOC_ID_BYTES];
    char canonical[TOC_ID_TEXT_BYTES];
    size_t bits, bits_again;
    if (toc_failed(toc_id_parse(id, &bits, text))) {
        require(bits == 0 && toc_is_zero(id, sizeof id));
        return;
    }
    toc_id_text(canonical, id);
    require(!toc_failed(toc_id_parse(again, &bits_again, toc_span(canonical, text.len))));
    require(bits == bits_again && memcmp(id, again, sizeof id) == 0);
    for (size_t i = 0; i < text.len; i++) {
        require((text.at[i] | 0x20) == (canonical[i] | 0x20));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    struct toc_span rest = toc_span(data + 1, size - 1);
    switch (data[0] % 3) {
    case 0:
        key_file(rest);
        break;
    case 1:
        at_rest(rest);
        break;
    default:
        typed_id(rest);
        break;
    }
    return 0;
}
