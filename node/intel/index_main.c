/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * tocsin-index: reads bulletins from its input, writes their facts to its output, and does nothing
 * else. It holds no keys, opens no file and no socket after its start, gains no privilege, and ends
 * when its input ends. What crashes it ends here.
 */
#include "index_wire.h"
#include "stix.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

/* Address space, bytes. Reason: 64 MiB of JSON take up to twelve times their size as a tree, and
 * the request and the reply lie beside it. */
#define ADDRESS_SPACE_BYTES_MAX ((rlim_t)1536 * 1024 * 1024)
/* Descriptors: input, output and errors; nothing can be opened. */
#define DESCRIPTORS_MAX 3
/* Requests and replies that wait, bytes. Reason: what a pipe holds. */
#define QUEUE_BYTES 65536u
/* A reply or request beyond this is given back to the system before the next one, bytes. */
#define KEPT_BYTES_MAX ((size_t)1024 * 1024)

/* Sanitizers map terabytes of shadow memory. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_SANITIZED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define IS_SANITIZED true
#endif
#endif
#ifndef IS_SANITIZED
#define IS_SANITIZED false
#else
/* The leak checker traces its own process, which the confinement forbids: it would spin for ever at
 * exit. Leaks of the parsers are looked for by their fuzz targets and unit tests. */
int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void)
{
    return 1;
}
#endif

enum outcome {
    OUTCOME_ANSWERED,
    OUTCOME_END, /* of input, between two requests */
    OUTCOME_BROKEN,
};

/* Bounds what a taken-over parser could reach, before it sees a byte. */
static bool confine(void)
{
    const struct rlimit space = {ADDRESS_SPACE_BYTES_MAX, ADDRESS_SPACE_BYTES_MAX};
    const struct rlimit files = {DESCRIPTORS_MAX, DESCRIPTORS_MAX};
    const struct rlimit none = {0, 0};
    /* jansson would open /dev/urandom at its first object. */
    json_object_seed(0);
    for (int fd = DESCRIPTORS_MAX; fd < (int)sysconf(_SC_OPEN_MAX) && fd < 1024; fd++) {
        (void)close(fd);
    }
    /* Where errors go to a file, their line is lost rather than the process. */
    (void)signal(SIGXFSZ, SIG_IGN);
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_DUMPABLE, 0) == 0 &&
           setrlimit(RLIMIT_CORE, &none) == 0 && setrlimit(RLIMIT_FSIZE, &none) == 0 &&
           setrlimit(RLIMIT_NOFILE, &files) == 0 && setrlimit(RLIMIT_NPROC, &none) == 0 &&
           (IS_SANITIZED || setrlimit(RLIMIT_AS, &space) == 0);
}

/* Requests come, and replies go, several at a time: a change of process costs as much as a reading.
 * Replies leave before the process waits. */
static struct {
    uint8_t at[QUEUE_BYTES];
    size_t from, to;
} input;
static struct {
    uint8_t at[QUEUE_BYTES];
    size_t len;
} output;

static bool write_all(struct toc_span bytes)
{
    while (bytes.len > 0) {
        ssize_t put = write(STDOUT_FILENO, bytes.at, bytes.len);
        if (put < 0 && errno == EINTR) {
            continue;
        }
        if (put <= 0) {
            return false;
        }
        bytes = toc_span(bytes.at + put, bytes.len - (size_t)put);
    }
    return true;
}

static bool flush(void)
{
    size_t len = output.len;
    output.len = 0;
    return write_all(toc_span(output.at, len));
}

static bool put(struct toc_span bytes)
{
    if (bytes.len > sizeof output.at - output.len && !flush()) {
        return false;
    }
    if (bytes.len > sizeof output.at) {
        return write_all(bytes);
    }
    memcpy(output.at + output.len, bytes.at, bytes.len);
    output.len += bytes.len;
    return true;
}

/* Some bytes more of the input; 0 at its end, or when nobody takes the replies. */
static size_t read_some(uint8_t *at, size_t len)
{
    ssize_t bytes = -1;
    if (!flush()) {
        return 0;
    }
    do {
        bytes = read(STDIN_FILENO, at, len);
    } while (bytes < 0 && errno == EINTR);
    return bytes > 0 ? (size_t)bytes : 0;
}

/* All `len` bytes, or false at the end of input; `*got` says how many came. */
static bool read_all(uint8_t *at, size_t len, size_t *got)
{
    *got = 0;
    while (*got < len) {
        size_t left = len - *got, have = input.to - input.from;
        if (have > 0) {
            have = have < left ? have : left;
            memcpy(at + *got, input.at + input.from, have);
            input.from += have;
        } else if (left >= sizeof input.at) {
            have = read_some(at + *got, left);
        } else {
            input.from = 0;
            input.to = read_some(input.at, sizeof input.at);
            if (input.to == 0) {
                return false;
            }
            continue;
        }
        if (have == 0) {
            return false;
        }
        *got += have;
    }
    return true;
}

/* Reads one bulletin and answers. */
static enum outcome answer(struct toc_span body, struct toc_index_buffer *reply)
{
    static struct toc_intel_reading reading;
    struct toc_span canonical = toc_span(NULL, 0);
    toc_intel_reading_init(&reading);
    if (toc_failed(toc_index_decode_request(body, &canonical))) {
        return OUTCOME_BROKEN;
    }
    struct toc_err err = toc_intel_read_canonical(&reading, canonical);
    struct toc_err encoded = toc_index_encode_reply(reply, err, &reading);
    if (toc_failed(encoded) && !toc_failed(err)) {
        toc_facts_clear(&reading.facts);
        (void)snprintf(reading.fault.detail, sizeof reading.fault.detail, "%s", encoded.why);
        encoded = toc_index_encode_reply(reply, encoded, &reading);
    }
    toc_intel_reading_clear(&reading);
    if (toc_failed(encoded) || !put(toc_span(reply->at, reply->len))) {
        return OUTCOME_BROKEN;
    }
    return OUTCOME_ANSWERED;
}

static enum outcome serve(struct toc_index_buffer *reply)
{
    uint8_t head[TOC_INDEX_LENGTH_BYTES];
    size_t got = 0;
    if (!read_all(head, sizeof head, &got)) {
        return got == 0 ? OUTCOME_END : OUTCOME_BROKEN;
    }
    uint32_t len = toc_le32(head);
    if (len == 0 || len > TOC_INDEX_REQUEST_BYTES_MAX) {
        return OUTCOME_BROKEN;
    }
    uint8_t *body = malloc(len);
    if (body == NULL || !read_all(body, len, &got)) {
        free(body);
        return OUTCOME_BROKEN;
    }
    enum outcome outcome = answer(toc_span(body, len), reply);
    free(body);
    /* Idle memory counts: a large bulletin must not stay behind as an empty heap. */
    if (len > KEPT_BYTES_MAX || reply->room > KEPT_BYTES_MAX) {
        free(reply->at);
        *reply = (struct toc_index_buffer){NULL, 0, 0};
        (void)malloc_trim(0);
    }
    return outcome;
}

int main(void)
{
    struct toc_index_buffer reply = {NULL, 0, 0};
    enum outcome outcome = OUTCOME_ANSWERED;
    if (!confine()) {
        (void)fprintf(stderr, "tocsin-index: cannot confine itself: %s\n", strerror(errno));
        return 5;
    }
    while (outcome == OUTCOME_ANSWERED) {
        outcome = serve(&reply);
    }
    free(reply.at);
    if (!flush() || outcome == OUTCOME_BROKEN) {
        (void)fputs(
            "tocsin-index: a request or reply was cut off; it is started by tocsind alone\n",
            stderr);
        return 5;
    }
    return 0;
}
