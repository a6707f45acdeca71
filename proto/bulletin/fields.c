/* SPDX-License-Identifier: EUPL-1.2 */
#include "fields.h"

#include <string.h>

/* fields whose ignorance would do harm (who speaks, to whom it may go, what may be done with
 * it, whether it is an exercise, what it withdraws) are critical and have negative keys. */

#define WIDTH_OF(type, member) ((uint8_t)sizeof(((type *)0)->member))

#define ID(number, type, member)                                                                   \
    {                                                                                              \
        .key = (number), .form = TOC_FORM_ID, .width = WIDTH_OF(type, member), .required = true,   \
        .at = offsetof(type, member), .min = WIDTH_OF(type, member),                               \
        .max = WIDTH_OF(type, member), .name = #member                                             \
    }
#define TEXT(number, need, type, member, bytes_max)                                                \
    {                                                                                              \
        .key = (number), .form = TOC_FORM_TEXT, .required = (need), .at = offsetof(type, member),  \
        .min = 1, .max = (bytes_max), .name = #member                                              \
    }
#define BYTES(number, type, member, bytes_max)                                                     \
    {                                                                                              \
        .key = (number), .form = TOC_FORM_BYTES, .at = offsetof(type, member), .min = 1,           \
        .max = (bytes_max), .name = #member                                                        \
    }
#define NUMBER(number, need, type, member, low, high, none, above)                                 \
    {                                                                                              \
        .key = (number), .form = TOC_FORM_NUMBER, .width = WIDTH_OF(type, member),                 \
        .required = (need), .bias = (above), .at = offsetof(type, member), .min = (low),           \
        .max = (high), .absent = (none), .name = #member                                           \
    }
#define TIME(number, type, member) NUMBER(number, false, type, member, 1, TOC_UTC_MS_MAX, 0, 0)
#define FLAG(number, type, member)                                                                 \
    {                                                                                              \
        .key = (number), .form = TOC_FORM_FLAG, .at = offsetof(type, member), .min = 1, .max = 1,  \
        .name = #member                                                                            \
    }
#define LIST(number, type, member, count_member, shape, items_max)                                 \
    {                                                                                              \
        .key = (number), .form = TOC_FORM_LIST, .at = offsetof(type, member),                      \
        .count_at = offsetof(type, count_member), .min = 1, .max = (items_max), .items = &(shape), \
        .name = #member                                                                            \
    }
#define NAMES(number, member)                                                                      \
    {                                                                                              \
        .key = (number), .form = TOC_FORM_LIST, .at = offsetof(struct toc_bulletin, member.items), \
        .count_at = offsetof(struct toc_bulletin, member.count), .min = 1, .max = TOC_NAMES_MAX,   \
        .items = &shape_name, .name = #member                                                      \
    }
#define SHAPE(table, type, text)                                                                   \
    {                                                                                              \
        .fields = (table), .field_count = sizeof(table) / sizeof(table)[0],                        \
        .item_bytes = sizeof(type), .name = (text)                                                 \
    }

static const struct toc_shape shape_name = {
    .item_bytes = sizeof(struct toc_span), .text_bytes_max = TOC_NAME_BYTES_MAX, .name = "name"};
static const struct toc_shape shape_value = {
    .item_bytes = sizeof(struct toc_span), .text_bytes_max = TOC_VALUE_BYTES_MAX, .name = "value"};

static const struct toc_field origin_fields[] = {
    TEXT(1, true, struct toc_origin, country, TOC_NAME_BYTES_MAX),
    TEXT(2, false, struct toc_origin, claimed_by, TOC_NAME_BYTES_MAX),
};
static const struct toc_shape shape_origin = SHAPE(origin_fields, struct toc_origin, "origin");

static const struct toc_field cve_fields[] = {
    TEXT(1, true, struct toc_cve, id, TOC_NAME_BYTES_MAX),
    NUMBER(2, false, struct toc_cve, score_tenths, 0, 100, TOC_NOT_GIVEN, 0),
    FLAG(3, struct toc_cve, exploited),
};
static const struct toc_shape shape_cve = SHAPE(cve_fields, struct toc_cve, "cve");

static const struct toc_field indicator_fields[] = {
    TEXT(1, true, struct toc_indicator, kind, TOC_NAME_BYTES_MAX),
    TEXT(2, true, struct toc_indicator, value, TOC_VALUE_BYTES_MAX),
    TEXT(3, false, struct toc_indicator, role, TOC_NAME_BYTES_MAX),
    TEXT(4, false, struct toc_indicator, comment, TOC_VALUE_BYTES_MAX),
    TIME(5, struct toc_indicator, first_seen_ms),
    TIME(6, struct toc_indicator, last_seen_ms),
    TIME(7, struct toc_indicator, valid_until_ms),
    NUMBER(8, false, struct toc_indicator, confidence, 0, 100, TOC_NOT_GIVEN, 0),
};
static const struct toc_shape shape_indicator =
    SHAPE(indicator_fields, struct toc_indicator, "indicator");

static const struct toc_field document_fields[] = {
    TEXT(1, true, struct toc_document, media_type, TOC_NAME_BYTES_MAX),
    TEXT(2, false, struct toc_document, name, TOC_NAME_BYTES_MAX),
    BYTES(3, struct toc_document, bytes, TOC_BULLETIN_BYTES_MAX),
};
static const struct toc_shape shape_document =
    SHAPE(document_fields, struct toc_document, "document");

static const struct toc_field relation_fields[] = {
    NUMBER(-2, true, struct toc_relation, kind, 1, UINT8_MAX, TOC_FIELD_NEVER_ABSENT, 0),
    ID(-1, struct toc_relation, target),
    LIST(1, struct toc_relation, values, value_count, shape_value, TOC_RELATION_VALUES_MAX),
    TEXT(2, false, struct toc_relation, status, TOC_NAME_BYTES_MAX),
};
static const struct toc_shape shape_relation =
    SHAPE(relation_fields, struct toc_relation, "relation");

static const struct toc_field bulletin_fields[] = {
    ID(-8, struct toc_bulletin, federation),
    ID(-7, struct toc_bulletin, author),
    ID(-6, struct toc_bulletin, nonce),
    NUMBER(-5, true, struct toc_bulletin, kind, 1, UINT8_MAX, TOC_FIELD_NEVER_ABSENT, 0),
    NUMBER(-4, true, struct toc_bulletin, tlp, TOC_TLP_CLEAR, TOC_TLP_RED, TOC_FIELD_NEVER_ABSENT,
           0),
    NUMBER(-3, false, struct toc_bulletin, pap, TOC_PAP_CLEAR, TOC_PAP_RED, TOC_PAP_NONE, 0),
    FLAG(-2, struct toc_bulletin, exercise),
    LIST(-1, struct toc_bulletin, relations, relation_count, shape_relation, TOC_RELATIONS_MAX),
    TEXT(1, true, struct toc_bulletin, title, TOC_TITLE_BYTES_MAX),
    TEXT(2, false, struct toc_bulletin, summary, TOC_SUMMARY_BYTES_MAX),
    TEXT(3, false, struct toc_bulletin, language, TOC_NAME_BYTES_MAX),
    TEXT(4, false, struct toc_bulletin, reference, TOC_NAME_BYTES_MAX),
    NUMBER(5, false, struct toc_bulletin, severity, TOC_SEVERITY_LOW, TOC_SEVERITY_CRITICAL,
           TOC_SEVERITY_NONE, 0),
    NUMBER(6, false, struct toc_bulletin, reliability, 1, 6, 0, 'A' - 1),
    NUMBER(7, false, struct toc_bulletin, credibility, 1, 6, 0, '0'),
    TIME(8, struct toc_bulletin, published),
    TIME(9, struct toc_bulletin, valid_until_ms),
    TIME(10, struct toc_bulletin, ack_within_ms),
    NAMES(11, actors),
    NAMES(12, malware),
    NAMES(13, target_countries),
    NAMES(14, target_sectors),
    NAMES(15, motives),
    NAMES(16, techniques),
    NAMES(17, ai_misuse),
    NAMES(18, tags),
    LIST(19, struct toc_bulletin, origins, origin_count, shape_origin, TOC_NAMES_MAX),
    LIST(20, struct toc_bulletin, cves, cve_count, shape_cve, TOC_CVES_MAX),
    LIST(21, struct toc_bulletin, indicators, indicator_count, shape_indicator, TOC_INDICATORS_MAX),
    LIST(22, struct toc_bulletin, documents, document_count, shape_document, TOC_DOCUMENTS_MAX),
};
const struct toc_shape toc_shape_bulletin = SHAPE(bulletin_fields, struct toc_bulletin, "bulletin");

_Static_assert(sizeof bulletin_fields / sizeof bulletin_fields[0] <= 32,
               "the decoder marks the fields that it has seen in 32 bits");
/* Members of form NUMBER are read and written by their width. */
_Static_assert(sizeof(enum toc_tlp) == sizeof(uint32_t), "enumerations are 32 bits wide");
_Static_assert(sizeof(struct toc_bulletin) <= UINT16_MAX, "offsets fit their type");
_Static_assert(TOC_INDICATORS_MAX * sizeof(struct toc_indicator) +
                       TOC_RELATIONS_MAX * (sizeof(struct toc_relation) + 16u +
                                            TOC_RELATION_VALUES_MAX * sizeof(struct toc_span)) +
                       TOC_CVES_MAX * sizeof(struct toc_cve) +
                       TOC_DOCUMENTS_MAX * sizeof(struct toc_document) +
                       TOC_NAMES_MAX * (sizeof(struct toc_origin) + 8 * sizeof(struct toc_span)) +
                       13 * 16u <=
                   TOC_BULLETIN_ARENA_BYTES_MAX,
               "the largest lists, each rounded up to 16 bytes, fit the arena");

uint64_t toc_field_number(const struct toc_field *field, const void *record)
{
    const uint8_t *at = (const uint8_t *)record + field->at;
    uint64_t wide;
    uint32_t narrow;
    switch (field->width) {
    case sizeof wide:
        memcpy(&wide, at, sizeof wide);
        return wide;
    case sizeof narrow:
        memcpy(&narrow, at, sizeof narrow);
        return narrow;
    default:
        return *at;
    }
}

void toc_field_set_number(const struct toc_field *field, void *record, uint64_t number)
{
    uint8_t *at = (uint8_t *)record + field->at;
    uint32_t narrow = (uint32_t)number;
    switch (field->width) {
    case sizeof number:
        memcpy(at, &number, sizeof number);
        break;
    case sizeof narrow:
        memcpy(at, &narrow, sizeof narrow);
        break;
    default:
        *at = (uint8_t)number;
        break;
    }
}

struct toc_err toc_field_check(const struct toc_field *field, uint64_t encoded)
{
    if (encoded < field->min) {
        return toc_fail(TOC_MALFORMED, "an absent field is written out"); /* */
    }
    if (encoded > field->max && field->form == TOC_FORM_NUMBER && field->key < 0) {
        return toc_fail(TOC_CRITICAL, "unknown value of a critical field"); /* */
    }
    if (encoded > field->max) {
        return toc_fail(TOC_LIMIT, "a field of the bulletin exceeds its limit"); /* */
    }
    return toc_ok();
}
