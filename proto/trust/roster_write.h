/* SPDX-License-Identifier: EUPL-1.2 */
/* roster_write: the bytes of a roster record, for those who draft one. Private to trust. */
#ifndef TOC_ROSTER_WRITE_H
#define TOC_ROSTER_WRITE_H

#include "group.h"
#include "roster.h"

struct toc_roster_secret {
    const uint8_t *f;                 /* 32 bytes */
    const uint8_t *ephemeral_entropy; /* 32 bytes */
    struct toc_ids seal_keys;         /* none: F is handed over by hand */
};

/* Writes number, prev, organisations and F's generation of `roster` as a record; its other fields
 * are not read. Fails: HANDSHAKE (a sealing key of low order); what the writer failed with. */
TOC_MUST_USE struct toc_err toc_roster_write(struct toc_writer *writer,
                                             const struct toc_roster *roster, struct toc_span name,
                                             const struct toc_roster_secret *secret);

#endif
