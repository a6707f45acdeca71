/* SPDX-License-Identifier: EUPL-1.2 */
#include "answer_internal.h"

#include <stdlib.h>
#include <string.h>

/* First guess of how many numbers an unlimited query gives; doubled while there are more. */
#define NUMBERS_START ((size_t)16384)
#define NUMBERS_MAX ((size_t)1 << 28) /* 1 GiB of numbers: beyond any store */
/* Rows made from one snapshot. Writing them out waits for the client, so no snapshot lives then. */
#define BATCH_ROWS 64u

struct asking {
    const struct toc_desk *desk;
    struct toc_answer *answer;
    struct toc_query query;
    struct toc_handles *names;
    uint32_t *numbers;
    size_t count;
};

static bool find_author(void *arg, struct toc_span handle, uint8_t org[static TOC_ID_BYTES])
{
    const struct asking *asking = arg;
    return toc_handles_find_org(asking->names, handle, org);
}

/* The audit log says what kind of question was asked. The words themselves stay out of it: they
 * may be those of a RED bulletin. */
static void note_query(struct asking *asking)
{
    struct toc_line fields = {{0}};
    bool named[TOC_QUERY_FIELD_COUNT] = {false};
    for (uint32_t i = 0; i < asking->query.count; i++) {
        enum toc_query_field field = asking->query.terms[i].field;
        if (!named[field]) {
            struct toc_line before = fields;
            toc_line_set(&fields, "%s %s", before.text, toc_query_field_name(field));
            named[field] = true;
        }
    }
    toc_answer_detail(asking->answer, "terms %u:%s", asking->query.count, fields.text);
}

static struct toc_err parse(struct asking *asking)
{
    struct toc_span text = toc_message_text(asking->answer->request, TOC_FIELD_EXPRESSION);
    struct toc_query_fault fault = {.column = 0};
    struct toc_err err = toc_query_parse(&asking->query, text, toc_now_utc(), &fault);
    if (toc_failed(err)) {
        return TOC_REFUSE(asking->answer, err.code, "query, column %u: %s", fault.column,
                          fault.detail);
    }
    note_query(asking);
    return err;
}

/* Fills asking->numbers, newest first. */
static struct toc_err find_numbers(struct asking *asking)
{
    uint64_t limit = toc_message_number(asking->answer->request, TOC_FIELD_LIMIT);
    size_t max = limit == 0 || limit > NUMBERS_MAX ? NUMBERS_START : (size_t)limit;
    for (bool more = true; more;) {
        uint32_t *numbers = realloc(asking->numbers, max * sizeof(*numbers));
        if (numbers == NULL) {
            return toc_fail(TOC_FULL, "no memory");
        }
        asking->numbers = numbers;
        const struct toc_index_ask ask = {
            .order = TOC_INDEX_BY_PUBLISHED, .max = max, .author = find_author, .arg = asking};
        struct toc_index_read *read;
        TOC_TRY(toc_index_read_begin(asking->desk->index, &read));
        struct toc_err err =
            toc_index_query(read, &asking->query, &ask, numbers, &asking->count, &more);
        toc_index_read_end(read);
        TOC_TRY(err);
        if (limit != 0 || max >= NUMBERS_MAX) {
            break;
        }
        max *= 2;
    }
    return toc_ok();
}

/* Builds the rows of one batch. Gives how many: a bulletin that is gone meanwhile has none. */
static struct toc_err build_rows(struct asking *asking, const uint32_t *numbers, size_t count,
                                 struct toc_build *rows, size_t *row_count)
{
    struct toc_index_read *read;
    *row_count = 0;
    TOC_TRY(toc_index_read_begin(asking->desk->index, &read));
    for (size_t i = 0; i < count; i++) {
        struct toc_index_meta meta;
        struct toc_err err = toc_index_meta(read, numbers[i], &meta);
        if (!toc_failed(err)) {
            toc_found_row(&rows[(*row_count)++], &meta, asking->names, NULL, NULL);
        } else if (err.code != TOC_ABSENT) {
            toc_index_read_end(read);
            return err;
        }
    }
    toc_index_read_end(read);
    return toc_ok();
}

static struct toc_err send_all(struct asking *asking)
{
    struct toc_build rows[BATCH_ROWS];
    for (size_t i = 0; i < asking->count; i += BATCH_ROWS) {
        size_t batch = asking->count - i < BATCH_ROWS ? asking->count - i : BATCH_ROWS;
        size_t built = 0;
        struct toc_err err = build_rows(asking, asking->numbers + i, batch, rows, &built);
        bool here = true;
        for (size_t k = 0; k < built; k++) {
            here =
                here && !toc_failed(err) && asking->answer->row(asking->answer->client, &rows[k]);
            toc_build_clear(&rows[k]);
        }
        TOC_TRY(err);
        if (!here) {
            return TOC_GONE;
        }
    }
    return asking->count == 0 ? toc_fail(TOC_ABSENT, "nothing found") : toc_ok();
}

static struct toc_err ask(struct asking *asking)
{
    TOC_TRY(parse(asking));
    struct toc_err err = toc_handles_get(asking->desk, &asking->names);
    if (err.code == TOC_STATE) {
        return toc_answer_stopping(asking->answer);
    }
    if (!toc_failed(err)) {
        err = find_numbers(asking);
    }
    if (!toc_failed(err)) {
        err = send_all(asking);
    }
    if (toc_failed(err) && err.code != TOC_ABSENT) {
        toc_line_set(&asking->answer->line, "the index cannot be read: %s", err.why);
    }
    return err;
}

struct toc_err toc_answer_query(const struct toc_desk *desk, struct toc_answer *answer)
{
    struct asking *asking = calloc(1, sizeof(*asking));
    if (asking == NULL) {
        return TOC_REFUSE(answer, TOC_FULL, "out of memory");
    }
    asking->desk = desk;
    asking->answer = answer;
    struct toc_err err = ask(asking);
    toc_handles_free(asking->names);
    free(asking->numbers);
    free(asking);
    return err;
}
