/* SPDX-License-Identifier: EUPL-1.2 */
#include "answer_internal.h"

#include <stdlib.h>
#include <string.h>

/* Finds of one value that are answered; a network may hold a feed's every address. */
#define HITS_MAX ((size_t)1000000)
#define BULLETINS_MAX 1000u /* of one row: the bound of the field */
/* With WHY so many bulletins of a value are read again for the exact facts. */
#define WHY_BULLETINS_MAX 16u

struct hit {
    uint32_t number, flags;
    enum toc_value_kind kind;
    size_t value_at, value_len; /* within bytes */
};

/* The finds of one value, copied out of the snapshot. */
struct hits {
    struct hit *at;
    size_t count, max;
    uint8_t *bytes;
    size_t byte_count, byte_max;
    bool failed;
};

struct looking {
    const struct toc_desk *desk;
    struct toc_answer *answer;
    struct toc_handles *names;
    struct toc_value value;
    struct toc_value host; /* of a URL or mail address */
    struct hits hits;
    bool any_known, why, hosts;
    bool host_known; /* and nothing else of the value at hand */
};

/* finds */

static bool reserve(void **at, size_t *max, size_t need, size_t item)
{
    if (need <= *max) {
        return true;
    }
    size_t grown_max = *max == 0 ? 64 : *max * 2;
    grown_max = grown_max < need ? need : grown_max;
    void *grown = realloc(*at, grown_max * item);
    if (grown != NULL) {
        *at = grown;
        *max = grown_max;
    }
    return grown != NULL;
}

static bool note_hit(void *arg, const struct toc_index_hit *found)
{
    struct hits *hits = arg;
    void *at = hits->at, *bytes = hits->bytes;
    bool room = reserve(&at, &hits->max, hits->count + 1, sizeof(*hits->at)) &&
                reserve(&bytes, &hits->byte_max, hits->byte_count + found->value.len, 1);
    hits->at = at;
    hits->bytes = bytes;
    if (!room) {
        hits->failed = true;
        return false;
    }
    hits->at[hits->count++] = (struct hit){.number = found->number,
                                           .flags = found->flags,
                                           .kind = found->kind,
                                           .value_at = hits->byte_count,
                                           .value_len = found->value.len};
    memcpy(hits->bytes + hits->byte_count, found->value.at, found->value.len);
    hits->byte_count += found->value.len;
    return hits->count < HITS_MAX;
}

static struct toc_span hit_value(const struct hits *hits, size_t index)
{
    return toc_span(hits->bytes + hits->at[index].value_at, hits->at[index].value_len);
}

/* A plain value is found by itself, by a domain above it, by a network around it; a network and a
 * *.domain are found by everything inside. */
static unsigned wants_of(const struct looking *looking)
{
    unsigned wants = looking->hosts ? (unsigned)TOC_INDEX_WANT_HOSTS : 0;
    if (looking->value.kind == TOC_VALUE_CIDR) {
        return wants | TOC_INDEX_WANT_SAME | TOC_INDEX_WANT_ABOVE | TOC_INDEX_WANT_BELOW;
    }
    if (looking->value.wildcard) {
        return wants | TOC_INDEX_WANT_BELOW;
    }
    return wants | TOC_INDEX_WANT_SAME | TOC_INDEX_WANT_ABOVE;
}

static struct toc_err find(struct looking *looking)
{
    looking->hits.count = looking->hits.byte_count = 0;
    struct toc_index_read *read;
    TOC_TRY(toc_index_read_begin(looking->desk->index, &read));
    struct toc_err err = toc_index_lookup(read, looking->value.kind,
                                          toc_span(looking->value.bytes, looking->value.len),
                                          wants_of(looking), note_hit, &looking->hits);
    toc_index_read_end(read);
    TOC_TRY(err);
    return looking->hits.failed ? toc_fail(TOC_FULL, "no memory") : toc_ok();
}

/* The host of a URL or mail address, asked as a value of its own. False: it has none. */
static bool find_host(struct looking *looking, struct toc_value *host)
{
    return !toc_failed(toc_value_host(host, looking->value.kind,
                                      toc_span(looking->value.bytes, looking->value.len)));
}

static bool note_any(void *arg, const struct toc_index_hit *found)
{
    (void)found;
    *(bool *)arg = true;
    return false;
}

/* With HOSTS what is known of the host answers too; without it, a value that is not known says
 * that its host is. */
static struct toc_err ask_host(struct looking *looking)
{
    struct toc_index_read *read;
    bool hint = !looking->hosts;
    looking->host_known = false;
    if ((hint && looking->hits.count > 0) || !find_host(looking, &looking->host)) {
        return toc_ok();
    }
    const struct toc_value *host = &looking->host;
    TOC_TRY(toc_index_read_begin(looking->desk->index, &read));
    struct toc_err err = toc_index_lookup(
        read, host->kind, toc_span(host->bytes, host->len), wants_of(looking),
        hint ? note_any : note_hit, hint ? (void *)&looking->host_known : (void *)&looking->hits);
    toc_index_read_end(read);
    TOC_TRY(err);
    return looking->hits.failed ? toc_fail(TOC_FULL, "no memory") : toc_ok();
}

/* rows */

static void value_field(struct toc_build *row, enum toc_field field, enum toc_value_kind kind,
                        struct toc_span canonical)
{
    char text[TOC_CANONICAL_BYTES_MAX + 1];
    size_t len = toc_value_text(kind, canonical, text, sizeof(text));
    toc_build_cut(row, field, toc_span(text, len));
}

/* The fact in the bulletin that speaks of the value: WRITTEN to FLAGS, in the order of numbers. */
static void fact_fields(struct toc_build *row, const struct toc_fact *fact)
{
    toc_build_cut(row, TOC_FIELD_WRITTEN, fact->written);
    toc_build_cut(row, TOC_FIELD_COMMENT, fact->note);
    toc_build_cut(row, TOC_FIELD_PLACE, fact->place);
    if (fact->line > 0) {
        toc_build_number(row, TOC_FIELD_TEXT_LINE, fact->line);
    }
}

/* Reads the bulletin again and finds the fact; the caller clears `reading`. NULL: not found. */
static const struct toc_fact *find_fact(struct looking *looking, const struct toc_index_meta *meta,
                                        const struct hit *hit, struct toc_span value,
                                        struct toc_intel_reading *reading)
{
    struct toc_found found = {.meta = *meta};
    struct toc_answer quiet = *looking->answer;
    if (meta->unread || toc_failed(toc_found_open(looking->desk, &quiet, &found))) {
        return NULL;
    }
    struct toc_err err = toc_found_read(looking->desk, &quiet, &found, reading);
    toc_found_clear(&found);
    for (uint32_t i = 0; !toc_failed(err) && i < reading->facts.count; i++) {
        const struct toc_fact *fact = &reading->facts.at[i];
        if (fact->kind == hit->kind && toc_span_equal(fact->value, value)) {
            return fact;
        }
    }
    return NULL;
}

/* One item of BULLETINS. */
static void bulletin_fields(struct looking *looking, struct toc_build *row,
                            const struct toc_index_meta *meta, const struct hit *hit,
                            struct toc_span value, bool exact)
{
    char room[TOC_ID_TEXT_BYTES];
    struct toc_intel_reading *reading = exact ? calloc(1, sizeof(*reading)) : NULL;
    const struct toc_fact *fact =
        reading == NULL ? NULL : find_fact(looking, meta, hit, value, reading);
    toc_build_row(row);
    if (fact != NULL) {
        toc_build_number(row, TOC_FIELD_DOCUMENT, fact->document);
    }
    toc_build_id(row, TOC_FIELD_ID, meta->id);
    toc_build_cut(row, TOC_FIELD_AUTHOR, toc_handles_org(looking->names, meta->author, room));
    toc_build_str(row, TOC_FIELD_TLP, toc_tlp_name(meta->tlp));
    toc_build_cut(row, TOC_FIELD_TITLE, toc_span(meta->title, meta->title_len));
    toc_build_number(row, TOC_FIELD_PUBLISHED, meta->published.ms);
    if (fact != NULL) {
        fact_fields(row, fact);
    }
    if (looking->why) {
        toc_fact_flags_field(row, hit->flags);
    }
    toc_build_row_end(row);
    if (reading != NULL) {
        toc_intel_reading_clear(reading);
        free(reading);
    }
}

/* Metas of hits [from, to) out of one short snapshot. A bulletin that is gone has number 0 bytes of
 * id and is left out. */
static struct toc_err read_metas(struct looking *looking, size_t from, size_t count,
                                 struct toc_index_meta *metas, bool *present)
{
    struct toc_index_read *read;
    TOC_TRY(toc_index_read_begin(looking->desk->index, &read));
    struct toc_err err = toc_ok();
    for (size_t i = 0; !toc_failed(err) && i < count; i++) {
        err = toc_index_meta(read, looking->hits.at[from + i].number, &metas[i]);
        present[i] = !toc_failed(err);
        err = err.code == TOC_ABSENT ? toc_ok() : err;
    }
    toc_index_read_end(read);
    return err;
}

#define META_BATCH 32u

/* BULLETINS: hits [from, to) of one indicator. */
static struct toc_err bulletins_field(struct looking *looking, struct toc_build *row, size_t from,
                                      size_t to)
{
    struct toc_index_meta *metas = calloc(META_BATCH, sizeof(*metas));
    if (metas == NULL) {
        return toc_fail(TOC_FULL, "no memory");
    }
    struct toc_err err = toc_ok();
    toc_build_list(row, TOC_FIELD_BULLETINS);
    for (size_t at = from; !toc_failed(err) && at < to; at += META_BATCH) {
        bool present[META_BATCH];
        size_t count = to - at < META_BATCH ? to - at : META_BATCH;
        err = read_metas(looking, at, count, metas, present);
        for (size_t i = 0; !toc_failed(err) && i < count; i++) {
            if (present[i]) {
                bulletin_fields(looking, row, &metas[i], &looking->hits.at[at + i],
                                hit_value(&looking->hits, at + i),
                                looking->why && at + i - from < WHY_BULLETINS_MAX);
            }
        }
    }
    toc_build_list_end(row);
    free(metas);
    return err;
}

static void value_head(struct looking *looking, struct toc_build *row, struct toc_span asked,
                       bool known)
{
    bool understood = looking->value.kind != TOC_VALUE_NONE;
    toc_answer_row(row, "value");
    toc_build_str(row, TOC_FIELD_KIND, toc_value_kind_name(looking->value.kind));
    if (understood) {
        value_field(row, TOC_FIELD_VALUE, looking->value.kind,
                    toc_span(looking->value.bytes, looking->value.len));
    }
    toc_build_cut(row, TOC_FIELD_WRITTEN, asked);
    toc_build_flag(row, TOC_FIELD_KNOWN, known);
}

/* One row for the hits [from, to) of one indicator; `again`: the row before was of it too. */
static struct toc_err send_indicator(struct looking *looking, struct toc_span asked, size_t from,
                                     size_t to, bool again)
{
    struct toc_build row;
    value_head(looking, &row, asked, true);
    struct toc_err err = bulletins_field(looking, &row, from, to);
    value_field(&row, TOC_FIELD_INDICATOR, looking->hits.at[from].kind,
                hit_value(&looking->hits, from));
    if (again) {
        toc_build_flag(&row, TOC_FIELD_CONTINUED, true);
    }
    bool here = !toc_failed(err) && looking->answer->row(looking->answer->client, &row);
    toc_build_clear(&row);
    return toc_failed(err) || here ? err : TOC_GONE;
}

static struct toc_err send_value(struct looking *looking, struct toc_span asked)
{
    const struct hits *hits = &looking->hits;
    if (hits->count == 0) {
        struct toc_build row;
        value_head(looking, &row, asked, false);
        if (looking->host_known) {
            value_field(&row, TOC_FIELD_HOST_KNOWN, looking->host.kind,
                        toc_span(looking->host.bytes, looking->host.len));
        }
        bool here = looking->answer->row(looking->answer->client, &row);
        toc_build_clear(&row);
        return here ? toc_ok() : TOC_GONE;
    }
    looking->any_known = true;
    for (size_t from = 0; from < hits->count;) {
        size_t to = from + 1;
        while (to < hits->count && hits->at[to].kind == hits->at[from].kind &&
               toc_span_equal(hit_value(hits, to), hit_value(hits, from))) {
            to++;
        }
        for (size_t at = from; at < to; at += BULLETINS_MAX) {
            size_t end = to - at < BULLETINS_MAX ? to : at + BULLETINS_MAX;
            TOC_TRY(send_indicator(looking, asked, at, end, at > from));
        }
        from = to;
    }
    return toc_ok();
}

/* the request */

/* Finds what is known of one typed value. What reads like a file name may be a domain: both are
 * asked (transfer.sh is a service, setup.sh is a script). */
static struct toc_err look_up(struct looking *looking, struct toc_span asked)
{
    looking->hits.count = 0;
    looking->host_known = false;
    if (toc_failed(toc_value_guess(&looking->value, asked))) {
        looking->value.kind = TOC_VALUE_NONE;
        return toc_ok();
    }
    TOC_TRY(find(looking));
    struct toc_value domain;
    if (looking->hits.count == 0 && looking->value.kind == TOC_VALUE_FILENAME &&
        !toc_failed(toc_value_make(&domain, TOC_VALUE_DOMAIN, asked)) && !domain.other_kind) {
        struct toc_value file = looking->value;
        looking->value = domain;
        TOC_TRY(find(looking));
        if (looking->hits.count == 0) {
            looking->value = file;
        }
    }
    return ask_host(looking);
}

static struct toc_err look(struct looking *looking)
{
    struct toc_items items;
    struct toc_span asked;
    size_t count = toc_message_list(looking->answer->request, TOC_FIELD_VALUES, &items);
    toc_answer_detail(looking->answer, "%zu values", count);
    while (toc_items_text(&items, &asked)) {
        TOC_TRY(look_up(looking, asked));
        TOC_TRY(send_value(looking, asked));
    }
    return looking->any_known ? toc_ok() : toc_fail(TOC_ABSENT, "nothing found");
}

struct toc_err toc_answer_lookup(const struct toc_desk *desk, struct toc_answer *answer)
{
    if (!toc_message_has(answer->request, TOC_FIELD_VALUES)) {
        return TOC_REFUSE(answer, TOC_USAGE, "no value to look up was given");
    }
    struct looking *looking = calloc(1, sizeof(*looking));
    if (looking == NULL) {
        return TOC_REFUSE(answer, TOC_FULL, "out of memory");
    }
    looking->desk = desk;
    looking->answer = answer;
    looking->why = toc_message_flag(answer->request, TOC_FIELD_WHY);
    looking->hosts = toc_message_flag(answer->request, TOC_FIELD_HOSTS);
    struct toc_err err = toc_handles_get(desk, &looking->names);
    if (!toc_failed(err)) {
        err = look(looking);
    }
    toc_handles_free(looking->names);
    free(looking->hits.at);
    free(looking->hits.bytes);
    free(looking);
    if (err.code == TOC_STATE) {
        return toc_answer_stopping(answer);
    }
    if (toc_failed(err) && err.code != TOC_ABSENT) {
        toc_line_set(&answer->line, "the index cannot be read: %s", err.why);
    }
    return err;
}
