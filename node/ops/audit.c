/* SPDX-License-Identifier: EUPL-1.2 */
#include "ops.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HASH_CHARS (2u * TOC_HASH_BYTES)
#define BATCH_MAX 64u /* lines of one write: 64 KiB on the stack of a pool thread */

/* H("audit", hash before ‖ line up to the tab before its hash). */
static void chain(uint8_t out[static TOC_HASH_BYTES], const uint8_t before[static TOC_HASH_BYTES],
                  struct toc_span text)
{
    const struct toc_span parts[] = {toc_span(before, TOC_HASH_BYTES), text};
    toc_hash(out, TOC_CTX_H_AUDIT, parts, 2);
}

/* reading */

/* Cuts a whole line "number \t … \t hash" in two. False: it has not that form. */
static bool split_line(struct toc_span text, uint64_t *number, struct toc_span *body,
                       uint8_t hash[static TOC_HASH_BYTES])
{
    if (text.len < HASH_CHARS + 2 || text.at[text.len - HASH_CHARS - 1] != '\t') {
        return false;
    }
    *body = toc_span(text.at, text.len - HASH_CHARS - 1);
    size_t decoded = 0;
    if (sodium_hex2bin(hash, TOC_HASH_BYTES, (const char *)text.at + text.len - HASH_CHARS,
                       HASH_CHARS, NULL, &decoded, NULL) != 0 ||
        decoded != TOC_HASH_BYTES) {
        return false;
    }
    *number = 0;
    size_t at = 0;
    while (at < body->len && at < 19 && body->at[at] >= '0' && body->at[at] <= '9') {
        *number = *number * 10 + (uint64_t)(body->at[at++] - '0');
    }
    return at > 0 && at < body->len && body->at[at] == '\t';
}

/* Walks lines of `text` from the state in `audit`, which moves along. Gives false at the first line
 * that does not hold. *rest is what remains without a newline. */
static bool walk(struct toc_audit *audit, struct toc_span text, struct toc_span *rest)
{
    for (;;) {
        const uint8_t *end = text.len == 0 ? NULL : memchr(text.at, '\n', text.len);
        *rest = text;
        if (end == NULL) {
            return true;
        }
        size_t len = (size_t)(end - text.at);
        uint64_t number;
        struct toc_span body;
        uint8_t claimed[TOC_HASH_BYTES], expected[TOC_HASH_BYTES];
        if (!split_line(toc_span(text.at, len), &number, &body, claimed) ||
            number != audit->number + 1) {
            return false;
        }
        chain(expected, audit->hash, body);
        if (memcmp(expected, claimed, TOC_HASH_BYTES) != 0) {
            return false;
        }
        audit->number = number;
        memcpy(audit->hash, expected, TOC_HASH_BYTES);
        text = toc_span(end + 1, text.len - len - 1);
    }
}

/* Reads the file in pieces of a few lines through `audit`, from its start or, for `whole` false,
 * trusting the line before the last. Gives in *torn_at where an unfinished line begins, else the
 * file's length. */
static struct toc_err walk_file(struct toc_audit *audit, int fd, off_t from, off_t *torn_at)
{
    char *buffer = malloc(65536);
    if (buffer == NULL) {
        return toc_fail(TOC_FULL, "no memory");
    }
    struct toc_err err = toc_ok();
    size_t held = 0;
    off_t at = from;
    for (;;) {
        ssize_t got = pread(fd, buffer + held, 65536 - held, at + (off_t)held);
        if (got < 0) {
            err = toc_fail(TOC_IO, "read failed");
            break;
        }
        struct toc_span rest;
        bool holds = walk(audit, toc_span(buffer, held + (size_t)got), &rest);
        size_t used = held + (size_t)got - rest.len;
        at += (off_t)used;
        /* No line is longer than its bound, so a longer rest is no unfinished line. */
        if (!holds || rest.len > 2 * TOC_AUDIT_LINE_BYTES) {
            err = toc_fail(TOC_CORRUPT, "a line does not follow the one before");
            break;
        }
        held = rest.len;
        memmove(buffer, rest.at, held);
        if (got == 0) {
            break;
        }
    }
    *torn_at = at;
    free(buffer);
    return err;
}

/* Where the last two whole lines begin: the first of them gives the hash that the second follows.
 */
static struct toc_err find_end(struct toc_audit *audit, off_t size, off_t *torn_at)
{
    char tail[4 * TOC_AUDIT_LINE_BYTES];
    off_t from = size > (off_t)sizeof(tail) ? size - (off_t)sizeof(tail) : 0;
    ssize_t got = pread(audit->fd, tail, (size_t)(size - from), from);
    if (got != size - from) {
        return toc_fail(TOC_IO, "read failed");
    }
    /* Walk back over: an unfinished line, the last whole line, the one before it. */
    size_t ends[3] = {0, 0, 0};
    size_t found = 0;
    for (size_t i = (size_t)got; i > 0 && found < 3; i--) {
        if (tail[i - 1] == '\n') {
            ends[found++] = i;
        }
    }
    if (found < 3) {
        return from == 0 ? walk_file(audit, audit->fd, 0, torn_at)
                         : toc_fail(TOC_CORRUPT, "a line is too long");
    }
    struct toc_span body;
    if (!split_line(toc_span(tail + ends[2], ends[1] - ends[2] - 1), &audit->number, &body,
                    audit->hash)) {
        return toc_fail(TOC_CORRUPT, "a line is not an audit line");
    }
    return walk_file(audit, audit->fd, from + (off_t)ends[1], torn_at);
}

struct toc_err toc_audit_open(struct toc_audit *audit, const struct toc_home *home,
                              struct toc_line *line)
{
    *audit = (struct toc_audit){.fd = -1};
    audit->fd =
        openat(home->dir_fd, TOC_HOME_AUDIT, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    off_t size = audit->fd < 0 ? -1 : lseek(audit->fd, 0, SEEK_END);
    if (size < 0) {
        toc_audit_close(audit);
        return toc_line_fail(line, TOC_IO, "cannot open %s/%s: %s", home->path, TOC_HOME_AUDIT,
                             strerror(errno));
    }
    off_t torn_at = 0;
    struct toc_err err = find_end(audit, size, &torn_at);
    if (!toc_failed(err) && torn_at < size) {
        /* Its act was never confirmed to be written; the next line must follow a whole one. */
        toc_say(TOC_LEVEL_WARNING, "%s ended in the middle of a line: %lld bytes were cut off",
                TOC_HOME_AUDIT, (long long)(size - torn_at));
        if (ftruncate(audit->fd, torn_at) != 0 || fdatasync(audit->fd) != 0) {
            err = toc_fail(TOC_IO, "truncating failed");
        }
    }
    if (toc_failed(err)) {
        toc_audit_close(audit);
        return toc_line_fail(line, err.code,
                             "%s/%s does not hold together at its end: move it away and keep it "
                             "for an examination",
                             home->path, TOC_HOME_AUDIT);
    }
    return toc_ok();
}

/* writing */

/* Formats one line with its newline; gives its bytes. */
static size_t format_line(char out[static TOC_AUDIT_LINE_BYTES], struct toc_audit *audit,
                          const struct toc_audit_act *act)
{
    char time[TOC_TIME_TEXT_BYTES], detail[TOC_AUDIT_LINE_BYTES - 256];
    toc_time_text(time, act->at);
    toc_text_escape(detail, sizeof(detail), act->detail);
    int len = snprintf(
        out, TOC_AUDIT_LINE_BYTES - HASH_CHARS - 2, "%llu\t%s\tuid=%u\t%.32s\t%.32s\t%s",
        (unsigned long long)(audit->number + 1), time, act->uid, act->act, act->outcome, detail);
    TOC_ASSERT(len > 0 && (size_t)len < TOC_AUDIT_LINE_BYTES - HASH_CHARS - 2);
    size_t used = (size_t)len;
    chain(audit->hash, audit->hash, toc_span(out, used));
    audit->number++;
    out[used++] = '\t';
    sodium_bin2hex(out + used, HASH_CHARS + 1, audit->hash, TOC_HASH_BYTES);
    used += HASH_CHARS;
    out[used++] = '\n';
    return used;
}

static struct toc_err append_batch(struct toc_audit *audit, const struct toc_audit_act *acts,
                                   size_t count)
{
    char lines[BATCH_MAX * TOC_AUDIT_LINE_BYTES];
    struct toc_audit after = *audit;
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        used += format_line(lines + used, &after, &acts[i]);
    }
    off_t end = lseek(audit->fd, 0, SEEK_END);
    ssize_t put = end < 0 ? -1 : pwrite(audit->fd, lines, used, end);
    if (put != (ssize_t)used) {
        bool full = errno == ENOSPC || put >= 0;
        /* Half a line must not stay in the chain. */
        if (end >= 0 && ftruncate(audit->fd, end) != 0) {
            return toc_fail(TOC_IO, "the audit log could not be written or cut");
        }
        return full ? toc_fail(TOC_DISK_FULL, "no room for the audit log")
                    : toc_fail(TOC_IO, "the audit log could not be written");
    }
    *audit = after;
    return toc_ok();
}

struct toc_err toc_audit_append(struct toc_audit *audit, const struct toc_audit_act *acts,
                                size_t count)
{
    for (size_t i = 0; i < count; i += BATCH_MAX) {
        size_t batch = count - i < BATCH_MAX ? count - i : BATCH_MAX;
        TOC_TRY(append_batch(audit, acts + i, batch));
    }
    return toc_ok();
}

struct toc_err toc_audit_sync(struct toc_audit *audit)
{
    return fdatasync(audit->fd) == 0 ? toc_ok() : toc_fail(TOC_IO, "the audit log was not synced");
}

void toc_audit_close(struct toc_audit *audit)
{
    if (audit->fd >= 0) {
        close(audit->fd);
    }
    audit->fd = -1;
}

struct toc_err toc_audit_verify(const struct toc_home *home, uint64_t *lines, struct toc_line *line)
{
    *lines = 0;
    struct toc_audit audit = {.fd = -1};
    audit.fd = openat(home->dir_fd, TOC_HOME_AUDIT, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (audit.fd < 0) {
        return toc_line_fail(line, errno == ENOENT ? TOC_ABSENT : TOC_IO, "cannot open %s/%s: %s",
                             home->path, TOC_HOME_AUDIT, strerror(errno));
    }
    off_t torn_at;
    struct toc_err err = walk_file(&audit, audit.fd, 0, &torn_at);
    *lines = audit.number;
    toc_audit_close(&audit);
    if (toc_failed(err)) {
        return toc_line_fail(line, err.code,
                             "%s/%s: line %llu does not follow the line before it: somebody "
                             "changed the file, or the disk did",
                             home->path, TOC_HOME_AUDIT, (unsigned long long)(*lines + 1));
    }
    return toc_ok();
}
