/* SPDX-License-Identifier: EUPL-1.2 */
#include "quota.h"

#include <string.h>

#include "replica.h"

#define HOUR_US UINT64_C(3600000000)
#define DAY_US UINT64_C(86400000000)

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static uint32_t allowed(uint32_t option, uint32_t otherwise)
{
    return option != 0 ? option : otherwise;
}

/* something of our own was not pushed. */
static void note_own(struct toc_replica *replica, uint32_t org_place)
{
    const uint8_t *org = replica->ledger->roster->orgs[org_place].id;
    if (memcmp(org, replica->own_org, TOC_ID_BYTES) == 0) {
        replica->quota_over = true;
        replica->own_place = org_place;
    }
}

/* What may be pushed: an entry each so often, so much of it at once, so many bytes a day. */
struct allowance {
    uint64_t entry_us, burst_us, bytes_day;
};

/* Each entry costs its share of an hour and of a day; a burst may be owed. */
static bool spend(struct toc_quota *used, const struct allowance *most, size_t bytes,
                  const struct toc_turn *turn)
{
    uint64_t now_us = turn->now.ms * 1000;
    uint64_t entries_us = later(used->entries_us, now_us) + most->entry_us;
    uint64_t bytes_us = later(used->bytes_us, now_us) + bytes * DAY_US / most->bytes_day;
    if (entries_us - now_us > most->burst_us || bytes_us - now_us > DAY_US) {
        return false;
    }
    *used = (struct toc_quota){entries_us, bytes_us};
    return true;
}

/* */
bool toc_quota_push(struct toc_replica *replica, uint32_t org_place, size_t bytes,
                    const struct toc_turn *turn)
{
    const struct toc_quota_options *options = &replica->quota;
    uint64_t entry_us = HOUR_US / allowed(options->entries_hour, TOC_QUOTA_ENTRIES_HOUR);
    struct allowance most = {.entry_us = entry_us,
                             .burst_us = entry_us * allowed(options->burst, TOC_QUOTA_BURST),
                             .bytes_day = allowed(options->bytes_day, TOC_QUOTA_BYTES_DAY)};
    if (spend(&replica->quotas[org_place], &most, bytes, turn)) {
        return true;
    }
    note_own(replica, org_place);
    return false;
}

/* */
bool toc_quota_push_record(struct toc_replica *replica, uint32_t org_place, size_t bytes,
                           const struct toc_turn *turn)
{
    static const struct allowance most = {.entry_us = HOUR_US / TOC_QUOTA_RECORDS_HOUR,
                                          .burst_us = HOUR_US / TOC_QUOTA_RECORDS_HOUR *
                                                      TOC_QUOTA_RECORDS_BURST,
                                          .bytes_day = TOC_QUOTA_RECORDS_BYTES_DAY};
    if (spend(&replica->record_quotas[org_place], &most, bytes, turn)) {
        return true;
    }
    note_own(replica, org_place);
    return false;
}

static bool is_paid(const struct toc_quota *used, uint64_t now_us)
{
    return used->entries_us <= now_us && used->bytes_us <= now_us;
}

void toc_quota_tell(struct toc_replica *replica, struct toc_turn *turn)
{
    if (!replica->quota_over) {
        return;
    }
    if (!replica->quota_told) {
        replica->quota_told = true;
        toc_turn_emit(turn, TOC_ACTION_NOTICE)->notice.kind = TOC_NOTICE_QUOTA;
    }
    uint64_t now_us = turn->now.ms * 1000;
    if (is_paid(&replica->quotas[replica->own_place], now_us) &&
        is_paid(&replica->record_quotas[replica->own_place], now_us)) {
        replica->quota_over = replica->quota_told = false;
    }
}

/* */
bool toc_quota_is_record(uint8_t kind)
{
    switch (kind) {
    case TOC_KIND_GROUP:
    case TOC_KIND_EPOCH:
    case TOC_KIND_CARD:
    case TOC_KIND_ROSTER:
    case TOC_KIND_SEALKEY:
    case TOC_KIND_BALLOT:
        return true;
    default:
        return false;
    }
}
