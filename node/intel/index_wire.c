/* SPDX-License-Identifier: EUPL-1.2 */
#include "index_wire.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

/* Written bytes that say "the same as the value". */
#define SAME_BYTES UINT32_MAX
/* Every flag that a fact may carry. */
#define FLAGS_KNOWN ((TOC_FACT_OBSERVED << 1) - 1u)

void toc_index_request_head(uint8_t head[static TOC_INDEX_REQUEST_HEAD_BYTES], size_t canonical_len)
{
    TOC_ASSERT(canonical_len <= TOC_BULLETIN_BYTES_MAX);
    toc_put_le32(head, (uint32_t)canonical_len + 1);
    head[TOC_INDEX_LENGTH_BYTES] = TOC_INDEX_OP_READ;
}

struct toc_err toc_index_decode_request(struct toc_span body, struct toc_span *canonical)
{
    if (body.len == 0) {
        return toc_fail(TOC_TRUNCATED, "an empty request");
    }
    if (body.len > TOC_INDEX_REQUEST_BYTES_MAX) {
        return toc_fail(TOC_LIMIT, "a request larger than any bulletin");
    }
    if (body.at[0] != TOC_INDEX_OP_READ) {
        return toc_fail(TOC_MALFORMED, "an unknown request");
    }
    *canonical = toc_span(body.at + 1, body.len - 1);
    return toc_ok();
}

/* Writing. */

static struct toc_err reserve(struct toc_index_buffer *buffer, size_t len)
{
    if (len > TOC_INDEX_REPLY_BYTES_MAX - buffer->len) {
        return toc_fail(TOC_LIMIT, "the facts of one bulletin are too large");
    }
    if (buffer->room - buffer->len >= len) {
        return toc_ok();
    }
    size_t room = 2 * buffer->room > buffer->len + len ? 2 * buffer->room : buffer->len + len;
    uint8_t *at = realloc(buffer->at, room);
    if (at == NULL) {
        return toc_fail(TOC_FULL, "no memory for a reply");
    }
    buffer->at = at;
    buffer->room = room;
    return toc_ok();
}

static void put8(struct toc_index_buffer *buffer, uint8_t value)
{
    buffer->at[buffer->len++] = value;
}

static void put16(struct toc_index_buffer *buffer, uint16_t value)
{
    toc_put_le16(buffer->at + buffer->len, value);
    buffer->len += 2;
}

static void put32(struct toc_index_buffer *buffer, uint32_t value)
{
    toc_put_le32(buffer->at + buffer->len, value);
    buffer->len += 4;
}

static void put64(struct toc_index_buffer *buffer, uint64_t value)
{
    toc_put_le64(buffer->at + buffer->len, value);
    buffer->len += 8;
}

static void put_bytes(struct toc_index_buffer *buffer, struct toc_span bytes)
{
    if (bytes.len > 0) {
        memcpy(buffer->at + buffer->len, bytes.at, bytes.len);
        buffer->len += bytes.len;
    }
}

static struct toc_err put_fact(struct toc_index_buffer *buffer, const struct toc_fact *fact)
{
    bool same = fact->written.at == fact->value.at && fact->written.len == fact->value.len;
    struct toc_span written = same ? toc_span(NULL, 0) : fact->written;
    TOC_TRY(reserve(buffer, TOC_INDEX_FACT_BYTES + fact->value.len + written.len +
                                fact->kind_name.len + fact->place.len + fact->note.len));
    put8(buffer, (uint8_t)fact->kind);
    put8(buffer, fact->confidence);
    put16(buffer, (uint16_t)fact->flags);
    put16(buffer, fact->document);
    put16(buffer, fact->port);
    put32(buffer, fact->line);
    put32(buffer, fact->group);
    put64(buffer, fact->from.ms);
    put64(buffer, fact->until.ms);
    put32(buffer, (uint32_t)fact->value.len);
    put32(buffer, same ? SAME_BYTES : (uint32_t)written.len);
    put16(buffer, (uint16_t)fact->kind_name.len);
    put16(buffer, (uint16_t)fact->place.len);
    put16(buffer, (uint16_t)fact->note.len);
    put_bytes(buffer, fact->value);
    put_bytes(buffer, written);
    put_bytes(buffer, fact->kind_name);
    put_bytes(buffer, fact->place);
    put_bytes(buffer, fact->note);
    return toc_ok();
}

static struct toc_err put_refusal(struct toc_index_buffer *buffer,
                                  const struct toc_intel_reading *reading)
{
    size_t len = strnlen(reading->fault.detail, sizeof reading->fault.detail - 1);
    TOC_TRY(reserve(buffer, 11 + len));
    put16(buffer, reading->document);
    put32(buffer, reading->fault.line);
    put32(buffer, reading->fault.column);
    put8(buffer, (uint8_t)len);
    put_bytes(buffer, toc_span(reading->fault.detail, len));
    return toc_ok();
}

static struct toc_err put_reading(struct toc_index_buffer *buffer,
                                  const struct toc_intel_reading *reading)
{
    const struct toc_facts *facts = &reading->facts;
    TOC_TRY(reserve(buffer, 17 + 4 * TOC_WARNING_COUNT + reading->document_count));
    put8(buffer, (uint8_t)facts->tlp);
    put8(buffer, (uint8_t)facts->pap);
    put32(buffer, facts->counts.objects);
    put32(buffer, facts->counts.indicators);
    put8(buffer, (uint8_t)TOC_WARNING_COUNT);
    for (size_t i = 0; i < TOC_WARNING_COUNT; i++) {
        put32(buffer, facts->counts.warnings[i]);
    }
    put16(buffer, reading->document_count);
    put_bytes(buffer, toc_span(reading->formats, reading->document_count));
    put32(buffer, facts->count);
    for (uint32_t i = 0; i < facts->count; i++) {
        TOC_TRY(put_fact(buffer, &facts->at[i]));
    }
    return toc_ok();
}

struct toc_err toc_index_encode_reply(struct toc_index_buffer *buffer, struct toc_err err,
                                      const struct toc_intel_reading *reading)
{
    buffer->len = 0;
    TOC_TRY(reserve(buffer, TOC_INDEX_LENGTH_BYTES + 1));
    put32(buffer, 0);
    put8(buffer, (uint8_t)err.code);
    TOC_TRY(toc_failed(err) ? put_refusal(buffer, reading) : put_reading(buffer, reading));
    toc_put_le32(buffer->at, (uint32_t)(buffer->len - TOC_INDEX_LENGTH_BYTES));
    return toc_ok();
}

/* Reading. */

/* Bytes of the reply that are not taken yet. The first failure stays; later values are zero. */
struct taker {
    struct toc_span rest;
    bool broken;
};

static const uint8_t *take(struct taker *taker, size_t len)
{
    const uint8_t *at = taker->rest.at;
    if (taker->broken || taker->rest.len < len) {
        taker->broken = true;
        return NULL;
    }
    taker->rest = toc_span(at + len, taker->rest.len - len);
    return at;
}

static uint8_t take8(struct taker *taker)
{
    const uint8_t *at = take(taker, 1);
    return at == NULL ? 0 : *at;
}

static uint16_t take16(struct taker *taker)
{
    const uint8_t *at = take(taker, 2);
    return at == NULL ? 0 : toc_le16(at);
}

static uint32_t take32(struct taker *taker)
{
    const uint8_t *at = take(taker, 4);
    return at == NULL ? 0 : toc_le32(at);
}

static uint64_t take64(struct taker *taker)
{
    const uint8_t *at = take(taker, 8);
    return at == NULL ? 0 : toc_le64(at);
}

static struct toc_span take_span(struct taker *taker, size_t len, size_t max)
{
    const uint8_t *at = NULL;
    if (len > max) {
        taker->broken = true;
    } else {
        at = take(taker, len);
    }
    return toc_span(at, at == NULL ? 0 : len);
}

/* Canonical bytes have the length that their kind demands; all that is text is UTF-8. */
static bool is_canonical(const struct toc_fact *fact)
{
    switch ((int)fact->kind) {
    case TOC_VALUE_NONE:
        return false;
    case TOC_VALUE_IP:
    case TOC_VALUE_CIDR:
        return fact->value.len == TOC_ADDRESS_BYTES && fact->value.at[16] <= 128;
    case TOC_VALUE_MD5:
        return fact->value.len == 16;
    case TOC_VALUE_SHA1:
        return fact->value.len == 20;
    case TOC_VALUE_SHA256:
        return fact->value.len == 32;
    case TOC_VALUE_SHA512:
        return fact->value.len == 64;
    case TOC_VALUE_MAC:
        return fact->value.len == 6;
    case TOC_VALUE_ASN:
        return fact->value.len == 4;
    case TOC_VALUE_DOMAIN:
        return fact->value.len > 0 && fact->value.len <= TOC_DOMAIN_BYTES_MAX &&
               toc_text_is_utf8(fact->value);
    default:
        return fact->value.len > 0 && toc_text_is_utf8(fact->value);
    }
}

static bool is_sound(const struct toc_fact *fact, uint16_t document_count)
{
    return is_canonical(fact) && (fact->flags & ~(uint32_t)FLAGS_KNOWN) == 0 &&
           fact->document <= document_count &&
           (fact->confidence <= 100 || fact->confidence == TOC_CONFIDENCE_NONE) &&
           toc_text_is_utf8(fact->written) && toc_text_is_utf8(fact->kind_name) &&
           toc_text_is_utf8(fact->place) && toc_text_is_utf8(fact->note);
}

static struct toc_err corrupt(void)
{
    return toc_fail(TOC_CORRUPT, "the indexer gave a reply that breaks the rules");
}

static struct toc_err take_fact(struct taker *taker, struct toc_intel_reading *reading)
{
    struct toc_fact fact = {.kind = TOC_VALUE_NONE};
    uint8_t kind = take8(taker);
    fact.kind = kind < TOC_VALUE_KIND_COUNT ? (enum toc_value_kind)kind : TOC_VALUE_NONE;
    fact.confidence = take8(taker);
    fact.flags = take16(taker);
    fact.document = take16(taker);
    fact.port = take16(taker);
    fact.line = take32(taker);
    fact.group = take32(taker);
    fact.from.ms = take64(taker);
    fact.until.ms = take64(taker);
    uint32_t value_len = take32(taker);
    uint32_t written_len = take32(taker);
    uint16_t name_len = take16(taker);
    uint16_t place_len = take16(taker);
    uint16_t note_len = take16(taker);
    fact.value = take_span(taker, value_len, TOC_CANONICAL_BYTES_MAX);
    bool same = written_len == SAME_BYTES;
    fact.written = take_span(taker, same ? 0 : written_len, TOC_VALUE_WRITTEN_BYTES_MAX);
    fact.written = same ? fact.value : fact.written;
    fact.kind_name = take_span(taker, name_len, TOC_FACT_NOTE_BYTES_MAX);
    fact.place = take_span(taker, place_len, TOC_FACT_NOTE_BYTES_MAX);
    fact.note = take_span(taker, note_len, TOC_FACT_NOTE_BYTES_MAX);
    /* A binary value written as itself would be no text. */
    if (taker->broken || !is_sound(&fact, reading->document_count)) {
        return corrupt();
    }
    return toc_facts_add(&reading->facts, &fact);
}

static struct toc_err take_reading(struct taker *taker, struct toc_intel_reading *reading)
{
    struct toc_facts *facts = &reading->facts;
    uint8_t tlp = take8(taker);
    uint8_t pap = take8(taker);
    facts->counts.objects = take32(taker);
    facts->counts.indicators = take32(taker);
    if (take8(taker) != TOC_WARNING_COUNT || tlp > TOC_MARKED_RED || pap > TOC_MARKED_RED) {
        return corrupt();
    }
    facts->tlp = (enum toc_marked)tlp;
    facts->pap = (enum toc_marked)pap;
    for (size_t i = 0; i < TOC_WARNING_COUNT; i++) {
        facts->counts.warnings[i] = take32(taker);
    }
    uint16_t documents = take16(taker);
    struct toc_span formats = take_span(taker, documents, TOC_DOCUMENTS_MAX);
    if (taker->broken) {
        return corrupt();
    }
    for (size_t i = 0; i < formats.len; i++) {
        if (formats.at[i] >= TOC_FORMAT_COUNT) {
            return corrupt();
        }
        reading->formats[i] = formats.at[i];
    }
    reading->document_count = documents;
    uint32_t count = take32(taker);
    if (taker->broken || count > TOC_FACTS_MAX || count > taker->rest.len / TOC_INDEX_FACT_BYTES) {
        return corrupt();
    }
    for (uint32_t i = 0; i < count; i++) {
        TOC_TRY(take_fact(taker, reading));
    }
    return taker->rest.len == 0 ? toc_ok() : corrupt();
}

/* A refusal that the process may report, with a detail that a terminal may show. */
static struct toc_err take_refusal(struct taker *taker, enum toc_code code,
                                   struct toc_intel_reading *reading)
{
    reading->document = take16(taker);
    reading->fault.line = take32(taker);
    reading->fault.column = take32(taker);
    uint8_t len = take8(taker);
    struct toc_span detail = take_span(taker, len, sizeof reading->fault.detail - 1);
    if (taker->broken || taker->rest.len > 0 || reading->document > TOC_DOCUMENTS_MAX) {
        return corrupt();
    }
    for (size_t i = 0; i < detail.len; i++) {
        uint8_t c = detail.at[i];
        reading->fault.detail[i] = (char)(c < ' ' || c > '~' ? '?' : c);
    }
    reading->fault.detail[detail.len] = '\0';
    return toc_fail(code, code == TOC_SYNTAX ? "the document cannot be read as its format"
                                             : "the document exceeds a bound of the indexer");
}

struct toc_err toc_index_decode_reply(struct toc_intel_reading *reading, struct toc_span body)
{
    struct taker taker = {body, body.len > TOC_INDEX_REPLY_BYTES_MAX};
    struct toc_err err = corrupt();
    uint8_t code = take8(&taker);
    if (!taker.broken && code == TOC_OK) {
        err = take_reading(&taker, reading);
    } else if (!taker.broken && code < TOC_CODE_COUNT) {
        return take_refusal(&taker, (enum toc_code)code, reading);
    }
    if (toc_failed(err)) {
        toc_intel_reading_clear(reading);
    }
    return err;
}
