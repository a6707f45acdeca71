/* SPDX-License-Identifier: EUPL-1.2 */
/* Private to cli: reading, checking and adopting genesis files. */
#ifndef TOC_FOUNDING_H
#define TOC_FOUNDING_H

#include "command.h"

#include "trust.h"

#include <stdio.h>

/* Memory for the largest genesis file and its decoding; pages that stay untouched cost nothing. */
struct toc_founding_memory {
    void *base;
    struct toc_arena arena;
    struct toc_room out; /* for a file that is written */
};
TOC_MUST_USE struct toc_err toc_founding_memory_new(struct toc_founding_memory *memory,
                                                    struct toc_line *line);
void toc_founding_memory_free(struct toc_founding_memory *memory);

/* Ourselves, as a founder: home, card, keys. */
struct toc_founding {
    struct toc_home home;
    bool home_open;
    struct toc_card card;
    struct toc_bytes envelope; /* of the card */
    struct toc_keyring *keyring;
    const struct toc_cert *node; /* ours, within `card` */
};
/* End with toc_founding_close, also after a failure. */
TOC_MUST_USE struct toc_err toc_founding_open(struct toc_founding *own, const struct toc_args *args,
                                              struct toc_line *line);
void toc_founding_close(struct toc_founding *own);

/* Reads and decodes FILE; `file` must outlive genesis. The line names the file. */
TOC_MUST_USE struct toc_err toc_founding_read(struct toc_genesis *genesis, struct toc_bytes *file,
                                              const char *path, struct toc_founding_memory *memory,
                                              struct toc_line *line);
/* The table that founders compare. */
enum toc_exit toc_founding_print(FILE *out, const struct toc_genesis *genesis, bool json);

/* What a founder must be able to do before signing or adopting: be in the record with this card's
 * keys, open F (by the file's wraps, or --secret) and the first epoch. `f` (guarded, 32 bytes) gets
 * F unless NULL. */
TOC_MUST_USE struct toc_err toc_founding_check(const struct toc_founding *own,
                                               const struct toc_genesis *genesis,
                                               const struct toc_args *args, uint8_t *f,
                                               struct toc_line *line);

/* Unites all files of `args`, checks, and writes HOME/federation. Where founders have not signed,
 * `missing` gets their handles and nothing is written. */
TOC_MUST_USE struct toc_err toc_founding_adopt(struct toc_founding *own,
                                               const struct toc_args *args, char *missing,
                                               size_t missing_bytes, struct toc_line *line);

#endif
