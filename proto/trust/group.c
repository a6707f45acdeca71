/* SPDX-License-Identifier: EUPL-1.2 */
/* Founding records of groups. PROTOCOL.md "Founding record". */
#include "group.h"

#include <string.h>

#include "ids.h"
#include "record.h"

enum group_field { /* keys of the record */
                   GROUP_RANDOM = 1,
                   GROUP_FOUNDER,
                   GROUP_FOUNDER_NODE,
                   GROUP_MEMBERS,
                   GROUP_ADMINS,
                   GROUP_NAME,
                   GROUP_PURPOSE,
                   GROUP_FLAGS,
};
#define GROUP_WANTED                                                                               \
    (TOC_FIELD(GROUP_RANDOM) | TOC_FIELD(GROUP_FOUNDER) | TOC_FIELD(GROUP_FOUNDER_NODE) |          \
     TOC_FIELD(GROUP_MEMBERS) | TOC_FIELD(GROUP_ADMINS) | TOC_FIELD(GROUP_FLAGS))

static void read_field(struct toc_reader *reader, struct toc_group *group, int64_t key)
{
    switch (key) {
    case GROUP_RANDOM:
        toc_read_bin_exact(reader, group->random, sizeof group->random);
        break;
    case GROUP_FOUNDER:
        toc_read_bin_exact(reader, group->founder, sizeof group->founder);
        break;
    case GROUP_FOUNDER_NODE:
        group->founder_node = (uint16_t)toc_read_uint_max(reader, UINT16_MAX);
        break;
    case GROUP_MEMBERS:
        group->members = toc_record_read_ids(reader, TOC_MEMBERS_MAX);
        break;
    case GROUP_ADMINS:
        group->admins = toc_record_read_ids(reader, TOC_ADMINS_MAX);
        break;
    case GROUP_NAME:
        group->name = toc_record_read_span(reader, TOC_HANDLE_BYTES_MAX);
        break;
    case GROUP_PURPOSE:
        group->purpose = toc_record_read_span(reader, TOC_PURPOSE_BYTES_MAX);
        break;
    case GROUP_FLAGS:
        group->flags = (uint32_t)toc_read_uint_max(reader, UINT32_MAX);
        break;
    default:
        toc_read_unknown(reader, key);
    }
}

static struct toc_err check_group(const struct toc_group *group)
{
    /* */
    if (!toc_ids_has(group->members, group->founder)) {
        return toc_fail(TOC_MALFORMED, "founder is no member");
    }
    for (size_t i = 0; i < group->admins.count; i++) {
        if (!toc_ids_has(group->members, toc_ids_at(group->admins, i))) {
            return toc_fail(TOC_MALFORMED, "an admin is no member");
        }
    }
    if ((group->flags & TOC_GROUP_DIRECT) == 0) {
        return toc_handle_check(group->name);
    }
    /* */
    if (group->admins.count != 1 || memcmp(group->admins.at, group->founder, TOC_ID_BYTES) != 0 ||
        group->name.len != 0) {
        return toc_fail(TOC_MALFORMED, "direct audience with a name or another admin");
    }
    return toc_ok();
}

static struct toc_err decode_record(struct toc_group *group)
{
    struct toc_reader reader;
    size_t fields = 0;
    uint64_t seen = 0;
    TOC_TRY(toc_record_open(&reader, group->record, TOC_GROUP_BYTES_MAX, &fields));
    for (size_t i = 0; i < fields && !toc_failed(reader.err); i++) {
        read_field(&reader, group, toc_record_key(&reader, &seen));
    }
    TOC_TRY(toc_record_end(&reader, seen, GROUP_WANTED));
    toc_hash(group->id, TOC_CTX_H_GROUP, &group->record, 1);
    return check_group(group);
}

static struct toc_err decode(struct toc_group *group, struct toc_span envelope,
                             uint8_t sig[static TOC_SIG_BYTES])
{
    struct toc_reader reader;
    memset(group, 0, sizeof *group);
    TOC_TRY(toc_envelope_open(&reader, envelope, TOC_GROUP_BYTES_MAX, 3, &group->record));
    toc_read_bin_exact(&reader, group->log_key, sizeof group->log_key);
    toc_read_bin_exact(&reader, sig, TOC_SIG_BYTES);
    TOC_TRY(toc_reader_end(&reader));
    return decode_record(group);
}

struct toc_err toc_group_decode(struct toc_group *group, struct toc_span envelope)
{
    uint8_t sig[TOC_SIG_BYTES];
    struct toc_err err = decode(group, envelope, sig);
    if (toc_failed(err)) {
        memset(group, 0, sizeof *group);
    }
    return err;
}

struct toc_err toc_group_verify(struct toc_group *group, struct toc_span envelope,
                                const uint8_t federation[static TOC_ID_BYTES])
{
    uint8_t sig[TOC_SIG_BYTES];
    struct toc_err err = decode(group, envelope, sig);
    if (!toc_failed(err)) {
        /* */
        err = toc_verify(sig, TOC_CTX_S_GROUP, federation, group->id, group->log_key);
    }
    if (toc_failed(err)) {
        memset(group, 0, sizeof *group);
    }
    return err;
}

static void write_record(struct toc_writer *writer, const struct toc_group *group)
{
    toc_write_map(writer, 6u + (group->name.len != 0) + (group->purpose.len != 0));
    toc_record_write_bytes32(writer, GROUP_RANDOM, group->random);
    toc_record_write_bytes32(writer, GROUP_FOUNDER, group->founder);
    toc_record_write_uint(writer, GROUP_FOUNDER_NODE, group->founder_node);
    toc_record_write_ids(writer, GROUP_MEMBERS, group->members);
    toc_record_write_ids(writer, GROUP_ADMINS, group->admins);
    if (group->name.len != 0) {
        toc_record_write_span(writer, GROUP_NAME, group->name);
    }
    if (group->purpose.len != 0) {
        toc_record_write_span(writer, GROUP_PURPOSE, group->purpose);
    }
    toc_record_write_uint(writer, GROUP_FLAGS, group->flags);
}

struct toc_err toc_group_sign(struct toc_group *group,
                              const uint8_t federation[static TOC_ID_BYTES],
                              const struct toc_sign_keys *log_keys, struct toc_room out,
                              struct toc_span *envelope)
{
    if (group->members.count > TOC_MEMBERS_MAX || group->admins.count > TOC_ADMINS_MAX) {
        return toc_fail(TOC_LIMIT, "group has too many members or admins");
    }
    struct toc_writer writer = toc_envelope_begin(out);
    write_record(&writer, group);

    struct toc_writer whole;
    struct toc_span record;
    uint8_t id[TOC_ID_BYTES];
    uint8_t sig[TOC_SIG_BYTES];
    TOC_TRY(toc_envelope_end(out, &writer, 3, &whole, &record));
    toc_hash(id, TOC_CTX_H_GROUP, &record, 1);
    toc_sign(sig, TOC_CTX_S_GROUP, federation, id, log_keys->secret);
    toc_write_bin(&whole, toc_span(log_keys->public_key, TOC_KEY_BYTES));
    toc_write_bin(&whole, toc_span(sig, sizeof sig));
    TOC_TRY(whole.err);

    /* What a reader would refuse is never given out. */
    struct toc_group read;
    TOC_TRY(toc_group_verify(&read, toc_writer_bytes(&whole), federation));
    *group = read;
    *envelope = toc_writer_bytes(&whole);
    return toc_ok();
}
