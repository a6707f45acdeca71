/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * quota: how much of one organisation's entries a node pushes. What lies beyond is announced at
 * once and fetched by whoever wants it: local policy, which decides no entry's validity.
 * Source: PROTOCOL.md. Used by replica alone.
 */
#ifndef TOC_QUOTA_H
#define TOC_QUOTA_H

#include "driver.h"

#define TOC_QUOTA_ENTRIES_HOUR 200u   /* a busy CERT's day of warnings in an hour */
#define TOC_QUOTA_BURST 1000u         /* at once: what an archive's update brings */
#define TOC_QUOTA_BYTES_DAY 50000000u /* 4.6 kbit/s of each organisation on each link */
/* Of the federation's own records: so that none waits for want of a quota, and nobody floods. */
#define TOC_QUOTA_RECORDS_HOUR 1000u
#define TOC_QUOTA_RECORDS_BURST 5000u          /* a new epoch of each of TOC_GROUPS_MAX groups */
#define TOC_QUOTA_RECORDS_BYTES_DAY 200000000u /* of 40 kB each: for 500 nodes */

/* What the operator allows; 0 in a field means its default. */
struct toc_quota_options {
    uint32_t entries_hour, burst, bytes_day;
};

/* What one organisation has used: the times by which it is paid for. */
struct toc_quota {
    uint64_t entries_us, bytes_us;
};

struct toc_replica;

/* May an entry of `bytes` (as it travels) be pushed whose author's organisation stands at this
 * place of the roster? Counts it if so: asked once an entry, however many links it goes to. False:
 * it is announced, and sent to who asks, at the lowest class. Our own organisation counts as any
 * other.. */
bool toc_quota_push(struct toc_replica *replica, uint32_t org_place, size_t bytes,
                    const struct toc_turn *turn);
/* Once a second: says, once until all is paid for, that our own organisation is over its quota.
 * */
void toc_quota_tell(struct toc_replica *replica, struct toc_turn *turn);
/* The same for the federation's own records, which count by themselves and generously: entries of
 * the kinds of toc_quota_is_record, and whatever stands in a control log.. */
bool toc_quota_push_record(struct toc_replica *replica, uint32_t org_place, size_t bytes,
                           const struct toc_turn *turn);
/* Is this a kind of the federation's own records?. */
bool toc_quota_is_record(uint8_t kind);

#endif
