/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * HOME/published: records of 64 bytes, key ‖ id of the bulletin, appended when a publication of one
 * document is durable, and synced with the audit log. Lost or cut, it costs a second publication,
 * never a missing one.
 */
#include "answer_internal.h"

#include <fcntl.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RECORD_BYTES TOC_PUBLICATION_EACH_BYTES
#define SLOTS_MIN 1024u
#define RECORDS_READ 512u /* at a time: 32 KiB on the stack */

void toc_each_key(uint8_t key[static TOC_HASH_BYTES], const uint8_t audience[static TOC_ID_BYTES],
                  struct toc_span document)
{
    static const char label[] = "tocsin published document";
    crypto_generichash_state state;
    (void)crypto_generichash_init(&state, NULL, 0, TOC_HASH_BYTES);
    (void)crypto_generichash_update(&state, (const uint8_t *)label, sizeof label);
    (void)crypto_generichash_update(&state, audience, TOC_ID_BYTES);
    (void)crypto_generichash_update(&state, document.at, document.len);
    (void)crypto_generichash_final(&state, key, TOC_HASH_BYTES);
}

/* the index of the file, in memory: an archive asks once a file */

struct slot {
    uint32_t prefix; /* of the key: others are seldom read */
    uint32_t number; /* of the record in the file, from 1; 0: free */
};

struct toc_each {
    const struct toc_home *home;
    pthread_mutex_t mutex;
    struct slot *slots; /* open addressing by prefix; half of them are free */
    size_t count, max;  /* records in it; slots, a power of two */
};

struct toc_err toc_each_new(struct toc_each **each, const struct toc_home *home)
{
    *each = calloc(1, sizeof(**each));
    if (*each == NULL) {
        return toc_fail(TOC_FULL, "no memory for the list of published files");
    }
    (*each)->home = home;
    (void)pthread_mutex_init(&(*each)->mutex, NULL);
    return toc_ok();
}

void toc_each_free(struct toc_each *each)
{
    if (each != NULL) {
        (void)pthread_mutex_destroy(&each->mutex);
        free(each->slots);
        free(each);
    }
}

/* By its path: ThreadSanitizer follows descriptors that open() gives, openat() it does not know. */
static int open_list(const struct toc_home *home, int flags)
{
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d/" TOC_HOME_EACH, home->dir_fd);
    return open(path, flags | O_CLOEXEC, 0600);
}

static void put_slot(struct slot *slots, size_t max, struct slot slot)
{
    size_t at = slot.prefix & (max - 1);
    while (slots[at].number != 0) {
        at = (at + 1) & (max - 1);
    }
    slots[at] = slot;
}

static bool grow(struct toc_each *each)
{
    if (each->count * 2 < each->max) {
        return true;
    }
    size_t max = each->max == 0 ? SLOTS_MIN : each->max * 2;
    struct slot *slots = calloc(max, sizeof(*slots));
    if (slots == NULL || each->count >= UINT32_MAX / 2) {
        free(slots);
        return false;
    }
    for (size_t i = 0; i < each->max; i++) {
        if (each->slots[i].number != 0) {
            put_slot(slots, max, each->slots[i]);
        }
    }
    free(each->slots);
    each->slots = slots;
    each->max = max;
    return true;
}

/* Takes in the records that have been appended since. */
static bool catch_up(struct toc_each *each, int fd)
{
    uint8_t records[RECORDS_READ * RECORD_BYTES];
    for (;;) {
        ssize_t got = pread(fd, records, sizeof records, (off_t)(each->count * RECORD_BYTES));
        size_t count = got > 0 ? (size_t)got / RECORD_BYTES : 0;
        for (size_t i = 0; i < count; i++) {
            if (!grow(each)) {
                return false;
            }
            each->count++;
            put_slot(each->slots, each->max,
                     (struct slot){toc_le32(records + i * RECORD_BYTES), (uint32_t)each->count});
        }
        if (count == 0) {
            return got >= 0;
        }
    }
}

static bool find_record(const struct toc_each *each, int fd,
                        const uint8_t key[static TOC_HASH_BYTES], uint8_t id[static TOC_ID_BYTES])
{
    uint32_t prefix = toc_le32(key);
    size_t at = prefix & (each->max - 1);
    for (; each->max != 0 && each->slots[at].number != 0; at = (at + 1) & (each->max - 1)) {
        uint8_t record[RECORD_BYTES];
        off_t place = (off_t)(each->slots[at].number - 1) * (off_t)RECORD_BYTES;
        if (each->slots[at].prefix == prefix &&
            pread(fd, record, sizeof record, place) == (ssize_t)sizeof record &&
            memcmp(record, key, TOC_HASH_BYTES) == 0) {
            memcpy(id, record + TOC_HASH_BYTES, TOC_ID_BYTES);
            return true;
        }
    }
    return false;
}

void toc_each_find(struct toc_each *each, struct toc_each_query *queries, size_t count)
{
    int fd = open_list(each->home, O_RDONLY);
    if (fd < 0) {
        return;
    }
    (void)pthread_mutex_lock(&each->mutex);
    bool current = catch_up(each, fd);
    for (size_t i = 0; current && i < count; i++) {
        queries[i].found = find_record(each, fd, queries[i].key, queries[i].id);
    }
    (void)pthread_mutex_unlock(&each->mutex);
    (void)close(fd);
}

void toc_publication_note(const struct toc_home *home, const uint8_t *records, size_t count)
{
    struct stat at;
    int fd = count == 0 ? -1 : open_list(home, O_WRONLY | O_CREAT);
    if (fd < 0) {
        return;
    }
    /* A record that a full disk has cut is written over. */
    if (fstat(fd, &at) == 0) {
        (void)!pwrite(fd, records, count * RECORD_BYTES,
                      at.st_size - at.st_size % (off_t)RECORD_BYTES);
    }
    (void)close(fd);
}

struct toc_err toc_publication_sync(const struct toc_home *home)
{
    int fd = open_list(home, O_WRONLY);
    if (fd < 0) {
        return toc_ok(); /* nothing is remembered */
    }
    bool synced = fdatasync(fd) == 0;
    (void)close(fd);
    return synced ? toc_ok() : toc_fail(TOC_IO, "the list of published files cannot be synced");
}
