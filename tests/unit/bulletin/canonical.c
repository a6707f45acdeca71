/* SPDX-License-Identifier: EUPL-1.2 */
/* Encoding and decoding of what is sound: nothing is lost, and one bulletin has one encoding. */
#include "check.h"
#include "sample_bulletin.h"

static uint8_t memory[1 << 20];
static uint8_t again[1 << 20];
static uint8_t heap[1 << 20];
static struct sample_lists lists;

static const struct toc_room room = {memory, sizeof memory};
static const struct toc_room room_again = {again, sizeof again};

static void assert_names(struct toc_names got, struct toc_names wanted)
{
    assert_int_equal(got.count, wanted.count);
    for (size_t i = 0; i < got.count; i++) {
        assert_span(got.items[i], wanted.items[i]);
    }
}

static void assert_scalars(const struct toc_bulletin *got, const struct toc_bulletin *wanted)
{
    assert_memory_equal(got->federation, wanted->federation, sizeof got->federation);
    assert_memory_equal(got->author, wanted->author, sizeof got->author);
    assert_memory_equal(got->nonce, wanted->nonce, sizeof got->nonce);
    assert_span(got->title, wanted->title);
    assert_span(got->summary, wanted->summary);
    assert_span(got->language, wanted->language);
    assert_span(got->reference, wanted->reference);
    assert_int_equal(got->kind, wanted->kind);
    assert_int_equal(got->severity, wanted->severity);
    assert_int_equal(got->tlp, wanted->tlp);
    assert_int_equal(got->pap, wanted->pap);
    assert_int_equal(got->reliability, wanted->reliability);
    assert_int_equal(got->credibility, wanted->credibility);
    assert_int_equal(got->exercise, wanted->exercise);
    assert_int_equal(got->published.ms, wanted->published.ms);
    assert_int_equal(got->valid_until_ms, wanted->valid_until_ms);
    assert_int_equal(got->ack_within_ms, wanted->ack_within_ms);
}

static void assert_facts(const struct toc_bulletin *got, const struct toc_bulletin *wanted)
{
    assert_int_equal(got->origin_count, wanted->origin_count);
    for (size_t i = 0; i < got->origin_count; i++) {
        assert_span(got->origins[i].country, wanted->origins[i].country);
        assert_span(got->origins[i].claimed_by, wanted->origins[i].claimed_by);
    }
    assert_int_equal(got->cve_count, wanted->cve_count);
    for (size_t i = 0; i < got->cve_count; i++) {
        assert_span(got->cves[i].id, wanted->cves[i].id);
        assert_int_equal(got->cves[i].score_tenths, wanted->cves[i].score_tenths);
        assert_int_equal(got->cves[i].exploited, wanted->cves[i].exploited);
    }
    assert_int_equal(got->indicator_count, wanted->indicator_count);
    for (size_t i = 0; i < got->indicator_count; i++) {
        const struct toc_indicator *a = &got->indicators[i];
        const struct toc_indicator *b = &wanted->indicators[i];
        assert_span(a->kind, b->kind);
        assert_span(a->value, b->value);
        assert_span(a->role, b->role);
        assert_span(a->comment, b->comment);
        assert_int_equal(a->first_seen_ms, b->first_seen_ms);
        assert_int_equal(a->last_seen_ms, b->last_seen_ms);
        assert_int_equal(a->valid_until_ms, b->valid_until_ms);
        assert_int_equal(a->confidence, b->confidence);
    }
}

static void assert_parts(const struct toc_bulletin *got, const struct toc_bulletin *wanted)
{
    assert_int_equal(got->document_count, wanted->document_count);
    for (size_t i = 0; i < got->document_count; i++) {
        assert_span(got->documents[i].media_type, wanted->documents[i].media_type);
        assert_span(got->documents[i].name, wanted->documents[i].name);
        assert_span(got->documents[i].bytes, wanted->documents[i].bytes);
    }
    assert_int_equal(got->relation_count, wanted->relation_count);
    for (size_t i = 0; i < got->relation_count; i++) {
        const struct toc_relation *a = &got->relations[i];
        const struct toc_relation *b = &wanted->relations[i];
        assert_int_equal(a->kind, b->kind);
        assert_memory_equal(a->target, b->target, TOC_ID_BYTES);
        assert_span(a->status, b->status);
        assert_names((struct toc_names){a->values, a->value_count},
                     (struct toc_names){b->values, b->value_count});
    }
}

static void assert_bulletin(const struct toc_bulletin *got, const struct toc_bulletin *wanted)
{
    assert_scalars(got, wanted);
    assert_names(got->actors, wanted->actors);
    assert_names(got->malware, wanted->malware);
    assert_names(got->target_countries, wanted->target_countries);
    assert_names(got->target_sectors, wanted->target_sectors);
    assert_names(got->motives, wanted->motives);
    assert_names(got->techniques, wanted->techniques);
    assert_names(got->ai_misuse, wanted->ai_misuse);
    assert_names(got->tags, wanted->tags);
    assert_facts(got, wanted);
    assert_parts(got, wanted);
}

/* Encodes, decodes, compares field by field, encodes again: the same bytes. */
static struct toc_span round_trip(const struct toc_bulletin *bulletin)
{
    struct toc_span bytes;
    struct toc_span second;
    struct toc_bulletin back;
    struct toc_arena arena;
    toc_arena_init(&arena, heap, sizeof heap);
    assert_ok(toc_bulletin_encode(bulletin, room, &bytes));
    assert_true(bytes.len <= toc_bulletin_encode_bytes_max(bulletin));
    assert_ok(toc_codec_check(bytes));
    assert_ok(toc_bulletin_decode(&back, bytes, &arena));
    assert_bulletin(&back, bulletin);
    assert_ok(toc_bulletin_encode(&back, room_again, &second));
    assert_span(second, bytes);
    return bytes;
}

static void the_least_bulletin_has_these_bytes(void **state)
{
    (void)state;
    const struct toc_bulletin bulletin = sample_least();
    uint8_t wanted[256];
    size_t len =
        check_unhex("86"
                    "f8c420f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0"
                    "f9c420a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0"
                    "fac41010101010101010101010101010101010"
                    "fb07 fc01"
                    "01bb5068697368696e6720616761696e7374206d696e69737472696573",
                    wanted, sizeof wanted);
    assert_span(round_trip(&bulletin), toc_span(wanted, len));
}

static void every_field_survives(void **state)
{
    (void)state;
    const struct toc_bulletin bulletin = sample_full(&lists);
    round_trip(&bulletin);
}

static void the_first_and_last_of_each_enumeration_survive(void **state)
{
    (void)state;
    struct toc_bulletin bulletin = sample_least();
    for (unsigned kind = 1; kind < 256; kind++) {
        bulletin.kind = (enum toc_bulletin_kind)kind;
        round_trip(&bulletin);
    }
    for (unsigned tlp = TOC_TLP_CLEAR; tlp <= TOC_TLP_RED; tlp++) {
        bulletin.tlp = (enum toc_tlp)tlp;
        round_trip(&bulletin);
    }
    for (unsigned pap = TOC_PAP_NONE; pap <= TOC_PAP_RED; pap++) {
        bulletin.pap = (enum toc_pap)pap;
        round_trip(&bulletin);
    }
    for (unsigned severity = TOC_SEVERITY_NONE; severity <= TOC_SEVERITY_CRITICAL; severity++) {
        bulletin.severity = (enum toc_severity)severity;
        round_trip(&bulletin);
    }
    for (int i = 0; i < 6; i++) {
        bulletin.reliability = (char)('A' + i);
        bulletin.credibility = (char)('1' + i);
        round_trip(&bulletin);
    }
}

static struct toc_span random_text(uint64_t *seed, bool may_be_empty)
{
    static const char text[] = "abcdefghijklmnopqrstuvwxyz 0123456789";
    uint64_t len = check_random(seed) % (sizeof text - 1);
    return toc_span(text, may_be_empty && len < 12 ? 0 : (size_t)len + 1);
}

static uint64_t random_time(uint64_t *seed)
{
    return check_random(seed) % 2 == 0 ? 0 : 1 + check_random(seed) % TOC_UTC_MS_MAX;
}

static struct toc_names random_names(uint64_t *seed, struct toc_span *items)
{
    size_t count = check_random(seed) % (SAMPLE_ITEMS_MAX + 1);
    for (size_t i = 0; i < count; i++) {
        items[i] = random_text(seed, false);
    }
    return (struct toc_names){items, count};
}

static void random_items(uint64_t *seed)
{
    for (size_t i = 0; i < SAMPLE_ITEMS_MAX; i++) {
        uint64_t noise = check_random(seed);
        lists.origins[i] = (struct toc_origin){random_text(seed, false), random_text(seed, true)};
        lists.cves[i] = (struct toc_cve){random_text(seed, false),
                                         noise % 3 == 0 ? TOC_NOT_GIVEN : (uint8_t)(noise % 101),
                                         noise % 5 == 0};
        lists.indicators[i] = (struct toc_indicator){
            random_text(seed, false), random_text(seed, false),
            random_text(seed, true),  random_text(seed, true),
            random_time(seed),        random_time(seed),
            random_time(seed),        noise % 7 == 0 ? TOC_NOT_GIVEN : (uint8_t)(noise % 101)};
        lists.documents[i] = (struct toc_document){
            random_text(seed, false), random_text(seed, true), random_text(seed, true)};
        struct toc_names values = random_names(seed, lists.values[i]);
        lists.relations[i] = (struct toc_relation){
            .kind = (enum toc_relation_kind)(1 + noise % 255),
            .values = values.items,
            .value_count = values.count,
            .status = random_text(seed, true),
        };
        check_random_fill(seed, lists.relations[i].target, TOC_ID_BYTES);
    }
}

static void random_bulletins_round_trip(void **state)
{
    (void)state;
    uint64_t seed = 4;
    for (int i = 0; i < 3000; i++) {
        struct toc_bulletin bulletin = sample_least();
        struct toc_names *const names[] = {
            &bulletin.actors,  &bulletin.malware,    &bulletin.target_countries,
            &bulletin.motives, &bulletin.techniques, &bulletin.target_sectors,
            &bulletin.tags,    &bulletin.ai_misuse};
        uint64_t noise = check_random(&seed);
        random_items(&seed);
        for (size_t k = 0; k < 8; k++) {
            *names[k] = random_names(&seed, lists.names[k]);
        }
        check_random_fill(&seed, bulletin.nonce, sizeof bulletin.nonce);
        bulletin.title = random_text(&seed, false);
        bulletin.summary = random_text(&seed, true);
        bulletin.reference = random_text(&seed, true);
        bulletin.kind = (enum toc_bulletin_kind)(1 + noise % 10);
        bulletin.tlp = (enum toc_tlp)(noise >> 8) % 5;
        bulletin.exercise = noise >> 16 & 1;
        bulletin.published.ms = random_time(&seed);
        bulletin.valid_until_ms = random_time(&seed);
        bulletin.origins = lists.origins;
        bulletin.origin_count = noise >> 20 & 7;
        bulletin.cves = lists.cves;
        bulletin.cve_count = noise >> 24 & 7;
        bulletin.indicators = lists.indicators;
        bulletin.indicator_count = noise >> 28 & 7;
        bulletin.documents = lists.documents;
        bulletin.document_count = noise >> 32 & 7;
        bulletin.relations = lists.relations;
        bulletin.relation_count = noise >> 36 & 7;
        round_trip(&bulletin);
    }
}

/* The room to encode into may lack a byte at any place; so may the arena to decode into. */
static void too_little_memory_is_refused_whole(void **state)
{
    (void)state;
    const struct toc_bulletin bulletin = sample_full(&lists);
    struct toc_span bytes = round_trip(&bulletin);
    struct toc_span kept = {NULL, 7};
    for (size_t len = 0; len < bytes.len; len++) {
        assert_code(toc_bulletin_encode(&bulletin, (struct toc_room){again, len}, &kept), TOC_FULL);
        assert_int_equal(kept.len, 7);
    }
    struct toc_bulletin out = sample_least();
    struct toc_arena arena;
    size_t need = 0;
    for (;; need += 16) {
        toc_arena_init(&arena, heap, need);
        void *before = toc_arena_alloc(&arena, 0, 1);
        size_t mark = toc_arena_mark(&arena);
        if (toc_bulletin_decode(&out, bytes, &arena).code == TOC_OK) {
            break;
        }
        assert_non_null(before);
        assert_code(toc_bulletin_decode(&out, bytes, &arena), TOC_FULL);
        assert_int_equal(toc_arena_mark(&arena), mark);
        assert_int_equal(out.tlp, TOC_TLP_GREEN);
    }
    assert_true(need > 500);
    assert_int_equal(out.tlp, bulletin.tlp);
}

/* The promise of the bound: whatever fits it encodes. */
static void the_bound_is_enough(void **state)
{
    (void)state;
    static struct toc_indicator many[1000];
    struct toc_bulletin bulletin = sample_full(&lists);
    struct toc_span bytes;
    for (size_t i = 0; i < 1000; i++) {
        many[i] = lists.indicators[0];
    }
    bulletin.indicators = many;
    bulletin.indicator_count = 1000;
    size_t bound = toc_bulletin_encode_bytes_max(&bulletin);
    assert_true(bound <= sizeof memory);
    assert_ok(toc_bulletin_encode(&bulletin, (struct toc_room){memory, bound}, &bytes));
    assert_true(bytes.len <= bound && bytes.len * 2 > bound);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_least_bulletin_has_these_bytes),
        cmocka_unit_test(every_field_survives),
        cmocka_unit_test(the_first_and_last_of_each_enumeration_survive),
        cmocka_unit_test(random_bulletins_round_trip),
        cmocka_unit_test(too_little_memory_is_refused_whole),
        cmocka_unit_test(the_bound_is_enough),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
