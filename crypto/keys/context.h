/* SPDX-License-Identifier: EUPL-1.2 */
/* The contexts as bytes. Internal to this room. */
#ifndef TOC_CONTEXT_H
#define TOC_CONTEXT_H

#include "keys.h"
#include "raw.h"

enum toc_context_kind { TOC_CONTEXT_HASH, TOC_CONTEXT_DERIVE, TOC_CONTEXT_SIGN };

#define TOC_CONTEXT_BYTES TOC_RAW_PERSONAL_BYTES

/* The context, zero-padded. Asserts its kind: what names a hash never signs. */
void toc_context_bytes(uint8_t out[static TOC_CONTEXT_BYTES], enum toc_context context,
                       enum toc_context_kind kind);

#endif
