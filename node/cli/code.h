/* SPDX-License-Identifier: EUPL-1.2 */
/* Private to cli: key files that leave the machine under a code which is shown once, and cards as
 * text that survives a mail. */
#ifndef TOC_CODE_H
#define TOC_CODE_H

#include "command.h"

/* 25 characters of base32 in groups of five: 125 bits, upper-case, without l, 1, 0 and O. */
#define TOC_CODE_CHARS 30u
struct toc_secret_code {
    char text[TOC_CODE_CHARS]; /* "ABCDE-FGHIJ-…", terminated */
};
/* Draws a code. Keep it in guarded memory and wipe it. */
void toc_code_draw(struct toc_secret_code *code);
/* The code as the passphrase of a key file. Lends: code. */
struct toc_unlock toc_code_unlock(const struct toc_secret_code *code);

/* Seals a secret under a code and writes it to a new file outside the home `home`. Fails: USAGE (a
 * path inside the home), LOCKED (the file exists), IO, DISK_FULL. */
TOC_MUST_USE struct toc_err toc_code_write(const char *path, const char *home,
                                           enum toc_keyfile_kind kind, struct toc_span secret,
                                           const struct toc_secret_code *code,
                                           struct toc_line *line);
/* Whether a file may be made there: outside the home and not there yet. Fails: USAGE, LOCKED. */
TOC_MUST_USE struct toc_err toc_code_check_path(const char *path, const char *home,
                                                struct toc_line *line);

/* cards as text */

/* Between "-----BEGIN TOCSIN CARD-----" and its END line, base64 in lines of 64 characters. */
void toc_armour_print(FILE *out, struct toc_span card);
/* A file with such a block, or an envelope as it is; `card` is the envelope's bytes. Fails: as
 * toc_file_read, SYNTAX (a block that is no base64 or has no end). */
TOC_MUST_USE struct toc_err toc_armour_read(const char *path, struct toc_bytes *card,
                                            struct toc_line *line);

#endif
