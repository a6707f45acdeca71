/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * backup: a home and its store in one file, made beside a running node or without one.
 */
#ifndef TOC_BACKUP_H
#define TOC_BACKUP_H

#include "ops.h"
#include "store.h"

/*
 * Writes store, configuration and sealed keys of `home` to the new file `path`, never log.key. It
 * appears whole or not at all; while it is made, `path`.store and `path`.new lie beside it. Gives
 * its bytes in *size. Fails: LOCKED (the file exists), IO, DISK_FULL, and as toc_store_backup; the
 * line names the file.
 */
TOC_MUST_USE struct toc_err toc_backup_write(const struct toc_home *home, struct toc_store *store,
                                             const char *path, uint64_t *size,
                                             struct toc_line *line);

#endif
