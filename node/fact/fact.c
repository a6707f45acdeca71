/* SPDX-License-Identifier: EUPL-1.2 */
#include "fact.h"

#include <stdlib.h>
#include <string.h>

/* Bytes of a chunk of text: facts are small, and a bulletin of forty indicators should not take
 * more than a few pages. Later chunks grow to CHUNK_BYTES_MAX. */
#define CHUNK_BYTES_MIN ((size_t)4 * 1024)
#define CHUNK_BYTES_MAX ((size_t)1024 * 1024)
/* Facts of the first allocation; doubled when full. */
#define FACTS_FIRST 32u

/* Text never moves, so spans stay valid while the list grows. */
struct toc_fact_chunk {
    struct toc_fact_chunk *next;
    size_t used;
    size_t size;
    uint8_t bytes[];
};

void toc_facts_init(struct toc_facts *facts)
{
    memset(facts, 0, sizeof *facts);
}

void toc_facts_clear(struct toc_facts *facts)
{
    struct toc_fact_chunk *chunk = facts->chunks;
    while (chunk != NULL) {
        struct toc_fact_chunk *next = chunk->next;
        free(chunk);
        chunk = next;
    }
    free(facts->at);
    toc_facts_init(facts);
}

/* Makes sure that the newest chunk holds `len` bytes more. */
static struct toc_err reserve_text(struct toc_facts *facts, size_t len)
{
    struct toc_fact_chunk *chunk = facts->chunks;
    if (chunk != NULL && chunk->size - chunk->used >= len) {
        return toc_ok();
    }
    if (len > TOC_FACTS_TEXT_BYTES_MAX - facts->text_bytes) {
        return toc_fail(TOC_LIMIT, "the facts of one bulletin hold too much text");
    }
    size_t size = chunk == NULL ? CHUNK_BYTES_MIN : 2 * chunk->size;
    size = size > CHUNK_BYTES_MAX ? CHUNK_BYTES_MAX : size;
    size = size < len ? len : size;
    struct toc_fact_chunk *fresh = malloc(sizeof *fresh + size);
    if (fresh == NULL) {
        return toc_fail(TOC_FULL, "no memory for facts");
    }
    fresh->next = chunk;
    fresh->used = 0;
    fresh->size = size;
    facts->chunks = fresh;
    return toc_ok();
}

static struct toc_err reserve_fact(struct toc_facts *facts)
{
    if (facts->count < facts->room) {
        return toc_ok();
    }
    if (facts->count >= TOC_FACTS_MAX) {
        return toc_fail(TOC_LIMIT, "more facts than one bulletin may hold");
    }
    uint32_t room = facts->room == 0 ? FACTS_FIRST : 2 * facts->room;
    room = room > TOC_FACTS_MAX ? TOC_FACTS_MAX : room;
    struct toc_fact *at = realloc(facts->at, room * sizeof *at);
    if (at == NULL) {
        return toc_fail(TOC_FULL, "no memory for facts");
    }
    facts->at = at;
    facts->room = room;
    return toc_ok();
}

/* Copies into the chunk that reserve_text prepared. */
static struct toc_span keep(struct toc_facts *facts, struct toc_span bytes)
{
    struct toc_fact_chunk *chunk = facts->chunks;
    uint8_t *at = chunk->bytes + chunk->used;
    if (bytes.len > 0) {
        memcpy(at, bytes.at, bytes.len);
    }
    chunk->used += bytes.len;
    facts->text_bytes += bytes.len;
    return toc_span(at, bytes.len);
}

struct toc_span toc_facts_cut(struct toc_span text, size_t max)
{
    if (text.len > max) {
        text.len = max;
        while (text.len > 0 && (text.at[text.len] & 0xc0) == 0x80) {
            text.len--;
        }
    }
    return text;
}

struct toc_err toc_facts_add(struct toc_facts *facts, const struct toc_fact *fact)
{
    struct toc_fact copy = *fact;
    copy.value = toc_facts_cut(fact->value, TOC_CANONICAL_BYTES_MAX);
    copy.written = toc_facts_cut(fact->written, TOC_VALUE_WRITTEN_BYTES_MAX);
    copy.kind_name = toc_facts_cut(fact->kind_name, TOC_FACT_NOTE_BYTES_MAX);
    copy.place = toc_facts_cut(fact->place, TOC_FACT_NOTE_BYTES_MAX);
    copy.note = toc_facts_cut(fact->note, TOC_FACT_NOTE_BYTES_MAX);
    bool same = toc_span_equal(copy.written, copy.value);
    if (copy.value.len == 0) {
        return toc_ok();
    }
    size_t len = copy.value.len + (same ? 0 : copy.written.len) + copy.kind_name.len +
                 copy.place.len + copy.note.len;
    TOC_TRY(reserve_fact(facts));
    TOC_TRY(reserve_text(facts, len));
    copy.value = keep(facts, copy.value);
    copy.written = same ? copy.value : keep(facts, copy.written);
    copy.kind_name = keep(facts, copy.kind_name);
    copy.place = keep(facts, copy.place);
    copy.note = keep(facts, copy.note);
    facts->at[facts->count++] = copy;
    return toc_ok();
}

struct toc_err toc_facts_warn(struct toc_facts *facts, enum toc_fact_warning warning,
                              const struct toc_fact *where, struct toc_span about)
{
    TOC_ASSERT((unsigned)warning < TOC_WARNING_COUNT);
    if (++facts->counts.warnings[warning] > TOC_WARNINGS_KEPT_MAX) {
        return toc_ok();
    }
    struct toc_fact fact = {.kind = TOC_VALUE_WARNING,
                            .confidence = TOC_CONFIDENCE_NONE,
                            .value = toc_span_str(toc_warning_name(warning)),
                            .written = toc_facts_cut(about, TOC_FACT_NOTE_BYTES_MAX)};
    if (where != NULL) {
        fact.document = where->document;
        fact.line = where->line;
        fact.place = where->place;
    }
    return toc_facts_add(facts, &fact);
}

static bool is_hash(enum toc_value_kind kind)
{
    return kind >= TOC_VALUE_MD5 && kind <= TOC_VALUE_TLSH;
}

/* The warning for a value that toc_value_make has refused. */
static enum toc_fact_warning warning_of(struct toc_err err, enum toc_value_kind kind)
{
    if (err.code == TOC_LIMIT) {
        return TOC_WARNING_VALUE_LONG;
    }
    return is_hash(kind) ? TOC_WARNING_HASH_LENGTH : TOC_WARNING_VALUE_INVALID;
}

struct toc_err toc_facts_add_made(struct toc_facts *facts, const struct toc_fact *base,
                                  const struct toc_value *value, struct toc_span written)
{
    struct toc_fact fact = *base;
    if (value->kind != TOC_VALUE_OTHER && !value->other_kind) {
        fact.kind_name.len = 0;
    }
    fact.kind = value->kind;
    fact.value = toc_span(value->bytes, value->len);
    fact.written = written;
    fact.port = value->port != 0 ? value->port : base->port;
    fact.flags |= value->wildcard ? TOC_FACT_WILDCARD : 0;
    fact.flags |= value->defanged ? TOC_FACT_DEFANGED : 0;
    fact.flags |= value->other_kind ? TOC_FACT_RETYPED : 0;
    return toc_facts_add(facts, &fact);
}

struct toc_err toc_facts_add_value(struct toc_facts *facts, const struct toc_fact *base,
                                   enum toc_value_kind kind, struct toc_span text)
{
    struct toc_value value;
    struct toc_err err = toc_value_make(&value, kind, text);
    if (toc_failed(err)) {
        TOC_TRY(toc_facts_warn(facts, warning_of(err, kind), base, text));
        if (toc_value_class(kind) > TOC_VALUE_CLASS_INDICATOR ||
            toc_failed(toc_value_make(&value, TOC_VALUE_OTHER, text))) {
            return toc_ok();
        }
    } else if (value.other_kind) {
        bool hash = is_hash(kind) && is_hash(value.kind);
        enum toc_fact_warning warning = hash ? TOC_WARNING_HASH_LENGTH : TOC_WARNING_VALUE_KIND;
        TOC_TRY(toc_facts_warn(facts, warning, base, text));
    }
    return toc_facts_add_made(facts, base, &value, text);
}

void toc_facts_mark_tlp(struct toc_facts *facts, enum toc_marked tlp)
{
    facts->tlp = tlp > facts->tlp ? tlp : facts->tlp;
}

void toc_facts_mark_pap(struct toc_facts *facts, enum toc_marked pap)
{
    facts->pap = pap > facts->pap ? pap : facts->pap;
}

struct toc_facts_mark toc_facts_mark(const struct toc_facts *facts)
{
    return (struct toc_facts_mark){
        .count = facts->count, .counts = facts->counts, .tlp = facts->tlp, .pap = facts->pap};
}

void toc_facts_release(struct toc_facts *facts, const struct toc_facts_mark *mark)
{
    TOC_ASSERT(mark->count <= facts->count);
    facts->count = mark->count;
    facts->counts = mark->counts;
    facts->tlp = mark->tlp;
    facts->pap = mark->pap;
}

uint64_t toc_facts_warnings(const struct toc_facts *facts)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < TOC_WARNING_COUNT; i++) {
        sum += facts->counts.warnings[i];
    }
    return sum;
}
