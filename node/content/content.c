/* SPDX-License-Identifier: EUPL-1.2 */
#include "content.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

/* Level 3 takes 2 ms a MiB here; higher ones cost tenfold for a few percent. */
#define ZSTD_LEVEL 3
/* Smaller ones do not shrink: text of a few words behind 96 bytes of key and signature. */
#define PACK_BYTES_MIN 256u

/* zstd's working memory: to make it costs more than a bulletin of a few hundred bytes, so some is
 * kept for those who come next */

/* As many as work at a time: two desks and the feeder. Whoever finds none makes its own. */
#define KEPT 3u
/* Larger ones need more memory than is kept. */
#define KEPT_BYTES_MAX ((size_t)64 * 1024)

struct kept {
    pthread_mutex_t mutex;
    void *at[KEPT];
};
static struct kept packers = {.mutex = PTHREAD_MUTEX_INITIALIZER};
static struct kept unpackers = {.mutex = PTHREAD_MUTEX_INITIALIZER};

/* NULL: none is kept. */
static void *take_kept(struct kept *kept)
{
    void *taken = NULL;
    (void)pthread_mutex_lock(&kept->mutex);
    for (size_t i = 0; i < KEPT && taken == NULL; i++) {
        taken = kept->at[i];
        kept->at[i] = NULL;
    }
    (void)pthread_mutex_unlock(&kept->mutex);
    return taken;
}

/* Gives it back where there is no room for it. */
static void *keep(struct kept *kept, void *context)
{
    (void)pthread_mutex_lock(&kept->mutex);
    for (size_t i = 0; i < KEPT && context != NULL; i++) {
        if (kept->at[i] == NULL) {
            kept->at[i] = context;
            context = NULL;
        }
    }
    (void)pthread_mutex_unlock(&kept->mutex);
    return context;
}

static size_t pack(struct toc_room room, struct toc_span plaintext)
{
    if (plaintext.len > KEPT_BYTES_MAX) {
        return ZSTD_compress(room.at, room.len, plaintext.at, plaintext.len, ZSTD_LEVEL);
    }
    ZSTD_CCtx *context = take_kept(&packers);
    context = context == NULL ? ZSTD_createCCtx() : context;
    if (context == NULL) {
        return 0;
    }
    size_t put =
        ZSTD_compressCCtx(context, room.at, room.len, plaintext.at, plaintext.len, ZSTD_LEVEL);
    ZSTD_freeCCtx(keep(&packers, context));
    return put;
}

static size_t unpack(struct toc_room room, struct toc_span frame)
{
    ZSTD_DCtx *context = take_kept(&unpackers);
    context = context == NULL ? ZSTD_createDCtx() : context;
    if (context == NULL) {
        return 0;
    }
    size_t put = ZSTD_decompressDCtx(context, room.at, room.len, frame.at, frame.len);
    ZSTD_freeDCtx(keep(&unpackers, context));
    return put;
}

/* codec */

/* Fills `room` with codec and compressed bytes; 0 when that is no gain. */
static size_t compress(struct toc_room room, struct toc_span plaintext)
{
    if (plaintext.len < PACK_BYTES_MIN) {
        return 0;
    }
    size_t put = pack((struct toc_room){room.at + 1, room.len - 1}, plaintext);
    if (put == 0 || ZSTD_isError(put) || put >= plaintext.len) {
        return 0;
    }
    room.at[0] = TOC_CODEC_ZSTD;
    return put + 1;
}

struct toc_err toc_content_pack(struct toc_bytes *content, struct toc_span plaintext)
{
    *content = (struct toc_bytes){NULL, 0};
    if (plaintext.len > TOC_PLAINTEXT_BYTES_MAX) {
        return toc_fail(TOC_LIMIT, "a bulletin has 64 MiB at most: split it");
    }
    size_t bound = ZSTD_compressBound(plaintext.len) + 1;
    uint8_t *at = malloc(bound);
    if (at == NULL) {
        return toc_fail(TOC_FULL, "no memory for a bulletin");
    }
    size_t len = compress((struct toc_room){at, bound}, plaintext);
    if (len == 0) {
        at[0] = TOC_CODEC_RAW;
        memcpy(at + 1, plaintext.at, plaintext.len);
        len = plaintext.len + 1;
    }
    *content = (struct toc_bytes){at, len};
    if (len > TOC_CONTENT_BYTES_MAX) {
        toc_bytes_free(content);
        return toc_fail(TOC_LIMIT, "a bulletin has 16 MiB at most after compression: split it");
    }
    return toc_ok();
}

static struct toc_err decompress(struct toc_bytes *plaintext, struct toc_span frame)
{
    unsigned long long declared = ZSTD_getFrameContentSize(frame.at, frame.len);
    if (declared == ZSTD_CONTENTSIZE_ERROR || declared == ZSTD_CONTENTSIZE_UNKNOWN) {
        return toc_fail(TOC_MALFORMED, "not a compressed bulletin");
    }
    if (declared > TOC_PLAINTEXT_BYTES_MAX) {
        return toc_fail(TOC_LIMIT, "a bulletin has 64 MiB at most");
    }
    size_t room = declared == 0 ? 1 : (size_t)declared;
    uint8_t *at = malloc(room);
    if (at == NULL) {
        return toc_fail(TOC_FULL, "no memory for a bulletin");
    }
    size_t got = unpack((struct toc_room){at, room}, frame);
    if (ZSTD_isError(got) || got != declared) {
        free(at);
        return toc_fail(TOC_MALFORMED, "a compressed bulletin does not unpack");
    }
    *plaintext = (struct toc_bytes){at, got};
    return toc_ok();
}

/* */
struct toc_err toc_content_unpack(struct toc_bytes *plaintext, struct toc_span content)
{
    *plaintext = (struct toc_bytes){NULL, 0};
    if (content.len == 0) {
        return toc_fail(TOC_TRUNCATED, "empty content");
    }
    struct toc_span body = toc_span(content.at + 1, content.len - 1);
    if (content.at[0] == TOC_CODEC_ZSTD) {
        return decompress(plaintext, body);
    }
    if (content.at[0] != TOC_CODEC_RAW) {
        return toc_fail(TOC_VERSION, "content in an unknown codec");
    }
    uint8_t *at = malloc(body.len + 1);
    if (at == NULL) {
        return toc_fail(TOC_FULL, "no memory for a bulletin");
    }
    memcpy(at, body.at, body.len);
    *plaintext = (struct toc_bytes){at, body.len};
    return toc_ok();
}

/* reading */

/* Lists of the largest bulletin, 100,000 indicators of some 120 bytes, and room. */
#define ARENA_BYTES_MAX ((size_t)64 * 1024 * 1024)
#define ARENA_BYTES_START ((size_t)16 * 1024)

static struct toc_err decode(struct toc_content *content)
{
    struct toc_err err = toc_fail(TOC_FULL, "no memory for a bulletin");
    for (size_t size = ARENA_BYTES_START; size <= ARENA_BYTES_MAX; size *= 8) {
        content->memory = malloc(size);
        if (content->memory == NULL) {
            return toc_fail(TOC_FULL, "no memory for a bulletin");
        }
        struct toc_arena arena;
        toc_arena_init(&arena, content->memory, size);
        err = toc_bulletin_decode(&content->bulletin, content->parts.canonical, &arena);
        if (err.code != TOC_FULL) {
            return err;
        }
        free(content->memory);
        content->memory = NULL;
    }
    return err;
}

struct toc_err toc_content_read(struct toc_content *content, struct toc_span plaintext,
                                const uint8_t federation[static TOC_ID_BYTES])
{
    memset(content, 0, sizeof(*content));
    TOC_TRY(toc_bulletin_split(plaintext, &content->parts));
    struct toc_err err = decode(content);
    if (!toc_failed(err) && memcmp(content->bulletin.federation, federation, TOC_ID_BYTES) != 0) {
        err = toc_fail(TOC_FEDERATION, "the bulletin belongs to another federation");
    }
    if (toc_failed(err)) {
        toc_content_clear(content);
        return err;
    }
    toc_bulletin_id(content->id, content->parts.canonical);
    return toc_ok();
}

void toc_content_clear(struct toc_content *content)
{
    free(content->memory);
    memset(content, 0, sizeof(*content));
}

/* */
struct toc_err toc_content_vouch(const struct toc_content *content, struct toc_span plaintext,
                                 const struct toc_voucher *voucher)
{
    const uint8_t *author = content->bulletin.author;
    if (memcmp(content->parts.log_key, voucher->log_key, TOC_KEY_BYTES) == 0) {
        if (memcmp(author, voucher->org, TOC_ID_BYTES) != 0) {
            return toc_fail(TOC_STRANGER, "the bulletin names an author who did not write it");
        }
        return toc_ok();
    }
    if (!voucher->certifies(voucher->arg, content->parts.log_key, author)) {
        return toc_fail(TOC_STRANGER, "the bulletin's key was not certified for its author");
    }
    uint8_t id[TOC_ID_BYTES];
    return toc_bulletin_verify(plaintext, voucher->federation, id);
}
