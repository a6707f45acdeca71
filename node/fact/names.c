/* SPDX-License-Identifier: EUPL-1.2 */
#include "fact.h"

#include <string.h>

static const struct {
    const char *name;
    const char *text;
} warnings[TOC_WARNING_COUNT] = {
#define WARNING_ROW(name, text) {#name, text},
    TOC_WARNINGS(WARNING_ROW)
#undef WARNING_ROW
};

/* Spellings of TLP 1 and 2 and of PAP, in lower case with blanks and marks taken out. */
static const struct {
    const char *text;
    enum toc_marked marked;
} levels[] = {
    {"clear", TOC_MARKED_CLEAR},
    {"white", TOC_MARKED_CLEAR},
    {"green", TOC_MARKED_GREEN},
    {"amber", TOC_MARKED_AMBER},
    {"amberstrict", TOC_MARKED_AMBER_STRICT},
    {"red", TOC_MARKED_RED},
};

const char *toc_warning_name(enum toc_fact_warning warning)
{
    TOC_ASSERT((unsigned)warning < TOC_WARNING_COUNT);
    return warnings[warning].name;
}

const char *toc_warning_text(enum toc_fact_warning warning)
{
    TOC_ASSERT((unsigned)warning < TOC_WARNING_COUNT);
    return warnings[warning].text;
}

const char *toc_marked_name(enum toc_marked marked)
{
    switch (marked) {
    case TOC_MARKED_CLEAR:
        return "clear";
    case TOC_MARKED_GREEN:
        return "green";
    case TOC_MARKED_AMBER:
        return "amber";
    case TOC_MARKED_AMBER_STRICT:
        return "amber+strict";
    case TOC_MARKED_RED:
        return "red";
    case TOC_MARKED_NONE:
        break;
    }
    return "none";
}

enum toc_marked toc_marked_find(struct toc_span text)
{
    char plain[24];
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.at[i];
        bool alpha = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
        bool mark = c != '\0' && strchr(" :+_-=\"\t", c) != NULL;
        if ((!alpha && !mark) || len == sizeof plain - 1) {
            return TOC_MARKED_NONE;
        }
        if (alpha) {
            plain[len++] = (char)(c | 0x20);
        }
    }
    plain[len] = '\0';
    const char *level = plain;
    if (strncmp(plain, "tlp", 3) == 0 || strncmp(plain, "pap", 3) == 0) {
        level += 3;
    }
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++) {
        if (strcmp(level, levels[i].text) == 0) {
            return levels[i].marked;
        }
    }
    return TOC_MARKED_NONE;
}
