/* SPDX-License-Identifier: EUPL-1.2 */
/* Roster records. PROTOCOL.md "Roster record". */
#include "roster.h"

#include <string.h>

#include "epoch.h"
#include "record.h"
#include "roster_write.h"

enum roster_field { /* keys of the record */
                    ROSTER_NUMBER = 1,
                    ROSTER_PREV,
                    ROSTER_NAME,
                    ROSTER_ORGS,
                    ROSTER_F,
                    ROSTER_F_HASH,
                    ROSTER_EPHEMERAL,
                    ROSTER_WRAPS,
};
#define ROSTER_FIELDS_PLAIN 6u /* without F's wraps */
#define ROSTER_WANTED                                                                              \
    (TOC_FIELD(ROSTER_NUMBER) | TOC_FIELD(ROSTER_PREV) | TOC_FIELD(ROSTER_NAME) |                  \
     TOC_FIELD(ROSTER_ORGS) | TOC_FIELD(ROSTER_F) | TOC_FIELD(ROSTER_F_HASH))

enum org_field { /* keys of an organisation's map */
                 ORG_ID = 1,
                 ORG_KEY,
                 ORG_RECOVERY_KEY,
                 ORG_HANDLE,
                 ORG_COUNTRY,
                 ORG_KIND,
                 ORG_STEWARD,
};
#define ORG_WANTED                                                                                 \
    (TOC_FIELD(ORG_ID) | TOC_FIELD(ORG_KEY) | TOC_FIELD(ORG_RECOVERY_KEY) |                        \
     TOC_FIELD(ORG_HANDLE) | TOC_FIELD(ORG_KIND) | TOC_FIELD(ORG_STEWARD))

/* The scope of F's wraps has no group. */
static const uint8_t no_group[TOC_ID_BYTES];

static void read_org_field(struct toc_reader *reader, struct toc_org *org, int64_t key)
{
    switch (key) {
    case ORG_ID:
        toc_read_bin_exact(reader, org->id, sizeof org->id);
        break;
    case ORG_KEY:
        toc_read_bin_exact(reader, org->key, sizeof org->key);
        break;
    case ORG_RECOVERY_KEY:
        toc_read_bin_exact(reader, org->recovery_key, sizeof org->recovery_key);
        break;
    case ORG_HANDLE:
        toc_record_read_handle(reader, org->handle);
        break;
    case ORG_COUNTRY:
        toc_record_read_country(reader, org->country);
        break;
    case ORG_KIND:
        org->kind = (enum toc_org_kind)toc_read_uint_max(reader, UINT8_MAX);
        break;
    case ORG_STEWARD:
        org->steward = toc_read_bool(reader);
        break;
    default:
        toc_read_unknown(reader, key);
    }
}

static void read_org(struct toc_reader *reader, struct toc_org *org)
{
    uint64_t seen = 0;
    size_t fields = toc_read_map(reader, TOC_RECORD_FIELDS_MAX);
    for (size_t i = 0; i < fields && !toc_failed(reader->err); i++) {
        read_org_field(reader, org, toc_record_key(reader, &seen));
    }
    if ((seen & ORG_WANTED) != ORG_WANTED || org->kind == 0) {
        toc_reader_fail(reader, TOC_MALFORMED, "organisation lacks a field");
    }
}

static void read_orgs(struct toc_reader *reader, struct toc_roster *roster, struct toc_arena *arena)
{
    size_t count = toc_read_array(reader, TOC_ORGS_MAX);
    roster->orgs = toc_arena_alloc(arena, count, sizeof *roster->orgs);
    if (roster->orgs == NULL) {
        toc_reader_fail(reader, TOC_FULL, "roster does not fit its memory");
        return;
    }
    for (size_t i = 0; i < count && !toc_failed(reader->err); i++) {
        read_org(reader, &roster->orgs[i]);
        roster->steward_count += roster->orgs[i].steward;
    }
    roster->org_count = count;
}

static void read_field(struct toc_reader *reader, struct toc_roster *roster,
                       struct toc_arena *arena, int64_t key)
{
    switch (key) {
    case ROSTER_NUMBER:
        roster->number = toc_read_uint(reader);
        break;
    case ROSTER_PREV:
        toc_read_bin_exact(reader, roster->prev, sizeof roster->prev);
        break;
    case ROSTER_NAME:
        toc_record_read_text(reader, roster->name, TOC_FEDERATION_NAME_BYTES_MAX);
        break;
    case ROSTER_ORGS:
        read_orgs(reader, roster, arena);
        break;
    case ROSTER_F:
        roster->f_generation = (uint32_t)toc_read_uint_max(reader, UINT32_MAX);
        break;
    case ROSTER_F_HASH:
        toc_read_bin_exact(reader, roster->f_hash, sizeof roster->f_hash);
        break;
    case ROSTER_EPHEMERAL:
        roster->ephemeral = toc_record_read_exact(reader, TOC_KEY_BYTES);
        break;
    case ROSTER_WRAPS:
        roster->wraps = toc_record_read_wraps(reader);
        break;
    default:
        toc_read_unknown(reader, key);
    }
}

/* */
static struct toc_err check_orgs(const struct toc_roster *roster)
{
    for (size_t i = 1; i < roster->org_count; i++) {
        if (memcmp(roster->orgs[i - 1].id, roster->orgs[i].id, TOC_ID_BYTES) >= 0) {
            return toc_fail(TOC_MALFORMED, "organisations are not ascending by id");
        }
        for (size_t j = 0; j < i; j++) {
            if (toc_handle_equal(toc_span_str(roster->orgs[i].handle),
                                 toc_span_str(roster->orgs[j].handle))) {
                return toc_fail(TOC_MALFORMED, "two organisations have one handle");
            }
        }
    }
    return toc_ok();
}

static struct toc_err check_roster(const struct toc_roster *roster, uint64_t seen)
{
    /* */
    if (roster->number == 0 ||
        (roster->number == 1) != toc_is_zero(roster->prev, sizeof roster->prev)) {
        return toc_fail(TOC_MALFORMED, "number and hash of the record before contradict");
    }
    /* */
    bool ephemeral = (seen & TOC_FIELD(ROSTER_EPHEMERAL)) != 0;
    bool wraps = (seen & TOC_FIELD(ROSTER_WRAPS)) != 0;
    if (roster->f_generation == 0 || ephemeral != wraps) {
        return toc_fail(TOC_MALFORMED, "federation secret lacks a field");
    }
    /* a threshold that nobody can reach is as bad as a threshold of zero. */
    if (roster->steward_count < TOC_STEWARDS_MIN) {
        return toc_fail(TOC_LIMIT, "fewer than two organisations have a vote");
    }
    return check_orgs(roster);
}

static struct toc_err decode(struct toc_roster *roster, struct toc_span record,
                             struct toc_arena *arena)
{
    struct toc_reader reader;
    size_t fields = 0;
    uint64_t seen = 0;
    TOC_TRY(toc_record_open(&reader, record, TOC_ROSTER_BYTES_MAX, &fields));
    for (size_t i = 0; i < fields && !toc_failed(reader.err); i++) {
        read_field(&reader, roster, arena, toc_record_key(&reader, &seen));
    }
    TOC_TRY(toc_record_end(&reader, seen, ROSTER_WANTED));
    roster->record = record;
    toc_hash(roster->hash, TOC_CTX_H_ROSTER, &record, 1);
    return check_roster(roster, seen);
}

struct toc_err toc_roster_decode(struct toc_roster *roster, struct toc_span record,
                                 struct toc_arena *arena)
{
    size_t mark = toc_arena_mark(arena);
    memset(roster, 0, sizeof *roster);
    struct toc_err err = decode(roster, record, arena);
    if (toc_failed(err)) {
        memset(roster, 0, sizeof *roster);
        toc_arena_release(arena, mark);
    }
    return err;
}

const struct toc_org *toc_roster_find(const struct toc_roster *roster,
                                      const uint8_t id[static TOC_ID_BYTES])
{
    size_t low = 0;
    size_t high = roster->org_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = memcmp(roster->orgs[middle].id, id, TOC_ID_BYTES);
        if (order == 0) {
            return &roster->orgs[middle];
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

const struct toc_org *toc_roster_find_handle(const struct toc_roster *roster,
                                             struct toc_span handle)
{
    for (size_t i = 0; i < roster->org_count; i++) {
        if (toc_handle_equal(toc_span_str(roster->orgs[i].handle), handle)) {
            return &roster->orgs[i];
        }
    }
    return NULL;
}

size_t toc_roster_threshold(const struct toc_roster *roster)
{
    size_t votes = (2 * roster->steward_count + 2) / 3;
    return votes < 2 ? 2 : votes;
}

struct toc_err toc_roster_check_secret(const struct toc_roster *roster,
                                       const uint8_t f[static TOC_KEY_BYTES])
{
    uint8_t hash[TOC_HASH_BYTES];
    struct toc_span part = toc_span(f, TOC_KEY_BYTES);
    toc_hash(hash, TOC_CTX_H_F, &part, 1);
    /* */
    if (!toc_secret_equal(hash, roster->f_hash, sizeof hash)) {
        return toc_fail(TOC_HASH, "this is not the federation secret of the record");
    }
    return toc_ok();
}

static struct toc_err open_secret(uint8_t *f, const struct toc_roster *roster,
                                  const uint8_t *seal_public, const uint8_t *seal_secret)
{
    if (roster->ephemeral == NULL) {
        return toc_fail(TOC_ABSENT, "the federation secret is handed over by hand");
    }
    struct toc_wrap_scope scope = {no_group, roster->prev, roster->ephemeral};
    TOC_TRY(toc_wrap_open(f, &scope, roster->wraps.at, roster->wraps.len / TOC_WRAP_BYTES,
                          seal_public, seal_secret));
    return toc_roster_check_secret(roster, f);
}

struct toc_err toc_roster_open_secret(uint8_t f[static TOC_KEY_BYTES],
                                      const struct toc_roster *roster,
                                      const uint8_t seal_public[static TOC_KEY_BYTES],
                                      const uint8_t seal_secret[static TOC_KEY_BYTES])
{
    struct toc_err err = open_secret(f, roster, seal_public, seal_secret);
    if (toc_failed(err)) {
        toc_wipe(f, TOC_KEY_BYTES);
    }
    return err;
}

static void write_org(struct toc_writer *writer, const struct toc_org *org)
{
    toc_write_map(writer, 6u + (org->country[0] != '\0'));
    toc_record_write_bytes32(writer, ORG_ID, org->id);
    toc_record_write_bytes32(writer, ORG_KEY, org->key);
    toc_record_write_bytes32(writer, ORG_RECOVERY_KEY, org->recovery_key);
    toc_record_write_span(writer, ORG_HANDLE, toc_span_str(org->handle));
    toc_record_write_text(writer, ORG_COUNTRY, org->country);
    toc_record_write_uint(writer, ORG_KIND, (uint64_t)org->kind);
    toc_write_uint(writer, ORG_STEWARD);
    toc_write_bool(writer, org->steward);
}

static struct toc_err write_secret(struct toc_writer *writer, const struct toc_roster *roster,
                                   const struct toc_roster_secret *secret)
{
    uint8_t hash[TOC_HASH_BYTES];
    struct toc_span part = toc_span(secret->f, TOC_KEY_BYTES);
    toc_hash(hash, TOC_CTX_H_F, &part, 1);
    toc_record_write_uint(writer, ROSTER_F, roster->f_generation);
    toc_record_write_bytes32(writer, ROSTER_F_HASH, hash);
    if (secret->seal_keys.count == 0) {
        return writer->err;
    }
    uint8_t public_key[TOC_KEY_BYTES];
    uint8_t secret_key[TOC_KEY_BYTES];
    toc_dh_keypair(public_key, secret_key, secret->ephemeral_entropy);
    struct toc_wrap_scope scope = {no_group, roster->prev, public_key};
    toc_record_write_bytes32(writer, ROSTER_EPHEMERAL, public_key);
    toc_write_uint(writer, ROSTER_WRAPS);
    struct toc_err err =
        toc_record_write_wraps(writer, &scope, secret_key, secret->seal_keys, secret->f);
    toc_wipe(secret_key, sizeof secret_key);
    return err;
}

struct toc_err toc_roster_write(struct toc_writer *writer, const struct toc_roster *roster,
                                struct toc_span name, const struct toc_roster_secret *secret)
{
    toc_write_map(writer, ROSTER_FIELDS_PLAIN + (secret->seal_keys.count == 0 ? 0u : 2u));
    toc_record_write_uint(writer, ROSTER_NUMBER, roster->number);
    toc_record_write_bytes32(writer, ROSTER_PREV, roster->prev);
    toc_record_write_span(writer, ROSTER_NAME, name);
    toc_write_uint(writer, ROSTER_ORGS);
    toc_write_array(writer, roster->org_count);
    for (size_t i = 0; i < roster->org_count; i++) {
        write_org(writer, &roster->orgs[i]);
    }
    return write_secret(writer, roster, secret);
}
