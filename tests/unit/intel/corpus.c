/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Every STIX document, list and table of the shared corpus through the real readers, and every
 * reading through the messages of tocsin-index. Prints a table; the totals are those of the corpus'
 * own manifest.
 */
#include "check.h"
#include "index_wire.h"

#include <ftw.h>

/* Groups: folders of the second level. */
#define GROUPS_MAX 64u

struct group {
    char name[64];
    unsigned files;
    unsigned refused;
    unsigned stix;
    unsigned objects;
    unsigned indicators; /* as the readers count: objects of STIX, facts elsewhere */
    unsigned facts;
    unsigned warnings;
};

static struct group groups[GROUPS_MAX];
static unsigned group_count;
static struct toc_fact_counts stix_counts;
static unsigned stix_objects;
static unsigned stix_indicators;
static unsigned stix_files;
static unsigned refused_places; /* refusals whose line and column are as wanted */
static size_t root_len;
static struct toc_index_buffer buffer;
static struct toc_intel_reading reading;
static struct toc_intel_reading back;

static struct group *group_of(const char *path)
{
    const char *start = path + root_len;
    const char *end = strchr(start, '/');
    end = end == NULL ? NULL : strchr(end + 1, '/');
    size_t len = end == NULL ? strlen(start) : (size_t)(end - start);
    for (unsigned i = 0; i < group_count; i++) {
        if (strlen(groups[i].name) == len && memcmp(groups[i].name, start, len) == 0) {
            return &groups[i];
        }
    }
    assert_true(group_count < GROUPS_MAX && len < sizeof groups[0].name);
    memcpy(groups[group_count].name, start, len);
    return &groups[group_count++];
}

/* What tocsind gets is what the process has read. */
static void round_trip(const char *path)
{
    toc_intel_reading_init(&back);
    assert_ok(toc_index_encode_reply(&buffer, toc_ok(), &reading));
    struct toc_err err = toc_index_decode_reply(
        &back, toc_span(buffer.at + TOC_INDEX_LENGTH_BYTES, buffer.len - TOC_INDEX_LENGTH_BYTES));
    if (toc_failed(err)) {
        fail_msg("%s: %s", path, err.why);
    }
    assert_int_equal(back.facts.count, reading.facts.count);
    assert_memory_equal(&back.facts.counts, &reading.facts.counts, sizeof back.facts.counts);
    for (uint32_t i = 0; i < back.facts.count; i++) {
        const struct toc_fact *a = &back.facts.at[i];
        const struct toc_fact *b = &reading.facts.at[i];
        assert_true(a->kind == b->kind && a->flags == b->flags && a->line == b->line &&
                    a->group == b->group && a->port == b->port && a->from.ms == b->from.ms);
        assert_span(a->value, b->value);
        assert_span(a->written, b->written);
        assert_span(a->note, b->note);
    }
    toc_intel_reading_clear(&back);
}

static void count_stix(const char *path, enum toc_intel_format format)
{
    if (format != TOC_FORMAT_STIX20 && format != TOC_FORMAT_STIX21) {
        return;
    }
    stix_files++;
    group_of(path)->stix++;
    stix_objects += reading.facts.counts.objects;
    stix_indicators += reading.facts.counts.indicators;
    for (size_t i = 0; i < TOC_WARNING_COUNT; i++) {
        stix_counts.warnings[i] += reading.facts.counts.warnings[i];
    }
}

static int read_file(const char *path, const struct stat *stat, int type, struct FTW *ftw)
{
    struct toc_intel_fault fault;
    enum toc_intel_format format = TOC_FORMAT_UNKNOWN;
    size_t len = 0;
    (void)stat;
    if (type != FTW_F) {
        return 0;
    }
    char *text = check_read(path, &len);
    assert_non_null(text);
    struct group *group = group_of(path);
    const char *name = path + ftw->base;
    struct toc_intel_document document = {toc_span(name, strlen(name)), toc_span("", 0),
                                          toc_span(text, len)};
    toc_intel_reading_init(&reading);
    reading.document_count = 1;
    struct toc_err err = toc_intel_read_document(&reading.facts, &document, 1, &format, &fault);
    reading.formats[0] = (uint8_t)format;
    group->files++;
    if (toc_failed(err)) {
        printf("  %s:%u:%u: %s\n", path + root_len, fault.line, fault.column, fault.detail);
        group->refused++;
        assert_code(err, TOC_SYNTAX);
        assert_int_equal(reading.facts.count, 0);
        refused_places +=
            strcmp(name, "invalid_comma.json") == 0 && fault.line == 9 && fault.column == 1;
        refused_places +=
            strcmp(name, "invalid_braces.json") == 0 && fault.line == 1 && fault.column == 1;
    } else {
        round_trip(path);
        count_stix(path, format);
    }
    group->objects += reading.facts.counts.objects;
    group->indicators += reading.facts.counts.indicators;
    group->facts += reading.facts.count;
    group->warnings += (unsigned)toc_facts_warnings(&reading.facts);
    toc_intel_reading_clear(&reading);
    free(text);
    return 0;
}

static void walk(const char *relative)
{
    char path[4096];
    (void)snprintf(path, sizeof path, "%s", check_shared("data"));
    root_len = strlen(path) + 1;
    (void)snprintf(path + root_len - 1, sizeof path - root_len, "/%s", relative);
    assert_int_equal(nftw(path, read_file, 16, FTW_PHYS), 0);
}

static void print_table(void)
{
    printf("  %-24s %6s %8s %8s %11s %8s %9s\n", "group", "files", "refused", "objects",
           "indicators", "facts", "warnings");
    for (unsigned i = 0; i < group_count; i++) {
        const struct group *group = &groups[i];
        printf("  %-24s %6u %8u %8u %11u %8u %9u\n", group->name, group->files, group->refused,
               group->objects, group->indicators, group->facts, group->warnings);
    }
}

/* MANIFEST.md, "STIX" and "Indicators". */
static void stix_totals_are_those_of_the_manifest(void **state)
{
    (void)state;
    walk("stix");
    assert_int_equal(stix_files, 206);
    assert_int_equal(stix_objects, 27315);
    assert_int_equal(stix_indicators, 12790);
    assert_int_equal(stix_counts.warnings[TOC_WARNING_PATTERN_SYNTAX], 6);
    assert_int_equal(stix_counts.warnings[TOC_WARNING_PATTERN_LANGUAGE], 2);
    assert_true(stix_counts.warnings[TOC_WARNING_REFERENCE_DANGLING] >= 650);
    assert_int_equal(stix_counts.warnings[TOC_WARNING_OBJECT_TYPE], 0);
    assert_int_equal(refused_places, 2);
}

/* Groups of lists and tables: the least number of indicators that must be found. MANIFEST.md counts
 * lines, of which some hold headings, words or rules. */
static const struct {
    const char *name;
    unsigned indicators;
} floors[] = {
    {"ioc/amnesty", 880},      {"ioc/avast", 3000},        {"ioc/blackberry", 1800},
    {"ioc/citizenlab", 250},   {"ioc/curated-intel", 145}, {"ioc/eset", 7100},
    {"ioc/harfanglab", 2900},  {"ioc/maltrail", 131000},   {"ioc/microsoft", 250},
    {"ioc/misp-csv", 400},     {"ioc/sekoia", 5600},       {"ioc/sophos", 2700},
    {"ioc/stalkerware", 3780}, {"ioc/threatlabz", 1650},   {"ioc/unit42", 10400},
    {"ioc/volexity", 500},     {"ioc/withsecure", 530},    {"ioc/zeek-intel", 6250},
};

static void lists_and_tables_give_their_values(void **state)
{
    (void)state;
    walk("ioc");
    walk("bulletins");
    print_table();
    unsigned checked = 0;
    for (unsigned i = 0; i < group_count; i++) {
        if (strncmp(groups[i].name, "stix", 4) != 0) {
            assert_int_equal(groups[i].refused, 0);
        }
        for (size_t f = 0; f < sizeof floors / sizeof floors[0]; f++) {
            if (strcmp(groups[i].name, floors[f].name) == 0) {
                checked++;
                if (groups[i].indicators < floors[f].indicators) {
                    fail_msg("%s: %u indicators, at least %u", groups[i].name, groups[i].indicators,
                             floors[f].indicators);
                }
            }
        }
    }
    assert_int_equal(checked, sizeof floors / sizeof floors[0]);
    free(buffer.at);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stix_totals_are_those_of_the_manifest),
        cmocka_unit_test(lists_and_tables_give_their_values),
    };
    if (check_shared("data/MANIFEST.md") == NULL) {
        return CHECK_SKIPPED;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
