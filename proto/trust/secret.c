/* SPDX-License-Identifier: EUPL-1.2 */
/* Secrets of epochs: making a record for its readers, and opening it. PROTOCOL.md "Epoch record".
 */
#include <string.h>

#include "epoch.h"
#include "ids.h"
#include "record.h"

#define ENTROPY_EPHEMERAL 32u /* offsets in the options' entropy; E stands first */
#define ENTROPY_TAG 64u

/* Every field but members and wraps, with signature and heads. */
#define EPOCH_FIXED_BYTES 480u

size_t toc_epoch_bytes_max(size_t member_count, size_t seal_key_count)
{
    return EPOCH_FIXED_BYTES + member_count * TOC_ID_BYTES + seal_key_count * TOC_WRAP_BYTES;
}

struct toc_err toc_record_write_wraps(struct toc_writer *writer, const struct toc_wrap_scope *scope,
                                      const uint8_t *ephemeral_secret, struct toc_ids recipients,
                                      const uint8_t *secret)
{
    toc_record_write_bin_head(writer, recipients.count * TOC_WRAP_BYTES);
    for (size_t i = 0; i < recipients.count; i++) {
        uint8_t wrap[TOC_WRAP_BYTES];
        TOC_TRY(toc_wrap_make(wrap, scope, ephemeral_secret, toc_ids_at(recipients, i), secret));
        toc_write_raw(writer, toc_span(wrap, sizeof wrap));
    }
    return writer->err;
}

static struct toc_err check_options(const struct toc_epoch_options *options)
{
    if (options->number == 0 || (options->number == 1) != (options->tag_key == NULL)) {
        return toc_fail(TOC_MALFORMED, "only a first epoch draws its tag key");
    }
    if (options->members.count > TOC_MEMBERS_MAX || options->seal_keys.count > TOC_WRAPS_MAX) {
        return toc_fail(TOC_LIMIT, "epoch has too many members or nodes");
    }
    return toc_ok();
}

static void derive_secret(struct toc_epoch_secret *secret, const struct toc_epoch_options *options)
{
    memcpy(secret->e, options->entropy, TOC_KEY_BYTES);
    toc_epoch_key(secret->k, options->f, options->group, options->parent, secret->e);
    memcpy(secret->tag_key,
           options->tag_key == NULL ? options->entropy + ENTROPY_TAG : options->tag_key,
           TOC_KEY_BYTES);
    secret->f_generation = options->f_generation;
}

static void write_head(struct toc_writer *writer, const struct toc_epoch_options *options)
{
    toc_write_map(writer, TOC_EPOCH_FIELDS);
    toc_record_write_bytes32(writer, TOC_EPOCH_FIELD_GROUP, options->group);
    toc_record_write_uint(writer, TOC_EPOCH_FIELD_NUMBER, options->number);
    toc_record_write_bytes32(writer, TOC_EPOCH_FIELD_PARENT, options->parent);
    toc_record_write_bytes32(writer, TOC_EPOCH_FIELD_COMMITTER, options->committer);
    toc_record_write_uint(writer, TOC_EPOCH_FIELD_NODE, options->committer_node);
    toc_record_write_uint(writer, TOC_EPOCH_FIELD_ROSTER, options->roster_number);
    toc_record_write_ids(writer, TOC_EPOCH_FIELD_MEMBERS, options->members);
    toc_record_write_uint(writer, TOC_EPOCH_FIELD_REASON, (uint64_t)options->reason);
    toc_record_write_uint(writer, TOC_EPOCH_FIELD_F, options->f_generation);
}

static void write_sealed(struct toc_writer *writer, const struct toc_epoch_options *options,
                         const struct toc_epoch_secret *secret)
{
    uint8_t commitment[TOC_HASH_BYTES];
    uint8_t sealed[TOC_TAG_SEALED_BYTES];
    toc_epoch_commit(commitment, secret->k);
    toc_record_write_bytes32(writer, TOC_EPOCH_FIELD_COMMITMENT, commitment);
    toc_tag_seal(sealed, secret->tag_key, secret->k, options->group,
                 toc_span(writer->at, toc_failed(writer->err) ? 0 : writer->len));
    toc_write_uint(writer, TOC_EPOCH_FIELD_TAG);
    toc_write_bin(writer, toc_span(sealed, sizeof sealed));
}

static struct toc_err write_readers(struct toc_writer *writer,
                                    const struct toc_epoch_options *options,
                                    const struct toc_epoch_secret *secret)
{
    uint8_t public_key[TOC_KEY_BYTES];
    uint8_t secret_key[TOC_KEY_BYTES];
    toc_dh_keypair(public_key, secret_key, options->entropy + ENTROPY_EPHEMERAL);
    struct toc_wrap_scope scope = {options->group, options->parent, public_key};
    toc_record_write_bytes32(writer, TOC_EPOCH_FIELD_EPHEMERAL, public_key);
    toc_write_uint(writer, TOC_EPOCH_FIELD_WRAPS);
    struct toc_err err =
        toc_record_write_wraps(writer, &scope, secret_key, options->seal_keys, secret->e);
    toc_wipe(secret_key, sizeof secret_key);
    return err;
}

static struct toc_err sign_envelope(const struct toc_epoch_options *options, struct toc_room out,
                                    const struct toc_writer *writer, struct toc_span *envelope)
{
    struct toc_writer whole;
    struct toc_span record;
    uint8_t hash[TOC_HASH_BYTES];
    uint8_t sig[TOC_SIG_BYTES];
    TOC_TRY(toc_envelope_end(out, writer, 3, &whole, &record));
    toc_hash(hash, TOC_CTX_H_EPOCH, &record, 1);
    toc_sign(sig, TOC_CTX_S_EPOCH, options->federation, hash, options->log_keys->secret);
    toc_write_bin(&whole, toc_span(options->log_keys->public_key, TOC_KEY_BYTES));
    toc_write_bin(&whole, toc_span(sig, sizeof sig));
    TOC_TRY(whole.err);

    /* What a reader would refuse is never given out. */
    struct toc_epoch read;
    TOC_TRY(toc_epoch_decode(&read, toc_writer_bytes(&whole)));
    *envelope = toc_writer_bytes(&whole);
    return toc_ok();
}

static struct toc_err make(const struct toc_epoch_options *options, struct toc_room out,
                           struct toc_span *envelope, struct toc_epoch_secret *secret)
{
    TOC_TRY(check_options(options));
    derive_secret(secret, options);
    struct toc_writer writer = toc_envelope_begin(out);
    write_head(&writer, options);
    write_sealed(&writer, options, secret);
    TOC_TRY(write_readers(&writer, options, secret));
    return sign_envelope(options, out, &writer, envelope);
}

struct toc_err toc_epoch_make(const struct toc_epoch_options *options, struct toc_room out,
                              struct toc_span *envelope, struct toc_epoch_secret *secret)
{
    struct toc_err err = make(options, out, envelope, secret);
    if (toc_failed(err)) {
        toc_wipe(secret, sizeof *secret);
    }
    return err;
}

static struct toc_err open_epoch(struct toc_epoch_secret *secret, const struct toc_epoch *epoch,
                                 const uint8_t *f, const uint8_t *seal_public,
                                 const uint8_t *seal_secret)
{
    struct toc_wrap_scope scope = {epoch->group, epoch->parent, epoch->ephemeral};
    /* */
    TOC_TRY(toc_wrap_open(secret->e, &scope, epoch->wraps.at, epoch->wraps.len / TOC_WRAP_BYTES,
                          seal_public, seal_secret));
    toc_epoch_key(secret->k, f, epoch->group, epoch->parent, secret->e);
    uint8_t commitment[TOC_HASH_BYTES];
    toc_epoch_commit(commitment, secret->k);
    /* */
    if (!toc_secret_equal(commitment, epoch->commitment, sizeof commitment)) {
        return toc_fail(TOC_COMMITMENT, "epoch secret does not match its commitment");
    }
    secret->f_generation = epoch->f_generation;
    /* */
    return toc_tag_open(secret->tag_key, epoch->tag_sealed, secret->k, epoch->group, epoch->tag_ad);
}

struct toc_err toc_epoch_open(struct toc_epoch_secret *secret, const struct toc_epoch *epoch,
                              const uint8_t f[static TOC_KEY_BYTES],
                              const uint8_t seal_public[static TOC_KEY_BYTES],
                              const uint8_t seal_secret[static TOC_KEY_BYTES])
{
    struct toc_err err = open_epoch(secret, epoch, f, seal_public, seal_secret);
    if (toc_failed(err)) {
        toc_wipe(secret, sizeof *secret);
    }
    return err;
}
