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

void toc_replica_tags(struct toc_replica *replica, struct toc_turn *turn, struct toc_link *link)
{
    size_t most = ((size_t)replica->ledger->group_count + TOC_TAGS_PAD) * TOC_TAG_BYTES;
    struct toc_buffer *buffer = toc_buffer_take(&replica->links->buffers, most);
    TOC_ASSERT(replica->has_pad_key); /* drawn with the first event, before any link */
    if (buffer == NULL) {
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
        link->tags_at = turn->now;
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
            return toc_fail(TOC_MALFORMED, "TAGS are not ascending"); /* */
        }
    }
    set_shared(replica, link, TOC_GROUP_CONTROL, true);
    for (uint32_t group = 1; group < replica->ledger->group_count; group++) {
        uint8_t tag[TOC_TAG_BYTES];
        bool shared = peer_is_in(replica, link, group); /* a tag grants nothing */
        if (shared) {
            group_tag(replica, link, group, false, tag);
            shared = has_tag(body, tag);
        }
        /* what we told came before the peer knew the group. */
        link->tags_due =
            link->tags_due || (shared && link->tags_seen && !toc_set_has(link->shared, group));
        set_shared(replica, link, group, shared);
    }
    if (!link->tags_seen) {
        link->vtop_due = true;
    }
    link->tags_seen = true;
    link->invites_due = true;
    return toc_ok();
}

/* Bytes of a group's stored invitation at most: few groups need more than the middle size. */
static size_t invitation_bytes_max(const struct toc_ledger_group *group)
{
    size_t members = group->member_count;
    size_t bytes = TOC_GROUP_BYTES_MAX + toc_epoch_bytes_max(members, members * TOC_NODES_MAX);
    return bytes < TOC_BUFFER_LARGE_BYTES ? bytes : TOC_BUFFER_LARGE_BYTES;
}

/* to every member that has not confirmed, once on each link. */
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
        struct toc_pending_load *pending = toc_load_take(
            replica, turn, &load, invitation_bytes_max(&replica->ledger->groups[group]));
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

/* An invitation while it is looked at. */
struct invitation {
    struct toc_span body, epoch_envelope;
    struct toc_group group;
    struct toc_epoch epoch;
    struct toc_epoch_secret secret;
};

/* What can be said without a signature: most that is wrong, or known, or of no use here. */
static struct toc_err read_invitation(const struct toc_replica *replica, struct invitation *in)
{
    struct toc_span group_envelope;
    const struct toc_directory *directory = replica->ledger->directory;
    TOC_TRY(toc_invitation_split(in->body, &group_envelope, &in->epoch_envelope)); /* */
    TOC_TRY(toc_group_decode(&in->group, group_envelope));
    TOC_TRY(toc_epoch_decode(&in->epoch, in->epoch_envelope));
    if (!toc_ids_has(in->group.members, replica->own_org)) {
        return toc_fail(TOC_MEMBER, "an INVITE to a group that does not name us"); /* */
    }
    struct toc_epoch_place place = {
        .federation = replica->federation, .roster = replica->ledger->roster, .group = &in->group};
    TOC_TRY(toc_epoch_check(&in->epoch, &place));
    TOC_TRY(toc_directory_certifies(directory, in->group.log_key, in->group.founder,
                                    in->group.founder_node)); /* */
    return toc_directory_certifies(directory, in->epoch.log_key, in->epoch.committer,
                                   in->epoch.committer_node);
}

/* Two Ed25519. */
static struct toc_err prove_invitation(const struct toc_replica *replica, struct invitation *in)
{
    struct toc_span group_envelope, epoch_envelope;
    TOC_TRY(toc_invitation_split(in->body, &group_envelope, &epoch_envelope));
    TOC_TRY(toc_group_verify(&in->group, group_envelope, replica->federation));
    return toc_epoch_verify(&in->epoch, epoch_envelope, replica->federation);
}

/* The job that stores an invitation and its secrets; NULL without room. */
static struct toc_job *invitation_job(struct toc_replica *replica, const struct invitation *in)
{
    struct toc_buffers *buffers = &replica->links->buffers;
    struct toc_job *job = toc_job_take(replica, TOC_JOB_INVITE);
    struct toc_buffer *invite = toc_buffer_take(buffers, in->body.len);
    struct toc_buffer *rest = toc_buffer_take(buffers, in->epoch_envelope.len + 256);
    if (job == NULL || invite == NULL || rest == NULL) {
        toc_buffer_drop(buffers, invite);
        toc_buffer_drop(buffers, rest);
        if (job != NULL) {
            toc_job_cancel(replica, job);
        }
        return NULL;
    }
    memcpy(invite->at, in->body.at, in->body.len);
    invite->used = (uint32_t)in->body.len;
    struct toc_span sealed =
        toc_epoch_rest_seal((struct toc_room){rest->at, rest->size}, in->epoch_envelope,
                            in->epoch.hash, &in->secret, replica->node_keys->store_key);
    rest->used = (uint32_t)sealed.len;
    toc_job_keep(job, invite);
    toc_job_keep(job, rest);
    uint8_t key[TOC_ID_BYTES + TOC_EPOCH_REF_BYTES];
    memcpy(key, in->epoch.group, TOC_ID_BYTES);
    memcpy(key + TOC_ID_BYTES, in->epoch.hash, TOC_EPOCH_REF_BYTES);
    toc_job_record(job, 'G', toc_span(in->epoch.group, TOC_ID_BYTES), toc_buffer_bytes(invite));
    toc_job_record(job, 'E', toc_span(key, sizeof key), toc_buffer_bytes(rest));
    return job;
}

/* The group gets its place at once and is used only when its invitation is stored. */
static struct toc_err join(struct toc_replica *replica, struct toc_turn *turn,
                           const struct invitation *in)
{
    struct toc_job *job = invitation_job(replica, in);
    if (job == NULL) {
        return toc_fail(TOC_FULL, "no room for an INVITE");
    }
    struct toc_err err = toc_ledger_add_group(replica->ledger, &in->group, &job->group);
    if (toc_failed(err)) {
        toc_job_cancel(replica, job);
        return err;
    }
    toc_ledger_set_epoch(replica->ledger, job->group, &in->epoch, in->secret.k, in->secret.tag_key);
    replica->ledger->groups[job->group].has_epoch = false; /* until it is stored */
    toc_job_submit(replica, turn, job);
    return toc_ok();
}

/* what a newer roster or card than ours would explain, or the lack of room, is nobody's
 * fault. */
static bool excusable(enum toc_code code)
{
    return code == TOC_STRANGER || toc_code_actor(code) != TOC_ACTOR_PEER;
}

struct toc_err toc_replica_take_invite(struct toc_replica *replica, struct toc_turn *turn,
                                       struct toc_link *link, struct toc_span body)
{
    struct invitation in = {.body = body};
    if (replica->broken) {
        return toc_ok();
    }
    struct toc_err err = read_invitation(replica, &in);
    if (!toc_failed(err) &&
        toc_ledger_find_group(replica->ledger, in.group.id) != TOC_LEDGER_NONE) {
        link->tags_due = true; /* our confirmation was lost, or is still on its way */
        return toc_ok();
    }
    if (!toc_failed(err)) {
        err = toc_ledger_fits(replica->ledger, &in.group); /* */
    }
    if (toc_failed(err)) {
        return excusable(err.code) ? toc_ok() : err;
    }
    TOC_TRY(prove_invitation(replica, &in));
    err = toc_epoch_open(&in.secret, &in.epoch, replica->f, replica->node_keys->seal_public,
                         replica->node_keys->seal_secret);
    if (toc_failed(err)) {
        /* Whoever passes it on cannot know what is wrapped for us. */
        return toc_replica_futile_of(link, in.epoch.committer,
                                     toc_fail(TOC_LIMIT, "too many INVITEs of no use"));
    }
    err = join(replica, turn, &in);
    toc_wipe(&in.secret, sizeof in.secret);
    return excusable(err.code) ? toc_ok() : err;
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
        if (toc_link_stands(link) && toc_ledger_is_member(replica->ledger, group, link->org)) {
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
