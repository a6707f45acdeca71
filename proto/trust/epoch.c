/* SPDX-License-Identifier: EUPL-1.2 */
/* Epoch records: their bytes, and whether one is admissible. PROTOCOL.md "Epoch record". */
#include "epoch.h"

#include <string.h>

#include "ids.h"
#include "record.h"

#define EPOCH_WANTED                                                                               \
    (TOC_FIELD(TOC_EPOCH_FIELD_GROUP) | TOC_FIELD(TOC_EPOCH_FIELD_NUMBER) |                        \
     TOC_FIELD(TOC_EPOCH_FIELD_PARENT) | TOC_FIELD(TOC_EPOCH_FIELD_COMMITTER) |                    \
     TOC_FIELD(TOC_EPOCH_FIELD_NODE) | TOC_FIELD(TOC_EPOCH_FIELD_ROSTER) |                         \
     TOC_FIELD(TOC_EPOCH_FIELD_MEMBERS) | TOC_FIELD(TOC_EPOCH_FIELD_REASON) |                      \
     TOC_FIELD(TOC_EPOCH_FIELD_F) | TOC_FIELD(TOC_EPOCH_FIELD_COMMITMENT) |                        \
     TOC_FIELD(TOC_EPOCH_FIELD_TAG) | TOC_FIELD(TOC_EPOCH_FIELD_EPHEMERAL) |                       \
     TOC_FIELD(TOC_EPOCH_FIELD_WRAPS))

struct toc_span toc_record_read_wraps(struct toc_reader *reader)
{
    struct toc_span wraps = toc_read_bin(reader, (size_t)TOC_WRAPS_MAX * TOC_WRAP_BYTES);
    if (!toc_failed(reader->err) && (wraps.len == 0 || wraps.len % TOC_WRAP_BYTES != 0)) {
        toc_reader_fail(reader, TOC_MALFORMED, "wraps are not of 53 bytes each"); /* */
    }
    return toc_failed(reader->err) ? toc_span(NULL, 0) : wraps;
}

static void read_secret_field(struct toc_reader *reader, struct toc_epoch *epoch, int64_t key)
{
    switch (key) {
    case TOC_EPOCH_FIELD_COMMITMENT:
        toc_read_bin_exact(reader, epoch->commitment, sizeof epoch->commitment);
        break;
    case TOC_EPOCH_FIELD_TAG:
        epoch->tag_sealed = toc_record_read_exact(reader, TOC_TAG_SEALED_BYTES);
        break;
    case TOC_EPOCH_FIELD_EPHEMERAL:
        epoch->ephemeral = toc_record_read_exact(reader, TOC_KEY_BYTES);
        break;
    case TOC_EPOCH_FIELD_WRAPS:
        epoch->wraps = toc_record_read_wraps(reader);
        break;
    default:
        toc_read_unknown(reader, key);
    }
}

static void read_field(struct toc_reader *reader, struct toc_epoch *epoch, int64_t key)
{
    switch (key) {
    case TOC_EPOCH_FIELD_GROUP:
        toc_read_bin_exact(reader, epoch->group, sizeof epoch->group);
        break;
    case TOC_EPOCH_FIELD_NUMBER:
        epoch->number = toc_read_uint(reader);
        break;
    case TOC_EPOCH_FIELD_PARENT:
        toc_read_bin_exact(reader, epoch->parent, sizeof epoch->parent);
        break;
    case TOC_EPOCH_FIELD_COMMITTER:
        toc_read_bin_exact(reader, epoch->committer, sizeof epoch->committer);
        break;
    case TOC_EPOCH_FIELD_NODE:
        epoch->committer_node = (uint16_t)toc_read_uint_max(reader, UINT16_MAX);
        break;
    case TOC_EPOCH_FIELD_ROSTER:
        epoch->roster_number = toc_read_uint(reader);
        break;
    case TOC_EPOCH_FIELD_MEMBERS:
        epoch->members = toc_record_read_ids(reader, TOC_MEMBERS_MAX);
        break;
    case TOC_EPOCH_FIELD_REASON:
        epoch->reason = (enum toc_epoch_reason)toc_read_uint_max(reader, UINT8_MAX);
        break;
    case TOC_EPOCH_FIELD_F:
        epoch->f_generation = (uint32_t)toc_read_uint_max(reader, UINT32_MAX);
        break;
    default:
        read_secret_field(reader, epoch, key);
    }
}

static struct toc_err decode_record(struct toc_epoch *epoch)
{
    struct toc_reader reader;
    size_t fields = 0;
    uint64_t seen = 0;
    TOC_TRY(toc_record_open(&reader, epoch->record, TOC_EPOCH_BYTES_MAX, &fields));
    for (size_t i = 0; i < fields && !toc_failed(reader.err); i++) {
        const uint8_t *before = reader.at;
        int64_t key = toc_record_key(&reader, &seen);
        if (key == TOC_EPOCH_FIELD_TAG) {
            epoch->tag_ad = toc_span(epoch->record.at, (size_t)(before - epoch->record.at));
        }
        read_field(&reader, epoch, key);
    }
    TOC_TRY(toc_record_end(&reader, seen, EPOCH_WANTED));
    /* */
    if (epoch->number == 0 || epoch->roster_number == 0 || epoch->f_generation == 0 ||
        epoch->reason == 0) {
        return toc_fail(TOC_MALFORMED, "epoch record counts from 0");
    }
    toc_hash(epoch->hash, TOC_CTX_H_EPOCH, &epoch->record, 1);
    return toc_ok();
}

static struct toc_err decode(struct toc_epoch *epoch, struct toc_span envelope,
                             uint8_t sig[static TOC_SIG_BYTES])
{
    struct toc_reader reader;
    memset(epoch, 0, sizeof *epoch);
    TOC_TRY(toc_envelope_open(&reader, envelope, TOC_EPOCH_BYTES_MAX, 3, &epoch->record));
    toc_read_bin_exact(&reader, epoch->log_key, sizeof epoch->log_key);
    toc_read_bin_exact(&reader, sig, TOC_SIG_BYTES);
    TOC_TRY(toc_reader_end(&reader));
    return decode_record(epoch);
}

struct toc_err toc_epoch_decode(struct toc_epoch *epoch, struct toc_span envelope)
{
    uint8_t sig[TOC_SIG_BYTES];
    struct toc_err err = decode(epoch, envelope, sig);
    if (toc_failed(err)) {
        memset(epoch, 0, sizeof *epoch);
    }
    return err;
}

struct toc_err toc_epoch_verify(struct toc_epoch *epoch, struct toc_span envelope,
                                const uint8_t federation[static TOC_ID_BYTES])
{
    uint8_t sig[TOC_SIG_BYTES];
    struct toc_err err = decode(epoch, envelope, sig);
    if (!toc_failed(err)) {
        /* */
        err = toc_verify(sig, TOC_CTX_S_EPOCH, federation, epoch->hash, epoch->log_key);
    }
    if (toc_failed(err)) {
        memset(epoch, 0, sizeof *epoch);
    }
    return err;
}

/* the group of all has exactly the roster's members; any steward commits. */
static struct toc_err check_all(const struct toc_epoch *next, const struct toc_roster *roster)
{
    if (next->members.count != roster->org_count) {
        return toc_fail(TOC_MEMBER, "members are not those of the roster");
    }
    for (size_t i = 0; i < roster->org_count; i++) {
        if (memcmp(toc_ids_at(next->members, i), roster->orgs[i].id, TOC_ID_BYTES) != 0) {
            return toc_fail(TOC_MEMBER, "members are not those of the roster");
        }
    }
    const struct toc_org *committer = toc_roster_find(roster, next->committer);
    if (committer == NULL || !committer->steward) {
        return toc_fail(TOC_AUTHORITY, "committer is no steward");
    }
    return toc_ok();
}

static struct toc_err check_group(const struct toc_epoch *next, const struct toc_roster *roster,
                                  const struct toc_group *group)
{
    /* */
    if ((group->flags & TOC_GROUP_DIRECT) != 0 && !toc_ids_equal(next->members, group->members)) {
        return toc_fail(TOC_MEMBER, "members of a direct audience never change");
    }
    /* */
    for (size_t i = 0; i < next->members.count; i++) {
        if (toc_roster_find(roster, toc_ids_at(next->members, i)) == NULL) {
            return toc_fail(TOC_MEMBER, "a member is not in the roster");
        }
    }
    if (!toc_ids_has(group->admins, next->committer)) {
        return toc_fail(TOC_AUTHORITY, "committer is no admin");
    }
    return toc_ok();
}

/* does `next` win against its sibling `current`? */
static bool beats(const struct toc_epoch *next, const struct toc_epoch *current)
{
    bool removes = next->reason == TOC_REASON_REMOVAL;
    if (removes != (current->reason == TOC_REASON_REMOVAL)) {
        return removes;
    }
    return memcmp(next->hash, current->hash, TOC_HASH_BYTES) < 0;
}

/* each epoch follows the one before. */
static struct toc_err check_order(const struct toc_epoch *next, const struct toc_epoch *current)
{
    if (current == NULL) {
        return toc_ok();
    }
    if (next->number < current->number || memcmp(next->hash, current->hash, TOC_HASH_BYTES) == 0) {
        return toc_fail(TOC_STALE, "epoch is held or older");
    }
    bool sibling = next->number == current->number &&
                   memcmp(next->parent, current->parent, TOC_HASH_BYTES) == 0;
    if (sibling) {
        return beats(next, current) ? toc_ok()
                                    : toc_fail(TOC_STALE, "epoch loses against its sibling");
    }
    if (next->number - current->number != 1 ||
        memcmp(next->parent, current->hash, TOC_HASH_BYTES) != 0) {
        return toc_fail(TOC_CHAIN, "epoch does not follow the current one");
    }
    return toc_ok();
}

struct toc_err toc_epoch_check(const struct toc_epoch *next, const struct toc_epoch_place *place)
{
    uint8_t all[TOC_ID_BYTES];
    toc_group_all_id(all, place->federation);
    const uint8_t *group = place->group == NULL ? all : place->group->id;
    const uint8_t *origin = place->group == NULL ? place->federation : place->group->id;
    if (memcmp(next->group, group, TOC_ID_BYTES) != 0) {
        /* */
        return place->group == NULL ? toc_fail(TOC_FEDERATION, "group of all of another federation")
                                    : toc_fail(TOC_CHAIN, "epoch of another group");
    }
    if (next->roster_number != place->roster->number) {
        return toc_fail(TOC_STATE, "epoch names a roster record that is not in force here");
    }
    if (next->number == 1 && memcmp(next->parent, origin, TOC_HASH_BYTES) != 0) {
        return toc_fail(TOC_CHAIN, "first epoch does not follow the founding");
    }
    if (place->group == NULL) {
        TOC_TRY(check_all(next, place->roster));
    } else {
        TOC_TRY(check_group(next, place->roster, place->group));
    }
    return check_order(next, place->current);
}
