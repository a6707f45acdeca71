/* SPDX-License-Identifier: EUPL-1.2 */
/* An index in a folder of its own, and bulletins written in one line: for the tests of this room.
 */
#ifndef TOC_TEST_INDEX_WORLD_H
#define TOC_TEST_INDEX_WORLD_H

#include "check.h"
#include "folder.h"
#include "index.h"

#include <stdarg.h>

static const struct toc_db_options world_options = {.map_bytes = (uint64_t)1 << 30};

struct world {
    struct folder folder;
    struct toc_db *db;
    struct toc_index *index;
};

static inline void world_open(struct world *world)
{
    assert_ok(toc_db_open(&world->db, folder_path(&world->folder, "store"), &world_options));
    assert_ok(toc_index_open(&world->index, world->db));
}

static inline void world_close(struct world *world)
{
    toc_index_close(world->index);
    toc_db_close(world->db);
}

static inline int world_make(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    if (world == NULL) {
        return 1;
    }
    folder_make(&world->folder);
    world_open(world);
    *state = world;
    return 0;
}

static inline int world_unmake(void **state)
{
    struct world *world = *state;
    world_close(world);
    folder_remove(&world->folder);
    free(world);
    return 0;
}

/* Everything of one bulletin. The id is `mark` followed by zeros, so is the author's. */
struct sample {
    struct toc_bulletin bulletin;
    struct toc_facts facts;
    struct toc_index_entry entry;
    struct toc_relation relations[4];
    struct toc_span values[8];
};

static inline void sample_id(uint8_t id[static TOC_ID_BYTES], uint64_t mark)
{
    memset(id, 0, TOC_ID_BYTES);
    toc_put_be64(id, mark);
}

/* Facts: "kind:value" with blanks between; "~" before the kind marks it as found in text. */
static inline void sample_facts(struct sample *sample, const char *text)
{
    while (*text != '\0') {
        size_t len = strcspn(text, " ");
        size_t colon = strcspn(text, ":");
        struct toc_fact base = {.confidence = TOC_CONFIDENCE_NONE};
        size_t begin = 0;
        if (text[0] == '~') {
            base.flags = TOC_FACT_IN_TEXT;
            begin = 1;
        }
        enum toc_value_kind kind = toc_value_kind_find(toc_span(text + begin, colon - begin));
        assert_ok(toc_facts_add_value(&sample->facts, &base, kind,
                                      toc_span(text + colon + 1, len - colon - 1)));
        text += len + strspn(text + len, " ");
    }
}

static inline void sample_init(struct sample *sample, uint64_t mark, uint64_t author,
                               enum toc_tlp tlp, const char *facts)
{
    memset(sample, 0, sizeof *sample);
    toc_facts_init(&sample->facts);
    sample_facts(sample, facts);
    sample->bulletin = (struct toc_bulletin){.title = toc_span_str("A title"),
                                             .kind = TOC_BULLETIN_INDICATORS,
                                             .severity = TOC_SEVERITY_LOW,
                                             .tlp = tlp,
                                             .published = {1700000000000u + mark}};
    sample_id(sample->bulletin.author, author);
    sample->bulletin.relations = sample->relations;
    sample->entry = (struct toc_index_entry){
        .bulletin = &sample->bulletin,
        .facts = &sample->facts,
        .place = {.seq = mark, .received = {1700000100000u + mark}, .tlp = tlp}};
    sample_id(sample->entry.id, mark);
    sample_id(sample->entry.place.log, 7000 + author);
    sample_id(sample->entry.place.group, 9000);
}

static inline void sample_clear(struct sample *sample)
{
    toc_facts_clear(&sample->facts);
}

/* Adds a relation; `value` NULL: of the whole bulletin. */
static inline void sample_relate(struct sample *sample, enum toc_relation_kind kind,
                                 uint64_t target, const char *value)
{
    size_t i = sample->bulletin.relation_count++;
    struct toc_relation *relation = &sample->relations[i];
    *relation = (struct toc_relation){.kind = kind};
    sample_id(relation->target, target);
    if (value != NULL) {
        sample->values[i] = toc_span_str(value);
        relation->values = &sample->values[i];
        relation->value_count = 1;
    }
}

/* Indexes one bulletin in a transaction of its own. */
static inline void world_apply(struct world *world, const struct sample *sample)
{
    struct toc_db_txn *txn;
    assert_ok(toc_db_begin(world->db, &txn));
    assert_ok(toc_index_apply(world->index, txn, &sample->entry, 1));
    assert_ok(toc_db_commit(txn));
}

/* The same for a bulletin in one line. */
static inline void world_add(struct world *world, uint64_t mark, uint64_t author, enum toc_tlp tlp,
                             const char *facts)
{
    struct sample sample;
    sample_init(&sample, mark, author, tlp, facts);
    world_apply(world, &sample);
    sample_clear(&sample);
}

/* One bulletin ahead of the disk, with the cursor of its log. */
static inline struct toc_err world_apply_ahead(struct world *world, const struct sample *sample)
{
    struct toc_index_reached reached = {.seq = sample->entry.place.seq};
    memcpy(reached.log, sample->entry.place.log, TOC_ID_BYTES);
    return toc_index_apply_ahead(world->index, &sample->entry, 1, &reached);
}

static inline void world_add_ahead(struct world *world, uint64_t mark, uint64_t author,
                                   enum toc_tlp tlp, const char *facts)
{
    struct sample sample;
    sample_init(&sample, mark, author, tlp, facts);
    assert_ok(world_apply_ahead(world, &sample));
    sample_clear(&sample);
}

static inline struct toc_err world_meta(struct world *world, uint64_t mark,
                                        struct toc_index_meta *meta)
{
    struct toc_index_read *read;
    uint8_t id[TOC_ID_BYTES];
    uint32_t number;
    size_t count;
    sample_id(id, mark);
    assert_ok(toc_index_read_begin(world->index, &read));
    struct toc_err err = toc_index_find(read, id, 8 * TOC_ID_BYTES, &number, 1, &count);
    if (!toc_failed(err)) {
        err = count == 0 ? toc_fail(TOC_ABSENT, NULL) : toc_index_meta(read, number, meta);
    }
    toc_index_read_end(read);
    return err;
}

struct found {
    const struct toc_index_read *read;
    char text[2048];
};

__attribute__((format(printf, 2, 3))) static inline void found_add(struct found *found,
                                                                   const char *format, ...)
{
    size_t used = strlen(found->text);
    va_list list;
    va_start(list, format);
    (void)vsnprintf(found->text + used, sizeof found->text - used, format, list);
    va_end(list);
}

/* The mark of a bulletin, by its number. */
static inline uint64_t found_mark(const struct toc_index_read *read, uint32_t number)
{
    struct toc_index_meta meta;
    assert_ok(toc_index_meta(read, number, &meta));
    return toc_be64(meta.id);
}

/* "mark" and a sign: = same, ^ above, v below; h for a host, x for withdrawn. */
static inline bool found_hit(void *arg, const struct toc_index_hit *hit)
{
    struct found *found = arg;
    char value[TOC_VALUE_TEXT_BYTES_MAX];
    static const char signs[] = {'=', '^', 'v'};
    (void)toc_value_text(hit->kind, hit->value, value, sizeof value);
    found_add(found, "%s%llu%c%s%s%s", found->text[0] == '\0' ? "" : " ",
              (unsigned long long)found_mark(found->read, hit->number), signs[hit->relation],
              hit->relation == TOC_INDEX_SAME ? "" : value,
              (hit->flags & TOC_INDEX_HOST) != 0 ? "h" : "", hit->withdrawn ? "x" : "");
    return true;
}

/* What a lookup finds, as text. */
static inline void world_assert_lookup(struct world *world, const char *text, unsigned wants,
                                       const char *wanted)
{
    struct toc_index_read *read;
    struct toc_value value;
    struct found found = {.text = ""};
    assert_ok(toc_value_guess(&value, toc_span_str(text)));
    assert_ok(toc_index_read_begin(world->index, &read));
    found.read = read;
    assert_ok(toc_index_lookup(read, value.kind, toc_span(value.bytes, value.len), wants, found_hit,
                               &found));
    toc_index_read_end(read);
    assert_string_equal(found.text, wanted);
}

static inline bool world_author(void *arg, struct toc_span handle, uint8_t org[static TOC_ID_BYTES])
{
    (void)arg;
    sample_id(org, handle.len > 3 ? (uint64_t)(handle.at[3] - '0') : 0);
    return handle.len == 4 && memcmp(handle.at, "org", 3) == 0;
}

/* The marks of the bulletins that a query finds, in their order, as text. */
static inline void world_query_text(struct world *world, const char *text, bool withdrawn,
                                    enum toc_index_order order, struct found *found)
{
    struct toc_index_read *read;
    struct toc_query query;
    struct toc_query_fault fault;
    uint32_t numbers[64];
    size_t count;
    bool more;
    const struct toc_index_ask ask = {
        .order = order, .withdrawn = withdrawn, .max = 64, .author = world_author};
    found->text[0] = '\0';
    assert_ok(
        toc_query_parse(&query, toc_span_str(text), (struct toc_utc){1700000200000u}, &fault));
    assert_ok(toc_index_read_begin(world->index, &read));
    assert_ok(toc_index_query(read, &query, &ask, numbers, &count, &more));
    assert_false(more);
    for (size_t i = 0; i < count; i++) {
        found_add(found, "%s%llu", i == 0 ? "" : " ",
                  (unsigned long long)found_mark(read, numbers[i]));
    }
    toc_index_read_end(read);
}

static inline void world_assert_query(struct world *world, const char *text, const char *wanted)
{
    struct found found;
    world_query_text(world, text, false, TOC_INDEX_BY_PUBLISHED, &found);
    if (strcmp(found.text, wanted) != 0) {
        print_error("query: %s\n", text);
    }
    assert_string_equal(found.text, wanted);
}

#endif
