/* SPDX-License-Identifier: EUPL-1.2 */
/* core, inside the room. */
#ifndef TOC_CORE_INTERNAL_H
#define TOC_CORE_INTERNAL_H

#include "core.h"
#include "ledger.h"
#include "links.h"
#include "replica.h"

struct toc_core {
    uint8_t federation[TOC_ID_BYTES], own_org[TOC_ID_BYTES];
    uint8_t f[TOC_KEY_BYTES]; /* secret */
    struct toc_genesis genesis;
    struct toc_epoch_secret first_epoch; /* secret */
    struct toc_span own_card;
    struct toc_directory directory;
    struct toc_links links;
    struct toc_ledger ledger;
    struct toc_replica replica;
    struct toc_utc loaded; /* when what the store holds was given to it */
    struct toc_mono timer;
    uint64_t tick_ms; /* what is done once a second is due then */
    bool started, card_logged, first_epoch_stored;
    bool begun;      /* what belongs at the start of the own logs has been appended */
    bool recovering; /* the store was lost: see toc_core_recover */
};

#endif
