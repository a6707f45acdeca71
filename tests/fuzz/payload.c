/* SPDX-License-Identifier: EUPL-1.2 */
/* USES: seal raw */
/*
 * Payloads and wraps against arbitrary bytes. The first byte says which: a payload as it comes, one
 * whose padded plaintext a member with the key chose, a content to be sealed and opened, wraps.
 */
#include "raw.h"
#include "seal.h"

#include <stdlib.h>
#include <string.h>

static const uint8_t key[32] = {1}, nonce19[TOC_PAYLOAD_NONCE_BYTES] = {2};

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

/* What opens is what sealing its content gives: there is one payload for each content and nonce. */
static bool open_payload(struct toc_span payload)
{
    uint8_t *out = malloc(payload.len + 1);
    require(out != NULL);
    struct toc_span content;
    bool opened = !toc_failed(toc_payload_open(out, &content, payload, key, toc_span(NULL, 0)));
    if (opened) {
        uint8_t *again = malloc(payload.len);
        require(again != NULL && toc_payload_bytes(content.len) == payload.len);
        toc_payload_seal(again, content, key, toc_span(NULL, 0), payload.at);
        require(toc_span_equal(toc_span(again, payload.len), payload));
        free(again);
    } else {
        require(content.len == 0);
    }
    free(out);
    return opened;
}

static void chosen_plaintext(struct toc_span padded)
{
    uint8_t nonce[TOC_RAW_XCHACHA_NONCE_BYTES] = {0};
    if (padded.len > TOC_CHUNK_PLAIN_BYTES) {
        return;
    }
    uint8_t *payload = malloc(padded.len + sizeof nonce19 + TOC_RAW_TAG_BYTES);
    require(payload != NULL);
    struct toc_raw_lock lock = {TOC_RAW_XCHACHA, key, nonce, toc_span(NULL, 0)};
    memcpy(nonce, nonce19, sizeof nonce19);
    memcpy(payload, nonce19, sizeof nonce19);
    nonce[sizeof nonce - 1] = 1;
    toc_raw_seal(payload + sizeof nonce19, padded, &lock);
    (void)open_payload(toc_span(payload, padded.len + sizeof nonce19 + TOC_RAW_TAG_BYTES));
    free(payload);
}

static void content(struct toc_span bytes)
{
    size_t len = toc_payload_bytes(bytes.len);
    uint8_t *payload = malloc(len);
    require(payload != NULL);
    toc_payload_seal(payload, bytes, key, toc_span(NULL, 0), nonce19);
    require(open_payload(toc_span(payload, len)));
    free(payload);
}

static void wraps(struct toc_span bytes)
{
    static const uint8_t group[32] = {3}, secret[32] = {4};
    uint8_t recipient[32], unused[32], out[32];
    if (bytes.len < 32) {
        return;
    }
    toc_dh_keypair(recipient, unused, secret);
    struct toc_wrap_scope scope = {group, group, bytes.at};
    memset(out, 0xaa, sizeof out);
    /* The corpus holds the halves of one true wrap, of `key`: the fuzzer may join them. */
    struct toc_err err = toc_wrap_open(out, &scope, bytes.at + 32,
                                       (bytes.len - 32) / TOC_WRAP_BYTES, recipient, secret);
    require(toc_failed(err) ? toc_is_zero(out, sizeof out) : memcmp(out, key, sizeof out) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    struct toc_span rest = toc_span(data + 1, size - 1);
    switch (data[0] % 4) {
    case 0:
        (void)open_payload(rest);
        break;
    case 1:
        chosen_plaintext(rest);
        break;
    case 2:
        content(rest);
        break;
    default:
        wraps(rest);
        break;
    }
    return 0;
}
