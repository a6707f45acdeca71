/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Terms that name a value give sets of numbers, which are intersected or taken away; the other
 * terms are asked of each bulletin that remains, newest first. With no set to begin from, or with a
 * large one, the bulletins are walked by time and the walk ends when there are enough.
 */
#include "index_internal.h"

#include <stdlib.h>
#include <string.h>

/* Up to this many bulletins are looked at one by one and sorted; more are met on the walk by time.
 * Reason: a look costs about as much as thirty steps of the walk. */
#define SORTED_MAX 4096u
/* Bulletins whose id begins alike; ten characters are typed at least. */
#define IDS_MAX 256u

struct set {
    uint32_t *at;
    size_t count, room;
};

struct evaluation {
    const struct toc_index_read *read;
    const struct toc_query *query;
    const struct toc_index_ask *ask;
    bool has_only;
    struct set only;   /* what all positive terms with values share */
    struct set except; /* what a negative one excludes */
    struct toc_err err;
    uint32_t *numbers;
    size_t count;
    bool more;
};

static bool add(struct set *set, uint32_t number)
{
    if (set->count == set->room) {
        size_t room = set->room == 0 ? 256 : 2 * set->room;
        uint32_t *at = realloc(set->at, room * sizeof *at);
        if (at == NULL) {
            return false;
        }
        set->at = at;
        set->room = room;
    }
    set->at[set->count++] = number;
    return true;
}

static int compare_numbers(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a;
    uint32_t right = *(const uint32_t *)b;
    return left < right ? -1 : left > right;
}

static void sort(struct set *set)
{
    size_t kept = 0;
    if (set->count == 0) {
        return;
    }
    qsort(set->at, set->count, sizeof set->at[0], compare_numbers);
    for (size_t i = 1; i < set->count; i++) {
        if (set->at[i] != set->at[kept]) {
            set->at[++kept] = set->at[i];
        }
    }
    set->count = kept + 1;
}

static bool holds(const struct set *set, uint32_t number)
{
    return set->count != 0 &&
           bsearch(&number, set->at, set->count, sizeof number, compare_numbers) != NULL;
}

/* Keeps what `other` holds too. Both are sorted. */
static void intersect(struct set *set, const struct set *other)
{
    size_t kept = 0;
    for (size_t i = 0; i < set->count; i++) {
        if (holds(other, set->at[i])) {
            set->at[kept++] = set->at[i];
        }
    }
    set->count = kept;
}

static struct toc_err no_memory(void)
{
    return toc_fail(TOC_FULL, "no memory for the answer to a query");
}

struct collect {
    struct set *set;
    bool full;
};

static bool collect_hit(void *arg, const struct toc_index_hit *hit)
{
    struct collect *collect = arg;
    collect->full = !add(collect->set, hit->number);
    return !collect->full;
}

/* Numbers of the bulletins that hold the term's value. */
static struct toc_err collect_value(struct evaluation *at, const struct toc_query_term *term,
                                    struct set *set)
{
    struct collect collect = {.set = set};
    enum toc_value_kind kind = term->kind;
    unsigned wants = TOC_INDEX_WANT_SAME;
    if (term->field == TOC_QUERY_IP) {
        wants |= TOC_INDEX_WANT_ABOVE | TOC_INDEX_WANT_BELOW;
    } else if (term->field == TOC_QUERY_DOMAIN) {
        /* As `lookup` finds it: a name below a listed domain is listed too. */
        wants = term->below ? TOC_INDEX_WANT_BELOW
                            : wants | TOC_INDEX_WANT_ABOVE | TOC_INDEX_WANT_BELOW;
    } else if (term->field == TOC_QUERY_TARGET) {
        kind = TOC_VALUE_TARGET;
    }
    wants |= at->ask->withdrawn ? TOC_INDEX_WANT_WITHDRAWN : 0;
    wants |= at->ask->hosts ? TOC_INDEX_WANT_HOSTS : 0;
    TOC_TRY(toc_index_lookup(at->read, kind, toc_span(term->text, term->len), wants, collect_hit,
                             &collect));
    return collect.full ? no_memory() : toc_ok();
}

static struct toc_err collect_id(struct evaluation *at, const struct toc_query_term *term,
                                 struct set *set)
{
    uint8_t id[TOC_ID_BYTES];
    uint32_t numbers[IDS_MAX];
    size_t bits;
    size_t count;
    if (toc_failed(toc_id_parse(id, &bits, toc_span(term->text, term->len)))) {
        return toc_ok();
    }
    TOC_TRY(toc_index_find(at->read, id, bits, numbers, IDS_MAX, &count));
    for (size_t i = 0; i < count; i++) {
        if (!add(set, numbers[i])) {
            return no_memory();
        }
    }
    return toc_ok();
}

static struct toc_err collect_author(struct evaluation *at, const struct toc_query_term *term,
                                     struct set *set)
{
    uint8_t org[TOC_ID_BYTES];
    struct scan scan;
    if (at->ask->author == NULL ||
        !at->ask->author(at->ask->arg, toc_span(term->text, term->len), org)) {
        return toc_ok();
    }
    struct toc_err err = toc_scan_open(&scan, at->read, TOC_DB_INDEX_AUTHOR);
    if (!toc_failed(err)) {
        err = toc_scan_seek(&scan, toc_span(org, sizeof org));
    }
    while (!toc_failed(err) && scan.key.len == TOC_ID_BYTES + NUMBER_BYTES &&
           memcmp(scan.key.at, org, TOC_ID_BYTES) == 0) {
        err = add(set, toc_index_number_of(scan.key)) ? toc_scan_next(&scan) : no_memory();
    }
    toc_scan_close(&scan);
    return err.code == TOC_ABSENT ? toc_ok() : err;
}

static bool names_value(enum toc_query_field field)
{
    return field == TOC_QUERY_ID || field == TOC_QUERY_AUTHOR || field == TOC_QUERY_CVE ||
           field == TOC_QUERY_TARGET || field == TOC_QUERY_IOC || field == TOC_QUERY_IP ||
           field == TOC_QUERY_DOMAIN || field == TOC_QUERY_HASH || field == TOC_QUERY_URL;
}

/* Takes the set of one term into account. */
static struct toc_err take_term(struct evaluation *at, const struct toc_query_term *term)
{
    struct set set = {0};
    struct set *into = term->negated ? &at->except : &set;
    struct toc_err err = term->field == TOC_QUERY_ID       ? collect_id(at, term, into)
                         : term->field == TOC_QUERY_AUTHOR ? collect_author(at, term, into)
                                                           : collect_value(at, term, into);
    if (toc_failed(err)) {
        free(set.at);
        return err;
    }
    sort(into);
    if (term->negated) {
        return toc_ok();
    }
    if (at->has_only) {
        intersect(&at->only, &set);
        free(set.at);
    } else {
        at->only = set;
        at->has_only = true;
    }
    return toc_ok();
}

/* What is asked of each bulletin by itself. */
struct looks {
    enum toc_bulletin_kind kind;
    enum toc_severity severity;
    enum toc_tlp tlp;
    uint64_t published_ms, received_ms;
};

static bool compare_rank(enum toc_query_op op, unsigned have, unsigned wanted)
{
    switch (op) {
    case TOC_QUERY_IS:
        return have == wanted;
    case TOC_QUERY_LESS:
        return have < wanted;
    case TOC_QUERY_AT_MOST:
        return have <= wanted;
    case TOC_QUERY_MORE:
        return have > wanted;
    case TOC_QUERY_AT_LEAST:
        return have >= wanted;
    }
    return false;
}

static bool compare_time(const struct toc_query_term *term, uint64_t ms)
{
    switch (term->op) {
    case TOC_QUERY_IS:
        return ms >= term->at.ms && ms < term->before.ms;
    case TOC_QUERY_LESS:
        return ms < term->at.ms;
    case TOC_QUERY_AT_MOST:
        return ms < term->before.ms;
    case TOC_QUERY_MORE:
        return ms >= term->before.ms;
    case TOC_QUERY_AT_LEAST:
        return ms >= term->at.ms;
    }
    return false;
}

static bool is_kind(const struct toc_query_term *term, enum toc_bulletin_kind kind)
{
    enum toc_bulletin_kind wanted;
    return !toc_failed(toc_bulletin_kind_parse(toc_span(term->text, term->len), &wanted)) &&
           wanted == kind;
}

static bool fulfils_term(const struct toc_query_term *term, const struct looks *looks)
{
    switch ((int)term->field) {
    case TOC_QUERY_KIND:
        return is_kind(term, looks->kind);
    case TOC_QUERY_SEVERITY:
        return looks->severity != TOC_SEVERITY_NONE &&
               compare_rank(term->op, (unsigned)looks->severity, term->rank);
    case TOC_QUERY_TLP: /* ranks begin with "none" */
        return compare_rank(term->op, (unsigned)looks->tlp + 1, term->rank);
    case TOC_QUERY_SINCE:
        return looks->received_ms >= term->at.ms;
    case TOC_QUERY_PUBLISHED:
        return compare_time(term, looks->published_ms);
    default:
        return !term->negated; /* has been taken as a set */
    }
}

static bool fulfils(const struct evaluation *at, uint32_t number, const struct looks *looks)
{
    if (holds(&at->except, number)) {
        return false;
    }
    for (uint32_t i = 0; i < at->query->count; i++) {
        const struct toc_query_term *term = &at->query->terms[i];
        if (fulfils_term(term, looks) == term->negated) {
            return false;
        }
    }
    return true;
}

/* Keeps an answer; false when there are enough. */
static bool keep(struct evaluation *at, uint32_t number)
{
    if (at->count == at->ask->max) {
        at->more = true;
        return false;
    }
    at->numbers[at->count++] = number;
    return true;
}

struct dated {
    uint64_t ms;
    uint32_t number;
};

static int compare_newest_first(const void *a, const void *b)
{
    const struct dated *left = a;
    const struct dated *right = b;
    if (left->ms != right->ms) {
        return left->ms > right->ms ? -1 : 1;
    }
    return left->number > right->number ? -1 : left->number < right->number;
}

static struct toc_err look_at_each(struct evaluation *at)
{
    struct dated *found = malloc((at->only.count + 1) * sizeof *found);
    size_t count = 0;
    struct toc_err err = found == NULL ? no_memory() : toc_ok();
    for (size_t i = 0; i < at->only.count && !toc_failed(err); i++) {
        struct toc_index_meta meta;
        err = toc_index_meta(at->read, at->only.at[i], &meta);
        struct looks looks = {meta.kind, meta.severity, meta.tlp, meta.published.ms,
                              meta.received.ms};
        if (!toc_failed(err) && (at->ask->withdrawn || meta.status == TOC_INDEX_ACTIVE) &&
            fulfils(at, meta.number, &looks)) {
            bool by_published = at->ask->order == TOC_INDEX_BY_PUBLISHED;
            found[count].ms = by_published ? looks.published_ms : looks.received_ms;
            found[count++].number = meta.number;
        }
    }
    if (!toc_failed(err)) {
        qsort(found, count, sizeof *found, compare_newest_first);
        for (size_t i = 0; i < count && keep(at, found[i].number); i++) {
        }
    }
    free(found);
    return err;
}

/* One step of the walk by time; false ends it. */
static bool look_at_row(struct evaluation *at, const struct scan *scan)
{
    struct toc_index_meta meta;
    uint32_t number = toc_index_number_of(scan->key);
    uint64_t ms = toc_be64(scan->key.at + 1);
    bool by_published = at->ask->order == TOC_INDEX_BY_PUBLISHED;
    if (at->has_only && !holds(&at->only, number)) {
        return true;
    }
    if (scan->value.len != ORDER_VALUE_BYTES) {
        at->err = toc_fail(TOC_CORRUPT, "a row of the index does not decode");
        return false;
    }
    const uint8_t *value = scan->value.at;
    uint64_t other_ms = toc_le64(value + 4);
    struct looks looks = {(enum toc_bulletin_kind)value[0], (enum toc_severity)value[1],
                          (enum toc_tlp)value[2], by_published ? ms : other_ms,
                          by_published ? other_ms : ms};
    if (!fulfils(at, number, &looks)) {
        return true;
    }
    if (at->read->any_withdrawn && !at->ask->withdrawn) {
        at->err = toc_index_meta(at->read, number, &meta);
        if (toc_failed(at->err)) {
            return false;
        }
        if (meta.status != TOC_INDEX_ACTIVE) {
            return true;
        }
    }
    return keep(at, number);
}

static struct toc_err walk_by_time(struct evaluation *at)
{
    struct scan scan;
    struct toc_db_key key;
    unsigned letter = at->ask->order == TOC_INDEX_BY_PUBLISHED ? ORDER_PUBLISHED : ORDER_RECEIVED;
    toc_db_key_make(&key, TOC_DB_INDEX_ORDER, 3, letter, UINT64_MAX, UINT32_MAX);
    struct toc_err err = toc_scan_open(&scan, at->read, TOC_DB_INDEX_ORDER);
    if (!toc_failed(err)) {
        err = toc_scan_seek_before(&scan, toc_db_key_span(&key));
    }
    while (!toc_failed(err) && scan.key.len == 13 && scan.key.at[0] == letter &&
           look_at_row(at, &scan)) {
        err = toc_scan_prev(&scan);
    }
    toc_scan_close(&scan);
    TOC_TRY(err.code == TOC_ABSENT ? toc_ok() : err);
    return at->err;
}

static struct toc_err evaluate(struct evaluation *at)
{
    for (uint32_t i = 0; i < at->query->count; i++) {
        if (names_value(at->query->terms[i].field)) {
            TOC_TRY(take_term(at, &at->query->terms[i]));
        }
    }
    return at->has_only && at->only.count <= SORTED_MAX ? look_at_each(at) : walk_by_time(at);
}

struct toc_err toc_index_query(const struct toc_index_read *read, const struct toc_query *query,
                               const struct toc_index_ask *ask, uint32_t *numbers, size_t *count,
                               bool *more)
{
    struct evaluation at = {.read = read, .query = query, .ask = ask, .numbers = numbers};
    struct toc_err err = evaluate(&at);
    free(at.only.at);
    free(at.except.at);
    *count = toc_failed(err) ? 0 : at.count;
    if (more != NULL) {
        *more = at.more;
    }
    return err;
}
