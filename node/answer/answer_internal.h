/* SPDX-License-Identifier: EUPL-1.2 */
/* Private to answer: the handlers, and what several of them need. */
#ifndef TOC_ANSWER_INTERNAL_H
#define TOC_ANSWER_INTERNAL_H

#include "answer.h"

/* Sets answer->line, gives toc_fail of the code. */
#define TOC_REFUSE(answer, code, ...) toc_line_fail(&(answer)->line, code, __VA_ARGS__)
/* The client went away while it was answered: nothing more is to be done. */
#define TOC_GONE toc_fail(TOC_UNREACHABLE, "the client went away")
/* What a call onto the loop's thread gives while the node stops. */
struct toc_err toc_answer_stopping(struct toc_answer *answer);
/* A row of a reply that grows up to its bound. */
void toc_answer_row(struct toc_build *build, const char *row);
/* Notes what the act is about, for the audit log. */
void toc_answer_detail(struct toc_answer *answer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* handles.c: handles and audiences for people */

struct toc_handles;
/* The names in force, made on the loop's thread. Gives *names (toc_handles_free). Fails: STATE. */
TOC_MUST_USE struct toc_err toc_handles_get(const struct toc_desk *desk,
                                            struct toc_handles **names);
void toc_handles_free(struct toc_handles *names);
/* Handle of an organisation, or the beginning of its id. Lends: names, or `room`. */
struct toc_span toc_handles_org(const struct toc_handles *names,
                                const uint8_t org[static TOC_ID_BYTES],
                                char room[static TOC_ID_TEXT_BYTES]);
/* false: nobody has this handle (compared without case). */
bool toc_handles_find_org(const struct toc_handles *names, struct toc_span handle,
                          uint8_t org[static TOC_ID_BYTES]);
/* "all", a group's name, or its members' handles joined by +. */
struct toc_span toc_handles_group(const struct toc_handles *names,
                                  const uint8_t group[static TOC_ID_BYTES]);

/* bulletin.c: one bulletin out of index and store */

/* A bulletin with all that was found of it. */
struct toc_found {
    struct toc_index_meta meta;
    struct toc_bytes plaintext;
    struct toc_content content;
};
/* Finds by the prefix that the request gives. Fails: ABSENT, USAGE (too short, or several). */
TOC_MUST_USE struct toc_err toc_found_by_prefix(const struct toc_desk *desk,
                                                struct toc_answer *answer,
                                                struct toc_index_meta *meta);
/* Opens the bulletin from the first of its places that can be read. Fails: ABSENT, CORRUPT and
 * others, with a line. Gives *found (toc_found_clear); found->meta is set already. */
TOC_MUST_USE struct toc_err toc_found_open(const struct toc_desk *desk, struct toc_answer *answer,
                                           struct toc_found *found);
void toc_found_clear(struct toc_found *found);
/* The row "bulletin". `content` and `reading` may be NULL: the short form. */
void toc_found_row(struct toc_build *build, const struct toc_index_meta *meta,
                   const struct toc_handles *names, const struct toc_content *content,
                   const struct toc_intel_reading *reading);
/* FACT_COUNTS: facts by kind, warnings and remarks left out. */
void toc_fact_counts_field(struct toc_build *build, const struct toc_facts *facts);
/* Names of the flags of a fact or hit, as FLAGS. */
void toc_fact_flags_field(struct toc_build *build, uint32_t flags);
/* Facts of the bulletin, read again in an indexer of the author and the first group. */
TOC_MUST_USE struct toc_err toc_found_read(const struct toc_desk *desk, struct toc_answer *answer,
                                           const struct toc_found *found,
                                           struct toc_intel_reading *reading);

/* audience.c */

struct toc_audience_found {
    enum toc_submit_audience kind;
    uint8_t group[TOC_ID_BYTES];
    uint8_t *organisations; /* heap; count × 32 */
    size_t organisation_count;
    char handles[1024][33]; /* of the recipients, for AUDIENCE_NAMES */
    size_t handle_count;
};
/* Who the field AUDIENCE (or the configured default) names. Heap: free(). Fails: USAGE (none,
 * unknown, ourselves alone, all together with others). */
TOC_MUST_USE struct toc_err toc_audience_find(const struct toc_desk *desk,
                                              struct toc_answer *answer,
                                              struct toc_audience_found **found);
void toc_audience_free(struct toc_audience_found *found);
enum toc_audience toc_audience_policy(const struct toc_audience_found *found);
/* AUDIENCE_NAMES. */
void toc_audience_field(struct toc_build *build, const struct toc_audience_found *found);

/* Packs a signed bulletin for an audience; its row is still to be built. Fails: LIMIT, FULL. */
TOC_MUST_USE struct toc_err toc_publication_make(const struct toc_audience_found *audience,
                                                 struct toc_span plaintext, enum toc_tlp tlp,
                                                 bool urgent, struct toc_publication **publication);

/* each.c: what `publish --each` has published, so that it does so once */

/* The key of a document to an audience. */
void toc_each_key(uint8_t key[static TOC_HASH_BYTES], const uint8_t audience[static TOC_ID_BYTES],
                  struct toc_span document);
/* Was it published? What cannot be read was not. */
struct toc_each_query {
    uint8_t key[TOC_HASH_BYTES];
    bool found;
    uint8_t id[TOC_ID_BYTES]; /* of the bulletin, if found */
};
void toc_each_find(struct toc_each *each, struct toc_each_query *queries, size_t count);

/* handlers */

/* One for each command; api.h says what it takes, replies and fails with. */
struct toc_err toc_answer_status(const struct toc_desk *desk, struct toc_answer *answer);
/* See api.h. */
struct toc_err toc_answer_peers(const struct toc_desk *desk, struct toc_answer *answer);
/* See api.h. */
struct toc_err toc_answer_query(const struct toc_desk *desk, struct toc_answer *answer);
/* See api.h. */
struct toc_err toc_answer_lookup(const struct toc_desk *desk, struct toc_answer *answer);
/* See api.h. */
struct toc_err toc_answer_show(const struct toc_desk *desk, struct toc_answer *answer);
/* See api.h. */
struct toc_err toc_answer_publish(const struct toc_desk *desk, struct toc_answer *answer);
/* See api.h. */
struct toc_err toc_answer_share(const struct toc_desk *desk, struct toc_answer *answer);
/* See api.h. */
struct toc_err toc_answer_verify(const struct toc_desk *desk, struct toc_answer *answer);
/* See api.h. */
struct toc_err toc_answer_backup(const struct toc_desk *desk, struct toc_answer *answer);

#endif
