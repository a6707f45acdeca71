/* SPDX-License-Identifier: EUPL-1.2 */
/* USES: trust */
/*
 * Epoch and founding records from anybody. What decodes keeps the promises of group.h; a founding
 * record signs again to one that reads the same.
 */
#include "trust.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_span(struct toc_span inner, struct toc_span outer)
{
    TOC_ASSERT(inner.at >= outer.at && inner.len <= outer.len);
    TOC_ASSERT((size_t)(inner.at - outer.at) <= outer.len - inner.len);
}

static void check_epoch(const struct toc_epoch *epoch, struct toc_span bytes)
{
    static const uint8_t entropy[128] = {1};
    static const uint8_t f[TOC_KEY_BYTES];
    struct toc_node_keys keys;
    struct toc_epoch_secret secret;
    check_span(epoch->record, bytes);
    check_span(epoch->tag_ad, epoch->record);
    check_span(epoch->wraps, epoch->record);
    check_span(toc_span(epoch->members.at, epoch->members.count * TOC_ID_BYTES), epoch->record);
    TOC_ASSERT(epoch->wraps.len % TOC_WRAP_BYTES == 0 && epoch->wraps.len != 0);
    TOC_ASSERT(toc_ids_sorted(epoch->members) && epoch->members.count != 0);
    toc_node_keys_make(&keys, entropy);
    TOC_ASSERT(toc_failed(toc_epoch_open(&secret, epoch, f, keys.seal_public, keys.seal_secret)));
    TOC_ASSERT(toc_is_zero(&secret, sizeof secret));

    /* No record follows itself. */
    struct toc_org org = {.steward = true};
    struct toc_roster roster = {.number = epoch->roster_number, .orgs = &org, .org_count = 1};
    struct toc_group group = {.members = epoch->members, .admins = epoch->members};
    struct toc_epoch_place place = {
        .federation = f, .roster = &roster, .group = &group, .current = epoch};
    memcpy(group.id, epoch->group, sizeof group.id);
    memcpy(org.id, epoch->members.at, sizeof org.id);
    TOC_ASSERT(toc_failed(toc_epoch_check(epoch, &place)));
}

static void sign_again(struct toc_group *group)
{
    static const uint8_t entropy[32] = {1};
    static uint8_t memory[TOC_GROUP_BYTES_MAX];
    struct toc_sign_keys keys;
    struct toc_group read;
    struct toc_span envelope;
    toc_sign_keys_make(&keys, entropy);
    struct toc_room out = {memory, sizeof memory};
    TOC_ASSERT(!toc_failed(toc_group_sign(group, entropy, &keys, out, &envelope)));
    TOC_ASSERT(!toc_failed(toc_group_verify(&read, envelope, entropy)));
    TOC_ASSERT(toc_ids_equal(read.members, group->members));
    TOC_ASSERT(toc_ids_equal(read.admins, group->admins));
    TOC_ASSERT(toc_span_equal(read.name, group->name) && read.flags == group->flags);
    TOC_ASSERT(memcmp(read.id, group->id, sizeof read.id) == 0);
}

static void read_records(struct toc_span bytes)
{
    struct toc_epoch epoch;
    struct toc_group group;
    if (!toc_failed(toc_epoch_decode(&epoch, bytes))) {
        check_epoch(&epoch, bytes);
        return;
    }
    TOC_ASSERT(toc_is_zero(&epoch, sizeof epoch));
    if (!toc_failed(toc_group_decode(&group, bytes))) {
        check_span(group.record, bytes);
        TOC_ASSERT(toc_ids_has(group.members, group.founder));
        sign_again(&group);
        return;
    }
    TOC_ASSERT(toc_is_zero(&group, sizeof group));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t memory[TOC_EPOCH_BYTES_MAX];
    static const uint8_t sig[TOC_SIG_BYTES];
    struct toc_writer writer;
    read_records(toc_span(data, size));
    /* The same bytes as a record, so that its lengths need not be guessed. */
    toc_writer_init(&writer, memory, sizeof memory);
    toc_write_array(&writer, 3);
    toc_write_bin(&writer, toc_span(data, size));
    toc_write_bin(&writer, toc_span(sig, TOC_KEY_BYTES));
    toc_write_bin(&writer, toc_span(sig, sizeof sig));
    if (!toc_failed(writer.err)) {
        read_records(toc_writer_bytes(&writer));
    }
    return 0;
}
