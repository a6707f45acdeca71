/* SPDX-License-Identifier: EUPL-1.2 */
#include "evil.h"

/* Groups that the liar founds. */

static uint8_t group_room[TOC_GROUP_BYTES_MAX], epoch_room[65536], again_room[65536];
static uint8_t body_room[131072];

static struct toc_ids sorted(uint8_t *room, const uint8_t *const *orgs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        memcpy(room + i * TOC_ID_BYTES, orgs[i], TOC_ID_BYTES);
    }
    return (struct toc_ids){room, toc_ids_sort(room, count)};
}

static struct toc_ids members_of(const struct evil *evil, const struct evil_invite *invite,
                                 uint8_t *room)
{
    static const uint8_t nobody[TOC_ID_BYTES] = {1, 2, 3};
    const uint8_t *orgs[5] = {evil->me.card.id};
    size_t count = 1;
    orgs[count++] = invite->without_us ? evil->absent.card.id : evil->victim.card.id;
    if (invite->stranger_member) {
        orgs[count++] = nobody;
    }
    if (invite->third != NULL) {
        orgs[count++] = invite->third;
    }
    return sorted(room, orgs, count);
}

static struct toc_sign_keys foreign_keys(void)
{
    struct toc_sign_keys keys;
    uint8_t entropy[32] = {99};
    toc_sign_keys_make(&keys, entropy);
    return keys;
}

static struct toc_span make_group(struct evil *evil, const struct evil_invite *invite,
                                  struct toc_group *group)
{
    static uint8_t ids[5 * TOC_ID_BYTES];
    struct toc_sign_keys other = foreign_keys();
    uint8_t elsewhere[TOC_ID_BYTES] = {7};
    *group = (struct toc_group){
        .founder_node = 1, .members = members_of(evil, invite, ids), .flags = TOC_GROUP_DIRECT};
    memcpy(group->founder, invite->not_founder ? evil->victim.card.id : evil->me.card.id,
           TOC_ID_BYTES);
    group->admins = (struct toc_ids){group->founder, 1};
    evil->net->entropy(evil, group->random, sizeof group->random);
    struct toc_span envelope;
    EVIL_NEED(evil, !toc_failed(toc_group_sign(
                        group, invite->other_federation ? elsewhere : evil->federation,
                        invite->foreign_key ? &other : &evil->log_keys,
                        (struct toc_room){group_room, sizeof group_room}, &envelope)));
    return envelope;
}

static struct toc_span make_epoch(struct evil *evil, const struct evil_invite *invite,
                                  const struct toc_group *group, struct toc_epoch_secret *secret)
{
    static uint8_t ids[5 * TOC_ID_BYTES], keys[3 * TOC_KEY_BYTES];
    const uint8_t *one_more[] = {evil->me.card.id, evil->victim.card.id, evil->witness.card.id};
    struct toc_sign_keys other = foreign_keys();
    uint8_t entropy[TOC_EPOCH_ENTROPY_BYTES], other_id[TOC_ID_BYTES] = {4};
    evil->net->entropy(evil, entropy, sizeof entropy);
    memcpy(keys, evil->me.card.nodes[0].seal_key, TOC_KEY_BYTES);
    memcpy(keys + TOC_KEY_BYTES, evil->victim.card.nodes[0].seal_key, TOC_KEY_BYTES);
    memcpy(keys + 2 * TOC_KEY_BYTES, evil->witness.card.nodes[0].seal_key, TOC_KEY_BYTES);
    size_t wraps = invite->no_wrap ? 1 : invite->third != NULL ? 3 : 2;
    struct toc_epoch_options options = {
        .federation = evil->federation,
        .group = invite->other_group ? other_id : group->id,
        .number = invite->later_epoch ? 7 : 1,
        .parent = invite->other_group ? other_id : group->id,
        .committer = invite->foreign_committer ? evil->absent.card.id : group->founder,
        .committer_node = 1,
        .roster_number = invite->later_roster ? 2 : 1,
        .members = invite->other_epoch_members ? sorted(ids, one_more, 3) : group->members,
        .seal_keys = {keys, wraps},
        .reason = TOC_REASON_FOUNDING,
        .f_generation = 1,
        .f = evil->f,
        .tag_key = invite->later_epoch ? entropy : NULL,
        .log_keys = invite->foreign_epoch_key ? &other : &evil->log_keys,
        .entropy = entropy};
    struct toc_span envelope;
    struct toc_err err = toc_epoch_make(&options, (struct toc_room){epoch_room, sizeof epoch_room},
                                        &envelope, secret);
    EVIL_NEED(evil, !toc_failed(err));
    return envelope;
}

/* Alters what only the reader can see, and signs the record again. */
static struct toc_span bend_epoch(struct evil *evil, const struct evil_invite *invite,
                                  struct toc_span envelope)
{
    struct toc_epoch epoch;
    EVIL_NEED(evil, !toc_failed(toc_epoch_decode(&epoch, envelope)));
    uint8_t *wraps = (uint8_t *)(uintptr_t)epoch.wraps.at;
    for (size_t i = 0; invite->broken_wrap && i < epoch.wraps.len; i += TOC_WRAP_BYTES) {
        wraps[i + TOC_WRAP_BYTES - 1] ^= 1;
    }
    if (invite->tag_broken) {
        ((uint8_t *)(uintptr_t)epoch.tag_sealed)[3] ^= 1;
    }
    uint8_t hash[TOC_HASH_BYTES], sig[TOC_SIG_BYTES];
    toc_hash(hash, TOC_CTX_H_EPOCH, &epoch.record, 1);
    toc_sign(sig, TOC_CTX_S_EPOCH, evil->federation, hash, evil->log_keys.secret);
    struct toc_writer writer;
    toc_writer_init(&writer, again_room, sizeof again_room);
    toc_write_array(&writer, 3);
    toc_write_bin(&writer, epoch.record);
    toc_write_bin(&writer, toc_span(evil->log_keys.public_key, TOC_KEY_BYTES));
    toc_write_bin(&writer, toc_span(sig, sizeof sig));
    return toc_writer_bytes(&writer);
}

struct toc_span evil_make_invite(struct evil *evil, const struct evil_invite *invite,
                                 struct evil_group *out)
{
    struct toc_group group;
    struct toc_epoch_secret secret;
    struct toc_epoch decoded;
    struct toc_span founding = make_group(evil, invite, &group);
    struct toc_span epoch = make_epoch(evil, invite, &group, &secret);
    if (invite->broken_wrap || invite->tag_broken) {
        epoch = bend_epoch(evil, invite, epoch);
    }
    EVIL_NEED(evil, !toc_failed(toc_epoch_decode(&decoded, epoch)));
    memcpy(out->id, group.id, sizeof out->id);
    memcpy(out->tag_key, secret.tag_key, sizeof out->tag_key);
    memcpy(out->k, secret.k, sizeof out->k);
    memcpy(out->epoch, toc_epoch_ref(&decoded), sizeof out->epoch);
    struct toc_span flipped = invite->flip == 1 ? founding : epoch;
    if (invite->flip != 0) {
        ((uint8_t *)(uintptr_t)flipped.at)[flipped.len - 1] ^= 1;
    }
    struct toc_writer writer;
    toc_writer_init(&writer, body_room, sizeof body_room);
    toc_write_array(&writer, invite->form == 1 ? 1 : invite->form == 2 ? 3 : 2);
    toc_write_bin(&writer, founding);
    if (invite->form != 1) {
        toc_write_bin(&writer, epoch);
    }
    if (invite->form == 2 || invite->form == 3) {
        toc_write_bin(&writer, epoch);
    }
    struct toc_span body = toc_writer_bytes(&writer);
    EVIL_NEED(evil, body.at != NULL);
    body.len -= invite->form == 4 ? 1 : 0;
    return body;
}

void evil_found(struct evil *evil, const struct evil_invite *invite, struct evil_group *out)
{
    size_t heard = evil->count[TOC_MSG_TAGS];
    evil_say(evil, TOC_MSG_INVITE, TOC_CLASS_CONTROL, evil_make_invite(evil, invite, out));
    EVIL_NEED(evil, evil_hears(evil, TOC_MSG_TAGS, heard + 1, EVIL_ANSWER_MS));
    evil_say_tags(evil, out);
    evil_begin_chain(evil, out->id);
    EVIL_NEED(evil, evil_answers(evil)); /* so the TAGS have been read */
}
