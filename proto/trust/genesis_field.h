/* SPDX-License-Identifier: EUPL-1.2 */
/* genesis_field: keys of a genesis file's map. Private to trust. */
#ifndef TOC_GENESIS_FIELD_H
#define TOC_GENESIS_FIELD_H

enum toc_genesis_field {
    TOC_GENESIS_RECORD = 1,
    TOC_GENESIS_SIGNATURES,
    TOC_GENESIS_CARDS,
    TOC_GENESIS_EPOCH,
    TOC_GENESIS_DRAFTER,
    TOC_GENESIS_DRAFTER_NODE,
    TOC_GENESIS_FIELDS_END,
};
#define TOC_GENESIS_FIELDS 6u

#endif
