/* SPDX-License-Identifier: EUPL-1.2 */
#include "publish.h"

#include <string.h>

#define PREVIEW_NAMES_BYTES 1024u
#define PREVIEW_WARNINGS 10u

static void print_documents(FILE *out, const struct toc_message *row)
{
    struct toc_items items;
    struct toc_message document;
    char size[TOC_CELL_BYTES];
    (void)toc_message_list(row, TOC_FIELD_DOCUMENTS, &items);
    while (toc_items_row(&items, &document)) {
        struct toc_span name = toc_message_text(&document, TOC_FIELD_NAME),
                        format = toc_message_text(&document, TOC_FIELD_FORMAT);
        toc_cell_size(size, toc_message_number(&document, TOC_FIELD_SIZE));
        toc_show_line(out, "document", "%llu %.*s, %.*s, %s",
                      (unsigned long long)toc_message_number(&document, TOC_FIELD_NUMBER),
                      (int)name.len, name.len > 0 ? (const char *)name.at : "", (int)format.len,
                      format.len > 0 ? (const char *)format.at : "", size);
    }
}

static void print_warnings(FILE *out, const struct toc_message *row)
{
    struct toc_items items;
    struct toc_span text;
    uint64_t all = toc_message_number(row, TOC_FIELD_WARNINGS), shown = 0;
    (void)toc_message_list(row, TOC_FIELD_WARNING_LINES, &items);
    while (shown < PREVIEW_WARNINGS && toc_items_text(&items, &text)) {
        toc_show_pair(out, shown == 0 ? "warnings" : "", text);
        shown++;
    }
    if (all > shown) {
        toc_show_line(out, "", "and %llu more", (unsigned long long)(all - shown));
    }
}

void toc_preview_print(FILE *out, const struct toc_message *row)
{
    char names[PREVIEW_NAMES_BYTES];
    toc_cell_list(names, sizeof names, row, TOC_FIELD_AUDIENCE_NAMES);
    toc_show_pair(out, "title", toc_message_text(row, TOC_FIELD_TITLE));
    toc_show_pair(out, "to", toc_span(names, strlen(names)));
    toc_show_tlp(out, toc_message_text(row, TOC_FIELD_TLP));
    struct toc_span marking = toc_message_text(row, TOC_FIELD_MARKING);
    if (!toc_span_equal(marking, toc_message_text(row, TOC_FIELD_TLP))) {
        toc_show_pair(out, "marked as", marking);
    }
    toc_show_pair(out, "PAP", toc_message_text(row, TOC_FIELD_PAP));
    toc_show_pair(out, "kind", toc_message_text(row, TOC_FIELD_KIND));
    toc_show_pair(out, "severity", toc_message_text(row, TOC_FIELD_SEVERITY));
    toc_show_pair(out, "reference", toc_message_text(row, TOC_FIELD_REF));
    print_documents(out, row);
    toc_show_counts(out, row);
    print_warnings(out, row);
}
