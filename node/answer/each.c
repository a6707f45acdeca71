/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * HOME/published: records of 64 bytes, key ‖ id of the bulletin, appended when a publication of one
 * document is durable, and synced with the audit log. Lost or cut, it costs a second publication,
 * never a missing one.
 */
#include "answer_internal.h"

#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RECORD_BYTES (2 * TOC_ID_BYTES)
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

static bool find_record(int fd, const uint8_t key[static TOC_HASH_BYTES],
                        uint8_t id[static TOC_ID_BYTES])
{
    uint8_t records[RECORDS_READ * RECORD_BYTES];
    for (off_t at = 0;;) {
        ssize_t got = pread(fd, records, sizeof records, at);
        size_t count = got > 0 ? (size_t)got / RECORD_BYTES : 0;
        for (size_t i = 0; i < count; i++) {
            const uint8_t *record = records + i * RECORD_BYTES;
            if (memcmp(record, key, TOC_HASH_BYTES) == 0) {
                memcpy(id, record + TOC_HASH_BYTES, TOC_ID_BYTES);
                return true;
            }
        }
        if (count == 0) {
            return false;
        }
        at += (off_t)(count * RECORD_BYTES);
    }
}

bool toc_each_find(const struct toc_home *home, const uint8_t key[static TOC_HASH_BYTES],
                   uint8_t id[static TOC_ID_BYTES])
{
    int fd = openat(home->dir_fd, TOC_HOME_EACH, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    bool found = find_record(fd, key, id);
    (void)close(fd);
    return found;
}

void toc_each_note(const struct toc_home *home, const uint8_t record[static 2 * TOC_ID_BYTES])
{
    struct stat at;
    int fd = openat(home->dir_fd, TOC_HOME_EACH, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        return;
    }
    /* A record that a full disk has cut is written over. */
    if (fstat(fd, &at) == 0) {
        (void)!pwrite(fd, record, RECORD_BYTES, at.st_size - at.st_size % (off_t)RECORD_BYTES);
    }
    (void)close(fd);
}

struct toc_err toc_publication_sync(const struct toc_home *home)
{
    int fd = openat(home->dir_fd, TOC_HOME_EACH, O_WRONLY | O_CLOEXEC);
    if (fd < 0) {
        return toc_ok(); /* nothing is remembered */
    }
    bool synced = fdatasync(fd) == 0;
    (void)close(fd);
    return synced ? toc_ok() : toc_fail(TOC_IO, "the list of published files cannot be synced");
}
