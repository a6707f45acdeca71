/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * intel: formats in. Takes the native fields and the documents of a bulletin and gives its facts,
 * the same for every format. Runs in tocsin-index, which holds no keys, no files and no network;
 * tocsind talks to it through the messages of index_wire.h.
 */
#ifndef TOC_INTEL_H
#define TOC_INTEL_H

#include "bulletin.h"
#include "fact.h"

/* Bytes of one document. Source: 2-architecture.md, 64 MiB before compression. */
#define TOC_INTEL_DOCUMENT_BYTES_MAX ((size_t)64 * 1024 * 1024)
/* Longest media type and longest document name, bytes. */
#define TOC_MEDIA_TYPE_BYTES_MAX 127u
#define TOC_INTEL_NAME_BYTES_MAX 255u

/* Name, media type, short name for tables. */
#define TOC_FORMATS(X)                                                                             \
    X(UNKNOWN, "application/octet-stream", "unknown")                                              \
    X(STIX20, "application/stix+json;version=2.0", "STIX 2.0")                                     \
    X(STIX21, "application/stix+json;version=2.1", "STIX 2.1")                                     \
    X(STIX1, "application/xml", "STIX 1")                                                          \
    X(MISP, "application/x-misp+json", "MISP")                                                     \
    X(CSAF, "application/csaf+json", "CSAF")                                                       \
    X(JSON, "application/json", "JSON")                                                            \
    X(CSV, "text/csv", "CSV")                                                                      \
    X(MARKDOWN, "text/markdown", "Markdown")                                                       \
    X(TEXT, "text/plain", "text")                                                                  \
    X(YARA, "text/x-yara", "YARA")                                                                 \
    X(SIGMA, "application/x-sigma+yaml", "Sigma")                                                  \
    X(SURICATA, "text/x-suricata-rules", "Suricata")                                               \
    X(HTML, "text/html", "HTML")                                                                   \
    X(PDF, "application/pdf", "PDF")

enum toc_intel_format {
#define TOC_FORMAT_ENUM(name, media_type, text) TOC_FORMAT_##name,
    TOC_FORMATS(TOC_FORMAT_ENUM)
#undef TOC_FORMAT_ENUM
        TOC_FORMAT_COUNT
};

/* Lent for one call. */
struct toc_intel_document {
    struct toc_span name;       /* file name, may be empty */
    struct toc_span media_type; /* may be empty: sniffed */
    struct toc_span bytes;
};

/* Why a document was refused, for one line to a person: "FILE:line:column: detail". */
struct toc_intel_fault {
    uint32_t line;   /* from 1; 0: the fault has no place */
    uint32_t column; /* from 1, in characters */
    char detail[160];
};

/* Media type and short name. Give static storage. */
const char *toc_intel_format_media_type(enum toc_intel_format format);
const char *toc_intel_format_name(enum toc_intel_format format);
/* The format of a media type (parameters in any order, any letter case), else UNKNOWN. */
enum toc_intel_format toc_intel_format_find(struct toc_span media_type);
/* The format of a document from its content first, then the end of its name. Never fails: TEXT
 * for anything that reads as text, else UNKNOWN. Reads at most the first 64 KiB. */
enum toc_intel_format toc_intel_format_sniff(struct toc_span name, struct toc_span bytes);

/* Everything that one bulletin says. */
struct toc_intel_reading {
    struct toc_facts facts;
    uint16_t document_count;
    uint8_t formats[TOC_DOCUMENTS_MAX]; /* enum toc_intel_format of each document */
    /* After a failure: which document, from 1 (0: the native fields), and where in it. */
    uint16_t document;
    struct toc_intel_fault fault;
};

void toc_intel_reading_init(struct toc_intel_reading *reading);
/* Frees the facts; the reading is empty again. */
void toc_intel_reading_clear(struct toc_intel_reading *reading);
/* Native fields (document 0) and all documents of a bulletin. Facts of a bulletin with a document
 * that cannot be read are none at all. Gives *reading (initialised, empty before).
 * Fails: SYNTAX, LIMIT, FULL with reading->document and fault. */
TOC_MUST_USE struct toc_err toc_intel_read_bulletin(struct toc_intel_reading *reading,
                                                    const struct toc_bulletin *bulletin);
/* The same from canonical bytes, decoded with an arena of its own. Fails besides: as
 * toc_bulletin_decode. */
TOC_MUST_USE struct toc_err toc_intel_read_canonical(struct toc_intel_reading *reading,
                                                     struct toc_span canonical);
/* Reads one document and appends its facts, all with document number `number` (from 1). A document
 * of a format without a reader, and a media type that the content contradicts, gives a warning.
 * In every format the strictest marking counts that its bytes or JSON strings state (marks.h).
 * Gives *fault on failure (may be NULL), *format what it was read as (may be NULL).
 * Fails: SYNTAX (not readable as its format, with line and column), LIMIT, FULL; the list is then
 * as before. Cost: 25 to 40 ns a byte; memory about five times a STIX document while it runs. */
TOC_MUST_USE struct toc_err toc_intel_read_document(struct toc_facts *facts,
                                                    const struct toc_intel_document *document,
                                                    uint16_t number, enum toc_intel_format *format,
                                                    struct toc_intel_fault *fault);

/* How the two sides of the process boundary write this down. */
#include "index_wire.h"

#endif
