/* SPDX-License-Identifier: EUPL-1.2 */
#include "ask.h"

#include <string.h>

/* JSON */

static void json_map(struct toc_jsonl *json, const struct toc_message *row,
                     const enum toc_field *wanted, bool top);

static void json_list(struct toc_jsonl *json, const struct toc_message *row,
                      const struct toc_field_info *info)
{
    struct toc_items items;
    (void)toc_message_list(row, info->field, &items);
    toc_jsonl_array(json, info->json);
    struct toc_span text;
    struct toc_message inner;
    if (info->type == TOC_FIELD_TYPE_TEXTS) {
        while (toc_items_text(&items, &text)) {
            toc_jsonl_str(json, NULL, text);
        }
    } else {
        while (toc_items_row(&items, &inner)) {
            toc_jsonl_object(json, NULL);
            json_map(json, &inner, NULL, false);
            toc_jsonl_close(json);
        }
    }
    toc_jsonl_close(json);
}

static void json_value(struct toc_jsonl *json, const struct toc_message *row,
                       const struct toc_field_info *info)
{
    switch (info->type) {
    case TOC_FIELD_TYPE_NUMBER:
        toc_jsonl_uint(json, info->json, toc_message_number(row, info->field));
        break;
    case TOC_FIELD_TYPE_SIGNED:
        toc_jsonl_int(json, info->json, toc_message_signed(row, info->field));
        break;
    case TOC_FIELD_TYPE_TIME:
        toc_jsonl_time(json, info->json, toc_message_number(row, info->field));
        break;
    case TOC_FIELD_TYPE_FLAG:
        toc_jsonl_bool(json, info->json, toc_message_flag(row, info->field));
        break;
    case TOC_FIELD_TYPE_TEXT:
        toc_jsonl_str(json, info->json, toc_message_text(row, info->field));
        break;
    case TOC_FIELD_TYPE_ID: {
        char text[TOC_ID_TEXT_BYTES];
        toc_id_text(text, toc_message_id(row, info->field));
        toc_jsonl_text(json, info->json, text);
        break;
    }
    case TOC_FIELD_TYPE_TEXTS:
    case TOC_FIELD_TYPE_ROWS:
        json_list(json, row, info);
        break;
    case TOC_FIELD_TYPE_BYTES:
        break; /* bytes leave by files and pipes alone */
    }
}

static void json_absent(struct toc_jsonl *json, const struct toc_field_info *info)
{
    if (info->type == TOC_FIELD_TYPE_FLAG) {
        toc_jsonl_bool(json, info->json, false);
    } else if (info->type == TOC_FIELD_TYPE_TEXTS || info->type == TOC_FIELD_TYPE_ROWS) {
        toc_jsonl_array(json, info->json);
        toc_jsonl_close(json);
    } else {
        toc_jsonl_null(json, info->json);
    }
}

static void json_map(struct toc_jsonl *json, const struct toc_message *row,
                     const enum toc_field *wanted, bool top)
{
    uint64_t next = 0;
    const struct toc_field_info *info = NULL;
    while (toc_message_next(row, &next, &info)) {
        bool frame = info->field == TOC_FIELD_ROW || info->field == TOC_FIELD_CONTINUED;
        if (!(top && frame)) {
            json_value(json, row, info);
        }
    }
    for (; wanted != NULL && *wanted != 0; wanted++) {
        if (!toc_message_has(row, *wanted)) {
            json_absent(json, toc_field_find(*wanted));
        }
    }
}

void toc_row_json(FILE *out, const struct toc_message *row, const enum toc_field *wanted)
{
    struct toc_jsonl json;
    toc_jsonl_init(&json, out);
    toc_jsonl_object(&json, NULL);
    json_map(&json, row, wanted, true);
    toc_jsonl_close(&json);
}

/* cells */

struct toc_id_cell toc_cell_id(FILE *out, const struct toc_message *row, enum toc_field field)
{
    struct toc_id_cell cell = {"-"};
    const uint8_t *id = toc_message_id(row, field);
    if (id != NULL) {
        toc_id_text(cell.text, id);
        if (toc_term_is_terminal(out)) {
            cell.text[TOC_ID_TEXT_CHARS_MIN] = '\0';
        }
    }
    return cell;
}

void toc_cell_list(char *text, size_t text_bytes, const struct toc_message *row,
                   enum toc_field field)
{
    struct toc_items items;
    struct toc_span item;
    size_t len = 0;
    (void)toc_message_list(row, field, &items);
    while (toc_items_text(&items, &item)) {
        size_t comma = len == 0 ? 0 : 2;
        if (len + comma + item.len + 1 > text_bytes) {
            break;
        }
        memcpy(text + len, ", ", comma);
        memcpy(text + len + comma, item.at, item.len);
        len += comma + item.len;
    }
    text[len] = '\0';
}

const char *toc_plural(uint64_t count, const char *one, const char *many)
{
    return count == 1 ? one : many;
}

void toc_cell_size(char text[static TOC_CELL_BYTES], uint64_t bytes)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    size_t unit = 0;
    double value = (double)bytes;
    while (value >= 1024 && unit + 1 < sizeof units / sizeof units[0]) {
        value /= 1024;
        unit++;
    }
    (void)snprintf(text, TOC_CELL_BYTES, unit == 0 ? "%.0f %s" : "%.1f %s", value, units[unit]);
}

void toc_cell_span(char text[static TOC_CELL_BYTES], uint64_t ms)
{
    unsigned long long seconds = ms / 1000;
    if (seconds < 120) {
        (void)snprintf(text, TOC_CELL_BYTES, "%llu s", seconds);
    } else if (seconds < 7200) {
        (void)snprintf(text, TOC_CELL_BYTES, "%llu min", seconds / 60);
    } else if (seconds < 172800) {
        (void)snprintf(text, TOC_CELL_BYTES, "%llu h %llu min", seconds / 3600,
                       seconds % 3600 / 60);
    } else {
        (void)snprintf(text, TOC_CELL_BYTES, "%llu d %llu h", seconds / 86400,
                       seconds % 86400 / 3600);
    }
}

void toc_cell_offset(char text[static TOC_CELL_BYTES], int64_t ms)
{
    char sign = ms < 0 ? '-' : '+';
    unsigned long long size = ms < 0 ? 0 - (unsigned long long)ms : (unsigned long long)ms;
    unsigned long long seconds = (size + 500) / 1000, minutes = (size + 30000) / 60000;
    if (size < 10000) {
        (void)snprintf(text, TOC_CELL_BYTES, "%c%llu ms", sign, size);
    } else if (seconds < 120) {
        (void)snprintf(text, TOC_CELL_BYTES, "%c%llu s", sign, seconds);
    } else if (minutes < 60) {
        (void)snprintf(text, TOC_CELL_BYTES, "%c%llu min", sign, minutes);
    } else if (minutes % 60 == 0) {
        (void)snprintf(text, TOC_CELL_BYTES, "%c%llu h", sign, minutes / 60);
    } else {
        (void)snprintf(text, TOC_CELL_BYTES, "%c%llu h %llu min", sign, minutes / 60, minutes % 60);
    }
}

void toc_show_counts(FILE *out, const struct toc_message *row)
{
    char text[TOC_LINE_BYTES];
    struct toc_items items;
    struct toc_message count;
    size_t len = 0;
    (void)toc_message_list(row, TOC_FIELD_FACT_COUNTS, &items);
    while (toc_items_row(&items, &count) && len < sizeof text - 64) {
        struct toc_span kind = toc_message_text(&count, TOC_FIELD_KIND);
        int more =
            snprintf(text + len, sizeof text - len, "%s%llu %.*s", len == 0 ? "" : ", ",
                     (unsigned long long)toc_message_number(&count, TOC_FIELD_COUNT),
                     kind.len < 32 ? (int)kind.len : 32, kind.len > 0 ? (const char *)kind.at : "");
        len += more > 0 ? (size_t)more : 0;
    }
    toc_show_line(out, "objects", "%llu; indicators %llu; warnings %llu",
                  (unsigned long long)toc_message_number(row, TOC_FIELD_OBJECTS),
                  (unsigned long long)toc_message_number(row, TOC_FIELD_INDICATORS),
                  (unsigned long long)toc_message_number(row, TOC_FIELD_WARNINGS));
    toc_show_pair(out, "facts", toc_span(text, len));
}
