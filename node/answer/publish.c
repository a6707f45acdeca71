/* SPDX-License-Identifier: EUPL-1.2 */
#include "making.h"

#include <stdlib.h>
#include <string.h>

/* Of several bulletins so many are with the indexer at a time: enough that a change of process
 * costs little of each, few enough that the first become durable while the last are read. */
#define ROUND 64u

/* one bulletin */

static struct toc_err give_row(struct toc_answer *answer, struct toc_build *row)
{
    return answer->row(answer->client, row) ? toc_ok() : TOC_GONE;
}

static void skipped_row(struct toc_build *row, const uint8_t *id)
{
    toc_answer_row(row, "skipped");
    toc_build_id(row, TOC_FIELD_ID, id);
}

/* With EACH, what this audience got before is not sent again: the row "skipped" says so. */
static struct toc_err skip_published(struct toc_making *making, bool *skipped)
{
    const struct toc_bulletin *bulletin = &making->draft.bulletin;
    struct toc_each_query query = {.found = false};
    uint8_t audience[TOC_ID_BYTES];
    if (bulletin->document_count != 1) {
        return toc_ok();
    }
    toc_making_audience_key(audience, making->audience);
    toc_each_key(making->each, audience, bulletin->documents[0].bytes);
    memcpy(query.key, making->each, sizeof query.key);
    if (toc_message_flag(making->answer->request, TOC_FIELD_EACH)) {
        toc_each_find(making->desk->each, &query, 1);
    }
    *skipped = query.found;
    if (!*skipped) {
        return toc_ok();
    }
    struct toc_build row;
    skipped_row(&row, query.id);
    return give_row(making->answer, &row);
}

/* Lets an indexer read the draft. */
static struct toc_err read_draft(struct toc_making *making)
{
    struct toc_bytes canonical;
    TOC_TRY(toc_making_draft(making, &canonical));
    uint8_t key[TOC_ID_BYTES];
    toc_making_audience_key(key, making->audience);
    struct toc_err err = toc_indexers_read(making->desk->indexers, making->desk->org, key,
                                           toc_span(canonical.at, canonical.len), making->reading);
    toc_bytes_free(&canonical);
    return toc_failed(err) ? toc_making_explain(making, err) : err;
}

static struct toc_err make_one(struct toc_making *making)
{
    bool skipped = false;
    making->title_missing = toc_message_text(making->answer->request, TOC_FIELD_TITLE_MISSING);
    TOC_TRY(skip_published(making, &skipped));
    if (skipped) {
        return toc_ok();
    }
    TOC_TRY(read_draft(making));
    TOC_TRY(toc_making_complete(making));
    if (!toc_message_flag(making->answer->request, TOC_FIELD_DRY_RUN)) {
        return toc_making_sign(making);
    }
    struct toc_build row;
    toc_making_row(&row, making, NULL);
    return give_row(making->answer, &row);
}

/* several: one bulletin for each document */

/* What becomes of one round of them. */
struct round {
    struct toc_making makings[ROUND];
    struct toc_intel_reading readings[ROUND];
    struct toc_bytes canonicals[ROUND];
    struct toc_each_query queries[ROUND];
    struct toc_indexers_item items[ROUND]; /* of those that are read, in order */
    bool is_read[ROUND];
};

static void refused_row(struct toc_build *row, struct toc_err err, const struct toc_line *line)
{
    toc_answer_row(row, "refused");
    toc_build_number(row, TOC_FIELD_EXIT, (uint64_t)toc_exit_of(err.code));
    toc_build_str(row, TOC_FIELD_ERROR, toc_code_name(err.code));
    toc_build_cut(row, TOC_FIELD_LINE,
                  toc_span_str(line->text[0] != '\0' ? line->text : toc_code_text(err.code)));
}

static void give_outcome(struct toc_answer *answer, struct toc_err err, struct toc_build *row)
{
    struct toc_outcome outcome = {.publication = answer->publication, .code = err.code};
    answer->publication = NULL;
    if (outcome.publication == NULL) {
        outcome.row = *row;
    }
    answer->outcome(answer->client, &outcome);
}

static void give_refusal(struct toc_answer *answer, struct toc_err err)
{
    struct toc_build row;
    refused_row(&row, err, &answer->line);
    give_outcome(answer, err, &row);
}

/* Each with one document of the whole; the lists are the whole's. */
static void begin_round(struct round *round, const struct toc_making *whole, size_t first,
                        size_t count)
{
    uint8_t audience[TOC_ID_BYTES];
    memset(round, 0, sizeof *round);
    toc_making_audience_key(audience, whole->audience);
    for (size_t i = 0; i < count; i++) {
        struct toc_making *making = &round->makings[i];
        *making = *whole;
        making->reading = &round->readings[i];
        making->draft.documents = &whole->draft.documents[first + i];
        making->draft.bulletin.documents = making->draft.documents;
        making->draft.bulletin.document_count = 1;
        making->title_missing = making->draft.documents->name;
        toc_each_key(making->each, audience, making->draft.documents->bytes);
        memcpy(round->queries[i].key, making->each, sizeof making->each);
    }
    toc_each_find(whole->desk->each, round->queries, count);
}

/* Lets an indexer read those that are not skipped. */
static void read_round(struct round *round, const struct toc_making *whole, size_t count)
{
    size_t item_count = 0;
    uint8_t key[TOC_ID_BYTES];
    for (size_t i = 0; i < count; i++) {
        struct toc_bytes *canonical = &round->canonicals[i];
        round->is_read[i] = !round->queries[i].found &&
                            !toc_failed(toc_making_draft(&round->makings[i], canonical));
        if (round->is_read[i]) {
            round->items[item_count++] =
                (struct toc_indexers_item){.canonical = toc_span(canonical->at, canonical->len),
                                           .reading = &round->readings[i]};
        }
    }
    toc_making_audience_key(key, whole->audience);
    toc_indexers_read_all(whole->desk->indexers, whole->desk->org, key, round->items, item_count);
}

/* The outcome of one that was read. */
static struct toc_err end_one(struct toc_making *making, struct toc_err read, struct toc_build *row)
{
    TOC_TRY(toc_failed(read) ? toc_making_explain(making, read) : read);
    TOC_TRY(toc_making_complete(making));
    if (!toc_message_flag(making->answer->request, TOC_FIELD_DRY_RUN)) {
        return toc_making_sign(making);
    }
    toc_making_row(row, making, NULL);
    return toc_ok();
}

static void end_round(struct round *round, struct toc_answer *answer, size_t count)
{
    struct toc_indexers_item *item = round->items;
    for (size_t i = 0; i < count; i++) {
        struct toc_build row = {.at = NULL};
        struct toc_err err = toc_ok();
        answer->line.text[0] = answer->detail[0] = '\0';
        if (round->queries[i].found) {
            skipped_row(&row, round->queries[i].id);
        } else if (!round->is_read[i]) {
            err = toc_making_draft(&round->makings[i], &round->canonicals[i]); /* says why again */
            err = toc_failed(err) ? err : toc_fail(TOC_FULL, "out of memory");
        } else {
            err = end_one(&round->makings[i], item->err, &row);
            item++;
        }
        toc_bytes_free(&round->canonicals[i]);
        if (toc_failed(err)) {
            give_refusal(answer, err);
        } else {
            give_outcome(answer, err, &row);
        }
        toc_intel_reading_clear(&round->readings[i]);
    }
}

static struct toc_err make_each(struct toc_making *whole)
{
    size_t count = whole->draft.bulletin.document_count;
    struct round *round = malloc(sizeof *round);
    if (round == NULL) {
        return TOC_REFUSE(whole->answer, TOC_FULL, "out of memory");
    }
    for (size_t first = 0; first < count; first += ROUND) {
        size_t some = count - first < ROUND ? count - first : ROUND;
        begin_round(round, whole, first, some);
        read_round(round, whole, some);
        end_round(round, whole->answer, some);
    }
    whole->answer->line.text[0] = '\0';
    toc_answer_detail(whole->answer, "%zu files in one request", count);
    free(round);
    return toc_ok();
}

struct toc_err toc_answer_publish(const struct toc_desk *desk, struct toc_answer *answer)
{
    struct toc_making *making = calloc(1, sizeof(*making));
    struct toc_intel_reading *reading = calloc(1, sizeof(*reading));
    if (making == NULL || reading == NULL) {
        free(making);
        free(reading);
        return TOC_REFUSE(answer, TOC_FULL, "out of memory");
    }
    making->desk = desk;
    making->answer = answer;
    making->reading = reading;
    struct toc_err err = toc_audience_find(desk, answer, &making->audience);
    if (!toc_failed(err)) {
        err = toc_draft_read(&making->draft, answer);
    }
    if (!toc_failed(err)) {
        bool several = toc_message_flag(answer->request, TOC_FIELD_EACH) &&
                       making->draft.bulletin.document_count > 1;
        err = several ? make_each(making) : make_one(making);
    }
    toc_draft_clear(&making->draft);
    toc_intel_reading_clear(reading);
    toc_audience_free(making->audience);
    free(reading);
    free(making);
    return err;
}
