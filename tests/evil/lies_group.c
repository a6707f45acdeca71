/* SPDX-License-Identifier: EUPL-1.2 */
#include "evil.h"

/* Lies about groups: tags, invitations, beacons. */

#define REFUSED(code_) .outcome = EVIL_REFUSED, .code = (code_)
#define IGNORED .outcome = EVIL_IGNORED

/* Tags. */

static int compare_tags(const void *a, const void *b)
{
    return memcmp(a, b, TOC_TAG_BYTES);
}

/* The digests of a VTOP that answers our TAGS: how many groups does the victim share with us? */
static size_t shared_groups(struct evil *evil)
{
    EVIL_NEED(evil, evil_hears(evil, TOC_MSG_VTOP, 1, EVIL_ANSWER_MS));
    return (evil->last[TOC_MSG_VTOP].len - TOC_VTOP_CHECK_BYTES) / TOC_DIGEST_BYTES;
}

static void tags_of(struct evil *evil, size_t count, bool is_sorted)
{
    evil->net->entropy(evil, evil->body, count * TOC_TAG_BYTES);
    if (is_sorted) {
        qsort(evil->body, count, TOC_TAG_BYTES, compare_tags);
    }
    evil_say(evil, TOC_MSG_TAGS, TOC_CLASS_CONTROL, toc_span(evil->body, count * TOC_TAG_BYTES));
}

static void tags_too_many(struct evil *evil)
{
    tags_of(evil, 4128, true);
}

static void tags_unsorted(struct evil *evil)
{
    tags_of(evil, 64, false);
}

static void tags_twice_the_same(struct evil *evil)
{
    evil->net->entropy(evil, evil->body, 32 * TOC_TAG_BYTES);
    qsort(evil->body, 32, TOC_TAG_BYTES, compare_tags);
    memcpy(evil->body + 5 * TOC_TAG_BYTES, evil->body + 4 * TOC_TAG_BYTES, TOC_TAG_BYTES);
    evil_say(evil, TOC_MSG_TAGS, TOC_CLASS_CONTROL, toc_span(evil->body, 32 * TOC_TAG_BYTES));
}

/* Probing for groups: only the control logs are shared. */
static void tags_at_random(struct evil *evil)
{
    tags_of(evil, 4112, true);
    EVIL_NEED(evil, shared_groups(evil) == 1);
}

/* What the victim said, said back: puts the direction into a tag. */
static void tags_said_back(struct evil *evil)
{
    struct toc_span theirs = evil->last[TOC_MSG_TAGS];
    evil_say(evil, TOC_MSG_TAGS, TOC_CLASS_CONTROL, theirs);
    EVIL_NEED(evil, shared_groups(evil) == 1);
}

/* Those of another link: puts the handshake into a tag. */
static void tags_of_another_link(struct evil *evil)
{
    uint8_t other[TOC_HASH_BYTES];
    memcpy(other, evil->peer.handshake_hash, sizeof other);
    evil_reach(evil, EVIL_GREETED);
    uint8_t ours[TOC_HASH_BYTES];
    memcpy(ours, evil->peer.handshake_hash, sizeof ours);
    memcpy(evil->peer.handshake_hash, other, sizeof other);
    evil_say_tags(evil, NULL);
    memcpy(evil->peer.handshake_hash, ours, sizeof ours);
    EVIL_NEED(evil, shared_groups(evil) == 1);
}

/* Invitations: arg is a row. */
static const struct evil_invite invites[] = {
    {.form = 1},
    {.form = 2},
    {.form = 3},
    {.form = 4},
    {.without_us = true},
    {.flip = 1},
    {.flip = 2},
    {.foreign_committer = true},
    {.other_epoch_members = true},
    {.other_group = true},
    {.stranger_member = true},
    {.other_federation = true},
    /* from here on what may be honest */
    {.not_founder = true},
    {.foreign_key = true},
    {.later_roster = true},
    {.broken_wrap = true},
    {.no_wrap = true},
    {.tag_broken = true},
    {.foreign_epoch_key = true},
};

static void invite(struct evil *evil)
{
    struct evil_group group;
    evil_say(evil, TOC_MSG_INVITE, TOC_CLASS_CONTROL,
             evil_make_invite(evil, &invites[evil->lie->arg], &group));
    evil_wait(evil, 200);
}

/* A member list of 1,024 organisations, none of which exists. */
static void huge_member_list(struct evil *evil)
{
    static uint8_t group_room[TOC_GROUP_BYTES_MAX], ids[TOC_MEMBERS_MAX * TOC_ID_BYTES];
    evil->net->entropy(evil, ids, sizeof ids);
    memcpy(ids, evil->me.card.id, TOC_ID_BYTES);
    memcpy(ids + TOC_ID_BYTES, evil->victim.card.id, TOC_ID_BYTES);
    struct toc_group group = {.founder_node = 1,
                              .members = {ids, toc_ids_sort(ids, TOC_MEMBERS_MAX)},
                              .admins = {evil->me.card.id, 1},
                              .flags = TOC_GROUP_DIRECT};
    memcpy(group.founder, evil->me.card.id, TOC_ID_BYTES);
    evil->net->entropy(evil, group.random, sizeof group.random);
    struct toc_span founding, epoch, first;
    struct evil_group unused;
    EVIL_NEED(evil, !toc_failed(toc_group_sign(&group, evil->federation, &evil->log_keys,
                                               (struct toc_room){group_room, sizeof group_room},
                                               &founding)));
    struct toc_span other = evil_make_invite(evil, &(struct evil_invite){0}, &unused);
    struct toc_reader reader;
    toc_reader_init(&reader, other);
    toc_read_array(&reader, 2);
    first = toc_read_bin(&reader, TOC_GROUP_BYTES_MAX);
    epoch = toc_read_bin(&reader, TOC_EPOCH_BYTES_MAX);
    EVIL_NEED(evil, first.len != 0 && epoch.len != 0);
    struct toc_writer writer;
    toc_writer_init(&writer, evil->body, EVIL_BODY_BYTES);
    toc_write_array(&writer, 2);
    toc_write_bin(&writer, founding);
    toc_write_bin(&writer, epoch);
    evil_say(evil, TOC_MSG_INVITE, TOC_CLASS_CONTROL, toc_writer_bytes(&writer));
}

static void invite_above_its_bound(struct evil *evil)
{
    struct toc_writer writer;
    toc_writer_init(&writer, evil->body, EVIL_BODY_BYTES);
    static uint8_t large[TOC_GROUP_BYTES_MAX + 1];
    toc_write_array(&writer, 2);
    toc_write_bin(&writer, toc_span(large, sizeof large));
    toc_write_bin(&writer, toc_span(large, 10));
    evil_say(evil, TOC_MSG_INVITE, TOC_CLASS_CONTROL, toc_writer_bytes(&writer));
}

/* an INVITE that does not open costs two signatures. */
static void useless_invites(struct evil *evil)
{
    struct evil_group group;
    for (unsigned i = 0; i < 2 * TOC_FUTILE_MAX && !evil->closed; i++) {
        evil_say(evil, TOC_MSG_INVITE, TOC_CLASS_CONTROL,
                 evil_make_invite(evil, &(struct evil_invite){.no_wrap = true}, &group));
        evil_wait(evil, 10);
    }
    evil_wait(evil, 2000);
}

/* Beacons. */

static void say_beacon(struct evil *evil, const struct toc_beacon *beacon)
{
    static uint8_t out[TOC_BEACON_BYTES_MAX * 2], scratch[TOC_BEACON_BYTES_MAX * 2];
    struct toc_beacon_signer signer = {evil->federation, evil->log_keys.secret};
    struct toc_span body =
        toc_beacon_seal((struct toc_room){out, sizeof out},
                        (struct toc_room){scratch, sizeof scratch}, beacon, &signer);
    EVIL_NEED(evil, body.at != NULL);
    evil_say(evil, TOC_MSG_BEACON, TOC_CLASS_CONTROL, body);
}

static struct toc_beacon beacon_of(struct evil *evil)
{
    static uint8_t row_bytes[TOC_BEACON_ROW_BYTES];
    struct toc_beacon beacon = {.node = 1,
                                .serial = evil->net->utc_ms(evil),
                                .roster_number = 1,
                                .clock = {evil->net->utc_ms(evil)}};
    struct toc_beacon_row row = {.stored_seq = 1, .stored_at_ms = 1, .indexed_seq = 1};
    evil_log_of(evil, &evil->victim, NULL, row.log);
    toc_beacon_row_encode(row_bytes, &row);
    memcpy(beacon.group, evil->all, TOC_ID_BYTES);
    memcpy(beacon.org, evil->me.card.id, TOC_ID_BYTES);
    beacon.rows = toc_span(row_bytes, sizeof row_bytes);
    return beacon;
}

enum beacon_bend {
    BEACON_ROWS,
    BEACON_SERIAL_0,
    BEACON_SERIAL_MAX,
    BEACON_NUMBERS_MAX,
    BEACON_ROW_MAX,
    BEACON_UNKNOWN_LOGS,
    BEACON_OF_NO_GROUP,
    BEACON_OF_CONTROL,
    BEACON_OF_NO_NODE,
    BEACON_OF_NOBODY,
    BEACON_OF_THE_VICTIM,
    BEACON_OF_ANOTHER,
    BEACON_ROWS_TOO_MANY,
};

static void beacon_lie(struct evil *evil)
{
    static uint8_t rows[(TOC_BEACON_ROWS_MAX + 1) * TOC_BEACON_ROW_BYTES];
    enum beacon_bend bend = (enum beacon_bend)evil->lie->arg;
    struct toc_beacon beacon = beacon_of(evil);
    evil->net->entropy(evil, rows, sizeof rows);
    beacon.rows.len -= bend == BEACON_ROWS;
    if (bend == BEACON_SERIAL_0 || bend == BEACON_SERIAL_MAX) {
        beacon.serial = bend == BEACON_SERIAL_0 ? 0 : UINT64_MAX;
    }
    if (bend == BEACON_NUMBERS_MAX) {
        beacon.roster_number = beacon.clock.ms = UINT64_MAX;
        beacon.serial++;
        memset(beacon.digest, 0xff, sizeof beacon.digest);
    }
    if (bend == BEACON_ROW_MAX) {
        memset((uint8_t *)(uintptr_t)beacon.rows.at + TOC_ID_BYTES, 0xff,
               TOC_BEACON_ROW_BYTES - TOC_ID_BYTES);
    }
    if (bend == BEACON_UNKNOWN_LOGS || bend == BEACON_ROWS_TOO_MANY) {
        size_t count = TOC_BEACON_ROWS_MAX + (bend == BEACON_ROWS_TOO_MANY);
        beacon.rows = toc_span(rows, count * TOC_BEACON_ROW_BYTES);
    }
    if (bend == BEACON_OF_NO_GROUP || bend == BEACON_OF_CONTROL) {
        memcpy(beacon.group, bend == BEACON_OF_CONTROL ? evil->federation : rows, TOC_ID_BYTES);
    }
    beacon.node = bend == BEACON_OF_NO_NODE ? 65535 : 1;
    const uint8_t *org = bend == BEACON_OF_NOBODY       ? rows
                         : bend == BEACON_OF_THE_VICTIM ? evil->victim.card.id
                         : bend == BEACON_OF_ANOTHER    ? evil->absent.card.id
                                                        : evil->me.card.id;
    memcpy(beacon.org, org, TOC_ID_BYTES);
    say_beacon(evil, &beacon);
    evil_wait(evil, 200);
}

/* signed by us in another's name. */
static void forged_beacons(struct evil *evil)
{
    struct toc_beacon beacon = beacon_of(evil);
    memcpy(beacon.org, evil->absent.card.id, TOC_ID_BYTES);
    for (unsigned i = 0; i < 2 * TOC_FUTILE_MAX && !evil->closed; i++) {
        beacon.serial++;
        say_beacon(evil, &beacon);
        evil_wait(evil, 10);
    }
    evil_wait(evil, 2000);
}

/* */
static void beacons_without_end(struct evil *evil)
{
    struct toc_beacon beacon = beacon_of(evil);
    for (unsigned i = 0; i < 300 && !evil->closed; i++) {
        beacon.serial++;
        say_beacon(evil, &beacon);
        evil_wait(evil, 1);
    }
    evil_wait(evil, 1000);
}

#define INVITE(name_, row_, code_)                                                                 \
    {                                                                                              \
        name_, invite, EVIL_JOINED, REFUSED(code_), .arg = (row_)                                  \
    }
#define HONEST(name_, row_)                                                                        \
    {                                                                                              \
        name_, invite, EVIL_JOINED, IGNORED, .arg = (row_)                                         \
    }
#define BEACON(name_, bend_)                                                                       \
    {                                                                                              \
        name_, beacon_lie, EVIL_JOINED, IGNORED, .arg = (bend_)                                    \
    }

static const struct evil_lie lies[] = {
    {"tags_too_many", tags_too_many, EVIL_GREETED, REFUSED(TOC_MALFORMED)},
    {"tags_unsorted", tags_unsorted, EVIL_GREETED, REFUSED(TOC_MALFORMED)},
    {"tags_with_one_twice", tags_twice_the_same, EVIL_GREETED, REFUSED(TOC_MALFORMED)},
    {"tags_at_random", tags_at_random, EVIL_GREETED, IGNORED},
    {"tags_said_back", tags_said_back, EVIL_GREETED, IGNORED},
    {"tags_of_another_link", tags_of_another_link, EVIL_GREETED, IGNORED},
    INVITE("invite_of_one_record", 0, TOC_MALFORMED),
    INVITE("invite_of_three_records", 1, TOC_LIMIT),
    INVITE("invite_with_bytes_behind", 2, TOC_TRAILING),
    INVITE("invite_cut_off", 3, TOC_TRUNCATED),
    INVITE("invite_to_others", 4, TOC_MEMBER),
    INVITE("founding_with_a_wrong_signature", 5, TOC_SIGNATURE),
    INVITE("epoch_with_a_wrong_signature", 6, TOC_SIGNATURE),
    INVITE("epoch_by_one_who_is_no_admin", 7, TOC_AUTHORITY),
    INVITE("epoch_with_other_members", 8, TOC_MEMBER),
    INVITE("epoch_of_another_founding", 9, TOC_CHAIN),
    INVITE("member_that_does_not_exist", 10, TOC_MEMBER),
    INVITE("founding_for_another_federation", 11, TOC_SIGNATURE),
    {"founding_of_1024_members", huge_member_list, EVIL_JOINED, REFUSED(TOC_CHAIN)},
    {"founding_above_its_bound", invite_above_its_bound, EVIL_JOINED, REFUSED(TOC_LIMIT)},
    HONEST("founding_in_the_name_of_another", 12),
    HONEST("founding_by_a_key_of_nobody", 13),
    HONEST("epoch_of_a_later_roster", 14),
    HONEST("epoch_whose_wraps_do_not_open", 15),
    HONEST("epoch_without_a_wrap_for_the_victim", 16),
    HONEST("epoch_whose_tag_key_does_not_open", 17),
    HONEST("epoch_by_a_key_of_nobody", 18),
    {"useless_invites_without_end", useless_invites, EVIL_JOINED, REFUSED(TOC_LIMIT)},
    {"beacon_with_rows_not_whole", beacon_lie, EVIL_JOINED, REFUSED(TOC_MALFORMED),
     .arg = BEACON_ROWS},
    {"beacon_of_2049_rows", beacon_lie, EVIL_JOINED, REFUSED(TOC_LIMIT),
     .arg = BEACON_ROWS_TOO_MANY},
    BEACON("beacon_of_serial_0", BEACON_SERIAL_0),
    BEACON("beacon_with_numbers_max", BEACON_NUMBERS_MAX),
    BEACON("beacon_row_of_max", BEACON_ROW_MAX),
    BEACON("beacon_of_2048_unknown_logs", BEACON_UNKNOWN_LOGS),
    BEACON("beacon_of_no_group", BEACON_OF_NO_GROUP),
    BEACON("beacon_of_the_control_logs", BEACON_OF_CONTROL),
    BEACON("beacon_of_no_node", BEACON_OF_NO_NODE),
    BEACON("beacon_of_nobody", BEACON_OF_NOBODY),
    BEACON("beacon_of_the_victim", BEACON_OF_THE_VICTIM),
    BEACON("beacon_of_another", BEACON_OF_ANOTHER),
    BEACON("beacon_of_serial_max", BEACON_SERIAL_MAX),
    {"beacons_of_another_without_end", forged_beacons, EVIL_JOINED, IGNORED},
    {"beacons_without_end", beacons_without_end, EVIL_JOINED, .outcome = EVIL_BOUNDED},
};

const struct evil_table evil_table_group = {EVIL_LINES(lies)};
