/* SPDX-License-Identifier: EUPL-1.2 */
/* ids: lists of ids within records. Private to trust. */
#ifndef TOC_IDS_H
#define TOC_IDS_H

#include "group.h"

/* Bytes that hold 1..max ids, strictly ascending, or the reader fails: MALFORMED, LIMIT. */
struct toc_ids toc_record_read_ids(struct toc_reader *reader, size_t max);
/* A pair of key and ids. */
void toc_record_write_ids(struct toc_writer *writer, uint64_t key, struct toc_ids ids);

#endif
