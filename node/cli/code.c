/* SPDX-License-Identifier: EUPL-1.2 */
#include "code.h"

#include "trust.h"

#include <errno.h>
#include <libgen.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CODE_GROUP 5u
#define ARMOUR_COLUMNS 64u
#define ARMOUR_BEGIN "-----BEGIN TOCSIN CARD-----"
#define ARMOUR_END "-----END TOCSIN CARD-----"
/* A card of TOC_CARD_BYTES_MAX as base64 with line ends, and room for a mail around it. */
#define ARMOUR_BYTES_MAX 65536u

/* codes */

void toc_code_draw(struct toc_secret_code *code)
{
    /* No character of it is taken for another one in print or over the telephone's spelling. */
    static const char alphabet[] = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    _Static_assert(sizeof alphabet == 33, "five bits a character");
    for (size_t i = 0; i + 1 < TOC_CODE_CHARS; i++) {
        bool dash = i % (CODE_GROUP + 1) == CODE_GROUP;
        code->text[i] = dash ? '-' : alphabet[randombytes_uniform(32)];
    }
    code->text[TOC_CODE_CHARS - 1] = '\0';
}

struct toc_unlock toc_code_unlock(const struct toc_secret_code *code)
{
    return (struct toc_unlock){.lock = TOC_LOCK_PASSPHRASE,
                               .secret = toc_span(code->text, strlen(code->text))};
}

/* Whether `folder` is `home` or lies below it, by device and inode, so that links do not hide it.
 */
static bool is_inside(const char *folder, const char *home)
{
    struct stat wanted, at;
    char path[TOC_PATH_BYTES + 4];
    if (stat(home, &wanted) != 0 || realpath(folder, path) == NULL) {
        return false;
    }
    for (;;) {
        if (stat(path, &at) == 0 && at.st_dev == wanted.st_dev && at.st_ino == wanted.st_ino) {
            return true;
        }
        if (strcmp(path, "/") == 0) {
            return false;
        }
        char *up = dirname(path);
        memmove(path, up, strlen(up) + 1);
    }
}

/* A home that does not exist yet cannot be met by inode: its name decides. */
static bool is_named_inside(const char *path, const char *home)
{
    char folder[TOC_PATH_BYTES], whole[TOC_PATH_BYTES + 4], absolute[2 * TOC_PATH_BYTES + 8];
    (void)snprintf(folder, sizeof folder, "%s", path);
    if (realpath(dirname(folder), whole) == NULL) {
        return false;
    }
    (void)snprintf(absolute, sizeof absolute, "%s/", whole);
    size_t len = strlen(home);
    return strncmp(absolute, home, len) == 0 && absolute[len] == '/';
}

struct toc_err toc_code_check_path(const char *path, const char *home, struct toc_line *line)
{
    char folder[TOC_PATH_BYTES];
    struct stat at;
    if ((size_t)snprintf(folder, sizeof folder, "%s", path) >= sizeof folder) {
        return toc_line_fail(line, TOC_USAGE, "%.60s…: the path is too long", path);
    }
    if (is_inside(dirname(folder), home) || is_named_inside(path, home)) {
        return toc_line_fail(line, TOC_USAGE,
                             "%s lies inside the home %s, whose loss it must survive; choose "
                             "another place, best on another medium",
                             path, home);
    }
    (void)snprintf(folder, sizeof folder, "%s", path);
    if (access(dirname(folder), W_OK) != 0) {
        return toc_line_fail(line, TOC_USAGE, "%s cannot be made: %s; choose another place", path,
                             strerror(errno));
    }
    if (lstat(path, &at) == 0) {
        return toc_line_fail(line, TOC_LOCKED,
                             "%s exists already; move it away or choose another "
                             "name",
                             path);
    }
    return toc_ok();
}

struct toc_err toc_code_write(const char *path, const char *home, enum toc_keyfile_kind kind,
                              struct toc_span secret, const struct toc_secret_code *code,
                              struct toc_line *line)
{
    TOC_TRY(toc_code_check_path(path, home, line));
    struct toc_unlock unlock = toc_code_unlock(code);
    struct toc_bytes sealed = {0};
    TOC_TRY(toc_key_seal(&sealed, kind, secret, &unlock, line));
    struct toc_err err =
        toc_file_write(path, toc_span(sealed.at, sealed.len), 0600, TOC_REPLACE_NO, line);
    toc_bytes_free(&sealed);
    return err;
}

/* cards as text */

void toc_armour_print(FILE *out, struct toc_span card)
{
    char text[sodium_base64_ENCODED_LEN(TOC_CARD_BYTES_MAX, sodium_base64_VARIANT_ORIGINAL)];
    TOC_ASSERT(card.len <= TOC_CARD_BYTES_MAX);
    (void)sodium_bin2base64(text, sizeof text, card.at, card.len, sodium_base64_VARIANT_ORIGINAL);
    size_t len = strlen(text);
    (void)fprintf(out, "%s\n", ARMOUR_BEGIN);
    for (size_t i = 0; i < len; i += ARMOUR_COLUMNS) {
        size_t part = len - i < ARMOUR_COLUMNS ? len - i : ARMOUR_COLUMNS;
        (void)fprintf(out, "%.*s\n", (int)part, text + i);
    }
    (void)fprintf(out, "%s\n", ARMOUR_END);
}

/* Opens the block in `file` in place: the result is never longer than its text. */
static struct toc_err open_armour(const char *path, struct toc_bytes *file, struct toc_line *line)
{
    const char *text = (const char *)file->at;
    const char *begin = memmem(text, file->len, ARMOUR_BEGIN, strlen(ARMOUR_BEGIN));
    if (begin == NULL) {
        return toc_ok();
    }
    begin += strlen(ARMOUR_BEGIN);
    size_t left = file->len - (size_t)(begin - text);
    const char *end = memmem(begin, left, ARMOUR_END, strlen(ARMOUR_END));
    uint8_t *bytes = end == NULL ? NULL : malloc(left);
    size_t len = 0;
    if (bytes == NULL || sodium_base642bin(bytes, left, begin, (size_t)(end - begin), "\r\n \t>",
                                           &len, NULL, sodium_base64_VARIANT_ORIGINAL) != 0) {
        free(bytes);
        return toc_line_fail(line, TOC_CORRUPT,
                             "%s: its card block is cut or altered; ask for the card again", path);
    }
    toc_bytes_free(file);
    *file = (struct toc_bytes){bytes, len};
    return toc_ok();
}

struct toc_err toc_armour_read(const char *path, struct toc_bytes *card, struct toc_line *line)
{
    TOC_TRY(toc_args_read(path, ARMOUR_BYTES_MAX, card, line));
    struct toc_err err = open_armour(path, card, line);
    if (!toc_failed(err) && card->len == 0) {
        err = toc_line_fail(line, TOC_CORRUPT, "%s is empty; ask for the card again", path);
    }
    if (toc_failed(err)) {
        toc_bytes_free(card);
    }
    return err;
}
