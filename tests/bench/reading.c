/* SPDX-License-Identifier: EUPL-1.2 */
/* USES: intel */
/*
 * Reading on one core: a STIX bundle of 25,000 objects, a list of domains, a table, canonical forms
 * of single values. The limit of STIX is jansson alone on the same bytes.
 */
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "intel.h"

#define ROUNDS 5u
#define OBJECTS 25000u
#define LINES 100000u
#define VALUES 100000u

struct text {
    char *at;
    size_t len, room;
};

static void require(bool holds, const char *what)
{
    if (!holds) {
        (void)fprintf(stderr, "bench_reading: %s failed\n", what);
        exit(1);
    }
}

__attribute__((format(printf, 2, 3))) static void put(struct text *text, const char *format, ...)
{
    va_list arguments;
    if (text->room - text->len < 4096) {
        text->room = 2 * text->room + 65536;
        text->at = realloc(text->at, text->room);
        require(text->at != NULL, "memory");
    }
    va_start(arguments, format);
    int len = vsnprintf(text->at + text->len, text->room - text->len, format, arguments);
    va_end(arguments);
    require(len >= 0 && len < 4096, "text");
    text->len += (size_t)len;
}

/* Objects as ATT&CK and vendors have them: half indicators, half relationships with long texts. */
static struct text make_bundle(void)
{
    struct text text = {NULL, 0, 0};
    put(&text, "{\"type\":\"bundle\",\"id\":\"bundle--00000000-0000-4000-8000-000000000000\","
               "\"objects\":[\n");
    for (unsigned i = 0; i < OBJECTS; i++) {
        bool indicator = i % 2 == 0;
        put(&text,
            "%s{\n \"type\": \"%s\",\n \"spec_version\": \"2.1\",\n \"id\": "
            "\"%s--%08x-0000-4000-8000-000000000000\",\n \"created\": "
            "\"2026-01-01T00:00:00.000Z\",\n \"modified\": \"2026-01-01T00:00:00.000Z\",\n",
            i == 0 ? "" : ",", indicator ? "indicator" : "relationship",
            indicator ? "indicator" : "relationship", i);
        for (unsigned word = 0; word < 8; word++) {
            put(&text, "%s",
                word == 0 ? " \"description\": \""
                          : "The attackers were seen to use this in a "
                            "campaign against several organisations, "
                            "where it served to move on to others. ");
        }
        if (indicator) {
            put(&text,
                "\",\n \"pattern\": \"[domain-name:value = 'host%u.evil.example']\",\n "
                "\"pattern_type\": \"stix\",\n \"valid_from\": \"2026-01-01T00:00:00Z\"\n}",
                i);
        } else {
            put(&text,
                "\",\n \"relationship_type\": \"indicates\",\n \"source_ref\": "
                "\"indicator--%08x-0000-4000-8000-000000000000\",\n \"target_ref\": "
                "\"indicator--00000000-0000-4000-8000-000000000000\"\n}",
                i - 1);
        }
    }
    put(&text, "]}\n");
    return text;
}

static struct text make_list(void)
{
    struct text text = {NULL, 0, 0};
    for (unsigned i = 0; i < LINES; i++) {
        put(&text, "www.host%u.evil[.]example\n", i);
    }
    return text;
}

static struct text make_table(void)
{
    struct text text = {NULL, 0, 0};
    put(&text, "type,value,comment,to_ids,date\n");
    for (unsigned i = 0; i < LINES; i++) {
        put(&text, "domain,host%u.evil.example,\"C2, seen in May\",1,2026-01-01\n", i);
    }
    return text;
}

static double seconds(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* The best of some rounds, in bytes or values a second. */
static void report(const char *name, double amount, const char *unit, const char *more,
                   void (*op)(const struct text *), const struct text *text)
{
    double best = 1e9;
    for (unsigned i = 0; i < ROUNDS; i++) {
        double start = seconds();
        op(text);
        double took = seconds() - start;
        best = took < best ? took : best;
    }
    (void)printf("{\"name\": \"%s\", \"value\": %.1f, \"unit\": \"%s\"%s}\n", name, amount / best,
                 unit, more);
}

static void op_jansson(const struct text *text)
{
    json_error_t error;
    json_t *root = json_loadb(text->at, text->len, 0, &error);
    require(root != NULL, "jansson");
    json_decref(root);
}

static void read_as(const struct text *text, const char *media_type, uint32_t facts_min)
{
    struct toc_facts facts;
    struct toc_intel_document document = {toc_span("", 0), toc_span_str(media_type),
                                          toc_span(text->at, text->len)};
    toc_facts_init(&facts);
    require(!toc_failed(toc_intel_read_document(&facts, &document, 1, NULL, NULL)), media_type);
    require(facts.count >= facts_min, "facts");
    toc_facts_clear(&facts);
}

static void op_stix(const struct text *text)
{
    read_as(text, "application/stix+json", OBJECTS);
}

static void op_list(const struct text *text)
{
    read_as(text, "text/plain", LINES);
}

static void op_table(const struct text *text)
{
    read_as(text, "text/csv", LINES);
}

/* What a lookup does before it asks the index: a typed value to its key. */
static void op_values(const struct text *text)
{
    static const char *const typed[] = {"www.evil[.]example", "192.0.2.1", "hxxp://evil.example/a",
                                        "d41d8cd98f00b204e9800998ecf8427e", "CVE-2026-1234"};
    static struct toc_value value;
    uint8_t key[TOC_VALUE_KEY_BYTES_MAX];
    (void)text;
    for (unsigned i = 0; i < VALUES; i++) {
        require(!toc_failed(toc_value_guess(&value, toc_span_str(typed[i % 5]))), "guess");
        (void)toc_value_key(value.kind, toc_span(value.bytes, value.len), key);
    }
}

int main(void)
{
    struct text bundle = make_bundle();
    struct text list = make_list();
    struct text table = make_table();
    report("jansson", (double)bundle.len / 1e6, "MB/s", "", op_jansson, &bundle);
    report("read_stix", (double)bundle.len / 1e6, "MB/s",
           ", \"limit\": \"jansson\", \"goal\": \">= 50\"", op_stix, &bundle);
    report("read_list", (double)list.len / 1e6, "MB/s", "", op_list, &list);
    report("read_table", (double)table.len / 1e6, "MB/s", "", op_table, &table);
    report("values_to_keys", VALUES, "values/s", "", op_values, &list);
    free(bundle.at);
    free(list.at);
    free(table.at);
    return 0;
}
