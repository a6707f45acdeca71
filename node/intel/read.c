/* SPDX-License-Identifier: EUPL-1.2 */
#include "marks.h"
#include "sniff.h"
#include "stix.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* First and largest arena for the lists of a bulletin. Reason: a bulletin of a hundred thousand
 * indicators needs some ten MiB; one that needs more than the largest is refused. */
#define ARENA_BYTES_FIRST ((size_t)1024 * 1024)
#define ARENA_BYTES_MAX ((size_t)256 * 1024 * 1024)

void toc_intel_reading_init(struct toc_intel_reading *reading)
{
    memset(reading, 0, sizeof *reading);
}

void toc_intel_reading_clear(struct toc_intel_reading *reading)
{
    toc_facts_clear(&reading->facts);
    toc_intel_reading_init(reading);
}

static struct toc_err not_read(struct toc_facts *facts, uint16_t number,
                               enum toc_intel_format format)
{
    struct toc_fact where = {.document = number};
    return toc_facts_warn(facts, TOC_WARNING_FORMAT_NOT_READ, &where,
                          toc_span_str(toc_intel_format_name(format)));
}

/* Raises the TLP to what the bytes say beyond the readers; a fact says so. */
static struct toc_err raise_tlp(struct toc_facts *facts, uint16_t number, enum toc_marked marked)
{
    if (marked <= facts->tlp) {
        return toc_ok();
    }
    toc_facts_mark_tlp(facts, marked);
    struct toc_fact fact = {.kind = TOC_VALUE_TLP,
                            .document = number,
                            .confidence = TOC_CONFIDENCE_NONE,
                            .value = toc_span_str(toc_marked_name(marked)),
                            .written = toc_span_str(toc_marked_name(marked))};
    return toc_facts_add(facts, &fact);
}

/* CLEAR forbids nothing, so a text that only speaks of it states no marking of its own. */
static struct toc_err raise_by_bytes(struct toc_facts *facts, struct toc_span bytes,
                                     uint16_t number, enum toc_intel_format format)
{
    enum toc_marked marked =
        format == TOC_FORMAT_STIX1 ? toc_marks_in_xml(bytes) : toc_marks_in_bytes(bytes);
    return marked == TOC_MARKED_CLEAR ? toc_ok() : raise_tlp(facts, number, marked);
}

/* STIX by its shape, whatever the media type says. MISP, CSAF and other JSON are carried. */
static struct toc_err read_json(struct toc_facts *facts, const struct toc_intel_document *document,
                                uint16_t number, enum toc_intel_format *format,
                                struct toc_intel_fault *fault)
{
    struct toc_json json;
    struct toc_json_fault where;
    struct toc_err err = toc_json_load(&json, document->bytes, &where);
    if (toc_failed(err)) {
        fault->line = where.line;
        fault->column = where.column;
        (void)snprintf(fault->detail, sizeof fault->detail, "%s", where.detail);
    } else if (toc_stix_is(&json)) {
        bool is_21 = false;
        err = toc_stix_read(facts, &json, number, &is_21);
        *format = is_21 ? TOC_FORMAT_STIX21 : TOC_FORMAT_STIX20;
    } else {
        enum toc_intel_format shown = toc_intel_format_sniff(document->name, document->bytes);
        *format = shown == TOC_FORMAT_MISP || shown == TOC_FORMAT_CSAF ? shown : TOC_FORMAT_JSON;
        err = not_read(facts, number, *format);
    }
    enum toc_marked marked = TOC_MARKED_NONE;
    if (!toc_failed(err)) {
        err = toc_marks_in_json(&json, &marked);
    }
    if (!toc_failed(err)) {
        err = raise_tlp(facts, number, marked);
    }
    toc_json_clear(&json);
    return err;
}

static struct toc_err read_text(struct toc_facts *facts, struct toc_span bytes, uint16_t number,
                                enum toc_intel_format format)
{
    uint32_t before = facts->count;
    enum toc_text_shape shape = format == TOC_FORMAT_CSV        ? TOC_TEXT_TABLE
                                : format == TOC_FORMAT_MARKDOWN ? TOC_TEXT_MARKDOWN
                                                                : TOC_TEXT_PLAIN;
    TOC_TRY(toc_text_read(facts, bytes, number, shape));
    for (uint32_t i = before; i < facts->count; i++) {
        facts->counts.indicators += toc_value_class(facts->at[i].kind) == TOC_VALUE_CLASS_INDICATOR;
    }
    return toc_ok();
}

/* What the media type says, unless it says nothing definite. */
static enum toc_intel_format format_of(const struct toc_intel_document *document)
{
    enum toc_intel_format format = toc_intel_format_find(document->media_type);
    if (format == TOC_FORMAT_UNKNOWN || format == TOC_FORMAT_TEXT || format == TOC_FORMAT_JSON) {
        enum toc_intel_format shown = toc_intel_format_sniff(document->name, document->bytes);
        bool refused = format == TOC_FORMAT_JSON && !toc_sniff_is_json(shown);
        format = refused ? TOC_FORMAT_JSON : shown;
    } else if (!toc_sniff_is_json(format)) {
        /* A label of the client's hides no STIX. */
        enum toc_intel_format shown = toc_intel_format_sniff(document->name, document->bytes);
        format = toc_sniff_is_json(shown) && shown != TOC_FORMAT_JSON ? shown : format;
    }
    return format;
}

struct toc_err toc_intel_read_document(struct toc_facts *facts,
                                       const struct toc_intel_document *document, uint16_t number,
                                       enum toc_intel_format *format, struct toc_intel_fault *fault)
{
    struct toc_intel_fault unused;
    enum toc_intel_format shown = format_of(document);
    struct toc_facts_mark mark = toc_facts_mark(facts);
    struct toc_err err = toc_ok();
    fault = fault == NULL ? &unused : fault;
    memset(fault, 0, sizeof *fault);
    if (document->bytes.len > TOC_INTEL_DOCUMENT_BYTES_MAX) {
        err = toc_fail(TOC_LIMIT, "the document is larger than 64 MiB");
    } else if (toc_sniff_is_json(shown)) {
        err = read_json(facts, document, number, &shown, fault);
    } else if (toc_sniff_is_text(shown)) {
        err = read_text(facts, document->bytes, number, shown);
    } else {
        err = not_read(facts, number, shown);
    }
    if (!toc_failed(err) && !toc_sniff_is_json(shown)) {
        err = raise_by_bytes(facts, document->bytes, number, shown);
    }
    if (format != NULL) {
        *format = shown;
    }
    if (toc_failed(err)) {
        toc_facts_release(facts, &mark);
        if (fault->detail[0] == '\0') {
            (void)snprintf(fault->detail, sizeof fault->detail, "%s", err.why);
        }
    }
    return err;
}

struct toc_err toc_intel_read_bulletin(struct toc_intel_reading *reading,
                                       const struct toc_bulletin *bulletin)
{
    struct toc_err err = toc_intel_read_native(&reading->facts, bulletin);
    if (bulletin->document_count > TOC_DOCUMENTS_MAX) {
        err = toc_fail(TOC_LIMIT, "the bulletin has too many documents");
    }
    for (size_t i = 0; i < bulletin->document_count && !toc_failed(err); i++) {
        const struct toc_document *given = &bulletin->documents[i];
        struct toc_intel_document document = {given->name, given->media_type, given->bytes};
        enum toc_intel_format format = TOC_FORMAT_UNKNOWN;
        reading->document = (uint16_t)(i + 1);
        err = toc_intel_read_document(&reading->facts, &document, reading->document, &format,
                                      &reading->fault);
        reading->formats[i] = (uint8_t)format;
    }
    if (toc_failed(err)) {
        if (reading->fault.detail[0] == '\0') {
            (void)snprintf(reading->fault.detail, sizeof reading->fault.detail, "%s", err.why);
        }
        toc_facts_clear(&reading->facts);
        return err;
    }
    reading->document = 0;
    reading->document_count = (uint16_t)bulletin->document_count;
    return toc_ok();
}

struct toc_err toc_intel_read_canonical(struct toc_intel_reading *reading,
                                        struct toc_span canonical)
{
    struct toc_bulletin bulletin;
    struct toc_err err = toc_fail(TOC_FULL, "no memory for a bulletin");
    for (size_t size = ARENA_BYTES_FIRST; size <= ARENA_BYTES_MAX && err.code == TOC_FULL;
         size *= 4) {
        struct toc_arena arena;
        void *memory = malloc(size);
        if (memory == NULL) {
            break;
        }
        toc_arena_init(&arena, memory, size);
        err = toc_bulletin_decode(&bulletin, canonical, &arena);
        if (!toc_failed(err)) {
            err = toc_intel_read_bulletin(reading, &bulletin);
            free(memory);
            return err;
        }
        free(memory);
    }
    (void)snprintf(reading->fault.detail, sizeof reading->fault.detail, "%s", err.why);
    return err;
}
