/* SPDX-License-Identifier: EUPL-1.2 */
/* epoch: the fields of epoch records, for those who read and those who make them. Private to
 * trust. */
#ifndef TOC_EPOCH_H
#define TOC_EPOCH_H

#include "group.h"

/* Keys of the record. The order binds: what stands before the sealed tag key is its associated
 * data. */
enum toc_epoch_field {
    TOC_EPOCH_FIELD_GROUP = 1,
    TOC_EPOCH_FIELD_NUMBER,
    TOC_EPOCH_FIELD_PARENT,
    TOC_EPOCH_FIELD_COMMITTER,
    TOC_EPOCH_FIELD_NODE,
    TOC_EPOCH_FIELD_ROSTER,
    TOC_EPOCH_FIELD_MEMBERS,
    TOC_EPOCH_FIELD_REASON,
    TOC_EPOCH_FIELD_F,
    TOC_EPOCH_FIELD_COMMITMENT,
    TOC_EPOCH_FIELD_TAG,
    TOC_EPOCH_FIELD_EPHEMERAL,
    TOC_EPOCH_FIELD_WRAPS,
};
#define TOC_EPOCH_FIELDS 13u

/* 1..TOC_WRAPS_MAX wraps in place, or the reader fails: MALFORMED, LIMIT. */
struct toc_span toc_record_read_wraps(struct toc_reader *reader);
/* Wraps `secret` for every key of `recipients` and writes them as bytes. Fails: HANDSHAKE; what the
 * writer failed with. */
TOC_MUST_USE struct toc_err toc_record_write_wraps(struct toc_writer *writer,
                                                   const struct toc_wrap_scope *scope,
                                                   const uint8_t *ephemeral_secret,
                                                   struct toc_ids recipients,
                                                   const uint8_t *secret);

#endif
