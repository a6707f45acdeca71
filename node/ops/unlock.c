/* SPDX-License-Identifier: EUPL-1.2 */
#include "ops.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#define CREDENTIAL_BYTES 32u
#define CREDENTIAL_BYTES_READ 4096u /* so that a longer file is called what it is */
#define CREDENTIAL_NAME "tocsin.key"
/* Shortest new passphrase: argon2id costs a guess half a second, and shorter ones fall within days.
 */
#define PASSPHRASE_BYTES_MIN 8u

void toc_unlocked_free(struct toc_unlocked *unlocked)
{
    toc_guarded_free(unlocked->guarded);
    *unlocked = (struct toc_unlocked){.guarded = NULL};
}

/* Moves bytes into guarded memory. */
static struct toc_err take(struct toc_unlocked *unlocked, enum toc_keyfile_lock lock,
                           struct toc_span secret, struct toc_line *line)
{
    unlocked->guarded = toc_guarded_new(secret.len);
    if (unlocked->guarded == NULL) {
        return toc_line_fail(line, TOC_FULL,
                             "no guarded memory for a secret: raise `ulimit -l` (locked memory)");
    }
    memcpy(unlocked->guarded, secret.at, secret.len);
    unlocked->unlock.lock = lock;
    unlocked->unlock.secret = toc_span(unlocked->guarded, secret.len);
    return toc_ok();
}

/* sources */

/* The path of the credential, or NULL. `room` holds systemd's. */
static const char *credential_path(const struct toc_unlock_options *options,
                                   char room[static TOC_PATH_BYTES])
{
    if (options->credential_path != NULL) {
        return options->credential_path;
    }
    const char *folder = getenv("CREDENTIALS_DIRECTORY");
    if (folder == NULL) {
        return NULL;
    }
    int len = snprintf(room, TOC_PATH_BYTES, "%s/" CREDENTIAL_NAME, folder);
    return len > 0 && (size_t)len < TOC_PATH_BYTES && access(room, F_OK) == 0 ? room : NULL;
}

/* A file that the caller names and that is not there is wrong usage. */
static struct toc_err read_named(const char *path, size_t max, struct toc_bytes *bytes,
                                 struct toc_line *line)
{
    struct toc_err err = toc_file_read(path, max, bytes, line);
    return err.code == TOC_ABSENT ? toc_fail(TOC_USAGE, err.why) : err;
}

static struct toc_err from_credential(struct toc_unlocked *unlocked, const char *path,
                                      struct toc_line *line)
{
    struct toc_bytes bytes;
    TOC_TRY(read_named(path, CREDENTIAL_BYTES_READ, &bytes, line));
    struct toc_err err = toc_ok();
    if (bytes.len != CREDENTIAL_BYTES) {
        err = toc_line_fail(line, TOC_USAGE,
                            "%s is no credential: it must hold exactly 32 bytes "
                            "(head -c 32 /dev/urandom > FILE)",
                            path);
    } else {
        err = take(unlocked, TOC_LOCK_CREDENTIAL, toc_span(bytes.at, bytes.len), line);
    }
    toc_bytes_free(&bytes);
    return err;
}

static struct toc_err from_passphrase_file(struct toc_unlocked *unlocked, const char *path,
                                           struct toc_line *line)
{
    struct toc_bytes bytes;
    struct stat about;
    if (stat(path, &about) == 0 && S_ISREG(about.st_mode) && (about.st_mode & 077) != 0) {
        return toc_line_fail(line, TOC_PERMISSION,
                             "%s is open to others: chmod 600 it, and think who could have read it",
                             path);
    }
    TOC_TRY(read_named(path, 65536, &bytes, line));
    size_t len = 0;
    while (len < bytes.len && bytes.at[len] != '\n' && bytes.at[len] != '\r') {
        len++;
    }
    struct toc_err err = toc_ok();
    if (len == 0 || len > TOC_PASSPHRASE_BYTES_MAX) {
        err = toc_line_fail(line, TOC_PASSPHRASE,
                            "the first line of %s is no passphrase: it needs 1 to %u bytes", path,
                            TOC_PASSPHRASE_BYTES_MAX);
    } else {
        err = take(unlocked, TOC_LOCK_PASSPHRASE, toc_span(bytes.at, len), line);
    }
    toc_bytes_free(&bytes);
    return err;
}

/* Reads one line of the terminal without echo. Gives its length, 0 at its end or on a failure. */
static size_t read_hidden(char *out, size_t out_bytes, const char *prompt)
{
    struct termios before, hidden;
    if (tcgetattr(STDIN_FILENO, &before) != 0) {
        return 0;
    }
    /* An interrupt in between would leave the shell without echo. */
    sigset_t interrupts, old;
    sigemptyset(&interrupts);
    sigaddset(&interrupts, SIGINT);
    sigaddset(&interrupts, SIGTSTP);
    sigprocmask(SIG_BLOCK, &interrupts, &old);
    hidden = before;
    hidden.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK);
    hidden.c_lflag |= ECHONL;
    size_t len = 0;
    if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden) == 0) {
        fprintf(stderr, "%s", prompt);
        fflush(stderr);
        ssize_t got = read(STDIN_FILENO, out, out_bytes);
        len = got > 0 ? (size_t)got : 0;
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    }
    sigprocmask(SIG_SETMASK, &old, NULL);
    while (len > 0 && (out[len - 1] == '\n' || out[len - 1] == '\r')) {
        len--;
    }
    return len;
}

static struct toc_err from_prompt(struct toc_unlocked *unlocked, const char *what, bool twice,
                                  struct toc_line *line)
{
    char *typed = toc_guarded_new(2 * TOC_PASSPHRASE_BYTES_MAX);
    if (typed == NULL) {
        return toc_line_fail(line, TOC_FULL, "no guarded memory for a passphrase");
    }
    char prompt[TOC_LINE_BYTES];
    snprintf(prompt, sizeof(prompt),
             twice ? "New passphrase for %s: " : "Passphrase for %s: ", what);
    size_t len = read_hidden(typed, TOC_PASSPHRASE_BYTES_MAX, prompt);
    struct toc_err err = toc_ok();
    if (len == 0) {
        err = toc_line_fail(line, twice ? TOC_USAGE : TOC_PASSPHRASE, "no passphrase was typed");
    } else if (twice) {
        char *again = typed + TOC_PASSPHRASE_BYTES_MAX;
        size_t again_len = read_hidden(again, TOC_PASSPHRASE_BYTES_MAX, "The same again: ");
        if (again_len != len || !toc_secret_equal(typed, again, len)) {
            err = toc_line_fail(line, TOC_USAGE,
                                "the two passphrases differ: nothing was changed, try again");
        }
    }
    if (!toc_failed(err)) {
        err = take(unlocked, TOC_LOCK_PASSPHRASE, toc_span(typed, len), line);
    }
    toc_guarded_free(typed);
    return err;
}

/* finding */

struct toc_err toc_unlock_find(struct toc_unlocked *unlocked,
                               const struct toc_unlock_options *options, enum toc_keyfile_lock lock,
                               const char *what, struct toc_line *line)
{
    *unlocked = (struct toc_unlocked){.guarded = NULL};
    char room[TOC_PATH_BYTES];
    const char *path = credential_path(options, room);
    if (lock == TOC_LOCK_CREDENTIAL) {
        if (path != NULL) {
            return from_credential(unlocked, path, line);
        }
        return toc_line_fail(line, TOC_USAGE,
                             "%s opens by a credential of 32 bytes: give --credential FILE", what);
    }
    if (options->passphrase_path != NULL) {
        return from_passphrase_file(unlocked, options->passphrase_path, line);
    }
    if (options->may_ask && isatty(STDIN_FILENO)) {
        return from_prompt(unlocked, what, false, line);
    }
    return toc_line_fail(line, TOC_USAGE,
                         "%s needs its passphrase: give --passphrase-file FILE, or run this on a "
                         "terminal",
                         what);
}

static struct toc_err check_new(struct toc_unlocked *unlocked, struct toc_line *line)
{
    if (unlocked->unlock.secret.len >= PASSPHRASE_BYTES_MIN) {
        return toc_ok();
    }
    toc_unlocked_free(unlocked);
    return toc_line_fail(line, TOC_USAGE,
                         "the new passphrase is too short: give at least %u characters, best "
                         "several words",
                         PASSPHRASE_BYTES_MIN);
}

struct toc_err toc_unlock_choose(struct toc_unlocked *unlocked,
                                 const struct toc_unlock_options *options, const char *what,
                                 struct toc_line *line)
{
    *unlocked = (struct toc_unlocked){.guarded = NULL};
    char room[TOC_PATH_BYTES];
    const char *path = credential_path(options, room);
    if (path != NULL) {
        return from_credential(unlocked, path, line);
    }
    if (options->passphrase_path != NULL) {
        TOC_TRY(from_passphrase_file(unlocked, options->passphrase_path, line));
        return check_new(unlocked, line);
    }
    if (options->may_ask && isatty(STDIN_FILENO)) {
        TOC_TRY(from_prompt(unlocked, what, true, line));
        return check_new(unlocked, line);
    }
    return toc_line_fail(line, TOC_USAGE,
                         "%s needs a passphrase: give --passphrase-file FILE or --credential FILE, "
                         "or run this on a terminal",
                         what);
}
