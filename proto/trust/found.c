/* SPDX-License-Identifier: EUPL-1.2 */
/* Founding: drafting a genesis file, signing it, uniting its copies. PROTOCOL.md "Genesis file". */
#include <string.h>

#include "genesis.h"
#include "genesis_field.h"
#include "record.h"
#include "roster_write.h"

#define VOTES_FOR_ALL_MAX 64u /* founders; above it national CERTs alone vote */

/* Offsets in the options' entropy. */
enum { ENTROPY_F = 0, ENTROPY_EPHEMERAL = 32, ENTROPY_EPOCH = 64 };
_Static_assert(ENTROPY_EPOCH + TOC_EPOCH_ENTROPY_BYTES == TOC_DRAFT_ENTROPY_BYTES, "no gap");

/* A founder in the order of ids: a row for toc_rows_sort. */
struct founder {
    uint8_t id[TOC_ID_BYTES];
    uint32_t card; /* index in options->cards */
};

/* What a draft is made of; all of it lies in the arena. */
struct draft {
    const struct toc_genesis_options *options;
    struct founder *founders;
    struct toc_roster roster; /* orgs, and the hash once the record is written */
    struct toc_span *cards;   /* in roster order */
    uint8_t *ids;             /* of the organisations */
    uint8_t *seal_keys;
    size_t seal_key_count;
    struct toc_span record, epoch;
};

static void *take(struct toc_arena *arena, size_t count, size_t item_bytes, struct toc_err *err)
{
    void *at = toc_arena_alloc(arena, count, item_bytes);
    if (at == NULL) {
        *err = toc_fail(TOC_FULL, "draft does not fit its memory");
    }
    return at;
}

static struct toc_err prepare(struct draft *draft, struct toc_arena *arena)
{
    struct toc_err err = toc_ok();
    size_t count = draft->options->card_count;
    draft->founders = take(arena, count, sizeof *draft->founders, &err);
    draft->roster.orgs = take(arena, count, sizeof *draft->roster.orgs, &err);
    draft->cards = take(arena, count, sizeof *draft->cards, &err);
    draft->ids = take(arena, count, TOC_ID_BYTES, &err);
    draft->seal_keys = take(arena, count, (size_t)TOC_NODES_MAX * TOC_KEY_BYTES, &err);
    return err;
}

static struct toc_err sort_founders(struct draft *draft)
{
    for (size_t i = 0; i < draft->options->card_count; i++) {
        struct toc_card card;
        TOC_TRY(toc_card_decode(&card, draft->options->cards[i]));
        memcpy(draft->founders[i].id, card.id, TOC_ID_BYTES);
        draft->founders[i].card = (uint32_t)i;
    }
    toc_rows_sort((uint8_t *)draft->founders, draft->options->card_count, sizeof *draft->founders);
    return toc_ok();
}

static void add_org(struct draft *draft, const struct toc_card *card)
{
    size_t index = draft->roster.org_count++;
    struct toc_org *org = &draft->roster.orgs[index];
    memcpy(org->id, card->id, sizeof org->id);
    memcpy(org->key, card->org_key, sizeof org->key);
    memcpy(org->recovery_key, card->recovery_key, sizeof org->recovery_key);
    memcpy(org->handle, card->handle, sizeof org->handle);
    memcpy(org->country, card->country, sizeof org->country);
    org->kind = card->kind;
    memcpy(draft->ids + index * TOC_ID_BYTES, card->id, TOC_ID_BYTES);
    for (size_t i = 0; i < card->node_count; i++) {
        memcpy(draft->seal_keys + draft->seal_key_count * TOC_KEY_BYTES, card->nodes[i].seal_key,
               TOC_KEY_BYTES);
        draft->seal_key_count++;
    }
}

static struct toc_err add_orgs(struct draft *draft)
{
    for (size_t i = 0; i < draft->options->card_count; i++) {
        struct toc_card card;
        draft->cards[i] = draft->options->cards[draft->founders[i].card];
        TOC_TRY(toc_card_decode(&card, draft->cards[i]));
        if (i > 0 && memcmp(draft->founders[i - 1].id, card.id, TOC_ID_BYTES) == 0) {
            return toc_fail(TOC_MALFORMED, "two cards of one organisation");
        }
        add_org(draft, &card);
    }
    return toc_ok();
}

static void give_votes(struct toc_roster *roster)
{
    bool many = roster->org_count > VOTES_FOR_ALL_MAX;
    size_t votes = 0;
    for (size_t i = 0; i < roster->org_count; i++) {
        enum toc_org_kind kind = roster->orgs[i].kind;
        roster->orgs[i].steward = many ? kind == TOC_ORG_NATIONAL_CERT : kind != TOC_ORG_OBSERVER;
        votes += roster->orgs[i].steward;
    }
    for (size_t i = 0; votes < TOC_STEWARDS_MIN && i < roster->org_count; i++) {
        roster->orgs[i].steward = true;
    }
}

static struct toc_err write_record(struct draft *draft, struct toc_arena *arena)
{
    const struct toc_genesis_options *options = draft->options;
    struct toc_err err = toc_ok();
    struct toc_ids seal_keys = {draft->seal_keys, options->secret_out ? 0 : draft->seal_key_count};
    struct toc_roster_secret secret = {options->entropy + ENTROPY_F,
                                       options->entropy + ENTROPY_EPHEMERAL, seal_keys};
    uint8_t *memory = take(arena, 1, TOC_ROSTER_BYTES_MAX, &err);
    TOC_TRY(err);
    draft->roster.number = 1;
    draft->roster.f_generation = 1;
    struct toc_writer writer;
    toc_writer_init(&writer, memory, TOC_ROSTER_BYTES_MAX);
    TOC_TRY(toc_roster_write(&writer, &draft->roster, options->name, &secret));
    draft->record = toc_writer_bytes(&writer);
    toc_hash(draft->roster.hash, TOC_CTX_H_ROSTER, &draft->record, 1);
    return writer.err;
}

static struct toc_err make_epoch(struct draft *draft, struct toc_arena *arena)
{
    const struct toc_genesis_options *options = draft->options;
    struct toc_err err = toc_ok();
    uint8_t group[TOC_ID_BYTES];
    toc_group_all_id(group, draft->roster.hash);
    struct toc_epoch_options epoch = {
        .federation = draft->roster.hash,
        .group = group,
        .number = 1,
        .parent = draft->roster.hash,
        .committer = options->drafter,
        .committer_node = options->drafter_node,
        .roster_number = 1,
        .members = {draft->ids, draft->roster.org_count},
        .seal_keys = {draft->seal_keys, draft->seal_key_count},
        .reason = TOC_REASON_FOUNDING,
        .f_generation = 1,
        .f = options->entropy + ENTROPY_F,
        .log_keys = options->log_keys,
        .entropy = options->entropy + ENTROPY_EPOCH,
    };
    size_t bytes = toc_epoch_bytes_max(draft->roster.org_count, draft->seal_key_count);
    uint8_t *memory = take(arena, 1, bytes, &err);
    TOC_TRY(err);
    struct toc_epoch_secret secret;
    err = toc_epoch_make(&epoch, (struct toc_room){memory, bytes}, &draft->epoch, &secret);
    toc_wipe(&secret, sizeof secret);
    return err;
}

/* What a file is written from. Signatures come from any of three places. */
struct content {
    struct toc_span record, epoch, extra;
    const struct toc_span *cards;
    const struct toc_org *orgs;
    size_t org_count, extra_count;
    const uint8_t *drafter;
    uint16_t drafter_node;
    const struct toc_genesis *signed_by[2]; /* NULL: none */
    size_t signer;                          /* index of an organisation, with `sig` */
    const uint8_t *sig;                     /* NULL: none */
};

static const uint8_t *signature_at(const struct content *content, size_t index)
{
    for (size_t i = 0; i < 2; i++) {
        const struct toc_genesis *genesis = content->signed_by[i];
        if (genesis != NULL && genesis->signatures[index] != NULL) {
            return genesis->signatures[index];
        }
    }
    return content->sig != NULL && content->signer == index ? content->sig : NULL;
}

static void write_signatures(struct toc_writer *writer, const struct content *content)
{
    size_t count = 0;
    for (size_t i = 0; i < content->org_count; i++) {
        count += signature_at(content, i) != NULL;
    }
    toc_write_array(writer, count);
    for (size_t i = 0; i < content->org_count; i++) {
        const uint8_t *sig = signature_at(content, i);
        if (sig != NULL) {
            toc_write_array(writer, 2);
            toc_write_bin(writer, toc_span(content->orgs[i].id, TOC_ID_BYTES));
            toc_write_bin(writer, toc_span(sig, TOC_SIG_BYTES));
        }
    }
}

static struct toc_err write_file(const struct content *content, struct toc_room out,
                                 struct toc_span *file)
{
    struct toc_writer writer;
    toc_writer_init(&writer, out.at, out.len);
    toc_write_map(&writer, TOC_GENESIS_FIELDS + content->extra_count);
    toc_write_uint(&writer, TOC_GENESIS_RECORD);
    toc_write_bin(&writer, content->record);
    toc_write_uint(&writer, TOC_GENESIS_SIGNATURES);
    write_signatures(&writer, content);
    toc_write_uint(&writer, TOC_GENESIS_CARDS);
    toc_write_array(&writer, content->org_count);
    for (size_t i = 0; i < content->org_count; i++) {
        toc_write_bin(&writer, content->cards[i]);
    }
    toc_write_uint(&writer, TOC_GENESIS_EPOCH);
    toc_write_bin(&writer, content->epoch);
    toc_record_write_bytes32(&writer, TOC_GENESIS_DRAFTER, content->drafter);
    toc_record_write_uint(&writer, TOC_GENESIS_DRAFTER_NODE, content->drafter_node);
    toc_write_raw(&writer, content->extra);
    if (!toc_failed(writer.err)) {
        *file = toc_writer_bytes(&writer);
    }
    return writer.err;
}

static struct toc_err draft_file(struct draft *draft, struct toc_arena *arena, struct toc_room out,
                                 struct toc_span *file)
{
    TOC_TRY(prepare(draft, arena));
    TOC_TRY(sort_founders(draft));
    TOC_TRY(add_orgs(draft));
    give_votes(&draft->roster);
    TOC_TRY(write_record(draft, arena));
    TOC_TRY(make_epoch(draft, arena));
    struct content content = {
        .record = draft->record,
        .epoch = draft->epoch,
        .cards = draft->cards,
        .orgs = draft->roster.orgs,
        .org_count = draft->roster.org_count,
        .drafter = draft->options->drafter,
        .drafter_node = draft->options->drafter_node,
    };
    return write_file(&content, out, file);
}

struct toc_err toc_genesis_draft(const struct toc_genesis_options *options, struct toc_arena *arena,
                                 struct toc_room out, struct toc_span *file,
                                 uint8_t f[static TOC_KEY_BYTES])
{
    toc_wipe(f, TOC_KEY_BYTES);
    if (options->card_count < TOC_FOUNDERS_MIN) {
        return toc_fail(TOC_LIMIT, "fewer than three founders"); /* */
    }
    if (options->card_count > TOC_ORGS_MAX || options->name.len == 0 ||
        options->name.len > TOC_FEDERATION_NAME_BYTES_MAX) {
        return toc_fail(TOC_LIMIT, "too many founders, or a name of the wrong length");
    }
    size_t mark = toc_arena_mark(arena);
    struct draft draft = {.options = options};
    struct toc_span drafted;
    struct toc_err err = draft_file(&draft, arena, out, &drafted);
    toc_arena_release(arena, mark);
    if (!toc_failed(err)) {
        /* What a founder would refuse is never given out. */
        struct toc_genesis genesis;
        err = toc_genesis_decode(&genesis, drafted, arena);
        toc_arena_release(arena, mark);
    }
    TOC_TRY(err);
    memcpy(f, options->entropy + ENTROPY_F, TOC_KEY_BYTES);
    *file = drafted;
    return toc_ok();
}

static struct content content_of(const struct toc_genesis *genesis)
{
    return (struct content){
        .record = genesis->roster.record,
        .epoch = genesis->epoch_envelope,
        .extra = genesis->extra,
        .cards = genesis->cards,
        .orgs = genesis->roster.orgs,
        .org_count = genesis->roster.org_count,
        .extra_count = genesis->extra_count,
        .drafter = genesis->drafter,
        .drafter_node = genesis->drafter_node,
        .signed_by = {genesis, NULL},
    };
}

struct toc_err toc_genesis_sign(const struct toc_genesis *genesis, const struct toc_sign_keys *org,
                                struct toc_room out, struct toc_span *file)
{
    struct content content = content_of(genesis);
    uint8_t sig[TOC_SIG_BYTES];
    for (size_t i = 0; i < content.org_count; i++) {
        if (memcmp(content.orgs[i].key, org->public_key, TOC_KEY_BYTES) == 0) {
            toc_sign(sig, TOC_CTX_S_ROSTER, genesis->roster.hash, genesis->roster.hash,
                     org->secret);
            content.signer = i;
            content.sig = sig;
        }
    }
    if (content.sig == NULL) {
        return toc_fail(TOC_STRANGER, "this organisation key is no founder's");
    }
    return write_file(&content, out, file);
}

struct toc_err toc_genesis_unite(const struct toc_genesis *a, const struct toc_genesis *b,
                                 struct toc_room out, struct toc_span *file)
{
    /* */
    if (memcmp(a->roster.hash, b->roster.hash, TOC_HASH_BYTES) != 0) {
        return toc_fail(TOC_FEDERATION, "the files found two federations");
    }
    struct content content = content_of(a);
    content.signed_by[1] = b;
    return write_file(&content, out, file);
}
