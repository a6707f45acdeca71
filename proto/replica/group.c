/* SPDX-License-Identifier: EUPL-1.2 */
#include "replica.h"

#include <string.h>

/* Which groups a link shares, and how their members learn of them. */

static bool peer_is_in(const struct toc_replica *replica, const struct toc_link *link,
                       uint32_t group)
{
    return replica->ledger->groups[group].has_epoch &&
           toc_ledger_is_member(replica->ledger, group, link->org);
}

/* Direction 0 is what the initiator sends. */
static uint8_t direction(const struct toc_link *link, bool ours)
{
    return link->dialled == ours ? 0 : 1;
}

static void group_tag(const struct toc_replica *replica, const struct toc_link *link,
                      uint32_t group, bool ours, uint8_t out[static TOC_TAG_BYTES])
{
    const struct toc_ledger_group *at = &replica->ledger->groups[group];
    toc_tag(out, at->tag_key, link->peer.handshake_hash, direction(link, ours), at->id);
}

/* tags that mean nothing hide how many groups two nodes share. */
static void pad_tag(const struct toc_replica *replica, const struct toc_link *link, size_t index,
                    uint8_t out[static TOC_TAG_BYTES])
{
    uint8_t number[TOC_ID_BYTES] = {0};
    toc_put_le64(number, index);
    toc_tag(out, replica->pad_key, link->peer.handshake_hash, direction(link, true), number);
}

static int compare_tags(const uint8_t *a, const uint8_t *b)
{
    return memcmp(a, b, TOC_TAG_BYTES);
}

/* Shell sort with Ciura's gaps: in place, without the heap that qsort may take. */
static void sort_tags(uint8_t *tags, size_t count)
{
    static const size_t gaps[] = {1750, 701, 301, 132, 57, 23, 10, 4, 1};
    for (size_t g = 0; g < sizeof gaps / sizeof gaps[0]; g++) {
        for (size_t i = gaps[g]; i < count; i++) {
            uint8_t tag[TOC_TAG_BYTES];
            memcpy(tag, tags + i * TOC_TAG_BYTES, TOC_TAG_BYTES);
            size_t at = i;
            for (; at >= gaps[g] && compare_tags(tags + (at - gaps[g]) * TOC_TAG_BYTES, tag) > 0;
                 at -= gaps[g]) {
                memcpy(tags + at * TOC_TAG_BYTES, tags + (at - gaps[g]) * TOC_TAG_BYTES,
                       TOC_TAG_BYTES);
            }
            memcpy(tags + at * TOC_TAG_BYTES, tag, TOC_TAG_BYTES);
        }
    }
}

static bool has_tag(struct toc_span tags, const uint8_t *tag)
{
    size_t low = 0, high = tags.len / TOC_TAG_BYTES;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = compare_tags(tags.at + middle * TOC_TAG_BYTES, tag);
        if (order == 0) {
            return true;
        }
        low = order < 0 ? middle + 1 : low;
        high = order < 0 ? high : middle;
    }
    return false;
}

void toc_replica_tags(struct toc_replica *replica, struct toc_link *link)
{
    size_t most = ((size_t)replica->ledger->group_count + TOC_TAGS_PAD) * TOC_TAG_BYTES;
    struct toc_buffer *buffer = toc_buffer_take(&replica->links->buffers, most);
    if (buffer == NULL || !replica->has_pad_key) {
        toc_buffer_drop(&replica->links->buffers, buffer);
        return;
    }
    size_t count = 0;
    for (uint32_t group = 1; group < replica->ledger->group_count; group++) {
        if (peer_is_in(replica, link, group)) {
            group_tag(replica, link, group, true, buffer->at + count++ * TOC_TAG_BYTES);
        }
    }
    for (size_t i = 0; count % TOC_TAGS_PAD != 0; i++) {
        pad_tag(replica, link, i, buffer->at + count++ * TOC_TAG_BYTES);
    }
    sort_tags(buffer->at, count);
    buffer->used = (uint32_t)(count * TOC_TAG_BYTES);
    if (toc_peer_queue(&link->peer, TOC_MSG_TAGS, TOC_CLASS_CONTROL, buffer)) {
        link->tags_due = false;
    } else {
        toc_buffer_drop(&replica->links->buffers, buffer);
    }
}

/* A group that the peer has confirmed: equal digests are not assumed. */
static void set_shared(struct toc_replica *replica, struct toc_link *link, uint32_t group,
                       bool shared)
{
    if (shared != toc_set_has(link->shared, group)) {
        toc_set_put(link->shared, group, shared);
        link->vtop_due = true;
        toc_set_put(replica->beacon_dirty, group, true);
    }
}

struct toc_err toc_replica_take_tags(struct toc_replica *replica, struct toc_link *link,
                                     struct toc_span body)
{
    size_t count = body.len / TOC_TAG_BYTES;
    if (body.len % TOC_TAG_BYTES != 0 || count % TOC_TAGS_PAD != 0 ||
        count > TOC_GROUPS_MAX + TOC_TAGS_PAD) {
        return toc_fail(TOC_MALFORMED, "TAGS are not padded as they must be"); /* */
    }
    for (size_t i = 1; i < count; i++) {
        if (compare_tags(body.at + (i - 1) * TOC_TAG_BYTES, body.at + i * TOC_TAG_BYTES) >= 0) {
            return toc_fail(TOC_MALFORMED, "TAGS are not ascending");
        }
    }
    set_shared(replica, link, TOC_GROUP_CONTROL, true);
    for (uint32_t group = 1; group < replica->ledger->group_count; group++) {
        uint8_t tag[TOC_TAG_BYTES];
        bool shared = peer_is_in(replica, link, group);
        if (shared) {
            group_tag(replica, link, group, false, tag);
            shared = has_tag(body, tag);
        }
        set_shared(replica, link, group, shared);
    }
    if (!link->tags_seen) {
        link->vtop_due = true;
    }
    link->tags_seen = true;
    link->invites_due = true;
    return toc_ok();
}

/* ---- invitations
 * --------------------------------------------------------------------------------- */

void toc_replica_invite(struct toc_replica *replica, struct toc_turn *turn, struct toc_link *link)
{
    if (!link->tags_seen) {
        return;
    }
    for (uint32_t group = TOC_GROUP_ALL + 1; group < replica->ledger->group_count; group++) {
        if (toc_set_has(link->shared, group) || toc_set_has(link->invited, group) ||
            !peer_is_in(replica, link, group)) {
            continue;
        }
        struct toc_load load = {.kind = TOC_LOAD_RECORD, .table = 'G', .key_len = TOC_ID_BYTES};
        memcpy(load.key, replica->ledger->groups[group].id, TOC_ID_BYTES);
        struct toc_pending_load *pending =
            toc_load_take(replica, turn, &load, TOC_BUFFER_MIDDLE_BYTES);
        if (pending == NULL) {
            return;
        }
        pending->link = link->id;
        pending->log = group;
        toc_set_put(link->invited, group, true);
        link->invites_due = false; /* the answer sets it again */
        return;
    }
    link->invites_due = false;
}

struct toc_err toc_invitation_split(struct toc_span body, struct toc_span *group,
                                    struct toc_span *epoch)
{
    TOC_TRY(toc_codec_check(body));
    struct toc_reader reader;
    toc_reader_init(&reader, body);
    if (toc_read_array(&reader, 2) != 2) {
        toc_reader_fail(&reader, TOC_MALFORMED, "an INVITE is a founding and an epoch record");
    }
    *group = toc_read_bin(&reader, TOC_GROUP_BYTES_MAX);
    *epoch = toc_read_bin(&reader, TOC_EPOCH_BYTES_MAX);
    return toc_reader_end(&reader);
}

/* Everything that makes an invitation good, and its secrets. */
static struct toc_err check_invitation(const struct toc_replica *replica, struct toc_span body,
                                       struct toc_group *group, struct toc_epoch *epoch,
                                       struct toc_epoch_secret *secret)
{
    struct toc_span group_envelope, epoch_envelope;
    const struct toc_directory *directory = replica->ledger->directory;
    TOC_TRY(toc_invitation_split(body, &group_envelope, &epoch_envelope));
    TOC_TRY(toc_group_verify(group, group_envelope, replica->federation));
    TOC_TRY(toc_directory_certifies(directory, group->log_key, group->founder,
                                    group->founder_node)); /* */
    if (!toc_ids_has(group->members, replica->own_org)) {
        return toc_fail(TOC_MEMBER, "an INVITE to a group that does not name us");
    }
    TOC_TRY(toc_epoch_verify(epoch, epoch_envelope, replica->federation));
    TOC_TRY(toc_directory_certifies(directory, epoch->log_key, epoch->committer,
                                    epoch->committer_node));
    struct toc_epoch_place place = {
        .federation = replica->federation, .roster = replica->ledger->roster, .group = group};
    TOC_TRY(toc_epoch_check(epoch, &place));
    return toc_epoch_open(secret, epoch, replica->f, replica->node_keys->seal_public,
                          replica->node_keys->seal_secret);
}

/* Puts invitation and secrets into a job of their own: nothing is known of the group before both
 * are stored. */
static struct toc_err store_invitation(struct toc_replica *replica, struct toc_turn *turn,
                                       struct toc_span body, const struct toc_epoch *epoch,
                                       const struct toc_epoch_secret *secret)
{
    struct toc_span group_envelope, epoch_envelope;
    TOC_TRY(toc_invitation_split(body, &group_envelope, &epoch_envelope));
    struct toc_buffers *buffers = &replica->links->buffers;
    struct toc_job *job = toc_job_take(replica, TOC_JOB_INVITE);
    struct toc_buffer *invite = toc_buffer_take(buffers, body.len);
    struct toc_buffer *rest = toc_buffer_take(buffers, epoch_envelope.len + 256);
    if (job == NULL || invite == NULL || rest == NULL) {
        toc_buffer_drop(buffers, invite);
        toc_buffer_drop(buffers, rest);
        if (job != NULL) {
            toc_job_cancel(replica, job);
        }
        return toc_fail(TOC_FULL, "no memory for an INVITE");
    }
    memcpy(invite->at, body.at, body.len);
    invite->used = (uint32_t)body.len;
    struct toc_span sealed =
        toc_epoch_rest_seal((struct toc_room){rest->at, rest->size}, epoch_envelope, secret,
                            replica->node_keys->store_key, turn->entropy + 160);
    rest->used = (uint32_t)sealed.len;
    toc_job_keep(job, invite);
    toc_job_keep(job, rest);
    uint8_t key[TOC_ID_BYTES + TOC_EPOCH_REF_BYTES];
    memcpy(key, epoch->group, TOC_ID_BYTES);
    memcpy(key + TOC_ID_BYTES, epoch->hash, TOC_EPOCH_REF_BYTES);
    toc_job_record(job, 'G', toc_span(epoch->group, TOC_ID_BYTES), toc_buffer_bytes(invite));
    toc_job_record(job, 'E', toc_span(key, sizeof key), toc_buffer_bytes(rest));
    toc_job_submit(replica, turn, job);
    return toc_ok();
}

struct toc_err toc_replica_take_invite(struct toc_replica *replica, struct toc_turn *turn,
                                       struct toc_link *link, struct toc_span body)
{
    struct toc_group group;
    struct toc_epoch epoch;
    struct toc_epoch_secret secret;
    if (replica->broken || turn->entropy == NULL) {
        return toc_ok();
    }
    struct toc_err err = check_invitation(replica, body, &group, &epoch, &secret);
    bool known =
        !toc_failed(err) && toc_ledger_find_group(replica->ledger, group.id) != TOC_LEDGER_NONE;
    if (known) {
        link->tags_due = true; /* our confirmation was lost, or is still on its way */
    } else if (!toc_failed(err)) {
        if (replica->ledger->group_count == replica->ledger->group_max) {
            err = toc_fail(TOC_FULL, "the table of groups is full");
        } else {
            err = store_invitation(replica, turn, body, &epoch, &secret);
        }
    }
    toc_wipe(&secret, sizeof secret);
    /* Of a group that we cannot read, or have no room for, nothing is kept; the link is not to
     * blame for a member list that is newer than our roster. */
    bool theirs = toc_code_actor(err.code) == TOC_ACTOR_PEER && err.code != TOC_STRANGER &&
                  err.code != TOC_MEMBER;
    return theirs ? err : toc_ok();
}

struct toc_err toc_replica_adopt(struct toc_replica *replica, struct toc_span invitation,
                                 uint32_t *group)
{
    struct toc_span group_envelope, epoch_envelope;
    struct toc_group founding;
    TOC_TRY(toc_invitation_split(invitation, &group_envelope, &epoch_envelope));
    TOC_TRY(toc_group_decode(&founding, group_envelope));
    struct toc_epoch epoch;
    struct toc_epoch_secret secret;
    TOC_TRY(toc_epoch_decode(&epoch, epoch_envelope));
    TOC_TRY(toc_epoch_open(&secret, &epoch, replica->f, replica->node_keys->seal_public,
                           replica->node_keys->seal_secret));
    struct toc_err err = toc_ledger_add_group(replica->ledger, &founding, group);
    if (!toc_failed(err)) {
        toc_ledger_set_epoch(replica->ledger, *group, &epoch, secret.k, secret.tag_key);
    }
    toc_wipe(&secret, sizeof secret);
    return err;
}

void toc_replica_group_ready(struct toc_replica *replica, struct toc_turn *turn, uint32_t group)
{
    struct toc_notice *notice = &toc_turn_emit(turn, TOC_ACTION_NOTICE)->notice;
    notice->kind = TOC_NOTICE_GROUP;
    memcpy(notice->id, replica->ledger->groups[group].id, TOC_ID_BYTES);
    memcpy(notice->org, replica->ledger->groups[group].founder, TOC_ID_BYTES);
    for (uint32_t i = 0; i < replica->links->top; i++) {
        struct toc_link *link = &replica->links->items[i];
        if (link->state == TOC_LINK_OPEN && link->established &&
            toc_ledger_is_member(replica->ledger, group, link->org)) {
            link->tags_due = link->invites_due = true;
        }
    }
    for (size_t i = 0; i < replica->ledger->roster->org_count; i++) {
        const uint8_t *org = replica->ledger->roster->orgs[i].id;
        if (toc_ledger_is_member(replica->ledger, group, org)) {
            toc_links_redial(replica->links, org);
        }
    }
}

/* ---- cards
 * --------------------------------------------------------------------------------------- */

struct toc_err toc_replica_take_card(struct toc_replica *replica, const struct toc_card *card)
{
    struct toc_err err =
        toc_directory_apply(replica->ledger->directory, replica->ledger->roster, card);
    if (err.code == TOC_STALE) {
        err = toc_directory_remember(replica->ledger->directory, replica->ledger->roster, card);
    }
    TOC_TRY(err);
    return toc_ledger_add_nodes(replica->ledger, card->id);
}

/* ---- epochs at rest
 * ------------------------------------------------------------------------------ */

#define REST_PURPOSE "epoch"

struct toc_span toc_epoch_rest_seal(struct toc_room out, struct toc_span epoch,
                                    const struct toc_epoch_secret *secret,
                                    const uint8_t store_key[static TOC_KEY_BYTES],
                                    const uint8_t nonce[static 24])
{
    size_t len = 4 + epoch.len + TOC_SECRET_BYTES + TOC_REST_OVERHEAD_BYTES;
    if (len > out.len) {
        return toc_span(NULL, 0);
    }
    uint8_t plain[TOC_SECRET_BYTES];
    memcpy(plain, secret->e, 32);
    memcpy(plain + 32, secret->k, 32);
    memcpy(plain + 64, secret->tag_key, 32);
    toc_put_le32(out.at, (uint32_t)epoch.len);
    memcpy(out.at + 4, epoch.at, epoch.len);
    toc_rest_seal(out.at + 4 + epoch.len, toc_span(plain, sizeof plain), store_key,
                  toc_span_str(REST_PURPOSE), nonce);
    toc_wipe(plain, sizeof plain);
    return toc_span(out.at, len);
}

struct toc_err toc_epoch_rest_read(struct toc_span value,
                                   const uint8_t store_key[static TOC_KEY_BYTES],
                                   struct toc_span *epoch, struct toc_epoch_secret *secret)
{
    size_t sealed = TOC_SECRET_BYTES + TOC_REST_OVERHEAD_BYTES;
    if (value.len < 4 + sealed || toc_le32(value.at) != value.len - 4 - sealed) {
        return toc_fail(TOC_CORRUPT, "an epoch's record is damaged");
    }
    uint8_t plain[TOC_SECRET_BYTES];
    *epoch = toc_span(value.at + 4, value.len - 4 - sealed);
    TOC_TRY(toc_rest_open(plain, toc_span(epoch->at + epoch->len, sealed), store_key,
                          toc_span_str(REST_PURPOSE)));
    memcpy(secret->e, plain, 32);
    memcpy(secret->k, plain + 32, 32);
    memcpy(secret->tag_key, plain + 64, 32);
    toc_wipe(plain, sizeof plain);
    return toc_ok();
}
